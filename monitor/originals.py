"""The words before masking: encrypted, erased when no case needs them, shown only through a case.

Basis: UU 27/2022 articles 16 and 43 (limited processing, erasure of what is no longer needed). A telephone number
or a plate may be just what a perangkat daerah needs to act; where no case opens, nobody needs it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from channels import vault
from channels.contract import ChannelError
from city.masks import mask
from monitor.models import Mention, Original


class CannotOpen(Exception):
    """Teks asli tidak dapat dibuka."""


def keep_originals(mentions: Sequence[Mention], said: Mapping[str, str], now: datetime) -> int:
    """Keep the originals of those ``mentions`` in which something was masked; gives how many there were.

    ``said``: what each said, by external id. Must run in the transaction that stores the mentions.
    """
    rows = [
        Original(mention=mention, sealed=_sealed(text), until=_undecided(now))
        for mention in mentions
        if (text := said.get(mention.external_id, "")) and mention.text != text
    ]
    # Another source may have stored the same post a moment ago: its original is the same.
    Original.objects.bulk_create(rows, ignore_conflicts=True, batch_size=200)
    return len(rows)


def follow_change(mention: Mention, said: str, now: datetime) -> None:
    """Keep what a changed mention says now in place of what it said before, or nothing if nothing was masked."""
    if mask(said) == said:
        Original.objects.filter(mention=mention).delete()
        return
    known = Original.objects.filter(mention=mention).update(sealed=_sealed(said))
    if not known:
        Original.objects.create(mention=mention, sealed=_sealed(said), until=_undecided(now))


def follow_number(mention: Mention, said: str) -> None:
    """A number may be corrected while its mask stays the same: the original that is kept says the new one."""
    row = Original.objects.filter(mention=mention).first()
    if row is None:
        return
    try:
        same = vault.unlock(bytes(row.sealed)).get("text") == said
    except ChannelError:
        same = False  # nobody can open it any more
    if not same:
        Original.objects.filter(pk=row.pk).update(sealed=_sealed(said))


def read_original(mention: Mention) -> str | None:
    """The words before masking; None when there are none (any more). Raises CannotOpen with a sentence.

    Whoever calls this notes who looked, when and why (cases/originals.py).
    """
    row = Original.objects.filter(mention=mention).first()
    if row is None:
        return None
    try:
        return vault.unlock(bytes(row.sealed))["text"]
    except (ChannelError, KeyError) as error:
        sentence = _(
            "Teks asli tidak dapat dibuka: kunci rahasia instalasi ini berbeda dari saat teks disimpan."
        )
        raise CannotOpen(sentence) from error


def hold(mention_id: int, until: datetime | None) -> None:
    """Keep an original until then; None: for as long as its case is open."""
    Original.objects.filter(mention=mention_id).update(until=until)


def forget(unneeded: Q, needed: Q, now: datetime) -> int:
    """Erase the originals that ``unneeded`` names, and those whose time has come unless ``needed`` names them.

    Both are conditions on Original; how many were erased is given.
    """
    return Original.objects.filter(Q(until__lte=now) | unneeded).exclude(needed).delete()[0]


def after_case(now: datetime) -> datetime:
    """Until when the original of a case that ends now is kept."""
    return now + timedelta(days=settings.HEARING["keeping"]["originals"])


def _undecided(now: datetime) -> datetime:
    return now + timedelta(days=settings.HEARING["keeping"]["undecided"])


def _sealed(text: str) -> bytes:
    return vault.lock({"text": text})
