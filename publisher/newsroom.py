"""The way of an announcement to its schedule: written by one person, approved by another, then planned."""

import hashlib
import secrets
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from channels.models import Account, Kind
from channels.registry import edits
from ledger.chain import record
from ledger.models import Person
from ledger.roles import Role, roles_of
from ledger.wake import wake
from publisher.article import article_address
from publisher.change import article_link, back_to_live, standing
from publisher.change import begin_correction as begin_correction
from publisher.change import retract as retract
from publisher.kinds import TemplateProblem, kind_named
from publisher.media import local_day, wants
from publisher.models import EDITABLE, Act, Announcement, AnnouncementState, Delivery, DeliveryState, Variant
from publisher.render import Rendered, change_text, problems, render
from publisher.rules import Refused as Refused
from publisher.rules import drop_approval
from publisher.rules import locked as locked
from publisher.rules import need as need
from publisher.rules import same_version as same_version
from publisher.windows import explain, refused

#: What of an announcement may be given beside its fields and targets (publisher.models.Announcement).
MORE = frozenset(
    {"fields_en", "overrides", "kecamatan", "picture", "content_class", "urgent", "ppid_class"}
    | {"series", "occurrence_on"}
)

#: States in which it may still be taken back, as long as nothing of it may be on a channel.
CANCELLABLE = (*EDITABLE, AnnouncementState.SCHEDULED, AnnouncementState.PUBLISHING)


def draft(
    kind: str,
    fields: dict[str, str],
    author: Person,
    now: datetime,
    targets: list[Account] | None = None,
    more: dict[str, Any] | None = None,
) -> Announcement:
    """Begin an announcement for ``targets`` (all enabled accounts when None).

    more: values of MORE; content class, urgency and PPID class are the kind's own where they are not given.
    """
    need(author, Role.AUTHOR)
    reference = _unused_reference()
    with transaction.atomic():
        made = Announcement.objects.create(
            kind=kind,
            fields=fields,
            title=_title(kind, fields, reference),
            reference=reference,
            slug=slug_of(kind, fields, reference),
            author=author,
            created_at=now,
            changed_at=now,
            zone=settings.CITY["timezone"],
            **{**_of_kind(kind), **_known(more)},
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
    more: dict[str, Any] | None = None,
) -> Announcement:
    """Change the wording; whatever had been submitted or approved falls back to a draft.

    more: as in ``draft``; what is not given stays. A correction keeps the accounts on which it stands.
    """
    need(person, Role.AUTHOR)
    with transaction.atomic():
        row = locked(announcement)
        if row.state not in EDITABLE:
            raise Refused(_("Pengumuman ini sudah terjadwal atau tayang; batalkan dulu untuk mengubahnya."))
        row.fields, row.title = fields, _title(row.kind, fields, row.reference)
        if not row.live_version:
            row.slug = slug_of(row.kind, fields, row.reference)  # the address of what is out already stays
        for name, value in _known(more).items():
            setattr(row, name, value)
        row.version += 1
        row.state, row.changed_at, row.card_url = AnnouncementState.DRAFT, now, ""
        drop_approval(row)
        row.save()
        row.writers.add(person)
        if targets is not None:
            row.targets.set({*targets, *(one.account for one in standing(row))})
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
        if publish_at is not None:
            _refuse_hour(row, publish_at)
        if row.state == AnnouncementState.REJECTED:
            row.version += 1  # a screen that still shows what was given back cannot approve what is new
        variants = fixed_variants(row, now)
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
        if publish_at > now:  # "now" is a person's decision; a chosen hour has to fit the calendar
            _refuse_hour(row, publish_at)
        if content_hash(row) != row.approved_hash:
            raise Refused(_("Isi berubah sejak disetujui; ajukan lagi."))
        _refuse_unfit(row, {v.account.key: (v.account.channel, _as_rendered(v)) for v in _variants(row)})
        made = [_planned(row, variant.account, publish_at) for variant in _variants(row)]
        Delivery.objects.bulk_create(made)
        row.state, row.publish_at, row.changed_at = AnnouncementState.SCHEDULED, publish_at, now
        row.save()
        record("announcement.scheduled", row.subject, actor=person, at=now, publish_at=publish_at.isoformat())
        if publish_at <= now:
            for delivery in made:
                wake("deliver", str(delivery.pk))
    return row


def move(announcement: Announcement, person: Person, now: datetime, publish_at: datetime) -> Announcement:
    """Another time, with the approval kept: only the hour changes. Refused once it has begun to appear."""
    if not roles_of(person) & {Role.AUTHOR, Role.APPROVER}:
        raise Refused(_("Anda tidak mempunyai tugas menjadwalkan pengumuman."))
    if publish_at < now:
        raise Refused(_("Waktu tayang sudah lewat."), {"publish_at": _("Pilih waktu yang akan datang.")})
    _refuse_hour(announcement, publish_at)
    with transaction.atomic():
        # The deliveries first: whoever claims one of them holds its row, and then the count below is short.
        rows = Delivery.objects.filter(announcement=announcement, version=announcement.version)
        moved = rows.filter(state=DeliveryState.PLANNED, pause=None).update(
            due_at=publish_at, next_at=publish_at
        )
        row = locked(announcement)
        if row.state not in (*EDITABLE, AnnouncementState.SCHEDULED) or moved != rows.count():
            raise Refused(
                _("Pengumuman ini sudah mulai tayang atau sedang ditahan; waktunya tidak dapat diubah.")
            )
        before, row.publish_at, row.changed_at = row.publish_at, publish_at, now
        row.save(update_fields=["publish_at", "changed_at"])
        record(
            "announcement.moved",
            row.subject,
            actor=person,
            at=now,
            before=before.isoformat() if before else "",
            publish_at=publish_at.isoformat(),
        )
    return row


def cancel(announcement: Announcement, person: Person, now: datetime) -> Announcement:
    """Take back what has not begun to appear. Refused once any channel may show it.

    A correction that is taken back leaves what stands as it is.
    """
    if not roles_of(person) & {Role.AUTHOR, Role.APPROVER}:
        raise Refused(_("Anda tidak mempunyai tugas membatalkan pengumuman."))
    with transaction.atomic():
        rows = Delivery.objects.filter(announcement=announcement, version=announcement.version)
        waiting = (DeliveryState.PLANNED, DeliveryState.RETRYING)  # of these nothing is on a channel
        rows.filter(state__in=waiting).update(
            state=DeliveryState.CANCELLED, next_at=None, held="", pause=None
        )
        begun = rows.exclude(state=DeliveryState.CANCELLED)
        row = locked(announcement)
        if row.state not in CANCELLABLE or begun.exists():
            raise Refused(_("Pengumuman ini sudah mulai tayang."))
        row.changed_at = now
        if row.live_version:
            back_to_live(row)
        else:
            row.state = AnnouncementState.CANCELLED
        row.save()
        record("announcement.cancelled", row.subject, actor=person, at=now, correction=bool(row.live_version))
    return row


def fixed_variants(announcement: Announcement, now: datetime) -> list[Variant]:
    """The wording for every target, checked against its channel. Raises Refused naming each that does not fit."""
    kind = kind_named(announcement.kind)
    if missing := kind.check(announcement.fields) | kind.check_english(announcement.fields_en):
        raise Refused(_("Ada isian yang perlu dilengkapi."), missing)
    if announcement.picture and (wanting := wants(announcement.picture, local_day(now))):
        raise Refused(_("Gambarnya belum dapat dipakai."), {"picture": " ".join(wanting)})
    accounts = list(announcement.targets.order_by("id"))
    if not accounts:
        raise Refused(_("Pilih paling sedikit satu saluran."), {"targets": _("Belum ada saluran.")})
    wording = preview(
        announcement.kind,
        announcement.fields,
        accounts,
        announcement.reference,
        announcement.fields_en,
        announcement.overrides,
        link=article_ahead(accounts, announcement.slug),
    )
    _refuse_unfit(announcement, {a.key: (a.channel, wording[a.key]) for a in accounts})
    return [
        Variant(
            announcement=announcement,
            version=announcement.version,
            account=account,
            text=wording[account.key].text,
            title=wording[account.key].title[:200],
            html=wording[account.key].html,
            alt=(announcement.picture.alt if announcement.picture else wording[account.key].alt)[:1000],
            change_text=_correction(announcement, account, wording[account.key]),
        )
        for account in accounts
    ]


def _correction(row: Announcement, account: Account, wording: Rendered) -> str:
    """What a reply or comment says of a correction; "" in a first publication and where the channel edits."""
    if not row.live_version or edits(account.channel):
        return ""
    link = article_link(row)
    return change_text(
        account.channel,
        "correct",
        title=wording.title,
        note=row.change_note,
        reference=row.reference,
        link=link,
    )


def preview(
    kind: str,
    fields: dict[str, str],
    accounts: list[Account],
    reference: str,
    fields_en: dict[str, str] | None = None,
    overrides: dict[str, str] | None = None,
    *,
    link: str = "",
) -> dict[str, Rendered]:
    """What each account will show, by account key; made by the same render as the publication.

    link: the address of our article, for posts whose template leads there (``article_ahead``).
    """
    by_hand = overrides or {}
    return {
        one.key: render(
            kind,
            fields,
            one.channel,
            reference,
            fields_en=fields_en,
            override=by_hand.get(one.key, ""),
            link=link if _links(one) else "",
        )
        for one in accounts
    }


def _links(account: Account) -> bool:
    """Whether posts of this account lead to our article: everywhere but on X, which asks USD 0.200 for a post with a

    link instead of 0.015 (pricing since 2026-02-06, read 2026-10), unless the account's setting links is true.
    """
    return bool(account.settings.get("links", account.channel != Kind.X))


def article_ahead(accounts: list[Account], slug: str) -> str:
    """Where the article will stand, on the first official website among ``accounts``; "" without one."""
    sites = [one for one in accounts if one.channel == Kind.WEBSITE]
    return article_address(sites[0], slug) if sites else ""


def content_hash(announcement: Announcement) -> str:
    """SHA-256 over the stored wording of every account, the title on the card, the picture and its words, and the

    public sentence of a correction; any byte changes it.
    """
    whole = hashlib.sha256(announcement.title.encode())
    for variant in _variants(announcement):
        change = hashlib.sha256(variant.change_text.encode()).hexdigest()
        whole.update(f"\x00{variant.account.key}\x00{_as_rendered(variant).digest()}\x00{change}".encode())
    if announcement.picture is not None:
        whole.update(f"\x00{announcement.picture.sha256}\x00{announcement.picture.alt}".encode())
    whole.update(f"\x00{announcement.change_note}".encode())
    return whole.hexdigest()


def _refuse_hour(row: Announcement, moment: datetime) -> None:
    """The calendar's rules (quiet hours, prayers, collisions); an emergency is never hindered."""
    found = refused(explain(moment, row.content_class, row.targets.all(), row))
    if found:
        said = " ".join(one.sentence for one in found)
        raise Refused(_("Waktu itu tidak dapat dipakai. %(why)s") % {"why": said}, {"publish_at": said})


def _planned(row: Announcement, account: Account, publish_at: datetime) -> Delivery:
    """The delivery of the present version: a correction where an earlier one stands, else a first publication."""
    before = next((one for one in standing(row) if one.account_id == account.pk), None)
    return Delivery(
        announcement=row,
        version=row.version,
        account=account,
        act=Act.CORRECT if before else Act.PUBLISH,
        about=before,
        urgent=row.urgent,
        due_at=publish_at,
        next_at=publish_at,
    )


def _unused_reference() -> str:
    """Of sixteen million; with ten thousand announcements a file of 300 rows would meet one of them now and then."""
    while True:
        reference = f"{settings.CITY['reference_prefix']}-{secrets.token_hex(3).upper()}"
        if not Announcement.objects.filter(reference=reference).exists():
            return reference


def _of_kind(kind: str) -> dict[str, Any]:
    known = kind_named(kind)
    return {"content_class": known.content_class, "urgent": known.urgent, "ppid_class": known.ppid_class}


def _known(more: dict[str, Any] | None) -> dict[str, Any]:
    if unknown := set(more or {}) - MORE:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    return more or {}


def _refuse_unfit(announcement: Announcement, wording: dict[str, tuple[str, Rendered]]) -> None:
    unfit = {key: " ".join(found) for key, (channel, r) in wording.items() if (found := problems(channel, r))}
    if unfit:
        raise Refused(_("Ada saluran yang tidak dapat menerima pengumuman ini."), unfit)


def _variants(announcement: Announcement) -> list[Variant]:
    rows = Variant.objects.filter(announcement=announcement, version=announcement.version)
    return list(rows.select_related("account").order_by("account_id"))


def _as_rendered(variant: Variant) -> Rendered:
    return Rendered(text=variant.text, title=variant.title, html=variant.html, alt=variant.alt)


def _title(kind: str, fields: dict[str, str], reference: str) -> str:
    try:
        return render(kind, fields, "x", reference).title[:200] or _("(tanpa judul)")
    except TemplateProblem:
        return _("(tanpa judul)")


def slug_of(kind: str, fields: dict[str, str], reference: str) -> str:
    """Ends in the reference, so that the address is ours alone on every site."""
    title = _title(kind, fields, reference)
    return f"{slugify(title)[:80].strip('-') or 'pengumuman'}-{slugify(reference)}"
