"""The way of an announcement to its schedule: written by one person, approved by another, then planned."""

import hashlib
import secrets
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from channels.models import Account
from ledger.chain import record
from ledger.models import Person
from ledger.roles import Role, roles_of
from ledger.wake import wake
from publisher.kinds import TemplateProblem, kind_named
from publisher.models import EDITABLE, Announcement, AnnouncementState, Delivery, DeliveryState, Variant
from publisher.render import Rendered, problems, render


class Refused(Exception):
    """Langkah ini tidak dapat dilakukan. `by_field` says what to mend where: field name or account key."""

    def __init__(self, message: str, by_field: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.by_field = by_field or {}


def draft(
    kind: str, fields: dict[str, str], author: Person, now: datetime, targets: list[Account] | None = None
) -> Announcement:
    """Begin an announcement for ``targets`` (all enabled accounts when None)."""
    need(author, Role.AUTHOR)
    reference = f"{settings.CITY['reference_prefix']}-{secrets.token_hex(3).upper()}"
    with transaction.atomic():
        made = Announcement.objects.create(
            kind=kind,
            fields=fields,
            title=_title(kind, fields, reference),
            reference=reference,
            slug=_slug(_title(kind, fields, reference), reference),
            author=author,
            created_at=now,
            changed_at=now,
            zone=settings.CITY["timezone"],
        )
        made.writers.add(author)
        made.targets.set(Account.objects.filter(enabled=True) if targets is None else targets)
        record("announcement.drafted", made.subject, actor=author, at=now, title=made.title)
    return made


def edit(
    announcement: Announcement,
    fields: dict[str, str],
    person: Person,
    now: datetime,
    targets: list[Account] | None = None,
) -> Announcement:
    """Change the wording; whatever had been submitted or approved falls back to a draft."""
    need(person, Role.AUTHOR)
    with transaction.atomic():
        row = locked(announcement)
        if row.state not in EDITABLE:
            raise Refused(_("Pengumuman ini sudah terjadwal atau tayang; batalkan dulu untuk mengubahnya."))
        row.fields, row.title = fields, _title(row.kind, fields, row.reference)
        row.slug = _slug(row.title, row.reference)
        row.version += 1
        row.state, row.changed_at, row.card_url = AnnouncementState.DRAFT, now, ""
        drop_approval(row)
        row.save()
        row.writers.add(person)
        if targets is not None:
            row.targets.set(targets)
        record("announcement.edited", row.subject, actor=person, at=now, version=row.version)
    return row


def submit(
    announcement: Announcement, person: Person, now: datetime, publish_at: datetime | None = None
) -> Announcement:
    """Ask for approval. The wording for every account is fixed here; Refused names what must be mended."""
    need(person, Role.AUTHOR)
    if publish_at is not None and publish_at <= now:
        raise Refused(_("Waktu tayang sudah lewat."), {"publish_at": _("Pilih waktu yang akan datang.")})
    with transaction.atomic():
        row = locked(announcement)
        if row.state not in (AnnouncementState.DRAFT, AnnouncementState.REJECTED):
            raise Refused(_("Pengumuman ini sudah diajukan."))
        variants = fixed_variants(row)
        Variant.objects.filter(announcement=row, version=row.version).delete()
        Variant.objects.bulk_create(variants)
        row.state, row.publish_at, row.changed_at, row.note = AnnouncementState.SUBMITTED, publish_at, now, ""
        row.save()
        row.writers.add(person)
        record("announcement.submitted", row.subject, actor=person, at=now, version=row.version)
    return row


def schedule(announcement: Announcement, person: Person, now: datetime, publish_at: datetime) -> Announcement:
    """Plan one delivery for each target. The approval must still fit every byte of the wording."""
    if not roles_of(person) & {Role.AUTHOR, Role.APPROVER}:
        raise Refused(_("Anda tidak mempunyai tugas menjadwalkan pengumuman."))
    with transaction.atomic():
        row = locked(announcement)
        if row.state != AnnouncementState.APPROVED:
            raise Refused(_("Hanya pengumuman yang disetujui yang dapat dijadwalkan."))
        if publish_at < now:
            raise Refused(_("Waktu tayang sudah lewat."), {"publish_at": _("Pilih waktu yang akan datang.")})
        if content_hash(row) != row.approved_hash:
            raise Refused(_("Isi berubah sejak disetujui; ajukan lagi."))
        _refuse_unfit(row, {v.account.key: (v.account.channel, _as_rendered(v)) for v in _variants(row)})
        made = [
            Delivery(
                announcement=row,
                version=row.version,
                account=variant.account,
                due_at=publish_at,
                next_at=publish_at,
            )
            for variant in _variants(row)
        ]
        Delivery.objects.bulk_create(made)
        row.state, row.publish_at, row.changed_at = AnnouncementState.SCHEDULED, publish_at, now
        row.save()
        record("announcement.scheduled", row.subject, actor=person, at=now, publish_at=publish_at.isoformat())
        if publish_at <= now:
            for delivery in made:
                wake("deliver", str(delivery.pk))
    return row


def cancel(announcement: Announcement, person: Person, now: datetime) -> Announcement:
    """Take back what has not begun to appear. Refused once any channel may show it."""
    if not roles_of(person) & {Role.AUTHOR, Role.APPROVER}:
        raise Refused(_("Anda tidak mempunyai tugas membatalkan pengumuman."))
    with transaction.atomic():
        planned = Delivery.objects.filter(announcement=announcement, state=DeliveryState.PLANNED)
        planned.update(state=DeliveryState.CANCELLED, next_at=None)
        begun = Delivery.objects.filter(announcement=announcement).exclude(state=DeliveryState.CANCELLED)
        row = locked(announcement)
        if row.state not in (*EDITABLE, AnnouncementState.SCHEDULED) or begun.exists():
            raise Refused(_("Pengumuman ini sudah mulai tayang."))
        row.state, row.changed_at = AnnouncementState.CANCELLED, now
        row.save()
        record("announcement.cancelled", row.subject, actor=person, at=now)
    return row


def fixed_variants(announcement: Announcement) -> list[Variant]:
    """The wording for every target, checked against its channel. Raises Refused naming each that does not fit."""
    kind = kind_named(announcement.kind)
    if missing := kind.check(announcement.fields):
        raise Refused(_("Ada isian yang perlu dilengkapi."), missing)
    accounts = list(announcement.targets.order_by("id"))
    if not accounts:
        raise Refused(_("Pilih paling sedikit satu saluran."), {"targets": _("Belum ada saluran.")})
    wording = preview(announcement.kind, announcement.fields, accounts, announcement.reference)
    _refuse_unfit(announcement, {a.key: (a.channel, wording[a.key]) for a in accounts})
    return [
        Variant(
            announcement=announcement,
            version=announcement.version,
            account=account,
            text=wording[account.key].text,
            title=wording[account.key].title[:200],
            html=wording[account.key].html,
            alt=wording[account.key].alt[:1000],
        )
        for account in accounts
    ]


def preview(
    kind: str, fields: dict[str, str], accounts: list[Account], reference: str
) -> dict[str, Rendered]:
    """What each account will show, by account key; made by the same render as the publication."""
    by_channel = {a.channel: render(kind, fields, a.channel, reference) for a in accounts}
    return {account.key: by_channel[account.channel] for account in accounts}


def content_hash(announcement: Announcement) -> str:
    """SHA-256 over the stored wording of every account and the title on the card; any byte changes it."""
    whole = hashlib.sha256(announcement.title.encode())
    for variant in _variants(announcement):
        whole.update(f"\x00{variant.account.key}\x00{_as_rendered(variant).digest()}".encode())
    return whole.hexdigest()


def _refuse_unfit(announcement: Announcement, wording: dict[str, tuple[str, Rendered]]) -> None:
    unfit = {key: " ".join(found) for key, (channel, r) in wording.items() if (found := problems(channel, r))}
    if unfit:
        raise Refused(_("Ada saluran yang tidak dapat menerima pengumuman ini."), unfit)


def _variants(announcement: Announcement) -> list[Variant]:
    rows = Variant.objects.filter(announcement=announcement, version=announcement.version)
    return list(rows.select_related("account").order_by("account_id"))


def _as_rendered(variant: Variant) -> Rendered:
    return Rendered(text=variant.text, title=variant.title, html=variant.html, alt=variant.alt)


def locked(announcement: Announcement) -> Announcement:
    return Announcement.objects.select_for_update().get(pk=announcement.pk)


def same_version(row: Announcement, version: int) -> None:
    """A decision is about the wording that was on the screen, not about a newer one."""
    if row.version != version:
        raise Refused(_("Isinya diubah setelah Anda membukanya; baca lagi sebelum memutuskan."))


def drop_approval(row: Announcement) -> None:
    row.approved_by, row.approved_at, row.approved_hash, row.approved_office = None, None, "", ""


def need(person: Person, role: Role) -> None:
    if role not in roles_of(person):
        raise Refused(_("Anda tidak mempunyai tugas untuk langkah ini."))


def _title(kind: str, fields: dict[str, str], reference: str) -> str:
    try:
        return render(kind, fields, "x", reference).title[:200] or _("(tanpa judul)")
    except TemplateProblem:
        return _("(tanpa judul)")


def _slug(title: str, reference: str) -> str:
    """Ends in the reference, so that the address is ours alone on every site."""
    return f"{slugify(title)[:80].strip('-') or 'pengumuman'}-{slugify(reference)}"
