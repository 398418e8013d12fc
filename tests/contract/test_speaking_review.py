"""Clicks at a bad moment, odd answers, races: nothing appears twice or waits for ever, and all can be stopped."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from channels.contract import ChannelError, Failure
from channels.feed import Feed
from channels.models import Account
from config.town import Town
from desk.board import rows_of
from desk.times import from_input
from engine.work import Job, run
from ledger import points
from publisher import held, newsroom, series
from publisher.advance import advance
from publisher.approval import approve, give_back
from publisher.archive import read_back_one
from publisher.deliver import _failed, deliver, due_deliveries
from publisher.models import Announcement, Attempt, Delivery, DeliveryState, ReadBack
from publisher.occurrences import make_one
from publisher.pause import start
from publisher.reconcile import it_is_there, reconcile, send_again
from publisher.recurrence import daily, next_times
from publisher.rules import Refused

pytestmark = pytest.mark.django_db

FIELDS = {"headline": "Loket pindah", "body": "Loket A pindah ke lantai dua."}


@pytest.fixture
def now() -> datetime:
    """The town's rate limits end at a real time, so the story begins now and goes on by its own clock."""
    return timezone.now()


def approved(people: Any, now: datetime, *keys: str) -> Announcement:
    targets = list(Account.objects.filter(key__in=keys))
    made = newsroom.draft("service_notice", FIELDS, people["sari"], now, targets)
    made = newsroom.submit(made, people["sari"], now)
    return approve(made, people["budi"], now, version=made.version)


def go_on(now: datetime, steps: int = 400) -> datetime:
    """The engine's work until nothing is left to do by itself; gives the time at which that was."""
    for _ in range(steps):
        due = due_deliveries(now)
        for delivery, _account in due:
            advance(delivery, now)
        if not due and not Delivery.objects.filter(next_at__isnull=False).exists():
            break
        now += timedelta(seconds=30)
    return now


def the(key: str, act: str = "publish") -> Delivery:
    return Delivery.objects.filter(account__key=key, act=act).latest("pk")


def unknown_to_us(delivery: Delivery) -> None:
    """As after fruitless looks: a person has to say what became of it."""
    Delivery.objects.filter(pk=delivery.pk).update(
        state=DeliveryState.NEEDS_PERSON, remote_id="", permalink="", published_at=None
    )
    ReadBack.objects.filter(delivery=delivery).delete()


class TestStopping:
    def test_what_is_only_being_tried_again_can_be_cancelled(
        self, town: Town, accounts: Any, people: Any, now: datetime
    ) -> None:
        row = approved(people, now, "x")
        town.post("/control/fail", {"route": "x.create", "fault": "rate_limited"})
        deliver(the("x").pk, now)
        assert the("x").state == "retrying"
        newsroom.cancel(row, people["sari"], now)
        go_on(now)
        assert the("x").state == "cancelled"
        assert not town.get("/control/received")["x"]

    def test_what_proves_absent_after_a_withdrawal_is_cancelled_and_not_asked_about(
        self, town: Town, accounts: Any, people: Any, now: datetime
    ) -> None:
        row = approved(people, now, "x", "feed")
        deliver(the("feed").pk, now)
        town.post("/control/fail", {"route": "x.create", "fault": "error_503"})
        deliver(the("x").pk, now)
        newsroom.retract(row, people["budi"], now, "Salah kirim.")
        start(people["budi"], now, "Gempa.", "Sekda")  # nor is it held, when nothing of it may go out anyway
        go_on(now)
        row.refresh_from_db()
        assert (the("x").state, row.state) == ("cancelled", "retracted")

    def test_a_withdrawal_between_claim_and_call_stops_it(
        self, town: Town, accounts: Any, people: Any, now: datetime
    ) -> None:
        row = approved(people, now, "x", "feed")
        deliver(the("feed").pk, now)

        def at(point: str) -> None:
            if point == "deliver.prepared":
                newsroom.retract(row, people["budi"], now, "Salah kirim.")

        points.listen(at)
        try:
            deliver(the("x").pk, now)
        finally:
            points.listen(None)
        assert the("x").state == "cancelled"

    def test_on_an_account_that_is_switched_off_it_can_be_given_up(
        self, town: Town, accounts: Any, people: Any, now: datetime
    ) -> None:
        row = approved(people, now, "x", "feed")
        with pytest.raises(Refused):
            held.give_up(the("x"), people["budi"], now)
        Account.objects.filter(key="x").update(enabled=False)
        go_on(now, 10)
        held.give_up(the("x"), people["budi"], now)
        row.refresh_from_db()
        assert row.state == "partly_published"
        newsroom.begin_correction(row, people["sari"], now, "Lantainya keliru.")


class TestWithdrawing:
    def test_the_title_of_a_draft_that_nobody_approved_is_not_said(
        self, town: Town, accounts: Any, people: Any, now: datetime
    ) -> None:
        row = approved(people, now, "instagram", "web_pemkot")
        now = go_on(now)
        row = newsroom.begin_correction(row, people["sari"], now, "Lantainya keliru.")
        row = newsroom.edit(row, {**FIELDS, "headline": "Belum disetujui"}, people["sari"], now)
        row = newsroom.retract(row, people["budi"], now, "Batal.")
        go_on(now)
        said = str(town.get("/control/received"))
        assert "Batal." in said
        assert "Belum disetujui" not in said
        assert row.title == "Loket pindah"

    def test_a_comment_that_stands_is_not_said_again(
        self, town: Town, accounts: Any, people: Any, now: datetime
    ) -> None:
        row = approved(people, now, "instagram", "web_pemkot")
        now = go_on(now)
        newsroom.retract(row, people["budi"], now, "Batal.")
        now = go_on(now)
        with pytest.raises(Refused):
            send_again(the("instagram", "retract"), people["budi"], now)
        go_on(now)
        assert str(town.get("/control/received")["instagram"]).count("kami tarik") == 1

    def test_after_a_correction_one_comment_is_enough_and_one_click_ends_it(
        self, town: Town, accounts: Any, people: Any, now: datetime
    ) -> None:
        row = approved(people, now, "instagram", "web_pemkot")
        now = go_on(now)
        row = newsroom.begin_correction(row, people["sari"], now, "Lantainya keliru.")
        row = newsroom.submit(row, people["sari"], now)
        row = approve(row, people["budi"], now, version=row.version)
        now = go_on(now)
        row.refresh_from_db()
        newsroom.retract(row, people["budi"], now, "Batal.")
        now = go_on(now)
        assert str(town.get("/control/received")["instagram"]).count("kami tarik") == 1
        it_is_there(the("instagram", "retract"), "", people["budi"], now)
        row.refresh_from_db()
        assert row.state == "retracted"

    def test_what_the_channel_refused_and_a_person_deleted_is_gone(
        self, town: Town, accounts: Any, people: Any, now: datetime
    ) -> None:
        row = approved(people, now, "facebook")
        now = go_on(now)
        unknown_to_us(the("facebook"))
        it_is_there(the("facebook"), "https://www.facebook.com/kota/posts/123", people["budi"], now)
        newsroom.retract(row, people["budi"], now, "Batal.")
        now = go_on(now)
        assert the("facebook", "retract").state == "refused"  # its number is not known
        it_is_there(the("facebook", "retract"), "", people["budi"], now)
        row.refresh_from_db()
        assert row.state == "retracted"

    def test_of_two_withdrawals_the_one_that_is_not_done_has_the_buttons(
        self, town: Town, accounts: Any, people: Any, now: datetime
    ) -> None:
        row = approved(people, now, "x")
        now = go_on(now)
        row = newsroom.begin_correction(row, people["sari"], now, "Lantainya keliru.")
        row = newsroom.submit(row, people["sari"], now)
        row = approve(row, people["budi"], now, version=row.version)
        now = go_on(now)
        row.refresh_from_db()
        newsroom.retract(row, people["budi"], now, "Batal.")
        first, reply = Delivery.objects.filter(act="retract").order_by("pk")
        Delivery.objects.filter(pk=first.pk).update(state=DeliveryState.REFUSED, next_at=None)
        deliver(reply.pk, now)
        (shown,) = rows_of(row)
        assert shown.delivery == first


class TestDeciding:
    def test_a_correction_in_place_that_a_person_saw_keeps_the_number_of_its_post(
        self, town: Town, accounts: Any, people: Any, now: datetime
    ) -> None:
        row = approved(people, now, "facebook")
        now = go_on(now)
        row = newsroom.begin_correction(row, people["sari"], now, "Lantainya keliru.")
        row = newsroom.submit(row, people["sari"], now)
        approve(row, people["budi"], now, version=row.version)
        now = go_on(now)
        number, link = the("facebook", "correct").remote_id, the("facebook", "correct").permalink
        unknown_to_us(the("facebook", "correct"))
        it_is_there(the("facebook", "correct"), link, people["budi"], now)
        assert number
        assert the("facebook", "correct").remote_id == number

    def test_what_a_person_saw_is_not_missed_for_want_of_a_number(
        self, town: Town, accounts: Any, people: Any, now: datetime
    ) -> None:
        approved(people, now, "web_pemkot")
        now = go_on(now)
        link = the("web_pemkot").permalink
        unknown_to_us(the("web_pemkot"))
        it_is_there(the("web_pemkot"), link, people["budi"], now)
        assert not read_back_one(the("web_pemkot").pk, now + timedelta(hours=1))
        assert not the("web_pemkot").trouble

    def test_a_screen_that_shows_what_was_given_back_approves_nothing_new(
        self, accounts: Any, people: Any, now: datetime
    ) -> None:
        x = [Account.objects.get(key="x")]
        made = newsroom.draft("service_notice", FIELDS, people["sari"], now, x)
        made = newsroom.submit(made, people["sari"], now)
        seen = made.version
        give_back(made, people["budi"], now, "Sebut lantainya.", version=seen)
        made = newsroom.submit(made, people["sari"], now)
        with pytest.raises(Refused):
            approve(made, people["budi"], now, version=seen)
        assert approve(made, people["budi"], now, version=made.version).state == "scheduled"


class TestTime:
    def test_looks_keep_their_distance_after_an_attempt_that_came_late(
        self, town: Town, accounts: Any, people: Any, now: datetime
    ) -> None:
        approved(people, now, "facebook")
        one, late = the("facebook"), now + timedelta(hours=2)
        Delivery.objects.update(
            memo={"started_at": now.isoformat()}, state=DeliveryState.RETRYING, attempts=1, next_at=late
        )
        Attempt.objects.create(
            delivery=one, number=1, fence=1, started_at=now, ended_at=now, outcome=Failure.LATER
        )
        town.post("/control/fail", {"route": "facebook.create", "fault": "error_503"})
        deliver(one.pk, late)
        reconcile(one.pk, late + timedelta(seconds=61))
        assert the("facebook").next_at == late + timedelta(seconds=300)

    def test_it_appeared_when_the_attempt_was_made_that_may_have_landed(
        self, town: Town, accounts: Any, people: Any, now: datetime
    ) -> None:
        approved(people, now, "x")
        late = now + timedelta(minutes=20)
        town.post("/control/fail", {"route": "x.create", "fault": "rate_limited"})
        deliver(the("x").pk, now)
        Delivery.objects.update(next_at=late)
        town.post("/control/fail", {"route": "x.create", "fault": "commit_then_503"})
        deliver(the("x").pk, late)
        go_on(late)
        assert (the("x").state, the("x").published_at) == ("published", late)

    @pytest.mark.parametrize("asked", ["-5", "99999999999999999999"])
    def test_a_time_that_is_over_or_beyond_the_calendar_is_not_waited_for(
        self, town: Town, accounts: Any, people: Any, now: datetime, asked: str
    ) -> None:
        error = ChannelError("Nanti.", Failure.LATER, retry_in=float(asked), code="429")
        assert error.next_time(now) is not None
        approved(people, now, "x")
        _failed(the("x"), the("x").fence, Failure.LATER, error, now)
        at = the("x").next_at
        assert at is not None
        assert now + timedelta(seconds=10) <= at <= now + timedelta(days=1)

    def test_a_year_that_no_calendar_has_is_no_time(self) -> None:
        assert from_input("9999-12-31T10:00") is None
        assert from_input("0001-01-01T10:00") is None
        assert from_input("2026-12-31T10:00") is not None


class TestOddAnswers:
    def test_what_nobody_foresaw_in_a_look_ends_with_a_person(
        self, accounts: Any, people: Any, now: datetime
    ) -> None:
        row = approved(people, now, "feed")
        entries = Feed(Account.objects.get(key="feed")).folder / "entries"
        entries.mkdir(parents=True, exist_ok=True)
        broken = entries / f"{row.slug}.json"
        broken.write_text("{half")
        Delivery.objects.update(state=DeliveryState.UNKNOWN, memo={"started_at": now.isoformat()})
        try:
            reconcile(the("feed").pk, now)
            assert the("feed").state == "unknown"
            reconcile(the("feed").pk, now + timedelta(days=2))
            assert the("feed").state == "needs_person"
        finally:
            broken.unlink()

    def test_what_nobody_foresaw_in_preparing_is_tried_again_and_then_asked_about(
        self, accounts: Any, people: Any, now: datetime
    ) -> None:
        approved(people, now, "feed")
        Delivery.objects.update(memo={"started_at": 10**30})  # a note that no clock can read
        Account.objects.filter(key="feed").update(settings=["no table"])
        deliver(the("feed").pk, now)
        assert the("feed").state == "retrying"
        Delivery.objects.update(due_at=now - timedelta(days=2), attempts=1)
        deliver(the("feed").pk, now + timedelta(minutes=1))
        assert the("feed").state == "needs_person"


class TestLanesAndSeries:
    def test_an_emergency_does_not_wait_at_the_end_of_its_lane(
        self, accounts: Any, people: Any, now: datetime
    ) -> None:
        first, _second, last = (approved(people, now, "feed") for _ in range(3))
        Delivery.objects.filter(announcement=last).update(urgent=True)
        run(Job("deliver", str(first.deliveries.get().pk)))
        assert last.deliveries.get().state == first.deliveries.get().state == "published"
        assert last.deliveries.get().published_at <= first.deliveries.get().published_at

    def test_a_day_that_was_left_out_meanwhile_is_not_written(
        self, accounts: Any, people: Any, now: datetime
    ) -> None:
        x = [Account.objects.get(key="x")]
        plan = series.Plan("Harian", FIELDS, x, daily(time(10)), now.date())
        row = series.make("service_notice", plan, people["sari"], now)
        series.approve_series(row, people["budi"], now, seen=series.series_hash(row))
        _first, left, changed = next_times(row, now, 3)
        series.leave_out(row, left.day, people["sari"], now)
        assert make_one(row, left, now) is None
        plan.fields = {**FIELDS, "headline": "Loket baru"}
        new = series.change(row, plan, people["sari"], now, changed.day)
        stale, fresh = make_one(row, changed, now), make_one(new, changed, now)
        assert ({stale, fresh} - {None}) == set(Announcement.objects.all())
        assert Announcement.objects.count() == 1

    def test_a_reference_is_never_given_twice(
        self, accounts: Any, people: Any, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given = iter(["aaaaaa", "aaaaaa", "bbbbbb"])
        monkeypatch.setattr("secrets.token_hex", lambda _bytes: next(given))
        made = [newsroom.draft("service_notice", FIELDS, people["sari"], now) for _ in range(2)]
        assert [one.reference[-6:] for one in made] == ["AAAAAA", "BBBBBB"]
