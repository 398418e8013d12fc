"""The city's websites: WordPress REST through requests, and their pages."""

import hashlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

sys.path.insert(0, str(Path(__file__).parent))
from test_town_redirect import SITE, Town, running

pytestmark = pytest.mark.once

KEY = "web_diskominfostandi"


@pytest.fixture(scope="module")
def open_town() -> Iterator[Town]:
    with running() as town:
        yield town


@pytest.fixture
def town(open_town: Town) -> Town:
    open_town.control("POST", "reset")
    return open_town


def test_the_index_offers_application_passwords(town: Town) -> None:
    for url in (f"https://{SITE}/wp-json/", f"https://{SITE}/?rest_route=/"):
        index = town.session().get(url).json()
        assert "application-passwords" in index["authentication"]
    assert town.site()("GET", "users/me").json()["name"] == "kentongan"


def test_who_is_not_signed_in_may_read_and_not_write(town: Town) -> None:
    assert town.site(None)("GET", "posts").json() == []
    made = town.site(None)("POST", "posts", json={"title": "a"})
    assert (made.status_code, made.json()["code"]) == (401, "rest_cannot_create")
    wrong = town.site("wrong")("POST", "posts", json={"title": "a"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "rest_not_logged_in")
    other = town.site("town app pass word one", "www.bekasikota.go.id")("GET", "posts")
    assert other.status_code == 401


def test_an_article_is_published_read_changed_and_trashed(town: Town) -> None:
    site = town.site()
    body = {
        "title": "Jalan A & B ditutup",
        "content": "Mulai besok.",
        "slug": "jalan-ditutup",
        "status": "publish",
    }
    made = site("POST", "posts", json=body)
    assert made.status_code == 201
    article = made.json()
    assert article["link"] == f"https://{SITE}/jalan-ditutup/"
    assert article["title"] == {"raw": "Jalan A & B ditutup", "rendered": "Jalan A &amp; B ditutup"}
    assert "Mulai besok." in town.session().get(article["link"]).text
    assert "Jalan A &amp; B ditutup" in town.session().get(f"https://{SITE}/").text
    assert [r["title"] for r in town.received(KEY)] == ["Jalan A & B ditutup"]
    changed = site("POST", f"posts/{article['id']}", json={"content": "Mulai lusa."}).json()
    assert changed["content"]["raw"] == "Mulai lusa."
    trashed = site("DELETE", f"posts/{article['id']}").json()
    assert (trashed["status"], trashed["slug"]) == ("trash", "jalan-ditutup__trashed")
    assert town.received(KEY) == []
    assert town.session().get(article["link"]).status_code == 404
    assert site("DELETE", f"posts/{article['id']}", params={"force": "true"}).json()["deleted"] is True


def test_a_taken_slug_silently_gets_a_number(town: Town) -> None:
    site = town.site()
    slugs = [site("POST", "posts", json={"title": "a", "slug": "sama", "status": s}).json()["slug"]
             for s in ("publish", "draft", "publish")]  # fmt: skip
    assert slugs == ["sama", "sama-2", "sama-3"]
    found = site(
        "GET",
        "posts",
        params={
            "slug": "sama,sama-2",
            "status": "publish,draft",
            "context": "edit",
            "_fields": "id,slug,status",
        },
    ).json()
    assert {(f["slug"], f["status"]) for f in found} == {("sama", "publish"), ("sama-2", "draft")}
    assert set(found[0]) == {"id", "slug", "status"}


def test_a_future_article_waits_for_its_time(town: Town) -> None:
    site, later = town.site(), datetime.now(UTC) + timedelta(hours=1)
    body = {"title": "Nanti", "status": "publish", "date_gmt": later.strftime("%Y-%m-%dT%H:%M:%S")}
    article = site("POST", "posts", json=body).json()
    assert article["status"] == "future"
    assert town.received(KEY) == []
    assert site("GET", "posts", params={"status": "future"}).json()[0]["id"] == article["id"]
    assert site("GET", "posts").json() == []
    soon = (datetime.now(UTC) - timedelta(seconds=5)).strftime("%Y-%m-%dT%H:%M:%S")
    assert site("POST", f"posts/{article['id']}", json={"date_gmt": soon}).json()["status"] == "publish"


def test_lists_have_pages_and_search(town: Town) -> None:
    site = town.site()
    for n in range(12):
        site("POST", "posts", json={"title": f"Kabar {n}", "status": "publish"})
    page = site("GET", "posts", params={"per_page": 5, "page": 3})
    assert (len(page.json()), page.headers["x-wp-total"], page.headers["x-wp-totalpages"]) == (2, "12", "3")
    assert [a["title"]["rendered"] for a in site("GET", "posts", params={"search": "kabar 7"}).json()] == [
        "Kabar 7"
    ]
    beyond = site("GET", "posts", params={"page": 9})
    assert (beyond.status_code, beyond.json()["code"]) == (400, "rest_post_invalid_page_number")


@pytest.mark.parametrize("multipart", [False, True])
def test_a_picture_is_uploaded_described_found_and_served(town: Town, multipart: bool) -> None:
    site, data = town.site(), b"\xff\xd8\xff\r\n--\r\n\x00" + bytes(range(256))
    name = hashlib.sha256(data).hexdigest()[:12] + ".jpg"
    if multipart:
        made = site("POST", "media", files={"file": (name, data, "image/jpeg")}, data={"alt_text": "Peta"})
    else:
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Type": "image/jpeg"}
        made = site("POST", "media", data=data, headers=headers)
    assert made.status_code == 201, made.text
    medium = made.json()
    assert medium["source_url"].endswith(name)
    site("POST", f"media/{medium['id']}", json={"alt_text": "Peta jalan"})
    assert site("GET", "media", params={"search": name[:12]}).json()[0]["alt_text"] == "Peta jalan"
    served = town.session().get(medium["source_url"])
    assert (served.content, served.headers["content-type"]) == (data, "image/jpeg")
    article = site(
        "POST", "posts", json={"title": "a", "status": "publish", "featured_media": medium["id"]}
    ).json()
    assert medium["source_url"] in town.session().get(article["link"]).text
    wrong = site("POST", "posts", json={"title": "a", "featured_media": 999})
    assert wrong.json()["code"] == "rest_invalid_featured_media"


def test_an_upload_without_a_name_or_a_right_hash_is_refused(town: Town) -> None:
    site, kind = town.site(), {"Content-Type": "image/jpeg"}
    assert (
        site("POST", "media", data=b"x", headers=kind).json()["code"] == "rest_upload_no_content_disposition"
    )
    named = {**kind, "Content-Disposition": "attachment; filename=a.jpg", "Content-MD5": "0" * 32}
    assert site("POST", "media", data=b"x", headers=named).status_code == 412


def test_categories_and_tags_are_made_once(town: Town) -> None:
    site = town.site()
    made = site("POST", "tags", json={"name": "Banjir"}).json()
    again = site("POST", "tags", json={"name": "banjir"})
    assert (again.json()["code"], again.json()["data"]["term_id"]) == ("term_exists", made["id"])
    assert [c["name"] for c in site("GET", "categories").json()] == ["Berita", "Pengumuman"]
    assert site("GET", "comments").json() == []


@pytest.mark.parametrize(
    "fault",
    [
        "commit_then_503",
        "commit_then_500_html",
        "commit_then_hang",
        "commit_then_truncate",
        "commit_then_close",
    ],
)
def test_a_committed_article_is_there_although_the_answer_is_spoilt(town: Town, fault: str) -> None:
    town.fail(f"{KEY}.posts_create", fault, seconds=2)
    site = town.site()
    try:
        answer = site("POST", "posts", json={"title": fault, "status": "publish"}, timeout=0.5)
        assert answer.status_code >= 500
    except requests.RequestException:
        pass
    assert [r["title"] for r in town.received(KEY)] == [fault]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("error_503", 503),
        ("rate_limited", 429),
        ("rate_limited_bare", 429),
        ("token_revoked", 401),
        ("permission", 403),
    ],
)
def test_a_refused_article_is_not_there(town: Town, fault: str, status: int) -> None:
    town.fail(f"{KEY}.posts_create", fault)
    answer = town.site()("POST", "posts", json={"title": fault, "status": "publish"})
    assert answer.status_code == status
    assert town.received(KEY) == []


def test_a_fault_that_does_not_exist_or_fit_is_told_in_a_sentence(town: Town) -> None:
    for route, fault in (("x.nothing", "hang"), ("x.search", "nothing"), ("x.search", "page_limit"),
                         ("x.create", "bad_item"), ("facebook.feed", "login_redirect")):  # fmt: skip
        answer = requests.post(f"{town.url}/control/fail", json={"route": route, "fault": fault}, timeout=5)
        assert answer.status_code == 400
        assert answer.json()["error"].endswith(".") or "routes" in answer.json()["error"]
