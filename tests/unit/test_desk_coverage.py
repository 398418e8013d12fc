"""The page of coverage, and when tokens end, as the desk shows them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channels.models import Account
from ledger.models import Person
from ledger.roles import Role, give
from monitor.models import Brake, Gap, GapState, Pass, Source, Spending

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def account() -> Account:
    return Account.objects.create(key="x", channel="x", name="X @pemkot")


def as_(name: str, *roles: Role) -> Client:
    person = Person.objects.create_user(name, password="rahasia-123")
    if roles:
        give(person, *roles)
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def page(client: Client, name: str = "coverage") -> str:
    return client.get(reverse(name)).content.decode()


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.REVIEWER, 200),
        (Role.OFFICER, 200),
        (Role.ADMINISTRATOR, 200),
        (Role.AUTHOR, 403),
        (Role.APPROVER, 403),
    ],
)
def test_who_reads_mentions_reads_coverage(role: Role, status: int) -> None:
    assert as_("wati", role).get(reverse("coverage")).status_code == status


def test_eka_and_strangers_do_not() -> None:
    assert as_("eka").get(reverse("coverage")).status_code == 403
    assert Client().get(reverse("coverage")).status_code == 302


def test_without_sources_the_page_says_so() -> None:
    assert "Belum ada sumber yang dipantau." in page(as_("wati", Role.REVIEWER))


def test_each_state_has_its_word(account: Account, settings: Any) -> None:
    now = timezone.now()
    settings.HEARING = {**settings.HEARING, "budget": {**settings.HEARING["budget"], "x_month": 1.0}}
    heard = Source.objects.create(account=account, kind="mention", last_ok_at=now)
    Spending.objects.create(source=heard, day=now.date(), cost=700_000)
    Source.objects.create(account=account, kind="keyword", query="banjir", last_ok_at=now)
    gap = Source.objects.create(account=account, kind="comment", last_ok_at=now - HOUR)
    Gap.objects.create(source=gap, since=now - HOUR, why="Jaringan putus.", opened_at=now)
    silent = Source.objects.create(
        account=account, kind="tagged", last_ok_at=now, last_spoke_at=now - 3 * DAY
    )
    for hour in range(6):
        Pass.objects.create(source=silent, at=now - 3 * DAY - hour * HOUR, seen=1, new=1)
    Source.objects.create(account=account, kind="hashtag", query="#mati", enabled=False)
    said = page(as_("wati", Role.REVIEWER))
    for word in ("terdengar", "anggaran habis", "celah", "diam", "mati"):
        assert f"</svg>{word}</span>" in said, word
    assert "1 dari 4 sumber terbukti terdengar" in said
    assert "Jaringan putus." in said
    assert "biasanya tiap 1 jam" in said
    assert '<meter min="0" max="1.0" high="0.8" optimum="0" value="0.7"' in said


def test_gaps_say_what_became_of_them(account: Account) -> None:
    now = timezone.now()
    source = Source.objects.create(account=account, kind="mention", last_ok_at=now)
    for state in GapState:
        until = None if state == GapState.OPEN else now
        Gap.objects.create(
            source=source, since=None, until=until, why=f"Sebab {state}", state=state, opened_at=now
        )
    Pass.objects.create(source=source, at=now, declared=30, received=28)
    said = page(as_("tono", Role.OFFICER))
    for words in ("belum terdengar", "sudah disusulkan", "tidak dapat didengar lagi"):
        assert f"</svg>{words}</span>" in said
    assert "28 dari 30 yang dinyatakan platform" in said
    assert "sekarang" in said


def test_a_resting_account_is_named_with_its_end(account: Account) -> None:
    until = timezone.now() + timedelta(minutes=12, seconds=5)
    Brake.objects.create(account=account, until=until, why="Jatah hampir habis.")
    said = page(as_("rina", Role.ADMINISTRATOR))
    assert "beristirahat, dibaca lagi" in said
    assert "dalam 12 menit" in said
    assert "Jatah hampir habis." in said


def test_mentions_and_more_lead_there(account: Account) -> None:
    client = as_("wati", Role.REVIEWER)
    link = f'href="{reverse("coverage")}"'
    assert link in page(client, "mentions")
    assert link in page(client, "more")
    assert link not in page(as_("sari", Role.AUTHOR), "more")


@pytest.mark.parametrize(
    ("left", "hue", "words"),
    [
        (30 * DAY, "green", "Token berakhir dalam 30 hari."),
        (13 * DAY, "amber", "Token berakhir dalam 13 hari."),
        (-DAY, "red", "Token sudah berakhir."),
    ],
)
def test_the_card_says_when_the_token_ends(account: Account, left: timedelta, hue: str, words: str) -> None:
    Account.objects.update(expires_at=timezone.now() + left)
    said = page(as_("wati", Role.REVIEWER), "channels")
    assert words in said
    assert f'class="chip {hue}"' in said.split(words)[0].rsplit("<p>", 1)[1]


def test_a_token_without_end_is_not_spoken_of(account: Account) -> None:
    assert "Token" not in page(as_("wati", Role.REVIEWER), "channels")


def test_an_ending_token_waits_for_the_administrator_alone(account: Account) -> None:
    Account.objects.update(expires_at=timezone.now() + 6 * DAY)
    assert "Token berakhir dalam 6 hari. Perbarui minggu ini." in page(
        as_("rina", Role.ADMINISTRATOR), "today"
    )
    assert "Token berakhir" not in page(as_("wati", Role.REVIEWER), "today")
    Account.objects.update(expires_at=timezone.now() + 20 * DAY)
    assert "Token berakhir" not in page(as_("rani", Role.ADMINISTRATOR), "today")
