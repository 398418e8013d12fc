"""Calls to addresses that staff entered (webhooks, Open311): outward only, bounded in size and time, never twice.

Server-side request forgery is what such addresses invite: one that leads into the city's own network, or that does so
only at the second look (DNS rebinding). So a name is resolved once, at the moment of connecting; every address that
comes back must be public; and the connection goes to exactly the one that was checked, while TLS checks the name.
"""

import contextlib
import ipaddress
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from channels.contract import ChannelError, Failure

#: NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056) and Teredo (RFC 4380) carry an IPv4 address inside: a way around.
_CARRIERS = tuple(
    ipaddress.ip_network(one) for one in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")
)


class Forbidden(Exception):
    """Alamat ini tidak boleh dihubungi dari sini."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. A redirect is an answer like another: it is never followed."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool  #: False: longer than is read, or cut off

    def retry_in(self) -> float | None:
        """Seconds that Retry-After asks for; None when it has none, or a date."""
        value = self.headers.get("retry-after", "")
        return float(value) if value.isascii() and value.isdigit() and len(value) < 9 else None


@dataclass(slots=True)
class _Call:
    """One call under way: whether a connection stood, and the way to end it."""

    connected: bool = False
    late: bool = False
    twins: list[int] = field(default_factory=list)  #: copies of the socket's descriptor, to shut it down by


_current = threading.local()


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet at large: nothing private, local, special or carried inside."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None or any(ip in net for net in _CARRIERS):
            return False
        if ip.is_site_local:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def objection(url: str) -> str:
    """Why an address cannot be called, as a sentence for whoever entered it; "" when it can. Resolves nothing."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "Alamat ini tidak dapat dibaca."
    if parts.scheme not in ("https", "http") or not parts.hostname:
        return "Alamat harus dimulai dengan https:// dan memuat nama server."
    if parts.username or parts.password:
        return "Alamat tidak boleh memuat nama pengguna atau kata sandi."
    if any(ord(one) <= 32 for one in url):
        return "Alamat tidak boleh memuat spasi atau baris baru."
    if _allowed(parts.hostname, port or (443 if parts.scheme == "https" else 80)):
        return ""
    if _stand_in():
        return "Pemasangan peragaan hanya menghubungi kota tiruannya."
    if parts.scheme != "https" or port not in (None, 443):
        return "Hanya https pada port 443 yang dihubungi."
    if _is_literal(parts.hostname) and not is_public(parts.hostname.strip("[]")):
        return "Alamat di jaringan sendiri tidak boleh dihubungi."
    return ""


def leads_inside(host: str, port: int) -> bool:
    """Whether a name leads into a network of one's own now; False where it is allowed, or leads nowhere.

    For libraries that connect by themselves, which can look the name up once more: a check, not a wall.
    """
    try:
        _checked(host, port)
    except Forbidden:
        return True
    except (OSError, UnicodeError):
        return False
    return False


def call(
    method: str, url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """One request, and its answer whatever the status. Raises ChannelError: REFUSED for an address that may not be

    called, LATER where no connection stood, UNKNOWN where the request may have arrived (LATER for GET).
    """
    if said := objection(url):
        raise ChannelError(said, Failure.REFUSED, code="blocked-host")
    under_way = _Call()
    _current.call = under_way
    try:
        with _deadline(under_way), _session() as session:
            sent = session.request(
                method,
                url,
                data=body,
                headers={"User-Agent": "Kentongan", "Accept-Encoding": "identity", **(headers or {})},
                timeout=(_limit("connect"), _limit("read")),
                allow_redirects=False,
                stream=True,
            )
            return _read(sent, under_way)
    except Forbidden as error:
        raise ChannelError(str(error), Failure.REFUSED, code="blocked-host") from error
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader, UnicodeError) as error:
        raise ChannelError("Alamat ini tidak dapat dibaca.", Failure.REFUSED, code="bad-address") from error
    except (requests.RequestException, HTTPError, OSError) as error:
        raise _failure(error, under_way, writing=method.upper() not in ("GET", "HEAD")) from error
    finally:
        for twin in under_way.twins:
            with contextlib.suppress(OSError):
                os.close(twin)
        _current.call = None


def _failure(error: Exception, under_way: _Call, *, writing: bool) -> ChannelError:
    if not under_way.connected:
        tls = isinstance(error, requests.exceptions.SSLError)
        said = (
            "Sertifikat atau sambungan aman penerima tidak sah" if tls else "Penerima tidak dapat dihubungi"
        )
        return ChannelError(f"{said}; akan dicoba lagi.", Failure.LATER, code="tls" if tls else "")
    if not writing:
        return ChannelError("Penerima tidak menjawab dengan lengkap; akan ditanya lagi.", Failure.LATER)
    return ChannelError(
        "Sambungan terputus setelah kiriman berangkat; belum pasti diterima.", Failure.UNKNOWN
    )


def _read(sent: requests.Response, under_way: _Call) -> Answer:
    """Up to the limit; what is longer is cut. A status was read, so a break in the body changes nothing."""
    found, whole, most = bytearray(), True, int(_limit("bytes"))
    try:
        while len(found) <= most and (piece := sent.raw.read1(8192)):
            found += piece
    except (HTTPError, OSError):
        whole = False
    length = sent.headers.get("content-length", "")
    short = length.isascii() and length.isdigit() and len(found) < int(length)
    whole = whole and not under_way.late and not short and len(found) <= most
    return Answer(
        sent.status_code, {k.lower(): v for k, v in sent.headers.items()}, bytes(found[:most]), whole
    )


@contextlib.contextmanager
def _deadline(under_way: _Call) -> Iterator[None]:
    """Shut the connection down when the whole call takes too long, however many bytes trickle in."""

    def end() -> None:
        under_way.late = True
        for twin in under_way.twins:
            with contextlib.suppress(OSError), socket.socket(fileno=os.dup(twin)) as one:
                one.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(_limit("total"), end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class _Pinned:
    """Connects to the address that was checked, and notes that the connection stood."""

    def _new_conn(self) -> socket.socket:
        me: Any = self
        try:
            found = _checked(me.host.strip("[]"), me.port)
        except OSError as error:
            raise NewConnectionError(me, f"{me.host}: {error}") from error
        sock = _connected(me, found)
        _current.call.twins.append(os.dup(sock.fileno()))
        return sock

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]  # urllib3's connection
        _current.call.connected = True


def _connected(connection: Any, found: list[tuple[Any, ...]]) -> socket.socket:
    """A connection to the first of the checked addresses that takes it."""
    last: OSError | None = None
    until = time.monotonic() + _limit("connect")
    for family, kind, protocol, _name, address in found[:4]:
        sock = socket.socket(family, kind, protocol)
        sock.settimeout(max(0.1, until - time.monotonic()))
        try:
            sock.connect(address)
        except OSError as error:
            sock.close()
            last = error
        else:
            sock.settimeout(_limit("read"))
            return sock
    if isinstance(last, TimeoutError):
        raise ConnectTimeoutError(connection, "timed out") from last
    raise NewConnectionError(connection, f"{last}") from last


def _checked(host: str, port: int) -> list[tuple[Any, ...]]:
    """Where a name leads, resolved this once. Raises Forbidden when any of it is no public address."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    if not _allowed(host, port) and not all(is_public(str(one[4][0])) for one in found):
        raise Forbidden("Alamat penerima mengarah ke jaringan sendiri; tidak dihubungi.")
    return found


class _Http(_Pinned, HTTPConnection):
    pass


class _Https(_Pinned, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *given: Any, **more: Any) -> None:
        super().init_poolmanager(*given, **more)
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}


@contextlib.contextmanager
def _session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False  # no proxies, no netrc: they would carry secrets to where nobody looks
        for scheme in ("https://", "http://"):
            session.mount(scheme, _Adapter(pool_maxsize=1, max_retries=0))
        yield session


def _allowed(host: str, port: int) -> bool:
    """Whether the installation lets this one through: its list, and the stand-in of a demo or a test."""
    here = f"{host.lower()}:{port}"
    return here in settings.ANSWERING["outside"]["allow"] or here == urlsplit(_stand_in()).netloc


def _stand_in() -> str:
    return str(getattr(settings, "STAND_IN", "") or "")


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return True


def _limit(name: str) -> float:
    return float(settings.ANSWERING["outside"][name])
