"""The calendar and the series in the desk: what is shown, what is moved, and why something is not."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from desk.agenda import days, hours
from desk.series_sheet import plan_of, spoken_rule, stored, typed
from ledger.models import Person
from publisher import pause
from publisher.approval import approve
from publisher.kinds import kind_named
from publisher.models import Announcement, Delivery, Series
from publisher.newsroom import draft, submit
from publisher.recurrence import daily, monthly, weekly, yearly
from publisher.series import Plan, is_approved, make, make_due, series_hash
from publisher.wall import at, local_day

pytestmark = pytest.mark.django_db

WIB = ZoneInfo("Asia/Jakarta")
FIELDS = {"headline": "Layanan keliling", "body": "Bawa KK asli."}
#: A Wednesday far enough ahead of any clock that runs the tests, without a holiday near it.
DAY = date(2031, 11, 5)


def wib(clock: str, day: date = DAY) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), WIB)


@pytest.fixture
def desk(accounts: Any, people: dict[str, Person]) -> Any:
    """A window of one person by name."""

    def opened(name: str) -> Client:
        client = Client()
        client.force_login(people[name])
        return client

    return opened


@pytest.fixture
def scheduled(accounts: Any, people: Any) -> Announcement:
    now = timezone.now()
    made = draft("service_notice", FIELDS, people["sari"], now, [accounts["x"], accounts["feed"]])
    made = submit(made, people["sari"], now, wib("10:00"))
    return approve(made, people["budi"], now, version=made.version)


@pytest.fixture
def series(accounts: Any, people: Any) -> Series:
    plan = Plan("Layanan pekanan", FIELDS, [accounts["x"]], weekly(["wed"], time(9, 0)), DAY)
    return make("service_notice", plan, people["sari"], timezone.now())


def read(client: Client, view: str, day: date = DAY) -> str:
    answer = client.get(reverse("calendar"), {"tampilan": view, "tanggal": day.isoformat()})
    assert answer.status_code == 200
    return answer.content.decode()


class TestViews:
    @pytest.mark.parametrize("view", ["bulan", "minggu", "hari", "daftar"])
    def test_every_view_shows_time_title_channels_and_state(
        self, desk: Any, scheduled: Announcement, view: str
    ) -> None:
        page = read(desk("sari"), view)
        for shown in ("10.00", "Layanan keliling", "terjadwal", 'title="X"', 'title="Umpan'):
            assert shown in page

    def test_a_month_has_whole_weeks_and_one_chosen_day(self, desk: Any, scheduled: Announcement) -> None:
        page = read(desk("sari"), "bulan")
        assert "November 2031" in page
        assert len(re.findall(r'data-drop="\d{4}-\d\d-\d\d"', page)) == 35
        assert page.count('aria-current="date"') == 1
        assert "Rabu, 5 November 2031" in page

    def test_bands_of_prayer_quiet_hours_holidays_and_pauses_are_shown(
        self, desk: Any, people: Any, scheduled: Announcement
    ) -> None:
        friday = read(desk("sari"), "hari", DAY + timedelta(days=2))
        assert "Salat Jumat" in friday
        assert "Jam tenang" in friday
        assert "Magrib" in friday
        assert "Hari Raya Natal" in read(desk("sari"), "daftar", date(2031, 12, 20))
        now = timezone.now()
        pause.start(people["budi"], now, "Hari berkabung", "Wali Kota", classes=["event"])
        assert "Jeda: Hari berkabung" in read(desk("sari"), "minggu", local_day(now, "Asia/Jakarta"))

    def test_what_a_series_will_bring_is_shown_once_before_and_after_it_is_written(
        self, desk: Any, series: Series
    ) -> None:
        assert self.titles() == ["Layanan pekanan"]
        make_due(at(DAY, time(0), "Asia/Jakarta"))
        assert self.titles() == ["Layanan keliling"]

    def titles(self) -> list[str]:
        (day,) = days(DAY, 1, timezone.now())
        return [item.title for item in day.items]

    def test_quiet_hours_are_drawn_together_unless_something_stands_in_them(
        self, scheduled: Announcement
    ) -> None:
        now = timezone.now()
        assert [row.clock for row in hours(days(DAY, 1, now)) if not row.cells] == [
            "00.00–04.00",
            "21.00–00.00",
        ]
        Announcement.objects.update(publish_at=wib("22:30"))
        rows = {row.clock: row for row in hours(days(DAY, 1, now))}
        assert [item.title for item in rows["22.00"].cells[0].items] == ["Layanan keliling"]
        assert rows["22.00"].cells[0].shaded

    @pytest.mark.parametrize(
        "query", ["tampilan=tahun", "tanggal=besok", "tanggal=0001-01-01", "tanggal=9999-12-31", "x=1"]
    )
    def test_an_odd_address_shows_the_present_month(self, desk: Any, query: str) -> None:
        answer = desk("sari").get(f"{reverse('calendar')}?{query}")
        assert answer.status_code == 200
        assert 'class="month' in answer.content.decode()

    @pytest.mark.parametrize(("name", "status"), [("budi", 200), ("wati", 403), ("tono", 403), ("eka", 403)])
    def test_only_those_who_publish_read_it(self, desk: Any, name: str, status: int) -> None:
        for page in ("calendar", "series_list"):
            assert desk(name).get(reverse(page)).status_code == status


class TestMoving:
    def move(self, client: Client, row: Announcement, to: str, **more: str) -> Any:
        sent = {"publish_at": to, "kembali": "tampilan=minggu&tanggal=2031-11-05", **more}
        return client.post(reverse("calendar_move", args=[row.pk]), sent)

    def test_a_move_keeps_the_approval_and_takes_the_deliveries_along(
        self, desk: Any, scheduled: Announcement
    ) -> None:
        answer = self.move(desk("sari"), scheduled, "2031-11-06T14:30")
        assert answer.status_code == 302
        assert answer.url == "/kalender/?tampilan=minggu&tanggal=2031-11-05"
        scheduled.refresh_from_db()
        assert scheduled.publish_at == wib("14:30", date(2031, 11, 6))
        assert (scheduled.state, bool(scheduled.approved_hash)) == ("scheduled", True)
        assert {row.due_at for row in Delivery.objects.all()} == {scheduled.publish_at}

    def test_a_refused_move_says_why_and_what_would_do(
        self, desk: Any, scheduled: Announcement, settings: Any
    ) -> None:
        quiet = {**settings.CALENDAR["quiet"], "level": {"service": "refuse"}}
        settings.CALENDAR = {**settings.CALENDAR, "quiet": quiet}
        answer = self.move(desk("sari"), scheduled, "2031-11-05T22:00")
        page = answer.content.decode()
        assert answer.status_code == 422
        assert "Jam tenang 21.00–05.30" in page
        assert 'value="2031-11-06T05:30"' in page
        assert 'value="2031-11-05T22:00"' in page  # what was typed stays
        scheduled.refresh_from_db()
        assert scheduled.publish_at == wib("10:00")

    def test_what_is_only_warned_of_is_moved_and_told(self, desk: Any, scheduled: Announcement) -> None:
        client = desk("sari")
        assert self.move(client, scheduled, "2031-11-05T22:00").status_code == 302
        page = client.get(reverse("calendar")).content.decode()
        assert "dipindah ke" in page
        assert "Jam tenang 21.00–05.30" in page

    @pytest.mark.parametrize("to", ["", "besok", "2031-11-05", "2020-01-01T10:00", "9999-99-99T99:99"])
    def test_a_time_that_is_none_or_has_passed_is_refused_with_a_sentence(
        self, desk: Any, scheduled: Announcement, to: str
    ) -> None:
        answer = self.move(desk("budi"), scheduled, to)
        assert answer.status_code == 422
        assert "Tidak dipindah" in answer.content.decode()

    def test_what_has_begun_is_not_moved(self, desk: Any, scheduled: Announcement) -> None:
        Delivery.objects.filter(account__key="x").update(state="sending")
        answer = self.move(desk("sari"), scheduled, "2031-11-06T14:30")
        assert answer.status_code == 422
        assert "sudah mulai tayang" in answer.content.decode()

    def test_in_a_city_that_changes_its_clocks_a_missing_hour_is_refused_and_a_double_one_chosen(
        self, desk: Any, scheduled: Announcement, settings: Any
    ) -> None:
        settings.CITY = {**settings.CITY, "timezone": "Europe/Berlin"}
        missing = self.move(desk("sari"), scheduled, "2032-03-28T02:30")
        assert missing.status_code == 422
        assert "02.30 tidak ada" in missing.content.decode()
        asked = self.move(desk("sari"), scheduled, "2032-10-31T02:30")
        assert asked.status_code == 422
        assert "terjadi dua kali" in asked.content.decode()
        assert 'name="kedua"' in asked.content.decode()
        assert self.move(desk("sari"), scheduled, "2032-10-31T02:30", kedua="1").status_code == 302
        scheduled.refresh_from_db()
        assert scheduled.publish_at == datetime(2032, 10, 31, 1, 30, tzinfo=UTC)

    def test_the_page_without_scripts_offers_free_times(self, desk: Any, scheduled: Announcement) -> None:
        page = desk("sari").get(reverse("calendar_move", args=[scheduled.pk])).content.decode()
        assert "Pindahkan ke…" in page
        assert 'value="2031-11-05T12:30"' in page
        assert "onclick" not in page

    def test_who_may_only_read_sees_no_way_to_move(self, desk: Any, scheduled: Announcement) -> None:
        assert self.move(desk("wati"), scheduled, "2031-11-06T14:30").status_code == 403
        assert "data-move=" in read(desk("sari"), "bulan")

    def test_an_address_to_go_back_to_is_only_one_of_the_calendar(
        self, desk: Any, scheduled: Announcement
    ) -> None:
        answer = self.move(desk("sari"), scheduled, "2031-11-06T14:30", kembali="//contoh.id/")
        assert answer.url.startswith("/kalender/?tampilan=bulan")


FORM = {
    "title": "Layanan pekanan",
    "rhythm": "mingguan",
    "weekdays": ["wed", "fri"],
    "clock": "09:30",
    "starts_on": "2031-11-05",
    "ends_on": "",
    "on_holiday": "skip",
    "isi_headline": "Layanan keliling",
    "isi_body": "Bawa KK asli.\r\nGratis.",
    "targets": ["x", "feed"],
    "tindakan": "simpan",
}


class TestSeriesPages:
    def test_a_series_is_looked_at_first_and_then_made(self, desk: Any) -> None:
        client, address = desk("sari"), reverse("series_begin", args=["service_notice"])
        assert "Sepuluh kali berikutnya" in client.get(address).content.decode()
        looked = client.post(address, {**FORM, "tindakan": "lihat"}).content.decode()
        assert "Rabu, 5 November 2031" in looked
        assert Series.objects.count() == 0
        made = client.post(address, FORM)
        row = Series.objects.get()
        assert made.url == reverse("series", args=[row.pk])
        assert row.rule == {"day_of_week": "wed,fri", "hour": "9", "minute": "30"}
        assert row.fields["body"] == "Bawa KK asli.\nGratis."
        page = client.get(made.url).content.decode()
        assert "setiap Rabu, Jumat pukul 09.30" in page
        assert page.count("Lewati") == 10

    def test_what_is_missing_is_named_and_what_was_typed_stays(self, desk: Any) -> None:
        bad = {**FORM, "title": "", "weekdays": [], "targets": [], "clock": "pagi", "starts_on": "2031-02-30"}
        answer = desk("sari").post(reverse("series_begin", args=["service_notice"]), bad)
        page = answer.content.decode()
        assert answer.status_code == 422
        assert "Pilih paling sedikit satu hari." in page
        assert "Tanggalnya tidak ada di kalender" in page
        assert "Bawa KK asli." in page
        wrong = desk("sari").post(reverse("series_begin", args=["service_notice"]), {**FORM, "clock": "pagi"})
        assert "isi satu jam" in wrong.content.decode()

    def test_an_emergency_is_not_offered_and_no_series(self, desk: Any) -> None:
        page = desk("sari").get(reverse("series_new")).content.decode()
        assert "Pemberitahuan layanan" in page
        assert "/emergency/" not in page
        assert desk("sari").get(reverse("series_begin", args=["tidak_ada"])).status_code == 404

    def test_the_words_of_an_announcement_are_taken_over(self, desk: Any, scheduled: Announcement) -> None:
        address = reverse("series_begin", args=["service_notice"])
        page = desk("sari").get(f"{address}?dari={scheduled.pk}").content.decode()
        assert "Bawa KK asli." in page
        assert desk("sari").get(f"{address}?dari=abc").status_code == 200

    def test_budi_approves_it_and_withdraws_it_again(self, desk: Any, series: Series) -> None:
        address = reverse("series_approve", args=[series.pk])
        stale = desk("budi").post(address, {"seen": "lain"})
        assert stale.status_code == 422
        assert "baca lagi" in stale.content.decode()
        assert desk("budi").post(address, {"seen": series_hash(series)}).status_code == 302
        series.refresh_from_db()
        assert is_approved(series)
        assert "disetujui" in desk("budi").get(reverse("series", args=[series.pk])).content.decode()
        assert desk("sari").post(address, {"seen": series_hash(series)}).status_code == 403
        desk("budi").post(address, {"tindakan": "cabut"})
        series.refresh_from_db()
        assert not is_approved(series)

    def test_one_day_is_left_out_and_put_back(self, desk: Any, series: Series) -> None:
        client, address = desk("sari"), reverse("series_leave_out", args=[series.pk])
        client.post(address, {"day": "2031-11-12"})
        series.refresh_from_db()
        assert series.exceptions == ["2031-11-12"]
        assert "Rabu, 12 November 2031" in client.get(reverse("series", args=[series.pk])).content.decode()
        client.post(address, {"day": "2031-11-12", "tindakan": "kembalikan"})
        series.refresh_from_db()
        assert series.exceptions == []
        assert client.post(address, {"day": ""}).status_code == 422

    def test_one_occurrence_is_written_ahead_to_be_changed_alone(self, desk: Any, series: Series) -> None:
        client, address = desk("sari"), reverse("series_write_one", args=[series.pk])
        answer = client.post(address, {"day": "2031-11-12"})
        row = Announcement.objects.get()
        assert answer.url == reverse("announcement", args=[row.pk])
        assert (row.occurrence_on, row.state) == (date(2031, 11, 12), "submitted")
        assert client.post(address, {"day": "2031-11-12"}).url == answer.url
        assert client.post(address, {"day": "2031-11-13"}).status_code == 422

    def test_all_following_are_changed_from_a_day_on(self, desk: Any, series: Series) -> None:
        client, address = desk("sari"), reverse("series_change", args=[series.pk])
        assert "Perubahan berlaku mulai" in client.get(address).content.decode()
        assert client.post(address, {**FORM, "since": ""}).status_code == 422
        answer = client.post(address, {**FORM, "since": "2031-11-19"})
        after = Series.objects.latest("pk")
        assert answer.url == reverse("series", args=[after.pk])
        series.refresh_from_db()
        assert (series.ends_on, after.starts_on) == (date(2031, 11, 18), date(2031, 11, 19))

    def test_an_ended_series_offers_nothing_more(self, desk: Any, series: Series) -> None:
        client = desk("sari")
        client.post(reverse("series_end", args=[series.pk]))
        page = client.get(reverse("series", args=[series.pk])).content.decode()
        assert "berakhir" in page
        assert "Ubah yang berikutnya" not in page
        assert "Tidak ada waktu lagi." in page
        assert client.post(reverse("series_end", args=[series.pk])).status_code == 422
        assert "berakhir" in client.get(reverse("series_list")).content.decode()


EIGHT = time(8, 0)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (daily(EIGHT), "setiap hari pukul 08.00"),
        (weekly(["mon", "thu"], EIGHT), "setiap Senin, Kamis pukul 08.00"),
        (monthly("15", EIGHT), "setiap tanggal 15 pukul 08.00"),
        (monthly("last", EIGHT), "setiap hari terakhir bulan pukul 08.00"),
        (monthly("2nd fri", EIGHT), "setiap Jumat kedua dalam bulan pukul 08.00"),
        (yearly(8, 17, EIGHT), "setiap 17 Agustus pukul 08.00"),
    ],
)
def test_a_rule_is_said_in_words_and_comes_back_from_its_form(
    rule: dict[str, str], said: str, series: Series
) -> None:
    assert spoken_rule(rule) == said
    series.rule = rule
    plan, wrong = plan_of(stored(series), DAY)
    assert (plan.rule, wrong) == (rule, {})


def test_english_wording_is_only_kept_where_there_is_some() -> None:
    from django.http import QueryDict

    kind = kind_named("service_notice")
    assert typed(kind, QueryDict("en_headline=+")).fields_en == {}
    assert typed(kind, QueryDict("en_headline=Water&isi_headline=Air")).fields_en["headline"] == "Water"
