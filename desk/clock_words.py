"""How a clock looks and what it says: a ring by its hue, what is left in words, and its events as sentences."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cases.clock_lists import Left, Running, Standing, nearest
from cases.clock_rules import Measure, names_of
from cases.models import Case, Gate
from desk.times import clock as time_of_day
from desk.times import zone

#: Hue and glyph of each standing; the word tells it too, so that nothing hangs on colour.
_LOOKS: dict[Standing, tuple[str, str]] = {
    Standing.AMPLE: ("green", "clock"),
    Standing.SOON: ("amber", "hourglass"),
    Standing.LATE: ("red", "warn"),
    Standing.PAUSED: ("grey", "minus"),
    Standing.MET: ("green", "check"),
    Standing.MISSED: ("red", "check"),
    Standing.VOID: ("grey", "cross"),
}


@dataclass(frozen=True, slots=True)
class Ring:
    """One clock as a page shows it (templates/desk/_clocks.html)."""

    running: Running
    hue: str
    glyph: str
    word: str  #: "3 hari kerja lagi", "terlambat 2 jam"
    gone: int  #: how much of the ring is full, 0 to 100


def ring(one: Running, now: datetime) -> Ring:
    """How a clock stands at ``now``."""
    standing = one.standing(now)
    hue, glyph = _LOOKS[standing]
    return Ring(one, hue, glyph, _word(one, standing, now), round(one.share(now) * 100))


def rings(running: Iterable[Running], now: datetime) -> list[Ring]:
    """Several of them, in their order."""
    return [ring(one, now) for one in running]


def nearest_rings(cases: Iterable[Case], now: datetime) -> dict[int, Ring]:
    """The ring of the duty that ends first, by case id; for lists, one query."""
    return {pk: ring(one, now) for pk, one in nearest([case.pk for case in cases]).items()}


def _word(one: Running, standing: Standing, now: datetime) -> str:
    left = one.left(now)
    match standing:
        case Standing.MET:
            return _("terpenuhi")
        case Standing.MISSED:
            return _("terpenuhi, terlambat")
        case Standing.VOID:
            return _("tidak berlaku lagi")
        case Standing.PAUSED:
            return one.clock.paused_why or _("berhenti sementara")
        case Standing.LATE:
            return _late(left)
        case _:
            return _until(one, left, now)


def _late(left: Left) -> str:
    if left.count:
        return _("terlambat %(span)s") % {"span": _span(left)}
    days = left.measure == Measure.WORKING_DAYS
    return _("terlambat kurang dari satu hari kerja") if days else _("terlambat, baru saja")


def _until(one: Running, left: Left, now: datetime) -> str:
    if left.measure == Measure.MINUTES or left.count:
        return _("%(span)s lagi") % {"span": _span(left)}
    same_day = one.clock.due_at.astimezone(zone()).date() == now.astimezone(zone()).date()
    at = time_of_day(one.clock.due_at)
    return _("hari ini sampai %(at)s") % {"at": at} if same_day else _("sampai %(at)s") % {"at": at}


def _span(left: Left) -> str:
    """A span in its own measure; minutes as hours from two hours on, and as days from two days on."""
    count = left.count
    if left.measure == Measure.WORKING_DAYS:
        return ngettext("%(count)d hari kerja", "%(count)d hari kerja", count) % {"count": count}
    if left.measure == Measure.CALENDAR_DAYS or count >= 2 * 1440:
        days = count if left.measure == Measure.CALENDAR_DAYS else count // 1440
        return ngettext("%(count)d hari", "%(count)d hari", days) % {"count": days}
    if count >= 120:
        return ngettext("%(count)d jam", "%(count)d jam", count // 60) % {"count": count // 60}
    return ngettext("%(count)d menit", "%(count)d menit", count) % {"count": count}


_CHANGES: tuple[tuple[str, Promise], ...] = (
    ("started", gettext_lazy("Tenggat mulai: %(names)s.")),
    ("met", gettext_lazy("Tenggat terpenuhi: %(names)s.")),
    ("missed", gettext_lazy("Tenggat terpenuhi, tetapi terlambat: %(names)s.")),
    ("void", gettext_lazy("Tenggat tidak berlaku lagi: %(names)s.")),
)
_ABOUT_RULES: dict[str, Promise] = {
    "clock.paused": gettext_lazy("Tenggat berhenti menunggu warga: %(names)s."),
    "clock.resumed": gettext_lazy("Tenggat berjalan lagi: %(names)s."),
    "clock.late": gettext_lazy("Tenggat lewat: %(names)s."),
    "clock.warned": gettext_lazy("Tenggat sudah dekat: %(names)s."),
    "clock.chosen": gettext_lazy("Petugas memilih tenggat: %(names)s."),
}
#: What decided the gate, by the event's "why".
_WHYS: dict[str, Promise] = {
    "urgency": gettext_lazy("karena isinya menyebut bahaya"),
    "authority": gettext_lazy("karena instansi lain yang berwenang"),
    "kind": gettext_lazy("menurut jenisnya"),
}


def told(kind: str, data: dict[str, Any]) -> str | None:
    """An event of clocks, gates and emergencies as a sentence; None for other kinds."""
    if kind == "clock.changed":
        return _changed(data)
    if kind in _ABOUT_RULES:
        keys = data.get("rules") or [data.get("rule") or data.get("new", "")]
        return str(_ABOUT_RULES[kind]) % {"names": names_of(keys)}
    if kind in ("case.gated", "case.gate_changed"):
        return _gated(kind, data)
    if kind == "case.escalated":
        counted = {"step": data.get("step", ""), "told": data.get("told", 0)}
        return _("Belum ada yang menyatakan melihat: langkah %(step)s, %(told)s penerusan baru.") % counted
    plain = {
        "case.acknowledged": _("Darurat sudah dilihat."),
        "case.unrouted": _("Darurat belum mendapat unit."),
    }
    return plain.get(kind)


def _changed(data: dict[str, Any]) -> str:
    said = [str(sentence) % {"names": names_of(data[name])} for name, sentence in _CHANGES if data.get(name)]
    return " ".join(said) or _("Tenggat berubah.")


def _gated(kind: str, data: dict[str, Any]) -> str:
    if kind == "case.gate_changed":
        return _("Jalur diubah dari “%(old)s” menjadi “%(new)s”.") % {
            "old": gate_word(data.get("old", "")),
            "new": gate_word(data.get("new", "")),
        }
    why = str(_WHYS.get(data.get("why", ""), ""))
    gate = gate_word(data.get("gate", ""))
    return _("Jalur: %(gate)s, %(why)s.") % {"gate": gate, "why": why} if why else _("Jalur ditentukan.")


def gate_word(gate: str) -> str:
    """What a way is called."""
    return str(Gate(gate).label) if gate in Gate.values else gate
