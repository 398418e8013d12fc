"""Liputan: how well each source is heard, what was missed, and what hearing costs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from babel import dates, numbers
from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from desk.access import READERS, StaffRequest, needs
from desk.frame import page
from desk.times import language
from desk.words import Sign
from monitor.budget import month_spent, refusal
from monitor.coverage import Coverage, report
from monitor.models import Brake, GapState, Source

#: Share of the month's money from which the meter warns.
_NEARLY = 0.8
_GAPS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Missed:
    """One gap of a source."""

    sign: Sign
    since: datetime | None  #: None: from the beginning
    until: datetime | None  #: None: it is still open
    why: str


@dataclass(frozen=True, slots=True)
class Row:
    """One source with its state in words."""

    source: Source
    about: Coverage
    sign: Sign
    proven: datetime | None  #: end of the last complete pass
    spoke: datetime | None  #: end of the last pass with something new
    rhythm: str  #: usual time between two passes with something new; "" when not known
    open_since: datetime | None
    gaps: list[Missed]


@needs(*READERS["mentions"])
@require_safe
def coverage(request: StaffRequest) -> HttpResponse:
    now = timezone.now()
    sources = {
        (one.account.key, one.kind, one.query, one.via): one
        for one in Source.objects.select_related("account")
    }
    rows = [
        _row(source, about, now)
        for about in report(now)
        if (source := sources.get((about.account, about.kind, about.query, about.via)))
    ]
    context = {
        "section": "mentions",
        "rows": sorted(rows, key=lambda row: not row.about.enabled),  # what is off stands last
        "heard": sum(row.sign.hue == "green" for row in rows),
        "watched": sum(row.about.enabled for row in rows),
        "spending": _spending(now),
        "resting": Brake.objects.filter(until__gt=now).select_related("account").order_by("until"),
    }
    return page(request, "desk/coverage.html", context)


def _row(source: Source, about: Coverage, now: datetime) -> Row:
    return Row(
        source=source,
        about=about,
        sign=_sign(source, about, now),
        proven=source.last_ok_at,
        spoke=source.last_spoke_at,
        rhythm=_span(about.rhythm_minutes),
        open_since=_moment(about.open_gap["since"]) if about.open_gap else None,
        gaps=[_missed(gap) for gap in about.gaps[:_GAPS_SHOWN]],
    )


def _sign(source: Source, about: Coverage, now: datetime) -> Sign:
    """The state that matters most; only what is proven is called heard."""
    if not about.enabled:
        return Sign("grey", "minus", _("mati"))
    if refusal(source, now) is not None:
        return Sign("amber", "hourglass", _("anggaran habis"))
    if about.open_gap is not None:
        return Sign("red", "warn", _("celah"))
    if source.last_ok_at is None:
        return Sign("grey", "hourglass", _("belum pernah dibaca"))
    if about.silent:
        return Sign("violet", "question", _("diam"))
    return Sign("green", "check", _("terdengar"))


def _missed(gap: dict[str, str | None]) -> Missed:
    state = GapState(gap["state"] or GapState.OPEN)
    looks = {
        GapState.OPEN: ("red", "warn"),
        GapState.FILLED: ("green", "check"),
        GapState.LOST: ("grey", "cross"),
    }
    sign = Sign(*looks[state], str(state.label))
    return Missed(sign, _moment(gap["since"]), _moment(gap["until"]), gap["why"] or "")


def _spending(now: datetime) -> dict[str, str | float]:
    """The month's money for reading X; a limit of 0 means that there is none."""
    spent, limit = month_spent("x", now), float(settings.HEARING["budget"]["x_month"])
    return {
        "spent": spent,
        "limit": limit,
        "nearly": limit * _NEARLY,
        "spent_words": _dollars(spent),
        "limit_words": _dollars(limit),
    }


def _dollars(amount: float) -> str:
    return numbers.format_currency(amount, "USD", locale=language())


def _span(minutes: float | None) -> str:
    return "" if minutes is None else dates.format_timedelta(timedelta(minutes=minutes), locale=language())


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
