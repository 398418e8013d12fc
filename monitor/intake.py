"""What comes in by the city's own desks: call centre, form, Open311. Stored like a post, masked at the same door.

Each desk is an account of channel INTAKE that is never enabled: nothing is read from it and nothing is said through
it, so no check, no coverage and no budget asks for it.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from channels.contract import Post
from channels.models import Account, Kind
from monitor.models import Mention, Source, SourceKind
from monitor.store import keep

#: What each desk is called, by its key.
DESKS: dict[str, str] = {
    "call_center": "Call Center 1500444",
    "form": "Formulir warga",
    "open311": "Open311",
}


@transaction.atomic
def take(
    desk: str,
    external_id: str,
    text: str,
    now: datetime,
    *,
    author: str = "",
    author_id: str = "",
    posted_at: datetime | None = None,
    permalink: str = "",
    media: Sequence[str] = (),
) -> Mention:
    """The mention of what somebody brought to ``desk`` (a key of DESKS); the same id again gives the same one.

    Its numbers are masked and the original is kept encrypted, as for a post (monitor/originals.py). Other words under
    the same id are kept as a change. Raises KeyError for an unknown desk, ValueError for an empty id.
    """
    if not external_id.strip():
        raise ValueError("what comes in by a desk needs an id of its own")
    post = Post(
        id=f"{desk}:{external_id.strip()}"[:200],
        text=text,
        author=author or None,
        author_id=author_id or None,
        created_at=posted_at,
        permalink=permalink or None,
        media=tuple(media),
    )
    keep(source_of(desk), [post], now)
    # Two people may bring the same words: each is a matter of its own, so none is folded under the other.
    Mention.objects.filter(channel=Kind.INTAKE, external_id=post.id).update(copy_of=None)
    return Mention.objects.get(channel=Kind.INTAKE, external_id=post.id)


def taken(desk: str, external_id: str) -> Mention | None:
    """What came in under this id; None when nothing did."""
    key = f"{desk}:{external_id.strip()}"[:200]
    return Mention.objects.filter(channel=Kind.INTAKE, external_id=key).first()


def source_of(desk: str) -> Source:
    """The source of a desk, made at its first use. Raises KeyError for an unknown desk."""
    account, _new = Account.objects.get_or_create(
        key=f"intake_{desk}", defaults={"channel": Kind.INTAKE, "name": DESKS[desk], "enabled": False}
    )
    source, _new = Source.objects.get_or_create(
        account=account, kind=SourceKind.MENTION, query="", via="api", defaults={"enabled": False}
    )
    return source
