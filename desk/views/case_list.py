"""Kasus: the list with its views, filters and search, and the filters that people keep under a name."""

from collections import Counter
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import filters, saved_filters, scope
from cases.models import FOLLOWS, Case, State
from cases.refusal import NotAllowed
from city.models import UnitSort, standing
from desk.access import READERS, StaffRequest, needs
from desk.case_filter import FIRST, address, chips, fields, kept_address
from desk.clock_words import nearest_rings
from desk.frame import page
from desk.listing import page_of, with_query
from ledger.roles import Role
from publisher.mandates import day_of

#: Steps for many at once; a unit and a merge have their own.
STEPS = tuple(
    state
    for state in State
    if state not in (State.ASSIGNED, State.DUPLICATE) and any(state in after for after in FOLLOWS.values())
)


@needs(*READERS["cases"])
@require_safe
def cases(request: StaffRequest) -> HttpResponse:
    """The list. An address with empty fields (a form's) is led to its normal form, so that it can be passed on."""
    asked = filters.parse(request.GET.dict(), view=FIRST)
    if "" in request.GET.values() and not asked.problems:
        return redirect(reverse("cases") + address(asked))
    return shown(request, asked, request.GET)


@needs(*READERS["cases"])
@require_POST
def keep(request: StaffRequest) -> HttpResponse:
    """Keep the filter that the page shows under a name."""
    query = QueryDict(request.POST.get("saringan", "")[:2000])
    asked = filters.parse(query.dict(), view=FIRST)
    name, shared = request.POST.get("nama", ""), request.POST.get("bersama") == "ya"
    try:
        made = saved_filters.save(request.person, name, asked, shared=shared)
    except NotAllowed as refusal:
        return shown(request, asked, query, refusal=str(refusal))
    messages.success(request, _("Saringan “%(name)s” disimpan.") % {"name": made.name})
    return redirect(reverse("cases") + address(asked))


@needs(*READERS["cases"])
@require_POST
def forget(request: StaffRequest, filter_id: int) -> HttpResponse:
    """Forget one of one's own; one that another shares stays."""
    if saved_filters.remove(filter_id, request.person):
        messages.success(request, _("Saringan dihapus."))
    return redirect("cases")


def shown(
    request: StaffRequest, asked: filters.Filter, query: QueryDict, refusal: str = "", bulk: str = ""
) -> HttpResponse:
    """The list. refusal: why the filter cannot be kept; bulk: why nothing was done with those that were chosen."""
    now = timezone.now()
    # First which ones, by an index; then those fifty rows. A database that sorts whole rows is several times slower.
    chosen, older = page_of(asked.rows(request.person, now).only("pk"), query)
    found = _rows([one.pk for one in chosen])
    choices = fields(asked, request.person, now)
    context = {
        "section": "cases",
        "asked": asked,
        "cases": found,
        "rings": nearest_rings(found, now),
        "twins": _twins(found),
        "counts": {} if asked.narrow else filters.counts(request.person),
        "views": {name: address(asked, tampilan=name) for name in filters.VIEWS},
        "fields": choices,
        "chips": chips(asked, choices),
        "saved": [(one, kept_address(one)) for one in saved_filters.listed(request.person)],
        "here": address(asked),
        "everywhere": address(asked, tampilan="semua"),
        "older": with_query(query, sebelum=older) if older else "",
        "newest": address(asked) if query.get("sebelum") else "",
        "refusal": refusal,
        "typed": request.POST,
        **_bulk(request, bulk, query),
    }
    return page(request, "desk/cases.html", context, status=422 if refusal or bulk else 200)


def _rows(ids: list[int]) -> list[Case]:
    rows = Case.objects.filter(pk__in=ids).select_related("mention__verdict", "unit", "assignee")
    return list(rows.order_by("-id"))


def _twins(found: list[Case]) -> dict[int, int]:
    """How many duplicates each of these cases has; one query."""
    into = (
        Case.objects.filter(into__in=[one.pk for one in found]).order_by().values_list("into_id", flat=True)
    )
    return dict(Counter(pk for pk in into if pk is not None))


def _bulk(request: StaffRequest, refusal: str, query: QueryDict) -> dict[str, Any]:
    """The bar for many at once; nothing of it for those who only read."""
    if Role.OFFICER not in request.roles:
        return {"bulk": False, "bulk_refusal": refusal}
    return {
        "bulk": True,
        "bulk_refusal": refusal,
        "bulk_steps": STEPS,
        "bulk_units": list(standing(day_of(timezone.now())).exclude(sort=UnitSort.OUTSIDE)),
        "bulk_back": "?" + query.urlencode(),
        "ticked": set(request.POST.getlist("kasus")) if refusal else set(),
        "coordinates": not scope.units_of(request.person),
    }
