"""Whether two texts say the same, where themes, filters and editors change the rest. Pure: texts in, bools out."""

import re
import unicodedata

import nh3

from channels.plain import plain
from channels.reading import same_words

#: A page of a block theme carries 100 kB of styles before its first word (seen with 6.8.12).
_WHOLE = 2_000_000
_LINK = re.compile(r'\b(?:href|src)="([^"]*)"')


def carries(page: str, wanted: str) -> bool:
    """Whether every paragraph of ``wanted`` stands in ``page``, in that order; both markup or plain text.

    Only letters and digits count: WordPress turns quotation marks, dashes and "x" between digits into others
    (wptexturize), and a theme may put anything between two paragraphs.
    """
    shown, at, some = f" {_letters(plain(page, _WHOLE))} ", 0, False
    for block in plain(wanted, _WHOLE).split("\n"):
        if not (words := _letters(block)):
            continue
        at, some = shown.find(f" {words} ", at), True
        if at < 0:
            return False
        at += len(words) + 1
    return some


def same_article(one: str, other: str) -> bool:
    """Whether two articles (markup) have the same words, links and pictures, however they are marked up."""
    return same_words(plain(one, _WHOLE), plain(other, _WHOLE)) and _links(one) == _links(other)


def _letters(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text.replace("×", "x")).casefold()
    return " ".join(re.findall(r"\w+", folded))


def _links(markup: str) -> list[str]:
    return sorted(_LINK.findall(nh3.clean(markup)))
