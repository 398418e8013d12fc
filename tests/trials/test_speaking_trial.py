"""The short form of `make trial-speaking`, on both databases."""

import json
import os
import subprocess
import sys

import pytest

from tests.trials.databases import ROOT

pytestmark = pytest.mark.once


def test_thirty_random_trials_speak_once() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.trials.speaking", "--trials", "30", "--seed", "9000"],
        cwd=ROOT,
        env={**os.environ, "KENTONGAN_LOG": "CRITICAL"},
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["ok"], (report["broken"], done.stderr[-2000:])
    assert done.returncode == 0
    assert {name: report[name] for name in ("twice", "lost", "stuck", "untold")} == {
        "twice": 0,
        "lost": 0,
        "stuck": 0,
        "untold": 0,
    }
    assert report["changed"] >= 10
