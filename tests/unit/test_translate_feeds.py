"""Feeds become posts: a pair of files for each shape, and no document makes the translator raise."""

import json
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.contract import Post, Unreadable
from channels.plain import plain
from channels.website import translate
from config.management.commands.translate import as_row

pytestmark = pytest.mark.once

FOLDER = Path(__file__).parent.parent / "payloads" / "website"
FEEDS = sorted(FOLDER.glob("*.xml"))
#: What feeds are made of, in any order.
PIECES = (
    "<rss version='2.0'>", "</rss>", "<channel>", "</channel>", "<item>", "</item>", "<guid>", "</guid>", "<title>",
    "</title>", "<description>", "</description>", "<link>https://k.example/1</link>", "<![CDATA[", "]]>", "<feed ",
    "xmlns='http://www.w3.org/2005/Atom'>", "</feed>", "<entry>", "</entry>", "<id>", "</id>", "<author>",
    "</author>", "<pubDate>", "</pubDate>",
    "<updated>", "</updated>", "&amp;", "&", "&#0;", "&#x1F621;", "<!--", "-->", "<![",
    "<?xml version='1.0' encoding='utf-7'?>", "<!DOCTYPE rss>", "a@b.id (Eni)", "9999999-13-40T99:99:99Z",
    "<content type='xhtml'>", "<enclosure url='x' type='image/png'/>", "<img class='emoji' alt='!'>", "#comment-7",
)  # fmt: skip


def check(payload: str | bytes) -> None:
    for item in translate(payload):
        assert isinstance(item, Post | Unreadable)
        row = as_row(item)
        assert json.dumps(row, ensure_ascii=False).encode()
        assert "\x00" not in "".join(value for value in row.values() if isinstance(value, str))
        if isinstance(item, Post):
            assert item.id
            assert item.created_at is None or item.created_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize("path", FEEDS, ids=lambda path: path.stem)
def test_a_feed_becomes_the_posts_beside_it(path: Path) -> None:
    expected = json.loads(path.with_name(path.stem + ".post.json").read_text("utf-8"))
    assert [as_row(item) for item in translate(path.read_bytes())] == expected


@pytest.mark.parametrize("path", FEEDS, ids=lambda path: path.stem)
def test_a_feed_that_ends_anywhere_never_raises(path: Path) -> None:
    whole = path.read_bytes()
    for end in range(0, len(whole), 23):
        check(whole[:end])


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_real_feed_with_anything_put_into_it_never_raises(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from(FEEDS)).read_bytes()
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(whole)))
        put = data.draw(st.binary(max_size=12) | st.sampled_from(PIECES).map(str.encode))
        whole = whole[:place] + put + whole[place + data.draw(st.integers(0, 9)) :]
    check(whole)


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=25).map("".join))
@settings(max_examples=200, deadline=None)
def test_no_document_makes_the_translator_raise(document: str) -> None:
    check(document)


@given(
    st.lists(st.sampled_from(PIECES) | st.text(st.characters(codec=None), max_size=12), max_size=12).map(
        "".join
    )
)
@settings(max_examples=200, deadline=None)
def test_no_markup_makes_its_words_raise(markup: str) -> None:
    assert "\x00" not in plain(markup)


def test_the_command_reads_a_feed_and_an_answer_of_the_interface() -> None:
    for name in ("atom.xml", "comments_page.json"):
        path = FOLDER / name
        done = subprocess.run(
            [sys.executable, "-m", "config.cli", "translate", "website"],
            input=path.read_bytes(),
            capture_output=True,
            check=True,
        )
        expected = json.loads(path.with_name(path.stem + ".post.json").read_text("utf-8"))
        assert [json.loads(line) for line in done.stdout.splitlines()] == expected


RSS = "<rss version='2.0'><channel><item><guid>https://k.example/1</guid><title>%s</title></item></channel></rss>"


def test_an_entity_declared_in_an_encoding_that_hides_it_is_not_expanded() -> None:
    document = "<?xml version='1.0' encoding='utf-7'?><!DOCTYPE rss [<!ENTITY a 'banjir'>]>" + RSS % "&a;&a;"
    for item in translate(document.replace("<!", "+ADwAIQ-").encode()):
        assert "banjirbanjir" not in (item.text if isinstance(item, Post) else item.error)
    for name in ("utf-16", "utf-8"):
        (item,) = translate(document.replace("utf-7", name).encode(name))
        assert isinstance(item, Unreadable)
        assert "entitas" in item.error


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig", "windows-1252", "iso-8859-1"])
def test_a_feed_is_read_in_the_encoding_that_it_declares(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    document = f"<?xml version='1.0' encoding='{declared}'?>\n" + RSS % "Caf\u00e9 Harapan"
    (item,) = translate(document.encode(encoding))
    assert isinstance(item, Post)
    assert item.text == "Caf\u00e9 Harapan"


@pytest.mark.parametrize(
    "head", ["<?xml " + 'encoding="a" ' * 30_000, "<?xml version='1.0'?><!--" + "\n" * 150_000 + "-->"]
)
def test_a_head_that_is_made_to_hold_us_up_is_read_at_once(head: str) -> None:
    began = time.process_time()
    translate((head + RSS % "lama").encode())
    assert time.process_time() - began < 5
