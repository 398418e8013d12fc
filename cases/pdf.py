"""Whether a PDF may be kept as it is: it is whole, can be looked into, and nothing in it acts by itself.

ISO 32000-1: names may be written with #xx (7.3.5), objects may lie in compressed object streams (7.5.7), actions are
named by their sort (12.6.4). A PDF that does not let itself be looked into is refused rather than trusted.
"""

import re
import zlib
from collections.abc import Iterator

from django.utils.translation import gettext as _

#: What runs, starts, sends or carries something. Long enough never to stand in a picture's bytes by chance.
_ACTS = re.compile(
    rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|Rendition|SubmitForm|ImportData|GoToE)(?![A-Za-z])"
)
#: These are too short for that, so they are looked for outside of the streams and in unpacked objects only.
_SCRIPT = re.compile(rb"/(?:JS|XFA)(?![A-Za-z])")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM = re.compile(rb"stream\r?\n")
#: Bytes that one object stream may unpack to, and all together: a bomb stops there.
_MOST_UNPACKED, _MOST_TOGETHER = 20_000_000, 60_000_000


class _Unreadable(Exception):
    """Something that cannot be looked into."""


def objection(data: bytes) -> str:
    """Why the file cannot be kept, as a sentence; "" when it can."""
    if (
        not re.match(rb"%PDF-[12]\.\d", data)
        or b"%%EOF" not in data[-2048:]
        or b"startxref" not in data[-4096:]
    ):
        return _("Berkas PDF ini rusak atau tidak lengkap; simpan ulang sebagai PDF.")
    if b"/Encrypt" in _named(data):
        return _("PDF ini terkunci kata sandi; lampirkan yang tidak terkunci.")
    try:
        acts = _ACTS.search(_named(data)) or any(map(_acting, (_outside(data), *_unpacked(data))))
    except _Unreadable:
        return _("PDF ini tidak dapat diperiksa; simpan ulang sebagai PDF biasa.")
    return (
        _("PDF ini memuat skrip, tindakan atau berkas di dalamnya; simpan ulang tanpa itu.") if acts else ""
    )


def _acting(part: bytes) -> bool:
    named = _named(part)
    return bool(_ACTS.search(named) or _SCRIPT.search(named))


def _named(data: bytes) -> bytes:
    """With names written out: /J#61vaScript is /JavaScript."""
    return _ESCAPED.sub(lambda hit: bytes([int(hit[1], 16)]), data) if b"#" in data else data


def _streams(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(begin of what stands before, begin, end) of each stream's bytes, in order."""
    before = 0
    while hit := _STREAM.search(data, before):
        end = data.find(b"endstream", hit.end())
        end = len(data) if end < 0 else end
        yield before, hit.end(), end
        before = end


def _outside(data: bytes) -> bytes:
    """All but the bytes of the streams."""
    parts, last = [], 0
    for before, begin, end in _streams(data):
        parts.append(data[before:begin])
        last = end
    return b" ".join([*parts, data[last:]])


def _unpacked(data: bytes) -> Iterator[bytes]:
    """The object streams, unpacked. Raises _Unreadable for one that is packed in another way than usual."""
    together = 0
    for before, begin, end in _streams(data):
        head = _named(data[before:begin])
        head = head[head.rfind(b" obj") :]
        if b"/ObjStm" not in head:
            continue
        if b"/FlateDecode" not in head and b"/Filter" in head:
            raise _Unreadable
        found = _inflated(data[begin:end]) if b"/Filter" in head else data[begin:end]
        together += len(found)
        if together > _MOST_TOGETHER:
            raise _Unreadable
        yield found


def _inflated(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        found = unpacking.decompress(packed, _MOST_UNPACKED)
    except zlib.error as error:
        raise _Unreadable from error
    if unpacking.unconsumed_tail:
        raise _Unreadable
    return found
