"""Duplicates: a case is merged into another, a merge is taken back, one of its cases is taken out."""

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases import merge as merges
from cases import scope
from cases.models import Case
from cases.refusal import NotAllowed
from desk.access import StaffRequest, needs
from desk.views.case_page import step
from ledger.roles import Role


def target_of(request: StaffRequest, typed: str) -> Case:
    """The case of a typed number, if this person may see it. Raises NotAllowed with a sentence."""
    number = typed.strip().upper()
    if not number:
        raise NotAllowed(_("Tulis nomor kasus utamanya."))
    found = scope.visible(request.person).filter(number=number[:30]).first()
    if found is None:
        raise NotAllowed(_("Kasus %(number)s tidak ditemukan. Periksa nomornya.") % {"number": number[:30]})
    return found


@needs(Role.OFFICER)
@require_POST
def merge(request: StaffRequest, number: str) -> HttpResponse:
    """This case becomes a duplicate of the one whose number was typed."""

    def merged(case: Case) -> str:
        into = target_of(request, request.POST.get("utama", ""))
        merges.merge(into, [case], request.person, timezone.now())
        return _("Digabung ke %(number)s.") % {"number": into.number}

    return step(request, number, "ganda", merged)


@needs(Role.OFFICER)
@require_POST
def undo(request: StaffRequest, number: str, merge_id: int) -> HttpResponse:
    """Take one whole merge back."""

    def undone(case: Case) -> str:
        if merge_id not in [one.pk for one in merges.standing(case)]:
            raise NotAllowed(_("Penggabungan ini sudah dibatalkan."))
        merges.undo(merge_id, request.person, timezone.now())
        return _("Penggabungan dibatalkan.")

    return step(request, number, "ganda", undone)


@needs(Role.OFFICER)
@require_POST
def take_out(request: StaffRequest, number: str) -> HttpResponse:
    """This duplicate stands for itself again."""

    def alone(case: Case) -> str:
        merges.take_out(case, request.person, timezone.now())
        return _("Kasus ini berdiri sendiri lagi.")

    return step(request, number, "ganda", alone)
