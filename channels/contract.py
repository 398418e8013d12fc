"""What every channel gives and takes. No platform library is imported here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

#: A channel's own note of how far it has read. JSON; only the channel that wrote it can read it.
Cursor = dict[str, Any]
#: What a channel notes before it sends, so that it can look for the result later. JSON.
Memo = dict[str, Any]


class Failure(StrEnum):
    """What a failed call means for the caller; data, so that nobody has to read a message to decide."""

    REFUSED = "refused"  #: said no for good; nothing landed
    LATER = "later"  #: nothing landed; try again at `retry_at`
    CREDENTIALS = "credentials"  #: nothing landed, and nothing will until a person renews the access
    UNKNOWN = "unknown"  #: it may have landed: read the channel before anything else


class ChannelError(Exception):
    """Saluran tidak dapat dihubungi."""

    def __init__(
        self,
        message: str = "",
        failure: Failure = Failure.UNKNOWN,
        *,
        retry_at: datetime | None = None,
        retry_in: float | None = None,
        code: str = "",
    ) -> None:
        super().__init__(message or (type(self).__doc__ or ""))
        self.failure = failure
        self.retry_at = retry_at  #: UTC, named by the platform; None when it did not say
        self.retry_in = retry_in  #: seconds from now, where only a span is known; None when not even that
        self.code = code  #: the platform's own code, e.g. "190" or "403"; "" when it gave none

    def next_time(self, now: datetime) -> datetime | None:
        """When to try again, by the platform's word; None when it gave none."""
        # A year at most: what a site writes into Retry-After may be beyond every calendar.
        span = None if self.retry_in is None else now + timedelta(seconds=min(self.retry_in, 31_536_000))
        return self.retry_at or span


@dataclass(frozen=True, slots=True)
class Post:
    """One public post or comment, as its platform told of it."""

    id: str  #: the platform's id; for Instagram media the shortcode, which Graph and instaloader share
    text: str  #: "" for a post that is only a picture
    author: str | None = None  #: handle, or the name where a platform has no handles; None when not told
    author_id: str | None = None
    created_at: datetime | None = None  #: UTC, as the platform reported it; None when it did not say
    permalink: str | None = None
    parent: str | None = None  #: id of the post that this one answers
    #: The id under which it was first published, where an edit brings a new one (X); None: it is the same.
    first_id: str | None = None
    #: The id of the post that this one only passes on (a retweet); None: it says something of its own.
    repeats: str | None = None
    media: tuple[str, ...] = ()  #: addresses of pictures and films, as far as the platform gives them


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An item of an answer that could not be read. It is set aside, and the rest goes on."""

    error: str
    id: str | None = None  #: None when not even that could be read


Item = Post | Unreadable


@dataclass(frozen=True, slots=True)
class Gone:
    """A post that its platform no longer shows: deleted, locked or withheld. Our copy must follow."""

    why: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some items, and the cursor to store once these items are stored; None: keep the old cursor."""

    items: tuple[Item, ...]
    cursor: Cursor | None = None
    #: How many items the platform says there are in what this page completes (a result count, a thread's comment
    #: count); None when it says nothing.
    declared: int | None = None
    received: int | None = None  #: how many of those declared it gave
    #: Why something between the last pass and this page can no longer be heard; "" when nothing is missing.
    lost: str = ""


@dataclass(slots=True)
class Meter:
    """What a channel's calls used up, filled while it is read."""

    calls: int = 0
    used: float = 0.0  #: highest share of an allowance that an answer named, per cent
    rest: float | None = None  #: seconds until the allowance is free again, where an answer said so
    skew: float | None = None  #: seconds by which the platform's clock is ahead of ours; None: no answer told


class Act(StrEnum):
    """What is to happen on the channel."""

    PUBLISH = "publish"
    CORRECT = "correct"  #: edit the post where the API can; else a visible reply or comment under it
    RETRACT = "retract"  #: delete it; a website keeps the address and says that, and why, it was withdrawn


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that goes with a post, inspected and fit for the channel."""

    data: bytes
    media_type: str  #: "image/jpeg" or "image/png"
    name: str  #: made from the hash of its content, so that a second upload finds the first


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One announcement (or reply) as one channel will show it."""

    text: str  #: the whole text of a post; the excerpt on a website
    reference: str  #: our visible reference, e.g. "KTG-7F3A2C": what `find` looks for
    title: str = ""  #: websites and feed
    html: str = ""  #: websites and feed, already sanitised
    slug: str = ""  #: websites and feed; ends in the reference, so that it is ours alone
    image_url: str = ""  #: public address of the card; Instagram fetches it
    alt: str = ""  #: what the card or the picture shows, in words
    act: Act = Act.PUBLISH
    #: The post that is corrected or withdrawn, or (with PUBLISH) answered in a reply; "" for a new one.
    remote_id: str = ""
    #: Public sentence of a correction or withdrawal: what was wrong. A website prints it; a reply has it in `text`.
    change_note: str = ""
    picture: Picture | None = None  #: X, Facebook and websites (featured image); None: text alone
    categories: tuple[str, ...] = ()  #: names of website categories; made where they do not exist
    #: It is, or is about, an answer in somebody's thread: a comment, not a post of its own.
    answer: bool = False
    #: What we said last in the post that is corrected, so that a website can tell what others changed in it; None:
    #: not known.
    before: "Outgoing | None" = None


@dataclass(frozen=True, slots=True)
class Shows:
    """What a channel shows of a post of ours now."""

    text: str
    title: str = ""
    permalink: str = ""


@dataclass(frozen=True, slots=True)
class Numbers:
    """How a post was received. None: the platform does not tell, which is not zero."""

    likes: int | None = None
    comments: int | None = None
    shares: int | None = None
    reach: int | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    remote_id: str
    permalink: str


@dataclass(frozen=True, slots=True)
class Absent:
    """Looked for and not there. `sure`: it cannot appear later either, so sending again is safe."""

    sure: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """The answer to "does this account work?"."""

    ok: bool
    sentence: str
    details: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Access:
    """What a token is allowed to do, and until when, by its platform's word."""

    scopes: tuple[str, ...]
    expires_at: datetime | None  #: UTC; None: it does not expire
    valid: bool


@dataclass(frozen=True, slots=True)
class Waits:
    """How long an unknown delivery is looked for, and what follows when it is not found."""

    #: Seconds after the attempt at which the channel is read again.
    seconds: tuple[int, ...]
    #: True: the platform itself would refuse or make visible a twin, so one more send is allowed.
    send_again: bool


class Speaking(Protocol):
    """The half of a channel that publishes, corrects and withdraws; `Outgoing.act` says which."""

    waits: Waits
    #: Whether a published text can be changed in place. False: a correction is a visible reply or comment.
    edits: bool
    #: Whether a post can be taken away by us. False: a withdrawal is a visible comment, and a person deletes it.
    deletes: bool

    def prepare(self, outgoing: Outgoing, memo: Memo) -> Memo:
        """Everything before the send that leaves nothing public; the memo is stored before `send`."""
        ...

    def send(self, outgoing: Outgoing, memo: Memo) -> Sent:
        """The one call that makes it public. Raises ChannelError; UNKNOWN when it may have landed."""
        ...

    def find(self, outgoing: Outgoing, memo: Memo) -> Sent | Absent:
        """Look for what `send` may have left behind: the post, its changed text, or its absence."""
        ...

    def shows(self, remote_id: str, permalink: str) -> Shows | Gone:
        """What stands there now (read-back). Raises ChannelError."""
        ...

    def numbers(self, remote_id: str) -> Numbers:
        """Likes, comments, shares and reach as far as the API tells. Raises ChannelError."""
        ...

    def probe(self) -> Probe: ...


class Hearing(Protocol):
    """The half of a channel that listens."""

    meter: Meter

    def look(self, ids: Sequence[str]) -> dict[str, Post | Gone]:
        """What became of posts heard before; an id that is missing in the answer could not be looked at."""
        ...

    def hear(self, kind: str, query: str, via: str, cursor: Cursor) -> Iterator[Page]:
        """Everything new since ``cursor``, page by page. Raises ChannelError; the pages given still count."""
        ...

    def probe(self) -> Probe: ...
