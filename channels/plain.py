"""Markup to the words that a reader of the page sees. Pure: text in, text out, nothing is fetched."""

import re
from html.parser import HTMLParser

import nh3

from channels.reading import words

#: What is kept of a text; the longest novel in a comment box ends here.
LONGEST = 40_000
#: Elements that begin a new line, and those that begin a new paragraph.
_LINES = frozenset({"br", "div", "li", "tr", "dt", "dd", "figcaption"})
_PARAGRAPHS = frozenset({"p", "blockquote", "pre", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6"})
_KEPT = {*_LINES, *_PARAGRAPHS, "img"}
#: Where a line element begins or ends; several are one line break. `words` leaves no such character in a text.
_EDGE = "\x00"
_SPACE = re.compile(r"[ \t\n\r\f\v\u00a0]+")


class _Reader(HTMLParser):
    """Collects the words of markup that nh3 has already put in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._break(tag)
        given = dict(attrs)
        # WordPress exchanges emoji for pictures in its feeds (wp_staticize_emoji, 6.8): the alt is the emoji.
        if tag == "img" and {"emoji", "wp-smiley"} & set((given.get("class") or "").split()):
            self.parts.append(given.get("alt") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag != "br":
            self._break(tag)

    def handle_data(self, data: str) -> None:
        self.parts.append(_SPACE.sub(" ", data))

    def _break(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self.parts.append("\n\n")
        elif tag in _LINES:
            self.parts.append("\n" if tag == "br" else _EDGE)


def plain(markup: object, longest: int = LONGEST) -> str:
    """The words of the first ``longest`` letters of ``markup``: entities read, scripts and tags gone.

    Raises ValueError for no text.
    """
    text = words(markup, "isi")[:longest]
    if "<" not in text and "&" not in text:
        return text.strip()
    reader = _Reader()
    # nh3 (html5ever) takes anything and drops the content of script and style; Python's own parser does not.
    reader.feed(nh3.clean(text, tags=_KEPT, attributes={"img": {"alt", "class"}}, link_rel=None))
    reader.close()
    whole = re.sub(rf"(?:{_EDGE} *)+", "\n", "".join(reader.parts))
    lines = (_SPACE.sub(" ", line).strip() for line in whole.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
