"""The judges that are timed, each in a process of its own whose threads are pinned by its environment.

    echo '{"texts": FILE, "rounds": 3, …}' | python -m tests.bench.judges fast

`fast`: the product's fast judge and the plain pipeline in turn; also their macro-F1 on one split. `deep`: the whole
product. `memory`: what the loaded model takes. One JSON object on standard output. No Django in here.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import sklearn  # the bare import that memory is measured against

from tests.bench.hearer import rss

Order = dict[str, Any]
_BARE = rss()


def _shipped() -> Any:
    import classifiers
    from classifiers.core.model import load

    return load(Path(classifiers.__file__).parent / "model" / "kentongan.npz")


def _verdicts(model: Any, texts: Sequence[str], deep: bool) -> list[Any]:
    """Whole verdicts: kind, topics, place, urgency, authority, decision, reasons."""
    from classifiers.core.judge import Thresholds, judge

    return judge(texts, model, Thresholds(forward=0.8, dismiss=0.9), deep=deep)


def plain() -> Any:
    """What anybody would write first: words and pieces of words, and a linear machine, for the kind alone."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    return make_pipeline(make_union(words, pieces), LinearSVC(C=0.5, class_weight="balanced"))


def fast(order: Order) -> dict[str, Any]:
    from classifiers.core.model import train
    from tests.bench.posts import split

    learned, tested = split(order["learn"])
    kinds = [one.kind.value for one in learned]
    other = plain().fit([one.text for one in learned], kinds)
    model = _shipped()
    rates: dict[str, list[float]] = {"fast": [], "plain": []}
    for part in _rounds(order):
        rates["fast"].append(_rate(lambda texts: _verdicts(model, texts, False), part))
        rates["plain"].append(_rate(other.predict, part))
    wanted = [one.text for one in tested]
    ours = _verdicts(train(learned, "bench"), wanted, False)
    truth = [one.kind.value for one in tested]
    return {
        "rates": rates,
        "learned": len(learned),
        "tested": len(tested),
        "fast_macro_f1": _macro(truth, [one.kind.value for one in ours]),
        "plain_macro_f1": _macro(truth, list(other.predict(wanted))),
    }


def deep(order: Order) -> dict[str, Any]:
    model = _shipped()
    if model.deep is None:
        return {"rates": {}}
    _verdicts(model, ["pemanasan"], True)  # its session opens with the first post
    return {
        "rates": {
            "deep": [_rate(lambda texts: _verdicts(model, texts, True), part) for part in _rounds(order)]
        }
    }


def memory(order: Order) -> dict[str, Any]:
    """Resident megabytes above a bare `import sklearn`, after a hundred verdicts."""
    model, texts = _shipped(), _lines(order)[:100]
    _verdicts(model, texts, False)
    found = {"fast_mb": rss() - _BARE, "bare_mb": _BARE, "sklearn": sklearn.__version__}
    if model.deep is not None:
        _verdicts(model, texts, True)
        found["deep_mb"] = rss() - _BARE
    return found


def _macro(truth: list[str], said: list[str]) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(truth, said, average="macro"))


def _lines(order: Order) -> list[str]:
    return [json.loads(line) for line in Path(order["texts"]).read_text("utf-8").splitlines()]


def _rounds(order: Order) -> list[list[str]]:
    """Every round has posts that no round before it had: nothing is remembered from the last time."""
    texts = _lines(order)
    size = len(texts) // order["rounds"]
    return [texts[number * size : (number + 1) * size] for number in range(order["rounds"])]


def _rate(work: Callable[[list[str]], object], texts: list[str]) -> float:
    began = time.perf_counter()
    work(texts)
    return len(texts) / (time.perf_counter() - began)


if __name__ == "__main__":
    print(json.dumps({"fast": fast, "deep": deep, "memory": memory}[sys.argv[1]](json.load(sys.stdin))))
