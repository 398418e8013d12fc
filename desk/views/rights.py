"""Permintaan data pribadi: the list, and one request with what is kept of the person and may be done."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import erasure, rights
from cases.certificate import certificate, kept
from cases.models import Case, Clock, RequestState, Right, RightsRequest
from cases.refusal import NotAllowed
from desk.access import StaffRequest, needs
from desk.frame import page
from desk.listing import page_of, with_query
from ledger.chain import timeline
from ledger.roles import Role
from monitor.models import Mention

_OPEN = (RequestState.REGISTERED, RequestState.EXTENDED)
#: Posts that the page lists; the counts tell of all.
_LISTED = 50


@needs(Role.PPID, Role.ADMINISTRATOR)
@require_safe
def every(request: StaffRequest) -> HttpResponse:
    found, older = page_of(RightsRequest.objects.order_by("-id"), request.GET)
    due = dict(
        Clock.objects.filter(subject__in=[one.subject for one in found], outcome="running").values_list(
            "subject", "due_at"
        )
    )
    context = {
        "section": "more",
        "rows": [(one, due.get(one.subject)) for one in found],
        "older": with_query(request.GET, sebelum=older) if older else "",
    }
    return page(request, "desk/rights_list.html", context)


@needs(Role.PPID, Role.ADMINISTRATOR)
@require_safe
def one(request: StaffRequest, number: str) -> HttpResponse:
    return _shown(request, _found(number))


@needs(Role.PPID, Role.ADMINISTRATOR)
@require_POST
def reveal(request: StaffRequest, number: str) -> HttpResponse:
    """Name and contact in this one answer, which nobody may keep."""
    found, why = _found(number), request.POST.get("alasan", "")
    try:
        opened = rights.reveal(found, request.person, why, timezone.now())
    except NotAllowed as refusal:
        answer = _shown(request, found, refused="reveal", refusal=str(refusal), typed=why)
    else:
        answer = _shown(request, found, opened=opened)
    answer["Cache-Control"] = "no-store"
    return answer


@needs(Role.PPID, Role.ADMINISTRATOR)
@require_POST
def prove(request: StaffRequest, number: str) -> HttpResponse:
    found, why = _found(number), request.POST.get("alasan", "")
    try:
        rights.convinced(found, request.person, why, timezone.now())
    except NotAllowed as refusal:
        return _shown(request, found, refused="prove", refusal=str(refusal), typed=why)
    messages.success(request, _("Dicatat: akun itu milik pemohon."))
    return redirect("rights_one", number)


@needs(Role.PPID, Role.ADMINISTRATOR)
@require_POST
def carry_out(request: StaffRequest, number: str) -> HttpResponse:
    """Do what was asked, by the right that was asked for; access answers with the file itself."""
    found, typed, now = _found(number), request.POST.get("nama", ""), timezone.now()
    if found.right == Right.ERASURE and request.POST.get("yakin") != "ya":
        said = _("Centang bahwa Anda sudah memeriksa daftarnya; penghapusan tidak dapat dibatalkan.")
        return _shown(request, found, refused="do", refusal=said)
    try:
        if found.right == Right.ACCESS:
            return _file(rights.export(found, request.person, now), f"{number}.json", "application/json")
        if found.right == Right.CORRECTION:
            rights.correct(found, typed, request.person, now)
        elif found.right == Right.RESTRICTION:
            rights.restrict(found, request.person, now)
        else:
            rights.erase(found, request.person, now)
    except NotAllowed as refusal:
        return _shown(request, found, refused="do", refusal=str(refusal), typed=typed)
    messages.success(request, _("Permintaan dilaksanakan."))
    return redirect("rights_one", number)


@needs(Role.PPID, Role.ADMINISTRATOR)
@require_POST
def refuse(request: StaffRequest, number: str) -> HttpResponse:
    found, why = _found(number), request.POST.get("alasan", "")
    try:
        rights.refuse(found, request.person, why, timezone.now())
    except NotAllowed as refusal:
        return _shown(request, found, refused="refuse", refusal=str(refusal), typed=why)
    messages.success(request, _("Permintaan ditolak dengan alasannya."))
    return redirect("rights_one", number)


@needs(Role.PPID, Role.ADMINISTRATOR)
@require_safe
def paper(request: StaffRequest, number: str) -> HttpResponse:
    """The certificate of an erasure."""
    found = _found(number)
    if "digest" not in found.outcome:
        raise Http404
    return _file(certificate(found, timezone.now()), f"{number}.pdf", "application/pdf")


def _file(data: bytes, name: str, kind: str) -> HttpResponse:
    answer = HttpResponse(data, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer


def _found(number: str) -> RightsRequest:
    return get_object_or_404(RightsRequest.objects.select_related("done_by"), number=number)


def _shown(
    request: StaffRequest,
    found: RightsRequest,
    refused: str = "",
    refusal: str = "",
    typed: str = "",
    opened: dict[str, str] | None = None,
) -> HttpResponse:
    found.refresh_from_db()
    waits = found.state in _OPEN
    held = rights.find(found) if waits else erasure.Held()
    mentions = Mention.objects.filter(pk__in=held.mentions).order_by("-pk")
    context: dict[str, Any] = {
        "section": "more",
        "one": found,
        "waits": waits,
        "clock": Clock.objects.filter(subject=found.subject).order_by("pk").first(),
        "counts": {name: count for name, count in held.counts().items() if count} if waits else {},
        "sorts": sort_words(),
        "mentions": mentions.select_related("case")[:_LISTED] if waits else [],
        "accounts": mentions.exclude(author_id="").values("author_id").distinct().count() if waits else 0,
        "on_hold": Case.objects.filter(number__in=held.on_hold),
        "events": timeline(found.subject),
        "kept": kept(found.outcome) if "digest" in found.outcome else [],
        "refused": refused,
        "refusal": refusal,
        "typed": typed,
        "opened": opened,
    }
    return page(request, "desk/rights_one.html", context, status=422 if refusal else 200)


def sort_words() -> dict[str, str]:
    """What is found of a person, by the keys of cases.erasure.Held.counts."""
    return {
        "mentions": _("kiriman"),
        "versions": _("versi kiriman sebelumnya"),
        "originals": _("teks asli"),
        "verdicts": _("penilaian mesin"),
        "cases": _("kasus"),
        "voices": _("tanggapan di halaman status"),
        "attachments": _("lampiran"),
        "handoffs": _("penerusan"),
        "replies": _("balasan"),
        "information_requests": _("permohonan informasi"),
    }
