"""What an announcement drew: the posts that answer it on its channels, by kind, and the cases opened from them.

An answer is a mention whose parent is one of the announcement's posts, or an answer to such an answer; the city's own
replies are no mentions. The question lives here because it needs what was published, what was heard and the cases.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cases.incidents import told_at
from cases.models import Case
from channels.models import Receipt
from classifiers.models import KindChoice
from monitor.models import Mention
from publisher.models import Announcement, Delivery

#: How deep threads are followed, and how many parents are asked about at once (SQLite's limit of variables).
_DEPTH, _AT_ONCE = 4, 500
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OnChannel:
    """What one post of ours drew on its channel."""

    channel: str
    account: str  #: its name
    since: datetime  #: when it appeared
    first_hour: int
    first_day: int
    all: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """All that one announcement drew."""

    posts: list[Mention]  #: the answers, the newest first
    kinds: dict[str, int] = field(default_factory=dict)  #: by kind, complaints first; "" not judged yet
    channels: list[OnChannel] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)

    @property
    def complaints(self) -> int:
        return self.kinds.get(KindChoice.COMPLAINT.value, 0)


def drawn(announcement: Announcement) -> Drawn:
    """What ``announcement`` drew until now. A few queries, whatever was drawn."""
    ours = _ours(announcement)
    by_post = {pk: _answers(channel, pk) for _delivery, channel, pk in ours}
    channels = [_on_channel(delivery, channel, by_post[pk]) for delivery, channel, pk in ours]
    posts = sorted(
        {one.pk: one for rows in by_post.values() for one in rows}.values(), key=told_at, reverse=True
    )
    kinds = Counter(_kind(one) for one in posts)
    order = [*(kind.value for kind in KindChoice), ""]
    return Drawn(posts, {kind: kinds[kind] for kind in order if kinds[kind]}, channels, _cases(posts))


def _ours(announcement: Announcement) -> list[tuple[Delivery, str, str]]:
    """Each delivery that stood once, its channel, and the id under which answers name it."""
    rows = (
        announcement.deliveries.exclude(remote_id="").select_related("account").order_by("account_id", "id")
    )
    keys = {(one.account_id, one.remote_id): one for one in rows}
    receipts = Receipt.objects.filter(remote_id__in=[remote for _account, remote in keys])
    public = {(one.account_id, one.remote_id): one.public_id for one in receipts}
    found: dict[tuple[str, str], tuple[Delivery, str, str]] = {}
    for key, delivery in keys.items():
        channel, name = delivery.account.channel, public.get(key) or delivery.remote_id
        found.setdefault((channel, name), (delivery, channel, name))
    return list(found.values())


def _answers(channel: str, parent: str) -> list[Mention]:
    """The mentions below one post, through all depths that are followed."""
    found: dict[int, Mention] = {}
    parents = [parent]
    for _level in range(_DEPTH):
        rows = [one for part in _parts(parents) for one in _below(channel, part) if one.pk not in found]
        if not rows:
            break
        found.update({one.pk: one for one in rows})
        parents = [one.external_id for one in rows]
    return list(found.values())


def _below(channel: str, parents: list[str]) -> Iterable[Mention]:
    rows = Mention.objects.filter(parent_id__in=parents, channel=channel, restricted_at=None)
    return rows.select_related("verdict")


def _parts(values: list[str]) -> Iterable[list[str]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))


def _on_channel(delivery: Delivery, channel: str, rows: list[Mention]) -> OnChannel:
    since = delivery.published_at or delivery.due_at
    times = [told_at(one) - since for one in rows]
    return OnChannel(
        channel=channel,
        account=delivery.account.name,
        since=since,
        first_hour=sum(apart < HOUR for apart in times),
        first_day=sum(apart < DAY for apart in times),
        all=len(rows),
    )


def _cases(posts: list[Mention]) -> list[Case]:
    keys = [str(one.pk) for one in posts]
    rows = [case for part in _parts(keys) for case in Case.objects.filter(mention_id__in=part)]
    return sorted(rows, key=lambda one: -one.pk)


def _kind(mention: Mention) -> str:
    return str(mention.verdict.kind) if hasattr(mention, "verdict") else ""
