"""What a receiver is told of a case: number, what, where, until when. Nothing about who wrote it."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse

from cases.clock_rules import rule_of
from cases.models import AttachmentRole, Case, ClockOutcome
from cases.topics import TOPICS
from city.masks import mask


@dataclass(frozen=True, slots=True)
class Limit:
    name: str
    due_at: datetime
    citation: str


@dataclass(frozen=True, slots=True)
class Matter:
    """One case as a receiver sees it. Its text was masked before it was stored, and is masked once more here."""

    number: str
    kind: str
    topic: str  #: in words; "" unknown
    place: str
    area: str  #: Kemendagri code; "" unknown
    text: str
    state: str
    reported_at: datetime
    link: str  #: of the case on the desk; "" while the installation has no public address
    photos: int
    urgent: bool
    limits: tuple[Limit, ...]


def matter_of(case: Case) -> Matter:
    mention = case.mention
    verdict = getattr(mention, "verdict", None)
    photos = case.attachments.filter(role=AttachmentRole.REPORT).count() or len(mention.media)
    path = reverse("case", args=[case.number])
    return Matter(
        number=case.number,
        kind=case.get_gate_display(),
        topic=str(TOPICS.get(case.topic, case.topic.replace("_", " "))),
        place=case.place,
        area=case.area,
        text=mask(mention.text)[:2000],
        state=case.get_state_display(),
        reported_at=mention.posted_at or mention.heard_at,
        link=f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else "",
        photos=photos,
        urgent=case.gate == "emergency" or (verdict is not None and verdict.urgency == "emergency"),
        limits=_limits(case),
    )


def _limits(case: Case) -> tuple[Limit, ...]:
    rows = case.clocks.filter(outcome=ClockOutcome.RUNNING, paused_at__isnull=True).order_by("due_at", "id")
    named = [(row, rule_of(row.rule)) for row in rows]
    return tuple(Limit(rule.name if rule else row.rule, row.due_at, row.citation) for row, rule in named)
