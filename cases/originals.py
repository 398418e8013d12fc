"""The original words of a case: who may see them, that it is noted who did, and when they are erased."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from cases.act import NotAllowed
from cases.models import ENDED, Case, State
from city.masks import mask
from ledger.chain import record
from ledger.models import Event, Person
from ledger.roles import Role, roles_of
from monitor.models import Original
from monitor.originals import CannotOpen, forget, read_original

_REASON = 200  #: characters of a reason: one short line
#: How the ledger calls a look at an original. The event holds the reason, never the words.
OPENED = "case.original_opened"


def has_original(case: Case) -> bool:
    return Original.objects.filter(mention=case.mention_id).exists()


def open_original(case: Case, person: Person, reason: str, now: datetime) -> str:
    """The words as they were before masking, for this once. Raises NotAllowed with a sentence.

    Who, when, which case and why stand in the ledger before anything is shown.
    """
    if Role.OFFICER not in roles_of(person):
        raise NotAllowed(_("Hanya petugas kasus yang dapat membuka nomor asli."))
    why = " ".join(reason.split())
    if not why:
        raise NotAllowed(_("Tulis untuk apa nomor itu diperlukan, satu kalimat pendek."))
    if len(why) > _REASON:
        raise NotAllowed(_("Alasan paling panjang %(count)d huruf.") % {"count": _REASON})
    with transaction.atomic():
        try:
            text = read_original(case.mention)
        except CannotOpen as error:
            raise NotAllowed(str(error)) from error
        if text is None:
            raise NotAllowed(_("Teks asli kasus ini sudah dihapus."))
        # A number that somebody types into the reason does not belong into the ledger either.
        record(OPENED, case.subject, actor=person, at=now, note=mask(why))
    return text


def looks(events: list[Event]) -> list[Event]:
    """Those of a case's events that tell who opened its original."""
    return [event for event in events if event.kind == OPENED]


def forget_unneeded(now: datetime) -> int:
    """Erase the originals that no case will need (dismissed, folded, reviewed as none), and those past their time."""
    # A second reading can still make it a complaint (classifiers/doubles.py).
    waits = ("awaits_review", "awaits_second", "awaits_case")
    decided = Q(**{f"mention__verdict__{name}": False for name in waits})
    # A review can be taken back for some seconds; until then nothing is decided.
    settled = Q(mention__verdict__case_from__isnull=True) | Q(mention__verdict__case_from__lte=now)
    unneeded = Q(decided, settled, mention__unjudged=False, mention__case__isnull=True)
    return forget(unneeded, needed=Q(mention__case__state__in=set(State) - ENDED), now=now)
