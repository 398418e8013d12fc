"""The proof photo of a case on its way into a reply: from the case's public attachments into the media library."""

import io
from datetime import datetime

from django.utils.translation import gettext as _

from cases import attachments
from cases.models import AttachmentRole, Case
from cases.refusal import NotAllowed
from ledger.models import Person
from publisher.inspection import Unusable
from publisher.media import add, describe
from publisher.models import MediaItem


def picture_of(case: Case, person: Person, now: datetime) -> MediaItem | None:
    """The newest public proof that has words for those who cannot see it; None where none can be used."""
    proofs = case.attachments.filter(role=AttachmentRole.PROOF, public=True, media_type__startswith="image/")
    found = proofs.exclude(alt="").order_by("-id").first()
    if found is None:
        return None
    try:
        item, _new = add(io.BytesIO(attachments.open_file(found)), found.name, person, now)
        if not item.alt:
            rights = _("Foto bukti kasus %(number)s") % {"number": case.number}
            describe(item, person, now, alt=found.alt, rights=rights, expires_on=None)
    except (Unusable, NotAllowed, OSError):  # the reply goes out without it; the status page shows it
        return None
    return item
