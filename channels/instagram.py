"""Instagram through Meta's Graph API first, and through instaloader for one optional source.

Account settings: user_id (the Instagram professional account's Graph id), username. Secret: access_token
(instagram_basic, instagram_content_publish, instagram_manage_comments; instagram_manage_insights to tell reach).
Publishing takes three calls: container, status, publish (Meta, Content Publishing, read 2026-10). A caption cannot
be changed. Deleting media by DELETE /{media} is told by third parties (2026, with instagram_manage_contents) but not
by Meta's reference as we read it (v21): a withdrawal, like a correction, is a comment under it.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
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
from channels.hashtags import DOUBT, note_counted, spelled, use_hashtag
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

_MEDIA = "id,caption,timestamp,permalink,media_type,media_url"
_COMMENT = "id,text,timestamp,username,from,parent_id"
_MENTIONED_COMMENT = "id,text,timestamp,username,media{id}"
#: The object does not exist, or is not visible to this token.
_MISSING = ("100/33", "100")
#: recent_media gives at most 50 a page (Graph reference, read 2026-10); the other edges take 100.
_HASHTAG_PAGE, _PAGE = 50, 100
#: Longest description of a picture (content publishing, read 2026-10).
_ALT = 1000
#: Containers made for one announcement before a person is asked.
_CONTAINERS = 5
#: "The maximum number of unique hashtags": {"error": {"code": 18, "error_subcode": 2207034}} (error codes of
#: hashtag search, read 2026-10).
_TOO_MANY_HASHTAGS = "18"
_SHORTCODE = re.compile(r"instagram\.com/(?:[\w.]+/)?(?:p|reels?|tv)/([\w-]+)")


class Instagram:
    """One Instagram professional account."""

    #: Not before 150 s: right after 4/2207051 a published post is not listed yet (platforms.md section 4). The
    #: container then tells what became of it; after the waits a person decides.
    waits = Waits((150, 300), send_again=False)
    edits, deletes = False, False

    def __init__(self, account: Account) -> None:
        self.account = account
        self.user_id = account.setting("user_id")
        self.graph = Graph(account.secret("access_token"))
        self.meter = self.graph.meter

    # --- hearing

    def hear(self, kind: str, query: str, via: str, cursor: Cursor) -> Iterator[Page]:
        """tagged, hashtag (query: the tag without #), comment (under our own media), mention (always empty)."""
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
        elif kind == "mention":
            # Told by webhook only (monitor/inbox.py), nothing lists them: a pass shows that the access still holds.
            self.graph.get(self.user_id, fields="id")
            yield Page(())
        else:
            raise ChannelError(f"Instagram tidak mempunyai sumber '{kind}'.", Failure.REFUSED)

    def _hashtag(self, tag: str, cursor: Cursor) -> Iterator[Page]:
        """Cursor: that of the list, and "hashtag", the tag's number, which never changes and is asked for once."""
        use_hashtag(self.account, tag, datetime.now(UTC))
        try:
            number = optional(cursor.get("hashtag")) or self._number_of(tag)
            asked: dict[str, Any] = {"user_id": self.user_id, "fields": _MEDIA, "limit": _HASHTAG_PAGE}
            answers = self.graph.pages(f"{number}/recent_media", **asked)
            pages = (translate(answer) for answer in answers)
            yield from until_watermark(
                pages, cursor, lambda mark: _without_counts({**mark, "hashtag": number})
            )
        except ChannelError as error:
            if error.code.split("/")[0] != _TOO_MANY_HASHTAGS:
                raise
            # Meta counts more than we do: another program asks for this account, or our database is a new one.
            note_counted(self.account, self._counted_by_meta(), datetime.now(UTC))
            raise ChannelError(
                "Instagram menghitung 30 tagar berbeda dalam tujuh hari untuk akun ini, lebih banyak daripada yang "
                "kita tanyakan: mungkin program lain memakai akun yang sama. Dicoba lagi besok.",
                Failure.LATER,
                retry_in=DOUBT.total_seconds(),
                code=error.code,
            ) from error

    def _number_of(self, tag: str) -> str:
        found = self.graph.get("ig_hashtag_search", user_id=self.user_id, q=spelled(tag))
        rows = listing(found.get("data"))
        if not rows:
            raise ChannelError(f"Instagram tidak mengenal tagar #{spelled(tag)}.", Failure.REFUSED)
        return identifier(mapping(rows[0]).get("id"))

    def _counted_by_meta(self) -> list[str]:
        """The tags that count now, by Meta's own list (30 a page, the most that there can be)."""
        answer = self.graph.get(f"{self.user_id}/recently_searched_hashtags", limit=30)
        numbers = [identifier(mapping(row).get("id")) for row in listing(answer.get("data"))]
        rows = self.graph.several(numbers, fields="id,name")
        return [name for row in rows.values() if row and (name := optional(row.get("name")))]

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
            yield from until_watermark(self._thread(thread, codes[thread]), {}, read, declared[thread])
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

    def look(self, ids: Sequence[str]) -> dict[str, Post | Gone]:
        """Comments by id. Others' media are known by their shortcode, for which Graph has no look-up."""
        comments = [number for number in ids if number.isdecimal()]
        found: dict[str, Post | Gone] = {}
        for number, row in self.graph.several(comments, fields="id,text,timestamp,username").items():
            items = translate(row) if row is not None else []
            seen = [item for item in items if isinstance(item, Post)]
            if row is None:
                # Comments of others that mention us are hidden from this call (Meta, IG Comment, read 2026-10).
                found[number] = self.mentioned("", number)
            elif seen:
                found[number] = seen[0]
        return found

    def mentioned(self, media_id: str, comment_id: str | None) -> Post | Gone:
        """Others' media, or a comment under it, that mentions us: a webhook gave the ids."""
        if comment_id:
            asked = f"mentioned_comment.comment_id({comment_id}){{{_MENTIONED_COMMENT}}}"
        else:
            asked = f"mentioned_media.media_id({media_id}){{{_MEDIA},username}}"
        try:
            answer = self.graph.get(self.user_id, fields=asked)
        except ChannelError as error:
            if error.code not in _MISSING:
                raise
            return Gone("tidak ada lagi di Instagram")
        items = translate(answer)
        if not items:
            return Gone("tidak ada lagi di Instagram")
        if isinstance(items[0], Unreadable):
            raise ChannelError(items[0].error, Failure.REFUSED)
        return items[0]

    def shortcodes(self, media: Sequence[str]) -> dict[str, str]:
        """Shortcodes of our own media by their Graph ids."""
        rows = self.graph.several(media, fields="id,permalink")
        return {number: code for number, row in rows.items() if row and (code := _shortcode(row))}

    # --- speaking

    def prepare(self, outgoing: Outgoing, memo: Memo) -> Memo:
        """Make the container, or a new one where the old one failed or expired (after 24 hours)."""
        if not _is_medium(outgoing):
            return memo
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
            alt_text=outgoing.alt[:_ALT] or None,
        )
        container = identifier(made.get("id"), "container")
        return {**memo, "container": container, "containers": made_before + 1}

    def send(self, outgoing: Outgoing, memo: Memo) -> Sent:
        """A medium; or a comment: under ours to correct or withdraw it, under a citizen's to answer."""
        if outgoing.answer and outgoing.act == Act.RETRACT:
            return self._take_away(target(outgoing))
        return self._publish(memo) if _is_medium(outgoing) else self._comment(outgoing)

    def _publish(self, memo: Memo) -> Sent:
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

    def _take_away(self, comment: str) -> Sent:
        """Delete a comment of ours (Graph reference, IG Comment, read 2026-10); what is gone already counts."""
        try:
            answer = self.graph.delete(comment)
        except ChannelError as error:
            if error.code != GONE or self.graph.one(comment, fields="id") is not None:
                raise
            return Sent(comment, "")
        if answer.get("success") is not True:
            raise ChannelError("Instagram tidak mengatakan bahwa komentar terhapus.", Failure.UNKNOWN)
        return Sent(comment, "")

    def _comment(self, outgoing: Outgoing) -> Sent:
        subject, edge = self._place(outgoing)
        try:
            answer = self.graph.post_about(subject, edge, message=outgoing.text)
        except ChannelError as error:
            if outgoing.act == Act.RETRACT and error.code == GONE and error.failure == Failure.REFUSED:
                return Sent(outgoing.remote_id, "")  # a person has taken it away already
            raise
        made = optional(answer.get("id"))
        if made is None:
            raise ChannelError("Instagram menerima komentar tetapi tidak menyebut nomornya.", Failure.UNKNOWN)
        return Sent(made, self._comment_link(subject, edge, made))

    def _place(self, outgoing: Outgoing) -> tuple[str, str]:
        """The object that the comment goes under, and its edge: media have `comments`, comments have `replies`."""
        about = target(outgoing)
        if outgoing.answer:
            return about, "replies"
        ours = outgoing.act != Act.PUBLISH or self.account.receipts.filter(remote_id=about).exists()
        if ours or not about.isdecimal():
            return self._number(about), "comments"
        return about, "replies"

    def _number(self, about: str) -> str:
        """The Graph id of our own medium; a person who confirmed a post gave its link, which has the shortcode."""
        if about.isdecimal():
            return about
        for answer in self.graph.pages(f"{self.user_id}/media", fields="id,permalink", limit=_PAGE):
            for row in map(mapping, listing(answer.get("data"))):
                if _shortcode(row) == about:
                    return identifier(row.get("id"))
        # Media of others that tag us take no comments through the API (Meta, Tags, read 2026-10).
        raise ChannelError(
            "Lewat API, Instagram hanya menerima komentar di bawah media kita. Jawab lewat aplikasi Instagram.",
            Failure.REFUSED,
        )

    def _comment_link(self, subject: str, edge: str, made: str) -> str:
        """Where a comment stands on the web; "" when it cannot be told: it is published, and that counts."""
        try:
            if edge == "comments":
                row = self.graph.get(subject, fields="permalink")
            else:
                row = mapping(self.graph.get(subject, fields="media{permalink}").get("media"))
        except ChannelError:
            return ""
        media = optional(row.get("permalink"))
        return f"{media.rstrip('/')}/c/{made}/" if media else ""

    def find(self, outgoing: Outgoing, memo: Memo) -> Sent | Absent:
        """By words and time: among our media, or among our comments where one was to stand."""
        return self._published(outgoing, memo) if _is_medium(outgoing) else self._commented(outgoing, memo)

    def _published(self, outgoing: Outgoing, memo: Memo) -> Sent | Absent:
        """By caption and time among our media; then the container's own word (never just the newest media)."""
        since = not_before(memo)
        answer = self.graph.get(f"{self.user_id}/media", fields="id,caption,timestamp,permalink", limit=25)
        for row in map(mapping, listing(answer.get("data"))):
            made = moment(row.get("timestamp"))
            if same_words(words(row.get("caption")), outgoing.text) and (made is None or made >= since):
                return Sent(identifier(row.get("id")), optional(row.get("permalink")) or "")
        if not memo.get("container"):
            return Absent(sure=True, note="wadah belum pernah dibuat")
        status = self._status(str(memo["container"]))
        # Unless it says PUBLISHED nothing is public, and publishing the same container again cannot make two.
        return Absent(sure=status != "PUBLISHED", note=f"wadah Instagram: {status}")

    def _commented(self, outgoing: Outgoing, memo: Memo) -> Sent | Absent:
        if outgoing.answer and outgoing.act == Act.RETRACT:
            if self.graph.one(target(outgoing), fields="id") is None:
                return Sent(outgoing.remote_id, "")
            return Absent(
                sure=True, note="komentar masih terlihat di Instagram"
            )  # deleting again is harmless
        subject, edge = self._place(outgoing)
        if outgoing.act == Act.RETRACT and self.graph.one(subject, fields="id") is None:
            return Sent(outgoing.remote_id, "")  # a person has taken it away already
        since = not_before(memo)
        for thread in filter(None, (subject, self._above(subject) if edge == "replies" else None)):
            for answer in self.graph.pages(f"{thread}/{edge}", fields=_COMMENT, limit=_PAGE):
                for row in map(mapping, listing(answer.get("data"))):
                    young = (moment(row.get("timestamp")) or since) >= since
                    if young and self._ours(row) and same_words(words(row.get("text")), outgoing.text):
                        made = identifier(row.get("id"))
                        return Sent(made, self._comment_link(subject, edge, made))
        return Absent(note="komentar belum terlihat di Instagram")

    def _above(self, comment: str) -> str | None:
        """The first-level comment above an answer: Instagram has two levels, and puts every answer there."""
        return optional(mapping(self.graph.one(comment, fields="id,parent_id")).get("parent_id"))

    def _ours(self, row: dict[str, Any]) -> bool:
        author = mapping(row.get("from"))
        name = optional(row.get("username")) or optional(author.get("username")) or ""
        own = self.account.setting("username") or ""
        return author.get("id") == self.user_id or (bool(own) and name.casefold() == own.casefold())

    def shows(self, remote_id: str, permalink: str) -> Shows | Gone:
        """The caption of a medium of ours, or the words of a comment."""
        row = self._told(remote_id, "id,caption,permalink", "id,text")
        if row is None:
            return Gone("tidak ada lagi di Instagram")
        said = words(row.get("caption") if "text" not in row else row.get("text"))
        return Shows(said, permalink=optional(row.get("permalink")) or permalink)

    def numbers(self, remote_id: str) -> Numbers:
        """Likes are missing where the account hides them; shares and reach are insights, of media only."""
        row = self._told(remote_id, "id,like_count,comments_count,permalink", "id,like_count,text")
        if row is None:
            raise ChannelError("Kiriman ini tidak ada lagi di Instagram.", Failure.REFUSED, code=GONE)
        if "text" in row:
            return Numbers(likes=count(row.get("like_count")))
        told = self.graph.insight(identifier(row.get("id")), "reach", "shares")
        return Numbers(
            likes=count(row.get("like_count")),
            comments=count(row.get("comments_count")),
            shares=told["shares"],
            reach=told["reach"],
        )

    def _told(self, remote_id: str, of_media: str, of_comment: str) -> dict[str, Any] | None:
        """A medium, or a comment, whose fields have other names: Graph then answers 100; None: it is gone."""
        number = self._number(remote_id)
        try:
            return self.graph.one(number, fields=of_media)
        except ChannelError as error:
            if error.code != "100":
                raise
            return self.graph.one(number, fields=of_comment)

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


def _is_medium(outgoing: Outgoing) -> bool:
    """Whether a new medium is meant; everything else on Instagram is said in comments."""
    return outgoing.act == Act.PUBLISH and not outgoing.remote_id


def _without_counts(mark: Cursor) -> Cursor:
    """A list's cursor without what only threads need."""
    return {name: value for name, value in mark.items() if name != "received"}


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
        return _web_items(web[0], parent, comments=web[1])
    rows = _rows(answer) if answer else payload
    if not isinstance(rows, list):
        # The web's own refusals: {"message": "…", "status": "fail"} and {"errors": [{"message": "…"}]}.
        inner = mapping(next(iter(listing(answer.get("errors"))), None))
        refusal = optional(answer.get("message")) or optional(inner.get("message"))
        return [Unreadable("jawaban Instagram tanpa data" + (f": {refusal}" if refusal else ""))]
    items: list[Item] = []
    waiting = [(row, parent) for row in reversed(rows)]
    while waiting:
        row, above = waiting.pop()
        items += each([row], partial(_graph_item, parent=above))
        node = mapping(row)
        for name in ("comments", "replies"):  # what was asked for together with its post comes inside it
            answers = listing(mapping(node.get(name)).get("data"))
            waiting += [(one, _shortcode(node) or optional(node.get("id"))) for one in reversed(answers)]
    return items


#: Edges of an account that hold media.
_EDGES = ("media", "tags", "stories", "live_media", "recent_media", "top_media")


def _rows(answer: dict[str, Any]) -> object:
    """The rows of a Graph answer: its `data`, what it was asked for by field expansion, or what it is itself."""
    if "data" in answer:
        return answer["data"]
    # {"mentioned_media": {…}, "id": the asking account's} (Meta, Mentioned Media and Mentioned Comment, read
    # 2026-10); {"business_discovery": {"media": {"data": […]}, …}, "id": …} likewise.
    named = [
        answer[name] for name in ("mentioned_media", "mentioned_comment") if answer.get(name) is not None
    ]
    account = mapping(answer.get("business_discovery")) or answer
    edges = [
        listing(mapping(account.get(name)).get("data")) for name in _EDGES if _is_edge(account.get(name))
    ]
    if named or edges or account is not answer:
        return named + [row for edge in edges for row in edge]
    return [answer] if "id" in answer else None


def _is_edge(value: object) -> bool:
    return "data" in mapping(value)  # a comment's `media` is an object without it


def _graph_item(row: dict[str, Any], parent: str | None) -> Post:
    comment = any(name in row for name in ("text", "parent_id", "media"))
    return _comment(row, parent) if comment else _media_post(row)


def _web_items(rows: list[Any], parent: str | None, comments: bool) -> list[Item]:
    """Media or comments of the web, with the comments and answers that stand inside each of them."""
    items: list[Item] = []
    waiting = [(row, parent, comments) for row in reversed(rows)]
    while waiting:
        row, above, comment = waiting.pop()
        node = mapping(row)
        code = optional(node.get("shortcode") or node.get("code"))
        own = code or optional(node.get("id") or node.get("pk"))
        inner = _web_answers(node)
        if own or not inner:  # a page of comments alone comes in a media node that has nothing else
            items += each([row], partial(_node, parent=above, comment=comment))
        waiting += [(one, own or above, True) for one in reversed(inner)]
    return items


#: Where the web puts comments inside a media node, and answers inside a comment; the phones' answers use lists.
_INSIDE = (
    "edge_threaded_comments",
    "edge_media_to_parent_comment",
    "edge_media_to_comment",
    "edge_media_preview_comment",
)


def _web_answers(node: dict[str, Any]) -> list[Any]:
    found = [listing(node.get("preview_child_comments"))]
    found += [[mapping(edge).get("node") for edge in _inner(node, name)] for name in _INSIDE]
    return next((rows for rows in found if rows), [])


def _comment(row: dict[str, Any], parent: str | None) -> Post:
    author, media = mapping(row.get("from")), mapping(row.get("media"))
    return Post(
        id=identifier(row["id"]),
        text=words(row.get("text")),
        author=optional(row.get("username")) or optional(author.get("username")),
        author_id=optional(author.get("id")),
        created_at=moment(row.get("timestamp")),
        permalink=optional(row.get("permalink")),
        parent=optional(row.get("parent_id")) or parent or _shortcode(media) or optional(media.get("id")),
    )


def _media_post(row: dict[str, Any]) -> Post:
    number = identifier(row["id"])
    author = mapping(row.get("from") or row.get("owner"))
    inner = [mapping(child) for child in listing(mapping(row.get("children")).get("data"))]
    # A carousel's children are ids alone unless their fields were asked for; a film under copyright has no
    # media_url (Meta, IG Media, read 2026-10).
    addresses = [address for one in inner if (address := _address(one))]
    own = _address(row)
    return Post(
        id=_shortcode(row) or number,
        text=words(row.get("caption"), "caption"),
        author=optional(row.get("username")) or optional(author.get("username")),
        author_id=optional(author.get("id")),
        created_at=moment(row.get("timestamp")),
        permalink=optional(row.get("permalink")),
        media=tuple(addresses or ([own] if own else [])),
    )


def _address(row: dict[str, Any]) -> str | None:
    return optional(row.get("media_url")) or optional(row.get("thumbnail_url"))


def _shortcode(row: dict[str, Any]) -> str | None:
    found = _SHORTCODE.search(optional(row.get("permalink")) or "")
    return optional(row.get("shortcode")) or (found.group(1) if found else None)


#: Which connection of a web answer is meant where there are several; a profile's page also has edges of people.
_CONNECTIONS = (
    "edge_owner_to_timeline_media",
    "edge_user_to_photos_of_you",
    "edge_hashtag_to_media",
)
_PEOPLE = ("edge_mutual_followed_by", "edge_followed_by", "edge_follow", "edge_related_profiles")


def _web_rows(answer: dict[str, Any]) -> tuple[list[Any], bool] | None:
    """The nodes of a web answer and whether they are comments; None when it is no such answer."""
    for name in ("items", "comments", "child_comments"):  # the answers made for phones
        if isinstance(answer.get(name), list):
            return answer[name], name != "items"
    owner = mapping(answer.get("data")) or mapping(answer.get("graphql"))
    single = mapping(owner.get("xdt_shortcode_media")) or mapping(owner.get("shortcode_media"))
    if single:
        return [single], False
    parts = [owner, *map(mapping, owner.values())]
    found = [(name, _nodes(value)) for part in parts for name, value in part.items() if name not in _PEOPLE]
    chosen = [(name, rows) for name, rows in found if rows is not None]
    if chosen:
        name, rows = min(chosen, key=lambda pair: pair[0] not in _CONNECTIONS)  # the first of equals
        return rows, "comment" in name
    tiles = _in_sections(owner)
    return None if tiles is None else (tiles, False)


def _nodes(value: object) -> list[Any] | None:
    """The nodes of a connection, or the items of a list that the phones' answers call so; else None."""
    inner = mapping(value)
    if isinstance(inner.get("edges"), list):
        nodes = [mapping(edge).get("node") for edge in inner["edges"]]
        # Reels come one level deeper: {"node": {"media": {"code": …}}}.
        return [mapping(node).get("media") or node for node in nodes]
    items = inner.get("items")
    return items if isinstance(items, list) else None


def _in_sections(owner: dict[str, Any]) -> list[Any] | None:
    """The media of a hashtag's page, newest before popular (names as instaloader 4.16 reads them)."""
    for name in ("recent", "top"):
        sections = map(mapping, listing(mapping(owner.get(name)).get("sections")))
        tiles = [
            tile for part in sections for tile in listing(mapping(part.get("layout_content")).get("medias"))
        ]
        if tiles:
            return [mapping(tile).get("media") for tile in tiles]
    return None


def _node(node: dict[str, Any], parent: str | None, comment: bool) -> Post:
    """A media node as Instagram's web gives it (names as instaloader 4.16 reads them)."""
    if comment or ("text" in node and "shortcode" not in node and "code" not in node):
        return _web_comment(node, parent)
    code = identifier(node.get("shortcode") or node.get("code"), "shortcode")
    captions = [
        mapping(mapping(edge).get("node")).get("text") for edge in _inner(node, "edge_media_to_caption")
    ]
    plain = node.get("caption")
    text = captions[0] if captions else mapping(plain).get("text") if isinstance(plain, dict) else plain
    owner = mapping(node.get("owner") or node.get("user"))
    children = [mapping(edge).get("node") for edge in _inner(node, "edge_sidecar_to_children")]
    children = children or listing(node.get("carousel_media"))
    pictures = [address for child in children if (address := _picture(mapping(child)))]
    own = _picture(node)
    return Post(
        id=code,
        text=words(text, "caption"),
        author=optional(owner.get("username")),
        author_id=optional(owner.get("id") or owner.get("pk")),
        created_at=moment(node.get("taken_at_timestamp") or node.get("taken_at") or node.get("date")),
        permalink=f"https://www.instagram.com/p/{code}/",
        media=tuple(pictures or ([own] if own else [])),
    )


def _picture(node: dict[str, Any]) -> str | None:
    """A picture, a film's still, else the film itself; the largest comes first in the phones' lists."""
    sizes = listing(mapping(node.get("image_versions2")).get("candidates"))
    stills = [optional(node.get("display_url")), optional(node.get("thumbnail_src"))]
    stills += [optional(mapping(size).get("url")) for size in sizes]
    films = [optional(node.get("video_url"))]
    films += [optional(mapping(film).get("url")) for film in listing(node.get("video_versions"))]
    return next((address for address in stills + films if address), None)


def _web_comment(node: dict[str, Any], parent: str | None) -> Post:
    owner = mapping(node.get("owner") or node.get("user"))
    return Post(
        id=identifier(node.get("id") or node.get("pk")),
        text=words(node.get("text")),
        author=optional(owner.get("username")),
        author_id=optional(owner.get("id") or owner.get("pk")),
        created_at=moment(node.get("created_at")),
        parent=optional(node.get("parent_comment_id")) or parent,
    )


def _inner(node: dict[str, Any], name: str) -> list[Any]:
    return listing(mapping(node.get(name)).get("edges"))
