"""Announcements that come again: made, approved as a whole, changed from a day on, ended; and written when due.

An occurrence is written once, whoever does it: the series' row is locked meanwhile, and (series, occurrence_on) is
unique in the database.
"""

import hashlib
import json
import logging
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from channels.models import Account
from ledger.chain import record
from ledger.models import Event, Person
from ledger.roles import Role
from publisher import approval, newsroom
from publisher.kinds import TemplateProblem, kind_named
from publisher.mandates import office_of
from publisher.models import EDITABLE, Announcement, AnnouncementState, Series
from publisher.newsroom import Refused, need
from publisher.recurrence import ON_HOLIDAY, BadRule, Occurrence, check_rule, next_times
from publisher.wall import local_day, zone_named
from publisher.windows import EMERGENCY, explain, refused

log = logging.getLogger(__name__)

#: Stands for the reference where wording is compared that has none yet.
_NO_REFERENCE = "KTG-000000"
#: So many occurrences of one series are written in one go at most.
_AT_ONCE = 50
#: Their actors wrote the series, and none of them approves it.
_WRITING = ("series.made", "series.changed")


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
        row = _locked(series)
        _refuse_ended(row)
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
        row = _locked(series)
        _refuse_ended(row)
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
        row = _locked(series)
        _refuse_ended(row)
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
        row = _locked(series)
        _refuse_ended(row)
        for made in row.occurrences.filter(_waiting(), publish_at__gt=now):
            newsroom.cancel(made, person, now)
        row.ended_at = now
        row.save(update_fields=["ended_at"])
        record("series.ended", row.subject, actor=person, at=now)
    return row


def approve_series(series: Series, person: Person, now: datetime, *, seen: str) -> Series:
    """Approve all occurrences to come, as long as wording, accounts and templates stay as they are.

    ``seen`` is series_hash of what was on the screen. Nobody approves what they wrote or changed.
    """
    need(person, Role.APPROVER)
    with transaction.atomic():
        row = _locked(series)
        _refuse_ended(row)
        office = office_of(person, now)
        if {person, office.instead_of} & writers(row):
            raise Refused(_("Yang menulis atau mengubah seri ini tidak dapat menyetujuinya sendiri."))
        present = series_hash(row)
        if not present or seen != present:
            raise Refused(_("Isinya diubah setelah Anda membukanya; baca lagi sebelum memutuskan."))
        row.approved_hash, row.approved_by, row.approved_at = present, person, now
        row.approved_office = office.name
        row.save()
        record("series.approved", row.subject, actor=person, at=now, office=office.name, hash=present)
    return row


def withdraw_approval(series: Series, person: Person, now: datetime) -> Series:
    """From now on each occurrence is asked about again."""
    need(person, Role.APPROVER)
    with transaction.atomic():
        row = _locked(series)
        row.approved_by, row.approved_at, row.approved_hash, row.approved_office = None, None, "", ""
        row.save()
        record("series.approval_withdrawn", row.subject, actor=person, at=now)
    return row


def is_approved(series: Series) -> bool:
    """Whether the approval of the whole series still fits what would be written."""
    return bool(series.approved_hash) and series.approved_hash == series_hash(series)


def series_hash(series: Series) -> str:
    """SHA-256 over kind, fields, places, accounts, and what the templates make of them; "" when they make nothing."""
    accounts = list(series.targets.order_by("id"))
    try:
        wording = newsroom.preview(series.kind, series.fields, accounts, _NO_REFERENCE, series.fields_en)
    except TemplateProblem:
        return ""
    parts = [
        series.kind,
        series.fields,
        series.fields_en,
        series.kecamatan,
        [[one.key, wording[one.key].digest()] for one in accounts],
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def writers(series: Series) -> set[Person]:
    """All who made or changed it, by the ledger, through the series that it continues."""
    found, subject = {series.author}, series.subject
    while subject:
        events = list(Event.objects.filter(subject=subject, kind__in=_WRITING).select_related("actor"))
        found |= {event.actor for event in events if event.actor}
        before = {f"series:{event.data['was']}" for event in events if "was" in event.data} - {subject}
        subject = before.pop() if before else ""
    return found


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
            row = _locked(series)
            if row.ended_at is not None or row.occurrences.filter(occurrence_on=occurrence.day).exists():
                return None
            return _written(row, occurrence, now)
    except IntegrityError:  # another worker was faster
        return None


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
    """Approved by the approval of the series, where that fits and nothing refuses the time."""
    if series.approved_by is None or not is_approved(series) or made.publish_at is None:
        return made
    against = explain(made.publish_at, made.content_class, made.targets.all(), made)
    if refused(against):
        return made
    try:
        with transaction.atomic():
            return approval.approve(made, series.approved_by, now, version=made.version)
    except Refused as refusal:  # the official has no such task any more
        log.warning("series %s: %s", series.pk, refusal)
        return made


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


def _locked(series: Series) -> Series:
    return Series.objects.select_for_update(of=("self",)).select_related("author").get(pk=series.pk)


def _refuse_ended(series: Series) -> None:
    if series.ended_at is not None:
        raise Refused(_("Seri ini sudah berakhir."))


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
