"""Files of a case: told by their content, pictures written anew without EXIF, kept once by the hash of what is kept.

They stand in KENTONGAN_HOME/attachments/ab/abcd…; workers on other machines need the same folder. Nothing is served
from there by its path: ``open_file`` and ``headers`` are the only way out.
"""

import hashlib
import os
import re
import tempfile
import unicodedata
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from cases.models import Attachment, AttachmentRole, Case
from cases.pdf import objection
from cases.refusal import NotAllowed
from city.models import Unit
from ledger.chain import record
from ledger.models import Person
from publisher.inspection import Unusable, inspect_picture

#: Bytes of one file, and files of one case.
MOST_BYTES, MOST_FILES = 10_000_000, 20
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf"}
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"RIFF")
#: Phones name these pictures by a box at byte 4; inspection says what to do with them.
_BOX = b"ftyp"


def folder() -> Path:
    path: Path = settings.KENTONGAN_HOME / "attachments"
    return path


def path_of(sha256: str) -> Path:
    """Where the file with this hash stands."""
    return folder() / sha256[:2] / sha256


def add(
    case: Case,
    data: bytes,
    name: str,
    role: str,
    now: datetime,
    *,
    person: Person | None = None,
    unit: Unit | None = None,
    public: bool = False,
    alt: str = "",
) -> Attachment:
    """Keep a file of a case; the same file again gives the row that is there. Raises NotAllowed with a sentence.

    person, unit: who gave it; both None: the citizen, or a receiver's link. public: may be shown on the status page.
    """
    kept, media_type, width, height = _inspected(data)
    _check_words(public, width, alt)
    sha256 = hashlib.sha256(kept).hexdigest()
    with transaction.atomic():
        Case.objects.select_for_update().get(pk=case.pk)  # two at once count one after the other
        rows = Attachment.objects.filter(case=case)
        known = rows.filter(sha256=sha256).first()
        if known is not None:
            return known
        if rows.count() >= MOST_FILES:
            raise NotAllowed(
                _("Kasus ini sudah punya %(count)d berkas; hapus yang tidak perlu.") % {"count": MOST_FILES}
            )
        _write(kept, path_of(sha256))
        made = Attachment.objects.create(
            case=case,
            sha256=sha256,
            name=_clean(name, _ENDINGS[media_type]),
            media_type=media_type,
            bytes=len(kept),
            width=width,
            height=height,
            role=AttachmentRole(role),
            alt=" ".join(alt.split())[:500],
            public=public,
            by=person,
            unit=unit,
            at=now,
        )
        record(
            "case.attached",
            case.subject,
            actor=person,
            at=now,
            attachment=made.pk,
            sha256=sha256,
            role=made.role,
        )
    return made


def open_file(attachment: Attachment) -> bytes:
    """The bytes of a file. Raises NotAllowed where they are not there, or are not what was kept."""
    try:
        data = path_of(attachment.sha256).read_bytes()
    except OSError as error:
        raise NotAllowed(_("Berkas ini tidak ada lagi di penyimpanan. Beri tahu administrator.")) from error
    if hashlib.sha256(data).hexdigest() != attachment.sha256:
        raise NotAllowed(_("Berkas ini rusak di penyimpanan. Beri tahu administrator."))
    return data


def headers(attachment: Attachment) -> dict[str, str]:
    """What a page that gives the file away says of it: shown or saved, never run, never guessed, kept by nobody else.

    A picture may stand in our own pages; a PDF is saved, because a browser's reader is no place for strangers' files.
    """
    shown = attachment.media_type.startswith("image/")
    plain = attachment.name.encode("ascii", "replace").decode().replace("?", "_")
    return {
        "Content-Type": attachment.media_type,
        "Content-Length": str(attachment.bytes),
        "Content-Disposition": f'{"inline" if shown else "attachment"}; filename="{plain}"; '
        f"filename*=UTF-8''{quote(attachment.name)}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, max-age=600" if not attachment.public else "public, max-age=600",
    }


@transaction.atomic
def show(attachment: Attachment, public: bool, alt: str, person: Person, now: datetime) -> None:
    """Say whether citizens may see it, and describe it. Raises NotAllowed for a public picture without words."""
    said = " ".join(alt.split())[:500]
    _check_words(public, attachment.width, said)
    Attachment.objects.filter(pk=attachment.pk).update(public=public, alt=said)
    told = {"attachment": attachment.pk, "public": public}
    record("case.attachment_shown", attachment.case.subject, actor=person, at=now, **told)
    attachment.refresh_from_db()


@transaction.atomic
def remove(attachment: Attachment, person: Person | None, now: datetime) -> None:
    """Take a file out of its case; the bytes go with the last case that has them."""
    told = {"attachment": attachment.pk, "sha256": attachment.sha256}
    record("case.attachment_removed", attachment.case.subject, actor=person, at=now, **told)
    sha256 = attachment.sha256
    attachment.delete()
    transaction.on_commit(lambda: drop_file(sha256))


def drop_file(sha256: str) -> bool:
    """Delete the bytes that no case has any more; gives whether they went."""
    with transaction.atomic():
        if Attachment.objects.filter(sha256=sha256).exists():
            return False
        with suppress(FileNotFoundError):
            path_of(sha256).unlink()
    return True


def _check_words(public: bool, width: int, alt: str) -> None:
    """A picture that citizens may see needs words for those who cannot see it (WCAG 2.2, 1.1.1)."""
    if public and width and not alt.strip():
        raise NotAllowed(_("Tulis keterangan gambar sebelum menampilkannya kepada warga."))


def _inspected(data: bytes) -> tuple[bytes, str, int, int]:
    """(bytes to keep, media type, width, height); width and height are 0 for a PDF."""
    if not data:
        raise NotAllowed(_("Berkas ini kosong."))
    if len(data) > MOST_BYTES:
        raise NotAllowed(_("Berkas ini lebih dari 10 MB; perkecil dulu."))
    if data.startswith(b"%PDF-"):
        if said := objection(data):
            raise NotAllowed(said)
        return data, "application/pdf", 0, 0
    if not data.startswith(_PICTURES) and data[4:8] != _BOX:
        raise NotAllowed(_("Hanya gambar (JPEG, PNG, WEBP, GIF) dan PDF yang dapat dilampirkan."))
    try:
        found = inspect_picture(data, least=1)
    except Unusable as error:
        raise NotAllowed(str(error)) from error
    return found.data, found.media_type, found.width, found.height


def _clean(name: str, ending: str) -> str:
    """The last part of a name without anything that steers, ended by what the file really is."""
    plain = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode("utf-8"))
    plain = re.split(r"[/\\]", plain)[-1]
    plain = "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in plain)
    stem = re.sub(r"\.[^.]{1,5}$", "", re.sub(r'[<>:"|?*%;]', "_", plain)).strip(" .")
    return f"{stem[:120] or 'lampiran'}.{ending}"


def _write(data: bytes, path: Path) -> None:
    """Whole or not at all, and once: the same bytes are the same file."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, half = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(half).replace(path)
    except BaseException:
        Path(half).unlink(missing_ok=True)
        raise
