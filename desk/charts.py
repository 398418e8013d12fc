"""Charts drawn on the server by pygal, cleaned for a page whose policy allows nothing inline, and the tile map.

pygal puts a style sheet, a script, inline styles and hover texts into its SVG. All of it goes: colours and letters
come from public.css by class, so that charts follow the theme and print. Every chart stands beside a table with its
numbers and is hidden from screen readers, which read the table.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from xml.etree import ElementTree

import pygal
from django.utils.translation import gettext as _
from markupsafe import Markup
from pygal.style import Style

from cases.figures import Row
from desk.times import number

_SVG = "http://www.w3.org/2000/svg"
#: What of pygal's drawing is kept; ``style``, scripts, descriptions for its script and hover areas are not.
_DROPPED = {"style", "script", "desc", "title"}
_KEPT = {
    "class", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "rx", "ry", "width", "height", "d", "points",
    "transform", "viewBox",
}  # fmt: skip
#: Side of a tile and the gap between two, in units of the drawing.
_SIDE, _GAP = 68, 4
#: Longest line of a name inside a tile.
_LINE = 10


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar or point: its name and its height; None is drawn as nothing."""

    name: str
    value: float | None


def bars(rows: Sequence[Bar], form: str = "") -> Markup:
    """Horizontal bars, the first row on top, safe for a page; ``form``: "percent" for shares from 0 to 1."""
    shown = list(reversed(rows))
    chart = pygal.HorizontalBar(
        **_settings(height=80 + 32 * max(1, len(shown))),
        margin_right=48,
        formatter=_formatter(form),
        print_values=True,
        spacing=8,
    )
    chart.x_labels = [_short(row.name) for row in shown]
    chart.add("", [row.value for row in shown])
    return cleaned(chart.render())


def columns(rows: Sequence[Bar]) -> Markup:
    """Upright columns in order of time."""
    chart = pygal.Bar(**_settings(height=280), formatter=_formatter(""), print_values=True, spacing=12)
    chart.x_labels = [row.name for row in rows]
    chart.add("", [row.value for row in rows])
    return cleaned(chart.render())


def cleaned(svg: bytes) -> Markup:
    """pygal's SVG without style, script, links, ids and hover areas."""
    root = ElementTree.fromstring(svg)  # noqa: S314 - it was made just now by pygal, not read from anywhere
    _clean(root)
    root.set("aria-hidden", "true")
    root.set("focusable", "false")
    ElementTree.register_namespace("", _SVG)
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704 - only kept tags and attributes are left


@dataclass(frozen=True, slots=True)
class Tile:
    """One kelurahan on the tile map."""

    code: str
    x: int
    y: int
    shade: int  #: 0 (none) to 4 (most)
    lines: list[str]  #: its name
    figure: str  #: "12", or "<5"


def tiles(rows: Sequence[Row], least: int) -> tuple[list[Tile], int, int]:
    """The tiles, and width and height of their drawing. ``rows``: figures.areas; ``least``: of the figures."""
    most = max((row.count or 0 for row in rows), default=0)
    squares = _squares()
    made = [_tile(row, squares[row.key], most, least) for row in rows if row.key in squares]
    side = _SIDE + _GAP
    wide = max((column for column, _row in squares.values()), default=0) + 1
    high = max((row for _column, row in squares.values()), default=0) + 1
    return made, wide * side, high * side


def _tile(row: Row, square: tuple[int, int], most: int, least: int) -> Tile:
    column, line = square
    side = _SIDE + _GAP
    few = row.count is None
    shade = 1 if few else _shade(row.count or 0, most)
    figure = f"<{least}" if few else number(row.count or 0)
    return Tile(row.key, column * side, line * side, shade, _lines(row.name), figure)


def _shade(count: int, most: int) -> int:
    """Four equal steps up to the most; 0 for none."""
    return 0 if count == 0 else min(4, 1 + 4 * (count - 1) // max(most, 1))


def _lines(name: str) -> list[str]:
    """A name in up to two lines that fit into a tile."""
    if len(name) <= _LINE:
        return [name]
    if " " in name:
        first, _space, rest = name.partition(" ")
        return [first, rest]
    tail = next((end for end in _TAILS if name.endswith(end)), name[_LINE - 2 :])
    return [f"{name.removesuffix(tail)}-", tail]


#: Where a long name of one word is broken.
_TAILS = (
    *("sampurna", "waringin", "cempaka", "ranggon", "menteng", "gebang", "satria", "mulya", "jaya", "udik"),
    *("baru", "sari"),
)


@cache
def _squares() -> dict[str, tuple[int, int]]:
    table = tomllib.loads(files("city.data").joinpath("tiles.toml").read_text("utf-8"))
    return {one["code"]: (one["column"], one["row"]) for one in table["tile"]}


def _settings(height: int) -> dict[str, object]:
    return {
        "width": 640,
        "height": height,
        "show_legend": False,
        "js": [],
        "css": [],
        "no_prefix": True,
        "disable_xml_declaration": True,
        "no_data_text": _("Belum ada data"),
        "truncate_label": -1,
        "margin": 8,
        "show_y_guides": False,
        "print_values_position": "top",
        # Only to leave room: public.css says how letters look.
        "style": Style(label_font_size=12, major_label_font_size=12, value_font_size=12),
        "include_x_axis": True,
    }


def _formatter(form: str) -> object:
    if form == "percent":
        return lambda value: "" if value is None else f"{round(100 * value)}%"
    return lambda value: "" if value is None else number(round(value, 1))


def _short(name: str) -> str:
    return name if len(name) <= 34 else name[:33] + "…"


def _clean(element: ElementTree.Element) -> None:
    for child in list(element):
        tag = str(child.tag).rpartition("}")[2] if isinstance(child.tag, str) else "comment"
        empty = tag == "g" and "tooltip" in child.get("class", "")
        if tag in _DROPPED or tag == "comment" or empty or tag == "defs":
            element.remove(child)
        else:
            _clean(child)
    for name in list(element.attrib):
        if name not in _KEPT:
            del element.attrib[name]
