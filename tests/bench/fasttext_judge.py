"""fastText, words only, one thread. Run by the Python of .venv-bench; knows nothing of ours.

    echo '{"learn": FILE, "texts": FILE, "rounds": 3, "out": FOLDER}' | python fasttext_judge.py

FILE of learn: JSON Lines of [kind, text]; of texts: JSON Lines of strings. One JSON object on standard output.
"""

import json
import sys
import time
from pathlib import Path

import fasttext


def flat(text: str) -> str:
    return " ".join(text.lower().split())


def main() -> None:
    order = json.load(sys.stdin)
    rows = [json.loads(line) for line in Path(order["learn"]).read_text("utf-8").splitlines()]
    learned = Path(order["out"]) / "fasttext.txt"
    learned.write_text("".join(f"__label__{kind} {flat(text)}\n" for kind, text in rows), "utf-8", "replace")
    model = fasttext.train_supervised(
        str(learned), epoch=15, lr=0.5, wordNgrams=1, minn=0, maxn=0, dim=50, thread=1, seed=1, verbose=0
    )
    texts = [json.loads(line) for line in Path(order["texts"]).read_text("utf-8").splitlines()]
    size = len(texts) // order["rounds"]
    rates = []
    for number in range(order["rounds"]):
        part = texts[number * size : (number + 1) * size]
        began = time.perf_counter()
        model.predict([flat(text) for text in part])
        rates.append(size / (time.perf_counter() - began))
    print(json.dumps({"rates": {"fasttext": rates}}))


if __name__ == "__main__":
    main()
