"""Penerusan: what was given to whom, what waits for a person, and the person's answers."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import scope
from cases.handoff import engine
from cases.models import Case, HandOff, HandOffState, Receiver
from cases.refusal import NotAllowed
from desk.access import READERS, StaffRequest, needs
from desk.frame import page
from desk.listing import asked, page_of, with_query
from ledger.roles import Role

#: The views of the list, by the word in the address; None: all states.
VIEWS: dict[str, tuple[HandOffState, ...] | None] = {
    "menunggu": (HandOffState.NEEDS_PERSON, HandOffState.REFUSED, HandOffState.UNKNOWN),
    "berjalan": (HandOffState.PLANNED, HandOffState.CLAIMED, HandOffState.SENDING, HandOffState.RETRYING),
    "sampai": (HandOffState.DELIVERED,),
    "semua": None,
}


@needs(*READERS["cases"])
@require_safe
def handoffs(request: StaffRequest) -> HttpResponse:
    return _shown(request)


@needs(Role.OFFICER)
@require_POST
def arrived(request: StaffRequest, handoff_id: int) -> HttpResponse:
    """The receiver has it, with its ticket number where there is one."""
    found = _found(request, handoff_id)
    ticket = request.POST.get("ticket", "")
    try:
        _may(request, found)
        engine.it_arrived(found, ticket, request.person, timezone.now())
    except NotAllowed as refusal:
        return _shown(request, found, str(refusal), ticket)
    messages.success(request, _("Dicatat: sudah sampai."))
    return redirect(_back(request, found))


@needs(Role.OFFICER)
@require_POST
def again(request: StaffRequest, handoff_id: int) -> HttpResponse:
    found = _found(request, handoff_id)
    try:
        _may(request, found)
        engine.send_again(found, request.person, timezone.now())
    except NotAllowed as refusal:
        return _shown(request, found, str(refusal))
    messages.success(request, _("Akan dikirim lagi."))
    return redirect(_back(request, found))


@needs(Role.OFFICER)
@require_POST
def cancel(request: StaffRequest, handoff_id: int) -> HttpResponse:
    found = _found(request, handoff_id)
    try:
        _may(request, found)
        if not engine.cancel(found, request.person, timezone.now(), _("Dibatalkan petugas.")):
            raise NotAllowed(_("Penerusan ini sudah berjalan dan tidak dapat dibatalkan lagi."))
    except NotAllowed as refusal:
        return _shown(request, found, str(refusal))
    messages.success(request, _("Penerusan dibatalkan."))
    return redirect(_back(request, found))


def _visible(request: StaffRequest) -> QuerySet[HandOff]:
    """The hand-offs of the cases that this person may see."""
    mine = scope.visible(request.person)
    rows = HandOff.objects.select_related("case__mention", "case__unit", "receiver", "made_by")
    return rows.filter(case__in=mine.order_by().values("pk")).prefetch_related("tries")


def _found(request: StaffRequest, handoff_id: int) -> HandOff:
    return get_object_or_404(_visible(request), pk=handoff_id)


def _may(request: StaffRequest, handoff: HandOff) -> None:
    if not scope.may_act(handoff.case, request.person):
        raise NotAllowed(_("Kasus ini ditangani perangkat daerah lain."))


def _back(request: StaffRequest, handoff: HandOff) -> str:
    """Where the button stood: the case's page, or the list with its filters."""
    asked_for = request.POST.get("kembali", "")
    if url_has_allowed_host_and_scheme(asked_for, allowed_hosts=None):
        return asked_for
    return reverse("handoffs")


def _shown(
    request: StaffRequest, refused: HandOff | None = None, refusal: str = "", ticket: str = ""
) -> HttpResponse:
    view = asked(request.GET, "tampilan", VIEWS) or "menunggu"
    known = {one.key: one for one in Receiver.objects.all()}
    chosen = asked(request.GET, "penerima", known)
    rows = _visible(request)
    counted = dict(rows.order_by().values_list("state").annotate(Count("pk")))
    if chosen:
        rows = rows.filter(receiver=known[chosen])
    states = VIEWS[view]
    rows = rows if states is None else rows.filter(state__in=states)
    found, older = page_of(rows.order_by("-id"), request.GET)
    if refused is not None:
        refused.refresh_from_db()
        found = [refused, *(one for one in found if one.pk != refused.pk)]
    context: dict[str, Any] = {
        "section": "cases",
        "view": view,
        "chosen": chosen,
        "receivers": sorted(known.values(), key=lambda one: one.name),
        "troubled": [one for one in known.values() if one.trouble],
        "counts": {
            name: sum(counted.get(state, 0) for state in (HandOffState if wanted is None else wanted))
            for name, wanted in VIEWS.items()
        },
        "handoffs": found,
        "older": with_query(request.GET, sebelum=older) if older else "",
        "acts": Role.OFFICER in request.roles,
        "here": request.get_full_path() if request.method == "GET" else reverse("handoffs"),
        "refused": refused.pk if refused else None,
        "refusal": refusal,
        "ticket": ticket,
    }
    return page(request, "desk/handoffs.html", context, status=422 if refusal else 200)


def of_case(case: Case) -> list[HandOff]:
    """The hand-offs of one case, newest first, for its page (desk/_handoffs.html)."""
    rows = case.handoffs.select_related("receiver", "made_by", "case").prefetch_related("tries")
    return list(rows.order_by("-id"))
