"""An official website on WordPress: articles out over its REST API, comments and feeds in.

Account settings: base_url (https://...), username; category (a category that exists, for articles whose own one is
missing where our role may not make it); staff (a list of names or numbers of registered people who
answer for the city in the comments, where the site hides who they are). Secret: application_password (WordPress,
Users > Profile > Application Passwords; since 5.6). The account should have the role Author: an Editor's raw HTML is
not filtered. An account that only listens needs neither username nor password.
"""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import requests

from channels.contract import (
    Absent,
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
    Picture,
    Post,
    Probe,
    Sent,
    Shows,
    Unreadable,
    Waits,
)
from channels.http import measure, secure
from channels.models import Account
from channels.reading import listing, mapping, optional
from channels.website_access import NO_PASSWORDS
from channels.website_answers import Answers
from channels.website_articles import Articles
from channels.website_comments import Comments, complaint, number_in, site_of
from channels.website_comments import translate as read_comments
from channels.website_media import place
from channels.website_readback import Readback
from channels.website_rest import Rest


class Website:
    """One WordPress site."""

    #: The slug carries our reference, so the site itself tells whether the article is there.
    waits = Waits((10, 60, 180), send_again=True)
    edits, deletes = True, True

    def __init__(self, account: Account) -> None:
        self.account = account
        self.base = account.setting("base_url").rstrip("/")
        self.session = secure(requests.Session(), [urlsplit(self.base).netloc])
        self.rest = Rest(self.session, self.base)
        self.meter = Meter()
        measure(self.session, self.meter)
        if password := account.secret("application_password"):
            self.session.auth = (account.setting("username"), password)

    # --- hearing

    def hear(self, kind: str, query: str, via: str, cursor: Cursor) -> Iterator[Page]:
        """comment (of the whole site), feed (query: its path or address; "" is the site's own comment feed)."""
        if kind == "comment":
            yield from self._comments().hear(cursor)
        elif kind == "feed":
            from channels.website_feed import (
                hear as hear_feed,
            )  # feedparser is loaded only where it is asked for

            yield from hear_feed(self.base, query, self._staff(), self.meter, cursor)
        else:
            raise ChannelError(f"Situs web tidak mempunyai sumber '{kind}'.", Failure.REFUSED)

    def look(self, ids: Sequence[str]) -> dict[str, Post | Gone]:
        """Comments by their number. What came by a feed has no look-up."""
        return self._comments().look(ids)

    def _comments(self) -> Comments:
        return Comments(self.rest.read_whole, site_of(self.base), self._staff())

    def _staff(self) -> list[str]:
        return [name for one in listing(self.account.settings.get("staff")) if (name := optional(one))]

    # --- speaking

    def prepare(self, outgoing: Outgoing, memo: Memo) -> Memo:
        return self._speaker(outgoing).prepare(outgoing, memo)

    def send(self, outgoing: Outgoing, memo: Memo) -> Sent:
        return self._speaker(outgoing).send(outgoing, memo)

    def find(self, outgoing: Outgoing, memo: Memo) -> Sent | Absent:
        return self._speaker(outgoing).find(outgoing, memo)

    def shows(self, remote_id: str, permalink: str) -> Shows | Gone:
        if number_in(remote_id):
            return self._answers().shows(remote_id, permalink)
        return Readback(self.rest).shows(remote_id, permalink)

    def stands(self, permalink: str, text: str) -> bool:
        """Whether the public page answers and carries ``text``: what links to it waits for that."""
        return Readback(self.rest).stands(permalink, text)

    def numbers(self, remote_id: str) -> Numbers:
        return Readback(self.rest).numbers(remote_id)

    def upload(self, name: str, data: bytes, alt: str) -> str:
        """Put a JPEG into the media library unless a file of that name is there; gives its public address."""
        return place(self.rest, Picture(data, "image/jpeg", name), alt)[1]

    def _speaker(self, outgoing: Outgoing) -> Articles | Answers:
        return self._answers() if outgoing.answer else self._articles()

    def _answers(self) -> Answers:
        return Answers(self.rest, site_of(self.base), self.account.setting("username"))

    def _articles(self) -> Articles:
        setting = self.account.setting
        return Articles(self.rest, setting("username"), setting("category"))

    def probe(self) -> Probe:
        index = mapping(self.rest.read("/"))
        if self.session.auth is None:
            return Probe(
                True, f"{index.get('name')} dapat dibaca; tanpa kata sandi aplikasi, jadi hanya mendengar."
            )
        if "application-passwords" not in mapping(index.get("authentication")):
            return Probe(False, NO_PASSWORDS)
        me = mapping(self.rest.read("/wp/v2/users/me", context="edit"))
        return Probe(True, f"Masuk ke {index.get('name')} sebagai {me.get('slug') or me.get('name')}.")


def translate(payload: object) -> list[Item]:
    """Comments as the REST API gives them, or a feed (RSS 2.0, Atom) as text or bytes. Never raises."""
    if isinstance(payload, str | bytes):
        from channels.website_feed import read

        return read(payload)
    if isinstance(payload, dict) and "id" not in payload:
        said = complaint(payload)
        return [Unreadable("jawaban situs tanpa komentar" + (f": {said}" if said else ""))]
    return read_comments(payload)
