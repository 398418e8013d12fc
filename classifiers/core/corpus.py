"""Labelled posts to learn from: the seed corpus, which was written for this project and holds no real person."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files

from classifiers.core.kinds import TOPICS, Kind, kind_of


@dataclass(frozen=True, slots=True)
class Example:
    text: str
    kind: Kind
    topic: str | None = None  #: one of TOPICS; None when the post has no civic topic or nobody said


def seed() -> list[Example]:
    """Every example of the shipped seed corpus."""
    folder = files("classifiers.seed")
    paths = sorted((p for p in folder.iterdir() if p.name.endswith(".jsonl")), key=lambda path: path.name)
    return [example for path in paths for example in read(path.read_text("utf-8").splitlines(), path.name)]


def read(lines: Iterable[str], name: str) -> Iterator[Example]:
    """Examples from JSON Lines with text, kind (or label) and topic. Raises ValueError naming file and line."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            topic = row.get("topic")
            if topic is not None and topic not in TOPICS:
                raise ValueError(f"topik '{topic}' tidak dikenal")
            yield Example(str(row["text"]), kind_of(row.get("kind") or row["label"]), topic)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"{name} baris {number}: {error}") from error
