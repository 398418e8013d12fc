"""Alarms: what is wrong now, kept so that every page can say it, and told to the ledger once when it starts and ends.

A source that should have spoken and did not raises one; so do a gap, an account that its platform refuses, rest, work
that is late, and a webhook that is connected and tells nothing.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels.contract import Failure
from channels.models import Account
from ledger.chain import record
from monitor.coverage import is_silent
from monitor.models import Alarm, Brake, Gap, GapState, Source
from monitor.told import telling

log = logging.getLogger(__name__)
#: Work that has waited for this long, and for three of its intervals, is late: nobody takes it up.
_LATE, _LATE_INTERVALS = timedelta(minutes=15), 3
#: Under these names the ledger keeps when the house and the accounts were last looked at (engine/watch.py).
HOUSE, ACCOUNTS = "checks.house", "checks.accounts"


class Weight(IntEnum):
    """How heavy an alarm is; the heaviest is said first."""

    REST = 10
    SILENT = 20
    GAP = 30
    DEAF = 40
    CHECK = 50
    ACCOUNT = 60
    HOUSE = 70
    LATE = 80


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong now."""

    key: str
    weight: Weight
    sentence: str
    remedy: str = ""
    account: Account | None = None


def look(now: datetime) -> None:
    """Compare what is wrong with hearing now with the alarms that stand."""
    settle("hearing", hearing_troubles(now), now)


def standing() -> list[Alarm]:
    """The alarms that hold now, heaviest and oldest first; one query."""
    rows = Alarm.objects.filter(ended_at__isnull=True).select_related("account")
    return list(rows.order_by("-weight", "since", "id"))


def settle(family: str, found: Iterable[Trouble], now: datetime) -> None:
    """Start an alarm for each new trouble and end those of ``family`` that ``found`` no longer holds."""
    troubles = _by_key(found)
    known = {alarm.key: alarm for alarm in Alarm.objects.filter(family=family, ended_at__isnull=True)}
    for key, trouble in troubles.items():
        if key not in known:
            _start(family, trouble, now)
        elif (known[key].sentence, known[key].weight) != (trouble.sentence[:400], trouble.weight):
            Alarm.objects.filter(pk=known[key].pk).update(
                sentence=trouble.sentence[:400], remedy=trouble.remedy[:400], weight=trouble.weight
            )
    for key, alarm in known.items():
        if key not in troubles:
            _end(alarm, now)


def _by_key(found: Iterable[Trouble]) -> dict[str, Trouble]:
    """The troubles by their key; two of one key (two permissions that are missing) are one, which says both."""
    troubles: dict[str, Trouble] = {}
    for one in found:
        known = troubles.get(one.key)
        both = known and replace(known, sentence=f"{known.sentence} {one.sentence}")
        troubles[one.key] = both or one
    return troubles


@transaction.atomic
def _start(family: str, trouble: Trouble, now: datetime) -> None:
    alarm, made = Alarm.objects.get_or_create(
        key=trouble.key,
        ended_at=None,
        defaults={
            "family": family,
            "weight": trouble.weight,
            "sentence": trouble.sentence[:400],
            "remedy": trouble.remedy[:400],
            "account": trouble.account,
            "since": now,
        },
    )
    if made:
        record("alarm.started", f"alarm:{alarm.pk}", at=now, key=trouble.key, sentence=alarm.sentence)
        log.warning("alarm %s: %s", trouble.key, alarm.sentence)


@transaction.atomic
def _end(alarm: Alarm, now: datetime) -> None:
    if Alarm.objects.filter(pk=alarm.pk, ended_at__isnull=True).update(ended_at=now):
        record("alarm.ended", f"alarm:{alarm.pk}", at=now, key=alarm.key)
        log.info("alarm %s has ended", alarm.key)


# --- what is wrong with hearing


def hearing_troubles(now: datetime) -> Iterator[Trouble]:
    """Everything that keeps the city from hearing, as the tables tell it."""
    sources = list(
        Source.objects.filter(enabled=True, account__enabled=True).select_related("account").order_by("id")
    )
    stopped = _stopped(sources)
    yield from stopped.values()
    # One sentence for an account that its platform refuses, instead of one more for each of its gaps.
    able = [source for source in sources if source.account_id not in stopped]
    yield from _gaps(able)
    yield from (_silent(source) for source in able if is_silent(source, now))
    yield from _rests(now)
    yield from _late(sources, now)
    yield from _deaf(now)


def _stopped(sources: list[Source]) -> dict[int, Trouble]:
    found: dict[int, Trouble] = {}
    for account in Account.objects.filter(enabled=True).exclude(trouble=""):
        found[account.pk] = _refused(account, account.trouble)
    for source in sources:
        if source.failure == Failure.CREDENTIALS:
            found.setdefault(source.account_id, _refused(source.account, source.trouble))
    return found


def _refused(account: Account, why: str) -> Trouble:
    sentence = _("%(account)s tidak dapat dipakai: %(why)s") % {"account": account.name, "why": why}
    return Trouble(f"account:{account.key}", Weight.ACCOUNT, sentence, account=account)


def _gaps(sources: list[Source]) -> Iterator[Trouble]:
    gaps = {gap.source_id: gap for gap in Gap.objects.filter(state=GapState.OPEN)}
    for source in sources:
        if (gap := gaps.get(source.pk)) is not None:
            sentence = _("%(source)s bercelah: %(why)s") % {"source": name_of(source), "why": gap.why}
            yield Trouble(f"gap:{source.pk}", Weight.GAP, sentence, account=source.account)


def _silent(source: Source) -> Trouble:
    sentence = _("%(source)s diam jauh lebih lama daripada biasanya.") % {"source": name_of(source)}
    return Trouble(f"silent:{source.pk}", Weight.SILENT, sentence, account=source.account)


def _rests(now: datetime) -> Iterator[Trouble]:
    brakes = Brake.objects.filter(until__gt=now, account__enabled=True).select_related("account")
    for brake in brakes:
        words = {"account": brake.account.name, "why": brake.why}
        sentence = _("%(account)s beristirahat atas permintaan platform: %(why)s") % words
        yield Trouble(f"rest:{brake.account.key}", Weight.REST, sentence, account=brake.account)


def _late(sources: list[Source], now: datetime) -> Iterator[Trouble]:
    """The clock finds the work, and nobody does it: workers that died, or a lane that hangs."""
    resting = {brake.account_id for brake in Brake.objects.filter(until__gt=now)}
    late = [source for source in sources if source.account_id not in resting and _waits(source, now)]
    if late:
        sentence = ngettext(
            "Mesin tertinggal: %(count)d sumber menunggu dibaca lebih lama daripada semestinya.",
            "Mesin tertinggal: %(count)d sumber menunggu dibaca lebih lama daripada semestinya.",
            len(late),
        )
        yield Trouble("late", Weight.LATE, sentence % {"count": len(late)})


def _waits(source: Source, now: datetime) -> bool:
    if source.due_at is None or (source.leased_until is not None and source.leased_until >= now):
        return False
    return now - source.due_at > max(_LATE, timedelta(seconds=source.interval) * _LATE_INTERVALS)


def _deaf(now: datetime) -> Iterator[Trouble]:
    deaf = [one.account for one in telling(now) if one.deaf]
    for account in Account.objects.filter(key__in=deaf):
        sentence = _("%(account)s: webhook tersambung, tetapi tidak memberi tahu apa pun.")
        remedy = _(
            "Periksa langganan webhook aplikasi Meta; sementara itu pembacaan berkala tetap mendengar."
        )
        words = {"account": account.name}
        yield Trouble(f"deaf:{account.key}", Weight.DEAF, sentence % words, remedy, account)


def name_of(source: Source) -> str:
    """A source as a person calls it: its account, its kind and what it looks for."""
    words = [source.account.name, "·", source.get_kind_display(), source.query[:60]]
    return " ".join(word for word in words if word)
