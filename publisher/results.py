"""How what was said was received: likes, comments, shares and reach, as far as each platform tells.

Read minutes after the appearance, then after hours, then daily until thirty days. What a platform does not tell is
None, and None is not zero.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from channels.contract import ChannelError, Failure, Numbers
from channels.registry import open_channel
from publisher.models import Act, Announcement, Delivery, DeliveryState, Result

log = logging.getLogger(__name__)

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
#: Ages of a post at which its numbers are read; from the last on once a day.
_AGES = (10 * _MINUTE, 30 * _MINUTE, _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY)
#: After this nothing changes any more that would be worth a call.
LAST = timedelta(days=30)
#: A reader that died is followed by another after this.
_LEASE = 10 * _MINUTE
_AFTER = {Failure.CREDENTIALS: 6 * _HOUR, Failure.REFUSED: _DAY}
NAMES = ("likes", "comments", "shares", "reach")


@dataclass(frozen=True, slots=True)
class Line:
    """One account of an announcement and what became of it there."""

    delivery: Delivery
    numbers: Numbers
    read_at: datetime | None  #: UTC; None: never answered yet
    trouble: str


@dataclass(frozen=True, slots=True)
class Summary:
    """How an announcement was received."""

    lines: list[Line]
    total: Numbers  #: sums of what is known; None where no channel tells
    partly: frozenset[str]  #: names of sums in which some channel is missing


def due_results(now: datetime) -> list[tuple[int, int]]:
    """(delivery id, account id) of all whose numbers are to be read now."""
    rows = Result.objects.filter(next_at__lte=now, delivery__account__enabled=True).order_by("next_at")
    return list(rows.values_list("delivery_id", "delivery__account_id")[:500])


def read_results(delivery_id: int, now: datetime) -> bool:
    """Ask the channel for the numbers of one delivery, if they are due and nobody else asks; gives whether told."""
    taken = Result.objects.filter(delivery_id=delivery_id, next_at__lte=now).update(next_at=now + _LEASE)
    if not taken:
        return False
    row = Result.objects.select_related("delivery__account").get(delivery_id=delivery_id)
    if row.delivery.state == DeliveryState.RETRACTED or not row.delivery.remote_id:
        Result.objects.filter(pk=row.pk).update(next_at=None)
        return False
    try:
        told = open_channel(row.delivery.account).numbers(row.delivery.remote_id)
    except ChannelError as error:
        _failed(row, error, now)
        return False
    except Exception as error:  # an answer that nobody foresaw: later again, and not for ever
        log.exception("%s: unexpected", row.delivery)
        _failed(row, ChannelError(str(error), Failure.LATER), now)
        return False
    # What is not told this time keeps what was told last.
    known = {name: value for name in NAMES if (value := getattr(told, name)) is not None and value >= 0}
    Result.objects.filter(pk=row.pk).update(
        **known, read_at=now, next_at=_next(row.delivery, now), trouble=""
    )
    return True


def summary(announcement: Announcement) -> Summary | None:
    """The numbers of an announcement by account, with their sums; None before anything appeared."""
    rows = Delivery.objects.filter(announcement=announcement, result__isnull=False).exclude(act=Act.RETRACT)
    lines = [_line(one) for one in rows.select_related("account", "result").order_by("account_id", "id")]
    if not lines:
        return None
    return Summary(lines, total(line.numbers for line in lines), _partly(lines))


def total(numbers: Iterable[Numbers]) -> Numbers:
    """The sums of what is known; None where nothing is."""
    rows = list(numbers)
    sums = {}
    for name in NAMES:
        known = [value for one in rows if (value := getattr(one, name)) is not None]
        sums[name] = sum(known) if known else None
    return Numbers(**sums)


def _partly(lines: list[Line]) -> frozenset[str]:
    def missing(name: str) -> bool:
        return any(getattr(line.numbers, name) is None for line in lines)

    return frozenset(name for name in NAMES if missing(name))


def _line(delivery: Delivery) -> Line:
    row = delivery.result
    return Line(delivery, Numbers(row.likes, row.comments, row.shares, row.reach), row.read_at, row.trouble)


def _failed(row: Result, error: ChannelError, now: datetime) -> None:
    """Say why, and ask later: when the platform says so, else the longer the surer the failure is."""
    at = error.next_time(now) or now + _AFTER.get(error.failure, _HOUR)
    ends = (row.delivery.published_at or now) + LAST
    Result.objects.filter(pk=row.pk).update(trouble=str(error)[:300], next_at=at if at < ends else None)
    log.info("%s: numbers not read: %s", row.delivery, error)


def _next(delivery: Delivery, now: datetime) -> datetime | None:
    """The first moment of the plan that is still to come; None after thirty days."""
    since = delivery.published_at or now
    age = now - since
    later = next((moment for moment in _AGES if moment > age), age + _DAY)
    return since + later if later <= LAST else None
