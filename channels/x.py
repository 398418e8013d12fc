"""X (Twitter), API v2 through tweepy, both directions.

Account settings: user_id, username. Secrets: bearer_token (reading), consumer_key, consumer_secret,
access_token, access_token_secret (writing, OAuth 1.0a).

X asks users who act for a government for an Enterprise plan (Developer Agreement, "Government Use", read
2026-08-22); see README.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
import tweepy

from channels.contract import (
    Absent,
    ChannelError,
    Cursor,
    Failure,
    Item,
    Memo,
    Outgoing,
    Page,
    Post,
    Probe,
    Sent,
    Unreadable,
    Waits,
)
from channels.http import from_network, secure
from channels.models import Account
from channels.reading import each, identifier, listing, mapping, moment, optional, words

HOSTS = ("api.twitter.com", "upload.twitter.com")
#: Both allow at most 100 a page (docs.x.com, mentions and search/recent, read 2026-08-22).
PAGE_SIZE = 100
_FIELDS: dict[str, Any] = {
    "tweet_fields": ["created_at", "author_id", "referenced_tweets", "attachments", "entities", "note_tweet"],
    "expansions": ["author_id", "attachments.media_keys"],
    "user_fields": ["username"],
    "media_fields": ["url", "preview_image_url", "type"],
}


class X:
    """One X account."""

    #: Timeline reads lag a little behind writes; an identical text is refused by X itself (403), so after these
    #: one more send is safe.
    waits = Waits((30, 120, 300), send_again=True)

    def __init__(self, account: Account) -> None:
        self.account = account
        self.user_id = account.setting("user_id")
        secret = account.secret
        self.client = tweepy.Client(
            bearer_token=secret("bearer_token"),
            consumer_key=secret("consumer_key"),
            consumer_secret=secret("consumer_secret"),
            access_token=secret("access_token"),
            access_token_secret=secret("access_token_secret"),
            return_type=dict,  # the plain answer: one odd item must not spoil the page
            # True would recurse without end on a 429 that lacks x-rate-limit-reset (seen with 4.17.0).
            wait_on_rate_limit=False,
        )
        secure(self.client.session, HOSTS)

    # --- hearing

    def hear(self, kind: str, query: str, via: str, cursor: Cursor) -> Iterator[Page]:
        """Pages newest first until the last stored id; the new cursor comes with the last page only."""
        newest = since = cursor.get("newest")
        token: str | None = None
        while True:
            answer = _asking(lambda t=token: self._page(kind, query, since, t))  # type: ignore[misc]
            meta = mapping(answer.get("meta"))
            newest = _later(newest, optional(meta.get("newest_id")))
            token = optional(meta.get("next_token"))
            yield Page(tuple(translate(answer)), None if token or newest is None else {"newest": newest})
            if token is None:
                return

    def _page(self, kind: str, query: str, since: str | None, token: str | None) -> dict[str, Any]:
        if kind == "mention":
            answer = self.client.get_users_mentions(
                self.user_id, max_results=PAGE_SIZE, since_id=since, pagination_token=token, **_FIELDS
            )
        elif kind in ("keyword", "hashtag"):
            answer = self.client.search_recent_tweets(
                query, max_results=PAGE_SIZE, since_id=since, next_token=token, **_FIELDS
            )
        else:
            raise ChannelError(f"X tidak mempunyai sumber '{kind}'.", Failure.REFUSED)
        return mapping(answer)

    # --- speaking

    def prepare(self, outgoing: Outgoing, memo: Memo) -> Memo:
        newest = self.account.receipts.order_by("-at").values_list("remote_id", flat=True).first()
        return {**memo, "since_id": newest}

    def send(self, outgoing: Outgoing, memo: Memo) -> Sent:
        answer = mapping(_asking(lambda: self.client.create_tweet(text=outgoing.text), writing=True))
        posted = optional(mapping(answer.get("data")).get("id"))
        if posted is None:
            raise ChannelError("X menerima kiriman tetapi tidak menyebut nomornya.", Failure.UNKNOWN)
        return self._sent(posted)

    def find(self, outgoing: Outgoing, memo: Memo) -> Sent | Absent:
        """Our own timeline since the last receipt, compared as text with links expanded."""
        wanted, token = _plain(outgoing.text), None
        not_before = (moment(memo.get("started_at")) or datetime.now(UTC)) - timedelta(minutes=2)
        while True:
            answer = mapping(_asking(lambda t=token: self._own_posts(memo.get("since_id"), t)))  # type: ignore[misc]
            for row in listing(answer.get("data")):
                made = moment(row.get("created_at"))
                if _plain(_expanded(row)) == wanted and (made is None or made >= not_before):
                    return self._sent(identifier(row.get("id")))
            token = optional(mapping(answer.get("meta")).get("next_token"))
            if token is None:
                return Absent(note="belum terlihat di lini masa X")

    def _own_posts(self, since: str | None, token: str | None) -> Any:
        return self.client.get_users_tweets(
            self.user_id,
            since_id=since,
            max_results=PAGE_SIZE,
            pagination_token=token,
            tweet_fields=["created_at", "entities"],
            user_auth=True,
        )

    def probe(self) -> Probe:
        me = mapping(mapping(_asking(lambda: self.client.get_me())).get("data"))
        if str(me.get("id")) != self.user_id:
            return Probe(False, f"Token ini milik @{me.get('username')}, bukan akun {self.user_id}.")
        return Probe(True, f"Masuk sebagai @{me.get('username')}.")

    def _sent(self, posted: str) -> Sent:
        return Sent(posted, f"https://x.com/{self.account.setting('username') or 'i'}/status/{posted}")


def translate(payload: object) -> list[Item]:
    """One v2 answer (a page of posts, or one post) as posts. Never raises."""
    answer = mapping(payload)
    if not answer:
        return [Unreadable("jawaban X berupa objek diharapkan")]
    if "data" not in answer:
        # An empty page has no `data`; an error body has `title` and `status` instead.
        if "meta" in answer:
            return []
        return [
            Unreadable(f"jawaban X tanpa data: {answer.get('detail') or answer.get('title') or ''}".strip())
        ]
    includes = mapping(answer.get("includes"))
    users = {str(row.get("id")): row for row in listing(includes.get("users")) if isinstance(row, dict)}
    media = {row.get("media_key"): row for row in listing(includes.get("media")) if isinstance(row, dict)}
    data = answer["data"]
    rows = [data] if isinstance(data, dict) else data
    return each(rows, lambda row: _post(row, users, media))


def _post(row: dict[str, Any], users: dict[str, Any], media: dict[Any, Any]) -> Post:
    number = identifier(row["id"])
    author_id = optional(row.get("author_id"))
    handle = optional(mapping(users.get(author_id or "")).get("username"))
    # Posts over 280 characters carry their full text in note_tweet (docs.x.com data dictionary, 2026-08-22).
    text = mapping(row.get("note_tweet")).get("text") or row.get("text")
    answered = [
        optional(other.get("id"))
        for other in listing(row.get("referenced_tweets"))
        if isinstance(other, dict) and other.get("type") == "replied_to"
    ]
    keys = listing(mapping(row.get("attachments")).get("media_keys"))
    shown = [mapping(media.get(key)) for key in keys if isinstance(key, str)]
    addresses = [optional(item.get("url")) or optional(item.get("preview_image_url")) for item in shown]
    return Post(
        id=number,
        text=html.unescape(words(text)),  # X escapes & < > in text
        author=handle,
        author_id=author_id,
        created_at=moment(row.get("created_at")),
        permalink=f"https://x.com/{handle or 'i'}/status/{number}",
        parent=answered[0] if answered else None,
        media=tuple(address for address in addresses if address),
    )


def _later(one: str | None, other: str | None) -> str | None:
    """The larger of two numeric ids given as text."""
    return max((value for value in (one, other) if value), key=int, default=None)


def _expanded(row: dict[str, Any]) -> str:
    """The text of one of our posts with t.co links replaced by what they stand for."""
    text = words(row.get("text"))
    for link in listing(mapping(row.get("entities")).get("urls")):
        short, full = optional(mapping(link).get("url")), optional(mapping(link).get("expanded_url"))
        if short and full:
            text = text.replace(short, full)
    return text


def _plain(text: str) -> str:
    # The t.co link of attached media stands at the end and is not part of what we wrote.
    text = re.sub(r"\s*https://t\.co/\w+\s*$", "", html.unescape(text))
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip()


def _asking(what: Callable[[], Any], *, writing: bool = False) -> Any:
    try:
        return what()
    except tweepy.HTTPException as error:
        raise _failure(error, writing=writing) from error
    except requests.RequestException as error:
        raise from_network(error, writing=writing) from error


def _failure(error: tweepy.HTTPException, *, writing: bool) -> ChannelError:
    """What an error answer of X means (platforms.md section 4; status first, text only for duplicates)."""
    status = error.response.status_code
    said = "; ".join(str(part) for part in error.api_messages) or error.response.reason or ""
    code = str(status)
    if status == 429:
        return ChannelError(
            "X membatasi jumlah permintaan.", Failure.LATER, retry_at=_reset(error), code=code
        )
    if status == 401:
        return ChannelError(
            "X menolak token. Perbarui kunci dan token akun X.", Failure.CREDENTIALS, code=code
        )
    if status >= 500:
        failure = Failure.UNKNOWN if writing else Failure.LATER
        return ChannelError(f"X sedang bermasalah (HTTP {status}).", failure, code=code)
    if writing and status == 403 and "duplicate content" in said.lower():
        # v2 gives no code for duplicates: {"detail": "You are not allowed to create a Tweet with duplicate
        # content.", "type": "about:blank", "title": "Forbidden", "status": 403} (iembot#163, seen 2026-02).
        return ChannelError(
            "X menolak kiriman: teks sama persis sudah ada.", Failure.UNKNOWN, code="duplicate"
        )
    return ChannelError(f"X menolak permintaan (HTTP {status}): {said}", Failure.REFUSED, code=code)


def _reset(error: tweepy.HTTPException) -> datetime | None:
    return moment(_number(error.response.headers.get("x-rate-limit-reset")))


def _number(value: str | None) -> int | None:
    return int(value) if value and value.isdigit() else None
