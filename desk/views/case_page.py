"""The page of one case, as every view of a case shows it: after a look, and after a step that was refused."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone

from cases import act, clocks, emergencies, information, scope, status, watch
from cases import merge as merges
from cases.handoff import lapor
from cases.models import ENDED, FOLLOWS, WITH_REASON, AttachmentRole, Case, State
from cases.originals import has_original, looks
from cases.refusal import NotAllowed
from desk.access import StaffRequest
from desk.case_story import contest_of, folded, story
from desk.clock_words import rings
from desk.frame import page
from desk.views.handoffs import of_case
from desk.views.replies import thread_of
from desk.views.routing import panel
from ledger.chain import timeline
from ledger.roles import Role

#: What a person may attach; "dari warga" is what came with the report.
ROLES = (AttachmentRole.PROGRESS, AttachmentRole.PROOF, AttachmentRole.DOCUMENT, AttachmentRole.REPORT)


def case_of(request: StaffRequest, number: str) -> Case:
    """The case of this number, if this person may see it; else 404, as if it were not there."""
    rows = scope.visible(request.person).select_related(
        "mention__verdict", "mention__source__account", "confirmed_by", "incident", "unit", "assignee"
    )
    return get_object_or_404(rows.select_related("into", "acknowledged_by"), number=number)


def step(request: StaffRequest, number: str, form: str, act: Callable[[Case], str]) -> HttpResponse:
    """Take one step with a case. ``act`` gives what was done, or raises NotAllowed: that stands at ``form``."""
    case = case_of(request, number)
    try:
        scope.check(case, request.person)
        said = act(case)
    except NotAllowed as refusal:
        return shown(request, case_of(request, number), form, str(refusal))
    messages.success(request, said)
    return after(request, case, form)


def after(request: StaffRequest, case: Case, form: str = "") -> HttpResponse:
    """To the form that was sent; to the list where the step took the case out of this person's sight."""
    if not scope.may_see(case, request.person):
        return redirect("cases")
    return redirect(reverse("case", args=[case.number]) + (f"#{form}" if form else ""))


def shown(
    request: StaffRequest, case: Case, form: str = "", refusal: str = "", original: str = ""
) -> HttpResponse:
    """The page. form, refusal: which form was refused and why; what was typed in it stays.

    original: the words before masking, for this answer alone.
    """
    events = timeline(case.subject)
    context = {
        "section": "cases",
        "case": case,
        "acts": scope.may_act(case, request.person),
        "form": form,
        "refusal": refusal,
        "typed": request.POST if refusal else QueryDict(),
        "has_original": has_original(case),
        "looks": looks(events),
        "original": original,
        **_said(request, case, timeline(f"mention:{case.mention_id}") + events),
        **_facts(request, case),
        **_around(request, case),
    }
    return page(request, "desk/case.html", context, status=422 if refusal else 200)


def _said(request: StaffRequest, case: Case, events: list[Any]) -> dict[str, Any]:
    """The conversation, the steps between, and the composer."""
    thread = thread_of(request, case)
    voices = list(case.voices.order_by("at", "pk"))
    earlier, latest = folded(story(events, thread["reply_rows"], thread["reply_answers"], voices))
    return {
        **thread,
        "earlier": earlier,
        "latest": latest,
        "contest": contest_of(case, voices),
        "insists": act.insists(case),
    }


def _facts(request: StaffRequest, case: Case) -> dict[str, Any]:
    """What stands at the right: next steps, limits, unit, who answers for it and who follows it."""
    ended = case.state in ENDED
    return {
        "steps": [] if ended else [State(one) for one in FOLLOWS[case.state] if _offered(case, one)],
        "with_reason": WITH_REASON,
        "reopens": case.state in act.REOPENS and case.into_id is None,
        "rings": rings(clocks.standing(case), timezone.now()),
        "unseen": emergencies.waits(case),
        "panel": panel(request, case),
        "able": scope.able(case) if not ended else [],
        "watchers": list(watch.watchers(case)),
        "watched": watch.watches(case, request.person),
        "holds": Role.ADMINISTRATOR in request.roles,
    }


def _around(request: StaffRequest, case: Case) -> dict[str, Any]:
    """Hand-offs, files, duplicates, and the ways out: LAPOR, PPID, the citizen's page."""
    at = reverse("case", args=[case.number])
    code = reverse("status", args=[case.number, case.code]) if case.code else ""
    return {
        "handoffs": of_case(case),
        "here": at,
        "files": list(case.attachments.select_related("by", "unit").order_by("pk")),
        "roles": ROLES,
        "merges": merges.standing(case),
        "twins": list(scope.visible(request.person).filter(into=case).order_by("pk")[:50]),
        "likely": merges.likely(case, scope.visible(request.person)),
        "lapor": lapor.of_case(case),
        "requests": list(case.information_requests.order_by("pk")),
        "invitation": information.invitation(case) if case.gate == "information" else "",
        "public_link": status.link(case) or (request.build_absolute_uri(code) if code else ""),
    }


def _offered(case: Case, state: str) -> bool:
    """Whether a step stands among the next ones: going to a unit and being merged have forms of their own."""
    return state != State.DUPLICATE and (state != State.ASSIGNED or case.unit_id is not None)
