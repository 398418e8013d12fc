"""The distributed executor: the same jobs through Procrastinate, on PostgreSQL only.

Procrastinate's Django app imports this module by itself (PROCRASTINATE_AUTODISCOVER_MODULE_NAME). A job is
enqueued inside the transaction that made it necessary; jobs of one lane share a lock, so two workers never hear
or speak through one account at the same time; a job that waits already is not added again.
"""

import logging

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import close_old_connections, transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Status

from engine.work import Job, lane_of, run

log = logging.getLogger(__name__)


@app.task(name="kentongan.run", queue="kentongan")
def run_job(kind: str, key: str) -> None:
    """One job in a worker's thread.

    A failure is logged and ends the job: the tables still say what is to be done, so the next tick enqueues it
    anew. Procrastinate's own retry would collide with the twin that waits under the same queueing lock, and
    leave the lane locked.
    """
    close_old_connections()
    try:
        run(Job(kind, key))
    except Exception:
        log.exception("%s:%s failed; the next tick finds it again", kind, key)
    finally:
        close_old_connections()


def submit(job: Job, lane: str) -> None:
    """Enqueue a job unless the same one waits already."""
    try:
        # A savepoint: the unique violation behind AlreadyEnqueued must not break the caller's transaction.
        with transaction.atomic():
            run_job.configure(lock=lane, queueing_lock=job.name).defer(kind=job.kind, key=job.key)
    except AlreadyEnqueued:
        return


def wake(kind: str, key: str) -> None:
    """The ledger's hook: enqueued in the running transaction, and rolled back with it."""
    job = Job(kind, key)
    submit(job, lane_of(job))


def rescue() -> None:
    """Release the lanes of workers that have died, so that the others can go on."""
    stalled = settings.ENGINE["distributed"]["stalled"]
    async_to_sync(_rescue)(stalled)


async def _rescue(stalled: float) -> None:
    manager = app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=stalled):
        # Ended, not retried: the same job may wait already under its queueing lock, and the tables still say
        # what is to be done, so the next tick enqueues it for a living worker.
        log.warning("job %s of a dead worker is released", job.id)
        await manager.finish_job(job, status=Status.FAILED, delete_job=True)
