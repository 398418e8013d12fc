"""X's filtered stream: posts within seconds, nothing lost between two connections, and always an end."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
import tweepy

from channels.contract import ChannelError, Page
from channels.ending import ending
from channels.http import secure
from channels.models import Account
from channels.registry import open_channel
from channels.x import HOSTS
from config.demo import table
from config.town import Town
from engine.work import due_jobs
from monitor.hear import hear
from monitor.models import Gap, GapState, Mention, Source, Spending

pytestmark = pytest.mark.django_db

WHO = table()["identity"]["x"]
QUERY = WHO["keyword_queries"][0]


@pytest.fixture
def short(settings: Any) -> None:
    """A pass of a second and a half."""
    settings.HEARING = {**settings.HEARING, "stream": {"seconds": 1.5, "silence": 20}}


@pytest.fixture
def source(accounts: dict[str, Account]) -> Source:
    return Source.objects.create(account=accounts["x"], kind="keyword", query=QUERY, via="stream")


def say(town: Town, text: str, how: str = "keyword") -> str:
    body = {"channel": "x", "how": how, "text": text, "author": "eni"}
    return str(town.post("/control/say", body)["platform_id"])


def connections(town: Town) -> int:
    return int(town.get("/control/requests")["counts"].get("x.stream", 0))


def when_connected(town: Town, what: Callable[[], object]) -> threading.Thread:
    """Do ``what`` as soon as one more connection to the stream stands."""
    before = connections(town)

    def wait() -> None:
        for _ in range(500):
            if connections(town) > before:
                what()
                return

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def rules() -> tweepy.StreamingClient:
    client = tweepy.StreamingClient(WHO["bearer_token"], return_type=dict)
    secure(client.session, HOSTS)
    return client


def listed() -> dict[str, str]:
    return {row["value"]: row.get("tag", "") for row in rules().get_rules().get("data", [])}


@pytest.mark.usefixtures("short")
def test_a_pass_catches_up_and_then_hears_what_is_said_while_it_listens(
    town: Town, source: Source, now: datetime
) -> None:
    said_before = say(town, "banjir sejak pagi")
    speaking = when_connected(town, lambda: say(town, "banjir makin tinggi"))
    heard = hear(source.pk, now)
    speaking.join()
    assert heard is not None
    assert (heard.new, heard.trouble) == (2, "")
    assert set(Mention.objects.values_list("text", flat=True)) == {"banjir sejak pagi", "banjir makin tinggi"}
    source.refresh_from_db()
    assert int(source.cursor["newest"]) > int(said_before)
    assert Spending.objects.get(source=source).cost == 2 * 5000


@pytest.mark.usefixtures("short")
def test_what_is_said_between_two_connections_is_caught_up(town: Town, source: Source, now: datetime) -> None:
    hear(source.pk, now)
    between = say(town, "sampah menumpuk")
    hear(source.pk, now + timedelta(minutes=1))
    assert Mention.objects.get().external_id == between


def test_posts_are_pages_as_they_come_and_the_cursor_never_goes_back(
    town: Town, accounts: dict[str, Account], source: Source
) -> None:
    ahead = str(int(say(town, "paling baru")) + 1000)
    pages = open_channel(accounts["x"]).hear("keyword", QUERY, "stream", {"newest": ahead})
    assert next(pages).cursor == {"newest": ahead}
    when_connected(town, lambda: say(town, "menyusul"))
    page = next(pages)
    assert [getattr(item, "text", "") for item in page.items] == ["menyusul"]
    assert page.cursor is not None
    assert int(page.cursor["newest"]) >= int(ahead)
    close(pages)


def close(pages: Iterator[Page]) -> None:
    pages.close()  # type: ignore[attr-defined]  # a generator


@pytest.mark.usefixtures("short")
def test_only_our_own_rules_are_changed_and_only_one_stays(
    town: Town, accounts: dict[str, Account], source: Source, now: datetime
) -> None:
    rules().add_rules([tweepy.StreamRule("punya orang lain", "tim riset")])
    hear(source.pk, now)
    mine = listed()[QUERY]
    assert mine.startswith("kentongan:x:keyword:")
    Source.objects.filter(pk=source.pk).update(query=WHO["hashtag_queries"][0], kind="hashtag")
    hear(source.pk, now + timedelta(minutes=1))
    assert set(listed()) == {"punya orang lain", WHO["hashtag_queries"][0]}


@pytest.mark.usefixtures("short")
def test_mentions_come_by_a_rule_with_our_name(town: Town, source: Source, now: datetime) -> None:
    Source.objects.filter(pk=source.pk).update(query="", kind="mention")
    speaking = when_connected(town, lambda: say(town, "@pemkotbekasi tolong", how="mention"))
    heard = hear(source.pk, now)
    speaking.join()
    assert heard is not None
    assert heard.new == 1
    assert Spending.objects.get(source=source).cost == 5000


def test_a_broken_connection_is_a_gap_until_the_next_pass_has_caught_up(
    town: Town, source: Source, now: datetime, settings: Any
) -> None:
    settings.HEARING = {**settings.HEARING, "stream": {"seconds": 5, "silence": 20}}
    town.post("/control/fail", {"route": "x.stream", "fault": "stream_close", "seconds": 0.1})
    broken = hear(source.pk, now)
    assert broken is not None
    assert "terputus" in broken.trouble
    assert Gap.objects.get(source=source).state == GapState.OPEN
    missed = say(town, "saat terputus")
    settings.HEARING = {**settings.HEARING, "stream": {"seconds": 0.5, "silence": 20}}
    hear(source.pk, now + timedelta(minutes=1))
    assert Mention.objects.get().external_id == missed
    assert Gap.objects.get(source=source).state == GapState.FILLED


def test_a_silent_connection_counts_as_broken(
    town: Town, source: Source, now: datetime, settings: Any
) -> None:
    # The town gives a sign of life each second.
    settings.HEARING = {**settings.HEARING, "stream": {"seconds": 5, "silence": 0.4}}
    heard = hear(source.pk, now)
    assert heard is not None
    assert "diam" in heard.trouble
    source.refresh_from_db()
    assert source.failure == "later"


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        ("rate_limited", "later"),
        ("error_503", "later"),
        ("error_500_html", "later"),
        ("token_revoked", "credentials"),
    ],
)
@pytest.mark.usefixtures("short")
def test_a_refused_connection_says_why(
    fault: str, failure: str, town: Town, source: Source, now: datetime
) -> None:
    town.post("/control/fail", {"route": "x.stream", "fault": fault})
    hear(source.pk, now)
    source.refresh_from_db()
    assert source.failure == failure
    assert source.trouble


def test_a_rule_that_x_does_not_take_is_a_sentence(town: Town, accounts: dict[str, Account]) -> None:
    with pytest.raises(ChannelError, match="InvalidRule"):
        list(open_channel(accounts["x"]).hear("keyword", "a" * 1030, "stream", {}))


def test_the_months_money_ends_a_pass_in_the_middle(
    town: Town, source: Source, now: datetime, settings: Any
) -> None:
    shares = settings.HEARING["budget"] | {"x_month": 0.0101, "shares": {"keyword": 1.0}}
    settings.HEARING = {**settings.HEARING, "budget": shares, "stream": {"seconds": 10, "silence": 20}}
    speaking = when_connected(town, lambda: [say(town, f"banjir {n}") for n in range(5)])
    heard = hear(source.pk, now)
    speaking.join()
    assert heard is not None
    assert "Anggaran" in heard.trouble
    assert Mention.objects.count() == 3


def test_a_process_that_stops_lets_go_at_once(
    town: Town, accounts: dict[str, Account], source: Source, settings: Any
) -> None:
    settings.HEARING = {**settings.HEARING, "stream": {"seconds": 60, "silence": 20}}
    pages = open_channel(accounts["x"]).hear("keyword", QUERY, "stream", {})
    next(pages)
    stopping = when_connected(town, ending.set)
    try:
        began = time.monotonic()
        with ThreadPoolExecutor(1) as pool:
            assert list(pool.submit(list, pages).result(timeout=20)) == []
        assert time.monotonic() - began < 10
    finally:
        stopping.join()
        ending.clear()
    assert not [thread for thread in threading.enumerate() if thread.name == "Tweepy Stream"]


def test_a_stream_has_a_lane_of_its_own(source: Source, now: datetime) -> None:
    lanes = {job.key: lane for job, lane in due_jobs(now) if job.kind == "hear"}
    polled = Source.objects.get(account=source.account, kind="mention")
    assert lanes[str(source.pk)] == f"stream:{source.account_id}"
    assert lanes[str(polled.pk)] == f"hear:{source.account_id}"
