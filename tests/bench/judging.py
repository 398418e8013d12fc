"""How fast, how large and how good the judge is, beside what anybody would take instead: `make bench-judging`.

    python -m tests.bench.judging [--fasttext .venv-bench/bin/python] [--posts 3000] [--rounds 3] [--learn 5000]

Speed: whole verdicts a second (kind, topics, place, urgency, authority, decision, reasons), one thread, in turn with
the plain scikit-learn pipeline (TF-IDF of words 1-2 and pieces 2-5, LinearSVC), which gives the kind alone; then
fastText on words, in a process of its own; then the product with its deep judge on two threads, where the shipped
model has one. Every round has other posts. Figures are medians of the rounds, without starting and loading.

Quality: macro-F1 of the five kinds, fast judge and plain pipeline, taught and tested on the same posts.
Memory: resident megabytes that the loaded model adds to a bare `import sklearn`. Start: the median of five runs of
`kentongan classify` on one line, less that of `python -c "import sklearn"`; in seconds of the processor too, which a
busy machine does not change much.

The last line of output is one JSON object. The exit is not 0 when the fast judge is less than twice as fast as the
plain pipeline, memory is 200 MB or more, or the start takes 1.5 s or longer.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench.posts import real, split, texts

ROOT = Path(__file__).resolve().parent.parent.parent
FASTER, MEGABYTES, SECONDS, DEEP_PER_S = 2.0, 200.0, 1.5, 300.0
#: Failing one of these fails the bench; the others are told.
PROMISED = ("speed", "memory", "start")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def pinned(threads: int, home: Path) -> dict[str, str]:
    """Our environment with that many threads, and a home in which nothing was ever learned."""
    return {**os.environ, **dict.fromkeys(_THREADS, str(threads)), "KENTONGAN_HOME": str(home)}


def ask(words: Sequence[str], order: Mapping[str, Any], env: Mapping[str, str]) -> dict[str, Any]:
    """What one of the judges answers, in a process of its own."""
    done = subprocess.run(
        list(words), input=json.dumps(order), stdout=subprocess.PIPE, text=True, cwd=ROOT, env=env, check=True
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def start_times(env: Mapping[str, str], runs: int = 5) -> dict[str, float]:
    """Median seconds of one classified line and of a bare import, in turn, by the clock and by the processor."""
    commands = {
        "classify": [sys.executable, "-m", "config.cli", "classify"],
        "import": [sys.executable, "-c", "import sklearn"],
    }
    line = b'{"text": "lampu jalan mati di Kranji"}\n'
    taken: dict[str, list[float]] = {}
    for _ in range(runs):
        for name, words in commands.items():
            began, worked = time.perf_counter(), _worked()
            subprocess.run(words, input=line, stdout=subprocess.DEVNULL, cwd=ROOT, env=env, check=True)
            taken.setdefault(name, []).append(time.perf_counter() - began)
            taken.setdefault(f"{name}_cpu", []).append(_worked() - worked)
    return {name: statistics.median(found) for name, found in taken.items()}


def _worked() -> float:
    """Seconds of the processor that all ended processes of ours took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def summary(
    rates: Mapping[str, Sequence[float]],
    quality: Mapping[str, Any],
    memory: Mapping[str, Any],
    start: Mapping[str, float],
) -> dict[str, Any]:
    """The last line: medians, ratios, and whether each target was met (None: not measured)."""
    middle = {name: statistics.median(found) for name, found in rates.items() if found}
    most = max(memory[name] for name in ("fast_mb", "deep_mb") if name in memory)
    excess = start["classify"] - start["import"]
    faster = middle["fast"] / middle["plain"]
    deep = middle.get("deep")
    met: dict[str, bool | None] = {
        "speed": faster >= FASTER,
        "memory": most < MEGABYTES,
        "start": excess < SECONDS,
        "quality": quality["fast_macro_f1"] >= quality["plain_macro_f1"],
        "deep": None if deep is None else deep >= DEEP_PER_S,
    }
    report: dict[str, Any] = {"bench": "judging"}
    for name in ("fast", "plain", "fasttext", "deep"):
        report[f"{name}_per_s"] = round(middle[name], 1) if name in middle else None
    fasttext = middle.get("fasttext")
    return {
        **report,
        "fast_to_plain": round(faster, 3),
        "fast_to_fasttext": round(middle["fast"] / fasttext, 3) if fasttext else None,
        "deep_to_plain": round(deep / middle["plain"], 3) if deep else None,
        "fast_macro_f1": round(quality["fast_macro_f1"], 4),
        "plain_macro_f1": round(quality["plain_macro_f1"], 4),
        "learned": quality["learned"],
        "tested": quality["tested"],
        **{name: round(memory[name], 1) for name in ("bare_mb", "fast_mb", "deep_mb") if name in memory},
        "classify_s": round(start["classify"], 2),
        "import_s": round(start["import"], 2),
        "start_s": round(excess, 2),
        "start_cpu_s": round(start["classify_cpu"] - start["import_cpu"], 2),
        "ok": met,
    }


def kept(report: Mapping[str, Any]) -> bool:
    """Whether everything that was promised is so."""
    return all(report["ok"][name] for name in PROMISED)


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _as_lines(path: Path, rows: Sequence[object]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(path)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--posts", type=int, default=3000, help="judged in every round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--learn", type=int, default=5000, help="posts that both are taught with, at most")
    parser.add_argument(
        "--fasttext", default="", help="a Python that has fastText; without it there is no ratio"
    )
    given = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kentongan-bench-") as name:
        folder = Path(name)
        one, two = pinned(1, folder), pinned(2, folder)
        say(f"posts: {'real ones' if real() else 'the seed corpus, varied'}")
        learned, _ = split(given.learn)
        order = {
            "rounds": given.rounds,
            "texts": _as_lines(folder / "texts.jsonl", texts(given.posts * given.rounds)),
            "out": name,
        }
        judges = [sys.executable, "-m", "tests.bench.judges"]
        quality = ask([*judges, "fast"], {**order, "learn": given.learn}, one)
        rates = dict(quality["rates"])
        say("fast judge beside the plain pipeline: done")
        if given.fasttext:
            rows = _as_lines(folder / "learn.jsonl", [[each.kind.value, each.text] for each in learned])
            words = [given.fasttext, str(Path(__file__).with_name("fasttext_judge.py"))]
            rates |= ask(words, {**order, "learn": rows}, one)["rates"]
            say("fastText: done")
        few = _as_lines(folder / "few.jsonl", texts(200 * given.rounds))
        rates |= ask([*judges, "deep"], {**order, "texts": few}, two)["rates"]
        memory = ask([*judges, "memory"], order, one)
        say("deep judge and memory: done")
        report = summary(rates, quality, memory, start_times(one))
    print(json.dumps({**report, "seconds": round(time.monotonic() - began, 1)}))
    return 0 if kept(report) else 1


if __name__ == "__main__":
    sys.exit(main())
