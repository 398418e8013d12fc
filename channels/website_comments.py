"""Citizens' comments under the articles of a WordPress site, over its REST API (wp/v2/comments).

Only approved comments are public, so only those are heard. No password is needed where the site's REST API is open.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from channels.contract import ChannelError, Cursor, Failure, Gone, Item, Page, Post
from channels.plain import plain
from channels.reading import each, identifier, listing, mapping, moment, optional, words

#: Comments an answer (the most that WordPress gives), and how far the next one is set: an overlap of five, so that
#: a comment deleted while we turn pages does not let another one slip between two pages.
_PAGE, _STEP = 100, 95
#: What is newer than this before the newest known comment is always read again.
_OVERLAP = timedelta(hours=1)
#: How far back is read when the total says that an older comment was approved or deleted meanwhile.
_WINDOW = timedelta(days=30)
#: Every so many passes the window is read in any case: one approved and one deleted leave the total as it was.
_EVERY = 48
#: No e-mail address, no IP address and no avatar (a hash of the address) is asked for.
_FIELDS = "id,post,parent,author,author_name,date_gmt,content,link,status,type"

#: (path, query) -> (answer, its headers); raises ChannelError.
Get = Callable[[str, dict[str, Any]], tuple[Any, Mapping[str, str]]]
_COMMENT_LINK = re.compile(r"#comment-(\d+)$")


def comment_id(site: str, number: str) -> str:
    """The id of a comment: two sites of the city number theirs from 1, so the site belongs to it.

    It is what WordPress itself puts at the end of a comment's address and of its guid in feeds.
    """
    return f"{site}#comment-{number}" if site else number


def number_in(link: str | None) -> str:
    """The comment number in an address or guid; "" where there is none."""
    found = _COMMENT_LINK.search(link or "")
    return found.group(1) if found else ""


def site_of(address: str | None) -> str:
    """Host (and folder) of a site without its scheme: "www.bekasikota.go.id"; "" when it is no address."""
    try:
        parts = urlsplit(address or "")
        return f"{parts.netloc.lower()}{parts.path}".rstrip("/") if parts.netloc else ""
    except ValueError:  # "https://[" and its like
        return ""


def translate(payload: object, site: str = "") -> list[Item]:
    """One answer (a list of comments, or one comment) as posts. Never raises. ``site`` as `site_of` gives it."""
    rows = [payload] if isinstance(payload, dict) and "id" in payload else payload
    return each(rows, partial(_comment, site=site))


def _comment(row: dict[str, Any], site: str) -> Post:
    number = identifier(row["id"])
    status = row.get("status")
    if status not in (None, "approved", "approve"):
        raise ValueError(f"komentar tidak tayang di situs ({status})")
    where, link = site or _where(row), optional(row.get("link"))
    author = optional(row.get("author"))
    return Post(
        id=comment_id(where, number),
        text=_text(row.get("content")),
        # WordPress escapes names as it does texts: "Budi &amp; Sari".
        author=plain(row.get("author_name")) or None,
        author_id=author if author != "0" else None,  # 0: not signed in, as nearly every citizen
        created_at=moment(row.get("date_gmt")),
        # An address of another kind ("javascript:…") would be a link on the desk's pages.
        permalink=link if link and link.startswith(("http://", "https://")) else None,
        parent=_parent(row, where),
    )


def _text(content: object) -> str:
    if isinstance(content, dict):
        rendered = content.get("rendered")
        return plain(rendered if rendered is not None else content.get("raw"))
    return plain(content)


def _parent(row: dict[str, Any], site: str) -> str | None:
    """The comment that it answers, else the article under which it stands."""
    above, article = optional(row.get("parent")), optional(row.get("post"))
    if above and above != "0":
        return comment_id(site, above)
    return f"{site}/?p={article}" if article and article != "0" and site else article


def _where(row: dict[str, Any]) -> str:
    """The site by the comment's own word: its address in the API, else the host of its page."""
    own = mapping(next(iter(listing(mapping(row.get("_links")).get("self"))), None))
    api = optional(own.get("href")) or ""
    if "/wp-json/" in api:
        return site_of(api.split("/wp-json/")[0])
    return site_of(optional(row.get("link"))).split("/")[0]


@dataclass
class _Reading:
    """What one pass has seen so far."""

    last: int  #: highest comment number of earlier passes; 0 before the first
    numbers: set[int] = field(default_factory=set)
    received: int = 0
    newest: datetime | None = None  #: None while no time was read

    def note(self, rows: list[Any]) -> list[Any]:
        """The rows that this pass has not met yet."""
        fresh = []
        for row in rows:
            number = mapping(row).get("id")
            if not isinstance(number, int) or number not in self.numbers:
                fresh.append(row)
                self.numbers |= {number} if isinstance(number, int) else set()
        self.received += len(fresh)
        self.newest = max([*_times(fresh), *filter(None, [self.newest])], default=None)
        return fresh

    @property
    def new(self) -> int:
        return sum(number > self.last for number in self.numbers)

    @property
    def mark(self) -> Cursor:
        """The newest time as the cursor keeps it, never later than now: a clock that runs ahead hides nothing."""
        return {"newest": min(self.newest, datetime.now(UTC)).isoformat()} if self.newest else {}


class Comments:
    """The comments of one site; ``staff``: names or numbers of registered people who speak for the city."""

    def __init__(self, get: Get, site: str, staff: Sequence[str]) -> None:
        self._get = get
        self._site = site
        self._named = {one.strip() for one in staff}
        self._known: dict[str, bool] = {}

    def hear(self, cursor: Cursor) -> Iterator[Page]:
        """Pages newest first until those read before; the cursor comes with the last page.

        A comment is dated when it was written and shown when it was approved. So the site's own total is compared
        with what we know: where they differ, the last 30 days are read again.
        """
        reading = _Reading(int(cursor.get("last") or 0), newest=moment(cursor.get("newest")))
        before, mark, offset = cursor.get("total"), reading.newest, 0
        round_ = int(cursor.get("round") or 0) + 1
        while True:
            rows, total = self._page(offset)
            items = translate(reading.note(rows), self._site)
            offset += _STEP
            # By the total where there is one: a page is short too where comments are hidden from us.
            end = len(rows) < _PAGE if total is None else offset - _STEP + _PAGE >= total
            explained = before is not None and total == before + reading.new and round_ % _EVERY != 0
            if end or (reading.last and _passed(rows, mark, _OVERLAP if explained else _WINDOW)):
                break
            yield Page(tuple(self._citizens(items)))
        yield Page(
            tuple(self._citizens(items)),
            {"last": max([reading.last, *reading.numbers]), "total": total, "round": round_, **reading.mark},
            declared=total if end else None,
            received=reading.received if end else None,
        )

    def _page(self, offset: int) -> tuple[list[Any], int | None]:
        query: dict[str, Any] = {
            "per_page": _PAGE,
            "order": "desc",
            "orderby": "date_gmt",
            "_fields": _FIELDS,
        }
        rows, headers = self._get("/wp/v2/comments", query | ({"offset": offset} if offset else {}))
        if not isinstance(rows, list):
            raise ChannelError(
                "Daftar komentar situs berbentuk lain; pakai sumber umpan (/comments/feed/).", Failure.REFUSED
            )
        total = headers.get("X-WP-Total", "")
        return rows, int(total) if total.isdecimal() else None

    def _citizens(self, items: list[Item]) -> list[Item]:
        """Without what registered people of the city wrote: their replies are no mentions."""
        signed_in = {item.author_id for item in items if isinstance(item, Post) and item.author_id}
        if unknown := sorted(signed_in - set(self._known)):
            self._ask_who(unknown)
        return [item for item in items if not (isinstance(item, Post) and self._is_staff(item))]

    def _is_staff(self, post: Post) -> bool:
        # A name alone proves nothing: anybody may write one. It counts with the registered number beside it.
        if post.author_id is None:
            return False
        return bool(self._known.get(post.author_id)) or bool({post.author_id, post.author} & self._named)

    def _ask_who(self, numbers: list[str]) -> None:
        """Which of these people have published articles: that list is public, and only staff can publish.

        A site may hide the list; then the account's setting `staff` alone decides, and the rest are citizens.
        """
        self._known |= dict.fromkeys(numbers, False)
        try:
            query = {"include": ",".join(numbers), "per_page": 100, "_fields": "id,slug"}
            rows, _ = self._get("/wp/v2/users", query)
        except ChannelError as error:
            if error.failure == Failure.LATER:
                raise
            return
        self._known |= {str(mapping(row).get("id")): True for row in listing(rows)}

    def look(self, ids: Sequence[str]) -> dict[str, Post | Gone]:
        """What became of comments of this site; ids of other sites and of articles are left out."""
        numbers = {n: one for one in ids if (n := number_in(one)) and one == comment_id(self._site, n)}
        found: dict[str, Post | Gone] = {}
        asked = list(numbers)
        for start in range(0, len(asked), _PAGE):
            part = asked[start : start + _PAGE]
            query = {"include": ",".join(part), "per_page": _PAGE, "_fields": _FIELDS}
            rows, _ = self._get("/wp/v2/comments", query)
            seen = [item for item in translate(rows, self._site) if isinstance(item, Post)]
            found |= {post.id: post for post in seen}
        for number, own in numbers.items():
            # A list that leaves one out may only be a broken list: an erased post does not come back, so ask.
            if own not in found and (gone := self._gone(number)):
                found[own] = gone
        return found

    def _gone(self, number: str) -> Gone | None:
        try:
            self._get(f"/wp/v2/comments/{number}", {"_fields": "id,status"})
        except ChannelError as error:
            # Deleted: rest_comment_invalid_id (404). Taken back into moderation, or its article is no longer
            # public: rest_cannot_read (401, 403). wp-includes/rest-api/…comments-controller.php, 6.8.
            if error.code in ("rest_comment_invalid_id", "rest_cannot_read", "rest_cannot_read_post"):
                return Gone("tidak ada lagi di situs")
            if error.code == "rest_post_invalid_id":
                return Gone("artikelnya tidak ada lagi di situs")
        return None


def _passed(rows: list[Any], mark: datetime | None, reach: timedelta) -> bool:
    """Whether an answer ends before what has to be read again: ``reach`` before the newest known comment."""
    times = _times(rows)
    return mark is not None and bool(times) and mark - min(times) > reach


def _times(rows: list[Any]) -> list[datetime]:
    return [at for row in rows if (at := moment(mapping(row).get("date_gmt")))]


def complaint(payload: object) -> str:
    """What an error body of WordPress says; "" when it is none."""
    body = mapping(payload)
    return words(optional(body.get("message")) or optional(body.get("code")))
