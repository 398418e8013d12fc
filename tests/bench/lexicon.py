"""How much of others' slang lexicons ours covers, weighted by how often the words occur in real posts.

``python -m tests.bench.lexicon`` reads the folder named by KENTONGAN_SHARED (``data/lexicons``, ``data/corpora``).
Only figures are printed; nothing of those files is kept. "left": the share of their informal words, by occurrence,
that our normaliser changes or knows as standard; "meaning": of the words that both change, the share with the same
standard word (ours normalised the same way as theirs).
"""

import json
import os
import re
from collections import Counter
from pathlib import Path

from classifiers.core.normal import _lexicon, _vocabulary, normalise

_WORD = re.compile(r"[a-z0-9]+")


def main() -> None:
    shared = Path(os.environ["KENTONGAN_SHARED"]) / "data"
    counts = _frequencies(shared / "corpora")
    print(f"our lexicon: {len(_lexicon())} spellings; tokens in corpora: {sum(counts.values())}")
    print(f"{'lexicon':32} {'words':>6} {'seen':>6} {'left':>6} {'meaning':>8}")
    for path in sorted((shared / "lexicons").iterdir()):
        _report(path.name, _read(path), counts)


def _frequencies(folder: Path) -> Counter[str]:
    counts: Counter[str] = Counter()
    for path in folder.glob("*.jsonl"):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                counts.update(_WORD.findall(str(json.loads(line).get("text") or "").lower()))
    return counts


def _read(path: Path) -> dict[str, str]:
    text = path.read_text("utf-8")
    if text.startswith("{"):
        return {str(left): str(right) for left, right in json.loads(text).items()}
    rows = (re.split(r"[\t:]", line, maxsplit=1) for line in text.splitlines() if line.strip())
    return {row[0].strip(): row[1].strip().strip('"') for row in rows if len(row) == 2}


def _report(name: str, theirs: dict[str, str], counts: Counter[str]) -> None:
    seen = {
        left: right for left, right in theirs.items() if counts[left] and " " not in left and left != right
    }
    total = sum(counts[left] for left in seen)
    ours = dict(zip(seen, normalise(list(seen)), strict=True))
    known = {left for left in seen if ours[left] != left or left in _vocabulary()}
    changed = [left for left in seen if ours[left] != left]
    same = [
        left
        for left, right in zip(changed, normalise([seen[one] for one in changed]), strict=True)
        if right == ours[left]
    ]
    covered = sum(counts[left] for left in known) / max(total, 1)
    meaning = sum(counts[left] for left in same) / max(sum(counts[left] for left in changed), 1)
    print(f"{name:32} {len(theirs):6} {len(seen):6} {covered:6.1%} {meaning:8.1%}")


if __name__ == "__main__":
    main()
