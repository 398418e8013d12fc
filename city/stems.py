"""Which of many rules can fire on a text at all, found by looking up each of its words once.

Each rule names beginnings of words without which it cannot fire, so that slow patterns are tried on few texts. What a
word begins with is worked out when the word is first met and remembered.
"""

import re
from collections.abc import Sequence

from city import trie

_SEPARATORS = {code: " " for code in range(128) if not chr(code).isalnum()}
_WORD = re.compile(r"[^\W_]+")
_LIMIT = 200_000


def words(folded: str) -> list[str]:
    """The words of a text, letters and digits only; plain ASCII is cut without a regular expression."""
    return folded.translate(_SEPARATORS).split() if folded.isascii() else _WORD.findall(folded)


def words_of(texts: Sequence[str]) -> list[list[str]]:
    """The words of each text in lower case. Made once, they serve places, urgency and authority."""
    return [words(text.lower()) for text in texts]


class Stems:
    """The stems of a list of rules; one ending in "$" is a whole word."""

    def __init__(self, rows: Sequence[Sequence[str]]) -> None:
        """``rows``: the stems of each rule, lower case, in the order of the rules."""
        self._rows = rows
        self._pattern = re.compile(trie.pattern(stem for row in rows for stem in row) or "$^")
        self._met = _Met(self)

    def numbers(self, text_words: Sequence[str]) -> list[int]:
        """Numbers of the rules that can fire on a text with these words (lower case), ascending."""
        if len(self._met) > _LIMIT:
            self._met.clear()
        hits = list(filter(None, map(self._met.__getitem__, text_words)))
        return sorted(set().union(*hits)) if hits else []

    def of_word(self, word: str) -> tuple[int, ...]:
        """Numbers of the rules with a stem that ``word`` begins with."""
        if not self._pattern.match(word):
            return ()
        return tuple(n for n, row in enumerate(self._rows) if any(_begins(word, stem) for stem in row))


class _Met(dict[str, tuple[int, ...]]):
    """The words met so far."""

    def __init__(self, stems: Stems) -> None:
        super().__init__()
        self._stems = stems

    def __missing__(self, word: str) -> tuple[int, ...]:
        found = self[word] = self._stems.of_word(word)
        return found


def _begins(word: str, stem: str) -> bool:
    return word == stem[:-1] if stem.endswith("$") else word.startswith(stem)
