"""The pipeline is killed at every point of its way and run again: nothing is missed, nothing is doubled."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from config.demo import shipped_world
from config.town import Town
from ledger.points import POINTS
from tests.trials.databases import Environment, migrated
from tests.trials.steps import announced
from tests.trials.warm import KILLED, Warm, warm

START = datetime.fromisoformat("2026-11-24T03:00:00+00:00")
#: Past every lease and every wait of the configuration.
LATER = timedelta(minutes=20)


@pytest.fixture(scope="module")
def process() -> Iterator[Warm]:
    with warm() as made:
        yield made


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Environment]:
    return migrated(tmp_path_factory.mktemp("trials"))


@pytest.fixture(scope="module")
def calm(process: Warm, fresh: Callable[[], Environment], town_process: Town) -> dict[str, Any]:
    """What a run ends with that nobody disturbs."""
    env = begin(process, fresh, town_process)
    return go_on(process, env, START)


def begin(process: Warm, fresh: Callable[[], Environment], town: Town) -> Environment:
    town.post("/control/reset", {})
    town.load(map(json.loads, shipped_world().splitlines()))
    env = {**fresh(), "KENTONGAN_STAND_IN": town.base}
    process.step("prepare", env, START)
    return env


def go_on(process: Warm, env: Environment, now: datetime) -> dict[str, Any]:
    for step in range(5):
        process.step("one_round", env, now + step * LATER)
    found: dict[str, Any] = process.step("outcome", env, now)
    return found


@pytest.mark.parametrize("visit", [1, 3])
@pytest.mark.parametrize("point", POINTS)
def test_a_pipeline_killed_at_any_point_ends_like_one_that_was_not(
    point: str,
    visit: int,
    process: Warm,
    fresh: Callable[[], Environment],
    calm: dict[str, Any],
    town_process: Town,
) -> None:
    once = point.startswith("judge")  # one batch holds the whole world
    env = begin(process, fresh, town_process)
    assert process.step("one_round", env, START, kill=point, visit=1 if once else visit) == KILLED
    ended = go_on(process, env, START + LATER)
    for part in ("mentions", "verdicts", "cases", "numbers"):
        assert ended[part] == calm[part], part
    received = town_process.get("/control/received")
    for account, state in ended["deliveries"]:
        # Facebook keeps no key of ours: killed just before the call, a person is asked rather than twice posted.
        assert state == "published" or (account, state) == ("facebook", "needs_person")
        assert len(announced(received, account)) == (1 if state == "published" else 0), (account, state)
