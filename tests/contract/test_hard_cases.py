"""Cases that were once wrong, or nearly: each found by a reader who tried to break the promise."""

import json
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import tweepy
import urllib3
from django.utils import timezone

from channels import x as x_channel
from channels.contract import Failure, Post
from channels.graph import failure
from channels.http import from_network
from channels.models import Account
from channels.receipts import said_by_us
from channels.watermark import Threads, until_watermark
from config.demo import announce
from config.town import Town
from publisher.advance import advance
from publisher.article import ARTICLE, GO
from publisher.deliver import due_deliveries
from publisher.models import SETTLED, Attempt, Delivery, DeliveryState, Variant
from publisher.reconcile import send_again

# What an answer means does not depend on the database: once is enough.
pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def single(town: Town, accounts: Any, people: Any, now: datetime) -> Any:
    """One approved announcement, for one account only."""

    def make(key: str) -> Delivery:
        made = announce(people, now, None)
        others = Delivery.objects.filter(announcement=made).exclude(account__key=key)
        others.update(next_at=None, state=DeliveryState.CANCELLED)
        Delivery.objects.filter(announcement=made, account__key=key).update(
            memo={ARTICLE: GO}
        )  # no article comes
        return Delivery.objects.get(announcement=made, account__key=key)

    return make


def go_on(delivery: Delivery, now: datetime, step: float = 30, most: int = 400) -> datetime:
    for _ in range(most):
        for pk, _account in due_deliveries(now):
            advance(pk, now)
        delivery.refresh_from_db()
        if delivery.state in SETTLED:
            break
        now += timedelta(seconds=step)
    return now


# --- speaking


def test_a_disabled_account_publishes_nothing_more(single: Any, town: Town, now: datetime) -> None:
    delivery = single("x")
    Account.objects.filter(key="x").update(enabled=False)
    go_on(delivery, now, most=5)
    assert delivery.state == DeliveryState.PLANNED
    assert advance(delivery.pk, now) is None
    assert town.get("/control/received")["x"] == []


def test_wording_changed_behind_the_approval_is_not_sent(single: Any, town: Town, now: datetime) -> None:
    delivery = single("x")
    Variant.objects.filter(account__key="x").update(text="diubah setelah disetujui")
    go_on(delivery, now)
    assert delivery.state == DeliveryState.NEEDS_PERSON
    assert town.get("/control/received")["x"] == []


def test_when_looking_is_refused_a_person_is_asked(single: Any, town: Town, now: datetime) -> None:
    delivery = single("facebook")
    town.post("/control/fail", {"route": "facebook.create", "fault": "commit_then_503"})
    advance(delivery.pk, now)
    account = Account.objects.get(key="facebook")
    account.keep_secrets({"access_token": "dicabut"})
    account.save()
    go_on(delivery, now, step=900)
    assert delivery.state == DeliveryState.NEEDS_PERSON
    account.refresh_from_db()
    assert account.trouble


def test_when_looking_fails_for_a_day_a_person_is_asked(single: Any, town: Town, now: datetime) -> None:
    delivery = single("facebook")
    town.post("/control/fail", {"route": "facebook.create", "fault": "commit_then_503"})
    town.post("/control/fail", {"route": "facebook.published_posts", "fault": "error_503", "times": 10_000})
    ended = go_on(delivery, now, step=3600)
    assert delivery.state == DeliveryState.NEEDS_PERSON
    assert ended - now < timedelta(days=2)


def test_a_picture_that_always_fails_makes_few_containers(single: Any, town: Town, now: datetime) -> None:
    delivery = single("instagram")
    town.post(
        "/control/fail", {"route": "instagram.container_status", "fault": "container_error", "times": 10_000}
    )
    go_on(delivery, now, step=5, most=2000)
    assert delivery.state == DeliveryState.REFUSED
    assert delivery.memo["containers"] <= 5
    town.post("/control/reset", {})


def test_a_refused_delivery_can_be_sent_again_by_a_person_with_new_patience(
    single: Any, town: Town, people: Any, now: datetime
) -> None:
    delivery = single("x")
    Delivery.objects.filter(pk=delivery.pk).update(state=DeliveryState.REFUSED, next_at=None)
    later = now + timedelta(days=2)
    send_again(delivery, people["budi"], later)
    town.post("/control/fail", {"route": "x.create", "fault": "rate_limited_bare"})
    advance(delivery.pk, later)
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.RETRYING


def test_the_earliest_attempt_is_remembered_so_that_what_it_left_is_found(
    single: Any, town: Town, now: datetime
) -> None:
    delivery = single("x")
    town.post("/control/fail", {"route": "x.create", "fault": "rate_limited_bare"})
    advance(delivery.pk, now)
    first = Delivery.objects.get(pk=delivery.pk).memo["started_at"]
    go_on(delivery, now + timedelta(hours=1))
    assert delivery.memo["started_at"] == first
    assert Attempt.objects.filter(delivery=delivery).count() == 2


def test_our_instagram_post_is_known_by_the_shortcode_under_which_it_is_heard(
    single: Any, town: Town, now: datetime
) -> None:
    delivery = single("instagram")
    go_on(delivery, now, step=5)
    code = delivery.permalink.rstrip("/").split("/")[-1]
    assert said_by_us("instagram", [code, "lain"]) == {code}


def test_a_bare_domain_is_found_as_the_link_that_x_makes_of_it() -> None:
    shown = "Cek https://t.co/abcdefghij sekarang"
    row = {
        "text": shown,
        "entities": {"urls": [{"url": "https://t.co/abcdefghij", "expanded_url": "http://lapor.go.id/"}]},
    }
    assert x_channel._plain(x_channel._expanded(row)) == x_channel._plain("Cek lapor.go.id sekarang")


# --- failures


def test_a_name_that_does_not_resolve_was_never_sent() -> None:
    pool = urllib3.HTTPSConnectionPool("graph.facebook.com")
    reason = urllib3.exceptions.NameResolutionError(
        "graph.facebook.com", urllib3.connection.HTTPSConnection("graph.facebook.com"), socket.gaierror(-3)
    )
    error = requests.ConnectionError(urllib3.exceptions.MaxRetryError(pool, "/", reason))
    assert from_network(error, writing=True).failure == Failure.LATER


@pytest.mark.parametrize(
    ("error", "writing", "expected"),
    [
        ({"code": 100, "error_subcode": 33}, False, Failure.LATER),
        ({"code": 100, "error_subcode": 33}, True, Failure.UNKNOWN),
        ({"code": -1, "error_subcode": 2207001}, True, Failure.UNKNOWN),
        ({"code": 9004, "error_subcode": 2207052}, False, Failure.LATER),
        ({"code": 999, "is_transient": True}, True, Failure.UNKNOWN),
        ({"code": 4, "error_subcode": 2207051}, True, Failure.UNKNOWN),
        ({"code": 4}, True, Failure.LATER),
        ({"code": 32}, False, Failure.LATER),
        ({"code": 190, "error_subcode": 463}, True, Failure.CREDENTIALS),
        ({"code": 10}, False, Failure.CREDENTIALS),
        ({"code": 200}, True, Failure.CREDENTIALS),
        ({"code": 36003, "error_subcode": 2207009}, True, Failure.REFUSED),
        ({}, True, Failure.UNKNOWN),
    ],
)
def test_what_a_graph_error_means(error: dict[str, Any], writing: bool, expected: Failure) -> None:
    assert failure({"error": {"message": "x", **error}}, writing=writing).failure == expected


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (402, {"title": "CreditsDepleted", "detail": "…"}, Failure.CREDENTIALS),
        (403, {"title": "Client Forbidden", "reason": "client-not-enrolled"}, Failure.CREDENTIALS),
        (
            403,
            {"detail": "Your client app is not configured with the appropriate oauth1 app permissions."},
            Failure.CREDENTIALS,
        ),
        (403, {"detail": "You are not allowed to create a Tweet with duplicate content."}, Failure.UNKNOWN),
        (403, {"detail": "You are not permitted to perform this action."}, Failure.REFUSED),
        (401, {"title": "Unauthorized"}, Failure.CREDENTIALS),
        (400, {"title": "Invalid Request"}, Failure.REFUSED),
        (429, {"title": "Too Many Requests"}, Failure.LATER),
        (503, {}, Failure.UNKNOWN),
    ],
)
def test_what_an_x_error_means(status: int, body: dict[str, Any], expected: Failure) -> None:
    response = requests.Response()
    response.status_code, response._content = status, json.dumps(body).encode()
    assert x_channel.failure(tweepy.HTTPException(response), writing=True).failure == expected


# --- hearing


def test_a_since_id_older_than_search_knows_is_not_sent() -> None:
    flake = lambda at: str((int(at.timestamp() * 1000) - 1288834974657) << 22)  # noqa: E731 - one line
    assert x_channel._searchable(flake(datetime.now(UTC) - timedelta(days=6)))
    assert not x_channel._searchable(flake(datetime.now(UTC) - timedelta(days=8)))


def test_a_post_from_the_future_does_not_hide_those_of_today() -> None:
    ahead = Post("f", "x", created_at=datetime.now(UTC) + timedelta(days=400))
    (page,) = until_watermark([[ahead]], {})
    assert page.cursor is not None
    old = [
        [Post(f"{k}{i}", "t", created_at=datetime.now(UTC) - timedelta(minutes=k)) for i in "ab"]
        for k in range(3)
    ]
    heard = [item for page in until_watermark(iter(old), page.cursor) for item in page.items]
    assert len(heard) == 6


def test_a_time_at_the_edge_of_the_calendar_breaks_nothing() -> None:
    early = Post("e", "x", created_at=datetime(1, 1, 1, tzinfo=UTC))
    (page,) = until_watermark([[early]], {"newest": "0001-01-01T00:00:00+00:00"})
    assert page.items == (early,)


def test_a_first_pass_that_died_does_not_make_old_threads_too_old() -> None:
    threads = Threads({})
    for _thread, _mark, read in threads.to_read({"a": 1, "b": 1}):
        halfway = read({"newest": None})
        break
    assert not Threads(halfway).whole
    assert Threads(threads.done()).whole


def test_a_thread_that_gave_fewer_than_it_declares_is_read_again_for_some_passes() -> None:
    cursor: dict[str, Any] = {}
    passes = 0
    for _ in range(10):
        threads = Threads(cursor)
        for _thread, _mark, read in threads.to_read({"p": 5}):
            read({"newest": "2026-01-01T00:00:00+00:00", "received": 3})
            passes += 1
        cursor = threads.done()
    assert passes == 4


def test_one_comment_gone_and_one_come_is_heard_within_some_passes() -> None:
    newest = datetime.now(UTC).isoformat()
    cursor: dict[str, Any] = {"threads": {"p": {"count": 5, "newest": newest}}, "whole": True, "round": 0}
    read = []
    for _ in range(6):
        threads = Threads(cursor)
        read += [thread for thread, _, _ in threads.to_read({"p": 5})]
        cursor = threads.done()
    assert read == ["p"]


def test_threads_that_are_no_longer_listed_do_not_make_the_cursor_grow() -> None:
    cursor: dict[str, Any] = {}
    for week in range(50):
        threads = Threads(cursor)
        for _thread, _mark, read in threads.to_read({f"p{week}": 1, f"p{week + 1}": 1}):
            read({"newest": None, "received": 1})
        cursor = threads.done()
    assert set(cursor["threads"]) == {"p49", "p50"}
