"""The filters of the case list: read from an address, told back in one normal form, and kept under a name.

Words of the address are Indonesian, as its people see them: ?tampilan=dikerjakan&unit=dbmsda&tenggat=lewat&q=lubang.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Exists, Q, QuerySet
from django.utils.translation import gettext as _

from cases import clock_lists, scope, search
from cases.models import ENDED, Case, Gate, State
from cases.topics import TOPICS
from channels.models import Kind as Channel
from city.gazetteer import places
from city.models import Unit
from classifiers.core.urgency import Level
from classifiers.models import KindChoice
from ledger.models import Person

OPEN = tuple(sorted(set(State) - ENDED))
#: The views, by the word in the address; None: all states.
VIEWS: dict[str, tuple[State, ...] | None] = {
    "baru": (State.RECEIVED, State.VERIFIED),
    "dikerjakan": (State.ASSIGNED, State.IN_PROGRESS, State.ANSWERED),
    "kembali": OPEN,  #: taken up again, and not over
    "selesai": tuple(sorted(ENDED)),
    "semua": None,
}
#: Words of "tenggat" and "petugas" beside a username.
SOON, OVERDUE, MINE, NOBODY = "segera", "lewat", "saya", "kosong"
_ON = "ya"
#: Characters of the words that are looked for.
LONGEST_WORDS = 200
_FIRST_YEAR, _LAST_YEAR = 2000, 2100


@dataclass(frozen=True, slots=True)
class Filter:
    """What is asked for; "" and None ask for nothing."""

    tampilan: str = "semua"
    keadaan: str = ""  #: State
    jalur: str = ""  #: Gate
    unit: str = ""  #: key of a unit; "kosong": of none
    wilayah: str = ""  #: code of a kecamatan (with its kelurahan) or a kelurahan
    topik: str = ""
    jenis: str = ""  #: KindChoice
    urgensi: str = ""  #: Level
    tenggat: str = ""  #: "segera" or "lewat"
    petugas: str = ""  #: "saya", "kosong" or a username
    diikuti: str = ""  #: "ya": watched by whoever asks
    kejadian: str = ""  #: id of an incident
    saluran: str = ""  #: Channel
    dari: str = ""  #: first local day on which it was opened, ISO
    sampai: str = ""  #: last one, inclusive
    q: str = ""
    problems: tuple[str, ...] = field(
        default=(), compare=False
    )  #: what could not be understood, as sentences

    def query(self, **changes: Any) -> str:
        """The normal form: names in one order, without what asks for nothing. Without "?"."""
        asked = replace(self, **changes) if changes else self
        return urlencode(
            [(name, value) for name in NAMES if (value := getattr(asked, name)) not in ("", _default(name))]
        )

    @property
    def narrow(self) -> bool:
        """Whether anything but the view is asked for."""
        return any(getattr(self, name) for name in NAMES if name != "tampilan")

    def rows(self, person: Person, now: datetime) -> QuerySet[Case]:
        """The cases that ``person`` may see and that are asked for, the newest first."""
        rows = scope.visible(person)
        if self.tampilan == "kembali":
            rows = rows.filter(reopened__gt=0)
        states = [State(self.keadaan)] if self.keadaan else VIEWS[self.tampilan]
        if states is not None:
            rows = rows.filter(state__in=states)
        for name, condition in _CONDITIONS.items():
            if value := getattr(self, name):
                rows = rows.filter(condition(value, person, now))
        return search.find(self.q, rows).order_by("-id")


NAMES = tuple(name for name in Filter.__dataclass_fields__ if name != "problems")


def parse(query: Mapping[str, str], view: str = "semua") -> Filter:
    """What an address asks for. What it does not know is left out, with a sentence in ``problems``; never raises.

    view: the one that is shown where the address names none.
    """
    found: dict[str, str] = {"tampilan": view}
    problems = []
    for name in NAMES:
        value = str(query.get(name, "")).replace("\x00", "").strip()[:LONGEST_WORDS]
        if not value:
            continue
        plain = _READERS[name](value)
        if plain:
            found[name] = plain
        else:
            problems.append(
                _("Saringan %(name)s tidak mengenal “%(value)s”, jadi dilewati.")
                % {"name": name, "value": value[:40]}
            )
    if found.get("dari", "") > found.get("sampai", "9"):
        problems.append(_("Tanggal awal sesudah tanggal akhir, jadi tidak ada kasus yang cocok."))
    return Filter(**found, problems=tuple(problems))


def parse_kept(text: str) -> Filter:
    """The filter of a stored query (its normal form, or any other)."""
    return parse(dict(parse_qsl(text[:1000])))


def counts(person: Person) -> dict[str, int]:
    """How many cases of ``person`` wait in each view that has something to do, by its word.

    What is over is not counted: it is nearly all of some hundred thousand, and nobody acts on the number.
    """
    rows = scope.visible(person).order_by()
    by_state = dict(rows.filter(state__in=OPEN).values_list("state").annotate(Count("pk")))
    found = {
        name: sum(by_state.get(state, 0) for state in states)
        for name, states in VIEWS.items()
        if states is not None and not set(states) & ENDED
    }
    found["kembali"] = rows.filter(state__in=OPEN, reopened__gt=0).count()
    return found


def waiting(person: Person) -> int:
    """How many cases wait for an officer: new ones at the coordinating desk, given ones in a unit. One query: it is

    asked for on every page.
    """
    return waiting_rows(person).count()


def waiting_rows(person: Person) -> QuerySet[Case]:
    """The cases that ``waiting`` counts."""
    mine = person.units.through.objects.filter(person=person)
    theirs = Q(state=State.ASSIGNED, unit__in=Unit.objects.filter(key__in=mine.values("unit__key")))
    return Case.objects.filter(theirs | Q(~Exists(mine), state=State.RECEIVED))


def _default(name: str) -> str:
    return "semua" if name == "tampilan" else ""


def _one_of(known: Callable[[], Any]) -> Callable[[str], str]:
    return lambda value: value if value in known() else ""


def _number(value: str) -> str:
    return str(int(value)) if value.isascii() and value.isdigit() and len(value) < 18 else ""


def _day(value: str) -> str:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return ""
    return day.isoformat() if _FIRST_YEAR <= day.year <= _LAST_YEAR else ""


def _unit(value: str) -> str:
    return value if value == NOBODY or Unit.objects.filter(key=value).exists() else ""


def _officer(value: str) -> str:
    known = value in (MINE, NOBODY) or Person.objects.filter(username=value).exists()
    return value if known else ""


_READERS: dict[str, Callable[[str], str]] = {
    "tampilan": _one_of(lambda: VIEWS),
    "keadaan": _one_of(lambda: State.values),
    "jalur": _one_of(lambda: Gate.values),
    "unit": _unit,
    "wilayah": _one_of(lambda: {place.code for place in places()}),
    "topik": _one_of(lambda: TOPICS),
    "jenis": _one_of(lambda: KindChoice.values),
    "urgensi": _one_of(lambda: [level.value for level in Level]),
    "tenggat": _one_of(lambda: (SOON, OVERDUE)),
    "petugas": _officer,
    "diikuti": _one_of(lambda: (_ON,)),
    "kejadian": _number,
    "saluran": _one_of(lambda: Channel.values),
    "dari": _day,
    "sampai": _day,
    "q": lambda value: " ".join(value.split()),
}
Condition = Callable[[str, Person, datetime], Q]


def _in_unit(key: str, person: Person, now: datetime) -> Q:
    if key == NOBODY:
        return Q(unit__isnull=True)
    return Q(unit__in=list(Unit.objects.filter(key=key).values_list("pk", flat=True)))


def _in_area(code: str, person: Person, now: datetime) -> Q:
    return Q(area__in=[place.code for place in places() if place.code.startswith(code)])


def _by_clock(word: str, person: Person, now: datetime) -> Q:
    rows = clock_lists.overdue(now) if word == OVERDUE else clock_lists.due_soon(now)
    return Q(pk__in=rows.filter(case__isnull=False).order_by().values("case"))


def _by_officer(word: str, person: Person, now: datetime) -> Q:
    if word == NOBODY:
        return Q(assignee__isnull=True)
    return Q(assignee=person) if word == MINE else Q(assignee__username=word)


def _from(day: str, person: Person, now: datetime) -> Q:
    return Q(opened_at__gte=_midnight(date.fromisoformat(day)))


def _until(day: str, person: Person, now: datetime) -> Q:
    return Q(opened_at__lt=_midnight(date.fromisoformat(day) + timedelta(days=1)))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(settings.CITY["timezone"]))


_CONDITIONS: dict[str, Condition] = {
    "jalur": lambda value, person, now: Q(gate=value),
    "unit": _in_unit,
    "wilayah": _in_area,
    "topik": lambda value, person, now: Q(topic=value),
    "jenis": lambda value, person, now: Q(kind=value),
    "urgensi": lambda value, person, now: Q(mention__verdict__urgency=value),
    "tenggat": _by_clock,
    "petugas": _by_officer,
    "diikuti": lambda value, person, now: Q(watches__person=person),
    "kejadian": lambda value, person, now: Q(incident=int(value)),
    "saluran": lambda value, person, now: Q(mention__channel=value),
    "dari": _from,
    "sampai": _until,
}
