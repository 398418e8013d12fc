"""JSON Lines in, JSON Lines out: one line for one line, and a bad line never stops the rest."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Row = dict[str, Any]
#: Lines are worked on in groups of this size, so that a stream of millions needs no memory.
GROUP = 1000


class BadLine(ValueError):
    """Baris ini tidak dapat dikerjakan."""


def read_rows(lines: Iterable[bytes]) -> Iterator[Row | BadLine]:
    """Each line as an object, or the reason why it is none."""
    for line in lines:
        try:
            row = json.loads(line)
        except UnicodeDecodeError:
            yield BadLine("baris bukan UTF-8")
        except ValueError:
            yield BadLine("baris bukan JSON" if line.strip() else "baris kosong")
        except RecursionError:
            yield BadLine("baris terlalu dalam bersarang")
        else:
            yield row if isinstance(row, dict) else BadLine("baris bukan objek JSON")


def text_of(row: Row) -> str:
    """The `text` of a row. Raises BadLine when it is missing or no text."""
    if "text" not in row:
        raise BadLine("tidak ada 'text'")
    if not isinstance(row["text"], str):
        raise BadLine("'text' bukan teks")
    return row["text"]


def with_texts(work: Callable[[list[str]], list[Row]]) -> None:
    """Standard input to standard output: ``work`` gets the good texts of a group, and gives fields to add."""
    with_rows(lambda rows: work([row["text"] for row in rows]))


def with_rows(work: Callable[[list[Row]], list[Row]]) -> None:
    """The same for work that looks at more of a row than its `text`."""
    group: list[Row | BadLine] = []
    for row in read_rows(sys.stdin.buffer):
        group.append(row)
        if len(group) >= GROUP:
            _finish(group, work)
            group = []
    _finish(group, work)


def write_row(row: Row) -> None:
    """One line on standard output, always valid UTF-8 and valid JSON."""
    try:
        line = json.dumps(row, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:  # a lone surrogate: JSON can say it, UTF-8 cannot
        line = json.dumps(row).encode()
    except ValueError:  # NaN and Infinity, which Python's reader accepts though JSON has none
        try:
            line = json.dumps(_finite(row)).encode()
        except RecursionError:
            line = json.dumps({"error": "baris terlalu dalam bersarang"}).encode()
    sys.stdout.buffer.write(line + b"\n")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and value - value != 0 else value


def _finish(group: list[Row | BadLine], work: Callable[[list[Row]], list[Row]]) -> None:
    good: dict[int, Row] = {}
    errors: dict[int, str] = {}
    for index, row in enumerate(group):
        try:
            if isinstance(row, BadLine):
                raise row
            text_of(row)
            good[index] = row
        except BadLine as error:
            errors[index] = str(error)
    found = dict(zip(good, work(list(good.values())) if good else [], strict=True))
    for index, row in enumerate(group):
        kept = row if isinstance(row, dict) else {}
        write_row({**kept, **found[index]} if index in found else {**kept, "error": errors[index]})
    sys.stdout.flush()
