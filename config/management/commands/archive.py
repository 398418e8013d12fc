"""kentongan archive: whether the proofs of publication are whole, and how to give them away."""

import sys
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from channels.models import Kind
from publisher.archive import verify
from publisher.evidence import evidence
from publisher.models import Announcement, Proof
from publisher.records import (
    COLUMNS,
    PPID_WORDS,
    Search,
    as_json,
    joined,
    proofs,
    register,
    register_columns,
    table,
)
from publisher.sheets import to_csv, to_xlsx

_FORMS = ("json", "csv", "register-csv", "register-xlsx", "pdf")


class Command(BaseCommand):
    help = (
        "Arsip bukti tayang: verify memeriksa rantainya; export menuliskannya (json, csv), daftar informasi publik "
        "(register-csv, register-xlsx), atau bukti tayang satu pengumuman (pdf)."
    )
    requires_system_checks: list[str] = []  # they load every page: more work than the command itself

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=("verify", "export"))
        parser.add_argument("--format", choices=_FORMS, default="json", help="bentuk berkas (json)")
        parser.add_argument("--out", type=Path, help="berkas tujuan; tanpa ini ke keluaran baku")
        parser.add_argument("--since", default="", help="hari pertama, TTTT-BB-HH")
        parser.add_argument("--until", default="", help="hari terakhir, TTTT-BB-HH")
        parser.add_argument("--channel", choices=Kind.values, default="")
        parser.add_argument("--class", dest="ppid_class", choices=[*PPID_WORDS], default="")
        parser.add_argument("--reference", default="", help="rujukan pengumuman, mis. KTG-7F3A2C")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "verify":
            self._verify()
        else:
            self._export(options)

    def _verify(self) -> None:
        broken = verify()
        if broken is not None:
            raise CommandError(f"Rantai arsip putus di bukti nomor {broken}.")
        self.stdout.write(f"Arsip utuh: {Proof.objects.count()} bukti.")

    def _export(self, options: dict[str, Any]) -> None:
        asked = Search(
            words=options["reference"],
            channel=options["channel"],
            ppid_class=options["ppid_class"],
            since=_day(options["since"]),
            until=_day(options["until"]),
        )
        data = _written(options["format"], asked)
        if options["out"] is None:
            sys.stdout.buffer.write(data)
            return
        try:
            options["out"].write_bytes(data)
        except OSError as error:
            raise CommandError(f"Tidak dapat menulis {options['out']}: {error.strerror}") from error
        self.stdout.write(f"Tertulis: {options['out']}")


def _written(form: str, asked: Search) -> bytes:
    match form:
        case "json":
            return joined(as_json(proofs(asked)))
        case "csv":
            return to_csv(COLUMNS, table(proofs(asked)))
        case "register-csv":
            return to_csv(register_columns(), register(asked))
        case "register-xlsx":
            return to_xlsx("Daftar informasi publik", register_columns(), register(asked))
    announcement = Announcement.objects.filter(reference=asked.words).first()
    if announcement is None:
        raise CommandError("Sebut pengumumannya: --reference KTG-…")
    return evidence(announcement, timezone.now())


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise CommandError(f"'{text}' bukan tanggal; tulis seperti 2026-11-28.") from error
