"""Headers that every page carries."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

#: Nothing inline, nothing from elsewhere; pictures of posts may come from any https address.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
)
#: Django's admin styles some widgets inline.
_ADMIN = _POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")


class ContentSecurityPolicy:
    """Adds the policy to every answer that does not bring a stricter or narrower one of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        policy = _ADMIN if request.path.startswith("/admin/") else _POLICY
        response.headers.setdefault("Content-Security-Policy", policy)
        return response


class NoNul:
    """Refuses forms with the character NUL, which PostgreSQL cannot store and no keyboard writes.

    Uploaded files are not looked at, nor the bodies of webhooks: those are JSON.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        form = request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data")
        sent = request.POST.lists() if request.method == "POST" and form else ()
        if any("\x00" in text for name, values in sent for text in (name, *values)):
            said = _("Ada huruf yang tidak dapat disimpan (NUL) dalam isian. Hapus, lalu kirim lagi.")
            return HttpResponse(said, status=400, content_type="text/plain; charset=utf-8")
        return self.get_response(request)
