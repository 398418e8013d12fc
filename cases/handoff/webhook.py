"""A receiver's own system by a signed webhook, and what it tells us back the same way (docs/webhooks.md).

Receiver: address (https), settings {"knows_key": false} where it does not take two messages with one Idempotency-Key
as one (then an unclear send is a person's to decide). Sealed: key, key_id, and during a rotation old_key, old_key_id.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from cases.handoff import signing
from cases.handoff.contract import Delivered, Failure, HandOffError
from cases.handoff.matter import matter_of
from cases.models import Case, HandOff, Receiver, ReceiverSort
from cases.refusal import NotAllowed
from channels import outside
from channels.contract import ChannelError, Probe
from channels.reading import mapping, moment, optional, words
from channels.vault import unlock

_NOT_NOW = frozenset({408, 423, 425, 429, 502, 503})
_MOST = 40  #: nonces kept of one hand-off


class Webhook:
    sort = ReceiverSort.WEBHOOK.value
    knows_key = True

    def __init__(self) -> None:
        self._body = b""
        self._keys: dict[str, str] = {}

    def prepare(self, handoff: HandOff, now: datetime) -> bytes:
        self._keys = _keys(handoff.receiver)
        self._body = encoded(payload(handoff))
        return self._body

    def deliver(self, handoff: HandOff, now: datetime) -> Delivered:
        body = self._body or encoded(payload(handoff))
        answer = _post(handoff.receiver, body, self._keys or _keys(handoff.receiver), str(handoff.key), now)
        if not 200 <= answer.status < 300:
            raise _refusal(answer)
        return _receipt(answer)

    def probe(self, receiver: Receiver) -> Probe:
        """A signed message of the kind "test", which a receiver answers without keeping anything."""
        body = encoded({"version": 1, "kind": "test"})
        try:
            answer = _post(receiver, body, _keys(receiver), secrets.token_hex(16), datetime.now(UTC))
        except ChannelError as error:
            return Probe(False, str(error))
        if 200 <= answer.status < 300:
            return Probe(True, _("Penerima menjawab %(status)s.") % {"status": answer.status})
        return Probe(False, str(_refusal(answer)))


def payload(handoff: HandOff) -> dict[str, Any]:
    """What is sent: the same for every try of one hand-off, apart from limits that moved meanwhile."""
    with override("id"):
        matter = matter_of(handoff.case)
    return {
        "version": 1,
        "kind": "case",
        "key": str(handoff.key),
        "purpose": handoff.purpose,
        "round": handoff.round,
        "note": handoff.note,
        "case": {
            "number": matter.number,
            "gate": handoff.case.gate,
            "topic": handoff.case.topic,
            "topic_name": matter.topic,
            "text": matter.text,
            "place": matter.place,
            "area": matter.area,
            "state": handoff.case.state,
            "urgent": matter.urgent,
            "reported_at": _stamp(matter.reported_at),
            "link": matter.link,
            "photos": matter.photos,
        },
        "unit": handoff.receiver.unit.key if handoff.receiver.unit else "",
        "due": [
            {"name": one.name, "at": _stamp(one.due_at), "citation": one.citation} for one in matter.limits
        ],
    }


def encoded(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _keys(receiver: Receiver) -> dict[str, str]:
    keys = signing.keys_of(unlock(bytes(receiver.sealed)))
    if not keys:
        raise HandOffError(_("Kunci tanda tangan penerima ini belum diisi."), Failure.CREDENTIALS)
    return keys


def _post(receiver: Receiver, body: bytes, keys: dict[str, str], key: str, now: datetime) -> outside.Answer:
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Idempotency-Key": key,
        **signing.headers(keys, body, now, secrets.token_urlsafe(18)),
    }
    return outside.call("POST", receiver.address, body=body, headers=headers)


def _refusal(answer: outside.Answer) -> HandOffError:
    """What a status says of whether it landed (RFC 9110, section 15)."""
    status = answer.status
    code = str(status)
    if status in (401, 403):
        return HandOffError(
            _("Penerima tidak menerima tanda tangan kita (%(status)s).") % {"status": status},
            Failure.CREDENTIALS,
            code=code,
        )
    if status in _NOT_NOW and status != 502:
        return HandOffError(
            _("Penerima meminta menunggu (%(status)s).") % {"status": status},
            Failure.LATER,
            retry_in=answer.retry_in(),
            code=code,
        )
    if status >= 500:
        # It may have kept the case before it failed.
        said = _("Penerima gagal menjawab (%(status)s); belum pasti diterima.") % {"status": status}
        return HandOffError(said, Failure.UNKNOWN, code=code)
    if 300 <= status < 400:
        said = _(
            "Penerima mengalihkan ke alamat lain (%(status)s); pengalihan tidak diikuti. Perbaiki alamatnya."
        )
        return HandOffError(said % {"status": status}, Failure.REFUSED, code=code)
    said = _("Penerima menolak (%(status)s).") % {"status": status}
    return HandOffError(said, Failure.REFUSED, code=code)


def _receipt(answer: outside.Answer) -> Delivered:
    """What a 2xx says; a body that is cut off or is no JSON takes nothing away from it."""
    said: dict[str, Any] = {}
    if answer.whole:
        try:
            said = mapping(json.loads(answer.body or b"{}"))
        except ValueError:
            said = {}
    link = optional(said.get("link")) or ""
    return Delivered(
        remote_id=(optional(said.get("ticket")) or "")[:200],
        link=link if link.startswith("https://") else "",
        proof={"status": answer.status, "whole": answer.whole},
        state=(optional(said.get("state")) or "")[:60],
        note=(optional(said.get("note")) or "")[:1000],
    )


# --- what it tells us


class NotTaken(Exception):
    """An inbound message that is not taken; ``status`` is the HTTP status to answer with."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Told:
    new: bool  #: False: we knew it already, or know something newer
    state: str  #: of the hand-off's matter now, in the receiver's word


@transaction.atomic
def receive(receiver: Receiver, body: bytes, given: Mapping[str, str], now: datetime) -> Told:
    """Take a signed message about one hand-off of this receiver. Raises NotTaken.

    {"key": "…" or "ticket": "…", "state": "accepted", "note": "…", "at": "2026-11-24T03:00:00Z"}
    """
    from cases.handoff.engine import heard  # the registry of senders need not load what hears

    nonce = _signed(receiver, body, given, now)
    said = _read(body)
    handoff = _meant(receiver, said)
    Case.objects.select_for_update().get(pk=handoff.case_id)  # the case first, everywhere
    if not _first_time(handoff, nonce, now):
        return Told(False, handoff.remote_state)
    at = moment(said.get("at"))
    if at is not None and at > now + timedelta(minutes=5):
        raise NotTaken(400, _("“at” ada di masa depan."))
    note = (optional(said.get("note")) or "")[:1000]
    try:
        new = heard(handoff, str(said["state"]), note, now, at=at)
    except (
        NotAllowed
    ) as refusal:  # the case does not allow it now: another unit has it, or a person was quicker
        raise NotTaken(409, str(refusal)) from refusal
    if ticket := (optional(said.get("ticket")) or "")[:200]:
        _keep_ticket(handoff, ticket)
    return Told(new, handoff.remote_state)


def _signed(receiver: Receiver, body: bytes, given: Mapping[str, str], now: datetime) -> str:
    try:
        return signing.check(signing.keys_of(unlock(bytes(receiver.sealed))), body, given, now)
    except (signing.Unsigned, ChannelError) as error:
        raise NotTaken(403, _("Tanda tangan tidak sah, atau waktunya di luar lima menit.")) from error


def _read(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotTaken(400, _("Isinya bukan JSON.")) from error
    if not isinstance(said, dict):
        raise NotTaken(400, _("Isinya bukan objek JSON."))
    state = said.get("state")
    if not isinstance(state, str) or not state.strip() or len(state) > 60 or words(state) != state:
        raise NotTaken(400, _("“state” tidak ada atau terlalu panjang."))
    return said


def _meant(receiver: Receiver, said: dict[str, Any]) -> HandOff:
    """The hand-off that it is about: by our key, else by its ticket number."""
    rows = HandOff.objects.filter(receiver=receiver).select_related("receiver", "case")
    key, ticket = optional(said.get("key")) or "", optional(said.get("ticket")) or ""
    found = rows.filter(key=key).first() if _is_uuid(key) else None
    if found is None and ticket and not key:
        found = rows.filter(remote_id=ticket[:200]).first()
    if found is None:
        raise NotTaken(404, _("Penerusan dengan kunci atau nomor itu tidak ada pada penerima ini."))
    return found


def _is_uuid(text: str) -> bool:
    return len(text) == 36 and all(one in "0123456789abcdefABCDEF-" for one in text) and text.count("-") == 4


def _first_time(handoff: HandOff, nonce: str, now: datetime) -> bool:
    """Whether this nonce is new for its hand-off. Old ones may go: beyond the window the signature itself is void."""
    row = HandOff.objects.select_for_update().get(pk=handoff.pk)
    seen = [one for one in row.proof.get("nonces", []) if isinstance(one, str)]
    if nonce in seen:
        return False
    HandOff.objects.filter(pk=row.pk).update(proof={**row.proof, "nonces": [*seen, nonce][-_MOST:]})
    return True


def _keep_ticket(handoff: HandOff, ticket: str) -> None:
    try:
        with transaction.atomic():
            HandOff.objects.filter(pk=handoff.pk, remote_id="").update(remote_id=ticket)
    except IntegrityError as error:
        raise NotTaken(409, _("Nomor itu sudah dipakai penerusan lain.")) from error
