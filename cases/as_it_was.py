"""A case as it stands, kept as plain data, so that a merge or a bulk act can be taken back exactly."""

from datetime import datetime
from typing import Any

from cases import search
from cases.handoff.plan import cancel
from cases.models import ENDED, Assignment, Case, Clock, ClockOutcome, HandOff, HandOffState, Reply
from monitor.originals import after_case
from monitor.originals import hold as hold_original

#: What JSON can hold: {"case": id, "state": ..., "unit": id or None, ...}; see ``kept``.
Kept = dict[str, Any]
_TIMES = ("answered_at", "ended_at", "escalate_at")
#: Hand-offs that have certainly not left the house, or are known not to have arrived.
WAITING = (HandOffState.PLANNED, HandOffState.RETRYING, HandOffState.NEEDS_PERSON)


def kept(case: Case) -> Kept:
    """How ``case`` stands now. Must run in the transaction that then changes it."""
    present = Assignment.objects.filter(case=case, ended_at__isnull=True).values_list("pk", flat=True).first()
    running = Clock.objects.filter(case=case, outcome=ClockOutcome.RUNNING)
    handoffs = HandOff.objects.filter(case=case)
    return {
        "case": case.pk,
        "state": case.state,
        "unit": case.unit_id,
        "assignee": case.assignee_id,
        "into": case.into_id,
        **{name: _written(getattr(case, name)) for name in _TIMES},
        "reopened": case.reopened,
        "assignment": present,
        "clocks": [_clock(row) for row in running],
        "handoffs": {str(row.pk): row.state for row in handoffs},
        "replies": list(Reply.objects.filter(case=case).values_list("pk", flat=True)),
    }


def put_back(case: Case, was: Kept, now: datetime) -> None:
    """Make ``case`` (locked, or claimed by a conditional UPDATE in this transaction) stand as it stood."""
    times = {name: _read(was[name]) for name in _TIMES}
    Case.objects.filter(pk=case.pk).update(
        state=was["state"],
        unit=was["unit"],
        assignee=was["assignee"],
        into=was["into"],
        reopened=was["reopened"],
        changed_at=now,
        **times,
    )
    hold_original(case.mention_id, after_case(times["ended_at"] or now) if was["state"] in ENDED else None)
    _assignment_back(case, was["assignment"], now)
    _clocks_back(case, was["clocks"], now)
    search.keep(case.pk)


def void_clocks(case: Case, now: datetime) -> None:
    """No limit runs for it any more: another case stands for it."""
    Clock.objects.filter(case=case, outcome=ClockOutcome.RUNNING).update(
        outcome=ClockOutcome.VOID, ended_at=now, paused_at=None
    )


def cancel_waiting(case: Case, now: datetime, why: str, since: Kept | None = None) -> None:
    """Take back the hand-offs that have not left yet; with ``since`` only those that were planned after it."""
    rows = HandOff.objects.filter(case=case, state__in=WAITING)
    for row in rows.select_related("receiver", "case").order_by("pk"):
        if since is None or str(row.pk) not in since["handoffs"]:
            cancel(row, None, now, why)


def plan_again(case: Case, was: Kept, now: datetime) -> None:
    """Hand-offs that were cancelled in between wait again as they did."""
    for pk, state in was["handoffs"].items():
        if state in WAITING:
            asks = state == HandOffState.NEEDS_PERSON
            HandOff.objects.filter(pk=int(pk), case=case, state=HandOffState.CANCELLED).update(
                state=state, next_at=None if asks else now, trouble=""
            )


def _assignment_back(case: Case, present: int | None, now: datetime) -> None:
    """Exactly the row that was open is open again."""
    rows = Assignment.objects.filter(case=case)
    rows.filter(ended_at__isnull=True).exclude(pk=present or 0).update(ended_at=now, end="moved")
    rows.filter(pk=present or 0).update(ended_at=None, end="", end_why="")


def _clocks_back(case: Case, clocks: list[Kept], now: datetime) -> None:
    """Those that ran run again, as if they had never stopped: a mistake of ours gives us no more time."""
    rows = Clock.objects.filter(case=case)
    ids = [one["id"] for one in clocks]
    rows.filter(outcome=ClockOutcome.RUNNING).exclude(pk__in=ids).update(
        outcome=ClockOutcome.VOID, ended_at=now, paused_at=None
    )
    for one in clocks:
        rows.filter(pk=one["id"]).update(
            outcome=ClockOutcome.RUNNING,
            ended_at=None,
            due_at=_read(one["due_at"]),
            paused_at=_read(one["paused_at"]),
            paused_why=one["paused_why"],
        )


def _clock(row: Clock) -> Kept:
    return {
        "id": row.pk,
        "due_at": _written(row.due_at),
        "paused_at": _written(row.paused_at),
        "paused_why": row.paused_why,
    }


def _written(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _read(at: str | None) -> datetime | None:
    return datetime.fromisoformat(at) if at else None
