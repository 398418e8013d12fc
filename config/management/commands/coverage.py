"""kentongan coverage: what was proven heard, and what was not."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from monitor.coverage import as_json, report


class Command(BaseCommand):
    help = "Menyatakan tiap sumber: terakhir terbukti terdengar, celah, yang diam terlalu lama, dan biayanya."
    requires_system_checks: list[str] = []  # they load every page: more work than the command itself

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="satu objek JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        if options["json"]:
            self.stdout.write(json.dumps(as_json(now), ensure_ascii=False))
            return
        for one in report(now):
            state = "mati" if not one.enabled else one.trouble or ("diam" if one.silent else "terdengar")
            since = f"; celah sejak {one.open_gap['since'] or 'awal'}" if one.open_gap else ""
            self.stdout.write(
                f"{one.source}: {state}, terakhir lengkap {one.last_proven or 'belum pernah'}{since}"
            )
