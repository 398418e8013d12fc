"""Tables of people's office programs, in and out: CSV and XLSX, read with suspicion and written without formulas."""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

MOST_BYTES, MOST_ROWS, MOST_COLUMNS, MOST_LETTERS = 5_000_000, 300, 60, 5_000
#: What an XLSX may be once unpacked, and of how many parts it may be made; a real one of 300 rows is far below.
_MOST_UNPACKED, _MOST_PARTS = 40_000_000, 200
#: What makes a spreadsheet calculate instead of show, when it begins a cell (OWASP, CSV injection).
_ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BROKEN = (OSError, ValueError, LookupError, TypeError, AttributeError, EOFError, SyntaxError, RuntimeError)

Cell = str | int | float | bool | datetime | date | time


class BadSheet(Exception):
    """Tabel ini tidak dapat dibaca."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A cell that calculates; its result is never taken, because nobody approved it."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The first row, and each row after it with its number as people see it; empty rows are left out."""

    headers: list[str]
    rows: list[tuple[int, list[Cell | Formula]]]


def read_sheet(data: bytes) -> Sheet:
    """CSV or XLSX, told by the content. Raises BadSheet with a sentence."""
    if not data.strip():
        raise BadSheet(_("Berkas ini kosong."))
    if len(data) > MOST_BYTES:
        raise BadSheet(_("Berkas ini lebih dari 5 MB; bagi menjadi beberapa berkas."))
    if data.startswith(b"PK"):
        lines = _xlsx(data)
    elif data.startswith((b"\xd0\xcf\x11\xe0", b"%PDF", b"\x89PNG", b"\xff\xd8\xff")):
        raise BadSheet(_("Jenis berkas ini tidak dapat dibaca; simpan sebagai .xlsx atau .csv."))
    else:
        lines = _csv(data)
    return _sheet(lines)


def to_csv(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Comma-separated UTF-8 with a byte order mark, so that office programs read its letters right."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(headers)
    for row in rows:
        writer.writerow([guarded(value) for value in row])
    return out.getvalue().encode("utf-8-sig", "replace")


def to_xlsx(
    title: str, headers: Sequence[str], rows: Iterable[Sequence[object]], notes: Iterable[str] = ()
) -> bytes:
    """One sheet whose every cell is a text, with the first row kept in view; ``notes`` on a second sheet."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    for number in range(1, len(headers) + 1):
        sheet.column_dimensions[get_column_letter(number)].width = 28
    sheet.append([_text(sheet, name, bold=True) for name in headers])
    for row in rows:
        sheet.append([_text(sheet, value) for value in row])
    lines = list(notes)
    if lines:
        second = book.create_sheet(_("Petunjuk"))
        second.column_dimensions["A"].width = 110
        for line in lines:
            second.append([_text(second, line)])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def guarded(value: object) -> str:
    """``value`` as a cell that no spreadsheet takes for a formula."""
    text = as_text(value)
    return "'" + text if text.startswith(_ACTIVE) else text


def unguarded(text: str) -> str:
    """A text without the mark that ``guarded`` gave it."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_ACTIVE) else text


def as_text(value: object) -> str:
    return "" if value is None else str(value)


def _text(sheet: Any, value: object, bold: bool = False) -> Any:
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", as_text(value))[:32_000])
    cell.data_type = "s"  # never "f": a text that begins with "=" stays a text
    cell.quotePrefix = True
    cell.alignment = Alignment(vertical="top", wrap_text=True)
    if bold:
        cell.font = Font(bold=True)
    return cell


def _sheet(lines: list[list[Cell | Formula]]) -> Sheet:
    if not lines or not any(lines[0]):
        raise BadSheet(_("Baris pertama harus berisi nama kolom; pakai templat yang disediakan."))
    headers = [str(value).strip() if not isinstance(value, Formula) else "=" for value in lines[0]]
    while headers and not headers[-1]:
        headers.pop()
    rows = [(number, row) for number, row in enumerate(lines[1:], 2) if any(value != "" for value in row)]
    if not rows:
        raise BadSheet(_("Belum ada baris di bawah nama kolom."))
    if len(rows) > MOST_ROWS:
        raise BadSheet(_("Paling banyak %(most)d baris sekali impor; bagi berkasnya.") % {"most": MOST_ROWS})
    for number, row in rows:
        for value in row[len(headers) :]:
            if value != "":
                raise BadSheet(_("Baris %(row)d punya isi di luar kolom yang bernama.") % {"row": number})
        for name, value in zip(headers, row, strict=False):
            if isinstance(value, str) and len(value) > MOST_LETTERS:
                said = _("Baris %(row)d, kolom %(column)s: isinya terlalu panjang.")
                raise BadSheet(said % {"row": number, "column": name})
    return Sheet(headers, rows)


def _csv(data: bytes) -> list[list[Cell | Formula]]:
    """Comma, semicolon (Indonesian Excel) or tab, whichever the first line has most of."""
    text = _decoded(data)
    if "\x00" in text:
        raise BadSheet(_("Isi berkas ini bukan tabel; simpan sebagai .xlsx atau .csv."))
    first = text.split("\n", 1)[0]
    mark = max(",;\t", key=first.count)
    lines: list[list[Cell | Formula]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark):
            if len(row) > MOST_COLUMNS:
                raise BadSheet(_("Kolomnya terlalu banyak; pakai templat yang disediakan."))
            lines.append([Formula() if one.startswith("=") else unguarded(one.strip()) for one in row])
            if len(lines) > 20 * MOST_ROWS:
                raise BadSheet(_("Barisnya terlalu banyak; bagi berkasnya."))
    except csv.Error as error:
        raise BadSheet(_("Berkas CSV ini rusak di baris %(row)d.") % {"row": len(lines) + 1}) from error
    return lines


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")  # what older Excel calls CSV


def _xlsx(data: bytes) -> list[list[Cell | Formula]]:
    _refuse_bombs(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # the file's own word on its size may be a million rows
        lines: list[list[Cell | Formula]] = []
        for row in sheet.iter_rows(max_row=20 * MOST_ROWS, max_col=MOST_COLUMNS + 1):
            lines.append(_trimmed([_cell(one) for one in row]))
        book.close()
    except (*_BROKEN, zipfile.BadZipFile, InvalidFileException, KeyError) as error:
        raise BadSheet(_("Berkas Excel ini rusak; buka dan simpan ulang sebagai .xlsx.")) from error
    while lines and not lines[-1]:
        lines.pop()
    if any(len(row) > MOST_COLUMNS for row in lines):
        raise BadSheet(_("Kolomnya terlalu banyak; pakai templat yang disediakan."))
    return lines


def _trimmed(row: list[Cell | Formula]) -> list[Cell | Formula]:
    """Without the empty cells at its end."""
    while row and row[-1] == "":
        row.pop()
    return row


def _cell(cell: Any) -> Cell | Formula:
    if cell.data_type == "f":
        return Formula()
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return unguarded(value.strip())
    return value if isinstance(value, Cell) else str(value)


def _refuse_bombs(data: bytes) -> None:
    """By the archive's own list, before anything is unpacked, and without entities in any part.

    What a part says of its size is what zipfile unpacks at most, so the list cannot lie to our cost.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
            if len(parts) > _MOST_PARTS or sum(one.file_size for one in parts) > _MOST_UNPACKED:
                raise BadSheet(_("Berkas Excel ini terlalu besar saat dibuka; salin datanya ke templat."))
            if "xl/workbook.xml" not in packed.namelist():
                raise BadSheet(_("Ini bukan buku kerja Excel; simpan sebagai .xlsx atau .csv."))
            for one in parts:
                if one.filename.endswith((".xml", ".rels")) and _has_entities(packed.read(one)):
                    raise BadSheet(_("Berkas Excel ini tidak wajar; salin datanya ke templat."))
    except (*_BROKEN, zipfile.BadZipFile, NotImplementedError) as error:
        raise BadSheet(_("Berkas Excel ini rusak; buka dan simpan ulang sebagai .xlsx.")) from error


def _has_entities(part: bytes) -> bool:
    if part.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in part[:64]:
        return True  # no office program writes parts in UTF-16
    return b"<!DOCTYPE" in part or b"<!ENTITY" in part
