"""What units and their systems tell us without signing in: links from a mail, and signed webhooks."""

import logging

from django.core.files.uploadedfile import UploadedFile
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from cases.handoff import action_links, webhook
from cases.handoff.matter import matter_of
from cases.models import ActionLink, Receiver
from cases.refusal import NotAllowed

log = logging.getLogger(__name__)
#: Bytes of a photo as it is uploaded, and of a webhook's body.
_PHOTO, _BODY = 15 * 1024 * 1024, 64 * 1024


@require_http_methods(["GET", "HEAD", "POST"])
def action(request: HttpRequest, token: str) -> HttpResponse:
    """Show what the link is for; only the button on that page does it."""
    link = action_links.found(token)
    if link is None:
        said = _(
            "Tautan ini tidak dikenal. Salin seluruh tautan dari surel, atau buka kasusnya di meja kota."
        )
        return _page(request, None, said, 404)
    now = timezone.now()
    try:
        action_links.standing(link, now)
        if request.method == "POST":
            action_links.act(link, request.POST.get("note", ""), _photo(request), now)
            return _page(request, link, done=True)
    except action_links.Gone as gone:
        return _page(request, link, str(gone), 410)
    except NotAllowed as refusal:
        return _page(request, link, refusal=str(refusal), status=422, note=request.POST.get("note", ""))
    return _page(request, link)


@csrf_exempt  # a system has no cookie of ours; the signature over the body says who it is
@require_POST
def receiver_webhook(request: HttpRequest, key: str) -> HttpResponse:
    """200 with what we know now; 400, 403, 404, 409 or 413 with a sentence; a repeat is 200 as well."""
    try:
        raw = request.read(_BODY + 1)
    except OSError:  # the sender went away
        return JsonResponse({"error": _("Isinya tidak terbaca sampai selesai.")}, status=400)
    if len(raw) > _BODY:
        return JsonResponse({"error": _("Isinya lebih dari 64 KB.")}, status=413)
    receiver = Receiver.objects.filter(key=key, enabled=True).select_related("unit").first()
    try:
        if receiver is None:
            raise webhook.NotTaken(403, _("Tanda tangan tidak sah, atau waktunya di luar lima menit."))
        told = webhook.receive(receiver, raw, request.headers, timezone.now())
    except webhook.NotTaken as refusal:
        return JsonResponse({"error": str(refusal)}, status=refusal.status)
    except DatabaseError:
        log.exception("webhook of %s: the database does not answer; it may be told again", key)
        return JsonResponse({"error": _("Coba lagi sebentar.")}, status=503)
    return JsonResponse({"new": told.new, "state": told.state})


def _photo(request: HttpRequest) -> action_links.Photo | None:
    """The uploaded photo; None without one. Raises NotAllowed for one that is too large to be looked at."""
    sent = request.FILES.get("photo")
    if not isinstance(sent, UploadedFile) or not sent.size:
        return None
    if sent.size > _PHOTO:
        raise NotAllowed(_("Foto paling besar 15 MB. Kecilkan, lalu kirim lagi."))
    return action_links.Photo((sent.name or "foto")[:200], sent.read())


def _page(
    request: HttpRequest,
    link: ActionLink | None,
    gone: str = "",
    status: int = 200,
    *,
    refusal: str = "",
    note: str = "",
    done: bool = False,
) -> HttpResponse:
    # A link that works no more shows nothing of the case.
    shown = link if link is not None and not gone else None
    context = {
        "link": shown,
        "matter": matter_of(shown.handoff.case) if shown else None,
        "unit": shown.handoff.receiver if shown else None,
        "gone": gone,
        "refusal": refusal,
        "note": note,
        "done": done,
    }
    answer = render(request, "public/action.html", context, status=status)
    answer["Cache-Control"] = "no-store"
    # Not "no-referrer": browsers then send "Origin: null" with the form, which the protection of forms refuses.
    answer["Referrer-Policy"] = "same-origin"
    answer["X-Robots-Tag"] = "noindex"
    return answer
