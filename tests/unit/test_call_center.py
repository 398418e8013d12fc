"""Tables to and from the call centre: tried first, matched by key or number, harmless when repeated."""

import contextlib
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from cases.exchange import COLUMNS, Taken, imported, receiver, rows, tried
from cases.handoff import engine
from cases.models import Case, HandOff, HandOffState, State
from cases.open import open_intake
from cases.refusal import NotAllowed
from ledger.models import Person
from ledger.roles import Role, give
from monitor.intake import take
from publisher.sheets import BadSheet, read_sheet, to_csv, to_xlsx

pytestmark = pytest.mark.django_db


@pytest.fixture
def tono(db: None) -> Person:
    person = Person.objects.create_user("tono", password="x", first_name="Tono")
    give(person, Role.OFFICER)
    return person


def waiting_one(now: Any, text: str = "Pohon tumbang menutup jalan di Jatiasih") -> HandOff:
    case = open_intake(take("form", text[:50], text, now), now, kind="complaint", place="Jatiasih")
    handoff = engine.plan(case, receiver(), now)
    engine.advance(handoff.pk, now)
    handoff.refresh_from_db()
    return handoff


def table(*lines: dict[str, str], form: str = "csv") -> bytes:
    made = [[line.get(name, "") for name in COLUMNS] for line in lines]
    return to_csv(COLUMNS, made) if form == "csv" else to_xlsx("Tiket", COLUMNS, made)


def taken_in(data: bytes, person: Person, now: Any, **chosen: str) -> Taken:
    trial = tried(data, now)
    assert trial.problems == []
    return imported(trial, {int(key.lstrip("r")): value for key, value in chosen.items()}, person, now)


NEW = {"Nomor tiket": "CC-77", "Isi": "Air PDAM mati sejak pagi di Pekayonjaya", "Waktu": "24/11/2026 08.00"}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_goes_out_comes_back_with_its_ticket(now: Any, tono: Person, form: str) -> None:
    handoff = waiting_one(now)
    assert handoff.state == HandOffState.NEEDS_PERSON
    sent = list(rows())
    sheet = read_sheet(to_csv(COLUMNS, sent) if form == "csv" else to_xlsx("x", COLUMNS, sent))
    line = dict(zip(sheet.headers, map(str, sheet.rows[0][1]), strict=False))
    assert line["Kunci"] == str(handoff.key)
    done = taken_in(table({**line, "Nomor tiket": "CC-1", "Keadaan": "diproses"}, form=form), tono, now)
    handoff.refresh_from_db()
    assert (done.joined, done.updated, handoff.remote_id) == (1, 1, "CC-1")
    assert Case.objects.get(pk=handoff.case_id).state == State.IN_PROGRESS


def test_the_same_table_again_changes_nothing(now: Any, tono: Person) -> None:
    handoff = waiting_one(now)
    data = table({"Kunci": str(handoff.key), "Nomor tiket": "CC-1", "Keadaan": "selesai"}, NEW)
    assert taken_in(data, tono, now) == Taken(opened=1, joined=1, updated=1)
    assert taken_in(data, tono, now + timedelta(hours=1)) == Taken()
    assert Case.objects.count() == 2


def test_a_new_ticket_becomes_a_case_with_its_numbers_masked(now: Any, tono: Person) -> None:
    taken_in(table({**NEW, "Isi": NEW["Isi"] + ", telepon 081234567890", "Tempat": "Pekayonjaya"}), tono, now)
    case = Case.objects.get()
    assert (case.mention.external_id, case.place) == ("call_center:CC-77", "Pekayonjaya")
    assert "0812" not in case.mention.text
    assert case.confirmed_by == tono
    assert case.handoffs.get().remote_id == "CC-77"


def test_a_later_state_finds_the_new_ticket_by_its_number_alone(now: Any, tono: Person) -> None:
    taken_in(table(NEW), tono, now)
    done = taken_in(table({"Nomor tiket": "CC-77", "Keadaan": "selesai"}), tono, now + timedelta(days=1))
    assert (done.updated, Case.objects.get().state) == (1, State.ANSWERED)


def test_an_alike_case_is_only_suggested_and_a_person_chooses(now: Any, tono: Person) -> None:
    old = open_intake(
        take("form", "1", "Pohon besar tumbang menutup jalan raya di Jatiasih", now), now, kind="complaint"
    )
    data = table({"Nomor tiket": "CC-5", "Isi": "Pohon besar tumbang menutup jalan di Jatiasih"})
    (line,) = tried(data, now).lines
    assert line.suggested[0][0] == old.number
    assert taken_in(data, tono, now, r2=old.number) == Taken(joined=1)
    assert (Case.objects.count(), old.handoffs.get().remote_id) == (1, "CC-5")
    assert taken_in(data, tono, now) == Taken()


def test_a_case_that_was_not_suggested_cannot_be_chosen(now: Any, tono: Person) -> None:
    other = waiting_one(now, "Lampu mati")
    with pytest.raises(NotAllowed, match="disarankan"):
        taken_in(table(NEW), tono, now, r2=other.case.number)


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ({"Isi": "x"}, "Nomor tiket"),
        ({"Nomor tiket": "1"}, "Isi"),
        ({**NEW, "Keadaan": "entah"}, "Keadaan"),
        ({**NEW, "Jenis": "gosip"}, "Jenis"),
        ({**NEW, "Waktu": "kemarin"}, "Waktu"),
        ({**NEW, "Kunci": "bukan-kunci"}, "Kunci"),
        ({**NEW, "Nomor kasus": "BKS-1999-000001"}, "Nomor kasus"),
        ({**NEW, "Tempat": "a" * 201}, "Tempat"),
    ],
)
def test_each_mistake_is_named_by_row_and_column(now: Any, line: dict[str, str], column: str) -> None:
    trial = tried(table(line), now)
    assert [(one.row, one.column) for one in trial.problems] == [(2, column)]
    assert trial.problems[0].sentence


def test_one_ticket_in_two_rows_is_a_mistake_and_nothing_is_taken_in(now: Any, tono: Person) -> None:
    trial = tried(table(NEW, NEW), now)
    assert [one.row for one in trial.problems] == [3]
    with pytest.raises(NotAllowed):
        imported(trial, {}, tono, now)
    assert not Case.objects.exists()


def test_a_ticket_of_another_case_is_refused(now: Any, tono: Person) -> None:
    handoff = waiting_one(now)
    taken_in(table({"Kunci": str(handoff.key), "Nomor tiket": "CC-1"}), tono, now)
    trial = tried(table({"Kunci": str(handoff.key), "Nomor tiket": "CC-2"}), now)
    assert "CC-1" in trial.problems[0].sentence


def test_formulas_are_neither_read_nor_written(now: Any) -> None:
    case = open_intake(take("form", "1", '=HYPERLINK("http://jahat")', now), now, kind="complaint")
    engine.plan(case, receiver(), now)
    assert b"'=HYPERLINK" in to_csv(COLUMNS, rows())
    formula = ",".join(COLUMNS) + "\n,,CC-1,,,,,=1+1,,\n"
    assert tried(formula.encode(), now).problems[0].column == "Isi"


def test_an_emergency_without_a_webhook_is_for_the_telephone(now: Any) -> None:
    case = open_intake(take("form", "1", "Kebakaran di Jatiasih", now), now, kind="complaint")
    handoff = engine.plan(case, receiver(), now, purpose="emergency")
    engine.advance(handoff.pk, now)
    handoff.refresh_from_db()
    assert "Telepon 1500444" in handoff.trouble


def test_the_page_tries_first_and_takes_in_after_a_yes(now: Any, tono: Person) -> None:
    client = Client()
    client.force_login(tono, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/kasus/call-center/").status_code == 200
    sent = SimpleUploadedFile("tiket.csv", table(NEW))
    shown = client.post("/kasus/call-center/", {"berkas": sent})
    assert (shown.status_code, Case.objects.exists()) == (200, False)
    token = shown.content.decode().split('name="berkas" value="')[1].split('"')[0]
    client.post("/kasus/call-center/impor/", {"berkas": token})
    assert Case.objects.count() == 1
    assert client.post("/kasus/call-center/impor/", {"berkas": "palsu"}).status_code == 302
    wrong = client.post("/kasus/call-center/", {"berkas": SimpleUploadedFile("t.csv", table({"Isi": "x"}))})
    assert (wrong.status_code, "Nomor tiket belum diisi" in wrong.content.decode()) == (422, True)
    assert client.get("/kasus/call-center/ekspor.csv").status_code == 200
    assert client.get("/kasus/call-center/ekspor.xlsx").status_code == 200


@effort(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(st.sampled_from(COLUMNS), st.text(max_size=30)), min_size=1, max_size=3))
def test_whatever_stands_in_a_table_the_trial_says_it_in_sentences(
    now: Any, lines: list[dict[str, str]]
) -> None:
    with contextlib.suppress(BadSheet):
        trial = tried(table(*lines), now)
        assert all(one.sentence and one.row >= 2 for one in trial.problems)
