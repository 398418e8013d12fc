"""One hand-off: planned, claimed, prepared, intended, given away, recorded. And what follows when a step fails.

The same promise as publisher/deliver.py makes: it happens once. The intent is committed before the call, the
receipt at once after. One that is caught between the two is `unknown`: its receiver is asked where it can tell,
sent the same key again where it takes two as one, and else a person decides.
"""

import hashlib
import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import BooleanField, F, Q, QuerySet, Value, When
from django.db.models import Case as When_
from django.utils.translation import gettext as _

from cases.handoff.contract import Absent, ByHand, Delivered, Failure, Handing, HandOffError, Heard
from cases.handoff.plan import FRUITLESS
from cases.handoff.plan import cancel as cancel
from cases.handoff.plan import it_arrived as it_arrived
from cases.handoff.plan import plan as plan
from cases.handoff.plan import plan_by_sort as plan_by_sort
from cases.handoff.plan import plan_for_unit as plan_for_unit
from cases.handoff.plan import resume as resume
from cases.handoff.plan import send_again as send_again
from cases.handoff.registry import handing_of
from cases.models import ENDED, HandOff, HandOffState, HandOffTry, Receiver
from cases.refusal import NotAllowed
from cases.restriction import only_kept
from channels.contract import ChannelError
from ledger.chain import record
from ledger.models import Person
from ledger.points import reach

log = logging.getLogger(__name__)

_READY = (HandOffState.PLANNED, HandOffState.RETRYING, HandOffState.CLAIMED)
_OPEN = (HandOffState.SENDING, HandOffState.UNKNOWN)
#: Kept in the proof while a hand-off is on its way: how many preparations failed, how often it was looked for.
_FRUITLESS, _LOOKS = FRUITLESS, "looks"
#: So many hand-offs are looked at in one tick.
_MOST = 1000
_NEW_WORK = ("assign", "emergency", "reopen")


def due(now: datetime) -> list[tuple[int, int]]:
    """(hand-off id, receiver id) of all that want something done now; emergencies first."""
    rows = _due(now).annotate(urgent=_urgent()).order_by("-urgent", "made_at", "id")
    found = list(rows.values_list("pk", "receiver_id")[:_MOST])
    if len(found) < _MOST:
        return found
    # A receiver that was away for a day has more than that; the others must not wait until it has taken them.
    waiting = list(_due(now).order_by().values_list("receiver_id", flat=True).distinct())
    return [
        one
        for receiver in waiting
        for one in rows.filter(receiver=receiver).values_list("pk", "receiver_id")[:100]
    ]


def urgent_before(handoff_id: int, now: datetime) -> list[int]:
    """The emergencies of the same receiver that are due, unless the hand-off is one itself."""
    receiver = HandOff.objects.filter(pk=handoff_id).exclude(purpose="emergency").values("receiver_id")
    rows = _due(now).filter(purpose="emergency", receiver__in=receiver)
    return list(rows.order_by("made_at", "id").values_list("pk", flat=True)[:100])


def advance(handoff_id: int, now: datetime) -> HandOffState | None:
    """The next step of one hand-off: give it away, else find out what became of it; None: nothing to do now."""
    return _give(handoff_id, now) or _look(handoff_id, now)


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
    """A receiver told something of a matter; gives whether it was new (cases/handoff/answers.py)."""
    from cases.handoff import answers  # routing plans hand-offs, and what is heard goes on to routing

    return answers.heard(
        handoff, remote_state, note, now, acknowledged=acknowledged, at=at, person=person, receipt=receipt
    )


def _urgent() -> When_:
    return When_(
        When(purpose="emergency", then=Value(True)), default=Value(False), output_field=BooleanField()
    )


def _free(now: datetime) -> Q:
    return Q(leased_until__isnull=True) | Q(leased_until__lt=now)


def _due(now: datetime) -> QuerySet[HandOff]:
    return HandOff.objects.filter(_free(now), next_at__lte=now, receiver__enabled=True)


# --- giving it away


def _claim(
    handoff_id: int, states: tuple[HandOffState, ...], now: datetime, becomes: HandOffState
) -> int | None:
    """Take it for one lease by a conditional UPDATE; gives the fencing token, None when it is not to be had."""
    until = now + timedelta(seconds=_seconds("lease"))
    with transaction.atomic():
        # The receiver is asked for by a subquery: an UPDATE cannot join.
        speaking = Receiver.objects.filter(enabled=True).values("pk")
        mine = HandOff.objects.filter(_free(now), pk=handoff_id, next_at__lte=now, state__in=states)
        taken = mine.filter(receiver__in=speaking).update(
            leased_until=until, fence=F("fence") + 1, state=becomes
        )
        return HandOff.objects.values_list("fence", flat=True).get(pk=handoff_id) if taken else None


def _load(handoff_id: int) -> HandOff:
    rows = HandOff.objects.select_related("receiver__unit", "case__unit", "case__mention")
    return rows.get(pk=handoff_id)


def _give(handoff_id: int, now: datetime) -> HandOffState | None:
    fence = _claim(handoff_id, _READY, now, HandOffState.CLAIMED)
    if fence is None:
        return None
    reach("handoff.claimed")
    handoff = _load(handoff_id)
    if said := _objection(handoff):
        return _settle(handoff, fence, now, HandOffState.CANCELLED, said)
    if said := _undecided(handoff):
        return _settle(handoff, fence, now, HandOffState.NEEDS_PERSON, said)
    try:
        handing = handing_of(handoff.receiver.sort)
        prepare = getattr(handing, "prepare", None)
        content: bytes = prepare(handoff, now) if prepare else str(handoff.key).encode()
    except ByHand as carried:
        return _settle(handoff, fence, now, HandOffState.NEEDS_PERSON, str(carried))
    except ChannelError as error:
        # Nothing has left the house yet, so even an unclear failure here can simply be repeated.
        known = Failure.LATER if error.failure == Failure.UNKNOWN else error.failure
        return _failed(handoff, fence, known, error, now, fruitless=True)
    except Exception as error:  # what nobody foresaw must not be asked for again and again for ever
        log.exception("%s: unexpected", handoff)
        return _failed(handoff, fence, Failure.LATER, error, now, fruitless=True)
    reach("handoff.prepared")
    if not _intend(handoff, fence, content, now):
        return HandOffState.CLAIMED
    reach("handoff.intent_stored")
    if not HandOff.objects.filter(pk=handoff.pk, fence=fence, state=HandOffState.SENDING).exists():
        return None  # it slept through its lease, and another worker or a person has it now
    return _send(handing, handoff, fence, now)


def _objection(handoff: HandOff) -> str:
    """Why it must not be given away any more; "" when nothing speaks against it."""
    case, unit = handoff.case, handoff.receiver.unit_id
    if handoff.purpose not in _NEW_WORK:
        return ""
    if case.state in ENDED:
        return _("Kasusnya sudah berakhir sebelum diteruskan.")
    if unit is not None and handoff.purpose != "emergency" and case.unit_id not in (None, unit):
        return _("Kasusnya sudah dipindahkan ke perangkat daerah lain.")
    return ""


def _undecided(handoff: HandOff) -> str:
    """Why a person has to say that it may go; "" where somebody did, or nothing asks for it."""
    decided = handoff.made_by_id is not None or "again_at" in handoff.proof
    if decided or handoff.purpose == "emergency" or not only_kept(handoff.case):
        return ""
    return _("Penulisnya meminta pembatasan pemrosesan datanya. Teruskan hanya bila memang diperlukan.")


def _intend(handoff: HandOff, fence: int, content: bytes, now: datetime) -> bool:
    """Commit what is about to be tried; False where the claim was lost."""
    with transaction.atomic():
        mine = HandOff.objects.filter(pk=handoff.pk, fence=fence, state=HandOffState.CLAIMED)
        if not mine.update(state=HandOffState.SENDING, attempts=F("attempts") + 1):
            return False
        HandOffTry.objects.create(
            handoff=handoff,
            number=handoff.attempts + 1,
            fence=fence,
            content_hash=hashlib.sha256(content).hexdigest(),
            started_at=now,
        )
    return True


def _send(handing: Handing, handoff: HandOff, fence: int, now: datetime) -> HandOffState | None:
    try:
        delivered = handing.deliver(handoff, now)
    except ByHand as carried:
        _close_try(handoff, fence, "by_hand", "", now)
        return _settle(handoff, fence, now, HandOffState.NEEDS_PERSON, str(carried))
    except ChannelError as error:
        return _failed(handoff, fence, error.failure, error, now)
    except Exception as error:  # after the intent, whatever happens may have landed
        log.exception("%s: unexpected", handoff)
        return _failed(handoff, fence, Failure.UNKNOWN, error, now)
    reach("handoff.sent")
    state = _received(handoff, fence, delivered, now)
    reach("handoff.receipt_stored")
    return state


def _received(handoff: HandOff, fence: int, got: Delivered, now: datetime) -> HandOffState | None:
    """Write the receipt, if this worker still holds the claim; None when it does not."""
    try:
        with transaction.atomic():
            kept = _write_receipt(handoff, fence, got, now)
    except IntegrityError:
        # The receiver gave us a number that it gave us before: it is theirs to be wrong, and ours to be told.
        said = _("Penerima memberi nomor yang sudah dipakai penerusan lain: %(number)s.")
        proof = {**got.proof, "claimed_number": got.remote_id}
        log.warning(said, {"number": got.remote_id})
        with transaction.atomic():
            kept = _write_receipt(handoff, fence, replace(got, remote_id="", proof=proof), now)
    if not kept:
        return None
    _close_try(handoff, fence, "delivered", "", now)
    if got.state:
        _take_in(handoff, Heard(got.state, got.note), now, receipt=True)
    return HandOffState.DELIVERED


def _take_in(handoff: HandOff, told: Heard, now: datetime, *, receipt: bool = False) -> bool:
    """Do what a receiver's word calls for, where the case allows it; gives whether it was new."""
    try:
        return heard(
            _load(handoff.pk),
            told.state,
            told.note,
            now,
            acknowledged=told.acknowledged,
            at=told.at,
            receipt=receipt,
        )
    except NotAllowed as refusal:
        log.warning("%s: %s says %s: %s", handoff, handoff.receiver, told.state, refusal)
        return False


def _write_receipt(handoff: HandOff, fence: int, got: Delivered, now: datetime) -> bool:
    kept = HandOff.objects.filter(pk=handoff.pk, fence=fence, state__in=_OPEN).update(
        state=HandOffState.DELIVERED,
        delivered_at=now,
        next_at=None,
        leased_until=None,
        trouble="",
        remote_id=got.remote_id[:200],
        link=got.link[:500],
        proof=got.proof,
        pull_at=None if got.pull_in is None else now + timedelta(seconds=got.pull_in),
    )
    if kept:
        Receiver.objects.filter(pk=handoff.receiver_id).exclude(trouble="").update(trouble="")
        told: dict[str, Any] = {
            "handoff": handoff.pk,
            "receiver": handoff.receiver.name,
            "ticket": got.remote_id[:200],
        }
        record("handoff.delivered", handoff.case.subject, at=now, **told)
    return bool(kept)


# --- what failed


def _failed(
    handoff: HandOff,
    fence: int,
    failure: Failure,
    error: Exception,
    now: datetime,
    *,
    fruitless: bool = False,
) -> HandOffState | None:
    """Turn a failure into the state that follows from it."""
    said = (str(error) or type(error).__name__)[:500]
    _close_try(handoff, fence, failure.value, said, now)
    tried = handoff.attempts + int(handoff.proof.get(_FRUITLESS, 0)) + 1
    proof = {**handoff.proof, _FRUITLESS: int(handoff.proof.get(_FRUITLESS, 0)) + 1} if fruitless else None
    if failure == Failure.CREDENTIALS:
        Receiver.objects.filter(pk=handoff.receiver_id).update(trouble=said[:300])
    if failure == Failure.UNKNOWN:
        at = now + timedelta(seconds=_seconds("first_look"))
        return _settle(handoff, fence, now, HandOffState.UNKNOWN, said, at, proof)
    if failure == Failure.REFUSED:
        return _settle(handoff, fence, now, HandOffState.REFUSED, said, None, proof)
    if failure == Failure.CREDENTIALS or _out_of_patience(handoff, now):
        return _settle(handoff, fence, now, HandOffState.NEEDS_PERSON, said, None, proof)
    at = _asked(error, now) or now + timedelta(seconds=wait_after(tried))
    return _settle(handoff, fence, now, HandOffState.RETRYING, said, at, proof)


def _settle(
    handoff: HandOff,
    fence: int,
    now: datetime,
    state: HandOffState,
    said: str,
    at: datetime | None = None,
    proof: dict[str, Any] | None = None,
) -> HandOffState | None:
    """Change a claimed hand-off and let go of it; None when this worker no longer held it."""
    values: dict[str, Any] = {"state": state, "next_at": at, "trouble": said[:500], "leased_until": None}
    if proof is not None:
        values["proof"] = proof
    with transaction.atomic():
        if not HandOff.objects.filter(pk=handoff.pk, fence=fence).update(**values):
            return None
        told: dict[str, Any] = {
            "handoff": handoff.pk,
            "receiver": handoff.receiver.name,
            "state": state.value,
        }
        if state == HandOffState.CANCELLED:
            record("handoff.cancelled", handoff.case.subject, at=now, **told, why=said)
        elif state in (HandOffState.REFUSED, HandOffState.NEEDS_PERSON):
            record("handoff.needs_person", handoff.case.subject, at=now, **told, why=said)
    level = logging.INFO if state == HandOffState.RETRYING else logging.WARNING
    log.log(level, "%s: %s (%s)", handoff, said, state.value)
    return state


def _close_try(handoff: HandOff, fence: int, outcome: str, said: str, now: datetime) -> None:
    HandOffTry.objects.filter(handoff=handoff, fence=fence, ended_at__isnull=True).update(
        outcome=outcome, said=said, ended_at=now
    )


def _asked(error: Exception, now: datetime) -> datetime | None:
    """When the receiver wants to be asked again; None when it named no time to come, or one beyond our patience."""
    at = error.next_time(now) if isinstance(error, ChannelError) else None
    farthest = now + timedelta(seconds=_seconds("give_up_after"))
    return min(at, farthest) if at is not None and at > now else None


def _out_of_patience(handoff: HandOff, now: datetime) -> bool:
    """Whether it has been tried for so long that a person should decide; an emergency sooner."""
    patience = _seconds("give_up_emergency_after" if handoff.purpose == "emergency" else "give_up_after")
    return now - _begun(handoff) > timedelta(seconds=patience)


def _begun(handoff: HandOff) -> datetime:
    """Since when its patience counts: when it was planned, or a person said "once more"."""
    again = handoff.proof.get("again_at")
    return datetime.fromisoformat(again) if isinstance(again, str) else handoff.made_at


def wait_after(tried: int) -> float:
    """Seconds until the next try after ``tried`` tries: doubling, up to a limit."""
    return float(min(_seconds("first_wait") * 2 ** min(max(tried - 1, 0), 20), _seconds("max_wait")))


def _seconds(name: str) -> float:
    return float(settings.ANSWERING["handoff"][name])


# --- what became of it


def _look(handoff_id: int, now: datetime) -> HandOffState | None:
    """Look for one whose outcome is not known, or whose worker died while sending."""
    fence = _claim(handoff_id, _OPEN, now, HandOffState.UNKNOWN)
    if fence is None:
        return None
    reach("handoff.look_claimed")
    handoff = _load(handoff_id)
    try:
        handing = handing_of(handoff.receiver.sort)
        if (find := getattr(handing, "find", None)) is not None:
            found = find(handoff)
            reach("handoff.look_answered")
            return _found(handing, handoff, fence, found, now)
    except ChannelError as error:
        return _look_failed(handoff, fence, error, now)
    except Exception as error:  # an answer that nobody foresaw ends with a person too, not in a circle
        log.exception("%s: unexpected", handoff)
        return _look_failed(handoff, fence, HandOffError(str(error), Failure.LATER), now)
    if handing.knows_key and _may_repeat(handing, handoff):
        return _again(
            handoff, fence, _("Diulang dengan kunci yang sama; penerima menghitungnya satu kali."), now
        )
    said = _("Tidak dapat dipastikan apakah ini sudah sampai. Tanyakan kepada penerima, lalu pilih.")
    return _settle(handoff, fence, now, HandOffState.NEEDS_PERSON, said)


def _may_repeat(handing: Handing, handoff: HandOff) -> bool:
    return bool(handoff.receiver.settings.get("knows_key", True))


def _found(
    handing: Handing, handoff: HandOff, fence: int, found: Delivered | Absent, now: datetime
) -> HandOffState | None:
    if isinstance(found, Delivered):
        _close_tries(handoff, "delivered", now)
        return _received(handoff, fence, found, now)
    if found.sure:
        return _again(handoff, fence, found.note, now)
    looks = int(handoff.proof.get(_LOOKS, 0)) + 1
    if looks < int(_seconds("looks")):
        at = now + timedelta(seconds=_seconds("first_look") * 2**looks)
        said = found.note or _("Belum terlihat pada penerima; dilihat lagi.")
        return _settle(handoff, fence, now, HandOffState.UNKNOWN, said, at, {**handoff.proof, _LOOKS: looks})
    said = found.note or _("Tidak terlihat pada penerima. Tanyakan kepada penerima, lalu pilih.")
    return _settle(handoff, fence, now, HandOffState.NEEDS_PERSON, said)


def _again(handoff: HandOff, fence: int, note: str, now: datetime) -> HandOffState | None:
    """Known not to have landed, or harmless to repeat: once more, each time a little later."""
    _close_tries(handoff, "absent", now)
    if _out_of_patience(handoff, now):
        return _settle(handoff, fence, now, HandOffState.NEEDS_PERSON, note or handoff.trouble)
    at = now + timedelta(seconds=wait_after(handoff.attempts)) if handoff.attempts > 1 else now
    return _settle(handoff, fence, now, HandOffState.RETRYING, note, at, {**handoff.proof, _LOOKS: 0})


def _look_failed(handoff: HandOff, fence: int, error: ChannelError, now: datetime) -> HandOffState | None:
    """Look again later; where looking itself is refused, or has gone on for too long, a person decides."""
    if error.failure == Failure.CREDENTIALS:
        Receiver.objects.filter(pk=handoff.receiver_id).update(trouble=str(error)[:300])
    if error.failure in (Failure.CREDENTIALS, Failure.REFUSED) or _out_of_patience(handoff, now):
        said = _("Tidak dapat dipastikan: %(why)s") % {"why": str(error)}
        return _settle(handoff, fence, now, HandOffState.NEEDS_PERSON, said)
    at = _asked(error, now) or now + timedelta(seconds=_seconds("look_failed_wait"))
    return _settle(handoff, fence, now, HandOffState.UNKNOWN, str(error), at)


def _close_tries(handoff: HandOff, outcome: str, now: datetime) -> None:
    HandOffTry.objects.filter(handoff=handoff, ended_at__isnull=True).update(outcome=outcome, ended_at=now)


# --- what a receiver says when it is asked


def pull_due(now: datetime) -> list[int]:
    """Ids of the hand-offs whose state is to be asked for now."""
    rows = HandOff.objects.filter(pull_at__lte=now, state=HandOffState.DELIVERED, receiver__enabled=True)
    return list(rows.order_by("pull_at", "id").values_list("pk", flat=True)[:200])


def pull(handoff_id: int, now: datetime) -> bool:
    """Ask a receiver what became of one matter; gives whether it told something new."""
    later = now + timedelta(seconds=_seconds("pull_every"))
    # The claim: whoever moves the time on asks; one that dies has it asked again at the next turn.
    if not HandOff.objects.filter(pk=handoff_id, pull_at__lte=now).update(pull_at=later):
        return False
    handoff = _load(handoff_id)
    ask = getattr(handing_of(handoff.receiver.sort), "pull", None)
    if ask is None or handoff.case.state in ENDED:
        HandOff.objects.filter(pk=handoff_id).update(pull_at=None)
        return False
    try:
        told: Heard | None = ask(handoff)
    except ChannelError as error:
        if error.failure == Failure.CREDENTIALS:
            Receiver.objects.filter(pk=handoff.receiver_id).update(trouble=str(error)[:300])
        log.warning("%s: state not told: %s", handoff, error)
        if error.failure == Failure.LATER:
            _let_alone(handoff, now)
        return False
    except Exception:  # one receiver's odd answer must not keep the others from being asked
        log.exception("%s: unexpected", handoff)
        return False
    if told is None:
        return False
    if told.pull_in is not None:
        at = now + timedelta(seconds=told.pull_in)
        HandOff.objects.filter(pk=handoff_id, pull_at=later).update(pull_at=at)
    return _take_in(handoff, told, now)


def _let_alone(handoff: HandOff, now: datetime) -> None:
    """A receiver that does not answer takes a call's whole patience each time: its other matters wait a while."""
    theirs = HandOff.objects.filter(receiver=handoff.receiver_id, pull_at__lte=now)
    theirs.update(pull_at=now + timedelta(seconds=_seconds("pull_pause")))
