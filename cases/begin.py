"""What follows when a case is opened, in the transaction that opens it: no network, nothing that takes long."""

from datetime import datetime

from cases import clocks, emergencies, gate, replies, routing
from cases.models import Case


def begin(case: Case, now: datetime) -> None:
    """Which way it goes, what limits run, whom it concerns, who must know at once, and the citizen's receipt."""
    gate.first(case, now)
    clocks.start(case, now)
    routing.first(case, now)
    emergencies.first(case, now)
    replies.first(case, now)
