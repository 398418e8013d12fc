"""Incidents: gathering the cases about one happening, and closing what nobody speaks of any more."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Max, Min, OuterRef, Q, QuerySet

from cases.models import ENDED, Case, Counter, Incident, IncidentState
from city.places import Found
from classifiers.core.incident import HOURS, content, family_of, hours_of, incident_key, near_key
from classifiers.core.normal import normalise
from classifiers.core.urgency import Level
from ledger.chain import record
from monitor.models import Mention

#: Families of which a place has one at a time. People call one flood "banjir", "air masuk rumah" and "rob", so here
#: the place and the time say more than the words.
ONE_AT_A_TIME = frozenset({"water", "storm", "power", "tap", "telecom"})
#: The newest cases of an incident (or alone in a bucket) with which a new one is compared.
_COMPARED = 50


def gather(case: Case, now: datetime) -> Incident | None:
    """Put a new case to the others about the same happening; None while it is the only one.

    Cases meet where one's bucket is the other's own or neighbouring one. For a family of which a place has one at a
    time that is enough; for the others (two lamps in one kelurahan) a share of the words must be the same too
    (judging.toml [incidents] alike). An open incident is joined; a case alone makes one with the new case. What a
    person then thinks wrong is split or merged by hand (regroup.py); a case in an incident stays a case of its own.

    Must run inside the transaction that opens the case, after its number was taken: the counter's row lets one
    opener after the other look, so two never both miss each other. Should they all the same (at the turn of a year),
    the unique key of open incidents lets only one be founded.
    """
    if not case.bucket:
        return None
    buckets = [case.bucket, near_key(case.bucket, told_at(case.mention))]
    incident = _open_one(case, buckets) or _founded(case, buckets, now)
    if incident is not None:
        _join(incident, case, now)
    return incident


def place_told(case: Case, found: Found, now: datetime) -> Incident | None:
    """The citizen has told where it is: put the case to the others there, as at its opening; None: it stands alone.

    Must run inside a transaction. The counter's row is taken first, as an opener takes it.
    """
    bucket = incident_key(case.topic, found, told_at(case.mention))
    if not bucket or case.bucket or case.incident_id is not None:
        return None
    list(Counter.objects.select_for_update().order_by("-year")[:1])
    if not Case.objects.filter(pk=case.pk, bucket="", incident=None).update(bucket=bucket):
        return None
    case.bucket = bucket
    return gather(case, now)


def told_at(mention: Mention) -> datetime:
    """When a citizen said it; when it was heard, where the platform does not tell."""
    return mention.posted_at or mention.heard_at


def recount(incident: Incident) -> None:
    """Bring an incident's times into line with its cases; one without cases keeps them."""
    times = incident.cases.aggregate(first=Min("opened_at"), last=Max("opened_at"))
    if times["first"] is not None:
        incident.opened_at, incident.last_at = times["first"], times["last"]
        incident.save(update_fields=["opened_at", "last_at"])


def close_finished(now: datetime) -> int:
    """Close the incidents whose cases have all ended, and those of which nothing new was heard for long.

    One in which an emergency still waits is never closed by silence. Gives how many were closed.
    """
    quiet = timedelta(hours=min(HOURS.values()) * settings.JUDGING["incidents"]["quiet"])
    alive = Case.objects.filter(incident=OuterRef("pk")).exclude(state__in=ENDED)
    perhaps = Incident.objects.filter(~Exists(alive) | Q(last_at__lt=now - quiet), state=IncidentState.OPEN)
    return sum(_closed(pk, now) for pk in list(perhaps.values_list("pk", flat=True)))


def _open_one(case: Case, buckets: list[str]) -> Incident | None:
    """The open incident that this case belongs to, locked against a merge that runs meanwhile."""
    near = Case.objects.filter(bucket__in=buckets, incident__state=IncidentState.OPEN)
    for _attempt in range(3):
        ids = set(near.values_list("incident_id", flat=True))
        standing = list(locked(ids).filter(state=IncidentState.OPEN))
        # Merged or closed between the look and the lock: look where its cases are now.
        if len(standing) == len(ids):
            return _most_alike(case, standing)
    return None


def locked(ids: Iterable[int | None]) -> QuerySet[Incident]:
    """Rows locked in the order of their ids, so that two that lock the same never wait for each other."""
    return Incident.objects.select_for_update().filter(pk__in=[pk for pk in ids if pk]).order_by("pk")


def _most_alike(case: Case, incidents: Sequence[Incident]) -> Incident | None:
    if len(incidents) == 1 and _enough(case, 0.0):
        return incidents[0]
    found: list[tuple[float, int, Incident]] = []
    for incident in incidents:
        texts = incident.cases.order_by("-id").values_list("mention__text", flat=True)[:_COMPARED]
        alike = max(_likeness(case, list(texts)), default=0.0)
        if _enough(case, alike):
            found.append((alike, incident.pk, incident))
    return max(found)[2] if found else None


def _founded(case: Case, buckets: list[str], now: datetime) -> Incident | None:
    """A new incident of this case and the most alike of those that stand alone; None when none does."""
    alone = Case.objects.filter(bucket__in=buckets, incident__isnull=True).exclude(pk=case.pk)
    rows = list(alone.exclude(state__in=ENDED).select_related("mention").order_by("-id")[:_COMPARED])
    likeness = _likeness(case, [one.mention.text for one in rows])
    pairs = [(alike, one.pk, one) for alike, one in zip(likeness, rows, strict=True) if _enough(case, alike)]
    if not pairs:
        return None
    first = max(pairs)[2]
    key = first.bucket if family_of(first.bucket) in ONE_AT_A_TIME else key_of(first)
    incident, made = Incident.objects.get_or_create(
        key=key,
        state=IncidentState.OPEN,
        defaults={"topic": first.topic, "place": first.place, "opened_at": now, "last_at": now},
    )
    if made:
        record("incident.opened", incident.subject, at=now, key=key)
    _join(incident, first, now)
    return incident


def key_of(first: Case) -> str:
    """A key that no other incident of the bucket has."""
    return f"{first.bucket}|{first.pk}"


def _join(incident: Incident, case: Case, now: datetime) -> None:
    Case.objects.filter(pk=case.pk).update(incident=incident)
    case.incident = incident
    incident.opened_at = min(incident.opened_at, case.opened_at)
    incident.last_at = max(incident.last_at, case.opened_at)
    incident.save(update_fields=["opened_at", "last_at"])
    record("case.gathered", case.subject, at=now, incident=incident.pk)


def _enough(case: Case, alike: float) -> bool:
    return family_of(case.bucket) in ONE_AT_A_TIME or alike >= settings.JUDGING["incidents"]["alike"]


def _likeness(case: Case, texts: Sequence[str]) -> list[float]:
    """The share of words that the case has in common with each text, 0 to 1, without the name of the place.

    Exact, unlike core.incident.likeness: these are a few short texts, and at this threshold an estimate errs.
    """
    mine, *others = [content(text) - content(case.place) for text in normalise([case.mention.text, *texts])]
    return [len(mine & other) / (len(mine | other) or 1) for other in others]


@transaction.atomic
def _closed(pk: int, now: datetime) -> bool:
    incident = locked([pk]).filter(state=IncidentState.OPEN).first()
    why = _why_closed(incident, now) if incident else ""
    if incident is None or not why:
        return False
    incident.state, incident.closed_at = IncidentState.CLOSED, now
    incident.save(update_fields=["state", "closed_at"])
    record("incident.closed", incident.subject, at=now, why=why)
    return True


def _why_closed(incident: Incident, now: datetime) -> str:
    """ "ended", "quiet", or "" while it goes on."""
    alive = incident.cases.exclude(state__in=ENDED)
    if not alive.exists():
        return "ended"
    silence = timedelta(hours=hours_of(incident.key) * settings.JUDGING["incidents"]["quiet"])
    waits = alive.filter(mention__verdict__urgency=Level.EMERGENCY.value).exists()
    return "quiet" if now - incident.last_at > silence and not waits else ""
