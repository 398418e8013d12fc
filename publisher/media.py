"""The media library: pictures and films inspected by their content, kept by the hash of what is kept.

Files stand in KENTONGAN_HOME/media/ab/abcd….jpg; workers on other machines need the same folder.
"""

import hashlib
import io
import os
import tempfile
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import ProtectedError, Q
from django.utils.translation import gettext as _
from PIL import Image

from channels.contract import ChannelError, Failure, Picture
from channels.models import Kind
from ledger.chain import record
from ledger.models import Person
from publisher.fitting import fit
from publisher.inspection import (
    MOST_BYTES,
    MOST_FILM_BYTES,
    Inspected,
    Unusable,
    inspect_film,
    inspect_picture,
    kind_of,
)
from publisher.models import Announcement, AnnouncementState, MediaItem, Proof

_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "video/mp4": "mp4"}
#: States in which the words of a picture are bound to an approval (publisher.newsroom.content_hash).
_BOUND = (
    AnnouncementState.SUBMITTED,
    AnnouncementState.APPROVED,
    AnnouncementState.SCHEDULED,
    AnnouncementState.PUBLISHING,
)
#: Channels to which a picture is sent as it is; Instagram fetches it from the official website (publisher.card).
_SENT = (Kind.X, Kind.FACEBOOK, Kind.WEBSITE)


def folder() -> Path:
    path: Path = settings.KENTONGAN_HOME / "media"
    return path


def path_of(item: MediaItem) -> Path:
    """Where the file of ``item`` stands."""
    return folder() / item.sha256[:2] / f"{item.sha256}.{_ENDINGS[item.media_type]}"


def add(file: BinaryIO, name: str, person: Person, now: datetime) -> tuple[MediaItem, bool]:
    """Inspect and keep an uploaded file; gives its item, and whether it is new. Raises Unusable with a sentence."""
    head = file.read(16)
    if not head:
        raise Unusable(_("Berkas ini kosong."))
    if kind_of(head) == "picture":
        data = head + file.read(MOST_BYTES + 1 - len(head))
        found = inspect_picture(data)
        sha256, size = hashlib.sha256(found.data).hexdigest(), len(found.data)
        _write(found.data, _place(sha256, found.media_type))
    else:
        found, sha256, size = _film(head, file)
    return _kept(found, sha256, size, name, person, now)


def describe(
    item: MediaItem, person: Person, now: datetime, *, alt: str, rights: str, expires_on: date | None
) -> None:
    """Give a picture its words, its rights and its last day of use.

    Raises Unusable where the words are part of what somebody is approving, or approved and not yet sent.
    """
    if alt.strip() != item.alt and (bound := item.announcements.filter(state__in=_BOUND).first()):
        said = _("Teks ini bagian dari %(reference)s yang sedang diajukan atau terjadwal; ubah sesudahnya.")
        raise Unusable(said % {"reference": bound.reference})
    item.alt, item.rights, item.expires_on = alt.strip()[:1000], rights.strip()[:200], expires_on
    with transaction.atomic():
        item.save(update_fields=["alt", "rights", "expires_on"])
        last_day = expires_on.isoformat() if expires_on else ""
        record("media.described", f"media:{item.pk}", actor=person, at=now, alt=item.alt, expires_on=last_day)


def remove(item: MediaItem, person: Person, now: datetime) -> bool:
    """Delete what no announcement uses and no proof names; gives whether it was deleted."""
    with transaction.atomic():
        if item.announcements.exists() or Proof.objects.filter(media_sha256=item.sha256).exists():
            return False
        path = path_of(item)
        record("media.removed", f"media:{item.pk}", actor=person, at=now, name=item.name, sha256=item.sha256)
        try:
            item.delete()
        except ProtectedError:  # somebody chose it at this very moment
            transaction.set_rollback(True)
            return False
    path.unlink(missing_ok=True)
    return True


def wants(item: MediaItem, day: date) -> list[str]:
    """What keeps ``item`` from being used on ``day`` (local), as sentences; [] when it may be used."""
    found = []
    if not item.alt.strip():
        found.append(_("Gambar “%(name)s” belum punya teks alternatif.") % {"name": item.name})
    if item.expires_on is not None and item.expires_on < day:
        found.append(_("Izin pakai gambar “%(name)s” sudah berakhir.") % {"name": item.name})
    if not item.media_type.startswith("image/"):
        found.append(_("Film belum dapat ditayangkan; pilih gambar."))
    return found


def usable(day: date) -> list[MediaItem]:
    """The pictures that may be chosen on ``day`` (local), newest first."""
    rows = MediaItem.objects.filter(media_type__startswith="image/").exclude(alt="").order_by("-id")
    return list(rows.filter(Q(expires_on=None) | Q(expires_on__gte=day))[:200])


def thumbnail(item: MediaItem) -> bytes:
    """A small JPEG for lists. Raises Unusable where there is none."""
    try:
        with Image.open(path_of(item), formats=("JPEG", "PNG")) as image:
            image.draft("RGB", (960, 960))
            small = image.convert("RGBA")
    except OSError as error:
        raise Unusable(_("Berkas “%(name)s” tidak ada di penyimpanan.") % {"name": item.name}) from error
    small.thumbnail((480, 480))
    ground = Image.new("RGB", small.size, "#ffffff")
    ground.paste(small, mask=small.getchannel("A"))
    out = io.BytesIO()
    ground.save(out, "JPEG", quality=80)
    return out.getvalue()


def fit_for(item: MediaItem, channel: str) -> tuple[bytes, str, str]:
    """(bytes, media type, note) of ``item`` as ``channel`` takes it; the same bytes every time.

    note: what a person would see changed, "" when nothing. Raises Unusable with a sentence.
    """
    path = path_of(item)
    try:
        whole = path.read_bytes() if item.media_type.startswith("image/") else b""
    except OSError as error:
        said = _("Berkas gambar “%(name)s” tidak ada di penyimpanan; unggah lagi.") % {"name": item.name}
        raise Unusable(said) from error
    if whole and hashlib.sha256(whole).hexdigest() != item.sha256:
        raise Unusable(
            _("Berkas gambar “%(name)s” berubah di penyimpanan; unggah lagi.") % {"name": item.name}
        )
    return fit(path, item.media_type, channel)


def picture_of(announcement: Announcement, channel: str, now: datetime | None = None) -> Picture | None:
    """The picture that is sent to ``channel``; None where there is none, or the channel fetches it itself.

    ``now``: refuse a picture whose last day is over (before a send; not when the channel is only read). Raises
    ChannelError (refused): nothing was sent, and the sentence says what to do.
    """
    item = announcement.picture
    if item is None or channel not in _SENT:
        return None
    data, media_type = fitted(item, channel, now)
    ending = _ENDINGS[media_type]
    return Picture(data, media_type, f"gambar-{hashlib.sha256(data).hexdigest()[:20]}.{ending}")


def fitted(item: MediaItem, channel: str, now: datetime | None = None) -> tuple[bytes, str]:
    """Bytes and type for a delivery. Raises ChannelError (refused) with the sentence of what is wrong."""
    try:
        if now is not None and (troubles := wants(item, local_day(now))):
            raise Unusable(" ".join(troubles))
        data, media_type, _note = fit_for(item, channel)
    except Unusable as error:
        raise ChannelError(str(error), Failure.REFUSED) from error
    return data, media_type


def local_day(now: datetime) -> date:
    """The city's day of a moment."""
    return now.astimezone(ZoneInfo(settings.TIME_ZONE)).date()


def _kept(
    found: Inspected, sha256: str, size: int, name: str, person: Person, now: datetime
) -> tuple[MediaItem, bool]:
    with transaction.atomic():
        item, new = MediaItem.objects.get_or_create(
            sha256=sha256,
            defaults={
                "name": _plain_name(name),
                "media_type": found.media_type,
                "width": found.width,
                "height": found.height,
                "bytes": size,
                "seconds": found.seconds,
                "uploaded_by": person,
                "uploaded_at": now,
            },
        )
        if new:
            record("media.added", f"media:{item.pk}", actor=person, at=now, name=item.name, sha256=sha256)
    return item, new


def _film(head: bytes, file: BinaryIO) -> tuple[Inspected, str, int]:
    """Copied piece by piece under a passing name, inspected there, then kept by its hash."""
    folder().mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(dir=folder(), prefix=".film-", delete=False) as out:
        passing = Path(out.name)
        try:
            piece = head
            while piece:
                digest.update(piece)
                size += out.write(piece)
                if size > MOST_FILM_BYTES:
                    break
                piece = file.read(1 << 20)
            out.flush()
            found = inspect_film(passing)
            place = _place(digest.hexdigest(), found.media_type)
            place.parent.mkdir(parents=True, exist_ok=True)
            passing.replace(place)
        finally:
            passing.unlink(missing_ok=True)
    return found, digest.hexdigest(), size


def _place(sha256: str, media_type: str) -> Path:
    return folder() / sha256[:2] / f"{sha256}.{_ENDINGS[media_type]}"


def _write(data: bytes, path: Path) -> None:
    """All of it or nothing: a crash leaves no half picture under a whole one's name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    Path(out.name).replace(path)


def _plain_name(name: str) -> str:
    """What a person recognises the file by; it is shown and never used as a path."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter for letter in last if letter.isprintable()).strip()[:200] or _("tanpa nama")
