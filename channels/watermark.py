"""Reading a newest-first list until what was read before, where the platform has no `since_id`.

A cursor here is {"newest": ISO time} for one list, and {"threads": {id: {"count", "newest"}}} for many. The
newest time moves only with the last page of a pass: a pass that dies half-way is simply read again, and the
unique key of mentions makes that harmless. Posts within OVERLAP of the mark are always read again, because
platforms list some posts late.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from channels.contract import Cursor, Item, Page, Post
from channels.reading import moment

OVERLAP = timedelta(hours=1)
#: How far back threads are asked for new comments, once everything has been read for the first time.
THREAD_WINDOW = timedelta(days=30)


def passed(mark: object, at: datetime | None) -> bool:
    """Whether ``at`` lies so far before the mark that everything there has been read."""
    newest = moment(mark)
    return newest is not None and at is not None and at < newest - OVERLAP


def too_old(at: datetime | None) -> bool:
    """Whether a post's thread is no longer asked for new comments."""
    return at is not None and at < datetime.now(UTC) - THREAD_WINDOW


def until_watermark(
    pages: Iterable[list[Item]], cursor: Cursor, wrap: "Wrap | None" = None
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


def threads_to_read(declared: dict[str, int], cursor: Cursor) -> Iterator[tuple[str, tuple[Cursor, "Wrap"]]]:
    """The threads whose declared comment count is not the one last read.

    Each comes with its own cursor and the function that puts the thread's new mark into the whole cursor. A
    thread that is read leaves the whole cursor advanced by that thread alone, so a pass that dies between two
    threads repeats only the unread ones.
    """
    threads: dict[str, dict[str, Any]] = dict(cursor.get("threads", {}))
    for thread, count in declared.items():
        known = threads.get(thread, {})
        if count and known.get("count") != count:
            yield thread, ({"newest": known.get("newest")}, Wrap(threads, thread, count))


class Wrap:
    """Puts the mark of one thread into the cursor of all."""

    def __init__(self, threads: dict[str, dict[str, Any]], thread: str, count: int) -> None:
        self._threads, self._thread, self._count = threads, thread, count

    def __call__(self, done: Cursor) -> Cursor:
        self._threads[self._thread] = {"count": self._count, "newest": done.get("newest")}
        return {"threads": dict(self._threads)}


def _later(one: object, other: datetime | None) -> str | None:
    known = moment(one)
    latest = max((at for at in (known, other) if at), default=None)
    return latest.isoformat() if latest else None
