"""Tenggat: what is late and what will be soon, by unit; and the limits of one case, with the choice among them."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cases import clocks as limits
from cases import emergencies, scope
from cases.clock_lists import told
from cases.models import Case, Clock, InformationRequest, RightsRequest
from cases.refusal import NotAllowed
from desk.access import READERS, StaffRequest, needs
from desk.clock_words import Ring, ring, rings
from desk.frame import page
from desk.listing import PER_PAGE, asked, with_query
from ledger.roles import Role

#: The lists, by the word in the address.
VIEWS = {"terlambat": limits.overdue, "segera": limits.due_soon}
#: Clocks of requests, which officers do not see.
_REQUESTS = {"ppid": InformationRequest, "rights": RightsRequest}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list."""

    ring: Ring
    number: str  #: of the case or request
    case: Case | None  #: None for a request


@needs(*READERS["cases"], Role.PPID)
@require_safe
def clocks(request: StaffRequest) -> HttpResponse:
    """The list; emergencies that nobody has seen stand above it."""
    now = timezone.now()
    view = asked(request.GET, "tampilan", VIEWS) or "terlambat"
    mine = {name: _mine(request, rows(now)) for name, rows in VIEWS.items()}
    unit = request.GET.get("unit", "")
    rows = mine[view].filter(case__unit__key=unit) if unit else mine[view]
    found, more = _page(rows.select_related("case__mention", "case__unit"), request.GET)
    context = {
        "section": "cases",
        "view": view,
        "counts": {name: rows.count() for name, rows in mine.items()},
        "rows": _rows(found, now),
        "units": _units(mine[view]),
        "unit": unit,
        "more": with_query(request.GET, sesudah=more) if more else "",
        "unseen": _unseen(request),
        "acts": Role.OFFICER in request.roles,
    }
    return page(request, "desk/clocks.html", context)


@needs(*READERS["cases"])
@require_http_methods(["GET", "HEAD", "POST"])
def case_clocks(request: StaffRequest, number: str) -> HttpResponse:
    """All limits of one case with their citations; an officer chooses another one of the group with a reason."""
    found = get_object_or_404(scope.visible(request.person).select_related("mention"), number=number)
    acts, now = scope.may_act(found, request.person), timezone.now()
    refusal = ""
    if request.method == "POST":
        refusal = (
            _chosen(request, found, now) if acts else _("Hanya petugas unitnya yang dapat mengubah ini.")
        )
        if not refusal:
            messages.success(request, _("Tenggat dipilih."))
            return redirect("case_clocks", number)
    every = rings(limits.every(found), now)
    context = {
        "section": "cases",
        "case": found,
        "rings": every,
        "choices": limits.choices(found) if acts else [],
        "present": {one.running.clock.rule for one in every if one.running.clock.outcome == "running"},
        "refusal": refusal,
        "typed": request.POST.get("note", ""),
        "chosen": request.POST.get("rule", ""),
    }
    return page(request, "desk/case_clocks.html", context, status=422 if refusal else 200)


def _chosen(request: StaffRequest, case: Case, now: datetime) -> str:
    """The refusal as a sentence; "" when it was done."""
    try:
        limits.choose(case, request.POST.get("rule", ""), request.person, now, request.POST.get("note", ""))
    except NotAllowed as refusal:
        return str(refusal)
    return ""


def _mine(request: StaffRequest, rows: QuerySet[Clock]) -> QuerySet[Clock]:
    """Of the list, what this person may see: cases of their units; requests for PPID and the administrator."""
    seen = Q(pk__in=[])
    if request.roles & set(READERS["cases"]):
        every = not scope.units_of(request.person) or not request.roles <= {Role.OFFICER}
        theirs = Q() if every else Q(case__in=scope.visible(request.person))
        seen |= Q(subject__startswith="case:") & theirs
    if request.roles & {Role.PPID, Role.ADMINISTRATOR}:
        seen |= Q(subject__startswith="ppid:") | Q(subject__startswith="rights:")
    return rows.filter(seen)


def _unseen(request: StaffRequest) -> list[Case]:
    if not request.roles & set(READERS["cases"]):
        return []
    mine = set(scope.visible(request.person).filter(escalate_at__isnull=False).values_list("pk", flat=True))
    return [one for one in emergencies.unseen() if one.pk in mine]


def _page(rows: QuerySet[Clock], query: QueryDict) -> tuple[list[Clock], int | None]:
    """One page in the order of their ends, and the id after which the next one goes on."""
    after = query.get("sesudah", "")
    last = Clock.objects.filter(pk=int(after)).first() if after.isascii() and after.isdigit() else None
    if last is not None:
        rows = rows.filter(Q(due_at__gt=last.due_at) | Q(due_at=last.due_at, pk__gt=last.pk))
    found = list(rows[: PER_PAGE + 1])
    return found[:PER_PAGE], found[PER_PAGE - 1].pk if len(found) > PER_PAGE else None


def _units(rows: QuerySet[Clock]) -> list[tuple[str, str, int]]:
    """(key, name, how many) of each unit in the list, the most first."""
    counted = rows.filter(case__unit__isnull=False).order_by().values_list("case__unit__key")
    found = counted.annotate(count=Count("pk")).values_list("case__unit__key", "case__unit__short", "count")
    return sorted(found, key=lambda one: (-one[2], one[1]))


def _rows(found: list[Clock], now: datetime) -> list[Row]:
    numbers = _numbers(found)
    return [
        Row(ring(one, now), numbers.get(one.clock.subject, one.clock.subject), _case_of(one.clock))
        for one in told(found)
    ]


def _case_of(clock: Clock) -> Case | None:
    return clock.case if clock.subject.startswith("case:") else None


def _numbers(found: list[Clock]) -> dict[str, str]:
    """The number by which people know each subject; a query for each sort of request that is there."""
    numbers = {one.subject: one.case.number for one in found if one.case and one.subject == one.case.subject}
    for word, model in _REQUESTS.items():
        ids = [one.subject.removeprefix(f"{word}:") for one in found if one.subject.startswith(f"{word}:")]
        rows = model.objects.filter(pk__in=ids).values_list("pk", "number") if ids else []  # type: ignore[attr-defined]  # both have objects
        numbers |= {f"{word}:{pk}": number for pk, number in rows}
    return numbers
