"""One yes by a named official in the office held, to every byte; an emergency needs two of those on duty."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.chain import timeline
from ledger.models import Event, Mandate, Person
from ledger.roles import Role, give
from publisher import mandates
from publisher.approval import approve, give_back, is_late, remind, standing, waiting_for
from publisher.kinds import kind_named
from publisher.models import Announcement, Approval, Delivery, Duty, Variant
from publisher.newsroom import content_hash, draft, edit, submit
from publisher.rules import Refused

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 24)  # of the fixture `now`, in the city


def example(kind: str, **changes: str) -> dict[str, str]:
    return {one.name: one.example for one in kind_named(kind).fields} | changes


def person(name: str, office: str = "", *roles: Role) -> Person:
    made = Person.objects.create_user(name, first_name=name.title(), office=office)
    give(made, *roles)
    return made


@pytest.fixture
def sari(people: dict[str, Any], accounts: Any) -> Person:
    return people["sari"]


@pytest.fixture
def budi(people: dict[str, Any]) -> Person:
    return people["budi"]


@pytest.fixture
def joko(budi: Person) -> Person:
    return person("joko", "Kepala Bidang IKP", Role.APPROVER)


@pytest.fixture
def dewi(budi: Person) -> Person:
    return person("dewi", "Sekretaris Diskominfostandi", Role.APPROVER)


@pytest.fixture
def written(sari: Person, now: datetime) -> Announcement:
    return submit(draft("service_notice", example("service_notice"), sari, now), sari, now)


@pytest.fixture
def emergency(sari: Person, now: datetime) -> Announcement:
    made = submit(draft("emergency", example("emergency"), sari, now), sari, now)
    assert made.urgent
    return made


def mandate(of: Person, office: str, **values: Any) -> Mandate:
    made: Mandate = Mandate.objects.create(
        person=of, office=office, **{"starts_on": DAY - timedelta(days=10), **values}
    )
    return made


def duty(now: datetime, *who: Person) -> None:
    for one in who:
        Duty.objects.create(person=one, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=7))


class TestTheOffice:
    def test_without_a_mandate_the_office_of_the_person_is_printed(
        self, written: Announcement, budi: Person, now: datetime
    ) -> None:
        done = approve(written, budi, now, version=1)
        row = Approval.objects.get()
        assert (row.office, row.letter, row.content_hash) == ("Kepala Bagian Humas", "", content_hash(done))
        assert done.approved_office == "Kepala Bagian Humas"
        assert done.approved_hash == row.content_hash

    def test_who_has_no_office_at_all_does_not_approve(self, written: Announcement, now: datetime) -> None:
        with pytest.raises(Refused, match="Jabatan Anda belum diisi"):
            approve(written, person("tanpa", "", Role.APPROVER), now, version=1)

    @pytest.mark.parametrize(("acting", "printed"), [("plt", "Plt. "), ("plh", "Plh. "), ("", "")])
    def test_an_acting_official_is_printed_with_the_number_of_the_letter(
        self, written: Announcement, budi: Person, now: datetime, acting: str, printed: str
    ) -> None:
        mandate(budi, "Kepala Diskominfostandi", acting=acting, letter="800/12/BKPSDM", nip="1975")
        approve(written, budi, now, version=1)
        row = Approval.objects.get()
        assert row.office == f"{printed}Kepala Diskominfostandi"
        assert (row.letter, row.nip) == ("800/12/BKPSDM", "1975")

    def test_an_acting_official_without_a_letter_does_not_approve(
        self, written: Announcement, budi: Person, now: datetime
    ) -> None:
        mandate(budi, "Kepala Diskominfostandi", acting="plt")
        with pytest.raises(Refused, match="Nomor surat penunjukan sebagai"):
            approve(written, budi, now, version=1)

    def test_the_last_day_counts_and_the_day_after_does_not(
        self, written: Announcement, budi: Person, now: datetime
    ) -> None:
        mandate(budi, "Kepala Diskominfostandi", ends_on=DAY)
        assert mandates.office_of(budi, now).name == "Kepala Diskominfostandi"
        # 23.59 WIB is still the last day, 00.01 WIB is not.
        late = datetime.fromisoformat("2026-11-24T16:59:00+00:00")
        assert mandates.office_of(budi, late).name == "Kepala Diskominfostandi"
        with pytest.raises(Refused, match=r"berakhir 24 November 2026.*administrator"):
            approve(written, budi, late + timedelta(minutes=2), version=1)

    def test_an_ended_mandate_is_not_replaced_by_the_office_of_the_person(
        self, written: Announcement, budi: Person, now: datetime
    ) -> None:
        mandate(budi, "Kepala Diskominfostandi", ends_on=DAY - timedelta(days=1))
        with pytest.raises(Refused, match="Mandat Anda sebagai Kepala Diskominfostandi berakhir"):
            approve(written, budi, now, version=1)
        assert budi not in standing(written, now).may

    def test_a_mandate_that_has_not_begun_does_not_approve(
        self, written: Announcement, budi: Person, now: datetime
    ) -> None:
        mandate(budi, "Kepala Diskominfostandi", starts_on=DAY + timedelta(days=3))
        with pytest.raises(Refused, match="baru berlaku mulai 27 November 2026"):
            approve(written, budi, now, version=1)

    def test_a_deputy_is_printed_in_the_stead_of_whom_they_deputise(
        self, written: Announcement, budi: Person, dewi: Person, now: datetime
    ) -> None:
        mandate(budi, "Kepala Diskominfostandi")
        mandate(dewi, "Sekretaris", deputises=budi, ends_on=DAY)
        approve(written, dewi, now, version=1)
        assert Approval.objects.get().office == "a.n. Kepala Diskominfostandi, Sekretaris"

    def test_nobody_approves_in_the_stead_of_who_wrote_it(
        self, budi: Person, dewi: Person, sari: Person, now: datetime
    ) -> None:
        give(budi, Role.AUTHOR)
        made = draft("service_notice", example("service_notice"), sari, now)
        made = submit(edit(made, example("service_notice", body="Diubah Budi."), budi, now), sari, now)
        mandate(dewi, "Sekretaris", deputises=budi, ends_on=DAY)
        with pytest.raises(Refused, match="Budi ikut menulisnya"):
            approve(made, dewi, now, version=made.version)

    def test_who_holds_two_offices_chooses_one(
        self, written: Announcement, budi: Person, now: datetime
    ) -> None:
        mandate(budi, "Kepala Bagian Humas")
        second = mandate(budi, "Kepala Diskominfostandi", acting="plt", letter="800/9")
        assert len(mandates.offices_of(budi, now)) == 2
        with pytest.raises(Refused, match="tidak berlaku lagi"):
            approve(written, budi, now, version=1, mandate=second.pk + 99)
        approve(written, budi, now, version=1, mandate=second.pk)
        assert Approval.objects.get().office == "Plt. Kepala Diskominfostandi"

    def test_the_administrator_records_and_ends_mandates(
        self, people: Any, budi: Person, now: datetime
    ) -> None:
        rina = people["rina"]
        with pytest.raises(Refused) as refused:
            mandates.give_mandate(
                Mandate(person=budi, office="", acting="plh", starts_on=DAY, deputises=budi), rina, now
            )
        assert set(refused.value.by_field) == {"office", "letter", "ends_on", "deputises"}
        with pytest.raises(Refused):
            mandates.give_mandate(Mandate(person=budi, office="Kepala", starts_on=DAY), budi, now)
        made = mandates.give_mandate(Mandate(person=budi, office="Kepala", starts_on=DAY), rina, now)
        mandates.end_mandate(made, DAY, rina, now)
        assert list(mandates.present_and_coming(now + timedelta(days=1))) == []
        assert [event.kind for event in timeline(f"person:{budi.pk}")] == ["mandate.given", "mandate.ended"]


class TestOneYes:
    @pytest.mark.parametrize("field", ["text", "title", "html", "alt", "change_text"])
    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_any_changed_byte_of_any_variant_leaves_no_yes(
        self, written: Announcement, budi: Person, now: datetime, field: str, data: Any
    ) -> None:
        Approval.objects.all().delete()
        said = Approval.objects.create(
            announcement=written, version=1, person=budi, content_hash=content_hash(written), at=now
        )
        assert standing(written, now).given == [said]
        variant = data.draw(st.sampled_from(list(Variant.objects.filter(announcement=written))))
        before = getattr(variant, field)
        after = data.draw(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40))
        Variant.objects.filter(pk=variant.pk).update(**{field: before + after})
        assert (standing(written, now).given == [said]) == (after == "")
        Variant.objects.filter(pk=variant.pk).update(**{field: before})

    def test_a_change_drops_the_approval(
        self, written: Announcement, sari: Person, budi: Person, now: datetime
    ) -> None:
        Approval.objects.create(
            announcement=written, version=1, person=budi, content_hash=content_hash(written), at=now
        )
        changed = submit(edit(written, example("service_notice", body="Lain."), sari, now), sari, now)
        assert standing(changed, now).given == []

    def test_waiting_is_what_one_did_not_write_and_has_not_said_yes_to(
        self, emergency: Announcement, sari: Person, budi: Person, joko: Person, now: datetime
    ) -> None:
        assert list(waiting_for(sari)) == []
        assert list(waiting_for(budi)) == [emergency]
        approve(emergency, budi, now, version=1)
        assert list(waiting_for(budi)) == []
        assert list(waiting_for(joko)) == [emergency]

    def test_the_record_names_office_letter_and_hash(
        self, written: Announcement, budi: Person, now: datetime
    ) -> None:
        mandate(budi, "Kepala", acting="plt", letter="800/1")
        done = approve(written, budi, now, version=1)
        (event,) = Event.objects.filter(kind="announcement.approved")
        assert event.actor == budi
        assert (event.data["office"], event.data["letter"]) == ("Plt. Kepala", "800/1")
        assert event.data["hash"] == done.approved_hash


class TestAnEmergency:
    def test_the_second_of_two_on_duty_sends_it_at_once(
        self, emergency: Announcement, budi: Person, joko: Person, now: datetime
    ) -> None:
        duty(now, budi, joko)
        first = approve(emergency, budi, now, version=1)
        assert first.state == "submitted"
        assert first.approved_hash == ""
        assert not Delivery.objects.exists()
        assert [one.pk for one in standing(first, now).may] == [joko.pk]
        second = approve(first, joko, now + timedelta(seconds=9), version=1)
        assert second.state == "scheduled"
        assert {one.due_at for one in Delivery.objects.all()} == {now + timedelta(seconds=9)}
        assert all(Delivery.objects.values_list("urgent", flat=True))
        kinds = [event.kind for event in timeline(emergency.subject)]
        assert kinds[-3:] == [
            "announcement.approved_first",
            "announcement.approved",
            "announcement.scheduled",
        ]

    def test_one_person_is_not_two(
        self, emergency: Announcement, budi: Person, joko: Person, now: datetime
    ) -> None:
        duty(now, budi, joko)
        approve(emergency, budi, now, version=1)
        with pytest.raises(Refused, match="dari orang lain"):
            approve(emergency, budi, now, version=1)
        assert Approval.objects.count() == 1

    def test_who_is_not_on_duty_does_not_count(
        self, emergency: Announcement, budi: Person, joko: Person, dewi: Person, now: datetime
    ) -> None:
        duty(now, budi, joko)
        with pytest.raises(Refused, match=r"sedang piket.*Budi, Joko"):
            approve(emergency, dewi, now, version=1)
        # Their turn is over: the roster is empty, and any two approvers will do.
        later = now + timedelta(hours=8)
        approve(emergency, dewi, later, version=1)
        assert approve(emergency, joko, later, version=1).state == "scheduled"

    def test_with_an_empty_roster_any_two_approvers_do_and_the_record_says_so(
        self, emergency: Announcement, budi: Person, joko: Person, now: datetime
    ) -> None:
        assert standing(emergency, now).beyond_roster
        approve(emergency, budi, now, version=1)
        approve(emergency, joko, now, version=1)
        said = Event.objects.filter(kind__startswith="announcement.approved").values_list("data", flat=True)
        assert [(data["number"], data["needed"], data["beyond_roster"]) for data in said] == [
            (1, 2, True),
            (2, 2, True),
        ]

    def test_a_roster_on_which_only_one_can_approve_never_locks_an_emergency(
        self, emergency: Announcement, sari: Person, budi: Person, joko: Person, dewi: Person, now: datetime
    ) -> None:
        mandate(dewi, "Sekretaris", ends_on=DAY - timedelta(days=1))
        give(sari, Role.APPROVER)
        duty(now, budi, sari, dewi)  # Sari wrote it, Dewi's mandate has ended
        state = standing(emergency, now)
        assert state.beyond_roster
        assert {"budi", "joko"} <= {one.username for one in state.may}
        assert not {"sari", "dewi"} & {one.username for one in state.may}

    def test_given_back_the_first_yes_is_worth_nothing(
        self, emergency: Announcement, sari: Person, budi: Person, joko: Person, now: datetime
    ) -> None:
        approve(emergency, budi, now, version=1)
        give_back(emergency, joko, now, "Sebut lokasinya.", version=1)
        again = submit(emergency, sari, now)
        assert standing(again, now).missing == 2
        approve(again, budi, now, version=again.version)
        assert standing(again, now).missing == 1

    def test_a_later_time_that_was_asked_for_is_kept(
        self, sari: Person, budi: Person, joko: Person, now: datetime
    ) -> None:
        tomorrow = now + timedelta(days=1)
        made = submit(draft("emergency", example("emergency"), sari, now), sari, now, tomorrow)
        approve(made, budi, now, version=1)
        approve(made, joko, now, version=1)
        assert {one.due_at for one in Delivery.objects.all()} == {tomorrow}

    def test_a_wished_time_that_has_passed_holds_nothing_up(
        self, sari: Person, budi: Person, joko: Person, now: datetime
    ) -> None:
        made = submit(
            draft("emergency", example("emergency"), sari, now), sari, now, now + timedelta(minutes=1)
        )
        later = now + timedelta(minutes=5)
        approve(made, budi, later, version=1)
        assert approve(made, joko, later, version=1).state == "scheduled"
        assert {one.due_at for one in Delivery.objects.all()} == {later}


class TestReminders:
    def test_what_waits_too_long_is_noted_once_for_each_submission(
        self, written: Announcement, sari: Person, budi: Person, now: datetime
    ) -> None:
        assert remind(now + timedelta(minutes=119)) == 0
        late = now + timedelta(hours=2, seconds=1)
        assert is_late(written, late)
        assert remind(late) == 1
        assert remind(late + timedelta(hours=5)) == 0
        give_back(written, budi, late, "Perbaiki.", version=1)
        assert remind(late + timedelta(hours=9)) == 0
        again = submit(written, sari, late + timedelta(hours=9))
        assert remind(again.changed_at + timedelta(hours=3)) == 1

    def test_an_emergency_is_noted_after_two_minutes(self, emergency: Announcement, now: datetime) -> None:
        assert remind(now + timedelta(seconds=119)) == 0
        assert remind(now + timedelta(seconds=121)) == 1

    def test_a_first_yes_does_not_begin_the_waiting_anew(
        self, emergency: Announcement, budi: Person, now: datetime
    ) -> None:
        approve(emergency, budi, now + timedelta(seconds=100), version=1)
        assert remind(now + timedelta(seconds=121)) == 1
