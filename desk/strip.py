"""The one calm strip above every page while something keeps the city from hearing or speaking."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from desk.times import spoken
from ledger.models import Heartbeat
from monitor.alarms import Weight, standing

#: The clock says every ten seconds that it lives; after this long without a word it is called silent.
_SILENT_AFTER = timedelta(seconds=60)

#: Alarms that the coverage page explains; the others stand on the page of the channels.
_ON_COVERAGE = ("gap:", "silent:", "deaf:", "late")


@dataclass(frozen=True, slots=True)
class Strip:
    """What the strip says. It stands while an alarm holds and cannot be sent away."""

    count: int
    sentence: str  #: the worst of them
    page: str  #: name of the address where more is told
    word: str  #: of the link to it
    hue: str  #: "red" for what stops us, "amber" for the rest


def strip(now: datetime, *, reads_coverage: bool) -> Strip | None:
    """None on a good day. Two queries, on every page: the alarms were found by the engine (engine/watch.py)."""
    alarms = standing()
    silence = _silence(now)
    if not alarms and not silence:
        return None
    worst = alarms[0] if alarms else None
    about_hearing = worst is not None and worst.key.startswith(_ON_COVERAGE)
    heard = reads_coverage and not silence and about_hearing
    return Strip(
        count=len(alarms) + bool(silence),
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
