"""kentongan train: learn the kinds and topics from the seed corpus and from what people reviewed."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from classifiers.core.corpus import Example, seed
from classifiers.core.kinds import Kind
from classifiers.core.model import ModelError, save, train
from classifiers.judge import SHIPPED
from classifiers.models import Review


class Command(BaseCommand):
    help = "Melatih model penilai dari korpus bawaan dan dari tinjauan petugas; beberapa detik."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed-only", action="store_true", help="hanya korpus bawaan, tanpa tinjauan")
        parser.add_argument(
            "--shipped",
            action="store_true",
            help="tulis model bawaan di samping kode (langkah pemasangan), bukan model instalasi ini",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        reviewed = [] if options["seed_only"] or options["shipped"] else _reviewed()
        examples = [*seed(), *reviewed]
        version = f"{'seed' if not reviewed else 'local'}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
        path: Path = SHIPPED if options["shipped"] else settings.KENTONGAN_HOME / "models" / "kentongan.skops"
        try:
            save(train(examples, version), path)
        except (ModelError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Model {version}: {len(examples)} contoh ({len(reviewed)} dari tinjauan), "
            f"{time.monotonic() - began:.1f} detik, {path.stat().st_size / 1e6:.1f} MB di {path}"
        )


def _reviewed() -> list[Example]:
    """What people decided in this installation; nothing where there is no database yet."""
    standing = Review.objects.filter(undone_at__isnull=True).select_related("verdict__mention")
    try:
        return [
            Example(review.verdict.mention.text, Kind(review.kind), review.verdict.topic or None)
            for review in standing.iterator(chunk_size=1000)
            if review.verdict.mention.text.strip()
        ]
    except DatabaseError:
        return []
