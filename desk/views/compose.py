"""The composer: the fields of a kind, its channels and time at the left, what will appear at the right."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from channels.models import Account
from channels.models import Kind as ChannelKind
from desk.access import READERS, StaffRequest, needs
from desk.frame import page
from desk.letter import Shown, no_reference, plain, shown_draft, without
from desk.times import for_input, from_input, zone
from ledger.roles import Role
from publisher import newsroom
from publisher.card import card_of
from publisher.kinds import AnnouncementKind, TemplateProblem, kind_named, kinds
from publisher.lint import Check, Subject, ask_links, lint, stops
from publisher.models import Announcement, MediaItem
from publisher.render import FACEBOOK_MAX, Rendered
from publisher.values import kecamatan

#: Before the names of a kind's own fields in the form, so that they cannot meet ours.
_PREFIX, _PREFIX_EN, _PREFIX_TEXT = "isi_", "isi_en:", "isi_teks:"


@dataclass(slots=True)
class Sheet:
    """All that stands in the composer's form, saved or not."""

    fields: dict[str, str]
    accounts: list[Account] = field(default_factory=list)
    at_once: bool = True
    moment: str = ""  #: as typed in the datetime-local field
    fields_en: dict[str, str] = field(default_factory=dict)
    overrides: dict[str, str] = field(default_factory=dict)  #: by account key
    kecamatan: list[str] = field(default_factory=list)
    picture: MediaItem | None = None
    tab: str = "id"  #: the language that is open

    @property
    def publish_at(self) -> datetime | None:
        return None if self.at_once else from_input(self.moment)

    @property
    def more(self) -> dict[str, Any]:
        """What the newsroom takes beside fields and targets."""
        return {
            "fields_en": self.fields_en,
            "overrides": self.overrides,
            "kecamatan": self.kecamatan,
            "picture": self.picture,
        }

    @property
    def words(self) -> tuple[Any, ...]:
        """All that makes a new version when it differs."""
        return self.fields, self.accounts, self.more


@needs(Role.AUTHOR)
@require_safe
def new(request: StaffRequest) -> HttpResponse:
    """Choose a kind; with a single kind there is nothing to choose."""
    known = sorted(kinds().values(), key=lambda kind: (not kind.urgent, kind.name))
    if len(known) == 1:
        return redirect("announcement_compose", known[0].key)
    return page(request, "desk/kinds.html", {"section": "announcements", "kinds": known})


@needs(Role.AUTHOR)
def compose(request: StaffRequest, kind: str) -> HttpResponse:
    """A new announcement of one kind."""
    return composer(request, None, kind)


@needs(*READERS["announcements"])
@require_POST
def preview(request: StaffRequest) -> HttpResponse:
    """The previews and the checklist of what stands in the form now."""
    kind = _kind(request.POST.get("kind_key", ""))
    reference = request.POST.get("reference", "") or no_reference()
    row = Announcement.objects.filter(reference=reference).first()
    links = request.POST.get("tindakan") == "periksa"
    return render(
        request, "desk/_live.html", _previews(kind, sheet_of(kind, request.POST), reference, row, links)
    )


@needs(*READERS["announcements"])
@require_safe
def card(request: StaffRequest, announcement_id: int) -> HttpResponse:
    """The image card of a saved announcement."""
    return _picture(get_object_or_404(Announcement, pk=announcement_id))


@needs(*READERS["announcements"])
@require_safe
def card_of_draft(request: StaffRequest, kind: str) -> HttpResponse:
    """The image card of fields that may not be saved yet, given in the address."""
    known = _kind(kind)
    given = {one.name: request.GET.get(one.name, "")[: one.max_length] for one in known.fields}
    title, reference = request.GET.get("title", "")[:200], request.GET.get("reference", "")[:20]
    return _picture(Announcement(kind=kind, fields=given, title=title, reference=reference))


def composer(request: StaffRequest, row: Announcement | None, kind_key: str = "") -> HttpResponse:
    """Show the form, or keep what was sent and, if so wished, ask for approval."""
    kind = _kind(row.kind if row else kind_key)
    if request.method != "POST":
        return _form(request, kind, row, _stored(row) if row else _empty(kind))
    sheet = sheet_of(kind, request.POST)
    act, _colon, account = request.POST.get("tindakan", "").partition(":")
    if act in ("sesuaikan", "ikuti", "periksa"):
        return _form(request, kind, row, _reworded(kind, row, sheet, act, account), links=act == "periksa")
    try:
        row = _kept(request, kind, row, sheet)
        if act == "ajukan":
            return _submitted(request, row, sheet)
    except newsroom.Refused as refusal:
        return _form(request, kind, row, sheet, refusal)
    messages.success(request, _("Naskah disimpan."))
    return redirect("announcement", row.pk)


def sheet_of(kind: AnnouncementKind, sent: QueryDict) -> Sheet:
    """Read the form. A browser sends each line break as two characters; we keep one."""

    def text(name: str) -> str:
        return sent.get(name, "").replace("\r\n", "\n").replace("\x00", "")  # PostgreSQL keeps no NUL

    english = {one.name: text(_PREFIX_EN + one.name) for one in kind.fields if one.translated}
    accounts = list(Account.objects.filter(enabled=True, key__in=sent.getlist("targets")).order_by("id"))
    by_hand = {one.key: text(_PREFIX_TEXT + one.key)[:FACEBOOK_MAX] for one in accounts}
    picture = sent.get("gambar", "")
    return Sheet(
        fields={one.name: text(_PREFIX + one.name) for one in kind.fields},
        accounts=accounts,
        at_once=sent.get("kapan") != "nanti",
        moment=sent.get("publish_at", ""),
        fields_en=english if kind.has_english(english) else {},
        overrides={key: words for key, words in by_hand.items() if words.strip()},
        kecamatan=[code for code in kecamatan() if code in sent.getlist("kecamatan")],
        picture=MediaItem.objects.filter(pk=int(picture)).first() if picture.isdecimal() else None,
        tab="en" if sent.get("bahasa") == "en" else "id",
    )


def _kind(key: str) -> AnnouncementKind:
    try:
        return kind_named(key)
    except TemplateProblem as error:
        raise Http404(str(error)) from error


def _empty(kind: AnnouncementKind) -> Sheet:
    begun = {one.name: one.beginning for one in kind.fields if one.beginning}
    return Sheet(begun, list(Account.objects.filter(enabled=True).order_by("id")))


def _stored(row: Announcement) -> Sheet:
    return Sheet(
        fields=row.fields,
        accounts=list(row.targets.order_by("id")),
        at_once=row.publish_at is None,
        moment=for_input(row.publish_at),
        fields_en=row.fields_en,
        overrides=row.overrides,
        kecamatan=row.kecamatan,
        picture=row.picture,
    )


def _reworded(
    kind: AnnouncementKind, row: Announcement | None, sheet: Sheet, act: str, account: str
) -> Sheet:
    """The form with one account's text begun from the template's ("sesuaikan"), or given back to it ("ikuti")."""
    sheet.overrides.pop(account, None)
    if act == "sesuaikan":
        reference = row.reference if row else no_reference()
        for one in _shown(kind, sheet, reference)[0]:
            if one.account.key == account:
                sheet.overrides[account] = without(plain(one.wording), reference)
    return sheet


def _kept(
    request: StaffRequest, kind: AnnouncementKind, row: Announcement | None, sheet: Sheet
) -> Announcement:
    """Save only what differs, so that asking for approval does not make a new version of the same words."""
    now = timezone.now()
    if row is None:
        return newsroom.draft(kind.key, sheet.fields, request.person, now, sheet.accounts, more=sheet.more)
    if _stored(row).words == sheet.words:
        return row
    return newsroom.edit(row, sheet.fields, request.person, now, sheet.accounts, more=sheet.more)


def _submitted(request: StaffRequest, row: Announcement, sheet: Sheet) -> HttpResponse:
    """Ask for approval; where that is refused, what was typed is saved already and stays in the form."""
    kind = _kind(row.kind)
    try:
        if not sheet.at_once and sheet.publish_at is None:
            raise newsroom.Refused(
                _("Waktu tayang belum lengkap."), {"publish_at": _("Pilih tanggal dan jam.")}
            )
        if grave := stops(_checks(kind, sheet, _shown(kind, sheet, row.reference)[0], row)):
            by_field = {one.where or "checklist": one.sentence for one in grave}
            raise newsroom.Refused(_("Ada yang harus dibereskan dulu; lihat daftar periksa."), by_field)
        newsroom.submit(row, request.person, timezone.now(), sheet.publish_at)
    except newsroom.Refused as refusal:
        return _form(request, kind, row, sheet, refusal)
    messages.success(request, _("Diajukan. Pejabat yang berwenang akan membaca dan memutuskan."))
    return redirect("announcement", row.pk)


def _form(
    request: StaffRequest,
    kind: AnnouncementKind,
    row: Announcement | None,
    sheet: Sheet,
    refusal: newsroom.Refused | None = None,
    *,
    links: bool = False,
) -> HttpResponse:
    by_field = refusal.by_field if refusal else {}
    if by_field:
        sheet.tab = "en" if all(name.startswith("en_") for name in by_field) else "id"
    context = {
        "section": "announcements",
        "announcement": row,
        "sheet": sheet,
        "accounts": list(Account.objects.filter(enabled=True).order_by("id")),
        "areas": kecamatan(),
        "pictures": _pictures(sheet.picture),
        "earliest": for_input(timezone.now()),
        "refusal": str(refusal) if refusal else "",
        "by_field": by_field,
        **_previews(kind, sheet, row.reference if row else no_reference(), row, links),
    }
    return page(request, "desk/compose.html", context, status=422 if refusal else 200)


def _pictures(chosen: MediaItem | None) -> QuerySet[MediaItem]:
    """What may be used today, and what is chosen already."""
    today = timezone.now().astimezone(zone()).date()
    usable = Q(media_type__startswith="image/") & (Q(expires_on=None) | Q(expires_on__gte=today))
    return MediaItem.objects.filter(usable | Q(pk=chosen.pk if chosen else None)).order_by("-uploaded_at")[
        :100
    ]


def _shown(kind: AnnouncementKind, sheet: Sheet, reference: str) -> tuple[list[Shown], str]:
    """The previews, or why there are none."""
    try:
        return (
            shown_draft(kind.key, sheet.fields, sheet.accounts, reference, sheet.fields_en, sheet.overrides),
            "",
        )
    except TemplateProblem as error:
        return [], str(error)


def _checks(
    kind: AnnouncementKind, sheet: Sheet, previews: list[Shown], row: Announcement | None, links: bool = False
) -> list[Check]:
    subject = Subject(
        kind=kind,
        fields=sheet.fields,
        wording=[(one.account, one.wording) for one in previews if isinstance(one.wording, Rendered)],
        now=timezone.now(),
        fields_en=sheet.fields_en,
        overrides=sheet.overrides,
        picture=sheet.picture,
        announcement=row.pk if row else None,
    )
    if links:
        ask_links(subject)
    return lint(subject)


def _previews(
    kind: AnnouncementKind, sheet: Sheet, reference: str, row: Announcement | None, links: bool = False
) -> dict[str, Any]:
    previews, trouble = _shown(kind, sheet, reference)
    begun = {one.name: one.beginning for one in kind.fields}
    said = {name: value for name, value in sheet.fields.items() if value != begun.get(name)}
    return {
        "previews": previews,
        "preview_trouble": trouble,
        "empty": not any(value.strip() for value in said.values()),
        "card_query": _card_query(kind, sheet, previews, reference),
        "card_address": "",
        "kind": kind,
        "picture": sheet.picture,
        "checks": _checks(kind, sheet, previews, row, links),
        "fields_by_name": {one.name: one for one in kind.fields},
    }


def _card_query(kind: AnnouncementKind, sheet: Sheet, previews: list[Shown], reference: str) -> str:
    """The fields of the card as the query of an address; "" when no channel shows the card."""
    pictured = next((one for one in previews if one.account.channel == ChannelKind.INSTAGRAM), None)
    if pictured is None:
        return ""
    query = QueryDict(mutable=True)
    short = {name: sheet.fields.get(name, "") for name in kind.card}
    query.update({**short, "title": pictured.wording.title, "reference": reference})
    return query.urlencode()


def _picture(announcement: Announcement) -> HttpResponse:
    answer = HttpResponse(card_of(announcement), content_type="image/jpeg")
    patch_cache_control(answer, private=True, max_age=60)
    return answer
