"""Handing over by mail against a real SMTP server that fails in every way, and the links by which a unit answers."""

import io
import re
import ssl
from collections.abc import Iterator
from datetime import timedelta
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from cases.handoff import action_links, engine, registry
from cases.handoff.unit_mail import message_id
from cases.models import ActionLink, Attachment, Case, HandOff, HandOffState, HandOffTry, State
from channels import mail as way_out
from channels.contract import ChannelError, Failure
from config.mail import read
from ledger.chain import timeline
from tests.certificates import self_signed
from tests.receivers import MailServer, sign_in
from tests.receivers import mail as mail_server
from tests.unit.test_handoff_engine import NOW, a_case, a_unit

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


def point_at(settings: Any, port: int, query: str = "", user: str = "", scheme: str = "smtp") -> None:
    """The settings as config/settings.py makes them from the environment."""
    found = read(f"{scheme}://{user}127.0.0.1:{port}/{query}", "Kota Bekasi <lapor@bekasi.example.go.id>")
    settings.EMAIL_BACKEND = "channels.mail.Backend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = found.host, found.port
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = found.user, found.password
    settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = found.starttls, found.tls
    settings.EMAIL_TIMEOUT, settings.DEFAULT_FROM_EMAIL = 2, found.sender


@pytest.fixture
def post(settings: Any, tmp_path: Path) -> Iterator[MailServer]:
    settings.KENTONGAN_HOME = tmp_path
    settings.PUBLIC_URL = "https://desk.example.go.id"
    with mail_server() as made:
        point_at(settings, made.port)
        yield made


def handed(purpose: str = "assign", state: str = State.ASSIGNED, **more: Any) -> HandOff:
    unit = a_unit(urc_email="urc@dbmsda.example.go.id", urc_name="URC Bina Marga")
    case = a_case(unit, state, topic="lampu_jalan_pju", place="Jatiasih", **more)
    (made,) = engine.plan_for_unit(case, unit, NOW, purpose)
    return made


def text_of(message: Message) -> str:
    plain = next(part for part in message.walk() if part.get_content_type() == "text/plain")
    return plain.get_payload(decode=True).decode()


def links_of(message: Message) -> dict[str, str]:
    found = re.findall(r"https://desk\.example\.go\.id(/aksi/[\w-]{43}/)", text_of(message))
    return dict(zip(("accept", "refuse", "progress", "done"), found, strict=True))


def outcome(handoff: HandOff) -> tuple[str, str]:
    handoff.refresh_from_db()
    return handoff.state, HandOffTry.objects.filter(handoff=handoff).order_by("-number")[0].outcome


# --- the message


def test_the_mail_says_what_where_and_until_when_and_nothing_about_who(post: MailServer) -> None:
    handoff = handed()
    handoff.case.mention.author = "@dewi_bekasi"
    handoff.case.mention.save()
    assert engine.advance(handoff.pk, NOW) == HandOffState.DELIVERED
    (message,) = post.kept
    assert message["To"] == "urc@dbmsda.example.go.id"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == f"<{handoff.key.hex}@bekasi.example.go.id>"
    assert message["List-Unsubscribe"] is None
    plain, whole = text_of(message), message.as_string()
    for wanted in (handoff.case.number, "lampu jalan", "Jatiasih", "Lampu mati"):
        assert wanted in plain
    assert f"https://desk.example.go.id/kasus/{handoff.case.number}/" in plain
    assert "dewi" not in whole
    assert [part.get_content_type() for part in message.walk()][1:] == ["text/plain", "text/html"]
    handoff.refresh_from_db()
    assert handoff.proof["answer"] == "250 2.0.0 Ok: queued as 4F2A1"
    assert handoff.proof["message_id"] == message_id(handoff)


def test_a_citizens_words_cannot_change_the_mail(post: MailServer) -> None:
    handoff = handed()
    handoff.case.place = "Jatiasih\r\nBcc: semua@example.com"
    handoff.case.save()
    handoff.case.mention.text = "<script>alert(1)</script>\r\n.\r\nQUIT & lampu"
    handoff.case.mention.save()
    engine.advance(handoff.pk, NOW)
    (message,) = post.kept
    html = next(part for part in message.walk() if part.get_content_type() == "text/html")
    assert message["Bcc"] is None
    assert b"<script>" not in html.get_payload(decode=True)
    assert "& lampu" in text_of(message)


def test_an_update_is_in_the_thread_of_the_first_mail(post: MailServer) -> None:
    first = handed()
    engine.advance(first.pk, NOW)
    second = engine.plan(first.case, first.receiver, NOW, purpose="update")
    engine.advance(second.pk, NOW)
    assert post.kept[1]["In-Reply-To"] == post.kept[0]["Message-ID"]
    assert post.kept[1]["Message-ID"] != post.kept[0]["Message-ID"]


def test_an_emergency_is_called_so_in_the_subject(post: MailServer) -> None:
    engine.advance(handed("emergency").pk, NOW)
    assert str(post.kept[0]["Importance"]) == "high"
    from email.header import decode_header, make_header

    assert str(make_header(decode_header(post.kept[0]["Subject"]))).startswith("DARURAT · BKS-2026-")


# --- how a mail server fails


@pytest.mark.parametrize(
    ("fault", "state", "tried", "kept"),
    [
        ("mail_421", HandOffState.RETRYING, "later", 0),
        ("rcpt_450", HandOffState.RETRYING, "later", 0),
        ("rcpt_550", HandOffState.REFUSED, "refused", 0),
        ("drop_at_rcpt", HandOffState.RETRYING, "later", 0),
        ("data_451", HandOffState.RETRYING, "later", 0),
        ("data_554", HandOffState.REFUSED, "refused", 0),
        ("drop_in_data", HandOffState.UNKNOWN, "unknown", 0),
        ("keep_then_drop", HandOffState.UNKNOWN, "unknown", 1),
    ],
)
def test_each_failure_is_called_what_it_is(
    post: MailServer, fault: str, state: str, tried: str, kept: int
) -> None:
    handoff = handed()
    post.faults.waiting = [fault]
    engine.advance(handoff.pk, NOW)
    assert post.faults.played == [fault]
    assert outcome(handoff) == (state, tried)
    assert len(post.kept) == kept


def test_a_mail_that_may_have_gone_is_never_sent_again_by_the_machine(
    post: MailServer, people: dict[str, Any]
) -> None:
    handoff = handed()
    post.faults.waiting = ["keep_then_drop"]
    engine.advance(handoff.pk, NOW)
    for hours in range(1, 60):
        engine.advance(handoff.pk, NOW + timedelta(hours=hours))
    assert len(post.kept) == 1
    assert outcome(handoff)[0] == HandOffState.NEEDS_PERSON
    engine.send_again(handoff, people["tono"], LATER)
    assert engine.advance(handoff.pk, LATER) == HandOffState.DELIVERED
    assert post.kept[0]["Message-ID"] == post.kept[1]["Message-ID"]


def test_a_second_try_is_the_same_mail_with_the_same_links(post: MailServer) -> None:
    handoff = handed()
    post.faults.waiting = ["data_451"]
    engine.advance(handoff.pk, NOW)
    engine.advance(handoff.pk, LATER)
    assert ActionLink.objects.count() == 4
    hashes = set(HandOffTry.objects.values_list("content_hash", flat=True))
    assert (len(hashes), HandOffTry.objects.count()) == (1, 2)


def test_a_server_that_is_not_there_or_says_nothing_is_tried_again(post: MailServer, settings: Any) -> None:
    import socket

    handoff = handed()
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = mute.getsockname()[1], 0.3
        assert engine.advance(handoff.pk, NOW) == HandOffState.RETRYING  # nobody listens
        mute.listen()
        assert engine.advance(handoff.pk, LATER) == HandOffState.RETRYING  # nobody speaks
    assert outcome(handoff)[1] == "later"


def test_without_mail_or_with_a_wrong_password_a_person_is_told(post: MailServer, settings: Any) -> None:
    handoff = handed()
    settings.EMAIL_HOST = ""
    assert engine.advance(handoff.pk, NOW) == HandOffState.NEEDS_PERSON
    handoff.receiver.refresh_from_db()
    assert "Surel belum diatur" in handoff.receiver.trouble
    with mail_server(**sign_in("kota", "benar")) as strict:
        point_at(settings, strict.port, user="kota:salah@")
        assert not registry.probe(handoff.receiver).ok
        point_at(settings, strict.port, user="kota:benar@")
        answer = registry.probe(handoff.receiver)
        assert (answer.ok, strict.kept) == (True, [])
        assert "urc@dbmsda.example.go.id" in answer.sentence


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_that_nobody_vouches_for_gets_no_mail(
    post: MailServer, settings: Any, tmp_path: Path, scheme: str
) -> None:
    context = self_signed(tmp_path, "127.0.0.1")
    options: dict[str, Any] = {"tls_context": context} if scheme == "smtp" else {}
    with mail_server(**options) as secure:
        point_at(settings, secure.port, "?tls=1", scheme=scheme)
        with pytest.raises(ChannelError) as caught:
            way_out.probe()
    assert caught.value.failure in (Failure.CREDENTIALS, Failure.LATER)
    assert isinstance(caught.value.__cause__, ssl.SSLError | OSError)


# --- the links


def sent(post: MailServer, **more: Any) -> tuple[HandOff, dict[str, str]]:
    handoff = handed(**more)
    engine.advance(handoff.pk, NOW)
    ActionLink.objects.update(expires_at="2100-01-01T00:00:00Z")
    handoff.refresh_from_db()
    return handoff, links_of(post.kept[-1])


def photo() -> io.BytesIO:
    made = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(made, "JPEG")
    made.seek(0)
    made.name = "selesai.jpg"
    return made


def test_opening_a_link_changes_nothing_and_its_button_does_it_once(post: MailServer) -> None:
    handoff, links = sent(post)
    page = Client(enforce_csrf_checks=True)
    for _ in range(3):  # mail scanners
        answer = page.get(links["accept"])
        assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert ActionLink.objects.filter(used_at__isnull=False).count() == 0
    assert page.post(links["accept"]).status_code == 403  # without the form's token
    token = page.cookies["csrftoken"].value
    assert page.post(links["accept"], {"csrfmiddlewaretoken": token}).status_code == 200
    handoff.refresh_from_db()
    assert (handoff.acknowledged_at is not None, handoff.remote_state) == (True, "accepted")
    assert page.get(links["accept"]).status_code == 410
    assert page.post(links["accept"], {"csrfmiddlewaretoken": token}).status_code == 410
    answered = [event for event in timeline(handoff.case.subject) if event.kind == "handoff.answered"]
    assert [event.actor for event in answered] == [None]


def test_no_token_is_stored(post: MailServer) -> None:
    _, links = sent(post)
    stored = str(list(ActionLink.objects.values())) + str(list(HandOff.objects.values()))
    assert not any(link.split("/")[2] in stored for link in links.values())


def test_refusing_needs_a_reason_and_what_was_typed_is_kept(post: MailServer) -> None:
    _, links = sent(post)
    answer = Client().post(links["refuse"], {"note": "   "})
    assert answer.status_code == 422
    assert ActionLink.objects.filter(used_at__isnull=False).count() == 0
    answer = Client().post(links["done"], {"note": "x" * 1200})
    assert (answer.status_code, "x" * 1200 in answer.content.decode()) == (422, True)


def test_progress_and_done_bring_photos_and_move_the_case(post: MailServer) -> None:
    handoff, links = sent(post)
    Client().post(links["progress"], {"note": "Tim di lokasi"})
    answer = Client().post(links["done"], {"note": "Lampu diganti", "photo": photo()})
    assert answer.status_code == 200, answer.content.decode()
    case = Case.objects.get(pk=handoff.case_id)
    assert case.state == State.ANSWERED
    (proof,) = Attachment.objects.all()
    assert (proof.role, proof.unit, proof.by) == ("proof", handoff.receiver.unit, None)


def test_a_photo_that_is_none_uses_nothing_up(post: MailServer) -> None:
    _, links = sent(post)
    bad = io.BytesIO(b"<?php echo 1;")
    bad.name = "foto.jpg"
    answer = Client().post(links["done"], {"note": "Selesai", "photo": bad})
    assert answer.status_code == 422
    assert ActionLink.objects.filter(used_at__isnull=False).count() == 0


def test_links_that_are_wrong_late_or_of_an_ended_case_give_a_calm_page(post: MailServer) -> None:
    handoff, links = sent(post)
    wrong = Client().get("/aksi/" + "a" * 43 + "/")
    assert (wrong.status_code, handoff.case.number in wrong.content.decode()) == (404, False)
    assert Client().get("/aksi/x/").status_code == 404
    ActionLink.objects.update(expires_at=NOW)
    late = Client().get(links["accept"])
    assert (late.status_code, handoff.case.number in late.content.decode()) == (410, False)
    ActionLink.objects.update(expires_at="2100-01-01T00:00:00Z")
    Case.objects.update(state=State.REJECTED)
    assert Client().post(links["accept"]).status_code == 410


def test_links_work_for_fourteen_days(post: MailServer) -> None:
    handoff = handed()
    engine.advance(handoff.pk, NOW)
    link = ActionLink.objects.get(action="accept")
    action_links.standing(link, NOW + timedelta(days=13, hours=23))
    with pytest.raises(action_links.Gone):
        action_links.standing(link, NOW + timedelta(days=14))


def test_without_a_public_address_the_mail_goes_out_without_links(post: MailServer, settings: Any) -> None:
    settings.PUBLIC_URL = ""
    engine.advance(handed().pk, NOW)
    assert "/aksi/" not in text_of(post.kept[0])
    assert ActionLink.objects.count() == 0
