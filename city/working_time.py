"""Working time: working days and office hours, reckoned. Plain Python; what is a day off, the caller says.

The day on which something is received is not counted: day one is the next working day, and a limit of n working
days is over when the office closes on day n. Moments go in aware and come out in UTC; days are the zone's days, so
a change of the clocks moves the moment and never the wall time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

#: At most so many days in a row are looked through for a working day; beyond, the office never works.
_FAR = 400
#: When a limit of calendar days is over, on its last day.
_END_OF_DAY = time(23, 59)
#: Opening and closing time of one day, on the wall.
Hours = tuple[time, time]


class NeverOpen(ValueError):
    """An office that has no working day within a year cannot keep a limit."""


@dataclass(frozen=True, slots=True)
class Office:
    """When an office works."""

    zone: ZoneInfo
    hours: Callable[[date], Hours | None]  #: None on a day off

    def day_of(self, moment: datetime) -> date:
        """The day on the office's calendar."""
        return moment.astimezone(self.zone).date()

    def moment(self, day: date, wall: time) -> datetime:
        """UTC of a wall time; one that the clocks skip lies as much later as they skip (PEP 495, fold 0)."""
        return datetime.combine(day, wall, tzinfo=self.zone).astimezone(UTC)

    def span(self, day: date) -> tuple[datetime, datetime] | None:
        """From when until when the office is open on ``day``; None on a day off."""
        hours = self.hours(day)
        return None if hours is None else (self.moment(day, hours[0]), self.moment(day, hours[1]))

    def is_open(self, moment: datetime) -> bool:
        """Whether somebody is there."""
        span = self.span(self.day_of(moment))
        return span is not None and span[0] <= moment < span[1]


def nth_working_day(day: date, count: int, office: Office) -> date:
    """The ``count``-th working day after ``day`` (0: ``day`` itself). Raises NeverOpen."""
    for _number in range(count):
        day = next_working_day(day, office)
    return day


def next_working_day(day: date, office: Office) -> date:
    """The first working day after ``day``. Raises NeverOpen."""
    for one in _days(day + timedelta(days=1)):
        if office.hours(one) is not None:
            return one
    raise NeverOpen(f"no working day within {_FAR} days after {day}")


def add_working_days(start: datetime, count: int, office: Office) -> datetime:
    """When a limit of ``count`` (1 or more) working days from ``start`` is over: closing time of the last one."""
    last = nth_working_day(office.day_of(start), count, office)
    return _closing(last, office)


def working_days_between(start: datetime, end: datetime, office: Office) -> int:
    """How many working days begin after the day of ``start``, up to the day of ``end``; 0 when there is none."""
    first, last = office.day_of(start), office.day_of(end)
    return sum(
        office.hours(first + timedelta(days=number)) is not None
        for number in range(1, max((last - first).days, 0) + 1)
    )


def add_calendar_days(start: datetime, count: int, office: Office) -> datetime:
    """When a limit of ``count`` calendar days is over: the end of that day, whether a day off or not."""
    return office.moment(office.day_of(start) + timedelta(days=count), _END_OF_DAY)


def worked(start: datetime, end: datetime, office: Office) -> timedelta:
    """Office time between two moments; zero when ``end`` is not after ``start``."""
    spans = (office.span(day) for day in _between(office.day_of(start), office.day_of(end)))
    parts = (min(end, span[1]) - max(start, span[0]) for span in spans if span)
    return sum((part for part in parts if part > timedelta(0)), timedelta(0))


def add_office_time(start: datetime, amount: timedelta, office: Office) -> datetime:
    """The moment at which ``amount`` (more than zero) of office time has passed since ``start``. Raises NeverOpen."""
    left = amount
    idle = 0
    for day in _days(office.day_of(start), far=None):
        span = office.span(day)
        idle = 0 if span else idle + 1
        if idle > _FAR:
            raise NeverOpen(f"no working day within {_FAR} days before {day}")
        if span is None or span[1] <= start:
            continue
        begin = max(start.astimezone(UTC), span[0])
        if span[1] - begin >= left:
            return begin + left
        left -= span[1] - begin
    raise NeverOpen("the calendar is over")


def shift_working_days(due: datetime, since: datetime, until: datetime, office: Office) -> datetime:
    """``due`` after the limit stood still from ``since`` until ``until``: later by the working days begun meanwhile.

    Standing still for part of one day moves nothing, and two pauses in a row move as much as one long one.
    """
    days = working_days_between(since, until, office)
    return due.astimezone(UTC) if days == 0 else add_working_days(due, days, office)


def shift_calendar_days(due: datetime, since: datetime, until: datetime, office: Office) -> datetime:
    """The same, in calendar days."""
    days = (office.day_of(until) - office.day_of(since)).days
    return due.astimezone(UTC) if days <= 0 else add_calendar_days(due, days, office)


def shift_office_time(due: datetime, since: datetime, until: datetime, office: Office) -> datetime:
    """The same, in office time."""
    passed = worked(since, until, office)
    return add_office_time(due, passed, office) if passed else due.astimezone(UTC)


def _closing(day: date, office: Office) -> datetime:
    span = office.span(day)
    return span[1] if span else office.moment(day, _END_OF_DAY)


def _between(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _days(first: date, far: int | None = _FAR) -> Iterator[date]:
    """Days from ``first`` on; without end (of the calendar) where ``far`` is None."""
    last = (date.max - first).days + 1
    return (first + timedelta(days=number) for number in range(min(far, last) if far is not None else last))
