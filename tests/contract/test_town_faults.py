"""Reading from platforms that repeat, shuffle, lose and miscount, or refuse in their own words."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import facebook
import pytest
import requests
import tweepy

sys.path.insert(0, str(Path(__file__).parent))
from test_town_redirect import IG, OWN_X, PAGE, SITE, Town, running

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def open_town() -> Iterator[Town]:
    with running("--no-caps") as town:
        yield town


@pytest.fixture
def town(open_town: Town) -> Town:
    open_town.control("POST", "reset")
    return open_town


def fill(town: Town, count: int = 24) -> None:
    ways = (("x", "mention"), ("facebook", "tagged"), ("instagram", "tagged"))
    rows = [
        {"channel": channel, "id": f"{n:02d}", "text": f"{n:02d}", "author": "a", "how": how}
        for n in range(count)
        for channel, how in ways
    ]
    assert town.load(rows)["loaded"] == 3 * count


def x_page(town: Town, **args: Any) -> Any:
    return town.x().get_users_mentions(OWN_X, max_results=10, **args)


def x_all(town: Town) -> list[str]:
    pages = tweepy.Paginator(town.x().get_users_mentions, OWN_X, max_results=10, tweet_fields=["created_at"])
    return [t.text for page in pages for t in page.data or []]


def tagged(town: Town) -> list[str]:
    fields = "message,created_time"
    return [p["message"] for p in town.graph().get_all_connections(PAGE, "tagged", fields=fields, limit=10)]


def newest(count: int = 24) -> list[str]:
    return [f"{n:02d}" for n in reversed(range(count))]


def test_the_next_page_begins_with_the_end_of_the_last(town: Town) -> None:
    fill(town)
    for route, read in (("x.mentions", x_all), ("facebook.tagged", tagged)):
        town.fail(route, "overlap_page")
        expected = [*newest()[:10], *newest()[5:10], *newest()[10:]]
        assert read(town) == expected
        assert read(town) == newest()


def test_a_page_can_be_out_of_order_and_lose_nothing(town: Town) -> None:
    fill(town)
    for route, read in (("x.mentions", x_all), ("facebook.tagged", tagged)):
        town.fail(route, "shuffled_page")
        heard = read(town)
        assert heard != newest()
        assert sorted(heard) == sorted(newest())
        assert heard[10:] == newest()[10:]


def test_the_newest_items_come_late_behind_a_cursor_that_passed_them(town: Town) -> None:
    fill(town, 6)
    town.fail("x.mentions", "late_items", times=2)
    first = x_page(town)
    assert [t.text for t in first.data] == ["02", "01", "00"]
    town.say("x", "baru")
    after = x_page(town, since_id=first.data[0].id)
    assert [t.text for t in after.data] == ["baru"]
    assert x_page(town, since_id=after.meta["newest_id"]).data is None
    assert [t.text for t in x_page(town).data] == ["baru", *newest(6)]


def test_late_comments_on_facebook_appear_in_a_later_answer(town: Town) -> None:
    post = town.say("facebook", "induk", id="p")["platform_id"]
    for n in range(4):
        town.say("facebook", str(n), how="comment", parent="p")
    town.fail("facebook.comments", "late_items")
    heard = [
        [c["message"] for c in town.graph().get_connections(post, "comments", filter="stream")["data"]]
        for _ in range(2)
    ]
    assert heard == [["0"], ["0", "1", "2", "3"]]


def test_the_clock_of_the_platform_can_be_ten_minutes_ahead(town: Town) -> None:
    fill(town, 1)
    right = town.graph().get_connections(PAGE, "tagged")["data"][0]["created_time"]
    town.fail("facebook.tagged", "clock_skew")
    ahead = town.graph().get_connections(PAGE, "tagged")["data"][0]["created_time"]
    assert ahead > right
    assert ahead.endswith("+0000")
    told = x_page(town, tweet_fields=["created_at"]).data[0].created_at
    town.fail("x.mentions", "clock_skew")
    assert (x_page(town, tweet_fields=["created_at"]).data[0].created_at - told).total_seconds() == 600


def test_a_page_can_forget_that_more_follow(town: Town) -> None:
    fill(town)
    for route, read in (("x.mentions", x_all), ("facebook.tagged", tagged)):
        town.fail(route, "missing_next")
        assert read(town) == newest()[:10]
        assert read(town) == newest()
    town.fail("instagram.tags", "missing_next")
    page = town.instagram().get_connections(IG, "tags", limit=5)
    assert "next" not in page["paging"]


def test_an_empty_page_in_the_middle_leads_on(town: Town) -> None:
    fill(town)
    town.fail("x.mentions", "empty_page", times=2)
    sizes = [len(p.data or []) for p in tweepy.Paginator(town.x().get_users_mentions, OWN_X, max_results=10)]
    assert sizes == [10, 0, 0, 10, 4]
    town.fail("facebook.tagged", "empty_page")
    assert tagged(town) == newest()
    (first, second) = (town.graph().get_connections(PAGE, "tagged", limit=20) for _ in range(2))
    town.fail("facebook.tagged", "empty_page")
    empty = town.session().get(first["paging"]["next"]).json()
    assert empty["data"] == []
    assert empty["paging"]["next"] != first["paging"]["next"]
    assert len(town.session().get(empty["paging"]["next"]).json()["data"]) == 4
    assert second["data"] == first["data"]


def test_a_web_page_comes_with_status_200_instead_of_an_answer(town: Town) -> None:
    town.fail("facebook.tagged", "html_200")
    with pytest.raises(facebook.GraphAPIError):
        town.graph().get_connections(PAGE, "tagged")
    town.fail("x.mentions", "html_200")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        x_page(town)
    answer = requests.post(
        f"{town.url}/control/fail", json={"route": "x.create", "fault": "html_200"}, timeout=5
    )
    assert answer.status_code == 400


def test_a_lost_permission_is_told_in_the_platforms_words(town: Town) -> None:
    town.fail("x.mentions", "scope_revoked")
    with pytest.raises(tweepy.Forbidden) as refused:
        x_page(town)
    assert refused.value.response.json()["reason"] == "client-not-enrolled"
    town.fail("instagram.tags", "scope_revoked")
    with pytest.raises(facebook.GraphAPIError) as error:
        town.instagram().get_connections(IG, "tags")
    assert error.value.code == 10


@pytest.mark.parametrize(
    ("route", "edge", "fault", "minutes"),
    [
        ("facebook.tagged", "tagged", "code_17", None),
        ("facebook.feed", "feed", "code_613", None),
        ("facebook.feed", "feed", "code_80001", 7),
        ("instagram.tags", "tags", "code_80002", 7),
    ],
)
def test_every_limit_of_graph_has_its_code_and_says_when_to_come_back(
    town: Town, route: str, edge: str, fault: str, minutes: int | None
) -> None:
    town.fail(route, fault, seconds=420)
    account, token = (IG, "town-ig-token") if route.startswith("instagram") else (PAGE, "town-fb-page-token")
    url = f"https://graph.facebook.com/v25.0/{account}/{edge}?access_token={token}"
    answer = town.session().get(url)
    assert answer.json()["error"]["code"] == int(fault.removeprefix("code_"))
    (use,) = json.loads(answer.headers["x-business-use-case-usage"]).values()
    assert use[0]["estimated_time_to_regain_access"] == (minutes or 0)
    assert (json.loads(answer.headers["x-app-usage"])["call_count"] == 100) is (fault == "code_17")
    assert town.session().get(url).status_code == 200


def test_retry_after_says_in_seconds_when_to_come_back(town: Town) -> None:
    bearer = {"Authorization": "Bearer town-x-bearer"}
    for route, url, status in (
        ("x.mentions", f"https://api.twitter.com/2/users/{OWN_X}/mentions", 429),
        (
            "facebook.feed",
            f"https://graph.facebook.com/v25.0/{PAGE}/feed?access_token=town-fb-page-token",
            429,
        ),
        ("web_diskominfostandi.posts_list", f"https://{SITE}/wp-json/wp/v2/posts", 503),
    ):
        town.fail(route, "rate_limited_retry_after", seconds=42)
        answer = town.session().get(url, headers=bearer if "twitter" in url else {})
        assert (answer.status_code, answer.headers["retry-after"]) == (status, "42")
        assert "x-rate-limit-reset" not in answer.headers


def test_an_answer_can_warn_that_the_limit_is_near(town: Town) -> None:
    town.fail("facebook.feed", "usage_high")
    url = f"https://graph.facebook.com/v25.0/{PAGE}/feed?access_token=town-fb-page-token"
    first, second = town.session().get(url), town.session().get(url)
    assert json.loads(first.headers["x-app-usage"])["call_count"] == 96
    assert json.loads(second.headers["x-app-usage"])["call_count"] == 1
    assert first.json() == second.json()


def test_more_comments_are_counted_than_are_served(town: Town) -> None:
    town.say("facebook", "induk", id="p")
    town.say("facebook", "anak", how="comment", parent="p")
    fields = "comments.limit(0).summary(true)"
    town.fail("facebook.feed", "wrong_count")
    counts = [
        town.graph().get_connections(PAGE, "feed", fields=fields)["data"][0]["comments"]["summary"][
            "total_count"
        ]
        for _ in range(2)
    ]
    assert counts == [4, 1]
    town.say("instagram", "komentar", how="comment")
    town.fail("instagram.media", "wrong_count")
    media = [town.instagram().get_connections(IG, "media", fields="comments_count")["data"] for _ in range(2)]
    assert [m[0]["comments_count"] for m in media] == [4, 1]


@pytest.mark.parametrize(
    ("route", "fault"),
    [
        ("x.mentions", "code_17"),
        ("x.mentions", "usage_high"),
        ("x.create", "overlap_page"),
        ("x.mentions", "stream_close"),
        ("x.mentions", "webhook.drop"),
        ("webhook", "hang"),
        ("web_diskominfostandi.posts_list", "empty_page"),
        ("web_diskominfostandi.posts_list", "scope_revoked"),
        ("x.stream", "commit_then_503"),
    ],
)
def test_a_fault_that_does_not_fit_its_route_is_refused(town: Town, route: str, fault: str) -> None:
    answer = requests.post(f"{town.url}/control/fail", json={"route": route, "fault": fault}, timeout=5)
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")
