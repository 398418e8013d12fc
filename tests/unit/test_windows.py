"""When something may go out: quiet hours, prayers, holidays, collisions; wall time and what is too late."""

import copy
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as configured
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from config.timetable import checked, place
from publisher.days import holiday, is_working, working_day
from publisher.models import Act, Announcement, Delivery
from publisher.overdue import too_late
from publisher.prayer import prayer_times
from publisher.wall import local_day, utc_to_wall, wall_to_utc
from publisher.windows import bands, explain, free_slots, refused

ZONES = [
    "Asia/Jakarta",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "UTC",
]
WIB = ZoneInfo("Asia/Jakarta")
#: A Tuesday without anything on it.
TUESDAY = date(2026, 11, 24)

#: Wall times: without a zone, as typed.
EARLIEST, LATEST = datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2037-12-31")
moments = st.datetimes(EARLIEST, LATEST, timezones=st.just(UTC))


def wib(day: date, clock: str) -> datetime:
    hour, minute = clock.split(".")
    return datetime(day.year, day.month, day.day, int(hour), int(minute), tzinfo=WIB)


class TestWallTime:
    @given(moment=moments, zone=st.sampled_from(ZONES))
    def test_what_the_clock_showed_leads_back_to_the_moment(self, moment: datetime, zone: str) -> None:
        moment = moment.replace(microsecond=0)
        fold = moment.astimezone(ZoneInfo(zone)).fold
        found = wall_to_utc(utc_to_wall(moment, zone), zone, second=bool(fold))
        assert found.moment == moment
        assert not found.missing
        assert bool(found.sentence) == (found.other is not None)

    @given(wall=st.datetimes(EARLIEST, LATEST), zone=st.sampled_from(ZONES))
    def test_a_wall_time_moves_only_when_it_is_missing_and_then_forward(
        self, wall: datetime, zone: str
    ) -> None:
        found = wall_to_utc(wall, zone)
        shown = utc_to_wall(found.moment, zone)
        assert shown > wall if found.missing else shown == wall
        assert shown - wall <= timedelta(hours=1)
        if found.other is not None:
            assert utc_to_wall(found.other, zone) == wall
            assert found.other > found.moment

    def test_a_missing_and_a_double_hour_are_explained(self) -> None:
        spring = wall_to_utc(datetime.fromisoformat("2027-03-28T02:30"), "Europe/Berlin")
        assert spring.moment == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
        assert "02.30 tidak ada" in spring.sentence
        assert "03.30" in spring.sentence
        autumn = wall_to_utc(datetime.fromisoformat("2027-10-31T02:30"), "Europe/Berlin")
        assert autumn.other == autumn.moment + timedelta(hours=1)
        assert "dua kali" in autumn.sentence
        assert "yang pertama" in autumn.sentence
        later = wall_to_utc(datetime.fromisoformat("2027-10-31T02:30"), "Europe/Berlin", second=True)
        assert (later.moment, later.other) == (autumn.other, autumn.moment)

    def test_bekasi_has_no_odd_hours(self) -> None:
        assert wall_to_utc(datetime.fromisoformat("2026-11-24T08:00"), "Asia/Jakarta").sentence == ""
        assert local_day(datetime(2026, 11, 24, 17, 0, tzinfo=UTC), "Asia/Jakarta") == date(2026, 11, 25)

    @pytest.mark.parametrize("zone", ["Asia/Bekasi", "", "../etc", "Asia"])
    def test_a_zone_that_does_not_exist_is_named(self, zone: str) -> None:
        with pytest.raises(ValueError, match="zona waktu"):
            wall_to_utc(datetime.fromisoformat("2026-11-24T00:00"), zone)


class TestDays:
    def test_prayer_times_are_those_of_the_ministry_for_bekasi(self) -> None:
        shown = {name: f"{at.astimezone(WIB):%H.%M}" for name, at in prayer_times(TUESDAY).items()}
        assert shown == {
            "fajr": "04.04",
            "dhuhr": "11.41",
            "asr": "15.05",
            "maghrib": "17.54",
            "isha": "19.08",
        }

    @given(day=st.dates(date(2024, 1, 1), date(2035, 12, 31)))
    def test_the_five_prayers_fall_on_their_own_day_in_order(self, day: date) -> None:
        found = list(prayer_times(day).values())
        assert len(found) == 5
        assert found == sorted(found)
        assert {local_day(one, "Asia/Jakarta") for one in found} == {day}

    def test_where_the_sun_does_not_set_there_are_no_prayer_times(self, settings: Any) -> None:
        settings.CITY = {**settings.CITY, "latitude": 78.2, "longitude": 15.6}
        assert prayer_times(date(2026, 6, 21)) == {}

    def test_holidays_and_joint_leave_days_are_no_working_days(self) -> None:
        assert holiday(date(2026, 12, 25)) == "Hari Raya Natal"
        assert holiday(date(2026, 12, 24)) == "Cuti Bersama Hari Raya Natal"
        assert holiday(TUESDAY) == ""
        assert not is_working(date(2026, 12, 24))
        assert not is_working(date(2026, 11, 28))
        assert working_day(date(2026, 12, 25), -1) == date(2026, 12, 23)
        assert working_day(date(2026, 12, 25), 1) == date(2026, 12, 28)
        assert working_day(TUESDAY, 1) == TUESDAY

    def test_a_decree_of_the_city_own_file_adds_a_day_and_takes_one_away(self, settings: Any) -> None:
        table = copy.deepcopy(settings.CALENDAR)
        table["holidays"]["joint_leave"] |= {"2027-03-09": "Cuti Bersama Idulfitri", "2026-12-24": ""}
        settings.CALENDAR = table
        assert holiday(date(2027, 3, 9)) == "Cuti Bersama Idulfitri"
        assert holiday(date(2026, 12, 24)) == ""


def rules(moment: datetime, content_class: str = "general") -> list[tuple[str, str]]:
    return [(one.level, one.rule) for one in explain(moment, content_class, [])]


@pytest.mark.django_db
class TestWindows:
    @pytest.mark.parametrize(
        ("day", "clock", "content_class", "found"),
        [
            (TUESDAY, "10.00", "general", []),
            (TUESDAY, "20.59", "general", []),
            (TUESDAY, "21.00", "general", [("refuse", "quiet")]),
            (TUESDAY, "03.00", "event", [("refuse", "quiet")]),
            (TUESDAY, "05.30", "event", []),
            (TUESDAY, "23.00", "service", [("warn", "quiet")]),
            (TUESDAY, "04.10", "greeting", [("refuse", "quiet"), ("warn", "prayer")]),
            (TUESDAY, "17.54", "general", [("warn", "prayer")]),
            (TUESDAY, "18.09", "general", []),
            (TUESDAY, "17.54", "service", []),
            (date(2026, 11, 27), "12.00", "event", [("refuse", "friday")]),
            (date(2026, 11, 27), "12.00", "service", [("warn", "friday")]),
            (date(2026, 11, 27), "13.00", "event", []),
            (date(2026, 12, 24), "10.00", "general", [("warn", "holiday")]),
            (date(2026, 12, 25), "10.00", "greeting", []),
            (date(2027, 8, 17), "10.17", "service", [("refuse", "moment"), ("warn", "holiday")]),
            (date(2027, 8, 17), "10.20", "greeting", []),
        ],
    )
    def test_each_class_has_its_rules(
        self, day: date, clock: str, content_class: str, found: list[tuple[str, str]]
    ) -> None:
        assert rules(wib(day, clock), content_class) == found

    @given(moment=moments)
    def test_an_emergency_is_never_hindered(self, moment: datetime) -> None:
        assert explain(moment, "emergency", []) == []

    def test_a_refusal_says_why_and_when_it_would_do(self) -> None:
        (found,) = explain(wib(TUESDAY, "22.15"), "event", [])
        assert found.sentence == "Jam tenang 21.00–05.30: banyak warga beristirahat."
        assert found.next_free == wib(TUESDAY + timedelta(days=1), "05.30")
        (still,) = refused(explain(wib(date(2027, 8, 17), "10.18"), "greeting", []))
        assert still.sentence == "Detik-detik Proklamasi 10.17–10.20: semua kegiatan berhenti sejenak."
        assert still.next_free == wib(date(2027, 8, 17), "10.20")

    def test_the_next_free_time_after_a_holiday_is_on_a_day_without_one(self) -> None:
        found = explain(wib(date(2026, 12, 24), "10.00"), "general", [])
        assert [one.next_free for one in found] == [wib(date(2026, 12, 26), "05.30")]

    @given(moment=moments, content_class=st.sampled_from(["service", "event", "greeting", "general"]))
    def test_the_next_free_time_is_free_and_later(self, moment: datetime, content_class: str) -> None:
        for one in explain(moment, content_class, []):
            assert one.until > moment
            assert one.next_free is not None
            assert one.next_free > moment
            assert explain(one.next_free, content_class, []) == []

    def test_another_announcement_on_the_same_account_is_named(
        self, accounts: Any, people: Any, now: datetime
    ) -> None:
        other = placed(people["sari"], accounts["x"], "Jalan ditutup", wib(TUESDAY, "10.00"), now)
        (found,) = explain(wib(TUESDAY, "10.10"), "general", [accounts["x"]])
        assert found.level == "warn"
        assert "“Jalan ditutup” (10.00)" in found.sentence
        assert found.next_free == wib(TUESDAY, "10.30")
        assert explain(wib(TUESDAY, "10.10"), "general", [accounts["facebook"]]) == []
        assert explain(wib(TUESDAY, "10.10"), "general", [accounts["x"]], other) == []
        assert explain(wib(TUESDAY, "10.30"), "general", [accounts["x"]]) == []

    def test_what_is_only_a_draft_or_cancelled_takes_no_room(
        self, accounts: Any, people: Any, now: datetime
    ) -> None:
        other = placed(people["sari"], accounts["x"], "Jalan ditutup", wib(TUESDAY, "10.00"), now)
        for state in ("draft", "cancelled", "rejected"):
            Announcement.objects.filter(pk=other.pk).update(state=state)
            assert explain(wib(TUESDAY, "10.10"), "general", [accounts["x"]]) == []

    def test_slots_are_free_and_still_to_come(self, accounts: Any, people: Any, now: datetime) -> None:
        placed(people["sari"], accounts["x"], "Jalan ditutup", wib(TUESDAY, "16.10"), now)
        slots = free_slots(TUESDAY, "general", [accounts["x"]], wib(TUESDAY, "09.00"))
        assert [f"{one.astimezone(WIB):%H.%M}" for one in slots] == ["10.00", "12.30", "19.00"]

    def test_a_day_shows_its_bands_in_order(self) -> None:
        names = [band.name for band in bands(date(2026, 12, 25))]
        assert names == ["Hari Raya Natal", "Subuh", "Salat Jumat", "Asar", "Magrib", "Isya", "Jam tenang"]


def placed(author: Any, account: Any, title: str, at: datetime, now: datetime) -> Announcement:
    made = Announcement.objects.create(
        kind="service_notice",
        title=title,
        reference=f"KTG-{Announcement.objects.count():06}",
        slug=f"s-{Announcement.objects.count()}",
        author=author,
        created_at=now,
        changed_at=now,
        state="scheduled",
        publish_at=at,
    )
    made.targets.set([account])
    return made


class TestTooLate:
    def delivery(self, content_class: str, due_at: datetime, act: str = Act.PUBLISH) -> Delivery:
        announcement = Announcement(kind="gone", content_class=content_class)
        return Delivery(announcement=announcement, due_at=due_at, act=act)

    def test_what_is_a_little_late_goes_out_and_the_rest_is_asked_about(self, now: datetime) -> None:
        assert too_late(self.delivery("event", now - timedelta(minutes=60)), now) == ""
        said = too_late(self.delivery("event", now - timedelta(minutes=61)), now)
        assert "Terlambat 61 menit (batasnya 60 menit)" in said
        assert too_late(self.delivery("event", now + timedelta(days=1)), now) == ""
        assert "3 hari" in too_late(self.delivery("something", now - timedelta(days=3)), now)
        assert "5 jam" in too_late(self.delivery("greeting", now - timedelta(hours=5, minutes=9)), now)

    def test_a_correction_is_never_too_late(self, now: datetime) -> None:
        for act in (Act.CORRECT, Act.RETRACT):
            assert too_late(self.delivery("event", now - timedelta(days=9), act), now) == ""


class TestTheFile:
    def changed(self, *path: str, to: object) -> dict[str, Any]:
        table: dict[str, Any] = copy.deepcopy(configured.CALENDAR)
        inner = table
        for name in path[:-1]:
            inner = inner[name]
        inner[path[-1]] = to
        return table

    def test_what_is_shipped_can_be_used(self) -> None:
        assert checked(configured.CALENDAR) is configured.CALENDAR
        assert place(configured.CITY) is configured.CITY

    @pytest.mark.parametrize(
        ("path", "value", "said"),
        [
            (["quiet", "start"], "9 malam", r"\[quiet\] start = '9 malam'"),
            (["quiet", "end"], "21:00", "berbeda dari start"),
            (["quiet", "level"], {"emergency": "refuse"}, "kelas isi yang dikenal"),
            (["friday", "level"], {"event": "stop"}, '"refuse" atau "warn"'),
            (["quiet"], "21:00", "harus sebuah tabel"),
            (["prayer", "fajr_angle"], 90, "angka 10 sampai dengan 25"),
            (["moments", "proclamation", "day"], 32, "harus hari yang ada"),
            (["moments", "proclamation"], 17, "harus sebuah tabel"),
            (["holidays", "country"], "Indonesia", "kode negara"),
            (["holidays", "joint_leave"], {"24 Desember": "Cuti"}, "tulis 2027-03-09"),
            (["work", "days"], [0], "bilangan 1 sampai dengan 7"),
            (["slots", "times"], ["7"], "jam seperti"),
            (["collision", "minutes"], -1, "angka 0"),
            (["series", "lead"], True, "angka 1"),
            (["overdue", "event"], "1 jam", r"\[overdue\] event"),
        ],
    )
    def test_a_value_that_cannot_be_used_is_named(self, path: list[str], value: object, said: str) -> None:
        with pytest.raises(ImproperlyConfigured, match=said):
            checked(self.changed(*path, to=value))

    @pytest.mark.parametrize("value", ["selatan", 91, None, True])
    def test_a_place_off_the_globe_is_named(self, value: object) -> None:
        with pytest.raises(ImproperlyConfigured, match="latitude"):
            place({"latitude": value, "longitude": 0})
