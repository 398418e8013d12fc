"""The stand-in town as a process of its own, and its control API."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

#: No proxy, whatever the environment says: the town is on this machine.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class TownError(Exception):
    """Kota tiruan tidak dapat dimulai."""


class Town:
    """`python -m simulator` on one port; the product knows it only by its address."""

    def __init__(self, port: int, arguments: Sequence[str], log: Path) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self._log = log.open("w", encoding="utf-8")
        command = [sys.executable, "-m", "simulator", "--port", str(port), *arguments]
        # Its own session: a Ctrl-C in the terminal reaches us alone, and we end it.
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command,
            cwd=Path(__file__).resolve().parent.parent,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait_ready(self, seconds: float = 30.0) -> dict[str, Any]:
        """Until it answers; gives its health. Raises TownError with the end of its log when it does not."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._process.poll() is None:
            try:
                return dict(self.get("/control/health"))
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        self._log.flush()
        said = Path(self._log.name).read_text("utf-8", "replace")[-1000:]
        raise TownError(f"Kota tiruan tidak dapat dimulai: {said}")

    def get(self, path: str) -> Any:
        """One answer of the control API."""
        with _opener.open(self.base + path, timeout=30) as answer:
            return json.load(answer)

    def post(self, path: str, body: object) -> Any:
        request = urllib.request.Request(  # noqa: S310 - loopback only
            self.base + path,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with _opener.open(request, timeout=30) as answer:
            return json.load(answer)

    def request(self, method: str, path: str) -> Any:
        """One call without a body."""
        request = urllib.request.Request(self.base + path, method=method)  # noqa: S310 - loopback only
        with _opener.open(request, timeout=30) as answer:
            return json.load(answer)

    def load(self, rows: Iterable[Mapping[str, object]]) -> list[str]:
        """Let citizens say all of ``rows``; gives a sentence for each row that the town would not take."""
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        request = urllib.request.Request(self.base + "/control/world", data=lines.encode())  # noqa: S310 - loopback
        with _opener.open(request, timeout=60) as answer:
            return list(json.load(answer)["problems"])

    def close(self) -> None:
        """End the process, at once if it does not go by itself."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
