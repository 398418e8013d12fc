"""Jalur: a person sends a case another way; and the button that says that an emergency was seen."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cases import emergencies, gate, scope
from cases.models import Case, Gate
from cases.refusal import NotAllowed
from desk.access import StaffRequest, needs
from desk.frame import page
from ledger.roles import Role


@needs(Role.OFFICER)
@require_http_methods(["GET", "HEAD", "POST"])
def case_gate(request: StaffRequest, number: str) -> HttpResponse:
    """The form, and what it sends; a refusal stands beside it with what was typed."""
    found, refusal = _found(request, number), ""
    if request.method == "POST":
        refusal = _changed(request, found)
        if not refusal:
            messages.success(request, _("Kasus kini pada jalur %(gate)s.") % {"gate": _wanted(request).label})
            return redirect("case", number)
        found.refresh_from_db()
    context = {
        "section": "cases",
        "case": found,
        "gates": [one for one in Gate if one != found.gate],
        "chosen": request.POST.get("gate", ""),
        "typed": request.POST.get("note", ""),
        "refusal": refusal,
    }
    return page(request, "desk/case_gate.html", context, status=422 if refusal else 200)


@needs(Role.OFFICER)
@require_POST
def case_acknowledge(request: StaffRequest, number: str) -> HttpResponse:
    """I have seen it: nobody is told again. Whoever was faster is named."""
    found = _found(request, number)
    try:
        first = emergencies.acknowledge(found, request.person, timezone.now())
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
    else:
        said = _("Dicatat: Anda sudah melihat darurat %(number)s.")
        already = _("Darurat %(number)s sudah dinyatakan dilihat.")
        messages.success(request, (said if first else already) % {"number": number})
    return redirect("clocks") if request.POST.get("kembali") == "tenggat" else redirect("case", number)


def _found(request: StaffRequest, number: str) -> Case:
    return get_object_or_404(scope.visible(request.person).select_related("mention"), number=number)


def _wanted(request: StaffRequest) -> Gate:
    return Gate(request.POST.get("gate", ""))


def _changed(request: StaffRequest, case: Case) -> str:
    """The refusal as a sentence; "" when it was done."""
    try:
        gate.change(case, _wanted(request), request.person, timezone.now(), request.POST.get("note", ""))
    except ValueError:
        return _("Pilih jalurnya.")
    except NotAllowed as refusal:
        return str(refusal)
    return ""
