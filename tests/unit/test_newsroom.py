"""Sari writes, Budi approves; nothing that does not fit, or was not approved, is scheduled."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.approval import approve, give_back
from publisher.kinds import TemplateProblem, kind_named, kinds
from publisher.models import Delivery, Variant
from publisher.newsroom import (
    Refused,
    cancel,
    content_hash,
    draft,
    edit,
    schedule,
    submit,
)
from publisher.render import problems, render

FIELDS = {
    "headline": "Air mati di Jatiasih",
    "body": "Pukul 10 sampai 12.",
    "place": "",
    "time": "",
    "contact": "",
}
CHANNELS = ["x", "facebook", "instagram", "website", "feed"]


@pytest.fixture
def sari(people: dict[str, Any]) -> Any:
    return people["sari"]


@pytest.fixture
def budi(people: dict[str, Any]) -> Any:
    return people["budi"]


@pytest.mark.django_db
class TestTheWay:
    def test_from_draft_to_schedule(self, accounts: Any, sari: Any, budi: Any, now: datetime) -> None:
        made = draft("service_notice", FIELDS, sari, now)
        assert made.state == "draft"
        tomorrow = now + timedelta(days=1)
        assert submit(made, sari, now, tomorrow).state == "submitted"
        made = approve(made, budi, now, version=made.version)
        assert made.state == "scheduled"
        assert (made.approved_by, made.approved_office) == (budi, "Kepala Bagian Humas")
        assert {d.due_at for d in Delivery.objects.all()} == {tomorrow}
        assert Delivery.objects.count() == len(accounts)

    def test_nobody_approves_their_own(self, accounts: Any, people: Any, now: datetime) -> None:
        rina = people["rina"]  # has every role
        made = submit(draft("service_notice", FIELDS, rina, now), rina, now)
        with pytest.raises(Refused, match="sendiri"):
            approve(made, rina, now, version=made.version)

    def test_who_changed_the_draft_of_another_does_not_approve_it(
        self, accounts: Any, sari: Any, people: Any, now: datetime
    ) -> None:
        rina = people["rina"]  # writes and approves
        made = edit(draft("service_notice", FIELDS, sari, now), {**FIELDS, "body": "Lain."}, rina, now)
        made = submit(made, sari, now)
        with pytest.raises(Refused, match="sendiri"):
            approve(made, rina, now, version=made.version)

    def test_an_approval_is_about_the_wording_that_was_read(
        self, accounts: Any, sari: Any, budi: Any, now: datetime
    ) -> None:
        read = submit(draft("service_notice", FIELDS, sari, now), sari, now)
        submit(edit(read, {**FIELDS, "body": "Lain sama sekali."}, sari, now), sari, now)
        for decide in (
            lambda: approve(read, budi, now, version=read.version),
            lambda: give_back(read, budi, now, "sebut tempatnya", version=read.version),
        ):
            with pytest.raises(Refused, match="baca lagi"):
                decide()

    def test_only_an_approver_approves(self, accounts: Any, sari: Any, people: Any, now: datetime) -> None:
        made = submit(draft("service_notice", FIELDS, sari, now), sari, now)
        with pytest.raises(Refused, match="tugas"):
            approve(made, people["wati"], now, version=made.version)

    def test_what_x_would_weigh_above_280_is_refused_before_scheduling(
        self, accounts: Any, sari: Any, now: datetime
    ) -> None:
        by_hand = {"overrides": {"x": "Ditulis tangan untuk X. " * 20}}
        with pytest.raises(Refused) as refused:
            submit(draft("service_notice", FIELDS, sari, now, more=by_hand), sari, now)
        assert "dari 280" in refused.value.by_field["x"]
        assert set(refused.value.by_field) == {"x"}

    def test_a_missing_field_is_named(self, accounts: Any, sari: Any, now: datetime) -> None:
        with pytest.raises(Refused) as refused:
            submit(draft("service_notice", {**FIELDS, "body": " "}, sari, now), sari, now)
        assert refused.value.by_field == {"body": "Isi belum diisi."}

    def test_a_change_takes_the_approval_away(
        self, accounts: Any, sari: Any, budi: Any, now: datetime
    ) -> None:
        made = submit(draft("service_notice", FIELDS, sari, now), sari, now, now + timedelta(hours=1))
        approve(
            made, budi, now + timedelta(hours=2), version=made.version
        )  # too late: stays approved, unscheduled
        made.refresh_from_db()
        assert made.state == "approved"
        made = edit(made, {**FIELDS, "body": "Pukul 11."}, sari, now)
        assert (made.state, made.approved_hash, made.version) == ("draft", "", 2)
        with pytest.raises(Refused):
            schedule(made, budi, now, now)

    def test_a_byte_changed_behind_the_back_of_the_approval_stops_it(
        self, accounts: Any, sari: Any, budi: Any, now: datetime
    ) -> None:
        made = submit(draft("service_notice", FIELDS, sari, now), sari, now, now + timedelta(hours=1))
        made = approve(made, budi, now + timedelta(hours=2), version=made.version)
        Variant.objects.filter(account__key="x").update(text="lain")
        with pytest.raises(Refused, match="berubah"):
            schedule(made, budi, now, now + timedelta(days=1))

    def test_a_returned_draft_carries_the_note(
        self, accounts: Any, sari: Any, budi: Any, now: datetime
    ) -> None:
        made = submit(draft("service_notice", FIELDS, sari, now), sari, now)
        with pytest.raises(Refused):
            give_back(made, budi, now, " ", version=made.version)
        made = give_back(made, budi, now, "sebutkan tempatnya", version=made.version)
        assert (made.state, made.note) == ("rejected", "sebutkan tempatnya")

    def test_a_time_that_has_passed_is_refused(self, accounts: Any, sari: Any, now: datetime) -> None:
        with pytest.raises(Refused) as refused:
            submit(draft("service_notice", FIELDS, sari, now), sari, now, now - timedelta(minutes=1))
        assert "publish_at" in refused.value.by_field

    def test_what_is_scheduled_can_be_cancelled_until_it_begins(
        self, accounts: Any, sari: Any, budi: Any, now: datetime
    ) -> None:
        made = submit(draft("service_notice", FIELDS, sari, now), sari, now, now + timedelta(hours=1))
        made = cancel(approve(made, budi, now, version=made.version), sari, now)
        assert made.state == "cancelled"
        assert {d.state for d in Delivery.objects.all()} == {"cancelled"}

    def test_what_has_begun_cannot_be_cancelled(
        self, accounts: Any, sari: Any, budi: Any, now: datetime
    ) -> None:
        made = submit(draft("service_notice", FIELDS, sari, now), sari, now)
        made = approve(made, budi, now, version=made.version)
        Delivery.objects.filter(account__key="x").update(state="sending")
        with pytest.raises(Refused, match="mulai tayang"):
            cancel(made, sari, now)
        assert Delivery.objects.filter(state="planned").count() == len(accounts) - 1

    def test_any_byte_of_any_variant_changes_the_hash(self, accounts: Any, sari: Any, now: datetime) -> None:
        made = submit(draft("service_notice", FIELDS, sari, now), sari, now)
        seen = {content_hash(made)}
        for variant in Variant.objects.all():
            for name in ("text", "title", "html", "alt"):
                Variant.objects.filter(pk=variant.pk).update(**{name: getattr(variant, name) + "."})
                seen.add(content_hash(made))
        assert len(seen) == 1 + 4 * Variant.objects.count()


@pytest.mark.once
@pytest.mark.django_db
@pytest.mark.parametrize("kind", list(kinds()))
@pytest.mark.parametrize("channel", CHANNELS)
def test_every_kind_renders_its_own_examples_within_each_limit(kind: str, channel: str) -> None:
    examples = {field.name: field.example for field in kind_named(kind).fields}
    shown = render(kind, examples, channel, "KTG-ABC123")
    assert problems(channel, shown) == []
    assert "KTG-ABC123" in (shown.html or shown.text)


@pytest.mark.django_db
@given(text=st.text(max_size=300))
@settings(max_examples=60, deadline=None)
def test_whatever_people_type_stays_text_on_the_website(text: str) -> None:
    shown = render("service_notice", {**FIELDS, "body": text}, "website", "KTG-1")
    assert "<script" not in shown.html.lower()
    assert "{{" not in shown.html or "{{" in text


@pytest.mark.django_db
def test_a_value_is_never_run_as_a_template() -> None:
    shown = render("service_notice", {**FIELDS, "body": "{{ 7 * 7 }} {% raw %}"}, "facebook", "KTG-1")
    assert "{{ 7 * 7 }}" in shown.text
    assert "49" not in shown.text


def test_an_unknown_kind_is_a_sentence() -> None:
    with pytest.raises(TemplateProblem, match="'tidak_ada'"):
        kind_named("tidak_ada")
