"""Comments on the city's websites: WordPress REST, and the feeds."""

import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

sys.path.insert(0, str(Path(__file__).parent))
from test_town_redirect import SITE, Town, running

pytestmark = pytest.mark.once

KEY = "web_diskominfostandi"
DC = "{http://purl.org/dc/elements/1.1/}creator"


@pytest.fixture(scope="module")
def open_town() -> Iterator[Town]:
    with running() as town:
        yield town


@pytest.fixture
def town(open_town: Town) -> Town:
    open_town.control("POST", "reset")
    return open_town


def comments(town: Town, **query: Any) -> requests.Response:
    return town.site(None)("GET", "comments", params=query)


def rows(count: int) -> list[dict[str, Any]]:
    return [
        {
            "channel": KEY, "id": f"k{n}", "text": f"laporan {n}", "author": "Sari", "how": "comment",
            "created_at": f"2026-11-20T01:{n // 60:02d}:{n % 60:02d}Z",
        }
        for n in range(count)
    ]  # fmt: skip


def test_a_comment_is_served_under_an_article_of_the_town(town: Town) -> None:
    said = town.say(KEY, "Lampu <mati> & gelap\nsejak kemarin", author="Siti Aminah", id="k")
    (comment,) = comments(town).json()
    assert str(comment["id"]) == said["platform_id"]
    assert town.control("GET", f"ids?channel={KEY}") == {"k": said["platform_id"]}
    assert comment["author_name"] == "Siti Aminah"
    assert comment["content"]["rendered"] == "<p>Lampu &lt;mati&gt; &amp; gelap<br />\nsejak kemarin</p>\n"
    assert comment["link"] == said["permalink"]
    assert comment["parent"] == 0
    assert not comment["date_gmt"].endswith("Z")
    article = town.site(None)("GET", f"posts/{comment['post']}").json()
    assert said["permalink"] == f"{article['link']}#comment-{comment['id']}"
    assert town.session().get(article["link"]).status_code == 200
    assert town.received(KEY) == []


def test_pages_of_comments_are_newest_first_and_counted(town: Town) -> None:
    assert town.load(rows(230)) == {"loaded": 230, "problems": []}
    heard = []
    for page in (1, 2, 3):
        answer = comments(town, per_page=100, page=page)
        assert (answer.headers["x-wp-total"], answer.headers["x-wp-totalpages"]) == ("230", "3")
        assert ('rel="next"' in answer.headers["link"]) is (page < 3)
        heard += [c["content"]["rendered"].strip() for c in answer.json()]
    assert heard == [f"<p>laporan {n}</p>" for n in reversed(range(230))]
    assert comments(town, per_page=100, page=4).json() == []
    assert len(comments(town).json()) == 10
    assert comments(town, per_page=101).json()["code"] == "rest_invalid_param"


def test_after_leaves_out_what_is_older(town: Town) -> None:
    town.load(rows(5))
    for moment in ("2026-11-20T01:00:02Z", "2026-11-20T08:00:02"):
        found = comments(town, after=moment, _fields="id,content").json()
        assert [c["content"]["rendered"] for c in found] == ["<p>laporan 4</p>\n", "<p>laporan 3</p>\n"]


def test_answers_name_the_comment_above_them_and_articles_of_the_city_have_comments_too(town: Town) -> None:
    made = town.site()("POST", "posts", json={"title": "Jalan ditutup", "status": "publish"}).json()
    first = town.say(KEY, "satu", parent=made["slug"], id="a")
    town.say(KEY, "dua", parent="a")
    other = town.say(KEY, "lain")
    two, one = comments(town, post=made["id"]).json()
    assert (one["post"], two["post"], str(two["parent"])) == (made["id"], made["id"], first["platform_id"])
    assert comments(town, exclude=other["platform_id"], order="asc").json()[0]["id"] == one["id"]


def test_the_other_website_has_its_own_comments(town: Town) -> None:
    town.say("web_pemkot", "Halo")
    assert comments(town).json() == []
    assert len(town.site(None, "www.bekasikota.go.id")("GET", "comments").json()) == 1


def test_a_comment_is_changed_and_taken_away(town: Town) -> None:
    said = town.say(KEY, "Lama", id="k")
    town.control("POST", "edit", json={"channel": KEY, "id": "k", "text": "Baru"})
    one = town.site(None)("GET", f"comments/{said['platform_id']}")
    assert one.json()["content"]["rendered"] == "<p>Baru</p>\n"
    town.control("POST", "delete", json={"channel": KEY, "id": said["platform_id"]})
    assert comments(town).json() == []
    gone = town.site(None)("GET", f"comments/{said['platform_id']}")
    assert (gone.status_code, gone.json()["code"]) == (404, "rest_comment_invalid_id")


def test_a_website_hears_comments_only(town: Town) -> None:
    loaded = town.load([{"channel": KEY, "id": "a", "text": "a", "how": "mention"}])
    assert loaded["loaded"] == 0
    assert "how must be comment" in loaded["problems"][0]


def test_articles_and_comments_have_feeds(town: Town) -> None:
    town.site()("POST", "posts", json={"title": "A & B", "content": "Isi ]]> <b>", "status": "publish"})
    town.load(rows(12))
    answer = town.session().get(f"https://{SITE}/feed/")
    assert answer.headers["content-type"] == "application/rss+xml; charset=UTF-8"
    items = ElementTree.fromstring(answer.content).findall("channel/item")  # noqa: S314 - our own town
    assert {i.findtext("title") for i in items} == {"A & B", "Kolom warga"}
    said = ElementTree.fromstring(town.session().get(f"https://{SITE}/comments/feed/").content)  # noqa: S314 - our own town wrote it
    found = said.findall("channel/item")
    assert [i.findtext("description") for i in found] == [f"laporan {n}" for n in reversed(range(2, 12))]
    assert found[0].findtext(DC) == "Sari"
    assert found[0].findtext("pubDate") == "Fri, 20 Nov 2026 01:00:11 +0000"
    assert "#comment-" in (found[0].findtext("guid") or "")


def test_lists_and_feeds_of_comments_have_faults(town: Town) -> None:
    town.load(rows(5))
    town.fail(f"{KEY}.comments_list", "shuffled_page")
    numbers = [c["id"] for c in comments(town).json()]
    assert numbers != sorted(numbers, reverse=True)
    town.fail(f"{KEY}.comments_list", "missing_next")
    assert "x-wp-total" not in comments(town, per_page=2).headers
    town.fail(f"{KEY}.comments_feed", "html_200")
    assert (
        town.session().get(f"https://{SITE}/comments/feed/").headers["content-type"].startswith("text/html")
    )
