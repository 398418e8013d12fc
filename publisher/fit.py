"""Texts made to fit: cut at the end of a word, never inside a link, a number of ours or an emoji."""

import unicodedata
from collections.abc import Callable

from channels.x_length import measure

Measure = Callable[[str], int]
_JOINERS = ("\u200d", "\ufe0f", "\ufe0e")
_LOOSE_ENDS = " \t\n.,;:–—-(/&+·"


def weight(text: str) -> int:
    """How long X says ``text`` is."""
    return measure(text).weighted_length


def shorten(text: str, most: int, long: Measure = len) -> str:
    """``text`` in at most ``most`` units of ``long``, an ellipsis where something is missing; "" when not even that.

    Cut after a whole word; a single word that is too long is cut inside, but a link is left out whole.
    """
    if long(text) <= most:
        return text
    size = _longest(text, most, long)
    while size > 0:
        kept = _whole_words(text, size)
        if kept and long(kept + "…") <= most:
            return kept + "…"
        size = min(size - 1, len(kept) - 1)
    return "…" if long("…") <= most else ""


def _longest(text: str, most: int, long: Measure) -> int:
    """About how many characters fit, found by halving; a link's length does not grow evenly, so only about."""
    low, high = 0, min(len(text), max(most, 0) + 1)
    while low < high:
        middle = (low + high + 1) // 2
        if long(text[:middle] + "…") <= most:
            low = middle
        else:
            high = middle - 1
    return low


def _whole_words(text: str, size: int) -> str:
    """The first ``size`` characters without a word cut in two, unless that word is most of it."""
    head = text[: _between_signs(text, size)]
    if len(head) < len(text) and not text[len(head)].isspace() and head and not head[-1].isspace():
        last = max(head.rfind(" "), head.rfind("\n"))
        broken = text[last + 1 :].split(maxsplit=1)[0]
        if last >= len(head) // 2 or "://" in broken or _dotted(broken):
            head = head[: last + 1]
    return head.rstrip(_LOOSE_ENDS)


def _between_signs(text: str, size: int) -> int:
    """``size``, or a little less, so that no accent, tone or joined emoji is parted from what it belongs to."""
    while 0 < size < len(text) and (
        text[size] in _JOINERS
        or text[size - 1] == "\u200d"
        or unicodedata.combining(text[size])
        or "\U0001f3fb" <= text[size] <= "\U0001f3ff"
        or "\U0001f1e6" <= text[size] <= "\U0001f1ff"
    ):
        size -= 1
    return size


def _dotted(word: str) -> bool:
    """Whether X might take ``word`` for a link: "layanan.go.id"."""
    return "." in word.strip(".,;:!?…")
