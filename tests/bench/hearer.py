"""A process that hears: one order a line on standard input, one answer a line on standard output.

    {"do": "hear", "now": …}  one whole pass of `monitor.hear.hear` over the mentions of the city's X account
    {"do": "ids"}             how many mentions are stored, and a digest of their ids

Its database is told by KENTONGAN_HOME and DATABASE_URL, the town by KENTONGAN_STAND_IN. The pass is the one that
the engine runs: claim, tweepy, masks, copies, receipts, cursor, spending, coverage and ledger.
"""

import cProfile
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

#: Pages between two looks at the memory: 1,000 mentions.
EVERY = 10


def rss() -> float:
    """Resident memory of this process in MB, by the kernel's word (Linux: /proc)."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def digest(ids: Iterable[str]) -> str:
    """One word for a set of ids, whatever their order; a repeated id changes it."""
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()


class Hearer:
    def __init__(self) -> None:
        import django

        django.setup()
        from django.conf import settings

        from config import load
        from config.demo import make_accounts
        from ledger.points import listen
        from monitor.models import Source

        # The town costs nothing: no bench is too long for a budget.
        settings.HEARING = load.overlay(settings.HEARING, {"budget": {"x_month": 0.0}})
        make_accounts(60, "http://127.0.0.1")
        self.source = Source.objects.get(account__key="x", kind="mention")
        self.pages, self.samples = 0, list[float]()
        listen(self.reached)

    def reached(self, point: str) -> None:
        if point == "hear.page_stored":
            self.pages += 1
            if self.pages % EVERY == 0:
                self.samples.append(rss())

    def hear(self, now: str) -> dict[str, Any]:
        from monitor.hear import hear

        self.samples = []
        began = time.perf_counter()
        heard = hear(self.source.pk, datetime.fromisoformat(now))
        seconds = time.perf_counter() - began
        if heard is None or heard.trouble:
            raise SystemExit(f"the pass did not end well: {heard}")
        return {"seconds": seconds, "seen": heard.seen, "new": heard.new, "rss": self.samples}

    def ids(self) -> dict[str, Any]:
        from monitor.models import Mention, SetAside

        ids = list(Mention.objects.values_list("external_id", flat=True))
        return {"rows": len(ids), "digest": digest(ids), "set_aside": SetAside.objects.count()}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    hearer = Hearer()
    profile = cProfile.Profile() if os.environ.get("BENCH_PROFILE") else None
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        what = order.pop("do")
        if profile and what == "hear":
            answer = profile.runcall(hearer.hear, **order)
            profile.dump_stats(os.environ["BENCH_PROFILE"])
        else:
            answer = getattr(hearer, what)(**order)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
