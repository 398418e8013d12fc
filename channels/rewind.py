"""Putting a source's cursor back to an earlier moment, so that the next pass reads from there again.

Values in, values out. What is read twice is stored once, so a cursor that lies too early costs reading only.
"""

from datetime import UTC, datetime
from typing import Any

from channels.contract import Cursor
from channels.models import Kind
from channels.reading import moment
from channels.watermark import too_old

#: X's ids are Snowflakes: milliseconds since this, above 22 lower bits.
_X_EPOCH = 1288834974657


def rewound(channel: str, cursor: Cursor, since: datetime | None) -> Cursor:
    """``cursor`` as it would have stood at ``since``; None means from the beginning.

    A cursor of a form that is not known here is emptied: the source is then read as far as its platform goes.
    """
    if since is None or not cursor:
        return {}
    if channel == Kind.X and "newest" in cursor:
        return _x(cursor, since)
    if set(cursor) == {"newest"}:
        return {"newest": _earlier(cursor["newest"], since)}
    if isinstance(cursor.get("threads"), dict):
        threads = {key: _thread(one, since) for key, one in cursor["threads"].items()}
        # Older threads than the usual ones are listed only by a reader that has not seen the whole yet.
        return {**cursor, "threads": threads, "whole": bool(cursor.get("whole")) and not too_old(since)}
    return {}


def _x(cursor: Cursor, since: datetime) -> Cursor:
    """A since_id of that moment, unless the cursor lies before it already."""
    number = max((int(since.timestamp() * 1000) - _X_EPOCH) << 22, 1)
    return {"newest": str(min(number, int(cursor["newest"])))}


def _thread(known: dict[str, Any], since: datetime) -> dict[str, Any]:
    """A count of None makes the next pass read the thread again, down to the earlier mark."""
    newest = _earlier(known["newest"], since) if known.get("newest") else None
    return {"count": None, "newest": newest}


def _earlier(mark: object, since: datetime) -> str:
    known = moment(mark)
    return min(at for at in (known, since) if at).astimezone(UTC).isoformat()
