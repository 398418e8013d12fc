"""One regular expression for many names: names that begin alike share their beginning, so that a text is read once.

A plain alternation of a thousand names is tried name by name at each letter; the tree is tried letter by letter.
"""

import re
from collections.abc import Iterable
from typing import TypeAlias

_Tree: TypeAlias = dict[str, "_Tree"]
#: Between the words of a name: nothing, or up to two of space, point, underline, hyphen.
GAP = r"[\s._-]{0,2}"


def pattern(names: Iterable[str], gap: str = GAP) -> str:
    """The source of a regular expression that matches any of ``names`` (lower case), the longest first."""
    root: _Tree = {}
    for name in names:
        node = root
        for letter in name.strip():
            node = node.setdefault(letter, {})
        node[""] = {}
    return _source(root, gap)


def _source(node: _Tree, gap: str) -> str:
    branches = [_letter(letter, gap) + _source(node[letter], gap) for letter in sorted(node) if letter]
    if not branches:
        return ""
    if "" in node:
        return f"(?:{'|'.join(branches)})?"
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"


def _letter(letter: str, gap: str) -> str:
    if letter == "$":  # the name ends here: nothing may follow
        return r"(?!\w)"
    return gap if letter == " " else re.escape(letter)
