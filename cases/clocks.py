"""The limits that run for a case: which begin, what stops them, and which are over."""

from datetime import datetime

from cases.models import Case, State


def start(case: Case, now: datetime) -> None:
    """Start the clocks of a new (or reopened) case, by its gate and clocks.toml."""


def moved(case: Case, before: State, now: datetime) -> None:
    """What a step of the case does to its clocks: met, missed, paused, resumed or void."""
