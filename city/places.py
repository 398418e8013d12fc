"""Where a text happens: candidates in Kota Bekasi, a name of elsewhere, and the address as it was written.

A name counts by what stands around it. "Jatiasih" is Bekasi's alone; "Margahayu" is also Bandung's, and "perwira"
is an officer: such names need a word of place, or another sign of Bekasi, and give way when another city is named.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from city.address import find_address
from city.gazetteer import Entry, key
from city.spellings import CITY, by_spelling, inner_names, may_name, names
from city.stems import words_of

#: From here on a candidate names the place of the verdict.
SURE = 0.6
_MARKS = re.compile(r"https?://\S+|\S+@\w[\w.-]*|@\w+")
_HASHTAG = re.compile(r"#(\w{5,})")
_STREET_BEFORE = re.compile(
    r"\b(?:j(?:l|ln|lan|alan)|gg|gang)\b\.?\s*(?:raya|jend\w*|kh|h|ir|dr|letjen|mayjen|inspeksi)?[\s.]*$"
)
_AREA_BEFORE = re.compile(r"\b(?:kel|kelurahan|desa|ds)\b[\s.:]*$")
_DISTRICT_BEFORE = re.compile(r"\b(?:kec|kecamatan|camat)\b[\s.:]*$")
_PLACE_BEFORE = re.compile(
    r"(?:\b(?:kel|kelurahan|kec|kecamatan|kampung|kp|perum|perumahan|komplek|kompleks|komp|daerah|drh|wilayah|di|d|dari|"
    r"dr|ke|sekitar|arah|dekat|deket|warga|area|kawasan|pasar|stasiun|puskesmas|tol|kota|kab|pemkot|orang|lokasi|"
    r"sampai|menuju|rt|rw)\b\.?\s*(?:\d+\s*)?|[,/:(]\s*)$"
)
_AREA_AFTER = re.compile(r"[\s,]*(?:kec\b|kecamatan|bekasi|kota bekasi|bks|rt\s*\d|rw\s*\d)")
#: After an ordinary word that only looks like a name.
_ORDINARY = re.compile(
    r"\s*(?:tni|polri|polisi|tinggi|menengah|pertama|remaja|muda|rupiah|subsidi|ldr|skripsi|nafkah|kemerdekaan|garis|asi|"
    r"receh|keluarga|devisa|'45|45)\b"
)
_KABUPATEN_BEFORE = re.compile(r"\bkab(?:upaten)?\b[\s.]*$")
_FAR_HANDLES = re.compile(
    r"@\w*?(bandung|bdg|jakarta|dki|surabaya|sby|semarang|depok|bogor|tangerang|cikarang|kabupatenbekasi|pemkabbekasi|"
    r"jogja|solo|malang|medan|makassar|prfm)\w*",
    re.IGNORECASE,
)
_NEAR_HANDLES = re.compile(r"@\w*(?:bekasi|bks)\w*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """One reading of a name in a text. kecamatan, kelurahan and code are "" where they are not known."""

    name: str  #: as it is shown: "Jatiasih", "Jl. KH Noer Ali", "Summarecon Bekasi"
    kind: str  #: kecamatan, kelurahan, city, street, toll, estate, station, market, …
    kecamatan: str
    kelurahan: str
    code: str  #: Kemendagri code of the smallest area known
    confidence: float  #: 0 to 1; not a measured probability but an order
    span: tuple[int, int]  #: start and end in the original text
    why: str  #: Indonesian, for the officer
    road: str = ""  #: streets: city, mixed, toll


@dataclass(frozen=True, slots=True)
class Found:
    """What a text says about where."""

    candidates: tuple[Place, ...] = ()  #: the surest first
    elsewhere: str | None = (
        None  #: "Kabupaten Bekasi", "DKI Jakarta", "Bandung"; None: not named, or Bekasi is surer
    )
    whose: str | None = None  #: kabupaten_bekasi, dki, other_city; None with elsewhere None
    address: str | None = None  #: as written

    @property
    def area(self) -> str | None:
        """Name of the kelurahan or kecamatan of the surest candidate that has one, or None."""
        best = next((place for place in self.candidates if place.confidence >= SURE and _narrow(place)), None)
        return (best.kelurahan or best.kecamatan) if best else None


def _narrow(place: Place) -> bool:
    """Whether a candidate tells the kecamatan; a long road ("mixed") crosses several."""
    return bool(place.kecamatan) and place.road != "mixed"


_NOWHERE = Found()


@dataclass(frozen=True, slots=True)
class _Hit:
    """A spelling found, with what stands before it."""

    entry: Entry
    span: tuple[int, int]
    street: bool  #: after "jl" or "gang"
    cue: bool  #: after a word of place
    tag: bool = False  #: inside a hashtag


def find(texts: Sequence[str], text_words: Sequence[list[str]] | None = None) -> list[Found]:
    """What each text says about where, in order. Never raises; a text without a name gives no candidate.

    ``text_words``: of ``stems.words_of(texts)``, when the caller has them already.
    """
    rows = words_of(texts) if text_words is None else text_words
    return [_read(text, row) for text, row in zip(texts, rows, strict=True)]


def find_one(text: str) -> Found:
    """The same for one text."""
    return find([text])[0]


def _read(text: str, text_words: list[str]) -> Found:
    hits = []
    if may_name(text_words) or "#" in text:
        folded = _fold(text)
        hits = [hit for match in names().finditer(folded) for hit in _hits(folded, match)]
        hits += _tagged(folded) if "#" in text else []
    handles = "@" in text
    if hits or handles:
        return _weigh(text, text_words, hits, handles)
    address = find_address(text, text_words)
    return Found(address=address) if address else _NOWHERE


def _fold(text: str) -> str:
    """Lower case of the same length, with links, handles and e-mail addresses blanked."""
    folded = text.lower()
    if len(folded) != len(text):  # a few letters grow: "İ" becomes two
        folded = "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)
    if "@" in folded or "://" in folded:
        folded = _MARKS.sub(lambda hit: " " * len(hit[0]), folded)
    return folded


def _hits(folded: str, match: re.Match[str]) -> list[_Hit]:
    start, end = match.span()
    before = folded[max(0, start - 24) : start]
    street = bool(_STREET_BEFORE.search(before))
    cue = bool(_PLACE_BEFORE.search(before))
    chosen = _choose(by_spelling()[key(match[0])], before, street, cue, folded[end : end + 16])
    return [_Hit(chosen, (start, end), street, cue)] if chosen else []


def _choose(entries_: tuple[Entry, ...], before: str, street: bool, cue: bool, after: str) -> Entry | None:
    """Which of the entries that share a spelling is meant, or None when it is only a word."""
    fitting = [entry for entry in entries_ if _fits(entry, street, cue, after)]
    if not fitting:
        return None
    if street and (streets := [entry for entry in fitting if entry.kind in ("street", "toll")]):
        return streets[0]
    if _AREA_BEFORE.search(before) and (small := [one for one in fitting if one.kind == "kelurahan"]):
        return small[0]
    if fitting[0] is CITY and _KABUPATEN_BEFORE.search(before):
        return None
    return fitting[0]


def _fits(entry: Entry, street: bool, cue: bool, after: str) -> bool:
    if entry.kind == "elsewhere":  # a street named after a city is no sign of that city
        return not street and (cue or entry.when == "always")
    if entry.when == "street":
        return street
    if entry.when == "plain":
        return (cue or street or bool(_AREA_AFTER.match(after))) and not _ORDINARY.match(after)
    return True


def _tagged(folded: str) -> list[_Hit]:
    """Names inside hashtags, where words are written together: #BanjirJatiasih."""
    found = []
    for tag in _HASHTAG.finditer(folded):
        for match in inner_names().finditer(folded, tag.start(1), tag.end(1)):
            entry = by_spelling()[key(match[0])][0]
            whole = match.span() == tag.span(1)
            if not whole:  # the whole tag was already read as a word
                found.append(_Hit(entry, match.span(), street=False, cue=True, tag=True))
    return found


def _weigh(text: str, text_words: list[str], hits: list[_Hit], handles: bool) -> Found:
    far = [hit for hit in hits if hit.entry.kind == "elsewhere"]
    near = [hit for hit in hits if hit.entry.kind != "elsewhere"]
    context = any(_firm(hit) for hit in near) or (handles and bool(_NEAR_HANDLES.search(text)))
    whose_handle = _far_handle(text) if handles and not context else None
    candidates = [
        place for hit in near if (place := _candidate(hit, near, context, bool(far or whose_handle)))
    ]
    candidates.sort(key=lambda place: (-place.confidence, -len(place.code), place.span))
    elsewhere, whose = _elsewhere(text, far, whose_handle, candidates)
    return Found(tuple(candidates), elsewhere, whose, find_address(text, text_words))


def _firm(hit: _Hit) -> bool:
    """A name that by itself says Bekasi."""
    if hit.entry.shared or hit.entry.when != "always":
        return False
    # "jl Titian Kencana" is a street of that name in any city; only its own entry as a street would be firm.
    return not hit.street or hit.entry.kind in ("street", "toll", "kecamatan", "kelurahan")


def _candidate(hit: _Hit, near: list[_Hit], context: bool, far: bool) -> Place | None:
    confidence, why = _confidence(hit, context, far)
    if confidence < 0.3:
        return None
    entry = hit.entry
    if entry.kind != "kecamatan" and any(
        other.entry.kind == "kecamatan" and other.entry.name == entry.kecamatan for other in near
    ):
        confidence = max(confidence, 0.92)
        why += "; kecamatannya juga disebut"
    return Place(
        entry.name,
        entry.kind,
        entry.kecamatan,
        entry.kelurahan,
        entry.code,
        round(confidence, 2),
        hit.span,
        why,
        entry.road,
    )


def _confidence(hit: _Hit, context: bool, far: bool) -> tuple[float, str]:
    entry = hit.entry
    label = _LABELS.get(entry.kind, "tempat di Kota Bekasi")
    if entry is CITY:
        return (0.5 if far else 0.55), "menyebut Bekasi"
    if _firm(hit):
        base = {"kecamatan": 0.9, "kelurahan": 0.95}.get(entry.kind, 0.85)
        return (base - 0.15 if far or hit.tag else base), f"menyebut {label} {entry.name}"
    if far and not context:
        return 0.0, ""
    if context:
        base = 0.85 if entry.kind == "kelurahan" else 0.8
        return (base - 0.2 if far else base), f"menyebut {label} {entry.name}, dan Bekasi"
    if entry.when == "always":
        return (0.6 if hit.cue else 0.4), f"menyebut {label} {entry.name}; nama ini ada juga di kota lain"
    return 0.45, f"mungkin {label} {entry.name}; tidak ada tanda lain bahwa ini Bekasi"


_LABELS = {"kecamatan": "Kecamatan", "kelurahan": "Kelurahan", "street": "jalan", "toll": "jalan tol"}


def _elsewhere(
    text: str, far: list[_Hit], handle: str | None, candidates: list[Place]
) -> tuple[str | None, str | None]:
    """The name of elsewhere, unless a place of the city is surer than it."""
    if any(place.confidence >= SURE for place in candidates):
        return None, None
    if candidates:  # Bekasi is named too: "banjir kiriman Bogor di Bekasi" happens here
        far = [hit for hit in far if _next_door(text, hit)]
    if far:
        first = min(far, key=lambda hit: (hit.entry.whose != "kabupaten_bekasi", hit.span))
        return first.entry.name, first.entry.whose
    if handle and not candidates:
        return handle, _HANDLES.get(handle, "other_city")
    return None, None


def _next_door(text: str, hit: _Hit) -> bool:
    """Whether the name lies across the border, where people say Bekasi too; a whole city's name does not."""
    if hit.entry.whose == "kabupaten_bekasi":
        return True
    word = key(text[slice(*hit.span)])
    return word in _BORDER or (
        hit.entry.whose == "dki" and not word.startswith(("jak", "jkt", "dki", "pemprov"))
    )


_BORDER = frozenset(
    re.findall(
        r"\w+",
        "bojongkulur vilanusaindah villanusaindah vni1 vni2 vni3 gunungputri gnputri ciangsana nagrak limusnunggal "
        "cileungsi kotawisata griyabukitjaya transstudiocibubur raffleshills harjamukti",
    )
)
_HANDLES = {"Kabupaten Bekasi": "kabupaten_bekasi", "DKI Jakarta": "dki"}
_HANDLE_NAMES = {
    "bdg": "Bandung",
    "prfm": "Bandung",
    "jakarta": "DKI Jakarta",
    "dki": "DKI Jakarta",
    "sby": "Surabaya",
    "cikarang": "Kabupaten Bekasi",
    "kabupatenbekasi": "Kabupaten Bekasi",
    "pemkabbekasi": "Kabupaten Bekasi",
}


def _far_handle(text: str) -> str | None:
    hit = _FAR_HANDLES.search(text)
    return _HANDLE_NAMES.get(hit[1].lower(), hit[1].capitalize()) if hit else None
