"""Pengumuman: the list, the composer, the letter to approve, and the board of deliveries."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases.drawn import drawn
from cases.models import Reply
from desk.access import READERS, StaffRequest, needs
from desk.board import Row, rows_of
from desk.frame import page
from desk.letter import changes, shown_of
from desk.listing import asked, page_of, with_query
from desk.times import for_input, from_input
from desk.views.compose import composer
from desk.views.errors import not_your_task
from ledger.chain import timeline
from ledger.roles import Role
from publisher import approval, consequences, emergency, held, newsroom
from publisher.mandates import Office, offices_of
from publisher.models import EDITABLE, Act, Announcement, AnnouncementState, Approval, Delivery
from publisher.pause import in_force
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
    "ditarik": (AnnouncementState.RETRACTING, AnnouncementState.RETRACTED),
    "dibatalkan": (AnnouncementState.CANCELLED,),
}
#: Something of it may stand on a channel.
_OUT = (AnnouncementState.PUBLISHED, AnnouncementState.PARTLY_PUBLISHED)


@needs(*READERS["announcements"])
@require_safe
def announcements(request: StaffRequest) -> HttpResponse:
    view = asked(request.GET, "tampilan", VIEWS) or "semua"
    states = VIEWS[view]
    rows = Announcement.proper.select_related("author").prefetch_related("targets").order_by("-id")
    found, older = page_of(rows if states is None else rows.filter(state__in=states), request.GET)
    by_state = dict(Announcement.proper.values_list("state").annotate(Count("pk")))
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
    """The composer while it may be written, else the letter with its deliveries; a reply has a page of its own."""
    if reply := Reply.objects.filter(announcement=announcement_id).first():
        return redirect("reply", reply.pk)
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
        row = approval.approve(
            row,
            request.person,
            timezone.now(),
            version=_version(request),
            mandate=_number(request, "mandate"),
        )
    except newsroom.Refused as refusal:
        return _letter(request, row, refusal)
    if row.state == AnnouncementState.SUBMITTED:
        messages.success(request, _("Persetujuan Anda dicatat. Tayang begitu orang kedua menyetujui."))
    elif row.state == AnnouncementState.APPROVED:
        messages.info(request, _("Disetujui. Waktu tayangnya sudah lewat; pilih waktu baru."))
    else:
        messages.success(request, _("Disetujui dan dijadwalkan."))
    return redirect("announcement", row.pk)


def _version(request: StaffRequest) -> int:
    """The version that was on the screen when the button was pressed; 0 when the form does not say."""
    return _number(request, "version") or 0


def _number(request: StaffRequest, name: str) -> int | None:
    """A whole number that a form sent; None when it is none."""
    said = request.POST.get(name, "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 19 else None


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
            taken_back = _("Ralat dibatalkan. Yang sudah tayang tetap seperti semula.")
            nothing = _("Pengumuman dibatalkan. Tidak ada saluran yang menayangkannya.")
            messages.success(request, taken_back if row.live_version else nothing)
            return redirect("announcement", row.pk)
    context = {"section": "announcements", "announcement": row, "refusal": str(refusal or "")}
    return page(request, "desk/cancel.html", context, status=422 if refusal else 200)


@needs(Role.AUTHOR)
def correct(request: StaffRequest, announcement_id: int) -> HttpResponse:
    """What a correction does on each channel; with the public sentence, the next version is opened for writing."""
    row, note = _found(announcement_id), request.POST.get("note", "")
    refusal = None
    if request.method == "POST":
        try:
            newsroom.begin_correction(row, request.person, timezone.now(), note)
        except newsroom.Refused as raised:
            refusal = raised
        else:
            messages.success(
                request, _("Ubah isinya, lalu ajukan. Yang sudah tayang tetap sampai ralat disetujui.")
            )
            return redirect("announcement", row.pk)
    return _change(request, row, "desk/correct.html", consequences.of_correction(row), refusal, note)


@needs(Role.APPROVER)
def retract(request: StaffRequest, announcement_id: int) -> HttpResponse:
    """What a withdrawal does on each channel; with a public reason, it is taken off all of them."""
    row, note = _found(announcement_id), request.POST.get("reason", "")
    refusal = None
    if request.method == "POST":
        try:
            newsroom.retract(row, request.person, timezone.now(), note)
        except newsroom.Refused as raised:
            refusal = raised
        else:
            messages.success(request, _("Sedang ditarik dari semua saluran."))
            return redirect("announcement", row.pk)
    return _change(request, row, "desk/retract.html", consequences.of_withdrawal(row), refusal, note)


def _change(
    request: StaffRequest,
    row: Announcement,
    template: str,
    follows: list[consequences.Consequence],
    refusal: newsroom.Refused | None,
    typed: str,
) -> HttpResponse:
    context = {
        "section": "announcements",
        "announcement": row,
        "follows": follows,
        "typed": typed,
        "refusal": str(refusal or ""),
        "by_field": refusal.by_field if refusal else {},
    }
    return page(request, template, context, status=422 if refusal else 200)


@needs(Role.AUTHOR, Role.APPROVER)
@require_POST
def there(request: StaffRequest, delivery_id: int) -> HttpResponse:
    """A person saw it on the channel and gives its address; of a withdrawal, that it is gone."""
    delivery = _delivery(delivery_id)
    link = request.POST.get("link", "").strip()
    try:
        if delivery.act != Act.RETRACT:
            URLValidator(schemes=["http", "https"])(link)
        it_is_there(delivery, link, request.person, timezone.now())
    except ValidationError:
        sentence = _("Tempel alamat lengkap kiriman itu, dimulai dengan https://.")
        return _letter(request, _found(delivery.announcement_id), link=(delivery.pk, link, sentence))
    except newsroom.Refused as refusal:
        messages.info(request, str(refusal))
    else:
        gone, up = _("Dicatat: sudah tidak ada di %(account)s."), _("Dicatat: sudah tayang di %(account)s.")
        said = gone if delivery.act == Act.RETRACT else up
        messages.success(request, said % {"account": delivery.account})
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


@needs(Role.AUTHOR, Role.APPROVER)
@require_POST
def give_up(request: StaffRequest, delivery_id: int) -> HttpResponse:
    """A person decided that it is not needed there any more."""
    delivery = _delivery(delivery_id)
    try:
        held.give_up(delivery, request.person, timezone.now())
    except newsroom.Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, _("Tidak akan dikirim ke %(account)s.") % {"account": delivery.account})
    return redirect("announcement", delivery.announcement_id)


def _found(announcement_id: int) -> Announcement:
    rows = Announcement.proper.select_related("author", "approved_by")
    return get_object_or_404(rows, pk=announcement_id)


def _delivery(delivery_id: int) -> Delivery:
    return get_object_or_404(Delivery.objects.select_related("account"), pk=delivery_id)


def _writes(request: StaffRequest, row: Announcement) -> bool:
    """An author writes drafts at once, and what was submitted or approved only on purpose."""
    if Role.AUTHOR not in request.roles or row.state not in EDITABLE:
        return False
    drafts = (AnnouncementState.DRAFT, AnnouncementState.REJECTED)
    return row.state in drafts or "ubah" in request.GET


def _letter(
    request: StaffRequest,
    row: Announcement,
    refusal: newsroom.Refused | None = None,
    note: str = "",
    link: tuple[int, str, str] = (0, "", ""),
) -> HttpResponse:
    """``link``: the delivery whose given address was refused, what was typed, and the sentence."""
    now = timezone.now()
    submitted = row.state == AnnouncementState.SUBMITTED
    own = row.writers.filter(pk=request.person.pk).exists()
    board = rows_of(row)
    speaks = bool(request.roles & {Role.AUTHOR, Role.APPROVER})
    context: dict[str, Any] = {
        "section": "announcements",
        "announcement": row,
        "now": now,
        "previews": shown_of(row),
        "changes": changes(row) if submitted else [],
        "board": board,
        "pauses": set(in_force(now).values_list("pk", flat=True))
        if any(_held(one) for one in board)
        else set(),
        "proof": emergency.board(row, now) if row.urgent and row.approved_at else None,
        "events": timeline(row.subject),
        "drawn": drawn(row) if row.live_version else None,
        **_approvals(request, row, own),
        "edits": row.state in EDITABLE and Role.AUTHOR in request.roles,
        "corrects": row.state in _OUT and bool(row.live_version) and Role.AUTHOR in request.roles,
        "retracts": Role.APPROVER in request.roles and _stands(row, board),
        "decides": speaks,
        "reschedules": row.state == AnnouncementState.APPROVED and speaks,
        "cancels": speaks and _cancels(row, board),
        "refusal": str(refusal) if refusal else "",
        "by_field": refusal.by_field if refusal else {},
        "note": note,
        "link": link,
        "earliest": for_input(now),
    }
    return page(request, "desk/announcement.html", context, status=422 if refusal or link[2] else 200)


def _approvals(request: StaffRequest, row: Announcement, own: bool) -> dict[str, Any]:
    """Who said yes in which office, who is missing, and whether this person may decide."""
    submitted = row.state == AnnouncementState.SUBMITTED
    if not submitted:
        given = Approval.objects.filter(announcement=row, version=row.version).select_related("person")
        return {"standing": None, "approvals": list(given.order_by("at", "pk"))} | _NO_DECISION
    standing = approval.standing(row, timezone.now())
    approver = Role.APPROVER in request.roles
    said = any(one.person_id == request.person.pk for one in standing.given)
    listed = not row.urgent or any(one.pk == request.person.pk for one in standing.may)
    offices, trouble = _offices(request) if approver and not own else ([], "")
    return {
        "standing": standing,
        "approvals": standing.given,
        "approves": approver and not own and not said and listed and not trouble,
        "returns": approver and not own,
        "own": approver and own,
        "said": said,
        "off_duty": approver and not own and not said and not listed and not trouble,
        "offices": offices,
        "office_trouble": trouble,
    }


_NO_DECISION: dict[str, Any] = {
    "approves": False,
    "returns": False,
    "own": False,
    "said": False,
    "off_duty": False,
    "offices": [],
    "office_trouble": "",
}


def _offices(request: StaffRequest) -> tuple[list[Office], str]:
    """The offices in which this person may approve, or the sentence that says why in none."""
    try:
        return offices_of(request.person, timezone.now()), ""
    except newsroom.Refused as refusal:
        return [], str(refusal)


def _held(row: Row) -> bool:
    return row.delivery.pause_id is not None


def _stands(row: Announcement, board: list[Row]) -> bool:
    """Whether there may be something to take back; whether it may happen is decided by the newsroom."""
    over = (AnnouncementState.RETRACTING, AnnouncementState.RETRACTED)
    out = ("published", "corrected", "sending", "unknown")
    states = {one.state for each in board for one in (each.delivery, *each.earlier)}
    return row.state not in over and bool(states & set(out))


def _cancels(row: Announcement, board: list[Row]) -> bool:
    """Whether the button is shown; whether it may happen is decided by the newsroom."""
    present = [one.delivery.state for one in board if one.delivery.version == row.version]
    begun = set(present) - {"planned", "retrying", "cancelled"}
    return not begun and row.state in newsroom.CANCELLABLE
