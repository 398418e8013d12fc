"""Looking again at what was heard: deletions are honoured, changes are kept as versions."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet

from channels.contract import ChannelError, Failure, Gone, Meter, Post
from channels.models import Account, Kind
from channels.registry import open_channel
from monitor.budget import refusal, rest, resting, spend
from monitor.models import Mention, Source
from monitor.store import erase, note_change

log = logging.getLogger(__name__)
_TRY_AGAIN = timedelta(hours=1)


def accounts_to_check(now: datetime) -> list[int]:
    """Accounts with mentions that are due to be looked at again."""
    due = _due(now).order_by().values_list("source__account_id", flat=True).distinct()
    tired = resting(now)
    return [account for account in due if account not in tired]


def recheck(account_id: int, now: datetime) -> int:
    """Look at one batch of an account's mentions; gives how many were found gone.

    What a platform has no look-up for (others' Instagram media) counts as looked at: it is known from hearing
    alone, and the model of the privacy page says so.
    """
    account = Account.objects.get(pk=account_id)
    due = _due(now).filter(source__account=account)
    batch = list(due[: settings.HEARING["checking"]["batch"]])
    source = Source.objects.filter(account=account).first()
    if not batch or source is None:
        return 0
    if (no_money := refusal(source, now, "check")) is not None:
        log.warning("%s: not looked at again: %s", account, no_money)
        _put_off(due, now)
        return 0
    meter = Meter()
    found: dict[str, Post | Gone] = {}
    failure: ChannelError | None = None
    try:
        channel = open_channel(account)
        meter = channel.meter
        found = channel.look([mention.external_id for mention in batch])
    except ChannelError as error:
        failure = error
    rest(account, meter, failure, now)
    if failure is not None:
        log.warning("%s: look again failed: %s", account, failure)
        # A token that is refused is so for all; anything else may lie in these, and the others have their turn.
        mine = Mention.objects.filter(pk__in=[mention.pk for mention in batch])
        _put_off(due if failure.failure == Failure.CREDENTIALS else mine, now)
        return 0
    spend(source, meter, len(found), now, "check")
    gone = 0
    for mention in batch:
        seen = found.get(mention.external_id)
        if isinstance(seen, Gone):
            erase(mention, seen, now)
            gone += 1
        elif seen is not None:
            note_change(mention, seen.text, now)
    Mention.objects.filter(pk__in=[mention.pk for mention in batch]).update(checked_at=now)
    return gone


def _put_off(mentions: QuerySet[Mention], now: datetime) -> None:
    """Try these again in an hour."""
    again = now - timedelta(hours=settings.HEARING["checking"]["every"]) + _TRY_AGAIN
    mentions.order_by().update(checked_at=again)


def _due(now: datetime) -> QuerySet[Mention]:
    table = settings.HEARING["checking"]
    before = now - timedelta(hours=table["every"])
    not_lately = Q(checked_at__lt=before) | Q(checked_at__isnull=True, heard_at__lt=before)
    # What came in by the desks stands nowhere else that could be looked at.
    return (
        Mention.objects.exclude(channel=Kind.INTAKE)
        .filter(not_lately, gone_at__isnull=True, heard_at__gte=now - timedelta(days=table["days"]))
        .order_by("id")
    )
