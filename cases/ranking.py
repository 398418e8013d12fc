"""In which order incidents, and emergencies that nobody else speaks of, want a person."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from math import log2
from typing import Any

from django.db.models import Count, F, Max, Min, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Concat, NullIf

from cases.incidents import told_at
from cases.models import ENDED, Case, Incident, IncidentState, State
from classifiers.core.urgency import Level

#: In these states nobody waits for a first word any more.
_SETTLED = [*ENDED, State.ANSWERED]
_TOLD = Coalesce("cases__mention__posted_at", "cases__mention__heard_at")
#: Who wrote it: the platform's id of the account, else its name. All whose names a platform hides count as one,
#: because they cannot be told apart.
_AUTHOR = Concat(
    F("cases__mention__channel"),
    Value(":"),
    Coalesce(NullIf("cases__mention__author_id", Value("")), F("cases__mention__author")),
)


@dataclass(slots=True)
class Standing:
    """One row of the list: an incident, or a single case in which an emergency waits."""

    incident: Incident | None
    case: Case | None  #: None for an incident
    posts: int  #: cases and word-for-word copies of their posts
    people: int  #: distinct accounts that wrote in words of their own
    since: datetime  #: when the first post was written
    last: datetime  #: when the newest one was
    urgency: str  #: the highest of the cases that wait; "" when nothing presses
    waiting: datetime | None = None  #: since when its longest waiting emergency waits; None: none does
    turn: int = 0  #: how many emergencies of the same accounts stand before this one
    authors: set[str] = field(default_factory=set)  #: of its waiting emergencies

    @property
    def weight(self) -> float:
        """What an incident without emergency weighs: each doubling of its people counts one, danger near one."""
        return log2(1 + self.people) + (1 if self.urgency == Level.SOON else 0)


def counted(incidents: QuerySet[Incident]) -> QuerySet[Any]:
    """Each with posts, people, since, last, and how many of its waiting cases are ``soon``; in one query."""
    waits = ~Q(cases__state__in=_SETTLED)
    return incidents.annotate(
        own=Count("cases", distinct=True),
        copies=Count("cases__mention__copies", distinct=True),
        people=Count(_AUTHOR, distinct=True),
        since=Min(_TOLD),
        last=Max(_TOLD),
        soon=Count(
            "cases", distinct=True, filter=waits & Q(cases__mention__verdict__urgency=Level.SOON.value)
        ),
        urgent=Count(
            "cases", distinct=True, filter=waits & Q(cases__mention__verdict__urgency=Level.EMERGENCY.value)
        ),
    )


def ranked() -> list[Standing]:
    """Open incidents and single emergencies, the most pressing first.

    1. Wherever an emergency waits (its case neither answered nor ended), the one that waits longest comes first. How
       many speak of it does not matter: one quiet voice and forty loud ones are equal. Accounts take turns: a second
       emergency of the same account comes after the first one of everybody else, so an account that cries fire forty
       times holds up others once.
    2. Then the incidents without one, by the number of accounts that wrote in their own words, not of posts: each
       doubling counts one, and so does danger that is near (``soon``). Equal ones: the older first.
    Forty posts of one account count as one; so do those of all authors whom a platform hides.
    """
    rows = counted(Incident.objects.filter(state=IncidentState.OPEN))
    standings = {one.pk: standing_of(one) for one in rows}
    alone: list[Standing] = []
    for case in _emergencies():
        found = standings.get(case.incident_id or 0)
        if found is None:
            alone.append(found := _single(case))
        _note(found, case)
    pressing = [one for one in (*standings.values(), *alone) if one.waiting]
    rest = [one for one in standings.values() if not one.waiting]
    return [*_in_turns(pressing), *sorted(rest, key=lambda one: (-one.weight, one.since))]


def standing_of(incident: Any) -> Standing:
    """The row of one incident out of ``counted``."""
    urgency = Level.EMERGENCY.value if incident.urgent else Level.SOON.value if incident.soon else ""
    since, last = incident.since or incident.opened_at, incident.last or incident.last_at
    return Standing(incident, None, incident.own + incident.copies, incident.people, since, last, urgency)


def _emergencies() -> QuerySet[Case]:
    """Every case in which an emergency waits, whatever became of its incident: closing never hides one."""
    waiting = Case.objects.filter(mention__verdict__urgency=Level.EMERGENCY.value).exclude(state__in=_SETTLED)
    return waiting.select_related("mention").annotate(copies=Count("mention__copies")).order_by("pk")


def _single(case: Any) -> Standing:
    said = told_at(case.mention)
    return Standing(None, case, 1 + case.copies, 1, said, said, Level.EMERGENCY.value)


def _note(standing: Standing, case: Case) -> None:
    """Add one waiting emergency to its row."""
    mention, said = case.mention, told_at(case.mention)
    standing.waiting = min(standing.waiting or said, said)
    # Where the name is hidden each one counts for itself: nobody in danger is put back for what a platform hides.
    who = mention.author_id or mention.author or f"?{case.pk}"
    standing.authors.add(f"{mention.channel}:{who}")


def _in_turns(pressing: Iterable[Standing]) -> list[Standing]:
    """By waiting time; whoever has called already comes after those who have not."""
    calls: Counter[str] = Counter()
    first = sorted(pressing, key=lambda one: (one.waiting or one.since, one.posts))
    for one in first:
        one.turn = min(calls[author] for author in one.authors)
        calls.update(one.authors)
    return sorted(first, key=lambda one: one.turn)  # stable: within a turn by waiting time
