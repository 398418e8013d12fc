"""Two judges on the same posts, a share with its interval, and how far two people agree."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from classifiers.core.kinds import Kind

#: Normal quantile of a 95 % interval.
_Z = 1.959964
Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Range:
    """A number between 0 and 1 (or a difference) with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Score:
    """One kind. recall or precision is None when there was nothing to recall or nothing was said to be it."""

    kind: str
    precision: float | None
    recall: float | None
    f1: float | None
    count: int  #: how many were truly of this kind


def scores(truth: Sequence[str], said: Sequence[str]) -> dict[str, Score]:
    """Scores of every kind, by its English name."""
    found = {}
    for kind in Kind:
        hit, said_so, true = (int(one.sum()) for one in _marks(truth, said, kind.value))
        found[kind.value] = Score(
            kind.value,
            hit / said_so if said_so else None,
            hit / true if true else None,
            2 * hit / (said_so + true) if said_so + true else None,
            true,
        )
    return found


def macro_f1(truth: Sequence[str], said: Sequence[str]) -> float:
    """Mean F1 of the kinds that occur in ``truth`` or in ``said``."""
    known = [score.f1 for score in scores(truth, said).values() if score.f1 is not None]
    return sum(known) / len(known) if known else 0.0


def gains(
    truth: Sequence[str], old: Sequence[str], new: Sequence[str], kind: str, *, times: int = 1000
) -> dict[str, Range]:
    """How much better ``new`` is than ``old`` on ``kind``: recall and f1, by a paired bootstrap over the posts.

    The same posts are drawn for both, so that what both get wrong does not blur the difference. ``truth`` must not
    be empty.
    """
    drawn = _draws(len(truth), times)
    before, after = _rates(truth, old, kind, drawn), _rates(truth, new, kind, drawn)
    return {name: _spread(after[name] - before[name]) for name in ("recall", "f1")}


def share(hits: int, of: int) -> Range | None:
    """A share with Wilson's interval; None of nothing."""
    if of == 0:
        return None
    p, z2 = hits / of, _Z * _Z
    middle = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z * math.sqrt(p * (1 - p) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return Range(p, max(0.0, middle - half), min(1.0, middle + half))


def kappa(first: Sequence[str], second: Sequence[str], *, times: int = 1000) -> Range | None:
    """Cohen's kappa of two readings of the same posts, with a bootstrap interval.

    None for fewer than two posts, or when both readers knew one and the same kind only.
    """
    names = sorted({*first, *second})
    if len(first) < 2 or len(names) < 2:
        return None
    value = float(cohen_kappa_score(first, second))
    table = confusion_matrix(first, second, labels=names).ravel()
    dice = np.random.default_rng(7)
    # Drawing posts anew is drawing the cells of the table anew.
    drawn = dice.multinomial(len(first), table / len(first), size=times).reshape(
        times, len(names), len(names)
    )
    again = _kappas(drawn / len(first))
    low, high = np.quantile(again, [0.025, 0.975]) if len(again) else (value, value)
    return Range(value, float(low), float(high))


def _kappas(tables: Counts) -> Counts:
    """Kappa of each table of shares (draws, kinds, kinds), where it is defined."""
    same = np.trace(tables, axis1=1, axis2=2)
    by_chance = (tables.sum(axis=1) * tables.sum(axis=2)).sum(axis=1)
    known = by_chance < 1
    found: Counts = (same[known] - by_chance[known]) / (1 - by_chance[known])
    return found


def _marks(truth: Sequence[str], said: Sequence[str], kind: str) -> tuple[Counts, Counts, Counts]:
    """Three rows of 0 and 1: right and of this kind, said to be of it, truly of it."""
    true = np.asarray([one == kind for one in truth], dtype=np.float64)
    claimed = np.asarray([one == kind for one in said], dtype=np.float64)
    return true * claimed, claimed, true


def _draws(count: int, times: int) -> Counts:
    """Shape (times + 1, count): how often each post is drawn; the first row draws each once."""
    dice = np.random.default_rng(11)
    drawn = dice.multinomial(count, np.full(count, 1 / count), size=times).astype(np.float64)
    return np.vstack([np.ones(count), drawn])


def _rates(truth: Sequence[str], said: Sequence[str], kind: str, drawn: Counts) -> dict[str, Counts]:
    hit, claimed, true = (drawn @ one for one in _marks(truth, said, kind))
    return {
        "recall": hit / np.maximum(true, 1.0),
        "f1": 2 * hit / np.maximum(claimed + true, 1.0),
    }


def _spread(differences: Counts) -> Range:
    low, high = np.quantile(differences[1:], [0.025, 0.975])
    return Range(float(differences[0]), float(low), float(high))
