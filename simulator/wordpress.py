"""A website of the city: WordPress REST API v2 and the pages a citizen sees.

Errors are ``{"code", "message", "data": {"status"}}``. A taken slug silently becomes ``slug-2``
(wp_unique_post_slug). Sign-in is by Application Password (Basic); spaces in it do not matter.
"""

import base64
import binascii
import hashlib
import html
import io
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from PIL import Image, UnidentifiedImageError
from starlette.responses import Response

from simulator.identity import Website
from simulator.wire import Call, Json, disposition_of
from simulator.world import CITY_WORDS, Post, Timeline, Town, iso, now

STATUSES = ("publish", "future", "draft", "pending", "private", "trash")
TOWN_TITLE = "Kolom warga"
#: Reads with a name of their own among the faults.
THIN = {"/wp/v2/users/me": "users_me"}
#: What WordPress's own role Editor may do, as far as it matters here.
EDITOR = (
    "edit_posts",
    "edit_others_posts",
    "edit_published_posts",
    "delete_posts",
    "delete_published_posts",
    "publish_posts",
    "read_private_posts",
    "manage_categories",
    "moderate_comments",
    "upload_files",
    "unfiltered_html",
    "read",
    "editor",
)
JAKARTA = timezone(timedelta(hours=7))


class WpError(Exception):
    def __init__(self, status: int, code: str, message: str, **data: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message, "data": {"status": status, **data}}

    @property
    def response(self) -> Response:
        return Json(self.body, self.status)


def bad(name: str, why: str, **more: Any) -> WpError:
    return WpError(400, "rest_invalid_param", f"Invalid parameter(s): {name}", params={name: why}, **more)


class Voice:
    def limited(self, seconds: int, bare: bool) -> Response:
        answer = WpError(429, "too_many_requests", "Too many requests.").response
        if not bare:
            answer.headers["retry-after"] = str(seconds)
        return answer

    def revoked(self) -> Response:
        return WpError(401, "rest_not_logged_in", "You are not currently logged in.").response

    def forbidden(self) -> Response:
        return WpError(
            403, "rest_cannot_create", "Sorry, you are not allowed to do that as this user."
        ).response

    def unavailable(self) -> Response:
        text = "<!DOCTYPE html><title>503</title><p>Briefly unavailable for scheduled maintenance.</p>"
        return Response(text, 503, media_type="text/html; charset=UTF-8")

    def graph(self, name: str) -> Response:
        return self.unavailable()


@dataclass
class Article:
    id: int
    slug: str
    title: str
    content: str
    excerpt: str
    status: str
    #: UTC; the moment of publication, also for one in the future.
    date: datetime
    modified: datetime
    featured_media: int = 0
    categories: list[int] = field(default_factory=lambda: [1])
    tags: list[int] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)
    #: The slug before it went to the trash.
    wanted_slug: str = ""


@dataclass
class Medium:
    id: int
    slug: str
    title: str
    file: str
    type: str
    data: bytes
    date: datetime
    alt_text: str = ""
    caption: str = ""
    size: tuple[int, int] = (0, 0)


class WordPress:
    def __init__(self, town: Town, site: Website) -> None:
        self.town = town
        self.site = site
        self.voice = Voice()
        self.articles: dict[int, Article] = {}
        self.media: dict[int, Medium] = {}
        self.terms: dict[str, dict[int, str]] = {"categories": {1: "Berita", 2: "Pengumuman"}, "tags": {}}
        self.discussion = Discussion(self)
        self._last_id = 10
        #: The article made for comments that name none; 0 before the first of them.
        self.town_article = 0
        town.article_for[site.key] = self._article_for

    # Pages

    @property
    def published(self) -> list[Article]:
        """What a citizen sees, newest first."""
        self.tick()
        return sorted((a for a in self.articles.values() if a.status == "publish"), key=_newest)

    def tick(self) -> None:
        for article in self.articles.values():
            if article.status == "future" and article.date <= now():
                article.status = "publish"

    def link(self, article: Article) -> str:
        if article.status != "publish":
            return f"https://{self.site.host}/?p={article.id}"
        return f"https://{self.site.host}/{article.slug}/"

    def comment_link(self, comment: Post) -> str:
        article = self.articles.get(comment.article)
        where = f"https://{self.site.host}/?p={comment.article}" if article is None else self.link(article)
        return f"{where}#comment-{comment.id}"

    def _article_for(self, name: str | None) -> int:
        """The published article of that number or slug; otherwise the one the town makes for comments."""
        named = next((a for a in self.published if name in (str(a.id), a.slug)), None)
        if named is not None:
            return named.id
        if self.town_article not in self.articles:
            moment = now() - timedelta(hours=2)
            made = Article(self._next_id(), "", TOWN_TITLE, CITY_WORDS, "", "publish", moment, moment)
            made.slug = self._unique(slugify(made.title), made.id)
            self.articles[made.id] = made
            self.town_article = made.id
        return self.town_article

    async def feed(self, call: Call, comments: bool) -> Response:
        """``/feed/`` and ``/comments/feed/``: the ten newest; 304 to whoever has seen them."""
        self.town.last_read[self.site.key] = now()
        name = f"{self.site.key}.{'comments_feed' if comments else 'feed'}"

        async def run() -> Response:
            items = self.discussion.feed_items() if comments else [self._feed_item(a) for a in self.published]
            title = f"Komentar untuk {self.site.name}" if comments else self.site.name
            path = "/comments/feed/" if comments else "/feed/"
            answer = rss(f"https://{self.site.host}", path, title, items[:10])
            etag = f'"{hashlib.md5(bytes(answer.body), usedforsecurity=False).hexdigest()}"'
            if items and call.headers.get("if-none-match") == etag:
                return Response(None, 304, {"etag": etag})
            answer.headers["etag"] = etag
            return answer

        return await self.town.faults.play(name, self.voice, call, run)

    async def page(self, call: Call, show: Callable[[], Response]) -> Response:
        """A page as a citizen sees it, spoilt when a fault is armed for it."""

        async def run() -> Response:
            return show()

        if call.path.startswith("/wp-content/"):
            return await run()
        return await self.town.faults.play(f"{self.site.key}.page", self.voice, call, run)

    def _feed_item(self, article: Article) -> dict[str, Any]:
        return {
            "title": article.title,
            "link": self.link(article),
            "creator": self.site.username,
            "date": article.date,
            "categories": [self.terms["categories"].get(n, "") for n in article.categories],
            "guid": f"https://{self.site.host}/?p={article.id}",
            "description": article.excerpt or article.content[:300],
            "content": autop(article.content),
        }

    def picture(self, article: Article) -> Medium | None:
        return self.media.get(article.featured_media)

    def source_url(self, medium: Medium) -> str:
        return f"https://{self.site.host}/wp-content/uploads/{medium.date:%Y/%m}/{medium.file}"

    def upload(self, path: str) -> Medium | None:
        name = path.rsplit("/", 1)[-1]
        return next(
            (m for m in self.media.values() if self.source_url(m).endswith(path) and m.file == name), None
        )

    # The API

    async def __call__(self, call: Call) -> Response:
        self.tick()
        self.town.last_read[self.site.key] = now()
        path = call.query.get("rest_route", call.path.removeprefix("/wp-json")).rstrip("/")
        try:
            user = self._user(call)
            route, work = self._route(call, path, user)
        except WpError as error:
            return error.response

        async def run() -> Response:
            try:
                answer = work()
            except WpError as error:
                answer = error.response
            return answer

        name = f"{self.site.key}.{route}"
        if name not in self.town.faults.routes:
            self.town.faults.counts[name] += 1
            return await run()
        return await self.town.faults.play(name, self.voice, call, run)

    def _user(self, call: Call) -> bool:
        """True when signed in; a wrong password is an error even for a public page of the API."""
        header = call.headers.get("authorization", "")
        if not header:
            return False
        try:
            name, _, password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
        except (ValueError, binascii.Error):
            name = password = ""
        expected = self.site.application_password.replace(" ", "")
        if name != self.site.username or password.replace(" ", "") != expected:
            raise WpError(401, "rest_not_logged_in", "You are not currently logged in.")
        return True

    def _route(self, call: Call, path: str, user: bool) -> tuple[str, Callable[[], Response]]:
        method = call.headers.get("x-http-method-override", call.query.get("_method", call.method)).upper()
        match = re.fullmatch(r"/wp/v2/(posts|media)(?:/(\d+))?", path)
        if match is not None:
            kind, number = match[1], match[2]
            if number is None and method == "GET":
                if kind == "posts":
                    return "posts_list", lambda: self.list_posts(call, user)
                return "media_list", lambda: self.list_media(call)
            if number is None and method == "POST":
                if kind == "posts":
                    return "posts_create", lambda: self.create(call, user)
                return "media_create", lambda: self.create_medium(call, user)
            if number is not None:
                return self._item(call, kind, method, int(number), user)
        match = re.fullmatch(r"/wp/v2/comments(?:/(\d+))?", path)
        if match is not None and method == "GET":
            wanted = match[1]
            if wanted is None:
                return "comments_list", lambda: self.discussion.listing(call, user)
            return "comments_get", lambda: self.discussion.one(call, wanted)
        writes = ("POST",) if match is not None and match[1] is None else ("POST", "PUT", "DELETE")
        if match is not None and user and method in writes:
            return self._written(call, method, match[1])
        match = re.fullmatch(r"/wp/v2/(categories|tags)", path)
        if match is not None and method == "POST":
            kind = match[1]
            return "terms_create", lambda: self.create_term(call, kind, user)
        if method == "GET":
            name = "terms_list" if match is not None else THIN.get(path, "other")
            return name, lambda: self._thin(call, path, user)
        raise self._no_route()

    def _written(self, call: Call, method: str, number: str | None) -> tuple[str, Callable[[], Response]]:
        """What a signed-in user does with comments."""
        if number is None:
            return "comments_create", lambda: self.discussion.create(call)
        if method == "DELETE":
            return "comments_delete", lambda: self.discussion.delete(number)
        return "comments_update", lambda: self.discussion.update(call, number)

    def _item(
        self, call: Call, kind: str, method: str, number: int, user: bool
    ) -> tuple[str, Callable[[], Response]]:
        posts = kind == "posts"
        if method == "GET":
            return f"{kind}_get", lambda: (self.get_post if posts else self.get_medium)(call, number, user)
        if method in ("POST", "PUT", "PATCH"):
            return f"{kind}_update", lambda: (self.update if posts else self.update_medium)(
                call, number, user
            )
        if method == "DELETE":
            return f"{kind}_delete", lambda: (self.delete if posts else self.delete_medium)(
                call, number, user
            )
        raise self._no_route()

    @staticmethod
    def _no_route() -> WpError:
        return WpError(404, "rest_no_route", "No route was found matching the URL and request method.")

    def _thin(self, call: Call, path: str, user: bool) -> Response:
        base = f"https://{self.site.host}"
        match path:
            case "":
                authorize = f"{base}/wp-admin/authorize-application.php"
                return Json(
                    {
                        "name": self.site.name,
                        "description": "",
                        "url": base,
                        "home": base,
                        "gmt_offset": "7",
                        "timezone_string": "Asia/Jakarta",
                        "namespaces": ["wp/v2"],
                        "routes": {},
                        "authentication": {
                            "application-passwords": {"endpoints": {"authorization": authorize}}
                        },
                    }
                )
            case "/wp/v2/users/me":
                if not user:
                    raise WpError(401, "rest_not_logged_in", "You are not currently logged in.")
                me: dict[str, Any] = {
                    "id": 1,
                    "name": self.site.username,
                    "slug": self.site.username,
                    "link": base,
                }
                if call.query.get("context") == "edit":
                    me |= {"username": self.site.username, "roles": ["editor"]}
                    me["capabilities"] = dict.fromkeys(EDITOR, True)
                return Json(me)
            case "/wp/v2/users":
                return listed([{"id": 1, "name": self.site.username, "slug": self.site.username}], 1, 10)
            case "/wp/v2/categories" | "/wp/v2/tags":
                return self.list_terms(call, path.rsplit("/", 1)[-1])
        raise self._no_route()

    # Posts

    def list_posts(self, call: Call, user: bool) -> Response:
        query = call.query
        statuses = split(query.get("status", "publish"))
        if "any" in statuses:
            statuses = [s for s in STATUSES if s != "trash"]
        if unknown := [s for s in statuses if s not in STATUSES]:
            raise bad("status", f"status[0] is not one of publish, future, draft, …: {unknown[0]}.")
        if not user and statuses != ["publish"]:
            # As WordPress 6.8.12 answers it: a 400 whose details tell that it is a matter of access.
            details = {
                "code": "rest_forbidden_status",
                "message": "Status is forbidden.",
                "data": {"status": 401},
            }
            raise bad("status", "Status is forbidden.", details={"status": details})
        if query.get("context") == "edit" and not user:
            raise WpError(
                401, "rest_forbidden_context", "Sorry, you are not allowed to edit posts in this post type."
            )
        found = [a for a in self.articles.values() if a.status in statuses and self._matches(a, query)]
        found.sort(key=self._sorting(query), reverse=query.get("order", "desc") == "desc")
        return self._page(call, [self._show(a, query) for a in found], "rest_post_invalid_page_number")

    def _matches(self, article: Article, query: dict[str, str]) -> bool:
        if query.get("slug") and article.slug not in split(query["slug"]):
            return False
        words = query.get("search", "").lower()
        if words and words not in f"{article.title} {article.content} {article.excerpt}".lower():
            return False
        if query.get("include") and str(article.id) not in split(query["include"]):
            return False
        for name in ("categories", "tags"):
            if query.get(name) and not set(split(query[name])) & {str(n) for n in getattr(article, name)}:
                return False
        for name, moment, later in (
            ("after", article.date, True),
            ("before", article.date, False),
            ("modified_after", article.modified, True),
            ("modified_before", article.modified, False),
        ):
            if query.get(name) and (moment > local(query[name], name)) != later:
                return False
        return True

    @staticmethod
    def _sorting(query: dict[str, str]) -> Callable[[Article], Any]:
        kinds: dict[str, Callable[[Article], Any]] = {
            "date": lambda a: (a.date, a.id),
            "modified": lambda a: (a.modified, a.id),
            "id": lambda a: a.id,
            "title": lambda a: a.title.lower(),
            "slug": lambda a: a.slug,
        }
        wanted = query.get("orderby", "date")
        if wanted not in kinds and wanted not in ("include", "relevance", "include_slugs"):
            raise bad("orderby", f"orderby is not one of {', '.join(kinds)}.")
        return kinds.get(wanted, kinds["date"])

    @staticmethod
    def _page(call: Call, items: list[dict[str, Any]], code: str) -> Response:
        per_page, page = number(call, "per_page", 10), number(call, "page", 1)
        if not 1 <= per_page <= 100:
            raise bad("per_page", "per_page must be between 1 (inclusive) and 100 (inclusive)")
        if page < 1 or (page > 1 and (page - 1) * per_page >= len(items)):
            raise WpError(
                400, code, "The page number requested is larger than the number of pages available."
            )
        return listed(items[(page - 1) * per_page : page * per_page], len(items), per_page)

    def _show(self, article: Article, query: dict[str, str], edit: bool | None = None) -> dict[str, Any]:
        edit = query.get("context") == "edit" if edit is None else edit
        texts = {"title": article.title, "content": article.content, "excerpt": article.excerpt}
        shown: dict[str, Any] = {
            "id": article.id,
            **dates(article.date, "date"),
            **dates(article.modified, "modified"),
            "guid": {"rendered": f"https://{self.site.host}/?p={article.id}"},
            "slug": article.slug,
            "status": article.status,
            "type": "post",
            "link": self.link(article),
            "title": {"rendered": html.escape(article.title, quote=False)},
            "content": {"rendered": autop(article.content), "protected": False},
            "excerpt": {"rendered": autop(article.excerpt), "protected": False},
            "author": 1,
            "featured_media": article.featured_media,
            "comment_status": "open",
            "ping_status": "open",
            "sticky": False,
            "template": "",
            "format": "standard",
            "meta": article.meta,
            "categories": article.categories,
            "tags": article.tags,
            "class_list": [],
        }
        if edit:
            for name, text in texts.items():
                shown[name] = {"raw": text, **shown[name]}
            shown["password"] = ""
            shown["generated_slug"] = slugify(article.title)
        wanted = {f.split(".")[0] for f in split(query.get("_fields", ""))}
        return {k: v for k, v in shown.items() if k in wanted} if wanted else shown

    def _article(self, number: int) -> Article:
        article = self.articles.get(number)
        if article is None:
            raise WpError(404, "rest_post_invalid_id", "Invalid post ID.")
        return article

    def get_post(self, call: Call, number: int, user: bool) -> Response:
        article = self._article(number)
        if not user and (article.status != "publish" or call.query.get("context") == "edit"):
            raise WpError(401, "rest_forbidden", "Sorry, you are not allowed to do that.")
        return Json(self._show(article, call.query))

    def create(self, call: Call, user: bool) -> Response:
        if not user:
            raise WpError(
                401, "rest_cannot_create", "Sorry, you are not allowed to create posts as this user."
            )
        params = call.params
        if "id" in params:
            raise WpError(400, "rest_post_exists", "Cannot create existing post.")
        if not (raw(params.get("title")) or raw(params.get("content")) or raw(params.get("excerpt"))):
            raise WpError(400, "empty_content", "Content, title, and excerpt are empty.")
        moment = now()
        article = Article(self._next_id(), "", "", "", "", "draft", moment, moment)
        self._change(article, params)
        # wp_insert_post: post_modified of a new post is its post_date.
        article.modified = article.date if article.status == "publish" else article.modified
        self.articles[article.id] = article
        shown = self._show(article, {"_fields": call.query.get("_fields", "")}, edit=True)
        return Json(shown, 201, {"location": f"https://{self.site.host}/wp-json/wp/v2/posts/{article.id}"})

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _change(self, article: Article, params: dict[str, Any]) -> None:
        """Apply the given parameters; nothing changes when one of them is wrong."""
        status = params.get("status", article.status)
        if status not in STATUSES:
            raise bad("status", f"status is not one of {', '.join(STATUSES)}.")
        date = article.date
        if params.get("date_gmt"):
            date = local(str(params["date_gmt"]), "date_gmt")
        elif params.get("date"):
            date = local(str(params["date"]), "date", JAKARTA)
        elif status == "publish" and article.status in ("draft", "pending", "future"):
            date = now()
        picture = params.get("featured_media", article.featured_media)
        if picture and (not str(picture).isdigit() or int(picture) not in self.media):
            raise WpError(400, "rest_invalid_featured_media", "Invalid featured media ID.")
        numbers = {n: _numbers(params, n, getattr(article, n)) for n in ("categories", "tags")}
        article.date, article.featured_media = date, int(picture or 0)
        article.categories, article.tags = numbers["categories"] or [1], numbers["tags"]
        for name in ("title", "content", "excerpt"):
            if name in params:
                setattr(article, name, raw(params[name]))
        if isinstance(params.get("meta"), dict):
            article.meta.update(params["meta"])
        if status in ("publish", "future"):
            status = "future" if date > now() else "publish"
        if article.status == "trash" and status != "trash":
            article.slug = self._unique(article.wanted_slug or article.slug, article.id)
        article.status = status
        if params.get("slug") or not article.slug:
            article.slug = self._unique(
                slugify(str(params.get("slug") or "")) or slugify(article.title), article.id
            )
        article.modified = now()

    def _unique(self, slug: str, owner: int) -> str:
        slug = slug or str(owner)
        taken = {a.slug for a in self.articles.values() if a.id != owner} | {
            m.slug for m in self.media.values()
        }
        unique, n = slug, 1
        while unique in taken:
            n += 1
            unique = f"{slug}-{n}"
        return unique

    def update(self, call: Call, number: int, user: bool) -> Response:
        article = self._article(number)
        if not user:
            raise WpError(401, "rest_cannot_edit", "Sorry, you are not allowed to edit this post.")
        self._change(article, call.params)
        return Json(self._show(article, {"_fields": call.query.get("_fields", "")}, edit=True))

    def delete(self, call: Call, number: int, user: bool) -> Response:
        article = self._article(number)
        if not user:
            raise WpError(401, "rest_cannot_delete", "Sorry, you are not allowed to delete this post.")
        if str(call.params.get("force", "false")).lower() in ("true", "1"):
            del self.articles[number]
            return Json({"deleted": True, "previous": self._show(article, {}, edit=True)})
        if article.status == "trash":
            raise WpError(410, "rest_already_trashed", "The post has already been deleted.")
        article.wanted_slug, article.slug = article.slug, f"{article.slug[:191]}__trashed"
        article.status, article.modified = "trash", now()
        return Json(self._show(article, {}, edit=True))

    # Media

    def create_medium(self, call: Call, user: bool) -> Response:
        if not user:
            raise WpError(
                401, "rest_cannot_create", "Sorry, you are not allowed to upload media on this site."
            )
        name, kind, data = self._uploaded(call)
        stem, _, suffix = name.rpartition(".")
        if suffix.lower() not in ("jpg", "jpeg", "png", "gif", "webp", "pdf"):
            raise WpError(
                500, "rest_upload_unknown_error", "Sorry, you are not allowed to upload this file type."
            )
        slug = self._unique(slugify(stem), 0)
        medium = Medium(self._next_id(), slug, stem, f"{slug}.{suffix.lower()}", kind, data, now())
        medium.size = dimensions(data)
        self._describe(medium, call)
        self.media[medium.id] = medium
        where = f"https://{self.site.host}/wp-json/wp/v2/media/{medium.id}"
        return Json(self._show_medium(medium, call.query), 201, {"location": where})

    @staticmethod
    def _uploaded(call: Call) -> tuple[str, str, bytes]:
        """A file from a multipart form, or the raw body named by Content-Disposition."""
        if call.type == "multipart/form-data":
            file = call.files.get("file")
            if file is None or not file.data:
                raise WpError(400, "rest_upload_no_data", "No data supplied.")
            return file.name, file.type, file.data
        if not call.body:
            raise WpError(400, "rest_upload_no_data", "No data supplied.")
        if not call.type:
            raise WpError(400, "rest_upload_no_content_type", "No Content-Type supplied.")
        header = call.headers.get("content-disposition", "")
        if not header:
            raise WpError(400, "rest_upload_no_content_disposition", "No Content-Disposition supplied.")
        name = disposition_of(header).get("filename", "").rsplit("/", 1)[-1]
        if not name:
            raise WpError(400, "rest_upload_invalid_disposition", "Invalid Content-Disposition supplied.")
        digest = call.headers.get("content-md5", "").lower()
        body_md5 = hashlib.md5(call.body, usedforsecurity=False).hexdigest()
        if digest and digest != body_md5:
            raise WpError(412, "rest_upload_hash_mismatch", "Content hash did not match expected.")
        return name, call.type, call.body

    @staticmethod
    def _describe(medium: Medium, call: Call) -> None:
        params = call.params
        medium.alt_text = str(params.get("alt_text", medium.alt_text))
        medium.title = raw(params.get("title")) or medium.title
        medium.caption = raw(params.get("caption")) or medium.caption

    def _show_medium(self, medium: Medium, query: dict[str, str]) -> dict[str, Any]:
        url = self.source_url(medium)
        width, height = medium.size
        shown: dict[str, Any] = {
            "id": medium.id,
            **dates(medium.date, "date"),
            **dates(medium.date, "modified"),
            "slug": medium.slug,
            "status": "inherit",
            "type": "attachment",
            "link": f"https://{self.site.host}/{medium.slug}/",
            "title": {"raw": medium.title, "rendered": medium.title},
            "author": 1,
            "caption": {"raw": medium.caption, "rendered": autop(medium.caption)},
            "alt_text": medium.alt_text,
            "media_type": "image" if medium.type.startswith("image/") else "file",
            "mime_type": medium.type,
            "post": None,
            "source_url": url,
            "media_details": {
                "width": width,
                "height": height,
                "filesize": len(medium.data),
                "sizes": {},
                "file": f"{medium.date:%Y/%m}/{medium.file}",
            },
        }
        wanted = {f.split(".")[0] for f in split(query.get("_fields", ""))}
        return {k: v for k, v in shown.items() if k in wanted} if wanted else shown

    def list_media(self, call: Call) -> Response:
        words, slugs = call.query.get("search", "").lower(), split(call.query.get("slug", ""))
        found = [
            m
            for m in self.media.values()
            if (not words or words in f"{m.title} {m.slug} {m.file} {m.caption} {m.alt_text}".lower())
            and (not slugs or m.slug in slugs)
        ]
        found.sort(key=lambda m: (m.date, m.id), reverse=True)
        return self._page(
            call, [self._show_medium(m, call.query) for m in found], "rest_post_invalid_page_number"
        )

    def _medium(self, number: int) -> Medium:
        medium = self.media.get(number)
        if medium is None:
            raise WpError(404, "rest_post_invalid_id", "Invalid post ID.")
        return medium

    def get_medium(self, call: Call, number: int, user: bool) -> Response:
        return Json(self._show_medium(self._medium(number), call.query))

    def update_medium(self, call: Call, number: int, user: bool) -> Response:
        medium = self._medium(number)
        if not user:
            raise WpError(401, "rest_cannot_edit", "Sorry, you are not allowed to edit this post.")
        self._describe(medium, call)
        return Json(self._show_medium(medium, call.query))

    def delete_medium(self, call: Call, number: int, user: bool) -> Response:
        medium = self._medium(number)
        if not user:
            raise WpError(401, "rest_cannot_delete", "Sorry, you are not allowed to delete this post.")
        if str(call.params.get("force", "false")).lower() not in ("true", "1"):
            raise WpError(
                501,
                "rest_trash_not_supported",
                "The post does not support trashing. Set 'force=true' to delete.",
            )
        del self.media[number]
        return Json({"deleted": True, "previous": self._show_medium(medium, {})})

    # Categories and tags

    def _term(self, number: int, name: str, kind: str) -> dict[str, Any]:
        slug = slugify(name)
        return {
            "id": number,
            "name": name,
            "slug": slug,
            "count": 0,
            "description": "",
            "link": f"https://{self.site.host}/{kind}/{slug}/",
            "taxonomy": "category" if kind == "categories" else "post_tag",
        }

    def list_terms(self, call: Call, kind: str) -> Response:
        words, slugs = call.query.get("search", "").lower(), split(call.query.get("slug", ""))
        found = [self._term(n, name, kind) for n, name in self.terms[kind].items()]
        found = [t for t in found if words in t["name"].lower() and (not slugs or t["slug"] in slugs)]
        return self._page(call, found, "rest_post_invalid_page_number")

    def create_term(self, call: Call, kind: str, user: bool) -> Response:
        if not user:
            raise WpError(
                401, "rest_cannot_create", "Sorry, you are not allowed to create terms in this taxonomy."
            )
        name = str(call.params.get("name", "")).strip()
        if not name:
            raise WpError(400, "rest_missing_callback_param", "Missing parameter(s): name", params=["name"])
        twin = next((n for n, known in self.terms[kind].items() if slugify(known) == slugify(name)), None)
        if twin is not None:
            raise WpError(400, "term_exists", "A term with the name provided already exists.", term_id=twin)
        made = self._next_id()
        self.terms[kind][made] = name
        return Json(self._term(made, name, kind), 201)


class Discussion:
    """The comments of a website: what citizens wrote under its articles, all approved."""

    def __init__(self, site: "WordPress") -> None:
        self.site = site

    @property
    def _shelf(self) -> Timeline:
        return self.site.town.shelf(self.site.site.key, "comments")

    def listing(self, call: Call, user: bool) -> Response:
        """WP_REST_Comments_Controller::get_items: newest first; a page after the last is empty, no error.

        ``after`` and ``before`` without a zone mean the website's own time.
        """
        query = call.query
        if query.get("status", "approve") not in ("approve", "approved", "all") and not user:
            raise WpError(401, "rest_forbidden_param", "Query parameter not permitted: status")
        per_page, page = number(call, "per_page", 10), number(call, "page", 1)
        if not 1 <= per_page <= 100:
            raise bad("per_page", "per_page must be between 1 (inclusive) and 100 (inclusive)")
        if page < 1:
            raise bad("page", "page must be greater than or equal to 1")
        if query.get("orderby", "date_gmt") not in ("date", "date_gmt", "id"):
            raise bad("orderby", "orderby is not one of date, date_gmt, id.")
        if query.get("order", "desc") not in ("asc", "desc"):
            raise bad("order", "order is not one of asc, desc.")
        found = [p for p in self._shelf.newest() if self._matches(p, query)]
        if query.get("orderby") == "id":
            found.sort(key=lambda p: int(p.id), reverse=True)
        if query.get("order") == "asc":
            found.reverse()
        begin = number(call, "offset", (page - 1) * per_page)
        answer = listed([self._show(p, query) for p in found[begin : begin + per_page]], len(found), per_page)
        links = []
        for rel, other in (("prev", page - 1), ("next", page + 1)):
            if 1 <= other <= -(-len(found) // per_page):
                kept = urlencode(
                    [(k, v) for k, v in call.query_pairs if k != "page"] + [("page", str(other))]
                )
                links.append(f'<https://{self.site.site.host}/wp-json/wp/v2/comments?{kept}>; rel="{rel}"')
        if links:
            answer.headers["link"] = ", ".join(links)
        return answer

    def _matches(self, post: Post, query: dict[str, str]) -> bool:
        parent = 0 if post.parent is None else int(post.parent.id)
        for name, value in (("post", post.article), ("parent", parent), ("include", int(post.id))):
            if query.get(name) and str(value) not in split(query[name]):
                return False
        if query.get("exclude") and post.id in split(query["exclude"]):
            return False
        words = query.get("search", "").lower()
        if words and words not in f"{post.text} {post.author.name}".lower():
            return False
        for name, later in (("after", True), ("before", False)):
            if query.get(name):
                bound = local(query[name], name, JAKARTA)
                moment = post.created_at.replace(microsecond=0)
                if not (moment > bound if later else moment < bound):
                    return False
        return True

    def create(self, call: Call) -> Response:
        """WP_REST_Comments_Controller::create_item by the site's own user, whose comments need no approval."""
        params = call.params
        parent = self.site.town.find(self.site.site.key, str(params.get("parent", "")))
        text = html.unescape(str(params.get("content", "")))
        if parent is None or str(parent.article) != str(params.get("post", "")):
            raise WpError(400, "rest_comment_invalid_parent", "Invalid parent.")
        if not text.strip():
            raise WpError(400, "rest_comment_content_invalid", "Invalid comment content.")
        me = self.site.town.person(self.site.site.key, self.site.site.username)
        if any(p.text == text and p.author is me for p in parent.replies):
            raise WpError(409, "comment_duplicate", "Duplicate comment detected.")
        made = self.site.town.post(
            self.site.site.key, me, text, how="city", parent=parent, article=parent.article
        )
        return Json(self._show(made, {}), 201)

    def update(self, call: Call, wanted: str) -> Response:
        post = self._own(wanted)
        post.text, post.edits = html.unescape(str(call.params.get("content", post.text))), post.edits + 1
        return Json(self._show(post, {}))

    def delete(self, wanted: str) -> Response:
        post = self._own(wanted)
        shown = self._show(post, {})
        self.site.town.hide(post)
        return Json({**shown, "status": "trash"})

    def _own(self, wanted: str) -> Post:
        """A comment under an article of the site's user, who may change it."""
        post = self.site.town.find(self.site.site.key, wanted)
        if post is None:
            raise WpError(404, "rest_comment_invalid_id", "Invalid comment ID.")
        return post

    def one(self, call: Call, wanted: str) -> Response:
        post = self.site.town.find(self.site.site.key, wanted)
        if post is None:
            raise WpError(404, "rest_comment_invalid_id", "Invalid comment ID.")
        return Json(self._show(post, call.query))

    def _show(self, post: Post, query: dict[str, str]) -> dict[str, Any]:
        base = f"https://{self.site.site.host}/wp-json/wp/v2"
        shown: dict[str, Any] = {
            "id": int(post.id),
            "post": post.article,
            "parent": 0 if post.parent is None else int(post.parent.id),
            # Whoever has the name of the site's own user is signed in as that user.
            "author": 1 if post.author.name == self.site.site.username else 0,
            "author_name": post.author.name,
            "author_url": "",
            **dates(post.created_at, "date"),
            "content": {"rendered": autop(html.escape(post.text, quote=False))},
            "link": self.site.comment_link(post),
            "status": "approved",
            "type": "comment",
            "author_avatar_urls": {},
            "meta": [],
            "_links": {
                "self": [{"href": f"{base}/comments/{post.id}"}],
                "up": [{"embeddable": True, "post_type": "post", "href": f"{base}/posts/{post.article}"}],
            },
        }
        wanted = {f.split(".")[0] for f in split(query.get("_fields", ""))}
        return {k: v for k, v in shown.items() if k in wanted} if wanted else shown

    def feed_items(self) -> list[dict[str, Any]]:
        items = []
        for post in islice(self._shelf.newest(), 10):
            article = self.site.articles.get(post.article)
            items.append(
                {
                    "title": f"Komentar pada {article.title if article else ''} oleh {post.author.name}",
                    "link": self.site.comment_link(post),
                    "creator": post.author.name,
                    "date": post.created_at,
                    "categories": [],
                    "guid": f"https://{self.site.site.host}/?p={post.article}#comment-{post.id}",
                    "description": post.text,
                    "content": autop(html.escape(post.text, quote=False)),
                }
            )
        return items


def rss(base: str, path: str, title: str, items: list[dict[str, Any]]) -> Response:
    """RSS 2.0 with the elements WordPress writes (wp-includes/feed-rss2.php, feed-rss2-comments.php)."""
    built = format_datetime(items[0]["date"] if items else now())
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom">\n<channel>\n'
        f"<title>{plain(title)}</title>\n"
        f'<atom:link href="{base}{path}" rel="self" type="application/rss+xml" />\n'
        f"<link>{base}</link>\n<description></description>\n<lastBuildDate>{built}</lastBuildDate>\n"
        "<language>id</language>\n<generator>https://wordpress.org/?v=6.8</generator>\n"
    ]
    for item in items:
        kinds = "".join(f"<category>{cdata(c)}</category>" for c in item["categories"] if c)
        parts.append(
            f"<item>\n<title>{plain(item['title'])}</title>\n<link>{plain(item['link'])}</link>\n"
            f"<dc:creator>{cdata(item['creator'])}</dc:creator>\n"
            f"<pubDate>{format_datetime(item['date'])}</pubDate>\n{kinds}"
            f'<guid isPermaLink="false">{plain(item["guid"])}</guid>\n'
            f"<description>{cdata(item['description'])}</description>\n"
            f"<content:encoded>{cdata(item['content'])}</content:encoded>\n</item>\n"
        )
    parts.append("</channel>\n</rss>\n")
    body = "".join(parts).encode("utf-8", "replace")
    return Response(body, media_type="application/rss+xml; charset=UTF-8")


#: Characters that XML 1.0 cannot hold.
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def plain(text: str) -> str:
    return html.escape(NOT_XML.sub("", text), quote=False)


def cdata(text: str) -> str:
    return "<![CDATA[" + NOT_XML.sub("", text).replace("]]>", "]]&gt;") + "]]>"


def _newest(article: Article) -> tuple[float, int]:
    return -article.date.timestamp(), -article.id


def _numbers(params: dict[str, Any], name: str, default: list[int]) -> list[int]:
    if name not in params:
        return list(default)
    value = params[name]
    items = value if isinstance(value, list) else split(str(value))
    if not all(str(item).isdigit() for item in items):
        raise bad(name, f"{name}[0] is not of type integer.")
    return [int(item) for item in items]


def split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def number(call: Call, name: str, default: int) -> int:
    text = call.query.get(name, str(default))
    if not re.fullmatch(r"-?\d+", text):
        raise bad(name, f"{name} is not of type integer.")
    return int(text)


def local(text: str, name: str, zone: Any = None) -> datetime:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return iso(text) if moment.tzinfo is not None or zone is None else moment.replace(tzinfo=zone)
    except ValueError:
        raise bad(name, "Invalid date.") from None


def raw(value: Any) -> str:
    """WordPress takes a text field as a string or as ``{"raw": ...}``."""
    if isinstance(value, dict):
        value = value.get("raw", "")
    return "" if value is None else str(value)


def listed(items: list[dict[str, Any]], total: int, per_page: int) -> Response:
    return Json(items, headers={"x-wp-total": str(total), "x-wp-totalpages": str(-(-total // per_page))})


def dates(moment: datetime, name: str) -> dict[str, str]:
    form = "%Y-%m-%dT%H:%M:%S"
    return {name: moment.astimezone(JAKARTA).strftime(form), f"{name}_gmt": moment.strftime(form)}


def slugify(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9_]+", "-", plain).strip("-")[:200]


def autop(text: str) -> str:
    """Paragraphs for plain text, as wpautop makes them; markup stays."""
    if not text:
        return ""
    if re.search(r"<(p|div|h\d|ul|ol|figure|table|!--)\b", text):
        return text if text.endswith("\n") else text + "\n"
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "".join("<p>" + p.replace("\n", "<br />\n") + "</p>\n" for p in paragraphs)


def dimensions(data: bytes) -> tuple[int, int]:
    try:
        return Image.open(io.BytesIO(data)).size
    except (UnidentifiedImageError, OSError):
        return (0, 0)
