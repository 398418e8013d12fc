"""Random worlds, faults and kills against hearing: `make trial-hearing`.

    python -m tests.trials.hearing --runs 300 [--seed 1] [--only sqlite]

Each run: citizens speak on random routes, read routes fail in random ways, the process is killed at random points,
more is said, and at last the faults end. What is stored is then compared with what the town holds: nothing missed,
nothing twice; and every pass that did not end well must lie inside a gap of the coverage ledger. The last line of
output is one JSON object; the exit is not 0 if any run broke a promise.

Left out on purpose: `missing_next` (a page that hides that there is more) cannot be noticed by any reader of X or of
a Facebook feed, because neither says how many posts there are.
"""

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from config.ports import free_port
from config.town import Town
from tests.trials.databases import Environment, migrated
from tests.trials.warm import KILLED, Warm, warm
from tests.worlds import ROUTES

START = datetime.fromisoformat("2026-11-24T03:00:00+00:00")
#: Past every lease, interval and rest of the configuration.
STEP = timedelta(hours=2)
POINTS = ("hear.page_read", "hear.page_stored", "hear.pass_done")
READS = {
    "x.mentions": "x",
    "x.search": "x",
    "facebook.feed": "graph",
    "facebook.tagged": "graph",
    "facebook.comments": "graph",
    "instagram.media": "graph",
    "instagram.comments": "graph",
    "instagram.tags": "graph",
    "instagram.hashtag": "graph",
}
FAULTS = (
    "error_503",
    "error_500_html",
    "truncate",
    "rate_limited",
    "rate_limited_bare",
    "no_content_type",
    "token_revoked",
    "permission",
    "rate_limited_retry_after",
    "html_200",
    "bad_item",
    "duplicate_page",
    "overlap_page",
    "shuffled_page",
    "late_items",
    "clock_skew",
    "empty_page",
)
GRAPH_FAULTS = ("page_limit", "code_17", "code_613", "code_80001", "code_80002", "usage_high")


class Story:
    """One run, decided by its seed."""

    def __init__(self, seed: int, town: Town, process: Warm, env: Environment) -> None:
        self.dice = random.Random(seed)
        self.seed, self.town, self.process, self.env = seed, town, process, env
        self.said = 0
        self.kills = 0
        self.faults: list[str] = []

    def play(self) -> dict[str, Any]:
        """Run it; gives what was broken, counted."""
        self.town.post("/control/reset", {})
        now = START
        for _ in range(self.dice.randint(2, 4)):
            self.speak(self.dice.randint(5, 160))
            self.spoil()
            kill = self.dice.choice(POINTS) if self.dice.random() < 0.6 else ""
            ended = self.process.step("hear_round", self.env, now, kill, self.dice.randint(1, 6))
            self.kills += ended == KILLED
            now += STEP
        self.town.request("DELETE", "/control/fail")
        found = self.process.step("hear_out", self.env, now)
        return self.compare(found)

    def speak(self, count: int) -> None:
        rows = []
        for _ in range(count):
            channel, how = self.dice.choice(ROUTES)
            words = " ".join(
                self.dice.choices(("jalan", "rusak", "gelap", "macet", "air", "sampah", "🙏", "تست"), k=5)
            )
            rows.append(
                {
                    "channel": channel,
                    "how": how,
                    "id": f"s{self.said}",
                    "text": f"{words} {self.said}",
                    "author": f"warga{self.said % 17}",
                }
            )
            self.said += 1
        assert self.town.load(rows) == []

    def spoil(self) -> None:
        for _ in range(self.dice.randint(0, 4)):
            route = self.dice.choice(list(READS))
            choices = FAULTS + (GRAPH_FAULTS if READS[route] == "graph" else ())
            fault = self.dice.choice(choices)
            self.faults.append(f"{route} {fault}")
            times = self.dice.randint(1, 3)
            self.town.post("/control/fail", {"route": route, "fault": fault, "times": times, "seconds": 1})

    def compare(self, found: dict[str, Any]) -> dict[str, Any]:
        held = {
            (channel, str(number))
            for channel in ("x", "facebook", "instagram")
            for number in self.town.get(f"/control/ids?channel={channel}").values()
        }
        stored = [tuple(pair) for pair in found["ids"]]
        # `bad_item` puts a broken copy under an id of its own in front of a page; where only its time is
        # unreadable it is a post like any other to us, and keeping it is right.
        invented = sum(fault.endswith("bad_item") for fault in self.faults) * 3
        strange = len(set(stored) - held)
        return {
            "missed": len(held - set(stored)),
            "twice": len(stored) - len(set(stored)) + max(0, strange - invented),
            "uncovered": found["uncovered"],
            "open_gaps": len(found["open_gaps"]),
            "open": found["open_gaps"],
        }


def campaign(name: str, address: str, runs: range, report: dict[str, Any], folder: Path) -> None:
    """Play the runs of one database; adds to ``report``."""
    fresh = migrated(folder, address)
    town = Town(free_port("127.0.0.1", 0), ["--no-caps"], folder / f"town-{name}.log")
    try:
        town.wait_ready()
        with warm(address) as process:
            for seed in runs:
                env = {**fresh(), "KENTONGAN_STAND_IN": town.base}
                process.step("accounts", env, START)
                story = Story(seed, town, process, env)
                broken = story.play()
                report["runs"] += 1
                report["posts"] += story.said
                report["kills"] += story.kills
                report["faults"] += len(story.faults)
                where = broken.pop("open")
                for key, value in broken.items():
                    report[key] += value
                if any(broken.values()):
                    broken["open"] = where
                    report["broken"].append({"seed": seed, **broken, "faults": story.faults})
                    print(f"{name} seed {seed}: {broken} after {story.faults}", file=sys.stderr, flush=True)
                elif report["runs"] % 25 == 0:
                    print(f"{name}: {report['runs']} runs", file=sys.stderr, flush=True)
    finally:
        town.close()


def empty() -> dict[str, Any]:
    counts = ("runs", "posts", "kills", "faults", "missed", "twice", "uncovered", "open_gaps")
    return {**dict.fromkeys(counts, 0), "broken": []}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=300, help="runs in all, shared by both databases")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=["sqlite", "postgres"])
    given = parser.parse_args()
    began = time.monotonic()
    names = [given.only] if given.only else ["sqlite", "postgres"]
    share = -(-given.runs // len(names))
    reports = {name: empty() for name in names}
    with tempfile.TemporaryDirectory(prefix="kentongan-trial-") as place:
        folder = Path(place)
        folder.chmod(0o755)
        threads = []
        for name in names:
            (folder / name).mkdir()
            runs = range(given.seed, given.seed + share)
            arguments = (name, runs, reports[name], folder / name)
            threads.append(threading.Thread(target=_on, args=arguments, name=name))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    total = {key: sum(report[key] for report in reports.values()) for key in empty() if key != "broken"}
    good = total["runs"] >= given.runs and not any(report["broken"] for report in reports.values())
    print(
        json.dumps({"ok": good, **total, "seconds": round(time.monotonic() - began, 1), "databases": reports})
    )
    return 0 if good else 1


def _on(name: str, runs: range, report: dict[str, Any], folder: Path) -> None:
    if name == "sqlite":
        campaign(name, "", runs, report, folder)
        return
    from tests.with_postgres import postgres

    with postgres() as address:
        campaign(name, address, runs, report, folder)


if __name__ == "__main__":
    sys.exit(main())
