"""What a website shows the public of an article of ours: its REST API and the page itself, read like any citizen."""

import re
from urllib.parse import urlsplit, urlunsplit

import requests

from channels.contract import ChannelError, Failure, Gone, Numbers, Shows
from channels.http import from_network, retry_after, secure
from channels.plain import plain
from channels.reading import mapping, optional
from channels.sameness import carries
from channels.website_rest import Rest

_MAIN = re.compile(r"<(main|article)\b.*</\1>", re.DOTALL | re.IGNORECASE)


class Readback:
    """Reading one site from outside: pages without a password."""

    def __init__(self, rest: Rest) -> None:
        self.rest = rest
        self.base = urlsplit(rest.base)
        bare = self.base.netloc.removeprefix("www.")
        self.hosts = (self.base.netloc, bare, f"www.{bare}")

    def stands(self, permalink: str, text: str) -> bool:
        """Whether the public page answers 200 and carries ``text`` (markup or plain). Raises ChannelError."""
        page = self._page(permalink)
        return page is not None and carries(page, text)

    def shows(self, remote_id: str, permalink: str) -> Shows | Gone:
        """The article in words, once the page that everybody sees carries them. Raises ChannelError."""
        try:
            row = mapping(self.rest.read(f"/wp/v2/posts/{remote_id}", _fields="id,status,link,title,content"))
        except ChannelError as error:
            if error.code in ("rest_post_invalid_id", "rest_forbidden") and error.failure == Failure.REFUSED:
                return Gone("artikel tidak ada lagi di situs")
            raise
        if (status := optional(row.get("status"))) != "publish":
            return Gone(f"artikel tidak tayang di situs (status {status})")
        link = optional(row.get("link")) or permalink
        page = self._page(link)
        if page is None:
            return Gone("halaman artikelnya tidak ada")
        content = optional(mapping(row.get("content")).get("rendered")) or ""
        if not carries(page, content):
            # A cache or a theme shows the public something else than the site holds: that is what counts.
            content = found.group(0) if (found := _MAIN.search(page)) else page
        return Shows(plain(content), plain(mapping(row.get("title")).get("rendered")), link)

    def numbers(self, remote_id: str) -> Numbers:
        """Comments, where the site tells; WordPress counts no readers. Raises ChannelError (later)."""
        query = {"post": remote_id, "per_page": 1, "_fields": "id"}
        try:
            _, headers = self.rest.read_whole("/wp/v2/comments", query)
        except ChannelError as error:
            if error.failure in (Failure.REFUSED, Failure.CREDENTIALS):
                return Numbers()  # comments are switched off, or kept from the API
            raise
        total = headers.get("x-wp-total", "")
        return Numbers(comments=int(total) if total.isdigit() else None)

    def _page(self, address: str) -> str | None:
        """The page at ``address``; None when there is none."""
        parts = urlsplit(address)
        if parts.netloc not in self.hosts:
            said = f"Artikel beralamat di {parts.netloc or 'tempat yang tidak dikenal'}, bukan di situs akun ini."
            raise ChannelError(said, Failure.REFUSED)
        # A site behind a proxy may call itself http; we only ever read by the account's own scheme.
        own = urlunsplit((self.base.scheme, parts.netloc, parts.path, parts.query, ""))
        session = secure(requests.Session(), self.hosts)
        try:
            response = session.get(own)
        except requests.RequestException as error:
            raise from_network(error, writing=False) from error
        if response.status_code in (404, 410):
            return None
        if response.status_code != 200:
            said = f"Halaman artikel menjawab HTTP {response.status_code}."
            raise ChannelError(said, Failure.LATER, retry_in=retry_after(response))
        if "charset" not in response.headers.get("content-type", ""):
            response.encoding = "utf-8"  # else requests reads it as ISO-8859-1
        return response.text
