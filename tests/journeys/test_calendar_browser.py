"""The calendar in a real browser: dragged, refused with a reason, and moved just as well without JavaScript."""

import os
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, sync_playwright

from publisher.approval import approve
from publisher.models import Announcement
from publisher.newsroom import draft, submit
from tests.journeys.test_desk_browser import CHROMIUM, FLAGS, violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: The password that tests/conftest.py gives to its people.
PASSWORD = "kata-sandi-uji"
WIB = ZoneInfo("Asia/Jakarta")
#: Tall enough that nothing has to be scrolled while something is dragged.
DESKTOP, PHONE = {"width": 1440, "height": 1500}, {"width": 390, "height": 844}


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    # Playwright's own loop runs in this thread, and Django would take it for an asynchronous caller.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    chromium = os.environ.get("KENTONGAN_CHROMIUM", CHROMIUM)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def scheduled(browser: Browser, accounts: Any, people: Any) -> Announcement:
    """Wednesday 5 November 2031, 10.00, approved."""
    now = timezone.now()
    fields = {"headline": "Layanan keliling", "body": "Bawa KK asli."}
    made = draft("service_notice", fields, people["sari"], now, [accounts["x"], accounts["feed"]])
    made = submit(made, people["sari"], now, datetime(2031, 11, 5, 10, 0, tzinfo=WIB))
    return approve(made, people["budi"], now, version=made.version)


def opened(browser: Browser, base: str, view: str, **options: Any) -> Page:
    page = browser.new_context(locale="id-ID", **options).new_page()
    page.goto(f"{base}/masuk/")
    page.fill("#id_username", "sari")
    page.fill("#id_password", PASSWORD)
    page.click("button")
    page.wait_for_url(f"{base}/")
    page.goto(f"{base}/kalender/?tampilan={view}&tanggal=2031-11-05")
    return page


def stands_at(row: Announcement) -> str:
    row.refresh_from_db()
    assert row.publish_at is not None
    return f"{row.publish_at.astimezone(WIB):%Y-%m-%d %H.%M}"


def test_dragged_to_a_day_the_time_stays_and_to_an_hour_the_minutes(
    browser: Browser, live_server: Any, scheduled: Announcement
) -> None:
    page = opened(browser, live_server.url, "bulan", viewport=DESKTOP)
    assert violations(page) == []
    with page.expect_navigation():
        page.drag_and_drop("[data-move]", "[data-drop='2031-11-06']")
    assert stands_at(scheduled) == "2031-11-06 10.00"
    page.goto(f"{live_server.url}/kalender/?tampilan=minggu&tanggal=2031-11-05")
    with page.expect_navigation():
        page.drag_and_drop("[data-move]", "[data-drop='2031-11-04T16']")
    assert stands_at(scheduled) == "2031-11-04 16.00"
    assert scheduled.state == "scheduled"


def test_a_refused_drop_says_why_and_offers_what_would_do(
    browser: Browser, live_server: Any, scheduled: Announcement, settings: Any
) -> None:
    friday = {**settings.CALENDAR["friday"], "level": {"service": "refuse"}}
    settings.CALENDAR = {**settings.CALENDAR, "friday": friday}
    page = opened(browser, live_server.url, "minggu", viewport=DESKTOP)
    with page.expect_navigation():
        page.drag_and_drop("[data-move]", "[data-drop='2031-11-07T12']")
    page.get_by_role("alert").get_by_text("Waktu salat Jumat 11.30–13.00.").wait_for()
    assert stands_at(scheduled) == "2031-11-05 10.00"
    page.get_by_role("button", name="7 Nov 2031 13.00").click()
    page.wait_for_url("**/kalender/?tampilan=minggu*")
    assert stands_at(scheduled) == "2031-11-07 13.00"


def test_on_a_phone_without_javascript_the_day_below_the_dots_leads_to_another_time(
    browser: Browser, live_server: Any, scheduled: Announcement
) -> None:
    page = opened(browser, live_server.url, "bulan", viewport=PHONE, java_script_enabled=False)
    page.locator(".happening").get_by_role("link", name="Pindahkan ke…").click()
    page.fill("#publish_at", "2031-11-10T07:30")
    page.get_by_role("button", name="Pindahkan").click()
    page.get_by_text("dipindah ke").wait_for()
    assert stands_at(scheduled) == "2031-11-10 07.30"
