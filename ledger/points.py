"""Named points between two steps of a promise, where a trial may pull the plug.

A trial sets a listener that kills the process at the n-th visit of a point; without one, ``reach`` costs a
comparison. The names are listed here so that a campaign can visit every one of them.
"""

from collections.abc import Callable

#: Every point, in the order in which a post and an announcement pass them.
POINTS = (
    "hear.page_read",
    "hear.page_stored",
    "hear.pass_done",
    "judge.judged",
    "judge.stored",
    "open.before",
    "open.stored",
    "deliver.claimed",
    "deliver.prepared",
    "deliver.intent_stored",
    "deliver.sent",
    "deliver.receipt_stored",
)
#: Reached only where an outcome was not known: before and after the channel was read.
LOOKS = ("look.claimed", "look.answered")
#: Every point that a hand-off passes, and those of one whose outcome was not known.
HANDOFF_POINTS = (
    "handoff.claimed",
    "handoff.prepared",
    "handoff.intent_stored",
    "handoff.sent",
    "handoff.receipt_stored",
)
HANDOFF_LOOKS = ("handoff.look_claimed", "handoff.look_answered")
_listener: Callable[[str], None] | None = None


def listen(listener: Callable[[str], None] | None) -> None:
    """Call ``listener`` with the name of every point reached; None stops it."""
    global _listener
    _listener = listener


def reach(point: str) -> None:
    if _listener is not None:
        _listener(point)
