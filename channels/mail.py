"""The way out for mail: one message, and what became of it as a channels.contract.Failure.

Django's backend opens, encrypts and signs in. It cannot say whether a connection broke before or after the message
was given away, which is all that matters here; so the SMTP conversation is watched.
"""

import contextlib
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from channels.contract import ChannelError, Failure

#: Answers of RFC 4954 and RFC 3207 that are about our access and not about this message.
_ACCESS = frozenset({530, 534, 535, 538, 454})


class _Watched:
    """What an SMTP connection notes: whether the message began to leave, and the last answer to it."""

    leaving = False
    answer = ""
    _sends_in_data: int | None = None

    def send(self, s: Any) -> None:
        if self._sends_in_data is not None:
            self._sends_in_data += 1
            self.leaving = self._sends_in_data > 1  # the first one is the command DATA itself
        super().send(s)  # type: ignore[misc]  # smtplib.SMTP

    def data(self, msg: Any) -> tuple[int, bytes]:
        self._sends_in_data = 0
        code, said = super().data(msg)  # type: ignore[misc]  # smtplib.SMTP
        self._sends_in_data = None
        self.leaving = False  # answered: whatever it is, it is known
        self.answer = f"{code} {_words(said)}"[:200]
        return int(code), said


class _Plain(_Watched, smtplib.SMTP):
    pass


class _Encrypted(_Watched, smtplib.SMTP_SSL):
    pass


class Backend(EmailBackend):
    """Django's SMTP backend with a watched connection."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _Encrypted if self.use_ssl else _Plain


@dataclass(frozen=True, slots=True)
class Accepted:
    answer: str  #: of the server to the message: "250 2.0.0 Ok: queued as 4F2A1"
    server: str


def configured() -> bool:
    return bool(settings.EMAIL_HOST)


def send(message: EmailMessage) -> Accepted:
    """Give one message to the mail server. Raises ChannelError; UNKNOWN when it may have been taken."""
    with _opened() as backend:
        talk = backend.connection
        try:
            backend.send_messages([message])
        except (smtplib.SMTPException, OSError) as error:
            raise _failure(error, leaving=bool(getattr(talk, "leaving", False))) from error
        except ValueError as error:  # Django found it while it wrote the message down: nothing has left
            raise ChannelError(
                f"Surel tidak dapat disusun; periksa alamatnya: {_words(error)}",
                Failure.REFUSED,
                code="bad-address",
            ) from error
        return Accepted(str(getattr(talk, "answer", "")), str(settings.EMAIL_HOST))


def probe() -> str:
    """Connect, encrypt and sign in, as for a message; gives the server's name. Raises ChannelError."""
    with _opened() as backend:
        try:
            backend.connection.noop()
        except (smtplib.SMTPException, OSError) as error:
            raise _failure(error, leaving=False) from error
    return str(settings.EMAIL_HOST)


@contextlib.contextmanager
def _opened() -> Iterator[Any]:
    if not configured():
        raise ChannelError(
            "Surel belum diatur pada pemasangan ini (KENTONGAN_EMAIL_URL).",
            Failure.CREDENTIALS,
            code="no-mail",
        )
    backend: Any = Backend()
    try:
        try:
            backend.open()
        except (smtplib.SMTPException, OSError) as error:
            raise _failure(error, leaving=False) from error
        yield backend
    finally:
        # What goes wrong with the farewell says nothing about the message.
        with contextlib.suppress(smtplib.SMTPException, OSError):
            backend.close()


def _failure(error: Exception, *, leaving: bool) -> ChannelError:
    code, said = _answer(error)
    if isinstance(error, ssl.SSLError) and not leaving:
        return ChannelError(
            f"Sambungan aman ke server surel gagal: {_words(error)}. Periksa sertifikat dan KENTONGAN_EMAIL_URL.",
            Failure.CREDENTIALS,
            code="tls",
        )
    if isinstance(error, smtplib.SMTPAuthenticationError) or code in _ACCESS:
        failure = Failure.LATER if 400 <= code < 500 else Failure.CREDENTIALS
        return ChannelError(f"Server surel menolak akun kita: {said}", failure, code=str(code))
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return ChannelError(f"Server surel tidak mendukung pengaturan kita: {error}", Failure.CREDENTIALS)
    if leaving:
        return ChannelError(
            "Sambungan ke server surel terputus setelah surel berangkat; belum pasti diterima.",
            Failure.UNKNOWN,
        )
    if code >= 500:
        return ChannelError(f"Server surel menolak surel ini: {said}", Failure.REFUSED, code=str(code))
    if code >= 400:
        return ChannelError(f"Server surel meminta menunggu: {said}", Failure.LATER, code=str(code))
    return ChannelError("Server surel tidak dapat dihubungi; akan dicoba lagi.", Failure.LATER)


def _answer(error: Exception) -> tuple[int, str]:
    """(code, words) of the server's answer; (0, "") where it gave none."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        # One recipient a message: the answer is about that one.
        code, said = next(iter(error.recipients.values()))
        return int(code), f"{code} {_words(said)}"
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code, f"{error.smtp_code} {_words(error.smtp_error)}"
    return 0, ""


def _words(said: object) -> str:
    """A server's words on one line, short, and without what is no text."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:160]
