"""The kinds of announcement: folders under templates/announcements, each with a kind.toml and its wording."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from publisher.values import Choice, Type, TypeProblem, kecamatan, problem_of, shown

#: How one kind differs from another for pauses and overdue rules (publisher.models.Announcement.content_class).
CONTENT_CLASSES = ("emergency", "service", "event", "greeting", "general")
#: UU 14/2008 on public information, art. 9, 10 and 11.
PPID_CLASSES = ("berkala", "serta_merta", "setiap_saat")
#: Names that every template knows already, so that no field may have them.
RESERVED = frozenset({"reference", "city", "article", "english", "english_title", "beneath", "language"})
#: What is written anew in a second language; all else (a date, a link) is the same thing said once.
TRANSLATED = (Type.TEXT, Type.LONG)
_LONGEST = {Type.TEXT: 200, Type.LONG: 1200, Type.LINK: 500, Type.PHONE: 40}


class TemplateProblem(Exception):
    """Templat pengumuman tidak dapat dipakai."""


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that the author fills in. Values are kept as text, as the form sends them (publisher.values)."""

    name: str
    label: str
    type: Type = Type.TEXT
    help: str = ""
    example: str = ""
    required: bool = True
    max_length: int = 0  #: characters; 0: the usual limit of its type
    default: str = ""  #: what a new draft begins with; may name a value of the city: "{hotline}"
    minimum: int | None = None  #: of a number
    maximum: int | None = None
    not_before: str = ""  #: the field whose date or time this one must not precede
    choices: tuple[Choice, ...] = ()
    label_en: str = ""
    help_en: str = ""
    example_en: str = ""

    @property
    def long(self) -> bool:
        """Whether it has several lines."""
        return self.type == Type.LONG

    @property
    def translated(self) -> bool:
        """Whether it is written again in a second language."""
        return self.type in TRANSLATED

    def label_in(self, language: str) -> str:
        return (self.label_en if language == "en" else "") or self.label

    def help_in(self, language: str) -> str:
        return (self.help_en if language == "en" else "") or self.help

    def example_in(self, language: str) -> str:
        return (self.example_en if language == "en" else "") or self.example

    def options(self, language: str) -> list[tuple[str, str]]:
        """What may be chosen: value and word."""
        if self.type == Type.PLACE:
            return list(kecamatan().items())
        return [(one.value, one.label_in(language)) for one in self.choices]

    @property
    def beginning(self) -> str:
        """What a new draft has here."""
        return self.default.format_map(settings.CITY) if self.default else ""


@dataclass(frozen=True, slots=True)
class AnnouncementKind:
    key: str
    name: str
    about: str
    fields: tuple[Field, ...]
    name_en: str = ""
    about_en: str = ""
    content_class: str = "general"  #: one of CONTENT_CLASSES
    ppid_class: str = "setiap_saat"  #: one of PPID_CLASSES
    urgent: bool = False  #: goes out ahead of all else, with two approvals from the duty roster
    overdue: str = ""  #: the class whose rule decides what happens to an overdue one; "": its content class
    card: tuple[str, ...] = field(default=("place", "time"))  #: fields on the image card, in this order

    def name_in(self, language: str) -> str:
        return (self.name_en if language == "en" else "") or self.name

    def about_in(self, language: str) -> str:
        return (self.about_en if language == "en" else "") or self.about

    def field(self, name: str) -> Field:
        """The field of that name. Raises KeyError."""
        return {one.name: one for one in self.fields}[name]

    def names(self, language: str) -> list[str]:
        """The keys of what may be wrong in the form of one language."""
        if language == "en":
            return [f"en_{one.name}" for one in self.fields if one.translated]
        return [one.name for one in self.fields]

    def check(self, values: Mapping[str, str]) -> dict[str, str]:
        """Sentences by field name about what is missing or cannot be so; {} when all is well."""
        found = {one.name: sentence for one in self.fields if (sentence := _wrong(one, values))}
        for one in self.fields:
            if one.not_before and not {one.name, one.not_before} & set(found):
                found.update(_order(one, self.field(one.not_before), values))
        return found

    def check_english(self, values: Mapping[str, str]) -> dict[str, str]:
        """As ``check`` for the English wording, by "en_" and the field's name; {} when there is none at all."""
        if not self.has_english(values):
            return {}
        ours = [one for one in self.fields if one.translated]
        return {f"en_{one.name}": sentence for one in ours if (sentence := _wrong(one, values, "en"))}

    def has_english(self, values: Mapping[str, str]) -> bool:
        """Whether there is anything to say in English."""
        return any(values.get(one.name, "").strip() for one in self.fields if one.translated)

    def shown(self, values: Mapping[str, str], language: str = "id") -> dict[str, str]:
        """Every field as people read it ("2026-11-28" → "Sabtu, 28 November 2026"); "" for an empty one."""
        return {
            one.name: shown(one.type, values.get(one.name, ""), one.choices, language) for one in self.fields
        }

    def card_lines(self, values: Mapping[str, str]) -> list[str]:
        """The short lines of the image card under its title."""
        said = self.shown(values)
        return [said[name] for name in self.card if said.get(name)]


def folder() -> Path:
    path: Path = settings.BASE_DIR / "templates" / "announcements"
    return path


@cache
def kinds() -> dict[str, AnnouncementKind]:
    """All kinds by key. Raises TemplateProblem naming the file that cannot be read."""
    return {path.parent.name: _read(path) for path in sorted(folder().glob("*/kind.toml"))}


def kind_named(key: str) -> AnnouncementKind:
    """One kind. Raises TemplateProblem when there is none of that name."""
    try:
        return kinds()[key]
    except KeyError as error:
        raise TemplateProblem(f"Tidak ada jenis pengumuman '{key}'.") from error


def _wrong(one: Field, values: Mapping[str, str], language: str = "id") -> str:
    """What is wrong with one value, as a sentence that begins with the field's label; "" when nothing is."""
    value, label = values.get(one.name, "").strip(), one.label_in(language)
    if language == "en":
        label = _("%(field)s (Inggris)") % {"field": label}
    if not value:
        return _("%(field)s belum diisi.") % {"field": label} if one.required else ""
    if len(value) > one.max_length:
        return _("%(field)s paling panjang %(most)d huruf.") % {"field": label, "most": one.max_length}
    try:
        problem_of(one.type, value, one.choices, one.minimum, one.maximum)
    except TypeProblem as problem:
        return f"{label}: {problem}"
    return ""


def _order(one: Field, earlier: Field, values: Mapping[str, str]) -> dict[str, str]:
    """ISO dates and times of one type sort as text."""
    before, after = values.get(earlier.name, "").strip(), values.get(one.name, "").strip()
    if not before or not after or before <= after:
        return {}
    sentence = _("%(field)s tidak boleh sebelum %(earlier)s.")
    return {one.name: sentence % {"field": one.label, "earlier": earlier.label.lower()}}


def _read(path: Path) -> AnnouncementKind:
    where = f"templates/announcements/{path.parent.name}/{path.name}"
    try:
        table = tomllib.loads(path.read_text("utf-8"))
        fields = tuple(_field(row) for row in table.pop("field"))
        table["card"] = tuple(table.pop("card", ("place", "time")))
        made = AnnouncementKind(key=path.parent.name, fields=fields, **table)
        _sound(made)
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise TemplateProblem(f"Berkas jenis pengumuman {where} tidak dapat dibaca: {error}") from error
    return made


def _field(row: dict[str, Any]) -> Field:
    kind = Type(row.get("type", "text"))
    longest = row.get("max_length") or _LONGEST.get(kind, 40)
    choices = tuple(Choice(**one) for one in row.get("choices", ()))
    return Field(**{**row, "type": kind, "max_length": longest, "choices": choices})


def _sound(kind: AnnouncementKind) -> None:
    """What a file may get wrong although it can be read. Raises ValueError."""
    names = [one.name for one in kind.fields]
    for name in names:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in RESERVED or names.count(name) > 1:
            raise ValueError(f"nama isian '{name}' tidak dapat dipakai")
    for one in kind.fields:
        if (one.type == Type.CHOICE) != bool(one.choices):
            raise ValueError(
                f"isian '{one.name}': pilihan (choices) hanya untuk, dan wajib bagi, type = \"choice\""
            )
        if one.not_before and one.not_before not in names:
            raise ValueError(f"isian '{one.name}': tidak ada isian '{one.not_before}'")
    if kind.content_class not in CONTENT_CLASSES or kind.ppid_class not in PPID_CLASSES:
        raise ValueError("content_class atau ppid_class tidak dikenal")
    if kind.overdue and kind.overdue not in CONTENT_CLASSES:
        raise ValueError("overdue tidak dikenal")


def overdue_class(kind: str) -> str:
    """The class whose overdue rule fits announcements of that kind; "general" for a kind that is gone."""
    known = kinds().get(kind)
    return (known.overdue or known.content_class) if known else "general"
