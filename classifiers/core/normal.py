"""One way of writing a post: standard Indonesian words in lower case, so that one matter has one spelling.

Slang, abbreviations and Betawi, Javanese and Sundanese words become standard ones (``classifiers/data/lexicon.tsv``);
stretched, spaced and disguised words are read ("bangeeet", "b a n j i r", "j4l4n"); hashtags are split; handles,
links, numbers, masks and pictures become words of their own. Normalising twice changes nothing more.
"""

import csv
import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.resources import files

from city.gazetteer import entries

#: Everything that is not a word, in one pattern; each branch begins with its own letter, which keeps it fast.
_SPECIAL = re.compile(
    r"RT\s+@\w+:?|@\w+|#\w+|https?://\S+|www\.\S+|<[A-Z]+>|"
    "[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
)
_SPACED = re.compile(r" \w \w \w \w(?: \w)*(?!\S)")
_TOKEN = re.compile(r"[^\W_]+(?:['-][^\W_]+)*|[?!]|@(?:dinas|orang)")
#: ASCII marks that part words; hyphen and apostrophe may stand inside one, "@" before our two.
_SEPARATORS = {code: " " for code in range(128) if not chr(code).isalnum() and chr(code) not in "-'?!@"}
_PARTS = re.compile(r"\d+|[^\W\d_]+")
_CAMEL = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_A-Za-z]+")
_TWICE = re.compile(r"([^\W\d_])\1+")
_THRICE = re.compile(r"([^\W\d_])\1{2,}")
#: A handle that names an institution shows whom the post speaks to; a friend's handle does not.
_OFFICIAL = re.compile(
    r"pem(?:kot|kab|prov|da|adam)|kota|kab|humas|dinas|dis(?:hub|dik|duk|kominfo|nak|perkim|kam)|dbm|dlh|din(?:kes|sos)|"
    r"pol(?:res|sek|da|ri|isi)|satpol|tmc|damkar|rescue|bpbd|bnpb|basarnas|rsud|puskesmas|pln|pdam|tirta|bpjs|kai1|"
    r"commuter|krl|lrt|tije|jasamarga|wali|gub|bupati|camat|kec_|kel_|kemen|lapor|info|txtdr|bekasi|radio|prfm",
    re.IGNORECASE,
)
#: Digits that stand for letters.
_LEET = str.maketrans("0134578", "oieastb")
_MASKS = {"<URL>": "tautan", "<TELP>": "nomorpribadi", "<NIK>": "nomorpribadi", "<PLAT>": "nomorpribadi"}
_PICTURES = {
    "emosedih": "😢😭😥😞😔😟🥺😿☹😪😓💔😩😫",
    "emomarah": "😡😠🤬👿💢😤🖕👎",
    "emotawa": "😂🤣😆😹😅😄😁",
    "emosenang": "😀😃😊🙂😍🥰😘😎🤩🥳🎉✨😇☺",
    "emocinta": "❤💕💖💙💚💛💜🧡🖤💗💓😻🫶",
    "emomohon": "🙏🤲",
    "emojempol": "👍👌💯✅🫡",
    "emotepuk": "👏🙌💪",
    "emotakut": "😱😨😰😧😦🫣",
    "emobingung": "🤔😕🙄😒😑😐🤷🤦",
    "emosakit": "🤒🤕🤢🤮😷🤧💊🏥🚑💉🩸",
    "emoapi": "🔥🚒🧯",
    "emoair": "🌊💧💦🚣🛶🏊",
    "emohujan": "🌧☔⛈🌩🌦⚡🌪💨",
    "emodarurat": "🚨🆘⚠☠💀🛑🚫❗❌‼",
    "emosampah": "🗑🚮🚯🤮♻💩",
    "emopohon": "🌳🌲🌴🌱🍃",
    "emolampu": "💡🔦🔌🔋🕯",
    "emojalan": "🚧🛣🚦🚥🕳🚷🚸",
    "emokendaraan": "🚗🚙🛵🏍🚌🚐🚚🚛🚆🚉🚕🚲🅿",
    "emopolisi": "👮🚓🔫🔪",
}
_PICTURE = {letter: f" {word} " for word, letters in _PICTURES.items() for letter in letters}
#: Standard words beside those of the lexicon's right sides, by which stretched and disguised words are known.
_STANDARD = (
    "banjir jalan rusak lubang sampah lampu macet parkir pohon tumbang kebakaran listrik air mati "
    "gelap bau kotor got kali sungai selokan trotoar jembatan aspal truk motor mobil angkot kereta "
    "stasiun sekolah rumah sakit puskesmas dokter guru pasar warga pemerintah wali kota dinas camat "
    "lurah polisi begal tawuran maling kabel tiang longsor roboh jebol meluap genangan rob hujan "
    "angin tolong mohon cepat segera parah bahaya darurat korban evakuasi bantuan pajak pungli "
    "korupsi janji bohong marah sedih kecewa kesal takut lapor aduan keluhan petugas layanan antre "
    "daftar kartu surat akta nikah lahir bansos gratis mahal murah bagus hebat mantap bersih rapi "
    "tertib aman nyaman darah manggis lagi saja juga sudah belum tidak bisa mau harus jangan kapan "
    "siapa mengapa bagaimana semua banyak sekali banget tinggi dalam luar depan belakang atas bawah "
    "kanan kiri dekat jauh pagi siang sore malam hari minggu bulan tahun maaf terima kasih selamat "
    "hormat bapak ibu kakak adik anak orang teman tetangga saya kami kita kamu mereka dia peduli "
    "info fyi bebas stop aksi warga viral keadilan indonesia merdeka jakarta bandung surabaya "
)
_LIMIT = 200_000


def normalise(texts: Sequence[str]) -> list[str]:
    """Each text in standard words, lower case, one space between; "" for a text without words. Never raises.

    "Tolooong @dishubbekasi jln rusaaak 3bln #BanjirBekasi https://t.co/x" →
    "tolong @dinas jalan rusak 0 bulan tagar banjir bekasi tautan"
    """
    if not texts:
        return []
    # Marks between letters ("b.a.n.j.i.r") leave a spaced word only once they are gone: such lines are read again.
    return [line if _SPACED.search(f" {line}") is None else _read([line])[0] for line in _read(texts)]


def _read(texts: Sequence[str]) -> list[str]:
    whole = " " + "\n ".join(map(_plain, texts))
    whole = _SPECIAL.sub(_special, whole).lower()
    whole = _SPACED.sub(_spaced, whole)
    words = _words()
    if len(words) > _LIMIT:
        words.clear()
    standard = words.__getitem__
    return [" ".join(filter(None, map(standard, _tokens(line)))) for line in whole.split("\n")]


def normalise_one(text: str) -> str:
    """The same for one text."""
    return normalise([text])[0]


def standard(word: str) -> str:
    """The standard writing of one word in lower case; "" where nothing stays of it."""
    return _words()[word]


def _plain(text: str) -> str:
    """One line, with compatibility letters (𝗯𝗮𝗻𝗷𝗶𝗿, ﬁ) as plain ones and lone surrogates gone."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode("utf-8")).replace(
            "’", "'"
        )
    return text.replace("\n", " ")


def _tokens(line: str) -> list[str]:
    """Words, "?" and "!"; plain ASCII is cut without a regular expression, which is several times as fast."""
    if line.isascii():
        return line.translate(_SEPARATORS).replace("?", " ? ").replace("!", " ! ").split()
    return _TOKEN.findall(line)


def _special(hit: re.Match[str]) -> str:
    piece = hit[0]
    first = piece[0]
    if first == "@":
        return _handle(piece)
    if first == "#":
        return f" tagar {_split(piece[1:])} "
    if first == "R":
        return f" retuit {_handle(piece[2:].strip().rstrip(':'))}"
    if first == "<":
        return f" {_MASKS.get(piece, 'nomorpribadi')} "
    return " tautan " if first in "hw" else _PICTURE.get(first, " ")


@lru_cache(maxsize=20_000)
def _handle(handle: str) -> str:
    if handle in ("@dinas", "@orang"):
        return f" {handle} "
    return " @dinas " if _OFFICIAL.search(handle) else " @orang "


def _spaced(hit: re.Match[str]) -> str:
    """ "b a n j i r" is read only when it makes a known word; "a b c d" stays."""
    joined = hit[0].replace(" ", "")
    return f" {joined}" if _known(joined) else hit[0]


@lru_cache(maxsize=20_000)
def _split(tag: str) -> str:
    """The words of a hashtag: by capitals, else by known words; as it stands when neither fits."""
    words = [word for part in tag.split("_") for word in _CAMEL.findall(part)]
    return " ".join(piece for word in words for piece in _segment(word.lower()))


def _segment(word: str) -> list[str]:
    """``word`` cut into known words of at least three letters, the fewest possible; [word] when that fails."""
    if _known(word) or len(word) < 6 or len(word) > 60:
        return [word]
    best: list[list[str] | None] = [[]] + [None] * len(word)
    for end in range(3, len(word) + 1):
        for start in range(end - 2):
            head, piece = best[start], word[start:end]
            if head is None or not _known(piece):
                continue
            known = best[end]
            if known is None or len(head) + 1 < len(known):
                best[end] = [*head, piece]
    return best[-1] or [word]


class _Words(dict[str, str]):
    """Every word met, with its standard writing; a new one is worked out once."""

    def __missing__(self, word: str) -> str:
        found = self[word] = _settled(word)
        return found


def _settled(word: str) -> str:
    """``_standard`` until nothing changes, so that a second normalising finds all as it should be."""
    if word in ("?", "!", "@dinas", "@orang"):
        return word
    word = word.strip("-'@")
    if not word:
        return ""
    for _ in range(6):
        parts = [_standard(part) for part in word.split(" ")]
        again = " ".join(part for part in parts if part)
        if again == word:
            break
        word = again
    return word


def _standard(word: str) -> str:
    """One step from a word towards its standard writing."""
    lexicon = _lexicon()
    if word in lexicon:
        return lexicon[word]
    if word.isalpha():
        return word if word in _vocabulary() else _unstretched(word)
    if not any(letter.isalpha() for letter in word):
        return "0"
    if "-" in word or "'" in word:
        return _compound(word)
    return _with_digits(word)


def _unstretched(word: str) -> str:
    """ "bangeeet" → "banget", "rusakk" → "rusak"; a known word is looked for first."""
    short = _TWICE.sub(r"\1", word)
    if short != word and _known(short):
        return short
    double = _THRICE.sub(r"\1\1", word)
    if _known(double):
        return double
    return _THRICE.sub(r"\1", word)


def _compound(word: str) -> str:
    """Words joined by a hyphen or an apostrophe; "anak-anak" stays, "org-org" becomes "orang-orang"."""
    left, mark, right = word.partition("-" if "-" in word else "'")
    first, second = _settled(left), _settled(right)
    if mark == "'" or not first or not second:
        joined = left + right
        return joined if mark == "'" else f"{first} {second}".strip()
    return f"{first} {second}" if " " in first + second or "0" in (first, second) else f"{first}-{second}"


def _with_digits(word: str) -> str:
    """ "j4l4n" → "jalan", "pohon2" → "pohon-pohon", "3bln" → "0 bln"."""
    letters = word.translate(_LEET)
    if letters.isalpha() and not word[-1].isdigit() and not word[0].isdigit() and _known(letters):
        return letters
    if word.endswith("2") and (base := word[:-1]).isalpha() and len(base) > 2:
        return f"{base}-{base}"
    parts = ["0" if part.isdigit() else part for part in _PARTS.findall(word)]
    return " ".join(parts).replace("0 x", "0 kali") or "0"


def _known(word: str) -> bool:
    return word in _lexicon() or word in _vocabulary()


@cache
def _words() -> _Words:
    return _Words()


@cache
def _lexicon() -> dict[str, str]:
    """Informal → standard, from the shipped table."""
    lines = files("classifiers").joinpath("data/lexicon.tsv").read_text("utf-8").splitlines()
    rows = csv.reader(
        (line for line in lines if not line.startswith("#")), delimiter="\t", quoting=csv.QUOTE_NONE
    )
    return {informal: standard for informal, standard, _ in rows}


@cache
def _vocabulary() -> frozenset[str]:
    """Words that stand as they are: the lexicon's right sides, plain words, and the names of places."""
    standard = {word for right in _lexicon().values() for word in right.split()}
    places = {
        word for entry in entries() for alias in entry.aliases for word in alias.split() if len(word) > 3
    }
    joined = {alias.replace(" ", "") for entry in entries() for alias in entry.aliases if len(alias) > 6}
    return frozenset(standard | places | joined | set(_STANDARD.split())) - _lexicon().keys()
