"""Learning from what people decided, and from nothing else: a challenger is trained, compared, used or refused."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet

from classifiers.core.contest import (
    Item,
    Terms,
    as_numbers,
    chosen,
    compare,
    distinct,
    objection,
    praise,
    split,
)
from classifiers.core.corpus import Example, seed
from classifiers.core.kinds import Kind
from classifiers.core.model import Model, train
from classifiers.core.shift import distribution
from classifiers.current import current_model, shipped_model
from classifiers.judge import collector
from classifiers.models import ModelVersion, Quarantine, QuarantineState, Review, SecondReading
from classifiers.quarantine import hold, in_quarantine
from classifiers.versions import champion, keep, promote, refuse
from ledger.models import Person

Learner = Callable[[Sequence[Example], str], Model]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one challenge."""

    version: ModelVersion | None  #: None: it was not even trained
    used: bool
    sentence: str
    held: list[Quarantine]  #: batches that were set aside now


def reviewed() -> list[Item]:
    """Every standing decision that may be learned from, in order of time.

    The text is the stored one, in which personal numbers are masked. Left out: mentions erased because they were
    deleted upstream, those whose author wants them not to be used (UU 27/2022 art. 11), pictures without words,
    posts on which two people disagree, and batches held or discarded.
    """
    readings = _second_readings()
    barred = list(Quarantine.objects.exclude(state=QuarantineState.RELEASED))
    return [
        _item(review, readings.get(review.verdict_id, []))
        for review in _standing().iterator(chunk_size=1000)
        if review.verdict.mention.text.strip()
        and not in_quarantine(review.reviewer_id, review.at, barred)
        and not _disputed(review, readings.get(review.verdict_id, []))
    ]


def _standing() -> QuerySet[Review]:
    rows = Review.objects.filter(
        undone_at__isnull=True,
        verdict__mention__gone_at__isnull=True,
        verdict__mention__restricted_at__isnull=True,
    )
    return rows.select_related("verdict__mention__source").order_by("at", "id")


def _second_readings() -> dict[int, list[SecondReading]]:
    found: dict[int, list[SecondReading]] = {}
    for row in SecondReading.objects.filter(undone_at__isnull=True).order_by("settles", "id"):
        found.setdefault(row.verdict_id, []).append(row)
    return found


def _disputed(review: Review, again: list[SecondReading]) -> bool:
    """Two people disagree, and no third one has settled it."""
    return len(again) == 1 and not again[0].settles and again[0].kind != review.kind


def _item(review: Review, again: list[SecondReading]) -> Item:
    verdict = review.verdict
    final = next((one.kind for one in again if one.settles), review.kind)
    return Item(
        text=verdict.mention.text,
        kind=Kind(final),
        topic=verdict.topic or None,
        at=review.at,
        reviewer=str(review.reviewer_id),
        audit=verdict.audit,
        fingerprint=verdict.mention.fingerprint,
        other=Kind(again[-1].kind) if again else None,
        via=collector(verdict.mention.source.kind),
    )


def terms() -> Terms:
    table = settings.JUDGING["learning"]
    return Terms(**{field.name: table[field.name] for field in dataclasses.fields(Terms)})


def beside(ruling: Model | None) -> Learner:
    """Learns the fast judge on top of the shipped one, and keeps the deep one beside it, where there is one.

    How much each of the two counts stays as it was learned with the deep one, on posts that neither had seen.
    """
    ground = shipped_model()

    def learn(examples: Sequence[Example], version: str) -> Model:
        model = train(examples, version, ground.fast if ground else None)
        if ruling is None or ruling.stack is None:
            return model
        return dataclasses.replace(
            model, stack=ruling.stack, deep=ruling.deep, deep_sha256=ruling.deep_sha256, cuts=ruling.cuts
        )

    return learn


def challenge(now: datetime, person: Person | None = None, learner: Learner | None = None) -> Outcome:
    """Train a challenger from base corpus and reviews, and use it if it is not worse on any kind that matters.

    Batches that contradict far more than others do are set aside first, and while one waits for an administrator's
    decision no new model is used.
    """
    ruling, base = champion(), seed()
    since = ruling.learned_until if ruling else None
    held_back = hold(base, since, now)
    if (standing := Quarantine.objects.filter(state=QuarantineState.STANDING)).exists():
        names = ", ".join(sorted({str(one.reviewer) for one in standing.select_related("reviewer")}))
        sentence = (
            f"Tinjauan {names} ditahan karena menyimpang jauh; tidak ada model baru yang dipakai sampai "
            "administrator memutuskannya (kentongan model release, atau halaman Penilai)."
        )
        return Outcome(None, False, sentence, held_back)
    parts = split(reviewed(), [one.text for one in base], since, terms())
    if not parts.learned or len(parts.held) < terms().holdout_least:
        return Outcome(None, False, _too_few(len(parts.held)), held_back)
    return _contest(parts.learned, parts.held, base, now, person, learner, held_back)


def _too_few(held: int) -> str:
    return (
        f"Baru {held} tinjauan baru yang dapat dipakai membandingkan; perlu paling sedikit {terms().holdout_least}. "
        "Tinjau lebih banyak dahulu."
    )


def _contest(
    learned: list[Item],
    held: list[Item],
    base: list[Example],
    now: datetime,
    person: Person | None,
    learner: Learner | None,
    held_back: list[Quarantine],
) -> Outcome:
    examples = [*base, *weighed(distinct(learned))]
    old = current_model()
    model = (learner or beside(old))(examples, f"local-{now:%Y%m%dT%H%M%S}")
    texts, truth = [one.text for one in held], [one.kind.value for one in held]
    new = chosen(model, texts)
    found = compare(truth, chosen(old, texts) if old else [Kind.OTHER.value] * len(texts), new)
    version = keep(
        model,
        now,
        person,
        counts={"base": len(base), "reviewed": len(examples) - len(base), "holdout": len(held)},
        learned_until=max(one.at for one in learned),
        metrics=as_numbers(found),
        reference=distribution(one.text for one in examples),
    )
    if against := objection(found, terms()):
        refuse(version, against, now)
        return Outcome(version, False, against, held_back)
    promote(version.number, now, person, praise(found))
    version.refresh_from_db()
    return Outcome(version, True, praise(found), held_back)


def base_version(now: datetime, person: Person | None = None, learner: Learner = train) -> ModelVersion:
    """A version of the base corpus alone, used at once: for starting anew."""
    base = seed()
    model = learner(base, f"seed-{now:%Y%m%dT%H%M%S}")
    words = distribution(one.text for one in base)
    made = keep(model, now, person, counts={"base": len(base), "reviewed": 0, "holdout": 0}, reference=words)
    return promote(made.number, now, person, "Hanya dari korpus bawaan.")


def weighed(items: Sequence[Item]) -> list[Example]:
    """Examples of reviewed posts, which count as much as [learning] weight says."""
    weight = settings.JUDGING["learning"]["weight"]
    return [
        Example(one.text, one.kind, one.topic, via=one.via, weight=weight, source="review") for one in items
    ]
