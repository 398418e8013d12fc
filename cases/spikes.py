"""Spikes: more people spoke in an hour than this hour of the week usually brings, and why.

What is compared is the number of distinct accounts that wrote in words of their own: an account that shouts forty
times counts once, and forty accounts that paste one text count once. A spike opens as soon as an hour stands out,
also while it still runs, and ends after some calm hours (hysteresis). During the quiet hours it is kept, and told
afterwards; one with an emergency in it is told at any hour.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cases import hours
from cases.baseline import Baseline, baseline, days_known
from cases.hours import ALL, HOUR, floor
from cases.models import HourCount, Spike
from cases.refusal import NotAllowed
from cases.topics import TOPICS
from city.gazetteer import places
from classifiers.core.urgency import Level
from ledger.chain import record
from ledger.models import Person

#: How long an ended spike that nobody has seen is still shown.
_SHOWN = timedelta(hours=24)
_TOP = 3


def look_after(now: datetime) -> int:
    """Count, open, end and tell; each minute. Gives how many spikes changed their state."""
    hours.count_recent(now)
    hours.count_back(now)
    hours.forget(now)
    return _open_new(now) + _end_calm(now) + _tell(now)


def waiting(now: datetime) -> QuerySet[Spike]:
    """Spikes that were told and that nobody has seen yet, the urgent ones first."""
    fresh = Q(ended_at=None) | Q(ended_at__gte=now - _SHOWN)
    return Spike.objects.filter(fresh, told_at__isnull=False, seen_at=None).order_by("-urgent", "-started_at")


def seen(spike: Spike, person: Person, now: datetime) -> Spike:
    """Somebody has looked at it. Raises NotAllowed when somebody else was faster."""
    with transaction.atomic():
        unseen = Spike.objects.filter(pk=spike.pk, seen_at=None)
        if not unseen.update(seen_at=now, seen_by=person):
            raise NotAllowed(_("Lonjakan ini sudah ditandai dilihat."))
        record("spike.seen", spike.subject, actor=person, at=now)
    spike.refresh_from_db()
    return spike


def days_until_ready(now: datetime) -> int:
    """How many more days of listening are needed before spikes can be told; 0: enough."""
    known = days_known(history(ALL, floor(now)), zone())
    return max(0, int(_rules()["least_days"]) - known)


def history(scope: str, until: datetime, first: datetime | None = None) -> dict[datetime, int]:
    """Accounts by hour of the last weeks before ``until``, 0 for silent ones; only hours in which we listened."""
    since = (first or until) - timedelta(weeks=_rules()["weeks"], hours=2)
    rows = HourCount.objects.filter(hour__gte=since, hour__lt=until)
    if scope == ALL:
        return dict(rows.filter(scope=ALL).values_list("hour", "accounts"))
    listened = dict.fromkeys(rows.filter(scope=ALL).values_list("hour", flat=True), 0)
    return {**listened, **dict(rows.filter(scope=scope).values_list("hour", "accounts"))}


def usual(scope: str, hour: datetime) -> Baseline | None:
    """What ``hour`` usually brings; None while there is too little history."""
    before = history(scope, hour)
    if days_known(before, zone()) < _rules()["least_days"]:
        return None
    return baseline(before, hour, zone(), _rules()["weeks"])


@dataclass(frozen=True, slots=True)
class Step:
    """One hour of a course: what it brought, and what is usual; None: not known."""

    hour: datetime
    accounts: int | None
    usual: float | None


def course(scope: str, start: datetime, end: datetime) -> list[Step]:
    """The hours from ``start`` to ``end`` beside what is usual in them. The history is read once."""
    known = history(scope, end, start)
    enough = (
        days_known({hour: n for hour, n in known.items() if hour < end}, zone()) >= _rules()["least_days"]
    )
    hours_ = [floor(start) + n * HOUR for n in range(int((floor(end) - floor(start)) / HOUR))]
    bases = [baseline(known, hour, zone(), _rules()["weeks"]) if enough else None for hour in hours_]
    return [
        Step(hour, known.get(hour), round(base.mean, 1) if base else None)
        for hour, base in zip(hours_, bases, strict=True)
    ]


def stands_out(accounts: int, base: Baseline) -> bool:
    """Whether so many accounts are more than the hour's habits explain."""
    rules = _rules()
    enough = accounts >= rules["least_accounts"] and accounts >= rules["times"] * base.mean
    return bool(enough and base.chance(accounts) <= rules["chance"])


def name_of(scope: str) -> str:
    """What is counted there, in words: "banjir dan drainase", "Kecamatan Jatiasih"."""
    sort, _colon, key = scope.partition(":")
    if sort == "topic":
        return str(TOPICS.get(key, key.replace("_", " ")))
    if sort == "area":
        return _("Kecamatan %(name)s") % {"name": _areas().get(key, key)}
    return _("semua topik")


def sentence(spike: Spike) -> str:
    """Why it is a spike, in one sentence with its numbers."""
    why = spike.explanation
    start = _busiest(spike).astimezone(zone())
    said = _(
        "%(accounts)s akun menulis tentang %(what)s antara %(from)s dan %(to)s; biasanya %(usual)s akun pada jam itu."
    ) % {
        "accounts": spike.observed,
        "what": _about(spike.scope),
        "from": f"{start:%H.%M}",
        "to": f"{start + HOUR:%H.%M %Z}",
        "usual": round(spike.expected) if spike.expected >= 1 else _("kurang dari satu"),
    }
    return " ".join(filter(None, (said, _most_of(why), _shares_of(why))))


def _about(scope: str) -> str:
    """What was written about, inside a sentence."""
    if scope.startswith("area:"):
        return _("keadaan di %(name)s") % {"name": name_of(scope)}
    return name_of(scope)


def explain(scope: str, hour: datetime) -> dict[str, Any]:
    """Topics, places and accounts of one hour, with examples. Ids and counts; no names and no words of citizens."""
    found = list(hours.heard_in(hour, hour + HOUR, scope))
    own = [one for one in found if not one.copy]
    by_account = Counter(one.who or f"?{one.pk}" for one in own)
    biggest = max(by_account.values(), default=0)
    return {
        "hour": hour.isoformat(),
        "topics": _most(one.topic for one in own),
        "places": _most(one.place for one in own),
        "kecamatan": _most((one.kecamatan for one in own), 12),
        "posts": len(own),
        "copies": len(found) - len(own),
        "accounts": len(by_account),
        "top_account_share": round(biggest / len(own), 3) if own else 0.0,
        "examples": _examples(own),
        "urgent": sum(one.urgency == Level.EMERGENCY for one in found),
    }


def quiet(now: datetime) -> bool:
    """Whether nobody is disturbed now (answering.toml, [spikes] quiet)."""
    rule, here = _rules()["quiet"], now.astimezone(zone()).time()
    start, end = time.fromisoformat(rule["start"]), time.fromisoformat(rule["end"])
    return start <= here < end if start <= end else here >= start or here < end


def zone() -> ZoneInfo:
    return ZoneInfo(settings.CITY["timezone"])


def _open_new(now: datetime) -> int:
    """Look at the hours to which posts may still come, the topics before the whole."""
    first = floor(now) - hours.late()
    rows = HourCount.objects.filter(hour__gte=first, hour__lte=now, accounts__gte=_rules()["least_accounts"])
    changed = 0
    for row in sorted(rows, key=lambda one: (one.hour, one.scope == ALL, one.scope)):
        base = usual(row.scope, row.hour)
        if base is not None and stands_out(row.accounts, base):
            changed += _noted(row, base, now)
    return changed


def _noted(row: HourCount, base: Baseline, now: datetime) -> bool:
    """Open a spike for an hour that stands out, or bring the open one up to date."""
    spike = Spike.objects.filter(scope=row.scope, ended_at=None).first()
    if spike is not None:
        _renew(spike, row, base)
        return False
    if Spike.objects.filter(scope=row.scope, last_at__gte=row.hour + HOUR).exists():
        return False  # it ended already
    if row.scope == ALL and _explained(row, base):
        return False
    return _opened(row, base, now)


def _opened(row: HourCount, base: Baseline, now: datetime) -> bool:
    why = explain(row.scope, row.hour)
    made = Spike(
        scope=row.scope,
        started_at=row.hour,
        last_at=row.hour + HOUR,
        observed=row.accounts,
        expected=round(base.mean, 2),
        explanation=why,
        urgent=bool(why["urgent"]),
    )
    why["sentence"] = sentence(made)
    try:
        with transaction.atomic():
            made.save()
            record("spike.found", made.subject, at=now, scope=row.scope, accounts=row.accounts)
    except IntegrityError:  # another process found it at the same moment
        return False
    return True


def _renew(spike: Spike, row: HourCount, base: Baseline) -> None:
    """The busiest hour explains; one in which nothing is new is left alone."""
    same = spike.explanation.get("hour") == row.hour.isoformat()
    last = max(spike.last_at, row.hour + HOUR)
    if row.accounts > spike.observed or (same and row.posts != spike.explanation.get("posts")):
        spike.observed, spike.expected = row.accounts, round(base.mean, 2)
        spike.explanation = explain(row.scope, row.hour)
        spike.explanation["sentence"] = sentence(spike)
        spike.urgent = spike.urgent or bool(spike.explanation["urgent"])
    elif last == spike.last_at:
        return
    spike.last_at = last
    spike.save(update_fields=["observed", "expected", "explanation", "urgent", "last_at"])


def _explained(row: HourCount, base: Baseline) -> bool:
    """Whether one topic that stands out already makes most of what is more than usual."""
    topics = Spike.objects.filter(scope__startswith="topic:", last_at=row.hour + HOUR)
    most = max(topics.values_list("observed", flat=True), default=0)
    return most >= (row.accounts - base.mean) / 2


def _end_calm(now: datetime) -> int:
    return sum(_ended(spike, now) for spike in Spike.objects.filter(ended_at=None))


def _ended(spike: Spike, now: datetime) -> bool:
    """End it where the last hours were all near the usual."""
    rules = _rules()
    calm = [floor(now) - n * HOUR for n in range(1, rules["calm_hours"] + 1)]
    if spike.last_at > calm[-1] or any(_still_loud(spike.scope, hour) for hour in calm):
        return False
    with transaction.atomic():
        if not Spike.objects.filter(pk=spike.pk, ended_at=None).update(ended_at=now):
            return False
        record("spike.ended", spike.subject, at=now, scope=spike.scope)
    return True


def _still_loud(scope: str, hour: datetime) -> bool:
    rules = _rules()
    row = HourCount.objects.filter(scope=scope, hour=hour).first()
    if row is None or row.accounts < rules["least_accounts"]:
        return False
    base = usual(scope, hour)
    return base is not None and row.accounts > rules["calm_times"] * base.mean


def _tell(now: datetime) -> int:
    """Let what waits be seen, once the quiet hours are over or at once where somebody is in danger."""
    rows = Spike.objects.filter(told_at=None, last_at__gte=now - _SHOWN)
    return sum(_told(spike, now) for spike in rows if spike.urgent or not quiet(now))


def _told(spike: Spike, now: datetime) -> bool:
    with transaction.atomic():
        if not Spike.objects.filter(pk=spike.pk, told_at=None).update(told_at=now):
            return False
        record("spike.told", spike.subject, at=now, scope=spike.scope)
    return True


def _most_of(why: dict[str, Any]) -> str:
    topics = ", ".join(f"{TOPICS.get(key, key)} ({many})" for key, many in why.get("topics", []))
    areas = ", ".join(f"{name} ({many})" for name, many in why.get("places", []))
    if topics and areas:
        return _("Terbanyak: %(topics)s; di %(places)s.") % {"topics": topics, "places": areas}
    return _("Terbanyak: %(what)s.") % {"what": topics or areas} if topics or areas else ""


def _shares_of(why: dict[str, Any]) -> str:
    share = round(100 * float(why.get("top_account_share", 0)))
    said = _("Akun teraktif menulis %(share)s %% dari %(posts)s kiriman.") % {
        "share": share,
        "posts": why.get("posts", 0),
    }
    copies = why.get("copies", 0)
    return f"{said} " + _("%(copies)s salinan tidak dihitung.") % {"copies": copies} if copies else said


def _most(values: Iterable[str], top: int = _TOP) -> list[list[Any]]:
    """The most frequent values with their counts; "" is left out."""
    return [[key, many] for key, many in Counter(filter(None, values)).most_common(top)]


def _examples(own: list[hours.Heard]) -> list[int]:
    """Ids of mentions to look at: of different accounts, emergencies first."""
    rows = sorted(own, key=lambda one: (one.urgency != Level.EMERGENCY, one.told_at, one.pk))
    first = {one.who or f"?{one.pk}": one.pk for one in reversed(rows)}
    return [one.pk for one in rows if first[one.who or f"?{one.pk}"] == one.pk][: _rules()["examples"]]


def _busiest(spike: Spike) -> datetime:
    said = spike.explanation.get("hour", "")
    return datetime.fromisoformat(said) if said else spike.started_at


def _areas() -> dict[str, str]:
    return {place.code: place.name for place in places() if place.level == "kecamatan"}


def _rules() -> dict[str, Any]:
    table: dict[str, Any] = settings.ANSWERING["spikes"]
    return table
