"""What people do with the desk, in a real browser, on the running demo."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.browser import DESKTOP, PHONE, Demo, chromium, demo, look, sign_in

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo(tmp_path_factory.mktemp("demo")) as where:
        yield where


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


def town_page(browser: Browser, running: Demo) -> Page:
    page = browser.new_context(viewport=DESKTOP).new_page()  # type: ignore[arg-type]
    page.goto(running.town + "/")
    return page


def test_sari_writes_budi_approves_and_it_appears_in_the_town(running: Demo, browser: Browser) -> None:
    sari = sign_in(browser, running, "sari", DESKTOP)
    sari.get_by_role("link", name="Buat pengumuman").first.click()
    sari.get_by_role("link", name="Pemberitahuan layanan").click()
    sari.get_by_role("textbox", name="Judul").fill("Vaksinasi rabies gratis di Mustikajaya")
    sari.get_by_role("textbox", name="Isi", exact=True).fill(
        "Bawa kucing atau anjing Anda. Tidak perlu mendaftar."
    )
    sari.get_by_role("textbox", name="Tempat").fill("Balai Warga RW 05")
    expect(sari.locator("#previews")).to_contain_text("Balai Warga RW 05")
    look(sari, "susun")
    sari.get_by_role("button", name="Ajukan persetujuan").click()
    expect(sari.get_by_text("menunggu persetujuan").first).to_be_visible()
    address = sari.url
    expect(sari.get_by_role("button", name="Setujui")).to_have_count(0)

    budi = sign_in(browser, running, "budi", DESKTOP)
    expect(budi.get_by_text("Vaksinasi rabies gratis di Mustikajaya").first).to_be_visible()
    look(budi, "beranda-penyetuju")
    budi.goto(address)
    look(budi, "persetujuan")
    budi.get_by_role("button", name="Setujui").click()

    town = town_page(browser, running)
    for _ in range(60):
        town.goto(running.town + "/")
        if town.content().count("Vaksinasi rabies gratis di Mustikajaya") >= 5:
            break
        town.wait_for_timeout(500)
    assert town.content().count("Vaksinasi rabies gratis di Mustikajaya") >= 5
    budi.goto(address)
    expect(budi.get_by_role("link", name="Lihat kiriman").first).to_be_visible()
    look(budi, "penayangan")


def test_a_mistake_is_shown_beside_what_caused_it_and_nothing_typed_is_lost(
    running: Demo, browser: Browser
) -> None:
    sari = sign_in(browser, running, "sari", DESKTOP)
    sari.goto(running.desk + "/pengumuman/baru/service_notice/")
    sari.get_by_role("textbox", name="Judul").fill("J" * 80)
    sari.get_by_role("textbox", name="Tempat").fill("T" * 85)
    sari.get_by_role("textbox", name="Waktu layanan").fill("W" * 85)
    sari.get_by_role("button", name="Ajukan persetujuan").click()
    expect(sari.get_by_text("Isi belum diisi.")).to_be_visible()
    expect(sari.get_by_role("textbox", name="Judul")).to_have_value("J" * 80)
    sari.get_by_role("textbox", name="Isi", exact=True).fill("Penjelasan.")
    sari.get_by_role("textbox", name="Kontak").fill("K" * 60)
    sari.get_by_role("button", name="Ajukan persetujuan").click()
    expect(sari.get_by_text("dari 280").first).to_be_visible()


def test_a_complaint_spoken_in_the_town_becomes_a_case_on_its_desk(running: Demo, browser: Browser) -> None:
    town = town_page(browser, running)
    words = "@pemkotbekasi jalan di Cimuning rusak parah berlubang, sudah dua bulan tidak diperbaiki"
    town.request.post(
        running.town + "/control/say", data={"channel": "x", "how": "mention", "author": "eni", "text": words}
    )
    agus = sign_in(browser, running, "agus", DESKTOP)
    for _ in range(60):
        agus.goto(running.desk + "/kasus/")
        if "Cimuning rusak parah" in agus.content():
            break
        agus.wait_for_timeout(500)
    look(agus, "kasus")
    agus.get_by_role("link").filter(has_text="BKS-").first.click()
    look(agus, "satu-kasus")
    phone = sign_in(browser, running, "agus", PHONE)
    phone.goto(agus.url)
    look(phone, "satu-kasus")


def test_wati_reviews_with_the_keyboard_and_can_take_it_back(running: Demo, browser: Browser) -> None:
    wati = sign_in(browser, running, "wati", DESKTOP)
    wati.goto(running.desk + "/tinjauan/")
    look(wati, "tinjauan")
    before = wati.locator("#review").inner_text()
    wati.keyboard.press("5")
    expect(wati.get_by_text("Dicatat: lainnya.")).to_be_visible()
    assert wati.locator("#review").inner_text() != before
    wati.keyboard.press("u")
    expect(wati.get_by_text("Dicatat: lainnya.")).to_have_count(0)


PAGES = {
    "beranda": ("rina", "/"),
    "tinjauan": ("wati", "/tinjauan/"),
    "sebutan": ("wati", "/sebutan/"),
    "kasus": ("agus", "/kasus/"),
    "pengumuman": ("sari", "/pengumuman/"),
    "susun": ("sari", "/pengumuman/baru/service_notice/"),
    "saluran": ("rina", "/saluran/"),
    "liputan": ("rina", "/liputan/"),
    "lainnya": ("rina", "/lainnya/"),
    "tanpa-tugas": ("eka", "/"),
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440", "390"])
def test_every_page_fits_the_screen_and_is_accessible(
    size: dict[str, int], theme: str, running: Demo, browser: Browser
) -> None:
    windows: dict[str, Page] = {}
    for name, (person, path) in PAGES.items():
        if person not in windows:
            windows[person] = sign_in(browser, running, person, size, theme)
        windows[person].goto(running.desk + path)
        look(windows[person], name if theme == "light" else f"{name}-gelap")


def test_the_towns_page_shows_every_platform(running: Demo, browser: Browser, tmp_path: Path) -> None:
    town = town_page(browser, running)
    look(town, "kota-tiruan")
