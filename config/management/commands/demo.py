"""kentongan demo: the whole product on a stand-in town; `demo --check --json` counts instead of showing."""

import itertools
import json
import logging
import shutil
import sys
import threading
import urllib.error
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from classifiers.judge import current_model
from config.check import Report, check
from config.demo import (
    announce,
    answers_at_once,
    lively_rows,
    make_accounts,
    make_people,
    make_units,
    shipped_world,
    write_identity,
)
from config.ports import free_port
from config.serve import Engine, serve_desk
from config.town import Town, TownError

log = logging.getLogger(__name__)
#: Written on the screen; the demo is reachable from this machine only.
PASSWORD = "kentongan-demo"  # noqa: S105 - invented people on a stand-in town
_SAY_EVERY = 20.0
_INTERVAL = 10


class Command(BaseCommand):
    help = (
        "Menjalankan seluruhnya pada kota tiruan: meja kerja, mesin, dan warga yang terus berbicara. "
        "Dengan --check: tanpa layar, menghitung semuanya, lalu selesai."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--check", action="store_true", help="hitung dan selesai (untuk pengujian)")
        parser.add_argument("--world", type=Path, help="berkas JSON Lines berisi ucapan warga")
        parser.add_argument("--json", action="store_true", help="hasil --check sebagai satu objek JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        world: Path | None = options["world"]
        if world is not None and not world.is_file():
            raise CommandError(f"Berkas dunia {world} tidak ada.")
        call_command("migrate", interactive=False, verbosity=0)
        try:
            if options["check"]:
                self._check(world, as_json=options["json"])
            else:
                self._show(world, options["port"])
        except TownError as error:
            raise CommandError(str(error)) from error

    # --- counting

    def _check(self, world: Path | None, *, as_json: bool) -> None:
        # The log goes to standard error (settings.LOGGING); standard output carries the report alone.
        try:
            report = check(world)
        finally:
            shutil.rmtree(settings.KENTONGAN_HOME, ignore_errors=True)
        self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False) if as_json else _plain(report))
        if report.problems:
            sys.exit(1)

    # --- showing

    def _show(self, world: Path | None, wanted: int) -> None:
        home = Path(settings.KENTONGAN_HOME)
        opening = home / "world.jsonl"
        opening.write_text(world.read_text("utf-8") if world else shipped_world(), "utf-8")
        write_identity(home / "identity.json")
        desk_port = self._port("Meja kerja", wanted)
        town_port = self._port("Kota tiruan", desk_port + 1)
        self.stdout.write("Menyiapkan kota tiruan …")
        arguments = ["--identity", str(home / "identity.json"), "--world", str(opening)]
        town = Town(town_port, arguments, home / "town.log")
        ended = threading.Event()
        engine = Engine()
        try:
            for problem in town.wait_ready().get("problems", []):
                self.stdout.write(f"Dunia: {problem}")
            settings.STAND_IN = town.base
            desk = f"http://127.0.0.1:{desk_port}"
            answers_at_once(desk)
            make_units(timezone.now())
            people = make_people(PASSWORD)
            make_accounts(_INTERVAL, desk)
            announce(people, timezone.now(), None)
            engine.start()
            threading.Thread(target=_keep_lively, args=(town, ended), daemon=True).start()
            self._say(desk, town.base)
            serve_desk("127.0.0.1", desk_port)
        finally:
            ended.set()
            engine.stop()
            town.close()
        self.stdout.write("Demo selesai; semua yang dimulai sudah berhenti.")

    def _port(self, what: str, wanted: int) -> int:
        port = free_port("127.0.0.1", wanted)
        if port != wanted:
            self.stdout.write(f"{what}: port {wanted} terpakai, memakai {port}.")
        return port

    def _say(self, desk: str, town: str) -> None:
        lines = (
            "",
            f"  Meja kerja    {desk}/",
            f"  Kota tiruan   {town}/   (lihat linimasa, berbicara sebagai warga)",
            "",
            f"  Masuk sebagai sari (penulis), budi (penyetuju), wati (peninjau), tono (Bina Marga), "
            f"lilis (DLH), agus (meja koordinasi dan PPID), rina (administrator), eka (tanpa tugas); "
            f"kata sandi: {PASSWORD}",
            "",
            "  Ctrl-C mengakhiri semuanya.",
            "",
        )
        if current_model() is None:
            self.stdout.write("Belum ada model penilai; jalankan `kentongan train`.")
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def _keep_lively(town: Town, ended: threading.Event) -> None:
    """A citizen speaks every twenty seconds."""
    for number, row in enumerate(itertools.cycle(lively_rows()), 1):
        if ended.wait(_SAY_EVERY):
            return
        try:
            town.post("/control/say", {**row, "id": f"live-{number}"})
        except (urllib.error.URLError, OSError) as error:
            log.warning("town: %s", error)


def _plain(report: Report) -> str:
    rows = [f"{name}: {value}" for name, value in report.as_json().items() if name != "problems"]
    return "\n".join([*rows, *(f"MASALAH: {problem}" for problem in report.problems)])
