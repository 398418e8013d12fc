"""Times and numbers as people say them, in the language of the page and the zone of the city."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel import dates, numbers
from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from markupsafe import Markup


def zone() -> ZoneInfo:
    """The city's zone, in which all times are shown and typed."""
    return ZoneInfo(settings.TIME_ZONE)


def language() -> str:
    """The language of the page, for Babel."""
    return (get_language() or settings.LANGUAGE_CODE).split("-")[0]


def when(moment: datetime | None) -> Markup:
    """A moment in words, with the exact local time on hover and for screen readers; "–" when not known."""
    if moment is None:
        return Markup("–")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        moment.isoformat(), exact(moment), spoken(moment, timezone.now())
    )


def exact(moment: datetime) -> str:
    """Date and time to the second with the zone's name: "24 Nov 2026 08.00.12 WIB"."""
    return dates.format_datetime(moment, "d MMM y HH.mm.ss zzz", tzinfo=zone(), locale=language())


def spoken(moment: datetime, now: datetime) -> str:
    """ "3 menit lalu", "dalam 12 menit", "besok 08.00", "24 Nov 08.00"."""
    apart = moment - now
    if abs(apart) < timedelta(hours=1):
        return _minutes(round(abs(apart) / timedelta(minutes=1)), past=apart < timedelta(0))
    days = (moment.astimezone(zone()).date() - now.astimezone(zone()).date()).days
    names = {0: _("hari ini"), 1: _("besok"), -1: _("kemarin")}
    return f"{names[days] if days in names else short_date(moment, now)} {clock(moment)}"


def _minutes(count: int, *, past: bool) -> str:
    if count == 0:
        return _("baru saja") if past else _("sebentar lagi")
    if past:
        return ngettext("%(count)d menit lalu", "%(count)d menit lalu", count) % {"count": count}
    return ngettext("dalam %(count)d menit", "dalam %(count)d menit", count) % {"count": count}


def clock(moment: datetime) -> str:
    """The local time of day: "08.00"."""
    return dates.format_time(moment, "short", tzinfo=zone(), locale=language())


def short_date(moment: datetime, now: datetime) -> str:
    """ "24 Nov"; with the year when it is another one."""
    here = moment.astimezone(zone())
    pattern = "d MMM" if here.year == now.astimezone(zone()).year else "d MMM y"
    return dates.format_date(here, pattern, locale=language())


def long_date(moment: datetime) -> str:
    """ "Selasa, 24 November 2026"."""
    return dates.format_date(moment.astimezone(zone()), "full", locale=language())


def date_words(day: date, pattern: str = "") -> str:
    """A local day in words: "Selasa, 4 November 2026", or by Babel's pattern, as "MMMM y" for "November 2026"."""
    usual = "EEEE, d MMMM y" if language() == "id" else "full"  # Babel's own Indonesian one writes 04
    return dates.format_date(day, pattern or usual, locale=language())


def day_word(day: date) -> str:
    """A day without a time: "24 November 2026"."""
    return dates.format_date(day, "d MMMM y", locale=language())


def age(moment: datetime) -> Markup:
    """How long ago, in the largest unit: "3 hari", "5 jam"."""
    span = dates.format_timedelta(timezone.now() - moment, threshold=1, locale=language())
    return Markup('<time datetime="{}" title="{}">{}</time>').format(moment.isoformat(), exact(moment), span)


def for_input(moment: datetime | None) -> str:
    """A moment as a datetime-local field takes it, in the city's zone; "" for None."""
    return moment.astimezone(zone()).strftime("%Y-%m-%dT%H:%M") if moment else ""


def from_input(text: str) -> datetime | None:
    """What a datetime-local field sent, as a moment; None when it is no time."""
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=zone())
    except ValueError:
        return None
    return moment if 2000 <= moment.year < 2200 else None  # beyond, reckoning with it leaves the calendar


def today() -> tuple[datetime, datetime]:
    """The first moment of the city's day and of the next one."""
    here: date = timezone.now().astimezone(zone()).date()
    start = datetime(here.year, here.month, here.day, tzinfo=zone())
    following = here + timedelta(days=1)
    return start, datetime(following.year, following.month, following.day, tzinfo=zone())


def number(value: int | float) -> str:
    """ "1.234" in Indonesian."""
    return numbers.format_decimal(value, locale=language())


def percent(value: float | None) -> str:
    """A probability as a whole percentage; "–" when there is none."""
    return "–" if value is None else numbers.format_percent(round(value, 2), locale=language())


def in_feed(moment: datetime) -> str:
    """A moment as a printed notice gives it; the feed is static, so nothing relative, and always Indonesian."""
    return dates.format_datetime(moment, "EEEE, d MMMM y HH.mm zzz", tzinfo=zone(), locale="id")
