"""How much an account may publish: counted in the table, so that all processes share one allowance."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Min, QuerySet

from publisher.models import Act, Delivery, DeliveryState

#: Deliveries that count: what appeared, and what may have.
_COUNTS = (
    DeliveryState.PUBLISHED,
    DeliveryState.CORRECTED,
    DeliveryState.RETRACTED,
    DeliveryState.SENDING,
    DeliveryState.UNKNOWN,
)


def next_allowed(delivery: Delivery, now: datetime) -> datetime | None:
    """When the account may publish again; None: now. A part of each allowance is kept for emergencies."""
    latest: datetime | None = None
    for span, most in _allowances(delivery):
        kept = (
            0
            if delivery.urgent
            else max(1, round(most * settings.ENGINE["speaking"]["kept_for_emergencies"]))
        )
        since = now - timedelta(seconds=span)
        rows = _recent(delivery, since)
        if rows.count() >= most - kept:
            oldest = rows.aggregate(Min("tries__started_at"))["tries__started_at__min"]
            free = (oldest or now) + timedelta(seconds=span + 1)
            latest = max(latest or free, free)
    return latest


def rest_account(account_id: int, until: datetime) -> None:
    """The platform named a time: nothing of this account is tried before it."""
    waiting = (DeliveryState.PLANNED, DeliveryState.RETRYING)
    rows = Delivery.objects.filter(account_id=account_id, state__in=waiting, next_at__lt=until)
    rows.filter(next_at__isnull=False).update(next_at=until)


def _recent(delivery: Delivery, since: datetime) -> QuerySet[Delivery]:
    rows = Delivery.objects.filter(account=delivery.account, state__in=_COUNTS, tries__started_at__gt=since)
    if f"{delivery.account.channel}_replies" in settings.ENGINE["speaking"]["allowance"]:
        alike = rows.filter if not delivery.announcement.answers else rows.exclude
        rows = alike(announcement__answers="")
    return rows.exclude(act=Act.RETRACT).exclude(pk=delivery.pk).distinct()


def _allowances(delivery: Delivery) -> list[tuple[int, int]]:
    """(seconds, posts) of the account's channel, from engine.toml [speaking.allowance]; [] without one."""
    table: Mapping[str, list[list[int]]] = settings.ENGINE["speaking"]["allowance"]
    return [(span, most) for span, most in table.get(_counted_as(delivery), [])]


def _counted_as(delivery: Delivery) -> str:
    """The channel; replies by its name and "_replies" where a platform counts comments apart from posts."""
    channel, table = delivery.account.channel, settings.ENGINE["speaking"]["allowance"]
    own = f"{channel}_replies"
    return own if delivery.announcement.answers and own in table else channel
