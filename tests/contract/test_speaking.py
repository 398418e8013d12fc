"""An approved announcement appears once on each target, whatever the channel answers."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from channels.models import Account, Receipt
from config.demo import TARGETS, announce
from config.town import Town
from publisher.advance import advance
from publisher.deliver import due_deliveries
from publisher.models import SETTLED, Announcement, Attempt, Delivery, DeliveryState

pytestmark = pytest.mark.django_db

WRITES = {
    "x": "x.create",
    "facebook": "facebook.create",
    "instagram": "instagram.publish",
    "web_diskominfostandi": "web_diskominfostandi.posts_create",
    "web_pemkot": "web_pemkot.posts_create",
}
#: The channel took it, and we are not told so.
LANDED = ["commit_then_503", "commit_then_500_html", "commit_then_truncate", "commit_then_close"]
#: The channel did not take it and says so.
NOT_LANDED = {
    "x": ["rate_limited", "rate_limited_bare"],
    "facebook": ["rate_limited", "page_limit"],
    "instagram": ["rate_limited"],
    "web_diskominfostandi": [],
    "web_pemkot": [],
}


@pytest.fixture
def now() -> datetime:
    """The town's rate limits end at a real time, so the story begins now and goes on by its own clock."""
    return timezone.now()


@pytest.fixture
def announcement(town: Town, accounts: Any, people: Any, now: datetime) -> Announcement:
    return announce(people, now, None)


def go_on(now: datetime) -> None:
    """The engine's work on deliveries until all have settled, in steps of 30 seconds, then of half an hour."""
    for step in range(2000):
        for delivery, _ in due_deliveries(now):
            advance(delivery, now)
        if all(state in SETTLED for state in states().values()):
            return
        now += timedelta(seconds=30 if step < 30 else 1800)


def states() -> dict[str, str]:
    return dict(Delivery.objects.values_list("account__key", "state"))


def held(town: Town) -> dict[str, int]:
    received = town.get("/control/received")
    return {key: len(received[key]) for key in TARGETS}


ONCE = dict.fromkeys(TARGETS, 1)


def test_it_appears_once_on_all_five_with_a_receipt_and_a_link(
    announcement: Announcement, town: Town, now: datetime
) -> None:
    go_on(now)
    assert held(town) == ONCE
    announcement.refresh_from_db()
    assert announcement.state == "published"
    received = town.get("/control/received")
    for delivery in Delivery.objects.select_related("account"):
        shown = received[delivery.account.key][0]
        assert (delivery.remote_id, delivery.permalink) == (shown["id"], shown["permalink"])
        assert Receipt.objects.filter(account=delivery.account, remote_id=shown["id"]).exists()
        assert announcement.reference in shown["text"]


def test_the_preview_is_the_publication(announcement: Announcement, town: Town, now: datetime) -> None:
    go_on(now)
    received = town.get("/control/received")
    for variant in announcement.variants.select_related("account"):
        shown = received[variant.account.key][0]["text"]
        expected = variant.html if variant.account.channel == "website" else variant.text
        assert shown == expected, variant.account.key


@pytest.mark.parametrize("fault", LANDED)
@pytest.mark.parametrize("target", TARGETS)
def test_a_post_that_landed_without_an_answer_is_found_and_not_sent_again(
    target: str, fault: str, announcement: Announcement, town: Town, now: datetime
) -> None:
    town.post("/control/fail", {"route": WRITES[target], "fault": fault})
    go_on(now)
    assert held(town) == ONCE
    assert states()[target] == DeliveryState.PUBLISHED
    assert Attempt.objects.filter(delivery__account__key=target).first().outcome != ""  # type: ignore[union-attr]  # there is one


@pytest.mark.parametrize("fault", ["graph_code_2_after_commit", "graph_4_2207051_after_commit"])
@pytest.mark.parametrize("target", ["facebook", "instagram"])
def test_meta_reports_an_error_for_what_it_published(
    target: str, fault: str, announcement: Announcement, town: Town, now: datetime
) -> None:
    town.post("/control/fail", {"route": WRITES[target], "fault": fault})
    go_on(now)
    assert held(town) == ONCE
    assert set(states().values()) == {DeliveryState.PUBLISHED}


@pytest.mark.parametrize(
    ("target", "fault"), [(t, fault) for t, faults in NOT_LANDED.items() for fault in faults]
)
def test_a_busy_channel_is_tried_again_later(
    target: str, fault: str, announcement: Announcement, town: Town, now: datetime
) -> None:
    town.post("/control/fail", {"route": WRITES[target], "fault": fault})
    go_on(now)
    assert held(town) == ONCE


@pytest.mark.parametrize("target", TARGETS)
def test_a_revoked_token_stops_that_account_only_and_a_person_can_go_on(
    target: str, announcement: Announcement, town: Town, people: Any, now: datetime
) -> None:
    from publisher.reconcile import send_again

    town.post("/control/fail", {"route": WRITES[target], "fault": "token_revoked"})
    go_on(now)
    # Facebook links to the article of the first website: without the article it waits, and then a person decides.
    missing = {target, "facebook"} if target == "web_diskominfostandi" else {target}
    assert held(town) == {key: int(key not in missing) for key in ONCE}
    assert {key for key, state in states().items() if state == DeliveryState.NEEDS_PERSON} == missing
    assert Account.objects.get(key=target).trouble
    announcement.refresh_from_db()
    assert announcement.state == "partly_published"
    later = now + timedelta(days=1)
    for key in missing:
        send_again(Delivery.objects.get(account__key=key), people["budi"], later)
    go_on(later)
    assert held(town) == ONCE
    announcement.refresh_from_db()
    assert announcement.state == "published"


@pytest.mark.parametrize("fault", ["slow_container", "container_error", "container_expired"])
def test_instagram_containers_that_are_slow_or_fail_still_end_in_one_post(
    fault: str, announcement: Announcement, town: Town, now: datetime
) -> None:
    town.post("/control/fail", {"route": "instagram.container_status", "fault": fault, "seconds": 0.2})
    go_on(now)
    assert held(town) == ONCE


def test_what_stays_unclear_on_facebook_goes_to_a_person(
    announcement: Announcement, town: Town, now: datetime
) -> None:
    # The answer says 503 and nothing landed: Facebook has no key of ours, so nobody can know.
    town.post("/control/fail", {"route": "facebook.create", "fault": "error_503"})
    go_on(now)
    assert states()["facebook"] == DeliveryState.NEEDS_PERSON
    assert held(town) == {**ONCE, "facebook": 0}


@pytest.mark.parametrize("target", ["x", "web_pemkot", "instagram"])
def test_where_a_twin_is_impossible_an_unclear_send_is_repeated(
    target: str, announcement: Announcement, town: Town, now: datetime
) -> None:
    town.post("/control/fail", {"route": WRITES[target], "fault": "error_503"})
    go_on(now)
    assert held(town) == ONCE


def test_a_worker_that_lost_its_lease_writes_no_receipt(
    announcement: Announcement, town: Town, now: datetime
) -> None:
    from channels.contract import Sent
    from publisher.deliver import received

    delivery = Delivery.objects.get(account__key="x")
    advance(delivery.pk, now)
    delivery.refresh_from_db()
    assert not received(delivery, delivery.fence - 1, Sent("999", ""), now)
    delivery.refresh_from_db()
    assert delivery.remote_id != "999"


def test_two_workers_with_one_delivery_send_once(
    announcement: Announcement, town: Town, now: datetime
) -> None:
    from publisher.deliver import deliver

    pk = Delivery.objects.get(account__key="x").pk
    assert deliver(pk, now) == DeliveryState.PUBLISHED
    assert deliver(pk, now) is None
    assert held(town)["x"] == 1


def test_without_a_website_instagram_says_that_it_needs_one(
    town: Town, accounts: Any, people: Any, now: datetime
) -> None:
    made = announce(people, now, None)
    Account.objects.filter(channel="website").update(enabled=False)
    advance(Delivery.objects.get(announcement=made, account__key="instagram").pk, now)
    delivery = Delivery.objects.get(account__key="instagram")
    assert delivery.state == DeliveryState.REFUSED
    assert "situs web" in delivery.trouble


def test_the_feed_is_written_without_any_server(
    accounts: Any, people: Any, now: datetime, settings: Any, tmp_path: Any
) -> None:
    from publisher.approval import approve
    from publisher.newsroom import draft, submit

    settings.KENTONGAN_HOME = tmp_path
    fields = {"headline": "Air mati & hidup lagi", "body": "Pukul 10 <b>besok</b>."}
    made = submit(
        draft("service_notice", fields, people["sari"], now, [accounts["feed"]]), people["sari"], now
    )
    approve(made, people["budi"], now, version=made.version)
    go_on(now)
    folder = tmp_path / "public" / "feed"
    assert "Air mati &amp; hidup lagi" in (folder / "index.html").read_text("utf-8")
    atom = (folder / "feed.xml").read_text("utf-8")
    assert atom.count("<entry>") == 1
    assert "&amp;lt;b&amp;gt;" in atom
