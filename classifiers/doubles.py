"""Some posts are decided by two people, each without knowing of the other; a third settles where they disagree.

Nothing waits for it: the first decision has taken effect. How far people agree at all is the ceiling of what a model
can learn, and a reviewer who often stands alone is noticed (core/guard.py).
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from classifiers.core.kinds import Kind
from classifiers.core.scores import Range, kappa
from classifiers.models import Review, SecondReading, Verdict
from classifiers.review import UNDO_TIME, AlreadyReviewed
from ledger.chain import record
from ledger.models import Person
from ledger.wake import wake


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two people agree, or all of them together (names "")."""

    first: str
    second: str
    posts: int
    same: int
    kappa: Range | None  #: None: too few posts, or only one kind among them


@transaction.atomic
def read_again(verdict_id: int, kind: Kind, reader: Person, now: datetime) -> SecondReading:
    """Keep a second decision, or the third one that settles. Raises AlreadyReviewed for who had a turn already."""
    verdict = Verdict.objects.select_for_update().filter(pk=verdict_id, awaits_second=True).first()
    first = Review.objects.filter(verdict=verdict_id, undone_at__isnull=True).first()
    if verdict is None or first is None or first.reviewer_id == reader.pk:
        raise AlreadyReviewed(_("Sebutan ini sudah ditinjau orang lain."))
    second = SecondReading.objects.filter(verdict=verdict, undone_at__isnull=True).first()
    if second is not None and second.reader_id == reader.pk:
        raise AlreadyReviewed(_("Sebutan ini sudah ditinjau orang lain."))
    try:
        made = SecondReading.objects.create(
            verdict=verdict, reader=reader, kind=kind.value, at=now, settles=second is not None
        )
    except IntegrityError as error:
        raise AlreadyReviewed(_("Sebutan ini sudah ditinjau orang lain.")) from error
    disagree = second is None and first.kind != kind.value
    Verdict.objects.filter(pk=verdict_id).update(awaits_second=disagree, leased_to=None, leased_until=None)
    record("mention.read_again", f"mention:{verdict.mention_id}", actor=reader, at=now, kind=kind.value)
    if made.settles and kind == Kind.COMPLAINT and first.kind != Kind.COMPLAINT.value:
        _open_after_all(verdict, now)
    return made


def _open_after_all(verdict: Verdict, now: datetime) -> None:
    """Two of three say that it is a complaint after all."""
    Verdict.objects.filter(pk=verdict.pk).update(awaits_case=True, case_from=now + UNDO_TIME)
    wake("open")


@transaction.atomic
def take_back(reading_id: int, reader: Person, now: datetime) -> bool:
    """Take back one's own second reading, as long as nothing has followed; gives whether it was taken back."""
    made = SecondReading.objects.filter(pk=reading_id, reader=reader, undone_at__isnull=True).first()
    if made is None:
        return False
    later = SecondReading.objects.filter(verdict=made.verdict_id, undone_at__isnull=True, settles=True)
    if not made.settles and later.exists():
        return False
    back = Verdict.objects.filter(pk=made.verdict_id)
    opened = made.settles and made.kind == Kind.COMPLAINT and not _unchanged(made)
    if opened and not back.filter(awaits_case=True).update(awaits_case=False):
        return False
    back.update(awaits_second=True)
    SecondReading.objects.filter(pk=made.pk).update(undone_at=now)
    record("review.undone", f"mention:{made.verdict.mention_id}", actor=reader, at=now)
    return True


def _unchanged(made: SecondReading) -> bool:
    """Whether the first decision was a complaint already, so that no case came of the third."""
    return Review.objects.filter(
        verdict=made.verdict_id, undone_at__isnull=True, kind=Kind.COMPLAINT.value
    ).exists()


def agreement() -> list[Agreement]:
    """All doubled posts together, then each pair of people, by the number of posts."""
    pairs: dict[tuple[int, int], list[tuple[str, str]]] = defaultdict(list)
    names: dict[int, str] = {}
    for first, second in _both():
        names |= {first.reviewer_id: str(first.reviewer), second.reader_id: str(second.reader)}
        kinds = {first.reviewer_id: first.kind, second.reader_id: second.kind}
        one, other = sorted(kinds)
        pairs[one, other].append((kinds[one], kinds[other]))
    everything = [kinds for both in pairs.values() for kinds in both]
    by_pair = [_agree(names[one], names[other], both) for (one, other), both in pairs.items()]
    return [_agree("", "", everything), *sorted(by_pair, key=lambda found: -found.posts)]


def _both() -> list[tuple[Review, SecondReading]]:
    seconds = SecondReading.objects.filter(undone_at__isnull=True, settles=False).select_related("reader")
    by_verdict = {row.verdict_id: row for row in seconds}
    firsts = Review.objects.filter(undone_at__isnull=True, verdict__doubled=True).select_related("reviewer")
    return [(row, by_verdict[row.verdict_id]) for row in firsts if row.verdict_id in by_verdict]


def _agree(one: str, other: str, both: list[tuple[str, str]]) -> Agreement:
    first, second = [kinds[0] for kinds in both], [kinds[1] for kinds in both]
    same = sum(a == b for a, b in both)
    return Agreement(one, other, len(both), same, kappa(first, second))
