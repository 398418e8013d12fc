"""Facebook Page through facebook-sdk (channels.graph), both directions.

Account settings: page_id. Secret: access_token (a Page token with pages_read_user_content,
pages_read_engagement and pages_manage_posts).
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

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
from channels.graph import Graph
from channels.models import Account
from channels.reading import each, identifier, listing, mapping, moment, optional, same_words, words
from channels.watermark import Threads, too_old, until_watermark

_POST_FIELDS = (
    "id,message,created_time,from,permalink_url,parent_id,attachments{media_type,media,url,subattachments}"
)
_COMMENT_FIELDS = "id,message,created_time,from,permalink_url,parent{id},attachment"
PAGE_SIZE = 100


class Facebook:
    """One Facebook Page."""

    #: No key of ours is kept by Facebook, and 506 guards consecutive feed posts only: a person decides in the end.
    waits = Waits((60, 300, 900), send_again=False)

    def __init__(self, account: Account) -> None:
        self.account = account
        self.page_id = account.setting("page_id")
        self.graph = Graph(account.secret("access_token"))

    # --- hearing

    def hear(self, kind: str, query: str, via: str, cursor: Cursor) -> Iterator[Page]:
        """mention: visitors' posts in the feed; tagged: posts that tag the Page; comment: under any of them."""
        if kind == "mention":
            yield from self._posts("feed", cursor)
        elif kind == "tagged":
            yield from self._posts("tagged", cursor)
        elif kind == "comment":
            yield from self._comments(cursor)
        else:
            raise ChannelError(f"Facebook tidak mempunyai sumber '{kind}'.", Failure.REFUSED)

    def _posts(self, edge: str, cursor: Cursor) -> Iterator[Page]:
        answers = self.graph.pages(f"{self.page_id}/{edge}", fields=_POST_FIELDS, limit=PAGE_SIZE)
        yield from until_watermark((translate(answer) for answer in answers), cursor)

    def _comments(self, cursor: Cursor) -> Iterator[Page]:
        """Comments of all levels under posts whose declared count differs from the count last read."""
        declared: dict[str, int] = {}
        threads = Threads(cursor)
        for edge in ("feed", "tagged"):
            # filter(stream) makes the declared count include replies to comments.
            fields = "id,created_time,comments.filter(stream).limit(0).summary(true)"
            for answer in self.graph.pages(f"{self.page_id}/{edge}", fields=fields, limit=PAGE_SIZE):
                rows = [row for row in listing(answer.get("data")) if isinstance(row, dict)]
                declared |= {str(row.get("id")): _comment_count(row) for row in rows}
                if threads.whole and rows and all(too_old(moment(row.get("created_time"))) for row in rows):
                    break
        for thread, mark, read in threads.to_read(declared):
            answers = self.graph.pages(
                f"{thread}/comments",
                fields=_COMMENT_FIELDS,
                filter="stream",
                order="reverse_chronological",
                limit=PAGE_SIZE,
            )
            yield from until_watermark((translate(a, parent=thread) for a in answers), mark, read)
        yield Page((), threads.done())

    # --- speaking

    def prepare(self, outgoing: Outgoing, memo: Memo) -> Memo:
        return memo

    def send(self, outgoing: Outgoing, memo: Memo) -> Sent:
        answer = self.graph.post(f"{self.page_id}/feed", message=outgoing.text)
        posted = optional(answer.get("id"))
        if posted is None:
            raise ChannelError("Facebook menerima kiriman tetapi tidak menyebut nomornya.", Failure.UNKNOWN)
        return Sent(posted, self._permalink(posted))

    def find(self, outgoing: Outgoing, memo: Memo) -> Sent | Absent:
        """Our posts since just before the attempt; the visible reference makes the text ours alone."""
        started = moment(memo.get("started_at"))
        since = int((started - timedelta(seconds=60)).timestamp()) if started else None
        fields = "id,message,created_time,permalink_url"
        for answer in self.graph.pages(
            f"{self.page_id}/published_posts", fields=fields, limit=25, since=since
        ):
            for row in listing(answer.get("data")):
                if same_words(words(mapping(row).get("message")), outgoing.text):
                    posted = identifier(row.get("id"))
                    return Sent(posted, optional(row.get("permalink_url")) or _link(posted))
        return Absent(note="belum terlihat di halaman Facebook")

    def _permalink(self, posted: str) -> str:
        try:
            answer = self.graph.get(posted, fields="permalink_url")
            return optional(answer.get("permalink_url")) or _link(posted)
        except ChannelError:
            return _link(posted)  # it is published: what comes after the send never fails the send

    def probe(self) -> Probe:
        page = self.graph.get(self.page_id, fields="id,name")
        return Probe(True, f"Halaman {page.get('name')} dapat dibaca.")


def translate(payload: object, parent: str | None = None) -> list[Item]:
    """One Graph answer (posts or comments of a Page, or one of them) as posts. Never raises.

    ``parent`` is the post whose comments were asked for: top-level comments do not name it themselves.
    """
    answer = mapping(payload)
    if "error" in answer:
        said = optional(mapping(answer["error"]).get("message")) or "galat"
        return [Unreadable(f"jawaban Facebook berupa galat: {said}")]
    rows = answer.get("data", [answer] if "id" in answer else payload)
    if not isinstance(rows, list):
        return [Unreadable("jawaban Facebook tanpa data")]
    items: list[Item] = []
    for row in rows:
        items += each([row], lambda one: _post(one, parent))
        # Comments that were asked for together with their post come inside it.
        if inner := listing(mapping(mapping(row).get("comments")).get("data")):
            items += translate(inner, parent=optional(mapping(row).get("id")))
    return items


def _post(row: dict[str, Any], asked: str | None) -> Post:
    number = identifier(row["id"])
    # /tagged gives no `from` unless the token's owner wrote the post (Graph reference, read 2026-10).
    author = mapping(row.get("from"))
    above = optional(mapping(row.get("parent")).get("id")) or optional(row.get("parent_id"))
    return Post(
        id=number,
        text=words(row.get("message"), "message"),
        author=optional(author.get("name")) or optional(author.get("username")),
        author_id=optional(author.get("id")),
        created_at=moment(row.get("created_time")),
        permalink=optional(row.get("permalink_url")) or _link(number),
        parent=above or asked,
        media=tuple(_media(row)),
    )


def _media(row: dict[str, Any]) -> Iterator[str]:
    attached = [*listing(mapping(row.get("attachments")).get("data")), row.get("attachment")]
    for item in map(mapping, attached):
        inner = listing(mapping(item.get("subattachments")).get("data"))
        for one in [mapping(sub) for sub in inner] or [item]:
            address = optional(mapping(mapping(one.get("media")).get("image")).get("src"))
            address = address or optional(mapping(one.get("media")).get("source"))
            if address:
                yield address
    full = optional(row.get("full_picture"))
    if full and not any(map(mapping, attached)):
        yield full


def _comment_count(row: dict[str, Any]) -> int:
    count = mapping(mapping(row.get("comments")).get("summary")).get("total_count")
    return count if isinstance(count, int) else 0


def _link(number: str) -> str:
    return f"https://www.facebook.com/{number}"
