"""kentongan doctor: what is well, what is not, and what to do."""

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from config.doctor import examine

_SIGNS = {True: "baik ", False: "RUSAK", None: "catat"}


class Command(BaseCommand):
    help = (
        "Memeriksa instalasi, akun, token dan sumber, dengan panggilan sungguhan ke platform. "
        "Gagal bila ada yang rusak."
    )
    requires_system_checks: list[str] = []  # they load every page: more work than the command itself

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="satu objek JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        found = examine(timezone.now())
        well = all(one.ok is not False for one in found)
        if options["json"]:
            whole = {"ok": well, "findings": [asdict(one) for one in found]}
            self.stdout.write(json.dumps(whole, ensure_ascii=False))
        else:
            for one in found:
                self.stdout.write(f"{_SIGNS[one.ok]}  {one.sentence}")
                if one.remedy and not one.ok:
                    self.stdout.write(f"       → {one.remedy}")
        if not well:
            sys.exit(1)
