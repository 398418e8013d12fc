"""What is measured of a judge, against counting by hand and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_recall_fscore_support, roc_auc_score

from classifiers.core import measure
from classifiers.core.kinds import Kind

pytestmark = pytest.mark.once

NAMES = [kind.value for kind in Kind]


def point(work: object, count: int) -> dict[str, float | None]:
    return {name: one["value"] for name, one in measure.with_interval(work, count, 0).items()}  # type: ignore[arg-type]  # every figure has this form


def ints(*values: int) -> measure.Ints:
    return np.array(values, dtype=np.intp)


def floats(*values: float) -> measure.Floats:
    return np.array(values, dtype=float)


def bools(*values: int) -> "np.typing.NDArray[np.bool_]":
    return np.array(values, dtype=bool)


def test_the_figures_of_the_kinds_are_those_counted_by_hand() -> None:
    truth, guess = ints(0, 0, 0, 1, 4, 4), ints(0, 0, 4, 1, 0, 4)
    found = point(measure.kind_figures(truth, guess, NAMES), 6)
    assert found["complaint.precision"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["complaint.recall"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["information_request.f1"] == 1
    assert found["other.f1"] == 0.5
    assert found["aspiration.f1"] is None  # nobody wished, and nobody was taken to wish
    assert found["macro_f1"] == pytest.approx((2 / 3 + 1 + 0.5) / 3, abs=1e-4)
    assert found["accuracy"] == pytest.approx(4 / 6, abs=1e-4)
    assert measure.confusion(truth, guess)[0].tolist() == [2, 0, 0, 0, 1]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60))
def test_the_figures_of_the_kinds_are_those_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    truth, guess = ints(*(pair[0] for pair in pairs)), ints(*(pair[1] for pair in pairs))
    found = point(measure.kind_figures(truth, guess, NAMES), len(pairs))
    theirs = precision_recall_fscore_support(truth, guess, labels=range(5), zero_division=np.nan)
    for number, name in enumerate(NAMES):
        for row, figure in enumerate(("precision", "recall", "f1")):
            ours = found[f"{name}.{figure}"]
            assert (np.nan if ours is None else ours) == pytest.approx(
                theirs[row][number], abs=1e-4, nan_ok=True
            )
    present = np.unique(truth)
    assert found["macro_f1"] == pytest.approx(
        f1_score(truth, guess, labels=present, average="macro"), abs=1e-4
    )


@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0])), min_size=2, max_size=60)
)
def test_the_area_is_that_of_scikit_learn_with_ties_and_weights(rows: list[tuple[bool, float]]) -> None:
    was, scores = bools(*(row[0] for row in rows)), floats(*(row[1] for row in rows))
    work = measure.ranking_figures(was, scores)
    (weight,) = measure.weights(len(rows), 1, seed=5)
    for each in (np.ones((1, len(rows))), weight):
        area = work(each)["auc"][0]
        drawn = each[0] > 0
        if was[drawn].all() or not was[drawn].any():
            assert np.isnan(area)
        else:
            assert area == pytest.approx(roc_auc_score(was, scores, sample_weight=each[0]))


def test_a_perfect_judge_is_perfect() -> None:
    truth = ints(*([0] * 20 + [1] * 10 + [2] * 10 + [3] * 10 + [4] * 50))
    certain = np.eye(5)[truth]
    kinds = measure.with_interval(measure.kind_figures(truth, truth, NAMES), 100, 200)
    assert kinds["macro_f1"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    complaint = point(measure.complaint_figures(truth == 0, truth == 0, certain[:, 0]), 100)
    assert (complaint["macro_f1"], complaint["auc"], complaint["recall_at_load_40"]) == (1, 1, 1)
    assert complaint["load_at_recall_95"] == 0.2  # all twenty have one score: they are read together
    assert measure.ece(certain.max(axis=1), truth == truth) == 0
    assert measure.brier(truth, certain) == 0
    assert measure.brier_complaint(truth == 0, certain[:, 0]) == 0


def test_a_judge_that_says_the_same_of_everything_is_useless() -> None:
    was = bools(*([1] * 20 + [0] * 80))
    found = point(measure.complaint_figures(was, np.ones(100, dtype=bool), np.full(100, 0.7)), 100)
    assert found["auc"] == 0.5
    assert found["load_at_recall_95"] == 1  # everything must be read
    assert found["recall_at_load_40"] == 0  # or nothing
    assert found["precision"] == 0.2
    assert measure.ece(np.full(100, 0.7), was) == pytest.approx(0.5)


def test_loads_by_ranking_are_those_counted_by_hand() -> None:
    was = bools(1, 0, 1, 0, 0, 0, 0, 0, 0, 0)
    scores = floats(0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0)
    found = point(measure.ranking_figures(was, scores), 10)
    assert (found["load_at_recall_95"], found["recall_at_load_40"]) == (0.3, 1.0)
    assert point(measure.ranking_figures(was, -scores), 10)["recall_at_load_40"] == 0
    assert found["auc"] == pytest.approx(15 / 16)


def test_loads_as_decided_are_those_counted_by_hand() -> None:
    was, out, asked = bools(1, 1, 1, 0, 0), bools(1, 0, 0, 1, 0), bools(0, 1, 0, 0, 0)
    found = point(measure.decided_figures(was, out, asked), 5)
    assert found == {
        "load": 0.6,
        "recall": pytest.approx(2 / 3, abs=1e-4),
        "forwarded": 0.4,
        "forward_precision": 0.5,
        "reviewed": 0.2,
    }


def test_the_same_resamples_are_drawn_on_every_run() -> None:
    truth, guess = ints(0, 1, 2, 3, 4, 0, 1), ints(0, 1, 2, 3, 0, 4, 1)
    work = measure.kind_figures(truth, guess, NAMES)
    once, again = (measure.with_interval(work, 7, 300) for _ in range(2))
    assert once == again
    low, high = once["accuracy"]["low"], once["accuracy"]["high"]
    assert low is not None
    assert high is not None
    assert low < 5 / 7 < high


def test_resamples_come_in_blocks_and_every_row_has_as_many_posts_as_there_are() -> None:
    blocks = list(measure.weights(50_000, 100))
    assert len(blocks) > 1
    assert sum(len(block) for block in blocks) == 100
    assert all((block.sum(axis=1) == 50_000).all() for block in blocks)


def test_an_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    dice = np.random.default_rng(3)
    held = 0
    for _ in range(60):
        was = np.ones(80, dtype=bool)
        said = dice.random(80) < 0.7
        one = measure.with_interval(measure.hit_figures(was, said), 80, 200)["recall"]
        held += one["low"] is not None and one["high"] is not None and one["low"] <= 0.7 <= one["high"]
    assert 50 <= held <= 60


def test_nothing_measured_is_unknown_and_not_zero() -> None:
    nobody = np.zeros(0, dtype=bool)
    found = measure.with_interval(measure.hit_figures(nobody, nobody), 0, 100)
    assert found["recall"] == {"value": None, "low": None, "high": None}
    complaint = measure.with_interval(measure.complaint_figures(nobody, nobody, np.zeros(0)), 0, 10)
    assert {one["value"] for one in complaint.values()} == {None}


def test_confidence_is_held_against_what_was_right_bin_by_bin() -> None:
    confidence, right = floats(0.95, 0.95, 0.95, 0.05, 1.0), bools(1, 1, 0, 0, 1)
    table = measure.reliability(confidence, right)
    assert [row["count"] for row in table] == [1, *[0] * 13, 4]
    assert (table[0]["right"], table[0]["confidence"]) == (0.0, 0.05)
    assert table[5]["right"] is None
    assert table[14]["right"] == 0.75
    expected = (0.05 + abs(3.85 - 3)) / 5
    assert measure.ece(confidence, right) == pytest.approx(expected)


def test_brier_is_the_squared_distance_to_the_truth() -> None:
    even = np.full((1, 5), 0.2)
    assert measure.brier(ints(0), even) == pytest.approx(0.8**2 + 4 * 0.2**2)
    assert measure.brier_complaint(bools(1, 0), floats(0.5, 0.5)) == 0.25


def test_leaving_the_doubtful_to_people_leaves_the_sure_ones() -> None:
    truth, guess = ints(*[0] * 10, *[4] * 10), ints(*[0] * 10, *[4] * 5, *[0] * 5)
    confidence = floats(*[0.9] * 15, *[0.4] * 5)
    rows = measure.abstention(truth, guess, confidence, NAMES)
    assert [row["coverage"] for row in rows][:3] == [1.0, 0.95, 0.9]
    assert rows[0]["accuracy"] == 0.75
    assert rows[5] == {"coverage": 0.75, "n": 15, "accuracy": 1.0, "macro_f1": 1.0, "complaint_macro_f1": 1.0}
    assert rows[-1]["coverage"] == 0.5


def test_shares_are_shares() -> None:
    found = point(measure.share_figures(top1=bools(1, 0, 0, 1), top3=bools(1, 1, 1, 1)), 4)
    assert found == {"top1": 0.5, "top3": 1.0}
