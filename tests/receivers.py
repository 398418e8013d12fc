"""Receivers of hand-offs for the tests: a mail server and a web server that keep what they get and fail on command.

As a program it runs both in a process of its own (for trials) and writes every message it keeps to a file:

    python -m tests.receivers FOLDER        prints {"smtp": port, "http": port}; reads FOLDER/*/faults.json
"""

import contextlib
import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


@dataclass
class Faults:
    """What goes wrong next, the first one first; [] is a good day."""

    waiting: list[str] = field(default_factory=list)
    played: list[str] = field(default_factory=list)
    folder: Path | None = (
        None  #: where the faults of this process are read from, and what was kept is written to
    )

    def take(self, among: tuple[str, ...]) -> str:
        """The next fault if it is one of ``among``; "" otherwise."""
        waiting = self._read()
        if not waiting or waiting[0] not in among:
            return ""
        one = waiting.pop(0)
        self.played.append(one)
        self._write(waiting)
        return one

    def note(self, how: str, key: str) -> None:
        if self.folder is not None:
            with (self.folder / "kept.jsonl").open("a", encoding="utf-8") as out:
                out.write(json.dumps({"how": how, "key": key}) + "\n")

    def _read(self) -> list[str]:
        if self.folder is None:
            return self.waiting
        file = self.folder / "faults.json"
        found: list[str] = json.loads(file.read_text("utf-8")) if file.exists() else []
        return found

    def _write(self, waiting: list[str]) -> None:
        if self.folder is not None:
            (self.folder / "faults.json").write_text(json.dumps(waiting), "utf-8")


# --- mail

BEFORE = ("rcpt_450", "rcpt_550", "mail_421", "drop_at_rcpt")
AT_DATA = ("data_451", "data_554", "keep_then_drop", "drop_in_data")


class MailHandler:
    """Keeps each message once it is accepted, and before the answer where the fault says so."""

    def __init__(self, faults: Faults) -> None:
        self.faults, self.kept = faults, []

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        if self.faults.take(("mail_421",)):
            return "421 4.3.2 shutting down"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        match self.faults.take(("rcpt_450", "rcpt_550", "drop_at_rcpt")):
            case "rcpt_450":
                return "450 4.2.1 mailbox busy"
            case "rcpt_550":
                return "550 5.1.1 no such user"
            case "drop_at_rcpt":
                _drop(server)
                return "421 gone"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        match self.faults.take(AT_DATA):
            case "data_451":
                return "451 4.3.0 try later"
            case "data_554":
                return "554 5.7.1 message refused"
            case "drop_in_data":
                _drop(server)
                return "421 gone"
            case "keep_then_drop":
                self._keep(envelope)
                _drop(server)
                return "421 gone"
        self._keep(envelope)
        return "250 2.0.0 Ok: queued as 4F2A1"

    def _keep(self, envelope: Envelope) -> None:
        content = envelope.content or b""
        message = message_from_bytes(content if isinstance(content, bytes) else content.encode())
        self.kept.append(message)
        self.faults.note("mail", str(message["Message-ID"]))


def _drop(server: SMTP) -> None:
    """The connection breaks: nothing more is said."""
    transport: Any = server.transport
    transport.abort()


class MailServer:
    """A real SMTP server on a port of this machine."""

    def __init__(self, faults: Faults | None = None, **options: Any) -> None:
        self.faults = faults or Faults()
        self.handler = MailHandler(self.faults)
        self._controller = Controller(self.handler, hostname="127.0.0.1", port=0, **options)
        # aiosmtpd's own self-test would connect to port 0.
        self._controller.port = _free()
        self._controller.start()
        self.port = self._controller.port

    @property
    def kept(self) -> list[Message]:
        return self.handler.kept

    def close(self) -> None:
        self._controller.stop(no_assert=True)


def sign_in(user: str, password: str) -> dict[str, Any]:
    """Options of a mail server that wants to know who is there (without TLS, for the test alone)."""

    def check(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        good = (given.login, given.password) == (user.encode(), password.encode())
        return AuthResult(success=good, handled=False)

    return {"authenticator": check, "auth_required": True, "auth_require_tls": False}


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


# --- web

WEB = (
    "error_400",
    "error_401",
    "error_404",
    "error_429",
    "error_503",
    "error_500",
    "keep_then_500",
    "keep_then_close",
    "keep_then_hang",
    "close",
    "hang",
    "redirect_inside",
    "huge",
    "drip",
    "truncate",
    "html_200",
)


class WebHandler(BaseHTTPRequestHandler):
    """Keeps a body under its Idempotency-Key: two with one key are one."""

    protocol_version = "HTTP/1.1"
    server: "WebServer"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        fault = self.server.faults.take(WEB)
        if fault.startswith(("keep", "huge", "drip", "truncate", "html")) or not fault:
            self._keep(body)
        with contextlib.suppress(OSError):
            self._answer(fault)

    do_GET = do_POST

    def _keep(self, body: bytes) -> None:
        self.server.calls.append((dict(self.headers), body))
        self.server.by_key.setdefault(self.headers.get("Idempotency-Key", ""), body)
        self.server.faults.note("web", self.headers.get("Idempotency-Key", ""))

    def _answer(self, fault: str) -> None:
        good = json.dumps({"ticket": "", "link": ""}).encode()
        match fault.partition("_")[2] if fault.startswith("keep_then_") else fault:
            case "error_400" | "error_401" | "error_404" | "error_500" | "error_503":
                self._say(int(fault[-3:]), b"{}")
            case "then_500":
                self._say(500, b"<h1>Internal Server Error</h1>")
            case "error_429":
                self._say(429, b"{}", {"Retry-After": "77"})
            case "then_close" | "close":
                self._break()
            case "then_hang" | "hang":
                time.sleep(self.server.patience)
                self._break()
            case "redirect_inside":
                self._say(302, b"", {"Location": f"http://127.0.0.1:{self.server.server_port}/inside"})
            case "huge":
                self._say(200, b'{"ticket": "' + b"9" * 4_000_000 + b'"}')
            case "html_200":
                self._say(200, b"<!doctype html><title>Selamat datang</title>")
            case "truncate":
                self.send_response(200)
                self.send_header("Content-Length", "5000")
                self.end_headers()
                self.wfile.write(b'{"ticket": ')
                self._break()
            case "drip":
                self.send_response(200)
                self.send_header("Content-Length", "5000")
                self.end_headers()
                for _ in range(5000):
                    self.wfile.write(b"x")
                    time.sleep(0.05)
            case _:
                self._say(201, self.server.answer or good)

    def _say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _break(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: Any) -> None:
        """Nothing on the terminal."""


class WebServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, faults: Faults | None = None, *, patience: float = 1.0) -> None:
        super().__init__(("127.0.0.1", 0), WebHandler)
        self.faults = faults or Faults()
        self.patience = patience  #: seconds that a hanging answer hangs
        self.answer = b""  #: the body of a good answer; b"" the usual one
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.by_key: dict[str, bytes] = {}
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def here(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def close(self) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what is being tested."""


@contextlib.contextmanager
def web(**options: Any) -> Iterator[WebServer]:
    made = WebServer(**options)
    try:
        yield made
    finally:
        made.close()


@contextlib.contextmanager
def mail(**options: Any) -> Iterator[MailServer]:
    made = MailServer(**options)
    try:
        yield made
    finally:
        made.close()


def main() -> None:
    """Both servers in this process, until its standard input ends."""
    folder = Path(sys.argv[1])
    for name in ("mail", "web"):
        (folder / name).mkdir(exist_ok=True)
    post = MailServer(Faults(folder=folder / "mail"))
    site = WebServer(Faults(folder=folder / "web"), patience=0.6)
    print(json.dumps({"smtp": post.port, "http": site.server_port}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
