"""Many cases about one happening: gathered, counted by people, ranked under danger, moved by hand and back."""

import itertools
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from cases.act import NotAllowed, move
from cases.incidents import close_finished
from cases.models import Case, Incident, IncidentChange, IncidentState, State
from cases.open import open_waiting
from cases.ranking import Standing, counted, ranked
from cases.regroup import add, merge, split, undo
from channels.models import Account
from city.places import find_one
from classifiers.core.incident import incident_key, near_key
from classifiers.models import Verdict
from desk.words import told
from ledger.chain import timeline
from ledger.models import Person
from ledger.roles import Role, give
from monitor.models import Mention, Source

pytestmark = pytest.mark.django_db

#: Two hours into a window of twelve, so that the neighbour is the window before.
NOON = datetime.fromisoformat("2026-11-24T02:00:00+00:00")
PLACES = ["Jatiasih", "Margahayu", "Pekayon Jaya", "Kranji"]
PEOPLE = {"tono": Role.OFFICER, "wati": Role.REVIEWER, "rina": Role.ADMINISTRATOR, "sari": Role.AUTHOR}
_numbers = itertools.count()


@pytest.fixture(autouse=True)
def _people(db: None) -> None:
    account = Account.objects.create(key="x", channel="x", name="X @pemkot")
    Source.objects.create(account=account, kind="mention")
    for name, role in PEOPLE.items():
        give(Person.objects.create_user(name, password="rahasia-123"), role)


@pytest.fixture
def tono() -> Person:
    return Person.objects.get(username="tono")


def told_of(
    text: str = "Banjir selutut",
    *,
    author: str = "",
    at: datetime = NOON,
    topic: str = "banjir_drainase",
    place: str = "Jatiasih",
    urgency: str = "normal",
    copies: int = 0,
) -> Case:
    """The case of one post, opened when it was written, after everything that happens around the opening."""
    number = next(_numbers)
    mention = Mention.objects.create(
        channel="x",
        external_id=f"i{number}",
        source=Source.objects.get(),
        text=text,
        author=author or f"@warga{number}",
        posted_at=at,
        heard_at=at,
        unjudged=False,
    )
    for copy in range(copies):
        Mention.objects.create(
            channel="x", external_id=f"i{number}c{copy}", source=mention.source, heard_at=at, copy_of=mention
        )
    Verdict.objects.create(
        mention=mention,
        kind="complaint",
        probability=0.9,
        decision="forward",
        topic=topic,
        place=place,
        urgency=urgency,
        incident_key=incident_key(topic, find_one(f"di {place}"), at) or "",
        at=at,
        awaits_case=True,
    )
    assert open_waiting(at) == 1
    return Case.objects.select_related("incident").get(mention=mention)


def many(count: int, **fields: Any) -> Incident:
    """The incident of ``count`` posts."""
    for _ in range(count):
        made = told_of(**fields)
    assert made.incident is not None
    return made.incident


def again(cases: Sequence[Case]) -> list[int | None]:
    """The incident of each case as it stands now."""
    return [Case.objects.values_list("incident_id", flat=True).get(pk=case.pk) for case in cases]


def names(rows: list[Standing]) -> list[Any]:
    return [one.incident.pk if one.incident else one.case.number if one.case else None for one in rows]


# --- Gathering --------------------------------------------------------------------------------------


def test_one_case_alone_is_no_incident_and_the_second_one_makes_it_one() -> None:
    first = told_of("Banjir selutut di depan pasar")
    assert first.incident is None
    second = told_of("Air masuk rumah, kulkas terendam")
    (incident,) = Incident.objects.all()
    assert again([first, second]) == [incident.pk, incident.pk]
    assert (incident.topic, incident.place, incident.state) == ("banjir_drainase", "Jatiasih", "open")


def test_another_place_or_matter_is_another_happening() -> None:
    cases = [told_of(), told_of(place="Margahayu"), told_of(topic="listrik")]
    assert again(cases) == [None, None, None]


def test_a_post_without_a_place_stays_alone() -> None:
    cases = [told_of(place=""), told_of(place="")]
    assert again(cases) == [None, None]


def test_posts_on_both_sides_of_a_windows_edge_meet() -> None:
    early, late = told_of(at=NOON - timedelta(hours=4)), told_of(at=NOON + timedelta(hours=1))
    assert early.bucket != late.bucket
    assert near_key(late.bucket, NOON + timedelta(hours=1)) == early.bucket
    assert again([early, late]) == [late.incident_id] * 2


def test_a_flood_of_three_days_stays_one_incident_while_it_is_spoken_of() -> None:
    cases = [told_of(at=NOON + timedelta(hours=5 * step)) for step in range(15)]
    assert len({case.bucket for case in cases}) > 5
    assert set(again(cases)) == {Incident.objects.get().pk}


def test_two_broken_lamps_of_one_kelurahan_are_told_apart_by_their_words() -> None:
    lamp = {"topic": "lampu_jalan_pju"}
    first = told_of("Lampu jalan mati di depan SDN Melati Jatiasih, gelap gulita", **lamp)
    other = told_of("PJU gang Kenari RT 05 Jatiasih padam seminggu", **lamp)
    assert again([first, other]) == [None, None]
    second = told_of("Depan SDN Melati Jatiasih gelap, lampu mati sejak kemarin", **lamp)
    third = told_of("Gang Kenari masih padam, PJU Jatiasih tidak diperbaiki", **lamp)
    assert again([first, second]) == [second.incident_id] * 2
    assert again([other, third]) == [third.incident_id] * 2
    assert Incident.objects.filter(state="open").count() == 2


def test_what_was_closed_is_not_joined_again() -> None:
    old = many(2)
    Incident.objects.update(state=IncidentState.CLOSED)
    assert told_of().incident is None
    assert many(1).pk != old.pk


def test_only_one_open_incident_can_have_a_key() -> None:
    from django.db import IntegrityError, transaction

    incident = many(2)
    with pytest.raises(IntegrityError), transaction.atomic():
        Incident.objects.create(key=incident.key, opened_at=NOON, last_at=NOON)


def test_joining_is_told_in_the_cases_history() -> None:
    case = told_of()
    incident = many(1)
    with override("id"):
        assert told(timeline(case.subject)[-1]) == "Dikumpulkan dengan kasus lain tentang kejadian yang sama."
    assert [event.kind for event in timeline(incident.subject)] == ["incident.opened"]


# --- Counting and ranking ---------------------------------------------------------------------------


def test_posts_count_copies_and_people_count_once() -> None:
    many(3, author="@dewi")
    incident = many(2, copies=4)
    row = counted(Incident.objects.filter(pk=incident.pk)).get()
    assert (row.own, row.copies, row.people) == (5, 8, 3)
    (standing,) = ranked()
    assert (standing.posts, standing.people) == (13, 3)


def test_one_account_posting_forty_times_never_outranks_one_quiet_emergency() -> None:
    burst = many(40, author="@ramai", urgency="soon")
    quiet = told_of(
        "Tolong, kakek terjebak", place="Kranji", urgency="emergency", at=NOON + timedelta(hours=2)
    )
    assert names(ranked()) == [quiet.number, burst.pk]


def test_forty_people_do_not_outrank_one_quiet_emergency_either() -> None:
    flood = many(40)
    quiet = told_of(
        "Tolong, kakek terjebak", place="Kranji", urgency="emergency", at=NOON + timedelta(hours=2)
    )
    assert names(ranked()) == [quiet.number, flood.pk]


def test_an_account_that_cries_fire_forty_times_holds_others_up_once() -> None:
    for minute in range(40):
        told_of(
            "Kebakaran", place="", author="@ramai", urgency="emergency", at=NOON + timedelta(minutes=minute)
        )
    quiet = told_of("Kakek terjebak", place="Kranji", urgency="emergency", at=NOON + timedelta(hours=2))
    rows = ranked()
    assert len(rows) == 41
    assert names(rows).index(quiet.number) == 1
    waits = [one.waiting for one in rows[2:] if one.waiting]
    assert waits == sorted(waits)


def test_the_emergency_that_waits_longest_is_first_whether_many_speak_of_it_or_one() -> None:
    quiet = told_of(place="Kranji", urgency="emergency", at=NOON)
    loud = many(10, urgency="emergency", at=NOON + timedelta(minutes=5))
    last = told_of(place="Margahayu", urgency="emergency", at=NOON + timedelta(minutes=9))
    assert names(ranked()) == [quiet.number, loud.pk, last.number]


def test_an_emergency_that_was_answered_waits_no_more(tono: Person) -> None:
    case = told_of(urgency="emergency")
    Case.objects.filter(pk=case.pk).update(state=State.ANSWERED)
    assert ranked() == []


def test_incidents_are_ranked_by_people_and_a_burst_counts_as_one() -> None:
    burst = many(40, author="@ramai")
    three = many(3, place="Kranji")
    assert names(ranked()) == [three.pk, burst.pk]


def test_near_danger_weighs_as_much_as_twice_the_people() -> None:
    four = many(4)
    soon = many(3, place="Kranji", urgency="soon")
    nine = many(9, place="Margahayu")
    assert names(ranked()) == [nine.pk, soon.pk, four.pk]


def test_authors_whom_the_platform_hides_count_as_one_but_none_of_their_emergencies_is_put_back() -> None:
    cases = [told_of("Air naik", place=place, urgency="emergency") for place in PLACES]
    Mention.objects.update(author="")
    assert {one.turn for one in ranked()} == {0}
    many(5, topic="listrik")
    Mention.objects.update(author="")
    assert ranked()[-1].people == 1
    assert len(cases) == len(PLACES)


def test_ranking_asks_the_database_twice_however_much_there_is(django_assert_num_queries: Any) -> None:
    for place in PLACES:
        many(4, place=place, urgency="emergency")
        told_of(place="", urgency="emergency")
    with django_assert_num_queries(2):
        assert len(ranked()) == 8


# --- By hand, and back ------------------------------------------------------------------------------


def test_merging_moves_all_cases_and_undoing_moves_just_those_back(tono: Person) -> None:
    first, second = many(3), many(2, place="Margahayu")
    own = list(first.cases.values_list("pk", flat=True))
    change = merge(first, second, tono, NOON)
    assert second.cases.count() == 5
    assert Incident.objects.get(pk=first.pk).state == IncidentState.MERGED
    later = told_of(at=NOON + timedelta(minutes=30))
    assert later.incident_id == second.pk  # what belongs to the first one follows it
    undo(change.pk, tono, NOON)
    assert sorted(Incident.objects.get(pk=first.pk).cases.values_list("pk", flat=True)) == sorted(own)
    assert Incident.objects.get(pk=first.pk).state == IncidentState.OPEN
    assert second.cases.count() == 3


def test_splitting_makes_a_new_incident_and_undoing_ends_it(tono: Person) -> None:
    incident = many(5)
    cases = list(incident.cases.order_by("pk"))
    change = split(cases[1:3], tono, NOON)
    assert change.target is not None
    assert again(cases) == [incident.pk, change.target_id, change.target_id, incident.pk, incident.pk]
    undo(change.pk, tono, NOON)
    assert again(cases) == [incident.pk] * 5
    assert Incident.objects.get(pk=change.target_id).state == IncidentState.MERGED


def test_one_case_split_off_stands_alone_and_can_come_back(tono: Person) -> None:
    incident = many(3)
    case = incident.cases.order_by("pk")[0]
    change = split([case], tono, NOON)
    assert (change.target, again([case])) == (None, [None])
    undo(change.pk, tono, NOON)
    assert again([case]) == [incident.pk]


def test_the_same_cases_can_be_split_again_after_an_undo(tono: Person) -> None:
    incident = many(4)
    cases = list(incident.cases.order_by("pk")[:2])
    undo(split(cases, tono, NOON).pk, tono, NOON)
    change = split(cases, tono, NOON)
    undo(change.pk, tono, NOON)
    assert again(cases) == [incident.pk] * 2


def test_a_case_that_stands_alone_is_added_and_taken_out_again(tono: Person) -> None:
    incident, alone = many(2), told_of("Tidak jelas di mana", place="", topic="")
    change = add(alone, incident, tono, NOON)
    assert again([alone]) == [incident.pk]
    with pytest.raises(NotAllowed, match="sudah berada pada sebuah kejadian"):
        add(alone, incident, tono, NOON)
    undo(change.pk, tono, NOON)
    assert again([alone]) == [None]
    Incident.objects.update(state=IncidentState.CLOSED)
    with pytest.raises(NotAllowed, match="masih berlangsung"):
        add(alone, incident, tono, NOON)


def test_changes_are_undone_from_the_newest_on(tono: Person) -> None:
    incident, other = many(4), many(2, place="Kranji")
    cases = list(incident.cases.order_by("pk"))
    older = split(cases[:2], tono, NOON)
    assert older.target is not None
    newer = merge(older.target, other, tono, NOON)
    with pytest.raises(NotAllowed, match="Sebagian kasus sudah dipindah lagi"):
        undo(older.pk, tono, NOON)
    undo(newer.pk, tono, NOON)
    undo(older.pk, tono, NOON)
    assert again(cases) == [incident.pk] * 4
    with pytest.raises(NotAllowed, match="sudah dibatalkan"):
        undo(older.pk, tono, NOON)


def test_a_split_is_not_undone_into_an_incident_that_is_gone(tono: Person) -> None:
    incident, other = many(4), many(2, place="Kranji")
    change = split(list(incident.cases.order_by("pk")[:2]), tono, NOON)
    merge(incident, other, tono, NOON)
    with pytest.raises(NotAllowed, match="sudah ditutup atau digabung"):
        undo(change.pk, tono, NOON)


def test_a_merge_is_not_undone_where_a_new_incident_took_its_place(tono: Person) -> None:
    first, second = many(2), many(2, place="Kranji")
    change = merge(first, second, tono, NOON)
    Incident.objects.create(key=first.key, opened_at=NOON, last_at=NOON)
    with pytest.raises(NotAllowed, match="sudah ada kejadian baru"):
        undo(change.pk, tono, NOON)
    assert second.cases.count() == 4  # nothing was moved half


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (lambda one, other, who: merge(one, one, who, NOON), "dirinya sendiri"),
        (lambda one, other, who: split([], who, NOON), "Pilih dahulu"),
        (lambda one, other, who: split(list(one.cases.all()), who, NOON), "Sisakan setidaknya satu"),
        (
            lambda one, other, who: split([one.cases.first(), other.cases.first()], who, NOON),
            "tidak lagi dalam satu kejadian",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    step: Callable[[Incident, Incident, Person], Any], sentence: str, tono: Person
) -> None:
    one, other = many(2), many(2, place="Kranji")
    with pytest.raises(NotAllowed, match=sentence):
        step(one, other, tono)
    assert not IncidentChange.objects.exists()


def test_a_closed_incident_is_not_merged(tono: Person) -> None:
    one, other = many(2), many(2, place="Kranji")
    Incident.objects.filter(pk=one.pk).update(state=IncidentState.CLOSED)
    with pytest.raises(NotAllowed, match="masih berlangsung"):
        merge(one, other, tono, NOON)


def test_every_change_stands_in_the_history_of_both_incidents(tono: Person) -> None:
    first, second = many(2), many(2, place="Kranji")
    undo(merge(first, second, tono, NOON).pk, tono, NOON)
    for incident in (first, second):
        events = [event for event in timeline(incident.subject) if event.actor == tono]
        with override("id"):
            said = [told(event) for event in events]
        assert said == ["Kejadian digabung.", "Perubahan kejadian dibatalkan."]
        assert len(events[0].data["cases"]) == 2


# --- Closing ----------------------------------------------------------------------------------------


def test_an_incident_closes_with_its_last_case(tono: Person) -> None:
    incident = many(2)
    for case in incident.cases.all():
        assert close_finished(NOON) == 0
        move(case, State.REJECTED, tono, NOON, "Sudah ditangani.")
    assert close_finished(NOON) == 1
    assert timeline(incident.subject)[-1].data == {"why": "ended"}


def test_an_incident_of_which_nobody_speaks_any_more_closes(settings: Any) -> None:
    flood, lamp = many(2), many(2, topic="lampu_jalan_pju", text="Lampu gang Kenari padam")
    assert close_finished(NOON + timedelta(hours=11)) == 0
    assert close_finished(NOON + timedelta(hours=13)) == 1
    assert Incident.objects.get(pk=flood.pk).state == IncidentState.CLOSED
    assert close_finished(NOON + timedelta(days=13)) == 0
    settings.JUDGING = {**settings.JUDGING, "incidents": {**settings.JUDGING["incidents"], "quiet": 0.5}}
    assert close_finished(NOON + timedelta(days=13)) == 1
    assert Incident.objects.get(pk=lamp.pk).state == IncidentState.CLOSED


def test_silence_never_closes_an_incident_in_which_an_emergency_waits() -> None:
    incident = many(2, urgency="emergency")
    assert close_finished(NOON + timedelta(days=30)) == 0
    Incident.objects.update(state=IncidentState.CLOSED)
    assert len(ranked()) == 2  # and if it is closed all the same, its emergencies stay in sight
    assert incident.cases.count() == 2


# --- The desk ---------------------------------------------------------------------------------------


def as_(name: str) -> Client:
    client = Client()
    client.force_login(Person.objects.get(username=name), backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize(("name", "status"), [("tono", 200), ("wati", 200), ("rina", 200), ("sari", 403)])
def test_who_reads_cases_reads_incidents(name: str, status: int) -> None:
    incident = many(2)
    assert as_(name).get(reverse("incidents")).status_code == status
    assert as_(name).get(reverse("incident", args=[incident.pk])).status_code == status


@pytest.mark.parametrize("name", ["wati", "rina", "sari"])
def test_only_officers_move_cases_between_incidents(name: str, tono: Person) -> None:
    one, other = many(3), many(2, place="Kranji")
    change = split([one.cases.order_by("pk")[0]], tono, NOON)
    client = as_(name)
    for address, sent in (
        (reverse("incident_merge", args=[one.pk]), {"ke": other.pk}),
        (reverse("incident_split", args=[one.pk]), {"kasus": one.cases.order_by("pk")[0].pk}),
        (reverse("incident_add", args=[one.pk]), {"nomor": Case.objects.get(pk=change.cases[0]).number}),
        (reverse("incident_undo", args=[change.pk]), {}),
    ):
        assert client.post(address, sent).status_code == 403
    assert IncidentChange.objects.get().undone_at is None
    page = client.get(reverse("incident", args=[one.pk])).content.decode()
    assert "Batalkan" not in page
    assert "Gabungkan" not in page


def test_the_list_says_how_many_posts_and_accounts_and_puts_the_emergency_first() -> None:
    incident = many(3, author="@ramai")
    case = told_of("Tolong, kakek terjebak", place="Kranji", urgency="emergency")
    page = as_("tono").get(reverse("incidents")).content.decode()
    assert "Banjir dan drainase, Jatiasih" in page
    assert "3 kiriman" in page
    assert "1 akun" in page
    assert page.index(reverse("case", args=[case.number])) < page.index(
        reverse("incident", args=[incident.pk])
    )
    assert "darurat" in page


def test_tono_merges_two_incidents_and_takes_it_back() -> None:
    one, other = many(2), many(3, place="Kranji")
    client = as_("tono")
    answer = client.post(reverse("incident_merge", args=[one.pk]), {"ke": other.pk}, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("incident", args=[other.pk])
    page = answer.content.decode()
    assert "2 kasus digabung dari Banjir dan drainase, Jatiasih" in page
    gone = client.get(reverse("incident", args=[one.pk])).content.decode()
    assert "Kasusnya kini ada pada kejadian lain" in gone
    change = IncidentChange.objects.get()
    page = client.post(reverse("incident_undo", args=[change.pk]), follow=True).content.decode()
    assert "Perubahan dibatalkan" in page
    assert "Sudah dibatalkan." in page
    assert one.cases.count() == 2


def test_tono_splits_the_cases_that_he_marks_and_a_refusal_keeps_the_marks() -> None:
    incident = many(4)
    cases = list(incident.cases.order_by("pk"))
    client = as_("tono")
    address = reverse("incident_split", args=[incident.pk])
    answer = client.post(address, {"kasus": [case.pk for case in cases]})
    assert answer.status_code == 422
    assert "Sisakan setidaknya satu kasus" in answer.content.decode()
    assert answer.content.decode().count(" checked") == 4
    page = client.post(address, {"kasus": [cases[0].pk, cases[1].pk]}, follow=True).content.decode()
    assert "2 kasus dipisah." in page
    assert incident.cases.count() == 2
    assert client.post(address, {"kasus": "bukan angka"}).status_code == 422
    assert client.post(reverse("incident_merge", args=[incident.pk]), {"ke": ""}).status_code == 422


def test_tono_adds_a_case_by_its_number_and_a_wrong_number_stays_in_the_field() -> None:
    incident, alone = many(2), told_of(place="")
    client, address = as_("tono"), reverse("incident_add", args=[incident.pk])
    answer = client.post(address, {"nomor": "BKS-1"})
    assert answer.status_code == 422
    assert 'value="BKS-1"' in answer.content.decode()
    page = client.post(address, {"nomor": f" {alone.number.lower()} "}, follow=True).content.decode()
    assert f"Kasus {alone.number} ditambahkan." in page
    assert "1 kasus ditambahkan ke Banjir dan drainase, Jatiasih." in page
    client.post(reverse("incident_undo", args=[IncidentChange.objects.get().pk]))
    assert again([alone]) == [None]


def test_a_case_links_to_its_incident() -> None:
    incident = many(2)
    case = incident.cases.order_by("pk")[0]
    page = as_("tono").get(reverse("case", args=[case.number])).content.decode()
    assert reverse("incident", args=[incident.pk]) in page


def test_closed_incidents_have_a_view_of_their_own_and_no_forms() -> None:
    incident = many(2)
    Incident.objects.update(state=IncidentState.CLOSED, closed_at=timezone.now())
    client = as_("tono")
    assert "Tidak ada kejadian di sini." in client.get(reverse("incidents")).content.decode()
    assert "2 kiriman" in client.get(reverse("incidents"), {"tampilan": "selesai"}).content.decode()
    page = client.get(reverse("incident", args=[incident.pk])).content.decode()
    assert "Pisahkan yang dipilih" not in page


def test_longer_lists_ask_the_database_no_more_often(
    django_assert_max_num_queries: Any, tono: Person
) -> None:
    incident = many(3)
    split([incident.cases.order_by("pk")[0]], tono, NOON)
    many(2, place="Kranji", urgency="soon")
    client = as_("tono")
    pages = [reverse("incidents"), reverse("incident", args=[incident.pk])]
    client.get(pages[0])
    for address in pages:
        with django_assert_max_num_queries(25) as few:
            client.get(address)
        many(10)
        for place in PLACES:
            many(3, place=place, topic="listrik", urgency="emergency")
            split([incident.cases.order_by("pk")[0]], tono, NOON)
        with django_assert_max_num_queries(len(few)):
            client.get(address)


def test_the_list_of_incidents_goes_on_after_fifty() -> None:
    for number in range(52):
        Incident.objects.create(key=f"water|{number}|1", place=f"Gang {number}", opened_at=NOON, last_at=NOON)
    first = as_("tono").get(reverse("incidents")).content.decode()
    assert first.count("data-row>") == 50
    assert "?mulai=50" in first
    assert as_("tono").get(reverse("incidents"), {"mulai": "50"}).content.decode().count("data-row>") == 2
