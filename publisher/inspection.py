"""What a file really is, told by its content; its name and what its sender says of it are never believed.

A picture is decoded and written anew, so that nothing of the camera (place, owner, thumbnail) and nothing hidden
behind it goes further. The same bytes give the same picture.
"""

import io
import json
import shutil
import struct
import subprocess
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _
from PIL import Image, ImageCms, ImageOps

#: Bytes of an uploaded picture, and of a film.
MOST_BYTES, MOST_FILM_BYTES = 20_000_000, 100_000_000
#: Pixels that are decoded at most (a phone's 50-megapixel photograph fits), and the shortest side of use.
MOST_PIXELS, LEAST_SIDE = 52_000_000, 200
#: The longest side that is kept; no channel shows more.
LONGEST_SIDE = 4096
#: Scans of a progressive JPEG: each costs a pass over all pixels, and ten are usual.
_MOST_SCANS = 64
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
#: What decoders raise on broken files; Pillow itself does not narrow it down.
_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    EOFError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
)


class Unusable(Exception):
    """Berkas ini tidak dapat dipakai."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """A picture fit to be kept, or what is known of a film."""

    media_type: str  #: "image/jpeg", "image/png" or "video/mp4"
    width: int  #: pixels as shown, after turning; 0: not known
    height: int
    data: bytes = b""  #: a picture, written anew; b"" for a film, which stays as it is
    seconds: float | None = None  #: of a film; None for a picture, or not known


def kind_of(head: bytes) -> str:
    """ "picture" or "film" by the first bytes (at least 16). Raises Unusable, saying what it seems to be instead."""
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")):
        return "picture"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "picture"
    if head[4:8] == b"ftyp":
        if head[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"hevc", b"avif"):
            raise Unusable(_("Foto HEIC atau AVIF belum dapat dibaca; simpan dulu sebagai JPEG."))
        return "film"
    raise Unusable(_seems(head))


def inspect_picture(data: bytes, least: int = LEAST_SIDE) -> Inspected:
    """A picture turned upright, in sRGB, without metadata, at most LONGEST_SIDE. Raises Unusable with a sentence.

    least: pixels of its shortest side at least.
    """
    if len(data) > MOST_BYTES:
        raise Unusable(_("Gambar ini lebih dari 20 MB; perkecil dulu."))
    if kind_of(data[:16]) != "picture":
        raise Unusable(_("Berkas ini bukan gambar."))
    if data[:2] == b"\xff\xd8" and data.count(b"\xff\xda") > _MOST_SCANS:
        raise Unusable(_("Gambar ini disusun tidak wajar; simpan ulang sebagai JPEG biasa."))
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            _refuse_size(opened, least)
            image = _clean(opened)
    except Image.DecompressionBombError as error:
        raise Unusable(_("Gambar ini terlalu besar; perkecil dulu.")) from error
    except _BROKEN as error:
        raise Unusable(_("Gambar ini rusak atau tidak lengkap; unggah lagi dari berkas aslinya.")) from error
    out = io.BytesIO()
    if image.mode == "RGBA":
        image.save(out, "PNG", optimize=False, compress_level=6)
        return Inspected("image/png", *image.size, out.getvalue())
    image.save(out, "JPEG", quality=92)
    return Inspected("image/jpeg", *image.size, out.getvalue())


def inspect_film(path: Path) -> Inspected:
    """Size and length of an MP4 film by ffprobe, where the machine has it. Raises Unusable with a sentence."""
    if path.stat().st_size > MOST_FILM_BYTES:
        raise Unusable(_("Film ini lebih dari 100 MB; perkecil dulu."))
    with path.open("rb") as file:
        if kind_of(file.read(16)) != "film":
            raise Unusable(_("Berkas ini bukan film MP4."))
    probe = shutil.which("ffprobe")
    if probe is None:
        return Inspected("video/mp4", 0, 0)
    return _probed(probe, path)


def _probed(probe: str, path: Path) -> Inspected:
    # Only files, only the container that it is said to be: a playlist must not make ffprobe fetch addresses.
    command = [probe, "-v", "error", "-protocol_whitelist", "file", "-f", "mov", "-print_format", "json"]
    command += ["-show_entries", "format=duration:stream=codec_type,width,height", str(path)]
    try:
        said = subprocess.run(command, capture_output=True, timeout=20, check=True, stdin=subprocess.DEVNULL)  # noqa: S603 - a fixed command; the path is ours
        told = json.loads(said.stdout[:100_000])
        pictures = [one for one in told.get("streams", []) if one.get("codec_type") == "video"]
        seconds = float(told["format"]["duration"])
        width, height = int(pictures[0]["width"]), int(pictures[0]["height"])
    except (subprocess.SubprocessError, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise Unusable(_("Film ini tidak dapat dibaca; simpan ulang sebagai MP4 (H.264).")) from error
    return Inspected("video/mp4", width, height, seconds=round(seconds, 2))


def _refuse_size(image: Image.Image, least: int) -> None:
    """By the header alone, before a single pixel is decoded."""
    width, height = image.size
    if width * height > MOST_PIXELS:
        said = _("Gambar ini terlalu besar (%(width)d × %(height)d piksel); perkecil dulu.")
        raise Unusable(said % {"width": width, "height": height})
    if min(width, height) < least:
        said = _(
            "Gambar ini terlalu kecil (%(width)d × %(height)d piksel); sisi terpendek paling sedikit %(least)d."
        )
        raise Unusable(said % {"width": width, "height": height, "least": least})
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        raise Unusable(_("Gambar bergerak tidak dapat dipakai; unggah sebagai gambar diam."))


def _clean(opened: Image.Image) -> Image.Image:
    """Pixels alone, RGB or RGBA, upright, in sRGB, on a fresh canvas that carries no metadata."""
    opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a large JPEG is already made smaller while it is read
    image = ImageOps.exif_transpose(opened)
    clear = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I"):  # 16 bit grey, which Pillow would cut off at 255 instead of scaling
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    image = _in_srgb(image, profile) if profile and not clear else image
    image = image.convert("RGBA" if clear else "RGB")
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    if clear and image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")
    canvas = Image.new(image.mode, image.size)
    canvas.paste(image)
    return canvas


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Colours by the picture's own profile; a profile that cannot be used is left out."""
    with suppress(ImageCms.PyCMSError, OSError, ValueError):
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        turned = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        return turned or image
    return image


def _seems(head: bytes) -> str:
    if head.startswith(b"%PDF"):
        return _("Ini berkas PDF; unggah gambarnya sebagai JPEG atau PNG.")
    if head.lstrip()[:1] == b"<":
        return _("Ini berkas teks (SVG atau HTML); unggah gambar sebagai JPEG atau PNG.")
    if head.startswith((b"BM", b"II*\x00", b"MM\x00*")):
        return _("Gambar BMP dan TIFF belum dapat dibaca; simpan dulu sebagai JPEG atau PNG.")
    return _("Isi berkas ini bukan gambar JPEG, PNG, WEBP, GIF, dan bukan film MP4.")
