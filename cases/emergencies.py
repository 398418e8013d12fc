"""Emergencies: who must know at once, acknowledged by a person within minutes, escalating until it is."""

from datetime import datetime

from cases.models import Case


def first(case: Case, now: datetime) -> None:
    """Hand a new emergency to the URC and to 1500444 at once, and start its ladder."""
