"""Our Open311 client against a small server that answers with the specification's examples and fails in every way."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cases.handoff import engine
from cases.handoff.open311 import Open311
from cases.models import Case, HandOff, HandOffState, Receiver
from cases.open import open_intake
from channels import vault
from monitor.intake import take

pytestmark = pytest.mark.django_db

HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
#: The examples of https://wiki.open311.org/GeoReport_v2, as they stand there.
POSTED = (
    HEAD
    + "<service_requests><request><service_request_id>293944</service_request_id><service_notice>\nThe City "
    "will inspect and require the responsible party to correct within 24 hours and/or issue a Correction Notice or "
    "Notice of Violation of the Public Works Code\n</service_notice><account_id/></request></service_requests>"
)
TOKEN = HEAD + "<service_requests><request><token>12345</token></request></service_requests>"
RESOLVED = (
    HEAD
    + "<service_requests><request><service_request_id>638344</service_request_id><token>12345</token></request>"
    "</service_requests>"
)
STATUS = (
    HEAD + "<service_requests><request><service_request_id>{id}</service_request_id><status>closed</status>"
    "<status_notes>Duplicate request.</status_notes><service_name>Sidewalk and Curb Issues</service_name>"
    "<service_code>006</service_code><description>{description}</description><agency_responsible></agency_responsible>"
    "<service_notice></service_notice><requested_datetime>2010-04-14T06:37:38-08:00</requested_datetime>"
    "<updated_datetime>2026-11-25T06:37:38-08:00</updated_datetime>"
    "<expected_datetime>2010-04-15T06:37:38-08:00</expected_datetime><address>8TH AVE and JUDAH ST</address>"
    "<address_id>545483</address_id><zipcode>94122</zipcode><lat>37.762221815</lat><long>-122.4651145</long>"
    "<media_url>http://city.gov.s3.amazonaws.com/requests/media/638344.jpg </media_url></request></service_requests>"
)
INVALID_KEY = (
    HEAD
    + "<errors><error><code>403</code><description>Invalid api_key received -- can't proceed with create_request"
    ".</description></error></errors>"
)
NOTHING = HEAD + "<service_requests/>"

Answer = tuple[int, str] | str | None


class City:
    """What the server answers by path, and what it was sent."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer | Callable[[dict[str, list[str]]], Answer]] = {}
        self.calls: list[tuple[str, str, dict[str, list[str]]]] = []
        self.headers: dict[str, str] = {}

    def answer(self, method: str, path: str, given: dict[str, list[str]]) -> Answer:
        self.calls.append((method, path, given))
        found = self.answers.get(f"{method} {path}", (404, HEAD + "<errors/>"))
        return found(given) if callable(found) else found


@pytest.fixture
def city(settings: Any) -> Iterator[City]:
    town = City()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            answer = town.answer(self.command, parts.path, parse_qs(body or parts.query))
            if answer is None:  # cut the line after the request was read
                self.close_connection = True
                self.connection.close()
                return
            status, text = answer if isinstance(answer, tuple) else (200, answer)
            self.send_response(status)
            for name, value in town.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "text/xml; charset=utf-8")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = _serve

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    town.address = f"http://127.0.0.1:{server.server_port}"
    outside = {**settings.ANSWERING["outside"], "allow": [f"127.0.0.1:{server.server_port}"]}
    settings.ANSWERING = {**settings.ANSWERING, "outside": outside}
    yield town
    server.shutdown()
    server.server_close()


@pytest.fixture
def case(now: Any) -> Case:
    said = "Lampu jalan mati di Jatiasih, hubungi @siti atau 081234567890"
    mention = take("form", "1", said, now, author="Siti")
    return open_intake(mention, now, kind="complaint", topic="lampu_jalan_pju", place="Jatiasih")


def planned(city: City, case: Case, now: Any, **settings: Any) -> HandOff:
    receiver = Receiver.objects.create(
        key="kota-sebelah",
        sort="open311",
        name="Kota Sebelah",
        address=f"{city.address}/v2/",
        settings={"services": {"lampu_jalan_pju": "006"}, "jurisdiction": "city.gov", **settings},
        sealed=vault.lock({"api_key": "xyz"}),
    )
    return engine.plan(case, receiver, now)


def given_away(handoff: HandOff, now: Any) -> HandOff:
    engine.advance(handoff.pk, now)
    handoff.refresh_from_db()
    return handoff


def test_a_report_is_given_away_in_the_form_of_the_specification(city: City, case: Case, now: Any) -> None:
    city.answers["POST /v2/requests.xml"] = POSTED
    handoff = given_away(planned(city, case, now), now)
    assert (handoff.state, handoff.remote_id) == (HandOffState.DELIVERED, "293944")
    ((_method, _path, form),) = city.calls
    assert (form["api_key"], form["service_code"], form["jurisdiction_id"]) == (
        ["xyz"],
        ["006"],
        ["city.gov"],
    )
    assert form["address_string"][0].startswith("Jatiasih")
    assert str(handoff.key) in form["description"][0]
    assert not any(word in form["description"][0] for word in ("@siti", "0812", "Siti"))
    assert "xyz" not in str(handoff.proof)


def test_a_token_becomes_an_id_and_then_a_status(city: City, case: Case, now: Any) -> None:
    city.answers["POST /v2/requests.xml"] = TOKEN
    handoff = given_away(planned(city, case, now), now)
    assert (handoff.state, handoff.remote_id, handoff.proof["token"]) == ("delivered", "", "12345")
    assert engine.pull(handoff.pk, now + timedelta(minutes=6)) is False  # the id is not there yet
    city.answers["GET /v2/tokens/12345.xml"] = RESOLVED
    city.answers["GET /v2/requests/638344.xml"] = STATUS.format(id="638344", description="")
    assert engine.pull(handoff.pk, now + timedelta(days=2))
    handoff.refresh_from_db()
    assert (handoff.remote_id, handoff.remote_state) == ("638344", "closed")
    assert handoff.remote_note == "Duplicate request."


def test_a_server_that_gives_neither_id_nor_token_is_believed_all_the_same(
    city: City, case: Case, now: Any
) -> None:
    city.answers["POST /v2/requests.xml"] = HEAD + "<service_requests><request/></service_requests>"
    handoff = given_away(planned(city, case, now), now)
    assert (handoff.state, handoff.proof["blackbox"], handoff.pull_at) == ("delivered", True, None)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ((403, INVALID_KEY), HandOffState.NEEDS_PERSON),
        ((401, "maaf"), HandOffState.NEEDS_PERSON),
        ((400, HEAD + "<errors><error><code>400</code></error></errors>"), HandOffState.REFUSED),
        ((404, HEAD + "<errors/>"), HandOffState.REFUSED),
        ((200, INVALID_KEY), HandOffState.REFUSED),
        ((301, ""), HandOffState.REFUSED),
        ((429, ""), HandOffState.RETRYING),
        ((503, "<html>"), HandOffState.RETRYING),
        ((500, "<html>"), HandOffState.UNKNOWN),
        ((502, ""), HandOffState.UNKNOWN),
        ((200, "{}"), HandOffState.UNKNOWN),
        ((200, "<!DOCTYPE a [<!ENTITY b 'c'>]><service_requests/>"), HandOffState.UNKNOWN),
        (None, HandOffState.UNKNOWN),
    ],
)
def test_each_way_of_failing_has_its_state(
    city: City, case: Case, now: Any, answer: Answer, state: str
) -> None:
    city.answers["POST /v2/requests.xml"] = answer
    handoff = given_away(planned(city, case, now), now)
    assert handoff.state == state
    assert len([one for one in city.calls if one[0] == "POST"]) == 1


def test_the_server_says_when_it_wants_to_be_asked_again(city: City, case: Case, now: Any) -> None:
    city.answers["POST /v2/requests.xml"] = (503, "")
    city.headers["Retry-After"] = "1800"
    handoff = given_away(planned(city, case, now), now)
    assert handoff.next_at == now + timedelta(seconds=1800)


def looked(handoff: HandOff, now: Any) -> HandOff:
    return given_away(handoff, now + timedelta(hours=1))


def test_an_unclear_send_is_found_by_our_key_and_never_sent_twice(city: City, case: Case, now: Any) -> None:
    city.answers["POST /v2/requests.xml"] = None
    handoff = given_away(planned(city, case, now, search=True), now)
    shown = STATUS.format(id="777", description=f"… kunci {handoff.key}.")
    city.answers["GET /v2/requests.xml"] = shown
    handoff = looked(handoff, now)
    assert (handoff.state, handoff.remote_id) == (HandOffState.DELIVERED, "777")
    assert [method for method, *_ in city.calls] == ["POST", "GET"]
    assert city.calls[-1][2]["service_code"] == ["006"]


def test_an_unclear_send_that_cannot_be_looked_for_waits_for_a_person(
    city: City, case: Case, now: Any
) -> None:
    city.answers["POST /v2/requests.xml"] = None
    handoff = looked(given_away(planned(city, case, now), now), now)
    assert handoff.state == HandOffState.NEEDS_PERSON
    assert "tidak dapat dicari" in handoff.trouble


def test_a_search_that_finds_nothing_ends_with_a_person(city: City, case: Case, now: Any) -> None:
    city.answers |= {"POST /v2/requests.xml": None, "GET /v2/requests.xml": NOTHING}
    handoff = given_away(planned(city, case, now, search=True), now)
    for hours in range(1, 60, 6):
        handoff = given_away(handoff, now + timedelta(hours=hours))
    assert handoff.state == HandOffState.NEEDS_PERSON
    assert len([one for one in city.calls if one[0] == "POST"]) == 1


def test_a_server_that_knows_our_key_is_asked_for_it_and_may_be_sent_to_again(
    city: City, case: Case, now: Any
) -> None:
    city.answers["POST /v2/requests.xml"] = None
    handoff = given_away(planned(city, case, now, key_attribute="KUNCI"), now)
    assert city.calls[0][2]["attribute[KUNCI]"] == [str(handoff.key)]
    handoff = looked(handoff, now)
    assert handoff.state == HandOffState.RETRYING  # it said 404: nothing had landed
    city.answers["POST /v2/requests.xml"] = POSTED
    assert given_away(handoff, now + timedelta(hours=3)).remote_id == "293944"


def test_a_topic_without_a_service_code_waits_for_a_person_before_anything_is_sent(
    city: City, case: Case, now: Any
) -> None:
    handoff = given_away(planned(city, case, now, services={}), now)
    assert handoff.state == HandOffState.NEEDS_PERSON
    assert not city.calls


def test_the_test_button_says_which_service_code_is_missing(city: City, case: Case, now: Any) -> None:
    handoff = planned(city, case, now)
    city.answers["GET /v2/services.xml"] = (
        HEAD + "<services><service><service_code>001</service_code></service></services>"
    )
    found = Open311().probe(handoff.receiver)
    assert not found.ok
    assert "006" in found.sentence
