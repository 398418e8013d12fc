"""Which texts are one text in several forms, so that no near-duplicate is both learned from and tested on.

First the exact ones: retweet marks, links, handles, punctuation, case and spaces do not count. Then the near ones:
MinHash over pieces of four characters finds candidates (Broder 1997; banding as in Leskovec, Rajaraman and Ullman,
"Mining of Massive Datasets", 3.4), and the pieces that two candidates really share decide.
"""

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import HashingVectorizer

#: Share of common pieces (Jaccard) from which two texts are one.
ALIKE = 0.7
_BANDS, _ROWS = (
    20,
    4,
)  # finds 99 of 100 pairs that share 0.7, and 1 of 10 that share 0.3, which are then refused
_PRIME = np.uint64((1 << 31) - 1)

_LINK = re.compile(r"(?:https?://|www\.)\S*", re.IGNORECASE)
_RETWEET = re.compile(r"(?<!\w)RT(?=\s*@)", re.IGNORECASE)
_HANDLE = re.compile(r"@\w+")
_NO_WORD = re.compile(r"[\W_]+")


def plain(text: str) -> str:
    """What stays of a text when its wrapping is taken off; of one without words, its signs; perhaps ""."""
    text = unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode("utf-8"))
    text = _HANDLE.sub(" ", _RETWEET.sub(" ", _LINK.sub(" ", text))).lower()
    words = _NO_WORD.sub(" ", text).strip()
    return words or "".join(sign for sign in text if unicodedata.category(sign)[0] not in "PZC")


def groups(texts: Sequence[str], alike: float = ALIKE, keys: Sequence[str] = ()) -> NDArray[np.int64]:
    """The group of each text, shape (len(texts),), numbered from 0 in the order of first appearance.

    Texts of one group are near-duplicates, directly or through others; who belongs together does not depend on the
    order of the texts. Twenty thousand posts take seconds. keys: where given, one a text; texts with the same key
    belong together too, and "" says nothing.
    """
    if not len(texts):
        return np.zeros(0, dtype=np.int64)
    known, which = np.unique(np.array([plain(text) for text in texts], dtype=object), return_inverse=True)
    pieces = _pieces([str(text) for text in known])
    first, second = _shared(pieces, _candidates(pieces), alike)
    links = coo_matrix((np.ones(len(first)), (first, second)), shape=(len(known), len(known)))
    _, found = connected_components(links, directed=False)
    labels = found[which]
    return _by_appearance(_joined(labels, keys) if any(keys) else labels)


def firsts(texts: Sequence[str], alike: float = ALIKE, keys: Sequence[str] = ()) -> NDArray[np.bool_]:
    """True for the first text of every group."""
    found = groups(texts, alike, keys)
    kept = np.zeros(len(found), dtype=bool)
    kept[np.unique(found, return_index=True)[1]] = True
    return kept


def _joined(labels: NDArray[np.int64], keys: Sequence[str]) -> NDArray[np.int64]:
    """Groups that share a key as one."""
    keyed = np.flatnonzero([bool(key) for key in keys])
    _, number = np.unique(np.array(keys, dtype=object)[keyed].astype(str), return_inverse=True)
    count, own = len(labels), int(labels.max()) + 1
    links = coo_matrix((np.ones(len(keyed)), (labels[keyed], own + number)), shape=(own + count, own + count))
    found: NDArray[np.int64] = connected_components(links, directed=False)[1][labels]
    return found


def _by_appearance(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    _, seen, which = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(seen), dtype=np.int64)
    rank[np.argsort(seen)] = np.arange(len(seen))
    return rank[which]


def _pieces(texts: list[str]) -> csr_matrix:
    """Which pieces of four characters a text has: zeros and ones, shape (len(texts), 2**20)."""
    hasher = HashingVectorizer(
        analyzer="char", ngram_range=(4, 4), n_features=2**20, binary=True, norm=None, alternate_sign=False,
        lowercase=False, dtype=np.float32,
    )  # fmt: skip
    return hasher.transform(texts)


def _candidates(pieces: csr_matrix) -> NDArray[np.int64]:
    """Pairs that share a band of their signatures, shape (pairs, 2); each with its neighbour and its band's first."""
    rows = np.flatnonzero(np.diff(pieces.indptr))
    if not len(rows):
        return np.zeros((0, 2), dtype=np.int64)
    marks = _signatures(pieces, rows)
    pairs = []
    for band in range(_BANDS):
        part = np.ascontiguousarray(marks[:, band * _ROWS : (band + 1) * _ROWS])
        key = np.unique(part, axis=0, return_inverse=True)[1].ravel()
        order = np.argsort(key, kind="stable")
        sorted_keys, members = key[order], rows[order]
        same = sorted_keys[1:] == sorted_keys[:-1]
        start = np.searchsorted(sorted_keys, sorted_keys)
        pairs.append(np.stack([members[:-1][same], members[1:][same]], axis=1))
        pairs.append(np.stack([members[start[1:]][same], members[1:][same]], axis=1))
    return np.unique(np.concatenate(pairs), axis=0)


def _signatures(pieces: csr_matrix, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The smallest of every text's piece numbers under each of 80 shufflings, shape (len(rows), 80)."""
    dice = np.random.default_rng(1)
    starts, numbers = pieces.indptr[rows], pieces.indices.astype(np.uint64) + np.uint64(1)
    marks = np.empty((len(rows), _BANDS * _ROWS), dtype=np.uint64)
    for number in range(marks.shape[1]):
        factor, shift = (np.uint64(dice.integers(1, int(_PRIME))) for _ in range(2))
        marks[:, number] = np.minimum.reduceat((numbers * factor + shift) % _PRIME, starts)
    return marks


def _shared(
    pieces: csr_matrix, pairs: NDArray[np.int64], alike: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pairs that really share ``alike`` of their pieces."""
    size = np.diff(pieces.indptr)
    kept = np.zeros(len(pairs), dtype=bool)
    for start in range(0, len(pairs), 20_000):
        first, second = pairs[start : start + 20_000].T
        common = np.asarray(pieces[first].multiply(pieces[second]).sum(axis=1)).ravel()
        kept[start : start + 20_000] = common >= alike * (size[first] + size[second] - common)
    return pairs[kept, 0], pairs[kept, 1]
