"""What the newsroom wants done now and then beside its deliveries. Nothing here is urgent; all of it can wait."""

import logging
from collections.abc import Callable
from datetime import datetime

from publisher.approval import remind
from publisher.archive import complete, read_back
from publisher.pause import note_ends
from publisher.results import due_results, read_results
from publisher.series import make_due
from publisher.stranded import strand

log = logging.getLogger(__name__)


def look_after(now: datetime) -> None:
    """Ended pauses, waiting approvals, the next occurrences of series, missing proofs: all without a channel."""
    each(now, note_ends, remind, make_due, strand, complete)


def look_back(now: datetime) -> None:
    """What the channels show of us, and how it was received. Apart from the rest, because a channel may hang."""
    each(now, read_back, _read_results)


def each(now: datetime, *tasks: Callable[[datetime], int]) -> None:
    """One that fails does not keep the others from being done."""
    for what in tasks:
        try:
            if done := what(now):
                log.info("%s: %s", what.__name__, done)
        except Exception:  # whatever it is: the others are looked after all the same
            log.exception("%s failed; the next minute tries again", what.__name__)


def _read_results(now: datetime) -> int:
    return sum(read_results(delivery, now) for delivery, _account in due_results(now))
