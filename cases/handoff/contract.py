"""What a receiver's file takes and gives. No network library is imported here."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from cases.models import HandOff, Receiver
from channels.contract import Absent as Absent
from channels.contract import ChannelError, Probe
from channels.contract import Failure as Failure


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver has it."""

    remote_id: str = ""  #: ticket or tracking number at the receiver; "" where it gives none
    link: str = ""  #: where the receiver shows it
    #: What it answered, without personal data: {"status": 201, "message_id": "…"}. JSON.
    proof: dict[str, Any] = field(default_factory=dict)
    state: str = ""  #: what it already says of the matter, in its own word; "" nothing
    note: str = ""
    pull_in: float | None = None  #: seconds until its state is asked for; None: it is not asked


@dataclass(frozen=True, slots=True)
class Heard:
    """What a receiver says of a matter that it has, when it is asked (`pull`)."""

    state: str  #: in its own word; cases.handoff.answers maps it to ours
    note: str = ""
    at: datetime | None = None  #: UTC, as the receiver dates it; None when it does not say
    acknowledged: bool = False
    pull_in: float | None = None  #: seconds until it is asked again; None: the usual wait


class HandOffError(ChannelError):
    """Penerima tidak dapat dihubungi."""


class ByHand(Exception):
    """Nothing is wrong: a person carries this one over (a package to paste). The sentence says what to do."""


class Handing(Protocol):
    """One receiver's file. One instance serves one step of one hand-off, so it may keep what it prepared."""

    sort: str  #: cases.models.ReceiverSort
    #: The receiver takes two messages with one key (HandOff.key) as one: an unclear send is simply repeated.
    knows_key: bool

    def deliver(self, handoff: HandOff, now: datetime) -> Delivered:
        """The one call that gives it away. Raises HandOffError; UNKNOWN when it may have landed; ByHand."""
        ...

    # A class may also have these; the registry's functions ask for them:
    #   prepare(handoff, now) -> bytes
    #     All before the call that leaves nothing outside; gives the content, whose hash is kept with the try.
    #   find(handoff) -> Delivered | Absent
    #     Look for what an unclear send may have left there.
    #   pull(handoff) -> Heard | None
    #     What it says of the matter now; None: nothing new.
    #   probe(receiver) -> Probe
    #     "Uji sekarang": whether it could be reached, without giving it a case.


class Testable(Protocol):
    def probe(self, receiver: Receiver) -> Probe: ...
