"""One update for everybody who reported an incident: written once, approved as a whole, said once in each thread.

Each reply is a transaction of its own and unique by (case, message), so a sending that was cut off is gone on with by
`go_on` and nobody is answered twice. How fast they go out, the allowance of each account decides (publisher.limits).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cases.models import Case, Incident, IncidentMessage, Purpose, Reply, State
from cases.refusal import NotAllowed
from cases.replies import compose, say
from cases.reply_rules import lint, objection
from ledger.chain import record
from ledger.models import Person
from ledger.roles import Role, roles_of
from publisher import replies as way_out
from publisher.models import Announcement, AnnouncementState
from publisher.threads import REPLY

#: Cases that are answered by what became of them, and not by news of the happening.
_LEFT_OUT = (State.REJECTED, State.NOT_OURS)
#: So long an approved update is looked after: what could not be answered by then is not answered by it.
_GOES_ON = timedelta(days=2)
#: So long after it was written a stopped update is looked after.
_STOPS = timedelta(days=30)
_SENT = (AnnouncementState.PUBLISHED,)
_FAILED = (AnnouncementState.PARTLY_PUBLISHED,)
_GONE = (AnnouncementState.CANCELLED, AnnouncementState.RETRACTED, AnnouncementState.RETRACTING)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one update has come."""

    answered: int
    waiting: int
    failed: int  #: the channel said no, or a person has to look
    stopped: int
    skipped: list[tuple[Case, str]]  #: with the sentence of why

    @property
    def total(self) -> int:
        return self.answered + self.waiting + self.failed + self.stopped + len(self.skipped)


def write(
    incident: Incident, text: str, person: Person, now: datetime, announcement: Announcement | None = None
) -> IncidentMessage:
    """Keep an update for approval. Raises NotAllowed with a sentence.

    announcement: what it points to; its article is linked where replies carry links.
    """
    _need(person, Role.OFFICER)
    said = " ".join(text.split())
    if not said:
        raise NotAllowed(_("Tulis dahulu kabar untuk para pelapor."))
    if found := lint(said, said):
        raise NotAllowed(" ".join(found))
    if announcement is not None and announcement.kind == REPLY:
        raise NotAllowed(_("Pilih pengumuman, bukan balasan."))
    with transaction.atomic():
        made = IncidentMessage.objects.create(
            incident=incident, text=said, announcement=announcement, by=person, at=now
        )
        if wrong := _unfit(made):
            raise NotAllowed(wrong)
        record("incident.message_written", incident.subject, actor=person, at=now, message=made.pk)
    return made


def approve(message: IncidentMessage, person: Person, now: datetime) -> int:
    """Say yes to the text for everybody, and begin to send; gives how many replies were planned. Raises NotAllowed.

    The yes is to the text, and so to the hash of each reply, which adds its number and link to it by the template.
    """
    _need(person, Role.APPROVER)
    if message.by_id == person.pk:
        raise NotAllowed(_("Yang menulis, mengubah, atau mengajukan tidak dapat menyetujuinya sendiri."))
    with transaction.atomic():
        waiting = IncidentMessage.objects.filter(pk=message.pk, approved_by=None)
        if not waiting.update(approved_by=person, approved_at=now):
            raise NotAllowed(_("Kabar ini sudah diputuskan. Muat ulang halaman."))
        record(
            "incident.message_approved", message.incident.subject, actor=person, at=now, message=message.pk
        )
    message.refresh_from_db()
    return send_to_all(message, person, now)


def stop(message: IncidentMessage, person: Person, now: datetime) -> int:
    """Send no more of it; what has appeared stays. Gives how many replies were kept back. Raises NotAllowed.

    One that is on its way at this very moment is kept back by ``go_on``, should it not get through.
    """
    _need(person, Role.OFFICER, Role.APPROVER)
    with transaction.atomic():
        # Who approved it stays; that it is approved no longer means that it was stopped.
        running = IncidentMessage.objects.filter(pk=message.pk, approved_at__isnull=False)
        if not running.update(approved_at=None):
            raise NotAllowed(_("Kabar ini tidak sedang dikirim."))
        record("incident.message_stopped", message.incident.subject, actor=person, at=now, message=message.pk)
        kept = _keep_back(message, now)
    message.refresh_from_db()
    return kept


def withdraw(message: IncidentMessage, person: Person, now: datetime) -> None:
    """Drop an update that nobody has approved yet. Raises NotAllowed."""
    _need(person, Role.OFFICER, Role.APPROVER)
    with transaction.atomic():
        if not IncidentMessage.objects.filter(pk=message.pk, approved_by=None).delete()[0]:
            raise NotAllowed(_("Kabar ini sudah diputuskan. Muat ulang halaman."))
        record("incident.message_dropped", message.incident.subject, actor=person, at=now, message=message.pk)


def send_to_all(message: IncidentMessage, person: Person | None, now: datetime) -> int:
    """One reply for every reporter who has none of this update yet; gives how many were planned.

    Those who reported after it was approved are left out: they are answered by what is true then.
    """
    made = 0
    for case in _missing(message):
        if not IncidentMessage.objects.filter(pk=message.pk, approved_at__isnull=False).exists():
            break  # stopped meanwhile, or never approved
        made += _one(case, message, now)
    return made


def go_on(now: datetime) -> int:
    """Go on with every update that was approved and has not reached all; gives how many replies were planned.

    Of one that was stopped, what was on its way then and did not get through is kept back.
    """
    running = IncidentMessage.objects.filter(approved_at__gte=now - _GOES_ON)
    stopped = IncidentMessage.objects.filter(approved_by__isnull=False, approved_at=None)
    for message in stopped.filter(at__gte=now - _STOPS).order_by("id"):
        _keep_back(message, now)
    return sum(send_to_all(message, message.approved_by, now) for message in running.order_by("id"))


def reach_of(message: IncidentMessage) -> Reach:
    """Who was answered, who waits, and who was left out and why."""
    states = list(message.replies.values_list("announcement__state", flat=True))
    answered = sum(state in _SENT for state in states)
    failed = sum(state in _FAILED for state in states)
    stopped = sum(state in _GONE for state in states)
    skipped = [(case, said) for case in _missing(message) if (said := _why_not(case, message))]
    return Reach(answered, len(states) - answered - failed - stopped, failed, stopped, skipped)


def waiting_for(person: Person) -> QuerySet[IncidentMessage]:
    """The updates that ``person`` may approve, the oldest first."""
    rows = IncidentMessage.objects.filter(approved_by=None).exclude(by=person)
    return rows.select_related("incident", "by").order_by("at", "id")


def _one(case: Case, message: IncidentMessage, now: datetime) -> bool:
    try:
        say(case, Purpose.INCIDENT, None, now, text=message.text, message=message)
    except (NotAllowed, IntegrityError):  # told by reach_of; or another worker was faster
        return False
    return True


def reporters(message: IncidentMessage) -> QuerySet[Case]:
    """The cases that an update is for: of its incident, open or ended, and opened before it was approved."""
    rows = Case.objects.filter(incident_id=message.incident_id).exclude(state__in=_LEFT_OUT)
    if message.approved_at:
        rows = rows.filter(opened_at__lte=message.approved_at)
    return rows.select_related("mention__source__account", "mention__verdict", "unit").order_by("id")


def _missing(message: IncidentMessage) -> QuerySet[Case]:
    return reporters(message).exclude(pk__in=message.replies.values("case_id"))


def _why_not(case: Case, message: IncidentMessage) -> str:
    return objection(case, many=True) or " ".join(_ready(case, message))


def _ready(case: Case, message: IncidentMessage) -> list[str]:
    return compose(case, Purpose.INCIDENT, message.text, message=message).problems


def _unfit(message: IncidentMessage) -> str:
    """What keeps the text from one of the channels on which it was reported; one case of each is asked."""
    seen: set[str] = set()
    for case in reporters(message):
        if case.mention.channel in seen or objection(case, many=True):
            continue
        seen.add(case.mention.channel)
        if found := _ready(case, message):
            return found[0]
    return ""


def _keep_back(message: IncidentMessage, now: datetime) -> int:
    """Cancel what has not begun to appear; gives how many. On its way: it cannot be."""
    return sum(way_out.cancel(reply.announcement, now) for reply in _unsent(message))


def _unsent(message: IncidentMessage) -> list[Reply]:
    rows = Reply.objects.filter(message=message).exclude(announcement__state__in=(*_SENT, *_GONE))
    return list(rows.select_related("announcement", "case").order_by("id"))


def _need(person: Person, *roles: Role) -> None:
    if not roles_of(person) & set(roles):
        raise NotAllowed(_("Anda tidak mempunyai tugas untuk langkah ini."))
