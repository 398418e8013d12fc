"""SP4N-LAPOR!: a package that an officer carries over once, its tracking number, and what LAPOR says later."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from cases.handoff import lapor
from cases.models import Case, HandOff, HandOffState, State
from cases.open import open_intake
from cases.refusal import NotAllowed
from ledger.chain import timeline
from ledger.models import Person
from ledger.roles import Role, give
from monitor.intake import take

pytestmark = pytest.mark.django_db


@pytest.fixture
def tono(db: None) -> Person:
    person = Person.objects.create_user("tono", password="x", first_name="Tono")
    give(person, Role.OFFICER)
    return person


def a_case(now: Any, key: str = "1", text: str = "Jalan <rusak> & berlubang, WA 081234567890") -> Case:
    mention = take("form", key, text, now, posted_at=now - timedelta(hours=5))
    return open_intake(mention, now, kind="complaint", topic="jalan_trotoar", place="Jatiasih")


def as_(person: Person) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_package_waits_for_a_person_with_every_field_of_lapor(now: Any, tono: Person) -> None:
    handoff = lapor.begin(a_case(now), tono, now, "Mohon dicek.")
    assert handoff.state == HandOffState.NEEDS_PERSON
    assert handoff.tries.count() == 0
    fields = {one.key: one.text for one in lapor.package(handoff)}
    assert set(fields) >= {"judul", "isi", "tanggal", "lokasi", "kategori", "instansi", "lampiran", "pelapor"}
    assert fields["judul"] == "Infrastruktur: jalan di Jatiasih"
    assert fields["tanggal"] == "24/11/2026"
    assert "Jalan <rusak> & berlubang" in fields["isi"]
    assert "Mohon dicek." in fields["isi"]
    assert handoff.case.number in fields["isi"]
    assert "0812" not in lapor.as_text(lapor.package(handoff))


def test_the_tracking_number_settles_it_and_leads_to_the_tracking_page(now: Any, tono: Person) -> None:
    handoff = lapor.begin(a_case(now), tono, now)
    lapor.carried_over(handoff, " #7654321 ", tono, now)
    assert (handoff.state, handoff.remote_id) == (HandOffState.DELIVERED, "7654321")
    assert handoff.link == "https://www.lapor.go.id/pengaduan/7654321"


@pytest.mark.parametrize("typed", ["", "abc", "12", "12345678901234", "١٢٣٤٥", "12 34 56", "-12345"])
def test_a_tracking_number_that_is_none_is_refused(now: Any, tono: Person, typed: str) -> None:
    handoff = lapor.begin(a_case(now), tono, now)
    with pytest.raises(NotAllowed, match="angka"):
        lapor.carried_over(handoff, typed, tono, now)


def test_one_case_is_entered_once_and_one_number_belongs_to_one_case(now: Any, tono: Person) -> None:
    first = lapor.begin(a_case(now), tono, now)
    lapor.carried_over(first, "7654321", tono, now)
    with pytest.raises(NotAllowed, match="jangan dimasukkan dua kali"):
        lapor.carried_over(first, "7654322", tono, now)
    assert lapor.begin(first.case, tono, now).pk == first.pk
    other = lapor.begin(a_case(now, "2", "Lampu jalan mati total"), tono, now)
    with pytest.raises(NotAllowed, match=first.case.number):
        lapor.carried_over(other, "7654321", tono, now)
    assert HandOff.objects.filter(remote_id="7654321").count() == 1


def test_a_package_that_lies_here_is_reminded_of_once_a_day(now: Any, tono: Person) -> None:
    handoff = lapor.begin(a_case(now), tono, now)
    assert lapor.look_after(now + timedelta(hours=23)) == 0
    assert lapor.look_after(now + timedelta(hours=25)) == 1
    assert lapor.look_after(now + timedelta(hours=26)) == 0
    assert lapor.look_after(now + timedelta(hours=49)) == 1
    lapor.carried_over(handoff, "7654321", tono, now)
    assert lapor.look_after(now + timedelta(hours=99)) == 0
    told = [one for one in timeline(handoff.case.subject) if one.kind == "handoff.lapor_waits"]
    assert len(told) == 2


def test_what_lapor_says_later_is_kept_and_moves_the_case(now: Any, tono: Person) -> None:
    handoff = lapor.begin(a_case(now), tono, now)
    with pytest.raises(NotAllowed, match="nomor lacak"):
        lapor.told(handoff, "Proses", "", tono, now)
    lapor.carried_over(handoff, "7654321", tono, now)
    with pytest.raises(NotAllowed):
        lapor.told(handoff, "Entah", "", tono, now)
    assert lapor.told(handoff, "Proses", "Tim ke lokasi, hubungi 081234567890", tono, now)
    assert not lapor.told(handoff, "Proses", "Tim ke lokasi, hubungi 081234567890", tono, now)
    handoff.refresh_from_db()
    assert handoff.remote_note == "Tim ke lokasi, hubungi <TELP>"
    assert Case.objects.get(pk=handoff.case_id).state == State.IN_PROGRESS


def test_the_page_takes_an_officer_from_the_case_to_the_tracking_number(now: Any, tono: Person) -> None:
    case = a_case(now)
    client, page = as_(tono), f"/kasus/{case.number}/lapor/"
    assert "Siapkan paket" in client.get(page).content.decode()
    client.post(f"{page}buat/", {"catatan": ""})
    shown = client.get(page).content.decode()
    assert "Judul laporan" in shown
    assert "&lt;rusak&gt;" in shown
    assert case.number in client.get("/kasus/lapor/").content.decode()
    text = client.get(f"{page}paket.txt")
    assert text["Content-Type"] == "text/plain; charset=utf-8"
    refused = client.post(f"{page}nomor/", {"nomor": "abc"})
    assert (refused.status_code, 'value="abc"' in refused.content.decode()) == (422, True)
    client.post(f"{page}nomor/", {"nomor": "7654321"})
    assert "https://www.lapor.go.id/pengaduan/7654321" in client.get(page).content.decode()
    client.post(f"{page}keadaan/", {"keadaan": "Selesai", "keterangan": "Sudah ditambal."})
    assert "Selesai" in client.get(page).content.decode()


def test_who_answers_no_cases_does_not_see_packages(now: Any) -> None:
    eka = Person.objects.create_user("eka", password="x")
    give(eka, Role.AUTHOR)
    assert as_(eka).get(f"/kasus/{a_case(now).number}/lapor/").status_code == 403
