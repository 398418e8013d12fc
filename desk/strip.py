"""The calm strips above every page: what keeps the city from hearing or speaking, a pause, a waiting emergency."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases.emergencies import unseen_by
from desk.times import spoken
from ledger.models import Heartbeat, Person
from ledger.roles import Role
from monitor.alarms import Weight, standing
from publisher.models import Announcement, AnnouncementState, Pause
from publisher.pause import in_force

#: The clock says every ten seconds that it lives; after this long without a word it is called silent.
_SILENT_AFTER = timedelta(seconds=60)

#: Alarms that the coverage page explains; the others stand on the page of the channels.
_ON_COVERAGE = ("gap:", "silent:", "deaf:", "late")


@dataclass(frozen=True, slots=True)
class Strip:
    """What a strip says. It stands while what it tells of holds, and cannot be sent away."""

    lead: str  #: the first words, strong: "2 gangguan", "Masa berkabung"
    sentence: str  #: the worst of them
    page: str  #: name of the address where more is told
    word: str  #: of the link to it
    hue: str  #: "red" for what stops us, "amber" for the rest


def strips(
    now: datetime, person: Person, roles: frozenset[Role], *, reads_coverage: bool, reads_announcements: bool
) -> list[Strip]:
    """What cannot wait for ``person``, the gravest first; [] on a good day."""
    speaking = (_emergency(), _pause(now)) if reads_announcements else (None, None)
    emergency, pause = speaking
    found = (_unseen(now, person, roles), emergency, _alarms(now, reads_coverage=reads_coverage), pause)
    return [one for one in found if one is not None]


def _unseen(now: datetime, person: Person, roles: frozenset[Role]) -> Strip | None:
    """Citizens in danger whom nobody has said to have seen. One query, by the index of the ladder."""
    found = unseen_by(person, roles)
    if not found:
        return None
    lead = ngettext(
        "%(count)s darurat warga belum dilihat", "%(count)s darurat warga belum dilihat", len(found)
    )
    oldest = found[0]
    said = {"number": oldest.number, "place": oldest.place or _("tempat belum jelas")}
    said["when"] = spoken(oldest.opened_at, now)
    sentence = _("%(number)s, %(place)s, %(when)s.") % said
    return Strip(lead % {"count": len(found)}, sentence, "clocks", _("Lihat dan nyatakan"), "red")


def _emergency() -> Strip | None:
    """An emergency that waits for approval. One query."""
    rows = Announcement.proper.filter(urgent=True, state=AnnouncementState.SUBMITTED)
    titles = list(rows.order_by("changed_at").values_list("title", flat=True)[:20])
    if not titles:
        return None
    lead = ngettext(
        "%(count)s darurat menunggu persetujuan", "%(count)s darurat menunggu persetujuan", len(titles)
    )
    return Strip(lead % {"count": len(titles)}, titles[0], "emergencies", _("Lihat darurat"), "red")


def _pause(now: datetime) -> Strip | None:
    """A pause in force. One query."""
    pauses = list(in_force(now)[:20])
    if not pauses:
        return None
    first = next((one for one in pauses if one.mourning), pauses[0])
    many = ngettext("%(count)s jeda berlaku", "%(count)s jeda berlaku", len(pauses)) % {"count": len(pauses)}
    lead = _("Masa berkabung") if first.mourning else many
    return Strip(lead, _until(first, now), "pauses", _("Lihat jeda"), "amber")


def _until(pause: Pause, now: datetime) -> str:
    if pause.ends_at is None:
        return pause.reason
    return _("%(reason)s, sampai %(when)s") % {"reason": pause.reason, "when": spoken(pause.ends_at, now)}


def _alarms(now: datetime, *, reads_coverage: bool) -> Strip | None:
    """None on a good day. Two queries, on every page: the alarms were found by the engine (engine/watch.py)."""
    alarms = standing()
    silence = _silence(now)
    if not alarms and not silence:
        return None
    worst = alarms[0] if alarms else None
    about_hearing = worst is not None and worst.key.startswith(_ON_COVERAGE)
    heard = reads_coverage and not silence and about_hearing
    count = len(alarms) + bool(silence)
    return Strip(
        lead=ngettext("%(count)s gangguan", "%(count)s gangguan", count) % {"count": count},
        sentence=silence or (worst.sentence if worst else ""),
        page="coverage" if heard else "channels",
        word=_("Lihat liputan") if heard else _("Periksa saluran"),
        hue="red" if silence or (worst is not None and worst.weight >= Weight.ACCOUNT) else "amber",
    )


def _silence(now: datetime) -> str:
    """That the engine is not running, which it cannot say itself; "" while it runs, or never did."""
    beats = Heartbeat.objects.filter(name__in=("engine", "clock")).values_list("at", flat=True)
    last = max(beats, default=None)
    if last is None or last >= now - _SILENT_AFTER:
        return ""
    sentence = _("Mesin tidak bergerak sejak %(when)s: tidak ada yang didengar atau ditayangkan.")
    return sentence % {"when": spoken(last, now)}
