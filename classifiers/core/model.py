"""The model: a fast judge, perhaps a deep one beside it, and what was learned about trusting them.

Its file holds numbers and no text. The deep judge's weights lie beside it and are named by their SHA-256.
"""

import logging
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from classifiers.core.corpus import Example
from classifiers.core.deep import DeepJudge, sha256
from classifiers.core.fast import LEAST, FastJudge, Opinion, spread
from classifiers.core.kinds import TOPICS, Kind
from classifiers.core.store import pack, unpack

log = logging.getLogger(__name__)

_FORMAT = 2
_LEAST_CHANCE = 1e-6
#: Shares of complaints for which a threshold is kept; the configuration chooses one.
RECALLS = (0.80, 0.85, 0.90, 0.925, 0.95, 0.965, 0.98, 0.99)


class ModelError(Exception):
    """Model penilai tidak dapat dipakai."""


@dataclass(frozen=True, slots=True)
class Cut:
    """From which probability of a complaint a post must be seen, so that a share of complaints is."""

    recall: float  #: the share aimed at
    threshold: float  #: probability, 0 to 1
    load: float  #: share of all posts at or above the threshold, on held-out posts


@dataclass(frozen=True)
class Model:
    """A trained judge of kinds, topics and urgency."""

    version: str  #: "seed-20261124T080000" or the like; "" never
    fast: FastJudge
    #: How much each judge's word counts; None without a deep judge.
    stack: "Stack | None" = None
    deep: DeepJudge | None = None
    deep_sha256: str = ""  #: of the deep judge that ``stack`` was learned with; "" for none
    #: By collector ("mention", "keyword"): cuts in the order of RECALLS, from held-out posts.
    cuts: Mapping[str, tuple[Cut, ...]] = field(default_factory=dict)

    def opinion(self, texts: Sequence[str], via: Sequence[str] = (), *, deep: bool = True) -> Opinion:
        """What the judges think of ``texts`` together. via: collector of each text, "mention" where not given."""
        quick = self.fast.opinion(texts)
        if self.deep is None or self.stack is None or not deep or not texts:
            return quick
        try:
            return self.stack.join(quick, self.deep.opinion(texts), via)
        except Exception as error:  # noqa: BLE001  # a broken file, a missing library: the fast judge goes on alone
            log.error("Penilai dalam tidak dapat dipakai (%s): %s", type(error).__name__, error)
            return quick

    def kind_probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Shape (len(texts), 5), columns in the order of ``Kind``; rows add up to 1."""
        return self.opinion(texts).kinds

    def topic_probabilities(self, texts: Sequence[str]) -> tuple[list[str], NDArray[np.float64]]:
        """Names of the columns, and shape (len(texts), columns)."""
        return list(TOPICS), self.opinion(texts).topics

    def without_deep(self) -> "Model":
        return replace(self, deep=None)

    def cut(self, via: str, recall: float) -> Cut | None:
        """The cut for the smallest kept share that is not below ``recall``; None when nothing was measured."""
        kept = self.cuts.get(via) or self.cuts.get("mention") or ()
        return next((cut for cut in kept if cut.recall >= recall - 1e-9), kept[-1] if kept else None)


@dataclass(frozen=True, slots=True)
class Stack:
    """Two opinions as one, by logistic regressions learned on posts that neither judge had seen."""

    kinds: LogisticRegression
    topics: LogisticRegression

    def join(self, quick: Opinion, deep: Opinion, via: Sequence[str] = ()) -> Opinion:
        kinds = spread(self.kinds, self.evidence(quick, deep, via), len(Kind))
        pairs = _pairwise(quick.topics, deep.topics)
        votes = np.exp(self.topics.decision_function(pairs)).reshape(quick.topics.shape)
        topics = votes / votes.sum(axis=1, keepdims=True)
        urgent = 1 / (1 + np.exp(-(_odds(quick.urgent) + _odds(deep.urgent)) / 2))
        return Opinion(kinds, topics, urgent, quick.weighed)

    @staticmethod
    def evidence(quick: Opinion, deep: Opinion, via: Sequence[str] = ()) -> NDArray[np.float64]:
        """(n, 11): logarithms of both judges' probabilities, and whether the post is a keyword hit."""
        keyword = np.array([word == "keyword" for word in via] or [False] * len(quick.kinds), np.float64)
        return np.hstack([_log(quick.kinds), _log(deep.kinds), keyword[:, None]])


def train(examples: Sequence[Example], version: str, base: FastJudge | None = None) -> Model:
    """Learn from ``examples``, on top of ``base`` where one is given.

    Raises ModelError when a kind has fewer than five: calibration needs folds.
    """
    counts = {kind: sum(example.kind == kind for example in examples) for kind in Kind}
    if scarce := [kind.value for kind, count in counts.items() if count < LEAST]:
        raise ModelError(
            f"Contoh terlalu sedikit untuk jenis: {', '.join(scarce)} (perlu paling sedikit {LEAST})."
        )
    fast = FastJudge(base=base).fit(examples)
    return Model(version, fast, cuts=cuts(fast.held_out_.kinds, examples))


def stacked(model: Model, deep: DeepJudge, unseen: Sequence[Example], quick: Opinion) -> Model:
    """``model`` with a deep judge beside it.

    unseen: posts that the deep judge was not trained on; quick: the fast judge's opinion of them, by a fit that had
    not seen them either (``FastJudge.held_out_``).
    """
    found = deep.opinion([example.text for example in unseen])
    via = [example.via for example in unseen]
    kinds = np.array([list(Kind).index(example.kind) for example in unseen])
    weight = np.array([example.weight for example in unseen])
    kinds_judge = LogisticRegression(C=0.03, max_iter=1000).fit(
        Stack.evidence(quick, found, via), kinds, sample_weight=weight
    )
    told = np.array([example.topic is not None for example in unseen])
    wanted = np.array([[example.topic == topic for topic in TOPICS] for example in unseen])[told]
    topics_judge = LogisticRegression(C=1.0, max_iter=1000).fit(
        _pairwise(quick.topics[told], found.topics[told]), wanted.ravel()
    )
    stack = Stack(kinds_judge, topics_judge)
    joined = replace(model, stack=stack, deep=deep, deep_sha256=sha256(deep.folder))
    return replace(joined, cuts=cuts(stack.join(quick, found, via).kinds, unseen))


def cuts(kinds: NDArray[np.float64], examples: Sequence[Example]) -> dict[str, tuple[Cut, ...]]:
    """For each collector, from which probability on a share of complaints is seen, on posts not trained on."""
    complaint = np.array([example.kind == Kind.COMPLAINT for example in examples])
    chance = kinds[:, list(Kind).index(Kind.COMPLAINT)]
    found = {}
    for via in sorted({example.via for example in examples}):
        here = np.array([example.via == via for example in examples])
        if complaint[here].sum() >= 20:  # fewer say nothing of a share of one in twenty
            found[via] = tuple(_cut(chance[here], complaint[here], recall) for recall in RECALLS)
    return found


def _cut(chance: NDArray[np.float64], complaint: NDArray[np.bool_], recall: float) -> Cut:
    threshold = float(np.quantile(chance[complaint], 1 - recall, method="lower"))
    return Cut(recall, threshold, float((chance >= threshold).mean()))


def _log(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.log(np.maximum(chances, _LEAST_CHANCE))
    return found


def _odds(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    held = np.clip(chances, _LEAST_CHANCE, 1 - _LEAST_CHANCE)
    found: NDArray[np.float64] = np.log(held / (1 - held))
    return found


def _pairwise(quick: NDArray[np.float64], deep: NDArray[np.float64]) -> NDArray[np.float64]:
    """One row a (post, topic): what each judge gives it."""
    return np.stack([_log(quick).ravel(), _log(deep).ravel()], axis=1)


def save(model: Model, path: Path) -> None:
    """Write the model to ``path``, whole or not at all. The deep judge's own files are not touched."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    fast = model.fast
    content = {
        "format": _FORMAT,
        "version": model.version,
        # Half precision: the judge's rounding is far below what a word more or less does.
        "weights": fast.weights_.astype(np.float16),
        "bias": fast.bias_,
        "idf": fast.idf_.astype(np.float16),
        "pair_idf": fast.pair_idf_.astype(np.float16),
        "calibrators": [fast.kinds_, fast.topics_, fast.urgency_],
        "stack": [model.stack.kinds, model.stack.topics] if model.stack else [],
        "deep_sha256": model.deep_sha256,
        "cuts": {via: [[c.recall, c.threshold, c.load] for c in kept] for via, kept in model.cuts.items()},
    }
    draft.write_bytes(_dumps(content, path))
    draft.replace(path)


def load(path: Path) -> Model:
    """Read a model, and the deep judge beside it when it is the one that the model was stacked with.

    Raises ModelError with a sentence when the file is missing, broken or of another kind.
    """
    if not path.exists():
        raise ModelError(f"Belum ada model di {path}; jalankan `kentongan train`.")
    try:
        content = _loads(path)
        if content["format"] != _FORMAT:
            raise ModelError(
                f"Model {path} berformat {content['format']}; latih ulang dengan `kentongan train`."
            )
        return _model(content, path.parent)
    except ModelError:
        raise
    except Exception as error:  # whatever a broken file causes, the judge goes on without it
        raise ModelError(f"Model {path} tidak dapat dibaca ({type(error).__name__}): {error}") from error


def _dumps(content: dict[str, Any], path: Path) -> bytes:
    """In the form that the name asks for: ".skops", or ours, which a command opens a second faster (store.py).

    skops imports every class of scikit-learn; the shipped model, opened by every `kentongan classify`, does without.
    """
    if path.suffix != ".skops":
        return pack(content)
    import skops.io

    packed: bytes = skops.io.dumps(content, compression=zipfile.ZIP_DEFLATED, compresslevel=6)
    return packed


def _loads(path: Path) -> Any:
    if path.suffix != ".skops":
        return unpack(path.read_bytes())
    import skops.io

    return skops.io.loads(path.read_bytes(), trusted=[])


def _model(content: dict[str, Any], folder: Path) -> Model:
    fast = FastJudge()
    fast.weights_ = content["weights"].astype(np.float32)
    fast.bias_ = content["bias"]
    fast.idf_ = content["idf"].astype(np.float32)
    fast.pair_idf_ = content["pair_idf"].astype(np.float32)
    fast.kinds_, fast.topics_, fast.urgency_ = content["calibrators"]
    stack = Stack(*content["stack"]) if content["stack"] else None
    cuts_ = {via: tuple(Cut(*map(float, row)) for row in kept) for via, kept in content["cuts"].items()}
    wanted = str(content["deep_sha256"])
    return Model(str(content["version"]), fast, stack, _deep(folder, wanted), wanted, cuts_)


def _deep(folder: Path, wanted: str) -> DeepJudge | None:
    """The deep judge of SHA-256 ``wanted`` beside the model, or the shipped one; None when neither is it."""
    if not wanted:
        return None
    for place in (folder, Path(__file__).parent.parent / "model"):
        if sha256(place) == wanted:
            return DeepJudge(place)
    log.error("Penilai dalam tidak ada atau bukan yang semestinya; penilai cepat bekerja sendiri.")
    return None
