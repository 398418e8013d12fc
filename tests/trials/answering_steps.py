"""The steps that the child of an answering trial can do; each takes the time it is to believe in.

Where the receivers listen, and what they kept, stands in files: they are processes of their own.
"""

import json
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.trials.speaking_steps import Locked, _do_not_wait, _parameters

log = logging.getLogger(__name__)
#: The engine's clock looks at the tables once a second.
TICK = timedelta(seconds=1)
#: Tries after which the person of the trial leaves a refusal as it is.
_PATIENCE = 6


def load() -> None:
    """What every step needs, loaded once for all children."""
    from django.template.loader import get_template
    from django.urls import reverse

    import channels.mail  # noqa: F401 - for its effect: loaded once, before the children are forked

    reverse("handoff_action", args=["x"])
    for name in ("mail.txt", "mail.html"):
        get_template(f"handoff/{name}", using="jinja2")


def begin(now: datetime, cases: int, purpose: str) -> None:
    """A unit with mail and two systems (one that knows keys, one that does not), and ``cases`` cases for it."""
    from cases.handoff import engine
    from cases.models import Case, Receiver
    from channels.models import Account
    from channels.vault import lock
    from city.models import Unit
    from ledger.models import Person
    from monitor.models import Mention, Source

    here = _set_out()
    Person.objects.create_user("tono", password="rahasia-123")
    unit = Unit.objects.create(
        key="dbmsda", name="Bina Marga", short="DBMSDA", sort="agency", valid_from=date(2020, 1, 1)
    )
    Unit.objects.update(urc_email="urc@dbmsda.example.go.id")
    unit.refresh_from_db()
    for key, knows in (("tahu", True), ("tidak", False)):
        Receiver.objects.create(
            key=key,
            sort="webhook",
            name=key,
            unit=unit,
            address=f"http://127.0.0.1:{here['http']}/{key}",
            settings={"knows_key": knows},
            sealed=lock({"key": "kunci", "key_id": "k1"}),
        )
    account = Account.objects.create(key="x", channel="x", name="X")
    source = Source.objects.create(account=account, kind="mention")
    for number in range(1, cases + 1):
        mention = Mention.objects.create(
            channel="x",
            external_id=str(number),
            source=source,
            text="Lampu mati",
            heard_at=now,
            unjudged=False,
        )
        case = Case.objects.create(
            number=f"BKS-2026-{number:06d}",
            mention=mention,
            kind="complaint",
            state="assigned",
            unit=unit,
            opened_at=now,
            changed_at=now,
        )
        engine.plan_for_unit(case, unit, now, purpose)


def run_on(now: datetime, rounds: int = 400, lock: str = "", visit_of_lock: int = 1) -> dict[str, Any]:
    """The engine's work, its clock jumping to whatever is due next, until nothing is due any more.

    lock: a boundary at whose n-th visit another program locks the database for longer than anyone waits.
    """
    _set_out()
    with _locked_at(lock, visit_of_lock) as locked:
        for _ in range(rounds):
            _note(now)
            _round(now, locked)
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

    The faults end after the person's first answers. Gives what the judge needs.
    """
    now = datetime.fromisoformat(run_on(now)["now"])
    for turn in range(10):
        if not _person_answers(now):
            break
        if turn:
            _end_faults()
        now = datetime.fromisoformat(run_on(now + TICK)["now"])
    _end_faults()
    return {"now": now.isoformat(), "ends": _ends()}


def _ends() -> list[dict[str, Any]]:
    from cases.models import HandOff

    kept = _kept()
    rows = HandOff.objects.select_related("receiver").order_by("id")
    return [
        {
            "receiver": row.receiver.sort if row.receiver.sort == "unit" else row.receiver.key,
            "state": row.state,
            "trouble": row.trouble,
            "attempts": row.attempts,
            "tries": list(row.tries.order_by("number").values_list("outcome", flat=True)),
            "count": kept[_name(row)],
            "next_at": str(row.next_at),
        }
        for row in rows
    ]


def _person_answers(now: datetime) -> int:
    """Ask the receivers about everything that waits for a person, and answer truly; gives how many answers."""
    from cases.handoff import engine
    from cases.models import HandOff
    from cases.refusal import NotAllowed
    from ledger.models import Person

    _set_out()
    tono, kept, answers = Person.objects.get(username="tono"), _kept(), 0
    for row in HandOff.objects.filter(state__in=("needs_person", "refused")).order_by("id"):
        try:
            if kept[_name(row)]:
                engine.it_arrived(row, "", tono, now)
            elif row.attempts < _PATIENCE or row.state == "needs_person":
                engine.send_again(row, tono, now)
            else:
                continue
        except NotAllowed:
            continue  # another hand answered meanwhile
        answers += 1
    return answers


def _name(row: Any) -> str:
    """By what a receiver knows a message of this hand-off."""
    return str(row.key.hex if row.receiver.sort == "unit" else row.key)


def _kept() -> Counter[str]:
    """How many messages each receiver kept, by the key: of mail the Message-ID's."""
    found: Counter[str] = Counter()
    for sort in ("mail", "web"):
        file = Path(_files()["folder"]) / sort / "kept.jsonl"
        for line in file.read_text("utf-8").splitlines() if file.exists() else []:
            key = json.loads(line)["key"]
            found[key.strip().strip("<>").partition("@")[0]] += 1
    return found


def _end_faults() -> None:
    for sort in ("mail", "web"):
        (Path(_files()["folder"]) / sort / "faults.json").write_text("[]", "utf-8")


def _files() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((_home() / "receivers.json").read_text("utf-8"))
    return found


def _set_out() -> dict[str, Any]:
    """Point mail and web at the receivers of this trial, with little patience."""
    from django.conf import settings

    here = _files()
    settings.EMAIL_BACKEND = "channels.mail.Backend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", here["smtp"], 2
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.DEFAULT_FROM_EMAIL = "lapor@bekasi.example.go.id"
    settings.PUBLIC_URL = "https://desk.example.go.id"
    outside = {
        **settings.ANSWERING["outside"],
        "allow": [f"127.0.0.1:{here['http']}"],
        "read": 0.4,
        "total": 2,
    }
    settings.ANSWERING = {**settings.ANSWERING, "outside": outside}
    return here


class _Locked(Locked):
    """The same other program, at the table of hand-offs."""

    def hold(self) -> None:
        from django.db import connection

        if connection.vendor == "sqlite":
            return super().hold()
        import psycopg

        self.happened = True
        held = psycopg.connect(**_parameters(connection))
        held.execute("LOCK TABLE cases_handoff IN EXCLUSIVE MODE")
        self._let_go = held.close
        return None


@contextmanager
def _locked_at(point: str, visit: int) -> Iterator[_Locked]:
    from tests.trials.warm import at_visit

    locked = _Locked()
    if point:
        _do_not_wait()
        at_visit(point, visit, locked.hold)
    try:
        yield locked
    finally:
        locked.release()


def _round(now: datetime, locked: _Locked) -> None:
    """Every due hand-off once. A failing database fails one job, as in both executors; the next tick goes on."""
    from django.db import DatabaseError

    from cases.handoff import engine

    for handoff, _receiver in engine.due(now):
        try:
            engine.advance(handoff, now)
        except DatabaseError:
            if not locked.happened:
                raise
            log.warning("hand-off %s: the database was locked", handoff)
        finally:
            locked.release()


def _next(now: datetime) -> datetime | None:
    """When something is due after ``now``; None: never again by itself."""
    from cases.models import HandOff

    rows = HandOff.objects.filter(next_at__isnull=False).values_list("next_at", "leased_until")
    due = [max(time for time in row if time is not None) + TICK for row in rows]
    return max(min(due), now + TICK) if due else None


def _note(now: datetime) -> None:
    """One line with the time, so that what a killed child had done is known."""
    with (_home() / "progress.jsonl").open("a", encoding="utf-8") as out:
        out.write(json.dumps({"now": now.isoformat()}) + "\n")


def _home() -> Path:
    from django.conf import settings

    return Path(settings.KENTONGAN_HOME)
