"""What the judging bench judges and learns from: real posts of KENTONGAN_SHARED, else the seed corpus."""

import random
from collections.abc import Sequence
from pathlib import Path

from classifiers.core.corpus import Example, read, seed
from classifiers.core.split import groups
from tests.worlds import shared
from tests.worlds import texts as corpus_texts

_VARIED = ("", "min, ", "Halo admin. ", "RT @warga: ", "Tolong dong ", "info ya: ")


def real() -> Path | None:
    """The folder of real posts; None when there is none."""
    try:
        return shared() / "data"
    except FileNotFoundError:
        return None


def split(count: int) -> tuple[list[Example], list[Example]]:
    """At most ``count`` posts to learn from, and others to test on; no near-duplicate stands in both."""
    folder = real()
    if folder is None:
        examples = seed()
        where = groups([one.text for one in examples])
        tested = [one for one, group in zip(examples, where, strict=True) if group % 5 == 0]
        return _some([one for one, g in zip(examples, where, strict=True) if g % 5], count), tested
    learned, tested = (
        list(read((folder / name).read_text("utf-8").splitlines(), name))
        for name in ("labelled.jsonl", "dev_gold.jsonl")
    )
    where = groups([one.text for one in [*tested, *learned]])
    known = set(where[: len(tested)].tolist())
    kept = [
        one for one, group in zip(learned, where[len(tested) :].tolist(), strict=True) if group not in known
    ]
    return _some(kept, count), tested


def texts(count: int) -> list[str]:
    """``count`` different posts in a fixed random order."""
    if real() is not None:
        found = corpus_texts()
        random.Random(1).shuffle(found)
        return found[:count]
    plain = [one.text for one in seed()]
    random.Random(1).shuffle(plain)
    varied = (f"{_VARIED[turn % len(_VARIED)]}{text} {turn or ''}" for turn in range(count) for text in plain)
    return [text for text, _ in zip(varied, range(count), strict=False)]


def _some(examples: Sequence[Example], count: int) -> list[Example]:
    if len(examples) <= count:
        return list(examples)
    return random.Random(1).sample(list(examples), count)
