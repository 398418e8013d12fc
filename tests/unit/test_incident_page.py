"""One incident on one page, spikes and proposals on the desk: what people see there, and what they may do."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from cases import incident_page, proposals
from cases.messages import write
from cases.models import Case, HourCount, Incident, Proposal, ProposalState, Spike
from cases.ranking import counted, standing_of
from city.models import Unit
from desk.sparks import SPARK, columns, spark
from ledger.models import Person
from ledger.roles import Role, give
from publisher.models import Announcement, Pause
from tests.unit.test_incidents import NOON, told_of

PEOPLE = {
    "tono": Role.OFFICER,
    "wati": Role.REVIEWER,
    "budi": Role.APPROVER,
    "sari": Role.AUTHOR,
    "eka": None,
}


@pytest.fixture(autouse=True)
def _indonesian() -> Iterator[None]:
    with override("id"):
        yield


@pytest.fixture
def people(db: None, settings: Any) -> dict[str, Person]:
    from channels.models import Account
    from monitor.models import Source

    settings.LANGUAGE_CODE = "id"
    account = Account.objects.create(key="x", channel="x", name="X @pemkot")
    Source.objects.create(account=account, kind="mention")
    made = {}
    for name, role in PEOPLE.items():
        made[name] = Person.objects.create_user(name, password="rahasia-123", first_name=name.title())
        if role:
            give(made[name], role)
    return made


def as_(person: Person) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def flooded(posts: int = 12, **more: Any) -> Incident:
    for n in range(posts):
        told_of(at=NOON + timedelta(minutes=3 * n), **more)
    return Incident.objects.get()


def read(person: Person, name: str, *args: object) -> str:
    answer = as_(person).get(reverse(name, args=args))
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_says_in_one_sentence_how_large_and_where_it_is(people: dict[str, Person]) -> None:
    incident = flooded()
    standing = standing_of(counted(Incident.objects.all()).get())
    found = incident_page.figures(incident, NOON + timedelta(minutes=50))
    said = incident_page.sentence(standing, found)
    assert said.startswith(
        "12 akun menulis 12 kiriman tentang ini sejak 24/11 09.00 WIB di Jatiasih; 12 dalam"
    )
    assert "12 kasus belum selesai." in said
    assert "12 akun menulis 12 kiriman tentang ini" in read(people["tono"], "incident", incident.pk)


def test_growth_counts_every_post_once(people: dict[str, Person]) -> None:
    incident = flooded(30)
    found = incident_page.figures(incident, NOON + timedelta(hours=5))
    assert [one.count for one in found.growth] == [20, 10, 0, 0, 0, 0]
    assert found.growth[-1].total == 30


@given(st.lists(st.integers(0, 60 * 24 * 30), min_size=1, max_size=80))
def test_growth_of_any_times_is_complete_and_short(minutes: list[int]) -> None:
    times = sorted(NOON + timedelta(minutes=n) for n in minutes)
    found, step = incident_page.growth_of(times, NOON)
    assert sum(one.count for one in found) == len(times) == found[-1].total
    assert len(found) <= 73
    assert step >= timedelta(hours=1)


@given(st.lists(st.integers(0, 10**6), max_size=60))
def test_drawings_stay_inside_their_frame(values: list[int]) -> None:
    points = [tuple(map(float, one.split(","))) for one in spark(values).split()]
    assert all(0 <= x <= SPARK[0] and 0 <= y <= SPARK[1] for x, y in points)
    made, wide = columns(values, [""] * len(values), [1.5] * len(values))
    assert all(one.y >= 0 and one.x + 9 <= wide and (one.usual or 0) >= 0 for one in made)


def test_the_list_shows_growth_and_the_map_in_numbers_too(people: dict[str, Person]) -> None:
    incident = flooded()
    Case.objects.update(area="32.75.09.1002")
    page = read(people["tono"], "incidents")
    assert '<polyline points="' in page
    assert "<caption" in page
    assert '<th scope="row">Jatiasih</th><td>12</td>' in page
    assert reverse("incident", args=[incident.pk]) in page
    assert "style=" not in page


def test_filters_stand_in_the_address(people: dict[str, Person]) -> None:
    incident = flooded()
    link = reverse("incident", args=[incident.pk])
    base = reverse("incidents")
    tono = as_(people["tono"])
    assert link in tono.get(base, {"topik": "banjir_drainase", "kecamatan": "32.75.09"}).content.decode()
    assert link not in tono.get(base, {"topik": "sampah"}).content.decode()
    assert link not in tono.get(base, {"kecamatan": "32.75.01"}).content.decode()
    assert link in tono.get(base, {"kecamatan": "' or 1=1"}).content.decode()


def test_an_officer_of_one_unit_reads_only_its_cases(people: dict[str, Person]) -> None:
    incident = flooded()
    unit = Unit.objects.create(
        key="uji", name="Dinas Uji", short="Uji", sort="agency", valid_from="2020-01-01"
    )
    Case.objects.update(unit=None)
    mine = incident.cases.order_by("pk")[0]
    Case.objects.filter(pk=mine.pk).update(unit=unit)
    people["tono"].units.add(unit)
    page = read(people["tono"], "incident", incident.pk)
    assert mine.number in page
    assert "11 kasus lain ditangani unit lain." in page
    assert incident.cases.order_by("pk")[1].number not in page


def test_the_updates_to_reporters_stand_on_the_page(people: dict[str, Person]) -> None:
    incident = flooded()
    write(incident, "Pompa sudah menyala.", people["tono"], NOON)
    page = read(people["tono"], "incident", incident.pk)
    assert "Pompa sudah menyala." in page
    assert "menunggu persetujuan" in page
    assert reverse("incident_messages", args=[incident.pk]) in page


# Spikes and proposals on the desk.


@pytest.fixture
def spike(people: dict[str, Person]) -> Spike:
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    HourCount.objects.create(hour=now, scope="topic:banjir_drainase", posts=30, accounts=30)
    return Spike.objects.create(
        scope="topic:banjir_drainase",
        started_at=now,
        last_at=now + timedelta(hours=1),
        observed=30,
        expected=2.0,
        explanation={"topics": [["banjir_drainase", 30]], "places": [["Jatiasih", 28]], "posts": 31},
        told_at=now,
    )


def test_a_spike_waits_on_beranda_until_one_person_has_seen_it(
    people: dict[str, Person], spike: Spike
) -> None:
    assert "Lonjakan: banjir dan drainase" in read(people["sari"], "today")
    answer = as_(people["tono"]).post(reverse("spike_seen", args=[spike.pk]))
    assert answer.status_code == 302
    assert "Lonjakan: banjir" not in read(people["sari"], "today")
    assert "Sudah dilihat Tono" in read(people["budi"], "spike", spike.pk)


def test_the_history_of_spikes_has_its_chart_as_a_table(people: dict[str, Person], spike: Spike) -> None:
    page = read(people["wati"], "spikes")
    assert "Belum cukup riwayat: 14 hari" in page
    assert "30 akun menulis tentang banjir" in page
    assert "<caption" in page
    assert "style=" not in page


def test_who_has_no_role_sees_neither(people: dict[str, Person], spike: Spike) -> None:
    for name, args in (("spikes", []), ("spike", [spike.pk])):
        assert as_(people["eka"]).get(reverse(name, args=args)).status_code == 403


@pytest.fixture
def proposal(people: dict[str, Person]) -> Proposal:
    flooded()
    proposals.look_after(NOON + timedelta(minutes=40))
    return Proposal.objects.get()


def test_an_author_reads_what_is_missing_and_takes_it(people: dict[str, Person], proposal: Proposal) -> None:
    assert "Usulan: Peringatan" in read(people["sari"], "today")
    page = read(people["sari"], "proposal", proposal.pk)
    assert "Cara dan tempat mengungsi belum diisi." in page
    answer = as_(people["sari"]).post(reverse("proposal_take", args=[proposal.pk]))
    draft = Announcement.objects.get(author=people["sari"])
    assert answer["Location"] == reverse("announcement", args=[draft.pk])
    assert "dipakai" in read(people["tono"], "incident", proposal.incident_id)


def test_an_officer_declines_with_a_reason_and_keeps_what_was_typed(
    people: dict[str, Person], proposal: Proposal
) -> None:
    tono = as_(people["tono"])
    address = reverse("proposal_decline", args=[proposal.pk])
    refused = tono.post(address, {"alasan": " "})
    assert refused.status_code == 422
    assert "Tulis mengapa" in refused.content.decode()
    assert tono.post(address, {"alasan": "Sudah surut."}).status_code == 302
    proposal.refresh_from_db()
    assert proposal.state == ProposalState.DECLINED


def test_only_who_may_begins_the_pause(people: dict[str, Person], proposal: Proposal) -> None:
    address = reverse("proposal_pause", args=[proposal.pk])
    assert as_(people["sari"]).post(address, {"pejabat": "Sekda"}).status_code == 403
    refused = as_(people["budi"]).post(address, {"pejabat": ""})
    assert refused.status_code == 422
    assert "pejabat" in refused.content.decode()
    assert as_(people["budi"]).post(address, {"pejabat": "Sekda"}).status_code == 302
    assert Pause.objects.get().kecamatan == ["32.75.09"]


def test_a_decided_proposal_cannot_be_taken_again(people: dict[str, Person], proposal: Proposal) -> None:
    as_(people["tono"]).post(reverse("proposal_decline", args=[proposal.pk]), {"alasan": "Sudah surut."})
    answer = as_(people["sari"]).post(reverse("proposal_take", args=[proposal.pk]))
    assert answer.status_code == 422
    assert "sudah diputuskan" in answer.content.decode()
