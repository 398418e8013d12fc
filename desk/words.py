"""What kinds, topics, states and events are called on the screen, and by which sign they are known."""

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models import Incident, IncidentState, State
from channels.models import Kind as ChannelKind
from classifiers.core.authority import name_of
from classifiers.core.urgency import Level
from classifiers.models import DecisionChoice, KindChoice
from ledger.models import Event
from publisher.models import AnnouncementState, DeliveryState


@dataclass(frozen=True, slots=True)
class Sign:
    """How one state looks: a hue of desk.css, a glyph of glyphs.svg and a word."""

    hue: str
    glyph: str
    word: str


#: Hue and glyph of every state that has a chip, by the family it belongs to.
_LOOKS: dict[str, dict[str, tuple[str, str]]] = {
    "announcement": {
        AnnouncementState.DRAFT: ("grey", "pencil"),
        AnnouncementState.SUBMITTED: ("amber", "hourglass"),
        AnnouncementState.APPROVED: ("teal", "stamp"),
        AnnouncementState.SCHEDULED: ("teal", "clock"),
        AnnouncementState.PUBLISHING: ("blue", "arrow"),
        AnnouncementState.PUBLISHED: ("green", "check"),
        AnnouncementState.PARTLY_PUBLISHED: ("amber", "half"),
        AnnouncementState.REJECTED: ("red", "back"),
        AnnouncementState.CANCELLED: ("grey", "cross"),
    },
    "delivery": {
        DeliveryState.PLANNED: ("teal", "clock"),
        DeliveryState.CLAIMED: ("blue", "arrow"),
        DeliveryState.SENDING: ("blue", "arrow"),
        DeliveryState.PUBLISHED: ("green", "check"),
        DeliveryState.REFUSED: ("red", "cross"),
        DeliveryState.RETRYING: ("amber", "repeat"),
        DeliveryState.UNKNOWN: ("violet", "question"),
        DeliveryState.NEEDS_PERSON: ("red", "person"),
        DeliveryState.CANCELLED: ("grey", "cross"),
    },
    "case": {
        State.RECEIVED: ("amber", "dot"),
        State.VERIFIED: ("teal", "stamp"),
        State.ASSIGNED: ("blue", "person"),
        State.IN_PROGRESS: ("blue", "arrow"),
        State.ANSWERED: ("teal", "bubble"),
        State.CLOSED: ("green", "check"),
        State.NOT_OURS: ("grey", "signpost"),
        State.DUPLICATE: ("grey", "twins"),
        State.REJECTED: ("red", "cross"),
    },
    "incident": {
        IncidentState.OPEN: ("blue", "arrow"),
        IncidentState.CLOSED: ("green", "check"),
        IncidentState.MERGED: ("grey", "twins"),
    },
    "decision": {
        DecisionChoice.FORWARD: ("teal", "arrow"),
        DecisionChoice.REVIEW: ("amber", "eye"),
        DecisionChoice.DISMISS: ("grey", "minus"),
    },
}
_WORDS: dict[str, Any] = {
    "announcement": AnnouncementState,
    "delivery": DeliveryState,
    "case": State,
    "incident": IncidentState,
    "decision": DecisionChoice,
}

#: What presses has a chip; what does not, and what was never judged, has none.
_PRESSING: dict[str, tuple[str, str, Promise]] = {
    Level.EMERGENCY: ("red", "warn", gettext_lazy("darurat")),
    Level.SOON: ("amber", "clock", gettext_lazy("segera")),
}

#: The kinds in the order of the review keys 1 to 5.
KEYS: dict[str, str] = {kind.value: str(place) for place, kind in enumerate(KindChoice, start=1)}

_TOPICS: dict[str, Promise] = {
    "jalan_trotoar": gettext_lazy("jalan dan trotoar"),
    "banjir_drainase": gettext_lazy("banjir dan drainase"),
    "sampah": gettext_lazy("sampah"),
    "lampu_jalan_pju": gettext_lazy("lampu jalan"),
    "lalu_lintas_parkir": gettext_lazy("lalu lintas dan parkir"),
    "adminduk": gettext_lazy("administrasi kependudukan"),
    "kesehatan": gettext_lazy("kesehatan"),
    "pendidikan": gettext_lazy("pendidikan"),
    "air_pdam": gettext_lazy("air bersih"),
    "listrik": gettext_lazy("listrik"),
    "ketertiban_keamanan": gettext_lazy("ketertiban dan keamanan"),
    "transportasi_umum": gettext_lazy("transportasi umum"),
    "sosial_bansos": gettext_lazy("bantuan sosial"),
    "pohon_taman": gettext_lazy("pohon dan taman"),
    "perizinan": gettext_lazy("perizinan"),
    "telekomunikasi": gettext_lazy("telekomunikasi"),
    "layanan_aplikasi": gettext_lazy("aplikasi layanan"),
    "lain": gettext_lazy("lain-lain"),
}


def sign(family: str, state: str) -> Sign:
    """The chip of one state: ``family`` is announcement, delivery, case, incident or decision."""
    hue, glyph = _LOOKS[family][state]
    return Sign(hue, glyph, str(_WORDS[family](state).label))


def pressing(urgency: str) -> Sign | None:
    """The chip of ``Verdict.urgency``; None where nothing presses."""
    if urgency not in _PRESSING:
        return None
    hue, glyph, word = _PRESSING[urgency]
    return Sign(hue, glyph, str(word))


def authority_word(key: str) -> str:
    """Who is responsible by ``Verdict.authority``; "" where nothing tells, or for a key that the table lost."""
    try:
        return "" if key in ("", "unknown") else name_of(key)
    except KeyError:
        return ""


def kind_word(kind: str) -> str:
    """What a kind is called; a post without a judgement has its own word."""
    return str(KindChoice(kind).label) if kind else _("belum dinilai")


def topic_word(topic: str) -> str:
    """What a topic is called; "" for none, and a topic this version does not know as it stands."""
    return str(_TOPICS.get(topic, topic.replace("_", " ")))


def incident_name(incident: Incident) -> str:
    """What an incident is called: its topic and place in the language of the page."""
    named = ", ".join(filter(None, (topic_word(incident.topic), incident.place)))
    return named[:1].upper() + named[1:] or _("Kejadian %(number)s") % {"number": incident.pk}


def channel_word(channel: str) -> str:
    """What a channel is called."""
    return str(ChannelKind(channel).label)


def told(event: Event) -> str:
    """One event of the ledger as a sentence without its actor and time."""
    data = event.data
    match event.kind:
        case "case.opened":
            return _("Kasus %(number)s dibuka.") % {"number": data.get("number", "")}
        case "case.moved":
            return _("Dari “%(old)s” menjadi “%(new)s”.") % {
                "old": State(data["old"]).label,
                "new": State(data["new"]).label,
            }
        case "mention.reviewed":
            return _reviewed(data)
        case "mention.read_again":
            return _("Dibaca lagi orang lain: %(kind)s.") % {"kind": kind_word(data.get("kind", ""))}
        case "announcement.edited":
            return _("Naskah diubah (versi %(version)s).") % {"version": data.get("version", "")}
        case _:
            return str(_EVENTS.get(event.kind, event.kind))


_EVENTS: dict[str, Promise] = {
    "case.noted": gettext_lazy("Catatan petugas."),
    "case.gathered": gettext_lazy("Dikumpulkan dengan kasus lain tentang kejadian yang sama."),
    "incident.opened": gettext_lazy("Kejadian dimulai."),
    "incident.merged": gettext_lazy("Kejadian digabung."),
    "incident.split": gettext_lazy("Kejadian dipisah."),
    "incident.undone": gettext_lazy("Perubahan kejadian dibatalkan."),
    "incident.closed": gettext_lazy("Kejadian selesai."),
    "case.original_opened": gettext_lazy("Nomor asli dibuka."),
    "mention.edited": gettext_lazy("Kiriman diubah penulisnya."),
    "mention.erased": gettext_lazy("Kiriman tidak ada lagi di platformnya; isinya dihapus di sini juga."),
    "review.undone": gettext_lazy("Tinjauan ditarik kembali."),
    "reviews.held": gettext_lazy("Tinjauan ditahan sampai administrator memutuskan."),
    "reviews.released": gettext_lazy("Tinjauan yang ditahan boleh dipelajari."),
    "reviews.discarded": gettext_lazy("Tinjauan yang ditahan tidak akan dipelajari."),
    "model.trained": gettext_lazy("Versi model dilatih."),
    "model.promoted": gettext_lazy("Versi model dipakai."),
    "model.refused": gettext_lazy("Versi model ditolak."),
    "model.rolled_back": gettext_lazy("Kembali ke versi model sebelumnya."),
    "model.unusable": gettext_lazy("Berkas model tidak dapat dipakai."),
    "model.drifted": gettext_lazy("Yang terdengar bergeser dari biasanya."),
    "source.heard": gettext_lazy("Sumber dibaca."),
    "source.refused": gettext_lazy("Sumber tidak dapat dibaca."),
    "source.gap_opened": gettext_lazy("Celah terbuka."),
    "source.gap_filled": gettext_lazy("Celah tertutup."),
    "source.lost": gettext_lazy("Bagian yang tidak diberikan platform lagi tercatat hilang."),
    "source.backfilled": gettext_lazy("Celah dibaca ulang."),
    "alarm.started": gettext_lazy("Gangguan mulai."),
    "alarm.ended": gettext_lazy("Gangguan berakhir."),
    "account.renewed": gettext_lazy("Akun diperbarui; sumbernya dilanjutkan."),
    "account.session_imported": gettext_lazy("Sesi baca disimpan."),
    "account.session_forgotten": gettext_lazy("Sesi baca dihapus."),
    "announcement.drafted": gettext_lazy("Naskah dibuat."),
    "announcement.submitted": gettext_lazy("Diajukan untuk disetujui."),
    "announcement.approved": gettext_lazy("Disetujui."),
    "announcement.returned": gettext_lazy("Dikembalikan dengan catatan."),
    "announcement.scheduled": gettext_lazy("Dijadwalkan."),
    "announcement.cancelled": gettext_lazy("Dibatalkan."),
    "delivery.published": gettext_lazy("Tayang."),
    "delivery.confirmed": gettext_lazy("Petugas memastikan kiriman sudah tayang."),
    "delivery.sent_again": gettext_lazy("Petugas meminta dikirim lagi."),
    "delivery.changed": gettext_lazy("Keadaan penayangan berubah."),
}


def _reviewed(data: dict[str, Any]) -> str:
    decided, suggested = data.get("kind", ""), data.get("suggested", "")
    if suggested and suggested != decided:
        return _("Ditinjau: %(kind)s (mesin menyarankan %(suggested)s).") % {
            "kind": kind_word(decided),
            "suggested": kind_word(suggested),
        }
    return _("Ditinjau: %(kind)s.") % {"kind": kind_word(decided)}
