"""Signatures of what is told between us and a receiver: HMAC-SHA256 over time and body, with named keys.

    X-Kentongan-Timestamp: 1795489200                  seconds since 1970 (UTC), at signing
    X-Kentongan-Nonce: 5b0c…                           new with every message
    X-Kentongan-Signature: k2=9f86d0…, k1=1b4f0e…      name of the key = HMAC-SHA256(key, signed), hexadecimal

signed is "<timestamp>.<nonce>." and the body's bytes. During a rotation the receiver has two keys, and what we send
carries both signatures; one that fits is enough. A message whose time is more than `[outside] window` seconds (five
minutes) from ours is not taken: it may be a replay.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings

TIME, NONCE, SIGNATURE = "X-Kentongan-Timestamp", "X-Kentongan-Nonce", "X-Kentongan-Signature"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,20}")
_NONCE = re.compile(r"[A-Za-z0-9_-]{8,80}")


class Unsigned(Exception):
    """Tanda tangan pesan ini tidak sah."""


def keys_of(secrets_: Mapping[str, str]) -> dict[str, str]:
    """The keys of a receiver by their names, the present one first: {"k2": "…", "k1": "…"}; {} without any.

    Stored in Receiver.sealed as key and key_id, and during a rotation old_key and old_key_id.
    """
    found = {}
    for key, name in (("key", "key_id"), ("old_key", "old_key_id")):
        if value := secrets_.get(key, ""):
            found[secrets_.get(name, "") or name] = value
    return found


def new_key() -> str:
    """256 random bits, as text that can be copied."""
    return secrets.token_urlsafe(32)


def headers(keys: Mapping[str, str], body: bytes, now: datetime, nonce: str) -> dict[str, str]:
    """The three headers for ``body``."""
    time = str(int(now.timestamp()))
    signed = ", ".join(f"{name}={_sign(key, time, nonce, body)}" for name, key in keys.items())
    return {TIME: time, NONCE: nonce, SIGNATURE: signed}


def check(keys: Mapping[str, str], body: bytes, given: Mapping[str, str], now: datetime) -> str:
    """Give the nonce of a message that was signed with one of ``keys`` just now. Raises Unsigned."""
    time, nonce = given.get(TIME, ""), given.get(NONCE, "")
    if not (time.isascii() and time.isdigit() and len(time) < 12 and _NONCE.fullmatch(nonce)):
        raise Unsigned
    if abs(now.timestamp() - int(time)) > float(settings.ANSWERING["outside"]["window"]):
        raise Unsigned
    for name, signature in _signatures(given.get(SIGNATURE, "")):
        key = keys.get(name, "")
        if key and hmac.compare_digest(_sign(key, time, nonce, body), signature):
            return nonce
    raise Unsigned


def _signatures(header: str) -> list[tuple[str, str]]:
    parts = [part.strip().partition("=") for part in header[:2000].split(",")]
    return [(name, value.lower()) for name, _eq, value in parts if _NAME.fullmatch(name) and value.isascii()]


def _sign(key: str, time: str, nonce: str, body: bytes) -> str:
    return hmac.new(key.encode(), f"{time}.{nonce}.".encode() + body, hashlib.sha256).hexdigest()
