"""kentongan up: the desk and the engine in one process, on the configured accounts."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from channels.models import Account
from classifiers.judge import current_model
from config.ports import free_port
from config.serve import Engine, serve_desk
from ledger.wake import set_hook


class Command(BaseCommand):
    help = "Menjalankan meja kerja dan mesin dalam satu proses, sampai Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--desk-only",
            action="store_true",
            help="tanpa mesin: `kentongan clock` dan `kentongan worker` mengerjakannya (PostgreSQL)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.SECRET_KEY == settings.NO_KEY:
            raise CommandError("Belum ada kunci rahasia. Jalankan dulu: kentongan init")
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise CommandError("Basis data belum siap atau belum mutakhir. Jalankan dulu: kentongan init")
        self._say_what_is_missing()
        port = free_port(options["host"], options["port"])
        if port != options["port"]:
            self.stdout.write(f"Port {options['port']} terpakai; memakai {port}.")
        self.stdout.write(f"Meja kerja: http://{options['host']}:{port}/  (Ctrl-C untuk berhenti)")
        self.stdout.flush()
        if options["desk_only"]:
            if settings.DISTRIBUTED:
                from engine.tasks import wake

                set_hook(wake)
            serve_desk(options["host"], port)
            return
        engine = Engine()
        engine.start()
        serve_desk(options["host"], port, engine.stop)
        self.stdout.write("Berhenti. Yang belum selesai dilanjutkan saat dijalankan lagi.")

    def _say_what_is_missing(self) -> None:
        """A missing credential is named; the other channels go on."""
        for account in Account.objects.filter(enabled=True):
            if missing := account.missing_secrets():
                self.stdout.write(f"{account.name}: belum dapat dipakai, tidak ada {', '.join(missing)}.")
        if current_model() is None:
            self.stdout.write(
                "Belum ada model penilai: semua sebutan masuk tinjauan. Jalankan: kentongan train"
            )
