"""Opening cases from verdicts that are sure, or confirmed by a person."""

import logging
import zoneinfo
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from cases import search
from cases.begin import begin
from cases.incidents import gather
from cases.models import Case, Counter
from cases.restriction import mark
from cases.thread import case_of, join, join_answers
from classifiers.core.kinds import Kind
from classifiers.intake import told_verdict
from classifiers.models import Verdict
from ledger.chain import record
from ledger.models import Person
from ledger.points import reach
from monitor.models import Mention
from monitor.originals import hold

log = logging.getLogger(__name__)

#: After this a case that could not be opened is tried again.
_LATER = timedelta(minutes=10)


def open_waiting(now: datetime, limit: int = 500) -> int:
    """Open a case for each waiting verdict; gives how many were opened. Each one is a transaction of its own."""
    join_answers(now)
    due = Q(case_from__isnull=True) | Q(case_from__lte=now)
    waiting = (
        Verdict.objects.filter(due, awaits_case=True).order_by("id").values_list("pk", flat=True)[:limit]
    )
    return sum(_opened(pk, now) for pk in list(waiting))


def _opened(verdict_id: int, now: datetime) -> bool:
    """Whether it opened a case. One that cannot be opened does not keep the others waiting: later again."""
    try:
        return open_case(verdict_id, now) is not None
    except Exception:  # whatever it is: the next one may be an emergency
        log.exception("the case of verdict %s cannot be opened; tried again in ten minutes", verdict_id)
        Verdict.objects.filter(pk=verdict_id, awaits_case=True).update(case_from=now + _LATER)
        return False


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
        if (going_on := case_of(verdict.mention)) is not None:
            join(verdict.mention, going_on, now)
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
        mark(verdict.mention, now)
        record("case.opened", case.subject, at=now, number=case.number, mention=verdict.mention_id)
        gather(case, now)
        begin(case, now)
        search.keep(case.pk)
    reach("open.stored")
    return case


@transaction.atomic
def open_intake(
    mention: Mention,
    now: datetime,
    *,
    kind: str,
    topic: str = "",
    place: str = "",
    person: Person | None = None,
) -> Case:
    """Open the case of what came in by a desk (monitor/intake.py), whatever the judge would say of it.

    Topic and place are judged where they are "". person: who took it in; None: it came by itself. The same mention
    again gives the case that is there.
    """
    Mention.objects.select_for_update().get(pk=mention.pk)  # two that bring the same, one after the other
    known = Case.objects.filter(mention=mention).first()
    if known is not None:
        return known
    verdict = told_verdict(mention, kind, topic, place, now)
    case = Case.objects.create(
        number=next_number(now),
        mention=mention,
        kind=verdict.kind,
        topic=verdict.topic,
        place=verdict.place,
        bucket=verdict.incident_key,
        opened_at=now,
        changed_at=now,
        confirmed_by=person,
    )
    hold(mention.pk, None)
    told = {"number": case.number, "mention": mention.pk, "desk": mention.external_id.partition(":")[0]}
    record("case.opened", case.subject, actor=person, at=now, **told)
    gather(case, now)
    begin(case, now)
    search.keep(case.pk)
    return case


def next_number(now: datetime) -> str:
    """The next number of the city's local year. Must run inside a transaction."""
    year = now.astimezone(zoneinfo.ZoneInfo(settings.CITY["timezone"])).year
    Counter.objects.get_or_create(year=year)
    Counter.objects.filter(year=year).update(last=F("last") + 1)
    return f"{settings.CITY['case_prefix']}-{year}-{Counter.objects.get(year=year).last:06d}"
