"""Five thousand rows, every one heard through the real libraries; and the town's page and controls."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import instaloader
import requests
import tweepy

sys.path.insert(0, str(Path(__file__).parent))
import pytest
from test_town_redirect import IG, OWN_X, PAGE, Town, running

pytestmark = pytest.mark.once

HOWS = ("mention", "comment", "keyword", "hashtag", "tagged")
QUERIES = ("(jalan rusak OR banjir OR sampah) bekasi -is:retweet", "#bekasi -is:retweet")


def heard_on_x(town: Town) -> set[str]:
    client = town.x()
    pages = [*tweepy.Paginator(client.get_users_mentions, OWN_X, max_results=100)]
    for query in QUERIES:
        pages += tweepy.Paginator(client.search_recent_tweets, query, max_results=100)
    return {str(tweet.id) for page in pages for tweet in page.data or []}


def heard_on_facebook(town: Town) -> set[str]:
    graph = town.graph()
    posts = [p["id"] for edge in ("feed", "tagged") for p in graph.get_all_connections(PAGE, edge, limit=100)]
    busy = [p for p in posts if graph.get_connections(p, "comments", filter="stream", limit=1)["data"]]
    comments = [
        c["id"] for p in busy for c in graph.get_all_connections(p, "comments", filter="stream", limit=100)
    ]
    return {*posts, *comments}


def heard_on_instagram(town: Town) -> set[str]:
    graph, heard = town.instagram(), set()
    (tag,) = graph.request("v25.0/ig_hashtag_search", {"user_id": IG, "q": "bekasi"})["data"]
    for number, edge, more in ((IG, "tags", {}), (tag["id"], "recent_media", {"user_id": IG})):
        media = graph.get_all_connections(number, edge, fields="permalink", limit=50, **more)
        heard |= {m["permalink"].split("/")[-2] for m in media}
    (own,) = graph.get_connections(IG, "media")["data"]
    for comment in graph.get_all_connections(own["id"], "comments", limit=50):
        heard.add(comment["id"])
        heard |= {r["id"] for r in graph.get_all_connections(comment["id"], "replies", limit=50)}
    profile = instaloader.Profile.from_username(town.loader().context, "pemkotbekasi")
    tagged = {post.shortcode for post in profile.get_tagged_posts()}
    assert tagged <= heard
    return heard


def test_five_thousand_rows_are_heard_completely(tmp_path: Path) -> None:
    rows = []
    for n in range(5000):
        channel = ("x", "x", "x", "facebook", "instagram")[n % 5]
        how = HOWS[(n // 5) % 5]
        parent = n - 25 if how == "comment" and n % 3 and n > 25 else None
        row = {"channel": channel, "id": n, "text": f"laporan {n}", "author": f"warga{n % 200}", "how": how}
        rows.append({**row, "parent": parent})
    world = tmp_path / "world.jsonl"
    world.write_text("\n".join(json.dumps(row) for row in rows))
    began = time.monotonic()
    with running("--world", str(world), "--no-caps") as town:
        assert town.control("GET", "health") == {"ok": True, "problems": [], "posts": 5003}
        assert time.monotonic() - began < 6
        for channel, hear in (
            ("x", heard_on_x),
            ("facebook", heard_on_facebook),
            ("instagram", heard_on_instagram),
        ):
            expected = set(town.control("GET", f"ids?channel={channel}").values())
            assert expected <= hear(town), channel


def test_a_citizen_speaks_on_the_towns_page_and_is_seen() -> None:
    with running() as town:
        form: dict[str, Any] = {
            "channel": "facebook",
            "how": "mention",
            "author": "Siti <b>",
            "text": "Lampu & jalan",
        }
        answer = requests.post(town.url, data=form, timeout=5)
        assert answer.history[0].status_code == 303
        assert "Siti &lt;b&gt;" in answer.text
        assert "Lampu &amp; jalan" in requests.get(f"{town.url}/timelines", timeout=5).text
        assert "Kota tiruan" in answer.text
        empty = requests.post(town.url, data={**form, "text": " "}, timeout=5)
        assert "Tulis dulu" in empty.text
        assert requests.get(f"{town.url}/town.css", timeout=5).headers["content-type"].startswith("text/css")


def test_controls_say_in_a_sentence_what_is_wrong() -> None:
    with running() as town:
        for name, body in (("say", {"channel": "x"}), ("say", []), ("fail", {"route": "x.search"}),
                           ("fail", {"route": "x.search", "fault": "hang", "times": 0}),
                           ("fail", {"route": "x.search", "fault": "hang", "time": 1})):  # fmt: skip
            answer = requests.post(f"{town.url}/control/{name}", json=body, timeout=5)
            assert answer.status_code == 400
            assert answer.json()["error"].endswith(".")
        town.say("x", "a", id="satu")
        again = requests.post(
            f"{town.url}/control/say", json={"channel": "x", "text": "b", "id": "satu"}, timeout=5
        )
        assert again.status_code == 400
        assert town.load([{"channel": "x", "id": "satu", "text": "", "how": "mention"}])["loaded"] == 0
        town.control("POST", "reset")
        assert town.control("GET", "ids?channel=x") == {}
