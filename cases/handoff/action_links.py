"""Links in a mail by which a unit answers without signing in: each works once, for some days, and only by a button.

Opening a link changes nothing, because mail scanners open every link. A token has 256 bits and is not kept: it
follows from the installation's key and the hand-off, so that a second try is the same mail; stored is its digest.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from cases import attachments
from cases.handoff import answers
from cases.models import ENDED, ActionLink, AttachmentRole, HandOff
from cases.refusal import NotAllowed

ACTIONS = ("accept", "refuse", "progress", "done")
_STATE = {"accept": "accepted", "refuse": "refused", "progress": "in_progress", "done": "done"}
_ROLE = {"progress": AttachmentRole.PROGRESS, "done": AttachmentRole.PROOF}
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Photo:
    """An uploaded file as it came."""

    name: str
    data: bytes


class Gone(NotAllowed):
    """The link was used, or its time is over. The sentence says what to do."""


def addresses(handoff: HandOff, now: datetime) -> dict[str, str]:
    """A link for each action, made once for a hand-off; {} while the installation has no public address."""
    if not settings.PUBLIC_URL:
        return {}
    ends = now + timedelta(days=settings.ANSWERING["handoff"]["link_days"])
    for action in ACTIONS:
        ActionLink.objects.get_or_create(
            handoff=handoff,
            action=action,
            defaults={"digest": _digest(_token(handoff, action)), "expires_at": ends},
        )
    made = {action: reverse("handoff_action", args=[_token(handoff, action)]) for action in ACTIONS}
    return {action: settings.PUBLIC_URL + path for action, path in made.items()}


def found(token: str) -> ActionLink | None:
    """The link of a token, used or not; None where there is none."""
    if not _TOKEN.fullmatch(token):
        return None
    rows = ActionLink.objects.select_related("handoff__case__mention", "handoff__receiver__unit")
    return rows.filter(digest=_digest(token)).first()


def standing(link: ActionLink, now: datetime) -> None:
    """Raises Gone where a link works no more, with the sentence for the unit."""
    if link.used_at is not None:
        raise Gone(_("Tautan ini sudah dipakai, dan jawabannya sudah tercatat."))
    if link.expires_at <= now:
        raise Gone(_("Masa berlaku tautan ini sudah habis."))
    if link.handoff.case.state in ENDED:
        raise Gone(_("Kasus ini sudah berakhir; tidak ada yang perlu dijawab lagi."))
    if not answers.still_theirs(link.handoff.case, link.handoff):
        raise Gone(_("Kasus ini tidak lagi ada pada unit Anda; jawaban di sini tidak akan sampai."))


def act(link: ActionLink, note: str, photo: Photo | None, now: datetime) -> None:
    """Do what the link is for. Raises NotAllowed with a sentence; then nothing is used up, and it can be tried again.

    The unit acts, not a person: nobody signed in.
    """
    standing(link, now)
    note = " ".join(note.split())
    if link.action == "refuse" and not note:
        raise NotAllowed(_("Tulis alasannya, agar kasus ini dapat diteruskan ke yang berwenang."))
    if link.action == "progress" and not note and photo is None:
        raise NotAllowed(_("Tulis perkembangannya, atau sertakan foto."))
    if link.action == "done" and not note:
        raise NotAllowed(
            _("Tulis apa yang sudah dikerjakan; kalimat ini menjadi dasar jawaban kepada warga.")
        )
    if len(note) > 1000:
        raise NotAllowed(_("Keterangan paling panjang 1.000 huruf."))
    with transaction.atomic():
        if not ActionLink.objects.filter(pk=link.pk, used_at__isnull=True).update(used_at=now):
            raise Gone(_("Tautan ini sudah dipakai, dan jawabannya sudah tercatat."))
        handoff = link.handoff
        if photo is not None and link.action in _ROLE:
            attachments.add(
                handoff.case,
                photo.data,
                photo.name,
                _ROLE[link.action],
                now,
                unit=handoff.receiver.unit,
                public=False,
                alt=note[:200],
            )
        answers.heard(handoff, _STATE[link.action], note, now, acknowledged=link.action != "refuse")


def _token(handoff: HandOff, action: str) -> str:
    words = f"kentongan action 1:{handoff.key}:{action}".encode()
    made = hmac.new(settings.SECRET_KEY.encode(), words, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
