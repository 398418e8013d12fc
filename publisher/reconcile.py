"""What became of a delivery whose outcome is not known: read the channel, and only then decide."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from channels.contract import ChannelError, Failure, Sent
from channels.links import remote_id_in
from channels.models import Account
from channels.reading import moment
from channels.receipts import keep_receipt
from channels.registry import edits, open_channel, waits_of
from ledger.chain import record
from ledger.models import Person
from ledger.points import reach
from ledger.wake import wake
from publisher.article import ARTICLE, GO
from publisher.deliver import (
    claim,
    landed,
    look_again_factor,
    out_of_patience,
    outgoing_of,
    received,
    settle,
    sum_up,
    wait_after,
)
from publisher.models import DONE, Act, AnnouncementState, Attempt, Delivery, DeliveryState
from publisher.rules import Refused, locked

log = logging.getLogger(__name__)

#: How long after a failed look the next one comes.
_LOOK_FAILED = timedelta(seconds=60)


def reconcile(delivery_id: int, now: datetime) -> DeliveryState | None:
    """Look for one unknown delivery, or one whose worker died while sending; None when there is nothing to do."""
    open_question = Q(state__in=(DeliveryState.UNKNOWN, DeliveryState.SENDING))
    fence = claim(delivery_id, open_question, now, state=DeliveryState.UNKNOWN)
    if fence is None:
        return None
    delivery = Delivery.objects.select_related("announcement__picture", "account", "about").get(
        pk=delivery_id
    )
    reach("look.claimed")
    try:
        found = open_channel(delivery.account).find(outgoing_of(delivery), delivery.memo)
    except ChannelError as error:
        log.warning("%s: look failed: %s", delivery, error)
        return _look_failed(delivery, fence, error, now)
    except Exception as error:  # an answer that nobody foresaw ends with a person too, not in a circle
        log.exception("%s: unexpected", delivery)
        return _look_failed(delivery, fence, ChannelError(str(error), Failure.LATER), now)
    reach("look.answered")
    if isinstance(found, Sent):
        received(delivery, fence, found, _begun(delivery, now, unclear=True))
        _close_attempts(delivery, "published", now)
        return DeliveryState(Delivery.objects.values_list("state", flat=True).get(pk=delivery.pk))
    if found.sure:
        return _retry(delivery, fence, found.note, now)
    waits = waits_of(delivery.account)
    looks = delivery.looks + 1
    if looks < len(waits.seconds):
        started = _begun(delivery, now)
        at = max(now, started + timedelta(seconds=waits.seconds[looks] * look_again_factor()))
        settle(delivery, fence, now, looks=looks, next_at=at, trouble=found.note)
        return DeliveryState.UNKNOWN
    if waits.send_again and not delivery.resent:
        return _retry(delivery, fence, found.note, now, resent=True, looks=0)
    settle(delivery, fence, now, state=DeliveryState.NEEDS_PERSON, next_at=None, trouble=found.note)
    return DeliveryState.NEEDS_PERSON


def _look_failed(delivery: Delivery, fence: int, error: ChannelError, now: datetime) -> DeliveryState:
    """Look again later; where looking itself is refused, or has gone on for too long, a person decides."""
    if error.failure == Failure.CREDENTIALS:
        Account.objects.filter(pk=delivery.account_id).update(trouble=str(error)[:300])
    if error.failure in (Failure.CREDENTIALS, Failure.REFUSED) or out_of_patience(delivery, now):
        said = _("Tidak dapat dipastikan: %(why)s") % {"why": str(error)}
        settle(delivery, fence, now, state=DeliveryState.NEEDS_PERSON, next_at=None, trouble=said[:500])
        return DeliveryState.NEEDS_PERSON
    settle(delivery, fence, now, next_at=max(error.next_time(now) or now, now + _scaled(_LOOK_FAILED)))
    return DeliveryState.UNKNOWN


def it_is_there(delivery: Delivery, link: str, person: Person, now: datetime) -> None:
    """A person saw it on the channel; ``link`` is its address, the receipt's number the one that the link carries.

    Of a withdrawal they say that it is gone, and no link is needed; also where the channel refused it, and they
    deleted the post by hand.
    """
    remote_id = remote_id_in(delivery.account.channel, link) or _same_post(delivery)
    decided = [DeliveryState.NEEDS_PERSON]
    decided += [DeliveryState.REFUSED] if delivery.act == Act.RETRACT else []
    with transaction.atomic():
        values = {"permalink": link[:500]} if link else {}
        taken = Delivery.objects.filter(pk=delivery.pk, state__in=decided).update(
            state=DONE[Act(delivery.act)],
            trouble="",
            held="",
            remote_id=remote_id[:200],
            published_at=now,
            **values,
        )
        if not taken:
            raise Refused(_("Penayangan ini tidak sedang menunggu keputusan."))
        if remote_id:
            keep_receipt(delivery.account, Sent(remote_id, link), now)
        record("delivery.confirmed", delivery.subject, actor=person, at=now, link=link)
        landed(Delivery.objects.select_related("account", "about", "announcement").get(pk=delivery.pk), now)


def send_again(delivery: Delivery, person: Person, now: datetime) -> None:
    """A person looked and it is not there (or the trouble is mended): send it once more.

    Refused for words that are no longer wanted: a newer version is out, or the announcement was taken back.
    """
    with transaction.atomic():
        # The delivery's row is locked before the announcement's, as everywhere, so that no two clicks can block.
        taken = Delivery.objects.filter(
            pk=delivery.pk, state__in=(DeliveryState.NEEDS_PERSON, DeliveryState.REFUSED)
        ).update(
            # Its patience begins anew with the person's decision, who also decided not to wait for the article.
            state=DeliveryState.RETRYING,
            memo={**delivery.memo, ARTICLE: GO} if ARTICLE in delivery.memo else delivery.memo,
            next_at=now,
            due_at=now,
            looks=0,
            resent=False,
            trouble="",
            held="",
        )
        if not taken:
            raise Refused(_("Penayangan ini tidak sedang menunggu keputusan."))
        row = locked(delivery.announcement)
        gone = row.state in (AnnouncementState.RETRACTING, AnnouncementState.RETRACTED)
        if delivery.act != Act.RETRACT and (gone or row.version != delivery.version):
            raise Refused(_("Pengumuman ini sudah ditarik atau diralat; versi ini tidak dikirim lagi."))
        if delivery.act == Act.RETRACT and delivery.published_at is not None:
            raise Refused(_("Keterangan penarikan sudah terbit; hapus kirimannya di aplikasi, lalu tandai."))
        record("delivery.sent_again", delivery.subject, actor=person, at=now)
        sum_up(delivery.announcement_id, now)
        wake("deliver", str(delivery.pk))


def _same_post(delivery: Delivery) -> str:
    """The id of the post that an act changed where it stands, or took away; "" where only a link is known."""
    if delivery.about is None or (delivery.act == Act.CORRECT and not edits(delivery.account.channel)):
        return ""
    return delivery.remote_id or delivery.about.remote_id


def _begun(delivery: Delivery, now: datetime, *, unclear: bool = False) -> datetime:
    """When the newest attempt began; ``unclear``: the first one that may have landed, which what stands there is of.

    The memo's own start is that of the very first attempt, which may have been turned away hours before.
    """
    tries = Attempt.objects.filter(delivery=delivery)
    landed_not = (Failure.LATER, Failure.REFUSED, Failure.CREDENTIALS, "absent")
    row = (
        tries.exclude(outcome__in=landed_not).order_by("number").first()
        if unclear
        else tries.order_by("-number").first()
    )
    return row.started_at if row else moment(delivery.memo.get("started_at")) or now


def _retry(delivery: Delivery, fence: int, note: str, now: datetime, **values: object) -> DeliveryState:
    """Known not to have landed: once more, each time a little later; after a day a person decides."""
    _close_attempts(delivery, "absent", now)
    if out_of_patience(delivery, now):
        settle(delivery, fence, now, state=DeliveryState.NEEDS_PERSON, next_at=None, trouble=note)
        return DeliveryState.NEEDS_PERSON
    at = now if delivery.attempts < 2 else now + timedelta(seconds=wait_after(delivery.attempts))
    settle(delivery, fence, now, state=DeliveryState.RETRYING, next_at=at, trouble=note, **values)
    return DeliveryState.RETRYING


def _close_attempts(delivery: Delivery, outcome: str, now: datetime) -> None:
    Attempt.objects.filter(delivery=delivery, ended_at__isnull=True).update(outcome=outcome, ended_at=now)


def _scaled(span: timedelta) -> timedelta:
    return span * look_again_factor()
