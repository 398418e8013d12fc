"""Kabar kejadian: one text for everybody who reported it, decided once, with how far it has come."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from cases import messages as updates
from cases.models import Incident, IncidentMessage
from cases.refusal import NotAllowed
from cases.replies import compose
from desk.access import READERS, StaffRequest, needs
from desk.frame import page
from desk.times import number
from ledger.roles import Role
from publisher.models import Announcement, AnnouncementState

_READ = (*READERS["cases"], Role.APPROVER)
#: How many announcements are offered to point to.
_OFFERED = 20
#: How many replies and left-out cases the page lists.
_MOST = 60


@needs(*_READ)
def messages_of(request: StaffRequest, incident_id: int) -> HttpResponse:
    """All updates of one incident; POST writes another one."""
    found = get_object_or_404(Incident, pk=incident_id)
    if request.method != "POST":
        return _all(request, found)
    if Role.OFFICER not in request.roles:
        return _all(request, found, _("Anda tidak mempunyai tugas untuk langkah ini."))
    typed = request.POST.get("pengumuman", "")
    chosen = _offered().filter(pk=typed).first() if typed.isascii() and typed.isdigit() else None
    try:
        made = updates.write(found, request.POST.get("teks", ""), request.person, timezone.now(), chosen)
    except NotAllowed as refusal:
        return _all(request, found, str(refusal))
    messages.success(request, _("Menunggu persetujuan."))
    return redirect("incident_message", made.pk)


@needs(*_READ)
@require_safe
def message(request: StaffRequest, message_id: int) -> HttpResponse:
    return _one(request, _found(message_id))


@needs(Role.OFFICER, Role.APPROVER)
@require_POST
def step(request: StaffRequest, message_id: int, step: str) -> HttpResponse:
    found = _found(message_id)
    if step not in _STEPS:
        raise Http404
    try:
        said = _STEPS[step](request, found)
    except NotAllowed as refusal:
        return _one(request, found, str(refusal))
    messages.success(request, said)
    if step == "buang":
        return redirect("incident_messages", found.incident_id)
    return redirect("incident_message", message_id)


def _approve(request: StaffRequest, found: IncidentMessage) -> str:
    count = updates.approve(found, request.person, timezone.now())
    said = ngettext("%(count)s pelapor dibalas.", "%(count)s pelapor dibalas.", count)
    return said % {"count": number(count)}


def _stop(request: StaffRequest, found: IncidentMessage) -> str:
    count = updates.stop(found, request.person, timezone.now())
    said = ngettext("%(count)s balasan tidak jadi dikirim.", "%(count)s balasan tidak jadi dikirim.", count)
    return said % {"count": number(count)}


def _drop(request: StaffRequest, found: IncidentMessage) -> str:
    updates.withdraw(found, request.person, timezone.now())
    return _("Tidak akan dikirim.")


_STEPS: dict[str, Callable[[StaffRequest, IncidentMessage], str]] = {
    "setujui": _approve,
    "hentikan": _stop,
    "buang": _drop,
}


def _all(request: StaffRequest, found: Incident, refusal: str = "") -> HttpResponse:
    rows = found.messages.select_related("by", "approved_by").order_by("-id")[:_MOST]
    context = {
        "section": "incidents",
        "incident": found,
        "rows": [{"message": one, "reach": updates.reach_of(one)} for one in rows],
        "writes": Role.OFFICER in request.roles,
        "announcements": _offered()[:_OFFERED],
        "typed": request.POST.get("teks", ""),
        "chosen": request.POST.get("pengumuman", ""),
        "refusal": refusal,
    }
    return page(request, "desk/incident_messages.html", context, status=422 if refusal else 200)


def _one(request: StaffRequest, found: IncidentMessage, refusal: str = "") -> HttpResponse:
    reach = updates.reach_of(found)
    waits = found.approved_by_id is None
    context = {
        "section": "incidents",
        "message": found,
        "incident": found.incident,
        "reach": reach,
        "reporters": updates.reporters(found).count(),
        "skipped": reach.skipped[:_MOST],
        "shown": _shown(found),
        "waits": waits,
        "running": found.approved_at is not None and reach.waiting > 0,
        "stopped": not waits and found.approved_at is None,
        "approves": waits and Role.APPROVER in request.roles and found.by_id != request.person.pk,
        "own": waits and found.by_id == request.person.pk,
        "acts": bool(request.roles & {Role.OFFICER, Role.APPROVER}),
        "replies": found.replies.select_related("case__mention", "announcement").order_by("-id")[:_MOST],
        "reads_cases": bool(request.roles & set(READERS["cases"])),
        "refusal": refusal,
    }
    return page(request, "desk/incident_message.html", context, status=422 if refusal else 200)


def _shown(found: IncidentMessage) -> list[dict[str, Any]]:
    """One example for each channel on which it was reported, made by the call that sends."""
    seen: dict[str, dict[str, Any]] = {}
    for case in updates.reporters(found)[:200]:
        if case.mention.channel not in seen:
            ready = compose(case, "incident", found.text, message=found)
            seen[case.mention.channel] = {"account": case.mention.source.account, "ready": ready}
    return list(seen.values())


def _offered() -> Any:
    """Announcements that can be pointed to, the newest first."""
    stands = (AnnouncementState.PUBLISHED, AnnouncementState.PARTLY_PUBLISHED)
    return Announcement.proper.filter(state__in=stands).order_by("-id")


def _found(message_id: int) -> IncidentMessage:
    rows = IncidentMessage.objects.select_related("incident", "by", "approved_by", "announcement")
    return get_object_or_404(rows, pk=message_id)
