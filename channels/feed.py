"""The built-in feed: a static page and an Atom file under KENTONGAN_HOME/public, which needs no server.

Account settings: base_url (where the folder is served, for links), title. No secret.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.feedgenerator import Atom1Feed

from channels.contract import (
    Absent,
    ChannelError,
    Cursor,
    Failure,
    Gone,
    Memo,
    Meter,
    Outgoing,
    Page,
    Post,
    Probe,
    Sent,
    Waits,
)
from channels.models import Account


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

    def prepare(self, outgoing: Outgoing, memo: Memo) -> Memo:
        return memo

    def send(self, outgoing: Outgoing, memo: Memo) -> Sent:
        entry = {
            "slug": outgoing.slug,
            "title": outgoing.title,
            "html": outgoing.html,
            "summary": outgoing.text,
            "at": memo.get("started_at") or datetime.now(UTC).isoformat(),
        }
        try:
            (self.folder / "entries").mkdir(parents=True, exist_ok=True)
            _write(self.folder / "entries" / f"{outgoing.slug}.json", json.dumps(entry, ensure_ascii=False))
            self._rebuild()
        except (OSError, ValueError, KeyError) as error:
            raise ChannelError(f"Umpan tidak dapat ditulis: {error}", Failure.LATER) from error
        return self._sent(outgoing.slug)

    def find(self, outgoing: Outgoing, memo: Memo) -> Sent | Absent:
        there = (self.folder / f"{outgoing.slug}.html").exists() and self._listed(outgoing.slug)
        return self._sent(outgoing.slug) if there else Absent(sure=True, note="belum ada di umpan")

    def probe(self) -> Probe:
        return Probe(True, f"Umpan ditulis ke {self.folder}.")

    def _listed(self, slug: str) -> bool:
        feed = self.folder / "feed.xml"
        return feed.exists() and self._link(slug) in feed.read_text("utf-8")

    def _sent(self, slug: str) -> Sent:
        return Sent(slug, self._link(slug))

    def _link(self, slug: str) -> str:
        return f"{self.base}/{slug}.html"

    def _rebuild(self) -> None:
        entries = sorted(self._entries(), key=lambda entry: entry["at"], reverse=True)
        title = self.account.setting("title") or self.account.name
        feed = Atom1Feed(title=title, link=f"{self.base}/", description=title, language="id")
        for entry in entries[:50]:
            at = datetime.fromisoformat(entry["at"])
            feed.add_item(
                entry["title"],
                self._link(entry["slug"]),
                entry["html"],
                unique_id=self._link(entry["slug"]),
                pubdate=at,
                updateddate=at,
            )
        for entry in entries:
            page = {"title": title, "entry": entry, "base": self.base}
            _write(self.folder / f"{entry['slug']}.html", render_to_string("feed/entry.html", page))
        _write(
            self.folder / "index.html",
            render_to_string("feed/index.html", {"title": title, "entries": entries, "base": self.base}),
        )
        _write(self.folder / "feed.xml", feed.writeString("utf-8"))

    def _entries(self) -> Iterator[dict[str, Any]]:
        for path in (self.folder / "entries").glob("*.json"):
            entry: dict[str, Any] = json.loads(path.read_text("utf-8"))
            entry["when"] = datetime.fromisoformat(entry["at"])
            yield entry


def _write(path: Path, text: str) -> None:
    """Whole or not at all: a reader never sees half a file."""
    draft = path.with_name(path.name + ".new")
    draft.write_text(text, "utf-8")
    draft.replace(path)
