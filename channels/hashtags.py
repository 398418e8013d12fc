"""Meta's allowance of hashtags: 30 different ones an account in any seven days, counted before we ask.

A hashtag counts from its first query for seven days; asking again within them costs nothing and does not prolong
them (Meta, IG Hashtag Search, "Limitations", read 2026-10). The count stands in the database, so that all processes
share it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from channels.contract import ChannelError, Failure
from channels.models import Account, HashtagUse

MOST = 30
WEEK = timedelta(days=7)
#: How long Meta's count is believed where it differs from ours; then it is asked again.
DOUBT = timedelta(days=1)


def use_hashtag(account: Account, tag: str, now: datetime) -> None:
    """Count ``tag`` (in any spelling) for ``account``. Raises ChannelError (later) for the 31st, before any call."""
    name = spelled(tag)
    with transaction.atomic():
        # The account's row is the lock: two processes never take the last place both.
        Account.objects.select_for_update().get(pk=account.pk)
        counted = HashtagUse.objects.filter(account=account, since__gt=now - WEEK)
        if counted.filter(tag=name).exists():
            return
        if counted.count() >= MOST:
            raise too_many(account, now)
        HashtagUse.objects.update_or_create(account=account, tag=name, defaults={"since": now})


def note_counted(account: Account, tags: Iterable[str], now: datetime) -> None:
    """Take over what Meta counts and we did not know of, for a day: its list does not say since when."""
    since = now - WEEK + DOUBT
    for tag in tags:
        row, made = HashtagUse.objects.get_or_create(
            account=account, tag=spelled(tag), defaults={"since": since}
        )
        if not made and row.since <= now - WEEK:
            HashtagUse.objects.filter(pk=row.pk).update(since=since)


def too_many(account: Account, now: datetime) -> ChannelError:
    """That all places are taken, and when the next one becomes free."""
    counted = HashtagUse.objects.filter(account=account, since__gt=now - WEEK).order_by("since")
    first = counted.values_list("since", flat=True).first()
    free = (first or now) + WEEK
    day = free.astimezone(ZoneInfo(settings.TIME_ZONE))
    return ChannelError(
        f"Instagram hanya memberi {MOST} tagar berbeda dalam tujuh hari untuk tiap akun, dan semuanya terpakai. "
        f"Tempat berikutnya kosong pada {day:%d-%m-%Y pukul %H.%M}; kurangi sumber tagar.",
        Failure.LATER,
        retry_at=free,
        code="hashtags",
    )


def spelled(tag: str) -> str:
    """A hashtag as Meta counts it: without "#", in lower case."""
    return tag.strip().lstrip("#").lower()[:100]
