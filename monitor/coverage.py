"""The coverage ledger: what was proven heard, what was not, and who is silent for too long."""

import itertools
import statistics
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from channels.models import Kind
from ledger.chain import record
from monitor.budget import month_spent
from monitor.models import Alarm, Gap, GapState, Pass, Source
from monitor.told import telling

#: A source not read for this many of its intervals has a gap, even if nothing failed: the engine was down.
_MISSED = 3
_AT_LEAST = timedelta(minutes=15)
#: Passes with something new from which a rhythm is told, and the days that are looked at.
_RHYTHM_FROM, _RHYTHM_DAYS = 5, 14


@dataclass(frozen=True, slots=True)
class Coverage:
    """What can be said of one source. Times are ISO 8601 UTC; None: never, or not known."""

    source: str
    account: str
    kind: str
    query: str
    via: str
    enabled: bool
    last_proven: str | None  #: end of the last complete pass
    last_new: str | None  #: end of the last pass that brought something new
    passes: int
    failure: str
    trouble: str
    declared: int | None  #: of the last pass that the platform declared a number for
    received: int | None
    rhythm_minutes: float | None  #: usual minutes between two passes with something new; None: too few yet
    silent: bool  #: it should have spoken, and has not
    open_gap: dict[str, str | None] | None
    gaps: list[dict[str, str | None]]  #: the latest twenty, newest first
    set_aside: int


def report(now: datetime) -> list[Coverage]:
    """One entry a source, in the order of their accounts."""
    read = Source.objects.exclude(account__channel=Kind.INTAKE)  # the desks' own: nothing is read there
    sources = read.select_related("account").order_by("account_id", "id")
    return [_of(source, now) for source in sources]


def as_json(now: datetime) -> dict[str, Any]:
    """What `kentongan coverage --json` prints."""
    sources = report(now)
    return {
        "at": now.isoformat(),
        "complete": all(one.open_gap is None for one in sources if one.enabled),
        "silent": [one.source for one in sources if one.silent],
        "x_spent_usd": round(month_spent("x", now), 4),
        "x_budget_usd": float(settings.HEARING["budget"]["x_month"]),
        "webhooks": [asdict(one) for one in telling(now)],
        "sources": [asdict(one) for one in sources],
    }


def notice_downtime(source: Source, now: datetime) -> None:
    """Open a gap where the source was not read for too long, whoever was to blame."""
    limit = max(timedelta(seconds=source.interval) * _MISSED, _AT_LEAST)
    if source.last_ok_at is not None and now - source.last_ok_at > limit:
        open_gap(source, now, _("Tidak dibaca: mesin berhenti atau sumber dijeda."))


def open_gap(source: Source, now: datetime, why: str) -> None:
    """Begin a gap unless one is open; it reaches back to the last moment that was proven heard."""
    _gap, made = Gap.objects.get_or_create(
        source=source,
        state=GapState.OPEN,
        defaults={"since": source.last_ok_at, "why": why[:300], "opened_at": now},
    )
    if made:
        record("source.gap_opened", f"source:{source.pk}", at=now, why=why)


def close_gap(source: Source, now: datetime) -> None:
    """End the open gap after a complete pass; what the platform no longer gives is marked as lost."""
    gap = Gap.objects.filter(source=source, state=GapState.OPEN).first()
    if gap is None:
        return
    reach = retention(source)
    lost_until = now - reach if reach else None
    state = GapState.FILLED
    if lost_until is not None and gap.since is not None and gap.since < lost_until:
        lost_why = _("Lebih lama daripada yang masih diberikan platform.")
        Gap.objects.create(
            source=source,
            since=gap.since,
            until=lost_until,
            why=lost_why,
            state=GapState.LOST,
            opened_at=gap.opened_at,
            closed_at=now,
        )
        record("source.lost", f"source:{source.pk}", at=now, since=gap.since.isoformat())
        gap.since = lost_until
    gap.until, gap.closed_at, gap.state = now, now, state
    gap.save()
    record("source.gap_filled", f"source:{source.pk}", at=now)


def lose(source: Source, now: datetime, why: str) -> None:
    """Note a stretch that the source itself no longer gives although it answers: since its last complete pass."""
    Gap.objects.create(
        source=source,
        since=source.last_ok_at,
        until=now,
        why=why[:300],
        state=GapState.LOST,
        opened_at=now,
        closed_at=now,
    )
    since = source.last_ok_at.isoformat() if source.last_ok_at else None
    record("source.lost", f"source:{source.pk}", at=now, since=since)


def retention(source: Source) -> timedelta | None:
    """How far back the platform still gives this kind of source; None: far enough for any gap."""
    hours = settings.HEARING["retention"].get(source.account.channel, {}).get(source.kind)
    return None if hours is None else timedelta(hours=float(hours))


def prune(now: datetime) -> int:
    """Forget single passes and ended alarms that are older than the days in hearing.toml; gaps stay."""
    before = now - timedelta(days=settings.HEARING["keeping"]["passes"])
    Alarm.objects.filter(ended_at__lt=before).delete()
    return Pass.objects.filter(at__lt=before).delete()[0]


def is_silent(source: Source, now: datetime) -> bool:
    """Whether a source that usually speaks has not, for much longer than its rhythm."""
    return _silent(source, _rhythm(source, now), now)


def _of(source: Source, now: datetime) -> Coverage:
    gaps = list(source.gaps.order_by("-opened_at", "-id")[:20])
    counted = source.readings.filter(declared__isnull=False).order_by("-at").first()
    rhythm = _rhythm(source, now)
    return Coverage(
        source=str(source),
        account=source.account.key,
        kind=source.kind,
        query=source.query,
        via=source.via,
        enabled=source.enabled and source.account.enabled,
        last_proven=_iso(source.last_ok_at),
        last_new=_iso(source.last_spoke_at),
        passes=source.passes,
        failure=source.failure,
        trouble=source.trouble,
        declared=counted.declared if counted else None,
        received=counted.received if counted else None,
        rhythm_minutes=round(rhythm.total_seconds() / 60, 1) if rhythm else None,
        silent=_silent(source, rhythm, now),
        open_gap=next((_gap(gap) for gap in gaps if gap.state == GapState.OPEN), None),
        gaps=[_gap(gap) for gap in gaps],
        set_aside=source.set_aside.count(),
    )


def _rhythm(source: Source, now: datetime) -> timedelta | None:
    """The median time between passes that brought something new."""
    since = now - timedelta(days=_RHYTHM_DAYS)
    spoke = list(source.readings.filter(new__gt=0, at__gte=since).order_by("at").values_list("at", flat=True))
    if len(spoke) < _RHYTHM_FROM:
        return None
    pauses = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(spoke)]
    return timedelta(seconds=statistics.median(pauses))


def _silent(source: Source, rhythm: timedelta | None, now: datetime) -> bool:
    if rhythm is None or source.last_spoke_at is None or not source.enabled:
        return False
    table = settings.HEARING["silence"]
    patience = max(rhythm * float(table["factor"]), timedelta(hours=float(table["least"])))
    return now - source.last_spoke_at > patience


def _gap(gap: Gap) -> dict[str, str | None]:
    return {"since": _iso(gap.since), "until": _iso(gap.until), "state": gap.state, "why": gap.why}


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
