"""Liputan: how well each source is heard, what was missed, and what hearing costs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from babel import dates, numbers
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from channels.models import Account
from desk.access import READERS, StaffRequest, needs
from desk.frame import page
from desk.times import language
from desk.words import Sign
from ledger.roles import Role
from monitor.alarms import name_of
from monitor.backfill import CannotBackfill, backfill
from monitor.budget import month_spent, refusal
from monitor.coverage import Coverage, report
from monitor.models import Brake, Gap, GapState, Source
from monitor.told import Telling, telling

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
    id: int
    again: bool  #: whether reading it again makes sense: it is open or lost, and the source is on


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
        "tellings": _tellings(now),
        "resting": Brake.objects.filter(until__gt=now).select_related("account").order_by("until"),
    }
    return page(request, "desk/coverage.html", context)


@needs(Role.ADMINISTRATOR)
@require_POST
def again(request: StaffRequest, gap_id: int) -> HttpResponse:
    """Read one gap again now, as far as its platform still gives it."""
    gap = get_object_or_404(Gap.objects.select_related("source__account"), pk=gap_id)
    now = timezone.now()
    name = name_of(gap.source)
    try:
        found = backfill(gap.source_id, gap.since, gap.until or now, now, request.person)
    except CannotBackfill as refusal:
        messages.error(request, f"{name}: {refusal}")
    else:
        tell = messages.warning if found.trouble else messages.success
        tell(request, f"{name}: {found.sentence}")
    return redirect(f"{reverse('coverage')}#sumber-{gap.source_id}")


@dataclass(frozen=True, slots=True)
class Told:
    """One account's webhook, with its name and its state in words."""

    account: str
    channel: str
    about: Telling
    sign: Sign
    last: datetime | None


def _tellings(now: datetime) -> list[Told]:
    accounts = Account.objects.in_bulk(field_name="key")
    return [
        Told(
            accounts[one.account].name,
            accounts[one.account].channel,
            one,
            _told_sign(one),
            _moment(one.last_notification),
        )
        for one in telling(now)
    ]


def _told_sign(one: Telling) -> Sign:
    if one.connected_since is None:
        return Sign("grey", "minus", _("tidak tersambung"))
    if one.deaf:
        return Sign("red", "warn", _("tersambung, tidak menerima"))
    return Sign("green", "check", _("tersambung"))


def _row(source: Source, about: Coverage, now: datetime) -> Row:
    return Row(
        source=source,
        about=about,
        sign=_sign(source, about, now),
        proven=source.last_ok_at,
        spoke=source.last_spoke_at,
        rhythm=_span(about.rhythm_minutes),
        open_since=_moment(about.open_gap["since"]) if about.open_gap else None,
        gaps=[
            _missed(gap, enabled=about.enabled)
            for gap in source.gaps.order_by("-opened_at", "-id")[:_GAPS_SHOWN]
        ],
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


def _missed(gap: Gap, *, enabled: bool) -> Missed:
    state = GapState(gap.state)
    looks = {
        GapState.OPEN: ("red", "warn"),
        GapState.FILLED: ("green", "check"),
        GapState.LOST: ("grey", "cross"),
    }
    sign = Sign(*looks[state], str(state.label))
    again = enabled and state != GapState.FILLED
    return Missed(sign, gap.since, gap.until, gap.why, gap.pk, again)


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
