"""Who may do what. Roles are Django groups, so that the administrator gives them where accounts are kept."""

from enum import StrEnum

from django.contrib.auth.models import AnonymousUser, Group

from ledger.models import Person


class Role(StrEnum):
    AUTHOR = "author"  #: writes announcements
    APPROVER = "approver"  #: approves what others wrote
    REVIEWER = "reviewer"  #: confirms or corrects what the classifier suggests
    OFFICER = "officer"  #: answers cases for a perangkat daerah
    PPID = "ppid"  #: registers and answers requests of information and about personal data
    ADMINISTRATOR = "administrator"  #: channels, people, settings


def ensure_roles() -> None:
    """Make the groups that do not exist yet; safe to call again."""
    for role in Role:
        Group.objects.get_or_create(name=role.value)


def give(person: Person, *roles: Role) -> None:
    """Add ``person`` to the groups of ``roles``."""
    ensure_roles()
    person.groups.add(*Group.objects.filter(name__in=[role.value for role in roles]))


def roles_of(person: Person | AnonymousUser) -> frozenset[Role]:
    """The roles of ``person``; a superuser has all of them, someone not signed in none."""
    if not isinstance(person, Person) or not person.is_active:
        return frozenset()
    if person.is_superuser:
        return frozenset(Role)
    known = {role.value for role in Role}
    return frozenset(Role(name) for name in person.groups.values_list("name", flat=True) if name in known)
