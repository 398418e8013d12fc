"""What happens after "Setujui": a correction everywhere, a pause that holds, an emergency that goes out."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.browser import DESKTOP, PHONE, Demo, chromium, demo, look, sign_in

pytestmark = pytest.mark.browser

TITLE = "Donor darah di Balai Patriot"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo(tmp_path_factory.mktemp("demo")) as where:
        yield where


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


def town_says(page: Page, running: Demo, words: str, times: int) -> None:
    """Wait until the town shows ``words`` that often."""
    for _ in range(80):
        text = page.request.get(running.town + "/control/received").text()
        if text.count(words) >= times:
            return
        page.wait_for_timeout(500)
    raise AssertionError(f"{text.count(words)} of {times}: {words}")


def submitted(sari: Page, running: Demo, title: str, body: str) -> str:
    """Sari writes a service notice and asks for approval; gives its address."""
    sari.goto(running.desk + "/pengumuman/baru/service_notice/")
    sari.get_by_role("textbox", name="Judul").fill(title)
    sari.get_by_role("textbox", name="Isi", exact=True).fill(body)
    sari.get_by_role("button", name="Ajukan persetujuan").click()
    expect(sari.get_by_text("menunggu persetujuan").first).to_be_visible()
    return sari.url


def approved(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="Setujui").click()
    expect(page.get_by_text("Disetujui").first).to_be_visible()


def test_a_correction_reaches_every_channel_and_a_withdrawal_too(running: Demo, browser: Browser) -> None:
    sari, budi = (sign_in(browser, running, name, DESKTOP) for name in ("sari", "budi"))
    address = submitted(sari, running, TITLE, "Mulai pukul 08.00.")
    approved(budi, address)
    town_says(budi, running, TITLE, 5)
    for _ in range(40):
        sari.goto(address)
        if sari.get_by_role("link", name="Ralat").count():
            break
        sari.wait_for_timeout(500)
    sari.get_by_role("link", name="Ralat").click()
    look(sari, "ralat")
    sari.get_by_role("textbox", name="Apa yang diralat").fill("Jamnya keliru; yang benar pukul 09.00.")
    sari.get_by_role("button", name="Ubah isinya").click()
    sari.get_by_role("textbox", name="Isi", exact=True).fill("Mulai pukul 09.00.")
    sari.get_by_role("button", name="Ajukan persetujuan").click()
    expect(sari.get_by_text("menunggu persetujuan").first).to_be_visible()
    budi.goto(address)
    # What a reply says is read before it is approved.
    expect(budi.get_by_label("Pratinjau X @pemkotbekasi")).to_contain_text("Ralat: Jamnya keliru")
    look(budi, "ralat-disetujui")
    approved(budi, address)
    # Edited on Facebook and both websites, a reply on X; Instagram's comment stands under the post.
    town_says(budi, running, "Jamnya keliru; yang benar pukul 09.00.", 3)
    town_says(budi, running, "Mulai pukul 09.00.", 3)

    for _ in range(40):
        budi.goto(address)
        if budi.get_by_text("sedang tayang").count() == 0:
            break
        budi.wait_for_timeout(500)
    budi.get_by_role("link", name="Tarik").click()
    look(budi, "tarik")
    budi.get_by_role("textbox", name="Mengapa ditarik").fill("Acaranya dibatalkan penyelenggara.")
    budi.get_by_role("button", name="Ya, tarik dari semua saluran").click()
    town_says(budi, running, "Acaranya dibatalkan penyelenggara.", 2)
    budi.goto(address)
    look(budi, "penarikan")


def test_a_pause_holds_and_asks_when_it_ends(running: Demo, browser: Browser) -> None:
    sari, budi = (sign_in(browser, running, name, DESKTOP) for name in ("sari", "budi"))
    budi.goto(running.desk + "/jeda/baru/")
    budi.get_by_role("textbox", name="Alasan").fill("Gempa; hanya informasi darurat")
    budi.get_by_role("textbox", name="Diputuskan oleh").fill("Nining, Sekretaris Daerah")
    budi.get_by_role("button", name="Mulai jeda sekarang").click()
    expect(budi.get_by_text("Gempa; hanya informasi darurat").first).to_be_visible()
    address = submitted(sari, running, "Pelatihan kader posyandu", "Di Aula Kecamatan.")
    approved(budi, address)
    for _ in range(40):
        budi.goto(address)
        if budi.get_by_text("ditahan", exact=True).count() >= 5:
            break
        budi.wait_for_timeout(500)
    look(budi, "ditahan")
    assert "Pelatihan kader posyandu" not in budi.request.get(running.town + "/control/received").text()
    budi.goto(running.desk + "/jeda/")
    look(budi, "jeda")
    budi.get_by_role("button", name="Akhiri").first.click()
    expect(budi.get_by_text("Pelatihan kader posyandu").first).to_be_visible()
    look(budi, "jeda-berakhir")
    budi.get_by_role("button", name="Kirim sekarang").first.click()
    town_says(budi, running, "Pelatihan kader posyandu", 5)


def test_an_emergency_goes_out_after_two_people_said_yes(running: Demo, browser: Browser) -> None:
    sari, budi, rina = (sign_in(browser, running, name, DESKTOP) for name in ("sari", "budi", "rina"))
    sari.goto(running.desk + "/darurat/")
    look(sari, "darurat")
    sari.goto(running.desk + "/pengumuman/baru/emergency/")
    title = "Kebakaran gudang di Medansatria, jauhi lokasi"
    sari.get_by_role("textbox", name="Judul").fill(title)
    for name, words in {
        "Lokasi": "Jl. Sultan Agung, Medansatria",
        "Bahaya": "Asap tebal sampai satu kilometer.",
        "Siapa": "Warga Medansatria.",
        "Cara dan tempat mengungsi": "Ke Stadion Patriot.",
        "Cara menghindari": "Tutup pintu dan jendela.",
    }.items():
        sari.get_by_role("textbox", name=name).first.fill(words)
    for field in sari.locator("input[type=datetime-local][required]").all():
        field.fill("2026-11-24T13:40")
    since = sari.get_by_label("Sejak")
    if since.count():
        since.first.fill("2026-11-24T13:40")
    efforts = sari.get_by_role("textbox", name="Upaya")
    if efforts.count():
        efforts.first.fill("Damkar di lokasi, 12 mobil.")
    look(sari, "susun-darurat")
    sari.get_by_role("button", name="Ajukan persetujuan").click()
    expect(sari.get_by_text("menunggu persetujuan").first).to_be_visible()
    address = sari.url
    budi.goto(address)
    budi.get_by_role("button", name="Setujui").click()
    look(budi, "darurat-satu-persetujuan")
    assert title not in budi.request.get(running.town + "/control/received").text()
    rina.goto(address)
    rina.get_by_role("button", name="Setujui").click()
    town_says(rina, running, title, 5)
    rina.goto(address)
    rina.get_by_role("link", name="Buka papan bukti").click()
    expect(rina.get_by_text("selesai").first).to_be_visible()
    look(rina, "papan-darurat")
    phone = sign_in(browser, running, "rina", PHONE)
    phone.goto(rina.url)
    look(phone, "papan-darurat")
