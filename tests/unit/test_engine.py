"""The embedded engine: lanes, wakes, ticks, and an installation that works by itself."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from engine.embedded import Lanes
from engine.work import Job, due_jobs
from ledger.wake import set_hook, wake


def eventually(done: Any, seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if done():
            return True
        time.sleep(0.05)
    return bool(done())


def test_jobs_of_one_lane_run_one_after_the_other_and_lanes_side_by_side() -> None:
    running: set[str] = set()
    done: list[str] = []
    overlaps, together = [], threading.Barrier(2, timeout=10)

    def work(job: Job) -> None:
        if job.kind in running:
            overlaps.append(job)
        running.add(job.kind)
        if job.key == "0":
            together.wait()
        running.discard(job.kind)
        done.append(job.name)

    lanes = Lanes(work)
    for key in ("0", "1", "2"):
        lanes.submit(Job("a", key), "lane a")
        lanes.submit(Job("b", key), "lane b")
    assert eventually(lambda: len(done) == 6)
    lanes.close()
    assert not overlaps
    assert not together.broken


def test_a_job_that_waits_is_not_added_again() -> None:
    done, gate = [], threading.Event()

    def work(job: Job) -> None:
        gate.wait(10)
        done.append(job.name)

    lanes = Lanes(work)
    lanes.submit(Job("first"), "lane")
    assert eventually(lambda: lanes._queues["lane"].empty())
    for _ in range(5):
        lanes.submit(Job("second"), "lane")
    gate.set()
    assert eventually(lambda: len(done) == 2)
    lanes.close()
    assert done == ["first", "second"]


def test_a_job_that_fails_does_not_end_its_lane() -> None:
    done = []

    def work(job: Job) -> None:
        if job.key == "bad":
            raise RuntimeError("broken")
        done.append(job.key)

    lanes = Lanes(work)
    lanes.submit(Job("a", "bad"), "lane")
    lanes.submit(Job("a", "good"), "lane")
    assert eventually(lambda: done == ["good"])
    lanes.close()


@pytest.mark.django_db(transaction=True)
def test_work_announced_in_a_transaction_that_fails_is_not_done() -> None:
    heard: list[str] = []
    lanes = Lanes(lambda job: heard.append(job.name))
    set_hook(lanes.wake)
    try:
        with transaction.atomic():
            wake("judge")
            transaction.set_rollback(True)
        with transaction.atomic():
            wake("open")
        assert eventually(lambda: heard == ["open"])
    finally:
        set_hook(None)
        lanes.close()


@pytest.mark.django_db
def test_deliveries_come_before_hearing(accounts: Any, people: Any, now: Any) -> None:
    from config.demo import announce

    announce(people, now, None)
    kinds = [job.kind for job, _ in due_jobs(now + timedelta(seconds=1))]
    assert kinds[:5] == ["deliver"] * 5
    assert "hear" in kinds
    lanes = {lane for _, lane in due_jobs(now + timedelta(seconds=1))}
    assert not {lane for lane in lanes if lane.startswith("hear")} & {
        lane for lane in lanes if lane.startswith("speak")
    }


@pytest.mark.django_db(transaction=True)
def test_a_running_engine_turns_a_complaint_into_a_case_by_itself(
    town: Any, accounts: Any, people: Any, client: Any
) -> None:
    from cases.models import Case
    from config.serve import Engine

    assert client.get("/healthz").status_code == 503
    town.post(
        "/control/say",
        {"channel": "x", "how": "mention", "author": "eni",
         "text": "@pemkotbekasi jalan di Jatiasih rusak parah berlubang, sudah 3 bulan tidak diperbaiki"},
    )  # fmt: skip
    engine = Engine()
    engine.start()
    try:
        assert eventually(lambda: Case.objects.exists())
        assert client.get("/healthz").json() == {"database": "ok", "engine": "ok"}
    finally:
        engine.stop()
    case = Case.objects.get()
    assert (case.place, case.topic) == ("Jatiasih", "jalan_trotoar")
