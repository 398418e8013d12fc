"""The public status page: what becomes of one matter, without a name, a word or a number of anybody.

Whoever has the number and the code of a case, of a request for information (PPID-…) or of a request about personal
data (PDP-…) sees its state, what comes next, the limits that run, the unit that has it, and its public steps.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases import act, status_words
from cases.models import (
    ENDED,
    Attachment,
    AttachmentRole,
    Case,
    Clock,
    ClockOutcome,
    InformationRequest,
    RequestState,
    RightsRequest,
    State,
    Voice,
    VoiceKind,
)
from cases.refusal import NotAllowed
from city.masks import mask
from ledger.chain import record
from ledger.models import Event

Matter = Case | InformationRequest | RightsRequest


@dataclass(frozen=True, slots=True)
class Limit:
    """One clock as the public sees it."""

    name: str
    due_at: datetime
    citation: str  #: the rule that it comes from; "" for none
    running: bool  #: False: it stands still, waiting for the citizen
    late: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One public step: when, and what happened in plain words."""

    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Standing:
    """All that the page shows of one matter."""

    number: str
    what: str  #: "Pengaduan: lampu jalan, Jatiasih"
    state: str  #: the word of the state
    hue: str  #: grey, amber, teal, blue, green or red: the chip's colour
    glyph: str
    explained: str  #: the state in a plain sentence
    next: str  #: what happens next; "" when nothing does
    limits: list[Limit] = field(default_factory=list)
    unit: str = ""
    unit_since: datetime | None = None
    steps: list[Step] = field(default_factory=list)
    photos: list[Attachment] = field(default_factory=list)
    answer: str = ""  #: of a request for information
    may_contest: bool = False
    may_confirm: bool = False
    contest_until: datetime | None = None
    contested_at: datetime | None = None
    confirmed_at: datetime | None = None


def link(case: Case) -> str:
    """The address of a case's page for its citizen; "" where no public address is set, or it has no code."""
    if not settings.PUBLIC_URL or not case.code:
        return ""
    return f"{settings.PUBLIC_URL}/status/{case.number}/{case.code}/"


def found(number: str, code: str) -> Matter | None:
    """The matter of this number and code; None for an unknown number and for a wrong code alike."""
    number, code = number.strip().upper()[:30], code.strip()[:40]
    matter = _by_number(number)
    known = matter.code if matter and matter.code else secrets.token_hex(8)
    # The same work for every answer, so that its time does not tell which numbers there are.
    same = secrets.compare_digest(code.upper().encode(), known.upper().encode())
    return matter if same and matter is not None and matter.code else None


def standing(matter: Matter, now: datetime) -> Standing:
    """What the page of ``matter`` shows."""
    if isinstance(matter, Case):
        return _of_case(matter, now)
    if isinstance(matter, InformationRequest):
        return _of_information(matter, now)
    return _of_rights(matter, now)


@transaction.atomic
def contest(case: Case, words: str, now: datetime) -> Case:
    """The citizen says that it is not solved, and why. A case that has ended is taken up again.

    Raises NotAllowed with a sentence.
    """
    said = " ".join(mask(words).split())
    most = settings.PRIVACY["status"]["contest_letters"]
    if not said:
        raise NotAllowed(_("Tulis apa yang belum selesai, satu atau dua kalimat."))
    if len(said) > most:
        raise NotAllowed(_("Tulis paling panjang %(count)d huruf.") % {"count": most})
    case = Case.objects.select_for_update().get(pk=case.pk)
    if not may_contest(case, now):
        raise NotAllowed(_("Laporan ini tidak dapat ditanggapi lagi di sini. Sampaikan laporan baru."))
    if case.contested_at and case.state == State.ANSWERED:
        raise NotAllowed(_("Tanggapan Anda sudah kami terima dan sedang dibaca petugas."))
    ended = case.state in ENDED
    Case.objects.filter(pk=case.pk).update(contested_at=now, confirmed_at=None, changed_at=now)
    Voice.objects.create(case=case, kind=VoiceKind.CONTEST, words=said, at=now, reopened=ended)
    record("case.contested", case.subject, at=now, ended=ended)
    case.refresh_from_db()
    if ended:
        act.reopen(case, None, now, _("Warga menyatakan belum selesai."))
        case.refresh_from_db()
    return case


@transaction.atomic
def confirm(case: Case, now: datetime) -> Case:
    """The citizen says that it is solved. Raises NotAllowed with a sentence."""
    case = Case.objects.select_for_update().get(pk=case.pk)
    if not may_confirm(case):
        raise NotAllowed(_("Laporan ini belum dapat dinyatakan selesai."))
    Case.objects.filter(pk=case.pk).update(confirmed_at=now, changed_at=now)
    Voice.objects.create(case=case, kind=VoiceKind.CONFIRM, at=now)
    record("case.confirmed", case.subject, at=now)
    case.refresh_from_db()
    if case.state == State.ANSWERED:
        case = act.move(case, State.CLOSED, None, now, _("Warga menyatakan sudah selesai."))
    return case


def may_contest(case: Case, now: datetime) -> bool:
    """An answer can be contested until the days of privacy.toml after the end are over; a duplicate's own case has

    the word.
    """
    if case.anonymised_at or case.state == State.DUPLICATE:
        return False
    if case.state == State.ANSWERED:
        return True
    return case.state in ENDED and now < _contest_until(case)


def may_confirm(case: Case) -> bool:
    return case.state in (State.ANSWERED, State.CLOSED) and case.confirmed_at is None


def photo(case: Case, attachment_id: int) -> Attachment | None:
    """A picture of the case that anybody with its code may see."""
    return _photos(case).filter(pk=attachment_id).first()


def _contest_until(case: Case) -> datetime:
    ended: datetime = case.ended_at or case.changed_at
    return ended + timedelta(days=settings.PRIVACY["status"]["contest_days"])


def _by_number(number: str) -> Matter | None:
    if number.startswith("PPID-"):
        return InformationRequest.objects.select_related("unit").filter(number=number).first()
    if number.startswith("PDP-"):
        return RightsRequest.objects.filter(number=number).first()
    return Case.objects.select_related("unit", "mention", "into").filter(number=number).first()


def _photos(case: Case) -> QuerySet[Attachment]:
    shown = Q(public=True, role__in=(AttachmentRole.PROOF, AttachmentRole.PROGRESS), width__gt=0)
    return case.attachments.filter(shown).order_by("at", "pk")


def _of_case(case: Case, now: datetime) -> Standing:
    words = status_words.of_case(case)
    held = case.assignments.filter(ended_at__isnull=True).select_related("unit").first()
    ended = case.state in ENDED
    return Standing(
        number=case.number,
        what=status_words.matter(case),
        state=words.state,
        hue=words.hue,
        glyph=words.glyph,
        explained=" ".join(part for part in (words.explained, _reason(case)) if part),
        next=_contested(case) or words.next,
        limits=[] if ended else _limits(case.subject, now),
        unit=case.unit.name if case.unit else "",
        unit_since=held.at if held and held.unit_id == case.unit_id else None,
        steps=_steps(case),
        photos=[] if case.anonymised_at else list(_photos(case)),
        may_contest=may_contest(case, now) and not _contested(case),
        may_confirm=may_confirm(case),
        contest_until=_contest_until(case) if ended else None,
        contested_at=case.contested_at,
        confirmed_at=case.confirmed_at,
    )


def _reason(case: Case) -> str:
    """Why it is not ours or was rejected: the officer writes that for the citizen (cases.act.WITH_REASON)."""
    if case.state not in (State.NOT_OURS, State.REJECTED) or case.anonymised_at:
        return ""
    moves = Event.objects.filter(subject=case.subject, kind="case.moved").order_by("-id")
    note = next((event.data.get("note", "") for event in moves if event.data.get("new") == case.state), "")
    return status_words.reason(note, case.mention.author)


def _contested(case: Case) -> str:
    """What happens after a contest that nobody has taken up yet; "" for none."""
    if case.contested_at and case.state == State.ANSWERED:
        return _("Tanggapan Anda sudah kami terima. Petugas membacanya dan memutuskan langkah berikutnya.")
    return ""


def _steps(case: Case) -> list[Step]:
    """The public steps, oldest first: of the events only their kind and states are read, never a note or a name."""
    events = Event.objects.filter(subject=case.subject, kind__in=status_words.PUBLIC).order_by("id")
    told = [Step(event.at, said) for event in events if (said := status_words.step(event.kind, event.data))]
    given = [
        Step(row.at, _("Diteruskan kepada %(unit)s.") % {"unit": row.unit.name})
        for row in case.assignments.select_related("unit").order_by("id")
    ]
    return sorted([*told, *given], key=lambda one: one.at)


def _limits(subject: str, now: datetime) -> list[Limit]:
    """The limits by law that run, the nearest first; the house's own targets are nobody else's business."""
    rows = Clock.objects.filter(subject=subject, outcome=ClockOutcome.RUNNING).order_by("due_at", "pk")
    return [_limit(row, now) for row in rows if not status_words.internal(row.rule)]


def _limit(row: Clock, now: datetime) -> Limit:
    running = row.paused_at is None
    return Limit(
        name=status_words.rule(row.rule),
        due_at=row.due_at,
        citation=row.citation,
        running=running,
        late=running and row.due_at < now,
    )


def _of_information(request: InformationRequest, now: datetime) -> Standing:
    words = status_words.of_request(request.state)
    return Standing(
        number=request.number,
        what=_("Permohonan informasi publik"),
        state=words.state,
        hue=words.hue,
        glyph=words.glyph,
        explained=words.explained,
        next=words.next,
        limits=_limits(request.subject, now),
        unit=request.unit.name if request.unit else "",
        steps=_request_steps(request.registered_at, request.answered_at, request.state),
        answer="" if request.erased_at else mask(request.answer),
    )


def _of_rights(request: RightsRequest, now: datetime) -> Standing:
    words = status_words.of_rights(request)
    return Standing(
        number=request.number,
        what=_("Permintaan data pribadi: %(right)s") % {"right": request.get_right_display()},
        state=words.state,
        hue=words.hue,
        glyph=words.glyph,
        explained=words.explained,
        next=words.next,
        limits=_limits(request.subject, now),
        steps=[
            *_request_steps(request.registered_at, None, request.state),
            *_when(request.proven_at, _("Akun terbukti milik pemohon.")),
            *_when(request.done_at, _("Permintaan diputuskan.")),
        ],
    )


def _request_steps(registered: datetime, answered: datetime | None, state: str) -> list[Step]:
    last = _("Permohonan ditolak.") if state == RequestState.REFUSED else _("Permohonan dijawab.")
    return [Step(registered, _("Permohonan terdaftar.")), *_when(answered, last)]


def _when(at: datetime | None, words: str) -> Iterable[Step]:
    return [Step(at, words)] if at else []


def left(limit: Limit, now: datetime) -> str:
    """How long a limit still runs, or by how much it is over: "3 hari lagi", "terlambat 2 hari"."""
    hours = max(1, round(abs(limit.due_at - now) / timedelta(hours=1)))
    days = round(hours / 24)
    if hours < 48:
        said = ngettext("%(count)d jam", "%(count)d jam", hours) % {"count": hours}
    else:
        said = ngettext("%(count)d hari", "%(count)d hari", days) % {"count": days}
    return (_("terlambat %(time)s") if limit.late else _("%(time)s lagi")) % {"time": said}
