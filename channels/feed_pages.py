"""The feed's entries as pages and as an Atom file. Pure but for the templates: entries in, text out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils.feedgenerator import Atom1Feed

#: One entry: slug, title, html, summary, at; and where it was changed: updated, notes, withdrawn.
Entry = dict[str, Any]
#: How many entries the Atom file has; a reader that comes daily misses none.
_IN_ATOM = 50


@dataclass(frozen=True, slots=True)
class Frame:
    """What all pages of one feed share."""

    title: str
    base: str  #: where the folder is served, without a slash at the end

    def link(self, slug: str) -> str:
        return f"{self.base}/{slug}.html"


def page_of(entry: Entry, frame: Frame) -> str:
    """The page of one entry."""
    return render_to_string(
        "feed/entry.html", {"title": frame.title, "entry": _shown(entry), "base": frame.base}
    )


def index_of(entries: list[Entry], frame: Frame) -> str:
    """The list of all entries, in the order given."""
    shown = [_shown(entry) for entry in entries]
    return render_to_string("feed/index.html", {"title": frame.title, "entries": shown, "base": frame.base})


def atom_of(entries: list[Entry], frame: Frame) -> str:
    """The Atom file: the entries that were changed last. What was corrected today is news, however old it is."""
    feed = Atom1Feed(title=frame.title, link=f"{frame.base}/", description=frame.title, language="id")
    for entry in sorted(entries, key=_changed_at, reverse=True)[:_IN_ATOM]:
        link = frame.link(entry["slug"])
        feed.add_item(
            entry["title"],
            link,
            content_of(entry),
            unique_id=link,
            pubdate=datetime.fromisoformat(entry["at"]),
            updateddate=datetime.fromisoformat(_changed_at(entry)),
        )
    return str(feed.writeString("utf-8"))


def content_of(entry: Entry) -> str:
    """The content of an entry with what was noted about it, as markup."""
    return render_to_string("feed/_content.html", {"entry": _shown(entry)}).strip()


def _changed_at(entry: Entry) -> str:
    return str(entry.get("updated") or entry["at"])


def _shown(entry: Entry) -> Entry:
    """An entry for the templates: its moments as datetimes, and all names there."""
    return {
        "notes": [],
        "withdrawn": None,
        **entry,
        "when": datetime.fromisoformat(entry["at"]),
        "changed": datetime.fromisoformat(entry["updated"]) if "updated" in entry else None,
    }
