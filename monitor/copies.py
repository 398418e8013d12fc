"""One citizen, one matter: word-for-word copies by others are folded under the first of them."""

import hashlib
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from django.db.models.functions import Coalesce

from monitor.models import Mention

#: A text of fewer words says too little to be called a copy ("banjir lagi").
_LEAST_WORDS = 6
#: The same words after this are a new happening.
WITHIN = timedelta(days=7)
_HEAD = re.compile(r"^\s*RT\s+@\w+:?\s*", re.IGNORECASE)
_LINK = re.compile(r"https?://\S+")
_WORD = re.compile(r"\w+")


def fingerprint(text: str) -> str:
    """A hash of the words of ``text``, without retweet head, links and punctuation; "" when there are too few."""
    words = _WORD.findall(_LINK.sub(" ", _HEAD.sub("", text)).casefold())
    if len(words) < _LEAST_WORDS:
        return ""
    return hashlib.sha256(" ".join(words).encode("utf-8", "replace")).hexdigest()[:40]


def fold(fresh: list[Mention], repeats: Mapping[str, str] | None = None) -> int:
    """Point each of ``fresh`` to the first mention with its words by somebody else; gives how many are copies.

    The same person saying the same thing twice stays two mentions: only others' copies are folded. repeats: for posts
    that only pass another one on, by external id, the id of that one; X breaks their text off at 140 characters, so
    their words do not tell.
    """
    passed_on = _passed_on(fresh, repeats or {})
    rest = [row for row in fresh if row.copy_of_id is None]
    return passed_on + _fold_words(rest)


def _passed_on(fresh: list[Mention], repeats: Mapping[str, str]) -> int:
    """Fold retweets under the post that they pass on, where it was heard."""
    rows = [row for row in fresh if row.external_id in repeats]
    if not rows:
        return 0
    heard = Mention.objects.filter(
        channel=rows[0].channel, external_id__in=set(repeats.values()), gone_at__isnull=True
    )
    firsts = {
        known: first or key for known, key, first in heard.values_list("external_id", "pk", "copy_of_id")
    }
    copies = [row for row in rows if firsts.get(repeats[row.external_id], row.pk) != row.pk]
    for row in copies:
        row.copy_of_id = firsts[repeats[row.external_id]]
    Mention.objects.bulk_update(copies, ["copy_of"], batch_size=200)
    return len(copies)


def _fold_words(fresh: list[Mention]) -> int:
    marked = sorted((row for row in fresh if row.fingerprint), key=lambda row: row.pk)
    if not marked:
        return 0
    since = min(row.heard_at for row in marked) - WITHIN
    # "copy_of IS NULL" holds for nearly every row, yet SQLite 3.40 takes its index before that of the fingerprints
    # and reads the whole table (EXPLAIN, 2026-11): an expression has no index, so the fingerprints' is left.
    earlier = (
        Mention.objects.alias(folded=Coalesce("copy_of_id", 0))
        .filter(
            fingerprint__in={row.fingerprint for row in marked},
            folded=0,
            heard_at__gte=since,
            gone_at__isnull=True,
        )
        .order_by("pk")
    )
    firsts: dict[str, _First] = {}
    for first in (_First(*found) for found in earlier.values_list(*_First._fields)):
        firsts.setdefault(first.fingerprint, first)
    copies = []
    for row in marked:
        known = firsts.get(row.fingerprint)  # None: it was stored with other words, by another source
        if known is not None and known.pk != row.pk and not _same_author(known, row):
            row.copy_of_id = known.pk
            copies.append(row)
    Mention.objects.bulk_update(copies, ["copy_of"], batch_size=200)
    return len(copies)


class _First(NamedTuple):
    """What has to be known of a mention to fold another one under it."""

    pk: int
    fingerprint: str
    channel: str
    author: str
    author_id: str


def _same_author(one: _First, other: Mention) -> bool:
    if one.channel != other.channel:
        return False
    return bool(one.author_id and one.author_id == other.author_id) or bool(
        one.author and one.author == other.author
    )
