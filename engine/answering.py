"""What answering wants done now and then: limits that are over, emergencies nobody has seen, spikes, proposals.

Apart from the reminders of limits nothing here depends on being called in time: what is due is found in the tables.
"""

from datetime import datetime

from cases import clocks, emergencies, open_data, proposals, replies, retention, rights, spikes
from cases.handoff import engine as handoffs
from cases.handoff import lapor
from engine.newsroom import each


def look_after(now: datetime) -> None:
    """Each minute, without a network. An emergency that nobody has acknowledged comes first."""
    each(
        now,
        emergencies.look_after,
        clocks.look_after,
        replies.look_after,
        lapor.look_after,
        rights.look_after,
        spikes.look_after,
        proposals.look_after,
    )


def nightly(now: datetime) -> None:
    """Once a local day each, in a lane of its own: a long night's work must not keep an emergency waiting.

    Asked for every minute all the same: a night in which the machine was off is made up for when it is on again.
    """
    each(now, open_data.look_after, retention.look_after)


def ask_around(now: datetime) -> None:
    """What receivers say of the matters they have; apart from the rest, because a receiver may hang."""
    each(now, _pull)


def _pull(now: datetime) -> int:
    return sum(handoffs.pull(one, now) for one in handoffs.pull_due(now))
