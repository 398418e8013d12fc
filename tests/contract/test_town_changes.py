"""Citizens change and take away what they said, and many posts are looked up at once."""

import sys
from collections.abc import Iterator
from pathlib import Path

import facebook
import pytest
import requests

sys.path.insert(0, str(Path(__file__).parent))
from test_town_redirect import IG, OWN_X, PAGE, Town, running

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def open_town() -> Iterator[Town]:
    with running("--no-caps") as town:
        yield town


@pytest.fixture
def town(open_town: Town) -> Town:
    open_town.control("POST", "reset")
    return open_town


def change(town: Town, channel: str, number: str, text: str) -> None:
    town.control("POST", "edit", json={"channel": channel, "id": number, "text": text})


def take_away(town: Town, channel: str, number: str) -> None:
    town.control("POST", "delete", json={"channel": channel, "id": number})


def graph_error(town: Town, **args: object) -> facebook.GraphAPIError:
    with pytest.raises(facebook.GraphAPIError) as error:
        town.graph().request("v25.0/", args)
    return error.value


def test_a_changed_post_on_x_keeps_its_id_and_counts_its_edits(town: Town) -> None:
    said = town.say("x", "Banjir di Teluk Pucung", id="a")
    change(town, "x", "a", "Banjir di Teluk Pucung, sudah surut")
    tweet = town.x().get_tweet(said["platform_id"], tweet_fields=["edit_controls"]).data
    assert tweet.text == "Banjir di Teluk Pucung, sudah surut"
    assert [str(i) for i in tweet.edit_history_tweet_ids] == [said["platform_id"]]
    assert tweet.edit_controls["edits_remaining"] == 4


def test_a_changed_post_on_facebook_has_a_new_updated_time(town: Town) -> None:
    town.say("facebook", "Lama", id="p", created_at="2026-11-01T00:00:00Z")
    change(town, "facebook", "p", "Baru")
    (post,) = town.graph().get_connections(PAGE, "feed", fields="message,created_time,updated_time")["data"][
        -1:
    ]
    assert post["message"] == "Baru"
    assert post["created_time"] == "2026-11-01T00:00:00+0000" < post["updated_time"]


def test_a_caption_on_instagram_changes_and_a_comment_does_not(town: Town) -> None:
    medium = town.say("instagram", "Lama", how="tagged")
    change(town, "instagram", medium["platform_id"], "Baru")
    assert town.instagram().get_connections(IG, "tags", fields="caption")["data"][0]["caption"] == "Baru"
    town.say("instagram", "Komentar", how="comment", id="c")
    body = {"channel": "instagram", "id": "c", "text": "Lain"}
    answer = requests.post(f"{town.url}/control/edit", json=body, timeout=5)
    assert (answer.status_code, answer.json()["error"]) == (
        400,
        "A comment on Instagram cannot be changed, only deleted.",
    )


def test_a_deleted_post_is_in_no_list_and_the_town_still_knows_it(town: Town) -> None:
    hows = {"x": "mention", "facebook": "mention", "instagram": "tagged"}
    said = {channel: town.say(channel, "hapus", how=how, id="h") for channel, how in hows.items()}
    for channel in hows:
        take_away(town, channel, "h")
        number = said[channel]["platform_id"]
        assert town.control("GET", f"ids?channel={channel}") == {"h": number}
        assert town.control("GET", f"deleted?channel={channel}") == {"h": number}
    assert town.x().get_users_mentions(OWN_X).data is None
    assert "hapus" not in str(town.graph().get_connections(PAGE, "feed"))
    assert town.instagram().get_connections(IG, "tags")["data"] == []
    again = requests.post(f"{town.url}/control/delete", json={"channel": "x", "id": "h"}, timeout=5)
    assert again.status_code == 400


def test_x_names_a_deleted_post_beside_those_it_finds(town: Town) -> None:
    gone, kept = town.say("x", "satu")["platform_id"], town.say("x", "dua")["platform_id"]
    take_away(town, "x", gone)
    found = town.x().get_tweets([gone, kept])
    assert [str(t.id) for t in found.data] == [kept]
    assert found.errors[0]["resource_id"] == gone
    assert found.errors[0]["type"].endswith("/resource-not-found")
    alone = town.x().get_tweet(gone)
    assert alone.data is None
    assert alone.errors[0]["resource_id"] == gone


def test_a_reply_on_x_outlives_the_post_it_answers(town: Town) -> None:
    town.say("x", "induk", id="i")
    town.say("x", "anak", how="comment", parent="i")
    take_away(town, "x", "i")
    found = town.x().get_users_mentions(
        OWN_X, tweet_fields=["referenced_tweets"], expansions=["referenced_tweets.id"]
    )
    assert [t.text for t in found.data] == ["anak"]
    assert found.errors[0]["parameter"] == "referenced_tweets.id"


def test_comments_on_facebook_go_with_their_post(town: Town) -> None:
    post = town.say("facebook", "induk", id="p")
    town.say("facebook", "anak", how="comment", parent="p", id="c")
    take_away(town, "facebook", "p")
    with pytest.raises(facebook.GraphAPIError) as error:
        town.graph().get_object(post["platform_id"])
    assert (error.value.code, error.value.result["error"]["error_subcode"]) == (100, 33)
    assert set(town.control("GET", "deleted?channel=facebook")) == {"p", "c"}


def test_many_objects_are_looked_up_at_once_or_not_at_all(town: Town) -> None:
    one, two = (town.say("facebook", text)["platform_id"] for text in ("satu", "dua"))
    found = town.graph().get_objects([one, two], fields="message")
    assert {k: v["message"] for k, v in found.items()} == {one: "satu", two: "dua"}
    take_away(town, "facebook", two)
    error = graph_error(town, ids=f"{one},{two}", fields="message")
    assert (error.code, error.result["error"]["error_subcode"]) == (100, 33)
    assert two in str(error)
    assert graph_error(town, ids=",".join(str(n) for n in range(51))).code == 100


def test_media_and_comments_of_instagram_are_looked_up_at_once(town: Town) -> None:
    comments = [town.say("instagram", text, how="comment")["platform_id"] for text in ("satu", "dua")]
    found = town.instagram().get_objects(comments, fields="text,username")
    assert [found[i]["text"] for i in comments] == ["satu", "dua"]
    town.fail("instagram.object", "error_503")
    with pytest.raises(facebook.GraphAPIError):
        town.instagram().get_objects(comments, fields="text")
    assert len(town.instagram().get_objects(comments, fields="text")) == 2


def test_an_edit_says_in_a_sentence_what_is_wrong(town: Town) -> None:
    for name, body in (
        ("edit", {"channel": "x", "id": "tidak ada", "text": "a"}),
        ("edit", {"channel": "radio", "id": "a", "text": "a"}),
        ("edit", []),
        ("delete", {"channel": "x"}),
    ):
        answer = requests.post(f"{town.url}/control/{name}", json=body, timeout=5)
        assert answer.status_code == 400
        assert answer.json()["error"].endswith(".")
