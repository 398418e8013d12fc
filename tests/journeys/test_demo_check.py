"""`kentongan demo --check --json`, as another program calls it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent.parent
TARGETS = ["x", "facebook", "instagram", "web_diskominfostandi", "web_pemkot"]


def check(*words: str, **env: str) -> tuple[int, dict[str, Any], str]:
    done = subprocess.run(
        [sys.executable, "-m", "config.cli", "demo", "--check", "--json", *words],
        cwd=ROOT,
        env={**{k: v for k, v in os.environ.items() if k != "KENTONGAN_HOME"}, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


def test_the_shipped_world_is_heard_and_the_announcement_appears_once_everywhere() -> None:
    code, report, _ = check()
    assert code == 0, report
    assert report["problems"] == []
    assert report["expected"] == report["stored"] == 20
    assert (report["missing"], report["duplicates"], report["set_aside"]) == (0, 0, 0)
    assert report["forwarded"] == report["cases"] > 0
    assert sum(report["kinds"].values()) == 20
    assert report["town_received"] == dict.fromkeys(TARGETS, 1)
    assert list(report["deliveries"]) == TARGETS
    for delivery in report["deliveries"].values():
        assert delivery["status"] == "published"
        assert delivery["remote_id"]
        assert delivery["permalink"]


def test_a_world_of_odd_rows_is_heard_and_bad_lines_are_named(tmp_path: Path) -> None:
    rows: list[Any] = [
        {"channel": "x", "id": 1, "text": "", "author": "a", "how": "mention", "media": ["foto.jpg"]},
        {"channel": "x", "id": "2", "text": "A & B <b>", "author": "a", "how": "tagged", "created_at": "2019-01-01"},
        {"channel": "x", "id": "3", "text": "jawab", "author": "b", "how": "comment", "parent": "9"},
        {"channel": "facebook", "id": "4", "text": "عربي ‮kebalik‬ 😡" * 300, "author": "c", "how": "keyword"},
        {"channel": "facebook", "id": "5", "text": "balas", "author": "c", "how": "comment", "parent": "4"},
        {"channel": "facebook", "id": "6", "text": "balas lagi", "author": "c", "how": "comment", "parent": "5"},
        {"channel": "instagram", "id": "7", "text": "pagi", "author": "d", "how": "keyword"},
        {"channel": "instagram", "id": "8", "text": "balas", "author": "d", "how": "comment", "parent": "10"},
        {"channel": "instagram", "id": "9", "text": "sebut", "author": "d", "how": "mention"},
        {"channel": "instagram", "id": "10", "text": "x\ny", "author": "", "how": "comment"},
        {"channel": "instagram", "id": "11", "text": "lama", "author": "e", "how": "hashtag",
         "created_at": "2015-05-05T05:05:05+07:00"},
    ]  # fmt: skip
    world = tmp_path / "world.jsonl"
    world.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    code, report, _ = check("--world", str(world))
    assert code == 0, report["problems"]
    assert (report["expected"], report["stored"]) == (11, 11)

    with world.open("a", encoding="utf-8") as more:
        more.write(
            'not json\n{"channel": "tiktok", "id": "1", "text": "a", "author": "b", "how": "mention"}\n'
        )
    code, report, _ = check("--world", str(world))
    assert code == 1
    assert report["stored"] == 11
    assert len(report["problems"]) == 2
    assert any("12" in problem for problem in report["problems"])


def test_a_world_that_is_not_there_is_a_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "config.cli", "demo", "--check", "--world", "tidak/ada.jsonl"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "tidak/ada.jsonl tidak ada" in done.stderr


def test_a_real_home_is_left_alone_by_the_demo(tmp_path: Path) -> None:
    (tmp_path / "kentongan.sqlite3").write_text("berharga", "utf-8")
    code, _, _ = check(KENTONGAN_HOME=str(tmp_path))
    assert code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["kentongan.sqlite3"]
