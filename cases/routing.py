"""Whose matter it is: kind, topic, place and authority lead to a unit; a person chooses among the best three."""

from datetime import date, datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from cases import route_learning, scope, search
from cases.handoff.plan import cancel, plan_for_unit, tell_unit
from cases.models import ENDED, Assignment, AssignmentEnd, Case, Gate, HandOff, HandOffState, State
from cases.refusal import NotAllowed
from cases.route_seed import seed_all
from cases.route_suggest import Suggestion as Suggestion
from cases.route_suggest import fits_gate, suggest_for
from cases.routes import matter_of
from city.masks import mask
from city.models import Unit, standing
from city.units import heirs, on_day, stands
from ledger.chain import record
from ledger.models import Person
from publisher.mandates import day_of

#: States in which a case can be given to a unit, or to another one.
OPEN = (State.RECEIVED, State.VERIFIED, State.ASSIGNED, State.IN_PROGRESS)
#: States in which the unit that stands has it in hand.
_AT_WORK = (State.ASSIGNED, State.IN_PROGRESS)
#: Hand-offs that can still be taken back when the unit changes.
_NOT_GONE = (HandOffState.PLANNED, HandOffState.RETRYING, HandOffState.NEEDS_PERSON)


def seed(now: datetime) -> tuple[int, int]:
    """Units and lines from units.toml and routing.toml that are missing; gives how many of each were made."""
    made = seed_all()
    if any(made):
        record("routing.seeded", "routing:table", at=now, units=made[0], routes=made[1])
    return made


def suggest(case: Case, on: date) -> list[Suggestion]:
    """The best three units for a case on a local day, each with its reasons; [] where nothing leads anywhere."""
    return suggest_for(matter_of(case), heirs(on), case)


def first(case: Case, now: datetime) -> None:
    """What a new case needs of routing before anybody has looked: an emergency is given to its unit at once."""
    if case.gate == Gate.EMERGENCY and case.unit_id is None:
        unit = _for_emergency(case, day_of(now))
        if unit is not None:
            assign(case, unit, None, now, _("Darurat: diteruskan seketika ke unit teratas."))


def _for_emergency(case: Case, day: date) -> Unit | None:
    best = next((one.unit for one in suggest(case, day) if not one.refused), None)
    return best or on_day(settings.ROUTING["emergency"]["unit"], day)


def present(case: Case) -> Assignment | None:
    """The assignment that stands; None while nobody has the case."""
    return case.assignments.filter(ended_at__isnull=True).select_related("unit").first()


@transaction.atomic
def assign(
    case: Case, unit: Unit, person: Person | None, now: datetime, why: str = "", *, seen: int | None = None
) -> Assignment:
    """Give a case to a unit, or to another one, and plan its hand-off. Raises NotAllowed with a sentence.

    ``case`` is as the person saw it: when somebody else gave it away meanwhile, this one is refused. The machine
    giving a case to the unit that has it already changes nothing.

    seen: id of the assignment on the page that the person answers, 0 for none; None: there was no page.
    """
    scope.check(case, person)
    locked = _as_seen(case, seen)
    standing = present(locked)
    if standing is not None and standing.unit_id == unit.pk and person is None:
        return standing
    _may_go(locked, unit, standing, now)
    suggested = _snapshot(suggest(locked, day_of(now)))
    why = mask(why.strip())[:500]
    same = standing is not None and standing.unit_id == unit.pk
    if standing is not None and same:
        _end(standing, AssignmentEnd.DONE, why, now)  # taken up again: its first turn was over
    elif standing is not None:
        _leave(standing, AssignmentEnd.MOVED, why, person, now)
    again = Assignment.objects.filter(case=locked, unit=unit).exists()
    made = Assignment.objects.create(case=locked, unit=unit, by=person, at=now, why=why, suggested=suggested)
    Case.objects.filter(pk=case.pk).update(unit=unit, assignee=None, changed_at=now)
    told = {"unit": unit.key, "name": unit.short, "old": standing.unit.short if standing else "", "note": why}
    record("case.assigned", case.subject, actor=person, at=now, **told)
    search.keep(case.pk)
    _walk(case, State.ASSIGNED, person, now)
    purpose = _purpose(case, again)
    # An emergency that begins again told its unit at that moment (emergencies.anew).
    plan_for_unit(case, unit, now, purpose, person, again=again and not (same and purpose == "emergency"))
    return made


def _purpose(case: Case, again: bool) -> str:
    """As what the unit gets the case; again: it had it before."""
    if case.gate == Gate.EMERGENCY:
        return "emergency"
    return "reopen" if again and case.reopened else "assign"


def accepted(case: Case, now: datetime, person: Person | None = None) -> None:
    """The unit said that the case is theirs; a repeat changes nothing."""
    with transaction.atomic():
        standing = present(case)
        if standing is None:
            return
        rows = Assignment.objects.filter(pk=standing.pk, accepted_at__isnull=True, ended_at__isnull=True)
        if rows.update(accepted_at=now):
            route_learning.accepted(standing, now)
            record("case.accepted", case.subject, actor=person, at=now, name=standing.unit.short)


@transaction.atomic
def refuse(case: Case, person: Person | None, now: datetime, why: str) -> None:
    """The unit sends a case back. Raises NotAllowed without a reason, and where no unit has it."""
    from cases import emergencies  # it gives emergencies to units, through this file

    why = mask(why.strip())[:500]
    if not why:
        raise NotAllowed(_("Tulis alasannya, agar meja koordinasi tahu ke mana kasus ini harus pergi."))
    scope.check(case, person)
    locked = _as_seen(case)
    standing = present(locked)
    if standing is None or locked.state not in OPEN:
        raise NotAllowed(
            _("Kasus ini sedang tidak ada pada unit mana pun, jadi tidak ada yang dapat ditolak.")
        )
    _leave(standing, AssignmentEnd.REFUSED, why, person, now)
    count = refusals(locked)
    told = {"unit": standing.unit.key, "name": standing.unit.short, "count": count, "note": why}
    record("case.refused", case.subject, actor=person, at=now, **told)
    if goes_back_and_forth(count):
        record("case.ping_pong", case.subject, at=now, count=count)
    _walk(case, State.VERIFIED, person, now)
    Case.objects.filter(pk=case.pk).update(unit=None, assignee=None)  # where it was not given by these steps
    search.keep(case.pk)
    case.refresh_from_db()
    emergencies.sent_back(case, now, often=goes_back_and_forth(count))


def moved(case: Case, before: State, now: datetime, person: Person | None = None) -> None:
    """What a step of the case says of its assignment: work that has begun is a yes. Called by ``act`` after it.

    A case that was taken up again and goes on with the unit written on it is told to that unit anew.
    """
    if case.state == State.IN_PROGRESS and before == State.ASSIGNED:
        accepted(case, now, person)
    again = case.reopened and (before, case.state) == (State.VERIFIED, State.ASSIGNED)
    if (
        not again or case.unit is None or case.gate == Gate.EMERGENCY
    ):  # an emergency has told it (emergencies.anew)
        return
    by_assign = case.assignments.filter(
        at=now
    ).exists()  # ``assign`` takes the step, and tells the unit itself
    if not by_assign:
        plan_for_unit(case, case.unit, now, _purpose(case, True), person, again=True)


def place_told(case: Case, now: datetime) -> None:
    """The citizen has told where it is. Whoever was asked to come is told; an emergency that the machine gave away

    before anybody knew the place, and that nobody has taken yet, goes to the unit of that place.
    """
    standing = present(case)
    if standing is None:
        return  # it will be given away by its place
    best = next((one.unit for one in suggest(case, day_of(now)) if not one.refused), None)
    untouched = standing.by_id is None and standing.accepted_at is None and case.acknowledged_at is None
    if best is not None and best.pk != standing.unit_id and untouched and case.state == State.ASSIGNED:
        assign(case, best, None, now, _("Warga menyebut tempatnya: %(place)s.") % {"place": case.place})
    else:
        tell_unit(case, standing.unit, now)


def ended(case: Case, end: AssignmentEnd, now: datetime, *, taken: bool = False) -> None:
    """The unit has the case no longer, because it is over or (``taken``) went back to the coordinating desk."""
    standing = present(case)
    if standing is None:
        return
    _end(standing, end, "", now)
    if end == AssignmentEnd.DONE:
        route_learning.finished(standing, now)
    elif taken:
        route_learning.taken_away(standing)
        _call_back(standing, None, now)


def refusals(case: Case) -> int:
    """How often units sent this case back."""
    return case.assignments.filter(end=AssignmentEnd.REFUSED).count()


def ping_pong(limit: int = 50) -> list[tuple[Case, int]]:
    """Open cases that went back and forth too often, with how often each was refused; the oftenest first."""
    rows = Assignment.objects.filter(end=AssignmentEnd.REFUSED).exclude(case__state__in=ENDED)
    counted = rows.order_by().values_list("case_id").annotate(times=Count("pk")).filter(times__gte=_limit())
    times = dict(counted.order_by("-times", "-case_id")[:limit])
    cases = Case.objects.select_related("mention", "unit").in_bulk(list(times)) if times else {}
    return [(cases[pk], count) for pk, count in times.items()]


def goes_back_and_forth(count: int) -> bool:
    """Whether so many refusals of one case are for the coordinating desk to look at."""
    return count >= _limit()


def choices(case: Case, on: date) -> list[Unit]:
    """Every unit that a case can be given to on a day, for a free choice."""
    return [unit for unit in standing(on) if not unit.outside and fits_gate(unit, case.gate)]


def _limit() -> int:
    return int(settings.ROUTING["ping_pong"]["refusals"])


def _as_seen(case: Case, seen: int | None = None) -> Case:
    """The case under its lock. Raises NotAllowed when its unit or state is not what the caller saw."""
    locked = Case.objects.select_for_update(of=("self",)).select_related("unit").get(pk=case.pk)
    now_there = present(locked) if seen is not None else None
    other = seen is not None and seen != (now_there.pk if now_there else 0)
    if locked.unit is not None and (other or locked.unit_id != case.unit_id):
        raise NotAllowed(
            _("Kasus ini baru saja diberikan kepada %(unit)s. Muat ulang halaman bila tetap perlu dipindah.")
            % {"unit": locked.unit.short}
        )
    if other or (locked.unit_id, locked.state) != (case.unit_id, case.state):
        raise NotAllowed(_("Kasus ini baru saja diubah orang lain. Muat ulang halaman."))
    return locked


def _may_go(case: Case, unit: Unit, standing: Assignment | None, now: datetime) -> None:
    """Raises NotAllowed where ``unit`` cannot take ``case`` now."""
    if case.state not in OPEN:
        state = {"state": case.get_state_display()}
        raise NotAllowed(_("Kasus yang “%(state)s” tidak dapat diberikan kepada unit.") % state)
    if unit.outside:
        raise NotAllowed(
            _(
                "%(unit)s bukan perangkat kota. Pilih jalur “bukan kewenangan kota”, lalu arahkan warganya ke sana."
            )
            % {"unit": unit.short}
        )
    if not fits_gate(unit, case.gate):
        raise NotAllowed(
            _("Kasus ini ditandai bukan kewenangan kota. Ubah jalurnya dahulu, lalu berikan kepada unit.")
        )
    if not stands(unit, day_of(now)):
        raise NotAllowed(_over(unit))
    if standing is not None and standing.unit_id == unit.pk and case.state in _AT_WORK:
        raise NotAllowed(_("Kasus ini sudah ada pada %(unit)s.") % {"unit": unit.short})


def _over(unit: Unit) -> str:
    words = {"unit": unit.short, "heir": unit.successor.short if unit.successor else ""}
    if unit.successor is not None:
        return _("%(unit)s tidak berlaku pada hari ini. Penggantinya %(heir)s.") % words
    return _("%(unit)s tidak berlaku pada hari ini. Pilih unit lain.") % words


def _leave(standing: Assignment, end: AssignmentEnd, why: str, person: Person | None, now: datetime) -> None:
    """End an assignment: what it taught, and what of it has not left the house yet."""
    _end(standing, end, why, now)
    if end == AssignmentEnd.REFUSED:
        route_learning.refused(standing, now)
    else:
        route_learning.taken_away(standing)
    _call_back(standing, person, now)


def _end(standing: Assignment, end: AssignmentEnd, why: str, now: datetime) -> None:
    rows = Assignment.objects.filter(pk=standing.pk, ended_at__isnull=True)
    if not rows.update(ended_at=now, end=end, end_why=why):
        raise NotAllowed(_("Kasus ini baru saja diubah orang lain. Muat ulang halaman."))


def _call_back(standing: Assignment, person: Person | None, now: datetime) -> None:
    """Hand-offs to the unit that have not left yet are cancelled; what was sent stays as it was sent."""
    rows = HandOff.objects.filter(
        case=standing.case_id, receiver__unit=standing.unit_id, state__in=_NOT_GONE
    ).select_related("receiver", "case")
    for handoff in rows.order_by("id"):
        cancel(handoff, person, now, _("Kasus tidak lagi ada pada unit ini."))


def _walk(case: Case, goal: State, person: Person | None, now: datetime) -> None:
    """Bring the case to ASSIGNED (or back to VERIFIED) by the house's own steps, so that all follows from each.

    Somebody who gave the case to another unit may not act on it any more; the rest is the machine's.
    """
    from cases import act  # it calls moved() above

    case.refresh_from_db()
    person = _still_theirs(case, person)
    steps = {
        (State.RECEIVED, State.ASSIGNED): State.VERIFIED,
        (State.IN_PROGRESS, State.VERIFIED): State.ASSIGNED,
    }
    while case.state != goal:
        act.move(case, steps.get((State(case.state), goal), goal), person, now)


def _still_theirs(case: Case, person: Person | None) -> Person | None:
    try:
        scope.check(case, person)
    except NotAllowed:
        return None
    return person


def _snapshot(found: list[Suggestion]) -> list[dict[str, object]]:
    """What was suggested, as it is kept with an assignment."""
    return [{"unit": one.unit.key, "score": one.score, "why": "; ".join(one.why)} for one in found]
