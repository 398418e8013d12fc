"""A unit's URC by e-mail: what, where, until when, and four links by which it answers.

Receiver: address (empty: Unit.urc_email); settings {"reply_to": "…"} where answers to the mail should go.
Once: every try carries the same Message-ID, made from the hand-off's key. A mail whose connection broke after it left
is not sent again by the machine, because no mail server promises to see that two are one.
"""

from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override

from cases.handoff.action_links import addresses
from cases.handoff.contract import Delivered, Failure, HandOffError
from cases.handoff.matter import matter_of
from cases.models import HandOff, HandOffState, Receiver, ReceiverSort
from channels import mail
from channels.contract import ChannelError, Probe


class UnitMail:
    sort = ReceiverSort.UNIT.value
    knows_key = False

    def __init__(self) -> None:
        self._message: EmailMultiAlternatives | None = None

    def prepare(self, handoff: HandOff, now: datetime) -> bytes:
        """Make the links and the message; its text is what the try's hash is of."""
        if not mail.configured():
            raise HandOffError(_("Surel belum diatur pada pemasangan ini."), Failure.CREDENTIALS)
        self._message = message_of(handoff, now)
        return str(self._message.body).encode()

    def deliver(self, handoff: HandOff, now: datetime) -> Delivered:
        made = self._message or message_of(handoff, now)
        accepted = mail.send(made)
        name = made.extra_headers["Message-ID"]
        return Delivered(proof={"message_id": name, "answer": accepted.answer, "server": accepted.server})

    def probe(self, receiver: Receiver) -> Probe:
        """Whether the mail server takes our sign-in, and the receiver has an address."""
        try:
            address = address_of(receiver)
            server = mail.probe()
        except ChannelError as error:
            return Probe(False, str(error))
        said = _("Server surel %(server)s dapat dipakai; surel akan dikirim ke %(address)s.")
        return Probe(True, said % {"server": server, "address": address})


def address_of(receiver: Receiver) -> str:
    """Where its mail goes. Raises HandOffError where it has no address, or one that is none."""
    address = receiver.address or (receiver.unit.urc_email if receiver.unit else "")
    if not address:
        said = _("%(name)s belum mempunyai alamat surel. Hubungi lewat telepon, lalu tandai di sini.")
        raise HandOffError(said % {"name": receiver.name}, Failure.CREDENTIALS)
    try:
        validate_email(address)
    except ValidationError as error:
        said = _("Alamat surel %(name)s tidak sah: %(address)s")
        raise HandOffError(said % {"name": receiver.name, "address": address}, Failure.CREDENTIALS) from error
    return address


def message_of(handoff: HandOff, now: datetime) -> EmailMultiAlternatives:
    """The whole message. The same hand-off gives the same one, apart from limits that moved meanwhile."""
    with override("id"):
        matter = matter_of(handoff.case)
        context = {
            "matter": matter,
            "handoff": handoff,
            "links": addresses(handoff, now),
            "days": settings.ANSWERING["handoff"]["link_days"],
            "purpose": handoff.purpose,
        }
        message = EmailMultiAlternatives(
            subject=_subject(handoff),
            body=render_to_string("handoff/mail.txt", context, using="jinja2"),
            from_email=settings.DEFAULT_FROM_EMAIL,
            to=[address_of(handoff.receiver)],
            headers=_headers(handoff),
            reply_to=[reply] if (reply := handoff.receiver.settings.get("reply_to", "")) else None,
        )
        message.attach_alternative(
            render_to_string("handoff/mail.html", context, using="jinja2"), "text/html"
        )
    return message


def _subject(handoff: HandOff) -> str:
    case = handoff.case
    lead = {
        "emergency": _("DARURAT"),
        "update": _("Kabar baru"),
        "reopen": _("Dibuka lagi"),
    }.get(handoff.purpose, "")
    again = _("pengingat %(round)s") % {"round": handoff.round} if handoff.round > 1 else ""
    what = ", ".join(filter(None, (matter_of(case).topic, case.place))) or _("laporan warga")
    said = " · ".join(filter(None, (lead, again, f"{case.number}: {what}")))
    return " ".join(said.split())[:150]


def _headers(handoff: HandOff) -> dict[str, str]:
    made = {
        "Message-ID": message_id(handoff),
        "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answers
        "X-Kentongan-Case": handoff.case.number,
        "X-Kentongan-Handoff": str(handoff.key),
    }
    if (first := _first(handoff)) is not None:
        made["In-Reply-To"] = made["References"] = message_id(first)
    if handoff.purpose == "emergency":
        made |= {"X-Priority": "1", "Importance": "high"}
    return made


def _first(handoff: HandOff) -> HandOff | None:
    """The mail that began the thread at this receiver; None where this is it."""
    rows = HandOff.objects.filter(case=handoff.case_id, receiver=handoff.receiver_id, pk__lt=handoff.pk)
    return rows.exclude(state=HandOffState.CANCELLED).order_by("pk").first()


def message_id(handoff: HandOff) -> str:
    """The same for every try: what a mail system knows a second copy by. Short, so that the header is not folded."""
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(" >") or "kentongan.invalid"
    return f"<{handoff.key.hex}@{host}>"
