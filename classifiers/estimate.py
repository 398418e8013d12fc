"""What is known of the judge at work: estimates from the random sample alone, with 95 % intervals.

The sample was drawn by a hash, before and apart from any verdict, and never learned from. Reviews of doubtful posts
say nothing of this: they were chosen because the judge was bad at them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from classifiers.core.kinds import Kind
from classifiers.core.scores import Range, share
from classifiers.models import DecisionChoice, Review, SecondReading, Verdict

#: Older answers tell of another model and of other times.
_DAYS = 180


@dataclass(frozen=True, slots=True)
class KindEstimate:
    """One kind; None where nothing of it was in the sample."""

    kind: str
    prevalence: Range | None  #: share of all mentions (copies not counted)
    recall: Range | None  #: of those truly of this kind, how many the judge called so
    precision: Range | None  #: of those the judge called so, how many truly are


@dataclass(frozen=True, slots=True)
class Estimate:
    """The judge at work, as the random sample shows it."""

    drawn: int  #: mentions in the sample
    answered: int  #: of them decided by a person
    kinds: list[KindEstimate]
    missed: Range | None  #: complaints among what the judge dismissed
    wrongly_opened: Range | None  #: no complaints among what the judge forwarded


def estimate(now: datetime) -> Estimate:
    """From the sample of the last 180 days."""
    since = now - timedelta(days=_DAYS)
    sample = Verdict.objects.filter(audit=True, at__gte=since, mention__gone_at__isnull=True)
    rows = _answers(since)
    dismissed = [true for true, _said, decision in rows if decision == DecisionChoice.DISMISS]
    forwarded = [true for true, _said, decision in rows if decision == DecisionChoice.FORWARD]
    return Estimate(
        drawn=sample.count(),
        answered=len(rows),
        kinds=[_of(kind.value, [(true, said) for true, said, _decision in rows]) for kind in Kind],
        missed=share(dismissed.count(Kind.COMPLAINT.value), len(dismissed)),
        wrongly_opened=share(len(forwarded) - forwarded.count(Kind.COMPLAINT.value), len(forwarded)),
    )


def _answers(since: datetime) -> list[tuple[str, str, str]]:
    """(what people decided, what the judge had said, what was done) of every answered post of the sample."""
    settled = dict(
        SecondReading.objects.filter(undone_at__isnull=True, settles=True).values_list("verdict_id", "kind")
    )
    reviews = Review.objects.filter(
        undone_at__isnull=True,
        verdict__audit=True,
        verdict__at__gte=since,
        verdict__mention__gone_at__isnull=True,
    ).select_related("verdict")
    return [
        (settled.get(one.verdict_id, one.kind), one.verdict.kind, one.verdict.decision) for one in reviews
    ]


def _of(kind: str, rows: list[tuple[str, str]]) -> KindEstimate:
    judged = [(true, said) for true, said in rows if said]
    hits = sum(true == said == kind for true, said in judged)
    return KindEstimate(
        kind,
        share(sum(true == kind for true, _said in rows), len(rows)),
        share(hits, sum(true == kind for true, _said in judged)),
        share(hits, sum(said == kind for _true, said in judged)),
    )
