"""Seri: announcements that come again. Listed, approved, left out on a day, written ahead, ended."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from channels.models import Account
from desk import series_sheet
from desk.access import READERS, StaffRequest, needs
from desk.coming import coming_of, day_in, kind_or_404, series_or_404
from desk.frame import page
from desk.letter import Shown, no_reference, shown_draft
from desk.times import date_words
from ledger.chain import timeline
from ledger.roles import Role
from publisher import series as keeping
from publisher.kinds import TemplateProblem
from publisher.models import Announcement, AnnouncementState, Series
from publisher.recurrence import Occurrence, next_times
from publisher.rules import Refused


@needs(*READERS["calendar"])
@require_safe
def every(request: StaffRequest) -> HttpResponse:
    """All series, those that still run first."""
    now = timezone.now()
    rows = Series.objects.prefetch_related("targets").select_related("author").order_by("-id")
    shown = [(row, series_sheet.spoken_rule(row.rule), _next(row, now, 1)) for row in rows[:200]]
    context = {
        "section": "calendar",
        "rows": sorted(shown, key=lambda one: not one[2]),
        "approved": {row.pk for row, _rule, _coming in shown if keeping.is_approved(row)},
        "writes": Role.AUTHOR in request.roles,
    }
    return page(request, "desk/series_list.html", context)


@needs(*READERS["calendar"])
@require_safe
def one(request: StaffRequest, series_id: int) -> HttpResponse:
    return _page(request, series_or_404(series_id))


@needs(Role.APPROVER)
@require_POST
def approve(request: StaffRequest, series_id: int) -> HttpResponse:
    row, now = series_or_404(series_id), timezone.now()
    try:
        if request.POST.get("tindakan") == "cabut":
            keeping.withdraw_approval(row, request.person, now)
            messages.success(request, _("Mulai sekarang setiap pengumuman seri ini ditanyakan lagi."))
        else:
            keeping.approve_series(row, request.person, now, seen=request.POST.get("seen", ""))
            messages.success(request, _("Disetujui untuk semua yang akan datang, selama isinya tetap."))
    except Refused as refusal:
        return _page(request, row, str(refusal))
    return redirect("series", row.pk)


@needs(Role.AUTHOR)
@require_POST
def leave_out(request: StaffRequest, series_id: int) -> HttpResponse:
    """A day without the series, or one that counts again."""
    row, now = series_or_404(series_id), timezone.now()
    day = day_in(request.POST.get("day", ""))
    if day is None:
        return _page(request, row, _("Pilih tanggal yang tidak ikut."))
    try:
        if request.POST.get("tindakan") == "kembalikan":
            keeping.put_back(row, day, request.person, now)
        else:
            keeping.leave_out(row, day, request.person, now)
    except Refused as refusal:
        return _page(request, row, str(refusal))
    messages.success(request, _("Dicatat untuk %(day)s.") % {"day": date_words(day)})
    return redirect("series", row.pk)


@needs(Role.AUTHOR)
@require_POST
def write_one(request: StaffRequest, series_id: int) -> HttpResponse:
    """Write one occurrence ahead of its time, to change it alone."""
    row, now = series_or_404(series_id), timezone.now()
    day = day_in(request.POST.get("day", ""))
    coming = next((x for x in next_times(row, now, 60) if x.day == day), None)
    if coming is None:
        return _page(request, row, _("Tanggal itu tidak ada dalam seri ini."))
    try:
        keeping.make_one(row, coming, now)
    except (Refused, TemplateProblem) as refusal:
        return _page(request, row, str(refusal))
    written = get_object_or_404(Announcement, series=row, occurrence_on=day)
    messages.info(request, _("Hanya pengumuman ini yang diubah; yang lain dalam seri tetap."))
    return redirect("announcement", written.pk)


@needs(Role.AUTHOR)
@require_POST
def end(request: StaffRequest, series_id: int) -> HttpResponse:
    row = series_or_404(series_id)
    try:
        keeping.end(row, request.person, timezone.now())
    except Refused as refusal:
        return _page(request, row, str(refusal))
    messages.success(request, _("Seri berakhir. Yang sudah tayang tetap ada."))
    return redirect("series", row.pk)


def _page(request: StaffRequest, row: Series, refusal: str = "") -> HttpResponse:
    now = timezone.now()
    kind = kind_or_404(row.kind)
    targets = list(row.targets.order_by("id"))
    written = _written(row)
    running = row.ended_at is None
    own = request.person in keeping.writers(row)
    context: dict[str, Any] = {
        "section": "calendar",
        "series": row,
        "kind": kind,
        "rule": series_sheet.spoken_rule(row.rule),
        "targets": targets,
        "coming": [
            coming_of(one, kind.content_class, targets, written.get(one.day)) for one in _next(row, now, 10)
        ],
        "left_out": [(day, date_words(date.fromisoformat(day))) for day in row.exceptions],
        "previews": _previews(row, targets),
        "seen": keeping.series_hash(row),
        "approved": keeping.is_approved(row),
        "running": running,
        "writes": running and Role.AUTHOR in request.roles,
        "approves": running and Role.APPROVER in request.roles and not own,
        "own": running and Role.APPROVER in request.roles and own,
        "events": timeline(row.subject),
        "named": date_words,
        "refusal": refusal,
    }
    return page(request, "desk/series.html", context, status=422 if refusal else 200)


def _next(row: Series, now: Any, count: int) -> list[Occurrence]:
    try:
        return next_times(row, now, count)
    except ValueError:
        return []


def _written(row: Series) -> dict[date, Announcement]:
    """The occurrences that are written, by their day."""
    rows = row.occurrences.exclude(state=AnnouncementState.CANCELLED)
    return {made.occurrence_on: made for made in rows if made.occurrence_on}


def _previews(row: Series, targets: list[Account]) -> list[Shown]:
    try:
        return shown_draft(row.kind, row.fields, targets, no_reference(), row.fields_en)
    except TemplateProblem:
        return []
