"""Where a text happens: candidates, elsewhere, and the address as written."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from city.address import find_address
from city.gazetteer import entries, places
from city.places import find, find_one

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("lampu mati di jatiasih sejak semalam", "Jatiasih"),
        ("tolong jalan di Jati Asih berlubang", "Jatiasih"),
        ("got mampet Kel. Duren Jaya, Bekasi Timur", "Durenjaya"),
        ("MEDAN SATRIA banjir lagi", "Medansatria"),
        ("bekbar macet total", "Bekasi Barat"),
        ("daerah beksel mati lampu", "Bekasi Selatan"),
        ("bektim banjir semata kaki", "Bekasi Timur"),
        ("bekut gelap gulita", "Bekasi Utara"),
        ("sampah numpuk di pd gede", "Pondokgede"),
        ("jatsam becek", "Jatisampurna"),
        ("#BanjirJatiasih parah", "Jatiasih"),
        ("#jatibening macet", "Jatibening"),
        ("di kelurahan Margahayu, Bekasi Timur", "Margahayu"),
        ("di pejuang bekasi banjir", "Pejuang"),
        ("kel. Perwira Bekasi Utara lampu padam", "Perwira"),
        ("di bintara 9 jalannya rusak", "Bintara"),
        ("Kota Baru, Bekasi Barat banyak sampah", "Kotabaru"),
        ("kel jatiasih kec jatiasih", "Jatiasih"),
        ("depan Summarecon Bekasi macet", "Margamulya"),
        ("Galaxy bekasi banjir lagi min", "Jakasetia"),
        ("perum Wisma Asri tergenang", "Teluk Pucung"),
        ("Kemang Pratama listrik padam", "Bojong Rawalumbu"),
        ("antre di RSUD CAM lama sekali", "Margajaya"),
        ("stasiun Kranji penuh", "Kranji"),
        ("Jl. Raya Pekayon bolong", "Pekayonjaya"),
        ("jln wibawa mukti macet", "Jatiasih"),
        ("pulo ribung banjir", "Jakasetia"),
        ("dari Jatiasih ke Bandung macet", "Jatiasih"),
        ("Pondok Gede Permai tanggulnya rembes", "Jatirasa"),
        ("bantar gebang bau", "Bantargebang"),
        # traps
        ("jatiasihan bukan tempat", None),
        ("tidak menyebut tempat", None),
        ("Margahayu Bandung banjir", None),
        ("di Margahayu Raya Bandung macet", None),
        ("para pejuang rupiah bekasi berangkat pagi", None),
        ("pejuang subsidi antre gas", None),
        ("seorang perwira polisi diperiksa", None),
        ("pendidikan bintara polri dibuka", None),
        ("ada harapan baru untuk kita semua", None),
        ("waduk Jatiluhur Purwakarta surut", None),
        ("Medan banjir, kata warga kota Medan", None),
        ("kali baru dilihat sudah rusak", None),
        ("jalan juanda bandung macet", None),
        ("di Bekasi macet", None),
        ("cikarang panas sekali", None),
        ("sepanjang jalan gelap", None),
        ("@jatiasihku ada info?", None),
        ("lihat https://contoh.id/jatiasih", None),
    ],
)
def test_the_area_is_read_as_people_write_it(text: str, area: str | None) -> None:
    assert find_one(text).area == area


@pytest.mark.parametrize(
    ("text", "elsewhere", "whose"),
    [
        ("jalan di Cikarang rusak", "Kabupaten Bekasi", "kabupaten_bekasi"),
        ("kab. bekasi jalannya hancur", "Kabupaten Bekasi", "kabupaten_bekasi"),
        ("Tambun Selatan gelap", "Kabupaten Bekasi", "kabupaten_bekasi"),
        ("babelan bekasi banjir", "Kabupaten Bekasi", "kabupaten_bekasi"),
        ("Vila Nusa Indah banjir", "Kabupaten dan Kota Bogor", "other_city"),
        ("di Cakung macet", "DKI Jakarta", "dki"),
        ("pondok kelapa banjir", "DKI Jakarta", "dki"),
        ("Margahayu Bandung macet", "Bandung", "other_city"),
        ("lapor @pemkotbdg jalan rusak", "Bandung", "other_city"),
        ("Surabaya panas", "Surabaya", "other_city"),
        ("Vila Nusa Indah Bekasi banjir", "Kabupaten dan Kota Bogor", "other_city"),
        ("banjir kiriman dari Bogor sampai Bekasi", None, None),
        ("kereta dari malang ke bekasi", None, None),
        ("nasib malang benar", None, None),
        ("jl. Semarang no 4 Jatiasih gelap", None, None),
        ("dari Jatibening ke Jakarta macet", None, None),
        ("puncak kemarahan warga", None, None),
    ],
)
def test_elsewhere_is_named_unless_a_place_of_the_city_is_surer(
    text: str, elsewhere: str | None, whose: str | None
) -> None:
    found = find_one(text)
    assert (found.elsewhere, found.whose) == (elsewhere, whose)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("lampu mati di Jl. Melati 3 RT 04/07 blok C tolong", "Jl. Melati 3 RT 04/07 blok C"),
        ("jln kenanga raya no 12 rusak", "jln kenanga raya no 12"),
        ("Gang Mawar RT 02 RW 05", "Gang Mawar RT 02 RW 05"),
        ("jalan rusak parah", None),
        ("enaknya jalan kaki saja", None),
        ("jalan Cendana bolong", "jalan Cendana"),
    ],
)
def test_the_address_is_kept_as_written(text: str, address: str | None) -> None:
    assert find_address(text) == address


def test_a_candidate_points_to_its_words_and_says_why() -> None:
    text = "İni di Jatiasih, bukan di Jati bening?"
    first, second = find_one(text).candidates
    assert {text[slice(*place.span)] for place in (first, second)} == {"Jatiasih", "Jati bening"}
    assert "Jatiasih" in first.why + second.why


def test_a_long_road_tells_no_area() -> None:
    found = find_one("macet di Kalimalang bekasi")
    assert found.candidates[0].name == "Jl. KH Noer Ali"
    assert found.area is None


@given(st.text())
def test_any_text_is_read_and_spans_lie_inside_it(text: str) -> None:
    (found,) = find([text])
    for place in found.candidates:
        assert 0 <= place.span[0] < place.span[1] <= len(text)
        assert 0 < place.confidence <= 1


def test_names_belong_where_they_are_said_to_lie() -> None:
    codes = {place.name: place.code for place in places() if place.level == "kecamatan"}
    homes = {place.name: place.code for place in places() if place.level == "kelurahan"}
    for entry in entries():
        assert entry.name
        assert entry.aliases
        assert not entry.kecamatan or entry.kecamatan in codes, entry
        if entry.kelurahan:
            assert homes[entry.kelurahan].startswith(codes[entry.kecamatan]), entry
        assert entry.when in ("always", "street", "cue", "plain"), entry
        assert entry.road in ("", "city", "mixed", "toll"), entry


def test_the_gazetteer_is_wide_and_its_codes_are_unique() -> None:
    kinds = Counter(entry.kind for entry in entries())
    assert kinds["street"] + kinds["toll"] >= 150
    assert sum(kinds.values()) - kinds["street"] - kinds["toll"] - kinds["elsewhere"] - 68 >= 200
    codes = [entry.code for entry in entries() if entry.kind in ("kecamatan", "kelurahan")]
    assert len(codes) == len(set(codes)) == 68
