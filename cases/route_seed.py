"""From units.toml and routing.toml to the database: makes what is missing, never overwrites what the desk changed."""

from datetime import date
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from cases.models import Route
from cases.topics import TOPICS
from city.gazetteer import places
from city.models import Unit
from city.units import seed_units
from classifiers.core.authority import name_of
from classifiers.models import KindChoice

_CONDITIONS = ("kind", "topic", "area", "authority")


@transaction.atomic
def seed_all() -> tuple[int, int]:
    """Make the units and the lines of the table that are missing; gives how many of each were made.

    Raises ImproperlyConfigured with a sentence that names the line that is wrong.
    """
    return seed_units(settings.UNITS), _seed_routes(settings.ROUTING)


def _seed_routes(table: dict[str, Any]) -> int:
    """A line that the database knows is left alone, also where the desk ended it or leads it elsewhere."""
    rows = table.get("route")
    if not isinstance(rows, list):
        raise ImproperlyConfigured("routing.toml: tidak ada satu pun [[route]].")
    first_rows = {unit.key: unit for unit in Unit.objects.order_by("-valid_from")}
    lines = [
        _route(number, row, first_rows, table.get("valid_from")) for number, row in enumerate(rows, start=1)
    ]
    known = set(Route.objects.values_list(*_CONDITIONS))
    return len(Route.objects.bulk_create(one for one in lines if _conditions(one) not in known))


def _conditions(route: Route) -> tuple[str, ...]:
    return tuple(getattr(route, name) for name in _CONDITIONS)


def _route(number: int, row: Any, units: dict[str, Unit], since: Any) -> Route:
    where = f"routing.toml: [[route]] nomor {number}"
    if not isinstance(row, dict) or row.get("unit") not in units:
        raise ImproperlyConfigured(f"{where} memerlukan unit, kunci dari units.toml.")
    valid_from = row.get("valid_from", since)
    if not isinstance(valid_from, date):
        raise ImproperlyConfigured(f"{where} memerlukan valid_from, tanggal seperti 2017-01-01.")
    conditions = {name: row[name] for name in _CONDITIONS if name in row}
    for name, value in conditions.items():
        if not _known(name, value):
            raise ImproperlyConfigured(f"{where}: {name} = {value!r} tidak dikenal.")
    return Route(unit=units[row["unit"]], valid_from=valid_from, note=row.get("note", ""), **conditions)


def _known(name: str, value: Any) -> bool:
    if name == "authority":
        try:
            return bool(name_of(value))
        except KeyError:
            return False
    known = {"kind": set(KindChoice.values), "topic": set(TOPICS), "area": {place.code for place in places()}}
    return value in known[name]
