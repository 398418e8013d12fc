"""What every step of an announcement's way asks first: who, in which state, and about which version."""

from django.utils.translation import gettext as _

from ledger.models import Person
from ledger.roles import Role, roles_of
from publisher.models import Announcement


class Refused(Exception):
    """Langkah ini tidak dapat dilakukan. `by_field` says what to mend where: field name or account key."""

    def __init__(self, message: str, by_field: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.by_field = by_field or {}


def locked(announcement: Announcement) -> Announcement:
    return Announcement.objects.select_for_update().get(pk=announcement.pk)


def same_version(row: Announcement, version: int) -> None:
    """A decision is about the wording that was on the screen, not about a newer one."""
    if row.version != version:
        raise Refused(_("Isinya diubah setelah Anda membukanya; baca lagi sebelum memutuskan."))


def drop_approval(row: Announcement) -> None:
    row.approved_by, row.approved_at, row.approved_hash, row.approved_office = None, None, "", ""


def need(person: Person, role: Role) -> None:
    if role not in roles_of(person):
        raise Refused(_("Anda tidak mempunyai tugas untuk langkah ini."))
