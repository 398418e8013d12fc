"""What the pages for citizens have in common: their frame, and headers that keep them out of caches."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def public_page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    status: int = 200,
    *,
    private: bool = True,
) -> HttpResponse:
    """Render a page for anybody; ``private``: it is about one matter, so nobody may keep or index it."""
    answer = render(request, template, {"here": request.get_full_path(), **(context or {})}, status=status)
    if private:
        seal(answer)
    return answer


def seal(answer: HttpResponse) -> HttpResponse:
    """Nobody keeps it, nobody indexes it, and the address (which holds a code) is told to no other site."""
    answer["Cache-Control"] = "no-store"
    answer["X-Robots-Tag"] = "noindex, nofollow"
    # Not "no-referrer": over https Django's protection of forms needs to see that a form is our own.
    answer["Referrer-Policy"] = "same-origin"
    return answer
