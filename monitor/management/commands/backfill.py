"""kentongan backfill: read a stretch of time of one source again."""

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from monitor.backfill import CannotBackfill, backfill
from monitor.models import Source


class Command(BaseCommand):
    help = "Membaca ulang satu sumber sejak suatu saat, sejauh platformnya masih memberi; tak ada yang ganda."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "source", help="nama seperti pada `kentongan coverage` (x/mention), atau nomornya"
        )
        parser.add_argument("--since", required=True, help="tanggal atau waktu, misalnya 2026-11-20T08:00")
        parser.add_argument("--until", help="bawaan: sekarang")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        source = _source(options["source"])
        since = _moment("--since", options["since"])
        until = _moment("--until", options["until"]) if options["until"] else now
        try:
            found = backfill(source.pk, since, until, now)
        except CannotBackfill as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{source}: {found.sentence}")
        if found.trouble:
            raise CommandError("Bacaan belum lengkap; celahnya tetap terbuka.")


def _source(asked: str) -> Source:
    """By its number, or by the name that `coverage` prints; those through public pages end in "(web)"."""
    known = list(Source.objects.select_related("account").order_by("id"))
    found = [source for source in known if asked in (str(source.pk), str(source), f"{source} ({source.via})")]
    if not found:
        names = ", ".join(f"{source.pk} {source}" for source in known[:40])
        raise CommandError(f"Tidak ada sumber '{asked}'. Yang ada: {names or 'belum ada satu pun'}.")
    exact = [source for source in found if str(source.pk) == asked or source.via == "api"] or found
    if len(exact) > 1:
        numbers = ", ".join(str(source.pk) for source in exact)
        raise CommandError(f"'{asked}' berarti beberapa sumber; sebut nomornya: {numbers}.")
    return exact[0]


def _moment(option: str, text: str) -> datetime:
    """A date or a time of the city, unless it names a zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(
            f"{option} '{text}' bukan tanggal atau waktu. Tulis seperti 2026-11-20 atau 2026-11-20T08:00."
        ) from error
    if len(text) == 10:
        found = datetime.combine(found.date(), time.min)
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(settings.TIME_ZONE))
