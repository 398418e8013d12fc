"""Handing over by signed webhook to a receiver that fails in every way, and what it tells us the same way."""

import json
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from cases.handoff import engine, registry, signing
from cases.handoff.receivers import rotate
from cases.handoff.webhook import encoded, payload
from cases.models import Case, HandOff, HandOffState, Receiver, State
from channels.models import Account
from channels.vault import lock
from ledger.chain import timeline
from tests.receivers import WebServer
from tests.unit.test_handoff_engine import NOW, a_case, a_receiver, a_unit
from tests.unit.test_handoff_engine import site as site

pytestmark = pytest.mark.django_db
SCHEMA = json.loads(
    (Path(__file__).resolve().parent.parent.parent / "docs" / "webhook-case.schema.json").read_text("utf-8")
)
KEYS = {"k1": "kunci-rahasia"}


def handed(site: WebServer, **more: Any) -> HandOff:
    return engine.plan(a_case(topic="lampu_jalan_pju", place="Jatiasih"), a_receiver(site, **more), NOW)


# --- outward


def test_what_is_sent_follows_the_published_schema_and_says_nothing_about_who(site: WebServer) -> None:
    handoff = handed(site)
    handoff.case.mention.author = "@dewi_bekasi"
    handoff.case.mention.save()
    engine.advance(handoff.pk, NOW)
    ((headers, body),) = site.calls
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(body))
    assert b"dewi" not in body
    assert headers["Idempotency-Key"] == str(handoff.key)
    assert signing.check(KEYS, body, headers, NOW + timedelta(minutes=4)) == headers[signing.NONCE]


def test_a_receiver_can_check_the_signature_with_ten_lines_of_its_own(site: WebServer) -> None:
    import hashlib
    import hmac

    engine.advance(handed(site).pk, NOW)
    ((headers, body),) = site.calls
    signed = f"{headers['X-Kentongan-Timestamp']}.{headers['X-Kentongan-Nonce']}.".encode() + body
    wanted = hmac.new(b"kunci-rahasia", signed, hashlib.sha256).hexdigest()
    assert headers["X-Kentongan-Signature"] == f"k1={wanted}"


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ("error_400", HandOffState.REFUSED),
        ("error_404", HandOffState.REFUSED),
        ("redirect_inside", HandOffState.REFUSED),
        ("error_401", HandOffState.NEEDS_PERSON),
        ("error_429", HandOffState.RETRYING),
        ("error_503", HandOffState.RETRYING),
        ("error_500", HandOffState.UNKNOWN),
        ("keep_then_500", HandOffState.UNKNOWN),
        ("keep_then_close", HandOffState.UNKNOWN),
        ("keep_then_hang", HandOffState.UNKNOWN),
        ("close", HandOffState.UNKNOWN),
        ("hang", HandOffState.UNKNOWN),
        ("huge", HandOffState.DELIVERED),
        ("truncate", HandOffState.DELIVERED),
        ("html_200", HandOffState.DELIVERED),
    ],
)
def test_each_failure_is_called_what_it_is(site: WebServer, fault: str, state: str) -> None:
    handoff = handed(site)
    site.faults.waiting = [fault]
    assert engine.advance(handoff.pk, NOW) == state
    handoff.refresh_from_db()
    assert bool(handoff.trouble) == (state != HandOffState.DELIVERED)
    if state == HandOffState.UNKNOWN:
        for seconds in (31, 32, 33):
            engine.advance(handoff.pk, NOW + timedelta(seconds=seconds))
        handoff.refresh_from_db()
        assert (handoff.state, list(site.by_key)) == (HandOffState.DELIVERED, [str(handoff.key)])


def test_an_unclear_send_waits_for_a_person_where_the_receiver_does_not_know_keys(site: WebServer) -> None:
    handoff = handed(site, settings={"knows_key": False})
    site.faults.waiting = ["keep_then_close"]
    engine.advance(handoff.pk, NOW)
    for hours in range(1, 40):
        engine.advance(handoff.pk, NOW + timedelta(hours=hours))
    handoff.refresh_from_db()
    assert (handoff.state, len(site.calls)) == (HandOffState.NEEDS_PERSON, 1)


def test_an_address_inside_is_refused_when_it_is_called_whatever_was_saved(site: WebServer) -> None:
    handoff = handed(site, address="https://localhost/kasus")
    assert engine.advance(handoff.pk, NOW) == HandOffState.REFUSED


def test_its_ticket_and_link_are_kept_and_its_word_is_heard_at_once(site: WebServer) -> None:
    site.answer = b'{"ticket": "T-77", "link": "https://sistem.example.go.id/T-77", "state": "accepted"}'
    handoff = handed(site)
    engine.advance(handoff.pk, NOW)
    handoff.refresh_from_db()
    assert (handoff.remote_id, handoff.link) == ("T-77", "https://sistem.example.go.id/T-77")
    assert handoff.acknowledged_at == NOW


def test_a_link_that_is_no_https_is_not_shown_to_anybody(site: WebServer) -> None:
    site.answer = b'{"ticket": "T-78", "link": "javascript:alert(1)"}'
    handoff = handed(site)
    engine.advance(handoff.pk, NOW)
    handoff.refresh_from_db()
    assert handoff.link == ""


def test_the_test_sends_no_case(site: WebServer) -> None:
    assert registry.probe(a_receiver(site)).ok
    ((_, body),) = site.calls
    assert json.loads(body) == {"version": 1, "kind": "test"}
    site.faults.waiting = ["error_401"]
    assert not registry.probe(Receiver.objects.get()).ok


def test_keys_are_rotated_without_a_moment_in_which_none_fits(
    site: WebServer, people: dict[str, Any]
) -> None:
    receiver = a_receiver(site)
    made = rotate(receiver, people["rina"], NOW)
    handoff = engine.plan(a_case(), receiver, NOW)
    engine.advance(handoff.pk, NOW)
    ((headers, body),) = site.calls
    assert signing.check(KEYS, body, headers, NOW)  # a receiver that has the old key alone
    assert signing.check({"k2": made}, body, headers, NOW)  # and one that has the new one
    assert made not in str(list(Receiver.objects.values())) + str(
        [event.data for event in timeline(f"receiver:{receiver.pk}")]
    )
    rotate(receiver, people["rina"], NOW)
    with pytest.raises(signing.Unsigned):
        signing.check(KEYS, body, signing.headers({"k3": "x"}, body, NOW, "n" * 20), NOW)


# --- inward


@pytest.fixture
def handoff(db: None) -> HandOff:
    unit = a_unit()
    receiver = Receiver.objects.create(
        key="sistem-dbmsda",
        sort="webhook",
        name="Sistem",
        unit=unit,
        sealed=lock({"key": KEYS["k1"], "key_id": "k1"}),
    )
    made = engine.plan(a_case(unit), receiver, NOW)
    HandOff.objects.update(state=HandOffState.DELIVERED, delivered_at=NOW, next_at=None)
    return made


def tell(said: Any, *, keys: dict[str, str] | None = None, key: str = "sistem-dbmsda", **changed: str) -> Any:
    """POST a message as the receiver would; ``changed`` replaces headers."""
    body = said if isinstance(said, bytes) else encoded(said)
    signed = signing.headers(keys or KEYS, body, timezone.now(), secrets.token_hex(12))
    headers = {**signed, **{name.replace("_", "-"): value for name, value in changed.items()}}
    return Client(enforce_csrf_checks=True).post(
        f"/webhooks/penerima/{key}/", body, content_type="application/json", headers=headers
    )


def test_a_signed_word_moves_the_case(handoff: HandOff) -> None:
    answer = tell({"key": str(handoff.key), "state": "done", "note": "Lampu diganti"})
    assert (answer.status_code, answer.json()) == (200, {"new": True, "state": "done"})
    assert Case.objects.get().state == State.ANSWERED


def test_the_same_message_again_changes_nothing(handoff: HandOff) -> None:
    body = encoded({"key": str(handoff.key), "state": "in_progress"})
    signed = signing.headers(KEYS, body, timezone.now(), "nonce-nonce-nonce")
    answers = [
        Client()
        .post("/webhooks/penerima/sistem-dbmsda/", body, content_type="application/json", headers=signed)
        .json()
        for _ in range(3)
    ]
    assert [one["new"] for one in answers] == [True, False, False]
    assert len([1 for event in timeline(handoff.case.subject) if event.kind == "handoff.answered"]) == 1


def test_by_its_ticket_too_and_a_ticket_is_kept_once(handoff: HandOff) -> None:
    assert tell({"key": str(handoff.key), "state": "accepted", "ticket": "T-1"}).status_code == 200
    assert tell({"ticket": "T-1", "state": "in_progress"}).json()["state"] == "in_progress"
    other = engine.plan(a_case(handoff.receiver.unit), handoff.receiver, NOW)
    assert tell({"key": str(other.key), "state": "accepted", "ticket": "T-1"}).status_code == 409
    other.refresh_from_db()
    assert other.remote_state == ""  # nothing of a message that was not taken


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"\xff\xfe", 400),
        (b"[" * 40_000, 400),
        ({"state": "done"}, 404),
        ({"key": "00000000-0000-0000-0000-000000000000", "state": "done"}, 404),
        ({"key": "x", "state": 7}, 400),
        ({"key": "x", "state": ""}, 400),
        (b"{" + b" " * 70_000, 413),
    ],
)
def test_what_cannot_be_taken_says_why(handoff: HandOff, said: Any, status: int) -> None:
    answer = tell(said)
    assert (answer.status_code, answer.json()["error"].endswith(".")) == (status, True)


def test_a_forged_an_old_and_a_foreign_message_are_not_taken(handoff: HandOff) -> None:
    said = {"key": str(handoff.key), "state": "done"}
    old = str(int((timezone.now() - timedelta(minutes=6)).timestamp()))
    assert tell(said, keys={"k1": "kunci-lain"}).status_code == 403
    assert tell(said, keys={"k9": KEYS["k1"]}).status_code == 403
    assert tell(said, X_Kentongan_Timestamp=old).status_code == 403
    assert tell(said, X_Kentongan_Nonce="lain-lain-lain").status_code == 403
    assert tell(said, X_Kentongan_Signature="k1=é").status_code == 403
    assert tell(said, key="tidak-ada").status_code == 403
    Receiver.objects.update(enabled=False)
    assert tell(said).status_code == 403
    assert Case.objects.get().state == State.ASSIGNED


def test_a_receiver_cannot_speak_of_anothers_cases(handoff: HandOff) -> None:
    other = Receiver.objects.create(
        key="sistem-dlh", sort="webhook", name="DLH", sealed=lock({"key": "kunci-dlh", "key_id": "k1"})
    )
    answer = tell({"key": str(handoff.key), "state": "done"}, keys={"k1": "kunci-dlh"}, key=other.key)
    assert answer.status_code == 404


def test_a_date_in_the_future_would_silence_all_that_follows_and_is_not_taken(handoff: HandOff) -> None:
    at = (timezone.now() + timedelta(days=1)).isoformat()
    assert tell({"key": str(handoff.key), "state": "done", "at": at}).status_code == 400


@given(
    body=st.binary(max_size=200),
    time=st.text(max_size=20),
    nonce=st.text(max_size=40),
    said=st.text(max_size=80),
)
def test_whatever_comes_unsigned_is_refused(body: bytes, time: str, nonce: str, said: str) -> None:
    given_ = {signing.TIME: time, signing.NONCE: nonce, signing.SIGNATURE: said}
    with pytest.raises(signing.Unsigned):
        signing.check(KEYS, body, given_, NOW)


# --- short messages


def test_a_short_message_has_number_and_matter_and_not_a_word_of_the_citizen(
    site: WebServer, settings: Any
) -> None:
    settings.PUBLIC_URL = "https://desk.example.go.id"
    receiver = a_receiver(site, sort="apprise", sealed=lock({"url": f"json://{site.here}/grup"}))
    case = a_case(topic="lampu_jalan_pju", place="Jatiasih")
    handoff = engine.plan(case, receiver, NOW, purpose="emergency")
    assert engine.advance(handoff.pk, NOW) == HandOffState.DELIVERED
    ((_, body),) = site.calls
    said = json.loads(body)
    assert said["title"] == f"DARURAT {case.number}"
    assert "Lampu jalan, Jatiasih" in said["message"]
    assert f"https://desk.example.go.id/kasus/{case.number}/" in said["message"]
    assert case.mention.text not in said["message"]


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ("error_400", HandOffState.REFUSED),
        ("error_401", HandOffState.NEEDS_PERSON),
        ("error_503", HandOffState.RETRYING),
        ("keep_then_500", HandOffState.UNKNOWN),
        ("keep_then_close", HandOffState.UNKNOWN),
    ],
)
def test_a_short_message_that_may_have_gone_is_not_repeated(site: WebServer, fault: str, state: str) -> None:
    receiver = a_receiver(site, sort="apprise", sealed=lock({"url": f"json://{site.here}/grup"}))
    handoff = engine.plan(a_case(), receiver, NOW)
    site.faults.waiting = [fault]
    assert engine.advance(handoff.pk, NOW) == state
    if state == HandOffState.UNKNOWN:
        assert engine.advance(handoff.pk, NOW + timedelta(hours=1)) == HandOffState.NEEDS_PERSON


@pytest.mark.parametrize(
    "url",
    ["json://127.0.0.1:9/x", "jsons://169.254.169.254/", "jsons://localhost/", "bukan alamat", "xx://y"],
)
def test_a_message_address_that_leads_inside_or_nowhere_is_told(site: WebServer, url: str) -> None:
    receiver = a_receiver(site, sort="apprise", sealed=lock({"url": url}))
    handoff = engine.plan(a_case(), receiver, NOW)
    assert engine.advance(handoff.pk, NOW) in (HandOffState.REFUSED, HandOffState.NEEDS_PERSON)
    assert not registry.probe(receiver).ok
    assert Account.objects.count() >= 1


def test_the_payload_does_not_change_between_two_tries(site: WebServer) -> None:
    handoff = handed(site)
    assert encoded(payload(handoff)) == encoded(payload(HandOff.objects.get(pk=handoff.pk)))
