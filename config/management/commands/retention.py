"""kentongan retention: what is past its days (privacy.toml), and ending it."""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from cases.retention import CLASSES, due, run


class Command(BaseCommand):
    help = (
        "Masa simpan data warga (privacy.toml): tanpa --do hanya menghitung yang lewat masanya; dengan --do "
        "menghapus atau menganonimkannya. Kasus yang ditahan untuk proses hukum tidak disentuh."
    )
    requires_system_checks: list[str] = []  # they load every page: more work than the command itself

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--do", action="store_true", help="laksanakan, bukan hanya hitung")
        parser.add_argument("--json", action="store_true", help="keluaran JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        counts = run(now) if options["do"] else due(now)
        if options["json"]:
            self.stdout.write(json.dumps({"at": now.isoformat(), "done": options["do"], "classes": counts}))
            return
        for one in CLASSES:
            days = settings.PRIVACY["retention"][one.key]["days"]
            self.stdout.write(f"{one.key:22} {one.action:10} {days:5} hari  {counts[one.key]}")
        if not options["do"]:
            self.stdout.write("Belum ada yang diubah; tambahkan --do untuk melaksanakannya.")
