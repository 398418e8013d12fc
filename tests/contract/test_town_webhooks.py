"""Facebook and Instagram tell a receiver on this computer what citizens say."""

import hashlib
import hmac
import json
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import facebook
import pytest
import requests

sys.path.insert(0, str(Path(__file__).parent))
from test_town_redirect import IG, PAGE, Town, running

from simulator import identity

pytestmark = pytest.mark.once


class Receiver(ThreadingHTTPServer):
    """What a city would run: it answers the handshake and keeps what it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.token = "town-verify"
        self.statuses: list[int] = []
        #: (whether the signature is right, the body)
        self.told: list[tuple[bool, dict[str, Any]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook?office=humas"

    @property
    def changes(self) -> list[dict[str, Any]]:
        return [c for right, body in self.told if right for e in body["entry"] for c in e["changes"]]

    @property
    def texts(self) -> list[str]:
        return [c["value"].get("message") or c["value"].get("text") for c in self.changes]


class Answering(BaseHTTPRequestHandler):
    server: Receiver

    def do_GET(self) -> None:
        asked = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
        right = asked["hub.mode"] == "subscribe" and asked["hub.verify_token"] == self.server.token
        self.answer(200 if right and asked["office"] == "humas" else 403, asked["hub.challenge"])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        digest = hmac.new(b"town-app-secret", body, hashlib.sha256).hexdigest()
        right = self.headers["x-hub-signature-256"] == f"sha256={digest}"
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        if status == 200:
            self.server.told.append((right, json.loads(body)))
        self.answer(status, "")

    def answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def open_town() -> Iterator[Town]:
    with running("--no-caps") as town:
        yield town


@pytest.fixture
def town(open_town: Town) -> Town:
    open_town.control("POST", "reset")
    return open_town


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def told(town: Town, receiver: Receiver) -> Receiver:
    town.control("POST", "subscribe", json={"url": receiver.url})
    return receiver


def settled(town: Town) -> dict[str, Any]:
    for _ in range(200):
        state: dict[str, Any] = town.control("GET", "subscribe")
        if state["waiting"] == 0:
            return state
        time.sleep(0.03)
    raise AssertionError(state)


def test_a_receiver_that_knows_the_token_is_subscribed(town: Town, receiver: Receiver) -> None:
    receiver.token = "another"
    refused = requests.post(f"{town.url}/control/subscribe", json={"url": receiver.url}, timeout=10)
    assert refused.status_code == 400
    assert town.control("GET", "subscribe")["url"] is None
    receiver.token = "town-verify"
    assert town.control("POST", "subscribe", json={"url": receiver.url})["url"] == receiver.url
    assert town.control("DELETE", "subscribe")["url"] is None


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1:1/", "http://example.org/hook", "http://127.0.0.1:9/", None, 7]
)
def test_only_an_address_of_this_computer_that_answers_is_subscribed(town: Town, url: Any) -> None:
    refused = requests.post(f"{town.url}/control/subscribe", json={"url": url}, timeout=10)
    assert refused.status_code == 400
    assert refused.json()["error"].endswith(".")


def test_posts_and_comments_on_facebook_are_told_as_they_are_said(town: Town, told: Receiver) -> None:
    post = town.say("facebook", "Jalan rusak / “parah”", author="Siti", id="p")
    first = town.say("facebook", "Betul", how="comment", parent="p", id="c")
    town.say("facebook", "Setuju", how="comment", parent="c")
    assert settled(town)["deliveries"][0]["status"] == 200
    right, body = told.told[0]
    assert right
    assert (body["object"], body["entry"][0]["id"]) == ("page", PAGE)
    one, two, three = (c["value"] for c in told.changes)
    assert {c["field"] for c in told.changes} == {"feed"}
    assert (one["item"], one["verb"], one["post_id"]) == ("post", "add", post["platform_id"])
    assert (one["message"], one["from"]["name"]) == ("Jalan rusak / “parah”", "Siti")
    assert abs(one["created_time"] - time.time()) < 30
    assert (two["item"], two["comment_id"]) == ("comment", first["platform_id"])
    assert (two["post_id"], two["parent_id"]) == (post["platform_id"], post["platform_id"])
    assert (three["post_id"], three["parent_id"]) == (post["platform_id"], first["platform_id"])


def test_a_post_that_tags_the_page_is_a_mention(town: Town, told: Receiver) -> None:
    said = town.say("facebook", "Tolong Pemkot", author="Siti", how="tagged", id="t")
    town.say("facebook", "di bawah kiriman orang lain", how="comment", parent="t")
    settled(town)
    (change,) = told.changes
    assert change["field"] == "mention"
    assert (change["value"]["post_id"], change["value"]["sender_name"]) == (said["platform_id"], "Siti")


def test_changes_and_removals_on_facebook_are_told(town: Town, told: Receiver) -> None:
    town.say("facebook", "Lama", id="p")
    town.control("POST", "edit", json={"channel": "facebook", "id": "p", "text": "Baru"})
    town.control("POST", "delete", json={"channel": "facebook", "id": "p"})
    settled(town)
    assert [(c["value"]["verb"], c["value"].get("message")) for c in told.changes] == [
        ("add", "Lama"),
        ("edited", "Baru"),
        ("remove", None),
    ]


def test_a_comment_on_instagram_is_told_whole_and_a_mention_as_an_id(town: Town, told: Receiver) -> None:
    comment = town.say("instagram", "Kapan?", author="dodi", how="comment")
    town.say("instagram", "Lihat @pemkotbekasi", how="mention", author="rani")
    settled(town)
    whole, mention = told.changes
    assert whole["field"] == "comments"
    assert (whole["value"]["id"], whole["value"]["text"]) == (comment["platform_id"], "Kapan?")
    assert whole["value"]["from"]["username"] == "dodi"
    assert told.told[0][1]["object"] == "instagram"
    assert mention["field"] == "mentions"
    assert set(mention["value"]) == {"media_id"}
    number, graph = mention["value"]["media_id"], town.instagram()
    assert graph.get_connections(IG, "tags")["data"] == []
    with pytest.raises(facebook.GraphAPIError):
        graph.get_object(number)
    asked = f"mentioned_media.media_id({number}){{caption,username,shortcode}}"
    assert graph.get_object(IG, fields=asked)["mentioned_media"]["caption"] == "Lihat @pemkotbekasi"


def test_a_mention_in_a_comment_is_told_by_both_ids(town: Town, told: Receiver) -> None:
    medium = town.say("instagram", "Foto", how="tagged", id="m")
    town.say("instagram", "Ini @pemkotbekasi", how="mention", parent="m")
    settled(town)
    (change,) = told.changes
    ids = change["value"]
    asked = f"mentioned_comment.comment_id({ids['comment_id']}){{text,media}}"
    found = town.instagram().get_object(IG, fields=asked)["mentioned_comment"]
    assert (found["text"], found["media"]["id"]) == ("Ini @pemkotbekasi", ids["media_id"])
    assert (
        town.instagram().get_object(ids["media_id"], fields="shortcode")["shortcode"] == medium["platform_id"]
    )


def test_a_mention_without_a_webhook_stands_with_the_tags(town: Town) -> None:
    town.say("instagram", "Lihat @pemkotbekasi", how="mention")
    assert len(town.instagram().get_connections(IG, "tags")["data"]) == 1


def test_a_loaded_world_comes_in_batches_of_a_hundred(town: Town, told: Receiver) -> None:
    rows: list[dict[str, Any]] = [
        {"channel": "facebook", "id": n, "text": str(n), "author": "a", "how": "mention"} for n in range(230)
    ]
    rows += [{"channel": "instagram", "id": 1, "text": "ig", "author": "a", "how": "comment"}]
    rows += [{"channel": "x", "id": 1, "text": "x", "author": "a", "how": "mention"}]
    town.load(rows)
    assert [d["changes"] for d in settled(town)["deliveries"]] == [100, 100, 30, 1]
    assert told.texts == [str(n) for n in range(230)] + ["ig"]


def test_a_delivery_that_is_not_taken_is_tried_again(town: Town, told: Receiver) -> None:
    told.statuses = [500, 503]
    town.say("facebook", "sekali lagi")
    (delivery,) = settled(town)["deliveries"]
    assert (delivery["attempts"], delivery["status"]) == (3, 200)
    assert told.texts == ["sekali lagi"]


@pytest.mark.parametrize(
    ("fault", "heard"),
    [
        ("webhook.repeat", ["satu", "satu", "dua"]),
        ("webhook.reorder", ["dua", "satu"]),
        ("webhook.drop", ["dua"]),
        ("webhook.bad_signature", ["dua"]),
    ],
)
def test_deliveries_come_twice_late_never_or_forged(
    town: Town, told: Receiver, fault: str, heard: list[str]
) -> None:
    town.fail("webhook", fault, seconds=5)
    town.say("facebook", "satu")
    town.say("facebook", "dua")
    while not {"dua"} <= set(told.texts):
        time.sleep(0.02)
    time.sleep(0.2)
    assert told.texts == heard
    assert (len(told.told) == len(heard)) is (fault != "webhook.bad_signature")


def test_what_is_held_back_goes_out_at_last(town: Town, told: Receiver) -> None:
    town.fail("webhook", "reorder", seconds=0.2)
    town.say("facebook", "satu")
    settled(town)
    assert told.texts == ["satu"]


def test_after_a_new_beginning_nobody_is_told(town: Town, told: Receiver) -> None:
    town.control("POST", "reset")
    town.say("facebook", "satu")
    assert settled(town) == {"url": None, "waiting": 0, "deliveries": []}


def test_the_page_reads_back_which_fields_it_subscribed(town: Town) -> None:
    graph = town.graph()
    assert graph.get_connections(PAGE, "subscribed_apps")["data"] == []
    graph.put_object(PAGE, "subscribed_apps", subscribed_fields="feed,mention")
    assert graph.get_connections(PAGE, "subscribed_apps")["data"][0]["subscribed_fields"] == [
        "feed",
        "mention",
    ]


def test_an_identity_file_of_another_version_still_loads(tmp_path: Path) -> None:
    file = tmp_path / "identity.json"
    file.write_text('{"x": {"username": "a"}, "radio": {"station": 1}}')
    who = identity.load(file)
    assert (who.x.username, who.meta.app_secret, who.meta.verify_token) == (
        "a",
        "town-app-secret",
        "town-verify",
    )
    file.write_text('{"meta": {"app_secret": "b"}}')
    assert identity.load(file).meta == identity.Meta("b", "town-verify")
