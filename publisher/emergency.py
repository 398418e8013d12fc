"""Emergencies: who is on duty to approve them, and the proof of where they appeared and how fast."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from ledger.chain import record
from ledger.models import Person
from ledger.roles import Role
from publisher.models import DONE, Act, Announcement, Attempt, Delivery, DeliveryState, Duty, Proof
from publisher.rules import Refused, need

#: An emergency is on every channel within this time after the second approval.
WITHIN = timedelta(seconds=60)
#: Different people who have to say yes to an emergency.
NEEDED = 2
#: A turn longer than this is a mistake in the date.
_LONGEST_TURN = timedelta(days=31)


def on_duty(now: datetime) -> list[Person]:
    """Everyone on the roster now, once each, by name."""
    turns = Duty.objects.filter(starts_at__lte=now, ends_at__gt=now).values("person")
    rows = Person.objects.filter(pk__in=turns, is_active=True)
    return list(rows.order_by("first_name", "username"))


def turns(now: datetime) -> QuerySet[Duty]:
    """The turns that hold now or will, the nearest first."""
    return Duty.objects.filter(ends_at__gt=now).select_related("person").order_by("starts_at", "pk")


def put_on_duty(person: Person, starts_at: datetime, ends_at: datetime, by: Person, now: datetime) -> Duty:
    """Add a turn to the roster."""
    need(by, Role.ADMINISTRATOR)
    if ends_at <= starts_at:
        raise Refused(
            _("Piket harus berakhir setelah mulainya."), {"ends_at": _("Pilih waktu sesudah mulai.")}
        )
    if ends_at <= now:
        raise Refused(_("Piket itu sudah lewat."), {"ends_at": _("Pilih waktu yang akan datang.")})
    if ends_at - starts_at > _LONGEST_TURN:
        raise Refused(_("Satu piket paling lama 31 hari."), {"ends_at": _("Periksa tanggalnya.")})
    with transaction.atomic():
        turn = Duty.objects.create(person=person, starts_at=starts_at, ends_at=ends_at)
        _told("duty.given", turn, by, now)
    return turn


def take_off_duty(turn: Duty, by: Person, now: datetime) -> None:
    """End a turn now; one that has not begun is taken away."""
    need(by, Role.ADMINISTRATOR)
    with transaction.atomic():
        _told("duty.ended", turn, by, now)
        if turn.starts_at >= now:
            turn.delete()
        else:
            Duty.objects.filter(pk=turn.pk, ends_at__gt=now).update(ends_at=now)


def _told(kind: str, turn: Duty, by: Person, now: datetime) -> None:
    span = {"starts_at": turn.starts_at.isoformat(), "ends_at": turn.ends_at.isoformat()}
    record(kind, f"person:{turn.person_id}", actor=by, at=now, **span)


@dataclass(frozen=True, slots=True)
class Line:
    """One account's proof."""

    delivery: Delivery
    done: bool  #: it is there (or, for a withdrawal, gone)
    #: Seconds from the second approval until it was there, or until now; None: never approved.
    seconds: float | None
    attempts: int
    outcome: str  #: of the last attempt: "published" or a channels.contract.Failure; "" while it runs, or before one
    said: str  #: what the channel said in the last attempt
    proof: Proof | None  #: the newest row of the archive about it

    @property
    def late(self) -> bool:
        """Whether it took, or has been taking, longer than an emergency may."""
        return self.seconds is not None and self.seconds > WITHIN.total_seconds()


@dataclass(frozen=True, slots=True)
class Board:
    """Where an emergency stands, channel by channel."""

    announcement: Announcement
    approved_at: datetime | None  #: the second approval, from which the seconds count
    lines: list[Line]

    @property
    def done(self) -> int:
        return sum(line.done for line in self.lines)

    @property
    def running(self) -> bool:
        """Whether the board still changes by itself."""
        settled = (DeliveryState.REFUSED, DeliveryState.NEEDS_PERSON, DeliveryState.CANCELLED)
        return any(not line.done and line.delivery.state not in settled for line in self.lines)

    @property
    def slowest(self) -> float | None:
        """Seconds until the last channel had it; None while one has not."""
        seconds = [line.seconds for line in self.lines if line.seconds is not None]
        return max(seconds, default=None) if self.lines and self.done == len(self.lines) else None


def board(announcement: Announcement, now: datetime) -> Board:
    """The present version's proof, account by account. Three queries, however many accounts."""
    rows = Delivery.objects.filter(announcement=announcement, version=announcement.version)
    deliveries = list(rows.select_related("account").order_by("account_id", "pk"))
    tries: dict[int, list[Attempt]] = {one.pk: [] for one in deliveries}
    for attempt in Attempt.objects.filter(delivery__in=deliveries).order_by("number"):
        tries[attempt.delivery_id].append(attempt)
    proofs = {
        one.delivery_id: one for one in Proof.objects.filter(delivery__in=deliveries).order_by("number")
    }
    since = announcement.approved_at
    lines = [_line(one, tries[one.pk], proofs.get(one.pk), since, now) for one in deliveries]
    return Board(announcement, since, lines)


def _line(
    delivery: Delivery, tries: list[Attempt], proof: Proof | None, since: datetime | None, now: datetime
) -> Line:
    done = delivery.state in (DONE[Act(delivery.act)], DeliveryState.CORRECTED)
    until = (delivery.published_at or now) if done else now
    last = tries[-1] if tries else None
    return Line(
        delivery=delivery,
        done=done,
        seconds=None if since is None else max(0.0, (until - since).total_seconds()),
        attempts=len(tries),
        outcome=last.outcome if last else "",
        said=last.said if last else "",
        proof=proof,
    )


def recent(limit: int = 10) -> list[Announcement]:
    """The latest emergencies, the newest first."""
    rows = Announcement.proper.filter(urgent=True).select_related("author", "approved_by")
    return list(rows.order_by("-pk")[:limit])
