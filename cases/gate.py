"""The type gate: which way a matter goes (SP4N-LAPOR!'s intake types, and two of our own)."""

from datetime import datetime

from cases.models import Case, Gate
from ledger.models import Person


def first(case: Case, now: datetime) -> None:
    """Choose the gate of a new case from its kind, authority and urgency; also its area, authority and code."""


def change(case: Case, gate: Gate, person: Person, now: datetime, note: str = "") -> Case:
    """A person sends it another way. Raises NotAllowed with a sentence."""
    raise NotImplementedError
