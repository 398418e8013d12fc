"""Mentions for the benches: sentences of the seed corpus, each made its own, as a world for the town.

The corpus was written for this project and comes with it, so a bench needs nothing from outside.
"""

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

SEED = Path(__file__).resolve().parent.parent.parent / "classifiers" / "seed"
#: X's search reaches back seven days; what is said here lies within the last six.
SPAN = timedelta(days=6)


def mentions(count: int, until: datetime | None = None) -> Iterator[dict[str, str]]:
    """``count`` mentions on X, oldest first, evenly over the six days before ``until`` (now).

    One in twenty repeats the words of the one before it under another name, one in ten names a telephone number
    and one in ten a link, so that masks and copies have their usual work.
    """
    began = (until or datetime.now(UTC)) - SPAN
    words = itertools.cycle(_sentences())
    text = ""
    for number in range(count):
        text = text if number % 20 == 19 else _text(next(words), number)
        yield {
            "channel": "x",
            "how": "mention",
            "id": f"b{number}",
            "text": text,
            "author": f"warga{number % 4999}",
            # Milliseconds apart, so that every post has a number of its own whatever the town held before.
            "created_at": (began + SPAN * number / count).isoformat(timespec="milliseconds"),
        }


def _text(sentence: str, number: int) -> str:
    more = {3: f"hubungi 0812-{number % 10_000:04d}-7788", 7: f"https://foto.example/{number}"}
    return f"{sentence} {more.get(number % 10, '')} ({number})"


def _sentences() -> list[str]:
    lines = [line for path in sorted(SEED.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    return [str(json.loads(line)["text"]) for line in lines]
