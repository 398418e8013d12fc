"""What happened to a case in one line of time: the citizen's words, ours, notes, steps, and what the machine did."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cases.models import Case, Voice
from ledger.models import Event
from monitor.models import Mention

#: Entries that are shown at once; what was before them is folded.
SHOWN = 25
#: Events that tell how the machine works rather than what was decided: one small line each.
_SMALL = (
    "clock.",
    "handoff.",
    "mention.",
    "case.reply_",
    "case.gated",
    "case.gathered",
    "case.original_opened",
)
#: Said in other words by the entry that stands beside it.
_TWICE = frozenset({"case.answered_by_citizen", "case.contested", "case.confirmed"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a case's story (templates/desk/_case_story.html)."""

    at: datetime
    sort: (
        str  #: "ours" a reply, "theirs" a post, "voice" a word on the status page, "note", "step" or "small"
    )
    what: Any  #: the row of desk.views.replies.thread_of, a Mention, a Voice or an Event


def story(
    events: Iterable[Event],
    replies: Iterable[dict[str, Any]] = (),
    answers: Iterable[Mention] = (),
    voices: Iterable[Voice] = (),
) -> list[Entry]:
    """All of it, the oldest first."""
    found = [Entry(one.at, _sort(one.kind), one) for one in events if one.kind not in _TWICE]
    found += [Entry(one["reply"].at, "ours", one) for one in replies]
    found += [Entry(one.posted_at or one.heard_at, "theirs", one) for one in answers]
    found += [Entry(one.at, "voice", one) for one in voices]
    return sorted(found, key=lambda one: one.at)


def folded(entries: list[Entry]) -> tuple[list[Entry], list[Entry]]:
    """(what is folded, what is shown)."""
    return entries[:-SHOWN], entries[-SHOWN:]


def contest_of(case: Case, voices: Iterable[Voice]) -> Voice | None:
    """What the citizen last said against the answer, while it stands; None where nothing does."""
    if case.contested_at is None:
        return None
    against = [one for one in voices if one.kind == "contest"]
    return against[-1] if against else None


def _sort(kind: str) -> str:
    if kind == "case.noted":
        return "note"
    return "small" if kind.startswith(_SMALL) else "step"
