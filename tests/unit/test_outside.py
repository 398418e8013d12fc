"""The one way out: nothing leaves this machine when a stand-in is set, and tokens stay where they belong."""

import logging
from typing import Any

import pytest
import requests

from channels.contract import ChannelError, Failure
from channels.http import BlockedHost, from_network, secure, stand_in
from channels.models import Account
from channels.registry import open_channel
from channels.vault import lock, unlock


@pytest.mark.parametrize(
    "url", ["https://example.org/", "http://example.org/", "https://api.twitter.com.evil.org/"]
)
@pytest.mark.parametrize("base", ["", "http://127.0.0.1:9"])
def test_every_other_host_is_refused(url: str, base: str, settings: Any) -> None:
    settings.STAND_IN = base
    session = secure(requests.Session(), ["api.twitter.com"])
    with pytest.raises(BlockedHost):
        session.get(url)


def test_with_a_stand_in_the_real_host_is_asked_on_this_machine(settings: Any) -> None:
    settings.STAND_IN = "http://127.0.0.1:9"
    session = secure(requests.Session(), ["api.twitter.com"])
    with pytest.raises(requests.ConnectionError) as failed:
        session.get("https://api.twitter.com/2/users/me")
    assert "127.0.0.1" in str(failed.value)
    assert from_network(failed.value, writing=True).failure == Failure.LATER  # nobody listened: never sent


@pytest.mark.parametrize("base", ["http://example.org", "https://127.0.0.1:9", "http://10.0.0.1:80"])
def test_a_stand_in_elsewhere_is_refused(base: str, settings: Any) -> None:
    settings.STAND_IN = base
    with pytest.raises(ChannelError, match="di komputer ini"):
        stand_in()


def test_a_broken_connection_after_sending_may_have_landed() -> None:
    lost = requests.exceptions.ReadTimeout()
    assert from_network(lost, writing=True).failure == Failure.UNKNOWN
    assert from_network(lost, writing=False).failure == Failure.LATER
    assert from_network(requests.ConnectTimeout(), writing=True).failure == Failure.LATER


def test_tokens_are_encrypted_and_open_only_with_the_same_key(settings: Any) -> None:
    blob = lock({"access_token": "rahasia"})
    assert b"rahasia" not in blob
    assert unlock(blob) == {"access_token": "rahasia"}
    settings.SECRET_KEY = "kunci lain"
    with pytest.raises(ChannelError, match="kentongan init") as failed:
        unlock(blob)
    assert failed.value.failure == Failure.CREDENTIALS


def test_the_environment_comes_before_the_stored_token(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(key="x", channel="x", secret_names={"bearer_token": "KENTONGAN_X_BEARER_TOKEN"})
    assert account.missing_secrets() == ["KENTONGAN_X_BEARER_TOKEN"]
    account.keep_secrets({"bearer_token": "tersimpan"})
    assert account.secret("bearer_token") == "tersimpan"
    monkeypatch.setenv("KENTONGAN_X_BEARER_TOKEN", "dari lingkungan")
    assert account.secret("bearer_token") == "dari lingkungan"


@pytest.mark.django_db
def test_no_token_reaches_a_log_or_an_error(
    accounts: Any, town: Any, now: Any, caplog: pytest.LogCaptureFixture
) -> None:
    from monitor.hear import due_sources, hear
    from monitor.models import Source

    logging.getLogger().setLevel(logging.DEBUG)
    caplog.set_level(logging.DEBUG)
    for route in ("x.mentions", "facebook.feed", "instagram.tags"):
        town.post("/control/fail", {"route": route, "fault": "truncate"})
    for source in due_sources(now):
        hear(source.pk, now)
    for key in ("x", "facebook", "instagram", "web_pemkot"):
        assert not open_channel(accounts[key]).probe().sentence.count("town-")
    said = caplog.text + " ".join(Source.objects.values_list("trouble", flat=True))
    for secret in ("town-x-bearer", "town-x-secret", "town-fb-page-token", "town-ig-token", "town app pass"):
        assert secret not in said


@pytest.mark.django_db
def test_an_account_without_its_token_calls_nobody_and_the_others_go_on(
    accounts: Any, town: Any, now: Any
) -> None:
    from monitor.hear import due_sources, hear
    from monitor.models import Source

    account = accounts["x"]
    account.secret_names = {"bearer_token": "KENTONGAN_X_BEARER_TOKEN"}
    account.sealed_secrets = b""
    account.save()
    for source in due_sources(now):
        hear(source.pk, now)
    assert set(Source.objects.filter(account=account).values_list("failure", flat=True)) == {"credentials"}
    assert "KENTONGAN_X_BEARER_TOKEN" in Source.objects.filter(account=account)[0].trouble
    assert not any(route.startswith("x.") for route in town.get("/control/requests")["counts"])
    assert Source.objects.filter(account__key="facebook", failure="").exists()
