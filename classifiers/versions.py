"""Model versions: numbered, sealed, taken into use and rolled back.

A version's file is KENTONGAN_HOME/models/NNNN.skops. Which ones may be used, in which order, stands in
models/in-use.json beside them, sealed with a key of this installation: so judging needs no database, and a file that
somebody changed or laid there is not opened. The table ModelVersion tells people the same.
"""

import hashlib
import hmac
import json
import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from classifiers.core.model import Model, ModelError, load, save
from classifiers.models import ModelVersion, Quarantine, QuarantineState, VersionState
from ledger.chain import record
from ledger.models import Person

log = logging.getLogger(__name__)
#: How many former champions are kept in the list to fall back on.
_FALLBACKS = 4


class VersionError(Exception):
    """Versi model ini tidak dapat dipakai."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """One entry of the list in use."""

    number: int
    file: str
    sha256: str
    signature: str


def folder() -> Path:
    home: Path = settings.KENTONGAN_HOME
    return home / "models"


# --- seals


def digest(path: Path) -> str:
    """SHA-256 of a file, hex. Raises VersionError where it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise VersionError(f"Berkas model {path.name} tidak dapat dibaca ({error.strerror}).") from error


def sign(number: int, sha256: str) -> str:
    """The seal of one version's file, hex; nobody without the installation's secret key can make it."""
    return _hmac(f"{number}:{sha256}")


def verify(path: Path, sums: Path) -> None:
    """Compare a shipped file with its line in a SHA256SUMS file. Raises VersionError with a sentence."""
    try:
        lines = [line.split() for line in sums.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise VersionError(f"{sums.name} tidak dapat dibaca.") from error
    pinned = next((line[0] for line in lines if len(line) == 2 and line[1].lstrip("*") == path.name), None)
    if pinned is None:
        raise VersionError(f"{sums.name} tidak menyebut {path.name}.")
    if not hmac.compare_digest(digest(path), pinned.lower()):
        raise VersionError(f"Model bawaan {path.name} berbeda dari yang disertakan; pasang ulang Kentongan.")


def _check(one: Sealed) -> Path:
    """The file of one version, its seal found whole. Raises VersionError."""
    path = folder() / one.file
    if Path(one.file).name != one.file:
        raise VersionError(f"Versi {one.number}: nama berkasnya tidak wajar.")
    found = digest(path)
    if not hmac.compare_digest(found, one.sha256):
        raise VersionError(f"Versi {one.number}: isi berkas {one.file} berubah sejak dilatih.")
    if not hmac.compare_digest(sign(one.number, found), one.signature):
        raise VersionError(f"Versi {one.number}: tanda tangannya bukan dari instalasi ini.")
    return path


def open_version(one: Sealed) -> Model:
    """Load one version, after its seal. Raises VersionError."""
    try:
        return load(_check(one))
    except ModelError as error:
        raise VersionError(str(error)) from error


def _hmac(message: str) -> str:
    key = hashlib.sha256(b"kentongan models 1:" + settings.SECRET_KEY.encode()).digest()
    return hmac.new(key, message.encode(), hashlib.sha256).hexdigest()


# --- the list in use


def list_path() -> Path:
    return folder() / "in-use.json"


def in_use() -> list[Sealed]:
    """The champion and those before it, newest first; [] without a list. Raises VersionError for a broken one."""
    path = list_path()
    if not path.exists():
        return []
    try:
        content = json.loads(path.read_text("utf-8"))
        rows = [
            Sealed(int(row["number"]), row["file"], row["sha256"], row["signature"])
            for row in content["versions"]
        ]
        signed = hmac.compare_digest(_hmac(_canonical(rows)), content["signature"])
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise VersionError(f"Daftar model {path.name} rusak.") from error
    if not signed:
        raise VersionError(f"Daftar model {path.name} tidak ditandatangani instalasi ini.")
    return rows


def _canonical(rows: list[Sealed]) -> str:
    return json.dumps([[row.number, row.file, row.sha256, row.signature] for row in rows])


def write_list() -> None:
    """Write the list anew from the table, whole or not at all: the champion, then those in use before it."""
    rows = []
    if (first := champion()) is not None:
        former = ModelVersion.objects.filter(state=VersionState.RETIRED, promoted_at__lt=first.promoted_at)
        rows = [sealed(one) for one in (first, *former.order_by("-promoted_at")[:_FALLBACKS])]
    content = {"versions": [_entry(row) for row in rows], "signature": _hmac(_canonical(rows))}
    folder().mkdir(parents=True, exist_ok=True)
    draft = list_path().with_suffix(".new")
    draft.write_text(json.dumps(content, indent=1), "utf-8")
    draft.replace(list_path())


def reconcile() -> bool:
    """Make the list say what the table says, after a crash between the two; gives whether it had to be written."""
    first = champion()
    try:
        listed = in_use()
    except VersionError as trouble:
        log.error("%s", trouble)
    else:
        if [row.number for row in listed[:1]] == ([first.number] if first else []):
            return False
    write_list()
    return True


def sealed(version: ModelVersion) -> Sealed:
    return Sealed(version.number, version.file, version.sha256, version.signature)


def _entry(row: Sealed) -> dict[str, Any]:
    return {"number": row.number, "file": row.file, "sha256": row.sha256, "signature": row.signature}


# --- steps


def champion() -> ModelVersion | None:
    """The version in use; None: the shipped model judges, or none."""
    return ModelVersion.objects.filter(state=VersionState.CHAMPION).first()


def keep(
    model: Model, now: datetime, person: Person | None, *, counts: dict[str, int], **more: Any
) -> ModelVersion:
    """Store a trained model as a candidate: file first, then its row."""
    with transaction.atomic():
        last = ModelVersion.objects.select_for_update().aggregate(last=Max("number"))["last"] or 0
        number = max(last, _last_file()) + 1
        path = folder() / f"{number:04d}.skops"
        save(model, path)
        sha256 = digest(path)
        made = ModelVersion.objects.create(
            number=number,
            file=path.name,
            sha256=sha256,
            signature=sign(number, sha256),
            trained_at=now,
            trained_by=person,
            counts=counts,
            **more,
        )
        record("model.trained", f"model:{number}", actor=person, at=now, sha256=sha256, counts=counts)
    return made


def _last_file() -> int:
    """So that a number is never given twice, even after a database was restored from an older backup."""
    return max((int(path.stem) for path in folder().glob("[0-9]*.skops") if path.stem.isdigit()), default=0)


def refuse(version: ModelVersion, why: str, now: datetime) -> None:
    """Keep a version, but not for use."""
    ModelVersion.objects.filter(pk=version.pk).update(state=VersionState.REFUSED, why=why[:600])
    record("model.refused", f"model:{version.number}", at=now, why=why)


def promote(number: int, now: datetime, person: Person | None, why: str = "") -> ModelVersion:
    """Take a version into use. Raises VersionError: unknown, its file is not as trained, or batches are held."""
    version = ModelVersion.objects.filter(number=number).first()
    if version is None:
        raise VersionError(_("Versi %(number)s tidak ada.") % {"number": number})
    if Quarantine.objects.filter(state=QuarantineState.STANDING).exists():
        raise VersionError(
            _("Ada tinjauan yang ditahan. Administrator harus memutuskannya sebelum model baru dipakai.")
        )
    open_version(sealed(version))
    return _enthrone(
        version, "model.promoted", now, person, why or _("Dipakai atas keputusan administrator.")
    )


def rollback(now: datetime, person: Person | None) -> ModelVersion | None:
    """Go back to the champion before this one; None: to the shipped model. Raises VersionError with none in use."""
    current = champion()
    if current is None:
        raise VersionError(_("Model bawaan yang dipakai; tidak ada versi yang dapat dikembalikan."))
    former = ModelVersion.objects.filter(
        state=VersionState.RETIRED, promoted_at__isnull=False, promoted_at__lt=current.promoted_at
    )
    for version in former.order_by("-promoted_at"):
        try:
            open_version(sealed(version))
        except VersionError as trouble:
            log.error("%s", trouble)
            continue
        return _enthrone(
            version, "model.rolled_back", now, person, _("Dikembalikan."), kept=version.promoted_at
        )
    with transaction.atomic():
        _retire(current, _("Ditarik; model bawaan dipakai."))
        record("model.rolled_back", f"model:{current.number}", actor=person, at=now, to=None)
    write_list()
    return None


def _enthrone(
    version: ModelVersion,
    event: str,
    now: datetime,
    person: Person | None,
    why: str,
    kept: datetime | None = None,
) -> ModelVersion:
    """``kept``: the time at which it had been promoted, so that a second rollback goes further back."""
    with transaction.atomic():
        before = champion()
        if before is not None and before.pk != version.pk:
            _retire(before, _("Digantikan versi %(number)s.") % {"number": version.number})
        ModelVersion.objects.filter(pk=version.pk).update(
            state=VersionState.CHAMPION, promoted_at=kept or now, why=why[:600]
        )
        old = before.number if before else None
        record(event, f"model:{version.number}", actor=person, at=now, instead_of=old, why=why)
    write_list()
    version.refresh_from_db()
    return version


def _retire(version: ModelVersion, why: str) -> None:
    ModelVersion.objects.filter(pk=version.pk).update(state=VersionState.RETIRED, why=why)


def examine() -> list[tuple[ModelVersion, str]]:
    """Every version with what is wrong with its file; "" when its seal holds and it opens."""
    found = []
    for version in ModelVersion.objects.order_by("number"):
        try:
            open_version(sealed(version))
        except VersionError as trouble:
            found.append((version, str(trouble)))
        else:
            found.append((version, ""))
    return found
