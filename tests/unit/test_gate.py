"""The type gate: which way a new case goes, where it is, and what happens when a person sends it another way."""

import itertools
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from cases import gate
from cases.act import move
from cases.models import Case, Clock, Gate, State
from cases.open import open_waiting
from cases.refusal import NotAllowed
from channels.models import Account
from city.places import find_one
from classifiers.core.kinds import Kind
from classifiers.models import Verdict
from desk.words import told
from ledger.chain import timeline
from ledger.models import Person
from ledger.roles import Role, give
from monitor.models import Mention, Source

pytestmark = pytest.mark.django_db

NOW = datetime.fromisoformat("2026-11-24T03:00:00+00:00")
_numbers = itertools.count()


@pytest.fixture(autouse=True)
def _people(db: None) -> None:
    account = Account.objects.create(key="x", channel="x", name="X @pemkot")
    Source.objects.create(account=account, kind="mention")
    for name, role in {"tono": Role.OFFICER, "wati": Role.REVIEWER}.items():
        give(Person.objects.create_user(name, password="rahasia-123"), role)


@pytest.fixture
def tono() -> Person:
    return Person.objects.get(username="tono")


def opened(text: str = "Jalan rusak di Jatiasih", **verdict: Any) -> Case:
    """The case of one judged post, opened by the engine."""
    mention = Mention.objects.create(
        channel="x",
        external_id=f"g{next(_numbers)}",
        source=Source.objects.get(),
        text=text,
        heard_at=NOW,
        unjudged=False,
    )
    known = {"kind": "complaint", "topic": "jalan_trotoar", "place": find_one(text).area or ""}
    known |= {"authority": "city", "urgency": "normal", "decision": "forward", "awaits_case": True}
    Verdict.objects.create(mention=mention, at=NOW, **{**known, **verdict})
    open_waiting(NOW)
    return Case.objects.get(mention=mention)


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        ({}, Gate.COMPLAINT),
        ({"kind": "aspiration"}, Gate.ASPIRATION),
        ({"kind": "information_request"}, Gate.INFORMATION),
        ({"kind": "appreciation"}, Gate.COMPLAINT),
        ({"kind": "other", "authority": "unknown"}, Gate.COMPLAINT),
        ({"urgency": "soon"}, Gate.COMPLAINT),
        ({"urgency": "emergency"}, Gate.EMERGENCY),
        ({"kind": "information_request", "urgency": "emergency"}, Gate.EMERGENCY),
        ({"authority": ""}, Gate.COMPLAINT),
    ],
)
def test_a_case_goes_the_way_of_its_kind_unless_somebody_is_in_danger(
    verdict: dict[str, Any], expected: Gate
) -> None:
    assert opened(**verdict).gate == expected


LISTRIK = "Listrik padam di Jatiasih, PLN tolong"


def test_a_matter_of_another_body_is_not_ours_when_the_table_is_sure() -> None:
    case = opened(LISTRIK, topic="listrik", authority="pln")
    assert (case.gate, case.authority, case.state) == (Gate.NOT_OURS, "pln", State.RECEIVED)


def test_what_the_judge_names_and_the_table_does_not_bear_out_stays_with_the_city() -> None:
    assert opened("Jalan rusak di Jatiasih", authority="pln").gate == Gate.COMPLAINT


def test_how_sure_is_sure_is_the_citys_to_say(settings: Any) -> None:
    settings.ANSWERING = {**settings.ANSWERING, "gate": {"ours": ["city", "unknown"], "confidence": 0.99}}
    assert opened(LISTRIK, topic="listrik", authority="pln").gate == Gate.COMPLAINT


def test_the_citys_own_water_company_is_the_city() -> None:
    text = "Air Perumda Tirta Patriot mati di Jatiasih"
    assert opened(text, topic="air_pdam", authority="pdam_city").gate == Gate.COMPLAINT


def test_danger_that_is_not_ours_is_an_emergency_all_the_same() -> None:
    assert opened(LISTRIK, topic="listrik", authority="pln", urgency="emergency").gate == Gate.EMERGENCY


@pytest.mark.parametrize(
    ("place", "text", "code"),
    [
        ("Jatiasih", "Jalan rusak di Jatiasih", "32.75.09"),
        ("Jatiasih", "Jalan rusak di kelurahan Jatiasih", "32.75.09.1002"),
        ("Kranji", "", "32.75.02"),
        ("", "Jalan rusak di Jatiasih", ""),
        ("Entah di mana", "Jalan rusak", ""),
    ],
)
def test_the_area_is_as_exact_as_the_text(place: str, text: str, code: str) -> None:
    assert gate.area_of(place, find_one(text)).startswith(code)
    assert bool(gate.area_of(place, find_one(text))) == bool(code)


def test_a_new_case_has_its_area_and_a_code_that_is_read_without_mistakes() -> None:
    case = opened()
    assert case.area.startswith("32.75.09")
    assert len(case.code) == gate.CODE_LENGTH
    assert not set(case.code) & set("0O1ILB8S5Z2G6UV")
    assert len({gate.new_code() for _number in range(500)}) == 500


def test_the_history_says_which_way_and_why() -> None:
    with override("id"):
        said = [told(one) for one in timeline(opened(urgency="emergency").subject)]
    assert "Jalur: darurat, karena isinya menyebut bahaya." in said


def test_a_person_sends_it_another_way_with_a_reason(tono: Person) -> None:
    case = gate.change(opened(), Gate.ASPIRATION, tono, NOW, "Ini usul.")
    assert case.gate == Gate.ASPIRATION
    event = next(one for one in timeline(case.subject) if one.kind == "case.gate_changed")
    assert (event.actor, event.data["note"]) == (tono, "Ini usul.")


def test_what_is_not_ours_ends_with_the_reason_and_its_clocks_with_it(tono: Person) -> None:
    case = gate.change(opened(), Gate.NOT_OURS, tono, NOW, "Jalan nasional.")
    assert case.state == State.NOT_OURS
    assert dict(Clock.objects.filter(subject=case.subject).values_list("rule", "outcome")) == {
        "lapor_verify": "met",
        "completion": "void",
    }
    moved = next(one for one in timeline(case.subject) if one.data.get("new") == "not_ours")
    assert moved.data["note"] == "Jalan nasional."


def test_an_emergency_by_a_persons_word_starts_the_ladder_and_its_end_stops_it(tono: Person) -> None:
    case = gate.change(opened(), Gate.EMERGENCY, tono, NOW, "Ada orang terjebak.")
    assert case.escalate_at is not None
    assert Clock.objects.filter(subject=case.subject, rule="urc_emergency", outcome="running").exists()
    case = gate.change(case, Gate.COMPLAINT, tono, NOW, "Sudah aman.")
    assert case.escalate_at is None


@pytest.mark.parametrize(
    ("wanted", "note", "sentence"),
    [(Gate.COMPLAINT, "x", "sudah berada"), (Gate.ASPIRATION, "  ", "alasannya")],
)
def test_a_change_that_cannot_be_is_refused_with_a_sentence(
    tono: Person, wanted: Gate, note: str, sentence: str
) -> None:
    with pytest.raises(NotAllowed, match=sentence):
        gate.change(opened(), wanted, tono, NOW, note)


def test_what_is_over_or_was_just_changed_is_refused(tono: Person) -> None:
    case = opened()
    same = Case.objects.get(pk=case.pk)
    gate.change(case, Gate.ASPIRATION, tono, NOW, "Ini usul.")
    with pytest.raises(NotAllowed, match="baru saja diubah"):
        gate.change(same, Gate.INFORMATION, tono, NOW, "Ini pertanyaan.")
    case.refresh_from_db()
    move(case, State.REJECTED, tono, NOW, "Iklan.")
    with pytest.raises(NotAllowed, match="sudah berakhir"):
        gate.change(case, Gate.COMPLAINT, tono, NOW, "Ternyata bukan.")


def test_work_that_has_begun_is_not_sent_away_and_nothing_is_half_done(tono: Person) -> None:
    case = opened()
    for state in (State.VERIFIED, State.ASSIGNED, State.IN_PROGRESS):
        move(case, state, tono, NOW)
    with pytest.raises(NotAllowed):
        gate.change(case, Gate.NOT_OURS, tono, NOW, "Jalan nasional.")
    case.refresh_from_db()
    assert (case.gate, case.state) == (Gate.COMPLAINT, State.IN_PROGRESS)


def test_the_page_keeps_what_was_typed_and_says_what_is_missing(tono: Person) -> None:
    case = opened()
    client = Client()
    client.force_login(tono, backend="django.contrib.auth.backends.ModelBackend")
    address = reverse("case_gate", args=[case.number])
    assert "Unit dan call center diberi tahu sekarang juga" in client.get(address).content.decode()
    refused = client.post(address, {"gate": "", "note": "Jalan nasional."})
    assert refused.status_code == 422
    assert "Pilih jalurnya." in refused.content.decode()
    assert "Jalan nasional." in refused.content.decode()
    done = client.post(address, {"gate": "not_ours", "note": "Jalan nasional."})
    assert done.status_code == 302
    case.refresh_from_db()
    assert case.state == State.NOT_OURS


def test_a_reviewer_changes_no_way() -> None:
    client = Client()
    wati = Person.objects.get(username="wati")
    client.force_login(wati, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(reverse("case_gate", args=[opened().number])).status_code == 403


def test_every_kind_has_a_way() -> None:
    for kind in Kind:
        assert opened(kind=kind.value).gate in Gate.values
