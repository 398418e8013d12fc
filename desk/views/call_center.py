"""Call Center 1500444: the table of what waits for it, and its tickets, tried first and then taken in."""

from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases.exchange import COLUMNS, Line, Trial, imported, notes, rows, tried, waiting
from cases.refusal import NotAllowed
from cases.scope import visible
from desk.access import READERS, StaffRequest, needs
from desk.frame import page
from ledger.roles import Role
from publisher.sheets import MOST_BYTES, BadSheet, to_csv, to_xlsx

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: A trial goes back to the server in its own signed form, for an hour and for one person.
_SALT, _HOUR, _MOST_SIGNED = "desk.call_center", 3600, 2_000_000


@needs(*READERS["cases"])
def call_center(request: StaffRequest) -> HttpResponse:
    """What waits, and the form for a filled table."""
    waits = waiting()
    seen = visible(request.person).filter(pk__in=[one.case_id for one in waits])
    mine = set(seen.values_list("pk", flat=True))
    context: dict[str, Any] = {
        "section": "cases",
        "waiting": [one for one in waits if one.case_id in mine],
        "problem": "",
        "columns": COLUMNS,
    }
    context["acts"] = _coordinates(request)
    if request.method != "POST" or not context["acts"]:
        return page(request, "desk/call_center.html", context)
    sent = request.FILES.get("berkas")
    try:
        if sent is None:
            raise BadSheet(_("Pilih berkasnya dulu."))
        trial = tried(sent.read(MOST_BYTES + 1), timezone.now())
    except BadSheet as error:
        return page(request, "desk/call_center.html", {**context, "problem": str(error)}, status=422)
    token = "" if trial.problems else _signed(request, trial)
    if len(token) > _MOST_SIGNED:
        said = _("Isi berkas ini terlalu banyak untuk sekali impor; bagi menjadi beberapa berkas.")
        return page(request, "desk/call_center.html", {**context, "problem": said}, status=422)
    shown = {**context, "trial": trial, "token": token}
    return page(request, "desk/call_center_trial.html", shown, status=422 if trial.problems else 200)


@needs(Role.OFFICER)
@require_POST
def confirm(request: StaffRequest) -> HttpResponse:
    """Take in a trial that was seen, with the choices made in it."""
    try:
        told = signing.loads(request.POST.get("berkas", ""), salt=_salt(request), max_age=_HOUR)
        if not _coordinates(request):
            raise NotAllowed(_("Impor tiket hanya untuk meja koordinasi."))
        lines = [
            Line(**{**row, "suggested": [(str(n), int(p)) for n, p in row["suggested"]]})
            for row in told["lines"]
        ]
        chosen = {line.row: request.POST.get(f"pilih_{line.row}", "") for line in lines}
        done = imported(Trial(lines, []), chosen, request.person, timezone.now())
    except signing.BadSignature:
        messages.error(request, _("Pemeriksaan ini sudah terlalu lama; unggah berkasnya sekali lagi."))
        return redirect("call_center")
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
        return redirect("call_center")
    said = _("%(opened)d kasus baru, %(joined)d tiket dikaitkan, %(updated)d keadaan diperbarui.")
    messages.success(request, said % {"opened": done.opened, "joined": done.joined, "updated": done.updated})
    return redirect("call_center")


@needs(Role.OFFICER)
@require_safe
def export(request: StaffRequest, form: str) -> HttpResponse:
    """The table for the call centre."""
    name = f"call-center-{timezone.localdate().isoformat()}.{form}"
    found = rows() if _coordinates(request) else iter(())
    if form == "csv":
        answer = HttpResponse(to_csv(COLUMNS, found), content_type="text/csv; charset=utf-8")
    else:
        answer = HttpResponse(to_xlsx(_("Penerusan"), COLUMNS, found, notes()), content_type=_XLSX)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _coordinates(request: StaffRequest) -> bool:
    """Tickets are of every unit, so only the coordinating desk exchanges them."""
    return Role.OFFICER in request.roles and not request.person.units.exists()


def _signed(request: StaffRequest, trial: Trial) -> str:
    return signing.dumps({"lines": [asdict(one) for one in trial.lines]}, salt=_salt(request), compress=True)


def _salt(request: StaffRequest) -> str:
    return f"{_SALT}:{request.person.pk}"
