"""Kejadian: what many cases are about, in the order in which it wants a person, and one of them with its cases."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from cases import regroup
from cases.act import NotAllowed
from cases.models import Case, ChangeKind, Incident, IncidentChange, IncidentState
from cases.ranking import counted, ranked, standing_of
from desk.access import READERS, StaffRequest, needs
from desk.frame import page
from desk.listing import PER_PAGE, asked, page_of, with_query
from desk.times import number
from desk.words import incident_name
from ledger.roles import Role

_VIEWS = {"berlangsung": IncidentState.OPEN, "selesai": IncidentState.CLOSED}
#: How many others are offered for a merge, and how many changes are listed.
_OFFERED, _CHANGES = 12, 10


@needs(*READERS["cases"])
@require_safe
def incidents(request: StaffRequest) -> HttpResponse:
    view = asked(request.GET, "tampilan", _VIEWS) or "berlangsung"
    context = {"section": "incidents", "view": view}
    return page(request, "desk/incidents.html", {**context, **_listed(request, view)})


@needs(*READERS["cases"])
@require_safe
def incident(request: StaffRequest, incident_id: int) -> HttpResponse:
    return _shown(request, get_object_or_404(Incident, pk=incident_id))


@needs(Role.OFFICER)
@require_POST
def merge(request: StaffRequest, incident_id: int) -> HttpResponse:
    """Move this incident's cases into the chosen one."""
    found = get_object_or_404(Incident, pk=incident_id)
    into = Incident.objects.filter(pk__in=_ids([request.POST.get("ke", "")])).first()
    if into is None:
        return _shown(request, found, merge_refusal=_("Pilih kejadian tujuannya."))
    try:
        regroup.merge(found, into, request.person, timezone.now())
    except NotAllowed as refusal:
        return _shown(request, found, merge_refusal=str(refusal))
    messages.success(request, _("Kejadian digabung. Penggabungan dapat dibatalkan di bawah."))
    return redirect("incident", into.pk)


@needs(Role.OFFICER)
@require_POST
def add(request: StaffRequest, incident_id: int) -> HttpResponse:
    """Put a case that stands alone into this incident, by its number."""
    found = get_object_or_404(Incident, pk=incident_id)
    typed = request.POST.get("nomor", "").strip().upper()[:30]
    case = Case.objects.filter(number=typed).first()
    if case is None:
        return _shown(
            request, found, add_refusal=_("Tidak ada kasus dengan nomor itu. Periksa nomornya."), typed=typed
        )
    try:
        regroup.add(case, found, request.person, timezone.now())
    except NotAllowed as refusal:
        return _shown(request, found, add_refusal=str(refusal), typed=typed)
    messages.success(request, _("Kasus %(number)s ditambahkan.") % {"number": case.number})
    return redirect("incident", found.pk)


@needs(Role.OFFICER)
@require_POST
def split(request: StaffRequest, incident_id: int) -> HttpResponse:
    """Take the chosen cases out."""
    found = get_object_or_404(Incident, pk=incident_id)
    chosen = _ids(request.POST.getlist("kasus"))
    try:
        rows = Case.objects.filter(pk__in=chosen, incident=found)
        change = regroup.split(list(rows), request.person, timezone.now())
    except NotAllowed as refusal:
        return _shown(request, found, split_refusal=str(refusal), chosen=chosen)
    count = len(change.cases)
    said = ngettext("%(count)s kasus dipisah.", "%(count)s kasus dipisah.", count) % {"count": number(count)}
    messages.success(request, said)
    return redirect("incident", found.pk)


@needs(Role.OFFICER)
@require_POST
def undo(request: StaffRequest, change_id: int) -> HttpResponse:
    """Move back what a merge or a split moved."""
    change = get_object_or_404(IncidentChange, pk=change_id)
    try:
        regroup.undo(change.pk, request.person, timezone.now())
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Perubahan dibatalkan; kasusnya kembali ke tempat semula."))
    return redirect("incident", change.source_id or change.target_id)


def _listed(request: StaffRequest, view: str) -> dict[str, Any]:
    """The rows of one view with the way to the older ones: by rank while they go on, else newest first."""
    if _VIEWS[view] == IncidentState.OPEN:
        rows, start = ranked(), next(iter(_ids([request.GET.get("mulai", "")])), 0)
        further = with_query(request.GET, mulai=start + PER_PAGE) if len(rows) > start + PER_PAGE else ""
        return {"rows": rows[start : start + PER_PAGE], "older": further}
    ended = counted(Incident.objects.filter(state=IncidentState.CLOSED)).order_by("-id")
    found, older = page_of(ended, request.GET)
    further = with_query(request.GET, sebelum=older) if older else ""
    return {"rows": [standing_of(one) for one in found], "older": further}


def _shown(
    request: StaffRequest,
    found: Incident,
    merge_refusal: str = "",
    split_refusal: str = "",
    add_refusal: str = "",
    typed: str = "",
    chosen: Iterable[int] = (),
) -> HttpResponse:
    cases, older = page_of(found.cases.select_related("mention__verdict").order_by("-id"), request.GET)
    changes = IncidentChange.objects.filter(Q(source=found) | Q(target=found))
    open_now = found.state == IncidentState.OPEN
    context = {
        "section": "incidents",
        "incident": found,
        "standing": standing_of(counted(Incident.objects.filter(pk=found.pk)).get()),
        "cases": cases,
        "older": with_query(request.GET, sebelum=older) if older else "",
        "changes": changes.select_related("by", "source", "target").order_by("-id")[:_CHANGES],
        "went_to": _went_to(found),
        "acts": open_now and Role.OFFICER in request.roles,
        "undoes": Role.OFFICER in request.roles,
        "others": _others(found) if open_now else [],
        "merge_refusal": merge_refusal,
        "split_refusal": split_refusal,
        "add_refusal": add_refusal,
        "typed": typed,
        "chosen": set(chosen),
    }
    status = 422 if merge_refusal or split_refusal or add_refusal else 200
    return page(request, "desk/incident.html", context, status=status)


def _went_to(found: Incident) -> Incident | None:
    """Where the cases of a merged incident are now."""
    if found.state != IncidentState.MERGED:
        return None
    merges = found.left.filter(kind=ChangeKind.MERGE, undone_at__isnull=True).select_related("target")
    change = merges.order_by("-id").first()
    return change.target if change else None


def _others(found: Incident) -> list[Incident]:
    """Other open incidents: those of the same topic or place first, then the newest; few enough to choose from."""
    rows = Incident.objects.filter(state=IncidentState.OPEN).exclude(pk=found.pk).order_by("-last_at")[:200]
    near = sorted(rows, key=lambda one: (one.place != found.place) + (one.topic != found.topic))
    return sorted(near[:_OFFERED], key=incident_name)


def _ids(typed: Iterable[str]) -> list[int]:
    """The typed values that are ids."""
    return [int(one) for one in typed if one.isascii() and one.isdigit() and len(one) < 19]
