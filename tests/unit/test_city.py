"""The ground: places and personal data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from city.gazetteer import find_place, places
from city.masks import _RULES, mask

pytestmark = pytest.mark.once


def test_kota_bekasi_has_12_kecamatan_and_56_kelurahan() -> None:
    levels = [place.level for place in places()]
    assert (levels.count("kecamatan"), levels.count("kelurahan")) == (12, 56)
    assert len({place.code for place in places()}) == 68


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("lampu mati di jatiasih", "Jatiasih"),
        ("got mampet Kel. Duren Jaya, Bekasi Timur", "Durenjaya"),
        ("MEDAN SATRIA banjir", "Medansatria"),
        ("di bantar gebang bau", "Bantargebang"),
        ("dekat pondok melati", "Pondokmelati"),
        ("jatiasihan bukan tempat", None),
        ("tidak menyebut tempat", None),
    ],
)
def test_a_place_is_found_as_people_write_it(text: str, name: str | None) -> None:
    found = find_place(text)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("WA 081234567890 ya", "WA <TELP> ya"),
        ("telp (021) 8896-1234", "telp <TELP>"),
        ("+62 812 3456 7890", "<TELP>"),
        ("NIK 3275010101900001", "NIK <NIK>"),
        ("kartu 4111 1111 1111 1111", "kartu <NIK>"),
        ("pelat B 1234 KYZ parkir liar", "pelat <PLAT> parkir liar"),
        ("truk AD1234XX", "truk <PLAT>"),
        ("RT 04 RW 11 KM 12 A", "RT 04 RW 11 KM 12 A"),
        ("surel a.b+c@contoh.go.id!", "surel <EMAIL>!"),
        ("jalan rusak sejak 2023, RT 04 RW 011", "jalan rusak sejak 2023, RT 04 RW 011"),
        ("Call Center 1500444", "Call Center 1500444"),
        ("@pemkotbekasi #bekasi08123", "@pemkotbekasi #bekasi08123"),
    ],
)
def test_personal_numbers_are_masked_and_nothing_else(text: str, masked: str) -> None:
    assert mask(text) == masked


@given(st.text())
def test_masking_never_raises_and_is_done_after_once(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@given(st.text(alphabet="0126789 .-+()@/#aBZ_٣"))
def test_looking_for_hints_first_hides_nothing(text: str) -> None:
    plain = text
    for label, _, pattern in _RULES:
        plain = pattern.sub(label, plain)
    assert mask(text) == plain
