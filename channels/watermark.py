"""Reading a newest-first list until what was read before, where the platform has no `since_id`.

A cursor here is {"newest": ISO time} for one list, and {"threads": {id: {"count", "newest"}}, "whole", "round"} for
many. The newest time moves only with the last page of a pass: a pass that dies half-way is simply read again, and
the unique key of mentions makes that harmless. Posts within OVERLAP of the mark are always read again, because
platforms list some posts late.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from channels.contract import Cursor, Item, Page, Post
from channels.reading import moment

OVERLAP = timedelta(hours=1)
#: How far back threads are asked for new comments, once everything has been read for the first time.
THREAD_WINDOW = timedelta(days=30)
#: Every so many passes lively threads are read even if their count is the same: one comment may have gone and
#: another come in between.
_EVERY = 6
_LIVELY = timedelta(days=3)


def passed(mark: object, at: datetime | None) -> bool:
    """Whether ``at`` lies so far before the mark that everything there has been read."""
    newest = moment(mark)
    return newest is not None and at is not None and newest - at > OVERLAP


def too_old(at: datetime | None) -> bool:
    """Whether a post's thread is no longer asked for new comments."""
    return at is not None and datetime.now(UTC) - at > THREAD_WINDOW


def until_watermark(
    pages: Iterable[list[Item]], cursor: Cursor, wrap: Callable[[Cursor], Cursor] | None = None
) -> Iterator[Page]:
    """Pages until one lies wholly before the mark. ``wrap`` turns the new mark into the cursor to store."""
    mark, newest = cursor.get("newest"), cursor.get("newest")
    previous: list[Item] | None = None
    for items in pages:
        if previous is not None:
            yield Page(tuple(previous))
        previous = items
        times = [item.created_at for item in items if isinstance(item, Post)]
        newest = _later(newest, max((at for at in times if at), default=None))
        if times and all(passed(mark, at) for at in times):
            break
    done: Cursor = {"newest": newest} if newest else {}
    yield Page(tuple(previous or ()), wrap(done) if wrap else done)


class Threads:
    """Which threads to read, and what has been read of each.

    A thread that is read leaves the whole cursor advanced by that thread alone, so a pass that dies between two
    threads repeats only the unread ones.
    """

    def __init__(self, cursor: Cursor) -> None:
        self._known: dict[str, dict[str, Any]] = dict(cursor.get("threads", {}))
        #: Every thread has been read once; before that, none is too old.
        self.whole = bool(cursor.get("whole"))
        self._round = int(cursor.get("round", 0)) + 1

    def to_read(self, declared: dict[str, int]) -> Iterator[tuple[str, Cursor, Callable[[Cursor], Cursor]]]:
        """(thread, its own cursor, what turns its new mark into the cursor of all) of each thread to read now."""
        for thread, count in declared.items():
            known = self._known.get(thread, {})
            if count and (known.get("count") != count or self._lively(known)):
                yield thread, {"newest": known.get("newest")}, self._reader(thread, count)

    def done(self) -> Cursor:
        """The cursor after a pass that read every thread it had to."""
        return {"threads": dict(self._known), "whole": True, "round": self._round}

    def _reader(self, thread: str, count: int) -> Callable[[Cursor], Cursor]:
        def read(mark: Cursor) -> Cursor:
            self._known[thread] = {"count": count, "newest": mark.get("newest")}
            return {"threads": dict(self._known), "whole": self.whole, "round": self._round - 1}

        return read

    def _lively(self, known: dict[str, Any]) -> bool:
        newest = moment(known.get("newest"))
        return self._round % _EVERY == 0 and newest is not None and datetime.now(UTC) - newest < _LIVELY


def _later(one: object, other: datetime | None) -> str | None:
    """The later of two times as ISO text, never later than now: a clock that runs ahead must not hide posts."""
    latest = max((at for at in (moment(one), other) if at), default=None)
    return min(latest, datetime.now(UTC)).isoformat() if latest else None
