"""What meets the outside, read with fresh eyes: nothing leaks, nothing is lost, and no state is a dead end."""

import hashlib
import itertools
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases import erasure, exchange, information, rights
from cases.handoff import action_links, engine, lapor
from cases.handoff.apprise_message import words
from cases.information import Asked
from cases.information_register import register_rows
from cases.models import Case, Clock, ClockOutcome, HandOff, HandOffState, Receiver, RequestState, State
from cases.open import open_intake
from cases.open311_in import Sent, received
from cases.open311_server import request_of
from cases.refusal import NotAllowed
from cases.retention import run as end_what_is_old
from channels import mail
from channels.contract import ChannelError
from channels.models import Account
from channels.vault import lock
from city.models import Unit
from classifiers.models import Verdict
from desk.public.limits import count, spent
from engine import answering, clock
from engine.work import Job, lane_of, run
from ledger.life import last_beat
from ledger.models import Person
from ledger.roles import Role, give
from monitor.intake import take
from monitor.models import Mention, Source
from publisher.models import Announcement, Delivery
from tests.receivers import WebServer, web
from tests.receivers import mail as mail_server

pytestmark = pytest.mark.django_db
NOW = datetime.fromisoformat("2026-11-24T03:00:00+00:00")
_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _fresh(settings: Any, tmp_path: Any) -> None:
    cache.clear()
    settings.KENTONGAN_HOME = tmp_path


@pytest.fixture
def site(settings: Any) -> Iterator[WebServer]:
    with web(patience=0.4) as made:
        outside = {**settings.ANSWERING["outside"], "allow": [made.here], "read": 0.3}
        settings.ANSWERING = {**settings.ANSWERING, "outside": outside}
        yield made


def person(name: str, role: Role, *units: Unit) -> Person:
    made = Person.objects.create_user(name, password="rahasia-123")
    give(made, role)
    made.units.set(units)
    return made


def as_(one: Person) -> Client:
    client = Client()
    client.force_login(one)
    return client


def a_unit(key: str = "dbmsda", **more: Any) -> Unit:
    told = {"name": f"Dinas {key}", "short": key.upper(), "sort": "agency", "valid_from": date(2020, 1, 1)}
    return Unit.objects.create(key=key, **{**told, **more})


def heard(text: str = "Lampu mati di Jatiasih", channel: str = "x", **more: Any) -> Mention:
    account, _ = Account.objects.get_or_create(key=channel, defaults={"channel": channel, "name": channel})
    source, _ = Source.objects.get_or_create(account=account, kind="mention")
    told = {"heard_at": NOW, "unjudged": False, "external_id": f"o{next(_numbers)}"}
    return Mention.objects.create(channel=channel, source=source, text=text, **{**told, **more})


def a_case(unit: Unit | None = None, state: str = State.ASSIGNED, **more: Any) -> Case:
    told = {
        "kind": "complaint",
        "opened_at": NOW,
        "changed_at": NOW,
        "number": f"BKS-2026-{next(_numbers):06d}",
    }
    mention = more.pop("mention", None) or heard()
    return Case.objects.create(mention=mention, unit=unit, state=state, **{**told, **more})


def a_receiver(sort: str = "webhook", unit: Unit | None = None, **more: Any) -> Receiver:
    told = {"key": f"r-{next(_numbers)}", "name": "Sistem luar", "address": "https://a.example.go.id/"}
    return Receiver.objects.create(sort=sort, unit=unit, **{**told, **more})


# --- the night


def test_the_nights_work_runs_in_a_lane_of_its_own_and_not_in_the_minute_of_emergencies() -> None:
    """The files of open data and the retention of a large city take long; the ladder must not stand behind them."""
    given: dict[str, str] = {}
    clock._watch(lambda job, lane: given.update({job.kind: lane}), NOW)
    assert given["nightly"] == lane_of(Job("nightly")) == "nightly"
    assert given["answering"] == "answering"

    answering.look_after(NOW)  # 10.00 WIB, long after the hour of the night
    assert (last_beat("open_data"), last_beat("retention")) == (None, None)
    run(Job("nightly"))
    assert last_beat("open_data") is not None
    assert last_beat("retention") is not None


# --- what anybody can read


def test_the_open311_server_gives_nothing_away_of_what_its_author_has_restricted() -> None:
    """UU 27/2022 art. 11: it is only kept."""
    case = a_case(mention=heard("Tetangga saya menumpuk sampah", restricted_at=NOW))
    assert "sampah" not in str(request_of(case).get("description"))


def test_the_open311_server_names_no_place_narrower_than_a_kelurahan() -> None:
    case = a_case(place="Gang Melati III", area="32.75.09.1002")
    told = request_of(case)
    assert "Melati" not in told["address"]
    assert told["address"].endswith("Kota Bekasi")


def test_a_report_with_a_photo_only_does_not_show_the_address_below_it() -> None:
    sent = Client().post(
        "/open311/v2/requests.json",
        {
            "api_key": "kunci",
            "service_code": "jalan_trotoar",
            "media_url": "https://foto.example.org/a.jpg",
            "address_string": "Jalan Melati 5, rumah cat biru",
            "phone": "0217654321",
        },
    )
    assert sent.status_code == 200
    told = Client().get(f"/open311/v2/requests/{sent.json()[0]['service_request_id']}.json").content.decode()
    assert "Melati 5" not in told
    assert "Telepon" not in told


@pytest.fixture(autouse=True)
def _key(settings: Any) -> None:
    keys = {"aplikasi": hashlib.sha256(b"kunci").hexdigest()}
    settings.DESKS = {**settings.DESKS, "open311": {**settings.DESKS["open311"], "keys": keys}}


def test_the_same_form_sent_again_over_the_turn_of_an_hour_is_one_case() -> None:
    sent = Sent("jalan_trotoar", "complaint", "Jalan berlubang di Jatiasih", digest="a" * 64)
    before = NOW.replace(minute=59, second=50)
    first = received("aplikasi", sent, before)
    assert received("aplikasi", sent, before + timedelta(seconds=20)) == first
    assert received("aplikasi", sent, before + timedelta(hours=2)) != first


def test_many_visitors_do_not_make_the_server_forget_who_has_tried_too_often() -> None:
    count("status_number", "BKS-2026-000001", 3600)
    for number in range(2000):
        count("status_address", f"2001:db8::{number:x}", 600)
    assert spent("status_number", "BKS-2026-000001", 1)


# --- whose data it is


def asked(right: str, channel: str, handle: str, **more: str) -> Any:
    told = {
        "right": right,
        "channel": channel,
        "handle": handle,
        "name": "Siti",
        "contact": "siti@example.org",
    }
    return rights.register({**told, **more}, NOW)


def test_a_name_that_anybody_may_write_on_a_website_proves_nothing() -> None:
    """A comment needs no account: whoever signs one "Siti" would else be given all that other Sitis wrote."""
    heard("Rumah saya di Gang Melati kebanjiran", "website", author="Siti")
    request = asked("access", "website", "Siti")
    assert rights.word(request) == ""
    page = Client().get(f"/status/{request.number}/{request.code}/").content.decode()
    assert "Petugas menghubungi Anda" in page
    proof = heard(f"ini kata saya: {rights._word(request)}", "website", author="Siti")
    assert rights.seen(proof, NOW) is None
    request.refresh_from_db()
    assert request.proven_at is None


def test_who_reported_by_telephone_gets_their_own_report_and_not_those_of_others_of_their_name() -> None:
    puji = person("puji", Role.PPID)
    mine = open_intake(
        take("call_center", "1", "Lampu mati di Jatiasih", NOW, author="Budi"), NOW, kind="complaint"
    )
    take("call_center", "2", "Istri saya sakit dan ditolak puskesmas", NOW, author="Budi")
    request = asked("access", "", "", case_number=mine.number)
    rights.convinced(request, puji, "KTP diperiksa di loket", NOW)
    request.refresh_from_db()
    assert rights.find(request).mentions == [mine.mention_id]
    assert b"ditolak puskesmas" not in rights.export(request, puji, NOW)


def test_one_request_that_cannot_be_opened_keeps_no_other_from_being_proven() -> None:
    broken, sound = asked("access", "x", "@dewi"), asked("access", "x", "@tuti")
    type(broken).objects.filter(pk=broken.pk).update(sealed=b"rusak")
    for request, author in ((broken, "@dewi"), (sound, "@tuti")):
        heard(
            f"kata {rights.word(request)}",
            author=author,
            author_id=author,
            heard_at=NOW + timedelta(minutes=1),
        )
    assert rights.look_after(NOW + timedelta(minutes=2)) == 1
    sound.refresh_from_db()
    assert sound.proven_at is not None


def test_each_minute_only_the_new_posts_are_read_for_proof_words_and_none_is_missed() -> None:
    """Two weeks of a city's posts are half a million; an outage of the machine is made up for all the same."""
    request = asked("access", "x", "@dewi")
    rights.look_after(NOW + timedelta(hours=1))
    with CaptureQueriesContext(connection) as asked_for_posts:
        rights.look_after(NOW + timedelta(days=1))
    (since,) = [one["sql"] for one in asked_for_posts if "bukti-" in one["sql"]]
    assert "2026-11-24 03:50" in since.replace("T", " ")  # ten minutes before the last look
    heard(f"kata {rights.word(request)}", author="@dewi", author_id="7", heard_at=NOW + timedelta(days=2))
    assert rights.look_after(NOW + timedelta(days=3)) == 1


def test_a_taken_out_name_leaves_other_words_and_the_names_of_fields_whole() -> None:
    case, receiver = a_case(), a_receiver()
    made = HandOff.objects.create(
        case=case,
        receiver=receiver,
        key="5b0c1d8e-0000-4000-8000-000000000001",
        made_at=NOW,
        note="Ani meminta penanganan segera",
        proof={"ani": 1, "said": "kepada Ani"},
    )
    erasure.scrub(erasure.Held([case.mention_id], [case.pk]), ["ani"])
    made.refresh_from_db()
    assert made.note == "[dihapus] meminta penanganan segera"
    assert made.proof == {"ani": 1, "said": "kepada [dihapus]"}


def test_a_certificate_does_not_say_that_a_request_for_information_was_erased() -> None:
    puji = person("puji", Role.PPID)
    case = a_case(mention=heard("Saya mau data anggaran", author="@dewi", author_id="7"), code="KODE123456")
    information.register(asked_for(case_number=case.number, case_code="KODE123456"), NOW)
    request = asked("erasure", "x", "@dewi")
    rights.convinced(request, puji, "KTP", NOW)
    request.refresh_from_db()
    done = rights.erase(request, puji, NOW)
    assert done.outcome["found"]["information_requests"] == 1
    assert done.outcome["erased"]["information_requests"] == 0


def in_the_thread_of(case: Case, text: str, **more: Any) -> Mention:
    """What the citizen answered us under the reply to their post."""
    number = next(_numbers)
    answer = Announcement.objects.create(
        kind="reply",
        title="Balasan",
        author=person(f"sari{number}", Role.AUTHOR),
        about=case.subject,
        reference=f"KTG-{number}",
        slug=f"balasan-{number}",
        created_at=NOW,
        changed_at=NOW,
    )
    Delivery.objects.create(
        announcement=answer,
        version=1,
        account=Account.objects.get(key="x"),
        remote_id=f"kita-{case.pk}",
        state="published",
        due_at=NOW,
    )
    mention = heard(text, parent_id=f"kita-{case.pk}", author=case.mention.author, **more)
    Verdict.objects.create(mention=mention, kind="complaint", decision="folded", at=NOW)
    return mention


def test_what_the_citizen_added_to_a_held_case_is_held_with_it() -> None:
    """A legal hold is about the matter: the second post in its thread is as much evidence as the first."""
    long_ago = NOW - timedelta(days=800)
    case = a_case(mention=heard(author="@dewi", author_id="7", heard_at=long_ago), state=State.CLOSED)
    Case.objects.filter(pk=case.pk).update(legal_hold=True, ended_at=long_ago)
    added = in_the_thread_of(case, "Tepatnya di Gang Melati", heard_at=long_ago, author_id="7")
    end_what_is_old(NOW)
    added.refresh_from_db()
    assert added.text == "Tepatnya di Gang Melati"
    free = erasure.without_hold(erasure.held_of(Mention.objects.filter(author_id="7")))
    assert added.pk not in free.mentions


# --- requests for public information


def asked_for(**more: Any) -> Asked:
    told = {
        "name": "Siti Rahayu",
        "identity_number": "3275010101900001",
        "address": "Jl. Mawar 5",
        "email": "siti@example.org",
        "information": "Anggaran jalan 2026",
        "purpose": "Penelitian",
        "agreed": True,
    }
    return Asked(**{**told, **more})


def running(request: Any) -> list[str]:
    rows = Clock.objects.filter(subject=request.subject, outcome=ClockOutcome.RUNNING)
    return sorted(rows.values_list("rule", flat=True))


def test_an_objection_to_silence_that_was_answered_leaves_no_clock_running() -> None:
    puji = person("puji", Role.PPID)
    request = information.register(asked_for(), NOW)
    later = NOW + timedelta(days=30)
    information.object_to(request, "Belum dijawab.", puji, later)
    information.answer(request, "Ada di laman kota.", puji, later + timedelta(days=1))
    assert request.state == RequestState.CLOSED
    assert running(request) == []


def test_a_request_that_was_closed_early_can_still_be_objected_to_once() -> None:
    """UU 14/2008 art. 36: the applicant has thirty working days, whenever the desk ticks it off."""
    puji = person("puji", Role.PPID)
    request = information.register(asked_for(), NOW)
    information.answer(request, "Ada di laman kota.", puji, NOW)
    information.close(request, puji, NOW)
    page = as_(puji).get(f"/ppid/{request.number}/").content.decode()
    assert f"/ppid/{request.number}/keberatan/" in page
    information.object_to(request, "Datanya tidak ada di sana.", puji, NOW + timedelta(days=5))
    assert running(request) == ["ppid_objection"]
    information.answer(request, "Terlampir.", puji, NOW + timedelta(days=6))
    with pytest.raises(NotAllowed):
        information.object_to(request, "Sekali lagi.", puji, NOW + timedelta(days=7))
    assert "/keberatan/" not in as_(puji).get(f"/ppid/{request.number}/").content.decode()


def test_the_reason_of_a_refusal_outlives_the_answer_to_the_objection() -> None:
    """Perki 1/2021: the register names why information was withheld, whatever the superior said later."""
    puji = person("puji", Role.PPID)
    request = information.register(asked_for(), NOW)
    information.refuse(request, "pasal 17 huruf h", "Memuat data keluarga.", puji, NOW)
    information.object_to(request, "Saya hanya minta jumlahnya.", puji, NOW)
    information.answer(request, "Jumlahnya 12.", puji, NOW)
    assert "Memuat data keluarga." in request.answer
    assert "Jumlahnya 12." in request.answer


def test_the_register_of_years_is_read_in_a_few_questions(django_assert_max_num_queries: Any) -> None:
    puji = person("puji", Role.PPID)
    for _one in range(20):
        information.register(asked_for(), NOW)
    with django_assert_max_num_queries(12):
        rows = register_rows(puji, NOW, with_people=False)
    assert len(rows) == 20
    assert rows[0][11]  # the day by which it has to be answered


@pytest.mark.parametrize("address", ["a@b..id", "a@" + "x" * 70 + ".id", "a@b@c.id", "a@-b.id"])
def test_an_address_that_no_mail_can_reach_is_said_on_the_form_and_nothing_is_registered(
    address: str,
) -> None:
    assert "email" in information.problems(asked_for(email=address))


def test_a_mail_that_cannot_be_written_is_a_failure_with_a_sentence(settings: Any) -> None:
    """Not an exception after the request was registered: its applicant would never see the number and the code."""
    with mail_server() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", server.port, False
        with pytest.raises(ChannelError):
            mail.send(EmailMessage("Hal", "isi", "kota@example.go.id", ["a@b..id"]))


# --- what receivers say


def test_a_refusal_of_a_receiver_without_a_unit_waits_for_a_person_to_see_it() -> None:
    made = engine.plan(a_case(), a_receiver("call_center"), NOW)
    HandOff.objects.filter(pk=made.pk).update(state=HandOffState.DELIVERED, next_at=None)
    made.refresh_from_db()
    engine.heard(made, "ditolak", "Bukan wilayah kami", NOW)
    made.refresh_from_db()
    assert made.state == HandOffState.REFUSED
    assert "Bukan wilayah kami" in made.trouble
    engine.heard(made, "diterima", "Ternyata wilayah kami", NOW + timedelta(minutes=1))
    made.refresh_from_db()
    assert (made.state, made.trouble) == (HandOffState.DELIVERED, "")


def emergency(receiver: Receiver) -> HandOff:
    case = a_case(state=State.VERIFIED, gate="emergency", escalate_at=NOW + timedelta(minutes=5))
    return engine.plan(case, receiver, NOW, purpose="emergency")


def test_the_receipt_of_a_machine_does_not_stop_the_ladder_of_an_emergency(site: WebServer) -> None:
    """Every system answers "received" by itself, at three in the morning too; only what comes later is somebody's."""
    site.answer = b'{"ticket": "T-1", "state": "received"}'
    receiver = a_receiver(address=f"http://{site.here}/", sealed=lock({"key": "rahasia", "key_id": "k1"}))
    made = emergency(receiver)
    assert engine.advance(made.pk, NOW) == HandOffState.DELIVERED
    made.case.refresh_from_db()
    assert made.case.acknowledged_at is None
    assert made.case.escalate_at is not None
    made.refresh_from_db()
    engine.heard(made, "accepted", "", NOW + timedelta(minutes=1))
    made.case.refresh_from_db()
    assert made.case.acknowledged_at is not None


def test_an_open311_server_that_says_open_has_not_seen_the_emergency() -> None:
    made = emergency(a_receiver("open311"))
    HandOff.objects.filter(pk=made.pk).update(state=HandOffState.DELIVERED, next_at=None)
    engine.heard(made, "open", "", NOW)
    made.case.refresh_from_db()
    assert made.case.acknowledged_at is None


def a_link(unit: Unit, case: Case, action: str, settings: Any) -> Any:
    settings.PUBLIC_URL = "https://desk.example.go.id"
    made = engine.plan(case, a_receiver("unit", unit, address="urc@example.go.id"), NOW)
    path = action_links.addresses(made, NOW)[action].removeprefix(settings.PUBLIC_URL)
    found = action_links.found(path.split("/")[2])
    assert found is not None
    return found


@pytest.mark.parametrize("action", ["progress", "done", "accept"])
def test_the_links_of_a_unit_that_has_the_case_no_longer_say_so_and_change_nothing(
    action: str, settings: Any
) -> None:
    """Else a unit would read "recorded" of work that never reaches the case."""
    unit, other = a_unit(), a_unit("dlh")
    for now_with in (other, None):
        case = a_case(unit)
        link = a_link(unit, case, action, settings)
        Case.objects.filter(pk=case.pk).update(unit=now_with, state=State.VERIFIED)
        link.handoff.case.refresh_from_db()
        with pytest.raises(action_links.Gone):
            action_links.act(link, "Sudah dikerjakan", None, NOW)
        case.refresh_from_db()
        link.refresh_from_db()
        assert (case.state, link.used_at) == (State.VERIFIED, None)


def test_a_word_of_a_unit_about_a_case_that_it_sent_back_moves_nothing() -> None:
    unit = a_unit()
    case = a_case(unit)
    made = engine.plan(case, a_receiver(unit=unit), NOW)
    HandOff.objects.filter(pk=made.pk).update(state=HandOffState.DELIVERED, next_at=None)
    Case.objects.filter(pk=case.pk).update(unit=None, state=State.VERIFIED)
    engine.heard(made, "done", "Sudah beres", NOW)
    case.refresh_from_db()
    assert case.state == State.VERIFIED


def test_a_short_message_names_the_limit_in_the_citys_time() -> None:
    case = a_case()
    due = datetime.fromisoformat("2026-11-27T09:00:00+00:00")
    Clock.objects.create(
        subject=case.subject,
        case=case,
        rule="lapor_verify",
        version="1",
        citation="",
        started_at=NOW,
        due_at=due,
    )
    _title, body = words(engine.plan(case, a_receiver("apprise"), NOW))
    assert "16.00" in body
    assert "UTC" not in body


def test_a_webhook_with_letters_that_cannot_be_stored_is_answered_and_not_a_fault_of_ours() -> None:
    from cases.handoff.webhook import NotTaken, _read

    for body in (b'{"state": "\\ud800"}', b'{"state": "a\\u0000"}'):
        with pytest.raises(NotTaken):
            _read(body)


def test_a_receiver_that_does_not_answer_keeps_no_other_from_being_asked(
    settings: Any, site: WebServer
) -> None:
    """One that hangs takes a whole call's patience each time; its other matters wait a while."""
    settings.ANSWERING = {
        **settings.ANSWERING,
        "outside": {**settings.ANSWERING["outside"], "total": 0.3},
    }
    slow = a_receiver("open311", address=f"http://{site.here}/")
    site.faults.waiting += ["hang"] * 3
    for number in range(3):
        made = engine.plan(a_case(), slow, NOW)
        HandOff.objects.filter(pk=made.pk).update(
            state=HandOffState.DELIVERED, next_at=None, pull_at=NOW, remote_id=f"T-{number}"
        )
    answering.ask_around(NOW)
    assert len(site.faults.waiting) == 2
    assert len(engine.pull_due(NOW + timedelta(minutes=11))) == 2  # the one that failed comes last


def test_a_long_queue_of_one_receiver_hides_no_work_of_another() -> None:
    down, other, case = a_receiver(), a_receiver(), a_case()
    rows = [
        HandOff(case=case, receiver=down, round=number, key=f"{number:032x}", made_at=NOW, next_at=NOW)
        for number in range(1, 1101)
    ]
    HandOff.objects.bulk_create(rows)
    made = engine.plan(case, other, NOW + timedelta(seconds=1))
    assert (made.pk, other.pk) in engine.due(NOW + timedelta(seconds=2))


def test_resuming_a_receiver_sends_what_its_access_held_up_and_nothing_that_waits_for_a_persons_word() -> (
    None
):
    """What the desk has already read out to the call centre by telephone must not follow by webhook."""
    rina = person("rina", Role.ADMINISTRATOR)
    receiver = a_receiver("call_center", address="")
    by_hand = engine.plan(a_case(), receiver, NOW)
    engine.advance(by_hand.pk, NOW)
    Receiver.objects.filter(pk=receiver.pk).update(
        address="https://a.example.go.id/"
    )  # its key is missing yet
    held = engine.plan(a_case(), receiver, NOW)
    engine.advance(held.pk, NOW)
    assert engine.resume(receiver, rina, NOW) == 1
    for one in (by_hand, held):
        one.refresh_from_db()
    assert (by_hand.state, held.state) == (HandOffState.NEEDS_PERSON, HandOffState.RETRYING)


# --- the desks


def test_a_units_officer_sees_no_case_of_another_unit_among_those_that_wait_for_the_call_centre() -> None:
    unit, other = a_unit(), a_unit("dlh")
    theirs, mine = a_case(other), a_case(unit)
    for case in (theirs, mine):
        HandOff.objects.filter(pk=engine.plan(case, exchange.receiver(), NOW).pk).update(
            state=HandOffState.NEEDS_PERSON, next_at=None
        )
    page = as_(person("tono", Role.OFFICER, unit)).get("/kasus/call-center/").content.decode()
    assert mine.number in page
    assert theirs.number not in page


def test_what_has_ended_is_not_carried_over_any_more() -> None:
    case, tono = a_case(), person("tono", Role.OFFICER)
    lapor.begin(case, tono, NOW)
    for_the_table = engine.plan(case, exchange.receiver(), NOW)
    engine.advance(for_the_table.pk, NOW)
    assert (len(lapor.waiting()), len(exchange.waiting())) == (1, 1)
    Case.objects.filter(pk=case.pk).update(state=State.REJECTED, ended_at=NOW)
    assert (lapor.waiting(), exchange.waiting()) == ([], [])
    assert lapor.look_after(NOW + timedelta(days=5)) == 0


@pytest.mark.parametrize(
    ("path", "typed"),
    [
        ("/unit/dbmsda/nama/", {"nama": "A", "singkatan": "A", "mulai": "9999-12-31"}),
        ("/unit/dbmsda/akhiri/", {"terakhir": "9999-12-31", "pengganti": "dbmsda"}),
        (
            "/unit/baru/",
            {"kunci": "baru2", "nama": "B", "singkatan": "B", "jenis": "agency", "mulai": "0001-01-01"},
        ),
        ("/unit/rute/baru/", {"unit": "dbmsda", "mulai": "0001-01-01"}),
        (
            "/unit/rute/baru/",
            {"unit": "dbmsda", "mulai": "9999-12-31", "topik": "x" * 200, "jenis": "y" * 90},
        ),
    ],
)
def test_a_day_at_the_end_of_the_calendar_is_no_exception(path: str, typed: dict[str, str]) -> None:
    a_unit()
    answer = as_(person("rina", Role.ADMINISTRATOR)).post(path, typed)
    assert answer.status_code in (302, 422)
