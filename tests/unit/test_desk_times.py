"""Times as people say them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation

from desk import times

#: 10.00 in Bekasi.
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("apart", "said"),
    [
        (timedelta(seconds=-20), "baru saja"),
        (timedelta(seconds=20), "sebentar lagi"),
        (timedelta(minutes=-3), "3 menit lalu"),
        (timedelta(minutes=12), "dalam 12 menit"),
        (timedelta(hours=4), "hari ini 14.00"),
        (timedelta(hours=22), "besok 08.00"),
        (timedelta(hours=-15), "kemarin 19.00"),
        (timedelta(days=5), "29 Nov 10.00"),
        (timedelta(days=60), "23 Jan 2027 10.00"),
    ],
)
def test_a_moment_is_said_as_people_say_it(apart: timedelta, said: str) -> None:
    assert times.spoken(NOW + apart, NOW) == said


def test_the_exact_time_names_the_citys_zone() -> None:
    assert times.exact(NOW) == "24 Nov 2026 10.00.00 WIB"
    assert 'title="24 Nov 2026 10.00.00 WIB"' in times.when(NOW)
    assert times.when(None) == "–"


def test_a_typed_time_is_meant_in_the_citys_zone() -> None:
    assert times.from_input("2026-11-24T10:00") == NOW
    assert times.for_input(NOW) == "2026-11-24T10:00"
    assert times.from_input("besok") is None


def test_numbers_and_dates_follow_the_language_of_the_page() -> None:
    assert times.number(12345) == "12.345"
    assert times.long_date(NOW) == "Selasa, 24 November 2026"
    with translation.override("en"):
        assert times.number(12345) == "12,345"
        assert times.long_date(NOW) == "Tuesday, November 24, 2026"
    assert times.percent(0.824) == "82%"
    assert times.percent(None) == "–"
