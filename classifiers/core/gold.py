"""Labelled posts to measure the judge with: JSON Lines, each with text, label (or kind), and what more is known."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from classifiers.core.corpus import KEYWORD_SETS
from classifiers.core.kinds import TOPICS, Kind, kind_of

#: Words of `how`, `channel` or `set` that say that a post was found by looking for words, not addressed to the city.
_KEYWORD = ("keyword", "hashtag", "kata kunci", "tagar")
_MENTION = "mention"


@dataclass(frozen=True, slots=True)
class Gold:
    """One post whose kind people know."""

    line: int  #: in its file, from 1
    id: str  #: as the file says; "" when it does not
    text: str
    kind: Kind
    topic: str | None  #: one of TOPICS; None: no topic, or one that is not ours
    foreign_topic: str  #: a topic that is not ours, as the file says; "" otherwise
    urgent: bool | None  #: danger now; None: nobody said
    hard: bool | None  #: a second reader could differ; None: nobody said
    source: str  #: "" when unknown
    collector: str  #: "keyword", "mention" (addressed to the city in any way), or "" when unknown


def read(lines: Iterable[bytes], name: str) -> list[Gold]:
    """Every post of a file. Raises ValueError with a sentence that names file and line."""
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(_post(number, _object(line)))
        except ValueError as error:
            raise ValueError(f"{name} baris {number}: {error}") from error
    if not found:
        raise ValueError(f"{name}: tidak ada satu baris pun; perlu JSON Lines dengan 'text' dan 'label'.")
    return found


def _object(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ValueError("baris bukan UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise ValueError("baris bukan JSON.") from error
    if not isinstance(row, dict):
        raise ValueError("baris bukan objek JSON.")
    return row


def _post(number: int, row: dict[str, Any]) -> Gold:
    text, label, topic = row.get("text"), row.get("kind") or row.get("label"), row.get("topic")
    if not isinstance(text, str):
        raise ValueError("tidak ada 'text', atau isinya bukan teks.")
    if not isinstance(label, str):
        raise ValueError("tidak ada 'label' (atau 'kind') yang menyebut jenisnya.")
    known = topic in TOPICS if isinstance(topic, str) else False
    return Gold(
        line=number,
        id=str(row.get("id") or ""),
        text=text,
        kind=kind_of(label),
        topic=str(topic) if known else None,
        foreign_topic="" if known or topic in (None, "", "-") else str(topic),
        urgent=_urgent(row.get("urgent", row.get("urgency"))),
        hard=row["hard"] if isinstance(row.get("hard"), bool) else None,
        source=str(row.get("source") or row.get("set") or ""),
        collector=_collector(row),
    )


def _urgent(said: Any) -> bool | None:
    """`urgent` is true or false; `urgency` may name a level, of which only emergency is danger now."""
    if isinstance(said, str):
        return said.strip().lower() in ("emergency", "darurat")
    return said if isinstance(said, bool) else None


def _collector(row: dict[str, Any]) -> str:
    """By the words of `collector`, `via`, `how`, `channel` or `set`; anything without those words is a mention."""
    names = ("collector", "via", "how", "channel", "set")
    said = [str(row[name]).lower() for name in names if row.get(name)]
    if not said:
        return ""
    searched = any(word in one for one in said for word in _KEYWORD) or row.get("set") in KEYWORD_SETS
    return "keyword" if searched else _MENTION
