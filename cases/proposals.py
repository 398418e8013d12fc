"""From listening to speaking: what an incident or a spike suggests to announce, and what not to say beside it.

Nothing here goes out. A person takes a proposal, which makes a draft in their name (and a pause, where they may and
want it), or declines it with a reason. Each incident and each spike proposes one kind once. While nobody has decided,
the numbers and places in it follow the cases.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cases.models import ENDED, Incident, IncidentState, Proposal, ProposalState, Spike, State
from cases.proposal_content import content, kind_for, matter_of, matter_of_spike, who
from cases.refusal import NotAllowed
from classifiers.core.urgency import Level
from ledger.chain import record
from ledger.models import Person
from ledger.roles import Role, roles_of
from publisher import newsroom, pause
from publisher.kinds import kinds
from publisher.models import Announcement, Pause
from publisher.rules import Refused

#: A proposal that nobody decided is no longer brought up to date after this.
_FRESH = timedelta(hours=24)
#: Who may decline one: whoever may make the draft, decide on it, or knows the cases.
_MAY_DECLINE = frozenset({Role.AUTHOR, Role.APPROVER, Role.OFFICER})


def look_after(now: datetime) -> int:
    """Propose what is due, and renew what waits; each minute. Gives how many proposals are new."""
    made = sum(_from_incident(incident, now) for incident in _due(now))
    made += sum(_from_spike(spike, now) for spike in _due_spikes(now))
    for row in Proposal.objects.filter(state=ProposalState.OPEN, made_at__gte=now - _FRESH):
        _renew(row)
    return made


def waiting() -> QuerySet[Proposal]:
    """The proposals on which nobody has decided, the newest first."""
    rows = Proposal.objects.filter(state=ProposalState.OPEN).select_related("incident", "spike")
    return rows.order_by("-made_at", "-id")


def missing(proposal: Proposal) -> list[str]:
    """What the kind's own check still finds, as sentences; [] when the draft is complete."""
    known = kinds().get(proposal.kind)
    return (
        list(known.check(proposal.fields).values()) if known else [_("Jenis pengumuman ini tidak ada lagi.")]
    )


def kind_name(proposal: Proposal) -> str:
    """What the proposed kind is called, in the language of the page."""
    known = kinds().get(proposal.kind)
    return known.name_in(get_language() or "id") if known else proposal.kind


def lines(proposal: Proposal) -> list[tuple[str, str]]:
    """The filled fields by their labels, as people read them."""
    known = kinds().get(proposal.kind)
    if known is None:
        return []
    said = known.shown(proposal.fields)
    return [(one.label, said[one.name]) for one in known.fields if said.get(one.name)]


def may_take(person: Person) -> bool:
    return Role.AUTHOR in roles_of(person)


def may_pause(person: Person) -> bool:
    return bool(roles_of(person) & {Role.APPROVER, Role.ADMINISTRATOR})


def take(
    proposal: Proposal, person: Person, now: datetime, *, with_pause: bool = False, official: str = ""
) -> Announcement:
    """Make the draft in the person's name; with the pause where it is ticked. Raises NotAllowed with a sentence.

    official: who cleared the pause, with the office.
    """
    try:
        with transaction.atomic():
            _claim(proposal, ProposalState.TAKEN, person, now)
            draft = newsroom.draft(
                proposal.kind, proposal.fields, person, now, more={"kecamatan": proposal.kecamatan}
            )
            stopped = _paused(proposal, person, now, official) if with_pause else None
            Proposal.objects.filter(pk=proposal.pk).update(announcement=draft, pause=stopped)
            about = {"announcement": draft.pk, "pause": stopped.pk if stopped else None}
            record("proposal.taken", subject(proposal), actor=person, at=now, proposal=proposal.pk, **about)
    except Refused as refusal:
        raise NotAllowed(" ".join([str(refusal), *refusal.by_field.values()])) from refusal
    proposal.refresh_from_db()
    return draft


def only_pause(proposal: Proposal, person: Person, now: datetime, official: str) -> Pause:
    """Begin the proposed pause alone: whoever may pause need not be the one who writes. Raises NotAllowed."""
    try:
        with transaction.atomic():
            row = Proposal.objects.select_for_update().get(pk=proposal.pk)
            if row.pause_id is not None:
                raise NotAllowed(_("Jeda dari usulan ini sudah dimulai."))
            if row.state == ProposalState.DECLINED or not row.pause_classes:
                raise NotAllowed(_("Usulan ini tidak menunggu jeda."))
            made = _paused(row, person, now, official)
            Proposal.objects.filter(pk=row.pk).update(pause=made)
            record("proposal.paused", subject(row), actor=person, at=now, proposal=row.pk, pause=made.pk)
    except Refused as refusal:
        raise NotAllowed(" ".join([str(refusal), *refusal.by_field.values()])) from refusal
    proposal.refresh_from_db()
    return made


def decline(proposal: Proposal, person: Person, now: datetime, why: str) -> None:
    """Leave it. Raises NotAllowed with a sentence."""
    if not roles_of(person) & _MAY_DECLINE:
        raise NotAllowed(_("Anda tidak mempunyai tugas untuk langkah ini."))
    if not why.strip():
        raise NotAllowed(_("Tulis mengapa pengumuman ini tidak perlu; petugas lain membacanya."))
    with transaction.atomic():
        _claim(proposal, ProposalState.DECLINED, person, now)
        record(
            "proposal.declined",
            subject(proposal),
            actor=person,
            at=now,
            proposal=proposal.pk,
            note=why.strip()[:500],
        )
    proposal.refresh_from_db()


def subject(proposal: Proposal) -> str:
    """A proposal is told in the history of what it is about."""
    return f"incident:{proposal.incident_id}" if proposal.incident_id else f"spike:{proposal.spike_id}"


def _due(now: datetime) -> Iterator[Incident]:
    """Open incidents of the last hours that propose nothing yet and are large or dangerous enough."""
    table = settings.ANSWERING["proposals"]
    since = now - timedelta(hours=table["hours"])
    none = ~Exists(Proposal.objects.filter(incident=OuterRef("pk")))
    fresh = Q(cases__opened_at__gte=since)
    waits = Q(cases__mention__verdict__urgency=Level.EMERGENCY.value) & ~Q(
        cases__state__in=[*ENDED, State.ANSWERED]
    )
    rows = Incident.objects.filter(none, state=IncidentState.OPEN, last_at__gte=since).annotate(
        lately=Count("cases", distinct=True, filter=fresh),
        urgent=Count("cases", distinct=True, filter=waits),
    )
    for incident in rows.filter(Q(lately__gte=table["people"]) | Q(urgent__gt=0)).order_by("pk"):
        lately = incident.cases.filter(opened_at__gte=since).select_related("mention")
        if incident.urgent or len({who(one.mention) for one in lately}) >= table["people"]:
            yield incident


def _due_spikes(now: datetime) -> Iterator[Spike]:
    """Open spikes of a topic or place beside which no incident and no other spike proposes the same already."""
    none = ~Exists(Proposal.objects.filter(spike=OuterRef("pk")))
    yield from (
        Spike.objects.filter(none, ended_at=None, told_at__isnull=False).exclude(scope="all").order_by("pk")
    )


def _from_incident(incident: Incident, now: datetime) -> bool:
    matter = matter_of(incident)
    kind = kind_for(matter)
    if not kind:
        return False
    with transaction.atomic():
        proposal, made = Proposal.objects.get_or_create(
            incident=incident, kind=kind, defaults={**content(kind, matter), "made_at": now}
        )
        if made:
            record("proposal.made", incident.subject, at=now, proposal=proposal.pk, about=kind)
    return made


def _from_spike(spike: Spike, now: datetime) -> bool:
    matter = matter_of_spike(spike)
    kind = kind_for(matter)
    if not kind:
        return False
    with transaction.atomic():
        locked = Spike.objects.select_for_update().get(pk=spike.pk)
        # Several scopes stand out by one happening; whoever was asked once is not asked again within the day.
        lately = Proposal.objects.filter(kind=kind, made_at__gte=now - _FRESH)
        areas = set(matter.kecamatan)
        if any(not row.kecamatan or areas & set(row.kecamatan) or not areas for row in lately):
            return False
        made = Proposal.objects.create(spike=locked, kind=kind, made_at=now, **content(kind, matter))
        record("proposal.made", spike.subject, at=now, proposal=made.pk, about=kind)
    return True


def _renew(row: Proposal) -> None:
    """Bring the content of an undecided proposal up to what is known now. Not recorded: nobody did anything."""
    if row.incident is not None:
        matter = matter_of(row.incident)
    elif row.spike is not None:
        matter = matter_of_spike(row.spike)
    else:
        return
    fresh = content(row.kind, matter)
    if any(getattr(row, name) != value for name, value in fresh.items()):
        Proposal.objects.filter(pk=row.pk, state=ProposalState.OPEN).update(**fresh)


def _claim(proposal: Proposal, state: ProposalState, person: Person, now: datetime) -> None:
    """Whoever changes the open row decides."""
    open_now = Proposal.objects.filter(pk=proposal.pk, state=ProposalState.OPEN)
    if not open_now.update(state=state, decided_by=person, decided_at=now):
        raise NotAllowed(_("Usulan ini sudah diputuskan orang lain. Muat ulang halaman."))


def _paused(proposal: Proposal, person: Person, now: datetime, official: str) -> Pause:
    hours = settings.ANSWERING["proposals"]["pause_hours"]
    return pause.start(
        person,
        now,
        proposal.why[:300],
        official,
        classes=proposal.pause_classes,
        kecamatan=proposal.kecamatan,
        ends_at=now + timedelta(hours=hours),
    )
