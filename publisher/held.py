"""What a pause held, once it is over: a person says of each item whether it goes out now, later, or not at all."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from channels.models import Account
from ledger.chain import record
from ledger.models import Person
from ledger.roles import Role, roles_of
from ledger.wake import wake
from publisher.change import back_to_live
from publisher.deliver import sum_up
from publisher.models import Act, Announcement, AnnouncementState, Delivery, DeliveryState, Pause
from publisher.pause import CLEARED, all_holding, in_force
from publisher.rules import Refused

#: "kirim sekarang", "jadwalkan ulang", "batalkan".
Answer = Literal["now", "later", "cancel"]
ANSWERS: tuple[Answer, ...] = ("now", "later", "cancel")
#: States in which a pause holds a delivery: nothing of it is on the channel, and nothing is under way.
_HELD = (DeliveryState.PLANNED, DeliveryState.RETRYING)
_UNDECIDED = (DeliveryState.NEEDS_PERSON, DeliveryState.REFUSED)
_TAKEN_BACK = (AnnouncementState.RETRACTING, AnnouncementState.RETRACTED)


@dataclass(frozen=True, slots=True)
class Question:
    """What one pause held of one announcement, to be answered together or account by account."""

    announcement: Announcement
    pause: Pause
    deliveries: list[Delivery]
    open: bool  #: the pause is over; False: it still holds, and only an approver lets something through


def held() -> QuerySet[Delivery]:
    """Everything that a pause holds, or held and nobody has decided yet."""
    rows = Delivery.objects.filter(pause__isnull=False, state__in=_HELD, next_at=None)
    return rows.select_related("announcement", "account", "pause").order_by("due_at", "pk")


def questions(now: datetime, pause: Pause | None = None) -> list[Question]:
    """The held items, one question for each announcement and pause, the earliest due first."""
    still = set(in_force(now).values_list("pk", flat=True))
    found: dict[tuple[int, int], Question] = {}
    for delivery in held() if pause is None else held().filter(pause=pause):
        holder = delivery.pause
        assert holder is not None  # noqa: S101 - held() asks for it; this tells the type checker
        made = Question(delivery.announcement, holder, [], holder.pk not in still)
        found.setdefault((delivery.announcement_id, holder.pk), made).deliveries.append(delivery)
    return list(found.values())


def open_questions(now: datetime) -> QuerySet[Delivery]:
    """Held items whose pause is over: a person has to decide."""
    return held().exclude(pause__in=in_force(now))


def release(
    delivery: Delivery,
    person: Person,
    now: datetime,
    answer: Answer,
    at: datetime | None = None,
    official: str = "",
) -> None:
    """Answer the question about one held delivery: send it now, at the moment ``at``, or not at all.

    While a pause still holds it, only an approver lets it through ("now"), and ``official`` names who cleared that
    exception. "later" goes by the pauses in force at that time. Refused says what is missing.
    """
    release_all([delivery], person, now, answer, at, official)


def release_all(
    deliveries: Iterable[Delivery],
    person: Person,
    now: datetime,
    answer: Answer,
    at: datetime | None = None,
    official: str = "",
) -> int:
    """The same answer for several held deliveries, all or none; gives how many."""
    rows = list(deliveries)
    if not roles_of(person) & {Role.AUTHOR, Role.APPROVER}:
        raise Refused(_("Anda tidak mempunyai tugas memutuskan penayangan yang ditahan."))
    if answer == "later" and (at is None or at <= now):
        raise Refused(_("Waktu tayang belum tepat."), {"at": _("Pilih tanggal dan jam yang akan datang.")})
    with transaction.atomic():
        for row in rows:
            _answer(row, person, now, answer, at, official.strip())
        for announcement in {row.announcement_id for row in rows}:
            _sum_up(announcement, person, now)
    return len(rows)


def give_up(delivery: Delivery, person: Person, now: datetime) -> None:
    """What waits for a decision, was refused, or waits on an account that is switched off, is not needed any more.

    A withdrawal is never given up.
    """
    if not roles_of(person) & {Role.AUTHOR, Role.APPROVER}:
        raise Refused(_("Anda tidak mempunyai tugas memutuskan penayangan ini."))
    with transaction.atomic():
        switched_off = Q(state__in=_HELD, account__in=Account.objects.filter(enabled=False))
        rows = Delivery.objects.filter(Q(state__in=_UNDECIDED) | switched_off, pk=delivery.pk)
        rows = rows.exclude(act=Act.RETRACT)
        if not rows.update(state=DeliveryState.CANCELLED, next_at=None, held="", pause=None):
            raise Refused(_("Penayangan ini tidak sedang menunggu keputusan."))
        record("delivery.given_up", delivery.subject, actor=person, at=now)
        _sum_up(delivery.announcement_id, person, now)


def _answer(
    delivery: Delivery, person: Person, now: datetime, answer: Answer, at: datetime | None, official: str
) -> None:
    if answer == "now":
        _let_through(delivery, person, now, official)
    moment = now if answer == "now" else at
    values: dict[str, object] = {"due_at": moment, "next_at": moment}
    if answer == "cancel":
        values = {"state": DeliveryState.CANCELLED, "next_at": None}
    rows = Delivery.objects.filter(pk=delivery.pk, pause__isnull=False, state__in=_HELD, next_at=None)
    if not rows.update(held="", pause=None, trouble="", **values):
        raise Refused(
            _("%(account)s tidak sedang ditahan; muat ulang halaman ini.") % {"account": delivery.account}
        )
    record(
        "delivery.released",
        delivery.subject,
        actor=person,
        at=now,
        answer=answer,
        pause=delivery.pause_id,
        due_at=moment.isoformat() if moment else "",
    )
    if answer == "now":
        wake("deliver", str(delivery.pk))


def _let_through(delivery: Delivery, person: Person, now: datetime, official: str) -> None:
    """Note who cleared an exception, where a pause still holds this delivery."""
    if not (pauses := all_holding(delivery, now)):
        return
    if Role.APPROVER not in roles_of(person):
        raise Refused(
            _("Jeda “%(reason)s” masih berlaku; hanya penyetuju yang dapat mengecualikan.")
            % {"reason": pauses[0].reason}
        )
    if not official:
        raise Refused(
            _("Jeda “%(reason)s” masih berlaku.") % {"reason": pauses[0].reason},
            {"official": _("Tulis pejabat yang mengizinkan pengecualian ini, dengan jabatannya.")},
        )
    keys = [pause.pk for pause in pauses]
    record(CLEARED, delivery.subject, actor=person, at=now, pauses=keys, official=official[:120])


def _sum_up(announcement_id: int, person: Person, now: datetime) -> None:
    """A version of which nothing is left is cancelled (what stands of an earlier one stays); all else as ever."""
    row = Announcement.objects.select_for_update().get(pk=announcement_id)
    rows = Delivery.objects.filter(announcement=row, version=row.version)
    if row.state in _TAKEN_BACK or rows.exclude(state=DeliveryState.CANCELLED).exists():
        sum_up(announcement_id, now)
        return
    row.changed_at = now
    if row.live_version:
        back_to_live(row)
    else:
        row.state = AnnouncementState.CANCELLED
    row.save()
    record("announcement.cancelled", row.subject, actor=person, at=now, correction=bool(row.live_version))
