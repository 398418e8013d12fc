"""Requests for public information: the private form, the clock from registration, each step, and the register."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from cases import information
from cases.information import ARTICLES, Asked, problems, register
from cases.information_register import register_rows
from cases.models import Clock, InformationRequest, RequestState
from cases.open import open_intake
from cases.refusal import NotAllowed
from city.models import Unit
from ledger.chain import timeline
from ledger.models import Event, Person
from ledger.roles import Role, give
from monitor.intake import take

pytestmark = pytest.mark.django_db
ASKED = Asked(
    name="Siti Rahayu",
    identity_number="3275 0101 0190 0001",
    address="Jl. Mawar 5, Jatiasih",
    email="siti@example.org",
    information="Anggaran perbaikan jalan 2026; balas ke 081234567890",
    purpose="Penelitian",
    agreed=True,
)
FORM = {
    "name": ASKED.name,
    "identity_kind": "ktp",
    "identity_number": ASKED.identity_number,
    "address": ASKED.address,
    "email": ASKED.email,
    "information": ASKED.information,
    "purpose": ASKED.purpose,
    "form": "softcopy",
    "agreed": "ya",
}


@pytest.fixture(autouse=True)
def _fresh() -> None:
    cache.clear()


@pytest.fixture
def wati(db: None) -> Person:
    """Wati keeps the PPID's desk here."""
    person = Person.objects.create_user("wati", password="x", first_name="Wati")
    give(person, Role.PPID)
    return person


def as_(person: Person) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def clock(request: InformationRequest, rule: str) -> Clock:
    return Clock.objects.get(subject=request.subject, rule=rule)


def test_a_request_is_numbered_sealed_and_its_ten_working_days_run(now: Any) -> None:
    made = register(ASKED, now)
    assert (made.number, register(ASKED, now).number) == ("PPID-2026-000001", "PPID-2026-000002")
    assert made.information == "Anggaran perbaikan jalan 2026; balas ke <TELP>"
    sealed = bytes(made.sealed)
    assert b"Siti" not in sealed
    # Tuesday 24 November 2026: ten working days later is Tuesday 8 December (none of them a holiday).
    assert clock(made, "ppid_answer").due_at.date().isoformat() == "2026-12-08"
    assert "Siti" not in str(list(Event.objects.values_list("data", flat=True)))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"identity_number": "123"}, "identity_number"),
        ({"identity_number": ""}, "identity_number"),
        ({"identity_kind": "sim"}, "identity_kind"),
        ({"address": ""}, "address"),
        ({"email": "", "phone": ""}, "email"),
        ({"email": "siti"}, "email"),
        ({"information": ""}, "information"),
        ({"purpose": ""}, "purpose"),
        ({"form": "lisan"}, "form"),
        ({"agreed": False}, "agreed"),
        ({"name": "a" * 121}, "name"),
    ],
)
def test_what_the_law_asks_for_must_be_there(now: Any, change: dict[str, Any], field: str) -> None:
    asked = replace(ASKED, **change)
    assert list(problems(asked)) == [field]
    with pytest.raises(NotAllowed):
        register(asked, now)
    assert not InformationRequest.objects.exists()


def test_an_invitation_joins_the_case_only_with_its_code(now: Any, settings: Any) -> None:
    case = open_intake(take("form", "1", "Minta data jalan", now), now, kind="information_request")
    assert case.code
    settings.PUBLIC_URL = "https://lapor.contoh.id"
    page = information.invitation(case).removeprefix("https://lapor.contoh.id")
    assert case.number in Client().get(page).content.decode()
    wrong = register(replace(ASKED, case_number=case.number, case_code="SALAH"), now)
    right = register(replace(ASKED, case_number=case.number.lower(), case_code=case.code.lower()), now)
    assert (wrong.case, right.case) == (None, case)
    assert "case.information_requested" in {one.kind for one in timeline(case.subject)}


def test_the_applicant_is_shown_only_for_a_reason_that_is_noted_first(now: Any, wati: Person) -> None:
    made = register(ASKED, now)
    with pytest.raises(NotAllowed):
        information.reveal(made, wati, "  ", now)
    data = information.reveal(made, wati, "menghubungi pemohon", now)
    assert (data["name"], data["information"]) == ("Siti Rahayu", ASKED.information)
    looks = [one for one in timeline(made.subject) if one.kind == "ppid.revealed"]
    assert [(one.actor, one.data["note"]) for one in looks] == [(wati, "menghubungi pemohon")]
    tono = Person.objects.create_user("tono", password="x")
    give(tono, Role.OFFICER)
    with pytest.raises(NotAllowed):
        information.reveal(made, tono, "ingin tahu", now)


def test_it_is_extended_once_with_a_reason_by_seven_working_days(now: Any, wati: Person) -> None:
    made = register(ASKED, now)
    with pytest.raises(NotAllowed):
        information.extend(made, " ", wati, now)
    information.extend(made, "Dokumen ada di tiga dinas.", wati, now + timedelta(days=1))
    # From 8 December: seven working days later is 17 December 2026.
    assert clock(made, "ppid_extension").due_at.date().isoformat() == "2026-12-17"
    with pytest.raises(NotAllowed):
        information.extend(made, "Lagi.", wati, now + timedelta(days=2))
    information.answer(made, "Terlampir.", wati, now + timedelta(days=3))
    assert clock(made, "ppid_extension").outcome == "met"


def test_an_answer_stops_the_clock_and_an_objection_starts_thirty_days(now: Any, wati: Person) -> None:
    made = register(ASKED, now)
    information.answer(made, "Lihat ppid.bekasikota.go.id", wati, now)
    assert (made.state, clock(made, "ppid_answer").outcome) == (RequestState.ANSWERED, "met")
    information.object_to(made, "Jawaban tidak lengkap.", wati, now)
    assert made.state == RequestState.OBJECTED
    assert clock(made, "ppid_objection").outcome == "running"
    information.answer(made, "Dokumen lengkap terlampir.", wati, now)
    assert (made.state, clock(made, "ppid_objection").outcome) == (RequestState.CLOSED, "met")


def test_silence_can_be_objected_to(now: Any, wati: Person) -> None:
    made = register(ASKED, now)
    information.object_to(made, "Tidak dijawab.", wati, now + timedelta(days=30))
    assert made.state == RequestState.OBJECTED


def test_a_refusal_names_its_article_and_reason(now: Any, wati: Person) -> None:
    made = register(ASKED, now)
    with pytest.raises(NotAllowed):
        information.refuse(made, "pasal 99", "Rahasia.", wati, now)
    with pytest.raises(NotAllowed):
        information.refuse(made, ARTICLES[7], "", wati, now)
    information.refuse(made, ARTICLES[7], "Mengungkap rahasia pribadi.", wati, now)
    assert made.answer == "Ditolak berdasarkan UU 14/2008 pasal 17 huruf h. Mengungkap rahasia pribadi."
    information.close(made, wati, now)
    with pytest.raises(NotAllowed):
        information.answer(made, "Terlambat.", wati, now)


def test_a_ppid_of_a_unit_sees_its_own_requests_only(now: Any, wati: Person) -> None:
    unit = Unit.objects.create(
        key="uji", name="Dinas Uji", short="Uji", sort="agency", valid_from="2020-01-01"
    )
    made, _other = register(ASKED, now), register(ASKED, now)
    information.assign(made, unit, wati, now)
    helper = Person.objects.create_user("pembantu", password="x")
    give(helper, Role.PPID)
    helper.units.add(unit)
    assert list(information.visible(helper)) == [made]
    assert information.visible(wati).count() == 2


def test_the_register_has_people_in_it_only_for_a_reason(now: Any, wati: Person) -> None:
    register(ASKED, now)
    assert "Siti" not in str(register_rows(wati, now, with_people=False))
    with pytest.raises(NotAllowed):
        register_rows(wati, now, with_people=True, reason="")
    (row,) = register_rows(wati, now, with_people=True, reason="laporan tahunan")
    assert row[:3] == ["PPID-2026-000001", "24/11/2026", "Siti Rahayu"]
    assert Event.objects.filter(kind="ppid.register_exported", actor=wati).count() == 1


# --- the pages


def test_the_form_registers_and_gives_number_and_code_that_open_the_status_page(now: Any) -> None:
    client = Client()
    assert "pasal 22" in client.get("/informasi/permohonan/").content.decode()
    answer = client.post("/informasi/permohonan/", FORM)
    made = InformationRequest.objects.get()
    text = answer.content.decode()
    assert made.number in text
    assert made.code in text
    assert answer["Cache-Control"] == "no-store"
    assert client.get(f"/status/{made.number}/{made.code}/").status_code == 200


def test_a_refused_form_keeps_what_was_typed_and_says_what_is_missing() -> None:
    answer = Client().post("/informasi/permohonan/", {**FORM, "purpose": "", "agreed": ""})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Siti Rahayu" in text
    assert "Tulis tujuan penggunaan" in text
    assert not InformationRequest.objects.exists()


def test_a_machine_that_fills_in_everything_leaves_nothing() -> None:
    answer = Client().post("/informasi/permohonan/", {**FORM, "situs": "https://spam.example"})
    assert answer.status_code == 200
    assert not InformationRequest.objects.exists()


def test_one_address_may_send_so_many_in_an_hour() -> None:
    statuses = [Client().post("/informasi/permohonan/", FORM).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]


def test_the_form_is_protected_against_forgery() -> None:
    assert Client(enforce_csrf_checks=True).post("/informasi/permohonan/", FORM).status_code == 403


def test_the_ppid_works_a_request_off_on_its_pages(now: Any, wati: Person) -> None:
    made, client = register(ASKED, now), as_(wati)
    assert made.number in client.get("/ppid/").content.decode()
    page = f"/ppid/{made.number}/"
    shown = client.get(page).content.decode()
    assert "Siti" not in shown
    refused = client.post(f"{page}tolak/", {"pasal": "", "kata": "Sebab"})
    assert (refused.status_code, "Sebab" in refused.content.decode()) == (422, True)
    assert client.post(f"{page}pemohon/", {"alasan": ""}).status_code == 422
    looked = client.post(f"{page}pemohon/", {"alasan": "menghubungi"})
    assert ("Siti Rahayu" in looked.content.decode(), looked["Cache-Control"]) == (True, "no-store")
    assert client.post(f"{page}perpanjang/", {"kata": "Tiga dinas."}).status_code == 302
    assert client.post(f"{page}jawab/", {"kata": "Terlampir."}).status_code == 302
    assert client.post(f"{page}keberatan/", {"kata": "Kurang."}).status_code == 302
    table = client.post("/ppid/register.csv", {"pemohon": "ya", "alasan": "laporan tahunan"})
    assert b"Siti Rahayu" in table.content
    made.refresh_from_db()
    assert made.state == RequestState.OBJECTED


def test_nobody_but_the_ppid_opens_its_pages(now: Any) -> None:
    tono = Person.objects.create_user("tono", password="x")
    give(tono, Role.OFFICER)
    made = register(ASKED, now)
    for page in ("/ppid/", f"/ppid/{made.number}/"):
        assert as_(tono).get(page).status_code == 403
