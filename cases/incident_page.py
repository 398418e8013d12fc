"""The figures of the incident pages: growth by hour, places, units, the map by kelurahan, and what was said."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from cases.figures import Row
from cases.hours import HOUR, floor
from cases.incidents import told_at
from cases.messages import Reach, reach_of
from cases.models import ENDED, Case, Clock, ClockOutcome, Incident, IncidentMessage, Proposal
from cases.spikes import zone
from city.gazetteer import places
from publisher.models import Announcement

#: Hours of a sparkline in the list, and at most of the growth of one incident.
LINE, _GROWTH = 24, 72
#: Where an announcement stands beside an incident.
_ABOUT = 10


@dataclass(frozen=True, slots=True)
class Growth:
    """Posts of one step of time."""

    start: datetime
    count: int  #: new ones
    total: int  #: until its end


@dataclass(frozen=True, slots=True)
class Said:
    """One update to all reporters, and how far it came."""

    message: IncidentMessage
    reach: Reach


@dataclass(frozen=True, slots=True)
class Figures:
    """All that the page of one incident counts."""

    growth: list[Growth]
    step: timedelta  #: length of one step of the growth
    lately: int  #: posts of the last hour
    places: list[tuple[str, int]]
    states: list[tuple[str, int]]
    units: list[tuple[str, int]]  #: by short name; "" nobody yet
    areas: list[Row]  #: every kelurahan; the wider ones are in ``wider``
    wider: int  #: cases of which only the kecamatan is known
    unplaced: int
    open: int
    late: int  #: cases with a limit that is over


def figures(incident: Incident, now: datetime) -> Figures:
    """Count one incident. Reads its cases once."""
    cases = list(incident.cases.select_related("mention", "unit").order_by("pk"))
    times = sorted(told_at(one.mention) for one in cases)
    growth, step = growth_of(times, now)
    areas = Counter(one.area for one in cases)
    return Figures(
        growth=growth,
        step=step,
        lately=sum(now - HOUR <= at <= now for at in times),
        places=Counter(one.place for one in cases if one.place).most_common(8),
        states=Counter(one.state for one in cases).most_common(),
        units=Counter(one.unit.short if one.unit else "" for one in cases).most_common(),
        areas=tiles(areas),
        wider=sum(many for code, many in areas.items() if len(code) == 8),
        unplaced=areas[""],
        open=sum(one.state not in ENDED for one in cases),
        late=_late(incident, now),
    )


def growth_of(times: Sequence[datetime], now: datetime) -> tuple[list[Growth], timedelta]:
    """How many came in each hour from the first post on; in wider steps where that were more than can be seen."""
    if not times:
        return [], HOUR
    first = floor(times[0])
    span = int((max(floor(now), floor(times[-1])) - first) / HOUR) + 1
    step = HOUR * max(1, -(-span // _GROWTH))
    counts = Counter(int((at - first) / step) for at in times)
    steps = int((max(floor(now), floor(times[-1])) - first) / step) + 1
    found, total = [], 0
    for n in range(steps):
        total += counts[n]
        found.append(Growth(first + n * step, counts[n], total))
    return found, step


def lines(incidents: Iterable[int], now: datetime) -> dict[int, list[int]]:
    """New posts in each of the last hours, the oldest first, by incident; one query for a page of them."""
    start = floor(now) - (LINE - 1) * HOUR
    ids = list(incidents)
    found = {pk: [0] * LINE for pk in ids}
    rows = Case.objects.filter(incident_id__in=ids, opened_at__gte=start - HOUR)
    for pk, posted, heard in rows.values_list("incident_id", "mention__posted_at", "mention__heard_at"):
        place = int((floor(posted or heard) - start) / HOUR)
        if pk is not None and 0 <= place < LINE:
            found[pk][place] += 1
    return found


def open_areas(cases: QuerySet[Case]) -> tuple[list[Row], int]:
    """Open cases of every kelurahan, and how many have none; of the cases that somebody may see."""
    rows = cases.exclude(state__in=ENDED).values("area").annotate(many=Count("pk")).order_by()
    counts = Counter({row["area"]: row["many"] for row in rows})
    return tiles(counts), sum(many for code, many in counts.items() if len(code) < 13)


def tiles(counts: Counter[str]) -> list[Row]:
    """A row for each kelurahan, in the order of the codes."""
    return [Row(one.code, one.name, counts[one.code]) for one in places() if one.level == "kelurahan"]


def sentence(standing: Any, found: Figures) -> str:
    """An incident in one sentence: how many, since when, where, and what is left to do."""
    where = ", ".join(name for name, _many in found.places[:3]) or _("tempat yang belum diketahui")
    said = _(
        "%(people)s akun menulis %(posts)s kiriman tentang ini sejak %(since)s di %(where)s; %(lately)s dalam satu "
        "jam terakhir. %(open)s kasus belum selesai."
    ) % {
        "people": standing.people,
        "posts": standing.posts,
        "since": standing.since.astimezone(zone()).strftime("%d/%m %H.%M %Z"),
        "where": where,
        "lately": found.lately,
        "open": found.open,
    }
    late = _("%(late)s di antaranya melewati tenggat.") % {"late": found.late} if found.late else ""
    return f"{said} {late}".strip()


def said_of(incident: Incident) -> list[Said]:
    """The updates to all reporters, the newest first."""
    rows = incident.messages.select_related("by", "approved_by", "announcement").order_by("-id")[:_ABOUT]
    return [Said(one, reach_of(one)) for one in rows]


def announced(incident: Incident) -> list[Announcement]:
    """The announcements made from its proposals, or that its updates point to."""
    taken = Proposal.objects.filter(incident=incident, announcement=OuterRef("pk"))
    told = IncidentMessage.objects.filter(incident=incident, announcement=OuterRef("pk"))
    rows = Announcement.proper.filter(Q(Exists(taken)) | Q(Exists(told)))
    return list(rows.order_by("-pk")[:_ABOUT])


def _late(incident: Incident, now: datetime) -> int:
    over = Clock.objects.filter(
        case=OuterRef("pk"), outcome=ClockOutcome.RUNNING, due_at__lt=now, paused_at=None
    )
    return incident.cases.filter(Exists(over)).count()
