"""After a token was renewed: the account goes on where it stopped, and its webhook is read back.

Nothing of its history is lost: sources keep their cursors, so the first pass reads what was said since the stop and
closes the gap.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from channels.contract import ChannelError, Failure
from channels.models import Account, Kind
from channels.subscription import FIELDS, subscribe_fields, subscribed_fields
from ledger.chain import record
from ledger.wake import wake
from monitor.models import Brake, Source


@transaction.atomic
def resume(account: Account, now: datetime) -> int:
    """Let an account with new credentials go on at once; gives how many of its sources had been stopped.

    A source that fails for another reason keeps its time, and a rest asked for by the platform is ended only where
    the account was stopped: a rate limit that still holds sets it again at the first call.
    """
    stopped = Source.objects.filter(account=account, failure=Failure.CREDENTIALS)
    ids = list(stopped.values_list("pk", flat=True))
    troubled = Account.objects.filter(pk=account.pk).exclude(trouble="").update(trouble="")
    if not ids and not troubled:
        return 0
    Source.objects.filter(pk__in=ids).update(failure="", trouble="", due_at=None)
    if ids:
        Brake.objects.filter(account=account).delete()
    record("account.renewed", f"account:{account.pk}", at=now, sources=len(ids))
    for pk in ids:
        wake("hear", str(pk))
    return len(ids)


def renewal(account: Account, now: datetime) -> list[str]:
    """Resume ``account`` and read its webhook subscription back; gives what was done, as sentences."""
    count = resume(account, now)
    said = []
    if count:
        words = {"account": account.name, "count": count}
        said.append(
            _("%(account)s: %(count)d sumber dilanjutkan dari tempatnya berhenti; celahnya dibaca.") % words
        )
    page = _page_of(account)
    return said + ([] if page is None else [read_back(page)])


def read_back(page: Account) -> str:
    """Read what the Page's webhook is subscribed to, subscribe what is missing, and say so."""
    words = {"account": page.name, "fields": ", ".join(FIELDS)}
    try:
        known = subscribed_fields(page)
        missing = [name for name in FIELDS if name not in known]
        if missing:
            subscribe_fields(page, known | set(FIELDS))
            missing = [name for name in FIELDS if name not in subscribed_fields(page)]
            words["fields"] = ", ".join(missing or FIELDS)
            if not missing:
                return _("%(account)s: langganan webhook diperbarui (%(fields)s).") % words
            return _("%(account)s: langganan webhook tetap tanpa %(fields)s.") % words
    except ChannelError as error:
        words["why"] = str(error)
        return _("%(account)s: langganan webhook tidak dapat dibaca: %(why)s") % words
    return _("%(account)s: langganan webhook lengkap (%(fields)s).") % words


def uses_webhooks(page: Account) -> bool:
    """Whether the installation has what receiving Meta's notifications needs."""
    return page.channel == Kind.FACEBOOK and bool(page.secret("app_secret") and page.secret("verify_token"))


def _page_of(account: Account) -> Account | None:
    """The Page whose subscription tells of ``account``; None where nothing is told of it."""
    if account.channel == Kind.FACEBOOK:
        pages = [account]
    elif account.channel == Kind.INSTAGRAM:
        pages = list(Account.objects.filter(channel=Kind.FACEBOOK, enabled=True))
    else:
        pages = []
    return next((page for page in pages if page.enabled and uses_webhooks(page)), None)
