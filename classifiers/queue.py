"""Which post a reviewer sees next: emergencies first, then a mix of old, doubtful, unlike and random ones.

An item is kept for whoever sees it (a lease), so that two never read the same one by accident. Which mentions belong
to the random sample, and which are read by two people, is decided by keyed hashes of the mention's id: no model and
no reviewer has a say in it, and nobody outside can tell.
"""

import hashlib
import hmac
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from classifiers.core.order import Candidate, Slot, choose, rarest
from classifiers.core.urgency import Level
from classifiers.models import Review, SecondReading, Verdict
from ledger.models import Person

#: How many of the oldest and of the most doubtful items are compared, and with how many reviewed ones.
_REACH, _LATELY = 60, 200


def is_audit(mention_id: int) -> bool:
    """Whether a mention belongs to the random sample that measures the judge."""
    return _drawn("audit", mention_id, settings.JUDGING["learning"]["audit"])


def is_doubled(mention_id: int) -> bool:
    """Whether a mention, once it is reviewed, is decided by a second person too."""
    return _drawn("double", mention_id, settings.JUDGING["learning"]["double"])


def _drawn(what: str, mention_id: int, share: float) -> bool:
    key = hashlib.sha256(f"kentongan {what} 1:{settings.SECRET_KEY}".encode()).digest()
    digest = hmac.new(key, str(mention_id).encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:8]) < share * 2**64


def waiting() -> QuerySet[Verdict]:
    """Verdicts on which nobody has decided yet, oldest first."""
    return Verdict.objects.filter(awaits_review=True).select_related("mention").order_by("id")


def waiting_for(person: Person) -> QuerySet[Verdict]:
    """What ``person`` may decide: all that waits, and what somebody else decided and a second person must read."""
    read = Review.objects.filter(verdict=OuterRef("pk"), reviewer=person, undone_at__isnull=True)
    again = SecondReading.objects.filter(verdict=OuterRef("pk"), reader=person, undone_at__isnull=True)
    second = Q(awaits_second=True) & ~Exists(read) & ~Exists(again)
    open_to = Verdict.objects.filter(Q(awaits_review=True) | second)
    return open_to.select_related("mention").order_by("id")


def take(person: Person, skipped: Collection[int], now: datetime) -> Verdict | None:
    """The next item for ``person``, leased; the one already leased comes again. None when nothing is free."""
    free = waiting_for(person).exclude(pk__in=skipped)
    held = free.filter(leased_to=person, leased_until__gt=now).first()
    if held is not None:
        return held
    free = free.filter(_unleased(now))
    for urgent in _emergencies(free)[:_REACH]:
        if lease(urgent.pk, person, now):
            return urgent
    return _mixed(free, person, now)


def _mixed(free: QuerySet[Verdict], person: Person, now: datetime) -> Verdict | None:
    lately, turn = _lately(), Review.objects.filter(reviewer=person, undone_at__isnull=True).count()
    pool = {row.pk: row for row in _pool(free, rarest(lately))}
    mix = [Slot(word) for word in settings.JUDGING["learning"]["mix"]]
    while pool:
        found = choose(mix, turn, [_candidate(row) for row in pool.values()], lately)
        if found is None:
            return None
        row = pool.pop(found.id)
        if lease(row.pk, person, now):
            return row
    return None


def lease(verdict_id: int, person: Person, now: datetime) -> bool:
    """Keep one item for ``person``; False when another one was faster."""
    until = now + timedelta(minutes=settings.JUDGING["learning"]["lease"])
    rows = Verdict.objects.filter(_unleased(now) | Q(leased_to=person), pk=verdict_id)
    return bool(rows.update(leased_to=person, leased_until=until))


def release(verdict_id: int, person: Person) -> None:
    """Give back an item that ``person`` will not decide now."""
    Verdict.objects.filter(pk=verdict_id, leased_to=person).update(leased_to=None, leased_until=None)


def _unleased(now: datetime) -> Q:
    return Q(leased_until__isnull=True) | Q(leased_until__lte=now)


def _emergencies(rows: QuerySet[Verdict]) -> QuerySet[Verdict]:
    """Danger to life or property, oldest first."""
    return rows.filter(urgency=Level.EMERGENCY.value)


def _pool(free: QuerySet[Verdict], rare: str) -> list[Verdict]:
    """The oldest, the most doubtful, those most likely of kind ``rare``, and the random sample; oldest first."""
    parts: Iterable[QuerySet[Verdict]] = (
        free[:_REACH],
        free.order_by("-doubt", "id")[:_REACH],
        free.filter(kind=rare).order_by("-probability", "id")[:_REACH],
        free.filter(audit=True)[:_REACH],
    )
    found = {row.pk: row for part in parts for row in part}
    return [found[pk] for pk in sorted(found)]


def _lately() -> list[Candidate]:
    rows = Review.objects.filter(undone_at__isnull=True).select_related("verdict__mention").order_by("-id")
    return [_candidate(review.verdict, review.kind) for review in rows[:_LATELY]]


def _candidate(verdict: Verdict, decided: str = "") -> Candidate:
    return Candidate(
        id=verdict.pk,
        text=verdict.mention.text,
        doubt=verdict.doubt,
        chances=verdict.probabilities or {},
        kind=decided,
        topic=verdict.topic,
        source=str(verdict.mention.source_id),
        audit=verdict.audit,
    )
