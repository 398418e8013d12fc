"""Small steps that every translator of a platform's answer needs. Pure: values in, values out."""

import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from channels.contract import Item, Post, Unreadable


def each(rows: object, read: Callable[[dict[str, Any]], Post]) -> list[Item]:
    """``read`` every row of a list; a row that cannot be read becomes Unreadable and the rest goes on."""
    if not isinstance(rows, list):
        return [Unreadable(f"daftar yang diharapkan, bukan {type(rows).__name__}")]
    return [_one(row, read) for row in rows]


def _one(row: object, read: Callable[[dict[str, Any]], Post]) -> Item:
    if not isinstance(row, dict):
        return Unreadable(f"butir berupa {type(row).__name__}, bukan objek")
    try:
        return read(row)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raw = row.get("id")
        known = words(str(raw)) if isinstance(raw, str | int) and not isinstance(raw, bool) else None
        return Unreadable(f"butir tidak terbaca: {_say(error)}", known)


def _say(error: Exception) -> str:
    return f"tidak ada '{error.args[0]}'" if isinstance(error, KeyError) else str(error)


def identifier(value: object, name: str = "id") -> str:
    """An id as text; platforms give strings, older answers numbers. Raises ValueError for anything else."""
    if isinstance(value, str) and (plain := words(value).strip()):
        return plain
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"{name} berisi {value!r}")


def words(value: object, name: str = "text") -> str:
    """A text that may be missing (None gives ""). Raises ValueError when it is no text at all."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{name} berupa {type(value).__name__}, bukan teks")
    # A lone surrogate cannot be stored or sent on; the rest of the text can.
    return value.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")


def optional(value: object) -> str | None:
    """A short text or number as text, else None."""
    if isinstance(value, str):
        return words(value) or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def moment(value: object) -> datetime | None:
    """A platform's time as UTC; None when it is missing or cannot be read: a bad clock loses no citizen's post.

    X: "2026-11-24T01:02:03.000Z"; Graph: "2026-11-24T01:02:03+0000"; Instagram web: seconds since 1970.
    """
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str) and value.strip():
            at = datetime.fromisoformat(value.strip())
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def same_words(one: str, other: str) -> bool:
    """Whether two texts are the same but for spacing and Unicode composition, which platforms change."""
    return _folded(one) == _folded(other)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def count(value: object) -> int | None:
    """How many, as the platform told it; None when it did not tell, which is not zero."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def mapping(value: object) -> dict[str, Any]:
    """``value`` when it is an object, else {}."""
    return value if isinstance(value, dict) else {}


def listing(value: object) -> list[Any]:
    """``value`` when it is a list, else []."""
    return value if isinstance(value, list) else []
