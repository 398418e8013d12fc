"""Jeda: what must not go out now, who decided it, and the questions about what was held."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from channels.models import Account
from city.gazetteer import places
from desk.access import READERS, StaffRequest, needs
from desk.frame import page
from desk.listing import page_of, with_query
from desk.times import for_input, from_input
from ledger.roles import Role
from publisher import held, pause
from publisher.models import Pause
from publisher.rules import Refused

#: The content classes in the words of the form.
CLASSES = {
    "greeting": gettext_lazy("ucapan dan hari besar"),
    "event": gettext_lazy("acara"),
    "general": gettext_lazy("berita umum"),
    "service": gettext_lazy("layanan dan gangguan layanan"),
    "emergency": gettext_lazy("darurat"),
}
_MAY = (Role.APPROVER, Role.ADMINISTRATOR)


@needs(*READERS["announcements"])
@require_safe
def pauses(request: StaffRequest) -> HttpResponse:
    return _list(request)


@needs(*_MAY)
def new(request: StaffRequest) -> HttpResponse:
    """The form of a pause; with ?berkabung=1 the one for days of mourning."""
    refusal: Refused | None = None
    if request.method == "POST":
        try:
            _start(request)
        except Refused as raised:
            refusal = raised
        else:
            messages.success(request, _("Jeda berlaku sekarang."))
            return redirect("pauses")
    sent = request.POST if request.method == "POST" else request.GET
    context = {
        "section": "more",
        "mourning": sent.get("berkabung") == "1",
        "sent": sent,
        "chosen": {name: sent.getlist(name) for name in ("golongan", "kecamatan", "akun")},
        "classes": CLASSES,
        "areas": _areas(),
        "accounts": list(Account.objects.filter(enabled=True)),
        "refusal": str(refusal or ""),
        "by_field": refusal.by_field if refusal else {},
        "earliest": for_input(timezone.now()),
    }
    return page(request, "desk/pause_new.html", context, status=422 if refusal else 200)


@needs(*_MAY)
@require_POST
def end(request: StaffRequest, pause_id: int) -> HttpResponse:
    row = get_object_or_404(Pause, pk=pause_id)
    try:
        pause.end(row, request.person, timezone.now())
    except Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(
            request, _("Jeda diakhiri. Yang ditahan tidak tayang sendiri; putuskan satu per satu.")
        )
    return redirect("pauses")


@needs(Role.AUTHOR, Role.APPROVER)
@require_POST
def decide(request: StaffRequest) -> HttpResponse:
    """The answer about what was held of one announcement, on the ticked accounts."""
    answer = request.POST.get("jawaban", "")
    if answer not in held.ANSWERS:
        raise Http404
    keys = [int(key) for key in request.POST.getlist("penayangan") if key.isascii() and key.isdigit()]
    rows = list(held.held().filter(pk__in=keys))
    try:
        if not rows:
            raise Refused(_("Pilih paling sedikit satu akun."))
        moment = from_input(request.POST.get("waktu", ""))
        official = request.POST.get("pejabat", "")
        held.release_all(rows, request.person, timezone.now(), answer, moment, official)
    except Refused as refusal:
        return _list(request, refusal, rows[0].announcement_id if rows else 0)
    said = {"now": _("Dikirim sekarang."), "later": _("Dijadwalkan ulang."), "cancel": _("Dibatalkan.")}
    messages.success(request, said[answer])
    return redirect("pauses")


def _start(request: StaffRequest) -> Pause:
    typed = request.POST
    moment = from_input(typed.get("sampai", ""))
    if typed.get("sampai") and moment is None:
        raise Refused(_("Ada isian yang perlu diperbaiki."), {"ends_at": _("Pilih tanggal dan jam.")})
    return pause.start(
        request.person,
        timezone.now(),
        typed.get("alasan", ""),
        typed.get("pejabat", ""),
        typed.getlist("golongan"),
        typed.getlist("kecamatan"),
        list(Account.objects.filter(key__in=typed.getlist("akun"))),
        moment,
        mourning=typed.get("berkabung") == "1",
    )


def _list(request: StaffRequest, refusal: Refused | None = None, about: int = 0) -> HttpResponse:
    """``about``: the announcement of whose question the answer was refused."""
    now = timezone.now()
    present = list(pause.in_force(now).select_related("started_by").prefetch_related("accounts"))
    over = Pause.objects.exclude(pk__in=[one.pk for one in present]).select_related("started_by", "ended_by")
    past, older = page_of(over.prefetch_related("accounts").order_by("-id"), request.GET)
    asked = held.questions(now)
    context: dict[str, Any] = {
        "section": "more",
        "present": present,
        "past": past,
        "older": with_query(request.GET, sebelum=older) if older else "",
        "questions": [one for one in asked if one.open],
        "held": [one for one in asked if not one.open],
        "areas": dict(_areas()),
        "classes": CLASSES,
        "now": now,
        "may": bool(request.roles & set(_MAY)),
        "decides": bool(request.roles & {Role.AUTHOR, Role.APPROVER}),
        "excepts": Role.APPROVER in request.roles,
        "refusal": str(refusal or ""),
        "by_field": refusal.by_field if refusal else {},
        "about": about,
        "sent": request.POST,
        "earliest": for_input(now),
    }
    return page(request, "desk/pauses.html", context, status=422 if refusal else 200)


def _areas() -> list[tuple[str, str]]:
    """Code and name of every kecamatan."""
    return [(place.code, place.name) for place in places() if place.level == "kecamatan"]
