"""What an hour of the week usually brings, and how unlikely a number is against it. Pure functions over counts.

The usual number of an hour is that of the same hour of the week (local time) and of the hours beside it, drawn
towards the same hour of any day where few weeks are known, and raised by as much as the last three days lay above
their own habits at that hour: so a shift (sahur in Ramadan, a week of holidays) is news on its first days and none
afterwards.
The highest tenth is left out, so that a flood of last month does not hide the next one. Counts of posts scatter more
than chance alone lets them; how much more is measured, and the tail is that of a negative binomial distribution.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import count
from math import ceil, exp, lgamma, log, sqrt
from statistics import median

#: Weight of the same hour of any day, in weeks.
_PRIOR = 2
#: Days from which the scatter and the prior are measured.
_DAYS = 28
#: Least number that is expected anywhere: nothing is divided by nothing.
_LEAST = 0.1
#: A scatter beyond this says that the history itself is made of spikes.
_MOST_SPREAD = 12.0
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is usual in one hour."""

    mean: float
    spread: float  #: variance over mean: 1 for pure chance
    known: int  #: how many weeks and days it was measured from

    @property
    def careful(self) -> float:
        """The mean, raised by how little is known of it."""
        return self.mean + sqrt(self.spread * self.mean / max(1, self.known))

    def chance(self, seen: int) -> float:
        """How likely an hour brings at least ``seen``; 1 where that is no more than usual."""
        return 1.0 if seen <= self.careful else tail(seen, self.careful, self.spread)


def hour_of_week(hour: datetime, zone: tzinfo) -> int:
    """0 (Monday 00.00) to 167, by the clock of the city."""
    here = hour.astimezone(zone)
    return here.weekday() * 24 + here.hour


def days_known(history: Mapping[datetime, int], zone: tzinfo) -> int:
    """On how many local days the city listened."""
    return len({hour.astimezone(zone).date() for hour in history})


def baseline(history: Mapping[datetime, int], hour: datetime, zone: tzinfo, weeks: int) -> Baseline | None:
    """What is usual at ``hour`` (UTC, its begin); None where this hour of the day is not known at all.

    history: the hours in which the city listened, with what they brought. Hours from ``hour`` on are not looked at.
    """
    mean, known = _habit(history, hour, zone, weeks)
    if not known:
        return None
    shift = _shift(history, hour, zone, weeks)
    return Baseline(max(mean, (mean + 1) * shift - 1, _LEAST), spread_of(history, hour, zone), known)


def _habit(history: Mapping[datetime, int], hour: datetime, zone: tzinfo, weeks: int) -> tuple[float, int]:
    """The mean by the hours of the week and of the day, and from how many hours it comes."""
    week = [n for k in range(1, weeks + 1) for n in _around(history, hour, zone, 7 * k)]
    day = [n for k in range(1, _DAYS + 1) for n in _at(history, hour, zone, k)]
    weight = len(week) / 3
    mean = (weight * trimmed(week) + _PRIOR * trimmed(day or week)) / (weight + _PRIOR)
    return mean, len(week) + len(day)


def _shift(history: Mapping[datetime, int], hour: datetime, zone: tzinfo, weeks: int) -> float:
    """How many times their habit the last three days brought at this hour: the middle one of them; 1 if not known."""
    ratios = [
        (n + 1) / (_habit(history, _before(hour, zone, k), zone, weeks)[0] + 1)
        for k in (1, 2, 3)
        for n in _at(history, hour, zone, k)
    ]
    return median(ratios) if len(ratios) == 3 else 1.0


def trimmed(values: Sequence[int]) -> float:
    """The mean without the highest tenth; 0 of nothing."""
    if not values:
        return 0.0
    left_out = ceil(len(values) / 10) if len(values) >= 4 else 0
    kept = sorted(values)[: len(values) - left_out]
    return sum(kept) / len(kept)


def spread_of(history: Mapping[datetime, int], until: datetime, zone: tzinfo) -> float:
    """Variance over mean around the profile of the day, without the oddest fiftieth; at least 1."""
    recent = {hour: n for hour, n in history.items() if until - timedelta(days=_DAYS) <= hour < until}
    by_hour: dict[int, list[int]] = {}
    for hour, n in recent.items():
        by_hour.setdefault(hour.astimezone(zone).hour, []).append(n)
    usual = {hour: max(_LEAST, sum(values) / len(values)) for hour, values in by_hour.items()}
    squares = sorted((n - usual[hour]) ** 2 / usual[hour] for hour, values in by_hour.items() for n in values)
    kept = squares[: len(squares) - len(squares) // 50]
    free = len(kept) - len(usual)
    return min(_MOST_SPREAD, max(1.0, sum(kept) / free)) if free > 0 else 1.0


def tail(seen: int, mean: float, spread: float) -> float:
    """P(X >= seen) of a negative binomial with this mean and variance spread x mean (Poisson for a spread of 1)."""
    if seen <= 0:
        return 1.0
    term = exp(_log_of(seen, mean, spread))
    total, size = term, mean / (spread - 1) if spread > 1.001 else 0.0
    for n in count(seen):
        growth = (n + size) / (n + 1) * (1 - 1 / spread) if size else mean / (n + 1)
        term *= growth
        total += term
        if term <= total * 1e-9 and growth < 1:
            return min(1.0, total)
    raise AssertionError  # count() never ends


def _log_of(n: int, mean: float, spread: float) -> float:
    if spread <= 1.001:
        return n * log(mean) - mean - lgamma(n + 1)
    size = mean / (spread - 1)
    return lgamma(n + size) - lgamma(size) - lgamma(n + 1) + n * log(1 - 1 / spread) - size * log(spread)


def _around(history: Mapping[datetime, int], hour: datetime, zone: tzinfo, days: int) -> list[int]:
    """What the same local hour ``days`` days before brought, and the hours beside it, as far as they are known."""
    middle = _before(hour, zone, days)
    found = (history.get(middle + n * _HOUR) for n in (-1, 0, 1))
    return [n for n in found if n is not None]


def _at(history: Mapping[datetime, int], hour: datetime, zone: tzinfo, days: int) -> list[int]:
    found = history.get(_before(hour, zone, days))
    return [] if found is None else [found]


def _before(hour: datetime, zone: tzinfo, days: int) -> datetime:
    """The same hour by the local clock, ``days`` days earlier, in UTC."""
    here = hour.astimezone(zone)
    return (here.replace(tzinfo=None) - timedelta(days=days)).replace(tzinfo=zone).astimezone(UTC)
