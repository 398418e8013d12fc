"""One delivery: claimed, prepared, intended, sent, recorded. And what follows when a step fails.

The promise: a text appears once. The intent is committed before the call, the receipt at once after; between
the two lies the only moment in which we cannot know, and a delivery caught there is `unknown`: its channel is
read before anything is sent again (publisher.reconcile).
"""

import hashlib
import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from channels import contract
from channels.contract import ChannelError, Failure, Memo, Outgoing, Sent
from channels.models import Account, Kind
from channels.reading import mapping, optional
from channels.receipts import keep_receipt
from channels.registry import Channel, edits, open_channel, waits_of
from ledger.chain import record
from ledger.points import reach
from ledger.wake import wake
from publisher.archive import keep_proof
from publisher.article import ARTICLE, article_first
from publisher.card import public_address
from publisher.change import withdraw
from publisher.limits import next_allowed, rest_account
from publisher.media import picture_of
from publisher.models import (
    DONE,
    SETTLED,
    Act,
    Announcement,
    AnnouncementState,
    Attempt,
    Delivery,
    DeliveryState,
    Pause,
    Variant,
)
from publisher.newsroom import content_hash
from publisher.overdue import too_late
from publisher.pause import holds
from publisher.render import Rendered
from publisher.threads import ANSWERED, carries_picture, post_of, takes_away

log = logging.getLogger(__name__)

_READY = (DeliveryState.PLANNED, DeliveryState.RETRYING, DeliveryState.CLAIMED)
#: States of an announcement that follow from its deliveries.
_MOVING = (
    AnnouncementState.SCHEDULED,
    AnnouncementState.PUBLISHING,
    AnnouncementState.PUBLISHED,
    AnnouncementState.PARTLY_PUBLISHED,
)
#: Deliveries of which nothing (more) stands on the channel.
_GONE = (DeliveryState.RETRACTED, DeliveryState.CANCELLED, DeliveryState.REFUSED)
_TAKEN_BACK = (AnnouncementState.RETRACTING, AnnouncementState.RETRACTED)
_EVENT = {
    Act.PUBLISH: "delivery.published",
    Act.CORRECT: "delivery.corrected",
    Act.RETRACT: "delivery.retracted",
}
#: Changes of a delivery that its history tells of; that it waits a little longer is none.
_TOLD = frozenset({"state", "trouble", "held"})
#: Key of a delivery's memo: how many preparations failed (nothing public was asked for).
_FRUITLESS = "fruitless"
_PROOF = {Act.PUBLISH: "published", Act.CORRECT: "corrected", Act.RETRACT: "retracted"}


def due_deliveries(now: datetime) -> list[tuple[int, int]]:
    """(delivery id, account id) of all that want something done now: a send, another try, or a look."""
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    rows = Delivery.objects.filter(free, next_at__lte=now, account__enabled=True)
    rows = rows.order_by("-urgent", "due_at", "id")
    return list(rows.values_list("pk", "account_id")[:1000])


def urgent_before(delivery_id: int, now: datetime) -> list[int]:
    """The emergencies (and withdrawals) of the same account that are due, unless the delivery is one itself."""
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    account = Delivery.objects.filter(pk=delivery_id, urgent=False).values("account_id")
    rows = Delivery.objects.filter(free, urgent=True, next_at__lte=now, account__in=account)
    return list(rows.order_by("due_at", "id").values_list("pk", flat=True)[:100])


def deliver(delivery_id: int, now: datetime) -> DeliveryState | None:
    """Send one delivery that is due; None when it is not, or when another worker has it."""
    fence = _claim(delivery_id, now)
    if fence is None:
        return None
    reach("deliver.claimed")
    delivery = _load(delivery_id)
    if (stop := _objection(delivery, now)) is not None:
        settle(delivery, fence, now, **stop)
        return DeliveryState(stop["state"])
    try:
        channel = open_channel(delivery.account)
        outgoing = outgoing_of(delivery, now)
        # The earliest start is kept: an attempt that was unclear may have landed before the present one.
        memo = channel.prepare(outgoing, {"started_at": now.isoformat(), **delivery.memo})
        if outgoing.picture is not None:
            memo = {**memo, "media_sha256": hashlib.sha256(outgoing.picture.data).hexdigest()}
        if outgoing.answer and delivery.act == Act.PUBLISH:
            memo = {**memo, ANSWERED: outgoing.remote_id}
    except ChannelError as error:
        # Nothing public was asked for yet, so even an unclear failure here can simply be repeated.
        landed_not = Failure.LATER if error.failure == Failure.UNKNOWN else error.failure
        return _failed(delivery, fence, landed_not, error, now, memo=_once_more(delivery))
    except Exception as error:  # an answer that nobody foresaw must not be asked for again and again for ever
        log.exception("%s: unexpected", delivery)
        return _failed(delivery, fence, Failure.LATER, error, now, memo=_once_more(delivery))
    reach("deliver.prepared")
    if (left := _intend(delivery, fence, outgoing, memo, now)) is not None:
        return left
    reach("deliver.intent_stored")
    if not _still_ours(delivery, fence):
        return None
    return _send(channel, delivery, fence, outgoing, memo, now)


def _once_more(delivery: Delivery) -> Memo:
    """The memo with one more preparation that failed: the waits between them grow as those between attempts do."""
    return {**delivery.memo, _FRUITLESS: int(delivery.memo.get(_FRUITLESS, 0)) + 1}


def _objection(delivery: Delivery, now: datetime) -> dict[str, Any] | None:
    """Why a claimed delivery must not go out now, as the values to settle it with; None when nothing speaks

    against it. The order is that of weight: what was not approved never goes out, whatever else is true.
    """
    if delivery.act == Act.RETRACT:
        return None  # taking something back needs no approval and waits for nothing
    if delivery.announcement.state in _TAKEN_BACK:
        return {"state": DeliveryState.CANCELLED, "next_at": None, "trouble": "", "held": ""}
    if content_hash(delivery.announcement) != delivery.announcement.approved_hash:
        return _ask(_("Isinya berbeda dari yang disetujui; tidak dikirim."))
    if delivery.version != delivery.announcement.version:
        return _ask(_("Ada ralat yang lebih baru; versi ini tidak dikirim."))
    if (pause := holds(delivery, now)) is not None:
        return _held_by(pause)
    if not delivery.attempts and (said := too_late(delivery, now)):
        return _ask(said)
    if (wait := article_first(delivery, now)) is not None:
        return wait
    if (free := next_allowed(delivery, now)) is not None:
        return {"state": DeliveryState.PLANNED, "next_at": free, "held": _("Jatah kiriman akun ini penuh.")}
    return None


def _ask(said: str) -> dict[str, Any]:
    return {"state": DeliveryState.NEEDS_PERSON, "next_at": None, "trouble": said[:500], "held": ""}


def _held_by(pause: Pause) -> dict[str, Any]:
    return {"state": DeliveryState.PLANNED, "next_at": None, "held": pause.reason[:200], "pause": pause}


def outgoing_of(delivery: Delivery, now: datetime | None = None) -> Outgoing:
    """What is sent: the stored wording of the delivery's version, never a new rendering.

    now: a picture whose rights have ended by then is refused (ChannelError); None: what was sent, at whatever time.
    """
    announcement = delivery.announcement
    variant = Variant.objects.get(
        announcement=announcement, version=delivery.version, account=delivery.account
    )
    plain = Outgoing(
        text=_text(delivery, variant),
        reference=announcement.reference,
        title=variant.title,
        html=variant.html,
        slug=announcement.slug,
        alt=variant.alt,
        act=contract.Act(delivery.act),
        remote_id=post_of(delivery),
        answer=bool(announcement.answers),
        change_note=delivery.reason or announcement.change_note,
        categories=_categories(delivery),
    )
    if announcement.answers and not carries_picture(delivery):
        return plain
    site = delivery.account.channel == Kind.WEBSITE
    if delivery.act == Act.CORRECT and delivery.about and site:
        # What we left there last, so that a change by hand on the site is noticed and not written over.
        plain = replace(plain, before=outgoing_of(delivery.about))
    if delivery.act == Act.RETRACT or (
        delivery.act == Act.CORRECT and delivery.account.channel != Kind.WEBSITE
    ):
        return plain
    if delivery.account.channel == Kind.INSTAGRAM:
        return replace(plain, image_url=public_address(announcement, variant.alt, now))
    picture = picture_of(announcement, delivery.account.channel, now)
    if picture is None or announcement.picture is None:
        return plain
    return replace(plain, picture=picture, alt=announcement.picture.alt)


def _categories(delivery: Delivery) -> tuple[str, ...]:
    """The website's category for this kind: the account's setting categories = {kind: name}; none where it has none.

    A city's site has categories of its own, which an author's account may use and not make.
    """
    named = optional(mapping(delivery.account.settings.get("categories")).get(delivery.announcement.kind))
    return (named,) if named else ()


def _text(delivery: Delivery, variant: Variant) -> str:
    """The text of the act: of a withdrawal its own, of a correction the reply where the channel cannot edit."""
    if delivery.act == Act.RETRACT:
        return delivery.text
    if delivery.act == Act.CORRECT and not edits(delivery.account.channel):
        return variant.change_text
    return variant.text


def received(delivery: Delivery, fence: int, sent: Sent, at: datetime) -> bool:
    """Write the receipt, if this worker still holds the claim; gives whether it did."""
    with transaction.atomic():
        kept = Delivery.objects.filter(pk=delivery.pk, fence=fence).update(
            state=_done(delivery),
            remote_id=sent.remote_id,
            permalink=sent.permalink[:500],
            published_at=at,
            next_at=None,
            leased_until=None,
            trouble=_left_to_do(delivery),
            held="",
        )
        if not kept:
            return False
        keep_receipt(delivery.account, sent, at)
        delivery.remote_id, delivery.permalink, delivery.published_at = sent.remote_id, sent.permalink, at
        record(
            _EVENT[Act(delivery.act)], delivery.subject, at=at, remote_id=sent.remote_id, link=sent.permalink
        )
        landed(delivery, at)
    return True


def landed(delivery: Delivery, at: datetime) -> None:
    """All that follows from the receipt, in its transaction: proof, the post that was changed, the announcement."""
    _about_it(delivery, at)
    keep_proof(delivery, _PROOF[Act(delivery.act)], at)
    sum_up(delivery.announcement_id, at)


def _done(delivery: Delivery) -> DeliveryState:
    if delivery.act == Act.RETRACT and not takes_away(delivery):
        return DeliveryState.NEEDS_PERSON
    return DONE[Act(delivery.act)]


def _left_to_do(delivery: Delivery) -> str:
    """What a person has to do after a withdrawal that the channel lets us only comment on; "" in all other cases."""
    if _done(delivery) != DeliveryState.NEEDS_PERSON:
        return ""
    return _("Keterangan penarikan sudah terbit sebagai komentar. Hapus kirimannya di aplikasi, lalu tandai.")


def _about_it(delivery: Delivery, at: datetime) -> None:
    """What follows for the post that was changed, and for the version that is out."""
    row = Announcement.objects.select_for_update().get(pk=delivery.announcement_id)
    if delivery.act == Act.RETRACT:
        if Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.RETRACTED).exists():
            stood = (DeliveryState.PUBLISHED, DeliveryState.CORRECTED)
            same = Delivery.objects.filter(announcement=row, account=delivery.account, state__in=stood)
            # Where only a person can delete, our comments went with the post that they took away.
            if takes_away(delivery):
                same = same.filter(remote_id=delivery.about.remote_id if delivery.about else "")
            same.update(state=DeliveryState.RETRACTED)
        return
    if delivery.about_id:
        Delivery.objects.filter(pk=delivery.about_id).update(state=DeliveryState.CORRECTED)
    if row.state in _TAKEN_BACK:
        withdraw(delivery, row, at)  # it was on its way when the announcement was taken back
    elif row.live_version < delivery.version:
        Announcement.objects.filter(pk=row.pk).update(live_version=delivery.version, live={})
    for waiting in Delivery.objects.filter(
        announcement=row, version=delivery.version, state=DeliveryState.PLANNED, memo__has_key=ARTICLE
    ):
        if delivery.account.channel == Kind.WEBSITE:
            Delivery.objects.filter(pk=waiting.pk, next_at__gt=at).update(next_at=at)
            wake("deliver", str(waiting.pk))


def settle(delivery: Delivery, fence: int, now: datetime, **values: object) -> bool:
    """Change a claimed delivery and let go of it; gives whether this worker still held it."""
    with transaction.atomic():
        kept = Delivery.objects.filter(pk=delivery.pk, fence=fence).update(leased_until=None, **values)
        if kept:
            changes = {name: str(value) for name, value in values.items()}
            if any(str(getattr(delivery, name)) != changes[name] for name in changes.keys() & _TOLD):
                record("delivery.changed", delivery.subject, at=now, changes=changes)
            sum_up(delivery.announcement_id, now)
    return bool(kept)


def sum_up(announcement_id: int, now: datetime) -> None:
    """Bring the announcement's state into line with its deliveries."""
    # Locked, so that of two deliveries that end at once the later one sees the earlier.
    announcement = Announcement.objects.select_for_update().get(pk=announcement_id)
    summed = _summed(announcement)
    if summed is None:
        return
    if summed != announcement.state:
        Announcement.objects.filter(pk=announcement.pk).update(state=summed, changed_at=now)


def _summed(announcement: Announcement) -> AnnouncementState | None:
    """The state that follows from its deliveries; None where they decide nothing."""
    rows = Delivery.objects.filter(announcement=announcement)
    if announcement.state in _TAKEN_BACK:
        open_ = rows.exclude(state__in=_GONE)
        return AnnouncementState.RETRACTING if open_.exists() else AnnouncementState.RETRACTED
    if announcement.state not in _MOVING:
        return None
    states = list(rows.filter(version=announcement.version).values_list("state", flat=True))
    if not states:
        return None
    if all(state == DeliveryState.PUBLISHED for state in states):
        return AnnouncementState.PUBLISHED
    if all(state in SETTLED for state in states):
        return AnnouncementState.PARTLY_PUBLISHED
    if all(state == DeliveryState.PLANNED for state in states):
        return AnnouncementState.SCHEDULED
    return AnnouncementState.PUBLISHING


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
    return Delivery.objects.select_related("announcement__picture", "account", "about").get(pk=delivery_id)


def _intend(
    delivery: Delivery, fence: int, outgoing: Outgoing, memo: Memo, now: datetime
) -> DeliveryState | None:
    """Commit what is about to be tried.

    Gives a state, and nothing is sent, where a pause began meanwhile, the announcement was taken back, or the claim
    was lost (the state then is another worker's).
    """
    with transaction.atomic():
        mine = Delivery.objects.filter(pk=delivery.pk, fence=fence, state=DeliveryState.CLAIMED)
        pause = None if delivery.act == Act.RETRACT else holds(delivery, now)
        if delivery.act != Act.RETRACT and _taken_back(delivery):
            mine.update(state=DeliveryState.CANCELLED, next_at=None, leased_until=None)
            sum_up(delivery.announcement_id, now)
            return DeliveryState.CANCELLED
        if pause is not None:
            mine.update(**_held_by(pause), leased_until=None)
            return DeliveryState.PLANNED
        kept = mine.update(
            state=DeliveryState.SENDING, memo=memo, attempts=F("attempts") + 1, held="", pause=None
        )
        if not kept:
            return DeliveryState.CLAIMED
        content = Rendered(outgoing.text, outgoing.title, outgoing.html, outgoing.alt)
        Attempt.objects.create(
            delivery=delivery,
            number=delivery.attempts + 1,
            fence=fence,
            content_hash=content.digest(),
            started_at=now,
        )
        sum_up(delivery.announcement_id, now)
    return None


def _still_ours(delivery: Delivery, fence: int) -> bool:
    """Whether this worker still holds the claim: asked right before the call.

    A machine that slept through its lease wakes up here, when another worker, or a person, may have sent it already.
    """
    return Delivery.objects.filter(pk=delivery.pk, fence=fence, state=DeliveryState.SENDING).exists()


def _taken_back(delivery: Delivery) -> bool:
    """Asked with the row locked: a withdrawal that is being written at this moment is waited for."""
    row = Announcement.objects.select_for_update().get(pk=delivery.announcement_id)
    return row.state in _TAKEN_BACK


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
    return _done(delivery)


def _failed(
    delivery: Delivery, fence: int, failure: Failure, error: Exception, now: datetime, **more: object
) -> DeliveryState:
    """Turn a failure into the state that follows from it; ``more`` is stored with it."""
    said = str(error)[:500]
    _close_attempt(delivery, fence, failure.value, said, now)
    state, at = _after(delivery, failure, error, now)
    if failure == Failure.CREDENTIALS:
        Account.objects.filter(pk=delivery.account_id).update(trouble=said[:300])
    settle(delivery, fence, now, state=state, next_at=at, trouble=said, **more)
    # Without a code of the platform it is this one picture that is not ready, and the account's others may go.
    named = isinstance(error, ChannelError) and error.code
    if failure == Failure.LATER and named and (rest := _asked(error, now)):
        rest_account(delivery.account_id, rest)
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
    tried = Attempt.objects.filter(delivery=delivery).count() + int(delivery.memo.get(_FRUITLESS, 0))
    return DeliveryState.RETRYING, _asked(error, now) or now + timedelta(seconds=wait_after(tried))


def _asked(error: Exception, now: datetime) -> datetime | None:
    """When the platform wants to be asked again; None when it named no time to come.

    A time that is over (clocks differ) would mean at once, again and again, and one that is far away never.
    """
    at = error.next_time(now) if isinstance(error, ChannelError) else None
    farthest = now + timedelta(seconds=settings.ENGINE["speaking"]["give_up_after"])
    return min(at, farthest) if at is not None and at > now else None


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
