"""Working time reckoned: what holds for any office, any zone, any days off; and a few days looked at closely."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from city.working_time import (
    Hours,
    NeverOpen,
    Office,
    add_calendar_days,
    add_office_time,
    add_working_days,
    next_working_day,
    nth_working_day,
    shift_calendar_days,
    shift_office_time,
    shift_working_days,
    worked,
    working_days_between,
)

ZONES = ["Asia/Jakarta", "Asia/Jayapura", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "UTC"]
FIRST, LAST = datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2035-12-31")
SPAN: Hours = (time(7, 30), time(16, 0))
#: Across the hours in which clocks are changed.
NIGHT: Hours = (time(0, 30), time(4, 0))
moments = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
counts = st.integers(1, 90)


@st.composite
def offices(draw: st.DrawFn) -> Office:
    """Any zone, any weekdays (at least one), and a scatter of days off that is never a whole year."""
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    weekdays = draw(st.sets(st.integers(1, 7), min_size=1))
    every = draw(st.integers(2, 40))
    span = draw(st.sampled_from([SPAN, NIGHT]))

    def hours(day: date) -> Hours | None:
        return span if day.isoweekday() in weekdays and day.toordinal() // 7 % every else None

    return Office(zone, hours)


OFFICE = Office(ZoneInfo("Asia/Jakarta"), lambda day: SPAN if day.isoweekday() < 6 else None)


def wib(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Jakarta"))


@given(offices(), moments, counts)
def test_a_limit_never_ends_on_a_day_off_nor_before_it_began(
    office: Office, start: datetime, count: int
) -> None:
    due = add_working_days(start, count, office)
    assert office.hours(office.day_of(due)) is not None
    assert due > start
    assert working_days_between(start, due, office) == count


@given(offices(), moments, counts, counts)
def test_days_added_one_after_the_other_are_days_added_at_once(
    office: Office, start: datetime, first: int, second: int
) -> None:
    between = add_working_days(start, first, office)
    assert add_working_days(between, second, office) == add_working_days(start, first + second, office)


@given(offices(), moments, moments, counts)
def test_who_comes_later_is_never_due_earlier(
    office: Office, one: datetime, other: datetime, count: int
) -> None:
    first, second = sorted((one, other))
    assert add_working_days(first, count, office) <= add_working_days(second, count, office)
    assert add_working_days(first, count, office) < add_working_days(first, count + 1, office)


@given(offices(), moments, st.integers(1, 20_000))
def test_office_time_added_is_the_office_time_that_passes(
    office: Office, start: datetime, minutes: int
) -> None:
    amount = timedelta(minutes=minutes)
    end = add_office_time(start, amount, office)
    assert worked(start, end, office) == amount
    assert worked(start, end - timedelta(minutes=1), office) < amount


@given(offices(), moments, st.lists(st.integers(0, 30 * 24 * 60), min_size=2, max_size=2))
def test_office_time_of_two_stretches_is_that_of_the_whole(
    office: Office, start: datetime, lengths: list[int]
) -> None:
    middle = start + timedelta(minutes=lengths[0])
    end = middle + timedelta(minutes=lengths[1])
    assert worked(start, middle, office) + worked(middle, end, office) == worked(start, end, office)
    assert worked(end, start, office) == timedelta(0)


@given(offices(), moments, counts, st.lists(st.integers(0, 40 * 24 * 60), min_size=2, max_size=2))
def test_two_pauses_in_a_row_move_the_end_as_much_as_one(
    office: Office, start: datetime, count: int, lengths: list[int]
) -> None:
    due = add_working_days(start, count, office)
    middle = start + timedelta(minutes=lengths[0])
    end = middle + timedelta(minutes=lengths[1])
    for shift in (shift_working_days, shift_calendar_days, shift_office_time):
        apart = shift(shift(due, start, middle, office), middle, end, office)
        assert apart == shift(due, start, end, office)
        assert apart >= due


@given(offices(), moments, counts)
def test_moments_come_out_in_utc_and_end_with_the_office(office: Office, start: datetime, count: int) -> None:
    due = add_working_days(start, count, office)
    hours = office.hours(office.day_of(due))
    assert due.utcoffset() == timedelta(0)
    assert hours is not None
    wall = due.astimezone(office.zone).time()
    assert (
        wall == hours[1] or office.moment(office.day_of(due), hours[1]) == due
    )  # moved where clocks skip it


def test_the_day_of_receipt_is_not_counted() -> None:
    for clock in ("00:00", "07:30", "16:01", "23:59"):
        assert add_working_days(wib(f"2026-11-24 {clock}"), 1, OFFICE) == wib("2026-11-25 16:00")


def test_what_comes_at_a_weekend_has_monday_as_day_one() -> None:
    assert add_working_days(wib("2026-11-28 10:00"), 1, OFFICE) == wib("2026-11-30 16:00")
    assert nth_working_day(date(2026, 11, 28), 0, OFFICE) == date(2026, 11, 28)


def test_a_pause_within_one_day_moves_nothing_and_over_a_weekend_one_day() -> None:
    due = wib("2026-11-27 16:00")
    assert shift_working_days(due, wib("2026-11-25 08:00"), wib("2026-11-25 15:00"), OFFICE) == due
    friday, monday = wib("2026-11-27 15:00"), wib("2026-11-30 08:00")
    assert shift_working_days(due, friday, monday, OFFICE) == wib("2026-11-30 16:00")


def test_office_minutes_stop_overnight_and_at_the_weekend() -> None:
    assert add_office_time(wib("2026-11-27 15:30"), timedelta(hours=1), OFFICE) == wib("2026-11-30 08:00")
    assert worked(wib("2026-11-27 15:00"), wib("2026-11-30 08:00"), OFFICE) == timedelta(hours=1, minutes=30)
    assert OFFICE.is_open(wib("2026-11-27 07:30"))
    assert not OFFICE.is_open(wib("2026-11-27 16:00"))
    assert not OFFICE.is_open(wib("2026-11-28 10:00"))


def test_calendar_days_end_with_the_day_even_on_a_sunday() -> None:
    assert add_calendar_days(wib("2026-11-26 10:00"), 3, OFFICE) == wib("2026-11-29 23:59")


def test_where_clocks_go_back_the_wall_time_stays() -> None:
    berlin = Office(ZoneInfo("Europe/Berlin"), lambda day: SPAN if day.isoweekday() < 6 else None)
    start = datetime(2026, 10, 23, 12, tzinfo=berlin.zone)  # the clocks go back on the 25th
    assert add_working_days(start, 1, berlin) == datetime(2026, 10, 26, 15, tzinfo=UTC)
    assert add_working_days(start - timedelta(days=7), 1, berlin) == datetime(2026, 10, 19, 14, tzinfo=UTC)


def test_an_office_that_never_works_says_so_instead_of_searching_forever() -> None:
    closed = Office(ZoneInfo("UTC"), lambda _day: None)
    with pytest.raises(NeverOpen):
        next_working_day(date(2026, 1, 1), closed)
    with pytest.raises(NeverOpen):
        add_office_time(datetime(2026, 1, 1, tzinfo=UTC), timedelta(hours=1), closed)
