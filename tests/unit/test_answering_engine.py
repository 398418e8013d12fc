"""What the engine does for answering each minute: one part that fails keeps no other from its work."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import F

from cases.models import Case, Clock, HandOff, Proposal, Receiver, ReceiverSort, Reply
from channels.models import Account
from engine import answering
from engine.newsroom import each
from engine.work import Job, due_jobs, run
from ledger.models import Event
from monitor.models import Source
from tests.unit.test_incidents import told_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)


@pytest.fixture
def source(db: None) -> Source:
    account = Account.objects.create(key="x", channel="x", name="X @pemkot")
    return Source.objects.create(account=account, kind="mention")


def written() -> tuple[int, ...]:
    """How many rows there are of all that answering makes by itself, and of events."""
    return tuple(model.objects.count() for model in (Clock, HandOff, Reply, Proposal, Event))


def given(case: Case, receiver: Receiver) -> HandOff:
    return HandOff.objects.create(case=case, receiver=receiver, key=uuid.uuid4(), made_at=NOW, next_at=NOW)


def test_a_part_that_fails_keeps_no_other_from_its_work(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    def first(now: datetime) -> int:
        done.append("first")
        return 0

    def broken(now: datetime) -> int:
        raise RuntimeError("tabel hilang")

    def last(now: datetime) -> int:
        done.append("last")
        return 3

    each(NOW, first, broken, last)
    assert done == ["first", "last"]
    assert "broken failed" in caplog.text


def test_a_broken_setting_of_one_part_leaves_the_others_at_work(
    source: Source, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """An installation whose [spikes] table is spoiled still proposes the warning that a flood calls for."""
    for _post in range(12):
        told_of(at=NOW)
    settings.ANSWERING = {**settings.ANSWERING, "spikes": {}}
    answering.look_after(NOW + timedelta(minutes=1))
    assert Proposal.objects.count() == 1
    assert "failed; the next minute tries again" in caplog.text


def test_a_second_look_at_the_same_moment_changes_nothing(source: Source) -> None:
    for _post in range(12):
        told_of(at=NOW)
    later = NOW + timedelta(minutes=6)
    answering.look_after(later)
    before = written()
    answering.look_after(later)
    assert written() == before


def test_a_machine_that_slept_for_a_day_catches_up_once(source: Source) -> None:
    for _post in range(3):
        told_of(at=NOW)
    morning = NOW + timedelta(days=1)
    answering.look_after(morning)
    before = written()
    answering.look_after(morning)
    answering.look_after(morning)
    assert written() == before


def test_receivers_that_cannot_be_asked_do_not_keep_each_other_from_being_asked(source: Source) -> None:
    case = told_of(at=NOW)
    for key, address in (("rusak", "bukan alamat"), ("dalam", "https://10.0.0.1/open311/v2")):
        given(case, Receiver.objects.create(key=key, name=key, sort=ReceiverSort.OPEN311, address=address))
    HandOff.objects.update(state="delivered", remote_id=F("pk"), pull_at=NOW)
    answering.ask_around(NOW)
    assert not HandOff.objects.filter(pull_at__lte=NOW).exists()


def test_hand_offs_are_work_in_a_lane_of_their_receiver(source: Source) -> None:
    case = told_of(at=NOW)
    rows = [
        Receiver.objects.create(
            key=key, name=key, sort=ReceiverSort.WEBHOOK, address="https://a.example.go.id/"
        )
        for key in ("satu", "dua")
    ]
    made = [given(case, row) for row in rows]
    lanes = {job.key: lane for job, lane in due_jobs(NOW) if job.kind == "handoff"}
    assert lanes == {str(one.pk): f"handoff:{one.receiver_id}" for one in made}


def test_the_engine_runs_both_kinds_of_answering_by_name(source: Source) -> None:
    run(Job("answering"))
    run(Job("ask_around"))
    assert Case.objects.count() == 0
