"""Who gets what: the table, what reassignments teach, and giving, refusing and moving a case."""

import itertools
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases import act, route_learning, routes, routing
from cases.models import (
    Assignment,
    AssignmentEnd,
    Case,
    Gate,
    HandOff,
    Incident,
    Receiver,
    Route,
    RouteLesson,
    State,
)
from cases.refusal import NotAllowed
from cases.route_suggest import suggest_for
from channels.models import Account
from city.gazetteer import places
from city.models import Unit
from city.units import heirs, stands
from classifiers.core.authority import names
from classifiers.core.kinds import TOPICS, Kind
from ledger.chain import timeline
from ledger.models import Person
from monitor.models import Mention, Source

pytestmark = pytest.mark.django_db

NOW = datetime.fromisoformat("2026-11-24T03:00:00+00:00")
TODAY = date(2026, 11, 24)
JATIASIH = "32.75.09"
KECAMATAN = [place.code for place in places() if place.level == "kecamatan"]
_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _city(db: None) -> None:
    routing.seed(NOW)
    account = Account.objects.create(key="x", channel="x", name="X @pemkot")
    Source.objects.create(account=account, kind="mention")


@pytest.fixture
def tono() -> Person:
    return Person.objects.create_user("tono")


def unit(key: str) -> Unit:
    return Unit.objects.get(key=key)


def a_case(**fields: Any) -> Case:
    number = next(_numbers)
    mention = Mention.objects.create(
        channel="x", external_id=f"r{number}", source=Source.objects.get(), text="Lampu mati", heard_at=NOW
    )
    known = {"topic": "lampu_jalan_pju", "area": JATIASIH, "kind": "complaint", "state": State.VERIFIED}
    return Case.objects.create(
        number=f"BKS-2026-{number:06d}",
        mention=mention,
        opened_at=NOW,
        changed_at=NOW,
        **{**known, **fields},
    )


def keys(found: list[routing.Suggestion]) -> list[str]:
    return [one.unit.key for one in found]


def settle(key: str, person: Person, count: int = 1, at: datetime = NOW, **fields: Any) -> None:
    """Cases that a person gave to a unit, which said that they are theirs."""
    for _ in range(count):
        case = a_case(**fields)
        routing.assign(case, unit(key), person, at)
        routing.accepted(case, at)


# --- the table


@pytest.mark.parametrize("topic", ["", *TOPICS])
def test_every_topic_in_every_kecamatan_leads_to_a_unit_of_the_city(topic: str) -> None:
    known = heirs(TODAY)
    for area in ["", *KECAMATAN]:
        for kind in Kind:
            found = suggest_for(routes.matter(kind, topic, area, "", Gate.COMPLAINT), known)
            assert found, (topic, area, kind)
            assert not any(one.unit.outside for one in found)


def test_every_body_beside_the_city_has_its_line_and_words_for_the_citizen() -> None:
    for authority in names():
        if authority in ("city", "unknown"):
            continue
        found = suggest_for(routes.matter("complaint", "", "", authority, Gate.NOT_OURS), heirs(TODAY))
        assert found, authority
        assert found[0].redirect.endswith("."), authority


def test_a_matter_that_is_the_citys_is_never_given_to_a_body_beside_it() -> None:
    case = a_case(topic="listrik", authority="pln")
    assert keys(routing.suggest(case, TODAY))[0] == "diskominfostandi"
    case.gate = Gate.NOT_OURS
    assert keys(routing.suggest(case, TODAY))[0] == "pln"


def test_the_more_exact_line_goes_first(tono: Person) -> None:
    line = {"topic": "lampu_jalan_pju", "area": "32.75.09.1002", "valid_from": TODAY}
    routes.begin(Route(unit=unit("kec_jatiasih"), **line), tono, NOW)
    assert keys(routing.suggest(a_case(area="32.75.09.1002"), TODAY))[0] == "kec_jatiasih"
    assert keys(routing.suggest(a_case(area="32.75.09.1003"), TODAY))[0] == "dbmsda"


def test_the_reason_is_a_sentence_that_names_the_line() -> None:
    (first, *_rest) = routing.suggest(a_case(), TODAY)
    assert first.why == ["Tabel rute: lampu jalan → DBMSDA"]


def test_an_order_of_the_table_holds_from_its_first_day_and_the_old_one_to_its_last(tono: Person) -> None:
    old = Route.objects.get(topic="lampu_jalan_pju")
    first_day = date(2027, 1, 1)
    routes.change(old, routes.copy_for(old, unit("disperkimtan"), first_day), tono, NOW)
    case = a_case()
    assert keys(routing.suggest(case, date(2026, 12, 31)))[0] == "dbmsda"
    assert keys(routing.suggest(case, first_day))[0] == "disperkimtan"
    old.refresh_from_db()
    assert old.valid_to == date(2026, 12, 31)


def test_a_line_that_was_changed_already_is_not_changed_again(tono: Person) -> None:
    old = Route.objects.get(topic="sampah", authority="")
    routes.end(old, TODAY, tono, NOW)
    with pytest.raises(NotAllowed, match="sudah diakhiri"):
        routes.change(old, routes.copy_for(old, unit("dlh"), TODAY), tono, NOW)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"topic": "cuaca"}, "Topik"),
        ({"area": "31.01"}, "Wilayah"),
        ({"authority": "raja"}, "Wewenang"),
        ({"kind": "gosip"}, "Jenis"),
        ({"valid_from": date(2010, 1, 1)}, "tidak berlaku pada"),
        ({"topic": "sampah"}, "sudah ada"),
    ],
)
def test_a_line_that_cannot_be_is_refused_with_a_sentence(
    wrong: dict[str, Any], said: str, tono: Person
) -> None:
    with pytest.raises(NotAllowed, match=said):
        routes.begin(Route(**{"unit": unit("dlh"), "valid_from": TODAY, **wrong}), tono, NOW)


def test_seeding_again_changes_nothing_that_the_desk_changed(tono: Person) -> None:
    line = Route.objects.get(topic="sampah", authority="")
    routes.end(line, TODAY, tono, NOW)
    Unit.objects.filter(key="dlh").update(urc_email="urc@dlh.example")
    assert routing.seed(NOW) == (0, 0)
    line.refresh_from_db()
    assert (line.valid_to, unit("dlh").urc_email) == (TODAY, "urc@dlh.example")


# --- what reassignments teach


def test_settled_cases_change_the_order_and_the_reason_counts_them(tono: Person) -> None:
    settle("dishub", tono, 8)
    settle("dbmsda", tono, 1)
    found = routing.suggest(a_case(), TODAY)
    assert keys(found)[0] == "dishub"
    assert "8 dari 9 kasus serupa di Jatiasih berakhir di sini" in found[0].why


def test_a_few_wrong_ones_do_not_turn_a_strong_line_over(tono: Person) -> None:
    settle("dishub", tono, 3)
    assert keys(routing.suggest(a_case(), TODAY))[0] == "dbmsda"


def test_many_right_ones_hold_against_a_wave_of_wrong_ones(tono: Person) -> None:
    settle("dbmsda", tono, 10)
    settle("dishub", tono, 8)
    assert keys(routing.suggest(a_case(), TODAY))[0] == "dbmsda"


def test_what_one_kecamatan_does_weighs_most_there(tono: Person) -> None:
    settle("kec_bekasi_utara", tono, 9, area="32.75.03")
    assert keys(routing.suggest(a_case(area="32.75.03"), TODAY))[0] == "kec_bekasi_utara"
    settle("dbmsda", tono, 9)
    assert keys(routing.suggest(a_case(), TODAY))[0] == "dbmsda"


def test_old_lessons_fade(tono: Person) -> None:
    long_ago = NOW - timedelta(days=700)
    settle("dishub", tono, 12, at=long_ago)
    assert keys(routing.suggest(a_case(), long_ago.date()))[0] == "dishub"
    assert keys(routing.suggest(a_case(), TODAY))[0] == "dbmsda"


def test_a_choice_of_the_machine_that_nobody_confirmed_teaches_nothing() -> None:
    case = a_case()
    routing.assign(case, unit("dishub"), None, NOW)
    act.move(act.move(case, State.IN_PROGRESS, None, NOW), State.ANSWERED, None, NOW)
    RouteLesson.objects.update(settled=0)  # work begun was a yes; here nobody said yes
    standing = routing.present(case)
    assert standing is not None
    standing.accepted_at = None
    route_learning.finished(standing, NOW)
    assert not RouteLesson.objects.filter(settled__gt=0).exists()


def test_a_yes_is_taken_back_when_the_case_goes_elsewhere_after_all(tono: Person) -> None:
    case = a_case()
    routing.assign(case, unit("dishub"), tono, NOW)
    routing.accepted(case, NOW)
    routing.assign(case, unit("dbmsda"), tono, NOW, "salah alamat")
    assert not RouteLesson.objects.filter(settled__gt=0).exists()


def test_refusals_count_against_a_unit(tono: Person) -> None:
    before = {one.unit.key: one.score for one in routing.suggest(a_case(), TODAY)}
    for _ in range(4):
        case = a_case()
        routing.assign(case, unit("dbmsda"), tono, NOW)
        routing.refuse(case, tono, NOW, "bukan tugas kami")
    after = {one.unit.key: one for one in routing.suggest(a_case(), TODAY)}
    assert after.get("dbmsda") is None or after["dbmsda"].score < before["dbmsda"]


def test_the_other_cases_of_an_incident_speak_too(tono: Person) -> None:
    incident = Incident.objects.create(key="k", opened_at=NOW, last_at=NOW)
    for _ in range(6):
        routing.assign(a_case(incident=incident), unit("bpbd"), tono, NOW)
    found = routing.suggest(a_case(incident=incident), TODAY)
    assert found[0].unit.key == "bpbd"
    assert "6 dari 6 kasus lain pada kejadian ini ada di sini" in found[0].why


def test_a_unit_that_refused_this_case_comes_last_and_says_so(tono: Person) -> None:
    case = a_case()
    routing.assign(case, unit("dbmsda"), tono, NOW)
    routing.refuse(case, tono, NOW, "lampu taman, bukan jalan")
    found = routing.suggest(case, TODAY)
    assert found[-1].unit.key == "dbmsda"
    assert found[-1].why[0] == "Unit ini sudah menolak kasus ini."


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    topic=st.sampled_from(["", *TOPICS]),
    area=st.sampled_from(["", *(place.code for place in places())]),
    authority=st.sampled_from(["", *names()]),
    gate=st.sampled_from(Gate.values),
    lessons=st.lists(
        st.tuples(st.integers(0, 200), st.integers(0, 30), st.integers(0, 30), st.integers(0, 800)),
        max_size=12,
    ),
    over=st.sets(st.sampled_from(["dbmsda", "dlh", "dinkes", "pln"])),
)
def test_scores_fall_at_most_three_are_named_and_none_is_over(
    topic: str,
    area: str,
    authority: str,
    gate: str,
    lessons: list[tuple[int, int, int, int]],
    over: set[str],
) -> None:
    RouteLesson.objects.all().delete()
    Unit.objects.update(valid_to=None)
    Unit.objects.filter(key__in=over).update(valid_to=TODAY - timedelta(days=1))
    units = list(Unit.objects.order_by("pk"))
    asked = routes.matter("complaint", topic, area, authority, gate)
    for which, settled, refused, days in lessons:
        RouteLesson.objects.update_or_create(
            topic=asked.topic,
            area=asked.district,
            authority=asked.authority,
            unit=units[which % len(units)],
            month=(TODAY - timedelta(days=days)).replace(day=1),
            defaults={"settled": settled, "refused": refused},
        )
    found = suggest_for(asked, heirs(TODAY))
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
    assert len(found) <= 3
    assert all(0 <= score <= 1 for score in scores)
    assert sum(scores) <= 1.001
    assert all(stands(one.unit, TODAY) for one in found)
    assert len({one.unit.pk for one in found}) == len(found)


def test_a_suggestion_asks_a_bounded_number_of_questions(tono: Person) -> None:
    from django.db import connection

    incident = Incident.objects.create(key="k", opened_at=NOW, last_at=NOW)
    settle("dishub", tono, 3, incident=incident)
    case = a_case(incident=incident)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        routing.suggest(case, TODAY)
    assert len(asked) <= 5


# --- giving, refusing, moving


def test_a_case_is_given_with_its_state_its_history_and_its_hand_off(tono: Person) -> None:
    Receiver.objects.create(key="urc", sort="webhook", name="URC DBMSDA", unit=unit("dbmsda"))
    case = a_case(state=State.RECEIVED)
    made = routing.assign(case, unit("dbmsda"), tono, NOW, "lampu jalan")
    assert (case.state, case.unit) == (State.ASSIGNED, unit("dbmsda"))
    assert made.suggested[0]["unit"] == "dbmsda"
    told = [event.kind for event in timeline(case.subject)]
    assert told.count("case.assigned") == 1
    assert told.count("case.moved") == 2
    assert HandOff.objects.get().purpose == "assign"


def test_personal_numbers_in_a_reason_are_masked(tono: Person) -> None:
    case = a_case()
    routing.assign(case, unit("dbmsda"), tono, NOW, "telepon 081234567890")
    assert "081234567890" not in Assignment.objects.get().why
    assert "081234567890" not in str([event.data for event in timeline(case.subject)])


def test_of_two_who_saw_a_case_without_a_unit_one_gives_it_and_the_other_reads_where_it_is(
    tono: Person,
) -> None:
    case = a_case()
    seen_too = Case.objects.get(pk=case.pk)
    routing.assign(case, unit("dbmsda"), tono, NOW)
    with pytest.raises(NotAllowed, match="baru saja diberikan kepada DBMSDA"):
        routing.assign(seen_too, unit("dlh"), tono, NOW)
    assert Case.objects.get(pk=case.pk).unit == unit("dbmsda")


def test_moving_ends_the_old_assignment_and_calls_back_what_had_not_left(tono: Person) -> None:
    Receiver.objects.create(key="urc", sort="webhook", name="URC DBMSDA", unit=unit("dbmsda"))
    case = a_case()
    routing.assign(case, unit("dbmsda"), tono, NOW)
    routing.assign(case, unit("dlh"), tono, NOW, "sampah menutup lampu")
    old, new = Assignment.objects.order_by("pk")
    assert (old.end, old.end_why, new.ended_at) == (AssignmentEnd.MOVED, "sampah menutup lampu", None)
    assert HandOff.objects.get().state == "cancelled"


def test_a_unit_that_gets_a_case_again_is_told_again(tono: Person) -> None:
    Receiver.objects.create(key="urc", sort="webhook", name="URC DBMSDA", unit=unit("dbmsda"))
    case = a_case()
    for key in ("dbmsda", "dlh", "dbmsda"):
        routing.assign(case, unit(key), tono, NOW)
    assert list(HandOff.objects.order_by("pk").values_list("round", "state")) == [
        (1, "cancelled"),
        (2, "planned"),
    ]


@pytest.mark.parametrize(
    ("key", "fields", "said"),
    [
        ("pln", {}, "bukan perangkat kota"),
        ("dlh", {"gate": Gate.NOT_OURS}, "Ubah jalurnya"),
        ("dlh", {"state": State.CLOSED}, "tidak dapat diberikan"),
        ("dlh", {"state": State.ANSWERED}, "tidak dapat diberikan"),
    ],
)
def test_what_cannot_be_given_is_refused_with_a_sentence(
    key: str, fields: dict[str, Any], said: str, tono: Person
) -> None:
    case = a_case(**fields)
    with pytest.raises(NotAllowed, match=said):
        routing.assign(case, unit(key), tono, NOW)
    assert not Assignment.objects.exists()


def test_a_unit_that_is_over_names_its_heir(tono: Person) -> None:
    Unit.objects.filter(key="dlh").update(valid_to=TODAY - timedelta(days=1), successor=unit("dbmsda"))
    with pytest.raises(NotAllowed, match="Penggantinya DBMSDA"):
        routing.assign(a_case(), unit("dlh"), tono, NOW)


def test_a_refusal_needs_a_reason_and_gives_the_case_back(tono: Person) -> None:
    case = a_case()
    routing.assign(case, unit("dbmsda"), tono, NOW)
    with pytest.raises(NotAllowed, match="alasannya"):
        routing.refuse(case, tono, NOW, "  ")
    act.move(case, State.IN_PROGRESS, tono, NOW)
    routing.refuse(case, tono, NOW, "bukan aset kami")
    assert (case.state, case.unit) == (State.VERIFIED, None)
    assert Assignment.objects.get().end == AssignmentEnd.REFUSED
    with pytest.raises(NotAllowed, match="tidak ada pada unit mana pun"):
        routing.refuse(case, tono, NOW, "sekali lagi")


def test_the_third_refusal_is_ping_pong_and_stands_on_the_list(tono: Person) -> None:
    case = a_case()
    for key in ("dbmsda", "dishub", "dlh"):
        assert routing.ping_pong() == []
        routing.assign(case, unit(key), tono, NOW)
        routing.refuse(case, tono, NOW, "bukan kami")
    assert routing.ping_pong() == [(case, 3)]
    assert [event.kind for event in timeline(case.subject)].count("case.ping_pong") == 1
    act.move(case, State.REJECTED, tono, NOW, "bukan pengaduan")
    assert routing.ping_pong() == []


def test_work_begun_is_a_yes_and_an_end_ends_the_assignment(tono: Person) -> None:
    case = a_case()
    routing.assign(case, unit("dbmsda"), tono, NOW)
    for step in (State.IN_PROGRESS, State.ANSWERED, State.CLOSED):
        act.move(case, step, tono, NOW)
    row = Assignment.objects.get()
    assert (row.accepted_at, row.end, case.unit) == (NOW, AssignmentEnd.DONE, unit("dbmsda"))
    assert RouteLesson.objects.get().settled == 1


def test_a_step_back_takes_the_case_from_its_unit(tono: Person) -> None:
    case = a_case()
    routing.assign(case, unit("dbmsda"), tono, NOW)
    act.move(case, State.VERIFIED, tono, NOW)
    assert Case.objects.get(pk=case.pk).unit is None
    assert routing.present(case) is None


def test_an_emergency_is_given_at_once_and_only_once() -> None:
    case = a_case(gate=Gate.EMERGENCY, state=State.RECEIVED, topic="", area="")
    routing.first(case, NOW)
    routing.first(case, NOW)
    standing = routing.present(case)
    assert standing is not None
    assert routing.assign(case, standing.unit, None, NOW) == standing
    assert Assignment.objects.count() == 1


def test_an_emergency_without_a_line_goes_to_the_one_named_for_it() -> None:
    Route.objects.all().delete()
    case = a_case(gate=Gate.EMERGENCY)
    routing.first(case, NOW)
    assert case.unit == unit(django_settings.ROUTING["emergency"]["unit"])


# --- taken up again


@pytest.mark.parametrize("step", ["assign", "move"])
def test_a_unit_is_told_anew_of_a_case_that_is_taken_up_again(tono: Person, step: str) -> None:
    Unit.objects.filter(key="dbmsda").update(urc_email="urc@dbmsda.example.go.id")
    case = a_case()
    routing.assign(case, unit("dbmsda"), tono, NOW)
    case.refresh_from_db()
    for state in (State.IN_PROGRESS, State.ANSWERED):
        case = act.move(case, state, tono, NOW)
    later = NOW + timedelta(hours=1)
    case = act.reopen(case, tono, later, "Warga menyatakan belum selesai")
    later += timedelta(minutes=1)
    if step == "assign":
        routing.assign(case, unit("dbmsda"), tono, later)
    else:
        act.move(case, State.ASSIGNED, tono, later)
    case.refresh_from_db()
    assert (case.state, case.unit) == (State.ASSIGNED, unit("dbmsda"))
    assert list(HandOff.objects.order_by("id").values_list("purpose", "round")) == [
        ("assign", 1),
        ("reopen", 1),
    ]
    assert not RouteLesson.objects.filter(refused__gt=0).exists()
