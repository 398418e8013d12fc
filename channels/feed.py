"""The built-in feed: static pages and an Atom file under KENTONGAN_HOME/public, which needs no server.

Account settings: base_url (where the folder is served, for links), title. No secret.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from channels.changed import label_of_correction, label_of_withdrawal, started, withdrawn_title
from channels.contract import (
    Absent,
    Act,
    ChannelError,
    Cursor,
    Failure,
    Gone,
    Memo,
    Meter,
    Numbers,
    Outgoing,
    Page,
    Post,
    Probe,
    Sent,
    Shows,
    Waits,
)
from channels.feed_pages import Frame, atom_of, content_of, index_of, page_of
from channels.models import Account
from channels.plain import plain
from channels.sameness import carries


class Feed:
    """One folder: entries/<slug>.json are the truth, index.html, <slug>.html and feed.xml are made from them."""

    #: Writing the same entry again changes nothing.
    waits = Waits((0,), send_again=True)
    edits, deletes = True, True

    def __init__(self, account: Account) -> None:
        self.account = account
        self.folder = Path(settings.KENTONGAN_HOME) / "public" / account.key
        self.meter = Meter()
        self.base = account.setting("base_url").rstrip("/")

    def look(self, ids: Sequence[str]) -> dict[str, Post | Gone]:
        return {}

    def hear(self, kind: str, query: str, via: str, cursor: Cursor) -> Iterator[Page]:
        raise ChannelError("Umpan tidak mempunyai sumber.", Failure.REFUSED)

    # --- speaking

    def prepare(self, outgoing: Outgoing, memo: Memo) -> Memo:
        return {**memo, "started_at": started(memo).isoformat()}

    def send(self, outgoing: Outgoing, memo: Memo) -> Sent:
        """Write the entry and what is made from it. Raises ChannelError (later; refused where it is gone)."""
        try:
            with self._alone():
                entry = self._after(outgoing, memo)
                _write(self._entry_path(entry["slug"]), _json(entry))
                self._rebuild(entry)
        except (OSError, ValueError, KeyError) as error:
            raise ChannelError(f"Umpan tidak dapat ditulis: {error}", Failure.LATER) from error
        return self._sent(entry["slug"])

    def find(self, outgoing: Outgoing, memo: Memo) -> Sent | Absent:
        """Whether the entry is as the act leaves it, and the page and the Atom file tell of it."""
        slug = _slug(outgoing)
        entry = self._entry(slug)
        if entry is not None and entry == self._after(outgoing, memo) and self._made(entry):
            return self._sent(slug)
        return Absent(sure=True, note="belum ada di umpan")

    def shows(self, remote_id: str, permalink: str) -> Shows | Gone:
        """The entry as its page shows it."""
        entry, page = self._entry(remote_id), self._page_path(remote_id)
        if entry is None or not page.exists():
            return Gone("tidak ada lagi di umpan")
        return Shows(plain(content_of(entry)), entry["title"], self._link(remote_id))

    def stands(self, permalink: str, text: str) -> bool:
        """Whether the page of ``permalink`` is written and carries ``text``."""
        page = self._page_path(permalink.rsplit("/", 1)[-1].removesuffix(".html"))
        return page.exists() and carries(page.read_text("utf-8"), text)

    def numbers(self, remote_id: str) -> Numbers:
        """Files count no readers."""
        return Numbers()

    def probe(self) -> Probe:
        return Probe(True, f"Umpan ditulis ke {self.folder}.")

    # --- entries

    def _after(self, outgoing: Outgoing, memo: Memo) -> dict[str, Any]:
        """The entry as ``outgoing`` leaves it. Raises ChannelError where the one to change is gone."""
        slug, at = _slug(outgoing), started(memo).isoformat()
        entry = {
            "slug": slug,
            "title": outgoing.title,
            "html": outgoing.html,
            "summary": outgoing.text,
            "at": at,
        }
        if outgoing.act == Act.PUBLISH:
            return entry
        before = self._entry(slug)
        if before is None:
            raise ChannelError("Entri ini sudah tidak ada di umpan; tidak ada yang diubah.", Failure.REFUSED)
        note = {"label": label_of_correction(memo), "said": outgoing.change_note}
        earlier = [one for one in before.get("notes", []) if one != note]
        if outgoing.act == Act.CORRECT:
            return {**entry, "at": before["at"], "updated": at, "notes": [*earlier, note]}
        said = {"label": label_of_withdrawal(memo), "said": outgoing.change_note}
        return {
            **entry,
            "title": withdrawn_title(outgoing.title or before["title"]),
            "html": "",
            "summary": f"{said['label']} {said['said']}",
            "at": before["at"],
            "updated": at,
            "withdrawn": said,
        }

    def _entry(self, slug: str) -> dict[str, Any] | None:
        path = self._entry_path(slug)
        try:
            return _read(path)
        except FileNotFoundError:
            return None

    def _entries(self) -> list[dict[str, Any]]:
        """All entries, newest first."""
        paths = (self.folder / "entries").glob("*.json")
        found = [_read(path) for path in paths]
        return sorted(found, key=lambda entry: entry["at"], reverse=True)

    # --- what is made from them

    def _rebuild(self, entry: dict[str, Any]) -> None:
        entries, frame = self._entries(), self._frame()
        _write(self._page_path(entry["slug"]), page_of(entry, frame))
        _write(self.folder / "index.html", index_of(entries, frame))
        _write(self.folder / "feed.xml", atom_of(entries, frame))

    def _made(self, entry: dict[str, Any]) -> bool:
        """Whether page, list and Atom file were made after the entry was written."""
        page, index, atom = (
            self._page_path(entry["slug"]),
            self.folder / "index.html",
            self.folder / "feed.xml",
        )
        if not (page.exists() and index.exists() and atom.exists()):
            return False
        link = self._link(entry["slug"])
        written = self._entry_path(entry["slug"]).stat().st_mtime_ns
        return (
            page.read_text("utf-8") == page_of(entry, self._frame())
            and link in index.read_text("utf-8")
            and min(index.stat().st_mtime_ns, atom.stat().st_mtime_ns) >= written
        )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One worker at a time: of two that rebuild at once, the slower would drop the other's entry."""
        (self.folder / "entries").mkdir(parents=True, exist_ok=True)
        with (self.folder / "entries" / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _entry_path(self, slug: str) -> Path:
        return self.folder / "entries" / f"{slug}.json"

    def _page_path(self, slug: str) -> Path:
        return self.folder / f"{slug}.html"

    def _frame(self) -> Frame:
        return Frame(self.account.setting("title") or self.account.name, self.base)

    def _sent(self, slug: str) -> Sent:
        return Sent(slug, self._link(slug))

    def _link(self, slug: str) -> str:
        return self._frame().link(slug)


def _slug(outgoing: Outgoing) -> str:
    """A new title has a new slug; what is changed keeps its address."""
    return outgoing.remote_id if outgoing.act != Act.PUBLISH and outgoing.remote_id else outgoing.slug


def _json(entry: dict[str, Any]) -> str:
    return json.dumps(entry, ensure_ascii=False)


def _read(path: Path) -> dict[str, Any]:
    """One entry. Not to be altered: it is kept and given again while its file stays the same."""
    now = path.stat()
    return _parsed(path, (now.st_ino, now.st_mtime_ns, now.st_size))


@lru_cache(maxsize=4096)
def _parsed(path: Path, version: tuple[int, int, int]) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return entry


def _write(path: Path, text: str) -> None:
    """Whole or not at all: a reader never sees half a file."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.write_text(text, "utf-8")
    draft.replace(path)
