"""Which model judges now: the installation's champion, else the champion before it, else the shipped one, else none.

A version whose seal is broken is passed over, and said in the log and in the ledger; judging never stops for it.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Lock

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from classifiers.core.model import Model, ModelError, load
from classifiers.versions import VersionError, folder, in_use, list_path, open_version, verify
from ledger.chain import record
from ledger.models import Event

log = logging.getLogger(__name__)

#: Made by `kentongan train` at set-up, beside the code, or shipped and pinned by SHA256SUMS beside it.
SHIPPED = Path(__file__).parent / "model" / "kentongan.npz"
_SUMS = SHIPPED.with_name("SHA256SUMS")
Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class InUse:
    """The model that judges, and where it came from."""

    model: Model | None  #: None: everything goes to a person unjudged
    path: Path
    number: int | None  #: of the version; None for the shipped one


_held: tuple[Stamp, InUse] | None = None
_lock = Lock()


def current_model() -> Model | None:
    """The model in use; None where there is none. Looks at the files' times only, as long as nothing changed."""
    return now_in_use().model


def model_path() -> Path:
    """The file of the model in use; where there is none, the one that would be shipped."""
    return now_in_use().path


def now_in_use() -> InUse:
    """The same with its version."""
    global _held
    if not settings.JUDGING["model"]["use"]:
        return InUse(None, SHIPPED, None)
    with _lock:
        if _held is None or _held[0] != _stamp(_held[1].path):
            found = _find()
            _held = (_stamp(found.path), found)
        return _held[1]


def _stamp(path: Path) -> Stamp:
    """Name, time and size of the list and of the file in use: what changes when a version comes or goes."""
    return tuple(_looks(one) for one in (list_path(), path))


def _looks(path: Path) -> tuple[str, int, int]:
    try:
        about = path.stat()
    except OSError:
        return (str(path), 0, 0)
    return (str(path), about.st_mtime_ns, about.st_size)


def _find() -> InUse:
    try:
        versions = in_use()
    except VersionError as trouble:
        _tell("model:list", str(trouble))
        versions = []
    for one in versions:
        try:
            return InUse(open_version(one), folder() / one.file, one.number)
        except VersionError as trouble:
            _tell(f"model:{one.number}", str(trouble))
    try:
        return InUse(_shipped(), SHIPPED, None)
    except (VersionError, ModelError) as trouble:
        _tell("model:shipped", f"{trouble} Sebutan masuk tinjauan tanpa penilaian.")
        return InUse(None, SHIPPED, None)


def shipped_model() -> Model | None:
    """The model beside the code, on which the installation's own versions build; None where it cannot be used."""
    try:
        return _shipped()
    except (VersionError, ModelError) as trouble:
        log.error("%s", trouble)
        return None


def _shipped() -> Model:
    if _SUMS.exists():
        verify(SHIPPED, _SUMS)
    return load(SHIPPED)


def _tell(subject: str, sentence: str) -> None:
    """In the log, and once a day in the ledger, where there is one."""
    log.error("%s", sentence)
    now = timezone.now()
    said = Event.objects.filter(kind="model.unusable", subject=subject, at__gte=now - timedelta(days=1))
    try:
        with transaction.atomic():
            if not said.exists():
                record("model.unusable", subject, at=now, sentence=sentence)
    except DatabaseError:
        log.warning("the ledger could not be told of %s", subject)
