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
#: Passes in which a thread that gave fewer comments than it declares is read again.
_LATE_PASSES = 3


def passed(mark: object, at: datetime | None) -> bool:
    """Whether ``at`` lies so far before the mark that everything there has been read."""
    newest = moment(mark)
    return newest is not None and at is not None and newest - at > OVERLAP


def too_old(at: datetime | None) -> bool:
    """Whether a post's thread is no longer asked for new comments."""
    return at is not None and datetime.now(UTC) - at > THREAD_WINDOW


def until_watermark(
    pages: Iterable[list[Item]],
    cursor: Cursor,
    wrap: Callable[[Cursor], Cursor] | None = None,
    declared: int | None = None,
) -> Iterator[Page]:
    """Pages until one lies wholly before the mark. ``wrap`` turns the new mark into the cursor to store.

    ``declared`` is how many items the platform says the list has; it is compared only where all of it was read.
    """
    received, cut = 0, False
    mark, newest = cursor.get("newest"), cursor.get("newest")
    previous: list[Item] | None = None
    for items in pages:
        if previous is not None:
            yield Page(tuple(previous))
        previous = items
        received += len(items)
        times = [item.created_at for item in items if isinstance(item, Post)]
        newest = _later(newest, max((at for at in times if at), default=None))
        if times and all(passed(mark, at) for at in times):
            cut = True
            break
    done: Cursor = {"newest": newest} if newest else {}
    whole = declared is not None and not cut
    yield Page(
        tuple(previous or ()),
        wrap({**done, "received": received if whole else None}) if wrap else done,
        declared=declared if whole else None,
        received=received if whole else None,
    )


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
        self._listed: set[str] = set()

    def to_read(self, declared: dict[str, int]) -> Iterator[tuple[str, Cursor, Callable[[Cursor], Cursor]]]:
        """(thread, its own cursor, what turns its new mark into the cursor of all) of each thread to read now."""
        self._listed |= set(declared)
        for thread, count in declared.items():
            known = self._known.get(thread, {})
            if count and (known.get("count") != count or self._lively(known)):
                yield thread, {"newest": known.get("newest")}, self._reader(thread, count)

    def done(self) -> Cursor:
        """The cursor after a pass that read every thread it had to.

        Threads that were not listed are too old to be asked for; remembering them would let the cursor grow for ever.
        """
        threads = {thread: one for thread, one in self._known.items() if thread in self._listed}
        return {"threads": threads, "whole": True, "round": self._round}

    def _reader(self, thread: str, count: int) -> Callable[[Cursor], Cursor]:
        def read(mark: Cursor) -> Cursor:
            self._known[thread] = self._entry(self._known.get(thread, {}), count, mark)
            return {"threads": dict(self._known), "whole": self.whole, "round": self._round - 1}

        return read

    @staticmethod
    def _entry(known: dict[str, Any], count: int, mark: Cursor) -> dict[str, Any]:
        """What to remember of a thread that was read: a count of None makes the next pass read it again.

        Where fewer came than were declared, some may only be late: it is read again for some passes. Then the
        rest counts as hidden by the platform (deleted or filtered comments stay in the declared count).
        """
        received, short = mark.get("received"), int(known.get("short") or 0)
        newest = mark.get("newest")
        enough = received >= count if received is not None else not short
        if enough or short >= _LATE_PASSES:
            return {"count": count, "newest": newest}
        return {"count": None, "newest": newest, "short": short + 1}

    def _lively(self, known: dict[str, Any]) -> bool:
        newest = moment(known.get("newest"))
        return self._round % _EVERY == 0 and newest is not None and datetime.now(UTC) - newest < _LIVELY


def _later(one: object, other: datetime | None) -> str | None:
    """The later of two times as ISO text, never later than now: a clock that runs ahead must not hide posts."""
    latest = max((at for at in (moment(one), other) if at), default=None)
    return min(latest, datetime.now(UTC)).isoformat() if latest else None
