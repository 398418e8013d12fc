"""The official website first: what links to an article waits until it stands there with the approved words."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from channels.contract import ChannelError
from channels.models import Account, Kind
from channels.registry import open_channel
from publisher.models import Act, Delivery, DeliveryState, Variant

#: Key of a delivery's memo: since when it waits for the article (ISO), or GO when a person said not to wait.
ARTICLE, GO = "article", "go"
#: States in which an article will not appear by itself: waiting for it would be for nothing.
_NEVER = (DeliveryState.REFUSED, DeliveryState.CANCELLED, DeliveryState.RETRACTED)


def article_first(delivery: Delivery, now: datetime) -> dict[str, Any] | None:
    """The values to settle ``delivery`` with while it waits for the article that it links to; None: it may go.

    Emergencies wait for nothing. After the window ([speaking] article_window, seconds) a person decides.
    """
    if delivery.urgent or delivery.account.channel in (Kind.WEBSITE, Kind.FEED):
        return None
    article = _article_in(delivery)
    if article is None or delivery.memo.get(ARTICLE) == GO or _stands(article):
        return None
    since = datetime.fromisoformat(delivery.memo.get(ARTICLE) or now.isoformat())
    window = timedelta(seconds=settings.ENGINE["speaking"]["article_window"])
    waits = {"memo": {**delivery.memo, ARTICLE: since.isoformat()}}
    if now - since >= window or article.state in _NEVER:
        said = _("Artikel di %(site)s belum tampil, padahal kiriman ini menautkannya.")
        return waits | {
            "state": DeliveryState.NEEDS_PERSON,
            "next_at": None,
            "trouble": said % {"site": article.account.name},
            "held": "",
        }
    again = timedelta(seconds=settings.ENGINE["speaking"]["article_again"])
    held = _("Menunggu artikel di %(site)s.") % {"site": article.account.name}
    return waits | {"state": DeliveryState.PLANNED, "next_at": now + again, "held": held[:200]}


def _article_in(delivery: Delivery) -> Delivery | None:
    """The delivery of the article that the text links to; None when it links to none of ours."""
    text = Variant.objects.values_list("text", flat=True).get(
        announcement=delivery.announcement, version=delivery.version, account=delivery.account
    )
    articles = Delivery.objects.filter(
        announcement=delivery.announcement, version=delivery.version, account__channel=Kind.WEBSITE
    ).exclude(act=Act.RETRACT)
    for article in articles.select_related("account"):
        if article_address(article.account, delivery.announcement.slug) in text:
            return article
    return None


def article_address(site: Account, slug: str) -> str:
    """The address of an article that is not there yet, by the account's setting article_address ("/{slug}/").

    WordPress leads from it to the permalink of the site's own form. A site with plain permalinks ("/?p=12") knows no
    such path: its setting is "/?name={slug}".
    """
    form = site.setting("article_address") or "/{slug}/"
    return site.setting("base_url").rstrip("/") + form.replace("{slug}", slug)


def _stands(article: Delivery) -> bool:
    """Whether the address that was given to everybody answers with the approved words."""
    if article.state != DeliveryState.PUBLISHED:
        return False
    words = Variant.objects.get(
        announcement=article.announcement, version=article.version, account=article.account
    )
    try:
        site: Any = open_channel(article.account)
        return bool(site.stands(article_address(article.account, article.announcement.slug), words.html))
    except ChannelError:
        return False
