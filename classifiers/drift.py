"""The daily look at whether what is heard has changed: read from the tables, compared by core/shift.py, kept."""

import dataclasses
import zoneinfo
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Avg, Count, F, Q, QuerySet
from django.utils.translation import gettext as _

from classifiers.core.shift import Limits, Stretch, compare, distribution
from classifiers.models import DecisionChoice, DriftReport, Review, Verdict
from classifiers.versions import champion, reconcile
from ledger.chain import record
from ledger.life import beat
from monitor.alarms import Trouble, Weight, settle

#: Under this name the ledger keeps when the last look was.
LOOK = "checks.model"
#: Texts whose words are counted in one stretch, at most: the newest ones.
_TEXTS = 5000


def limits() -> Limits:
    table = settings.JUDGING["drift"]
    return Limits(**{field.name: table[field.name] for field in dataclasses.fields(Limits)})


def look(now: datetime) -> DriftReport:
    """Compare the last days with those before them, keep the report of the day, and raise or end its alarms."""
    beat(LOOK, now)
    reconcile()
    report = _report(now)
    settle("model", _troubles(report), now)
    return report


@transaction.atomic
def _report(now: datetime) -> DriftReport:
    table = settings.JUDGING["drift"]
    begins = now - timedelta(days=table["days"])
    before = stretch(begins - timedelta(days=table["before"]), begins)
    ruling = champion()
    measures = compare(before, stretch(begins, now), ruling.reference if ruling else [], limits())
    beyond = [one for one in measures if one.beyond]
    report, _made = DriftReport.objects.update_or_create(
        day=now.astimezone(zoneinfo.ZoneInfo(settings.CITY["timezone"])).date(),
        defaults={
            "at": now,
            "measured": [dataclasses.asdict(one) for one in measures],
            "alarms": len(beyond),
        },
    )
    if beyond:
        record("model.drifted", f"drift:{report.day}", at=now, measures=[one.name for one in beyond])
    return report


def _troubles(report: DriftReport) -> Iterator[Trouble]:
    for one in report.measured:
        if one["beyond"]:
            yield Trouble(f"drift:{one['name']}", Weight.REST, one["sentence"], _("Lihat halaman Penilai."))


def stretch(since: datetime, until: datetime) -> Stretch:
    """What was heard and judged between two moments, as numbers. Copies are not counted."""
    verdicts = Verdict.objects.filter(at__gte=since, at__lt=until).exclude(decision=DecisionChoice.FOLDED)
    reviews = Review.objects.filter(undone_at__isnull=True, at__gte=since, at__lt=until).exclude(
        verdict__kind=""
    )
    first = Verdict.objects.order_by("at").values_list("at", flat=True).first()
    texts = (
        verdicts.filter(mention__gone_at__isnull=True).order_by("-id").values_list("mention__text", flat=True)
    )
    facts = verdicts.aggregate(mentions=Count("pk"), confidence=Avg("probability"))
    return Stretch(
        # An installation younger than the stretch is compared by the days it has.
        days=(until - max(since, min(first or since, until))).total_seconds() / 86400,
        mentions=facts["mentions"],
        confidence=facts["confidence"],
        words=distribution(texts[:_TEXTS]),
        kinds=_mix(verdicts, "kind"),
        topics=_mix(verdicts, "topic"),
        units=_mix(verdicts, "authority"),
        **reviews.aggregate(reviewed=Count("pk"), overridden=Count("pk", filter=~Q(kind=F("verdict__kind")))),
    )


def _mix(verdicts: QuerySet[Verdict], field: str) -> dict[str, int]:
    rows = verdicts.exclude(**{field: ""}).values_list(field).annotate(Count("pk"))
    return {str(value): count for value, count in rows}
