"""Announcements that come again: made, changed from a day on, left out on a day, ended.

Their times are reckoned in publisher.recurrence, written in publisher.occurrences, and approved in
publisher.series_approval.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from channels.models import Account
from ledger.chain import record
from ledger.models import Event, Person
from ledger.roles import Role
from publisher import newsroom
from publisher.kinds import kind_named
from publisher.models import EDITABLE, Announcement, AnnouncementState, Series
from publisher.occurrences import make_due as make_due
from publisher.occurrences import make_one as make_one
from publisher.occurrences import missed as missed
from publisher.recurrence import ON_HOLIDAY, BadRule, Occurrence, check_rule, next_times
from publisher.rules import Refused, need
from publisher.series_approval import approve_series as approve_series
from publisher.series_approval import is_approved as is_approved
from publisher.series_approval import locked_series, refuse_ended
from publisher.series_approval import series_hash as series_hash
from publisher.series_approval import withdraw_approval as withdraw_approval
from publisher.series_approval import writers as writers
from publisher.wall import local_day, zone_named
from publisher.windows import EMERGENCY


@dataclass(slots=True)
class Plan:
    """What a person wants of a series."""

    title: str
    fields: dict[str, Any]
    targets: list[Account]
    rule: dict[str, str]
    starts_on: date
    ends_on: date | None = None
    on_holiday: str = "keep"
    fields_en: dict[str, Any] = field(default_factory=dict)
    kecamatan: list[str] = field(default_factory=list)
    zone: str = ""  #: "" is the city's

    def values(self) -> dict[str, Any]:
        """As the columns of Series, without the targets."""
        return {
            "title": self.title.strip()[:200],
            "fields": self.fields,
            "fields_en": self.fields_en,
            "kecamatan": self.kecamatan,
            "rule": self.rule,
            "zone": self.zone or settings.CITY["timezone"],
            "starts_on": self.starts_on,
            "ends_on": self.ends_on,
            "on_holiday": self.on_holiday,
        }


def make(kind: str, plan: Plan, author: Person, now: datetime) -> Series:
    """Begin a series. Refused names what must be mended where."""
    need(author, Role.AUTHOR)
    _check(kind, plan)
    with transaction.atomic():
        made = Series.objects.create(kind=kind, author=author, created_at=now, **plan.values())
        made.targets.set(plan.targets)
        record("series.made", made.subject, actor=author, at=now, title=made.title)
    return made


def change(series: Series, plan: Plan, person: Person, now: datetime, since: date) -> Series:
    """Change every occurrence from the local day ``since`` on; gives the series that holds the change.

    What was before stays as it was: the old series ends the day before and a new one begins. Occurrences that were
    written already are taken back and written anew, except those that somebody changed or moved by hand.
    """
    need(person, Role.AUTHOR)
    _check(series.kind, plan)
    with transaction.atomic():
        row = locked_series(series)
        refuse_ended(row)
        first = max(since, row.starts_on)
        _take_back(row, Q(occurrence_on__gte=first), person, now)
        if first > row.starts_on or row.occurrences.exists():
            row = _split(row, max(first, plan.starts_on), plan, now)
        else:
            Series.objects.filter(pk=row.pk).update(**plan.values())
            row.refresh_from_db()
        row.targets.set(plan.targets)
        record("series.changed", row.subject, actor=person, at=now, since=first.isoformat(), was=series.pk)
    return row


def leave_out(series: Series, day: date, person: Person, now: datetime) -> Series:
    """One local day of the rule on which nothing goes out; what was written for it is cancelled."""
    need(person, Role.AUTHOR)
    with transaction.atomic():
        row = locked_series(series)
        refuse_ended(row)
        if day.isoformat() in row.exceptions:
            return row
        for made in row.occurrences.filter(occurrence_on=day).exclude(state=AnnouncementState.CANCELLED):
            newsroom.cancel(made, person, now)
        row.exceptions = sorted({*row.exceptions, day.isoformat()})
        row.save(update_fields=["exceptions"])
        record("series.left_out", row.subject, actor=person, at=now, day=day.isoformat())
    return row


def put_back(series: Series, day: date, person: Person, now: datetime) -> Series:
    """A day that had been left out counts again."""
    need(person, Role.AUTHOR)
    with transaction.atomic():
        row = locked_series(series)
        refuse_ended(row)
        row.exceptions = [one for one in row.exceptions if one != day.isoformat()]
        row.save(update_fields=["exceptions"])
        cancelled = row.occurrences.filter(occurrence_on=day, state=AnnouncementState.CANCELLED)
        cancelled.update(series=None, occurrence_on=None)  # so that it can be written anew
        record("series.put_back", row.subject, actor=person, at=now, day=day.isoformat())
    return row


def end(series: Series, person: Person, now: datetime) -> Series:
    """No more occurrences; those that are written and have not begun to appear are cancelled."""
    need(person, Role.AUTHOR)
    with transaction.atomic():
        row = locked_series(series)
        refuse_ended(row)
        for made in row.occurrences.filter(_waiting(), publish_at__gt=now):
            newsroom.cancel(made, person, now)
        row.ended_at = now
        row.save(update_fields=["ended_at"])
        record("series.ended", row.subject, actor=person, at=now)
    return row


def _take_back(series: Series, which: Q, person: Person, now: datetime) -> None:
    """Cancel what is written and nobody touched by hand, and let go of it."""
    for made in series.occurrences.filter(which, _waiting(), version=1):
        if not Event.objects.filter(subject=made.subject, kind="announcement.moved").exists():
            newsroom.cancel(made, person, now)
            Announcement.objects.filter(pk=made.pk).update(series=None, occurrence_on=None)


def _split(series: Series, first: date, plan: Plan, now: datetime) -> Series:
    """End ``series`` before ``first`` and begin its continuation; days that somebody keeps by hand stay out of it."""
    kept = series.occurrences.filter(occurrence_on__gte=first).values_list("occurrence_on", flat=True)
    Series.objects.filter(pk=series.pk).update(ends_on=first - timedelta(days=1))
    own = {"exceptions": sorted({*series.exceptions, *(day.isoformat() for day in kept if day)})}
    approved = {
        name: getattr(series, name)
        for name in ("approved_hash", "approved_by", "approved_office", "approved_at")
    }
    values = {**plan.values(), "starts_on": first}
    return Series.objects.create(
        kind=series.kind, author=series.author, created_at=now, **own, **approved, **values
    )


def _waiting() -> Q:
    return Q(state__in=(*EDITABLE, AnnouncementState.SCHEDULED))


def _check(kind: str, plan: Plan) -> None:
    """Raises Refused with a sentence for each thing that must be mended."""
    known = kind_named(kind)
    wrong = known.check(plan.fields) | known.check_english(plan.fields_en)
    if known.content_class == EMERGENCY:
        raise Refused(_("Peringatan darurat tidak dapat dijadikan seri."))
    if not plan.title.strip():
        wrong["title"] = _("Nama seri belum diisi.")
    if not plan.targets:
        wrong["targets"] = _("Belum ada saluran.")
    if plan.ends_on is not None and plan.ends_on < plan.starts_on:
        wrong["ends_on"] = _("Hari terakhir ada sebelum hari pertama.")
    if plan.on_holiday not in ON_HOLIDAY:
        wrong["on_holiday"] = _("Pilih apa yang terjadi pada hari libur.")
    try:
        zone_named(plan.zone or settings.CITY["timezone"])
    except ValueError as error:
        wrong["zone"] = str(error)
    try:
        check_rule(plan.rule)
    except BadRule as error:
        wrong["rule"] = str(error)
    if wrong:
        raise Refused(_("Ada isian yang perlu dilengkapi."), wrong)


def preview_of(kind: str, plan: Plan, author: Person, now: datetime, count: int = 10) -> list[Occurrence]:
    """The next times of a plan that is not kept yet; [] while its rule cannot be read."""
    draft = Series(kind=kind, author=author, created_at=now, **plan.values())
    try:
        return next_times(draft, now, count)
    except ValueError:
        return []


def taken(series: Series, now: datetime) -> set[date]:
    """Local days of the series from today on that are written already."""
    rows = series.occurrences.filter(occurrence_on__gte=local_day(now, series.zone))
    return {day for day in rows.values_list("occurrence_on", flat=True) if day is not None}
