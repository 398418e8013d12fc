"""kentongan clock: the ticks of a distributed installation."""

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from engine.clock import start_clock
from ledger.wake import set_hook


class Command(BaseCommand):
    help = "Jam mesin untuk pemasangan tersebar (PostgreSQL): mengantrekan pekerjaan bagi `kentongan worker`."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DISTRIBUTED:
            raise CommandError("Memerlukan PostgreSQL: isi DATABASE_URL. Tanpa itu pakai `kentongan up`.")
        from engine.tasks import rescue, submit, wake

        set_hook(wake)
        ended = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
        rescue_every = max(1.0, settings.ENGINE["distributed"]["stalled"] / 3)
        clock = start_clock(submit, "clock", {rescue: rescue_every})
        self.stdout.write("Jam berjalan (Ctrl-C untuk berhenti).")
        self.stdout.flush()
        ended.wait()
        clock.shutdown(wait=False)
