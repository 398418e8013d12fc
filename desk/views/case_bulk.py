"""Kasus: one step for all that were ticked, what became of each, and taking it back for ten minutes."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import bulk, filters
from cases.bulk import UNDO_TIME, Outcome
from cases.models import State
from cases.refusal import NotAllowed
from city.units import on_day
from desk.access import StaffRequest, needs
from desk.case_filter import FIRST
from desk.frame import page
from desk.views.case_list import STEPS, shown
from desk.views.case_merges import target_of
from ledger.roles import Role
from publisher.mandates import day_of

#: Where the last outcome of a person waits to be shown, in their session.
_KEPT = "bulk"


@needs(Role.OFFICER)
@require_POST
def act(request: StaffRequest) -> HttpResponse:
    """Take the chosen step; where it cannot begin, the list says why and everything ticked stays ticked."""
    back = QueryDict(request.POST.get("kembali", "").removeprefix("?")[:2000])
    try:
        name = request.POST.get("tindakan", "")
        if name not in _ACTS:
            raise NotAllowed(_("Pilih tindakannya."))
        outcome = _ACTS[name](request, _ids(request))
    except NotAllowed as refusal:
        return shown(request, filters.parse(back.dict(), view=FIRST), back, bulk=str(refusal))
    return _told(request, outcome, "?" + back.urlencode())


@needs(Role.OFFICER)
@require_safe
def result(request: StaffRequest) -> HttpResponse:
    """What became of the last one."""
    kept: dict[str, Any] | None = request.session.get(_KEPT)
    if kept is None:
        return redirect("cases")
    in_time = kept["undoable"] is not None and timezone.now().timestamp() < kept["until"]
    return page(request, "desk/case_bulk.html", {"section": "cases", "kept": kept, "undoes": in_time})


@needs(Role.OFFICER)
@require_POST
def undo(request: StaffRequest, event_id: int) -> HttpResponse:
    back = request.session.get(_KEPT, {}).get("back", "?")
    try:
        outcome = bulk.undo(event_id, request.person, timezone.now())
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
        return redirect("case_bulk_result")
    return _told(request, outcome, back, undone=True)


def _told(request: StaffRequest, outcome: Outcome, back: str, *, undone: bool = False) -> HttpResponse:
    """Keep the outcome for the page that shows it, so that loading it again does nothing twice."""
    request.session[_KEPT] = {
        "done": outcome.done,
        "refused": outcome.refused,
        "undoable": outcome.undoable,
        "until": (timezone.now() + UNDO_TIME).timestamp(),
        "undone": undone,
        "back": back,
    }
    return redirect("case_bulk_result")


def _ids(request: StaffRequest) -> list[int]:
    typed = request.POST.getlist("kasus")
    return [int(one) for one in typed if one.isascii() and one.isdigit() and len(one) < 18]


def _move(request: StaffRequest, ids: list[int]) -> Outcome:
    state = next((one for one in STEPS if one.value == request.POST.get("langkah")), None)
    if state is None:
        raise NotAllowed(_("Pilih langkahnya."))
    return bulk.move(ids, State(state), request.person, timezone.now(), request.POST.get("catatan", ""))


def _unit(request: StaffRequest, ids: list[int]) -> Outcome:
    now = timezone.now()
    key = request.POST.get("unit_tujuan", "")
    unit = on_day(key, day_of(now)) if key else None
    if unit is None:
        raise NotAllowed(_("Pilih unit yang akan menangani kasus ini."))
    return bulk.assign_unit(ids, unit, request.person, now, request.POST.get("catatan", ""))


def _mine(request: StaffRequest, ids: list[int]) -> Outcome:
    return bulk.assign_person(ids, request.person, request.person, timezone.now())


def _follow(request: StaffRequest, ids: list[int]) -> Outcome:
    return bulk.follow(ids, request.person, timezone.now())


def _leave(request: StaffRequest, ids: list[int]) -> Outcome:
    return bulk.follow(ids, request.person, timezone.now(), on=False)


def _merge(request: StaffRequest, ids: list[int]) -> Outcome:
    into = target_of(request, request.POST.get("utama", ""))
    return bulk.merge_into(into, [one for one in ids if one != into.pk], request.person, timezone.now())


_ACTS: dict[str, Callable[[StaffRequest, list[int]], Outcome]] = {
    "langkah": _move,
    "unit": _unit,
    "saya": _mine,
    "ikuti": _follow,
    "lepas": _leave,
    "gabung": _merge,
}
