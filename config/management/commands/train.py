"""kentongan train: learn the kinds and topics from the seed corpus and from what people reviewed."""

import time
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from classifiers.core.corpus import seed
from classifiers.core.model import ModelError, save, train
from classifiers.judge import SHIPPED
from config.challenge import train_base, train_from_reviews


class Command(BaseCommand):
    help = (
        "Melatih model penilai dari korpus bawaan dan dari tinjauan petugas; model baru dipakai hanya bila tidak "
        "lebih buruk pada jenis mana pun yang penting."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed-only", action="store_true", help="hanya korpus bawaan, tanpa tinjauan")
        parser.add_argument(
            "--from-reviews",
            action="store_true",
            help="penantang dari tinjauan, dipakai hanya bila tidak lebih buruk (bawaan)",
        )
        parser.add_argument(
            "--shipped",
            action="store_true",
            help="tulis model bawaan di samping kode (langkah pemasangan), bukan model instalasi ini",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["shipped"]:
                self._ship()
            elif options["seed_only"]:
                train_base(self.stdout.write)
            else:
                train_from_reviews(self.stdout.write)
        except DatabaseError as error:
            raise CommandError("Basis data belum siap. Jalankan dahulu: kentongan init") from error
        except (ModelError, OSError) as error:
            raise CommandError(str(error)) from error

    def _ship(self) -> None:
        began, examples = time.monotonic(), seed()
        version = f"seed-{datetime.now(UTC):%Y%m%dT%H%M%S}"
        save(train(examples, version), SHIPPED)
        self.stdout.write(
            f"Model {version}: {len(examples)} contoh, {time.monotonic() - began:.1f} detik, "
            f"{SHIPPED.stat().st_size / 1e6:.1f} MB di {SHIPPED}"
        )
