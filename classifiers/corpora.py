"""Corpora of labelled posts that this installation was given: KENTONGAN_HOME/corpora, never part of the program.

NAME.jsonl holds the posts, personal data masked; NAME.json says where they come from and under which licence. The
record is written last and removed first: posts without a record do not count.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from city.masks import mask
from classifiers.core.corpus import Example, read, seed
from classifiers.core.split import groups

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


class CorpusError(Exception):
    """Korpus ini tidak dapat dipakai."""


@dataclass(frozen=True, slots=True)
class Record:
    """Where a corpus comes from, and what was taken of it."""

    name: str
    licence: str  #: as the person who imported it said
    source: str  #: address or description
    by: str
    imported_at: str  #: ISO 8601, UTC
    count: int  #: posts kept
    kinds: dict[str, int]
    masked: int  #: posts in which personal data was masked
    duplicates: (
        int  #: posts dropped, for they or near copies are here already, or in the seed, or in another corpus
    )
    contradicting: int  #: those of them whose copy has another kind
    sha256: str  #: of NAME.jsonl


def folder() -> Path:
    home: Path = settings.KENTONGAN_HOME
    return home / "corpora"


def bring(
    name: str, examples: Sequence[Example], *, licence: str, source: str, by: str, now: datetime
) -> Record:
    """Keep a corpus, whole or not at all. Raises CorpusError when the name is taken or bad, or nothing is left."""
    _free(name)
    masked = [mask(example.text) for example in examples]
    kept, contradicting = _new(masked, examples)
    if not kept:
        raise CorpusError(_("Tidak ada yang diimpor: semua kiriman kosong atau sudah ada di korpus lain."))
    rows = [_row(name, masked[i], examples[i]) for i in kept]
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    record = Record(
        name=name,
        licence=licence,
        source=source,
        by=by,
        imported_at=now.isoformat(timespec="seconds"),
        count=len(kept),
        kinds=dict(Counter(examples[i].kind.value for i in kept).most_common()),
        masked=sum(masked[i] != examples[i].text for i in kept),
        duplicates=len(examples) - len(kept),
        contradicting=contradicting,
        sha256=hashlib.sha256(content).hexdigest(),
    )
    _write(_posts(name), content)
    _write(_about(name), json.dumps(asdict(record), ensure_ascii=False, indent=1).encode())
    return record


def listed() -> list[Record]:
    """Every corpus with a record, by name. Raises CorpusError when a record cannot be read."""
    return [_record(path) for path in sorted(folder().glob("*.json"))]


def remove(name: str) -> Record:
    """Forget a corpus; models that learned from it stay as they are. Raises CorpusError when there is none."""
    _checked(name)
    if not _about(name).exists():
        raise CorpusError(_("Tidak ada korpus bernama %(name)s.") % {"name": name})
    record = _record(_about(name))
    _about(name).unlink()
    _posts(name).unlink(missing_ok=True)
    return record


def imported() -> list[Example]:
    """Every post of every corpus. Raises CorpusError when one is missing or was changed since it was imported."""
    return [example for record in listed() for example in _examples(record)]


def _row(name: str, text: str, example: Example) -> dict[str, object]:
    """As ``core.corpus.read`` reads it."""
    return {
        "text": text,
        "kind": example.kind.value,
        "topic": example.topic,
        "urgent": example.urgent,
        "hard": example.weight < 1,
        "via": example.via,
        "set": name,
    }


def _examples(record: Record) -> list[Example]:
    path = _posts(record.name)
    try:
        content = path.read_bytes()
    except OSError as error:
        sentence = _("Korpus %(name)s tidak dapat dibaca: %(why)s. Impor ulang, atau hapus.")
        raise CorpusError(sentence % {"name": record.name, "why": error.strerror}) from error
    if hashlib.sha256(content).hexdigest() != record.sha256:
        sentence = _("Korpus %(name)s berubah sejak diimpor; hapus dan impor ulang.")
        raise CorpusError(sentence % {"name": record.name})
    return list(read(content.decode().splitlines(), path.name))


def _new(texts: Sequence[str], examples: Sequence[Example]) -> tuple[list[int], int]:
    """Which posts are no near-duplicate of an earlier one, here or elsewhere; and how many of the others differ."""
    others = [*seed(), *imported()]
    found = groups([*(other.text for other in others), *texts]).tolist()
    kind = {group: other.kind for group, other in zip(found, others, strict=False)}
    kept, contradicting = [], 0
    for index, (group, example) in enumerate(zip(found[len(others) :], examples, strict=True)):
        if group not in kind:
            kind[group] = example.kind
            kept.append(index)
        elif kind[group] != example.kind:
            contradicting += 1
    return kept, contradicting


def _free(name: str) -> None:
    _checked(name)
    if _about(name).exists():
        sentence = _("Korpus %(name)s sudah ada; hapus dulu dengan `kentongan corpus remove %(name)s`.")
        raise CorpusError(sentence % {"name": name})


def _checked(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise CorpusError(_("Nama korpus hanya huruf kecil, angka, - dan _ (paling panjang 40)."))


def _posts(name: str) -> Path:
    return folder() / f"{name}.jsonl"


def _about(name: str) -> Path:
    return folder() / f"{name}.json"


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.write_bytes(content)
    draft.replace(path)


def _record(path: Path) -> Record:
    try:
        return Record(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        sentence = _("Catatan korpus %(name)s tidak dapat dibaca; hapus kedua berkasnya dan impor ulang.")
        raise CorpusError(sentence % {"name": path.name}) from error
