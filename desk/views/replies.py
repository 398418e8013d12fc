"""Balasan: what was said to a citizen, the composer, and one reply as a letter for the one who decides on it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import replies, scope
from cases.models import Case, Purpose, Reply
from cases.refusal import NotAllowed
from cases.reply_rules import WITH_TEXT, objection, words_for
from cases.thread import answers
from desk.access import READERS, StaffRequest, needs
from desk.frame import page
from ledger.chain import timeline
from ledger.models import Event
from ledger.roles import Role
from publisher import replies as way_out
from publisher.models import Act, Announcement, AnnouncementState, DeliveryState

#: What an officer may choose to say; a receipt and an update to all are said by themselves.
CHOICES: tuple[Purpose, ...] = (
    *(Purpose.PROGRESS, Purpose.DONE, Purpose.FREE, Purpose.ASK_PLACE),
    *(Purpose.REDIRECT, Purpose.INFORMATION, Purpose.CONTEST),
)
_STANDS = (AnnouncementState.PUBLISHED, AnnouncementState.PARTLY_PUBLISHED)
_READ = (*READERS["cases"], Role.APPROVER)


@needs(*READERS["cases"])
@require_safe
def thread(request: StaffRequest, number: str) -> HttpResponse:
    return _thread(request, _case(request, number))


@needs(Role.OFFICER)
@require_POST
def write(request: StaffRequest, number: str) -> HttpResponse:
    """Send, ask for approval, keep as a draft, or show the preview (without JavaScript); what was typed stays."""
    case, sent = _case(request, number), request.POST
    purpose, send = _purpose(sent.get("tujuan", "")), sent.get("tindakan", "") != "simpan"
    if sent.get("tindakan") == "pratinjau":
        return _thread(request, case, sent)
    try:
        made = replies.say(
            case,
            purpose,
            request.person,
            timezone.now(),
            text=sent.get("teks", ""),
            language=sent.get("bahasa", ""),
            send=send,
        )
    except NotAllowed as refusal:
        return _thread(request, case, sent, str(refusal))
    messages.success(request, _said(made, send=send))
    return redirect(f"{reverse('case', args=[number])}#balasan-{made.pk}")


@needs(Role.OFFICER)
@require_POST
def preview(request: StaffRequest, number: str) -> HttpResponse:
    """What stands in the composer now, by the same call that sends it."""
    case = _case(request, number)
    return render(request, "desk/_reply_preview.html", _previewed(case, request.POST))


@needs(*_READ)
@require_safe
def reply(request: StaffRequest, reply_id: int) -> HttpResponse:
    return _letter(request, _reply(request, reply_id))


@needs(Role.OFFICER, Role.APPROVER)
@require_POST
def step(request: StaffRequest, reply_id: int, step: str) -> HttpResponse:
    """One decision about one reply; a refusal is shown at its form."""
    found = _reply(request, reply_id)
    if step not in _STEPS:
        raise Http404
    try:
        said = _STEPS[step](request, found)
    except NotAllowed as refusal:
        found = _reply(request, reply_id)
        return _letter(request, found, step, str(refusal))
    messages.success(request, said)
    return redirect("reply", reply_id)


def thread_of(request: StaffRequest, case: Case, sent: Any = None, refusal: str = "") -> dict[str, Any]:
    """What templates/desk/_replies.html shows of a case; any page of the case may include it."""
    acts = scope.may_act(case, request.person)
    why_not = objection(case)
    typed = sent or {}
    chosen = _purpose(typed.get("tujuan", "")) if typed else _usual(case)
    draft = replies.draft_of(case, chosen)
    return {
        "reply_rows": [_row(one) for one in replies.open_replies(case)],
        "reply_answers": answers(case),
        "reply_acts": acts,
        "reply_why_not": why_not,
        "reply_choices": CHOICES,
        "reply_with_text": [one.value for one in WITH_TEXT],
        "reply_chosen": chosen,
        "reply_typed": typed.get("teks", ""),
        "reply_language": typed.get("bahasa", "id"),
        "reply_draft": draft,
        "reply_refusal": refusal,
        **(_previewed(case, typed or {"tujuan": chosen.value}) if acts and not why_not else {}),
    }


def _thread(request: StaffRequest, case: Case, sent: Any = None, refusal: str = "") -> HttpResponse:
    context = {"section": "cases", "case": case, **thread_of(request, case, sent, refusal)}
    return page(request, "desk/case_replies.html", context, status=422 if refusal else 200)


def _previewed(case: Case, sent: Any) -> dict[str, Any]:
    purpose = _purpose(sent.get("tujuan", ""))
    ready = replies.compose(case, purpose, sent.get("teks", ""), language=sent.get("bahasa", ""))
    return {"ready": ready, "case": case, "account": case.mention.source.account}


def _usual(case: Case) -> Purpose:
    """What the present step of the case calls for."""
    by_state = {"in_progress": Purpose.PROGRESS, "answered": Purpose.DONE, "closed": Purpose.CONTEST}
    by_state["not_ours"] = Purpose.REDIRECT
    return by_state.get(case.state, Purpose.FREE)


def _row(one: Reply) -> dict[str, Any]:
    return {
        "reply": one,
        "text": way_out.text_of(one.announcement),
        "delivery": way_out.delivery_of(one.announcement),
    }


def _letter(request: StaffRequest, found: Reply, refused: str = "", refusal: str = "") -> HttpResponse:
    row, typed = found.announcement, request.POST
    delivery = way_out.delivery_of(row)
    own = row.writers.filter(pk=request.person.pk).exists()
    officer = scope.may_act(found.case, request.person)
    submitted = row.state == AnnouncementState.SUBMITTED
    context = {
        "section": "cases",
        "reply": found,
        "row": row,
        "case": found.case,
        "text": way_out.text_of(row),
        "account": row.targets.get(),
        "delivery": delivery,
        "why": _why(found),
        "approves": submitted and Role.APPROVER in request.roles and not own and found.message is None,
        "own": submitted and own,
        "drops": officer and not _out(row, delivery),
        "corrects": officer and row.state in _STANDS and bool(row.live_version),
        "withdraws": Role.APPROVER in request.roles and row.state in _STANDS and bool(row.live_version),
        "decides": officer or Role.APPROVER in request.roles,
        "reads_case": scope.may_see(found.case, request.person),
        "events": timeline(row.subject) + (timeline(delivery.subject) if delivery else []),
        "refused": refused,
        "refusal": refusal,
        "typed": typed,
    }
    return page(request, "desk/reply.html", context, status=422 if refusal else 200)


def _out(row: Announcement, delivery: Any) -> bool:
    """Whether anything of it may stand on the channel."""
    if row.state in (AnnouncementState.CANCELLED, AnnouncementState.RETRACTED, AnnouncementState.RETRACTING):
        return True
    if delivery is None or row.state == AnnouncementState.SUBMITTED:
        return False
    free = (DeliveryState.PLANNED, DeliveryState.RETRYING, DeliveryState.REFUSED, DeliveryState.NEEDS_PERSON)
    return delivery.state not in free or delivery.act == Act.RETRACT


def _why(found: Reply) -> list[str]:
    """Why it waits for an approver, as it was when it was submitted."""
    events = Event.objects.filter(kind="case.reply_submitted", subject=found.case.subject).order_by("-id")
    data: dict[str, Any] = next((one.data for one in events if one.data.get("reply") == found.pk), {})
    return words_for(data.get("why", []))


def _said(made: Reply, *, send: bool) -> str:
    if made.announcement.state == AnnouncementState.SUBMITTED:
        return _("Menunggu persetujuan.")
    return _("Balasan dikirim.") if send else _("Draf disimpan.")


def _approve(request: StaffRequest, found: Reply) -> str:
    replies.approve(found, request.person, timezone.now(), version=_version(request))
    return _("Disetujui dan dikirim.")


def _give_back(request: StaffRequest, found: Reply) -> str:
    note = request.POST.get("note", "")
    replies.give_back(found, request.person, timezone.now(), note, version=_version(request))
    return _("Dikembalikan dengan catatan.")


def _drop(request: StaffRequest, found: Reply) -> str:
    replies.drop(found, request.person, timezone.now())
    return _("Tidak akan dikirim.")


def _correct(request: StaffRequest, found: Reply) -> str:
    text, note = request.POST.get("teks", ""), request.POST.get("note", "")
    replies.correct(found, request.person, timezone.now(), text, note)
    return _("Ralat menunggu persetujuan.")


def _withdraw(request: StaffRequest, found: Reply) -> str:
    replies.withdraw(found, request.person, timezone.now(), request.POST.get("reason", ""))
    return _("Balasan ditarik.")


def _again(request: StaffRequest, found: Reply) -> str:
    replies.send_again(found, request.person, timezone.now())
    return _("Akan dikirim lagi.")


def _there(request: StaffRequest, found: Reply) -> str:
    replies.it_is_there(found, request.POST.get("link", ""), request.person, timezone.now())
    return _("Dicatat.")


_STEPS: dict[str, Callable[[StaffRequest, Reply], str]] = {
    "setujui": _approve,
    "kembalikan": _give_back,
    "buang": _drop,
    "ralat": _correct,
    "tarik": _withdraw,
    "kirim-lagi": _again,
    "sudah-tayang": _there,
}


def _version(request: StaffRequest) -> int:
    typed = request.POST.get("version", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0


def _purpose(typed: str) -> Purpose:
    return next((one for one in CHOICES if one.value == typed), Purpose.FREE)


def _case(request: StaffRequest, number: str) -> Case:
    rows = scope.visible(request.person).select_related(
        "mention__source__account", "mention__verdict", "unit"
    )
    return get_object_or_404(rows, number=number)


def _reply(request: StaffRequest, reply_id: int) -> Reply:
    """Approvers read every reply that they may have to decide on; others those of the cases they see."""
    rows = Reply.objects.select_related(
        "case__mention__source__account", "announcement__author", "announcement__approved_by", "message"
    )
    if Role.APPROVER not in request.roles:
        rows = rows.filter(case__in=scope.visible(request.person))
    return get_object_or_404(rows, pk=reply_id)
