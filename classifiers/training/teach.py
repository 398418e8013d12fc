"""Teaching the deep judge, and writing it down for onnxruntime in 8 bits. Needs the extra ``kentongan[train]``."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional

from classifiers.core.corpus import Example
from classifiers.core.deep import LONGEST, NAME, PIECES, written
from classifiers.core.fast import NO_TOPIC
from classifiers.core.kinds import TOPICS, Kind
from classifiers.training.encoder import Encoder, base, cut_tokenizer
from classifiers.training.pieces import write_pieces
from classifiers.training.shrink import shrink

_RATE = 8e-5
#: Pieces in one step, padding included.
_AT_ONCE = 1500
#: Layers that keep their first weights; the lowest know letters and words, and training them costs most.
_FROZEN = 2
_KINDS = [kind.value for kind in Kind]


class Reader(nn.Module):
    """An encoder with a head each for kinds, topics and urgency, over the mean of a post's vectors."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        size = encoder.word.weight.shape[1]
        self.enc, self.drop = encoder, nn.Dropout(0.1)
        self.kind, self.topic, self.urg = (nn.Linear(size, n) for n in (len(Kind), len(TOPICS), 1))

    def forward(self, ids: Any, present: Any) -> tuple[Any, Any, Any]:
        vectors = self.enc(ids, present)
        there = present[..., None].to(vectors.dtype)
        mean = self.drop((vectors * there).sum(1) / there.sum(1))
        return self.kind(mean), self.topic(mean), self.urg(mean)


def teach(
    examples: Sequence[Example],
    unseen: Sequence[Example],
    texts: Sequence[str],
    folder: Path,
    minutes: float,
    epochs: float = 3.3,
    say: Callable[[str], None] = print,
) -> None:
    """Teach on ``examples`` for at most ``minutes`` and ``epochs``; write deep.onnx and deep.pieces to ``folder``.

    unseen: never learned from, only looked at; texts: what the tokenizer must be able to write.
    """
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    folder.mkdir(parents=True, exist_ok=True)
    spec = folder / "tokenizer.json"
    kept = cut_tokenizer([written(text) for text in texts], spec)
    reader = Reader(base(kept))
    rows, held = _rows(examples, spec), _rows(unseen, spec)
    _learn(reader, rows, examples, rng, minutes * 60, epochs, lambda: say(_look(reader, held, unseen)), say)
    say(_look(reader, held, unseen))
    write_pieces(spec, folder / PIECES)
    export(reader, folder)
    spec.unlink()


def _learn(
    reader: Reader,
    rows: list[list[int]],
    examples: Sequence[Example],
    rng: np.random.Generator,
    seconds: float,
    epochs: float,
    look: Callable[[], None],
    say: Callable[[str], None],
) -> None:
    kinds = np.array([_KINDS.index(example.kind.value) for example in examples])
    topics = np.array([TOPICS.index(example.topic or NO_TOPIC) for example in examples])
    urgent = np.array([float(bool(example.urgent)) for example in examples], np.float32)
    weight = np.array([example.weight for example in examples], np.float32)
    counts = np.maximum(np.bincount(kinds, minlength=len(_KINDS)), 1)
    rare = torch.tensor((len(kinds) / (len(_KINDS) * counts)) ** 0.4, dtype=torch.float32)
    groups, words = _groups(reader)
    steps, seen, began, looked = 0, 0, time.monotonic(), 0.3
    while True:
        for part in _parts(rows, rng):
            done = max((time.monotonic() - began) / seconds, seen / (epochs * len(rows)))
            if done >= 1:
                return
            if done > looked:
                looked += 0.2
                look()
            rate = _RATE * min(1, (steps + 1) / 200) * max(0.01, 1 - done)
            for group in groups.param_groups:
                group["lr"] = rate * group["scale"]
            words.param_groups[0]["lr"] = rate / 2
            reader.train()
            kind, topic, danger = reader(*_batch([rows[index] for index in part]))
            told = functional.cross_entropy(
                kind, torch.tensor(kinds[part]), weight=rare, label_smoothing=0.05, reduction="none"
            )
            loss = (told * torch.tensor(weight[part])).mean()
            loss = loss + 0.3 * functional.cross_entropy(
                topic, torch.tensor(topics[part]), label_smoothing=0.05
            )
            loss = loss + 0.1 * functional.binary_cross_entropy_with_logits(
                danger[:, 0], torch.tensor(urgent[part]), pos_weight=torch.tensor(8.0)
            )
            for optimizer in (groups, words):
                optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_([p for group in groups.param_groups for p in group["params"]], 1.0)
            for optimizer in (groups, words):
                optimizer.step()
            steps, seen = steps + 1, seen + len(part)
            if steps % 200 == 0:
                say(f"{seen} posts, loss {loss.item():.3f}, {seen / (time.monotonic() - began):.0f} posts/s")


def _groups(reader: Reader) -> tuple[Any, Any]:
    """Optimizers: for the layers, slower towards the bottom; for the pieces, which few posts touch at a time."""
    reader.enc.word.sparse = True
    layers = len(reader.enc.layers)
    groups = []
    for name, values in reader.named_parameters():
        place = int(name.split(".")[2]) if name.startswith("enc.layers") else None
        if name == "enc.word.weight":
            continue
        if name == "enc.pos.weight" or (place is not None and place < _FROZEN):
            values.requires_grad = False
            continue
        scale = 5.0 if not name.startswith("enc") else 0.9 ** (layers - (0 if place is None else place + 1))
        plain = name.endswith("bias") or "ln" in name
        groups.append({"params": [values], "weight_decay": 0.0 if plain else 0.01, "scale": scale})
    return torch.optim.AdamW(groups, lr=_RATE), torch.optim.SparseAdam([reader.enc.word.weight], lr=_RATE)


def _rows(examples: Sequence[Example], spec: Path) -> list[list[int]]:
    tokenizer = Tokenizer.from_file(str(spec))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST)
    return [
        row.ids for row in tokenizer.encode_batch([f"query: {written(example.text)}" for example in examples])
    ]


def _parts(rows: list[list[int]], rng: np.random.Generator) -> list[list[int]]:
    """Indexes of all rows once, of like length together, in chance order."""
    parts: list[list[int]] = []
    order = rng.permutation(len(rows)).tolist()
    for start in range(0, len(order), 2000):
        part: list[int] = []
        for index in sorted(order[start : start + 2000], key=lambda i: len(rows[i])):
            if part and ((len(part) + 1) * len(rows[index]) > _AT_ONCE or len(part) >= 64):
                parts.append(part)
                part = []
            part.append(index)
        parts.append(part)
    return [parts[i] for i in rng.permutation(len(parts))]


def _batch(rows: list[list[int]]) -> tuple[Any, Any]:
    length = max(map(len, rows))
    ids, present = torch.full((len(rows), length), 1), torch.zeros(len(rows), length, dtype=torch.bool)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = torch.tensor(row)
        present[at, : len(row)] = True
    return ids, present


def _look(reader: Reader, rows: list[list[int]], unseen: Sequence[Example]) -> str:
    """How well unseen posts are judged, as a line."""
    truth = np.array([_KINDS.index(example.kind.value) for example in unseen])
    found = _guess(reader, rows)
    five = f1_score(truth, found, average="macro")
    complaint = f1_score(truth == 0, found == 0, average="macro")
    return f"unseen: five kinds {five:.3f}, complaint against the rest {complaint:.3f}"


def _guess(reader: Reader, rows: list[list[int]]) -> NDArray[np.int64]:
    reader.eval()
    found = np.zeros(len(rows), np.int64)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    with torch.no_grad():
        for start in range(0, len(order), 48):
            part = order[start : start + 48]
            found[part] = reader(*_batch([rows[i] for i in part]))[0].argmax(1).numpy()
    return found


def export(reader: Reader, folder: Path) -> None:
    """Write ``reader`` to ``folder``/deep.onnx, its matrices in 8 bits."""
    reader.eval()
    reader.enc.word.sparse = False
    whole, path = folder / "whole.onnx", folder / NAME
    example = _batch([[0, 5, 6, 2], [0, 7, 2]])
    free = {0: "posts", 1: "length"}
    torch.onnx.export(
        reader,
        example,
        str(whole),
        input_names=["ids", "present"],
        output_names=["kinds", "topics", "urgent"],
        dynamic_axes={"ids": free, "present": free},
        opset_version=17,
        dynamo=False,
    )
    shrink(whole, path)
    whole.unlink()
