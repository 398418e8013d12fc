"""Units on a day: which row of a key stands, who took over from a body that is gone, and the seed of units.toml."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from city.gazetteer import places
from city.models import Unit, UnitSort, standing

#: What units.toml may say of a unit, beside its name, short and sort.
_FIELDS = ("kecamatan", "urc_name", "urc_email", "urc_phone", "ppid_email", "redirect", "confirmed")


def on_day(key: str, day: date) -> Unit | None:
    """The row of ``key`` that stands on ``day``; None where there is none."""
    return standing(day).filter(key=key).order_by("-valid_from").first()


def latest(key: str) -> Unit | None:
    """The newest row of ``key``, whether it stands, will stand, or is over; None for a key nobody has."""
    return Unit.objects.filter(key=key).order_by("-valid_from").first()


def stands(unit: Unit, day: date) -> bool:
    """Whether this very row holds on ``day``; the last day counts."""
    return unit.valid_from <= day and (unit.valid_to is None or unit.valid_to >= day)


@dataclass(frozen=True, slots=True)
class Heirs:
    """All units as they are known, and who has the work of each of them on one day."""

    day: date
    by_id: dict[int, Unit]

    def of(self, unit_id: int) -> Unit | None:
        """The unit itself while it stands, else the successor that does; None where nobody took over."""
        seen: set[int] = set()
        while (unit := self.by_id.get(unit_id)) is not None and unit_id not in seen:
            if stands(unit, self.day):
                return unit
            seen.add(unit_id)
            if unit.successor_id is None:
                return None
            unit_id = unit.successor_id
        return None


def heirs(day: date) -> Heirs:
    """Who has whose work on ``day``. One query: a city has about a hundred rows, ended ones included."""
    return Heirs(day, {unit.pk: unit for unit in Unit.objects.all()})


def seed_units(table: dict[str, Any]) -> int:
    """Make the units of units.toml whose key the database does not have; gives how many were made.

    Raises ImproperlyConfigured with a sentence that names the unit that is wrong.
    """
    rows = table.get("unit")
    if not isinstance(rows, dict):
        raise ImproperlyConfigured("units.toml: tidak ada satu pun [unit.…].")
    made = [_unit(key, row, table.get("valid_from")) for key, row in rows.items()]
    known = set(Unit.objects.values_list("key", flat=True))
    return len(Unit.objects.bulk_create(unit for unit in made if unit.key not in known))


def _unit(key: str, row: Any, since: Any) -> Unit:
    if not isinstance(row, dict) or not row.get("name") or not row.get("short"):
        raise ImproperlyConfigured(f"units.toml: [unit.{key}] memerlukan name dan short.")
    if row.get("sort") not in UnitSort.values:
        raise ImproperlyConfigured(
            f"units.toml: [unit.{key}] memerlukan sort, salah satu dari: {', '.join(UnitSort.values)}."
        )
    if (code := row.get("kecamatan", "")) and code not in _districts():
        raise ImproperlyConfigured(
            f"units.toml: [unit.{key}] kecamatan = {code!r} bukan kode kecamatan kota ini."
        )
    valid_from = row.get("valid_from", since)
    if not isinstance(valid_from, date):
        raise ImproperlyConfigured(
            f"units.toml: [unit.{key}] memerlukan valid_from, tanggal seperti 2017-01-01."
        )
    known = {name: row[name] for name in _FIELDS if name in row}
    return Unit(
        key=key, name=row["name"], short=row["short"], sort=row["sort"], valid_from=valid_from, **known
    )


def _districts() -> set[str]:
    return {place.code for place in places() if place.level == "kecamatan"}


def district_of(area: str) -> str:
    """The code of the kecamatan in which an area lies: "32.75.09.1002" → "32.75.09"; "" stays ""."""
    return area[:8]


def name_of_area(area: str) -> str:
    """What a Kemendagri code of this city is called; "" for none, the code itself where it is not known."""
    return next((place.name for place in places() if place.code == area), area)
