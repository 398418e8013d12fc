"""What the trials and the bench of speaking found in the engine, each in its smallest form."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from channels.models import Account
from config.demo import announce
from config.town import Town
from ledger import points
from publisher.advance import advance
from publisher.deliver import deliver
from publisher.models import SETTLED, Delivery
from publisher.reconcile import send_again

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def test_a_worker_that_comes_back_after_its_lease_sends_nothing(
    town: Town, accounts: Any, people: Any, now: datetime
) -> None:
    """Between the stored intent and the call; Facebook has no key of ours that would refuse the second one."""
    pk = _facebook(announce(people, now, None))
    other = _facebook(announce(people, now, None))
    points.listen(lambda point: point == "deliver.intent_stored" and _meanwhile(pk, other, people, now))
    try:
        deliver(pk, now)
    finally:
        points.listen(None)
    reference = Delivery.objects.get(pk=pk).announcement.reference
    shown = [post for post in town.get("/control/received")["facebook"] if reference in post["text"]]
    assert len(shown) == 1
    assert Delivery.objects.get(pk=pk).state == "published"


def test_a_picture_that_is_not_ready_holds_up_no_other_post_of_its_account(
    town: Town, accounts: Any, people: Any, now: datetime
) -> None:
    first, second = (_instagram(announce(people, now, None)) for _ in range(2))
    assert deliver(first, now) == "retrying"
    assert Delivery.objects.get(pk=first).next_at == now + timedelta(seconds=5)
    assert Delivery.objects.get(pk=second).next_at == now


def _meanwhile(pk: int, other: int, people: Any, now: datetime) -> None:
    """The lease runs out, nothing is found, a person has it sent again, and then something else is said."""
    points.listen(None)
    at = now + timedelta(seconds=121)
    while Delivery.objects.get(pk=pk).state not in SETTLED:
        advance(pk, at)
        at += timedelta(minutes=5)
    send_again(Delivery.objects.get(pk=pk), people["budi"], at)
    assert advance(pk, at) == advance(other, at) == "published"


def _facebook(announcement: Any) -> int:
    """The delivery to Facebook alone, without an article to wait for."""
    Account.objects.filter(channel="website").update(enabled=False)
    made = Delivery.objects.get(announcement=announcement, account__key="facebook")
    Delivery.objects.filter(pk=made.pk).update(urgent=True)
    return made.pk


def _instagram(announcement: Any) -> int:
    made = Delivery.objects.get(announcement=announcement, account__key="instagram")
    Delivery.objects.filter(pk=made.pk).update(urgent=True)
    return made.pk
