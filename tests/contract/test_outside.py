"""Calls to addresses that staff entered: never into our own network, never endless, and clear about what landed."""

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import outside
from channels.contract import ChannelError, Failure
from tests.certificates import self_signed
from tests.receivers import WebServer, web

pytestmark = pytest.mark.once


def limits(settings: Any, *allowed: str, **more: float) -> None:
    quick = {"connect": 1, "read": 0.4, "total": 1.5, "bytes": 100_000, **more}
    outside_ = {**settings.ANSWERING["outside"], "allow": list(allowed), **quick}
    settings.ANSWERING = {**settings.ANSWERING, "outside": outside_}


@pytest.fixture
def site(settings: Any) -> Iterator[WebServer]:
    with web(patience=1.0) as made:
        limits(settings, made.here)
        yield made


def failure(url: str, method: str = "POST") -> Failure:
    with pytest.raises(ChannelError) as caught:
        outside.call(method, url, body=b"{}")
    return caught.value.failure


# --- where it may go

INSIDE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - an address to be refused
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001::1",
    "2001:db8::1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_of_a_network_of_ones_own_are_not_public(address: str) -> None:
    assert not outside.is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "103.28.14.1", "2606:4700:4700::1111", "2404:6800:4003::1"])
def test_addresses_of_the_internet_are(address: str) -> None:
    assert outside.is_public(address)


@given(st.ip_addresses())
def test_whatever_is_not_global_is_refused(address: Any) -> None:
    if not address.is_global or address.is_multicast:
        assert not outside.is_public(str(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://sistem.example.go.id/kasus",
        "https://sistem.example.go.id:8443/kasus",
        "https://user:pass@sistem.example.go.id/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data/",
        "ftp://sistem.example.go.id/",
        "file:///etc/passwd",
        "https:///x",
        "https://a b.example/",
        "https://sistem.example.go.id/\r\nX: y",
        "https://sistem.example.go.id:99999/",
        "//sistem.example.go.id/",
        "",
    ],
)
def test_an_address_that_cannot_be_called_says_why_before_it_is_saved(settings: Any, url: str) -> None:
    limits(settings)
    assert outside.objection(url).endswith(".")
    assert failure(url) == Failure.REFUSED


def test_only_https_on_its_port_is_called_and_names_may_be_international(settings: Any) -> None:
    limits(settings)
    assert outside.objection("https://sistem.example.go.id/kasus?a=1") == ""
    assert outside.objection("https://kota-béksi.example/kasus") == ""


@pytest.mark.parametrize(
    "host", ["localhost", "0x7f000001", "2130706433", "127.1", "127.0.0.1.", "localhost."]
)
def test_a_name_that_leads_inside_is_refused_when_it_is_resolved(settings: Any, host: str) -> None:
    limits(settings)
    assert failure(f"https://{host}/") in (Failure.REFUSED, Failure.LATER)


def test_nothing_is_connected_to_when_a_name_leads_inside(settings: Any) -> None:
    """A name that leads to this machine (as a rebound one does) brings no connection there at all."""
    limits(settings)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(0.3)
        settings.ANSWERING["outside"]["allow"] = []
        assert failure(f"https://localhost:{listening.getsockname()[1]}/") == Failure.REFUSED
        with pytest.raises(TimeoutError):
            listening.accept()


def test_the_address_that_was_checked_is_the_one_that_is_called(site: WebServer, monkeypatch: Any) -> None:
    """DNS rebinding: a name that is public at the first look and ours at the second is looked at once."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: Any, port: Any, *given: Any, **more: Any) -> Any:
        if host != "rebind.example.go.id":
            return real(host, port, *given, **more)
        asked.append(host)
        # 192.0.2.0/24 would be public enough for a careless check; the second answer is this machine.
        address = "8.8.8.8" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, site.server_port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)  # the name server is the world's, not our code
    (found,) = outside._checked("rebind.example.go.id", 443)
    assert (asked, found[4][0]) == (["rebind.example.go.id"], "8.8.8.8")
    with pytest.raises(outside.Forbidden):
        outside._checked("rebind.example.go.id", 443)
    assert failure("https://rebind.example.go.id/") == Failure.REFUSED
    assert (len(asked), site.calls) == (3, [])


def test_one_address_inside_among_several_is_enough_to_refuse(settings: Any, monkeypatch: Any) -> None:
    limits(settings)
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 443)) for one in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: rows)
    assert failure("https://dua.example.go.id/") == Failure.REFUSED


def test_a_demo_calls_only_its_own_town(settings: Any, site: WebServer) -> None:
    limits(settings)
    settings.STAND_IN = f"http://{site.here}"
    assert outside.call("POST", f"http://{site.here}/", body=b"{}").status == 201
    assert failure("https://sistem.example.go.id/") == Failure.REFUSED


# --- what became of it


@pytest.mark.parametrize(
    ("fault", "writing", "reading"),
    [
        ("close", Failure.UNKNOWN, Failure.LATER),
        ("hang", Failure.UNKNOWN, Failure.LATER),
        ("keep_then_close", Failure.UNKNOWN, Failure.LATER),
    ],
)
def test_a_break_after_the_request_left_is_unclear_for_a_write_alone(
    site: WebServer, fault: str, writing: Failure, reading: Failure
) -> None:
    for method, wanted in (("POST", writing), ("GET", reading)):
        site.faults.waiting = [fault]
        assert failure(f"http://{site.here}/", method) == wanted


def test_a_port_that_nobody_listens_on_has_taken_nothing(settings: Any) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        here = f"127.0.0.1:{closed.getsockname()[1]}"
        limits(settings, here)
        assert failure(f"http://{here}/") == Failure.LATER


def test_a_certificate_that_nobody_vouches_for_gets_nothing(settings: Any, tmp_path: Path) -> None:
    got: list[bytes] = []

    class Quiet(socketserver.ThreadingTCPServer):
        daemon_threads = allow_reuse_address = True

        def handle_error(self, *_: Any) -> None:
            """The client turned away."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with context.wrap_socket(self.request, server_side=True) as secure:
                got.append(secure.recv(1000))

    context = self_signed(tmp_path, "127.0.0.1")
    with Quiet(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here = f"127.0.0.1:{server.server_address[1]}"
        limits(settings, here)
        assert failure(f"https://{here}/") == Failure.LATER
        server.shutdown()
    assert b"".join(got) == b""


def test_redirects_are_answers_and_never_followed(site: WebServer) -> None:
    site.faults.waiting = ["redirect_inside"]
    answer = outside.call("POST", f"http://{site.here}/", body=b"{}")
    assert (answer.status, len(site.calls)) == (302, 0)


def test_a_huge_answer_is_cut_and_a_truncated_one_is_called_so(site: WebServer) -> None:
    site.faults.waiting = ["huge", "truncate"]
    huge = outside.call("POST", f"http://{site.here}/", body=b"{}")
    assert (huge.status, len(huge.body), huge.whole) == (200, 100_000, False)
    cut = outside.call("POST", f"http://{site.here}/", body=b"{}")
    assert (cut.status, cut.body, cut.whole) == (200, b'{"ticket": ', False)


def test_an_answer_that_trickles_ends_with_the_whole_calls_time(site: WebServer) -> None:
    site.faults.waiting = ["drip"]
    began = time.monotonic()
    answer = outside.call("POST", f"http://{site.here}/", body=b"{}")
    assert (answer.status, answer.whole) == (200, False)
    assert time.monotonic() - began < 4


def test_headers_that_trickle_end_too(settings: Any) -> None:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1000)
            self.request.sendall(b"HTTP/1.1 200 OK\r\n")
            try:
                for number in range(1000):
                    self.request.sendall(f"X-{number}: y\r\n".encode())
                    time.sleep(0.1)
            except OSError:
                return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here = f"127.0.0.1:{server.server_address[1]}"
        limits(settings, here, total=0.8)
        began = time.monotonic()
        answer = outside.call("POST", f"http://{here}/", body=b"{}")
        assert (answer.status, answer.whole) == (200, False)  # it said that it took it, before it trickled
        assert time.monotonic() - began < 3
        server.shutdown()


def test_no_descriptor_is_left_open(site: WebServer) -> None:
    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    outside.call("POST", f"http://{site.here}/", body=b"{}")
    before = opened()
    for fault in ("", "close", "truncate", "error_500"):
        site.faults.waiting = [fault] if fault else []
        try:
            outside.call("POST", f"http://{site.here}/", body=b"{}")
        except ChannelError:
            continue
    time.sleep(0.1)
    assert opened() <= before + 2  # the server's own side may still be closing
