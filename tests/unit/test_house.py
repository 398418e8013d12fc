"""The walls of the house that import-linter cannot see."""

import ast
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from django.apps import apps

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent.parent
LAYERS = [
    "city",
    "ledger",
    "channels",
    "monitor",
    "classifiers",
    "publisher",
    "cases",
    "desk",
    "engine",
    "config",
]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def height(module: str) -> int:
    """How high a package stands; classifiers and publisher stand side by side."""
    return LAYERS.index("publisher" if module == "classifiers" else module)


def test_no_relation_between_models_points_upward() -> None:
    for model in apps.get_models():
        here = model.__module__.split(".")[0]
        if here not in LAYERS:
            continue
        for field in model._meta.get_fields():
            if field.concrete and field.is_relation and field.related_model:
                there = field.related_model.__module__.split(".")[0]
                assert there not in LAYERS or height(there) <= height(here), f"{model.__name__}.{field.name}"


def test_every_package_of_ours_is_listed_for_installation() -> None:
    listed = set(PROJECT["tool"]["setuptools"]["packages"])
    tops = [*LAYERS, "simulator"]
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for top in tops
        for path in (ROOT / top).rglob("__init__.py")
    }
    assert found == listed - {"templates", "locale"}  # data only


def test_a_built_package_carries_the_wording_and_the_data(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    copy = tmp_path / "source"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, tracked.stdout.split("\0")):
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
    subprocess.run([*command, "--wheel-dir", str(tmp_path), str(copy)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    for name in (
        "templates/announcements/service_notice/x.txt",
        "templates/desk/base.html",
        "config/data/accounts.toml",
        "city/data/kota_bekasi.toml",
        "classifiers/seed/x.jsonl",
        "simulator/pages/town.html",
        "desk/views/today.py",
    ):
        assert name in inside, name


def test_every_management_folder_is_a_package() -> None:
    for folder in ROOT.glob("*/management"):
        assert (folder / "__init__.py").exists(), folder
        assert (folder / "commands" / "__init__.py").exists(), folder


def test_nothing_between_our_apps_is_found_by_its_name() -> None:
    for path in (path for top in LAYERS for path in (ROOT / top).rglob("*.py")):
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = getattr(node, "attr", None) or getattr(node, "id", None)
            assert name not in ("get_model", "import_string", "import_module"), f"{path}: {name}"


def test_classify_imports_no_platform_library() -> None:
    script = (
        "import sys, io; sys.argv = ['kentongan', 'classify']; sys.stdin = io.TextIOWrapper(io.BytesIO(b'')); "
        "from config.cli import main\n"
        "main()\n"
        "print([n for n in ('tweepy', 'facebook', 'instaloader', 'requests') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_requirements_name_no_registry_and_pin_everything_with_hashes() -> None:
    for path in ROOT.glob("requirements*.txt"):
        text = path.read_text("utf-8")
        assert "://" not in text
        lines = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert all("==" in line for line in lines)
        assert text.count("--hash=") >= len(lines)


def test_the_named_libraries_are_used_where_they_belong() -> None:
    used = {
        "tweepy": "channels/x.py",
        "facebook": "channels/graph.py",
        "instaloader": "channels/instagram_web.py",
        "sklearn": "classifiers/core/model.py",
        "apscheduler": "engine/clock.py",
        "jinja2": "publisher/render.py",
    }
    for library, file in used.items():
        text = (ROOT / file).read_text("utf-8")
        assert f"import {library}" in text or f"from {library}" in text, library
