"""What platforms tell by themselves: notifications are stored at once, and worked off afterwards.

A notification is a hint and never the truth: the thing itself is read by its id, so repeats, a wrong order and a
removal that was overtaken do no harm. What is never told, polling hears.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from channels import meta_webhook
from channels.contract import ChannelError, Failure, Gone, Post, Unreadable
from channels.models import Account, Kind
from channels.registry import Channel, open_channel
from ledger.chain import record
from ledger.life import beat
from ledger.wake import wake
from monitor.budget import rest, resting, spend
from monitor.models import Mention, Notification, Source, SourceKind
from monitor.store import erase, keep, key_of, set_aside

log = logging.getLogger(__name__)
#: The first wait after a failing look; it doubles up to the second.
_WAIT, _LONGEST = timedelta(seconds=60), timedelta(hours=1)
#: A thing that was just told of and cannot be found may only be late: it is looked for this often.
_LOOKS = 3
#: Meta tells a thing again for 36 hours; after this nobody asks for what was worked off.
KEPT = timedelta(days=7)
_ROWS = 200
#: The sign of life that says when Meta last shook hands.
CONNECTED = "webhook.meta"
_READ_ITEMS = frozenset({"comment", "post", "status", "photo", "video"})
_READ_VERBS = frozenset({"", "add", "edit", "edited"})
_GONE_VERBS = frozenset({"remove", "delete"})


class Forged(Exception):
    """Pemberitahuan tanpa tanda tangan yang benar."""


def handshake(mode: str, token: str, challenge: str) -> str | None:
    """The challenge to echo when Meta subscribes with our verify token; None for anybody else."""
    known = meta_webhook.same_token(token, _secrets("verify_token"))
    if not (known and mode == "subscribe" and challenge):
        return None
    beat(CONNECTED, timezone.now())  # from now on something should be told (monitor/told.py)
    return challenge


def receive(raw: bytes, signature: str, now: datetime) -> int:
    """Store the changes of a signed body; gives how many were not known. Raises Forged, with nothing stored."""
    if not meta_webhook.signed(raw, signature, _secrets("app_secret")):
        raise Forged
    changes, odd = meta_webhook.changes(raw)
    accounts = {_owner(account): account for account in _accounts()}
    ours = [change for change in changes if (change.channel, change.owner) in accounts]
    if odd or len(ours) < len(changes):
        log.warning("webhook: %s unreadable, %s of unknown accounts", odd, len(changes) - len(ours))
    rows = [
        Notification(
            key=one.key,
            account=accounts[one.channel, one.owner],
            field=one.field,
            value=one.value,
            received_at=now,
        )
        for one in ours
    ]
    return _store(rows)


@transaction.atomic
def _store(rows: Sequence[Notification]) -> int:
    stored = 0
    for start in range(0, len(rows), _ROWS):
        part = rows[start : start + _ROWS]
        keys = [row.key for row in part]
        known = set(Notification.objects.filter(key__in=keys).values_list("key", flat=True))
        fresh = [row for row in part if row.key not in known]
        Notification.objects.bulk_create(fresh, ignore_conflicts=True)
        stored += len(fresh)
    if stored:
        wake("inbox")
    return stored


def _accounts() -> QuerySet[Account]:
    return Account.objects.filter(channel__in=[Kind.FACEBOOK, Kind.INSTAGRAM], enabled=True)


def _owner(account: Account) -> tuple[str, str]:
    return account.channel, account.setting("page_id" if account.channel == Kind.FACEBOOK else "user_id")


def _secrets(name: str) -> list[str]:
    """Every Facebook account's secret ``name``: one app of Meta's tells of the Page and of Instagram."""
    found = []
    for account in Account.objects.filter(channel=Kind.FACEBOOK, enabled=True):
        try:
            found.append(account.secret(name))
        except ChannelError as error:
            log.warning("%s: %s", account, error)
    return [secret for secret in found if secret]


# --- working off


@dataclass(frozen=True, slots=True)
class _Task:
    """What one notification asks for."""

    row: Notification
    kind: SourceKind  #: of the source under which the thing is kept
    target: str  #: id of the thing to read; "" when none was told
    verb: str = ""
    parent: str = ""  #: what a comment answers, where the thing itself does not say

    @property
    def announced(self) -> bool:
        """Whether Instagram told of it by an id only, for which it has a reading of its own."""
        return self.row.account.channel == Kind.INSTAGRAM and self.kind == SourceKind.MENTION


_Found = dict[str, Post | Gone | ChannelError]


def waiting(now: datetime) -> bool:
    """Whether there is a notification to work off."""
    return _due(now).exists()


def drain(now: datetime, limit: int = 200) -> int:
    """Work off the oldest notifications; gives how many were looked at. A channel's failure is never raised:

    it stands in the notification's row, which has its turn again later.
    """
    rows = list(_due(now).select_related("account").order_by("id")[:limit])
    for account_id in dict.fromkeys(row.account_id for row in rows):
        _work([row for row in rows if row.account_id == account_id], now)
    Notification.objects.filter(done_at__lt=now - KEPT).delete()
    return len(rows)


def _due(now: datetime) -> QuerySet[Notification]:
    ready = Q(next_at__isnull=True) | Q(next_at__lte=now)
    rows = Notification.objects.filter(ready, done_at__isnull=True, account__enabled=True)
    return rows.exclude(account_id__in=resting(now))


def _work(rows: Sequence[Notification], now: datetime) -> None:
    """One account's notifications: first what is there, then what went, so a removal always has the last word."""
    try:
        tasks = [task for row in rows if (task := _meaning(row))]
        read = [task for task in tasks if task.target and task.verb in _READ_VERBS]
        _read(read, now)
        for task in tasks:
            if task.target and task.verb in _GONE_VERBS:
                _gone(task, Gone("dihapus warga di Facebook"), now)
                _done([task.row], now)
            elif not task.target:
                _done([task.row], now, "Pemberitahuan tanpa nomor yang dapat dibaca.")
        meant = {task.row.pk for task in read}
        _done([row for row in rows if row.pk not in meant], now)
    except Exception as error:
        # Whatever one notification broke in us, the others go on.
        log.exception("notifications of account %s: unexpected", rows[0].account_id)
        if len(rows) == 1:
            _later(rows[0], f"Kesalahan tak terduga: {error}", now, None)
        for row in rows if len(rows) > 1 else ():
            _work([row], now)


def _meaning(row: Notification) -> _Task | None:
    """What a notification asks for; None for what citizens did not say (likes, shares, stories' numbers)."""
    value, field = row.value, row.field
    verb, item = value.get("verb", ""), value.get("item", "")
    if row.account.channel == Kind.INSTAGRAM:
        above = value.get("parent_id", "")
        if field == "comments":
            return _Task(row, SourceKind.COMMENT, value.get("id", ""), parent=above)
        if field == "mentions":
            return _Task(row, SourceKind.MENTION, value.get("comment_id") or value.get("media_id", ""))
        return None
    if field not in ("feed", "mention") or item not in _READ_ITEMS:
        return None
    comment = item == "comment"
    kind = SourceKind.COMMENT if comment else SourceKind.MENTION
    target = value.get("comment_id") if comment else _first(value, "post_id", "photo_id", "video_id")
    above = _first(value, "parent_id", "post_id") if comment else ""
    return _Task(row, SourceKind.TAGGED if field == "mention" else kind, target or "", verb, above)


def _first(value: dict[str, str], *names: str) -> str:
    return next((value[name] for name in names if value.get(name)), "")


def _read(tasks: Sequence[_Task], now: datetime) -> None:
    """Read the things of one account that were told of, and keep them under its sources."""
    ready = [(task, source) for task in tasks if (source := _source(task, now))]
    if not ready:
        return
    account = ready[0][0].row.account
    try:
        channel = open_channel(account)
    except ChannelError as error:
        for task, _ in ready:
            _settle_failure(task, error, now)
        return
    asked = [task for task, _ in ready]
    found = _ask(channel, asked)
    failure = next((one for one in found.values() if isinstance(one, ChannelError)), None)
    parents = _parents(channel, asked) if failure is None else {}
    rest(account, channel.meter, failure, now)
    spend(ready[0][1], channel.meter, len(found), now)
    for source in {source.pk: source for _, source in ready}.values():
        mine = [task for task, under in ready if under.pk == source.pk]
        _keep(source, mine, found, parents, now)


def _source(task: _Task, now: datetime) -> Source | None:
    """The source under which a thing is kept. Without one the notification waits for a person to make it."""
    source = (
        Source.objects.select_related("account")
        .filter(account=task.row.account_id, kind=task.kind, via="api")
        .first()
    )
    if source is None:
        _later(task.row, f"Akun ini tidak mempunyai sumber '{task.kind}'.", now, None)
    elif not source.enabled:
        _done([task.row], now, "Sumber ini dimatikan.")
        return None
    return source


def _ask(channel: Channel, tasks: Sequence[_Task]) -> _Found:
    """What became of every target; one that is missing in the answer could not be read."""
    plain = [*dict.fromkeys(task.target for task in tasks if not task.announced)]
    found = _look(channel, plain) if plain else {}
    failure: ChannelError | None = None
    for task in tasks:
        if not task.announced or task.target in found:
            continue
        try:
            found[task.target] = failure or _mentioned(channel, task.row.value)
        except ChannelError as error:
            found[task.target] = error
            failure = None if error.failure == Failure.REFUSED else error
    return found


def _look(channel: Channel, ids: Sequence[str]) -> _Found:
    """Look at several; one that is refused does not spoil the others."""
    try:
        return {**channel.look(ids)}
    except ChannelError as error:
        if error.failure != Failure.REFUSED or len(ids) == 1:
            return dict.fromkeys(ids, error)
        middle = len(ids) // 2
        return _look(channel, ids[:middle]) | _look(channel, ids[middle:])


def _mentioned(channel: Channel, value: dict[str, str]) -> Post | Gone:
    from channels.instagram import Instagram  # its library is loaded only where it is used

    if not isinstance(channel, Instagram):
        raise ChannelError("Hanya Instagram yang memberi tahu sebutan dengan nomor saja.", Failure.REFUSED)
    return channel.mentioned(value.get("media_id", ""), value.get("comment_id"))


def _parents(channel: Channel, tasks: Sequence[_Task]) -> dict[str, str]:
    """Shortcodes of the city's media under which comments were told of, by their Graph ids."""
    from channels.instagram import Instagram

    media = [*dict.fromkeys(task.row.value.get("media_id", "") for task in tasks if not task.announced)]
    if not isinstance(channel, Instagram) or not any(media):
        return {}
    try:
        return channel.shortcodes([number for number in media if number])
    except ChannelError as error:
        log.warning("shortcodes: %s", error)
        return {}


@transaction.atomic
def _keep(
    source: Source, tasks: Sequence[_Task], found: _Found, parents: dict[str, str], now: datetime
) -> None:
    """Store what was found and say so in the notifications, in one transaction."""
    posts: list[Post] = []
    for task in tasks:
        seen = found.get(task.target)
        if isinstance(seen, Post):
            medium = task.row.value.get("media_id", "")
            above = task.parent or parents.get(medium) or medium
            posts.append(seen if task.announced else replace(seen, parent=seen.parent or above or None))
            _done([task.row], now)
        elif isinstance(seen, Gone):
            _settle_gone(task, seen, now)
        elif isinstance(seen, ChannelError):
            _settle_failure(task, seen, now)
        else:
            set_aside(source, Unreadable("pemberitahuan: butir tidak terbaca", task.target), now)
            _done([task.row], now, "Butir tidak terbaca.")
    new = keep(source, posts, now)
    told = Mention.objects.filter(channel=source.account.channel, external_id__in=map(key_of, posts))
    told.filter(told_at__isnull=True).update(told_at=now)
    if new:
        Source.objects.filter(pk=source.pk).update(last_spoke_at=now)
        record("source.heard", f"source:{source.pk}", at=now, new=new, seen=len(posts))
    if posts:
        wake("judge")


def _settle_gone(task: _Task, gone: Gone, now: datetime) -> None:
    if _gone(task, gone, now) or task.row.tries + 1 >= _LOOKS:
        _done([task.row], now, f"Tidak ditemukan: {gone.why}")
    else:
        _later(task.row, f"Belum ditemukan: {gone.why}", now, None)


def _settle_failure(task: _Task, error: ChannelError, now: datetime) -> None:
    if error.failure == Failure.REFUSED:
        _done([task.row], now, str(error))
    else:
        _later(task.row, str(error), now, error.next_time(now))


def _gone(task: _Task, gone: Gone, now: datetime) -> bool:
    """Follow a deletion; False when nothing of it was ever stored."""
    mention = Mention.objects.filter(channel=task.row.account.channel, external_id=task.target).first()
    if mention is not None and mention.gone_at is None:
        erase(mention, gone, now)
    return mention is not None


def _done(rows: Sequence[Notification], now: datetime, error: str = "") -> None:
    Notification.objects.filter(pk__in=[row.pk for row in rows], done_at__isnull=True).update(
        done_at=now, next_at=None, error=error[:300]
    )


def _later(row: Notification, error: str, now: datetime, named: datetime | None) -> None:
    """Try again after a wait that doubles, or when the platform says if that is later."""
    wait = min(_WAIT * 2 ** min(row.tries, 10), _LONGEST)
    Notification.objects.filter(pk=row.pk, done_at__isnull=True).update(
        tries=row.tries + 1, next_at=max(now + wait, named or now), error=error[:300]
    )
