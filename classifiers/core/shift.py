"""Whether what is heard has changed: numbers of two stretches of time compared, each with its limit and a sentence.

Pure numbers in, sentences out; the tables are read by classifiers/drift.py.
"""

import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from classifiers.core.text import normalise

#: Words are counted in so many boxes: enough to see a shift, too few to give a text back.
BOXES = 1024


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was heard in some days, as numbers."""

    days: float
    mentions: int
    confidence: float | None  #: mean probability of the chosen kind; None when nothing was judged
    words: Sequence[float]  #: share of each box, adding up to 1; [] for no words
    kinds: Mapping[str, int]  #: how many of each kind the judge saw
    topics: Mapping[str, int]
    units: Mapping[str, int]  #: by the authority or unit named; empty where none is kept
    reviewed: int
    overridden: int  #: of the reviewed: where the person chose another kind than the judge


@dataclass(frozen=True, slots=True)
class Limits:
    """From [drift] of config/data/judging.toml."""

    least: int
    rate: float
    confidence: float
    words: float
    kinds: float
    topics: float
    overrides: float


@dataclass(frozen=True, slots=True)
class Measure:
    """One comparison. value None: too few to say anything, which is no alarm."""

    name: str  #: rate, confidence, words, kinds, topics, units, overrides
    value: float | None
    limit: float
    beyond: bool
    sentence: str


def distribution(texts: Iterable[str]) -> list[float]:
    """Shares of the boxes into which the words of ``texts`` fall, rounded; [] where there is no word."""
    boxes = [0] * BOXES
    for text in texts:
        for word in normalise(text).split():
            boxes[zlib.crc32(word.encode()) % BOXES] += 1
    whole = sum(boxes)
    return [round(count / whole, 7) for count in boxes] if whole else []


def distance(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Jensen-Shannon distance (base 2: 0 the same, 1 nothing in common); None where one of them is empty."""
    if not one or not other:
        return None
    both = [(p / sum(one), q / sum(other)) for p, q in zip(one, other, strict=True)]
    apart = sum(_part(p, q) + _part(q, p) for p, q in both) / 2
    return math.sqrt(max(0.0, apart))


def _part(p: float, q: float) -> float:
    """p log2(p / middle of both); a difference of logarithms, because half of the smallest float is 0."""
    return p * (1 + math.log2(p) - math.log2(p + q)) if p > 0 else 0.0


def variation(one: Mapping[str, int], other: Mapping[str, int]) -> float | None:
    """Total variation distance of two mixes, 0 the same to 1; None where one of them is empty."""
    first, second = sum(one.values()), sum(other.values())
    if not first or not second:
        return None
    return sum(abs(one.get(key, 0) / first - other.get(key, 0) / second) for key in {*one, *other}) / 2


def compare(before: Stretch, now: Stretch, learned: Sequence[float], limits: Limits) -> list[Measure]:
    """Every measure of ``now`` against ``before``; ``learned`` is the word distribution of what was learned."""
    enough = min(before.mentions, now.mentions) >= limits.least
    return [
        _rate(before, now, limits),
        _measure("confidence", _fall(before.confidence, now.confidence), limits.confidence, enough),
        _measure("words", _words(before, now, learned), limits.words, enough),
        _measure("kinds", variation(before.kinds, now.kinds), limits.kinds, enough),
        _measure("topics", variation(before.topics, now.topics), limits.topics, enough),
        _measure("units", variation(before.units, now.units), limits.topics, enough),
        _measure(
            "overrides",
            _fall(_overrides(now), _overrides(before)),
            limits.overrides,
            min(before.reviewed, now.reviewed) * 3 >= limits.least,
        ),
    ]


def _rate(before: Stretch, now: Stretch, limits: Limits) -> Measure:
    """How many times more, or fewer, mentions a day."""
    if before.mentions < limits.least or not before.days or not now.days:
        return _measure("rate", None, limits.rate, enough=False)
    usual, current = before.mentions / before.days, max(now.mentions, 1) / now.days
    return _measure("rate", max(current / usual, usual / current), limits.rate, enough=True)


def _words(before: Stretch, now: Stretch, learned: Sequence[float]) -> float | None:
    """How much further than before the words lie from those learned; from those before, where none were kept."""
    if not learned:
        return distance(before.words, now.words)
    earlier, current = distance(before.words, learned), distance(now.words, learned)
    return None if earlier is None or current is None else current - earlier


def _overrides(stretch: Stretch) -> float | None:
    return stretch.overridden / stretch.reviewed if stretch.reviewed else None


def _fall(high: float | None, low: float | None) -> float | None:
    return None if high is None or low is None else high - low


def _measure(name: str, value: float | None, limit: float, enough: bool) -> Measure:
    if value is None or not enough:
        return Measure(name, None, limit, False, f"{_NAMES[name]}: belum cukup data untuk dibandingkan.")
    beyond = value > limit
    shown = f"{max(value, 0):.2f}".replace(".", ","), f"{limit:.2f}".replace(".", ",")
    verdict = _ALARMS[name] if beyond else "seperti biasa."
    return Measure(
        name, round(value, 4), limit, beyond, f"{_NAMES[name]}: {shown[0]} (batas {shown[1]}); {verdict}"
    )


_NAMES = {
    "rate": "Jumlah sebutan per hari, perbandingan dengan sebelumnya",
    "confidence": "Turunnya keyakinan model",
    "words": "Jarak kata dari yang dipelajari",
    "kinds": "Perubahan campuran jenis",
    "topics": "Perubahan campuran topik",
    "units": "Perubahan campuran perangkat daerah",
    "overrides": "Naiknya saran yang diubah peninjau",
}
_ALARMS = {
    "rate": "jauh berbeda: periksa sumber, atau ada kejadian besar.",
    "confidence": "model lebih sering ragu: tinjau lebih banyak, lalu latih ulang.",
    "words": "warga memakai kata yang belum dipelajari: latih ulang.",
    "kinds": "jenis kiriman bergeser: periksa sampel acak.",
    "topics": "topik bergeser: mungkin ada kejadian besar.",
    "units": "perangkat daerah yang dituju bergeser.",
    "overrides": "saran model makin sering salah: latih ulang, atau kembalikan ke versi sebelumnya.",
}
