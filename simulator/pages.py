"""What people see: the town's own page, the websites' pages, and pictures."""

import io
from datetime import timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image, ImageDraw
from starlette.responses import HTMLResponse, RedirectResponse, Response

from simulator import control
from simulator.wire import Call
from simulator.wordpress import WordPress, autop
from simulator.world import CHANNELS, Post, now

if TYPE_CHECKING:
    from simulator.app import Simulator

FOLDER = Path(__file__).parent / "pages"
WIB = timezone(timedelta(hours=7), "WIB")
#: How many posts of a channel the page shows.
SHOWN = 60
NAMES = {"x": "X", "facebook": "Facebook", "instagram": "Instagram"}
WAYS = {
    "mention": "Sebut",
    "comment": "Komentar",
    "keyword": "Kata kunci",
    "hashtag": "Tagar",
    "tagged": "Tandai",
}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des")


def clock(moment: Any) -> str:
    there = moment.astimezone(WIB)
    day = f"{there.day} {MONTHS[there.month - 1]}"
    year = "" if there.year == now().astimezone(WIB).year else f" {there.year}"
    return f"{day}{year} · {there:%H.%M} WIB"


def shortened(text: str) -> str:
    return text if len(text) <= 80 else text[:79].rstrip() + "…"


def colour(text: str) -> str:
    """A calm colour that belongs to a name."""
    return f"hsl({crc32(text.encode('utf-8', 'replace')) % 360} 42% 34%)"


def initials(text: str) -> str:
    words = [w for w in text.replace("_", " ").replace(".", " ").split() if w]
    return "".join(w[0] for w in words[:2]).upper() or "?"


def clean(text: str) -> str:
    """Half surrogate pairs cannot be sent as UTF-8."""
    return text.encode("utf-8", "replace").decode()


class Pages:
    def __init__(self, simulator: "Simulator") -> None:
        self.simulator = simulator
        self._pages = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._pages.filters.update(clock=clock, colour=colour, initials=initials)
        self._drawn: dict[str, bytes] = {}

    def _render(self, name: str, **values: Any) -> Response:
        return HTMLResponse(clean(self._pages.get_template(name).render(**values)))

    # The town

    def town(self, call: Call) -> Response:
        match call.method, call.path:
            case (("GET" | "HEAD"), "/"):
                return self._render(
                    "town.html", columns=self._columns(), ways=WAYS, names=NAMES, said="", wrong=""
                )
            case "GET", "/timelines":
                return self._render("timelines.html", columns=self._columns())
            case "POST", "/":
                return self._say(call)
            case (("GET" | "HEAD"), "/town.css"):
                return Response((FOLDER / "town.css").read_bytes(), media_type="text/css; charset=UTF-8")
        if call.path.startswith("/media/"):
            return self.picture(call.path)
        return Response("Halaman tidak ada.", 404, media_type="text/plain; charset=UTF-8")

    def _say(self, call: Call) -> Response:
        """The form: a citizen speaks; then the page again, so that a reload says nothing twice."""
        form = {k: v.strip() for k, v in call.form.items()}
        if not form.get("text"):
            return self._render(
                "town.html",
                columns=self._columns(),
                ways=WAYS,
                names=NAMES,
                said="",
                wrong="Tulis dulu apa yang ingin disampaikan.",
            )
        answer = self.simulator.control.hear(
            {
                "channel": form.get("channel"),
                "how": form.get("how"),
                "text": form["text"].replace("\r\n", "\n"),
                "author": form.get("author") or "Warga Bekasi",
            }
        )
        if answer.status_code != 200:
            return self._render(
                "town.html",
                columns=self._columns(),
                ways=WAYS,
                names=NAMES,
                said="",
                wrong="Kiriman ini tidak dapat diterima.",
            )
        return RedirectResponse("/", 303)

    def _columns(self) -> list[dict[str, Any]]:
        town = self.simulator.town
        columns: list[dict[str, Any]] = []
        for channel in CHANNELS:
            posts = sorted((p for p in town.by_id[channel].values() if p.public), key=_when, reverse=True)[
                :SHOWN
            ]
            columns.append(
                {
                    "key": channel,
                    "kind": channel,
                    "name": NAMES[channel],
                    "host": town.city[channel].username,
                    "posts": [self._card(p) for p in posts],
                }
            )
        for site in self.simulator.sites.values():
            columns.append(
                {
                    "key": site.site.key,
                    "kind": "website",
                    "name": site.site.name,
                    "host": site.site.host,
                    "posts": [self._article(site, a) for a in site.published[:SHOWN]],
                }
            )
        return columns

    def _card(self, post: Post) -> dict[str, Any]:
        city = post.how == "city"
        parent = post.parent
        return {
            "id": post.id,
            "name": post.author.name,
            "username": post.author.username,
            "city": city,
            "text": post.alt.get("said", post.text),
            "when": post.created_at,
            "way": "" if city else WAYS[post.how],
            "link": control.permalink(post),
            "to": "" if parent is None else parent.author.name,
            "quoted": "" if parent is None else shortened(parent.alt.get("said", parent.text)),
            "pictures": [{"src": local(url), "alt": post.alt.get(url, "")} for url in post.media[:4]],
        }

    def _article(self, site: WordPress, article: Any) -> dict[str, Any]:
        picture = site.picture(article)
        pictures = (
            []
            if picture is None
            else [{"src": f"/media/site/{site.site.key}/{picture.id}", "alt": picture.alt_text}]
        )
        return {
            "id": article.id,
            "title": article.title,
            "text": Markup(autop(article.content)).striptags(),  # noqa: S704 - stripped at once
            "when": article.date,
            "link": site.link(article),
            "pictures": pictures,
        }

    # Pictures

    def picture(self, path: str) -> Response:
        """Uploads as they are; any other name is drawn, the same name always alike."""
        name = path.removeprefix("/media/")
        if name.startswith("site/"):
            return self._site_picture(name)
        if name in self.simulator.town.pictures:
            kind, data = self.simulator.town.pictures[name]
            return Response(data, media_type=kind)
        if name not in self._drawn:
            if len(self._drawn) > 500:
                self._drawn.clear()
            self._drawn[name] = draw(name)
        return Response(self._drawn[name], media_type="image/jpeg")

    def _site_picture(self, name: str) -> Response:
        _, key, number = (*name.split("/"), "", "")[:3]
        for site in self.simulator.sites.values():
            if (
                site.site.key == key
                and number.isdigit()
                and (medium := site.media.get(int(number))) is not None
            ):
                return Response(medium.data, media_type=medium.type)
        return Response("Gambar tidak ada.", 404, media_type="text/plain; charset=UTF-8")

    # Websites

    def website(self, site: WordPress, call: Call) -> Response:
        if call.path.startswith("/wp-content/uploads/"):
            medium = site.upload(call.path)
            if medium is not None:
                return Response(medium.data, media_type=medium.type)
        elif call.path == "/":
            wanted = call.query.get("p", "")
            article = site.articles.get(int(wanted)) if wanted.isdigit() else None
            if article is not None and article.status == "publish":
                return RedirectResponse(site.link(article), 301)
            return self._site_page("site.html", site, articles=site.published)
        else:
            slug = call.path.strip("/")
            article = next((a for a in site.published if a.slug == slug), None)
            if article is not None:
                picture = site.picture(article)
                return self._site_page(
                    "article.html",
                    site,
                    article=article,
                    body=Markup(autop(article.content)),  # noqa: S704 - an article is HTML
                    link=site.link(article),
                    picture=None
                    if picture is None
                    else {"src": site.source_url(picture), "alt": picture.alt_text},
                )
        return HTMLResponse(
            "<!DOCTYPE html><html lang=id><title>Tidak ditemukan</title><h1>Halaman tidak ada</h1>", 404
        )

    def _site_page(self, name: str, site: WordPress, **values: Any) -> Response:
        answer = self._render(name, site=site, **values)
        answer.headers["link"] = f'<https://{site.site.host}/wp-json/>; rel="https://api.w.org/"'
        return answer


def _when(post: Post) -> Any:
    return post.created_at


def local(url: str) -> str:
    """Where the town page finds a picture: never outside this computer."""
    return "/media/" + url.split("/media/", 1)[-1].split("://", 1)[-1].split("?")[0]


def draw(name: str) -> bytes:
    """A quiet picture for a name nobody uploaded: a street under a sky."""
    seed = crc32(name.encode("utf-8", "replace"))
    image = Image.new("RGB", (1080, 810), (190 + seed % 40, 210, 225 - seed % 30))
    pen = ImageDraw.Draw(image)
    for n in range(6):
        left, top = n * 190 - seed % 90, 260 + (seed >> n * 3) % 160
        shade = 120 + (seed >> n * 2) % 60
        pen.rectangle((left, top, left + 150, 600), fill=(shade, shade - 10, shade - 25))
        for window in range(top + 30, 560, 60):
            pen.rectangle((left + 30, window, left + 55, window + 28), fill=(235, 225, 190))
            pen.rectangle((left + 95, window, left + 120, window + 28), fill=(225, 215, 180))
    pen.rectangle((0, 600, 1080, 810), fill=(92, 95, 100))
    for left in range(-(seed % 120), 1080, 180):
        pen.rectangle((left, 698, left + 100, 710), fill=(222, 220, 205))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    return out.getvalue()
