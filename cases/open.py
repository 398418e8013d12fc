"""Opening cases from verdicts that are sure, or confirmed by a person."""

import zoneinfo
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from cases.begin import begin
from cases.incidents import gather
from cases.models import Case, Counter
from classifiers.core.kinds import Kind
from classifiers.models import Verdict
from ledger.chain import record
from ledger.points import reach
from monitor.originals import hold


def open_waiting(now: datetime, limit: int = 500) -> int:
    """Open a case for each waiting verdict; gives how many were opened. Each one is a transaction of its own."""
    due = Q(case_from__isnull=True) | Q(case_from__lte=now)
    waiting = (
        Verdict.objects.filter(due, awaits_case=True).order_by("id").values_list("pk", flat=True)[:limit]
    )
    return sum(open_case(pk, now) is not None for pk in list(waiting))


def open_case(verdict_id: int, now: datetime) -> Case | None:
    """Open the case of one verdict; None when another process has just done so."""
    reach("open.before")
    with transaction.atomic():
        # The conditional update is the claim: whoever changes the row opens the case, in the same transaction.
        if not Verdict.objects.filter(pk=verdict_id, awaits_case=True).update(awaits_case=False):
            return None
        verdict = Verdict.objects.select_related("mention").get(pk=verdict_id)
        known = Case.objects.filter(mention=verdict.mention).first()
        if known is not None:
            return None
        review = verdict.reviews.filter(undone_at__isnull=True).select_related("reviewer").first()
        case = Case.objects.create(
            number=next_number(now),
            mention=verdict.mention,
            kind=review.kind if review else verdict.kind or Kind.COMPLAINT.value,
            topic=verdict.topic,
            place=verdict.place,
            bucket=verdict.incident_key,
            opened_at=now,
            changed_at=now,
            confirmed_by=review.reviewer if review else None,
        )
        hold(verdict.mention_id, None)
        record("case.opened", case.subject, at=now, number=case.number, mention=verdict.mention_id)
        gather(case, now)
        begin(case, now)
    reach("open.stored")
    return case


def next_number(now: datetime) -> str:
    """The next number of the city's local year. Must run inside a transaction."""
    year = now.astimezone(zoneinfo.ZoneInfo(settings.CITY["timezone"])).year
    Counter.objects.get_or_create(year=year)
    Counter.objects.filter(year=year).update(last=F("last") + 1)
    return f"{settings.CITY['case_prefix']}-{year}-{Counter.objects.get(year=year).last:06d}"
