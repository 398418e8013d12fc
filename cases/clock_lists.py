"""Clocks as they are looked at: those of one case, those that are late, those that will be soon."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet

from cases.clock_rules import Measure, Rule, rule_of, rules
from cases.models import Case, Clock, ClockOutcome
from city.office import office
from city.working_time import working_days_between


class Standing(StrEnum):
    """How a clock stands at one moment."""

    AMPLE = "ample"
    SOON = "soon"  #: within the rule's warning time
    LATE = "late"
    PAUSED = "paused"
    MET = "met"
    MISSED = "missed"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Left:
    """What is left (or over, when late): a number of working days, calendar days or minutes."""

    measure: Measure  #: WORKING_DAYS, CALENDAR_DAYS or MINUTES
    count: int


@dataclass(frozen=True, slots=True)
class Running:
    """One clock with its rule; what it says depends on the moment."""

    clock: Clock
    rule: Rule | None  #: None: clocks.toml has lost it; the clock's own citation and end still stand

    @property
    def name(self) -> str:
        return self.rule.name if self.rule else self.clock.rule

    @property
    def citation(self) -> str:
        return self.clock.citation

    @property
    def internal(self) -> bool:
        """The city's own target: not for the public."""
        return self.rule is not None and self.rule.internal

    @property
    def closes(self) -> bool:
        """No duty: when it is over the case is closed by itself."""
        return self.rule is not None and self.rule.closes

    @property
    def length(self) -> int:
        """In the rule's measure, by the version it began with; 0 where the rule is lost."""
        return self.rule.version(self.clock.version).length if self.rule else 0

    @property
    def confirm(self) -> bool:
        """Whether the city has still to confirm its figure."""
        return self.rule is not None and self.rule.version(self.clock.version).confirm

    def standing(self, now: datetime) -> Standing:
        if self.clock.outcome != ClockOutcome.RUNNING:
            return Standing(self.clock.outcome)
        if self.clock.paused_at is not None:
            return Standing.PAUSED
        if self.clock.due_at < now and not self.closes:
            return Standing.LATE
        until = self.rule.soon_until(now) if self.rule else None
        return Standing.SOON if until and self.clock.due_at <= until else Standing.AMPLE

    def left(self, now: datetime) -> Left:
        """Until its end, or since. Working days as the office counts them: 0 is the last day."""
        first, last = sorted((now, self.clock.due_at))
        match self.rule.measure if self.rule else Measure.WORKING_DAYS:
            case Measure.WORKING_DAYS:
                return Left(Measure.WORKING_DAYS, working_days_between(first, last, office()))
            case Measure.CALENDAR_DAYS:
                days = office().day_of(last) - office().day_of(first)
                return Left(Measure.CALENDAR_DAYS, days.days)
            case _:
                return Left(Measure.MINUTES, round((last - first) / timedelta(minutes=1)))

    def share(self, now: datetime) -> float:
        """How much of its time is gone, 0 to 1."""
        whole = (self.clock.due_at - self.clock.started_at) / timedelta(seconds=1)
        gone = ((self.clock.paused_at or now) - self.clock.started_at) / timedelta(seconds=1)
        return min(max(gone / whole, 0.0), 1.0) if whole > 0 else 1.0


def standing(case: Case) -> list[Running]:
    """The clocks that run for a case (or stand still), the nearest end first."""
    rows = Clock.objects.filter(subject=case.subject, outcome=ClockOutcome.RUNNING)
    return told(rows.order_by("due_at", "pk"))


def every(case: Case) -> list[Running]:
    """All clocks of a case, the newest round first: for its page."""
    return told(Clock.objects.filter(subject=case.subject).order_by("-round", "due_at", "pk"))


def told(rows: Iterable[Clock]) -> list[Running]:
    """Rows with their rules."""
    return [Running(row, rule_of(row.rule)) for row in rows]


def nearest(cases: Iterable[int]) -> dict[int, Running]:
    """For each of some cases (by id) the running duty that ends first; one query, for lists."""
    subjects = [f"case:{pk}" for pk in cases]
    rows = Clock.objects.filter(subject__in=subjects, outcome=ClockOutcome.RUNNING)
    found: dict[int, Running] = {}
    for one in told(rows.exclude(rule__in=closing()).order_by("due_at", "pk")):
        if one.clock.case_id is not None:
            found.setdefault(one.clock.case_id, one)
    return found


def running() -> QuerySet[Clock]:
    """The clocks that run and do not stand still."""
    return Clock.objects.filter(outcome=ClockOutcome.RUNNING, paused_at=None)


def overdue(now: datetime) -> QuerySet[Clock]:
    """What should have come by now, the longest late first. Timers that close a case are no duty: not among them."""
    return running().filter(due_at__lt=now).exclude(rule__in=closing()).order_by("due_at", "pk")


def due_soon(now: datetime) -> QuerySet[Clock]:
    """What is due within its rule's warning time, the nearest first."""
    rows = running().filter(due_at__gte=now).exclude(rule__in=closing())
    return rows.filter(soon(now, rules().values())).order_by("due_at", "pk")


def closing() -> list[str]:
    """Keys of the rules that are timers."""
    return [key for key, rule in rules().items() if rule.closes]


def soon(now: datetime, which: Iterable[Rule]) -> Q:
    """Due within the warning time of one of the rules; nothing where none warns."""
    warning = [(rule.key, until) for rule in which if (until := rule.soon_until(now))]
    parts = [Q(rule=key, due_at__lte=until) for key, until in warning]
    # The farthest end by itself, so that an index is read from now to there and not to its end.
    farthest = Q(due_at__lte=max(until for _key, until in warning)) if warning else Q()
    return farthest & reduce(or_, parts, Q(pk__in=[]))
