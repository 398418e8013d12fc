"""The city's own office hours: weekdays and special weeks of clocks.toml, days off of calendar.toml."""

from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from city.days import is_working
from city.working_time import Hours, Office


def office() -> Office:
    """When the coordinating office works, in the zone of city.toml."""
    return Office(ZoneInfo(settings.CITY["timezone"]), hours_on)


def hours_on(day: date) -> Hours | None:
    """Opening and closing time on ``day``; None on a day off."""
    if not is_working(day):
        return None
    table = settings.CLOCKS["office"]
    special = next((one for one in table["special"].values() if one["from"] <= day <= one["to"]), table)
    return _hours({**table["hours"], **special["hours"]}, day)


def _hours(by_weekday: dict[str, Any], day: date) -> Hours | None:
    """An empty weekday is a day off, and so is one that neither the special days nor the usual hours name."""
    span = by_weekday.get(str(day.isoweekday()))
    return (time.fromisoformat(span[0]), time.fromisoformat(span[1])) if span else None
