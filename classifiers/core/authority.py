"""Who is responsible: the city, or a body beside it, above it or next door.

From the topic, the place and the words, by the table in ``classifiers/data/authority.toml``, each rule with its
source. Where nothing tells, the answer is ``unknown``. Roads that are partly national or provincial stay with the
city, which coordinates (noted in the reason): a citizen is not sent away on a guess.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from city.places import SURE, Found
from city.stems import Stems, words_of


@dataclass(frozen=True, slots=True)
class Authority:
    """Who is responsible for one text."""

    key: str  #: a key of [names] in authority.toml: city, province, pln, …, unknown
    confidence: float  #: 0 to 1; an order, not a measured probability
    why: str  #: Indonesian, for the officer
    source: str = ""  #: where the rule comes from


@dataclass(frozen=True, slots=True)
class _Rule:
    key: str
    topics: frozenset[str]
    words: re.Pattern[str] | None
    confidence: float
    reason: str
    source: str
    here: bool  #: holds in the city only: another city's lamps are that city's


_UNKNOWN = Authority("unknown", 0.0, "tidak ada tanda siapa yang berwenang")


def authority(
    texts: Sequence[str],
    topics: Sequence[str | None],
    places: Sequence[Found],
    text_words: Sequence[list[str]] | None = None,
) -> list[Authority]:
    """The authority for each text. ``topics``: of ``kinds.TOPICS`` or None; ``places``: of ``city.places.find``.

    ``text_words``: of ``city.stems.words_of(texts)``, when the caller has them already. Raises ValueError when the
    lists are not of one length.
    """
    rows = words_of(texts) if text_words is None else text_words
    return [_decide(*row) for row in zip(texts, topics, places, rows, strict=True)]


def name_of(key: str) -> str:
    """The name shown for a key. Raises KeyError for a key that is not in the table."""
    return str(_table()["names"][key])


def names() -> dict[str, str]:
    """The name shown for every key of the table."""
    return {str(key): str(name) for key, name in _table()["names"].items()}


def _decide(text: str, topic: str | None, place: Found, text_words: list[str]) -> Authority:
    elsewhere = _elsewhere(place)
    for rule in _possible(text, topic, text_words):
        if elsewhere and rule.here:
            continue
        return Authority(rule.key, rule.confidence, rule.reason, rule.source)
    return elsewhere or _ours(topic, place)


def _possible(text: str, topic: str | None, text_words: list[str]) -> list[_Rule]:
    """The rules that fit, in the order of the table."""
    numbers = {*_by_topic().get(topic, ()), *_stems().numbers(text_words)}
    if not numbers:
        return []
    folded = text.lower()
    return [rule for n in sorted(numbers) if _fits(rule := _rules()[n], folded, topic)]


def _fits(rule: _Rule, folded: str, topic: str | None) -> bool:
    if rule.topics and topic not in rule.topics:
        return False
    return rule.words is None or bool(rule.words.search(folded))


def _elsewhere(place: Found) -> Authority | None:
    if place.whose is None:
        return None
    return Authority(place.whose, 0.75, f"tempatnya {place.elsewhere}, bukan Kota Bekasi", "nama tempat")


def _ours(topic: str | None, place: Found) -> Authority:
    """The city, when the topic is the city's; surer when a place of the city is named."""
    matter = _table()["city_topics"].get(topic)
    if matter is None:
        return _UNKNOWN
    sure = [one for one in place.candidates if one.confidence >= SURE]
    if topic in ("jalan_trotoar", "lalu_lintas_parkir") and sure and sure[0].road == "mixed":
        why = f"{sure[0].name} sebagian dapat berstatus nasional atau provinsi; kota mengoordinasi"
        return Authority("city", 0.5, why, "fakta Indonesia 2.4")
    if sure:
        return Authority("city", 0.8, f"{matter}, dan tempatnya {sure[0].name}", "[umum] UU 23/2014")
    bekasi = bool(place.candidates)
    why = matter if bekasi else f"{matter}; tempatnya belum jelas"
    return Authority("city", 0.65 if bekasi else 0.4, why, "[umum] UU 23/2014")


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("classifiers").joinpath("data/authority.toml").read_text("utf-8"))


@cache
def _rules() -> tuple[_Rule, ...]:
    return tuple(_rule(row) for row in _table()["rule"])


def _rule(row: dict[str, Any]) -> _Rule:
    words = re.compile(row["words"]) if row["words"] else None
    return _Rule(
        row["key"],
        frozenset(row["topics"]),
        words,
        row["confidence"],
        row["reason"],
        row["source"],
        row.get("here", False),
    )


@cache
def _stems() -> Stems:
    return Stems([row["stems"].split() for row in _table()["rule"]])


@cache
def _by_topic() -> dict[str | None, tuple[int, ...]]:
    """Rules that need no words, by topic."""
    found: dict[str | None, tuple[int, ...]] = {}
    for number, rule in enumerate(_rules()):
        for topic in rule.topics if rule.words is None else ():
            found[topic] = (*found.get(topic, ()), number)
    return found
