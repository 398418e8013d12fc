"""Writing events, sealing them into a hash chain, and checking the chain.

Sealing is a step of its own: an event is written in the transaction of the thing it tells of, and one sealer
chains the committed rows later. So no transaction waits for another one's event, and two that write events can
never block each other.
"""

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from ledger.life import beat
from ledger.models import Event, Heartbeat, Person

#: PostgreSQL advisory lock held by the sealer for its transaction; any constant that nothing else uses.
_SEALER_LOCK = 0x4B_45_4E_54


def record(
    kind: str, subject: str, /, *, actor: Person | None = None, at: datetime | None = None, **data: Any
) -> Event:
    """Add one event to the ledger, in the caller's transaction."""
    return Event.objects.create(kind=kind, subject=subject, actor=actor, at=at or timezone.now(), data=data)


def timeline(subject: str) -> list[Event]:
    """The events of one subject, oldest first."""
    return list(Event.objects.filter(subject=subject).select_related("actor").order_by("id"))


@transaction.atomic
def seal(limit: int = 2000) -> int:
    """Chain up to ``limit`` committed events that are not yet sealed; gives how many were sealed."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SEALER_LOCK])
    last = Event.objects.filter(seal__isnull=False).order_by("-seal").first()
    number, previous = (last.seal or 0, last.hash) if last else (0, "")
    rows = list(Event.objects.filter(seal__isnull=True).order_by("id")[:limit])
    for row in rows:
        number += 1
        previous = _hash(previous, number, row)
        row.seal, row.hash = number, previous
    Event.objects.bulk_update(rows, ["seal", "hash"], batch_size=200)
    return len(rows)


def broken_at() -> int | None:
    """The first seal number whose hash does not follow from the one before it; None when the chain holds."""
    previous = ""
    sealed = Event.objects.filter(seal__isnull=False).order_by("seal")
    for expected, row in enumerate(sealed.iterator(chunk_size=1000), 1):
        if row.seal != expected or row.hash != _hash(previous, expected, row):
            return expected
        previous = row.hash
    return None


#: A seal that was verified, and its hash; (0, "") is the beginning.
Head = tuple[int, str]
#: Under this name the verified head is kept among the signs of life: "seal hash" in its note.
_VERIFIED = "ledger.verified"


def verify_on(head: Head, limit: int = 50_000) -> tuple[int | None, Head]:
    """Check up to ``limit`` events from ``head`` on; gives the first seal that does not follow (None: all do),

    and the new head. That the row of ``head`` still has its hash is checked too.
    """
    number, previous = head
    sealed = Event.objects.filter(seal__isnull=False).order_by("seal")
    if number and not sealed.filter(seal=number, hash=previous).exists():
        return number, head
    rows = sealed.filter(seal__gt=number)[:limit]
    for row in rows.iterator(chunk_size=1000):
        number += 1
        if row.seal != number or row.hash != _hash(previous, number, row):
            return number, head
        previous = row.hash
    return None, (number, previous)


def verified_head() -> Head:
    """The head that keep_head kept last."""
    note = Heartbeat.objects.filter(name=_VERIFIED).values_list("note", flat=True).first()
    number, _space, hash_of_it = (note or "0 ").partition(" ")
    return int(number), hash_of_it


def keep_head(head: Head, now: datetime) -> None:
    """Remember how far the chain was verified."""
    beat(_VERIFIED, now, f"{head[0]} {head[1]}")


def _hash(previous: str, number: int, row: Event) -> str:
    content = [previous, number, row.pk, row.at.isoformat(), row.kind, row.subject, row.actor_id, row.data]
    body = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
