"""What everybody may see: figures that are right, small numbers that are hidden, and rows that point at nobody."""

import csv
import hashlib
import io
import itertools
import json
import re
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median as true_median
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import figures, open_data
from cases.models import Case, Clock, State
from cases.open_data import Record, rarest
from channels.models import Account
from city.gazetteer import places
from city.models import Unit
from desk import charts
from monitor.models import Mention, Source

pytestmark = pytest.mark.django_db

#: A Tuesday, 10.00 WIB.
NOW = datetime.fromisoformat("2026-11-24T03:00:00+00:00")
JATIRASA = next(one.code for one in places() if one.name == "Jatirasa")
_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _town(db: None, settings: Any, tmp_path: Path) -> None:
    cache.clear()
    settings.KENTONGAN_HOME = tmp_path
    account = Account.objects.create(key="x", channel="x", name="X @pemkot")
    Source.objects.create(account=account, kind="mention")


def unit(key: str = "dbmsda", sort: str = "agency") -> Unit:
    made, _new = Unit.objects.get_or_create(
        key=key, defaults={"name": f"Dinas {key}", "short": key, "sort": sort, "valid_from": "2020-01-01"}
    )
    return made


def a_case(opened: datetime = NOW - timedelta(days=8), **fields: Any) -> Case:
    number = next(_numbers)
    mention = Mention.objects.create(
        channel="x",
        external_id=f"f{number}",
        source=Source.objects.get(),
        text="Kata-kata rahasia warga",
        author="@dewi_lestari",
        heard_at=opened,
        unjudged=False,
        restricted_at=fields.pop("restricted_at", None),
    )
    made: Case = Case.objects.create(
        **{
            "number": f"BKS-2026-{number:06d}",
            "mention": mention,
            "kind": "complaint",
            "topic": "sampah",
            "area": JATIRASA,
            "opened_at": opened,
            "changed_at": opened,
            **fields,
        }
    )
    return made


# --- Figures ----------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 30), min_size=1))
def test_the_median_of_counted_values_is_the_median(values: list[int]) -> None:
    assert figures.median(Counter(values)) == true_median(values)


def test_the_median_counts_working_days_only() -> None:
    friday = datetime.fromisoformat("2026-11-13T03:00:00+00:00")
    for _case in range(5):
        a_case(friday, unit=unit(), answered_at=friday + timedelta(days=4), state=State.ANSWERED)  # Tuesday
    (row,) = figures.reckon(NOW).response
    assert (row.name, row.value, row.count) == ("Dinas dbmsda", 2.0, 5)


def test_fewer_than_five_are_hidden_and_none_is_none() -> None:
    for _case in range(4):
        a_case(unit=unit(), answered_at=NOW - timedelta(days=7), state=State.ANSWERED)
    found = figures.reckon(NOW)
    assert found.response[0].value is None
    assert found.topics[0].count is None
    counts = {row.key: row.count for row in found.areas}
    assert counts.pop(JATIRASA) is None
    assert set(counts.values()) == {0}
    assert len(counts) == 55


def test_the_share_on_time_counts_what_is_over_and_leaves_out_the_house_s_own_targets() -> None:
    case = a_case(unit=unit())
    for number in range(25):
        Clock.objects.create(
            subject=f"case:{number + 1000}",
            case=case,
            rule="urc_soon" if number == 0 else "completion",
            version="1",
            citation="x",
            round=number + 1,
            started_at=NOW - timedelta(days=9),
            due_at=NOW - timedelta(days=1) if number < 10 else NOW + timedelta(days=1),
            outcome=["met", "missed", "running"][0 if number < 5 else 1 if number < 8 else 2],
        )
    (row,) = figures.reckon(NOW).on_time
    # 4 met (one is the house's own); 3 missed; 2 run and are over; those that still have time do not count.
    assert row.count is None  # 4 or 5 of 9: too few to tell


def test_whoever_asked_not_to_be_used_is_in_no_figure() -> None:
    for _case in range(6):
        a_case(restricted_at=NOW)
    assert figures.reckon(NOW).topics == []


def test_the_weeks_are_whole_and_twelve() -> None:
    for _case in range(6):
        a_case(
            answered_at=datetime.fromisoformat("2026-11-22T16:59:00+00:00"), state=State.ANSWERED
        )  # Sunday 23.59
    weeks = figures.reckon(NOW).weeks
    assert len(weeks) == 12
    assert (weeks[-1].key, weeks[-1].count) == ("2026-11-16", 6)


def test_figures_are_reckoned_once_an_hour(django_assert_num_queries: Any) -> None:
    first = figures.figures(NOW)
    with django_assert_num_queries(0):
        assert figures.figures(NOW) == first


# --- The page ---------------------------------------------------------------------------------------


def test_the_page_carries_nothing_inline_that_its_policy_forbids() -> None:
    for _case in range(6):
        a_case(unit=unit(), answered_at=NOW - timedelta(days=7), state=State.ANSWERED)
    cache.set("figures", figures.reckon(NOW))
    text = Client().get("/transparansi/").content.decode()
    assert text.count("<svg") > 3
    assert not re.search(r"<style|<script|\sstyle=|\son\w+=|javascript:", text)
    assert "dewi" not in text
    assert "rahasia" not in text


def test_every_chart_has_its_table_and_its_csv() -> None:
    for _case in range(3):
        a_case()
    cache.set("figures", figures.reckon(NOW))
    text = Client().get("/transparansi/").content.decode()
    assert "kurang dari 5" in text
    for name in ("response", "on_time", "topics", "areas", "weeks"):
        answer = Client().get(f"/transparansi/{name}.csv")
        assert answer.status_code == 200
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert len(rows[0]) >= 2
    assert Client().get("/transparansi/lain.csv").status_code == 404


def test_every_kelurahan_has_a_tile_of_its_own() -> None:
    rows = figures.reckon(NOW).areas
    made, _wide, _high = charts.tiles(rows, 5)
    assert {one.code for one in made} == {one.code for one in places() if one.level == "kelurahan"}
    assert len({(one.x, one.y) for one in made}) == 56


@given(
    st.lists(
        st.builds(
            charts.Bar,
            st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60),
            st.none() | st.floats(0, 1e6),
        ),
        max_size=12,
    )
)
@settings(max_examples=30, deadline=None)
def test_no_name_breaks_out_of_a_chart(rows: list[charts.Bar]) -> None:
    drawn = charts.bars(rows)
    assert set(re.findall(r"<([A-Za-z]+)", drawn)) <= {"svg", "g", "rect", "text", "path", "circle", "line"}
    assert not re.search(r"<[^>]*\s(?:style|on\w+|href)=", drawn)


# --- Open data --------------------------------------------------------------------------------------

_RECORDS = st.builds(
    Record,
    place=st.sampled_from(
        ["Jatiasih / Jatirasa", "Jatiasih / Jatiasih", "Jatiasih", "Bekasi Barat / Kranji", "Kota"]
    ),
    topic=st.sampled_from(["sampah", "banjir_drainase", "lain"]),
    week=st.sampled_from(["2026-11-16", "2026-11-09", "2026-09-28", "2026-02-02"]),
    gate=st.just("complaint"),
    state=st.sampled_from(["closed", "received"]),
    unit=st.sampled_from(["dbmsda", "kec_jatiasih", ""]),
    days_to_answer=st.sampled_from(["", "3"]),
    days_to_close=st.just(""),
)


@given(st.lists(_RECORDS, max_size=60), st.integers(1, 7))
@settings(max_examples=150, deadline=None)
def test_every_combination_that_is_given_away_stands_for_k_cases_and_nothing_is_lost_uncounted(
    rows: list[Record], k: int
) -> None:
    made = open_data.anonymise(rows, k)
    assert (rarest(made.rows) or k) >= k
    assert len(made.rows) + made.left_out == len(rows)
    assert Counter(row.state for row in made.rows) <= Counter(row.state for row in rows)


@given(st.lists(_RECORDS, min_size=5, max_size=40))
@settings(max_examples=60, deadline=None)
def test_a_coarsened_place_or_topic_is_not_told_again_by_the_unit(rows: list[Record]) -> None:
    unit("kec_jatiasih", "district")
    for row in open_data.anonymise(rows, 5).rows:
        assert row.place != "Kota" or row.unit != "kec_jatiasih" or row in rows
        assert row.topic != "semua" or row.unit == ""


def test_what_is_common_enough_keeps_its_kelurahan_and_week() -> None:
    for _case in range(5):
        a_case()
    (row,) = set(open_data.make(NOW).rows)
    assert (row.place, row.topic, row.week) == ("Jatiasih / Jatirasa", "sampah", "2026-11-16")


def test_the_files_hold_no_words_numbers_or_times_and_their_hashes_fit(tmp_path: Path) -> None:
    for number in range(12):
        a_case(NOW - timedelta(days=8, minutes=number), unit=unit(), answered_at=NOW, state=State.ANSWERED)
    call_command("open_data", tmp_path / "out", stdout=io.StringIO())
    about = json.loads((tmp_path / "out" / "keterangan.json").read_text("utf-8"))
    for name in ("kasus.csv", "kasus.json"):
        data = (tmp_path / "out" / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == about["sha256"][name]
        for secret in (b"rahasia", b"dewi", b"BKS-2026", b"T0", b":00"):
            assert secret not in data
    assert about["licence"] == "CC-BY-4.0"


def test_the_week_that_runs_is_not_given_away_yet() -> None:
    for _case in range(9):
        a_case(NOW - timedelta(hours=1))
    assert open_data.make(NOW).rows == []


def test_whoever_asked_not_to_be_used_is_not_given_away() -> None:
    for _case in range(9):
        a_case(restricted_at=NOW)
    assert open_data.make(NOW).rows == []


def test_the_nightly_files_are_written_once_and_can_be_fetched() -> None:
    for _case in range(5):
        a_case()
    assert open_data.look_after(NOW) == 5
    assert open_data.look_after(NOW + timedelta(minutes=1)) == 0
    answer = Client().get("/data-terbuka/kasus.csv")
    assert answer.status_code == 200
    assert b"Jatirasa" in b"".join(answer.streaming_content)
    for name in ("../secret.key", "secret.key", "kasus.csv.new"):
        assert Client().get(f"/data-terbuka/{name}").status_code == 404


def test_the_dictionary_explains_every_column() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "open-data.md").read_text("utf-8")
    for column in open_data.COLUMNS:
        assert f"`{column}`" in text
