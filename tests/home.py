"""Loaded before the settings (pytest -p tests.home): every test run has a home of its own."""

import atexit
import os
import shutil
import tempfile

_home = tempfile.mkdtemp(prefix="kentongan-test-")
atexit.register(shutil.rmtree, _home, ignore_errors=True)
os.environ["KENTONGAN_HOME"] = _home
os.environ["KENTONGAN_SECRET_KEY"] = "a-key-for-tests-only"
os.environ.pop("KENTONGAN_STAND_IN", None)
for _name in [
    name for name in os.environ if name.endswith(("_TOKEN", "_SECRET")) and name.startswith("KENTONGAN")
]:
    os.environ.pop(_name)
