"""Does learning from reviews pay, and is a poisoned batch caught? `make trial-learning`.

    python -m tests.trials.learning [--seeds 3] [--first 1000] [--rounds 5] [--each 150] [--minutes 8]

Simulated reviewers answer from labels, post after post in a made-up order of time, in which the kinds have the shares
of a city's stream (SHARES): most of it is chat and news, wishes and thanks are rare. As in a bare installation the
judge knows the seed corpus alone; in each round it judges what has arrived, a quarter of it is reviewed, and it
learns anew on top of that. Once the posts to review are drawn at random, once by the queue's mix; the curve of
macro-F1 on posts held out, against the number of reviews, must enclose more area with the mix (median over the
seeds). Then batches of reviews come in: clean ones must not be held, and one reviewer who lies (about everything;
about complaints only) must be, and alone.

The labels are those of KENTONGAN_SHARED (data/labelled.jsonl, never copied into the project), or the seed corpus.
The last line of output is one JSON object; the exit is not 0 if a promise was broken.
"""

import argparse
import itertools
import json
import os
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings

from classifiers.core.contest import chosen
from classifiers.core.corpus import Example, read, seed
from classifiers.core.fast import FastJudge
from classifiers.core.guard import Limits, Reading, suspicions
from classifiers.core.kinds import Kind
from classifiers.core.model import Model, train
from classifiers.core.order import Candidate, Slot, choose, doubt, rarest
from classifiers.core.scores import macro_f1
from classifiers.core.split import firsts

START = datetime(2026, 1, 5, tzinfo=UTC)
REVIEWERS = ("wati", "siti", "dewi", "agus", "joko")
LIAR = "joko"
#: As in classifiers/queue.py: so many of the oldest and of the most doubtful are compared.
_REACH, _LATELY = 60, 200
#: Shares of the kinds in what a city hears, as far as a random sample of keyword hits and mentions tells (a guess to
#: the nearest few per cent: the labelled posts themselves were chosen to have more wishes and thanks).
SHARES = {
    Kind.COMPLAINT: 0.25,
    Kind.INFORMATION_REQUEST: 0.11,
    Kind.ASPIRATION: 0.04,
    Kind.APPRECIATION: 0.04,
    Kind.OTHER: 0.56,
}


@dataclass(frozen=True, slots=True)
class Size:
    """How large one trial is."""

    begin: int  #: labelled posts that are trusted before a batch comes in (poison)
    rounds: int
    each: int  #: reviews in a round
    arrive: int  #: posts that arrive in a round
    held: int  #: posts held out to measure on
    batch: int  #: reviews of one reviewer in the batches that may be poisoned


@dataclass(frozen=True, slots=True)
class Ground:
    """What the judge knows before the first review."""

    posts: list[Example]
    fast: FastJudge | None  #: what is shipped; None: every round learns from nothing


def labelled() -> tuple[str, list[Example]]:
    """Where the labels come from, and one of each group of almost equal posts."""
    path = settings.KENTONGAN_SHARED / "data" / "labelled.jsonl"
    if path.exists():
        name, rows = "labelled.jsonl", list(read(path.read_text("utf-8").splitlines(), path.name))
    else:
        name, rows = "seed", seed()
    first = firsts([row.text for row in rows])
    return name, [row for place, row in enumerate(rows) if first[place]]


def begin_with(rows: list[Example], count: int) -> tuple[list[Example], list[Example]]:
    """``count`` posts with at least eight of each kind, and the rest."""
    first = list(rows[:count])
    for kind in Kind:
        lacking = 8 - sum(row.kind == kind for row in first)
        first += [row for row in rows[count:] if row.kind == kind][: max(0, lacking)]
    taken = {id(row) for row in first}
    return first, [row for row in rows if id(row) not in taken]


def stream(rows: Sequence[Example], count: int) -> list[Example]:
    """At most ``count`` of ``rows``, in their order, with the kinds in SHARES."""
    of_kind = Counter(row.kind for row in rows)
    most = min(count, *(int(of_kind[kind] / share) for kind, share in SHARES.items()))
    left = {kind: round(most * share) for kind, share in SHARES.items()}
    found = []
    for row in rows:
        if left[row.kind]:
            left[row.kind] -= 1
            found.append(row)
    return found


def curve(rows: list[Example], strategy: str, size: Size, dice: random.Random, ground: Ground) -> list[float]:
    """Macro F1 on held-out posts, before the first review and after every round."""
    held, rest = rows[: size.held], rows[size.held :]
    known: list[Example] = []
    waiting: list[Example] = []
    lately: list[Candidate] = []
    found = []
    for round_ in range(size.rounds + 1):
        model = _learned(known, ground, f"round-{round_}")
        found.append(macro_f1([row.kind.value for row in held], chosen(model, [row.text for row in held])))
        if round_ == size.rounds:
            break
        waiting += rest[round_ * size.arrive : (round_ + 1) * size.arrive]
        picked = PICK[strategy](waiting, model, lately, size.each, dice)
        known = [*known, *(waiting[place] for place in picked)]
        waiting = [row for place, row in enumerate(waiting) if place not in picked]
    return found


def _learned(known: Sequence[Example], ground: Ground, version: str) -> Model:
    """As classifiers.learn does: base corpus and reviews, on top of what is shipped (here: the base alone)."""
    if not known and ground.fast:
        return Model(version, ground.fast)
    weight = settings.JUDGING["learning"]["weight"]
    return train([*ground.posts, *(replace(row, weight=weight) for row in known)], version, ground.fast)


def at_random(
    waiting: Sequence[Example], model: Model, lately: list[Candidate], count: int, dice: random.Random
) -> set[int]:
    return set(dice.sample(range(len(waiting)), min(count, len(waiting))))


def by_the_queue(
    waiting: Sequence[Example], model: Model, lately: list[Candidate], count: int, dice: random.Random
) -> set[int]:
    """What the review queue would show, one after the other."""
    table = settings.JUDGING["learning"]
    mix = [Slot(word) for word in table["mix"]]
    texts = [row.text for row in waiting]
    names, topics = model.topic_probabilities(texts)
    guessed = [names[place] for place in topics.argmax(axis=1).tolist()]
    chances = model.kind_probabilities(texts).tolist()
    pool = {
        place: Candidate(
            place,
            row.text,
            doubt(chances[place]),
            chances=dict(zip(map(str, Kind), chances[place], strict=True)),
            topic=guessed[place],
            source=row.source,
            audit=dice.random() < table["audit"],
        )
        for place, row in enumerate(waiting)
    }
    picked: set[int] = set()
    for turn in range(min(count, len(pool))):
        rest = list(pool.values())
        doubtful = sorted(rest, key=lambda one: -one.doubt)[:_REACH]
        audits = [one for one in rest if one.audit][:_REACH]
        rare = rarest(lately[-_LATELY:])
        likely = sorted(rest, key=lambda one: -one.chances[rare])[:_REACH]
        shown = {one.id: one for one in (*rest[:_REACH], *doubtful, *likely, *audits)}
        found = choose(mix, turn, [shown[place] for place in sorted(shown)], lately[-_LATELY:])
        assert found is not None
        picked.add(found.id)
        lately.append(replace(pool.pop(found.id), kind=waiting[found.id].kind.value))
    return picked


PICK = {"random": at_random, "queue": by_the_queue}


def area(points: list[float]) -> float:
    """Mean height of a curve with equal steps (trapezoids)."""
    return sum((a + b) / 2 for a, b in itertools.pairwise(points)) / (len(points) - 1)


# --- poison


def lie(kind: Kind, what: str, dice: random.Random) -> Kind:
    """What a reviewer who lies says instead of ``kind``."""
    if what == "everything":
        return dice.choice([other for other in Kind if other != kind])
    if what == "complaints" and kind == Kind.COMPLAINT:
        return Kind.OTHER
    return kind


def batch(rows: Sequence[Example], what: str, dice: random.Random) -> list[Reading]:
    """Reviews of ``rows`` by all reviewers in turn; the last one lies about ``what`` ("" for nobody)."""
    found = []
    for place, row in enumerate(rows):
        reviewer = REVIEWERS[place % len(REVIEWERS)]
        kind = lie(row.kind, what, dice) if reviewer == LIAR else row.kind
        found.append(Reading(reviewer, row.text, kind, START + timedelta(minutes=2 * place)))
    return found


def held_reviewers(rows: list[Example], what: str, size: Size, dice: random.Random) -> list[str]:
    """Whose batch is held, after a judge was begun with some posts and a batch of all reviewers came in."""
    trusted, rest = begin_with(rows, size.begin + size.rounds * size.each)
    readings = batch(rest[: size.batch * len(REVIEWERS)], what, dice)
    return [
        one.reviewer for one in suspicions(trusted, readings, Limits(**settings.JUDGING["learning"]["guard"]))
    ]


EXPECTED: dict[str, list[str]] = {"": [], "everything": [LIAR], "complaints": [LIAR]}


def trial(
    rows: list[Example], base: list[Example], first: int, seeds: int, size: Size, deadline: float
) -> dict[str, Any]:
    """All of it.

    base: what the judge knows at first; [] is the first ``size.begin`` rows and no shipped judge below. ``deadline``
    (time.monotonic) ends the curves early, after two seeds at least.
    """
    curves: dict[str, list[list[float]]] = {name: [] for name in PICK}
    held: dict[str, list[list[str]]] = {name or "clean": [] for name in EXPECTED}
    shipped = Ground(base, train(base, "base").fast) if base else None
    for number in range(seeds):
        if number >= 2 and time.monotonic() > deadline:
            break
        dice = random.Random(first + number)
        order = dice.sample(rows, len(rows))
        known, rest = ([], order) if shipped else begin_with(order, size.begin)
        ground = shipped or Ground(known, None)
        most = size.held + size.rounds * size.arrive
        heard = stream(rest, most) if shipped else rest[:most]
        for name in PICK:
            curves[name].append(curve(heard, name, size, random.Random(number), ground))
        for what in EXPECTED:
            held[what or "clean"].append(held_reviewers(order, what, size, random.Random(number)))
        print(
            f"seed {first + number}: " + ", ".join(f"{name} {area(c[-1]):.4f}" for name, c in curves.items()),
            held,
        )
    return report(curves, held)


def report(curves: dict[str, list[list[float]]], held: dict[str, list[list[str]]]) -> dict[str, Any]:
    middle = {
        name: [round(statistics.median(points), 4) for points in zip(*many, strict=True)]
        for name, many in curves.items()
    }
    areas = {name: round(statistics.median(map(area, many)), 4) for name, many in curves.items()}
    problems = []
    if areas["queue"] <= areas["random"]:
        problems.append(f"the queue's mix ({areas['queue']}) is not better than chance ({areas['random']})")
    for what, wanted in EXPECTED.items():
        for number, names in enumerate(held[what or "clean"]):
            if names != wanted:
                problems.append(f"seed {number}, {what or 'clean'}: held {names or 'nobody'}")
    return {
        "seeds": len(curves["random"]),
        "f1": middle,
        "area": areas,
        "held": held,
        "problems": problems,
        "ok": not problems,
    }


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--seeds", type=int, default=3)
    asked.add_argument("--first", type=int, default=1000, help="number of the first seed")
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--each", type=int, default=150)
    asked.add_argument("--minutes", type=float, default=8.0, help="after which no further seed is begun")
    options = asked.parse_args()
    began = time.monotonic()
    name, rows = labelled()
    large = name != "seed"
    size = Size(
        begin=150,
        rounds=options.rounds,
        each=options.each if large else 30,
        arrive=4 * options.each if large else 100,
        held=1200 if large else 500,
        batch=100 if large else 80,
    )
    found = trial(
        rows, seed() if large else [], options.first, options.seeds, size, began + 60 * options.minutes
    )
    found |= {"labels": name, "posts": len(rows), "seconds": round(time.monotonic() - began)}
    print(json.dumps(found))
    sys.exit(0 if found["ok"] else 1)


if __name__ == "__main__":
    main()
