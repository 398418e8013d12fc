"""Reviews that contradict far more than others do: whose batch must not be learned before a person has looked.

Every reviewer is measured by models that learned without that reviewer's new batch, and compared with how the
same models contradict the others. Honest people differ, so the comparison allows for it (beta-binomial).
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from classifiers.core.corpus import Example
from classifiers.core.kinds import INDONESIAN, Kind
from classifiers.core.text import normalise

_FOLDS = 3
#: Trusted posts that the measuring models learn, at most, spread evenly: enough to know a contradiction by.
_TRUSTED = 2000
#: Distance between the likeliest kind and the given one (in units of the separating margin) that counts.
_CLEARLY = 0.25
#: How much honest reviewers differ: as if each had a rate of their own, drawn with this weight around the common one.
_ALLOWANCE = 25.0


@dataclass(frozen=True, slots=True)
class Limits:
    """From [learning.guard] of config/data/judging.toml."""

    least: int  #: reviews in a batch below which nothing can be said of it
    chance: float  #: a rate that an honest reviewer would reach with a smaller chance than this is caught
    excess: float  #: and only when it lies this much above the others'
    alone: float  #: what is expected of a reviewer with nobody to compare with
    hourly: int  #: more decisions within an hour than a person can read
    largest: float  #: share of the batch that one of three or more reviewers may have


@dataclass(frozen=True, slots=True)
class Reading:
    """One decision in the batch to be learned from."""

    reviewer: str
    text: str
    kind: Kind
    at: datetime
    audit: bool = False
    other: Kind | None = None  #: what a second or third person decided on the same post; None: nobody did


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Why one reviewer's batch must be looked at, as a sentence."""

    reviewer: str
    sign: str  #: contradiction, direction, people, audit, burst, share
    sentence: str


def suspicions(trusted: Sequence[Example], batch: Sequence[Reading], limits: Limits) -> list[Suspicion]:
    """What stands out in ``batch``, at most one suspicion for each reviewer; [] when nothing does.

    ``trusted`` are the base corpus and what was learned before.
    """
    by_reviewer: dict[str, list[Reading]] = defaultdict(list)
    for reading in sorted(batch, key=lambda one: one.at):
        by_reviewer[reading.reviewer].append(reading)
    found: dict[str, Suspicion] = {}
    look = _Look(trusted, batch)
    while (worst := _worst(look, by_reviewer, limits)) is not None:
        found[worst.reviewer] = worst
        # Without the worst batch the others are measured anew: one bad batch must not make all look bad.
        by_reviewer.pop(worst.reviewer)
    return list(found.values())


def _worst(look: "_Look", people: dict[str, list[Reading]], limits: Limits) -> Suspicion | None:
    signs = []
    for name, own in people.items():
        others = [one for other, theirs in people.items() if other != name for one in theirs]
        signs += [
            (chance, Suspicion(name, sign, said)) for chance, sign, said in _signs(look, own, others, limits)
        ]
        signs += _share(name, own, people, limits)
    return min(signs, key=lambda one: one[0])[1] if signs else None


def _signs(
    look: "_Look", own: list[Reading], others: list[Reading], limits: Limits
) -> Iterator[tuple[float, str, str]]:
    """(chance, sign, sentence) of everything about one reviewer that goes beyond the limits."""
    if (many := busiest_hour(own)) > limits.hourly:
        yield 0.0, "burst", f"{many} keputusan dalam satu jam, lebih banyak daripada yang dapat dibaca orang"
    if len(own) < limits.least:
        return
    yield from _against_people(own, others, limits)
    yield from _against_audits(own, others, limits)
    mine, theirs = look.compare(own, others)
    for part in _parts(mine, limits.least):
        yield from _against_model(part, theirs, limits)


def _parts(said: "list[_Said]", least: int) -> "list[list[_Said]]":
    """The whole batch, and its last part: what an account did since it fell into other hands."""
    tail = max(least, len(said) // 4)
    return [said, said[-tail:]] if len(said) >= 2 * least else [said]


def _against_model(
    mine: "list[_Said]", theirs: "list[_Said]", limits: Limits
) -> Iterator[tuple[float, str, str]]:
    """All clear contradictions together, and each direction (guessed → given) of its own."""
    rate, usual = _rate(mine, theirs, limits, None)
    if rate is not None:
        yield (
            rate,
            "contradiction",
            (
                f"{_clear(mine)} dari {len(mine)} keputusan jelas bertentangan dengan model yang tidak "
                f"mempelajarinya; peninjau lain {usual:.0%}"
            ),
        )
    for guessed in Kind:
        for given in Kind:
            if guessed == given:
                continue
            rate, usual = _rate(mine, theirs, limits, (guessed, given))
            if rate is not None:
                hits = sum(one.guessed == guessed and one.given == given for one in mine)
                of = sum(one.guessed == guessed for one in mine)
                yield (
                    rate,
                    "direction",
                    (
                        f"{hits} dari {of} yang tampak sebagai {_word(guessed)} diputuskan {_word(given)}; "
                        f"peninjau lain {usual:.0%}"
                    ),
                )


def _rate(
    mine: "list[_Said]", theirs: "list[_Said]", limits: Limits, cell: tuple[Kind, Kind] | None
) -> tuple[float | None, float]:
    """(chance of an honest reviewer, what is usual); the chance is None when it is within the limits."""
    hits, of = _counted(mine, cell)
    their_hits, their_of = _counted(theirs, cell)
    usual = (their_hits + limits.alone * 10) / (their_of + 10)
    least = limits.least if cell is None else limits.least // 3
    if of < least or hits / of < usual + limits.excess:
        return None, usual
    chance = tail(hits, of, usual)
    return (chance if chance < limits.chance else None), usual


def _counted(said: "list[_Said]", cell: tuple[Kind, Kind] | None) -> tuple[int, int]:
    if cell is None:
        return _clear(said), len(said)
    of = [one for one in said if one.guessed == cell[0]]
    return sum(one.given == cell[1] for one in of), len(of)


def _clear(said: "list[_Said]") -> int:
    return sum(one.clearly for one in said)


def _against_people(
    own: list[Reading], others: list[Reading], limits: Limits
) -> Iterator[tuple[float, str, str]]:
    """Posts that two people read: how often this one stood alone."""
    read, theirs = [one for one in own if one.other], [one for one in others if one.other]
    apart = sum(one.kind != one.other for one in read)
    usual = (sum(one.kind != one.other for one in theirs) + limits.alone * 10) / (len(theirs) + 10)
    if len(read) < limits.least // 4 or apart / len(read) < usual + limits.excess:
        return
    if (chance := tail(apart, len(read), usual)) < limits.chance:
        yield (
            chance,
            "people",
            f"{apart} dari {len(read)} diputuskan lain oleh orang kedua; biasanya {usual:.0%}",
        )


def _against_audits(
    own: list[Reading], others: list[Reading], limits: Limits
) -> Iterator[tuple[float, str, str]]:
    """The random sample is the same for everybody: so the share of complaints in it should be."""
    mine, theirs = [one for one in own if one.audit], [one for one in others if one.audit]
    if len(mine) < limits.least // 2 or len(theirs) < limits.least // 2:
        return
    for kind in (Kind.COMPLAINT, Kind.OTHER):
        hits = sum(one.kind == kind for one in mine)
        usual = (sum(one.kind == kind for one in theirs) + 1) / (len(theirs) + 2)
        chance = tail(hits, len(mine), usual)
        if hits / len(mine) >= usual + limits.excess and chance < limits.chance:
            yield (
                chance,
                "audit",
                (
                    f"{hits} dari {len(mine)} pada sampel acak diputuskan {_word(kind)}; peninjau lain {usual:.0%}"
                ),
            )


def _share(
    name: str, own: list[Reading], people: dict[str, list[Reading]], limits: Limits
) -> list[tuple[float, Suspicion]]:
    whole = sum(map(len, people.values()))
    if len(people) < 3 or whole < 3 * limits.least or len(own) <= limits.largest * whole:
        return []
    said = f"{len(own)} dari {whole} tinjauan baru berasal dari satu orang saja"
    return [(1.0, Suspicion(name, "share", said))]


def busiest_hour(readings: Sequence[Reading]) -> int:
    """The most decisions within any sixty minutes; ``readings`` in order of time."""
    most = first = 0
    for last, reading in enumerate(readings):
        while reading.at - readings[first].at >= timedelta(hours=1):
            first += 1
        most = max(most, last - first + 1)
    return most


def tail(hits: int, of: int, usual: float) -> float:
    """Chance of ``hits`` or more out of ``of`` where the rate is ``usual``, give or take (beta-binomial)."""
    a, b = _ALLOWANCE * usual, _ALLOWANCE * (1 - usual)
    whole = _log_beta(a, b)
    logs = (
        math.lgamma(of + 1)
        - math.lgamma(k + 1)
        - math.lgamma(of - k + 1)
        + _log_beta(a + k, b + of - k)
        - whole
        for k in range(hits, of + 1)
    )
    return min(1.0, sum(map(math.exp, logs)))


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _word(kind: Kind) -> str:
    return INDONESIAN[kind].replace("_", " ")


# --- what models that did not learn a batch say of it


@dataclass(frozen=True, slots=True)
class _Said:
    """One decision beside what a model guessed that had not seen it."""

    given: Kind
    guessed: Kind
    clearly: bool  #: the guess is another kind, and by far


class _Look:
    """Features of all texts, counted once; models are trained on choices of rows."""

    def __init__(self, trusted: Sequence[Example], batch: Sequence[Reading]) -> None:
        trusted = trusted[:: max(1, -(-len(trusted) // _TRUSTED))]
        texts = [normalise(text) for text in (*(one.text for one in trusted), *(one.text for one in batch))]
        self.rows = _features(texts)
        kinds = [*(one.kind for one in trusted), *(one.kind for one in batch)]
        self.kinds = np.asarray([kind.value for kind in kinds])
        self.base = np.arange(len(trusted))
        self.place = {id(one): len(trusted) + index for index, one in enumerate(batch)}

    def compare(self, own: list[Reading], others: list[Reading]) -> tuple[list[_Said], list[_Said]]:
        """What is said of ``own`` and of ``others`` by models that learned the base and the rest of the others."""
        mine = np.asarray([self.place[id(one)] for one in own])
        theirs = np.asarray([self.place[id(one)] for one in others], dtype=int)
        of_mine: list[Any] = []
        of_theirs: list[_Said] = []
        for fold in range(_FOLDS):
            learned = np.concatenate([self.base, theirs[np.arange(len(theirs)) % _FOLDS != fold]])
            held = theirs[np.arange(len(theirs)) % _FOLDS == fold]
            if len(set(self.kinds[learned])) < len(Kind):
                return [], []  # nothing to compare with: a kind that the base does not know
            model = LinearSVC(C=0.5, class_weight="balanced", random_state=0)
            model.fit(self.rows[learned], self.kinds[learned])
            of_mine.append(model.decision_function(self.rows[mine]))
            if len(held):
                of_theirs += self._said(held, model.decision_function(self.rows[held]), model.classes_)
        return self._said(mine, np.mean(of_mine, axis=0), model.classes_), of_theirs

    def _said(
        self, rows: NDArray[np.int_], distances: NDArray[np.float64], names: NDArray[np.str_]
    ) -> list[_Said]:
        place = {str(name): index for index, name in enumerate(names)}
        found = []
        for row, far in zip(rows, distances, strict=True):
            given, best = str(self.kinds[row]), int(far.argmax())
            apart = float(far[best] - far[place[given]])
            found.append(_Said(Kind(given), Kind(str(names[best])), apart >= _CLEARLY))
        return found


def _features(texts: list[str]) -> Any:
    """Sparse rows of words and of pieces of words."""
    plain = {"norm": None, "alternate_sign": False, "dtype": np.float32}
    words = HashingVectorizer(ngram_range=(1, 2), n_features=2**15, **plain)
    pieces = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 4), n_features=2**16, **plain)
    parts = [make_pipeline(one, TfidfTransformer(sublinear_tf=True)) for one in (words, pieces)]
    return make_union(*parts).fit_transform(texts).tocsr()
