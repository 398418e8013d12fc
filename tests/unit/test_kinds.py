"""The kinds of announcement: their fields, what may be typed into them, and how it is read out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher import kinds as shelf
from publisher.kinds import (
    CONTENT_CLASSES,
    PPID_CLASSES,
    AnnouncementKind,
    TemplateProblem,
    kind_named,
    kinds,
    overdue_class,
)
from publisher.values import Type, shown
from publisher.wording import ALL_NAMES

pytestmark = pytest.mark.once

SEVEN = ["hazard", "affected", "evacuation", "avoidance", "assistance", "announcer", "efforts"]
EVENT = {
    "headline": "Pasar Kuliner",
    "body": "Enak.",
    "day": "2026-11-28",
    "starts": "16:00",
    "place": "Plaza Patriot",
}


def examples(kind: AnnouncementKind, language: str = "id") -> dict[str, str]:
    return {one.name: one.example_in(language) for one in kind.fields}


@pytest.mark.parametrize("key", list(kinds()))
def test_every_kind_is_whole_in_both_languages(key: str) -> None:
    kind = kind_named(key)
    assert kind.check(examples(kind)) == {}
    assert kind.check_english(examples(kind, "en")) == {}
    assert kind.content_class in CONTENT_CLASSES
    assert kind.ppid_class in PPID_CLASSES
    assert kind.name_en
    assert kind.about_en
    assert all(one.label_en and one.example for one in kind.fields)
    assert all(one.example_en for one in kind.fields if one.translated)
    assert {f"{key}/{name}" for name in ALL_NAMES} == {
        str(path.relative_to(shelf.folder()))
        for path in (shelf.folder() / key).rglob("*.*")
        if path.suffix != ".toml"
    }


def test_there_are_kinds_for_all_that_a_city_says() -> None:
    assert set(kinds()) >= {
        "service_notice",
        "outage",
        "weather_warning",
        "event",
        "holiday_greeting",
        "tax_due",
        "recruitment",
        "vaccination",
        "hoax_clarification",
        "press_release",
        "condolence",
        "emergency",
    }


@pytest.mark.parametrize("key", ["weather_warning", "emergency"])
def test_a_danger_is_not_announced_without_all_seven_contents_of_the_law(key: str) -> None:
    kind = kind_named(key)
    assert (kind.urgent, kind.content_class, kind.ppid_class) == (True, "emergency", "serta_merta")
    for name in SEVEN:
        assert list(kind.check({**examples(kind), name: " "})) == [name]


def test_a_new_danger_begins_with_the_citys_numbers() -> None:
    assert (
        kind_named("emergency").field("assistance").beginning
        == "Call Center 1500444 atau 112, 24 jam, tanpa biaya"
    )


@pytest.mark.parametrize(
    ("key", "name", "value", "sentence"),
    [
        ("event", "day", "2026-02-30", "Tanggal: tanggalnya tidak ada di kalender; pilih lagi."),
        ("event", "day", "20261128", "tidak ada di kalender"),
        ("event", "starts", "25:00", "Mulai pukul: jamnya tidak terbaca; tulis seperti 08:00."),
        ("event", "last_day", "2026-11-27", "Sampai tanggal tidak boleh sebelum tanggal."),
        ("event", "link", "bekasikota", "dimulai dengan https://."),
        ("event", "link", "javascript:alert(1)", "dimulai dengan https://."),
        ("event", "district", "32.75.99", "salah satu kecamatan"),
        ("event", "headline", "x" * 91, "Judul paling panjang 90 huruf."),
        ("outage", "service", "gas", "Layanan: pilih salah satu dari daftar."),
        ("outage", "starts_at", "2026-11-28", "pilih keduanya"),
        ("outage", "ends_at", "2026-11-28T07:59", "Perkiraan pulih tidak boleh sebelum mulai."),
        ("recruitment", "openings", "0", "Jumlah: paling sedikit 1."),
        ("recruitment", "openings", "10001", "paling banyak 10000."),
        ("recruitment", "openings", "dua puluh", "bilangan bulat"),
        ("recruitment", "openings", "²", "bilangan bulat"),
        ("press_release", "phone", "telepon saja", "nomor telepon"),
    ],
)
def test_a_value_that_cannot_be_is_told_at_its_field(key: str, name: str, value: str, sentence: str) -> None:
    kind = kind_named(key)
    wrong = kind.check({**examples(kind), name: value})
    assert list(wrong) == [name]
    assert sentence in wrong[name]


@pytest.mark.parametrize("phone", ["112", "1500444", "021-8895-8181", "(021) 8895 8181", "+62 21 88958181"])
def test_numbers_of_offices_are_taken_as_people_write_them(phone: str) -> None:
    kind = kind_named("press_release")
    assert kind.check({**examples(kind), "phone": phone}) == {}


def test_english_is_optional_as_a_whole_but_not_by_halves() -> None:
    kind = kind_named("event")
    assert kind.check_english({}) == {}
    assert kind.check_english({"headline": " "}) == {}
    assert kind.check_english({"headline": "Food Market"}) == {
        "en_body": "About it (Inggris) belum diisi.",
        "en_place": "Place (Inggris) belum diisi.",
    }


def test_dates_times_numbers_and_places_are_read_out_in_each_language() -> None:
    kind = kind_named("outage")
    typed = {**examples(kind), "starts_at": "2026-11-28T08:05"}
    assert kind.shown(typed)["starts_at"] == "Sabtu, 28 November 2026 pukul 08.05 WIB"
    assert kind.shown(typed, "en")["starts_at"] == "Saturday, 28 November 2026 at 08:05 WIB"
    assert (kind.shown(typed)["service"], kind.shown(typed, "en")["service"]) == ("Air bersih", "Tap water")
    assert (shown(Type.NUMBER, "1500"), shown(Type.NUMBER, "1500", language="en")) == ("1.500", "1,500")
    assert shown(Type.PLACE, "32.75.09") == "Jatiasih"
    assert shown(Type.DATE, "2026-13-01") == "2026-13-01"


def test_the_card_shows_the_lines_that_the_kind_names() -> None:
    assert kind_named("event").card_lines(EVENT) == ["Sabtu, 28 November 2026", "16.00", "Plaza Patriot"]


@given(kind=st.sampled_from(list(Type)), value=st.text(max_size=40))
def test_whatever_is_typed_is_read_out_or_stays_as_it_is(kind: Type, value: str) -> None:
    assert isinstance(shown(kind, value), str)


@given(values=st.dictionaries(st.sampled_from([*EVENT, "link", "ends", "last_day"]), st.text(max_size=30)))
def test_checking_never_fails_and_speaks_of_known_fields_only(values: dict[str, str]) -> None:
    kind = kind_named("event")
    assert set(kind.check(values)) <= {one.name for one in kind.fields}


def test_overdue_rules_go_by_class_and_a_kind_that_is_gone_is_general() -> None:
    assert overdue_class("emergency") == "emergency"
    assert overdue_class("sudah_tidak_ada") == "general"


@pytest.fixture
def a_shelf(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """A folder of kinds of our own."""
    settings.BASE_DIR = tmp_path
    folder = tmp_path / "templates" / "announcements" / "baru"
    folder.mkdir(parents=True)
    kinds.cache_clear()
    yield folder / "kind.toml"
    kinds.cache_clear()


@pytest.mark.parametrize(
    ("field", "why"),
    [
        ('name = "reference"\nlabel = "R"', "nama isian 'reference'"),
        ('name = "A b"\nlabel = "R"', "nama isian 'A b'"),
        ('name = "a"\nlabel = "A"\ntype = "warna"', "warna"),
        ('name = "a"\nlabel = "A"\ntype = "choice"', "pilihan"),
        ('name = "a"\nlabel = "A"\nnot_before = "b"', "tidak ada isian 'b'"),
        ('name = "a"', "label"),
        ("name = a", "kind.toml"),
    ],
)
def test_a_kind_that_cannot_be_read_is_named_with_its_file(a_shelf: Path, field: str, why: str) -> None:
    a_shelf.write_text(f'name = "Baru"\nabout = "Uji"\n[[field]]\n{field}\n', "utf-8")
    with pytest.raises(TemplateProblem, match=r"templates/announcements/baru/kind\.toml") as raised:
        kinds()
    assert why in str(raised.value)


def test_a_class_that_nobody_knows_is_refused(a_shelf: Path) -> None:
    a_shelf.write_text('name = "B"\nabout = "U"\ncontent_class = "rahasia"\nfield = []\n', "utf-8")
    with pytest.raises(TemplateProblem, match="content_class"):
        kinds()
