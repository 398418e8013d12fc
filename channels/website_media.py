"""The media library of a WordPress site: one picture is there once, and with its words for those who cannot see."""

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, urlsplit

from channels.contract import ChannelError, Failure, Picture
from channels.reading import identifier, listing, mapping, optional, same_words
from channels.website_rest import Rest

_FIELDS = "id,source_url,alt_text"


def place(rest: Rest, picture: Picture, alt: str) -> tuple[int, str]:
    """Put ``picture`` into the library unless it is there by its name; gives its number and public address.

    The name comes from the hash of its content. Alt text that is missing or differs is set, also on a picture that
    was found: a crash between an upload and its words leaves no picture without them. Raises ChannelError.
    """
    medium = _found(rest, picture.name) or _uploaded(rest, picture)
    address = optional(medium.get("source_url"))
    if not address:
        raise ChannelError("Pustaka media situs tidak menyebut alamat gambar.", Failure.UNKNOWN)
    number = identifier(medium.get("id"))
    if alt and not same_words(optional(medium.get("alt_text")) or "", alt):
        rest.write("POST", f"/wp/v2/media/{number}", json={"alt_text": alt})
    return int(number), address


def _found(rest: Rest, name: str) -> dict[str, Any] | None:
    stem = name.rsplit(".", 1)[0]
    rows = rest.read("/wp/v2/media", search=stem, per_page=100, _fields=_FIELDS)
    for row in map(mapping, listing(rows)):
        address = optional(row.get("source_url"))
        # The search also gives names that only contain ours; "-scaled" is a picture over 2,560 pixels.
        if address and PurePosixPath(urlsplit(address).path).stem in (stem, f"{stem}-scaled"):
            return row
    return None


def _uploaded(rest: Rest, picture: Picture) -> dict[str, Any]:
    # The raw body, not a form: PHP limits files in forms to 2 MB unless told otherwise (upload_max_filesize).
    headers = {
        "Content-Type": picture.media_type,
        "Content-Disposition": f'attachment; filename="{quote(picture.name)}"',
    }
    return rest.write("POST", "/wp/v2/media", data=picture.data, headers=headers)
