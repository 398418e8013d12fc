"""How long an account's token still lasts: asked of its platform, kept in the account, said in words."""

import math
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels.contract import Access, ChannelError
from channels.models import Account
from channels.registry import access_of

#: Days before its end on which a token is warned of, each time more urgently.
LEVELS = (14, 7, 1)
_DAY = timedelta(days=1)


def read_access(account: Account) -> Access | None:
    """Ask what the token may do and keep when it ends; None where there is no such question. Raises ChannelError."""
    found = access_of(account)
    if found is not None:
        Account.objects.filter(pk=account.pk).update(expires_at=found.expires_at)
    return found


def note_expiry(account: Account) -> None:
    """Keep when the account's token ends, where its platform can be asked now."""
    try:
        read_access(account)
    except ChannelError:
        return  # what the account's probe says of it is enough; the older date stays


def days_left(expires_at: datetime, now: datetime) -> int:
    """Days until a token ends, the begun one counted; 0 or less when it has ended."""
    return math.ceil((expires_at - now) / _DAY)


def expiry_level(expires_at: datetime | None, now: datetime) -> int | None:
    """The tightest of LEVELS that is reached, 0 when the token has ended, None while there is nothing to warn of."""
    if expires_at is None:
        return None
    if expires_at <= now:
        return 0
    return min((level for level in LEVELS if days_left(expires_at, now) <= level), default=None)


def expiry_sentence(expires_at: datetime, now: datetime) -> str:
    """When a token ends, in words."""
    if expires_at <= now:
        return _("Token sudah berakhir.")
    count = days_left(expires_at, now)
    return ngettext("Token berakhir dalam %(count)d hari.", "Token berakhir dalam %(count)d hari.", count) % {
        "count": count
    }


def expiry_warning(expires_at: datetime | None, now: datetime) -> str:
    """What to do about a token that ends within 14, 7 or 1 days, or has ended; "" while there is time, or no end."""
    level = expiry_level(expires_at, now)
    if level is None or expires_at is None:
        return ""
    advice = {
        14: _("Rencanakan pembaruannya."),
        7: _("Perbarui minggu ini."),
        1: _("Perbarui hari ini."),
        0: _("Sampai diperbarui, akun ini tidak terdengar dan tidak dapat menayangkan."),
    }
    return f"{expiry_sentence(expires_at, now)} {advice[level]}"
