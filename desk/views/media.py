"""Media: the library of pictures and films, with their words, rights and last day of use."""

from datetime import date
from typing import BinaryIO, cast

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from channels.models import Kind as ChannelKind
from desk.access import READERS, StaffRequest, needs
from desk.frame import page
from desk.listing import asked, page_of, with_query
from desk.views.errors import not_your_task
from ledger.chain import timeline
from ledger.roles import Role
from publisher import media as library
from publisher.inspection import MOST_FILM_BYTES, Unusable
from publisher.models import MediaItem

#: The chips, by the word in the address.
VIEWS = ("semua", "siap", "tanpa-teks", "berakhir")


@needs(*READERS["announcements"])
def media(request: StaffRequest) -> HttpResponse:
    """The library; an author uploads into it."""
    problem = ""
    if request.method == "POST":
        if Role.AUTHOR not in request.roles:
            return not_your_task(request)
        item, problem = _uploaded(request)
        if item is not None:
            return redirect("media_item", item.pk)
    view, today = asked(request.GET, "tampilan", VIEWS) or "semua", library.local_day(timezone.now())
    rows = MediaItem.objects.annotate(used=Count("announcements")).order_by("-id")
    found, older = page_of(_seen(rows, view, today), request.GET)
    context = {
        "section": "media",
        "items": found,
        "today": today,
        "view": view,
        "counts": {name: _seen(MediaItem.objects.all(), name, today).count() for name in VIEWS},
        "older": with_query(request.GET, sebelum=older) if older else "",
        "problem": problem,
    }
    return page(request, "desk/media.html", context, status=422 if problem else 200)


@needs(*READERS["announcements"])
def item(request: StaffRequest, item_id: int) -> HttpResponse:
    """One item: what it is, where it is used, and its words."""
    row = get_object_or_404(MediaItem.objects.select_related("uploaded_by"), pk=item_id)
    problems: dict[str, str] = {}
    if request.method == "POST":
        if Role.AUTHOR not in request.roles:
            return not_your_task(request)
        problems = _described(request, row)
        if not problems:
            messages.success(request, _("Keterangan media disimpan."))
            return redirect("media_item", row.pk)
    context = {
        "section": "media",
        "item": row,
        "problems": problems,
        "wants": library.wants(row, library.local_day(timezone.now())),
        "used": list(row.announcements.order_by("-id")[:50]),
        "fits": _fits(row) if row.media_type.startswith("image/") else [],
        "events": timeline(f"media:{row.pk}"),
    }
    return page(request, "desk/media_item.html", context, status=422 if problems else 200)


@needs(Role.AUTHOR)
@require_POST
def remove(request: StaffRequest, item_id: int) -> HttpResponse:
    row = get_object_or_404(MediaItem, pk=item_id)
    if library.remove(row, request.person, timezone.now()):
        messages.success(request, _("Media dihapus."))
        return redirect("media")
    messages.info(
        request, _("Media ini dipakai pengumuman atau menjadi bukti tayang, jadi tidak dapat dihapus.")
    )
    return redirect("media_item", item_id)


@needs(*READERS["announcements"])
@require_safe
def small(request: StaffRequest, item_id: int) -> HttpResponse:
    """The small picture of a list."""
    row = get_object_or_404(MediaItem, pk=item_id, media_type__startswith="image/")
    try:
        answer = HttpResponse(library.thumbnail(row), content_type="image/jpeg")
    except Unusable as error:
        raise Http404(str(error)) from error
    patch_cache_control(answer, private=True, max_age=86_400)
    return answer


@needs(*READERS["announcements"])
@require_safe
def file(request: StaffRequest, item_id: int) -> HttpResponse:
    """The kept file itself; shown as what it is, whatever its name says."""
    row = get_object_or_404(MediaItem, pk=item_id)
    try:
        answer = HttpResponse(library.path_of(row).read_bytes(), content_type=row.media_type)
    except OSError as error:
        raise Http404(_("Berkasnya tidak ada di penyimpanan.")) from error
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    patch_cache_control(answer, private=True, max_age=86_400)
    return answer


def _seen(rows: QuerySet[MediaItem], view: str, today: date) -> QuerySet[MediaItem]:
    over = Q(expires_on__lt=today)
    match view:
        case "siap":
            return rows.exclude(alt="").exclude(over)
        case "tanpa-teks":
            return rows.filter(alt="")
        case "berakhir":
            return rows.filter(over)
    return rows


def _uploaded(request: StaffRequest) -> tuple[MediaItem | None, str]:
    """The item, or what is wrong with the file as a sentence."""
    sent = request.FILES.get("berkas")
    if sent is None:
        return None, _("Pilih berkas gambar dulu.")
    if (sent.size or 0) > MOST_FILM_BYTES:
        return None, _("Berkas ini lebih dari 100 MB; perkecil dulu.")
    try:
        made, new = library.add(cast(BinaryIO, sent.file), sent.name or "", request.person, timezone.now())
    except Unusable as error:
        return None, str(error)
    if new:
        messages.success(request, _("Tersimpan. Tulis teks alternatifnya agar dapat dipakai."))
    else:
        messages.info(request, _("Berkas yang sama sudah ada di pustaka."))
    return made, ""


def _described(request: StaffRequest, row: MediaItem) -> dict[str, str]:
    """Keep what was typed; gives a sentence for each field that cannot be kept."""
    alt, rights = request.POST.get("alt", "").strip(), request.POST.get("rights", "")
    day, expires_on = request.POST.get("expires_on", "").strip(), None
    problems = {}
    if not alt:
        problems["alt"] = _("Jelaskan apa yang tampak, untuk warga yang tidak dapat melihatnya.")
    if len(alt) > 1000:
        problems["alt"] = _("Paling panjang 1.000 huruf.")
    try:
        expires_on = date.fromisoformat(day) if day else None
    except ValueError:
        problems["expires_on"] = _("Pilih tanggal dari kalender.")
    if problems:
        row.alt, row.rights = alt, rights  # what was typed stays on the page
        return problems
    now = timezone.now()
    try:
        library.describe(row, request.person, now, alt=alt, rights=rights, expires_on=expires_on)
    except Unusable as error:
        return {"alt": str(error)}
    return {}


def _fits(row: MediaItem) -> list[tuple[str, str]]:
    """(channel, what becomes of the picture there), in sentences."""
    found = []
    for channel in (ChannelKind.X, ChannelKind.FACEBOOK, ChannelKind.INSTAGRAM, ChannelKind.WEBSITE):
        try:
            data, _type, note = library.fit_for(row, channel)
        except Unusable as error:
            found.append((channel.value, str(error)))
            continue
        found.append((channel.value, note or (_("dikecilkan") if len(data) < row.bytes else _("apa adanya"))))
    return found
