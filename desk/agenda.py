"""What the calendar shows of some days: announcements, occurrences to come, and the bands of the rules and pauses."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from desk.words import Sign, sign
from publisher.days import holiday
from publisher.models import EDITABLE, Announcement, AnnouncementState, Pause, Series
from publisher.recurrence import next_times
from publisher.series import taken
from publisher.wall import at, local_day, utc_to_wall
from publisher.windows import Band, bands, zone

#: States in which the time may still be changed; the newsroom has the last word.
_MOVABLE = (*EDITABLE, AnnouncementState.SCHEDULED)
#: Bands that hold for a stretch of the day; the others are a point in it.
STRETCHES = ("quiet", "friday", "moment")


@dataclass(frozen=True, slots=True)
class Item:
    """One announcement in the calendar, or one that a series will bring."""

    moment: datetime
    title: str
    sign: Sign
    channels: tuple[str, ...]
    href: str
    clock: str  #: "08.00"
    at: str  #: local wall time as a datetime-local field takes it
    move: str = ""  #: address of the page that moves it; "" when it cannot be moved

    @property
    def hour(self) -> int:
        return int(self.at[11:13])


@dataclass(slots=True)
class Day:
    """One day of the calendar."""

    day: date
    today: bool
    holiday: str  #: "" when it is none
    bands: list[Band] = field(default_factory=list)  #: without the holiday
    items: list[Item] = field(default_factory=list)

    @property
    def iso(self) -> str:
        return self.day.isoformat()

    @property
    def hues(self) -> list[str]:
        """The dots under the number on a phone."""
        return [item.sign.hue for item in self.items[:4]]


@dataclass(frozen=True, slots=True)
class Hour:
    """One row of the week or the day, or several quiet ones in one."""

    clock: str  #: "08.00", or "22.00–04.00"
    cells: list["Cell"]  #: one for each day; [] for several quiet hours


@dataclass(frozen=True, slots=True)
class Cell:
    drop: str  #: "2026-11-24T08"
    names: list[str]  #: what begins here: "Magrib 17.54"
    shaded: bool  #: a rule lies on it
    paused: bool
    items: list[Item]


def days(first: date, count: int, now: datetime) -> list[Day]:
    """``count`` days from ``first`` on with all that stands in them."""
    last = first + timedelta(days=count)
    by_day: dict[date, list[Item]] = defaultdict(list)
    for item in [*_announced(first, last), *_to_come(first, last, now)]:
        by_day[local_day(item.moment, zone())].append(item)
    pauses = _pauses(first, last)
    today = local_day(now, zone())
    found_days = []
    for day in (first + timedelta(days=step) for step in range(count)):
        start, end = at(day, time(0), zone()), at(day + timedelta(days=1), time(0), zone())
        held = [band for band in pauses if band.start < end and band.end > start]
        own = [band for band in bands(day) if band.rule != "holiday"]
        items = sorted(by_day[day], key=lambda item: (item.moment, item.title))
        found_days.append(Day(day, day == today, holiday(day), [*held, *own], items))
    return found_days


def hours(shown: list[Day]) -> list[Hour]:
    """The rows of the day's hours; quiet ones with nothing in them are drawn together."""
    rows: list[Hour] = []
    silent: list[int] = []
    # What of the day before reaches into a day lies on it too.
    lying = [(day, [*bands(day.day - timedelta(days=1)), *day.bands]) for day in shown]
    for hour in range(24):
        cells = [_cell(day, hour, on_it) for day, on_it in lying]
        if all(cell.shaded and not cell.items and not cell.names for cell in cells):
            silent.append(hour)
            continue
        rows += _together(silent)
        silent = []
        rows.append(Hour(f"{hour:02}.00", cells))
    return rows + _together(silent)


def clock_of(moment: datetime) -> str:
    return f"{utc_to_wall(moment, zone()):%H.%M}"


def _together(silent: list[int]) -> list[Hour]:
    return [Hour(f"{silent[0]:02}.00–{(silent[-1] + 1) % 24:02}.00", [])] if silent else []


def _cell(day: Day, hour: int, lying: list[Band]) -> Cell:
    start = at(day.day, time(hour), zone())
    end = start + timedelta(hours=1)
    middle = start + timedelta(minutes=30)
    covering = {band.rule for band in lying if band.start <= middle < band.end}
    names = [
        f"{band.name} {clock_of(band.start)}"
        for band in day.bands
        if start <= band.start < end and band.rule not in ("quiet", "pause")
    ]
    items = [item for item in day.items if item.hour == hour]
    shaded = bool(covering & set(STRETCHES))
    return Cell(f"{day.iso}T{hour:02}", names, shaded, "pause" in covering, items)


def _announced(first: date, last: date) -> Iterable[Item]:
    rows = Announcement.proper.filter(_between("publish_at", first, last))
    shown = rows.exclude(state=AnnouncementState.CANCELLED).prefetch_related("targets")
    for row in shown:
        if row.publish_at is None:
            continue
        channels = tuple(dict.fromkeys(account.channel for account in row.targets.all()))
        move = reverse("calendar_move", args=[row.pk]) if row.state in _MOVABLE else ""
        href = reverse("announcement", args=[row.pk])
        yield _item(row.publish_at, row.title, sign("announcement", row.state), channels, href, move)


def _to_come(first: date, last: date, now: datetime) -> Iterable[Item]:
    """What series will bring and nobody has written yet."""
    since = max(now, at(first, time(0), zone()) - timedelta(microseconds=1))
    until = at(last, time(0), zone())
    if until <= now:
        return
    for series in Series.objects.filter(ended_at__isnull=True).prefetch_related("targets"):
        written = taken(series, now)
        channels = tuple(dict.fromkeys(account.channel for account in series.targets.all()))
        href = reverse("series", args=[series.pk])
        try:
            coming = next_times(series, since, (last - first).days + 1)  # at most one a day
        except ValueError:
            continue
        for one in coming:
            if one.moment < until and one.day not in written:
                yield _item(one.moment, series.title, Sign("grey", "repeat", _("seri")), channels, href, "")


def _item(moment: datetime, title: str, state: Sign, channels: tuple[str, ...], href: str, move: str) -> Item:
    wall = utc_to_wall(moment, zone())
    return Item(moment, title, state, channels, href, f"{wall:%H.%M}", f"{wall:%Y-%m-%dT%H:%M}", move)


def _pauses(first: date, last: date) -> list[Band]:
    start, end = at(first, time(0), zone()), at(last, time(0), zone())
    rows = Pause.objects.filter(Q(ended_at__isnull=True) | Q(ended_at__gt=start), started_at__lt=end)
    found = []
    for row in rows.order_by("started_at"):
        until = min(filter(None, (row.ended_at, row.ends_at)), default=end)
        name = _("Jeda: %(reason)s") % {"reason": row.reason}
        found.append(Band("pause", name, name, row.started_at, until, {}))
    return [band for band in found if band.end > start]


def _between(name: str, first: date, last: date) -> Q:
    return Q(**{f"{name}__gte": at(first, time(0), zone()), f"{name}__lt": at(last, time(0), zone())})
