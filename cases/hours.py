"""Counting what was said in each hour, for all, for each topic and for each kecamatan.

Only what asks something of the city is counted (complaints, questions, wishes, and posts that nobody could judge):
thanks and chatter under a post of ours are no alarm. An hour is counted anew as long as posts of it may still arrive
(answering.toml, [spikes] late), from the index over the time of hearing, so that a look each minute stays cheap
however many mentions there are; counting the same hour again gives the same rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.db import transaction

from cases.gate import area_of
from cases.models import HourCount
from classifiers.models import KindChoice
from monitor.models import Mention, Source

HOUR = timedelta(hours=1)
ALL = "all"
#: What is no sign of trouble, however much of it there is.
_CALM_KINDS = (KindChoice.APPRECIATION, KindChoice.OTHER)
#: How many days of an older history one look adds.
_DAYS_A_LOOK = 2


@dataclass(frozen=True, slots=True)
class Heard:
    """What counting needs of one mention."""

    pk: int
    told_at: datetime  #: when it was written; never after it was heard
    who: str  #: channel and account; "" where the platform hides the author
    copy: bool  #: word for word what somebody else had said
    topic: str
    place: str
    kecamatan: str  #: code; "" unknown
    urgency: str

    @property
    def scopes(self) -> list[str]:
        """Where it counts."""
        area = [f"area:{self.kecamatan}"] if self.kecamatan else []
        return [ALL, *([f"topic:{self.topic}"] if self.topic else []), *area]


@dataclass(slots=True)
class Tally:
    """One hour of one scope while it is counted."""

    posts: int = 0
    copies: int = 0
    nameless: int = 0
    known: set[str] = field(default_factory=set)

    def add(self, one: Heard) -> None:
        if one.copy:
            self.copies += 1
            return
        self.posts += 1
        if one.who:
            self.known.add(one.who)
        else:  # a missed flood is worse than a false spike: whoever's name is hidden counts
            self.nameless += 1

    @property
    def figures(self) -> tuple[int, int, int]:
        return self.posts, self.copies, len(self.known) + self.nameless


def late() -> timedelta:
    """How long after it was written a post still counts into its hour."""
    return timedelta(hours=settings.ANSWERING["spikes"]["late"])


def floor(moment: datetime) -> datetime:
    """The begin of the hour of ``moment``. Hours are those of UTC; zones off by half an hour share them."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def heard_in(start: datetime, end: datetime, scope: str = ALL) -> Iterator[Heard]:
    """What was written from ``start`` to ``end`` and heard in time, in one scope."""
    rows = Mention.objects.filter(
        heard_at__gte=start, heard_at__lt=end + late(), restricted_at=None, verdict__isnull=False
    ).exclude(verdict__kind__in=_CALM_KINDS)
    names = ("pk", "channel", "author_id", "author", "posted_at", "heard_at", "copy_of_id")
    judged = ("verdict__topic", "verdict__place", "verdict__urgency")
    for row in rows.values_list(*names, *judged).iterator():
        one = _heard(*row)
        if start <= one.told_at < end and (row[5] - one.told_at) <= late() + HOUR and scope in one.scopes:
            yield one


def count_recent(now: datetime) -> int:
    """Count the hours to which posts may still come; gives how many rows changed."""
    this = floor(now)
    alive = Source.objects.filter(last_ok_at__gte=this, last_ok_at__lte=now).exists()
    return count(this - late(), this + HOUR, [this] if alive else [])


def count_back(now: datetime) -> int:
    """Count a further piece of the history that was heard before anything counted; gives how many rows changed."""
    first = HourCount.objects.filter(scope=ALL).order_by("hour").values_list("hour", flat=True).first()
    before = first or floor(now) - late()
    oldest = now - timedelta(weeks=settings.ANSWERING["spikes"]["weeks"])
    times = Mention.objects.filter(heard_at__lt=before, heard_at__gte=oldest).order_by("-heard_at")
    newest = times.values_list("heard_at", flat=True).first()
    if newest is None:
        return 0
    end = floor(newest) + HOUR
    start = end - timedelta(days=_DAYS_A_LOOK)
    begun = times.filter(heard_at__gte=start).order_by("heard_at").values_list("heard_at", flat=True)[0]
    span = int((end - floor(begun)) / HOUR)
    return count(floor(begun), end, [floor(begun) + n * HOUR for n in range(span)])


def forget(now: datetime) -> int:
    """Drop the hours that no chart and no baseline reads any more."""
    until = now - timedelta(weeks=settings.ANSWERING["spikes"]["keep_weeks"])
    return HourCount.objects.filter(hour__lt=until).delete()[0]


def count(start: datetime, end: datetime, alive: Iterable[datetime] = ()) -> int:
    """Count the hours from ``start`` to ``end``; gives how many rows changed.

    alive: hours in which the city certainly listened, so that silence in them is zero and not unknown.
    """
    wanted: dict[tuple[str, datetime], Tally] = defaultdict(Tally)
    for hour in alive:
        wanted[ALL, hour] = Tally()
    for one in heard_in(start, end):
        for scope in one.scopes:
            wanted[scope, floor(one.told_at)].add(one)
    with transaction.atomic():
        return _stored(start, end, wanted)


def _stored(start: datetime, end: datetime, wanted: dict[tuple[str, datetime], Tally]) -> int:
    there = {(row.scope, row.hour): row for row in HourCount.objects.filter(hour__gte=start, hour__lt=end)}
    fresh = [
        HourCount(scope=scope, hour=hour, posts=posts, copies=copies, accounts=accounts)
        for (scope, hour), tally in wanted.items()
        for posts, copies, accounts in [tally.figures]
        if _differs(there.get((scope, hour)), tally.figures)
    ]
    gone = [row for key, row in there.items() if key not in wanted]
    fresh += [
        HourCount(scope=ALL, hour=row.hour) for row in gone if row.scope == ALL and row.posts + row.copies
    ]
    HourCount.objects.bulk_create(
        fresh,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["scope", "hour"],
        update_fields=["posts", "copies", "accounts"],
    )
    HourCount.objects.filter(pk__in=[row.pk for row in gone if row.scope != ALL]).delete()
    return len(fresh) + sum(row.scope != ALL for row in gone)


def _differs(row: HourCount | None, figures: tuple[int, int, int]) -> bool:
    return row is None or (row.posts, row.copies, row.accounts) != figures


def _heard(
    pk: int,
    channel: str,
    author_id: str,
    author: str,
    posted_at: datetime | None,
    heard_at: datetime,
    copy_of: int | None,
    topic: str,
    place: str,
    urgency: str,
) -> Heard:
    name = author_id or author
    return Heard(
        pk=pk,
        told_at=min(posted_at or heard_at, heard_at),
        who=f"{channel}:{name}" if name else "",
        copy=copy_of is not None,
        topic=topic,
        place=place,
        kecamatan=kecamatan_of(place),
        urgency=urgency,
    )


@lru_cache(maxsize=4096)
def kecamatan_of(place: str) -> str:
    """Code of the kecamatan in which a place lies; "" unknown."""
    return area_of(place)[:8]
