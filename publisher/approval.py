"""The decision on an announcement: approved by an official who did not write it, or given back with a note."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from ledger.chain import record
from ledger.models import Person
from ledger.roles import Role
from publisher.models import Announcement, AnnouncementState
from publisher.newsroom import Refused, content_hash, locked, need, same_version, schedule


def approve(announcement: Announcement, person: Person, now: datetime, *, version: int) -> Announcement:
    """Approve ``version`` of the wording, the one that was read, in one's office, and plan it for the wished time.

    Nobody approves what they wrote, changed or submitted. When the wished time has passed meanwhile, the
    announcement stays approved and waits for a new time.
    """
    need(person, Role.APPROVER)
    with transaction.atomic():
        row = locked(announcement)
        if row.state != AnnouncementState.SUBMITTED:
            raise Refused(_("Pengumuman ini tidak sedang menunggu persetujuan."))
        same_version(row, version)
        if row.writers.filter(pk=person.pk).exists():
            raise Refused(_("Yang menulis, mengubah, atau mengajukan tidak dapat menyetujuinya sendiri."))
        row.state, row.changed_at, row.approved_at = AnnouncementState.APPROVED, now, now
        row.approved_by, row.approved_office = person, person.office
        row.approved_hash = content_hash(row)
        row.save()
        record(
            "announcement.approved",
            row.subject,
            actor=person,
            at=now,
            office=person.office,
            hash=row.approved_hash,
        )
        if row.publish_at is None or row.publish_at > now:
            schedule(row, person, now, row.publish_at or now)
    row.refresh_from_db()
    return row


def give_back(
    announcement: Announcement, person: Person, now: datetime, note: str, *, version: int
) -> Announcement:
    """Return ``version`` of a submitted announcement to its author with a note."""
    need(person, Role.APPROVER)
    if not note.strip():
        raise Refused(_("Tulis apa yang perlu diperbaiki."), {"note": _("Catatan belum diisi.")})
    with transaction.atomic():
        row = locked(announcement)
        if row.state != AnnouncementState.SUBMITTED:
            raise Refused(_("Pengumuman ini tidak sedang menunggu persetujuan."))
        same_version(row, version)
        row.state, row.changed_at, row.note = AnnouncementState.REJECTED, now, note.strip()[:1000]
        row.save()
        record("announcement.returned", row.subject, actor=person, at=now, note=row.note)
    return row
