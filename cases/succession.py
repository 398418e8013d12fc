"""What an administrator changes of units: contacts in place, a new name or an end from a day on, and what follows.

A reorganisation ends one row and begins others, so that history keeps the old name. Routes, people, receivers and
open cases do not jump by themselves: a person moves them to the successor, in one step, and the ledger says how many.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cases import routes, search
from cases.handoff.plan import plan_for_unit
from cases.models import ENDED, Assignment, AssignmentEnd, Case, Gate, Receiver, Route
from cases.refusal import NotAllowed
from city.models import Unit
from city.units import stands
from ledger.chain import record
from ledger.models import Person
from publisher.mandates import day_of

#: What may be changed of a row in place; a change of the rest begins a new row.
CONTACTS = ("urc_name", "urc_email", "urc_phone", "ppid_email", "redirect", "confirmed")
#: What a new row takes over from the one before.
_TAKEN_OVER = ("key", "sort", "kecamatan", *CONTACTS)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What still points to a unit that is over, or will be."""

    cases: int
    routes: int
    people: int
    receivers: int

    def __bool__(self) -> bool:
        return any((self.cases, self.routes, self.people, self.receivers))


@transaction.atomic
def begin(unit: Unit, person: Person, now: datetime) -> Unit:
    """Add a unit that the city did not have. Raises NotAllowed with a sentence."""
    if not unit.name or not unit.short or not unit.key:
        raise NotAllowed(_("Isi nama, singkatan, dan kunci unit."))
    if unit.key in ("rute", "baru") or Unit.objects.filter(key=unit.key).exists():
        raise NotAllowed(_("Kunci “%(key)s” sudah dipakai. Pilih yang lain.") % {"key": unit.key})
    unit.save()
    _told("unit.begun", unit, person, now, name=unit.short)
    return unit


@transaction.atomic
def contact(unit: Unit, values: dict[str, str | bool], person: Person, now: datetime) -> Unit:
    """Change how a unit is reached, and what citizens are told of it. The ledger keeps which fields changed."""
    changed = sorted(name for name in CONTACTS if name in values and values[name] != getattr(unit, name))
    if not changed:
        return unit
    for name in changed:
        setattr(unit, name, values[name])
    unit.save(update_fields=changed)
    _told("unit.changed", unit, person, now, fields=changed)
    return unit


@transaction.atomic
def rename(unit: Unit, name: str, short: str, first_day: date, person: Person, now: datetime) -> Unit:
    """Let a row under the new name follow this one from ``first_day`` on; history keeps the old name."""
    locked = _open_row(unit)
    if not name.strip() or not short.strip():
        raise NotAllowed(_("Isi nama dan singkatannya."))
    if first_day <= locked.valid_from:
        raise NotAllowed(
            _("Nama baru mulai sesudah %(day)s, hari pertama nama yang sekarang.") % _day(locked)
        )
    taken = {field: getattr(locked, field) for field in _TAKEN_OVER}
    made = Unit.objects.create(
        **taken, name=name.strip()[:160], short=short.strip()[:40], valid_from=first_day
    )
    _close(locked, first_day - timedelta(days=1), made, person, now)
    return made


@transaction.atomic
def end(unit: Unit, last_day: date, successor: Unit | None, person: Person, now: datetime) -> None:
    """Let a unit stand up to ``last_day``. Raises NotAllowed for a day or a successor that cannot be."""
    locked = _open_row(unit)
    if last_day < locked.valid_from:
        raise NotAllowed(_("Hari terakhir tidak boleh sebelum %(day)s, hari pertamanya.") % _day(locked))
    if successor is not None:
        if successor.pk == locked.pk or _leads_to(successor, locked):
            raise NotAllowed(_("Pengganti tidak boleh unit itu sendiri, atau unit yang digantikannya."))
        if successor.outside != locked.outside or not stands(successor, last_day + timedelta(days=1)):
            raise NotAllowed(_("Pengganti harus unit yang berlaku sehari sesudah hari terakhir itu."))
    _close(locked, last_day, successor, person, now)


def waiting(unit: Unit) -> Waiting:
    """What points to this very row and would move to its successor."""
    return Waiting(
        cases=_open_cases(unit).count(),
        routes=Route.objects.filter(unit=unit, valid_to__isnull=True).count(),
        people=_left_behind(unit),
        receivers=Receiver.objects.filter(unit=unit).count(),
    )


def _left_behind(unit: Unit) -> int:
    """People of the unit who do not have its successor yet."""
    if unit.successor is None:
        return unit.people.count()
    return unit.people.exclude(pk__in=unit.successor.people.values("pk")).count()


@transaction.atomic
def follow(unit: Unit, person: Person, now: datetime) -> Waiting:
    """Move routes, people, receivers and open cases to the successor; gives how many. Raises NotAllowed.

    The old lines of the table end on the unit's last day. People keep the old row too, and with it the old cases.
    """
    unit = Unit.objects.select_for_update().get(pk=unit.pk)
    heir, day = unit.successor, day_of(now)
    if heir is None or unit.valid_to is None:
        raise NotAllowed(_("Tentukan dahulu hari terakhir unit ini dan penggantinya."))
    if not stands(heir, day):
        raise NotAllowed(
            _("%(heir)s baru berlaku mulai %(day)s; pemindahan dilakukan pada hari itu.")
            % {"heir": heir.short, **_day(heir)}
        )
    before = waiting(unit)
    receivers = Receiver.objects.filter(unit=unit)
    receivers.update(unit=heir)
    for one in unit.people.all():
        one.units.add(heir)
    for route in Route.objects.filter(unit=unit, valid_to__isnull=True).order_by("pk"):
        _lead_on(route, heir, max(unit.valid_to + timedelta(days=1), heir.valid_from), person, now)
    for case in _open_cases(unit).select_for_update(of=("self",)).order_by("pk"):
        _hand_over(case, unit, heir, person, now)
    told = {"heir": heir.short, "cases": before.cases, "routes": before.routes, "name": unit.short}
    _told("unit.followed", unit, person, now, **told)
    return before


def _lead_on(route: Route, heir: Unit, first_day: date, person: Person, now: datetime) -> None:
    """The same line, leading to the heir; a line that would not have held a day before is replaced by it."""
    first_day = max(first_day, route.valid_from)
    if first_day > route.valid_from:
        Route.objects.filter(pk=route.pk).update(valid_to=first_day - timedelta(days=1))
    else:
        route.delete()
    following = routes.copy_for(route, heir, first_day)
    same = {name: getattr(following, name) for name in ("kind", "topic", "area", "authority")}
    if not Route.objects.filter(**same, unit=heir, valid_to__isnull=True).exists():
        following.made_by = person
        following.save()


def _hand_over(case: Case, unit: Unit, heir: Unit, person: Person, now: datetime) -> None:
    """The heir has the case in the state in which it is: it is no reassignment, and teaches nothing.

    A receiver that had the case already is not told again: planning the same purpose gives the row that is there.
    """
    why = _("%(unit)s kini %(heir)s.") % {"unit": unit.short, "heir": heir.short}
    rows = Assignment.objects.filter(case=case, unit=unit, ended_at__isnull=True)
    if (standing := rows.first()) is not None:
        rows.update(ended_at=now, end=AssignmentEnd.MOVED, end_why=why)
        Assignment.objects.create(
            case=case, unit=heir, by=person, at=now, why=why, accepted_at=standing.accepted_at
        )
    Case.objects.filter(pk=case.pk).update(unit=heir, changed_at=now)
    told = {"unit": heir.key, "name": heir.short, "old": unit.short, "note": why}
    record("case.assigned", case.subject, actor=person, at=now, **told)
    case.unit = heir
    search.keep(case.pk)
    plan_for_unit(case, heir, now, "emergency" if case.gate == Gate.EMERGENCY else "assign", person)


def _open_cases(unit: Unit) -> QuerySet[Case]:
    return Case.objects.filter(unit=unit).exclude(state__in=ENDED)


def _open_row(unit: Unit) -> Unit:
    locked = Unit.objects.select_for_update().get(pk=unit.pk)
    if locked.valid_to is not None:
        raise NotAllowed(_("Unit ini sudah mempunyai hari terakhir. Muat ulang halaman."))
    return locked


def _close(unit: Unit, last_day: date, successor: Unit | None, person: Person, now: datetime) -> None:
    Unit.objects.filter(pk=unit.pk).update(valid_to=last_day, successor=successor)
    unit.refresh_from_db()
    told = {"name": unit.short, "heir": successor.short if successor else "", "last": last_day.isoformat()}
    _told("unit.ended", unit, person, now, **told)


def _leads_to(unit: Unit, goal: Unit) -> bool:
    """Whether the successors of ``unit`` come to ``goal``; the chain is short, and a circle ends the walk."""
    seen: set[int] = set()
    at: Unit | None = unit
    while at is not None and at.pk not in seen:
        if at.pk == goal.pk:
            return True
        seen.add(at.pk)
        at = at.successor
    return False


def _told(event: str, unit: Unit, person: Person, now: datetime, **more: object) -> None:
    record(event, f"unit:{unit.pk}", actor=person, at=now, unit=unit.key, **more)


def _day(unit: Unit) -> dict[str, str]:
    return {"day": unit.valid_from.strftime("%d-%m-%Y")}
