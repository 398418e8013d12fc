"""From texts to verdicts, with or without a model: kind, topic, place, urgency, authority and why, in one pass."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from city.places import Found, find
from city.stems import words_of
from classifiers.core.authority import Authority, authority
from classifiers.core.fast import NO_TOPIC, Opinion
from classifiers.core.incident import incident_key
from classifiers.core.kinds import TOPICS, Kind
from classifiers.core.model import Cut, Model
from classifiers.core.urgency import Level, Urgency, urgency

_KINDS = [kind.value for kind in Kind]
#: Words named as a reason, at most.
_WORDS = 3
#: From this probability on, the learned judge's "danger now" wants a look even where no rule of words fired.
_URGENT = 0.5


class Decision(StrEnum):
    FORWARD = "forward"  #: surely a complaint: opens a case
    REVIEW = "review"  #: a person looks
    DISMISS = "dismiss"  #: surely chat, news or praise: needs nobody


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From config/data/judging.toml; numbers between 0 and 1."""

    forward: float
    #: Without a measured cut: from which probability of "other" and "appreciation" together a post needs no eyes.
    dismiss: float
    #: Share of complaints that must be forwarded or seen by a person.
    recall: float = 0.95


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge says of one text. kind None: unjudged, because there was no model or no text."""

    kind: Kind | None
    probability: float | None  #: of that kind
    probabilities: dict[str, float] | None  #: keyed by the five English names
    decision: Decision
    topic: str | None  #: None where none of the civic topics is likeliest, and when unjudged
    topics: tuple[str, ...]  #: up to three, the likeliest first
    place: str | None  #: name of a kecamatan or kelurahan of the city; None: not known
    model: str  #: version; "" when unjudged
    urgency: Level | None = None  #: None when there was no text
    authority: str | None = None  #: a key of authority.toml; None when there was no text
    reasons: tuple[str, ...] = ()  #: Indonesian sentences
    incident_key: str | None = None  #: None without place, topic or time
    elsewhere: str | None = None  #: "Kabupaten Bekasi" and the like: named there, not in the city


def judge(
    texts: Sequence[str],
    model: Model | None,
    thresholds: Thresholds,
    via: Sequence[str] = (),
    times: Sequence[datetime | None] = (),
    *,
    deep: bool = True,
) -> list[Verdict]:
    """One verdict a text. Without a model, or without words, a post is unjudged and goes to a person.

    via: how each was found, "mention" or "keyword" ("mention" where not given); times: when each was posted, for the
    incident key; deep: whether the deep judge is asked too, where the model has one.
    """
    if not texts:
        return []
    words = words_of(texts)  # cut once for the three judges of rules
    places, alarms = find(texts, words), urgency(texts, words)
    whens = times or [None] * len(texts)
    if model is None:
        owners = authority(texts, [None] * len(texts), places, words)
        rows = zip(texts, places, alarms, owners, strict=True)
        return [_unjudged(*row) for row in rows]
    opinion = model.opinion(texts, via, deep=deep)
    order = np.argsort(-opinion.topics, axis=1)[:, :3].tolist()
    first = [TOPICS[row[0]] for row in order]
    owners = authority(texts, first, places, words)
    named = _heavy_words(opinion)
    cuts = {word: model.cut(word, thresholds.recall) for word in {*via, "mention"}}
    verdicts = []
    for at, (text, row, danger) in enumerate(
        zip(texts, opinion.kinds.round(4).tolist(), opinion.urgent.tolist(), strict=True)
    ):
        place, alarm, owner = places[at], alarms[at], owners[at]
        if not text.strip():
            verdicts.append(_unjudged(text, place, alarm, owner))
            continue
        by_name = dict(zip(_KINDS, row, strict=True))
        kind = Kind(max(by_name, key=by_name.__getitem__))
        level = _level(alarm.level, danger, kind)
        verdicts.append(
            Verdict(
                kind=kind,
                probability=by_name[kind.value],
                probabilities=by_name,
                decision=decide(by_name, kind, thresholds, cuts[via[at] if via else "mention"], level),
                topic=None if first[at] == NO_TOPIC else first[at],
                topics=tuple(TOPICS[index] for index in order[at]),
                place=place.area,
                model=model.version,
                urgency=level,
                authority=owner.key,
                reasons=_reasons(named[at], place, alarm, owner),
                incident_key=_incident(first[at], place, whens[at], text),
                elsewhere=place.elsewhere,
            )
        )
    return verdicts


def decide(
    probabilities: dict[str, float],
    kind: Kind,
    thresholds: Thresholds,
    cut: Cut | None = None,
    level: Level = Level.NORMAL,
) -> Decision:
    """forward: a sure complaint; dismiss: other or appreciation, and below the cut; all else is for a person.

    Questions and wishes are never dismissed unseen, and danger never is.
    """
    complaint = probabilities[Kind.COMPLAINT.value]
    if kind == Kind.COMPLAINT and complaint >= thresholds.forward:
        return Decision.FORWARD
    if kind not in (Kind.OTHER, Kind.APPRECIATION) or level == Level.EMERGENCY:
        return Decision.REVIEW
    if cut is not None:
        return Decision.DISMISS if complaint < cut.threshold else Decision.REVIEW
    harmless = probabilities[Kind.OTHER.value] + probabilities[Kind.APPRECIATION.value]
    return Decision.DISMISS if harmless >= thresholds.dismiss else Decision.REVIEW


def _level(ruled: Level, danger: float, kind: Kind) -> Level:
    """The rules' level; a complaint that the learned judge takes for danger is at least looked at soon."""
    if ruled == Level.NORMAL and danger >= _URGENT and kind == Kind.COMPLAINT:
        return Level.SOON
    return ruled


def _incident(topic: str, place: Found, when: datetime | None, text: str) -> str | None:
    return incident_key(topic, place, when, text) if when else None


def _heavy_words(opinion: Opinion) -> list[tuple[str, ...]]:
    """For each post, the words that spoke most for its kind against the others."""
    found: list[tuple[str, ...]] = [()] * len(opinion.kinds)
    weighed = opinion.weighed
    if weighed is None or not len(weighed.line):
        return found
    chosen = opinion.kinds.argmax(axis=1)[weighed.line]
    brought = weighed.brought[:, : len(_KINDS)]
    at = np.arange(len(chosen))
    lead: NDArray[np.float32] = brought[at, chosen] - brought.mean(axis=1)
    order = np.lexsort((-lead, weighed.line))
    starts = np.flatnonzero(np.diff(weighed.line, prepend=-1))
    rank = at - np.repeat(starts, np.diff(starts, append=len(at)))
    heavy = order[(rank < _WORDS) & (lead[order] > 0)]
    for index in heavy.tolist():
        found[weighed.line[index]] += (weighed.tokens[index],)
    return found


def _reasons(named: tuple[str, ...], place: Found, alarm: Urgency, owner: Authority) -> tuple[str, ...]:
    """Sentences for the officer: the words that weighed, and each rule that spoke."""
    said = []
    if named:
        said.append("kata yang paling menimbang: " + ", ".join(f"“{word}”" for word in dict.fromkeys(named)))
    if alarm.why:
        said.append(alarm.why)
    if place.candidates:
        said.append(place.candidates[0].why)
    if owner.why:
        said.append(owner.why)
    return tuple(said)


def _unjudged(text: str, place: Found, alarm: Urgency, owner: Authority) -> Verdict:
    blank = not text.strip()
    return Verdict(
        None,
        None,
        None,
        Decision.REVIEW,
        None,
        (),
        place.area,
        "",
        None if blank else alarm.level,
        None if blank else owner.key,
        () if blank else _reasons((), place, alarm, owner),
        elsewhere=place.elsewhere,
    )
