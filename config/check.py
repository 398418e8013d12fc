"""`kentongan demo --check`: the main job from end to end, counted, with no screen and no account."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from cases.models import Case
from classifiers.judge import current_model
from classifiers.models import Verdict
from config import load
from config.demo import (
    TARGETS,
    announce,
    answers_nothing,
    make_accounts,
    make_people,
    make_units,
    shipped_world,
    table,
    write_identity,
)
from config.ports import free_port
from config.serve import Engine
from config.town import Town
from monitor.models import Mention, SetAside, Source
from publisher.models import SETTLED, Announcement, Delivery, DeliveryState

log = logging.getLogger(__name__)
#: Seconds between two passes of a source, until the announcement goes out, and at most for everything.
_INTERVAL, _LEAD, _PATIENCE = 2, 3, 540.0


@dataclass
class Report:
    """What the check found; `as_json` is its contract."""

    expected: int = 0
    stored: int = 0
    duplicates: int = 0
    missing: int = 0
    set_aside: int = 0
    forwarded: int = 0
    cases: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    town_received: dict[str, int] = field(default_factory=dict)
    deliveries: dict[str, dict[str, str | None]] = field(default_factory=dict)
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "seconds": round(self.seconds, 1)}


def check(world: Path | None) -> Report:
    """Start town and engine, hear ``world`` (the shipped one when None), publish, count; stop both."""
    began = time.monotonic()
    home = Path(settings.KENTONGAN_HOME)
    if world is None:
        world = home / "world.jsonl"
        world.write_text(shipped_world(), "utf-8")
    write_identity(home / "identity.json")
    port = free_port("127.0.0.1", 0)
    arguments = ["--identity", str(home / "identity.json"), "--world", str(world.resolve()), "--no-caps"]
    town = Town(port, arguments, home / "town.log")
    try:
        health = town.wait_ready(60)
        settings.STAND_IN = town.base
        # The town costs nothing: no world is too large for a budget.
        settings.HEARING = load.overlay(settings.HEARING, {"budget": {"x_month": 0.0}})
        report = Report(problems=[str(problem) for problem in health.get("problems", [])])
        _run(town, report, began + _PATIENCE)
    finally:
        town.close()
    report.seconds = time.monotonic() - began
    return report


def _run(town: Town, report: Report, end: float) -> None:
    if current_model() is None:
        report.problems.append("Belum ada model penilai (kentongan train); semua sebutan masuk tinjauan.")
    answers_nothing()
    make_units(timezone.now())
    people = make_people("tidak dipakai di sini")
    make_accounts(_INTERVAL, "http://127.0.0.1")
    engine = Engine()
    engine.start()
    try:
        now = timezone.now()
        announcement = announce(people, now, now + timedelta(seconds=_LEAD))
        said = _until(lambda: _heard_all() and _spoken_all(announcement), end)
    finally:
        engine.stop()
    if not said:
        report.problems.append("Waktu habis sebelum semuanya selesai.")
    _count_heard(town, report)
    _count_spoken(town, announcement, report)


def _until(done: Callable[[], bool], end: float) -> bool:
    while time.monotonic() < end:
        if done():
            return True
        time.sleep(0.5)
    return done()


def _heard_all() -> bool:
    """Every source has been read to its end twice, the last time without anything new, and all is judged."""
    for source in Source.objects.filter(enabled=True):
        waits_by_itself = source.failure == "later" and source.via == "web"
        if not waits_by_itself and (source.passes < 2 or source.last_new or source.failure):
            return False
    waiting = (
        Mention.objects.filter(unjudged=True).exists() or Verdict.objects.filter(awaits_case=True).exists()
    )
    return not waiting


def _spoken_all(announcement: Announcement) -> bool:
    states = Delivery.objects.filter(announcement=announcement).values_list("state", flat=True)
    return all(state in SETTLED for state in states)


def _count_heard(town: Town, report: Report) -> None:
    """Compare what is stored with what the town says was said."""
    said = {
        channel: {str(number) for number in town.get(f"/control/ids?channel={channel}").values()}
        for channel in ("x", "facebook", "instagram")
    }
    # Each site numbers its comments by itself; stored they carry their site's name (channels/website_comments.py).
    said["website"] = {
        f"{site['host']}#comment-{number}"
        for site in table()["identity"]["websites"]
        for number in town.get(f"/control/ids?channel={site['key']}").values()
    }
    stored = Counter(Mention.objects.values_list("channel", "external_id"))
    report.expected = sum(len(ids) for ids in said.values())
    report.stored = sum(stored.values())
    wanted = {(channel, number) for channel, ids in said.items() for number in ids}
    report.missing = len(wanted - set(stored))
    report.duplicates = sum(count - 1 for count in stored.values()) + len(set(stored) - wanted)
    report.set_aside = SetAside.objects.count()
    report.forwarded = Verdict.objects.filter(decision="forward").count()
    report.cases = Case.objects.count()
    kinds = Counter(Verdict.objects.values_list("kind", flat=True))
    report.kinds = {kind or "unjudged": count for kind, count in sorted(kinds.items())}
    if report.missing:
        report.problems.append(f"{report.missing} unggahan tidak terdengar.")
    if report.duplicates:
        report.problems.append(f"{report.duplicates} unggahan tersimpan ganda.")
    if report.cases != report.forwarded:
        report.problems.append(
            f"{report.forwarded} pengaduan diteruskan, tetapi {report.cases} kasus terbuka."
        )


def _count_spoken(town: Town, announcement: Announcement, report: Report) -> None:
    """Compare the receipts with what the town received: each target must hold the announcement once."""
    received = town.get("/control/received")
    for delivery in Delivery.objects.filter(announcement=announcement).select_related("account"):
        report.deliveries[delivery.account.key] = {
            "status": delivery.state,
            "remote_id": delivery.remote_id or None,
            "permalink": delivery.permalink or None,
        }
    report.town_received = {key: len(received.get(key, [])) for key in TARGETS}
    for key in TARGETS:
        state = report.deliveries.get(key, {}).get("status")
        if state != DeliveryState.PUBLISHED or report.town_received[key] != 1:
            report.problems.append(
                f"{key}: status {state}, kota tiruan menerima {report.town_received[key]} kali."
            )
