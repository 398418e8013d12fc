"""How fast the queues of cases are when there are very many: `make bench-cases`.

    python -m tests.bench.cases [--mentions 1000000] [--cases 200000] [--rounds 20] [--only sqlite|postgres]

Fills a database in bulk (verdicts, clocks, assignments and events of plausible shares over two years), once with a
tenth of the rows and once with all, and times the server's work for each page of the queue, in one process, with
Django's test client: the list in every view, with filters, with full-text search and far down, one case, and Beranda.

Limits: the 95th percentile of every page under 100 ms, and under twice its own at a tenth of the rows. Pages under
GROWTH_FLOOR ms may grow: twice of next to nothing is still next to nothing.

The last line of output is one JSON object; the exit is not 0 where a limit is broken.
"""

import argparse
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.trials.databases import Environment, migrated, python
from tests.with_postgres import postgres

P95_MS, GROWTH, GROWTH_FLOOR = 100.0, 2.0, 25.0
#: Of each page, for every round: milliseconds, and those of them that were the process's own work.
Times = dict[str, list[tuple[float, float]]]


def run(env: Environment, mentions: int, cases: int, rounds: int) -> dict[str, Any]:
    """Fill and time one database; gives what tests.bench.queues printed."""
    wanted = ["--mentions", str(mentions), "--cases", str(cases), "--rounds", str(rounds)]
    done = python("tests.bench.queues", *wanted, env=env)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def percentile(times: Sequence[float], share: float) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def compared(tenth: Times, large: Times) -> dict[str, dict[str, float]]:
    """p50 and p95 in ms of each page, and how much the p95 grew from a tenth of the rows to all.

    work: the process's own time, which other programs on the machine do not lengthen (PostgreSQL's is not in it).
    """
    found = {}
    for name, rows in large.items():
        took, work = [row[0] for row in rows], [row[1] for row in rows]
        before, before_work = [row[0] for row in tenth[name]], [row[1] for row in tenth[name]]
        p95 = percentile(took, 0.95)
        found[name] = {
            "p50_ms": round(statistics.median(took), 1),
            "p95_ms": round(p95, 1),
            "tenth_p95_ms": round(percentile(before, 0.95), 1),
            "growth": round(p95 / percentile(before, 0.95), 2),
            "work_p50_ms": round(statistics.median(work), 1),
            "tenth_work_p50_ms": round(statistics.median(before_work), 1),
        }
    return found


def problems(name: str, pages: dict[str, dict[str, float]]) -> list[str]:
    """Which limits are broken, as sentences."""
    found = []
    for page, figures in pages.items():
        if figures["p95_ms"] >= P95_MS:
            found.append(f"{name} {page}: p95 {figures['p95_ms']} ms")
        if figures["growth"] >= GROWTH and figures["p95_ms"] > GROWTH_FLOOR:
            found.append(f"{name} {page}: grows {figures['growth']} times")
    return found


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mentions", type=int, default=1_000_000)
    parser.add_argument("--cases", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", choices=["sqlite", "postgres"])
    given = parser.parse_args()
    began = time.monotonic()
    report: dict[str, Any] = {"bench": "cases", "mentions": given.mentions, "cases": given.cases}
    broken: list[str] = []
    os.environ["KENTONGAN_LOG"] = "CRITICAL"
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kentongan-bench-")))
        folder.chmod(0o755)
        for name in [given.only] if given.only else ["sqlite", "postgres"]:
            (folder / name).mkdir()
            address = stack.enter_context(postgres()) if name == "postgres" else ""
            fresh: Callable[[], Environment] = migrated(folder / name, address)
            tenth = run(fresh(), given.mentions // 10, given.cases // 10, given.rounds)
            large = run(fresh(), given.mentions, given.cases, given.rounds)
            pages = compared(tenth["pages"], large["pages"])
            report[name] = {"fill_s": large["fill_s"], "pages": pages}
            broken += problems(name, pages)
            for page, figures in pages.items():
                print(f"{name} {page}: {figures}", file=sys.stderr, flush=True)
    databases = [report[name]["pages"] for name in ("sqlite", "postgres") if name in report]
    report["p95_ms"] = max(figures["p95_ms"] for pages in databases for figures in pages.values())
    report["growth"] = max(figures["growth"] for pages in databases for figures in pages.values())
    report |= {"problems": broken, "ok": not broken, "seconds": round(time.monotonic() - began, 1)}
    print(json.dumps(report))
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
