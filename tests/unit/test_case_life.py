"""The life of a case: steps, reopening, who acts, holds; merging and its undo; many at once; filters."""

import itertools
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases import act, bulk, filters, merge, routing, saved_filters, scope, watch
from cases.act import NotAllowed
from cases.handoff.plan import plan
from cases.models import (
    Assignment,
    Case,
    CaseMerge,
    Clock,
    ClockOutcome,
    HandOff,
    HandOffState,
    Receiver,
    State,
    Watch,
)
from cases.open import open_waiting
from channels.models import Account
from city.models import Unit
from classifiers.models import Verdict
from desk.words import told
from ledger.chain import timeline
from ledger.models import Person
from ledger.roles import Role, give
from monitor.models import Mention, Source

pytestmark = pytest.mark.django_db

NOON = datetime.fromisoformat("2026-11-24T03:00:00+00:00")
LATER = NOON + timedelta(hours=1)
PEOPLE = {"tono": Role.OFFICER, "wati": Role.REVIEWER, "rina": Role.ADMINISTRATOR, "sari": Role.AUTHOR}
_numbers = itertools.count()


def prepared() -> None:
    """One account, and the people of the house."""
    account = Account.objects.create(key="x", channel="x", name="X @pemkot")
    Source.objects.create(account=account, kind="mention")
    for name, role in PEOPLE.items():
        give(Person.objects.create_user(name, password="rahasia-123"), role)
    Person.objects.create_user("eka")


@pytest.fixture(autouse=True)
def _prepared(db: None) -> None:
    prepared()


@pytest.fixture
def tono() -> Person:
    return Person.objects.get(username="tono")


def person(name: str) -> Person:
    return Person.objects.get(username=name)


def opened(
    text: str = "Lampu padam",
    *,
    place: str = "Jatiasih",
    topic: str = "lampu_jalan_pju",
    urgency: str = "normal",
) -> Case:
    """The case of one post, after everything that happens around the opening."""
    mention = Mention.objects.create(
        channel="x",
        external_id=f"l{next(_numbers)}",
        source=Source.objects.get(),
        text=text,
        author="@warga",
        heard_at=NOON,
        unjudged=False,
    )
    Verdict.objects.create(
        mention=mention,
        kind="complaint",
        decision="forward",
        topic=topic,
        place=place,
        urgency=urgency,
        at=NOON,
        awaits_case=True,
    )
    assert open_waiting(NOON) == 1
    return Case.objects.get(mention=mention)


def unit(key: str) -> Unit:
    return Unit.objects.get_or_create(
        key=key,
        valid_from=NOON.date(),
        defaults={"name": f"Dinas {key}", "short": key.upper(), "sort": "agency"},
    )[0]


def officer_of(key: str, name: str) -> Person:
    made = Person.objects.create_user(name, password="rahasia-123")
    give(made, Role.OFFICER)
    made.units.add(unit(key))
    return made


def again(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def walked(case: Case, *states: State, by: Person | None = None) -> Case:
    for state in states:
        case = act.move(case, state, by, NOON, "sebab")
    return case


def running(case: Case) -> set[int]:
    return set(Clock.objects.filter(case=case, outcome=ClockOutcome.RUNNING).values_list("pk", flat=True))


def kinds(case: Case) -> list[str]:
    return [event.kind for event in timeline(case.subject)]


# --- Steps ------------------------------------------------------------------------------------------


def test_a_case_knows_when_it_was_answered_and_when_it_ended(tono: Person) -> None:
    case = walked(opened(), State.VERIFIED, State.ASSIGNED, State.IN_PROGRESS, by=tono)
    assert (case.answered_at, case.ended_at) == (None, None)
    case = act.move(case, State.ANSWERED, tono, NOON)
    case = act.move(case, State.IN_PROGRESS, tono, LATER)
    case = act.move(case, State.ANSWERED, tono, LATER)
    case = act.move(case, State.CLOSED, tono, LATER)
    assert (case.answered_at, case.ended_at) == (NOON, LATER)


@pytest.mark.parametrize(
    "end", [State.CLOSED, State.NOT_OURS, State.REJECTED, State.DUPLICATE, State.ANSWERED]
)
def test_a_citizen_or_an_officer_reopens_what_is_over_and_its_clocks_run_anew(
    end: State, tono: Person
) -> None:
    way = [State.VERIFIED, State.ASSIGNED, State.IN_PROGRESS, State.ANSWERED, State.CLOSED]
    case = walked(opened(), *(way[: way.index(end) + 1] if end in way else [end]), by=tono)
    case = act.reopen(case, None if end == State.CLOSED else tono, LATER, "Masih padam")
    assert (case.state, case.ended_at, case.reopened) == (State.VERIFIED, None, 1)
    assert running(case)
    assert set(Clock.objects.filter(pk__in=running(case)).values_list("round", flat=True)) == {2}
    assert timeline(case.subject)[-1].kind.startswith(("case.", "clock"))
    assert "case.reopened" in kinds(case)


def test_what_still_runs_and_what_has_no_reason_is_not_reopened(tono: Person) -> None:
    case = opened()
    with pytest.raises(NotAllowed, match="masih berjalan"):
        act.reopen(case, tono, NOON, "sebab")
    case = act.move(case, State.REJECTED, tono, NOON, "bukan pengaduan")
    with pytest.raises(NotAllowed, match="mengapa"):
        act.reopen(case, tono, NOON, "  ")


def test_a_citizen_who_insists_stands_in_a_list_of_their_own(tono: Person) -> None:
    case = walked(opened(), State.REJECTED, by=tono)
    for _ in range(2):
        case = act.reopen(case, None, NOON, "Belum selesai")
        case = act.move(case, State.REJECTED, tono, NOON, "sebab")
    assert kinds(case).count("case.insisted") == 1
    case = act.reopen(case, tono, NOON, "benar juga")
    opened()
    assert [one.pk for one in filters.parse({"tampilan": "kembali"}).rows(tono, NOON)] == [case.pk]
    assert filters.counts(tono)["kembali"] == 1


def test_of_two_who_move_the_same_case_one_is_told(tono: Person) -> None:
    case, stale = opened(), None
    stale = again(case)
    act.move(case, State.VERIFIED, tono, NOON)
    with pytest.raises(NotAllowed, match="baru saja diubah"):
        act.move(stale, State.REJECTED, tono, NOON, "sebab")


def test_what_goes_back_to_the_coordinating_desk_has_no_unit_any_more(tono: Person) -> None:
    case = opened()
    routing.assign(case, unit("a"), tono, NOON)
    case = again(case)
    assert (case.state, case.unit) == (State.ASSIGNED, unit("a"))
    case = act.move(case, State.VERIFIED, tono, LATER)
    assert (case.unit, case.assignee) == (None, None)
    assert not Assignment.objects.filter(case=case, ended_at__isnull=True).exists()


def test_only_an_administrator_holds_a_case_and_says_why(tono: Person) -> None:
    case = opened()
    with pytest.raises(NotAllowed, match="administrator"):
        act.hold(case, True, tono, NOON, "Perkara 12")
    with pytest.raises(NotAllowed, match="alasan"):
        act.hold(case, True, person("rina"), NOON, "")
    assert act.hold(case, True, person("rina"), NOON, "Perkara 12/2026").legal_hold
    assert not act.hold(again(case), False, person("rina"), NOON, "selesai").legal_hold
    assert kinds(case)[-2:] == ["case.held", "case.released"]


def test_every_step_has_its_words(tono: Person) -> None:
    first, second = opened(), opened("Lampu mati")
    bulk.undo(bulk.move([first.pk], State.VERIFIED, tono, NOON).undoable or 0, tono, NOON)
    merge.undo(merge.merge(first, [second], tono, NOON).pk, tono, NOON)
    act.assign_to(again(first), tono, tono, NOON)
    act.hold(again(first), True, person("rina"), NOON, "x")
    with override("id"):
        for subject in (first.subject, second.subject, f"person:{tono.pk}"):
            for event in (one for one in timeline(subject) if not one.kind.startswith("case.reply")):
                assert told(event) != event.kind


# --- Who --------------------------------------------------------------------------------------------


def test_an_officer_of_a_unit_sees_and_acts_on_its_cases_only(tono: Person) -> None:
    ayu = officer_of("a", "ayu")
    mine, other, free = opened(), opened(), opened()
    Case.objects.filter(pk=mine.pk).update(unit=unit("a"))
    Case.objects.filter(pk=other.pk).update(unit=unit("b"))
    assert set(scope.visible(ayu)) == {mine}
    assert set(scope.visible(tono)) == set(scope.visible(person("wati"))) == {mine, other, free}
    assert not scope.visible(person("eka")).exists()
    assert not scope.visible(person("sari")).exists()
    assert scope.may_act(again(mine), ayu)
    assert not scope.may_act(again(other), ayu)
    assert not scope.may_act(again(mine), person("wati"))
    with pytest.raises(NotAllowed, match="tidak ditangani unit Anda"):
        act.move(again(other), State.VERIFIED, ayu, NOON)


def test_the_count_in_the_rail_is_what_waits_for_this_officer(tono: Person) -> None:
    ayu = officer_of("a", "ayu")
    cases = [opened() for _ in range(3)]
    Case.objects.filter(pk=cases[0].pk).update(unit=unit("a"), state=State.ASSIGNED)
    Case.objects.filter(pk=cases[1].pk).update(unit=unit("b"), state=State.ASSIGNED)
    assert (filters.waiting(tono), filters.waiting(ayu)) == (1, 1)
    Case.objects.filter(pk=cases[2].pk).update(state=State.VERIFIED)
    assert (filters.waiting(tono), filters.waiting(ayu)) == (0, 1)


def test_a_unit_with_a_new_name_keeps_its_people() -> None:
    ayu = officer_of("a", "ayu")
    renamed = Unit.objects.create(
        key="a", name="Dinas Baru", short="BARU", sort="agency", valid_from=NOON.date() + timedelta(days=9)
    )
    case = opened()
    Case.objects.filter(pk=case.pk).update(unit=renamed)
    assert scope.may_act(again(case), ayu)


def test_only_an_active_officer_of_the_unit_is_made_answerable(tono: Person) -> None:
    ayu, beni = officer_of("a", "ayu"), officer_of("b", "beni")
    case = opened()
    Case.objects.filter(pk=case.pk).update(unit=unit("a"))
    case = act.assign_to(again(case), ayu, tono, NOON)
    assert case.assignee == ayu
    assert watch.watches(case, ayu)
    for wrong in (beni, person("wati"), person("eka")):
        with pytest.raises(NotAllowed, match="bukan petugas aktif"):
            act.assign_to(case, wrong, tono, NOON)
    Person.objects.filter(pk=tono.pk).update(is_active=False)
    with pytest.raises(NotAllowed, match="bukan petugas aktif"):
        act.assign_to(case, person("tono"), ayu, NOON)
    assert act.assign_to(case, None, ayu, NOON).assignee is None


def test_watching_twice_is_watching_once(tono: Person) -> None:
    case = opened()
    assert [watch.watch(case, tono, NOON), watch.watch(case, tono, NOON)] == [True, False]
    assert list(watch.watchers(case)) == [tono]
    assert [watch.unwatch(case, tono), watch.unwatch(case, tono)] == [True, False]


# --- Merging ----------------------------------------------------------------------------------------


def standing(case: Case) -> tuple[Any, ...]:
    """All that an undo must bring back."""
    row = again(case)
    waiting = HandOff.objects.filter(case=case).order_by("pk").values_list("pk", "state")
    present = Assignment.objects.filter(case=case, ended_at__isnull=True).values_list("pk", flat=True)
    times = (row.answered_at, row.ended_at)
    return (row.state, row.unit_id, row.assignee_id, row.into_id, times, running(row), *present, *waiting)


def test_a_duplicate_stops_and_undoing_brings_back_exactly_what_was(tono: Person) -> None:
    first, second = opened(), opened("Lampunya mati")
    routing.assign(second, unit("a"), tono, NOON)
    act.assign_to(again(second), tono, tono, NOON)
    receiver = Receiver.objects.create(key="r", sort="webhook", name="R", unit=unit("a"))
    plan(again(second), receiver, NOON, purpose="update")
    was = standing(second)
    made = merge.merge(again(first), [again(second)], tono, LATER)
    gone = again(second)
    assert (gone.state, gone.into, gone.ended_at) == (State.DUPLICATE, first, LATER)
    assert running(gone) == set()
    assert set(HandOff.objects.filter(case=second).values_list("state", flat=True)) == {
        HandOffState.CANCELLED
    }
    assert not Assignment.objects.filter(case=second, ended_at__isnull=True).exists()
    merge.undo(made.pk, tono, LATER)
    assert standing(second) == was
    with pytest.raises(NotAllowed, match="sudah dibatalkan"):
        merge.undo(made.pk, tono, LATER)


def test_what_was_sent_already_stays_sent(tono: Person) -> None:
    first, second = opened(), opened()
    receiver = Receiver.objects.create(key="r", sort="webhook", name="R")
    HandOff.objects.filter(pk=plan(second, receiver, NOON).pk).update(
        state=HandOffState.DELIVERED, next_at=None
    )
    merge.merge(first, [second], tono, NOON)
    assert HandOff.objects.get(case=second).state == HandOffState.DELIVERED


def test_duplicates_move_along_and_come_back_with_their_case(tono: Person) -> None:
    a, b, c = opened(), opened(), opened()
    inner = merge.merge(a, [b], tono, NOON)
    outer = merge.merge(c, [again(a)], tono, NOON)
    assert (again(a).into, again(b).into) == (c, c)
    with pytest.raises(NotAllowed, match="lebih baru"):
        merge.undo(inner.pk, tono, NOON)
    merge.undo(outer.pk, tono, NOON)
    assert (again(a).into, again(b).into) == (None, a)
    merge.undo(inner.pk, tono, NOON)
    assert again(b).into is None
    assert {again(one).state for one in (a, b, c)} == {State.RECEIVED}


def test_one_duplicate_is_taken_out_and_the_others_stay(tono: Person) -> None:
    a, b, c, d = opened(), opened(), opened(), opened()
    inner = merge.merge(a, [b, d], tono, NOON)
    outer = merge.merge(c, [again(a)], tono, NOON)
    assert merge.take_out(again(b), tono, NOON).state == State.RECEIVED
    assert (again(b).into, again(d).into) == (None, c)
    merge.undo(outer.pk, tono, NOON)
    assert (again(b).into, again(d).into) == (None, a)
    merge.undo(inner.pk, tono, NOON)
    assert again(d).into is None
    with pytest.raises(NotAllowed, match="tidak sedang digabung"):
        merge.take_out(again(b), tono, NOON)


def test_a_merged_case_is_reopened_only_by_undoing_the_merge(tono: Person) -> None:
    a, b = opened(), opened()
    merge.merge(a, [b], tono, NOON)
    for step in (
        lambda: act.reopen(again(b), None, NOON, "x"),
        lambda: act.move(again(b), State.VERIFIED, tono, NOON),
    ):
        with pytest.raises(NotAllowed, match="Batalkan dahulu penggabungannya"):
            step()


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (lambda a, b, who: merge.merge(a, [a], who, NOON), "dirinya sendiri"),
        (lambda a, b, who: merge.merge(a, [], who, NOON), "Pilih dahulu"),
        (
            lambda a, b, who: (merge.merge(a, [b], who, NOON), merge.merge(b, [a], who, NOON)),
            "sendiri sudah ganda",
        ),
        (
            lambda a, b, who: (merge.merge(a, [b], who, NOON), merge.merge(a, [b], who, NOON)),
            "sudah digabung",
        ),
        (
            lambda a, b, who: (walked(again(a), State.REJECTED, by=who), merge.merge(a, [b], who, NOON)),
            "sudah berakhir. Buka kembali",
        ),
        (
            lambda a, b, who: (walked(again(b), State.REJECTED, by=who), merge.merge(a, [b], who, NOON)),
            "tidak perlu digabung",
        ),
    ],
)
def test_what_cannot_be_merged_is_refused_with_a_sentence(
    step: Callable[[Case, Case, Person], Any], sentence: str, tono: Person
) -> None:
    with pytest.raises(NotAllowed, match=sentence):
        step(opened(), opened(), tono)


def test_an_emergency_that_nobody_saw_is_not_merged_away(tono: Person) -> None:
    quiet, loud = opened(), opened("Kabel jatuh ke jalan")
    Case.objects.filter(pk=loud.pk).update(gate="emergency", acknowledged_at=None)
    with pytest.raises(NotAllowed, match="darurat"):
        merge.merge(quiet, [loud], tono, NOON)
    Case.objects.filter(pk=loud.pk).update(acknowledged_at=NOON)
    merge.merge(quiet, [loud], tono, NOON)


@given(
    st.lists(
        st.tuples(st.sampled_from(["merge", "undo", "out"]), st.integers(0, 4), st.integers(0, 4)),
        max_size=12,
    )
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_merged_and_undone_there_is_never_a_chain(
    tono: Person, steps: list[tuple[str, int, int]]
) -> None:
    cases = [opened() for _ in range(5)]
    for name, one, other in steps:
        try:
            if name == "merge":
                merge.merge(again(cases[one]), [again(cases[other])], tono, NOON)
            elif name == "out":
                merge.take_out(again(cases[one]), tono, NOON)
            elif (
                made := CaseMerge.objects.filter(undone_at__isnull=True, target__in=cases)
                .order_by("?")
                .first()
            ):
                merge.undo(made.pk, tono, NOON)
        except NotAllowed:
            pass
        for row in map(again, cases):
            assert (row.into_id is None) == (row.state == State.RECEIVED)
            assert row.into is None or row.into.into_id is None
            assert bool(running(row)) == (row.into_id is None)


@pytest.mark.django_db(transaction=True)
def test_two_people_who_merge_two_cases_into_each_other_at_once_make_one_merge(tono: Person) -> None:
    a, b = opened(), opened()
    results: list[str] = []
    barrier = threading.Barrier(2)

    def run(target: Case, source: Case) -> None:
        try:
            barrier.wait()
            merge.merge(target, [source], tono, NOON)
            results.append("merged")
        except NotAllowed:
            results.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in ((a, b), (b, a))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["merged", "refused"]
    assert sum(again(one).into_id is not None for one in (a, b)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_people_who_undo_one_merge_at_once_undo_it_once(tono: Person) -> None:
    a, b = opened(), opened()
    made = merge.merge(a, [b], tono, NOON)
    results: list[str] = []
    barrier = threading.Barrier(2)

    def run() -> None:
        try:
            barrier.wait()
            merge.undo(made.pk, tono, NOON)
            results.append("undone")
        except NotAllowed:
            results.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["refused", "undone"]
    assert kinds(b).count("case.unmerged") == 1


# --- Many at once -----------------------------------------------------------------------------------


def test_a_bulk_step_does_what_it_can_and_says_what_it_could_not(tono: Person) -> None:
    fresh, over = opened(), walked(opened(), State.REJECTED, by=tono)
    outcome = bulk.move([fresh.pk, over.pk, 999_999], State.NOT_OURS, tono, NOON, "milik provinsi")
    assert outcome.done == [fresh.number]
    assert [number for number, _why in outcome.refused] == ["–", over.number]
    assert "tidak dapat menjadi" in outcome.refused[1][1]
    assert [event.kind for event in timeline(f"person:{tono.pk}")] == ["cases.bulk"]


def test_a_bulk_step_is_taken_back_where_nobody_touched_the_case_since(tono: Person) -> None:
    cases = [opened() for _ in range(3)]
    was = [standing(case) for case in cases]
    outcome = bulk.move([case.pk for case in cases], State.REJECTED, tono, NOON, "salah pilih")
    act.reopen(again(cases[1]), tono, LATER, "sudah saya ubah")
    back = bulk.undo(outcome.undoable or 0, tono, NOON + timedelta(minutes=9))
    assert back.done == [cases[0].number, cases[2].number]
    assert [number for number, _why in back.refused] == [cases[1].number]
    assert (standing(cases[0]), standing(cases[2])) == (was[0], was[2])
    with pytest.raises(NotAllowed, match="sudah dibatalkan"):
        bulk.undo(outcome.undoable or 0, tono, NOON)


def test_a_bulk_act_is_taken_back_by_its_own_person_within_ten_minutes(tono: Person) -> None:
    outcome = bulk.move([opened().pk], State.REJECTED, tono, NOON, "x")
    with pytest.raises(NotAllowed, match="tidak dapat dibatalkan"):
        bulk.undo(outcome.undoable or 0, person("rina"), NOON)
    with pytest.raises(NotAllowed, match="sepuluh menit"):
        bulk.undo(outcome.undoable or 0, tono, NOON + timedelta(minutes=11))


def test_a_bulk_assignment_is_taken_back_with_what_has_not_left_the_house(tono: Person) -> None:
    first, second = opened(), opened()
    was = standing(first)
    Unit.objects.filter(pk=unit("a").pk).update(urc_email="urc@example.go.id")
    outcome = bulk.assign_unit([first.pk, second.pk], unit("a"), tono, NOON)
    assert outcome.done == [first.number, second.number]
    assert again(first).unit == unit("a")
    assert HandOff.objects.filter(state=HandOffState.PLANNED).count() == 2
    HandOff.objects.filter(case=second).update(state=HandOffState.DELIVERED, next_at=None)
    back = bulk.undo(outcome.undoable or 0, tono, NOON)
    assert back.done == [first.number]
    assert back.refused == [(second.number, "Kasus ini sudah diteruskan ke penerimanya.")]
    assert standing(first)[:6] == was[:6]
    assert HandOff.objects.get(case=first).state == HandOffState.CANCELLED


def test_many_cases_get_a_person_watchers_and_one_case_to_stand_for_them(tono: Person) -> None:
    cases = [opened() for _ in range(3)]
    ids = [case.pk for case in cases]
    outcome = bulk.assign_person(ids, tono, tono, NOON)
    assert set(Case.objects.values_list("assignee", flat=True)) == {tono.pk}
    assert bulk.undo(outcome.undoable or 0, tono, NOON).refused == []
    assert set(Case.objects.values_list("assignee", flat=True)) == {None}
    bulk.follow(ids, person("wati"), NOON)
    assert Watch.objects.filter(person=person("wati")).count() == 3
    merged = bulk.merge_into(cases[0], ids, tono, NOON)
    assert merged.done == [cases[1].number, cases[2].number]
    assert merged.undoable is None


def test_too_many_and_none_are_refused(tono: Person) -> None:
    for ids in ([], range(bulk.MOST + 1)):
        with pytest.raises(NotAllowed):
            bulk.move(list(ids), State.VERIFIED, tono, NOON)


# --- Filters ----------------------------------------------------------------------------------------


def asked(who: Person, **query: str) -> set[str]:
    return set(filters.parse(query).rows(who, NOON).values_list("number", flat=True))


def test_each_filter_gives_just_what_it_names(tono: Person) -> None:
    lamp = opened("Lampu padam di Kranji", place="Kranji")
    hole = opened("Lubang besar", topic="jalan_trotoar", urgency="soon")
    Case.objects.filter(pk=lamp.pk).update(
        unit=unit("a"), area="32.75.02.1002", assignee=tono, gate="aspiration"
    )
    Case.objects.filter(pk=hole.pk).update(area="32.75.09", opened_at=NOON - timedelta(days=3))
    watch.watch(hole, tono, NOON)
    only_lamp: list[dict[str, str]] = [
        {"unit": "a"},
        {"wilayah": "32.75.02"},
        {"petugas": "saya"},
        {"petugas": "tono"},
        {"jalur": "aspiration"},
        {"topik": "lampu_jalan_pju"},
        {"dari": "2026-11-24", "sampai": "2026-11-24"},
        {"q": "kranji lam"},
    ]
    for query in only_lamp:
        assert asked(tono, **query) == {lamp.number}, query
    for query in (
        {"unit": "kosong"},
        {"urgensi": "soon"},
        {"diikuti": "ya"},
        {"petugas": "kosong"},
        {"sampai": "2026-11-22"},
    ):
        assert asked(tono, **query) == {hole.number}, query
    for query in ({"tampilan": "baru"}, {"jenis": "complaint"}, {"saluran": "x"}, {}):
        assert asked(tono, **query) == {lamp.number, hole.number}, query
    assert asked(tono, tampilan="selesai") == asked(tono, kejadian="7") == set()


def test_the_clock_filters_follow_the_lists_of_the_clocks(tono: Person) -> None:
    case = opened()
    opened()
    assert asked(tono, tenggat="lewat") == set()
    Clock.objects.filter(case=case).update(due_at=NOON - timedelta(minutes=1))
    assert asked(tono, tenggat="lewat") == {case.number}


def test_what_is_not_known_is_said_and_left_out(tono: Person) -> None:
    case = opened()
    found = filters.parse({"topik": "naga", "dari": "31 Februari", "unit": "tidak-ada", "tampilan": "semua"})
    assert len(found.problems) == 3
    assert any("naga" in one for one in found.problems)
    assert {one.number for one in found.rows(tono, NOON)} == {case.number}


def test_a_filter_has_one_normal_form() -> None:
    found = filters.parse({"q": "  lubang   besar ", "topik": "sampah", "tampilan": "semua", "lain": "x"})
    assert found.query() == "topik=sampah&q=lubang+besar"
    assert filters.parse_kept(found.query()) == found
    assert found.query(topik="") == "q=lubang+besar"


@given(st.dictionaries(st.sampled_from([*filters.NAMES, "sebelum", "x"]), st.text(max_size=30), max_size=6))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_address_breaks_the_list(tono: Person, query: dict[str, str]) -> None:
    found = filters.parse(query)
    list(found.rows(tono, NOON)[:3])
    assert filters.parse_kept(found.query()) == found or len(found.query()) > 1000


def test_filters_are_kept_under_a_name_and_shared(tono: Person) -> None:
    wati = person("wati")
    saved_filters.save(
        tono, "Sampah  lewat", filters.parse({"topik": "sampah", "tenggat": "lewat"}), shared=True
    )
    own = saved_filters.save(tono, "Punya saya", filters.parse({"petugas": "saya"}))
    assert [one.name for one in saved_filters.listed(tono)] == ["Punya saya", "Sampah lewat"]
    assert [one.query for one in saved_filters.listed(wati)] == ["topik=sampah&tenggat=lewat"]
    with pytest.raises(NotAllowed, match="sudah punya"):
        saved_filters.save(tono, "Punya saya", filters.parse({}))
    with pytest.raises(NotAllowed, match="Beri nama"):
        saved_filters.save(tono, "  ", filters.parse({}))
    assert not saved_filters.remove(own.pk, wati)
    assert saved_filters.remove(own.pk, tono)


def test_fifty_filters_are_enough(tono: Person) -> None:
    for n in range(saved_filters.MOST):
        saved_filters.save(tono, f"S{n}", filters.parse({}))
    with pytest.raises(NotAllowed, match="Paling banyak 50"):
        saved_filters.save(tono, "satu lagi", filters.parse({}))


def test_every_page_of_the_bench_answers_and_its_crowd_is_plausible(db: None) -> None:
    from tests.bench import queues

    Source.objects.all().delete()
    Account.objects.all().delete()
    Person.objects.filter(username="tono").delete()
    queues.fill(400, 80)
    assert Case.objects.count() == 80
    assert all(len(times) == 1 for times in queues.timed(1).values())
