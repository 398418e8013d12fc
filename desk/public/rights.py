"""The form for requests about one's own data, and the page on which a certificate's hash is checked."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cases import rights
from cases.certificate import SORTS, kept
from cases.models import Right
from cases.refusal import NotAllowed
from channels.models import Kind
from desk.public.limits import address, count, spent
from desk.public.plain import public_page, seal

_FIELDS = ("right", "channel", "handle", "case_number", "name", "contact", "words")
#: The names of the fields on the page, as they are typed and kept after a refusal.
NAMES = {
    "right": "hak",
    "channel": "saluran",
    "handle": "akun",
    "case_number": "nomor",
    "name": "nama",
    "contact": "kontak",
    "words": "keterangan",
}


@require_http_methods(["GET", "HEAD", "POST"])
def form(request: HttpRequest) -> HttpResponse:
    """Ask; on success the way leads to the request's own status page, which tells the proof word."""
    if request.method != "POST":
        return _page(request, {}, "")
    typed = {name: request.POST.get(NAMES[name], "") for name in _FIELDS}
    here, most = address(request), settings.PRIVACY["rights"]["forms_address"]
    if spent("rights_form", here, most):
        said = _(
            "Hari ini sudah banyak permintaan dari jaringan Anda. Coba lagi besok, atau datang ke kantor kami."
        )
        return _page(request, typed, said, 429)
    if request.POST.get("situs"):  # a field that no person sees
        return _page(request, typed, _("Kosongkan isian yang tersembunyi, lalu kirim lagi."), 422)
    try:
        made = rights.register(typed, timezone.now())
    except NotAllowed as refusal:
        return _page(request, typed, str(refusal), 422)
    count("rights_form", here, 24 * 3600)
    return seal(redirect("status", made.number, made.code))


@require_safe
def check(request: HttpRequest) -> HttpResponse:
    """Whether a certificate of erasure with this hash was issued, and what it says: counts, no person."""
    digest = request.GET.get("sidik", "").strip()[:80]
    found = rights.certified(digest) if digest else None
    context = {
        "digest": digest,
        "found": found,
        "sorts": SORTS,
        "kept": kept(found.outcome) if found else [],
    }
    return public_page(request, "public/certificate.html", context)


def _page(request: HttpRequest, typed: dict[str, str], refusal: str, status: int = 200) -> HttpResponse:
    context = {
        "typed": {name: typed.get(name, "") for name in _FIELDS},
        "rights": Right.choices,
        "channels": [(one.value, one.label) for one in Kind if one not in (Kind.FEED, Kind.INTAKE)],
        "refusal": refusal,
    }
    return public_page(request, "public/rights.html", context, status=status)
