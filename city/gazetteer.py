"""Which kecamatan or kelurahan a text names.

The names and codes are facts from Kepmendagri 300.2.2-2430/2025. Matching is by whole words, longest name
first, so that "Bekasi Timur" is not read inside "Bekasi Timur Regency" twice. A name that is not found gives
None: unknown is an answer, never a guess.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Place:
    code: str  #: Kemendagri code, e.g. "32.75.09" (kecamatan) or "32.75.09.1002" (kelurahan)
    level: str  #: "kecamatan" or "kelurahan"
    name: str


@cache
def places() -> tuple[Place, ...]:
    """All 68 places of Kota Bekasi, kecamatan before their kelurahan."""
    return tuple(Place(str(row["code"]), str(row["level"]), str(row["name"])) for row in _rows())


def find_place(text: str) -> Place | None:
    """The most specific place named in ``text``: a kelurahan before a kecamatan, the longer name first."""
    pattern, by_alias = _matcher()
    found = [by_alias[_key(hit)] for hit in pattern.findall(text)]
    return min(found, key=lambda place: (place.level != "kelurahan", -len(place.name)), default=None)


def _rows() -> list[dict[str, str | list[str]]]:
    data = tomllib.loads(files("city.data").joinpath("kota_bekasi.toml").read_text("utf-8"))
    rows: list[dict[str, str | list[str]]] = data["place"]
    return rows


def _key(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).casefold()


@cache
def _matcher() -> tuple[re.Pattern[str], dict[str, Place]]:
    by_alias: dict[str, Place] = {}
    spellings: set[str] = set()
    for place, row in zip(places(), _rows(), strict=True):
        for alias in (place.name, *row["aliases"]):
            # Same name at both levels (Jatiasih, Medansatria, ...): the wider one is the safer reading.
            by_alias.setdefault(_key(alias), place)
            spellings.add(alias)
    longest_first = sorted(spellings, key=len, reverse=True)
    words = "|".join(re.escape(name).replace(r"\ ", r"[\s_-]?") for name in longest_first)
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE), by_alias
