"""What a text would lead to: the judge's word and the units that would be proposed, without storing anything."""

from dataclasses import dataclass

from cases.models import Gate
from cases.route_suggest import Suggestion, suggest_for
from cases.routes import Matter, matter
from city.places import SURE, find_one
from city.units import Heirs
from classifiers.core import judge as core
from classifiers.core.kinds import Kind
from classifiers.current import current_model
from classifiers.judge import thresholds

#: Which way a matter would go, as far as its kind tells; whether it is the city's says its authority.
_GATES = {Kind.ASPIRATION: Gate.ASPIRATION, Kind.INFORMATION_REQUEST: Gate.INFORMATION}


@dataclass(frozen=True, slots=True)
class Trial:
    """What was understood of a text, and whom it would be proposed to."""

    verdict: core.Verdict
    asked: Matter  #: as routing would look at it
    suggestions: list[Suggestion]  #: of the city's own units
    beside: list[Suggestion]  #: whom a citizen would be pointed to, were it not the city's matter


def trial(text: str, heirs: Heirs) -> Trial:
    """Judge ``text`` and look it up in the table of the heirs' day. Nothing of it is kept."""
    (verdict,) = core.judge([text], current_model(), thresholds(), deep=False)
    gate = _GATES.get(verdict.kind, Gate.COMPLAINT) if verdict.kind else Gate.COMPLAINT
    said = (str(verdict.kind or ""), verdict.topic or "", area_in(text), verdict.authority or "")
    asked = matter(*said, gate)
    outside = suggest_for(matter(*said, Gate.NOT_OURS), heirs) if asked.authority else []
    return Trial(verdict, asked, suggest_for(asked, heirs), outside)


def area_in(text: str) -> str:
    """The Kemendagri code of the surest place named in a text; "" where none is sure."""
    sure = (place.code for place in find_one(text).candidates if place.confidence >= SURE and place.code)
    return next(sure, "")
