"""The steps that a trial's child can do. Each takes the time it is to believe in."""

from datetime import datetime
from typing import Any


def prepare(now: datetime) -> None:
    """Accounts, people, and one approved announcement that is due now."""
    from config.demo import announce, make_accounts, make_people

    make_accounts(2, "http://127.0.0.1")
    announce(make_people("kata-sandi-uji"), now, None)


def one_round(now: datetime) -> None:
    """Hear, judge, open; then the next step of every delivery."""
    from engine.work import pipeline
    from publisher.advance import advance
    from publisher.deliver import due_deliveries

    pipeline(now)
    for delivery, _ in due_deliveries(now):
        advance(delivery, now)


#: What goes to everybody; receipts to citizens go the same way out, and wait for the morning at night.
_PROPER = {"announcement__answers": ""}


def announced(received: dict[str, list[dict[str, Any]]], account: str) -> list[dict[str, Any]]:
    """What the town got of the announcement, without the replies, which name their case. No reply comes twice."""
    replies = [row["text"] for row in received[account] if _NUMBER in str(row.get("text", ""))]
    assert len(replies) == len(set(replies)), replies
    return [row for row in received[account] if _NUMBER not in str(row.get("text", ""))]


_NUMBER = "BKS-20"


def outcome(now: datetime) -> dict[str, Any]:
    """Mentions with their verdicts, cases, and deliveries, without what differs between any two runs."""
    from cases.models import Case
    from classifiers.models import Verdict
    from monitor.models import Mention
    from publisher.models import Delivery

    return {
        "mentions": sorted(Mention.objects.values_list("channel", "text")),
        "verdicts": sorted(Verdict.objects.values_list("mention__text", "kind", "decision")),
        "cases": sorted(Case.objects.values_list("mention__text", flat=True)),
        "numbers": sorted(Case.objects.values_list("number", flat=True)),
        "deliveries": sorted(Delivery.objects.filter(**_PROPER).values_list("account__key", "state")),
    }


def progress(now: datetime) -> dict[str, Any]:
    """What has been reached so far, for a trial that waits."""
    from cases.models import Case
    from classifiers.models import Verdict
    from monitor.models import Mention, Source
    from publisher.models import Delivery

    waiting = Mention.objects.filter(unjudged=True).count() + Verdict.objects.filter(awaits_case=True).count()
    return {
        "ids": sorted(Mention.objects.values_list("channel", "external_id")),
        "heard": not Source.objects.filter(enabled=True, passes=0).exists(),
        "waiting": waiting,
        "forwarded": Verdict.objects.filter(decision="forward").count(),
        "cases": Case.objects.count(),
        "deliveries": sorted(Delivery.objects.filter(**_PROPER).values_list("account__key", "state")),
    }


def failing_job(now: datetime) -> dict[str, int]:
    """A job that raises, and its twin that waits under the same lock: a worker ends both."""
    from procrastinate.contrib.django import app
    from procrastinate.contrib.django.models import ProcrastinateJob

    from engine.tasks import run_job

    for number in ("1", "2"):
        run_job.configure(lock="lane", queueing_lock=f"job {number}").defer(kind="no such work", key=number)
    with app.replace_connector(app.connector.get_worker_connector()) as working:  # type: ignore[attr-defined]  # DjangoConnector
        working.run_worker(queues=["kentongan"], wait=False, install_signal_handlers=False)
    return {"left": ProcrastinateJob.objects.filter(status__in=("todo", "doing")).count()}


def accounts(now: datetime) -> None:
    """The city's accounts alone."""
    from config.demo import make_accounts

    make_accounts(60, "http://127.0.0.1")


def hear_round(now: datetime) -> None:
    """One pass over every source that is due."""
    from monitor.hear import due_sources, hear

    for source in due_sources(now):
        hear(source.pk, now)


def hear_out(now: datetime) -> dict[str, Any]:
    """Quiet passes until all is heard; then what is stored, and which failures no gap covers."""
    from datetime import timedelta

    from monitor.models import Gap, Mention, Pass

    for hours in (0, 3, 6):
        hear_round(now + timedelta(hours=hours))
    uncovered = 0
    for failed in Pass.objects.exclude(failure=""):
        # The gap of a failure reaches over its moment: begun at or before it, ended after it.
        around = Gap.objects.filter(source=failed.source, opened_at__lte=failed.at)
        uncovered += (
            not around.filter(until__isnull=True).exists() and not around.filter(until__gt=failed.at).exists()
        )
    return {
        "ids": sorted(Mention.objects.values_list("channel", "external_id")),
        "uncovered": uncovered,
        "open_gaps": [
            f"{gap.source}: {gap.why} / {gap.source.trouble} / {gap.source.due_at}"
            for gap in Gap.objects.filter(state="open", source__enabled=True).exclude(source__via="web")
        ],
    }
