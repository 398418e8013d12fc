"""Many that open cases of one flood at once, on PostgreSQL (collected there only)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connections

from cases.models import Case, Incident, IncidentState
from cases.open import open_case
from cases.regroup import merge
from channels.models import Account
from classifiers.models import Verdict
from ledger.models import Person
from ledger.roles import Role, give
from monitor.models import Mention, Source

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)


def forwarded(count: int, place: str) -> list[int]:
    """Verdicts on one flood that wait for their cases."""
    account, _ = Account.objects.get_or_create(key="x", defaults={"channel": "x", "name": "X"})
    source, _ = Source.objects.get_or_create(account=account, kind="mention")
    made = []
    start = Mention.objects.count()
    for number in range(start, start + count):
        mention = Mention.objects.create(
            channel="x",
            external_id=f"{place}{number}",
            source=source,
            text=f"Banjir di {place} ({number})",
            author=f"@{place}{number}",
            posted_at=NOW,
            heard_at=NOW,
            unjudged=False,
        )
        verdict = Verdict.objects.create(
            mention=mention,
            kind="complaint",
            decision="forward",
            topic="banjir_drainase",
            place=place,
            incident_key=f"water|{place}|{int(NOW.timestamp()) // (12 * 3600):x}",
            at=NOW,
            awaits_case=True,
        )
        made.append(verdict.pk)
    return made


def opened(verdict: int) -> None:
    try:
        open_case(verdict, NOW)
    finally:
        connections.close_all()


def merged(source: int, target: int, person: Person) -> None:
    try:
        merge(Incident.objects.get(pk=source), Incident.objects.get(pk=target), person, NOW)
    finally:
        connections.close_all()


def test_four_openers_at_once_make_one_incident_and_leave_nobody_alone() -> None:
    waiting = forwarded(40, "jatiasih")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(opened, waiting))
    assert Incident.objects.get().cases.count() == 40
    assert len(set(Case.objects.values_list("number", flat=True))) == 40


def test_a_merge_while_cases_are_opened_loses_none() -> None:
    person = Person.objects.create_user("tono")
    give(person, Role.OFFICER)
    for verdict in forwarded(2, "jatiasih") + forwarded(2, "kranji"):
        open_case(verdict, NOW)
    source, target = (Incident.objects.get(place=place) for place in ("jatiasih", "kranji"))
    ids = forwarded(40, "jatiasih")
    with ThreadPoolExecutor(4) as pool:
        half = [pool.submit(opened, pk) for pk in ids[:20]]
        joining = pool.submit(merged, source.pk, target.pk, person)
        half += [pool.submit(opened, pk) for pk in ids[20:]]
        for one in (*half, joining):
            one.result()
    assert Incident.objects.get(state=IncidentState.OPEN).cases.count() == 44
