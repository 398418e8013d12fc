"""In which order posts are worth a person's eyes: the mix of the review queue, without a database."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import HashingVectorizer

from classifiers.core.kinds import Kind
from classifiers.core.text import normalise


class Slot(StrEnum):
    """Why one post comes next."""

    OLDEST = "oldest"  #: so that nobody waits for ever
    DOUBTFUL = "doubtful"  #: the model hesitates between two kinds
    RARE = "rare"  #: likely of the kind that was reviewed least lately
    DIVERSE = "diverse"  #: unlike what was reviewed lately, in words, topic and source
    AUDIT = "audit"  #: of the random sample that measures the judge


@dataclass(frozen=True, slots=True)
class Candidate:
    """One post that waits; what the choice has to know of it."""

    id: int
    text: str
    doubt: float  #: 0 sure to 1 torn between two kinds, or unjudged
    chances: Mapping[str, float] = field(default_factory=dict)  #: by kind; {} when unjudged
    kind: str = ""  #: what a person decided; "" while it waits
    topic: str = ""
    source: str = ""
    audit: bool = False


def doubt(probabilities: Sequence[float] | None) -> float:
    """One minus the margin between the two likeliest kinds; 1 without a judgement."""
    if not probabilities or len(probabilities) < 2:
        return 1.0
    best, second = sorted(probabilities, reverse=True)[:2]
    return round(1.0 - (best - second), 4)


def choose(
    mix: Sequence[Slot], turn: int, waiting: Sequence[Candidate], lately: Sequence[Candidate]
) -> Candidate | None:
    """The next of ``waiting`` (oldest first) for the ``turn``-th look; ``lately`` are the newest reviewed posts.

    A slot with nothing to give lets the next one of the mix choose.
    """
    for step in range(len(mix)):
        found = _of(mix[(turn + step) % len(mix)], waiting, lately)
        if found is not None:
            return found
    return waiting[0] if waiting else None


def _of(slot: Slot, waiting: Sequence[Candidate], lately: Sequence[Candidate]) -> Candidate | None:
    if not waiting:
        return None
    match slot:
        case Slot.OLDEST:
            return waiting[0]
        case Slot.DOUBTFUL:
            return max(waiting, key=lambda one: one.doubt)
        case Slot.RARE:
            kind = rarest(lately)
            likely = [one for one in waiting if one.chances]
            return max(likely, key=lambda one: one.chances.get(kind, 0.0), default=None)
        case Slot.DIVERSE:
            return waiting[int(np.argmax(novelty(waiting, lately)))]
        case Slot.AUDIT:
            return next((one for one in waiting if one.audit), None)


def rarest(lately: Sequence[Candidate]) -> str:
    """The kind of which fewest are among ``lately``; of several, the first in the order of ``Kind``."""
    counts = Counter(one.kind for one in lately)
    return min((kind.value for kind in Kind), key=lambda kind: counts[kind])


def novelty(waiting: Sequence[Candidate], lately: Sequence[Candidate]) -> NDArray[np.float64]:
    """Shape (len(waiting),): how unlike ``lately`` each is, in words, topic and source, weighed by its doubt."""
    doubts = np.asarray([one.doubt for one in waiting])
    if not lately:
        return np.asarray(doubts, dtype=np.float64)
    vectors = _VECTORS.transform([normalise(one.text) for one in (*waiting, *lately)])
    alike = (vectors[: len(waiting)] @ vectors[len(waiting) :].T).max(axis=1).toarray().ravel()
    topics, sources = Counter(one.topic for one in lately), Counter(one.source for one in lately)
    seen = np.asarray([topics[one.topic] + sources[one.source] for one in waiting]) / (2 * len(lately))
    fresh: NDArray[np.float64] = (1.0 - alike) * (1.0 - seen / 2) * (0.25 + doubts)
    return fresh


#: Words as rows of length one, so that a product of two rows is their cosine.
_VECTORS = HashingVectorizer(n_features=2**15, alternate_sign=False, norm="l2", dtype=np.float32)
