"""Tinjauan: one post after another, with the machine's suggestion and a person's decision."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from classifiers import review as reviewing
from classifiers.core.kinds import Kind
from classifiers.doubles import read_again, take_back
from classifiers.models import Review, SecondReading, Verdict
from classifiers.nearest import nearest
from classifiers.queue import release, take, waiting_for
from desk.access import READERS, StaffRequest, needs
from desk.frame import page
from desk.times import today
from desk.words import kind_word
from ledger.roles import Role


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
        made = _keep(verdict_id, kind, request)
    except reviewing.AlreadyReviewed as refusal:
        messages.info(request, _("%(sentence)s Ini yang berikutnya.") % {"sentence": refusal})
    else:
        request.session["last_review"] = made.pk
        request.session["last_again"] = isinstance(made, SecondReading)
        request.session["last_kind"] = kind.value
    return _next(request)


def _keep(verdict_id: int, kind: Kind, request: StaffRequest) -> Review | SecondReading:
    """The first decision, or a second one; the page does not tell which, so that it is made without the first."""
    if Verdict.objects.filter(pk=verdict_id, awaits_second=True).exists():
        return read_again(verdict_id, kind, request.person, timezone.now())
    return reviewing.review(verdict_id, kind, request.person, timezone.now())


@needs(Role.REVIEWER)
@require_POST
def skip(request: StaffRequest, verdict_id: int) -> HttpResponse:
    """Leave it for later, or for somebody else."""
    request.session["skipped"] = [*request.session.get("skipped", [])[-200:], verdict_id]
    request.session.pop("last_review", None)
    release(verdict_id, request.person)
    return _next(request)


@needs(Role.REVIEWER)
@require_POST
def undo(request: StaffRequest) -> HttpResponse:
    """Take back one's last decision, and show that post again."""
    last, again = request.session.pop("last_review", None), request.session.pop("last_again", False)
    step, table = (take_back, SecondReading) if again else (reviewing.undo, Review)
    if last and step(last, request.person, timezone.now()):
        request.session["again"] = table.objects.values_list("verdict_id", flat=True).get(pk=last)
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
    left = waiting_for(request.person).count()
    return {
        "verdict": verdict,
        "alike": nearest(verdict) if verdict else [],
        "left": left,
        "done": done,
        "decides": Role.REVIEWER in request.roles,
        "last": kind_word(request.session.get("last_kind", "")) if last else "",
    }


def _pick(request: StaffRequest) -> Verdict | None:
    """What this person takes back, else the next of the mix that they have not skipped and that nobody else reads."""
    waiting = waiting_for(request.person)
    again, found = request.session.pop("again", None), None
    if Role.REVIEWER not in request.roles:
        found = waiting.first()
    elif again and waiting.filter(pk=again).exists():
        found = waiting.get(pk=again)
    else:
        skipped = request.session.get("skipped", [])
        found = take(request.person, skipped, timezone.now())
        if found is None and request.session.pop("skipped", None):
            found = take(request.person, [], timezone.now())
    return found
