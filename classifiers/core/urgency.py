"""How urgent a post is, and which words say so.

``emergency``: danger to life or property now. ``soon``: danger is near, or help is needed within days. ``normal``:
all else. The rules stand in ``classifiers/data/urgency.toml``; they look for families of danger words and then for
what takes the danger away: news, the past, negation, drills, figures of speech. They read words, not pictures, and
err towards emergency: a false alarm costs a glance, a miss may cost a life.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from city.stems import Stems, words_of


class Level(StrEnum):
    EMERGENCY = "emergency"
    SOON = "soon"
    NORMAL = "normal"


#: The levels on screen.
LABELS = {Level.EMERGENCY: "darurat", Level.SOON: "segera", Level.NORMAL: "biasa"}


@dataclass(frozen=True, slots=True)
class Urgency:
    """How urgent one text is. rule "" and span None: nothing spoke of danger, or it was taken away."""

    level: Level
    rule: str = ""  #: key of the rule that fired
    span: tuple[int, int] | None = None  #: where, in the original text
    words: str = ""  #: what stands there
    why: str = ""  #: Indonesian, for the officer


@dataclass(frozen=True, slots=True)
class _Rule:
    key: str
    level: Level
    voice: str  #: here, ask or ""
    certain: bool  #: asks for help by itself: "klo mau minta evakuasi" is not imagined
    words: re.Pattern[str]
    unless: re.Pattern[str] | None
    reason: str


_NORMAL = Urgency(Level.NORMAL)


def urgency(texts: Sequence[str], text_words: Sequence[list[str]] | None = None) -> list[Urgency]:
    """The urgency of each text, in order. Never raises.

    ``text_words``: of ``city.stems.words_of(texts)``, when the caller has them already.
    """
    rows = words_of(texts) if text_words is None else text_words
    return [_judge(text, row) for text, row in zip(texts, rows, strict=True)]


def _judge(text: str, text_words: list[str]) -> Urgency:
    numbers = _stems().numbers(text_words)
    if not numbers:
        return _NORMAL
    folded = text.lower()
    if len(folded) != len(text):  # a few letters grow in lower case; spans must fit the original
        folded = "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)
    rules = _rules()
    return _first([rules[number] for number in numbers], text, folded)


def _first(rules: list[_Rule], text: str, folded: str) -> Urgency:
    """What the first rule that fires says; else the danger that was taken away, if it still wants a look."""
    taken = None
    for rule in rules:
        hit = rule.words.search(folded)
        if hit is None or (rule.unless and rule.unless.search(folded)):
            continue
        if rule.level == Level.SOON:
            if not _told(folded):
                return _found(rule.level, rule, hit, text)
        elif _heard(rule, folded) and (rule.certain or not _taken_away(folded, hit)):
            return _found(rule.level, rule, hit, text)
        else:
            taken = taken or _lesser(rule, hit, text, folded)
    return taken or _NORMAL


def _found(level: Level, rule: _Rule, hit: re.Match[str], text: str) -> Urgency:
    words = text[slice(*hit.span())]
    return Urgency(level, rule.key, hit.span(), words, f"{rule.reason}: “{words}”")


def _lesser(rule: _Rule, hit: re.Match[str], text: str, folded: str) -> Urgency | None:
    """Danger that is feared or not spoken of as now still wants a look soon, unless it is news or over."""
    voice = _voice()
    if _told(folded) or voice["past"].search(folded) or not voice["ask"].search(folded):
        return None
    return _found(Level.SOON, rule, hit, text)


def _heard(rule: _Rule, folded: str) -> bool:
    """Whether the text speaks with the voice that the rule needs, and not as a newsroom."""
    voice = _voice()
    spoken = (
        not rule.voice
        or voice["ask"].search(folded)
        or (rule.voice == "here" and voice["here"].search(folded))
    )
    return bool(spoken) and not _told(folded)


def _told(folded: str) -> bool:
    """News, praise, prayer, jokes, fiction, an exercise, or something that is over."""
    voice = _voice()
    if voice["news"].search(folded) or voice["over"].search(folded):
        return True
    return bool(voice["thanks"].search(folded)) and not voice["ask"].search(folded)


def _taken_away(folded: str, hit: re.Match[str]) -> bool:
    """Denied, feared or imagined just before the words, or a thing of the past."""
    voice = _voice()
    if voice["unreal"].search(folded, max(0, hit.start() - 40), hit.start()) or voice["feared"].search(
        hit[0]
    ):
        return True
    return bool(voice["past"].search(folded)) and not voice["now"].search(folded)


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("classifiers").joinpath("data/urgency.toml").read_text("utf-8"))


@cache
def _voice() -> dict[str, re.Pattern[str]]:
    return {name: re.compile(source.replace("\n", "")) for name, source in _table()["voice"].items()}


@cache
def _stems() -> Stems:
    return Stems([row["stems"].split() for row in _table()["rule"]])


@cache
def _rules() -> tuple[_Rule, ...]:
    rows = _table()["rule"]
    return tuple(
        _Rule(
            row["key"],
            Level(row["level"]),
            row["voice"],
            row.get("certain", False),
            re.compile(row["words"]),
            re.compile(row["unless"]) if row["unless"] else None,
            row["reason"],
        )
        for row in rows
    )
