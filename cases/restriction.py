"""Who asked that their posts are only kept, not used (UU 27/2022 art. 11): asked before the machine does more.

The engine marks the posts of such people (cases/rights.py) once a minute; what was heard since is known by its
account's earlier posts.
"""

from datetime import datetime

from cases.models import Case, Gate
from channels.models import Kind
from monitor.models import Mention

#: Where a name is anybody's: there two people are told apart by the account's id alone.
_AMBIGUOUS = (Kind.FACEBOOK, Kind.WEBSITE, Kind.INTAKE)


def restricted(mention: Mention) -> bool:
    """Whether the author of ``mention`` has asked for it, by this post or another one of the same account."""
    if mention.restricted_at is not None:
        return True
    rows = Mention.objects.filter(channel=mention.channel, restricted_at__isnull=False)
    if mention.author_id:
        return rows.filter(author_id=mention.author_id).exists()
    named = bool(mention.author) and mention.channel not in _AMBIGUOUS
    return named and rows.filter(author=mention.author).exists()


def mark(mention: Mention, now: datetime) -> bool:
    """Keep a new post of such a person as restricted from its first use on; gives whether it is."""
    if not restricted(mention):
        return False
    Mention.objects.filter(pk=mention.pk, restricted_at__isnull=True).update(restricted_at=now)
    mention.refresh_from_db(fields=["restricted_at"])
    return True


def only_kept(case: Case) -> bool:
    """Whether the machine must not give ``case`` away by itself.

    An emergency is given all the same: it is about somebody's life (UU 27/2022 art. 20 paragraph 2 letter d).
    """
    return case.gate != Gate.EMERGENCY and restricted(case.mention)
