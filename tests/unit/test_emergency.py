"""The roster of those on duty, and the proof of where an emergency stands."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from channels.models import Account
from config.town import Town
from ledger.models import Event, Person
from ledger.roles import Role, give
from publisher import emergency
from publisher.approval import able_on_duty, approve
from publisher.deliver import deliver, due_deliveries
from publisher.kinds import kind_named
from publisher.models import Announcement, Delivery, DeliveryState, Duty
from publisher.newsroom import draft, submit
from publisher.rules import Refused

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def rina(people: dict[str, Any]) -> Person:
    return people["rina"]


class TestTheRoster:
    def test_on_duty_is_whose_turn_holds_now(self, people: Any, rina: Person, now: datetime) -> None:
        budi = people["budi"]
        emergency.put_on_duty(budi, now, now + HOUR, rina, now)
        emergency.put_on_duty(budi, now, now + 2 * HOUR, rina, now)
        emergency.put_on_duty(rina, now + HOUR, now + 2 * HOUR, rina, now)
        assert emergency.on_duty(now) == [budi]
        assert emergency.on_duty(now + HOUR) == [budi, rina]
        assert emergency.on_duty(now + 2 * HOUR) == []

    def test_only_approvers_whose_office_holds_count(self, people: Any, rina: Person, now: datetime) -> None:
        for one in (people["budi"], people["sari"]):
            emergency.put_on_duty(one, now, now + HOUR, rina, now)
        assert able_on_duty(now) == [people["budi"]]

    @pytest.mark.parametrize(("starts", "ends"), [(1, 1), (2, 1), (-3, -2), (0, 24 * 32)])
    def test_a_turn_that_cannot_be_is_refused_at_its_end(
        self, rina: Person, now: datetime, starts: int, ends: int
    ) -> None:
        with pytest.raises(Refused) as refused:
            emergency.put_on_duty(rina, now + starts * HOUR, now + ends * HOUR, rina, now)
        assert "ends_at" in refused.value.by_field

    def test_a_running_turn_ends_and_a_coming_one_goes_away(
        self, people: Any, rina: Person, now: datetime
    ) -> None:
        running = emergency.put_on_duty(rina, now - HOUR, now + HOUR, rina, now)
        coming = emergency.put_on_duty(rina, now + HOUR, now + 2 * HOUR, rina, now)
        with pytest.raises(Refused):
            emergency.take_off_duty(running, people["budi"], now)
        emergency.take_off_duty(running, rina, now)
        emergency.take_off_duty(coming, rina, now)
        assert [turn.ends_at for turn in Duty.objects.all()] == [now]
        assert Event.objects.filter(kind="duty.ended").count() == 2


class TestTheBoard:
    @pytest.fixture
    def out(self, town: Town, accounts: dict[str, Account], people: Any, now: datetime) -> Announcement:
        """An emergency on X, Facebook and the feed, approved twice and not yet sent."""
        sari, targets = people["sari"], [accounts[key] for key in ("x", "facebook", "feed")]
        fields = {one.name: one.example for one in kind_named("emergency").fields}
        give(people["rina"], Role.APPROVER)
        made = submit(draft("emergency", fields, sari, now, targets), sari, now)
        approve(made, people["budi"], now, version=1)
        return approve(made, people["rina"], now + timedelta(seconds=5), version=1)

    def test_seconds_run_from_the_second_approval(self, out: Announcement, now: datetime) -> None:
        board = emergency.board(out, now + timedelta(seconds=35))
        assert [line.seconds for line in board.lines] == [30.0, 30.0, 30.0]
        assert (board.done, board.running, board.slowest) == (0, True, None)
        assert not any(line.late for line in board.lines)
        assert all(line.late for line in emergency.board(out, now + timedelta(seconds=66)).lines)

    def test_each_channel_has_its_proof(self, out: Announcement, now: datetime) -> None:
        at = now + timedelta(seconds=12)
        for key, _account in due_deliveries(at):
            deliver(key, at)
        board = emergency.board(out, now + timedelta(hours=3))
        assert (board.done, board.running, board.slowest) == (3, False, 7.0)
        for line in board.lines:
            assert line.done
            assert line.delivery.permalink
            assert (line.attempts, line.outcome) == (1, "published")
            assert line.proof is not None

    def test_what_failed_says_so_and_what_waits_for_a_person_no_longer_runs(
        self, town: Town, out: Announcement, now: datetime
    ) -> None:
        Delivery.objects.filter(announcement=out).update(state=DeliveryState.REFUSED, next_at=None)
        board = emergency.board(out, now + timedelta(minutes=5))
        assert (board.done, board.running) == (0, False)

    def test_it_asks_three_questions_however_many_accounts(
        self, out: Announcement, now: datetime, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(3):
            emergency.board(out, now)

    def test_the_recent_ones_come_first(self, out: Announcement) -> None:
        assert emergency.recent() == [out]
