"""Instagram on graph.facebook.com: publishing by containers, comments, tags, hashtags, mentions.

Graph tells of @mentions by a webhook with an id only, to be read by ``mentioned_media`` and
``mentioned_comment``. So does the town once a webhook is subscribed; before that, rows with ``how`` mention
stand in ``/tags`` so that they can be read. Hashtag results carry no username, as in reality. The number of a
medium and its shortcode are one number in two spellings.
"""

import asyncio
import http.client
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from PIL import Image, UnidentifiedImageError
from starlette.responses import Response

from simulator import graph
from simulator.graph import Field, Fields, GraphError
from simulator.wire import Call, Json
from simulator.world import Post, Timeline, Town, micros, now

MEDIA_FIELDS = {
    "id", "caption", "media_type", "media_product_type", "media_url", "permalink", "shortcode", "timestamp",
    "username", "owner", "comments_count", "like_count", "comments", "children", "is_comment_enabled",
    "thumbnail_url", "ig_id", "alt_text",
}  # fmt: skip
HASHTAG_FIELDS = {"id", "caption", "media_type", "media_url", "permalink", "timestamp", "comments_count",
                  "like_count", "children"}  # fmt: skip
COMMENT_FIELDS = {"id", "text", "timestamp", "username", "from", "like_count", "hidden", "media", "parent_id",
                  "replies", "user", "legacy_instagram_comment_id"}  # fmt: skip
USER_FIELDS = {"id", "username", "name", "biography", "followers_count", "follows_count", "media_count",
               "profile_picture_url", "website", "ig_id"}  # fmt: skip
DEFAULT_COMMENT = "timestamp,text,id"
QUOTA = 50
CONTAINERS_PER_DAY = 400


@dataclass
class Container:
    id: str
    kind: str
    caption: str = ""
    url: str = ""
    alt_text: str = ""
    children: list["Container"] = field(default_factory=list)
    in_carousel: bool = False
    created_at: datetime = field(default_factory=now)
    #: IN_PROGRESS until a status read has said so once; then FINISHED, PUBLISHED, or what a fault made it.
    state: str = "IN_PROGRESS"
    slow_until: datetime | None = None
    read: bool = False

    def look(self) -> str:
        """What a status read answers; the first one always finds the container in progress."""
        if (
            self.state == "IN_PROGRESS"
            and self.read
            and (self.slow_until is None or self.slow_until <= now())
        ):
            self.state = "FINISHED"
        if self.state == "FINISHED" and now() - self.created_at > timedelta(hours=24):
            self.state = "EXPIRED"
        self.read = True
        return self.state


class Instagram:
    #: The fault route of looking up objects by id, one or many.
    object_route = "instagram.object"

    def __init__(self, town: Town) -> None:
        self.town = town
        self.me = town.identity.instagram
        self.voice = graph.Voice(self.me.user_id)
        self.containers: dict[str, Container] = {}
        self.hashtags: dict[str, str] = {}
        self._asked: dict[str, datetime] = {}
        self._published: list[datetime] = []

    def owns(self, object_id: str) -> bool:
        return (
            object_id in (self.me.user_id, "ig_hashtag_search")
            or object_id in self.containers
            or object_id in self.hashtags
            or object_id in self.town.by_id["instagram"]
            or object_id in self.town.gone_ids["instagram"]
        )

    def admit(self, call: Call) -> None:
        # A Page token with the instagram permissions reads the linked Instagram account too.
        graph.check_token(call, (self.me.access_token, self.town.identity.facebook.access_token))
        self.town.last_read["instagram"] = now()

    async def __call__(self, call: Call, object_id: str, edge: str) -> Response:
        self.admit(call)
        if call.method == "POST" and object_id == self.me.user_id and edge == "media":
            return await self._play("instagram.container_create", call, lambda: self.create_container(call))
        route, plain = self._route(call, object_id, edge)

        async def work() -> Response:
            return plain()

        return await self._play(route, call, work)

    async def _play(self, route: str, call: Call, work: Callable[[], Any]) -> Response:
        async def run() -> Response:
            try:
                answer: Response = await work()
                return answer
            except GraphError as error:
                return error.response

        if route not in self.town.faults.routes:
            self.town.faults.counts[route] += 1
            return await run()
        return await self.town.faults.play(route, self.voice, call, run)

    def _route(self, call: Call, object_id: str, edge: str) -> tuple[str, Callable[[], Response]]:
        me = object_id == self.me.user_id
        match call.method, edge:
            case "GET", "" if object_id == "ig_hashtag_search":
                return "instagram.hashtag_search", lambda: self.hashtag_search(call)
            case "GET", "" if object_id in self.containers:
                return "instagram.container_status", lambda: self.container_status(call, object_id)
            case "GET", "" if me:
                return "instagram.user", lambda: self.user(call)
            case "GET", "":
                return self.object_route, lambda: self.thing(call, object_id)
            case "GET", "media" if me:
                return "instagram.media", lambda: self.media(call)
            case "GET", "tags" if me:
                return "instagram.tags", lambda: self.tags(call)
            case "GET", "content_publishing_limit" if me:
                return "instagram.limit", lambda: self.publishing_limit()
            case "GET", "recently_searched_hashtags" if me:
                return "instagram.searched", lambda: self.searched()
            case "GET", "recent_media" | "top_media" if object_id in self.hashtags:
                return "instagram.hashtag", lambda: self.hashtag(call, object_id, edge)
            case "GET", "insights":
                return "instagram.insights", lambda: self.insights(call, object_id)
            case "GET", "comments":
                return "instagram.comments", lambda: self.comments(call, object_id)
            case "GET", "replies":
                return "instagram.comments", lambda: self.replies(call, object_id)
            case "POST", "media_publish" if me:
                return "instagram.publish", lambda: self.publish(call)
            case "POST", "mentions" if me:
                return "instagram.comment_create", lambda: self.answer_mention(call)
            case "POST", "replies" | "comments":
                return "instagram.comment_create", lambda: self.comment(call, object_id)
            case "POST", "":
                return "instagram.hide", lambda: self.hide(object_id)
            case "DELETE", "":
                return "instagram.delete", lambda: self.delete(object_id)
        return "instagram.unknown", lambda: self._missing(object_id, call.method)

    @staticmethod
    def _missing(object_id: str, method: str) -> Response:
        raise graph.missing(object_id, method)

    # Reading

    def media(self, call: Call) -> Response:
        fields = self._fields(call, "id")
        path = f"{self.me.user_id}/media"
        return Json(
            graph.paged(call, path, self.town.shelf("instagram", "own"), lambda p: self.show(call, p, fields))
        )

    def tags(self, call: Call) -> Response:
        fields = self._fields(call, "id")
        path = f"{self.me.user_id}/tags"
        return Json(
            graph.paged(
                call, path, self.town.shelf("instagram", "tags"), lambda p: self.show(call, p, fields)
            )
        )

    def hashtag_search(self, call: Call) -> Response:
        self._user_id(call)
        name = call.query.get("q", "").lstrip("#").lower()
        if not re.fullmatch(r"\w{1,100}", name):
            raise GraphError(
                100,
                "Invalid parameter",
                2207024,
                title="Hashtag not found",
                user="The hashtag does not exist.",
            )
        week = now() - timedelta(days=7)
        self._asked = {k: v for k, v in self._asked.items() if v > week}
        if self.town.caps and name not in self._asked and len(self._asked) >= 30:
            raise GraphError(18, "(#18) This api call could not be completed due to resource limits", 2207034)
        self._asked.setdefault(name, now())
        number = next((i for i, known in self.hashtags.items() if known == name), None)
        if number is None:
            number = str(17843800000000000 + len(self.hashtags) + 1)
            self.hashtags[number] = name
        return Json({"data": [{"id": number}]})

    def searched(self) -> Response:
        """Numbers of the hashtags that count against the 30 of seven days."""
        week = now() - timedelta(days=7)
        counted = [i for i, name in self.hashtags.items() if self._asked.get(name, week) > week]
        return Json({"data": [{"id": number} for number in counted[:30]]})

    def _user_id(self, call: Call) -> None:
        if call.query.get("user_id") != self.me.user_id:
            raise graph.parameter("The parameter user_id is required")

    def hashtag(self, call: Call, object_id: str, edge: str) -> Response:
        """``recent_media`` holds 24 hours; the first configured hashtag has the rows, others nothing."""
        self._user_id(call)
        fields = self._fields(call, "id")
        self._check(fields, HASHTAG_FIELDS, "IGHashtagMedia")
        first = [h.lstrip("#").lower() for h in self.me.hashtags[:1]]
        shelf = self.town.shelf("instagram", "hashtag") if self.hashtags[object_id] in first else Timeline()
        day = micros(now() - timedelta(hours=24))
        floor = (day, 0) if self.town.caps and edge == "recent_media" else None
        return Json(
            graph.paged(
                call, f"{object_id}/{edge}", shelf, lambda p: self.show(call, p, fields), most=50, floor=floor
            )
        )

    def _medium(self, object_id: str, method: str = "GET") -> Post:
        post = self.town.find("instagram", object_id, lambda p: p.parent is None)
        if post is None:
            raise graph.missing(object_id, method)
        return post

    def _comment(self, object_id: str, method: str = "GET") -> Post:
        post = self.town.find("instagram", object_id, lambda p: p.parent is not None)
        if post is None:
            raise graph.missing(object_id, method)
        return post

    def insights(self, call: Call, object_id: str) -> Response:
        told = self._medium(object_id).told
        return graph.insights(call, object_id, {"reach": told.get("reach"), "shares": told.get("shares")})

    def comments(self, call: Call, object_id: str) -> Response:
        medium = self._medium(object_id)
        if medium.how != "city":
            raise graph.missing(object_id)
        fields = self._fields(call, DEFAULT_COMMENT)
        return Json(self._comments(call, medium, fields, None))

    def _comments(
        self, call: Call, medium: Post, fields: Fields, args: dict[str, str] | None
    ) -> dict[str, Any]:
        """Comments of the first level, newest first, 50 at most; answers hang in their ``replies``."""
        return graph.paged(
            call,
            f"{medium.id}/comments",
            medium.replies,
            lambda p: self.show_comment(call, p, fields),
            args=args,
            most=50,
        )

    def replies(self, call: Call, object_id: str) -> Response:
        comment = self._comment(object_id)
        fields = self._fields(call, DEFAULT_COMMENT)
        return Json(self._replies(call, comment, fields, None))

    def _replies(
        self, call: Call, comment: Post, fields: Fields, args: dict[str, str] | None
    ) -> dict[str, Any]:
        return graph.paged(
            call,
            f"{comment.id}/replies",
            comment.replies,
            lambda p: self.show_comment(call, p, fields),
            args=args,
            most=50,
            oldest_first=True,
        )

    def user(self, call: Call) -> Response:
        fields = self._fields(call, "id")
        self._check(fields, USER_FIELDS | {"mentioned_media", "mentioned_comment"}, "IGUser")
        known: dict[str, Any] = {
            "username": self.me.username, "name": self.me.name, "biography": "", "followers_count": 1000,
            "follows_count": 1, "ig_id": self.me.web_user_id,
            "media_count": len(self.town.shelf("instagram", "own")),
        }  # fmt: skip
        shown = {k: v for k, v in known.items() if k in fields}
        if (wanted := fields.get("mentioned_media")) is not None:
            medium = self._medium(wanted.args.get("media_id", ""))
            shown["mentioned_media"] = self.show(call, medium, wanted.sub or {})
        if (wanted := fields.get("mentioned_comment")) is not None:
            comment = self._comment(wanted.args.get("comment_id", ""))
            shown["mentioned_comment"] = self.show_comment(call, comment, wanted.sub or {})
        return Json({**shown, "id": self.me.user_id})

    def thing(self, call: Call, object_id: str) -> Response:
        if object_id == self.me.user_id:
            return self.user(call)
        if object_id in self.containers:
            return self.container_status(call, object_id)
        if object_id in self.hashtags:
            return Json({"id": object_id, "name": self.hashtags[object_id]})
        post = self.town.find("instagram", object_id, lambda p: not p.whispered)
        if post is None:
            raise graph.missing(object_id)
        if post.parent is None:
            return Json(self.show(call, post, self._fields(call, "id")))
        return Json(self.show_comment(call, post, self._fields(call, DEFAULT_COMMENT)))

    @staticmethod
    def _fields(call: Call, default: str) -> Fields:
        return graph.parse_fields(call.query.get("fields") or default)

    @staticmethod
    def _check(fields: Fields, known: set[str], kind: str) -> None:
        for name in fields:
            if name not in known:
                raise graph.parameter(f"Tried accessing nonexisting field ({name}) on node type ({kind})")

    # Shapes

    def show(self, call: Call, post: Post, fields: Fields) -> dict[str, Any]:
        self._check(fields, MEDIA_FIELDS, "IGMedia")
        shown = {name: self._value(call, post, name, wanted) for name, wanted in fields.items()}
        return {k: v for k, v in shown.items() if v is not None} | {"id": post.id}

    def _value(self, call: Call, post: Post, name: str, wanted: Field) -> Any:
        picture = post.media[0] if post.media else self.town.picture_url("instagram", f"{post.shortcode}.jpg")
        match name:
            case "comments":
                sub = wanted.sub or graph.parse_fields(DEFAULT_COMMENT)
                return self._comments(call, post, sub, wanted.args) if post.how == "city" else None
            case "children":
                many = len(post.media) > 1
                return {"data": [{"id": f"{post.id}{n}"} for n in range(len(post.media))]} if many else None
            case "owner":
                return {"id": self.me.user_id} if post.how == "city" else None
            case _:
                return {
                    "caption": post.text or None,
                    "media_type": "CAROUSEL_ALBUM" if len(post.media) > 1 else "IMAGE",
                    "media_product_type": "FEED",
                    "media_url": picture,
                    "permalink": permalink(post),
                    "shortcode": post.shortcode,
                    "timestamp": graph.stamp(post.created_at),
                    "username": post.author.username,
                    "comments_count": len(post.thread),
                    "like_count": post.told.get("likes", 0),
                    "is_comment_enabled": True,
                    "ig_id": post.id,
                    "alt_text": post.alt.get(picture),
                }.get(name)

    def show_comment(self, call: Call, post: Post, fields: Fields) -> dict[str, Any]:
        self._check(fields, COMMENT_FIELDS, "IGComment")
        shown = {name: self._comment_value(call, post, name, wanted) for name, wanted in fields.items()}
        return {k: v for k, v in shown.items() if v is not None} | {"id": post.id}

    def _comment_value(self, call: Call, post: Post, name: str, wanted: Field) -> Any:
        match name:
            case "replies":
                if not len(post.replies):
                    return None
                return self._replies(
                    call, post, wanted.sub or graph.parse_fields(DEFAULT_COMMENT), wanted.args
                )
            case "parent_id":
                return post.parent.id if post.parent is not None and post.parent.parent is not None else None
            case "media":
                return self.show(call, post.root, wanted.sub or {})
            case "from":
                return {"id": post.author.id, "username": post.author.username}
            case "user":
                return {"id": self.me.user_id} if post.how == "city" else None
            case _:
                return {
                    "text": post.text,
                    "timestamp": graph.stamp(post.created_at),
                    "hidden": False,
                    "username": post.author.username,
                    "like_count": post.told.get("likes", 0),
                }.get(name)

    # Publishing

    async def create_container(self, call: Call) -> Response:
        params = call.params
        caption = str(params.get("caption", ""))
        check_caption(caption)
        alt = str(params.get("alt_text", ""))
        if len(alt) > 1000:
            raise graph.parameter("alt_text must be at most 1000 characters")
        day = now() - timedelta(hours=24)
        if self.town.caps and sum(c.created_at > day for c in self.containers.values()) >= CONTAINERS_PER_DAY:
            raise GraphError(9, "Application request limit reached", 2207042)
        number = str(17889000000000000 + len(self.containers) + 1)
        if params.get("media_type") == "CAROUSEL":
            made = Container(number, "CAROUSEL", caption, children=self._children(params))
        elif params.get("image_url"):
            url = str(params["image_url"])
            await self._fetch(url)
            made = Container(
                number,
                "IMAGE",
                caption,
                url,
                alt,
                in_carousel=graph.true(params.get("is_carousel_item", "false")),
            )
        else:
            raise GraphError(100, "The parameter image_url is required", 2207024)
        self._spoil(made, "instagram.container_create")
        self.containers[number] = made
        return Json({"id": number})

    def _children(self, params: dict[str, Any]) -> list[Container]:
        given = params.get("children", "")
        names = given if isinstance(given, list) else [n for n in re.split(r"[\s,\[\]\"]+", str(given)) if n]
        found = [self.containers.get(str(n)) for n in names]
        if not 2 <= len(found) <= 10:
            raise GraphError(100, "Carousel must have between 2 and 10 children", 2207022)
        kept = [c for c in found if c is not None and c.in_carousel]
        if len(kept) != len(found):
            raise GraphError(100, "Some children are not carousel items", 2207023)
        return kept

    async def _fetch(self, url: str) -> None:
        """Get the picture from the city's own website, as Instagram would, and judge it."""
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        if parts.scheme != "https" or host not in self.town.identity.hosts:
            raise unfetched(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        try:
            status, data = await asyncio.to_thread(fetch, self.town.base_url, host, path)
        except (OSError, http.client.HTTPException):
            raise unfetched(url) from None
        if status != 200:
            raise unfetched(url)
        judge_picture(data)

    def _spoil(self, made: Container, route: str) -> None:
        armed = self.town.faults.take(route, ("slow_container", "container_error", "container_expired"))
        if armed is None:
            return
        if armed.fault == "slow_container":
            made.state, made.slow_until = "IN_PROGRESS", now() + timedelta(seconds=armed.seconds)
        else:
            made.state = "ERROR" if armed.fault == "container_error" else "EXPIRED"

    def container_status(self, call: Call, object_id: str) -> Response:
        made = self.containers[object_id]
        self._spoil(made, "instagram.container_status")
        state = made.look()
        told = {
            "IN_PROGRESS": "In Progress: Media is still being processed.",
            "FINISHED": "Finished: Media has been uploaded and it is ready to be published.",
            "PUBLISHED": "Published: Media has been successfully published.",
            "ERROR": "Error: Media upload has failed with error code 2207001",
            "EXPIRED": "Expired: Media was not published within 24 hours.",
        }[state]
        fields = self._fields(call, "id")
        self._check(fields, {"id", "status", "status_code"}, "IGContainer")
        shown = {"status_code": state, "status": told}
        return Json({k: v for k, v in shown.items() if k in fields} | {"id": object_id})

    def publish(self, call: Call) -> Response:
        """A container is published once. What a second call on a PUBLISHED container gives in reality is not
        known; here it is refused as not ready."""
        made = self.containers.get(str(call.params.get("creation_id", "")))
        if made is None:
            raise GraphError(
                100,
                "Invalid parameter",
                2207008,
                title="Media builder not found",
                user="The media builder with that creation id does not exist.",
            )
        if made.in_carousel:
            raise GraphError(100, "A carousel item cannot be published on its own", 2207022)
        if made.state == "EXPIRED":
            raise GraphError(
                24,
                "The requested resource does not exist",
                2207006,
                title="Media expired",
                user="The media has expired.",
            )
        if made.state == "ERROR":
            raise GraphError(-1, "Media upload has failed", 2207001, status=500)
        if made.state != "FINISHED":
            raise GraphError(
                9007,
                "Media ID is not available",
                2207027,
                title="The media is not ready to be published",
                user="The media is not ready for publishing, please wait for a moment",
            )
        self._check_quota()
        pictures = made.children or [made]
        post = self.town.post(
            "instagram",
            self.town.city["instagram"],
            made.caption,
            how="city",
            media=[c.url for c in pictures],
            spoken=True,
        )
        post.alt = {c.url: c.alt_text for c in pictures if c.alt_text}
        made.state = "PUBLISHED"
        self._published.append(now())
        return Json({"id": post.id})

    def _recent(self) -> int:
        day = now() - timedelta(hours=24)
        return sum(moment > day for moment in self._published)

    def _check_quota(self) -> None:
        """The guide says 100 a day, the reference pages 50: plan for 50 (2026)."""
        if self.town.caps and self._recent() >= QUOTA:
            raise GraphError(9, "Application request limit reached", 2207042, status=403)

    def publishing_limit(self) -> Response:
        config = {"quota_total": QUOTA, "quota_duration": 86400}
        return Json({"data": [{"quota_usage": self._recent(), "config": config}]})

    # Comments of the city

    def comment(self, call: Call, object_id: str) -> Response:
        target = self.town.find("instagram", object_id)
        if target is None or (target.parent is None and target.how != "city"):
            raise graph.missing(object_id, "POST")
        return self._say(call, target)

    def answer_mention(self, call: Call) -> Response:
        params = call.params
        if params.get("comment_id"):
            return self._say(call, self._comment(str(params["comment_id"]), "POST"))
        return self._say(call, self._medium(str(params.get("media_id", "")), "POST"))

    def _say(self, call: Call, target: Post) -> Response:
        message = str(call.params.get("message", ""))
        if not message:
            raise graph.parameter("The parameter message is required")
        if len(message) > 2200:
            raise graph.parameter("message must be at most 2200 characters")
        parent = target if target.parent is None else target.top
        made = self.town.post(
            "instagram", self.town.city["instagram"], message, how="city", parent=parent, spoken=True
        )
        return Json({"id": made.id})

    def hide(self, object_id: str) -> Response:
        self._comment(object_id, "POST")
        return Json({"success": True})

    def delete(self, object_id: str) -> Response:
        self.town.hide(self._comment(object_id, "DELETE"))
        return Json({"success": True})


def permalink(post: Post) -> str:
    if post.parent is None:
        return f"https://www.instagram.com/p/{post.shortcode}/"
    return f"https://www.instagram.com/p/{post.root.shortcode}/c/{post.id}/"


def check_caption(caption: str) -> None:
    if len(caption) > 2200:
        raise GraphError(
            100,
            "The caption was too long",
            2207010,
            title="Caption too long",
            user="The caption was too long. A caption has at most 2200 characters.",
        )
    if len(re.findall(r"#\w+", caption)) > 30:
        raise GraphError(
            100,
            "Too many hashtags",
            2207040,
            title="Too many hashtags",
            user="A caption has at most 30 hashtags.",
        )


def unfetched(url: str) -> GraphError:
    return GraphError(
        9004,
        "Only photo or video can be accepted as media type.",
        2207052,
        title="Media download has failed.",
        user=f"The media could not be fetched from this URI: {url}",
    )


def fetch(base_url: str, host: str, path: str) -> tuple[int, bytes]:
    """GET a page of a website of this town over loopback."""
    link = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=10)
    try:
        link.request("GET", path or "/", headers={"Host": host})
        answer = link.getresponse()
        return answer.status, answer.read()
    finally:
        link.close()


def judge_picture(data: bytes) -> None:
    """JPEG only, at most 8 MB, between 4:5 and 1.91:1."""
    if len(data) > 8 * 1024 * 1024:
        raise GraphError(
            36000,
            "The image is too large",
            2207004,
            title="Image too large",
            user="The image is too large to download. It should be less than 8 MiB.",
        )
    try:
        if not data.startswith(b"\xff\xd8\xff"):
            raise UnidentifiedImageError
        width, height = Image.open(io.BytesIO(data)).size
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
        raise unfetched("(not a JPEG)") from None
    if not 0.8 - 0.005 <= width / height <= 1.91 + 0.005:
        raise GraphError(
            36003,
            "The aspect ratio is not supported.",
            2207009,
            title="Invalid aspect ratio",
            user="The submitted image has an aspect ratio outside 4:5 to 1.91:1.",
        )
