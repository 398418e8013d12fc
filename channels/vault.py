"""Tokens at rest: encrypted with a key derived from the installation's secret key (Fernet: AES-CBC + HMAC)."""

import base64
import hashlib
import json

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from channels.contract import ChannelError, Failure


def lock(secrets: dict[str, str]) -> bytes:
    """``secrets`` as one encrypted blob."""
    return _fernet().encrypt(json.dumps(secrets).encode())


def unlock(blob: bytes) -> dict[str, str]:
    """The secrets in ``blob``; {} for an empty one. Raises ChannelError when the key is another one."""
    if not blob:
        return {}
    try:
        opened: dict[str, str] = json.loads(_fernet().decrypt(blob))
    except InvalidToken as error:
        raise ChannelError(
            "Token tersimpan tidak dapat dibuka: kunci rahasia instalasi ini berbeda dari saat token disimpan. "
            "Masukkan lagi tokennya dengan `kentongan init`.",
            Failure.CREDENTIALS,
        ) from error
    return opened


def _fernet() -> Fernet:
    digest = hashlib.sha256(b"kentongan accounts 1:" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))
