"""One flood from forty posts to forty answered threads, without a browser: what the journey clicks is called here."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cases import act, bulk, messages, proposals, routing, status
from cases.handoff import engine as handoffs
from cases.models import Assignment, Case, Gate, Incident, Proposal, Purpose, State
from cases.replies import draft_of, say
from cases.status import link
from city.models import Unit
from classifiers.core.kinds import Kind
from classifiers.models import Verdict
from classifiers.review import review
from config.demo import make_units
from config.town import Town
from engine import answering
from engine.work import pipeline
from ledger.models import Person
from monitor.models import Source
from publisher import newsroom
from publisher.advance import advance
from publisher.approval import approve
from publisher.deliver import due_deliveries
from publisher.models import SETTLED, Announcement, Delivery
from tests.contract.test_handoff_mail import point_at, text_of
from tests.journeys.flood import (
    CHANNELS,
    MISSING,
    PLACE,
    UPDATE,
    by_thread,
    flood,
    place_told,
    question_to,
)
from tests.receivers import MailServer
from tests.receivers import mail as mail_server

pytestmark = pytest.mark.django_db


@pytest.fixture
def post(settings: Any) -> Iterator[MailServer]:
    settings.PUBLIC_URL = "http://testserver"
    quiet = {"quiet": {"start": "00:00", "end": "00:00"}}
    settings.ANSWERING = {**settings.ANSWERING, "replies": {**settings.ANSWERING["replies"], **quiet}}
    with mail_server() as made:
        point_at(settings, made.port)
        make_units(timezone.now())
        yield made


def heard(now: datetime) -> None:
    Source.objects.update(due_at=None)
    pipeline(now)


def worked(now: datetime) -> datetime:
    """The engine's work on deliveries and hand-offs until all have settled."""
    for _step in range(300):
        for handoff, _receiver in handoffs.due(now):
            handoffs.advance(handoff, now)
        for delivery, _account in due_deliveries(now):
            advance(delivery, now)
        if all(state in SETTLED for state in Delivery.objects.values_list("state", flat=True)):
            return now
        now += timedelta(seconds=20)
    raise AssertionError(Counter(Delivery.objects.values_list("state", "trouble", "held")))


def ids_of(town: Town) -> dict[str, dict[str, str]]:
    return {channel: town.get(f"/control/ids?channel={channel}") for channel in CHANNELS}


def threads(town: Town) -> dict[str, list[str]]:
    return by_thread(town.get("/control/received"), ids_of(town))


def reviewed(wati: Person, now: datetime) -> datetime:
    """What the judge was not sure of, and its random sample."""
    for verdict in Verdict.objects.filter(awaits_review=True):
        review(verdict.pk, Kind.COMPLAINT, wati, now)
    return now + timedelta(minutes=1)


def announced(sari: Person, approvers: list[Person], now: datetime) -> Announcement:
    """The proposal taken, completed, submitted and approved."""
    (proposal,) = Proposal.objects.filter(state="open")
    draft = proposals.take(proposal, sari, now)
    newsroom.edit(draft, {**draft.fields, **MISSING}, sari, now)
    made = newsroom.submit(Announcement.objects.get(pk=draft.pk), sari, now)
    for person in approvers:
        made = approve(made, person, now, version=made.version)
    return made


def test_forty_posts_become_one_incident_and_forty_answered_threads(
    town: Town, accounts: Any, post: MailServer, people: dict[str, Person], client: Client
) -> None:
    now = timezone.now()
    agus, budi = people["agus"], people["budi"]
    said = flood()
    assert town.load([one.row for one in said]) == []
    heard(now)
    now = reviewed(people["wati"], now)
    heard(now)
    answering.look_after(now)
    now = worked(now)
    assert Case.objects.count() == 40
    assert set(threads(town)) == {one.id for one in said}

    # Those who named no place were asked, and tell it in their thread.
    received, ids = town.get("/control/received"), ids_of(town)
    for one in said:
        if not one.placed:
            town.post("/control/say", place_told(one, question_to(one, received, ids)))
    heard(now)
    answering.look_after(now)
    assert Counter(Case.objects.values_list("place", flat=True)) == {PLACE: 40}
    incident = Incident.objects.get()
    assert incident.cases.count() == 40

    # What danger waits in went to its unit by itself; the rest goes in one step.
    waiting = list(Case.objects.filter(state=State.RECEIVED).values_list("pk", flat=True))
    outcome = bulk.assign_unit(waiting, Unit.objects.get(key="dbmsda"), agus, now)
    assert (len(outcome.done), outcome.refused) == (len(waiting), [])
    now = worked(now)
    first = [message for message in post.kept if not message["In-Reply-To"]]
    mailed = Counter(message["X-Kentongan-Case"] for message in first)
    assert mailed == dict.fromkeys(Case.objects.values_list("number", flat=True), 1)
    assert {message["To"] for message in post.kept} == {"urc.dbmsda@bekasi.example"}

    # Where danger waited at an unknown place, its team was told the place once it was known.
    later = sorted(message["X-Kentongan-Case"] for message in post.kept if message["In-Reply-To"])
    asked = Case.objects.filter(gate=Gate.EMERGENCY, replies__purpose=Purpose.ASK_PLACE)
    assert later == sorted(asked.values_list("number", flat=True))

    # The team accepts every one by the link in its mail.
    for message in first:
        accept, _refuse, _progress, _done = re.findall(r"http://\S+/aksi/\S+", text_of(message))
        assert client.post(accept).status_code == 200
    assert Assignment.objects.filter(accepted_at__isnull=False).count() == 40

    answering.look_after(now)
    made = announced(people["sari"], [budi, people["rina"]], now)
    now = worked(now)
    states = dict(made.deliveries.values_list("account__key", "state"))
    assert set(states.values()) == {"published"}, states
    assert len(states) == 6

    update = messages.write(incident, UPDATE, agus, now, made)
    assert messages.approve(update, budi, now) == 40
    now = worked(now)
    answering.look_after(now)
    numbers = {case.mention.external_id: case.number for case in Case.objects.select_related("mention")}
    for one in said:
        number = numbers[ids_of(town)[one.channel][one.id]]
        receipt, news = threads(town)[one.id]
        assert number in receipt
        assert number in news
        assert UPDATE.split(".")[0] in news

    # Without signing in, whoever has number and code sees where it stands.
    for case in Case.objects.all():
        shown = client.get(link(case).removeprefix("http://testserver")).content.decode()
        assert case.number in shown
        assert "Bina Marga" in shown

    # One is done; its citizen says that it is not, and staff takes it up again.
    message = next(one for one in first if one["X-Kentongan-Case"] not in later)
    done = re.findall(r"http://\S+/aksi/\S+", text_of(message))[3]
    assert client.post(done, {"note": "Air sudah surut, saluran dikeruk."}).status_code == 200
    case = Case.objects.get(number=message["X-Kentongan-Case"])
    assert case.state == State.ANSWERED
    assert draft_of(case, Purpose.DONE) is not None
    say(case, Purpose.DONE, agus, now)
    now = worked(now)
    status.contest(case, "Di gang Melati masih tergenang.", now)
    case.refresh_from_db()
    case = act.reopen(case, agus, now, "Warga menyatakan belum surut.")
    assert (case.state, case.reopened) == (State.VERIFIED, 1)
    routing.assign(case, Unit.objects.get(key="dbmsda"), agus, now)
    now = worked(now)
    again = [one for one in post.kept if one["X-Kentongan-Case"] == case.number]
    assert len({one["Message-ID"] for one in again}) == 2
    assert sorted(Counter(map(len, threads(town).values())).items()) == [(2, 39), (3, 1)]
