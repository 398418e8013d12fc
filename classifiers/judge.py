"""Judging the mentions that wait, and storing the verdicts."""

import logging
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.db import transaction

from classifiers.core import judge as core
from classifiers.core.model import Model, ModelError, load
from classifiers.models import DecisionChoice, Verdict
from ledger.points import reach
from ledger.wake import wake
from monitor.models import Mention

log = logging.getLogger(__name__)

#: Made by `kentongan train` at set-up, beside the code, like a compiled translation.
SHIPPED = Path(__file__).parent / "model" / "kentongan.skops"


def model_path() -> Path:
    """The installation's own model when it has one, else the one made at set-up."""
    own: Path = settings.KENTONGAN_HOME / "models" / "kentongan.skops"
    return own if own.exists() else SHIPPED


def current_model() -> Model | None:
    """The model in use; None when it is missing or broken, which is logged and never stops the judging."""
    path = model_path()
    try:
        return _loaded(path, path.stat().st_mtime_ns if path.exists() else 0)
    except ModelError as error:
        log.error("%s Sebutan masuk tinjauan tanpa penilaian.", error)
        return None


@lru_cache(maxsize=1)
def _loaded(path: Path, changed: int) -> Model:
    return load(path)


def thresholds() -> core.Thresholds:
    table = settings.JUDGING["decision"]
    return core.Thresholds(forward=table["forward"], dismiss=table["dismiss"])


def judge_waiting(now: datetime, limit: int | None = None) -> int:
    """Judge up to ``limit`` mentions that have no verdict; gives how many got one."""
    batch = limit or settings.ENGINE["judging"]["batch"]
    waiting = list(Mention.objects.filter(unjudged=True).order_by("id")[:batch])
    if not waiting:
        return 0
    verdicts = core.judge([mention.text for mention in waiting], current_model(), thresholds())
    reach("judge.judged")
    stored = _store(waiting, verdicts, now)
    reach("judge.stored")
    return stored


@transaction.atomic
def _store(waiting: list[Mention], verdicts: list[core.Verdict], now: datetime) -> int:
    """Verdicts and the end of the waiting in one transaction; a mention judged meanwhile keeps its verdict."""
    rows = [_row(mention, verdict, now) for mention, verdict in zip(waiting, verdicts, strict=True)]
    _judge_anew([row.mention_id for row in rows])
    Verdict.objects.bulk_create(rows, ignore_conflicts=True, batch_size=100)
    stored: int = 0
    for start in range(0, len(waiting), 500):
        ids = [mention.pk for mention in waiting[start : start + 500]]
        stored += Mention.objects.filter(pk__in=ids, unjudged=True).update(unjudged=False)
    if any(row.awaits_case for row in rows):
        wake("open")
    return stored


def _judge_anew(mentions: list[int]) -> None:
    """Let go of verdicts on texts that were changed since, as long as nothing has followed from them."""
    stale = Verdict.objects.filter(mention_id__in=mentions, reviews__isnull=True, awaits_case=False)
    stale.exclude(decision=DecisionChoice.FORWARD).delete()


def _row(mention: Mention, verdict: core.Verdict, now: datetime) -> Verdict:
    copy = mention.copy_of_id is not None
    return Verdict(
        mention=mention,
        kind=verdict.kind.value if verdict.kind else "",
        probability=verdict.probability,
        probabilities=verdict.probabilities,
        decision=DecisionChoice.FOLDED if copy else verdict.decision.value,
        topic=verdict.topic or "",
        topics=list(verdict.topics),
        place=verdict.place or "",
        model=verdict.model,
        at=now,
        awaits_review=not copy and verdict.decision == core.Decision.REVIEW,
        awaits_case=not copy and verdict.decision == core.Decision.FORWARD,
    )
