"""The posts that tag the account, read from Instagram's public web pages through instaloader.

Off unless a source asks for it (via = "web") and the account's setting `web_consent` says who agreed, when, and under
which letter: Instagram's terms forbid automated collection without permission, and Graph's /tags gives the same
posts. It never logs in; a session that staff made elsewhere may be imported (channels/web_session.py). Each reading
has a context of its own, because instaloader's rate state and sessions are not safe to share.
"""

from collections.abc import Iterator
from datetime import UTC
from typing import Any, NoReturn

import instaloader
import instaloader.instaloadercontext as loader_context
import requests
from instaloader.exceptions import (
    AbortDownloadException,
    InstaloaderException,
    LoginRequiredException,
    ProfileNotExistsException,
    QueryReturnedNotFoundException,
)

from channels.contract import ChannelError, Cursor, Failure, Item, Page, Post, Unreadable
from channels.http import from_network, secure
from channels.models import Account
from channels.reading import words
from channels.watermark import until_watermark
from channels.web_session import Cookies, kept_session

HOSTS = ("www.instagram.com", "i.instagram.com")
#: Posts in one Page of ours; Instagram itself gives 12 an answer.
_PAGE = 60
#: Seconds of rest after an answer that was not as usual.
_QUIET_FOR = 1800

_copy_session = loader_context.copy_session


def _copy_with_adapters(session: requests.Session, request_timeout: float | None = None) -> requests.Session:
    """instaloader copies sessions for GraphQL calls and loses their adapters on the way (4.16)."""
    copied: requests.Session = _copy_session(session, request_timeout)
    copied.adapters = session.adapters
    copied.trust_env = False
    return copied


class _Patience(instaloader.RateController):
    """Where instaloader would sleep for minutes, we come back later instead."""

    def sleep(self, secs: float) -> NoReturn:
        raise ChannelError(
            "Instagram (web) meminta jeda.",
            Failure.LATER,
            retry_in=secs,
            code="rate",
        )


class _Context(instaloader.InstaloaderContext):
    """Silent, and able to reach Instagram's two hosts only; anonymous unless a session is given to it."""

    def get_anonymous_session(self) -> requests.Session:
        return secure(super().get_anonymous_session(), HOSTS)

    def load_session(self, username: str, sessiondata: Cookies) -> None:
        super().load_session(username, sessiondata)  # type: ignore[no-untyped-call]  # the library has no types
        secure(self._session, HOSTS)

    def login(self, user: str, passwd: str) -> NoReturn:
        raise ChannelError("Pembacaan web Instagram tidak pernah masuk dengan kata sandi.", Failure.REFUSED)

    def log(self, *msg: Any, sep: str = "", end: str = "\n", flush: bool = False) -> None:
        """Nothing: the library prints to standard output."""

    def error(self, msg: str, repeat_at_end: bool = True) -> None:
        """Nothing: what matters is raised."""


def tagged(account: Account, cursor: Cursor) -> Iterator[Page]:
    """Posts that tag ``account``, newest first, until those read before. Raises ChannelError without consent."""
    if not account.setting("web_consent").strip():
        raise ChannelError(
            "Sumber halaman umum Instagram belum disetujui: ketentuan Instagram melarang pengumpulan otomatis tanpa "
            "izin. Bila bagian hukum menyetujuinya, isi web_consent pada pengaturan akun: siapa, kapan, dan nomor "
            "surat.",
            Failure.REFUSED,
            code="consent",
        )
    yield from until_watermark(_read(account), cursor)


def new_context(account: Account) -> instaloader.InstaloaderContext:
    """A context for one reading, and for one thread: with the imported session where there is one."""
    # Set at each reading: whoever else in this process replaced it would let copies out past our adapters.
    loader_context.copy_session = _copy_with_adapters
    context = _Context(
        sleep=False,
        quiet=True,
        max_connection_attempts=1,
        request_timeout=15.0,
        rate_controller=_Patience,
    )
    if (session := kept_session(account)) is not None:
        context.load_session(*session)
    return context


def _read(account: Account) -> Iterator[list[Item]]:
    context = new_context(account)
    try:
        profile = instaloader.Profile.from_username(context, account.setting("username"))
        batch: list[Item] = []
        for post in profile.get_tagged_posts():
            batch.append(_item(post))
            if len(batch) == _PAGE:
                yield batch
                batch = []
        yield batch
    except (InstaloaderException, AbortDownloadException) as error:
        raise _failure(error, signed_in=context.is_logged_in) from error
    except requests.RequestException as error:
        raise from_network(error, writing=False) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # Instagram changed its answers five times in 2026 (instaloader#2682, #2695, #2701, #2722): the library
        # then fails with whatever the missing field causes.
        raise ChannelError(
            "Jawaban web Instagram berubah bentuk; perbarui instaloader.", Failure.REFUSED, code="changed"
        ) from error
    finally:
        context.close()  # type: ignore[no-untyped-call]  # the library has no types


def _item(post: instaloader.Post) -> Item:
    try:
        return Post(
            id=post.shortcode,
            text=words(post.caption),
            author=post.owner_username,
            author_id=str(post.owner_id),
            created_at=post.date_utc.replace(tzinfo=UTC),
            permalink=f"https://www.instagram.com/p/{post.shortcode}/",
            media=(post.url,) if post.url else (),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return Unreadable(f"butir tidak terbaca: {error!r}", getattr(post, "shortcode", None))


def _failure(error: Exception, *, signed_in: bool) -> ChannelError:
    """instaloader wraps a 429 in ConnectionException with TooManyRequestsException as its cause (4.16)."""
    if isinstance(error, ProfileNotExistsException | QueryReturnedNotFoundException):
        return ChannelError("Profil tidak ditemukan di web Instagram.", Failure.REFUSED, code="404")
    if isinstance(error, LoginRequiredException | AbortDownloadException):
        said = (
            "Instagram tidak menerima lagi sesi yang diimpor. Buat sesi baru, lalu jalankan: "
            "kentongan instagram-session import"
            if signed_in
            else "Instagram meminta masuk untuk halaman ini; sumber web tidak dapat dipakai."
        )
        return ChannelError(said, Failure.CREDENTIALS, code="login")
    return ChannelError(
        "Instagram (web) tidak menjawab seperti biasa; dicoba lagi nanti.",
        Failure.LATER,
        retry_in=_QUIET_FOR,
        code=type(error).__name__,
    )
