"""www.instagram.com and i.instagram.com, as far as instaloader 4.16 asks them.

Node shapes are what ``instaloader/structures.py`` reads. Query hashes and doc_ids change with every release
of the library, so they are kept here in one table.
"""

import binascii
import html
import json
import re
from collections.abc import Callable
from typing import Any

from starlette.responses import RedirectResponse, Response

from simulator.wire import Call, Json
from simulator.wire import html as page
from simulator.world import Person, Post, Timeline, Town, cursor, now, uncursor

#: instaloader 4.16
TAGGED = "e31a871f7301132ceaab56507a66bbb7"
COMMENTS = "97b41c52301f77ce508f55e66d17620e"
ANSWERS = "51fdd02b67508306ad4484ff574a0b62"
WHO_AM_I = "d6f4427fbe92d846298cf93df0b937d3"
PROFILE = "27937681195819736"
POST = "27128499623469141"
POSTS_ANONYMOUS = "28904005159232689"
POSTS_SIGNED_IN = "29104886249145907"

PAGE = 12


class Voice:
    def limited(self, seconds: int, bare: bool) -> Response:
        return fail("Please wait a few minutes before you try again.", 429)

    def revoked(self) -> Response:
        return fail("Please wait a few minutes before you try again.", 401, require_login=True)

    def forbidden(self) -> Response:
        return fail("challenge_required", 400)

    def unavailable(self) -> Response:
        return page("<!DOCTYPE html><title>Error</title><p>Sorry, something went wrong.</p>", 503)

    def graph(self, name: str) -> Response:
        """login_redirect: what Instagram does with requests it will not serve anonymously."""
        return RedirectResponse("https://www.instagram.com/accounts/login/?next=/", 302)


def fail(message: str, status: int, **more: Any) -> Response:
    return Json({"message": message, **more, "status": "fail"}, status)


def ok(**data: Any) -> Response:
    return Json({**data, "status": "ok"})


class InstagramWeb:
    def __init__(self, town: Town) -> None:
        self.town = town
        self.me = town.identity.instagram
        self.voice = Voice()

    async def __call__(self, call: Call) -> Response:
        self.town.last_read["instagram"] = now()
        route, work = self._route(call)

        async def run() -> Response:
            return work()

        if route not in self.town.faults.routes:
            self.town.faults.counts[route] += 1
            return await run()
        return await self.town.faults.play(route, self.voice, call, run)

    def _route(self, call: Call) -> tuple[str, Callable[[], Response]]:
        path = call.path.strip("/")
        if path == "":
            return "instagram.web_start", self.start
        if path == "api/v1/users/web_profile_info":
            return "instagram.web_profile", lambda: self.profile_info(call)
        if path in ("graphql/query", "api/graphql"):
            return self._query(call)
        match = re.fullmatch(r"api/v1/media/(\d+)/comments(?:/(\d+)/child_comments)?", path)
        if match is not None:
            number, child = match[1], match[2]
            return "instagram.web_comments", lambda: self.app_comments(call, number, child)
        match = re.fullmatch(r"[\w.]+", path)
        if match is not None:
            return "instagram.web_profile", lambda: self.profile_page(path)
        return "instagram.web_unknown", lambda: fail("Not found", 404)

    def _query(self, call: Call) -> tuple[str, Callable[[], Response]]:
        params = call.params
        try:
            variables = json.loads(params.get("variables", "{}"))
        except ValueError:
            variables = {}
        number = params.get("query_hash") or params.get("doc_id")
        queries: dict[str, tuple[str, Callable[[], Response]]] = {
            TAGGED: ("instagram.web_tagged", lambda: self.tagged(variables)),
            COMMENTS: ("instagram.web_comments", lambda: self.comments(call, variables)),
            ANSWERS: ("instagram.web_comments", lambda: self.answers(call, variables)),
            WHO_AM_I: ("instagram.web_start", lambda: self.who_am_i(call)),
            PROFILE: ("instagram.web_profile", lambda: self.profile(variables)),
            POST: ("instagram.web_post", lambda: self.post(variables)),
            POSTS_ANONYMOUS: ("instagram.web_posts", lambda: self.posts_anonymous(variables)),
            POSTS_SIGNED_IN: ("instagram.web_posts", lambda: self.posts(variables)),
        }
        if number in queries:
            return queries[number]
        return "instagram.web_unknown", lambda: fail("invalid query", 400)

    # People

    def _number(self, person: Person) -> str:
        return self.me.web_user_id if person is self.town.city["instagram"] else person.id

    def _person(self, username: str) -> Person | None:
        return self.town.person_by_username("instagram", username)

    def _media_of(self, person: Person) -> Timeline:
        if person is self.town.city["instagram"]:
            return self.town.shelf("instagram", "own")
        names = ("tags", "hashtag")
        return Timeline(p for n in names for p in self.town.shelf("instagram", n) if p.author is person)

    def _user(self, person: Person) -> dict[str, Any]:
        picture = self.town.picture_url("instagram", f"profile-{self._number(person)}.jpg")
        return {
            "id": self._number(person),
            "pk": self._number(person),
            "username": person.username,
            "full_name": person.name,
            "is_private": False,
            "is_verified": False,
            "biography": "",
            "external_url": None,
            "is_business_account": person is self.town.city["instagram"],
            "business_category_name": None,
            "profile_pic_url": picture,
            "profile_pic_url_hd": picture,
            "edge_followed_by": {"count": 0},
            "edge_follow": {"count": 0},
            "edge_felix_video_timeline": {"count": 0},
            "edge_owner_to_timeline_media": {
                "count": len(self._media_of(person)),
                "edges": [],
                "page_info": {"has_next_page": False, "end_cursor": None},
            },
            "all_media_count": len(self._media_of(person)),
            "media_count": len(self._media_of(person)),
            "friendship_status": {"following": False, "followed_by": False, "blocking": False},
        }

    def profile_info(self, call: Call) -> Response:
        person = self._person(call.query.get("username", ""))
        if person is None:
            return fail("Not found", 404)
        return ok(data={"user": self._user(person)})

    def profile(self, variables: dict[str, Any]) -> Response:
        number = str(variables.get("id", ""))
        city = self.town.city["instagram"]
        person = city if number == self.me.web_user_id else self.town.person_by_id("instagram", number)
        return ok(data={"user": None if person is None else self._user(person)})

    def who_am_i(self, call: Call) -> Response:
        if not signed_in(call):
            return ok(data={"user": None})
        number = cookies(call).get("ds_user_id", "0")
        return ok(data={"user": {"id": number, "username": self.me.username}})

    def start(self) -> Response:
        """The start page with the tokens the web app sends along, and the csrftoken cookie."""
        text = (
            '<!DOCTYPE html><title>Instagram</title><script>["DTSGInitialData",[],{"token":"town-dtsg"}],'
            '["LSD",[],{"token":"town-lsd"}],{"IG_USER_EIMU":"17841400000000009"}</script>'
        )
        answer = page(text)
        answer.set_cookie("csrftoken", "towncsrftoken", domain=".instagram.com")
        return answer

    def profile_page(self, username: str) -> Response:
        """The profile as HTML with the results of two queries embedded in it."""
        person = self._person(username)
        if person is None:
            return page("<!DOCTYPE html><title>Page not found</title>", 404)
        user = self._user(person)
        shown = {k: v for k, v in user.items() if not k.startswith("edge_")} | {"id": f"page-{user['pk']}"}
        posts = {
            "id": f"page-{user['pk']}",
            "is_private": False,
            "polaris_ordered_timeline_connection": self._codes(person, None),
        }
        scripts = "".join(
            f'<script type="application/json" data-sjs>{embedded(data)}</script>'
            for data in ({"xig_user_by_username": shown}, {"xig_user_by_username": posts})
        )
        return page(f"<!DOCTYPE html><title>{html.escape(person.name)}</title>{scripts}")

    # Posts

    def _slice(self, shelf: Timeline, after: Any, first: int = PAGE) -> tuple[list[Post], dict[str, Any]]:
        try:
            high = uncursor(str(after)) if after else None
        except (ValueError, binascii.Error):
            high = (0, 0)
        found, more = shelf.page(first, high=high)
        end = cursor(found[-1].order) if found and more else None
        return found, {"has_next_page": more, "end_cursor": end}

    def _codes(self, person: Person, after: Any) -> dict[str, Any]:
        found, info = self._slice(self._media_of(person), after)
        return {"edges": [{"node": {"code": p.shortcode}} for p in found], "page_info": info}

    def posts_anonymous(self, variables: dict[str, Any]) -> Response:
        named = str(variables.get("id", "")).removeprefix("page-")
        city = self.town.city["instagram"]
        person = city if named == self.me.web_user_id else self.town.person_by_id("instagram", named)
        if person is None:
            return Json({"data": {"node": None}})
        connection = self._codes(person, variables.get("after"))
        return Json({"data": {"node": {"polaris_ordered_timeline_connection": connection}}})

    def posts(self, variables: dict[str, Any]) -> Response:
        person = self._person(str(variables.get("username", "")))
        shelf = Timeline() if person is None else self._media_of(person)
        posts, info = self._slice(shelf, variables.get("after"))
        connection = {"edges": [{"node": self._item(p)} for p in posts], "page_info": info}
        return Json({"data": {"xdt_api__v1__feed__user_timeline_graphql_connection": connection}})

    def _picture(self, post: Post) -> str:
        return post.media[0] if post.media else self.town.picture_url("instagram", f"{post.shortcode}.jpg")

    def _item(self, post: Post) -> dict[str, Any]:
        """A post as the app and the Polaris web page give it."""
        kind = 8 if len(post.media) > 1 else 1
        candidates = {"candidates": [{"url": self._picture(post), "width": 1080, "height": 1080}]}
        return {
            "pk": post.id,
            "id": f"{post.id}_{self._number(post.author)}",
            "code": post.shortcode,
            "media_type": kind,
            "taken_at": int(post.created_at.timestamp()),
            "caption": {"text": post.text} if post.text else None,
            "title": None,
            "has_liked": False,
            "like_count": 0,
            "comment_count": len(post.thread),
            "accessibility_caption": None,
            "image_versions2": candidates,
            "video_versions": None,
            "location": None,
            "carousel_media": [
                {"media_type": 1, "image_versions2": {"candidates": [{"url": u}]}} for u in post.media
            ]
            if kind == 8
            else None,
            "user": self._small(post.author),
        }

    def _small(self, person: Person) -> dict[str, Any]:
        picture = self.town.picture_url("instagram", f"profile-{self._number(person)}.jpg")
        return {
            "pk": self._number(person),
            "id": self._number(person),
            "username": person.username,
            "full_name": person.name,
            "is_private": False,
            "profile_pic_url": picture,
        }

    def post(self, variables: dict[str, Any]) -> Response:
        found = self.town.by_shortcode.get(str(variables.get("shortcode", "")))
        items = [] if found is None else [self._item(found)]
        return ok(data={"xdt_api__v1__media__shortcode__web_info": {"items": items}})

    def tagged(self, variables: dict[str, Any]) -> Response:
        """Posts that tag the account, newest first; @mentions without a tag are not among them."""
        shelf = Timeline()
        if str(variables.get("id")) == self.me.web_user_id:
            shelf = Timeline(p for p in self.town.shelf("instagram", "tags") if p.how == "tagged")
        first = variables.get("first", PAGE)
        first = first if isinstance(first, int) and 1 <= first <= 50 else PAGE
        found, info = self._slice(shelf, variables.get("after"), first)
        edges = {"count": len(shelf), "page_info": info, "edges": [{"node": self._node(p)} for p in found]}
        return ok(data={"user": {"edge_user_to_photos_of_you": edges}})

    def _node(self, post: Post) -> dict[str, Any]:
        """A post in the older GraphQL shape, complete enough that instaloader asks nothing more for it."""
        picture = self._picture(post)
        many = len(post.media) > 1
        node: dict[str, Any] = {
            "__typename": "GraphSidecar" if many else "GraphImage",
            "id": post.id,
            "shortcode": post.shortcode,
            "title": None,
            "edge_media_to_caption": {"edges": [{"node": {"text": post.text}}] if post.text else []},
            "edge_media_to_comment": {"count": len(post.thread)},
            "comments_disabled": False,
            "taken_at_timestamp": int(post.created_at.timestamp()),
            "dimensions": {"height": 1080, "width": 1080},
            "display_url": picture,
            "thumbnail_src": picture,
            "edge_liked_by": {"count": 0},
            "edge_media_preview_like": {"count": 0},
            "is_video": False,
            "accessibility_caption": None,
            "location": None,
            "owner": {"id": self._number(post.author), "username": post.author.username},
            "edge_media_to_tagged_user": {"edges": [{"node": {"user": {"username": self.me.username}}}]},
            "viewer_has_liked": False,
        }
        if many:
            children = [
                {
                    "node": {
                        "__typename": "GraphImage",
                        "is_video": False,
                        "display_url": url,
                        "shortcode": post.shortcode,
                    }
                }
                for url in post.media
            ]
            node["edge_sidecar_to_children"] = {"edges": children}
        return node

    # Comments (a session is needed)

    def comments(self, call: Call, variables: dict[str, Any]) -> Response:
        post = self.town.by_shortcode.get(str(variables.get("shortcode", "")))
        if not signed_in(call):
            return fail("login_required", 403, require_login=True)
        if post is None:
            return ok(data={"shortcode_media": None})
        found, info = self._slice(post.replies, variables.get("after"))
        edges = {
            "count": len(post.thread),
            "page_info": info,
            "edges": [{"node": self._comment(c)} for c in found],
        }
        return ok(data={"shortcode_media": {"edge_media_to_parent_comment": edges}})

    def answers(self, call: Call, variables: dict[str, Any]) -> Response:
        if not signed_in(call):
            return fail("login_required", 403, require_login=True)
        comment = self.town.find("instagram", str(variables.get("comment_id", "")))
        found, info = self._slice(Timeline() if comment is None else comment.replies, variables.get("after"))
        edges = {
            "count": 0 if comment is None else len(comment.replies),
            "page_info": info,
            "edges": [{"node": self._comment(c)} for c in found],
        }
        return ok(data={"comment": {"edge_threaded_comments": edges}})

    def _comment(self, post: Post) -> dict[str, Any]:
        answers = [{"node": self._comment(reply)} for reply in post.replies]
        return {
            "id": post.id,
            "text": post.text,
            "created_at": int(post.created_at.timestamp()),
            "owner": {"id": self._number(post.author), "username": post.author.username},
            "edge_liked_by": {"count": 0},
            "viewer_has_liked": False,
            "edge_threaded_comments": {
                "count": len(answers),
                "edges": answers,
                "page_info": {"has_next_page": False, "end_cursor": None},
            },
        }

    def app_comments(self, call: Call, number: str, child: str | None) -> Response:
        if not signed_in(call):
            return fail("login_required", 403, require_login=True)
        post = self.town.find("instagram", number)
        if child is not None:
            comment = self.town.find("instagram", child)
            replies = [] if comment is None else [self._app_comment(c) for c in comment.replies]
            return ok(child_comments=replies)
        if post is None:
            return fail("Media not found or unavailable", 400)
        found, info = self._slice(post.replies, call.query.get("min_id"), 15)
        more = {"next_min_id": info["end_cursor"]} if info["has_next_page"] else {}
        return ok(comments=[self._app_comment(c) for c in found], comment_count=len(post.thread), **more)

    def _app_comment(self, post: Post) -> dict[str, Any]:
        answers = [self._app_comment(reply) for reply in post.replies]
        return {
            "pk": post.id,
            "text": post.text,
            "created_at": int(post.created_at.timestamp()),
            "comment_like_count": 0,
            "child_comment_count": len(answers),
            "preview_child_comments": answers,
            "user": self._small(post.author),
        }


def embedded(data: dict[str, Any]) -> str:
    text = json.dumps({"require": [["x", "y", [], [{"__bbox": {"result": {"data": data}}}]]]})
    return text.replace("</", "<\\/")


def cookies(call: Call) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in call.headers.get("cookie", "").split(";"))
    return {k: v for k, _, v in pairs}


def signed_in(call: Call) -> bool:
    return bool(cookies(call).get("sessionid")) or call.headers.get("authorization", "").startswith(
        "Bearer IGT:"
    )
