"""What a case says to its citizen, in the thread of the post.

The words come from templates/replies, the way out is the publisher's (publisher.replies): approval bound to the
hash, one delivery, receipt, proof. Here is decided what is said when, and who has to say yes (reply_rules).
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from cases import clocks, scope
from cases.incidents import told_at
from cases.information import invitation
from cases.models import (
    Case,
    Clock,
    ClockOutcome,
    Gate,
    IncidentMessage,
    Purpose,
    Reply,
    Route,
    State,
)
from cases.proof import picture_of
from cases.refusal import NotAllowed
from cases.reply_rules import (
    NEEDS_TEXT,
    WITH_TEXT,
    Risk,
    is_emergency,
    links,
    lint,
    objection,
    risk,
    rule,
    send_time,
    short,
)
from cases.thread import answered_post, join_answers
from channels.models import Account, Kind
from channels.x_length import has_link
from city.models import standing
from classifiers.core.authority import name_of
from ledger.chain import record
from ledger.models import Person
from ledger.roles import Role, roles_of
from publisher import reconcile
from publisher import replies as way_out
from publisher.change import retract
from publisher.kinds import TemplateProblem
from publisher.models import Announcement, AnnouncementState, Delivery, DeliveryState, MediaItem
from publisher.rules import Refused
from publisher.wall import local_day

log = logging.getLogger(__name__)

#: The account under which the machine writes; nobody signs in with it.
MACHINE = "kentongan"
#: What a step of a case prepares: a draft, which an officer only confirms.
_PREPARED = {
    State.IN_PROGRESS: Purpose.PROGRESS,
    State.ANSWERED: Purpose.DONE,
    State.NOT_OURS: Purpose.REDIRECT,
}
#: A question in one of these states waits for no answer.
_UNASKED = (
    AnnouncementState.DRAFT,
    AnnouncementState.REJECTED,
    AnnouncementState.CANCELLED,
    AnnouncementState.PARTLY_PUBLISHED,
    AnnouncementState.RETRACTING,
    AnnouncementState.RETRACTED,
)
_UNSENT = (AnnouncementState.DRAFT, AnnouncementState.REJECTED, AnnouncementState.SUBMITTED)


@dataclass(frozen=True, slots=True)
class Ready:
    """One reply as it would be sent: what the preview shows and what is stored."""

    purpose: Purpose
    text: str
    length: int  #: as its channel counts
    most: int
    risk: Risk
    problems: list[str]  #: sentences; [] when it may go out


def first(case: Case, now: datetime) -> None:
    """The one automatic reply of a matter, where the rules allow it; where another body is responsible, a draft."""
    case = _whole(case)
    if case.gate == Gate.NOT_OURS:
        _prepare(case, Purpose.REDIRECT, None, now)
        return
    purpose = _first_purpose(case)
    if not rule(purpose)["automatic"] or _too_old(case, now) or objection(case, automatic=True):
        return
    ready = compose(case, purpose)
    if ready.problems or ready.risk.level != "none":
        return
    try:
        with transaction.atomic():
            reply = _stored(case, ready, None, now, automatic=True)
    except IntegrityError:  # somebody has answered it automatically at this very moment
        return
    _send(reply, None, now, send_time(case, now))


def gate_changed(case: Case, now: datetime) -> None:
    """The case goes another way: the redirect that the machine drafted falls. Whoever was never answered, because the

    old way has no automatic reply, gets theirs now, as at the opening.
    """
    _drop_prepared(case, now, only=[Purpose.REDIRECT])
    said = Reply.objects.filter(case=case).exclude(announcement__state=AnnouncementState.CANCELLED)
    if case.gate != Gate.NOT_OURS and not said.exists():
        first(case, now)


def moved(case: Case, before: State, person: Person | None, now: datetime) -> None:
    """Draft what a step of the case calls for; what was drafted for an earlier step falls."""
    if before == case.state:
        return
    _drop_prepared(case, now)
    if purpose := _PREPARED.get(State(case.state)):
        _prepare(_whole(case), purpose, person, now)


def compose(
    case: Case,
    purpose: str,
    text: str = "",
    *,
    language: str = "",
    message: IncidentMessage | None = None,
) -> Ready:
    """The reply as it would be sent now; the preview and ``say`` make it by this same call."""
    account = case.mention.source.account
    typed = " ".join(text.split()) if purpose in WITH_TEXT else ""
    tongue = language if language in ("id", "en") else settings.ANSWERING["replies"]["language"]
    long, most = way_out.limit(account.channel)
    try:
        values = _values(case, purpose, typed, account, tongue, message)
        whole = way_out.worded(purpose, account.channel, tongue, values, free=("who", "how", "unit", "about"))
    except TemplateProblem as broken:  # the case goes on without it; the composer says what is broken
        log.warning("%s: %s", case, broken)
        return Ready(Purpose(purpose), "", 0, most, risk(case, purpose, typed), [str(broken)])
    problems = [*way_out.problems(account.channel, whole), *lint(whole, typed)]
    if account.channel == Kind.X and not links(account) and has_link(whole):
        problems.append(
            _("Balasan di X dikirim tanpa tautan, yang tiga belas kali lebih mahal. Hapus tautannya.")
        )
    if purpose in NEEDS_TEXT and not typed:
        problems = [_("Tulis dahulu isi balasannya.")]
    named = purpose == Purpose.REDIRECT and bool(values["who"])
    return Ready(
        Purpose(purpose), whole, long(whole), most, risk(case, purpose, typed, names_other=named), problems
    )


def say(
    case: Case,
    purpose: str,
    person: Person | None,
    now: datetime,
    *,
    text: str = "",
    message: IncidentMessage | None = None,
    language: str = "",
    send: bool = True,
) -> Reply:
    """Answer the citizen. Raises NotAllowed with a sentence for the officer.

    It goes out at once where a rule or this officer may say yes, and waits for an approver where it takes one.
    send: False keeps it as a draft. person None: the machine; then only what no person has to approve goes out.
    """
    if message is not None and message.approved_at is None:
        raise NotAllowed(_("Kabar ini belum disetujui, atau sudah dihentikan."))
    case = _whole(case)
    if said := objection(case, automatic=person is None and message is None, many=message is not None):
        raise NotAllowed(said)
    ready = compose(case, purpose, text, language=language, message=message)
    with transaction.atomic():
        # A form that is sent twice waits here for its twin, and then finds its words said.
        Case.objects.select_for_update().get(pk=case.pk)
        _refuse(case, ready, person)
        if message is not None and not _still_approved(message):
            raise NotAllowed(_("Kabar ini belum disetujui, atau sudah dihentikan."))
        draft = None if message else draft_of(case, purpose)
        reply = (
            _reworded(draft, ready, person, now)
            if draft
            else _stored(case, ready, person, now, message=message)
        )
        if send:
            _decide(reply, ready.risk, person, now, message)
    return reply


def approve(reply: Reply, person: Person, now: datetime, *, version: int) -> Reply:
    """Say yes to ``version`` of a reply that waits for an approver. Raises NotAllowed."""
    _need(person, Role.APPROVER)
    row = reply.announcement
    row.refresh_from_db()
    if row.state != AnnouncementState.SUBMITTED:
        raise NotAllowed(_("Balasan ini tidak sedang menunggu persetujuan."))
    if row.writers.filter(pk=person.pk).exists():
        raise NotAllowed(_("Yang menulis, mengubah, atau mengajukan tidak dapat menyetujuinya sendiri."))
    if said := objection(_whole(reply.case)):
        raise NotAllowed(said)
    with transaction.atomic():
        _tell("case.reply_approved", reply, person, now)
        _send(reply, person, now, now, version=version)
    return reply


def give_back(reply: Reply, person: Person, now: datetime, note: str, *, version: int) -> Reply:
    """Return a reply that waits to the officer, with a note. Raises NotAllowed."""
    _need(person, Role.APPROVER)
    with transaction.atomic():
        reply.announcement = _allowed(way_out.give_back, reply.announcement, now, note, version=version)
        _tell("case.reply_returned", reply, person, now, note=note.strip()[:1000])
    return reply


def drop(reply: Reply, person: Person | None, now: datetime) -> None:
    """Not send what has not appeared: a draft, what waits, or what nobody wants sent again. Raises NotAllowed."""
    with transaction.atomic():
        scope.check(reply.case, person)
        reply.announcement.refresh_from_db()
        if not way_out.cancel(reply.announcement, now):
            raise NotAllowed(_("Balasan ini sudah atau sedang terkirim; ralat atau tarik."))
        _tell("case.reply_dropped", reply, person, now)
        go_on_unasked(now, reply.case_id)


def correct(reply: Reply, person: Person, now: datetime, text: str, note: str) -> Reply:
    """Other words for a reply that stands; an approver says yes. Where the channel cannot edit, it stands beneath.

    Raises NotAllowed.
    """
    _need(person, Role.OFFICER)
    scope.check(reply.case, person)
    if not note.strip():
        raise NotAllowed(_("Tulis apa yang diralat; warga membacanya."))
    case, typed = _whole(reply.case), " ".join(text.split())
    account = case.mention.source.account
    said = {"note": note.strip(), "text": typed}
    beneath = _allowed(way_out.worded, "correct", account.channel, "id", said, free=("note",))
    if found := lint(f"{typed}\n{note}", f"{typed} {note}"):
        raise NotAllowed(" ".join(found))
    with transaction.atomic():
        reply.announcement = _allowed(way_out.correct, reply.announcement, typed, beneath, note, person, now)
        _tell("case.reply_correction_begun", reply, person, now, note=note.strip()[:500])
    return reply


def withdraw(reply: Reply, person: Person, now: datetime, reason: str) -> None:
    """Take a reply off its channel: deleted, wherever it stands. ``reason`` is kept. Raises NotAllowed."""
    with transaction.atomic():
        _allowed(retract, reply.announcement, person, now, reason)
        _tell("case.reply_withdrawn", reply, person, now, note=reason.strip()[:500])


def send_again(reply: Reply, person: Person, now: datetime) -> None:
    """A person looked and it is not there, or the trouble is mended. Raises NotAllowed."""
    _need(person, Role.OFFICER, Role.APPROVER)
    scope.check(reply.case, person)
    _allowed(reconcile.send_again, _undecided(reply), person, now)


def it_is_there(reply: Reply, link: str, person: Person, now: datetime) -> None:
    """A person saw it on the channel; of a withdrawal, that it is gone. Raises NotAllowed."""
    _need(person, Role.OFFICER, Role.APPROVER)
    scope.check(reply.case, person)
    delivery = _undecided(reply)
    if link and not link.startswith(("https://", "http://")):
        raise NotAllowed(_("Tautan berawalan https://. Salin dari aplikasi saluran itu."))
    _allowed(reconcile.it_is_there, delivery, link, person, now)


def _undecided(reply: Reply) -> Delivery:
    delivery = way_out.delivery_of(reply.announcement)
    if delivery is None:
        raise NotAllowed(_("Balasan ini belum dikirim."))
    return delivery


def open_replies(case: Case) -> list[Reply]:
    """Everything said or to be said in the thread of ``case``, the oldest first."""
    rows = Reply.objects.filter(case=case).exclude(announcement__state=AnnouncementState.CANCELLED)
    return list(rows.select_related("announcement__author", "announcement__approved_by").order_by("id"))


def draft_of(case: Case, purpose: str) -> Reply | None:
    """The draft of this purpose that an officer can go on with; None without one."""
    states = (AnnouncementState.DRAFT, AnnouncementState.REJECTED)
    rows = Reply.objects.filter(case=case, purpose=purpose, message=None, announcement__state__in=states)
    return rows.select_related("announcement").order_by("-id").first()


def waiting_for(person: Person) -> QuerySet[Reply]:
    """The replies that ``person`` may approve or give back, the oldest first.

    Of an incident's update only corrections are among them: the update itself is approved as a whole.
    """
    rows = Reply.objects.filter(announcement__state=AnnouncementState.SUBMITTED)
    rows = rows.exclude(announcement__writers=person).select_related("announcement", "case")
    return rows.order_by("announcement__changed_at", "id")


def stuck(person: Person) -> list[tuple[Reply, Delivery]]:
    """The replies that ``person`` has to decide on, refused or unclear, the newest last."""
    states = (DeliveryState.NEEDS_PERSON, DeliveryState.REFUSED)
    rows = Delivery.objects.filter(~Q(announcement__answers=""), state__in=states).select_related("account")
    found = {one.announcement_id: one for one in rows.order_by("pk")[:200]}
    if not found:
        return []
    mine = Reply.objects.filter(announcement__in=found).select_related("announcement", "case")
    if Role.APPROVER not in roles_of(person):
        mine = mine.filter(case__in=scope.visible(person))
    return [(one, found[one.announcement_id]) for one in mine.order_by("id")]


def machine() -> Person:
    """The writer of what no person wrote; cannot sign in and has no role."""
    found, new = Person.objects.get_or_create(
        username=MACHINE, defaults={"first_name": "Kentongan", "is_active": False}
    )
    if new:
        found.set_unusable_password()
        found.save(update_fields=["password"])
    return found


def to_all(message: IncidentMessage, person: Person | None, now: datetime) -> int:
    """One reply in the thread of everybody who reported the incident; see cases/messages.py."""
    from cases.messages import send_to_all  # it needs `say`, and this name is where others look for it

    return send_to_all(message, person, now)


def look_after(now: datetime) -> int:
    """Join what citizens answered, and go on with updates whose sending was cut off; gives how many were done."""
    from cases.messages import go_on

    return join_answers(now) + go_on(now) + go_on_unasked(now)


def go_on_unasked(now: datetime, case_id: int | None = None) -> int:
    """Let limits go on that wait for a citizen who is not asked (any more), or who has been asked for too long.

    Not asked: the question was dropped, withdrawn, or the channel refused it. Gives for how many cases.
    """
    waiting = Clock.objects.filter(outcome=ClockOutcome.RUNNING, paused_at__isnull=False, case__isnull=False)
    if case_id is not None:
        waiting = waiting.filter(case=case_id)
    asked = Reply.objects.filter(case=OuterRef("case"), purpose=Purpose.ASK_PLACE)
    stands = asked.exclude(announcement__state__in=_UNASKED)
    too_long = Q(paused_at__lt=now - timedelta(days=int(settings.CLOCKS["pause"]["longest_days"])))
    over = waiting.filter(too_long | (Exists(asked) & ~Exists(stands)))
    cases = Case.objects.filter(pk__in=over.values("case")).order_by("pk")[:500]
    return sum(clocks.resume(case, now) > 0 for case in cases)


def hush(mentions: Sequence[int], now: datetime) -> int:
    """Their author wants to be left alone (UU 27/2022 art. 11): what the machine was about to say is not said.

    Gives how many replies were taken back; what an officer sends is the officer's decision.
    """
    unsent = (AnnouncementState.SCHEDULED, AnnouncementState.PUBLISHING)
    rows = Reply.objects.filter(Q(automatic=True) | Q(message__isnull=False), announcement__state__in=unsent)
    done = 0
    for reply in rows.filter(case__mention__in=mentions).select_related("announcement", "case"):
        if way_out.cancel(reply.announcement, now):
            _tell("case.reply_dropped", reply, None, now)
            done += 1
    return done


def _still_approved(message: IncidentMessage) -> bool:
    """Asked under the row's lock: a stop at this moment comes before this reply, or finds it."""
    rows = IncidentMessage.objects.select_for_update().filter(pk=message.pk, approved_at__isnull=False)
    return bool(rows.values_list("pk", flat=True))


def _too_old(case: Case, now: datetime) -> bool:
    """Whether the post is older than the machine answers: of a first reading of months, or after a long outage."""
    oldest = timedelta(hours=int(settings.ANSWERING["replies"]["latest_hours"]))
    return now - told_at(case.mention) > oldest


def _first_purpose(case: Case) -> Purpose:
    if case.gate == Gate.INFORMATION or case.kind == "information_request":
        return Purpose.INFORMATION
    if not case.place and (case.gate == Gate.EMERGENCY or case.kind == "complaint"):
        return Purpose.ASK_PLACE
    return Purpose.RECEIPT


def _values(
    case: Case,
    purpose: str,
    text: str,
    account: Account,
    language: str,
    message: IncidentMessage | None,
) -> dict[str, str]:
    """What the templates may say. Every value is text; "" where there is nothing to say."""
    # Who asks for information is led to the private form, which joins their request to this case.
    to = invitation(case) if purpose == Purpose.INFORMATION else _link(case)
    link = to if links(account) else ""
    who, how = _responsible(case) if purpose == Purpose.REDIRECT else ("", "")
    how = how if links(account) else _without_links(how)
    brief = {"link": link, "code": case.code, "number": case.number}
    status = way_out.worded("status", account.channel, language, brief)
    article = _article(message) if message and links(account) else ""
    return {
        **brief,
        "status": status,
        "about": case.place,
        "unit": case.unit.name if case.unit else "",
        "who": who,
        "how": how,
        "text": text,
        "article": article,
        "urgent": "1" if is_emergency(case) else "",
        "short": "1" if short(account.channel) else "",
    }


def _link(case: Case) -> str:
    """The public status page; "" where the installation has no public address, or the case no code yet."""
    if not settings.PUBLIC_URL or not case.code:
        return ""
    return f"{settings.PUBLIC_URL}/status/{case.number}/{case.code}/"


def _article(message: IncidentMessage) -> str:
    """Where the announcement that an update points to stands; "" while it stands nowhere."""
    row = message.announcement
    if row is None:
        return ""
    stands = row.deliveries.filter(account__channel=Kind.WEBSITE, state="published").exclude(permalink="")
    return stands.order_by("-id").values_list("permalink", flat=True).first() or ""


def _responsible(case: Case) -> tuple[str, str]:
    """Who is responsible for what is not the city's, and how they are reached, as the city keeps it (city.Unit)."""
    if case.authority in ("", "city", "unknown"):
        return "", ""
    day = local_day(case.changed_at, settings.CITY["timezone"])
    routes = Route.objects.filter(
        authority=case.authority, topic__in=("", case.topic), unit__in=standing(day)
    )
    route = routes.exclude(unit__redirect="").select_related("unit").order_by("-topic", "-valid_from").first()
    try:
        name = route.unit.name if route else name_of(case.authority)
    except KeyError:
        name = ""
    return name, route.unit.redirect if route else ""


def _without_links(text: str) -> str:
    """Without the sentences that hold a link or a domain, which X makes a link of."""
    return " ".join(one for one in re.split(r"(?<=[.!?])\s+", text) if one and not has_link(one))


def _stored(
    case: Case,
    ready: Ready,
    person: Person | None,
    now: datetime,
    *,
    automatic: bool = False,
    message: IncidentMessage | None = None,
) -> Reply:
    """The draft and its row."""
    writer = person or machine()
    title = _("Balasan %(number)s: %(purpose)s") % {"number": case.number, "purpose": ready.purpose.label}
    made: Announcement = _allowed(
        way_out.begin,
        case.mention.source.account,
        answered_post(case),
        case.subject,
        ready.text,
        writer,
        now,
        title=title,
        purpose=ready.purpose.value,
        urgent=is_emergency(case),
        picture=_picture(case, ready.purpose, writer, now),
    )
    reply = Reply.objects.create(
        case=case, announcement=made, purpose=ready.purpose, automatic=automatic, message=message, at=now
    )
    _tell("case.reply_drafted", reply, person, now)
    return reply


def _reworded(reply: Reply, ready: Ready, person: Person | None, now: datetime) -> Reply:
    """A draft with the words of ``ready``; the same words make no new version."""
    row = reply.announcement
    writer = person or machine()
    if way_out.text_of(row) == ready.text and row.state == AnnouncementState.DRAFT:
        return reply
    picture = _picture(reply.case, ready.purpose, writer, now)
    reply.announcement = _allowed(way_out.reword, row, ready.text, writer, now, picture)
    return reply


def _picture(case: Case, purpose: str, person: Person, now: datetime) -> MediaItem | None:
    """The newest public proof of a case that is done, taken into the media library; None without one.

    Only X takes a picture with a reply (publisher.threads); elsewhere the status page shows it.
    """
    if purpose != Purpose.DONE or case.mention.channel != Kind.X:
        return None
    return picture_of(case, person, now)


def _decide(
    reply: Reply, found: Risk, person: Person | None, now: datetime, message: IncidentMessage | None
) -> None:
    """Send it where nobody else has to say yes; else it waits for an approver."""
    if message is not None and message.approved_at is not None:
        _send(reply, message.approved_by, now, now)
    elif found.level == "none" or (found.level == "officer" and person is not None):
        _send(reply, person, now, now if person else send_time(reply.case, now))
    elif person is not None:
        reply.announcement = _allowed(way_out.submit, reply.announcement, person, now)
        _tell("case.reply_submitted", reply, person, now, why=found.keys)


def _send(
    reply: Reply, person: Person | None, now: datetime, at: datetime, *, version: int | None = None
) -> None:
    office = person.office if person else way_out.BY_RULE
    _allowed(way_out.release, reply.announcement, person, office, now, at, version=version)
    _tell("case.reply_planned", reply, person, now, due=at.isoformat())
    if reply.purpose == Purpose.ASK_PLACE:
        clocks.pause(reply.case, now)
    reply.announcement.refresh_from_db()


def _refuse(case: Case, ready: Ready, person: Person | None) -> None:
    if person is not None:
        _need(person, Role.OFFICER)
        scope.check(case, person)
    if ready.problems:
        raise NotAllowed(" ".join(ready.problems))
    same = Reply.objects.filter(case=case, announcement__variants__text=ready.text)
    gone = (*_UNSENT, AnnouncementState.CANCELLED, AnnouncementState.RETRACTED, AnnouncementState.RETRACTING)
    if same.exclude(announcement__state__in=gone).exists():
        raise NotAllowed(_("Kalimat yang sama sudah dikirim kepada warga ini."))


def _prepare(case: Case, purpose: Purpose, person: Person | None, now: datetime) -> None:
    """A draft that an officer only has to confirm; none where nothing can be said, or one waits already."""
    waits = Reply.objects.filter(case=case, purpose=purpose, announcement__state__in=_UNSENT)
    if objection(case) or waits.exists():
        return
    ready = compose(case, purpose)
    if not ready.problems:
        with transaction.atomic():
            _stored(case, ready, None, now)


def _drop_prepared(case: Case, now: datetime, only: Sequence[Purpose] = tuple(Purpose)) -> None:
    """Drafts of the machine that nobody has touched belong to the step at which they were made."""
    drafts = Reply.objects.filter(case=case, announcement__state=AnnouncementState.DRAFT, purpose__in=only)
    rows = drafts.filter(announcement__author__username=MACHINE)
    for reply in rows.filter(announcement__version=1, message=None).select_related("announcement"):
        if way_out.cancel(reply.announcement, now):
            _tell("case.reply_dropped", reply, None, now)


def _whole(case: Case) -> Case:
    """The case as it is stored now, with what a reply needs of it."""
    rows = Case.objects.select_related("mention__source__account", "mention__verdict", "unit")
    return rows.get(pk=case.pk)


def _tell(kind: str, reply: Reply, person: Person | None, now: datetime, **more: Any) -> None:
    record(kind, reply.case.subject, actor=person, at=now, reply=reply.pk, purpose=reply.purpose, **more)


def _need(person: Person, *roles: Role) -> None:
    if not roles_of(person) & set(roles):
        raise NotAllowed(_("Anda tidak mempunyai tugas untuk langkah ini."))


def _allowed(what: Any, *args: Any, **more: Any) -> Any:
    """A step of the publisher, whose refusal is one of ours."""
    try:
        return what(*args, **more)
    except TemplateProblem as broken:
        raise NotAllowed(str(broken)) from broken
    except Refused as refusal:
        said = [str(refusal), *(one for one in refusal.by_field.values() if one not in str(refusal))]
        raise NotAllowed(" ".join(said)) from refusal
