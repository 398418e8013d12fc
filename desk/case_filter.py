"""How the filters of the case list are shown: what may be chosen, what is chosen, and the address of each."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import parse_qsl, urlencode

from django.utils.translation import gettext as _

from cases import filters
from cases.filters import Filter
from cases.models import Gate, SavedFilter, State
from cases.topics import TOPICS
from channels.models import Kind as Channel
from city.gazetteer import places
from city.models import UnitSort, standing
from classifiers.models import KindChoice
from desk.words import pressing
from ledger.models import Person
from ledger.roles import Role
from publisher.mandates import day_of

#: What a view is called by default; the list begins with it.
FIRST = "baru"
Choices = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Field:
    """One filter with a list of values."""

    name: str  #: in the address
    word: str
    value: str  #: what is chosen; "" nothing
    choices: Choices


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter that is in force."""

    word: str
    without: str  #: address of the list without it


def address(asked: Filter, **changes: str) -> str:
    """The list's address for a filter, with its view always named; starts with "?"."""
    view = changes.get("tampilan", asked.tampilan)
    query = asked.query(**changes)
    return "?" + (query if "tampilan=" in query else f"tampilan={view}" + (f"&{query}" if query else ""))


def kept_address(saved: SavedFilter) -> str:
    """The address of a filter that somebody kept; what it asks for is read when it is opened."""
    return "?" + urlencode({"tampilan": "semua", **dict(parse_qsl(saved.query))})


def fields(asked: Filter, person: Person, now: datetime) -> list[Field]:
    """The filters with a list of values, in the order of the form."""
    known = _choices(person, day_of(now))
    return [Field(name, word, getattr(asked, name), known[name]) for name, word in _words().items()]


def chips(asked: Filter, shown: list[Field]) -> list[Chip]:
    """What is in force besides the view and the words that are looked for."""
    found = [_chip(asked, one.name, one.word, one.value, dict(one.choices)) for one in shown if one.value]
    for name, word in {"dari": _("sejak"), "sampai": _("sampai")}.items():
        if value := getattr(asked, name):
            found.append(
                _chip(asked, name, word, value, {value: date.fromisoformat(value).strftime("%d-%m-%Y")})
            )
    if asked.diikuti:
        found.append(Chip(_("yang saya ikuti"), address(asked, diikuti="")))
    if asked.kejadian:
        found.append(_chip(asked, "kejadian", _("kejadian"), asked.kejadian, {}))
    return found


def _chip(asked: Filter, name: str, word: str, value: str, known: dict[str, str]) -> Chip:
    return Chip(f"{word}: {known.get(value, value)}", address(asked, **{name: ""}))


def _words() -> dict[str, str]:
    return {
        "tenggat": _("tenggat"),
        "unit": _("unit"),
        "petugas": _("penanggung jawab"),
        "topik": _("topik"),
        "wilayah": _("wilayah"),
        "jalur": _("jalur"),
        "keadaan": _("keadaan"),
        "urgensi": _("urgensi"),
        "jenis": _("jenis"),
        "saluran": _("saluran"),
    }


def _choices(person: Person, day: date) -> dict[str, Choices]:
    units = list(standing(day).exclude(sort=UnitSort.OUTSIDE).values_list("key", "short"))
    return {
        "tenggat": [(filters.OVERDUE, _("lewat")), (filters.SOON, _("segera"))],
        "unit": [(filters.NOBODY, _("belum ada")), *units],
        "petugas": [(filters.MINE, _("saya")), (filters.NOBODY, _("belum ada")), *_officers(person)],
        "topik": [(key, str(word)) for key, word in TOPICS.items()],
        "wilayah": [(one.code, _place(one.level, one.name)) for one in places()],
        "jalur": _labels(Gate.choices),
        "keadaan": _labels(State.choices),
        "urgensi": [(level, sign.word) for level in ("emergency", "soon") if (sign := pressing(level))],
        "jenis": _labels(KindChoice.choices),
        "saluran": _labels(Channel.choices),
    }


def _officers(person: Person) -> Choices:
    rows = Person.objects.filter(groups__name=Role.OFFICER.value, is_active=True).exclude(pk=person.pk)
    return sorted(((one.username, str(one)) for one in rows), key=lambda pair: pair[1].casefold())


def _place(level: str, name: str) -> str:
    return _("Kecamatan %(name)s") % {"name": name} if level == "kecamatan" else name


def _labels(choices: Iterable[tuple[str, object]]) -> Choices:
    return [(value, str(label)) for value, label in choices]
