"""Whether the links of a text lead somewhere: asked once, briefly, and never inside our own network.

A link is what an author typed, so asking for it is asking for whatever a stranger may have given us (SSRF): only
http(s) on its own port, only to addresses of the public internet, and the address that was checked is the one that
is spoken to. A redirect is checked anew. The city's own configured sites are trusted by name, wherever they stand.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from enum import StrEnum
from urllib.parse import urljoin, urlsplit

from channels.http import stand_in
from channels.models import Account, Kind

_HOPS, _MOST = 4, 12
_ALIVE_BUT_SHY = (401, 403, 405, 406, 429)  #: there is something, which does not talk to programs


class Answer(StrEnum):
    ALIVE = "alive"
    DEAD = "dead"
    UNSURE = "unsure"  #: no answer in time, or an error that may pass
    FORBIDDEN = "forbidden"  #: not on the public internet; nobody was asked


def look(links: Sequence[str], seconds: float = 4.0) -> dict[str, Answer]:
    """What each link answers, all asked at the same time; what has not answered in ``seconds`` is unsure."""
    asked = list(dict.fromkeys(links))[:_MOST]
    found: dict[str, Answer] = dict.fromkeys(asked, Answer.UNSURE)
    if stand_in():  # a demo or a test reaches no live site
        return found
    trusted, until = _own_sites(), time.monotonic() + seconds

    def ask(link: str) -> None:
        found[link] = _follow(link, trusted, until)

    threads = [threading.Thread(target=ask, args=(link,), daemon=True) for link in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return dict(found)


def _own_sites() -> frozenset[tuple[str, str, int]]:
    """Scheme, host and port of every configured website."""
    accounts = Account.objects.filter(channel=Kind.WEBSITE)
    return frozenset(site for one in accounts if (site := _site(one.setting("base_url"))) is not None)


def _site(link: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of a link; None for what is no link on the web."""
    try:
        parts = urlsplit(link)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError:
        return None
    if not port or not parts.hostname or parts.username or parts.password:
        return None
    return parts.scheme, parts.hostname, port


def _follow(link: str, trusted: frozenset[tuple[str, str, int]], until: float) -> Answer:
    for _hop in range(_HOPS):
        site = _site(link)
        if site is None:
            return Answer.FORBIDDEN
        try:
            address = _address(site, trusted)
            if address is None:
                return Answer.FORBIDDEN
            status, onward = _ask(link, site, address, until)
        except socket.gaierror:
            return Answer.DEAD  # no such host
        except (OSError, http.client.HTTPException, UnicodeError, ValueError):
            return Answer.UNSURE
        if not onward:
            return _meaning(status)
        link = urljoin(link, onward)
    return Answer.UNSURE


def _meaning(status: int) -> Answer:
    if status in (404, 410):
        return Answer.DEAD
    return Answer.ALIVE if status < 400 or status in _ALIVE_BUT_SHY else Answer.UNSURE


def _address(site: tuple[str, str, int], trusted: frozenset[tuple[str, str, int]]) -> str | None:
    """The address to speak to; None when any of the host's addresses is not public, or the port is unusual."""
    scheme, host, port = site
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    found = [str(row[4][0]) for row in rows]
    if site in trusted:
        return found[0]
    if port != {"http": 80, "https": 443}[scheme] or not all(_public(one) for one in found):
        return None
    return found[0]


def _public(address: str) -> bool:
    """Addresses inside others (IPv4 in IPv6, 6to4, NAT64) are refused with all that is not global."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        nat64 = ipaddress.ip_network("64:ff9b::/96")
        if ip.ipv4_mapped or ip.sixtofour or ip.teredo or ip in nat64:
            return False
    return ip.is_global and not ip.is_multicast


def _ask(link: str, site: tuple[str, str, int], address: str, until: float) -> tuple[int, str]:
    """Status and, of a redirect, where to; the body is not read."""
    scheme, host, port = site
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    connection = _Pinned(host, port, address, scheme == "https", left)
    parts = urlsplit(link)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("GET", path, headers={"User-Agent": "Kentongan", "Connection": "close"})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Location", "") if answer.status in _REDIRECTS else ""
    finally:
        connection.close()


_REDIRECTS = (301, 302, 303, 307, 308)


class _Pinned(http.client.HTTPConnection):
    """Speaks to the address that was checked, whatever the name says a moment later; TLS is held to the name."""

    def __init__(self, host: str, port: int, address: str, secure: bool, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout)
        self._address, self._secure = address, secure

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        context = ssl.create_default_context()
        self.sock = context.wrap_socket(plain, server_hostname=self.host) if self._secure else plain
