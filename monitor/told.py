"""Webhook against poll: whether what polling hears was also told, so that a deaf webhook is noticed.

A post that both brought was told; one that only polling found was missed. Both are counted over the same days as
notifications are kept.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Max, Min, QuerySet

from channels.models import Account, Kind
from ledger.life import last_beat
from monitor.inbox import CONNECTED, KEPT
from monitor.models import Mention

#: What Meta tells of, by channel (Webhooks reference for Page and Instagram, read 2026-10): not hashtags, not tags on
#: Instagram.
_TOLD_KINDS: dict[str, tuple[str, ...]] = {
    Kind.FACEBOOK: ("mention", "comment", "tagged"),
    Kind.INSTAGRAM: ("comment", "mention"),
}
#: A notification may come a little after the poll that was quicker.
_GRACE = timedelta(minutes=10)
#: Only what was heard this soon after it was said shows anything about now: the rest is history that was caught up.
_FRESH = timedelta(hours=1)
#: By how much a platform's clock may be ahead of ours.
_APART = timedelta(days=1)
#: So many posts in a row that polling alone brought, and the webhook counts as deaf.
_DEAF_FROM = 3


@dataclass(frozen=True, slots=True)
class Telling:
    """One account's webhook over the last seven days. Times are ISO 8601 UTC."""

    account: str
    connected_since: str | None  #: the last handshake, or the oldest notification; None: not connected
    notifications: int
    last_notification: str | None
    #: Posts heard, of the kinds that are told of, since it was connected; None when it is not.
    expected: int | None
    received: int | None  #: of those, how many were told of
    missed: int | None  #: of those, how many polling alone brought
    deaf: bool  #: connected, and yet it tells nothing while polling brings posts


def telling(now: datetime) -> list[Telling]:
    """One entry for each enabled account whose platform can tell by itself."""
    counted = Count("notifications"), Min("notifications__received_at"), Max("notifications__received_at")
    accounts = Account.objects.filter(channel__in=list(_TOLD_KINDS), enabled=True).annotate(
        told=counted[0], first_told=counted[1], last_told=counted[2]
    )
    shaken = last_beat(CONNECTED)
    return [_of(account, shaken, now) for account in accounts.order_by("id")]


def _of(account: Any, shaken: datetime | None, now: datetime) -> Telling:
    connected = min((at for at in (shaken, account.first_told) if at), default=None)
    told = {
        "account": account.key,
        "notifications": account.told,
        "last_notification": account.last_told.isoformat() if account.last_told else None,
    }
    if connected is None:
        return Telling(**told, connected_since=None, expected=None, received=None, missed=None, deaf=False)
    # Platforms tell times to the second.
    heard = _heard(account, max(connected.replace(microsecond=0), now - KEPT), now)
    expected, received = heard.count(), heard.filter(told_at__isnull=False).count()
    return Telling(
        **told,
        connected_since=connected.isoformat(),
        expected=expected,
        received=received,
        missed=expected - received,
        deaf=_deaf(heard, account.last_told),
    )


def _heard(account: Account, since: datetime, now: datetime) -> QuerySet[Mention]:
    return Mention.objects.filter(
        source__account=account,
        source__kind__in=_TOLD_KINDS[account.channel],
        source__via="api",
        posted_at__gte=since,
        # Nothing is heard before it was said; the second bound has an index, which the first one lacks.
        heard_at__gte=since - _APART,
        heard_at__lte=now - _GRACE,
    )


def _deaf(heard: QuerySet[Mention], last: datetime | None) -> bool:
    """Whether polling alone brought the fresh posts since the last notification, and they are not just a few."""
    fresh = heard.filter(heard_at__lte=F("posted_at") + _FRESH)
    if last is not None:
        fresh = fresh.filter(posted_at__gt=last)
    return (
        fresh.filter(told_at__isnull=True).count() >= _DEAF_FROM
        and not fresh.filter(told_at__isnull=False).exists()
    )
