"""Following a case: who wants to know what becomes of it. No step of the case, so the ledger does not tell of it."""

from datetime import datetime

from django.db.models import QuerySet

from cases.models import Case, Watch
from ledger.models import Person


def watch(case: Case, person: Person, now: datetime) -> bool:
    """Follow a case; gives whether ``person`` did not follow it yet."""
    _row, made = Watch.objects.get_or_create(case=case, person=person, defaults={"since": now})
    return made


def unwatch(case: Case, person: Person) -> bool:
    """Follow it no longer; gives whether ``person`` did."""
    return Watch.objects.filter(case=case, person=person).delete()[0] > 0


def watches(case: Case, person: Person) -> bool:
    return Watch.objects.filter(case=case, person=person).exists()


def watchers(case: Case) -> QuerySet[Person]:
    """Who follows a case and may still sign in."""
    return Person.objects.filter(watches__case=case, is_active=True).order_by("username")
