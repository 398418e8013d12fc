"""Instagram through Meta's Graph API first, and through instaloader for one optional source.

Account settings: user_id (the Instagram professional account's Graph id), username. Secret: access_token.
Publishing takes three calls: container, status, publish (Meta, Content Publishing, read 2026-10).
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
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

_MEDIA = "id,caption,timestamp,permalink,media_type,media_url"
_COMMENT = "id,text,timestamp,username,from,parent_id"
#: recent_media gives at most 50 a page (Graph reference, read 2026-10); the other edges take 100.
_HASHTAG_PAGE, _PAGE = 50, 100
#: Containers made for one announcement before a person is asked.
_CONTAINERS = 5
_SHORTCODE = re.compile(r"instagram\.com/(?:[\w.]+/)?(?:p|reel|tv)/([\w-]+)")


class Instagram:
    """One Instagram professional account."""

    #: Not before 150 s: right after 4/2207051 a published post is not listed yet (platforms.md section 4). The
    #: container then tells what became of it; after the waits a person decides.
    waits = Waits((150, 300), send_again=False)

    def __init__(self, account: Account) -> None:
        self.account = account
        self.user_id = account.setting("user_id")
        self.graph = Graph(account.secret("access_token"))

    # --- hearing

    def hear(self, kind: str, query: str, via: str, cursor: Cursor) -> Iterator[Page]:
        """tagged, hashtag (query: the tag without #), comment (under our own media)."""
        if kind == "tagged" and via == "web":
            from channels.instagram_web import tagged  # instaloader is loaded only where it is asked for

            yield from tagged(self.account, cursor)
        elif kind == "tagged":
            answers = self.graph.pages(f"{self.user_id}/tags", fields=f"{_MEDIA},username", limit=_PAGE)
            yield from until_watermark((translate(answer) for answer in answers), cursor)
        elif kind == "hashtag":
            yield from self._hashtag(query, cursor)
        elif kind == "comment":
            yield from self._comments(cursor)
        else:
            raise ChannelError(f"Instagram tidak mempunyai sumber '{kind}'.", Failure.REFUSED)

    def _hashtag(self, tag: str, cursor: Cursor) -> Iterator[Page]:
        found = self.graph.get("ig_hashtag_search", user_id=self.user_id, q=tag.lstrip("#"))
        rows = listing(found.get("data"))
        if not rows:
            raise ChannelError(f"Instagram tidak mengenal tagar #{tag}.", Failure.REFUSED)
        edge = f"{identifier(mapping(rows[0]).get('id'))}/recent_media"
        answers = self.graph.pages(edge, user_id=self.user_id, fields=_MEDIA, limit=_HASHTAG_PAGE)
        yield from until_watermark((translate(answer) for answer in answers), cursor)

    def _comments(self, cursor: Cursor) -> Iterator[Page]:
        """Every comment and reply under media whose declared count differs from the count last read.

        A changed thread is read whole: a new reply may stand under an old comment.
        """
        declared, codes = {}, {}
        threads = Threads(cursor)
        fields = "id,timestamp,permalink,comments_count"
        for answer in self.graph.pages(f"{self.user_id}/media", fields=fields, limit=_PAGE):
            rows = [row for row in listing(answer.get("data")) if isinstance(row, dict)]
            for row in rows:
                count = row.get("comments_count")
                declared[str(row.get("id"))] = count if isinstance(count, int) else 0
                codes[str(row.get("id"))] = _shortcode(row)
            if threads.whole and rows and all(too_old(moment(row.get("timestamp"))) for row in rows):
                break
        for thread, _, read in threads.to_read(declared):
            yield from until_watermark(self._thread(thread, codes[thread]), {}, read)
        yield Page((), threads.done())

    def _thread(self, media: str, code: str | None) -> Iterator[list[Item]]:
        fields = f"{_COMMENT},replies.limit({_PAGE}){{{_COMMENT}}}"
        for answer in self.graph.pages(f"{media}/comments", fields=fields, limit=_PAGE):
            yield translate(answer, parent=code)
            for row in map(mapping, listing(answer.get("data"))):
                if mapping(mapping(row.get("replies")).get("paging")).get("next"):
                    edge = f"{identifier(row.get('id'))}/replies"
                    for more in self.graph.pages(edge, fields=_COMMENT, limit=_PAGE):
                        yield translate(more, parent=optional(row.get("id")))

    # --- speaking

    def prepare(self, outgoing: Outgoing, memo: Memo) -> Memo:
        """Make the container, or a new one where the old one failed or expired (after 24 hours)."""
        container = optional(memo.get("container"))
        if container and self._status(container) not in ("ERROR", "EXPIRED"):
            return memo
        made_before = int(memo.get("containers") or 0)
        if made_before >= _CONTAINERS:
            raise ChannelError(
                f"Instagram {_CONTAINERS} kali gagal memproses gambar pengumuman ini.", Failure.REFUSED
            )
        made = self.graph.post(
            f"{self.user_id}/media",
            image_url=outgoing.image_url,
            caption=outgoing.text,
            alt_text=outgoing.alt or None,
        )
        container = identifier(made.get("id"), "container")
        return {**memo, "container": container, "containers": made_before + 1}

    def send(self, outgoing: Outgoing, memo: Memo) -> Sent:
        status = self._status(str(memo["container"]))
        if status in ("ERROR", "EXPIRED"):
            # `prepare` makes a new one at the next try, each time later: 400 containers a day are allowed.
            raise ChannelError("Instagram gagal memproses gambar.", Failure.LATER)
        if status not in ("FINISHED", "PUBLISHED"):
            raise ChannelError(f"Instagram masih memproses gambar ({status}).", Failure.LATER, retry_in=5)
        answer = self.graph.post(f"{self.user_id}/media_publish", creation_id=memo["container"])
        posted = optional(answer.get("id"))
        if posted is None:
            raise ChannelError("Instagram menerbitkan tetapi tidak menyebut nomornya.", Failure.UNKNOWN)
        return Sent(posted, self._permalink(posted))

    def find(self, outgoing: Outgoing, memo: Memo) -> Sent | Absent:
        """By caption and time among our media; then the container's own word (never just the newest media)."""
        not_before = (moment(memo.get("started_at")) or datetime.now(UTC)) - timedelta(minutes=2)
        answer = self.graph.get(f"{self.user_id}/media", fields="id,caption,timestamp,permalink", limit=25)
        rows = [mapping(row) for row in listing(answer.get("data"))]
        for row in rows:
            made = moment(row.get("timestamp"))
            if same_words(words(row.get("caption")), outgoing.text) and (made is None or made >= not_before):
                return Sent(identifier(row.get("id")), optional(row.get("permalink")) or "")
        if not memo.get("container"):
            return Absent(sure=True, note="wadah belum pernah dibuat")
        status = self._status(str(memo["container"]))
        # Unless it says PUBLISHED nothing is public, and publishing the same container again cannot make two.
        return Absent(sure=status != "PUBLISHED", note=f"wadah Instagram: {status}")

    def probe(self) -> Probe:
        me = self.graph.get(self.user_id, fields="id,username")
        return Probe(True, f"Akun @{me.get('username')} dapat dibaca.")

    def _status(self, container: str) -> str:
        answer = self.graph.get(container, fields="status_code,status")
        return optional(answer.get("status_code")) or "UNKNOWN"

    def _permalink(self, posted: str) -> str:
        try:
            return optional(self.graph.get(posted, fields="permalink").get("permalink")) or ""
        except ChannelError:
            return ""  # it is published: what comes after the send never fails the send


def translate(payload: object, parent: str | None = None) -> list[Item]:
    """One answer as posts: Graph media, Graph comments (replies included), or a page of the web. Never raises.

    ``parent`` is the id to give to comments that do not name what they answer.
    """
    answer = mapping(payload)
    if "error" in answer:
        said = optional(mapping(answer["error"]).get("message")) or "galat"
        return [Unreadable(f"jawaban Instagram berupa galat: {said}")]
    web = _web_rows(answer)
    if web is not None:
        return _web_items(web, parent)
    rows = answer.get("data", [answer] if "id" in answer else payload)
    if not isinstance(rows, list):
        return [Unreadable("jawaban Instagram tanpa data")]
    items: list[Item] = []
    for row in rows:
        items += each([row], lambda one: _comment(one, parent) if _is_comment(one) else _media_post(one))
        for name in ("replies", "comments"):  # what was asked for together with its post comes inside it
            if inner := listing(mapping(mapping(row).get(name)).get("data")):
                above = _shortcode(row) or optional(row.get("id"))
                items += translate({"data": inner}, parent=above)
    return items


def _web_items(rows: list[Any], parent: str | None) -> list[Item]:
    """Media or comments of the web, with the answers that stand inside each comment."""
    items: list[Item] = []
    for row in rows:
        items += each([row], lambda one: _node(one, parent))
        if inner := _inner(mapping(row), "edge_threaded_comments"):
            answers = [mapping(edge).get("node") for edge in inner]
            items += _web_items(answers, optional(mapping(row).get("id")))
    return items


def _is_comment(row: dict[str, Any]) -> bool:
    return "text" in row or "parent_id" in row


def _comment(row: dict[str, Any], parent: str | None) -> Post:
    author = mapping(row.get("from"))
    return Post(
        id=identifier(row["id"]),
        text=words(row.get("text")),
        author=optional(row.get("username")) or optional(author.get("username")),
        author_id=optional(author.get("id")),
        created_at=moment(row.get("timestamp")),
        permalink=optional(row.get("permalink")),
        parent=optional(row.get("parent_id")) or parent or optional(mapping(row.get("media")).get("id")),
    )


def _media_post(row: dict[str, Any]) -> Post:
    number = identifier(row["id"])
    author = mapping(row.get("from") or row.get("owner"))
    inner = [mapping(child) for child in listing(mapping(row.get("children")).get("data"))]
    addresses = [
        optional(one.get("media_url")) or optional(one.get("thumbnail_url")) for one in inner or [row]
    ]
    return Post(
        id=_shortcode(row) or number,
        text=words(row.get("caption"), "caption"),
        author=optional(row.get("username")) or optional(author.get("username")),
        author_id=optional(author.get("id")),
        created_at=moment(row.get("timestamp")),
        permalink=optional(row.get("permalink")),
        media=tuple(address for address in addresses if address),
    )


def _shortcode(row: dict[str, Any]) -> str | None:
    found = _SHORTCODE.search(optional(row.get("permalink")) or "")
    return optional(row.get("shortcode")) or (found.group(1) if found else None)


def _web_rows(answer: dict[str, Any]) -> list[Any] | None:
    """The nodes of a web answer, whichever connection or list it is; None when it is no such answer."""
    for name in ("items", "comments"):  # the answers made for phones
        if isinstance(answer.get(name), list):
            plain: list[Any] = answer[name]
            return plain
    owner = mapping(answer.get("data"))
    for value in [*owner.values(), *(inner for part in owner.values() for inner in mapping(part).values())]:
        if isinstance(mapping(value).get("edges"), list):
            return [mapping(edge).get("node") for edge in value["edges"]]
    return None


def _node(node: dict[str, Any], parent: str | None) -> Post:
    """A media node as Instagram's web gives it (names as instaloader 4.16 reads them)."""
    if "text" in node and "shortcode" not in node and "code" not in node:
        return _web_comment(node, parent)
    code = identifier(node.get("shortcode") or node.get("code"), "shortcode")
    captions = [
        mapping(mapping(edge).get("node")).get("text") for edge in _inner(node, "edge_media_to_caption")
    ]
    plain = node.get("caption")
    text = captions[0] if captions else mapping(plain).get("text") if isinstance(plain, dict) else plain
    owner = mapping(node.get("owner") or node.get("user"))
    sizes = listing(mapping(node.get("image_versions2")).get("candidates"))
    address = optional(node.get("display_url")) or optional(node.get("thumbnail_src"))
    address = address or next(
        (found for size in sizes if (found := optional(mapping(size).get("url")))), None
    )
    return Post(
        id=code,
        text=words(text, "caption"),
        author=optional(owner.get("username")),
        author_id=optional(owner.get("id") or owner.get("pk")),
        created_at=moment(node.get("taken_at_timestamp") or node.get("taken_at") or node.get("date")),
        permalink=f"https://www.instagram.com/p/{code}/",
        media=(address,) if address else (),
    )


def _web_comment(node: dict[str, Any], parent: str | None) -> Post:
    owner = mapping(node.get("owner") or node.get("user"))
    return Post(
        id=identifier(node.get("id") or node.get("pk")),
        text=words(node.get("text")),
        author=optional(owner.get("username")),
        author_id=optional(owner.get("id") or owner.get("pk")),
        created_at=moment(node.get("created_at")),
        parent=parent or optional(node.get("parent_comment_id")),
    )


def _inner(node: dict[str, Any], name: str) -> list[Any]:
    return listing(mapping(node.get(name)).get("edges"))
