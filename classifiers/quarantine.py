"""Batches of reviews that contradict far more than others do: held, named, and released or discarded by a person."""

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from classifiers.core.corpus import Example
from classifiers.core.guard import Limits, Reading, Suspicion, suspicions
from classifiers.core.kinds import Kind
from classifiers.models import Quarantine, QuarantineState, Review, SecondReading
from ledger.chain import record
from ledger.models import Person


class CannotSettle(Exception):
    """Tinjauan yang ditahan ini tidak dapat diputuskan."""


def limits() -> Limits:
    table = settings.JUDGING["learning"]["guard"]
    return Limits(**{field.name: table[field.name] for field in dataclasses.fields(Limits)})


def hold(base: Sequence[Example], since: datetime | None, now: datetime) -> list[Quarantine]:
    """Look at the reviews after ``since`` (what the champion has not learned) and hold what stands out."""
    old, new = _readings(since)
    trusted = [*base, *(Example(one.text, one.kind) for one in old)]
    return [_hold(one, new, now) for one in suspicions(trusted, new, limits())]


def _readings(since: datetime | None) -> tuple[list[Reading], list[Reading]]:
    """What was accepted before, or released by a person, and what is to be looked at; nothing that is held."""
    settled = list(Quarantine.objects.all())
    barred = [one for one in settled if one.state != QuarantineState.RELEASED]
    released = [one for one in settled if one.state == QuarantineState.RELEASED]
    others = _others()
    old: list[Reading] = []
    new: list[Reading] = []
    for review in _standing():
        if in_quarantine(review.reviewer_id, review.at, barred):
            continue
        reading = Reading(
            str(review.reviewer_id),
            review.verdict.mention.text,
            Kind(review.kind),
            review.at,
            review.verdict.audit,
            others.get(review.verdict_id),
        )
        accepted = (since is not None and review.at <= since) or in_quarantine(
            review.reviewer_id, review.at, released
        )
        (old if accepted else new).append(reading)
    return old, new


def _standing() -> list[Review]:
    rows = Review.objects.filter(undone_at__isnull=True, verdict__mention__gone_at__isnull=True)
    rows = rows.exclude(verdict__mention__text="").select_related("verdict__mention")
    return list(rows.order_by("at", "id"))


def _others() -> dict[int, Kind]:
    """What the second person said of a verdict, or the third one, whose word stands above both."""
    rows = SecondReading.objects.filter(undone_at__isnull=True).order_by("settles", "id")
    return {row.verdict_id: Kind(row.kind) for row in rows}


@transaction.atomic
def _hold(one: Suspicion, batch: Sequence[Reading], now: datetime) -> Quarantine:
    own = [reading.at for reading in batch if reading.reviewer == one.reviewer]
    made = Quarantine.objects.create(
        reviewer_id=int(one.reviewer),
        since=min(own),
        until=max(own),
        reviews=len(own),
        sign=one.sign,
        why=one.sentence[:400],
        found_at=now,
    )
    record(
        "reviews.held",
        f"quarantine:{made.pk}",
        at=now,
        reviewer=made.reviewer_id,
        reviews=len(own),
        why=made.why,
    )
    return made


def in_quarantine(reviewer_id: int, at: datetime, batches: Iterable[Quarantine]) -> bool:
    """Whether a decision lies in one of ``batches``."""
    return any(one.reviewer_id == reviewer_id and one.since <= at <= one.until for one in batches)


def standing() -> list[Quarantine]:
    """The batches that wait for an administrator's decision, oldest first."""
    return list(
        Quarantine.objects.filter(state=QuarantineState.STANDING).select_related("reviewer").order_by("id")
    )


@transaction.atomic
def settle(batch_id: int, learn: bool, person: Person | None, now: datetime) -> Quarantine:
    """Let a batch be learned from after all, or never. Raises CannotSettle: not waiting, or one's own batch."""
    batch = Quarantine.objects.select_for_update().filter(pk=batch_id, state=QuarantineState.STANDING).first()
    if batch is None:
        raise CannotSettle(_("Tinjauan ini tidak (lagi) ditahan."))
    if person is not None and batch.reviewer_id == person.pk:
        raise CannotSettle(_("Tinjauan Anda sendiri harus diputuskan orang lain."))
    batch.state = QuarantineState.RELEASED if learn else QuarantineState.DISCARDED
    batch.settled_by, batch.settled_at = person, now
    batch.save(update_fields=["state", "settled_by", "settled_at"])
    record(
        "reviews.released" if learn else "reviews.discarded", f"quarantine:{batch.pk}", actor=person, at=now
    )
    return batch
