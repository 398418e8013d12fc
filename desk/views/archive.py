"""Arsip: what appeared, proven; searched, given away, and what now stands differently on its channel."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from channels.models import Kind as ChannelKind
from desk.access import READERS, StaffRequest, needs
from desk.frame import page
from desk.listing import asked, page_of, with_query
from ledger.roles import Role
from publisher.archive import differences, mark_seen, verify
from publisher.evidence import evidence
from publisher.kinds import kinds
from publisher.models import Announcement, Proof, ReadBack
from publisher.records import (
    COLUMNS,
    PPID_WORDS,
    Search,
    as_json,
    joined,
    proofs,
    register,
    register_columns,
    table,
)
from publisher.sheets import to_csv, to_xlsx

WHAT = ("published", "corrected", "retracted", "read_back")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@needs(*READERS["announcements"])
@require_safe
def archive(request: StaffRequest) -> HttpResponse:
    search = search_of(request.GET)
    found, older = page_of(proofs(search), request.GET)
    context = {
        "section": "archive",
        "proofs": found,
        "search": search,
        "narrowed": search != Search(words=search.words),
        "query": with_query(request.GET, sebelum=""),
        "paged": "sebelum" in request.GET,
        "older": with_query(request.GET, sebelum=older) if older else "",
        "differences": differences(),
        "decides": bool(request.roles & {Role.AUTHOR, Role.APPROVER}),
        "choices": {
            "saluran": [(one.value, str(one.label)) for one in ChannelKind],
            "jenis": [(one.key, one.name) for one in kinds().values()],
            "kelas": list(PPID_WORDS.items()),
            "bukti": [(one, what_word(one)) for one in WHAT],
        },
        "what_word": what_word,
    }
    return page(request, "desk/archive.html", context)


@needs(*READERS["announcements"])
@require_safe
def proof(request: StaffRequest, number: int) -> HttpResponse:
    """One proof in full, with the others of its announcement."""
    rows = Proof.objects.select_related("delivery__announcement", "delivery__account")
    row = get_object_or_404(rows, number=number)
    others = rows.filter(delivery__announcement=row.delivery.announcement).order_by("number")
    context = {"section": "archive", "proof": row, "others": list(others[:200]), "what_word": what_word}
    return page(request, "desk/archive_proof.html", context)


@needs(*READERS["announcements"])
@require_POST
def check(request: StaffRequest) -> HttpResponse:
    """Verify the whole chain now."""
    broken = verify()
    if broken is None:
        messages.success(request, _("Rantai arsip utuh dari bukti pertama sampai terakhir."))
    else:
        said = _(
            "Rantai arsip putus di bukti nomor %(number)d. Simpan salinan basis data dan lapor administrator."
        )
        messages.error(request, said % {"number": broken})
    return redirect("archive")


@needs(Role.AUTHOR, Role.APPROVER)
@require_POST
def seen(request: StaffRequest, look_id: int) -> HttpResponse:
    """A person has looked at a difference."""
    look = get_object_or_404(ReadBack.objects.select_related("delivery"), pk=look_id)
    if mark_seen(look, request.person, timezone.now()):
        messages.success(request, _("Dicatat: sudah diperiksa."))
    else:
        messages.info(request, _("Ini sudah diperiksa sebelumnya."))
    return redirect("archive")


@needs(*READERS["announcements"])
@require_safe
def export(request: StaffRequest, form: str) -> HttpResponse:
    """The rows of the present search as a file, or the register of public information."""
    search, day = search_of(request.GET), timezone.localdate().isoformat()
    match form:
        case "arsip.json":
            answer = HttpResponse(joined(as_json(proofs(search))), content_type="application/json")
        case "arsip.csv":
            answer = HttpResponse(
                to_csv(COLUMNS, table(proofs(search))), content_type="text/csv; charset=utf-8"
            )
        case "ppid.csv":
            data = to_csv(register_columns(), register(search))
            answer = HttpResponse(data, content_type="text/csv; charset=utf-8")
        case _:
            data = to_xlsx(_("Daftar informasi publik"), register_columns(), register(search))
            answer = HttpResponse(data, content_type=_XLSX)
    name, _dot, ending = form.partition(".")
    answer["Content-Disposition"] = f'attachment; filename="{name}-{day}.{ending}"'
    return answer


@needs(*READERS["announcements"])
@require_safe
def paper(request: StaffRequest, announcement_id: int) -> HttpResponse:
    """Bukti tayang of one announcement as a PDF."""
    row = get_object_or_404(Announcement.objects.select_related("author", "approved_by"), pk=announcement_id)
    answer = HttpResponse(evidence(row, timezone.now()), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="bukti-tayang-{row.reference}.pdf"'
    return answer


def search_of(query: QueryDict) -> Search:
    return Search(
        words=query.get("q", "").replace("\x00", "").strip()[:100],
        channel=asked(query, "saluran", ChannelKind.values),
        kind=asked(query, "jenis", kinds()),
        ppid_class=asked(query, "kelas", PPID_WORDS),
        what=asked(query, "bukti", WHAT),
        since=_day(query.get("dari", "")),
        until=_day(query.get("sampai", "")),
    )


def what_word(what: str) -> str:
    """What a proof is of, in the language of the page."""
    words: dict[str, Any] = {
        "published": _("tayang"),
        "corrected": _("diralat"),
        "retracted": _("ditarik"),
        "read_back": _("dibaca ulang"),
    }
    return str(words.get(what, what))


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 9000 else None
