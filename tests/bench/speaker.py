"""A process that speaks with the embedded executor, as `kentongan serve` does, for tests.bench.speaking.

One order a line on standard input, one answer a line on standard output:

    {"do": "plan", "deliveries": …, "together": …, "keys": …}  so many deliveries, approved for tomorrow:
                                  announcements to all of the accounts ``keys``, or (false) to one of them in turn
    {"do": "speak", "patience": …}  all are due in three seconds; the clock and the lanes run until nothing is due any
                                  more; how each delivery fared

Its database is told by KENTONGAN_HOME and DATABASE_URL, the town by KENTONGAN_STAND_IN, and the allowances, which are
off, by KENTONGAN_HOME/config/engine.toml.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from tests.bench.hearer import rss

#: The feed is a folder; the others are in the town.
KEYS = ("x", "facebook", "instagram", "web_diskominfostandi", "web_pemkot", "feed")


class Speaker:
    def __init__(self) -> None:
        import django

        django.setup()
        from channels.models import Account
        from config.demo import make_accounts, make_people
        from monitor.models import Source

        make_accounts(3600, "http://127.0.0.1")
        Source.objects.all().delete()  # speaking alone is measured
        self.people = make_people("kata-sandi-uji")
        self.accounts = {one.key: one for one in Account.objects.filter(key__in=KEYS)}

    def plan(self, deliveries: int, together: bool, keys: list[str]) -> int:
        """Announcements written, submitted and approved, and planned for tomorrow."""
        from django.utils import timezone

        from publisher import newsroom
        from publisher.approval import approve

        due = timezone.now() + timedelta(days=1)
        for number, targets in enumerate(_shares(deliveries, together, keys)):
            fields = {
                "headline": f"Layanan KTP keliling, hari ke-{number + 1}",
                "body": f"Warga dapat merekam KTP-el; lokasi nomor {number + 1}.",
                "place": "Kantor Kecamatan Jatiasih",
                "contact": "Call Center 1500444",
            }
            now = timezone.now()
            chosen = [self.accounts[key] for key in targets]
            made = newsroom.draft("service_notice", fields, self.people["sari"], now, chosen)
            made = newsroom.submit(made, self.people["sari"], now, due)
            approve(made, self.people["budi"], now, version=made.version)
        return deliveries

    def speak(self, patience: float) -> dict[str, Any]:
        from django.db import connection
        from django.utils import timezone

        from engine.clock import start_clock
        from engine.embedded import Lanes
        from ledger.wake import set_hook
        from publisher.models import Delivery

        lanes = Lanes()
        set_hook(lanes.wake)
        clock = start_clock(lanes.submit, "bench")
        due = timezone.now() + timedelta(seconds=3)
        Delivery.objects.update(due_at=due, next_at=due)
        end, peak = time.monotonic() + patience, rss()
        try:
            while time.monotonic() < end and Delivery.objects.filter(next_at__isnull=False).exists():
                connection.close()
                time.sleep(0.5)
                peak = max(peak, rss())
        finally:
            clock.shutdown()
            lanes.close()
            set_hook(None)
        return {"rows": list(_rows()), "peak_mb": peak}


def _shares(deliveries: int, together: bool, keys: list[str]) -> Iterator[list[str]]:
    """The accounts of each announcement, until ``deliveries`` are given out."""
    if not together:
        yield from ([keys[number % len(keys)]] for number in range(deliveries))
        return
    for left in range(deliveries, 0, -len(keys)):
        yield keys[:left]


def _rows() -> Iterator[dict[str, Any]]:
    """Each delivery: where, how it ended, when it was due and when its first attempt began (seconds since 1970)."""
    from django.db.models import Min

    from publisher.models import Delivery

    found = Delivery.objects.annotate(began=Min("tries__started_at")).select_related("account")
    for one in found:
        yield {
            "key": one.account.key,
            "state": one.state,
            "due": one.due_at.timestamp(),
            "began": one.began.timestamp() if one.began else None,
            "reference": one.announcement.reference,
            "trouble": one.trouble or one.held,
        }


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    made = Speaker()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        what = order.pop("do")
        print(json.dumps(getattr(made, what)(**order)), flush=True)


if __name__ == "__main__":
    main()
