"""Platform answers become posts: a pair of files for each shape, and no answer at all raises."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.contract import Post, Unreadable
from channels.registry import translator
from config.management.commands.translate import as_row

pytestmark = pytest.mark.once

FOLDER = Path(__file__).parent.parent / "payloads"
PAIRS = sorted(path for path in FOLDER.glob("*/*.json") if not path.name.endswith(".post.json"))
json_values = st.recursive(
    # Python's JSON reader lets lone surrogates, NaN and Infinity through.
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=20,
)
#: Objects that use the names which the translators look for, with anything behind them.
NAMES = (
    "id text message caption data meta includes users media from parent parent_id replies edges node shortcode "
    "timestamp created_at created_time attachments attachment owner username error permalink children taken_at "
    "referenced_tweets author_id note_tweet edge_media_to_caption user content rendered author_name date_gmt link "
    "_links self href post status"
)
names = st.sampled_from(NAMES.split())
shaped = st.recursive(
    json_values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=6),
    max_leaves=30,
)


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_answer_becomes_the_posts_beside_it(path: Path) -> None:
    payload = json.loads(path.read_text("utf-8"))
    expected = json.loads(path.with_name(path.stem + ".post.json").read_text("utf-8"))
    assert [as_row(item) for item in translator(path.parent.name)(payload)] == expected


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_field_that_is_missing_or_new_never_raises(path: Path) -> None:
    payload = json.loads(path.read_text("utf-8"))
    for changed in weakened(payload):
        for item in translator(path.parent.name)(changed):
            assert isinstance(item, Post | Unreadable)


def weakened(value: Any) -> list[Any]:
    """``value`` with one key taken out, set to null, or joined by an unknown one, at every depth."""
    if isinstance(value, dict):
        found: list[Any] = [{**value, "sesuatu_yang_baru": {"x": [1]}}]
        for key in value:
            rest = {k: v for k, v in value.items() if k != key}
            found += [rest, {**value, key: None}]
            found += [{**value, key: inner} for inner in weakened(value[key])]
        return found
    if isinstance(value, list):
        return [
            [*value[:i], inner, *value[i + 1 :]] for i, one in enumerate(value) for inner in weakened(one)
        ]
    return []


@pytest.mark.parametrize("channel", ["x", "facebook", "instagram", "website"])
@given(payload=shaped)
@settings(max_examples=200, deadline=None)
def test_no_answer_makes_a_translator_raise(channel: str, payload: Any) -> None:
    read_and_write(channel, payload)


@pytest.mark.parametrize("channel", ["x", "facebook", "instagram", "website"])
@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_a_real_answer_with_anything_put_into_it_never_raises(channel: str, data: st.DataObject) -> None:
    own = [path for path in PAIRS if path.parent.name == channel]
    payload = json.loads(data.draw(st.sampled_from(own) | st.sampled_from(PAIRS)).read_text("utf-8"))
    for _ in range(data.draw(st.integers(1, 4))):
        inside = list(places(payload))
        if inside:
            holder, key = inside[data.draw(st.integers(0, len(inside) - 1))]
            holder[key] = data.draw(shaped)
    read_and_write(channel, payload)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in ``value`` whose content can be exchanged: the object or list, and the name or number in it."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, content in inner:
        yield value, key
        yield from places(content)


def read_and_write(channel: str, payload: Any) -> None:
    for item in translator(channel)(payload):
        assert isinstance(item, Post | Unreadable)
        row = as_row(item)
        assert json.dumps(row, ensure_ascii=False).encode()
        assert "\x00" not in "".join(value for value in row.values() if isinstance(value, str))
        if isinstance(item, Post):
            assert item.id
            assert item.created_at is None or item.created_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize("channel", ["facebook", "instagram"])
def test_answers_to_answers_may_go_as_deep_as_they_like(channel: str) -> None:
    row: dict[str, Any] = {"id": "0", "text": "", "message": ""}
    for number in range(1, 5000):
        row = {"id": str(number), "text": "", "message": "", "comments": {"data": [row]}}
    items = translator(channel)({"data": [row]})
    assert [item.id for item in items] == [str(number) for number in reversed(range(5000))]
