"""From listening to speaking: what is proposed, once, and what a person makes of it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils.translation import override

from cases import proposals, spikes
from cases.act import NotAllowed
from cases.models import Case, Incident, Proposal, ProposalState
from cases.proposal_content import Matter, filled, kind_for
from ledger.chain import timeline
from ledger.models import Person
from ledger.roles import Role, give
from publisher.kinds import kind_named, kinds
from publisher.models import AnnouncementState, Pause
from tests.unit.test_incidents import NOON, told_of
from tests.unit.test_spikes import NOW, flood
from tests.unit.test_spikes import known as known
from tests.unit.test_spikes import source as source

pytestmark = pytest.mark.django_db
PEOPLE = {"tono": Role.OFFICER, "budi": Role.APPROVER, "sari": Role.AUTHOR}


@pytest.fixture(autouse=True)
def _indonesian() -> Iterator[None]:
    with override("id"):
        yield


@pytest.fixture
def staff(db: None) -> dict[str, Person]:
    made = {}
    for name, role in PEOPLE.items():
        made[name] = Person.objects.create_user(name, password="rahasia-123")
        give(made[name], role)
    return made


@pytest.fixture
def town(db: None) -> None:
    from channels.models import Account
    from monitor.models import Source

    account = Account.objects.create(key="x", channel="x", name="X @pemkot")
    Source.objects.create(account=account, kind="mention")


def reported(posts: int = 12, **more: Any) -> Incident:
    for _post in range(posts):
        case = told_of(**more)
    case = Case.objects.get(pk=case.pk)
    assert case.incident is not None
    return case.incident


def test_a_flood_proposes_one_warning_filled_from_its_cases(town: None) -> None:
    incident = reported()
    assert proposals.look_after(NOON) == 1
    assert proposals.look_after(NOON) == 0
    row = Proposal.objects.get()
    assert (row.incident, row.kind, row.kecamatan) == (incident, "weather_warning", ["32.75.09"])
    assert row.fields["headline"] == "Banjir dan drainase dilaporkan warga di Jatiasih"
    assert "12 warga melaporkan" in row.fields["hazard"]
    assert "24/11 pukul 09.00 WIB" in row.fields["hazard"]
    assert "1500444" in row.fields["assistance"]
    assert row.pause_classes == ["event", "greeting", "general"]
    assert [event.kind for event in timeline(incident.subject)][-1] == "proposal.made"


def test_what_only_a_person_can_know_is_listed_as_missing(town: None) -> None:
    reported()
    proposals.look_after(NOON)
    said = proposals.missing(Proposal.objects.get())
    assert "Cara dan tempat mengungsi belum diisi." in said
    assert not any("Judul" in one or "Tingkat" in one for one in said)


def test_a_few_reports_propose_nothing_and_one_shouting_account_neither(town: None) -> None:
    reported(4)
    reported(12, author="@ramai", place="Kranji")
    assert proposals.look_after(NOON) == 0


def test_reports_of_other_days_do_not_add_up(town: None) -> None:
    for n in range(12):
        told_of(at=NOON + timedelta(minutes=50 * n))
    assert proposals.look_after(NOON + timedelta(minutes=550)) == 0


def test_an_emergency_proposes_at_once(town: None) -> None:
    reported(2, urgency="emergency")
    assert proposals.look_after(NOON) == 1


def test_the_numbers_follow_the_cases_until_somebody_decides(town: None, staff: dict[str, Person]) -> None:
    reported()
    proposals.look_after(NOON)
    reported(3)
    proposals.look_after(NOON)
    row = Proposal.objects.get()
    assert "15 warga" in row.fields["hazard"]
    proposals.take(row, staff["sari"], NOON)
    reported(3)
    proposals.look_after(NOON)
    row.refresh_from_db()
    assert "15 warga" in row.fields["hazard"]


def test_taking_it_makes_a_draft_and_nothing_more(town: None, staff: dict[str, Person]) -> None:
    reported()
    proposals.look_after(NOON)
    row = Proposal.objects.get()
    draft = proposals.take(row, staff["sari"], NOON)
    assert (draft.state, draft.author, draft.kecamatan) == (
        AnnouncementState.DRAFT,
        staff["sari"],
        ["32.75.09"],
    )
    assert (row.state, row.announcement, row.pause) == (ProposalState.TAKEN, draft, None)
    with pytest.raises(NotAllowed):
        proposals.take(row, staff["sari"], NOON)


def test_who_may_not_write_takes_nothing_and_it_still_waits(town: None, staff: dict[str, Person]) -> None:
    reported()
    proposals.look_after(NOON)
    with pytest.raises(NotAllowed):
        proposals.take(Proposal.objects.get(), staff["tono"], NOON)
    assert Proposal.objects.get().state == ProposalState.OPEN


def test_the_pause_needs_its_official_and_falls_together_with_the_draft(
    town: None, staff: dict[str, Person]
) -> None:
    give(staff["sari"], Role.APPROVER)
    reported()
    proposals.look_after(NOON)
    row = Proposal.objects.get()
    with pytest.raises(NotAllowed, match="pejabat"):
        proposals.take(row, staff["sari"], NOON, with_pause=True)
    row.refresh_from_db()
    assert row.state == ProposalState.OPEN
    assert not Pause.objects.exists()
    proposals.take(row, staff["sari"], NOON, with_pause=True, official="Dra. Nining, Sekretaris Daerah")
    made = Pause.objects.get()
    assert made.kecamatan == ["32.75.09"]
    assert made.ends_at == NOON + timedelta(hours=12)
    assert made.content_classes == ["event", "greeting", "general"]


def test_an_approver_begins_the_pause_alone(town: None, staff: dict[str, Person]) -> None:
    reported()
    proposals.look_after(NOON)
    row = Proposal.objects.get()
    proposals.only_pause(row, staff["budi"], NOON, "Sekretaris Daerah")
    assert row.state == ProposalState.OPEN
    assert row.pause == Pause.objects.get()
    with pytest.raises(NotAllowed):
        proposals.only_pause(row, staff["budi"], NOON, "Sekretaris Daerah")


def test_declining_needs_a_reason_and_holds(town: None, staff: dict[str, Person]) -> None:
    reported()
    proposals.look_after(NOON)
    row = Proposal.objects.get()
    with pytest.raises(NotAllowed):
        proposals.decline(row, staff["tono"], NOON, " ")
    proposals.decline(row, staff["tono"], NOON, "Sudah diumumkan BPBD.")
    assert proposals.look_after(NOON) == 0
    assert not proposals.waiting().exists()
    assert row.incident is not None
    assert timeline(row.incident.subject)[-1].data["note"] == "Sudah diumumkan BPBD."


def test_a_rumour_is_put_right(town: None) -> None:
    reported(12, text="Katanya ada bantuan sosial lewat tautan, benarkah min?", topic="banjir_drainase")
    proposals.look_after(NOON)
    row = Proposal.objects.get()
    assert row.kind == "hoax_clarification"
    assert "Faktanya belum diisi." in proposals.missing(row)


def test_a_spike_proposes_once_for_all_its_scopes(source: Any, known: None) -> None:
    flood(source, NOW, 30)
    now = NOW + timedelta(minutes=40)
    spikes.look_after(now)
    assert proposals.look_after(now) == 1
    assert proposals.look_after(now) == 0
    row = Proposal.objects.get()
    assert row.spike is not None
    assert row.kind == "weather_warning"
    assert row.kecamatan == ["32.75.09"]


def _matter(topic: str, places: list[str]) -> Matter:
    return Matter(topic, places, ["32.75.09"], NOON, 12, 11, False, [])


def test_every_wording_fits_its_kind() -> None:
    """Each field named in answering.toml exists, and holds what the kind takes."""
    from django.conf import settings

    table = settings.ANSWERING["proposals"]
    for kind, fields in table["fields"].items():
        assert set(fields) <= {one.name for one in kind_named(kind).fields}
        for topic in table["kinds"]:
            found = filled(kind, _matter(topic, ["Bojong Rawalumbu", "Kaliabang Tengah", "Ciketingudik"]))
            wrong = kind_named(kind).check(found)
            assert all(sentence.endswith("belum diisi.") for sentence in wrong.values()), wrong
    assert set(table["kinds"].values()) <= set(kinds())


def test_without_a_place_the_field_stays_empty() -> None:
    found = filled("outage", _matter("listrik", []))
    assert "area" not in found
    assert found["service"] == "power"


def test_topics_without_a_kind_propose_nothing() -> None:
    assert kind_for(_matter("ketertiban_keamanan", ["Kranji"])) == ""
