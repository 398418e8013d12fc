"""Events are chained, and a changed one is noticed."""

from typing import Any

import pytest

from ledger.chain import broken_at, record, seal, timeline
from ledger.models import Event
from ledger.roles import Role, roles_of

pytestmark = pytest.mark.django_db


def test_sealed_events_form_a_chain() -> None:
    for number in range(5):
        record("thing.done", "thing:1", number=number)
    assert seal() == 5
    assert seal() == 0
    assert broken_at() is None
    assert [event.data["number"] for event in timeline("thing:1")] == list(range(5))


def test_an_event_that_was_changed_later_breaks_the_chain_where_it_stands() -> None:
    for number in range(5):
        record("thing.done", "thing:1", number=number)
    seal()
    Event.objects.filter(seal=3).update(data={"number": 99})
    assert broken_at() == 3


def test_an_event_that_was_removed_breaks_the_chain() -> None:
    for number in range(5):
        record("thing.done", "thing:1", number=number)
    seal()
    Event.objects.filter(seal=2).delete()
    assert broken_at() == 2


def test_roles_are_groups_and_eka_has_none(people: dict[str, Any]) -> None:
    assert roles_of(people["sari"]) == {Role.AUTHOR}
    assert roles_of(people["eka"]) == frozenset()
    assert roles_of(people["rina"]) == frozenset(Role)
