"""Perangkat daerah: the list, and one unit: contacts, people, open cases, and what an administrator changes."""

import re
from datetime import date

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from cases import succession, unit_figures
from cases.models import ENDED
from cases.refusal import NotAllowed
from cases.scope import visible
from city.models import Unit, UnitSort, standing
from city.units import latest, on_day
from desk.access import READERS, StaffRequest, needs
from desk.frame import page
from desk.listing import asked
from desk.times import number
from ledger.chain import timeline
from ledger.roles import Role
from publisher.mandates import day_of

_VIEWS = ("kota", "kecamatan", "luar", "berakhir")
#: How many open cases are shown on a unit's page.
_SHOWN = 20


@needs(*READERS["cases"])
@require_safe
def units(request: StaffRequest) -> HttpResponse:
    now = timezone.now()
    view = asked(request.GET, "tampilan", _VIEWS) or "kota"
    rows = list(_listed(view, day_of(now)))
    waits, refused = unit_figures.open_by_unit(), unit_figures.refused_by_unit(now)
    context = {
        "section": "more",
        "view": view,
        "units": [(one, waits.get(one.pk, 0), refused.get(one.pk, 0)) for one in rows],
        "days": unit_figures.DAYS,
    }
    return page(request, "desk/units.html", context)


@needs(*READERS["cases"])
@require_safe
def unit(request: StaffRequest, key: str) -> HttpResponse:
    return _shown(request, _found(key))


@needs(Role.ADMINISTRATOR)
def new(request: StaffRequest) -> HttpResponse:
    """A unit that the city did not have."""
    refusal = ""
    if request.method == "POST":
        try:
            made = succession.begin(_typed_unit(request.POST), request.person, timezone.now())
        except NotAllowed as raised:
            refusal = str(raised)
        else:
            messages.success(request, _("%(unit)s dicatat.") % {"unit": made.short})
            return redirect("unit", made.key)
    context = {
        "section": "more",
        "sorts": UnitSort.choices,
        "sent": request.POST,
        "today": day_of(timezone.now()).isoformat(),
        "refusal": refusal,
    }
    return page(request, "desk/unit_new.html", context, status=422 if refusal else 200)


@needs(Role.ADMINISTRATOR)
@require_POST
def change(request: StaffRequest, key: str) -> HttpResponse:
    """Contacts, and what citizens are told; in place."""
    found = _found(key)
    try:
        succession.contact(found, _contacts(request.POST), request.person, timezone.now())
    except NotAllowed as refusal:
        found.refresh_from_db()
        return _shown(request, found, refusal=str(refusal), form="kontak")
    messages.success(request, _("Kontak disimpan."))
    return redirect("unit", key)


@needs(Role.ADMINISTRATOR)
@require_POST
def rename(request: StaffRequest, key: str) -> HttpResponse:
    found, typed = _found(key), request.POST
    try:
        first_day = _day(typed.get("mulai", ""))
        succession.rename(
            found,
            typed.get("nama", ""),
            typed.get("singkatan", ""),
            first_day,
            request.person,
            timezone.now(),
        )
    except NotAllowed as refusal:
        return _shown(request, found, refusal=str(refusal), form="nama")
    messages.success(request, _("Nama baru dicatat. Nama lama tetap ada pada riwayat."))
    return redirect("unit", key)


@needs(Role.ADMINISTRATOR)
@require_POST
def end(request: StaffRequest, key: str) -> HttpResponse:
    found, typed = _found(key), request.POST
    try:
        last_day = _day(typed.get("terakhir", ""))
        heir = on_day(typed.get("pengganti", ""), last_day) if typed.get("pengganti") else None
        succession.end(found, last_day, heir, request.person, timezone.now())
    except NotAllowed as refusal:
        return _shown(request, found, refusal=str(refusal), form="akhir")
    messages.success(request, _("Hari terakhir %(unit)s dicatat.") % {"unit": found.short})
    return redirect("unit", key)


@needs(Role.ADMINISTRATOR)
@require_POST
def follow(request: StaffRequest, key: str, unit_id: int) -> HttpResponse:
    """Move the open cases, lines, people and receivers of a row that is over to its successor."""
    row = get_object_or_404(Unit.objects.select_related("successor"), pk=unit_id, key=key)
    try:
        done = succession.follow(row, request.person, timezone.now())
    except NotAllowed as refusal:
        return _shown(request, _found(key), refusal=str(refusal), form="pindah")
    said = ngettext("%(count)s kasus dipindahkan.", "%(count)s kasus dipindahkan.", done.cases)
    messages.success(request, said % {"count": number(done.cases)})
    return redirect("unit", row.successor.key if row.successor else key)


def _listed(view: str, day: date) -> list[Unit]:
    if view == "berakhir":
        return list(Unit.objects.filter(valid_to__lt=day).select_related("successor"))
    rows = standing(day)
    if view == "kecamatan":
        return list(rows.filter(sort=UnitSort.DISTRICT))
    if view == "luar":
        return list(rows.filter(sort=UnitSort.OUTSIDE))
    return list(rows.exclude(sort__in=(UnitSort.DISTRICT, UnitSort.OUTSIDE)))


def _found(key: str) -> Unit:
    """The row of a key that stands today, else its newest one."""
    found = on_day(key, day_of(timezone.now())) or latest(key)
    if found is None:
        raise Http404
    return found


def _shown(request: StaffRequest, found: Unit, refusal: str = "", form: str = "") -> HttpResponse:
    now = timezone.now()
    rows = list(Unit.objects.filter(key=found.key).select_related("successor").order_by("-valid_from"))
    ids = [row.pk for row in rows]
    mine = visible(request.person).filter(unit__in=ids).exclude(state__in=ENDED)
    leaving = [(row, succession.waiting(row)) for row in rows if row.successor_id is not None]
    context = {
        "section": "more",
        "unit": found,
        "rows": rows,
        "leaving": [(row, left) for row, left in leaving if left],
        "people": list(found.people.filter(is_active=True).order_by("first_name", "username")),
        "cases": list(mine.select_related("mention").order_by("-pk")[:_SHOWN]),
        "waits": mine.count(),
        "in_time": unit_figures.in_time(ids, now),
        "refused": sum(count for pk, count in unit_figures.refused_by_unit(now).items() if pk in ids),
        "days": unit_figures.DAYS,
        "others": list(standing(day_of(now)).exclude(key=found.key)),
        "events": [event for pk in sorted(ids) for event in timeline(f"unit:{pk}")],
        "edits": Role.ADMINISTRATOR in request.roles,
        "today": day_of(now).isoformat(),
        "sent": request.POST,
        "refusal": refusal,
        "form": form,
    }
    return page(request, "desk/unit.html", context, status=422 if refusal else 200)


def _contacts(typed: QueryDict) -> dict[str, str | bool]:
    """What the form says. Raises NotAllowed for an address that is none."""
    values: dict[str, str | bool] = {
        "urc_name": typed.get("tim", "").strip()[:120],
        "urc_email": _email(typed.get("surel", "")),
        "urc_phone": typed.get("telepon", "").strip()[:40],
        "ppid_email": _email(typed.get("ppid", "")),
        "redirect": " ".join(typed.get("arahan", "").split())[:300],
        "confirmed": typed.get("dipastikan") == "1",
    }
    return values


def _email(typed: str) -> str:
    typed = typed.strip()
    if not typed:
        return ""
    try:
        validate_email(typed)
    except ValidationError as error:
        raise NotAllowed(
            _("“%(typed)s” bukan alamat surel. Periksa tulisannya.") % {"typed": typed}
        ) from error
    return typed[:254]


def _typed_unit(typed: QueryDict) -> Unit:
    key = typed.get("kunci", "").strip().lower()
    if not re.fullmatch(r"[a-z][a-z0-9_-]{1,39}", key):
        raise NotAllowed(_("Kunci memakai huruf kecil, angka, dan garis, mulai dengan huruf: dbmsda."))
    if typed.get("jenis", "") not in UnitSort.values:
        raise NotAllowed(_("Pilih jenis unitnya."))
    return Unit(
        key=key,
        name=typed.get("nama", "").strip()[:160],
        short=typed.get("singkatan", "").strip()[:40],
        sort=typed.get("jenis", ""),
        valid_from=_day(typed.get("mulai", "")),
        confirmed=True,
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise NotAllowed(_("Pilih harinya.")) from error
