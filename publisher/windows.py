"""When something may go out: quiet hours, prayers, holidays, moments of stillness, room between announcements.

The rules and their levels for each content class stand in calendar.toml. An emergency is hindered by none.
Pauses are not here: they are looked at when a delivery is claimed (publisher.pause).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from channels.models import Account
from publisher.days import holiday
from publisher.models import Announcement, AnnouncementState
from publisher.prayer import PRAYERS, prayer_times
from publisher.wall import at, local_day, utc_to_wall

REFUSE, WARN = "refuse", "warn"
EMERGENCY = "emergency"
_FRIDAY = 5
#: How far a free time is looked for, and the grid on which it is given.
_FAR, _GRID = timedelta(days=60), timedelta(minutes=5)
#: States that hold a place in the calendar.
PLACED = (
    AnnouncementState.SUBMITTED,
    AnnouncementState.APPROVED,
    AnnouncementState.SCHEDULED,
    AnnouncementState.PUBLISHING,
    AnnouncementState.PUBLISHED,
    AnnouncementState.PARTLY_PUBLISHED,
)


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of time with a rule on it."""

    rule: str  #: "quiet", "prayer", "friday", "moment" or "holiday"
    name: str  #: a short word for the calendar
    sentence: str
    start: datetime  #: UTC
    end: datetime  #: UTC, the first free moment
    levels: Mapping[str, str]  #: content class: "refuse" or "warn"


@dataclass(frozen=True, slots=True)
class Finding:
    """What speaks against a moment."""

    level: str  #: "refuse" or "warn"
    rule: str  #: as in Band, or "collision"
    sentence: str
    until: datetime  #: UTC; from then on this rule is silent
    next_free: datetime | None  #: UTC, the next time without any finding; None: none within sixty days


@dataclass(frozen=True, slots=True)
class _Other:
    """Another announcement with an account in common."""

    title: str
    moment: datetime
    account: str


def explain(
    moment: datetime,
    content_class: str,
    accounts: Iterable[Account],
    but: Announcement | None = None,
) -> list[Finding]:
    """What speaks against publishing at ``moment``, refusals first; [] when nothing does.

    ``but`` is the announcement itself, which does not collide with where it stands now.
    """
    if content_class == EMERGENCY:
        return []
    others = _others(accounts, moment, but)
    found = list(_against(moment, content_class, others))
    if not found:
        return []
    free = _free_after(moment, content_class, others)
    ordered = sorted(found, key=lambda one: one.level != REFUSE)
    return [Finding(one.level, one.rule, one.sentence, one.until, free) for one in ordered]


def refused(findings: Iterable[Finding]) -> list[Finding]:
    """Those for which the time is not accepted."""
    return [one for one in findings if one.level == REFUSE]


def free_slots(
    day: date,
    content_class: str,
    accounts: Iterable[Account],
    now: datetime,
    but: Announcement | None = None,
) -> list[datetime]:
    """The suggested times of a local ``day`` that lie after ``now`` and against which nothing speaks (UTC)."""
    wanted = list(accounts)
    moments = [at(day, time.fromisoformat(text), zone()) for text in settings.CALENDAR["slots"]["times"]]
    return [one for one in moments if one > now and not explain(one, content_class, wanted, but)]


def bands(day: date) -> list[Band]:
    """All that lies on a local ``day``, by the time at which it begins; quiet hours may end on the next one."""
    found = [*_holiday(day), *_quiet(day), *_prayers(day), *_friday(day), *_moments(day)]
    return sorted(found, key=lambda band: (band.start, band.end))


def zone() -> str:
    """The city's zone, in which the rules are meant."""
    return str(settings.CITY["timezone"])


def _against(moment: datetime, content_class: str, others: list[_Other]) -> Iterator[Finding]:
    here = local_day(moment, zone())
    for day in (here - timedelta(days=1), here):
        for band in bands(day):
            level = band.levels.get(content_class)
            if level and band.start <= moment < band.end:
                yield Finding(level, band.rule, band.sentence, band.end, None)
    yield from _collisions(moment, content_class, others)


def _collisions(moment: datetime, content_class: str, others: list[_Other]) -> Iterator[Finding]:
    table = settings.CALENDAR["collision"]
    apart, level = timedelta(minutes=table["minutes"]), table["level"].get(content_class)
    near = [one for one in others if abs(one.moment - moment) < apart]
    if not level or not near:
        return
    nearest = min(near, key=lambda one: abs(one.moment - moment))
    names = ", ".join(sorted({one.account for one in near if one.title == nearest.title}))
    sentence = _(
        "Terlalu dekat dengan “%(title)s” (%(clock)s) di %(accounts)s: beri jarak %(minutes)s menit."
    )
    values = {
        "title": nearest.title,
        "clock": _clock(nearest.moment),
        "accounts": names,
        "minutes": table["minutes"],
    }
    yield Finding(level, "collision", sentence % values, max(one.moment for one in near) + apart, None)


def _free_after(moment: datetime, content_class: str, others: list[_Other]) -> datetime | None:
    """The first moment from ``moment`` on against which nothing speaks."""
    candidate = moment
    while candidate - moment < _FAR:
        ends = [one.until for one in _against(candidate, content_class, others)]
        if not ends:
            return candidate
        candidate = _on_grid(max(ends))
    return None


def _on_grid(moment: datetime) -> datetime:
    """``moment``, or the next whole five minutes after it."""
    over = timedelta(minutes=moment.minute % 5, seconds=moment.second, microseconds=moment.microsecond)
    return moment - over + _GRID if over else moment


def _others(accounts: Iterable[Account], moment: datetime, but: Announcement | None) -> list[_Other]:
    apart = timedelta(minutes=settings.CALENDAR["collision"]["minutes"])
    rows = Announcement.proper.filter(
        state__in=PLACED,
        publish_at__gt=moment - apart,
        publish_at__lt=moment + _FAR + apart,
        targets__in=[account.pk for account in accounts],
    )
    if but is not None:
        rows = rows.exclude(pk=but.pk)
    found = rows.values_list("title", "publish_at", "targets__name")
    return [_Other(title, publish_at, account) for title, publish_at, account in found if publish_at]


def _quiet(day: date) -> Iterator[Band]:
    table = settings.CALENDAR["quiet"]
    start, end = _span(day, table)
    sentence = _("Jam tenang %(span)s: banyak warga beristirahat.") % {"span": _words(table)}
    yield Band("quiet", _("Jam tenang"), sentence, start, end, table["level"])


def _prayers(day: date) -> Iterator[Band]:
    table = settings.CALENDAR["prayer"]
    stays_free = timedelta(minutes=table["minutes"])
    for name, moment in prayer_times(day).items():
        if name == "dhuhr" and day.isoweekday() == _FRIDAY:
            continue  # the Friday prayer takes its place
        called = str(PRAYERS[name])
        sentence = _("Waktu salat %(name)s (%(clock)s): beri jeda %(minutes)s menit.") % {
            "name": called,
            "clock": _clock(moment),
            "minutes": table["minutes"],
        }
        yield Band("prayer", called, sentence, moment, moment + stays_free, table["level"])


def _friday(day: date) -> Iterator[Band]:
    table = settings.CALENDAR["friday"]
    if day.isoweekday() == _FRIDAY:
        start, end = _span(day, table)
        sentence = _("Waktu salat Jumat %(span)s.") % {"span": _words(table)}
        yield Band("friday", _("Salat Jumat"), sentence, start, end, table["level"])


def _moments(day: date) -> Iterator[Band]:
    for table in settings.CALENDAR["moments"].values():
        if (day.month, day.day) == (table["month"], table["day"]):
            start, end = _span(day, table)
            sentence = _("%(name)s %(span)s: semua kegiatan berhenti sejenak.") % {
                "name": table["name"],
                "span": _words(table),
            }
            yield Band("moment", table["name"], sentence, start, end, table["level"])


def _holiday(day: date) -> Iterator[Band]:
    if name := holiday(day):
        start, end = (at(one, time(0), zone()) for one in (day, day + timedelta(days=1)))
        sentence = _("Hari libur: %(name)s.") % {"name": name}
        yield Band("holiday", name, sentence, start, end, settings.CALENDAR["holidays"]["level"])


def _span(day: date, table: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """Start and end of a rule on ``day``; an end that is not later lies on the next day."""
    start, end = time.fromisoformat(table["start"]), time.fromisoformat(table["end"])
    last = day if end > start else day + timedelta(days=1)
    return at(day, start, zone()), at(last, end, zone())


def _words(table: Mapping[str, Any]) -> str:
    return f"{table['start']}–{table['end']}".replace(":", ".")


def _clock(moment: datetime) -> str:
    return f"{utc_to_wall(moment, zone()):%H.%M}"
