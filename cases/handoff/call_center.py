"""Call Center 1500444 as a receiver: by a signed webhook where it has one, else by a table that a person carries.

Receiver: address and sealed key as of cases/handoff/webhook.py; address "" where the call centre takes tables only
(cases/exchange.py gives and reads them). An emergency without a webhook is for the telephone.
"""

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from cases.handoff.contract import ByHand, Delivered
from cases.handoff.webhook import Webhook
from cases.models import HandOff, Receiver, ReceiverSort
from channels.contract import Probe


class CallCenter(Webhook):
    sort = ReceiverSort.CALL_CENTER.value

    def prepare(self, handoff: HandOff, now: datetime) -> bytes:
        _by_webhook(handoff)
        return super().prepare(handoff, now)

    def deliver(self, handoff: HandOff, now: datetime) -> Delivered:
        _by_webhook(handoff)
        return super().deliver(handoff, now)

    def probe(self, receiver: Receiver) -> Probe:
        if receiver.address:
            return super().probe(receiver)
        return Probe(True, _("Call center dilayani dengan tabel; tidak ada yang diuji."))


def _by_webhook(handoff: HandOff) -> None:
    """Raises ByHand where the call centre has no webhook."""
    if handoff.receiver.address:
        return
    if handoff.purpose == "emergency":
        said = _("Telepon %(hotline)s sekarang, lalu catat nomor tiketnya di sini.")
        raise ByHand(said % {"hotline": settings.CITY["hotline"]})
    raise ByHand(_("Sertakan dalam tabel berikutnya untuk call center, atau catat nomor tiketnya di sini."))
