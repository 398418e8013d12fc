"""X's filtered stream: tweepy's StreamingClient against the town."""

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import tweepy

sys.path.insert(0, str(Path(__file__).parent))
from test_town_redirect import Town, redirect, running

pytestmark = pytest.mark.once

KEYWORD = "(jalan rusak OR banjir OR sampah) bekasi -is:retweet"
HASHTAG = "#bekasi -is:retweet"


class Listener(tweepy.StreamingClient):
    def __init__(self, town: Town) -> None:
        super().__init__("town-x-bearer", max_retries=0)
        redirect(self.session, town.url)
        self.heard: list[Any] = []
        self.alive = 0
        self.errors: list[int] = []
        self.open = threading.Event()

    def on_connect(self) -> None:
        self.open.set()

    def on_response(self, response: Any) -> None:
        self.heard.append(response)

    def on_keep_alive(self) -> None:
        self.alive += 1

    def on_request_error(self, status_code: int) -> None:
        self.errors.append(status_code)
        self.disconnect()  # Otherwise tweepy sleeps a minute before it gives up.

    def start(self, **fields: Any) -> threading.Thread:
        thread: threading.Thread = self.filter(threaded=True, **fields)
        assert self.open.wait(5)
        return thread


@pytest.fixture(scope="module")
def open_town() -> Iterator[Town]:
    with running() as town:
        yield town


@pytest.fixture
def town(open_town: Town) -> Town:
    open_town.control("POST", "reset")
    return open_town


def wait_for(condition: Any) -> None:
    for _ in range(250):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("It did not happen within five seconds.")


def test_rules_are_added_listed_and_deleted(town: Town) -> None:
    client = Listener(town)
    assert client.get_rules().data is None
    made = client.add_rules([tweepy.StreamRule(KEYWORD, "kata"), tweepy.StreamRule(HASHTAG)])
    assert [r.value for r in made.data] == [KEYWORD, HASHTAG]
    assert made.meta["summary"]["created"] == 2
    again = client.add_rules(tweepy.StreamRule(KEYWORD))
    assert again.errors[0]["title"] == "DuplicateRule"
    client.delete_rules([made.data[0].id])
    assert [r.value for r in client.get_rules().data] == [HASHTAG]


def test_what_is_said_from_then_on_comes_with_the_rule_it_matches(town: Town) -> None:
    client = Listener(town)
    town.say("x", "sebelumnya", how="keyword")
    client.add_rules([tweepy.StreamRule(KEYWORD, "kata"), tweepy.StreamRule(HASHTAG, "tagar")])
    client.start(tweet_fields=["created_at"], expansions=["author_id"])
    town.say("x", "banjir", how="keyword", author="Sari")
    town.say("x", "#bekasi", how="hashtag")
    town.say("x", "@pemkotbekasi", how="mention")
    town.load([{"channel": "x", "id": 1, "text": "sampah", "author": "a", "how": "keyword"}])
    wait_for(lambda: len(client.heard) == 3)
    assert [r.data.text for r in client.heard] == ["banjir", "#bekasi", "sampah"]
    assert [r.matching_rules[0].tag for r in client.heard] == ["kata", "tagar", "kata"]
    assert client.heard[0].includes["users"][0].name == "Sari"
    wait_for(lambda: client.alive > 0)
    client.disconnect()


def test_a_stream_ends_when_it_is_ordered_to(town: Town) -> None:
    client = Listener(town)
    client.add_rules(tweepy.StreamRule(KEYWORD))
    town.fail("x.stream", "stream_close", seconds=0.2)
    answer = client.session.get(
        "https://api.twitter.com/2/tweets/search/stream",
        headers={"Authorization": "Bearer town-x-bearer"},
        stream=True,
    )
    began = time.monotonic()
    assert b"".join(answer.iter_content(None)).strip() == b""
    assert time.monotonic() - began < 3
    town.fail("x.stream", "error_503")
    refused = client.session.get(answer.url, headers={"Authorization": "Bearer town-x-bearer"})
    assert refused.status_code == 503


def test_a_stream_needs_rules_and_there_is_one_at_a_time(town: Town) -> None:
    client = Listener(town)
    client.filter()
    assert client.errors == [409]
    client.add_rules(tweepy.StreamRule(KEYWORD))
    client.start()
    second = Listener(town)
    second.filter()
    assert second.errors == [429]
    client.disconnect()


def test_rules_are_not_for_user_context(town: Town) -> None:
    client = town.x()
    with pytest.raises(tweepy.Forbidden):
        client.request("GET", "/2/tweets/search/stream/rules", user_auth=True)


def test_the_town_ends_although_a_stream_is_open() -> None:
    with running() as town:
        client = Listener(town)
        client.add_rules(tweepy.StreamRule(KEYWORD))
        answer = requests.get(
            f"{town.url}/2/tweets/search/stream",
            headers={"Authorization": "Bearer town-x-bearer", "Host": "api.twitter.com"},
            stream=True,
            timeout=5,
        )
        assert answer.status_code == 200
        assert town.stop() == 0
