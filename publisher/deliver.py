"""One delivery: claimed, prepared, intended, sent, recorded. And what follows when a step fails.

The promise: a text appears once. The intent is committed before the call, the receipt at once after; between
the two lies the only moment in which we cannot know, and a delivery caught there is `unknown`: its channel is
read before anything is sent again (publisher.reconcile).
"""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from channels.contract import ChannelError, Failure, Memo, Outgoing, Sent
from channels.models import Account, Kind
from channels.receipts import keep_receipt
from channels.registry import Channel, open_channel, waits_of
from ledger.chain import record
from ledger.points import reach
from publisher.card import public_address
from publisher.models import (
    SETTLED,
    Announcement,
    AnnouncementState,
    Attempt,
    Delivery,
    DeliveryState,
    Variant,
)
from publisher.newsroom import content_hash
from publisher.render import Rendered

log = logging.getLogger(__name__)

_READY = (DeliveryState.PLANNED, DeliveryState.RETRYING, DeliveryState.CLAIMED)


def due_deliveries(now: datetime) -> list[tuple[int, int]]:
    """(delivery id, account id) of all that want something done now: a send, another try, or a look."""
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    rows = Delivery.objects.filter(free, next_at__lte=now, account__enabled=True).order_by("due_at", "id")
    return list(rows.values_list("pk", "account_id")[:1000])


def deliver(delivery_id: int, now: datetime) -> DeliveryState | None:
    """Send one delivery that is due; None when it is not, or when another worker has it."""
    fence = _claim(delivery_id, now)
    if fence is None:
        return None
    reach("deliver.claimed")
    delivery = _load(delivery_id)
    if content_hash(delivery.announcement) != delivery.announcement.approved_hash:
        said = _("Isinya berbeda dari yang disetujui; tidak dikirim.")
        settle(delivery, fence, now, state=DeliveryState.NEEDS_PERSON, next_at=None, trouble=said)
        return DeliveryState.NEEDS_PERSON
    try:
        channel = open_channel(delivery.account)
        outgoing = outgoing_of(delivery)
        # The earliest start is kept: an attempt that was unclear may have landed before the present one.
        memo = channel.prepare(outgoing, {"started_at": now.isoformat(), **delivery.memo})
    except ChannelError as error:
        # Nothing public was asked for yet, so even an unclear failure here can simply be repeated.
        landed_not = Failure.LATER if error.failure == Failure.UNKNOWN else error.failure
        return _failed(delivery, fence, landed_not, error, now)
    if not _intend(delivery, fence, outgoing, memo, now):
        return None
    reach("deliver.intent_stored")
    return _send(channel, delivery, fence, outgoing, memo, now)


def outgoing_of(delivery: Delivery) -> Outgoing:
    """What is sent: the stored wording of the delivery's version, never a new rendering."""
    announcement = delivery.announcement
    variant = Variant.objects.get(
        announcement=announcement, version=delivery.version, account=delivery.account
    )
    plain = Outgoing(
        text=variant.text,
        reference=announcement.reference,
        title=variant.title,
        html=variant.html,
        slug=announcement.slug,
        alt=variant.alt,
    )
    if delivery.account.channel == Kind.INSTAGRAM:
        return replace(plain, image_url=public_address(announcement, variant.alt))
    return plain


def received(delivery: Delivery, fence: int, sent: Sent, at: datetime) -> bool:
    """Write the receipt, if this worker still holds the claim; gives whether it did."""
    with transaction.atomic():
        kept = Delivery.objects.filter(pk=delivery.pk, fence=fence).update(
            state=DeliveryState.PUBLISHED,
            remote_id=sent.remote_id,
            permalink=sent.permalink[:500],
            published_at=at,
            next_at=None,
            leased_until=None,
            trouble="",
        )
        if not kept:
            return False
        keep_receipt(delivery.account, sent, at)
        record("delivery.published", delivery.subject, at=at, remote_id=sent.remote_id, link=sent.permalink)
        sum_up(delivery.announcement_id, at)
    return True


def settle(delivery: Delivery, fence: int, now: datetime, **values: object) -> bool:
    """Change a claimed delivery and let go of it; gives whether this worker still held it."""
    with transaction.atomic():
        kept = Delivery.objects.filter(pk=delivery.pk, fence=fence).update(leased_until=None, **values)
        if kept:
            changes = {name: str(value) for name, value in values.items()}
            record("delivery.changed", delivery.subject, at=now, changes=changes)
            sum_up(delivery.announcement_id, now)
    return bool(kept)


def sum_up(announcement_id: int, now: datetime) -> None:
    """Bring the announcement's state into line with its deliveries."""
    # Locked, so that of two deliveries that end at once the later one sees the earlier.
    announcement = Announcement.objects.select_for_update().get(pk=announcement_id)
    states = list(
        Delivery.objects.filter(announcement=announcement, version=announcement.version).values_list(
            "state", flat=True
        )
    )
    if not states or announcement.state in (AnnouncementState.CANCELLED, AnnouncementState.DRAFT):
        return
    if all(state == DeliveryState.PUBLISHED for state in states):
        summed = AnnouncementState.PUBLISHED
    elif all(state in SETTLED for state in states):
        summed = AnnouncementState.PARTLY_PUBLISHED
    elif all(state == DeliveryState.PLANNED for state in states):
        summed = AnnouncementState.SCHEDULED
    else:
        summed = AnnouncementState.PUBLISHING
    if summed != announcement.state:
        Announcement.objects.filter(pk=announcement.pk).update(state=summed, changed_at=now)


def claim(delivery_id: int, states: Q, now: datetime, **values: object) -> int | None:
    """Take a delivery for one lease by a conditional UPDATE; gives the fencing token, None when it is taken."""
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    until = now + timedelta(seconds=settings.ENGINE["speaking"]["lease"])
    with transaction.atomic():
        speaking = Account.objects.filter(enabled=True)
        taken = Delivery.objects.filter(
            free, states, pk=delivery_id, next_at__lte=now, account__in=speaking
        ).update(leased_until=until, fence=F("fence") + 1, **values)
        return Delivery.objects.values_list("fence", flat=True).get(pk=delivery_id) if taken else None


def _claim(delivery_id: int, now: datetime) -> int | None:
    return claim(delivery_id, Q(state__in=_READY), now, state=DeliveryState.CLAIMED)


def _load(delivery_id: int) -> Delivery:
    return Delivery.objects.select_related("announcement", "account").get(pk=delivery_id)


def _intend(delivery: Delivery, fence: int, outgoing: Outgoing, memo: Memo, now: datetime) -> bool:
    """Commit what is about to be tried; False when the claim was lost meanwhile."""
    with transaction.atomic():
        kept = Delivery.objects.filter(pk=delivery.pk, fence=fence, state=DeliveryState.CLAIMED).update(
            state=DeliveryState.SENDING, memo=memo, attempts=F("attempts") + 1
        )
        if kept:
            content = Rendered(outgoing.text, outgoing.title, outgoing.html, outgoing.alt)
            Attempt.objects.create(
                delivery=delivery,
                number=delivery.attempts + 1,
                fence=fence,
                content_hash=content.digest(),
                started_at=now,
            )
            sum_up(delivery.announcement_id, now)
    return bool(kept)


def _send(
    channel: Channel, delivery: Delivery, fence: int, outgoing: Outgoing, memo: Memo, now: datetime
) -> DeliveryState:
    try:
        sent = channel.send(outgoing, memo)
    except ChannelError as error:
        return _failed(delivery, fence, error.failure, error, now)
    except Exception as error:  # after the intent, whatever happens may have landed
        log.exception("%s: unexpected", delivery)
        return _failed(delivery, fence, Failure.UNKNOWN, error, now)
    reach("deliver.sent")
    received(delivery, fence, sent, now)
    _close_attempt(delivery, fence, "published", "", now)
    reach("deliver.receipt_stored")
    return DeliveryState.PUBLISHED


def _failed(
    delivery: Delivery, fence: int, failure: Failure, error: Exception, now: datetime
) -> DeliveryState:
    """Turn a failure into the state that follows from it."""
    said = str(error)[:500]
    _close_attempt(delivery, fence, failure.value, said, now)
    state, at = _after(delivery, failure, error, now)
    if failure == Failure.CREDENTIALS:
        Account.objects.filter(pk=delivery.account_id).update(trouble=said[:300])
    settle(delivery, fence, now, state=state, next_at=at, trouble=said)
    level = logging.INFO if state == DeliveryState.RETRYING else logging.WARNING
    log.log(level, "%s: %s (%s)", delivery, said, state.value)
    return state


def _after(
    delivery: Delivery, failure: Failure, error: Exception, now: datetime
) -> tuple[DeliveryState, datetime | None]:
    if failure == Failure.UNKNOWN:
        return DeliveryState.UNKNOWN, now + timedelta(seconds=first_look(delivery))
    if failure == Failure.REFUSED:
        return DeliveryState.REFUSED, None
    if failure == Failure.CREDENTIALS or out_of_patience(delivery, now):
        return DeliveryState.NEEDS_PERSON, None
    tried = Attempt.objects.filter(delivery=delivery).count()
    asked = error.next_time(now) if isinstance(error, ChannelError) else None
    return DeliveryState.RETRYING, asked or now + timedelta(seconds=wait_after(tried))


def out_of_patience(delivery: Delivery, now: datetime) -> bool:
    """Whether it has been tried for so long that a person should decide."""
    return now - delivery.due_at > timedelta(seconds=settings.ENGINE["speaking"]["give_up_after"])


def wait_after(tried: int) -> float:
    """Seconds until the next try after ``tried`` tries: doubling, up to a limit."""
    speaking = settings.ENGINE["speaking"]
    return float(min(speaking["first_wait"] * 2 ** min(max(tried - 1, 0), 20), speaking["max_wait"]))


def first_look(delivery: Delivery) -> float:
    """Seconds until an unknown outcome is looked for the first time."""
    return waits_of(delivery.account).seconds[0] * look_again_factor()


def look_again_factor() -> float:
    return float(settings.ENGINE["speaking"]["look_again_factor"])


def _close_attempt(delivery: Delivery, fence: int, outcome: str, said: str, now: datetime) -> None:
    Attempt.objects.filter(delivery=delivery, fence=fence, ended_at__isnull=True).update(
        outcome=outcome, said=said, ended_at=now
    )
