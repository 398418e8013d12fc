"""The figures of the transparency page: a few aggregates over the cases, with small numbers hidden.

All of them come from GROUP BY queries over the cases of the last days (privacy.toml, [transparency]); what is then
reckoned here is as many rows as there are groups, so that two hundred thousand cases take a moment. They are kept for
an hour, so that nobody can make the database work by asking again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.cache import cache
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate, TruncWeek

from cases.clock_rules import rules
from cases.models import ENDED, Case, Clock, ClockOutcome, State
from city import working_time
from city.gazetteer import places
from city.models import Unit
from city.office import office

#: Weeks of the series.
WEEKS = 12


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: its name, and its figures; None where fewer than the least stand behind it."""

    key: str
    name: str
    count: int | None
    value: float | None = None  #: what the table is about: a median, a share; None: hidden or unknown


@dataclass(frozen=True, slots=True)
class Figures:
    """All that the page shows."""

    at: datetime
    since: date
    least: int
    response: list[Row] = field(default_factory=list)  #: by unit: median working days to the first answer
    on_time: list[Row] = field(default_factory=list)  #: by unit: share of limits by law that were met, 0 to 1
    topics: list[Row] = field(default_factory=list)  #: open cases by topic
    areas: list[Row] = field(default_factory=list)  #: cases by kelurahan; key is its code
    weeks: list[Row] = field(default_factory=list)  #: first answers by week; key is its Monday


def figures(now: datetime) -> Figures:
    """As reckoned within the last hour (privacy.toml, [transparency] keep)."""
    known = cache.get("figures")
    if isinstance(known, Figures):
        return known
    made = reckon(now)
    cache.set("figures", made, settings.PRIVACY["transparency"]["keep"])
    return made


def reckon(now: datetime) -> Figures:
    """The figures at ``now``."""
    table = settings.PRIVACY["transparency"]
    since = _midnight(now - timedelta(days=table["days"]))
    least = table["least"]
    return Figures(
        at=now,
        since=since.date(),
        least=least,
        response=_response(since, least),
        on_time=_on_time(since, now, least),
        topics=_topics(least),
        areas=_areas(since, least),
        weeks=_weeks(now, least),
    )


def median(counts: Mapping[int, int]) -> float:
    """The median of values given with how often each occurs. Raises ValueError for none."""
    total = sum(counts.values())
    if not total:
        raise ValueError("no values")
    lower, upper = (total - 1) // 2, total // 2
    return (_nth(counts, lower) + _nth(counts, upper)) / 2


def _nth(counts: Mapping[int, int], place: int) -> int:
    for value in sorted(counts):
        if place < counts[value]:
            return value
        place -= counts[value]
    raise ValueError("beyond the last")


def _cases() -> QuerySet[Case]:
    """What counts: each matter once, and nobody who wants not to be used."""
    return Case.objects.exclude(state=State.DUPLICATE).filter(mention__restricted_at__isnull=True)


def _response(since: datetime, least: int) -> list[Row]:
    zone = _zone()
    rows = (
        _cases()
        .filter(opened_at__gte=since, answered_at__isnull=False, unit__isnull=False)
        .annotate(begun=TruncDate("opened_at", tzinfo=zone), told=TruncDate("answered_at", tzinfo=zone))
        .order_by()
        .values_list("unit", "begun", "told")
        .annotate(Count("pk"))
    )
    days: dict[int, Counter[int]] = {}
    known: dict[tuple[date, date], int] = {}
    for unit, begun, told, count in rows:
        if (begun, told) not in known:
            known[begun, told] = _working_days(begun, told)
        days.setdefault(unit, Counter())[known[begun, told]] += count
    names = _units(days)
    made = [_row(str(unit), names[unit], total.total(), median(total), least) for unit, total in days.items()]
    return sorted(made, key=lambda row: (row.value is None, row.value or 0, row.name))


def _on_time(since: datetime, now: datetime, least: int) -> list[Row]:
    """Limits by law that ended, or are over without having ended; the house's own targets do not count."""
    own = [key for key, rule in rules().items() if rule.internal]
    late = Q(outcome=ClockOutcome.MISSED) | Q(
        outcome=ClockOutcome.RUNNING, paused_at__isnull=True, due_at__lt=now
    )
    rows = (
        Clock.objects.filter(
            case__opened_at__gte=since, case__unit__isnull=False, case__mention__restricted_at__isnull=True
        )
        .exclude(rule__in=own)
        .order_by()
        .values_list("case__unit")
        .annotate(met=Count("pk", filter=Q(outcome=ClockOutcome.MET)), missed=Count("pk", filter=late))
    )
    found = {unit: (met, met + missed) for unit, met, missed in rows if met + missed}
    names = _units(found)
    made = [
        _row(str(unit), names[unit], total, met / total, least)
        if min(met, total - met) == 0 or min(met, total - met) >= least or total >= 4 * least
        else Row(str(unit), names[unit], None)
        for unit, (met, total) in found.items()
    ]
    return sorted(made, key=lambda row: (row.value is None, -(row.value or 0), row.name))


def _topics(least: int) -> list[Row]:
    open_ones = _cases().exclude(state__in=ENDED).order_by().values_list("topic").annotate(Count("pk"))
    return _by_count([_row(topic, topic, count, None, least) for topic, count in open_ones])


def _areas(since: datetime, least: int) -> list[Row]:
    """By kelurahan, in the order of their codes; those without a case stand there with 0."""
    rows = _cases().filter(opened_at__gte=since).order_by().values_list("area").annotate(Count("pk"))
    counts = dict(rows)
    small = [one for one in places() if one.level == "kelurahan"]
    return [_row(one.code, one.name, counts.get(one.code, 0), None, least) for one in small]


def _weeks(now: datetime, least: int) -> list[Row]:
    """The last whole weeks; the week that runs would say too little."""
    zone = _zone()
    here = now.astimezone(zone).date()
    monday = here - timedelta(days=here.weekday())
    first = monday - timedelta(weeks=WEEKS)
    rows = (
        _cases()
        .filter(answered_at__gte=_start(first), answered_at__lt=_start(monday))
        .annotate(week=TruncWeek("answered_at", tzinfo=zone))
        .order_by()
        .values_list("week")
        .annotate(Count("pk"))
    )
    counts = {week.date(): count for week, count in rows}
    weeks = [first + timedelta(weeks=number) for number in range(WEEKS)]
    return [_row(week.isoformat(), week.isoformat(), counts.get(week, 0), None, least) for week in weeks]


def _row(key: str, name: str, count: int, value: float | None, least: int) -> Row:
    """Zero tells nothing of anybody; one to ``least`` - 1 would."""
    if 0 < count < least:
        return Row(key, name, None)
    return Row(key, name, count, value)


def _by_count(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (-(row.count or 0), row.name))


def _units(keys: Iterable[int]) -> dict[int, str]:
    return dict(Unit.objects.filter(pk__in=list(keys)).values_list("pk", "name"))


def _working_days(begun: date, told: date) -> int:
    """Working days that began after the day of receipt, as the limits count."""
    return working_time.working_days_between(_noon(begun), _noon(told), office())


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.CITY["timezone"])


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=_zone())


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=_zone())


def _midnight(moment: datetime) -> datetime:
    return _start(moment.astimezone(_zone()).date())
