"""One pass over one source: claim it, read page by page, store, and only then move the cursor."""

import logging
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from channels.contract import ChannelError, Failure, Meter, Page, Post, Probe, Unreadable
from channels.models import Account
from channels.registry import open_channel
from ledger.chain import record
from ledger.points import reach
from ledger.wake import wake
from monitor.budget import STREAM, refusal, rest, resting, spend
from monitor.coverage import close_gap, lose, notice_downtime, open_gap
from monitor.models import Pass, Source
from monitor.store import keep, set_aside

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """What one pass brought: `new` of the `seen` items were not known before."""

    seen: int = 0
    new: int = 0
    set_aside: int = 0
    trouble: str = ""
    declared: int | None = None  #: what the platform declared of what was read; None when it declared nothing
    received: int | None = None


def due_sources(now: datetime) -> list[Source]:
    """Enabled sources of enabled accounts whose time has come and that nobody reads."""
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    due = Q(due_at__isnull=True) | Q(due_at__lte=now)
    sources = Source.objects.filter(free, due, enabled=True, account__enabled=True).select_related("account")
    return list(sources.exclude(account_id__in=resting(now)))


def hear(source_id: int, now: datetime) -> Heard | None:
    """Read everything new of one source; None when another reader has it. Never raises for a channel's failure:

    the failure stands in the source's row, and the pages read before it are kept.
    """
    source = _claim(source_id, now)
    if source is None:
        return None
    heard, meter, began = Heard(), Meter(), time.monotonic()
    notice_downtime(source, now)
    try:
        if (no_money := refusal(source, now)) is not None:
            raise no_money
        channel = open_channel(source.account)
        meter = channel.meter
        for page in channel.hear(source.kind, source.query, source.via, source.cursor):
            reach("hear.page_read")
            heard = _store(source, page, heard, now)
            reach("hear.page_stored")
            # A stream goes on for as long as the pass may: it ends with the post that uses up the money. A search
            # ends with the page after that one, for without a next page it was complete.
            no_money, spent_up = refusal(source, now, more=heard.new), no_money
            if no_money is not None and (source.via == STREAM or spent_up is not None):
                raise no_money
            if not _renew(source, now + timedelta(seconds=time.monotonic() - began)):
                raise _LeaseLost
        failure: ChannelError | None = None
    except _LeaseLost:
        log.warning("%s: another reader has taken over; this pass ends here", source)
        spend(source, meter, heard.new, now)
        return replace(heard, trouble="Sumber ini diambil alih pembaca lain.")
    except ChannelError as error:
        failure = error
        log.warning("%s: %s", source, error)
    except Exception as error:
        # Whatever a platform's answer broke in us, the source says so, comes back, and the others go on.
        log.exception("%s: unexpected", source)
        failure = ChannelError(f"Kesalahan tak terduga saat membaca: {error}", Failure.UNKNOWN, code="bug")
    spend(source, meter, heard.new, now)
    rest(source.account, meter, failure, now)
    _finish(source, heard, failure, now)
    reach("hear.pass_done")
    return replace(heard, trouble=str(failure) if failure else "")


def probe(account: Account) -> Probe:
    """Whether the account can be read now, as a sentence; details: `failure` and `skew` (channels.contract)."""
    try:
        channel = open_channel(account)
        found = channel.probe()
    except ChannelError as error:
        return Probe(False, str(error), {"failure": error.failure.value, "code": error.code})
    skew = channel.meter.skew
    return found if skew is None else replace(found, details={**found.details, "skew": f"{skew:.0f}"})


def _claim(source_id: int, now: datetime) -> Source | None:
    """Take the source for one lease; the raised fence makes an earlier reader's cursor worthless."""
    until = now + timedelta(seconds=settings.ENGINE["hearing"]["lease"])
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    taken = Source.objects.filter(free, pk=source_id, enabled=True).update(
        leased_until=until, fence=F("fence") + 1
    )
    return Source.objects.select_related("account").get(pk=source_id) if taken else None


class _LeaseLost(Exception):
    """The pass took longer than its lease, and another reader has the source now."""


def _renew(source: Source, at: datetime) -> bool:
    """Lease the source for another while after a page; False when another reader has it."""
    until = at + timedelta(seconds=settings.ENGINE["hearing"]["lease"])
    return bool(Source.objects.filter(pk=source.pk, fence=source.fence).update(leased_until=until))


@transaction.atomic
def _store(source: Source, page: Page, heard: Heard, now: datetime) -> Heard:
    """Rows and cursor in one transaction, so the cursor never runs ahead of what is stored."""
    posts = [item for item in page.items if isinstance(item, Post)]
    new = keep(source, posts, now)
    aside = [item for item in page.items if isinstance(item, Unreadable)]
    for item in aside:
        set_aside(source, item, now)
    if page.cursor is not None:
        Source.objects.filter(pk=source.pk, fence=source.fence).update(cursor=page.cursor)
    if page.lost:
        lose(source, now, page.lost)
    if new:
        wake("judge")
    return Heard(
        heard.seen + len(page.items),
        heard.new + new,
        heard.set_aside + len(aside),
        declared=_add(heard.declared, page.declared),
        received=_add(heard.received, page.received),
    )


def _add(one: int | None, other: int | None) -> int | None:
    """A sum in which None means that nothing was said, which is not zero."""
    return one if other is None else (one or 0) + other


@transaction.atomic
def _finish(source: Source, heard: Heard, failure: ChannelError | None, now: datetime) -> None:
    """Give the source back with its next time; a reader that lost its lease changes nothing."""
    following = now + timedelta(seconds=source.interval)
    if failure is not None:
        following = max(following, failure.next_time(now) or following)
    outcome = {
        "failure": failure.failure.value if failure else "",
        "trouble": str(failure)[:300] if failure else "",
    }
    proven = {} if failure else {"last_ok_at": now, "passes": F("passes") + 1}
    spoke = {"last_spoke_at": now} if heard.new else {}
    kept = Source.objects.filter(pk=source.pk, fence=source.fence).update(
        leased_until=None, due_at=following, last_new=heard.new, **outcome, **proven, **spoke
    )
    Pass.objects.create(
        source=source,
        at=now,
        seen=heard.seen,
        new=heard.new,
        set_aside=heard.set_aside,
        declared=heard.declared,
        received=heard.received,
        failure=outcome["failure"],
        trouble=outcome["trouble"],
    )
    if kept and failure is not None:
        open_gap(source, now, str(failure))
    elif kept:
        close_gap(source, now)
    if kept and failure is not None and failure.failure == Failure.CREDENTIALS and not source.trouble:
        record("source.refused", f"source:{source.pk}", at=now, trouble=str(failure), code=failure.code)
    if heard.new:
        record("source.heard", f"source:{source.pk}", at=now, new=heard.new, seen=heard.seen)
