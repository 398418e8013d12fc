"""The transparency page: how the city answers, in figures that anybody may read, check and take along."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cases import open_data
from cases.figures import Figures, Row, figures
from cases.topics import TOPICS
from desk import charts
from desk.public.plain import public_page
from desk.times import date_words, number, percent
from publisher.sheets import to_csv

_TYPES = {".csv": "text/csv; charset=utf-8", ".json": "application/json"}


@require_safe
def transparency(request: HttpRequest) -> HttpResponse:
    found = figures(timezone.now())
    made, wide, high = charts.tiles(found.areas, found.least)
    context = {
        "found": found,
        "days": settings.PRIVACY["transparency"]["days"],
        "tables": {name: _table(name, found) for name in _TABLES},
        "tiles": made,
        "wide": wide,
        "high": high,
        "files": [name for name in open_data.FILES if (open_data.folder() / name).is_file()],
    }
    answer = public_page(request, "public/transparency.html", context, private=False)
    answer["Cache-Control"] = "private, max-age=300"
    return answer


@require_safe
def table(request: HttpRequest, name: str) -> HttpResponse:
    """One table as CSV."""
    if name not in _TABLES:
        raise Http404
    one = _table(name, figures(timezone.now()))
    answer = HttpResponse(to_csv(one["headers"], one["rows"]), content_type=_TYPES[".csv"])
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


@require_safe
def file(request: HttpRequest, name: str) -> FileResponse:
    """One of the nightly files of open data."""
    path = open_data.folder() / name
    if name not in open_data.FILES or not path.is_file():
        raise Http404
    answer = FileResponse(path.open("rb"), content_type=_TYPES[path.suffix])
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _table(name: str, found: Figures) -> dict[str, Any]:
    title, headers, cells, draw = _TABLES[name]
    rows: list[Row] = getattr(found, name)
    few = _("kurang dari %(least)d") % {"least": found.least}
    return {
        "name": name,
        "title": title(),
        "headers": headers(),
        "rows": [[few if one is None else one for one in cells(row)] for row in rows],
        "chart": draw(rows) if draw and rows else "",
    }


def _topic(key: str) -> str:
    return str(TOPICS[key]) if key in TOPICS else _("belum diketahui")


def _week(row: Row) -> str:
    return date_words(date.fromisoformat(row.key), "d MMM")


def _count(row: Row) -> str | None:
    return None if row.count is None else number(row.count)


def _median(row: Row) -> str | None:
    return None if row.value is None else number(round(row.value, 1))


def _share(row: Row) -> str | None:
    return None if row.value is None else percent(row.value)


def _bars(value: Callable[[Row], float | None], name: Callable[[Row], str], form: str = "") -> Any:
    return lambda rows: charts.bars([charts.Bar(name(row), value(row)) for row in rows][:20], form)


#: Each table: its title, the names of its columns, the cells of a row (None: too few), and how it is drawn.
_TABLES: dict[
    str, tuple[Callable[[], str], Callable[[], list[str]], Callable[[Row], list[str | None]], Any]
] = {
    "response": (
        lambda: _("Hari kerja sampai jawaban pertama, menurut perangkat daerah"),
        lambda: [_("Perangkat daerah"), _("Nilai tengah, hari kerja"), _("Laporan dijawab")],
        lambda row: [row.name, _median(row), _count(row)],
        _bars(lambda row: row.value, lambda row: row.name),
    ),
    "on_time": (
        lambda: _("Batas waktu yang ditepati, menurut perangkat daerah"),
        lambda: [_("Perangkat daerah"), _("Tepat waktu"), _("Batas waktu dihitung")],
        lambda row: [row.name, _share(row), _count(row)],
        _bars(lambda row: row.value, lambda row: row.name, "percent"),
    ),
    "topics": (
        lambda: _("Laporan yang masih terbuka, menurut topik"),
        lambda: [_("Topik"), _("Laporan terbuka")],
        lambda row: [_topic(row.key), _count(row)],
        _bars(lambda row: row.count, lambda row: _topic(row.key)),
    ),
    "areas": (
        lambda: _("Laporan menurut kelurahan"),
        lambda: [_("Kelurahan"), _("Kode Kemendagri"), _("Laporan")],
        lambda row: [row.name, row.key, _count(row)],
        None,
    ),
    "weeks": (
        lambda: _("Laporan yang dijawab setiap minggu"),
        lambda: [_("Minggu mulai"), _("Laporan dijawab")],
        lambda row: [row.key, _count(row)],
        lambda rows: charts.columns([charts.Bar(_week(row), row.count) for row in rows]),
    ),
}
