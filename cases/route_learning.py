"""What reassignments teach: where cases of one sort ended, and which units sent them back.

A case is settled at a unit when the unit says that it is theirs, or when a case that a person gave it is closed
there. Counted by month, topic, kecamatan and authority; a count loses half its weight in ``half_life_days``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import BooleanField, ExpressionWrapper, F, Q, Sum

from cases.models import Assignment, Case, RouteLesson
from cases.routes import Matter, matter_of
from city.units import Heirs
from publisher.mandates import day_of


@dataclass(slots=True)
class Tally:
    """What is known of one unit and one sort of matter."""

    settled: int = 0
    refused: int = 0
    weight: float = (
        0.0  #: settled less refused, each worth less the older it is; below 0 where refusals prevail
    )


@dataclass(frozen=True, slots=True)
class Tallies:
    """By unit: of the kecamatan asked about, and of the rest of the city. Empty where nothing tells."""

    here: dict[int, Tally] = field(default_factory=dict)
    elsewhere: dict[int, Tally] = field(default_factory=dict)


def tallies(asked: Matter, heirs: Heirs) -> Tallies:
    """What the past says of a matter, counted for the units that have the work now. One query, no case is read."""
    found = Tallies()
    if not asked.topic and not asked.district:
        return found
    rows = RouteLesson.objects.filter(
        topic=asked.topic,
        authority=asked.authority,
        month__gte=heirs.day - timedelta(days=_setting("horizon_days")),
        month__lte=heirs.day,
    )
    here = ExpressionWrapper(Q(area=asked.district), output_field=BooleanField())
    sums = rows.values("unit_id", "month", here=here).annotate(s=Sum("settled"), r=Sum("refused"))
    for row in sums:
        if (unit := heirs.of(row["unit_id"])) is None:
            continue
        if asked.district and row["here"]:
            _count(found.here, unit.pk, row, heirs.day)
        elif asked.topic:  # without a topic, what ended where in another kecamatan tells nothing
            _count(found.elsewhere, unit.pk, row, heirs.day)
    return found


def _count(into: dict[int, Tally], unit_id: int, row: Mapping[str, Any], day: date) -> None:
    tally = into.setdefault(unit_id, Tally())
    tally.settled += row["s"]
    tally.refused += row["r"]
    tally.weight += (row["s"] - _setting("refusal") * row["r"]) * _decay((day - row["month"]).days)


def _decay(days: int) -> float:
    return float(0.5 ** (max(0, days) / _setting("half_life_days")))


def _setting(name: str) -> Any:
    return settings.ROUTING["learning"][name]


# --- what happens


def accepted(assignment: Assignment, now: datetime) -> None:
    """The unit said that it is theirs."""
    _add(assignment, now, settled=1)


def finished(assignment: Assignment, now: datetime) -> None:
    """The case was closed at the unit. The machine's own choice, which nobody confirmed, teaches nothing."""
    if assignment.accepted_at is None and assignment.by_id is not None:
        _add(assignment, now, settled=1)


def refused(assignment: Assignment, now: datetime) -> None:
    """The unit sent it back: what its yes had taught is taken away too."""
    taken_away(assignment)
    _add(assignment, now, refused=1)


def taken_away(assignment: Assignment) -> None:
    """The case went to another unit after all: its yes was not the last word."""
    if assignment.accepted_at is not None:
        rows = RouteLesson.objects.filter(**_where(assignment, assignment.accepted_at), settled__gt=0)
        rows.update(settled=F("settled") - 1)


def _add(assignment: Assignment, at: datetime, *, settled: int = 0, refused: int = 0) -> None:
    row, _new = RouteLesson.objects.get_or_create(**_where(assignment, at))
    RouteLesson.objects.filter(pk=row.pk).update(
        settled=F("settled") + settled, refused=F("refused") + refused
    )


def _where(assignment: Assignment, at: datetime) -> dict[str, Any]:
    about = matter_of(Case.objects.get(pk=assignment.case_id))
    return {
        "topic": about.topic,
        "area": about.district,
        "authority": about.authority,
        "month": day_of(at).replace(day=1),
        "unit_id": assignment.unit_id,
    }
