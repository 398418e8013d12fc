"""A migrated database for each trial, on whichever engine the run is on: copied, not migrated anew."""

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

Environment = dict[str, str]
ROOT = Path(__file__).resolve().parent.parent.parent


def migrated(folder: Path, address: str | None = None) -> Callable[[], Environment]:
    """Migrate once under ``folder``; gives a function that makes an environment with a fresh copy each call.

    ``address`` is a DATABASE_URL, "" for SQLite; None takes the run's own.
    """
    if address is None:
        address = os.environ.get("DATABASE_URL", "")
    return _postgres(folder, address) if address.startswith("postgres") else _sqlite(folder)


def python(module: str, *arguments: str, env: Environment) -> subprocess.CompletedProcess[str]:
    """Run a module of ours to its end."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def manage(*arguments: str, env: Environment) -> None:
    done = python("config.cli", *arguments, env=env)
    assert done.returncode == 0, done.stderr


def _sqlite(folder: Path) -> Callable[[], Environment]:
    template = folder / "template"
    template.mkdir()
    manage("migrate", "--verbosity", "0", env={**_base(), "KENTONGAN_HOME": str(template)})

    def fresh() -> Environment:
        home = folder / uuid.uuid4().hex
        shutil.copytree(template, home)
        return {**_base(), "KENTONGAN_HOME": str(home), "DATABASE_NAME": str(home / "kentongan.sqlite3")}

    return fresh


def _postgres(folder: Path, address: str) -> Callable[[], Environment]:
    template = f"template_{uuid.uuid4().hex[:8]}"
    _sql(address, f'CREATE DATABASE "{template}"')
    (folder / "home").mkdir()
    there = {**_base(), "KENTONGAN_HOME": str(folder / "home"), "DATABASE_URL": _named(address, template)}
    manage("migrate", "--verbosity", "0", env=there)

    def fresh() -> Environment:
        name = f"trial_{uuid.uuid4().hex[:12]}"
        _sql(address, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return {**there, "DATABASE_URL": _named(address, name), "DATABASE_NAME": name}

    return fresh


def forget(env: Environment) -> None:
    """Remove the database and the home of a trial that is over: a campaign makes a thousand of them."""
    shutil.rmtree(env["KENTONGAN_HOME"])
    if address := env.get("DATABASE_URL"):
        _sql(_named(address, "postgres"), f'DROP DATABASE "{env["DATABASE_NAME"]}" WITH (FORCE)')


def _sql(address: str, statement: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement)


def _named(address: str, name: str) -> str:
    return urlunsplit(urlsplit(address)._replace(path=f"/{name}"))


def _base() -> Environment:
    return {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
