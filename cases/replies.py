"""What a case says to its citizen, in the thread of the post."""

from datetime import datetime

from cases.models import Case, State
from ledger.models import Person


def first(case: Case, now: datetime) -> None:
    """The one automatic reply of a matter, where the rules allow it."""


def moved(case: Case, before: State, person: Person | None, now: datetime) -> None:
    """Draft (or say) what a step of the case calls for."""
