"""After it appeared: one act that corrects it, or takes it back, on every channel where it stands."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from channels.models import Kind
from ledger.chain import record
from ledger.models import Person
from ledger.roles import Role
from ledger.wake import wake
from publisher.models import (
    EDITABLE,
    SETTLED,
    Act,
    Announcement,
    AnnouncementState,
    Delivery,
    DeliveryState,
    MediaItem,
)
from publisher.render import change_text
from publisher.rules import Refused, drop_approval, locked, need
from publisher.threads import takes_away

_STANDS = (AnnouncementState.PUBLISHED, AnnouncementState.PARTLY_PUBLISHED)
#: What a withdrawal waits for: these may still land, and are withdrawn when they do (publisher.deliver).
_UNDER_WAY = (
    DeliveryState.CLAIMED,
    DeliveryState.SENDING,
    DeliveryState.UNKNOWN,
)


def standing(announcement: Announcement) -> list[Delivery]:
    """The newest delivery of each account that stands on its channel now."""
    rows = Delivery.objects.filter(announcement=announcement, state=DeliveryState.PUBLISHED)
    found: dict[int, Delivery] = {}
    for row in rows.exclude(act=Act.RETRACT).select_related("account").order_by("version", "id"):
        found[row.account_id] = row
    return list(found.values())


def begin_correction(announcement: Announcement, person: Person, now: datetime, note: str) -> Announcement:
    """Open what is out for writing again, as the next version with ``note``, the public sentence of what was wrong.

    What stands on the channels stays as it is until the correction is approved and goes out; ``newsroom.cancel``
    takes the draft back.
    """
    need(person, Role.AUTHOR)
    if not note.strip():
        raise Refused(
            _("Tulis apa yang diralat; warga membacanya."), {"note": _("Keterangan ralat belum diisi.")}
        )
    with transaction.atomic():
        row = locked(announcement)
        if row.state not in _STANDS or not row.live_version:
            raise Refused(_("Hanya pengumuman yang sudah tayang yang dapat diralat."))
        _refuse_undecided(row)
        row.live = _snapshot(row)
        row.version = _unused_version(row)
        row.state, row.change_note, row.changed_at = AnnouncementState.DRAFT, note.strip()[:500], now
        row.publish_at, row.card_url = None, ""
        drop_approval(row)
        row.save()
        row.writers.add(person)
        record("announcement.correction_begun", row.subject, actor=person, at=now, note=row.change_note)
    return row


def retract(announcement: Announcement, person: Person, now: datetime, reason: str) -> Announcement:
    """Take an announcement off every channel, at once. ``reason`` is public.

    What was planned is cancelled; what is being sent at this moment is withdrawn when it has landed. A person with
    the approver's role is enough: taking words back is not new words.
    """
    need(person, Role.APPROVER)
    if not reason.strip():
        raise Refused(_("Tulis mengapa ditarik; warga membacanya."), {"reason": _("Alasan belum diisi.")})
    with transaction.atomic():
        waiting = (DeliveryState.PLANNED, DeliveryState.RETRYING)
        rows = Delivery.objects.filter(announcement=announcement).exclude(act=Act.RETRACT)
        rows.filter(state__in=waiting).update(
            state=DeliveryState.CANCELLED, next_at=None, pause=None, held=""
        )
        row = locked(announcement)
        if row.state in (AnnouncementState.RETRACTING, AnnouncementState.RETRACTED):
            raise Refused(_("Pengumuman ini sudah ditarik."))
        up = rows.filter(state__in=(DeliveryState.PUBLISHED, DeliveryState.CORRECTED))
        if not up.exists() and not rows.filter(state__in=_UNDER_WAY).exists():
            raise Refused(_("Pengumuman ini belum tayang di saluran mana pun; batalkan saja."))
        if row.live and row.state in EDITABLE:
            # What a correction's draft says was approved by nobody, so its title is not said.
            back_to_live(row)
        row.state, row.change_note, row.changed_at = AnnouncementState.RETRACTING, reason.strip()[:500], now
        row.save()
        record("announcement.retracted", row.subject, actor=person, at=now, reason=row.change_note)
        for delivery in _one_of_each_post(up):
            withdraw(delivery, row, now)
    return row


def withdraw(delivery: Delivery, announcement: Announcement, now: datetime) -> None:
    """Plan the withdrawal of one post that stands (or has just landed); planning it again changes nothing.

    Where only a person can delete, our comments under the post go with it, and need no withdrawal of their own.
    """
    if delivery.act == Act.CORRECT and not takes_away(delivery):
        return
    made, new = Delivery.objects.get_or_create(
        announcement=announcement,
        version=delivery.version,
        account=delivery.account,
        act=Act.RETRACT,
        defaults={
            "about": delivery,
            "urgent": True,  # what should not be there does not wait behind what may be said
            "reason": announcement.change_note,
            "text": change_text(
                delivery.account.channel,
                "retract",
                title=announcement.title,
                note=announcement.change_note,
                reference=announcement.reference,
                link=article_link(announcement),
            ),
            "due_at": now,
            "next_at": now,
        },
    )
    if new:
        wake("deliver", str(made.pk))


def back_to_live(row: Announcement) -> None:
    """Give ``row`` the words of what stands on the channels; the drafted correction is dropped. Does not save."""
    picture = row.live.get("picture")
    row.title, row.fields = row.live["title"], row.live["fields"]
    row.fields_en, row.overrides = row.live["fields_en"], row.live["overrides"]
    row.picture = MediaItem.objects.get(pk=picture) if picture else None
    row.version, row.change_note, row.live = row.live_version, row.live["change_note"], {}
    states = Delivery.objects.filter(announcement=row, version=row.version).values_list("state", flat=True)
    whole = all(state == DeliveryState.PUBLISHED for state in states)
    row.state = AnnouncementState.PUBLISHED if whole else AnnouncementState.PARTLY_PUBLISHED


def _unused_version(row: Announcement) -> int:
    """Above every version that was ever submitted: a correction that was taken back has used some."""
    used = [Delivery.objects, row.variants, row.approvals]
    newest = [one.filter(announcement=row).aggregate(Max("version"))["version__max"] or 0 for one in used]
    return max(row.version, *newest) + 1


def article_link(row: Announcement) -> str:
    """The address of our article about it, where one stands; "" without a website among its channels."""
    articles = [one for one in standing(row) if one.account.channel == Kind.WEBSITE]
    return articles[0].permalink if articles else ""


def _snapshot(row: Announcement) -> dict[str, Any]:
    return {
        "title": row.title,
        "fields": row.fields,
        "fields_en": row.fields_en,
        "overrides": row.overrides,
        "picture": row.picture_id,
        "change_note": row.change_note,
    }


def _refuse_undecided(row: Announcement) -> None:
    """A correction knows for each account whether the words stand there; one that nobody knows comes first."""
    rows = Delivery.objects.filter(announcement=row).select_related("account")
    open_ = [one for one in rows if one.state not in SETTLED or one.state == DeliveryState.NEEDS_PERSON]
    if open_:
        names = ", ".join(sorted({one.account.name for one in open_}))
        raise Refused(_("Putuskan dulu penayangan yang belum jelas di %(names)s.") % {"names": names})


def _one_of_each_post(rows: Any) -> list[Delivery]:
    """Where an edit left two deliveries for one post, the newer."""
    found: dict[tuple[int, str], Delivery] = {}
    for row in rows.select_related("account").order_by("version", "id"):
        found[(row.account_id, row.remote_id)] = row
    return list(found.values())
