"""Webhook against poll: what was told, what polling alone brought, and a webhook that is connected and silent."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.town import Town
from ledger.life import last_beat
from monitor.alarms import look, standing
from monitor.coverage import as_json
from monitor.inbox import CONNECTED
from monitor.models import Mention, Notification
from monitor.told import Telling, telling
from tests.contract.test_hearing import listen, say
from tests.contract.test_webhooks import come, settled, told, work

__all__ = ["told"]
pytestmark = pytest.mark.django_db(transaction=True)
LATER = timedelta(minutes=20)


def of(key: str, now: Any) -> Telling:
    (found,) = [one for one in telling(now) if one.account == key]
    return found


def test_an_account_that_nobody_connected_expects_nothing(town: Town, accounts: Any) -> None:
    say(town, "facebook", "mention", "jalan rusak", id="1")
    now = timezone.now()
    listen(now)
    found = of("facebook", now + LATER)
    assert (found.connected_since, found.expected, found.received, found.deaf) == (None, None, None, False)
    assert [one.account for one in telling(now)] == ["facebook", "instagram"]


def test_what_webhook_and_poll_bring_is_counted_apart(told: Town, accounts: Any) -> None:
    assert last_beat(CONNECTED) is not None
    say(told, "facebook", "mention", "jalan rusak", id="1")
    say(told, "facebook", "comment", "lampu mati", id="2")
    say(told, "instagram", "comment", "sampah menumpuk", id="3")
    come(3)
    now = work()
    told.post("/control/fail", {"route": "webhook", "fault": "webhook.drop", "times": 1})
    say(told, "facebook", "mention", "tidak diberitahukan", id="4")
    settled(told)
    listen(now)
    assert Mention.objects.count() == 4
    found = of("facebook", now + LATER)
    assert (found.notifications, found.expected, found.received, found.missed) == (2, 3, 2, 1)
    assert not found.deaf
    assert (of("instagram", now + LATER).expected, of("instagram", now + LATER).received) == (1, 1)


def test_what_the_poll_heard_first_was_still_told(told: Town, accounts: Any) -> None:
    say(told, "facebook", "mention", "jalan rusak", id="1")
    come(1)
    now = timezone.now()
    listen(now)
    assert Mention.objects.get().told_at is None
    work()
    assert Mention.objects.get().told_at is not None
    found = of("facebook", now + LATER)
    assert (found.expected, found.received) == (1, 1)


def test_a_webhook_that_is_connected_and_silent_while_the_poll_hears_raises_an_alarm(
    told: Town, accounts: Any, people: Any
) -> None:
    told.post("/control/fail", {"route": "webhook", "fault": "webhook.drop", "times": 3})
    for number in range(3):
        say(told, "facebook", "mention", f"keluhan {number}", id=f"d{number}")
    settled(told)
    now = timezone.now()
    listen(now)
    assert Notification.objects.count() == 0
    look(now)
    assert not any(alarm.key.startswith("deaf") for alarm in standing())  # it may still come
    look(now + LATER)
    (alarm,) = [one for one in standing() if one.key == "deaf:facebook"]
    assert "tersambung, tetapi tidak memberi tahu apa pun" in alarm.sentence
    assert alarm.account == accounts["facebook"]
    say(told, "facebook", "mention", "terdengar lagi", id="d9")
    come(1)
    work()
    look(now + LATER)
    assert not any(one.key == "deaf:facebook" for one in standing())


def test_history_that_is_caught_up_makes_no_webhook_deaf(told: Town, accounts: Any) -> None:
    told.post("/control/fail", {"route": "webhook", "fault": "webhook.drop", "times": 3})
    for number in range(3):
        say(told, "facebook", "mention", f"keluhan {number}", id=f"d{number}")
    settled(told)
    now = timezone.now() + timedelta(hours=3)
    listen(now)
    assert of("facebook", now + LATER).missed == 3
    assert not of("facebook", now + LATER).deaf


def test_the_page_and_the_command_tell_both_numbers(told: Town, accounts: Any, people: Any) -> None:
    say(told, "facebook", "mention", "jalan rusak", id="1")
    come(1)
    now = work()
    Mention.objects.update(heard_at=now - LATER)
    out = StringIO()
    call_command("coverage", "--json", stdout=out)
    (page, _gram) = json.loads(out.getvalue())["webhooks"]
    assert page == as_json(timezone.now())["webhooks"][0]
    assert (page["account"], page["expected"], page["received"], page["missed"]) == ("facebook", 1, 1, 0)
    client = Client()
    client.force_login(people["wati"], backend="django.contrib.auth.backends.ModelBackend")
    shown = client.get(reverse("coverage")).content.decode()
    assert "1 dari 1 sebutan juga diberitahukan; 0 hanya lewat pembacaan" in shown
