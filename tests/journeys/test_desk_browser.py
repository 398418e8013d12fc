"""The desk in a real browser: keys, side panel, previews while typing; and the same without JavaScript."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # ships no types
from django.utils import timezone
from playwright.sync_api import Browser, Page, sync_playwright

from channels.models import Account
from classifiers.models import Review, Verdict
from ledger.models import Person
from ledger.roles import Role, give
from monitor.models import Mention, Source
from publisher.models import Announcement, AnnouncementState

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "rahasia-123"
CHROMIUM = os.environ.get("KENTONGAN_CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    # Playwright's own loop runs in this thread, and Django would take it for an asynchronous caller.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(autouse=True)
def _town(browser: Browser, settings: Any, tmp_path: Path) -> None:
    settings.KENTONGAN_HOME = tmp_path
    x = Account.objects.create(key="x", channel="x", name="X @pemkot", settings={"username": "pemkot"})
    Account.objects.create(key="instagram", channel="instagram", name="Instagram @pemkot")
    source = Source.objects.create(account=x, kind="mention")
    roles = {"sari": Role.AUTHOR, "budi": Role.APPROVER, "wati": Role.REVIEWER, "tono": Role.OFFICER}
    for name, role in roles.items():
        give(_person(name), role)
    for number, text in enumerate(["Lampu jalan mati", "Kapan loket buka?", "Terima kasih"]):
        _heard(source, number, text)


def _person(name: str) -> Person:
    office = "Kepala Bagian Humas" if name == "budi" else ""
    return Person.objects.create_user(name, password=PASSWORD, first_name=name.title(), office=office)


def _heard(source: Source, number: int, text: str) -> None:
    now = timezone.now()
    mention = Mention.objects.create(
        channel="x", external_id=f"m{number}", source=source, text=text, heard_at=now, unjudged=False
    )
    Verdict.objects.create(
        mention=mention, kind="complaint", probability=0.7, decision="review", at=now, awaits_review=True
    )


def signed_in(browser: Browser, base: str, name: str, **options: Any) -> Page:
    page = browser.new_context(locale="id-ID", **options).new_page()
    page.goto(f"{base}/masuk/")
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.click("button")
    page.wait_for_url(f"{base}/")
    return page


def violations(page: Page) -> list[str]:
    return [found["id"] for found in Axe().run(page).response["violations"]]


def test_wati_reviews_with_keys_alone_and_takes_one_back(browser: Browser, live_server: Any) -> None:
    page = signed_in(browser, live_server.url, "wati")
    page.goto(f"{live_server.url}/tinjauan/")
    page.keyboard.press("Enter")
    page.get_by_text("Kapan loket buka?").wait_for()
    page.keyboard.press("2")
    page.get_by_text("Dicatat: permintaan informasi.").wait_for()
    page.keyboard.press("u")
    page.get_by_text("Kapan loket buka?").wait_for()
    kept = Review.objects.filter(undone_at__isnull=True)
    assert [review.kind for review in kept] == ["complaint"]
    assert violations(page) == []


def test_single_letter_keys_can_be_switched_off(browser: Browser, live_server: Any) -> None:
    page = signed_in(browser, live_server.url, "wati")
    page.goto(f"{live_server.url}/lainnya/")
    page.uncheck("[data-keys-switch]")
    page.goto(f"{live_server.url}/tinjauan/")
    page.keyboard.press("2")
    page.wait_for_timeout(300)
    assert not Review.objects.exists()


def test_a_mention_opens_beside_the_list(browser: Browser, live_server: Any) -> None:
    page = signed_in(browser, live_server.url, "wati")
    page.goto(f"{live_server.url}/sebutan/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.locator("#panel .post").wait_for()
    assert page.url.endswith("/sebutan/")
    assert violations(page) == []


def test_the_preview_follows_the_typing_and_a_closed_page_loses_nothing(
    browser: Browser, live_server: Any
) -> None:
    page = signed_in(browser, live_server.url, "sari")
    page.goto(f"{live_server.url}/pengumuman/baru/service_notice/")
    page.fill("#isi_headline", "Posko banjir dibuka")
    page.locator(".shown.x .said", has_text="Posko banjir dibuka").wait_for()
    page.locator(".counter", has_text="dari 280").wait_for()
    page.goto(f"{live_server.url}/")
    page.goto(f"{live_server.url}/pengumuman/baru/service_notice/")
    assert page.input_value("#isi_headline") == "Posko banjir dibuka"
    assert violations(page) == []


def test_without_javascript_sari_writes_and_budi_approves(browser: Browser, live_server: Any) -> None:
    page = signed_in(browser, live_server.url, "sari", java_script_enabled=False)
    page.goto(f"{live_server.url}/pengumuman/baru/service_notice/")
    page.fill("#isi_headline", "Posko banjir dibuka")
    page.fill("#isi_body", "Datang ke GOR Jatiasih.")
    page.click("text=Ajukan persetujuan")
    page.get_by_text("Diajukan.").first.wait_for()
    page = signed_in(browser, live_server.url, "budi", java_script_enabled=False)
    page.click("text=Baca dan putuskan")
    page.click("button:has-text('Setujui')")
    page.get_by_text("Disetujui dan dijadwalkan.").wait_for()
    assert Announcement.objects.get().state == AnnouncementState.SCHEDULED


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_is_cut_off_and_axe_finds_nothing(
    browser: Browser, live_server: Any, width: int, theme: Any
) -> None:
    screen = {"viewport": {"width": width, "height": 900}, "color_scheme": theme, "reduced_motion": "reduce"}
    for name, paths in {
        "sari": ["/", "/pengumuman/", "/pengumuman/baru/service_notice/", "/saluran/", "/lainnya/"],
        "wati": ["/", "/tinjauan/", "/model/", "/sebutan/", "/liputan/", "/kasus/"],
    }.items():
        page = signed_in(browser, live_server.url, name, **screen)
        for path in paths:
            page.goto(live_server.url + path)
            page.wait_for_load_state("networkidle")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            assert violations(page) == [], path
