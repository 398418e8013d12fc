"""Kasus: the list, and one case with its history, its next steps and notes."""

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import act
from cases.models import ENDED, FOLLOWS, WITH_REASON, Case, State
from cases.originals import has_original, looks, open_original
from desk.access import READERS, StaffRequest, needs
from desk.frame import page
from desk.listing import asked, page_of, with_query
from ledger.chain import timeline
from ledger.roles import Role

#: The saved views, by the word in the address; None: all states.
VIEWS: dict[str, tuple[State, ...] | None] = {
    "baru": (State.RECEIVED, State.VERIFIED),
    "dikerjakan": (State.ASSIGNED, State.IN_PROGRESS, State.ANSWERED),
    "selesai": tuple(ENDED),
    "semua": None,
}


@needs(*READERS["cases"])
@require_safe
def cases(request: StaffRequest) -> HttpResponse:
    view = asked(request.GET, "tampilan", VIEWS) or "baru"
    states = VIEWS[view]
    rows = Case.objects.select_related("mention").order_by("-id")
    found, older = page_of(rows if states is None else rows.filter(state__in=states), request.GET)
    by_state = dict(Case.objects.values_list("state").annotate(Count("pk")))
    context = {
        "section": "cases",
        "cases": found,
        "view": view,
        "counts": {
            name: sum(by_state.get(state, 0) for state in (State if wanted is None else wanted))
            for name, wanted in VIEWS.items()
        },
        "older": with_query(request.GET, sebelum=older) if older else "",
    }
    return page(request, "desk/cases.html", context)


@needs(*READERS["cases"])
@require_safe
def case(request: StaffRequest, number: str) -> HttpResponse:
    return _shown(request, _found(number))


@needs(Role.OFFICER)
@require_POST
def move(request: StaffRequest, number: str) -> HttpResponse:
    """Bring the case on; a refusal is shown at the form, with what was typed."""
    found = _found(number)
    try:
        state = State(request.POST.get("state", ""))
    except ValueError:
        return _shown(request, found, refusal=_("Pilih langkah berikutnya."))
    note = request.POST.get("note", "")
    try:
        moved = act.move(found, state, request.person, timezone.now(), note)
    except act.NotAllowed as refusal:
        found.refresh_from_db()
        return _shown(request, found, refusal=str(refusal), typed=note, chosen=state)
    messages.success(request, _("Kasus kini %(state)s.") % {"state": moved.get_state_display()})
    return redirect("case", number)


@needs(Role.OFFICER)
@require_POST
def note(request: StaffRequest, number: str) -> HttpResponse:
    found = _found(number)
    try:
        act.add_note(found, request.POST.get("text", ""), request.person, timezone.now())
    except act.NotAllowed as refusal:
        return _shown(request, found, note_refusal=str(refusal))
    messages.success(request, _("Catatan disimpan."))
    return redirect("case", number)


@needs(Role.OFFICER)
@require_POST
def original(request: StaffRequest, number: str) -> HttpResponse:
    """Show the words before masking in this one answer, which nobody may keep; the look stands in the ledger."""
    found = _found(number)
    reason = request.POST.get("reason", "")
    try:
        words = open_original(found, request.person, reason, timezone.now())
    except act.NotAllowed as refusal:
        answer = _shown(request, found, original_refusal=str(refusal), reason=reason)
    else:
        answer = _shown(request, found, original=words)
    answer["Cache-Control"] = "no-store"
    return answer


def _found(number: str) -> Case:
    rows = Case.objects.select_related(
        "mention__verdict", "mention__source__account", "confirmed_by", "incident"
    )
    return get_object_or_404(rows, number=number)


def _shown(
    request: StaffRequest,
    found: Case,
    refusal: str = "",
    typed: str = "",
    chosen: str = "",
    note_refusal: str = "",
    original: str = "",
    original_refusal: str = "",
    reason: str = "",
) -> HttpResponse:
    events = timeline(f"mention:{found.mention_id}") + timeline(found.subject)
    context = {
        "section": "cases",
        "case": found,
        "events": sorted(events, key=lambda event: event.pk),
        "steps": [State(state) for state in FOLLOWS[found.state]],
        "with_reason": WITH_REASON,
        "acts": Role.OFFICER in request.roles,
        "refusal": refusal,
        "typed": typed,
        "chosen": chosen,
        "note_refusal": note_refusal,
        "has_original": has_original(found),
        "looks": looks(events),
        "original": original,
        "original_refusal": original_refusal,
        "reason": reason,
    }
    refused = refusal or note_refusal or original_refusal
    return page(request, "desk/case.html", context, status=422 if refused else 200)
