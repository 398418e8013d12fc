"""How late deliveries go out when very many are due in one second: `make bench-speaking`.

    python -m tests.bench.speaking [--deliveries 1000] [--posts 200] [--only sqlite|postgres]

The embedded executor speaks for real to a town without artificial limits. The allowances of engine.toml (X: 100 posts
in 15 minutes, Instagram: 50 a day) are set off in the bench's own settings: they would hold most of this back, which
is what they are for.

First run: 1,000 deliveries of announcements to all six channels. Start lateness: from the due moment to the beginning
of the first attempt. Deliveries a minute: from the due moment to the last post's arrival.

Second run: 200 single posts due in one second, in turn on X, Facebook, Instagram and two websites. Lateness here is
by the receiver's clock: from the due moment to the arrival; posts a minute up to the last arrival. These are the
definitions of the measurement of BrightBean Studio (commit d85fce1, 2 cores, single runs) whose figures are PEER.

The last line of output is one JSON object; the exit is not 0 if a delivery is not published exactly once.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from config.ports import free_port
from config.town import Town
from tests.bench.speaker import KEYS
from tests.trials.databases import ROOT, Environment, migrated
from tests.with_postgres import postgres

#: Allowances off; all else is as shipped.
ENGINE = "[speaking.allowance]\nx = []\ninstagram = []\n"
#: BrightBean Studio's 200 posts due in one second, measured once on another day: seconds, and posts a minute.
PEER = {
    "postgres": {"min_s": 10.0, "median_s": 154.0, "p99_s": 297.0, "per_minute": 40.0},
    "sqlite": {"min_s": 15.0, "median_s": 238.0, "p99_s": 479.0, "per_minute": 25.0},
}
#: Seconds after which what is still under way counts as not published.
PATIENCE = 900.0


class Speaker:
    """Our side of a process of tests.bench.speaker with a database of its own."""

    def __init__(self, env: Environment, town: Town) -> None:
        config = Path(env["KENTONGAN_HOME"]) / "config"
        config.mkdir(exist_ok=True)
        (config / "engine.toml").write_text(ENGINE, "utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.speaker"],
            cwd=ROOT,
            env={**env, "KENTONGAN_STAND_IN": town.base},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def ask(self, what: str, **more: object) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, **more}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the speaking process has ended early; what it said stands above")
        return json.loads(line)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


@contextlib.contextmanager
def speaker(env: Environment, town: Town) -> Iterator[Speaker]:
    town.post("/control/reset", {})
    made = Speaker(env, town)
    try:
        yield made
    finally:
        made.close()


def run(
    env: Environment, town: Town, deliveries: int, together: bool, keys: Sequence[str]
) -> tuple[dict[str, Any], list[str]]:
    """Plan and speak once; gives the figures, and what was not well."""
    with speaker(env, town) as ours:
        ours.ask("plan", deliveries=deliveries, together=together, keys=list(keys))
        spoken = ours.ask("speak", patience=PATIENCE)
    rows, shown = spoken["rows"], town.get("/control/received")
    arrived = sorted(_arrivals(rows, shown))
    started = sorted(row["began"] - row["due"] for row in rows if row["began"])
    figures = {
        "deliveries": deliveries,
        "start": spread(started),
        "arrival": spread(arrived),
        "per_minute": round(deliveries / max([*arrived, *started]) * 60, 1) if started else 0.0,
        "peak_mb": round(spoken["peak_mb"], 1),
    }
    return figures, _problems(rows, shown)


def _arrivals(rows: list[dict[str, Any]], shown: dict[str, Any]) -> Iterator[float]:
    due = min(row["due"] for row in rows)
    for key in {row["key"] for row in rows} & set(shown):
        for post in shown[key]:
            yield datetime.fromisoformat(post["created_at"]).timestamp() - due


def _problems(rows: list[dict[str, Any]], shown: dict[str, Any]) -> list[str]:
    states = Counter(row["state"] for row in rows)
    found = [f"{number} deliveries are {state}" for state, number in states.items() if state != "published"]
    found += sorted({f"{row['key']}: {row['trouble']}" for row in rows if row["state"] != "published"})[:5]
    for key in {row["key"] for row in rows} & set(shown):
        wanted = sum(row["key"] == key for row in rows)
        if len(shown[key]) != wanted:
            found.append(f"{key} shows {len(shown[key])} posts for {wanted} deliveries")
    return found


def spread(found: Sequence[float]) -> dict[str, float]:
    """min, median, p99 and max in seconds, of values in order."""
    if not found:
        return {}
    return {
        "min_s": round(found[0], 2),
        "median_s": round(statistics.median(found), 2),
        "p99_s": round(found[int(0.99 * (len(found) - 1))], 2),
        "max_s": round(found[-1], 2),
    }


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--deliveries", type=int, default=1000)
    parser.add_argument("--posts", type=int, default=200)
    parser.add_argument("--only", choices=["sqlite", "postgres"])
    given = parser.parse_args()
    began = time.monotonic()
    report: dict[str, Any] = {"bench": "speaking", "allowances": "off", "peer_brightbean_200_posts": PEER}
    problems: list[str] = []
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kentongan-bench-")))
        folder.chmod(0o755)
        os.environ["KENTONGAN_LOG"] = "CRITICAL"
        town = Town(free_port("127.0.0.1", 0), ["--no-caps"], folder / "town.log")
        stack.callback(town.close)
        town.wait_ready()
        for name in [given.only] if given.only else ["sqlite", "postgres"]:
            (folder / name).mkdir()
            address = stack.enter_context(postgres()) if name == "postgres" else ""
            fresh: Callable[[], Environment] = migrated(folder / name, address)
            report[name] = {}
            runs = {"thousand": (given.deliveries, True, KEYS), "posts": (given.posts, False, KEYS[:-1])}
            for what, (count, together, keys) in runs.items():
                report[name][what], found = run(fresh(), town, count, together, keys)
                problems += [f"{name} {what}: {one}" for one in found]
                print(f"{name} {what}: {report[name][what]}", file=sys.stderr, flush=True)
    report |= {"problems": problems, "ok": not problems, "seconds": round(time.monotonic() - began, 1)}
    print(json.dumps(report))
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
