"""Other people's labelled posts, in their own columns and words: read, and said in ours."""

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classifiers.core.corpus import Example
from classifiers.core.corpus import read as read_ours
from classifiers.core.kinds import INDONESIAN, TOPICS, kind_of

#: What we read of a row, and the names under which it is looked for when nobody says otherwise.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "text": ("text",),
    "label": ("label", "kind"),
    "topic": ("topic",),
    "urgent": ("urgent",),  # danger now
    "hard": ("hard",),  # a second reader could differ
}
_YES, _NO = ("true", "1", "ya", "yes"), ("false", "0", "tidak", "no")
#: `--map respon=-` leaves such rows out.
LEFT_OUT = "-"
_SEPARATORS = ",;\t|"


class UnknownLabels(ValueError):
    """Ada label yang tidak dikenal."""


@dataclass(slots=True)
class Labelled:
    """What was read, and what was not taken."""

    examples: list[Example] = field(default_factory=list)
    left_out: int = 0  #: by the map
    empty: int = 0  #: without text
    foreign_topics: Counter[str] = field(
        default_factory=Counter
    )  #: not ours; their posts are kept without a topic


def read(path: Path, columns: Mapping[str, str], words: Mapping[str, str], via: str = "mention") -> Labelled:
    """Every labelled post of a CSV or JSON Lines file.

    ``columns``: our name (one of COLUMNS) → theirs; ``words``: their label → our kind, or "-"; ``via``: how the posts
    were found, "mention" or "keyword". Raises ValueError with file and line, UnknownLabels with a table of the
    labels, OSError when the file cannot be read.
    """
    kinds = {_fold(theirs): _kind(ours) for theirs, ours in words.items()}
    found, unknown = Labelled(), Counter[str]()
    for line, row in _rows(path):
        try:
            text, label = _value(row, "text", columns), _value(row, "label", columns)
        except ValueError as error:
            raise ValueError(f"{path.name} baris {line}: {error}") from error
        kind = kinds.get(_fold(label)) or _known(label)
        if kind is None:
            unknown[label] += 1
        elif kind == LEFT_OUT:
            found.left_out += 1
        elif not text.strip():
            found.empty += 1
        else:
            topic = _topic(row, columns, found.foreign_topics)
            found.examples.append(_example(row, columns, text, kind, topic, via))
    if unknown:
        raise UnknownLabels(_table(unknown))
    return found


def _example(
    row: Mapping[str, Any], columns: Mapping[str, str], text: str, kind: str, topic: str | None, via: str
) -> Example:
    """Through the reader of our own corpora, so that both mean the same."""
    ours = {
        "text": text,
        "kind": kind,
        "topic": topic,
        "urgent": _yes(row.get(columns.get("urgent", "urgent"))),
        "hard": _yes(row.get(columns.get("hard", "hard"))),
        "via": row.get("via", via),
        "set": row.get("set"),
    }
    return next(read_ours([json.dumps(ours)], "-"))


def _yes(said: Any) -> bool | None:
    """None for anything that is neither a yes nor a no."""
    word = str(said).strip().lower()
    return True if word in _YES else False if word in _NO else None


def _kind(word: str) -> str:
    return LEFT_OUT if word.strip() == LEFT_OUT else kind_of(word).value


def _known(label: str) -> str | None:
    try:
        return kind_of(label).value
    except ValueError:
        return None


def _fold(label: str) -> str:
    return label.strip().lower()


def _value(row: Mapping[str, Any], name: str, columns: Mapping[str, str]) -> str:
    """The text of one of our columns. Raises ValueError naming the columns that there are."""
    for theirs in [columns[name]] if name in columns else COLUMNS[name]:
        if row.get(theirs) is not None:
            value = row[theirs]
            if isinstance(value, str | int) and not isinstance(value, bool):
                return str(value)
            raise ValueError(f"kolom '{theirs}' bukan teks.")
    wanted = columns.get(name) or COLUMNS[name][0]
    raise ValueError(
        f"tidak ada kolom '{wanted}'; yang ada: {', '.join(map(str, row))}. Sebutkan dengan --column {name}=NAMA."
    )


def _topic(row: Mapping[str, Any], columns: Mapping[str, str], foreign: Counter[str]) -> str | None:
    topic = row.get(columns.get("topic", "topic"))
    if topic in (None, "", LEFT_OUT):
        return None
    if topic in TOPICS:
        return str(topic)
    foreign[str(topic)] += 1
    return None


def _table(unknown: Counter[str]) -> str:
    known = ", ".join(INDONESIAN.values())
    width = max(len(label) for label in unknown)
    rows = [f"  {label:<{width}}  {count:>6}" for label, count in unknown.most_common(30)]
    first = unknown.most_common(1)[0][0]
    return "\n".join(
        [
            "Label berikut tidak dikenal, jadi tidak ada yang diimpor:",
            *rows,
            f"Sebutkan artinya untuk tiap label, misalnya --map '{first}=pengaduan'; '{first}=-' melewatinya.",
            f"Jenis yang dikenal: {known}.",
        ]
    )


# --- the two forms of file


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        try:
            yield from _csv(lines, path) if path.suffix.lower() in (".csv", ".tsv") else _json(lines, path)
        except UnicodeDecodeError as error:
            raise ValueError(f"{path.name}: bukan UTF-8; simpan ulang sebagai UTF-8.") from error


def _json(lines: Iterable[str], path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path.name} baris {number}: baris bukan JSON.") from error
        if not isinstance(row, dict):
            raise ValueError(f"{path.name} baris {number}: baris bukan objek JSON.")
        yield number, row


def _csv(lines: Iterable[str], path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    pieces = iter(lines)
    head = next(pieces, "")
    separator = max(_SEPARATORS, key=head.count)
    names = next(csv.reader([head], delimiter=separator), [])
    reader = csv.reader(pieces, delimiter=separator, strict=True)
    try:
        for cells in reader:
            if cells:
                yield _csv_row(reader.line_num + 1, names, cells)
    except csv.Error as error:
        raise ValueError(f"{path.name} baris {reader.line_num + 1}: CSV rusak ({error}).") from error
    except ValueError as error:
        raise ValueError(f"{path.name} baris {reader.line_num + 1}: {error}") from error


def _csv_row(line: int, names: list[str], cells: list[str]) -> tuple[int, Mapping[str, Any]]:
    if len(cells) != len(names):
        raise ValueError(f"{len(cells)} kolom, padahal kepalanya {len(names)}.")
    return line, dict(zip((name.strip() for name in names), cells, strict=True))
