"""X: a post as the API shows it, and the text rules of a post that is created."""

import html
import re
import unicodedata
from datetime import timedelta
from typing import Any

from simulator.world import Person, Post, Town

TWEET_FIELDS = {
    "id", "text", "edit_history_tweet_ids", "article", "attachments", "author_id", "card_uri", "community_id",
    "context_annotations", "conversation_id", "created_at", "display_text_range", "edit_controls", "entities",
    "geo", "in_reply_to_user_id", "lang", "media_metadata", "non_public_metrics", "note_tweet",
    "organic_metrics", "possibly_sensitive", "promoted_metrics", "public_metrics", "referenced_tweets",
    "reply_settings", "scopes", "source", "suggested_source_links", "withheld",
}  # fmt: skip
EXPANSIONS = {
    "article.cover_media", "article.media_entities", "attachments.media_keys",
    "attachments.media_source_tweet", "attachments.poll_ids", "author_id", "edit_history_tweet_ids",
    "entities.mentions.username",
    "entities.note.mentions.username", "geo.place_id", "in_reply_to_user_id", "referenced_tweets.id",
    "referenced_tweets.id.author_id",
}  # fmt: skip
USER_FIELDS = {
    "id", "name", "username", "affiliation", "connection_status", "created_at", "description", "entities",
    "is_identity_verified", "location", "most_recent_tweet_id", "parody", "pinned_tweet_id",
    "profile_banner_url", "profile_image_url", "protected", "public_metrics", "receives_your_dm",
    "subscription", "subscription_type", "url", "verified", "verified_followers_count", "verified_type",
    "withheld",
}  # fmt: skip

_TLD = r"(?:com|org|net|info|id|go\.id|co\.id|ac\.id|or\.id|web\.id|sch\.id|me|ly|gov|edu|xyz)"
URL = re.compile(
    rf"https?://[^\s<>\"]+|(?<![\w@./-])(?:[A-Za-z0-9-]+\.)+{_TLD}(?![\w.-]*\w)(?:/[^\s<>\"]*)?",
    re.IGNORECASE,
)
_EMOJI = (
    r"(?:[\U0001F1E6-\U0001F1FF]{2}|[0-9#*]\uFE0F?\u20E3"
    r"|[\u203C-\u3299\U0001F000-\U0001FAFF][\uFE0F\U0001F3FB-\U0001F3FF]*"
    r"(?:\u200D[\u2600-\u27BF\U0001F000-\U0001FAFF][\uFE0F\U0001F3FB-\U0001F3FF]*)*)"
)
_CLUSTER = re.compile(_EMOJI)


def bare_url(match: str) -> str:
    """A found address without the punctuation that ends the sentence."""
    return match.rstrip(".,;:!?)'\"]}")


def weight(text: str) -> int:
    """The length X counts: an address 23, an emoji 2, Latin and the like 1, the rest 2 (twitter-text v3)."""
    text = unicodedata.normalize("NFC", text)
    total = 0
    for match in URL.finditer(text):
        total += 23 - len(bare_url(match.group()))
    text, emoji = _CLUSTER.subn("", text)
    light = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
    return total + 2 * emoji + sum(1 if any(a <= ord(c) <= b for a, b in light) else 2 for c in text)


def shorten(text: str, seed: str) -> tuple[str, list[dict[str, Any]]]:
    """The text with t.co addresses, and their ``entities.urls`` items (without positions)."""
    links: list[dict[str, Any]] = []

    def wrap(match: re.Match[str]) -> str:
        url = bare_url(match.group())
        full = url if "://" in url else f"http://{url}"
        short = f"https://t.co/{_code(seed, len(links))}"
        links.append({"url": short, "expanded_url": full, "display_url": full.split("://", 1)[1][:30]})
        return short + match.group()[len(url) :]

    return URL.sub(wrap, text), links


def addressed(text: str, answered: Post, author: Person) -> str:
    """A reply as X shows it: the name of the one who is answered stands first, unless it is one's own."""
    name = f"@{answered.author.username}"
    named = text.lower().startswith(name.lower())
    return text if named or answered.author is author else f"{name} {text}"


def _code(seed: str, n: int) -> str:
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    number, code = int(seed) * 7 + n, ""
    while number:
        number, rest = divmod(number, 62)
        code += digits[rest]
    return code[:10].rjust(10, "k")


def stamp(post: Post) -> str:
    return post.created_at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{post.created_at.microsecond // 1000:03d}Z"


def media_key(post: Post, n: int) -> str:
    return f"3_{int(post.id) + n}"


def permalink(post: Post) -> str:
    return f"https://x.com/{post.author.username}/status/{post.id}"


def shown_text(post: Post) -> str:
    """The text as the API gives it: & < > are written as HTML entities, as X does."""
    return html.escape(post.text, quote=False)


def entities(post: Post, town: Town) -> dict[str, Any]:
    text = shown_text(post)
    found: dict[str, Any] = {}
    for kind, pattern, key in (
        ("mentions", r"(?<!\w)@(\w{1,15})", "username"),
        ("hashtags", r"#(\w+)", "tag"),
    ):
        items: list[dict[str, Any]] = []
        for match in re.finditer(pattern, text):
            item: dict[str, Any] = {"start": match.start(), "end": match.end(), key: match.group(1)}
            if kind == "mentions" and (who := town.person_by_username("x", match.group(1))) is not None:
                item["id"] = who.id
            items.append(item)
        if items:
            found[kind] = items
    urls, begin = [], 0
    for link in post.links:
        start = text.find(link["url"], begin)
        begin = start + len(link["url"])
        urls.append({"start": start, "end": begin, **link})
    if urls:
        found["urls"] = urls
    return found


def tweet(post: Post, town: Town, fields: set[str]) -> dict[str, Any]:
    """A post object: id, text and edit_history_tweet_ids, and what ``tweet.fields`` asks for.

    A post changed within the first hour gets a new id on the real X, and ``edit_history_tweet_ids`` holds
    them all (X API documentation, edit posts). The town changes it in place: the id and the history stay,
    the text is new, and ``edit_controls.edits_remaining`` falls by one.
    """
    made: dict[str, Any] = {"id": post.id, "text": shown_text(post), "edit_history_tweet_ids": [post.id]}
    if "author_id" in fields:
        made["author_id"] = post.author.id
    if "created_at" in fields:
        made["created_at"] = stamp(post)
    if "conversation_id" in fields:
        made["conversation_id"] = post.root.id
    if post.parent is not None:
        if "in_reply_to_user_id" in fields:
            made["in_reply_to_user_id"] = post.parent.author.id
        if "referenced_tweets" in fields:
            made["referenced_tweets"] = [{"type": "replied_to", "id": post.parent.id}]
    if "entities" in fields and (found := entities(post, town)):
        made["entities"] = found
    if "attachments" in fields and post.media:
        made["attachments"] = {"media_keys": [media_key(post, n) for n in range(len(post.media))]}
    if "edit_controls" in fields:
        until = post.created_at + timedelta(hours=1)
        made["edit_controls"] = {
            "edits_remaining": max(0, 5 - post.edits),
            "is_edit_eligible": post.parent is None,
            "editable_until": until.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        }
    if "lang" in fields:
        made["lang"] = "in"
    if "possibly_sensitive" in fields:
        made["possibly_sensitive"] = False
    if "reply_settings" in fields:
        made["reply_settings"] = "everyone"
    if "public_metrics" in fields:
        made["public_metrics"] = {
            "retweet_count": post.told.get("shares", 0), "reply_count": len(post.replies),
            "like_count": post.told.get("likes", 0), "quote_count": 0, "bookmark_count": 0,
            "impression_count": post.told.get("reach", 0),
        }  # fmt: skip
    return made


def user(person: Person, fields: set[str]) -> dict[str, Any]:
    made: dict[str, Any] = {"id": person.id, "name": person.name, "username": person.username}
    extra: dict[str, Any] = {
        "created_at": "2012-05-01T00:00:00.000Z",
        "description": "",
        "verified": False,
        "protected": False,
        "profile_image_url": f"https://pbs.twimg.com/media/profile-{person.id}.jpg",
        "public_metrics": {
            "followers_count": 10, "following_count": 10, "tweet_count": 10, "listed_count": 0,
            "like_count": 0, "media_count": 0,
        },
    }  # fmt: skip
    return made | {k: v for k, v in extra.items() if k in fields}


def medium(post: Post, n: int, fields: set[str]) -> dict[str, Any]:
    url = post.media[n]
    made: dict[str, Any] = {"media_key": media_key(post, n), "type": "photo"}
    extra: dict[str, Any] = {"url": url, "width": 1200, "height": 800}
    if url in post.alt:
        extra["alt_text"] = post.alt[url]
    return made | {k: v for k, v in extra.items() if k in fields}
