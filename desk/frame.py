"""What surrounds every page: the sections one may open, what waits in them, and what cannot wait."""

from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.filters import waiting as waiting_cases
from classifiers.review import waiting as waiting_reviews
from desk.access import READERS, StaffRequest
from desk.strip import Strip, strips
from ledger.models import Person
from ledger.roles import Role
from publisher.approval import waiting_for
from publisher.held import open_questions
from publisher.models import Delivery, DeliveryState

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Section:
    """One entry of the rail."""

    name: str  #: of the address, and of the glyph
    word: str
    waiting: int = 0  #: what waits for this person there


@dataclass(frozen=True, slots=True)
class Frame:
    """All that the frame of a page shows."""

    person: Person
    roles: frozenset[Role]
    sections: list[Section]
    strips: list[Strip]  #: what cannot wait; [] on a good day
    theme: str  #: "light", "dark", or "" for what the device prefers

    @property
    def writes(self) -> bool:
        return Role.AUTHOR in self.roles

    def reads(self, area: str) -> bool:
        return bool(self.roles & set(READERS[area]))

    @property
    def answers_information(self) -> bool:
        """Whether this person works on requests for public information."""
        return Role.PPID in self.roles

    @property
    def handles_data(self) -> bool:
        """Whether this person works on requests about personal data."""
        return bool(self.roles & {Role.PPID, Role.ADMINISTRATOR})

    @property
    def administers(self) -> bool:
        return Role.ADMINISTRATOR in self.roles


def page(
    request: StaffRequest, template: str, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """Render a whole page inside the frame."""
    return render(request, template, {"frame": frame_of(request), **(context or {})}, status=status)


def frame_of(request: StaffRequest) -> Frame:
    return Frame(
        person=request.person,
        roles=request.roles,
        sections=_sections(request),
        strips=strips(
            timezone.now(),
            request.person,
            request.roles,
            reads_coverage=bool(request.roles & set(READERS["mentions"])),
            reads_announcements=bool(request.roles & set(READERS["announcements"])),
        ),
        theme=theme_of(request.COOKIES.get("theme", "")),
    )


def theme_of(word: str) -> str:
    return word if word in ("light", "dark") else ""


def approvals_for(person: Person) -> Any:
    """Announcements that wait for a yes or no of ``person``, who did not write them."""
    return waiting_for(person)


def held_questions(request: StaffRequest) -> int:
    """How many deliveries a pause held that is over."""
    return counted(request, "held", open_questions(timezone.now()))


def stuck_deliveries() -> QuerySet[Delivery]:
    """Deliveries of announcements that wait for a person; those of replies stand at their cases."""
    return Delivery.objects.filter(state=DeliveryState.NEEDS_PERSON, announcement__answers="")


def counted(request: StaffRequest, name: str, rows: QuerySet[Any]) -> int:
    """How many rows there are, asked once a page: what Beranda has listed whole is not counted again."""
    if name not in request.counted:
        request.counted[name] = rows.count()
    return request.counted[name]


def listed(request: StaffRequest, name: str, rows: QuerySet[Row]) -> list[Row]:
    """The rows, few as they are, and their number kept for ``counted``."""
    found = list(rows)
    request.counted[name] = len(found)
    return found


def _sections(request: StaffRequest) -> list[Section]:
    counts = _counts(request)
    words = {
        "today": _("Beranda"),
        "review": _("Tinjauan"),
        "cases": _("Kasus"),
        "incidents": _("Kejadian"),
        "announcements": _("Pengumuman"),
        "calendar": _("Kalender"),
        "mentions": _("Sebutan"),
        "channels": _("Saluran"),
    }
    return [
        Section(name, word, counts.get(name, 0))
        for name, word in words.items()
        if name not in READERS or request.roles & set(READERS[name])
    ]


def _counts(request: StaffRequest) -> dict[str, int]:
    counts = {}
    if Role.REVIEWER in request.roles:
        counts["review"] = waiting_reviews().count()
    if Role.OFFICER in request.roles:
        counts["cases"] = waiting_cases(request.person)
    announcements = 0
    if Role.APPROVER in request.roles:
        announcements += counted(request, "approvals", approvals_for(request.person))
    if request.roles & {Role.AUTHOR, Role.APPROVER}:
        announcements += counted(request, "stuck", stuck_deliveries())
        announcements += held_questions(request)
    counts["announcements"] = announcements
    return counts
