"""Comments and feeds of the city's websites are heard once, whatever the sites answer."""

import json
import threading
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from channels.contract import ChannelError, Gone, Meter, Post
from channels.graph import Graph
from channels.models import Account, Receipt
from channels.registry import open_channel
from channels.website_comments import translate
from channels.website_feed import _fetch
from config.town import Town
from monitor.hear import hear, probe
from monitor.models import Gap, GapState, Mention, SetAside, Source, Spending

pytestmark = pytest.mark.django_db

HOST = "www.bekasikota.go.id"


@pytest.fixture
def comments(accounts: dict[str, Account]) -> Source:
    return Source.objects.get(account__key="web_pemkot", kind="comment")


@pytest.fixture
def feed(accounts: dict[str, Account]) -> Source:
    return Source.objects.create(account=accounts["web_pemkot"], kind="feed")


def say(town: Town, text: str, channel: str = "web_pemkot", **more: Any) -> str:
    """A citizen comments; gives the comment's number on that site."""
    body = {"channel": channel, "how": "comment", "text": text, "author": "eni", **more}
    return str(town.post("/control/say", body)["platform_id"])


def say_many(town: Town, names: list[str], **more: Any) -> set[str]:
    rows = [
        {"channel": "web_pemkot", "how": "comment", "text": f"keluhan {n}", "author": "eni", "id": n, **more}
        for n in names
    ]
    assert town.load(rows) == []
    kept = town.get("/control/ids?channel=web_pemkot")
    return {f"{HOST}#comment-{kept[n]}" for n in names}


def stored() -> set[str]:
    return set(Mention.objects.values_list("external_id", flat=True))


def asked(town: Town, route: str) -> int:
    return int(town.get("/control/requests")["counts"].get(route, 0))


# --- comments


def test_a_comment_is_heard_once_as_the_words_that_its_writer_wrote(
    town: Town, comments: Source, now: datetime
) -> None:
    number = say(town, 'Lampu <3 & gelap 😡\n\n"Tolong" dicek')
    hear(comments.pk, now)
    hear(comments.pk, now + timedelta(hours=1))
    mention = Mention.objects.get()
    assert (mention.channel, mention.external_id) == ("website", f"{HOST}#comment-{number}")
    assert mention.text == 'Lampu <3 & gelap 😡\n\n"Tolong" dicek'
    assert mention.author == "eni"
    assert mention.permalink.endswith(f"#comment-{number}")
    assert mention.posted_at is not None


def test_hundreds_of_comments_are_all_heard_and_counted_against_the_sites_own_total(
    town: Town, comments: Source, now: datetime
) -> None:
    ids = say_many(town, [f"m{n}" for n in range(330)])
    first = hear(comments.pk, now)
    assert first is not None
    assert (first.new, first.declared, first.received) == (330, 330, 330)
    assert stored() == ids
    more = say_many(town, [f"n{n}" for n in range(120)])
    hear(comments.pk, now + timedelta(hours=1))
    assert stored() == ids | more


def test_when_nothing_was_said_one_question_is_enough(town: Town, comments: Source, now: datetime) -> None:
    say_many(town, [f"m{n}" for n in range(150)], created_at="2026-10-01T00:00:00+00:00")
    say(town, "yang terbaru")
    hear(comments.pk, now)
    before = asked(town, "web_pemkot.comments_list")
    hear(comments.pk, now + timedelta(hours=1))
    assert asked(town, "web_pemkot.comments_list") == before + 1


def test_a_comment_that_was_approved_long_after_it_was_written_is_heard(
    town: Town, comments: Source, now: datetime
) -> None:
    week = "2026-11-17T00:00:00+00:00"
    say_many(town, [f"m{n}" for n in range(230)], created_at="2026-11-20T00:00:00+00:00")
    say(town, "baru saja")
    hear(comments.pk, now)
    say(town, "menunggu persetujuan seminggu", created_at=week)
    hear(comments.pk, now + timedelta(hours=1))
    assert Mention.objects.filter(text="menunggu persetujuan seminggu").exists()


def test_two_sites_number_their_comments_by_themselves_and_both_are_heard(
    town: Town, accounts: dict[str, Account], now: datetime
) -> None:
    numbers = {
        f"{host}#comment-{say(town, 'jalan rusak', key)}"
        for key, host in (("web_pemkot", HOST), ("web_diskominfostandi", "diskominfostandi.bekasikota.go.id"))
    }
    for source in Source.objects.filter(kind="comment", account__channel="website"):
        hear(source.pk, now)
    assert stored() == numbers


def test_an_answer_names_the_comment_and_a_comment_its_article(
    town: Town, comments: Source, now: datetime
) -> None:
    first = say(town, "airnya keruh", id="c1")
    say(town, "di tempat saya juga", id="c2", parent="c1")
    hear(comments.pk, now)
    assert Mention.objects.get(text="airnya keruh").parent_id.startswith(f"{HOST}/?p=")
    assert Mention.objects.get(text="di tempat saya juga").parent_id == f"{HOST}#comment-{first}"


def test_what_staff_answer_is_no_mention_but_a_borrowed_name_is(
    town: Town, comments: Source, now: datetime
) -> None:
    say(town, "Sudah kami tangani.", author="kentongan")  # the town signs its own user in
    say(town, "Saya warga.", author="Admin Kominfo")
    comments.account.settings["staff"] = ["Admin Kominfo"]
    comments.account.save()
    heard = hear(comments.pk, now)
    assert heard is not None
    assert (heard.declared, heard.received) == (2, 2)
    assert [mention.text for mention in Mention.objects.all()] == ["Saya warga."]


def test_deleted_comments_are_gone_changed_ones_are_seen_and_feeds_are_left_alone(
    town: Town, comments: Source, now: datetime
) -> None:
    kept, gone = say(town, "tetap", id="a"), say(town, "hilang", id="b")
    town.post("/control/delete", {"channel": "web_pemkot", "id": "b"})
    town.post("/control/edit", {"channel": "web_pemkot", "id": "a", "text": "diubah"})
    ids = [
        f"{HOST}#comment-{kept}",
        f"{HOST}#comment-{gone}",
        "https://kabar.example/1",
        "lain.go.id#comment-1",
    ]
    found = open_channel(comments.account).look(ids)
    assert set(found) == set(ids[:2])
    assert isinstance(found[ids[0]], Post)
    assert found[ids[0]].text == "diubah"
    assert isinstance(found[ids[1]], Gone)


def test_a_site_can_be_listened_to_without_a_password(town: Town, now: datetime) -> None:
    account = Account.objects.create(
        key="dinas", channel="website", name="Dinas", settings={"base_url": f"https://{HOST}"}
    )
    say(town, "tanpa masuk")
    source = Source.objects.create(account=account, kind="comment")
    assert probe(account).ok
    hear(source.pk, now)
    assert Mention.objects.count() == 1


@pytest.mark.parametrize(
    "fault", ["error_503", "error_500_html", "truncate", "rate_limited", "token_revoked"]
)
def test_a_failed_reading_of_comments_says_why_and_the_next_one_misses_nothing(
    fault: str, town: Town, comments: Source, now: datetime
) -> None:
    ids = say_many(town, [f"f{n}" for n in range(130)])
    town.post("/control/fail", {"route": "web_pemkot.comments_list", "fault": fault})
    failed = hear(comments.pk, now)
    assert failed is not None
    assert failed.trouble
    hear(comments.pk, now + timedelta(hours=2))
    assert stored() == ids
    assert Gap.objects.get(source=comments).state == GapState.FILLED


# --- feeds


def test_the_comment_feed_brings_the_same_mention_as_the_interface(
    town: Town, comments: Source, feed: Source, now: datetime
) -> None:
    number = say(town, "Got mampet & bau 😡")
    for source in (feed, comments):
        heard = hear(source.pk, now)
        assert heard is not None
        assert heard.seen == 1
    mention = Mention.objects.get()
    assert mention.external_id == f"{HOST}#comment-{number}"
    assert (mention.text, mention.author) == ("Got mampet & bau 😡", "eni")


def test_an_unchanged_feed_is_not_sent_again(town: Town, feed: Source, now: datetime) -> None:
    say(town, "sekali saja")
    hear(feed.pk, now)
    again = hear(feed.pk, now + timedelta(hours=1))
    assert again is not None
    assert (again.seen, again.trouble) == (0, "")
    assert Spending.objects.filter(source=feed).values_list("calls", flat=True)[0] == 2


def test_what_fell_out_of_the_feed_between_two_passes_is_stated_as_lost(
    town: Town, feed: Source, now: datetime
) -> None:
    say_many(town, ["a", "b"])
    hear(feed.pk, now)
    say_many(town, [f"c{n}" for n in range(9)])
    hear(feed.pk, now + timedelta(hours=1))
    assert not Gap.objects.filter(source=feed, state=GapState.LOST).exists()
    say_many(town, [f"d{n}" for n in range(12)])
    hear(feed.pk, now + timedelta(hours=2))
    gap = Gap.objects.get(source=feed, state=GapState.LOST)
    assert (gap.since, gap.until) == (now + timedelta(hours=1), now + timedelta(hours=2))
    assert "10 butir terbaru" in gap.why


def test_our_own_articles_in_a_feed_are_no_mentions(
    town: Town, feed: Source, accounts: dict[str, Account], now: datetime
) -> None:
    say(town, "supaya ada artikel")  # the town makes an article of the site's staff for it
    Source.objects.filter(pk=feed.pk).update(query="/feed/")
    hear(feed.pk, now)
    article = Mention.objects.get()
    Mention.objects.all().delete()
    Receipt.objects.create(
        account=accounts["web_pemkot"], remote_id="11", public_id="11", permalink=article.permalink, at=now
    )
    Source.objects.filter(pk=feed.pk).update(cursor={})
    heard = hear(feed.pk, now + timedelta(hours=1))
    assert heard is not None
    assert heard.seen == 1
    assert not Mention.objects.exists()


class Served:
    """A page of this computer, which answers with whatever a test puts into it."""

    def __init__(self) -> None:
        self.status, self.headers, self.body = 200, {"Content-Type": "application/rss+xml"}, b""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(outer.body)))
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, *args: Any) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def page() -> Iterator[Served]:
    served = Served()
    yield served
    served.server.shutdown()
    served.server.server_close()


@pytest.fixture
def news(page: Served, db: None) -> Callable[[], Source]:
    """A feed of the neighbourhood, at an address of this computer."""

    def make() -> Source:
        account = Account.objects.create(
            key="kabar", channel="website", name="Kabar", settings={"base_url": page.base}
        )
        return Source.objects.create(account=account, kind="feed", query="/rss.xml")

    return make


def test_a_feed_of_the_neighbourhood_needs_no_password_and_bad_items_are_set_aside(
    page: Served, news: Callable[[], Source], payloads: Path, now: datetime
) -> None:
    page.body = (payloads / "website" / "missing_guid_and_date.xml").read_bytes()
    source = news()
    heard = hear(source.pk, now)
    assert heard is not None
    assert (heard.new, heard.set_aside, heard.trouble) == (2, 1, "")
    assert "guid" in SetAside.objects.get().error
    assert f"{page.base.removeprefix('http://')}/rss.xml#7" in stored()


@pytest.mark.parametrize(
    ("name", "failure", "word"),
    [
        ("html_instead_of_xml.xml", "refused", "umpan RSS atau Atom"),
        ("entity_bomb.xml", "refused", "entitas"),
        ("external_entity.xml", "refused", "entitas"),
        ("cut_in_the_middle.xml", "later", "terpotong"),
    ],
)
def test_what_is_no_feed_is_a_sentence(
    name: str,
    failure: str,
    word: str,
    page: Served,
    news: Callable[[], Source],
    payloads: Path,
    now: datetime,
) -> None:
    page.body = (payloads / "website" / name).read_bytes()
    source = news()
    hear(source.pk, now)
    source.refresh_from_db()
    assert source.failure == failure
    assert word in source.trouble
    assert not Mention.objects.exists()


def test_a_body_without_end_and_a_way_to_another_host_are_sentences(
    page: Served, news: Callable[[], Source], now: datetime
) -> None:
    source = news()
    page.body = b"<rss>" + b" " * 5_100_000
    hear(source.pk, now)
    source.refresh_from_db()
    assert "lebih besar" in source.trouble
    page.status, page.body = 302, b""
    page.headers = {"Location": "http://169.254.169.254/latest/meta-data"}
    hear(source.pk, now + timedelta(hours=1))
    source.refresh_from_db()
    assert (source.failure, "dialihkan" in source.trouble) == ("refused", True)
    page.status, page.headers = 404, {}
    hear(source.pk, now + timedelta(hours=2))
    source.refresh_from_db()
    assert "404" in source.trouble


def test_a_feed_that_comes_a_byte_at_a_time_is_given_up() -> None:
    enough = threading.Event()

    class Dripping(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "60000")
            self.end_headers()
            while not enough.wait(0.02):
                self.wfile.write(b" ")

        def log_message(self, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Dripping)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    timer = threading.Timer(20, enough.set)
    timer.daemon = True
    timer.start()  # a reader that waits for all of it sees the end here
    try:
        with pytest.raises(ChannelError, match="terlalu lambat"):
            _fetch(f"http://127.0.0.1:{server.server_port}/rss.xml", Meter(), {}, longest=0.2)
        assert not enough.is_set()
    finally:
        enough.set()
        timer.cancel()
        server.shutdown()
        server.server_close()


def test_an_address_that_is_no_address_is_no_link() -> None:
    row = {"id": 7, "content": {"rendered": "halo"}, "link": "javascript:alert(1)"}
    (item,) = translate([row])
    assert isinstance(item, Post)
    assert item.permalink is None


def test_a_token_that_graph_repeats_in_its_refusal_is_struck_out(page: Served, settings: Any) -> None:
    settings.STAND_IN = page.base
    page.status, page.headers = 400, {"Content-Type": "application/json"}
    token = "EAABrahasia123"
    said = {"message": f"Malformed access token {token}", "type": "OAuthException", "code": 190}
    page.body = json.dumps({"error": said}).encode()
    with pytest.raises(ChannelError) as caught:
        Graph(token).get("me")
    assert (caught.value.failure, caught.value.code) == ("credentials", "190")
    assert "Malformed access token •••" in str(caught.value)
    assert "rahasia" not in "".join(traceback.format_exception(caught.value))
