"""PPID: the requests for public information, and one of them with its steps."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import information
from cases.information_register import COLUMNS, register_rows, write_to
from cases.models import Clock, ClockOutcome, InformationRequest
from cases.refusal import NotAllowed
from city.models import Unit, UnitSort, standing
from desk.access import StaffRequest, needs
from desk.frame import page
from desk.listing import asked, page_of, with_query
from ledger.chain import timeline
from ledger.roles import Role
from publisher.sheets import to_csv

_VIEWS = ("terbuka", "selesai", "semua")
Step = Callable[[InformationRequest, StaffRequest, datetime], None]


@needs(Role.PPID)
@require_safe
def every(request: StaffRequest) -> HttpResponse:
    return _listed(request)


@needs(Role.PPID)
@require_safe
def one(request: StaffRequest, number: str) -> HttpResponse:
    return _shown(request, _found(request, number))


@needs(Role.PPID)
@require_POST
def reveal(request: StaffRequest, number: str) -> HttpResponse:
    """The applicant's data in this one answer, which nobody may keep; the look stands in the ledger."""
    found, reason = _found(request, number), request.POST.get("alasan", "")
    try:
        data = information.reveal(found, request.person, reason, timezone.now())
    except NotAllowed as refusal:
        answer = _shown(request, found, refused="reveal", refusal=str(refusal), typed=reason)
    else:
        answer = _shown(request, found, data=data)
    answer["Cache-Control"] = "no-store"
    return answer


@needs(Role.PPID)
@require_POST
def step(request: StaffRequest, number: str, act: str) -> HttpResponse:
    """One step of a request; a refusal is shown at its form, with what was typed."""
    found, now = _found(request, number), timezone.now()
    try:
        _STEPS[act](found, request, now)
    except NotAllowed as refusal:
        found.refresh_from_db()
        words = request.POST.get("kata", "")
        return _shown(request, found, refused=act, refusal=str(refusal), typed=words)
    if act in _WRITTEN:
        mailed = write_to(found, now)
        said = (
            _("Tersimpan, dan pemohon diberi tahu lewat surel.")
            if mailed
            else _("Tersimpan. Surel tidak terkirim: sampaikan pemberitahuannya dengan cara lain.")
        )
        (messages.success if mailed else messages.warning)(request, said)
    else:
        messages.success(request, _("Tersimpan."))
    return redirect("information_one", number)


@needs(Role.PPID)
@require_POST
def register(request: StaffRequest) -> HttpResponse:
    """The register as a table; with the applicants' data only for a reason."""
    people = request.POST.get("pemohon") == "ya"
    reason = request.POST.get("alasan", "")
    try:
        rows = register_rows(request.person, timezone.now(), with_people=people, reason=reason)
    except NotAllowed as refusal:
        return _listed(request, str(refusal), reason)
    answer = HttpResponse(to_csv(COLUMNS, rows), content_type="text/csv; charset=utf-8")
    name = f"register-ppid-{timezone.localdate().isoformat()}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer


def _assign(found: InformationRequest, request: StaffRequest, now: datetime) -> None:
    key = request.POST.get("unit", "")
    unit = (
        Unit.objects.filter(pk=int(key)).first()
        if key.isascii() and key.isdigit() and len(key) < 10
        else None
    )
    if unit is None:
        raise NotAllowed(_("Pilih perangkat daerahnya."))
    information.assign(found, unit, request.person, now)


def _words(request: StaffRequest) -> str:
    return request.POST.get("kata", "")


_STEPS: dict[str, Step] = {
    "teruskan": _assign,
    "perpanjang": lambda one, asked_by, now: information.extend(one, _words(asked_by), asked_by.person, now),
    "jawab": lambda one, asked_by, now: information.answer(one, _words(asked_by), asked_by.person, now),
    "tolak": lambda one, asked_by, now: information.refuse(
        one, asked_by.POST.get("pasal", ""), _words(asked_by), asked_by.person, now
    ),
    "keberatan": lambda one, asked_by, now: information.object_to(
        one, _words(asked_by), asked_by.person, now
    ),
    "tutup": lambda one, asked_by, now: information.close(one, asked_by.person, now),
}
#: After these the applicant is written to: the law wants a written notice.
_WRITTEN = ("perpanjang", "jawab", "tolak", "keberatan")


def _found(request: StaffRequest, number: str) -> InformationRequest:
    return get_object_or_404(information.visible(request.person), number=number)


def _listed(request: StaffRequest, refusal: str = "", reason: str = "") -> HttpResponse:
    view = asked(request.GET, "tampilan", _VIEWS) or "terbuka"
    rows = information.visible(request.person)
    if view != "semua":
        open_rows = {"state__in": information.OPEN}
        rows = rows.filter(**open_rows) if view == "terbuka" else rows.exclude(**open_rows)
    found, older = page_of(rows, request.GET)
    context = {
        "section": "more",
        "requests": found,
        "due": _due([one.subject for one in found]),
        "view": view,
        "older": with_query(request.GET, sebelum=older) if older else "",
        "refusal": refusal,
        "reason": reason,
    }
    return page(request, "desk/information_list.html", context, status=422 if refusal else 200)


def _due(subjects: list[str]) -> dict[str, datetime]:
    """When each has to be answered, by subject; those without a running limit are missing."""
    clocks = Clock.objects.filter(subject__in=subjects, outcome=ClockOutcome.RUNNING).order_by("due_at")
    return {clock.subject: clock.due_at for clock in clocks}


def _shown(
    request: StaffRequest,
    found: InformationRequest,
    refused: str = "",
    refusal: str = "",
    typed: str = "",
    data: dict[str, str] | None = None,
) -> HttpResponse:
    units = standing(timezone.localdate()).exclude(sort=UnitSort.OUTSIDE)
    context: dict[str, Any] = {
        "section": "more",
        "one": found,
        "events": timeline(found.subject),
        "due": _due([found.subject]).get(found.subject),
        "open": found.state in information.OPEN,
        "units": units,
        "articles": information.ARTICLES,
        "objects": not information.objected(found),
        "refused": refused,
        "refusal": refusal,
        "typed": typed,
        "data": data,
    }
    return page(request, "desk/information.html", context, status=422 if refusal else 200)
