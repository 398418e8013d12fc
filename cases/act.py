"""What staff do with a case: move it on, give it to somebody, note what they found, take it up again.

A citizen (status page), a receiver (link in a mail) and the machine act too; then ``person`` is None.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from cases import clocks, emergencies, replies, routing, scope, search
from cases.models import ENDED, FOLLOWS, WITH_REASON, AssignmentEnd, Case, State
from cases.refusal import NotAllowed as NotAllowed
from cases.watch import watch
from city.masks import mask
from ledger.chain import record
from ledger.models import Person
from ledger.roles import Role, roles_of
from monitor.originals import after_case
from monitor.originals import hold as hold_original

#: States from which a matter can be taken up again: those in which it is answered or over.
REOPENS = ENDED | {State.ANSWERED}
#: So often a citizen said that it is not done, and the case says so wherever it stands.
_INSISTS = 2


@transaction.atomic
def move(case: Case, state: State, person: Person | None, now: datetime, note: str = "") -> Case:
    """Bring a case into its next state. Raises NotAllowed with a sentence for the officer."""
    note = mask(note.strip())
    scope.check(case, person)
    if state not in FOLLOWS[case.state]:
        raise NotAllowed(
            _("Dari “%(old)s” kasus tidak dapat menjadi “%(new)s”.")
            % {"old": case.get_state_display(), "new": state.label}
        )
    if state in WITH_REASON and not note:
        raise NotAllowed(_("Tulis alasannya, agar warga dan petugas lain dapat memahaminya."))
    given = State.VERIFIED, State.ASSIGNED
    if (case.state, state) == given and case.unit is not None and routing.present(case) is None:
        # Taken up again, its unit is still written but has it no more: it is given anew, and so told anew.
        routing.assign(case, case.unit, person, now, note)
        case.refresh_from_db()
        return case
    if case.state in ENDED:
        return _taken_up(case, person, now, note)
    _change(case, state, now)
    record("case.moved", case.subject, actor=person, at=now, old=case.state, new=state.value, note=note)
    return _followed(case, person, now)


@transaction.atomic
def reopen(case: Case, person: Person | None, now: datetime, why: str) -> Case:
    """Take up again what was answered or over, for staff or (None) the citizen: it is verified, its clocks run anew.

    Its unit stays written, so that its people still see it. Raises NotAllowed with a sentence: nothing to reopen, no
    reason, merged into another case, or somebody was faster.
    """
    scope.check(case, person)
    if not why.strip():
        raise NotAllowed(_("Tulis mengapa kasus ini dibuka kembali."))
    if case.state not in REOPENS:
        raise NotAllowed(_("Kasus ini masih berjalan, jadi tidak perlu dibuka kembali."))
    return _taken_up(case, person, now, mask(why.strip()))


@transaction.atomic
def assign_to(case: Case, assignee: Person | None, by: Person | None, now: datetime) -> Case:
    """Make one officer answerable for a case (None: nobody). Raises NotAllowed with a sentence."""
    scope.check(case, by)
    if case.state in ENDED and assignee is not None:
        raise NotAllowed(_("Kasus ini sudah berakhir; buka kembali lebih dahulu."))
    if assignee is not None and not (assignee.is_active and scope.may_act(case, assignee)):
        said = _("%(person)s tidak dapat menangani kasus ini: bukan petugas aktif dari unitnya.")
        raise NotAllowed(said % {"person": assignee})
    same = Case.objects.filter(pk=case.pk, state=case.state, unit=case.unit_id, assignee=case.assignee_id)
    if not same.update(assignee=assignee, changed_at=now):
        raise NotAllowed(_changed())
    if assignee is not None:
        watch(case, assignee, now)
    to = assignee.pk if assignee else None
    record("case.assignee", case.subject, actor=by, at=now, old=case.assignee_id, new=to)
    case.refresh_from_db()
    return case


@transaction.atomic
def hold(case: Case, on: bool, person: Person, now: datetime, why: str) -> Case:
    """Set or lift a legal hold: while it stands, retention and requests erase nothing of the case.

    UU 27/2022 art. 44 paragraph 1 leaves data that is evidence in a legal process. Raises NotAllowed.
    """
    if Role.ADMINISTRATOR not in roles_of(person):
        raise NotAllowed(_("Hanya administrator yang dapat menahan penghapusan."))
    if not why.strip():
        raise NotAllowed(_("Tulis alasannya, misalnya nomor perkara atau suratnya."))
    if not Case.objects.filter(pk=case.pk, legal_hold=not on).update(legal_hold=on):
        raise NotAllowed(_changed())
    record(
        "case.held" if on else "case.released",
        case.subject,
        actor=person,
        at=now,
        note=mask(why.strip())[:500],
    )
    case.refresh_from_db()
    return case


@transaction.atomic
def add_note(case: Case, text: str, person: Person | None, now: datetime) -> None:
    """Add an internal note to the case's history, masked: the ledger is never erased. Raises NotAllowed if empty."""
    scope.check(case, person)
    if not text.strip():
        raise NotAllowed(_("Catatan masih kosong."))
    record("case.noted", case.subject, actor=person, at=now, note=mask(text.strip())[:4000])
    Case.objects.filter(pk=case.pk).update(changed_at=now)
    search.keep(case.pk)


def insists(case: Case) -> bool:
    """Whether the citizen has said again and again that it is not done, and it still is not."""
    return case.contested_at is not None and case.reopened >= _INSISTS and case.state not in ENDED


def _taken_up(case: Case, person: Person | None, now: datetime, why: str) -> Case:
    if case.into_id is not None:
        said = _("Kasus ini digabung ke kasus lain. Batalkan dahulu penggabungannya.")
        raise NotAllowed(said)
    _change(case, State.VERIFIED, now, reopened=F("reopened") + 1, confirmed_at=None)
    record(
        "case.reopened", case.subject, actor=person, at=now, old=case.state, note=why, citizen=person is None
    )
    before = State(case.state)
    case.refresh_from_db()
    if person is None and case.reopened >= _INSISTS:
        # The list keeps these apart (filters.py, "kembali"): asking again must not end up where it did before.
        record("case.insisted", case.subject, at=now, times=case.reopened)
    clocks.start(case, now)
    emergencies.anew(case, now)
    case.refresh_from_db()
    replies.moved(case, before, person, now)
    return case


def _change(case: Case, state: State, now: datetime, **more: object) -> None:
    """The step itself; whoever changes the row first has taken it."""
    times: dict[str, object] = {"ended_at": now if state in ENDED else None}
    if state == State.ANSWERED:
        times["answered_at"] = Coalesce("answered_at", now)
        # A new answer: what the citizen said against an earlier one does not speak against it.
        times["contested_at"] = None
    back = case.state == State.ASSIGNED and state == State.VERIFIED
    if back:  # it goes back to the coordinating desk
        times |= {"unit": None, "assignee": None}
    rows = Case.objects.filter(pk=case.pk, state=case.state, into__isnull=True)
    if not rows.update(state=state, changed_at=now, **times, **more):
        raise NotAllowed(_changed())
    hold_original(case.mention_id, after_case(now) if state in ENDED else None)
    if back or state in ENDED:
        done = state == State.CLOSED
        routing.ended(case, AssignmentEnd.DONE if done else AssignmentEnd.MOVED, now, taken=back)
    if back:
        search.keep(case.pk)


def _followed(case: Case, person: Person | None, now: datetime) -> Case:
    before = State(case.state)
    case.refresh_from_db()
    clocks.moved(case, before, now)
    routing.moved(case, before, now, person)
    replies.moved(case, before, person, now)
    return case


def _changed() -> str:
    return _("Kasus ini baru saja diubah orang lain. Muat ulang halaman.")
