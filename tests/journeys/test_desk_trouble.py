"""The strip, the coverage with its gaps and webhooks, and an original number, looked at in a real browser."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Error, Page

from cases.open import open_waiting
from channels.models import Account
from classifiers.models import Verdict
from ledger.life import beat
from ledger.models import Person
from ledger.roles import Role, give
from monitor.alarms import look
from monitor.inbox import CONNECTED
from monitor.models import Gap, Mention, Source
from monitor.originals import keep_originals
from tests.journeys.browser import DESKTOP, PHONE, PICTURES
from tests.journeys.test_desk_browser import browser, signed_in, violations

__all__ = ["browser"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD, NUMBER = "rahasia-123", "0812-3456-7890"


@pytest.fixture(autouse=True)
def _trouble(browser: Browser, settings: Any, tmp_path: Path) -> None:
    """A gap, a refused account, a webhook, and a case in whose post a number was masked."""
    settings.KENTONGAN_HOME = tmp_path
    now = timezone.now()
    page = Account.objects.create(key="facebook", channel="facebook", name="Facebook Pemerintah Kota Bekasi")
    x = Account.objects.create(key="x", channel="x", name="X @pemkotbekasi")
    mention = Source.objects.create(account=page, kind="mention", last_ok_at=now)
    keyword = Source.objects.create(account=x, kind="keyword", query="banjir OR lampu", last_ok_at=now)
    why = "X sedang bermasalah dan tidak memberi jawaban yang dapat dibaca (503)."
    Gap.objects.create(source=keyword, since=now - timedelta(hours=2), why=why, opened_at=now)
    Source.objects.create(account=page, kind="comment", failure="credentials", trouble="Meta menolak token.")
    beat("engine", now)
    beat(CONNECTED, now)
    _case(mention, now)
    look(now)
    for name, role in {"tono": Role.OFFICER, "rina": Role.ADMINISTRATOR}.items():
        give(Person.objects.create_user(name, password=PASSWORD, first_name=name.title()), role)


def _case(source: Source, now: Any) -> None:
    heard = Mention.objects.create(
        channel="facebook",
        external_id="1",
        source=source,
        text="Lampu jalan mati, hubungi <TELP>",
        author="Ibu Lastri",
        heard_at=now,
        unjudged=False,
    )
    keep_originals([heard], {"1": f"Lampu jalan mati, hubungi {NUMBER}"}, now)
    Verdict.objects.create(
        mention=heard, kind="complaint", probability=0.9, decision="forward", at=now, awaits_case=True
    )
    open_waiting(now)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_of_trouble_are_whole_and_axe_finds_nothing(
    browser: Browser, live_server: Any, size: Any, theme: Any
) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page = signed_in(browser, live_server.url, "rina", viewport=size, color_scheme=theme)
    for name, path in {"liputan": "/liputan/", "saluran": "/saluran/", "beranda": "/"}.items():
        page.goto(live_server.url + path)
        assert page.locator(".strip").get_by_text("2 gangguan").is_visible()
        _whole(page, f"trouble-{name}-{size['width']}-{theme}")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_tono_opens_the_original_number_and_it_is_gone_at_the_next_look(
    browser: Browser, live_server: Any, size: Any
) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page = signed_in(browser, live_server.url, "tono", viewport=size)
    address = f"{live_server.url}/kasus/{_number()}/"
    page.goto(address)
    _whole(page, f"original-closed-{size['width']}")
    page.get_by_label("Untuk apa nomor itu diperlukan").fill("menghubungi pelapor")
    page.get_by_role("button", name="Lihat nomor asli").click()
    assert page.get_by_text(NUMBER).is_visible()
    _whole(page, f"original-open-{size['width']}")
    page.goto(address)
    assert page.get_by_text(NUMBER).count() == 0
    assert page.get_by_text("Dibuka oleh").is_visible()
    with pytest.raises(Error, match="ERR_CACHE_MISS"):  # the browser has kept nothing to go back to
        page.go_back()


def _whole(page: Page, name: str) -> None:
    page.screenshot(path=str(PICTURES / f"{name}.png"), full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert violations(page) == []


def _number() -> str:
    from cases.models import Case

    return Case.objects.get().number
