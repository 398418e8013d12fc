"""One way of writing a post."""

import csv
from importlib.resources import files

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from classifiers.core.normal import normalise, normalise_one

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        (
            "Tolooong @dishubbekasi jln rusaaak 3bln #BanjirBekasi https://t.co/x",
            "tolong @dinas jalan rusak 0 bulan tagar banjir bekasi tautan",
        ),
        ("gk bs lwt krn bnjir", "tidak bisa lewat karena banjir"),
        ("bangeeet", "banget"),
        ("b4njir j4l4n", "banjir jalan"),
        ("b a n j i r", "banjir"),
        ("a b c d e", "a b c di e"),
        ("pohon2 tumbang", "pohon-pohon tumbang"),
        ("org-org pd lari", "orang-orang pada lari"),
        ("#tolongbantubekasi", "tagar tolong bantu bekasi"),
        ("RT @siapa: macet", "retuit @orang macet"),
        ("@temanku halo", "@orang halo"),
        ("hub <TELP> di <URL>", "hubungi nomorpribadi di tautan"),
        ("lampu pareum teu acan dilereskeun", "lampu mati tidak belum diperbaiki"),
        ("dalane peteng ora ono lampu", "jalan gelap tidak ada lampu"),
        ("piye iki pak", "bagaimana ini pak"),
        ("kumaha ieu kang", "bagaimana ini kakak"),
        ("kagak nyala lampunye", "tidak menyala lampunye"),
        ("makasih 🙏", "terima kasih emomohon"),
        ("kesel 😡🔥", "kesal emomarah emoapi"),
        ("𝗯𝗮𝗻𝗷𝗶𝗿", "banjir"),
        ("kok mati lagi???", "kok mati lagi ? ? ?"),
        ("jam 10.30 rb", "jam 0 0 ribu"),
        ("", ""),
        ("...", ""),
        ("satu\ndua", "satu dua"),
    ],
)
def test_slang_becomes_standard(text: str, normal: str) -> None:
    assert normalise_one(text) == normal


def test_many_texts_are_each_their_own() -> None:
    assert normalise(["gk", "", "jln\nrusak"]) == ["tidak", "", "jalan rusak"]
    assert normalise([]) == []


@given(st.lists(st.text(), max_size=4))
@example(["C:H:A:O:S"])
def test_normalising_twice_changes_nothing(texts: list[str]) -> None:
    once = normalise(texts)
    assert len(once) == len(texts)
    assert normalise(once) == once
    for line in once:
        assert line == " ".join(line.split())


@given(
    st.lists(
        st.sampled_from(
            [
                "jln",
                "gk",
                "rusakk",
                "b a n j i r",
                "#BanjirBekasi",
                "@dinas",
                "4nak2",
                "org-org",
                "-",
                "'",
                "😭",
                "\n",
                "RT @a:",
            ]
        ),
        max_size=12,
    )
)
def test_pieces_of_posts_are_settled_after_once(pieces: list[str]) -> None:
    once = normalise_one(" ".join(pieces))
    assert normalise_one(once) == once
    joined = normalise_one("".join(pieces))
    assert normalise_one(joined) == joined


def test_no_right_side_of_the_lexicon_needs_another_look() -> None:
    lines = files("classifiers").joinpath("data/lexicon.tsv").read_text("utf-8").splitlines()
    rows = [
        row for row in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if not row[0].startswith("#")
    ]
    left = {row[0] for row in rows}
    assert len(left) == len(rows) >= 2500
    assert {row[2] for row in rows} == {"id", "bew", "jv", "su", "en"}
    for informal, standard, _ in rows:
        assert not left.intersection(standard.split()), (informal, standard)
        assert normalise_one(standard) == standard, standard
