"""Keeping proof of what was said, in the form by which hearing would meet it again."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from channels.contract import Sent
from channels.links import remote_id_in
from channels.models import Account, Receipt


def keep_receipt(account: Account, sent: Sent, at: datetime) -> None:
    """Store one receipt; storing it again changes nothing."""
    Receipt.objects.get_or_create(
        account=account,
        remote_id=sent.remote_id[:200],
        defaults={
            "permalink": sent.permalink[:500],
            # Instagram publishes under Graph's number and is heard under the shortcode of the link.
            "public_id": (remote_id_in(account.channel, sent.permalink) or sent.remote_id)[:200],
            "at": at,
        },
    )


def said_by_us(channel: str, ids: list[str]) -> set[str]:
    """Which of ``ids`` are posts of ours on ``channel``, under either of their ids."""
    either = Q(remote_id__in=ids) | Q(public_id__in=ids)
    ours = Receipt.objects.filter(either, account__channel=channel)
    found = {one for pair in ours.values_list("remote_id", "public_id") for one in pair}
    return found.intersection(ids)


def published_at(links: Iterable[str]) -> set[str]:
    """Which of ``links`` lead to something that we published, on whichever channel: feeds pass on our articles.

    What stands behind "?" (campaign marks) does not count; what stands behind "#" does: a comment is not the article.
    """
    bare = {link: link.split("?")[0].rstrip("/") for link in links if link and "#" not in link}
    spellings = {spelling for one in bare.values() for spelling in (one, f"{one}/")} | set(bare)
    ours = set(Receipt.objects.filter(permalink__in=spellings).values_list("permalink", flat=True))
    return {link for link, one in bare.items() if {link, one, f"{one}/"} & ours}
