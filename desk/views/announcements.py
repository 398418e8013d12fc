"""Pengumuman: the list, the composer, the letter to approve, and the board of deliveries."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db.models import Count, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from desk.access import READERS, StaffRequest, needs
from desk.frame import page
from desk.letter import changes, shown_of
from desk.listing import asked, page_of, with_query
from desk.times import for_input, from_input
from desk.views.compose import composer
from desk.views.errors import not_your_task
from ledger.chain import timeline
from ledger.roles import Role
from publisher import approval, newsroom
from publisher.models import EDITABLE, Announcement, AnnouncementState, Delivery
from publisher.reconcile import it_is_there, send_again

#: The tabs, by the word in the address; None: all states.
VIEWS: dict[str, tuple[AnnouncementState, ...] | None] = {
    "semua": None,
    "naskah": (AnnouncementState.DRAFT, AnnouncementState.REJECTED),
    "menunggu": (AnnouncementState.SUBMITTED, AnnouncementState.APPROVED),
    "terjadwal": (AnnouncementState.SCHEDULED,),
    "tayang": (
        AnnouncementState.PUBLISHING,
        AnnouncementState.PUBLISHED,
        AnnouncementState.PARTLY_PUBLISHED,
    ),
    "dibatalkan": (AnnouncementState.CANCELLED,),
}


@needs(*READERS["announcements"])
@require_safe
def announcements(request: StaffRequest) -> HttpResponse:
    view = asked(request.GET, "tampilan", VIEWS) or "semua"
    states = VIEWS[view]
    rows = Announcement.objects.select_related("author").prefetch_related("targets").order_by("-id")
    found, older = page_of(rows if states is None else rows.filter(state__in=states), request.GET)
    by_state = dict(Announcement.objects.values_list("state").annotate(Count("pk")))
    context = {
        "section": "announcements",
        "announcements": found,
        "view": view,
        "counts": {
            name: sum(by_state.get(state, 0) for state in (AnnouncementState if wanted is None else wanted))
            for name, wanted in VIEWS.items()
        },
        "older": with_query(request.GET, sebelum=older) if older else "",
    }
    return page(request, "desk/announcements.html", context)


@needs(*READERS["announcements"])
def announcement(request: StaffRequest, announcement_id: int) -> HttpResponse:
    """The composer while it may be written, else the letter with its deliveries."""
    row = _found(announcement_id)
    if request.method == "POST" and Role.AUTHOR not in request.roles:
        return not_your_task(request)
    if request.method == "POST" or _writes(request, row):
        return composer(request, row)
    return _letter(request, row)


@needs(Role.APPROVER)
@require_POST
def approve(request: StaffRequest, announcement_id: int) -> HttpResponse:
    row = _found(announcement_id)
    try:
        row = approval.approve(row, request.person, timezone.now(), version=_version(request))
    except newsroom.Refused as refusal:
        return _letter(request, row, refusal)
    if row.state == AnnouncementState.APPROVED:
        messages.info(request, _("Disetujui. Waktu tayangnya sudah lewat; pilih waktu baru."))
    else:
        messages.success(request, _("Disetujui dan dijadwalkan."))
    return redirect("announcement", row.pk)


def _version(request: StaffRequest) -> int:
    """The version that was on the screen when the button was pressed; 0 when the form does not say."""
    said = request.POST.get("version", "")
    return int(said) if said.isdecimal() else 0


@needs(Role.APPROVER)
@require_POST
def give_back(request: StaffRequest, announcement_id: int) -> HttpResponse:
    row, note = _found(announcement_id), request.POST.get("note", "")
    try:
        approval.give_back(row, request.person, timezone.now(), note, version=_version(request))
    except newsroom.Refused as refusal:
        return _letter(request, row, refusal, note=note)
    messages.success(request, _("Dikembalikan kepada %(author)s.") % {"author": row.author})
    return redirect("announcements")


@needs(Role.AUTHOR, Role.APPROVER)
@require_POST
def schedule(request: StaffRequest, announcement_id: int) -> HttpResponse:
    """A new time for what was approved, when the wished one had passed."""
    row = _found(announcement_id)
    at_once = request.POST.get("kapan") == "segera"
    moment = timezone.now() if at_once else from_input(request.POST.get("publish_at", ""))
    try:
        if moment is None:
            raise newsroom.Refused(
                _("Waktu tayang belum lengkap."), {"publish_at": _("Pilih tanggal dan jam.")}
            )
        newsroom.schedule(row, request.person, timezone.now() if not at_once else moment, moment)
    except newsroom.Refused as refusal:
        return _letter(request, row, refusal)
    messages.success(request, _("Dijadwalkan."))
    return redirect("announcement", row.pk)


@needs(Role.AUTHOR, Role.APPROVER)
def cancel(request: StaffRequest, announcement_id: int) -> HttpResponse:
    """Ask once more, then take it back."""
    row = _found(announcement_id)
    refusal = None
    if request.method == "POST":
        try:
            newsroom.cancel(row, request.person, timezone.now())
        except newsroom.Refused as raised:
            refusal = raised
        else:
            messages.success(request, _("Pengumuman dibatalkan. Tidak ada saluran yang menayangkannya."))
            return redirect("announcement", row.pk)
    context = {"section": "announcements", "announcement": row, "refusal": str(refusal or "")}
    return page(request, "desk/cancel.html", context, status=422 if refusal else 200)


@needs(Role.AUTHOR, Role.APPROVER)
@require_POST
def there(request: StaffRequest, delivery_id: int) -> HttpResponse:
    """A person saw it on the channel and gives its address."""
    delivery = _delivery(delivery_id)
    link = request.POST.get("link", "").strip()
    try:
        URLValidator(schemes=["http", "https"])(link)
        it_is_there(delivery, link, request.person, timezone.now())
    except ValidationError:
        sentence = _("Tempel alamat lengkap kiriman itu, dimulai dengan https://.")
        return _letter(request, _found(delivery.announcement_id), link=(delivery.pk, link, sentence))
    except newsroom.Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, _("Dicatat: sudah tayang di %(account)s.") % {"account": delivery.account})
    return redirect("announcement", delivery.announcement_id)


@needs(Role.AUTHOR, Role.APPROVER)
@require_POST
def again(request: StaffRequest, delivery_id: int) -> HttpResponse:
    """A person looked, and it is not there."""
    delivery = _delivery(delivery_id)
    try:
        send_again(delivery, request.person, timezone.now())
    except newsroom.Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, _("Dikirim lagi ke %(account)s.") % {"account": delivery.account})
    return redirect("announcement", delivery.announcement_id)


def _found(announcement_id: int) -> Announcement:
    rows = Announcement.objects.select_related("author", "approved_by")
    return get_object_or_404(rows, pk=announcement_id)


def _delivery(delivery_id: int) -> Delivery:
    return get_object_or_404(Delivery.objects.select_related("account"), pk=delivery_id)


def _writes(request: StaffRequest, row: Announcement) -> bool:
    """An author writes drafts at once, and what was submitted or approved only on purpose."""
    if Role.AUTHOR not in request.roles or row.state not in EDITABLE:
        return False
    drafts = (AnnouncementState.DRAFT, AnnouncementState.REJECTED)
    return row.state in drafts or "ubah" in request.GET


def _deliveries(row: Announcement) -> QuerySet[Delivery]:
    rows = Delivery.objects.filter(announcement=row, version=row.version)
    return rows.select_related("account").prefetch_related("tries").order_by("account_id")


def _letter(
    request: StaffRequest,
    row: Announcement,
    refusal: newsroom.Refused | None = None,
    note: str = "",
    link: tuple[int, str, str] = (0, "", ""),
) -> HttpResponse:
    """``link``: the delivery whose given address was refused, what was typed, and the sentence."""
    submitted = row.state == AnnouncementState.SUBMITTED
    own = row.author_id == request.person.pk
    deliveries = list(_deliveries(row))
    context: dict[str, Any] = {
        "section": "announcements",
        "announcement": row,
        "now": timezone.now(),
        "previews": shown_of(row),
        "changes": changes(row) if submitted else [],
        "deliveries": deliveries,
        "events": timeline(row.subject),
        "approves": submitted and Role.APPROVER in request.roles and not own,
        "own": submitted and Role.APPROVER in request.roles and own,
        "edits": row.state in EDITABLE and Role.AUTHOR in request.roles,
        "decides": bool(request.roles & {Role.AUTHOR, Role.APPROVER}),
        "reschedules": row.state == AnnouncementState.APPROVED
        and bool(request.roles & {Role.AUTHOR, Role.APPROVER}),
        "cancels": _cancels(request, row, deliveries),
        "refusal": str(refusal) if refusal else "",
        "by_field": refusal.by_field if refusal else {},
        "note": note,
        "link": link,
        "earliest": for_input(timezone.now()),
    }
    return page(request, "desk/announcement.html", context, status=422 if refusal or link[2] else 200)


def _cancels(request: StaffRequest, row: Announcement, deliveries: list[Delivery]) -> bool:
    """Whether the button is shown; whether it may happen is decided by the newsroom."""
    begun = any(delivery.attempts for delivery in deliveries)
    allowed = bool(request.roles & {Role.AUTHOR, Role.APPROVER})
    return allowed and not begun and row.state in (*EDITABLE, AnnouncementState.SCHEDULED)
