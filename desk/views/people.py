"""Mandat and Piket: in which office people approve, and who is on duty for emergencies."""

from datetime import date

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from desk.access import StaffRequest, needs
from desk.frame import page
from desk.times import for_input, from_input
from ledger.models import Mandate, Person
from ledger.roles import Role
from publisher import emergency, mandates
from publisher.approval import able_on_duty, approvers
from publisher.models import Duty
from publisher.rules import Refused


@needs(Role.ADMINISTRATOR)
def mandate_list(request: StaffRequest) -> HttpResponse:
    """The mandates that hold or will, and the form for a new one."""
    now, refusal = timezone.now(), None
    if request.method == "POST":
        try:
            mandates.give_mandate(_mandate(request.POST), request.person, now)
        except Refused as raised:
            refusal = raised
        else:
            messages.success(request, _("Mandat dicatat."))
            return redirect("mandates")
    every = list(mandates.present_and_coming(now))
    ended = Mandate.objects.select_related("person", "deputises").filter(ends_on__lt=mandates.day_of(now))
    context = {
        "section": "more",
        "mandates": [(one, mandates.titled(one)) for one in every],
        "ended": list(ended.order_by("-ends_on", "-pk")[:50]),
        "people": _people(),
        "actings": Mandate.Acting.choices,
        "today": mandates.day_of(now).isoformat(),
        "sent": request.POST,
        "refusal": str(refusal or ""),
        "by_field": refusal.by_field if refusal else {},
    }
    return page(request, "desk/mandates.html", context, status=422 if refusal else 200)


@needs(Role.ADMINISTRATOR)
@require_POST
def end_mandate(request: StaffRequest, mandate_id: int) -> HttpResponse:
    """Let a mandate end on the given last day."""
    row, last = get_object_or_404(Mandate, pk=mandate_id), _day(request.POST.get("hari", ""))
    try:
        if last is None:
            raise Refused(_("Pilih hari terakhir mandat itu."))
        mandates.end_mandate(row, last, request.person, timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Hari terakhir mandat dicatat."))
    return redirect("mandates")


@needs(Role.ADMINISTRATOR)
def roster(request: StaffRequest) -> HttpResponse:
    """Who is on duty now and later, and the form for a new turn."""
    now, refusal = timezone.now(), None
    if request.method == "POST":
        try:
            _turn(request)
        except Refused as raised:
            refusal = raised
        else:
            messages.success(request, _("Piket dicatat."))
            return redirect("roster")
    context = {
        "section": "more",
        "now": now,
        "turns": list(emergency.turns(now)),
        "enough": len(able_on_duty(now)) >= emergency.NEEDED,
        "people": list(approvers()),
        "sent": request.POST,
        "earliest": for_input(now),
        "refusal": str(refusal or ""),
        "by_field": refusal.by_field if refusal else {},
    }
    return page(request, "desk/roster.html", context, status=422 if refusal else 200)


@needs(Role.ADMINISTRATOR)
@require_POST
def end_turn(request: StaffRequest, turn_id: int) -> HttpResponse:
    turn = get_object_or_404(Duty.objects.select_related("person"), pk=turn_id)
    emergency.take_off_duty(turn, request.person, timezone.now())
    messages.success(request, _("%(name)s tidak piket lagi pada waktu itu.") % {"name": turn.person})
    return redirect("roster")


def _turn(request: StaffRequest) -> Duty:
    typed = request.POST
    person = _person(typed.get("orang", ""))
    starts_at, ends_at = from_input(typed.get("mulai", "")), from_input(typed.get("sampai", ""))
    wrong = {} if person else {"person": _("Pilih orangnya.")}
    wrong |= {} if starts_at else {"starts_at": _("Pilih tanggal dan jam.")}
    wrong |= {} if ends_at else {"ends_at": _("Pilih tanggal dan jam.")}
    if person is None or starts_at is None or ends_at is None:
        raise Refused(_("Ada isian yang perlu dilengkapi."), wrong)
    return emergency.put_on_duty(person, starts_at, ends_at, request.person, timezone.now())


def _mandate(typed: QueryDict) -> Mandate:
    """What the form says. Raises Refused for a person or a day that is none."""
    person, starts_on = _person(typed.get("orang", "")), _day(typed.get("mulai", ""))
    ends_on = _day(typed.get("sampai", ""))
    wrong = {} if person else {"person": _("Pilih orangnya.")}
    wrong |= {} if starts_on else {"starts_on": _("Pilih hari mulainya.")}
    if typed.get("sampai") and ends_on is None:
        wrong["ends_on"] = _("Pilih hari terakhirnya, atau kosongkan.")
    acting = typed.get("sebagai", "")
    if wrong or person is None or starts_on is None or acting not in Mandate.Acting.values:
        raise Refused(_("Ada isian yang perlu dilengkapi."), wrong)
    return Mandate(
        person=person,
        office=typed.get("jabatan", "").strip()[:120],
        nip=typed.get("nip", "").strip()[:30],
        acting=acting,
        letter=typed.get("surat", "").strip()[:120],
        starts_on=starts_on,
        ends_on=ends_on,
        deputises=_person(typed.get("mewakili", "")),
    )


def _people() -> list[Person]:
    return list(Person.objects.filter(is_active=True).order_by("first_name", "username"))


def _person(key: str) -> Person | None:
    known = key.isascii() and key.isdigit() and len(key) < 19
    return Person.objects.filter(pk=int(key), is_active=True).first() if known else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
