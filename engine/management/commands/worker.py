"""kentongan worker: one of any number of workers of a distributed installation."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger.wake import set_hook


class Command(BaseCommand):
    help = "Pekerja mesin untuk pemasangan tersebar (PostgreSQL); boleh berapa saja, di mesin mana saja."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--concurrency", type=int, default=4, help="pekerjaan serentak (bawaan: 4)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DISTRIBUTED:
            raise CommandError("Memerlukan PostgreSQL: isi DATABASE_URL. Tanpa itu pakai `kentongan up`.")
        from procrastinate.contrib.django import app

        from engine.tasks import wake

        set_hook(wake)
        table = settings.ENGINE["distributed"]
        self.stdout.write("Pekerja berjalan (Ctrl-C untuk berhenti).")
        self.stdout.flush()
        with app.replace_connector(app.connector.get_worker_connector()) as working:  # type: ignore[attr-defined]  # DjangoConnector
            working.run_worker(
                queues=["kentongan"],
                concurrency=options["concurrency"],
                delete_jobs="always",
                fetch_job_polling_interval=1.0,
                update_heartbeat_interval=table["heartbeat"],
                stalled_worker_timeout=table["stalled"],
                shutdown_graceful_timeout=20.0,
            )
