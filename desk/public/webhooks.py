"""What Meta tells us by itself: the handshake, and signed notifications that are stored and answered at once."""

import logging

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from monitor.inbox import Forged, handshake, receive

log = logging.getLogger(__name__)
#: Bytes of one delivery. Meta sends up to 1,000 changes in one.
_LIMIT = 1024 * 1024


@csrf_exempt  # Meta has no cookie of ours; the signature over the body says who it is
@require_http_methods(["GET", "POST"])
def webhook_meta(request: HttpRequest) -> HttpResponse:
    """200 once the notifications are stored; 403 for anybody but Meta; what follows is the engine's work."""
    try:
        return _subscribe(request) if request.method == "GET" else _store(request)
    except DatabaseError:
        log.exception("webhook: the database does not answer; Meta tells it again")
        return HttpResponse(status=503)


def _subscribe(request: HttpRequest) -> HttpResponse:
    said = request.GET
    challenge = handshake(
        said.get("hub.mode", ""), said.get("hub.verify_token", ""), said.get("hub.challenge", "")
    )
    if challenge is None:
        return HttpResponse(status=403)
    return HttpResponse(challenge, content_type="text/plain; charset=utf-8")


def _store(request: HttpRequest) -> HttpResponse:
    try:
        raw = request.read(_LIMIT + 1)
    except OSError:  # the sender went away
        return HttpResponse(status=400)
    if len(raw) > _LIMIT:
        return HttpResponse(status=413)
    try:
        receive(raw, request.headers.get("X-Hub-Signature-256", ""), timezone.now())
    except Forged:
        return HttpResponse(status=403)
    return HttpResponse(status=200)
