"""The occurrences of series, written when their time comes near.

Each is written once, whoever does it: the series' row is locked meanwhile, and (series, occurrence_on) is unique in
the database.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from publisher import approval, newsroom
from publisher.kinds import TemplateProblem
from publisher.models import Announcement, Series
from publisher.recurrence import Occurrence, next_times
from publisher.rules import Refused
from publisher.series_approval import is_approved, locked_series, writers

log = logging.getLogger(__name__)

#: So many occurrences of one series are written in one go at most.
_AT_ONCE = 50
#: So many coming ones are looked through for one; a person may write one ahead that lies a little further.
_LOOKED_AT = 60


def make_due(now: datetime) -> int:
    """Write the occurrences of all series that lie within the lead time of calendar.toml; gives how many.

    Each is submitted, and approved at once by the approval of its series where that fits. Where something stands
    against it (fields that do not fit any more, a time that is refused), it waits for a person in its state.
    """
    running = Series.objects.filter(ended_at__isnull=True).select_related("author", "approved_by")
    return sum(_make_due(series, now) for series in running.order_by("id"))


def make_one(series: Series, occurrence: Occurrence, now: datetime) -> Announcement | None:
    """Write one occurrence, if it is not written yet; None when it is."""
    try:
        with transaction.atomic():
            row = locked_series(series)
            if row.ended_at is not None or row.occurrences.filter(occurrence_on=occurrence.day).exists():
                return None
            if not _still_due(row, occurrence, now):
                return None
            return _written(row, occurrence, now)
    except IntegrityError:  # another worker was faster
        return None


def _still_due(series: Series, occurrence: Occurrence, now: datetime) -> bool:
    """Whether the series, as it is now that its row is locked, still has this time.

    The times were reckoned before; meanwhile somebody may have left the day out, or changed the series from it on.
    """
    coming = next_times(series, now, _LOOKED_AT)
    return any((one.day, one.moment) == (occurrence.day, occurrence.moment) for one in coming)


def _make_due(series: Series, now: datetime) -> int:
    until = now + timedelta(hours=settings.CALENDAR["series"]["lead"])
    try:
        due = [one for one in next_times(series, now, _AT_ONCE) if one.moment <= until]
        return sum(make_one(series, one, now) is not None for one in due)
    except (Refused, TemplateProblem, ValueError) as error:
        log.warning("series %s: %s", series.pk, error)
        return 0


def _written(series: Series, occurrence: Occurrence, now: datetime) -> Announcement:
    more = {
        "series": series,
        "occurrence_on": occurrence.day,
        "fields_en": series.fields_en,
        "kecamatan": series.kecamatan,
    }
    made = newsroom.draft(series.kind, series.fields, series.author, now, list(series.targets.all()), more)
    made.zone, made.publish_at = series.zone, occurrence.moment
    made.save(update_fields=["zone", "publish_at"])
    made.writers.add(*writers(series))
    try:
        with transaction.atomic():
            made = newsroom.submit(made, series.author, now, occurrence.moment)
    except (Refused, TemplateProblem) as refusal:
        log.warning("series %s, %s: %s", series.pk, occurrence.day, refusal)
        return made
    return _approved(series, made, now)


def _approved(series: Series, made: Announcement, now: datetime) -> Announcement:
    """Approved by the approval of the series, where that fits."""
    if series.approved_by is None or not is_approved(series) or made.publish_at is None:
        return made
    try:
        with transaction.atomic():
            return approval.approve(made, series.approved_by, now, version=made.version)
    except Refused as refusal:  # the official has no such task any more
        log.warning("series %s: %s", series.pk, refusal)
        return made
