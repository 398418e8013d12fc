"""Which hand-offs there are, and what a person decides about one: planned once, confirmed, sent again, cancelled."""

import uuid
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from cases.models import Case, HandOff, HandOffState, HandOffTry, Receiver, ReceiverSort
from cases.refusal import NotAllowed
from channels.contract import Failure
from city.masks import mask
from city.models import Unit
from ledger.chain import record
from ledger.models import Person
from ledger.wake import wake

_WAITS = (HandOffState.NEEDS_PERSON, HandOffState.REFUSED)
#: Kept in the proof of a hand-off: how many preparations failed (engine.py).
FRUITLESS = "fruitless"
#: Receivers that a person reads.
_PEOPLE = (ReceiverSort.UNIT, ReceiverSort.APPRISE, ReceiverSort.WEBHOOK)
_NOT_GONE = (HandOffState.PLANNED, HandOffState.RETRYING, *_WAITS)


@transaction.atomic
def plan(
    case: Case,
    receiver: Receiver,
    now: datetime,
    *,
    purpose: str = "assign",
    person: Person | None = None,
    note: str = "",
    again: bool = False,
) -> HandOff:
    """Give a case to a receiver. The same purpose gives the row that is there; ``again`` begins a new round, and so

    does one that was cancelled before it left (the case came back).
    """
    Case.objects.select_for_update().get(pk=case.pk)  # two planners of one case, one after the other
    rows = HandOff.objects.filter(case=case, receiver=receiver, purpose=purpose)
    newest = rows.order_by("-round").first()
    if newest is not None and not again and newest.state != HandOffState.CANCELLED:
        return newest
    last = rows.aggregate(last=Max("round"))["last"] or 0
    made = HandOff.objects.create(
        case=case,
        receiver=receiver,
        purpose=purpose,
        round=last + 1,
        key=uuid.uuid4(),
        note=mask(note)[:1000],
        made_at=now,
        made_by=person,
        next_at=now,
    )
    told = {"handoff": made.pk, "receiver": receiver.name, "purpose": purpose, "round": made.round}
    record("handoff.planned", case.subject, actor=person, at=now, **told)
    wake("handoff", str(made.pk))
    return made


def plan_for_unit(
    case: Case, unit: Unit, now: datetime, purpose: str, person: Person | None = None, *, again: bool = False
) -> list[HandOff]:
    """Give it to every receiver of the unit: its URC's mail, its webhook, its group.

    A unit without any address has its desk only; of an emergency a hand-off is made all the same, which then waits
    for a person to reach the unit by telephone.
    """
    rows = list(Receiver.objects.filter(unit=unit, enabled=True).order_by("id"))
    rows = [one for one in rows if one.settings.get("ladder") is None]  # told by emergencies.py, rung by rung
    mail = any(one.sort == ReceiverSort.UNIT for one in rows)
    if not mail and (unit.urc_email or (purpose == "emergency" and not rows)):
        rows.append(mail_of(unit))
    return [plan(case, one, now, purpose=purpose, person=person, again=again) for one in rows if one.enabled]


def plan_by_sort(
    case: Case, sort: str, now: datetime, purpose: str, *, person: Person | None = None, again: bool = False
) -> list[HandOff]:
    """Give it to every receiver of one sort that takes cases of all units, or of the case's own."""
    theirs = Q(unit__isnull=True) | Q(unit=case.unit_id)
    rows = Receiver.objects.filter(theirs, sort=sort, enabled=True).order_by("id")
    return [plan(case, one, now, purpose=purpose, person=person, again=again) for one in rows]


def tell_unit(case: Case, unit: Unit, now: datetime) -> list[HandOff]:
    """Tell a unit's receivers that something new is known of a case that they have already.

    Only people are told: a ticket system would take it for another matter. Who has not been reached yet reads the
    new words with the first hand-off.
    """
    rows = HandOff.objects.filter(case=case, receiver__unit=unit, receiver__enabled=True)
    gone = rows.filter(receiver__sort__in=_PEOPLE).exclude(state__in=(*_NOT_GONE, HandOffState.CANCELLED))
    told = Receiver.objects.filter(pk__in=gone.values("receiver")).order_by("pk")
    return [plan(case, one, now, purpose="update", again=True) for one in told]


def mail_of(unit: Unit) -> Receiver:
    """The receiver "URC by mail" of a unit; its address is the unit's own (Unit.urc_email) until it has another."""
    name = unit.urc_name or f"URC {unit.short}"
    made, _new = Receiver.objects.get_or_create(
        key=f"surel-{unit.key}-{unit.pk}"[:60],
        defaults={"sort": ReceiverSort.UNIT, "unit": unit, "name": name[:120]},
    )
    return made


def it_arrived(handoff: HandOff, remote_id: str, person: Person, now: datetime) -> None:
    """A person made sure that the receiver has it. Raises NotAllowed for a ticket number that is taken already."""
    ticket = " ".join(remote_id.split())[:200] or handoff.remote_id
    other = HandOff.objects.filter(receiver=handoff.receiver_id, remote_id=ticket).exclude(pk=handoff.pk)
    if ticket and (taken := other.select_related("case").first()) is not None:
        raise NotAllowed(_taken(ticket, taken.case))
    try:
        with transaction.atomic():
            _decided(handoff, state=HandOffState.DELIVERED, remote_id=ticket, delivered_at=now, next_at=None)
            told = {"handoff": handoff.pk, "receiver": handoff.receiver.name, "ticket": ticket}
            record("handoff.confirmed", handoff.case.subject, actor=person, at=now, **told)
    except IntegrityError as error:  # somebody entered the same number at this moment
        raise NotAllowed(_("Nomor %(ticket)s sudah dipakai kasus lain.") % {"ticket": ticket}) from error
    handoff.refresh_from_db()


def _taken(ticket: str, case: Case) -> str:
    said = _("Nomor %(ticket)s sudah dipakai kasus %(number)s. Periksa nomornya.")
    return said % {"ticket": ticket, "number": case.number}


@transaction.atomic
def send_again(handoff: HandOff, person: Person, now: datetime) -> None:
    """A person asked the receiver and it is not there (or the trouble is mended): once more, with the same key."""
    proof = {"again_at": now.isoformat()}
    _decided(handoff, state=HandOffState.RETRYING, next_at=now, proof=proof)
    told = {"handoff": handoff.pk, "receiver": handoff.receiver.name}
    record("handoff.sent_again", handoff.case.subject, actor=person, at=now, **told)
    wake("handoff", str(handoff.pk))
    handoff.refresh_from_db()


def resume(receiver: Receiver, person: Person, now: datetime) -> int:
    """The receiver's trouble is mended: send all that it held up, which is known not to have landed; how many."""
    Receiver.objects.filter(pk=receiver.pk).update(trouble="")
    rows = HandOff.objects.filter(receiver=receiver, state=HandOffState.NEEDS_PERSON).order_by("id")
    held = [one for one in rows.select_related("receiver", "case") if _held_up(one)]
    return sum(_sent_again(one, person, now) for one in held)


def _sent_again(handoff: HandOff, person: Person, now: datetime) -> bool:
    try:
        send_again(handoff, person, now)
    except NotAllowed:  # somebody decided about it meanwhile
        return False
    return True


def _held_up(handoff: HandOff) -> bool:
    """Whether only the receiver's access was missing: at the last try, or before any try was made.

    What a person carries over by hand, or has to decide about, was never tried and never failed.
    """
    last = HandOffTry.objects.filter(handoff=handoff).order_by("-number").first()
    return last.outcome == Failure.CREDENTIALS if last else bool(handoff.proof.get(FRUITLESS))


@transaction.atomic
def cancel(handoff: HandOff, person: Person | None, now: datetime, why: str = "") -> bool:
    """Take back what has not left yet; gives whether it could (what is on its way cannot)."""
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    rows = HandOff.objects.filter(free, pk=handoff.pk, state__in=_NOT_GONE)
    if not rows.update(state=HandOffState.CANCELLED, next_at=None, leased_until=None, trouble=why[:500]):
        return False
    told = {"handoff": handoff.pk, "receiver": handoff.receiver.name, "why": why[:500]}
    record("handoff.cancelled", handoff.case.subject, actor=person, at=now, **told)
    return True


def _decided(handoff: HandOff, **values: object) -> None:
    """A person's decision about one that waits for it; whoever is first decides."""
    rows = HandOff.objects.filter(pk=handoff.pk, state__in=_WAITS)
    if not rows.update(trouble="", leased_until=None, **values):
        raise NotAllowed(_("Penerusan ini tidak sedang menunggu keputusan. Muat ulang halaman."))
