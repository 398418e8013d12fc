"""kentongan classify: JSON Lines with `text` in, the verdict added to each line."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from classifiers.core.explain import explain
from classifiers.core.judge import Verdict, judge
from classifiers.judge import collector, current_model, thresholds
from config.lines import Row, with_rows


class Command(BaseCommand):
    help = (
        "Menilai tiap baris JSON (memerlukan 'text'; 'how' bila ada): kind, probability, probabilities, decision, "
        "topic, topics, urgency, place, authority, reasons. Baris yang rusak mendapat 'error'."
    )
    requires_system_checks: list[str] = []  # a filter on standard input: nothing else is touched

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--explain", metavar="TEKS", help="jelaskan penilaian satu teks, tanpa membaca masukan"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        model, limits = current_model(), thresholds()
        if options["explain"] is not None:
            self.stdout.write("\n".join(explain(options["explain"], model, limits)))
            return

        def work(rows: list[Row]) -> list[Row]:
            via = [collector(str(row.get("how"))) for row in rows]
            return [as_row(verdict) for verdict in judge([row["text"] for row in rows], model, limits, via)]

        with_rows(work)


def as_row(verdict: Verdict) -> Row:
    """The fields that `classify` adds."""
    return {
        "kind": verdict.kind.value if verdict.kind else None,
        "probability": verdict.probability,
        "probabilities": verdict.probabilities,
        "decision": verdict.decision.value,
        "topic": verdict.topic,
        "topics": list(verdict.topics),
        "urgency": verdict.urgency.value if verdict.urgency else None,
        "place": verdict.place,
        "authority": verdict.authority,
        "reasons": list(verdict.reasons),
        "elsewhere": verdict.elsewhere,
    }
