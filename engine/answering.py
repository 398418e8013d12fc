"""What answering wants done now and then: limits that are over, emergencies nobody has seen, spikes, proposals."""

from datetime import datetime


def look_after(now: datetime) -> None:
    """Each minute, without a network."""


def ask_around(now: datetime) -> None:
    """What receivers say of the matters they have; apart from the rest, because a receiver may hang."""
