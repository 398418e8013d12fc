"""The limits that run for a case: which begin, what stops them, and which are over.

What runs follows from the case alone: for each rule that fits it, its state says whether the rule runs, is met, or no
longer applies. So every step calls the same ``_settle``, and calling it twice changes nothing.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from cases.clock_lists import Running as Running
from cases.clock_lists import due_soon as due_soon
from cases.clock_lists import every as every
from cases.clock_lists import nearest as nearest
from cases.clock_lists import overdue as overdue
from cases.clock_lists import standing as standing
from cases.clock_rows import Change, begin, finish, go_on
from cases.clock_rules import Facts, Rule, group_of, names_of, rule_of, rules
from cases.models import Case, Clock, ClockOutcome, State
from cases.refusal import NotAllowed
from ledger.chain import record
from ledger.models import Person

RUNNING = ClockOutcome.RUNNING


def start(case: Case, now: datetime) -> None:
    """Start the clocks of a new (or reopened) case, by its gate and clocks.toml."""
    _settle(case, now)


def moved(case: Case, before: State, now: datetime) -> None:
    """What a step of the case does to its clocks: met, missed, gone on, begun anew or void."""
    _settle(case, now)


def gate_changed(case: Case, now: datetime) -> None:
    """The case goes another way: rules that no longer fit are void, others begin; choices in groups fall back."""
    _settle(case, now, keep=False)


@transaction.atomic
def choose(case: Case, key: str, person: Person, now: datetime, note: str = "") -> None:
    """Let another rule of the same group run, as if it had from the beginning. Raises NotAllowed with a sentence."""
    Case.objects.select_for_update().get(pk=case.pk)
    rule = rule_of(key)
    have = list(Clock.objects.filter(subject=case.subject))
    present = next((one for one in have if rule and _same_group(one, rule) and one.outcome == RUNNING), None)
    if rule is None or not rule.group or present is None:
        raise NotAllowed(_("Tenggat itu tidak dapat dipilih untuk kasus ini sekarang."))
    if not note.strip():
        raise NotAllowed(_("Tulis alasannya: mengapa kasus ini memerlukan tenggat lain."))
    if present.rule == key:
        return
    finish(present, now, void=True)
    begin(case.subject, rule, present.started_at, case=case, round_=present.round, have=have)
    data = {"old": present.rule, "new": key, "note": note.strip()[:500]}
    record("clock.chosen", case.subject, actor=person, at=now, **data)


@transaction.atomic
def start_for(subject: str, keys: list[str], now: datetime, case: Case | None = None) -> None:
    """Start rules for a request ("ppid:3", "rights:4"); those that were started are left alone.

    A rule that extends another counts from that one's end and ends it. Raises NotAllowed with a sentence where there
    is nothing to extend or its time is over, and KeyError for a rule that clocks.toml does not have.
    """
    change = Change()
    for key in keys:
        rule = rules()[key]
        if Clock.objects.filter(subject=subject, rule=key, outcome=RUNNING).exists():
            continue
        prolonged = _prolonged(subject, rule, now)
        row = begin(subject, rule, now, case=case, after=prolonged.due_at if prolonged else None)
        change.started += [key] if row else []
        if prolonged:
            change.add(prolonged, finish(prolonged, now))
    change.tell(subject, now)


@transaction.atomic
def end(subject: str, rule: str, now: datetime) -> None:
    """What a rule (or the one that extends it) waits for has come. Nothing happens where it does not run."""
    keys = [rule, *(one.key for one in rules().values() if one.extends == rule)]
    change = Change()
    for row in Clock.objects.filter(subject=subject, rule__in=keys, outcome=RUNNING):
        change.add(row, finish(row, now))
    change.tell(subject, now)


@transaction.atomic
def void(subject: str, now: datetime) -> None:
    """Nothing of ``subject`` is waited for any more (withdrawn, or filed by mistake)."""
    change = Change()
    for row in Clock.objects.filter(subject=subject, outcome=RUNNING):
        change.add(row, finish(row, now, void=True))
    change.tell(subject, now)


@transaction.atomic
def pause(case: Case, now: datetime, why: str = "", *, reason: str = "place") -> int:
    """Stand still while the citizen is asked: ``reason`` is "place" or "data". Gives how many clocks stopped.

    A limit that is over already does not stop: a late question mends nothing.
    """
    keys = [key for key, rule in rules().items() if reason in rule.pauses]
    rows = Clock.objects.filter(subject=case.subject, outcome=RUNNING, paused_at=None, rule__in=keys)
    stopped = list(rows.filter(due_at__gt=now).values_list("pk", "rule"))
    done = [key for pk, key in stopped if _stop(pk, now, why or pause_word(reason))]
    if done:
        record("clock.paused", case.subject, at=now, rules=done, why=reason)
    return len(done)


@transaction.atomic
def resume(case: Case, now: datetime) -> int:
    """The citizen has answered: every clock that stood still goes on, later by as long. Gives how many."""
    done = []
    for row in Clock.objects.filter(subject=case.subject, outcome=RUNNING, paused_at__isnull=False):
        if go_on(row, now):
            done.append(row.rule)
    if done:
        record("clock.resumed", case.subject, at=now, rules=done)
    return len(done)


def pause_word(reason: str) -> str:
    """What is waited for, for a person."""
    return str(
        {"place": _("menunggu warga: ditanya tempatnya"), "data": _("menunggu warga: diminta data")}[reason]
    )


def choices(case: Case) -> list[Rule]:
    """The rules among which a person may choose for this case, as it stands; [] when none of a group runs."""
    running = Clock.objects.filter(subject=case.subject, outcome=RUNNING).values_list("rule", flat=True)
    groups = {found.group for key in running if (found := rule_of(key)) and found.group}
    return [rule for group in sorted(groups) for rule in group_of(group)]


def look_after(now: datetime) -> int:
    """Note what is late and what will be soon, and close what nobody answered; gives how many were touched."""
    from cases import overdue_work  # it moves cases, and act.py moves clocks

    return overdue_work.look_after(now)


def _settle(case: Case, now: datetime, *, keep: bool = True) -> None:
    have = list(Clock.objects.filter(subject=case.subject))
    round_ = max([case.reopened + 1, *(row.round for row in have)])
    since = _received(case, now) if round_ == 1 else now
    change = Change()
    fitting = _fitting(case, [row for row in have if row.round == round_], keep=keep)
    for rule in fitting:
        row = next((one for one in have if one.rule == rule.key and one.round == round_), None)
        running = row is not None and row.outcome == RUNNING
        if case.state in rule.runs and not running:
            again = now if rule.anew or row is not None else since
            if begin(case.subject, rule, again, case=case, round_=round_, have=have):
                change.started.append(rule.key)
        elif row is not None and running and case.state not in rule.runs:
            change.add(row, finish(row, now, void=case.state not in rule.ends))
    kept = {rule.key for rule in fitting}
    for row in have:
        if row.outcome == RUNNING and (row.round < round_ or row.rule not in kept):
            change.add(row, finish(row, now, void=True))
    change.tell(case.subject, now)


def _fitting(case: Case, have: Iterable[Clock], *, keep: bool) -> list[Rule]:
    """The rules that fit the case; of a group the one that runs (or ran), else the first that fits."""
    facts = _facts(case)
    ran = {row.rule for row in have if row.outcome != ClockOutcome.VOID} if keep else set()
    found: list[Rule] = []
    for rule in rules().values():
        if not rule.group:
            found += [rule] if rule.fits(facts) else []
        elif all(one.group != rule.group for one in found):
            members = group_of(rule.group)
            fitting = [one for one in members if not one.chosen and one.fits(facts)]
            chosen = [one for one in members if one.key in ran] if fitting else []
            found += (chosen or fitting)[:1]
    return found


def _facts(case: Case) -> Facts:
    verdict = getattr(case.mention, "verdict", None)
    return Facts(case.gate, case.topic, verdict.urgency if verdict else "")


def _received(case: Case, now: datetime) -> datetime:
    """When the city received it: when it was heard, not when somebody got round to confirming it."""
    return min(case.mention.heard_at, now)


def _same_group(row: Clock, rule: Rule) -> bool:
    known = rule_of(row.rule)
    return known is not None and known.group == rule.group


def _prolonged(subject: str, rule: Rule, now: datetime) -> Clock | None:
    """The running clock that ``rule`` extends; None where it extends none."""
    if not rule.extends:
        return None
    row = Clock.objects.filter(subject=subject, rule=rule.extends, outcome=RUNNING).first()
    if row is None:
        raise NotAllowed(_("Tidak ada tenggat yang berjalan untuk diperpanjang."))
    if row.due_at < now:
        said = _("Perpanjangan hanya sah sebelum tenggat “%(name)s” lewat.")
        raise NotAllowed(said % {"name": names_of([rule.extends])})
    return row


def _stop(pk: int, now: datetime, why: str) -> bool:
    rows = Clock.objects.filter(pk=pk, outcome=RUNNING, paused_at=None)
    return bool(rows.update(paused_at=now, paused_why=why[:200]))
