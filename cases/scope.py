"""Whose cases a person sees and works on: those of their units; without any, all (the coordinating desk)."""

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from cases.models import Case
from cases.refusal import NotAllowed
from city.models import Unit
from ledger.models import Person
from ledger.roles import Role, roles_of

#: Whoever has one of these sees every case, also where their units would give them fewer.
_SEES_ALL = frozenset({Role.REVIEWER, Role.ADMINISTRATOR})


def visible(person: Person) -> QuerySet[Case]:
    """The cases that ``person`` may see; none for somebody without a role that reads cases."""
    roles = roles_of(person)
    if roles & _SEES_ALL:
        return Case.objects.all()
    if Role.OFFICER not in roles:
        return Case.objects.none()
    mine = units_of(person)
    return Case.objects.filter(unit__in=mine) if mine else Case.objects.all()


def seen_by(person: Person, roles: frozenset[Role]) -> QuerySet[Case]:
    """The same without asking the database beforehand, for few rows on every page; ``roles``: of ``person``."""
    if roles & _SEES_ALL:
        return Case.objects.all()
    if Role.OFFICER not in roles:
        return Case.objects.none()
    mine = Person.units.through.objects.filter(person=person)
    theirs = Unit.objects.filter(key__in=mine.values("unit__key"))
    return Case.objects.filter(~Exists(mine) | Q(unit__in=theirs))


def may_see(case: Case, person: Person) -> bool:
    return visible(person).filter(pk=case.pk).exists()


def may_act(case: Case, person: Person) -> bool:
    """Whether ``person`` is an officer (on duty here) of the case's unit, or of the coordinating desk."""
    return Role.OFFICER in roles_of(person) and _within(case, person)


def check(case: Case, person: Person | None) -> None:
    """Raise NotAllowed where the case is another unit's. None is the machine, a citizen or a receiver's link."""
    if person is not None and not _within(case, person):
        raise NotAllowed(
            _(
                "Kasus %(number)s tidak ditangani unit Anda. Minta meja koordinasi memindahkannya lebih dahulu."
            )
            % {"number": case.number}
        )


def able(case: Case) -> list[Person]:
    """The active officers who may work on a case, by name: of its unit, and of the coordinating desk."""
    role = Q(groups__name=Role.OFFICER.value) | Q(is_superuser=True)
    keys = [case.unit.key] if case.unit else []
    free = ~Exists(Person.units.through.objects.filter(person=OuterRef("pk")))
    theirs = Person.objects.filter(units__key__in=keys).order_by().values("pk")
    rows = Person.objects.filter(role, free | Q(pk__in=theirs), is_active=True).distinct()
    return sorted(rows, key=lambda one: (str(one).casefold(), one.pk))


def units_of(person: Person) -> list[int]:
    """Ids of the units of ``person`` with their earlier and later rows: a new name is still the same unit."""
    keys = list(person.units.values_list("key", flat=True))
    return list(Unit.objects.filter(key__in=keys).values_list("pk", flat=True)) if keys else []


def _within(case: Case, person: Person) -> bool:
    mine = units_of(person)
    return not mine or case.unit_id in mine
