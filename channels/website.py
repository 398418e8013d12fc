"""An official website on WordPress: articles out over its REST API, comments and feeds in.

Account settings: base_url (https://...), username; staff (a list of names or numbers of registered people who
answer for the city in the comments, where the site hides who they are). Secret: application_password (WordPress,
Users > Profile > Application Passwords; since 5.6). The account should have the role Author: an Editor's raw HTML is
not filtered. An account that only listens needs neither username nor password.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, urlsplit

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
    Outgoing,
    Page,
    Post,
    Probe,
    Sent,
    Unreadable,
    Waits,
)
from channels.http import from_network, measure, retry_after, secure
from channels.models import Account
from channels.reading import identifier, listing, mapping, optional
from channels.website_comments import Comments, complaint, site_of
from channels.website_comments import translate as read_comments

_ANY_STATUS = "publish,future,draft,pending,private"
_SEEN = "id,slug,status,link"


class Website:
    """One WordPress site."""

    #: The slug carries our reference, so the site itself tells whether the article is there.
    waits = Waits((10, 60, 180), send_again=True)
    edits, deletes = True, True

    def __init__(self, account: Account) -> None:
        self.account = account
        self.base = account.setting("base_url").rstrip("/")
        self.session = secure(requests.Session(), [urlsplit(self.base).netloc])
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
        return Comments(self._read, site_of(self.base), self._staff())

    def _staff(self) -> list[str]:
        return [name for one in listing(self.account.settings.get("staff")) if (name := optional(one))]

    def _read(self, path: str, query: dict[str, Any]) -> tuple[Any, Mapping[str, str]]:
        response = self._request("GET", path, params=query)
        return response.json(), response.headers

    # --- speaking

    def prepare(self, outgoing: Outgoing, memo: Memo) -> Memo:
        return memo

    def send(self, outgoing: Outgoing, memo: Memo) -> Sent:
        """Create the article unless its slug is taken; a twin that slipped in is put in the trash."""
        already = self.find(outgoing, memo)
        if isinstance(already, Sent):
            return already
        made = self._ask(
            "POST",
            "/wp/v2/posts",
            json={
                "title": outgoing.title,
                "content": outgoing.html,
                "excerpt": outgoing.text,
                "slug": outgoing.slug,
                "status": "publish",
            },
        )
        number = identifier(mapping(made).get("id"))
        if optional(mapping(made).get("slug")) != outgoing.slug:
            # WordPress renames a taken slug to "...-2" without an error (seen with 6.8.12): ours is the twin.
            # It also spells a slug its own way ("AIR" becomes "air"); what is found is then ours and no twin.
            first = self.find(outgoing, memo)
            if isinstance(first, Sent) and first.remote_id != number:
                self._ask("DELETE", f"/wp/v2/posts/{number}")
                return first
        return Sent(number, optional(mapping(made).get("link")) or f"{self.base}/{outgoing.slug}/")

    def find(self, outgoing: Outgoing, memo: Memo) -> Sent | Absent:
        # Not with context=edit: that hides from an author what another user published (seen with 6.8.12).
        rows = self._ask(
            "GET", "/wp/v2/posts", params={"slug": outgoing.slug, "status": _ANY_STATUS, "_fields": _SEEN}
        )
        for row in map(mapping, listing(rows)):
            return Sent(
                identifier(row.get("id")), optional(row.get("link")) or f"{self.base}/{outgoing.slug}/"
            )
        return Absent(note="artikel belum ada di situs")

    def upload(self, name: str, data: bytes, alt: str) -> str:
        """Put a JPEG into the media library unless a file of that name is there; gives its public address."""
        stem = name.rsplit(".", 1)[0]
        wanted = {"search": stem, "per_page": 100, "_fields": "id,source_url"}
        for row in map(mapping, listing(self._ask("GET", "/wp/v2/media", params=wanted))):
            address = optional(row.get("source_url"))
            # The search also gives names that only contain ours; "-scaled" is a picture over 2,560 pixels.
            if address and PurePosixPath(urlsplit(address).path).stem in (stem, f"{stem}-scaled"):
                return address
        headers = {
            "Content-Type": "image/jpeg",
            "Content-Disposition": f'attachment; filename="{quote(name)}"',
        }
        made = mapping(self._ask("POST", "/wp/v2/media", data=data, headers=headers))
        address = optional(made.get("source_url"))
        if not address:
            raise ChannelError("Pustaka media situs tidak menyebut alamat gambar.", Failure.UNKNOWN)
        if alt:
            self._ask("POST", f"/wp/v2/media/{identifier(made.get('id'))}", json={"alt_text": alt})
        return address

    def probe(self) -> Probe:
        # Without WP_ENVIRONMENT_TYPE=local or https, WordPress offers no application passwords and answers a
        # right password with 401, as it does a wrong one; its index tells which (seen with 6.8.12).
        index = mapping(self._ask("GET", "/"))
        if self.session.auth is not None and "application-passwords" not in mapping(
            index.get("authentication")
        ):
            return Probe(False, "Situs ini tidak menerima kata sandi aplikasi (perlu https).")
        if self.session.auth is None:
            return Probe(
                True, f"{index.get('name')} dapat dibaca; tanpa kata sandi aplikasi, jadi hanya mendengar."
            )
        me = mapping(self._ask("GET", "/wp/v2/users/me", params={"context": "edit"}))
        return Probe(True, f"Masuk ke {index.get('name')} sebagai {me.get('slug') or me.get('name')}.")

    def _ask(self, method: str, path: str, **args: Any) -> Any:
        return self._request(method, path, **args).json()

    def _request(self, method: str, path: str, **args: Any) -> requests.Response:
        """A good answer whose body is JSON. Raises ChannelError for every other."""
        writing = method != "GET"
        try:
            response = self.session.request(method, f"{self.base}/wp-json{path}", **args)
            if response.ok:
                response.json()
                return response
        except requests.RequestException as error:
            raise from_network(error, writing=writing) from error
        raise _failure(response, writing=writing)


def translate(payload: object) -> list[Item]:
    """Comments as the REST API gives them, or a feed (RSS 2.0, Atom) as text or bytes. Never raises."""
    if isinstance(payload, str | bytes):
        from channels.website_feed import read

        return read(payload)
    if isinstance(payload, dict) and "id" not in payload:
        said = complaint(payload)
        return [Unreadable("jawaban situs tanpa komentar" + (f": {said}" if said else ""))]
    return read_comments(payload)


def _failure(response: requests.Response, *, writing: bool) -> ChannelError:
    """WordPress errors are {code, message, data: {status}}; the code counts, the status alone misleads."""
    try:
        body = mapping(response.json())
    except requests.JSONDecodeError:
        body = {}
    code, said = optional(body.get("code")) or str(response.status_code), optional(body.get("message")) or ""
    if response.status_code in (401, 403) or _unknown_user(body):
        return ChannelError(f"Situs menolak masuk ({code}): {said}", Failure.CREDENTIALS, code=code)
    if response.status_code == 429:
        wait = retry_after(response)
        return ChannelError("Situs membatasi jumlah permintaan.", Failure.LATER, retry_in=wait, code=code)
    # rest_upload_sideload_error comes with status 500 but is final: the file itself is refused (seen 6.8.12).
    if response.status_code >= 500 and code != "rest_upload_sideload_error":
        failure = Failure.UNKNOWN if writing else Failure.LATER
        return ChannelError(f"Situs sedang bermasalah (HTTP {response.status_code}).", failure, code=code)
    return ChannelError(f"Situs menolak permintaan ({code}): {said}", Failure.REFUSED, code=code)


def _unknown_user(body: dict[str, Any]) -> bool:
    """Whether a look-up was refused for want of a user, which WordPress says with status 400.

    {"code": "rest_invalid_param", "data": {"status": 400, "details": {"status": {"code": "rest_forbidden_status",
    "data": {"status": 401}}}}} is the answer to a wrong password (seen with 6.8.12).
    """
    details = mapping(mapping(body.get("data")).get("details"))
    return mapping(details.get("status")).get("code") == "rest_forbidden_status"
