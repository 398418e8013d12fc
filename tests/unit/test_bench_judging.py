"""The judging bench's own arithmetic and its posts; nothing here is timed."""

import json
from pathlib import Path

import pytest

from classifiers.core.split import groups
from tests.bench import posts
from tests.bench.judging import kept, pinned, summary

pytestmark = pytest.mark.once

QUALITY = {"fast_macro_f1": 0.7, "plain_macro_f1": 0.7, "learned": 10, "tested": 5}
MEMORY = {"bare_mb": 110.0, "fast_mb": 90.0}
START = {"classify": 2.0, "import": 1.0, "classify_cpu": 1.9, "import_cpu": 1.0}


def test_the_last_line_has_medians_and_ratios() -> None:
    rates = {"fast": [9.0, 10.0, 99.0], "plain": [5.0, 4.0, 6.0], "fasttext": [20.0]}
    report = summary(rates, QUALITY, MEMORY, START)
    assert (report["fast_per_s"], report["plain_per_s"], report["fast_to_plain"]) == (10.0, 5.0, 2.0)
    assert (report["fast_to_fasttext"], report["deep_per_s"], report["start_s"]) == (0.5, None, 1.0)
    assert report["start_cpu_s"] == 0.9
    assert report["ok"] == {"speed": True, "memory": True, "start": True, "quality": True, "deep": None}
    assert kept(report)
    json.dumps(report)


def test_only_what_was_promised_fails_the_bench() -> None:
    rates = {"fast": [10.0], "plain": [5.0], "deep": [299.0]}
    told = summary(rates, {**QUALITY, "fast_macro_f1": 0.6}, MEMORY, START)
    assert (told["ok"]["deep"], told["ok"]["quality"], kept(told)) == (False, False, True)
    for wrong in (
        summary({**rates, "plain": [5.1]}, QUALITY, MEMORY, START),
        summary(rates, QUALITY, {**MEMORY, "deep_mb": 200.0}, START),
        summary(rates, QUALITY, MEMORY, {**START, "classify": 2.5}),
    ):
        assert not kept(wrong)


def test_without_real_posts_the_seed_corpus_serves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KENTONGAN_SHARED", str(tmp_path))
    assert posts.real() is None
    learned, tested = posts.split(500)
    assert len(learned) == 500
    assert len(tested) > 300
    found = groups([one.text for one in [*learned, *tested]]).tolist()
    assert not set(found[:500]) & set(found[500:])
    many = posts.texts(6000)
    assert len(many) == len(set(many)) == 6000


def test_a_judge_has_as_many_threads_as_it_is_given(tmp_path: Path) -> None:
    env = pinned(1, tmp_path)
    assert {env[name] for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")} == {"1"}
    assert env["KENTONGAN_HOME"] == str(tmp_path)
