"""From a cell of a table to the value of a typed field, as the composer's form would have sent it.

People write days and hours as Indonesia does ("28/11/2026", "08.00"), office programs give them as times of their
own; what cannot be read stays as it was, and the kind's check says so.
"""

import re
from datetime import date, datetime, time

from django.utils.translation import gettext as _

from publisher.kinds import Field
from publisher.sheets import Cell
from publisher.values import Type, kecamatan

_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(.*)", re.DOTALL)
_HOUR = re.compile(r"(\d{1,2})[.:](\d{2})(?::\d{2})?(?:\s*WIB)?", re.IGNORECASE)


def typed(one: Field, value: Cell) -> str:
    """A cell as the form would have sent it for the field ``one``."""
    match one.type:
        case Type.DATE:
            return value.strftime("%Y-%m-%d") if isinstance(value, date) else _iso_day(str(value))
        case Type.TIME:
            return value.strftime("%H:%M") if isinstance(value, time | datetime) else _iso_hour(str(value))
        case Type.DATETIME:
            return iso_moment(value)
        case Type.CHOICE:
            words = {
                folded(word): choice.value for choice in one.choices for word in (choice.value, choice.label)
            }
            return words.get(folded(str(value)), str(value))
        case Type.PLACE:
            return {folded(name): code for code, name in kecamatan().items()}.get(
                folded(str(value)), str(value)
            )
    if isinstance(value, bool):
        return _("ya") if value else _("tidak")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.strftime("%d/%m/%Y %H.%M") if value.time() != time() else value.strftime("%d/%m/%Y")
    return str(value).replace("\r\n", "\n")


def _iso_day(text: str) -> str:
    """ "28/11/2026" as "2026-11-28"; all else as it is."""
    found = _DAY.fullmatch(text.strip())
    return f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}{found[4]}" if found else text.strip()


def _iso_hour(text: str) -> str:
    """ "8.00 WIB" as "08:00"; all else as it is."""
    found = _HOUR.fullmatch(text.strip())
    return f"{int(found[1]):02}:{found[2]}" if found else text.strip()


def iso_moment(value: Cell) -> str:
    """ "28/11/2026 08.00" as "2026-11-28T08:00"; all else as it is."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M")
    day, _space, hour = _iso_day(str(value)).replace("T", " ").partition(" ")
    return f"{day}T{_iso_hour(hour)}" if hour else day


def folded(text: str) -> str:
    """One form for all spellings of a name."""
    return " ".join(text.replace("_", " ").split()).casefold()
