"""Read with fresh eyes: the life of a case and what is said, where a city would have suffered."""

import threading
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cases import act, clocks, emergencies, gate, messages, overdue_work, regroup, replies, routing
from cases.handoff import engine
from cases.models import (
    Case,
    Gate,
    HandOff,
    HandOffState,
    Incident,
    Purpose,
    Receiver,
    ReceiverSort,
    Reply,
    State,
)
from cases.open import open_waiting
from cases.refusal import NotAllowed
from cases.search import find
from cases.status import contest, may_contest
from cases.thread import join_answers
from city.models import Unit
from city.office import hours_on
from classifiers.models import Verdict
from ledger.chain import timeline
from ledger.models import Event, Person
from ledger.roles import Role, give
from monitor.models import Mention
from publisher import replies as way_out
from publisher.models import Announcement, Delivery, DeliveryState
from tests.unit.test_replies import NIGHT, NOW, appeared, heard, judged, only, opened

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=2)
NUMBER = "0812-3456-7890"


@pytest.fixture(autouse=True)
def _house(accounts: Any, settings: Any) -> None:
    settings.PUBLIC_URL = "https://kentongan.bekasikota.go.id"
    routing.seed(NOW)


@pytest.fixture
def tono(people: dict[str, Person]) -> Person:
    """At the coordinating desk here."""
    people["tono"].units.clear()
    return people["tono"]


def unit(key: str) -> Unit:
    return Unit.objects.get(key=key)


def anew(case: Case) -> Case:
    return Case.objects.select_related("mention__source__account", "unit").get(pk=case.pk)


def kinds(case: Case) -> list[str]:
    return [event.kind for event in timeline(case.subject)]


def as_(person: Person) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def walked(case: Case, goal: State, tono: Person) -> Case:
    """Given to a unit and brought on to ``goal``."""
    routing.assign(anew(case), unit("dbmsda"), tono, NOW)
    for state in (State.IN_PROGRESS, State.ANSWERED, State.CLOSED):
        if anew(case).state != goal:
            act.move(anew(case), state, tono, NOW)
    return anew(case)


def answered_by_citizen(case: Case, text: str, now: datetime, **verdict: Any) -> Mention:
    mention = heard(
        "facebook", text=text, parent=case.mention.external_id, author=case.mention.author, at=now
    )
    judged(
        mention, awaits=False, **{"decision": "dismiss", "kind": "other", "place": "", "topic": "", **verdict}
    )
    return mention


# --- what staff write, and who asked to be left alone


def test_numbers_in_what_staff_write_never_reach_the_ledger_or_the_search(tono: Person) -> None:
    case = opened()
    act.add_note(case, f"Pelapor ditelepon di {NUMBER}", tono, NOW)
    act.move(anew(case), State.REJECTED, tono, NOW, f"Sudah diurus lewat {NUMBER}")
    act.reopen(anew(case), tono, NOW, f"Ditelepon lagi dari {NUMBER}")
    told = [str(data) for data in Event.objects.filter(subject=case.subject).values_list("data", flat=True)]
    assert not [one for one in told if "7890" in one]
    assert sum("<TELP>" in one for one in told) == 3
    assert not find("7890", Case.objects.all()).exists()


def _keep_only(author: str, **more: Any) -> Mention:
    return heard("facebook", text="Kiriman lama", author=author, at=NOW, restricted_at=NOW, **more)


def test_whoever_asked_for_restriction_is_not_answered_by_the_machine_from_the_first_second_on(
    tono: Person,
) -> None:
    _keep_only("siti")
    case = opened(author="siti")
    assert case.mention.restricted_at is not None
    assert not Reply.objects.filter(case=case).exists()
    assert Reply.objects.filter(case=opened(author="agus")).exists()
    # An officer decides for themselves.
    sent = replies.say(case, Purpose.RECEIPT, tono, NOW)
    assert way_out.delivery_of(sent.announcement) is not None


def test_what_the_machine_was_about_to_say_is_taken_back_when_they_ask(tono: Person) -> None:
    case = opened(now=NIGHT, author="siti")
    reply = only(case)
    assert replies.hush([case.mention_id], NIGHT) == 1
    delivery = way_out.delivery_of(reply.announcement)
    assert delivery is not None
    assert delivery.state == DeliveryState.CANCELLED
    assert replies.hush([case.mention_id], NIGHT) == 0


def test_an_update_for_all_leaves_out_whoever_asked_for_restriction(tono: Person, people: Any) -> None:
    case, other = opened(author="siti"), opened(author="agus")
    incident = Incident.objects.create(key="x|1", opened_at=NOW, last_at=NOW)
    Case.objects.filter(pk__in=[case.pk, other.pk]).update(incident=incident)
    Mention.objects.filter(pk=case.mention_id).update(restricted_at=NOW)
    message = messages.write(incident, "Air mulai surut.", tono, NOW)
    assert messages.approve(message, people["budi"], NOW) == 1
    ((left_out, why),) = messages.reach_of(message).skipped
    assert (left_out.pk, "pembatasan" in why) == (case.pk, True)


def test_their_case_is_given_away_only_by_a_person_but_danger_to_life_at_once(tono: Person) -> None:
    receiver = Receiver.objects.create(
        key="hook", sort=ReceiverSort.WEBHOOK, name="hook", unit=unit("dbmsda")
    )
    case = opened(author="siti")
    Mention.objects.filter(pk=case.mention_id).update(restricted_at=NOW)
    made = engine.plan(case, receiver, NOW)
    assert engine.advance(made.pk, NOW) == HandOffState.NEEDS_PERSON
    made.refresh_from_db()
    assert "pembatasan" in made.trouble
    engine.send_again(made, tono, NOW)  # a person says that it has to be
    engine.advance(made.pk, NOW)
    assert "pembatasan" not in anew_trouble(made)
    Case.objects.filter(pk=case.pk).update(gate=Gate.EMERGENCY)
    urgent = engine.plan(case, receiver, NOW, purpose="emergency")
    engine.advance(urgent.pk, NOW)
    assert "pembatasan" not in anew_trouble(urgent)


def anew_trouble(handoff: HandOff) -> str:
    handoff.refresh_from_db()
    return handoff.trouble


# --- the citizen tells where it is, or that it is not done


def asked(**more: Any) -> Case:
    case = opened("facebook", place="", text="Lampu jalan mati", author="siti", **more)
    appeared(only(case), f"r{case.pk}")
    return anew(case)


def test_the_place_that_a_citizen_tells_is_searched_and_told_to_whoever_has_the_case(tono: Person) -> None:
    case = asked()
    receiver = Receiver.objects.create(
        key="hook", sort=ReceiverSort.WEBHOOK, name="hook", unit=unit("dbmsda")
    )
    desk = Receiver.objects.create(key="o311", sort=ReceiverSort.OPEN311, name="o311", unit=unit("dbmsda"))
    routing.assign(case, unit("dbmsda"), tono, NOW)
    HandOff.objects.filter(case=case).update(state=HandOffState.DELIVERED)
    answered_by_citizen(case, "Di Jatiasih, dekat SDN 5", LATER)
    assert join_answers(LATER) == 1
    assert anew(case).place == "Jatiasih"
    assert find("Jatiasih", Case.objects.all()).filter(pk=case.pk).exists()
    update = HandOff.objects.get(case=case, purpose="update")
    assert (update.receiver, HandOff.objects.filter(receiver=desk).count()) == (receiver, 1)
    assert join_answers(LATER) == 0


def test_an_emergency_given_away_before_the_place_was_known_goes_to_the_unit_of_the_place() -> None:
    case = opened(
        "facebook", place="", text="Tolong, kebakaran!", urgency="emergency", topic="kebakaran", author="siti"
    )
    appeared(only(case), "r1")
    routing.assign(anew(case), unit("dlh"), None, NOW)  # the machine's first guess
    before = anew(case).unit
    answered_by_citizen(case, "Di Jatiasih", LATER)
    join_answers(LATER)
    case = anew(case)
    best = routing.suggest(case, LATER.date())[0].unit
    assert (before, case.unit) == (unit("dlh"), best)
    assert HandOff.objects.filter(case=case, receiver__unit=best, purpose="emergency").exists()


def test_looking_for_answers_asks_no_more_often_when_thousands_were_asked() -> None:
    asked()
    with CaptureQueriesContext(connection) as few:
        join_answers(LATER)
    for _number in range(6):
        asked()
    with CaptureQueriesContext(connection) as many:
        join_answers(LATER)
    assert len(many) == len(few)


def test_a_word_in_the_thread_against_the_answer_keeps_the_case_from_closing_in_silence(
    tono: Person, people: Any
) -> None:
    case = opened(author="siti")
    appeared(only(case), "r1")
    walked(case, State.ANSWERED, tono)
    answered_by_citizen(case, "Belum pak, masih mati", LATER, kind="complaint", decision="forward")
    Verdict.objects.filter(mention__text__startswith="Belum").update(awaits_case=True)
    assert open_waiting(LATER) == 0
    far = NOW + timedelta(days=40)
    overdue_work.look_after(far.replace(hour=3))
    assert anew(case).state == State.ANSWERED
    page = as_(tono).get(reverse("today")).content.decode()
    assert "Warga menanggapi jawaban kita" in page
    assert case.number in page


def test_thanks_in_the_thread_do_not_keep_a_case_open(tono: Person) -> None:
    case = opened(author="siti")
    appeared(only(case), "r1")
    walked(case, State.ANSWERED, tono)
    answered_by_citizen(case, "Terima kasih, sudah nyala", LATER, kind="appreciation")
    Verdict.objects.filter(mention__text__startswith="Terima").update(awaits_case=True)
    open_waiting(LATER)
    assert "case.answered_by_citizen" in kinds(case)
    assert anew(case).contested_at is None


def test_a_second_answer_can_be_contested_like_the_first(tono: Person) -> None:
    case = walked(opened(), State.ANSWERED, tono)
    contest(case, "Masih mati", LATER)
    act.move(anew(case), State.IN_PROGRESS, tono, LATER)
    act.move(anew(case), State.ANSWERED, tono, LATER)
    case = anew(case)
    assert (case.contested_at, may_contest(case, LATER)) == (None, True)
    contest(case, "Mati lagi", LATER)
    assert anew(case).contested_at == LATER


def test_a_joined_answer_is_shown_as_belonging_to_its_case_and_a_copy_as_a_copy(people: Any) -> None:
    case = asked()
    mention = answered_by_citizen(case, "Di Jatiasih", LATER)
    join_answers(LATER)
    first = heard(text="Sama persis", author="ani")
    copy = heard(text="Sama persis", author="budi", copy_of=first)
    judged(copy, awaits=False, decision="folded")
    client = as_(people["wati"])
    page = client.get(reverse("mentions")).content.decode()
    assert "jawaban pada kasus" in page
    assert page.count("salinan</span>") == 1
    assert (
        f"Jawaban pada kasus {case.number}"
        in client.get(reverse("mention", args=[mention.pk])).content.decode()
    )
    assert "Jawaban pada kasus" not in client.get(reverse("mention", args=[copy.pk])).content.decode()


# --- limits that wait


def test_a_question_that_was_never_asked_lets_the_limits_go_on(tono: Person) -> None:
    dropped = opened("facebook", place="", now=NIGHT, author="siti")
    refused = opened("facebook", place="", now=NIGHT, author="agus")
    for case in (dropped, refused):
        assert all(
            one.clock.paused_at for one in clocks.standing(case) if one.rule and "place" in one.rule.pauses
        )
    replies.drop(only(dropped), tono, NIGHT)
    assert not any(one.clock.paused_at for one in clocks.standing(dropped))
    Delivery.objects.filter(announcement=only(refused).announcement).update(state=DeliveryState.REFUSED)
    Announcement.objects.filter(pk=only(refused).announcement_id).update(state="partly_published")
    assert replies.go_on_unasked(NIGHT) == 1
    assert not any(one.clock.paused_at for one in clocks.standing(refused))


def test_a_citizen_who_never_answers_stops_no_limit_for_ever() -> None:
    case = asked()
    assert replies.go_on_unasked(NOW + timedelta(days=29)) == 0
    assert replies.go_on_unasked(NOW + timedelta(days=31)) == 1
    assert not any(one.clock.paused_at for one in clocks.standing(case))


def test_a_weekday_left_out_of_special_hours_is_usual_and_an_empty_one_is_off(settings: Any) -> None:
    special = {
        "from": date(2026, 11, 23),
        "to": date(2026, 11, 27),
        "hours": {"2": [], "3": ["09:00", "12:00"]},
    }
    office = {**settings.CLOCKS["office"], "special": {"retreat": special}}
    settings.CLOCKS = {**settings.CLOCKS, "office": office}
    usual = hours_on(date(2026, 11, 30))
    assert hours_on(date(2026, 11, 23)) == usual
    assert hours_on(date(2026, 11, 24)) is None
    assert str((hours_on(date(2026, 11, 25)) or ())[0]) == "09:00:00"


# --- emergencies that come back


def danger(**more: Any) -> Case:
    case = opened(
        "facebook", urgency="emergency", text="Kebakaran rumah di Jatiasih", topic="kebakaran", **more
    )
    assert case.gate == Gate.EMERGENCY
    return anew(case)


def test_an_emergency_that_is_taken_up_again_calls_again(tono: Person) -> None:
    case = danger()
    emergencies.acknowledge(case, tono, NOW)
    HandOff.objects.filter(case=case).update(state=HandOffState.DELIVERED)
    for state in (State.IN_PROGRESS, State.ANSWERED, State.CLOSED):
        act.move(anew(case), state, tono, NOW)
    before = HandOff.objects.filter(case=case).count()
    contest(anew(case), "Api menyala lagi", LATER)
    case = anew(case)
    assert (case.acknowledged_at, case.escalations, case.state) == (None, 0, State.ASSIGNED)
    assert case.escalate_at is not None
    assert HandOff.objects.filter(case=case).count() > before
    assert routing.present(case) is not None


def test_an_emergency_that_its_unit_saw_and_sent_back_is_given_on_at_once(tono: Person) -> None:
    case = danger()
    first = case.unit
    emergencies.acknowledge(case, tono, NOW)
    routing.refuse(anew(case), tono, LATER, "bukan wilayah kami")
    case = anew(case)
    assert case.unit not in (None, first)
    assert (case.acknowledged_at, case.escalate_at) == (None, LATER + timedelta(minutes=5))


def test_what_goes_back_and_forth_too_often_calls_people_and_is_not_given_on_by_itself(tono: Person) -> None:
    case = danger()
    for _time in range(3):
        emergencies.acknowledge(anew(case), tono, NOW)
        routing.refuse(anew(case), tono, LATER, "bukan kami")
    case = anew(case)
    assert (case.unit, case.acknowledged_at) == (None, None)
    assert case.escalate_at is not None
    page = as_(tono).get(reverse("today")).content.decode()
    assert "kali ditolak unit" in page
    assert f"Darurat {case.number} belum dilihat" in page


def test_another_units_emergency_is_no_task_of_mine(people: Any) -> None:
    case = danger()
    people["tono"].units.set([unit("dbmsda")])
    assert case.unit != unit("dbmsda")
    assert case.number not in as_(people["tono"]).get(reverse("today")).content.decode()


def test_a_case_taken_up_again_is_given_to_its_unit_and_not_only_called_assigned(tono: Person) -> None:
    case = walked(opened(), State.CLOSED, tono)
    act.reopen(case, tono, LATER, "belum selesai")
    act.move(anew(case), State.ASSIGNED, tono, LATER)
    case = anew(case)
    standing = routing.present(case)
    assert (case.state, case.unit) == (State.ASSIGNED, unit("dbmsda"))
    assert standing is not None
    routing.refuse(case, tono, LATER, "bukan kami")  # its unit can send it back


# --- what is said


def test_a_broken_reply_template_keeps_no_case_from_opening(
    settings: Any, tmp_path: Any, tono: Person
) -> None:
    folder = tmp_path / "templates" / "replies" / "id"
    folder.mkdir(parents=True)
    way_out._room.cache_clear()
    settings.BASE_DIR = tmp_path
    try:
        case = opened()
        assert not Reply.objects.filter(case=case).exists()
        assert replies.compose(case, Purpose.RECEIPT).problems
        act.move(anew(case), State.REJECTED, tono, NOW, "bukan pengaduan")
        with pytest.raises(NotAllowed, match="Templat"):
            replies.say(anew(case), Purpose.RECEIPT, tono, NOW)
    finally:
        way_out._room.cache_clear()


def test_a_case_that_cannot_be_opened_does_not_keep_the_others_waiting() -> None:
    # A kind that is none, as an older version might have left it.
    judged(heard(text="Rusak", author="ani"), kind="tidak ada")
    judged(heard(text="Kebakaran", author="budi"))
    assert open_waiting(NOW) == 1
    assert Verdict.objects.get(awaits_case=True).case_from == NOW + timedelta(minutes=10)
    assert open_waiting(NOW) == 0


def test_the_machine_answers_no_post_of_last_month() -> None:
    old = opened(at=NOW - timedelta(days=30), now=NOW)
    assert not Reply.objects.filter(case=old).exists()
    assert Reply.objects.filter(case=opened(at=NOW - timedelta(hours=60), now=NOW)).exists()


def test_a_citizen_who_was_sent_away_by_mistake_gets_the_number_after_all(tono: Person) -> None:
    case = opened(authority="pln", text="Listrik PLN padam di Jatiasih", topic="listrik")
    assert case.gate == Gate.NOT_OURS
    assert only(case).purpose == Purpose.REDIRECT
    gate.change(case, Gate.COMPLAINT, tono, NOW, "tiang milik kota")
    said = Reply.objects.exclude(announcement__state="cancelled").get(case=case)
    assert (said.purpose, said.automatic) == (Purpose.RECEIPT, True)


def test_a_correction_of_a_reply_to_all_waits_where_approvers_look(tono: Person, people: Any) -> None:
    case = opened()
    incident = Incident.objects.create(key="x|1", opened_at=NOW, last_at=NOW)
    Case.objects.filter(pk=case.pk).update(incident=incident)
    message = messages.write(incident, "Air mulai surut.", tono, NOW)
    messages.approve(message, people["budi"], NOW)
    reply = Reply.objects.get(message=message)
    appeared(reply, "m1")
    replies.correct(reply, tono, LATER, "Air belum surut.", "Keliru soal surut")
    assert list(replies.waiting_for(people["budi"])) == [reply]


def test_what_was_on_its_way_when_an_update_was_stopped_is_kept_back_when_it_did_not_get_through(
    tono: Person, people: Any
) -> None:
    case = opened()
    incident = Incident.objects.create(key="x|1", opened_at=NOW, last_at=NOW)
    Case.objects.filter(pk=case.pk).update(incident=incident)
    message = messages.write(incident, "Air mulai surut.", tono, NOW)
    messages.approve(message, people["budi"], NOW)
    delivery = Delivery.objects.get(announcement=Reply.objects.get(message=message).announcement)
    Delivery.objects.filter(pk=delivery.pk).update(state=DeliveryState.CLAIMED)
    assert messages.stop(message, tono, NOW) == 0
    Delivery.objects.filter(pk=delivery.pk).update(state=DeliveryState.RETRYING, next_at=LATER)
    messages.go_on(LATER)
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.CANCELLED


def test_after_a_stop_nothing_more_is_written_by_a_worker_that_was_in_the_middle(
    tono: Person, people: Any
) -> None:
    case = opened()
    incident = Incident.objects.create(key="x|1", opened_at=NOW, last_at=NOW)
    message = messages.write(incident, "Air mulai surut.", tono, NOW)
    messages.approve(message, people["budi"], NOW)
    as_it_was = type(message).objects.get(pk=message.pk)  # what the worker holds
    messages.stop(message, tono, NOW)
    with pytest.raises(NotAllowed, match="dihentikan"):
        replies.say(case, Purpose.INCIDENT, None, NOW, text=message.text, message=as_it_was)


@pytest.mark.django_db(transaction=True)
def test_a_form_that_is_sent_twice_at_once_answers_once(tono: Person) -> None:
    case = opened()
    appeared(only(case), "r1")
    walked(case, State.IN_PROGRESS, tono)
    Reply.objects.filter(case=case, automatic=False).delete()
    barrier, outcomes = threading.Barrier(2), []

    def press() -> None:
        barrier.wait()
        try:
            replies.say(case, Purpose.PROGRESS, tono, LATER)
            outcomes.append("said")
        except NotAllowed as refusal:
            outcomes.append(str(refusal))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press) for _person in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["Kalimat yang sama sudah dikirim kepada warga ini.", "said"]


# --- whose incidents


def test_an_officer_of_a_unit_moves_no_case_of_another_between_incidents(people: Any, tono: Person) -> None:
    mine, theirs, third = opened(author="ani"), opened(author="beni"), opened(author="cici")
    incident = Incident.objects.create(key="x|1", opened_at=NOW, last_at=NOW)
    other = Incident.objects.create(key="x|2", opened_at=NOW, last_at=NOW)
    Case.objects.filter(pk=mine.pk).update(unit=unit("dlh"), incident=incident)
    Case.objects.filter(pk=theirs.pk).update(unit=unit("dbmsda"), incident=incident)
    Case.objects.filter(pk=third.pk).update(unit=unit("dbmsda"), incident=None)
    lilis = Person.objects.create_user("lilis2")
    give(lilis, Role.OFFICER)
    lilis.units.set([unit("dlh")])
    with pytest.raises(NotAllowed, match="unit lain"):
        regroup.split([anew(theirs)], lilis, NOW)
    with pytest.raises(NotAllowed, match="unit lain"):
        regroup.merge(incident, other, lilis, NOW)
    with pytest.raises(NotAllowed, match="unit lain"):
        regroup.add(anew(third), incident, lilis, NOW)
    change = regroup.split([anew(theirs)], tono, NOW)
    with pytest.raises(NotAllowed, match="unit lain"):
        regroup.undo(change.pk, lilis, NOW)
    regroup.undo(change.pk, tono, NOW)
    assert regroup.split([anew(mine)], lilis, NOW).cases == [mine.pk]


def test_one_emergency_that_cannot_be_escalated_does_not_silence_the_others(settings: Any) -> None:
    broken, other = danger(author="ani"), danger(author="beni")
    HandOff.objects.all().update(state=HandOffState.DELIVERED)
    # A receiver whose settings no ladder can read, as a hand in the database might leave them.
    Receiver.objects.create(
        key="x", sort=ReceiverSort.WEBHOOK, name="x", unit=unit("dlh"), settings=["tidak", "terbaca"]
    )
    Case.objects.filter(pk=broken.pk).update(unit=unit("dlh"))
    assert emergencies.look_after(NOW + timedelta(minutes=6)) == 1
    assert (anew(broken).escalations, anew(other).escalations) == (0, 1)
