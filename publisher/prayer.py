"""Prayer times of the city. The only place that knows the library behind them."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from adhanpy.calculation.CalculationParameters import CalculationParameters
from adhanpy.PrayerTimes import PrayerTimes
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: The five prayers in the order of the day, as they are called here.
PRAYERS: dict[str, Promise] = {
    "fajr": _("Subuh"),
    "dhuhr": _("Zuhur"),
    "asr": _("Asar"),
    "maghrib": _("Magrib"),
    "isha": _("Isya"),
}


def prayer_times(day: date) -> dict[str, datetime]:
    """The calls to prayer of a local ``day`` by name (UTC, whole minutes); {} where the sun does not rise or set.

    The method of the Ministry of Religious Affairs: Subuh 20° and Isya 18° below the horizon, shadow of Shafi'i,
    and two minutes of precaution (bimasislam.kemenag.go.id publishes its tables by the same rule).
    """
    table, city = settings.CALENDAR["prayer"], settings.CITY
    place = (float(city["latitude"]), float(city["longitude"]))
    angles = (float(table["fajr_angle"]), float(table["isha_angle"]))
    return dict(_times(day, place, angles, float(table["precaution"])))


@lru_cache(maxsize=1000)
def _times(
    day: date, place: tuple[float, float], angles: tuple[float, float], precaution: float
) -> tuple[tuple[str, datetime], ...]:
    wanted = CalculationParameters(fajr_angle=angles[0], isha_angle=angles[1])
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    try:
        found = PrayerTimes(place, midnight, calculation_parameters=wanted)
    except RuntimeError:  # beyond the polar circle
        return ()
    more = timedelta(minutes=precaution)
    return tuple((name, getattr(found, name).astimezone(UTC) + more) for name in PRAYERS)
