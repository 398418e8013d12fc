"""What a page of ours says of its own correction or withdrawal, always in Indonesian: it is a public notice."""

from datetime import UTC, datetime

from babel.dates import format_datetime
from django.utils.timezone import get_default_timezone

from channels.contract import Memo
from channels.reading import moment

WITHDRAWN = "Ditarik: "


def started(memo: Memo) -> datetime:
    """When the act began (UTC): the earliest start, so that repeating it says the same."""
    return moment(memo.get("started_at")) or datetime.now(UTC)


def when(at: datetime) -> str:
    """A moment in words: "24 November 2026 pukul 10.00 WIB"."""
    return format_datetime(at, "d MMMM y 'pukul' HH.mm zzz", tzinfo=get_default_timezone(), locale="id")


def label_of_correction(memo: Memo) -> str:
    """ "Ralat, 24 November 2026 pukul 10.00 WIB:" """
    return f"Ralat, {when(started(memo))}:"


def label_of_withdrawal(memo: Memo) -> str:
    """ "Ditarik 24 November 2026 pukul 10.00 WIB:" """
    return f"Ditarik {when(started(memo))}:"


def withdrawn_title(title: str) -> str:
    """ "Ditarik: Jalan Juanda ditutup"; a title that says so already stays."""
    return title if title.startswith(WITHDRAWN) else f"{WITHDRAWN}{title}"
