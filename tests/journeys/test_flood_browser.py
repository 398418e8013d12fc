"""Forty posts about one flood on three platforms: one incident, a team sent, a warning, forty answered threads."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from email.header import decode_header, make_header
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.contract.test_handoff_mail import text_of
from tests.journeys.browser import DESKTOP, PHONE, Demo, chromium, demo, look, sign_in
from tests.journeys.flood import (
    CHANNELS,
    MISSING,
    PLACE,
    UPDATE,
    Said,
    by_thread,
    flood,
    place_told,
    question_to,
)
from tests.receivers import MailServer
from tests.receivers import mail as mail_server

pytestmark = pytest.mark.browser
NUMBER = re.compile(r"BKS-\d{4}-\d{6}")
SITES = ("web_diskominfostandi", "web_pemkot")
CODE = re.compile(r"kode (\w{10})")
STATUS = re.compile(r"http://\S+/status/\S+/\w+/")


@pytest.fixture(scope="module")
def post() -> Iterator[MailServer]:
    """The mail server of the units."""
    with mail_server() as made:
        yield made


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, post: MailServer) -> Iterator[Demo]:
    """The demo in a town where nobody has spoken yet; its own citizens go on speaking of other things."""
    home = tmp_path_factory.mktemp("demo")
    quiet = home / "quiet.jsonl"
    quiet.write_text("", "utf-8")
    sender = "Kota Bekasi <lapor@bekasi.example>"
    url = f"smtp://127.0.0.1:{post.port}/"
    with demo(home, "--world", str(quiet), KENTONGAN_EMAIL_URL=url, KENTONGAN_EMAIL_FROM=sender) as where:
        yield where


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


def until(page: Page, done: Callable[[], bool], what: Callable[[], object], seconds: int = 60) -> None:
    """Wait until it is so; fail with what there is instead."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if done():
            return
        page.wait_for_timeout(700)
    raise AssertionError(what())


class Street:
    """The town as its citizens see and use it, by its control API."""

    def __init__(self, page: Page, where: Demo) -> None:
        self.page, self.base = page, where.town

    def get(self, path: str) -> Any:
        return self.page.request.get(self.base + path).json()

    def says(self, row: dict[str, Any]) -> None:
        assert self.page.request.post(self.base + "/control/say", data=row).ok

    @property
    def received(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = self.get("/control/received")
        return found

    @property
    def ids(self) -> dict[str, dict[str, str]]:
        return {channel: self.get(f"/control/ids?channel={channel}") for channel in CHANNELS}

    @property
    def warnings(self) -> list[str]:
        """Where the city speaks of the place outside threads, once for each time."""
        own = ((key, one) for key, rows in self.received.items() for one in rows if not one["reply_to"])
        return [key for key, one in own if PLACE in f"{one['text']} {one.get('alt', '')}"]

    def threads(self, said: list[Said]) -> dict[str, list[str]]:
        """What stands under each post of ``said``."""
        found = by_thread(self.received, self.ids)
        return {one.id: found.get(one.id, []) for one in said}

    def answered(self, said: list[Said], times: int, seconds: int = 90) -> dict[str, list[str]]:
        """Wait until each thread has ``times`` answers; gives them. More than that fails."""
        until(
            self.page,
            lambda: all(len(texts) >= times for texts in self.threads(said).values()),
            lambda: {name: texts for name, texts in self.threads(said).items() if len(texts) != times},
            seconds,
        )
        found = self.threads(said)
        assert {name: texts for name, texts in found.items() if len(texts) != times} == {}
        return found


def outside(browser: Browser, size: dict[str, int] = DESKTOP) -> Page:
    """Somebody who has not signed in."""
    made: Page = browser.new_context(viewport=size, locale="id-ID").new_page()
    return made


def reviewed(wati: Page, running: Demo) -> None:
    """Wati decides what the judge was not sure of: the flood's posts are complaints, else what is suggested."""
    wati.goto(running.desk + "/tinjauan/")
    look(wati, "banjir-tinjauan")
    for _ in range(20):
        form = wati.locator("form.kinds")
        if not form.count():
            return
        ours = "jatirasa" in wati.get_by_role("region", name="Kiriman").inner_text().lower()
        decided = str(form.get_attribute("action"))
        form.get_by_role("button", name="Pengaduan").click() if ours else form.locator(".suggested").click()
        expect(wati.locator(f'form.kinds[action="{decided}"]')).to_have_count(0)


def test_forty_posts_become_one_incident_and_forty_answered_threads(
    running: Demo, browser: Browser, post: MailServer
) -> None:
    began = time.monotonic()

    def stage(name: str) -> None:
        print(f"{time.monotonic() - began:5.1f} s  {name}", flush=True)

    said = flood()
    citizen = outside(browser)
    street = Street(citizen, running)
    for one in said:
        street.says(one.row)
    stage("said")
    agus = sign_in(browser, running, "agus", DESKTOP)
    wati = sign_in(browser, running, "wati", DESKTOP)
    until(
        wati,
        lambda: sum(bool(texts) for texts in street.threads(said).values()) >= 36,
        lambda: street.threads(said),
    )
    stage("heard")
    reviewed(wati, running)
    first = street.answered(said, 1)
    stage("receipts")
    for one in said:
        if not one.placed:
            assert "Di mana tepatnya?" in first[one.id][0]
            street.says(place_told(one, question_to(one, street.received, street.ids)))
    numbers = {name: NUMBER.findall(texts[0])[0] for name, texts in first.items()}
    all_ = list(numbers.values())
    assert len(set(all_)) == 40

    incident = incident_of(agus, running)
    stage("incident")
    look(agus, "banjir-kejadian")

    given(agus, running, incident, len(said))
    stage("given")
    until(citizen, lambda: len(mailed(post, all_)) >= 40, lambda: mailed(post, all_))
    assert mailed(post, all_) == dict.fromkeys(all_, 1)
    # A team that was sent where nobody knew the place is told it once.
    told = mailed(post, all_, "Kabar baru")
    assert set(told) <= {numbers[one.id] for one in said if not one.placed}
    assert set(told.values()) == {1}
    stage("mailed")
    unit = outside(browser, PHONE)
    for number in all_:
        unit.goto(links_of(post, number)[0])
        unit.get_by_role("button", name="Terima, kami tangani").click()
        expect(unit.get_by_role("status")).to_contain_text(number)
    look(unit, "banjir-diterima")
    stage("accepted")

    warned(browser, running)
    until(citizen, lambda: len(street.warnings) >= 5, lambda: street.received, 90)
    assert sorted(street.warnings) == sorted(CHANNELS + SITES)
    stage("warned")

    agus.goto(incident)
    agus.get_by_role("textbox", name="Tulis kabar").fill(UPDATE)
    agus.get_by_role("button", name="Ajukan kabar").click()
    budi = sign_in(browser, running, "budi", DESKTOP)
    budi.locator("li.task", has_text=PLACE).get_by_role("link", name="Baca").first.click()
    expect(budi.get_by_text("40 pelapor")).to_be_visible()
    look(budi, "banjir-kabar")
    budi.get_by_role("button", name="Setujui dan kirim kepada semua").click()
    both = street.answered(said, 2)
    stage("answered")
    for one in said:
        assert [numbers[one.id] in text for text in both[one.id]] == [True, True]
        assert UPDATE in " ".join(both[one.id][1].split())

    for one in said:
        shown = status_of(citizen, running, both[one.id][0])
        assert numbers[one.id] in shown
        assert "Dinas Bina Marga" in shown
        assert one.author not in shown
    stage("status pages")

    mine = next(one for one in said if one.channel == "facebook" and one.placed)
    number, address = numbers[mine.id], STATUS.findall(both[mine.id][0])[0]
    unit.goto(links_of(post, number)[3])
    unit.get_by_role("textbox", name="Apa yang sudah dikerjakan").fill("Air surut dan saluran sudah dikeruk.")
    unit.get_by_role("button", name="Nyatakan selesai").click()
    expect(unit.get_by_role("status")).to_contain_text(number)
    agus.goto(f"{running.desk}/kasus/{number}/balasan/")
    expect(agus.get_by_text("Draf").first).to_be_visible()
    agus.get_by_role("button", name="Kirim balasan").click()
    third = street.answered([mine], 3)[mine.id][2]
    assert number in third
    stage("done")

    citizen = outside(browser, PHONE)
    citizen.goto(address)
    look(citizen, "banjir-status-selesai")
    citizen.get_by_role("textbox", name="Belum selesai").fill("Di gang Mawar masih tergenang semata kaki.")
    citizen.get_by_role("button", name="Belum selesai").click()
    expect(citizen.get_by_text("Tanggapan Anda sudah kami terima").first).to_be_visible()
    taken_up(agus, running, number)
    citizen.goto(address)
    expect(citizen.get_by_text("dibuka kembali", exact=False).first).to_be_visible()
    look(citizen, "banjir-status-dibuka-kembali")
    assert Counter(map(len, street.threads(said).values())) == {2: 39, 3: 1}
    # Its team hears of it; nobody else does.
    until(citizen, lambda: bool(mailed(post, all_, "Dibuka lagi")), lambda: mailed(post, all_))
    assert mailed(post, all_, "Dibuka lagi") == {number: 1}
    assert mailed(post, all_) == dict.fromkeys(all_, 1)
    stage("taken up again")


def status_of(page: Page, running: Demo, receipt: str) -> str:
    """What the page says to whoever has the receipt: by its link, or by number and code."""
    found = STATUS.findall(receipt)
    if found:
        page.goto(found[0])
    else:
        page.goto(f"{running.desk}/status/")
        page.get_by_role("textbox", name="Nomor").fill(NUMBER.findall(receipt)[0])
        page.get_by_role("textbox", name="Kode").fill(CODE.findall(receipt)[0])
        page.get_by_role("button", name="Lihat status").click()
    return page.get_by_role("main").inner_text()


def taken_up(agus: Page, running: Demo, number: str) -> None:
    """Agus reads what the citizen says and takes the case up again."""
    agus.goto(f"{running.desk}/kasus/{number}/")
    look(agus, "banjir-kasus-ditanggapi")
    agus.get_by_label("Mengapa dibuka kembali").fill("Warga menyatakan masih tergenang; URC memeriksa lagi.")
    agus.get_by_role("button", name="Buka kembali").click()
    expect(agus.get_by_text("diverifikasi").first).to_be_visible()
    agus.locator("#unit").get_by_role("radio", name="DBMSDA").check()
    agus.locator("#unit").get_by_role("button", name="Pindahkan").click()
    expect(agus.get_by_text("ditugaskan").first).to_be_visible()


def mailed(post: MailServer, numbers: Iterable[str], subject: str = "") -> dict[str, int]:
    """How many mails the units got of each of these cases: those that give it to them, or those with ``subject``."""
    told = [
        (str(one["X-Kentongan-Case"]), str(make_header(decode_header(one["Subject"])))) for one in post.kept
    ]
    later = ("Kabar baru", "Dibuka lagi")
    wanted = [n for n, words in told if (subject in words if subject else not words.startswith(later))]
    return dict(Counter(number for number in wanted if number in set(numbers)))


def links_of(post: MailServer, number: str) -> list[str]:
    """Accept, refuse, progress, done: the links of the case's mail."""
    message = next(one for one in post.kept if one["X-Kentongan-Case"] == number)
    return re.findall(r"http://\S+/aksi/\S+", text_of(message))


def incident_of(agus: Page, running: Demo) -> str:
    """Wait until all forty stand in one incident; gives its address."""

    def found() -> bool:
        agus.goto(running.desk + "/kejadian/")
        rows = agus.get_by_role("link").filter(has_text=PLACE)
        return rows.count() == 1 and "40 kiriman" in " ".join(rows.first.inner_text().split())

    until(agus, found, lambda: agus.get_by_role("main").inner_text())
    agus.get_by_role("link").filter(has_text=PLACE).click()
    expect(agus.get_by_role("heading", level=1)).to_contain_text(PLACE)
    return agus.url


def given(agus: Page, running: Demo, incident: str, most: int) -> None:
    """Agus ticks every case of the incident that nobody has yet, and gives them all to one unit in one step."""
    agus.goto(f"{running.desk}/kasus/?tampilan=baru&kejadian={incident.rstrip('/').rpartition('/')[2]}")
    agus.get_by_text("Tindakan untuk kasus yang dipilih").click()
    agus.get_by_label("Pilih semua di halaman ini").check()
    agus.get_by_label("Berikan kepada unit").check()
    agus.get_by_label("Unit tujuan").select_option("dbmsda")
    look(agus, "banjir-massal")
    agus.get_by_role("button", name="Terapkan pada yang dipilih").click()
    many = agus.get_by_role("region", name="Berhasil").get_by_role("listitem").count()
    assert 0 < many < most
    expect(agus.get_by_text(f"Berhasil: {many}. Tidak dapat: 0.")).to_be_visible()
    look(agus, "banjir-massal-hasil")


def warned(browser: Browser, running: Demo) -> None:
    """Sari takes the proposal and completes it; Budi and Rina say yes."""
    sari, budi, rina = (sign_in(browser, running, name, DESKTOP) for name in ("sari", "budi", "rina"))
    task = sari.locator("li.task", has_text="Usulan").filter(has_text=PLACE)
    task.get_by_role("link", name="Baca dan putuskan").click()
    look(sari, "banjir-usulan")
    sari.get_by_role("button", name="Pakai").click()
    for name, words in MISSING.items():
        sari.locator(f"#isi_{name}").fill(words)
    look(sari, "banjir-naskah")
    sari.get_by_role("button", name="Ajukan persetujuan").click()
    expect(sari.get_by_text("menunggu persetujuan").first).to_be_visible()
    for person in (budi, rina):
        person.goto(sari.url)
        person.get_by_role("button", name="Setujui").click()
        expect(person.get_by_text("Disetujui").first).to_be_visible()
