"""What must not go out now: by class of content, by kecamatan, by account, with the official who cleared it.

The question is asked inside the claim of a delivery (publisher.deliver), so a pause holds from the moment at which
it is stored, and nothing that is already being sent is torn. What was held never goes out by itself: when the
pause ends, a person is asked about each item (publisher.held).
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from channels.models import Account
from city.gazetteer import places
from ledger.chain import record
from ledger.models import Event, Person
from ledger.roles import Role, roles_of
from publisher.kinds import CONTENT_CLASSES
from publisher.models import Act, Announcement, Delivery, Pause
from publisher.rules import Refused

#: What is not said in days of mourning, on any account.
MOURNING = ("greeting", "event")
#: Who may begin and end a pause.
_MAY = frozenset({Role.APPROVER, Role.ADMINISTRATOR})
#: Event by which a held delivery is let through a pause that still holds.
CLEARED = "delivery.cleared"


def start(
    person: Person,
    now: datetime,
    reason: str,
    official: str,
    classes: Iterable[str] = (),
    kecamatan: Iterable[str] = (),
    accounts: Iterable[Account] = (),
    ends_at: datetime | None = None,
    mourning: bool = False,
) -> Pause:
    """Begin a pause, effective at once. Refused names the fields that must be mended.

    official: who cleared it, with the office. Empty classes are all but emergencies, empty kecamatan the whole city,
    no accounts all of them. mourning: greetings and events on every account, whatever else was given.
    """
    need_right(person)
    chosen, areas, on = list(dict.fromkeys(classes)), list(dict.fromkeys(kecamatan)), list(accounts)
    if mourning:
        chosen, areas, on = list(MOURNING), [], []
    if wrong := _wrong(reason, official, chosen, areas, ends_at, now):
        raise Refused(_("Ada isian yang perlu dilengkapi."), wrong)
    with transaction.atomic():
        pause = Pause.objects.create(
            content_classes=chosen,
            kecamatan=areas,
            reason=reason.strip()[:300],
            official=official.strip()[:120],
            mourning=mourning,
            started_at=now,
            started_by=person,
            ends_at=ends_at,
        )
        pause.accounts.set(on)
        _told(
            "pause.started", pause, person, now, classes=chosen, kecamatan=areas, accounts=[a.key for a in on]
        )
    return pause


def end(pause: Pause, person: Person, now: datetime) -> Pause:
    """End a pause now. What it held stays where it is until a person says what becomes of it."""
    need_right(person)
    with transaction.atomic():
        taken = Pause.objects.filter(pk=pause.pk, ended_at=None).update(ended_at=now, ended_by=person)
        if not taken:
            raise Refused(_("Jeda ini sudah berakhir."))
        pause.refresh_from_db()
        _told("pause.ended", pause, person, now, held=pause.held.count())
    return pause


def note_ends(now: datetime) -> int:
    """Write down that pauses reached their planned end; gives how many. The engine asks now and then.

    They stopped to hold at that moment, whether or not this has run.
    """
    over = list(Pause.objects.filter(ended_at=None, ends_at__lte=now))
    for pause in over:
        with transaction.atomic():
            if Pause.objects.filter(pk=pause.pk, ended_at=None).update(ended_at=pause.ends_at):
                _told("pause.ended", pause, None, now, held=pause.held.count())
    return len(over)


def in_force(now: datetime) -> QuerySet[Pause]:
    """The pauses that hold now, the oldest first."""
    open_end = Q(ends_at=None) | Q(ends_at__gt=now)
    return Pause.objects.filter(open_end, started_at__lte=now, ended_at=None).order_by("started_at", "pk")


def holds(delivery: Delivery, now: datetime) -> Pause | None:
    """The pause that holds ``delivery`` now; None: it may go out. Asked inside the claim.

    One query while nothing fits, and one more when something does (whether a person let it through). ``delivery``
    brings its announcement. A withdrawal is never held: it says nothing new. An emergency is held only by a pause
    that names its class or its account.
    """
    if delivery.act == Act.RETRACT:
        return None
    fitting = [one for one in _with_account(now, delivery.account_id) if _fits(one, delivery.announcement)]
    if not fitting:
        return None
    cleared = _cleared(delivery)
    return next((one for one in fitting if one.pk not in cleared), None)


def all_holding(delivery: Delivery, now: datetime) -> list[Pause]:
    """Every pause in force that fits ``delivery``, let through or not."""
    return [one for one in _with_account(now, delivery.account_id) if _fits(one, delivery.announcement)]


def sentence(pause: Pause) -> str:
    """What Delivery.held says while ``pause`` holds it; at most 200 characters."""
    return (_("Ditahan jeda: %(reason)s") % {"reason": pause.reason})[:200]


def need_right(person: Person) -> None:
    """Raises Refused unless ``person`` may begin and end pauses."""
    if not roles_of(person) & _MAY:
        raise Refused(_("Hanya penyetuju dan administrator yang memulai dan mengakhiri jeda."))


def _with_account(now: datetime, account_id: int) -> QuerySet[Pause]:
    """The pauses in force, each with `named` (it names this account) and `scoped` (it names any)."""
    scope = Pause.accounts.through.objects.filter(pause_id=OuterRef("pk"))
    return in_force(now).annotate(named=Exists(scope.filter(account_id=account_id)), scoped=Exists(scope))


def _fits(pause: Pause, announcement: Announcement) -> bool:
    """Every scope that is given must fit. An announcement for the whole city is not about one kecamatan."""
    named: bool = pause.named  # type: ignore[attr-defined]  # annotated above
    if pause.scoped and not named:  # type: ignore[attr-defined]  # annotated above
        return False
    if pause.kecamatan and not set(pause.kecamatan) & set(announcement.kecamatan):
        return False
    classes = set(pause.content_classes)
    if announcement.answers:
        # Silence towards the city is no silence towards somebody who asked: only a pause of the account itself.
        return named and (not classes or announcement.content_class in classes)
    if announcement.urgent or announcement.content_class == "emergency":
        return "emergency" in classes or (named and not classes)
    return not classes or announcement.content_class in classes


def _cleared(delivery: Delivery) -> set[int]:
    """The pauses through which a person let this delivery."""
    events = Event.objects.filter(kind=CLEARED, subject=delivery.subject).values_list("data", flat=True)
    return {int(pause) for data in events for pause in data.get("pauses", [])}


def _wrong(
    reason: str, official: str, classes: list[str], areas: list[str], ends_at: datetime | None, now: datetime
) -> dict[str, str]:
    wrong = {}
    if not reason.strip():
        wrong["reason"] = _("Tulis alasannya; petugas lain membacanya.")
    if not official.strip():
        wrong["official"] = _("Tulis pejabat yang memutuskan jeda ini, dengan jabatannya.")
    if unknown := set(classes) - set(CONTENT_CLASSES):
        wrong["classes"] = _("Golongan ini tidak dikenal: %(names)s.") % {"names": ", ".join(sorted(unknown))}
    if unknown := set(areas) - {place.code for place in places() if place.level == "kecamatan"}:
        wrong["kecamatan"] = _("Kecamatan ini tidak dikenal: %(names)s.") % {
            "names": ", ".join(sorted(unknown))
        }
    if ends_at is not None and ends_at <= now:
        wrong["ends_at"] = _("Pilih waktu yang akan datang, atau kosongkan.")
    return wrong


def _told(kind: str, pause: Pause, person: Person | None, now: datetime, **data: object) -> None:
    record(kind, pause.subject, actor=person, at=now, reason=pause.reason, official=pause.official, **data)
