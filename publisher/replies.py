"""A reply: an announcement with one target and one wording, in the thread of one post.

Its way out is that of every announcement: bound to its approval by the hash of its wording, one delivery, receipt,
proof and read-back. What differs is who may say yes (a rule, an officer or an approver; the caller decides which),
and that its wording comes from templates/replies instead of a kind's folder.
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from jinja2 import FileSystemLoader, TemplateError

from channels.models import Account, Kind
from channels.registry import edits
from channels.x_length import MAX_WEIGHTED, measure
from ledger.models import Person
from ledger.wake import wake
from publisher.change import back_to_live, standing
from publisher.fit import shorten, weight
from publisher.kinds import TemplateProblem
from publisher.models import (
    SETTLED,
    Act,
    Announcement,
    AnnouncementState,
    Delivery,
    DeliveryState,
    MediaItem,
    Variant,
)
from publisher.newsroom import content_hash
from publisher.render import COMMENT_MAX
from publisher.rules import Refused, drop_approval, locked, same_version
from publisher.sandbox import Room, closed_room, said
from publisher.threads import REPLY

#: Ours, for comments on Facebook and websites, which would take more: longer ones nobody reads on a phone.
LONGEST = 1_200
#: How the office of an approval is called where a rule said yes (answering.toml, [replies]).
BY_RULE = "aturan balasan"
_OPEN = (AnnouncementState.DRAFT, AnnouncementState.REJECTED, AnnouncementState.SUBMITTED)
_WAITING = (DeliveryState.PLANNED, DeliveryState.RETRYING)
_UNDECIDED = (DeliveryState.NEEDS_PERSON, DeliveryState.REFUSED)


def limit(channel: str) -> tuple[Callable[[str], int], int]:
    """How a channel measures a reply, and the most it takes."""
    if channel == Kind.X:
        return weight, MAX_WEIGHTED
    return len, COMMENT_MAX if channel == Kind.INSTAGRAM else LONGEST


def worded(
    name: str, channel: str, language: str, values: Mapping[str, str], free: tuple[str, ...] = ()
) -> str:
    """The text of templates/replies/<language>/<name>.txt for ``channel``. Raises TemplateProblem naming the file.

    free: values that may be shortened where the channel is short of room; number and link never are.
    """
    long, most = limit(channel)
    text = _filled(f"{language}/{name}.txt", values)
    share = most
    while long(text) > most and free and share > 12:
        share = share * 4 // 5
        cut = {one: shorten(values[one], share, long) for one in free}
        text = _filled(f"{language}/{name}.txt", {**values, **cut})
    return text


def problems(channel: str, text: str) -> list[str]:
    """Sentences about what the channel would not take; [] when it would."""
    long, most = limit(channel)
    if not text.strip():
        return [_("Balasan masih kosong.")]
    if long(text) > most:
        told = _("Terlalu panjang untuk %(channel)s: %(length)d dari %(most)d. Pendekkan isinya.")
        return [told % {"channel": Kind(channel).label, "length": long(text), "most": most}]
    if channel == Kind.X and not measure(text).valid:
        return [_("Ada huruf yang tidak diterima X; hapus lalu ketik ulang.")]
    return []


def begin(
    account: Account,
    answers: str,
    about: str,
    text: str,
    writer: Person,
    now: datetime,
    *,
    title: str,
    purpose: str,
    urgent: bool = False,
    picture: MediaItem | None = None,
) -> Announcement:
    """A draft that answers the post ``answers`` of ``account``'s channel. Raises Refused where it cannot be so."""
    _refuse_unfit(account, text)
    reference = _unused_reference()
    with transaction.atomic():
        row = Announcement.objects.create(
            kind=REPLY,
            fields={"purpose": purpose},
            title=title[:200],
            reference=reference,
            slug=f"balasan-{reference.lower()}",
            author=writer,
            created_at=now,
            changed_at=now,
            zone=settings.CITY["timezone"],
            content_class="emergency" if urgent else "service",
            urgent=urgent,
            picture=picture,
            answers=answers[:200],
            about=about,
        )
        row.writers.add(writer)
        row.targets.set([account])
        Variant.objects.create(
            announcement=row, version=1, account=account, text=text, alt=picture.alt if picture else ""
        )
    return row


def reword(
    announcement: Announcement, text: str, person: Person, now: datetime, picture: MediaItem | None = None
) -> Announcement:
    """Other words for what has not gone out, as the next version; whatever was submitted is a draft again."""
    row = _open(announcement)
    account = row.targets.get()
    _refuse_unfit(account, text)
    with transaction.atomic():
        row = _open(locked(row))
        row.version += 1
        row.state, row.changed_at, row.note, row.picture = AnnouncementState.DRAFT, now, "", picture
        drop_approval(row)
        row.save()
        row.writers.add(person)
        Variant.objects.create(
            announcement=row,
            version=row.version,
            account=account,
            text=text,
            alt=picture.alt if picture else "",
        )
    return row


def submit(announcement: Announcement, person: Person, now: datetime) -> Announcement:
    """Ask an approver; the wording is fixed from here on."""
    with transaction.atomic():
        row = _open(locked(announcement))
        row.state, row.changed_at, row.note = AnnouncementState.SUBMITTED, now, ""
        row.save()
        row.writers.add(person)
    return row


def release(
    announcement: Announcement,
    person: Person | None,
    office: str,
    now: datetime,
    at: datetime,
    *,
    version: int | None = None,
) -> Delivery:
    """Say yes to every byte of the wording, and plan its one delivery for ``at``.

    person: who said yes; None: a rule. Whether they may is the caller's business. version: the one that was read.
    """
    with transaction.atomic():
        row = _open(locked(announcement))
        if version is not None:
            same_version(row, version)
        row.approved_by, row.approved_office, row.approved_at = person, office[:120] or BY_RULE, now
        row.approved_hash = content_hash(row)
        row.state, row.publish_at, row.changed_at = AnnouncementState.SCHEDULED, at, now
        row.save()
        account = row.targets.get()
        before = next(iter(standing(row)), None)
        made = Delivery.objects.create(
            announcement=row,
            version=row.version,
            account=account,
            act=Act.CORRECT if before else Act.PUBLISH,
            about=before,
            urgent=row.urgent,
            due_at=at,
            next_at=at,
        )
        if at <= now:
            wake("deliver", str(made.pk))
    return made


def give_back(announcement: Announcement, now: datetime, note: str, *, version: int) -> Announcement:
    """Return a submitted reply to its writer. Raises Refused."""
    if not note.strip():
        raise Refused(_("Tulis apa yang perlu diperbaiki."), {"note": _("Catatan belum diisi.")})
    with transaction.atomic():
        row = locked(announcement)
        if row.state != AnnouncementState.SUBMITTED:
            raise Refused(_("Balasan ini tidak sedang menunggu persetujuan."))
        same_version(row, version)
        row.state, row.changed_at, row.note = AnnouncementState.REJECTED, now, note.strip()[:1000]
        row.save()
    return row


def correct(
    announcement: Announcement, text: str, change_text: str, note: str, person: Person, now: datetime
) -> Announcement:
    """The next version of a reply that stands, submitted for approval. Raises Refused.

    text: the whole reply as it should be, where the channel can edit; change_text: what is said beneath it elsewhere.
    """
    account = announcement.targets.get()
    _refuse_unfit(account, text if edits(account.channel) else change_text)
    with transaction.atomic():
        row = locked(announcement)
        stands = (AnnouncementState.PUBLISHED, AnnouncementState.PARTLY_PUBLISHED)
        if row.state not in stands or not row.live_version or not standing(row):
            raise Refused(_("Hanya balasan yang sudah tayang yang dapat diralat."))
        row.live = {"title": row.title, "fields": row.fields, "fields_en": {}, "overrides": {}}
        row.live |= {"picture": row.picture_id, "change_note": row.change_note}
        row.version = max(row.variants.values_list("version", flat=True)) + 1
        row.state, row.change_note, row.changed_at = AnnouncementState.SUBMITTED, note.strip()[:500], now
        drop_approval(row)
        row.save()
        row.writers.add(person)
        Variant.objects.create(
            announcement=row, version=row.version, account=account, text=text, change_text=change_text
        )
    return row


def cancel(announcement: Announcement, now: datetime) -> bool:
    """Take back what has not begun to appear; gives whether it could. A correction leaves what stands."""
    with transaction.atomic():
        rows = Delivery.objects.filter(announcement=announcement, version=announcement.version)
        free = rows.filter(state__in=(*_WAITING, *_UNDECIDED)).exclude(act=Act.RETRACT)
        free.update(state=DeliveryState.CANCELLED, next_at=None, held="", pause=None)
        row = locked(announcement)
        if rows.exclude(state=DeliveryState.CANCELLED).exists() or row.state not in _CANCELLABLE:
            return False
        row.changed_at = now
        if row.live_version:
            back_to_live(row)
        else:
            row.state = AnnouncementState.CANCELLED
        row.save()
    return True


_CANCELLABLE = (
    *_OPEN,
    AnnouncementState.APPROVED,
    AnnouncementState.SCHEDULED,
    AnnouncementState.PUBLISHING,
    AnnouncementState.PARTLY_PUBLISHED,
)


def text_of(announcement: Announcement) -> str:
    """The words of its present version; of a correction on a channel without edits those beneath it."""
    row = Variant.objects.filter(announcement=announcement, version=announcement.version).first()
    return (row.change_text or row.text) if row else ""


def delivery_of(announcement: Announcement) -> Delivery | None:
    """Its newest delivery; None before it was planned."""
    rows = Delivery.objects.filter(announcement=announcement).select_related("account", "pause")
    return rows.order_by("-pk").first()


def is_settled(announcement: Announcement) -> bool:
    """Whether nothing more happens to it by itself."""
    rows = Delivery.objects.filter(announcement=announcement)
    return not rows.exclude(state__in=SETTLED).exists() and announcement.state not in _OPEN


def folder() -> Path:
    path: Path = settings.BASE_DIR / "templates" / "replies"
    return path


def _filled(name: str, values: Mapping[str, str]) -> str:
    try:
        lines = _room().get_template(name).render({**values, "city": settings.CITY}).splitlines()
    except (TemplateError, TypeError, ValueError, AttributeError) as error:
        sentence = _("Templat %(at)s tidak dapat diisi: %(error)s")
        raise TemplateProblem(sentence % {"at": f"templates/replies/{name}", "error": said(error)}) from error
    return "\n".join(line for line in (" ".join(line.split()) for line in lines) if line)


@cache
def _room() -> Room:
    return closed_room(FileSystemLoader(folder()))


def _open(row: Announcement) -> Announcement:
    if not row.answers or row.state not in _OPEN:
        raise Refused(_("Balasan ini sudah diputuskan. Muat ulang halaman."))
    return row


def _refuse_unfit(account: Account, text: str) -> None:
    if found := problems(account.channel, text):
        raise Refused(" ".join(found), {account.key: " ".join(found)})


def _unused_reference() -> str:
    """Apart from those of announcements by its letter; a reply does not print it, because its number is enough."""
    while True:
        reference = f"{settings.CITY['reference_prefix']}-B{secrets.token_hex(4).upper()}"
        if not Announcement.objects.filter(reference=reference).exists():
            return reference
