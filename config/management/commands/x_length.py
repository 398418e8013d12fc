"""kentongan x-length: JSON Lines with `text` in; weighted_length and valid added."""

from typing import Any

from django.core.management.base import BaseCommand

from channels.x_length import measure
from config.lines import Row, with_texts


class Command(BaseCommand):
    help = "Menghitung panjang tiap 'text' menurut aturan X: weighted_length (paling banyak 280) dan valid."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        with_texts(lambda texts: [_row(text) for text in texts])


def _row(text: str) -> Row:
    found = measure(text)
    return {"weighted_length": found.weighted_length, "valid": found.valid}
