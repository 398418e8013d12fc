"""How what was said was received: read with growing gaps, and never called zero when it is not known."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone

from channels.contract import Numbers
from config.town import Town
from publisher.models import Delivery, DeliveryState, Result
from publisher.results import due_results, read_results, summary, total
from tests.unit.spoken import announcement, delivery, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    """The town lives at the real time."""
    return timezone.now()


def plan(row: Delivery, at: datetime) -> Result:
    return Result.objects.create(delivery=row, next_at=at)


class TestReading:
    def test_likes_and_shares_come_as_the_platform_tells_them(
        self, town: Town, accounts: Any, people: Any, now: datetime
    ) -> None:
        row = said(announcement(people, now), accounts["x"], now)
        plan(row, now)
        town.post("/control/numbers", {"channel": "x", "id": row.remote_id, "likes": 12, "shares": 3})
        assert read_results(row.pk, now)
        told = Result.objects.get()
        assert (told.likes, told.shares, told.reach, told.trouble) == (12, 3, None, "")
        assert told.read_at == now

    def test_a_website_tells_comments_alone_and_the_rest_stays_unknown(
        self, town: Town, accounts: Any, people: Any, now: datetime
    ) -> None:
        row = said(announcement(people, now), accounts["web_pemkot"], now)
        plan(row, now)
        assert read_results(row.pk, now)
        told = Result.objects.get()
        assert (told.likes, told.shares, told.reach) == (None, None, None)

    def test_the_gaps_grow_from_minutes_to_a_day_and_end_after_thirty(
        self, town: Town, accounts: Any, people: Any, now: datetime
    ) -> None:
        row = said(announcement(people, now), accounts["x"], now)
        plan(row, now + timedelta(minutes=10))
        moments = []
        while (at := Result.objects.get().next_at) is not None and len(moments) < 60:
            moments.append(at)
            assert due_results(at - timedelta(seconds=1)) == []
            assert due_results(at) == [(row.pk, row.account_id)]
            assert read_results(row.pk, at)
        ages = [round((at - now) / timedelta(minutes=1)) for at in moments]
        assert ages[:7] == [10, 30, 60, 180, 360, 720, 1440]
        assert {later - earlier for earlier, later in pairwise(ages[6:])} == {1440}
        assert ages[-1] == 30 * 1440

    def test_a_failure_is_told_and_asked_again_later(
        self, town: Town, accounts: Any, people: Any, now: datetime
    ) -> None:
        row = said(announcement(people, now), accounts["x"], now)
        plan(row, now)
        town.post("/control/fail", {"route": "x.lookup", "fault": "rate_limited"})
        assert not read_results(row.pk, now)
        told = Result.objects.get()
        assert told.trouble
        assert told.read_at is None
        assert told.next_at is not None
        assert told.next_at > now
        assert read_results(row.pk, told.next_at)
        assert Result.objects.get().trouble == ""

    def test_what_is_not_told_any_more_keeps_what_was_told_last(
        self, town: Town, accounts: Any, people: Any, now: datetime
    ) -> None:
        row = said(announcement(people, now), accounts["web_pemkot"], now)
        Result.objects.create(delivery=row, next_at=now, likes=7)
        read_results(row.pk, now)
        assert Result.objects.get().likes == 7

    def test_two_readers_ask_once(self, town: Town, accounts: Any, people: Any, now: datetime) -> None:
        row = said(announcement(people, now), accounts["x"], now)
        plan(row, now)
        assert [read_results(row.pk, now), read_results(row.pk, now)] == [True, False]

    def test_what_was_withdrawn_is_not_asked_about(self, accounts: Any, people: Any, now: datetime) -> None:
        row = delivery(announcement(people, now), accounts["x"], now, state=DeliveryState.RETRACTED)
        plan(row, now)
        assert not read_results(row.pk, now)
        assert Result.objects.get().next_at is None


class TestSums:
    def test_the_unknown_is_not_zero(self) -> None:
        assert total([Numbers(likes=3), Numbers(comments=0)]) == Numbers(likes=3, comments=0)

    def test_a_sum_with_a_missing_channel_says_that_it_is_at_least_that(
        self, accounts: Any, people: Any, now: datetime
    ) -> None:
        made = announcement(people, now)
        Result.objects.create(delivery=delivery(made, accounts["x"], now), likes=3, comments=1)
        Result.objects.create(delivery=delivery(made, accounts["web_pemkot"], now), comments=2)
        found = summary(made)
        assert found is not None
        assert found.total == Numbers(likes=3, comments=3)
        assert found.partly == {"likes", "shares", "reach"}
        assert [line.delivery.account.key for line in found.lines] == ["x", "web_pemkot"]

    def test_before_anything_appeared_there_is_nothing_to_show(self, people: Any, now: datetime) -> None:
        assert summary(announcement(people, now)) is None
