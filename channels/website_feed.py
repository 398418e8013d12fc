"""An RSS 2.0 or Atom feed as a source: the comment feed of a site of the city, or the news of its neighbourhood.

A feed is a public page: no password goes there. feedparser is given bytes only, so it fetches nothing; it takes
declarations of entities out of the document, and a document that declares one is refused before that.
"""

import codecs
import hashlib
import io
import re
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.sax import SAXException

import feedparser
import requests
import urllib3
from django.conf import settings

from channels.contract import ChannelError, Cursor, Failure, Item, Meter, Page, Post, Unreadable
from channels.http import BlockedHost, from_network, measure, retry_after, secure
from channels.plain import plain
from channels.reading import each, listing, mapping, optional
from channels.website_comments import comment_id, number_in, site_of

#: What a source listens to when it names no feed: WordPress's newest comments.
USUAL = "/comments/feed/"
#: Bytes and seconds after which a feed is no feed; the city's largest neighbours stay under 1 MB.
_LARGEST, _LONGEST = 5_000_000, 60.0
#: Items remembered of the feed as it was last seen.
_REMEMBERED = 500
_NAME_BEHIND = re.compile(r"\S+@\S+\s+\((.*)\)$")
_NAME_BEFORE = re.compile(r"(.*?)\s*\(\S+@\S+\)$")
_ENDS = ("</rss>", "</feed>", "</rdf:rdf>")
#: Encodings in which markup looks like markup. Any other one that a feed names is not believed.
_ENCODINGS = re.compile(r"utf-?8|(?:us-)?ascii|iso-?8859-?\d+|(?:windows-|cp)125\d", re.IGNORECASE)
_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s{0,9}=\s{0,9}['\"]([\w-]{1,40})['\"]")
_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,300}\?>")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TROUBLES = (
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    AssertionError,
    RecursionError,
    OverflowError,
    SAXException,
)


def hear(base: str, query: str, staff: Sequence[str], meter: Meter, cursor: Cursor) -> Iterator[Page]:
    """Everything in the feed that the last pass did not see, as one page.

    Cursor: {"etag", "modified"} for the conditional request, {"seen": hashes of the ids that stood in it}. A feed
    shows its newest items only: when none of those seen last time stands there any more, others may have come and
    gone between, and the page says so (`Page.lost`).
    """
    address = urljoin(base + "/", query.strip() or USUAL.lstrip("/"))
    response = _fetch(address, meter, cursor)
    if response is None:  # 304: nothing has changed
        yield Page(())
        return
    document, headers = response
    items = translate(document, _site(base, address), site_of(address.split("?")[0]))
    shown = [_mark(item) for item in items]
    seen = [str(one) for one in listing(cursor.get("seen"))]
    done = {"etag": headers.get("ETag"), "modified": headers.get("Last-Modified")}
    yield Page(
        tuple(item for item in items if not (isinstance(item, Post) and item.author in staff)),
        {**{name: value for name, value in done.items() if value}, "seen": (shown or seen)[:_REMEMBERED]},
        lost=_lost(shown, seen),
    )


def _mark(item: Item) -> str:
    return hashlib.sha256((item.id or "").encode()).hexdigest()[:16]


def _lost(shown: list[str], seen: list[str]) -> str:
    """Why items between two passes may be missing; "" when they are not."""
    known = set(seen)
    pinned = next((place for place, one in enumerate(shown) if one not in known), len(shown))
    if not seen or pinned == len(shown) or known & set(shown[pinned:]):
        return ""
    return (
        f"Umpan hanya memuat {len(shown)} butir terbaru, dan butir terakhir yang sudah dibaca tidak lagi ada di "
        "sana; perpendek jarak bacanya."
    )


def _site(base: str, address: str) -> str:
    """The site that a feed belongs to: our own where it lies under it, else its address without the feed's part."""
    if address.startswith(base + "/"):
        return site_of(base)
    return site_of(re.sub(r"/(comments/)?feed(/.*)?$", "", address.split("?")[0]))


def _fetch(address: str, meter: Meter, cursor: Cursor, longest: float = _LONGEST) -> tuple[bytes, Any] | None:
    """The feed's bytes and headers; None when it has not changed."""
    session = secure(requests.Session(), [urlsplit(address).netloc])
    measure(session, meter)
    session.headers["User-Agent"] = f"Kentongan (+{settings.CITY['website']})"
    session.headers["Accept"] = "application/rss+xml, application/atom+xml, application/xml;q=0.9, */*;q=0.1"
    for name, header in (("etag", "If-None-Match"), ("modified", "If-Modified-Since")):
        if value := optional(cursor.get(name)):
            session.headers[header] = value
    try:
        with session, session.get(address, stream=True) as response:
            if response.status_code == 304:
                return None
            if not response.ok:
                raise _failure(response)
            return _body(response, longest), response.headers
    except BlockedHost as error:
        raise ChannelError(
            f"Umpan dialihkan ke alamat lain ({error}) Tulis alamat barunya pada sumber ini.", Failure.REFUSED
        ) from error
    except requests.RequestException as error:
        raise from_network(error, writing=False) from error
    except urllib3.exceptions.HTTPError as error:  # requests turns it into its own only where it reads itself
        raise ChannelError("Umpan terputus di tengah; dicoba lagi nanti.", Failure.LATER) from error


def _body(response: requests.Response, longest: float) -> bytes:
    """The answer, as far as it is of a feed's size; what is packed is counted unpacked.

    Read as it comes (read1): iter_content waits for 64 KB, and who sends a byte at a time would hold us for days.
    """
    parts, size, end = [], 0, time.monotonic() + longest
    while part := response.raw.read1(65536, decode_content=True):
        parts.append(part)
        size += len(part)
        if size > _LARGEST:
            raise ChannelError(
                f"Umpan lebih besar daripada {_LARGEST // 1_000_000} MB dan tidak dibaca.", Failure.REFUSED
            )
        if time.monotonic() > end:
            raise ChannelError("Umpan datang terlalu lambat; dicoba lagi nanti.", Failure.LATER)
    return b"".join(parts)


def _failure(response: requests.Response) -> ChannelError:
    status = response.status_code
    if status == 429 or status >= 500:
        wait = retry_after(response)
        return ChannelError(
            f"Umpan belum dapat diambil (HTTP {status}).", Failure.LATER, retry_in=wait, code=str(status)
        )
    return ChannelError(
        f"Umpan tidak dapat diambil (HTTP {status}). Periksa alamatnya.", Failure.REFUSED, code=str(status)
    )


def translate(document: bytes, site: str = "", feed: str = "") -> list[Item]:
    """The items of a feed as posts. Raises ChannelError where the document as a whole is no feed.

    ``site`` as `website_comments.site_of` gives it; ``feed``: what sets apart the guids of feeds that only count.
    """
    text = _text_of(document)
    folded = text.lower()
    if "<!entity" in folded:
        raise ChannelError("Umpan menyatakan entitas XML sendiri dan tidak dibaca.", Failure.REFUSED)
    try:
        # Bytes, never a text: feedparser would take a text for an address or a file name, and open it.
        found = feedparser.parse(
            io.BytesIO(_in_order(text)), sanitize_html=False, resolve_relative_uris=False
        )
    except _TROUBLES as error:
        raise ChannelError("Umpan tidak terbaca: isinya bukan XML yang utuh.", Failure.REFUSED) from error
    if not dict.get(found, "version"):
        raise ChannelError(
            "Alamat ini tidak berisi umpan RSS atau Atom (mungkin halaman web biasa).", Failure.REFUSED
        )
    if not any(end in folded[-2000:] for end in _ENDS):
        raise ChannelError("Umpan terpotong di tengah; dicoba lagi nanti.", Failure.LATER)
    return each(listing(dict.get(found, "entries")), partial(_entry, site=site, feed=feed))


def _text_of(document: bytes) -> str:
    """The document as text: by its mark, by what it declares, else UTF-8, else what Windows wrote.

    feedparser would take any encoding that Python knows, and in UTF-7 a declaration of entities does not look like
    one: so the text is made here, and looked at before feedparser sees it.
    """
    marked = next((name for bom, name in _BOMS if document.startswith(bom)), "")
    found = _DECLARED.match(document[:1000])
    declared = found.group(1).decode("ascii", "replace") if found else ""
    for name in filter(None, (marked, declared if _ENCODINGS.fullmatch(declared) else "", "utf-8")):
        try:
            return document.decode(name).replace("\x00", "")
        except (UnicodeError, LookupError):
            continue
    return document.decode("windows-1252", "replace").replace("\x00", "")


def _in_order(text: str) -> bytes:
    """UTF-8 with a declaration on a line of its own, and no runs of white space before the first element.

    feedparser looks for both with patterns that take hours on a first line or a head made for it (6.0.14,
    RE_XML_PI_ENCODING and RE_DOCTYPE_PATTERN), and meanwhile nothing else in the process moves.
    """
    bare = _DECLARATION.sub("", text, count=1) if _DECLARATION.match(text) else text
    start = re.search(r"<\w", bare)
    head = re.sub(r"\s+", "\n", bare[: start.start()]) if start else ""
    whole = head + (bare[start.start() :] if start else bare)
    return b"<?xml version='1.0' encoding='utf-8'?>\n" + whole.encode("utf-8", "replace")


def read(payload: object) -> list[Item]:
    """`translate` for one document given as text or bytes: what is no feed becomes one Unreadable."""
    raw = payload.encode("utf-8", "replace") if isinstance(payload, str) else payload
    try:
        return translate(raw) if isinstance(raw, bytes) else [Unreadable("umpan berupa teks diharapkan")]
    except ChannelError as error:
        return [Unreadable(str(error))]


def _entry(entry: dict[str, Any], site: str, feed: str) -> Post:
    get = partial(dict.get, entry)  # feedparser's own `get` fills gaps with other fields, and warns of it
    link, guid = optional(get("link")), optional(get("id"))
    if not guid and not link:
        raise ValueError("tidak ada guid dan tidak ada tautan")
    number = number_in(link) or number_in(guid)
    return Post(
        id=comment_id(site or site_of(link or guid).split("/")[0], number)
        if number
        else _own_id(guid or link, feed),
        text=_text(entry, comment=bool(number)),
        author=_author(entry),
        created_at=_moment(get("published_parsed")) or _moment(get("updated_parsed")),
        permalink=link if link and link.startswith(("http://", "https://")) else None,
        parent=None,
        media=tuple(_pictures(entry))[:20],
    )


def _own_id(guid: str | None, feed: str) -> str:
    """A guid that is an address or a tag is unique by itself; "123" is so within its feed only."""
    name = (guid or "").strip()
    whole = name if re.match(r"(?:https?://|tag:|urn:)", name) or not feed else f"{feed}#{name}"
    return whole if len(whole) <= 200 else f"{whole[:150]}#{hashlib.sha256(whole.encode()).hexdigest()[:32]}"


def _text(entry: dict[str, Any], comment: bool) -> str:
    """A comment's own words; of an article its title and its summary."""
    full = [_words(mapping(one)) for one in listing(dict.get(entry, "content"))]
    whole = next((text for text in full if text), "")
    summary = _words(mapping(dict.get(entry, "summary_detail")))
    title = _words(mapping(dict.get(entry, "title_detail")))
    if comment:
        return whole or summary or title
    return "\n\n".join(part for part in (title, summary or whole) if part)


def _words(part: dict[str, Any]) -> str:
    value = dict.get(part, "value")
    return (optional(value) or "").strip() if _is_plain(part) else plain(value)


def _is_plain(part: dict[str, Any]) -> bool:
    # RSS titles count as plain text to feedparser, but WordPress writes entities into them.
    value = optional(dict.get(part, "value")) or ""
    return dict.get(part, "type") == "text/plain" and not re.search(r"&#?\w+;", value)


def _author(entry: dict[str, Any]) -> str | None:
    """A name, never an e-mail address: "eni@surel.example (Eni)" in RSS 2.0, "Eni (eni@surel.example)" for Atom."""
    said = (optional(dict.get(entry, "author")) or "").strip()
    if "@" in said:
        found = _NAME_BEHIND.match(said) or _NAME_BEFORE.match(said)
        said = found.group(1).strip() if found else ""
    return said if said and "@" not in said else None


def _moment(parsed: object) -> datetime | None:
    try:
        return datetime(*tuple(parsed)[:6], tzinfo=UTC) if parsed else None  # type: ignore[arg-type,misc]  # struct_time
    except (TypeError, ValueError, OverflowError):
        return None


def _pictures(entry: dict[str, Any]) -> Iterator[str]:
    for part in map(mapping, listing(dict.get(entry, "enclosures"))):
        address = optional(dict.get(part, "href"))
        if address and str(dict.get(part, "type") or "").startswith("image/"):
            yield address
    for part in map(mapping, listing(dict.get(entry, "media_content"))):
        if address := optional(dict.get(part, "url")):
            yield address
