"""Near-duplicates are found, whatever wraps them and in whatever order they come."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from classifiers.core.split import firsts, groups, plain

pytestmark = pytest.mark.once

WORDS = [
    "jalan",
    "lampu",
    "sampah",
    "banjir",
    "kali",
    "rusak",
    "mati",
    "bau",
    "dalam",
    "tolong",
    "warga",
    "kota",
]
posts = st.lists(st.sampled_from(WORDS), min_size=4, max_size=14).map(" ".join)
wraps = st.sampled_from(
    [
        "RT @warga: {}",
        "rt @warga_lain {}",
        "{} https://contoh.id/abc?x=1",
        "@pemkot {}",
        "{} @dishub @pemkot",
        "{}!!!",
        "“{}”…",
        "#{}",
        "  {}\n\n",
        "RT @a: RT @b: {} www.contoh.id",
    ]
)


def partition(labels: "np.typing.NDArray[np.int64]") -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in labels}


@given(st.lists(posts | st.text(max_size=40), max_size=25), st.randoms(use_true_random=False))
def test_who_belongs_together_does_not_depend_on_the_order(texts: list[str], dice: object) -> None:
    order = list(range(len(texts)))
    dice.shuffle(order)  # type: ignore[attr-defined]  # a Random of hypothesis
    shuffled = groups([texts[i] for i in order])
    back = {frozenset(order[i] for i in group) for group in partition(shuffled)}
    assert back == partition(groups(texts))


@given(st.lists(st.text(max_size=30), min_size=1, max_size=12))
def test_the_same_text_is_always_in_the_same_group(texts: list[str]) -> None:
    found = groups([*texts, *texts])
    assert found[: len(texts)].tolist() == found[len(texts) :].tolist()


@given(posts, wraps, wraps)
def test_a_retweet_a_link_a_handle_or_marks_make_no_other_post(post: str, one: str, other: str) -> None:
    assert set(groups([post, one.format(post), other.format(post.upper())]).tolist()) == {0}


@given(st.text(max_size=60))
def test_any_text_has_a_plain_form_which_is_its_own_plain_form(text: str) -> None:
    assume("@" not in text and "www" not in text.lower() and "http" not in text.lower())
    assert plain(plain(text)) == plain(text)


def test_groups_are_numbered_as_they_appear() -> None:
    assert groups(["banjir di Rawalumbu", "lampu mati", "Banjir di Rawalumbu!", "sampah"]).tolist() == [
        0,
        1,
        0,
        2,
    ]
    assert groups([]).tolist() == []
    assert firsts(["a", "b", "A!"]).tolist() == [True, True, False]


def test_a_post_with_a_few_other_words_is_a_near_duplicate_and_another_matter_is_not() -> None:
    long = "Sudah tiga bulan lampu jalan di depan pasar mati, malam gelap sekali, tolong segera diperbaiki oleh dinas"
    assert groups([long, long + " ya", long[:90]]).tolist() == [0, 0, 0]
    assert groups([long, "Sampah menumpuk di depan pasar sudah seminggu tidak diangkut"]).tolist() == [0, 1]
    assert groups(["👍👍", "🙏", "👍👍 !"]).tolist() == [0, 1, 0]


def test_likeness_is_handed_on_through_others() -> None:
    words = [f"kata{n}" for n in range(60)]
    chain = [" ".join(words[start : start + 30]) for start in range(0, 20, 2)]
    assert set(groups(chain).tolist()) == {0}


def test_a_stricter_measure_of_likeness_finds_no_more() -> None:
    texts = [" ".join(np.random.default_rng(n).permutation(WORDS)[:12]) for n in range(60)]
    assert len(set(groups(texts, 0.3).tolist())) <= len(set(groups(texts, 0.9).tolist()))
