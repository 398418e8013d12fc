"""Loaded before the settings (pytest -p tests.home): every test run has a home of its own."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_home = tempfile.mkdtemp(prefix="kentongan-test-")
atexit.register(shutil.rmtree, _home, ignore_errors=True)
os.environ["KENTONGAN_HOME"] = _home
# The pipeline is tested in many processes, each of which would open the deep judge; test_judge.py asks it.
(Path(_home) / "config").mkdir()
(Path(_home) / "config" / "judging.toml").write_text("[model]\ndeep = false\n", "utf-8")
os.environ["KENTONGAN_SECRET_KEY"] = "a-key-for-tests-only"
os.environ.pop("KENTONGAN_STAND_IN", None)
for _name in [
    name for name in os.environ if name.endswith(("_TOKEN", "_SECRET")) and name.startswith("KENTONGAN")
]:
    os.environ.pop(_name)
