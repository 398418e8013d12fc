"""The embedded executor: one thread a lane, in the process that also serves the desk."""

import logging
import queue
import threading
from collections.abc import Callable

from django.db import close_old_connections, transaction

from channels.ending import ending
from engine.work import Job, lane_of, run

log = logging.getLogger(__name__)


class Lanes:
    """Runs jobs in threads, one after the other within a lane. A job that already waits is not added again."""

    def __init__(self, work: Callable[[Job], None] = run) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._queues: dict[str, queue.SimpleQueue[Job | None]] = {}
        self._threads: list[threading.Thread] = []
        self._waiting: set[str] = set()
        self._closed = False

    def submit(self, job: Job, lane: str) -> None:
        """Add a job unless the same one waits already. Safe from any thread."""
        with self._lock:
            if self._closed or job.name in self._waiting:
                return
            self._waiting.add(job.name)
            if lane not in self._queues:
                self._open(lane)
            self._queues[lane].put(job)

    def wake(self, kind: str, key: str) -> None:
        """The ledger's hook: after the commit, because before it another thread would see nothing."""
        job = Job(kind, key)
        transaction.on_commit(lambda: self.submit(job, lane_of(job)))

    def close(self, patience: float = 20.0) -> None:
        """Finish the running jobs (for at most ``patience`` seconds a lane) and take no more."""
        with self._lock:
            self._closed = True
            for waiting in self._queues.values():
                waiting.put(None)
        ending.set()  # a stream that is held open lets go now
        for thread in self._threads:
            thread.join(patience)
        ending.clear()

    def _open(self, lane: str) -> None:
        self._queues[lane] = queue.SimpleQueue()
        thread = threading.Thread(target=self._drive, args=(self._queues[lane],), name=lane, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _drive(self, jobs: "queue.SimpleQueue[Job | None]") -> None:
        while (job := jobs.get()) is not None:
            with self._lock:
                self._waiting.discard(job.name)
                if self._closed:
                    return
            close_old_connections()
            try:
                self._work(job)
            except Exception:
                log.exception("%s failed; the next tick finds it again", job.name)
            finally:
                close_old_connections()
