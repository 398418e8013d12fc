"""A person confirms or corrects what the judge suggested."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from classifiers.core.kinds import Kind
from classifiers.models import DecisionChoice, Review, Verdict
from classifiers.queue import waiting, waiting_for
from ledger.chain import record
from ledger.models import Person
from ledger.wake import wake

__all__ = ["UNDO_TIME", "AlreadyReviewed", "review", "undo", "waiting", "waiting_for"]

#: How long a decision can be taken back before anything follows from it.
UNDO_TIME = timedelta(seconds=10)


class AlreadyReviewed(Exception):
    """Sebutan ini sudah ditinjau orang lain."""


@transaction.atomic
def review(verdict_id: int, kind: Kind, reviewer: Person, now: datetime) -> Review:
    """Keep a person's decision. A complaint opens a case. Raises AlreadyReviewed when another was faster.

    A post of the random sample that the judge forwarded has its case already, or soon: that is not touched.
    """
    waits = Verdict.objects.filter(pk=verdict_id, awaits_review=True)
    taken = waits.filter(decision=DecisionChoice.FORWARD).update(awaits_review=False) or waits.update(
        awaits_review=False, awaits_case=kind == Kind.COMPLAINT, case_from=now + UNDO_TIME
    )
    if not taken:
        raise AlreadyReviewed(_("Sebutan ini sudah ditinjau orang lain."))
    verdict = Verdict.objects.get(pk=verdict_id)
    made = Review.objects.create(verdict=verdict, reviewer=reviewer, kind=kind.value, at=now)
    Verdict.objects.filter(pk=verdict_id).update(
        awaits_second=verdict.doubled, leased_to=None, leased_until=None
    )
    record(
        "mention.reviewed",
        f"mention:{verdict.mention_id}",
        actor=reviewer,
        at=now,
        kind=kind.value,
        suggested=verdict.kind,
    )
    if kind == Kind.COMPLAINT:
        wake("open")
    return made


@transaction.atomic
def undo(review_id: int, reviewer: Person, now: datetime) -> bool:
    """Take back one's own decision, as long as no case and no second reading has come of it; gives whether it was."""
    standing = Review.objects.select_related("verdict").filter(
        pk=review_id, reviewer=reviewer, undone_at__isnull=True
    )
    made = standing.first()
    if made is None or made.verdict.second_readings.filter(undone_at__isnull=True).exists():
        return False
    back = Verdict.objects.filter(pk=made.verdict_id, awaits_review=False)
    if made.verdict.decision == DecisionChoice.FORWARD:
        taken = back.update(awaits_review=True, awaits_second=False)
    else:
        if made.kind == Kind.COMPLAINT:
            back = back.filter(awaits_case=True)
        taken = back.update(awaits_review=True, awaits_case=False, awaits_second=False)
    if not taken:
        return False
    Review.objects.filter(pk=made.pk).update(undone_at=now)
    record("review.undone", f"mention:{made.verdict.mention_id}", actor=reviewer, at=now)
    return True
