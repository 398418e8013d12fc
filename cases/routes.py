"""The routing table: which lines fit a matter on a day, and how a person changes them without losing what was."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cases.models import Case, Route
from cases.refusal import NotAllowed
from cases.topics import TOPICS
from city.gazetteer import places
from city.models import Unit
from city.units import district_of, name_of_area, stands
from classifiers.core.authority import name_of
from classifiers.models import KindChoice
from ledger.chain import record
from ledger.models import Person
from publisher.mandates import day_of

#: Words of authority.toml that name nobody beside the city.
_OURS = ("city", "unknown")
#: What each condition weighs. One of them outweighs all that stand behind it together.
_AUTHORITY, _TOPIC, _KELURAHAN, _KECAMATAN, _KIND = 8.0, 4.0, 2.5, 2.0, 1.0


@dataclass(frozen=True, slots=True)
class Matter:
    """What routing looks at. "" where it is not known."""

    kind: str = ""
    topic: str = ""  #: "" also for a topic that says nothing ("lain")
    area: str = ""  #: Kemendagri code of a kelurahan or kecamatan
    authority: str = ""  #: key of authority.toml; "" for the city itself
    gate: str = ""

    @property
    def district(self) -> str:
        return district_of(self.area)


def matter(kind: str, topic: str, area: str, authority: str, gate: str) -> Matter:
    """A matter in its normal form: what names nobody, or says nothing, is empty."""
    return Matter(
        kind=kind,
        topic="" if topic == "lain" else topic,
        area=area,
        authority="" if authority in _OURS else authority,
        gate=gate,
    )


def matter_of(case: Case) -> Matter:
    return matter(case.kind, case.topic, case.area, case.authority, case.gate)


@dataclass(frozen=True, slots=True)
class Fit:
    """A line that fits, and how exactly: 0 (fits everything) to 15.5 (all conditions)."""

    route: Route
    exactness: float


def standing_routes(day: date) -> QuerySet[Route]:
    """The table as it is, or was, on ``day``; the last day counts."""
    return Route.objects.filter(Q(valid_to__isnull=True) | Q(valid_to__gte=day), valid_from__lte=day)


def matching(asked: Matter, day: date) -> list[Fit]:
    """The lines that fit on ``day``, the most exact first; of two that are as exact, the newer one. One query."""
    rows = standing_routes(day).filter(
        kind__in=_or_empty(asked.kind),
        topic__in=_or_empty(asked.topic),
        area__in=_or_empty(asked.area, asked.district),
        authority__in=_or_empty(asked.authority),
    )
    fits = [Fit(row, exactness(row)) for row in rows]
    return sorted(fits, key=lambda fit: (-fit.exactness, -fit.route.valid_from.toordinal(), fit.route.pk))


def exactness(route: Route) -> float:
    area = (_KELURAHAN if len(route.area) > len("32.75.09") else _KECAMATAN) if route.area else 0.0
    conditions = ((route.authority, _AUTHORITY), (route.topic, _TOPIC), (route.kind, _KIND))
    return area + sum(weight for value, weight in conditions if value)


def words_of(route: Route) -> str:
    """The conditions of a line in words: "lampu jalan, Jatiasih"."""
    words = [
        name_of(route.authority) if route.authority else "",
        str(KindChoice(route.kind).label) if route.kind else "",
        str(TOPICS.get(route.topic, route.topic)),
        name_of_area(route.area) if route.area else "",
    ]
    return ", ".join(filter(None, words)) or _("semua hal")


def _or_empty(*values: str) -> list[str]:
    return sorted({"", *values})


# --- what a person changes


@transaction.atomic
def begin(row: Route, person: Person, now: datetime) -> Route:
    """Add a line to the table. Raises NotAllowed with a sentence for what cannot be."""
    _checked(row)
    if _twin(row):
        raise NotAllowed(_("Baris yang sama sudah ada pada tanggal itu."))
    row.made_by = person
    row.save()
    _told("route.begun", row, person, now)
    return row


@transaction.atomic
def change(route: Route, to: Route, person: Person, now: datetime) -> Route:
    """End a line on the day before ``to`` begins, and let ``to`` follow it; gives the new line.

    A line that would not have held for a single day is taken away instead: nothing was routed by it.
    """
    locked = _still_open(route)
    if to.valid_from < locked.valid_from:
        raise NotAllowed(
            _("Baris ini baru berlaku sejak %(day)s; pilih hari itu atau sesudahnya.") % _day(locked)
        )
    _checked(to)
    if to.valid_from == locked.valid_from:
        locked.delete()
    else:
        _end(locked, to.valid_from - timedelta(days=1), person, now)
    return begin(to, person, now)


@transaction.atomic
def end(route: Route, last_day: date, person: Person, now: datetime) -> None:
    """Let a line hold up to ``last_day`` and no longer. Raises NotAllowed."""
    locked = _still_open(route)
    if last_day < locked.valid_from:
        raise NotAllowed(
            _("Baris ini baru berlaku sejak %(day)s; pilih hari itu atau sesudahnya.") % _day(locked)
        )
    if last_day < day_of(now) - timedelta(days=1):
        # What was routed up to yesterday was routed by this line: that stays true.
        raise NotAllowed(_("Hari terakhir tidak boleh lebih awal daripada kemarin."))
    _end(locked, last_day, person, now)


def _end(route: Route, last_day: date, person: Person, now: datetime) -> None:
    Route.objects.filter(pk=route.pk).update(valid_to=last_day)
    _told("route.ended", route, person, now, last=last_day.isoformat())


def _still_open(route: Route) -> Route:
    locked = Route.objects.select_for_update().filter(pk=route.pk).first()
    if locked is None or locked.valid_to is not None:
        raise NotAllowed(_("Baris ini sudah diakhiri atau diganti. Muat ulang halaman."))
    return locked


def _checked(row: Route) -> None:
    """Raises NotAllowed where a condition names what there is not, or the unit does not stand on the first day."""
    if row.kind and row.kind not in KindChoice.values:
        raise NotAllowed(_("Jenis itu tidak dikenal. Pilih dari daftar."))
    if row.topic and row.topic not in TOPICS:
        raise NotAllowed(_("Topik itu tidak dikenal. Pilih dari daftar."))
    if row.area and row.area not in {place.code for place in places()}:
        raise NotAllowed(_("Wilayah itu tidak dikenal. Pilih dari daftar."))
    if row.authority and not _names_somebody(row.authority):
        raise NotAllowed(_("Wewenang itu tidak dikenal. Pilih dari daftar."))
    if not stands(row.unit, row.valid_from):
        raise NotAllowed(
            _("%(unit)s tidak berlaku pada %(day)s. Pilih unit lain atau tanggal lain.")
            % {"unit": row.unit.short, "day": row.valid_from.strftime("%d-%m-%Y")}
        )


def _names_somebody(authority: str) -> bool:
    try:
        return bool(name_of(authority))
    except KeyError:
        return False


def _twin(row: Route) -> bool:
    """Whether an open line with the same conditions and unit holds on the first day."""
    same = {name: getattr(row, name) for name in ("kind", "topic", "area", "authority", "unit")}
    return standing_routes(row.valid_from).filter(**same).exists()


def copy_for(route: Route, unit: Unit, first_day: date) -> Route:
    """The same conditions, leading to another unit from another day on; not stored."""
    return Route(
        kind=route.kind,
        topic=route.topic,
        area=route.area,
        authority=route.authority,
        unit=unit,
        valid_from=first_day,
        note=route.note,
    )


def _told(event: str, route: Route, person: Person, now: datetime, **more: str) -> None:
    conditions = {name: getattr(route, name) for name in ("kind", "topic", "area", "authority")}
    told = {**conditions, "unit": route.unit.key, "since": route.valid_from.isoformat(), **more}
    record(event, f"route:{route.pk}", actor=person, at=now, **told)


def _day(route: Route) -> dict[str, str]:
    return {"day": route.valid_from.strftime("%d-%m-%Y")}
