"""Keeping proof of what was said, in the form by which hearing would meet it again."""

from datetime import datetime

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
    ours = Receipt.objects.filter(account__channel=channel)
    return {
        *ours.filter(remote_id__in=ids).values_list("remote_id", flat=True),
        *ours.filter(public_id__in=ids).values_list("public_id", flat=True),
    }
