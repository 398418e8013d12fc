"""Long lists: filters that stand in the address, and pages by key, so that new rows never shift a page."""

from collections.abc import Iterable
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import QueryDict

PER_PAGE = 50
Row = TypeVar("Row", bound=Model)


def asked(query: QueryDict, name: str, known: Iterable[str]) -> str:
    """The value of one filter; "" when it is absent or not one of ``known``."""
    value = query.get(name, "")
    return value if value in set(known) else ""


def page_of(rows: QuerySet[Row], query: QueryDict) -> tuple[list[Row], int | None]:
    """One page of ``rows`` (ordered by falling id), and the id before which the next page goes on."""
    before = query.get("sebelum", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: PER_PAGE + 1])
    more = len(found) > PER_PAGE
    return found[:PER_PAGE], found[PER_PAGE - 1].pk if more else None


def with_query(query: QueryDict, **changes: object) -> str:
    """The query of an address with some values changed; a value of "" takes the name away. Starts with "?"."""
    changed = query.copy()
    for name, value in changes.items():
        if value == "":
            changed.pop(name, None)
        else:
            changed[name] = str(value)
    return "?" + changed.urlencode()
