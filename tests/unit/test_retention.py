"""No longer than needed: what is old goes, what is young, awaited or held stays."""

import itertools
import json
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.models import ENDED, Case, InformationRequest, RightsRequest, State
from cases.retention import CLASSES, due, look_after, run
from channels.models import Account
from classifiers.models import Verdict
from ledger.models import Event
from monitor.models import Mention, Original, Source

pytestmark = pytest.mark.django_db

NOW = datetime.fromisoformat("2026-11-24T20:00:00+00:00")  # 03.00 WIB of the 25th
_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _town(db: None) -> None:
    account = Account.objects.create(key="x", channel="x", name="X @pemkot")
    Source.objects.create(account=account, kind="mention")


def heard(age: int, decision: str = "dismiss", **verdict: Any) -> Mention:
    """A judged mention of ``age`` days."""
    number, at = next(_numbers), NOW - timedelta(days=age)
    mention = Mention.objects.create(
        channel="x",
        external_id=f"t{number}",
        source=Source.objects.get(),
        text=f"Kata warga {number}",
        author="@dewi",
        heard_at=at,
        unjudged=False,
    )
    Verdict.objects.create(
        mention=mention, kind="complaint", decision=decision, at=at, reasons=["kata"], **verdict
    )
    return mention


def a_case(age: int, state: str = State.CLOSED, **fields: Any) -> Case:
    """A case that ended ``age`` days ago, or goes on since then."""
    at = NOW - timedelta(days=age)
    mention = heard(age, "forward")
    made: Case = Case.objects.create(
        number=f"BKS-2024-{mention.pk:06d}",
        code="K7MPQ2RTWX",
        mention=mention,
        kind="complaint",
        state=state,
        opened_at=at,
        changed_at=at,
        ended_at=at if state in ENDED else None,
        **fields,
    )
    return made


def words(mention: Mention) -> str:
    mention.refresh_from_db()
    return mention.text


def test_an_old_dismissed_post_is_emptied_and_its_verdict_stays_for_the_counts() -> None:
    old, young = heard(181), heard(179)
    assert run(NOW)["mentions_dismissed"] == 1
    assert words(old) == ""
    assert words(young) != ""
    assert Verdict.objects.get(mention=old).reasons == []
    assert Verdict.objects.count() == 2


@pytest.mark.parametrize("waits", ["awaits_review", "awaits_case", "awaits_second"])
def test_what_waits_for_somebody_is_never_touched(waits: str) -> None:
    mention = heard(4000, "review", **{waits: True})
    run(NOW)
    assert words(mention) != ""


def test_an_old_ended_case_keeps_its_skeleton_only() -> None:
    case = a_case(731)
    assert run(NOW)["cases_closed"] == 1
    case.refresh_from_db()
    assert words(case.mention) == ""
    assert (case.code, case.state) == ("", State.CLOSED)
    assert case.anonymised_at == NOW


@pytest.mark.parametrize(
    ("age", "state", "fields"),
    [(729, State.CLOSED, {}), (5000, State.IN_PROGRESS, {}), (5000, State.CLOSED, {"legal_hold": True})],
)
def test_young_open_and_held_cases_stay_whole(age: int, state: str, fields: dict[str, Any]) -> None:
    case = a_case(age, state, **fields)
    Original.objects.create(mention=case.mention, sealed=b"x", until=None if state != State.CLOSED else NOW)
    run(NOW)
    assert words(case.mention) != ""
    assert Original.objects.count() == 1


def test_an_original_past_its_own_time_goes() -> None:
    Original.objects.create(mention=heard(10), sealed=b"x", until=NOW - timedelta(days=1))
    assert run(NOW)["originals"] == 1


def test_answered_requests_lose_the_person_but_stay_in_the_register() -> None:
    old = NOW - timedelta(days=2000)
    InformationRequest.objects.create(
        number="PPID-1", code="A", sealed=b"x", information="APBD", purpose="skripsi", state="closed",
        registered_at=old, answered_at=old,
    )  # fmt: skip
    RightsRequest.objects.create(
        number="PDP-1",
        code="B",
        right="erasure",
        sealed=b"x",
        words="w",
        state="answered",
        registered_at=old,
        done_at=old,
    )
    RightsRequest.objects.create(
        number="PDP-2", code="C", right="restriction", sealed=b"x", handle="@d", state="answered",
        registered_at=old, done_at=old,
    )  # fmt: skip
    done = run(NOW)
    assert (done["information_requests"], done["rights_requests"]) == (1, 1)
    request = InformationRequest.objects.get()
    assert (bytes(request.sealed), request.information) == (b"", "APBD")
    # A restriction in force has to know whom it is for.
    assert RightsRequest.objects.get(number="PDP-2").handle == "@d"


def test_the_dry_run_counts_and_changes_nothing() -> None:
    mention = heard(181)
    out = StringIO()
    call_command("retention", json=True, stdout=out)
    assert json.loads(out.getvalue())["classes"]["mentions_dismissed"] == 1
    assert words(mention) != ""
    call_command("retention", do=True, json=True, stdout=StringIO())
    assert words(mention) == ""


def test_the_counts_of_the_dry_run_are_what_the_run_does_and_the_second_run_does_nothing() -> None:
    for age in (100, 200, 400, 800):
        heard(age)
        heard(age, "review")
        a_case(age)
    counted = due(NOW)
    assert run(NOW) == counted
    assert sum(counted.values()) > 5
    assert sum(run(NOW).values()) == 0
    (event,) = Event.objects.filter(kind="retention.done")
    assert event.data["counts"] == counted


def test_batches_smaller_than_the_work_end_it_all(settings: Any) -> None:
    settings.PRIVACY = {**settings.PRIVACY, "retention": {**settings.PRIVACY["retention"], "batch": 2}}
    for _number in range(5):
        heard(400)
    assert run(NOW)["mentions_dismissed"] == 5


def test_the_nightly_round_comes_once_a_night_after_its_hour() -> None:
    heard(400)
    assert look_after(NOW - timedelta(hours=2)) == 0  # 01.00 WIB
    assert look_after(NOW) == 1
    heard(400)
    assert look_after(NOW + timedelta(minutes=1)) == 0
    assert look_after(NOW + timedelta(days=1)) == 1


def test_every_class_has_its_days_in_the_file(settings: Any) -> None:
    named = {key for key, value in settings.PRIVACY["retention"].items() if isinstance(value, dict)}
    assert named == {one.key for one in CLASSES}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 1500),
            st.sampled_from(["dismiss", "folded", "review", "forward", "case"]),
            st.booleans(),
            st.sampled_from(list(State)),
        ),
        max_size=8,
    )
)
def test_nothing_young_awaited_open_or_held_is_ever_touched(rows: list[tuple[int, str, bool, str]]) -> None:
    kept: list[Mention] = []
    for age, decision, flag, state in rows:
        if decision == "case":
            case = a_case(age, state, legal_hold=flag)
            if flag or state not in ENDED or age < 730:
                kept.append(case.mention)
        else:
            mention = heard(age, decision, awaits_review=flag)
            if flag or age < 180 or (decision in ("review", "forward") and age < 365):
                kept.append(mention)
    run(NOW)
    assert all(words(mention) for mention in kept)
    assert sum(run(NOW).values()) == 0
