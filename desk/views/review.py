"""Tinjauan: one post after another, with the machine's suggestion and a person's decision."""

from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from classifiers import review as reviewing
from classifiers.core.kinds import Kind
from classifiers.models import Review, Verdict
from desk.access import READERS, StaffRequest, needs
from desk.frame import page
from desk.times import today
from desk.words import kind_word
from ledger.roles import Role

#: For how long an item that somebody reads is kept from others. Only a courtesy: the decision is what counts.
_HELD = 120
#: Among how many of the oldest items one is looked for that nobody reads.
_REACH = 40


@needs(*READERS["review"])
@require_safe
def review(request: StaffRequest) -> HttpResponse:
    return page(request, "desk/review.html", {"section": "review", **_context(request)})


@needs(Role.REVIEWER)
@require_POST
def decide(request: StaffRequest, verdict_id: int) -> HttpResponse:
    """Keep the decision, and go on to the next one."""
    try:
        kind = Kind(request.POST.get("kind", ""))
    except ValueError as error:
        raise Http404 from error
    try:
        made = reviewing.review(verdict_id, kind, request.person, timezone.now())
    except reviewing.AlreadyReviewed as refusal:
        messages.info(request, _("%(sentence)s Ini yang berikutnya.") % {"sentence": refusal})
    else:
        request.session["last_review"] = made.pk
        request.session["last_kind"] = kind.value
    return _next(request)


@needs(Role.REVIEWER)
@require_POST
def skip(request: StaffRequest, verdict_id: int) -> HttpResponse:
    """Leave it for later, or for somebody else."""
    request.session["skipped"] = [*request.session.get("skipped", [])[-200:], verdict_id]
    request.session.pop("last_review", None)
    cache.delete(_place(verdict_id))
    return _next(request)


@needs(Role.REVIEWER)
@require_POST
def undo(request: StaffRequest) -> HttpResponse:
    """Take back one's last decision, and show that post again."""
    last = request.session.pop("last_review", None)
    if last and reviewing.undo(last, request.person, timezone.now()):
        request.session["again"] = Review.objects.values_list("verdict_id", flat=True).get(pk=last)
        messages.success(request, _("Keputusan terakhir ditarik kembali."))
    else:
        messages.info(request, _("Tidak ada keputusan yang masih dapat ditarik kembali."))
    return _next(request)


def _next(request: StaffRequest) -> HttpResponse:
    if request.htmx:
        return render(request, "desk/_review.html", _context(request))
    return redirect("review")


def _context(request: StaffRequest) -> dict[str, Any]:
    verdict = _pick(request)
    last = request.session.get("last_review")
    done = Review.objects.filter(reviewer=request.person, undone_at__isnull=True, at__gte=today()[0]).count()
    return {
        "verdict": verdict,
        "alike": _alike(verdict) if verdict else [],
        "left": reviewing.waiting().count(),
        "done": done,
        "decides": Role.REVIEWER in request.roles,
        "last": kind_word(request.session.get("last_kind", "")) if last else "",
    }


def _pick(request: StaffRequest) -> Verdict | None:
    """The oldest item that this person has not skipped and that nobody else reads now."""
    again = request.session.pop("again", None)
    waiting = reviewing.waiting().select_related("mention__source__account")
    if again and (taken_back := waiting.filter(pk=again).first()):
        return taken_back
    candidates = list(waiting.exclude(pk__in=request.session.get("skipped", []))[:_REACH])
    if not candidates and request.session.pop("skipped", None):
        candidates = list(waiting[:_REACH])
    if Role.REVIEWER not in request.roles:
        return candidates[0] if candidates else None
    free = next((one for one in candidates if _hold(one.pk, request.person.pk)), None)
    return free or (candidates[0] if candidates else None)


def _hold(verdict_id: int, person_id: int) -> bool:
    return cache.add(_place(verdict_id), person_id, _HELD) or cache.get(_place(verdict_id)) == person_id


def _place(verdict_id: int) -> str:
    return f"review:{verdict_id}"


def _alike(verdict: Verdict) -> list[Review]:
    """The latest decisions on the same topic, for comparison."""
    if not verdict.topic:
        return []
    rows = Review.objects.filter(undone_at__isnull=True, verdict__topic=verdict.topic)
    return list(rows.select_related("verdict__mention").order_by("-id")[:3])
