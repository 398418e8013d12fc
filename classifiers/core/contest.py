"""Champion against challenger on posts that neither has learned: who is used from now on, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from classifiers.core.kinds import INDONESIAN, Kind
from classifiers.core.model import Model
from classifiers.core.scores import Range, Score, gains, macro_f1, scores
from classifiers.core.split import firsts, groups

#: What must not get worse: of complaints both that they are found and that they are right.
_MATTERS = (
    (Kind.COMPLAINT, "recall"),
    (Kind.COMPLAINT, "f1"),
    (Kind.INFORMATION_REQUEST, "f1"),
    (Kind.ASPIRATION, "f1"),
)


@dataclass(frozen=True, slots=True)
class Terms:
    """From [learning] of config/data/judging.toml."""

    holdout: float
    holdout_least: int
    tolerance: float
    kind_least: int
    complaint_recall: float
    complaint_f1: float


@dataclass(frozen=True, slots=True)
class Item:
    """One reviewed post."""

    text: str
    kind: Kind
    topic: str | None
    at: datetime  #: when it was reviewed
    reviewer: str
    audit: bool = False
    fingerprint: str = ""
    other: Kind | None = None  #: what a second or third person decided; None: nobody did
    via: str = "mention"  #: how it was found (corpus.Example.via)


@dataclass(frozen=True, slots=True)
class Split:
    """learned before held, in time; no text of one is almost the same as a text of the other."""

    learned: list[Item]
    held: list[Item]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both models on the same posts."""

    posts: int
    champion: dict[str, Score]
    challenger: dict[str, Score]
    champion_macro: float
    challenger_macro: float
    gains: dict[str, Range]  #: by "complaint recall" and the like


def split(items: Sequence[Item], base: Sequence[str], since: datetime | None, terms: Terms) -> Split:
    """Hold out the newest reviews that the champion cannot have learned (after ``since``), and the audits among them.

    Audit posts are never learned: what is known of the judge rests on them. Of almost equal texts the earliest stays;
    a held-out text that resembles anything learned (or ``base``) is left out of the comparison.
    """
    ordered = sorted(items, key=lambda one: one.at)
    new = [one for one in ordered if since is None or one.at > since]
    size = max(terms.holdout_least, round(terms.holdout * len(ordered)))
    newest = new[-size:] if len(new) > size else new[len(new) // 2 :]
    begins = newest[0].at if newest else None
    learned = [one for one in ordered if not one.audit and (begins is None or one.at < begins)]
    held = [one for one in new if one.audit or (begins is not None and one.at >= begins)]
    return Split(learned, _unlike(held, learned, base))


def _unlike(held: list[Item], learned: list[Item], base: Sequence[str]) -> list[Item]:
    before = len(base) + len(learned)
    texts = [*base, *(one.text for one in (*learned, *held))]
    keys = [*[""] * len(base), *(one.fingerprint for one in (*learned, *held))]
    # The first text of its group: nothing learned is in that group.
    first = firsts(texts, keys=keys)
    return [one for place, one in enumerate(held, before) if first[place]]


def distinct(items: Sequence[Item]) -> list[Item]:
    """One of each group of almost equal texts: the newest, which is what people think now."""
    found = groups([one.text for one in items], keys=[one.fingerprint for one in items])
    newest = {group: place for place, group in enumerate(found.tolist())}
    return [items[place] for place in sorted(newest.values())]


def chosen(model: Model, texts: Sequence[str]) -> list[str]:
    """The likeliest kind of each text, by its English name."""
    names = [kind.value for kind in Kind]
    return (
        [names[place] for place in model.kind_probabilities(texts).argmax(axis=1).tolist()] if texts else []
    )


def compare(truth: Sequence[str], old: Sequence[str], new: Sequence[str]) -> Comparison:
    """Scores of both, and the paired differences on what matters."""
    by_kind = {kind: gains(truth, old, new, kind.value) for kind in {kind for kind, _what in _MATTERS}}
    return Comparison(
        posts=len(truth),
        champion=scores(truth, old),
        challenger=scores(truth, new),
        champion_macro=macro_f1(truth, old),
        challenger_macro=macro_f1(truth, new),
        gains={f"{kind.value} {what}": by_kind[kind][what] for kind, what in _MATTERS},
    )


def objection(found: Comparison, terms: Terms) -> str:
    """Why the challenger must not be used, as a sentence; "" when nothing speaks against it."""
    if found.posts < terms.holdout_least:
        return (
            f"Baru {found.posts} tinjauan yang dapat dipakai membandingkan; perlu paling sedikit "
            f"{terms.holdout_least}. Tinjau lebih banyak dahulu."
        )
    for kind, what in _MATTERS:
        if said := _worse(found, kind, what, terms):
            return said
    own = found.challenger[Kind.COMPLAINT.value]
    for name, value, least in (
        ("Daya tangkap pengaduan", own.recall, terms.complaint_recall),
        ("F1 pengaduan", own.f1, terms.complaint_f1),
    ):
        if value is None or value < least:
            return f"{name} {_number(value)}; paling sedikit {_number(least)}."
    return ""


def _worse(found: Comparison, kind: Kind, what: str, terms: Terms) -> str:
    gain, count = found.gains[f"{kind.value} {what}"], found.challenger[kind.value].count
    # Of a handful of posts an interval says nothing: there the number itself must not fall.
    few = count < terms.kind_least
    if gain.value >= (0 if kind == Kind.COMPLAINT or few else -terms.tolerance) and (
        few or gain.low >= -terms.tolerance
    ):
        return ""
    word = {"recall": "Daya tangkap", "f1": "F1"}[what]
    return (
        f"{word} {INDONESIAN[kind].replace('_', ' ')} mungkin memburuk: selisih {_number(gain.value, sign=True)} "
        f"(95%: {_number(gain.low, sign=True)} sampai {_number(gain.high, sign=True)}) pada {count} kiriman; "
        f"batas bawah {_number(-terms.tolerance, sign=True)}. Versi lama tetap dipakai."
    )


def praise(found: Comparison) -> str:
    """Why the challenger is used, as a sentence."""
    gain = found.gains[f"{Kind.COMPLAINT.value} f1"]
    return (
        f"Tidak lebih buruk pada jenis mana pun dari {found.posts} kiriman: F1 pengaduan "
        f"{_number(gain.value, sign=True)}, rata-rata F1 {_number(found.champion_macro)} menjadi "
        f"{_number(found.challenger_macro)}."
    )


def _number(value: float | None, sign: bool = False) -> str:
    if value is None:
        return "tidak diketahui"
    return (f"{value:+.3f}" if sign else f"{value:.2f}").replace(".", ",").replace("-", "−")


def as_numbers(found: Comparison) -> dict[str, Any]:
    """For the table of versions: plain numbers."""
    return {
        "posts": found.posts,
        "champion": _plain(found.champion, found.champion_macro),
        "challenger": _plain(found.challenger, found.challenger_macro),
        "gains": {name: [gain.value, gain.low, gain.high] for name, gain in found.gains.items()},
    }


def _plain(by_kind: dict[str, Score], macro: float) -> dict[str, Any]:
    rows = {
        name: {"precision": one.precision, "recall": one.recall, "f1": one.f1, "count": one.count}
        for name, one in by_kind.items()
    }
    return {"macro_f1": macro, **rows}
