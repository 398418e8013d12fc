"""Emergencies: who must know at once, acknowledged by a person within minutes, escalating until it is.

The ladder stands in answering.toml ([emergency]). It never ends in silence: its last step repeats. Quiet hours do not
apply, and an emergency of another body is handed on all the same: people are in danger, whoever is responsible.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from cases import routing
from cases.handoff import plan
from cases.models import ENDED, Case, Gate, HandOff, HandOffState, Receiver, ReceiverSort, State
from cases.refusal import NotAllowed
from cases.scope import check, seen_by
from city.models import Unit
from ledger.chain import record
from ledger.models import Person
from ledger.roles import Role

log = logging.getLogger(__name__)

PURPOSE = "emergency"
#: A hand-off that is still on its way, or waits for a person, is not begun again: it would come twice.
_UNDER_WAY = (
    HandOffState.PLANNED,
    HandOffState.CLAIMED,
    HandOffState.SENDING,
    HandOffState.RETRYING,
    HandOffState.UNKNOWN,
    HandOffState.NEEDS_PERSON,
)
#: Somebody works on it: that is more than having seen it.
_IN_HAND = (State.IN_PROGRESS, State.ANSWERED)
#: At most so many are escalated in one pass.
_LIMIT = 200


def first(case: Case, now: datetime) -> None:
    """Hand a new emergency to the URC and to 1500444 at once, and start its ladder; nothing for other cases."""
    if case.gate != Gate.EMERGENCY or case.acknowledged_at is not None:
        return
    _give(case, now)
    _tell(case, _receivers(case, unit=True, call_center=True, ladder=[0]), now)
    until = now + timedelta(minutes=_steps()[0]["minutes"])
    Case.objects.filter(pk=case.pk, escalate_at=None).update(escalate_at=until)
    case.refresh_from_db()


def anew(case: Case, now: datetime) -> None:
    """An emergency that begins again (taken up again, sent back by the unit that had seen it, or put on this way once

    more): whoever saw it before has not seen this. A new round of hand-offs, and the ladder from its first step.
    """
    if case.gate != Gate.EMERGENCY:
        return
    until = now + timedelta(minutes=_steps()[0]["minutes"])
    Case.objects.filter(pk=case.pk).update(
        acknowledged_at=None, acknowledged_by=None, escalations=0, escalate_at=until
    )
    case.refresh_from_db()
    if case.unit is not None and routing.present(case) is None:
        _back_to(case, case.unit, now)
    _give(case, now)
    _tell(case, _receivers(case, unit=True, call_center=True, ladder=[0]), now, again=True)
    case.refresh_from_db()


def sent_back(case: Case, now: datetime, *, often: bool) -> None:
    """A unit refused an emergency: another one gets it at once, and whoever had seen it there has it no longer.

    often: it went back and forth too often for the machine to go on giving it away; then the ladder calls people.
    """
    if case.gate != Gate.EMERGENCY:
        return
    if often:
        until = now + timedelta(minutes=_steps()[0]["minutes"])
        seen = Case.objects.filter(pk=case.pk, acknowledged_at__isnull=False)
        seen.update(acknowledged_at=None, acknowledged_by=None, escalate_at=until)
    elif case.acknowledged_at is not None:
        anew(case, now)
    else:
        _give(case, now)
    case.refresh_from_db()


@transaction.atomic
def acknowledge(case: Case, person: Person | None, now: datetime) -> bool:
    """Somebody has seen it: the ladder stops. Gives whether this was the first word; later ones change nothing.

    ``person`` None: a receiver said so, by a link or its status. Raises NotAllowed for another unit's officer.
    """
    check(case, person)
    rows = Case.objects.filter(pk=case.pk, gate=Gate.EMERGENCY, acknowledged_at=None)
    done = bool(rows.update(acknowledged_at=now, acknowledged_by=person, escalate_at=None))
    if done:
        seconds = round((now - case.opened_at).total_seconds())
        record("case.acknowledged", case.subject, actor=person, at=now, seconds=seconds)
        case.refresh_from_db()
    return done


def stop(case: Case) -> None:
    """It is no emergency (any more): nobody is told again."""
    Case.objects.filter(pk=case.pk).update(escalate_at=None)


def waits(case: Case) -> bool:
    """Whether this emergency still waits for somebody to say that they have seen it."""
    return case.gate == Gate.EMERGENCY and case.acknowledged_at is None and case.state not in ENDED


def unseen() -> "list[Case]":
    """Emergencies that nobody has acknowledged, the oldest first."""
    rows = Case.objects.filter(escalate_at__isnull=False, acknowledged_at=None).exclude(state__in=ENDED)
    return list(rows.select_related("mention", "unit").order_by("opened_at", "pk")[:_LIMIT])


def unseen_by(person: Person, roles: frozenset[Role]) -> "list[Case]":
    """Those of them that ``person`` may see, at most twenty. One query: it is asked for on every page."""
    rows = seen_by(person, roles).filter(escalate_at__isnull=False, acknowledged_at=None)
    return list(rows.exclude(state__in=ENDED).order_by("opened_at", "pk")[:20])


def look_after(now: datetime) -> int:
    """Take the next step of every ladder whose time has come; gives how many. Safe in several processes at once."""
    rows = Case.objects.filter(escalate_at__lte=now).order_by("escalate_at", "pk")
    return sum(_stepped(pk, now) for pk in list(rows.values_list("pk", flat=True)[:_LIMIT]))


def _stepped(pk: int, now: datetime) -> bool:
    """Whether it took its step. One that cannot does not keep the others from calling; it is tried again."""
    try:
        return _next_step(pk, now)
    except Exception:  # whatever it is: people are in danger elsewhere too
        log.exception("the emergency of case %s cannot take its next step", pk)
        return False


@transaction.atomic
def _next_step(pk: int, now: datetime) -> bool:
    case = Case.objects.select_for_update().get(pk=pk)
    if case.escalate_at is None or case.escalate_at > now:  # another process was faster
        return False
    if case.state in ENDED or case.gate != Gate.EMERGENCY:
        stop(case)
        return False
    if case.state in _IN_HAND:
        return acknowledge(case, None, now)
    number = case.escalations
    step = _steps()[min(number, len(_steps()) - 1)]
    values = {"escalations": F("escalations") + 1, "escalate_at": now + _until_next(number)}
    Case.objects.filter(pk=pk).update(**values)
    case.refresh_from_db()
    _give(case, now)
    told = _tell(case, _receivers(case, step["unit"], step["call_center"], step["ladder"]), now, again=True)
    record("case.escalated", case.subject, at=now, step=number + 1, told=told)
    return True


def _give(case: Case, now: datetime) -> None:
    """A unit for it, where it has none: the best that has not refused, or the one that takes every emergency."""
    if case.unit_id is None:
        try:
            routing.first(case, now)
        except NotAllowed as refusal:  # the others are told all the same
            record("case.unrouted", case.subject, at=now, note=str(refusal)[:500])
        case.refresh_from_db()
    if case.unit is not None:
        plan.plan_for_unit(case, case.unit, now, PURPOSE)


def _back_to(case: Case, unit: Unit, now: datetime) -> None:
    """Give it to the unit that had it; nobody has it where that one cannot take it any more."""
    try:
        routing.assign(case, unit, None, now, _("Darurat dibuka kembali."))
    except NotAllowed:
        Case.objects.filter(pk=case.pk).update(unit=None, assignee=None)
    case.refresh_from_db()


def _receivers(case: Case, unit: bool, call_center: bool, ladder: list[int]) -> list[Receiver]:
    """Who is told: the unit's own, the call center, and those whose setting "ladder" names one of the rungs."""
    rows = Receiver.objects.filter(Q(unit=None) | Q(unit=case.unit_id), enabled=True).order_by("pk")
    return [one for one in rows if _is_told(one, unit, call_center, ladder)]


def _is_told(one: Receiver, unit: bool, call_center: bool, ladder: list[int]) -> bool:
    if (rung := one.settings.get("ladder")) is not None:
        return rung in ladder
    if one.sort == ReceiverSort.CALL_CENTER:
        return call_center
    return unit and one.unit_id is not None


def _tell(case: Case, receivers: list[Receiver], now: datetime, *, again: bool = False) -> int:
    """Plan a hand-off to each, a new round where ``again``; gives how many were begun."""
    under_way = HandOff.objects.filter(case=case, purpose=PURPOSE, state__in=_UNDER_WAY)
    skipped = set(under_way.values_list("receiver_id", flat=True)) if again else set()
    fresh = [one for one in receivers if one.pk not in skipped]
    for one in fresh:
        note = _("Darurat: mohon dibalas bahwa sudah dilihat.") if again else ""
        plan.plan(case, one, now, purpose=PURPOSE, note=note, again=again)
    return len(fresh)


def _until_next(number: int) -> timedelta:
    """From one step of the ladder to the next; after the last one, the time of its repetition."""
    steps = _steps()
    if number + 1 < len(steps):
        return timedelta(minutes=max(1, steps[number + 1]["minutes"] - steps[number]["minutes"]))
    return timedelta(minutes=settings.ANSWERING["emergency"]["repeat"])


def _steps() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = settings.ANSWERING["emergency"]["step"]
    return found
