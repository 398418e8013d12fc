"""The work there is, and how each piece is done. Both executors run exactly these functions."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from cases.handoff import engine as handoff_engine
from cases.models import HandOff
from cases.open import open_waiting
from cases.originals import forget_unneeded
from classifiers.judge import judge_waiting
from classifiers.models import Verdict
from engine import answering
from engine.newsroom import look_after, look_back
from engine.watch import look_at_accounts
from ledger.chain import seal
from ledger.models import Event
from monitor.budget import STREAM
from monitor.hear import due_sources, hear
from monitor.inbox import drain, waiting
from monitor.models import Mention, Source
from monitor.recheck import accounts_to_check, recheck
from publisher.advance import advance
from publisher.deliver import due_deliveries, urgent_before
from publisher.models import Delivery


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work. Jobs of one lane run one after the other, everywhere."""

    #: hear, inbox, check, judge, open, deliver, handoff, seal, examine, newsroom, look_back, answering, ask_around,
    #: nightly
    kind: str
    key: str = ""  #: id of the source, delivery or hand-off; "" for the others

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.key}" if self.key else self.kind


def due_jobs(now: datetime) -> Iterator[tuple[Job, str]]:
    """Everything that wants doing at ``now``, with its lane; deliveries first."""
    for delivery, account in due_deliveries(now):
        yield Job("deliver", str(delivery)), _speak(account)
    for handoff, receiver in handoff_engine.due(now):
        yield Job("handoff", str(handoff)), _hand(receiver)
    for source in due_sources(now):
        yield Job("hear", str(source.pk)), _lane_of_source(source.account_id, source.via)
    if waiting(now):
        yield Job("inbox"), "inbox"
    for account in accounts_to_check(now):
        yield Job("check", str(account)), _hear(account)
    if Mention.objects.filter(unjudged=True).exists():
        yield Job("judge"), "judge"
    if Verdict.objects.filter(awaits_case=True).exists():
        yield Job("open"), "open"
    if Event.objects.filter(seal__isnull=True).exists():
        yield Job("seal"), "seal"


def lane_of(job: Job) -> str:
    """The lane of one job: one per account and direction, so that long hearing never delays speaking."""
    if job.kind == "deliver":
        return _speak(Delivery.objects.values_list("account_id", flat=True).get(pk=job.key))
    if job.kind == "handoff":
        return _hand(HandOff.objects.values_list("receiver_id", flat=True).get(pk=job.key))
    if job.kind == "check":
        return _hear(int(job.key))
    if job.kind == "hear":
        return _lane_of_source(*Source.objects.values_list("account_id", "via").get(pk=job.key))
    return job.kind


def run(job: Job) -> None:
    """Do one job now."""
    now = timezone.now()
    match job.kind:
        case "hear":
            hear(int(job.key), now)
        case "check":
            recheck(int(job.key), now)
        case "inbox":
            while drain(timezone.now()):
                pass
        case "judge":
            while judge_waiting(timezone.now()):
                pass
            forget_unneeded(timezone.now())
        case "open":
            open_waiting(now)
        case "examine":
            look_at_accounts(now)
        case "deliver":
            # A lane is worked off in the order in which it filled: what is urgent does not wait at its end.
            for urgent in urgent_before(int(job.key), now):
                advance(urgent, now)
            advance(int(job.key), now)
        case "handoff":
            for urgent in handoff_engine.urgent_before(int(job.key), now):
                handoff_engine.advance(urgent, now)
            handoff_engine.advance(int(job.key), now)
        case "newsroom":
            look_after(now)
        case "look_back":
            look_back(now)
        case "answering":
            answering.look_after(now)
        case "ask_around":
            answering.ask_around(now)
        case "nightly":
            answering.nightly(now)
        case "seal":
            seal()
        case _:
            raise ValueError(f"unknown work: {job.kind}")


def pipeline(now: datetime) -> None:
    """Hear every due source, work off notifications, judge and open what came of it: one round, in this thread

    (trials, tests).
    """
    for source in due_sources(now):
        hear(source.pk, now)
    while drain(now):
        pass
    while judge_waiting(now):
        pass
    while open_waiting(now):
        pass
    forget_unneeded(now)


def _speak(account: int) -> str:
    return f"speak:{account}"


def _hand(receiver: int) -> str:
    """One lane a receiver: one that hangs delays only what is for itself."""
    return f"handoff:{receiver}"


def _hear(account: int) -> str:
    return f"hear:{account}"


def _lane_of_source(account: int, via: str) -> str:
    """A stream holds its connection for a minute: the account's other sources do not wait for it."""
    return f"stream:{account}" if via == STREAM else _hear(account)
