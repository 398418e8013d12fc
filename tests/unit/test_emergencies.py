"""Emergencies: told at once, then again and to more people until somebody has seen it; never silent."""

import itertools
import threading
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from cases import emergencies, routing
from cases.act import move
from cases.handoff.answers import heard
from cases.models import Case, Gate, HandOff, HandOffState, Receiver, ReceiverSort, State
from cases.open import open_waiting
from cases.refusal import NotAllowed
from channels.models import Account
from city.models import Unit
from classifiers.models import Verdict
from ledger.chain import timeline
from ledger.models import Person
from ledger.roles import Role, give
from monitor.models import Mention, Source

pytestmark = pytest.mark.django_db

#: Two o'clock at night in Bekasi.
NOW = datetime.fromisoformat("2026-11-23T19:00:00+00:00")
_numbers = itertools.count()


@pytest.fixture(autouse=True)
def city(db: None) -> None:
    """Units with their table, people, and who is told when."""
    account = Account.objects.create(key="x", channel="x", name="X @pemkot")
    Source.objects.create(account=account, kind="mention")
    for name, role in {"tono": Role.OFFICER, "lilis": Role.OFFICER, "wati": Role.REVIEWER}.items():
        give(Person.objects.create_user(name, password="rahasia-123", first_name=name.title()), role)
    routing.seed(NOW)
    theirs = Unit.objects.get(key="dbmsda")
    _receiver("urc", ReceiverSort.WEBHOOK, unit=theirs)
    _receiver("call", ReceiverSort.CALL_CENTER)
    _receiver("duty", ReceiverSort.APPRISE, ladder=0)
    _receiver("second", ReceiverSort.APPRISE, ladder=1, unit=theirs)
    _receiver("head", ReceiverSort.APPRISE, ladder=2)
    _receiver("gone", ReceiverSort.WEBHOOK, unit=theirs, enabled=False)
    _receiver("elsewhere", ReceiverSort.WEBHOOK, unit=Unit.objects.get(key="dlh"))


def _receiver(key: str, sort: ReceiverSort, ladder: int | None = None, **more: Any) -> None:
    settings = {} if ladder is None else {"ladder": ladder}
    Receiver.objects.create(key=key, sort=sort, name=key, settings=settings, **more)


@pytest.fixture
def tono() -> Person:
    return Person.objects.get(username="tono")


def opened(at: datetime = NOW, urgency: str = "emergency", **verdict: Any) -> Case:
    mention = Mention.objects.create(
        channel="x",
        external_id=f"e{next(_numbers)}",
        source=Source.objects.get(),
        text="Banjir sedada di Jatiasih, ada lansia terjebak",
        heard_at=at,
        unjudged=False,
    )
    known = {"kind": "complaint", "topic": "banjir_drainase", "place": "Jatiasih", "authority": "city"}
    known |= {"decision": "forward", "awaits_case": True}
    Verdict.objects.create(mention=mention, at=at, urgency=urgency, **{**known, **verdict})
    open_waiting(at)
    return Case.objects.get(mention=mention)


def given(case: Case) -> dict[str, int]:
    """How many hand-offs of the emergency each receiver has had."""
    rows = HandOff.objects.filter(case=case, purpose="emergency").values_list("receiver__key", flat=True)
    return dict(Counter(rows))


def sent(case: Case) -> None:
    """All that was planned has arrived."""
    HandOff.objects.filter(case=case).update(state=HandOffState.DELIVERED, next_at=None)


def minutes(count: int) -> datetime:
    return NOW + timedelta(minutes=count)


def test_an_emergency_is_with_its_unit_the_call_center_and_the_duty_officer_at_once() -> None:
    case = opened()
    assert case.unit == Unit.objects.get(key="dbmsda")
    assert case.state == State.ASSIGNED
    told = given(case)
    assert {"urc": 1, "call": 1, "duty": 1}.items() <= told.items()
    assert not {"second", "head", "gone", "elsewhere"} & set(told)
    assert case.escalate_at == minutes(5)


def test_what_is_no_emergency_starts_no_ladder() -> None:
    case = opened(urgency="soon")
    assert (case.gate, case.escalate_at, given(case)) == (Gate.COMPLAINT, None, {})
    assert emergencies.look_after(minutes(600)) == 0


def test_danger_at_another_body_is_handed_on_too() -> None:
    case = opened(authority="pln", topic="listrik")
    assert case.gate == Gate.EMERGENCY
    assert case.unit is not None
    assert not case.unit.outside
    assert given(case)["call"] == 1


def test_the_ladder_goes_from_rung_to_rung_and_repeats_its_last_one_without_end() -> None:
    case = opened()
    steps = []
    for minute in range(31):
        before = given(case)
        sent(case)
        emergencies.look_after(minutes(minute))
        after = given(case)
        new = {key for key in after if after[key] > before.get(key, 0)}
        if new:
            steps.append((minute, new & {"urc", "call", "duty", "second", "head"}))
    everybody = {"urc", "call", "duty", "second", "head"}
    assert steps == [
        (5, {"urc", "duty", "second"}),
        (10, {"call", "head"}),
        (15, everybody),
        (20, everybody),
        (25, everybody),
        (30, everybody),
    ]
    case.refresh_from_db()
    assert case.escalations == 6
    assert [one.data["step"] for one in timeline(case.subject) if one.kind == "case.escalated"] == [
        *range(1, 7)
    ]


def test_what_is_still_on_its_way_is_not_begun_again() -> None:
    case = opened()
    emergencies.look_after(minutes(5))
    assert given(case)["urc"] == 1
    assert given(case)["second"] == 1
    last = [one for one in timeline(case.subject) if one.kind == "case.escalated"][-1]
    assert last.data["told"] == 1


def test_a_person_who_has_seen_it_stops_the_ladder(tono: Person) -> None:
    case = opened()
    assert emergencies.acknowledge(case, tono, minutes(3))
    case.refresh_from_db()
    assert (case.acknowledged_by, case.acknowledged_at, case.escalate_at) == (tono, minutes(3), None)
    assert emergencies.look_after(minutes(60)) == 0
    event = next(one for one in timeline(case.subject) if one.kind == "case.acknowledged")
    assert (event.actor, event.data["seconds"]) == (tono, 180)


def test_the_second_who_has_seen_it_changes_nothing(tono: Person) -> None:
    case = opened()
    emergencies.acknowledge(case, tono, minutes(3))
    assert not emergencies.acknowledge(case, Person.objects.get(username="lilis"), minutes(4))
    case.refresh_from_db()
    assert case.acknowledged_by == tono


def test_a_receivers_word_stops_it_too() -> None:
    case = opened()
    handoff = HandOff.objects.get(case=case, receiver__key="urc")
    heard(handoff, "accepted", "", minutes(2), acknowledged=True)
    case.refresh_from_db()
    assert (case.acknowledged_at, case.acknowledged_by) == (minutes(2), None)
    assert emergencies.look_after(minutes(60)) == 0


def test_an_officer_of_another_unit_cannot_say_it_for_them(tono: Person) -> None:
    case = opened()
    tono.units.add(Unit.objects.get(key="dlh"))
    with pytest.raises(NotAllowed, match="tidak ditangani unit Anda"):
        emergencies.acknowledge(case, tono, minutes(1))


def test_who_begins_to_work_on_it_has_seen_it(tono: Person) -> None:
    case = opened()
    move(case, State.IN_PROGRESS, tono, minutes(2))
    emergencies.look_after(minutes(5))
    case.refresh_from_db()
    assert (case.escalate_at, case.escalations) == (None, 0)
    assert case.acknowledged_at == minutes(5)


def test_what_is_over_is_told_to_nobody(tono: Person) -> None:
    case = opened()
    move(case, State.NOT_OURS, tono, minutes(1), "Laporan palsu.")
    assert emergencies.look_after(minutes(5)) == 0
    case.refresh_from_db()
    assert case.escalate_at is None


def test_a_unit_that_sends_it_back_is_followed_by_another(tono: Person) -> None:
    case = opened()
    first = case.unit
    routing.refuse(case, tono, minutes(1), "Bukan wilayah kami.")
    emergencies.look_after(minutes(5))
    case.refresh_from_db()
    assert case.unit is not None
    assert case.unit != first


def test_a_city_without_units_and_receivers_still_shows_it_and_repeats() -> None:
    Receiver.objects.all().delete()
    Unit.objects.update(valid_to=date(2020, 1, 1))
    case = opened()
    assert (case.unit, given(case)) == (None, {})
    assert [one.pk for one in emergencies.unseen()] == [case.pk]
    assert emergencies.look_after(minutes(5)) == 1
    assert emergencies.look_after(minutes(10)) == 1


def test_after_an_outage_the_ladder_goes_on_from_where_it_stood() -> None:
    case = opened()
    assert emergencies.look_after(minutes(500)) == 1
    case.refresh_from_db()
    assert (case.escalations, case.escalate_at) == (1, minutes(505))


class TestPages:
    def as_(self, name: str) -> Client:
        client = Client()
        person = Person.objects.get(username=name)
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        return client

    def test_it_stands_above_every_page_until_somebody_presses_the_button(self) -> None:
        case = opened()
        tono = self.as_("tono")
        assert "1 darurat warga belum dilihat" in tono.get(reverse("cases")).content.decode()
        shown = tono.get(reverse("clocks")).content.decode()
        assert "Saya sudah lihat" in shown
        done = tono.post(reverse("case_acknowledge", args=[case.number]), {"kembali": "tenggat"}, follow=True)
        assert f"Anda sudah melihat darurat {case.number}" in done.content.decode()
        assert "darurat warga belum dilihat" not in tono.get(reverse("cases")).content.decode()
        again = tono.post(reverse("case_acknowledge", args=[case.number]), follow=True)
        assert "sudah dinyatakan dilihat" in again.content.decode()

    def test_a_reviewer_sees_it_but_does_not_press_and_another_unit_does_not_see_it(self) -> None:
        case = opened()
        wati = self.as_("wati")
        assert "darurat warga belum dilihat" in wati.get(reverse("clocks")).content.decode()
        assert wati.post(reverse("case_acknowledge", args=[case.number])).status_code == 403
        Person.objects.get(username="lilis").units.add(Unit.objects.get(key="dlh"))
        lilis = self.as_("lilis")
        assert case.number not in lilis.get(reverse("clocks")).content.decode()
        assert lilis.post(reverse("case_acknowledge", args=[case.number])).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_two_engines_take_a_step_once() -> None:
    case = opened()
    sent(case)
    barrier, results = threading.Barrier(3), []

    def run() -> None:
        try:
            barrier.wait()
            results.append(emergencies.look_after(minutes(5)))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [0, 0, 1]
    assert given(case)["urc"] == 2
