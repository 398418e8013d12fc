"""Penilai: the model that judges, what is known of it, its versions, and the way back."""

from dataclasses import dataclass
from typing import Any

from babel import numbers
from django.contrib import messages
from django.db.models import Count, Max, Min
from django.db.models.functions import TruncDate
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from classifiers.core.scores import Range
from classifiers.current import now_in_use
from classifiers.doubles import agreement
from classifiers.estimate import estimate
from classifiers.models import DriftReport, ModelVersion, Review, VersionState
from classifiers.quarantine import CannotSettle, settle, standing
from classifiers.versions import VersionError, champion, promote, rollback
from desk.access import READERS, StaffRequest, needs
from desk.frame import page
from desk.times import language
from desk.words import Sign
from ledger.roles import Role

_SHOWN = 12
#: The curve is drawn in a box of this width and height.
_WIDE, _HIGH = 600.0, 120.0
_LOOKS: dict[str, tuple[str, str]] = {
    VersionState.CHAMPION: ("green", "check"),
    VersionState.CANDIDATE: ("amber", "hourglass"),
    VersionState.RETIRED: ("grey", "clock"),
    VersionState.REFUSED: ("red", "cross"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One version in the list."""

    version: ModelVersion
    sign: Sign
    recall: str  #: of complaints, on the held-out reviews; "" when it was not measured
    f1: str


@needs(*READERS["review"])
@require_safe
def model(request: StaffRequest) -> HttpResponse:
    now, used = timezone.now(), now_in_use()
    ruling = champion()
    together, *pairs = agreement()
    context = {
        "section": "review",
        "used": used,
        "ruling": ruling,
        "broken": ruling is not None and used.number != ruling.number,
        "rows": [
            _row(one)
            for one in ModelVersion.objects.select_related("trained_by").order_by("-number")[:_SHOWN]
        ],
        "known": estimate(now),
        "together": together,
        "pairs": [one for one in pairs if one.kappa is not None],
        "drift": DriftReport.objects.order_by("-day").first(),
        "held": standing(),
        "curve": _curve(),
        "span": _span,
    }
    return page(request, "desk/model.html", context)


@needs(Role.ADMINISTRATOR)
@require_POST
def back(request: StaffRequest) -> HttpResponse:
    """To the version before this one, or to the shipped model."""
    try:
        made = rollback(timezone.now(), request.person)
    except VersionError as refusal:
        messages.error(request, str(refusal))
    else:
        said = (
            _("Versi %(number)s dipakai lagi.") % {"number": made.number}
            if made
            else _("Model bawaan dipakai lagi.")
        )
        messages.success(request, said)
    return redirect("model")


@needs(Role.ADMINISTRATOR)
@require_POST
def use(request: StaffRequest, number: int) -> HttpResponse:
    """Take one version into use."""
    try:
        made = promote(number, timezone.now(), request.person)
    except VersionError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Versi %(number)s dipakai.") % {"number": made.number})
    return redirect("model")


@needs(Role.ADMINISTRATOR)
@require_POST
def held(request: StaffRequest, batch_id: int) -> HttpResponse:
    """Let a held batch of reviews be learned from, or never."""
    learn = request.POST.get("keputusan") == "lepas"
    try:
        settle(batch_id, learn, request.person, timezone.now())
    except CannotSettle as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Boleh dipelajari.") if learn else _("Tidak akan dipelajari."))
    return redirect("model")


def _row(version: ModelVersion) -> Row:
    own = version.metrics.get("challenger", {}).get("complaint", {})
    sign = Sign(*_LOOKS[version.state], str(VersionState(version.state).label))
    return Row(version, sign, _share(own.get("recall")), _share(own.get("f1")))


def _curve() -> dict[str, Any] | None:
    """How many reviews there are, day by day, as the points of a line; None before the second day."""
    days = Review.objects.filter(undone_at__isnull=True).annotate(day=TruncDate("at")).values("day")
    counted = list(days.annotate(many=Count("pk")).order_by("day").values_list("day", "many"))
    if len(counted) < 2:
        return None
    first, last = counted[0][0], counted[-1][0]
    ends = Review.objects.filter(undone_at__isnull=True).aggregate(first=Min("at"), last=Max("at"))
    whole, so_far, points = sum(many for _day, many in counted), 0, [f"0,{_HIGH:.0f}"]
    for day, many in counted:
        so_far += many
        across = _WIDE * (day - first).days / max((last - first).days, 1)
        points.append(f"{across:.1f},{_HIGH * (1 - so_far / whole):.1f}")
    return {"points": " ".join(points), **ends, "whole": whole, "wide": _WIDE, "high": _HIGH}


def _span(value: Range | None) -> str:
    """A share and its interval as a person reads it."""
    if value is None:
        return _("belum diketahui")
    return _("%(value)s (%(low)s–%(high)s)") % {
        "value": _share(value.value),
        "low": _share(value.low),
        "high": _share(value.high),
    }


def _share(value: float | None) -> str:
    return "" if value is None else numbers.format_percent(value, locale=language())
