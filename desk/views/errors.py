"""Pages that say why something cannot be shown, and what to do instead."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def without_role(request: HttpRequest) -> HttpResponse:
    """For someone who signed in but has no task yet."""
    return render(request, "desk/error_no_role.html", status=403)


def not_your_task(request: HttpRequest) -> HttpResponse:
    """For someone whose tasks do not include this page."""
    return render(request, "desk/error_403.html", status=403)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler403."""
    return render(request, "desk/error_403.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler404."""
    return render(request, "desk/error_404.html", status=404)


def broken(request: HttpRequest) -> HttpResponse:
    """Django's handler500; its page asks nothing of the database or the session."""
    return render(None, "desk/error_500.html", status=500)


def form_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW: the page stood open across a sign-in, or cookies are off."""
    return render(request, "desk/error_form.html", status=403)
