"""The occurrences of series, written when their time comes near.

Each is written once, whoever does it: the series' row is locked meanwhile, and (series, occurrence_on) is unique in
the database.
"""

import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from ledger.chain import record
from ledger.life import beat, last_beat
from ledger.models import Event
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
#: Under this name the sign of life of the last look at all series is kept.
_LOOK = "publisher.series"
_MISSED = "series.missed"
#: So long after it a missed occurrence is shown to those who wait for it.
_SHOWN = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Missed:
    """A time of a series that passed while nothing was running."""

    series: Series
    day: date  #: local


def make_due(now: datetime) -> int:
    """Write the occurrences of all series that lie within the lead time of calendar.toml; gives how many.

    Each is submitted, and approved at once by the approval of its series where that fits. Where something stands
    against it (fields that do not fit any more, a time that is refused), it waits for a person in its state.
    """
    running = Series.objects.filter(ended_at__isnull=True).select_related("author", "approved_by")
    since = last_beat(_LOOK)
    if since is not None:
        for series in running.order_by("id"):
            _note_missed(series, since, now)
    beat(_LOOK, now)
    return sum(_make_due(series, now) for series in running.order_by("id"))


def missed(now: datetime) -> list[Missed]:
    """What an outage longer than the lead time swallowed in the last days and nobody has written since."""
    told = list(Event.objects.filter(kind=_MISSED, at__gt=now - _SHOWN).order_by("-id")[:100])
    if not told:
        return []
    rows = {row.subject: row for row in Series.objects.filter(ended_at__isnull=True)}
    found = [
        Missed(rows[one.subject], date.fromisoformat(one.data["day"])) for one in told if one.subject in rows
    ]
    return [one for one in found if not one.series.occurrences.filter(occurrence_on=one.day).exists()]


def _note_missed(series: Series, since: datetime, now: datetime) -> None:
    """Tell the ledger of times that passed unwritten: nothing is sent late, but somebody must know."""
    try:
        passed = [one for one in next_times(series, since, _AT_ONCE) if one.moment <= now]
    except (TemplateProblem, ValueError) as error:
        log.warning("series %s: %s", series.pk, error)
        return
    for one in passed:
        if not series.occurrences.filter(occurrence_on=one.day).exists():
            record(_MISSED, series.subject, at=now, day=one.day.isoformat())


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
