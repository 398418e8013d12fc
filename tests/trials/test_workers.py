"""Two workers on PostgreSQL; one is killed while it hears and delivers (collected on PostgreSQL only)."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from config.demo import shipped_world
from config.town import Town
from tests.trials.databases import ROOT, Environment, migrated
from tests.trials.steps import announced
from tests.trials.warm import Warm, warm

#: Short leases and waits, so that the survivor takes over in seconds.
ENGINE = """
[hearing]
lease = 3
[speaking]
lease = 4
first_wait = 1
look_again_factor = 0.02
[distributed]
stalled = 4
heartbeat = 1
"""
POSTS = 600
PATIENCE = 90.0


@pytest.fixture(scope="module")
def process() -> Iterator[Warm]:
    with warm() as made:
        yield made


@contextmanager
def running(command: str, env: Environment, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "config.cli", command], env=env, cwd=ROOT, stdout=out, stderr=out
        )
        try:
            yield child
        finally:
            child.kill()
            child.wait()


def until(done: Callable[[], Any], what: str) -> Any:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := done():
            return found
        time.sleep(0.3)
    raise AssertionError(f"not within {PATIENCE:.0f} s: {what}")


def test_a_worker_killed_while_it_hears_and_delivers_is_replaced_by_the_other(
    process: Warm, town_process: Town, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    env = {**migrated(tmp_path_factory.mktemp("workers"))(), "KENTONGAN_STAND_IN": town_process.base}
    config = Path(env["KENTONGAN_HOME"]) / "config"
    config.mkdir(exist_ok=True)
    (config / "engine.toml").write_text(ENGINE, "utf-8")
    town_process.post("/control/reset", {})
    rows = [json.loads(line) for line in shipped_world().splitlines()]
    town_process.load(
        {**row, "id": f"k{number}", "text": f"{row['text']} ({number})"}
        for number, row in zip(range(POSTS), itertools.cycle(rows), strict=False)
    )
    # X takes the post and never answers; one page of comments hangs as well: the worker dies in both.
    town_process.post("/control/fail", {"route": "x.create", "fault": "commit_then_hang", "seconds": 120})
    town_process.post("/control/fail", {"route": "facebook.comments", "fault": "hang", "seconds": 120})

    with running("clock", env, tmp_path / "clock.log"), running("worker", env, tmp_path / "a.log") as first:
        process.step("prepare", env, datetime.now(UTC))
        until(lambda: town_process.get("/control/received")["x"], "X holds the post")
        until(lambda: town_process.get("/control/requests")["counts"].get("facebook.comments"), "hearing")
        with running("worker", env, tmp_path / "b.log"):
            os.kill(first.pid, signal.SIGKILL)
            first.wait()
            ended = until(lambda: all_done(process, env), "everything heard, judged, opened and published")
    said = {
        channel: set(town_process.get(f"/control/ids?channel={channel}").values())
        for channel in ("x", "facebook", "instagram")
    }
    heard = [tuple(pair) for pair in ended["ids"]]
    assert sorted(heard) == sorted((channel, number) for channel, ids in said.items() for number in ids)
    assert ended["forwarded"] == ended["cases"]
    received = town_process.get("/control/received")
    assert {
        account: len(announced(received, account)) for account, _ in ended["deliveries"]
    } == dict.fromkeys(("x", "facebook", "instagram", "web_diskominfostandi", "web_pemkot"), 1)


def all_done(process: Warm, env: Environment) -> dict[str, Any] | None:
    found: dict[str, Any] = process.step("progress", env, datetime.now(UTC))
    settled = all(state == "published" for _, state in found["deliveries"])
    return found if settled and found["heard"] and not found["waiting"] else None


def test_a_job_that_fails_ends_and_its_lane_goes_on(
    process: Warm, tmp_path_factory: pytest.TempPathFactory
) -> None:
    env = migrated(tmp_path_factory.mktemp("failing"))()
    ended = process.step("failing_job", env, datetime.now(UTC))
    assert ended == {"left": 0}
