"""The weighted length of X: what a text weighs, sentence by sentence, and what holds for every text.

The expected figures are those of the official JavaScript twitter-text 3.1.0, save where a sentence says that
X counts otherwise (emoji younger than that library).
"""

import dataclasses
import time
import unicodedata

import pytest
from emoji import EMOJI_DATA, STATUS
from hypothesis import given
from hypothesis import strategies as st

from channels import x_length
from channels.x_length import MAX_WEIGHTED, URL_WEIGHT, XLength, measure

pytestmark = pytest.mark.once

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
INDONESIA = "\U0001f1ee\U0001f1e9"

CHARACTERS = [
    ("nothing weighs nothing", "", 0),
    ("an ASCII letter weighs one", "a", 1),
    ("a space weighs one", " ", 1),
    ("a line break weighs one", "\n", 1),
    ("carriage return and line feed weigh one each", "a\r\nb", 4),
    ("an accented letter weighs one", "é", 1),
    ("a letter with its accent apart weighs what the composed one does", "e\u0301", 1),
    ("a mark that composes with nothing weighs one of its own", "x\u0301", 2),
    ("a presentation form that NFC takes apart weighs its parts", "\ufb2c", 3),
    ("the last light character of the first range weighs one", "\u10ff", 1),
    ("the first character after the first range weighs two", "\u1100", 2),
    ("Hangul jamo compose to a syllable of two", "\u1100\u1161\u11a8", 2),
    ("a CJK character weighs two", "漢", 2),
    ("kana and their marks apart weigh two together", "か\u3099", 2),
    ("a CJK character outside the basic plane weighs two", "\U00020bb7", 2),
    ("a full-width Latin letter weighs two", "Ａ", 2),
    ("Cyrillic weighs one a letter", "Привет", 6),
    ("Arabic weighs one a letter", "سلام", 4),
    ("Thai weighs one a code point", "กำ", 2),
    ("Javanese weighs two a code point", "\ua98f\ua98f", 4),
    ("the zero-width joiner alone weighs one", "\u200d", 1),
    ("the left-to-right mark weighs two", "\u200e", 2),
    ("a hyphen of its own code point weighs one", "\u2010", 1),
    ("dashes and curly quotes weigh one each", "“Senin – Jumat”", 15),
    ("a bullet weighs two", "•", 2),
    ("an ellipsis character weighs two", "…", 2),
    ("a line separator weighs two", "\u2028", 2),
    ("a prime weighs one", "\u2032", 1),
    ("the first character after the primes weighs two", "\u2038", 2),
    ("the euro sign weighs two", "€", 2),
    ("the rupiah in letters weighs one a character", "Rp50.000", 8),
    ("a long ligature is one heavy character", "\ufdfd", 2),
    ("a control character weighs one", "\x00", 1),
    ("a lone surrogate weighs two", "\ud800", 2),
    ("two surrogates in a row are the character they stand for", "\ud83d\ude00", 2),
]

EMOJI = [
    ("an emoji weighs two", "\U0001f600", 2),
    ("a family of four joined weighs two", FAMILY, 2),
    ("a family of four not joined weighs eight", FAMILY.replace("\u200d", ""), 8),
    ("a skin tone adds nothing", "\U0001f44d\U0001f3fd", 2),
    ("a skin tone alone weighs two", "\U0001f3fd", 2),
    ("two skin tones on one hand leave one over", "\U0001f44d\U0001f3fd\U0001f3fd", 4),
    ("a job with tone and gender weighs two", "\U0001f477\U0001f3fd\u200d\u2640\ufe0f", 2),
    ("a job whose sign lacks its selector is counted in parts", "\U0001f477\U0001f3fd\u200d\u2640", 5),
    ("a detective with a needless selector before the tone weighs two", "\U0001f575\ufe0f\U0001f3fd", 2),
    ("a flag weighs two", INDONESIA, 2),
    ("two flags weigh four", INDONESIA * 2, 4),
    ("a flag of no country is two letters", "\U0001f1e6\U0001f1e7", 4),
    ("a flag letter too many weighs two more", INDONESIA + "\U0001f1ee", 4),
    ("a flag made of tags weighs two", ENGLAND, 2),
    ("a flag with its last tag missing is counted in parts", ENGLAND[:-1], 12),
    ("a keycap weighs two", "1\ufe0f\u20e3", 2),
    ("a keycap without its selector weighs two", "1\u20e3", 2),
    ("a letter with a keycap around it is no emoji", "a\u20e3", 3),
    ("a digit with a selector only is no emoji", "1\ufe0f", 3),
    ("a heart with its selector weighs two", "\u2764\ufe0f", 2),
    ("a heart as text weighs what its parts do", "\u2764\ufe0e", 4),
    ("an old emoji takes a needless selector in", "\u26a1\ufe0f", 2),
    ("a younger emoji does not", "\U0001f600\ufe0f", 4),
    ("copyright as text weighs one", "©", 1),
    ("copyright as emoji weighs two", "©\ufe0f", 2),
    ("the eye in a speech bubble without selectors weighs two", "\U0001f441\u200d\U0001f5e8", 2),
    ("a home-made joining is counted in parts", "\U0001f600\u200d\U0001f600", 5),
    ("a joiner after an emoji weighs one more", "\U0001f468\u200d", 3),
    ("emoji side by side do not merge", "\U0001f6a7\u26a0\ufe0f\U0001f6a6", 6),
    ("younger than the library: a person at a computer weighs two", "\U0001f9d1\u200d\U0001f4bb", 2),
    ("younger than the library: a heart on fire weighs two", "\u2764\ufe0f\u200d\U0001f525", 2),
    (
        "younger than the library: two hands of two tones weigh two",
        "\U0001faf1\U0001f3fb\u200d\U0001faf2\U0001f3ff",
        2,
    ),
    ("younger than the library: a person facing right weighs two", "\U0001f6b6\u200d\u27a1\ufe0f", 2),
    ("younger than the library: the infinity sign weighs two", "\u267e\ufe0f", 2),
]

LINKS = [
    ("a link weighs 23", "https://kentongan.go.id/", 23),
    ("a short link weighs 23 too", "http://a.co", 23),
    ("a long link weighs 23", "https://kentongan.go.id/" + "layanan/" * 50 + "?tahun=2026&b=c", 23),
    ("the protocol may be in any case", "HTTPS://EXAMPLE.COM/a", 23),
    ("the protocol may be missing", "Lihat kentongan.go.id ya", 32),
    ("a name of two letters and a country is a link", "t.co", 23),
    ("a path without protocol is of the link", "kentongan.go.id/warta/7", 23),
    ("a port and a path are of the link", "example.com:8080/a", 23),
    ("a port without path and protocol is not of the link", "example.com:8080", 28),
    ("a port with protocol is of the link", "http://example.com:8080", 23),
    ("a query without path and protocol is not of the link", "example.com?a=1", 27),
    ("a query with protocol is of the link", "http://example.com?a=1", 23),
    ("a full stop after a link is not of it", "Lihat https://example.com/a.", 30),
    ("full stops after a path are not of it", "http://example.com/a......", 23 + 6),
    ("a comma and a closing bracket after a link are not of it", "(http://example.com/a),", 26),
    ("brackets in pairs are of the path", "http://example.com/Jakarta_(kota)", 23),
    ("brackets in brackets are of the path", "http://example.com/a_(b_(c))", 23),
    ("a bracket without partner ends the path", "http://example.com/a_(b", 25),
    ("brackets after a mark end the path", "http://example.com/a!(b)", 27),
    ("Cyrillic and accents are of the path", "http://example.com/Русские/é", 23),
    ("CJK is not of the path", "http://example.com/漢字", 27),
    ("an en dash is of the path", "http://example.com/Senin–Jumat", 23),
    ("a handle is of the path", "http://example.com/@kota/", 23),
    ("text goes on after a Japanese full stop", "これは。example.com中国語", 2 * 4 + 23 + 2 * 3),
    ("a name after CJK without protocol starts at its ASCII part", "詳細はexample.com", 2 * 3 + 23),
    ("CJK after a protocol is of the name", "http://詳細はexample.com", 23),
    ("a name after a space starts at its accent", " éxample.com", 1 + 23),
    ("a name at the start of the text starts after its accent", "éxample.com", 1 + 23),
    ("one ASCII name follows another across CJK", "a.comあb.com", 23 + 2 + 23),
    ("an internationalised domain of top level is a link with protocol", "http://пример.рф", 23),
    ("and without, when the rest of the name is Latin", "twitter.みんな", 23),
    ("its case does not matter", "x.РФ", 23),
    ("without protocol a name of other letters is no link", "пример.рф", 9),
    ("the encoded form is a link", "http://xn--e1afmkfd.xn--p1ai/", 23),
    ("an encoded label with other letters is no link", "http://xn--はじめよう.com/x", 11 + 2 * 5 + 6),
    ("an emoji in a name with protocol is of the link", "http://\u2603.net/", 23),
    ("an emoji before a name without protocol is not", "\U0001f600a.com", 2 + 23),
    ("the emoji after a link weighs its own", "a.com" + FAMILY, 23 + 2),
    ("the digit that ends a path is no keycap any more", "a.com/1\ufe0f\u20e3", 23 + 4),
    ("no link without a known top-level domain", "http://warga.kentongan", 22),
    ("a file name is no link", "surat.docx dan data.tar.bz2", 27),
    ("a file name that ends in a country is one", "README.md", 23),
    ("a top-level domain younger than the library is none", "warga.music", 11),
    ("a top-level domain that is gone is still one", "warga.intel", 23),
    ("a top-level domain must not go on", "example.comm example.com1", 25),
    ("nor have a hyphen, a plus or an at sign after it", "a.com-x a.com+x a.com@x", 23),
    ("an underscore may come after it", "a.com_x", 23 + 2),
    ("a sentence without a space after its full stop is no link", "Selesai.Terima kasih.", 21),
    ("a sentence without a space may be one by accident", "Kami buka.Info lengkap", 5 + 23 + 8),
    ("a letter before a protocol undoes the link", "xhttp://example.com", 19),
    ("no link in a mention", "@example.com", 12),
    ("no link in a hashtag", "#example.com", 12),
    ("no link in a cashtag", "$example.com", 12),
    ("none with a protocol there either", "@http://example.com", 19),
    ("an e-mail address is no link", "tulis ke warga@kentongan.go.id", 30),
    ("an e-mail address with a dot before the at sign is none", "budi.s@kota.go.id", 17),
    ("nor is one with a country before the at sign", "budi.id@kota.go.id", 18),
    ("a name after a slash is no link", "dan/example.com", 15),
    ("a name after a hyphen is none", "-example.com", 12),
    ("a name after a colon is one", "situs:example.com", 6 + 23),
    ("an underscore in the domain undoes the link", "http://a_b.com", 14),
    ("an underscore in a subdomain does not", "http://a_b.example.com", 23),
    ("a hyphen at the end of a label does", "http://a-.com", 13),
    ("a label of 63 is a link", "a" * 63 + ".com", 23),
    ("a label of 64 is none", "a" * 64 + ".com", 68),
    ("the encoded form of a label counts for that", "http://" + "あ" * 60 + ".com", 7 + 120 + 4),
    ("a link of 4096 is a link", "http://a.com/" + "b" * 4076, 23),
    ("a longer one is none", "http://a.com/" + "b" * 4077, 4090),
    ("an address in numbers is no link", "http://192.168.1.1/", 19),
    ("user and password undo the link", "http://budi:rahasia@example.com/", 32),
    ("another protocol leaves only text", "ftp://example.com", 17),
    ("a t.co link ends with its letters and digits", "http://t.co/FNkPfmii- ya", 23 + 4),
    ("a t.co link may have a query", "https://t.co/abc?x=1", 23),
    ("a t.co link of 40 is a link", "https://t.co/" + "a" * 40, 23),
    ("a t.co link of 41 is none", "https://t.co/" + "a" * 41, 54),
    ("a t.co link does not go on after a slash", "https://t.co/a/https://t.co/b", 23 + 15),
    ("two links weigh 46", "http://example.com\nhttp://example.org", 47),
    ("a link after a comma is one", "a.com,b.com", 47),
    ("a full-width hash undoes none", "＃example.com", 2 + 23),
    ("direction marks around a link are not of it", "\u2066http://foobar.پاکستان/\u2069", 2 + 23 + 2),
    ("a letter that only looks like ASCII in another case is no ASCII", "http\u017f://example.com", 19),
]

INDONESIAN = [
    (
        "an announcement of a city",
        "Pemerintah Kota mengumumkan: loket pindah ke Mal Pelayanan Publik mulai Senin, 08.00–15.00 WIB. "
        "Syarat: https://disdukcapil.kentongan.go.id/layanan/pindah?tahun=2026",
        104 + 23,
    ),
    ("initials and titles are no links", "a.n. H. Abdul, S.H., M.M., dkk.", 31),
    (
        "a degree that ends like a country is one",
        "H. Abdul, M.Si. dan Hj. Siti, S.Ag.",
        10 + 23 + 16 + 23 + 1,
    ),
    ("the number of a letter is no link", "No. 470/12.3/Disdukcapil/2026", 29),
    ("numbers and money are no links", "Rp1.250.000,00 pukul 08.00", 26),
    ("a call to the emergency number", "Darurat? Hubungi 112 \U0001f691", 23),
    ("a flag in greetings", f"Dirgahayu {INDONESIA}!", 13),
]

VECTORS = [*CHARACTERS, *EMOJI, *LINKS, *INDONESIAN]


@pytest.mark.parametrize(("text", "weight"), [pytest.param(t, w, id=s) for s, t, w in VECTORS])
def test_a_text_weighs(text: str, weight: int) -> None:
    measured = measure(text)
    assert measured.weighted_length == weight
    assert measured.valid is (0 < weight <= 280)
    assert measured.permillage == weight * 1000 // 280


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(text, XLength(weight, valid, permillage), id=sentence)
        for sentence, text, weight, valid, permillage in [
            ("an empty text is not valid", "", 0, False, 0),
            ("one character is valid", "a", 1, True, 3),
            ("280 letters are valid", "a" * 280, 280, True, 1000),
            ("281 letters are not", "a" * 281, 281, False, 1003),
            ("140 CJK characters are valid", "漢" * 140, 280, True, 1000),
            ("140 CJK characters and a letter are not", "漢" * 140 + "a", 281, False, 1003),
            ("140 families are valid", FAMILY * 140, 280, True, 1000),
            ("140 families and a letter are not", FAMILY * 140 + "a", 281, False, 1003),
            ("a link and 257 more are valid", "https://a.id/b " + "a" * 256, 280, True, 1000),
            ("a link and 258 more are not", "https://a.id/b " + "a" * 257, 281, False, 1003),
            ("280 letters with accents apart are valid", "e\u0301" * 280, 280, True, 1000),
            ("281 letters with accents apart are not", "e\u0301" * 281, 281, False, 1003),
            ("twelve links with spaces are too long", "a.id " * 12, 288, False, 1028),
            ("U+FFFE makes a text invalid and weighs two", "a\ufffe", 3, False, 10),
            ("U+FFFF makes a text invalid and weighs two", "a\uffff", 3, False, 10),
            ("a byte order mark makes a text invalid and weighs two", "\ufeffa", 3, False, 10),
            ("a refused character beside a link", "http://a.id/\uffff", 25, False, 89),
            ("marks of direction are valid", "\u202aa\u202c\u2066b\u2069\u200f", 12, True, 42),
            ("a lone surrogate is valid", "a\udc00", 3, True, 10),
        ]
    ],
)
def test_a_text_is(text: str, expected: XLength) -> None:
    assert measure(text) == expected


def test_what_is_measured_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        measure("a").weighted_length = 0  # type: ignore[misc]


def test_the_top_level_domains_are_those_of_the_official_library() -> None:
    # 1574 names, compared one by one. When the list of the dependency moves, compare again and put the
    # differences into the module.
    assert len(x_length._TLDS) == 1574
    assert {"id", "com", "intel", "onion", "рф", "みんな"} <= x_length._TLDS
    assert x_length._TLDS.isdisjoint({"amazon", "spa", "music", "kids", "docx"})


def test_every_emoji_that_unicode_recommends_weighs_two() -> None:
    whole = [seq for seq, data in EMOJI_DATA.items() if data["status"] == STATUS["fully_qualified"]]
    assert len(whole) > 3500
    assert [seq for seq in whole if measure(seq).weighted_length != 2] == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(text, id=sentence)
        for sentence, text in [
            ("brackets in a path", "a.com/" + "(a)" * 20_000 + "!"),
            ("brackets that never close", "a.com/" + "(a(" * 20_000),
            ("marks in a path", "a.com/" + "!@" * 20_000),
            ("one long domain", "a." * 20_000 + "com"),
            ("one long word", "あ" * 20_000 + ".com"),
            ("many links", "a.com " * 20_000),
            ("joiners", "\U0001f468\u200d" * 20_000),
        ]
    ],
)
def test_an_odd_text_takes_no_long_time(text: str) -> None:
    began = time.perf_counter()
    measure(text)
    assert time.perf_counter() - began < 5  # seconds; a fraction of one is usual


# --- What holds for every text ----------------------------------------------------------------------

ANY_TEXT = st.text(st.characters(exclude_categories=()))
PIECE = st.one_of(
    ANY_TEXT,
    st.sampled_from([text for _, text, _ in VECTORS if len(text) < 200]),
    st.sampled_from(
        ["@", "#", ".", "/", "-", "_", ":", "(", ")", "https://", "a.id", "t.co/", "\u200d", "\ufe0f"]
    ),
    st.text("ab.-_/@:()?#!&=1 éあ\U0001f600", max_size=8),
)
MIXED = st.lists(PIECE, max_size=6).map("".join)
PROSE = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789 ,;:!?()'-"), max_size=80)
CJK = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF)
LINK = st.builds(
    "{}{}.{}{}".format,
    st.sampled_from(["http://", "https://"]),
    st.text("abcdefghij0123456789", min_size=1, max_size=20),
    st.sampled_from(["id", "go.id", "com", "co.id"]),
    st.text("abcdefghij0123456789/_=", max_size=60).map(lambda path: f"/{path}" if path else ""),
)


@given(MIXED)
def test_any_text_can_be_measured(text: str) -> None:
    measured = measure(text)
    assert measured.weighted_length >= 0
    assert (measured.weighted_length == 0) is (text == "")
    assert measured.weighted_length <= 3 * 2 * len(text) + URL_WEIGHT * text.count(".")
    assert measured.valid <= (0 < measured.weighted_length <= MAX_WEIGHTED)
    assert measured.permillage * MAX_WEIGHTED <= measured.weighted_length * 1000
    assert measured.weighted_length * 1000 < (measured.permillage + 1) * MAX_WEIGHTED


@given(MIXED)
def test_how_a_text_is_composed_does_not_matter(text: str) -> None:
    assert measure(text) == measure(unicodedata.normalize("NFC", text))
    assert measure(text) == measure(unicodedata.normalize("NFD", text))


@given(MIXED)
def test_a_space_at_the_end_adds_one(text: str) -> None:
    assert measure(text + " ").weighted_length == measure(text).weighted_length + 1


@given(MIXED.filter(lambda text: "." not in text), st.characters(min_codepoint=0x20, max_codepoint=0x7E))
def test_an_ascii_character_adds_one_where_there_is_no_link(text: str, char: str) -> None:
    if char != ".":
        assert measure(text + char).weighted_length == measure(text).weighted_length + 1


@given(PROSE)
def test_ascii_prose_weighs_what_it_has_characters(text: str) -> None:
    assert measure(text).weighted_length == len(text)


@given(st.text(CJK, max_size=200))
def test_cjk_weighs_twice_what_it_has_characters(text: str) -> None:
    assert measure(text).weighted_length == 2 * len(text)


@given(st.lists(st.sampled_from(sorted(EMOJI_DATA)), max_size=40))
def test_emoji_with_spaces_between_weigh_the_sum_of_their_weights(emoji: list[str]) -> None:
    alone = sum(measure(one).weighted_length for one in emoji)
    assert measure(" ".join(emoji)).weighted_length == alone + max(len(emoji) - 1, 0)


@given(PROSE, LINK, PROSE)
def test_a_link_in_prose_adds_23(before: str, link: str, after: str) -> None:
    measured = measure(f"{before} {link} {after}")
    assert measured.weighted_length == len(before) + 1 + URL_WEIGHT + 1 + len(after)


@given(MIXED, MIXED)
def test_lines_that_start_with_a_letter_are_measured_apart(first: str, second: str) -> None:
    together = measure(f"{first}\nWarga {second}").weighted_length
    assert together == measure(first).weighted_length + 1 + measure(f"Warga {second}").weighted_length
