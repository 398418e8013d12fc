"""Instagram's public pages: only with written consent, never with a password, and one context for each reading."""

import json
import pickle
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from channels.instagram_web import new_context
from channels.models import Account
from channels.web_session import kept_session, read_session
from config.doctor import examine
from config.town import Town
from ledger.models import Event
from monitor.hear import hear
from monitor.models import Mention, Source

# The database only holds accounts here: once is enough.
pytestmark = [pytest.mark.django_db, pytest.mark.once]

COOKIES = {"sessionid": "123%3Aabc", "csrftoken": "tok", "ds_user_id": "123", "mid": ""}


@pytest.fixture
def source(accounts: dict[str, Account]) -> Source:
    return Source.objects.get(account__key="instagram", via="web")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """What instaloader's save_session_to_file writes (4.16): a pickled table of cookies."""
    path = tmp_path / "session-pemkotbekasi"
    path.write_bytes(pickle.dumps(COOKIES))
    return path


def run(*words: str) -> str:
    from io import StringIO

    out = StringIO()
    call_command("instagram_session", *words, stdout=out)
    return out.getvalue()


def test_without_written_consent_nothing_is_read(town: Town, source: Source, now: datetime) -> None:
    town.post("/control/say", {"channel": "instagram", "how": "tagged", "text": "gelap", "author": "eni"})
    consent = source.account.settings["web_consent"]
    for empty in ("", "   "):
        Account.objects.filter(pk=source.account_id).update(
            settings={**source.account.settings, "web_consent": empty}
        )
        hear(source.pk, now)
        source.refresh_from_db()
        assert source.failure == "refused"
        assert "web_consent" in source.trouble
    assert "instagram.web_profile" not in town.get("/control/requests")["counts"]
    Account.objects.filter(pk=source.account_id).update(
        settings={**source.account.settings, "web_consent": consent}
    )
    hear(source.pk, now)
    assert Mention.objects.count() == 1


def test_the_doctor_says_who_agreed(town: Town, source: Source, now: datetime) -> None:
    Account.objects.filter(pk=source.account_id).update(
        settings={**source.account.settings, "web_consent": "Kabag Hukum, 24-11-2026, 180/123/HK"}
    )
    terms = next(one for one in examine(now) if one.name.endswith(":terms"))
    assert "180/123/HK" in terms.sentence


def test_every_reading_has_a_context_and_sessions_of_its_own(accounts: dict[str, Account]) -> None:
    one, other = (new_context(accounts["instagram"]) for _ in range(2))
    assert one is not other
    assert one._session is not other._session
    assert one._rate_controller is not other._rate_controller
    assert not one.is_logged_in


def test_a_session_made_elsewhere_is_imported_encrypted_used_and_forgotten(
    town: Town, source: Source, file: Path, now: datetime
) -> None:
    town.post("/control/say", {"channel": "instagram", "how": "tagged", "text": "gelap", "author": "eni"})
    assert "terenkripsi" in run("import", str(file))
    account = Account.objects.get(key="instagram")
    assert kept_session(account) == ("pemkotbekasi", COOKIES)
    assert b"sessionid" not in bytes(account.sealed_secrets)
    assert account.secret("access_token")
    context = new_context(account)
    assert context.is_logged_in
    hear(source.pk, now)
    assert Mention.objects.count() == 1
    assert "dihapus" in run("forget")
    account.refresh_from_db()
    assert kept_session(account) is None
    assert account.secret("access_token")
    assert "tidak menyimpan" in run("forget")
    kinds = Event.objects.filter(kind__startswith="account.session").values_list("kind", flat=True)
    assert list(kinds) == ["account.session_imported", "account.session_forgotten"]


def test_a_session_that_instagram_no_longer_takes_asks_for_a_new_one(
    town: Town, source: Source, file: Path, now: datetime
) -> None:
    run("import", str(file))
    town.post("/control/fail", {"route": "instagram.web_profile", "fault": "login_redirect", "times": 5})
    hear(source.pk, now)
    source.refresh_from_db()
    assert source.failure == "credentials"
    assert "instagram-session import" in source.trouble


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_session_files_of_every_pickle_protocol_are_read_without_opening_a_pickle(protocol: int) -> None:
    assert read_session(pickle.dumps({**COOKIES, "mid": None}, protocol)) == {
        name: value for name, value in COOKIES.items() if name != "mid"
    }
    assert read_session(json.dumps(COOKIES).encode()) == COOKIES


class Attack:
    def __reduce__(self) -> Any:
        return Path.touch, (Path("dibobol"),)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (pickle.dumps(Attack()), "lebih dari kuki"),
        (pickle.dumps({**COOKIES, "x": Attack()}), "lebih dari kuki"),
        (pickle.dumps([COOKIES]), "lebih dari kuki"),
        (pickle.dumps({**COOKIES, "x": {"a": "b"}}), "tidak terbaca"),
        (pickle.dumps("teks"), "bukan daftar"),
        (pickle.dumps({"sessionid": "1"}), "csrftoken, ds_user_id"),
        (b"{", "JSON"),
        (b"{}", "sessionid"),
        (b"", "tidak terbaca"),
        (b"\x80\x04", "tidak terbaca"),
        (b"foto", "bukan sesi"),
        (b"x" * 70_000, "terlalu besar"),
        (json.dumps({**COOKIES, "mid": "a\r\nSet-Cookie: b"}).encode(), "bukan kuki"),
    ],
)
def test_a_file_that_is_no_session_is_a_sentence_and_runs_nothing(
    content: bytes, word: str, accounts: dict[str, Account], tmp_path: Path
) -> None:
    path = tmp_path / "session-x"
    path.write_bytes(content)
    with pytest.raises(CommandError, match="bukan sesi instaloader") as raised:
        run("import", str(path))
    assert word in str(raised.value)
    assert not Path("dibobol").exists()
    assert kept_session(accounts["instagram"]) is None


def test_what_is_missing_is_a_sentence(accounts: dict[str, Account], file: Path, tmp_path: Path) -> None:
    for words, said in (
        (["import"], "Sebutkan berkas"),
        (["import", str(tmp_path / "tidak-ada")], "tidak dapat dibaca"),
        (["import", str(file), "--account", "x"], "Tidak ada akun"),
        (["import", str(file.rename(tmp_path / "sesi"))], "--user"),
    ):
        with pytest.raises(CommandError, match=said):
            run(*words)


def test_a_session_beside_secrets_of_another_key_is_a_sentence(source: Source, settings: Any) -> None:
    settings.SECRET_KEY = "kunci lain yang sama panjangnya dengan yang dahulu"
    with pytest.raises(CommandError, match="kunci rahasia"):
        run("forget")
