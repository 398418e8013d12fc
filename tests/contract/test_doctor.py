"""The doctor's real calls, answered by the town."""

from datetime import datetime
from typing import Any

import pytest

from channels.graph import Graph
from channels.models import Account
from config.doctor import examine
from config.town import Town
from engine.account_checks import SCOPES
from engine.checks import Finding
from monitor.access import note_expiry

pytestmark = pytest.mark.django_db


def by_name(now: datetime) -> dict[str, Finding]:
    return {finding.name: finding for finding in examine(now)}


def test_graph_says_what_its_own_token_may_do(town: Town, accounts: dict[str, Any]) -> None:
    access = Graph(accounts["facebook"].secret("access_token")).access()
    assert access.valid
    assert access.expires_at is None
    assert set(SCOPES["facebook"]) <= set(access.scopes)


def test_every_account_of_the_town_is_asked(town: Town, accounts: dict[str, Any], now: datetime) -> None:
    found = by_name(now)
    for key in ("x", "facebook", "instagram"):
        assert found[f"account:{key}:hearing"].ok is True, found[f"account:{key}:hearing"]
    for key in accounts:
        assert found[f"account:{key}:speaking"].ok is True, found[f"account:{key}:speaking"]
    assert found["account:facebook:token"].ok is True
    assert found["account:facebook:scope"].ok is True
    assert found["clock"].ok is True
    assert found["stand_in"].ok is None
    assert found["source:instagram/tagged:terms"].ok is None


def test_a_dead_token_is_a_sentence_with_a_remedy(
    town: Town, accounts: dict[str, Any], now: datetime
) -> None:
    page: Account = accounts["facebook"]
    page.keep_secrets({"access_token": "kedaluwarsa-123"})
    page.secret_names = {"access_token": "KENTONGAN_FACEBOOK_ACCESS_TOKEN", "app_secret": "KENTONGAN_NONE"}
    page.save()
    found = by_name(now)
    refused = found["account:facebook:hearing"]
    assert refused.ok is False
    assert "Meta menolak token" in refused.sentence
    assert "KENTONGAN_FACEBOOK_ACCESS_TOKEN" in refused.remedy
    assert "kentongan init" in refused.remedy
    assert found["account:facebook:speaking"].ok is False
    assert "account:facebook:token" not in found
    assert not any("kedaluwarsa-123" in one.sentence + one.remedy for one in found.values())
    note_expiry(page)
    page.refresh_from_db()
    assert page.expires_at is None


def test_an_account_of_somebody_else_is_told(town: Town, accounts: dict[str, Any], now: datetime) -> None:
    Account.objects.filter(key="x").update(settings={"user_id": "999", "username": "lain"})
    refused = by_name(now)["account:x:speaking"]
    assert refused.ok is False
    assert "pengaturan" in refused.remedy


def test_a_platform_that_is_down_is_not_known(
    town: Town, accounts: dict[str, Any], now: datetime, settings: Any
) -> None:
    settings.STAND_IN = "http://127.0.0.1:9"
    found = by_name(now)
    assert found["account:facebook:hearing"].ok is None
    assert found["clock"].ok is None
    assert found["database"].ok is True
