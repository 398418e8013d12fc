"""How long X says a text is: the weighted length of twitter-text, configuration v3.

Units. X does not count characters, it adds weights. A weight of 100 is one unit of the 280 that a post
may have; ``weighted_length`` is in those units (already divided by 100), so an ASCII letter is 1, a CJK
character 2, a whole emoji 2 and a link 23, however long the link is.

Sources, as seen in 2026-11:

* twitter-text ``config/v3.json``: maxWeightedTweetLength 280, scale 100, defaultWeight 200,
  transformedURLLength 23, emojiParsingEnabled true, and weight 100 for the code points 0-4351, 8192-8205,
  8208-8223 and 8242-8247.
* X developer documentation, "Counting characters": the text is brought to NFC first, every link counts as
  its t.co form, every emoji counts 2.
* The observable behaviour of the official JavaScript twitter-text 3.1.0, which is what the rules for
  finding links below were checked against, including its oddities (a link is found by the text around it,
  so an odd neighbour can undo it).

Where links and time meet:

* Top-level domains come from ``linkify_it.tlds`` (the IANA list of 2020-11), with the few differences from
  the list that the official library carries put right here, among them the internationalised ones, which
  the IANA list has in their ``xn--`` form. A top-level domain younger than that (``.music``, ``.kids``)
  is unknown to the official library and here, so such a name counts letter by letter. Should X know it all
  the same, a name shorter than 23 is counted too short here and a longer one too long.
* Emoji come from the ``emoji`` package, which follows Unicode. The official JavaScript library stopped at
  the emoji of 2018 and counts a younger joined emoji in its parts; X itself counts a whole emoji as 2, and
  so does this module. Only sequences that Unicode recommends for interchange are whole: a home-made string
  of joined emoji is counted in its parts, as X does.
* A link needs no protocol and no intent: to X the degree in "Budi, M.Si." is a Slovenian site and weighs 23.
* Characters that X refuses are U+FFFE, U+FEFF and U+FFFF. Marks of writing direction (U+202A-U+202E,
  U+2066-U+2069 and the like) are allowed in v3.
"""

import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from emoji import EMOJI_DATA, STATUS
from linkify_it.tlds import TLDS

__all__ = ["MAX_WEIGHTED", "URL_WEIGHT", "XLength", "measure"]

MAX_WEIGHTED: Final = 280
"""The most a post may weigh, in units of weighted length."""

URL_WEIGHT: Final = 23
"""What any one link weighs, in units of weighted length."""

_EMOJI_WEIGHT: Final = 2


@dataclass(frozen=True, slots=True)
class XLength:
    """What X makes of a text."""

    weighted_length: int
    """In units of weighted length, of which a post may have ``MAX_WEIGHTED``."""

    valid: bool
    """Whether X would take it: not empty, not too long, none of the characters that X refuses."""

    permillage: int
    """``weighted_length`` in thousandths of ``MAX_WEIGHTED``, rounded down; above 1000 when too long."""


# --- Characters -------------------------------------------------------------------------------------

# Everything outside the four light ranges of the configuration weighs two units.
_HEAVY: Final = re.compile("[^\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")
_REFUSED_CHARS: Final = "\ufffe\ufeff\uffff"
_REFUSED: Final = re.compile(f"[{_REFUSED_CHARS}]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SURROGATE_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_ASTRAL: Final = re.compile("[\U00010000-\U0010ffff]")


def _plain_weight(text: str) -> int:
    """The weight of a text in which nothing is a link or an emoji of several code points."""
    return len(text) if text.isascii() else len(text) + len(_HEAVY.findall(text))


# --- Emoji ------------------------------------------------------------------------------------------


def _emoji_sequences() -> frozenset[str]:
    """Every emoji of two or more code points that counts as one.

    An emoji of one code point needs no entry: it weighs two units as a character already.
    """
    qualified = STATUS["fully_qualified"]
    keycap, as_emoji = "\u20e3", "\ufe0f"
    tones = [chr(tone) for tone in range(0x1F3FB, 0x1F400)]
    whole = {seq for seq, data in EMOJI_DATA.items() if len(seq) > 1 and data["status"] == qualified}
    # A keycap may lack its variation selector.
    whole |= {key + keycap for key in "#*0123456789"}
    # Emoji by default, and yet a (needless) variation selector belongs to them: the oldest ones only.
    needless = (
        "\u231a\u231b\u25fd\u25fe\u2614\u2615\u2648\u2649\u264a\u264b\u264c\u264d\u264e\u264f\u2650\u2651"
        "\u2652\u2653\u267f\u2693\u26a1\u26aa\u26ab\u26bd\u26be\u26c4\u26c5\u26d4\u26ea\u26f2\u26f3\u26f5"
        "\u26fa\u26fd\u2757\u2b1b\u2b1c\u2b50\u2b55\U0001f004\U0001f21a\U0001f22f"
    )
    whole |= {base + as_emoji for base in needless}
    # People who are text by default may keep the selector before a skin tone; the skier may have a tone.
    people = "\u261d\u26f7\u26f9\u270c\u270d\U0001f3cb\U0001f3cc\U0001f574\U0001f575\U0001f590"
    whole |= {base + as_emoji + tone for base in people for tone in tones}
    whole |= {"\u26f7" + tone for tone in tones}
    # The levitating person with a gender, and the eye in a speech bubble without selectors.
    whole |= {
        "\U0001f574" + look + "\u200d" + gender + as_emoji
        for look in (as_emoji, *tones)
        for gender in "\u2640\u2642"
    }
    whole.add("\U0001f441\u200d\U0001f5e8")
    return frozenset(whole)


_EMOJI: Final = _emoji_sequences()
_EMOJI_BEGINNINGS: Final = frozenset(seq[:size] for seq in _EMOJI for size in range(1, len(seq)))
# The second code point of any of them: a joiner, a selector, a tone, a tag or a flag letter, so that ordinary
# prose has none.
_EMOJI_SECOND: Final = re.compile("[" + "".join(sorted({re.escape(seq[1]) for seq in _EMOJI})) + "]")


def _emoji_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each emoji of several code points, in code points, from left to right."""
    spans: list[tuple[int, int]] = []
    size, free = len(text), 0  # what is before ``free`` belongs to an emoji already
    while second := _EMOJI_SECOND.search(text, free + 1):
        start = second.start() - 1
        stop, end = start + 1, 0
        while stop < size and text[start:stop] in _EMOJI_BEGINNINGS:
            stop += 1
            if text[start:stop] in _EMOJI:
                end = stop  # the longest one wins
        if end:
            spans.append((start, end))
        free = end or start + 1
    return spans


# --- Top-level domains ------------------------------------------------------------------------------


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# In the official library's list, no longer (or never) in IANA's.
_TLDS_KEPT: Final = _words(
    "active aigo an bl blanco bnl boots bq cartier chloe chrysler dodge doha doosan duns eh epost esurance "
    "everbank flsmidth goodhands honeywell htc iinet intel iselect iwc jlc ladbrokes lancome liaison mcd "
    "mcdonalds meo metlife mf mobily montblanc mopar movistar mtpc mutuelle nadex onion orientexpress "
    "pamperedchef panerai piaget rightathome sapo scor spiegel srt starhub statoil symantec telecity "
    "telefonica tp uconnect um vista vistaprint warman xperia zippo موبايلي 工行 手表 珠宝"
)
# In IANA's list, not in the official library's.
_TLDS_UNKNOWN: Final = _words("amazon spa アマゾン 亚马逊")


def _known_tlds() -> frozenset[str]:
    """The top-level domains that make a name a link, in lower case, internationalised ones decoded."""
    listed = {str(tld).lower() for tld in TLDS}
    decoded = {tld[4:].encode().decode("punycode") if tld.startswith("xn--") else tld for tld in listed}
    return frozenset((decoded | _TLDS_KEPT) - _TLDS_UNKNOWN)


def _any_case(tld: str) -> str:
    """A pattern for a name in any case, in which ASCII letters stand for ASCII letters only."""
    return "".join(
        char if not char.isalpha() else f"[{char}{char.upper()}]" if char.isascii() else f"(?i:{char})"
        for char in tld
    )


_TLDS: Final = _known_tlds()
_TLDS_ASCII: Final = frozenset(tld for tld in _TLDS if tld.isascii())
_TLDS_BEYOND_ASCII: Final = sorted(_TLDS - _TLDS_ASCII, key=lambda tld: (-len(tld), tld))
_ALNUM_RUN: Final = re.compile("[0-9A-Za-z]+")
_PUNYCODE_TLD: Final = re.compile("[xX][nN]--[-0-9A-Za-z]+")
_TLD_BEYOND_ASCII: Final = re.compile(
    "(?=[^\\x00-\\x7f]|[vV])(?:" + "|".join(map(_any_case, _TLDS_BEYOND_ASCII)) + ")(?![0-9A-Za-z@+-])"
)


def _tld_end(text: str, at: int) -> int:
    """Where the top-level domain that starts at ``at`` ends, or -1 when none does."""
    run = _ALNUM_RUN.match(text, at)
    if run and run.group().lower() in _TLDS_ASCII and text[run.end() : run.end() + 1] not in {"@", "+", "-"}:
        return run.end()
    other = _TLD_BEYOND_ASCII.match(text, at) or _PUNYCODE_TLD.match(text, at)
    return other.end() if other else -1


# --- Links ------------------------------------------------------------------------------------------
# Below, a text is a string of UTF-16 units (an astral character is two of them), for that is how the
# official library reads it, and a few of its answers depend on it.

_DIRECTION_MARKS: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_SPACES: Final = "\\x09-\\x0d \x85\xa0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_NOT_IN_NAMES: Final = f"!'#%&()*+,\\\\./:;<=>?@\\[\\]^{{|}}~${_SPACES}{_REFUSED_CHARS}{_DIRECTION_MARKS}"
_NOT_BEFORE_LINKS: Final = f"A-Za-z0-9@＠$#＃{_REFUSED_CHARS}"
# Letters with marks, and the letters outside those blocks whose other case is inside one: the official
# patterns ignore case.
_LATIN: Final = (
    "\xc0-\xd6\xd8-\xf6\xf8-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268\u026f\u0272\u0289\u028b"
    "\u02bb\u0300-\u036f\u1e00-\u1eff"
    "\u0260\u0269\u0275\u0280\u0283\u0288\u028a\u028c\u0292\u0399\u03b9\u2c65\u2c66\u2c7e\u2c7f\ua7dc"
)
_CYRILLIC: Final = "\u0400-\u04ff\u1c80-\u1c87"

# Labels of a domain that have a dot after them; "-" and "_" are judged later.
_LABEL: Final = re.compile(f"(?<![^{_NOT_IN_NAMES}])[^{_NOT_IN_NAMES}]++(?=\\.)")
# Where a domain may start inside such a label.
_NAME_START: Final = re.compile(f"(?<=[^{_NOT_BEFORE_LINKS}])[^-_]")
_MAY_PRECEDE: Final = re.compile(f"[^{_NOT_BEFORE_LINKS}]")
_PROTOCOL: Final = re.compile("https?://", re.ASCII | re.IGNORECASE)
_ASCII_NAME: Final = re.compile(f"(?:[-0-9A-Za-z{_LATIN}]++\\.)+")

_PATH_CHAR: Final = f"[-A-Za-z0-9!*';:=+,.$/%#\\[\\]\u2013_~@|&{_CYRILLIC}{_LATIN}]"
_PATH_PARENS: Final = f"\\((?:{_PATH_CHAR}+|{_PATH_CHAR}*\\({_PATH_CHAR}+\\){_PATH_CHAR}*)\\)"
# Of what may be a path it takes all up to the last letter or the like, then any parentheses at once after it.
_PATH: Final = (
    f"/(?:{_PATH_CHAR}*(?:{_PATH_PARENS}{_PATH_CHAR}*)*[-+A-Za-z0-9=_#/{_CYRILLIC}{_LATIN}])?"
    f"(?:{_PATH_PARENS})*"
)
_QUERY: Final = "\\?[-A-Za-z0-9!?*'@();:&=+$/%#\\[\\]_.,~|]*[-A-Za-z0-9_&=#/]"
_AFTER_NAME: Final = re.compile(f"(?::[0-9]+)?(?P<path>{_PATH})?(?:{_QUERY})?")
_TCO: Final = re.compile(f"https?://t\\.co/(?P<slug>[a-z0-9]+)(?:{_QUERY})?", re.ASCII | re.IGNORECASE)

_MAX_LABEL: Final = 63  # of a domain, in ASCII characters of its encoded form
_MAX_URL: Final = 4096  # in UTF-16 units
_MAX_TCO_SLUG: Final = 40  # in characters
_IMPLIED_PROTOCOL: Final = "https://"
_IDEOGRAPHIC_DOTS: Final = re.compile("[\u3002\uff0e\uff61]")
_NOT_PRINTABLE_ASCII: Final = re.compile("[^\\x20-\\x7e]")


def _joined(text: str) -> str:
    """The text with its surrogate pairs, if any, made the characters that they stand for."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _utf16_units(text: str) -> str:
    """The text with every astral character made its two surrogates."""

    def split(match: re.Match[str]) -> str:
        rest = ord(match.group()) - 0x10000
        return chr(0xD800 + (rest >> 10)) + chr(0xDC00 + (rest & 0x3FF))

    return _ASTRAL.sub(split, text)


def _label_fits(label: str) -> bool:
    """Whether a label is short enough for a domain once encoded in ASCII."""
    if not _NOT_PRINTABLE_ASCII.search(label):
        return len(label) <= _MAX_LABEL
    if len(label) > 2 * _MAX_LABEL:
        return False  # encoding makes nothing shorter, save a surrogate pair
    encoded = 0
    for part in _IDEOGRAPHIC_DOTS.sub(".", _joined(label)).split("."):
        if _NOT_PRINTABLE_ASCII.search(part):
            if len(part) > _MAX_LABEL - 4:
                return False
            encoded += 4 + len(part.encode("punycode")) + 1  # "xn--" before, a dot after
        else:
            encoded += len(part) + 1
    return encoded - 1 <= _MAX_LABEL


def _domain_fits(domain: str) -> bool:
    """Whether a domain can be encoded for the DNS, as far as the official library looks."""
    if domain.startswith("xn--") and next(_ascii_names(domain), None) is None:
        return False
    return all(_label_fits(label) for label in domain.split("."))


def _ascii_names(domain: str) -> Iterator[str]:
    """The parts of a domain that stand as a name in ASCII (or accented Latin) letters."""
    at = 0
    while match := _ASCII_NAME.search(domain, at):
        start, dot = match.start(), match.end() - 1
        at = match.end()
        while dot > start:
            if (end := _tld_end(domain, dot + 1)) >= 0:
                yield domain[start:end]
                at = end
                break
            dot = domain.rfind(".", start, dot)


def _name_ends(units: str, labels: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """For each label: where a domain ends whose last label before the top-level domain it is, and where
    the longest domain ends that goes on with the next label. Each is -1 when there is no such domain.
    """
    own = [_tld_end(units, stop + 1) for _, stop in labels]
    onward = [-1] * len(labels)
    longest = -1  # of a domain in which the label after the present one is not the first
    for index in range(len(labels) - 2, -1, -1):
        start, stop = labels[index + 1]
        if units[start] in "-_" or units[stop - 1] in "-_":
            longest = -1
        elif onward[index + 1] >= 0:
            longest = onward[index + 1]
        else:  # only subdomains may have underscores
            longest = -1 if units.find("_", start, stop) >= 0 else own[index + 1]
        if start == labels[index][1] + 1:
            onward[index] = longest
    return own, onward


def _name_start(units: str, earliest: int, stop: int, done: int) -> int:
    """Where in the label up to ``stop`` a domain without protocol starts, or -1 when nowhere."""
    # The character before it must be free still, which the start of the text needs none for.
    if earliest <= done and done:
        earliest = done + 1
    match = _NAME_START.search(units, earliest, stop)
    start = match.start() if match else -1
    if earliest == 0 and start != 1 and units[0] not in "-_":
        return 0  # after a first character that may precede a link the link starts at the second, oddly
    return start


def _link_spans(units: str) -> list[tuple[int, int]]:
    """Start and length of each link, in UTF-16 units, from left to right.

    A candidate is whatever has the form of a link. Some candidates are then no links (an address after
    "@", a host too long), but what they took of the text is not looked at again.
    """
    labels = [match.span() for match in _LABEL.finditer(units)]
    if not labels:
        return []
    own, onward = _name_ends(units, labels)
    spans: list[tuple[int, int]] = []
    done = 0  # where the last candidate ended
    for index, (first, stop) in enumerate(labels):
        name_end = onward[index] if onward[index] >= 0 else own[index]
        if stop <= done or name_end < 0 or units[stop - 1] in "-_":
            continue
        # A lone label before the top-level domain must not have an underscore.
        earliest = first if onward[index] >= 0 else units.rfind("_", first, stop) + 1 or first
        link = name = -1
        if earliest == first and units[first] not in "-_":
            for size in (7, 8):
                start = first - size
                if (
                    (start > done or start == done == 0)
                    and (start == 0 or _MAY_PRECEDE.match(units, start - 1))
                    and _PROTOCOL.fullmatch(units, start, first)
                ):
                    link, name = start, first
        if link < 0:
            link = name = _name_start(units, earliest, stop, done)
        after = _AFTER_NAME.match(units, name_end)
        if link < 0 or after is None:
            continue
        done = after.end()
        spans.extend(_links_of(units, link, name, name_end, after))
    return spans


def _links_of(units: str, link: int, name: int, name_end: int, after: re.Match[str]) -> list[tuple[int, int]]:
    """Start and length, in UTF-16 units, of the links in one candidate: none, one, or (a domain in which
    other letters part two names) several.
    """
    end = after.end()
    domain = units[name:name_end]
    protocol = units[link:name]
    if len(protocol or _IMPLIED_PROTOCOL) + end - link > _MAX_URL or not _domain_fits(domain):
        return []
    if protocol:
        tco = _TCO.match(units, link, end)
        if tco is None:
            return [(link, end - link)]
        return [] if len(tco["slug"]) > _MAX_TCO_SLUG else [(link, tco.end() - link)]
    if link and units[link - 1] in "-_./":
        return []
    found: list[tuple[int, int]] = []
    at = 0
    for ascii_name in _ascii_names(domain):
        # Looked up by its letters, as the official library does: now and then an earlier place has them too.
        start = domain.find(ascii_name, at)
        at = start + len(ascii_name)
        found.append((link + start, len(ascii_name)))
    if found and after["path"]:
        start, size = found[-1]
        found[-1] = (start, size + end - name_end)
    return found


def _link_spans_of(text: str) -> list[tuple[int, int]]:
    """Start and length of each link of a text, in code points, from left to right."""
    if "." not in text:
        return []
    units = _utf16_units(text)
    spans = _link_spans(units)
    if len(units) == len(text):
        return spans

    def code_points(stop: int) -> int:
        # Up to and including the next unit, so that a pair which the stop cuts in two is not reached.
        return stop - len(_SURROGATE_PAIR.findall(units, 0, stop + 1))

    return [(code_points(start), code_points(start + size) - code_points(start)) for start, size in spans]


# --- The whole --------------------------------------------------------------------------------------


def _weight(text: str) -> int:
    """The weighted length of a text that is in NFC."""
    marked = [(start, start + size, URL_WEIGHT) for start, size in _link_spans_of(text)]
    if not text.isascii():
        marked += [(start, end, _EMOJI_WEIGHT) for start, end in _emoji_spans(text)]
        # Sorting keeps a link before an emoji that starts at the same place: there the link counts.
        marked.sort(key=itemgetter(0))
    total = at = 0
    for start, end, weight in marked:
        if start >= at:
            total += _plain_weight(text[at:start]) + weight
            at = end
    return total + _plain_weight(text[at:])


def has_link(text: str) -> bool:
    """Whether X would make a link of anything in ``text``: an address, or a bare domain."""
    return bool(_link_spans_of(text))


def measure(text: str) -> XLength:
    """Measure a text as X does.

    Any string is measured, also one that X would refuse and one with lone surrogates.
    """
    normal = text if text.isascii() else unicodedata.normalize("NFC", _joined(text))
    weight = _weight(normal)
    return XLength(
        weighted_length=weight,
        valid=0 < weight <= MAX_WEIGHTED and not _REFUSED.search(normal),
        permillage=math.floor(weight / MAX_WEIGHTED * 1000),
    )
