"""Which units a matter is proposed to, with reasons that a person can weigh.

The table gives a first opinion; what cases of the same topic taught moves it, then those of the same kecamatan, then
the other cases about the same happening. Each step is a Dirichlet smoothing with the step before as its prior, so a
strong line of the table gives way to many settled cases and not to a few.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import Count
from django.utils.translation import gettext as _

from cases.models import AssignmentEnd, Case, Gate, Route
from cases.route_learning import Tallies, Tally, tallies
from cases.routes import Fit, Matter, matching, words_of
from city.models import Unit, UnitSort
from city.units import Heirs, name_of_area

#: How many are proposed.
_MOST = 3
#: One step of exactness multiplies a line's share by this much: a line by topic has 2.7 times that of one by place.
_SHARE = math.exp(0.5)
#: The exactness from which on the table's word has its full strength (a line by topic); the least is a quarter.
_FULL, _LEAST = 4.0, 0.25
#: How strong the opinion so far is against the other cases of an incident, and how many of those count at most.
_INCIDENT, _INCIDENT_MOST = 2.0, 5.0


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One unit that may be right."""

    unit: Unit
    score: float  #: 0 to 1; all units together have at most 1
    why: list[str] = field(default_factory=list)  #: Indonesian sentences, the weightiest first
    refused: bool = False  #: it sent this very case back

    @property
    def redirect(self) -> str:
        """What a citizen is told where the matter is this body's; "" for the city's own units."""
        return self.unit.redirect if self.unit.sort in (UnitSort.OUTSIDE, UnitSort.COMPANY) else ""


@dataclass(slots=True)
class _Opinion:
    """Share and reasons by unit id."""

    shares: dict[int, float] = field(default_factory=dict)
    why: dict[int, list[str]] = field(default_factory=dict)

    def say(self, unit_id: int, sentence: str) -> None:
        self.why.setdefault(unit_id, []).append(sentence)


def suggest_for(asked: Matter, heirs: Heirs, case: Case | None = None) -> list[Suggestion]:
    """The best three units for a matter on the heirs' day, sorted by score; a unit that is over is never among them.

    case: with it, the other cases of its incident count, and units that refused it come last. At most five queries.
    """
    opinion, strength = _table(asked, heirs)
    _learn(opinion, strength, asked, tallies(asked, heirs))
    refused: set[int] = set()
    if case is not None:
        _incident(opinion, case, heirs)
        refused = _refused(case, heirs)
    found = [
        _suggestion(heirs.by_id[unit_id], share, opinion, refused)
        for unit_id, share in opinion.shares.items()
        if fits_gate(heirs.by_id[unit_id], asked.gate)
    ]
    found.sort(key=lambda one: (one.refused, -one.score, one.unit.short, one.unit.pk))
    return found[:_MOST]


def fits_gate(unit: Unit, gate: str) -> bool:
    """Bodies beside the city where the matter is not the city's, its own units where it is; its companies in both."""
    if unit.sort == UnitSort.COMPANY:
        return True
    return unit.outside == (gate == Gate.NOT_OURS)


def _suggestion(unit: Unit, share: float, opinion: _Opinion, refused: set[int]) -> Suggestion:
    why = opinion.why.get(unit.pk, [])
    if unit.pk in refused:
        return Suggestion(unit, 0.0, [_("Unit ini sudah menolak kasus ini."), *why], refused=True)
    return Suggestion(unit, round(share, 4), why)


# --- (a) the table


def _table(asked: Matter, heirs: Heirs) -> tuple[_Opinion, float]:
    """The table's opinion, and as how many settled cases it counts."""
    opinion, best = _Opinion(), 0.0
    for fit, unit in _usable(matching(asked, heirs.day), asked, heirs):
        if unit.pk in opinion.shares:
            continue
        best = max(best, fit.exactness)
        opinion.shares[unit.pk] = _SHARE**fit.exactness
        opinion.say(unit.pk, _line(fit.route, unit, heirs))
    total = sum(opinion.shares.values())
    opinion.shares = {unit_id: share / total for unit_id, share in opinion.shares.items()}
    firm = _LEAST + (1 - _LEAST) * min(1.0, best / _FULL)
    return opinion, firm * float(settings.ROUTING["learning"]["strength"])


def _usable(fits: Iterable[Fit], asked: Matter, heirs: Heirs) -> Iterable[tuple[Fit, Unit]]:
    for fit in fits:
        unit = heirs.of(fit.route.unit_id)
        if unit is not None and fits_gate(unit, asked.gate):
            yield fit, unit


def _line(route: Route, unit: Unit, heirs: Heirs) -> str:
    named = heirs.by_id[route.unit_id]
    said = _("Tabel rute: %(what)s → %(unit)s") % {"what": words_of(route), "unit": named.short}
    if named.pk == unit.pk:
        return said
    return _("%(line)s, kini %(heir)s") % {"line": said, "heir": unit.short}


# --- (b) what was settled before


def _learn(opinion: _Opinion, strength: float, asked: Matter, past: Tallies) -> None:
    opinion.shares = _smoothed(opinion.shares, strength, past.elsewhere)
    opinion.shares = _smoothed(opinion.shares, strength, past.here)
    place = name_of_area(asked.district)
    for unit_id in {*past.here, *past.elsewhere}:
        for sentence in _experience(unit_id, past, place):
            opinion.say(unit_id, sentence)


def _smoothed(prior: dict[int, float], strength: float, counts: dict[int, Tally]) -> dict[int, float]:
    """(strength × prior + weight) over their sum; refusals can bring a unit down to nothing and no further."""
    units = {*prior, *counts}
    weights = {
        one: strength * prior.get(one, 0.0) + (counts[one].weight if one in counts else 0.0) for one in units
    }
    total = sum(max(0.0, weight) for weight in weights.values())
    if not counts or total <= 0:
        return prior
    return {one: max(0.0, weight) / total for one, weight in weights.items()}


def _experience(unit_id: int, past: Tallies, place: str) -> Iterable[str]:
    here = past.here.get(unit_id, Tally())
    wide = past.elsewhere.get(unit_id, Tally())
    if here.settled:
        words = {"count": here.settled, "total": _total(past.here), "place": place}
        yield _("%(count)s dari %(total)s kasus serupa di %(place)s berakhir di sini") % words
    elif wide.settled:
        words = {"count": wide.settled, "total": _total(past.elsewhere)}
        said = _("%(count)s dari %(total)s kasus serupa di kecamatan lain berakhir di sini") if place else ""
        yield (said or _("%(count)s dari %(total)s kasus serupa di kota ini berakhir di sini")) % words
    if refused := here.refused or wide.refused:
        yield _("%(count)s kasus serupa ditolak unit ini") % {"count": refused}


def _total(counts: dict[int, Tally]) -> int:
    return sum(one.settled for one in counts.values())


# --- (c) the happening, and this very case


def _incident(opinion: _Opinion, case: Case, heirs: Heirs) -> None:
    """Where the other cases about the same happening are. One query, none for a case that stands alone."""
    if case.incident_id is None:
        return
    rows = Case.objects.filter(incident=case.incident_id, unit__isnull=False).exclude(pk=case.pk)
    counted = {
        unit.pk: count
        for unit_id, count in rows.values_list("unit_id").annotate(Count("pk"))
        if (unit := heirs.of(unit_id)) is not None
    }
    total = sum(counted.values())
    scale = min(1.0, _INCIDENT_MOST / total) if total else 0.0
    heard = {unit_id: Tally(weight=count * scale) for unit_id, count in counted.items()}
    opinion.shares = _smoothed(opinion.shares, _INCIDENT, heard)
    for unit_id, count in counted.items():
        words = {"count": count, "total": total}
        opinion.say(unit_id, _("%(count)s dari %(total)s kasus lain pada kejadian ini ada di sini") % words)


def _refused(case: Case, heirs: Heirs) -> set[int]:
    """Units that sent this case back, and those that took over from them. One query."""
    rows = case.assignments.filter(end=AssignmentEnd.REFUSED).values_list("unit_id", flat=True)
    return {unit.pk for unit_id in rows if (unit := heirs.of(unit_id)) is not None}
