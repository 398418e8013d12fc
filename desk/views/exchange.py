"""Impor dan ekspor: many drafts from a table, tried first; announcements as a table; a copy of an old one."""

from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from desk.access import READERS, StaffRequest, needs
from desk.frame import page
from desk.listing import asked
from ledger.roles import Role
from publisher.exchange import (
    EXPORTED,
    Row,
    Trial,
    columns,
    duplicate,
    example,
    exported,
    imported,
    notes,
    tried,
)
from publisher.kinds import AnnouncementKind, TemplateProblem, kind_named, kinds
from publisher.models import Announcement, AnnouncementState
from publisher.rules import Refused
from publisher.sheets import MOST_BYTES, BadSheet, to_csv, to_xlsx

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: A trial that was seen goes back to the server in its own signed form, for an hour and for one person.
_SALT, _HOUR = "desk.exchange", 3600
#: The signed form stays below what Django takes in one (DATA_UPLOAD_MAX_MEMORY_SIZE, 2.5 MB).
_MOST_SIGNED = 2_000_000


@needs(Role.AUTHOR)
def exchange(request: StaffRequest) -> HttpResponse:
    """Choose a kind, take its template, and try a filled one."""
    kind_key = asked(request.POST or request.GET, "jenis", kinds())
    problem, trial = "", None
    if request.method == "POST":
        trial, problem = _tried(request, kind_key)
    context: dict[str, Any] = {
        "section": "announcements",
        "kinds": list(kinds().values()),
        "chosen": kind_key,
        "problem": problem,
    }
    if trial is None:
        return page(request, "desk/exchange.html", context, status=422 if problem else 200)
    token = "" if trial.problems else _signed(request, trial)
    if len(token) > _MOST_SIGNED:
        context["problem"] = _(
            "Isi berkas ini terlalu banyak untuk sekali impor; bagi menjadi beberapa berkas."
        )
        return page(request, "desk/exchange.html", context, status=422)
    shown = kind_named(trial.kind).fields[:3]
    return page(
        request,
        "desk/exchange_trial.html",
        {**context, "trial": trial, "kind": kind_named(trial.kind), "columns": shown, "token": token},
        status=422 if trial.problems else 200,
    )


@needs(Role.AUTHOR)
@require_POST
def confirm(request: StaffRequest) -> HttpResponse:
    """Make the drafts of a trial that was seen."""
    try:
        told = signing.loads(request.POST.get("berkas", ""), salt=_salt(request), max_age=_HOUR)
    except signing.BadSignature:
        messages.error(request, _("Pemeriksaan ini sudah terlalu lama; unggah berkasnya sekali lagi."))
        return redirect("exchange")
    trial = Trial(told["kind"], [Row(**row) for row in told["rows"]], [])
    try:
        made = imported(trial, request.person, timezone.now())
    except (Refused, TemplateProblem) as refusal:
        messages.error(request, str(refusal))
        return redirect("exchange")
    if made:
        said = ngettext("%(count)d naskah dibuat.", "%(count)d naskah dibuat.", len(made))
        messages.success(request, said % {"count": len(made)})
    else:
        messages.info(request, _("Semua baris berkas ini sudah pernah diimpor; tidak ada yang dibuat lagi."))
    return redirect("announcements")


@needs(Role.AUTHOR)
@require_safe
def template(request: StaffRequest, kind: str, form: str) -> HttpResponse:
    """The empty table of a kind, with an example row."""
    known = _kind(kind)
    if form == "csv":
        return _file(to_csv(columns(known), [example(known)]), f"templat-{known.key}.csv")
    data = to_xlsx(known.name, columns(known), [example(known)], notes(known))
    return _file(data, f"templat-{known.key}.xlsx")


@needs(*READERS["announcements"])
@require_safe
def export(request: StaffRequest, form: str) -> HttpResponse:
    """All announcements, or those of one state, as a table."""
    state = asked(request.GET, "keadaan", AnnouncementState.values)
    rows = Announcement.proper.select_related("author", "approved_by").prefetch_related(
        "targets", "deliveries"
    )
    found = (rows.filter(state=state) if state else rows).order_by("-id").iterator(chunk_size=500)
    name = f"pengumuman-{timezone.localdate().isoformat()}.{form}"
    if form == "csv":
        return _file(to_csv(EXPORTED, exported(found)), name)
    return _file(to_xlsx(_("Pengumuman"), EXPORTED, exported(found)), name)


@needs(Role.AUTHOR)
@require_POST
def copy(request: StaffRequest, announcement_id: int) -> HttpResponse:
    """A new draft with the words of an old announcement."""
    row = get_object_or_404(Announcement.objects.select_related("picture"), pk=announcement_id)
    try:
        made = duplicate(row, request.person, timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("announcement", row.pk)
    messages.success(
        request,
        _("Naskah baru dari %(reference)s. Periksa tanggal dan tempatnya.") % {"reference": row.reference},
    )
    return redirect("announcement", made.pk)


def _tried(request: StaffRequest, kind_key: str) -> tuple[Trial | None, str]:
    """The trial of the sent file, or what is wrong with it as a sentence."""
    sent = request.FILES.get("berkas")
    if not kind_key:
        return None, _("Pilih jenis pengumumannya dulu.")
    if sent is None:
        return None, _("Pilih berkasnya dulu.")
    try:
        return tried(sent.read(MOST_BYTES + 1), kind_key, timezone.now()), ""
    except (BadSheet, TemplateProblem) as error:
        return None, str(error)


def _signed(request: StaffRequest, trial: Trial) -> str:
    told = {"kind": trial.kind, "rows": [asdict(row) for row in trial.rows]}
    return signing.dumps(told, salt=_salt(request), compress=True)


def _salt(request: StaffRequest) -> str:
    return f"{_SALT}:{request.person.pk}"


def _kind(key: str) -> AnnouncementKind:
    try:
        return kind_named(key)
    except TemplateProblem as error:
        raise Http404(str(error)) from error


def _file(data: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(data, content_type="text/csv; charset=utf-8" if name.endswith(".csv") else _XLSX)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
