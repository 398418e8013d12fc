"""Saluran: how each account is, and whether it works now."""

from datetime import datetime

from django.contrib import messages
from django.db.models import Max, Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from channels.contract import ChannelError, Probe
from channels.models import Account
from channels.models import Kind as ChannelKind
from desk.access import StaffRequest, needs
from desk.frame import page
from ledger.life import last_beat
from ledger.roles import Role
from monitor.access import expiry_level, expiry_sentence, note_expiry
from monitor.alarms import ACCOUNTS, standing
from monitor.hear import probe as probe_hearing
from monitor.models import Source
from monitor.renew import resume
from publisher.probe import probe as probe_speaking


@needs()
@require_safe
def channels(request: StaffRequest) -> HttpResponse:
    sources = Source.objects.filter(enabled=True)
    spoken = Account.objects.exclude(channel=ChannelKind.INTAKE)  # the desks are no channels to look after
    rows = spoken.prefetch_related(Prefetch("sources", sources)).annotate(
        last_published=Max("deliveries__published_at")
    )
    now = timezone.now()
    alarms = [alarm for alarm in standing() if alarm.family != "hearing"]
    cards = [
        {
            "account": account,
            "missing": _missing(account),
            "token": _token(account, now),
            "alarms": [alarm for alarm in alarms if alarm.account_id == account.pk],
        }
        for account in rows.order_by("id")
    ]
    context = {
        "section": "channels",
        "cards": cards,
        "house": [alarm for alarm in alarms if alarm.account_id is None],
        "looked_at": last_beat(ACCOUNTS),
    }
    return page(request, "desk/channels.html", context)


@needs(Role.ADMINISTRATOR)
@require_POST
def test(request: StaffRequest, key: str) -> HttpResponse:
    """Ask the channel now whether the account can be read and spoken through."""
    account = get_object_or_404(Account.objects.exclude(channel=ChannelKind.INTAKE), key=key)
    answers = [(_("Menayangkan"), probe_speaking(account))]
    if account.channel != ChannelKind.FEED:
        heard = probe_hearing(account)
        answers.insert(0, (_("Mendengar"), heard))
        if heard.ok:
            resume(account, timezone.now())
    note_expiry(account)
    if request.htmx:
        return render(request, "desk/_probe.html", {"answers": answers})
    for word, answer in answers:
        _tell(request, f"{account.name}. {word}: {answer.sentence}", answer)
    return redirect(f"{reverse('channels')}#{account.key}")


def _tell(request: StaffRequest, sentence: str, answer: Probe) -> None:
    (messages.success if answer.ok else messages.error)(request, sentence)


def _token(account: Account, now: datetime) -> dict[str, str] | None:
    """When the account's token ends, and the hue of it; None when it does not end, or nobody knows."""
    if account.expires_at is None:
        return None
    level = expiry_level(account.expires_at, now)
    hue = "green" if level is None else "red" if level == 0 else "amber"
    return {"hue": hue, "sentence": expiry_sentence(account.expires_at, now)}


def _missing(account: Account) -> list[str]:
    """Names of the secrets that the account lacks, or the sentence why they cannot even be read."""
    try:
        return account.missing_secrets()
    except ChannelError as error:
        return [str(error)]
