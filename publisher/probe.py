"""Whether an account can be spoken through now."""

from channels.contract import ChannelError, Probe
from channels.models import Account
from channels.registry import open_channel


def probe(account: Account) -> Probe:
    """The channel's own answer as a sentence."""
    try:
        found = open_channel(account).probe()
    except ChannelError as error:
        return Probe(False, str(error), {"failure": error.failure.value, "code": error.code})
    if found.ok and account.trouble:
        Account.objects.filter(pk=account.pk).update(trouble="")
    return found
