"""Kasus: one case with what was said and done, and the steps that a person takes with it."""

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import act, scope, watch
from cases.models import Case, State
from cases.originals import open_original
from cases.refusal import NotAllowed
from desk.access import READERS, StaffRequest, needs
from desk.views.case_page import after, case_of, shown, step
from ledger.roles import Role


@needs(*READERS["cases"])
@require_safe
def case(request: StaffRequest, number: str) -> HttpResponse:
    return shown(request, case_of(request, number))


@needs(Role.OFFICER)
@require_POST
def move(request: StaffRequest, number: str) -> HttpResponse:
    """Bring the case on; a refusal is shown at the form, with what was typed."""
    return step(request, number, "langkah", lambda case: _move(request, case))


def _move(request: StaffRequest, case: Case) -> str:
    try:
        state = State(request.POST.get("state", ""))
    except ValueError as error:
        raise NotAllowed(_("Pilih langkah berikutnya.")) from error
    moved = act.move(case, state, request.person, timezone.now(), request.POST.get("note", ""))
    return _("Kasus kini %(state)s.") % {"state": moved.get_state_display()}


@needs(Role.OFFICER)
@require_POST
def reopen(request: StaffRequest, number: str) -> HttpResponse:
    """Take up again what was answered or is over."""

    def again(case: Case) -> str:
        act.reopen(case, request.person, timezone.now(), request.POST.get("why", ""))
        return _("Kasus dibuka kembali.")

    return step(request, number, "buka-kembali", again)


@needs(Role.OFFICER)
@require_POST
def note(request: StaffRequest, number: str) -> HttpResponse:
    def noted(case: Case) -> str:
        act.add_note(case, request.POST.get("text", ""), request.person, timezone.now())
        return _("Catatan disimpan.")

    return step(request, number, "catatan", noted)


@needs(Role.OFFICER)
@require_POST
def assignee(request: StaffRequest, number: str) -> HttpResponse:
    """Who answers for it; an empty choice is nobody."""

    def given(case: Case) -> str:
        username = request.POST.get("petugas", "")
        person = next((one for one in scope.able(case) if one.username == username), None)
        if username and person is None:
            raise NotAllowed(_("Pilih petugas dari daftar."))
        act.assign_to(case, person, request.person, timezone.now())
        said = _("%(person)s kini penanggung jawab kasus ini.") % {"person": person}
        return said if person else _("Kasus ini tidak lagi punya penanggung jawab.")

    return step(request, number, "petugas", given)


@needs(*READERS["cases"])
@require_POST
def follow(request: StaffRequest, number: str) -> HttpResponse:
    """Whoever may read a case may follow it."""
    found = case_of(request, number)
    if request.POST.get("ikuti") == "ya":
        watch.watch(found, request.person, timezone.now())
    else:
        watch.unwatch(found, request.person)
    return after(request, found, "petugas")


@needs(Role.ADMINISTRATOR)
@require_POST
def hold(request: StaffRequest, number: str) -> HttpResponse:
    """A legal hold: nothing of the case is erased while it stands."""

    def held(case: Case) -> str:
        on = request.POST.get("tahan") == "ya"
        act.hold(case, on, request.person, timezone.now(), request.POST.get("why", ""))
        return _("Penghapusan ditahan.") if on else _("Penahanan dilepas.")

    return step(request, number, "tahan", held)


@needs(Role.OFFICER)
@require_POST
def original(request: StaffRequest, number: str) -> HttpResponse:
    """Show the words before masking in this one answer, which nobody may keep; the look stands in the ledger."""
    found = case_of(request, number)
    try:
        scope.check(found, request.person)
        words = open_original(found, request.person, request.POST.get("reason", ""), timezone.now())
    except NotAllowed as refusal:
        answer = shown(request, found, "nomor-asli", str(refusal))
    else:
        answer = shown(request, found, original=words)
    answer["Cache-Control"] = "no-store"
    return answer
