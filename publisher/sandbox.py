"""The closed room in which templates are filled: shipped files, and before them the versions that staff wrote.

A template can do little on purpose: look at its values, choose, and go through lines. It cannot reach an attribute
that is not listed here, count to a million, multiply a text, or call anything else.
"""

import re
import traceback
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from jinja2 import BaseLoader, FileSystemLoader, StrictUndefined, TemplateNotFound
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup, escape

from publisher.kinds import folder
from publisher.models import TemplateVersion

#: Where shipped templates stand, as people are told of them.
SHELF = "templates/announcements"
_FILTERS = "capitalize default first join last length list lower map reject replace select striptags title trim upper"
_ATTRIBUTES = frozenset({"name", "office", "hotline", "website"})  # of the city
_METHODS = frozenset(
    {"splitlines", "split", "strip", "startswith", "endswith", "lower", "upper"}
)  # of a text
_TESTS = "defined undefined none string in"


class Room(SandboxedEnvironment):
    """The sandbox, with fewer things in it."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        raise TypeError(f"tanda '{operator}' tidak boleh dipakai dalam templat")

    def wrap_str_format(self, value: Any) -> None:
        """ "{:1000000000}".format(1) would fill the memory: str.format is an attribute like any other, not listed."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        known = _METHODS if isinstance(obj, str) else _ATTRIBUTES if isinstance(obj, dict) else _LOOP
        return attr in known and super().is_safe_attribute(obj, attr, value)


_LOOP = frozenset({"first", "last", "index"})  # of a loop


class Shelf(BaseLoader):
    """Given bodies first, by name; then the files."""

    def __init__(self, bodies: Mapping[str, str]) -> None:
        self._bodies = dict(bodies)
        self._files = FileSystemLoader(folder())

    def get_source(self, environment: Any, template: str) -> tuple[str, str, Any]:
        if template in self._bodies:
            return self._bodies[template], f"{SHELF}/{template}", lambda: True
        body, _path, fresh = self._files.get_source(environment, template)
        return body, f"{SHELF}/{template}", fresh


def room(trial: Mapping[str, str] | None = None) -> Room:
    """The sandbox with the versions in use, and before them the bodies of ``trial`` ("kind/x.txt" → text)."""
    in_use = tuple(TemplateVersion.objects.filter(in_use=True).order_by("pk").values_list("pk", flat=True))
    return _with_versions(in_use) if not trial else _with_trial(in_use, tuple(sorted(trial.items())))


@lru_cache(maxsize=4)
def _with_versions(in_use: tuple[int, ...]) -> Room:
    """A version never changes once it is stored, so its number is enough to know the room by."""
    return _made(_bodies(in_use))


@lru_cache(maxsize=2)
def _with_trial(in_use: tuple[int, ...], trial: tuple[tuple[str, str], ...]) -> Room:
    return _made({**_bodies(in_use), **dict(trial)})


def _bodies(in_use: tuple[int, ...]) -> dict[str, str]:
    rows = TemplateVersion.objects.filter(pk__in=in_use) if in_use else ()
    return {f"{row.kind}/{row.name}": row.body for row in rows}


def _made(bodies: Mapping[str, str]) -> Room:
    return closed_room(Shelf(bodies))


def closed_room(loader: BaseLoader) -> Room:
    """A sandbox over the templates of ``loader``."""
    made = Room(
        loader=loader,
        undefined=StrictUndefined,
        autoescape=lambda name: bool(name and name.endswith(".html")),
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=400,
    )
    made.globals.clear()
    made.filters = {name: made.filters[name] for name in _FILTERS.split()}
    made.filters["paragraphs"] = paragraphs
    made.tests = {name: made.tests[name] for name in _TESTS.split()}
    return made


def paragraphs(text: str) -> Markup:
    """Each line that is not empty as a paragraph of HTML, escaped."""
    lines = [line.strip() for line in str(text).splitlines()]
    return Markup("\n").join(Markup("<p>{}</p>").format(escape(line)) for line in lines if line)


#: What Jinja says, and how we say it.
_SAYINGS = (
    (r"'(?P<x>\w+)' is undefined", "nama '{x}' tidak dikenal"),
    (r"(?:str|dict) object' has no attribute '(?P<x>\w+)'", "'{x}' tidak ada di situ"),
    (r"No (?:filter|test) named '(?P<x>\w+)'", "penyaring '{x}' tidak ada"),
    (r"access to attribute '(?P<x>\w+)'", "'{x}' tidak boleh dipakai"),
    (r"unexpected '(?P<x>.+?)'", "tanda '{x}' tidak pada tempatnya"),
    (r"expected token '(?P<x>.+?)'", "kurang tanda '{x}'"),
    (r"Unexpected end of template", "ada {% if %} atau {% for %} yang belum ditutup"),
    (r"Encountered unknown tag '(?P<x>.+?)'", "perintah '{x}' tidak ada atau tidak pada tempatnya"),
    (r"unknown tag|tag name expected", "perintahnya tidak lengkap"),
)


def said(error: BaseException) -> str:
    """What an error of a template says, in Indonesian where we know it; without a full stop."""
    message = str(getattr(error, "message", None) or error)
    for pattern, ours in _SAYINGS:
        if match := re.search(pattern, message):
            return ours.replace("{x}", match.groupdict().get("x", ""))
    return message.rstrip(".")


def place_of(error: BaseException, name: str) -> tuple[str, int]:
    """File and line of a template where ``error`` arose; line 0 when it is not known.

    Jinja puts the template's own lines into the traceback (jinja2.debug.rewrite_traceback_stack).
    """
    known = getattr(error, "lineno", None)
    if known:
        return f"{SHELF}/{getattr(error, 'name', None) or name}", int(known)
    frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename.startswith(SHELF)]
    return (frames[-1].filename, frames[-1].lineno or 0) if frames else (f"{SHELF}/{name}", 0)


@cache
def shipped(kind: str, name: str) -> str:
    """The body of a shipped template. Raises TemplateNotFound."""
    path = folder() / kind / name
    if not path.is_file():
        raise TemplateNotFound(f"{kind}/{name}")
    return path.read_text("utf-8")
