"""The verdict on what came in by a desk: its kind is told; topic, place and urgency are judged where nobody told."""

from dataclasses import replace
from datetime import datetime

from channels.models import Kind as Channel
from city.places import find_one
from classifiers.core import judge as core
from classifiers.core.incident import incident_key
from classifiers.core.kinds import Kind
from classifiers.current import current_model
from classifiers.judge import thresholds
from classifiers.models import DecisionChoice, Verdict
from monitor.models import Mention

#: Why it is of its kind; in Indonesian like the judge's own reasons.
_TOLD = "jenisnya ditetapkan oleh loket yang menerimanya"


def told_verdict(mention: Mention, kind: str, topic: str, place: str, now: datetime) -> Verdict:
    """Store the verdict of a mention that a desk brought: never reviewed, never learned from, never a copy.

    A verdict that was stored meanwhile is replaced, except its reviews: what a person decided stands.
    Must run in the transaction that opens the case.
    """
    judged = _judged(mention, topic, place)
    values = {
        "kind": Kind(kind).value,
        "probability": None,  # nobody guessed it
        "probabilities": judged.probabilities,
        "decision": DecisionChoice.FORWARD,
        "topic": judged.topic or "",
        "topics": list(judged.topics),
        "place": judged.place or "",
        "urgency": judged.urgency.value if judged.urgency else "",
        "authority": judged.authority or "",
        "reasons": [_TOLD, *judged.reasons][:5],
        "incident_key": judged.incident_key or "",
        "model": judged.model,
        "at": now,
        "awaits_review": False,
        "awaits_case": False,
        "awaits_second": False,
        "audit": False,
        "doubled": False,
        "doubt": 0.0,
    }
    verdict, _new = Verdict.objects.update_or_create(mention=mention, defaults=values)
    Mention.objects.filter(pk=mention.pk, channel=Channel.INTAKE).update(unjudged=False)
    return verdict


def _judged(mention: Mention, topic: str, place: str) -> core.Verdict:
    """The judge's word, with what was told in place of what it would guess."""
    text = (
        f"{mention.text}\n{place}"
        if place and place.casefold() not in mention.text.casefold()
        else mention.text
    )
    at = mention.posted_at or mention.heard_at
    found = core.judge([text], current_model(), thresholds(), ["mention"], [at], deep=False)[0]
    if not topic and not place:
        return found
    topic, where = topic or found.topic or "", find_one(text)
    key = incident_key(topic, where, at, text) if topic else found.incident_key
    topics = tuple(dict.fromkeys([topic, *found.topics])) if topic else found.topics
    return replace(
        found, topic=topic or None, topics=topics[:3], place=place or found.place, incident_key=key
    )
