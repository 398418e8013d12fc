"""What Meta's webhooks say: the signature, and a body taken apart into changes. Pure: values in, values out.

A delivery is {"object", "entry": [{"id", "time", "changes": [{"field", "value"}]}]}. It has no number and no order,
may come twice, and holds up to 1,000 changes (Meta, Webhooks, read 2026-10).
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from channels.reading import mapping, optional

#: Objects that are told of, and the channel that each belongs to.
OBJECTS = {"page": "facebook", "instagram": "instagram"}
_IDS = ("post_id", "comment_id", "parent_id", "photo_id", "video_id", "media_id", "id")
#: What goes into an address later: an id of Meta's holds nothing else.
_ID = re.compile(r"[0-9A-Za-z_-]{1,100}")
_WORD = re.compile(r"[a-z_]{1,40}")
_TIME = re.compile(r"[0-9T:.+Z-]{1,40}")


@dataclass(frozen=True, slots=True)
class Change:
    """One change that a webhook told of, without the words and the names in it."""

    channel: str
    owner: str  #: page id, or the Instagram account's Graph id
    field: str
    value: dict[str, str]  #: ids, verb, item and time only
    key: str  #: the same for the same change told again


def signed(raw: bytes, signature: str, secrets: Iterable[str]) -> bool:
    """Whether one of the app secrets made ``signature`` ("sha256=…") over the very bytes of the body."""
    given = signature.encode("utf-8", "replace")
    found = False
    for secret in secrets:
        made = hmac.new(secret.encode("utf-8", "replace"), raw, hashlib.sha256).hexdigest()
        # An empty secret would let anybody sign.
        found |= bool(secret) and hmac.compare_digest(given, f"sha256={made}".encode())
    return found


def same_token(given: str, tokens: Iterable[str]) -> bool:
    """Whether ``given`` is one of the verify tokens, in constant time; an empty token is none."""
    said = given.encode("utf-8", "replace")
    found = False
    for token in tokens:
        found |= bool(token) and hmac.compare_digest(said, token.encode("utf-8", "replace"))
    return found


def changes(raw: bytes) -> tuple[list[Change], int]:
    """The changes in a body, each once, and how much of it could not be read. Never raises."""
    try:
        body = mapping(json.loads(raw))
    except (ValueError, RecursionError):
        return [], 1
    name = optional(body.get("object")) or ""
    entries = body.get("entry")
    if name not in OBJECTS or not isinstance(entries, list):
        return [], 1
    found: dict[str, Change] = {}
    odd = 0
    for entry in map(mapping, entries):
        owner, rows = optional(entry.get("id")), entry.get("changes")
        if owner is None or not isinstance(rows, list):
            odd += 1
            continue
        for row in rows:
            change = _change(name, owner, mapping(row))
            if change is None:
                odd += 1
            else:
                found[change.key] = change
    return [*found.values()], odd


def _change(name: str, owner: str, row: dict[str, Any]) -> Change | None:
    field, value = row.get("field"), row.get("value")
    if not isinstance(field, str) or not _WORD.fullmatch(field) or not isinstance(value, dict):
        return None
    try:
        whole = json.dumps([name, owner, field, value], sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        return None
    key = hashlib.sha256(whole.encode("ascii")).hexdigest()
    return Change(OBJECTS[name], owner, field, _minimised(value), key)


def _minimised(value: dict[str, Any]) -> dict[str, str]:
    """Ids, verb, item and time. The thing itself is read later; a person's number and name are not needed."""
    wanted = dict.fromkeys(_IDS, _ID) | {"verb": _WORD, "item": _WORD, "created_time": _TIME}
    kept = {
        name: said
        for name, shape in wanted.items()
        if (said := optional(value.get(name))) and shape.fullmatch(said)
    }
    # Instagram's comments name their media as an object.
    above = optional(mapping(value.get("media")).get("id"))
    if above and _ID.fullmatch(above) and "media_id" not in kept:
        kept["media_id"] = above
    return kept
