"""Lainnya: the rest of the sections, and how the desk looks and listens to keys."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from desk.access import StaffRequest, needs
from desk.frame import page, theme_of

_A_YEAR = 365 * 24 * 3600


@needs()
@require_safe
def more(request: StaffRequest) -> HttpResponse:
    return page(request, "desk/more.html", {"section": "more"})


@needs()
@require_POST
def theme(request: StaffRequest) -> HttpResponse:
    """Light, dark, or what the device prefers; kept in a cookie, so that the first paint is right."""
    answer = redirect("more")
    answer.set_cookie(
        "theme", theme_of(request.POST.get("theme", "")), max_age=_A_YEAR, httponly=True, samesite="Lax"
    )
    return answer
