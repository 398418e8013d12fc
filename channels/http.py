"""The one way out: every HTTP session of every channel is made here.

With a stand-in set (KENTONGAN_STAND_IN=http://127.0.0.1:PORT) the hosts of a channel are answered by the
stand-in and every other host is refused, so that a demo or a test cannot reach a live platform by mistake.
Without one, only https leaves; plain http is refused except to this machine (a WordPress on loopback).
"""

import ipaddress
import json
import logging
import ssl
import time
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, TypeGuard
from urllib.parse import urlsplit, urlunsplit

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from channels.contract import ChannelError, Failure, Meter

#: Connect and read time-out in seconds; tweepy's Client has none of its own (tweepy#2024, seen 2026-11).
TIMEOUT = (3.05, 15.0)

# tweepy.client and urllib3 print Authorization headers and query tokens at DEBUG (seen with tweepy 4.17.0 and
# urllib3 2.8.0): nothing secret reaches a log, whatever level the installation chose.
for _name in ("tweepy.client", "urllib3", "oauthlib", "requests_oauthlib"):
    logging.getLogger(_name).setLevel(logging.INFO)


class BlockedHost(requests.ConnectionError):
    """Alamat ini tidak boleh dihubungi dari sini."""


class Refuse(HTTPAdapter):
    """Answers every request with BlockedHost before a connection is made."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        raise BlockedHost(f"Alamat {urlsplit(request.url or '').netloc} tidak diizinkan.", request=request)


class _Out(HTTPAdapter):
    """Sends for real, with a time-out even where the library sets none."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        return super().send(request, stream, timeout or TIMEOUT, verify, cert, proxies)


class StandInAdapter(_Out):
    """https://api.twitter.com/... is asked at the stand-in, which routes on the Host header.

    The caller's request is not changed: OAuth 1.0a signatures, cookies and redirect checks keep seeing the real
    host.
    """

    def __init__(self, base_url: str) -> None:
        self._netloc = urlsplit(base_url).netloc
        super().__init__(pool_maxsize=4)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        target = urlsplit(request.url or "")
        wire = request.copy()
        wire.url = urlunsplit(("http", self._netloc, target.path, target.query, ""))
        wire.headers["Host"] = target.netloc
        response = super().send(wire, stream, timeout, False, None, {})
        response.url, response.request = request.url or "", request
        return response


def stand_in() -> str:
    """The stand-in's address, "" when there is none. Raises ChannelError when it is not on this machine."""
    base = str(getattr(settings, "STAND_IN", "") or "")
    if base and not (urlsplit(base).scheme == "http" and is_loopback(urlsplit(base).hostname or "")):
        raise ChannelError(
            f"KENTONGAN_STAND_IN harus beralamat di komputer ini (http://127.0.0.1:PORT), bukan {base}.",
            Failure.REFUSED,
        )
    return base


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def secure(session: requests.Session, hosts: Iterable[str]) -> requests.Session:
    """``session``, able to reach ``hosts`` only: at the stand-in when one is set, else for real."""
    base = stand_in()
    session.trust_env = False  # no proxies, no netrc: they would carry tokens to where nobody looks
    session.mount("https://", Refuse())
    session.mount("http://", Refuse())
    for host in hosts:
        if base:
            session.mount(f"https://{host}/", StandInAdapter(base))
        else:
            session.mount(f"https://{host}/", _Out(pool_maxsize=4))
            if is_loopback(urlsplit(f"//{host}").hostname or ""):
                session.mount(f"http://{host}/", _Out(pool_maxsize=4))
    return session


def measure(session: requests.Session, meter: Meter) -> None:
    """Count the session's calls, and note what its answers say of allowances (channels.contract.Meter).

    X: x-rate-limit-*; Meta: X-App-Usage and X-Page-Usage {"call_count": per cent, ...}, and
    X-Business-Use-Case-Usage {id: [{..., "estimated_time_to_regain_access": minutes}]} (read 2026-10).
    """

    def note(response: requests.Response, *_: Any, **__: Any) -> None:
        meter.calls += 1
        meter.skew = _skew(response.headers.get("date", ""))
        for name in ("x-app-usage", "x-page-usage", "x-business-use-case-usage"):
            for usage in _usages(response.headers.get(name, "")):
                shares = [v for k, v in usage.items() if k.startswith(("call", "total")) and _is_number(v)]
                meter.used = max([meter.used, *shares])
                minutes = usage.get("estimated_time_to_regain_access")
                if _is_number(minutes) and minutes > 0:
                    meter.rest = max(meter.rest or 0.0, float(minutes) * 60)

    session.hooks["response"].append(note)


def _skew(header: str) -> float | None:
    """How many seconds an answer's Date is ahead of our clock; None when it has none that can be read."""
    try:
        return parsedate_to_datetime(header).timestamp() - time.time()
    except (TypeError, ValueError):
        return None


def _usages(header: str) -> list[dict[str, Any]]:
    """The usage objects in a header, whether it holds one or a list for each business."""
    try:
        body = json.loads(header) if header else {}
    except ValueError:
        return []
    if not isinstance(body, dict):
        return []
    nested = [one for value in body.values() if isinstance(value, list) for one in value]
    return [one for one in [body, *nested] if isinstance(one, dict)]


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def retry_after(response: requests.Response) -> float | None:
    """Seconds that an answer's Retry-After asks for; None when it has none (or a date, which nobody here sends)."""
    value = response.headers.get("retry-after", "")
    return float(value) if value.isdigit() else None


def _never_sent(error: requests.RequestException) -> bool:
    """Whether no connection stood: a refused port, a name that does not resolve, a certificate that is wrong."""
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", inner)
    # urllib3 2 makes NameResolutionError a NewConnectionError.
    return isinstance(error, requests.ConnectTimeout) or isinstance(
        reason, NewConnectionError | ConnectTimeoutError | ssl.SSLCertVerificationError
    )


def from_network(error: requests.RequestException, *, writing: bool) -> ChannelError:
    """The ChannelError for a raw ``requests`` error: whether a write can have landed.

    Before a connection stands nothing was sent; after that a write may have landed, whatever the error says
    (platforms.md, section 4).
    """
    if isinstance(error, BlockedHost):
        return ChannelError(str(error), Failure.REFUSED, code="blocked-host")
    if _never_sent(error) or not writing:
        return ChannelError("Saluran tidak dapat dihubungi; akan dicoba lagi.", Failure.LATER)
    return ChannelError("Sambungan terputus setelah kiriman berangkat; sedang diperiksa.", Failure.UNKNOWN)
