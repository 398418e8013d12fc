"""What kinds, topics, states and events are called on the screen, and by which sign they are known."""

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models import HandOffState, Incident, IncidentState, State
from cases.topics import TOPICS
from channels.models import Kind as ChannelKind
from classifiers.core.authority import name_of
from classifiers.core.urgency import Level
from classifiers.models import DecisionChoice, KindChoice
from desk.clock_words import told as told_of_clocks
from ledger.models import Event
from monitor.models import Mention
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
        AnnouncementState.RETRACTING: ("amber", "back"),
        AnnouncementState.RETRACTED: ("grey", "back"),
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
        DeliveryState.CORRECTED: ("grey", "pencil"),
        DeliveryState.RETRACTED: ("grey", "back"),
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
    "handoff": {
        HandOffState.PLANNED: ("teal", "clock"),
        HandOffState.CLAIMED: ("blue", "arrow"),
        HandOffState.SENDING: ("blue", "arrow"),
        HandOffState.RETRYING: ("amber", "repeat"),
        HandOffState.UNKNOWN: ("violet", "question"),
        HandOffState.DELIVERED: ("green", "check"),
        HandOffState.REFUSED: ("red", "cross"),
        HandOffState.NEEDS_PERSON: ("red", "person"),
        HandOffState.CANCELLED: ("grey", "cross"),
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
        DecisionChoice.FOLDED: ("grey", "twins"),
    },
}
_WORDS: dict[str, Any] = {
    "announcement": AnnouncementState,
    "delivery": DeliveryState,
    "case": State,
    "handoff": HandOffState,
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


def sign(family: str, state: str) -> Sign:
    """The chip of one state: ``family`` is announcement, delivery, case, incident or decision."""
    hue, glyph = _LOOKS[family][state]
    return Sign(hue, glyph, str(_WORDS[family](state).label))


def heard_sign(mention: Mention) -> Sign:
    """The chip of what became of a judged mention; an answer to us belongs to the case in whose thread it stands."""
    verdict = mention.verdict
    if verdict.decision == DecisionChoice.FOLDED and mention.copy_of_id is None:
        return Sign("blue", "cases", _("jawaban pada kasus"))
    return sign("decision", verdict.decision)


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
    return str(TOPICS.get(topic, topic.replace("_", " ")))


def incident_name(incident: Incident) -> str:
    """What an incident is called: its topic and place in the language of the page."""
    named = ", ".join(filter(None, (topic_word(incident.topic), incident.place)))
    return named[:1].upper() + named[1:] or _("Kejadian %(number)s") % {"number": incident.pk}


def channel_word(channel: str) -> str:
    """What a channel is called."""
    return str(ChannelKind(channel).label)


def outcome_word(outcome: str) -> str:
    """How one attempt ended; "" while it runs."""
    return str(_OUTCOMES.get(outcome, outcome))


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
        case "case.assigned" | "case.accepted" | "case.refused" | "case.ping_pong":
            return _routed(event.kind, data)
        case "mention.reviewed":
            return _reviewed(data)
        case "mention.read_again":
            return _("Dibaca lagi orang lain: %(kind)s.") % {"kind": kind_word(data.get("kind", ""))}
        case "announcement.edited":
            return _("Naskah diubah (versi %(version)s).") % {"version": data.get("version", "")}
        case "announcement.approved" | "announcement.approved_first":
            return _approved(data)
        case "pause.started" | "pause.ended" | "delivery.cleared":
            return _by_official(event.kind, data)
        case kind if kind in _HANDOFFS:
            said = str(_HANDOFFS[kind]) % {
                "receiver": data.get("receiver", ""),
                "state": remote_word(str(data.get("state", ""))),
            }
            return said
        case _:
            return told_of_clocks(event.kind, data) or str(_EVENTS.get(event.kind, event.kind))


#: What a hand-off is for, by HandOff.purpose.
_PURPOSES: dict[str, Promise] = {
    "assign": gettext_lazy("penugasan"),
    "emergency": gettext_lazy("darurat"),
    "update": gettext_lazy("kabar baru"),
    "reopen": gettext_lazy("dibuka lagi"),
}
#: What a receiver said, in our words (cases/handoff/answers.py); its own word stands where there is none.
_REMOTE: dict[str, Promise] = {
    "accepted": gettext_lazy("diterima"),
    "refused": gettext_lazy("ditolak"),
    "in_progress": gettext_lazy("dikerjakan"),
    "done": gettext_lazy("selesai"),
}
_HANDOFFS: dict[str, Promise] = {
    "handoff.planned": gettext_lazy("Diteruskan kepada %(receiver)s."),
    "handoff.delivered": gettext_lazy("Penerusan sampai pada %(receiver)s."),
    "handoff.needs_person": gettext_lazy("Penerusan kepada %(receiver)s menunggu petugas."),
    "handoff.cancelled": gettext_lazy("Penerusan kepada %(receiver)s dibatalkan."),
    "handoff.confirmed": gettext_lazy("Petugas memastikan penerusan sampai pada %(receiver)s."),
    "handoff.sent_again": gettext_lazy("Petugas meminta penerusan kepada %(receiver)s dikirim lagi."),
    "handoff.answered": gettext_lazy("%(receiver)s menjawab: %(state)s."),
}


def purpose_word(purpose: str) -> str:
    """What a hand-off is for."""
    return str(_PURPOSES.get(purpose, purpose))


def remote_word(state: str) -> str:
    """What a receiver said of a matter."""
    return str(_REMOTE.get(state, state))


_OUTCOMES: dict[str, Promise] = {
    "delivered": gettext_lazy("sudah sampai"),
    "by_hand": gettext_lazy("dibawa petugas"),
    "published": gettext_lazy("diterima"),
    "refused": gettext_lazy("ditolak"),
    "later": gettext_lazy("diminta menunggu"),
    "credentials": gettext_lazy("akses tidak berlaku"),
    "unknown": gettext_lazy("tidak jelas"),
    "absent": gettext_lazy("tidak sampai"),
}
_EVENTS: dict[str, Promise] = {
    "case.noted": gettext_lazy("Catatan petugas."),
    "case.information_requested": gettext_lazy("Permohonan informasi resmi didaftarkan."),
    "handoff.lapor_waits": gettext_lazy("Paket LAPOR belum dimasukkan; petugas diingatkan."),
    "ppid.registered": gettext_lazy("Permohonan didaftarkan; waktu jawaban berjalan."),
    "ppid.revealed": gettext_lazy("Data pemohon dibuka."),
    "ppid.assigned": gettext_lazy("Diteruskan ke PPID Pembantu."),
    "ppid.extended": gettext_lazy("Waktu jawaban diperpanjang 7 hari kerja."),
    "ppid.answered": gettext_lazy("Permohonan dijawab."),
    "ppid.refused": gettext_lazy("Permohonan ditolak dengan dasar hukum."),
    "ppid.objected": gettext_lazy("Keberatan didaftarkan."),
    "ppid.objection_answered": gettext_lazy("Keberatan ditanggapi."),
    "ppid.closed": gettext_lazy("Permohonan ditutup."),
    "ppid.mailed": gettext_lazy("Pemberitahuan dikirim ke surel pemohon."),
    "ppid.not_mailed": gettext_lazy("Surel pemberitahuan tidak terkirim."),
    "ppid.register_exported": gettext_lazy("Register diunduh dengan data pemohon."),
    "case.reopened": gettext_lazy("Dibuka kembali."),
    "case.insisted": gettext_lazy("Warga berulang kali menyatakan belum selesai."),
    "case.assignee": gettext_lazy("Petugas penanggung jawab diganti."),
    "case.held": gettext_lazy("Penghapusan ditahan karena kepentingan hukum."),
    "case.released": gettext_lazy("Penahanan penghapusan dilepas."),
    "case.merged": gettext_lazy("Digabung sebagai ganda ke kasus lain."),
    "case.duplicates": gettext_lazy("Kasus ganda digabung ke sini."),
    "case.unmerged": gettext_lazy("Berdiri sendiri lagi: penggabungannya dibatalkan."),
    "case.merge_undone": gettext_lazy("Penggabungan kasus ganda dibatalkan."),
    "case.put_back": gettext_lazy("Tindakan massal dibatalkan; kasus kembali seperti sebelumnya."),
    "case.attached": gettext_lazy("Berkas dilampirkan."),
    "case.attachment_shown": gettext_lazy("Keterangan lampiran diubah."),
    "case.attachment_removed": gettext_lazy("Lampiran dihapus."),
    "cases.bulk": gettext_lazy("Satu tindakan untuk banyak kasus."),
    "cases.bulk_undone": gettext_lazy("Tindakan untuk banyak kasus dibatalkan."),
    "case.reply_drafted": gettext_lazy("Balasan disiapkan."),
    "case.reply_submitted": gettext_lazy("Balasan menunggu persetujuan."),
    "case.reply_approved": gettext_lazy("Balasan disetujui."),
    "case.reply_returned": gettext_lazy("Balasan dikembalikan."),
    "case.reply_planned": gettext_lazy("Balasan diserahkan untuk dikirim."),
    "case.reply_dropped": gettext_lazy("Balasan tidak jadi dikirim."),
    "case.reply_correction_begun": gettext_lazy("Ralat balasan diajukan."),
    "case.reply_withdrawn": gettext_lazy("Balasan ditarik."),
    "case.answered_by_citizen": gettext_lazy("Warga menjawab di kirimannya."),
    "case.place_told": gettext_lazy("Tempat diketahui dari jawaban warga."),
    "incident.message_written": gettext_lazy("Kabar untuk semua pelapor ditulis."),
    "incident.message_approved": gettext_lazy("Kabar untuk semua pelapor disetujui."),
    "incident.message_stopped": gettext_lazy("Kabar untuk semua pelapor dihentikan."),
    "incident.message_dropped": gettext_lazy("Kabar untuk semua pelapor tidak jadi dikirim."),
    "case.gathered": gettext_lazy("Dikumpulkan dengan kasus lain tentang kejadian yang sama."),
    "incident.opened": gettext_lazy("Kejadian dimulai."),
    "incident.merged": gettext_lazy("Kejadian digabung."),
    "incident.split": gettext_lazy("Kejadian dipisah."),
    "incident.undone": gettext_lazy("Perubahan kejadian dibatalkan."),
    "incident.closed": gettext_lazy("Kejadian selesai."),
    "spike.found": gettext_lazy("Lonjakan mulai."),
    "spike.told": gettext_lazy("Lonjakan diberitahukan."),
    "spike.seen": gettext_lazy("Petugas sudah melihat lonjakan ini."),
    "spike.ended": gettext_lazy("Lonjakan reda."),
    "proposal.made": gettext_lazy("Pengumuman diusulkan."),
    "proposal.taken": gettext_lazy("Usulan pengumuman dipakai."),
    "proposal.paused": gettext_lazy("Jeda dari usulan dimulai."),
    "proposal.declined": gettext_lazy("Usulan pengumuman tidak dipakai."),
    "routing.seeded": gettext_lazy("Unit dan baris rute bawaan dimasukkan."),
    "route.begun": gettext_lazy("Baris rute ditambahkan."),
    "route.ended": gettext_lazy("Baris rute diakhiri."),
    "unit.begun": gettext_lazy("Unit dicatat."),
    "unit.changed": gettext_lazy("Kontak unit diubah."),
    "unit.ended": gettext_lazy("Hari terakhir unit dicatat."),
    "unit.followed": gettext_lazy("Kasus, rute, dan orangnya dipindahkan ke penggantinya."),
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
    "announcement.waiting": gettext_lazy("Terlalu lama menunggu persetujuan."),
    "announcement.correction_begun": gettext_lazy("Ralat dimulai."),
    "announcement.retracted": gettext_lazy("Ditarik dari semua saluran."),
    "announcement.moved": gettext_lazy("Waktu tayang dipindah."),
    "announcement.returned": gettext_lazy("Dikembalikan dengan catatan."),
    "announcement.scheduled": gettext_lazy("Dijadwalkan."),
    "announcement.cancelled": gettext_lazy("Dibatalkan."),
    "series.made": gettext_lazy("Seri dibuat."),
    "series.changed": gettext_lazy("Seri diubah."),
    "series.approved": gettext_lazy("Seri disetujui."),
    "series.approval_withdrawn": gettext_lazy("Persetujuan seri dicabut."),
    "series.left_out": gettext_lazy("Satu hari dikecualikan."),
    "series.put_back": gettext_lazy("Satu hari kembali ikut."),
    "series.ended": gettext_lazy("Seri diakhiri."),
    "series.missed": gettext_lazy("Satu waktu seri terlewat karena sistem mati."),
    "template.kept": gettext_lazy("Templat disimpan: versi %(number)s."),
    "template.used": gettext_lazy("Templat versi %(number)s dipakai."),
    "announcement.imported": gettext_lazy("Diimpor dari tabel."),
    "announcement.copied": gettext_lazy("Digandakan dari pengumuman lama."),
    "media.added": gettext_lazy("Diunggah."),
    "media.described": gettext_lazy("Keterangan media diubah."),
    "media.removed": gettext_lazy("Media dihapus."),
    "proof.kept": gettext_lazy("Bukti tayang disimpan."),
    "delivery.differs": gettext_lazy("Yang tampak di saluran berbeda dari yang disetujui."),
    "delivery.difference_seen": gettext_lazy("Petugas sudah memeriksa perbedaan itu."),
    "delivery.published": gettext_lazy("Tayang."),
    "delivery.confirmed": gettext_lazy("Petugas memastikan kiriman sudah tayang."),
    "delivery.sent_again": gettext_lazy("Petugas meminta dikirim lagi."),
    "delivery.corrected": gettext_lazy("Ralat tayang."),
    "delivery.retracted": gettext_lazy("Ditarik dari saluran."),
    "delivery.released": gettext_lazy("Yang ditahan jeda diputuskan."),
    "delivery.given_up": gettext_lazy("Petugas memutuskan tidak mengirimnya."),
    "receiver.made": gettext_lazy("Penerima ditambahkan."),
    "receiver.changed": gettext_lazy("Penerima diubah."),
    "receiver.key_rotated": gettext_lazy("Kunci tanda tangan penerima diganti."),
    "mandate.given": gettext_lazy("Mandat dicatat."),
    "mandate.ended": gettext_lazy("Mandat diakhiri."),
    "duty.given": gettext_lazy("Piket dicatat."),
    "duty.ended": gettext_lazy("Piket diakhiri."),
    "delivery.changed": gettext_lazy("Keadaan penayangan berubah."),
    "case.contested": gettext_lazy("Warga menyatakan belum selesai."),
    "case.confirmed": gettext_lazy("Warga menyatakan sudah selesai."),
    "rights.registered": gettext_lazy("Permintaan data pribadi terdaftar."),
    "rights.proven": gettext_lazy("Akun terbukti milik pemohon."),
    "rights.revealed": gettext_lazy("Nama dan kontak pemohon dibuka."),
    "rights.exported": gettext_lazy("Salinan data diserahkan."),
    "rights.corrected": gettext_lazy("Nama akun diperbaiki."),
    "rights.restricted": gettext_lazy("Pemrosesan dibatasi."),
    "rights.erased": gettext_lazy("Data pribadi dihapus, berita acara dibuat."),
    "rights.refused": gettext_lazy("Permintaan ditolak."),
    "retention.done": gettext_lazy("Data yang lewat masa simpannya dihapus."),
    "open_data.written": gettext_lazy("Data terbuka ditulis."),
}


def _routed(kind: str, data: dict[str, Any]) -> str:
    """To which unit a case went, and what the unit said."""
    words = {
        "case.assigned": _("Dipindahkan dari %(old)s ke %(name)s.")
        if data.get("old")
        else _("Diberikan kepada %(name)s."),
        "case.accepted": _("%(name)s menyatakan menanganinya."),
        "case.refused": _("Dikembalikan oleh %(name)s."),
        "case.ping_pong": _("Sudah %(count)s kali ditolak unit; meja koordinasi perlu memutuskan."),
    }
    return words[kind] % {
        "name": data.get("name", ""),
        "old": data.get("old", ""),
        "count": data.get("count", ""),
    }


def _reviewed(data: dict[str, Any]) -> str:
    decided, suggested = data.get("kind", ""), data.get("suggested", "")
    if suggested and suggested != decided:
        return _("Ditinjau: %(kind)s (mesin menyarankan %(suggested)s).") % {
            "kind": kind_word(decided),
            "suggested": kind_word(suggested),
        }
    return _("Ditinjau: %(kind)s.") % {"kind": kind_word(decided)}


def _approved(data: dict[str, Any]) -> str:
    """Which yes it was, in which office, by which letter, and when the duty roster could not give two."""
    said = [_("Disetujui.")]
    if data.get("needed", 1) > 1:
        counted = {"number": data.get("number", ""), "needed": data["needed"]}
        said = [_("Persetujuan %(number)s dari %(needed)s.") % counted]
    if office := data.get("office"):
        said.append(_("Sebagai %(office)s.") % {"office": office})
    if letter := data.get("letter"):
        said.append(_("Surat %(letter)s.") % {"letter": letter})
    if data.get("beyond_roster"):
        said.append(_("Kurang dari dua orang piket dapat menyetujui, jadi di luar piket."))
    return " ".join(said)


def _by_official(kind: str, data: dict[str, Any]) -> str:
    words = {
        "pause.started": _("Jeda dimulai: %(reason)s. Diputuskan %(official)s."),
        "pause.ended": _("Jeda berakhir: %(reason)s."),
        "delivery.cleared": _("Dikecualikan dari jeda. Diizinkan %(official)s."),
    }
    return words[kind] % {"reason": data.get("reason", ""), "official": data.get("official", "")}
