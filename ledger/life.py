"""Signs of life of the engine's parts."""

from datetime import datetime

from ledger.models import Heartbeat


def beat(name: str, now: datetime, note: str = "") -> None:
    """Note that ``name`` is alive at ``now``."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": now, "note": note[:200]})


def last_beat(name: str) -> datetime | None:
    """When ``name`` last said it is alive; None when it never did."""
    return Heartbeat.objects.filter(name=name).values_list("at", flat=True).first()
