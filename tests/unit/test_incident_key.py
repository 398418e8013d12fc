"""Posts about one happening meet in a bucket; others do not."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from city.places import find, find_one
from classifiers.core.incident import content, incident_key, incident_keys, likeness, sketch
from classifiers.core.normal import normalise

pytestmark = pytest.mark.once

NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
HERE = find_one("banjir di jatiasih")


def test_two_posts_of_one_flood_share_a_bucket() -> None:
    other = find_one("kel. Jatiasih, Kec. Jatiasih terendam")
    left = incident_key("banjir_drainase", HERE, NOON)
    assert left == incident_key("banjir_drainase", HERE, NOON + timedelta(minutes=20))
    assert left is not None
    assert other.candidates


def test_a_kelurahan_that_bears_its_kecamatans_name_is_not_told_from_it() -> None:
    both = {
        incident_key("banjir_drainase", find_one(f"banjir {where}"), NOON)
        for where in ("Jatiasih", "kel. Jatiasih")
    }
    assert len(both) == 1
    assert both.isdisjoint({None, incident_key("banjir_drainase", find_one("banjir kel. Jatirasa"), NOON)})


@pytest.mark.parametrize(
    ("topic", "text", "hours"),
    [
        ("listrik", "mati lampu di jatiasih", 0),
        ("banjir_drainase", "banjir di jatibening", 0),
        ("banjir_drainase", "banjir di jatiasih", 30),
    ],
)
def test_another_matter_place_or_day_is_another_bucket(topic: str, text: str, hours: int) -> None:
    assert incident_key(topic, find_one(text), NOON + timedelta(hours=hours)) != incident_key(
        "banjir_drainase", HERE, NOON
    )


@pytest.mark.parametrize(
    ("topic", "text"),
    [
        (None, "di jatiasih"),
        ("lain", "di jatiasih"),
        ("listrik", "mati lampu"),
        ("listrik", "mati lampu bekasi"),
    ],
)
def test_without_topic_or_place_there_is_no_bucket(topic: str | None, text: str) -> None:
    assert incident_key(topic, find_one(text), NOON) is None


def test_a_time_without_zone_has_no_bucket() -> None:
    assert incident_key("listrik", find_one("di jatiasih"), datetime(2026, 1, 1)) is None  # noqa: DTZ001 – that is the test


def test_a_long_road_has_its_own_bucket() -> None:
    key = incident_key("lalu_lintas_parkir", find_one("macet di kalimalang bekasi"), NOON)
    assert key is not None
    assert "noer-ali" in key


@given(st.integers(0, 10**6), st.integers(0, 5 * 3600))
def test_posts_less_than_half_a_window_apart_always_meet(start: int, apart: int) -> None:
    first = incident_keys("banjir_drainase", HERE, NOON + timedelta(seconds=start))
    second = incident_keys("banjir_drainase", HERE, NOON + timedelta(seconds=start + apart))
    assert first
    assert second
    assert {first.main, first.near} & {second.main, second.near}


def test_the_zone_does_not_matter() -> None:
    jakarta = NOON.astimezone(timezone(timedelta(hours=7)))
    assert incident_key("listrik", HERE, NOON) == incident_key("listrik", HERE, jakarta)


def test_like_words_are_alike() -> None:
    texts = normalise(
        [
            "pohon besar tumbang menutup jalan depan sekolah jatiasih",
            "pohon gede tumbang nutup jalan dpn sekolah jatiasih min",
            "antrean paspor lama sekali petugas kurang",
            "",
        ]
    )
    sketches = sketch(texts)
    assert sketches.shape == (4, 32)
    near = likeness(sketches[0], sketches)
    assert near[0] == 1.0
    assert near[1] > 0.4
    assert near[2] < 0.2
    assert near[3] == 0.0
    assert np.array_equal(sketch(texts), sketches)


@given(st.lists(st.text(), max_size=3))
def test_any_text_has_a_sketch(texts: list[str]) -> None:
    assert sketch(texts).shape == (len(texts), 32)
    assert all(isinstance(content(text), frozenset) for text in texts)
    assert len(find(texts)) == len(texts)
