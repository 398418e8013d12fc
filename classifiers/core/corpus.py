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
    urgent: bool | None = None  #: danger to life or property now; None when nobody said
    #: How it was found: "mention" (speaks to the city) or "keyword" (a search hit); their shares of kinds differ.
    via: str = "mention"
    #: How much it counts; less than 1 where another careful reader could have decided otherwise.
    weight: float = 1.0
    source: str = ""  #: the corpus it comes from; "" for the seed corpus


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
            yield _example(json.loads(line), name)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"{name} baris {number}: {error}") from error


def _example(row: dict[str, object], name: str) -> Example:
    topic = row.get("topic")
    if topic is not None and topic not in TOPICS:
        raise ValueError(f"topik '{topic}' tidak dikenal")
    urgent = row.get("urgent")
    return Example(
        str(row["text"]),
        kind_of(str(row.get("kind") or row["label"])),
        None if topic is None else str(topic),
        None if urgent is None else bool(urgent),
        "keyword" if row.get("via") == "keyword" or row.get("set") in KEYWORD_SETS else "mention",
        _HARD if row.get("hard") else 1.0,
        str(row.get("set") or ""),
    )


#: Corpora whose posts were found by words and not because they speak to a city.
KEYWORD_SETS = {"citizen_keyword_x_2025", "banjir_tweets"}
#: A post on which a second careful reader could differ counts less.
_HARD = 0.8
