"""Kalender: what appears when, by month, week, day and as a list; and moving it."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from channels.models import Account
from desk.access import READERS, StaffRequest, needs
from desk.agenda import clock_of, days, hours
from desk.frame import page
from desk.listing import asked, with_query
from desk.times import date_words, for_input, spoken
from ledger.roles import Role
from publisher import newsroom
from publisher.models import Announcement
from publisher.wall import Wall, local_day, wall_to_utc
from publisher.windows import WARN, Finding, explain, free_slots, refused, zone

VIEWS = ("bulan", "minggu", "hari", "daftar")
_LIST = 30
#: Years that a page can be asked for.
_YEARS = range(2000, 2100)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A time that would do."""

    value: str  #: as a datetime-local field takes it
    word: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Which days a view shows, and what it is called."""

    first: date
    count: int
    title: str
    before: date
    after: date


@needs(*READERS["calendar"])
@require_safe
def calendar(request: StaffRequest) -> HttpResponse:
    now = timezone.now()
    view = asked(request.GET, "tampilan", VIEWS) or "bulan"
    day = _day(request.GET.get("tanggal", "")) or local_day(now, zone())
    shown = _shown(view, day)
    found = days(shown.first, shown.count, now)
    chosen = next(one for one in found if one.day == day)
    context = {
        "section": "calendar",
        "view": view,
        "shown": shown,
        "days": found,
        "weeks": [found[at : at + 7] for at in range(0, len(found), 7)],
        "chosen": chosen,
        "hours": hours(found) if view in ("minggu", "hari") else [],
        "slots": _free(day, now) if view in ("bulan", "hari") else [],
        "moves": bool(request.roles & {Role.AUTHOR, Role.APPROVER}),
        "month": day.month,
        "today": local_day(now, zone()),
        "named": date_words,
        "clock_of": clock_of,
        "to": lambda **changes: with_query(request.GET, **changes),
        "back": _place(view, day).urlencode(),
        "empty": not any(one.items for one in found),
    }
    return page(request, "desk/calendar.html", context)


@needs(Role.AUTHOR, Role.APPROVER)
def move(request: StaffRequest, announcement_id: int) -> HttpResponse:
    """Another time for one announcement. What is dropped in the calendar comes here too, as a form."""
    row = get_object_or_404(Announcement.objects.select_related("author"), pk=announcement_id)
    if request.method != "POST":
        return _move_page(request, row, for_input(row.publish_at), request.GET)
    typed = request.POST.get("publish_at", "")
    wall = _wall(typed, request.POST.get("kedua", ""))
    trouble = _trouble(wall, request.POST)
    against = [] if wall is None or trouble else _against(wall.moment, row)
    if trouble or refused(against):
        return _move_page(request, row, typed, request.POST, trouble, wall)
    assert wall is not None  # noqa: S101 - otherwise there is trouble
    try:
        newsroom.move(row, request.person, timezone.now(), wall.moment)
    except newsroom.Refused as refusal:
        said = " ".join([str(refusal), *refusal.by_field.values()])
        return _move_page(request, row, typed, request.POST, said, wall)
    values = {"title": row.title, "when": spoken(wall.moment, timezone.now())}
    messages.success(request, _("“%(title)s” dipindah ke %(when)s.") % values)
    for one in against:
        messages.warning(request, one.sentence)
    return _back(request)


def _shown(view: str, day: date) -> Shown:
    monday = day - timedelta(days=day.weekday())
    match view:
        case "minggu":
            sunday = monday + timedelta(days=6)
            title = f"{date_words(monday, 'd MMM')} – {date_words(sunday, 'd MMM y')}"
            return Shown(monday, 7, title, monday - timedelta(days=7), monday + timedelta(days=7))
        case "hari":
            return Shown(day, 1, date_words(day), day - timedelta(days=1), day + timedelta(days=1))
        case "daftar":
            title = _("%(count)s hari sejak %(day)s") % {"count": _LIST, "day": date_words(day, "d MMMM y")}
            return Shown(day, _LIST, title, day - timedelta(days=_LIST), day + timedelta(days=_LIST))
        case _:
            return _month(day)


def _month(day: date) -> Shown:
    """Whole weeks from the Monday before the first day of the month."""
    first = day.replace(day=1)
    last = first.replace(day=monthrange(day.year, day.month)[1])
    start = first - timedelta(days=first.weekday())
    weeks = ((last - start).days // 7) + 1
    before, after = (first - timedelta(days=1)).replace(day=1), last + timedelta(days=1)
    return Shown(start, weeks * 7, date_words(day, "MMMM y"), before, after)


def _day(text: str) -> date | None:
    """A day in the address; None when it is none that can be shown."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.year in _YEARS else None


def _free(day: date, now: datetime) -> list[Suggestion]:
    """Times of ``day`` at which an ordinary announcement on every account would disturb nothing."""
    accounts = Account.objects.filter(enabled=True)
    return [Suggestion(for_input(at), clock_of(at)) for at in free_slots(day, "general", accounts, now)]


def _wall(typed: str, second: str) -> Wall | None:
    """The moment that was typed in the city's zone; None when it is no time."""
    if "T" not in typed:  # a day alone would be read as its midnight
        return None
    try:
        return wall_to_utc(datetime.fromisoformat(typed).replace(tzinfo=None), zone(), second=second == "1")
    except (ValueError, OverflowError):
        return None


def _trouble(wall: Wall | None, sent: QueryDict) -> str:
    """Why the typed time itself cannot be used; "" when it can. A double hour must be chosen."""
    if wall is None:
        return _("Waktu tayang belum lengkap. Pilih tanggal dan jam.")
    if wall.missing or (wall.other is not None and "kedua" not in sent):
        return wall.sentence
    return ""


def _against(moment: datetime, row: Announcement) -> list[Finding]:
    return list(explain(moment, row.content_class, row.targets.all(), row))


def _move_page(
    request: StaffRequest,
    row: Announcement,
    typed: str,
    sent: QueryDict,
    trouble: str = "",
    wall: Wall | None = None,
) -> HttpResponse:
    now = timezone.now()
    moment = wall.moment if wall else row.publish_at
    against = _against(moment, row) if moment and not trouble else []
    context = {
        "section": "calendar",
        "announcement": row,
        "typed": typed,
        "trouble": trouble,
        "twice": wall is not None and wall.other is not None,
        "refusals": refused(against),
        "warnings": [one for one in against if one.level == WARN],
        "suggestions": _suggestions(row, moment or now, against, now),
        "earliest": for_input(now),
        "back": _place_in(sent).urlencode(),
    }
    wrong = request.method == "POST"
    return page(request, "desk/calendar_move.html", context, status=422 if wrong else 200)


def _suggestions(
    row: Announcement, moment: datetime, against: list[Finding], now: datetime
) -> list[Suggestion]:
    """The next free time, and the free slots of the wished day and the one after it."""
    day = local_day(max(moment, now), zone())
    found = {one.next_free for one in against if one.next_free and one.next_free > now}
    for step in (0, 1):
        wanted = day + timedelta(days=step)
        found |= set(free_slots(wanted, row.content_class, row.targets.all(), now, row))
    return [Suggestion(for_input(at), spoken(at, now)) for at in sorted(found)]


def _place(view: str, day: date) -> QueryDict:
    place = QueryDict(mutable=True)
    place.update({"tampilan": view, "tanggal": day.isoformat()})
    return place


def _place_in(sent: QueryDict) -> QueryDict:
    """Where in the calendar one came from; only what is an address of the calendar."""
    said = QueryDict(sent.get("kembali", "")[:100])
    view, day = asked(said, "tampilan", VIEWS), _day(said.get("tanggal", ""))
    return _place(view or "bulan", day or local_day(timezone.now(), zone()))


def _back(request: StaffRequest) -> HttpResponseRedirect:
    return redirect(f"{reverse('calendar')}?{_place_in(request.POST).urlencode()}")
