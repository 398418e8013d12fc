"""Which posts may be about one happening.

Two pure functions for the layer that keeps incidents. ``incident_keys`` gives the buckets in which a post is looked
for: posts that share a bucket are candidates. ``likeness`` compares the words of two candidates. Whether they are
one incident is decided by the caller, who also knows how many there are already.

Limits, by design: two lamps in one kelurahan on one evening share a bucket; the likeness of their words, or a
person, tells them apart. A post without a known place has no key, because a whole city is no place. Streets are
compared by name, not by a map; a post that names only a landmark and one that names only its kelurahan meet in the
kelurahan's bucket. Words are compared after ``normal.normalise``; pictures are not looked at.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from city.places import SURE, Found, Place

#: Topics that one happening brings forth together: a storm fells a tree, floods a road and cuts the power.
FAMILIES = {
    "banjir_drainase": "water",
    "pohon_taman": "storm",
    "listrik": "power",
    "lampu_jalan_pju": "lamp",
    "jalan_trotoar": "road",
    "lalu_lintas_parkir": "traffic",
    "transportasi_umum": "transit",
    "sampah": "waste",
    "air_pdam": "tap",
    "ketertiban_keamanan": "order",
    "kesehatan": "health",
    "telekomunikasi": "telecom",
}
#: How long one happening is spoken of, in hours: a flood half a day, a broken road weeks.
HOURS = {
    "water": 12,
    "storm": 12,
    "power": 12,
    "order": 6,
    "traffic": 6,
    "transit": 6,
    "telecom": 24,
    "tap": 48,
}
_LONG_HOURS = 24 * 14
#: Number of hashes in a sketch: the likeness is then right within about 0.09 (one standard deviation at 0.5).
SKETCH = 32
_PRIME = (1 << 61) - 1
_WORD = re.compile(r"[^\W\d_]{4,}")
#: Words that every complaint has.
_EMPTY = frozenset(
    re.findall(
        r"\w+",
        "yang dengan untuk dari pada tidak sudah belum akan karena saya kami kita mereka tolong mohon "
        "bapak admin selamat pagi siang sore malam terima kasih segera lagi juga saja dalam lebih sangat "
        "sekali masih agar oleh orang warga jalan kota bekasi tautan retuit tagar dinas kapan bagaimana "
        "kenapa banget sampai daerah wilayah ",
    )
)


@dataclass(frozen=True, slots=True)
class IncidentKeys:
    """The buckets of one post: its own, and the neighbour's in which a slightly earlier or later post may lie."""

    main: str
    near: str


def incident_key(topic: str | None, place: Found, time: datetime, words: str = "") -> str | None:
    """The bucket of a post, e.g. "water|32.75.09.1004|1a2f", or None without topic family, place or time zone.

    ``time``: aware; ``words``: the text, looked at only for a named street when the place has none. Stable: the
    same values always give the same key.
    """
    keys = incident_keys(topic, place, time, words)
    return keys.main if keys else None


def incident_keys(topic: str | None, place: Found, time: datetime, words: str = "") -> IncidentKeys | None:
    """The bucket of a post and the one beside it, so that posts on both sides of a window's edge still meet.

    Windows are half open and as long as ``HOURS`` says. The neighbour is the window before in a window's first half,
    the one after in its second half; two posts less than half a window apart therefore always share a bucket among
    their four.
    """
    family = FAMILIES.get(topic or "")
    where = _where(place, words)
    if family is None or where is None or time.tzinfo is None:
        return None
    window = int(time.astimezone(UTC).timestamp()) // (HOURS.get(family, _LONG_HOURS) * 3600)
    main = f"{family}|{where}|{window:x}"
    return IncidentKeys(main, near_key(main, time))


def near_key(main: str, time: datetime) -> str:
    """The neighbour of the stored bucket ``main``, for a post of this time (aware)."""
    family, where, window = main.split("|")
    length = hours_of(main) * 3600
    into = time.timestamp() - int(window, 16) * length
    beside = int(window, 16) + (-1 if into < length / 2 else 1)
    return f"{family}|{where}|{beside:x}"


def family_of(key: str) -> str:
    """The topic family of a stored bucket."""
    return key.split("|")[0]


def hours_of(key: str) -> int:
    """How long a happening of this bucket's family is spoken of, in hours."""
    return HOURS.get(family_of(key), _LONG_HOURS)


def _where(place: Found, words: str) -> str | None:
    """The code of the smallest area; for a road without one, its name; else the street written in the address."""
    sure = [one for one in place.candidates if one.confidence >= SURE and one.kind != "city"]
    areas = [_area(one) for one in sure if one.code and one.road != "mixed"]
    if areas:
        return max(areas, key=len)
    if sure:
        return _slug(sure[0].name)
    street = place.address if place.address and place.elsewhere is None and words else None
    return _slug(street.split(",")[0]) if street and re.match(r"j(?:l|ln|alan)\b", street.lower()) else None


def _area(place: Place) -> str:
    """The code of its area. A kelurahan that bears its kecamatan's name counts as that: "Jatiasih" means either."""
    return place.code.rpartition(".")[0] if place.kelurahan == place.kecamatan != "" else place.code


def _slug(name: str) -> str:
    return re.sub(r"[\W_]+", "-", name.lower()).strip("-")


def content(text: str) -> frozenset[str]:
    """The words of a normalised text that tell one happening from another."""
    return frozenset(_WORD.findall(text.lower())) - _EMPTY


def sketch(texts: Sequence[str]) -> NDArray[np.uint64]:
    """MinHash sketches, shape (len(texts), SKETCH). Texts without content words get a sketch of zeros.

    The share of equal columns of two sketches estimates the Jaccard likeness of their words.
    """
    return np.array([_sketch(content(text)) for text in texts], dtype=np.uint64).reshape(len(texts), SKETCH)


def likeness(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Estimated Jaccard likeness (0 to 1) of sketches, row by row; shapes broadcast as in NumPy. Empty: 0."""
    same: NDArray[np.float64] = (left == right).mean(axis=-1)
    return np.where((left == 0).all(axis=-1) | (right == 0).all(axis=-1), 0.0, same)


def _sketch(words: Iterable[str]) -> NDArray[np.uint64]:
    hashes = np.array([_hash(word) for word in sorted(words)], dtype=np.uint64)
    if not hashes.size:
        return np.zeros(SKETCH, dtype=np.uint64)
    mixed = hashes[:, None] * _FACTORS[None, :] + _OFFSETS[None, :]  # wraps at 2**64, which is meant
    mixed ^= mixed >> np.uint64(29)
    smallest: NDArray[np.uint64] = mixed.min(axis=0)
    return np.maximum(smallest, np.uint64(1))


def _hash(word: str) -> int:
    return int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "big")


_random = np.random.default_rng(20261124)  # fixed: stored sketches stay comparable
_FACTORS = _random.integers(1, _PRIME, SKETCH, dtype=np.uint64) | np.uint64(1)
_OFFSETS = _random.integers(0, _PRIME, SKETCH, dtype=np.uint64)
