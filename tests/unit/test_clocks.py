"""The limits by law: due dates reckoned by hand, and what each step of a case does to its clocks."""

import copy
import itertools
import threading
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from cases import clocks
from cases.act import move, reopen
from cases.clock_lists import Standing
from cases.clock_rules import rules
from cases.models import Case, Clock, ClockOutcome, Gate, State
from cases.refusal import NotAllowed
from channels.models import Account
from classifiers.models import Verdict
from desk.clock_words import nearest_rings, ring
from desk.words import told
from ledger.chain import timeline
from ledger.models import Event, Person
from ledger.roles import Role, give
from monitor.models import Mention, Source

WIB = ZoneInfo("Asia/Jakarta")
_numbers = itertools.count()

# Days off of 2025: Keputusan Bersama Menteri Agama, Menteri Ketenagakerjaan, Menteri PANRB 1017/2024, 2/2024, 2/2024;
# 18 August 2025 by its amendment 933/2025, 1/2025, 3/2025 (7 August 2025).
SKB25, SKB25A = "SKB 1017/2024", "SKB 933/2025"
# Of 2026: 1497/2025, 2/2025, 5/2025 (19 September 2025).
SKB26 = "SKB 1497/2025"
# Of 2027: what the library `holidays` 0.109 says; Idulfitri and Iduladha are its estimates ("perkiraan").
LIB27 = "pustaka holidays 0.109"
#: Which rule has which length.
BY_LENGTH = {
    3: "lapor_verify",
    5: "lapor_follow_up",
    10: "ppid_answer",
    14: "completion",
    30: "ppid_objection",
    60: "completion_field",
}

#: Received (WIB), working days, last day (counted by hand on a calendar), why, source of the days off.
TABLE: list[tuple[str, int, str, str, str]] = [
    ("2025-01-02 09:00", 3, "2025-01-07", "an ordinary weekend", SKB25),
    ("2024-12-31 15:00", 3, "2025-01-06", "New Year", SKB25),
    ("2025-01-24 09:00", 3, "2025-02-03", "Isra Mikraj, joint leave, Imlek: Monday to Wednesday", SKB25),
    ("2025-01-24 09:00", 5, "2025-02-05", "the same", SKB25),
    ("2025-01-26 20:00", 3, "2025-02-03", "received on a Sunday before three days off", SKB25),
    ("2025-03-26 09:00", 3, "2025-04-09", "one day, then Nyepi's joint leave and Lebaran", SKB25),
    ("2025-03-27 09:00", 3, "2025-04-10", "the last day before eleven days off", SKB25),
    ("2025-03-27 09:00", 5, "2025-04-14", "the same", SKB25),
    ("2025-03-27 09:00", 10, "2025-04-22", "the same, and Good Friday", SKB25),
    ("2025-03-27 09:00", 14, "2025-04-28", "the same", SKB25),
    ("2025-03-31 09:00", 3, "2025-04-10", "received on Lebaran", SKB25),
    ("2025-03-29 12:00", 5, "2025-04-14", "received on Nyepi, a Saturday", SKB25),
    ("2025-04-07 09:00", 5, "2025-04-14", "received on the last joint leave day", SKB25),
    ("2025-03-03 09:00", 60, "2025-06-16", "sixty days over Lebaran, May and Iduladha", SKB25),
    ("2025-04-17 09:00", 3, "2025-04-23", "Good Friday and Easter", SKB25),
    ("2025-04-30 09:00", 3, "2025-05-06", "Labour Day on a Thursday", SKB25),
    ("2025-05-09 09:00", 5, "2025-05-20", "Waisak and its joint leave", SKB25),
    ("2025-05-28 09:00", 3, "2025-06-04", "Ascension, joint leave; Pancasila on a Sunday", SKB25),
    ("2025-06-05 09:00", 3, "2025-06-12", "Iduladha on a Friday, joint leave on Monday", SKB25),
    ("2025-06-05 09:00", 10, "2025-06-23", "the same", SKB25),
    ("2025-06-26 09:00", 3, "2025-07-02", "the Islamic New Year", SKB25),
    ("2025-08-15 09:00", 3, "2025-08-21", "17 August on a Sunday, joint leave added on the 18th", SKB25A),
    ("2025-08-15 09:00", 10, "2025-09-01", "the same", SKB25A),
    ("2025-08-17 10:00", 5, "2025-08-25", "received on Independence Day, a Sunday", SKB25A),
    ("2025-09-04 09:00", 3, "2025-09-10", "Maulid on a Friday", SKB25),
    ("2025-07-01 09:00", 30, "2025-08-12", "thirty days without a day off", SKB25),
    ("2025-12-24 09:00", 3, "2025-12-31", "Christmas and joint leave", SKB25),
    ("2025-12-24 09:00", 5, "2026-01-05", "Christmas and New Year", SKB26),
    ("2025-12-15 09:00", 14, "2026-01-07", "the same", SKB26),
    ("2025-12-19 09:00", 10, "2026-01-07", "the same", SKB26),
    ("2026-01-15 09:00", 3, "2026-01-21", "Isra Mikraj on a Friday", SKB26),
    ("2026-02-13 09:00", 3, "2026-02-20", "joint leave and Imlek, Monday and Tuesday", SKB26),
    ("2026-02-13 09:00", 5, "2026-02-24", "the same", SKB26),
    ("2026-03-17 09:00", 3, "2026-03-27", "the last day before Nyepi and Lebaran", SKB26),
    ("2026-03-17 23:59", 3, "2026-03-27", "the same, a minute before midnight", SKB26),
    ("2026-03-16 09:00", 3, "2026-03-26", "one day before them", SKB26),
    ("2026-03-13 09:00", 5, "2026-03-27", "two days before them", SKB26),
    ("2026-03-20 09:00", 3, "2026-03-27", "received on joint leave of Lebaran", SKB26),
    ("2026-03-21 09:00", 5, "2026-03-31", "received on Lebaran, a Saturday", SKB26),
    ("2026-03-25 00:00", 3, "2026-03-30", "received in the first minute after the days off", SKB26),
    ("2026-03-10 09:00", 10, "2026-03-31", "over Nyepi and Lebaran", SKB26),
    ("2026-03-10 09:00", 14, "2026-04-07", "the same, and Good Friday", SKB26),
    ("2026-03-02 09:00", 60, "2026-06-10", "sixty days over everything of spring", SKB26),
    ("2026-04-02 09:00", 3, "2026-04-08", "Good Friday and Easter", SKB26),
    ("2026-04-30 09:00", 3, "2026-05-06", "Labour Day on a Friday", SKB26),
    ("2026-05-13 09:00", 3, "2026-05-20", "Ascension and joint leave", SKB26),
    ("2026-05-26 09:00", 3, "2026-06-03", "Iduladha, joint leave, Waisak on Sunday, Pancasila", SKB26),
    ("2026-05-26 09:00", 5, "2026-06-05", "the same", SKB26),
    ("2026-06-15 09:00", 3, "2026-06-19", "the Islamic New Year on a Tuesday", SKB26),
    ("2026-08-14 09:00", 3, "2026-08-20", "17 August on a Monday", SKB26),
    ("2026-08-14 09:00", 10, "2026-09-01", "the same, and Maulid", SKB26),
    ("2026-08-17 09:00", 5, "2026-08-24", "received on Independence Day, a Monday", SKB26),
    ("2026-08-24 09:00", 3, "2026-08-28", "Maulid on a Tuesday", SKB26),
    ("2026-11-24 09:00", 3, "2026-11-27", "an ordinary week", SKB26),
    ("2026-11-24 09:00", 14, "2026-12-14", "ordinary weeks", SKB26),
    ("2026-12-23 09:00", 3, "2026-12-30", "joint leave and Christmas", SKB26),
    ("2026-12-23 09:00", 5, "2027-01-04", "the same, and New Year on a Friday", LIB27),
    ("2026-12-21 09:00", 10, "2027-01-08", "the same, and Isra Mikraj", LIB27),
    ("2026-12-01 09:00", 30, "2027-01-18", "the same", LIB27),
    ("2027-01-04 09:00", 3, "2027-01-08", "Isra Mikraj on a Tuesday", LIB27),
    ("2027-02-04 09:00", 3, "2027-02-10", "joint leave on Friday, Imlek on Saturday", LIB27),
    ("2027-03-05 09:00", 3, "2027-03-18", "the last day before Nyepi and Lebaran", LIB27),
    ("2027-03-05 09:00", 5, "2027-03-22", "the same", LIB27),
    ("2027-03-05 09:00", 10, "2027-03-31", "the same, joint leave and Good Friday", LIB27),
    ("2027-03-05 09:00", 14, "2027-04-06", "the same", LIB27),
    ("2027-03-10 09:00", 3, "2027-03-18", "received on Lebaran", LIB27),
    ("2027-03-09 09:00", 5, "2027-03-22", "received on joint leave between Nyepi and Lebaran", LIB27),
    ("2027-03-24 09:00", 3, "2027-03-31", "joint leave, Good Friday and Easter", LIB27),
    ("2027-05-05 09:00", 3, "2027-05-11", "Ascension on a Thursday; 1 May was a Saturday", LIB27),
    ("2027-05-14 09:00", 3, "2027-05-25", "Iduladha, two joint leave days and Waisak", LIB27),
    ("2027-05-14 09:00", 10, "2027-06-04", "the same, and Pancasila", LIB27),
    ("2027-05-31 09:00", 3, "2027-06-04", "Pancasila on a Tuesday", LIB27),
    ("2027-08-16 09:00", 3, "2027-08-20", "17 August on a Tuesday", LIB27),
    ("2027-08-17 10:18", 5, "2027-08-24", "received in the minutes of the Proclamation", LIB27),
    ("2027-12-23 09:00", 3, "2027-12-29", "joint leave on Friday, Christmas on Saturday", LIB27),
    ("2027-12-25 09:00", 5, "2027-12-31", "received on Christmas, a Saturday", LIB27),
    ("2027-02-01 09:00", 60, "2027-05-10", "sixty days over Imlek, Lebaran, Easter and Ascension", LIB27),
]

pytestmark = pytest.mark.django_db


def wib(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=WIB)


#: Tuesday morning.
NOW = wib("2026-11-24 09:00")


@pytest.fixture(autouse=True)
def _people(db: None) -> None:
    account = Account.objects.create(key="x", channel="x", name="X @pemkot")
    Source.objects.create(account=account, kind="mention")
    for name, role in {"tono": Role.OFFICER, "rina": Role.ADMINISTRATOR, "eka": None}.items():
        person = Person.objects.create_user(name, password="rahasia-123")
        if role:
            give(person, role)


@pytest.fixture
def tono() -> Person:
    return Person.objects.get(username="tono")


def a_case(
    gate: Gate = Gate.COMPLAINT,
    at: datetime = NOW,
    *,
    state: State = State.RECEIVED,
    urgency: str = "normal",
    topic: str = "jalan_trotoar",
    begun: bool = True,
) -> Case:
    number = next(_numbers)
    mention = Mention.objects.create(
        channel="x", external_id=f"c{number}", source=Source.objects.get(), text="Jalan rusak", heard_at=at
    )
    Verdict.objects.create(mention=mention, kind="complaint", decision="forward", urgency=urgency, at=at)
    case = Case.objects.create(
        number=f"BKS-2026-9{number:05d}",
        mention=mention,
        kind="complaint",
        gate=gate,
        topic=topic,
        state=state,
        opened_at=at,
        changed_at=at,
    )
    if begun:
        clocks.start(case, at)
    return case


def outcomes(case: Case) -> dict[str, str]:
    """rule → outcome, of the newest round."""
    rows = Clock.objects.filter(subject=case.subject).order_by("round")
    return {row.rule: str(row.outcome) for row in rows}


def clock(case: Case, rule: str, round_: int = 1) -> Clock:
    return Clock.objects.get(subject=case.subject, rule=rule, round=round_)


class TestByHand:
    @pytest.mark.parametrize(
        ("received", "days", "last", "why", "source"), TABLE, ids=[f"{row[0]} +{row[1]}" for row in TABLE]
    )
    def test_a_limit_is_over_on_the_day_counted_by_hand(
        self, received: str, days: int, last: str, why: str, source: str
    ) -> None:
        rule = rules()[BY_LENGTH[days]]
        start, day = wib(received), date.fromisoformat(last)
        version = rule.standing(start.date())
        closing = time(16, 30) if day.isoweekday() == 5 else time(16, 0)
        assert version.length == days
        assert rule.due(start, version) == datetime.combine(day, closing, WIB), (why, source)

    def test_there_are_enough_of_them_in_each_year(self) -> None:
        assert len(TABLE) >= 60
        for year in ("2025", "2026", "2027"):
            assert sum(row[0].startswith(year) for row in TABLE) >= 15

    def test_ten_days_prolonged_by_seven_count_from_the_end_of_the_ten(self) -> None:
        received = wib("2026-03-10 09:00")
        clocks.start_for("ppid:1", ["ppid_answer"], received)
        clocks.start_for("ppid:1", ["ppid_extension"], wib("2026-03-27 10:00"))
        assert Clock.objects.get(rule="ppid_extension").due_at == wib("2026-04-10 16:30")
        assert Clock.objects.get(rule="ppid_answer").outcome == ClockOutcome.MET

    def test_three_times_24_hours_run_through_lebaran(self) -> None:
        clocks.start_for("rights:1", ["pdp_restriction"], wib("2026-03-20 22:15"))
        assert Clock.objects.get().due_at == wib("2026-03-23 22:15")


class TestSteps:
    def test_a_complaint_has_three_days_to_be_verified_and_fourteen_to_be_done(self) -> None:
        case = a_case()
        assert outcomes(case) == {"lapor_verify": "running", "completion": "running"}
        assert clock(case, "lapor_verify").due_at == wib("2026-11-27 16:30")
        assert clock(case, "completion").due_at == wib("2026-12-14 16:00")
        assert "62/2018" in clock(case, "completion").citation

    @pytest.mark.parametrize(
        ("gate", "expected"),
        [
            (Gate.INFORMATION, {"lapor_verify", "completion_simple"}),
            (Gate.ASPIRATION, {"lapor_verify", "completion"}),
            (Gate.NOT_OURS, {"lapor_verify"}),
            (Gate.EMERGENCY, {"lapor_verify", "completion", "urc_emergency"}),
        ],
    )
    def test_each_way_has_its_limits(self, gate: Gate, expected: set[str]) -> None:
        assert set(outcomes(a_case(gate))) == expected

    def test_what_presses_and_street_lights_have_the_targets_of_the_city(self) -> None:
        case = a_case(urgency="soon", topic="lampu_jalan_pju")
        assert {"urc_soon", "urc_street_light"} <= set(outcomes(case))
        assert clock(case, "urc_soon").due_at == NOW + timedelta(hours=24)
        assert all(one.internal for one in clocks.standing(case) if one.clock.rule.startswith("urc_"))

    def test_the_way_of_a_case_from_receipt_to_the_answer(self, tono: Person) -> None:
        case = a_case()
        for state, day in ((State.VERIFIED, 25), (State.ASSIGNED, 26), (State.IN_PROGRESS, 27)):
            move(case, state, tono, wib(f"2026-11-{day} 10:00"))
        assert outcomes(case)["lapor_verify"] == "met"
        assert outcomes(case)["lapor_follow_up"] == "met"
        assert clock(case, "lapor_follow_up").started_at == wib("2026-11-26 10:00")
        move(case, State.ANSWERED, tono, wib("2026-12-15 10:00"))
        assert outcomes(case)["completion"] == "missed"
        assert outcomes(case)["lapor_close"] == "running"
        move(case, State.CLOSED, tono, wib("2026-12-16 10:00"))
        assert set(outcomes(case).values()) == {"met", "missed"}

    def test_what_is_rejected_was_verified_and_needs_no_completion(self, tono: Person) -> None:
        case = a_case()
        move(case, State.REJECTED, tono, NOW + timedelta(hours=1), "Iklan.")
        assert outcomes(case) == {"lapor_verify": "met", "completion": "void"}

    def test_each_unit_that_gets_a_case_has_its_own_five_days(self, tono: Person) -> None:
        case = a_case()
        for state, day in ((State.VERIFIED, 24), (State.ASSIGNED, 25), (State.VERIFIED, 26)):
            move(case, state, tono, wib(f"2026-11-{day} 10:00"))
        assert outcomes(case)["lapor_follow_up"] == "void"
        move(case, State.ASSIGNED, tono, wib("2026-11-27 10:00"))
        again = clock(case, "lapor_follow_up")
        assert (again.outcome, again.due_at) == ("running", wib("2026-12-04 16:30"))
        assert clock(case, "completion").due_at == wib("2026-12-14 16:00"), "the citizen's time goes on"

    def test_an_answer_taken_back_was_no_answer(self, tono: Person) -> None:
        case = a_case()
        for state in (State.VERIFIED, State.ASSIGNED, State.IN_PROGRESS, State.ANSWERED, State.IN_PROGRESS):
            move(case, state, tono, NOW + timedelta(hours=1))
        assert outcomes(case)["lapor_close"] == "void"
        assert outcomes(case)["completion"] == "running"
        assert clock(case, "completion").due_at == wib("2026-12-14 16:00")

    def test_reopening_begins_another_round(self, tono: Person) -> None:
        case = a_case()
        move(case, State.REJECTED, tono, NOW, "Salah kirim.")
        reopen(case, tono, wib("2026-11-30 09:00"), "Ternyata benar.")
        assert clock(case, "completion", 2).due_at == wib("2026-12-18 16:30")
        assert not Clock.objects.filter(subject=case.subject, rule="lapor_verify", round=2).exists()
        assert clock(case, "completion", 1).outcome == ClockOutcome.VOID
        assert [one.clock.round for one in clocks.every(case)] == [2, 1, 1]

    def test_the_same_step_told_twice_changes_nothing(self) -> None:
        case = a_case()
        before = list(Clock.objects.order_by("pk").values())
        events = Event.objects.count()
        clocks.start(case, NOW + timedelta(days=1))
        clocks.moved(case, State.RECEIVED, NOW + timedelta(days=2))
        assert list(Clock.objects.order_by("pk").values()) == before
        assert Event.objects.count() == events

    def test_another_way_ends_what_no_longer_fits(self) -> None:
        case = a_case(Gate.INFORMATION)
        Case.objects.filter(pk=case.pk).update(gate=Gate.COMPLAINT)
        case.refresh_from_db()
        clocks.gate_changed(case, NOW + timedelta(days=1))
        assert outcomes(case) == {
            "lapor_verify": "running",
            "completion_simple": "void",
            "completion": "running",
        }
        assert clock(case, "completion").started_at == NOW, "the citizen has waited since then"

    def test_time_counts_from_hearing_and_not_from_the_reviewers_decision(self) -> None:
        case = a_case(begun=False)
        Mention.objects.filter(pk=case.mention_id).update(heard_at=wib("2026-11-20 09:00"))
        case.mention.refresh_from_db()
        clocks.start(case, NOW)
        assert clock(case, "lapor_verify").due_at == wib("2026-11-25 16:00")

    def test_an_officer_says_that_a_field_check_is_needed(self, tono: Person) -> None:
        case = a_case()
        clocks.choose(case, "completion_field", tono, NOW + timedelta(days=2), "Perlu cek lapangan.")
        assert outcomes(case)["completion"] == "void"
        assert clock(case, "completion_field").due_at == wib("2027-02-23 16:00")
        move(case, State.VERIFIED, tono, NOW + timedelta(days=3))
        assert outcomes(case)["completion_field"] == "running", "the choice outlives the next step"
        clocks.choose(case, "completion", tono, NOW + timedelta(days=4), "Ternyata tidak perlu.")
        assert clock(case, "completion").due_at == wib("2026-12-14 16:00")

    @pytest.mark.parametrize(
        ("rule", "note", "sentence"),
        [
            ("completion_field", " ", "alasannya"),
            ("lapor_close", "x", "tidak dapat dipilih"),
            ("tidak_ada", "x", "tidak dapat dipilih"),
        ],
    )
    def test_a_choice_that_cannot_be_is_refused_with_a_sentence(
        self, tono: Person, rule: str, note: str, sentence: str
    ) -> None:
        with pytest.raises(NotAllowed, match=sentence):
            clocks.choose(a_case(), rule, tono, NOW, note)

    def test_the_events_say_in_words_which_limits_began_and_ended(self, tono: Person) -> None:
        case = a_case()
        move(case, State.VERIFIED, tono, NOW + timedelta(hours=1))
        with override("id"):
            said = [told(one) for one in timeline(case.subject) if one.kind == "clock.changed"]
        assert said[0].startswith("Tenggat mulai: Verifikasi dan penerusan (SP4N-LAPOR!), Penyelesaian tanpa")
        assert said[1] == "Tenggat terpenuhi: Verifikasi dan penerusan (SP4N-LAPOR!)."


class TestPauses:
    def test_waiting_for_the_citizen_moves_the_end_by_the_working_days_that_passed(self) -> None:
        case = a_case()
        assert clocks.pause(case, wib("2026-11-25 10:00")) == 2
        assert clocks.standing(case)[0].standing(wib("2026-12-30 10:00")) == Standing.PAUSED
        assert clocks.resume(case, wib("2026-11-30 10:00")) == 2
        assert clock(case, "lapor_verify").due_at == wib("2026-12-02 16:00")  # Thursday, Friday, Monday
        assert clocks.resume(case, wib("2026-12-01 10:00")) == 0

    def test_what_is_over_does_not_stop(self) -> None:
        case = a_case()
        assert clocks.pause(case, wib("2026-11-30 10:00")) == 1
        assert clock(case, "lapor_verify").paused_at is None

    def test_a_question_about_data_stops_no_verification(self) -> None:
        case = a_case()
        clocks.pause(case, NOW, "Menunggu foto KTP", reason="data")
        assert clock(case, "lapor_verify").paused_at is None
        assert clock(case, "completion").paused_why == "Menunggu foto KTP"

    def test_what_ends_while_it_stands_still_is_judged_with_its_pause(self, tono: Person) -> None:
        case = a_case()
        clocks.pause(case, wib("2026-11-25 10:00"))
        move(case, State.VERIFIED, tono, wib("2026-12-10 10:00"))
        assert outcomes(case)["lapor_verify"] == "met"

    def test_nothing_that_stands_still_is_called_late(self) -> None:
        case = a_case()
        clocks.pause(case, wib("2026-11-25 10:00"))
        assert not clocks.overdue(wib("2027-01-20 10:00")).exists()
        assert clocks.look_after(wib("2027-01-20 10:00")) == 0


class TestLookingAfter:
    def test_late_and_soon_are_noted_once_each(self) -> None:
        case = a_case()
        morning = wib("2026-11-26 09:00")
        assert [row.rule for row in clocks.due_soon(morning)] == ["lapor_verify"]
        assert clocks.look_after(morning) == 1
        assert clocks.look_after(morning + timedelta(minutes=1)) == 0
        monday = wib("2026-11-30 08:00")
        assert [row.rule for row in clocks.overdue(monday)] == ["lapor_verify"]
        assert clocks.look_after(monday) == 1
        assert clocks.look_after(monday + timedelta(hours=1)) == 0
        kinds = [one.kind for one in timeline(case.subject) if one.kind != "clock.changed"]
        assert kinds == ["clock.warned", "clock.late"]

    def test_nobody_is_woken_for_an_office_clock(self) -> None:
        a_case()
        for moment in ("2026-11-27 16:31", "2026-11-28 00:00", "2026-11-29 12:00", "2026-11-30 07:29"):
            assert clocks.look_after(wib(moment)) == 0
        assert clocks.look_after(wib("2026-11-30 07:30")) == 1

    def test_clocks_of_24_hours_alarm_at_any_time(self) -> None:
        clocks.start_for("rights:7", ["pdp_erasure"], wib("2026-11-27 23:00"))
        assert clocks.look_after(wib("2026-11-29 23:30")) == 1  # a Sunday night: within the last 24 hours
        assert clocks.look_after(wib("2026-11-30 23:01")) == 1
        assert Clock.objects.get().late_at == wib("2026-11-30 23:01")

    def answered(self, tono: Person) -> Case:
        case = a_case()
        for state in (State.VERIFIED, State.ASSIGNED, State.IN_PROGRESS, State.ANSWERED):
            move(case, state, tono, NOW)
        return case

    def test_an_answer_without_a_word_closes_the_case_after_ten_working_days(self, tono: Person) -> None:
        case = self.answered(tono)
        assert clocks.look_after(wib("2026-12-08 15:00")) == 0
        clocks.look_after(wib("2026-12-09 08:00"))
        case.refresh_from_db()
        assert (case.state, outcomes(case)["lapor_close"]) == (State.CLOSED, "met")
        closing = next(one for one in timeline(case.subject) if one.data.get("new") == "closed")
        assert closing.actor is None
        assert "10 hari kerja" in closing.data["note"]

    def test_what_the_citizen_contests_is_not_closed_by_itself(self, tono: Person) -> None:
        case = self.answered(tono)
        Case.objects.filter(pk=case.pk).update(contested_at=NOW + timedelta(days=2))
        clocks.look_after(wib("2026-12-20 08:00"))
        clocks.look_after(wib("2026-12-21 08:00"))
        case.refresh_from_db()
        assert (case.state, outcomes(case)["lapor_close"]) == (State.ANSWERED, "void")

    def test_a_timer_is_nobodys_lateness(self, tono: Person) -> None:
        self.answered(tono)
        assert not clocks.overdue(wib("2027-02-01 08:00")).exists()


class TestRequests:
    def test_a_request_ends_in_time_or_late_and_only_once(self) -> None:
        for number, day in ((1, "2026-12-08 15:59"), (2, "2026-12-08 16:01")):
            clocks.start_for(f"ppid:{number}", ["ppid_answer"], NOW)
            clocks.start_for(f"ppid:{number}", ["ppid_answer"], NOW + timedelta(days=1))
            clocks.end(f"ppid:{number}", "ppid_answer", wib(day))
            clocks.end(f"ppid:{number}", "ppid_answer", wib("2027-01-04 10:00"))
        assert list(Clock.objects.order_by("pk").values_list("outcome", flat=True)) == ["met", "missed"]

    def test_ending_the_answer_ends_its_extension(self) -> None:
        clocks.start_for("ppid:1", ["ppid_answer"], NOW)
        clocks.start_for("ppid:1", ["ppid_extension"], NOW + timedelta(days=3))
        clocks.end("ppid:1", "ppid_answer", NOW + timedelta(days=15))
        assert Clock.objects.get(rule="ppid_extension").outcome == ClockOutcome.MET

    def test_an_extension_after_the_end_or_without_a_beginning_is_refused(self) -> None:
        with pytest.raises(NotAllowed, match="Tidak ada tenggat"):
            clocks.start_for("ppid:9", ["ppid_extension"], NOW)
        clocks.start_for("ppid:1", ["ppid_answer"], NOW)
        with pytest.raises(NotAllowed, match="hanya sah sebelum"):
            clocks.start_for("ppid:1", ["ppid_extension"], wib("2026-12-10 10:00"))

    def test_what_is_withdrawn_is_waited_for_no_longer(self) -> None:
        clocks.start_for("rights:1", ["pdp_access", "pdp_erasure"], NOW)
        clocks.void("rights:1", NOW)
        assert set(Clock.objects.values_list("outcome", flat=True)) == {"void"}


class TestVersions:
    def test_a_new_law_leaves_running_clocks_alone(self, settings: Any) -> None:
        old = a_case()
        table = copy.deepcopy(settings.CLOCKS)
        table["rule"]["lapor_verify"]["version"]["baru-2027"] = {
            "length": 2,
            "citation": "Aturan baru",
            "from": date(2027, 1, 1),
            "confirm": False,
        }
        settings.CLOCKS = table
        new = a_case(at=wib("2027-01-04 09:00"))
        assert (clock(old, "lapor_verify").version, clock(old, "lapor_verify").due_at) == (
            "permenpanrb-62-2018",
            wib("2026-11-27 16:30"),
        )
        assert (clock(new, "lapor_verify").version, clock(new, "lapor_verify").due_at) == (
            "baru-2027",
            wib("2027-01-07 16:00"),
        )
        assert clock(new, "lapor_verify").citation == "Aturan baru"

    def test_a_rule_that_the_file_has_lost_stays_readable(self, settings: Any) -> None:
        case = a_case()
        table = copy.deepcopy(settings.CLOCKS)
        del table["rule"]["completion"]
        settings.CLOCKS = table
        found = {one.clock.rule: one for one in clocks.standing(case)}
        assert "62/2018" in found["completion"].citation
        assert ring(found["completion"], NOW).word == "14 hari kerja lagi"

    def test_hours_of_a_special_week_are_the_offices_hours(self, settings: Any) -> None:
        table = copy.deepcopy(settings.CLOCKS)
        table["office"]["special"] = {
            "ramadan": {
                "from": date(2026, 11, 1),
                "to": date(2026, 11, 30),
                "hours": {"5": ["08:00", "15:30"]},
            }
        }
        settings.CLOCKS = table
        assert clock(a_case(), "lapor_verify").due_at == wib("2026-11-27 15:30")

    @pytest.mark.parametrize(
        ("name", "value", "sentence"),
        [
            ("unit", "weeks", "working_days"),
            ("gates", ["darurat"], "emergency"),
            ("runs", "received", "received"),
            ("warn", -1, "bilangan bulat"),
            ("name_en", "", "harus nama"),
            ("version", {}, "satu versi"),
            ("version", {"x": {"length": 0, "citation": "y"}}, "bilangan bulat"),
            ("version", {"x": {"length": 1, "citation": ""}}, "citation"),
        ],
    )
    def test_a_rule_that_cannot_be_used_is_named_in_a_sentence(
        self, settings: Any, name: str, value: Any, sentence: str
    ) -> None:
        table = copy.deepcopy(settings.CLOCKS)
        table["rule"]["completion"][name] = value
        settings.CLOCKS = table
        with pytest.raises(ImproperlyConfigured, match=sentence):
            rules()

    def test_every_rule_has_a_citation_two_names_and_says_whether_it_is_confirmed(self) -> None:
        for rule in rules().values():
            assert rule.names["id"] != rule.names["en"]
            for version in rule.versions:
                assert version.citation
                assert version.confirm == ("pastikan" in version.citation or "ditetapkan" in version.citation)


class TestWords:
    @pytest.mark.parametrize(
        ("at", "hue", "word"),
        [
            ("2026-11-24 09:00", "green", "3 hari kerja lagi"),
            ("2026-11-26 09:00", "amber", "1 hari kerja lagi"),
            ("2026-11-27 09:00", "amber", "hari ini sampai 16.30"),
            ("2026-11-27 18:00", "red", "terlambat kurang dari satu hari kerja"),
            ("2026-11-29 18:00", "red", "terlambat kurang dari satu hari kerja"),
            ("2026-12-01 09:00", "red", "terlambat 2 hari kerja"),
        ],
    )
    def test_a_ring_says_what_is_left(self, at: str, hue: str, word: str) -> None:
        case = a_case()
        with override("id"):
            shown = nearest_rings([case], wib(at))[case.pk]
        assert (shown.hue, shown.word) == (hue, word)

    def test_hours_are_said_in_hours_and_minutes(self) -> None:
        case = a_case(Gate.EMERGENCY)
        one = next(one for one in clocks.standing(case) if one.clock.rule == "urc_emergency")
        with override("id"):
            assert ring(one, NOW).word == "60 menit lagi"
            assert ring(one, NOW + timedelta(minutes=63)).word == "terlambat 3 menit"
            assert ring(one, NOW + timedelta(hours=5)).word == "terlambat 4 jam"
        assert ring(one, NOW + timedelta(minutes=30)).gone == 50


class TestPages:
    def page(self, name: str, query: str = "") -> Any:
        client = Client()
        client.force_login(
            Person.objects.get(username=name), backend="django.contrib.auth.backends.ModelBackend"
        )
        return client.get(reverse("clocks") + query)

    def test_the_list_names_the_rule_its_citation_and_what_is_left(self) -> None:
        case = a_case(at=timezone.now() - timedelta(days=10))
        shown = self.page("tono").content.decode()
        assert case.number in shown
        assert "Verifikasi dan penerusan" in shown
        assert "62/2018" in shown
        assert "terlambat" in shown

    def test_an_officer_of_a_unit_sees_its_own_and_ppid_requests_are_not_for_officers(
        self, tono: Person
    ) -> None:
        from city.models import Unit

        unit = Unit.objects.create(
            key="dlh", name="Dinas LH", short="DLH", sort="agency", valid_from=date(2017, 1, 1)
        )
        ours = a_case(at=timezone.now() - timedelta(days=10))
        other = a_case(at=timezone.now() - timedelta(days=10))
        Case.objects.filter(pk=ours.pk).update(unit=unit)
        tono.units.add(unit)
        clocks.start_for("ppid:1", ["ppid_answer"], timezone.now() - timedelta(days=40))
        shown = self.page("tono").content.decode()
        assert ours.number in shown
        assert other.number not in shown
        assert "ppid:1" not in shown
        everything = self.page("rina").content.decode()
        assert other.number in everything
        assert "ppid:1" in everything

    def test_who_may_see_nothing_sees_nothing(self) -> None:
        assert self.page("eka").status_code == 403

    def test_a_long_list_has_pages_and_filters_by_unit(self) -> None:
        for _number in range(52):
            a_case(at=timezone.now() - timedelta(days=10))
        first = self.page("tono").content.decode()
        assert first.count('class="due"') == 50
        after = first.split("sesudah=")[1].split('"')[0]
        rest = self.page("tono", f"?tampilan=terlambat&sesudah={after}").content.decode()
        assert 0 < rest.count('class="due"') < 50
        assert self.page("tono", "?unit=tidak-ada").content.decode().count('class="due"') == 0
        assert self.page("tono", "?sesudah=%C2%B2&tampilan=x").status_code == 200

    def test_an_officer_chooses_the_field_check_on_the_page_of_the_case(self, tono: Person) -> None:
        case = a_case(at=timezone.now())
        client = Client()
        client.force_login(tono, backend="django.contrib.auth.backends.ModelBackend")
        address = reverse("case_clocks", args=[case.number])
        assert "Penyelesaian dengan pemeriksaan lapangan" in client.get(address).content.decode()
        refused = client.post(address, {"rule": "completion_field", "note": ""})
        assert refused.status_code == 422
        assert "Tulis alasannya" in refused.content.decode()
        client.post(address, {"rule": "completion_field", "note": "Perlu cek lapangan."})
        assert outcomes(case)["completion_field"] == "running"


def at_once(count: int, work: Any) -> list[Any]:
    """The same work in several threads that begin together, each with its own connection."""
    gate, results = threading.Barrier(count), []

    def run() -> None:
        try:
            gate.wait()
            results.append(work())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
class TestTogether:
    def test_two_engines_note_a_late_clock_once(self) -> None:
        case = a_case()
        assert sorted(at_once(3, lambda: clocks.look_after(wib("2026-11-30 08:00")))) == [0, 0, 1]
        assert sum(one.kind == "clock.late" for one in timeline(case.subject)) == 1

    def test_two_engines_close_a_case_once(self, tono: Person) -> None:
        case = a_case()
        for state in (State.VERIFIED, State.ASSIGNED, State.IN_PROGRESS, State.ANSWERED):
            move(case, state, tono, NOW)
        at_once(3, lambda: clocks.look_after(wib("2026-12-09 08:00")))
        moves = [one.data["new"] for one in timeline(case.subject) if one.kind == "case.moved"]
        assert moves.count("closed") == 1

    def test_a_request_registered_twice_at_once_has_one_clock(self) -> None:
        at_once(3, lambda: clocks.start_for("ppid:5", ["ppid_answer"], NOW))
        assert Clock.objects.filter(subject="ppid:5").count() == 1
        assert sum(one.kind == "clock.changed" for one in timeline("ppid:5")) == 1
