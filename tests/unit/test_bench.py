"""The benches' own arithmetic; nothing here is timed."""

import json

import pytest

from tests.bench.cases import compared, problems
from tests.bench.hearer import digest
from tests.bench.hearing import FLAT_MB, Held, flatness, summary
from tests.bench.world import mentions

pytestmark = pytest.mark.once


class Five:
    """A town that holds five posts."""

    def get(self, path: str) -> dict[str, str]:
        return {f"b{n}": str(n) for n in range(5)}


def test_memory_is_flat_when_the_last_quarter_lies_near_the_second() -> None:
    begins = [60.0, 90.0, 100.0, 101.0]  # what grows while it starts does not count
    level = flatness([*begins, 101.0, 102.0, 103.0, 101.0, 101.0, 102.0, 100.0, 101.0])
    assert level["flat"] is True
    assert level["growth_mb"] == 0.0
    assert level["peak_mb"] == 103.0


def test_memory_that_grows_steadily_is_not_flat() -> None:
    assert flatness([100.0 + n for n in range(100)])["flat"] is False
    assert flatness([100.0 + n * FLAT_MB / 60 for n in range(100)])["flat"] is True  # 50 samples apart


def test_too_few_looks_at_the_memory_prove_nothing() -> None:
    assert flatness([100.0, 100.0])["flat"] is False


def test_a_missed_a_doubled_and_a_foreign_row_are_all_told() -> None:
    held = Held(Five())  # type: ignore[arg-type]  # it is asked for its ids only
    good = [str(n) for n in range(5)]
    assert held.differs("sqlite", 5, digest(reversed(good))) == []
    for wrong in (good[:4], [*good, "4"], [*good[:4], "9"], [*good[:4], "3"]):
        assert held.differs("sqlite", len(wrong), digest(wrong))


def test_the_last_line_has_medians_and_ratios() -> None:
    rates = {"drain": [9.0], "twarc": [8.0, 4.0, 2.0], "sqlite": [1.0, 2.0, 30.0], "postgres": [1.0]}
    report = summary(100, rates, {"mentions": 9, "sqlite": {"flat": True}}, [])
    assert (report["twarc_per_s"], report["sqlite_per_s"], report["sqlite_ratio"]) == (4.0, 2.0, 0.5)
    assert report["postgres_ratio"] == 0.25
    assert report["ok"] is True
    json.dumps(report)


def test_memory_that_rises_or_a_row_that_is_missing_is_not_ok() -> None:
    rates = {"drain": [9.0], "sqlite": [1.0]}
    assert summary(1, rates, {"sqlite": {"flat": False}}, [])["ok"] is False
    report = summary(1, rates, {}, ["sqlite: 4 rows for 5 posts"])
    assert (report["ok"], report["twarc_per_s"], report["sqlite_ratio"]) == (False, None, None)


def test_the_mentions_of_a_bench_are_all_different_posts_in_order_of_time() -> None:
    rows = list(mentions(200))
    assert len({row["id"] for row in rows}) == len({row["created_at"] for row in rows}) == 200
    assert [row["created_at"] for row in rows] == sorted(row["created_at"] for row in rows)
    assert len({row["text"] for row in rows}) == 190  # one in twenty repeats the one before it


def test_a_page_is_too_slow_by_its_95th_percentile_or_by_its_growth() -> None:
    quick, slow = [(10.0, 5.0)] * 19 + [(60.0, 9.0)], [(30.0, 8.0)] * 18 + [(130.0, 9.0)] * 2
    pages = compared({"list": quick, "case": quick}, {"list": slow, "case": quick})
    assert pages["list"]["p95_ms"] == 130.0
    assert pages["list"]["growth"] == round(130 / 60, 2)
    assert (pages["case"]["growth"], pages["case"]["work_p50_ms"]) == (1.0, 5.0)
    assert problems("sqlite", pages) == ["sqlite list: p95 130.0 ms", "sqlite list: grows 2.17 times"]


def test_twice_of_next_to_nothing_is_no_growth() -> None:
    pages = compared({"list": [(4.0, 1.0)]}, {"list": [(12.0, 1.0)]})
    assert problems("postgres", pages) == []
