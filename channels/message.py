"""The way out for short messages: Telegram, WhatsApp gateways, ntfy and a hundred others, through Apprise.

Apprise says only yes or no; what the service answered stands in its log lines, which are read here and never kept:
they may name addresses with secrets in them.
"""

import logging
import re
import threading
from typing import Any

from channels import outside
from channels.contract import ChannelError, Failure

_STATUS = re.compile(r"error=(\d{3})")
_log = logging.getLogger("apprise")
_log.propagate = False  # its lines may carry tokens


class _Ears(logging.Handler):
    """What Apprise logs in this thread while a message leaves."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._thread, self.said = threading.get_ident(), ""

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.said += record.getMessage() + "\n"


def opened(url: str) -> Any:
    """The Apprise service behind an address. Raises ChannelError for one that Apprise does not know, or that leads

    into the city's own network without being allowed ([outside] allow).
    """
    import apprise

    made = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    if made is None:
        raise ChannelError("Alamat Apprise tidak dikenal atau tidak lengkap.", Failure.CREDENTIALS)
    host = getattr(made, "host", None)
    if isinstance(host, str) and host:
        port = made.port if isinstance(made.port, int) else (443 if made.secure else 80)
        scheme = "https" if made.secure else "http"
        said = outside.objection(f"{scheme}://{host}:{port}/")
        if not said and outside.leads_inside(host, port):
            said = "Alamat layanan pesan mengarah ke jaringan sendiri; tidak dihubungi."
        if said:
            raise ChannelError(said, Failure.REFUSED, code="blocked-host")
    if hasattr(made, "redirects"):
        made.redirects = False
    return made


def send(url: str, title: str, body: str) -> None:
    """Send one message. Raises ChannelError; UNKNOWN where it may have gone out."""
    service = opened(url)
    ears = _Ears()
    level = _log.level
    _log.addHandler(ears)
    _log.setLevel(logging.INFO)
    try:
        sent = service.notify(body=body, title=title)
    finally:
        _log.removeHandler(ears)
        _log.setLevel(level)
    if not sent:
        raise _failure(ears.said)


def _failure(said: str) -> ChannelError:
    found = _STATUS.search(said)
    status = int(found.group(1)) if found else 0
    if status in (401, 403):
        return ChannelError("Layanan pesan menolak akses kita.", Failure.CREDENTIALS, code=str(status))
    if status in (408, 425, 429, 503):
        return ChannelError("Layanan pesan meminta menunggu.", Failure.LATER, code=str(status))
    if 400 <= status < 500:
        return ChannelError(f"Layanan pesan menolak pesan ini ({status}).", Failure.REFUSED, code=str(status))
    return ChannelError("Layanan pesan tidak menjawab dengan jelas; belum pasti terkirim.", Failure.UNKNOWN)
