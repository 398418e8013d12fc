"""kentongan train: learn the kinds and topics from the seed corpus and from what people reviewed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from classifiers.core.model import ModelError
from classifiers.corpora import imported
from classifiers.judge import SHIPPED
from classifiers.training.ship import ship
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
            help="buat model bawaan di samping kode, bukan model instalasi ini (untuk pengembang)",
        )
        parser.add_argument(
            "--shared",
            type=Path,
            metavar="FOLDER",
            help="dengan --shipped: juga dari korpus nyata di folder ini",
        )
        parser.add_argument(
            "--deep-minutes",
            type=float,
            default=0,
            metavar="MENIT",
            help="dengan --shared: ajar juga penilai dalam selama ini (perlu kentongan[train])",
        )
        parser.add_argument(
            "--folder", type=Path, default=SHIPPED.parent, help="dengan --shipped: tulis ke folder ini"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["shipped"]:
                self._ship(options)
            elif options["seed_only"]:
                train_base(self.stdout.write)
            else:
                train_from_reviews(self.stdout.write)
        except DatabaseError as error:
            raise CommandError("Basis data belum siap. Jalankan dahulu: kentongan init") from error
        except (ModelError, OSError) as error:
            raise CommandError(str(error)) from error

    def _ship(self, options: dict[str, Any]) -> None:
        """The model that is shipped: see classifiers/training/ship.py."""
        data, folder = options["shared"], options["folder"]
        if data is None and not options["seed_only"]:
            raise CommandError("Sebutkan --shared FOLDER (korpus nyata), atau --seed-only untuk tanpa itu.")
        version = f"{'seed' if data is None else 'shipped'}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
        folder.mkdir(parents=True, exist_ok=True)
        try:
            ship(data, folder, version, options["deep_minutes"], imported(), self.stdout.write)
        except (ImportError, ValueError) as error:
            raise CommandError(str(error)) from error
