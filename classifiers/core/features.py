"""What a linear judge sees of a post: pieces of words, words and pairs of words, as hashed counts.

A token always brings the same features, so they are worked out once a token and not once a post. For judging, the
weights of all its features are added up beforehand too (``Scorer``): a post's score is then a sum over its tokens,
made for thousands of posts at once.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from classifiers.core.normal import standard
from classifiers.core.text import tokens

Floats = NDArray[np.float32]

#: Sizes of the three hashed spaces.
PIECES, WORDS, PAIRS = 2**17, 2**16, 2**17
#: The longest pieces of words, in letters.
_LONGEST = 5
#: Odd and large: letters of a piece land far apart.
_STEP = np.uint64(0x100000001B3)
_EDGE = re.compile(r"^\W+|\W+$")
#: Tokens that a scorer remembers; a city's stream has fewer in a month. Beyond that it starts anew.
_REMEMBERED = 200_000


def _bare(token: str) -> str:
    """The standard word that a token stands for, without marks at its ends; a token of marks alone stays.

    Pieces are taken from the token as it was written: how somebody writes tells something too.
    """
    word = _EDGE.sub("", token) or token
    return standard(word) if word.isalnum() else word


@dataclass(frozen=True, slots=True)
class Lines:
    """Posts as one long row of tokens. ``token`` and ``line`` have one entry a token; ``known`` names the tokens."""

    known: list[str]
    token: NDArray[np.int64]  #: index into known
    line: NDArray[np.int64]  #: index of the post
    count: int  #: of posts


def lines(texts: Sequence[str]) -> Lines:
    numbers: dict[str, int] = {}
    found = tokens(texts)
    flat = [numbers.setdefault(token, len(numbers)) for row in found for token in row]
    line = np.repeat(np.arange(len(found)), [len(row) for row in found])
    return Lines(list(numbers), np.array(flat, dtype=np.int64), line, len(found))


def signature(words: Sequence[str]) -> NDArray[np.uint64]:
    """A number for each word, the same on every machine, of which pairs make their place."""
    return np.array([zlib.crc32(word.encode()) for word in words], dtype=np.uint64)


def pair_places(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The place of each pair of words in the hashed space of pairs."""
    mixed = (left * np.uint64(0x9E3779B97F4A7C15)) ^ right
    mixed *= np.uint64(0xC2B2AE3D27D4EB4F)
    return ((mixed >> np.uint64(40)) % np.uint64(PAIRS)).astype(np.int64)


class TokenFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Texts to a sparse matrix (posts, PIECES + WORDS + PAIRS), for learning.

    Rare features count more (inverse document frequency). Pieces, and words with pairs, are each brought to about
    length one a post; the length is that of its tokens added up, which is what ``Scorer`` can know too.
    """

    def fit(self, texts: Sequence[str], y: Any = None) -> Self:
        found = lines(texts)
        counts, pairs = _counts(found), _pairs(found)
        seen = _document_frequency(counts @ _token_matrix(found.known))
        self.idf_ = _idf(seen, len(texts))
        self.pair_idf_ = _idf(_document_frequency(pairs), len(texts))
        return self

    def transform(self, texts: Sequence[str]) -> sparse.csr_matrix:
        found = lines(texts)
        counts = _counts(found)
        weighted = _token_matrix(found.known) @ sparse.diags(self.idf_)
        pairs = _pairs(found)
        pieces, words = weighted[:, :PIECES], weighted[:, PIECES:]
        piece_length = counts @ _squares(pieces)
        word_length = counts @ _squares(words) + pairs @ self.pair_idf_**2
        return sparse.hstack(
            [
                sparse.diags(_shrink(piece_length)) @ (counts @ pieces),
                sparse.diags(_shrink(word_length)) @ (counts @ words),
                sparse.diags(_shrink(word_length)) @ pairs @ sparse.diags(self.pair_idf_),
            ]
        ).tocsr()


class Scorer:
    """The scores of a linear judge over ``TokenFeatures``, without building the features of a post.

    weights: (PIECES + WORDS + PAIRS, columns) and bias: (columns,), as learned; idf and pair_idf as fitted.
    """

    def __init__(self, idf: Floats, pair_idf: Floats, weights: Floats, bias: Floats) -> None:
        self.idf, self.bias = idf, bias
        self.weights, self.pairs = weights[: PIECES + WORDS], weights[PIECES + WORDS :]
        self.pair_idf = pair_idf
        self._forget()

    def _forget(self) -> None:
        columns = self.weights.shape[1]
        self.numbers: dict[str, int] = {}
        self.pieces = np.zeros((0, columns), np.float32)
        self.words = np.zeros((0, columns), np.float32)
        self.squares = np.zeros((0, 2), np.float32)
        self.signatures = np.zeros(0, np.uint64)

    def scores(self, texts: Sequence[str]) -> Floats:
        """Shape (len(texts), columns)."""
        return self.weigh(texts).scores

    def weigh(self, texts: Sequence[str]) -> "Weighed":
        """Scores, and what each token brought to them."""
        found = tokens(texts)
        flat = [token for row in found for token in row]
        self._learn(flat)
        rows = np.fromiter(map(self.numbers.__getitem__, flat), np.int64, len(flat))
        line = np.repeat(np.arange(len(found)), [len(row) for row in found])
        together = line[1:] == line[:-1]
        signs = self.signatures[rows]
        places = pair_places(signs[:-1][together], signs[1:][together])
        squares = _add_up(self.squares[rows], line, len(found))
        rare = self.pair_idf[places][:, None]
        squares[:, 1] += _add_up(rare**2, line[:-1][together], len(found))[:, 0]
        piece, word = _shrink(squares[:, 0])[:, None], _shrink(squares[:, 1])[:, None]
        brought = self.pieces[rows] * piece[line] + self.words[rows] * word[line]
        paired = self.pairs[places] * (rare * word[line[:-1][together]])
        # Half of what a pair brings goes to each of its words, so that a reason names words.
        at = np.flatnonzero(together)
        if len(at):
            brought[at] += paired / 2
            brought[at + 1] += paired / 2
        return Weighed(_add_up(brought, line, len(found)) + self.bias, brought, line, flat)

    def _learn(self, flat: list[str]) -> None:
        if len(self.numbers) > _REMEMBERED:
            self._forget()
        new = list(dict.fromkeys(token for token in flat if token not in self.numbers))
        if not new:
            return
        matrix = _token_matrix(new) @ sparse.diags(self.idf)
        pieces, words = matrix[:, :PIECES], matrix[:, PIECES:]
        self.numbers.update(zip(new, range(len(self.numbers), len(self.numbers) + len(new)), strict=True))
        self.pieces = np.vstack([self.pieces, pieces @ self.weights[:PIECES]])
        self.words = np.vstack([self.words, words @ self.weights[PIECES:]])
        self.squares = np.vstack([self.squares, np.stack([_squares(pieces), _squares(words)], axis=1)])
        self.signatures = np.concatenate([self.signatures, signature([_bare(token) for token in new])])


@dataclass(frozen=True, slots=True)
class Weighed:
    """Scores of posts (posts, columns) and what each token brought to them (tokens, columns)."""

    scores: Floats
    brought: Floats
    line: NDArray[np.int64]  #: the post of each token
    tokens: list[str]


def _token_matrix(known: Sequence[str]) -> sparse.csr_matrix:
    """The features of each token: (tokens, PIECES + WORDS)."""
    if not known:
        return sparse.csr_matrix((0, PIECES + WORDS), dtype=np.float32)
    rows, places = _pieces(known)
    words = (_mix(signature([_bare(token) for token in known])) % np.uint64(WORDS)).astype(np.int64)
    rows = np.concatenate([rows, np.arange(len(known))])
    places = np.concatenate([places, PIECES + words])
    ones = np.ones(len(rows), np.float32)
    matrix = sparse.csr_matrix((ones, (rows, places)), (len(known), PIECES + WORDS))
    matrix.sum_duplicates()
    return matrix


def _pieces(known: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and place of every piece of 2 to 5 letters of each token, with a space at both of its ends.

    The same pieces as scikit-learn's analyzer "char_wb"; all tokens are cut at once, a length at a time, as a token
    of its own costs that analyzer more than all else that judging does.
    """
    padded = [f" {token} " for token in known]
    letters = np.frombuffer("".join(padded).encode("utf-32-le", "replace"), np.uint32).astype(np.uint64)
    lengths = np.array([len(token) for token in padded])
    row = np.repeat(np.arange(len(padded)), lengths)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(letters))  # letters to the end of the token
    rows, places, piece = [], [], letters
    for length in range(2, _LONGEST + 1):
        piece = piece[:-1] * _STEP + letters[length - 1 :]
        whole = np.flatnonzero(left[: len(piece)] >= length)
        rows.append(row[whole])
        places.append((_mix(piece[whole] + np.uint64(length)) % np.uint64(PIECES)).astype(np.int64))
    return np.concatenate(rows), np.concatenate(places)


def _mix(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Numbers spread evenly over their upper bits (the finalizer of MurmurHash3), and those bits."""
    mixed = (numbers ^ (numbers >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    mixed = (mixed ^ (mixed >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return mixed >> np.uint64(33)


def _counts(found: Lines) -> sparse.csr_matrix:
    ones = np.ones(len(found.token), np.float32)
    return sparse.csr_matrix((ones, (found.line, found.token)), (found.count, len(found.known)))


def _pairs(found: Lines) -> sparse.csr_matrix:
    together = found.line[1:] == found.line[:-1]
    signs = signature([_bare(token) for token in found.known])[found.token]
    places = pair_places(signs[:-1][together], signs[1:][together])
    ones = np.ones(len(places), np.float32)
    return sparse.csr_matrix((ones, (found.line[:-1][together], places)), (found.count, PAIRS))


def _document_frequency(matrix: sparse.csr_matrix) -> NDArray[np.int64]:
    matrix.sum_duplicates()
    return np.bincount(matrix.indices, minlength=matrix.shape[1])


def _idf(seen: NDArray[np.int64], posts: int) -> Floats:
    return (np.log((1 + posts) / (1 + seen)) + 1).astype(np.float32)


def _squares(matrix: sparse.csr_matrix) -> Floats:
    found: Floats = np.asarray(matrix.multiply(matrix).sum(axis=1), np.float32).ravel()
    return found


def _shrink(length: Floats) -> Floats:
    """One over the length, from its square; a post without tokens keeps its nothing."""
    return (1 / np.sqrt(np.maximum(length, 1e-6))).astype(np.float32)


def _add_up(values: Floats, line: NDArray[np.int64], count: int) -> Floats:
    """Rows of ``values`` added up by the post that they belong to: (count, columns). ``line`` is in order."""
    total = np.zeros((count, values.shape[1]), np.float32)
    if len(line):
        starts = np.flatnonzero(np.diff(line, prepend=-1))
        total[line[starts]] = np.add.reduceat(values, starts, axis=0)
    return total
