"""A short message to a unit's group: Telegram, a WhatsApp gateway, ntfy and the like, by an Apprise address.

Receiver: sealed {"url": "tgram://TOKEN/CHAT"}. The message has no personal data and no words of the citizen: it
passes through a service outside the city. No such service knows a second try, so an unclear send is a person's.
"""

from datetime import datetime

from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import override

from cases.handoff.contract import Delivered, Failure, HandOffError
from cases.handoff.matter import matter_of
from cases.models import HandOff, Receiver, ReceiverSort
from channels import message
from channels.contract import ChannelError, Probe
from channels.vault import unlock


class AppriseMessage:
    sort = ReceiverSort.APPRISE.value
    knows_key = False

    def prepare(self, handoff: HandOff, now: datetime) -> bytes:
        message.opened(_url(handoff.receiver))
        return "\n".join(words(handoff)).encode()

    def deliver(self, handoff: HandOff, now: datetime) -> Delivered:
        title, body = words(handoff)
        message.send(_url(handoff.receiver), title, body)
        return Delivered(proof={"sent": True})

    def probe(self, receiver: Receiver) -> Probe:
        """Whether the address can be read; a message is not sent, because it would reach the group."""
        try:
            message.opened(_url(receiver))
        except ChannelError as error:
            return Probe(False, str(error))
        return Probe(True, _("Alamatnya dapat dibaca. Pesan uji tidak dikirim agar grup tidak terganggu."))


def words(handoff: HandOff) -> tuple[str, str]:
    """(title, text): number, matter, place, and the link to the desk."""
    with override("id"):
        matter = matter_of(handoff.case)
        lead = _("DARURAT") if handoff.purpose == "emergency" else _("Laporan warga")
        what = ", ".join(filter(None, (matter.topic, matter.place))) or _("topik dan tempat belum diketahui")
        due = (
            _("Tenggat: %(at)s") % {"at": f"{localtime(matter.limits[0].due_at):%d/%m/%Y %H.%M %Z}"}
            if matter.limits
            else ""
        )
        lines = filter(None, (what[:1].upper() + what[1:], due, matter.link))
        return f"{lead} {matter.number}", "\n".join(lines)


def _url(receiver: Receiver) -> str:
    url = unlock(bytes(receiver.sealed)).get("url", "")
    if not url:
        raise HandOffError(_("Alamat Apprise penerima ini belum diisi."), Failure.CREDENTIALS)
    return url
