"""Urgency: danger now is seen, and news, the past, figures of speech and drills are not taken for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.core.urgency import LABELS, Level, urgency

pytestmark = pytest.mark.once

EMERGENCY = [
    "tolong ada kebakaran di gang mawar, api makin besar",
    "pak damkar rumah tetangga saya kebakaran",
    "lapor min barusan ada kebakaran warung di pasar",
    "tolong kami terjebak banjir di lantai 2, ada bayi",
    "butuh perahu karet, nenek saya belum bisa dievakuasi",
    "min minta bantuan evakuasi, keluarga teman di atap rumah banjir",
    "air makin naik masuk ke rumah kami tolong",
    "banjir sudah sedada, kami butuh bantuan",
    "tanggul kali jebol barusan pak, tolong segera",
    "kabel listrik putus di jalan, banyak anak lewat",
    "ada anak kesetrum tiang lampu tolong",
    "tiang listrik roboh nimpa rumah tolong pln",
    "barusan kecelakaan, korban luka parah tergeletak, tolong ambulans",
    "tabrak lari barusan di pertigaan, korban berdarah",
    "ibu saya pingsan butuh ambulans segera",
    "mohon bantuan tabung oksigen, bapak saya sesak napas",
    "barusan pohon tumbang nimpa motor di depan sekolah",
    "lapor pak pohon tumbang menutup jalan, ada kabel ikut putus",
    "tembok rumah warga barusan ambruk tolong",
    "tolong tebing belakang rumah saya longsor malam ini",
    "bau gas menyengat di gang kami",
    "tabung gas meledak di warung sebelah",
    "pak polisi ada tawuran sekarang depan gor tolong",
    "tolong teman saya dibegal barusan di flyover",
    "lapor ada anak hanyut di kali barusan",
    "mohon bantuan kakek saya hilang sejak pagi belum pulang",
    "tolong ular kobra masuk rumah",
    "banjir di sini gak bisa keluar rumah, belum ada bantuan",
    "kobongan omahe tonggoku tulung pak damkar, kobong tolong",
    "punten kang aya kahuruan di gang, tolong",
]
NOT_EMERGENCY = [
    "kemarin ada kebakaran di pasar, sekarang aman",
    "bapaknya kebakaran jenggot dikritik warga",
    "banjir diskon di mal hari ini",
    "banjir air mata nonton drama ini",
    "kota ini darurat sampah pak wali",
    "mati lampu lagi, bosan",
    "tenggelam dalam lamunan",
    "simulasi kebakaran di sekolah berjalan lancar",
    "pelatihan evakuasi banjir untuk relawan",
    "polisi tangkap pelaku begal, kata kapolres",
    "BPBD mengevakuasi warga terdampak banjir di lima titik",
    "takut pohonnya roboh, tolong dipangkas",
    "kalau hujan takut tembok ambruk",
    "jangan sampai ada korban kecelakaan",
    "terima kasih damkar, api sudah padam",
    "tahun 2020 pernah kejebak banjir di lantai 2",
    "semoga korban banjir diberi kekuatan",
    "terjebak nostalgia di kota ini",
    "jalan rusak tolong diperbaiki",
    "min jam buka puskesmas berapa ya",
    "film tentang begal itu seru",
    "asuransi pohon tumbang diserahkan wali kota",
    "lampu pju mati tolong dibenerin",
    "syarat bikin ktp hilang apa ya min",
    "jadwal kereta hilang dari aplikasi",
    "rawan begal karena lampu mati",
    "saham ambruk, ekonomi longsor",
    "mobil pemadam kebakaran parkir di balai kota",
    "air mati dari pagi min",
    "",
]


@pytest.mark.parametrize("text", EMERGENCY)
def test_danger_now_is_an_emergency(text: str) -> None:
    (found,) = urgency([text])
    assert found.level == Level.EMERGENCY, found
    assert found.rule
    assert found.span is not None
    assert text[slice(*found.span)] == found.words
    assert found.words in found.why


@pytest.mark.parametrize("text", NOT_EMERGENCY)
def test_news_past_figures_and_drills_are_no_emergency(text: str) -> None:
    (found,) = urgency([text])
    assert found.level != Level.EMERGENCY, found


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("kabel menjuntai di depan rumah min", "hanging_cable"),
        ("lubang galian menganga di trotoar", "open_hole"),
        ("pohon di depan sekolah sudah miring", "leaning"),
        ("tetangga bakar sampah tiap sore", "smoke"),
        ("jalan berlubang membahayakan pengendara", "danger"),
    ],
)
def test_danger_that_is_near_is_soon(text: str, rule: str) -> None:
    (found,) = urgency([text])
    assert (found.level, found.rule) == (Level.SOON, rule)


def test_every_level_has_its_word() -> None:
    assert set(LABELS) == set(Level)


@given(st.lists(st.text(), max_size=4))
def test_any_text_has_an_urgency_and_spans_lie_inside_it(texts: list[str]) -> None:
    found = urgency(texts)
    assert len(found) == len(texts)
    for text, one in zip(texts, found, strict=True):
        assert one.span is None or 0 <= one.span[0] < one.span[1] <= len(text)
