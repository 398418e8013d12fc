"""No longer than needed: each class of what is kept of citizens ends after its days (privacy.toml, [retention]).

A nightly round works in batches, each a transaction of its own. Nothing under a legal hold is touched, nothing that
still waits for somebody, and a second round finds nothing left to do. Basis: UU 27/2022 art. 16, 43 and 44.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from cases import erasure
from cases.models import (
    ENDED,
    ActionLink,
    Attachment,
    AttachmentRole,
    Case,
    InformationRequest,
    RequestState,
    RightsRequest,
)
from classifiers.models import DecisionChoice, Verdict
from ledger.chain import record
from ledger.life import beat, last_beat
from ledger.models import Person
from monitor.models import Mention, Original
from monitor.store import wipe

#: Under this name the last round is kept among the signs of life.
_LIFE = "retention"
_ANSWERED = (RequestState.ANSWERED, RequestState.REFUSED, RequestState.CLOSED)


@dataclass(frozen=True, slots=True)
class Class:
    """One class: which rows are past their days, and what is done to a batch of them in one transaction."""

    key: str  #: of privacy.toml, [retention.KEY]
    action: str  #: "anonymise" or "delete"
    due: Callable[[datetime], QuerySet[Any]]  #: given the moment before which a row is old
    act: Callable[[Sequence[Any], datetime], None]  #: primary keys


def due(now: datetime) -> dict[str, int]:
    """How many rows each class would end now; nothing is changed."""
    return {one.key: one.due(_before(one, now)).count() for one in CLASSES}


def run(now: datetime, person: Person | None = None) -> dict[str, int]:
    """End what is past its days; gives how many rows of each class. Told in the ledger when there was any."""
    done = {one.key: _end(one, now) for one in CLASSES}
    if any(done.values()):
        day = now.astimezone(ZoneInfo(settings.CITY["timezone"])).date()
        record("retention.done", f"retention:{day}", actor=person, at=now, counts=done)
    return done


def look_after(now: datetime) -> int:
    """The nightly round: once a local day, after its hour; gives how many rows ended. Cheap at other times."""
    zone = ZoneInfo(settings.CITY["timezone"])
    here, last = now.astimezone(zone), last_beat(_LIFE)
    if here.hour < settings.PRIVACY["retention"]["hour"]:
        return 0
    if last is not None and last.astimezone(zone).date() >= here.date():
        return 0
    ended = sum(run(now).values())
    beat(_LIFE, now, str(ended))
    return ended


def _end(one: Class, now: datetime) -> int:
    """Batch by batch until nothing is left; a batch that someone else has just ended is simply empty."""
    ended, size = 0, settings.PRIVACY["retention"]["batch"]
    last: object = None
    while True:
        rows = one.due(_before(one, now)).order_by("pk")
        if last is not None:
            rows = rows.filter(pk__gt=last)
        # Listed outside the transaction: on SQLite nobody else could write while a million rows are looked through.
        listed = list(rows.values_list("pk", flat=True)[:size])
        if not listed:
            return ended
        with transaction.atomic():
            keys = list(
                one.due(_before(one, now)).filter(pk__in=listed).order_by("pk").values_list("pk", flat=True)
            )
            one.act(keys, now)
        ended += len(keys)
        last = listed[-1]


def _before(one: Class, now: datetime) -> datetime:
    return now - timedelta(days=settings.PRIVACY["retention"][one.key]["days"])


def _idle() -> QuerySet[Mention]:
    """Mentions without a case that nobody waits for, and that are no part of a matter under a legal hold."""
    cases = Case.objects.filter(mention=OuterRef("pk"))
    waits = Q(verdict__awaits_review=True) | Q(verdict__awaits_case=True) | Q(verdict__awaits_second=True)
    rows = Mention.objects.filter(~Exists(cases), gone_at__isnull=True, unjudged=False)
    # What was added in the thread of a held case is held with it; holds are few.
    held = erasure.of_held_cases(Case.objects.filter(legal_hold=True))
    return rows.exclude(waits).exclude(pk__in=held)


_DISMISSED = (DecisionChoice.DISMISS, DecisionChoice.FOLDED)


def _dismissed(before: datetime) -> QuerySet[Mention]:
    return _idle().filter(heard_at__lt=before, verdict__decision__in=_DISMISSED)


def _other_mentions(before: datetime) -> QuerySet[Mention]:
    return _idle().filter(heard_at__lt=before).exclude(verdict__decision__in=_DISMISSED)


def _closed_cases(before: datetime) -> QuerySet[Case]:
    return Case.objects.filter(
        Q(ended_at__lt=before) | Q(ended_at__isnull=True, changed_at__lt=before),
        state__in=ENDED,
        legal_hold=False,
        anonymised_at__isnull=True,
    )


def _originals(before: datetime) -> QuerySet[Original]:
    """Past their own time, and of no case that goes on or is held."""
    needed = Case.objects.filter(~Q(state__in=ENDED) | Q(legal_hold=True), mention=OuterRef("mention"))
    return Original.objects.filter(~Exists(needed), until__lt=before)


def _attachments(before: datetime) -> QuerySet[Attachment]:
    return Attachment.objects.filter(
        role=AttachmentRole.REPORT,
        case__ended_at__lt=before,
        case__state__in=ENDED,
        case__legal_hold=False,
    )


def _information(before: datetime) -> QuerySet[InformationRequest]:
    held = Q(case__legal_hold=True)
    rows = InformationRequest.objects.filter(
        answered_at__lt=before, erased_at__isnull=True, state__in=_ANSWERED
    )
    return rows.exclude(held)


def _rights(before: datetime) -> QuerySet[RightsRequest]:
    """Not the restrictions in force: who they are for is in what would be erased."""
    rows = RightsRequest.objects.filter(done_at__lt=before).exclude(sealed=b"", handle="", words="")
    return rows.exclude(right="restriction", state=RequestState.ANSWERED)


def _wipe_mentions(keys: Sequence[Any], now: datetime) -> None:
    list(Mention.objects.select_for_update().filter(pk__in=keys).order_by("pk").values_list("pk", flat=True))
    # Somebody may have opened a case of one of them since it was listed.
    ids = list(_idle().filter(pk__in=keys).values_list("pk", flat=True))
    wipe(ids, "masa simpan", now)
    Verdict.objects.filter(mention__in=ids).update(reasons=[])


def _anonymise_cases(keys: Sequence[Any], now: datetime) -> None:
    locked = Case.objects.select_for_update().filter(pk__in=keys).order_by("pk").values_list("pk", flat=True)
    # Held or reopened since it was listed: not any more.
    free = Case.objects.filter(pk__in=list(locked), legal_hold=False, state__in=ENDED)
    held = erasure.held_of(Mention.objects.filter(case__in=free))
    names = Mention.objects.filter(pk__in=held.mentions).exclude(author="").values_list("author", flat=True)
    erasure.take_out(held, "masa simpan", now, [name.lstrip("@") for name in names])


def _drop_attachments(keys: Sequence[Any], now: datetime) -> None:
    erasure.drop_attachments(Attachment.objects.filter(pk__in=keys, case__legal_hold=False))


def _forget_identity(keys: Sequence[Any], now: datetime) -> None:
    InformationRequest.objects.filter(pk__in=keys, erased_at__isnull=True).update(sealed=b"", erased_at=now)


def _forget_requests(keys: Sequence[Any], now: datetime) -> None:
    RightsRequest.objects.filter(pk__in=keys).update(sealed=b"", handle="", words="")


def _delete(model: type[Model]) -> Callable[[Sequence[Any], datetime], None]:
    def act(keys: Sequence[Any], now: datetime) -> None:
        model._default_manager.filter(pk__in=keys).delete()

    return act


def _old(model: type[Model], field: str) -> Callable[[datetime], QuerySet[Any]]:
    return lambda before: model._default_manager.filter(**{f"{field}__lt": before})


#: In this order: what hangs on a case goes before the case.
CLASSES: tuple[Class, ...] = (
    Class("mentions_dismissed", "anonymise", _dismissed, _wipe_mentions),
    Class("mentions_other", "anonymise", _other_mentions, _wipe_mentions),
    Class("attachments", "delete", _attachments, _drop_attachments),
    Class("cases_closed", "anonymise", _closed_cases, _anonymise_cases),
    Class("originals", "delete", _originals, _delete(Original)),
    Class("information_requests", "anonymise", _information, _forget_identity),
    Class("rights_requests", "anonymise", _rights, _forget_requests),
    Class("links", "delete", _old(ActionLink, "expires_at"), _delete(ActionLink)),
    Class("sessions", "delete", _old(Session, "expire_date"), _delete(Session)),
    Class("sign_in_tries", "delete", _old(AccessAttempt, "attempt_time"), _delete(AccessAttempt)),
    Class("sign_in_failures", "delete", _old(AccessFailureLog, "attempt_time"), _delete(AccessFailureLog)),
    Class("sign_in_log", "delete", _old(AccessLog, "attempt_time"), _delete(AccessLog)),
)
