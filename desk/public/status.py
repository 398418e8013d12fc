"""The status page: whoever has number and code sees what becomes of their matter, and may answer."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import attachments, rights, status
from cases.models import Case, RightsRequest
from cases.refusal import NotAllowed
from desk.public.limits import address, count, spent
from desk.public.plain import public_page, seal


@require_safe
def ask(request: HttpRequest) -> HttpResponse:
    """The form, or (with both fields) the way to the page."""
    number, code = request.GET.get("nomor", "").strip(), request.GET.get("kode", "").strip()
    if not number and not code:
        return public_page(request, "public/status_ask.html", {"number": "", "refusal": ""})
    if (refused := _silence(request, number)) is not None:
        return refused
    matter = status.found(number, code)
    if matter is None:
        return _not_found(request, number)
    return seal(redirect("status", matter.number, matter.code))


@require_safe
def show(request: HttpRequest, number: str, code: str) -> HttpResponse:
    if (refused := _silence(request, number)) is not None:
        return refused
    matter = status.found(number, code)
    return _not_found(request, number) if matter is None else _shown(request, matter)


@require_POST
def contest(request: HttpRequest, number: str, code: str) -> HttpResponse:
    """The citizen says that it is not solved."""
    words = request.POST.get("kata", "")
    return _answered(request, number, code, words, lambda case: status.contest(case, words, timezone.now()))


@require_POST
def confirm(request: HttpRequest, number: str, code: str) -> HttpResponse:
    return _answered(request, number, code, "", lambda case: status.confirm(case, timezone.now()))


@require_safe
def photo(request: HttpRequest, number: str, code: str, attachment_id: int) -> HttpResponse:
    """A picture that may be public, to whoever has the code."""
    matter = None if _silence(request, number) else status.found(number, code)
    shown = status.photo(matter, attachment_id) if isinstance(matter, Case) else None
    if shown is None:
        if matter is None:
            _count(request, number)
        raise Http404
    try:
        data = attachments.open_file(shown)
    except NotAllowed as refusal:
        raise Http404 from refusal
    return seal(HttpResponse(data, headers=attachments.headers(shown)))


def _answered(request: HttpRequest, number: str, code: str, words: str, act: Any) -> HttpResponse:
    if (refused := _silence(request, number)) is not None:
        return refused
    matter = status.found(number, code)
    if matter is None:
        return _not_found(request, number)
    if not isinstance(matter, Case):
        raise Http404
    try:
        act(matter)
    except NotAllowed as refusal:
        matter.refresh_from_db()
        return _shown(request, matter, refusal=str(refusal), words=words)
    return seal(redirect("status", matter.number, matter.code))


def _shown(request: HttpRequest, matter: status.Matter, refusal: str = "", words: str = "") -> HttpResponse:
    now = timezone.now()
    context = {
        "one": status.standing(matter, now),
        "code": matter.code,
        "left": lambda limit: status.left(limit, now),
        "proof_word": rights.word(matter) if isinstance(matter, RightsRequest) else "",
        "refusal": refusal,
        "words": words,
        "most": settings.PRIVACY["status"]["contest_letters"],
        "now": now,
    }
    return public_page(request, "public/status.html", context, status=422 if refusal else 200)


def _not_found(request: HttpRequest, number: str) -> HttpResponse:
    """One answer for an unknown number and for a wrong code, so that neither tells which numbers there are."""
    _count(request, number)
    said = _("Nomor dan kode ini tidak cocok. Periksa keduanya seperti tertulis pada balasan kami.")
    return public_page(
        request, "public/status_ask.html", {"number": number[:30], "refusal": said}, status=404
    )


def _silence(request: HttpRequest, number: str) -> HttpResponse | None:
    """The refusal of an address or a number that was tried too often; None while there are tries left."""
    table, here, asked = settings.PRIVACY["status"], address(request), number.strip().upper()[:30]
    if not (
        spent("status_address", here, table["tries_address"])
        or spent("status_pair", f"{here} {asked}", table["tries_pair"])
        or spent("status_number", asked, table["tries_number"])
    ):
        return None
    said = _("Terlalu banyak percobaan. Tunggu beberapa saat, lalu coba lagi.")
    answer = public_page(
        request, "public/status_ask.html", {"number": number[:30], "refusal": said}, status=429
    )
    answer["Retry-After"] = "600"
    return answer


def _count(request: HttpRequest, number: str) -> None:
    """Only what did not fit is counted: who has the code may look as often as they like."""
    here, asked = address(request), number.strip().upper()[:30]
    count("status_address", here, 600)
    count("status_pair", f"{here} {asked}", 3600)
    count("status_number", asked, 3600)
