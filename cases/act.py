"""What staff do with a case: move it on, and note what they found."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from cases import clocks, replies
from cases.models import ENDED, FOLLOWS, WITH_REASON, Case, State
from ledger.chain import record
from ledger.models import Person
from monitor.originals import after_case, hold


class NotAllowed(Exception):
    """Langkah ini tidak dapat dilakukan pada kasus ini."""


@transaction.atomic
def move(case: Case, state: State, person: Person, now: datetime, note: str = "") -> Case:
    """Bring a case into its next state. Raises NotAllowed with a sentence for the officer."""
    note = note.strip()
    if state not in FOLLOWS[case.state]:
        raise NotAllowed(
            _("Dari “%(old)s” kasus tidak dapat menjadi “%(new)s”.")
            % {"old": case.get_state_display(), "new": state.label}
        )
    if state in WITH_REASON and not note:
        raise NotAllowed(_("Tulis alasannya, agar warga dan petugas lain dapat memahaminya."))
    moved = Case.objects.filter(pk=case.pk, state=case.state).update(state=state, changed_at=now)
    if not moved:
        raise NotAllowed(_("Kasus ini baru saja diubah orang lain. Muat ulang halaman."))
    hold(case.mention_id, after_case(now) if state in ENDED else None)
    record("case.moved", case.subject, actor=person, at=now, old=case.state, new=state.value, note=note)
    before = State(case.state)
    case.refresh_from_db()
    clocks.moved(case, before, now)
    replies.moved(case, before, person, now)
    return case


@transaction.atomic
def add_note(case: Case, text: str, person: Person, now: datetime) -> None:
    """Add an internal note to the case's history. Raises NotAllowed when it is empty."""
    if not text.strip():
        raise NotAllowed(_("Catatan masih kosong."))
    record("case.noted", case.subject, actor=person, at=now, note=text.strip()[:4000])
    Case.objects.filter(pk=case.pk).update(changed_at=now)
