"""Whose matter it is: kind, topic, place and authority lead to a unit; a person chooses among the best three."""

from datetime import datetime

from cases.models import Case


def first(case: Case, now: datetime) -> None:
    """What a new case needs of routing before anybody has looked (an emergency is given to its unit at once)."""
