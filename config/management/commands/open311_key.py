"""`kentongan open311-key NAME`: a key for an application that may send reports by Open311."""

import re
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cases.open311_in import new_key


class Command(BaseCommand):
    help = "Membuat api_key untuk satu aplikasi yang boleh mengirim laporan lewat Open311."
    requires_system_checks: list[str] = []  # they load every page: more work than the command itself

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("nama", help="nama aplikasi: huruf kecil, angka, dan garis bawah")

    def handle(self, *_: Any, **options: Any) -> None:
        name = options["nama"]
        if not re.fullmatch(r"[a-z][a-z0-9_]{1,39}", name):
            raise CommandError("Nama hanya huruf kecil, angka, dan garis bawah; contoh: aplikasi_warga.")
        key, digest = new_key()
        self.stdout.write(f"api_key (hanya tampil sekali, berikan kepada pembuat aplikasi):\n  {key}\n")
        self.stdout.write("Tambahkan pada KENTONGAN_HOME/config/desks.toml, lalu jalankan ulang:")
        self.stdout.write(f'  [open311.keys]\n  {name} = "{digest}"')
