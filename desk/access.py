"""Who may open which page and take which step; asked on the server for every request."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django_htmx.middleware import HtmxDetails

from desk.views import errors
from ledger.models import Person
from ledger.roles import Role, roles_of

Arguments = ParamSpec("Arguments")


class StaffRequest(HttpRequest):
    """A request of a signed-in person who has at least one role."""

    person: Person
    roles: frozenset[Role]
    #: What was counted already while this page is made (desk/frame.py), so that nothing is asked twice.
    counted: dict[str, int]
    htmx: HtmxDetails


StaffView = Callable[Concatenate[StaffRequest, Arguments], HttpResponse]
View = Callable[Concatenate[HttpRequest, Arguments], HttpResponse]


def needs(*roles: Role) -> Callable[[StaffView[Arguments]], View[Arguments]]:
    """Let in people with any of ``roles`` (with any role at all when none is named), and nobody else."""

    def wrap(view: StaffView[Arguments]) -> View[Arguments]:
        @wraps(view)
        def guarded(
            request: HttpRequest, /, *args: Arguments.args, **kwargs: Arguments.kwargs
        ) -> HttpResponse:
            staff = cast(StaffRequest, request)
            staff.person = cast(Person, request.user)
            staff.roles = roles_of(staff.person)
            staff.counted = {}
            if not staff.roles:
                return errors.without_role(request)
            if roles and not staff.roles & set(roles):
                return errors.not_your_task(request)
            return view(staff, *args, **kwargs)

        return cast(View[Arguments], login_required(guarded))

    return wrap


#: Who may read the pages of each area; the administrator sees all.
READERS: dict[str, tuple[Role, ...]] = {
    "review": (Role.REVIEWER, Role.ADMINISTRATOR),
    "cases": (Role.OFFICER, Role.REVIEWER, Role.ADMINISTRATOR),
    "incidents": (Role.OFFICER, Role.REVIEWER, Role.ADMINISTRATOR),
    "announcements": (Role.AUTHOR, Role.APPROVER, Role.ADMINISTRATOR),
    "calendar": (Role.AUTHOR, Role.APPROVER, Role.ADMINISTRATOR),
    "mentions": (Role.REVIEWER, Role.OFFICER, Role.ADMINISTRATOR),
}
