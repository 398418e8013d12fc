"""The rules of clocks.toml: which limit runs for what, how long, by which law, and in which version."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import get_language

from cases.models import Gate, State
from city import working_time as wt
from city.office import office

#: What may be asked of a citizen while a limit stands still.
PAUSES = ("place", "data")
#: Longest key, version and citation that Clock stores.
_KEY, _VERSION, _CITATION = 40, 20, 300


class Measure(StrEnum):
    """What the length of a rule counts."""

    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"
    HOURS = "hours"
    MINUTES = "minutes"


@dataclass(frozen=True, slots=True)
class Version:
    """A rule as it stands between two days."""

    name: str
    length: int  #: in the rule's measure
    citation: str
    confirm: bool  #: the city has to confirm it: the source is a summary, or memory
    since: date | None  #: first day; None: as long as anybody asks
    until: date | None  #: last day, inclusive; None: it stands


@dataclass(frozen=True, slots=True)
class Facts:
    """What of a case decides which rules fit it."""

    gate: str
    topic: str
    urgency: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One limit. What each field means stands at the top of clocks.toml."""

    key: str
    names: Mapping[str, str]  #: by language
    measure: Measure
    always: bool
    gates: frozenset[str]
    topics: frozenset[str]  #: empty: every one
    urgencies: frozenset[str]  #: empty: every one
    runs: frozenset[str]
    ends: frozenset[str]
    anew: bool
    group: str
    chosen: bool
    closes: bool
    pauses: frozenset[str]
    warn: int
    internal: bool
    extends: str
    versions: tuple[Version, ...]

    @property
    def name(self) -> str:
        """What it is called, in the language of the page."""
        language = (get_language() or settings.LANGUAGE_CODE).split("-")[0]
        return self.names.get(language) or self.names["id"]

    def fits(self, facts: Facts) -> bool:
        """Whether it is for such a case."""
        return (
            facts.gate in self.gates
            and (not self.topics or facts.topic in self.topics)
            and (not self.urgencies or facts.urgency in self.urgencies)
        )

    def standing(self, on: date) -> Version:
        """The version in force on the local day ``on``; the newest one where none is. Never raises."""
        fitting = [one for one in self.versions if _holds(one, on)]
        return (fitting or list(self.versions))[-1]

    def version(self, name: str) -> Version:
        """The version that a clock began with; the newest one where the file has lost it."""
        return next((one for one in self.versions if one.name == name), self.versions[-1])

    def due(self, start: datetime, version: Version) -> datetime:
        """When a clock that starts at ``start`` is over (UTC)."""
        return self._after(start, version.length)

    def shift(self, due: datetime, since: datetime, until: datetime) -> datetime:
        """``due`` after it stood still from ``since`` until ``until``."""
        match self.measure:
            case Measure.WORKING_DAYS:
                return wt.shift_working_days(due, since, until, office())
            case Measure.CALENDAR_DAYS:
                return wt.shift_calendar_days(due, since, until, office())
            case _ if self.always:
                return due + max(until - since, timedelta(0))
            case _:
                return wt.shift_office_time(due, since, until, office())

    def soon_until(self, now: datetime) -> datetime | None:
        """The latest end that counts as due soon at ``now``; None where the rule never warns."""
        return self._after(now, self.warn) if self.warn else None

    def _after(self, start: datetime, length: int) -> datetime:
        match self.measure:
            case Measure.WORKING_DAYS:
                return wt.add_working_days(start, length, office())
            case Measure.CALENDAR_DAYS:
                return wt.add_calendar_days(start, length, office())
            case _ if self.always:
                return start + self.amount(length)
            case _:
                return wt.add_office_time(start, self.amount(length), office())

    def amount(self, length: int) -> timedelta:
        """A length in hours or minutes."""
        return timedelta(hours=length) if self.measure == Measure.HOURS else timedelta(minutes=length)


def rules() -> Mapping[str, Rule]:
    """Every rule by its key, in the order of the file. Raises ImproperlyConfigured with a sentence."""
    global _parsed
    if _parsed is None or _parsed[0] is not settings.CLOCKS:
        table = settings.CLOCKS
        _parsed = (table, {key: _rule(key, row) for key, row in table["rule"].items()})
    return _parsed[1]


def rule_of(key: str) -> Rule | None:
    """One rule; None where the file has lost it (its clocks stay readable by what they stored)."""
    return rules().get(key)


def group_of(name: str) -> list[Rule]:
    """The rules of one group, in the order of the file."""
    return [rule for rule in rules().values() if rule.group == name]


def names_of(keys: Iterable[str]) -> str:
    """The names of some rules, for a sentence."""
    return ", ".join(found.name if (found := rule_of(key)) else key for key in keys)


_parsed: tuple[dict[str, Any], dict[str, Rule]] | None = None


def _holds(version: Version, on: date) -> bool:
    return (version.since is None or version.since <= on) and (version.until is None or on <= version.until)


def _rule(key: str, row: dict[str, Any]) -> Rule:
    if len(key) > _KEY:
        raise _wrong(key, "", key, f"paling panjang {_KEY} huruf")
    return Rule(
        key=key,
        names={"id": _text(key, row, "name"), "en": _text(key, row, "name_en")},
        measure=_measure(key, row),
        always=bool(row.get("always", False)),
        gates=_known(key, row, "gates", Gate.values),
        topics=frozenset(row.get("topics", ())),
        urgencies=_known(key, row, "urgencies", ("emergency", "soon", "normal")),
        runs=_known(key, row, "runs", State.values),
        ends=_known(key, row, "ends", State.values),
        anew=bool(row.get("anew", False)),
        group=str(row.get("group", "")),
        chosen=bool(row.get("chosen", False)),
        closes=bool(row.get("closes", False)),
        pauses=_known(key, row, "pauses", PAUSES),
        warn=_whole(key, row, "warn", 0),
        internal=bool(row.get("internal", False)),
        extends=str(row.get("extends", "")),
        versions=_versions(key, row),
    )


def _versions(key: str, row: dict[str, Any]) -> tuple[Version, ...]:
    """Oldest first."""
    table = row.get("version")
    if not isinstance(table, dict) or not table:
        raise _wrong(key, "version", table, "harus setidaknya satu versi")
    found = [_version(key, name, one) for name, one in table.items()]
    return tuple(sorted(found, key=lambda one: one.since or date.min))


def _version(key: str, name: str, row: dict[str, Any]) -> Version:
    citation = str(row.get("citation", ""))
    if len(name) > _VERSION:
        raise _wrong(key, "version", name, f"namanya paling panjang {_VERSION} huruf")
    if not 0 < len(citation) <= _CITATION:
        raise _wrong(key, f"version.{name}.citation", citation, f"harus 1 sampai dengan {_CITATION} huruf")
    length = _whole(key, row, "length", 1)
    return Version(name, length, citation, bool(row.get("confirm", True)), row.get("from"), row.get("to"))


def _measure(key: str, row: dict[str, Any]) -> Measure:
    try:
        return Measure(row.get("unit", ""))
    except ValueError:
        raise _wrong(key, "unit", row.get("unit"), "harus " + ", ".join(Measure)) from None


def _known(key: str, row: dict[str, Any], name: str, allowed: Iterable[str]) -> frozenset[str]:
    values = row.get(name, [])
    if not isinstance(values, list) or not set(values) <= set(allowed):
        raise _wrong(key, name, values, "yang dikenal: " + ", ".join(allowed))
    return frozenset(values)


def _text(key: str, row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise _wrong(key, name, value, "harus nama")
    return value


def _whole(key: str, row: dict[str, Any], name: str, least: int) -> int:
    value = row.get(name)
    if type(value) is not int or not least <= value <= 10_000:
        raise _wrong(key, name, value, f"harus bilangan bulat {least} sampai dengan 10000")
    return value


def _wrong(key: str, name: str, value: object, wanted: str) -> ImproperlyConfigured:
    where = f"[rule.{key}] {name}".rstrip()
    return ImproperlyConfigured(f"clocks.toml: {where} = {value!r}; {wanted}.")
