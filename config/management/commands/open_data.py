"""kentongan open-data: the anonymised rows of all cases as files."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from cases.open_data import write


class Command(BaseCommand):
    help = "Data terbuka: menulis kasus.csv, kasus.json, dan keterangan.json (dianonimkan) ke sebuah folder."
    requires_system_checks: list[str] = []  # they load every page: more work than the command itself

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="folder tujuan; dibuat bila belum ada")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            about = write(options["folder"], timezone.now())
        except OSError as error:
            raise CommandError(f"Tidak dapat menulis {options['folder']}: {error.strerror}") from error
        self.stdout.write(json.dumps(about, ensure_ascii=False))
