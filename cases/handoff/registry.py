"""Which file speaks to which sort of receiver. Imported when one is needed: mail and HTTP libraries are heavy."""

from typing import cast

from django.utils.translation import gettext as _

from cases.handoff.contract import Handing, HandOffError
from cases.models import Receiver, ReceiverSort
from channels.contract import Failure, Probe


def handing_of(sort: str) -> Handing:
    """A fresh instance for one step of one hand-off. Raises HandOffError for a sort that this version lacks."""
    match sort:
        case ReceiverSort.UNIT:
            from cases.handoff.unit_mail import UnitMail

            return UnitMail()
        case ReceiverSort.WEBHOOK:
            from cases.handoff.webhook import Webhook

            return Webhook()
        case ReceiverSort.APPRISE:
            from cases.handoff.apprise_message import AppriseMessage

            return AppriseMessage()
        case ReceiverSort.LAPOR:
            from cases.handoff.lapor import Lapor

            return cast(Handing, Lapor())
        case ReceiverSort.CALL_CENTER:
            from cases.handoff.call_center import CallCenter

            return cast(Handing, CallCenter())
        case ReceiverSort.PPID:
            from cases.handoff.ppid_desk import PpidDesk

            return cast(Handing, PpidDesk())
        case ReceiverSort.OPEN311:
            from cases.handoff.open311 import Open311

            return cast(Handing, Open311())
    raise HandOffError(_("Jenis penerima ini tidak dikenal: %(sort)s.") % {"sort": sort}, Failure.CREDENTIALS)


def probe(receiver: Receiver) -> Probe:
    """Whether a receiver could be reached now. Never raises; nothing of a case is sent."""
    try:
        ask = getattr(handing_of(receiver.sort), "probe", None)
        if ask is None:
            return Probe(True, _("Penerima ini dilayani petugas; tidak ada yang diuji."))
        return cast(Probe, ask(receiver))
    except HandOffError as error:
        return Probe(False, str(error))
