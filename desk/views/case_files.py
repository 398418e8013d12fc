"""Files of a case: attached, described, taken out, and given to whoever may see the case."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import attachments
from cases.models import Attachment, Case
from cases.refusal import NotAllowed
from desk.access import READERS, StaffRequest, needs
from desk.views.case_page import ROLES, case_of, step
from ledger.roles import Role


@needs(Role.OFFICER)
@require_POST
def attach(request: StaffRequest, number: str) -> HttpResponse:
    return step(request, number, "berkas", lambda case: _kept(request, case))


@needs(Role.OFFICER)
@require_POST
def describe(request: StaffRequest, number: str, attachment_id: int) -> HttpResponse:
    """Its words, and whether citizens may see it."""

    def described(case: Case) -> str:
        public, alt = request.POST.get("umum") == "ya", request.POST.get("alt", "")
        attachments.show(_of(case, attachment_id), public, alt, request.person, timezone.now())
        return _("Keterangan berkas disimpan.")

    return step(request, number, f"berkas-{attachment_id}", described)


@needs(Role.OFFICER)
@require_POST
def remove(request: StaffRequest, number: str, attachment_id: int) -> HttpResponse:
    def gone(case: Case) -> str:
        attachments.remove(_of(case, attachment_id), request.person, timezone.now())
        return _("Berkas dihapus dari kasus ini.")

    return step(request, number, "berkas", gone)


@needs(*READERS["cases"])
@require_safe
def file(request: StaffRequest, number: str, attachment_id: int) -> HttpResponse:
    """The bytes: a picture is shown, anything else is saved; kept by this browser alone."""
    found = _of(case_of(request, number), attachment_id)
    try:
        data = attachments.open_file(found)
    except NotAllowed as refusal:
        raise Http404(str(refusal)) from refusal
    answer = HttpResponse(data, headers=attachments.headers(found))
    answer["Cache-Control"] = "private, max-age=600"
    return answer


def _kept(request: StaffRequest, case: Case) -> str:
    sent = request.FILES.get("berkas")
    if sent is None:
        raise NotAllowed(_("Pilih berkasnya dahulu."))
    if (sent.size or 0) > attachments.MOST_BYTES:  # not read into memory
        raise NotAllowed(_("Berkas ini lebih dari 10 MB; perkecil dulu."))
    role = next((one for one in ROLES if one.value == request.POST.get("sebagai")), ROLES[0])
    public, alt = request.POST.get("umum") == "ya", request.POST.get("alt", "")
    attachments.add(
        case,
        sent.read(),
        sent.name or "",
        role,
        timezone.now(),
        person=request.person,
        unit=case.unit,
        public=public,
        alt=alt,
    )
    return _("Berkas dilampirkan.")


def _of(case: Case, attachment_id: int) -> Attachment:
    return get_object_or_404(Attachment.objects.select_related("case"), pk=attachment_id, case=case)
