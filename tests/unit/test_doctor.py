"""What the doctor says of an installation, without any platform."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from channels.contract import Access
from channels.graph import access_in
from channels.models import Account
from config.doctor import examine
from engine.account_checks import judge_access
from engine.checks import Finding, ledger
from ledger.life import beat
from monitor.access import expiry_warning
from monitor.models import Brake, Gap, Source

DAY = timedelta(days=1)
META = ("pages_read_user_content", "pages_read_engagement", "pages_manage_posts", "pages_manage_engagement")


@pytest.fixture
def home(settings: Any, tmp_path: Path) -> Path:
    settings.KENTONGAN_HOME = tmp_path
    return tmp_path


def one(found: list[Finding], name: str) -> Finding:
    (finding,) = [finding for finding in found if finding.name == name]
    return finding


@pytest.fixture
def page() -> Account:
    return Account(
        key="facebook", channel="facebook", name="Facebook", secret_names={"access_token": "KENTONGAN_T"}
    )


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (None, ""),
        (15 * DAY, ""),
        (14 * DAY, "Token berakhir dalam 14 hari. Rencanakan pembaruannya."),
        (8 * DAY, "Token berakhir dalam 8 hari. Rencanakan pembaruannya."),
        (7 * DAY, "Token berakhir dalam 7 hari. Perbarui minggu ini."),
        (DAY, "Token berakhir dalam 1 hari. Perbarui hari ini."),
        (DAY / 24, "Token berakhir dalam 1 hari. Perbarui hari ini."),
        (
            -DAY,
            "Token sudah berakhir. Sampai diperbarui, akun ini tidak terdengar dan tidak dapat menayangkan.",
        ),
    ],
)
def test_a_token_is_warned_of_14_7_and_1_days_ahead(
    left: timedelta | None, words: str, now: datetime
) -> None:
    assert expiry_warning(None if left is None else now + left, now) == words


def test_a_missing_permission_is_named_with_what_it_stops(page: Account, now: datetime) -> None:
    found = list(judge_access(page, Access((*META[:2], META[3]), None, valid=True), now))
    lacking = one(found, "account:facebook:scope")
    assert one(found, "account:facebook:reach").ok is None  # numbers only
    assert lacking.ok is False
    assert "pages_manage_posts" in lacking.sentence
    assert "tidak dapat menayangkan" in lacking.sentence
    assert "KENTONGAN_T" in lacking.remedy
    assert "kentongan init" in lacking.remedy


@pytest.mark.parametrize(("days", "ok"), [(60, True), (10, None), (5, False), (-1, False)])
def test_only_a_close_end_of_a_token_is_not_ok(
    page: Account, days: int, ok: bool | None, now: datetime
) -> None:
    found = list(judge_access(page, Access(META, now + days * DAY, valid=True), now))
    assert one(found, "account:facebook:token").ok is ok
    assert one(found, "account:facebook:scope").ok is True


def test_a_token_that_meta_calls_invalid_is_not_ok(page: Account, now: datetime) -> None:
    found = list(judge_access(page, Access(META, None, valid=False), now))
    assert [finding.ok for finding in found if finding.name == "account:facebook:token"] == [False, None]


@pytest.mark.parametrize(
    ("told", "access"),
    [
        ({"is_valid": True, "expires_at": 0, "scopes": ["a"]}, Access(("a",), None, True)),
        (
            {"is_valid": True, "expires_at": 1800000000, "data_access_expires_at": 1790000000},
            Access((), datetime.fromtimestamp(1790000000, UTC), True),
        ),
        (
            {"is_valid": False, "expires_at": 1700000000},
            Access((), datetime.fromtimestamp(1700000000, UTC), False),
        ),
        (None, Access((), None, False)),
    ],
)
def test_the_earlier_end_of_a_token_counts_and_0_is_never(told: Any, access: Access) -> None:
    assert access_in({"data": told}) == access


@pytest.mark.django_db
@pytest.mark.usefixtures("home")
def test_missing_secrets_are_named_and_nothing_is_asked(now: datetime) -> None:
    Account.objects.create(key="x", channel="x", name="X", secret_names={"bearer_token": "KENTONGAN_NONE"})
    found = examine(now)
    lacking = one(found, "account:x")
    assert lacking.ok is False
    assert "KENTONGAN_NONE" in lacking.sentence
    assert one(found, "account:x:plan").ok is None
    assert "Enterprise" in one(found, "account:x:plan").sentence
    assert one(found, "clock").ok is None


@pytest.mark.django_db
@pytest.mark.usefixtures("home")
def test_a_stored_secret_under_another_key_is_a_sentence(now: datetime) -> None:
    Account.objects.create(
        key="x", channel="x", name="X", secret_names={"bearer_token": "T"}, sealed_secrets=b"broken"
    )
    assert one(examine(now), "account:x").ok is False


@pytest.mark.django_db
def test_the_secret_key_must_be_private(
    home: Path, now: datetime, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KENTONGAN_SECRET_KEY")
    key = home / "secret.key"
    key.write_text(settings.SECRET_KEY)
    key.chmod(0o644)
    assert one(examine(now), "secret_key").ok is False
    assert "chmod 600" in one(examine(now), "secret_key").remedy
    key.chmod(0o600)
    assert one(examine(now), "secret_key").ok is True


@pytest.mark.django_db
def test_a_home_that_is_not_there_is_a_sentence(home: Path, now: datetime, settings: Any) -> None:
    settings.KENTONGAN_HOME = home / "nowhere"
    found = examine(now)
    assert one(found, "home").ok is False
    assert one(found, "disk").ok is False
    assert one(found, "database").ok is True


@pytest.mark.django_db
@pytest.mark.usefixtures("home")
def test_the_engine_is_alive_while_it_says_so(now: datetime) -> None:
    assert one(examine(now), "engine").ok is False
    beat("engine", now - timedelta(seconds=20))
    assert one(examine(now), "engine").ok is True
    beat("engine", now - timedelta(minutes=5))
    assert one(examine(now), "engine").ok is False


@pytest.mark.django_db
def test_a_broken_model_is_a_sentence(home: Path, now: datetime) -> None:
    (home / "models").mkdir()
    (home / "models" / "in-use.json").write_bytes(b"broken")
    model = one(examine(now), "model")
    assert model.ok is False
    assert "kentongan model verify" in model.remedy


@pytest.mark.django_db
@pytest.mark.usefixtures("home")
def test_sources_say_failures_gaps_and_rest(now: datetime) -> None:
    account = Account.objects.create(
        key="instagram",
        channel="instagram",
        name="Instagram",
        secret_names={"access_token": "KENTONGAN_NONE"},
    )
    bad = Source.objects.create(account=account, kind="comment", failure="later", trouble="Meta sibuk.")
    gap = Source.objects.create(account=account, kind="tagged", last_ok_at=now)
    Gap.objects.create(source=gap, since=now - DAY, why="Mesin berhenti.", opened_at=now)
    Source.objects.create(account=account, kind="tagged", via="web", last_ok_at=now)
    Brake.objects.create(account=account, until=now + DAY, why="Jatah habis.")
    found = examine(now)
    assert one(found, f"source:{bad}").ok is False
    assert "Meta sibuk." in one(found, f"source:{bad}").sentence
    assert "Mesin berhenti." in one(found, "source:instagram/tagged").sentence
    assert one(found, "source:instagram/tagged (web)").ok is True
    assert one(found, "source:instagram/tagged:terms").ok is None
    assert one(found, "account:instagram:resting").ok is None
    assert one(found, "budget").ok is True


@pytest.mark.django_db
@pytest.mark.usefixtures("home")
def test_no_secret_is_printed(now: datetime) -> None:
    account = Account(key="x", channel="x", name="X", trouble="X menolak rahasia-sekali-123.", enabled=True)
    account.keep_secrets({"bearer_token": "rahasia-sekali-123"})
    account.secret_names = {"bearer_token": "A", "consumer_key": "KENTONGAN_NONE"}
    account.save()
    said = json.dumps([finding.sentence for finding in examine(now)], ensure_ascii=False)
    assert "rahasia-sekali-123" not in said
    assert "•••" in said


@pytest.mark.django_db
@pytest.mark.usefixtures("home")
def test_the_command_fails_only_when_something_is_not_ok() -> None:
    from django.utils import timezone

    out = StringIO()
    Account.objects.create(
        key="feed", channel="feed", name="Umpan", settings={"base_url": "http://127.0.0.1/umpan/feed"}
    )
    with pytest.raises(SystemExit) as stopped:
        call_command("doctor", "--json", stdout=out)
    assert stopped.value.code == 1
    assert json.loads(out.getvalue())["ok"] is False
    beat("engine", timezone.now())
    out = StringIO()
    call_command("doctor", "--json", stdout=out)
    said = json.loads(out.getvalue())
    assert said["ok"] is True
    assert {"name", "ok", "sentence", "remedy"} == set(said["findings"][0])
    out = StringIO()
    call_command("doctor", stdout=out)
    assert "Mesin berjalan." in out.getvalue()


@pytest.mark.django_db
def test_a_broken_ledger_is_named() -> None:
    from ledger.chain import record, seal
    from ledger.models import Event

    for number in range(3):
        record("thing.done", "thing:1", number=number)
    seal()
    assert [one.ok for one in ledger()] == [True]
    Event.objects.filter(seal=2).update(data={"number": 9})
    (finding,) = ledger()
    assert finding.ok is False
    assert "segel 2" in finding.sentence
