"""Worlds for the town, made from the real posts in KENTONGAN_SHARED (never copied into the project).

python -m tests.worlds 5000 > world.jsonl
"""

import itertools
import json
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

#: Every way that a world row can reach us, by channel.
ROUTES = (
    ("x", "mention"),
    ("x", "keyword"),
    ("x", "hashtag"),
    ("x", "comment"),
    ("facebook", "mention"),
    ("facebook", "comment"),
    ("facebook", "tagged"),
    ("instagram", "comment"),
    ("instagram", "tagged"),
    ("instagram", "hashtag"),
)


def shared() -> Path:
    """Where the real posts are. Raises FileNotFoundError saying how to name another place."""
    here = Path(__file__).resolve().parent.parent
    folder = Path(os.environ.get("KENTONGAN_SHARED") or here.parent / "shared")
    if not (folder / "data" / "corpora").is_dir():
        raise FileNotFoundError(
            f"No real posts at {folder}/data/corpora: set KENTONGAN_SHARED to the folder that holds them."
        )
    return folder


def texts() -> list[str]:
    """Every distinct text of the corpora, in a fixed order."""
    found: dict[str, None] = {}
    for path in sorted((shared() / "data" / "corpora").glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            found |= {json.loads(line)["text"]: None for line in lines if line.strip()}
    return list(found)


def world(count: int, seed: int = 1) -> Iterator[dict[str, str]]:
    """``count`` rows over all routes; every seventh comment answers an earlier one of its channel."""
    dice = random.Random(seed)
    chosen = dice.sample(texts(), count)
    comments: dict[str, list[str]] = {}
    for number, (text, (channel, how)) in enumerate(zip(chosen, itertools.cycle(ROUTES), strict=False)):
        row = {
            "channel": channel,
            "id": f"w{number}",
            "text": text,
            "author": f"warga{number % 997}",
            "how": how,
        }
        if how == "comment":
            earlier = comments.setdefault(channel, [])
            if earlier and number % 7 == 0:
                row["parent"] = dice.choice(earlier)
            earlier.append(row["id"])
        yield row


if __name__ == "__main__":
    for line in world(int(sys.argv[1]) if len(sys.argv) > 1 else 5000):
        print(json.dumps(line, ensure_ascii=False))
