"""Replies on the platforms of the town: in the citizen's thread, once, corrected, taken away; and what comes back."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from cases.messages import approve as approve_message
from cases.messages import reach_of, write
from cases.models import Case, Incident, Purpose, Reply
from cases.open import open_waiting
from cases.replies import approve, correct, look_after, say
from cases.thread import answers
from channels.models import Account
from channels.registry import open_channel
from classifiers.models import Verdict
from config.town import Town
from engine.work import pipeline
from ledger.models import Person
from monitor.models import Mention
from publisher import replies as way_out
from publisher.advance import advance
from publisher.archive import due_read_backs, read_back_one, verify
from publisher.change import retract
from publisher.deliver import due_deliveries
from publisher.models import SETTLED, Delivery, DeliveryState, Proof, ReadBack, Result

pytestmark = pytest.mark.django_db

CHANNELS = ("x", "facebook", "instagram", "web_pemkot")
WRITES = {
    "x": "x.create",
    "facebook": "facebook.comment_create",
    "instagram": "instagram.comment_create",
    "web_pemkot": "web_pemkot.comments_create",
}
COMPLAINT = "Min, jalan berlubang parah di Jatiasih sudah sebulan tidak diperbaiki, tolong segera ditambal"


@pytest.fixture
def now() -> datetime:
    """The town stamps what is said with the real time, so the story begins now, at noon by the quiet hours."""
    return timezone.now()


@pytest.fixture(autouse=True)
def _house(town: Town, accounts: Any, people: Any, settings: Any) -> None:
    settings.PUBLIC_URL = "https://kentongan.bekasikota.go.id"
    replies = {**settings.ANSWERING["replies"], "quiet": {"start": "00:00", "end": "00:00"}}
    settings.ANSWERING = {**settings.ANSWERING, "replies": replies}


def says(town: Town, key: str, text: str = COMPLAINT, **more: str) -> str:
    how = "mention" if key == "x" else "comment"
    row = {"channel": key, "text": text, "author": "siti", "how": how, **more}
    return str(town.post("/control/say", row)["platform_id"])


def heard(now: datetime) -> None:
    """Everything heard, judged, opened; what the judge was not sure of, a reviewer sends on."""
    from monitor.models import Source

    Source.objects.update(due_at=None)
    pipeline(now)
    unsure = Verdict.objects.filter(mention__case__isnull=True).exclude(decision="folded")
    unsure.update(decision="forward", kind="complaint", awaits_case=True, case_from=None, awaits_review=False)
    open_waiting(now)


def go_on(now: datetime) -> datetime:
    """The engine's work on deliveries until all have settled."""
    for step in range(200):
        for delivery, _account in due_deliveries(now):
            advance(delivery, now)
        if all(state in SETTLED for state in Delivery.objects.values_list("state", flat=True)):
            return now
        now += timedelta(seconds=30 if step < 30 else 1800)
    raise AssertionError(Delivery.objects.values_list("state", "trouble", "held"))


def case_on(key: str) -> Case:
    account = Account.objects.get(key=key)
    rows = Case.objects.select_related("mention").filter(mention__source__account=account)
    return rows.order_by("id")[0]


def ours(town: Town, key: str) -> list[dict[str, Any]]:
    """Our answers as the channel has them: id, text and what they answer."""
    if key.startswith("web"):
        channel: Any = open_channel(Account.objects.get(key=key))
        rows, _headers = channel.rest.read_whole("/wp/v2/comments", {"per_page": 100})
        return [
            {"id": str(row["id"]), "text": row["content"]["rendered"], "reply_to": str(row["parent"])}
            for row in rows
            if row["author"] == 1
        ]
    received = town.get("/control/received")[key]
    return [one for one in received if one["reply_to"] is not None]


@pytest.mark.parametrize("key", CHANNELS)
def test_the_receipt_stands_once_in_the_thread_with_receipt_and_proof(
    key: str, town: Town, now: datetime
) -> None:
    number = says(town, key)
    heard(now)
    later = go_on(now)
    (said,) = ours(town, key)
    case = case_on(key)
    assert said["reply_to"] == number
    assert case.number in said["text"]
    delivery = Delivery.objects.get()
    assert delivery.state == DeliveryState.PUBLISHED
    assert Proof.objects.filter(delivery=delivery, what="published").count() == 1
    assert not Result.objects.exists()
    for one, _account in due_read_backs(later + timedelta(minutes=6)):
        assert read_back_one(one, later + timedelta(minutes=6))
    assert ReadBack.objects.get().trouble == ""
    assert verify() is None
    heard(later)  # what we said is not heard as a citizen's words
    assert Mention.objects.filter(source__account__key=key).count() == 1


@pytest.mark.parametrize("fault", ["commit_then_503", "commit_then_close", "commit_then_truncate"])
@pytest.mark.parametrize("key", CHANNELS)
def test_a_reply_that_landed_without_an_answer_is_found_and_not_said_twice(
    key: str, fault: str, town: Town, now: datetime
) -> None:
    says(town, key)
    heard(now)
    town.post("/control/fail", {"route": WRITES[key], "fault": fault})
    go_on(now)
    assert len(ours(town, key)) == 1
    assert Delivery.objects.get().state == DeliveryState.PUBLISHED


@pytest.mark.parametrize("key", CHANNELS)
def test_a_reply_is_corrected_in_its_place_or_beneath_it(
    key: str, town: Town, people: dict[str, Person], now: datetime
) -> None:
    number = says(town, key)
    heard(now)
    later = go_on(now)
    reply = Reply.objects.get()
    case = case_on(key)
    correct(
        reply, people["tono"], later, f"Laporan {case.number} untuk Jatiasih kami terima.", "Tempat keliru."
    )
    approve(reply, people["budi"], later, version=2)
    go_on(later)
    found = ours(town, key)
    texts = " | ".join(one["text"] for one in found)
    if key in ("facebook", "web_pemkot"):
        assert len(found) == 1
        assert "untuk Jatiasih" in found[0]["text"]
    else:
        assert len(found) == 2
        assert "Ralat: Tempat keliru." in texts
    if key == "instagram":
        assert {one["reply_to"] for one in found} == {number}


@pytest.mark.parametrize("key", CHANNELS)
def test_a_reply_is_taken_away_everywhere(
    key: str, town: Town, people: dict[str, Person], now: datetime
) -> None:
    says(town, key)
    heard(now)
    later = go_on(now)
    reply = Reply.objects.get()
    retract(reply.announcement, people["budi"], later, "Terkirim ke orang yang keliru.")
    go_on(later)
    assert ours(town, key) == []
    reply.announcement.refresh_from_db()
    assert reply.announcement.state == "retracted"
    assert set(Delivery.objects.values_list("state", flat=True)) == {"retracted"}


@pytest.mark.parametrize("key", CHANNELS)
def test_the_answer_to_where_comes_back_into_the_case(key: str, town: Town, now: datetime) -> None:
    asked = says(town, key, "Min, jalan berlubang parah sudah sebulan tidak diperbaiki, tolong ditambal")
    heard(now)
    later = go_on(now)
    case = case_on(key)
    assert Reply.objects.get().purpose == Purpose.ASK_PLACE
    assert case.place == ""
    (question,) = ours(town, key)
    # On Instagram every answer hangs under the first comment of its thread.
    parent = asked if key == "instagram" else question["id"]
    more = {"parent": parent} if key != "x" else {"parent": parent, "how": "comment"}
    says(town, key, "@pemkotbekasi di Jatiasih, depan masjid", **more)
    from monitor.models import Source

    Source.objects.update(due_at=None)
    pipeline(later)
    look_after(later)
    case.refresh_from_db()
    assert case.place == "Jatiasih"
    assert Case.objects.count() == 1
    assert len(answers(case)) == 1


def test_x_is_asked_for_one_reply_to_each_post_of_a_citizen(
    town: Town, people: dict[str, Person], now: datetime
) -> None:
    """The second one stands under our own first, which X does not count."""
    number = says(town, "x")
    heard(now)
    later = go_on(now)
    say(case_on("x"), Purpose.PROGRESS, people["tono"], later, text="Tambalan dijadwalkan besok.")
    go_on(later)
    newest, oldest = sorted(ours(town, "x"), key=lambda one: -int(one["id"]))
    assert oldest["reply_to"] == number
    assert newest["reply_to"] == oldest["id"]


def test_forty_threads_on_three_platforms_are_answered_once(
    town: Town, people: dict[str, Person], now: datetime
) -> None:
    asked: dict[str, list[str]] = {key: [] for key in CHANNELS[:3]}
    for number in range(40):
        key = CHANNELS[number % 3]
        asked[key].append(says(town, key, f"{COMPLAINT} titik {number}", author=f"warga{number}"))
    heard(now)
    Delivery.objects.update(state="cancelled", next_at=None)  # their receipts are another story
    Reply.objects.all().delete()
    incident = Incident.objects.order_by("id").first() or Incident.objects.create(
        key="jalan", opened_at=now, last_at=now
    )
    Case.objects.update(incident=incident)
    message = write(incident, "Jalan Jatiasih ditambal malam ini.", people["tono"], now)
    assert approve_message(message, people["budi"], now) == 40
    go_on(now)
    assert reach_of(message).answered == 40
    for key, posts in asked.items():
        assert sorted(one["reply_to"] for one in ours(town, key)) == sorted(posts)


def test_what_the_site_holds_back_is_told_to_a_person(town: Town, now: datetime) -> None:
    """The site takes the password no more: nothing is sent, and the case page says why."""
    says(town, "web_pemkot")
    heard(now)
    town.post("/control/fail", {"route": "web_pemkot.comments_create", "fault": "token_revoked"})
    go_on(now)
    delivery = Delivery.objects.get()
    assert delivery.state == DeliveryState.NEEDS_PERSON
    assert delivery.trouble
    assert way_out.delivery_of(Reply.objects.get().announcement) == delivery
