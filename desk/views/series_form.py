"""The form of a series: begun, looked at, kept; and changed from a day on."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from channels.models import Account
from desk import series_sheet
from desk.access import StaffRequest, needs
from desk.coming import coming_of, day_in, kind_or_404, series_or_404
from desk.frame import page
from desk.series_sheet import Sheet
from ledger.roles import Role
from publisher import series as keeping
from publisher.kinds import AnnouncementKind, kinds
from publisher.models import Announcement, Series
from publisher.rules import Refused
from publisher.values import kecamatan
from publisher.wall import local_day
from publisher.windows import EMERGENCY, zone


@needs(Role.AUTHOR)
@require_safe
def new(request: StaffRequest) -> HttpResponse:
    """Choose a kind. An emergency is no series."""
    known = [one for one in kinds().values() if one.content_class != EMERGENCY]
    return page(request, "desk/series_kinds.html", {"section": "calendar", "kinds": known})


@needs(Role.AUTHOR)
def begin(request: StaffRequest, kind: str) -> HttpResponse:
    """A new series of one kind; ?dari= takes the words of an announcement."""
    known = kind_or_404(kind)
    if request.method != "POST":
        return _form(request, known, None, _empty(known, request.GET.get("dari", "")))
    return _kept(request, known, None)


@needs(Role.AUTHOR)
def change(request: StaffRequest, series_id: int) -> HttpResponse:
    """Change every occurrence from a day on."""
    row = series_or_404(series_id)
    kind = kind_or_404(row.kind)
    if request.method != "POST":
        sheet = series_sheet.stored(row)
        sheet.since = local_day(timezone.now(), zone()).isoformat()
        return _form(request, kind, row, sheet)
    return _kept(request, kind, row)


def _kept(request: StaffRequest, kind: AnnouncementKind, row: Series | None) -> HttpResponse:
    """Only look at the next times, or keep what was typed."""
    now = timezone.now()
    sheet = series_sheet.typed(kind, request.POST)
    plan, wrong = series_sheet.plan_of(sheet, local_day(now, zone()))
    since = day_in(sheet.since)
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
        "coming": [coming_of(one, kind.content_class, plan.targets) for one in coming],
        "refusal": refusal,
        "by_field": by_field or {},
    }
    return page(request, "desk/series_form.html", context, status=422 if refusal else 200)


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
