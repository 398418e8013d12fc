"""What Meta's webhooks of a Page are subscribed to, and subscribing it again.

One subscription of the Page serves Facebook and, through the Page, the linked Instagram account (Meta, Webhooks for
Pages and for Instagram with Facebook Login, read 2026-10).
"""

from channels.graph import Graph
from channels.models import Account
from channels.reading import listing, mapping, optional

#: The fields that hearing works off (monitor/inbox.py).
FIELDS = ("feed", "mention")


def subscribed_fields(account: Account) -> set[str]:
    """The fields to which apps are subscribed on the Page; empty when no app is. Raises ChannelError."""
    answer = _graph(account).get(f"{account.setting('page_id')}/subscribed_apps")
    apps = map(mapping, listing(answer.get("data")))
    return {name for app in apps for one in listing(app.get("subscribed_fields")) if (name := _name(one))}


def subscribe_fields(account: Account, fields: set[str]) -> None:
    """Subscribe our app to ``fields`` of the Page. Raises ChannelError.

    The call replaces what was subscribed before, so ``fields`` must be all that are wanted.
    """
    path = f"{account.setting('page_id')}/subscribed_apps"
    _graph(account).post(path, subscribed_fields=",".join(sorted(fields)))


def _name(one: object) -> str | None:
    """A field as Graph names it: a word, or an object {"name": …} in newer answers."""
    return optional(one) or optional(mapping(one).get("name"))


def _graph(account: Account) -> Graph:
    return Graph(account.secret("access_token"))
