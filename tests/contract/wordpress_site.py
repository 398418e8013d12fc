"""Two real WordPress sites on this machine, each with a database of its own, while a test run lasts."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

_PROJECT = Path(__file__).resolve().parents[2]
_INSTALL = _PROJECT / "tests" / "install"
_PHP = ("php", "-d", "sendmail_path=/bin/true", "-d", "display_errors=stderr")


@dataclass(frozen=True, slots=True)
class Site:
    """One running site, and three of its users: ours (author), an editor, and one who may not publish."""

    name: str
    port: int
    username: str
    password: str  #: application password of `username`
    editor_password: str  #: application password of the user redaksi
    contributor_password: str  #: application password of the user magang
    folder: Path  #: its files

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, user: str = "redaksi", **args: Any) -> Any:
        """The answer of the site's REST API to one of its users; raises for every HTTP error."""
        auth = (user, self.editor_password if user == "redaksi" else self.password)
        response = requests.request(method, f"{self.base_url}/wp-json{path}", auth=auth, timeout=20, **args)
        response.raise_for_status()
        return response.json()


def installed() -> Path:
    """The folder of the unpacked WordPress; without one the test fails, and says what to do."""
    home = Path(os.environ.get("KENTONGAN_WORDPRESS") or _PROJECT / "var" / "wordpress")
    if not (home / "ready").exists() or shutil.which("php") is None:
        pytest.fail(
            "There is no WordPress to test against; install it: sh tests/install/wordpress.sh", pytrace=False
        )
    return home / "site"


@contextmanager
def two_sites(folder: Path) -> Iterator[tuple[Site, Site]]:
    """The city's portal and an agency's site, below ``folder``."""
    files = installed()
    with ThreadPoolExecutor() as pool:
        one = pool.submit(_make, files, folder / "portal", "Portal Kota")
        two = pool.submit(_make, files, folder / "dinas", "Dinas Bina Marga")
    with served(one.result().folder, one.result().port), served(two.result().folder, two.result().port):
        yield one.result(), two.result()


@contextmanager
def served(folder: Path, port: int, environment: str = "local") -> Iterator["Server"]:
    """The site in ``folder`` on 127.0.0.1:``port``, as an installation of type ``environment``."""
    server = Server(folder, port, environment)
    try:
        server.wait_ready()
        yield server
    finally:
        server.stop()


class Server:
    """PHP's own web server with four workers, in a process group of its own."""

    def __init__(self, folder: Path, port: int, environment: str) -> None:
        self.base_url = f"http://127.0.0.1:{port}"
        self._port = port
        self._log = folder.parent / f"{folder.name}-{port}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*_PHP, "-S", f"127.0.0.1:{port}", "-t", str(folder)],
                # One worker alone can keep a request waiting for 20 s (seen with PHP 8.2 and WordPress 6.8.12).
                env={**os.environ, "PHP_CLI_SERVER_WORKERS": "4", "WP_ENVIRONMENT_TYPE": environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_ready(self, seconds: float = 30) -> None:
        """Returns once the site answers. Raises RuntimeError with the server's log when it does not."""
        end = time.monotonic() + seconds
        while self._process.poll() is None and time.monotonic() < end:
            try:
                if requests.get(f"{self.base_url}/wp-json/", timeout=seconds).ok:
                    return
            except requests.ConnectionError:
                pass
            time.sleep(0.05)
        raise RuntimeError(f"{self.base_url} does not answer as WordPress:\n{self._log.read_text()[-2000:]}")

    def stop(self) -> None:
        """End the server and its workers, which outlive it when only the server is told. May be called twice."""
        if self._process.returncode is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        end = time.monotonic() + 5
        while self._accepts() and time.monotonic() < end:  # a worker may take a moment longer to end
            time.sleep(0.01)

    def _accepts(self) -> bool:
        with socket.socket() as caller:
            return caller.connect_ex(("127.0.0.1", self._port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _make(files: Path, folder: Path, name: str) -> Site:
    """A new site of that name in ``folder``, not served yet."""
    shutil.copytree(files, folder, copy_function=_link)
    shutil.copy(_INSTALL / "wp-config.php", folder)
    port = free_port()
    done = subprocess.run(
        [*_PHP, str(_INSTALL / "wp-install.php"), str(folder), f"http://127.0.0.1:{port}", name],
        env={**os.environ, "WP_ENVIRONMENT_TYPE": "local"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    try:
        passwords = json.loads(done.stdout)
    except ValueError:
        raise RuntimeError(f"WordPress was not installed:\n{done.stdout}{done.stderr}") from None
    return Site(
        name, port, "kentongan", passwords["kentongan"], passwords["redaksi"], passwords["magang"], folder
    )


def _link(source: str, target: str) -> None:
    """The same file under a second name where the file system can: WordPress changes none of its own files."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
