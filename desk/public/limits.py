"""How often a public page may be asked: counted in Django's cache, by address and by what is asked for.

With the cache of one process (Django's default) each process counts for itself; the limits are far below what could
guess a code even so. What is kept is a keyed hash of the address, for an hour at most.
"""

import hashlib
import hmac

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest


def address(request: HttpRequest) -> str:
    """Whence the request came; behind a proxy of the house uvicorn has already put the citizen's address here."""
    return str(request.META.get("REMOTE_ADDR", ""))


def spent(what: str, key: str, most: int) -> bool:
    """Whether ``key`` has used up its ``most`` tries of ``what``."""
    return int(cache.get(_name(what, key), 0)) >= most


def count(what: str, key: str, seconds: int) -> None:
    """One more try; the count is forgotten ``seconds`` after the first one."""
    name = _name(what, key)
    if not cache.add(name, 1, seconds):
        try:
            cache.incr(name)
        except ValueError:  # it ran out just now
            cache.add(name, 1, seconds)


def _name(what: str, key: str) -> str:
    digest = hmac.new(settings.SECRET_KEY.encode(), f"{what}:{key}".encode(), hashlib.sha256).hexdigest()
    return f"limit:{what}:{digest[:32]}"
