"""The clock: APScheduler ticks that find due work in the tables and hand it to an executor.

The scheduler's store is memory and its jobs are fixed: the rows in the database are the truth, so a clock that
was down finds everything that came due meanwhile at its first tick.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from apscheduler.schedulers.background import BackgroundScheduler
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from cases.copies import free_copies
from cases.incidents import close_finished
from cases.originals import forget_unneeded
from engine.watch import note_silence, watch
from engine.work import Job, due_jobs
from ledger.life import beat
from monitor.coverage import prune

log = logging.getLogger(__name__)
Submit = Callable[[Job, str], None]
#: Seconds between two looks at the tables.
TICK = 1.0
_BEAT_EVERY = 10.0
#: Seconds between two looks for single passes that are older than hearing.toml keeps them.
_PRUNE_EVERY = 3600.0
#: Seconds between two looks for trouble, originals that nobody needs any more, and incidents that ended.
_WATCH_EVERY = 60.0


def start_clock(
    submit: Submit, name: str, more: dict[Callable[[], None], float] | None = None
) -> BackgroundScheduler:
    """Start ticking; ``more`` are further functions with their interval in seconds. Stop with .shutdown()."""
    scheduler = BackgroundScheduler(
        # coalesce: after a pause one tick is enough; no grace limit: a late tick still counts.
        job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        timezone="UTC",
    )
    scheduler.add_job(lambda: tick(submit), "interval", seconds=TICK, id="tick")
    scheduler.add_job(
        lambda: _safely(lambda: beat(name, timezone.now())), "interval", seconds=_BEAT_EVERY, id="beat"
    )
    scheduler.add_job(
        lambda: _safely(lambda: _prune(timezone.now())), "interval", seconds=_PRUNE_EVERY, id="prune"
    )
    scheduler.add_job(
        lambda: _safely(lambda: _watch(submit, timezone.now())), "interval", seconds=_WATCH_EVERY, id="watch"
    )
    for number, (what, seconds) in enumerate((more or {}).items()):
        scheduler.add_job(lambda w=what: _safely(w), "interval", seconds=seconds, id=f"more-{number}")
    scheduler.start()
    _safely(lambda: note_silence(name, timezone.now()))
    _safely(lambda: beat(name, timezone.now()))
    return scheduler


def tick(submit: Submit) -> None:
    """Hand every due job to the executor once."""

    def look() -> None:
        for job, lane in due_jobs(timezone.now()):
            submit(job, lane)

    _safely(look)


def _prune(now: datetime) -> None:
    if gone := prune(now):
        log.info("%s old passes forgotten", gone)


def _watch(submit: Submit, now: datetime) -> None:
    if gone := forget_unneeded(now):
        log.info("%s originals erased", gone)
    if freed := free_copies(now):
        log.info("%s copies stand for a deleted first", freed)
    if ended := close_finished(now):
        log.info("%s incidents closed", ended)
    submit(Job("newsroom"), "newsroom")
    submit(Job("look_back"), "look_back")
    submit(Job("answering"), "answering")
    submit(Job("ask_around"), "ask_around")
    submit(Job("nightly"), "nightly")
    if watch(now):
        submit(Job("examine"), "examine")


def _safely(what: Callable[[], None]) -> None:
    """A tick that fails is followed by the next one; the database may be away for a moment."""
    close_old_connections()
    try:
        what()
    except DatabaseError:
        log.exception("tick failed; the next one follows")
    finally:
        close_old_connections()
