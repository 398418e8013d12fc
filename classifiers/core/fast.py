"""The fast judge: hashed features and linear weights for kinds, topics and urgency at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.svm import LinearSVC

from classifiers.core.corpus import Example
from classifiers.core.features import Floats, Scorer, TokenFeatures, Weighed
from classifiers.core.kinds import TOPICS, Kind
from classifiers.core.split import groups

#: Topic of posts without a civic topic.
NO_TOPIC = "lain"
_KINDS = [kind.value for kind in Kind]
#: Columns of the weights: five kinds, the topics, urgency.
_TOPIC_COLUMNS = slice(len(_KINDS), len(_KINDS) + len(TOPICS))
_FOLDS = 3
#: How large the scores of a base judge are beside the features; the larger, the less it costs to trust them.
_BASE = 2.0
#: Fewer new posts than this teach no probabilities.
_HONEST = 50
#: Fewer examples of a kind than this cannot be spread over folds.
LEAST = 5


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a judge thinks of n posts. Rows of kinds and topics add up to 1."""

    kinds: NDArray[np.float64]  #: (n, 5), columns in the order of ``Kind``
    topics: NDArray[np.float64]  #: (n, len(TOPICS)), columns in the order of ``TOPICS``
    urgent: NDArray[np.float64]  #: (n,), probability of danger to life or property now
    weighed: Weighed | None = None  #: what each token brought; None where a judge cannot say


class FastJudge(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Linear judges over ``TokenFeatures``: scores of support vector machines, made probabilities on held-out folds.

    base: a judge to build on. Its scores are then five more features, so that few examples correct it where they must
    and leave the rest as it was; being linear in the same features, they end in one matrix of weights.

    After fit: ``weights_`` (features, 24) float32, ``bias_`` (24,), ``idf_``, ``pair_idf_``, and the calibrators
    ``kinds_``, ``topics_``, ``urgency_``. ``held_out_`` is the Opinion on the training posts, each by a judge that
    had not seen it or a near-duplicate; not kept in a model file.
    """

    def __init__(self, c: float = 0.3, base: "FastJudge | None" = None) -> None:
        self.c = c
        self.base = base

    def fit(self, examples: Sequence[Example], y: Any = None) -> Self:
        texts = [example.text for example in examples]
        features = self._features(texts)
        matrix = features.transform(texts)
        targets = _targets(examples)
        self.idf_, self.pair_idf_ = features.idf_, features.pair_idf_
        self.weights_, self.bias_ = self._linear(matrix, targets)
        scores = np.zeros((len(texts), self.weights_.shape[1]), np.float32)
        fold = GroupKFold(_FOLDS)
        for seen, unseen in fold.split(texts, groups=groups(texts)):
            weights, bias = self._linear(matrix[seen], targets.only(seen))
            scores[unseen] = matrix[unseen] @ weights + bias
        honest = self._honest(examples)
        self.kinds_ = _calibrator(
            scores[honest, : len(_KINDS)], targets.kinds[honest], targets.weight[honest]
        )
        self.topics_ = _calibrator(
            scores[honest, _TOPIC_COLUMNS], targets.topics[honest], targets.weight[honest]
        )
        known = honest & (targets.urgent >= 0)
        if len(set(targets.urgent[known])) < 2:
            known = targets.urgent >= 0
        self.urgency_ = _calibrator(scores[known, -1:], targets.urgent[known], targets.weight[known])
        self.held_out_ = self._opinion(scores, None)
        return self

    def _honest(self, examples: Sequence[Example]) -> NDArray[np.bool_]:
        """Posts from which probabilities may be learned: with a base, not the seed corpus, which it knows."""
        new = np.array([bool(example.source) for example in examples])
        kinds = {example.kind for example, fresh in zip(examples, new, strict=True) if fresh}
        return (
            new if self.base is not None and new.sum() >= _HONEST and len(kinds) == len(Kind) else ~new | new
        )

    def _features(self, texts: Sequence[str]) -> TokenFeatures:
        if self.base is None:
            return TokenFeatures().fit(texts)
        features = TokenFeatures()
        features.idf_, features.pair_idf_ = self.base.idf_, self.base.pair_idf_
        return features

    def _linear(self, matrix: Any, targets: "_Targets") -> tuple[Floats, Floats]:
        """Weights (features, columns) and bias (columns,)."""
        if self.base is None:
            return self._plain(matrix, targets)
        known = matrix @ self.base.weights_ + self.base.bias_
        joined = sparse.hstack([matrix, sparse.csr_matrix(known * _BASE)]).tocsr()
        weights, bias = self._plain(joined, targets)
        own, trust = weights[: matrix.shape[1]], weights[matrix.shape[1] :] * _BASE
        return own + self.base.weights_ @ trust, bias + self.base.bias_ @ trust

    def _plain(self, matrix: Any, targets: "_Targets") -> tuple[Floats, Floats]:
        width = len(_KINDS) + len(TOPICS) + 1
        weights = np.zeros((matrix.shape[1], width), np.float32)
        bias = np.full(width, -1.0, np.float32)
        kinds = LinearSVC(C=self.c, class_weight="balanced").fit(matrix, targets.kinds, targets.weight)
        _place(kinds, range(len(_KINDS)), weights, bias)
        topics = LinearSVC(C=self.c).fit(matrix, targets.topics, targets.weight)
        _place(topics, range(len(_KINDS), width - 1), weights, bias)
        known = targets.urgent >= 0
        if len(set(targets.urgent[known])) > 1:
            urgent = LinearSVC(C=self.c, class_weight="balanced")
            urgent.fit(matrix[known], targets.urgent[known], targets.weight[known])
            weights[:, -1], bias[-1] = urgent.coef_[0], urgent.intercept_[0]
        return weights, bias

    def opinion(self, texts: Sequence[str]) -> Opinion:
        """What this judge thinks of ``texts``, and what each token brought to it."""
        weighed = self._scorer().weigh(texts)
        return self._opinion(weighed.scores, weighed)

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities of the five kinds, (len(texts), 5)."""
        return self.opinion(texts).kinds

    def _scorer(self) -> Scorer:
        if not hasattr(self, "scorer_"):
            self.scorer_ = Scorer(self.idf_, self.pair_idf_, self.weights_, self.bias_)
        return self.scorer_

    def _opinion(self, scores: Floats, weighed: Weighed | None) -> Opinion:
        return Opinion(
            spread(self.kinds_, scores[:, : len(_KINDS)], len(_KINDS)),
            spread(self.topics_, scores[:, _TOPIC_COLUMNS], len(TOPICS)),
            spread(self.urgency_, scores[:, -1:], 2)[:, 1],
            weighed,
        )


@dataclass(frozen=True, slots=True)
class _Targets:
    kinds: NDArray[np.int64]
    topics: NDArray[np.int64]
    urgent: NDArray[np.int64]  #: -1 where nobody said
    weight: NDArray[np.float64]

    def only(self, rows: NDArray[np.int64]) -> "_Targets":
        return _Targets(self.kinds[rows], self.topics[rows], self.urgent[rows], self.weight[rows])


def _targets(examples: Sequence[Example]) -> _Targets:
    return _Targets(
        np.array([_KINDS.index(example.kind.value) for example in examples]),
        np.array([TOPICS.index(example.topic or NO_TOPIC) for example in examples]),
        np.array([-1 if example.urgent is None else int(example.urgent) for example in examples]),
        np.array([example.weight for example in examples]),
    )


def _place(fitted: LinearSVC, columns: range, weights: Floats, bias: Floats) -> None:
    """Put the weights of each class into its column; with two classes there is one row, for the second."""
    rows, offsets, classes = fitted.coef_, fitted.intercept_, list(fitted.classes_)
    if len(classes) == 2:
        rows, offsets = np.vstack([-rows, rows]), np.concatenate([-offsets, offsets])
    for row, offset, number in zip(rows, offsets, classes, strict=True):
        weights[:, columns[number]] = row
        bias[columns[number]] = offset


def _calibrator(scores: Floats, truth: NDArray[np.int64], weight: NDArray[np.float64]) -> LogisticRegression:
    """Scores to probabilities, learned on posts that the scorer had not seen."""
    if not len(truth):  # nobody said anything: never
        scores, truth, weight = np.zeros((1, scores.shape[1]), np.float32), np.zeros(1, np.int64), np.ones(1)
    if len(set(truth)) < 2:  # nothing to tell apart: always that one
        scores, truth = np.vstack([scores, scores[:1]]), np.append(truth, 1 - truth[0])
        weight = np.append(weight, 1e-6)
    return LogisticRegression(C=10.0, max_iter=500).fit(scores, truth, sample_weight=weight)


def spread(calibrator: LogisticRegression, scores: NDArray[Any], width: int) -> NDArray[np.float64]:
    """Probabilities with a column for every class, also for those that the calibrator never met."""
    found = np.zeros((len(scores), width))
    if len(scores):
        found[:, calibrator.classes_] = calibrator.predict_proba(scores)
    return found
