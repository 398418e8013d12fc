"""One report of everything that is measured: gold posts and their verdicts in, one dictionary for JSON out."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from classifiers.core import measure
from classifiers.core.gold import Gold
from classifiers.core.judge import Decision, Verdict
from classifiers.core.kinds import Kind
from classifiers.core.measure import Floats, Ints
from classifiers.core.urgency import Level

Report = dict[str, Any]
_NAMES = [kind.value for kind in Kind]


@dataclass(frozen=True, slots=True)
class Sample:
    """Judged posts as arrays of one length n; ``measure`` says what is in them."""

    gold: list[Gold]
    verdicts: list[Verdict]
    truth: Ints
    guess: Ints
    probabilities: Floats
    forwarded: Any  #: bool
    reviewed: Any  #: bool

    @property
    def complaint(self) -> Any:
        return self.truth == 0

    @property
    def scores(self) -> Floats:
        return self.probabilities[:, 0]


def evaluate(gold: Sequence[Gold], verdicts: Sequence[Verdict], times: int = 1000) -> Report:
    """The report; ``times`` bootstrap resamples for the intervals (0: none).

    Posts without a verdict's kind (empty texts) are counted in ``unjudged`` and left out of all else. Raises
    ValueError when nothing is left.
    """
    pairs = [(one, told) for one, told in zip(gold, verdicts, strict=True) if told.kind is not None]
    if not pairs:
        raise ValueError(
            "Tidak ada satu kiriman pun yang dinilai: semua teksnya kosong, atau tidak ada model."
        )
    one = _sample(pairs)
    certain = one.probabilities.max(axis=1)
    right = one.truth == one.guess
    return {
        "n": len(pairs),
        "unjudged": len(gold) - len(pairs),
        "model": pairs[0][1].model,
        "bootstrap": {"resamples": times, "seed": measure.SEED, "interval": 0.95},
        **_figures(one, times),
        "confusion": {"kinds": _NAMES, "rows": measure.confusion(one.truth, one.guess).tolist()},
        "calibration": {
            "bins": measure.BINS,
            "top": _calibration(certain, right),
            "complaint": _calibration(one.scores, one.complaint),
            "brier": measure.number(measure.brier(one.truth, one.probabilities)),
            "brier_complaint": measure.number(measure.brier_complaint(one.complaint, one.scores)),
        },
        "abstention": measure.abstention(one.truth, one.guess, certain, _NAMES),
        "topic": _topic(one, times),
        "urgency": _urgency(one, times),
        "by": _slices(one, times),
    }


def _sample(pairs: list[tuple[Gold, Verdict]]) -> Sample:
    order = list(Kind)
    verdicts = [told for _, told in pairs]
    decisions = np.array([told.decision.value for told in verdicts])
    return Sample(
        gold=[one for one, _ in pairs],
        verdicts=verdicts,
        truth=np.array([order.index(one.kind) for one, _ in pairs], dtype=np.intp),
        guess=np.array([order.index(told.kind) for told in verdicts if told.kind], dtype=np.intp),
        probabilities=np.array([[(told.probabilities or {})[k] for k in _NAMES] for told in verdicts]),
        forwarded=decisions == Decision.FORWARD.value,
        reviewed=decisions == Decision.REVIEW.value,
    )


def _part(one: Sample, rows: Ints) -> Sample:
    return Sample(
        gold=[one.gold[i] for i in rows],
        verdicts=[one.verdicts[i] for i in rows],
        truth=one.truth[rows],
        guess=one.guess[rows],
        probabilities=one.probabilities[rows],
        forwarded=one.forwarded[rows],
        reviewed=one.reviewed[rows],
    )


def _figures(one: Sample, times: int) -> Report:
    """What is measured of the whole and of every part of it."""
    count = len(one.truth)
    kinds = measure.with_interval(measure.kind_figures(one.truth, one.guess, _NAMES), count, times)
    complaint = measure.complaint_figures(one.complaint, one.guess == 0, one.scores)
    decided = measure.decided_figures(one.complaint, one.forwarded, one.reviewed)
    support = np.bincount(one.truth, minlength=len(_NAMES))
    return {
        "macro_f1": kinds["macro_f1"],
        "accuracy": kinds["accuracy"],
        "kinds": {
            name: {
                **{figure: kinds[f"{name}.{figure}"] for figure in ("precision", "recall", "f1")},
                "support": int(support[number]),
            }
            for number, name in enumerate(_NAMES)
        },
        "complaint": measure.with_interval(complaint, count, times),
        "decided": measure.with_interval(decided, count, times),
    }


def _calibration(confidence: Floats, right: Any) -> Report:
    return {
        "ece": measure.number(measure.ece(confidence, right)),
        "reliability": measure.reliability(confidence, right),
    }


def _topic(one: Sample, times: int) -> Report:
    """Topics of the posts that have one of ours; the others are counted, not judged."""
    rows = [i for i, gold in enumerate(one.gold) if gold.topic is not None]
    first = np.array([one.verdicts[i].topic == one.gold[i].topic for i in rows], dtype=bool)
    three = np.array([one.gold[i].topic in one.verdicts[i].topics[:3] for i in rows], dtype=bool)
    foreign = Counter(gold.foreign_topic for gold in one.gold if gold.foreign_topic)
    return {
        "n": len(rows),
        "without_topic": len(one.gold) - len(rows) - foreign.total(),
        "foreign": dict(foreign.most_common()),
        **measure.with_interval(measure.share_figures(top1=first, top3=three), len(rows), times),
    }


def _urgency(one: Sample, times: int) -> Report | None:
    """Danger now against the word emergency; None where the file or the judge says nothing of urgency."""
    rows = [i for i, gold in enumerate(one.gold) if gold.urgent is not None]
    levels = [told.urgency for told in one.verdicts]
    if not rows or not any(levels):
        return None
    was = np.array([one.gold[i].urgent for i in rows], dtype=bool)
    said = np.array([levels[i] == Level.EMERGENCY for i in rows], dtype=bool)
    soon = np.array([levels[i] in (Level.EMERGENCY, Level.SOON) for i in rows], dtype=bool)
    return {
        "n": len(rows),
        "urgent": int(was.sum()),
        **measure.with_interval(measure.hit_figures(was, said), len(rows), times),
        "or_soon": measure.with_interval(measure.hit_figures(was, soon), len(rows), times),
        "false_alarms": int((said & ~was).sum()),
        "missed": [
            {"line": one.gold[i].line, "id": one.gold[i].id, "said": levels[i]}
            for i, miss in zip(rows, was & ~said, strict=True)
            if miss
        ],
    }


def _slices(one: Sample, times: int) -> Report:
    """The figures again for every source, for hard and easy posts, and by how a post came to us."""
    ways: dict[str, Callable[[Gold], str]] = {
        "source": lambda gold: gold.source,
        "difficulty": lambda gold: "" if gold.hard is None else "hard" if gold.hard else "easy",
        "collector": lambda gold: gold.collector,
    }
    return {name: _by([way(gold) for gold in one.gold], one, times) for name, way in ways.items()}


def _by(values: list[str], one: Sample, times: int) -> Report:
    """Parts by value, the largest first; posts of which the value is unknown are left out."""
    found: Report = {}
    for value, count in Counter(values).most_common():
        if value:
            part = _part(one, np.array([i for i, own in enumerate(values) if own == value], dtype=np.intp))
            topic = _topic(part, times)
            found[value] = {
                "n": count,
                **_figures(part, times),
                "topic": {name: topic[name] for name in ("n", "top1", "top3")},
            }
    return found
