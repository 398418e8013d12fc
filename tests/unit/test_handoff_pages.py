"""The pages of hand-offs and receivers: what waits for a person, the two buttons, and secrets that go in only."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cases.handoff import engine
from cases.models import HandOff, HandOffState, Receiver, State
from channels.vault import unlock
from ledger.models import Person
from ledger.roles import Role, give
from tests.receivers import WebServer
from tests.unit.test_handoff_engine import NOW, a_case, a_receiver, a_unit
from tests.unit.test_handoff_engine import site as site

pytestmark = pytest.mark.django_db
PEOPLE = {"tono": Role.OFFICER, "rina": Role.ADMINISTRATOR, "sari": Role.AUTHOR, "wati": Role.REVIEWER}


@pytest.fixture(autouse=True)
def _people(db: None) -> None:
    for name, role in PEOPLE.items():
        give(Person.objects.create_user(name, password="rahasia-123"), role)


def as_(name: str) -> Client:
    client = Client()
    client.force_login(Person.objects.get(username=name), backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def waiting(site: WebServer) -> HandOff:
    receiver = a_receiver(site, settings={"knows_key": False})
    handoff = engine.plan(a_case(), receiver, NOW, note="Mohon dicek")
    site.faults.waiting = ["keep_then_close"]
    engine.advance(handoff.pk, NOW)
    HandOff.objects.update(state=HandOffState.NEEDS_PERSON, next_at=None, trouble="Tidak dapat dipastikan.")
    handoff.refresh_from_db()
    return handoff


def test_what_waits_for_a_person_is_listed_with_its_reason_its_tries_and_both_buttons(
    waiting: HandOff,
) -> None:
    page = as_("tono").get(reverse("handoffs")).content.decode()
    for wanted in (
        "Tidak dapat dipastikan.",
        "Sudah sampai",
        "kirim lagi",
        waiting.case.number,
        "Mohon dicek",
    ):
        assert wanted in page
    assert "Percobaan: 1" in page
    assert "style=" not in page
    reading = as_("wati").get(reverse("handoffs")).content.decode()
    assert ("Tidak dapat dipastikan." in reading, "Sudah sampai" in reading) == (True, False)
    assert as_("sari").get(reverse("handoffs")).status_code == 403


def test_an_officer_confirms_with_a_ticket_and_comes_back_to_where_the_button_stood(waiting: HandOff) -> None:
    back = reverse("case", args=[waiting.case.number])
    answer = as_("tono").post(
        reverse("handoff_arrived", args=[waiting.pk]), {"ticket": "T-5", "kembali": back}
    )
    assert (answer.status_code, answer["Location"]) == (302, back)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.remote_id) == (HandOffState.DELIVERED, "T-5")


def test_nobody_is_led_away_by_the_way_back(waiting: HandOff) -> None:
    answer = as_("tono").post(
        reverse("handoff_again", args=[waiting.pk]), {"kembali": "https://jahat.example/"}
    )
    assert answer["Location"] == reverse("handoffs")


def test_a_ticket_that_is_taken_is_refused_at_its_field_and_stays_typed(
    waiting: HandOff, site: WebServer
) -> None:
    other = engine.plan(a_case(), waiting.receiver, NOW)
    HandOff.objects.filter(pk=other.pk).update(remote_id="T-9")
    answer = as_("tono").post(reverse("handoff_arrived", args=[waiting.pk]), {"ticket": "T-9"})
    page = answer.content.decode()
    assert (answer.status_code, 'value="T-9"' in page, "handoff-problem" in page) == (422, True, True)
    assert other.case.number in page


def test_cancelling_works_until_it_has_left(waiting: HandOff) -> None:
    tono = as_("tono")
    assert tono.post(reverse("handoff_cancel", args=[waiting.pk])).status_code == 302
    assert tono.post(reverse("handoff_cancel", args=[waiting.pk])).status_code == 422
    waiting.refresh_from_db()
    assert waiting.state == HandOffState.CANCELLED


def test_an_officer_of_another_unit_sees_and_decides_nothing(site: WebServer) -> None:
    mine, other = a_unit(), a_unit("dlh")
    handoff = engine.plan(a_case(other, State.ASSIGNED), a_receiver(site, other), NOW)
    HandOff.objects.update(state=HandOffState.NEEDS_PERSON)
    Person.objects.get(username="tono").units.add(mine)
    tono = as_("tono")
    assert handoff.case.number not in tono.get(reverse("handoffs")).content.decode()
    assert tono.post(reverse("handoff_again", args=[handoff.pk])).status_code == 404


def test_every_state_and_view_has_a_page(waiting: HandOff) -> None:
    tono = as_("tono")
    for state in HandOffState.values:
        HandOff.objects.update(state=state, remote_state="done", remote_at=NOW, delivered_at=NOW)
        for view in ("menunggu", "berjalan", "sampai", "semua", "aneh"):
            assert tono.get(reverse("handoffs"), {"tampilan": view}).status_code == 200
    assert (
        tono.get(reverse("handoffs"), {"penerima": waiting.receiver.key, "sebelum": "x"}).status_code == 200
    )


# --- receivers

FORM = {"key": "grup-dbmsda", "sort": "apprise", "name": "Grup DBMSDA", "address": "", "enabled": "1"}


def test_a_secret_goes_in_and_never_comes_out(site: WebServer) -> None:
    rina = as_("rina")
    answer = rina.post(reverse("receiver_new"), {**FORM, "secret": "tgram://SANGAT-RAHASIA/123"})
    assert answer.status_code == 302
    made = Receiver.objects.get()
    assert unlock(bytes(made.sealed)) == {"url": "tgram://SANGAT-RAHASIA/123"}
    page = rina.get(reverse("receiver", args=[made.key])).content.decode()
    assert ("SANGAT-RAHASIA" in page, "Sudah tersimpan" in page) == (False, True)
    rina.post(reverse("receiver", args=[made.key]), {**FORM, "name": "Grup baru", "secret": ""})
    made.refresh_from_db()
    assert (made.name, unlock(bytes(made.sealed))["url"]) == ("Grup baru", "tgram://SANGAT-RAHASIA/123")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"key": "Huruf Besar"}, "key"),
        ({"sort": "telegraf"}, "sort"),
        ({"name": " "}, "name"),
        ({"secret": "rahasia-salah"}, "secret"),
        ({"settings": "[]"}, "settings"),
        ({"settings": "{"}, "settings"),
        ({"sort": "webhook", "address": "https://127.0.0.1/x"}, "address"),
        ({"sort": "webhook", "address": "http://contoh.go.id/"}, "address"),
        ({"sort": "unit", "address": "urc@dbmsda.go.id"}, "address"),
        ({"sort": "ppid", "address": "bukan surel"}, "address"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(
    changes: dict[str, str], field: str
) -> None:
    answer = as_("rina").post(reverse("receiver_new"), {**FORM, **changes})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="{field}-problem"' in page
    assert Receiver.objects.count() == 0
    if field != "name":
        assert "Grup DBMSDA" in page
    assert "rahasia-salah" not in page  # a secret is not given back


def test_a_new_signing_key_is_shown_once(site: WebServer) -> None:
    receiver = a_receiver(site)
    rina = as_("rina")
    answer = rina.post(reverse("receiver_rotate", args=[receiver.key]))
    receiver.refresh_from_db()
    made = unlock(bytes(receiver.sealed))["key"]
    assert (made in answer.content.decode(), answer["Cache-Control"]) == (True, "no-store")
    assert made not in rina.get(reverse("receiver", args=[receiver.key])).content.decode()


def test_testing_says_what_the_receiver_said_and_resuming_sends_what_was_held_up(site: WebServer) -> None:
    receiver = a_receiver(site)
    handoff = engine.plan(a_case(), receiver, NOW)
    site.faults.waiting = ["error_401", "error_401"]
    engine.advance(handoff.pk, NOW)
    rina = as_("rina")
    page = rina.get(reverse("handoffs")).content.decode()
    assert "tidak menerima tanda tangan kita" in page
    said = rina.post(reverse("receiver_test", args=[receiver.key]), headers={"HX-Request": "true"})
    assert "tidak menerima tanda tangan kita" in said.content.decode()
    assert rina.post(reverse("receiver_test", args=[receiver.key])).status_code == 302
    rina.post(reverse("receiver_resume", args=[receiver.key]))
    handoff.refresh_from_db()
    assert handoff.state == HandOffState.RETRYING


def test_only_the_administrator_sets_receivers(site: WebServer) -> None:
    receiver = a_receiver(site)
    tono = as_("tono")
    assert tono.get(reverse("receivers")).status_code == 200
    assert tono.get(reverse("receiver", args=[receiver.key])).status_code == 403
    assert tono.post(reverse("receiver_rotate", args=[receiver.key])).status_code == 403
    assert as_("sari").get(reverse("receivers")).status_code == 403


def test_english_pages_stand_too(waiting: HandOff) -> None:
    rina: Any = as_("rina")
    for name in ("handoffs", "receivers", "receiver_new"):
        assert rina.get(reverse(name), headers={"Accept-Language": "en"}).status_code == 200
