"""From a kept picture to one that a channel takes: smaller or with a border, never cropped.

Same picture, same channel, same bytes. Limits by the platforms' references, read 2026-10: Instagram JPEG only, up to
8 MB, ratio 4:5 to 1.91:1, width 320-1440; X JPG or PNG up to 5 MB; Facebook JPEG up to 10 MB, PNG best under 4 MB.
WordPress makes a second, "-scaled" copy of what is over 2,560 pixels.
"""

import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.utils.translation import gettext as _
from PIL import Image, ImageStat

from channels.models import Kind
from publisher.inspection import Unusable


@dataclass(frozen=True, slots=True)
class Limits:
    """What one channel takes."""

    name: str
    jpeg_bytes: int
    png_bytes: int = 0  #: 0: JPEG only
    longest: int = 4096  #: pixels of the longest side
    widest: int = 0  #: pixels of the width; 0: no limit of its own
    narrowest: int = 0
    lowest: float = 0.0  #: width by height at least
    highest: float = 0.0  #: width by height at most; 0: any ratio


LIMITS = {
    Kind.X: Limits("X", jpeg_bytes=5_000_000, png_bytes=5_000_000),
    Kind.FACEBOOK: Limits("Facebook", jpeg_bytes=10_000_000, png_bytes=4_000_000),
    Kind.INSTAGRAM: Limits(
        "Instagram", jpeg_bytes=8_000_000, widest=1440, narrowest=320, lowest=4 / 5, highest=1.91
    ),
    Kind.WEBSITE: Limits("situs web", jpeg_bytes=8_000_000, png_bytes=8_000_000, longest=2560),
}
_QUALITIES = (90, 82, 74, 66)


@lru_cache(maxsize=8)
def fit(path: Path, media_type: str, channel: str) -> tuple[bytes, str, str]:
    """(bytes, media type, note) of the kept picture at ``path`` for ``channel``.

    note: what was changed that a person would see, "" when nothing. Raises Unusable where the channel has no
    pictures or nothing fits. ``path`` names its content's hash, so remembering the answer is safe.
    """
    limits = LIMITS.get(Kind(channel))
    if limits is None:
        raise Unusable(_("Saluran ini tidak menayangkan gambar."))
    if not media_type.startswith("image/"):
        raise Unusable(_("Film belum dapat ditayangkan; pilih gambar."))
    with Image.open(path, formats=("JPEG", "PNG")) as image:
        image.load()
        shaped, padded = _padded(_sized(image, limits), limits)
        # Nothing to change: the kept bytes go out as they are.
        if shaped is image and path.stat().st_size <= _most(limits, media_type):
            return path.read_bytes(), media_type, ""
        data, made_type = _written(shaped, limits, media_type)
    notes = [_("diberi tepi agar seukuran yang diminta Instagram, tanpa dipotong")] if padded else []
    if made_type != media_type:
        notes.append(_("latar tembus pandang menjadi putih"))
    return data, made_type, "; ".join(notes)


def _most(limits: Limits, media_type: str) -> int:
    return limits.png_bytes if media_type == "image/png" else limits.jpeg_bytes


def _sized(image: Image.Image, limits: Limits) -> Image.Image:
    """Made smaller where it is too large, and larger where it is too narrow; the same object when it is right."""
    width, height = image.size
    scale = min(1.0, limits.longest / max(width, height))
    if limits.widest:
        # Instagram's widest frame counts: a tall picture gets borders at its sides up to 4:5.
        framed = max(width, height * limits.lowest)
        scale = min(scale, limits.widest / framed)
    if width * scale < limits.narrowest:
        scale = max(scale, min(limits.narrowest / width, limits.widest / max(width, height * limits.lowest)))
    if scale == 1.0:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _padded(image: Image.Image, limits: Limits) -> tuple[Image.Image, bool]:
    """With a border in the colour of its own edge where the ratio is outside the limits; and whether it has one."""
    width, height = image.size
    ratio = width / height
    if not limits.highest or limits.lowest <= ratio <= limits.highest:
        return image, False
    tall = ratio < limits.lowest
    size = (-(-height * 4 // 5), height) if tall else (width, -(-width * 100 // 191))
    flat = _flat(image)
    frame = Image.new("RGB", size, _edge(flat))
    frame.paste(flat, ((size[0] - width) // 2, (size[1] - height) // 2))
    return frame, True


def _written(image: Image.Image, limits: Limits, media_type: str) -> tuple[bytes, str]:
    """The best quality whose bytes fit; a smaller picture where none does."""
    if media_type == "image/png" and limits.png_bytes and image.mode == "RGBA":
        data = _saved(image, "PNG", compress_level=6)
        if len(data) <= limits.png_bytes:
            return data, "image/png"
    flat = _flat(image)
    while min(flat.size) >= max(limits.narrowest, 160):
        for quality in _QUALITIES:
            data = _saved(flat, "JPEG", quality=quality)
            if len(data) <= limits.jpeg_bytes:
                return data, "image/jpeg"
        flat = flat.resize((flat.width * 4 // 5, flat.height * 4 // 5), Image.Resampling.LANCZOS)
    said = _("Gambar ini tidak dapat dikecilkan untuk %(channel)s; pilih gambar lain.")
    raise Unusable(said % {"channel": limits.name})


def _saved(image: Image.Image, form: str, **options: int) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def _flat(image: Image.Image) -> Image.Image:
    """Without transparency, on white."""
    if image.mode != "RGBA":
        return image if image.mode == "RGB" else image.convert("RGB")
    ground = Image.new("RGB", image.size, "#ffffff")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _edge(image: Image.Image) -> tuple[int, int, int]:
    """The mean colour of the four edges."""
    width, height = image.size
    sides = [
        (0, 0, width, 1),
        (0, height - 1, width, height),
        (0, 0, 1, height),
        (width - 1, 0, width, height),
    ]
    means = [ImageStat.Stat(image.crop(side)).mean for side in sides]
    red, green, blue = (round(sum(values) / len(means)) for values in zip(*means, strict=True))
    return red, green, blue
