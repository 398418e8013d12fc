"""Rute: the table with its filters, its test box and what goes back and forth; and giving a case to a unit."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import route_trial, routing
from cases import routes as table
from cases.models import Assignment, Case, Route
from cases.refusal import NotAllowed
from cases.scope import may_act, visible
from cases.topics import TOPICS
from city.gazetteer import Place, places
from city.models import Unit, standing
from city.units import heirs, on_day
from classifiers.core.authority import names
from classifiers.models import KindChoice
from desk.access import READERS, StaffRequest, needs
from desk.frame import page
from desk.listing import asked, with_query
from desk.words import topic_word
from ledger.roles import Role
from publisher.mandates import day_of

#: Characters of a text that the test box takes.
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Panel:
    """What the routing of one case shows (desk/_routing.html)."""

    case: Case
    standing: Assignment | None  #: who has it now
    suggestions: list[routing.Suggestion]
    units: list[Unit]  #: the free choice
    refusals: int
    ping_pong: bool
    acts: bool  #: whether this person may give it away


def panel(request: StaffRequest, case: Case) -> Panel:
    """The routing of a case, for its own page and for the case's page."""
    day = day_of(timezone.now())
    count = routing.refusals(case)
    is_open = case.state in routing.OPEN
    return Panel(
        case=case,
        standing=routing.present(case),
        suggestions=routing.suggest(case, day) if is_open else [],
        units=routing.choices(case, day) if is_open else [],
        refusals=count,
        ping_pong=routing.goes_back_and_forth(count),
        acts=is_open and may_act(case, request.person),
    )


@needs(Role.OFFICER)
def assign(request: StaffRequest, number: str) -> HttpResponse:
    """Give the case to the chosen unit; a refusal is shown beside the form, with what was typed."""
    found = _case(request, number)
    if request.method != "POST":
        return _routed(request, found)
    typed = request.POST
    now = timezone.now()
    key = typed.get("lain", "") if typed.get("unit") in (None, "", "_lain") else typed.get("unit", "")
    unit = on_day(key, day_of(now))
    if unit is None:
        return _routed(request, found, refusal=_("Pilih unit yang akan menangani kasus ini."))
    try:
        routing.assign(
            found, unit, request.person, now, typed.get("alasan", ""), seen=_number(typed.get("terlihat"))
        )
    except NotAllowed as refusal:
        return _routed(request, found, refusal=str(refusal))
    messages.success(request, _("Kasus diberikan kepada %(unit)s.") % {"unit": unit.short})
    return redirect("case", number)


@needs(Role.OFFICER)
@require_POST
def refuse(request: StaffRequest, number: str) -> HttpResponse:
    """The unit sends the case back to the coordinating desk."""
    found = _case(request, number)
    try:
        routing.refuse(found, request.person, timezone.now(), request.POST.get("alasan", ""))
    except NotAllowed as refusal:
        return _routed(request, found, refuse_refusal=str(refusal))
    messages.success(request, _("Kasus dikembalikan ke meja koordinasi."))
    # Its unit was all that showed it to this person; without one the list is where they go on.
    seen = visible(request.person).filter(pk=found.pk).exists()
    return redirect("case", number) if seen else redirect("cases")


@needs(*READERS["cases"])
@require_safe
def routes(request: StaffRequest) -> HttpResponse:
    return _table(request)


@needs(*READERS["cases"])
@require_POST
def trial(request: StaffRequest) -> HttpResponse:
    """What would this text lead to? Nothing of it is kept."""
    text = request.POST.get("teks", "").strip()[:_LONGEST]
    if not text:
        return _table(request, trial_refusal=_("Tulis dahulu teks yang ingin dicoba."))
    return _table(request, tried=route_trial.trial(text, heirs(day_of(timezone.now()))))


@needs(Role.ADMINISTRATOR)
@require_POST
def begin(request: StaffRequest) -> HttpResponse:
    try:
        table.begin(_typed(request.POST), request.person, timezone.now())
    except NotAllowed as refusal:
        return _table(request, refusal=str(refusal))
    messages.success(request, _("Baris rute ditambahkan."))
    return redirect("routes")


@needs(Role.ADMINISTRATOR)
@require_POST
def change(request: StaffRequest, route_id: int) -> HttpResponse:
    """Let the line lead to another unit from a day on; the old one ends the day before."""
    row = get_object_or_404(Route.objects.select_related("unit"), pk=route_id)
    try:
        day = _day(request.POST.get("mulai", ""))
        following = table.copy_for(row, _unit(request.POST.get("unit", ""), day), day)
        table.change(row, following, request.person, timezone.now())
    except NotAllowed as refusal:
        return _table(request, row_refusal=str(refusal), row_id=row.pk)
    messages.success(request, _("Baris rute diganti mulai hari itu."))
    return redirect("routes")


@needs(Role.ADMINISTRATOR)
@require_POST
def end(request: StaffRequest, route_id: int) -> HttpResponse:
    row = get_object_or_404(Route.objects.select_related("unit"), pk=route_id)
    try:
        table.end(row, _day(request.POST.get("terakhir", "")), request.person, timezone.now())
    except NotAllowed as refusal:
        return _table(request, row_refusal=str(refusal), row_id=row.pk)
    messages.success(request, _("Hari terakhir baris itu dicatat."))
    return redirect("routes")


def _case(request: StaffRequest, number: str) -> Case:
    rows = visible(request.person).select_related("mention", "unit", "incident")
    return get_object_or_404(rows, number=number)


def _routed(request: StaffRequest, found: Case, refusal: str = "", refuse_refusal: str = "") -> HttpResponse:
    found.refresh_from_db()
    context = {
        "section": "cases",
        "panel": panel(request, found),
        "routing_sent": request.POST,
        "routing_refusal": refusal,
        "refuse_refusal": refuse_refusal,
    }
    refused = refusal or refuse_refusal
    return page(request, "desk/case_routing.html", context, status=422 if refused else 200)


def _table(
    request: StaffRequest,
    *,
    refusal: str = "",
    row_refusal: str = "",
    row_id: int = 0,
    trial_refusal: str = "",
    tried: route_trial.Trial | None = None,
) -> HttpResponse:
    now = timezone.now()
    day = day_of(now)
    chosen = {name: asked(request.GET, name, known) for name, known in _filters().items()}
    chosen["unit"] = request.GET.get("unit", "")[:40]
    chosen["pada"] = request.GET.get("pada", "")
    rows = _filtered(chosen, _asked_day(chosen["pada"], day))
    context = {
        "section": "more",
        "routes": [(one, table.words_of(one)) for one in rows],
        "chosen": chosen,
        "topic_options": [(one, topic_word(one)) for one in TOPICS],
        "area_options": [(place.code, _area_word(place)) for place in places()],
        "kinds": KindChoice.choices,
        "authorities": sorted(names().items(), key=lambda pair: pair[1]),
        "unit_options": list(standing(day).values_list("key", "short")),
        "ping_pong": [
            pair for pair in routing.ping_pong() if _sees(request) or may_act(pair[0], request.person)
        ],
        "edits": Role.ADMINISTRATOR in request.roles,
        "today": day.isoformat(),
        "yesterday": (day - timedelta(days=1)).isoformat(),
        "sent": request.POST,
        "refusal": refusal,
        "row_refusal": row_refusal,
        "row_id": row_id or _number(request.GET.get("ubah")) or 0,
        "here": with_query(request.GET, ubah="") + "&ubah=",
        "trial_refusal": trial_refusal,
        "tried": tried,
    }
    refused = refusal or row_refusal or trial_refusal
    return page(request, "desk/routes.html", context, status=422 if refused else 200)


def _sees(request: StaffRequest) -> bool:
    return bool(request.roles & {Role.REVIEWER, Role.ADMINISTRATOR})


def _area_word(place: Place) -> str:
    return _("Kecamatan %(name)s") % {"name": place.name} if place.level == "kecamatan" else place.name


def _filters() -> dict[str, list[str]]:
    return {
        "topik": list(TOPICS),
        "wilayah": [place.code for place in places()],
        "wewenang": list(names()),
        "jenis": list(KindChoice.values),
    }


def _filtered(chosen: dict[str, str], day: date) -> QuerySet[Route]:
    fields = {"topik": "topic", "wilayah": "area__startswith", "wewenang": "authority", "jenis": "kind"}
    wanted = {fields[name]: chosen[name] for name in fields if chosen[name]}
    if chosen["unit"]:
        wanted["unit__key"] = chosen["unit"]
    rows = table.standing_routes(day).filter(**wanted).select_related("unit")
    return rows.order_by("authority", "topic", "area", "kind", "pk")


def _asked_day(typed: str, today: date) -> date:
    """The day whose table is shown; a day that cannot be read is today."""
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return today


def _typed(typed: QueryDict) -> Route:
    day = _day(typed.get("mulai", ""))
    return Route(
        kind=typed.get("jenis", ""),
        topic=typed.get("topik", ""),
        area=typed.get("wilayah", ""),
        authority=typed.get("wewenang", ""),
        unit=_unit(typed.get("unit", ""), day),
        valid_from=day,
        note=typed.get("catatan", "").strip()[:300],
    )


def _unit(key: str, day: date) -> Unit:
    found = on_day(key, day) if key else None
    if found is None:
        raise NotAllowed(_("Pilih unit yang berlaku pada hari pertamanya."))
    return found


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise NotAllowed(_("Pilih harinya.")) from error


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
