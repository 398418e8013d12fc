"""The town's memory: which rows load, when they were said, and where comments hang."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from simulator.identity import Identity, parse
from simulator.tweets import shorten, weight
from simulator.world import Town, cursor, shortcode, uncursor

pytestmark = pytest.mark.once


def lines(*rows: object) -> str:
    return "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)


def said(number: object, **more: object) -> dict[str, object]:
    return {"channel": "x", "id": number, "text": "t", "author": "a", "how": "mention", **more}


def test_bad_and_repeated_rows_are_told_with_their_line_and_the_rest_loads() -> None:
    town = Town(Identity())
    loaded, problems = town.load(
        lines(
            said(1),
            "{no json",
            said("1"),
            "",
            said(2, channel="lapor"),
            said(3, how="shouted"),
            said(4, text=None),
            said(5, created_at="kemarin"),
            said(True),
            [1],
            said(6, media=3),
            said(7, channel="facebook"),
        )
    )
    assert loaded == 2
    assert [p.split(":")[0] for p in problems] == [f"world line {n}" for n in (2, 3, 5, 6, 7, 8, 9, 10, 11)]
    assert all(p.endswith(".") for p in problems)
    assert town.problems == problems
    assert town.load(lines(said(1)))[0] == 0


@pytest.mark.parametrize(
    "text", ["", "😀👨‍👩‍👧", "مرحبا\nبكم", "a" * 5000, "\ud83d lone", "<b>&amp;</b>", "\x00\u2028"]
)
def test_any_text_is_kept_as_it_is(text: str) -> None:
    town = Town(Identity())
    assert town.load(lines(said(1, text=text))) == (1, [])
    assert town.by_world["x"]["1"].text == text


def test_rows_without_a_time_are_spread_within_the_last_hour_in_file_order() -> None:
    town = Town(Identity())
    town.load(lines(*(said(n) for n in (900, 5, 77))))
    moments = [town.by_world["x"][n].created_at for n in ("900", "5", "77")]
    assert moments == sorted(moments)
    assert len(set(moments)) == 3
    assert all(datetime.now(UTC) - timedelta(hours=1) <= m <= datetime.now(UTC) for m in moments)


def test_x_numbers_follow_time_and_are_unique() -> None:
    town = Town(Identity())
    same = "2026-11-01T00:00:00Z"
    town.load(lines(*(said(n, created_at=same) for n in range(6000)), said("old", created_at="2007-01-01")))
    numbers = [int(p.id) for p in town.by_world["x"].values()]
    assert len(set(numbers)) == len(numbers)
    assert all(0 < n < 2**63 for n in numbers)
    assert int(town.by_world["x"]["old"].id) == min(numbers)


def test_a_long_chain_or_a_circle_of_comments_loads() -> None:
    town = Town(Identity())
    chain = [said(n, channel="facebook", how="comment", parent=n + 1) for n in range(5000)]
    circle = [
        said("a", channel="facebook", how="comment", parent="b"),
        said("b", channel="facebook", how="comment", parent="a"),
    ]
    assert town.load(lines(*chain, *circle)) == (5002, [])
    assert len(town.city_post["facebook"].thread) == 5002
    town.hide(town.city_post["facebook"])
    assert len(town.by_id["facebook"]) == 0


def test_five_thousand_rows_load_within_two_seconds() -> None:
    rows = [
        said(
            n,
            channel=("x", "facebook", "instagram")[n % 3],
            how=("mention", "tagged", "hashtag", "comment")[n % 4],
        )
        for n in range(5000)
    ]
    began = time.perf_counter()
    assert Town(Identity()).load(lines(*rows)) == (5000, [])
    assert time.perf_counter() - began < 2


def test_authors_with_like_names_are_different_people() -> None:
    town = Town(Identity())
    names = ["Budi Santoso", "budi santoso", "budi_santoso", "@budi_santoso", "Ünal", "李", "pemkotbekasi"]
    people = [town.person("x", name) for name in names]
    assert len({p.username.lower() for p in people}) == len(names)
    assert town.person("x", "Budi Santoso") is people[0]


def test_cursors_and_shortcodes_come_back() -> None:
    assert uncursor(cursor((123456789012345678, 4))) == (123456789012345678, 4)
    assert (
        shortcode(3_400_000_000_000_000_000) == "C8vG4XmogAA"
        or len(shortcode(3_400_000_000_000_000_000)) == 11
    )


def test_an_identity_file_replaces_only_what_it_names() -> None:
    who = parse({"x": {"username": "kota"}, "websites": []})
    assert (who.x.username, who.x.bearer_token) == ("kota", Identity().x.bearer_token)
    assert who.websites == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a" * 10, 10),
        ("世界", 4),
        ("👨‍👩‍👧", 2),
        ("https://bekasikota.go.id/x?y=z", 23),
        ("lapor.go.id!", 24),
        ("é", 1),
    ],
)
def test_length_is_weighed_as_x_does(text: str, expected: int) -> None:
    assert weight(text) == expected


def test_addresses_are_shortened_and_the_full_stop_is_not() -> None:
    text, links = shorten("Lihat bekasikota.go.id. Surel a@b.com tetap.", "1470000000000000001")
    assert [link["expanded_url"] for link in links] == ["http://bekasikota.go.id"]
    assert text == f"Lihat {links[0]['url']}. Surel a@b.com tetap."
