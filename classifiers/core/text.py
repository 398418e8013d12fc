"""One way of writing a post before its features are counted."""

import re
import unicodedata

_LINK = re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE)
_HANDLE = re.compile(r"@\w+")
#: A handle that names an institution is a sign of whom the post speaks to; a friend's handle is not.
_OFFICIAL = re.compile(
    r"pem|kota|kab|humas|din|dis|pol|rsud|pln|pdam|tirta|bpjs|kai|wali|gub|bekasi|info", re.I
)
_RETWEET = re.compile(r"^\s*RT\s+@\w+:?\s*", re.IGNORECASE)
_HASHTAG = re.compile(r"#(\w+)")
_LONG = re.compile(r"([^\W\d_])\1{2,}")
_NUMBER = re.compile(r"\d+")
_SPACE = re.compile(r"\s+")


def normalise(text: str) -> str:
    """``text`` in lower case, with links, handles and numbers as words of their own and stretched letters cut.

    "Tolooong @dishubbekasi jl. rusaaak 3 bln https://t.co/x" → "toloong akuninstansi jl. rusaak 0 bln tautan"
    """
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = unicodedata.normalize("NFKC", text).replace("’", "'")
    text = _RETWEET.sub(" retuit ", text)
    text = _LINK.sub(" tautan ", text)
    text = _HANDLE.sub(lambda hit: " akuninstansi " if _OFFICIAL.search(hit[0]) else " akunwarga ", text)
    text = _HASHTAG.sub(r" tagar \1 ", text)
    text = _LONG.sub(r"\1\1", text.lower())
    return _SPACE.sub(" ", _NUMBER.sub("0", text)).strip()
