"""One process of the bench of queues: fills its database in bulk, then times pages with Django's test client.

    python -m tests.bench.queues --mentions 1000000 --cases 200000 --rounds 20

Prints one JSON object: for each page the milliseconds of the server's work for every round.
"""

import argparse
import json
import os
import random
import re
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import Model
from django.test import Client

from cases import search
from cases.models import Assignment, Case, Clock, ClockOutcome, State
from cases.topics import TOPICS
from channels.models import Account
from city.gazetteer import places
from city.models import Unit
from classifiers.models import Verdict
from ledger.models import Event, Person
from ledger.roles import Role, give
from monitor.models import Mention, Source

#: Shares of the states after some years: nearly all is over, what is open is what a desk can bear.
SHARES = {
    State.RECEIVED: 0.005,
    State.VERIFIED: 0.005,
    State.ASSIGNED: 0.02,
    State.IN_PROGRESS: 0.03,
    State.ANSWERED: 0.03,
    State.CLOSED: 0.76,
    State.NOT_OURS: 0.06,
    State.DUPLICATE: 0.05,
    State.REJECTED: 0.04,
}
OPEN = (State.RECEIVED, State.VERIFIED, State.ASSIGNED, State.IN_PROGRESS, State.ANSWERED)
RULES = ("lapor_verify", "lapor_followup", "completion")
UNITS = 30
#: 0.05 % of all posts wait for a reviewer, most of them young.
AWAITS_REVIEW = 0.0005
WORDS = re.findall(
    r"\w+",
    "lampu jalan padam banjir sampah menumpuk lubang berlubang rusak macet parkir liar pohon tumbang got mampet "
    "air mati pipa bocor trotoar gelap warga resah tolong segera diperbaiki sudah seminggu depan pasar sekolah "
    "kantor kelurahan gang perumahan jembatan sungai selokan bau asap bakar truk angkot halte stasiun",
)
_PART = 5000
_TOPICS = list(TOPICS)
Row = dict[str, Any]
NOW = datetime.now(UTC).replace(microsecond=0)


class Rows:
    """Makes the rows of both runs alike: the same seed, the same shares, whatever their number."""

    def __init__(self, mentions: int, cases: int) -> None:
        self.mentions, self.cases = mentions, cases
        self.random = random.Random(7)
        self.areas = [place for place in places() if place.level == "kelurahan"]
        self.step = timedelta(days=730) / mentions

    def when(self, number: int) -> datetime:
        """Two years, the last post just now."""
        return NOW - self.step * (self.mentions - number)

    def text(self) -> str:
        return (
            " ".join(self.random.choices(WORDS, k=14))
            + f" rt {self.random.randrange(99)} no {self.random.randrange(10**6)}"
        )

    def state(self, age: float) -> State:
        """age: 0 for the oldest case, 1 for the newest. What is open lies in the last quarter."""
        if age < 0.75:
            ended = [state for state in SHARES if state not in OPEN]
            return self.random.choices(ended, [SHARES[state] for state in ended])[0]
        weights = [share * (4 if state in OPEN else 1) for state, share in SHARES.items()]
        return self.random.choices(list(SHARES), weights)[0]


def fill(mentions: int, cases: int) -> None:
    """One account, one source, ``mentions`` with a verdict each, every n-th with a case."""
    rows = Rows(mentions, cases)
    source = Source.objects.create(
        account=Account.objects.create(key="x", channel="x", name="X"), kind="mention"
    )
    units = [
        Unit.objects.create(
            key=f"bench{n}", name=f"Dinas {n}", short=f"D{n}", sort="agency", valid_from="2020-01-01"
        )
        for n in range(UNITS)
    ]
    tono = Person.objects.create(username="tono", is_active=True)
    give(tono, Role.OFFICER, Role.REVIEWER, Role.ADMINISTRATOR)
    ayu = Person.objects.create(username="ayu", is_active=True)
    give(ayu, Role.OFFICER)
    ayu.units.add(units[0])
    every = mentions // cases
    for begin in range(0, mentions, _PART):
        numbers = range(begin, min(begin + _PART, mentions))
        insert(Mention, [_mention(rows, source, n) for n in numbers])
        insert(Verdict, [_verdict(rows, n) for n in numbers])
        chosen = [n for n in numbers if n % every == 0 and n // every < cases]
        _cases(rows, chosen, every, units, tono)
    search.rebuild(NOW)
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(
            no_style(), [Mention, Verdict, Case, Clock, Assignment, Event]
        ):
            cursor.execute(statement)
        cursor.execute("ANALYZE")


def insert(model: type[Model], rows: list[Row]) -> None:
    """Rows by the names of their columns, the rest as the model has it: several times as fast as objects."""
    fields = model._meta.concrete_fields
    usual = {one.attname: None if one.primary_key else one.get_default() for one in fields}
    given = [name for name, value in usual.items() if name != "id" or "id" in rows[0]] if rows else []
    names = ", ".join(connection.ops.quote_name(one.column) for one in fields if one.attname in given)
    places_ = ", ".join(["%s"] * len(given))
    sql = f"INSERT INTO {connection.ops.quote_name(model._meta.db_table)} ({names}) VALUES ({places_})"  # noqa: S608 - names of ours
    values = [[_plain(row.get(name, usual[name])) for name in given] for row in rows]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(sql, values)


def _plain(value: Any) -> Any:
    """As the database takes it."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return json.dumps(value) if isinstance(value, (dict, list)) else value


def _mention(rows: Rows, source: Source, number: int) -> Row:
    return {
        "id": number + 1,
        "channel": "x",
        "external_id": str(number),
        "source_id": source.pk,
        "text": rows.text(),
        "author": f"@warga{rows.random.randrange(50_000)}",
        "posted_at": rows.when(number),
        "heard_at": rows.when(number),
        "unjudged": False,
    }


def _verdict(rows: Rows, number: int) -> Row:
    waits = rows.random.random() < AWAITS_REVIEW
    return {
        "mention_id": number + 1,
        "kind": "complaint",
        "probability": 0.9,
        "decision": "review" if waits else "forward",
        "topic": rows.random.choice(_TOPICS),
        "urgency": rows.random.choices(["normal", "soon", "emergency"], [0.9, 0.09, 0.01])[0],
        "at": rows.when(number),
        "awaits_review": waits,
    }


def _cases(rows: Rows, chosen: list[int], every: int, units: list[Unit], tono: Person) -> None:
    made = [_case(rows, n, n // every, units, tono) for n in chosen]
    insert(Case, made)
    insert(Clock, [clock for case in made for clock in _clocks(rows, case)])
    insert(Assignment, [_assignment(case) for case in made if case["unit_id"]])
    told = {"old": "received", "new": "verified"}
    insert(
        Event,
        [
            {
                "kind": kind,
                "subject": f"case:{case['id']}",
                "at": case["opened_at"],
                "data": told | {"number": case["number"]},
            }
            for case in made
            for kind in ("case.opened", "case.moved")
        ],
    )


def _case(rows: Rows, mention: int, number: int, units: list[Unit], tono: Person) -> Row:
    state = rows.state(number / rows.cases)
    area = rows.random.choice(rows.areas)
    has_unit = state not in (State.RECEIVED, State.VERIFIED, State.REJECTED)
    opened = rows.when(mention)
    return {
        "id": number + 1,
        "number": f"BKS-2026-{number + 1:06d}",
        "mention_id": mention + 1,
        "kind": "complaint",
        "topic": rows.random.choice(_TOPICS),
        "place": area.name,
        "area": area.code,
        "state": state.value,
        "opened_at": opened,
        "changed_at": min(NOW, opened + timedelta(days=3)),
        "unit_id": rows.random.choice(units).pk if has_unit else None,
        "assignee_id": tono.pk if state in OPEN and rows.random.random() < 0.05 else None,
        "ended_at": None if state in OPEN else opened + timedelta(days=3),
        "reopened": 1 if rows.random.random() < 0.02 else 0,
    }


def _clocks(rows: Rows, case: Row) -> Iterator[Row]:
    for rule in RULES:
        running = case["state"] in OPEN and rule != "lapor_verify"
        # One open limit in ten is over; the rest end within the next weeks.
        hours = rows.random.randrange(-40, 360)
        yield {
            "subject": f"case:{case['id']}",
            "case_id": case["id"],
            "rule": rule,
            "version": "bench",
            "citation": "bench",
            "started_at": case["opened_at"],
            "due_at": NOW + timedelta(hours=hours) if running else case["opened_at"] + timedelta(days=5),
            "ended_at": None if running else case["opened_at"] + timedelta(days=2),
            "outcome": (ClockOutcome.RUNNING if running else ClockOutcome.MET).value,
        }


def _assignment(case: Row) -> Row:
    return {
        "case_id": case["id"],
        "unit_id": case["unit_id"],
        "at": case["opened_at"],
        "ended_at": case["ended_at"],
        "end": "done" if case["ended_at"] else "",
    }


def pages() -> dict[str, tuple[str, str]]:
    """(who asks, address) of every page that is timed."""
    newest = Case.objects.order_by("-pk").values_list("pk", "number")[0]
    kecamatan = next(place.code for place in places() if place.level == "kecamatan")
    since, until = (NOW - timedelta(days=400)).date(), (NOW - timedelta(days=398)).date()
    far = f"sebelum={newest[0] // 3}"
    topic = "lampu_jalan_pju"
    queries = {
        **{
            f"view_{view}": f"tampilan={view}"
            for view in ("baru", "dikerjakan", "kembali", "selesai", "semua")
        },
        "far_down": f"tampilan=semua&{far}",
        "far_down_filtered": f"tampilan=selesai&topik={topic}&{far}",
        "unit": "tampilan=dikerjakan&unit=bench3",
        "unit_and_topic": f"tampilan=semua&unit=bench3&topik={topic}",
        "area": f"tampilan=semua&wilayah={kecamatan}",
        "urgency": "tampilan=dikerjakan&urgensi=emergency",
        "overdue": "tampilan=semua&tenggat=lewat",
        "due_soon": "tampilan=semua&tenggat=segera",
        "mine": "tampilan=semua&petugas=saya",
        "days": f"tampilan=semua&dari={since}&sampai={until}",
        "search_common": "tampilan=semua&q=lampu",
        "search_two": "tampilan=semua&q=banjir+selo",
        "search_rare": "tampilan=semua&q=no+48151",
        "search_none": "tampilan=semua&q=xyzzy",
        "search_and_filter": f"tampilan=dikerjakan&topik={topic}&q=berlubang",
        "search_number": f"tampilan=semua&q={newest[1]}",
    }
    found = {name: ("tono", f"/kasus/?{query}") for name, query in queries.items()}
    found["case"] = ("tono", f"/kasus/{newest[1]}/")
    found["today"] = ("tono", "/")
    found["of_one_unit"] = ("ayu", "/kasus/?tampilan=dikerjakan")
    found["of_one_unit_all"] = ("ayu", "/kasus/?tampilan=semua")
    return found


def timed(rounds: int) -> dict[str, list[tuple[float, float]]]:
    """(milliseconds, of them this process's own work) of every page, in rounds over all, after one that warms up."""
    clients = {}
    for name in ("tono", "ayu"):
        clients[name] = Client(SERVER_NAME="127.0.0.1")
        clients[name].force_login(
            Person.objects.get(username=name), "django.contrib.auth.backends.ModelBackend"
        )
    wanted = pages()
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in wanted}
    for turn in range(rounds + 1):
        for name, (who, address) in wanted.items():
            began, work = time.perf_counter(), time.process_time()
            answer: Any = clients[who].get(address)
            took = ((time.perf_counter() - began) * 1000, (time.process_time() - work) * 1000)
            if answer.status_code != 200:
                raise SystemExit(f"{name}: {address} answers {answer.status_code}")
            if turn:
                found[name].append(took)
    return found


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mentions", type=int, required=True)
    parser.add_argument("--cases", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    given = parser.parse_args()
    began = time.monotonic()
    fill(given.mentions, given.cases)
    filled = time.monotonic() - began
    print(json.dumps({"fill_s": round(filled, 1), "pages": timed(given.rounds)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
