"""Every event that the code writes into the ledger has its own words on the screen."""

import ast
import re
from pathlib import Path

import pytest
from django.utils import timezone
from django.utils.translation import override

from desk.words import told
from ledger.models import Event

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDERS = ["cases", "channels", "classifiers", "config", "desk", "engine", "ledger", "monitor", "publisher"]
#: How an event's kind is written: what it happened to, and what happened.
_KIND = re.compile(r"[a-z]+\.[a-z_]+")
#: Functions that are given the kind and write the event; and names of constants that hold one.
_WRITERS, _CONSTANTS = {"record", "_enthrone"}, {"OPENED"}
DATA = {"old": "received", "new": "verified", "kind": "complaint", "number": "KTG-1", "version": 2}


def _kinds(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _WRITERS:
            found |= {text for argument in node.args[:2] for text in _texts(argument)}
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in _CONSTANTS:
            found |= set(_texts(node.value))
    return {text for text in found if _KIND.fullmatch(text)}


def _texts(node: ast.expr) -> list[str]:
    return [
        one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]


WRITTEN = sorted({kind for name in FOLDERS for path in (ROOT / name).rglob("*.py") for kind in _kinds(path)})


def test_the_events_are_found() -> None:
    assert len(WRITTEN) > 30
    assert {"model.promoted", "reviews.discarded", "case.original_opened", "alarm.started"} <= set(WRITTEN)


@pytest.mark.parametrize("kind", WRITTEN)
def test_an_event_is_told_in_words(kind: str) -> None:
    with override("id"):
        said = told(Event(kind=kind, subject="x:1", at=timezone.now(), data=DATA))
    assert said.endswith(".")
    assert kind not in said
