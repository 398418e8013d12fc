"""Kejadian: what many cases are about, in the order in which it wants a person, and one of them with its cases."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from cases import incident_page, regroup
from cases.act import NotAllowed
from cases.hours import kecamatan_of
from cases.models import Case, ChangeKind, Incident, IncidentChange, IncidentState
from cases.ranking import Standing, counted, ranked, standing_of
from cases.scope import visible
from cases.topics import TOPICS
from city.gazetteer import places
from desk import charts
from desk.access import READERS, StaffRequest, needs
from desk.clock_words import nearest_rings
from desk.frame import page
from desk.listing import PER_PAGE, asked, page_of, with_query
from desk.sparks import columns, spark
from desk.times import clock, number
from desk.words import incident_name
from ledger.roles import Role

_VIEWS = {"berlangsung": IncidentState.OPEN, "selesai": IncidentState.CLOSED}
#: How many others are offered for a merge, and how many changes are listed.
_OFFERED, _CHANGES = 12, 10


@needs(*READERS["cases"])
@require_safe
def incidents(request: StaffRequest) -> HttpResponse:
    view = asked(request.GET, "tampilan", _VIEWS) or "berlangsung"
    context = {"section": "incidents", "view": view, **_listed(request, view), **_map(request)}
    return page(request, "desk/incidents.html", context)


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
    now = timezone.now()
    topic = asked(request.GET, "topik", TOPICS)
    area = asked(request.GET, "kecamatan", _kecamatan())
    chosen = {"topic": topic, "area": area, "topics": TOPICS, "areas": _kecamatan()}
    if _VIEWS[view] == IncidentState.OPEN:
        rows = [one for one in ranked() if _fits(one, topic, area)]
        start = next(iter(_ids([request.GET.get("mulai", "")])), 0)
        further = with_query(request.GET, mulai=start + PER_PAGE) if len(rows) > start + PER_PAGE else ""
        rows = rows[start : start + PER_PAGE]
    else:
        ended = counted(Incident.objects.filter(state=IncidentState.CLOSED)).order_by("-id")
        found, older = page_of(ended.filter(topic=topic) if topic else ended, request.GET)
        further = with_query(request.GET, sebelum=older) if older else ""
        rows = [one for one in map(standing_of, found) if _fits(one, "", area)]
    counts = incident_page.lines([one.incident.pk for one in rows if one.incident], now)
    sparks = {pk: spark(values) for pk, values in counts.items()}
    return {"rows": rows, "older": further, "hourly": counts, "sparks": sparks, **chosen}


def _fits(one: Standing, topic: str, area: str) -> bool:
    """Whether a row is of the chosen topic and kecamatan; "" is any."""
    matter = one.incident or one.case
    if matter is None:
        return False
    return topic in ("", matter.topic) and area in ("", kecamatan_of(matter.place))


def _kecamatan() -> dict[str, str]:
    return {place.code: place.name for place in places() if place.level == "kecamatan"}


def _map(request: StaffRequest) -> dict[str, Any]:
    """The tile map of the open cases that this person may see."""
    rows, elsewhere = incident_page.open_areas(visible(request.person))
    made, wide, high = charts.tiles(rows, 1)
    table = [(row.name, row.count) for row in rows if row.count]
    return {"tiles": made, "tiles_wide": wide, "tiles_high": high, "area_rows": table, "elsewhere": elsewhere}


def _shown(
    request: StaffRequest,
    found: Incident,
    merge_refusal: str = "",
    split_refusal: str = "",
    add_refusal: str = "",
    typed: str = "",
    chosen: Iterable[int] = (),
) -> HttpResponse:
    now = timezone.now()
    seen = visible(request.person).filter(incident=found)
    cases, older = page_of(seen.select_related("mention__verdict", "unit").order_by("-id"), request.GET)
    standing = standing_of(counted(Incident.objects.filter(pk=found.pk)).get())
    changes = IncidentChange.objects.filter(Q(source=found) | Q(target=found))
    open_now = found.state == IncidentState.OPEN
    context = {
        "section": "incidents",
        "incident": found,
        "standing": standing,
        **_figures(found, standing, now),
        "rings": nearest_rings(cases, now),
        "hidden": found.cases.count() - seen.count(),
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


def _figures(found: Incident, standing: Standing, now: datetime) -> dict[str, Any]:
    """What the page counts and draws."""
    counts = incident_page.figures(found, now)
    made, wide, high = charts.tiles(counts.areas, 1)
    labels = [clock(one.start) if n % 6 == 0 else "" for n, one in enumerate(counts.growth)]
    drawing, length = columns([one.count for one in counts.growth], labels)
    return {
        "figures": counts,
        "sentence": incident_page.sentence(standing, counts),
        "columns": drawing,
        "wide": length,
        "tiles": made,
        "tiles_wide": wide,
        "tiles_high": high,
        "area_rows": [(row.name, row.count) for row in counts.areas if row.count],
        "here": {row.key for row in counts.areas if row.count},
        "said": incident_page.said_of(found),
        "announced": incident_page.announced(found),
        "proposals": list(found.proposals.order_by("-pk")),
    }


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
