"""Reads the address of the mail server from the environment."""

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_PORTS = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail leaves. No host: no mail is sent."""

    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    starttls: bool = False
    tls: bool = False  #: from the first byte
    sender: str = ""  #: "Kota Bekasi <lapor@bekasikota.go.id>"


def read(address: str, sender: str) -> MailServer:
    """``smtp://user:pass@host:587/?tls=1``. Raises ImproperlyConfigured with a sentence."""
    if not address:
        return MailServer(sender=sender)
    try:
        parts = urlsplit(address)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise ImproperlyConfigured(f"KENTONGAN_EMAIL_URL tidak dapat dibaca: {error}") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ImproperlyConfigured("KENTONGAN_EMAIL_URL harus smtp://… atau smtps://… dengan nama server.")
    if "@" not in sender:
        raise ImproperlyConfigured("KENTONGAN_EMAIL_FROM harus alamat surel pengirim, karena surel diatur.")
    return MailServer(
        host=parts.hostname,
        port=port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        starttls=parts.scheme == "smtp" and parse_qs(parts.query).get("tls", ["0"])[0] == "1",
        tls=parts.scheme == "smtps",
        sender=sender,
    )
