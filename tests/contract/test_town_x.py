"""X: tweepy 4.17.0 against the town."""

import base64
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import tweepy

sys.path.insert(0, str(Path(__file__).parent))
from test_town_redirect import OWN_X, Town, running

pytestmark = pytest.mark.once

KEYWORD = "(jalan rusak OR banjir OR sampah) bekasi -is:retweet"
HASHTAG = "#bekasi -is:retweet"
FIELDS = ["created_at", "author_id", "conversation_id", "in_reply_to_user_id", "referenced_tweets",
          "entities", "attachments", "public_metrics", "lang"]  # fmt: skip


@pytest.fixture(scope="module")
def open_town() -> Iterator[Town]:
    with running("--no-caps") as town:
        yield town


@pytest.fixture
def town(open_town: Town) -> Town:
    open_town.control("POST", "reset")
    return open_town


def test_a_mention_is_heard_with_its_author(town: Town) -> None:
    said = town.say("x", "Lampu <PJU> mati & gelap @pemkotbekasi", author="Sari Dewi", media=["pju.jpg"])
    page = town.x().get_users_mentions(
        OWN_X,
        tweet_fields=FIELDS,
        user_fields=["username", "name"],
        expansions=["author_id", "attachments.media_keys"],
        media_fields=["url"],
    )
    (tweet,) = page.data
    assert str(tweet.id) == said["platform_id"]
    assert tweet.text == "Lampu &lt;PJU&gt; mati &amp; gelap @pemkotbekasi"
    assert page.includes["users"][0].name == "Sari Dewi"
    assert page.includes["users"][0].username == "sari_dewi"
    assert page.includes["media"][0].url == "https://pbs.twimg.com/media/pju.jpg"
    assert tweet.created_at is not None


def test_only_the_asked_fields_are_given(town: Town) -> None:
    town.say("x", "Halo")
    (tweet,) = town.x().get_users_mentions(OWN_X).data
    assert set(tweet.data) == {"id", "text", "edit_history_tweet_ids"}


def test_an_empty_page_has_no_data(town: Town) -> None:
    page = town.x().get_users_mentions(OWN_X)
    assert page.data is None
    assert page.meta == {"result_count": 0}


def test_how_alone_chooses_the_route(town: Town) -> None:
    for how in ("mention", "comment", "tagged", "keyword", "hashtag"):
        town.say("x", f"@pemkotbekasi #bekasi {how}", how=how)
    client = town.x()
    heard = {t.text.split()[-1] for t in client.get_users_mentions(OWN_X).data}
    assert heard == {"mention", "comment", "tagged"}
    assert [t.text.split()[-1] for t in client.search_recent_tweets(KEYWORD).data] == ["keyword"]
    assert [t.text.split()[-1] for t in client.search_recent_tweets(HASHTAG).data] == ["hashtag"]
    assert client.search_recent_tweets("anything else").data is None


def test_a_comment_is_a_reply_to_the_citys_post_or_to_its_parent(town: Town) -> None:
    town.load(
        [
            {"channel": "x", "id": 2, "text": "anak", "author": "b", "how": "comment", "parent": "1"},
            {"channel": "x", "id": 1, "text": "induk", "author": "a", "how": "comment"},
        ]
    )
    found = {t.text: t for t in town.x().get_users_mentions(OWN_X, tweet_fields=FIELDS).data}
    assert str(found["induk"].in_reply_to_user_id) == OWN_X
    assert found["anak"].referenced_tweets[0].id == found["induk"].id
    assert found["anak"].conversation_id == found["induk"].conversation_id


def test_pages_and_since_id_lose_nothing(town: Town) -> None:
    town.load(
        [{"channel": "x", "id": n, "text": f"k{n}", "author": "a", "how": "keyword"} for n in range(230)]
    )
    client = town.x()
    pages = [*tweepy.Paginator(client.search_recent_tweets, KEYWORD, max_results=100)]
    ids = [t.id for page in pages for t in page.data]
    assert len(ids) == len(set(ids)) == 230
    assert ids == sorted(ids, reverse=True)
    newest = pages[0].meta["newest_id"]
    assert client.search_recent_tweets(KEYWORD, since_id=newest).data is None
    town.say("x", "baru", how="keyword")
    assert [t.text for t in client.search_recent_tweets(KEYWORD, since_id=newest).data] == ["baru"]


def test_rows_without_a_time_are_newer_than_what_was_read(town: Town) -> None:
    town.say("x", "dulu")
    newest = town.x().get_users_mentions(OWN_X).meta["newest_id"]
    town.load([{"channel": "x", "id": n, "text": str(n), "author": "a", "how": "mention"} for n in range(20)])
    assert len(town.x().get_users_mentions(OWN_X, since_id=newest, max_results=50).data) == 20


def test_a_page_size_out_of_range_is_refused(town: Town) -> None:
    with pytest.raises(tweepy.BadRequest):
        town.x().search_recent_tweets(KEYWORD, max_results=5)
    with pytest.raises(tweepy.BadRequest):
        town.x().get_users_mentions(OWN_X, max_results=101)


def test_a_post_is_created_found_and_deleted(town: Town) -> None:
    client = town.x()
    made = client.create_tweet(text="Jalan A & B ditutup, lihat https://bekasikota.go.id/jalan.")
    mine = client.get_users_tweets(OWN_X, tweet_fields=["entities", "created_at"], user_auth=True).data[0]
    assert str(mine.id) == made.data["id"]
    link = mine.entities["urls"][0]
    assert link["expanded_url"] == "https://bekasikota.go.id/jalan"
    assert link["url"] in mine.text
    assert "&amp;" in mine.text
    assert mine.text[link["start"] : link["end"]] == link["url"]
    assert [r["id"] for r in town.received("x")] == [made.data["id"]]
    assert client.delete_tweet(made.data["id"]).data == {"deleted": True}
    assert town.received("x") == []
    assert client.get_tweet(made.data["id"]).data is None


def test_the_same_words_twice_are_a_duplicate(town: Town) -> None:
    town.x().create_tweet(text="Sama")
    with pytest.raises(tweepy.Forbidden) as error:
        town.x().create_tweet(text="Sama")
    assert error.value.response.json() == {
        "detail": "You are not allowed to create a Tweet with duplicate content.",
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
    }


def test_a_reply_hangs_under_the_citizen(town: Town) -> None:
    said = town.say("x", "Banjir!", author="budi")
    town.x().create_tweet(text="@budi Kami cek.", in_reply_to_tweet_id=said["platform_id"])
    assert town.received("x")[0]["reply_to"] == said["platform_id"]


def test_281_letters_are_too_long_and_280_are_not(town: Town) -> None:
    town.x().create_tweet(text="a" * 280)
    town.x().create_tweet(text="b" * 256 + " https://bekasikota.go.id/" + "x" * 200)
    town.x().create_tweet(text="\U0001f3fd" * 140)
    with pytest.raises(tweepy.Forbidden):
        town.x().create_tweet(text="a" * 281)


def test_wrong_credentials_are_refused(town: Town) -> None:
    for wrong in ("consumer_key", "consumer_secret", "access_token", "access_token_secret"):
        with pytest.raises(tweepy.Unauthorized):
            town.x(**{wrong: "wrong"}).get_me()
    with pytest.raises(tweepy.Unauthorized):
        town.x(bearer_token="wrong").get_users_mentions(OWN_X)


def test_an_app_only_token_may_not_write(town: Town) -> None:
    with pytest.raises(tweepy.Forbidden):
        town.x().create_tweet(text="a", user_auth=False)


def test_people_are_found_by_name_and_number(town: Town) -> None:
    client = town.x()
    assert client.get_me().data.username == "pemkotbekasi"
    assert str(client.get_user(username="pemkotbekasi").data.id) == OWN_X
    assert client.get_user(id=OWN_X).data.username == "pemkotbekasi"
    assert client.get_user(username="nobody").errors[0]["title"] == "Not Found Error"


def test_posts_are_looked_up_by_number_with_partial_errors(town: Town) -> None:
    said = town.say("x", "Halo")
    answer = town.x().get_tweets([said["platform_id"], 5])
    assert [t.text for t in answer.data] == ["Halo"]
    assert answer.errors[0]["value"] == "5"


def test_media_go_up_in_pieces_or_at_once(town: Town) -> None:
    client, data = town.x(), b"\xff\xd8\xff" + bytes(4000)

    def ask(method: str, path: str, **kwargs: object) -> dict[str, object]:
        found: dict[str, object] = client.request(method, path, user_auth=True, **kwargs).json()["data"]
        return found

    begun = ask(
        "POST",
        "/2/media/upload/initialize",
        json={"media_type": "image/jpeg", "total_bytes": len(data), "media_category": "tweet_image"},
    )
    number = begun["id"]
    for index, part in enumerate((data[:2000], data[2000:])):
        ask(
            "POST",
            f"/2/media/upload/{number}/append",
            json={"media": base64.b64encode(part).decode(), "segment_index": index},
        )
    ask("POST", f"/2/media/upload/{number}/finalize")
    state = ask("GET", "/2/media/upload", params={"media_id": number, "command": "STATUS"})
    assert state["processing_info"] == {"state": "succeeded", "progress_percent": 100}
    ask("POST", "/2/media/metadata", json={"id": number, "metadata": {"alt_text": {"text": "Jalan"}}})
    once = ask("POST", "/2/media/upload", json={"media": base64.b64encode(data).decode()})
    made = client.create_tweet(text="Foto", media_ids=[number, once["id"]])
    assert len(town.received("x")[0]["media"]) == 2
    assert "https://t.co/" in made.data["text"]
    with pytest.raises(tweepy.BadRequest):
        client.create_tweet(text="Foto lain", media_ids=["77"])


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
def test_a_committed_post_is_there_although_the_answer_is_spoilt(town: Town, fault: str) -> None:
    town.fail("x.create", fault, seconds=2)
    with pytest.raises((tweepy.TweepyException, requests.RequestException)):
        town.x(timeout=0.5).create_tweet(text=fault)
    assert [r["text"] for r in town.received("x")] == [fault]
    with pytest.raises(tweepy.Forbidden):
        town.x().create_tweet(text=fault)


@pytest.mark.parametrize(
    "fault",
    [
        "error_503",
        "error_500_html",
        "hang",
        "truncate",
        "rate_limited",
        "rate_limited_bare",
        "token_revoked",
        "permission",
    ],
)
def test_a_refused_post_is_not_there(town: Town, fault: str) -> None:
    town.fail("x.create", fault, seconds=2)
    with pytest.raises((tweepy.TweepyException, requests.RequestException)):
        town.x(timeout=0.5).create_tweet(text=fault)
    assert town.received("x") == []
    town.x().create_tweet(text=fault)


def test_a_rate_limit_tells_when_it_ends_or_says_nothing(town: Town) -> None:
    town.fail("x.search", "rate_limited", seconds=60)
    with pytest.raises(tweepy.TooManyRequests) as told:
        town.x().search_recent_tweets(KEYWORD)
    assert 50 < told.value.reset_time - time.time() < 70
    town.fail("x.search", "rate_limited_bare")
    with pytest.raises(tweepy.TooManyRequests) as bare:
        town.x().search_recent_tweets(KEYWORD)
    assert bare.value.reset_time is None


def test_a_bad_item_stands_beside_the_good_ones(town: Town) -> None:
    town.say("x", "baik")
    town.fail("x.mentions", "bad_item", times=3)
    for _ in range(3):
        answer = town.x().request("GET", f"/2/users/{OWN_X}/mentions", params={"tweet.fields": "created_at"})
        assert [t["text"] for t in answer.json()["data"]][1:] == ["baik"]
    assert town.control("GET", "fail") == []


def test_a_page_can_come_twice(town: Town) -> None:
    town.load(
        [{"channel": "x", "id": n, "text": f"k{n}", "author": "a", "how": "keyword"} for n in range(30)]
    )
    client = town.x()
    first = client.search_recent_tweets(KEYWORD, max_results=10)
    town.fail("x.search", "duplicate_page")
    again = client.search_recent_tweets(KEYWORD, max_results=10, next_token=first.meta["next_token"])
    assert [t.id for t in again.data] == [t.id for t in first.data]


def test_the_caps_of_the_platform_hold_by_default() -> None:
    with running() as town:
        town.load(
            [{"channel": "x", "id": n, "text": "m", "author": "a", "how": "mention"} for n in range(900)]
        )
        town.say("x", "lama", how="keyword", created_at="2026-01-01T00:00:00Z")
        client = town.x()
        pages = tweepy.Paginator(client.get_users_mentions, OWN_X, max_results=100)
        assert sum(len(page.data or []) for page in pages) == 800
        assert client.search_recent_tweets(KEYWORD).data is None
        for _ in range(449):
            client.search_recent_tweets(KEYWORD)
        with pytest.raises(tweepy.TooManyRequests) as error:
            client.search_recent_tweets(KEYWORD)
        assert error.value.response.headers["x-rate-limit-remaining"] == "0"
