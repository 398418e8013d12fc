"""Open311 GeoReport v2, pure: from cases to what the specification calls services and service requests.

Source: https://wiki.open311.org/GeoReport_v2 (frozen; read 2026-11-24). What goes out holds no name, no handle, no
number of a person, and no place more exact than a kelurahan. Our extension (`extensions=true`) is described in
docs/open311.md; without it an answer has the fields of the specification and no others.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import override

from cases.models import ENDED, Case, ClockOutcome, Gate
from cases.status_words import place
from cases.topics import TOPICS
from channels.models import Kind as Channel
from city.gazetteer import places
from city.masks import mask
from classifiers.models import KindChoice

#: What a citizen may bring, by the key of the attribute JENIS.
KINDS = {
    "pengaduan": KindChoice.COMPLAINT,
    "aspirasi": KindChoice.ASPIRATION,
    "permintaan_informasi": KindChoice.INFORMATION_REQUEST,
}
#: The line after which our own lines follow in the text of an intake (where, when, how to reach): never shown.
MARK = "\n\n— "
_LETTERS = 4000  #: of a description, by the specification
_HANDLE = re.compile(r"(?<![\w.])@[\w.]{2,}")
#: The W3C note's complete date with time and zone; the only form that the specification allows.
_W3C = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)")

Fields = dict[str, Any]


class Refused(Exception):
    """What cannot be answered: an HTTP status of the specification (400, 403, 404) and one or more errors."""

    def __init__(self, status: int, *said: str, code: int | None = None) -> None:
        super().__init__("; ".join(said))
        self.status = status
        self.errors: list[Fields] = [{"code": code or status, "description": one} for one in said]


@dataclass(frozen=True, slots=True)
class Query:
    """What GET requests asks for. Times are UTC; empty sets: everything."""

    numbers: tuple[str, ...] = ()  #: overrides all else
    services: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    statuses: frozenset[str] = frozenset()


# --- services


def services() -> list[Fields]:
    """GET services: one for each topic of the city."""
    return [_service(code) for code in TOPICS]


def _service(code: str) -> Fields:
    name = service_name(code)
    return {
        "service_code": code,
        "service_name": name,
        "description": f"Laporan, usulan, atau pertanyaan tentang {name.lower()} di {settings.CITY['name']}.",
        "metadata": True,
        "type": "realtime",
        "keywords": ", ".join(dict.fromkeys(code.split("_"))),
        "group": "pelayanan kota",
    }


def service_name(code: str) -> str:
    """In Indonesian, whatever language the caller's headers ask for; an unknown topic is "Lain-lain"."""
    with override("id"):
        return str(TOPICS.get(code, TOPICS["lain"])).capitalize()


def definition(code: str) -> Fields:
    """GET services/{code}. Raises Refused (404) for an unknown code."""
    if code not in TOPICS:
        raise Refused(404, f"service_code {code[:40]!r} tidak dikenal.")
    return {"service_code": code, "attributes": _attributes(code)}


def _attributes(code: str) -> list[Fields]:
    areas = [(place.code, f"{place.name} ({place.code})") for place in places() if place.level == "kelurahan"]
    kinds = [(key, str(key).replace("_", " ")) for key in KINDS]
    rows = [
        _attribute("KELURAHAN", "singlevaluelist", False, "Kelurahan tempat kejadian, bila diketahui", areas),
        _attribute(
            "JENIS", "singlevaluelist", False, "Pengaduan, aspirasi, atau permintaan informasi", kinds
        ),
        _attribute("WAKTU", "datetime", False, "Kapan hal itu terjadi"),
        _attribute("KUNCI", "string", False, "Kunci unik dari aplikasi pengirim; kiriman ulang tidak ganda"),
    ]
    asked = settings.DESKS["open311"]["questions"].get(code, [])
    rows += [_attribute(q["code"], q["datatype"], q["required"], q["description"]) for q in asked]
    return [{**row, "order": order} for order, row in enumerate(rows, 1)]


def _attribute(
    code: str, datatype: str, required: bool, description: str, values: Iterable[tuple[str, str]] = ()
) -> Fields:
    return {
        "variable": True,
        "code": code,
        "datatype": datatype,
        "required": required,
        "datatype_description": None,
        "order": 0,
        "description": description,
        "values": [{"key": key, "name": name} for key, name in values],
    }


# --- service requests


def query(given: Mapping[str, str], now: datetime) -> Query:
    """The arguments of GET requests. Raises Refused (400, or 404 for an unknown service_code)."""
    numbers = tuple(_listed(given.get("service_request_id", "")))
    if numbers:
        return Query(numbers=numbers[: settings.DESKS["open311"]["most"]])
    codes, statuses = frozenset(_listed(given.get("service_code", ""))), _listed(given.get("status", ""))
    if unknown := sorted(codes - set(TOPICS)):
        raise Refused(404, *(f"service_code {one[:40]!r} tidak dikenal." for one in unknown[:10]))
    if wrong := [one for one in statuses if one not in ("open", "closed")]:
        raise Refused(
            400, *(f"status {one[:40]!r} tidak dikenal; pakai open atau closed." for one in wrong[:10])
        )
    since, until = _range(given.get("start_date", ""), given.get("end_date", ""), now)
    return Query((), codes, since, until, frozenset(statuses))


def _listed(value: str) -> list[str]:
    return [one for one in (part.strip() for part in value.split(",")) if one]


def _range(start: str, end: str, now: datetime) -> tuple[datetime, datetime]:
    """From start to end, 90 days at most; the newest 90 days, or the 90 beside the one that was given."""
    span = timedelta(days=settings.DESKS["open311"]["days"])
    since = moment(start, "start_date") if start else None
    until = moment(end, "end_date") if end else None
    try:
        since = since or (until or now) - span
        until = until or (since + span if start else now)
    except OverflowError:
        raise Refused(400, "start_date atau end_date berada di luar kalender.") from None
    if until < since:
        raise Refused(400, "end_date lebih awal daripada start_date.")
    if until - since > span:
        raise Refused(400, f"Rentang start_date sampai end_date paling panjang {span.days} hari.")
    return since, until


def moment(value: str, name: str) -> datetime:
    """A W3C date and time with its zone, as UTC. Raises Refused (400)."""
    value = value.replace(" ", "+")  # a "+" that was not escaped in the address arrives as a space
    try:
        if not _W3C.fullmatch(value):
            raise ValueError
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        said = f"{name} harus berbentuk 2026-01-31T08:00:00+07:00 atau 2026-01-31T01:00:00Z."
        raise Refused(400, said) from None


def request_of(case: Case, *, extensions: bool = False) -> Fields:
    """One case as a service request. The case comes with mention, unit, into and clocks."""
    lat, long = _centre(case.area)
    ended = case.state in ENDED
    told: Fields = {
        "service_request_id": case.number,
        "status": "closed" if ended else "open",
        "status_notes": status_notes(case),
        "service_name": service_name(case.topic),
        "service_code": case.topic if case.topic in TOPICS else "lain",
        "description": description(case),
        "agency_responsible": case.unit.name if case.unit else None,
        "service_notice": None,
        "requested_datetime": w3c(case.opened_at),
        "updated_datetime": w3c((case.ended_at or case.changed_at) if ended else case.changed_at),
        "expected_datetime": _expected(case) if not ended else None,
        "address": ", ".join(filter(None, (place(case), settings.CITY["name"]))),
        "address_id": case.area or None,
        "zipcode": None,
        "lat": lat,
        "long": long,
        "media_url": None,
    }
    return {**told, "extended_attributes": _extension(case)} if extensions else told


def status_notes(case: Case) -> str:
    """The state in plain Indonesian."""
    with override("id"):
        said = str(case.get_state_display()).capitalize()
    return f"{said}: dilanjutkan pada {case.into.number}." if case.into else f"{said}."


def description(case: Case) -> str | None:
    """What was said, without persons; a summary where the words were not meant for the public; None once erased.

    Words of a telephone call or of a form were said to the desk alone, and those of an emergency help nobody.
    """
    desk = case.mention.external_id.partition(":")[0] if case.mention.channel == Channel.INTAKE else ""
    if not case.mention.text or case.mention.restricted_at:  # UU 27/2022 art. 11: kept, not given away
        return None
    if desk in ("call_center", "form") or case.gate == Gate.EMERGENCY:
        return f"{service_name(case.topic)}, {place(case) or settings.CITY['name']}."
    return _HANDLE.sub("@…", mask(case.mention.text.split(MARK, 1)[0]))[:_LETTERS]


def w3c(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _centre(area: str) -> tuple[float | None, float | None]:
    """The rounded centre of the kelurahan, else of the kecamatan; (None, None) where neither is known."""
    table = settings.DESKS["open311"]["centres"]
    known = table.get(area) or table.get(area[:8])
    return (known[0], known[1]) if known else (None, None)


def _expected(case: Case) -> str | None:
    """The last of the limits that run: by then it is to be settled; None where none runs."""
    ends = [c.due_at for c in case.clocks.all() if c.outcome == ClockOutcome.RUNNING and c.paused_at is None]
    return w3c(max(ends)) if ends else None


def _extension(case: Case) -> Fields:
    """What the specification has no field for: docs/open311.md describes each."""
    return {
        "number": case.number,
        "incident_id": case.incident_id,
        "state": case.state,
        "gate": case.gate,
        "area_code": case.area or None,
        "unit": case.unit.key if case.unit else None,
        "duplicate_of": case.into.number if case.into else None,
        "reopened": case.reopened,
    }
