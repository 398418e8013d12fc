"""Series: their times, what a holiday and the clocks do to them, and that each occurrence is written once."""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as configured
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.roles import Role, give
from publisher.models import Announcement, Delivery, Series
from publisher.newsroom import Refused, edit, move
from publisher.recurrence import (
    BadRule,
    Occurrence,
    check_rule,
    daily,
    monthly,
    next_times,
    weekly,
    yearly,
)
from publisher.series import (
    Plan,
    approve_series,
    change,
    end,
    is_approved,
    leave_out,
    make,
    make_due,
    make_one,
    missed,
    preview_of,
    put_back,
    series_hash,
    withdraw_approval,
    writers,
)
from publisher.wall import utc_to_wall

WIB = ZoneInfo("Asia/Jakarta")
EIGHT = time(8, 0)
EARLIEST, LATEST = datetime.fromisoformat("2024-01-01"), datetime.fromisoformat("2035-01-01")
FIELDS = {"headline": "Layanan keliling", "body": "Bawa KK asli."}
ZONES = ["Asia/Jakarta", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"]


def series(rule: dict[str, str], **values: Any) -> Series:
    return Series(rule=rule, **{"starts_on": date(2026, 1, 1), "zone": "Asia/Jakarta", **values})


def days(one: Series, now: datetime, count: int = 5) -> list[str]:
    """The wall times at which it goes out: "11-30 08.00"."""
    return [f"{utc_to_wall(found.moment, one.zone):%m-%d %H.%M}" for found in next_times(one, now, count)]


class TestTimes:
    @pytest.mark.parametrize(
        ("rule", "found"),
        [
            (daily(EIGHT), ["11-25 08.00", "11-26 08.00", "11-27 08.00"]),
            (weekly(["mon", "thu"], EIGHT), ["11-26 08.00", "11-30 08.00", "12-03 08.00"]),
            (monthly("1", EIGHT), ["12-01 08.00", "01-01 08.00", "02-01 08.00"]),
            (monthly("31", EIGHT), ["12-31 08.00", "01-31 08.00", "03-31 08.00"]),
            (monthly("last", EIGHT), ["11-30 08.00", "12-31 08.00", "01-31 08.00"]),
            (monthly("2nd fri", EIGHT), ["12-11 08.00", "01-08 08.00", "02-12 08.00"]),
            (yearly(8, 17, time(7, 30)), ["08-17 07.30", "08-17 07.30", "08-17 07.30"]),
        ],
    )
    def test_a_rule_has_the_days_that_it_says(
        self, rule: dict[str, str], found: list[str], now: datetime
    ) -> None:
        assert days(series(rule), now, 3) == found

    def test_it_keeps_to_its_first_and_last_day_and_its_exceptions(self, now: datetime) -> None:
        one = series(
            daily(EIGHT),
            starts_on=date(2026, 12, 1),
            ends_on=date(2026, 12, 4),
            exceptions=["2026-12-02"],
        )
        assert days(one, now) == ["12-01 08.00", "12-03 08.00", "12-04 08.00"]
        one.ended_at = now
        assert days(one, now) == []

    @pytest.mark.parametrize(
        ("on_holiday", "found"),
        [
            ("keep", ["12-23 08.00", "12-24 08.00", "12-30 08.00", "12-31 08.00"]),
            ("skip", ["12-23 08.00", "12-30 08.00", "12-31 08.00", "01-06 08.00"]),
            ("before", ["12-23 08.00", "12-30 08.00", "12-31 08.00", "01-06 08.00"]),
            ("after", ["12-23 08.00", "12-28 08.00", "12-30 08.00", "12-31 08.00"]),
        ],
    )
    def test_a_holiday_is_kept_skipped_or_moved_to_a_working_day_and_never_twice_on_one(
        self, on_holiday: str, found: list[str]
    ) -> None:
        one = series(weekly(["wed", "thu"], EIGHT), on_holiday=on_holiday)
        assert days(one, datetime(2026, 12, 22, 3, 0, tzinfo=UTC), 4) == found

    def test_what_a_holiday_moved_says_so_and_keeps_the_name_of_its_own_day(self) -> None:
        one = series(weekly(["fri"], EIGHT), on_holiday="after")
        (found,) = next_times(one, datetime(2026, 12, 24, 3, 0, tzinfo=UTC), 1)
        assert found == Occurrence(
            date(2026, 12, 25),
            datetime(2026, 12, 28, 1, 0, tzinfo=UTC),
            "25-12-2026 libur (Hari Raya Natal), maka dipindahkan.",
        )

    def test_eight_oclock_stays_eight_oclock_when_the_clocks_change(self) -> None:
        one = series(daily(EIGHT), zone="Europe/Berlin")
        found = next_times(one, datetime(2027, 3, 26, 12, 0, tzinfo=UTC), 3)
        assert [f"{x.moment:%d %H.%M}" for x in found] == ["27 07.00", "28 06.00", "29 06.00"]

    def test_a_missing_hour_is_moved_on_and_a_double_one_happens_once(self) -> None:
        one = series(daily(time(2, 30)), zone="Europe/Berlin")
        spring = next_times(one, datetime(2027, 3, 27, 12, 0, tzinfo=UTC), 2)
        assert [f"{utc_to_wall(x.moment, one.zone):%d %H.%M}" for x in spring] == ["28 03.30", "29 02.30"]
        assert "tidak ada" in spring[0].note
        autumn = next_times(one, datetime(2027, 10, 30, 12, 0, tzinfo=UTC), 3)
        assert [x.day.day for x in autumn] == [31, 1, 2]

    @settings(deadline=None, max_examples=60)
    @given(
        zone=st.sampled_from(ZONES),
        now=st.datetimes(EARLIEST, LATEST, timezones=st.just(UTC)),
        clock=st.times(),
        weekdays=st.lists(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1),
    )
    def test_across_every_change_of_the_clocks_the_times_rise_and_fall_on_the_days_of_the_rule(
        self, zone: str, now: datetime, clock: time, weekdays: list[str]
    ) -> None:
        one = series(weekly(weekdays, clock), zone=zone, starts_on=date(2020, 1, 1))
        found = next_times(one, now, 40)
        assert len(found) == 40
        assert found == next_times(one, now, 60)[:40]
        for before, after in pairwise(found):
            assert now < before.moment < after.moment
            assert before.day < after.day
        for x in found:
            wall = utc_to_wall(x.moment, zone)
            assert wall.strftime("%a").lower() in weekdays
            if not x.note:
                assert (wall.hour, wall.minute) == (clock.hour, clock.minute)

    @pytest.mark.parametrize(
        ("rule", "said"),
        [
            ({"hour": "8"}, "Jam pengulangan belum lengkap"),
            ({"hour": "8,16", "minute": "0"}, "isi satu jam"),
            ({"hour": "25", "minute": "0"}, "isi satu jam"),
            ({"hour": "8", "minute": "0", "second": "5"}, "tidak mengenal “second”"),
            ({"hour": "8", "minute": "0", "day_of_week": "senin"}, "tidak dapat dibaca"),
            ({"hour": "8", "minute": "0", "day": "32"}, "tidak dapat dibaca"),
        ],
    )
    def test_a_rule_that_cannot_be_used_is_a_sentence(self, rule: dict[str, str], said: str) -> None:
        with pytest.raises(BadRule, match=said):
            check_rule(rule)

    def test_a_day_that_never_comes_ends_the_search(self, now: datetime) -> None:
        assert days(series(yearly(2, 30, EIGHT)), now) == []


@pytest.fixture
def sari(people: Any) -> Any:
    return people["sari"]


@pytest.fixture
def budi(people: Any) -> Any:
    return people["budi"]


@pytest.fixture
def weekday_plan(accounts: Any) -> Plan:
    return Plan(
        "Layanan keliling",
        FIELDS,
        [accounts["x"], accounts["feed"]],
        weekly(["mon", "tue", "wed", "thu", "fri"], time(10, 0)),
        date(2026, 11, 25),
    )


@pytest.fixture
def made(weekday_plan: Plan, sari: Any, now: datetime) -> Series:
    return make("service_notice", weekday_plan, sari, now)


class TestMaking:
    def test_what_is_missing_is_named_beside_its_field(
        self, weekday_plan: Plan, sari: Any, budi: Any, now: datetime
    ) -> None:
        bad = replace(
            weekday_plan,
            title=" ",
            fields={},
            targets=[],
            rule={},
            ends_on=date(2026, 1, 1),
            zone="Mars",
            on_holiday="x",
        )
        with pytest.raises(Refused) as refused:
            make("service_notice", bad, sari, now)
        assert set(refused.value.by_field) >= {
            "title",
            "headline",
            "targets",
            "rule",
            "ends_on",
            "zone",
            "on_holiday",
        }
        with pytest.raises(Refused, match="tugas"):
            make("service_notice", weekday_plan, budi, now)

    def test_the_preview_shows_ten_times_before_anything_is_kept(
        self, weekday_plan: Plan, sari: Any, now: datetime
    ) -> None:
        found = preview_of("service_notice", weekday_plan, sari, now)
        assert len(found) == 10
        assert Series.objects.count() == 0
        assert preview_of("service_notice", replace(weekday_plan, rule={}), sari, now) == []


class TestWriting:
    def test_what_lies_within_the_lead_time_is_written_once_and_submitted(
        self, made: Series, sari: Any, now: datetime
    ) -> None:
        assert make_due(now) == 3
        assert make_due(now) == 0
        rows = list(Announcement.objects.order_by("publish_at"))
        assert [str(row.occurrence_on) for row in rows] == ["2026-11-25", "2026-11-26", "2026-11-27"]
        assert {row.state for row in rows} == {"submitted"}
        assert rows[0].publish_at == datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
        assert {a.key for a in rows[0].targets.all()} == {"x", "feed"}
        assert make_due(now + timedelta(days=1)) == 0  # Saturday
        assert make_due(now + timedelta(days=3)) == 1

    def test_a_time_that_passed_while_nothing_ran_is_told_and_never_sent_late(
        self, made: Series, now: datetime
    ) -> None:
        make_due(now)
        later = now + timedelta(days=14)
        make_due(later)
        swallowed = missed(later)
        written = {row.occurrence_on for row in made.occurrences.all()}
        assert swallowed
        assert {one.day for one in swallowed}.isdisjoint(written)
        assert all(one.day <= later.date() for one in swallowed)
        assert missed(later + timedelta(days=4)) == []
        make_due(later + timedelta(minutes=1))
        assert len(missed(later)) == len(swallowed)  # told once each

    def test_the_approval_of_the_series_approves_and_plans_each_occurrence(
        self, made: Series, budi: Any, now: datetime
    ) -> None:
        approve_series(made, budi, now, seen=series_hash(made))
        assert make_due(now) == 3
        assert {row.state for row in Announcement.objects.all()} == {"scheduled"}
        assert {row.approved_by for row in Announcement.objects.all()} == {budi}
        assert Delivery.objects.filter(state="planned").count() == 6

    def test_an_approval_falls_with_the_wording_the_accounts_or_the_official(
        self, made: Series, accounts: Any, budi: Any, now: datetime
    ) -> None:
        made = approve_series(made, budi, now, seen=series_hash(made))
        assert is_approved(made)
        Series.objects.filter(pk=made.pk).update(fields={**FIELDS, "body": "lain"})
        assert not is_approved(Series.objects.get())
        Series.objects.filter(pk=made.pk).update(fields=FIELDS)
        assert is_approved(Series.objects.get())
        made.targets.add(accounts["facebook"])
        assert not is_approved(made)
        made.targets.remove(accounts["facebook"])
        budi.groups.clear()
        make_due(now)
        assert {row.state for row in Announcement.objects.all()} == {"submitted"}

    def test_nobody_approves_a_series_that_they_wrote_or_did_not_read(
        self, made: Series, weekday_plan: Plan, sari: Any, budi: Any, now: datetime
    ) -> None:
        seen = series_hash(made)
        with pytest.raises(Refused, match="tugas"):
            approve_series(made, sari, now, seen=seen)
        give(sari, Role.APPROVER)
        with pytest.raises(Refused, match="menyetujuinya sendiri"):
            approve_series(made, sari, now, seen=seen)
        with pytest.raises(Refused, match="baca lagi"):
            approve_series(made, budi, now, seen="lain")
        give(budi, Role.AUTHOR)
        made = change(made, weekday_plan, budi, now, date(2026, 11, 25))
        assert writers(made) == {sari, budi}
        with pytest.raises(Refused, match="menyetujuinya sendiri"):
            approve_series(made, budi, now, seen=seen)

    def test_who_wrote_an_earlier_part_of_a_series_does_not_approve_its_continuation(
        self, made: Series, weekday_plan: Plan, people: Any, now: datetime
    ) -> None:
        budi, rina = people["budi"], people["rina"]
        give(budi, Role.AUTHOR)
        second = change(made, weekday_plan, budi, now, date(2026, 11, 26))
        third = change(second, weekday_plan, rina, now, date(2026, 11, 27))
        assert writers(third) == {people["sari"], budi, rina}

    def test_a_withdrawn_approval_asks_about_each_again(self, made: Series, budi: Any, now: datetime) -> None:
        withdraw_approval(approve_series(made, budi, now, seen=series_hash(made)), budi, now)
        make_due(now)
        assert {row.state for row in Announcement.objects.all()} == {"submitted"}

    def test_a_time_that_is_refused_waits_for_a_person_in_spite_of_the_approval(
        self, weekday_plan: Plan, sari: Any, budi: Any, now: datetime, settings: Any
    ) -> None:
        quiet = {**settings.CALENDAR["quiet"], "level": {"service": "refuse"}}
        settings.CALENDAR = {**settings.CALENDAR, "quiet": quiet}
        late = replace(weekday_plan, rule=daily(time(22, 0)))
        made = make("service_notice", late, sari, now)
        approve_series(made, budi, now, seen=series_hash(made))
        make_due(now)
        assert {row.state for row in Announcement.objects.all()} == {"draft"}

    def test_fields_that_do_not_fit_any_more_leave_a_draft_that_a_person_sees(
        self, made: Series, now: datetime
    ) -> None:
        Series.objects.filter(pk=made.pk).update(fields={"headline": "Layanan keliling"})
        assert make_due(now) == 3
        assert make_due(now) == 0
        assert {row.state for row in Announcement.objects.all()} == {"draft"}
        assert all(row.publish_at for row in Announcement.objects.all())

    def test_an_author_without_the_task_stops_only_their_own_series(
        self, made: Series, weekday_plan: Plan, people: Any, now: datetime
    ) -> None:
        rina = people["rina"]
        give(rina, Role.AUTHOR)
        make("service_notice", weekday_plan, rina, now)
        people["sari"].groups.clear()
        assert make_due(now) == 3
        assert {row.author for row in Announcement.objects.all()} == {rina}


class TestChanging:
    def test_one_occurrence_is_changed_without_the_others(
        self, made: Series, sari: Any, now: datetime
    ) -> None:
        make_due(now)
        first = Announcement.objects.order_by("publish_at")[0]
        edit(first, {**FIELDS, "headline": "Khusus Rabu"}, sari, now)
        assert make_due(now) == 0
        assert Announcement.objects.filter(title__contains="Khusus").count() == 1

    def test_all_following_are_changed_and_the_past_stays(
        self, made: Series, weekday_plan: Plan, sari: Any, now: datetime
    ) -> None:
        make_due(now)
        wanted = replace(weekday_plan, fields={**FIELDS, "headline": "Judul baru"})
        after = change(made, wanted, sari, now, date(2026, 11, 26))
        made.refresh_from_db()
        assert (made.ends_on, after.starts_on) == (date(2026, 11, 25), date(2026, 11, 26))
        assert make_due(now) == 2
        live = Announcement.objects.exclude(state="cancelled").order_by("publish_at")
        assert [(str(a.occurrence_on), a.title) for a in live] == [
            ("2026-11-25", "Layanan keliling"),
            ("2026-11-26", "Judul baru"),
            ("2026-11-27", "Judul baru"),
        ]

    def test_what_somebody_changed_or_moved_by_hand_is_kept_and_not_written_again(
        self, made: Series, weekday_plan: Plan, sari: Any, now: datetime
    ) -> None:
        make_due(now)
        first, second, third = Announcement.objects.order_by("publish_at")
        edit(first, {**FIELDS, "headline": "Khusus"}, sari, now)
        move(second, sari, now, datetime(2026, 11, 26, 7, 0, tzinfo=UTC))
        change(made, replace(weekday_plan, title="Lain"), sari, now, date(2026, 11, 25))
        assert make_due(now) == 1
        live = Announcement.objects.exclude(state="cancelled").order_by("occurrence_on")
        assert [a.pk for a in live][:2] == [first.pk, second.pk]
        third.refresh_from_db()
        assert third.state == "cancelled"

    def test_a_series_that_has_written_nothing_is_changed_in_place(
        self, made: Series, weekday_plan: Plan, sari: Any, now: datetime
    ) -> None:
        after = change(made, replace(weekday_plan, title="Baru"), sari, now, date(2026, 11, 25))
        assert (after.pk, after.title, Series.objects.count()) == (made.pk, "Baru", 1)

    def test_a_change_of_the_time_keeps_the_approval_and_one_of_the_words_does_not(
        self, made: Series, weekday_plan: Plan, sari: Any, budi: Any, now: datetime
    ) -> None:
        make_due(now)
        approve_series(made, budi, now, seen=series_hash(made))
        later = change(made, replace(weekday_plan, rule=daily(time(11, 0))), sari, now, date(2026, 11, 26))
        assert is_approved(later)
        words = replace(weekday_plan, fields={**FIELDS, "body": "lain"})
        assert not is_approved(change(later, words, sari, now, date(2026, 11, 27)))

    def test_a_day_is_left_out_and_put_back(self, made: Series, sari: Any, now: datetime) -> None:
        make_due(now)
        made = leave_out(made, date(2026, 11, 26), sari, now)
        made = leave_out(made, date(2026, 11, 26), sari, now)
        assert made.exceptions == ["2026-11-26"]
        assert Announcement.objects.get(occurrence_on="2026-11-26").state == "cancelled"
        assert make_due(now) == 0
        put_back(made, date(2026, 11, 26), sari, now)
        assert make_due(now) == 1

    def test_an_ended_series_writes_nothing_and_takes_back_what_has_not_begun(
        self, made: Series, weekday_plan: Plan, sari: Any, budi: Any, now: datetime
    ) -> None:
        approve_series(made, budi, now, seen=series_hash(made))
        make_due(now)
        made = end(made, sari, now)
        assert {row.state for row in Announcement.objects.all()} == {"cancelled"}
        assert make_due(now + timedelta(days=3)) == 0
        with pytest.raises(Refused, match="sudah berakhir"):
            change(made, weekday_plan, sari, now, date(2026, 11, 25))


@pytest.mark.django_db(transaction=True)
def test_two_workers_write_an_occurrence_once(accounts: Any, people: Any, now: datetime) -> None:
    plan = Plan("Layanan", FIELDS, [accounts["x"]], daily(time(10, 0)), date(2026, 11, 25))
    made = make("service_notice", plan, people["sari"], now)
    due = next_times(made, now, 5)
    written: list[bool] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        try:
            written.extend(make_one(made, one, now) is not None for one in due)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert (len(written), sum(written)) == (20, 5)
    assert Announcement.objects.count() == 5


def test_the_lead_time_is_that_of_the_file() -> None:
    assert configured.CALENDAR["series"]["lead"] == 72
