"""What waits on an account that somebody switched off: a person is asked, and nothing goes out by itself later."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from channels.models import Account
from publisher.deliver import due_deliveries
from publisher.models import Act, DeliveryState
from publisher.stranded import GRACE, strand
from tests.unit.spoken import announcement, delivery

pytestmark = pytest.mark.django_db
LATER = GRACE + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("state", "act", "word"),
    [
        (DeliveryState.UNKNOWN, Act.PUBLISH, "Lihat salurannya"),
        (DeliveryState.SENDING, Act.RETRACT, "Lihat salurannya"),
        (DeliveryState.RETRYING, Act.CORRECT, "Nyalakan"),
        (DeliveryState.PLANNED, Act.PUBLISH, "Nyalakan"),
    ],
)
def test_whatever_is_due_on_a_dead_account_is_asked_about(
    accounts: dict[str, Any], people: dict[str, Any], now: datetime, state: str, act: str, word: str
) -> None:
    row = delivery(announcement(people, now), accounts["x"], now, state=state, act=act, next_at=now)
    Account.objects.filter(key="x").update(enabled=False)
    assert strand(now + LATER) == 1
    row.refresh_from_db()
    assert (row.state, row.next_at) == (DeliveryState.NEEDS_PERSON, None)
    assert word in row.trouble
    Account.objects.filter(key="x").update(enabled=True)
    assert due_deliveries(now + LATER) == []
    assert strand(now + LATER) == 0


def test_a_short_pause_of_an_account_and_what_is_not_due_ask_nobody(
    accounts: dict[str, Any], people: dict[str, Any], now: datetime
) -> None:
    made = announcement(people, now)
    delivery(made, accounts["x"], now, state=DeliveryState.UNKNOWN, next_at=now)
    delivery(made, accounts["facebook"], now, state=DeliveryState.PLANNED, next_at=now + timedelta(days=1))
    assert strand(now + LATER) == 0  # both accounts are alive
    Account.objects.all().update(enabled=False)
    assert strand(now + GRACE / 2) == 0
    assert strand(now + LATER) == 1
