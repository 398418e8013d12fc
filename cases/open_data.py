"""Open data: one anonymised row a case, given away each night with its dictionary, licence and hashes.

No text, no handle, no number, no exact time. Each combination of place, topic and week stands for at least k cases
(k-anonymity, Sweeney 2002): where it does not, it is coarsened step by step, and what stays rare even then is left
out and only counted. Only whole weeks that are over are given, so that two files a day apart do not tell who is new.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet

from cases.models import Case, State
from city.gazetteer import places
from city.models import Unit, UnitSort
from ledger.chain import record
from ledger.life import beat, last_beat
from publisher.sheets import to_csv

#: Values of coarsened cells, as docs/open-data.md explains them.
CITY, ANY, DISTRICT = "Kota", "semua", "kecamatan"
#: Days from which on only "more" is said.
_MANY = 60
_LIFE = "open_data"
FILES = ("kasus.csv", "kasus.json", "keterangan.json")


@dataclass(frozen=True, slots=True)
class Record:
    """One row as it is given away."""

    place: str  #: kelurahan; or kecamatan; or "Kota"
    topic: str  #: key of the topic; "semua" where it was coarsened
    week: str  #: Monday of the week it was opened in ("2026-11-23"), or month ("2026-11"), or quarter ("2026-Q4")
    gate: str
    state: str
    unit: str  #: key of the unit; "kecamatan" or "" where it would tell what was coarsened
    days_to_answer: str  #: calendar days to the first answer: "0" … "59", "60+", "" for none yet
    days_to_close: str


class Made(NamedTuple):
    """What was made: the rows in the order of their values, and how many cases were too rare to be given."""

    rows: list[Record]
    left_out: int


COLUMNS = tuple(one.name for one in fields(Record))


def make(now: datetime) -> Made:
    """The rows at ``now``. Their order tells nothing: they are sorted by what they say."""
    rows, left_out = anonymise(list(_records(_cases(now))), settings.PRIVACY["open_data"]["k"])
    return Made(sorted(rows, key=lambda row: tuple(asdict(row).values())), left_out)


def write(folder: Path, now: datetime) -> dict[str, Any]:
    """Write the three files into ``folder``, each whole or not at all; gives what keterangan.json says.

    Raises OSError where it cannot be written.
    """
    made = make(now)
    table = settings.PRIVACY["open_data"]
    if (rare := rarest(made.rows)) is not None and rare < table["k"]:
        raise AssertionError(f"a combination stands for {rare} cases")  # never given away
    contents = {
        "kasus.csv": to_csv(COLUMNS, (list(asdict(row).values()) for row in made.rows)),
        "kasus.json": _json([asdict(row) for row in made.rows]),
    }
    about = {
        "title": f"Pengaduan dan aspirasi warga {settings.CITY['name']}",
        "publisher": settings.CITY["office"],
        "made_at": now.replace(microsecond=0).isoformat(),
        "until": _monday(now).isoformat(),
        "rows": len(made.rows),
        "left_out": made.left_out,
        "k": table["k"],
        "licence": table["licence"],
        "licence_url": table["licence_url"],
        "columns": list(COLUMNS),
        "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()},
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in [*contents.items(), ("keterangan.json", _json(about))]:
        _write(folder / name, data)
    return about


def folder() -> Path:
    """Where the nightly files lie, and the public page takes them from."""
    return Path(settings.KENTONGAN_HOME) / "open-data"


def look_after(now: datetime) -> int:
    """The nightly files, once a local day after retention's hour; gives how many rows, 0 when it was not the time."""
    zone = ZoneInfo(settings.CITY["timezone"])
    here, last = now.astimezone(zone), last_beat(_LIFE)
    if here.hour < settings.PRIVACY["retention"]["hour"]:
        return 0
    if last is not None and last.astimezone(zone).date() >= here.date():
        return 0
    about = write(folder(), now)
    beat(_LIFE, now, about["sha256"]["kasus.csv"])
    record(
        "open_data.written", f"open_data:{here.date()}", at=now, rows=about["rows"], sha256=about["sha256"]
    )
    rows: int = about["rows"]
    return rows


# --- k-anonymity ------------------------------------------------------------------------------------

#: What is coarsened, in this order, each from what the row said at first; the last step is to leave it out.
_STEPS = 6


def anonymise(rows: Sequence[Record], k: int) -> Made:
    """The same rows so that every (place, topic, week) that occurs stands for at least ``k`` of them.

    Rare rows go one step further together until they are enough, or are left out after the last step. Terminates
    because each round moves at least one row on.
    """
    level = [0] * len(rows)
    said = list(rows)
    larger, offices = _kecamatan(), _districts()
    cells: dict[tuple[str, str, str], list[int]] = {}
    for place, row in enumerate(rows):
        cells.setdefault(_cell(row), []).append(place)
    rare = [cell for cell, inside in cells.items() if len(inside) < k]
    while rare:
        # All rare ones of a round go together, so that they can meet one step further.
        moved = [place for cell in rare for place in cells.pop(cell)]
        touched = set()
        for place in moved:
            level[place] += 1
            if level[place] < _STEPS:
                said[place] = coarsened(rows[place], level[place], larger, offices)
                cells.setdefault(_cell(said[place]), []).append(place)
                touched.add(_cell(said[place]))
        rare = [cell for cell in touched if len(cells[cell]) < k]
    kept = [said[place] for inside in cells.values() for place in inside]
    return Made(kept, len(rows) - len(kept))


def coarsened(row: Record, level: int, larger: Mapping[str, str], offices: Container[str]) -> Record:
    """A row as it is said at one level: 0 as it is, 1 kecamatan, 2 month, 3 the whole city, 4 any topic, 5 quarter.

    ``larger``: the kecamatan of each kelurahan; ``offices``: the units that tell a kecamatan.
    """
    if level >= 1:
        row = replace(row, place=larger.get(row.place, row.place))
    if level >= 2:
        row = replace(row, week=row.week[:7])
    if level >= 3:
        # A kecamatan's own office would tell the place again.
        row = replace(row, place=CITY, unit=DISTRICT if row.unit in offices else row.unit)
    if level >= 4:
        row = replace(row, topic=ANY, unit="")  # an agency tells the topic
    if level >= 5:
        row = replace(row, week=_quarter(row.week))
    return row


def rarest(rows: Iterable[Record]) -> int | None:
    """For how many rows the rarest (place, topic, week) stands; None without rows."""
    counts = Counter(_cell(row) for row in rows)
    return min(counts.values(), default=None)


def _cell(row: Record) -> tuple[str, str, str]:
    return row.place, row.topic, row.week


def _quarter(month: str) -> str:
    return f"{month[:4]}-Q{(int(month[5:7]) + 2) // 3}"


# --- From the cases ---------------------------------------------------------------------------------


def _cases(now: datetime) -> QuerySet[Case]:
    since = _midnight(_monday(now) - timedelta(days=settings.PRIVACY["open_data"]["days"]))
    rows = Case.objects.filter(
        opened_at__gte=since, opened_at__lt=_midnight(_monday(now)), mention__restricted_at__isnull=True
    )
    return rows.exclude(state=State.DUPLICATE).order_by("pk")


def _records(cases: QuerySet[Case]) -> Iterator[Record]:
    names = {one.code: one.name for one in places()}
    wanted = ("area", "topic", "opened_at", "gate", "state", "unit__key", "answered_at", "ended_at")
    for area, topic, opened, gate, state, unit, answered, ended in cases.values_list(*wanted).iterator(
        chunk_size=5000
    ):
        yield Record(
            place=_place(area, names),
            topic=topic or "lain",
            week=_monday(opened).isoformat(),
            gate=gate,
            state=state,
            unit=unit or "",
            days_to_answer=_days(opened, answered),
            days_to_close=_days(opened, ended),
        )


def _place(area: str, names: dict[str, str]) -> str:
    """The kelurahan with its kecamatan, because some names are both; the kecamatan alone; or the city."""
    kecamatan = names.get(area[:8], "")
    kelurahan = names.get(area, "") if len(area) > 8 else ""
    return f"{kecamatan} / {kelurahan}" if kelurahan else kecamatan or CITY


def _kecamatan() -> dict[str, str]:
    """ "Jatiasih / Jatirasa" → "Jatiasih"."""
    names = {one.code: one.name for one in places()}
    return {_place(one.code, names): names[one.code[:8]] for one in places() if one.level == "kelurahan"}


def _districts() -> frozenset[str]:
    """Keys of the kecamatan's own offices."""
    return frozenset(Unit.objects.filter(sort=UnitSort.DISTRICT).values_list("key", flat=True))


def _days(since: datetime, until: datetime | None) -> str:
    if until is None:
        return ""
    days = max(0, (until - since).days)
    return str(days) if days < _MANY else f"{_MANY}+"


def _monday(moment: datetime) -> date:
    here = moment.astimezone(ZoneInfo(settings.CITY["timezone"])).date()
    return here - timedelta(days=here.weekday())


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(settings.CITY["timezone"]))


def _json(data: object) -> bytes:
    return json.dumps(data, ensure_ascii=False, indent=1).encode()


def _write(path: Path, data: bytes) -> None:
    """Beside it first: whoever reads meanwhile gets the old file whole."""
    beside = path.with_suffix(path.suffix + ".new")
    beside.write_bytes(data)
    beside.replace(path)
