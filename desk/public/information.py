"""The private form for a request of public information, and its receipt (UU 14/2008)."""

from dataclasses import fields

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cases.information import FORMS, IDENTITIES, Asked, problems, register
from cases.information_register import write_to
from cases.refusal import NotAllowed
from desk.public.limits import address, count, spent
from desk.public.plain import public_page

_HOUR = 3600
#: A field that people do not see; whoever fills it in is a machine.
_TRAP = "situs"


@require_http_methods(["GET", "HEAD", "POST"])
def form(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        invited = Asked(
            case_number=request.GET.get("kasus", "")[:30], case_code=request.GET.get("kode", "")[:16]
        )
        return _form(request, invited, {})
    asked = _typed(request)
    if spent("ppid", address(request), settings.DESKS["ppid"]["an_hour"]):
        said = _("Terlalu banyak permohonan dari sambungan ini. Coba lagi satu jam lagi.")
        return _form(request, asked, {"": said}, status=429)
    if request.POST.get(_TRAP, "").strip():
        # A machine is told that all went well, and nothing is kept.
        return public_page(request, "public/information_done.html", {"one": None, "mailed": False})
    if found := problems(asked):
        return _form(request, asked, found, status=422)
    count("ppid", address(request), _HOUR)
    return _registered(request, asked)


def _registered(request: HttpRequest, asked: Asked) -> HttpResponse:
    now = timezone.now()
    try:
        made = register(asked, now)
    except NotAllowed as refusal:
        return _form(request, asked, {"": str(refusal)}, status=422)
    mailed = write_to(made, now)
    return public_page(request, "public/information_done.html", {"one": made, "mailed": mailed})


def _typed(request: HttpRequest) -> Asked:
    given = {one.name: request.POST.get(one.name, "") for one in fields(Asked) if one.name != "agreed"}
    return Asked(**given, agreed=request.POST.get("agreed") == "ya")


def _form(request: HttpRequest, asked: Asked, found: dict[str, str], status: int = 200) -> HttpResponse:
    context = {
        "asked": asked,
        "problems": found,
        "forms": FORMS,
        "identities": IDENTITIES,
        "trap": _TRAP,
    }
    return public_page(request, "public/information.html", context, status=status)
