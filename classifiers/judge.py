"""Judging the mentions that wait, and storing the verdicts."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from classifiers.core import judge as core
from classifiers.core.order import doubt
from classifiers.current import SHIPPED, current_model, model_path
from classifiers.models import DecisionChoice, Verdict
from classifiers.queue import is_audit, is_doubled
from ledger.points import reach
from ledger.wake import wake
from monitor.models import Mention, SourceKind

__all__ = ["SHIPPED", "current_model", "judge_waiting", "model_path", "thresholds"]


def thresholds() -> core.Thresholds:
    table = settings.JUDGING["decision"]
    return core.Thresholds(forward=table["forward"], dismiss=table["dismiss"], recall=table["recall"])


def judge_waiting(now: datetime, limit: int | None = None) -> int:
    """Judge up to ``limit`` mentions that have no verdict; gives how many got one."""
    batch = limit or settings.ENGINE["judging"]["batch"]
    unjudged = Mention.objects.filter(unjudged=True).select_related("source")
    waiting = list(unjudged.order_by("id")[:batch])
    if not waiting:
        return 0
    verdicts = core.judge(
        [mention.text for mention in waiting],
        current_model(),
        thresholds(),
        [collector(mention.source.kind) for mention in waiting],
        [mention.posted_at or mention.heard_at for mention in waiting],
        deep=settings.JUDGING["model"]["deep"],
    )
    reach("judge.judged")
    stored = _store(waiting, verdicts, now)
    reach("judge.stored")
    return stored


def collector(kind: str) -> str:
    """How a source finds its posts, as the judge tells them apart: "keyword" for searches, else "mention"."""
    return "keyword" if kind in (SourceKind.KEYWORD, SourceKind.HASHTAG) else "mention"


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
    audit = not copy and is_audit(mention.pk)
    awaits_review = audit or (not copy and verdict.decision == core.Decision.REVIEW)
    return Verdict(
        mention=mention,
        kind=verdict.kind.value if verdict.kind else "",
        probability=verdict.probability,
        probabilities=verdict.probabilities,
        decision=DecisionChoice.FOLDED if copy else verdict.decision.value,
        topic=verdict.topic or "",
        topics=list(verdict.topics),
        place=verdict.place or "",
        urgency=verdict.urgency.value if verdict.urgency else "",
        authority=verdict.authority or "",
        reasons=list(verdict.reasons),
        incident_key=verdict.incident_key or "",
        model=verdict.model,
        at=now,
        awaits_review=awaits_review,
        awaits_case=not copy and verdict.decision == core.Decision.FORWARD,
        doubt=doubt(list(verdict.probabilities.values()) if verdict.probabilities else None),
        audit=audit,
        doubled=awaits_review and is_doubled(mention.pk),
    )
