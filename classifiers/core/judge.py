"""From texts to verdicts, with or without a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from city.gazetteer import find_place
from classifiers.core.kinds import Kind
from classifiers.core.model import NO_TOPIC, Model


class Decision(StrEnum):
    FORWARD = "forward"  #: surely a complaint: opens a case
    REVIEW = "review"  #: a person looks
    DISMISS = "dismiss"  #: surely chat, news or praise: needs nobody


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From config/data/judging.toml; probabilities between 0 and 1."""

    forward: float
    dismiss: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge says of one text. kind None: unjudged, because there was no model or no text."""

    kind: Kind | None
    probability: float | None  #: of that kind
    probabilities: dict[str, float] | None  #: keyed by the five English names
    decision: Decision
    topic: str | None
    topics: tuple[str, ...]  #: up to three, the likeliest first
    place: str | None  #: name of a kecamatan or kelurahan of the city
    model: str  #: version; "" when unjudged


def judge(texts: Sequence[str], model: Model | None, thresholds: Thresholds) -> list[Verdict]:
    """One verdict a text. Without a model, or without words, a post is unjudged and goes to a person."""
    if model is None or not texts:
        return [_unjudged(text) for text in texts]
    kinds = model.kind_probabilities(texts)
    names, topics = model.topic_probabilities(texts)
    best_first = (-topics).argsort(axis=1)[:, :4]
    verdicts = []
    for text, row, order in zip(texts, kinds.tolist(), best_first.tolist(), strict=True):
        if not text.strip():
            verdicts.append(_unjudged(text))
            continue
        by_name = {kind.value: round(p, 4) for kind, p in zip(Kind, row, strict=True)}
        kind = max(Kind, key=lambda one: by_name[one.value])
        ranked = tuple(names[index] for index in order)
        place = find_place(text)
        verdicts.append(
            Verdict(
                kind=kind,
                probability=by_name[kind.value],
                probabilities=by_name,
                decision=decide(by_name, kind, thresholds),
                topic=None if ranked[0] == NO_TOPIC else ranked[0],
                topics=tuple(name for name in ranked if name != NO_TOPIC)[:3],
                place=place.name if place else None,
                model=model.version,
            )
        )
    return verdicts


def decide(probabilities: dict[str, float], kind: Kind, thresholds: Thresholds) -> Decision:
    """forward: a sure complaint; dismiss: surely other or appreciation; all else is for a person.

    Questions and wishes are never dismissed unseen.
    """
    if kind == Kind.COMPLAINT and probabilities[kind.value] >= thresholds.forward:
        return Decision.FORWARD
    harmless = probabilities[Kind.OTHER.value] + probabilities[Kind.APPRECIATION.value]
    if kind in (Kind.OTHER, Kind.APPRECIATION) and harmless >= thresholds.dismiss:
        return Decision.DISMISS
    return Decision.REVIEW


def _unjudged(text: str) -> Verdict:
    place = find_place(text)
    return Verdict(None, None, None, Decision.REVIEW, None, (), place.name if place else None, "")
