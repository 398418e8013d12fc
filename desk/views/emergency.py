"""Darurat: from a template to every channel, who has to approve, and the proof of where it stands."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from desk.access import READERS, StaffRequest, needs
from desk.frame import page
from ledger.roles import Role
from publisher import approval, emergency
from publisher.kinds import kinds
from publisher.models import Announcement, AnnouncementState
from publisher.pause import in_force

#: An emergency that nobody has taken up yet.
_WAITS = (AnnouncementState.SUBMITTED,)


@needs(*READERS["announcements"])
@require_safe
def emergencies(request: StaffRequest) -> HttpResponse:
    now = timezone.now()
    recent = emergency.recent()
    waiting = [one for one in recent if one.state in _WAITS]
    context = {
        "section": "more",
        "now": now,
        "kinds": [kind for kind in kinds().values() if kind.urgent] if Role.AUTHOR in request.roles else [],
        "waiting": [(one, approval.standing(one, now)) for one in waiting],
        "recent": [one for one in recent if one.state not in _WAITS],
        "on_duty": emergency.on_duty(now),
        "turns": [turn for turn in emergency.turns(now)[:20] if turn.starts_at > now],
        "enough": len(approval.able_on_duty(now)) >= emergency.NEEDED,
        "pauses": [one for one in in_force(now) if "emergency" in one.content_classes],
    }
    return page(request, "desk/emergencies.html", context)


@needs(*READERS["announcements"])
@require_safe
def board(request: StaffRequest, announcement_id: int) -> HttpResponse:
    """The proof, channel by channel; while it still changes, the page asks for the board alone."""
    row = get_object_or_404(Announcement.objects.select_related("approved_by"), pk=announcement_id)
    context = {"announcement": row, "proof": emergency.board(row, timezone.now())}
    if request.htmx:
        return render(request, "desk/_emergency_board.html", context)
    given = list(row.approvals.filter(version=row.version).select_related("person").order_by("at"))
    return page(request, "desk/emergency_board.html", {**context, "section": "more", "approvals": given})
