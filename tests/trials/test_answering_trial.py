"""The short form of `make trial-answering`, on both databases."""

import json
import os
import subprocess
import sys

import pytest

from tests.trials.answering import breaches
from tests.trials.databases import ROOT

pytestmark = pytest.mark.once


def test_twelve_random_trials_hand_over_once() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.trials.answering", "--trials", "12", "--seed", "9000"],
        cwd=ROOT,
        env={**os.environ, "KENTONGAN_LOG": "CRITICAL"},
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["ok"], (report["broken"], done.stderr[-2000:])
    assert done.returncode == 0
    broken = {name: report[name] for name in ("twice", "lost", "stuck", "untold")}
    assert broken == {"twice": 0, "lost": 0, "stuck": 0, "untold": 0}
    assert report["handoffs"] >= 36


def test_the_judge_of_the_trial_sees_each_kind_of_breach() -> None:
    good = {"receiver": "unit", "state": "delivered", "count": 1, "trouble": ""}
    assert breaches([good, {**good, "receiver": "tahu", "count": 3}]) == []
    wrong = [
        ({"count": 2}, "twice"),
        ({"count": 0}, "lost"),
        ({"state": "refused", "trouble": "x"}, "lost"),
        ({"state": "unknown"}, "stuck"),
        ({"state": "needs_person", "count": 0}, "untold"),
    ]
    assert [breaches([{**good, **change}])[0][0] for change, _ in wrong] == [what for _, what in wrong]
