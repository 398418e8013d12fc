"""The next step of one delivery, whichever it is."""

from datetime import datetime

from publisher.deliver import deliver
from publisher.models import DeliveryState
from publisher.reconcile import reconcile


def advance(delivery_id: int, now: datetime) -> DeliveryState | None:
    """Send it if it is due, else find out what became of it; None when there is nothing to do now."""
    return deliver(delivery_id, now) or reconcile(delivery_id, now)
