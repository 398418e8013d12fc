"""PPID as a receiver: the PPID's own desk here sees the matter at once, so nothing leaves the house.

A post is not yet a request: what is handed over is only the word that somebody wants information; the citizen is
invited to the private form by the reply, and the clock starts when that is registered (cases/information.py).
"""

from datetime import datetime

from cases.handoff.contract import Delivered
from cases.models import HandOff, ReceiverSort


class PpidDesk:
    sort = ReceiverSort.PPID
    knows_key = True  #: there is no second desk that could have it twice

    def deliver(self, handoff: HandOff, now: datetime) -> Delivered:
        return Delivered(proof={"desk": "ppid", "at": now.isoformat()})
