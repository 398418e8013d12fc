"""Making the shipped model: fast and deep judge, how much each counts, thresholds, and their SHA-256.

What is written to classifiers/model/ is committed; `make setup` only checks it. The deep judge is taught anew only
where minutes are given for it, which needs the extra ``kentongan[train]``; else its files are used as they are.
"""

import hashlib
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np

from classifiers.core.corpus import Example, seed
from classifiers.core.deep import NAME, PIECES, DeepJudge, sha256
from classifiers.core.fast import Opinion
from classifiers.core.model import Model, save, stacked, train
from classifiers.training.corpora import mark, shared, unlabelled

FILE, SUMS = "kentongan.npz", "SHA256SUMS"


def ship(
    data: Path | None,
    folder: Path,
    version: str,
    minutes: float = 0,
    more: Sequence[Example] = (),
    say: Callable[[str], None] = print,
) -> Model:
    """Make the model of ``folder`` from the seed corpus, the real posts in ``data`` (None: without) and ``more``.

    minutes: for teaching the deep judge; 0: it is taken as it lies in ``folder``, or done without. Raises OSError and
    ValueError for unreadable corpora, ModelError for too few examples, ImportError without the extra.
    """
    real = shared(data) if data else []
    examples = [*seed(), *real, *more]
    aside = _aside()
    unseen = np.array([bool(example.source) and mark(example.text) in aside for example in examples])
    if minutes and data:
        from classifiers.training.teach import teach  # torch, which nothing else needs

        learned = [example for example, out in zip(examples, unseen, strict=True) if not out]
        held = [example for example, out in zip(examples, unseen, strict=True) if out]
        texts = [example.text for example in (*examples, *unlabelled(data))]
        teach(learned, held, texts, folder, minutes, say=say)
    model = train(examples, version)
    if sha256(folder) and unseen.sum() >= 100:
        rows = np.flatnonzero(unseen)
        quick = model.fast.held_out_
        seen = Opinion(quick.kinds[rows], quick.topics[rows], quick.urgent[rows])
        model = stacked(model, DeepJudge(folder), [examples[row] for row in rows], seen)
    save(model, folder / FILE)
    write_sums(folder)
    say(
        f"{version}: {len(examples)} contoh ({len(real)} dari data bersama), {_size(folder):.1f} MB di {folder}"
    )
    return model


def write_sums(folder: Path) -> None:
    """SHA256SUMS of the model's files, in the form of ``sha256sum``."""
    names = [name for name in (FILE, NAME, PIECES) if (folder / name).exists()]
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / SUMS).write_text("".join(lines), "utf-8")


def _aside() -> set[str]:
    lines = (files("classifiers.training") / "unseen.txt").read_text("utf-8").splitlines()
    return {line for line in lines if not line.startswith("#")}


def _size(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) / 1e6
