"""A warm process that forks one child for each step of a trial, so that a step costs milliseconds, not imports.

The child gets a home, a database and a town of its own, does one step, and may kill itself at a named point.
"""

import contextlib
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from tests.trials.databases import ROOT, Environment

KILLED = -signal.SIGKILL


class Warm:
    """The trial's side: sends steps, reads how they ended."""

    #: Whether the last step was held at its point.
    held = False

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

    def step(
        self,
        what: str,
        env: Environment,
        now: datetime,
        kill: str = "",
        visit: int = 1,
        rival: tuple[str, datetime] | None = None,
        **more: object,
    ) -> Any:
        """Do one step in a child; gives what it returned, or KILLED. Raises AssertionError when it failed.

        what: a function of tests.trials.steps, or "module.function" of tests.trials; ``more`` are its arguments.
        rival: a second step and its time. Without ``kill`` both run at once; with it the first is held at the point,
        instead of killed, while the second runs from its beginning to its end.
        """
        order = {"what": what, "env": env, "now": now.isoformat(), "kill": kill, "visit": visit, "more": more}
        if rival is not None:
            order["rival"] = {**order, "what": rival[0], "now": rival[1].isoformat(), "kill": "", "more": {}}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert answer["code"] in (0, KILLED), answer["said"]
        self.held = bool(answer.get("held"))
        return KILLED if answer["code"] == KILLED else json.loads(answer["said"] or "null")

    def learn(self, what: str) -> None:
        """Do a step in the warm process itself: what it loads, every child has. It must touch no database."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"learn": what}) + "\n")
        self._process.stdin.flush()
        assert json.loads(self._process.stdout.readline()) == "ready"

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
        order = json.loads(line)
        if "learn" in order:
            _step(order["learn"])()
            gc.collect()
            gc.freeze()  # a child's collector would else copy every page it looks at
        print(json.dumps("ready" if "learn" in order else fork(order)), flush=True)


def fork(order: dict[str, Any]) -> dict[str, Any]:
    """Run one step in a child; its result or its traceback comes back through a file."""
    first = Child(order)
    if "rival" not in order:
        return first.end()
    held = bool(order["kill"]) and first.until_held()
    second = Child(order["rival"])
    if not order["kill"]:
        ended = first.end()
        return second.end() if ended["code"] == 0 else ended
    also = second.end()
    ended = {**first.end(), "held": held}
    return ended if also["code"] == 0 else also


class Child:
    """A forked child that does one step, and may be held at a point on its way."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._out = tempfile.NamedTemporaryFile("r+", encoding="utf-8")  # noqa: SIM115 - closed in end()
        self._held, tell = os.pipe()
        wait, self._go = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._go)
            self._live(order, (tell, wait))
        os.close(tell)
        os.close(wait)

    def _live(self, order: dict[str, Any], pipes: tuple[int, int]) -> None:
        code = 0
        try:
            self._out.write(json.dumps(do(order, pipes)))
        except BaseException:  # noqa: BLE001 - whatever happened, the parent is told
            self._out.write(traceback.format_exc())
            code = 1
        self._out.flush()
        os._exit(code)

    def until_held(self) -> bool:
        """Wait until it has come to its point (True), or has ended without coming there."""
        return os.read(self._held, 1) == b"."

    def end(self) -> dict[str, Any]:
        """Let it go on, and wait for its end."""
        os.close(self._go)
        _, status = os.waitpid(self._pid, 0)
        os.close(self._held)
        with self._out as out:
            return {"code": os.waitstatus_to_exitcode(status), "said": Path(out.name).read_text("utf-8")}


def do(order: dict[str, Any], pipes: tuple[int, int]) -> Any:
    from django.conf import settings
    from django.db import connections

    env = order["env"]
    if env.get("DATABASE_URL", "").startswith("postgres") != settings.DISTRIBUTED:
        raise RuntimeError("this warm process was started for the other database")
    settings.KENTONGAN_HOME = Path(env["KENTONGAN_HOME"])
    settings.STAND_IN = env.get("KENTONGAN_STAND_IN", "")
    connections.databases["default"]["NAME"] = env["DATABASE_NAME"]
    if order["kill"]:
        at_visit(order["kill"], order["visit"], partial(_hold, *pipes) if "rival" in order else _die)
    return _step(order["what"])(datetime.fromisoformat(order["now"]), **order["more"])


def _step(what: str) -> Callable[..., Any]:
    module, _, name = what.rpartition(".")
    found: Callable[..., Any] = getattr(importlib.import_module(f"tests.trials.{module or 'steps'}"), name)
    return found


def at_visit(point: str, visit: int, what: Callable[[], None]) -> None:
    """Do ``what`` at the n-th visit of ``point``."""
    from ledger.points import listen

    seen = 0

    def reached(name: str) -> None:
        nonlocal seen
        seen += name == point
        if name == point and seen == visit:
            what()

    listen(reached)


def _die() -> None:
    """SIGKILL ourselves: nothing is flushed, closed or rolled back by us."""
    os.kill(os.getpid(), signal.SIGKILL)


def _hold(tell: int, wait: int) -> None:
    """Say that we are here, and stay until the other end is closed."""
    os.write(tell, b".")
    os.read(wait, 1)


if __name__ == "__main__":
    main()
