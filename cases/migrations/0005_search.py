"""The full-text index over cases (cases/search.py), and the words of the cases that are there already."""

from django.db import migrations

from cases.search_words import of_texts

BATCH = 500
SQLITE = (
    "CREATE VIRTUAL TABLE cases_search USING fts5("
    "words, tokenize = 'unicode61 remove_diacritics 0', prefix = '2 3', columnsize = 0, detail = none)"
)
POSTGRESQL = (
    "CREATE TABLE cases_search (case_id bigint PRIMARY KEY, words tsvector NOT NULL)",
    "CREATE INDEX cases_search_words ON cases_search USING gin (words)",
)


def make(apps, editor):
    if editor.connection.vendor == "postgresql":
        for statement in POSTGRESQL:
            editor.execute(statement)
    else:
        editor.execute(SQLITE)
        if editor.connection.Database.sqlite_version_info >= (3, 42):
            # What is deleted is gone from the file's index at once, and not only when it is next merged.
            editor.execute("INSERT INTO cases_search (cases_search, rank) VALUES ('secure-delete', 1)")


def fill(apps, editor):
    after = 0
    while rows := _rows(apps, after):
        with editor.connection.cursor() as cursor:
            for pk, number, place, text in rows:
                _write(editor.connection.vendor, cursor, pk, of_texts([number, place, text, *_notes(apps, pk)]))
        after = rows[-1][0]


def _rows(apps, after):
    cases = apps.get_model("cases", "Case").objects.filter(pk__gt=after).order_by("pk")
    return list(cases.values_list("pk", "number", "place", "mention__text")[:BATCH])


def _notes(apps, pk):
    events = apps.get_model("ledger", "Event").objects.filter(subject=f"case:{pk}", kind="case.noted")
    return [str(data.get("note", "")) for data in events.values_list("data", flat=True)]


def _write(vendor, cursor, pk, words):
    if vendor == "postgresql":
        cursor.execute(
            "INSERT INTO cases_search (case_id, words) VALUES (%s, array_to_tsvector(%s::text[]))", [pk, words]
        )
    else:
        cursor.execute("INSERT INTO cases_search (rowid, words) VALUES (%s, %s)", [pk, " ".join(words)])


class Migration(migrations.Migration):

    dependencies = [
        ("cases", "0004_route_lessons"),
        ("ledger", "0002_units"),
        ("monitor", "0002_intake"),
    ]

    operations = [
        migrations.RunPython(make, lambda apps, editor: editor.execute("DROP TABLE cases_search")),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
