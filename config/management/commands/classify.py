"""kentongan classify: JSON Lines with `text` in, the verdict added to each line."""

from typing import Any

from django.core.management.base import BaseCommand

from classifiers.core.judge import Verdict, judge
from classifiers.judge import current_model, thresholds
from config.lines import Row, with_texts


class Command(BaseCommand):
    help = (
        "Menilai tiap baris JSON (memerlukan 'text'): kind, probability, probabilities, decision, topic, topics, "
        "urgency, place, authority, reasons. Baris yang rusak mendapat 'error'."
    )
    requires_system_checks: list[str] = []  # a filter on standard input: nothing else is touched

    def handle(self, *args: Any, **options: Any) -> None:
        model, limits = current_model(), thresholds()
        with_texts(lambda texts: [as_row(verdict) for verdict in judge(texts, model, limits)])


def as_row(verdict: Verdict) -> Row:
    """The fields that `classify` adds; what is not built yet is null."""
    return {
        "kind": verdict.kind.value if verdict.kind else None,
        "probability": verdict.probability,
        "probabilities": verdict.probabilities,
        "decision": verdict.decision.value,
        "topic": verdict.topic,
        "topics": list(verdict.topics),
        "urgency": None,
        "place": verdict.place,
        "authority": None,
        "reasons": None,
    }
