"""The decision on an announcement: approved by officials who did not write it, or given back with a note.

One row of Approval is one official's yes, in the office held at that moment, to every byte of one version. Any
change of the wording makes a new version, to which nobody has said yes. An emergency needs two of them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from ledger.chain import record
from ledger.models import Event, Person
from ledger.roles import Role
from publisher.emergency import NEEDED, on_duty
from publisher.mandates import Office, may_act, office_of
from publisher.models import Announcement, AnnouncementState, Approval
from publisher.newsroom import content_hash, schedule
from publisher.rules import Refused, locked, need, same_version

_WAITING = "announcement.waiting"


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the approval of the present version is."""

    given: list[Approval]  #: bound to the present wording, the first first
    needed: int
    #: Who can still say yes: on duty for an emergency, else every approver; writers and those who did are left out.
    may: list[Person]
    #: An emergency for which fewer than two of the duty roster can approve, so that every approver may.
    beyond_roster: bool = False

    @property
    def missing(self) -> int:
        return max(0, self.needed - len(self.given))


def standing(announcement: Announcement, now: datetime) -> Standing:
    """Who said yes to the present version, how many are needed, and who can still give one."""
    given = _given(announcement, content_hash(announcement))
    able = may_act(approvers().exclude(pk__in=announcement.writers.values("pk")), now)
    needed, beyond = 1, False
    if announcement.urgent:
        needed = NEEDED
        roster = {person.pk for person in on_duty(now)}
        listed = [person for person in able if person.pk in roster]
        beyond = len(listed) < NEEDED
        able = able if beyond else listed
    done = {approval.person_id for approval in given}
    return Standing(given, needed, [person for person in able if person.pk not in done], beyond)


def approve(
    announcement: Announcement, person: Person, now: datetime, *, version: int, mandate: int | None = None
) -> Announcement:
    """Say yes to ``version`` of the wording, the one that was read, in one's office.

    mandate: key of the mandate acted under; None: the first in force, or the office written at the person.
    Nobody approves what they wrote, changed or submitted, nor in the stead of somebody who did. The last yes that
    is needed plans it for the wished time; an emergency goes out at once unless a later time was asked for. When
    the wished time of another one has passed meanwhile, it stays approved and waits for a new time.
    """
    need(person, Role.APPROVER)
    with transaction.atomic():
        row = locked(announcement)
        if row.state != AnnouncementState.SUBMITTED:
            raise Refused(_("Pengumuman ini tidak sedang menunggu persetujuan."))
        same_version(row, version)
        office = _office_for(row, person, now, mandate)
        so_far = standing(row, now)
        _refuse_second(so_far, person)
        approval = _say_yes(row, person, office, now)
        if so_far.missing > 1:
            _told("announcement.approved_first", row, approval, so_far)
        else:
            _complete(row, approval, so_far, now)
    row.refresh_from_db()
    return row


def give_back(
    announcement: Announcement, person: Person, now: datetime, note: str, *, version: int
) -> Announcement:
    """Return ``version`` of a submitted announcement to its author with a note; a first yes to it is void."""
    need(person, Role.APPROVER)
    if not note.strip():
        raise Refused(_("Tulis apa yang perlu diperbaiki."), {"note": _("Catatan belum diisi.")})
    with transaction.atomic():
        row = locked(announcement)
        if row.state != AnnouncementState.SUBMITTED:
            raise Refused(_("Pengumuman ini tidak sedang menunggu persetujuan."))
        same_version(row, version)
        Approval.objects.filter(announcement=row, version=row.version).delete()
        row.state, row.changed_at, row.note = AnnouncementState.REJECTED, now, note.strip()[:1000]
        row.save()
        record("announcement.returned", row.subject, actor=person, at=now, note=row.note)
    return row


def waiting_for(person: Person) -> QuerySet[Announcement]:
    """What ``person`` may say yes or no to: submitted, not written by them, and not yet approved by them."""
    said = Approval.objects.filter(announcement=OuterRef("pk"), version=OuterRef("version"), person=person)
    return Announcement.proper.filter(~Exists(said), state=AnnouncementState.SUBMITTED).exclude(
        writers=person
    )


def remind(now: datetime) -> int:
    """Note in the ledger, once for each submission, what has waited too long for a decision; gives how many.

    The spans are engine.toml's [speaking] remind_after and, for emergencies, remind_urgent_after, in seconds.
    """
    late = [row for row in _submitted() if is_late(row, now)]
    last = dict(
        Event.objects.filter(kind=_WAITING, subject__in=[row.subject for row in late])
        .values_list("subject")
        .annotate(last=Max("at"))
    )
    new = [row for row in late if row.subject not in last or last[row.subject] < row.changed_at]
    for row in new:
        record(_WAITING, row.subject, at=now, since=row.changed_at.isoformat(), version=row.version)
    return len(new)


def is_late(announcement: Announcement, now: datetime) -> bool:
    """Whether a submitted announcement has waited longer than it should."""
    name = "remind_urgent_after" if announcement.urgent else "remind_after"
    return now - announcement.changed_at > timedelta(seconds=settings.ENGINE["speaking"][name])


def able_on_duty(now: datetime) -> list[Person]:
    """Those of the duty roster who can approve an emergency now: approvers whose office or mandate holds."""
    roster = [person.pk for person in on_duty(now)]
    return may_act(approvers().filter(pk__in=roster), now)


def _submitted() -> QuerySet[Announcement]:
    return Announcement.proper.filter(state=AnnouncementState.SUBMITTED).order_by("changed_at")


def approvers() -> QuerySet[Person]:
    """Everyone who may approve; as ledger.roles.roles_of says, a superuser too."""
    holds = Q(groups__name=Role.APPROVER.value) | Q(is_superuser=True)
    return Person.objects.filter(holds, is_active=True).distinct().order_by("first_name", "username")


def _given(row: Announcement, hash_now: str) -> list[Approval]:
    rows = Approval.objects.filter(announcement=row, version=row.version, content_hash=hash_now)
    return list(rows.select_related("person").order_by("at", "pk"))


def _office_for(row: Announcement, person: Person, now: datetime, mandate: int | None) -> Office:
    if row.writers.filter(pk=person.pk).exists():
        raise Refused(_("Yang menulis, mengubah, atau mengajukan tidak dapat menyetujuinya sendiri."))
    office = office_of(person, now, mandate)
    if office.instead_of is not None and row.writers.filter(pk=office.instead_of.pk).exists():
        sentence = _("%(name)s ikut menulisnya, jadi tidak dapat disetujui atas namanya.")
        raise Refused(sentence % {"name": office.instead_of})
    return office


def _refuse_second(so_far: Standing, person: Person) -> None:
    if any(approval.person_id == person.pk for approval in so_far.given):
        raise Refused(_("Anda sudah menyetujuinya; persetujuan kedua harus dari orang lain."))
    if so_far.needed == NEEDED and person.pk not in {one.pk for one in so_far.may}:
        names = ", ".join(str(one) for one in so_far.may) or "–"
        sentence = _(
            "Keadaan darurat disetujui dua orang yang sedang piket. Yang dapat menyetujui sekarang: %(names)s."
        )
        raise Refused(sentence % {"names": names})


def _say_yes(row: Announcement, person: Person, office: Office, now: datetime) -> Approval:
    """One yes; an older one to bytes of this version that are no more is replaced."""
    approval, _new = Approval.objects.update_or_create(
        announcement=row,
        version=row.version,
        person=person,
        defaults={
            "office": office.name,
            "nip": office.nip,
            "letter": office.letter,
            "content_hash": content_hash(row),
            "at": now,
        },
    )
    return approval


def _complete(row: Announcement, approval: Approval, so_far: Standing, now: datetime) -> None:
    """The last yes that was needed: the announcement is approved, and planned."""
    row.state, row.changed_at, row.approved_at = AnnouncementState.APPROVED, now, now
    row.approved_by, row.approved_office = approval.person, approval.office
    row.approved_hash = approval.content_hash
    row.save()
    _told("announcement.approved", row, approval, so_far)
    wished = row.publish_at
    if wished is None or wished > now or row.urgent:
        schedule(row, approval.person, now, max(wished or now, now))


def _told(kind: str, row: Announcement, approval: Approval, so_far: Standing) -> None:
    number = len(so_far.given) + 1
    record(
        kind,
        row.subject,
        actor=approval.person,
        at=approval.at,
        office=approval.office,
        nip=approval.nip,
        letter=approval.letter,
        hash=approval.content_hash,
        number=number,
        needed=so_far.needed,
        beyond_roster=so_far.beyond_roster,
    )
