"""Does learning from reviews pay, and is a poisoned batch caught? `make trial-learning`.

    python -m tests.trials.learning [--seeds 3] [--rounds 5] [--each 120] [--minutes 5]

Simulated reviewers answer from labels, post after post in a made-up order of time. The judge begins with few posts;
in each round it judges what has arrived, some of it is reviewed, and it learns anew. Once the posts to review are
drawn at random, once by the mix of the review queue; the curve of F1 on posts held out, against the number of
reviews, must enclose more area with the mix (median over the seeds). Then batches of reviews come in: clean ones
must not be held, and one reviewer who lies (about everything; about complaints only) must be, and alone.

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
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings

from classifiers.core.contest import chosen
from classifiers.core.corpus import Example, read, seed
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


@dataclass(frozen=True, slots=True)
class Size:
    """How large one trial is."""

    begin: int  #: labelled posts to begin with
    rounds: int
    each: int  #: reviews in a round
    arrive: int  #: posts that arrive in a round
    held: int  #: posts held out to measure on
    batch: int  #: reviews of one reviewer in the batches that may be poisoned


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


def curve(rows: list[Example], strategy: str, size: Size, dice: random.Random) -> list[float]:
    """Macro F1 on held-out posts, before the first review and after every round."""
    held, rest = rows[: size.held], rows[size.held :]
    known, stream = begin_with(rest, size.begin)
    waiting: list[Example] = []
    lately: list[Candidate] = []
    found = []
    for round_ in range(size.rounds + 1):
        model = train(known, f"round-{round_}")
        found.append(macro_f1([row.kind.value for row in held], chosen(model, [row.text for row in held])))
        if round_ == size.rounds:
            break
        waiting += stream[round_ * size.arrive : (round_ + 1) * size.arrive]
        picked = PICK[strategy](waiting, model, lately, size.each, dice)
        known = [*known, *(waiting[place] for place in picked)]
        waiting = [row for place, row in enumerate(waiting) if place not in picked]
    return found


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


def trial(rows: list[Example], seeds: int, size: Size, deadline: float) -> dict[str, Any]:
    """All of it; ``deadline`` (time.monotonic) ends the curves early, after two seeds at least."""
    curves: dict[str, list[list[float]]] = {name: [] for name in PICK}
    held: dict[str, list[list[str]]] = {name or "clean": [] for name in EXPECTED}
    for number in range(seeds):
        if number >= 2 and time.monotonic() > deadline:
            break
        dice = random.Random(1000 + number)
        order = dice.sample(rows, len(rows))
        for name in PICK:
            curves[name].append(curve(order, name, size, random.Random(number)))
        for what in EXPECTED:
            held[what or "clean"].append(held_reviewers(order, what, size, random.Random(number)))
        print(f"seed {number}: " + ", ".join(f"{name} {area(c[-1]):.4f}" for name, c in curves.items()), held)
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
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--each", type=int, default=120)
    asked.add_argument("--minutes", type=float, default=5.0, help="after which no further seed is begun")
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
    found = trial(rows, options.seeds, size, began + 60 * options.minutes)
    found |= {"labels": name, "posts": len(rows), "seconds": round(time.monotonic() - began)}
    print(json.dumps(found))
    sys.exit(0 if found["ok"] else 1)


if __name__ == "__main__":
    main()
