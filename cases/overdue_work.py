"""What the engine does about limits each minute: each is noted once, those of the office in office hours."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from cases.act import NotAllowed, move
from cases.clock_lists import due_soon, overdue, running, soon
from cases.clock_rows import Change, finish
from cases.clock_rules import rule_of, rules
from cases.models import Case, Clock, State
from city.office import office
from ledger.chain import record

#: At most so many clocks of each sort are looked after in one pass; the next one takes the rest.
_LIMIT = 500


def look_after(now: datetime) -> int:
    """Note what is late and what will be soon, once each, and close what nobody answered; gives how many.

    Office clocks are looked after in office hours only: nobody is woken for a limit that Monday can keep.
    """
    is_open = office().is_open(now)
    awake = [rule for rule in rules().values() if rule.always or is_open]
    late = overdue(now).filter(late_at=None, rule__in=[rule.key for rule in awake])
    near = due_soon(now).filter(warned_at=None, late_at=None).filter(soon(now, awake))
    over = running().filter(due_at__lt=now, rule__in=[rule.key for rule in awake if rule.closes])
    return (
        sum(_note(row, now, "late_at") for row in late[:_LIMIT])
        + sum(_note(row, now, "warned_at") for row in near[:_LIMIT])
        + sum(_close(row, now) for row in over.order_by("due_at")[:_LIMIT])
    )


@transaction.atomic
def _note(row: Clock, now: datetime, field: str) -> bool:
    """Say it once: the process that fills the field writes the event."""
    if not running().filter(pk=row.pk, **{field: None}).update(**{field: now}):
        return False
    if field == "late_at":
        record("clock.late", row.subject, at=now, rule=row.rule, due_at=row.due_at.isoformat())
    else:
        record("clock.warned", row.subject, at=now, rule=row.rule, due_at=row.due_at.isoformat())
    return True


@transaction.atomic
def _close(row: Clock, now: datetime) -> bool:
    """Close the case, unless its citizen says that it is not solved (contested_at); then the timer is void."""
    case = Case.objects.select_for_update(of=("self",)).filter(clocks=row.pk).first()
    if case is None or case.state != State.ANSWERED or case.contested_at is not None:
        change = Change()
        change.add(row, finish(row, now, void=True))
        change.tell(row.subject, now)
        return True
    try:
        move(case, State.CLOSED, None, now, _why(row))
    except NotAllowed:  # somebody has just moved it: their step has ended the clock
        return False
    return True


def _why(row: Clock) -> str:
    rule = rule_of(row.rule)
    length = rule.version(row.version).length if rule else 0
    said = _("Ditutup otomatis: %(days)s hari kerja tanpa tanggapan sejak dijawab. %(citation)s")
    return said % {"days": length, "citation": row.citation}
