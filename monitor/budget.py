"""What reading costs, what is left, and when an account must rest. All of it in tables, for all processes."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Sum

from channels.contract import ChannelError, Failure, Meter
from channels.models import Account, Kind
from monitor.models import Brake, Source, Spending

#: Graph codes that hold for the whole account, not for one call: app, user, page, custom, business use case.
_ACCOUNT_WIDE = frozenset({"4", "17", "32", "341", "613", "80001", "80002"})
_MICRO = 1_000_000
#: `Source.via` of a stream. Its posts have a price of their own: own mentions are cheap only where they are listed.
STREAM = "stream"


def spend(source: Source, meter: Meter, items: int, now: datetime, kind: str = "") -> None:
    """Note the calls and items of one pass, priced by config/data/hearing.toml."""
    day = now.astimezone(UTC).date()
    Spending.objects.get_or_create(source=source, day=day)
    Spending.objects.filter(source=source, day=day).update(
        calls=F("calls") + meter.calls,
        items=F("items") + items,
        cost=F("cost") + round(items * _price(source, kind) * _MICRO),
    )


def price(channel: str, kind: str) -> float:
    """US dollars for reading one post; 0 where reading is free."""
    return float(settings.HEARING["prices"].get(channel, {}).get(kind, 0.0))


def _price(source: Source, kind: str) -> float:
    return price(source.account.channel, kind or (STREAM if source.via == STREAM else source.kind))


def month_spent(channel: str, now: datetime) -> float:
    """US dollars spent on reading ``channel`` in the calendar month of ``now`` (UTC, as X bills)."""
    first = now.astimezone(UTC).date().replace(day=1)
    rows = Spending.objects.filter(source__account__channel=channel, day__gte=first)
    return (rows.aggregate(total=Sum("cost"))["total"] or 0) / _MICRO


def refusal(source: Source, now: datetime, kind: str = "", more: int = 0) -> ChannelError | None:
    """Why the source may not be read now, as a failure with its time; None when it may. ``more``: posts that the

    running pass has brought and `spend` has not noted yet.

    Money is spent by value: a kind of source stops at its share of the month's money, so the broad searches stop
    first and the city's own mentions last. It never stops silently: the reason stands in the source's row and a
    gap is opened.
    """
    table: dict[str, Any] = settings.HEARING["budget"]
    limit = float(table.get(f"{source.account.channel}_month", 0.0))
    asked = kind or source.kind
    if limit <= 0 or _price(source, kind) == 0:
        return None
    share = float(table["shares"].get(asked, min(table["shares"].values())))
    spent = month_spent(source.account.channel, now) + more * _price(source, kind)
    if spent < limit * share:
        return None
    return ChannelError(
        f"Anggaran baca bulan ini untuk sumber ini habis: {spent:.2f} dari {limit * share:.2f} dolar.",
        Failure.LATER,
        retry_at=_next_month(now),
        code="budget",
    )


def rest(account: Account, meter: Meter, failure: ChannelError | None, now: datetime) -> datetime | None:
    """Let a whole account rest where its platform asks for it; gives until when, None when it need not."""
    limits = settings.HEARING["limits"]
    until: datetime | None = None
    if failure is not None and failure.code.split("/")[0] in _ACCOUNT_WIDE and account.channel != Kind.X:
        until = failure.next_time(now) or now + timedelta(seconds=limits["rest"])
    if meter.rest is not None:
        until = max(until or now, now + timedelta(seconds=meter.rest))
    if meter.used >= limits["usage_stop"]:
        until = max(until or now, now + timedelta(seconds=meter.rest or limits["rest"]))
    if until is not None:
        if Brake.objects.filter(account=account, until__gte=until).exists():
            return until  # a longer rest holds already
        why = str(failure) if failure else f"Pemakaian {meter.used:.0f} % dari jatah platform."
        Brake.objects.update_or_create(account=account, defaults={"until": until, "why": why[:300]})
    return until


def resting(now: datetime) -> set[int]:
    """Ids of the accounts that must not be read now."""
    return set(Brake.objects.filter(until__gt=now).values_list("account_id", flat=True))


def _next_month(now: datetime) -> datetime:
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)
