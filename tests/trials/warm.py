"""A warm process that forks one child for each step of a trial, so that a step costs milliseconds, not imports.

The child gets a home, a database and a town of its own, does one step, and may kill itself at a named point.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.trials.databases import ROOT, Environment

KILLED = -signal.SIGKILL


class Warm:
    """The trial's side: sends steps, reads how they ended."""

    def __init__(self, address: str | None = None) -> None:
        env = dict(os.environ) if address is None else {**os.environ, "DATABASE_URL": address}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.trials.warm"],
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def step(self, what: str, env: Environment, now: datetime, kill: str = "", visit: int = 1) -> Any:
        """Do one step in a child; gives what it returned, or KILLED. Raises AssertionError when it failed."""
        order = {"what": what, "env": env, "now": now.isoformat(), "kill": kill, "visit": visit}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert answer["code"] in (0, KILLED), answer["said"]
        return KILLED if answer["code"] == KILLED else json.loads(answer["said"] or "null")

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


@contextlib.contextmanager
def warm(address: str | None = None) -> Iterator[Warm]:
    """A warm process for the run's own database, or for the kind of database at ``address`` ("": SQLite)."""
    made = Warm(address)
    try:
        yield made
    finally:
        made.close()


# --- in the warm process


def main() -> None:
    import importlib

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    # Imported once here, so that no child has to.
    for name in ("x", "facebook", "feed", "instagram", "instagram_web", "website"):
        importlib.import_module(f"channels.{name}")
    for name in ("config.demo", "engine.work"):
        importlib.import_module(name)
    from django.conf import settings

    from classifiers.judge import current_model

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick, for tests only

    current_model()
    for line in sys.stdin:
        print(json.dumps(fork(json.loads(line))), flush=True)


def fork(order: dict[str, Any]) -> dict[str, Any]:
    """Run one step in a child; its result or its traceback comes back through a file."""
    with tempfile.NamedTemporaryFile("r+", encoding="utf-8") as out:
        child = os.fork()
        if child == 0:
            code = 0
            try:
                out.write(json.dumps(do(order)))
            except BaseException:  # noqa: BLE001 - whatever happened, the parent is told
                out.write(traceback.format_exc())
                code = 1
            out.flush()
            os._exit(code)
        _, status = os.waitpid(child, 0)
        return {"code": os.waitstatus_to_exitcode(status), "said": Path(out.name).read_text("utf-8")}


def do(order: dict[str, Any]) -> Any:
    from django.conf import settings
    from django.db import connections

    import tests.trials.steps as steps

    env = order["env"]
    if env.get("DATABASE_URL", "").startswith("postgres") != settings.DISTRIBUTED:
        raise RuntimeError("this warm process was started for the other database")
    settings.KENTONGAN_HOME = Path(env["KENTONGAN_HOME"])
    settings.STAND_IN = env.get("KENTONGAN_STAND_IN", "")
    connections.databases["default"]["NAME"] = env["DATABASE_NAME"]
    if order["kill"]:
        kill_at(order["kill"], order["visit"])
    return getattr(steps, order["what"])(datetime.fromisoformat(order["now"]))


def kill_at(point: str, visit: int) -> None:
    """SIGKILL ourselves at the n-th visit of ``point``: nothing is flushed, closed or rolled back by us."""
    from ledger.points import listen

    seen = 0

    def reached(name: str) -> None:
        nonlocal seen
        seen += name == point
        if seen == visit:
            os.kill(os.getpid(), signal.SIGKILL)

    listen(reached)


if __name__ == "__main__":
    main()
