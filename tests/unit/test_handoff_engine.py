"""Giving a case away once: planned, claimed, looked for when unclear, decided by a person, heard in any order."""

import itertools
import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cases.handoff import engine
from cases.handoff.answers import WORDS
from cases.handoff.receivers import rotate
from cases.models import Case, HandOff, HandOffState, HandOffTry, Receiver, State
from cases.refusal import NotAllowed
from channels.models import Account
from channels.vault import lock
from city.models import Unit
from ledger.chain import timeline
from ledger.models import Person
from ledger.roles import Role, give
from ledger.wake import set_hook
from monitor.models import Mention, Source
from tests.receivers import WebServer, web

NOW = datetime.fromisoformat("2026-11-24T03:00:00+00:00")
_numbers = itertools.count(1)


@pytest.fixture
def site(settings: Any) -> Iterator[WebServer]:
    with web(patience=0.4) as made:
        settings.ANSWERING = {
            **settings.ANSWERING,
            "outside": {**settings.ANSWERING["outside"], "allow": [made.here], "read": 0.3},
        }
        yield made


@pytest.fixture
def tono(db: None) -> Person:
    person = Person.objects.create_user("tono", password="rahasia-123")
    give(person, Role.OFFICER)
    return person


def a_unit(key: str = "dbmsda", **more: Any) -> Unit:
    fields = {
        "name": "Dinas Bina Marga",
        "short": key.upper(),
        "sort": "agency",
        "valid_from": date(2020, 1, 1),
    }
    return Unit.objects.create(key=key, **{**fields, **more})


def a_case(unit: Unit | None = None, state: str = State.ASSIGNED, **more: Any) -> Case:
    account, _ = Account.objects.get_or_create(key="x", defaults={"channel": "x", "name": "X @pemkot"})
    source, _ = Source.objects.get_or_create(account=account, kind="mention")
    number = next(_numbers)
    mention = Mention.objects.create(
        channel="x", external_id=f"h{number}", source=source, text="Lampu mati", heard_at=NOW, unjudged=False
    )
    fields = {"number": f"BKS-2026-{number:06d}", "kind": "complaint", "opened_at": NOW, "changed_at": NOW}
    return Case.objects.create(mention=mention, unit=unit, state=state, **{**fields, **more})


def a_receiver(site: WebServer, unit: Unit | None = None, **more: Any) -> Receiver:
    fields = {
        "key": f"sistem-{next(_numbers)}",
        "sort": "webhook",
        "name": "Sistem DBMSDA",
        "unit": unit,
        "address": f"http://{site.here}/kasus",
        "sealed": lock({"key": "kunci-rahasia", "key_id": "k1"}),
    }
    return Receiver.objects.create(**{**fields, **more})


def state_of(handoff: HandOff) -> str:
    handoff.refresh_from_db()
    return handoff.state


def kinds(case: Case) -> list[str]:
    return [event.kind for event in timeline(case.subject)]


pytestmark = pytest.mark.django_db


# --- planning


def test_the_same_purpose_is_planned_once_and_a_new_round_only_when_asked_for(site: WebServer) -> None:
    case, receiver = a_case(), a_receiver(site)
    first = engine.plan(case, receiver, NOW)
    assert engine.plan(case, receiver, NOW + timedelta(hours=1)) == first
    second = engine.plan(case, receiver, NOW, again=True)
    assert (second.round, second.key == first.key) == (2, False)
    assert engine.plan(case, receiver, NOW) == second
    assert engine.plan(case, receiver, NOW, purpose="update").round == 1


def test_what_was_cancelled_before_it_left_is_planned_anew(site: WebServer, tono: Person) -> None:
    case, receiver = a_case(), a_receiver(site)
    engine.cancel(engine.plan(case, receiver, NOW), tono, NOW, "Kasus dipindahkan.")
    again = engine.plan(case, receiver, NOW)
    assert (again.round, engine.advance(again.pk, NOW)) == (2, HandOffState.DELIVERED)


def test_the_words_to_the_receiver_are_masked(site: WebServer) -> None:
    made = engine.plan(a_case(), a_receiver(site), NOW, note="Hubungi Bu Dewi 0812-3456-7890")
    assert "3456" not in made.note


def test_a_unit_gets_it_by_every_way_it_has_and_by_mail_where_it_has_an_address(site: WebServer) -> None:
    unit = a_unit(urc_email="urc@dbmsda.example.go.id")
    hook = a_receiver(site, unit)
    made = engine.plan_for_unit(a_case(unit), unit, NOW, "assign")
    assert [one.receiver.sort for one in made] == ["webhook", "unit"]
    assert made[0].receiver == hook
    again = engine.plan_for_unit(a_case(unit), unit, NOW, "assign")
    assert Receiver.objects.filter(sort="unit").count() == 1
    assert again[1].receiver == made[1].receiver


def test_a_unit_without_an_address_has_its_desk_but_an_emergency_waits_for_a_person_who_calls() -> None:
    unit = a_unit()
    assert engine.plan_for_unit(a_case(unit), unit, NOW, "assign") == []
    (urgent,) = engine.plan_for_unit(a_case(unit), unit, NOW, "emergency")
    assert engine.advance(urgent.pk, NOW) == HandOffState.NEEDS_PERSON
    urgent.refresh_from_db()
    assert urgent.trouble


def test_receivers_of_one_sort_get_it_when_they_are_for_all_or_for_its_unit(site: WebServer) -> None:
    mine, other = a_unit(), a_unit("dlh")
    wanted = [a_receiver(site), a_receiver(site, mine)]
    a_receiver(site, other)
    a_receiver(site, enabled=False)
    made = engine.plan_by_sort(a_case(mine), "webhook", NOW, "emergency")
    assert [one.receiver for one in made] == wanted


# --- giving


def test_it_arrives_once_and_its_history_says_so(site: WebServer) -> None:
    case = a_case()
    handoff = engine.plan(case, a_receiver(site), NOW)
    assert engine.due(NOW) == [(handoff.pk, handoff.receiver_id)]
    assert engine.advance(handoff.pk, NOW) == HandOffState.DELIVERED
    assert engine.advance(handoff.pk, NOW + timedelta(hours=3)) is None
    assert engine.due(NOW + timedelta(days=3)) == []
    assert list(site.by_key) == [str(handoff.key)]
    assert kinds(case) == ["handoff.planned", "handoff.delivered"]
    (tried,) = HandOffTry.objects.all()
    assert (tried.outcome, tried.ended_at, len(tried.content_hash)) == ("delivered", NOW, 64)


def test_emergencies_go_first_also_in_a_lane_that_is_full(site: WebServer) -> None:
    receiver = a_receiver(site)
    late = [engine.plan(a_case(), receiver, NOW - timedelta(minutes=9)) for _ in range(3)]
    urgent = engine.plan(a_case(), receiver, NOW, purpose="emergency")
    assert engine.due(NOW)[0][0] == urgent.pk
    assert engine.urgent_before(late[0].pk, NOW) == [urgent.pk]
    assert engine.urgent_before(urgent.pk, NOW) == []


def test_waits_grow_and_a_person_is_asked_in_the_end(site: WebServer) -> None:
    handoff = engine.plan(a_case(), a_receiver(site), NOW)
    now, waits = NOW, []
    while True:
        site.faults.waiting = ["error_503"]
        state = engine.advance(handoff.pk, now)
        handoff.refresh_from_db()
        if state != HandOffState.RETRYING:
            break
        assert handoff.next_at is not None
        waits.append((handoff.next_at - now).total_seconds())
        now = handoff.next_at
    assert waits[:4] == [20, 40, 80, 160]
    assert max(waits) == 3600
    assert (state, bool(handoff.trouble)) == (HandOffState.NEEDS_PERSON, True)
    assert timedelta(days=1) <= now - NOW < timedelta(days=1, hours=2)
    assert site.by_key == {}


def test_an_emergency_is_given_to_a_person_much_sooner(site: WebServer) -> None:
    handoff = engine.plan(a_case(), a_receiver(site), NOW, purpose="emergency")
    site.faults.waiting = ["error_503"]
    assert engine.advance(handoff.pk, NOW + timedelta(minutes=11)) == HandOffState.NEEDS_PERSON


def test_the_time_that_a_receiver_names_is_kept(site: WebServer) -> None:
    handoff = engine.plan(a_case(), a_receiver(site), NOW)
    site.faults.waiting = ["error_429"]
    assert engine.advance(handoff.pk, NOW) == HandOffState.RETRYING
    handoff.refresh_from_db()
    assert handoff.next_at == NOW + timedelta(seconds=77)


def test_a_refusal_is_final_until_a_person_sends_it_again(site: WebServer, tono: Person) -> None:
    handoff = engine.plan(a_case(), a_receiver(site), NOW)
    site.faults.waiting = ["error_400"]
    assert engine.advance(handoff.pk, NOW) == HandOffState.REFUSED
    assert engine.due(NOW + timedelta(days=2)) == []
    engine.send_again(handoff, tono, NOW + timedelta(days=2))
    assert engine.advance(handoff.pk, NOW + timedelta(days=2)) == HandOffState.DELIVERED


def test_missing_access_is_the_receivers_trouble_and_ends_with_the_next_success(
    site: WebServer, tono: Person
) -> None:
    receiver = a_receiver(site, sealed=b"")
    held = [engine.plan(a_case(), receiver, NOW) for _ in range(3)]
    for one in held:
        assert engine.advance(one.pk, NOW) == HandOffState.NEEDS_PERSON
    receiver.refresh_from_db()
    assert "Kunci" in receiver.trouble
    rotate(receiver, tono, NOW)
    assert engine.resume(receiver, tono, NOW) == 3
    assert [engine.advance(one.pk, NOW) for one in held] == [HandOffState.DELIVERED] * 3
    receiver.refresh_from_db()
    assert receiver.trouble == ""


def test_what_may_have_arrived_is_not_sent_again_with_the_rest(site: WebServer, tono: Person) -> None:
    receiver = a_receiver(site, settings={"knows_key": False})
    unclear = engine.plan(a_case(), receiver, NOW)
    site.faults.waiting = ["keep_then_close"]
    engine.advance(unclear.pk, NOW)
    assert engine.advance(unclear.pk, NOW + timedelta(minutes=5)) == HandOffState.NEEDS_PERSON
    assert engine.resume(receiver, tono, NOW) == 0


def test_an_unclear_send_is_repeated_with_its_key_where_the_receiver_takes_two_as_one(
    site: WebServer,
) -> None:
    handoff = engine.plan(a_case(), a_receiver(site), NOW)
    site.faults.waiting = ["keep_then_500"]
    assert engine.advance(handoff.pk, NOW) == HandOffState.UNKNOWN
    assert engine.advance(handoff.pk, NOW + timedelta(seconds=31)) == HandOffState.RETRYING
    assert engine.advance(handoff.pk, NOW + timedelta(seconds=32)) == HandOffState.DELIVERED
    assert list(site.by_key) == [str(handoff.key)]
    assert [one.outcome for one in HandOffTry.objects.order_by("number")] == ["unknown", "delivered"]


def test_a_worker_that_died_while_sending_is_found_after_its_lease(site: WebServer) -> None:
    handoff = engine.plan(a_case(), a_receiver(site, settings={"knows_key": False}), NOW)
    HandOff.objects.filter(pk=handoff.pk).update(
        state=HandOffState.SENDING, leased_until=NOW + timedelta(seconds=120), fence=1, attempts=1
    )
    assert engine.due(NOW + timedelta(seconds=60)) == []
    assert engine.advance(handoff.pk, NOW + timedelta(seconds=60)) is None
    assert engine.advance(handoff.pk, NOW + timedelta(seconds=121)) == HandOffState.NEEDS_PERSON
    assert site.by_key == {}


def test_what_ended_or_moved_meanwhile_is_not_given_away(site: WebServer) -> None:
    first, second = a_unit(), a_unit("dlh")
    ended, moved = a_case(first, State.REJECTED), a_case(second)
    receiver = a_receiver(site, first)
    for case in (ended, moved):
        handoff = engine.plan(case, receiver, NOW)
        assert engine.advance(handoff.pk, NOW) == HandOffState.CANCELLED
        assert kinds(case)[-1] == "handoff.cancelled"
    told = engine.plan(ended, receiver, NOW, purpose="update")
    assert engine.advance(told.pk, NOW) == HandOffState.DELIVERED


def test_a_receiver_that_is_switched_off_gets_nothing_until_it_is_on_again(site: WebServer) -> None:
    receiver = a_receiver(site)
    handoff = engine.plan(a_case(), receiver, NOW)
    Receiver.objects.update(enabled=False)
    assert (engine.due(NOW), engine.advance(handoff.pk, NOW)) == ([], None)
    Receiver.objects.update(enabled=True)
    assert engine.advance(handoff.pk, NOW) == HandOffState.DELIVERED


def test_a_sort_that_nobody_knows_and_a_bug_both_end_with_a_sentence(site: WebServer) -> None:
    odd = engine.plan(a_case(), a_receiver(site, sort="telegraf"), NOW)
    assert engine.advance(odd.pk, NOW) == HandOffState.NEEDS_PERSON
    broken = engine.plan(a_case(), a_receiver(site, sealed=b"no cipher"), NOW)
    assert engine.advance(broken.pk, NOW) == HandOffState.NEEDS_PERSON
    assert all(HandOff.objects.values_list("trouble", flat=True))


def test_a_number_that_the_receiver_gives_twice_is_kept_as_a_doubt(site: WebServer) -> None:
    receiver = a_receiver(site)
    site.answer = b'{"ticket": "T-1"}'
    first, second = (engine.plan(a_case(), receiver, NOW) for _ in range(2))
    assert [engine.advance(one.pk, NOW) for one in (first, second)] == [HandOffState.DELIVERED] * 2
    second.refresh_from_db()
    assert (second.remote_id, second.proof["claimed_number"]) == ("", "T-1")


# --- a person decides


def test_a_person_confirms_with_a_ticket_number_and_nobody_can_use_it_again(
    site: WebServer, tono: Person
) -> None:
    receiver = a_receiver(site)
    rows = [engine.plan(a_case(), receiver, NOW) for _ in range(2)]
    HandOff.objects.update(state=HandOffState.NEEDS_PERSON, next_at=None)
    engine.it_arrived(rows[0], "  1234567 ", tono, NOW)
    assert (state_of(rows[0]), rows[0].remote_id) == (HandOffState.DELIVERED, "1234567")
    with pytest.raises(NotAllowed, match=rows[0].case.number):
        engine.it_arrived(rows[1], "1234567", tono, NOW)
    assert state_of(rows[1]) == HandOffState.NEEDS_PERSON


def test_only_what_waits_can_be_decided_and_only_what_has_not_left_can_be_cancelled(
    site: WebServer, tono: Person
) -> None:
    handoff = engine.plan(a_case(), a_receiver(site), NOW)
    with pytest.raises(NotAllowed):
        engine.send_again(handoff, tono, NOW)
    engine.advance(handoff.pk, NOW)
    with pytest.raises(NotAllowed):
        engine.it_arrived(handoff, "", tono, NOW)
    assert engine.cancel(handoff, tono, NOW) is False
    other = engine.plan(a_case(), handoff.receiver, NOW)
    assert engine.cancel(other, tono, NOW) is True
    assert engine.advance(other.pk, NOW) is None


# --- what is heard


def delivered(site: WebServer, unit: Unit | None = None, **more: Any) -> HandOff:
    handoff = engine.plan(a_case(unit), a_receiver(site, unit), NOW, **more)
    assert engine.advance(handoff.pk, NOW) == HandOffState.DELIVERED
    handoff.refresh_from_db()
    return handoff


def test_done_brings_the_case_to_its_answer_step_by_step(site: WebServer) -> None:
    handoff = delivered(site)
    assert engine.heard(handoff, "in_progress", "Tim di lokasi", NOW) is True
    handoff.case.refresh_from_db()
    assert handoff.case.state == State.IN_PROGRESS
    assert engine.heard(handoff, "selesai", "Lampu diganti", NOW) is True
    handoff.case.refresh_from_db()
    assert handoff.case.state == State.ANSWERED
    moved = [event for event in timeline(handoff.case.subject) if event.kind == "case.moved"]
    assert [event.data["note"] for event in moved][-1] == "Lampu diganti"


def test_a_repeat_and_an_older_word_change_nothing(site: WebServer) -> None:
    handoff = delivered(site)
    assert engine.heard(handoff, "done", "Sudah", NOW, at=NOW) is True
    before = kinds(handoff.case)
    assert engine.heard(handoff, "done", "Sudah", NOW, at=NOW) is False
    assert engine.heard(handoff, "accepted", "", NOW, at=NOW - timedelta(hours=1)) is False
    assert engine.heard(handoff, "in_progress", "", NOW) is False  # undated, and it stands lower
    assert kinds(handoff.case) == before
    handoff.case.refresh_from_db()
    assert handoff.case.state == State.ANSWERED


def test_a_unit_that_no_longer_has_the_case_is_heard_and_moves_nothing(site: WebServer) -> None:
    unit, other = a_unit(), a_unit("dlh")
    handoff = delivered(site, unit)
    Case.objects.filter(pk=handoff.case_id).update(unit=other)
    assert engine.heard(handoff, "done", "Bukan kami lagi", NOW) is True
    handoff.case.refresh_from_db()
    assert handoff.case.state == State.ASSIGNED


def test_a_word_that_nobody_knows_is_kept_and_a_receivers_own_words_are_understood(site: WebServer) -> None:
    handoff = delivered(site)
    assert engine.heard(handoff, "menunggu suku cadang", "", NOW) is True
    assert handoff.remote_state == "menunggu suku cadang"
    Receiver.objects.update(settings={"words": {"Rampung": "done"}})
    assert engine.heard(HandOff.objects.get(pk=handoff.pk), "Rampung", "beres", NOW) is True
    handoff.case.refresh_from_db()
    assert handoff.case.state == State.ANSWERED


def test_personal_numbers_in_a_receivers_note_are_masked_everywhere(site: WebServer) -> None:
    handoff = delivered(site)
    engine.heard(handoff, "in_progress", "Sudah telepon pelapor 0812-3456-7890", NOW)
    said = str([event.data for event in timeline(handoff.case.subject)]) + handoff.remote_note
    assert "3456" not in said


def test_whoever_answers_has_it_so_the_question_whether_it_arrived_is_settled(site: WebServer) -> None:
    handoff = delivered(site)
    HandOff.objects.update(state=HandOffState.NEEDS_PERSON, delivered_at=None, trouble="belum pasti")
    engine.heard(HandOff.objects.get(pk=handoff.pk), "accepted", "", NOW)
    assert (state_of(handoff), handoff.trouble) == (HandOffState.DELIVERED, "")


SAID = st.lists(
    st.tuples(
        st.sampled_from([*WORDS, "entah"]),
        st.integers(min_value=0, max_value=6),
        st.sampled_from(["", "kabar"]),
    ),
    min_size=1,
    max_size=6,
)


@given(said=SAID, order=st.randoms(use_true_random=False))
@hypothesis_settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_dated_words_end_with_the_newest_in_whatever_order_they_come(
    db: None, said: list[tuple[str, int, str]], order: Any
) -> None:
    receiver = Receiver.objects.create(key=f"uji-{next(_numbers)}", sort="call_center", name="CC")
    dated = {hour: (state, hour, note) for state, hour, note in said}  # one word an hour
    finals = []
    for _ in range(2):
        handoff = HandOff.objects.get(pk=engine.plan(a_case(), receiver, NOW).pk)
        rows = list(dated.values())
        order.shuffle(rows)
        for state, hour, note in [*rows, *rows]:
            engine.heard(handoff, state, note, NOW + timedelta(days=1), at=NOW + timedelta(hours=hour))
        handoff.refresh_from_db()
        finals.append((handoff.remote_state, handoff.remote_at))
    newest = max(dated)
    assert finals == [(dated[newest][0], NOW + timedelta(hours=newest))] * 2


# --- the engine's work


def test_a_plan_wakes_the_engine_and_the_clock_finds_it_in_the_receivers_lane(site: WebServer) -> None:
    from engine.work import Job, due_jobs, lane_of, run

    woken: list[tuple[str, str]] = []
    set_hook(lambda kind, key: woken.append((kind, key)))
    try:
        handoff = engine.plan(a_case(), a_receiver(site), timezone.now())
    finally:
        set_hook(None)
    job = Job("handoff", str(handoff.pk))
    assert woken == [("handoff", str(handoff.pk))]
    assert (job, f"handoff:{handoff.receiver_id}") in list(due_jobs(timezone.now()))
    assert lane_of(job) == f"handoff:{handoff.receiver_id}"
    run(job)
    assert state_of(handoff) == HandOffState.DELIVERED


@pytest.mark.django_db(transaction=True)
def test_two_workers_and_two_planners_at_once_do_it_once(site: WebServer) -> None:
    case, receiver = a_case(), a_receiver(site)
    made: list[int] = []
    _at_once(lambda: made.append(engine.plan(case, receiver, NOW).pk))
    assert len(set(made)) == 1
    _at_once(lambda: engine.advance(made[0], NOW))
    assert len(site.calls) == 1
    assert HandOff.objects.get().state == HandOffState.DELIVERED


def _at_once(what: Any, times: int = 4) -> None:
    gate = threading.Barrier(times)

    def work() -> None:
        gate.wait()
        try:
            what()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert connection.is_usable()
