"""Sebutan: everything that was heard, newest first, with how well each source is covered."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from cases.scope import may_see
from cases.thread import answered_case
from channels.models import Kind as ChannelKind
from classifiers.models import DecisionChoice, KindChoice
from desk.access import READERS, StaffRequest, needs
from desk.frame import page
from desk.listing import asked, page_of, with_query
from ledger.chain import timeline
from monitor.models import Mention, Source


@needs(*READERS["mentions"])
@require_safe
def mentions(request: StaffRequest) -> HttpResponse:
    chosen = {
        "saluran": asked(request.GET, "saluran", ChannelKind.values),
        "jenis": asked(request.GET, "jenis", [*KindChoice.values, "belum"]),
        "putusan": asked(request.GET, "putusan", DecisionChoice.values),
    }
    words = request.GET.get("q", "").strip()[:100]
    found, older = page_of(_matching(chosen, words), request.GET)
    sources = list(Source.objects.filter(enabled=True, account__enabled=True).select_related("account"))
    context = {
        "section": "mentions",
        "mentions": found,
        "older": with_query(request.GET, sebelum=older) if older else "",
        "paged": "sebelum" in request.GET,
        "chosen": chosen,
        "words": words,
        "filters": _filters(request.GET, chosen),
        "sources": sources,
        "latest": max((one.last_ok_at for one in sources if one.last_ok_at), default=None),
    }
    return page(request, "desk/mentions.html", context)


@needs(*READERS["mentions"])
@require_safe
def mention(request: StaffRequest, mention_id: int) -> HttpResponse:
    """One mention in full: a page of its own, or the side panel of the list."""
    rows = Mention.objects.select_related("verdict", "source__account", "case")
    found = get_object_or_404(rows, pk=mention_id)
    answered = answered_case(found)
    if answered is not None and not may_see(answered, request.person):
        answered = None
    events = timeline(f"mention:{found.pk}")
    context = {"section": "mentions", "mention": found, "answered": answered, "events": events}
    if request.htmx:
        return render(request, "desk/_mention.html", context)
    return page(request, "desk/mention.html", context)


def _matching(chosen: dict[str, str], words: str) -> QuerySet[Mention]:
    rows = Mention.objects.select_related("verdict").order_by("-id")
    if chosen["saluran"]:
        rows = rows.filter(channel=chosen["saluran"])
    if chosen["jenis"]:
        rows = rows.filter(verdict__kind="" if chosen["jenis"] == "belum" else chosen["jenis"])
    if chosen["putusan"]:
        rows = rows.filter(verdict__decision=chosen["putusan"])
    if words:
        rows = rows.filter(Q(text__icontains=words) | Q(author__icontains=words), restricted_at__isnull=True)
    return rows


def _filters(query: QueryDict, chosen: dict[str, str]) -> list[dict[str, Any]]:
    """The rows of chips: each chip's word, address and whether it is chosen."""
    groups: dict[str, list[tuple[str, Any]]] = {
        "saluran": [(one.value, one.label) for one in ChannelKind if one != ChannelKind.FEED],
        "jenis": [(one.value, one.label) for one in KindChoice],
        "putusan": [(one.value, one.label) for one in DecisionChoice],
    }
    return [
        {
            "name": name,
            "chips": [
                {
                    "word": word,
                    "on": chosen[name] == value,
                    "query": with_query(
                        query, **{name: "" if chosen[name] == value else value, "sebelum": ""}
                    ),
                }
                for value, word in choices
            ],
        }
        for name, choices in groups.items()
    ]
