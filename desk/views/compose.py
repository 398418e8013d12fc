"""The composer: the fields of a kind, its channels and time at the left, what will appear at the right."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib import messages
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
from desk.letter import Shown, no_reference, shown_draft
from desk.times import for_input, from_input
from ledger.roles import Role
from publisher import newsroom
from publisher.card import card_of
from publisher.kinds import AnnouncementKind, TemplateProblem, kind_named, kinds
from publisher.models import Announcement

#: Before the names of a kind's own fields in the form, so that they cannot meet ours.
_PREFIX = "isi_"


@dataclass(slots=True)
class Sheet:
    """All that stands in the composer's form, saved or not."""

    fields: dict[str, str]
    accounts: list[Account] = field(default_factory=list)
    at_once: bool = True
    moment: str = ""  #: as typed in the datetime-local field

    @property
    def publish_at(self) -> datetime | None:
        return None if self.at_once else from_input(self.moment)


@needs(Role.AUTHOR)
@require_safe
def new(request: StaffRequest) -> HttpResponse:
    """Choose a kind; with a single kind there is nothing to choose."""
    known = list(kinds().values())
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
    """The previews of what stands in the form now."""
    kind = _kind(request.POST.get("kind_key", ""))
    reference = request.POST.get("reference", "") or no_reference()
    return render(request, "desk/_previews.html", _previews(kind, sheet_of(kind, request.POST), reference))


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
        return _form(request, kind, row, _stored(row) if row else _empty())
    sheet = sheet_of(kind, request.POST)
    try:
        row = _kept(request, kind, row, sheet)
        if request.POST.get("tindakan") == "ajukan":
            return _submitted(request, row, sheet)
    except newsroom.Refused as refusal:
        return _form(request, kind, row, sheet, refusal)
    messages.success(request, _("Naskah disimpan."))
    return redirect("announcement", row.pk)


def sheet_of(kind: AnnouncementKind, sent: QueryDict) -> Sheet:
    """Read the form. A browser sends each line break as two characters; we keep one."""
    fields = {one.name: sent.get(_PREFIX + one.name, "").replace("\r\n", "\n") for one in kind.fields}
    accounts = list(Account.objects.filter(enabled=True, key__in=sent.getlist("targets")).order_by("id"))
    return Sheet(fields, accounts, sent.get("kapan") != "nanti", sent.get("publish_at", ""))


def _kind(key: str) -> AnnouncementKind:
    try:
        return kind_named(key)
    except TemplateProblem as error:
        raise Http404(str(error)) from error


def _empty() -> Sheet:
    return Sheet({}, list(Account.objects.filter(enabled=True).order_by("id")))


def _stored(row: Announcement) -> Sheet:
    targets = list(row.targets.order_by("id"))
    return Sheet(row.fields, targets, row.publish_at is None, for_input(row.publish_at))


def _kept(
    request: StaffRequest, kind: AnnouncementKind, row: Announcement | None, sheet: Sheet
) -> Announcement:
    """Save only what differs, so that asking for approval does not make a new version of the same words."""
    now = timezone.now()
    if row is None:
        return newsroom.draft(kind.key, sheet.fields, request.person, now, sheet.accounts)
    before = _stored(row)
    if before.fields == sheet.fields and before.accounts == sheet.accounts:
        return row
    return newsroom.edit(row, sheet.fields, request.person, now, sheet.accounts)


def _submitted(request: StaffRequest, row: Announcement, sheet: Sheet) -> HttpResponse:
    """Ask for approval; where that is refused, what was typed is saved already and stays in the form."""
    kind = _kind(row.kind)
    try:
        if not sheet.at_once and sheet.publish_at is None:
            raise newsroom.Refused(
                _("Waktu tayang belum lengkap."), {"publish_at": _("Pilih tanggal dan jam.")}
            )
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
) -> HttpResponse:
    context = {
        "section": "announcements",
        "kind": kind,
        "announcement": row,
        "sheet": sheet,
        "accounts": list(Account.objects.filter(enabled=True).order_by("id")),
        "earliest": for_input(timezone.now()),
        "refusal": str(refusal) if refusal else "",
        "by_field": refusal.by_field if refusal else {},
        **_previews(kind, sheet, row.reference if row else no_reference()),
    }
    return page(request, "desk/compose.html", context, status=422 if refusal else 200)


def _previews(kind: AnnouncementKind, sheet: Sheet, reference: str) -> dict[str, Any]:
    previews: list[Shown] = []
    trouble = ""
    try:
        previews = shown_draft(kind.key, sheet.fields, sheet.accounts, reference)
    except TemplateProblem as error:
        trouble = str(error)
    return {
        "previews": previews,
        "preview_trouble": trouble,
        "empty": not any(value.strip() for value in sheet.fields.values()),
        "card_query": _card_query(kind, sheet, previews, reference),
        "card_address": "",
        "kind": kind,
    }


def _card_query(kind: AnnouncementKind, sheet: Sheet, previews: list[Shown], reference: str) -> str:
    """The fields of the card as the query of an address; "" when no channel shows the card."""
    pictured = next((one for one in previews if one.account.channel == ChannelKind.INSTAGRAM), None)
    if pictured is None:
        return ""
    query = QueryDict(mutable=True)
    short = {one.name: sheet.fields.get(one.name, "") for one in kind.fields if not one.long}
    query.update({**short, "title": pictured.wording.title, "reference": reference})
    return query.urlencode()


def _picture(announcement: Announcement) -> HttpResponse:
    answer = HttpResponse(card_of(announcement), content_type="image/jpeg")
    patch_cache_control(answer, private=True, max_age=60)
    return answer
