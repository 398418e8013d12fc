"""The image card of an announcement: one JPEG, 1080 × 1350 (4:5, the tallest that Instagram takes)."""

import hashlib
import io
import textwrap
from datetime import datetime
from functools import cache, lru_cache

from django.conf import settings
from font_source_sans_pro import SourceSansProSemibold
from PIL import Image, ImageDraw, ImageFont

from channels.contract import ChannelError, Failure
from channels.models import Account, Kind
from channels.registry import upload_image
from publisher.kinds import kinds
from publisher.media import fitted
from publisher.models import Announcement

SIZE = (1080, 1350)
_GROUND, _INK, _ACCENT, _PALE = "#0f3d38", "#ffffff", "#7fd1c1", "#cfe8e2"


def draw(title: str, lines: list[str], reference: str) -> bytes:
    """The card as JPEG bytes. The same words give the same bytes."""
    return _drawn(title, tuple(lines), reference)


@lru_cache(maxsize=32)  # asked for again at once: uploaded, then proven by its hash
def _drawn(title: str, lines: tuple[str, ...], reference: str) -> bytes:
    image = Image.new("RGB", SIZE, _GROUND)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, SIZE[0], 16), fill=_ACCENT)
    pen.text((90, 110), settings.CITY["office"], font=_font(34), fill=_ACCENT)
    top = _paragraph(pen, title, 90, 240, size=74, width=24, fill=_INK, most=7)
    for line in lines:
        top = _paragraph(pen, line, 90, top + 34, size=42, width=42, fill=_PALE, most=3)
    pen.line((90, 1210, 990, 1210), fill=_ACCENT, width=3)
    pen.text((90, 1240), f"Call Center {settings.CITY['hotline']}", font=_font(36), fill=_INK)
    pen.text((990, 1240), reference, font=_font(36), fill=_PALE, anchor="ra")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    return out.getvalue()


def card_of(announcement: Announcement) -> bytes:
    """The card of one announcement, from its title and its short fields."""
    kind = kinds().get(announcement.kind)
    lines = kind.card_lines(announcement.fields) if kind else []
    return draw(announcement.title, lines, announcement.reference)


def public_address(announcement: Announcement, alt: str, now: datetime | None = None) -> str:
    """Where the picture for Instagram can be fetched: the media library of the first official website.

    It is the announcement's picture with its own words, made fit; without one, the card with ``alt``. ``now``: a
    picture whose last day is over is refused. The file's name is a hash of its content, so uploading again after
    a crash finds the first copy.
    """
    if announcement.card_url:
        return announcement.card_url
    site = Account.objects.filter(channel=Kind.WEBSITE, enabled=True).order_by("id").first()
    if site is None:
        raise ChannelError(
            "Instagram memerlukan gambar di alamat umum, tetapi belum ada situs web yang aktif.",
            Failure.REFUSED,
        )
    if announcement.picture is not None:
        data, _type = fitted(announcement.picture, Kind.INSTAGRAM, now)
        name, alt = "gambar", announcement.picture.alt
    else:
        data, name = card_of(announcement), "kartu"
    address = upload_image(site, f"{name}-{hashlib.sha256(data).hexdigest()[:20]}.jpg", data, alt)
    Announcement.objects.filter(pk=announcement.pk, version=announcement.version).update(card_url=address)
    return address


def _paragraph(
    pen: ImageDraw.ImageDraw, text: str, left: int, top: int, *, size: int, width: int, fill: str, most: int
) -> int:
    """Draw wrapped text; gives the y below it."""
    wrapped = textwrap.wrap(_drawable(text), width)
    if len(wrapped) > most:
        wrapped = [*wrapped[: most - 1], wrapped[most - 1][: width - 1] + "…"]
    for line in wrapped:
        pen.text((left, top), line, font=_font(size), fill=fill)
        top += int(size * 1.25)
    return top


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """Source Sans Pro from its package: Pillow's own font lacks dashes and quotation marks."""
    return ImageFont.truetype(SourceSansProSemibold, size)


def _drawable(text: str) -> str:
    """``text`` without what the font cannot draw (emoji); an empty box on a card says nothing."""
    return " ".join("".join(letter for letter in text if ord(letter) < 0x2600).split())
