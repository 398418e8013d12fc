"""OAuth 1.0a, HMAC-SHA1 (RFC 5849), as a server checks it.

The base string is made of the original https URL: a client that is led to the loopback port still signs
``https://api.twitter.com/...``.
"""

import base64
import hashlib
import hmac
from urllib.parse import quote, unquote

from simulator.identity import X
from simulator.wire import Call


def _quote(text: str) -> str:
    return quote(text, safe="-._~")


def parse(header: str) -> dict[str, str]:
    """``OAuth a="b", c="d"`` -> ``{"a": "b", "c": "d"}``."""
    pairs = (item.partition("=") for item in header.removeprefix("OAuth ").split(","))
    return {unquote(k.strip()): unquote(v.strip().strip('"')) for k, _, v in pairs}


def signature(call: Call, oauth: dict[str, str], consumer_secret: str, token_secret: str) -> str:
    signed = [(k, v) for k, v in oauth.items() if k not in ("oauth_signature", "realm")]
    signed += call.query_pairs
    if call.type == "application/x-www-form-urlencoded":
        signed += call.form_pairs
    normal = "&".join(f"{k}={v}" for k, v in sorted((_quote(k), _quote(v)) for k, v in signed))
    url = f"https://{call.host}{call.raw_path or call.path}"
    base = "&".join(_quote(part) for part in (call.method.upper(), url, normal))
    key = f"{_quote(consumer_secret)}&{_quote(token_secret)}"
    return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()).decode()


def valid(call: Call, x: X) -> bool:
    oauth = parse(call.headers.get("authorization", ""))
    if oauth.get("oauth_consumer_key") != x.consumer_key or oauth.get("oauth_token") != x.access_token:
        return False
    if oauth.get("oauth_signature_method") != "HMAC-SHA1":
        return False
    expected = signature(call, oauth, x.consumer_secret, x.access_token_secret)
    return hmac.compare_digest(expected, oauth.get("oauth_signature", ""))
