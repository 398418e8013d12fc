"""Another Open311 GeoReport v2 server as a receiver (https://wiki.open311.org/GeoReport_v2).

``Receiver.address`` is its endpoint ("https://api.kota.example/open311/v2"). ``Receiver.settings``:
services = {our topic: its service_code}; service = its code for all other topics; jurisdiction = its jurisdiction_id;
search = true where GET requests shows new requests at once, so that an unclear send can be looked for;
key_attribute = "KUNCI" where it takes our key as an attribute and answers GET tokens/KEY (another Kentongan does).
Secret: api_key. XML is spoken, because the specification requires it of every server and JSON only of some.
"""

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cases.handoff.contract import Absent, Delivered, Failure, HandOffError, Heard
from cases.models import HandOff, HandOffTry, Receiver, ReceiverSort
from cases.open311_server import w3c
from channels import outside, vault
from channels.contract import Probe
from city.masks import mask

_FORM = "application/x-www-form-urlencoded; charset=utf-8"
_HANDLE = re.compile(r"(?<![\w.])@[\w.]{2,}")
_LETTERS = 4000  #: of a description, by the specification
_FIRST_PULL = 3600.0  #: seconds until its status is asked for; a token's id sooner
_TOKEN_PULL = 300.0
#: Statuses that say "later" although the specification knows only 400: proxies before a server say them.
_LATER = frozenset({408, 425, 429, 503})
#: Hours around a try in which an unclear one is looked for: clocks differ.
_AROUND = timedelta(hours=2)

Row = dict[str, str]


class Open311:
    sort = ReceiverSort.OPEN311
    knows_key = False

    def __init__(self) -> None:
        self._form: list[tuple[str, str]] = []

    def prepare(self, handoff: HandOff, now: datetime) -> bytes:
        """The form without the api_key. Raises HandOffError where the receiver's settings lack what it needs."""
        self._form = form_of(handoff)
        return urlencode(self._form).encode()

    def deliver(self, handoff: HandOff, now: datetime) -> Delivered:
        """POST requests: an id at once (realtime), a token (batch), or neither (blackbox)."""
        form = self._form or form_of(handoff)
        key = vault.unlock(bytes(handoff.receiver.sealed)).get("api_key", "")
        body = urlencode([("api_key", key), *form]).encode()
        answer = outside.call("POST", _url(handoff, "requests"), body=body, headers={"Content-Type": _FORM})
        row = _first(answer, writing=True)
        token, number = row.get("token", ""), row.get("service_request_id", "")
        proof: dict[str, Any] = {"status": answer.status, "notice": mask(row.get("service_notice", ""))[:300]}
        if token and not number:
            return Delivered(proof={**proof, "token": token[:200]}, pull_in=_TOKEN_PULL)
        if not number:
            return Delivered(proof={**proof, "blackbox": True})
        return Delivered(number, proof=proof, pull_in=_FIRST_PULL)

    def find(self, handoff: HandOff) -> Delivered | Absent:
        """By our key, where the server can tell; raises HandOffError (a person decides) where it cannot."""
        table = handoff.receiver.settings
        if table.get("key_attribute"):
            row = _first(outside.call("GET", _url(handoff, f"tokens/{handoff.key}")), missing=True)
            return _as_found(row) if row.get("service_request_id") else Absent(sure=True)
        if not table.get("search"):
            said = _(
                "Server ini tidak dapat dicari; tanyakan kepada pengelolanya apakah laporan sudah masuk."
            )
            raise HandOffError(said, Failure.REFUSED)
        for row in _rows(outside.call("GET", _search(handoff))):
            if str(handoff.key) in row.get("description", ""):
                return _as_found(row)
        return Absent()

    def pull(self, handoff: HandOff) -> Heard | None:
        """The id of a token that was not known yet, then the status of the request."""
        number = handoff.remote_id or self._resolve(handoff)
        if not number:
            return None
        row = _first(outside.call("GET", _url(handoff, f"requests/{quote(number, safe='')}")), missing=True)
        if not row.get("status"):
            return None
        at = _moment(row.get("updated_datetime", ""))
        return Heard(row["status"].lower(), mask(row.get("status_notes", ""))[:1000], at)

    def probe(self, receiver: Receiver) -> Probe:
        """GET services: whether it answers, and has the service_codes that are set here."""
        answer = outside.call("GET", _address(receiver, "services"))
        theirs = {row.get("service_code", "") for row in _rows(answer)}
        ours = {
            str(code)
            for code in [*_services(receiver).values(), receiver.settings.get("service", "")]
            if code
        }
        if missing := sorted(ours - theirs):
            said = _("Server menjawab, tetapi tidak punya service_code %(codes)s.")
            return Probe(False, said % {"codes": ", ".join(missing)})
        return Probe(True, _("Server menjawab dengan %(count)d layanan.") % {"count": len(theirs)})

    def _resolve(self, handoff: HandOff) -> str:
        token = str(handoff.proof.get("token", ""))
        if not token:
            return ""
        row = _first(outside.call("GET", _url(handoff, f"tokens/{quote(token, safe='')}")), missing=True)
        number = row.get("service_request_id", "")[:200]
        try:
            with transaction.atomic():
                HandOff.objects.filter(pk=handoff.pk, remote_id="").update(remote_id=number)
        except IntegrityError:
            return ""  # it names a request of another hand-off: not ours to believe
        return number


def form_of(handoff: HandOff) -> list[tuple[str, str]]:
    """What is sent, without the api_key. No name and no handle of anybody is in it."""
    case, table = handoff.case, handoff.receiver.settings
    code = _services(handoff.receiver).get(case.topic) or table.get("service")
    if not code:
        said = _("Penerima ini belum punya service_code untuk topik “%(topic)s”.")
        raise HandOffError(said % {"topic": case.topic or "-"}, Failure.CREDENTIALS)
    form = [("service_code", str(code))]
    if table.get("jurisdiction"):
        form.append(("jurisdiction_id", str(table["jurisdiction"])))
    form.append(("address_string", ", ".join(filter(None, (case.place, settings.CITY["name"])))))
    ours = "\n\n" + _("Nomor kami %(number)s, kunci %(key)s.") % {"number": case.number, "key": handoff.key}
    words = _HANDLE.sub("@…", mask(case.mention.text)) + (f"\n\n{handoff.note}" if handoff.note else "")
    form.append(("description", words[: _LETTERS - len(ours)] + ours))
    if table.get("key_attribute"):
        form.append((f"attribute[{table['key_attribute']}]", str(handoff.key)))
    return form


def _services(receiver: Receiver) -> dict[str, Any]:
    table = receiver.settings.get("services", {})
    return table if isinstance(table, dict) else {}


def _address(receiver: Receiver, path: str, **query: str) -> str:
    asked = {"jurisdiction_id": str(receiver.settings.get("jurisdiction", "")), **query}
    given = urlencode({name: value for name, value in asked.items() if value})
    return f"{receiver.address.rstrip('/')}/{path}.xml" + (f"?{given}" if given else "")


def _url(handoff: HandOff, path: str) -> str:
    # The form of a POST has the jurisdiction itself.
    if path == "requests":
        return f"{handoff.receiver.address.rstrip('/')}/requests.xml"
    return _address(handoff.receiver, path)


def _search(handoff: HandOff) -> str:
    """Requests of our service around the time of the last try."""
    tried = HandOffTry.objects.filter(handoff=handoff).order_by("-number").first()
    at = tried.started_at if tried else handoff.made_at
    return _address(
        handoff.receiver,
        "requests",
        service_code=dict(form_of(handoff))["service_code"],
        start_date=w3c(at - _AROUND),
        end_date=w3c(at + _AROUND),
    )


def _as_found(row: Row) -> Delivered:
    return Delivered(row.get("service_request_id", ""), proof={"found": True}, pull_in=_FIRST_PULL)


def _first(answer: outside.Answer, *, writing: bool = False, missing: bool = False) -> Row:
    """The first row of an answer, {} for none; ``missing``: also where the server says 404."""
    if missing and answer.status == 404:
        return {}
    rows = _rows(answer, writing=writing)
    return rows[0] if rows else {}


def _rows(answer: outside.Answer, *, writing: bool = False) -> list[Row]:
    """The rows of an answer as texts. Raises HandOffError by what its status and its errors mean.

    writing: an answer that cannot be read leaves it unclear whether the request was taken.
    """
    unclear = Failure.UNKNOWN if writing else Failure.LATER
    if answer.status >= 300:
        raise _failure(answer, unclear)
    root = _parsed(answer.body) if answer.whole else None
    if root is None:
        raise HandOffError(_("Jawaban server Open311 tidak terbaca."), unclear)
    if root.tag == "errors":  # some servers say it with 200
        raise HandOffError(_said(root) or _("Server Open311 menolak."), Failure.REFUSED)
    return [{field.tag: (field.text or "").strip() for field in row} for row in root]


def _failure(answer: outside.Answer, unclear: Failure) -> HandOffError:
    root = _parsed(answer.body)
    said = (_said(root) if root is not None else "") or f"HTTP {answer.status}"
    said = _("Server Open311: %(said)s") % {"said": said[:300]}
    match answer.status:
        case 401 | 403:
            return HandOffError(said, Failure.CREDENTIALS)
        case status if status in _LATER:
            return HandOffError(said, Failure.LATER, retry_in=answer.retry_in())
        case status if status >= 500:
            return HandOffError(said, unclear)
    return HandOffError(said, Failure.REFUSED)


def _said(root: ElementTree.Element) -> str:
    return mask("; ".join(filter(None, ((one.text or "").strip() for one in root.iter("description")))))


def _parsed(body: bytes) -> ElementTree.Element | None:
    """The document; None where it is none, or one that could be a trap."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body or b"\x00" in body:
        return None
    try:
        return ElementTree.fromstring(body)  # noqa: S314 - without DOCTYPE nothing can be expanded
    except (ElementTree.ParseError, ValueError, LookupError):
        return None


def _moment(value: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return at if at.tzinfo else None
