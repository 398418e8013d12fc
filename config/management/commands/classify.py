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
    """The fields that `classify` adds; null where the text does not tell."""
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
        "incident_key": verdict.incident_key,
        "elsewhere": verdict.elsewhere,
    }
