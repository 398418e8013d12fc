"""What a link to one of our posts says about its id."""

import re

from channels.models import Kind

_PATTERNS = {
    Kind.X: re.compile(r"/status/(\d+)"),
    Kind.INSTAGRAM: re.compile(r"/(?:p|reel|tv)/([\w-]+)"),
}


def remote_id_in(channel: str, link: str) -> str:
    """The id under which hearing would meet the post again; "" where the link does not carry it.

    Facebook's links have several forms without the page's number; its own posts are known by their author.
    """
    pattern = _PATTERNS.get(Kind(channel))
    found = pattern.search(link) if pattern else None
    return found.group(1) if found else ""
