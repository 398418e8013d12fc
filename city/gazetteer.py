"""The names of the ground: the city's areas, its streets and landmarks, and the names of elsewhere.

The areas and their codes are facts from Kepmendagri 300.2.2-2430/2025. Streets, landmarks and the names of
elsewhere were written for this project from general knowledge; the city corrects them (``city/data/*.tsv``). Where
a street is long, or the kelurahan is not known for sure, the field is empty: unknown is an answer, never a guess.
"""

import csv
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

#: Words that mean something else in ordinary Indonesian; a name only beside a word of place.
_PLAIN = frozenset(
    re.findall(
        r"\w+",
        "Pejuang Perwira Bintara Kotabaru Harapanbaru Harapanjaya Harapanmulya Mustikasari Kalibaru",
    )
)
#: Names that DKI, West Java or Banten have too, counted from the official list of codes.
_SHARED = frozenset(
    re.findall(
        r"\w+",
        "Margahayu Kotabaru Margamulya Harapanjaya Margajaya Pengasinan Bojongmenteng Kalibaru Sumurbatu Jatimekar "
        "Jatiluhur Jatisari Padurenan Mustikasari",
    )
)
#: Short and slangy spellings of the areas, beside those of the official file.
_SHORT = {
    "Bekasi Timur": "bektim|bks timur|bekasi tmr|bekasi tim|bekasi tmur|bekatim",
    "Bekasi Barat": "bekbar|bks barat|bekasi brt|bekasi bar|bekasi brat",
    "Bekasi Utara": "bekut|bks utara|bekasi utr|bekasi utra|bekut raya",
    "Bekasi Selatan": "beksel|bks selatan|bekasi slt|bekasi sltn|bekasi sel",
    "Rawalumbu": "rawlum|rw lumbu|rwlumbu|rawa lumbuh",
    "Medansatria": "medsat|mdn satria|medan satrya",
    "Bantargebang": "bangeb|bantar gbang|bantergebang|bantar gebank",
    "Pondokgede": "pd gede|pdk gede|pond gede|pondok gde|pondogede|pongede",
    "Jatiasih": "jt asih|jtasih|jatiasyih|jati asi",
    "Jatisampurna": "jatsam|jt sampurna|jatisempurna|jati sempurna",
    "Mustikajaya": "mustika jy|mustijaya|mustka jaya",
    "Pondokmelati": "pd melati|pdk melati|pondok mlati|ponmel",
    "Padurenan": "pedurenan",
    "Teluk Pucung": "tlk pucung|telpuc|teluk pucuk",
    "Pekayonjaya": "pekayonjy|pekayon jy",
    "Jatibening": "jt bening|jatbening",
    "Jatiwaringin": "jt waringin|jatwar|jatiwringin",
    "Jatirahayu": "jt rahayu|jatirahayu bekasi",
    "Jatiwarna": "jt warna",
    "Kaliabang Tengah": "kaliabang tgh|kali abang tgh",
    "Jakasampurna": "jaka sempurna|jakasempurna",
    "Ciketingudik": "ciketing",
    "Bojong Rawalumbu": "bojong rawa lumbu",
}


@dataclass(frozen=True, slots=True)
class Place:
    code: str  #: Kemendagri code, e.g. "32.75.09" (kecamatan) or "32.75.09.1002" (kelurahan)
    level: str  #: "kecamatan" or "kelurahan"
    name: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One name that can be found in a text. Codes and areas are "" where they are not known or do not apply."""

    name: str  #: as it is shown: "Jl. KH Noer Ali"
    kind: str  #: kecamatan, kelurahan, street, toll, estate, station, …; "city"; "elsewhere"
    aliases: tuple[str, ...]  #: lower case, words apart
    kecamatan: str = ""
    kelurahan: str = ""
    code: str = ""  #: Kemendagri code of the smallest area known
    road: str = ""  #: streets: city, mixed (parts may be national or provincial), toll
    when: str = (
        "always"  #: always; street: only after "jl"; cue: beside a word of place; plain: an ordinary word
    )
    shared: bool = False  #: other cities have the name too
    whose: str = ""  #: elsewhere: kabupaten_bekasi, dki, other_city


@cache
def places() -> tuple[Place, ...]:
    """All 68 areas of Kota Bekasi, kecamatan before their kelurahan."""
    return tuple(Place(str(row["code"]), str(row["level"]), str(row["name"])) for row in _rows())


@cache
def entries() -> tuple[Entry, ...]:
    """Every name known: areas first, then streets, landmarks and the names of elsewhere."""
    return (*_areas(), *_points("streets.tsv"), *_points("landmarks.tsv"), *_elsewhere())


def find_place(text: str) -> Place | None:
    """The most specific area named in ``text``: a kelurahan before a kecamatan, the longer name first."""
    pattern, by_alias = _matcher()
    found = [by_alias[key(hit)] for hit in pattern.findall(text)]
    return min(found, key=lambda place: (place.level != "kelurahan", -len(place.name)), default=None)


def key(name: str) -> str:
    """A name without its separators and capitals, by which spellings are compared: "Jati-Asih" → "jatiasih"."""
    return re.sub(r"[\s._-]+", "", name).casefold()


def _areas() -> list[Entry]:
    names = {place.code: place.name for place in places()}
    return [_area(place, row["aliases"], names) for place, row in zip(places(), _rows(), strict=True)]


def _area(place: Place, spellings: str | list[str], names: dict[str, str]) -> Entry:
    short = _SHORT.get(place.name, "").split("|")
    aliases = tuple(dict.fromkeys(a.lower() for a in (place.name, *spellings, *short) if a))
    return Entry(
        name=place.name,
        kind=place.level,
        aliases=aliases,
        kecamatan=names[place.code[:8]],
        kelurahan=place.name if place.level == "kelurahan" else "",
        code=place.code,
        when="plain" if place.level == "kelurahan" and place.name in _PLAIN else "always",
        shared=place.level == "kelurahan" and place.name in _SHARED,
    )


def _points(file: str) -> list[Entry]:
    codes = {(place.level, place.name): place.code for place in places()}
    found = []
    for name, kind, kecamatan, kelurahan, road, when, shared, aliases in _table(file):
        level, area = ("kelurahan", kelurahan) if kelurahan else ("kecamatan", kecamatan)
        code = codes[level, area] if area else ""
        words = tuple(aliases.split(";"))
        found.append(Entry(name, kind, words, kecamatan, kelurahan, code, road, when, shared == "1"))
    return found


def _elsewhere() -> list[Entry]:
    return [
        Entry(name, "elsewhere", tuple(aliases.split(";")), when=_STRENGTHS[strength], whose=whose)
        for name, whose, strength, aliases in _table("elsewhere.tsv")
    ]


_STRENGTHS = {"strong": "always", "weak": "cue"}


def _table(file: str) -> list[list[str]]:
    text = files("city.data").joinpath(file).read_text("utf-8")
    return list(csv.reader((line for line in text.splitlines() if not line.startswith("#")), delimiter="\t"))


def _rows() -> list[dict[str, str | list[str]]]:
    data = tomllib.loads(files("city.data").joinpath("kota_bekasi.toml").read_text("utf-8"))
    rows: list[dict[str, str | list[str]]] = data["place"]
    return rows


@cache
def _matcher() -> tuple[re.Pattern[str], dict[str, Place]]:
    by_alias: dict[str, Place] = {}
    spellings: set[str] = set()
    for place, row in zip(places(), _rows(), strict=True):
        for alias in (place.name, *row["aliases"]):
            # Same name at both levels (Jatiasih, Medansatria, ...): the wider one is the safer reading.
            by_alias.setdefault(key(alias), place)
            spellings.add(alias)
    longest_first = sorted(spellings, key=len, reverse=True)
    words = "|".join(re.escape(name).replace(r"\ ", r"[\s_-]?") for name in longest_first)
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE), by_alias
