"""Steps of one clock's row. Each is a conditional update: of two who try the same step, one does it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cases.clock_rules import Rule, rule_of
from cases.models import Case, Clock, ClockOutcome
from city.office import office
from ledger.chain import record

RUNNING = ClockOutcome.RUNNING


@dataclass(slots=True)
class Change:
    """What one step did to the clocks of one subject: keys of rules."""

    started: list[str] = field(default_factory=list)
    met: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    void: list[str] = field(default_factory=list)

    def add(self, row: Clock, outcome: ClockOutcome | None) -> None:
        """Note how a clock ended; None: somebody else has just ended it."""
        by_outcome = {
            ClockOutcome.MET: self.met,
            ClockOutcome.MISSED: self.missed,
            ClockOutcome.VOID: self.void,
        }
        if outcome is not None:
            by_outcome[outcome].append(row.rule)

    def tell(self, subject: str, now: datetime) -> None:
        """Write it into the ledger; nothing when nothing changed."""
        names = ("started", "met", "missed", "void")
        data: dict[str, Any] = {name: found for name in names if (found := getattr(self, name))}
        if data:
            record("clock.changed", subject, at=now, **data)


def begin(
    subject: str,
    rule: Rule,
    since: datetime,
    *,
    case: Case | None = None,
    round_: int = 1,
    have: Iterable[Clock] = (),
    after: datetime | None = None,
) -> bool:
    """Let ``rule`` run from ``since`` (its length counts from ``after`` where that is given); whether it did so now.

    ``have``: rows of the subject that are there. One that ended goes on where it was, or anew where the rule says so.
    """
    row = next((one for one in have if one.rule == rule.key and one.round == round_), None)
    if row is not None:
        return _again(row, rule, since)
    version = rule.standing(office().day_of(since))
    values = {
        "case": case,
        "version": version.name,
        "citation": version.citation,
        "started_at": since,
        "due_at": rule.due(after or since, version),
    }
    _row, made = Clock.objects.get_or_create(subject=subject, rule=rule.key, round=round_, defaults=values)
    return made


def _again(row: Clock, rule: Rule, since: datetime) -> bool:
    values: dict[str, Any] = {"outcome": RUNNING, "ended_at": None}
    if rule.anew:
        version = rule.standing(office().day_of(since))
        values |= {"version": version.name, "citation": version.citation, "started_at": since}
        values |= {"due_at": rule.due(since, version), "warned_at": None, "late_at": None}
    rows = Clock.objects.filter(pk=row.pk).exclude(outcome=RUNNING)
    return bool(rows.update(**values))


def finish(row: Clock, now: datetime, *, void: bool = False) -> ClockOutcome | None:
    """End a running clock: void, met, or missed where its time was over. None: it had just ended."""
    rule = rule_of(row.rule)
    due = _later(row, now)
    in_time = now <= due or (rule is not None and rule.closes)
    outcome = ClockOutcome.VOID if void else ClockOutcome.MET if in_time else ClockOutcome.MISSED
    rows = Clock.objects.filter(pk=row.pk, outcome=RUNNING)
    done = rows.update(outcome=outcome, ended_at=now, due_at=due, paused_at=None, paused_why="")
    return outcome if done else None


def go_on(row: Clock, now: datetime) -> bool:
    """Let a clock that stood still run again, later by as long as it stood."""
    rows = Clock.objects.filter(pk=row.pk, outcome=RUNNING, paused_at=row.paused_at)
    return bool(rows.update(due_at=_later(row, now), paused_at=None, paused_why="", warned_at=None))


def _later(row: Clock, now: datetime) -> datetime:
    """When it is over, with what it stood still until ``now``."""
    rule = rule_of(row.rule)
    if row.paused_at is None or rule is None:
        return row.due_at
    return rule.shift(row.due_at, row.paused_at, now)
