"""Reading a stretch of time again because a person asks for it.

The cursor is put back to before the stretch and one ordinary pass follows: with its lease, its budget and its unique
key, so asking twice stores nothing twice, and a crash in between leaves a cursor from which the next pass reads.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels.rewind import rewound
from ledger.chain import record
from ledger.models import Person
from ledger.wake import wake
from monitor.budget import STREAM, refusal
from monitor.coverage import retention
from monitor.hear import hear
from monitor.models import Brake, Gap, GapState, Source


class CannotBackfill(Exception):
    """Celah ini tidak dapat dibaca ulang sekarang."""


@dataclass(frozen=True, slots=True)
class Backfilled:
    """What came of reading a stretch again."""

    new: int
    trouble: str  #: why the pass did not come to its end; "" when it did
    lost_until: datetime | None  #: before this the platform gives nothing any more; None: nothing is lost
    filled: bool  #: the source has no open gap now
    still_lost: bool = False  #: part of the stretch counts as lost, which no reading proves otherwise
    planned: bool = False  #: the engine reads it with its next pass; nothing has been read yet

    @property
    def sentence(self) -> str:
        """For a person: how much was new, and what became of the gap."""
        if self.planned:
            return _("Mesin menyusulkannya lewat pencarian pada bacaan berikutnya.")
        count = ngettext("%(count)d sebutan baru.", "%(count)d sebutan baru.", self.new) % {"count": self.new}
        if self.trouble:
            return f"{count} " + _("Belum lengkap: %(why)s") % {"why": self.trouble}
        if self.lost_until is not None or self.still_lost:
            return f"{count} " + _("Yang lebih lama tidak diberikan platform lagi dan tercatat hilang.")
        return f"{count} " + _("Celah tertutup.") if self.filled else count


def backfill(
    source_id: int, since: datetime | None, until: datetime, now: datetime, person: Person | None = None
) -> Backfilled:
    """Read ``source_id`` again from ``since`` on (None: from the beginning).

    Raises CannotBackfill with a sentence when it cannot be done now, or when the platform no longer gives any of it.
    """
    source = Source.objects.select_related("account").get(pk=source_id)
    _check(source, since, until, now)
    lost_until = _lost_until(source, since, now)
    if lost_until is not None and until <= lost_until:
        raise CannotBackfill(_nothing_left(source))
    start = since if lost_until is None else lost_until
    _put_back(source, start, now)
    if source.via == STREAM:
        # Its pass holds a connection open for minutes: that is the engine's to do, which catches up by search first.
        Source.objects.filter(pk=source.pk).update(due_at=None)
        wake("hear", str(source.pk))
        return Backfilled(0, "", lost_until, filled=False, planned=True)
    heard = hear(source.pk, now)
    if heard is None:
        raise CannotBackfill(_("Sumber ini sedang dibaca. Coba lagi sebentar lagi."))
    record(
        "source.backfilled",
        f"source:{source.pk}",
        actor=person,
        at=now,
        since=since.isoformat() if since else None,
        until=until.isoformat(),
        new=heard.new,
    )
    still_open = Gap.objects.filter(source=source, state=GapState.OPEN).exists()
    return Backfilled(heard.new, heard.trouble, lost_until, not still_open, _still_lost(source, since, until))


def _check(source: Source, since: datetime | None, until: datetime, now: datetime) -> None:
    if not (source.enabled and source.account.enabled):
        raise CannotBackfill(_("Sumber atau akunnya dimatikan. Nyalakan dulu."))
    if since is not None and since >= until:
        raise CannotBackfill(_("Awal celah harus sebelum akhirnya."))
    if since is not None and since > now:
        raise CannotBackfill(_("Awal celah belum terjadi."))
    brake = Brake.objects.filter(account=source.account_id, until__gt=now).first()
    if brake is not None:
        raise CannotBackfill(_("Akun ini sedang beristirahat: %(why)s") % {"why": brake.why})
    if (no_money := refusal(source, now)) is not None:
        raise CannotBackfill(str(no_money))


def _lost_until(source: Source, since: datetime | None, now: datetime) -> datetime | None:
    """Up to when the platform gives nothing any more, where the stretch begins before that."""
    reach = retention(source)
    if reach is None or since is None or since >= now - reach:
        return None
    return now - reach


def _nothing_left(source: Source) -> str:
    hours = (retention(source) or timedelta()) / timedelta(hours=1)
    if hours < 48:
        return _(
            "Platform hanya memberi %(count)d jam terakhir dari sumber ini; celah ini sudah lewat dan hilang."
        ) % {"count": hours}
    return _(
        "Platform hanya memberi %(count)d hari terakhir dari sumber ini; celah ini sudah lewat dan hilang."
    ) % {"count": hours // 24}


def _still_lost(source: Source, since: datetime | None, until: datetime) -> bool:
    lost = Gap.objects.filter(Q(since__lt=until) | Q(since__isnull=True), source=source, state=GapState.LOST)
    return (lost if since is None else lost.filter(until__gt=since)).exists()


def _put_back(source: Source, since: datetime | None, now: datetime) -> None:
    """The cursor to before the stretch, unless somebody reads the source right now."""
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    cursor = rewound(source.account.channel, source.cursor, since)
    if not Source.objects.filter(free, pk=source.pk, fence=source.fence).update(cursor=cursor):
        raise CannotBackfill(_("Sumber ini sedang dibaca. Coba lagi sebentar lagi."))
