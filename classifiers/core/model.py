"""The model: hashed features, linear weights, calibrated probabilities. Its file holds numbers and no text."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import skops.io
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from classifiers.core.corpus import Example
from classifiers.core.kinds import Kind
from classifiers.core.text import normalise

#: Label of posts without a civic topic.
NO_TOPIC = "-"
_FORMAT = 1
#: What a model file may contain; skops refuses to load anything else.
_TRUSTED = [
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._TemperatureScaling",
]


class ModelError(Exception):
    """Model penilai tidak dapat dipakai."""


@dataclass(frozen=True, slots=True)
class Model:
    """A trained judge of kinds and topics."""

    version: str  #: "seed-2026-11-24T08:00" or the like; "" never
    kinds: Any  #: pipeline with predict_proba over normalised texts, classes_ are Kind values
    topics: Any  #: the same over topics

    def kind_probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Shape (len(texts), 5), columns in the order of ``Kind``; rows add up to 1."""
        order = [list(self.kinds.classes_).index(kind.value) for kind in Kind]
        found: NDArray[np.float64] = self.kinds.predict_proba([normalise(text) for text in texts])[:, order]
        return found

    def topic_probabilities(self, texts: Sequence[str]) -> tuple[list[str], NDArray[np.float64]]:
        """Names of the columns, and shape (len(texts), columns)."""
        found: NDArray[np.float64] = self.topics.predict_proba([normalise(text) for text in texts])
        return [str(name) for name in self.topics.classes_], found


def train(examples: Sequence[Example], version: str) -> Model:
    """Learn from ``examples``. Raises ModelError when a kind has fewer than five (calibration needs folds)."""
    # Folds need several of each; five is what calibration asks for.
    counts = {kind: sum(example.kind == kind for example in examples) for kind in Kind}
    if scarce := [kind.value for kind, count in counts.items() if count < 5]:
        raise ModelError(f"Contoh terlalu sedikit untuk jenis: {', '.join(scarce)} (perlu paling sedikit 5).")
    texts = [normalise(example.text) for example in examples]
    kinds = make_pipeline(_features(), _calibrated())
    kinds.fit(texts, [example.kind.value for example in examples])
    topics = make_pipeline(_features(), _calibrated())
    topics.fit(texts, [example.topic or NO_TOPIC for example in examples])
    return Model(version, kinds, topics)


def _features() -> Any:
    """Words and pairs of words beside pieces of words: slang and typing errors share pieces."""
    plain = {"norm": None, "alternate_sign": False, "dtype": np.float32}
    words = HashingVectorizer(ngram_range=(1, 2), n_features=2**16, **plain)
    pieces = HashingVectorizer(analyzer="char_wb", ngram_range=(2, 5), n_features=2**17, **plain)
    return make_union(
        make_pipeline(words, TfidfTransformer(sublinear_tf=True)),
        make_pipeline(pieces, TfidfTransformer(sublinear_tf=True)),
    )


def _calibrated() -> Any:
    """A linear judge whose probabilities come from posts that it was not trained on (five folds)."""
    linear = LinearSVC(C=0.5, class_weight="balanced")
    return CalibratedClassifierCV(linear, method="temperature", cv=5, ensemble=False)


def save(model: Model, path: Path) -> None:
    """Write the model to ``path``, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    content = {"format": _FORMAT, "version": model.version, "kinds": model.kinds, "topics": model.topics}
    draft.write_bytes(skops.io.dumps(content, compression=zipfile.ZIP_DEFLATED, compresslevel=6))
    draft.replace(path)


def load(path: Path) -> Model:
    """Read a model. Raises ModelError with a sentence when the file is missing, broken or of another kind."""
    if not path.exists():
        raise ModelError(f"Belum ada model di {path}; jalankan `kentongan train`.")
    try:
        content = skops.io.loads(path.read_bytes(), trusted=_TRUSTED)
        if content["format"] != _FORMAT:
            raise ModelError(
                f"Model {path} berformat {content['format']}; latih ulang dengan `kentongan train`."
            )
        return Model(str(content["version"]), content["kinds"], content["topics"])
    except ModelError:
        raise
    except Exception as error:  # whatever a broken file causes, the judge goes on without it
        raise ModelError(f"Model {path} tidak dapat dibaca ({type(error).__name__}): {error}") from error
