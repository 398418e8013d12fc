"""Who is responsible, and why."""

import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from city.places import find
from classifiers.core.authority import authority, name_of
from classifiers.core.kinds import TOPICS

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("text", "topic", "key"),
    [
        ("jalan di Jatiasih berlubang", "jalan_trotoar", "city"),
        ("lampu jalan mati di Jl. Raya Pekayon", "lampu_jalan_pju", "city"),
        ("sampah menumpuk di Kranji", "sampah", "city"),
        ("jalan tol Bekasi Barat berlubang", "jalan_trotoar", "national_road"),
        ("lubang di tol japek arah cikampek", "jalan_trotoar", "national_road"),
        ("jalan nasional ini rusak", "jalan_trotoar", "national_road"),
        ("jalan provinsi belum diaspal", "jalan_trotoar", "province"),
        ("listrik padam di Pekayon", "listrik", "pln"),
        ("gardu PLN meledak", None, "pln"),
        ("krl telat lagi di stasiun bekasi", "transportasi_umum", "kai"),
        ("LRT penuh sesak", "transportasi_umum", "lrt"),
        ("kereta cepat whoosh mahal", "transportasi_umum", "kcic"),
        ("bpjs saya tidak aktif", "kesehatan", "bpjs"),
        ("jalan di Cikarang rusak", "jalan_trotoar", "kabupaten_bekasi"),
        ("lampu jalan mati di Tambun", "lampu_jalan_pju", "kabupaten_bekasi"),
        ("listrik padam di Cikarang", "listrik", "pln"),
        ("jalan di Cakung berlubang", "jalan_trotoar", "dki"),
        ("TPST Bantargebang bau sekali", "sampah", "dki"),
        ("jalan di Surabaya berlubang", "jalan_trotoar", "other_city"),
        ("motor saya dicuri semalam di Galaxy", "ketertiban_keamanan", "police"),
        ("indihome mati dari kemarin", "telekomunikasi", "telco"),
        ("kabel wifi semrawut", None, "telco"),
        ("tanggul kali bekasi retak", "banjir_drainase", "river_bbws"),
        ("saluran mampet di Jatibening", "banjir_drainase", "city"),
        ("air pam mati di Rawalumbu", "air_pdam", "pdam_city"),
        ("tirta bhagasasi airnya keruh", "air_pdam", "pdam_kabupaten"),
        ("guru SMAN di Bekasi kurang", "pendidikan", "province"),
        ("sd negeri di Jatiasih atapnya bocor", "pendidikan", "city"),
        ("samsat antre panjang", "perizinan", "province"),
        ("paspor saya belum jadi di imigrasi", None, "national_agency"),
        ("pengembang belum serahkan jalan", "jalan_trotoar", "private"),
        ("halo selamat pagi", None, "unknown"),
        ("apa kabar", "lain", "unknown"),
    ],
)
def test_the_responsible_body_is_told(text: str, topic: str | None, key: str) -> None:
    (found,) = authority([text], [topic], find([text]))
    assert found.key == key, found
    assert found.why
    assert 0 <= found.confidence <= 1
    assert name_of(found.key)


def test_a_road_that_may_be_national_stays_with_the_city_and_says_so() -> None:
    text = "jl ahmad yani bekasi berlubang"
    (found,) = authority([text], ["jalan_trotoar"], find([text]))
    assert found.key == "city"
    assert "nasional" in found.why


def test_a_known_place_makes_the_city_surer() -> None:
    texts = ["jalan rusak", "jalan rusak di bekasi", "jalan rusak di jatiasih"]
    found = authority(texts, ["jalan_trotoar"] * 3, find(texts))
    assert [one.key for one in found] == ["city"] * 3
    assert found[0].confidence < found[1].confidence < found[2].confidence


def test_every_rule_names_its_source_and_known_topics() -> None:
    table = tomllib.loads(files("classifiers").joinpath("data/authority.toml").read_text("utf-8"))
    for rule in table["rule"]:
        assert rule["source"]
        assert rule["reason"]
        assert rule["key"] in table["names"]
        assert set(rule["topics"]) <= set(TOPICS)
        assert bool(rule["words"]) == bool(rule["stems"])
    assert set(table["city_topics"]) <= set(TOPICS)


def test_lists_of_unlike_length_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        authority(["a", "b"], [None], find(["a"]))


@given(st.text(), st.sampled_from([None, *TOPICS]))
def test_any_text_has_an_authority(text: str, topic: str | None) -> None:
    (found,) = authority([text], [topic], find([text]))
    assert name_of(found.key)
