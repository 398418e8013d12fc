"""The approval of a whole series: given once, and good for as long as what would be written stays the same."""

import hashlib
import json
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from ledger.chain import record
from ledger.models import Event, Person
from ledger.roles import Role
from publisher import newsroom
from publisher.kinds import TemplateProblem
from publisher.mandates import office_of
from publisher.models import Series
from publisher.rules import Refused, need

#: Stands for the reference where wording is compared that has none yet.
_NO_REFERENCE = "KTG-000000"
#: Their actors wrote the series, and none of them approves it.
_WRITING = ("series.made", "series.changed")


def approve_series(series: Series, person: Person, now: datetime, *, seen: str) -> Series:
    """Approve all occurrences to come, as long as wording, accounts and templates stay as they are.

    ``seen`` is series_hash of what was on the screen. Nobody approves what they wrote or changed.
    """
    need(person, Role.APPROVER)
    with transaction.atomic():
        row = locked_series(series)
        refuse_ended(row)
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
        row = locked_series(series)
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


def locked_series(series: Series) -> Series:
    return Series.objects.select_for_update(of=("self",)).select_related("author").get(pk=series.pk)


def refuse_ended(series: Series) -> None:
    if series.ended_at is not None:
        raise Refused(_("Seri ini sudah berakhir."))
