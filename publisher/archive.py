"""The archive: proof of what appeared where and when, added only, each row chained to the one before by its hash.

A proof is written in the transaction of the receipt, and never at its cost: what cannot be written at that moment
is completed by the next pass of `read_back`. Twice, after some minutes and after a day, the channel is read again,
and what it then shows is a row of its own; where it is not what was approved, a person sees it.
"""

import hashlib
import html
import json
import logging
import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.utils.translation import gettext as _

from channels.contract import ChannelError, Failure, Gone, Shows
from channels.models import Kind
from channels.plain import plain
from channels.registry import edits, open_channel
from channels.sameness import carries
from ledger.chain import record
from ledger.models import Event, Person
from publisher.card import card_of
from publisher.models import Act, Delivery, DeliveryState, Proof, ReadBack, Result, Variant
from publisher.threads import carries_picture, takes_away

log = logging.getLogger(__name__)

#: PostgreSQL advisory lock of the chain; any constant that nothing else uses.
_LOCK = 0x4B_42_55_4B
#: After the appearance: when the channel is read back, once and once more.
LOOKS = (timedelta(minutes=5), timedelta(days=1))
#: After the appearance: when its numbers are read for the first time (publisher.results goes on from there).
FIRST_RESULT = timedelta(minutes=10)
#: A reader that died is followed by another after this; what cannot be read at all is given up after _PATIENCE.
_LEASE, _PATIENCE = timedelta(minutes=10), timedelta(days=7)
_WAITS = {Failure.CREDENTIALS: timedelta(hours=6), Failure.LATER: timedelta(minutes=15)}
_ADDRESSED = re.compile(r"^\s*(?:@\w{1,15}\s+)+")
WHAT = {Act.PUBLISH: "published", Act.CORRECT: "corrected", Act.RETRACT: "retracted"}


def keep_proof(
    delivery: Delivery,
    what: str,
    at: datetime,
    *,
    shown: Shows | None = None,
    same: bool | None = None,
    once: bool = False,
) -> bool:
    """Add one proof, in the caller's transaction; gives whether it was added.

    Never raises, and never waits: on PostgreSQL a chain that another transaction is adding to is left alone, and
    `complete` adds the proof later. ``shown``: what the channel shows (read_back); None: what was sent. ``once``: not
    if there is one already, which another process may have added at this moment. ``delivery`` has its remote id,
    permalink and moment already.
    """
    try:
        with transaction.atomic():
            if not _turn():
                return False
            if once and Proof.objects.filter(delivery=delivery, what=what).exists():
                return False
            row = _row(delivery, what, at, shown, same)
            last = Proof.objects.order_by("-number").values_list("number", "hash").first()
            number, previous = last or (0, "")
            row.number = number + 1
            row.hash = _hash(previous, row)
            row.save(force_insert=True)
            # The ledger's own chain says how long ours is, so that a cut-off end is noticed too.
            record("proof.kept", delivery.subject, at=at, number=row.number, hash=row.hash, what=what)
            if what != "read_back":
                _plan(delivery, at)
    except Exception:  # whatever it is, the send has happened and its receipt must stand
        log.exception("%s: no proof yet", delivery)
        return False
    return True


def complete(now: datetime, limit: int = 200) -> int:
    """Add the proofs that could not be written with their receipt; gives how many."""
    rows = Delivery.objects.filter(published_at__isnull=False, read_back__isnull=True)
    late = rows.select_related("announcement__picture", "account", "about").order_by("published_at", "id")
    return sum(
        keep_proof(one, WHAT[Act(one.act)], one.published_at, once=True)
        for one in late[:limit]
        if one.published_at
    )


def verify() -> int | None:
    """The number of the first row that does not follow from the one before it; None when the archive is whole.

    A missing row counts as the first one that is wrong, and so does an end that was cut off.
    """
    # Asked first, so that what is added meanwhile is only more than was told.
    told = Event.objects.filter(kind="proof.kept").order_by("-id").values_list("data", flat=True).first()
    previous, number, seen = "", 0, told is None
    rows = Proof.objects.select_related("delivery").order_by("number")
    for number, row in enumerate(rows.iterator(chunk_size=1000), 1):
        if row.number != number or row.hash != _hash(previous, row):
            return number
        previous = row.hash
        seen = seen or (told is not None and (told["number"], told["hash"]) == (number, previous))
    return None if seen else number + 1


def due_read_backs(now: datetime) -> list[tuple[int, int]]:
    """(delivery id, account id) of what is to be read back on its channel now."""
    rows = ReadBack.objects.filter(next_at__lte=now, delivery__account__enabled=True).order_by("next_at")
    return list(rows.values_list("delivery_id", "delivery__account_id")[:500])


def read_back(now: datetime) -> int:
    """Complete the archive, then read back all that is due; gives how many channels answered."""
    complete(now)
    return sum(read_back_one(delivery_id, now) for delivery_id, _account in due_read_backs(now))


def read_back_one(delivery_id: int, now: datetime) -> bool:
    """Read one delivery back, if it is due and nobody else does; gives whether the channel answered."""
    taken = ReadBack.objects.filter(delivery_id=delivery_id, next_at__lte=now).update(next_at=now + _LEASE)
    if not taken:
        return False
    look = ReadBack.objects.select_related("delivery__announcement__picture", "delivery__account").get(
        delivery_id=delivery_id
    )
    delivery = look.delivery
    if not delivery.remote_id:  # a person gave a link that does not carry it: there is nothing to ask for
        ReadBack.objects.filter(pk=look.pk).update(next_at=None)
        return False
    try:
        found = open_channel(delivery.account).shows(delivery.remote_id, delivery.permalink)
    except ChannelError as error:
        _unread(look, error, now)
        return False
    except Exception as error:  # an answer that nobody foresaw: later again, and not for ever
        log.exception("%s: unexpected", delivery)
        _unread(look, ChannelError(str(error), Failure.LATER), now)
        return False
    shown = found if isinstance(found, Shows) else None
    same = as_approved(delivery, shown)
    with transaction.atomic():
        if keep_proof(delivery, "read_back", now, shown=shown or Shows(""), same=same):
            _looked(look, found, same, now)
    return True


def as_approved(delivery: Delivery, shown: Shows | None) -> bool:
    """Whether the channel shows what was approved; ``shown`` is None where it shows nothing any more.

    Compared are the words: line breaks, spaces, typographic marks and the form of links are each channel's own.
    """
    comment = bool(delivery.announcement.answers)
    site = delivery.account.channel in (Kind.WEBSITE, Kind.FEED) and not comment
    if shown is None:
        return delivery.act == Act.RETRACT and not site
    if delivery.act == Act.RETRACT and takes_away(delivery) and not site:
        return False  # it was to be gone
    wanted = _sent_text(delivery)[1]
    if comment and delivery.account.channel == Kind.X:
        # X writes the names of those who are answered before the text (channels/x.py).
        shown = replace(shown, text=_ADDRESSED.sub("", shown.text))
    # A site prints its own words beside ours: when and why it was changed, a theme's links.
    return carries(shown.text, wanted) if site else normal(shown.text) == normal(wanted)


def normal(text: str) -> str:
    """The words of a text, in one form for all channels."""
    text = html.unescape(text).translate(_MARKS)
    text = unicodedata.normalize("NFKC", text).replace("...", "…").replace("--", "-")
    text = re.sub(r"https?://(?:www\.)?", "", text)
    return " ".join(text.split()).replace("/ ", " ").rstrip("/").casefold()


def differences() -> list[ReadBack]:
    """What stands differently on its channel than approved and no person has looked at yet, newest first."""
    rows = ReadBack.objects.exclude(trouble="").filter(seen_at=None)
    return list(rows.select_related("delivery__announcement", "delivery__account").order_by("-id")[:50])


def mark_seen(look: ReadBack, person: Person, now: datetime) -> bool:
    """A person has looked at the difference; gives whether it was still open."""
    with transaction.atomic():
        if not ReadBack.objects.filter(pk=look.pk, seen_at=None).exclude(trouble="").update(seen_at=now):
            return False
        Delivery.objects.filter(pk=look.delivery_id, trouble=look.trouble).update(trouble="")
        record("delivery.difference_seen", look.delivery.subject, actor=person, at=now, note=look.trouble)
    return True


def _turn() -> bool:
    """Whether this transaction may add to the chain now; SQLite has one writer at a time anyway."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])


def _row(delivery: Delivery, what: str, at: datetime, shown: Shows | None, same: bool | None) -> Proof:
    title, text = (shown.title, shown.text) if shown else _sent_text(delivery)
    return Proof(
        delivery=delivery,
        what=what,
        channel=delivery.account.channel,
        title=_clean(title)[:200],
        text=_clean(text),
        media_sha256="" if shown else _media(delivery),
        permalink=((shown.permalink if shown else "") or delivery.permalink)[:500],
        at=at.astimezone(UTC),
        same=same,
    )


def _sent_text(delivery: Delivery) -> tuple[str, str]:
    """(title, text) of what was sent; of an article the words without their marks."""
    if delivery.act == Act.RETRACT:
        site = delivery.account.channel in (Kind.WEBSITE, Kind.FEED) and not delivery.announcement.answers
        return "", delivery.reason if site else delivery.text or delivery.reason
    variant = Variant.objects.filter(
        announcement_id=delivery.announcement_id, version=delivery.version, account_id=delivery.account_id
    ).first()
    if variant is None:
        return "", ""
    if delivery.act == Act.CORRECT and not edits(delivery.account.channel):
        return "", variant.change_text
    return variant.title, plain(variant.html) if variant.html else variant.text


def _media(delivery: Delivery) -> str:
    """The hash of the library's picture, or of the card where Instagram got that; "" for text alone."""
    announcement = delivery.announcement
    if delivery.act != Act.PUBLISH or delivery.account.channel == Kind.FEED or not carries_picture(delivery):
        return ""
    if announcement.picture is not None:
        return announcement.picture.sha256
    if delivery.account.channel != Kind.INSTAGRAM:
        return ""
    return hashlib.sha256(card_of(announcement)).hexdigest()


def _plan(delivery: Delivery, at: datetime) -> None:
    """When it is looked at again, and from when on an earlier delivery of the same post no longer is."""
    same_post = Delivery.objects.filter(
        announcement_id=delivery.announcement_id, account_id=delivery.account_id
    )
    earlier = same_post.exclude(pk=delivery.pk)
    in_place = delivery.act == Act.CORRECT and edits(delivery.account.channel)
    if delivery.act == Act.RETRACT or in_place:
        ReadBack.objects.filter(delivery__in=earlier).update(next_at=None)
    if delivery.act == Act.RETRACT:
        Result.objects.filter(delivery__in=same_post).update(next_at=None)
    elif not in_place and not delivery.announcement.answers:  # how a reply was liked tells nothing
        Result.objects.get_or_create(delivery=delivery, defaults={"next_at": at + FIRST_RESULT})
    ReadBack.objects.get_or_create(delivery=delivery, defaults={"next_at": at + LOOKS[0]})


def _unread(look: ReadBack, error: ChannelError, now: datetime) -> None:
    """Later again; after a week it is left with the sentence of why."""
    since = look.delivery.published_at or now
    at = error.next_time(now) or now + _WAITS.get(error.failure, timedelta(hours=1))
    if now - since > _PATIENCE:
        said = _("Tidak dapat dibaca ulang: %(why)s") % {"why": str(error)}
        ReadBack.objects.filter(pk=look.pk).update(next_at=None, trouble=said[:300])
    else:
        ReadBack.objects.filter(pk=look.pk).update(next_at=at)
    log.info("%s: not read back: %s", look.delivery, error)


def _looked(look: ReadBack, found: Shows | Gone, same: bool, now: datetime) -> None:
    """Plan the next look; a difference becomes a trouble on the board of the announcement."""
    delivery, done = look.delivery, look.done + 1
    more = done < len(LOOKS)
    at = max((delivery.published_at or now) + LOOKS[done], now + LOOKS[0]) if more else None
    said = "" if same else _difference(delivery, found)
    seen = look.seen_at if said == look.trouble else None
    ReadBack.objects.filter(pk=look.pk).update(done=done, next_at=at, trouble=said, seen_at=seen)
    standing = Delivery.objects.filter(
        pk=delivery.pk, state__in=(DeliveryState.PUBLISHED, DeliveryState.RETRACTED)
    )
    if said and seen is None:
        standing.filter(trouble__in=("", look.trouble)).update(trouble=said)
        record("delivery.differs", delivery.subject, at=now, note=said)
    elif look.trouble and not said:
        standing.filter(trouble=look.trouble).update(trouble="")


def _difference(delivery: Delivery, found: Shows | Gone) -> str:
    account = delivery.account.name
    if isinstance(found, Gone):
        said = _("Kiriman ini tidak ada lagi di %(account)s (%(why)s), padahal Kentongan tidak menariknya.")
        return (said % {"account": account, "why": found.why})[:300]
    if delivery.act == Act.RETRACT:
        return (_("Kiriman yang ditarik masih tampak di %(account)s.") % {"account": account})[:300]
    return (_("Yang tampak di %(account)s berbeda dari yang disetujui.") % {"account": account})[:300]


#: Marks that sites set in their own way (WordPress makes typographic ones of plain ones), and invisible ones.
_MARKS = {
    **dict.fromkeys(map(ord, "“”„«»″"), '"'),
    **dict.fromkeys(map(ord, "‘’‚′"), "'"),
    **dict.fromkeys(map(ord, "–—−‐‑"), "-"),
    **dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\ufe0f\u00ad"), ""),
}


def _clean(text: str) -> str:
    """What every database takes: without NUL and lone halves of letters."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _hash(previous: str, row: Proof) -> str:
    delivery = row.delivery
    content = [
        previous,
        row.number,
        [delivery.pk, delivery.announcement_id, delivery.version, delivery.account_id],
        [row.what, row.channel, row.title, row.text, row.media_sha256, row.permalink],
        [row.at.astimezone(UTC).isoformat(), row.same],
    ]
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(body.encode()).hexdigest()
