"""What comes in by POST requests (GeoReport v2): checked, kept as an intake, opened as a case."""

import hashlib
import hmac
import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from cases.models import ENDED, Case
from cases.open import open_intake
from cases.open311_server import KINDS, MARK, Query, Refused, definition, moment
from cases.topics import TOPICS
from city.gazetteer import places
from monitor.intake import take, taken

_TEXT, _LINE, _LETTERS = 2000, 200, 4000
#: So long the same form from the same client, without a key of its own, is the same report.
_REPEAT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Sent:
    """The checked form of a POST."""

    service: str
    kind: str
    text: str
    place: str = ""
    author: str = ""
    key: str = ""  #: the sender's own (attribute KUNCI); "" none
    at: datetime | None = None
    media: tuple[str, ...] = ()
    digest: str = field(default="", compare=False)


def client_of(api_key: str) -> str:
    """Whose key it is (a name in desks.toml). Raises Refused (403), after the same work for every answer."""
    digest = hashlib.sha256(api_key.encode()).hexdigest()
    found = ""
    for name, known in settings.DESKS["open311"]["keys"].items():
        if hmac.compare_digest(digest, str(known).lower()):
            found = name
    if not found:
        said = "api_key tidak dikenal." if api_key else "api_key belum disertakan."
        raise Refused(403, f"{said} Laporan tidak dapat dibuat.")
    return found


def new_key() -> tuple[str, str]:
    """A fresh api_key, and its SHA-256 for desks.toml."""
    key = secrets.token_urlsafe(32)
    return key, hashlib.sha256(key.encode()).hexdigest()


def checked(given: Mapping[str, Sequence[str]]) -> Sent:
    """A POST's form. Raises Refused with every error at once: 404 for an unknown service_code, else 400."""
    one = {name: values[-1].strip() if values else "" for name, values in given.items()}
    code = one.get("service_code", "")
    if not code:
        raise Refused(400, "service_code belum disertakan.", *_where_errors(one))
    if code not in TOPICS:
        raise Refused(404, f"service_code {code[:40]!r} tidak dikenal.")
    answers, errors = _answers(code, given)
    errors += _where_errors(one) + _length_errors(one)
    if not one.get("description") and not one.get("media_url"):
        errors.append("description belum diisi.")
    if one.get("media_url") and not _is_link(one["media_url"]):
        errors.append("media_url harus alamat https.")
    if errors:
        raise Refused(400, *errors)
    name = " ".join(filter(None, (one.get("first_name"), one.get("last_name"))))
    return Sent(
        service=code,
        kind=KINDS[answers.get("JENIS", "pengaduan")].value,
        text=_words(code, one, answers),
        place=_names().get(answers.get("KELURAHAN", ""), ""),
        author=name[:_LINE],
        key=answers.get("KUNCI", "")[:_LINE],
        at=moment(answers["WAKTU"], "attribute[WAKTU]") if "WAKTU" in answers else None,
        media=(one["media_url"],) if one.get("media_url") else (),
        digest=_digest(given),
    )


@transaction.atomic
def received(client: str, sent: Sent, now: datetime) -> Case:
    """The case of what a client sent; the same key, or the same form within the hour, gives the same case."""
    hour = int(now.timestamp()) // 3600
    token = token_of(client, sent.key or f"{sent.digest}:{hour}")
    # The hour may have turned between the two.
    before = "" if sent.key else token_of(client, f"{sent.digest}:{hour - 1}")
    for one in filter(None, (token, before)):
        if (case := _case_of(one)) is not None and (one == token or now - case.opened_at < _REPEAT):
            return case
    mention = take("open311", token, sent.text, now, author=sent.author, posted_at=sent.at, media=sent.media)
    return open_intake(mention, now, kind=sent.kind, topic=sent.service, place=sent.place)


def token_of(client: str, key: str) -> str:
    """How a client's key stands in our store: nobody can look up what another client sent."""
    return hashlib.sha256(f"{client}\n{key}".encode("utf-8", "replace")).hexdigest()[:40]


def by_token(token: str) -> Case:
    """The case that a key led to, for whoever sent it. Raises Refused (404)."""
    for client in settings.DESKS["open311"]["keys"]:
        if (case := _case_of(token_of(client, token))) is not None:
            return case
    raise Refused(404, "token tidak dikenal.")


def _case_of(token: str) -> Case | None:
    mention = taken("open311", token)
    return Case.objects.filter(mention=mention).first() if mention is not None else None


def matching(query: Query) -> QuerySet[Case]:
    """The cases that GET requests asks for, newest first, as many as one answer holds."""
    rows = Case.objects.select_related("mention", "unit", "into").prefetch_related("clocks")
    if query.numbers:
        rows = rows.filter(number__in=query.numbers)
    else:
        rows = rows.filter(opened_at__gte=query.since, opened_at__lte=query.until)
        if query.services:
            other = Q(topic="") | ~Q(topic__in=TOPICS)
            wanted = Q(topic__in=query.services)
            rows = rows.filter(wanted | other if "lain" in query.services else wanted)
        if len(query.statuses) == 1:
            ended = Q(state__in=ENDED)
            rows = rows.filter(ended if "closed" in query.statuses else ~ended)
    return rows.order_by("-opened_at", "-id")[: settings.DESKS["open311"]["most"]]


# --- the parts of the form


def _where_errors(one: Mapping[str, str]) -> list[str]:
    """A full location: lat and long, or address_string, or address_id."""
    lat, long = one.get("lat", ""), one.get("long", "")
    if bool(lat) != bool(long):
        return ["lat dan long harus disertakan bersama."]
    if lat and not (_within(lat, 90) and _within(long, 180)):
        return ["lat dan long harus derajat WGS84, misalnya lat=-6.24 dan long=106.99."]
    if not lat and not one.get("address_string") and not one.get("address_id"):
        return ["Tempat belum disertakan: lat dan long, atau address_string, atau address_id."]
    return []


def _within(value: str, most: int) -> bool:
    try:
        number = float(value)
    except ValueError:
        return False
    return math.isfinite(number) and abs(number) <= most


def _length_errors(one: Mapping[str, str]) -> list[str]:
    limits = {"description": _LETTERS, "address_string": _LINE * 2, "address_id": _LINE, "media_url": 500}
    limits |= dict.fromkeys(("email", "first_name", "last_name", "phone"), _LINE)
    return [
        f"{name} paling panjang {most} huruf."
        for name, most in limits.items()
        if len(one.get(name, "")) > most
    ]


def _answers(code: str, given: Mapping[str, Sequence[str]]) -> tuple[dict[str, str], list[str]]:
    """attribute[CODE]=value by the service's definition, and what is wrong with them."""
    answers: dict[str, str] = {}
    errors: list[str] = []
    for question in definition(code)["attributes"]:
        name = question["code"]
        values = [
            v.strip() for v in (*given.get(f"attribute[{name}]", ()), *given.get(f"attribute[{name}][]", ()))
        ]
        value = next((one for one in reversed(values) if one), "")
        if not value:
            if question["required"]:
                errors.append(f"attribute[{name}] wajib diisi.")
        elif said := _answer_error(question, value):
            errors.append(f"attribute[{name}]: {said}")
        else:
            answers[name] = value
    return answers, errors


def _answer_error(question: Mapping[str, Any], value: str) -> str:
    if len(value) > _TEXT:
        return f"paling panjang {_TEXT} huruf."
    match question["datatype"]:
        case "singlevaluelist" if value not in {one["key"] for one in question["values"]}:
            return "bukan salah satu pilihan yang ada."
        case "number" if not _within(value, 10**15):
            return "harus angka."
        case "string" if "\n" in value or "\r" in value:
            return "tidak boleh berganti baris."
        case "datetime":
            try:
                moment(value, "nilainya")
            except Refused as refused:
                return str(refused)
    return ""


def _words(code: str, one: Mapping[str, str], answers: Mapping[str, str]) -> str:
    """What the citizen said, and under the mark what the desk needs besides: where, and how to reach them."""
    lines = [("Lokasi", one.get("address_string", "")), ("Kode alamat", one.get("address_id", ""))]
    if one.get("lat"):
        lines.append(("Koordinat", f"{float(one['lat']):.5f}, {float(one['long']):.5f}"))
    if area := _names().get(answers.get("KELURAHAN", "")):
        lines.append(("Kelurahan", area))
    ours = {"KELURAHAN", "JENIS", "WAKTU", "KUNCI"}
    asked = {q["code"]: q["description"] for q in definition(code)["attributes"]}
    lines += [(asked[name], value) for name, value in answers.items() if name not in ours]
    lines += [("Telepon", one.get("phone", "")), ("Surel", one.get("email", ""))]
    told = "\n".join(f"{name}: {value}" for name, value in lines if value)
    # The mark is ours: a citizen's own dash line must not end what is theirs.
    said = one.get("description", "").replace(MARK, "\n\n- ")
    return f"{said}{MARK}{told}" if told else said


def _names() -> dict[str, str]:
    return {place.code: place.name for place in places() if place.level == "kelurahan"}


def _is_link(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and " " not in value


def _digest(given: Mapping[str, Sequence[str]]) -> str:
    told = sorted((name, list(values)) for name, values in given.items() if name != "api_key")
    return hashlib.sha256(repr(told).encode("utf-8", "replace")).hexdigest()
