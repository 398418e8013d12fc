"""A new token lets an account go on where it stopped, and the webhook's subscription is read back."""

from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from channels.contract import ChannelError
from channels.models import Account
from channels.registry import access_of
from config.town import Town
from engine.account_checks import accounts as check_accounts
from ledger.life import beat
from ledger.models import Event
from monitor.hear import due_sources, hear
from monitor.inbox import CONNECTED
from monitor.models import Brake, Gap, GapState, Mention, Source
from monitor.renew import read_back, renewal, resume
from tests.contract.test_hearing import listen, say

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
PAGE = "104000000000001"


def stopped(town: Town, account: Account, now: datetime) -> str:
    """The account was heard, and then its token was refused; gives the token that works."""
    say(town, "facebook", "mention", "sebelum berhenti", id="1")
    listen(now)
    working = account.secret("access_token")
    account.keep_secrets({"access_token": "kedaluwarsa-123"})
    account.save()
    listen(now + HOUR)
    say(town, "facebook", "mention", "selama berhenti", id="2")
    return working


def test_a_renewed_account_goes_on_from_its_cursor_and_its_gap_is_filled(
    town: Town, accounts: Any, now: datetime
) -> None:
    page: Account = accounts["facebook"]
    working = stopped(town, page, now)
    sources = Source.objects.filter(account=page, failure="credentials")
    assert sources.count() == 3
    cursors = {one.pk: one.cursor for one in sources}
    Brake.objects.create(account=page, until=now + 9 * HOUR, why="ditolak")
    page.keep_secrets({"access_token": working})
    page.save()
    assert resume(page, now + 2 * HOUR) == 3
    assert {one.pk: one.cursor for one in Source.objects.filter(pk__in=cursors)} == cursors
    assert not Source.objects.filter(account=page).exclude(failure="", trouble="").exists()
    assert not Brake.objects.exists()
    due = [one.pk for one in due_sources(now + 2 * HOUR) if one.account_id == page.pk]
    assert set(due) == set(cursors)
    for one in due:
        hear(one, now + 2 * HOUR)
    assert Mention.objects.filter(channel="facebook").count() == 2
    assert not Gap.objects.filter(source__account=page, state=GapState.OPEN).exists()
    assert Gap.objects.filter(source__account=page, state=GapState.FILLED).count() == 3
    assert Event.objects.filter(kind="account.renewed").count() == 1
    assert resume(page, now + 3 * HOUR) == 0
    assert Event.objects.filter(kind="account.renewed").count() == 1


def test_a_source_that_fails_for_another_reason_keeps_its_time(
    town: Town, accounts: Any, now: datetime
) -> None:
    later = Source.objects.filter(account=accounts["facebook"])
    later.update(failure="later", trouble="tunggu", due_at=now + HOUR)
    Brake.objects.create(account=accounts["facebook"], until=now + HOUR, why="jatah habis")
    assert resume(accounts["facebook"], now) == 0
    assert later.filter(due_at=now + HOUR, failure="later").count() == 3
    assert Brake.objects.exists()


def test_a_missing_field_of_the_subscription_is_renewed_and_said(
    town: Town, accounts: Any, now: datetime
) -> None:
    page: Account = accounts["facebook"]
    assert read_back(page).endswith("langganan webhook diperbarui (feed, mention).")
    assert read_back(page).endswith("langganan webhook lengkap (feed, mention).")
    (sentence,) = renewal(accounts["instagram"], now)
    assert sentence.startswith(page.name)
    assert renewal(accounts["x"], now) == []


def test_a_subscription_that_cannot_be_read_is_a_sentence(town: Town, accounts: Any) -> None:
    page: Account = accounts["facebook"]
    page.keep_secrets({"access_token": "kedaluwarsa-123"})
    said = read_back(page)
    assert "tidak dapat dibaca" in said
    assert "kedaluwarsa-123" not in said


def test_an_installation_without_webhooks_is_not_asked(town: Town, accounts: Any, now: datetime) -> None:
    page = Account.objects.create(
        key="lain", channel="facebook", name="Lain", settings={"page_id": PAGE}, secret_names={}
    )
    page.keep_secrets({"access_token": "apa saja"})
    assert renewal(page, now) == []


def test_the_doctor_names_a_missing_field_once_meta_has_shaken_hands(
    town: Town, accounts: Any, now: datetime
) -> None:
    def webhook() -> Any:
        (found,) = [one for one in check_accounts(now) if one.name == "account:facebook:webhook"]
        return found

    assert webhook().ok is None
    beat(CONNECTED, now)
    assert webhook().ok is False
    assert "feed, mention" in webhook().sentence
    read_back(accounts["facebook"])
    assert webhook().ok is True


def test_init_with_a_new_secret_lets_the_account_go_on(
    town: Town, now: datetime, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.KENTONGAN_HOME = tmp_path
    file = tmp_path / "mine.toml"
    file.write_text(
        '[facebook]\nchannel = "facebook"\nname = "Facebook Kota"\n'
        f'settings = {{ page_id = "{PAGE}" }}\n'
        'secrets = { access_token = "UJI_PAGE", app_secret = "UJI_APP", verify_token = "UJI_VERIFY" }\n'
        'sources = [{ kind = "mention" }]\n',
        "utf-8",
    )
    monkeypatch.setenv("KENTONGAN_ADMIN_PASSWORD", "kata-sandi-yang-panjang-9")
    monkeypatch.setenv("UJI_APP", "town-app-secret")
    monkeypatch.setenv("UJI_VERIFY", "town-verify")

    def init(token: str) -> str:
        monkeypatch.setenv("UJI_PAGE", token)
        out = StringIO()
        call_command("init", "--admin", "rina", "--accounts", str(file), "--no-input", stdout=out)
        return out.getvalue()

    assert "dilanjutkan" not in init("kedaluwarsa-123")
    say(town, "facebook", "mention", "jalan rusak", id="1")
    listen(now)
    assert Source.objects.get().failure == "credentials"
    said = init("town-fb-page-token")
    assert "Facebook Kota: 1 sumber dilanjutkan" in said
    assert "langganan webhook diperbarui (feed, mention)" in said
    listen(now)
    assert Mention.objects.count() == 1
    assert "webhook" not in init("town-fb-page-token")


def test_a_test_that_works_on_the_page_of_the_channels_lets_the_account_go_on(
    town: Town, accounts: Any, people: Any, now: datetime
) -> None:
    page: Account = accounts["facebook"]
    page.keep_secrets({"access_token": stopped(town, page, now)})
    page.save()
    client = Client()
    client.force_login(people["rina"], backend="django.contrib.auth.backends.ModelBackend")
    client.post(reverse("channel_test", args=["facebook"]))
    assert not Source.objects.filter(account=page, failure="credentials").exists()


def test_the_town_says_what_any_of_its_tokens_may_do(town: Town, accounts: Any) -> None:
    said = access_of(accounts["instagram"])
    assert said is not None
    assert said.valid
    assert "instagram_manage_comments" in said.scopes
    unknown: Account = accounts["instagram"]
    unknown.keep_secrets({"access_token": "kedaluwarsa-123"})
    with pytest.raises(ChannelError):
        access_of(unknown)


def test_tokens_of_another_key_give_way_to_new_ones(accounts: Any, settings: Any) -> None:
    account: Account = accounts["facebook"]
    settings.SECRET_KEY = "kunci lain yang sama panjangnya dengan yang dahulu"
    account = Account.objects.get(pk=account.pk)
    with pytest.raises(ChannelError, match="kentongan init"):
        account.secret("access_token")
    account.keep_secrets({"access_token": "baru"})
    account.save()
    assert Account.objects.get(pk=account.pk).secret("access_token") == "baru"
