"""Penerima: to whom cases are given, whether each can be reached, and how it is set."""

import json
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases.handoff import engine, registry
from cases.handoff import receivers as setting
from cases.models import HandOffState, Receiver, ReceiverSort
from city.models import Unit, standing
from desk.access import StaffRequest, needs
from desk.frame import page
from desk.times import number, today
from ledger.roles import Role

_WAITS = Q(handoffs__state__in=(HandOffState.NEEDS_PERSON, HandOffState.REFUSED))


@needs(Role.OFFICER, Role.ADMINISTRATOR)
@require_safe
def receivers(request: StaffRequest) -> HttpResponse:
    rows = Receiver.objects.select_related("unit").annotate(
        waits=Count("handoffs", filter=_WAITS),
        arrived=Count("handoffs", filter=Q(handoffs__state=HandOffState.DELIVERED)),
    )
    return page(
        request, "desk/receivers.html", {"section": "cases", "receivers": list(rows.order_by("name"))}
    )


@needs(Role.ADMINISTRATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: StaffRequest) -> HttpResponse:
    if request.method != "POST":
        return _form(request, None, _wanted(request, None))
    return _save(request, None)


@needs(Role.ADMINISTRATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def receiver(request: StaffRequest, key: str) -> HttpResponse:
    found = get_object_or_404(Receiver.objects.select_related("unit"), key=key)
    return _save(request, found) if request.method == "POST" else _form(request, found, _as_is(found))


@needs(Role.ADMINISTRATOR)
@require_POST
def test(request: StaffRequest, key: str) -> HttpResponse:
    """Ask now whether it can be reached; nothing of a case is sent."""
    found = get_object_or_404(Receiver.objects.select_related("unit"), key=key)
    answer = registry.probe(found)
    if request.htmx:
        return render(request, "desk/_probe.html", {"answers": [(found.name, answer)]})
    (messages.success if answer.ok else messages.error)(request, f"{found.name}. {answer.sentence}")
    return redirect("receiver", key)


@needs(Role.ADMINISTRATOR)
@require_POST
def resume(request: StaffRequest, key: str) -> HttpResponse:
    """Its trouble is mended: what it held up goes out."""
    found = get_object_or_404(Receiver, key=key)
    count = engine.resume(found, request.person, timezone.now())
    said = ngettext("%(count)s penerusan dikirim lagi.", "%(count)s penerusan dikirim lagi.", count)
    messages.success(request, said % {"count": number(count)})
    return redirect("receiver", key)


@needs(Role.ADMINISTRATOR)
@require_POST
def rotate(request: StaffRequest, key: str) -> HttpResponse:
    """Make a new signing key and show it in this one answer, which nobody may keep."""
    found = get_object_or_404(Receiver.objects.select_related("unit"), key=key)
    made = setting.rotate(found, request.person, timezone.now())
    answer = _form(request, found, _as_is(found), made=made)
    answer["Cache-Control"] = "no-store"
    return answer


def _save(request: StaffRequest, found: Receiver | None) -> HttpResponse:
    wanted = _wanted(request, found)
    try:
        saved = setting.save(found, wanted, request.person, timezone.now())
    except setting.Wrong as wrong:
        if found is not None:
            found.refresh_from_db()
        return _form(request, found, wanted, wrong.by_field)
    messages.success(request, _("Penerima %(name)s disimpan.") % {"name": saved.name})
    return redirect("receiver", saved.key)


def _wanted(request: StaffRequest, found: Receiver | None) -> setting.Wanted:
    said = request.POST
    unit = said.get("unit", "")
    chosen = Unit.objects.filter(pk=int(unit)).first() if unit.isascii() and unit.isdigit() else None
    return setting.Wanted(
        key=found.key if found else said.get("key", "").strip(),
        sort=found.sort if found else said.get("sort", ""),
        name=said.get("name", ""),
        unit=chosen,
        address=said.get("address", ""),
        enabled=request.method != "POST" or said.get("enabled") == "1",
        settings=said.get("settings", "").strip() or "{}",
        secret=said.get("secret", ""),
    )


def _as_is(found: Receiver) -> setting.Wanted:
    text = json.dumps(found.settings, ensure_ascii=False, indent=2)
    return setting.Wanted(
        found.key, found.sort, found.name, found.unit, found.address, found.enabled, settings=text
    )


def _form(
    request: StaffRequest,
    found: Receiver | None,
    wanted: setting.Wanted,
    wrong: dict[str, str] | None = None,
    made: str = "",
) -> HttpResponse:
    sort = found.sort if found else wanted.sort
    hook = request.build_absolute_uri(reverse("receiver_webhook", args=[found.key])) if found else ""
    context: dict[str, Any] = {
        "section": "cases",
        "receiver": found,
        "wanted": wanted,
        "wrong": wrong or {},
        "sorts": [(one.value, one.label) for one in ReceiverSort],
        "units": [one for one in standing(today()[0].date()) if not one.outside],
        "signed": sort in setting.SIGNED,
        "entered": sort in setting.ENTERED or found is None,
        "has_secret": found is not None and setting.has_secret(found),
        "key_names": setting.key_names(found) if found and sort in setting.SIGNED else [],
        "made": made,
        "hook": hook,
    }
    return page(request, "desk/receiver.html", context, status=422 if wrong else 200)
