"""Near-duplicates: which of many texts say almost the same, so that none is learned and tested at once.

MinHash over pieces of five characters, compared only within shared bands (Broder 1997; Leskovec, Rajaraman and
Ullman, Mining of Massive Datasets, chapter 3). The same texts always give the same groups.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifiers.core.text import normalise

_PIECE = 5
_HASHES, _ROWS = 64, 4
#: Two texts that share this much of their pieces (Jaccard, estimated) are one.
_ALIKE = 0.6
_PRIME = np.uint64(4294967291)  #: the largest prime below 2**32
_dice = np.random.default_rng(20260101)
_A = _dice.integers(1, 2**31, _HASHES, dtype=np.uint64)
_B = _dice.integers(0, 2**31, _HASHES, dtype=np.uint64)


def groups(texts: Sequence[str], keys: Sequence[str] = ()) -> list[int]:
    """The group of each text, as the index of the group's first text.

    ``keys`` (of the same length, or none) are further signs of sameness, such as monitor's fingerprint; "" says
    nothing.
    """
    leader = list(range(len(texts)))
    marks = [_signature(normalise(text)) for text in texts]
    for bucket in _buckets(marks, keys):
        for one, other in bucket:
            _join(leader, one, other)
    return [_find(leader, index) for index in range(len(texts))]


def _buckets(marks: Sequence[NDArray[np.uint64]], keys: Sequence[str]) -> "list[list[tuple[int, int]]]":
    """Pairs that are the same: by key, and by enough of their signatures within one band."""
    by_key: dict[str, int] = {}
    named = [(by_key.setdefault(key, index), index) for index, key in enumerate(keys) if key]
    found = [[pair for pair in named if pair[0] != pair[1]]]
    for start in range(0, _HASHES, _ROWS):
        firsts: dict[bytes, list[int]] = defaultdict(list)
        pairs = []
        for index, mark in enumerate(marks):
            known = firsts[mark[start : start + _ROWS].tobytes()]
            twin = next((one for one in known if np.mean(marks[one] == mark) >= _ALIKE), None)
            if twin is None:
                known.append(index)
            else:
                pairs.append((twin, index))
        found.append(pairs)
    return found


def _signature(text: str) -> NDArray[np.uint64]:
    """64 smallest hashes of the text's pieces; of the whole text where it is shorter than one piece."""
    codes = np.frombuffer(text.ljust(_PIECE).encode("utf-32-le", "replace"), dtype=np.uint32)
    pieces = np.zeros(len(codes) - _PIECE + 1, dtype=np.uint64)
    for place in range(_PIECE):
        window = codes[place : len(codes) - _PIECE + 1 + place].astype(np.uint64)
        pieces = (pieces * np.uint64(1_000_003) + window) % _PRIME
    hashed: NDArray[np.uint64] = ((np.outer(_A, pieces) + _B[:, None]) % _PRIME).min(axis=1)
    return hashed


def _find(leader: list[int], index: int) -> int:
    while leader[index] != index:
        leader[index] = leader[leader[index]]
        index = leader[index]
    return index


def _join(leader: list[int], one: int, other: int) -> None:
    first, second = sorted((_find(leader, one), _find(leader, other)))
    leader[second] = first
