"""One pass over one source: claim it, read page by page, store, and only then move the cursor."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DataError, IntegrityError, transaction
from django.db.models import F, Q

from channels.contract import ChannelError, Failure, Page, Post, Probe, Unreadable
from channels.models import Account
from channels.receipts import said_by_us
from channels.registry import open_channel
from city.masks import mask
from ledger.chain import record
from ledger.points import reach
from ledger.wake import wake
from monitor.models import Mention, SetAside, Source

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """What one pass brought: `new` of the `seen` items were not known before."""

    seen: int = 0
    new: int = 0
    set_aside: int = 0
    trouble: str = ""


def due_sources(now: datetime) -> list[Source]:
    """Enabled sources of enabled accounts whose time has come and that nobody reads."""
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    due = Q(due_at__isnull=True) | Q(due_at__lte=now)
    return list(
        Source.objects.filter(free, due, enabled=True, account__enabled=True).select_related("account")
    )


def hear(source_id: int, now: datetime) -> Heard | None:
    """Read everything new of one source; None when another reader has it. Never raises for a channel's failure:

    the failure stands in the source's row, and the pages read before it are kept.
    """
    source = _claim(source_id, now)
    if source is None:
        return None
    heard = Heard()
    try:
        for page in open_channel(source.account).hear(source.kind, source.query, source.via, source.cursor):
            reach("hear.page_read")
            heard = _store(source, page, heard, now)
            reach("hear.page_stored")
        failure: ChannelError | None = None
    except ChannelError as error:
        failure = error
        log.warning("%s: %s", source, error)
    except Exception as error:
        # Whatever a platform's answer broke in us, the source says so, comes back, and the others go on.
        log.exception("%s: unexpected", source)
        failure = ChannelError(f"Kesalahan tak terduga saat membaca: {error}", Failure.UNKNOWN, code="bug")
    _finish(source, heard, failure, now)
    reach("hear.pass_done")
    return replace(heard, trouble=str(failure) if failure else "")


def probe(account: Account) -> Probe:
    """Whether the account can be read now, as a sentence."""
    try:
        return open_channel(account).probe()
    except ChannelError as error:
        return Probe(False, str(error))


def _claim(source_id: int, now: datetime) -> Source | None:
    """Take the source for one lease; the raised fence makes an earlier reader's cursor worthless."""
    until = now + timedelta(seconds=settings.ENGINE["hearing"]["lease"])
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    taken = Source.objects.filter(free, pk=source_id, enabled=True).update(
        leased_until=until, fence=F("fence") + 1
    )
    return Source.objects.select_related("account").get(pk=source_id) if taken else None


@transaction.atomic
def _store(source: Source, page: Page, heard: Heard, now: datetime) -> Heard:
    """Rows and cursor in one transaction, so the cursor never runs ahead of what is stored."""
    posts = [item for item in page.items if isinstance(item, Post)]
    new = _keep(source, _not_ours(source.account, posts), now)
    aside = [item for item in page.items if isinstance(item, Unreadable)]
    for item in aside:
        _set_aside(source, item, now)
    if page.cursor is not None:
        Source.objects.filter(pk=source.pk, fence=source.fence).update(cursor=page.cursor)
    if new:
        wake("judge")
    return Heard(heard.seen + len(page.items), heard.new + new, heard.set_aside + len(aside))


def _keep(source: Source, posts: list[Post], now: datetime) -> int:
    """Store the posts that are not known yet; gives how many were new."""
    rows = {post.id: _row(source, post, now) for post in posts}
    known = set(
        Mention.objects.filter(channel=source.account.channel, external_id__in=rows).values_list(
            "external_id", flat=True
        )
    )
    fresh = [row for key, row in rows.items() if key not in known]
    try:
        with transaction.atomic():
            # Another source may store the same post between the look and the insert: the unique key decides.
            Mention.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=200)
    except (DataError, ValueError):
        return sum(_keep_one(source, row, now) for row in fresh)
    return len(fresh)


def _keep_one(source: Source, row: Mention, now: datetime) -> bool:
    """Store one post of a page that the database refused as a whole; the odd one out is set aside."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except (DataError, ValueError, IntegrityError) as error:
        _set_aside(source, Unreadable(f"tidak dapat disimpan: {error}", row.external_id), now)
        return False
    return True


def _row(source: Source, post: Post, now: datetime) -> Mention:
    return Mention(
        channel=source.account.channel,
        external_id=post.id[:200],
        source=source,
        text=mask(post.text),
        author=(post.author or "")[:200],
        author_id=(post.author_id or "")[:100],
        posted_at=post.created_at,
        heard_at=now,
        permalink=(post.permalink or "")[:500],
        parent_id=(post.parent or "")[:200],
        media=list(post.media)[:20],
    )


def _not_ours(account: Account, posts: list[Post]) -> list[Post]:
    """Without what the city itself said: by its own ids, and by the receipts of what was published."""
    own = {account.setting(name) for name in ("user_id", "page_id")} - {""}
    names = {account.setting("username")} - {""}
    others = [post for post in posts if post.author_id not in own and post.author not in names]
    ours = said_by_us(account.channel, [post.id for post in others])
    return [post for post in others if post.id not in ours]


def _set_aside(source: Source, item: Unreadable, now: datetime) -> None:
    row, made = SetAside.objects.get_or_create(
        source=source,
        external_id=(item.id or "")[:200],
        error=item.error[:300],
        defaults={"first_at": now},
    )
    if not made:
        SetAside.objects.filter(pk=row.pk).update(times=F("times") + 1)


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
    kept = Source.objects.filter(pk=source.pk, fence=source.fence).update(
        leased_until=None, due_at=following, last_new=heard.new, **outcome, **proven
    )
    if kept and failure is not None and failure.failure == Failure.CREDENTIALS and not source.trouble:
        record("source.refused", f"source:{source.pk}", at=now, trouble=str(failure), code=failure.code)
    if heard.new:
        record("source.heard", f"source:{source.pk}", at=now, new=heard.new, seen=heard.seen)
