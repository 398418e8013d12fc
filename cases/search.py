"""Full text over cases: number, post (masked), place, notes and unit. FTS5 on SQLite, a GIN index on PostgreSQL.

The index holds words, not texts (search_words). Every change of a case's words is followed in the same transaction:
``keep`` is called when a case opens, a note is added, a unit gets it, or it is anonymised; ``follow`` when its post
is changed or erased upstream (monitor/reworded.py). What was erased is not found any more.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from cases.models import Case
from cases.search_words import of_question, of_texts
from ledger.models import Event

_BATCH = 500
#: The last word of a question is also looked for as a beginning, from so many letters on.
_LEAST_BEGINNING = 2
_FIELDS = (
    "pk",
    "number",
    "place",
    "mention__text",
    "unit__name",
    "unit__short",
    "unit__key",
    "mention__restricted_at",
    "anonymised_at",
)


def find(words: str, rows: QuerySet[Case]) -> QuerySet[Case]:
    """Those of ``rows`` in which all ``words`` occur (the last one as a beginning too), in the order of ``rows``.

    Any text can be asked for. Nothing but spaces asks for nothing and gives all; without a letter or digit none is
    found.
    """
    if not words.strip():
        return rows
    asked = of_question(words)
    if not asked:
        return rows.none()
    if connection.vendor == "postgresql":
        found = RawSQL("SELECT case_id FROM cases_search WHERE words @@ %s::tsquery", [_tsquery(asked)])
    else:
        found = RawSQL("SELECT rowid FROM cases_search WHERE cases_search MATCH %s", [_match(asked)])
    return rows.filter(pk__in=found)


@transaction.atomic
def keep(case_id: int) -> None:
    """Write anew under which words a case is found. In the transaction that changed them."""
    _write(_words_of([case_id]))


@transaction.atomic
def follow(mentions: Sequence[int]) -> None:
    """Posts were changed or erased upstream: their cases are found under what is left of their words."""
    ids = list(Case.objects.filter(mention__in=mentions).order_by("pk").values_list("pk", flat=True))
    _write(_words_of(ids))


def rebuild(now: datetime, after: int = 0, batch: int = _BATCH) -> int:
    """Write the whole index anew, from the case after ``after`` on; gives how many cases it holds then.

    Batch by batch in transactions of their own, so that the desk goes on working meanwhile.
    """
    done = 0
    while ids := _next(after, batch):
        with transaction.atomic():
            _write(_words_of(ids))
        after, done = ids[-1], done + len(ids)
    return done


def _next(after: int, batch: int) -> list[int]:
    rows = Case.objects.filter(pk__gt=after, opened_at__isnull=False).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:batch])


def _words_of(ids: Sequence[int]) -> list[tuple[int, list[str]]]:
    """(case, its words) of each. What its author has restricted or retention has taken out is not read."""
    notes: dict[str, list[str]] = {}
    subjects = [f"case:{pk}" for pk in ids]
    written = Event.objects.filter(subject__in=subjects, kind="case.noted")
    for subject, data in written.order_by("id").values_list("subject", "data"):
        notes.setdefault(subject, []).append(str(data.get("note", "")))
    found = []
    for pk, number, place, text, *unit, restricted, anonymised in Case.objects.filter(pk__in=ids).values_list(
        *_FIELDS
    ):
        own = [] if restricted or anonymised else [text]
        said = [] if anonymised else notes.get(f"case:{pk}", [])
        found.append((pk, of_texts([number, place, *filter(None, unit), *own, *said])))
    return found


def _write(rows: Iterable[tuple[int, list[str]]]) -> None:
    rows = list(rows)
    if not rows:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.executemany(
                "INSERT INTO cases_search (case_id, words) VALUES (%s, array_to_tsvector(%s::text[])) "
                "ON CONFLICT (case_id) DO UPDATE SET words = EXCLUDED.words",
                rows,
            )
        else:
            cursor.executemany("DELETE FROM cases_search WHERE rowid = %s", [[pk] for pk, _words in rows])
            cursor.executemany(
                "INSERT INTO cases_search (rowid, words) VALUES (%s, %s)",
                [(pk, " ".join(found)) for pk, found in rows],
            )


def _tsquery(asked: list[tuple[str, ...]]) -> str:
    """Words are letters and digits only, so quotes in them cannot be; they are put in quotes all the same."""
    parts = ["|".join(f"'{form}'" for form in forms) for forms in asked]
    if len(asked[-1][0]) >= _LEAST_BEGINNING:
        parts[-1] += f"|'{asked[-1][0]}':*"
    return " & ".join(f"({part})" for part in parts)


def _match(asked: list[tuple[str, ...]]) -> str:
    parts = [" OR ".join(f'"{form}"' for form in forms) for forms in asked]
    if len(asked[-1][0]) >= _LEAST_BEGINNING:
        parts[-1] += f' OR "{asked[-1][0]}"*'
    return " AND ".join(f"({part})" for part in parts)
