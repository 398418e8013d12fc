"""Random kills and faults against speaking: `make trial-speaking`.

    python -m tests.trials.speaking --trials 1000 [--seed 1] [--only [sqlite|postgres]]

Each trial: one announcement goes to all six channels while routes fail and the process is killed at a boundary, or
held there past its lease, or meets a locked database, or two work at once; half of the trials go on to a correction
or a withdrawal, or both, which are disturbed likewise. The clock is injected, in the town too: it jumps to whatever
is due next. What the town shows is the judge: nothing twice, nothing lost, nothing stuck, and no person left without
a reason. A person's answers are what the town shows at that moment.

`--seed N --only` repeats trial N, on both databases. The last line of output is one JSON object; the exit is not 0 if
any trial broke a promise, or a boundary or a fault was never met.
"""

import argparse
import json
import math
import random
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from config.ports import free_port
from config.town import Town
from tests.trials.databases import Environment, forget, migrated
from tests.trials.speaking_eyes import breaches
from tests.trials.speaking_plan import BOUNDARIES, DISTURBANCES, FAULTS, channels_of, faults_of, meeting
from tests.trials.warm import KILLED, Warm, warm

#: A killed process is started again after this.
RESTART = timedelta(seconds=5)
#: Past the lease of [speaking].
LEASE_OVER = timedelta(seconds=121)
_DO = "speaking_steps."
_UNCLEAR = ("sending", "unknown")
_BROKEN = ("twice", "lost", "stuck", "untold")


class Story:
    """One trial, decided by its seed."""

    def __init__(self, seed: int, town: Town, process: Warm, env: Environment) -> None:
        self.seed, self.dice = seed, random.Random(seed)
        self.town, self.process, self.env = town, process, env
        self.now = datetime.now(UTC)
        self.fault, self.disturbance = meeting(seed)
        self.keys = channels_of(self.fault, self.dice)
        self.acts: list[str] = []
        self.played: Counter[str] = Counter()
        self.stopped: Counter[str] = Counter()
        self.elsewhere: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        self.left = ""  #: state of the announcement in the end
        self.broken: list[tuple[str, str]] = []
        self.told: list[str] = []

    def play(self) -> None:
        self.town.post("/control/reset", {})
        self._do("begin", keys=self.keys)
        self.begin_act("publish")
        dice = self.dice.random()
        if dice < 0.08:
            self.change("retract", at_once=True)  # in the middle of things
            self.judge()
            return
        self.judge()
        for act in ("correct",) * (dice < 0.48) + ("retract",) * (0.38 < dice < 0.68):
            if self.change(act):
                self.judge()

    def change(self, act: str, *, at_once: bool = False) -> bool:
        """A person's decision about what is out, minutes or hours later; gives whether it could be made.

        at_once: within two minutes, because the engine, which is down, must not seem to have waited for hours.
        """
        later = self.dice.randint(1, 600)
        self.now += timedelta(seconds=later / 5) if at_once else timedelta(minutes=later)
        possible = bool(self._do(act))
        if possible:
            # The pair of this seed met the first act; the later ones meet another pair.
            self.fault, self.disturbance = self.dice.choice(FAULTS), self.dice.choice(DISTURBANCES)
            self.begin_act(act)
        return possible

    def begin_act(self, act: str) -> None:
        self.acts.append(act)
        for route, fault in faults_of(act, self.fault, self.disturbance, self.keys, self.dice):
            self._arm(route, fault)
        self.disturb()

    def judge(self) -> None:
        """What follows is left in peace until it ends, and compared with the town."""
        found = self._do("settle")
        for left in found["unplayed"]:
            self.played[left["fault"]] -= left["times"]
        after = f"after {self.acts[-1]}"
        for ends in found["ends"]:
            broken = breaches(ends, found["received"])
            self.broken += [(what, f"{after}: {where}") for what, where in broken]
            newest = [rows[-1] for rows in ends["deliveries"].values()]
            self.ended.update(f"{row['act']} {row['state']}" for row in newest)
        self.left = found["ends"][0]["state"]

    def disturb(self) -> None:
        how = self.disturbance
        for _ in range(self.dice.choice((1, 1, 2, 3))):
            point = how if how in BOUNDARIES else self.dice.choice(BOUNDARIES)
            visit = self.dice.randint(1, 2 if point.startswith("look.") else 6)
            self.told.append(f"{how} at {point} #{visit}")
            if how == "lease lost":
                what = self.dice.choice(("run_on", "settle"))  # the other worker, or a person's answers too
                rival = (_DO + what, self.now + LEASE_OVER)
                self._do("run_on", kill=point, visit=visit, rival=rival, rounds=self.dice.randint(1, 4))
                self.stopped[how] += self.process.held
                self.elsewhere[f"held at {point}"] += self.process.held
            elif how == "two at once":
                self._do("run_on", rival=(_DO + "one_round", self.now), rounds=1)
                self.stopped[how] += 1
            elif how == "database locked":
                happened = self._do("run_on", lock=point, visit_of_lock=visit)["locked"]
                self.stopped[how] += happened
                self.elsewhere[f"locked at {point}"] += happened
                return
            elif self._do("run_on", kill=point, visit=visit) == KILLED:
                self.stopped[point] += 1
                self.now += RESTART
            else:
                return  # it never came to its point, and nothing is left to do
            how = self.dice.choice(DISTURBANCES)

    def _do(self, what: str, **more: Any) -> Any:
        done = self.process.step(_DO + what, self.env, self.now, **more)
        self.now = max([self.now, *(line["now"] for line in self._progress()[-8:])]) + timedelta(seconds=1)
        return done

    def _progress(self) -> list[dict[str, Any]]:
        file = Path(self.env["KENTONGAN_HOME"]) / "progress.jsonl"
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        rows = [json.loads(line) for line in lines]
        return [{**row, "now": datetime.fromisoformat(row["now"])} for row in rows]

    def _arm(self, route: str, fault: str) -> None:
        seconds = {"commit_then_hang": 1.5, "slow_container": 40}.get(fault, 90)
        times = self.dice.choice((1, 1, 1, 2, 3))
        self.told.append(f"{route} {fault} x{times}")
        self.town.post("/control/fail", {"route": route, "fault": fault, "times": times, "seconds": seconds})
        self.played[fault] += times

    def unclear(self) -> tuple[list[float], list[float]]:
        """Seconds from each unclear send to the end of its question: found out by reading, and given to a person."""
        read, asked = [], []
        since: dict[str, str] = {}
        for line in sorted(self._progress(), key=lambda line: line["now"]):
            for pk, (state, sent_at) in line["states"].items():
                if state in _UNCLEAR and sent_at:
                    since.setdefault(pk, sent_at)
                elif pk in since and state not in _UNCLEAR:
                    took = (line["now"] - datetime.fromisoformat(since.pop(pk))).total_seconds()
                    (asked if state == "needs_person" else read).append(took)
        return read, asked


def campaign(name: str, address: str, seeds: range, report: dict[str, Any], folder: Path) -> None:
    """Play the trials of one database; adds to ``report``."""
    fresh = migrated(folder, address)
    town = Town(free_port("127.0.0.1", 0), ["--no-caps"], folder / f"town-{name}.log")
    try:
        town.wait_ready()
        with warm(address) as process:
            process.learn("speaking_steps.load")
            for seed in seeds:
                if time.monotonic() > report["until"]:
                    break
                home = folder / uuid.uuid4().hex
                env = {**fresh(), "KENTONGAN_STAND_IN": town.base}
                if name == "postgres":
                    home.mkdir()
                    env["KENTONGAN_HOME"] = str(home)
                story = Story(seed, town, process, env)
                story.play()
                add(report, story)
                if story.broken:
                    said = f"{name} seed {seed}: {story.acts}, {story.told}"
                    report["broken"].append({"seed": seed, "what": story.broken, "after": story.told})
                    print("\n  ".join([said, *map(str, story.broken)]), file=sys.stderr, flush=True)
                elif report["trials"] % 50 == 0:
                    print(f"{name}: {report['trials']} trials", file=sys.stderr, flush=True)
                forget(env)
    finally:
        town.close()


def add(report: dict[str, Any], story: Story) -> None:
    report["trials"] += 1
    report["changed"] += len(story.acts) > 1
    for what, _ in story.broken:
        report[what] += 1
    report["acts"].update(story.acts)
    report["faults"].update(+story.played)
    report["boundaries"].update(story.stopped)
    report["elsewhere"].update(+story.elsewhere)
    report["ended"].update(story.ended)
    report["announcements"][story.left] += 1
    read, asked = story.unclear()
    report["read"] += read
    report["asked"] += asked
    # The five slowest, so that what lies behind a long wait can be looked at.
    slow = [*report["slowest"], [round(max([*read, *asked, 0.0]), 1), story.seed]]
    report["slowest"] = sorted(slow, reverse=True)[:5]


def empty() -> dict[str, Any]:
    counts = dict.fromkeys(("trials", "changed", *_BROKEN), 0)
    lists: dict[str, Any] = {"until": math.inf, "broken": [], "read": [], "asked": [], "slowest": []}
    more: dict[str, Any] = {name: Counter() for name in ("boundaries", "elsewhere", "ended", "announcements")}
    return {**counts, **lists, "acts": Counter(), "faults": Counter(), **more}


def summary(reports: dict[str, dict[str, Any]], trials: int, seconds: float) -> dict[str, Any]:
    """The last line: what was broken, what was met, and how long questions stayed open (seconds, injected clock)."""
    whole = empty()
    for report in reports.values():
        for key in whole:
            whole[key] += report[key]
    del whole["until"]
    missing = [one for one in FAULTS if not whole["faults"][one]]
    missing += [one for one in DISTURBANCES if not whole["boundaries"][one]]
    good = whole["trials"] >= trials and not whole["broken"]
    figures = {
        "read": _spread(whole.pop("read")),
        "asked": _spread(whole.pop("asked")),
        "by_database": {name: report["trials"] for name, report in reports.items()},
    }
    return {
        "ok": good,
        "missing": missing,
        **whole,
        "seconds_to_resolve": figures,
        "seconds": round(seconds, 1),
    }


def _spread(found: list[float]) -> dict[str, float]:
    if not found:
        return {"count": 0}
    return {
        "count": len(found),
        "median": round(statistics.median(found), 1),
        "p95": round(sorted(found)[int(0.95 * (len(found) - 1))], 1),
        "worst": round(max(found), 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=1000, help="in all, shared by both databases")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--seconds", type=float, default=math.inf, help="begin no trial after this many seconds"
    )
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
    whole = given.only or given.trials < 500 or not found["missing"]
    return 0 if found["ok"] and whole else 1


def _on(name: str, seeds: range, report: dict[str, Any], folder: Path) -> None:
    def run(address: str) -> None:
        campaign(name, address, seeds, report, folder)

    if name == "sqlite":
        run("")
        return
    from tests.with_postgres import postgres

    with postgres() as address:
        run(address)


if __name__ == "__main__":
    sys.exit(main())
