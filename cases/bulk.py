"""One step for many cases at once. Each is a transaction of its own: what cannot be done says why, the rest is done.

A bulk act stands once in the ledger, with how every case stood before and after; for ten minutes its steps and
assignments can be taken back wherever the case was not touched since.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cases import act, merge, routing, scope, watch
from cases.as_it_was import WAITING, Kept, cancel_waiting, kept, plan_again, put_back
from cases.models import Case, HandOff, HandOffState, Reply, State
from cases.refusal import NotAllowed
from city.models import Unit
from ledger.chain import record
from ledger.models import Event, Person
from publisher.models import AnnouncementState

#: How long a bulk act can be taken back, and how many cases it may name.
UNDO_TIME, MOST = timedelta(minutes=10), 500
#: Replies that nobody outside has seen.
_UNSAID = (AnnouncementState.DRAFT, AnnouncementState.REJECTED, AnnouncementState.CANCELLED)
Step = Callable[[Case], object]


@dataclass(slots=True)
class Outcome:
    """What became of a bulk act."""

    done: list[str] = field(default_factory=list)  #: numbers
    refused: list[tuple[str, str]] = field(default_factory=list)  #: (number, why, as a sentence)
    #: Id of its event, by which it can be undone; None: nothing was done, or it cannot be.
    undoable: int | None = None


def move(ids: Sequence[int], state: State, person: Person, now: datetime, note: str = "") -> Outcome:
    """Bring each case into ``state``."""
    return _each(
        "move", ids, person, now, lambda case: act.move(case, state, person, now, note), to=state.value
    )


def assign_unit(ids: Sequence[int], unit: Unit, person: Person, now: datetime, why: str = "") -> Outcome:
    """Give each case to a unit."""
    return _each(
        "unit", ids, person, now, lambda case: routing.assign(case, unit, person, now, why), to=unit.key
    )


def assign_person(ids: Sequence[int], assignee: Person | None, person: Person, now: datetime) -> Outcome:
    """Make one officer answerable for each case; None: nobody."""
    to = assignee.pk if assignee else None
    return _each("person", ids, person, now, lambda case: act.assign_to(case, assignee, person, now), to=to)


def follow(ids: Sequence[int], person: Person, now: datetime, *, on: bool = True) -> Outcome:
    """Watch each case, or watch it no longer. That is one's own matter: the ledger does not tell of it."""
    outcome = Outcome()
    for case in _cases(ids, person, outcome):
        watch.watch(case, person, now) if on else watch.unwatch(case, person)
        outcome.done.append(case.number)
    return outcome


def merge_into(target: Case, ids: Sequence[int], person: Person, now: datetime) -> Outcome:
    """Make each case a duplicate of ``target``; taken back one by one (merge.undo, merge.take_out)."""
    outcome = _each(
        "merge", ids, person, now, lambda case: merge.merge(target, [case], person, now), to=target.number
    )
    outcome.undoable = None
    return outcome


def undo(event_id: int, person: Person, now: datetime) -> Outcome:
    """Take back one's own bulk act: each case that was not touched since stands as before.

    Raises NotAllowed when it is not one's own, too long ago, taken back already, or of a kind that cannot be.
    """
    with transaction.atomic():
        made = Event.objects.select_for_update().filter(pk=event_id, kind="cases.bulk", actor=person).first()
        if made is None or made.data["act"] == "merge":
            raise NotAllowed(_("Tindakan ini tidak dapat dibatalkan di sini."))
        if now - made.at > UNDO_TIME:
            raise NotAllowed(_("Sudah lebih dari sepuluh menit; ubah kasusnya satu per satu."))
        if Event.objects.filter(subject=made.subject, kind="cases.bulk_undone", data__bulk=made.pk).exists():
            raise NotAllowed(_("Tindakan ini sudah dibatalkan."))
        record("cases.bulk_undone", made.subject, actor=person, at=now, bulk=made.pk)
    outcome = Outcome()
    for was, became in zip(made.data["before"], made.data["after"], strict=True):
        _undo_one(was, became, person, now, outcome)
    return outcome


def _each(name: str, ids: Sequence[int], person: Person, now: datetime, step: Step, **about: Any) -> Outcome:
    outcome = Outcome()
    before: list[Kept] = []
    after: list[Kept] = []
    for case in _cases(ids, person, outcome):
        try:
            with transaction.atomic():
                was = kept(case)
                step(case)
                case = Case.objects.get(pk=case.pk)
                before.append(was)
                after.append(_touched(case))
        except NotAllowed as refusal:
            outcome.refused.append((case.number, str(refusal)))
        else:
            outcome.done.append(case.number)
    if before:
        told = {
            "act": name,
            "count": len(before),
            "refused": len(outcome.refused),
            "before": before,
            "after": after,
        }
        event = record("cases.bulk", f"person:{person.pk}", actor=person, at=now, **told, **about)
        outcome.undoable = event.pk
    return outcome


def _cases(ids: Sequence[int], person: Person, outcome: Outcome) -> list[Case]:
    """The cases in the order of their ids. Those that ``person`` may not see are as if they were not there."""
    wanted = sorted(set(ids))
    if not wanted:
        raise NotAllowed(_("Pilih dahulu kasusnya."))
    if len(wanted) > MOST:
        raise NotAllowed(_("Paling banyak %(count)d kasus sekali jalan.") % {"count": MOST})
    rows = (
        scope.visible(person).filter(pk__in=wanted).select_related("mention__verdict", "unit").order_by("pk")
    )
    found = list(rows)
    if missing := len(wanted) - len(found):
        outcome.refused.append(("–", _("%(count)d kasus tidak ditemukan.") % {"count": missing}))
    return found


def _touched(case: Case) -> Kept:
    """By what a later change shows."""
    return {
        "case": case.pk,
        "state": case.state,
        "unit": case.unit_id,
        "assignee": case.assignee_id,
        "changed_at": case.changed_at.isoformat(),
    }


def _undo_one(was: Kept, became: Kept, person: Person, now: datetime, outcome: Outcome) -> None:
    case = Case.objects.get(pk=was["case"])
    try:
        with transaction.atomic():
            _claim(case, became, now)
            _check_unsaid(case, was)
            cancel_waiting(case, now, _("Tindakan massal dibatalkan."), since=was)
            put_back(case, was, now)
            plan_again(case, was, now)
            record("case.put_back", case.subject, actor=person, at=now, state=was["state"])
    except NotAllowed as refusal:
        outcome.refused.append((case.number, str(refusal)))
    else:
        outcome.done.append(case.number)


def _claim(case: Case, became: Kept, now: datetime) -> None:
    """Whoever changes the row while it stands as the act left it takes it back."""
    rows = Case.objects.filter(
        pk=case.pk,
        state=became["state"],
        unit=became["unit"],
        assignee=became["assignee"],
        changed_at=datetime.fromisoformat(became["changed_at"]),
    )
    if not rows.update(changed_at=now):
        raise NotAllowed(_("Kasus ini sudah diubah lagi sejak itu."))


def _check_unsaid(case: Case, was: Kept) -> None:
    """What has left the house is not taken back behind its receiver's back."""
    new = HandOff.objects.filter(case=case).exclude(pk__in=[int(pk) for pk in was["handoffs"]])
    if new.exclude(state__in=(*WAITING, HandOffState.CANCELLED)).exists():
        raise NotAllowed(_("Kasus ini sudah diteruskan ke penerimanya."))
    said = Reply.objects.filter(case=case).exclude(pk__in=was["replies"])
    if said.exclude(announcement__state__in=_UNSAID).exists():
        raise NotAllowed(_("Warga sudah diberi tahu."))
