"""Random kills and faults against handing over: `make trial-answering`.

    python -m tests.trials.answering --trials 600 [--seed 1] [--only [sqlite|postgres]]

Each trial: one to three cases go to a unit by mail, to a system that takes two messages with one key as one, and to
one that does not, while the receivers (a real SMTP server and a web server, in a process of their own) fail and the
process is killed at a boundary, or held there past its lease, or meets a locked database, or two work at once. The
clock is injected and jumps to whatever is due next. What the receivers kept is the judge: no message twice, none
lost, none stuck, and no person left without a reason. A person's answers are what the receivers have at that moment.

`--seed N --only` repeats trial N, on both databases. The last line of output is one JSON object; the exit is not 0 if
any trial broke a promise, or (in a whole campaign) a boundary or a fault was never met.
"""

import argparse
import json
import math
import random
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ledger.points import HANDOFF_LOOKS, HANDOFF_POINTS
from tests.receivers import AT_DATA, BEFORE, WEB
from tests.trials.databases import ROOT, Environment, forget, migrated
from tests.trials.warm import KILLED, Warm, warm

#: A killed process is started again after this.
RESTART = timedelta(seconds=5)
#: Past the lease of [handoff].
LEASE_OVER = timedelta(seconds=121)
#: No receiver here can be asked, so an answer to a look is never reached.
BOUNDARIES = (*HANDOFF_POINTS, *(point for point in HANDOFF_LOOKS if point != "handoff.look_answered"))
DISTURBANCES = (*BOUNDARIES, "lease lost", "lease lost", "database locked", "two at once")
MAIL_FAULTS = (*BEFORE, *AT_DATA)
WEB_FAULTS = tuple(
    one for one in WEB if one != "drip"
)  # takes real time; tests/contract/test_outside.py has it
FAULTS = (*MAIL_FAULTS, *WEB_FAULTS)
_DO = "answering_steps."
_OPEN = ("planned", "claimed", "sending", "retrying", "unknown")
_BROKEN = ("twice", "lost", "stuck", "untold")


class Receivers:
    """The mail server and the web server, in a process of their own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.receivers", str(folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self.ports: dict[str, int] = json.loads(self._process.stdout.readline())

    def reset(self, faults: dict[str, list[str]]) -> None:
        for sort, waiting in faults.items():
            (self.folder / sort / "faults.json").write_text(json.dumps(waiting), "utf-8")
            (self.folder / sort / "kept.jsonl").unlink(missing_ok=True)

    def left(self, sort: str) -> list[str]:
        found: list[str] = json.loads((self.folder / sort / "faults.json").read_text("utf-8"))
        return found

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


class Story:
    """One trial, decided by its seed."""

    def __init__(self, seed: int, receivers: Receivers, process: Warm, env: Environment) -> None:
        self.seed, self.dice = seed, random.Random(seed)
        self.receivers, self.process, self.env = receivers, process, env
        self.now = datetime(2026, 11, 24, 3, tzinfo=UTC)
        # Every fault and every disturbance has its turn; the rest is the dice's.
        self.disturbance = DISTURBANCES[seed % len(DISTURBANCES)]
        self.faults = {
            "mail": [MAIL_FAULTS[seed % len(MAIL_FAULTS)], *self._some(MAIL_FAULTS)][
                : self.dice.randint(0, 3)
            ],
            "web": [WEB_FAULTS[seed % len(WEB_FAULTS)], *self._some(WEB_FAULTS)][: self.dice.randint(0, 4)],
        }
        self.stopped: Counter[str] = Counter()
        self.played: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        self.handoffs = 0
        self.broken: list[tuple[str, str]] = []
        self.told: list[str] = []

    def _some(self, among: tuple[str, ...]) -> list[str]:
        return self.dice.choices(among, k=3)

    def play(self) -> None:
        self.receivers.reset(self.faults)
        home = Path(self.env["KENTONGAN_HOME"])
        where = {**self.receivers.ports, "folder": str(self.receivers.folder)}
        (home / "receivers.json").write_text(json.dumps(where), "utf-8")
        purpose = self.dice.choice(("assign", "assign", "emergency"))
        self._do("begin", cases=self.dice.randint(1, 3), purpose=purpose)
        self.told.append(f"{self.faults} {purpose}")
        self.disturb()
        left = {sort: self.receivers.left(sort) for sort in self.faults}
        ends = self._do("settle")["ends"]
        # Those that were waiting when settling began had their chance there; what was never taken did not happen.
        for sort, had in self.faults.items():
            self.played.update(had[: len(had) - len(left[sort])])
        self.handoffs = len(ends)
        self.ended.update(f"{row['receiver']} {row['state']}" for row in ends)
        self.broken = breaches(ends)

    def disturb(self) -> None:
        how = self.disturbance
        for _ in range(self.dice.choice((1, 1, 2, 3))):
            point = how if how in BOUNDARIES else self.dice.choice(BOUNDARIES)
            visit = self.dice.randint(1, 2 if "look" in point else 6)
            self.told.append(f"{how} at {point} #{visit}")
            if how == "lease lost":
                what = self.dice.choice(("run_on", "settle"))  # the other worker, or a person's answers too
                rival = (_DO + what, self.now + LEASE_OVER)
                self._do("run_on", kill=point, visit=visit, rival=rival, rounds=self.dice.randint(1, 4))
                self.stopped[how] += self.process.held
            elif how == "two at once":
                self._do("run_on", rival=(_DO + "one_round", self.now), rounds=1)
                self.stopped[how] += 1
            elif how == "database locked":
                self.stopped[how] += self._do("run_on", lock=point, visit_of_lock=visit)["locked"]
                return
            elif self._do("run_on", kill=point, visit=visit) == KILLED:
                self.stopped[point] += 1
                self.now += RESTART
            else:
                return  # it never came to its point, and nothing is left to do
            how = self.dice.choice(DISTURBANCES)

    def _do(self, what: str, **more: Any) -> Any:
        done = self.process.step(_DO + what, self.env, self.now, **more)
        file = Path(self.env["KENTONGAN_HOME"]) / "progress.jsonl"
        lines = file.read_text("utf-8").splitlines()[-8:] if file.exists() else []
        seen = [datetime.fromisoformat(json.loads(line)["now"]) for line in lines]
        self.now = max([self.now, *seen]) + timedelta(seconds=1)
        return done


def breaches(ends: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """(what was broken: twice, lost, stuck or untold; where) of all hand-offs of the trial. Pure."""
    found = []
    for row in ends:
        # A system that knows keys counts two messages with one key as one.
        count = min(row["count"], 1) if row["receiver"] == "tahu" else row["count"]
        if count > 1:
            found.append(("twice", str(row)))
        if row["state"] in _OPEN:
            found.append(("stuck", str(row)))
        if row["state"] in ("needs_person", "refused") and not row["trouble"]:
            found.append(("untold", str(row)))
        if (row["state"] == "delivered") != bool(count) and row["state"] not in _OPEN:
            found.append(("lost", str(row)))  # said to be there and is not, or is there and nobody knows
    return found


def campaign(name: str, address: str, seeds: range, report: dict[str, Any], folder: Path) -> None:
    """Play the trials of one database; adds to ``report``."""
    fresh = migrated(folder, address)
    receivers = Receivers(folder / "receivers")
    try:
        with warm(address) as process:
            process.learn("answering_steps.load")
            for seed in seeds:
                if time.monotonic() > report["until"]:
                    break
                env = fresh()
                if name == "postgres":
                    home = folder / uuid.uuid4().hex
                    home.mkdir()
                    env["KENTONGAN_HOME"] = str(home)
                story = Story(seed, receivers, process, env)
                story.play()
                add(report, story)
                if story.broken:
                    report["broken"].append({"seed": seed, "what": story.broken, "after": story.told})
                    said = [f"{name} seed {seed}: {story.told}", *map(str, story.broken)]
                    print("\n  ".join(said), file=sys.stderr, flush=True)
                elif report["trials"] % 50 == 0:
                    print(f"{name}: {report['trials']} trials", file=sys.stderr, flush=True)
                forget(env)
    finally:
        receivers.close()


def add(report: dict[str, Any], story: Story) -> None:
    report["trials"] += 1
    report["handoffs"] += story.handoffs
    for what, _ in story.broken:
        report[what] += 1
    report["faults"].update(story.played)
    report["boundaries"].update(+story.stopped)
    report["ended"].update(story.ended)


def empty() -> dict[str, Any]:
    counts = dict.fromkeys(("trials", "handoffs", *_BROKEN), 0)
    return {
        **counts,
        "until": math.inf,
        "broken": [],
        "faults": Counter(),
        "boundaries": Counter(),
        "ended": Counter(),
    }


def summary(reports: dict[str, dict[str, Any]], trials: int, seconds: float) -> dict[str, Any]:
    """The last line: what was broken, and what was met."""
    whole = empty()
    for report in reports.values():
        for key in whole:
            whole[key] += report[key]
    del whole["until"]
    missing = [one for one in FAULTS if not whole["faults"][one]]
    missing += [one for one in DISTURBANCES if not whole["boundaries"][one]]
    return {
        "ok": whole["trials"] >= trials and not whole["broken"],
        "missing": missing,
        **whole,
        "by_database": {name: report["trials"] for name, report in reports.items()},
        "seconds": round(seconds, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=600, help="in all, shared by both databases")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin no trial after this many")
    parser.add_argument(
        "--only",
        nargs="?",
        const="both",
        choices=["both", "sqlite", "postgres"],
        help="just the trial of --seed, on this database (without a name: on both)",
    )
    given = parser.parse_args()
    began = time.monotonic()
    names = ["sqlite", "postgres"] if given.only in (None, "both") else [given.only]
    share = 1 if given.only else -(-given.trials // len(names))
    reports = {name: {**empty(), "until": began + given.seconds} for name in names}
    with tempfile.TemporaryDirectory(prefix="kentongan-trial-") as place:
        folder = Path(place)
        folder.chmod(0o755)
        threads = []
        for number, name in enumerate(names):
            (folder / name).mkdir()
            first = given.seed if given.only else given.seed + number * share
            arguments = (name, range(first, first + share), reports[name], folder / name)
            threads.append(threading.Thread(target=_on, args=arguments, name=name))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = summary(reports, share * len(names), time.monotonic() - began)
    print(json.dumps(found))
    whole = given.only or given.trials < 300 or not found["missing"]
    return 0 if found["ok"] and whole else 1


def _on(name: str, seeds: range, report: dict[str, Any], folder: Path) -> None:
    if name == "sqlite":
        campaign(name, "", seeds, report, folder)
        return
    from tests.with_postgres import postgres

    with postgres() as address:
        campaign(name, address, seeds, report, folder)


if __name__ == "__main__":
    sys.exit(main())
