"""Facebook Pages on graph.facebook.com, as facebook-sdk 3.1.0 asks it (with ``version`` set to v25.0).

Posts are ``{page}_{n}``, comments ``{post_n}_{n}``. A post in ``/tagged`` carries no ``from``: the real API
gives it only to the one who wrote the post (Page /tagged reference, 2026).
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.responses import Response

from simulator import graph
from simulator.graph import Field, Fields, GraphError
from simulator.wire import Call, Json
from simulator.world import Person, Post, Timeline, Town, now

#: Fields that exist but that this town has nothing to say about.
SILENT = {
    "story", "actions", "admin_creator", "backdated_time", "call_to_action", "can_hide", "can_like",
    "can_remove", "can_reply_privately", "feed_targeting", "icon", "instagram_eligibility",
    "is_eligible_for_promotion",
    "is_expired", "is_instagram_eligible", "is_popular", "is_spherical", "message_tags", "parent_id", "place",
    "privacy", "promotable_id", "properties", "story_tags", "subscribed", "target",
    "targeting", "timeline_visibility", "to", "via", "video_buying_eligibility", "width", "object", "likes",
    "insights", "sharedposts", "private_reply_conversation",
}  # fmt: skip
POST_FIELDS = {
    "id", "message", "created_time", "updated_time", "permalink_url", "from", "is_published", "is_hidden",
    "scheduled_publish_time", "attachments", "status_type", "comments", "application", "full_picture",
    "reactions", "shares",
}  # fmt: skip
#: What Page Insights can tell of a post here; older names of the same were taken out by Meta (2025-2026).
REACH = "post_total_media_view_unique"
COMMENT_FIELDS = {
    "id", "message", "created_time", "from", "parent", "permalink_url", "comment_count", "like_count",
    "attachment", "comments", "can_comment", "is_hidden", "is_private", "user_likes", "reactions",
}  # fmt: skip
PAGE_FIELDS = {"id", "name", "link", "username", "category", "fan_count", "followers_count", "about",
               "access_token",
               "instagram_business_account", "is_published", "tasks", "verification_status"}  # fmt: skip
DEFAULT_POST = "id,message,created_time"
DEFAULT_COMMENT = "id,message,created_time,from"


class Facebook:
    #: The fault route of looking up objects by id, one or many.
    object_route = "facebook.object"

    def __init__(self, town: Town) -> None:
        self.town = town
        self.me = town.identity.facebook
        self.voice = graph.Voice(self.me.page_id)
        #: Uploaded photos by id: (picture URL, the post made of it or None).
        self.photos: dict[str, tuple[str, Post | None]] = {}
        #: Descriptions of photos by picture URL (``alt_text_custom``).
        self.alts: dict[str, str] = {}
        #: The webhook fields the Page has subscribed the app to.
        self.fields: list[str] = []
        self._photo_number = 900000000000000

    def admit(self, call: Call) -> None:
        graph.check_token(call, (self.me.access_token,))
        self.town.last_read["facebook"] = now()

    async def __call__(self, call: Call, object_id: str, edge: str) -> Response:
        if object_id == "debug_token":
            # As with an app token at Meta, any token of the town's may ask about any other.
            graph.check_token(call, graph.known_tokens(self.town))
        else:
            self.admit(call)
        route, work = self._route(call, self.me.page_id if object_id == "me" else object_id, edge)

        async def run() -> Response:
            try:
                return work()
            except GraphError as error:
                return error.response

        if route not in self.town.faults.routes:
            self.town.faults.counts[route] += 1
            return await run()
        return await self.town.faults.play(route, self.voice, call, run)

    def _route(self, call: Call, object_id: str, edge: str) -> tuple[str, Callable[[], Response]]:
        page = object_id == self.me.page_id
        match call.method, edge:
            case "GET", "feed" | "posts" | "published_posts" | "tagged" | "visitor_posts" if page:
                route = {
                    "feed": "facebook.feed",
                    "tagged": "facebook.tagged",
                    "visitor_posts": "facebook.feed",
                }
                return route.get(edge, "facebook.published_posts"), lambda: self.listing(call, edge)
            case "GET", "scheduled_posts" if page:
                return "facebook.scheduled_posts", lambda: self.scheduled(call)
            case "GET", "photos" if page:
                return "facebook.photos", lambda: Json({"data": [{"id": i} for i in self.photos]})
            case "GET", "insights":
                return "facebook.insights", lambda: self.insights(call, object_id)
            case "GET", "comments":
                return "facebook.comments", lambda: self.comments(call, object_id)
            case "GET", "":
                return self.object_route, lambda: self.thing(call, object_id)
            case "POST", "feed" if page:
                return "facebook.create", lambda: self.create(call)
            case "POST", "photos" if page:
                return "facebook.photo", lambda: self.photo(call)
            case "POST", "comments":
                return "facebook.comment_create", lambda: self.comment(call, object_id)
            case "POST", "likes":
                return "facebook.like", lambda: self.like(object_id)
            case "POST", "subscribed_apps" if page:
                return "facebook.subscribe", lambda: self.subscribe(call)
            case "GET", "subscribed_apps" if page:
                return "facebook.subscribed", lambda: self.subscribed()
            case "POST", "":
                return "facebook.update", lambda: self.update(call, object_id)
            case "DELETE", "":
                return "facebook.delete", lambda: self.delete(object_id)
        return "facebook.unknown", lambda: self._missing(object_id, call.method)

    @staticmethod
    def _missing(object_id: str, method: str) -> Response:
        raise graph.missing(object_id, method)

    # Reading

    def listing(self, call: Call, edge: str) -> Response:
        shelf = self._shelf(edge)
        fields = self._fields(call, DEFAULT_POST)
        answer = graph.paged(
            call,
            f"{self.me.page_id}/{edge}",
            shelf,
            lambda p: self.show(call, p, fields, anonymous=edge == "tagged"),
        )
        return Json(answer)

    def _shelf(self, edge: str) -> Timeline:
        """Feed is what the Page and its visitors wrote; tagged posts stand elsewhere."""
        town = self.town
        names = {"feed": ["own", "visitors"], "visitor_posts": ["visitors"], "tagged": ["tagged"]}.get(
            edge, ["own"]
        )
        if len(names) == 1:
            return town.shelf("facebook", names[0])
        return Timeline(p for n in names for p in town.shelf("facebook", n))

    def scheduled(self, call: Call) -> Response:
        fields = self._fields(call, DEFAULT_POST)
        return Json({"data": [self.show(call, p, fields) for p in self.town.scheduled]})

    def _post(self, object_id: str, method: str = "GET") -> Post:
        post = self.town.find("facebook", object_id)
        if post is None and object_id in self.photos:
            post = self.photos[object_id][1]
        if post is None:
            raise graph.missing(object_id, method)
        return post

    def comments(self, call: Call, object_id: str) -> Response:
        post = self._post(object_id)
        fields = self._fields(call, DEFAULT_COMMENT)
        return Json(self._comments(call, post, fields, call.query, nested=False))

    def insights(self, call: Call, object_id: str) -> Response:
        return graph.insights(call, object_id, {REACH: self._post(object_id).told.get("reach")})

    def _comments(
        self, call: Call, post: Post, fields: Fields, args: dict[str, str], nested: bool
    ) -> dict[str, Any]:
        """Comments of a post or of a comment; ``filter=stream`` gives all levels, oldest first by default."""
        kind = args.get("filter", "toplevel")
        if kind not in ("stream", "toplevel"):
            raise graph.parameter("Param filter must be one of {TOPLEVEL, STREAM}")
        order = args.get("order", "chronological")
        if order not in ("chronological", "reverse_chronological"):
            raise graph.parameter("Param order must be one of {CHRONOLOGICAL, REVERSE_CHRONOLOGICAL}")
        shelf = self._stream(post) if kind == "stream" else post.replies
        answer = graph.paged(
            call,
            f"{post.id}/comments",
            shelf,
            lambda p: self.show(call, p, fields),
            args=args if nested else None,
            oldest_first=order == "chronological",
        )
        if args.get("summary") and graph.true(args["summary"]):
            answer["summary"] = {"order": order, "total_count": len(self._stream(post)), "can_comment": True}
        return answer

    @staticmethod
    def _stream(post: Post) -> Timeline:
        if post.parent is None:
            return post.thread
        below: list[Post] = []
        waiting = list(post.replies)
        while waiting:
            reply = waiting.pop()
            below.append(reply)
            waiting.extend(reply.replies)
        return Timeline(below)

    def thing(self, call: Call, object_id: str) -> Response:
        if object_id == "debug_token":
            data = graph.debugged(self.town, str(call.params.get("input_token", "")))
            return Json({"data": data})
        if object_id == self.me.page_id:
            return Json(self._page(call))
        if object_id in self.photos and self.photos[object_id][1] is None:
            url = self.photos[object_id][0]
            photo = {"images": [{"source": url}], "alt_text_custom": self.alts.get(url)}
            return Json({"id": object_id} | {k: v for k, v in photo.items() if v is not None})
        post = self._post(object_id)
        default = DEFAULT_POST if post.parent is None else DEFAULT_COMMENT
        return Json(self.show(call, post, self._fields(call, default), anonymous=self._tagged(post)))

    def _page(self, call: Call) -> dict[str, Any]:
        fields = self._fields(call, "id,name")
        self._check(fields, PAGE_FIELDS, "Page")
        all_of_it = {
            "id": self.me.page_id, "name": self.me.name,
            "link": f"https://www.facebook.com/{self.me.page_id}",
            "category": "City Hall", "fan_count": 1000, "followers_count": 1000, "is_published": True,
            "instagram_business_account": {"id": self.town.identity.instagram.user_id},
            "tasks": ["CREATE_CONTENT", "MANAGE", "MODERATE"],
        }  # fmt: skip
        return {k: v for k, v in all_of_it.items() if k in fields or k == "id"}

    def subscribe(self, call: Call) -> Response:
        """The Page lets an app receive fields; the town remembers them and sends all the same."""
        fields = str(call.params.get("subscribed_fields", ""))
        if not fields:
            raise graph.parameter("The parameter subscribed_fields is required.")
        self.fields = [f.strip() for f in fields.split(",") if f.strip()]
        return Json({"success": True})

    def subscribed(self) -> Response:
        app = {"id": "1", "name": "Kentongan", "category": "Business", "subscribed_fields": self.fields}
        return Json({"data": [app] if self.fields else []})

    @staticmethod
    def _tagged(post: Post) -> bool:
        return post.parent is None and post.how in ("tagged", "keyword", "hashtag")

    @staticmethod
    def _fields(call: Call, default: str) -> Fields:
        return graph.parse_fields(call.query.get("fields") or default)

    @staticmethod
    def _check(fields: Fields, known: set[str], kind: str) -> None:
        for name in fields:
            if name not in known:
                raise graph.parameter(f"Tried accessing nonexisting field ({name}) on node type ({kind})")

    # Shapes

    def show(self, call: Call, post: Post, fields: Fields, anonymous: bool = False) -> dict[str, Any]:
        comment = post.parent is not None
        known = COMMENT_FIELDS if comment else POST_FIELDS
        self._check(fields, known | SILENT, "Comment" if comment else "PagePost")
        shown: dict[str, Any] = {"id": post.id}
        for name, wanted in fields.items():
            if name == "from" and (anonymous or self._tagged(post)):
                continue
            value = self._value(call, post, name, wanted)
            if value is not None:
                shown[name] = value
        return shown

    def _value(self, call: Call, post: Post, name: str, wanted: Field) -> Any:
        match name:
            case "message":
                return post.text if post.text or post.parent is not None else None
            case "created_time":
                return graph.stamp(post.created_at)
            case "updated_time":
                return graph.stamp(post.edited_at or post.created_at)
            case "permalink_url":
                return permalink(post)
            case "from":
                return person(post.author)
            case "is_published":
                return post.public
            case "is_hidden" | "is_private" | "user_likes":
                return False
            case "can_comment":
                return True
            case "like_count":
                return post.told.get("likes", 0)
            case "reactions":
                summary = {"total_count": post.told.get("likes", 0), "viewer_reaction": "NONE"}
                return {"data": [], **({"summary": summary} if wanted.args.get("summary") else {})}
            case "shares":
                # Left out while there are none.
                return {"count": post.told["shares"]} if post.told.get("shares") else None
            case "status_type":
                return "added_photos" if post.media else "mobile_status_update"
            case "application":
                return {"id": "1", "name": "Kentongan"} if post.spoken else None
            case "scheduled_publish_time":
                return int(post.due.timestamp()) if post.due is not None and not post.public else None
            case "full_picture":
                return post.media[0] if post.media else None
            case "attachments":
                return {"data": [attachment(url) for url in post.media[:1]]} if post.media else None
            case "attachment":
                return attachment(post.media[0]) if post.media else None
            case "comment_count":
                return len(post.replies)
            case "comments":
                sub = wanted.sub or graph.parse_fields(DEFAULT_COMMENT)
                return self._comments(call, post, sub, wanted.args, nested=True)
            case "parent":
                if post.parent is None or post.parent.parent is None:
                    return None
                return self.show(call, post.parent, wanted.sub or graph.parse_fields(DEFAULT_COMMENT))
        return None

    # Writing

    def create(self, call: Call) -> Response:
        """Messages, links, photos uploaded before, now or later. A consecutive identical post is refused."""
        params = call.params
        message, link = str(params.get("message", "")), str(params.get("link", ""))
        media = self._attached(params)
        if not message and not link and not media:
            raise graph.parameter("The parameter message or link is required")
        published = graph.true(params.get("published", "true"))
        due = self._due(params, published)
        previous = next(self.town.shelf("facebook", "own").newest(), None)
        if published and not media and previous is not None and previous.spoken and previous.text == message:
            raise GraphError(
                506,
                "Duplicate status message",
                1455006,
                title="Duplicate Status Update",
                user="This status update is identical to the last one you posted.",
            )
        post = self.town.post(
            "facebook",
            self.town.city["facebook"],
            message,
            how="city",
            media=media,
            spoken=True,
            public=published,
        )
        post.alt = {url: self.alts[url] for url in media if url in self.alts}
        if link:
            post.links.append({"url": link})
        if due is not None:
            self.town.schedule(post, due)
        return Json({"id": post.id})

    def _attached(self, params: dict[str, Any]) -> list[str]:
        media = []
        for name in sorted(
            (k for k in params if re.fullmatch(r"attached_media\[\d+\]", k)), key=lambda k: int(k[15:-1])
        ):
            try:
                number = str(json.loads(params[name])["media_fbid"])
                media.append(self.photos[number][0])
            except (ValueError, TypeError, KeyError):
                raise graph.parameter(f"{name} does not name an uploaded photo") from None
        return media

    @staticmethod
    def _due(params: dict[str, Any], published: bool) -> datetime | None:
        text = params.get("scheduled_publish_time")
        if text is None or published:
            return None
        due = graph.moment(str(text))
        if not now() + timedelta(minutes=10) <= due <= now() + timedelta(days=30):
            raise graph.parameter("The specified scheduled publish time is invalid.")
        return due.astimezone(UTC)

    def photo(self, call: Call) -> Response:
        params = call.params
        file = call.files.get("source") or next(iter(call.files.values()), None)
        if file is not None:
            kind = "image/png" if file.data.startswith(b"\x89PNG") else "image/jpeg"
            if not file.data:
                raise graph.parameter("Your photos couldn't be uploaded: the file is empty")
            if len(file.data) > 10 * 1024 * 1024:
                raise graph.parameter("Your photos couldn't be uploaded. Photos should be less than 10 MB.")
            url = self.town.keep_picture("facebook", kind, file.data)
        elif params.get("url"):
            url = str(params["url"])
        else:
            raise GraphError(324, "Requires upload file")
        published = graph.true(params.get("published", "true"))
        if params.get("alt_text_custom"):
            self.alts[url] = str(params["alt_text_custom"])
        self._photo_number += 1
        number, post = str(self._photo_number), None
        if published:
            message = str(params.get("message") or params.get("caption") or "")
            post = self.town.post(
                "facebook", self.town.city["facebook"], message, how="city", media=[url], spoken=True
            )
            post.alt = {url: self.alts[url]} if url in self.alts else {}
        self.photos[number] = (url, post)
        return Json({"id": number} if post is None else {"id": number, "post_id": post.id})

    def comment(self, call: Call, object_id: str) -> Response:
        parent = self._post(object_id, "POST")
        message = str(call.params.get("message", ""))
        if not message:
            raise graph.parameter("The parameter message is required")
        made = self.town.post(
            "facebook", self.town.city["facebook"], message, how="city", parent=parent, spoken=True
        )
        return Json({"id": made.id})

    def like(self, object_id: str) -> Response:
        self._post(object_id, "POST")
        return Json({"success": True})

    def update(self, call: Call, object_id: str) -> Response:
        post = self._post(object_id, "POST")
        if post.author is not self.town.city["facebook"]:
            raise GraphError(200, "(#200) This post wasn't created by the application", status=403)
        if "message" in call.params:
            post.text, post.edited_at, post.edits = str(call.params["message"]), now(), post.edits + 1
        if graph.true(call.params.get("is_published", "false")) and not post.public:
            post.due = now()
            if post not in self.town.scheduled:
                self.town.schedule(post, now())
            self.town.tick()
        return Json({"success": True})

    def delete(self, object_id: str) -> Response:
        if object_id in self.photos and self.photos[object_id][1] is None:
            del self.photos[object_id]
            return Json({"success": True})
        self.town.hide(self._post(object_id, "DELETE"))
        return Json({"success": True})


def person(who: Person) -> dict[str, str]:
    return {"name": who.name, "id": who.id}


def permalink(post: Post) -> str:
    if post.parent is None:
        page, _, number = post.id.partition("_")
        return f"https://www.facebook.com/{page}/posts/{number}"
    return f"{permalink(post.root)}?comment_id={post.id.rsplit('_', 1)[-1]}"


def attachment(url: str) -> dict[str, Any]:
    return {"media": {"image": {"height": 800, "width": 1200, "src": url}}, "target": {"url": url},
            "type": "photo", "media_type": "photo", "url": url}  # fmt: skip
