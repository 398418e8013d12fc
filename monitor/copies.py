"""One citizen, one matter: word-for-word copies by others are folded under the first of them."""

import hashlib
import re
from datetime import timedelta

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


def fold(fresh: list[Mention]) -> int:
    """Point each of ``fresh`` to the first mention with its words by somebody else; gives how many are copies.

    The same person saying the same thing twice stays two mentions: only others' copies are folded.
    """
    marked = sorted((row for row in fresh if row.fingerprint), key=lambda row: row.pk)
    if not marked:
        return 0
    since = min(row.heard_at for row in marked) - WITHIN
    earlier = Mention.objects.filter(
        fingerprint__in={row.fingerprint for row in marked},
        copy_of__isnull=True,
        heard_at__gte=since,
        gone_at__isnull=True,
    ).order_by("pk")
    firsts: dict[str, Mention] = {}
    for row in earlier:
        firsts.setdefault(row.fingerprint, row)
    copies = []
    for row in marked:
        first = firsts[row.fingerprint]
        if first.pk != row.pk and not _same_author(first, row):
            row.copy_of = first
            copies.append(row)
    Mention.objects.bulk_update(copies, ["copy_of"], batch_size=200)
    return len(copies)


def _same_author(one: Mention, other: Mention) -> bool:
    if one.channel != other.channel:
        return False
    return bool(one.author_id and one.author_id == other.author_id) or bool(
        one.author and one.author == other.author
    )
