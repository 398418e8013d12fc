"""kentongan corpus: import, list and remove labelled posts that the judge may learn from."""

import getpass
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from classifiers.core.labelled import COLUMNS, Labelled, read
from classifiers.corpora import CorpusError, Record, bring, listed, remove
from classifiers.models import KindChoice


class Command(BaseCommand):
    help = "Korpus kiriman berlabel milik instalasi ini, yang ikut dipelajari `kentongan train`."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="import|list|remove")
        one = actions.add_parser("import", help="impor JSON Lines atau CSV; data pribadi disamarkan")
        one.add_argument("name", help="nama korpus, huruf kecil")
        one.add_argument("file", help="berkas .jsonl, .csv atau .tsv (UTF-8, dengan baris kepala)")
        one.add_argument("--licence", required=True, help="lisensi atau izin pemakaian, misalnya CC-BY-4.0")
        one.add_argument("--source", required=True, help="alamat atau keterangan asalnya")
        one.add_argument("--by", default="", help="siapa yang mengimpor (bawaan: pengguna sistem)")
        one.add_argument(
            "--column",
            action="append",
            default=[],
            metavar="KITA=MEREKA",
            help="misalnya text=isi label=kelas",
        )
        one.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="LABEL=JENIS",
            help="misalnya keluhan=pengaduan; =- melewati",
        )
        one.add_argument(
            "--via",
            choices=["mention", "keyword"],
            default="mention",
            help="ditujukan ke pemda, atau hasil pencarian",
        )
        every = actions.add_parser("list", help="daftar korpus")
        every.add_argument("--json", action="store_true", help="satu larik JSON")
        gone = actions.add_parser("remove", help="hapus satu korpus")
        gone.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        action = {"import": self._import, "list": self._list, "remove": self._remove}[options["action"]]
        try:
            action(options)
        except (CorpusError, ValueError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            sentence = _("Berkas %(path)s tidak dapat dikerjakan: %(why)s.")
            raise CommandError(sentence % {"path": error.filename, "why": error.strerror}) from error

    def _import(self, options: dict[str, Any]) -> None:
        found = read(
            Path(options["file"]), columns(options["column"]), pairs(options["map"], "--map"), options["via"]
        )
        record = bring(
            options["name"],
            found.examples,
            licence=named(options["licence"], "--licence"),
            source=named(options["source"], "--source"),
            by=options["by"] or _user(),
            now=timezone.now(),
        )
        self.stdout.write("\n".join(summary(record, found)))

    def _list(self, options: dict[str, Any]) -> None:
        records = listed()
        if options["json"]:
            self.stdout.write(json.dumps([asdict(record) for record in records]))
            return
        if not records:
            self.stdout.write(_("Belum ada korpus yang diimpor."))
        for record in records:
            self.stdout.write(
                _(
                    "%(name)s: %(count)d kiriman, lisensi %(licence)s, dari %(source)s, diimpor %(at)s oleh %(by)s"
                )
                % {**asdict(record), "at": record.imported_at}
            )

    def _remove(self, options: dict[str, Any]) -> None:
        record = remove(options["name"])
        self.stdout.write(
            _(
                "Korpus %(name)s dihapus. Model yang sudah belajar darinya tetap ada; latih ulang untuk melupakannya."
            )
            % {"name": record.name}
        )


def columns(given: Sequence[str]) -> dict[str, str]:
    """Our column → theirs. Raises CorpusError for one that we do not read."""
    found = pairs(given, "--column")
    if strange := sorted(set(found) - set(COLUMNS)):
        known = ", ".join(COLUMNS)
        raise CorpusError(
            _("--column: '%(name)s' tidak dikenal; yang dikenal: %(known)s.")
            % {"name": strange[0], "known": known}
        )
    return found


def pairs(given: Sequence[str], option: str) -> dict[str, str]:
    """``A=B`` as A → B; the last = divides, for a label may hold one. Raises CorpusError for anything else."""
    found = {}
    for one in given:
        left, equals, right = one.rpartition("=")
        if not equals or not left.strip() or not right.strip():
            raise CorpusError(
                _("%(option)s %(given)s: tulis sebagai A=B.") % {"option": option, "given": one}
            )
        found[left.strip()] = right.strip()
    return found


def named(value: str, option: str) -> str:
    """The value of an option that may not be empty: nobody can use a corpus that comes from nowhere."""
    if not value.strip():
        raise CorpusError(_("%(option)s tidak boleh kosong.") % {"option": option})
    return value.strip()


def summary(record: Record, found: Labelled) -> list[str]:
    """What became of the file, sentence by sentence."""
    kinds = ", ".join(f"{KindChoice(name).label} {count}" for name, count in record.kinds.items())
    told = [
        _(
            "Korpus %(name)s: %(count)d kiriman disimpan (%(kinds)s); %(masked)d berisi data pribadi yang disamarkan."
        )
        % {**asdict(record), "kinds": kinds},
        _(
            "Dibuang: %(duplicates)d salinan (%(contradicting)d berjenis lain), %(empty)d kosong, %(out)d dilewati."
        )
        % {**asdict(record), "empty": found.empty, "out": found.left_out},
    ]
    if found.foreign_topics:
        names = ", ".join(f"{name} ({count})" for name, count in found.foreign_topics.most_common(10))
        told.append(_("Topik di luar daftar, disimpan tanpa topik: %(names)s.") % {"names": names})
    return told


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "-"  # a container without names of users
