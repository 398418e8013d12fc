"""kentongan translate CHANNEL: one platform answer on standard input, posts as JSON Lines."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from channels.contract import Item, Unreadable
from channels.registry import translator
from config.lines import Row, write_row


class Command(BaseCommand):
    help = (
        "Membaca satu jawaban platform (JSON) dari masukan standar dan menulis postingnya sebagai JSON Lines: id, "
        "text, author, created_at, permalink, parent, media. Butir yang tidak terbaca mendapat 'error'. Untuk "
        "website juga satu umpan RSS atau Atom."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("channel", choices=["x", "facebook", "instagram", "website"])

    def handle(self, *args: Any, **options: Any) -> None:
        raw = sys.stdin.buffer.read()
        try:
            payload = raw if options["channel"] == "website" and is_markup(raw) else json.loads(raw)
        except (ValueError, RecursionError) as error:
            write_row({"error": f"masukan bukan JSON: {error}"})
            return
        for item in translator(options["channel"])(payload):
            write_row(as_row(item))


def is_markup(raw: bytes) -> bool:
    """Whether an input is a feed rather than JSON, by its first character (UTF-8 or UTF-16, with or without mark)."""
    return raw.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"<", b"\xff\xfe", b"\xfe\xff"))


def as_row(item: Item) -> Row:
    """One item as `translate` writes it."""
    if isinstance(item, Unreadable):
        return {"id": item.id, "error": item.error}
    return {
        "id": item.id,
        "text": item.text,
        "author": item.author,
        "created_at": item.created_at.isoformat() if item.created_at else None,
        "permalink": item.permalink,
        "parent": item.parent,
        "media": list(item.media),
    }
