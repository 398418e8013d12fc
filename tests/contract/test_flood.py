"""Forty people speak of one flood on three platforms: one incident. One loud account: below one quiet emergency."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cases.models import Case, Incident
from cases.ranking import ranked
from classifiers.core.kinds import Kind
from classifiers.models import Verdict
from classifiers.review import review
from config.town import Town
from engine.work import pipeline
from monitor.models import Mention

pytestmark = pytest.mark.django_db

WHAT = [
    "Banjir lagi, air sudah masuk rumah",
    "Air setinggi lutut, motor mogok semua",
    "Saluran meluap, jalanan terendam banjir",
    "Banjir dari subuh belum surut, pompa tidak jalan",
    "Tolong keruk got yang mampet, tiap hujan kami kebanjiran",
    "Kebanjiran terus tiap hujan, tolong drainasenya dibenahi",
    "Air selokan naik ke teras, mohon petugas datang",
    "Tolong pompanya, genangan makin tinggi dan banjir tidak surut",
]
WHERE = [
    "di Jatiasih dekat pasar",
    "di Jatiasih belakang masjid",
    "kelurahan Jatiasih RT 03",
    "Jatiasih gang Melati",
    "Jatiasih depan sekolah",
]
DARK = [
    "Listrik padam terus, tolong dinyalakan",
    "Mati lampu dari pagi, kapan listrik menyala lagi",
    "Listrik mati lagi, tidak ada kabar sama sekali",
]
#: In the middle of a window, so that forty posts of one hour lie in one.
FLOOD = datetime(2026, 11, 24, 4, tzinfo=UTC)
WAYS = itertools.cycle([("x", "mention"), ("facebook", "mention"), ("instagram", "tagged")])


def flood() -> list[dict[str, Any]]:
    """Forty posts by forty people within forty minutes."""
    return [
        {
            "channel": channel,
            "how": how,
            "id": f"banjir-{number}",
            "author": f"warga_{number}",
            "text": f"{what} {where}",
            "created_at": (FLOOD + timedelta(minutes=number)).isoformat(),
        }
        for number, ((what, where), (channel, how)) in enumerate(
            zip(itertools.product(WHAT, WHERE), WAYS, strict=False)
        )
    ]


def confirm_all(person: Any, now: datetime) -> None:
    """What the judge was not sure of, Wati confirms."""
    for pk in Verdict.objects.filter(awaits_review=True).values_list("pk", flat=True):
        review(pk, Kind.COMPLAINT, person, now)


def test_forty_posts_by_forty_people_about_one_flood_are_one_incident(
    town: Town, accounts: Any, people: Any
) -> None:
    now = FLOOD + timedelta(hours=1)
    assert town.load(flood()) == []
    pipeline(now)
    confirm_all(people["wati"], now)
    pipeline(now + timedelta(minutes=1))
    assert Mention.objects.count() == 40
    assert Verdict.objects.filter(decision="forward").count() > 20
    (incident,) = Incident.objects.all()
    (standing,) = ranked()
    assert (standing.posts, standing.people, standing.incident) == (40, 40, incident)
    assert Case.objects.filter(incident=incident).count() == 40


def test_a_burst_of_one_account_stays_below_one_quiet_cry_for_help(
    town: Town, accounts: Any, people: Any
) -> None:
    now = FLOOD + timedelta(hours=2)
    burst = [
        {
            "channel": "x",
            "how": "mention",
            "id": f"ramai-{number}",
            "author": "ramai",
            "text": f"{what} {where}",
        }
        for number, (what, where) in enumerate(itertools.product(DARK, WHERE))
    ]
    quiet = {
        "channel": "facebook",
        "how": "mention",
        "id": "sunyi",
        "author": "Bu Ijah",
        "text": "Tolong, rumah tetangga kebakaran di Kranji, ada nenek terjebak di dalam",
    }
    assert town.load([*burst, quiet]) == []
    pipeline(now)
    confirm_all(people["wati"], now)
    pipeline(now + timedelta(minutes=1))
    rows = ranked()
    first = rows[0].case
    assert first is not None
    assert first.mention.author == "Bu Ijah"
    assert [one.people for one in rows[1:]] == [1] * len(rows[1:])
    assert sum(one.posts for one in rows[1:]) >= 15
