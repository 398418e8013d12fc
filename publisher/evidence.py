"""Bukti tayang: one announcement's proofs as a PDF for the file, always in Indonesian, times in the city's zone."""

import hashlib
import logging
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import emoji
from babel import dates
from django.conf import settings
from font_source_sans_pro import SourceSansPro, SourceSansProSemibold
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from publisher.archive import verify
from publisher.kinds import TemplateProblem, kind_named
from publisher.models import Announcement, Approval, Proof
from publisher.records import PPID_WORDS

#: It tells of every table of the font that it leaves out.
logging.getLogger("fontTools").setLevel(logging.WARNING)

_FONT = "SourceSansPro"
_INK, _QUIET, _ACCENT, _LINE = (28, 27, 25), (95, 91, 85), (11, 93, 86), (229, 225, 218)
_WHAT = {
    "published": "Tayang",
    "corrected": "Diralat",
    "retracted": "Ditarik",
    "read_back": "Dibaca ulang",
}
_SAME = {True: "sama dengan yang disetujui", False: "BERBEDA dari yang disetujui", None: ""}


class Paper(FPDF):
    """A4 with the city's office above and the page number below."""

    def __init__(self, reference: str) -> None:
        super().__init__(format="A4")
        self.reference = reference
        self.add_font(_FONT, "", SourceSansPro)
        self.add_font(_FONT, "B", SourceSansProSemibold)
        self.set_margins(20, 18, 20)
        self.set_auto_page_break(True, margin=22)

    def footer(self) -> None:
        self.set_y(-16)
        self.set_font(_FONT, "", 8)
        self.set_text_color(*_QUIET)
        self.cell(0, 6, f"Bukti tayang {self.reference} · halaman {self.page_no()} dari {{nb}}", align="C")

    def say(
        self, text: str, size: float = 10, bold: bool = False, colour: tuple[int, int, int] = _INK
    ) -> None:
        """One paragraph."""
        self.set_font(_FONT, "B" if bold else "", size)
        self.set_text_color(*colour)
        self.multi_cell(0, size * 0.5, drawable(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")

    def fact(self, name: str, value: str, link: str = "") -> None:
        """A name at the left and what belongs to it at the right."""
        self.set_font(_FONT, "", 9)
        self.set_text_color(*_QUIET)
        self.cell(38, 5, name)
        self.set_text_color(*(_ACCENT if link else _INK))
        self.multi_cell(0, 5, drawable(value), new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L", link=link)

    def rule(self) -> None:
        self.ln(2)
        self.set_draw_color(*_LINE)
        self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())
        self.ln(3)


def evidence(announcement: Announcement, now: datetime) -> bytes:
    """The PDF of all that is proven of ``announcement``. The same proofs at the same moment give the same bytes."""
    paper = Paper(announcement.reference)
    paper.set_creation_date(now)
    paper.set_title(f"Bukti tayang {announcement.reference}")
    paper.set_author(settings.CITY["office"])
    paper.set_lang("id-ID")
    paper.add_page()
    _head(paper, announcement, now)
    _approvals(paper, announcement)
    rows = Proof.objects.filter(delivery__announcement=announcement).select_related("delivery__account")
    proven = list(rows.order_by("delivery__account_id", "number"))
    paper.say("Penayangan", 13, bold=True)
    if not proven:
        paper.say("Belum ada yang tayang.", colour=_QUIET)
    for account, group in groupby(proven, key=lambda row: row.delivery.account):
        paper.ln(2)
        paper.say(account.name, 11, bold=True, colour=_ACCENT)
        for row in group:
            _proof(paper, row)
    _end(paper)
    return bytes(paper.output())


def drawable(text: str) -> str:
    """``text`` in letters that the font has: an emoji becomes its name, anything else unknown a box."""
    known = _glyphs()
    named = emoji.demojize(text, delimiters=("[", "]"), language="id")
    return "".join(letter if letter == "\n" or ord(letter) in known else "□" for letter in named)


def _head(paper: Paper, announcement: Announcement, now: datetime) -> None:
    paper.say(settings.CITY["office"], 9, colour=_QUIET)
    paper.say("Bukti tayang", 20, bold=True)
    paper.say(announcement.title, 12, bold=True, colour=_ACCENT)
    paper.ln(2)
    paper.fact("Rujukan", announcement.reference)
    paper.fact("Jenis", _kind(announcement.kind))
    paper.fact("Klasifikasi PPID", PPID_WORDS.get(announcement.ppid_class, announcement.ppid_class))
    paper.fact("Ditulis oleh", _person(str(announcement.author), announcement.author.office))
    paper.fact("Dicetak", at(now))
    paper.rule()


def _approvals(paper: Paper, announcement: Announcement) -> None:
    paper.say("Persetujuan", 13, bold=True)
    rows = list(
        Approval.objects.filter(announcement=announcement).select_related("person").order_by("at", "pk")
    )
    for row in rows:
        paper.fact("Disetujui oleh", _person(str(row.person), row.office))
        if row.nip:
            paper.fact("NIP", row.nip)
        if row.letter:
            paper.fact("Surat penunjukan", row.letter)
        paper.fact("Pada", f"{at(row.at)} (versi {row.version})")
        paper.fact("SHA-256 isi", row.content_hash)
        paper.ln(1)
    if not rows and announcement.approved_by:
        paper.fact("Disetujui oleh", _person(str(announcement.approved_by), announcement.approved_office))
        paper.fact("Pada", at(announcement.approved_at))
        paper.fact("SHA-256 isi", announcement.approved_hash)
    elif not rows:
        paper.say("Belum disetujui.", colour=_QUIET)
    paper.rule()


def _proof(paper: Paper, row: Proof) -> None:
    same = f", {_SAME[row.same]}" if row.what == "read_back" and row.same is not None else ""
    paper.say(f"{_WHAT.get(row.what, row.what)}: {at(row.at)}{same}", 10, bold=True)
    if row.permalink:
        paper.fact("Alamat", row.permalink, row.permalink if row.permalink.startswith("https://") else "")
    if row.title and row.what != "read_back":
        paper.fact("Judul", row.title)
    if row.text and not (row.what == "read_back" and row.same):
        paper.fact("Teks", row.text)
    paper.fact("SHA-256 teks", hashlib.sha256(row.text.encode()).hexdigest())
    if row.media_sha256:
        paper.fact("SHA-256 gambar", row.media_sha256)
    paper.fact("Bukti nomor", f"{row.number} · {row.hash}")
    paper.ln(2)


def _end(paper: Paper) -> None:
    broken = verify()
    paper.rule()
    paper.say(
        "Setiap bukti dirantai dengan bukti sebelumnya: nomor SHA-256-nya dihitung dari bukti itu dan nomor bukti "
        "sebelumnya, sehingga perubahan apa pun di kemudian hari tampak. Rantai dapat diperiksa dengan perintah "
        "“kentongan archive verify”.",
        8.5,
        colour=_QUIET,
    )
    paper.say(
        "Saat dicetak, rantai utuh."
        if broken is None
        else f"SAAT DICETAK, RANTAI RUSAK MULAI BUKTI {broken}.",
        8.5,
        bold=True,
    )


def at(moment: datetime | None) -> str:
    """ "Selasa, 24 November 2026 10.00.12 WIB"."""
    if moment is None:
        return "–"
    zone: Any = ZoneInfo(settings.TIME_ZONE)
    return str(dates.format_datetime(moment, "EEEE, d MMMM y HH.mm.ss zzz", tzinfo=zone, locale="id"))


def _person(name: str, office: str) -> str:
    return f"{name}, {office}" if office else name


def _kind(key: str) -> str:
    try:
        return kind_named(key).name
    except TemplateProblem:
        return key


@cache
def _glyphs() -> frozenset[int]:
    """The letters that the font can draw."""
    from fontTools.ttLib import TTFont

    with TTFont(SourceSansPro, lazy=True) as font:
        return frozenset(font.getBestCmap())
