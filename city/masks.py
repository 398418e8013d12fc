"""Personal data masked at the door, before a citizen's words are stored.

Basis: UU 27/2022 on personal data protection (processing limited to its purpose). What the desk needs to act
is the matter and the place; a NIK, a telephone number, a card number or an e-mail address in a public post is
not needed to open a case.
"""

import re

# Area codes of Indonesian number plates (Perpol 7/2021 on registration of motor vehicles, annex). RT, RW and KM are
# none, so "RT 04 RW 11" is left alone; only capitals count, as plates are written.
_PLATE_AREAS = r"A[ABDEG]|B[ABDEGHKLMNP]|D[ABCDEGHKLMNPRST]|E[ABD]|K[BHTU]|P[AB]|[ABDEFGHKLMNPRSTWZ]"

# Order matters: the longest digit runs first, or a card number would be read as a telephone number.
# (label, hint, pattern): without its hint a pattern cannot match. A hint begins with a fixed character or set, so
# it is looked for many times faster than the pattern, and most texts hold none.
_RULES: tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...] = (
    (
        "<EMAIL>",
        re.compile(r"@(?<=[\w.+-]@)[\w-]"),
        re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    ),
    # NIK and KK numbers: 16 digits (Permendagri 6/2010 numbering); payment cards are also 16, in groups of 4.
    (
        "<NIK>",
        re.compile(r"\d{4}"),
        re.compile(r"(?<!\d)(?:\d{16}|\d{4}[ .-]\d{4}[ .-]\d{4}[ .-]\d{4}|\d{6}[ .-]\d{6}[ .-]\d{4})(?!\d)"),
    ),
    # Indonesian mobile and landline numbers: 08..., +62..., 62..., (021)...; 9 to 14 digits with separators.
    (
        "<TELP>",
        re.compile(r"[06](?:[ .-]?\d){4}"),
        re.compile(r"(?<![\d/#@\w])(?:\+?62|0)(?:[ .-]?\d){8,12}(?!\d)"),
    ),
    (
        "<PLAT>",
        re.compile(r"[A-Z][ -]?\d\d"),
        re.compile(rf"\b(?:{_PLATE_AREAS})[ -]?\d{{2,4}}[ -]?[A-Z]{{1,3}}\b"),
    ),
    ("<TELP>", re.compile(r"\(0\d"), re.compile(r"\(0\d{2,3}\)[ .-]?\d(?:[ .-]?\d){5,8}(?!\d)")),
)


def mask(text: str) -> str:
    """``text`` with e-mail addresses, NIK/KK/card numbers, plates and telephone numbers replaced by a label."""
    for label, hint, pattern in _RULES:
        if hint.search(text):
            text = pattern.sub(label, text)
    return text
