"""From an account to its channel. A platform's library is imported only when its account is used."""

from collections.abc import Callable
from typing import Any, Protocol

from channels.contract import Access, ChannelError, Failure, Hearing, Item, Speaking, Waits
from channels.models import Account, Kind


class Channel(Hearing, Speaking, Protocol):
    """Both directions."""


def open_channel(account: Account) -> Channel:
    """The channel of ``account``, ready to use.

    Raises ChannelError (credentials) when a stored token cannot be opened, or one is missing: nobody is called
    without what they will ask for.
    """
    if missing := account.missing_secrets():
        raise ChannelError(f"Belum ada {', '.join(missing)}.", Failure.CREDENTIALS, code="missing")
    channel: Channel = _class_of(account.channel)(account)
    return channel


def waits_of(account: Account) -> Waits:
    """How long an unknown delivery on this account's channel is looked for."""
    waits: Waits = _class_of(account.channel).waits
    return waits


def edits(channel: str) -> bool:
    """Whether a published text of ``channel`` can be changed in place; False: a correction is a reply or comment."""
    return bool(_class_of(channel).edits)


def deletes(channel: str) -> bool:
    """Whether we can take a post of ``channel`` away; False: a person has to, after a visible comment."""
    return bool(_class_of(channel).deletes)


def access_of(account: Account) -> Access | None:
    """What the account's token may do and until when; None where a platform has no such question."""
    if account.channel not in (Kind.FACEBOOK, Kind.INSTAGRAM):
        return None
    from channels.graph import Graph

    return Graph(account.secret("access_token")).access()


def _class_of(channel: str) -> Any:
    match channel:
        case Kind.X:
            from channels.x import X

            return X
        case Kind.FACEBOOK:
            from channels.facebook import Facebook

            return Facebook
        case Kind.INSTAGRAM:
            from channels.instagram import Instagram

            return Instagram
        case Kind.WEBSITE:
            from channels.website import Website

            return Website
        case Kind.FEED:
            from channels.feed import Feed

            return Feed
    raise ValueError(f"saluran tidak dikenal: {channel}")


def upload_image(account: Account, name: str, data: bytes, alt: str) -> str:
    """Put a JPEG into the media library of a website account; gives its public address."""
    from channels.website import Website

    return Website(account).upload(name, data, alt)


def translator(channel: str) -> Callable[[object], list[Item]]:
    """The pure function that reads one answer of ``channel``. Raises KeyError for one that has none."""
    match channel:
        case Kind.X:
            from channels.x import translate as x

            return x
        case Kind.FACEBOOK:
            from channels.facebook import translate as facebook

            return facebook
        case Kind.INSTAGRAM:
            from channels.instagram import translate as instagram

            return instagram
        case Kind.WEBSITE:
            from channels.website import translate as website

            return website
    raise KeyError(channel)
