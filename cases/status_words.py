"""Plain words of the public status page: what each state means to the citizen, and what comes next."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.clock_rules import rule_of
from cases.models import Case, Gate, RequestState, RightsRequest, State
from cases.topics import TOPICS
from city.gazetteer import places
from city.masks import mask
from classifiers.core.authority import name_of


@dataclass(frozen=True, slots=True)
class Words:
    """One state: its word, its chip, a sentence, and what happens next ("" when nothing does)."""

    state: str
    hue: str
    glyph: str
    explained: str
    next: str


_CASE: dict[str, tuple[str, str, Promise, Promise | str]] = {
    State.RECEIVED: (
        "amber",
        "dot",
        gettext_lazy("Laporan Anda sudah kami terima."),
        gettext_lazy("Petugas memeriksanya, lalu meneruskannya kepada perangkat daerah yang bertugas."),
    ),
    State.VERIFIED: (
        "teal",
        "stamp",
        gettext_lazy("Laporan Anda sudah diperiksa petugas."),
        gettext_lazy("Laporan diteruskan kepada perangkat daerah yang bertugas."),
    ),
    State.ASSIGNED: (
        "blue",
        "person",
        gettext_lazy("Laporan Anda sudah ada pada perangkat daerah yang bertugas."),
        gettext_lazy("Perangkat daerah menyusun tindak lanjutnya."),
    ),
    State.IN_PROGRESS: (
        "blue",
        "arrow",
        gettext_lazy("Laporan Anda sedang dikerjakan."),
        gettext_lazy("Setelah dikerjakan, hasilnya disampaikan kepada Anda dan di halaman ini."),
    ),
    State.ANSWERED: (
        "teal",
        "bubble",
        gettext_lazy("Laporan Anda sudah dijawab."),
        gettext_lazy("Beri tahu kami di bawah: sudah selesai, atau belum. Tanpa tanggapan, laporan ditutup."),
    ),
    State.CLOSED: ("green", "check", gettext_lazy("Laporan Anda selesai."), ""),
    State.NOT_OURS: (
        "grey",
        "signpost",
        gettext_lazy("Hal ini bukan kewenangan pemerintah kota."),
        gettext_lazy("Hubungi instansi yang bertanggung jawab."),
    ),
    State.DUPLICATE: (
        "grey",
        "twins",
        gettext_lazy("Hal ini sudah dilaporkan, dan ditangani dalam satu laporan bersama."),
        "",
    ),
    State.REJECTED: ("red", "cross", gettext_lazy("Laporan ini tidak dapat ditindaklanjuti."), ""),
}

_REQUEST: dict[str, tuple[str, str, Promise, Promise | str]] = {
    RequestState.REGISTERED: (
        "amber",
        "dot",
        gettext_lazy("Permohonan Anda sudah terdaftar."),
        gettext_lazy("Kami menjawabnya sebelum batas waktu di bawah."),
    ),
    RequestState.EXTENDED: (
        "amber",
        "hourglass",
        gettext_lazy("Waktu menjawab permohonan Anda diperpanjang, dengan pemberitahuan tertulis."),
        gettext_lazy("Kami menjawabnya sebelum batas waktu di bawah."),
    ),
    RequestState.ANSWERED: (
        "green",
        "check",
        gettext_lazy("Permohonan Anda sudah dijawab."),
        gettext_lazy("Bila Anda keberatan dengan jawabannya, ajukan keberatan kepada Atasan PPID."),
    ),
    RequestState.REFUSED: (
        "red",
        "cross",
        gettext_lazy("Permohonan Anda tidak dapat dipenuhi."),
        gettext_lazy("Bila Anda keberatan, ajukan keberatan kepada Atasan PPID."),
    ),
    RequestState.OBJECTED: (
        "amber",
        "back",
        gettext_lazy("Keberatan Anda sudah diterima."),
        gettext_lazy("Atasan PPID menjawabnya sebelum batas waktu di bawah."),
    ),
    RequestState.CLOSED: ("green", "check", gettext_lazy("Permohonan ini selesai."), ""),
}

#: Events whose kind (and old and new state) may be told to anybody.
PUBLIC: dict[str, Promise] = {
    "case.opened": gettext_lazy("Laporan diterima."),
    "case.reopened": gettext_lazy("Laporan dibuka kembali."),
    "case.contested": gettext_lazy("Warga menyatakan belum selesai."),
    "case.confirmed": gettext_lazy("Warga menyatakan sudah selesai."),
    "case.moved": gettext_lazy("Keadaan laporan berubah."),
}
_MOVED: dict[str, Promise] = {
    State.VERIFIED: gettext_lazy("Laporan diperiksa petugas."),
    State.IN_PROGRESS: gettext_lazy("Pengerjaan dimulai."),
    State.ANSWERED: gettext_lazy("Laporan dijawab."),
    State.CLOSED: gettext_lazy("Laporan selesai."),
    State.NOT_OURS: gettext_lazy("Ditetapkan bukan kewenangan pemerintah kota."),
    State.DUPLICATE: gettext_lazy("Digabung dengan laporan lain tentang hal yang sama."),
    State.REJECTED: gettext_lazy("Ditetapkan tidak dapat ditindaklanjuti."),
}


def of_case(case: Case) -> Words:
    hue, glyph, explained, following = _CASE[case.state]
    said = str(explained)
    coming = str(following)
    if case.state == State.NOT_OURS:
        coming = responsible(case) or coming
    if case.state == State.CLOSED and case.confirmed_at:
        said = _("Laporan Anda selesai, dan Anda sudah membenarkannya.")
    if case.gate == Gate.INFORMATION and case.state in (State.RECEIVED, State.VERIFIED):
        coming = _(
            "Untuk permohonan informasi resmi dengan batas waktu menurut undang-undang, isi formulir PPID."
        )
    return Words(str(case.get_state_display()), hue, glyph, said, coming)


def of_request(state: str) -> Words:
    hue, glyph, explained, following = _REQUEST[state]
    return Words(str(RequestState(state).label), hue, glyph, str(explained), str(following))


def of_rights(request: RightsRequest) -> Words:
    """Without proof that the account is theirs nothing is shown or changed; the page says what is awaited."""
    words = of_request(request.state)
    from cases.rights import word  # it answers through replies, which tell where this page is

    if request.done_at is None and request.proven_at is None and not word(request):
        return Words(
            words.state,
            "amber",
            "hourglass",
            _("Kami perlu memastikan bahwa laporan itu milik Anda."),
            _("Petugas menghubungi Anda lewat kontak yang Anda tulis."),
        )
    if request.done_at is None and request.proven_at is None:
        return Words(
            words.state,
            "amber",
            "hourglass",
            _("Kami menunggu bukti bahwa akun itu milik Anda."),
            _(
                "Kirim kata bukti dari akun itu, seperti tertulis di bawah. Setelah terbukti, petugas memprosesnya."
            ),
        )
    if request.state == RequestState.REFUSED:
        return Words(
            words.state, words.hue, words.glyph, words.explained, _("Alasannya kami kirim ke kontak Anda.")
        )
    if request.done_at:
        return Words(words.state, words.hue, words.glyph, _("Permintaan Anda sudah dilaksanakan."), "")
    return words


def matter(case: Case) -> str:
    """Which kind of matter it is, about what and where: nothing of the citizen's own words."""
    said = str(case.get_gate_display()).capitalize()
    about = [part for part in (topic(case.topic), place(case)) if part]
    return f"{said}: {', '.join(about)}" if about else said


def place(case: Case) -> str:
    """The kelurahan or kecamatan; never narrower, because a street may tell who lives there."""
    names = {one.code: one.name for one in places()}
    if case.area:
        return names.get(case.area, names.get(case.area[:8], ""))
    return case.place if case.place in names.values() else ""


def topic(key: str) -> str:
    return str(TOPICS[key]) if key in TOPICS else ""


def responsible(case: Case) -> str:
    """Who is responsible where the city is not, and how that body is reached; "" where nobody has said."""
    if case.unit and case.unit.redirect:
        return case.unit.redirect
    try:
        known = name_of(case.authority) if case.authority not in ("", "unknown", "city") else ""
    except KeyError:
        known = ""
    return _("Yang bertanggung jawab: %(name)s.") % {"name": known} if known else ""


def step(kind: str, data: Mapping[str, Any]) -> str:
    """One event in public words; "" for one that is nobody's business or that another step tells."""
    if kind == "case.moved":
        return str(_MOVED.get(str(data.get("new", "")), ""))
    return str(PUBLIC[kind])


def rule(key: str) -> str:
    """The name of a clock's rule in the language of the page."""
    known = rule_of(key)
    return known.name if known else _("Batas waktu")


def internal(key: str) -> bool:
    """Whether a rule is the house's own target, not a promise to the citizen."""
    known = rule_of(key)
    return known is not None and known.internal


def reason(note: str, handle: str) -> str:
    """An officer's public reason without numbers and without the citizen's name."""
    said = mask(note)
    return said.replace(handle, "…") if handle else said
