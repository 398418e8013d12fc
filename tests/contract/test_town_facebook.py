"""Facebook Pages: facebook-sdk 3.1.0 against the town."""

import io
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import facebook
import pytest
import requests

sys.path.insert(0, str(Path(__file__).parent))
from test_town_redirect import PAGE, Town, running

pytestmark = pytest.mark.once

#: facebook-sdk's ways of saying that it does not understand the answer.
UNCLEAR = (facebook.GraphAPIError, requests.RequestException, KeyError)


@pytest.fixture(scope="module")
def open_town() -> Iterator[Town]:
    with running("--no-caps") as town:
        yield town


@pytest.fixture
def town(open_town: Town) -> Town:
    open_town.control("POST", "reset")
    return open_town


def messages(town: Town, edge: str, **args: object) -> list[str]:
    return [p["message"] for p in town.graph().get_connections(PAGE, edge, **args)["data"]]


def test_how_alone_chooses_the_route(town: Town) -> None:
    for how in ("mention", "tagged", "keyword", "hashtag", "comment"):
        town.say("facebook", how, how=how)
    assert "mention" in messages(town, "feed")
    assert set(messages(town, "tagged")) == {"tagged", "keyword", "hashtag"}
    assert messages(town, "visitor_posts") == ["mention"]
    assert not {"tagged", "comment"} & set(messages(town, "feed"))


def test_a_visitor_is_named_in_the_feed_and_nobody_in_tagged(town: Town) -> None:
    said = town.say("facebook", "Jalan rusak", author="Siti Aminah", media=["jalan.jpg"])
    town.say("facebook", "Tolong Pemkot", author="Siti Aminah", how="tagged")
    fields = "id,message,created_time,from,permalink_url,attachments,comments.limit(0).summary(true)"
    post = town.graph().get_connections(PAGE, "feed", fields=fields)["data"][0]
    assert post["id"] == said["platform_id"]
    assert post["from"]["name"] == "Siti Aminah"
    assert post["permalink_url"] == said["permalink"]
    assert post["attachments"]["data"][0]["media"]["image"]["src"].endswith("/media/jalan.jpg")
    assert post["comments"] == {
        "data": [],
        "summary": {"order": "chronological", "total_count": 0, "can_comment": True},
    }
    (tagged,) = town.graph().get_connections(PAGE, "tagged", fields=fields)["data"]
    assert "from" not in tagged
    assert "from" not in town.graph().get_object(tagged["id"], fields="message,from")


def test_comments_of_all_levels_are_streamed_under_any_post(town: Town) -> None:
    town.load(
        [
            {
                "channel": "facebook",
                "id": "c2",
                "text": "dua",
                "author": "b",
                "how": "comment",
                "parent": "c1",
            },
            {
                "channel": "facebook",
                "id": "c1",
                "text": "satu",
                "author": "a",
                "how": "comment",
                "parent": "p",
            },
            {"channel": "facebook", "id": "p", "text": "induk", "author": "a", "how": "tagged"},
            {
                "channel": "facebook",
                "id": "c3",
                "text": "lain",
                "author": "a",
                "how": "comment",
                "parent": "tidak ada",
            },
        ]
    )
    ids, graph = town.control("GET", "ids?channel=facebook"), town.graph()
    under = graph.get_connections(
        ids["p"],
        "comments",
        filter="stream",
        order="chronological",
        summary="true",
        fields="id,message,from,parent,created_time",
    )
    assert {c["message"] for c in under["data"]} == {"satu", "dua"}
    assert under["summary"]["total_count"] == 2
    child = next(c for c in under["data"] if c["message"] == "dua")
    assert child["parent"]["id"] == ids["c1"]
    assert ids["c1"].split("_")[0] == ids["p"].split("_")[1]
    assert [c["message"] for c in graph.get_connections(ids["p"], "comments")["data"]] == ["satu"]
    assert [c["message"] for c in graph.get_connections(ids["c1"], "comments")["data"]] == ["dua"]
    own = graph.get_connections(PAGE, "published_posts")["data"][-1]["id"]
    assert [c["message"] for c in graph.get_connections(own, "comments")["data"]] == ["lain"]


def test_all_pages_are_followed_with_the_token(town: Town) -> None:
    town.load(
        [{"channel": "facebook", "id": n, "text": str(n), "author": "a", "how": "tagged"} for n in range(230)]
    )
    posts = [*town.graph().get_all_connections(PAGE, "tagged", limit=100)]
    assert [p["message"] for p in posts] == [str(n) for n in reversed(range(230))]
    page = town.graph().get_connections(PAGE, "tagged")
    assert len(page["data"]) == 25
    assert page["paging"]["next"].startswith(f"https://graph.facebook.com/v25.0/{PAGE}/tagged?access_token=")


def test_since_leaves_out_what_is_older(town: Town) -> None:
    town.say("facebook", "lama", created_at="2026-01-01T00:00:00Z")
    town.say("facebook", "baru")
    assert messages(town, "feed", since=int(time.time()) - 60) == ["baru"]


def test_a_post_is_created_changed_and_deleted(town: Town) -> None:
    graph = town.graph()
    made = graph.put_object(PAGE, "feed", message="Pengumuman")
    assert messages(town, "published_posts")[0] == "Pengumuman"
    graph.put_object(made["id"], "", message="Pengumuman (ralat)")
    (seen,) = town.received("facebook")
    assert (seen["id"], seen["text"]) == (made["id"], "Pengumuman (ralat)")
    assert graph.delete_object(made["id"]) == {"success": True}
    assert town.received("facebook") == []


def test_the_same_post_twice_in_a_row_is_refused(town: Town) -> None:
    graph = town.graph()
    graph.put_object(PAGE, "feed", message="Sama")
    with pytest.raises(facebook.GraphAPIError) as error:
        graph.put_object(PAGE, "feed", message="Sama")
    assert error.value.code == 506
    graph.put_object(PAGE, "feed", message="Lain")
    graph.put_object(PAGE, "feed", message="Sama")


def test_a_scheduled_post_is_not_public_yet(town: Town) -> None:
    graph = town.graph()
    soon = int(time.time()) + 3600
    made = graph.put_object(PAGE, "feed", message="Besok", published="false", scheduled_publish_time=soon)
    assert town.received("facebook") == []
    (later,) = graph.get_connections(PAGE, "scheduled_posts", fields="message,scheduled_publish_time")["data"]
    assert later == {"id": made["id"], "message": "Besok", "scheduled_publish_time": soon}
    with pytest.raises(facebook.GraphAPIError):
        graph.put_object(
            PAGE, "feed", message="Segera", published="false", scheduled_publish_time=int(time.time())
        )
    with pytest.raises(facebook.GraphAPIError):
        graph.put_object(PAGE, "feed", message="Salah", published=False)


def test_photos_are_posted_alone_or_together(town: Town) -> None:
    graph = town.graph()
    alone = graph.put_photo(io.BytesIO(b"\xff\xd8\xff satu"), album_path=f"{PAGE}/photos", message="Foto")
    assert alone["post_id"].startswith(f"{PAGE}_")
    album = f"{PAGE}/photos"
    parts = [graph.put_photo(io.BytesIO(b"\xff\xd8\xff"), album, published="false")["id"] for _ in range(2)]
    media = {f"attached_media[{n}]": json.dumps({"media_fbid": i}) for n, i in enumerate(parts)}
    graph.put_object(PAGE, "feed", message="Dua foto", **media)
    assert [(r["text"], len(r["media"])) for r in town.received("facebook")] == [("Foto", 1), ("Dua foto", 2)]


def test_the_city_answers_under_a_comment(town: Town) -> None:
    said = town.say("facebook", "Kapan diperbaiki?", how="comment")
    made = town.graph().put_comment(said["platform_id"], "Hari ini.")
    (seen,) = town.received("facebook")
    assert (seen["id"], seen["reply_to"]) == (made["id"], said["platform_id"])


def test_tokens_are_checked(town: Town) -> None:
    for token in ("wrong", "town-ig-token"):
        with pytest.raises(facebook.GraphAPIError) as error:
            town.graph(token).get_object(PAGE)
        assert error.value.code == 190
    bearer = {"Authorization": "Bearer town-fb-page-token"}
    answer = town.session().get(f"https://graph.facebook.com/v25.0/{PAGE}?fields=name", headers=bearer)
    assert answer.json() == {"name": "Pemerintah Kota Bekasi", "id": PAGE}
    assert answer.headers["facebook-api-version"] == "v25.0"
    assert {"x-app-usage", "x-business-use-case-usage"} <= set(answer.headers)
    assert "town-fb-page-token" not in json.dumps(town.control("GET", "requests"))


def test_a_field_or_an_object_that_does_not_exist_is_code_100(town: Town) -> None:
    for wrong in (lambda g: g.get_object(PAGE, fields="nama"), lambda g: g.get_object("1_2"),
                  lambda g: g.get_connections("1_2", "comments")):  # fmt: skip
        with pytest.raises(facebook.GraphAPIError) as error:
            wrong(town.graph())
        assert error.value.code == 100


@pytest.mark.parametrize(
    "fault",
    [
        "commit_then_503",
        "commit_then_500_html",
        "commit_then_hang",
        "commit_then_truncate",
        "commit_then_close",
        "no_content_type",
        "graph_code_2_after_commit",
        "graph_4_2207051_after_commit",
    ],
)
def test_a_committed_post_is_there_although_the_answer_is_spoilt(town: Town, fault: str) -> None:
    town.fail("facebook.create", fault, seconds=2)
    with pytest.raises(UNCLEAR):
        town.graph(timeout=0.5).put_object(PAGE, "feed", message=fault)
    assert [r["text"] for r in town.received("facebook")] == [fault]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("rate_limited", 4),
        ("token_revoked", 190),
        ("permission", 200),
        ("page_limit", 32),
        ("error_503", 2),
        ("error_500_html", None),
        ("truncate", None),
        ("hang", None),
    ],
)
def test_a_refused_post_is_not_there(town: Town, fault: str, code: int | None) -> None:
    town.fail("facebook.create", fault, seconds=2)
    with pytest.raises(UNCLEAR) as error:
        town.graph(timeout=0.5).put_object(PAGE, "feed", message=fault)
    assert getattr(error.value, "code", None) == code
    assert town.received("facebook") == []


@pytest.mark.parametrize("route", ["facebook.feed", "facebook.tagged", "facebook.published_posts"])
def test_lists_can_have_a_bad_item_and_come_twice(town: Town, route: str) -> None:
    edge, how = route.split(".")[1], {"facebook.tagged": "tagged"}.get(route, "mention")
    town.say("facebook", "baik", how=how)
    good = town.graph().get_connections(PAGE, edge)["data"]
    town.fail(route, "bad_item", times=3)
    for _ in range(3):
        assert town.graph().get_connections(PAGE, edge)["data"][1:] == good
    town.say("facebook", "baru", how=how)
    town.fail(route, "duplicate_page")
    assert town.graph().get_connections(PAGE, edge)["data"] == good
