"""How much waits at each unit, how often it sends cases back, and how often it is in time."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

from cases.models import ENDED, Assignment, AssignmentEnd, Case, Clock, ClockOutcome

#: What is told of the past is of this many days.
DAYS = 90


@dataclass(frozen=True, slots=True)
class InTime:
    """Limits that ended in the last ``DAYS`` days, of cases that a unit has."""

    met: int
    of: int

    @property
    def share(self) -> float | None:
        """0 to 1; None where no limit ended."""
        return self.met / self.of if self.of else None


def open_by_unit() -> dict[int, int]:
    """Open cases by unit id. One query."""
    rows = Case.objects.filter(unit__isnull=False).exclude(state__in=ENDED)
    return dict(rows.order_by().values_list("unit_id").annotate(Count("pk")))


def refused_by_unit(now: datetime) -> dict[int, int]:
    """How often each unit sent a case back in the last ``DAYS`` days. One query."""
    since = now - timedelta(days=DAYS)
    rows = Assignment.objects.filter(end=AssignmentEnd.REFUSED, ended_at__gte=since)
    return dict(rows.order_by().values_list("unit_id").annotate(Count("pk")))


def in_time(units: Collection[int], now: datetime) -> InTime:
    """How many of the limits of these units' cases were met. One query."""
    rows = Clock.objects.filter(
        case__unit__in=units,
        outcome__in=(ClockOutcome.MET, ClockOutcome.MISSED),
        ended_at__gte=now - timedelta(days=DAYS),
    )
    counted = dict(rows.order_by().values_list("outcome").annotate(Count("pk")))
    return InTime(counted.get(ClockOutcome.MET, 0), sum(counted.values()))
