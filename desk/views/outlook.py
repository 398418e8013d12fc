"""Lonjakan dan usulan: what stands out in what is heard, and what could be announced about it."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import proposals, spikes
from cases.act import NotAllowed
from cases.hours import HOUR
from cases.models import Proposal, Spike
from city.gazetteer import places
from desk import sparks
from desk.access import READERS, StaffRequest, needs
from desk.frame import page
from desk.listing import page_of, with_query
from desk.times import clock
from desk.views.pauses import CLASSES
from ledger.roles import Role
from monitor.models import Mention

_READ = (*READERS["incidents"], Role.AUTHOR, Role.APPROVER)
#: Hours of the chart, before and after.
_BEFORE, _AFTER = timedelta(hours=36), timedelta(hours=6)


@needs(*_READ)
@require_safe
def spike_list(request: StaffRequest) -> HttpResponse:
    """The last two days of everything beside the usual, and every spike."""
    now = timezone.now()
    rows, older = page_of(Spike.objects.select_related("seen_by").order_by("-id"), request.GET)
    until = now.replace(minute=0, second=0, microsecond=0) + HOUR
    context = {
        "section": "incidents",
        "spikes": [_told(one) for one in rows],
        "older": with_query(request.GET, sebelum=older) if older else "",
        "days_left": spikes.days_until_ready(now),
        **_chart("all", until - timedelta(hours=48), until),
    }
    return page(request, "desk/spikes.html", context)


@needs(*_READ)
@require_safe
def spike(request: StaffRequest, spike_id: int) -> HttpResponse:
    return _one(request, get_object_or_404(Spike.objects.select_related("seen_by"), pk=spike_id))


@needs(*_READ)
@require_POST
def spike_seen(request: StaffRequest, spike_id: int) -> HttpResponse:
    row = get_object_or_404(Spike, pk=spike_id)
    try:
        spikes.seen(row, request.person, timezone.now())
    except NotAllowed as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, _("Ditandai sudah dilihat."))
    return redirect("spike", row.pk)


@needs(*_READ)
@require_safe
def proposal(request: StaffRequest, proposal_id: int) -> HttpResponse:
    return _proposal(request, _found(proposal_id))


@needs(Role.AUTHOR)
@require_POST
def take(request: StaffRequest, proposal_id: int) -> HttpResponse:
    """Make the draft; with the pause when it is ticked."""
    row = _found(proposal_id)
    with_pause = request.POST.get("jeda") == "1"
    official = request.POST.get("pejabat", "")
    try:
        draft = proposals.take(row, request.person, timezone.now(), with_pause=with_pause, official=official)
    except NotAllowed as refusal:
        return _proposal(request, row, take=str(refusal))
    messages.success(request, _("Naskah dibuat dari usulan. Lengkapi, lalu ajukan persetujuan."))
    return redirect("announcement", draft.pk)


@needs(Role.APPROVER, Role.ADMINISTRATOR)
@require_POST
def pause(request: StaffRequest, proposal_id: int) -> HttpResponse:
    """Begin the proposed pause without a draft."""
    row = _found(proposal_id)
    try:
        proposals.only_pause(row, request.person, timezone.now(), request.POST.get("pejabat", ""))
    except NotAllowed as refusal:
        return _proposal(request, row, pause=str(refusal))
    messages.success(request, _("Jeda berlaku sekarang."))
    return redirect("proposal", row.pk)


@needs(Role.AUTHOR, Role.APPROVER, Role.OFFICER)
@require_POST
def decline(request: StaffRequest, proposal_id: int) -> HttpResponse:
    row = _found(proposal_id)
    try:
        proposals.decline(row, request.person, timezone.now(), request.POST.get("alasan", ""))
    except NotAllowed as refusal:
        return _proposal(request, row, decline=str(refusal))
    messages.success(request, _("Usulan tidak dipakai; alasannya dicatat."))
    return redirect("proposal", row.pk)


def _found(proposal_id: int) -> Proposal:
    rows = Proposal.objects.select_related("incident", "spike", "decided_by", "announcement", "pause")
    return get_object_or_404(rows, pk=proposal_id)


def _one(request: StaffRequest, row: Spike) -> HttpResponse:
    start = row.started_at - _BEFORE
    end = min(row.last_at + _AFTER, timezone.now().replace(minute=0, second=0, microsecond=0) + HOUR)
    examples = Mention.objects.filter(
        pk__in=row.explanation.get("examples", []), gone_at=None, restricted_at=None
    )
    context = {
        "section": "incidents",
        **_told(row),
        "examples": list(examples.order_by("pk")),
        "proposals": list(row.proposals.order_by("pk")),
        **_chart(row.scope, start, end),
    }
    return page(request, "desk/spike.html", context)


def _told(row: Spike) -> dict[str, Any]:
    return {"spike": row, "name": spikes.name_of(row.scope), "sentence": spikes.sentence(row)}


def _chart(scope: str, start: datetime, end: datetime) -> dict[str, Any]:
    """Columns of accounts by hour with the usual number, and the same as rows of a table."""
    steps = spikes.course(scope, start, end)
    labels = [clock(one.hour) if n % 6 == 0 else "" for n, one in enumerate(steps)]
    made, wide = sparks.columns([one.accounts or 0 for one in steps], labels, [one.usual for one in steps])
    return {"steps": steps, "columns": made, "wide": wide}


def _proposal(
    request: StaffRequest, row: Proposal, take: str = "", pause: str = "", decline: str = ""
) -> HttpResponse:
    names = {place.code: place.name for place in places() if place.level == "kecamatan"}
    open_now = row.state == "open"
    may_pause = proposals.may_pause(request.person) and bool(row.pause_classes) and row.pause_id is None
    context = {
        "section": "incidents",
        "proposal": row,
        "kind_name": proposals.kind_name(row),
        "lines": proposals.lines(row),
        "missing": proposals.missing(row),
        "kecamatan": [names.get(code, code) for code in row.kecamatan],
        "classes": [CLASSES.get(one, one) for one in row.pause_classes],
        "takes": open_now and proposals.may_take(request.person),
        "pauses": row.state != "declined" and may_pause,
        "declines": open_now and bool(request.roles & {Role.AUTHOR, Role.APPROVER, Role.OFFICER}),
        "sent": request.POST,
        "refusals": {"take": take, "pause": pause, "decline": decline},
    }
    return page(request, "desk/proposal.html", context, status=422 if take or pause or decline else 200)
