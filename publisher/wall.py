"""Wall time and moments. Where clocks are changed, some wall times are missing and some come twice."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Wall:
    """The moment that a wall time means."""

    moment: datetime  #: UTC
    sentence: str = ""  #: what is odd about the wall time; "" when nothing is
    #: The second moment of a wall time that comes twice; None for all others.
    other: datetime | None = None
    missing: bool = False  #: the clocks skip this wall time; ``moment`` lies as much later as they skip


def wall_to_utc(wall: datetime, zone: str, *, second: bool = False) -> Wall:
    """The moment of ``wall`` (without a zone) in the IANA ``zone``.

    A wall time that is missing is moved on by as much as the clocks are (PEP 495, fold 0); of one that comes twice
    the first is meant, or the second where ``second`` says so. Raises ValueError for a zone that does not exist.
    """
    there = zone_named(zone)
    first, last = (_utc(wall.replace(tzinfo=there, fold=fold)) for fold in (0, 1))
    if first == last:
        return Wall(first)
    if utc_to_wall(first, zone) != wall:  # in a gap, fold 0 lies after it and fold 1 before
        return Wall(first, _missing(wall, first, zone), missing=True)
    return Wall(last if second else first, _twice(wall, zone, second=second), first if second else last)


def utc_to_wall(moment: datetime, zone: str) -> datetime:
    """What the clocks on the wall show at ``moment``, without a zone."""
    return moment.astimezone(zone_named(zone)).replace(tzinfo=None, fold=0)


def local_day(moment: datetime, zone: str) -> date:
    """The calendar's day at ``moment`` in ``zone``."""
    return utc_to_wall(moment, zone).date()


def at(day: date, clock: time, zone: str) -> datetime:
    """The moment (UTC) of a time of day, without a word about a missing or double one."""
    return wall_to_utc(datetime.combine(day, clock), zone).moment


def zone_named(zone: str) -> ZoneInfo:
    """Raises ValueError with a sentence when there is no such zone."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: the name of a folder
        raise ValueError(_("Tidak ada zona waktu bernama “%(zone)s”.") % {"zone": zone}) from error


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _missing(wall: datetime, moment: datetime, zone: str) -> str:
    return _(
        "Pada %(day)s jam %(clock)s tidak ada: hari itu jam di %(zone)s dimajukan. Yang terdekat sesudahnya %(next)s."
    ) % {
        "day": f"{wall:%d-%m-%Y}",
        "clock": f"{wall:%H.%M}",
        "zone": zone,
        "next": f"{utc_to_wall(moment, zone):%H.%M}",
    }


def _twice(wall: datetime, zone: str, *, second: bool) -> str:
    which = _("yang kedua") if second else _("yang pertama")
    return _(
        "Pada %(day)s jam %(clock)s terjadi dua kali: hari itu jam di %(zone)s dimundurkan. Dipakai %(which)s."
    ) % {"day": f"{wall:%d-%m-%Y}", "clock": f"{wall:%H.%M}", "zone": zone, "which": which}
