"""What a case says to its citizen: by itself or drafted, who says yes, what is never said, and what they answer."""

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.act import NotAllowed, move
from cases.models import Case, Purpose, Reply, State
from cases.open import open_waiting
from cases.replies import approve, compose, correct, draft_of, drop, give_back, say
from cases.reply_rules import lint, objection, send_time
from cases.thread import answers, join_answers
from channels.models import Account, Receipt
from channels.x_length import has_link
from classifiers.models import Verdict
from ledger.chain import timeline
from ledger.models import Person
from monitor.models import Mention, Source
from publisher import replies as way_out
from publisher.approval import waiting_for
from publisher.models import Announcement, Delivery, DeliveryState
from publisher.newsroom import content_hash
from publisher.pause import start as begin_pause
from publisher.records import Search, register

pytestmark = pytest.mark.django_db

#: Ten in the morning in Bekasi.
NOW = datetime.fromisoformat("2026-11-24T03:00:00+00:00")
NIGHT = datetime.fromisoformat("2026-11-24T16:00:00+00:00")
_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _house(accounts: Any, settings: Any) -> None:
    settings.PUBLIC_URL = "https://kentongan.bekasikota.go.id"


@pytest.fixture
def tono(people: dict[str, Person]) -> Person:
    return people["tono"]


@pytest.fixture
def budi(people: dict[str, Person]) -> Person:
    return people["budi"]


#: The source by which a reply is possible, by account.
REACHABLE = {"x": "mention", "facebook": "comment", "instagram": "comment", "web_pemkot": "comment"}


def heard(
    key: str = "facebook",
    text: str = "Lampu jalan mati di Jatiasih",
    *,
    kind: str = "",
    parent: str = "",
    author: str = "siti",
    at: datetime = NOW,
    **more: Any,
) -> Mention:
    account = Account.objects.get(key=key)
    number = next(_numbers)
    site = account.setting("base_url").removeprefix("https://")
    external = f"{site}#comment-{number}" if account.channel == "website" else f"{90_000 + number}"
    source = Source.objects.filter(account=account, kind=kind or REACHABLE[key]).first()
    assert source is not None
    return Mention.objects.create(
        channel=account.channel,
        external_id=external,
        source=source,
        text=text,
        author=author,
        author_id=f"id-{author}" if author else "",
        posted_at=at,
        heard_at=at,
        parent_id=parent,
        unjudged=False,
        **more,
    )


def judged(mention: Mention, *, awaits: bool = True, **more: Any) -> Verdict:
    values = {"kind": "complaint", "probability": 0.9, "decision": "forward", "topic": "lampu_jalan_pju"}
    values |= {"place": "Jatiasih", "urgency": "normal", "authority": "city", "at": mention.heard_at}
    return Verdict.objects.create(mention=mention, awaits_case=awaits, **{**values, **more})


def opened(key: str = "facebook", now: datetime = NOW, **more: Any) -> Case:
    """The case of one post, after everything that happens around its opening."""
    names = ("place", "topic", "urgency", "authority")
    verdict = {name: more.pop(name) for name in names if name in more}
    if "judged_as" in more:
        verdict["kind"] = more.pop("judged_as")
    mention = heard(key, at=more.pop("at", now), **more)
    judged(mention, **verdict)
    assert open_waiting(now) == 1
    case = Case.objects.select_related("mention").get(mention=mention)
    if not case.code:
        Case.objects.filter(pk=case.pk).update(code="K7QX3M")
    return Case.objects.select_related("mention__source__account").get(pk=case.pk)


def only(case: Case) -> Reply:
    return Reply.objects.select_related("announcement", "case").get(case=case)


def appeared(reply: Reply, number: str, at: datetime = NOW) -> Delivery:
    """The reply as its channel has taken it."""
    delivery = way_out.delivery_of(reply.announcement)
    assert delivery is not None
    Delivery.objects.filter(pk=delivery.pk).update(
        state="published", remote_id=number, published_at=at, next_at=None
    )
    Announcement.objects.filter(pk=reply.announcement_id).update(
        state="published", live_version=delivery.version
    )
    Receipt.objects.create(account=delivery.account, remote_id=number, public_id=number, at=at)
    reply.announcement.refresh_from_db()
    delivery.refresh_from_db()
    return delivery


def free_case(key: str = "facebook", **more: Any) -> Case:
    """A case whose automatic reply has appeared."""
    case = opened(key, **more)
    appeared(only(case), f"r{case.pk}")
    return case


# --- the one automatic reply


@pytest.mark.parametrize("key", REACHABLE)
def test_a_new_case_answers_its_author_once_with_the_number(key: str) -> None:
    case = opened(key)
    reply = only(case)
    text = way_out.text_of(reply.announcement)
    assert (reply.purpose, reply.automatic) == (Purpose.RECEIPT, True)
    assert case.number in text
    delivery = way_out.delivery_of(reply.announcement)
    assert delivery is not None
    assert (delivery.state, delivery.due_at) == (DeliveryState.PLANNED, NOW)
    assert reply.announcement.answers == case.mention.external_id
    assert reply.announcement.about == case.subject
    assert reply.announcement.approved_hash == content_hash(reply.announcement)
    assert reply.announcement.approved_office == "aturan balasan"
    assert (reply.announcement.author.username, reply.announcement.author.is_active) == ("kentongan", False)


def test_on_x_it_carries_no_link_that_would_cost_thirteen_times_as_much() -> None:
    case = opened("x")
    assert not has_link(way_out.text_of(only(case).announcement))
    account = case.mention.source.account
    Account.objects.filter(pk=account.pk).update(settings={**account.settings, "reply_links": True})
    text = compose(_anew(case), Purpose.CONTEST).text
    assert f"https://kentongan.bekasikota.go.id/status/{case.number}/" in text


def test_elsewhere_it_leads_to_the_status_page() -> None:
    case = _anew(opened())
    assert f"/status/{case.number}/{case.code}/" in compose(case, Purpose.RECEIPT).text


def test_without_a_public_address_the_code_is_said_instead(settings: Any) -> None:
    settings.PUBLIC_URL = ""
    case = _anew(opened())
    said = compose(case, Purpose.RECEIPT).text
    assert "http" not in said
    assert case.code in said


def test_where_the_place_is_missing_the_one_reply_asks_for_it() -> None:
    reply = only(opened(place="", text="Lampu jalan mati"))
    assert reply.purpose == Purpose.ASK_PLACE
    text = way_out.text_of(reply.announcement)
    assert "Di mana" in text
    assert reply.case.number in text


def test_a_request_of_information_is_told_how_to_file_one() -> None:
    reply = only(opened(judged_as="information_request", place=""))
    assert reply.purpose == Purpose.INFORMATION
    assert "PPID" in way_out.text_of(reply.announcement)


@pytest.mark.parametrize(
    ("key", "more"),
    [
        ("x", {"kind": "keyword"}),  # X would refuse it: nobody spoke to us
        ("instagram", {"kind": "tagged"}),  # Instagram takes comments under our own media only
        ("facebook", {"author": ""}),  # the platform hides who wrote it
    ],
)
def test_who_cannot_or_must_not_be_answered_is_not(key: str, more: dict[str, str]) -> None:
    case = opened(key, **more)
    assert not Reply.objects.filter(case=case).exists()


def test_a_reply_to_our_post_counts_as_spoken_to_us_on_x() -> None:
    account = Account.objects.get(key="x")
    Receipt.objects.create(account=account, remote_id="555", public_id="555", at=NOW)
    assert only(opened("x", kind="keyword", parent="555")).automatic


def test_with_an_enterprise_plan_x_answers_to_searches_are_possible(tono: Person) -> None:
    account = Account.objects.get(key="x")
    Account.objects.filter(key="x").update(settings={**account.settings, "plan": "enterprise"})
    assert only(opened("x", kind="keyword")).automatic


def test_an_officer_is_told_before_anything_is_sent_that_x_would_refuse(tono: Person) -> None:
    case = opened("x", kind="keyword")
    with pytest.raises(NotAllowed, match="Enterprise"):
        say(case, Purpose.PROGRESS, tono, NOW)
    assert not Delivery.objects.exists()


def test_at_night_the_machine_waits_until_morning_unless_there_is_danger() -> None:
    delivery = way_out.delivery_of(only(opened(now=NIGHT)).announcement)
    assert delivery is not None
    assert delivery.due_at == datetime.fromisoformat("2026-11-24T22:30:00+00:00")  # 05.30 WIB
    danger = only(opened(now=NIGHT, urgency="emergency", text="Kebakaran di Jatiasih")).announcement
    hurried = way_out.delivery_of(danger)
    assert hurried is not None
    assert (hurried.due_at, hurried.urgent) == (NIGHT, True)
    assert "1500444" in way_out.text_of(danger)


@given(minutes=st.integers(0, 3 * 24 * 60))
def test_an_automatic_reply_never_goes_out_at_night(minutes: int) -> None:
    from zoneinfo import ZoneInfo

    mention = Mention(channel="facebook")
    case = Case(gate="complaint", mention=mention)
    at = send_time(case, NOW + timedelta(minutes=minutes)).astimezone(ZoneInfo("Asia/Jakarta"))
    assert "05:30" <= f"{at:%H:%M}" < "21:00"


# --- drafts, and who says yes


def _anew(case: Case) -> Case:
    return Case.objects.select_related("mention__source__account", "mention__verdict", "unit").get(pk=case.pk)


def _to(case: Case, tono: Person, *states: State) -> Case:
    for state in states:
        case = move(_anew(case), state, tono, NOW, "sebab")
    return case


def _in_state(case: Case, state: State, before: State, tono: Person) -> None:
    """What `moved` does when the case takes this step, without the steps of others around it."""
    from cases.replies import moved

    Case.objects.filter(pk=case.pk).update(state=state)
    moved(_anew(case), before, tono, NOW)


def test_a_step_of_the_case_drafts_what_the_officer_only_confirms(tono: Person) -> None:
    case = free_case()
    _in_state(case, State.IN_PROGRESS, State.ASSIGNED, tono)
    draft = draft_of(case, Purpose.PROGRESS)
    assert draft is not None
    assert draft.announcement.state == "draft"
    assert not Delivery.objects.filter(announcement=draft.announcement).exists()
    sent = say(case, Purpose.PROGRESS, tono, NOW)
    assert sent.pk == draft.pk
    assert sent.announcement.approved_by == tono
    assert way_out.delivery_of(sent.announcement) is not None


def test_a_draft_of_an_earlier_step_falls_with_the_next(tono: Person) -> None:
    case = free_case()
    _in_state(case, State.IN_PROGRESS, State.ASSIGNED, tono)
    _in_state(case, State.ANSWERED, State.IN_PROGRESS, tono)
    assert draft_of(case, Purpose.PROGRESS) is None
    assert draft_of(case, Purpose.DONE) is not None


def test_own_words_need_an_approver_who_did_not_write_them(tono: Person, budi: Person) -> None:
    case = free_case()
    reply = say(case, Purpose.FREE, tono, NOW, text="Petugas kami datang besok pagi.")
    assert reply.announcement.state == "submitted"
    version = reply.announcement.version
    with pytest.raises(NotAllowed):
        approve(reply, tono, NOW, version=version)
    approve(reply, budi, NOW, version=version)
    delivery = way_out.delivery_of(reply.announcement)
    assert delivery is not None
    assert delivery.state == DeliveryState.PLANNED
    assert reply.announcement.approved_hash == content_hash(reply.announcement)


def test_nobody_approves_their_own_even_with_both_roles(people: dict[str, Person]) -> None:
    from ledger.roles import Role, give

    give(people["tono"], Role.APPROVER)
    reply = say(free_case(), Purpose.FREE, people["tono"], NOW, text="Kami datang besok.")
    with pytest.raises(NotAllowed, match="menyetujuinya sendiri"):
        approve(reply, people["tono"], NOW, version=1)


def test_a_reply_that_was_given_back_can_be_written_again(tono: Person, budi: Person) -> None:
    case = free_case()
    reply = say(case, Purpose.FREE, tono, NOW, text="Kami datang besok.")
    give_back(reply, budi, NOW, "Sebut jamnya.", version=1)
    again = say(case, Purpose.FREE, tono, NOW, text="Kami datang besok pukul sembilan.")
    assert again.pk == reply.pk
    assert (again.announcement.state, again.announcement.version) == ("submitted", 2)
    with pytest.raises(NotAllowed, match="diubah"):
        approve(again, budi, NOW, version=1)


@pytest.mark.parametrize(
    "text", ["Ganti rugi diurus besok.", "Biaya Rp 50.000 per rumah.", "Kami akan menuntut secara hukum."]
)
def test_money_and_law_need_an_approver(text: str, tono: Person) -> None:
    reply = say(free_case(), Purpose.PROGRESS, tono, NOW, text=text)
    assert reply.announcement.state == "submitted"


def test_words_about_an_emergency_need_an_approver(tono: Person) -> None:
    case = free_case(urgency="emergency", text="Kebakaran di Jatiasih")
    reply = say(case, Purpose.PROGRESS, tono, NOW, text="Damkar di lokasi.")
    assert reply.announcement.state == "submitted"


def test_the_preview_is_what_is_sent(tono: Person) -> None:
    case = _anew(free_case())
    shown = compose(case, Purpose.PROGRESS, "Tiang diganti hari ini.")
    reply = say(case, Purpose.PROGRESS, tono, NOW, text="Tiang diganti hari ini.")
    assert way_out.text_of(reply.announcement) == shown.text


def test_the_same_sentence_is_not_said_twice(tono: Person) -> None:
    case = free_case()
    say(case, Purpose.PROGRESS, tono, NOW, text="Tiang diganti hari ini.")
    with pytest.raises(NotAllowed, match="sama"):
        say(case, Purpose.PROGRESS, tono, NOW, text="Tiang diganti hari ini.")


def test_who_has_no_task_in_cases_says_nothing(people: dict[str, Person]) -> None:
    with pytest.raises(NotAllowed, match="tugas"):
        say(free_case(), Purpose.PROGRESS, people["sari"], NOW)


def test_what_is_too_long_for_its_channel_is_said_with_both_numbers(tono: Person) -> None:
    with pytest.raises(NotAllowed, match="280"):
        say(free_case("x"), Purpose.FREE, tono, NOW, text="kata " * 80)


# --- what is never said in public


@pytest.mark.parametrize(
    "text",
    [
        "Mohon kirim NIK Anda.",
        "Berapa nomor HP yang bisa dihubungi?",
        "Tulis alamat rumah lengkapnya di sini ya.",
        "Silakan DM foto KTP.",
        "Please send your phone number.",
        "Boleh minta no wa nya?",
    ],
)
def test_personal_data_is_not_asked_for_in_public(text: str, tono: Person) -> None:
    with pytest.raises(NotAllowed, match="formulir"):
        say(free_case(), Purpose.FREE, tono, NOW, text=text)


@pytest.mark.parametrize(
    "text",
    [
        "Jangan tulis nomor HP di kolom ini.",
        "Di mana tepatnya? Sebut nama jalan atau patokan terdekat.",
        "Isi data diri lewat formulir di halaman status.",
        "Petugas memakai seragam dan kartu nama.",
    ],
)
def test_what_warns_of_it_or_leads_to_the_form_may_be_said(text: str) -> None:
    assert lint(text, text) == []


@pytest.mark.parametrize("text", ["Hubungi 0812-3456-7890.", "NIK 3275012345678901 sudah kami cek."])
def test_a_personal_number_is_not_said_at_all(text: str, tono: Person) -> None:
    with pytest.raises(NotAllowed, match="nomor pribadi"):
        say(free_case(), Purpose.FREE, tono, NOW, text=text)


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("purpose", [p for p in Purpose if p not in (Purpose.FREE, Purpose.INCIDENT)])
@pytest.mark.parametrize("key", REACHABLE)
def test_every_template_fits_every_channel_and_asks_for_nothing_private(
    key: str, purpose: Purpose, language: str
) -> None:
    """With the longest that a case can bring along: danger, a long unit, a long body that is responsible."""
    case = _anew(opened(key, urgency="emergency", authority="pln"))
    ready = compose(case, purpose, language=language)
    assert ready.problems == []
    assert case.number in ready.text


# --- what surrounds announcements leaves replies alone


def test_a_waiting_reply_is_no_announcement_that_waits(tono: Person, budi: Person) -> None:
    reply = say(free_case(), Purpose.FREE, tono, NOW, text="Kami datang besok.")
    assert not waiting_for(budi).exists()
    assert reply.announcement not in Announcement.proper.all()


def test_a_pause_of_announcements_does_not_silence_answers(budi: Person) -> None:
    from publisher.pause import holds

    begin_pause(budi, NOW, "Masa berkabung", "Wali Kota", mourning=True)
    begin_pause(budi, NOW, "Semua ditahan", "Wali Kota")
    delivery = way_out.delivery_of(only(opened()).announcement)
    assert delivery is not None
    assert holds(delivery, NOW) is None
    begin_pause(budi, NOW, "Akun diretas", "Wali Kota", accounts=[delivery.account])
    held = holds(delivery, NOW)
    assert held is not None
    assert held.reason == "Akun diretas"


def test_the_register_of_public_information_has_no_replies() -> None:
    reply = only(opened())
    appeared(reply, "r1")
    from publisher.archive import keep_proof

    delivery = way_out.delivery_of(reply.announcement)
    assert delivery is not None
    assert keep_proof(delivery, "published", NOW)  # but the archive has its proof
    assert list(register(Search())) == []


def test_a_reply_that_waits_can_be_dropped_and_one_that_is_out_cannot(tono: Person) -> None:
    case = opened()
    reply = only(case)
    drop(reply, tono, NOW)
    delivery = way_out.delivery_of(reply.announcement)
    assert delivery is not None
    assert delivery.state == DeliveryState.CANCELLED
    other = only(opened())
    appeared(other, "r9")
    with pytest.raises(NotAllowed, match="ralat"):
        drop(other, tono, NOW)


def test_a_correction_is_a_version_of_its_own_that_an_approver_reads(tono: Person, budi: Person) -> None:
    case = opened()
    reply = only(case)
    appeared(reply, "r1")
    correct(reply, tono, NOW, f"Laporan {case.number} kami terima untuk Jatiasih.", "Tempatnya keliru.")
    assert (reply.announcement.state, reply.announcement.version) == ("submitted", 2)
    approve(reply, budi, NOW, version=2)
    delivery = way_out.delivery_of(reply.announcement)
    assert delivery is not None
    assert (delivery.act, delivery.version, delivery.about.remote_id) == ("correct", 2, "r1")


# --- what the citizen answers


def _asked(key: str, **more: Any) -> tuple[Case, Delivery]:
    case = opened(key, place="", text="Lampu jalan mati sejak kemarin", **more)
    return case, appeared(only(case), f"7{case.pk:05}")


def _answer(case: Case, parent: str, text: str, *, key: str, author: str = "siti", **more: Any) -> Verdict:
    mention = heard(key, text, parent=parent, author=author, at=NOW + timedelta(minutes=5))
    values = {"kind": "other", "decision": "dismiss", "topic": "", "place": "", "awaits": False}
    return judged(mention, **{**values, **more})


@pytest.mark.parametrize("key", REACHABLE)
def test_an_answer_to_where_fills_the_place_and_opens_no_case(key: str) -> None:
    case, delivery = _asked(key)
    _answer(case, delivery.remote_id, "di Jatiasih depan masjid", key=key)
    assert open_waiting(NOW + timedelta(minutes=6)) == 0
    case.refresh_from_db()
    assert case.place == "Jatiasih"
    assert [one.text for one in answers(case)] == ["di Jatiasih depan masjid"]
    assert Case.objects.count() == 1
    assert "case.answered_by_citizen" in [event.kind for event in timeline(case.subject)]


def test_where_comments_have_two_levels_the_answer_hangs_under_their_own() -> None:
    case, _delivery = _asked("instagram")
    _answer(case, case.mention.external_id, "di Jatiasih", key="instagram")
    assert join_answers(NOW) == 1
    assert join_answers(NOW) == 0
    case.refresh_from_db()
    assert case.place == "Jatiasih"


def test_an_answer_that_reads_like_a_complaint_joins_too() -> None:
    case = free_case()
    delivery = Delivery.objects.get(announcement__about=case.subject)
    _answer(case, delivery.remote_id, "Masih mati juga!", key="facebook", kind="complaint", awaits=True)
    assert open_waiting(NOW + timedelta(minutes=6)) == 0
    assert len(answers(case)) == 1


def test_somebody_else_in_the_thread_has_a_case_of_their_own() -> None:
    case, delivery = _asked("facebook")
    _answer(
        case,
        delivery.remote_id,
        "Di Pekayon juga mati lampunya",
        key="facebook",
        author="joko",
        kind="complaint",
        awaits=True,
        place="Pekayon Jaya",
    )
    assert open_waiting(NOW + timedelta(minutes=6)) == 1
    case.refresh_from_db()
    assert case.place == ""


def test_a_new_danger_in_the_thread_is_a_case_of_its_own() -> None:
    case = free_case()
    delivery = Delivery.objects.get(announcement__about=case.subject)
    _answer(
        case,
        delivery.remote_id,
        "Tolong, ada kebakaran!",
        key="facebook",
        kind="complaint",
        awaits=True,
        urgency="emergency",
    )
    assert open_waiting(NOW + timedelta(minutes=6)) == 1


def test_the_next_reply_answers_the_newest_words_of_the_citizen(tono: Person) -> None:
    case, delivery = _asked("facebook")
    verdict = _answer(case, delivery.remote_id, "di Jatiasih", key="facebook")
    join_answers(NOW)
    reply = say(case, Purpose.PROGRESS, tono, NOW)
    assert reply.announcement.answers == verdict.mention.external_id


def test_what_is_gone_is_not_answered(tono: Person) -> None:
    case = free_case()
    Mention.objects.filter(pk=case.mention_id).update(gone_at=NOW)
    assert objection(_anew(case)).startswith("Kiriman warga sudah tidak ada")
    with pytest.raises(NotAllowed, match="tidak ada lagi"):
        say(case, Purpose.PROGRESS, tono, NOW)


# --- the pages


def _page(client: Any, person: Person, address: str, **sent: str) -> Any:
    client.force_login(person)
    return client.post(address, sent) if sent else client.get(address)


@pytest.fixture(autouse=True)
def _indonesian() -> Any:
    from django.utils.translation import override

    with override("id"):
        yield


def test_an_officer_reads_the_thread_and_writes_in_it(client: Any, tono: Person) -> None:
    case = free_case()
    address = f"/kasus/{case.number}/balasan/"
    shown = _page(client, tono, address)
    assert shown.status_code == 200
    assert case.number in shown.content.decode()
    sent = _page(client, tono, f"{address}kirim/", tujuan="progress", teks="Tiang diganti.", tindakan="kirim")
    assert sent.status_code == 302
    assert "Tiang diganti." in _page(client, tono, address).content.decode()


def test_a_refused_sentence_stays_in_the_composer_with_the_reason_beside_it(
    client: Any, tono: Person
) -> None:
    case = free_case()
    answer = _page(
        client,
        tono,
        f"/kasus/{case.number}/balasan/kirim/",
        tujuan="free",
        teks="Kirim NIK Anda.",
        tindakan="kirim",
    )
    said = answer.content.decode()
    assert answer.status_code == 422
    assert "Kirim NIK Anda." in said
    assert "formulir" in said


@pytest.mark.parametrize("act", ["pratinjau", "simpan"])
def test_a_preview_and_a_draft_send_nothing(act: str, client: Any, tono: Person) -> None:
    case = free_case()
    before = Delivery.objects.count()
    address = f"/kasus/{case.number}/balasan/kirim/"
    answer = _page(client, tono, address, tujuan="free", teks="Besok kami datang.", tindakan=act)
    assert answer.status_code in (200, 302)
    assert Delivery.objects.count() == before
    if act == "simpan":
        assert draft_of(case, Purpose.FREE) is not None


def test_the_live_preview_tells_length_and_who_must_say_yes(client: Any, tono: Person) -> None:
    case = free_case()
    answer = _page(
        client, tono, f"/kasus/{case.number}/balasan/pratinjau/", tujuan="free", teks="Besok kami datang."
    )
    said = answer.content.decode()
    assert "dari 1200" in said
    assert "jawaban dengan kata sendiri" in said


def test_an_approver_without_cases_reads_the_letter_and_decides(
    client: Any, tono: Person, budi: Person
) -> None:
    reply = say(free_case(), Purpose.FREE, tono, NOW, text="Besok kami datang.")
    address = f"/balasan/{reply.pk}/"
    letter = _page(client, budi, address).content.decode()
    assert "Besok kami datang." in letter
    assert "jawaban dengan kata sendiri" in letter
    assert "Setujui dan kirim" in letter
    assert str(reply.announcement.title) in _page(client, budi, "/").content.decode()
    stale = _page(client, budi, f"{address}setujui/", version="7")
    assert stale.status_code == 422
    assert _page(client, budi, f"{address}setujui/", version="1").status_code == 302
    assert way_out.delivery_of(reply.announcement) is not None


def test_without_a_note_nothing_is_given_back(client: Any, tono: Person, budi: Person) -> None:
    reply = say(free_case(), Purpose.FREE, tono, NOW, text="Besok kami datang.")
    answer = _page(client, budi, f"/balasan/{reply.pk}/kembalikan/", version="1", note=" ")
    assert answer.status_code == 422
    assert "Tulis apa yang perlu diperbaiki" in answer.content.decode()


def test_a_reply_that_its_channel_refused_leads_to_its_own_page(client: Any, tono: Person) -> None:
    reply = only(opened())
    delivery = way_out.delivery_of(reply.announcement)
    assert delivery is not None
    Delivery.objects.filter(pk=delivery.pk).update(state="refused", trouble="Facebook menolak.", next_at=None)
    assert f"/balasan/{reply.pk}/" in _page(client, tono, "/").content.decode()
    assert "Facebook menolak." in _page(client, tono, f"/balasan/{reply.pk}/").content.decode()
    assert _page(client, tono, f"/balasan/{reply.pk}/kirim-lagi/", x="1").status_code == 302
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.RETRYING


def test_who_may_see_no_cases_sees_no_replies(client: Any, people: dict[str, Person]) -> None:
    reply = only(opened())
    for name in ("eka", "sari"):
        assert _page(client, people[name], f"/balasan/{reply.pk}/").status_code == 403


def test_the_page_of_an_announcement_leads_a_reply_to_its_own(client: Any, budi: Person) -> None:
    reply = only(opened())
    answer = _page(client, budi, f"/pengumuman/{reply.announcement_id}/")
    assert answer.url == f"/balasan/{reply.pk}/"
    assert (
        _page(client, budi, f"/pengumuman/{reply.announcement_id}/setujui/", version="1").status_code == 404
    )
