"""Who may open which page, and what each action on a page does."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from cases.models import Case, State
from cases.open import open_waiting
from channels.models import Account
from classifiers.core.kinds import Kind
from classifiers.models import Review, Verdict
from classifiers.nearest import _library
from classifiers.review import review
from desk.views import errors
from ledger.chain import record, timeline
from ledger.life import beat
from ledger.models import Mandate, Person
from ledger.roles import Role, give
from monitor.alarms import look
from monitor.models import Mention, Source
from publisher import approval, mandates, newsroom, pause
from publisher.kinds import kind_named
from publisher.models import Announcement, AnnouncementState, Delivery, DeliveryState, Duty, Pause

pytestmark = pytest.mark.django_db

FIELDS = {
    "headline": "Layanan KTP keliling di Jatiasih",
    "body": "Bawa KK asli dan fotokopi.",
    "place": "Kantor Kecamatan Jatiasih",
    "time": "Sabtu, 08.00–12.00 WIB",
    "contact": "",
}
PEOPLE = {
    "sari": Role.AUTHOR,
    "budi": Role.APPROVER,
    "wati": Role.REVIEWER,
    "tono": Role.OFFICER,
    "rina": Role.ADMINISTRATOR,
    "eka": None,
}
OFFICES = {"sari": "Analis Humas", "budi": "Kepala Bagian Humas", "tono": "Dinas Bina Marga"}


@pytest.fixture(autouse=True)
def _town(settings: Any, tmp_path: Path) -> None:
    """One account each on X, Instagram and the feed, a source, and the six people."""
    cache.clear()
    settings.KENTONGAN_HOME = tmp_path
    x = Account.objects.create(key="x", channel="x", name="X @pemkot", settings={"username": "pemkot"})
    Account.objects.create(key="instagram", channel="instagram", name="Instagram @pemkot")
    Account.objects.create(
        key="feed", channel="feed", name="Umpan", settings={"base_url": "http://localhost/umpan/feed"}
    )
    Source.objects.create(account=x, kind="mention")
    for name, role in PEOPLE.items():
        person = Person.objects.create_user(
            name, password="rahasia-123", first_name=name.title(), office=OFFICES.get(name, "")
        )
        if role is not None:
            give(person, role)


def person(name: str) -> Person:
    return Person.objects.get(username=name)


def as_(name: str) -> Client:
    client = Client()
    client.force_login(person(name), backend="django.contrib.auth.backends.ModelBackend")
    return client


def heard(text: str = "Lampu jalan di Jatiasih mati", **verdict: Any) -> Verdict:
    """A mention with a verdict that awaits review."""
    now = timezone.now()
    mention = Mention.objects.create(
        channel="x",
        external_id=f"m{Mention.objects.count()}",
        source=Source.objects.get(),
        text=text,
        author="@dewi",
        heard_at=now,
        unjudged=False,
    )
    fields = {
        "kind": "complaint",
        "probability": 0.82,
        "probabilities": {kind.value: 0.2 for kind in Kind},
        "decision": "review",
        "topic": "lampu_jalan_pju",
        "place": "Jatiasih",
        "awaits_review": True,
    }
    return Verdict.objects.create(mention=mention, at=now, **{**fields, **verdict})


def a_case(**fields: Any) -> Case:
    verdict = heard(decision="forward", awaits_review=False, awaits_case=True, **fields)
    open_waiting(timezone.now())
    return Case.objects.get(mention=verdict.mention)


def drafted(**changes: str) -> Announcement:
    return newsroom.draft("service_notice", {**FIELDS, **changes}, person("sari"), timezone.now())


def submitted(**when: Any) -> Announcement:
    return newsroom.submit(drafted(), person("sari"), timezone.now(), **when)


def form(**changes: Any) -> dict[str, Any]:
    """What the composer's form sends."""
    typed = {f"isi_{name}": value for name, value in FIELDS.items()}
    sent = {
        **typed,
        "kind_key": "service_notice",
        "targets": ["x", "feed"],
        "kapan": "segera",
        "tindakan": "ajukan",
    }
    return {**sent, **changes}


def example(kind: str) -> dict[str, str]:
    return {one.name: one.example for one in kind_named(kind).fields}


def paused(**values: Any) -> Pause:
    return pause.start(person("budi"), timezone.now(), "Berkabung", "Sekretaris Daerah", **values)


def mandated(**values: Any) -> Mandate:
    fields = {"office": "Kepala Diskominfostandi", "starts_on": mandates.day_of(timezone.now())}
    made: Mandate = Mandate.objects.create(person=person("budi"), **{**fields, **values})
    return made


def on_duty(*names: str) -> Duty:
    now = timezone.now()
    for name in names:
        made = Duty.objects.create(person=person(name), starts_at=now, ends_at=now + timedelta(hours=8))
    return made


def an_emergency() -> Announcement:
    made = newsroom.draft("emergency", example("emergency"), person("sari"), timezone.now())
    return newsroom.submit(made, person("sari"), timezone.now())


def second_approver() -> Person:
    made = Person.objects.create_user("joko", first_name="Joko", office="Kepala Bidang IKP")
    give(made, Role.APPROVER)
    return made


ADDRESSES: dict[str, Callable[[], str]] = {
    "beranda": lambda: reverse("today"),
    "lainnya": lambda: reverse("more"),
    "saluran": lambda: reverse("channels"),
    "sebutan": lambda: reverse("mentions"),
    "satu sebutan": lambda: reverse("mention", args=[heard().mention_id]),
    "tinjauan": lambda: reverse("review"),
    "penilai": lambda: reverse("model"),
    "kasus": lambda: reverse("cases"),
    "satu kasus": lambda: reverse("case", args=[a_case().number]),
    "pengumuman": lambda: reverse("announcements"),
    "satu pengumuman": lambda: reverse("announcement", args=[submitted().pk]),
    "kartu": lambda: reverse("card", args=[drafted().pk]),
    "pengumuman baru": lambda: reverse("announcement_compose", args=["service_notice"]),
    "batalkan": lambda: reverse("cancel", args=[drafted().pk]),
    "ralat": lambda: reverse("correct", args=[drafted().pk]),
    "tarik": lambda: reverse("retract", args=[drafted().pk]),
    "jeda": lambda: reverse("pauses"),
    "jeda baru": lambda: reverse("pause_new"),
    "darurat": lambda: reverse("emergencies"),
    "papan darurat": lambda: reverse("emergency_board", args=[submitted().pk]),
    "mandat": lambda: reverse("mandates"),
    "piket": lambda: reverse("roster"),
}
ALL = {"sari", "budi", "wati", "tono", "rina"}
MAY_OPEN = {
    "beranda": ALL,
    "lainnya": ALL,
    "saluran": ALL,
    "sebutan": {"wati", "tono", "rina"},
    "satu sebutan": {"wati", "tono", "rina"},
    "tinjauan": {"wati", "rina"},
    "penilai": {"wati", "rina"},
    "kasus": {"wati", "tono", "rina"},
    "satu kasus": {"wati", "tono", "rina"},
    "pengumuman": {"sari", "budi", "rina"},
    "satu pengumuman": {"sari", "budi", "rina"},
    "kartu": {"sari", "budi", "rina"},
    "pengumuman baru": {"sari"},
    "batalkan": {"sari", "budi"},
    "ralat": {"sari"},
    "tarik": {"budi"},
    "jeda": {"sari", "budi", "rina"},
    "jeda baru": {"budi", "rina"},
    "darurat": {"sari", "budi", "rina"},
    "papan darurat": {"sari", "budi", "rina"},
    "mandat": {"rina"},
    "piket": {"rina"},
}


@pytest.mark.once
@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("page", ADDRESSES)
def test_everyone_opens_the_pages_of_their_tasks_and_no_others(page: str, name: str) -> None:
    expected = 200 if name in MAY_OPEN[page] else 403
    assert as_(name).get(ADDRESSES[page]()).status_code == expected


@pytest.mark.once
@pytest.mark.parametrize("page", ADDRESSES)
def test_someone_not_signed_in_is_asked_to_sign_in_first(page: str) -> None:
    answer = Client().get(ADDRESSES[page]())
    assert answer.status_code == 302
    assert answer["Location"].startswith("/masuk/?next=")


STEPS: dict[str, tuple[Callable[[], str], set[str]]] = {
    "meninjau": (lambda: reverse("review_decide", args=[heard().pk]), {"wati"}),
    "melewati": (lambda: reverse("review_skip", args=[heard().pk]), {"wati"}),
    "mengurungkan": (lambda: reverse("review_undo"), {"wati"}),
    "memindahkan kasus": (lambda: reverse("case_move", args=[a_case().number]), {"tono"}),
    "mencatat": (lambda: reverse("case_note", args=[a_case().number]), {"tono"}),
    "menulis": (lambda: reverse("announcement", args=[drafted().pk]), {"sari"}),
    "menyetujui": (lambda: reverse("approve", args=[submitted().pk]), {"budi"}),
    "mengembalikan": (lambda: reverse("give_back", args=[submitted().pk]), {"budi"}),
    "menjadwalkan": (lambda: reverse("schedule", args=[submitted().pk]), {"sari", "budi"}),
    "membatalkan": (lambda: reverse("cancel", args=[drafted().pk]), {"sari", "budi"}),
    "meralat": (lambda: reverse("correct", args=[drafted().pk]), {"sari"}),
    "menarik": (lambda: reverse("retract", args=[drafted().pk]), {"budi"}),
    "tidak mengirim lagi": (lambda: reverse("delivery_give_up", args=[stuck().pk]), {"sari", "budi"}),
    "memulai jeda": (lambda: reverse("pause_new"), {"budi", "rina"}),
    "mengakhiri jeda": (lambda: reverse("pause_end", args=[paused().pk]), {"budi", "rina"}),
    "memutuskan yang ditahan": (lambda: reverse("held_decide"), {"sari", "budi"}),
    "mencatat mandat": (lambda: reverse("mandates"), {"rina"}),
    "mengakhiri mandat": (lambda: reverse("mandate_end", args=[mandated().pk]), {"rina"}),
    "mencatat piket": (lambda: reverse("roster"), {"rina"}),
    "mengakhiri piket": (lambda: reverse("turn_end", args=[on_duty("budi").pk]), {"rina"}),
    "menguji saluran": (lambda: reverse("channel_test", args=["feed"]), {"rina"}),
}


@pytest.mark.once
@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_refused_on_the_server_to_everyone_whose_task_it_is_not(step: str, name: str) -> None:
    address, may = STEPS[step]
    answer = as_(name).post(address(), {"kind": "complaint"})
    assert (answer.status_code == 403) == (name not in may)


def test_eka_without_a_role_reads_a_polite_sentence_and_nothing_else() -> None:
    verdict = heard("Rahasia yang tidak boleh tampak")
    for address in (reverse("today"), reverse("mention", args=[verdict.mention_id])):
        page = as_("eka").get(address).content.decode()
        assert "Akun Anda belum mempunyai tugas" in page
        assert "Rahasia" not in page


# --- Signing in -------------------------------------------------------------------------------------


def test_a_wrong_password_is_answered_with_a_sentence_and_keeps_the_name() -> None:
    page = Client().post(reverse("sign_in"), {"username": "sari", "password": "salah"}).content.decode()
    assert "tidak cocok" in page
    assert 'value="sari"' in page


def test_sari_signs_in_and_out() -> None:
    client = Client()
    answer = client.post(reverse("sign_in"), {"username": "sari", "password": "rahasia-123"})
    assert answer["Location"] == reverse("today")
    assert client.post(reverse("sign_out"))["Location"] == reverse("sign_in")
    assert client.get(reverse("today")).status_code == 302


def test_too_many_wrong_passwords_lock_the_account_for_a_while() -> None:
    client = Client()
    for _ in range(9):
        answer = client.post(reverse("sign_in"), {"username": "sari", "password": "salah"})
    assert answer.status_code == 429
    assert "Terlalu banyak percobaan" in answer.content.decode()


# --- Tinjauan ---------------------------------------------------------------------------------------


def test_wati_reads_the_suggestion_as_a_sentence() -> None:
    heard()
    page = as_("wati").get(reverse("review")).content.decode()
    assert "Kemungkinan <strong>pengaduan</strong>, 82%: lampu jalan, Jatiasih" in page


def test_wati_reads_how_urgent_a_post_is_whose_matter_it_is_and_why() -> None:
    reasons = ["kata yang paling menimbang: “korslet”", "menyebut <listrik>"]
    heard(urgency="emergency", authority="pln", reasons=reasons)
    page = as_("wati").get(reverse("review")).content.decode()
    assert 'class="chip red"' in page
    assert "darurat</span>" in page
    assert "Wewenang: </span>PLN" in page
    assert "<li>kata yang paling menimbang: “korslet”</li>" in page
    assert "<li>menyebut &lt;listrik&gt;</li>" in page


@pytest.mark.parametrize("authority", ["", "unknown", "dibubarkan"])
def test_a_post_that_does_not_press_and_whose_owner_is_not_known_has_neither_badge_nor_name(
    authority: str,
) -> None:
    heard(urgency="normal", authority=authority)
    page = as_("wati").get(reverse("review")).content.decode()
    assert 'class="weighed"' not in page
    assert 'class="reasons"' not in page


def test_without_a_judgement_the_place_and_a_near_danger_are_still_shown() -> None:
    heard(kind="", probability=None, probabilities=None, urgency="soon")
    page = as_("wati").get(reverse("review")).content.decode()
    assert "Mesin belum menilai kiriman ini." in page
    assert "segera</span>" in page
    assert "Jatiasih</span>" in page


def test_wati_confirms_a_suggestion_and_gets_the_next_post() -> None:
    first, second = heard("yang pertama"), heard("yang kedua")
    client = as_("wati")
    page = client.post(
        reverse("review_decide", args=[first.pk]), {"kind": "complaint"}, follow=True
    ).content.decode()
    assert second.mention.text in page
    first.refresh_from_db()
    assert (first.awaits_review, first.awaits_case) == (False, True)


def test_wati_corrects_a_suggestion_without_a_case() -> None:
    verdict = heard()
    as_("wati").post(reverse("review_decide", args=[verdict.pk]), {"kind": "aspiration"})
    assert Review.objects.get().kind == "aspiration"
    verdict.refresh_from_db()
    assert not verdict.awaits_case


def test_wati_takes_back_her_last_decision_and_sees_the_post_again() -> None:
    _library.cache_clear()  # as in a process that has just started
    verdict, _other = heard("yang pertama"), heard("yang kedua")
    client = as_("wati")
    client.post(reverse("review_decide", args=[verdict.pk]), {"kind": "other"})
    page = client.post(reverse("review_undo"), follow=True).content.decode()
    assert "yang pertama" in page
    verdict.refresh_from_db()
    assert verdict.awaits_review


def test_a_post_that_somebody_else_has_just_reviewed_is_said_and_the_next_one_follows() -> None:
    verdict, _other = heard("yang pertama"), heard("yang kedua")
    review(verdict.pk, Kind.OTHER, person("rina"), timezone.now())
    page = as_("wati").post(reverse("review_decide", args=[verdict.pk]), {"kind": "other"}, follow=True)
    assert "sudah ditinjau orang lain" in page.content.decode()
    assert "yang kedua" in page.content.decode()


def test_two_reviewers_are_not_shown_the_same_post() -> None:
    heard("yang pertama"), heard("yang kedua")
    give(person("tono"), Role.REVIEWER)
    assert "yang pertama" in as_("wati").get(reverse("review")).content.decode()
    assert "yang kedua" in as_("tono").get(reverse("review")).content.decode()


def test_a_skipped_post_comes_back_when_nothing_else_is_left() -> None:
    verdict = heard("yang dilewati")
    client = as_("wati")
    client.post(reverse("review_skip", args=[verdict.pk]))
    assert "yang dilewati" in client.get(reverse("review")).content.decode()


def test_with_htmx_only_the_next_post_is_answered() -> None:
    verdict = heard()
    answer = as_("wati").post(
        reverse("review_decide", args=[verdict.pk]), {"kind": "other"}, headers={"HX-Request": "true"}
    )
    assert "<html" not in answer.content.decode()
    assert "Semua sudah ditinjau" in answer.content.decode()


# --- Kasus ------------------------------------------------------------------------------------------


def test_tono_brings_a_case_on_with_a_note() -> None:
    case = a_case()
    page = (
        as_("tono")
        .post(
            reverse("case_move", args=[case.number]),
            {"state": "verified", "note": "Benar mati."},
            follow=True,
        )
        .content.decode()
    )
    assert "Benar mati." in page
    case.refresh_from_db()
    assert case.state == State.VERIFIED


@pytest.mark.parametrize(("urgency", "shown"), [("emergency", True), ("soon", False), ("", False)])
def test_an_emergency_is_marked_beside_the_number_of_its_case(urgency: str, shown: bool) -> None:
    case = a_case(urgency=urgency, authority="police")
    page = as_("tono").get(reverse("case", args=[case.number])).content.decode()
    assert ("darurat</span></h1>" in page) == shown
    assert "<dd>Kepolisian</dd>" in page


def test_a_second_reading_an_edit_and_a_deletion_are_told_in_the_history() -> None:
    verdict = heard()
    for event in ("mention.read_again", "mention.edited", "mention.erased"):
        record(event, f"mention:{verdict.mention_id}", kind="aspiration")
    page = as_("wati").get(reverse("mention", args=[verdict.mention_id])).content.decode()
    assert "Dibaca lagi orang lain: aspirasi." in page
    assert "Kiriman diubah penulisnya." in page
    assert "Kiriman tidak ada lagi di platformnya" in page


def test_a_refused_step_is_said_beside_the_form_and_keeps_what_was_typed() -> None:
    case = a_case()
    client = as_("tono")
    answer = client.post(reverse("case_move", args=[case.number]), {"state": "rejected", "note": "  "})
    assert answer.status_code == 422
    assert "Tulis alasannya" in answer.content.decode()
    answer = client.post(
        reverse("case_move", args=[case.number]), {"state": "closed", "note": "Sudah selesai."}
    )
    assert "kasus tidak dapat menjadi" in answer.content.decode()
    assert "Sudah selesai." in answer.content.decode()


def test_an_empty_note_is_refused_and_a_written_one_stands_in_the_history() -> None:
    case = a_case()
    client = as_("tono")
    assert client.post(reverse("case_note", args=[case.number]), {"text": " "}).status_code == 422
    client.post(reverse("case_note", args=[case.number]), {"text": "Tiang nomor 14."})
    assert timeline(case.subject)[-1].data["note"] == "Tiang nomor 14."


# --- Pengumuman -------------------------------------------------------------------------------------


def test_sari_saves_a_draft_with_single_line_breaks() -> None:
    as_("sari").post(
        reverse("announcement_compose", args=["service_notice"]),
        form(tindakan="simpan", isi_body="satu\r\ndua"),
    )
    made = Announcement.objects.get()
    assert made.fields["body"] == "satu\ndua"
    assert [account.key for account in made.targets.order_by("id")] == ["x", "feed"]


def test_a_mistake_is_shown_beside_its_field_and_nothing_typed_is_lost() -> None:
    answer = as_("sari").post(
        reverse("announcement_compose", args=["service_notice"]), form(isi_headline="", isi_body="Isi saya")
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="isi_headline_problem"' in page
    assert "Judul belum diisi." in page
    assert "Isi saya" in page


def test_a_text_too_long_for_x_is_shown_at_that_channel() -> None:
    page = (
        as_("sari")
        .post(
            reverse("announcement_compose", args=["service_notice"]),
            form(**{"isi_teks:x": "Ditulis tangan untuk X. " * 20}),
        )
        .content.decode()
    )
    assert 'id="target_x"' in page
    assert "Terlalu panjang untuk X" in page


def test_without_a_channel_or_with_half_a_time_sari_is_told_so() -> None:
    address = reverse("announcement_compose", args=["service_notice"])
    assert "Belum ada saluran." in as_("sari").post(address, form(targets=[])).content.decode()
    page = as_("sari").post(address, form(kapan="nanti", publish_at="2026-13")).content.decode()
    assert "Pilih tanggal dan jam." in page


def test_sari_writes_budi_approves_and_it_is_scheduled_in_the_citys_zone() -> None:
    as_("sari").post(
        reverse("announcement_compose", args=["service_notice"]),
        form(kapan="nanti", publish_at="2099-11-28T08:00"),
    )
    made = Announcement.objects.get()
    assert (made.state, made.version) == (AnnouncementState.SUBMITTED, 1)
    assert made.publish_at is not None
    assert made.publish_at.isoformat() == "2099-11-28T01:00:00+00:00"
    letter = as_("budi").get(reverse("announcement", args=[made.pk])).content.decode()
    assert "Beginilah akan tampak" in letter
    assert "Anda menyetujui sebagai Kepala Bagian Humas." in letter
    as_("budi").post(reverse("approve", args=[made.pk]), {"version": made.version})
    made.refresh_from_db()
    assert made.state == AnnouncementState.SCHEDULED
    assert made.deliveries.count() == 2


def test_nobody_approves_what_they_wrote() -> None:
    row = submitted()
    give(person("sari"), Role.APPROVER)
    client = as_("sari")
    assert (
        reverse("approve", args=[row.pk])
        not in client.get(reverse("announcement", args=[row.pk])).content.decode()
    )
    answer = client.post(reverse("approve", args=[row.pk]), {"version": row.version})
    assert "tidak dapat menyetujuinya sendiri." in answer.content.decode()
    row.refresh_from_db()
    assert row.state == AnnouncementState.SUBMITTED


def test_budi_gives_it_back_with_a_note_and_sari_sees_it_on_her_first_page() -> None:
    row = submitted()
    assert (
        as_("budi")
        .post(reverse("give_back", args=[row.pk]), {"note": "", "version": row.version})
        .status_code
        == 422
    )
    as_("budi").post(reverse("give_back", args=[row.pk]), {"note": "Sebut jamnya.", "version": row.version})
    assert "Sebut jamnya." in as_("sari").get(reverse("today")).content.decode()
    assert "Sebut jamnya." in as_("sari").get(reverse("announcement", args=[row.pk])).content.decode()


def test_the_letter_shows_what_changed_since_it_was_submitted_last() -> None:
    row = submitted()
    now = timezone.now()
    approval.give_back(row, person("budi"), now, "Ganti tempatnya.", version=row.version)
    newsroom.edit(row, {**FIELDS, "place": "GOR Jatiasih"}, person("sari"), now)
    newsroom.submit(row, person("sari"), now)
    page = as_("budi").get(reverse("announcement", args=[row.pk])).content.decode()
    assert "<ins>GOR</ins>" in page
    assert "<del>Kantor Kecamatan</del>" in page


def test_the_preview_is_the_wording_that_will_be_sent() -> None:
    page = as_("sari").post(reverse("preview"), form(isi_headline="Judul & isi")).content.decode()
    assert "Judul &amp; isi" in page
    assert "dari 280" in page
    assert "<html" not in page


def test_the_card_of_a_draft_that_is_not_saved_is_a_jpeg() -> None:
    answer = as_("sari").get(
        reverse("card_of_draft", args=["service_notice"]), {"title": "Halo", "place": "Jatiasih"}
    )
    assert answer["Content-Type"] == "image/jpeg"
    assert answer.content.startswith(b"\xff\xd8")


def test_sari_cancels_after_being_asked_once_more() -> None:
    row = drafted()
    client = as_("sari")
    assert "Ya, batalkan" in client.get(reverse("cancel", args=[row.pk])).content.decode()
    client.post(reverse("cancel", args=[row.pk]))
    row.refresh_from_db()
    assert row.state == AnnouncementState.CANCELLED


def stuck() -> Delivery:
    row = approval.approve(submitted(), person("budi"), timezone.now(), version=1)
    Delivery.objects.filter(announcement=row, account__key="x").update(
        state=DeliveryState.NEEDS_PERSON, next_at=None, attempts=1
    )
    return Delivery.objects.get(announcement=row, account__key="x")


def test_sari_gives_the_address_of_a_post_that_is_there() -> None:
    delivery = stuck()
    client, address = as_("sari"), reverse("delivery_there", args=[delivery.pk])
    refused = client.post(address, {"link": "entah"})
    assert "Tempel alamat lengkap" in refused.content.decode()
    assert "entah" in refused.content.decode()
    client.post(address, {"link": "https://x.com/pemkot/status/1"})
    delivery.refresh_from_db()
    assert (delivery.state, delivery.permalink) == (DeliveryState.PUBLISHED, "https://x.com/pemkot/status/1")


def test_budi_lets_a_post_that_is_not_there_be_sent_again() -> None:
    delivery = stuck()
    as_("budi").post(reverse("delivery_again", args=[delivery.pk]))
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.RETRYING


def test_sari_decides_that_it_is_not_needed_any_more() -> None:
    delivery = stuck()
    as_("sari").post(reverse("delivery_give_up", args=[delivery.pk]))
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.CANCELLED


# --- Persetujuan, ralat, penarikan ------------------------------------------------------------------


def test_the_letter_names_the_office_the_letter_and_who_said_yes() -> None:
    mandated(acting="plt", letter="800/12/BKPSDM")
    row = submitted()
    client, address = as_("budi"), reverse("announcement", args=[row.pk])
    assert "Anda menyetujui sebagai Plt. Kepala Diskominfostandi." in client.get(address).content.decode()
    client.post(reverse("approve", args=[row.pk]), {"version": 1})
    page = client.get(address).content.decode()
    assert "<b>Budi</b>, Plt. Kepala Diskominfostandi" in page
    assert "surat 800/12/BKPSDM" in page
    assert "Disetujui. Sebagai Plt. Kepala Diskominfostandi. Surat 800/12/BKPSDM." in page


def test_an_ended_mandate_is_said_in_place_of_the_button() -> None:
    now = timezone.now()
    today = mandates.day_of(now)
    mandated(starts_on=today - timedelta(days=9), ends_on=today - timedelta(days=1))
    row = submitted()
    page = as_("budi").get(reverse("announcement", args=[row.pk])).content.decode()
    assert "Mandat Anda sebagai Kepala Diskominfostandi berakhir" in page
    assert reverse("approve", args=[row.pk]) not in page
    assert reverse("give_back", args=[row.pk]) in page


def test_who_holds_two_offices_chooses_on_the_letter() -> None:
    mandated()
    second = mandated(office="Kepala Bappeda", acting="plt", letter="800/9")
    row = submitted()
    client = as_("budi")
    assert client.get(reverse("announcement", args=[row.pk])).content.decode().count('name="mandate"') == 2
    client.post(reverse("approve", args=[row.pk]), {"version": 1, "mandate": second.pk})
    assert Announcement.objects.get(pk=row.pk).approved_office == "Plt. Kepala Bappeda"


def test_an_emergency_says_who_is_still_missing_and_goes_out_with_the_second_yes() -> None:
    second_approver()
    on_duty("budi", "joko")
    row = an_emergency()
    client, address = as_("budi"), reverse("announcement", args=[row.pk])
    page = client.post(reverse("approve", args=[row.pk]), {"version": 1}, follow=True).content.decode()
    assert "Tayang begitu orang kedua menyetujui." in page
    assert "Masih perlu 1 persetujuan." in page
    assert "Yang dapat menyetujui: Joko." in page
    assert "persetujuan kedua harus dari orang lain" in page
    assert reverse("approve", args=[row.pk]) not in page
    as_("joko").post(reverse("approve", args=[row.pk]), {"version": 1})
    page = client.get(address).content.decode()
    assert "Persetujuan 2 dari 2." in page
    assert reverse("emergency_board", args=[row.pk]) in page
    assert Delivery.objects.filter(announcement=row).count() == 3


def test_who_is_not_on_duty_reads_so_and_has_no_button() -> None:
    second_approver()
    dewi = Person.objects.create_user("dewi", first_name="Dewi", office="Sekretaris")
    give(dewi, Role.APPROVER)
    on_duty("joko", "dewi")
    row = an_emergency()
    page = as_("budi").get(reverse("announcement", args=[row.pk])).content.decode()
    assert "Anda tidak sedang piket" in page
    answer = as_("budi").post(reverse("approve", args=[row.pk]), {"version": 1})
    assert "Yang dapat menyetujui sekarang: Dewi, Joko." in answer.content.decode()


def published() -> Announcement:
    """An announcement that stands on X, Instagram and the feed."""
    row = approval.approve(submitted(), person("budi"), timezone.now(), version=1)
    for delivery in Delivery.objects.filter(announcement=row):
        Delivery.objects.filter(pk=delivery.pk).update(
            state=DeliveryState.PUBLISHED,
            next_at=None,
            attempts=1,
            remote_id=f"r{delivery.pk}",
            permalink=f"https://example.org/{delivery.pk}",
            published_at=timezone.now(),
        )
    Announcement.objects.filter(pk=row.pk).update(state=AnnouncementState.PUBLISHED, live_version=1)
    return Announcement.objects.get(pk=row.pk)


def test_a_correction_tells_what_happens_on_each_channel_and_opens_the_next_version() -> None:
    row = published()
    client, address = as_("sari"), reverse("correct", args=[row.pk])
    page = client.get(address).content.decode()
    assert "Ralat tampil sebagai balasan di bawah kiriman lama." in page
    assert "Ralat tampil sebagai komentar di bawah kiriman lama." in page
    assert "Artikelnya diubah di alamat yang sama" in page
    refused = client.post(address, {"note": "  "})
    assert refused.status_code == 422
    assert 'id="note-problem"' in refused.content.decode()
    answer = client.post(address, {"note": "Jamnya 09.00."})
    assert answer["Location"] == reverse("announcement", args=[row.pk])
    row.refresh_from_db()
    assert (row.state, row.version, row.change_note) == (AnnouncementState.DRAFT, 2, "Jamnya 09.00.")
    assert 'name="isi_headline"' in client.get(answer["Location"]).content.decode()


def test_budi_reads_the_sentence_of_a_correction_before_he_decides() -> None:
    row = published()
    newsroom.begin_correction(row, person("sari"), timezone.now(), "Jamnya 09.00.")
    newsroom.edit(row, {**FIELDS, "time": "Sabtu, 09.00"}, person("sari"), timezone.now())
    newsroom.submit(row, person("sari"), timezone.now())
    page = as_("budi").get(reverse("announcement", args=[row.pk])).content.decode()
    assert "Jamnya 09.00." in page
    assert "Lihat kiriman" in page


def test_budi_withdraws_with_a_public_reason() -> None:
    row = published()
    client, address = as_("budi"), reverse("retract", args=[row.pk])
    page = client.get(address).content.decode()
    assert "Kirimannya dihapus." in page
    assert "kirimannya lalu dihapus petugas di aplikasinya" in page
    assert "isinya diganti keterangan" in page
    assert client.post(address, {"reason": ""}).status_code == 422
    page = client.post(address, {"reason": "Acara dibatalkan."}, follow=True).content.decode()
    assert "Sedang ditarik dari semua saluran." in page
    assert "Acara dibatalkan." in page
    assert Delivery.objects.filter(act="retract").count() == 3


def test_a_withdrawal_that_a_person_finished_needs_no_link() -> None:
    row = published()
    newsroom.retract(row, person("budi"), timezone.now(), "Keliru.")
    delivery = Delivery.objects.get(announcement=row, act="retract", account__key="instagram")
    Delivery.objects.filter(pk=delivery.pk).update(state=DeliveryState.NEEDS_PERSON, next_at=None)
    assert "Sudah tidak ada" in as_("sari").get(reverse("announcement", args=[row.pk])).content.decode()
    as_("sari").post(reverse("delivery_there", args=[delivery.pk]))
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.RETRACTED


def test_what_waits_too_long_is_said_to_both_sides() -> None:
    row = submitted()
    Announcement.objects.filter(pk=row.pk).update(changed_at=timezone.now() - timedelta(hours=3))
    assert "Menunggu sejak" in as_("budi").get(reverse("today")).content.decode()
    assert "Belum disetujui sejak" in as_("sari").get(reverse("today")).content.decode()


# --- Jeda -------------------------------------------------------------------------------------------


def kept(**values: Any) -> Delivery:
    """A delivery that a pause holds."""
    row = approval.approve(submitted(), person("budi"), timezone.now(), version=1)
    holder = paused(**values)
    Delivery.objects.filter(announcement=row).update(pause=holder, held="Berkabung", next_at=None)
    return Delivery.objects.get(announcement=row, account__key="x")


def test_budi_begins_a_pause_that_stands_above_every_page_until_he_ends_it() -> None:
    client, address = as_("budi"), reverse("pause_new")
    refused = client.post(address, {"alasan": "Hari Berkabung", "golongan": "event", "kecamatan": "32.75.09"})
    page = refused.content.decode()
    assert refused.status_code == 422
    assert 'id="pejabat-problem"' in page
    assert 'value="Hari Berkabung"' in page
    assert 'value="event" checked' in page
    client.post(address, {"alasan": "Hari Berkabung", "pejabat": "Sekda", "berkabung": "1"})
    page = as_("sari").get(reverse("today")).content.decode()
    assert "Masa berkabung</strong> Hari Berkabung" in page
    client.post(reverse("pause_end", args=[Pause.objects.get().pk]))
    assert "Masa berkabung" not in as_("sari").get(reverse("today")).content.decode()


def test_what_is_held_is_said_on_the_letter_and_asked_about_when_the_pause_is_over() -> None:
    delivery = kept()
    client, letter = as_("sari"), reverse("announcement", args=[delivery.announcement_id])
    assert "Ditahan jeda “Berkabung”." in client.get(letter).content.decode()
    assert "Kirim sekarang" not in client.get(reverse("pauses")).content.decode()
    assert delivery.pause is not None
    pause.end(delivery.pause, person("budi"), timezone.now())
    assert "Putuskan apakah masih perlu tayang." in client.get(letter).content.decode()
    assert "3 tayangan bekas jeda" in client.get(reverse("today")).content.decode()
    page = client.get(reverse("pauses")).content.decode()
    assert page.count('name="penayangan"') == 3
    refused = client.post(
        reverse("held_decide"), {"penayangan": delivery.pk, "jawaban": "later", "waktu": ""}
    )
    assert refused.status_code == 422
    assert "Pilih tanggal dan jam yang akan datang." in refused.content.decode()
    client.post(reverse("held_decide"), {"penayangan": delivery.pk, "jawaban": "now"})
    delivery.refresh_from_db()
    assert (delivery.pause_id, delivery.held) == (None, "")
    assert client.get(reverse("pauses")).content.decode().count('name="penayangan"') == 2
    assert client.post(reverse("held_decide"), {"jawaban": "now"}).status_code == 422
    assert client.post(reverse("held_decide"), {"jawaban": "entah"}).status_code == 404


def test_during_a_pause_budi_names_who_allowed_an_exception() -> None:
    delivery = kept()
    client, sent = as_("budi"), {"penayangan": delivery.pk, "jawaban": "now"}
    refused = client.post(reverse("held_decide"), sent)
    assert "Tulis pejabat yang mengizinkan" in refused.content.decode()
    client.post(reverse("held_decide"), {**sent, "pejabat": "Sekretaris Daerah"})
    delivery.refresh_from_db()
    assert delivery.pause is None


# --- Darurat, mandat, piket -------------------------------------------------------------------------


def test_the_emergency_page_leads_from_a_template_to_the_board() -> None:
    second_approver()
    page = as_("sari").get(reverse("emergencies")).content.decode()
    assert reverse("announcement_compose", args=["emergency"]) in page
    assert "Kurang dari dua orang piket" in page
    row = an_emergency()
    page = as_("budi").get(reverse("emergencies")).content.decode()
    assert row.title in page
    assert "Masih perlu 2 persetujuan." in page
    assert "1 darurat menunggu persetujuan" in page
    for name in ("budi", "joko"):
        approval.approve(row, person(name), timezone.now(), version=1)
    board = as_("sari").get(reverse("emergency_board", args=[row.pk])).content.decode()
    assert "0 dari 3 saluran selesai." in board
    assert 'hx-trigger="every 3s"' in board
    alone = as_("sari").get(reverse("emergency_board", args=[row.pk]), headers={"HX-Request": "true"})
    assert "<html" not in alone.content.decode()
    assert (
        reverse("emergency_board", args=[row.pk]) in as_("sari").get(reverse("emergencies")).content.decode()
    )


def test_rina_records_a_mandate_and_lets_it_end() -> None:
    client, address = as_("rina"), reverse("mandates")
    sent = {"orang": person("budi").pk, "jabatan": "Kepala", "sebagai": "plt", "mulai": "2026-01-01"}
    refused = client.post(address, sent)
    assert refused.status_code == 422
    assert "tulis nomornya" in refused.content.decode()
    client.post(address, {**sent, "surat": "800/1"})
    assert "Plt. Kepala" in client.get(address).content.decode()
    made = Mandate.objects.get()
    client.post(reverse("mandate_end", args=[made.pk]), {"hari": "2025-01-01"})
    client.post(reverse("mandate_end", args=[made.pk]), {"hari": "bukan hari"})
    made.refresh_from_db()
    assert made.ends_on is None
    client.post(reverse("mandate_end", args=[made.pk]), {"hari": "2026-01-02"})
    made.refresh_from_db()
    assert str(made.ends_on) == "2026-01-02"
    assert "Mandat yang sudah berakhir" in client.get(address).content.decode()


def test_rina_keeps_the_roster() -> None:
    client, address = as_("rina"), reverse("roster")
    assert client.post(address, {}).content.decode().count('class="problem"') == 4
    sent = {"orang": person("budi").pk, "mulai": "2099-01-01T08:00", "sampai": "2099-01-01T16:00"}
    client.post(address, sent)
    turn = Duty.objects.get()
    assert turn.starts_at.isoformat() == "2099-01-01T01:00:00+00:00"
    client.post(reverse("turn_end", args=[turn.pk]))
    assert not Duty.objects.exists()


# --- Saluran, Lainnya, umpan ------------------------------------------------------------------------


def test_rina_tests_a_channel_and_reads_its_answer() -> None:
    page = (
        as_("rina")
        .post(reverse("channel_test", args=["feed"]), headers={"HX-Request": "true"})
        .content.decode()
    )
    assert "Umpan ditulis ke" in page


def test_missing_secrets_are_named() -> None:
    Account.objects.filter(key="x").update(secret_names={"bearer_token": "KENTONGAN_TEST_NOT_THERE"})
    assert "KENTONGAN_TEST_NOT_THERE" in as_("rina").get(reverse("channels")).content.decode()


def test_without_accounts_the_page_of_channels_says_who_adds_them() -> None:
    Source.objects.all().delete()
    Account.objects.all().delete()
    assert "Belum ada akun." in as_("rina").get(reverse("channels")).content.decode()


def test_the_theme_is_kept_in_a_cookie_and_painted_by_the_server() -> None:
    client = as_("wati")
    client.post(reverse("theme"), {"theme": "dark"})
    assert 'data-theme="dark"' in client.get(reverse("more")).content.decode()


def test_the_feed_is_public_and_only_its_own_files_are() -> None:
    from channels.contract import Outgoing
    from channels.feed import Feed

    outgoing = Outgoing(
        text="Ringkas", reference="KTG-1", title="Judul umpan", html="<p>Isi</p>", slug="judul-ktg-1"
    )
    Feed(Account.objects.get(key="feed")).send(outgoing, {})
    index = Client().get("/umpan/feed/")
    assert "Judul umpan" in index.content.decode()
    assert Client().get("/umpan/feed/judul-ktg-1.html").status_code == 200
    assert Client().get("/umpan/feed/feed.xml")["Content-Type"].startswith("application/atom+xml")
    for address in (
        "/umpan/feed/entries/judul-ktg-1.json",
        "/umpan/feed/../../kentongan.sqlite3",
        "/umpan/lain/",
    ):
        assert Client().get(address).status_code == 404


def test_nothing_on_a_page_is_inline_or_from_elsewhere() -> None:
    heard()
    answer = as_("wati").get(reverse("review"))
    page = answer.content.decode()
    assert "style=" not in page
    assert "onclick" not in page
    assert "<script>" not in page
    assert "script-src 'self'" in answer["Content-Security-Policy"]


# --- Speed ------------------------------------------------------------------------------------------

#: An approver's Beranda also asks for replies, updates to reporters, stuck replies, proposals and spikes.
BUDGET = 23


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("sari", "today"),
        ("budi", "today"),
        ("wati", "today"),
        ("tono", "today"),
        ("wati", "mentions"),
        ("wati", "review"),
        ("wati", "model"),
        ("tono", "cases"),
        ("sari", "announcements"),
        ("budi", "emergencies"),
        ("budi", "pauses"),
        ("rina", "mandates"),
        ("rina", "roster"),
        ("rina", "channels"),
    ],
)
def test_a_longer_list_asks_the_database_no_more_often(
    name: str, address: str, django_assert_max_num_queries: Any
) -> None:
    def fill() -> None:
        a_case(), heard(), drafted(), submitted(publish_at=timezone.now() + timedelta(minutes=5))
        approval.approve(submitted(), person("budi"), timezone.now(), version=1)

    client = as_(name)
    fill()
    with django_assert_max_num_queries(BUDGET) as few:
        client.get(reverse(address))
    for _ in range(4):
        fill()
    with django_assert_max_num_queries(len(few)):
        client.get(reverse(address))


def test_a_long_list_pages_by_key_and_loses_nothing() -> None:
    for _ in range(60):
        heard()
    client = as_("wati")
    first = client.get(reverse("mentions")).content.decode()
    assert first.count("data-row ") == 50
    last = Mention.objects.order_by("-id")[49].pk
    assert f"?sebelum={last}" in first
    assert client.get(reverse("mentions"), {"sebelum": last}).content.decode().count("data-row ") == 10
    assert len(first) < 60_000


# --- When something is wrong ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("view", "status", "sentence"),
    [
        (errors.forbidden, 403, "bukan bagian tugas Anda"),
        (errors.not_found, 404, "Halaman tidak ditemukan"),
        (errors.broken, 500, "Ada yang rusak di pihak kami"),
        (errors.form_too_old, 403, "Formulir ini sudah kedaluwarsa"),
    ],
)
def test_every_error_has_a_page_that_says_what_to_do(
    view: Callable[..., Any], status: int, sentence: str, rf: RequestFactory
) -> None:
    answer = view(rf.get("/"))
    assert answer.status_code == status
    assert sentence in answer.content.decode()


def test_a_dead_channel_and_a_silent_engine_are_said_at_the_top_of_every_page() -> None:
    Account.objects.filter(key="x").update(trouble="Token X tidak berlaku.")
    beat("engine", timezone.now() - timedelta(minutes=5))
    look(timezone.now())
    page = as_("sari").get(reverse("announcements")).content.decode()
    assert "2 gangguan" in page
    assert "Mesin tidak bergerak sejak 5 menit lalu" in page
    beat("engine", timezone.now())
    page = as_("sari").get(reverse("announcements")).content.decode()
    assert "1 gangguan" in page
    assert "X @pemkot tidak dapat dipakai: Token X tidak berlaku." in page
