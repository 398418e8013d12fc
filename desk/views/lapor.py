"""SP4N-LAPOR!: the packages that wait, and one of them ready to paste, with its tracking number once it has one."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases.handoff import lapor
from cases.models import Case, HandOff
from cases.refusal import NotAllowed
from cases.scope import check, may_act, visible
from desk.access import READERS, StaffRequest, needs
from desk.frame import page
from ledger.roles import Role


@needs(*READERS["cases"])
@require_safe
def every(request: StaffRequest) -> HttpResponse:
    """The packages that nobody has carried over yet."""
    now = timezone.now()
    waiting = lapor.waiting()
    theirs = visible(request.person).filter(pk__in=[one.case_id for one in waiting])
    mine = set(theirs.values_list("pk", flat=True))
    waiting = [one for one in waiting if one.case_id in mine]
    rows = [{"handoff": one, "late": lapor.late(one, now)} for one in waiting]
    return page(request, "desk/lapor_list.html", {"section": "cases", "rows": rows})


@needs(*READERS["cases"])
@require_safe
def one(request: StaffRequest, number: str) -> HttpResponse:
    return _shown(request, _found(request, number))


@needs(Role.OFFICER)
@require_POST
def begin(request: StaffRequest, number: str) -> HttpResponse:
    """Make the package of a case."""
    case = _found(request, number)
    try:
        check(case, request.person)
        lapor.begin(case, request.person, timezone.now(), request.POST.get("catatan", "").strip()[:1000])
    except NotAllowed as refusal:
        return _shown(request, case, refusal=str(refusal))
    return redirect("lapor_case", number)


@needs(Role.OFFICER)
@require_POST
def carried(request: StaffRequest, number: str) -> HttpResponse:
    """The tracking number that LAPOR gave."""
    case = _found(request, number)
    typed = request.POST.get("nomor", "")
    try:
        check(case, request.person)
        lapor.carried_over(_handoff(case), typed, request.person, timezone.now())
    except NotAllowed as refusal:
        return _shown(request, case, refusal=str(refusal), typed=typed)
    messages.success(request, _("Nomor lacak disimpan."))
    return redirect("lapor_case", number)


@needs(Role.OFFICER)
@require_POST
def told(request: StaffRequest, number: str) -> HttpResponse:
    """What the tracking page of LAPOR shows."""
    case = _found(request, number)
    state, note = request.POST.get("keadaan", ""), request.POST.get("keterangan", "")
    try:
        check(case, request.person)
        new = lapor.told(_handoff(case), state, note, request.person, timezone.now())
    except NotAllowed as refusal:
        return _shown(request, case, state_refusal=str(refusal), note=note, state=state)
    if new:
        messages.success(request, _("Keadaan di LAPOR dicatat."))
    else:
        messages.info(request, _("Keadaan itu sudah tercatat, atau lebih lama daripada yang tercatat."))
    return redirect("lapor_case", number)


@needs(*READERS["cases"])
@require_safe
def download(request: StaffRequest, number: str) -> HttpResponse:
    """The package as a plain text."""
    text = lapor.as_text(lapor.package(_handoff(_found(request, number))))
    answer = HttpResponse(text.encode(), content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="lapor-{number}.txt"'
    return answer


def _found(request: StaffRequest, number: str) -> Case:
    rows = visible(request.person).select_related("mention", "unit")
    return get_object_or_404(rows, number=number)


def _handoff(case: Case) -> HandOff:
    handoff = lapor.of_case(case)
    return get_object_or_404(HandOff, pk=handoff.pk if handoff else 0)


def _shown(
    request: StaffRequest,
    case: Case,
    refusal: str = "",
    typed: str = "",
    state_refusal: str = "",
    note: str = "",
    state: str = "",
) -> HttpResponse:
    handoff = lapor.of_case(case)
    context = {
        "section": "cases",
        "case": case,
        "handoff": handoff,
        "fields": lapor.package(handoff) if handoff else [],
        "late": bool(handoff and not handoff.remote_id and lapor.late(handoff, timezone.now())),
        "acts": Role.OFFICER in request.roles and may_act(case, request.person),
        "states": lapor.STATES,
        "refusal": refusal,
        "typed": typed,
        "state_refusal": state_refusal,
        "note": note,
        "state": state,
    }
    return page(request, "desk/lapor.html", context, status=422 if refusal or state_refusal else 200)
