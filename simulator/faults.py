"""What can go wrong, on order: each fault is armed for a route and happens a given number of times.

A fault whose name says ``commit`` or ``after_commit`` carries the write out first and then spoils the
answer; so do ``no_content_type`` and nothing else. Platforms really do this: koala#699 (HTTP 500, code 2,
seven duplicate posts), postiz#1681 (4/2207051 while the post is live). The faults of ``simulator.spoil`` spoil
a page of a list and wait until a page comes that they fit: ``empty_page`` and ``overlap_page`` one after the
first, ``missing_next`` one that has a next.
"""

import asyncio
import copy
import json
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

from starlette.responses import Response

from simulator import spoil
from simulator.identity import Identity
from simulator.spoil import items as _items
from simulator.wire import Call, Closed, Cut, Json, html, untyped

Work = Callable[[], Awaitable[Response]]

COMMITTED = (
    "commit_then_503",
    "commit_then_500_html",
    "commit_then_hang",
    "commit_then_truncate",
    "commit_then_close",
)
GENERAL = (
    *COMMITTED,
    "error_503",
    "error_500_html",
    "hang",
    "truncate",
    "rate_limited",
    "rate_limited_bare",
    "no_content_type",
    "token_revoked",
    "permission",
    "rate_limited_retry_after",
)
CODES = ("code_17", "code_613", "code_80001", "code_80002")
GRAPH = (
    "graph_code_2_after_commit",
    "graph_4_2207051_after_commit",
    "page_limit",
    *CODES,
    "usage_high",
    "wrong_count",
)
CONTAINER = ("slow_container", "container_error", "container_expired")
PAGES = ("overlap_page", "shuffled_page", "late_items", "clock_skew", "missing_next", "empty_page")
LISTS = ("bad_item", "duplicate_page", *PAGES)
READS = ("html_200",)
WEBHOOK = ("webhook.repeat", "webhook.reorder", "webhook.drop", "webhook.bad_signature")
STREAM = ("stream_close",)
#: X refuses a reply to somebody who neither mentioned nor quoted the account.
REPLY = ("not_summoned",)
#: X has uploaded media no longer, although nothing was posted with them.
MEDIA = ("media_expired",)
#: X is not done with an uploaded picture at once.
UPLOAD = ("media_slow",)
#: What can happen to a stream: it is refused, or it ends.
STREAMED = (
    *STREAM,
    *READS,
    "error_503",
    "error_500_html",
    "rate_limited",
    "rate_limited_bare",
    "rate_limited_retry_after",
    "token_revoked",
    "permission",
    "scope_revoked",
)
FAULTS = (
    *GENERAL,
    *GRAPH,
    *CONTAINER,
    "login_redirect",
    "scope_revoked",
    *LISTS,
    *READS,
    *WEBHOOK,
    *STREAM,
    *REPLY,
    *MEDIA,
    *UPLOAD,
)
#: Faults that wait inside the work of their route and spoil no answer.
INSIDE = (*CONTAINER, *STREAM, *REPLY, *MEDIA, *UPLOAD)

FIXED_ROUTES = (
    "x.search",
    "x.mentions",
    "x.own_posts",
    "x.lookup",
    "x.users",
    "x.stream",
    "x.rules",
    "x.create",
    "x.delete",
    "x.media",
    "x.media_append",
    "x.media_finalize",
    "x.media_status",
    "x.media_metadata",
    "facebook.feed",
    "facebook.tagged",
    "facebook.published_posts",
    "facebook.comments",
    "facebook.object",
    "facebook.create",
    "facebook.photo",
    "facebook.comment_create",
    "facebook.update",
    "facebook.delete",
    "facebook.insights",
    "instagram.media",
    "instagram.comments",
    "instagram.tags",
    "instagram.hashtag",
    "instagram.hashtag_search",
    "instagram.object",
    "instagram.user",
    "instagram.container_create",
    "instagram.container_status",
    "instagram.publish",
    "instagram.comment_create",
    "instagram.insights",
    "instagram.web_tagged",
    "instagram.web_profile",
    "instagram.web_comments",
    "webhook",
)
SITE_ROUTES = (
    "posts_list",
    "posts_get",
    "posts_create",
    "posts_update",
    "posts_delete",
    "media_create",
    "media_update",
    "media_list",
    "terms_list",
    "terms_create",
    "users_me",
    "page",
    "comments_list",
    "comments_create",
    "comments_update",
    "comments_delete",
    "feed",
    "comments_feed",
)
#: Routes that carry something out; all others only read.
WRITES = ("create", "update", "delete", "media", "photo", "publish", "rules")
LIST_ROUTES = (
    "x.search",
    "x.mentions",
    "x.own_posts",
    "x.lookup",
    "facebook.feed",
    "facebook.tagged",
    "facebook.published_posts",
    "facebook.comments",
    "instagram.media",
    "instagram.comments",
    "instagram.tags",
    "instagram.hashtag",
    "instagram.web_tagged",
)

PLATFORMS = ("x", "facebook", "instagram", "webhook")
NOT_WHAT_WAS_ASKED = (
    "<!DOCTYPE html><html><head><title>Just a moment...</title></head>"
    "<body><p>Checking your browser before accessing the site.</p></body></html>"
)
SERVER_ERROR_PAGE = (
    "<!DOCTYPE html><html><head><title>Error</title></head>"
    "<body><h1>Something went wrong</h1><p>We're working on it.</p></body></html>"
)


class UnknownFault(ValueError):
    """The route or the fault does not exist, or they do not fit; the message is a sentence."""


class Voice(Protocol):
    """How one platform words the errors that faults ask for."""

    def limited(self, seconds: int, bare: bool) -> Response: ...
    def revoked(self) -> Response: ...
    def forbidden(self) -> Response: ...
    def unavailable(self) -> Response: ...
    def graph(self, name: str) -> Response: ...


@dataclass
class Armed:
    route: str
    fault: str
    times: int = 1
    seconds: float = 30
    #: What ``late_items`` keeps back, by list.
    held: dict[str, set[str]] = field(default_factory=dict)


class Faults:
    """What is armed. First armed, first played."""

    def __init__(self, identity: Identity) -> None:
        self.routes = [*FIXED_ROUTES]
        self.lists = [*LIST_ROUTES]
        for site in identity.websites:
            self.routes += [f"{site.key}.{name}" for name in SITE_ROUTES]
            self.lists += [f"{site.key}.{name}" for name in SITE_ROUTES if name.endswith("_list")]
        self.armed: list[Armed] = []
        self.counts: Counter[str] = Counter()
        self._last_page: dict[str, Response] = {}
        #: The last pages that were served, by list.
        self._served: OrderedDict[str, bytes] = OrderedDict()
        self._broken = 0

    def arm(self, route: Any, fault: Any, times: Any = 1, seconds: Any = 30) -> Armed:
        if route == "webhook" and isinstance(fault, str) and f"webhook.{fault}" in WEBHOOK:
            fault = f"webhook.{fault}"
        if route not in self.routes:
            raise UnknownFault(f"There is no route {route!r}; the routes are {', '.join(self.routes)}.")
        if fault not in FAULTS:
            raise UnknownFault(f"There is no fault {fault!r}; the faults are {', '.join(FAULTS)}.")
        if not isinstance(times, int) or isinstance(times, bool) or times < 1:
            raise UnknownFault(f"times must be a whole number of at least 1, not {times!r}.")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds <= 86400:
            raise UnknownFault(f"seconds must be a number from 0 to 86400, not {seconds!r}.")
        if (why := self._misfit(route, fault)) is not None:
            raise UnknownFault(why)
        armed = Armed(route, fault, times, seconds)
        self.armed.append(armed)
        return armed

    def _misfit(self, route: str, fault: str) -> str | None:
        graph = route.startswith(("facebook.", "instagram.")) and ".web_" not in route
        if (fault in WEBHOOK) != (route == "webhook"):
            return f"The route webhook has the faults {', '.join(WEBHOOK)}; {route} cannot have {fault}."
        if (route == "x.stream" and fault not in STREAMED) or (route != "x.stream" and fault in STREAM):
            return f"The route x.stream has the faults {', '.join(STREAMED)}; {route} cannot have {fault}."
        if fault == "scope_revoked" and not graph and not route.startswith("x."):
            return f"The fault scope_revoked belongs to x.* and Graph routes, not to {route}."
        if fault in READS and not self._reads(route):
            return f"The fault {fault} belongs to routes that only read, not to {route}."
        if fault == "empty_page" and (route == "x.lookup" or route.split(".")[0] not in PLATFORMS):
            return f"The fault {fault} needs pages with cursors; {route} has none."
        if fault in GRAPH and not graph:
            return f"The fault {fault} belongs to Graph routes (facebook.*, instagram.*), not to {route}."
        if fault in (*REPLY, *MEDIA) and route != "x.create":
            return f"The fault {fault} belongs to x.create, not to {route}."
        if fault in UPLOAD and route != "x.media_finalize":
            return f"The fault {fault} belongs to x.media_finalize, not to {route}."
        if fault in CONTAINER and route not in ("instagram.container_create", "instagram.container_status"):
            return f"The fault {fault} belongs to instagram.container_create or instagram.container_status."
        if fault == "login_redirect" and ".web_" not in route:
            return f"The fault {fault} belongs to the routes instagram.web_*."
        if fault in LISTS and route not in self.lists:
            return f"The fault {fault} belongs to routes that answer with a list, not to {route}."
        return None

    @staticmethod
    def _reads(route: str) -> bool:
        name = route.partition(".")[2]
        if name in ("media", "media_append", "media_finalize", "media_metadata") and route.startswith("x."):
            return False
        return route in LIST_ROUTES or not (
            name in WRITES or name.endswith(("_create", "_update", "_delete"))
        )

    def clear(self) -> None:
        self.armed.clear()

    def listed(self) -> list[dict[str, Any]]:
        return [
            {"route": a.route, "fault": a.fault, "times": a.times, "seconds": a.seconds} for a in self.armed
        ]

    def next(self, route: str) -> Armed | None:
        return next((a for a in self.armed if a.route == route), None)

    def use(self, armed: Armed) -> None:
        armed.times -= 1
        if armed.times < 1 and armed in self.armed:
            self.armed.remove(armed)

    def take(self, route: str, names: tuple[str, ...]) -> Armed | None:
        """The next fault of the route if it is one of ``names``, used up once."""
        armed = self.next(route)
        if armed is None or armed.fault not in names:
            return None
        self.use(armed)
        return armed

    async def play(self, route: str, voice: Voice, call: Call, work: Work) -> Response:
        """Answer a request, spoilt if a fault is armed for its route."""
        self.counts[route] += 1
        armed = self.next(route)
        if armed is None or armed.fault in INSIDE:
            answer = await work()
            if route in self.lists and answer.status_code == 200:
                self._last_page[route] = answer
                self._remember(call, answer)
            return answer
        if armed.fault in spoil.SPOILERS:
            return await self._spoil_page(armed, call, work)
        if armed.fault in LISTS:
            return await self._spoil_list(armed, work)
        early = await self._before(armed, voice)
        if early is not None:
            return early
        whole = await work()
        if whole.status_code >= 400:
            return whole  # Nothing was committed; the fault waits for a request that succeeds.
        self.use(armed)
        return await self._after(armed, voice, whole, call)

    async def _before(self, armed: Armed, voice: Voice) -> Response | None:
        """Faults that refuse the request without carrying it out."""
        fault, seconds = armed.fault, int(armed.seconds)
        plain: dict[str, Callable[[], Response]] = {
            "error_503": voice.unavailable,
            "error_500_html": lambda: html(SERVER_ERROR_PAGE, 500),
            "hang": voice.unavailable,
            "rate_limited": lambda: voice.limited(seconds, False),
            "rate_limited_bare": lambda: voice.limited(seconds, True),
            "rate_limited_retry_after": lambda: retry_after(voice, armed.route, seconds),
            "html_200": lambda: html(NOT_WHAT_WAS_ASKED),
            "scope_revoked": lambda: voice.graph("scope_revoked"),
            **{name: lambda: graph_code(voice, fault, seconds) for name in CODES},
            "token_revoked": voice.revoked,
            "permission": voice.forbidden,
            "page_limit": lambda: voice.graph("page_limit"),
            "login_redirect": lambda: voice.graph("login_redirect"),
        }
        if fault not in plain and not (fault == "truncate" and armed.route not in self.lists):
            return None
        self.use(armed)
        if fault == "hang":
            await asyncio.sleep(armed.seconds)
        return Cut(Json({})) if fault == "truncate" else plain[fault]()

    async def _after(self, armed: Armed, voice: Voice, whole: Response, call: Call) -> Response:
        """Faults that spoil the answer to a request that was carried out."""
        match armed.fault:
            case "commit_then_503":
                return voice.unavailable()
            case "commit_then_500_html":
                return html(SERVER_ERROR_PAGE, 500)
            case "commit_then_hang":
                await asyncio.sleep(armed.seconds)
                return whole
            case "commit_then_truncate" | "truncate":
                return Cut(whole)
            case "commit_then_close":
                return Closed()
            case "no_content_type":
                return untyped(whole)
            case "usage_high":
                whole.headers["x-app-usage"] = '{"call_count":96,"total_cputime":41,"total_time":38}'
                return whole
            case _:
                return voice.graph(armed.fault)

    def _remember(self, call: Call, answer: Response) -> None:
        which, _ = spoil.place(call)
        self._served[which] = bytes(answer.body)
        self._served.move_to_end(which)
        while len(self._served) > 64:
            self._served.popitem(last=False)

    async def _spoil_page(self, armed: Armed, call: Call, work: Work) -> Response:
        """An answer with a page of a list, spoilt in the way of ``simulator.spoil``, when it fits."""
        whole = await work()
        if whole.status_code != 200:
            return whole
        which, mark = spoil.place(call)
        before = json.loads(self._served[which]) if which in self._served else None
        kept = {k: v for k, v in whole.headers.items() if k not in ("content-length", "content-type")}
        page = spoil.Page(
            json.loads(bytes(whole.body)), kept, which, mark, before, armed.held, self.counts[armed.route]
        )
        page.headers["town-asked"] = _next_address(call)
        fits = spoil.spoil(armed.fault, page)
        del page.headers["town-asked"]
        if not fits:
            self._remember(call, whole)
            return whole
        self.use(armed)
        answer = Json(page.content, headers=kept)
        self._remember(call, answer)
        return answer

    async def _spoil_list(self, armed: Armed, work: Work) -> Response:
        if armed.fault == "duplicate_page":
            again = self._last_page.get(armed.route)
            if again is not None:
                self.use(armed)
                return again
            return await work()
        whole = await work()
        if whole.status_code != 200:
            return whole
        self.use(armed)
        content = json.loads(bytes(whole.body))
        self._broken += 1
        _items(content).insert(0, _broken_copy(_items(content), self._broken))
        kept = {k: v for k, v in whole.headers.items() if k not in ("content-length", "content-type")}
        return Json(content, headers=kept)


def retry_after(voice: Voice, route: str, seconds: int) -> Response:
    """429, or 503 from a website, with Retry-After in seconds (RFC 9110, 10.2.3)."""
    website = route.split(".")[0] not in PLATFORMS
    answer = voice.unavailable() if website else voice.limited(seconds, True)
    answer.headers["retry-after"] = str(seconds)
    return answer


def graph_code(voice: Voice, name: str, seconds: int) -> Response:
    """A Graph rate limit; the header of the business use case says in minutes when to come back."""
    return voice.graph(f"{name}:{max(1, -(-seconds // 60))}")


def _next_address(call: Call) -> str:
    """The address of the same page of a Graph list, with TOWN-AFTER in place of its cursor."""
    query = [(k, v) for k, v in call.query_pairs if k != "after"]
    bearer = call.headers.get("authorization", "").removeprefix("Bearer ")
    if bearer and "access_token" not in call.query:
        query.insert(0, ("access_token", bearer))
    return f"https://{call.host}{call.path}?{urlencode([*query, ('after', 'TOWN-AFTER')])}"


def _broken_copy(items: list[Any], turn: int) -> Any:
    """An extra item like the first one, broken in turn: no id, an unreadable time, a text that is no text."""
    whole = copy.deepcopy(items[0]) if items else {"id": "1"}
    item = whole["node"] if isinstance(whole, dict) and "node" in whole else whole
    times = ("created_at", "created_time", "timestamp", "date_gmt", "taken_at_timestamp")
    texts = ("text", "message", "caption", "title", "edge_media_to_caption")
    match turn % 3:
        case 1:
            item.pop("id", None)
            item.pop("shortcode", None)
        case 2:
            item["id"] = f"{item.get('id', '')}{turn:03d}"
            item.update({name: "kemarin sore" for name in times if name in item})
        case _:
            item["id"] = f"{item.get('id', '')}{turn:03d}"
            item.update({name: 7 for name in texts if name in item})
    return whole
