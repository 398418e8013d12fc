"""What a person moves between incidents: merging two, adding a case, splitting one, and taking each back."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cases import scope
from cases.act import NotAllowed
from cases.incidents import key_of, locked, recount
from cases.models import Case, ChangeKind, Incident, IncidentChange, IncidentState
from ledger.chain import record
from ledger.models import Person


@transaction.atomic
def merge(incident: Incident, into: Incident, person: Person, now: datetime) -> IncidentChange:
    """Move all cases of ``incident`` into another one. Raises NotAllowed with a sentence for the officer."""
    if incident.pk == into.pk:
        raise NotAllowed(_("Pilih kejadian lain: satu kejadian tidak dapat digabung dengan dirinya sendiri."))
    source, target = _both_open(incident.pk, into.pk)
    cases = list(source.cases.order_by("pk").values_list("pk", flat=True))
    _check_theirs(cases, person)
    change = _moved(ChangeKind.MERGE, source, target, cases, person, now)
    _end(source, now)
    _tell("incident.merged", change, now)
    return change


@transaction.atomic
def add(case: Case, into: Incident, person: Person, now: datetime) -> IncidentChange:
    """Put a case that stands alone into an open incident. Raises NotAllowed with a sentence for the officer."""
    _check_theirs([case.pk], person)
    target = locked({into.pk}).filter(state=IncidentState.OPEN).first()
    if target is None:
        raise NotAllowed(_("Hanya kejadian yang masih berlangsung yang dapat ditambah. Muat ulang halaman."))
    if not Case.objects.filter(pk=case.pk, incident__isnull=True).update(incident=target):
        raise NotAllowed(_("Kasus itu sudah berada pada sebuah kejadian. Pisahkan dahulu dari sana."))
    change = _moved(ChangeKind.MERGE, None, target, [case.pk], person, now)
    _tell("incident.merged", change, now)
    return change


@transaction.atomic
def split(cases: Sequence[Case], person: Person, now: datetime) -> IncidentChange:
    """Take some cases out of their incident: several make a new one, a single one stands alone from now on.

    Raises NotAllowed with a sentence when they are none, all, or not of one open incident.
    """
    ids = sorted({case.pk for case in cases})
    if not ids:
        raise NotAllowed(_("Pilih dahulu kasus yang hendak dipisah."))
    _check_theirs(ids, person)
    source = locked({case.incident_id for case in cases}).first()
    inside = list(source.cases.filter(pk__in=ids).order_by("pk")) if source else []
    if source is None or source.state != IncidentState.OPEN or len(inside) != len(ids):
        raise NotAllowed(
            _("Kasus-kasus ini tidak lagi dalam satu kejadian yang berlangsung. Muat ulang halaman.")
        )
    if source.cases.count() == len(ids):
        raise NotAllowed(_("Sisakan setidaknya satu kasus: kejadian tanpa kasus tidak ada."))
    target = _new(inside, now) if len(ids) > 1 else None
    change = _moved(ChangeKind.SPLIT, source, target, ids, person, now)
    if target:
        record("incident.opened", target.subject, actor=person, at=now, key=target.key)
    _tell("incident.split", change, now)
    return change


@transaction.atomic
def undo(change_id: int, person: Person, now: datetime) -> IncidentChange:
    """Move back what one change moved, and only that. Raises NotAllowed where things were moved since."""
    change = IncidentChange.objects.select_for_update().filter(pk=change_id).first()
    if change is None or change.undone_at:
        raise NotAllowed(_("Perubahan ini sudah dibatalkan."))
    # Locked in the order of ids; both are read anew.
    rows = {row.pk: row for row in locked({change.source_id, change.target_id})}
    source, target = rows.get(change.source_id or 0), rows.get(change.target_id or 0)
    _check_theirs(change.cases, person)
    _check_untouched(change, source)
    _move(change.cases, source)
    if source and change.kind == ChangeKind.MERGE:
        _reopen(source)
    elif target and not target.cases.exists():
        _end(target, now)
    for incident in filter(None, (source, target)):
        recount(incident)
    change.undone_at = now
    change.save(update_fields=["undone_at"])
    _tell("incident.undone", change, now, person)
    return change


def _check_theirs(cases: Sequence[int], person: Person) -> None:
    """Raises NotAllowed where one of the cases to be moved is another unit's."""
    mine = scope.visible(person)
    seen = sum(mine.filter(pk__in=part).count() for part in _parts(list(cases)))
    if seen != len(cases):
        said = _("Ada kasus unit lain di antaranya. Minta meja koordinasi yang memindahkannya.")
        raise NotAllowed(said)


def _both_open(source: int, target: int) -> tuple[Incident, Incident]:
    rows = {row.pk: row for row in locked({source, target}).filter(state=IncidentState.OPEN)}
    if len(rows) < 2:
        raise NotAllowed(_("Hanya kejadian yang masih berlangsung yang dapat digabung. Muat ulang halaman."))
    return rows[source], rows[target]


def _new(cases: Sequence[Case], now: datetime) -> Incident:
    first = cases[0]
    return Incident.objects.create(
        key=_free_key(first), topic=first.topic, place=first.place, opened_at=now, last_at=now
    )


def _free_key(first: Case) -> str:
    """A key of its own; with a further mark where the same case founded another one that still stands."""
    key = key_of(first)
    taken = Incident.objects.filter(key__startswith=key).count()
    return f"{key}.{taken}" if taken else key


def _moved(
    kind: ChangeKind,
    source: Incident | None,
    target: Incident | None,
    cases: list[int],
    person: Person,
    now: datetime,
) -> IncidentChange:
    _move(cases, target)
    for incident in filter(None, (source, target)):
        recount(incident)
    return IncidentChange.objects.create(
        kind=kind, source=source, target=target, cases=cases, by=person, at=now
    )


def _move(cases: Iterable[int], target: Incident | None) -> None:
    for part in _parts(list(cases)):
        Case.objects.filter(pk__in=part).update(incident=target)


def _parts(ids: list[int], size: int = 500) -> Iterable[list[int]]:
    """SQLite takes a limited number of values in one query."""
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _check_untouched(change: IncidentChange, source: Incident | None) -> None:
    left_as = IncidentState.MERGED if change.kind == ChangeKind.MERGE else IncidentState.OPEN
    if source and source.state != left_as:
        raise NotAllowed(
            _("Kejadian asalnya sudah ditutup atau digabung. Batalkan dahulu perubahan yang lebih baru.")
        )
    there = sum(
        Case.objects.filter(pk__in=part, incident=change.target_id).count() for part in _parts(change.cases)
    )
    if there != len(change.cases):
        raise NotAllowed(
            _("Sebagian kasus sudah dipindah lagi sejak itu. Batalkan dahulu perubahan yang lebih baru.")
        )


def _reopen(incident: Incident) -> None:
    incident.state, incident.closed_at = IncidentState.OPEN, None
    try:
        with transaction.atomic():
            incident.save(update_fields=["state", "closed_at"])
    except IntegrityError as error:
        raise NotAllowed(_("Di tempat ini sudah ada kejadian baru. Gabungkan kasusnya ke sana.")) from error


def _end(incident: Incident, now: datetime) -> None:
    incident.state, incident.closed_at = IncidentState.MERGED, now
    incident.save(update_fields=["state", "closed_at"])


def _tell(kind: str, change: IncidentChange, now: datetime, person: Person | None = None) -> None:
    """The same event for both incidents, so that each one's history is whole."""
    data = {
        "change": change.pk,
        "source": change.source_id,
        "target": change.target_id,
        "cases": change.cases,
    }
    for incident in filter(None, (change.source, change.target)):
        record(kind, incident.subject, actor=person or change.by, at=now, **data)
