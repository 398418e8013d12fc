"""Whether the database answers and the engine lives, for a watchdog."""

from datetime import timedelta

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from ledger.life import last_beat

#: The clock says every ten seconds that it lives (engine.clock).
_SILENT_AFTER = timedelta(seconds=60)


def health(request: HttpRequest) -> JsonResponse:
    """200 when all is well, 503 with the part that is not."""
    parts = {"database": "ok", "engine": "ok"}
    try:
        beats = [beat for name in ("engine", "clock") if (beat := last_beat(name))]
        if not beats or max(beats) < timezone.now() - _SILENT_AFTER:
            parts["engine"] = "silent"
    except DatabaseError:
        parts["database"] = "unreachable"
        parts["engine"] = "unknown"
    return JsonResponse(parts, status=200 if set(parts.values()) == {"ok"} else 503)
