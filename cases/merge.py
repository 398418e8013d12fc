"""Cases that tell the same matter twice become one: the others are duplicates of it. And that is taken back.

There are no chains: whoever was merged into a case moves along when that one is merged, and comes back with it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cases import routing, scope
from cases.as_it_was import Kept, cancel_waiting, kept, plan_again, put_back, void_clocks
from cases.models import ENDED, AssignmentEnd, Case, CaseMerge, Gate, State
from cases.refusal import NotAllowed
from ledger.chain import record
from ledger.models import Person
from monitor.originals import after_case, hold


@transaction.atomic
def merge(target: Case, sources: Sequence[Case], person: Person, now: datetime) -> CaseMerge:
    """Make ``sources`` duplicates of ``target``. Raises NotAllowed with a sentence for the officer.

    Their clocks no longer run and their hand-offs that have not left are cancelled; what was said in their threads
    stays there. ``CaseMerge.sources`` keeps each as it stood (as_it_was.kept), the cases that move along too.
    """
    ids = sorted({case.pk for case in sources})
    if not ids:
        raise NotAllowed(_("Pilih dahulu kasus yang ganda."))
    if target.pk in ids:
        raise NotAllowed(_("Pilih kasus lain: satu kasus tidak dapat digabung dengan dirinya sendiri."))
    rows = _locked([target.pk, *ids])
    into, own = rows[target.pk], [rows[pk] for pk in ids]
    along = [row for pk, row in rows.items() if pk != into.pk and pk not in ids]
    _check(into, own, person)
    made = CaseMerge.objects.create(
        target=into, sources=[kept(row) for row in [*own, *along]], by=person, at=now
    )
    for row in [*own, *along]:
        _become_duplicate(row, into, now)
        record("case.merged", row.subject, actor=person, at=now, into=into.number, merge=made.pk)
    numbers = [row.number for row in [*own, *along]]
    record("case.duplicates", into.subject, actor=person, at=now, cases=numbers, merge=made.pk)
    Case.objects.filter(pk=into.pk).update(changed_at=now)
    return made


@transaction.atomic
def undo(merge_id: int, person: Person, now: datetime) -> CaseMerge:
    """Take back one merge: state, unit and assignee of each are as before. Raises NotAllowed with a sentence."""
    made = CaseMerge.objects.select_for_update().filter(pk=merge_id).first()
    if made is None or made.undone_at:
        raise NotAllowed(_("Penggabungan ini sudah dibatalkan."))
    rows = _locked([made.target_id, *(one["case"] for one in made.sources)])
    scope.check(rows[made.target_id], person)
    for one in made.sources:
        _check_untouched(rows[one["case"]], made.target_id)
    for one in made.sources:
        _come_back(rows[one["case"]], one, person, now)
    made.undone_at = now
    made.save(update_fields=["undone_at"])
    numbers = [rows[one["case"]].number for one in made.sources]
    record("case.merge_undone", rows[made.target_id].subject, actor=person, at=now, cases=numbers)
    return made


@transaction.atomic
def take_out(case: Case, person: Person, now: datetime) -> Case:
    """Let a single duplicate stand for itself again, as it stood before it was first merged. Raises NotAllowed."""
    into = Case.objects.filter(pk=case.pk).values_list("into_id", flat=True).first()
    # Its merges went into its present target, or into a case that later moved along to that one.
    around = Q(target=into) | Q(target__into=into)
    merges = CaseMerge.objects.select_for_update(of=("self",)).filter(around, undone_at__isnull=True)
    standing = [made for made in merges.order_by("pk") if into and _of(made, case) is not None]
    row = _locked([case.pk])[case.pk]
    if not standing or row.into_id is None:
        raise NotAllowed(_("Kasus ini tidak sedang digabung ke kasus lain."))
    scope.check(row, person)
    target = Case.objects.get(pk=row.into_id)
    _come_back(row, _of(standing[0], row) or {}, person, now)
    for made in standing:
        _leave_out(made, row, now)
    record("case.merge_undone", target.subject, actor=person, at=now, cases=[row.number])
    row.refresh_from_db()
    return row


def standing(case: Case) -> list[CaseMerge]:
    """The merges into a case that were not taken back, the newest first."""
    rows = CaseMerge.objects.filter(target=case, undone_at__isnull=True)
    return list(rows.select_related("by").order_by("-pk"))


def likely(case: Case, rows: QuerySet[Case], most: int = 8) -> list[Case]:
    """Open ones among ``rows`` about the same happening, the newest first: ``case`` may be told there already."""
    if case.incident_id is None:
        return []
    found = rows.filter(incident=case.incident_id, into__isnull=True).exclude(state__in=ENDED)
    return list(found.exclude(pk=case.pk).select_related("mention").order_by("-pk")[:most])


def _locked(ids: Iterable[int]) -> dict[int, Case]:
    """The cases and all their duplicates, read anew and locked in the order of ids."""
    wanted = set(ids)
    wanted |= set(Case.objects.filter(into__in=wanted).values_list("pk", flat=True))
    rows = {row.pk: row for row in Case.objects.select_for_update().filter(pk__in=wanted).order_by("pk")}
    later = set(Case.objects.filter(into__in=list(rows)).values_list("pk", flat=True)) - set(rows)
    if later:  # somebody merged at this moment
        raise NotAllowed(_changed())
    return rows


def _check(into: Case, own: Sequence[Case], person: Person) -> None:
    for row in (into, *own):
        scope.check(row, person)
    if into.into_id is not None or into.state == State.DUPLICATE:
        said = _("Kasus %(number)s sendiri sudah ganda. Pilih kasus utamanya.")
        raise NotAllowed(said % {"number": into.number})
    if into.state in ENDED:
        said = _("Kasus %(number)s sudah berakhir. Buka kembali lebih dahulu, lalu gabungkan.")
        raise NotAllowed(said % {"number": into.number})
    for row in own:
        _check_source(row, into)


def _check_source(row: Case, into: Case) -> None:
    number = {"number": row.number}
    if row.into_id is not None:
        raise NotAllowed(_("Kasus %(number)s sudah digabung. Batalkan dahulu penggabungannya.") % number)
    if row.state in ENDED - {State.DUPLICATE}:
        raise NotAllowed(_("Kasus %(number)s sudah berakhir, jadi tidak perlu digabung.") % number)
    # An emergency that nobody has seen yet must go on calling.
    if row.gate == Gate.EMERGENCY and row.acknowledged_at is None and into.gate != Gate.EMERGENCY:
        said = _(
            "Kasus %(number)s darurat dan belum ada yang menyatakan melihatnya. Nyatakan dahulu, lalu gabungkan."
        )
        raise NotAllowed(said % number)


def _become_duplicate(row: Case, into: Case, now: datetime) -> None:
    done = Case.objects.filter(pk=row.pk, state=row.state, into=row.into_id).update(
        state=State.DUPLICATE,
        into=into,
        assignee=None,
        ended_at=row.ended_at or now,
        escalate_at=None,
        changed_at=now,
    )
    if not done:
        raise NotAllowed(_changed())
    hold(row.mention_id, after_case(now))
    routing.ended(row, AssignmentEnd.MOVED, now)
    void_clocks(row, now)
    cancel_waiting(row, now, _("Kasusnya digabung ke %(number)s.") % {"number": into.number})


def _check_untouched(row: Case, target: int) -> None:
    if row.into_id != target or row.state != State.DUPLICATE:
        raise NotAllowed(
            _("Kasus %(number)s sudah dipindah lagi sejak itu. Batalkan dahulu penggabungan yang lebih baru.")
            % {"number": row.number}
        )


def _come_back(row: Case, was: Kept, person: Person, now: datetime) -> None:
    put_back(row, was, now)
    plan_again(row, was, now)
    record("case.unmerged", row.subject, actor=person, at=now, state=was["state"])


def _of(made: CaseMerge, case: Case) -> dict[str, Any] | None:
    """How ``case`` stood before this merge; None where it was not part of it."""
    return next((one for one in made.sources if one["case"] == case.pk), None)


def _leave_out(made: CaseMerge, case: Case, now: datetime) -> None:
    made.sources = [one for one in made.sources if one["case"] != case.pk]
    if not made.sources:
        made.undone_at = now
    made.save(update_fields=["sources", "undone_at"])


def _changed() -> str:
    return _("Kasus-kasus ini baru saja diubah orang lain. Muat ulang halaman.")
