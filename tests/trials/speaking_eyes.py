"""What stands in the town, as a person would see it, and whether the deliveries say the same. Pure."""

from dataclasses import dataclass
from typing import Any

#: Of the wording: the first, the corrected, and the public sentences of a correction and of a withdrawal.
FIRST, CHANGED = "pukul 08.00 sampai 12.00", "pukul 13.00 sampai 15.00"
NOTE, REASON = "Jamnya keliru; yang benar pukul 13.00.", "Acaranya batal karena banjir."

SITES = ("web_diskominfostandi", "web_pemkot")
#: Channels on which a correction is a reply or a comment.
BESIDE = ("x", "instagram")
OPEN = ("planned", "claimed", "sending", "unknown", "retrying")
Received = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one account shows of the announcement."""

    posts: list[dict[str, Any]]  #: that stand for themselves
    corrections: int  #: replies, comments or notes with the public sentence
    withdrawals: int

    @property
    def text(self) -> str:
        return str(self.posts[0]["text"]) if self.posts else ""

    @property
    def twice(self) -> int:
        """How much more there is than there may be."""
        return sum(max(0, number - 1) for number in (len(self.posts), self.corrections, self.withdrawals))


def seen(received: Received, key: str, reference: str) -> Seen:
    rows = received[key]
    ours = [row for row in rows if row["reply_to"] is None and _carries(row, reference)]
    beside = [row["text"] for row in rows if row["reply_to"] is not None]
    within = [] if key in BESIDE else [row["text"] for row in ours]
    said = "\n".join([*beside, *within])
    if key == "facebook":  # its post may carry the sentence of the correction, once or not at all
        return Seen(ours, 0, 0)
    return Seen(ours, said.count(NOTE), said.count(REASON))


def done(act: str, key: str, here: Seen, version_words: str) -> bool:
    """Whether the town shows that the act has happened."""
    match act, key:
        case "publish", _:
            return bool(here.posts) and version_words in here.text
        case "correct", "x" | "instagram":
            return here.corrections > 0
        case "correct", _:
            return CHANGED in here.text
        case "retract", "x" | "facebook" | "instagram":
            return not here.posts
    return here.withdrawals > 0 and FIRST not in here.text and CHANGED not in here.text


def breaches(ends: dict[str, Any], received: Received) -> list[tuple[str, str]]:
    """(what was broken: twice, lost, stuck or untold; where) of all deliveries of the trial."""
    found = []
    for key, rows in ends["deliveries"].items():
        here = seen(received, key, ends["reference"])
        if here.twice:
            found.append(("twice", f"{key}: {here}"))
        found += [("stuck", f"{key}: {row}") for row in rows if row["state"] in OPEN]
        asked = [row for row in rows if row["state"] in ("needs_person", "refused")]
        found += [("untold", f"{key}: {row}") for row in asked if not row["trouble"]]
        found += [("lost", f"{key}: {row} but {here}") for row in rows[-1:] if _untrue(row, key, here)]
    return found


def _untrue(row: dict[str, Any], key: str, here: Seen) -> bool:
    """Whether the newest delivery of an account says something else than the town."""
    shown = done(row["act"], key, here, row["words"])
    match row["state"], row["act"]:
        case "published" | "retracted", _:
            return not shown
        case "refused", "publish":
            return shown  # called refused, and it is there
    return False


def _carries(row: dict[str, Any], reference: str) -> bool:
    return reference in row["text"] or str(row.get("slug", "")).endswith(reference.lower())
