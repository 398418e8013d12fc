"""What the typed fields of an announcement hold: checked as they are typed, and shown as people read them.

Every value is kept as the text that the form sent, so that nothing typed is ever lost: dates and times in ISO form
("2026-11-28", "08:00", "2026-11-28T08:00", wall time of the city), areas by their Kemendagri code.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from functools import cache
from typing import TypeVar
from zoneinfo import ZoneInfo

from babel import dates, numbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _

from city.gazetteer import places

Value = TypeVar("Value")

_PHONE = re.compile(r"\+?[\d(][\d ().-]*\d")
_LINK = URLValidator(schemes=["http", "https"])


class Type(StrEnum):
    """What a field holds."""

    TEXT = "text"  #: one line
    LONG = "long"  #: several lines
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    NUMBER = "number"  #: a whole number
    CHOICE = "choice"
    LINK = "link"
    PHONE = "phone"  #: of an office; three to fifteen digits
    PLACE = "place"  #: a kecamatan, by its code


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    label_en: str = ""

    def label_in(self, language: str) -> str:
        return (self.label_en if language == "en" else "") or self.label


class TypeProblem(Exception):
    """Isinya tidak cocok dengan jenis isian ini."""


@cache
def kecamatan() -> dict[str, str]:
    """The names of the city's kecamatan by code, in the order of the codes."""
    return {place.code: place.name for place in places() if place.level == "kecamatan"}


def problem_of(
    kind: Type,
    value: str,
    choices: tuple[Choice, ...] = (),
    least: int | None = None,
    most: int | None = None,
) -> None:
    """Raises TypeProblem (what is wrong, what to do) when ``value``, which is not empty, is none of ``kind``."""
    match kind:
        case Type.DATE if _day(value) is None:
            raise TypeProblem(_("tanggalnya tidak ada di kalender; pilih lagi."))
        case Type.TIME if _hour(value) is None:
            raise TypeProblem(_("jamnya tidak terbaca; tulis seperti 08:00."))
        case Type.DATETIME if _moment(value) is None:
            raise TypeProblem(_("tanggal dan jamnya belum lengkap; pilih keduanya."))
        case Type.NUMBER:
            _check_number(value, least, most)
        case Type.CHOICE if value not in {one.value for one in choices}:
            raise TypeProblem(_("pilih salah satu dari daftar."))
        case Type.LINK:
            _check_link(value)
        case Type.PHONE if not _is_phone(value):
            raise TypeProblem(_("tulis nomor telepon dengan angka, misalnya 021-8895-8181 atau 112."))
        case Type.PLACE if value not in kecamatan():
            raise TypeProblem(_("pilih salah satu kecamatan dari daftar."))


def shown(kind: Type, value: str, choices: tuple[Choice, ...] = (), language: str = "id") -> str:
    """``value`` as people read it in ``language`` ("id" or "en"); one that cannot be read stays as it was typed."""
    value = value.strip()
    match kind:
        case Type.DATE if (day := _day(value)) is not None:
            return _date(day, language)
        case Type.TIME if (hour := _hour(value)) is not None:
            return _time(hour, language)
        case Type.DATETIME if (moment := _moment(value)) is not None:
            at = "pukul" if language == "id" else "at"
            return f"{_date(moment.date(), language)} {at} {_time(moment.time(), language)} {_zone(moment)}"
        case Type.NUMBER if value.isdecimal() and len(value) < 16:
            return str(numbers.format_decimal(int(value), locale=language))
        case Type.CHOICE:
            return next((one.label_in(language) for one in choices if one.value == value), value)
        case Type.PLACE:
            return kecamatan().get(value, value)
    return value


def _date(day: date, language: str) -> str:
    """ "Sabtu, 28 November 2026"; "Saturday, 28 November 2026"."""
    return str(dates.format_date(day, "EEEE, d MMMM y", locale="en_GB" if language == "en" else language))


def _time(hour: time, language: str) -> str:
    """Indonesian writes a full stop between hour and minute (PUEBI): "08.00"; English "08:00"."""
    return hour.strftime("%H.%M" if language == "id" else "%H:%M")


def _zone(moment: datetime) -> str:
    """ "WIB": the zone's short name at that moment."""
    return moment.replace(tzinfo=ZoneInfo(settings.TIME_ZONE)).tzname() or ""


def _day(value: str) -> date | None:
    return _read(date.fromisoformat, value, "0000-00-00")


def _hour(value: str) -> time | None:
    return _read(time.fromisoformat, value, "00:00")


def _moment(value: str) -> datetime | None:
    return _read(datetime.fromisoformat, value, "0000-00-00T00:00")


def _read(reader: Callable[[str], Value], value: str, form: str) -> Value | None:
    """Only in the one form that a browser sends, so that values of one type sort as text."""
    if len(value) != len(form) or re.sub(r"[0-9]", "0", value) != form:
        return None
    try:
        return reader(value)
    except ValueError:
        return None


def _check_number(value: str, least: int | None, most: int | None) -> None:
    if not value.isdecimal() or not value.isascii() or len(value) > 15:
        raise TypeProblem(_("tulis bilangan bulat dengan angka saja, misalnya 150."))
    if least is not None and int(value) < least:
        raise TypeProblem(_("paling sedikit %(least)d.") % {"least": least})
    if most is not None and int(value) > most:
        raise TypeProblem(_("paling banyak %(most)d.") % {"most": most})


def _check_link(value: str) -> None:
    try:
        _LINK(value)
    except ValidationError as error:
        raise TypeProblem(_("tempel alamat lengkapnya, dimulai dengan https://.")) from error


def _is_phone(value: str) -> bool:
    return bool(_PHONE.fullmatch(value) or value.isdecimal()) and 3 <= sum(c.isdigit() for c in value) <= 15
