"""Whose data it is: proven, shown, corrected, restricted and erased, with a certificate that anybody can check."""

import io
import itertools
import json
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from cases import rights, search
from cases.attachments import path_of
from cases.models import (
    Attachment,
    Case,
    Clock,
    ClockOutcome,
    HandOff,
    Receiver,
    RequestState,
    RightsRequest,
    State,
    Voice,
)
from cases.refusal import NotAllowed
from channels import vault
from channels.models import Account
from classifiers.learn import reviewed
from classifiers.models import Review, Verdict
from ledger.chain import broken_at, seal
from ledger.models import Event, Person
from ledger.roles import Role, give
from monitor.models import Mention, Original, Revision, Source
from publisher.models import Announcement, Variant

pytestmark = pytest.mark.django_db

SAID = "Gorong-gorong mampet melulu di perempatan Jatirasa, sungguh keterlaluan"
_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _town(db: None, settings: Any, tmp_path: Any) -> None:
    cache.clear()
    settings.KENTONGAN_HOME = tmp_path
    account = Account.objects.create(key="x", channel="x", name="X @pemkot")
    Source.objects.create(account=account, kind="mention")
    for name, role in (("rina", Role.ADMINISTRATOR), ("puji", Role.PPID), ("tono", Role.OFFICER)):
        give(Person.objects.create_user(name, password="rahasia-123"), role)


def person(name: str = "puji") -> Person:
    return Person.objects.get(username=name)


def heard(
    text: str = SAID, author: str = "@dewi_lestari", author_id: str = "7788991", **more: Any
) -> Mention:
    number, now = next(_numbers), timezone.now()
    made: Mention = Mention.objects.create(
        **{
            "channel": "x",
            "external_id": f"r{number}",
            "source": Source.objects.get(),
            "text": text,
            "author": author,
            "author_id": author_id,
            "heard_at": now,
            "unjudged": False,
            "permalink": f"https://x.com/{author.lstrip('@')}/status/r{number}",
            "media": ["https://pbs.twimg.com/media/dewi_lestari.jpg"],
            "fingerprint": "",
            **more,
        }
    )
    return made


def a_case(mention: Mention, **fields: Any) -> Case:
    now = timezone.now()
    made: Case = Case.objects.create(
        **{
            "number": f"BKS-2026-{mention.pk:06d}",
            "code": "K7MPQ2RTWX",
            "mention": mention,
            "kind": "complaint",
            "topic": "banjir_drainase",
            "place": "Jatirasa",
            "state": State.VERIFIED,
            "opened_at": now,
            "changed_at": now,
            **fields,
        }
    )
    search.keep(made.pk)
    return made


def asked(right: str = "erasure", **more: str) -> RightsRequest:
    typed = {
        "right": right,
        "channel": "x",
        "handle": "@Dewi_Lestari",
        "name": "Dewi Lestari",
        "contact": "dl@contoh.id",
    }
    return rights.register({**typed, **more}, timezone.now())


def proven(right: str = "erasure", **more: str) -> RightsRequest:
    request = asked(right, **more)
    proof = heard(f"Ini {rights.word(request)}")
    found = rights.seen(proof, timezone.now())
    assert found is not None
    return found


# --- Asking and proving -----------------------------------------------------------------------------


def test_a_request_begins_its_clock_of_three_days_and_seals_name_and_contact() -> None:
    request = asked()
    clock = Clock.objects.get(subject=request.subject)
    assert clock.due_at - clock.started_at == timedelta(hours=72)
    assert "UU 27/2022" in clock.citation
    assert b"Dewi" not in bytes(request.sealed)
    assert request.number.startswith("PDP-20")
    assert request.number.endswith("-000001")


def test_numbers_rise_and_codes_differ() -> None:
    one, other = asked(), asked()
    assert (one.number[-6:], other.number[-6:]) == ("000001", "000002")
    assert one.code != other.code


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ({"right": "wealth"}, "Pilih apa"),
        ({"name": " "}, "nama Anda"),
        ({"contact": ""}, "surel"),
        ({"handle": ""}, "nomor laporan"),
        ({"channel": "tiktok"}, "dari daftar"),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(missing: dict[str, str], said: str) -> None:
    with pytest.raises(NotAllowed, match=said):
        asked(**missing)


def test_the_word_posted_from_the_account_proves_it() -> None:
    request = asked()
    word = rights.word(request)
    assert rights.seen(heard(f"Halo {word.upper()} ya"), timezone.now()) is not None
    request.refresh_from_db()
    assert request.proven_at is not None
    assert rights.word(request) == ""


def test_the_word_from_another_account_proves_nothing() -> None:
    request = asked()
    assert (
        rights.seen(heard(rights.word(request), author="@orang_lain", author_id="1"), timezone.now()) is None
    )
    request.refresh_from_db()
    assert request.proven_at is None


def test_a_word_is_too_old_after_two_weeks() -> None:
    request = asked()
    later = timezone.now() + timedelta(days=15)
    assert rights.seen(heard(rights.word(request)), later) is None


def test_the_minute_s_look_finds_the_word_in_what_was_heard() -> None:
    request = asked()
    heard(f"bukti saya: {rights.word(request)}")
    assert rights.look_after(timezone.now()) == 1
    assert rights.look_after(timezone.now()) == 0


def test_a_case_s_number_leads_to_its_author_s_account() -> None:
    case = a_case(heard())
    request = asked(channel="", handle="", case_number=case.number)
    assert rights.seen(heard(rights.word(request)), timezone.now()) is not None
    assert len(rights.find(RightsRequest.objects.get()).mentions) == 2


def test_before_the_proof_nothing_is_found_shown_or_erased() -> None:
    heard()
    request = asked()
    assert rights.find(request).mentions == []
    with pytest.raises(NotAllowed, match="Belum terbukti"):
        rights.erase(request, person(), timezone.now())


def test_an_officer_may_be_convinced_and_says_by_what() -> None:
    request = asked()
    with pytest.raises(NotAllowed, match="alasannya"):
        rights.convinced(request, person(), " ", timezone.now())
    rights.convinced(request, person(), "Datang ke loket dengan KTP", timezone.now())
    event = Event.objects.get(kind="rights.proven")
    assert event.actor == person()
    assert "loket" in event.data["note"]


def test_an_officer_of_a_unit_may_do_none_of_it() -> None:
    request = proven()
    for act in (rights.erase, rights.restrict):
        with pytest.raises(NotAllowed, match="Hanya PPID"):
            act(request, person("tono"), timezone.now())


def test_two_people_of_one_name_on_facebook_are_never_taken_for_one() -> None:
    heard(channel="facebook", author="Dewi", author_id="1")
    heard(channel="facebook", author="Dewi", author_id="2")
    request = asked(channel="facebook", handle="Dewi")
    rights.convinced(request, person(), "Pesan pribadi", timezone.now())
    with pytest.raises(NotAllowed, match="lebih dari satu akun"):
        rights.erase(request, person(), timezone.now())


# --- Access, correction, restriction ----------------------------------------------------------------


def test_the_copy_holds_what_is_kept_and_ends_the_request_in_time() -> None:
    mention = heard()
    Original.objects.create(mention=mention, sealed=vault.lock({"text": "telepon 081234567890"}))
    case = a_case(mention)
    request = proven("access")
    copy = json.loads(rights.export(request, person(), timezone.now()))
    assert SAID in [post["text"] for post in copy["posts"]]
    assert "telepon 081234567890" in [post["original"] for post in copy["posts"]]
    assert [one["number"] for one in copy["cases"]] == [case.number]
    request.refresh_from_db()
    assert request.state == RequestState.ANSWERED
    assert Clock.objects.get(subject=request.subject).outcome == ClockOutcome.MET
    with pytest.raises(NotAllowed, match="sudah diputuskan"):
        rights.export(request, person(), timezone.now())


def test_name_and_contact_are_shown_with_a_reason_that_the_ledger_keeps() -> None:
    request = asked()
    opened = rights.reveal(request, person(), "mengirim jawaban ke 081234567890", timezone.now())
    assert opened["contact"] == "dl@contoh.id"
    event = Event.objects.get(kind="rights.revealed")
    assert event.data["note"] == "mengirim jawaban ke <TELP>"


def test_a_corrected_name_stands_everywhere() -> None:
    mention = heard()
    rights.correct(proven("correction"), "@dewi_baru", person(), timezone.now())
    mention.refresh_from_db()
    assert mention.author == "@dewi_baru"


def test_restricted_posts_are_kept_but_nothing_learns_from_them_or_finds_them() -> None:
    mention = heard()
    verdict = Verdict.objects.create(mention=mention, kind="complaint", decision="review", at=timezone.now())
    Review.objects.create(verdict=verdict, reviewer=person("rina"), kind="complaint", at=timezone.now())
    case = a_case(mention)
    assert len(reviewed()) == 1
    assert list(search.find("keterlaluan", Case.objects.all())) == [case]
    rights.restrict(proven("restriction"), person(), timezone.now())
    assert reviewed() == []
    assert list(search.find("keterlaluan", Case.objects.all())) == []
    mention.refresh_from_db()
    assert mention.text == SAID


def test_a_restriction_holds_for_later_posts_too() -> None:
    rights.restrict(proven("restriction"), person(), timezone.now())
    later = heard("Kiriman baru")
    rights.look_after(timezone.now())
    later.refresh_from_db()
    assert later.restricted_at is not None


# --- Erasure ----------------------------------------------------------------------------------------


def _everything() -> str:
    """Every value of every column of every table, as the database holds it."""
    rows = [
        str(value)
        for model in apps.get_models(include_auto_created=True)
        for row in model._default_manager.values_list()
        for value in row
    ]
    return "\n".join(rows)


def a_life() -> Case:
    """All that one person's post can leave behind."""
    now = timezone.now()
    mention = heard()
    Revision.objects.create(mention=mention, text="Gorong-gorong mampet melulu, parah", until=now)
    Original.objects.create(mention=mention, sealed=vault.lock({"text": SAID}))
    Verdict.objects.create(
        mention=mention, kind="complaint", decision="forward", reasons=["Kata: keterlaluan, mampet"], at=now
    )
    case = a_case(mention)
    Voice.objects.create(case=case, kind="contest", words="Masih mampet melulu", at=now)
    path_of("ab12").parent.mkdir(parents=True)
    path_of("ab12").write_bytes(b"picture")
    common = {"case": case, "media_type": "image/jpeg", "bytes": 7, "at": now}
    Attachment.objects.create(sha256="ab12", name="dewi_lestari.jpg", role="report", **common)
    Attachment.objects.create(sha256="cd34", name="selesai.jpg", role="proof", **common)
    receiver = Receiver.objects.create(key="urc", sort="unit", name="URC")
    HandOff.objects.create(
        case=case,
        receiver=receiver,
        key="12345678123456781234567812345678",
        made_at=now,
        note="Dari @dewi_lestari",
    )
    reply = Announcement.objects.create(
        kind="reply",
        title="Balasan untuk @dewi_lestari",
        fields={"to": "@Dewi_Lestari"},
        reference="KTG-1",
        slug="ktg-1",
        author=person("rina"),
        created_at=now,
        changed_at=now,
        answers=mention.external_id,
        about=case.subject,
    )
    Variant.objects.create(
        announcement=reply, version=1, account=Account.objects.get(), text="@dewi_lestari terima kasih"
    )
    return case


def test_after_an_erasure_no_table_holds_the_handle_or_the_words(
    django_capture_on_commit_callbacks: Any,
) -> None:
    a_life()
    request = proven()
    before = _everything().casefold()
    for word in ("dewi_lestari", "keterlaluan", "mampet melulu", "7788991"):
        assert word in before
    with django_capture_on_commit_callbacks(execute=True):
        rights.erase(request, person(), timezone.now())
    after = _everything().casefold()
    for word in ("dewi_lestari", "keterlaluan", "mampet", "7788991", "dl@contoh.id", "dewi lestari"):
        assert word not in after
    assert not path_of("ab12").exists()
    assert not search.find("keterlaluan", Case.objects.all()).exists()


def test_the_case_keeps_its_skeleton_and_the_staff_s_proof_photo() -> None:
    case = a_life()
    rights.erase(proven(), person(), timezone.now())
    case.refresh_from_db()
    assert (case.topic, case.place, case.state, case.code) == (
        "banjir_drainase",
        "Jatirasa",
        State.VERIFIED,
        "",
    )
    assert case.anonymised_at is not None
    assert list(case.attachments.values_list("role", flat=True)) == ["proof"]
    assert Client().get(f"/status/{case.number}/K7MPQ2RTWX/").status_code == 404


def test_an_erased_post_that_is_read_again_stays_erased() -> None:
    from channels.contract import Post
    from monitor.store import keep

    mention = heard()
    rights.erase(proven(), person(), timezone.now())
    post = Post(
        id=mention.external_id,
        text=SAID,
        author="@dewi_lestari",
        author_id="7788991",
        created_at=timezone.now(),
    )
    assert keep(Source.objects.get(), [post], timezone.now()) == 0
    mention.refresh_from_db()
    assert (mention.text, mention.author) == ("", "")


def test_others_keep_their_posts() -> None:
    other = heard("Saya setuju", author="@budi", author_id="5")
    a_life()
    rights.erase(proven(), person(), timezone.now())
    other.refresh_from_db()
    assert other.text == "Saya setuju"


def test_a_case_on_legal_hold_is_kept_and_named_and_everything_else_goes() -> None:
    held = a_case(heard(), legal_hold=True)
    free = heard("Lain lagi ceritanya")
    request = rights.erase(proven(), person(), timezone.now())
    free.refresh_from_db()
    held.mention.refresh_from_db()
    assert free.text == ""
    assert held.mention.text == SAID
    assert request.outcome["on_hold"] == [held.number]


def test_where_everything_is_held_the_erasure_is_refused_with_the_reason() -> None:
    held = a_case(heard(), legal_hold=True)
    request = asked(channel="", handle="", case_number=held.number)
    rights.convinced(request, person(), "Datang ke loket", timezone.now())
    with pytest.raises(NotAllowed, match=held.number):
        rights.erase(request, person(), timezone.now())


def test_a_name_in_a_chained_note_is_counted_and_told_not_hidden() -> None:
    from cases.act import add_note

    case = a_life()
    add_note(case, "Pelapornya @dewi_lestari", person("rina"), timezone.now())
    request = rights.erase(proven(), person(), timezone.now())
    assert request.outcome["chained"]["events"] == 1
    seal()
    assert broken_at() is None


def test_a_refusal_needs_its_reason_and_ends_the_clock() -> None:
    request = asked()
    rights.refuse(request, person(), "Pasal 15: penegakan hukum", timezone.now())
    request.refresh_from_db()
    assert request.state == RequestState.REFUSED
    assert Clock.objects.get(subject=request.subject).outcome != ClockOutcome.RUNNING


# --- The certificate --------------------------------------------------------------------------------


def test_the_certificate_is_a_pdf_whose_hash_the_page_knows_until_a_count_is_changed() -> None:
    from cases.certificate import certificate

    a_life()
    request = rights.erase(proven(), person(), timezone.now())
    seal()
    assert certificate(request, timezone.now()).startswith(b"%PDF-")
    digest = request.outcome["digest"]
    shown = Client().get("/hak-data/periksa/", {"sidik": digest}).content.decode()
    assert "Berita acara ini asli." in shown
    assert request.number in shown
    assert "dewi" not in shown.casefold()
    RightsRequest.objects.update(outcome={**request.outcome, "found": {"mentions": 0}})
    assert rights.certified(digest) is None


@pytest.mark.parametrize("typed", ["", "x", "0" * 64, "é" * 64, "0" * 5000])
def test_a_hash_that_nobody_issued_is_not_confirmed(typed: str) -> None:
    answer = Client().get("/hak-data/periksa/", {"sidik": typed})
    assert answer.status_code == 200
    assert "asli" not in answer.content.decode()


# --- The pages --------------------------------------------------------------------------------------


def form(**more: str) -> dict[str, str]:
    return {
        "hak": "access",
        "saluran": "x",
        "akun": "@dewi_lestari",
        "nama": "Dewi",
        "kontak": "d@contoh.id",
        **more,
    }


def test_the_form_leads_to_the_status_page_with_the_proof_word() -> None:
    answer = Client().post("/hak-data/", form(), follow=True)
    assert rights.word(RightsRequest.objects.get()) in answer.content.decode()


def test_a_refused_form_keeps_what_was_typed() -> None:
    answer = Client().post("/hak-data/", form(kontak="", keterangan="Tolong dihapus"))
    assert answer.status_code == 422
    assert "Tolong dihapus" in answer.content.decode()


def test_a_form_filled_by_a_machine_is_not_stored() -> None:
    assert Client().post("/hak-data/", form(situs="http://spam")).status_code == 422
    assert not RightsRequest.objects.exists()


def test_one_network_sends_only_so_many_requests_a_day(settings: Any) -> None:
    settings.PRIVACY = {**settings.PRIVACY, "rights": {**settings.PRIVACY["rights"], "forms_address": 2}}
    codes = [Client().post("/hak-data/", form()).status_code for _try in range(3)]
    assert codes == [302, 302, 429]


def as_(name: str) -> Client:
    client = Client()
    client.force_login(person(name), backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize(("name", "status"), [("puji", 200), ("rina", 200), ("tono", 403)])
def test_only_ppid_and_administrators_open_the_requests(name: str, status: int) -> None:
    request = asked()
    for address in ("/hak-data/permintaan/", f"/hak-data/permintaan/{request.number}/"):
        assert as_(name).get(address).status_code == status


def test_an_erasure_from_the_desk_needs_the_tick_and_then_offers_the_certificate() -> None:
    a_life()
    request = proven()
    page = f"/hak-data/permintaan/{request.number}/"
    assert SAID[:40] in as_("puji").get(page).content.decode()
    assert as_("puji").post(f"{page}laksanakan/").status_code == 422
    done = as_("puji").post(f"{page}laksanakan/", {"yakin": "ya"}, follow=True)
    assert "Berita acara (PDF)" in done.content.decode()
    paper = as_("puji").get(f"{page}berita-acara.pdf")
    assert io.BytesIO(paper.content).read(5) == b"%PDF-"


def test_the_desk_shows_the_contact_once_and_nobody_keeps_it() -> None:
    request = asked()
    page = f"/hak-data/permintaan/{request.number}/"
    assert "dl@contoh.id" not in as_("puji").get(page).content.decode()
    assert as_("puji").post(f"{page}nama/", {"alasan": ""}).status_code == 422
    opened = as_("puji").post(f"{page}nama/", {"alasan": "mengirim jawaban"})
    assert "dl@contoh.id" in opened.content.decode()
    assert opened["Cache-Control"] == "no-store"
