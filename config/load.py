"""The only place that reads the *.toml files: those shipped in config/data, and those of the installation.

A file of the same name in KENTONGAN_HOME/config overlays the shipped one, table by table and value by value;
lists are replaced whole.
"""

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

Table = dict[str, Any]


def read(name: str, home: Path) -> Table:
    """The table of ``name`` (without .toml). Raises ImproperlyConfigured with a sentence that names the file."""
    shipped = tomllib.loads(files("config.data").joinpath(f"{name}.toml").read_text("utf-8"))
    local = home / "config" / f"{name}.toml"
    return overlay(shipped, read_file(local)) if local.exists() else shipped


def read_file(path: Path) -> Table:
    """One TOML file. Raises ImproperlyConfigured where it cannot be read."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ImproperlyConfigured(f"Berkas pengaturan {path} tidak dapat dibaca: {error}") from error


def overlay(under: Table, over: Table) -> Table:
    """``under`` with the values of ``over`` on top."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = overlay(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def thresholds(table: Table) -> Table:
    """Checked thresholds of the decision. Raises ImproperlyConfigured when one is no probability."""
    for name in ("forward", "dismiss", "recall"):
        value = table.get(name)
        if not isinstance(value, int | float) or not 0 < value <= 1:
            raise ImproperlyConfigured(
                f"judging.toml: [decision] {name} = {value!r}; harus angka lebih dari 0 sampai dengan 1."
            )
    return table
