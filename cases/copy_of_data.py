"""The copy of one's own data (UU 27/2022 art. 7): all that is kept of a person, in one file for machines."""

from datetime import datetime
from typing import Any

from django.conf import settings

from cases.erasure import Held
from cases.models import Attachment, AttachmentRole, Case, HandOff, InformationRequest, RightsRequest, Voice
from monitor.models import Mention, Revision
from monitor.originals import CannotOpen, read_original
from publisher.models import Delivery


def copy_of(request: RightsRequest, held: Held, now: datetime) -> dict[str, Any]:
    """Posts with what was concluded from them, cases with their course, what the city answered, and files."""
    return {
        "request": request.number,
        "made_at": now.isoformat(),
        "controller": settings.CITY["office"],
        "law": "UU 27/2022, Pasal 7",
        "posts": [_post(one) for one in _mentions(held)],
        "cases": [_case(one) for one in _cases(held)],
        "replies": [_reply(one) for one in _replies(held)],
        "files": [_file(one) for one in _files(held)],
        "information_requests": list(
            InformationRequest.objects.filter(case__in=held.cases).values_list("number", flat=True)
        ),
    }


def _mentions(held: Held) -> Any:
    rows = Mention.objects.filter(pk__in=held.mentions).select_related("verdict").order_by("pk")
    return rows.iterator(chunk_size=500)


def _post(mention: Mention) -> dict[str, Any]:
    verdict = getattr(mention, "verdict", None)
    versions = Revision.objects.filter(mention=mention).order_by("pk").values_list("text", flat=True)
    return {
        "channel": mention.channel,
        "id": mention.external_id,
        "author": mention.author,
        "author_id": mention.author_id,
        "text": mention.text,
        "original": _original(mention),
        "earlier": list(versions),
        "link": mention.permalink,
        "media": mention.media,
        "posted_at": _time(mention.posted_at),
        "heard_at": _time(mention.heard_at),
        # Art. 10: what a machine concluded, and why.
        "judged": verdict
        and {
            "kind": verdict.kind,
            "probability": verdict.probability,
            "topic": verdict.topic,
            "place": verdict.place,
            "urgency": verdict.urgency,
            "reasons": verdict.reasons,
            "model": verdict.model,
            "at": _time(verdict.at),
        },
    }


def _original(mention: Mention) -> str | None:
    try:
        return read_original(mention)
    except CannotOpen as error:
        return f"({error})"


def _cases(held: Held) -> Any:
    return Case.objects.filter(pk__in=held.cases).select_related("unit").order_by("pk")


def _case(case: Case) -> dict[str, Any]:
    units = case.assignments.select_related("unit").order_by("pk")
    receivers = HandOff.objects.filter(case=case).select_related("receiver").order_by("pk")
    return {
        "number": case.number,
        "gate": case.gate,
        "topic": case.topic,
        "place": case.place,
        "state": case.state,
        "opened_at": _time(case.opened_at),
        "answered_at": _time(case.answered_at),
        "ended_at": _time(case.ended_at),
        "units": [{"unit": row.unit.name, "at": _time(row.at)} for row in units],
        # Art. 5: to whom it was given.
        "given_to": [{"receiver": row.receiver.name, "at": _time(row.delivered_at)} for row in receivers],
        "said": [
            {"what": one.kind, "words": one.words, "at": _time(one.at)}
            for one in Voice.objects.filter(case=case).order_by("pk")
        ],
    }


def _replies(held: Held) -> Any:
    rows = Delivery.objects.filter(announcement__in=held.replies).select_related("announcement", "account")
    return rows.order_by("pk")


def _reply(delivery: Delivery) -> dict[str, Any]:
    variant = delivery.announcement.variants.filter(
        version=delivery.version, account=delivery.account
    ).first()
    return {
        "account": delivery.account.name,
        "text": variant.text if variant else delivery.text,
        "link": delivery.permalink,
        "published_at": _time(delivery.published_at),
    }


def _files(held: Held) -> Any:
    return Attachment.objects.filter(case__in=held.cases, role=AttachmentRole.REPORT).order_by("pk")


def _file(one: Attachment) -> dict[str, Any]:
    return {"name": one.name, "type": one.media_type, "bytes": one.bytes, "sha256": one.sha256}


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
