"""Drift: the measures are right, alarms are raised and end, and too little data is no alarm."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from classifiers.core.shift import (
    BOXES,
    Limits,
    Stretch,
    compare,
    distance,
    distribution,
    variation,
)
from classifiers.drift import look, stretch
from classifiers.models import DriftReport, Review, Verdict
from engine.watch import watch
from ledger.models import Event
from monitor.models import Alarm, Mention, Source

LIMITS = Limits(least=100, rate=2.5, confidence=0.08, words=0.05, kinds=0.2, topics=0.3, overrides=0.12)
WORDS = distribution(["jalan rusak di jatiasih", "lampu mati di kranji"])
USUAL = Stretch(
    days=28,
    mentions=2800,
    confidence=0.85,
    words=WORDS,
    kinds={"complaint": 900, "other": 1900},
    topics={"sampah": 500, "jalan_trotoar": 400},
    units={"Jatiasih": 300, "Kranji": 300},
    reviewed=400,
    overridden=60,
)
WEEK = replace(USUAL, days=7, mentions=700, reviewed=100, overridden=15)


def beyond(now: Stretch, before: Stretch = USUAL) -> set[str]:
    return {one.name for one in compare(before, now, WORDS, LIMITS) if one.beyond}


def test_a_usual_week_raises_nothing() -> None:
    assert beyond(WEEK) == set()


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"mentions": 2000}, "rate"),
        ({"mentions": 250}, "rate"),
        ({"confidence": 0.7}, "confidence"),
        ({"words": distribution(["vaksin antre puskesmas obat habis"])}, "words"),
        ({"kinds": {"complaint": 600, "other": 100}}, "kinds"),
        ({"topics": {"banjir_drainase": 600, "sampah": 100}}, "topics"),
        ({"units": {"Bantargebang": 600}}, "units"),
        ({"overridden": 40}, "overrides"),
    ],
)
def test_each_shift_is_named_alone(changes: dict[str, Any], name: str) -> None:
    assert beyond(replace(WEEK, **changes)) == {name}


def test_a_few_mentions_say_nothing() -> None:
    found = compare(USUAL, replace(WEEK, mentions=20, reviewed=3, confidence=0.1), WORDS, LIMITS)
    assert {one.name for one in found if one.value is not None} == {"rate"}  # fewer than before is a fact
    assert all(not one.beyond for one in compare(replace(USUAL, mentions=5), WEEK, WORDS, LIMITS))
    assert all("belum cukup data" in one.sentence for one in found if one.value is None)


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4), st.lists(st.floats(0, 1), min_size=4, max_size=4))
@example([0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 5e-324, 1.0])  # half of the smallest float is 0
def test_the_distance_of_two_distributions_lies_between_0_and_1(one: list[float], other: list[float]) -> None:
    if sum(one) < 0.01 or sum(other) < 0.01:
        return
    apart = distance(one, other)
    assert apart is not None
    assert -1e-9 <= apart <= 1 + 1e-9
    assert distance(one, one) == pytest.approx(0, abs=1e-6)
    assert apart == pytest.approx(distance(other, one), abs=1e-9)


def test_distributions_with_nothing_in_common_are_1_apart() -> None:
    assert distance([1.0, 0.0], [0.0, 1.0]) == pytest.approx(1)
    assert variation({"a": 3}, {"b": 5}) == 1
    assert variation({"a": 3, "b": 3}, {"a": 5, "b": 5}) == 0
    assert (variation({}, {"b": 5}), distance([], [1.0])) == (None, None)


def test_a_distribution_keeps_shares_of_boxes_and_no_words() -> None:
    assert len(WORDS) == BOXES
    assert sum(WORDS) == pytest.approx(1, abs=1e-4)
    assert distribution(["", "  "]) == []


# --- in the tables


@pytest.fixture
def month(accounts: Any, people: Any, now: Any) -> None:
    """Five weeks: like before in all, until the last one, in which people write of something else."""
    source = Source.objects.filter(account=accounts["x"]).first()
    for number in range(500):
        at = now - timedelta(days=35) + timedelta(days=35) * number / 500
        new = at >= now - timedelta(days=7)
        text = (
            f"puskesmas antre vaksin habis nomor {number}" if new else f"jalan rusak berlubang nomor {number}"
        )
        mention = Mention.objects.create(
            channel="x", external_id=f"m{number}", source=source, text=text, heard_at=at, unjudged=False
        )
        verdict = Verdict.objects.create(
            mention=mention,
            kind="complaint" if number % 3 or new else "other",
            probability=0.6 if new else 0.9,
            decision="review",
            topic="kesehatan" if new else "jalan_trotoar",
            at=at,
        )
        if number % 4 == 0:
            Review.objects.create(verdict=verdict, reviewer=people["wati"], kind="complaint", at=at)


@pytest.mark.django_db
def test_a_stretch_counts_what_was_judged_and_reviewed(month: None, now: Any) -> None:
    last = stretch(now - timedelta(days=7), now)
    assert (last.mentions, last.reviewed, last.overridden) == (100, 25, 0)
    assert last.confidence == pytest.approx(0.6)
    assert last.kinds == {"complaint": 100}
    assert last.days == 7


@pytest.mark.django_db
def test_a_look_keeps_a_report_and_raises_alarms_that_end(month: None, now: Any) -> None:
    report = look(now)
    named = {one["name"] for one in report.measured if one["beyond"]}
    assert {"confidence", "words", "kinds", "topics"} <= named
    assert "rate" not in named
    assert Alarm.objects.filter(family="model", ended_at__isnull=True).count() == report.alarms
    assert Event.objects.filter(kind="model.drifted").exists()
    look(now)  # again on the same day: one report
    assert DriftReport.objects.count() == 1
    look(now + timedelta(days=60))  # nothing was heard since: nothing to compare
    assert not Alarm.objects.filter(family="model", ended_at__isnull=True).exclude(key="drift:rate").exists()


@pytest.mark.django_db
def test_the_clock_looks_once_a_day(now: Any) -> None:
    watch(now)
    watch(now + timedelta(hours=3))
    assert DriftReport.objects.count() == 1
    watch(now + timedelta(hours=25))
    assert DriftReport.objects.count() == 2
