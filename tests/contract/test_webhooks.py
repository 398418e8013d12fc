"""What Meta tells by itself is stored at once, believed only when it is signed, and read at the source."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.contract import Gone
from channels.instagram import Instagram
from channels.models import Account, Receipt
from config.town import Town
from engine.work import due_jobs, pipeline
from monitor.inbox import drain, receive, waiting
from monitor.models import Mention, Notification, Pass, Source
from monitor.recheck import recheck
from tests.contract.test_hearing import listen, say, say_many

pytestmark = pytest.mark.django_db(transaction=True)

PATH = "/webhooks/meta/"
SECRET, TOKEN = "town-app-secret", "town-verify"
PAGE, GRAM = "104000000000001", "17841400000000001"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def told(town: Town, accounts: Any, live_server: Any) -> Iterator[Town]:
    """The town, with the desk subscribed to what is said in it."""
    assert town.post("/control/subscribe", {"url": live_server.url + PATH})["url"]
    yield town
    town.post("/control/reset", {})


def until(true: Callable[[], bool], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.05)


def come(number: int = 1) -> None:
    """Wait until so many notifications are stored."""
    until(lambda: Notification.objects.count() >= number)


def settled(town: Town) -> list[dict[str, Any]]:
    """The town's deliveries once none waits any more."""
    until(lambda: town.get("/control/subscribe")["waiting"] == 0)
    return list(town.get("/control/subscribe")["deliveries"])


def work(now: datetime | None = None) -> datetime:
    now = now or timezone.now()
    while drain(now):
        pass
    return now


def sign(raw: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def body(*changes: dict[str, Any], name: str = "page", owner: str = PAGE) -> bytes:
    return json.dumps({"object": name, "entry": [{"id": owner, "time": 1, "changes": changes}]}).encode()


def comment(number: str, verb: str = "add", **more: Any) -> dict[str, Any]:
    return {"field": "feed", "value": {"item": "comment", "verb": verb, "comment_id": number, **more}}


def tell(raw: bytes, signature: str | None = None) -> int:
    signature = sign(raw) if signature is None else signature
    return (
        Client()
        .post(PATH, raw, content_type="application/json", headers={"X-Hub-Signature-256": signature})
        .status_code
    )


# --- the handshake


def test_the_handshake_echoes_the_challenge_to_whoever_knows_the_token(accounts: Any, client: Client) -> None:
    asked = {"hub.mode": "subscribe", "hub.verify_token": TOKEN, "hub.challenge": "<b>1158201444"}
    answer = client.get(PATH, asked)
    assert (answer.status_code, answer.content) == (200, b"<b>1158201444")
    assert answer["Content-Type"].startswith("text/plain")
    for wrong in (
        {**asked, "hub.verify_token": "salah"},
        {**asked, "hub.verify_token": ""},
        {**asked, "hub.verify_token": "salah é \ud83d"[:-1]},
        {**asked, "hub.mode": "unsubscribe"},
        {},
    ):
        assert client.get(PATH, wrong).status_code == 403


def test_without_a_secret_nobody_is_believed(client: Client, db: None) -> None:
    Account.objects.create(key="facebook", channel="facebook", name="F", settings={"page_id": PAGE})
    raw = body(comment("1_2"))
    assert tell(raw, sign(raw, "")) == 403
    assert client.get(PATH, {"hub.mode": "subscribe", "hub.challenge": "1"}).status_code == 403
    assert not Notification.objects.exists()


# --- what citizens say


@pytest.mark.parametrize(
    ("channel", "how", "kind"),
    [
        ("facebook", "comment", "comment"),
        ("facebook", "mention", "mention"),
        ("facebook", "tagged", "tagged"),
        ("instagram", "comment", "comment"),
    ],
)
def test_what_is_said_arrives_without_any_polling_and_polling_adds_nothing(
    channel: str, how: str, kind: str, told: Town, now: datetime
) -> None:
    number = say(told, channel, how, "lampu jalan mati, hubungi 0812-3456-7890", id="a")
    come()
    assert waiting(timezone.now())
    work()
    mention = Mention.objects.get()
    assert (mention.channel, mention.external_id) == (channel, number)
    assert (mention.source.kind, mention.text) == (kind, "lampu jalan mati, hubungi <TELP>")
    assert not Pass.objects.exists()
    before = Mention.objects.values().get()
    listen(timezone.now())
    assert Mention.objects.values().get() == before


def test_a_comment_names_what_it_answers_as_polling_would(told: Town, now: datetime) -> None:
    for channel in ("facebook", "instagram"):
        say(told, channel, "comment", "airnya keruh", id="c1")
        say(told, channel, "comment", "di sini juga", id="c2", parent="c1")
    come(4)
    work()
    fields = ("channel", "external_id", "parent_id", "text")
    pushed = set(Mention.objects.values_list(*fields))
    Mention.objects.all().delete()
    listen(now)
    assert pushed == set(Mention.objects.values_list(*fields))


def test_no_words_and_no_names_wait_in_the_inbox(told: Town) -> None:
    say(told, "facebook", "comment", "rahasia warga", id="a", author="Eni Rahayu")
    say(told, "instagram", "comment", "rahasia warga", id="b", author="eni_rahayu")
    come(2)
    kept = json.dumps([*Notification.objects.values_list("value", flat=True)]).lower()
    assert "rahasia" not in kept
    assert "eni" not in kept


def test_an_instagram_mention_announced_by_its_id_is_read_and_stored(told: Town, accounts: Any) -> None:
    code = say(told, "instagram", "mention", "@pemkotbekasi jalan rusak", id="m1", author="eni")
    under = say(told, "instagram", "mention", "@pemkotbekasi tolong", id="m2", parent="m1")
    come(2)
    assert {*Notification.objects.values_list("field", flat=True)} == {"mentions"}
    now = work()
    assert {*Mention.objects.values_list("external_id", "text", "source__kind")} == {
        (code, "@pemkotbekasi jalan rusak", "mention"),
        (under, "@pemkotbekasi tolong", "mention"),
    }
    assert Mention.objects.get(external_id=code).author == "eni"
    listen(now)
    assert Mention.objects.count() == 2
    assert Source.objects.get(account__key="instagram", kind="mention").failure == ""


def test_a_mention_in_a_comment_is_not_taken_for_gone_when_it_is_looked_at_again(
    told: Town, accounts: Any
) -> None:
    say(told, "instagram", "mention", "@pemkotbekasi jalan rusak", id="m1")
    number = say(told, "instagram", "mention", "@pemkotbekasi tolong", id="m2", parent="m1")
    come(2)
    later = work() + timedelta(days=2)
    assert recheck(accounts["instagram"].pk, later) == 0
    assert Mention.objects.filter(checked_at=later, gone_at=None).count() == 2
    told.post("/control/delete", {"channel": "instagram", "id": "m2"})
    assert isinstance(Instagram(accounts["instagram"]).mentioned("", number), Gone)


def test_what_the_city_says_itself_is_no_mention(told: Town, accounts: Any) -> None:
    number = say(told, "facebook", "comment", "sudah kami tangani", id="a")
    Receipt.objects.create(account=accounts["facebook"], remote_id=number, at=timezone.now())
    come()
    work()
    assert not Mention.objects.exists()
    assert not waiting(timezone.now())


def test_an_edited_comment_keeps_its_old_words_as_a_version(told: Town) -> None:
    say(told, "facebook", "comment", "lampu mati", id="a")
    come()
    work()
    told.post("/control/edit", {"channel": "facebook", "id": "a", "text": "lampu sudah nyala"})
    come(2)
    work()
    mention = Mention.objects.get()
    assert (mention.text, mention.edits) == ("lampu sudah nyala", 1)
    assert mention.revisions.get().text == "lampu mati"


def test_a_removed_comment_is_erased(told: Town) -> None:
    say(told, "facebook", "comment", "lampu mati", id="a")
    come()
    work()
    told.post("/control/delete", {"channel": "facebook", "id": "a"})
    come(2)
    work()
    mention = Mention.objects.get()
    assert (mention.text, mention.author, mention.gone_why) == ("", "", "dihapus warga di Facebook")
    assert mention.gone_at is not None


def test_a_thing_that_went_before_it_was_read_is_never_stored(told: Town) -> None:
    say(told, "facebook", "comment", "salah tulis", id="a")
    told.post("/control/delete", {"channel": "facebook", "id": "a"})
    come(2)
    now = timezone.now()
    for minutes in (0, 2, 10):
        work(now + minutes * MINUTE)
    assert not Mention.objects.exists()
    assert not Notification.objects.filter(done_at=None).exists()
    assert "Tidak ditemukan" in Notification.objects.get(error__gt="").error


# --- what goes wrong on the way


def test_a_repeated_delivery_changes_nothing(told: Town) -> None:
    told.post("/control/fail", {"route": "webhook", "fault": "repeat"})
    say(told, "facebook", "comment", "sampah menumpuk", id="a")
    assert settled(told)[0]["attempts"] == 2
    assert Notification.objects.count() == 1
    work()
    assert Mention.objects.count() == 1


def test_a_change_that_overtakes_the_thing_itself_is_harmless(told: Town) -> None:
    told.post("/control/fail", {"route": "webhook", "fault": "reorder", "seconds": 5})
    say(told, "facebook", "comment", "lampu mati", id="a")
    told.post("/control/edit", {"channel": "facebook", "id": "a", "text": "lampu nyala"})
    come(2)
    verbs = [row.value["verb"] for row in Notification.objects.order_by("id")]
    assert verbs == ["edited", "add"]
    work()
    assert Mention.objects.get().text == "lampu nyala"


def test_what_is_never_told_is_heard_by_polling(told: Town) -> None:
    told.post("/control/fail", {"route": "webhook", "fault": "drop"})
    say(told, "facebook", "comment", "banjir", id="a")
    settled(told)
    work()
    assert not Mention.objects.exists()
    listen(timezone.now())
    assert Mention.objects.get().text == "banjir"


def test_a_forged_delivery_is_refused_and_nothing_is_stored(told: Town) -> None:
    told.post("/control/fail", {"route": "webhook", "fault": "bad_signature"})
    say(told, "facebook", "comment", "palsu", id="a")
    until(lambda: any(one["status"] for one in told.get("/control/subscribe")["deliveries"]))
    assert told.get("/control/subscribe")["deliveries"][0]["status"] == 403
    assert not Notification.objects.exists()


@pytest.mark.parametrize("signature", ["", "sha256=", "sha256=" + "0" * 64, "sha1=abc", "é", "sha256=é"])
def test_an_unsigned_body_stores_nothing(signature: str, accounts: Any) -> None:
    assert tell(body(comment("1_2")), signature) == 403
    assert not Notification.objects.exists()


def test_a_signature_holds_for_the_very_bytes_only(accounts: Any) -> None:
    raw = body(comment("1_2"))
    assert tell(raw + b" ", sign(raw)) == 403
    assert tell(raw, sign(raw, "kunci lain")) == 403
    assert tell(raw, sign(raw).removeprefix("sha256=")) == 403
    assert not Notification.objects.exists()
    assert tell(raw) == 200
    assert Notification.objects.count() == 1


def test_a_body_over_one_megabyte_is_refused_unread(accounts: Any) -> None:
    assert tell(b" " * (1024 * 1024 + 1)) == 413
    assert tell(b" " * (4 * 1024 * 1024)) == 413
    assert tell(b" " * (1024 * 1024)) == 200


def test_a_change_of_an_unknown_account_is_passed_over(accounts: Any) -> None:
    assert tell(body(comment("1_2"), owner="999")) == 200
    assert not Notification.objects.exists()


def test_a_thousand_changes_in_one_body_are_a_thousand_mentions(town: Town, accounts: Any) -> None:
    numbers = say_many(town, "facebook", "comment", [f"c{n}" for n in range(1000)])
    raw = body(*(comment(number, message="keluhan warga " * 5) for number in numbers))
    assert tell(raw) == 200
    assert tell(raw) == 200
    assert Notification.objects.count() == 1000
    work()
    assert set(Mention.objects.values_list("external_id", flat=True)) == numbers
    assert not Notification.objects.filter(done_at=None).exists()


def test_a_failing_look_is_tried_again_later_and_each_time_later(told: Town) -> None:
    say(told, "facebook", "comment", "lampu mati", id="a")
    come()
    told.post("/control/fail", {"route": "facebook.object", "fault": "error_503", "times": 2})
    now = work()
    row = Notification.objects.get()
    assert (row.done_at, row.next_at, row.tries) == (None, now + MINUTE, 1)
    assert row.error
    assert not waiting(now)
    now = work(now + MINUTE)
    row.refresh_from_db()
    assert (row.done_at, row.next_at, row.tries) == (None, now + 2 * MINUTE, 2)
    work(now + 2 * MINUTE)
    assert Mention.objects.get().text == "lampu mati"
    row.refresh_from_db()
    assert (row.done_at, row.error) == (now + 2 * MINUTE, "")


def test_one_thing_that_is_not_there_does_not_hold_up_the_others(town: Town, accounts: Any) -> None:
    number = say(town, "facebook", "comment", "lampu mati", id="a")
    receive(raw := body(comment("104_404"), comment(number)), sign(raw), timezone.now())
    work()
    assert Mention.objects.get().external_id == number


def test_a_source_that_was_switched_off_is_not_fed(told: Town) -> None:
    Source.objects.filter(account__key="facebook", kind="comment").update(enabled=False)
    say(told, "facebook", "comment", "lampu mati", id="a")
    come()
    work()
    assert not Mention.objects.exists()
    assert Notification.objects.get().error == "Sumber ini dimatikan."


def test_likes_and_shares_are_nothing_to_read(accounts: Any) -> None:
    raw = body(
        {"field": "feed", "value": {"item": "reaction", "verb": "add", "post_id": "1_2"}},
        {"field": "feed", "value": {"item": "comment", "verb": "hide", "comment_id": "1_3"}},
        {"field": "ratings", "value": {"item": "rating"}},
        comment("../me?fields=x,y"),
    )
    receive(raw, sign(raw), timezone.now())
    work()
    assert not Notification.objects.filter(done_at=None).exists()
    assert [row.error for row in Notification.objects.exclude(error="")] == [
        "Pemberitahuan tanpa nomor yang dapat dibaca."
    ]


def test_the_engine_works_off_what_waits(told: Town) -> None:
    say(told, "facebook", "comment", "lampu mati", id="a")
    come()
    jobs = [(job.name, lane) for job, lane in due_jobs(timezone.now())]
    assert ("inbox", "inbox") in jobs
    Source.objects.update(due_at=timezone.now() + timedelta(days=1))
    pipeline(timezone.now())
    assert Mention.objects.count() == 1
    assert not waiting(timezone.now())


# --- whatever anybody sends

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
values = st.dictionaries(
    st.sampled_from(["item", "verb", "post_id", "comment_id", "media_id", "id", "media", "created_time"]),
    st.sampled_from(["comment", "post", "add", "edited", "remove", "104_9", "18000"]) | anything,
    max_size=5,
)
near = st.builds(
    lambda name, owner, rows: {"object": name, "entry": [{"id": owner, "changes": rows}]},
    st.sampled_from(["page", "instagram"]) | anything,
    st.sampled_from([PAGE, GRAM, int(PAGE)]) | anything,
    st.lists(
        st.fixed_dictionaries(
            {
                "field": st.sampled_from(["feed", "mention", "comments", "mentions"]) | anything,
                "value": values | anything,
            }
        )
        | anything,
        max_size=4,
    ),
)
headers = st.text(st.characters(max_codepoint=255), max_size=80)
calm = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@calm
@given(
    raw=st.binary(max_size=200) | (near | anything).map(lambda v: json.dumps(v).encode()),
    signature=headers,
    kind=headers,
    host=headers,
    method=st.sampled_from(["POST", "GET", "PUT", "HEAD", "OPTIONS", "DELETE"]),
)
def test_without_a_signature_nothing_is_stored_and_nothing_breaks(
    raw: bytes, signature: str, kind: str, host: str, method: str, accounts: Any
) -> None:
    more = {"HTTP_X_HUB_SIGNATURE_256": signature, "HTTP_COOKIE": host, "HTTP_ACCEPT_LANGUAGE": kind}
    answer = Client().generic(method, PATH, raw, content_type=kind, **more)
    assert answer.status_code in (403, 405)
    assert Client().generic("POST", PATH, raw, HTTP_HOST=host).status_code in (400, 403)
    assert not Notification.objects.exists()


@calm
@given(raw=st.binary(max_size=200) | (near | anything).map(lambda v: json.dumps(v).encode()))
def test_a_signed_body_of_any_shape_is_answered_200(raw: bytes, accounts: Any) -> None:
    assert tell(raw) == 200
    for row in Notification.objects.all():
        assert all(isinstance(one, str) and len(one) <= 100 for one in row.value.values())


@calm
@given(query=st.binary(max_size=80))
def test_a_handshake_of_any_shape_is_refused(query: bytes, accounts: Any) -> None:
    asked = query.decode("latin-1")
    assert Client().get(PATH, QUERY_STRING=asked).status_code == 403
    assert Client().get(PATH, QUERY_STRING=f"hub.mode=subscribe&hub.verify_token={asked}").status_code == 403


def test_very_deep_and_very_odd_bodies_are_passed_over(accounts: Any) -> None:
    for raw in (
        b"[" * 100_000,
        b'{"object":"page","entry":' * 5_000,
        b'{"object":"page","entry":[{"id":"%s","changes":[{"field":"feed","value":{"a":%s}}]}]}'
        % (PAGE.encode(), b"[" * 5000 + b"]" * 5000),
        b'{"object":"page","entry":[{"id":%s,"changes":[]}]}' % (b"9" * 5000),
        b"\xff\xfe",
        b"",
    ):
        assert tell(raw) == 200


@settings(calm, max_examples=25)
@given(raw=near.map(lambda v: json.dumps(v).encode()))
def test_whatever_was_signed_is_worked_off_without_breaking(raw: bytes, town: Town, accounts: Any) -> None:
    Notification.objects.all().delete()
    tell(raw)
    now = work()
    assert not waiting(now)
