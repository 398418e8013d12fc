"""What the documents say is what there is."""

import re
from pathlib import Path

import pytest

from channels.models import Kind

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
DOCS = {path.name: path.read_text("utf-8") for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]}
ALL = "\n".join(DOCS.values())


def test_every_command_is_documented() -> None:
    for path in ROOT.glob("*/management/commands/*.py"):
        if path.stem != "__init__":
            assert f"`{path.stem.replace('_', '-')}`" in DOCS["commands.md"], path.stem


def test_every_setting_from_the_environment_is_documented() -> None:
    used = set()
    for top in ("config", "channels", "engine", "desk"):
        for path in (ROOT / top).rglob("*.py"):
            used |= set(
                re.findall(r'environ(?:\.get\(|\[)"(KENTONGAN_\w+|DATABASE_URL)"', path.read_text("utf-8"))
            )
    for name in used - {"KENTONGAN_CHECK_HOME", "KENTONGAN_ADMIN_PASSWORD"}:
        assert f"`{name}`" in DOCS["operate.md"], name
    assert "KENTONGAN_ADMIN_PASSWORD" in ALL


def test_every_channel_is_in_the_words() -> None:
    for name in ("X", "Facebook", "Instagram", "website", "feed", "intake"):
        assert name in DOCS["words.md"]
    assert len(Kind) == 6


def test_the_readme_names_the_commands_that_ci_runs() -> None:
    assert "make test-all" in (ROOT / ".ci" / "run").read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for command in re.findall(r"make ([a-z0-9-]+)", DOCS["README.md"]):
        if command != "and":
            assert re.search(rf"^{command}:", makefile, re.MULTILINE), command


def test_links_between_documents_lead_somewhere() -> None:
    for name, text in DOCS.items():
        here = ROOT if name == "README.md" else ROOT / "docs"
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
            assert (here / target).exists(), f"{name}: {target}"


def test_no_document_names_a_machine() -> None:
    for name, text in DOCS.items():
        assert not re.search(r"/(?:root|home/\w+|work|tmp)/", text), name
