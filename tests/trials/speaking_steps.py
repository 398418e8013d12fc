"""The steps that the child of a speaking trial can do; each takes the time it is to believe in.

A step also moves the town's clock, and writes a line about every round it worked, so that what a killed child had
done is known.
"""

import json
import logging
import os
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import channels.graph
import channels.http
from tests.trials import speaking_eyes as eyes

log = logging.getLogger(__name__)
#: The engine's clock looks at the tables once a second.
TICK = timedelta(seconds=1)
#: A hanging answer is the one thing that takes real time; seconds of patience here, 15 in production.
PATIENCE = 1.0
FIELDS = {
    "headline": "Layanan KTP keliling di Jatiasih",
    "body": f"Warga dapat merekam KTP-el {eyes.FIRST}.",
    "time": f"Sabtu, {eyes.FIRST}",
    "place": "Kantor Kecamatan Jatiasih",
    "contact": "Call Center 1500444",
}


def load() -> None:
    """What every step needs, loaded once for all children."""
    from django.template.loader import get_template
    from PIL import Image, JpegImagePlugin, JpegPresets  # noqa: F401 - loaded at the first picture else

    from publisher.kinds import kinds

    Image.init()
    kinds()
    for name in ("entry", "index", "_content"):
        get_template(f"feed/{name}.html")


def begin(now: datetime, keys: list[str]) -> None:
    """Accounts, people, and one approved announcement for the accounts ``keys`` that is due now."""
    from channels.models import Account
    from config.demo import make_accounts, make_people
    from publisher import newsroom
    from publisher.approval import approve

    set_clock(now)
    make_accounts(3600, "http://127.0.0.1")
    people = make_people("kata-sandi-uji")
    # Facebook refuses only what repeats the post before it: a second announcement takes that help away.
    for wanted in (keys, [key for key in keys if key == "facebook"]):
        if targets := list(Account.objects.filter(key__in=wanted)):
            made = newsroom.draft("service_notice", FIELDS, people["sari"], now, targets)
            made = newsroom.submit(made, people["sari"], now)
            approve(made, people["budi"], now, version=made.version)


def correct(now: datetime) -> bool:
    """Correct the hour; gives whether that was possible (it is not while an outcome is undecided)."""
    from publisher import newsroom
    from publisher.approval import approve
    from publisher.rules import Refused

    set_clock(now)
    sari, budi, row = _person("sari"), _person("budi"), _announcements()[0]
    try:
        row = newsroom.begin_correction(row, sari, now, eyes.NOTE)
    except Refused:
        return False
    fields = {name: text.replace(eyes.FIRST, eyes.CHANGED) for name, text in row.fields.items()}
    row = newsroom.submit(newsroom.edit(row, fields, sari, now), sari, now)
    approve(row, budi, now, version=row.version)
    return True


def retract(now: datetime) -> bool:
    """Take it back; gives whether that was possible (it is not where nothing stands or is on its way)."""
    from publisher import newsroom
    from publisher.rules import Refused

    set_clock(now)
    try:
        newsroom.retract(_announcements()[0], _person("budi"), now, eyes.REASON)
    except Refused:
        return False
    return True


def run_on(now: datetime, rounds: int = 3000, lock: str = "", visit_of_lock: int = 1) -> dict[str, Any]:
    """The engine's work, its clock jumping to whatever is due next, until nothing is due any more.

    lock: a boundary at whose n-th visit another program locks the database for longer than anyone waits.
    """
    channels.http.TIMEOUT = channels.graph.TIMEOUT = (3.05, PATIENCE)
    with _locked_at(lock, visit_of_lock) as locked:
        _note(now)
        for _ in range(rounds):
            set_clock(now)
            _round(now, locked)
            _note(now)
            following = _next(now)
            if following is None:
                break
            now = following
    return {"locked": locked.happened, "now": now.isoformat()}


def one_round(now: datetime) -> None:
    """A second worker's look at the same moment."""
    run_on(now, rounds=1)


def settle(now: datetime) -> dict[str, Any]:
    """Work on until nothing is due, let a person answer what waits for one, and so on until all is done.

    The faults end after the person's first answers. Gives those that never happened, and what the judge needs.
    """
    unplayed: list[dict[str, Any]] = []
    now = _last(run_on(now))
    for turn in range(8):
        if not _person_answers(now):
            break
        if turn:
            unplayed += _town("fail")
            _town("fail", method="DELETE")
        now = _last(run_on(now + TICK))
    unplayed += _town("fail")
    _town("fail", method="DELETE")
    return {
        "unplayed": unplayed,
        "ends": [_ends(row) for row in _announcements()],
        "received": received(),
    }


def _announcements() -> list[Any]:
    from publisher.models import Announcement

    return list(Announcement.objects.order_by("id"))


def _ends(row: Any) -> dict[str, Any]:
    """Every delivery of an announcement by account, oldest first."""
    found: dict[str, list[dict[str, Any]]] = {}
    rows = row.deliveries.exclude(state="cancelled").select_related("account").order_by("id")
    for one in rows:
        words = eyes.FIRST if one.version == 1 else eyes.CHANGED
        told = {name: getattr(one, name) for name in ("act", "state", "trouble", "attempts", "version")}
        found.setdefault(one.account.key, []).append({**told, "next_at": str(one.next_at), "words": words})
    return {"reference": row.reference, "state": row.state, "deliveries": found}


def _person_answers(now: datetime) -> int:
    """Look at the town for everything that waits for a person, and answer truly; gives how many answers."""
    from publisher.models import Delivery

    set_clock(now)
    rows = Delivery.objects.filter(state__in=("needs_person", "refused")).order_by("id")
    return sum(_answer(row, now) for row in rows.select_related("account", "announcement"))


def received() -> eyes.Received:
    """What the town shows, and what the feed's folder holds."""
    shown: eyes.Received = _town("received")
    shown["feed"] = [_entry(path) for path in sorted((_home() / "public" / "feed").glob("entries/*.json"))]
    return shown


def set_clock(now: datetime) -> None:
    _town("clock", {"at": now.isoformat()})


# --- a round


class Locked:
    """Another program that locks the database, until somebody has failed on it."""

    def __init__(self) -> None:
        self.happened = False
        self._let_go: Callable[[], None] | None = None

    def hold(self) -> None:
        from django.db import connection

        self.happened = True
        if connection.vendor == "sqlite":
            import sqlite3

            other = sqlite3.connect(str(connection.settings_dict["NAME"]), isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            self._let_go = other.close
        else:
            import psycopg

            held = psycopg.connect(**_parameters(connection))
            held.execute("LOCK TABLE publisher_delivery IN EXCLUSIVE MODE")
            self._let_go = held.close

    def release(self) -> None:
        if self._let_go is not None:
            self._let_go()
            self._let_go = None


def _parameters(connection: Any) -> dict[str, Any]:
    wanted = ("host", "port", "user", "password", "dbname")
    return {name: value for name, value in connection.get_connection_params().items() if name in wanted}


def _do_not_wait() -> None:
    """Nobody waits for the lock in a trial; 20 s on SQLite in production."""
    from django.db import connection, connections

    options = connections.databases["default"].setdefault("OPTIONS", {})
    if connection.vendor == "sqlite":
        options["timeout"] = 0.05
    else:
        connection.cursor().execute("SET lock_timeout = '100ms'")


@contextmanager
def _locked_at(point: str, visit: int) -> Iterator[Locked]:
    from tests.trials.warm import at_visit

    locked = Locked()
    if point:
        _do_not_wait()
        at_visit(point, visit, locked.hold)
    try:
        yield locked
    finally:
        locked.release()


def _round(now: datetime, locked: Locked) -> None:
    """Every due delivery once. A failing database fails one job, as in both executors; the next tick goes on."""
    from django.db import DatabaseError

    from publisher.advance import advance
    from publisher.deliver import due_deliveries

    for delivery, _account in due_deliveries(now):
        try:
            advance(delivery, now)
        except DatabaseError:
            if not locked.happened:
                raise
            log.warning("delivery %s: the database was locked", delivery)
        finally:
            locked.release()


def _last(worked: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(worked["now"])


def _next(now: datetime) -> datetime | None:
    """When something is due after ``now``; None: never again by itself."""
    from publisher.models import Delivery

    rows = Delivery.objects.filter(next_at__isnull=False).values_list("next_at", "leased_until")
    due = [max(time for time in row if time is not None) + TICK for row in rows]
    return max(min(due), now + TICK) if due else None


def _note(now: datetime) -> None:
    """One line: the states, and since when the open questions are open."""
    from django.db.models import Max

    from publisher.models import Delivery

    rows = Delivery.objects.annotate(since=Max("tries__started_at")).values_list("pk", "state", "since")
    states = {pk: [state, since.isoformat() if since else None] for pk, state, since in rows}
    line = json.dumps({"now": now.isoformat(), "states": states}) + "\n"
    descriptor = os.open(_home() / "progress.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, line.encode())
    os.close(descriptor)


# --- a person


def _answer(row: Any, now: datetime) -> bool:
    from publisher.reconcile import it_is_there, send_again
    from publisher.rules import Refused

    key, budi = row.account.key, _person("budi")
    here = eyes.seen(received(), key, row.announcement.reference)
    words = eyes.FIRST if row.version == 1 else eyes.CHANGED
    try:
        if row.state == "needs_person" and row.act == "retract" and key == "instagram" and here.withdrawals:
            for post in here.posts:  # its comment is out; a person deletes the post in the app
                _town("delete", {"channel": key, "id": post["id"]})
            it_is_there(row, "", budi, now)
        elif row.state == "needs_person" and eyes.done(row.act, key, here, words):
            it_is_there(row, here.posts[0]["permalink"] if row.act == "publish" else "", budi, now)
        elif row.state == "needs_person" or row.attempts < 3:
            send_again(row, budi, now)
        else:
            return False
    except Refused:
        return False  # its words are no longer wanted
    return True


def _person(name: str) -> Any:
    from ledger.models import Person

    return Person.objects.get(username=name)


# --- the town and the home


def _entry(path: Path) -> dict[str, Any]:
    entry = json.loads(path.read_text("utf-8"))
    text = " ".join([entry["html"], entry["summary"], *(note["said"] for note in entry.get("notes", []))])
    return {"id": entry["slug"], "slug": entry["slug"], "text": text, "reply_to": None, "permalink": ""}


def _town(path: str, body: object = None, method: str | None = None) -> Any:
    from django.conf import settings

    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310 - loopback only
        f"{settings.STAND_IN}/control/{path}",
        data=data,
        method=method,
        headers={"Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return json.load(answer)


def _home() -> Path:
    from django.conf import settings

    return Path(settings.KENTONGAN_HOME)
