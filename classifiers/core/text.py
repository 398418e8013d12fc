"""One way of writing a post before its features are counted."""

import re
import unicodedata
from collections.abc import Sequence

_LINK = re.compile(r"https?://\S+|www\.\S+|<URL>", re.IGNORECASE)
#: What city.masks puts in the place of personal numbers.
_MASK = re.compile(r"<(?:NIK|NOMOR|TELP|EMAIL|PLAT|KARTU)>", re.IGNORECASE)
_HANDLE = re.compile(r"@\w+")
#: A handle that names an institution is a sign of whom the post speaks to; a friend's handle is not.
_OFFICIAL = re.compile(
    r"pem|kota|kab|humas|din|dis|pol|rsud|pln|pdam|tirta|bpjs|kai|wali|gub|bekasi|info", re.I
)
_RETWEET = re.compile(r"^[^\S\n]*RT[^\S\n]+@\w+:?[^\S\n]*", re.IGNORECASE | re.MULTILINE)
_HASHTAG = re.compile(r"#(\w+)")
#: Letters of the alphabet only: all letters would cost twice the time, and others are hardly ever stretched.
_LONG = re.compile(r"([a-z])\1{2,}")
_NUMBER = re.compile(r"\d+")
_BREAK = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


def normalise(text: str) -> str:
    """``text`` in lower case, with links, handles and numbers as words of their own and stretched letters cut.

    "Tolooong @dishubbekasi jl. rusaaak 3 bln https://t.co/x" → "toloong akuninstansi jl. rusaak 0 bln tautan"
    """
    return " ".join(tokens([text])[0])


def tokens(texts: Sequence[str]) -> list[list[str]]:
    """The words of each text as ``normalise`` writes them, in the same order and number as ``texts``.

    All texts are rewritten at once, one a line: a rule then costs one pass of the engine, not one a post.
    """
    if not texts:
        return []
    page = "\n".join(_BREAK.sub(" ", text) for text in texts).encode("utf-8", "replace").decode("utf-8")
    page = unicodedata.normalize("NFKC", page).replace("’", "'")
    page = _RETWEET.sub(" retuit ", page)
    page = _LINK.sub(" tautan ", page)
    page = _MASK.sub(" nomor ", page)
    page = _HANDLE.sub(lambda hit: " akuninstansi " if _OFFICIAL.search(hit[0]) else " akunwarga ", page)
    page = _HASHTAG.sub(r" tagar \1 ", page)
    page = _LONG.sub(r"\1\1", page.lower())
    return [line.split() for line in _NUMBER.sub("0", page).split("\n")]
