"""Seri: announcements that come again. Made, approved, changed from a day on, left out on a day, ended."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from channels.models import Account
from desk import series_sheet
from desk.access import READERS, StaffRequest, needs
from desk.agenda import clock_of
from desk.frame import page
from desk.letter import Shown, no_reference, shown_draft
from desk.series_sheet import Sheet
from desk.times import date_words
from ledger.chain import timeline
from ledger.roles import Role
from publisher import series as keeping
from publisher.kinds import AnnouncementKind, TemplateProblem, kind_named, kinds
from publisher.models import Announcement, AnnouncementState, Series
from publisher.newsroom import Refused
from publisher.recurrence import Occurrence, next_times
from publisher.values import kecamatan
from publisher.wall import local_day
from publisher.windows import EMERGENCY, Finding, explain, zone


@dataclass(frozen=True, slots=True)
class Coming:
    """One of the next times, with what became of it and what speaks against it."""

    occurrence: Occurrence
    day: str  #: "Senin, 30 November 2026"
    clock: str
    against: list[Finding]
    written: Announcement | None = None


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


@needs(Role.AUTHOR)
@require_safe
def new(request: StaffRequest) -> HttpResponse:
    """Choose a kind. An emergency is no series."""
    known = [one for one in kinds().values() if one.content_class != EMERGENCY]
    return page(request, "desk/series_kinds.html", {"section": "calendar", "kinds": known})


@needs(Role.AUTHOR)
def begin(request: StaffRequest, kind: str) -> HttpResponse:
    """A new series of one kind; ?dari= takes the words of an announcement."""
    known = _kind(kind)
    if request.method != "POST":
        return _form(request, known, None, _empty(known, request.GET.get("dari", "")))
    return _kept(request, known, None)


@needs(*READERS["calendar"])
@require_safe
def one(request: StaffRequest, series_id: int) -> HttpResponse:
    return _page(request, _found(series_id))


@needs(Role.AUTHOR)
def change(request: StaffRequest, series_id: int) -> HttpResponse:
    """Change every occurrence from a day on."""
    row = _found(series_id)
    kind = _kind(row.kind)
    if request.method != "POST":
        sheet = series_sheet.stored(row)
        sheet.since = local_day(timezone.now(), zone()).isoformat()
        return _form(request, kind, row, sheet)
    return _kept(request, kind, row)


@needs(Role.APPROVER)
@require_POST
def approve(request: StaffRequest, series_id: int) -> HttpResponse:
    row, now = _found(series_id), timezone.now()
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
    row, now = _found(series_id), timezone.now()
    day = _day(request.POST.get("day", ""))
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
    row, now = _found(series_id), timezone.now()
    day = _day(request.POST.get("day", ""))
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
    row = _found(series_id)
    try:
        keeping.end(row, request.person, timezone.now())
    except Refused as refusal:
        return _page(request, row, str(refusal))
    messages.success(request, _("Seri berakhir. Yang sudah tayang tetap ada."))
    return redirect("series", row.pk)


def _kept(request: StaffRequest, kind: AnnouncementKind, row: Series | None) -> HttpResponse:
    """Only look at the next times, or keep what was typed."""
    now = timezone.now()
    sheet = series_sheet.typed(kind, request.POST)
    plan, wrong = series_sheet.plan_of(sheet, local_day(now, zone()))
    since = _day(sheet.since)
    if row is not None and since is None:
        wrong["since"] = _("Pilih mulai kapan perubahan berlaku.")
    if request.POST.get("tindakan") == "lihat":
        return _form(request, kind, row, sheet, by_field=wrong)
    try:
        if wrong:
            raise Refused(_("Ada isian yang perlu dilengkapi."), wrong)
        if row is None:
            kept = keeping.make(kind.key, plan, request.person, now)
        else:
            kept = keeping.change(row, plan, request.person, now, since or local_day(now, zone()))
    except Refused as refusal:
        return _form(request, kind, row, sheet, str(refusal), refusal.by_field)
    messages.success(request, _("Seri disimpan."))
    return redirect("series", kept.pk)


def _form(
    request: StaffRequest,
    kind: AnnouncementKind,
    row: Series | None,
    sheet: Sheet,
    refusal: str = "",
    by_field: dict[str, str] | None = None,
) -> HttpResponse:
    now = timezone.now()
    plan, _wrong = series_sheet.plan_of(sheet, local_day(now, zone()))
    coming = keeping.preview_of(kind.key, plan, request.person, now)
    context = {
        "section": "calendar",
        "kind": kind,
        "series": row,
        "sheet": sheet,
        "accounts": list(Account.objects.filter(enabled=True).order_by("id")),
        "kecamatan": kecamatan(),
        "weekdays": series_sheet.weekday_names(),
        "months": series_sheet.month_names(),
        "nth": series_sheet.NTH,
        "coming": [_coming(one, kind.content_class, plan.targets) for one in coming],
        "refusal": refusal,
        "by_field": by_field or {},
    }
    return page(request, "desk/series_form.html", context, status=422 if refusal else 200)


def _page(request: StaffRequest, row: Series, refusal: str = "") -> HttpResponse:
    now = timezone.now()
    kind = _kind(row.kind)
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
            _coming(one, kind.content_class, targets, written.get(one.day)) for one in _next(row, now, 10)
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


def _coming(
    occurrence: Occurrence, content_class: str, targets: list[Account], written: Announcement | None = None
) -> Coming:
    moment = written.publish_at if written and written.publish_at else occurrence.moment
    day = date_words(local_day(moment, zone()))
    against = explain(moment, content_class, targets, written)
    return Coming(occurrence, day, clock_of(moment), against, written)


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


def _empty(kind: AnnouncementKind, source: str) -> Sheet:
    """A new form, with the words of an announcement where one is named."""
    today = local_day(timezone.now(), zone()).isoformat()
    sheet = Sheet(starts_on=today, fields={one.name: one.beginning for one in kind.fields})
    row = Announcement.objects.filter(pk=source, kind=kind.key).first() if source.isdecimal() else None
    if row is None:
        sheet.accounts = list(Account.objects.filter(enabled=True).order_by("id"))
        return sheet
    sheet.title, sheet.fields, sheet.fields_en = row.title, dict(row.fields), dict(row.fields_en)
    sheet.accounts, sheet.kecamatan = list(row.targets.order_by("id")), list(row.kecamatan)
    return sheet


def _kind(key: str) -> AnnouncementKind:
    try:
        return kind_named(key)
    except TemplateProblem as error:
        raise Http404(str(error)) from error


def _found(series_id: int) -> Series:
    return get_object_or_404(Series.objects.select_related("author", "approved_by"), pk=series_id)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
