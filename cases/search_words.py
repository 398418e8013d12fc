"""The words under which a case is found: its own, their standard writing ("jln" → "jalan"), and their stems
("berlubang" → "lubang"). Plain Python, so that a migration can fill the index with it too.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from city.stems import words
from classifiers.core.normal import standard

#: Letters of a word that are kept, and words of a case; longer texts than a case's own are not found further on.
LONGEST, MOST = 40, 1500
#: Words of a question; nobody types more.
_ASKED = 12
#: Texts are cut here before anything looks at them (characters).
_CUT = 20_000
#: Beginnings and endings of Indonesian words, the longer first. Not a full stemmer: what is left must only be the
#: same for the forms of one word, and at least four letters long.
_BEGINNINGS = re.compile(r"^(?:meng|meny|men|mem|me|peng|peny|pen|pem|per|pe|ber|bel|ter|di|ke|se)")
_ENDINGS = re.compile(r"(?:kan|an|nya|lah|kah|ku|mu|i)$")
_LEAST = 4


def plain(text: str) -> str:
    """``text`` in lower case, compatibility letters as plain ones, without accents, lone surrogates and NUL."""
    text = text[:_CUT]
    if not text.isascii():
        parts = unicodedata.normalize("NFKD", text.encode("utf-8", "replace").decode("utf-8"))
        text = "".join(letter for letter in parts if not unicodedata.combining(letter))[:_CUT]
    return text.lower()


def token(word: str) -> str:
    """How a word stands in the index: as it is, or in hexadecimal where the two databases would not agree what a

    letter is. Beginnings stay beginnings.
    """
    return word[:LONGEST] if word.isascii() else "u" + word[:LONGEST].encode().hex()


def of_texts(texts: Iterable[str]) -> list[str]:
    """All words under which a case with these texts is found, each once."""
    found: dict[str, None] = {}
    for text in texts:
        for word in words(plain(text)):
            found.update(dict.fromkeys(map(token, forms(word[:LONGEST]))))
            if len(found) >= MOST:
                return list(found)[:MOST]
    return list(found)


def of_question(text: str) -> list[tuple[str, ...]]:
    """What was asked for: of each word the forms of which one must be there; [] where no word is in it."""
    return [_asked(word[:LONGEST]) for word in words(plain(text[:500]))[:_ASKED]]


@lru_cache(maxsize=50_000)
def forms(word: str) -> tuple[str, ...]:
    """``word``, its standard writing, its stem, and a number without its leading noughts."""
    if word.isdigit():
        return (word, word.lstrip("0") or "0")
    usual = [part for part in words(standard(word)) if part != "0"] if word.isascii() else []
    return tuple(dict.fromkeys((word, *usual, *(stem(part) for part in (word, *usual)))))


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """What is left of a word without its beginning and its ending; the word itself where too little would be."""
    bare = word
    for _ in range(2):  # "memperbaiki" has two beginnings
        shorter = _BEGINNINGS.sub("", bare)
        bare = shorter if len(shorter) >= _LEAST else bare
    short = _ENDINGS.sub("", bare)
    return short if len(short) >= _LEAST else bare


def _asked(word: str) -> tuple[str, ...]:
    """One word of a question. Of several standard words ("rsud" → "rumah sakit …") only the word itself counts."""
    usual = words(standard(word)) if word.isascii() and not word.isdigit() else []
    alone = usual if len(usual) == 1 and usual != ["0"] else []
    return tuple(map(token, dict.fromkeys((word, *alone, *(stem(part) for part in (word, *alone))))))
