"""What is kept of one person, found as a whole, and taken out: for their rights (UU 27/2022) and for retention.

A case keeps its skeleton (number, topic, kelurahan, unit, times, state), which says nothing of anybody. Chained rows
(ledger, archive) are never changed; they are written without personal data, and where one names the person all the
same, the certificate says so and why it stays.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Case as Choice
from django.db.models import CharField, F, Model, Q, QuerySet, Value, When

from cases import search
from cases.attachments import drop_file
from cases.models import (
    Assignment,
    Attachment,
    AttachmentRole,
    Case,
    HandOff,
    HandOffTry,
    InformationRequest,
    Voice,
)
from cases.thread import answers
from city.gazetteer import places
from classifiers.models import Verdict
from ledger.models import Event
from monitor.models import Mention, Original, Revision
from monitor.store import wipe
from publisher.models import Announcement, Attempt, Delivery, Proof, Variant

#: What stands in place of a name that was taken out of a text.
TAKEN_OUT = "[dihapus]"
#: Texts beside the citizen's own in which somebody may have named them, by the way that leads there from a case.
_ELSEWHERE: tuple[tuple[type[Model], str, tuple[str, ...]], ...] = (
    (HandOff, "case__in", ("note", "remote_note", "trouble", "proof")),
    (HandOffTry, "handoff__case__in", ("said",)),
    (Assignment, "case__in", ("why", "end_why")),
)
_OF_REPLIES: tuple[tuple[type[Model], str, tuple[str, ...]], ...] = (
    (Announcement, "pk__in", ("title", "fields", "fields_en", "overrides", "live", "note", "change_note")),
    (Variant, "announcement__in", ("text", "title", "html", "alt", "change_text")),
    (Delivery, "announcement__in", ("text", "reason", "memo", "trouble")),
    (Attempt, "delivery__announcement__in", ("said",)),
)


@dataclass(frozen=True, slots=True)
class Held:
    """All that is kept of a person. Ids rather than rows: there may be thousands."""

    mentions: list[int] = field(default_factory=list)
    cases: list[int] = field(default_factory=list)
    replies: list[int] = field(default_factory=list)  #: announcements that answer them
    on_hold: list[str] = field(default_factory=list)  #: numbers of cases under a legal hold

    def counts(self) -> dict[str, int]:
        """How many rows of each sort there are, as the desk and the certificate name them."""
        return {
            "mentions": len(self.mentions),
            "versions": Revision.objects.filter(mention__in=self.mentions).count(),
            "originals": Original.objects.filter(mention__in=self.mentions).count(),
            "verdicts": Verdict.objects.filter(mention__in=self.mentions).count(),
            "cases": len(self.cases),
            "voices": Voice.objects.filter(case__in=self.cases).exclude(words="").count(),
            "attachments": Attachment.objects.filter(case__in=self.cases, role=AttachmentRole.REPORT).count(),
            "handoffs": HandOff.objects.filter(case__in=self.cases).count(),
            "replies": len(self.replies),
            "information_requests": InformationRequest.objects.filter(case__in=self.cases).count(),
        }


def held_of(mentions: QuerySet[Mention]) -> Held:
    """What hangs on these mentions."""
    ids = list(mentions.order_by("pk").values_list("pk", flat=True))
    rows = list(Case.objects.filter(mention__in=ids).order_by("pk").values_list("pk", "number", "legal_hold"))
    subjects = [f"case:{pk}" for pk, _number, _hold in rows]
    replies = Announcement.objects.filter(about__in=subjects).order_by("pk").values_list("pk", flat=True)
    on_hold = [number for _pk, number, hold in rows if hold]
    return Held(ids, [pk for pk, _number, _hold in rows], list(replies), on_hold)


def without_hold(held: Held) -> Held:
    """The same without the cases under a legal hold, their posts and replies."""
    free = (
        Case.objects.filter(pk__in=held.cases, legal_hold=False).order_by("pk").values_list("pk", "mention")
    )
    cases = list(free)
    kept = set(of_held_cases(Case.objects.filter(pk__in=held.cases, legal_hold=True)))
    subjects = [f"case:{pk}" for pk, _mention in cases]
    replies = Announcement.objects.filter(pk__in=held.replies, about__in=subjects).values_list(
        "pk", flat=True
    )
    mentions = [pk for pk in held.mentions if pk not in kept]
    return Held(mentions, [pk for pk, _mention in cases], sorted(replies))


def of_held_cases(cases: QuerySet[Case]) -> list[int]:
    """The posts that belong to these cases: what opened each, and what its author added in its thread."""
    rows = list(cases.select_related("mention"))
    return [row.mention_id for row in rows] + [one.pk for row in rows for one in answers(row)]


@transaction.atomic
def take_out(held: Held, why: str, now: datetime, names: Sequence[str] = ()) -> int:
    """Erase what is personal in ``held``, and ``names`` from the texts of others about these cases.

    Gives how many mentions still had something. The caller records it; nothing in ``held`` may be under a hold.
    """
    # In the order of their ids, so that two that erase never wait for each other crosswise.
    list(
        Case.objects.select_for_update().filter(pk__in=held.cases).order_by("pk").values_list("pk", flat=True)
    )
    wiped = wipe(held.mentions, why, now)
    # Their reasons quote words of the post.
    Verdict.objects.filter(mention__in=held.mentions).update(reasons=[])
    empty_cases(held.cases, now)
    if names:
        scrub(held, names)
    search.follow(held.mentions)
    return wiped


def empty_cases(cases: Sequence[int], now: datetime) -> int:
    """Take the person out of these cases: what they wrote and sent, and the code of the page that was theirs."""
    Voice.objects.filter(case__in=cases).update(words="")
    drop_attachments(Attachment.objects.filter(case__in=cases, role=AttachmentRole.REPORT))
    fresh = Case.objects.filter(pk__in=cases, anonymised_at__isnull=True)
    return fresh.update(anonymised_at=now, code="", place=_coarse(), changed_at=F("changed_at"))


def drop_attachments(rows: QuerySet[Attachment]) -> int:
    """Delete attachments; their files go after the commit, where no other attachment has the same bytes."""
    found = list(rows.values_list("pk", "sha256"))
    Attachment.objects.filter(pk__in=[pk for pk, _sha in found]).delete()
    shas = {sha for _pk, sha in found}
    transaction.on_commit(lambda: [drop_file(sha) for sha in sorted(shas)])
    return len(found)


def scrub(held: Held, names: Sequence[str]) -> int:
    """Replace ``names`` in what others wrote about these cases; gives how many rows had one."""
    wanted = sorted({name for name in names if len(name) >= 3}, key=len, reverse=True)
    changed = 0
    for table, keys in ((_ELSEWHERE, held.cases), (_OF_REPLIES, held.replies)):
        for model, way, fields in table:
            for row in model._default_manager.filter(**{way: keys}).only("pk", *fields).order_by("pk"):
                changed += _scrub_row(row, fields, wanted)
    return changed


def chained(held: Held, names: Iterable[str]) -> dict[str, int]:
    """Rows that are chained by their hashes, so never changed, and name the person all the same."""
    wanted = [name for name in names if len(name) >= 3]
    subjects = [f"case:{pk}" for pk in held.cases] + [f"mention:{pk}" for pk in held.mentions]
    events = Event.objects.filter(subject__in=subjects).values_list("data", flat=True)
    proofs = Proof.objects.filter(delivery__announcement__in=held.replies).values_list("text", "title")
    return {
        "events": sum(_names(json.dumps(data, ensure_ascii=False), wanted) for data in events),
        "proofs": sum(_names(f"{text}\n{title}", wanted) for text, title in proofs),
    }


def digest_of(held: Held) -> str:
    """SHA-256 over what is about to be erased: who has a copy of it can show that it was just this."""
    rows = Mention.objects.filter(pk__in=held.mentions).order_by("pk")
    hashed = hashlib.sha256()
    for row in rows.values_list("channel", "external_id", "text", "author", "author_id").iterator():
        line = json.dumps(row, ensure_ascii=False)
        hashed.update(line.encode("utf-8", "surrogatepass") + b"\n")
    return hashed.hexdigest()


def _coarse() -> Any:
    """A place narrower than the kelurahan goes; the area's code tells the kelurahan."""
    known = When(place__in=[one.name for one in places()], then=F("place"))
    return Choice(known, default=Value(""), output_field=CharField(max_length=80))


def _scrub_row(row: Model, fields: Sequence[str], names: Sequence[str]) -> int:
    changed = {}
    for name in fields:
        value = getattr(row, name)
        if (cleaned := _cleaned(value, names)) != value:
            changed[name] = cleaned
    if changed:
        type(row)._default_manager.filter(pk=row.pk).update(**changed)
    return bool(changed)


def _cleaned(value: Any, names: Sequence[str]) -> Any:
    """``value`` without the names, where they stand as words of their own; what its fields are called stays."""
    if isinstance(value, dict):
        return {key: _cleaned(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [_cleaned(one, names) for one in value]
    if not isinstance(value, str):
        return value
    for name in names:
        value = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", TAKEN_OUT, value, flags=re.IGNORECASE)
    return value


def _names(text: str, names: Iterable[str]) -> bool:
    folded = text.casefold()
    return any(name.casefold() in folded for name in names)


def of_person(channel: str, author: str, author_id: str) -> QuerySet[Mention]:
    """The mentions of one account; by its id where that is known, else by its name as people write it."""
    if author_id:
        return Mention.objects.filter(channel=channel, author_id=author_id)
    bare = author.strip().lstrip("@")
    if not bare:
        return Mention.objects.none()
    return Mention.objects.filter(Q(author__iexact=bare) | Q(author__iexact=f"@{bare}"), channel=channel)
