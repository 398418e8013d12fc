"""What a receiver says of a matter, in its word and ours, and what follows for the case.

A repeat changes nothing, and an older word after a newer one changes nothing: receivers tell by pull, by webhook, by
import and by link, and nobody promises an order.
"""

import logging
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from cases import act, emergencies, routing
from cases.models import ENDED, FOLLOWS, WITH_REASON, Case, HandOff, HandOffState, ReceiverSort, State
from cases.refusal import NotAllowed
from city.masks import mask
from ledger.chain import record
from ledger.models import Person

log = logging.getLogger(__name__)

#: Receivers' words by ours. Open311 GeoReport v2 has "open" and "closed"; SP4N-LAPOR! shows "Belum Terverifikasi",
#: "Belum Ditindaklanjuti", "Proses", "Selesai" and "Ditolak" on its tracking page. A receiver's own words stand in
#: its settings: words = {"their word" = "done"}.
WORDS: dict[str, tuple[str, ...]] = {
    "accepted": ("accepted", "accept", "acknowledged", "open", "received", "diterima", "terima"),
    "refused": ("refused", "refuse", "rejected", "declined", "ditolak", "tolak"),
    "in_progress": ("in_progress", "in progress", "progress", "proses", "diproses", "dikerjakan"),
    "done": ("done", "closed", "resolved", "completed", "selesai", "tuntas"),
}
_OURS = {theirs: ours for ours, many in WORDS.items() for theirs in many}
#: Words that a system says of what nobody has looked at yet.
_BY_ITSELF = ("open", "received")
#: States in which it was not clear whether the receiver has it.
_ASKED = (HandOffState.NEEDS_PERSON, HandOffState.UNKNOWN, HandOffState.REFUSED)
#: How far a matter is; without a date of the receiver's, a word that stands lower is taken for an older one.
_RANK = {"": 0, "accepted": 1, "refused": 1, "in_progress": 2, "done": 3}


def word_of(handoff: HandOff, remote_state: str) -> str:
    """Our word for a receiver's; "" for one that says nothing to us (it is kept and shown all the same)."""
    own = handoff.receiver.settings.get("words", {})
    said = remote_state.strip().lower()
    ours = own.get(remote_state.strip(), own.get(said, "")) if isinstance(own, dict) else ""
    return ours if ours in WORDS else _OURS.get(said, "")


@transaction.atomic
def heard(
    handoff: HandOff,
    remote_state: str,
    note: str,
    now: datetime,
    *,
    acknowledged: bool = False,
    at: datetime | None = None,
    person: Person | None = None,
    receipt: bool = False,
) -> bool:
    """Keep what a receiver told and do what follows; gives whether it was new.

    at: when the receiver says that it was so (UTC); None: it did not say, and now counts. receipt: a machine said it
    while it took the case in.
    """
    case = Case.objects.select_for_update().get(pk=handoff.case_id)  # the case first, everywhere
    row = HandOff.objects.select_for_update().select_related("receiver").get(pk=handoff.pk)
    state, note = remote_state.strip()[:60], mask(note.strip())[:1000]
    ours = word_of(row, state)
    yes = acknowledged or ours in ("accepted", "in_progress", "done")
    if row.purpose == "emergency" and not acknowledged and (receipt or state.lower() in _BY_ITSELF):
        yes = False  # nobody has seen it yet, and the ladder stops for a person only
    fresh_yes = yes and row.acknowledged_at is None
    news = _is_news(row, state, note, ours, at)
    if not news and (state, note) == (row.remote_state, row.remote_note) and at and row.remote_at:
        # The same word with a later date: what is dated between the two is old from now on.
        HandOff.objects.filter(pk=row.pk).update(remote_at=max(at, row.remote_at))
        row.remote_at = max(at, row.remote_at)
    if fresh_yes:
        row.acknowledged_at = now
    if news:
        row.remote_state, row.remote_note = state, note
        row.remote_at = at or now
    if news or fresh_yes:
        row.save(update_fields=["acknowledged_at", "remote_state", "remote_note", "remote_at"])
        told = {"handoff": row.pk, "receiver": row.receiver.name, "state": ours or state, "note": note}
        record("handoff.answered", case.subject, actor=person, at=now, **told)
    if fresh_yes and row.purpose == "emergency":
        emergencies.acknowledge(case, person, now)
    if news:
        _follow(case, row, ours, note, now, person)
    handoff.refresh_from_db()
    return news or fresh_yes


def _is_news(row: HandOff, state: str, note: str, ours: str, at: datetime | None) -> bool:
    """Whether it says something else than what we know, and is not older than that."""
    if (state, note) == (row.remote_state, row.remote_note) or (not state and not note):
        return False
    if at is not None and row.remote_at is not None and at <= row.remote_at:
        return at == row.remote_at and _RANK[ours] > _RANK[word_of(row, row.remote_state)]
    if at is None and ours and row.remote_state:
        return _RANK[ours] >= _RANK[word_of(row, row.remote_state)]
    return True


def _follow(case: Case, row: HandOff, ours: str, note: str, now: datetime, person: Person | None) -> None:
    """What a receiver's word does to the case; nothing where the unit has it no longer, or it has ended."""
    if case.state in ENDED:
        return
    if row.state in _ASKED and not (ours == "refused" and row.state == HandOffState.REFUSED):
        # It answers, so it has it: the question whether it arrived (or was taken) is settled.
        HandOff.objects.filter(pk=row.pk, state=row.state, leased_until__isnull=True).update(
            state=HandOffState.DELIVERED, delivered_at=now, next_at=None, trouble=""
        )
    if not still_theirs(case, row):
        return
    match ours:
        case "accepted":
            routing.accepted(case, now, person)
        case "refused" if row.receiver.unit_id and case.unit_id and case.state in routing.OPEN:
            routing.refuse(case, person, now, note or _("Ditolak penerima tanpa keterangan."))
        case "refused" if not row.receiver.unit_id and row.receiver.sort != ReceiverSort.LAPOR:
            # No unit gives it back, so nothing of the case would tell; LAPOR's page is read by an officer anyway.
            said = (note or _("Ditolak penerima tanpa keterangan."))[:500]
            HandOff.objects.filter(pk=row.pk, state=HandOffState.DELIVERED).update(
                state=HandOffState.REFUSED, trouble=said
            )
        case "in_progress":
            routing.accepted(case, now, person)
            _towards(case, State.IN_PROGRESS, person, now, note)
        case "done":
            routing.accepted(case, now, person)
            _towards(case, State.ANSWERED, person, now, note)


def still_theirs(case: Case, row: HandOff) -> bool:
    """Whether a unit's receiver speaks of a case that its unit has; others have no unit that it could leave."""
    return row.receiver.unit_id is None or case.unit_id == row.receiver.unit_id


def _towards(case: Case, goal: State, person: Person | None, now: datetime, note: str) -> None:
    """Bring the case step by step to ``goal``, as far as the house's rules lead there; never backwards."""
    order = [State.RECEIVED, State.VERIFIED, State.ASSIGNED, State.IN_PROGRESS, State.ANSWERED]
    case.refresh_from_db()
    while case.state in order and order.index(State(case.state)) < order.index(goal):
        following = order[order.index(State(case.state)) + 1]
        if following not in FOLLOWS[case.state] or following in WITH_REASON:
            return
        try:
            case = act.move(case, following, person, now, note if following == goal else "")
        except NotAllowed as refusal:
            log.warning("%s: %s", case, refusal)
            return
