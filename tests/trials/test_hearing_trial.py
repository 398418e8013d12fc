"""The short form of `make trial-hearing`, on both databases."""

import json
import os
import subprocess
import sys

import pytest

from tests.trials.databases import ROOT

pytestmark = pytest.mark.once


def test_ten_random_worlds_are_heard_without_a_miss() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.trials.hearing", "--runs", "10", "--seed", "900"],
        cwd=ROOT,
        env={**os.environ, "KENTONGAN_LOG": "CRITICAL"},
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["ok"], (report, done.stderr[-2000:])
    assert done.returncode == 0
    assert (report["missed"], report["twice"], report["uncovered"]) == (0, 0, 0)
