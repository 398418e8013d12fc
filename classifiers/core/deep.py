"""The deep judge: a small transformer, run by onnxruntime. Without its file, or without onnxruntime, nothing breaks.

Its weights began as multilingual-e5-small (MIT licence) and were taught by classifiers/training/; see
docs/model-card.md. Its tokenizer is that model's, cut down to the pieces that Indonesian posts use.
"""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from classifiers.core.fast import Opinion

NAME, PIECES = "deep.onnx", "deep.pieces"
#: Pieces of a post that are read; the rest is cut. Nine posts in ten of the training corpora have 81 or fewer.
LONGEST = 96
#: Tokens in one go, padding included: small batches of posts of like length waste least.
_AT_ONCE = 1024
_PAD = 1
_START = "query: "  # as its base model was taught to expect

_LINK = re.compile(r"https?:\S*|www\.\S+|<URL>", re.I)
_RETWEET = re.compile(r"^\s*RT\s+@\w+:?\s*", re.I)
_HANDLE = re.compile(r"@[\w.]*\w")
_OFFICIAL = re.compile(
    r"pem|kota|kab|humas|din|dis|pol|rsud|pln|pdam|tirta|bpjs|kai|wali|gub|bekasi|bks|info|bpbd|damkar|kec_|kel_|"
    r"camat|lurah|lapor|ppid|jasamarga|telkom|commuter|transj|jkt|dki|bdg|bandung|sby|surabaya|smg|semarang|radio|"
    r"fm\b|tv\b|news|kemen|bmkg",
    re.I,
)
#: Handles of heads of government at the time of the training posts: which one is meant does not matter.
_HEADS = {
    *(
        "ridwankamil",
        "odedmd",
        "yossiirianto",
        "jokowi",
        "prabowo",
        "aniesbaswedan",
        "basuki_btp",
        "tri_adhianto",
    ),
    *("mastriadhianto", "erickthohir", "tririsma", "dedimulyadi71", "hendrarprihadi", "ganjarpranowo"),
    *("prabowosubianto", "gibran_tweet", "pramonoanung"),
}
_MASK = re.compile(r"<(?:NOMOR|TELP|EMAIL|NIK|PLAT|KARTU)>", re.I)
_LONG = re.compile(r"([^\W\d])\1{2,}")
_MARKS = re.compile(r"([!?.,])\1{2,}")


def written(text: str) -> str:
    """``text`` as the deep judge reads it: links, masks and private handles as words, no stretched letters."""
    text = unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode("utf-8")).replace("’", "'")
    text = _MASK.sub(" nomor ", _LINK.sub(" tautan ", _RETWEET.sub("RT ", text)))
    text = _MARKS.sub(r"\1\1", _LONG.sub(r"\1\1", _HANDLE.sub(_handle, text)))
    return " ".join(text.split())


def _handle(hit: re.Match[str]) -> str:
    name = hit[0][1:].lower()
    if name in _HEADS:
        return "@walikota"
    return hit[0] if _OFFICIAL.search(name) else "@user"


class DeepJudge(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Reads ``folder``/deep.onnx and deep.pieces when first asked. threads: of one process."""

    def __init__(self, folder: Path, threads: int = 2) -> None:
        self.folder = folder
        self.threads = threads

    def opinion(self, texts: Sequence[str]) -> Opinion:
        """What this judge thinks of ``texts``. Raises OSError or onnxruntime's errors when its files are broken."""
        rows = self._ids(texts)
        outputs = [np.zeros((len(rows), width), np.float32) for width in self._widths]
        for part in _parts([len(row) for row in rows]):
            length = max(len(rows[index]) for index in part)
            ids = np.full((len(part), length), _PAD, np.int64)
            present = np.zeros((len(part), length), bool)
            for at, index in enumerate(part):
                ids[at, : len(rows[index])] = rows[index]
                present[at, : len(rows[index])] = True
            found = self._session.run(None, {"ids": ids, "present": present})
            for output, values in zip(outputs, found, strict=True):
                output[part] = values
        kinds, topics, urgent = outputs
        return Opinion(softmax(kinds), softmax(topics), 1 / (1 + np.exp(-urgent[:, 0].astype(np.float64))))

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities of the five kinds, (len(texts), 5)."""
        return self.opinion(texts).kinds

    @cached_property
    def _session(self) -> Any:
        import onnxruntime  # only where a deep judge is used: half of the memory of judging is this library

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Matrices stay in 8 bits and are scaled up at each call: a third of the memory, at the same speed. Packing
        # them beforehand would only be undone.
        options.add_session_config_entry("session.disable_prepacking", "1")
        return onnxruntime.InferenceSession(
            str(self.folder / NAME), options, providers=["CPUExecutionProvider"]
        )

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of the pieces of each text, with a sign at both ends, cut to ``LONGEST``."""
        read = [_START + written(text) for text in texts]
        rows: list[list[int]] = self._pieces.encode(read, add_bos=True, add_eos=True)
        return [row if len(row) <= LONGEST else [*row[: LONGEST - 1], row[-1]] for row in rows]

    @cached_property
    def _pieces(self) -> Any:
        from sentencepiece import SentencePieceProcessor

        return SentencePieceProcessor(model_file=str(self.folder / PIECES))

    @property
    def _widths(self) -> list[int]:
        return [int(output.shape[1]) for output in self._session.get_outputs()]


def softmax(scores: NDArray[Any]) -> NDArray[np.float64]:
    """Rows of scores as probabilities."""
    raised = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True)) if len(scores) else scores
    found: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return found


def sha256(folder: Path) -> str:
    """Of the deep judge's two files together; "" when one is missing."""
    sums = hashlib.sha256()
    for name in (NAME, PIECES):
        path = folder / name
        if not path.exists():
            return ""
        sums.update(path.read_bytes())
    return sums.hexdigest()


def _parts(lengths: list[int]) -> list[list[int]]:
    """Indexes of posts of like length, as many in a part as fit into ``_AT_ONCE`` tokens."""
    parts: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if parts and (len(parts[-1]) + 1) * lengths[index] <= _AT_ONCE:
            parts[-1].append(index)
        else:
            parts.append([index])
    return parts
