"""Filters of the case list that somebody keeps under a name, for themselves or for everybody."""

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from cases.filters import Filter
from cases.models import SavedFilter
from cases.refusal import NotAllowed
from ledger.models import Person

#: Filters of one person, and letters of a name.
MOST, _LONGEST = 50, 60


@transaction.atomic
def save(person: Person, name: str, filter_: Filter, *, shared: bool = False) -> SavedFilter:
    """Keep a filter under a new name. Raises NotAllowed with a sentence."""
    plain = " ".join(name.replace("\x00", "").split())
    if not plain:
        raise NotAllowed(_("Beri nama saringan ini."))
    if len(plain) > _LONGEST:
        raise NotAllowed(_("Nama saringan paling panjang %(count)d huruf.") % {"count": _LONGEST})
    Person.objects.select_for_update().get(pk=person.pk)  # two at once count one after the other
    own = SavedFilter.objects.filter(person=person)
    if own.count() >= MOST:
        raise NotAllowed(_("Paling banyak %(count)d saringan; hapus yang tidak dipakai.") % {"count": MOST})
    try:
        with transaction.atomic():
            return SavedFilter.objects.create(
                person=person, name=plain, query=filter_.query()[:1000], shared=shared
            )
    except IntegrityError as error:
        raise NotAllowed(_("Anda sudah punya saringan bernama “%(name)s”.") % {"name": plain}) from error


def listed(person: Person) -> list[SavedFilter]:
    """One's own, then those that others share, by name."""
    rows = SavedFilter.objects.filter(Q(person=person) | Q(shared=True)).select_related("person")
    return sorted(rows, key=lambda one: (one.person_id != person.pk, one.name.casefold(), one.pk))


def remove(filter_id: int, person: Person) -> bool:
    """Forget one of one's own; gives whether there was one."""
    return SavedFilter.objects.filter(pk=filter_id, person=person).delete()[0] > 0
