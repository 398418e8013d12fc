"""What must be decided before the settings are read: the demo's own folder and database."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path


def use_demo_home(arguments: Sequence[str]) -> None:
    """Point KENTONGAN_HOME at a folder of the demo's own, emptied first; never at a real installation's.

    `demo --check` gets a temporary folder. DATABASE_URL is not used: the demo never touches another database.
    """
    if "--check" in arguments:
        home = Path(tempfile.mkdtemp(prefix="kentongan-check-"))
        os.environ["KENTONGAN_CHECK_HOME"] = str(home)
    else:
        base = os.environ.get("KENTONGAN_HOME") or str(Path(__file__).resolve().parent.parent / "var")
        home = Path(base).resolve() / "demo"
        if (home / "demo-only").exists():
            shutil.rmtree(home)
        elif home.exists() and any(home.iterdir()):
            raise SystemExit(f"kentongan: {home} bukan folder demo; pindahkan isinya dulu.")
    home.mkdir(parents=True, exist_ok=True)
    (home / "demo-only").write_text("Dibuat dan dihapus oleh `kentongan demo`.\n", "utf-8")
    os.environ["KENTONGAN_HOME"] = str(home)
    os.environ["KENTONGAN_SECRET_KEY"] = "demo-" + os.urandom(24).hex()
    os.environ.pop("DATABASE_URL", None)
