"""The times of a series: the rule of an APScheduler trigger, its exceptions, and what a holiday does to it.

The trigger counts wall times; each one is turned into a moment afterwards. So eight o'clock stays eight o'clock when
the clocks change, a wall time that is missing is moved on, and one that comes twice happens once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any

from apscheduler.triggers.cron import CronTrigger
from django.utils.translation import gettext as _

from publisher.days import holiday, working_day
from publisher.models import Series
from publisher.wall import local_day, wall_to_utc

#: Fields of the rule besides the time of day.
DAY_FIELDS = ("year", "month", "day", "week", "day_of_week")
ON_HOLIDAY = ("keep", "skip", "before", "after")
#: A holiday moves an occurrence by at most so many days: the longest row of days off is shorter.
_REACH = timedelta(days=31)
#: So many occurrences of the rule are looked through at most.
_PATIENCE = 2000


class BadRule(ValueError):
    """Aturan pengulangan tidak dapat dipakai."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time of a series."""

    day: date  #: the local day of the rule, which names it
    moment: datetime  #: UTC, when it goes out
    note: str = ""  #: why it is not at the day and time of the rule; "" when it is


def next_times(series: Series, now: datetime, count: int = 10) -> list[Occurrence]:
    """The next ``count`` occurrences after ``now`` in the order in which they go out.

    Two occurrences that holidays move to one moment become one: the one whose own day it is stays.
    Raises BadRule for a rule, ValueError for a zone that cannot be used.
    """
    if series.ended_at is not None and series.ended_at <= now:
        return []
    own: dict[datetime, Occurrence] = {}
    moved: dict[datetime, Occurrence] = {}
    beyond: date | None = None
    for one, shifted in islice(_all(series, now), _PATIENCE):
        if beyond is not None and one.day > beyond:
            break
        place = moved if shifted else own
        if one.moment > now:
            place.setdefault(one.moment, one)
        if beyond is None and len({**moved, **own}) >= count:
            beyond = one.day + _REACH
    found = {**moved, **own}
    return [found[moment] for moment in sorted(found)][:count]


def check_rule(rule: dict[str, str]) -> CronTrigger:
    """The trigger of ``rule``. Raises BadRule with a sentence; there is one time of day, so one occurrence a day."""
    for name in rule:
        if name not in (*DAY_FIELDS, "hour", "minute"):
            raise BadRule(_("Aturan pengulangan tidak mengenal “%(name)s”.") % {"name": name})
    clock_of(rule)
    try:
        return CronTrigger(timezone=UTC, second=0, **rule)
    except (ValueError, TypeError) as error:
        raise BadRule(_("Hari pengulangan tidak dapat dibaca: %(error)s") % {"error": error}) from error


def clock_of(rule: dict[str, str]) -> time:
    """The time of day of ``rule``. Raises BadRule when it is not one."""
    try:
        return time(int(rule["hour"]), int(rule["minute"]))
    except (KeyError, TypeError, ValueError) as error:
        raise BadRule(_("Jam pengulangan belum lengkap: isi satu jam, misalnya 08.00.")) from error


def _all(series: Series, now: datetime) -> Iterator[tuple[Occurrence, bool]]:
    """Every occurrence that may still come, with whether a holiday moved it."""
    clock = clock_of(series.rule)
    left_out = set(series.exceptions)
    for day in _days(series, local_day(now, series.zone) - _REACH):
        if day.isoformat() in left_out:
            continue
        lands, note = _through_holiday(day, series.on_holiday)
        if lands is None:
            continue
        wall = wall_to_utc(datetime.combine(lands, clock), series.zone)
        yield Occurrence(day, wall.moment, note or wall.sentence), lands != day


def _days(series: Series, since: date) -> Iterator[date]:
    """The days of the rule between the first and the last one of the series."""
    trigger = check_rule(series.rule)
    after = datetime.combine(max(series.starts_on, since), time(0), UTC)
    while (fire := trigger.get_next_fire_time(None, after)) is not None:
        if series.ends_on is not None and fire.date() > series.ends_on:
            return
        yield fire.date()
        after = datetime.combine(fire.date() + timedelta(days=1), time(0), UTC)


def _through_holiday(day: date, on_holiday: str) -> tuple[date | None, str]:
    """Where an occurrence of ``day`` lands (None: nowhere), and why."""
    name = holiday(day)
    if not name or on_holiday == "keep":
        return day, ""
    if on_holiday == "skip":
        return None, ""
    lands = working_day(day, -1 if on_holiday == "before" else 1)
    return lands, _("%(day)s libur (%(name)s), maka dipindahkan.") % {"day": f"{day:%d-%m-%Y}", "name": name}


def weekly(days: list[str], clock: time) -> dict[str, Any]:
    """The rule of certain days of the week ("mon", ..., "sun")."""
    return {"day_of_week": ",".join(days), **_at(clock)}


def monthly(day: str, clock: time) -> dict[str, Any]:
    """The rule of a day of the month: "1" to "31", "last", or "2nd fri", "last mon"."""
    return {"day": day, **_at(clock)}


def yearly(month: int, day: int, clock: time) -> dict[str, Any]:
    """The rule of one date a year."""
    return {"month": str(month), "day": str(day), **_at(clock)}


def daily(clock: time) -> dict[str, Any]:
    """The rule of every day."""
    return {"day_of_week": "*", **_at(clock)}


def _at(clock: time) -> dict[str, str]:
    return {"hour": str(clock.hour), "minute": str(clock.minute)}
