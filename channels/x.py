"""X (Twitter), API v2 through tweepy, both directions.

Account settings: user_id, username. Secrets: bearer_token (reading), consumer_key, consumer_secret,
access_token, access_token_secret (writing, OAuth 1.0a).

X asks users who act for a government for an Enterprise plan (Developer Agreement, "Government Use", read
2026-08-22); see README.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import requests
import tweepy

from channels.contract import (
    Absent,
    Act,
    ChannelError,
    Cursor,
    Failure,
    Gone,
    Item,
    Memo,
    Meter,
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
from channels.http import from_network, measure, retry_after, secure
from channels.models import Account
from channels.outgoing import not_before, target
from channels.reading import count, each, identifier, listing, mapping, moment, optional, words

HOSTS = ("api.twitter.com", "upload.twitter.com")
#: Both allow at most 100 a page (docs.x.com, mentions and search/recent, read 2026-08-22).
PAGE_SIZE = 100
#: Mentions are listed as far back as the last 800 (the same page); what was said before those is not given.
_LISTED = 800
#: How far behind the newest stored post each pass begins.
_OVERLAP = timedelta(hours=1)
#: The title of X's problem "resource-not-found" (docs.x.com, response codes and errors, read 2026-08-22).
_NOT_FOUND = "Not Found Error"
FIELDS: dict[str, Any] = {
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
    edits, deletes = False, True

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
        self.meter = Meter()
        measure(self.client.session, self.meter)

    # --- hearing

    def hear(self, kind: str, query: str, via: str, cursor: Cursor) -> Iterator[Page]:
        """Pages newest first until the last stored id; the new cursor comes with the last page only.

        via "stream": the same, then what X tells of by itself for as long as a pass may last.
        """
        if via == "stream":
            from channels.x_stream import listen

            yield from listen(self.account, self.meter, kind, query, self.hear(kind, query, "api", cursor))
            return
        newest = cursor.get("newest")
        since = _a_little_before(newest) if kind == "mention" or _searchable(newest) else None
        token: str | None = None
        numbers: list[int] = []
        while True:
            answer = asking(partial(self._page, kind, query, since, token))
            meta = mapping(answer.get("meta"))
            items, count = tuple(translate(answer)), meta.get("result_count")
            # By what was really given, not by meta.newest_id: a post may be counted before it is listed.
            for item in items:
                if isinstance(item, Post) and plausible(item.id):
                    newest = later(newest, item.id)
                    numbers.append(int(item.id))
            token = optional(meta.get("next_token"))
            yield Page(
                items,
                None if token or newest is None else {"newest": newest},
                declared=count if isinstance(count, int) else None,
                received=len(items),
                lost="" if token or kind != "mention" else _cut(cursor.get("newest"), numbers),
            )
            if token is None:
                return

    def _page(self, kind: str, query: str, since: str | None, token: str | None) -> dict[str, Any]:
        if kind == "mention":
            answer = self.client.get_users_mentions(
                self.user_id, max_results=PAGE_SIZE, since_id=since, pagination_token=token, **FIELDS
            )
        elif kind in ("keyword", "hashtag"):
            answer = self.client.search_recent_tweets(
                query, max_results=PAGE_SIZE, since_id=since, next_token=token, **FIELDS
            )
        else:
            raise ChannelError(f"X tidak mempunyai sumber '{kind}'.", Failure.REFUSED)
        return mapping(answer)

    def look(self, ids: Sequence[str]) -> dict[str, Post | Gone]:
        """Up to 100 ids a call; what is not in `data` stands in `errors` with the reason."""
        found: dict[str, Post | Gone] = {}
        for start in range(0, len(ids), PAGE_SIZE):
            part = list(ids[start : start + PAGE_SIZE])
            answer = mapping(asking(partial(self.client.get_tweets, part, **FIELDS)))
            if "data" in answer:
                found |= {item.id: item for item in translate(answer) if isinstance(item, Post)}
            for error in map(mapping, listing(answer.get("errors"))):
                number = optional(error.get("resource_id")) or optional(error.get("value"))
                if number in part:
                    found.setdefault(number, Gone(str(error.get("title") or "tidak ada lagi di X")))
        return found

    # --- speaking

    def prepare(self, outgoing: Outgoing, memo: Memo) -> Memo:
        """Note where our timeline ends, and upload the picture with its description; nothing of it is public yet."""
        newest = self.account.receipts.order_by("-at").values_list("remote_id", flat=True).first()
        noted = {"since_id": newest, **memo}
        if outgoing.act == Act.RETRACT or outgoing.picture is None:
            return noted
        from channels.x_media import with_picture

        return with_picture(self.client, outgoing.picture, outgoing.alt, noted, datetime.now(UTC))

    def send(self, outgoing: Outgoing, memo: Memo) -> Sent:
        """A post; with `remote_id` a reply to that one, which is also how X is corrected; or a deletion."""
        if outgoing.act == Act.RETRACT:
            return self._delete(target(outgoing))
        if outgoing.act == Act.CORRECT:
            target(outgoing)
        media = self._ready_media(memo)
        say = partial(
            self.client.create_tweet,
            text=outgoing.text,
            media_ids=media,
            in_reply_to_tweet_id=outgoing.remote_id or None,
        )
        try:
            answer = mapping(asking(say, writing=True))
        except ChannelError as error:
            raise _explained(error) from error.__cause__
        posted = optional(mapping(answer.get("data")).get("id"))
        if posted is None:
            raise ChannelError("X menerima kiriman tetapi tidak menyebut nomornya.", Failure.UNKNOWN)
        return self._sent(posted)

    def _ready_media(self, memo: Memo) -> list[str] | None:
        number = optional(memo.get("media"))
        if number and memo.get("media_waits"):
            from channels.x_media import require_ready

            require_ready(self.client, number)
        return [number] if number else None

    def _delete(self, number: str) -> Sent:
        """What is no longer there counts as deleted."""
        try:
            answer = mapping(asking(partial(self.client.delete_tweet, number), writing=True))
        except ChannelError as error:
            if error.code != "404":
                raise
            return self._sent(number)
        if mapping(answer.get("data")).get("deleted") is not True and self._stands(number):
            raise ChannelError("X tidak mengatakan bahwa kiriman terhapus.", Failure.UNKNOWN)
        return self._sent(number)

    def find(self, outgoing: Outgoing, memo: Memo) -> Sent | Absent:
        """Our own timeline since the last receipt, compared as text with links expanded; a deletion by looking."""
        if outgoing.act == Act.RETRACT:
            if self._stands(target(outgoing)):
                return Absent(sure=True, note="kiriman masih terlihat di X")  # deleting again is harmless
            return self._sent(outgoing.remote_id)
        answered = outgoing.remote_id or None
        wanted, token = _plain(outgoing.text, reply=bool(answered)), None
        since = not_before(memo)
        while True:
            answer = mapping(asking(partial(self._own_posts, memo.get("since_id"), token)))
            rows = [row for row in listing(answer.get("data")) if isinstance(row, dict)]
            young = [row for row in rows if (moment(row.get("created_at")) or since) >= since]
            for row in young:
                same = _plain(_expanded(row), reply=bool(answered)) == wanted
                if same and _referenced(row, "replied_to") == answered:
                    return self._sent(identifier(row.get("id")))
            token = optional(mapping(answer.get("meta")).get("next_token"))
            if token is None or (rows and not young):  # each row read is paid for
                return Absent(note="belum terlihat di lini masa X")

    def _own_posts(self, since: str | None, token: str | None) -> Any:
        return self.client.get_users_tweets(
            self.user_id,
            since_id=since,
            max_results=PAGE_SIZE,
            pagination_token=token,
            tweet_fields=["created_at", "entities", "referenced_tweets"],
            user_auth=True,
        )

    def shows(self, remote_id: str, permalink: str) -> Shows | Gone:
        """The text with links written out, without the link of its picture."""
        row = self._own_post(remote_id)
        if isinstance(row, Gone):
            return row
        text = html.unescape(_expanded(row)).strip()
        # X calls a bare "lapor.go.id" "http://lapor.go.id", but shows it as it was written.
        return Shows(
            re.sub(r"http://(?=\S)", "", text), permalink=permalink or self._sent(remote_id).permalink
        )

    def numbers(self, remote_id: str) -> Numbers:
        """public_metrics. impression_count counts views, not people: X tells no reach."""
        row = self._own_post(remote_id)
        if isinstance(row, Gone):
            raise ChannelError(
                f"Kiriman ini tidak dapat dibaca di X: {row.why}.", Failure.REFUSED, code="404"
            )
        told = mapping(row.get("public_metrics"))
        passed_on = [count(told.get(name)) for name in ("retweet_count", "quote_count")]
        shares = [number for number in passed_on if number is not None]
        return Numbers(
            likes=count(told.get("like_count")),
            comments=count(told.get("reply_count")),
            shares=sum(shares) if shares else None,
        )

    def _own_post(self, number: str) -> dict[str, Any] | Gone:
        """One post of ours. A missing one comes as 200 with `errors`, each with a title and a type."""
        fields = ["created_at", "entities", "public_metrics"]
        try:
            answer = mapping(
                asking(lambda: self.client.get_tweet(number, tweet_fields=fields, user_auth=True))
            )
        except ChannelError as error:
            if error.code != "404":
                raise
            return Gone(_NOT_FOUND)
        if row := mapping(answer.get("data")):
            return row
        refused = [mapping(one) for one in listing(answer.get("errors"))]
        if not refused:
            raise ChannelError("X menjawab tanpa kiriman yang diminta.", Failure.LATER)
        return Gone(optional(refused[0].get("title")) or "tidak diperlihatkan")

    def _stands(self, number: str) -> bool:
        """Whether it is still there. Raises ChannelError where X neither shows it nor says that it is gone."""
        row = self._own_post(number)
        if isinstance(row, Gone) and row.why != _NOT_FOUND:
            raise ChannelError(f"X tidak memperlihatkan kiriman ini: {row.why}.", Failure.REFUSED)
        return not isinstance(row, Gone)

    def probe(self) -> Probe:
        me = mapping(mapping(asking(lambda: self.client.get_me())).get("data"))
        if str(me.get("id")) != self.user_id:
            return Probe(False, f"Token ini milik @{me.get('username')}, bukan akun {self.user_id}.")
        return Probe(True, f"Masuk sebagai @{me.get('username')}.")

    def _sent(self, posted: str) -> Sent:
        return Sent(posted, f"https://x.com/{self.account.setting('username') or 'i'}/status/{posted}")


def translate(payload: object) -> list[Item]:
    """One v2 answer (a page, one post, a line of the stream) as posts. Never raises.

    A post that was asked for by its id and refused (`errors[]`) becomes one Unreadable; an error body too.
    """
    answer = mapping(payload)
    if not answer:
        return [Unreadable("jawaban X berupa objek diharapkan")]
    data = answer.get("data")
    if data is None and "id" in answer and "text" in answer:
        data = answer  # one post without its envelope
    refused = _refused(answer)
    if data is None:
        # An empty page has no `data`; an error body has `title` and `status` instead.
        if refused or "meta" in answer:
            return refused
        said = _complaint(answer)
        return [Unreadable("jawaban X tanpa data" + (f": {said}" if said else ""))]
    included = mapping(answer.get("includes"))
    users, media, posts = (
        {optional(row.get(key)): row for row in listing(included.get(name)) if isinstance(row, dict)}
        for name, key in (("users", "id"), ("media", "media_key"), ("tweets", "id"))
    )
    rows = [data] if isinstance(data, dict) else data
    return each(rows, lambda row: _post(row, users, media, posts)) + refused


_Included = dict[str | None, dict[str, Any]]


def _post(row: dict[str, Any], users: _Included, media: _Included, posts: _Included) -> Post:
    number = identifier(row["id"])
    author_id = optional(row.get("author_id"))
    handle = optional(users.get(author_id, {}).get("username")) if author_id else None
    passed_on = posts.get(_referenced(row, "retweeted"), {})
    return Post(
        id=number,
        text=_text(row, passed_on),
        author=handle,
        author_id=author_id,
        created_at=moment(row.get("created_at")),
        permalink=f"https://x.com/{handle or 'i'}/status/{number}",
        parent=_referenced(row, "replied_to"),
        first_id=_first_id(row, number),
        repeats=_referenced(row, "retweeted"),
        media=tuple(_addresses(row, media) or _addresses(passed_on, media)),
    )


def _first_id(row: dict[str, Any], number: str) -> str | None:
    """An edited post has a new id and carries the earlier ones, oldest first (docs.x.com, edit posts, 2026-08-22)."""
    ids = [optional(one) for one in listing(row.get("edit_history_tweet_ids"))]
    return ids[0] if ids and ids[0] != number else None


def _text(row: dict[str, Any], passed_on: dict[str, Any]) -> str:
    text = _full(row)
    # A retweet's own text breaks off at 140 characters ("RT @name: …"); the whole one is that of the original
    # in includes.tweets (docs.x.com, data dictionary and expansions, read 2026-08-22).
    start = re.match(r"RT @\w+: ", text)
    return start.group() + _full(passed_on) if start and _full(passed_on) else text


def _full(row: dict[str, Any]) -> str:
    # Posts over 280 characters carry their full text in note_tweet (docs.x.com data dictionary, 2026-08-22).
    long = mapping(row.get("note_tweet")).get("text")
    text = words(long if long and isinstance(long, str) else row.get("text"))
    return words(html.unescape(text))  # X escapes & < > in text


def _referenced(row: dict[str, Any], how: str) -> str | None:
    """The id of the post that this one answers, quotes or passes on."""
    others = [mapping(other) for other in listing(row.get("referenced_tweets"))]
    return next((optional(other.get("id")) for other in others if other.get("type") == how), None)


def _addresses(row: dict[str, Any], media: _Included) -> list[str]:
    keys = [optional(key) for key in listing(mapping(row.get("attachments")).get("media_keys"))]
    found = [_address(media.get(key, {})) for key in keys if key]
    return [address for address in found if address]


def _address(medium: dict[str, Any]) -> str | None:
    """A photo's address, a film's still, else the film itself in its best quality (films have no `url`)."""
    still = optional(medium.get("url")) or optional(medium.get("preview_image_url"))
    films = [
        (_rate(film), optional(film.get("url"))) for film in map(mapping, listing(medium.get("variants")))
    ]
    return still or max(((rate, url) for rate, url in films if url), default=(0, None))[1]


def _rate(film: dict[str, Any]) -> int:
    rate = film.get("bit_rate")  # a playlist (m3u8) has none
    return rate if isinstance(rate, int) else -1


def _refused(answer: dict[str, Any]) -> list[Item]:
    """Posts asked for by id that X did not give; errors about authors or referenced posts are not items."""
    return [
        Unreadable(f"X tidak memberikan butir ini: {_complaint(error)}", optional(error.get("resource_id")))
        for error in map(mapping, listing(answer.get("errors")))
        if error.get("resource_type") == "tweet" and error.get("parameter") in ("id", "ids")
    ]


def _complaint(body: dict[str, Any]) -> str:
    """What an error body says: `detail`, else `title`, else the first of `errors` (v1.1: `message`)."""
    inner = mapping(next(iter(listing(body.get("errors"))), None))
    said = (optional(part.get(name)) for part in (body, inner) for name in ("detail", "title", "message"))
    return next((words for words in said if words), "")


def _a_little_before(number: str | None) -> str | None:
    """A since_id an hour before a post, because X lists some posts late, behind those that came after.

    What is read twice is stored once, and X charges the same post once a day (pricing page, read 2026-08-22).
    """
    if number is None:
        return None
    return str(max(int(number) - (int(_OVERLAP.total_seconds() * 1000) << 22), 1))


def _cut(known: str | None, numbers: list[int]) -> str:
    """Why mentions between the newest known one and those just listed may be missing; "" when they are not.

    A whole list begins before the newest known post; one that ends after it, at X's limit, was cut off. A few of the
    800 may be hidden, so a list whose last page is X's last page counts as full.
    """
    if known is None or len(numbers) <= _LISTED - PAGE_SIZE or min(numbers) <= int(known):
        return ""
    return f"X hanya memberi {_LISTED} sebutan terakhir; yang lebih lama tidak terdengar. Perpendek jarak bacanya."


def _searchable(number: str | None) -> bool:
    """Whether search still knows the time of a post: a since_id older than its 7 days is refused with a 400."""
    if number is None:
        return True
    return _made(number) > datetime.now(UTC) - timedelta(days=6, hours=22)


def plausible(number: str) -> bool:
    """Whether an id can be one of X's: an odd one must never become the cursor, behind which all is skipped."""
    return number.isdecimal() and len(number) < 20 and _made(number) < datetime.now(UTC) + timedelta(days=1)


def _made(number: str) -> datetime:
    """When a post was made: the upper bits of an id are milliseconds since X's epoch (Snowflake)."""
    return datetime.fromtimestamp(((int(number) >> 22) + 1288834974657) / 1000, UTC)


def later(one: str | None, other: str | None) -> str | None:
    """The larger of two numeric ids given as text."""
    return max((value for value in (one, other) if value), key=int, default=None)


def _expanded(row: dict[str, Any]) -> str:
    """The text of one of our posts with t.co links replaced by what they stand for."""
    text = words(row.get("text"))
    for link in map(mapping, listing(mapping(row.get("entities")).get("urls"))):
        short, full = optional(link.get("url")), optional(link.get("expanded_url"))
        if short and full:
            text = text.replace(short, "" if _of_picture(link, full, row) else full)
    return text


def _of_picture(link: dict[str, Any], full: str, row: dict[str, Any]) -> bool:
    """Whether a link is the one that X adds for attached media: …/status/<the post itself>/photo/1."""
    return (
        "media_key" in link or re.search(rf"/status/{row.get('id')}/(?:photo|video)/\d+$", full) is not None
    )


def _plain(text: str, *, reply: bool = False) -> str:
    # The t.co link of attached media stands at the end and is not part of what we wrote.
    text = re.sub(r"\s*https://t\.co/\w+\s*$", "", html.unescape(text))
    if reply:
        # X writes the names of those who are answered before the text (from general knowledge, unverified).
        text = re.sub(r"^\s*(?:@\w{1,15}\s+)+", "", text)
    # "lapor.go.id" is a link to X, which then calls it "http://lapor.go.id".
    text = re.sub(r"https?://(\S+?)/?(?=\s|$)", r"\1", text)
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip()


def _explained(error: ChannelError) -> ChannelError:
    """Two refusals of a post that X words in its own way: an uninvited reply, and a picture that ran out."""
    said = str(error).lower()
    if error.code == "403" and "mentioned or otherwise engaged" in said:
        # {"title": "Forbidden", "detail": "Reply to this conversation is not allowed because you have not been
        # mentioned or otherwise engaged by the author of the post you are replying to.", "status": 403} (third
        # parties, 2026; changelog of 2026-02-23: without Enterprise only "summoned" replies).
        return ChannelError(
            "X menolak balasan ini: tanpa paket Enterprise, X hanya menerima balasan kepada orang yang menyebut atau "
            "mengutip akun kita. Balas lewat aplikasi X.",
            Failure.REFUSED,
            code="403",
        )
    if error.code == "400" and "media ids are invalid" in said:
        # Nothing landed, and `prepare` uploads it anew at the next try.
        return ChannelError("Gambar di X sudah kedaluwarsa; diunggah lagi.", Failure.LATER, code="400")
    return error


def asking(what: Callable[[], Any], *, writing: bool = False) -> Any:
    try:
        return what()
    except tweepy.HTTPException as error:
        raise failure(error, writing=writing) from error
    except requests.RequestException as error:
        raise from_network(error, writing=writing) from error


def failure(error: tweepy.HTTPException, *, writing: bool) -> ChannelError:
    """What an error answer of X means (platforms.md section 4; status first, text only for duplicates)."""
    status = error.response.status_code
    said = "; ".join(str(part) for part in error.api_messages) or error.response.reason or ""
    code = str(status)
    if status == 429:
        return ChannelError(
            "X membatasi jumlah permintaan.",
            Failure.LATER,
            retry_at=_reset(error),
            retry_in=retry_after(error.response),
            code=code,
        )
    if status == 401:
        return ChannelError(
            "X menolak token. Perbarui kunci dan token akun X.", Failure.CREDENTIALS, code=code
        )
    if status == 402 or (status == 403 and _access(error)):
        return ChannelError(f"Akses X tidak mencakup ini: {said}", Failure.CREDENTIALS, code=code)
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


def _access(error: tweepy.HTTPException) -> bool:
    """403s about the plan or the app's permissions carry a problem type or name the permissions."""
    try:
        body = mapping(error.response.json())
    except requests.JSONDecodeError:
        return False
    kind, said = str(body.get("type")), str(body.get("detail")).lower()
    return kind.endswith(("client-forbidden", "oauth1-permissions", "unsupported-authentication")) or (
        "oauth1 app permissions" in said or body.get("reason") == "client-not-enrolled"
    )


def _reset(error: tweepy.HTTPException) -> datetime | None:
    return moment(_number(error.response.headers.get("x-rate-limit-reset")))


def _number(value: str | None) -> int | None:
    return int(value) if value and value.isdigit() else None
