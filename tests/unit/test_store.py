"""A model file gives back what was put in, and nothing in it is ever run."""

import io
import pickle

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from classifiers.core.store import pack, unpack

pytestmark = pytest.mark.once


def test_what_was_packed_comes_back() -> None:
    content = {
        "format": 2,
        "half": np.arange(6, dtype=np.float16).reshape(2, 3),
        "names": np.array(["sampah", "lain"]),
        "nothing": None,
        "cuts": {"mention": [[0.95, 0.1, 0.4]]},
        "yes": True,
    }
    found = unpack(pack(content))
    assert found.keys() == content.keys()
    assert found["half"].dtype == np.float16
    assert found["half"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["names"].tolist() == ["sampah", "lain"]
    assert (found["nothing"], found["cuts"], found["yes"]) == (None, {"mention": [[0.95, 0.1, 0.4]]}, True)
    assert pack(found) == pack(content)


@pytest.mark.parametrize("kinds", [2, 5])
def test_a_logistic_regression_judges_as_before(kinds: int) -> None:
    dice = np.random.default_rng(1)
    posts, truth = dice.normal(size=(60, 4)), np.arange(60) % kinds
    made = LogisticRegression(C=0.3).fit(posts, truth)
    (found,) = unpack(pack([made]))
    assert np.array_equal(found.predict_proba(posts), made.predict_proba(posts))
    assert np.array_equal(found.decision_function(posts), made.decision_function(posts))


@pytest.mark.parametrize("wrong", [object(), {1: 2}, {"\u0000array": "a0"}, np.array([object()]), {1, 2}])
def test_what_cannot_be_kept_is_refused_when_it_is_written(wrong: object) -> None:
    with pytest.raises(TypeError, match="a model file cannot hold"):
        pack({"x": wrong} if not isinstance(wrong, dict) else wrong)


def test_a_broken_or_foreign_file_is_a_sentence_and_a_pickle_is_not_opened() -> None:
    pickled = io.BytesIO()
    np.savez(pickled, contents=np.array([{"a": 1}], dtype=object))
    whole = pack({"a": np.arange(100)})
    for wrong in (
        b"",
        b"rusak",
        whole[:-40],
        pickle.dumps({"a": 1}),
        pickled.getvalue(),
        b"PK\x03\x04 broken",
    ):
        with pytest.raises(ValueError, match="bukan berkas model yang utuh"):
            unpack(wrong)
