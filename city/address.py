"""The piece of a text that a resident wrote as an address, word for word: "Jl. Melati 3 RT 04/07 blok C"."""

import re
from collections.abc import Iterator, Sequence

from city.stems import Stems, words

#: Words that end the name of a street: what happens there, not what it is called.
_ENDS = (
    "rusak|berlubang|bolong|lubang|yang|yg|ini|itu|sudah|sdh|udah|udh|mati|banjir|gelap|di|ke|dari|dr|dan|dg|dgn|dengan|"
    "sampai|smp|sampe|dekat|deket|dkt|depan|dpn|belakang|blkg|samping|sebelah|seberang|tolong|tlg|mohon|macet|parah|"
    "sepanjang|tepatnya|arah|menuju|antara|sebelum|setelah|ada|banyak|byk|tidak|tdk|gak|ga|belum|blm|kok|dong|min|pak|"
    "bu|kak|untuk|utk|karena|krn|saya|kami|lagi|terendam|tergenang|amblas|licin|hancur|jalan|jln|jl|mau|bisa|"
    "sering|selalu|masih|msh|sekitar|lampu|pju|sampah|kapan|kenapa|apa|pohon|ditutup|tutup|warga|kecelakaan|kebakaran|"
    "pagi|siang|sore|malam|kemarin|hari|tadi|barusan|sejak|penuh|bau|rt|rw|no|nomor|blok|kel|kec|kelurahan|kecamatan|gg|"
    "gang|km|sini|sana|situ|juga|jg|aja|saja|terus|trus|pas|gimana|bagaimana|orang|kaki|tol|raya|umum|tikus|nya|keluar|"
    "masuk|menyempit|dibongkar|kampung|perumahan|perum|komplek|biar|tengah|lingkungan|desa|utama|provinsi|nasional|"
    "protokol|baru|buntu|pintas|layang|alternatif|cor|coran|aspal|setapak|pulang|pergi|bareng|sendiri|santai|bekasi|kota|"
    "agar|segera|marah|gw|gue|gua|cuma|cuman|trs|kayak|kyk|saur|cc|kasih|ksh|oge|sisi|jalanan|via|mulai|harus|malah|buat|"
    "bikin|karna|soalnya|hingga|lewat|pake|pakai|kami|kita|saja|ya|nih|sih|deh|loh|lho|tuh|punya|mohon|mhn|lapor|info"
)
_WORD = rf"(?!(?:{_ENDS})\b)(?:[^\W_]{{1,2}}\.\s?)?[^\W_][\w'’/-]*"
_TITLE = r"(?:(?:raya|h\.?|kh\.?|ir\.?|dr\.?|jend\.?|letjen\.?|mayor|r\.?a\.?|prof\.?)[\s.]+)*"
_SIDE = r"(?:[ ]+(?:raya|utara|selatan|barat|timur)\b)?"
_NAME = rf"{_TITLE}{_WORD}(?:[ ]+{_WORD}){{0,2}}{_SIDE}"
_AREA = rf"{_WORD}(?:[ ]+{_WORD})?"
_NUMBERS = (
    r"rt\W{0,2}\d{1,3}(?:\W{0,3}rw\W{0,2}\d{1,3}|\s?/\s?\d{1,3})?|rw\W{0,2}\d{1,3}(?:\s?/\s?\d{1,3})?|"
    r"(?:no|nomor|nmr)\W{0,2}\d+[a-z]?\b|blo(?:k|ck)\W{0,2}[a-z]{0,2}\W?\d{0,3}(?:[/-]\d{1,3})?|km\W?\d+(?:[.,]\d+)?"
)
_PIECE = rf"""
    \b(?:j(?:l|ln|lan)\b\.?\s*(?:raya\s+)?{_NAME}
    |jalan\s+raya\s+{_NAME}
    |jalan\s+(?-i:(?=[A-Z])){_NAME}
    |g(?:g|ang)\b\.?\s*{_NAME}(?:\s+\d+)?
    |(?:perum|komp|kp)\b\.?\s*{_NAME}
    |(?:perumahan|komple[kx]s?|cluster|klaster|kampung|griya|rusunawa)\s+(?-i:(?=[A-Z0-9])){_NAME}
    |(?:kel|kec)\b\.?\s*{_AREA}
    |(?:kelurahan|kecamatan)\s+(?-i:(?=[A-Z])){_AREA}
    |{_NUMBERS})
"""
#: Read first, since most texts have none of these and the whole pattern is slow.
_CUES = Stems(
    [
        re.findall(
            r"\S+",
            "jl$ jln$ jlan$ jalan$ gg$ gang$ perum$ perumahan$ komp$ komplek$ kompleks$ komplex$ cluster$ klaster$ "
            "kp$ kampung$ griya$ rusunawa$ kel$ kec$ kelurahan$ kecamatan$ rt rw no$ nomor$ nmr$ blok block km$",
        )
    ]
)
_START = re.compile(
    r"\b(?=[jgpkcrnb])(?:j(?:l|ln|lan|alan)|g(?:g|ang|riya)|p(?:erum|erumahan)|k(?:omp|omple[kx]s?|laster|p|ampung|el|ec|elurahan|"
    r"ecamatan|m)|cluster|rusunawa|r[tw]\W{0,2}\d+|(?:no|nomor|nmr|blok|block)\b)",
    re.IGNORECASE,
)
_WHOLE = re.compile(rf"{_PIECE}(?:[\s,.;-]{{0,3}}(?:{_PIECE}))*", re.IGNORECASE | re.VERBOSE)


def find_address(text: str, folded_words: Sequence[str] | None = None) -> str | None:
    """The longest piece of ``text`` that reads as an address, as written; None when there is none.

    Not checked against any map. "jalan rusak" and "jalan kaki" are no addresses; "jalan Melati" needs its capital,
    since "jalan" is also a road in general and walking. ``folded_words``: its words in lower case, if at hand.
    """
    if not _CUES.numbers(words(text.lower()) if folded_words is None else folded_words):
        return None
    return max(_pieces(text), key=len, default=None)


def _pieces(text: str) -> Iterator[str]:
    end = 0
    for start in _START.finditer(text):
        hit = _WHOLE.match(text, start.start()) if start.start() >= end else None
        if hit:
            end = hit.end()
            yield hit[0].strip(" ,.;-")
