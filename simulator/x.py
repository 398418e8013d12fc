"""X API v2, as tweepy 4.17.0 asks it (api.twitter.com, api.x.com, upload.twitter.com).

Lists answer ``{"data": [...], "includes": {"users": [...]}, "meta": {"newest_id", "oldest_id",
"result_count", "next_token"}}``, newest first; an empty page has no ``data``. Errors are problem JSON:
``{"title", "detail", "type", "status"}``. Real X ends a search about 30 seconds before now; the town does
not, so that what is said is heard at once.
"""

import base64
import binascii
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.responses import Response

from simulator import oauth1, tweets
from simulator.stream import Hub, Stream
from simulator.wire import Call, Json
from simulator.world import X_EPOCH_MS, Order, Post, Town, cursor, iso, micros, now, uncursor

WINDOW = 15 * 60
#: Requests per 15 minutes: (app-only, user). X rate limit pages, snapshot 2026-08-22.
LIMITS = {
    "x.search": (450, 300),
    "x.mentions": (450, 300),
    "x.own_posts": (10000, 900),
    "x.create": (0, 100),
    "x.delete": (0, 50),
    "x.media": (0, 1875),
    "x.media_append": (0, 1875),
    "x.media_finalize": (0, 1875),
    "x.media_status": (0, 1875),
    "x.media_metadata": (0, 500),
    "x.users": (300, 900),
    "x.lookup": (450, 900),
    "x.stream": (50, 50),
    "x.rules": (450, 450),
}
TOO_MANY = {
    "title": "Too Many Requests",
    "detail": "Too Many Requests",
    "type": "about:blank",
    "status": 429,
}
#: What an app gets that its project no longer entitles. Widely quoted since 2023; not in the reference.
NOT_ENROLLED = {
    "client_id": "1",
    "detail": "When authenticating requests to the Twitter API v2 endpoints, you must use keys and tokens from "
    "a Twitter developer App that is attached to a Project. You can create a project via the developer portal.",
    "registration_url": "https://developer.twitter.com/en/docs/projects/overview",
    "title": "Client Forbidden",
    "required_enrollment": "Appropriate Level of API Access",
    "reason": "client-not-enrolled",
    "type": "https://api.twitter.com/2/problems/client-forbidden",
    "status": 403,
}
DUPLICATE = "You are not allowed to create a Tweet with duplicate content."
NOT_PERMITTED = "You are not permitted to perform this action."
#: As third parties quote it since the rule of 2026-02-23 (replies of self-serve plans).
NOT_SUMMONED = (
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the "
    "author of the post you are replying to."
)
REPLY_GONE = "You attempted to reply to a Tweet that is deleted or not visible to you."


class Problem(Exception):
    def __init__(self, status: int, title: str, detail: str, kind: str = "about:blank", **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.body = {"title": title, "detail": detail, "type": kind, "status": status, **more}


def unauthorized() -> Problem:
    return Problem(401, "Unauthorized", "Unauthorized")


def forbidden(detail: str = NOT_PERMITTED) -> Problem:
    return Problem(403, "Forbidden", detail)


def invalid(name: str, value: Any, why: str) -> Problem:
    """{"errors": [{"parameters": {"max_results": ["5"]}, "message": "..."}], "title", "detail", ...}."""
    return Problem(
        400,
        "Invalid Request",
        "One or more parameters to your request was invalid.",
        "https://api.twitter.com/2/problems/invalid-request",
        errors=[{"parameters": {name: [str(value)]}, "message": why}],
    )


class Voice:
    def limited(self, seconds: int, bare: bool) -> Response:
        body = {
            "title": "Too Many Requests",
            "detail": "Too Many Requests",
            "type": "about:blank",
            "status": 429,
        }
        if bare:
            return Json(body, 429)
        reset = str(int(now().timestamp()) + seconds)
        return Json(
            TOO_MANY,
            429,
            {"x-rate-limit-limit": "450", "x-rate-limit-remaining": "0", "x-rate-limit-reset": reset},
        )

    def revoked(self) -> Response:
        return Json(unauthorized().body, 401)

    def forbidden(self) -> Response:
        return Json(forbidden().body, 403)

    def unavailable(self) -> Response:
        body = {"title": "Service Unavailable", "detail": "Service Unavailable", "type": "about:blank"}
        return Json({**body, "status": 503}, 503)

    def graph(self, name: str) -> Response:
        return Json(NOT_ENROLLED, 403) if name == "scope_revoked" else self.unavailable()


@dataclass
class Upload:
    id: str
    type: str = "image/jpeg"
    total: int = 0
    parts: dict[int, bytes] = field(default_factory=dict)
    done: bool = False
    #: Until then the picture is still worked on; None: it is not.
    slow_until: datetime | None = None
    alt: str = ""

    @property
    def data(self) -> bytes:
        return b"".join(self.parts[n] for n in sorted(self.parts))


Handler = Callable[[Call, re.Match[str]], Response]


class X:
    def __init__(self, town: Town) -> None:
        self.town = town
        self.voice = Voice()
        self.hub = Hub(town)
        self.uploads: dict[str, Upload] = {}
        self._windows: dict[tuple[str, bool], tuple[float, int]] = {}
        #: (method, path, route, user context needed, handler)
        self.routes: list[tuple[str, str, str, bool, Handler]] = [
            ("GET", r"/2/tweets/search/recent", "x.search", False, self.search),
            ("GET", r"/2/tweets/search/stream", "x.stream", False, self.stream),
            ("GET", r"/2/tweets/search/stream/rules", "x.rules", False, self.rules),
            ("POST", r"/2/tweets/search/stream/rules", "x.rules", False, self.change_rules),
            ("GET", r"/2/users/(\d+)/mentions", "x.mentions", False, self.mentions),
            ("GET", r"/2/users/(\d+)/tweets", "x.own_posts", False, self.own_posts),
            ("GET", r"/2/users/me", "x.users", True, self.me),
            ("GET", r"/2/users/by/username/(\w+)", "x.users", False, self.by_username),
            ("GET", r"/2/users/(\d+)", "x.users", False, self.by_id),
            ("POST", r"/2/tweets", "x.create", True, self.create),
            ("GET", r"/2/tweets", "x.lookup", False, self.lookup),
            ("GET", r"/2/tweets/(\d+)", "x.lookup", False, self.one),
            ("DELETE", r"/2/tweets/(\d+)", "x.delete", True, self.delete),
            ("POST", r"/2/media/upload/initialize", "x.media", True, self.media_initialize),
            ("POST", r"/2/media/upload/(\d+)/append", "x.media_append", True, self.media_append),
            ("POST", r"/2/media/upload/(\d+)/finalize", "x.media_finalize", True, self.media_finalize),
            ("GET", r"/2/media/upload", "x.media_status", True, self.media_status),
            ("POST", r"/2/media/upload", "x.media", True, self.media_at_once),
            ("POST", r"/2/media/metadata", "x.media_metadata", True, self.media_metadata),
        ]

    async def __call__(self, call: Call) -> Response:
        self.town.last_read["x"] = now()
        for method, pattern, route, needs_user, handler in self.routes:
            match = re.fullmatch(pattern, call.path)
            if match is None or method != call.method:
                continue
            try:
                as_user = self._authenticate(call, needs_user)
            except Problem as problem:
                return Json(problem.body, problem.status)
            return await self._serve(call, match, route, as_user, handler)
        return Json({"title": "Not Found", "detail": "Not Found", "type": "about:blank", "status": 404}, 404)

    async def _serve(
        self, call: Call, match: re.Match[str], route: str, as_user: bool, handler: Handler
    ) -> Response:
        headers, over = self._count(route, as_user)
        if over:
            return Json(TOO_MANY, 429, headers)

        async def work() -> Response:
            try:
                answer = handler(call, match)
            except Problem as problem:
                answer = Json(problem.body, problem.status)
            answer.headers.update(headers)
            return answer

        if route not in self.town.faults.routes:
            self.town.faults.counts[route] += 1
            return await work()
        return await self.town.faults.play(route, self.voice, call, work)

    def _authenticate(self, call: Call, needs_user: bool) -> bool:
        """True for OAuth 1.0a (user context), False for the app-only bearer."""
        header = call.headers.get("authorization", "")
        x = self.town.identity.x
        if header.startswith("OAuth "):
            if not oauth1.valid(call, x):
                raise unauthorized()
            return True
        if not header.startswith("Bearer ") or header.removeprefix("Bearer ") != x.bearer_token:
            raise unauthorized()
        if needs_user:
            raise Problem(
                403,
                "Unsupported Authentication",
                "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.  "
                "Supported authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context].",
                "https://api.twitter.com/2/problems/unsupported-authentication",
            )
        return False

    def _count(self, route: str, as_user: bool) -> tuple[dict[str, str], bool]:
        """The rate-limit headers of this request, and whether it is one too many."""
        limit = LIMITS[route][as_user]
        began, used = self._windows.get((route, as_user), (time.time(), 0))
        if time.time() - began >= WINDOW:
            began, used = time.time(), 0
        over = self.town.caps and used >= limit
        used = used if over else used + 1
        self._windows[route, as_user] = (began, used)
        return {
            "x-rate-limit-limit": str(limit),
            "x-rate-limit-remaining": str(max(0, limit - used)),
            "x-rate-limit-reset": str(int(began) + WINDOW),
        }, over

    # Reading

    def search(self, call: Call, match: re.Match[str]) -> Response:
        query = call.query.get("query", "")
        if not query or len(query) > 4096:
            raise invalid("query", query, "The query must have between 1 and 4096 characters.")
        x = self.town.identity.x
        first_keyword = x.keyword_queries[:1]
        first_hashtag = x.hashtag_queries[:1] or first_keyword
        shelves = [
            name
            for name, first in (
                ("keyword", first_keyword or x.hashtag_queries[:1]),
                ("hashtag", first_hashtag),
            )
            if first and query == first[0]
        ]
        floor = self._at(now() - timedelta(days=7)) if self.town.caps else None
        return self._list(call, shelves, (10, 100, 10), floor=floor, next_name="next_token")

    def mentions(self, call: Call, match: re.Match[str]) -> Response:
        shelves = ["mentions"] if match[1] == self.town.identity.x.user_id else []
        return self._list(call, shelves, (5, 100, 10), last=800)

    def own_posts(self, call: Call, match: re.Match[str]) -> Response:
        shelves = ["own"] if match[1] == self.town.identity.x.user_id else []
        return self._list(call, shelves, (5, 100, 10), last=3200)

    @staticmethod
    def _at(moment: datetime) -> Order:
        return (max(0, micros(moment) // 1000 - X_EPOCH_MS) << 22, 0)

    def _list(
        self,
        call: Call,
        shelves: list[str],
        size: tuple[int, int, int],
        *,
        floor: Order | None = None,
        last: int | None = None,
        next_name: str = "pagination_token",
    ) -> Response:
        limit = self._size(call, *size)
        low, high = self._bounds(call, floor, next_name)
        cap = last if self.town.caps else None
        found: list[Post] = []
        more = False
        for name in shelves:
            page, rest = self.town.shelf("x", name).page(limit, low=low, high=high, last=cap)
            found, more = found + page, more or rest
        found.sort(key=lambda p: p.order, reverse=True)
        more, found = more or len(found) > limit, found[:limit]
        if not found:
            return Json({"meta": {"result_count": 0}})
        meta: dict[str, Any] = {
            "newest_id": found[0].id,
            "oldest_id": found[-1].id,
            "result_count": len(found),
        }
        if more:
            meta["next_token"] = cursor(found[-1].order)
        return Json({**self._show(call, found), "meta": meta})

    @staticmethod
    def _size(call: Call, least: int, most: int, default: int) -> int:
        text = call.query.get("max_results", str(default))
        if not text.isdigit() or not least <= int(text) <= most:
            why = f"The `max_results` query parameter value [{text}] is not between {least} and {most}"
            raise invalid("max_results", text, why)
        return int(text)

    def _bounds(self, call: Call, floor: Order | None, next_name: str) -> tuple[Order | None, Order | None]:
        lows = [] if floor is None else [floor]
        highs: list[Order] = []
        for name, bounds in (("since_id", lows), ("until_id", highs)):
            if (text := call.query.get(name)) is not None:
                if not re.fullmatch(r"\d{1,19}", text):
                    raise invalid(name, text, f"The `{name}` query parameter value [{text}] is not valid")
                bounds.append((int(text), 0))
        for name, bounds in (("start_time", lows), ("end_time", highs)):
            if (text := call.query.get(name)) is not None:
                try:
                    at = self._at(iso(text))
                except ValueError:
                    raise invalid(
                        name, text, f"The `{name}` query parameter value [{text}] is not valid"
                    ) from None
                bounds.append((at[0] - 1, 0) if bounds is lows else at)
        text = call.query.get("pagination_token") or call.query.get(next_name)
        if text:
            try:
                highs.append(uncursor(text))
            except (ValueError, binascii.Error):
                raise invalid(
                    next_name, text, f"The `{next_name}` query parameter value [{text}] is not valid"
                ) from None
        return max(lows, default=None), min(highs, default=None)

    @staticmethod
    def _asked(call: Call, name: str, known: set[str]) -> set[str]:
        asked = {part.strip() for part in call.query.get(name, "").split(",") if part.strip()}
        for wrong in sorted(asked - known):
            raise invalid(
                name, wrong, f"The `{name}` query parameter value [{wrong}] is not one of {sorted(known)}"
            )
        return asked

    def _show(self, call: Call, posts: list[Post]) -> dict[str, Any]:
        """``data`` and, when expansions ask for it, ``includes``."""
        fields = self._asked(call, "tweet.fields", tweets.TWEET_FIELDS)
        expand = self._asked(call, "expansions", tweets.EXPANSIONS)
        user_fields = self._asked(call, "user.fields", tweets.USER_FIELDS)
        media_fields = {part.strip() for part in call.query.get("media.fields", "").split(",")}
        heads = {e.split(".")[0] for e in expand}
        fields |= heads & {"author_id", "in_reply_to_user_id", "referenced_tweets", "attachments"}
        people: dict[str, dict[str, Any]] = {}
        media: list[dict[str, Any]] = []
        parents: dict[str, dict[str, Any]] = {}
        for post in posts:
            if "author_id" in expand:
                people[post.author.id] = tweets.user(post.author, user_fields)
            if post.parent is not None and not post.parent.deleted:
                if "in_reply_to_user_id" in expand or "referenced_tweets.id.author_id" in expand:
                    people[post.parent.author.id] = tweets.user(post.parent.author, user_fields)
                if heads & {"referenced_tweets"}:
                    parents[post.parent.id] = tweets.tweet(post.parent, self.town, fields)
            if "attachments.media_keys" in expand:
                media += [tweets.medium(post, n, media_fields) for n in range(len(post.media))]
        includes: dict[str, Any] = {}
        for name, items in (("users", [*people.values()]), ("tweets", [*parents.values()]), ("media", media)):
            if items:
                includes[name] = items
        shown: dict[str, Any] = {"data": [tweets.tweet(p, self.town, fields) for p in posts]}
        lost = {p.parent.id for p in posts if p.parent is not None and p.parent.deleted}
        if lost and "referenced_tweets" in heads:
            # A reply outlives the post it answers; what cannot be expanded is named beside the data.
            errors = [self._not_found("referenced_tweets.id", i, "tweet") for i in sorted(lost)]
            shown["errors"] = errors
        return shown | ({"includes": includes} if includes else {})

    def _not_found(self, name: str, value: str, what: str) -> dict[str, Any]:
        return {
            "value": value,
            "detail": f"Could not find {what} with {name}: [{value}].",
            "title": "Not Found Error",
            "resource_type": what,
            "parameter": name,
            "resource_id": value,
            "type": "https://api.twitter.com/2/problems/resource-not-found",
        }

    def one(self, call: Call, match: re.Match[str]) -> Response:
        post = self.town.find("x", match[1])
        if post is None:
            return Json({"errors": [self._not_found("id", match[1], "tweet")]})
        shown = self._show(call, [post])
        return Json({**shown, "data": shown["data"][0]})

    def lookup(self, call: Call, match: re.Match[str]) -> Response:
        ids = [i for i in call.query.get("ids", "").split(",") if i]
        if not 1 <= len(ids) <= 100:
            raise invalid(
                "ids", call.query.get("ids", ""), "The number of values in the `ids` is not 1 to 100"
            )
        if wrong := [i for i in ids if not re.fullmatch(r"\d{1,19}", i)]:
            raise invalid("ids", wrong[0], f"The `ids` query parameter value [{wrong[0]}] is not valid")
        found = {i: self.town.find("x", i) for i in ids}
        posts = [p for p in found.values() if p is not None]
        shown = self._show(call, posts) if posts else {}
        errors = [self._not_found("ids", i, "tweet") for i, p in found.items() if p is None]
        errors = shown.get("errors", []) + errors
        return Json({**shown, **({"errors": errors} if errors else {})})

    # Streaming

    @staticmethod
    def _app_only(call: Call) -> None:
        if call.headers.get("authorization", "").startswith("OAuth "):
            raise Problem(
                403,
                "Unsupported Authentication",
                "Authenticating with OAuth 1.0a User Context is forbidden for this endpoint.  Supported "
                "authentication types are [OAuth 2.0 Application-Only].",
                "https://api.twitter.com/2/problems/unsupported-authentication",
            )

    def stream(self, call: Call, match: re.Match[str]) -> Response:
        self._app_only(call)
        self._show(call, [])  # The fields are judged before the stream opens.
        return self.hub.refusal() or Stream(self.hub, lambda post: self._streamed(call, post))

    def _streamed(self, call: Call, post: Post) -> dict[str, Any]:
        shown = self._show(call, [post])
        return {**shown, "data": shown["data"][0]}

    def rules(self, call: Call, match: re.Match[str]) -> Response:
        self._app_only(call)
        return self.hub.listed(call)

    def change_rules(self, call: Call, match: re.Match[str]) -> Response:
        self._app_only(call)
        return self.hub.change(call)

    def me(self, call: Call, match: re.Match[str]) -> Response:
        fields = self._asked(call, "user.fields", tweets.USER_FIELDS)
        return Json({"data": tweets.user(self.town.city["x"], fields)})

    def by_username(self, call: Call, match: re.Match[str]) -> Response:
        person = self.town.person_by_username("x", match[1])
        if person is None:
            return Json({"errors": [self._not_found("username", match[1], "user")]})
        return Json({"data": tweets.user(person, self._asked(call, "user.fields", tweets.USER_FIELDS))})

    def by_id(self, call: Call, match: re.Match[str]) -> Response:
        person = self.town.person_by_id("x", match[1])
        if person is None:
            return Json({"errors": [self._not_found("id", match[1], "user")]})
        return Json({"data": tweets.user(person, self._asked(call, "user.fields", tweets.USER_FIELDS))})

    # Writing

    def create(self, call: Call, match: re.Match[str]) -> Response:
        body = call.json
        text = body.get("text") or ""
        media_ids = (body.get("media") or {}).get("media_ids") or []
        reply_to = (body.get("reply") or {}).get("in_reply_to_tweet_id")
        if not isinstance(text, str) or (not text.strip() and not media_ids):
            raise invalid("text", text, "The post must have a text or media.")
        if tweets.weight(text) > 280:
            raise forbidden()
        parent = None if reply_to is None else self.town.find("x", str(reply_to))
        if reply_to is not None and parent is None:
            raise forbidden(REPLY_GONE)
        if parent is not None and self.town.faults.take("x.create", ("not_summoned",)) is not None:
            raise forbidden(NOT_SUMMONED)
        if self.town.faults.take("x.create", ("media_expired",)) is not None:
            self.uploads.clear()
        uploads = self._attached(media_ids)
        if any(
            p.alt.get("said") == text and p.parent is parent and not p.deleted for p in self.town.spoken["x"]
        ):
            raise forbidden(DUPLICATE)
        post = self.town.post("x", self.town.city["x"], text, how="city", parent=parent, spoken=True)
        self._finish(post, text, uploads)
        shown = {"id": post.id, "text": tweets.shown_text(post), "edit_history_tweet_ids": [post.id]}
        return Json({"data": shown}, 201)

    def _attached(self, media_ids: list[Any]) -> list[Upload]:
        if len(media_ids) > 4:
            raise invalid("media.media_ids", media_ids, "At most 4 media.")
        uploads = [self.uploads.get(str(i)) for i in media_ids]
        if any(u is None or self._processing(u)["state"] != "succeeded" for u in uploads):
            raise Problem(
                400,
                "Invalid Request",
                "Your media IDs are invalid.",
                "https://api.twitter.com/2/problems/invalid-request",
            )
        return [u for u in uploads if u is not None]

    def _finish(self, post: Post, text: str, uploads: list[Upload]) -> None:
        """Wrap addresses in t.co and, as X does, end the text with the address of the pictures."""
        post.alt["said"] = text
        post.text, post.links = tweets.shorten(text, post.id)
        if post.parent is not None:
            post.text = tweets.addressed(post.text, post.parent, post.author)
        for upload in uploads:
            url = self.town.keep_picture("x", upload.type, upload.data)
            post.media.append(url)
            if upload.alt:
                post.alt[url] = upload.alt
        if uploads:
            _, (link,) = tweets.shorten("https://x.com", f"9{post.id}")
            page = f"{tweets.permalink(post)}/photo/1"
            link |= {"expanded_url": page, "display_url": f"pic.x.com/{link['url'][-10:]}",
                     "media_key": tweets.media_key(post, 0)}  # fmt: skip
            post.links.append(link)
            post.text = f"{post.text} {link['url']}".strip()

    def delete(self, call: Call, match: re.Match[str]) -> Response:
        post = self.town.find("x", match[1])
        if post is not None and post.author is not self.town.city["x"]:
            raise forbidden("You are not authorized to delete this Tweet.")
        if post is not None:
            self.town.hide(post)
        return Json({"data": {"deleted": post is not None}})

    # Media

    def _upload_data(self, upload: Upload) -> dict[str, Any]:
        return {"id": upload.id, "media_key": f"3_{upload.id}", "expires_after_secs": 86400,
                "size": len(upload.data)}  # fmt: skip

    def _new_upload(self, media_type: str, total: int = 0) -> Upload:
        stamp = int(datetime.now(UTC).timestamp() * 1000) - X_EPOCH_MS
        upload = Upload(str((stamp << 22) + len(self.uploads)), media_type, total)
        self.uploads[upload.id] = upload
        return upload

    def _upload(self, number: str) -> Upload:
        upload = self.uploads.get(number)
        if upload is None:
            raise Problem(404, "Not Found Error", f"Could not find media with id: [{number}].")
        return upload

    @staticmethod
    def _decode(text: Any) -> bytes:
        try:
            return base64.b64decode(str(text), validate=True)
        except (ValueError, binascii.Error):
            raise invalid("media", "…", "media must be base64.") from None

    def media_initialize(self, call: Call, match: re.Match[str]) -> Response:
        body = call.json
        if not isinstance(body.get("media_type"), str) or not isinstance(body.get("total_bytes"), int):
            raise invalid("media_type", body.get("media_type"), "media_type and total_bytes are required.")
        upload = self._new_upload(body["media_type"], body["total_bytes"])
        return Json({"data": {**self._upload_data(upload), "size": body["total_bytes"]}})

    def media_append(self, call: Call, match: re.Match[str]) -> Response:
        upload = self._upload(match[1])
        index = call.params.get("segment_index", 0)
        file = call.files.get("media")
        data = file.data if file is not None else self._decode(call.json.get("media"))
        upload.parts[int(index)] = data
        return Json({"data": {"expires_at": int(time.time()) + 86400}})

    def media_finalize(self, call: Call, match: re.Match[str]) -> Response:
        upload = self._upload(match[1])
        if upload.total and upload.total != len(upload.data):
            raise invalid("total_bytes", upload.total, f"Segments hold {len(upload.data)} bytes.")
        upload.done = True
        armed = self.town.faults.take("x.media_finalize", ("media_slow",))
        upload.slow_until = None if armed is None else now() + timedelta(seconds=armed.seconds)
        return Json({"data": {**self._upload_data(upload), "processing_info": self._processing(upload)}})

    @staticmethod
    def _processing(upload: Upload) -> dict[str, Any]:
        if not upload.done:
            return {"state": "pending", "check_after_secs": 1, "progress_percent": 0}
        if upload.slow_until is not None and upload.slow_until > now():
            return {"state": "in_progress", "check_after_secs": 1, "progress_percent": 50}
        return {"state": "succeeded", "progress_percent": 100}

    def media_status(self, call: Call, match: re.Match[str]) -> Response:
        upload = self._upload(call.query.get("media_id", ""))
        return Json({"data": {**self._upload_data(upload), "processing_info": self._processing(upload)}})

    def media_at_once(self, call: Call, match: re.Match[str]) -> Response:
        file = call.files.get("media")
        data = file.data if file is not None else self._decode(call.json.get("media"))
        if len(data) > 5 * 1024 * 1024:
            raise invalid("media", "…", "An image may have at most 5 MB.")
        kind = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
        upload = self._new_upload(kind, len(data))
        upload.parts[0], upload.done = data, True
        return Json({"data": self._upload_data(upload)})

    def media_metadata(self, call: Call, match: re.Match[str]) -> Response:
        body = call.json
        upload = self._upload(str(body.get("id", "")))
        alt = ((body.get("metadata") or {}).get("alt_text") or {}).get("text", "")
        if not isinstance(alt, str) or len(alt) > 1000:
            raise invalid("metadata.alt_text.text", alt, "An alternative text has at most 1000 characters.")
        upload.alt = alt
        return Json({"data": {"id": upload.id, "associated_metadata": {"alt_text": {"text": alt}}}})
