"""Kasus: the list, and one case with its history, its next steps and notes."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import act, filters, scope
from cases.models import FOLLOWS, WITH_REASON, Case, State
from cases.originals import has_original, looks, open_original
from desk.access import READERS, StaffRequest, needs
from desk.frame import page
from desk.listing import page_of, with_query
from ledger.chain import timeline
from ledger.roles import Role


@needs(*READERS["cases"])
@require_safe
def cases(request: StaffRequest) -> HttpResponse:
    now = timezone.now()
    asked = filters.parse(request.GET.dict(), view="baru")
    # First which ones, by an index; then those fifty rows. A database that sorts whole rows is several times slower.
    chosen, older = page_of(asked.rows(request.person, now).only("pk"), request.GET)
    found = Case.objects.filter(pk__in=[one.pk for one in chosen]).select_related("mention").order_by("-id")
    context = {
        "section": "cases",
        "cases": found,
        "view": asked.tampilan,
        "asked": asked,
        "counts": filters.counts(request.person),
        "older": with_query(request.GET, sebelum=older) if older else "",
    }
    return page(request, "desk/cases.html", context)


@needs(*READERS["cases"])
@require_safe
def case(request: StaffRequest, number: str) -> HttpResponse:
    return _shown(request, _found(request, number))


@needs(Role.OFFICER)
@require_POST
def move(request: StaffRequest, number: str) -> HttpResponse:
    """Bring the case on; a refusal is shown at the form, with what was typed."""
    found = _found(request, number)
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
    found = _found(request, number)
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
    found = _found(request, number)
    reason = request.POST.get("reason", "")
    try:
        words = open_original(found, request.person, reason, timezone.now())
    except act.NotAllowed as refusal:
        answer = _shown(request, found, original_refusal=str(refusal), reason=reason)
    else:
        answer = _shown(request, found, original=words)
    answer["Cache-Control"] = "no-store"
    return answer


def _found(request: StaffRequest, number: str) -> Case:
    rows = scope.visible(request.person).select_related(
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
