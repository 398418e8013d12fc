"""The kinds of announcement: folders under templates/announcements, each with a kind.toml and its wording."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _


class TemplateProblem(Exception):
    """Templat pengumuman tidak dapat dipakai."""


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that the author fills in."""

    name: str
    label: str
    help: str = ""
    example: str = ""
    required: bool = True
    long: bool = False  #: several lines
    max_length: int = 200


@dataclass(frozen=True, slots=True)
class AnnouncementKind:
    key: str
    name: str
    about: str
    fields: tuple[Field, ...]

    def check(self, values: dict[str, str]) -> dict[str, str]:
        """Sentences by field name about what is missing or too long; {} when all is well."""
        problems = {}
        for field in self.fields:
            value = values.get(field.name, "").strip()
            if field.required and not value:
                problems[field.name] = _("%(field)s belum diisi.") % {"field": field.label}
            elif len(value) > field.max_length:
                problems[field.name] = _("%(field)s paling panjang %(most)d huruf.") % {
                    "field": field.label,
                    "most": field.max_length,
                }
        return problems


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


def _read(path: Path) -> AnnouncementKind:
    try:
        table = tomllib.loads(path.read_text("utf-8"))
        fields = tuple(Field(**row) for row in table["field"])
        return AnnouncementKind(path.parent.name, table["name"], table["about"], fields)
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise TemplateProblem(f"Berkas jenis pengumuman {path} tidak dapat dibaca: {error}") from error
