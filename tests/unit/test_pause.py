"""What must not go out now does not; and when a pause is over nothing floods, but each item is asked about."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from channels.models import Account
from config.town import Town
from ledger.models import Event, Person
from ledger.roles import Role, give
from ledger.wake import set_hook
from publisher import held, pause
from publisher.approval import approve
from publisher.deliver import deliver, due_deliveries
from publisher.kinds import kind_named
from publisher.models import Act, Announcement, Delivery, DeliveryState, Pause
from publisher.newsroom import draft, submit
from publisher.rules import Refused

pytestmark = pytest.mark.django_db

JATIASIH, RAWALUMBU = "32.75.09", "32.75.08"


def example(kind: str) -> dict[str, str]:
    return {one.name: one.example for one in kind_named(kind).fields}


@pytest.fixture
def budi(people: dict[str, Any]) -> Person:
    return people["budi"]


@pytest.fixture
def sari(people: dict[str, Any]) -> Person:
    return people["sari"]


@pytest.fixture
def planned(accounts: dict[str, Account], people: dict[str, Any], now: datetime) -> Any:
    """Makes an approved announcement due now, and gives its delivery on X."""

    def make(kind: str = "event", keys: tuple[str, ...] = ("x",), **more: Any) -> Delivery:
        sari, budi = people["sari"], people["budi"]
        give(people["rina"], Role.APPROVER)
        targets = [accounts[key] for key in keys]
        made = submit(draft(kind, example(kind), sari, now, targets, more), sari, now)
        made = approve(made, budi, now, version=1)
        if made.urgent:
            made = approve(made, people["rina"], now, version=1)
        assert made.state == "scheduled"
        return Delivery.objects.select_related("announcement").get(announcement=made, account__key=keys[0])

    return make


def begun(person: Person, now: datetime, **values: Any) -> Pause:
    return pause.start(person, now, "Masa berkabung nasional", "Sekretaris Daerah", **values)


class TestWhatItHolds:
    @pytest.mark.parametrize(
        ("values", "kind", "held_"),
        [
            ({}, "event", True),
            ({}, "service_notice", True),
            ({}, "emergency", False),
            ({"classes": ["event"]}, "event", True),
            ({"classes": ["greeting"]}, "event", False),
            ({"classes": ["emergency"]}, "emergency", True),
            ({"classes": ["emergency"]}, "event", False),
            ({"mourning": True}, "event", True),
            ({"mourning": True}, "holiday_greeting", True),
            ({"mourning": True}, "service_notice", False),
            ({"mourning": True}, "emergency", False),
        ],
    )
    def test_by_class(
        self, planned: Any, budi: Person, now: datetime, values: Any, kind: str, held_: bool
    ) -> None:
        delivery = planned(kind)
        begun(budi, now, **values)
        assert (pause.holds(delivery, now) is not None) == held_

    @pytest.mark.parametrize(
        ("about", "held_"),
        [([JATIASIH], True), ([RAWALUMBU], False), ([RAWALUMBU, JATIASIH], True), ([], False)],
    )
    def test_by_kecamatan(
        self, planned: Any, budi: Person, now: datetime, about: list[str], held_: bool
    ) -> None:
        delivery = planned(kecamatan=about)
        begun(budi, now, kecamatan=[JATIASIH])
        assert (pause.holds(delivery, now) is not None) == held_

    @pytest.mark.parametrize("kind", ["event", "emergency"])
    def test_an_account_that_is_named_holds_everything_of_its_own_and_nothing_of_others(
        self, planned: Any, accounts: Any, budi: Person, now: datetime, kind: str
    ) -> None:
        on_x = planned(kind, ("x", "facebook"))
        on_facebook = Delivery.objects.get(announcement=on_x.announcement, account=accounts["facebook"])
        begun(budi, now, accounts=[accounts["x"]])
        assert pause.holds(on_x, now) is not None
        assert pause.holds(on_facebook, now) is None

    def test_every_scope_that_is_given_must_fit(
        self, planned: Any, accounts: Any, budi: Person, now: datetime
    ) -> None:
        delivery = planned(kecamatan=[JATIASIH])
        scopes = {"classes": ["event"], "kecamatan": [JATIASIH], "accounts": [accounts["x"]]}
        begun(budi, now, **{**scopes, "classes": ["greeting"]})
        begun(budi, now, **{**scopes, "kecamatan": [RAWALUMBU]})
        begun(budi, now, **{**scopes, "accounts": [accounts["facebook"]]})
        assert pause.holds(delivery, now) is None
        fits = begun(budi, now, **scopes)
        assert pause.holds(delivery, now) == fits

    def test_an_account_named_together_with_other_classes_does_not_hold_an_emergency(
        self, planned: Any, accounts: Any, budi: Person, now: datetime
    ) -> None:
        delivery = planned("emergency")
        begun(budi, now, classes=["event"], accounts=[accounts["x"]])
        assert pause.holds(delivery, now) is None

    def test_a_withdrawal_is_never_held(self, planned: Any, budi: Person, now: datetime) -> None:
        delivery = planned()
        begun(budi, now)
        delivery.act = Act.RETRACT
        assert pause.holds(delivery, now) is None

    def test_it_holds_from_its_beginning_to_its_planned_end(
        self, planned: Any, budi: Person, now: datetime
    ) -> None:
        delivery = planned()
        begun(budi, now, ends_at=now + timedelta(hours=1))
        assert pause.holds(delivery, now - timedelta(seconds=1)) is None
        assert pause.holds(delivery, now) is not None
        assert pause.holds(delivery, now + timedelta(hours=1)) is None

    def test_the_question_costs_one_query(
        self, planned: Any, accounts: Any, budi: Person, now: datetime, django_assert_num_queries: Any
    ) -> None:
        delivery = planned()
        for _ in range(5):
            begun(budi, now, classes=["greeting"], accounts=[accounts["x"], accounts["facebook"]])
        with django_assert_num_queries(1):
            assert pause.holds(delivery, now) is None


class TestBeginningAndEnding:
    def test_without_reason_or_official_it_does_not_begin(self, budi: Person, now: datetime) -> None:
        with pytest.raises(Refused) as refused:
            pause.start(budi, now, " ", "", ["rahasia"], ["99"], ends_at=now)
        assert set(refused.value.by_field) == {"reason", "official", "classes", "kecamatan", "ends_at"}

    def test_sari_neither_begins_nor_ends_one(self, sari: Person, budi: Person, now: datetime) -> None:
        with pytest.raises(Refused):
            begun(sari, now)
        with pytest.raises(Refused):
            pause.end(begun(budi, now), sari, now)

    def test_mourning_takes_no_other_scope(self, accounts: Any, budi: Person, now: datetime) -> None:
        made = begun(budi, now, mourning=True, classes=["service"], accounts=[accounts["x"]])
        assert made.content_classes == ["greeting", "event"]
        assert not made.accounts.exists()

    def test_one_ends_once_and_both_ends_are_recorded(self, budi: Person, now: datetime) -> None:
        first, second = begun(budi, now), begun(budi, now, ends_at=now + timedelta(hours=1))
        pause.end(first, budi, now)
        with pytest.raises(Refused, match="sudah berakhir"):
            pause.end(first, budi, now)
        assert pause.note_ends(now) == 0
        assert pause.note_ends(now + timedelta(hours=2)) == 1
        assert pause.note_ends(now + timedelta(hours=3)) == 0
        second.refresh_from_db()
        assert second.ended_at == now + timedelta(hours=1)
        assert Event.objects.filter(kind="pause.ended").count() == 2


@pytest.fixture
def woken() -> Any:
    calls: list[tuple[str, str]] = []
    set_hook(lambda kind, key: calls.append((kind, key)))
    yield calls
    set_hook(None)


class TestAfterwards:
    @pytest.fixture
    def kept(self, town: Town, planned: Any, budi: Person, now: datetime) -> Delivery:
        """A delivery that came due during a pause, and was claimed."""
        delivery = planned()
        begun(budi, now, ends_at=now + timedelta(hours=1))
        assert deliver(delivery.pk, now) == DeliveryState.PLANNED
        return self.fresh(delivery)

    @staticmethod
    def fresh(delivery: Delivery) -> Delivery:
        return Delivery.objects.select_related("announcement", "account", "pause").get(pk=delivery.pk)

    def test_the_claim_holds_it_and_it_never_goes_out_by_itself(
        self, town: Town, kept: Delivery, budi: Person, now: datetime
    ) -> None:
        assert (kept.state, kept.next_at, kept.attempts) == (DeliveryState.PLANNED, None, 0)
        assert kept.pause is not None
        assert kept.held
        later = now + timedelta(days=9)
        assert due_deliveries(later) == []
        assert deliver(kept.pk, later) is None
        assert not list(held.open_questions(now))
        assert list(held.open_questions(later)) == [kept]
        assert [question.open for question in held.questions(now)] == [False]
        assert [question.open for question in held.questions(later)] == [True]

    def test_send_now_goes_out_and_wakes_the_engine(
        self, town: Town, kept: Delivery, sari: Person, now: datetime, woken: Any
    ) -> None:
        later = now + timedelta(hours=2)
        held.release(kept, sari, later, "now")
        assert ("deliver", str(kept.pk)) in woken
        assert deliver(kept.pk, later) == DeliveryState.PUBLISHED
        assert list(held.held()) == []

    def test_reschedule_waits_for_its_time(
        self, town: Town, kept: Delivery, sari: Person, now: datetime
    ) -> None:
        later, then = now + timedelta(hours=2), now + timedelta(hours=5)
        for wrong in (None, later):
            with pytest.raises(Refused) as refused:
                held.release(kept, sari, later, "later", at=wrong)
            assert "at" in refused.value.by_field
        held.release(kept, sari, later, "later", at=then)
        assert deliver(kept.pk, then - timedelta(seconds=1)) is None
        assert deliver(kept.pk, then) == DeliveryState.PUBLISHED

    def test_cancel_ends_it_and_an_announcement_of_which_nothing_is_left(
        self, kept: Delivery, sari: Person, now: datetime
    ) -> None:
        held.release(kept, sari, now + timedelta(hours=2), "cancel")
        kept.refresh_from_db()
        assert (kept.state, kept.pause, kept.held) == (DeliveryState.CANCELLED, None, "")
        assert Announcement.objects.get().state == "cancelled"

    def test_an_answer_is_given_once(self, kept: Delivery, sari: Person, now: datetime) -> None:
        later = now + timedelta(hours=2)
        held.release(kept, sari, later, "now")
        with pytest.raises(Refused, match="tidak sedang ditahan"):
            held.release(kept, sari, later, "cancel")

    def test_during_the_pause_only_an_approver_lets_it_through_with_a_named_official(
        self, town: Town, kept: Delivery, sari: Person, budi: Person, now: datetime
    ) -> None:
        with pytest.raises(Refused, match="hanya penyetuju"):
            held.release(kept, sari, now, "now", official="Sekda")
        with pytest.raises(Refused) as refused:
            held.release(kept, budi, now, "now")
        assert "official" in refused.value.by_field
        held.release(kept, budi, now, "now", official="Sekretaris Daerah")
        assert deliver(kept.pk, now) == DeliveryState.PUBLISHED
        assert Event.objects.get(kind="delivery.cleared").data["official"] == "Sekretaris Daerah"

    def test_an_exception_from_one_pause_is_none_from_the_next(
        self, kept: Delivery, budi: Person, now: datetime
    ) -> None:
        held.release(kept, budi, now, "now", official="Sekretaris Daerah")
        again = begun(budi, now)
        assert pause.holds(self.fresh(kept), now) == again

    def test_rescheduled_into_another_pause_it_is_held_again(
        self, kept: Delivery, sari: Person, budi: Person, now: datetime
    ) -> None:
        later = now + timedelta(hours=2)
        held.release(kept, sari, later, "later", at=later + timedelta(hours=1))
        begun(budi, later)
        assert deliver(kept.pk, later + timedelta(hours=1)) == DeliveryState.PLANNED
        assert self.fresh(kept).pause is not None

    def test_of_one_answer_for_several_all_or_none_are_taken(
        self, town: Town, planned: Any, accounts: Any, sari: Person, budi: Person, now: datetime
    ) -> None:
        first = planned("event", ("x", "facebook"))
        begun(budi, now, ends_at=now + timedelta(hours=1))
        both = list(Delivery.objects.filter(announcement=first.announcement))
        for one in both:
            deliver(one.pk, now)
        later = now + timedelta(hours=2)
        (question,) = held.questions(later)
        assert len(question.deliveries) == 2
        held.release(both[0], sari, later, "cancel")
        with pytest.raises(Refused):
            held.release_all(question.deliveries, sari, later, "now")
        assert list(held.held()) == [both[1]]

    def test_what_needs_a_decision_can_be_given_up(self, kept: Delivery, sari: Person, now: datetime) -> None:
        with pytest.raises(Refused):
            held.give_up(kept, sari, now)
        Delivery.objects.filter(pk=kept.pk).update(state=DeliveryState.NEEDS_PERSON)
        held.give_up(kept, sari, now)
        assert self.fresh(kept).state == DeliveryState.CANCELLED
