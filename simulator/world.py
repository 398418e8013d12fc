"""The town's memory: people, posts, comments, and which shelf of which platform shows them.

A world row's ``how`` alone chooses the shelf (see ``SHELVES``), never its text.
"""

import base64
import json
import re
import unicodedata
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from simulator.faults import Faults
from simulator.identity import Identity

CHANNELS = ("x", "facebook", "instagram")
HOWS = ("mention", "comment", "keyword", "hashtag", "tagged")

#: (channel, how) -> the shelf that shows it. Comments on Facebook and Instagram stand under their post only.
#: Facebook has no public search, so keyword and hashtag rows are served as posts that tag the Page.
#: Instagram gives @mentions by webhook only. While no webhook is subscribed they are served with the tags, so
#: that they can be read; once one is, they stand on no shelf (see ``Post.whispered``).
SHELVES: dict[tuple[str, str], str] = {
    ("x", "mention"): "mentions",
    ("x", "comment"): "mentions",
    ("x", "tagged"): "mentions",
    ("x", "keyword"): "keyword",
    ("x", "hashtag"): "hashtag",
    ("facebook", "mention"): "visitors",
    ("facebook", "tagged"): "tagged",
    ("facebook", "keyword"): "tagged",
    ("facebook", "hashtag"): "tagged",
    ("instagram", "tagged"): "tags",
    ("instagram", "mention"): "tags",
    ("instagram", "keyword"): "hashtag",
    ("instagram", "hashtag"): "hashtag",
}

X_EPOCH_MS = 1288834974657
INSTAGRAM_EPOCH_MS = 1314220021721
CITY_WORDS = "Selamat datang di akun resmi kami. Sampaikan pertanyaan dan laporan Anda di kolom komentar."

Order = tuple[int, int]


@dataclass(frozen=True)
class Person:
    id: str
    name: str
    username: str


class Timeline:
    """Posts kept in order, oldest first; pages are cut out of it by bisection."""

    def __init__(self, posts: "Iterable[Post]" = ()) -> None:
        self._posts: list[Post] = sorted(posts, key=_order)

    def add(self, post: "Post") -> None:
        insort(self._posts, post, key=_order)

    def discard(self, post: "Post") -> None:
        at = bisect_left(self._posts, post.order, key=_order)
        if at < len(self._posts) and self._posts[at] is post:
            del self._posts[at]

    def __len__(self) -> int:
        return len(self._posts)

    def __iter__(self) -> Iterator["Post"]:
        return iter(self._posts)

    def newest(self) -> Iterator["Post"]:
        return reversed(self._posts)

    def page(
        self,
        limit: int,
        *,
        low: Order | None = None,
        high: Order | None = None,
        last: int | None = None,
        oldest_first: bool = False,
    ) -> tuple[list["Post"], bool]:
        """Up to ``limit`` posts strictly between ``low`` and ``high``, and whether more follow.

        ``last`` keeps only that many of the newest posts (a platform's retention).
        """
        begin = 0 if low is None else bisect_right(self._posts, low, key=_order)
        end = len(self._posts) if high is None else bisect_left(self._posts, high, key=_order)
        if last is not None:
            begin = max(begin, len(self._posts) - last)
        if oldest_first:
            return self._posts[begin : min(end, begin + limit)], begin + limit < end
        return self._posts[max(begin, end - limit) : max(begin, end)][::-1], end - limit > begin


@dataclass(eq=False)
class Post:
    channel: str
    id: str
    author: Person
    text: str
    created_at: datetime
    #: One of HOWS, or "city" for what the city wrote.
    how: str
    #: Sort key: the number of the post on X, (microseconds, sequence) elsewhere.
    order: Order
    #: The id in the world file; None for what the town or the city wrote.
    world_id: str | None = None
    #: Instagram media only.
    shortcode: str = ""
    parent: "Post | None" = None
    #: URLs.
    media: list[str] = field(default_factory=list)
    #: Alternative texts by URL.
    alt: dict[str, str] = field(default_factory=dict)
    #: Direct comments, and (on a post that is no comment) the comments of all levels.
    replies: Timeline = field(default_factory=Timeline)
    thread: Timeline = field(default_factory=Timeline)
    #: Written by the city through an API, not made by the town at the start.
    spoken: bool = False
    #: False while a Facebook post is scheduled or unpublished.
    public: bool = True
    deleted: bool = False
    #: Facebook: when a scheduled post is to appear.
    due: datetime | None = None
    #: X: the shortened links of the text, as ``entities.urls`` items.
    links: list[dict[str, Any]] = field(default_factory=list)
    #: How it was received, as far as the town was told: likes, shares, reach.
    told: dict[str, int] = field(default_factory=dict)
    #: The last time its author changed it, and how often; None when never.
    edited_at: datetime | None = None
    edits: int = 0
    #: Instagram: a mention told by webhook only and read by ``mentioned_media`` or ``mentioned_comment``.
    whispered: bool = False
    #: Websites: the article that a comment stands under; 0 elsewhere.
    article: int = 0
    root: "Post" = field(init=False)

    def __post_init__(self) -> None:
        self.root = self if self.parent is None else self.parent.root

    @property
    def top(self) -> "Post":
        """The comment of the first level this one stands under (Instagram has two levels only)."""
        post = self
        while post.parent is not None and post.parent.parent is not None:
            post = post.parent
        return post

    @property
    def public_id(self) -> str:
        """The id shared by every way of reading: the shortcode for Instagram media, else the number."""
        return self.shortcode or self.id


def _order(post: Post) -> Order:
    return post.order


#: How far the town's clock is ahead of this computer's, so that a trial need not sleep through what takes hours.
_ahead = timedelta(0)


def now() -> datetime:
    return datetime.now(UTC) + _ahead


def set_clock(moment: datetime | None) -> None:
    """Let it be ``moment`` in the town, and go on from there; None: this computer's time again."""
    global _ahead
    _ahead = timedelta(0) if moment is None else moment - datetime.now(UTC)


def micros(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def shortcode(media_id: int) -> str:
    """The short name of an Instagram medium: its number in base 64 (instaloader, mediaid_to_shortcode)."""
    code = base64.urlsafe_b64encode(media_id.to_bytes(9, "big")).decode()
    return code.lstrip("A")


def iso(text: Any) -> datetime:
    """An ISO 8601 moment; without a zone it is UTC. ValueError when it is none."""
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is not an ISO date and time")
    moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class BadRow(ValueError):
    """A row that cannot be loaded; the message is a sentence."""


@dataclass
class Row:
    channel: str
    id: str
    text: str
    author: str
    how: str
    #: None when the row did not say.
    created_at: datetime | None
    parent: str | None
    media: list[str]


def _identifier(value: Any, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or str(value) == "":
        raise BadRow(f"{name} must be a text or a whole number, not {value!r}.")
    return str(value)


def row(data: Any, channels: Iterable[str] = CHANNELS) -> Row:
    """A world row from its JSON; BadRow says what is wrong with it. A website has comments only."""
    if not isinstance(data, dict):
        raise BadRow("A row must be a JSON object.")
    channel = data.get("channel")
    channel = channel.lower() if isinstance(channel, str) else ""
    if channel not in channels:
        raise BadRow(f"channel must be one of {', '.join(channels)}, not {data.get('channel')!r}.")
    if data.get("how") not in HOWS:
        raise BadRow(f"how must be one of {', '.join(HOWS)}, not {data.get('how')!r}.")
    if channel not in CHANNELS and data["how"] != "comment":
        raise BadRow(f"how must be comment on the website {channel}, not {data['how']!r}.")
    if not isinstance(data.get("text"), str):
        raise BadRow(f"text must be a text, not {data.get('text')!r}.")
    created = None
    if data.get("created_at") not in (None, ""):
        try:
            created = iso(data["created_at"])
        except (ValueError, OverflowError):
            raise BadRow(f"created_at {data['created_at']!r} is not an ISO date and time.") from None
    media = data.get("media") or []
    media = [media] if isinstance(media, str) else media
    if not isinstance(media, list) or not all(isinstance(m, str) for m in media):
        raise BadRow("media must be a list of texts.")
    parent = data.get("parent")
    author = data.get("author")
    return Row(
        channel=channel,
        id=_identifier(data.get("id"), "id"),
        text=data["text"],
        author="warga" if author in (None, "") else str(author),
        how=data["how"],
        created_at=created,
        parent=None if parent in (None, "") else _identifier(parent, "parent"),
        media=media,
    )


class Town:
    """Everything that has been said, by citizens and by the city."""

    def __init__(self, identity: Identity, *, caps: bool = True, faults: Faults | None = None) -> None:
        self.identity = identity
        self.caps = caps
        self.faults = faults or Faults(identity)
        #: Where the town itself listens; set once the socket is bound.
        self.base_url = "http://127.0.0.1:0"
        #: The platforms, and the websites by their keys.
        self.channels = (*CHANNELS, *(site.key for site in identity.websites))
        #: Sentences about world rows that were not loaded.
        self.problems: list[str] = []
        self.by_world: dict[str, dict[str, Post]] = {c: {} for c in self.channels}
        self.by_id: dict[str, dict[str, Post]] = {c: {} for c in self.channels}
        #: What was taken away, in that order.
        self.gone: dict[str, list[Post]] = {c: [] for c in self.channels}
        self.gone_ids: dict[str, set[str]] = {c: set() for c in self.channels}
        #: Who wants to be told what citizens say, change and take away: (posts, add | edited | remove).
        self.listeners: list[Callable[[list[Post], str], None]] = []
        #: True while a webhook is subscribed.
        self.webhook = False
        #: By website: the number of the article that a comment row goes under, made when there is none.
        self.article_for: dict[str, Callable[[str | None], int]] = {}
        self.by_shortcode: dict[str, Post] = {}
        #: Uploaded pictures by name: (type, bytes).
        self.pictures: dict[str, tuple[str, bytes]] = {}
        #: What the city said through the APIs, oldest first.
        self.spoken: dict[str, list[Post]] = {c: [] for c in CHANNELS}
        #: The last time something of the channel was read; rows without a time are newer than that.
        self.last_read: dict[str, datetime] = {}
        self._shelves: dict[tuple[str, str], Timeline] = {}
        self._people: dict[tuple[str, str], Person] = {}
        self._usernames: dict[tuple[str, str], Person] = {}
        self._people_by_id: dict[tuple[str, str], Person] = {}
        self._sequence = 0
        self._minted: dict[tuple[str, int], int] = {}
        self._scheduled: list[Post] = []
        self._settle()

    def _settle(self) -> None:
        """The city's accounts, and one post of the city per platform for comments to hang under."""
        who = self.identity
        self.city = {
            "x": Person(who.x.user_id, who.x.name, who.x.username),
            "facebook": Person(who.facebook.page_id, who.facebook.name, who.facebook.name),
            "instagram": Person(who.instagram.user_id, who.instagram.name, who.instagram.username),
        }
        for channel, person in self.city.items():
            self._usernames[channel, person.username.lower()] = person
            self._people_by_id[channel, person.id] = person
        began = now() - timedelta(hours=2)
        self.city_post = {
            channel: self.post(channel, self.city[channel], CITY_WORDS, created_at=began, how="city")
            for channel in CHANNELS
        }
        picture = self.picture_url("instagram", "kota.jpg")
        self.city_post["instagram"].media = [picture]

    # People

    def person(self, channel: str, author: str) -> Person:
        """The citizen of that name on that platform; the same name is the same person."""
        found = self._people.get((channel, author))
        if found is None:
            number = len(self._people) + 1
            username = self._username(channel, author)
            base = {"x": 1500000000000000000, "facebook": 24000000000000000, "instagram": 50000000000}.get(
                channel, 0
            )
            found = Person(str(base + number), author.lstrip("@") or author, username)
            self._people[channel, author] = found
            self._usernames[channel, username.lower()] = found
            self._people_by_id[channel, found.id] = found
        return found

    def _username(self, channel: str, author: str) -> str:
        bare = author.lstrip("@").strip()
        if not re.fullmatch(r"[A-Za-z0-9_.]{1,30}", bare):
            plain = unicodedata.normalize("NFKD", bare).encode("ascii", "ignore").decode().lower()
            bare = re.sub(r"[^a-z0-9]+", "_", plain).strip("_") or "warga"
        bare = bare.lower()[:30] if channel == "instagram" else bare.replace(".", "_")[:15]
        username, n = bare, 1
        while (channel, username.lower()) in self._usernames:
            n += 1
            username = f"{bare[: 15 - len(str(n))]}{n}"
        return username

    def person_by_username(self, channel: str, username: str) -> Person | None:
        return self._usernames.get((channel, username.lower()))

    def person_by_id(self, channel: str, number: str) -> Person | None:
        return self._people_by_id.get((channel, number))

    # Shelves and posts

    def shelf(self, channel: str, name: str) -> Timeline:
        return self._shelves.setdefault((channel, name), Timeline())

    def picture_url(self, channel: str, name: str) -> str:
        """A medium of a world row: URLs stay, bare names become addresses on the platform's picture host."""
        if "://" in name:
            return name
        return f"https://{PICTURE_HOSTS[channel]}/media/{name.lstrip('/')}"

    def keep_picture(self, channel: str, content_type: str, data: bytes) -> str:
        self._sequence += 1
        suffix = {"image/png": "png", "image/gif": "gif", "image/webp": "webp", "video/mp4": "mp4"}
        name = f"city-{self._sequence}.{suffix.get(content_type, 'jpg')}"
        self.pictures[name] = (content_type, data)
        return self.picture_url(channel, name)

    def post(
        self,
        channel: str,
        author: Person,
        text: str,
        *,
        how: str,
        created_at: datetime | None = None,
        parent: Post | None = None,
        media: Iterable[str] = (),
        world_id: str | None = None,
        spoken: bool = False,
        public: bool = True,
        whispered: bool = False,
        article: int = 0,
    ) -> Post:
        moment = created_at or now()
        number, order, code = self._mint(channel, moment, parent)
        made = Post(
            channel,
            number,
            author,
            text,
            moment,
            how,
            order,
            world_id,
            code,
            parent,
            [self.picture_url(channel, m) for m in media],
            spoken=spoken,
            public=public,
            whispered=whispered,
            article=article,
        )
        self.by_id[channel][number] = made
        if code:
            self.by_shortcode[code] = made
        if world_id is not None:
            self.by_world[channel][world_id] = made
        if spoken:
            self.spoken[channel].append(made)
        if public:
            self.show(made)
        return made

    def show(self, post: Post) -> None:
        """Put a post where it can be read."""
        post.public = True
        if post.parent is not None:
            post.parent.replies.add(post)
            post.root.thread.add(post)
        for name in self._shelf_names(post):
            self.shelf(post.channel, name).add(post)

    def hide(self, post: Post) -> None:
        """Take a post out of sight; on Facebook and Instagram what stands under it goes too."""
        waiting = [post]
        while waiting:
            gone = waiting.pop()
            gone.deleted = True
            self.gone[gone.channel].append(gone)
            self.gone_ids[gone.channel].add(gone.id)
            self.by_id[gone.channel].pop(gone.id, None)
            self.by_shortcode.pop(gone.shortcode, None)
            if gone.parent is not None:
                gone.parent.replies.discard(gone)
                gone.root.thread.discard(gone)
            for name in self._shelf_names(gone):
                self.shelf(gone.channel, name).discard(gone)
            if gone.channel in ("facebook", "instagram"):
                waiting.extend(gone.replies)

    def edit(self, post: Post, text: str) -> None:
        """The author changes the text. BadRow where the platform has no such thing."""
        if post.channel == "instagram" and post.parent is not None:
            raise BadRow("A comment on Instagram cannot be changed, only deleted.")
        post.text, post.edited_at, post.edits = text, now(), post.edits + 1
        if "said" in post.alt:
            post.alt["said"], post.links = text, []
        self.tell([post], "edited")

    def remove(self, post: Post) -> None:
        """The author takes the post away."""
        self.hide(post)
        self.tell([post], "remove")

    def tell(self, posts: list[Post], verb: str) -> None:
        heard = [p for p in posts if p.how != "city"]
        for listener in self.listeners if heard else ():
            listener(heard, verb)

    def _shelf_names(self, post: Post) -> list[str]:
        if post.channel not in CHANNELS:
            return ["comments"]
        if post.whispered:
            return []
        if post.how == "city":
            return [] if post.parent is not None and post.channel != "x" else ["own"]
        name = SHELVES.get((post.channel, post.how))
        return [] if name is None else [name]

    def _mint(self, channel: str, moment: datetime, parent: Post | None) -> tuple[str, Order, str]:
        """A new number, its place in the order, and (Instagram media) its short name."""
        self._sequence += 1
        if channel == "facebook":
            order = (micros(moment), self._sequence)
            serial = 700000000000000 + self._sequence
            if parent is None:
                return f"{self.identity.facebook.page_id}_{serial}", order, ""
            return f"{parent.root.id.rsplit('_', 1)[-1]}_{serial}", order, ""
        if channel == "instagram":
            order = (micros(moment), self._sequence)
            if parent is not None:
                return str(18000000000000000 + self._sequence), order, ""
            number = self._flake(channel, moment, INSTAGRAM_EPOCH_MS, 23)
            return str(number), order, shortcode(number)
        if channel != "x":
            return str(5000 + self._sequence), (micros(moment), self._sequence), ""
        number = self._flake(channel, moment, X_EPOCH_MS, 22)
        return str(number), (number, 0), ""

    def _flake(self, channel: str, moment: datetime, epoch: int, bits: int) -> int:
        """A number made of the moment, as both platforms make theirs: milliseconds, then a counter."""
        ms = max(0, micros(moment) // 1000 - epoch)
        self._minted[channel, ms] = count = self._minted.get((channel, ms), 0) + 1
        return (ms << bits) | count

    # Scheduled posts

    def schedule(self, post: Post, due: datetime) -> None:
        post.due = due
        self._scheduled.append(post)

    @property
    def scheduled(self) -> list[Post]:
        return sorted((p for p in self._scheduled if not p.deleted), key=lambda p: p.due or p.created_at)

    def tick(self) -> None:
        """Publish what is due; called before every request, so no clock runs in the background."""
        for post in [p for p in self._scheduled if p.due is not None and p.due <= now()]:
            self._scheduled.remove(post)
            if not post.deleted:
                post.created_at = post.due or post.created_at
                post.order = (micros(post.created_at), post.order[1])
                self.show(post)

    # Loading

    def say(self, said: Row) -> Post:
        """One citizen speaks now. BadRow when the id is taken."""
        if said.id in self.by_world[said.channel]:
            raise BadRow(f"{said.channel} already has a row with id {said.id!r}.")
        made = self._place(said, said.created_at or now(), self.named(said.channel, said.parent))
        self.tell([made], "add")
        return made

    def load(self, text: str, source: str = "world") -> tuple[int, list[str]]:
        """Load JSON Lines. Bad and repeated rows are left out and each is told in a sentence."""
        rows, problems = self._read(text, source)
        moments = self._moments(rows)
        pending = {(r.channel, r.id): r for r in rows}
        for said in rows:
            if (said.channel, said.id) in pending and said.how != "comment" and not self._whispered(said):
                del pending[said.channel, said.id]
                self._place(said, moments[said.channel, said.id], None)
        for said in rows:
            self._place_chain(said, pending, moments)
        placed = [self.by_world[r.channel][r.id] for r in rows]
        self.tell(sorted(placed, key=lambda p: p.created_at), "add")
        self.problems.extend(problems)
        return len(rows), problems

    def _read(self, text: str, source: str) -> tuple[list[Row], list[str]]:
        rows: list[Row] = []
        problems: list[str] = []
        seen: set[tuple[str, str]] = set()
        for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
            if not line.strip():
                continue
            try:
                said = row(json.loads(line), self.channels)
                if (said.channel, said.id) in seen or said.id in self.by_world[said.channel]:
                    raise BadRow(f"{said.channel} already has a row with id {said.id!r}.")
            except json.JSONDecodeError as error:
                problems.append(f"{source} line {number}: This is not JSON ({error.msg}).")
            except BadRow as error:
                problems.append(f"{source} line {number}: {error}")
            except RecursionError:
                problems.append(f"{source} line {number}: This JSON is nested too deeply.")
            else:
                seen.add((said.channel, said.id))
                rows.append(said)
        return rows, problems

    def _moments(self, rows: list[Row]) -> dict[tuple[str, str], datetime]:
        """When each row was said. Rows without a time share the last hour, in file order, but never the
        time before the channel was last read: no platform puts a new post behind one already shown."""
        moments: dict[tuple[str, str], datetime] = {}
        for channel in self.channels:
            end = now()
            begin = max(end - timedelta(hours=1), self.last_read.get(channel, end - timedelta(hours=1)))
            untimed = [r for r in rows if r.channel == channel and r.created_at is None]
            for n, said in enumerate(untimed, start=1):
                moments[channel, said.id] = begin + (end - begin) * n / len(untimed)
        moments.update({(r.channel, r.id): r.created_at for r in rows if r.created_at is not None})
        return moments

    def _place_chain(
        self, said: Row, pending: dict[tuple[str, str], Row], moments: dict[tuple[str, str], datetime]
    ) -> None:
        """Place a comment after its ancestors; a circle of parents is cut at the row we came from."""
        chain: list[Row] = []
        current: Row | None = said
        while current is not None and pending.pop((current.channel, current.id), None) is not None:
            chain.append(current)
            current = pending.get((current.channel, current.parent)) if current.parent else None
        for link in reversed(chain):
            self._place(link, moments[link.channel, link.id], self.named(link.channel, link.parent))

    def named(self, channel: str, name: str | None) -> Post | None:
        """The post that has this id in the world file or on the platform."""
        if name is None:
            return None
        found = self.by_world[channel].get(name) or self.by_id[channel].get(name)
        if found is None and channel == "instagram":
            found = self.by_shortcode.get(name)
        return found

    def _whispered(self, said: Row) -> bool:
        return self.webhook and said.channel == "instagram" and said.how == "mention"

    def _place(self, said: Row, moment: datetime, parent: Post | None) -> Post:
        article, whispered = 0, self._whispered(said)
        if said.channel not in CHANNELS:
            if parent is not None and parent.deleted:
                parent = None
            article = self.article_for[said.channel](said.parent) if parent is None else parent.article
        elif whispered:
            # A mention in a comment stands under somebody else's medium; one in a caption has no parent.
            if parent is not None and (parent.deleted or parent.root.how == "city"):
                parent = None
            parent = None if parent is None else parent.root
        elif said.how != "comment":
            parent = None
        elif parent is None or parent.deleted:
            parent = self.city_post[said.channel]
        elif said.channel == "instagram" and parent.root.how != "city":
            # Graph shows the comments of the account's own media only.
            parent = self.city_post["instagram"]
        elif said.channel == "instagram" and parent.parent is not None:
            parent = parent.top
        author = self.person(said.channel, said.author)
        return self.post(
            said.channel,
            author,
            said.text,
            how=said.how,
            created_at=moment,
            parent=parent,
            media=said.media,
            world_id=said.id,
            whispered=whispered,
            article=article,
        )

    def find(self, channel: str, number: str, keep: Callable[[Post], bool] | None = None) -> Post | None:
        found = self.by_id[channel].get(number)
        return None if found is None or (keep is not None and not keep(found)) else found


PICTURE_HOSTS = {
    "x": "pbs.twimg.com",
    "facebook": "scontent.xx.fbcdn.net",
    "instagram": "scontent.cdninstagram.com",
}


def cursor(order: Order) -> str:
    return base64.urlsafe_b64encode(f"{order[0]}.{order[1]}".encode()).decode().rstrip("=")


def uncursor(text: str) -> Order:
    """The order a cursor stands for; ValueError when it is no cursor of this town."""
    first, _, second = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(".")
    return int(first), int(second)
