"""Copies whose first was deleted before it became a case: the matter that they repeat must not go with it."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from cases.models import Case
from classifiers.models import DecisionChoice, Verdict
from monitor.models import Mention


@transaction.atomic
def free_copies(now: datetime) -> int:
    """Let the oldest copy of every deleted first without a case stand for the others; gives how many now do.

    It is judged again by itself, as a mention that was never folded; the later copies are folded under it.
    """
    matter = Case.objects.filter(mention=OuterRef("mention__copy_of"))
    folded = Verdict.objects.filter(
        ~Exists(matter),
        decision=DecisionChoice.FOLDED,
        mention__gone_at__isnull=True,
        mention__copy_of__gone_at__isnull=False,
    ).exclude(mention__copy_of__verdict__awaits_case=True)
    firsts: dict[int, int] = {}
    for copy, gone in folded.order_by("mention_id").values_list("mention_id", "mention__copy_of_id"):
        if gone is not None and gone not in firsts:
            firsts[gone] = copy
            Mention.objects.filter(pk=copy).update(copy_of=None, unjudged=True)
    for gone, first in firsts.items():
        Mention.objects.filter(copy_of=gone).update(copy_of=first)
    return len(firsts)
