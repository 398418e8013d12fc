"""The status page: what a citizen sees with number and code, and what nobody learns from it."""

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from cases import act, rights, status
from cases.models import Assignment, Attachment, Case, Clock, InformationRequest, State, Voice
from cases.refusal import NotAllowed
from channels.models import Account
from city.models import Unit
from ledger.chain import timeline
from ledger.models import Event, Person
from ledger.roles import Role, give
from monitor.models import Mention, Source

pytestmark = pytest.mark.django_db

WORDS = "Lampu di depan rumah saya mati sejak Lebaran"
_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _town(db: None) -> None:
    cache.clear()
    account = Account.objects.create(key="x", channel="x", name="X @pemkot")
    Source.objects.create(account=account, kind="mention")
    tono = Person.objects.create_user("tono", password="rahasia-123", first_name="Tono Sulistyo")
    give(tono, Role.OFFICER)


def a_case(state: str = State.RECEIVED, **fields: Any) -> Case:
    number, now = next(_numbers), timezone.now()
    mention = Mention.objects.create(
        channel="x",
        external_id=f"s{number}",
        source=Source.objects.get(),
        text=WORDS,
        author="@dewi_lestari",
        author_id="77",
        heard_at=now,
        unjudged=False,
    )
    made: Case = Case.objects.create(
        number=f"BKS-2026-{number:06d}",
        code="K7MPQ2RTWX",
        mention=mention,
        kind="complaint",
        topic="lampu_jalan_pju",
        place="Jatirasa",
        area="32.75.09.1004",
        state=state,
        opened_at=now,
        changed_at=now,
        **fields,
    )
    return made


def page(case: Case, **headers: Any) -> Any:
    return Client(**headers).get(f"/status/{case.number}/{case.code}/")


def unit() -> Unit:
    made: Unit = Unit.objects.create(
        key="dbmsda", name="Dinas Bina Marga", short="DBMSDA", sort="agency", valid_from="2020-01-01"
    )
    return made


# --- What is shown ----------------------------------------------------------------------------------


def test_the_page_tells_state_and_next_step_without_a_word_or_name_of_the_citizen() -> None:
    case = a_case()
    shown = page(case)
    text = shown.content.decode()
    assert shown.status_code == 200
    assert "Laporan Anda sudah kami terima." in text
    assert "lampu jalan" in text
    for secret in (WORDS, "Lebaran", "dewi", "Tono"):
        assert secret not in text


def test_the_page_is_kept_by_no_browser_and_found_by_no_search() -> None:
    shown = page(a_case())
    assert shown["Cache-Control"] == "no-store"
    assert "noindex" in shown["X-Robots-Tag"]
    assert shown["Referrer-Policy"] == "same-origin"


def test_the_staff_s_notes_and_names_stay_inside_but_the_steps_are_told() -> None:
    case = a_case(State.RECEIVED)
    tono = Person.objects.get(username="tono")
    act.add_note(case, "Pelapor Dewi, rumah nomor 7", tono, timezone.now())
    act.move(case, State.VERIFIED, tono, timezone.now(), "sudah ditelepon Bu Dewi")
    text = page(case).content.decode()
    assert "Laporan diperiksa petugas." in text
    assert "Dewi" not in text
    assert "Tono" not in text


def test_the_unit_and_the_limit_by_law_are_named_but_the_house_s_own_target_is_not() -> None:
    now, made = timezone.now(), unit()
    case = a_case(State.ASSIGNED, unit=made)
    Assignment.objects.create(case=case, unit=made, at=now)
    limit = {"subject": case.subject, "case": case, "version": "1", "started_at": now}
    Clock.objects.create(
        rule="completion", citation="Permenpan RB 62/2018", due_at=now + timedelta(days=3), **limit
    )
    Clock.objects.create(
        rule="urc_soon", citation="Target internal", due_at=now + timedelta(hours=5), **limit
    )
    text = page(case).content.decode()
    assert "Dinas Bina Marga" in text
    assert "Permenpan RB 62/2018" in text
    assert "3 hari lagi" in text
    assert "Target internal" not in text


def test_only_public_proof_photos_are_shown() -> None:
    case = a_case(State.ANSWERED)
    for role, public in (("proof", True), ("proof", False), ("report", True)):
        Attachment.objects.create(
            case=case,
            sha256=f"{role}{public}",
            name="a.jpg",
            media_type="image/jpeg",
            bytes=1,
            width=10,
            height=10,
            role=role,
            public=public,
            at=timezone.now(),
        )
    assert len(status.standing(case, timezone.now()).photos) == 1


def test_a_rejection_says_why_without_the_citizen_s_number_and_handle() -> None:
    case = a_case(State.RECEIVED)
    tono = Person.objects.get(username="tono")
    why = "Sudah dijelaskan kepada @dewi_lestari di 081234567890: lampu milik pengembang"
    act.move(case, State.REJECTED, tono, timezone.now(), why)
    text = page(case).content.decode()
    assert "lampu milik pengembang" in text
    assert "dewi" not in text
    assert "0812" not in text


def test_a_request_for_information_and_one_about_personal_data_are_found_by_their_numbers() -> None:
    now = timezone.now()
    InformationRequest.objects.create(
        number="PPID-2026-000001",
        code="ABCDEFGH",
        sealed=b"",
        information="APBD",
        purpose="skripsi",
        registered_at=now,
    )
    assert (
        "Permohonan Anda sudah terdaftar."
        in Client().get("/status/PPID-2026-000001/abcdefgh/").content.decode()
    )
    asked = {
        "right": "access",
        "channel": "x",
        "handle": "@dewi_lestari",
        "name": "Dewi",
        "contact": "d@contoh.id",
    }
    made = rights.register(asked, now)
    text = Client().get(f"/status/{made.number}/{made.code}/").content.decode()
    assert rights.word(made) in text
    assert "contoh.id" not in text


def test_the_page_speaks_english_when_asked() -> None:
    case = a_case()
    assert page(case, headers={"accept-language": "en"}).headers["Content-Language"].startswith("en")


def test_a_link_is_given_only_where_a_public_address_is_set(settings: Any) -> None:
    case = a_case()
    settings.PUBLIC_URL = ""
    assert status.link(case) == ""
    settings.PUBLIC_URL = "https://lapor.example"
    assert status.link(case) == f"https://lapor.example/status/{case.number}/K7MPQ2RTWX/"


# --- Who gets in ------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["", "-", "K7MPQ2RTW", "K7MPQ2RTWXX", "é", "\U0001f600"])
def test_a_wrong_code_opens_nothing(code: str) -> None:
    assert status.found(a_case().number, code) is None


def test_a_case_without_a_code_cannot_be_opened() -> None:
    case = a_case()
    Case.objects.filter(pk=case.pk).update(code="")
    assert status.found(case.number, "") is None


def test_an_unknown_number_and_a_wrong_code_get_the_same_answer() -> None:
    case = a_case()
    one = Client().get("/status/", {"nomor": case.number, "kode": "SALAH"})
    other = Client().get("/status/", {"nomor": "BKS-2026-999999", "kode": "SALAH"})
    assert one.status_code == other.status_code == 404
    drop = [case.number, "BKS-2026-999999"]
    bodies = [_plain(answer.content.decode(), drop) for answer in (one, other)]
    assert bodies[0] == bodies[1]


def _plain(text: str, numbers: list[str]) -> list[str]:
    lines = [
        line for line in text.splitlines() if "csrfmiddlewaretoken" not in line and 'name="next"' not in line
    ]
    for number in numbers:
        lines = [line.replace(number, "N") for line in lines]
    return lines


def test_guessing_is_silenced_even_for_the_right_code_and_other_addresses_still_get_in(settings: Any) -> None:
    settings.PRIVACY = {
        **settings.PRIVACY, "status": {**settings.PRIVACY["status"], "tries_pair": 3, "tries_address": 100}
    }  # fmt: skip
    case = a_case()
    for _try in range(3):
        assert Client().get(f"/status/{case.number}/SALAH/").status_code == 404
    refused = page(case)
    assert refused.status_code == 429
    assert "Terlalu banyak percobaan" in refused.content.decode()
    assert page(case, REMOTE_ADDR="10.1.1.1").status_code == 200


def test_looking_with_the_right_code_is_never_limited(settings: Any) -> None:
    settings.PRIVACY = {
        **settings.PRIVACY, "status": {**settings.PRIVACY["status"], "tries_pair": 2, "tries_address": 2}
    }  # fmt: skip
    case = a_case()
    assert [page(case).status_code for _try in range(5)] == [200] * 5


def test_the_form_leads_to_the_page() -> None:
    case = a_case()
    answer = Client().get("/status/", {"nomor": case.number.lower(), "kode": "k7mpq2rtwx"}, follow=True)
    assert answer.status_code == 200
    assert answer.redirect_chain[0][0] == f"/status/{case.number}/K7MPQ2RTWX/"


# --- What the citizen answers -----------------------------------------------------------------------


def test_a_contest_keeps_the_masked_words_where_they_can_be_erased_and_not_in_the_ledger() -> None:
    case = a_case(State.ANSWERED)
    status.contest(case, "Masih gelap, telepon 081234567890", timezone.now())
    voice = Voice.objects.get()
    assert "Masih gelap" in voice.words
    assert "0812" not in voice.words
    case.refresh_from_db()
    assert case.contested_at is not None
    assert [event.kind for event in timeline(case.subject)][-1] == "case.contested"
    assert all("gelap" not in str(event.data) for event in Event.objects.all())


def test_a_contest_after_the_end_takes_the_case_up_again() -> None:
    now = timezone.now()
    case = a_case(State.CLOSED, ended_at=now - timedelta(days=3))
    answer = Client().post(f"/status/{case.number}/{case.code}/belum/", {"kata": "Masih gelap"}, follow=True)
    case.refresh_from_db()
    assert case.state == State.VERIFIED
    assert case.reopened == 1
    assert "Laporan dibuka kembali." in answer.content.decode()


def test_after_the_window_a_closed_case_stays_closed_and_says_so() -> None:
    case = a_case(State.CLOSED, ended_at=timezone.now() - timedelta(days=31))
    with pytest.raises(NotAllowed, match="laporan baru"):
        status.contest(case, "Masih gelap", timezone.now())
    assert "Belum selesai" not in page(case).content.decode()


def test_an_empty_contest_is_refused_beside_the_form_and_what_was_typed_is_kept() -> None:
    case = a_case(State.ANSWERED)
    empty = Client().post(f"/status/{case.number}/{case.code}/belum/", {"kata": "   "})
    assert empty.status_code == 422
    assert "Tulis apa yang belum selesai" in empty.content.decode()
    long = Client().post(f"/status/{case.number}/{case.code}/belum/", {"kata": "gelap " * 300})
    assert long.status_code == 422
    assert "gelap gelap" in long.content.decode()


def test_a_second_contest_while_the_first_is_read_is_refused() -> None:
    case = a_case(State.ANSWERED)
    status.contest(case, "Masih gelap", timezone.now())
    with pytest.raises(NotAllowed, match="sedang dibaca"):
        status.contest(case, "Halo?", timezone.now())
    assert "Tanggapan Anda sudah kami terima." in page(case).content.decode()


def test_a_confirmation_closes_an_answered_case() -> None:
    case = a_case(State.ANSWERED)
    Client().post(f"/status/{case.number}/{case.code}/selesai/")
    case.refresh_from_db()
    assert case.state == State.CLOSED
    assert case.confirmed_at is not None
    assert "Terima kasih" in page(case).content.decode()


@pytest.mark.parametrize("state", [State.RECEIVED, State.VERIFIED, State.ASSIGNED, State.IN_PROGRESS])
@pytest.mark.parametrize("step", ["belum", "selesai"])
def test_a_case_that_is_worked_on_can_be_neither_contested_nor_confirmed(state: str, step: str) -> None:
    case = a_case(state)
    answer = Client().post(f"/status/{case.number}/{case.code}/{step}/", {"kata": "x"})
    assert answer.status_code == 422
    assert not Voice.objects.exists()


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_a_page(state: str) -> None:
    assert page(a_case(state)).status_code == 200


def test_the_time_left_is_told_in_hours_and_days() -> None:
    now = datetime.fromisoformat("2026-11-24T03:00:00+00:00")

    def said(span: timedelta, late: bool) -> str:
        return status.left(status.Limit("", now + span, "", running=True, late=late), now)

    assert said(timedelta(hours=5), False) == "5 jam lagi"
    assert said(timedelta(days=3), False) == "3 hari lagi"
    assert said(-timedelta(days=2), True) == "terlambat 2 hari"
