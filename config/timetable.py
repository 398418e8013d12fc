"""Whether calendar.toml can be used: each value that cannot is named in a sentence, when the program starts."""

from collections.abc import Callable
from datetime import date, time
from typing import Any

import holidays
from django.core.exceptions import ImproperlyConfigured

Table = dict[str, Any]

#: Content classes that a rule may name; an emergency is hindered by none.
HINDERED = ("service", "event", "greeting", "general")
_MOST_MINUTES, _MOST_HOURS = 30 * 24 * 60, 24 * 60


def checked(table: Table) -> Table:
    """The table itself. Raises ImproperlyConfigured with a sentence that names the value."""
    for name in ("quiet", "friday"):
        _span(table, name)
        _levels(table, name)
    for name, moment in _table(table, "moments").items():
        _moment(name, moment)
    for name in ("prayer", "holidays", "collision"):
        _levels(table, name)
    _prayer(_table(table, "prayer"))
    _holidays(_table(table, "holidays"))
    _number(table, "collision", "minutes", 0, _MOST_MINUTES)
    _number(table, "series", "lead", 1, _MOST_HOURS)
    for name in ("emergency", *HINDERED):
        _number(table, "overdue", name, 0, _MOST_MINUTES)
    _each(table, "work", "days", lambda day: type(day) is int and 1 <= day <= 7, "bilangan 1 sampai dengan 7")
    _each(table, "slots", "times", _is_time, 'jam seperti "07:00"')
    return table


def _table(table: Table, name: str) -> Table:
    value = table.get(name)
    if not isinstance(value, dict):
        raise _wrong(name, "", value, "harus sebuah tabel")
    return value


def _span(table: Table, name: str) -> None:
    values = _table(table, name)
    for end in ("start", "end"):
        if not _is_time(values.get(end)):
            raise _wrong(name, end, values.get(end), 'harus jam seperti "21:00"')
    if values["start"] == values["end"]:
        raise _wrong(name, "end", values["end"], "harus berbeda dari start")


def _levels(table: Table, name: str) -> None:
    for content_class, level in _table(_table(table, name), "level").items():
        if content_class not in HINDERED:
            raise _wrong(name, "level", content_class, f"kelas isi yang dikenal: {', '.join(HINDERED)}")
        if level not in ("refuse", "warn"):
            raise _wrong(name, f"level.{content_class}", level, 'harus "refuse" atau "warn"')


def _moment(name: str, moment: object) -> None:
    section = f"moments.{name}"
    if not isinstance(moment, dict):
        raise _wrong(section, "", moment, "harus sebuah tabel")
    whole = {section: moment}
    _span(whole, section)
    _levels(whole, section)
    try:
        date(2028, moment["month"], moment["day"])  # a leap year: 29 February is a day
    except (KeyError, TypeError, ValueError):
        asked = f"{moment.get('day')}-{moment.get('month')}"
        raise _wrong(section, "day", asked, "harus hari yang ada (day dan month)") from None
    if not isinstance(moment.get("name"), str) or not moment["name"]:
        raise _wrong(section, "name", moment.get("name"), "harus nama")


def _prayer(table: Table) -> None:
    whole = {"prayer": table}
    for name in ("fajr_angle", "isha_angle"):
        _number(whole, "prayer", name, 10, 25)
    _number(whole, "prayer", "precaution", 0, 10)
    _number(whole, "prayer", "minutes", 0, 120)


def _holidays(table: Table) -> None:
    country = table.get("country")
    if country not in holidays.list_supported_countries():
        raise _wrong("holidays", "country", country, 'harus kode negara seperti "ID"')
    for day, name in _table(table, "joint_leave").items():
        if not _is_day(day) or not isinstance(name, str):
            raise _wrong("holidays.joint_leave", day, name, 'tulis 2027-03-09 = "Cuti Bersama …"')


def _number(table: Table, section: str, name: str, least: float, most: float) -> None:
    value = _table(table, section).get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise _wrong(section, name, value, f"harus angka {least} sampai dengan {most}")


def _each(table: Table, section: str, name: str, fits: Callable[[Any], bool], wanted: str) -> None:
    value = _table(table, section).get(name)
    if not isinstance(value, list) or not value or not all(fits(one) for one in value):
        raise _wrong(section, name, value, f"harus daftar {wanted}")


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and len(value) == 5 and bool(time.fromisoformat(value).isoformat())
    except ValueError:
        return False


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def place(city: Table) -> Table:
    """city.toml with a place that prayer times can be reckoned for. Raises ImproperlyConfigured where it has none."""
    for name, most in (("latitude", 90), ("longitude", 180)):
        value = city.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > most:
            raise ImproperlyConfigured(
                f"city.toml: {name} = {value!r}; harus derajat -{most} sampai dengan {most}."
            )
    return city


def _wrong(section: str, name: str, value: object, wanted: str) -> ImproperlyConfigured:
    where = f"[{section}] {name}" if name else f"[{section}]"
    return ImproperlyConfigured(f"calendar.toml: {where} = {value!r}; {wanted}.")
