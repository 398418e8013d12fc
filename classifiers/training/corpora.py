"""Real posts to learn from: a folder of labelled and unlabelled corpora (KENTONGAN_SHARED/data), never shipped.

Beside the labels in that folder, ``readings.tsv`` here holds the labels of 11,990 further posts of its corpora, each
read once for this project. It names a post by a hash of its letters and holds no text.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from classifiers.core.corpus import KEYWORD_SETS, Example, read
from classifiers.core.kinds import Kind

_NO_LETTER = re.compile(r"\W+")
_WRAPPING = re.compile(r"https?:\S+|<URL>|^RT\s+@\w+:?")
#: A reading on which another careful reader could well differ.
_DOUBTFUL = 0.6


def shared(data: Path) -> list[Example]:
    """labelled.jsonl, and the posts of corpora/ that readings.tsv has labels for. Raises OSError, ValueError."""
    labelled = list(read((data / "labelled.jsonl").read_text("utf-8").splitlines(), "labelled.jsonl"))
    return [*labelled, *_read_posts(data / "corpora")]


def gold(data: Path) -> set[str]:
    """Hashes of the posts that are only for looking at results: nothing may learn from them."""
    return {mark(text) for text in _texts(data / "dev_gold.jsonl")}


def unlabelled(data: Path) -> Iterator[Example]:
    """Every post of corpora/, once, as lainnya: only its text and collector mean something."""
    met = gold(data)
    for path in sorted((data / "corpora").glob("*.jsonl")):
        via = "keyword" if path.stem in KEYWORD_SETS else "mention"
        for text in _texts(path):
            if len(text) >= 4 and (known := mark(text)) not in met:
                met.add(known)
                yield Example(text, Kind.OTHER, via=via, source=path.stem)


def mark(text: str) -> str:
    """What names a post in readings.tsv: twelve hexadecimal digits of SHA-256 over its letters and digits."""
    letters = _NO_LETTER.sub("", _WRAPPING.sub("", text).lower())
    return hashlib.sha256(letters.encode()).hexdigest()[:12]


def _read_posts(corpora: Path) -> Iterator[Example]:
    readings = _readings()
    for path in sorted(corpora.glob("*.jsonl")):
        for text in _texts(path):
            found = readings.pop(mark(text), None)
            if found is None:
                continue
            kind, topic, *signs = found
            yield Example(
                text,
                Kind(kind),
                topic,
                "u" in signs,
                "keyword" if path.stem in KEYWORD_SETS else "mention",
                _DOUBTFUL if "h" in signs else 1.0,
                path.stem,
            )


def _readings() -> dict[str, list[str]]:
    rows = (files("classifiers.training") / "readings.tsv").read_text("utf-8").splitlines()
    return {row[0]: row[1:] for row in (line.split("\t") for line in rows if not line.startswith("#"))}


def _texts(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield str(json.loads(line).get("text") or "").strip()
