"""Facebook Page through facebook-sdk (channels.graph), both directions.

Account settings: page_id. Secret: access_token (a Page token with pages_read_user_content,
pages_read_engagement, pages_manage_posts; pages_manage_engagement to answer, read_insights to tell reach).
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from channels.contract import (
    Absent,
    Act,
    ChannelError,
    Cursor,
    Failure,
    Gone,
    Item,
    Memo,
    Numbers,
    Outgoing,
    Page,
    Post,
    Probe,
    Sent,
    Shows,
    Unreadable,
    Waits,
)
from channels.graph import GONE, Graph
from channels.models import Account
from channels.outgoing import not_before, target
from channels.reading import (
    count,
    each,
    identifier,
    listing,
    mapping,
    moment,
    optional,
    same_words,
    words,
)
from channels.watermark import Threads, too_old, until_watermark

_POST_FIELDS = (
    "id,message,created_time,from,permalink_url,parent_id,attachments{media_type,media,url,subattachments}"
)
_COMMENT_FIELDS = "id,message,created_time,from,permalink_url,parent{id},attachment"
_LOOK_FIELDS = "id,message,created_time,from,permalink_url"
PAGE_SIZE = 100
#: An unpublished photo is kept for about 24 hours (third party); ours is used within half of that, or made anew.
_KEPT = timedelta(hours=12)
#: Longest description; Facebook names no limit, X and Instagram name this one.
_ALT = 1000
#: People who saw a post; took the place of post_impressions_unique (Meta, deprecated metrics, read 2026-10).
_REACH = "post_total_media_view_unique"
_POST_NUMBERS = (
    "reactions.limit(0).summary(total_count),comments.filter(stream).limit(0).summary(true),shares"
)


class Facebook:
    """One Facebook Page."""

    #: No key of ours is kept by Facebook, and 506 guards consecutive feed posts only: a person decides in the end.
    waits = Waits((60, 300, 900), send_again=False)
    edits, deletes = True, True

    def __init__(self, account: Account) -> None:
        self.account = account
        self.page_id = account.setting("page_id")
        self.graph = Graph(account.secret("access_token"))
        self.meter = self.graph.meter

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
            yield from until_watermark(
                (translate(a, parent=thread) for a in answers), mark, read, declared[thread]
            )
        yield Page((), threads.done())

    def look(self, ids: Sequence[str]) -> dict[str, Post | Gone]:
        """Posts and comments by id."""
        found: dict[str, Post | Gone] = {}
        for number, row in self.graph.several(ids, fields=_LOOK_FIELDS).items():
            items = translate(row) if row is not None else []
            seen = [item for item in items if isinstance(item, Post)]
            if row is None:
                found[number] = Gone("tidak ada lagi di Facebook")
            elif seen:
                found[number] = seen[0]
        return found

    # --- speaking

    def prepare(self, outgoing: Outgoing, memo: Memo) -> Memo:
        """Upload the picture unpublished, with its description; answers and changes carry words alone."""
        picture = outgoing.picture
        if picture is None or outgoing.act != Act.PUBLISH or outgoing.remote_id:
            return memo
        now, at = datetime.now(UTC), moment(memo.get("photo_at"))
        if memo.get("photo_of") == picture.name and at is not None and now - at < _KEPT:
            return memo
        alt = outgoing.alt[:_ALT] or None
        made = self.graph.upload(f"{self.page_id}/photos", picture, published=False, alt_text_custom=alt)
        photo = optional(made.get("id"))
        if photo is None:
            raise ChannelError("Facebook menerima gambar tetapi tidak menyebut nomornya.", Failure.LATER)
        return {**memo, "photo": photo, "photo_of": picture.name, "photo_at": now.isoformat()}

    def send(self, outgoing: Outgoing, memo: Memo) -> Sent:
        """A post; with `remote_id` a comment under that one; or a post of ours edited or deleted."""
        if outgoing.act == Act.RETRACT:
            return self._delete(target(outgoing))
        if outgoing.act == Act.CORRECT:
            return self._edit(target(outgoing), outgoing.text)
        if outgoing.remote_id:
            answer = self.graph.post_about(outgoing.remote_id, "comments", message=outgoing.text)
        else:
            answer = self.graph.post(f"{self.page_id}/feed", message=outgoing.text, **_attached_photo(memo))
        posted = optional(answer.get("id"))
        if posted is None:
            raise ChannelError("Facebook menerima kiriman tetapi tidak menyebut nomornya.", Failure.UNKNOWN)
        return Sent(posted, self._permalink(posted))

    def _edit(self, number: str, text: str) -> Sent:
        try:
            answer = self.graph.post_about(number, "", message=text)
        except ChannelError as error:
            if error.code == "200" and "created by the application" in str(error):
                # "An app can edit only posts that it created" (third party): no trouble of the token.
                raise ChannelError(
                    "Facebook hanya mengizinkan mengubah kiriman yang dibuat lewat aplikasi ini. Ubah di Facebook.",
                    Failure.REFUSED,
                    code=error.code,
                ) from error
            raise
        if answer.get("success") is not True:
            raise ChannelError("Facebook tidak mengatakan bahwa kiriman berubah.", Failure.UNKNOWN)
        return Sent(number, self._permalink(number))

    def _delete(self, number: str) -> Sent:
        """What is no longer there counts as deleted."""
        try:
            answer = self.graph.delete(number)
        except ChannelError as error:
            if error.code != GONE or self._stands(number):
                raise
            return Sent(number, _link(number))
        if answer.get("success") is not True:
            raise ChannelError("Facebook tidak mengatakan bahwa kiriman terhapus.", Failure.UNKNOWN)
        return Sent(number, _link(number))

    def _stands(self, number: str) -> bool:
        """Whether a post of ours is still there. Graph says "does not exist" to a token that sees nothing, too."""
        if self.graph.one(number, fields="id") is not None:
            return True
        if self.graph.one(self.page_id, fields="id") is None:
            raise ChannelError("Token ini tidak dapat membaca halaman sendiri.", Failure.CREDENTIALS)
        return False

    def find(self, outgoing: Outgoing, memo: Memo) -> Sent | Absent:
        """A deletion or an edit by looking at the post, a comment in its thread, a post among our posts."""
        if outgoing.act == Act.RETRACT:
            if self._stands(target(outgoing)):
                return Absent(
                    sure=True, note="kiriman masih terlihat di Facebook"
                )  # deleting again is harmless
            return Sent(outgoing.remote_id, _link(outgoing.remote_id))
        if outgoing.act == Act.CORRECT:
            return self._edited(target(outgoing), outgoing.text)
        return self._answered(outgoing, memo) if outgoing.remote_id else self._posted(outgoing, memo)

    def _edited(self, number: str, text: str) -> Sent | Absent:
        row = self.graph.one(number, fields="id,message,permalink_url")
        if row is None:
            raise ChannelError(
                "Kiriman yang diralat sudah tidak ada di Facebook.", Failure.REFUSED, code=GONE
            )
        if same_words(words(row.get("message")), text):
            return Sent(number, optional(row.get("permalink_url")) or _link(number))
        return Absent(sure=True, note="teks lama masih terlihat di Facebook")  # editing again is harmless

    def _answered(self, outgoing: Outgoing, memo: Memo) -> Sent | Absent:
        """Our comment with these words in the thread; an answer to an answer may stand beside it, one level up."""
        since = not_before(memo)
        for thread in filter(None, (outgoing.remote_id, self._above(outgoing.remote_id))):
            for answer in self.graph.pages(
                f"{thread}/comments",
                fields="id,message,created_time,from,permalink_url",
                filter="stream",
                order="reverse_chronological",
                limit=PAGE_SIZE,
            ):
                rows = [row for row in listing(answer.get("data")) if isinstance(row, dict)]
                young = [row for row in rows if (moment(row.get("created_time")) or since) >= since]
                for row in young:
                    ours = optional(mapping(row.get("from")).get("id")) in (None, self.page_id)
                    if ours and same_words(words(row.get("message")), outgoing.text):
                        posted = identifier(row.get("id"))
                        return Sent(posted, optional(row.get("permalink_url")) or _link(posted))
                if rows and not young:
                    break
        return Absent(note="komentar belum terlihat di Facebook")

    def _above(self, number: str) -> str | None:
        """The comment that a comment answers; None for a post, which has no such field."""
        try:
            row = self.graph.one(number, fields="parent{id}")
        except ChannelError as error:
            if error.failure != Failure.REFUSED:
                raise
            return None
        return optional(mapping(mapping(row).get("parent")).get("id"))

    def _posted(self, outgoing: Outgoing, memo: Memo) -> Sent | Absent:
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

    def shows(self, remote_id: str, permalink: str) -> Shows | Gone:
        """The message of a post or comment of ours."""
        row = self.graph.one(remote_id, fields="id,message,permalink_url")
        if row is None:
            return Gone("tidak ada lagi di Facebook")
        return Shows(words(row.get("message")), permalink=optional(row.get("permalink_url")) or permalink)

    def numbers(self, remote_id: str) -> Numbers:
        """Reactions of all kinds, comments of all levels; Facebook leaves `shares` out while there are none."""
        if not remote_id.startswith(f"{self.page_id}_"):
            row = self._told(remote_id, "like_count,comment_count")
            return Numbers(likes=count(row.get("like_count")), comments=count(row.get("comment_count")))
        row = self._told(remote_id, _POST_NUMBERS)
        return Numbers(
            likes=_total(row.get("reactions")),
            comments=_total(row.get("comments")),
            shares=count(mapping(row.get("shares")).get("count")),
            reach=self.graph.insight(remote_id, _REACH)[_REACH],
        )

    def _told(self, remote_id: str, fields: str) -> dict[str, Any]:
        row = self.graph.one(remote_id, fields=fields)
        if row is None:
            raise ChannelError("Kiriman ini tidak ada lagi di Facebook.", Failure.REFUSED, code=GONE)
        return row

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
    rows = _rows(answer) if answer else payload
    if not isinstance(rows, list):
        return [Unreadable("jawaban Facebook tanpa data")]
    items: list[Item] = []
    waiting = [(row, parent) for row in reversed(rows)]
    while waiting:
        row, above = waiting.pop()
        items += each([row], partial(_post, asked=above))
        # Comments that were asked for together with their post come inside it.
        inner = listing(mapping(mapping(row).get("comments")).get("data"))
        waiting += [(comment, optional(mapping(row).get("id"))) for comment in reversed(inner)]
    return items


#: Edges of a Page that hold posts, photos, videos or albums.
_EDGES = ("feed", "posts", "published_posts", "visitor_posts", "tagged", "photos", "videos", "albums")


def _rows(answer: dict[str, Any]) -> object:
    """The rows of an answer: its `data`, the edges of a Page that was asked with them, or what it is itself."""
    if "data" in answer:
        return answer["data"]
    edges = [listing(mapping(answer.get(name)).get("data")) for name in _EDGES if name in answer]
    if edges and "created_time" not in answer:  # an album has its photos inside, but was made at some time
        return [row for edge in edges for row in edge]
    if "id" in answer:
        return [answer]
    # Several ids asked for at once (?ids=1,2) come as {"1": {...}, "2": {...}} (Graph reference, read 2026-10).
    named = [row for key, row in answer.items() if mapping(row).get("id") == key]
    return named or None


def _post(row: dict[str, Any], asked: str | None) -> Post:
    number = identifier(row["id"])
    # /tagged gives no `from` unless the token's owner wrote the post (Graph reference, read 2026-10).
    author = mapping(row.get("from"))
    above = optional(mapping(row.get("parent")).get("id")) or optional(row.get("parent_id"))
    return Post(
        id=number,
        text=_text(row),
        author=optional(author.get("name")) or optional(author.get("username")),
        author_id=optional(author.get("id")),
        created_at=moment(row.get("created_time")),
        permalink=_address(row) or _link(number),
        parent=above or asked or optional(mapping(row.get("object")).get("id")),
        media=tuple(_media(row)),
    )


def _text(row: dict[str, Any]) -> str:
    """`message`; a video has `description`, a photo and an album `name`; else the sentence Facebook made itself."""
    said = words(row.get("message"), "message")
    # Posts of old versions use `name` and `description` for the linked page, which nobody here wrote.
    names = ("story",) if _is_post(row) else ("description", "name", "title", "story")
    return said or next((text for name in names if (text := optional(row.get(name)))), "")


def _is_post(row: dict[str, Any]) -> bool:
    """Ids of posts and comments are two numbers and an underscore; photos, videos and albums have one number."""
    return "_" in str(row.get("id")) or "message" in row


def _address(row: dict[str, Any]) -> str | None:
    given = optional(row.get("permalink_url")) or (None if _is_post(row) else optional(row.get("link")))
    # A video's permalink_url has no host: "/104/videos/555/" (Graph reference, Video, read 2026-10).
    return f"https://www.facebook.com{given}" if given and given.startswith("/") else given


def _media(row: dict[str, Any]) -> Iterator[str]:
    """The pictures of the attachments, of an album's photos, or the one that the row itself carries."""
    attached = [*listing(mapping(row.get("attachments")).get("data")), row.get("attachment")]
    photos = listing(mapping(row.get("photos")).get("data"))
    found = [address for item in map(mapping, attached) for address in _attached(item)]
    yield from found or [address for photo in photos if (address := _picture(mapping(photo)))]
    own = _picture(row)
    if own and not found and not photos:
        yield own


def _attached(item: dict[str, Any]) -> Iterator[str]:
    inner = map(mapping, listing(mapping(item.get("subattachments")).get("data")))
    for medium in [mapping(one.get("media")) for one in inner] or [mapping(item.get("media"))]:
        address = optional(mapping(medium.get("image")).get("src")) or optional(medium.get("source"))
        if address:
            yield address


def _picture(row: dict[str, Any]) -> str | None:
    """A post's full_picture, a photo's largest image (Graph lists it first), a video's still, or its film."""
    sizes = [optional(mapping(size).get("source")) for size in listing(row.get("images"))]
    named = (optional(row.get(name)) for name in ("full_picture", "picture", "source"))
    return next((address for address in (*sizes, *named) if address), None)


def _comment_count(row: dict[str, Any]) -> int:
    return _total(row.get("comments")) or 0


def _total(edge: object) -> int | None:
    """How many an edge holds, by its summary."""
    return count(mapping(mapping(edge).get("summary")).get("total_count"))


def _attached_photo(memo: Memo) -> dict[str, str]:
    photo = optional(memo.get("photo"))
    return {"attached_media[0]": json.dumps({"media_fbid": photo})} if photo else {}


def _link(number: str) -> str:
    return f"https://www.facebook.com/{number}"
