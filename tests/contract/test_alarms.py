"""Trouble is said without somebody typing: alarms start once, end once, and stand on every page meanwhile."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from channels.contract import ChannelError, Failure
from channels.models import Account
from config.town import Town
from desk.strip import strips
from engine.checks import Finding, new_in_ledger, safely
from engine.clock import start_clock
from engine.watch import look_at_accounts, look_at_house, watch
from ledger.chain import record, seal, verified_head, verify_on
from ledger.life import beat
from ledger.models import Event
from monitor.alarms import Trouble, Weight, look, settle, standing
from monitor.coverage import prune
from monitor.models import Alarm, Brake, Mention, Source
from tests.contract.test_hearing import listen, say

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def accounts(accounts: dict[str, Any]) -> dict[str, Any]:
    """Instagram rests here: its public pages need a consent, and every alarm is counted."""
    Source.objects.filter(account__key="instagram").update(enabled=False)
    return accounts


def keys() -> list[str]:
    return [alarm.key for alarm in standing()]


def told(kind: str) -> list[str]:
    return [event.data["key"] for event in Event.objects.filter(kind=kind).order_by("id")]


def as_(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


# --- what raises one


def test_a_gap_raises_an_alarm_once_and_ends_it_once(
    town: Town, accounts: Any, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    gap = f"gap:{Source.objects.get(account__key='x', kind='mention').pk}"
    listen(now)
    look(now)
    assert keys() == []
    town.post("/control/fail", {"route": "x.mentions", "fault": "error_503"})
    listen(now + HOUR)
    for minute in range(3):
        look(now + HOUR + minute * timedelta(minutes=1))
    assert keys() == [gap]
    listen(now + 2 * HOUR)
    for minute in range(3):
        look(now + 2 * HOUR + minute * timedelta(minutes=1))
    assert keys() == []
    assert told("alarm.started") == told("alarm.ended") == [gap]
    assert caplog.text.count(f"alarm {gap}: X @pemkotbekasi · sebutan bercelah") == 1
    assert caplog.text.count(f"alarm {gap} has ended") == 1


def test_a_source_that_should_have_spoken_and_did_not_raises_an_alarm(
    town: Town, accounts: Any, now: datetime
) -> None:
    for hour in range(8):
        say(town, "x", "mention", f"keluhan {hour}", id=f"r{hour}")
        listen(now + hour * HOUR)
    look(now + 8 * HOUR)
    silent = f"silent:{Source.objects.get(account__key='x', kind='mention').pk}"
    assert silent not in keys()
    listen(now + 60 * HOUR)
    look(now + 60 * HOUR)
    assert silent in keys()
    say(town, "x", "mention", "akhirnya ada lagi", id="r9")
    listen(now + 61 * HOUR)
    look(now + 61 * HOUR)
    assert silent not in keys()
    assert silent in told("alarm.ended")


def test_a_refused_account_is_one_alarm_and_not_one_for_each_of_its_gaps(
    town: Town, accounts: Any, now: datetime
) -> None:
    listen(now)
    town.post("/control/fail", {"route": "facebook.feed", "fault": "token_revoked", "times": 5})
    listen(now + HOUR)
    look(now + HOUR)
    assert keys() == ["account:facebook"]
    assert standing()[0].account == accounts["facebook"]


def test_rest_and_late_work_are_alarms_too(town: Town, accounts: Any, now: datetime) -> None:
    listen(now)
    Brake.objects.create(account=accounts["x"], until=now + HOUR, why="Pemakaian 95 % dari jatah platform.")
    look(now)
    assert keys() == ["rest:x"]
    look(now + 2 * HOUR)
    assert keys() == ["late"]
    listen(now + 2 * HOUR)
    look(now + 2 * HOUR)
    assert keys() == []


def test_ended_alarms_are_forgotten_after_their_days(now: datetime) -> None:
    fields = {"family": "hearing", "weight": 30, "sentence": "celah", "since": now}
    Alarm.objects.create(key="gap:1", ended_at=now, **fields)
    Alarm.objects.create(key="gap:2", **fields)
    prune(now + 31 * DAY)
    assert [alarm.key for alarm in Alarm.objects.all()] == ["gap:2"]


# --- the strip


def test_the_worst_is_said_on_every_page_and_leads_to_where_more_is_told(
    town: Town, accounts: Any, people: Any
) -> None:
    now = timezone.now()
    beat("engine", now)
    listen(now - HOUR)
    town.post("/control/fail", {"route": "x.mentions", "fault": "error_503"})
    listen(now)
    look(now)
    for name in ("today", "mentions", "cases", "channels", "coverage", "more"):
        page = as_(people["rina"]).get(reverse(name)).content.decode()
        assert "1 gangguan" in page, name
        assert "X @pemkotbekasi · sebutan bercelah" in page, name
        assert 'class="strip amber" role="status"' in page, name
        assert "Lihat liputan" in page, name
    # Sari may not read the coverage, so her link leads to a page that she may open.
    assert "Periksa saluran" in as_(people["sari"]).get(reverse("today")).content.decode()


def test_the_strips_cost_four_queries_and_is_not_there_on_a_good_day(people: Any, now: datetime) -> None:
    beat("engine", timezone.now())
    with CaptureQueriesContext(connection) as asked:
        assert strips(now, people["eka"], frozenset(), reads_coverage=True, reads_announcements=True) == []
    assert len(asked) == 4  # alarms, the engine's sign of life, emergencies that wait, pauses
    assert 'class="strip' not in as_(people["rina"]).get(reverse("more")).content.decode()


def test_a_silent_engine_outweighs_everything_and_is_said_without_the_engine(
    people: Any, now: datetime
) -> None:
    beat("clock", now - timedelta(minutes=2))
    Alarm.objects.create(key="late", family="hearing", weight=80, sentence="Mesin tertinggal", since=now)
    (shown,) = strips(now, people["eka"], frozenset(), reads_coverage=True, reads_announcements=False)
    assert (shown.lead, shown.page, shown.hue) == ("2 gangguan", "channels", "red")
    assert "Mesin tidak bergerak" in shown.sentence


# --- what the clock checks by itself


def test_the_clock_looks_hourly_at_the_house_and_daily_at_the_accounts(
    town: Town, accounts: Any, now: datetime
) -> None:
    assert watch(now)
    look_at_accounts(now)
    assert not watch(now + 23 * HOUR)
    assert watch(now + DAY)


def test_accounts_that_are_not_well_are_asked_again_within_the_hour(
    town: Town, accounts: Any, now: datetime
) -> None:
    page: Account = accounts["facebook"]
    working = page.secret("access_token")
    page.keep_secrets({"access_token": "kedaluwarsa-123"})
    page.save()
    look_at_accounts(now)
    refused = {"check:account:facebook:hearing", "check:account:facebook:speaking"}
    assert set(keys()) == refused
    assert not any("kedaluwarsa-123" in alarm.sentence for alarm in standing())
    assert watch(now + HOUR)
    page.keep_secrets({"access_token": working})
    page.save()
    look_at_accounts(now + HOUR)
    assert keys() == []
    assert set(told("alarm.ended")) == refused
    assert len(told("alarm.started")) == len(told("alarm.ended")) == 2


def test_trouble_of_the_house_stands_on_the_page_of_the_channels(
    people: Any, now: datetime, settings: Any, tmp_path: Path
) -> None:
    settings.KENTONGAN_HOME = tmp_path
    record("thing.done", "thing:1")
    record("thing.done", "thing:2")
    seal()
    Event.objects.filter(seal=2).update(data={"other": 1})
    look_at_house(now)
    assert keys() == ["check:ledger"]
    page = as_(people["rina"]).get(reverse("channels")).content.decode()
    assert "Rantai buku besar putus pada segel 2" in page


def test_the_ledger_is_verified_from_where_the_last_look_ended(now: datetime) -> None:
    for number in range(5):
        record("thing.done", "thing:1", number=number)
    seal()
    assert verify_on((0, ""), limit=3)[1][0] == 3
    assert [one.ok for one in new_in_ledger(now)] == [True]
    head = verified_head()
    assert head[0] == 5
    record("thing.done", "thing:1", number=5)
    seal()
    with CaptureQueriesContext(connection) as asked:
        assert verify_on(head)[0] is None
    assert len(asked) == 2
    Event.objects.filter(seal=6).update(data={"number": 9})
    assert verify_on(head)[0] == 6
    assert verified_head() == head
    Event.objects.filter(seal=5).update(hash="0" * 64)
    assert verify_on(head)[0] == 5


@pytest.mark.django_db(transaction=True)
def test_a_clock_that_runs_again_tells_of_the_time_in_which_it_did_not() -> None:
    stopped = timezone.now() - HOUR
    beat("clock", stopped)
    clock = start_clock(lambda job, lane: None, "clock")
    clock.shutdown(wait=True)
    assert Event.objects.get(kind="alarm.started").at == stopped
    assert Event.objects.get(kind="alarm.ended").at > stopped


def test_there_is_no_alarm_for_what_is_switched_off(town: Town, accounts: Any, now: datetime) -> None:
    town.post("/control/fail", {"route": "x.mentions", "fault": "error_503"})
    listen(now)
    Account.objects.filter(key="x").update(enabled=False)
    look(now)
    assert keys() == []
    assert not Mention.objects.exists()


def test_two_troubles_of_one_name_are_one_alarm_that_says_both(now: datetime) -> None:
    both = [
        Trouble("check:a", Weight.CHECK, "Izin satu tidak ada."),
        Trouble("check:a", Weight.CHECK, "Izin dua."),
    ]
    for minute in range(2):
        settle("accounts", both, now + minute * timedelta(minutes=1))
    assert Alarm.objects.get().sentence == "Izin satu tidak ada. Izin dua."
    assert told("alarm.started") == ["check:a"]


@pytest.mark.parametrize(
    ("failure", "ok"), [(Failure.LATER, None), (Failure.CREDENTIALS, False), (Failure.REFUSED, False)]
)
def test_a_blip_while_asking_is_no_alarm(failure: Failure, ok: bool | None) -> None:
    def asks() -> Iterator[Finding]:
        raise ChannelError("Saluran tidak menjawab.", failure)
        yield

    (found,) = safely("account:a", asks)
    assert found.ok is ok
    assert found.remedy
