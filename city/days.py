"""Which days are days off: national holidays, joint leave days, weekends."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache

import holidays
from django.conf import settings
from django.utils.translation import get_language

#: At most so many days in a row are looked through for a working day.
_FAR = 60


def holiday(day: date) -> str:
    """What holiday or joint leave day it is, in the language of the page; "" when it is none.

    The library knows the national holidays by their rules and by the decrees; those of later years that the moon
    decides are estimates and say so. Joint leave days of calendar.toml come on top and win.
    """
    ours: dict[str, str] = settings.CALENDAR["holidays"]["joint_leave"]
    known = _of_year(settings.CALENDAR["holidays"]["country"], day.year, _language())
    public, leave = known.get(day, ("", ""))
    return public or str(ours.get(day.isoformat(), leave))


def is_working(day: date) -> bool:
    """Whether the office works on ``day``."""
    return day.isoweekday() in settings.CALENDAR["work"]["days"] and not holiday(day)


def working_day(day: date, step: int) -> date:
    """``day`` itself when it is a working day, else the nearest one before (step -1) or after it (step 1)."""
    return next((one for one in _days(day, step) if is_working(one)), day)


def _days(day: date, step: int) -> Iterator[date]:
    return (day + timedelta(days=step * count) for count in range(_FAR))


@lru_cache(maxsize=200)
def _of_year(country: str, year: int, language: str) -> dict[date, tuple[str, str]]:
    """(public holiday, joint leave day) of each day off in a year."""
    public = _from_library(country, year, language, "public")
    leave = _from_library(country, year, language, "government")
    return {day: (public.get(day, ""), leave.get(day, "")) for day in {*public, *leave}}


def _from_library(country: str, year: int, language: str, category: str) -> dict[date, str]:
    kind = holidays.country_holidays(country)
    if category not in kind.supported_categories:
        return {}
    spoken = next((one for one in kind.supported_languages if one.startswith(language)), None)
    return dict(holidays.country_holidays(country, years=year, language=spoken, categories=category))


def _language() -> str:
    return (get_language() or settings.LANGUAGE_CODE).split("-")[0]
