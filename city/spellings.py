"""How the names of the gazetteer are found in a text: their spellings, and the patterns made of them."""

import re
from functools import cache
from itertools import pairwise

from city import trie
from city.gazetteer import Entry, entries, key

#: The city itself, which tells no area but says that the text speaks of here.
CITY = Entry("Kota Bekasi", "city", ("bekasi", "bks", "kota bekasi", "bekasi kota", "bekasih"), code="32.75")


@cache
def by_spelling() -> dict[str, tuple[Entry, ...]]:
    """Every spelling without its separators, with the entries that have it."""
    found: dict[str, tuple[Entry, ...]] = {}
    for entry in (CITY, *entries()):
        for alias in entry.aliases:
            known = found.get(key(alias), ())
            if entry not in known:
                found[key(alias)] = (*known, entry)
    return found


@cache
def names() -> re.Pattern[str]:
    aliases = {alias for entry in (CITY, *entries()) for alias in entry.aliases}
    return re.compile(rf"\b(?:{trie.pattern(aliases)})(?!\w)")


def may_name(text_words: list[str]) -> bool:
    """Whether a text with these words can hold a name at all; most cannot, and need no pattern."""
    singles, pairs = _beginnings()
    return not singles.isdisjoint(text_words) or not pairs.isdisjoint(pairwise(text_words))


@cache
def _beginnings() -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """Names written as one word, and the first two words of the others: "jati", "asih"; "pondokgede", "permai"."""
    singles: set[str] = set()
    pairs: set[tuple[str, str]] = set()
    for alias in {alias for entry in (CITY, *entries()) for alias in entry.aliases}:
        parts = re.findall(r"[^\W_]+", alias)
        singles.add("".join(parts))
        for first in range(1, len(parts)):
            head = "".join(parts[:first])
            pairs.update((head, "".join(parts[first:end])) for end in range(first + 1, len(parts) + 1))
    return frozenset(singles), frozenset(pairs)


@cache
def inner_names() -> re.Pattern[str]:
    """Long and unmistakable names only: inside a hashtag nothing shows where a word begins."""
    names = {
        alias.replace(" ", "")
        for entry in (CITY, *entries())
        if entry.when == "always" and not entry.shared
        for alias in entry.aliases
        if len(alias) >= 6 and not alias[-1].isdigit()
    }
    return re.compile(trie.pattern(names))
