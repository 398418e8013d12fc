"""The desk's pages of cases: who sees and does what, the list with its filters, many at once, and one case."""

import io
import itertools
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from cases import act, attachments, merge, routing, saved_filters
from cases.filters import parse
from cases.handoff.plan import plan
from cases.models import Attachment, Case, Receiver, SavedFilter, State, Voice, VoiceKind, Watch
from cases.open import open_waiting
from channels.models import Account
from city.models import Unit
from classifiers.models import Verdict
from config.demo import make_people
from desk.case_story import SHOWN, folded, story
from ledger.chain import record, timeline
from ledger.models import Event, Person
from monitor.models import Mention, Source
from tests.unit.test_attachments import pdf

pytestmark = pytest.mark.django_db
_numbers = itertools.count()


@pytest.fixture(autouse=True)
def _house(db: None, settings: Any, tmp_path: Path) -> None:
    """Units and people: Tono of Bina Marga, Lilis of the DLH, Agus at the coordinating desk, and the others."""
    settings.KENTONGAN_HOME = tmp_path
    settings.PUBLIC_URL = "https://kentongan.example.go.id"
    account = Account.objects.create(key="x", channel="x", name="X @pemkot", settings={"username": "pemkot"})
    Source.objects.create(account=account, kind="mention")
    routing.seed(timezone.now())
    make_people("kata-sandi-uji")


def person(name: str) -> Person:
    return Person.objects.get(username=name)


def as_(name: str) -> Client:
    client = Client()
    client.force_login(person(name), backend="django.contrib.auth.backends.ModelBackend")
    return client


def opened(
    text: str = "Jalan berlubang di Jatiasih", *, topic: str = "jalan_trotoar", urgency: str = ""
) -> Case:
    """The case of one post, with everything that happens around the opening."""
    number, now = next(_numbers), timezone.now()
    mention = Mention.objects.create(
        channel="x",
        external_id=f"p{number}",
        source=Source.objects.get(),
        text=text,
        author=f"@warga{number}",
        author_id=str(number),
        heard_at=now - timedelta(hours=2),
        unjudged=False,
    )
    Verdict.objects.create(
        mention=mention,
        kind="complaint",
        probability=0.9,
        at=now,
        decision="forward",
        topic=topic,
        place="Jatiasih",
        urgency=urgency,
        awaits_case=True,
    )
    open_waiting(now)
    return Case.objects.get(mention=mention)


def given(unit: str = "dbmsda", **about: Any) -> Case:
    """A case that a unit has."""
    case = opened(**about)
    if case.unit is not None and case.unit.key == unit:  # an emergency has gone there by itself
        return case
    routing.assign(case, Unit.objects.get(key=unit), person("agus"), timezone.now())
    case.refresh_from_db()
    return case


def picture(colour: str = "red") -> SimpleUploadedFile:
    data = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(data, "PNG")
    return SimpleUploadedFile("tiang.png", data.getvalue(), content_type="image/png")


def page_of(name: str, case: Case) -> str:
    return as_(name).get(reverse("case", args=[case.number])).content.decode()


# --- Who may -----------------------------------------------------------------------------------------

#: Routes of one case by who may use them: readers of cases, officers, administrators; (name, more arguments).
GETS = ["case", "case_clocks", "replies", "lapor_case"]
STEPS = [
    *("case_move", "case_note", "case_original", "case_reopen", "case_assignee", "case_merge"),
    *("case_take_out", "case_attach", "case_assign", "case_refuse", "case_gate", "case_acknowledge"),
    *("reply_write", "reply_preview", "lapor_begin", "lapor_carried", "lapor_told"),
]
IN_SIGHT, ELSEWHERE, NOT_THEIRS = "in sight", 404, 403
PEOPLE = {"tono": IN_SIGHT, "agus": IN_SIGHT, "lilis": ELSEWHERE, "sari": NOT_THEIRS, "eka": NOT_THEIRS}


@pytest.mark.parametrize("name", PEOPLE)
def test_a_units_case_is_open_to_its_officers_and_the_coordinating_desk_alone(name: str) -> None:
    """Person × route × method, on a case that Bina Marga has."""
    case, client, expected = given(), as_(name), PEOPLE[name]
    file = attachments.add(case, picture().read(), "tiang.png", "report", timezone.now())
    one = [reverse(route, args=[case.number]) for route in GETS]
    one.append(reverse("case_file", args=[case.number, file.pk]))
    for address in one:
        wanted = 200 if expected == IN_SIGHT else expected
        assert (address, client.get(address).status_code) == (address, wanted)
    steps = [reverse(route, args=[case.number]) for route in STEPS]
    steps += [reverse(f"case_file_{word}", args=[case.number, file.pk]) for word in ("describe", "remove")]
    steps.append(reverse("case_merge_undo", args=[case.number, 1]))
    for address in [*steps, reverse("case_follow", args=[case.number])]:
        got = client.post(address).status_code
        assert (address, got not in (403, 404) if expected == IN_SIGHT else got) == (
            address,
            True if expected == IN_SIGHT else expected,
        )
        if address.endswith("/tolak/") and expected == IN_SIGHT:
            case.refresh_from_db()
            assert case.unit_id  # without a reason nothing was given back
    held = client.post(reverse("case_hold", args=[case.number]), {"tahan": "ya", "why": "Perkara 12"})
    assert held.status_code == 403


def test_wati_reads_every_case_and_takes_no_step() -> None:
    case, client = given(), as_("wati")
    for route in GETS:
        assert client.get(reverse(route, args=[case.number])).status_code == 200
    for route in STEPS:
        assert client.post(reverse(route, args=[case.number])).status_code == 403, route
    page = page_of("wati", case)
    for button in ("Ubah keadaan", "Simpan catatan", "Lampirkan berkas", "Gabungkan ke kasus lain"):
        assert button not in page
    assert "Ikuti kasus ini" in page


@pytest.mark.parametrize("route", [*STEPS, "case_follow", "case_hold"])
def test_a_step_is_taken_by_post_and_a_stranger_signs_in_first(route: str) -> None:
    case = given()
    address = reverse(route, args=[case.number])
    if route not in ("case_assign", "case_gate"):  # these have a page of their own
        assert as_("rina").get(address).status_code == 405
    answer = Client().post(address)
    assert (answer.status_code, answer["Location"].startswith("/masuk/?next=")) == (302, True)


def test_each_units_list_holds_its_own_cases_and_the_coordinating_desk_sees_all() -> None:
    road, waste, free = given(), given("dlh", text="Sampah menumpuk", topic="sampah"), opened("Banjir")
    seen = {}
    for name in ("tono", "lilis", "agus", "wati"):
        page = as_(name).get(reverse("cases"), {"tampilan": "semua"}).content.decode()
        seen[name] = {case.number for case in (road, waste, free) if case.number in page}
    every = {road.number, waste.number, free.number}
    assert seen == {"tono": {road.number}, "lilis": {waste.number}, "agus": every, "wati": every}


def test_a_case_that_tono_sends_back_leads_him_to_his_list() -> None:
    case = given()
    answer = as_("tono").post(reverse("case_move", args=[case.number]), {"state": "verified"})
    assert answer["Location"] == reverse("cases")


# --- The list ----------------------------------------------------------------------------------------


def test_a_row_tells_what_where_whose_how_long_and_what_is_special() -> None:
    case = given(urgency="emergency", text="Jembatan ambrol di Jatiasih")
    twin = given(text="Jembatan putus")
    merge.merge(case, [twin], person("agus"), timezone.now())
    Case.objects.filter(pk=case.pk).update(contested_at=timezone.now(), reopened=2)
    page = as_("tono").get(reverse("cases"), {"tampilan": "dikerjakan"}).content.decode()
    short = Unit.objects.get(key="dbmsda").short
    for said in ("Jembatan ambrol", "Jatiasih", short, " lagi", "darurat", "belum dilihat"):
        assert said in page
    for said in ("warga menyatakan belum selesai", "dibuka kembali 2 kali", "1 ganda", "ditugaskan"):
        assert said in page
    assert twin.number not in page


def test_empty_fields_of_the_form_leave_the_address() -> None:
    typed = {"tampilan": "semua", "q": " lubang  besar ", "unit": "", "topik": "jalan_trotoar", "dari": ""}
    answer = as_("agus").get(reverse("cases"), typed)
    assert answer["Location"] == "/kasus/?tampilan=semua&topik=jalan_trotoar&q=lubang+besar"
    page = as_("agus").get(answer["Location"]).content.decode()
    assert 'value="lubang besar"' in page
    assert "topik: jalan dan trotoar" in page.lower()


def test_a_chip_takes_its_filter_away_and_the_view_stays() -> None:
    page = as_("agus").get(reverse("cases"), {"tampilan": "baru", "unit": "kosong", "tenggat": "lewat"})
    assert 'href="?tampilan=baru&amp;tenggat=lewat"' in page.content.decode()


def test_what_the_address_does_not_know_is_said_and_left_out() -> None:
    case = opened()
    page = as_("agus").get(reverse("cases"), {"keadaan": "ngawur", "wilayah": ""}).content.decode()
    assert "tidak mengenal “ngawur”" in page
    assert case.number in page


def test_words_are_found_and_nothing_found_offers_all_cases() -> None:
    case, other = opened("Pohon tumbang menimpa kabel"), opened("Got mampet")
    client = as_("agus")
    page = client.get(reverse("cases"), {"q": "tumbang"}).content.decode()
    assert (case.number in page, other.number in page) == (True, False)
    page = client.get(reverse("cases"), {"tampilan": "selesai", "q": "tumbang"}).content.decode()
    assert "Cari di semua kasus" in page
    assert "?tampilan=semua&amp;q=tumbang" in page


def test_a_filter_is_kept_shared_opened_and_forgotten() -> None:
    client = as_("agus")
    sent = {"saringan": "tampilan=dikerjakan&tenggat=lewat", "nama": "Yang lewat", "bersama": "ya"}
    assert (
        client.post(reverse("case_filter_keep"), sent)["Location"]
        == "/kasus/?tampilan=dikerjakan&tenggat=lewat"
    )
    assert "Yang lewat" in as_("tono").get(reverse("cases")).content.decode()
    again = client.post(reverse("case_filter_keep"), sent)
    assert (again.status_code, "sudah punya saringan" in again.content.decode()) == (422, True)
    kept = SavedFilter.objects.get()
    as_("tono").post(reverse("case_filter_forget", args=[kept.pk]))
    assert SavedFilter.objects.exists()
    client.post(reverse("case_filter_forget", args=[kept.pk]))
    assert not SavedFilter.objects.exists()


def test_a_kept_filter_for_all_cases_is_not_opened_as_the_first_view() -> None:
    saved_filters.save(person("agus"), "Semua jalan", parse({"topik": "jalan_trotoar"}))
    page = as_("agus").get(reverse("cases")).content.decode()
    assert 'href="?tampilan=semua&amp;topik=jalan_trotoar"' in page


def test_the_list_pages_by_key_within_its_filter() -> None:
    for _number in range(52):
        opened("Aspal rusak")
    client = as_("agus")
    page = client.get(reverse("cases"), {"topik": "jalan_trotoar"}).content.decode()
    last = Case.objects.order_by("-id")[49].pk
    assert f"topik=jalan_trotoar&amp;sebelum={last}" in page
    rest = client.get(reverse("cases"), {"topik": "jalan_trotoar", "sebelum": last}).content.decode()
    assert (rest.count("data-row>"), "Terbaru" in rest) == (2, True)


# --- Many at once -------------------------------------------------------------------------------------


def bulk(client: Client, cases: list[Case], **typed: str) -> Any:
    return client.post(reverse("case_bulk"), {"kasus": [one.pk for one in cases], **typed}, follow=True)


def test_agus_gives_many_to_a_unit_and_takes_it_back() -> None:
    cases, client = [opened(), opened()], as_("agus")
    page = bulk(
        client, cases, tindakan="unit", unit_tujuan="dbmsda", kembali="?tampilan=baru"
    ).content.decode()
    assert "Berhasil: 2. Tidak dapat: 0." in page
    assert 'href="/kasus/?tampilan=baru"' in page
    assert set(Case.objects.values_list("unit__key", flat=True)) == {"dbmsda"}
    event = Event.objects.get(kind="cases.bulk")
    page = client.post(reverse("case_bulk_undo", args=[event.pk]), follow=True).content.decode()
    assert "Tindakan dibatalkan" in page
    assert set(Case.objects.values_list("unit__key", flat=True)) == {None}


def test_what_cannot_be_done_stands_beside_its_number_and_loading_again_does_nothing() -> None:
    fresh, worked, client = opened(), given(), as_("agus")
    page = bulk(client, [fresh, worked], tindakan="langkah", langkah="verified", catatan="").content.decode()
    assert "Berhasil: 2" in page  # given back and verified
    page = bulk(client, [fresh, worked], tindakan="langkah", langkah="closed").content.decode()
    assert "Berhasil: 0. Tidak dapat: 2." in page
    assert "tidak dapat menjadi" in page
    assert client.get(reverse("case_bulk_result")).content.decode().count("tidak dapat menjadi") == 2


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "Pilih tindakannya"),
        ({"tindakan": "langkah"}, "Pilih langkahnya"),
        ({"tindakan": "unit"}, "Pilih unit"),
        ({"tindakan": "gabung", "utama": "BKS-1-1"}, "tidak ditemukan"),
    ],
)
def test_what_is_missing_is_said_and_the_ticks_stay(typed: dict[str, str], said: str) -> None:
    case = opened()
    answer = bulk(as_("agus"), [case], **typed)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert f'value="{case.pk}" checked' in answer.content.decode()


def test_nothing_ticked_is_said_too() -> None:
    opened()
    answer = as_("agus").post(reverse("case_bulk"), {"tindakan": "saya"})
    assert (answer.status_code, "Pilih dahulu kasusnya" in answer.content.decode()) == (422, True)


def test_lilis_does_nothing_to_a_case_of_bina_marga_by_its_id() -> None:
    case = given()
    for typed in (
        {"tindakan": "langkah", "langkah": "in_progress"},
        {"tindakan": "saya"},
        {"tindakan": "ikuti"},
    ):
        page = bulk(as_("lilis"), [case], **typed).content.decode()
        assert "1 kasus tidak ditemukan" in page
        assert case.number not in page
    case.refresh_from_db()
    assert (case.state, case.assignee, Watch.objects.filter(person=person("lilis")).exists()) == (
        State.ASSIGNED,
        None,
        False,
    )
    for name in ("wati", "sari", "eka"):
        assert (
            as_(name).post(reverse("case_bulk"), {"kasus": [case.pk], "tindakan": "saya"}).status_code == 403
        )


def test_many_are_followed_taken_on_and_merged() -> None:
    main, twin, client = given(), given(), as_("tono")
    bulk(client, [main, twin], tindakan="ikuti")
    assert Watch.objects.filter(person=person("tono")).count() == 2
    bulk(client, [main, twin], tindakan="saya")
    assert set(Case.objects.values_list("assignee__username", flat=True)) == {"tono"}
    bulk(client, [main, twin], tindakan="gabung", utama=main.number.lower())
    twin.refresh_from_db()
    assert twin.into == main


def test_somebody_elses_bulk_act_is_not_taken_back() -> None:
    case = opened()
    bulk(as_("agus"), [case], tindakan="unit", unit_tujuan="dbmsda")
    event = Event.objects.get(kind="cases.bulk")
    page = as_("tono").post(reverse("case_bulk_undo", args=[event.pk]), follow=True).content.decode()
    assert "tidak dapat dibatalkan" in page


# --- One case -----------------------------------------------------------------------------------------


def test_a_case_shows_conversation_limits_unit_files_and_the_way_to_each_step() -> None:
    case = given(urgency="emergency")
    page = page_of("tono", case)
    for said in (
        "Percakapan dan riwayat",
        "Tenggat",
        "Penerusan",
        "Berkas",
        "Langkah berikutnya",
        "Balas warga",
    ):
        assert said in page
    assert "belum dinyatakan dilihat" in page
    assert f"https://kentongan.example.go.id/status/{case.number}/{case.code}/" in page
    assert "style=" not in page
    assert "onclick" not in page
    as_("tono").post(reverse("case_acknowledge", args=[case.number]))
    assert "Darurat dilihat" in page_of("tono", case)


def test_a_note_stands_in_its_own_colour_between_the_steps() -> None:
    case = given()
    as_("tono").post(reverse("case_note", args=[case.number]), {"text": "Tiang nomor 14."})
    page = page_of("tono", case)
    assert '<li class="note">' in page
    assert "Tiang nomor 14." in page
    refused = as_("tono").post(reverse("case_note", args=[case.number]), {"text": "  "})
    assert (refused.status_code, 'value="catat" checked' in refused.content.decode()) == (422, True)


def test_the_citizens_words_on_the_status_page_stand_at_the_top_and_in_the_story() -> None:
    case = given()
    Case.objects.filter(pk=case.pk).update(contested_at=timezone.now())
    Voice.objects.create(case=case, kind=VoiceKind.CONTEST, words="Masih gelap, Pak.", at=timezone.now())
    page = page_of("tono", case)
    assert page.count("Masih gelap, Pak.") == 2
    assert page.index("Warga menyatakan belum selesai") < page.index("Percakapan dan riwayat")


def test_a_long_story_is_folded_and_loses_nothing() -> None:
    case = given()
    for number in range(SHOWN + 10):
        record("case.noted", case.subject, actor=person("tono"), note=f"Catatan ke-{number}.")
    page = page_of("tono", case)
    assert "langkah sebelumnya" in page
    assert all(f"Catatan ke-{number}." in page for number in range(SHOWN + 10))
    earlier, latest = folded(story(timeline(case.subject)))
    assert (len(latest), [*earlier, *latest] == sorted([*earlier, *latest], key=lambda one: one.at)) == (
        SHOWN,
        True,
    )


def test_a_finished_case_is_taken_up_again_with_a_reason() -> None:
    case, now = given(), timezone.now()
    for state in (State.IN_PROGRESS, State.ANSWERED, State.CLOSED):
        case = act.move(case, state, person("tono"), now, "Sudah ditambal.")
    address, client = reverse("case_reopen", args=[case.number]), as_("tono")
    assert "Langkah berikutnya" not in page_of("tono", case)
    refused = client.post(address, {"why": " "})
    assert (refused.status_code, "Tulis mengapa" in refused.content.decode()) == (422, True)
    client.post(address, {"why": "Lubangnya kembali."})
    case.refresh_from_db()
    assert (case.state, case.reopened) == (State.VERIFIED, 1)


def test_only_people_of_the_unit_and_the_coordinating_desk_can_answer_for_a_case() -> None:
    case, client = given(), as_("tono")
    page = page_of("tono", case)
    assert '<option value="agus"' in page
    assert '<option value="lilis"' not in page
    assert '<option value="wati"' not in page
    address = reverse("case_assignee", args=[case.number])
    assert client.post(address, {"petugas": "lilis"}).status_code == 422
    client.post(address, {"petugas": "tono"})
    case.refresh_from_db()
    assert case.assignee == person("tono")
    client.post(address, {"petugas": ""})
    case.refresh_from_db()
    assert case.assignee is None


def test_whoever_reads_a_case_may_follow_it_and_stop() -> None:
    case, client = given(), as_("wati")
    address = reverse("case_follow", args=[case.number])
    client.post(address, {"ikuti": "ya"})
    assert "Jangan ikuti lagi" in page_of("wati", case)
    client.post(address, {"ikuti": "tidak"})
    assert not Watch.objects.filter(person=person("wati")).exists()


def test_a_case_is_merged_by_its_number_and_comes_back() -> None:
    main, twin, client = given(), given(), as_("tono")
    address = reverse("case_merge", args=[twin.number])
    refused = client.post(address, {"utama": "BKS-2026-999999"})
    assert refused.status_code == 422
    assert 'value="BKS-2026-999999"' in refused.content.decode()
    client.post(address, {"utama": main.number})
    assert twin.number in page_of("tono", main)
    assert "Kasus ini ganda" in page_of("tono", twin)
    made = main.merges.get()
    elsewhere = client.post(reverse("case_merge_undo", args=[twin.number, made.pk]))
    assert elsewhere.status_code == 422
    client.post(reverse("case_merge_undo", args=[main.number, made.pk]))
    twin.refresh_from_db()
    assert twin.into is None
    client.post(address, {"utama": main.number})
    client.post(reverse("case_take_out", args=[twin.number]))
    twin.refresh_from_db()
    assert (twin.into, twin.state) == (None, State.ASSIGNED)


def test_a_case_of_another_unit_is_no_target_that_tono_can_name() -> None:
    mine, theirs = given(), given("dlh")
    refused = as_("tono").post(reverse("case_merge", args=[mine.number]), {"utama": theirs.number})
    assert (refused.status_code, "tidak ditemukan" in refused.content.decode()) == (422, True)


def test_rina_holds_a_case_for_the_law_with_a_reason() -> None:
    case, address = given(), "case_hold"
    refused = as_("rina").post(reverse(address, args=[case.number]), {"tahan": "ya", "why": ""})
    assert refused.status_code == 422
    as_("rina").post(reverse(address, args=[case.number]), {"tahan": "ya", "why": "Perkara 12/Pid"})
    assert "Penghapusan kasus ini ditahan." in page_of("tono", case)
    as_("rina").post(reverse(address, args=[case.number]), {"tahan": "tidak", "why": "Putus"})
    case.refresh_from_db()
    assert not case.legal_hold


def test_a_refused_step_keeps_its_words_and_says_why_beside_its_own_form() -> None:
    case = opened()
    answer = as_("agus").post(
        reverse("case_move", args=[case.number]), {"state": "closed", "note": "Sudah saya lihat."}
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count("tidak dapat menjadi") == 1
    assert "Sudah saya lihat." in page
    assert page.index('id="move-problem"') < page.index("Ubah keadaan")


def test_a_case_is_not_moved_to_a_unit_without_saying_which() -> None:
    case = act.move(opened(), State.VERIFIED, person("agus"), timezone.now())
    page = page_of("agus", case)
    assert 'name="state" value="assigned"' not in page
    assert "Berikan kepada" in page


# --- Files --------------------------------------------------------------------------------------------


def test_a_photo_is_attached_shown_described_and_removed() -> None:
    case, client = given(), as_("tono")
    address = reverse("case_attach", args=[case.number])
    refused = client.post(address, {"berkas": picture(), "umum": "ya", "sebagai": "proof"})
    assert (refused.status_code, "Tulis keterangan gambar" in refused.content.decode()) == (422, True)
    client.post(address, {"berkas": picture(), "umum": "ya", "sebagai": "proof", "alt": "Lubang sudah rata"})
    made = Attachment.objects.get()
    assert (made.role, made.public, made.by, made.unit) == ("proof", True, person("tono"), case.unit)
    page = page_of("wati", case)
    assert 'alt="Lubang sudah rata"' in page
    assert "Hapus berkas" not in page
    describe = reverse("case_file_describe", args=[case.number, made.pk])
    assert client.post(describe, {"umum": "ya", "alt": " "}).status_code == 422
    client.post(describe, {"alt": "Lubang"})
    made.refresh_from_db()
    assert (made.public, made.alt) == (False, "Lubang")
    client.post(reverse("case_file_remove", args=[case.number, made.pk]))
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (None, "Pilih berkasnya"),
        (SimpleUploadedFile("a.html", b"<script>1</script>", content_type="image/png"), "Hanya gambar"),
        (SimpleUploadedFile("a.png", b"", content_type="image/png"), "kosong"),
    ],
)
def test_what_is_no_picture_or_paper_is_refused_with_a_sentence(file: Any, said: str) -> None:
    case = given()
    if file is not None:
        file.seek(0)
    answer = as_("tono").post(reverse("case_attach", args=[case.number]), {"berkas": file} if file else {})
    assert (answer.status_code, said in answer.content.decode()) == (422, True)
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("data", "name", "shown"),
    [
        (lambda: picture().read(), "tiang.png", "inline"),
        (lambda: pdf(b"1 0 obj << /Type /Catalog >> endobj"), "surat.pdf", "attachment"),
    ],
)
def test_a_file_is_given_as_what_it_is_and_never_run(
    data: Callable[[], bytes], name: str, shown: str
) -> None:
    case = given()
    made = attachments.add(case, data(), name, "document", timezone.now(), public=True, alt="Tiang")
    answer = as_("wati").get(reverse("case_file", args=[case.number, made.pk]))
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith(shown)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert answer["Cache-Control"] == "private, max-age=600"
    attachments.path_of(made.sha256).unlink()
    assert as_("wati").get(reverse("case_file", args=[case.number, made.pk])).status_code == 404


def test_a_file_is_found_under_its_own_case_only() -> None:
    mine, theirs = given(), given("dlh")
    made = attachments.add(theirs, picture().read(), "tiang.png", "report", timezone.now())
    for route in ("case_file", "case_file_describe", "case_file_remove"):
        address = reverse(route, args=[mine.number, made.pk])
        answer = as_("tono").get(address) if route == "case_file" else as_("tono").post(address)
        assert answer.status_code == 404
    assert Attachment.objects.filter(pk=made.pk).exists()


# --- Speed --------------------------------------------------------------------------------------------

#: Questions to the database that the list and the page of one case may ask.
LIST, PAGE = 24, 60


def test_a_longer_list_of_cases_asks_the_database_no_more_often(django_assert_max_num_queries: Any) -> None:
    client = as_("agus")
    for topic in ("jalan_trotoar", "sampah"):
        given(topic=topic)
    saved_filters.save(person("agus"), "Satu", parse({"unit": "dbmsda", "petugas": "tono"}))
    client.get(reverse("cases"))
    with django_assert_max_num_queries(LIST) as few:
        client.get(reverse("cases"), {"tampilan": "semua"})
    for number in range(8):
        merge.merge(given(), [given()], person("agus"), timezone.now())
        saved_filters.save(person("agus"), f"Saringan {number}", parse({"unit": "dlh"}))
    with django_assert_max_num_queries(len(few)):
        client.get(reverse("cases"), {"tampilan": "semua"})


def test_a_longer_story_asks_the_database_no_more_often(django_assert_max_num_queries: Any, rf: Any) -> None:
    case, client, now = given(), as_("tono"), timezone.now()
    receiver = Receiver.objects.create(key="uji", sort="webhook", name="Uji", address="https://a.example/")
    plan(case, receiver, now)
    attachments.add(case, picture().read(), "a.png", "report", now)
    address = reverse("case", args=[case.number])
    client.get(address)
    with django_assert_max_num_queries(PAGE) as few:
        client.get(address)
    for number, colour in enumerate(("blue", "green", "white", "black")):
        act.add_note(case, f"Catatan {number}", person("tono"), now)
        attachments.add(case, picture(colour).read(), f"{number}.png", "report", now, person=person("tono"))
        plan(case, receiver, now, again=True)
        merge.merge(case, [given()], person("agus"), now)
        case.refresh_from_db()
    with django_assert_max_num_queries(len(few) + 2):  # the merges and their duplicates were not there before
        client.get(address)
