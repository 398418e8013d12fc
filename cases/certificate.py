"""The erasure certificate: what was erased, what was kept and why, as a PDF whose hash anybody can check."""

from datetime import datetime
from typing import Any

from django.conf import settings

from cases.models import RightsRequest
from ledger.models import Event
from publisher.evidence import Paper, at, drawable

#: How the certificate names what was found and erased; always Indonesian, as the proofs of publication are.
SORTS = {
    "mentions": "Kiriman (teks, nama akun, alamat, media)",
    "versions": "Versi kiriman sebelum diubah",
    "originals": "Teks asli sebelum penyamaran",
    "verdicts": "Alasan penilaian mesin",
    "cases": "Kasus (kode, tempat rinci, tanggapan)",
    "voices": "Tanggapan di halaman status",
    "attachments": "Lampiran dari warga",
    "handoffs": "Penerusan (nama dihapus dari catatan)",
    "replies": "Balasan kota (nama dihapus dari naskah)",
    "information_requests": "Permohonan informasi",
}
_QUIET = (95, 91, 85)


class _Certificate(Paper):
    """The house's paper with its own foot."""

    def footer(self) -> None:
        self.set_y(-16)
        self.set_font("SourceSansPro", "", 8)
        self.set_text_color(*_QUIET)
        said = f"Berita acara penghapusan {self.reference} · halaman {self.page_no()} dari {{nb}}"
        self.cell(0, 6, drawable(said), align="C")


def certificate(request: RightsRequest, now: datetime) -> bytes:
    """The PDF for a request of erasure that was carried out. Raises ValueError for any other."""
    if not request.done_at or "digest" not in request.outcome:
        raise ValueError(f"{request.number} has no certificate")
    paper = _Certificate(request.number)
    paper.set_creation_date(now)
    paper.set_title(f"Berita acara penghapusan {request.number}")
    paper.set_author(settings.CITY["office"])
    paper.set_lang("id-ID")
    paper.add_page()
    _head(paper, request)
    _counts(paper, request.outcome)
    _kept(paper, request.outcome)
    _check(paper, request)
    return bytes(paper.output())


def _head(paper: Paper, request: RightsRequest) -> None:
    paper.say(settings.CITY["office"], 9, colour=_QUIET)
    paper.say("Berita acara penghapusan data pribadi", 18, bold=True)
    paper.say("UU 27/2022 tentang Pelindungan Data Pribadi, Pasal 8 dan Pasal 43", 10, colour=_QUIET)
    paper.ln(2)
    paper.fact("Permintaan", request.number)
    paper.fact("Diterima", at(request.registered_at))
    paper.fact("Akun terbukti", at(request.proven_at))
    paper.fact("Dihapus", at(request.done_at))
    paper.fact("Sidik akun", request.outcome.get("account", ""))
    paper.rule()


def _counts(paper: Paper, outcome: dict[str, Any]) -> None:
    paper.say("Yang ditemukan dan dihapus", 13, bold=True)
    found, erased = outcome.get("found", {}), outcome.get("erased", {})
    for key, name in SORTS.items():
        if found.get(key):
            paper.fact(name, f"{erased.get(key, 0)} dari {found[key]}")
    paper.fact("SHA-256 isi", outcome.get("content", ""))
    paper.rule()


def _kept(paper: Paper, outcome: dict[str, Any]) -> None:
    paper.say("Yang tetap disimpan, dan mengapa", 13, bold=True)
    for line in kept(outcome):
        paper.say(f"– {line}", 9.5)
    paper.rule()


def kept(outcome: dict[str, Any]) -> list[str]:
    """What stays after an erasure, each with its reason, as sentences."""
    chained = outcome.get("chained", {})
    lines = [
        "Kerangka kasus: nomor, jenis, topik, kelurahan, unit, waktu, dan keadaan, tanpa data pribadi, untuk "
        "pertanggungjawaban pelayanan (UU 25/2009).",
        "Nomor kiriman pada platformnya, agar kiriman yang sama tidak tersimpan lagi saat terbaca ulang.",
        "Nama dan kontak pada permintaan ini, tersegel, sampai masa simpannya habis, sebagai bukti pelaksanaan.",
    ]
    if chained.get("events"):
        lines.append(
            f"{chained['events']} catatan buku besar yang menyebut nama: rantainya tidak dapat diubah (Pasal 45)."
        )
    if chained.get("proofs"):
        lines.append(
            f"{chained['proofs']} bukti tayang balasan yang menyebut nama: arsip (UU 43/2009), tidak diubah."
        )
    if outcome.get("on_hold"):
        lines.append(f"Kasus {', '.join(outcome['on_hold'])}: ditahan untuk proses hukum (Pasal 15).")
    if outcome.get("found", {}).get("information_requests"):
        lines.append(
            "Permohonan informasi: wajib tercatat pada register PPID (Perki 1/2021); identitasnya tersegel."
        )
    return lines


def _check(paper: Paper, request: RightsRequest) -> None:
    event = Event.objects.filter(subject=request.subject, kind="rights.erased").order_by("-id").first()
    seal = (
        f"{event.seal} · {event.hash}" if event and event.seal else "menunggu disegel pada putaran berikutnya"
    )
    paper.fact("Segel buku besar", seal)
    paper.fact("SHA-256 berita acara", request.outcome["digest"])
    if settings.PUBLIC_URL:
        address = f"{settings.PUBLIC_URL}/hak-data/periksa/?sidik={request.outcome['digest']}"
        paper.fact("Periksa di", address, address)
    paper.say(
        "Sidik di atas dihitung dari nomor, waktu, dan angka-angka berita acara ini; halaman pemeriksaan menyatakan "
        "apakah sidik itu tercatat.",
        8.5,
        colour=_QUIET,
    )
