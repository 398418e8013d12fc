"""How fast mentions go from an HTTP page into a stored row, beside twarc: `make bench-hearing`.

    python -m tests.bench.hearing --twarc .venv-bench/bin/python [--mentions 5000] [--rounds 5] [--memory 200000]

Speed: one town holds the mentions; in each round four readers take all of them in turn, pages of 100 with the same
fields: a plain loop that throws the pages away, twarc 2.14 writing them to JSON Lines, and Kentongan's whole pass
into a fresh SQLite and a fresh PostgreSQL. The figures are medians of the rounds, without starting and importing.
The town's own time is in all of them; the plain loop tells how much that is.

Memory: 200,000 mentions in ten passes on each database, the resident memory of the hearing process looked at every
1,000 mentions. Flat: the median of the last quarter lies at most FLAT_MB above that of the second quarter.

The last line of output is one JSON object. The exit is not 0 if anything was missed or stored twice, or if memory
is not flat.
"""

import argparse
import contextlib
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from config.ports import free_port
from config.town import Town
from tests.bench.hearer import digest
from tests.bench.world import mentions
from tests.trials.databases import ROOT, Environment, migrated
from tests.with_postgres import postgres

#: Growth of the resident memory that still counts as flat, in MB: less than a page kept for each pass would cost.
FLAT_MB = 10.0
PASSES = 10
#: The city's account in the town as it is without an identity file.
USER_ID, TOKEN = "1470000000000000001", "town-x-bearer"


class Hearer:
    """Our side of a process of tests.bench.hearer with a database of its own."""

    def __init__(self, env: Environment, town: Town) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.hearer"],
            cwd=ROOT,
            env={**env, "KENTONGAN_STAND_IN": town.base},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def ask(self, what: str, **more: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, **more}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def hear(self) -> dict[str, Any]:
        return self.ask("hear", now=datetime.now(UTC).isoformat())

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the hearing process has ended early; what it said stands above")
        return dict(json.loads(line))

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


@contextlib.contextmanager
def hearer(fresh: Callable[[], Environment], town: Town) -> Iterator[Hearer]:
    """A hearing process on a fresh database."""
    made = Hearer(fresh(), town)
    try:
        yield made
    finally:
        made.close()


class Held:
    """What the town holds, in the form in which it is compared."""

    def __init__(self, town: Town) -> None:
        ids = [str(number) for number in town.get("/control/ids?channel=x").values()]
        self.count, self.digest = len(ids), digest(ids)

    def differs(self, name: str, count: int, found: str) -> list[str]:
        if (count, found) == (self.count, self.digest):
            return []
        return [f"{name}: {count} rows for {self.count} posts, or not the same ones"]


class Bench:
    def __init__(self, town: Town, databases: dict[str, Callable[[], Environment]], folder: Path) -> None:
        self.town, self.databases, self.folder = town, databases, folder
        self.problems: list[str] = []

    def speed(self, count: int, rounds: int, twarc: str) -> dict[str, list[float]]:
        """Mentions a second of every reader in every round, the readers in turn."""
        self.town.post("/control/reset", {})
        params = self._asked_fields()
        self.load(list(mentions(count)))
        held = Held(self.town)
        order = {"base": self.town.base, "token": TOKEN, "user_id": USER_ID, "params": params}
        rates: dict[str, list[float]] = {}
        for number in range(rounds):
            done = {"drain": self._reader(sys.executable, "drain", order)}
            if twarc:
                done["twarc"] = self._reader(twarc, "twarc", order, held)
            for name, fresh in self.databases.items():
                done[name] = self._ours(name, fresh, held)
            for name, seconds in done.items():
                rates.setdefault(name, []).append(held.count / seconds)
            figures = ", ".join(f"{name} {held.count / seconds:,.0f}/s" for name, seconds in done.items())
            say(f"round {number + 1}: {figures}")
        return rates

    def memory(self, count: int) -> dict[str, Any]:
        """Resident memory on each database over ``count`` mentions, which the town is given part by part."""
        self.town.post("/control/reset", {})
        rows = mentions(count)
        samples: dict[str, list[float]] = {name: [] for name in self.databases}
        with contextlib.ExitStack() as stack:
            ours = {n: stack.enter_context(hearer(fresh, self.town)) for n, fresh in self.databases.items()}
            for number in range(PASSES):
                share = count // PASSES + (number < count % PASSES)
                self.load(list(itertools.islice(rows, share)))
                for name, one in ours.items():
                    heard = one.hear()
                    samples[name] += heard["rss"]
                    say(f"pass {number + 1} on {name}: {heard['new']:,} new in {heard['seconds']:.1f} s")
            held = Held(self.town)
            for name, one in ours.items():
                self._compare(name, one, held)
        return {"mentions": count, **{name: flatness(found) for name, found in samples.items()}}

    def load(self, rows: list[dict[str, str]]) -> None:
        assert self.town.load(rows) == []

    def _asked_fields(self) -> dict[str, str]:
        """What Kentongan asks X for, as the town saw it; asked of the empty town."""
        with hearer(next(iter(self.databases.values())), self.town) as one:
            one.hear()
        paths = [asked["path"] for asked in self.town.get("/control/requests")["last"]]
        asked = next(path for path in reversed(paths) if "/mentions?" in path)
        return dict(parse_qsl(urlsplit(asked).query))

    def _ours(self, name: str, fresh: Callable[[], Environment], held: Held) -> float:
        with hearer(fresh, self.town) as one:
            seconds = float(one.hear()["seconds"])
            self._compare(name, one, held)
        return seconds

    def _compare(self, name: str, one: Hearer, held: Held) -> None:
        stored = one.ask("ids")
        self.problems += held.differs(name, stored["rows"], stored["digest"])
        if stored["set_aside"]:
            self.problems.append(f"{name}: {stored['set_aside']} set aside")

    def _reader(self, python: str, name: str, order: dict[str, Any], held: Held | None = None) -> float:
        out = self.folder / f"{name}.jsonl"
        done = subprocess.run(
            [python, str(Path(__file__).with_name("readers.py")), name],
            input=json.dumps({**order, "out": str(out)}),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        if held is not None:
            lines = out.read_text("utf-8").splitlines()
            ids = [str(post["id"]) for line in lines for post in json.loads(line)["data"]]
            self.problems += held.differs(name, len(ids), digest(ids))
        return float(json.loads(done.stdout)["seconds"])


def flatness(samples: Sequence[float]) -> dict[str, Any]:
    """``growth_mb``: the median of the last quarter of the samples less that of the second; and the peak."""
    quarter = len(samples) // 4
    if quarter == 0:
        return {"growth_mb": None, "peak_mb": None, "flat": False}
    second = statistics.median(samples[quarter : 2 * quarter])
    growth = statistics.median(samples[-quarter:]) - second
    return {
        "second_quarter_mb": round(second, 1),
        "growth_mb": round(growth, 1),
        "peak_mb": round(max(samples), 1),
        "flat": growth <= FLAT_MB,
    }


def summary(
    count: int, rates: dict[str, list[float]], memory: dict[str, Any], problems: list[str]
) -> dict[str, Any]:
    """The last line: medians, ratios to twarc (None without it), and whether all was well."""
    middle = {name: statistics.median(found) for name, found in rates.items()}
    baseline = middle.get("twarc")
    report: dict[str, Any] = {"bench": "hearing", "mentions": count}
    for name in ("sqlite", "postgres", "twarc"):
        report[f"{name}_per_s"] = round(middle[name], 1) if name in middle else None
    for name in ("sqlite", "postgres"):
        known = baseline and name in middle
        report[f"{name}_ratio"] = round(middle[name] / baseline, 3) if known and baseline else None
    report["drain_only_per_s"] = round(middle["drain"], 1)
    report["memory"] = memory
    risen = [name for name, one in memory.items() if isinstance(one, dict) and not one["flat"]]
    report["problems"] = [*problems, *(f"{name}: memory is not flat" for name in risen)]
    return {**report, "ok": not report["problems"]}


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mentions", type=int, default=10_000, help="read by every reader in every round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", type=int, default=200_000, help="mentions of the memory run; 0: none")
    parser.add_argument("--twarc", default="", help="a Python that has twarc; without it there is no ratio")
    parser.add_argument("--only", choices=["sqlite", "postgres"])
    given = parser.parse_args()
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kentongan-bench-")))
        folder.chmod(0o755)
        os.environ["KENTONGAN_LOG"] = "CRITICAL"
        databases: dict[str, Callable[[], Environment]] = {}
        for name in [given.only] if given.only else ["sqlite", "postgres"]:
            (folder / name).mkdir()
            address = stack.enter_context(postgres()) if name == "postgres" else ""
            databases[name] = migrated(folder / name, address)
        town = Town(free_port("127.0.0.1", 0), ["--no-caps"], folder / "town.log")
        stack.callback(town.close)
        town.wait_ready()
        bench = Bench(town, databases, folder)
        rates = bench.speed(given.mentions, given.rounds, given.twarc)
        memory = bench.memory(given.memory) if given.memory else {}
    report = summary(given.mentions, rates, memory, bench.problems)
    print(json.dumps({**report, "seconds": round(time.monotonic() - began, 1)}))
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
