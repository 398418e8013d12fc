"""A person confirms or corrects what the judge suggested."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from classifiers.core.kinds import Kind
from classifiers.models import Review, Verdict
from ledger.chain import record
from ledger.models import Person
from ledger.wake import wake

#: How long a decision can be taken back before anything follows from it.
UNDO_TIME = timedelta(seconds=10)


class AlreadyReviewed(Exception):
    """Sebutan ini sudah ditinjau orang lain."""


def waiting() -> QuerySet[Verdict]:
    """Verdicts that a person must look at, oldest first."""
    return Verdict.objects.filter(awaits_review=True).select_related("mention").order_by("id")


@transaction.atomic
def review(verdict_id: int, kind: Kind, reviewer: Person, now: datetime) -> Review:
    """Keep a person's decision. A complaint opens a case. Raises AlreadyReviewed when another was faster."""
    taken = Verdict.objects.filter(pk=verdict_id, awaits_review=True).update(
        awaits_review=False, awaits_case=kind == Kind.COMPLAINT, case_from=now + UNDO_TIME
    )
    if not taken:
        raise AlreadyReviewed(_("Sebutan ini sudah ditinjau orang lain."))
    verdict = Verdict.objects.get(pk=verdict_id)
    made = Review.objects.create(verdict=verdict, reviewer=reviewer, kind=kind.value, at=now)
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
    """Take back one's own decision, as long as no case has come of it; gives whether it was taken back."""
    standing = Review.objects.select_related("verdict").filter(
        pk=review_id, reviewer=reviewer, undone_at__isnull=True
    )
    made = standing.first()
    if made is None:
        return False
    back = Verdict.objects.filter(pk=made.verdict_id, awaits_review=False)
    if made.kind == Kind.COMPLAINT:
        back = back.filter(awaits_case=True)
    if not back.update(awaits_review=True, awaits_case=False):
        return False
    Review.objects.filter(pk=made.pk).update(undone_at=now)
    record("review.undone", f"mention:{made.verdict.mention_id}", actor=reviewer, at=now)
    return True
