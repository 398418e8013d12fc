"""How good a judge is, in figures with their uncertainty. Arrays in, numbers out.

Everywhere: ``truth`` and ``guess`` are integers in the order of ``kinds.Kind``, shape (n,); ``probabilities`` have
shape (n, 5) and rows that add up to 1; ``scores`` are p(complaint), shape (n,). Point values come from scikit-learn
where it has them. Intervals are 95 % percentile bootstrap: each of ``times`` resamples is a row of whole-number
weights, shape (times, n), and every figure is worked out for all of them at once.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss, confusion_matrix

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
#: A figure with its interval; each None where it is not defined (no such posts).
Figure = dict[str, float | None]

KINDS = 5
#: The same resamples on every run, so that two runs can be compared.
SEED = 20261124
BINS = 15
#: Numbers held at once while resampling: 32 MB of float64.
_CELLS = 4_000_000


def confusion(truth: Ints, guess: Ints, kinds: int = KINDS) -> NDArray[np.int64]:
    """Shape (kinds, kinds): rows are what it was, columns what the judge said."""
    found: NDArray[np.int64] = confusion_matrix(truth, guess, labels=range(kinds))
    return found


def weights(count: int, times: int, seed: int = SEED) -> Iterator[Floats]:
    """Bootstrap weights in blocks of shape (at most times, count); rows add up to ``count``."""
    dice = np.random.default_rng(seed)
    block = max(1, _CELLS // max(count, 1))
    for start in range(0, times, block):
        size = min(block, times - start)
        drawn = dice.integers(0, count, (size, count)) + np.arange(size)[:, None] * count
        yield np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count).astype(float)


def with_interval(
    figures: Callable[[Floats], dict[str, Floats]], count: int, times: int, seed: int = SEED
) -> dict[str, Figure]:
    """Each of ``figures`` over ``count`` rows with its 95 % interval: value, low, high.

    ``figures`` takes weights of shape (r, count) and gives arrays of shape (r,), NaN where undefined. ``times`` 0: no
    interval.
    """
    if not count:
        names = figures(np.ones((1, 0)))
        return {name: {"value": None, "low": None, "high": None} for name in names}
    point = figures(np.ones((1, count)))
    blocks = [figures(block) for block in weights(count, times, seed)]
    drawn = {name: np.concatenate([block[name] for block in blocks]) if blocks else () for name in point}
    return {name: _figure(float(value[0]), np.asarray(drawn[name])) for name, value in point.items()}


def _figure(value: float, drawn: Floats) -> Figure:
    known = drawn[~np.isnan(drawn)]
    low, high = np.percentile(known, [2.5, 97.5]) if known.size else (np.nan, np.nan)
    return {"value": number(value), "low": number(low), "high": number(high)}


def number(value: Any) -> float | None:
    """A float of four decimals; None for NaN, which JSON does not have."""
    return None if np.isnan(value) else round(float(value), 4)


# --- the kinds


def kind_figures(truth: Ints, guess: Ints, names: list[str]) -> Callable[[Floats], dict[str, Floats]]:
    """Figures ``macro_f1``, ``accuracy``, and ``NAME.precision``, ``.recall``, ``.f1`` of every kind.

    ``macro_f1`` is the mean over the kinds that occur in ``truth`` (all of them, in a full set).
    """
    kinds = len(names)
    cells = np.zeros((len(truth), kinds * kinds))
    cells[np.arange(len(truth)), truth * kinds + guess] = 1
    present = np.isin(np.arange(kinds), truth)

    def work(weight: Floats) -> dict[str, Floats]:
        table = (weight @ cells).reshape(-1, kinds, kinds)
        right = np.diagonal(table, axis1=1, axis2=2)
        was, said = table.sum(axis=2), table.sum(axis=1)
        f1 = divide(2 * right, was + said)
        found = {"macro_f1": _mean(f1[:, present]), "accuracy": divide(right.sum(1), was.sum(1))}
        for number_, name in enumerate(names):
            found[f"{name}.precision"] = divide(right[:, number_], said[:, number_])
            found[f"{name}.recall"] = divide(right[:, number_], was[:, number_])
            found[f"{name}.f1"] = f1[:, number_]
        return found

    return work


def divide(above: Floats, below: Floats) -> Floats:
    """``above`` / ``below``, NaN where there is nothing to divide by."""
    found: Floats = np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)
    return found


def _mean(rows: Floats) -> Floats:
    known = ~np.isnan(rows)
    return divide(np.where(known, rows, 0.0).sum(axis=1), known.sum(axis=1).astype(float))


# --- complaint against the rest


def complaint_figures(
    is_complaint: NDArray[np.bool_], said: NDArray[np.bool_], scores: Floats
) -> Callable[[Floats], dict[str, Floats]]:
    """Figures ``macro_f1`` (of complaint and rest), ``precision``, ``recall``, ``auc``, and by ranking
    ``load_at_recall_95`` and ``recall_at_load_40``."""
    kinds = kind_figures(is_complaint.astype(np.intp), said.astype(np.intp), ["rest", "complaint"])
    ranked = ranking_figures(is_complaint, scores)

    def work(weight: Floats) -> dict[str, Floats]:
        found = kinds(weight)
        own = {name: found[f"complaint.{name}"] for name in ("precision", "recall", "f1")}
        return {"macro_f1": found["macro_f1"], **own, **ranked(weight)}

    return work


def ranking_figures(is_complaint: NDArray[np.bool_], scores: Floats) -> Callable[[Floats], dict[str, Floats]]:
    """``auc``; ``load_at_recall_95``: the share that people must read, likeliest first, to see 95 % of complaints;
    ``recall_at_load_40``: the share of complaints among the likeliest 40 %. Posts of one score are read together.
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True)) if len(scores) else np.zeros(0, int)
    hit = is_complaint[order].astype(float)

    def work(weight: Floats) -> dict[str, Floats]:
        ranked = weight[:, order]
        hits = np.cumsum(ranked * hit, axis=1)[:, ends]
        read = np.cumsum(ranked, axis=1)[:, ends]
        return {
            "auc": _area(hits, read - hits),
            "load_at_recall_95": _load_at(hits, read, 0.95),
            "recall_at_load_40": _recall_at(hits, read, 0.40),
        }

    return work


def _area(hits: Floats, others: Floats) -> Floats:
    """By trapezoids over the ends of equal scores, which is the Mann-Whitney count with ties as a half."""
    if not hits.shape[1]:
        return np.full(len(hits), np.nan)
    height = hits - np.diff(hits, axis=1, prepend=0.0) / 2
    area = (np.diff(others, axis=1, prepend=0.0) * height).sum(axis=1)
    return divide(area, hits[:, -1] * others[:, -1])


def _load_at(hits: Floats, read: Floats, recall: float) -> Floats:
    if not hits.shape[1]:
        return np.full(len(hits), np.nan)
    first = (hits >= recall * hits[:, -1:] - 1e-9).argmax(axis=1)
    load = divide(read[np.arange(len(read)), first], read[:, -1])
    return np.where(hits[:, -1] > 0, load, np.nan)


def _recall_at(hits: Floats, read: Floats, load: float) -> Floats:
    if not hits.shape[1]:
        return np.full(len(hits), np.nan)
    inside = np.where(read <= load * read[:, -1:] + 1e-9, hits, 0.0).max(axis=1)
    return divide(inside, hits[:, -1])


def decided_figures(
    is_complaint: NDArray[np.bool_], forwarded: NDArray[np.bool_], reviewed: NDArray[np.bool_]
) -> Callable[[Floats], dict[str, Floats]]:
    """As the thresholds decide: ``load`` (share forwarded or reviewed), ``recall`` (share of complaints among
    them), ``forwarded`` and ``reviewed`` (shares), ``forward_precision`` (complaints among the forwarded)."""
    seen, hit = forwarded | reviewed, is_complaint
    columns = np.stack([seen, seen & hit, hit, forwarded, forwarded & hit, reviewed], axis=1).astype(float)

    def work(weight: Floats) -> dict[str, Floats]:
        total = weight.sum(axis=1)
        load, found, complaints, out, right, asked = (weight @ columns).T
        return {
            "load": divide(load, total),
            "recall": divide(found, complaints),
            "forwarded": divide(out, total),
            "forward_precision": divide(right, out),
            "reviewed": divide(asked, total),
        }

    return work


# --- how far a probability can be believed


def reliability(confidence: Floats, right: NDArray[np.bool_], bins: int = BINS) -> list[dict[str, Any]]:
    """Bins of equal width over 0 to 1: from, to, count, mean confidence, share that was right (None when empty)."""
    where = np.clip((confidence * bins).astype(int), 0, bins - 1)
    count = np.bincount(where, minlength=bins)
    below = count.astype(float)
    mean = divide(np.bincount(where, confidence, bins).astype(float), below)
    share = divide(np.bincount(where, right.astype(float), bins).astype(float), below)
    edges = np.arange(bins + 1) / bins
    return [
        {
            "from": number(edges[i]),
            "to": number(edges[i + 1]),
            "count": int(count[i]),
            "confidence": number(mean[i]),
            "right": number(share[i]),
        }
        for i in range(bins)
    ]


def ece(confidence: Floats, right: NDArray[np.bool_], bins: int = BINS) -> float:
    """Expected calibration error: the mean distance of confidence and truth over the bins, weighted by count."""
    if not len(confidence):
        return float("nan")
    where = np.clip((confidence * bins).astype(int), 0, bins - 1)
    gap = np.bincount(where, confidence - right.astype(float), bins)
    return float(np.abs(gap).sum() / len(confidence))


def brier(truth: Ints, probabilities: Floats) -> float:
    """Mean squared distance to the truth, added over the kinds: 0 is perfect, 2 the worst."""
    if not len(truth):
        return float("nan")
    certain = np.eye(probabilities.shape[1])[truth]
    return float(((probabilities - certain) ** 2).sum(axis=1).mean())


def brier_complaint(is_complaint: NDArray[np.bool_], scores: Floats) -> float:
    """The Brier score of p(complaint): 0 is perfect, 1 the worst."""
    return float(brier_score_loss(is_complaint, np.clip(scores, 0, 1))) if len(scores) else float("nan")


def abstention(truth: Ints, guess: Ints, confidence: Floats, names: list[str]) -> list[dict[str, Any]]:
    """What holds for the rest when the least confident go to people, from all down to the surest half."""
    surest = np.argsort(-confidence, kind="stable")
    rows = []
    for percent in range(100, 45, -5):
        kept = surest[: round(len(surest) * percent / 100)]
        figures = with_interval(kind_figures(truth[kept], guess[kept], names), len(kept), 0)
        binary = kind_figures(
            (truth[kept] == 0).astype(np.intp), (guess[kept] == 0).astype(np.intp), ["r", "c"]
        )
        rows.append(
            {
                "coverage": percent / 100,
                "n": len(kept),
                "accuracy": figures["accuracy"]["value"],
                "macro_f1": figures["macro_f1"]["value"],
                "complaint_macro_f1": with_interval(binary, len(kept), 0)["macro_f1"]["value"],
            }
        )
    return rows


# --- yes or no, and ranked names


def hit_figures(was: NDArray[np.bool_], said: NDArray[np.bool_]) -> Callable[[Floats], dict[str, Floats]]:
    """Figures ``recall`` and ``precision`` of a yes."""
    columns = np.stack([was & said, was, said], axis=1).astype(float)

    def work(weight: Floats) -> dict[str, Floats]:
        both, true, told = (weight @ columns).T
        return {"recall": divide(both, true), "precision": divide(both, told)}

    return work


def share_figures(**parts: NDArray[np.bool_]) -> Callable[[Floats], dict[str, Floats]]:
    """The share of rows for which each named part is true."""

    def work(weight: Floats) -> dict[str, Floats]:
        total = weight.sum(axis=1)
        return {name: divide(weight @ part.astype(float), total) for name, part in parts.items()}

    return work
