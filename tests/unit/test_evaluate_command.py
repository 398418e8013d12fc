"""kentongan evaluate: what it reads, what it says, and what it does with bad input."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from classifiers.core.corpus import seed
from classifiers.core.evaluation import evaluate
from classifiers.core.gold import Gold, read
from classifiers.core.judge import Decision, Verdict
from classifiers.core.kinds import Kind
from classifiers.core.urgency import Level
from config.evaluation import first_words, markdown, plain, tables
from tests.unit.test_commands import kentongan

pytestmark = pytest.mark.once


def gold(rows: list[dict[str, Any]]) -> list[Gold]:
    return read([json.dumps(row).encode() for row in rows], "berkas.jsonl")


def verdict(kind: Kind, sure: float = 0.9, topics: tuple[str, ...] = ()) -> Verdict:
    rest = (1 - sure) / 4
    return Verdict(
        kind=kind,
        probability=sure,
        probabilities={one.value: sure if one == kind else rest for one in Kind},
        decision=Decision.FORWARD if kind == Kind.COMPLAINT else Decision.DISMISS,
        topic=topics[0] if topics else None,
        topics=topics,
        place=None,
        model="uji",
    )


def test_a_gold_post_may_say_much_or_little_in_both_languages() -> None:
    much, little = gold(
        [
            {"id": 7, "text": "a", "label": "pengaduan", "topic": "sampah", "urgent": True, "hard": False,
             "source": "ctz", "channel": "X (keyword-collected 2025)"},
            {"text": "b", "kind": "other", "topic": "bola", "how": "comment", "set": "tpa"},
        ]
    )  # fmt: skip
    assert much == Gold(1, "7", "a", Kind.COMPLAINT, "sampah", "", True, False, "ctz", "keyword")
    assert little == Gold(2, "", "b", Kind.OTHER, None, "bola", None, None, "tpa", "mention")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (b"rusak", "baris 2: baris bukan JSON"),
        (b"\xff\xfe", "baris 2: baris bukan UTF-8"),
        (b"[1]", "baris 2: baris bukan objek"),
        (b"[" * 90000, "baris 2: baris bukan JSON"),
        (b'{"label": "lainnya"}', "tidak ada 'text'"),
        (b'{"text": "a"}', "tidak ada 'label'"),
        (b'{"text": "a", "label": 3}', "tidak ada 'label'"),
        (b'{"text": "a", "label": "marah"}', "'marah' tidak dikenal"),
    ],
)
def test_a_bad_line_is_named(line: bytes, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read([b'{"text": "a", "label": "lainnya"}', line], "berkas.jsonl")


def test_a_report_counts_what_was_judged_and_what_was_not() -> None:
    rows = gold(
        [
            {"text": "a", "label": "pengaduan", "topic": "sampah", "source": "p", "hard": True},
            {"text": "b", "label": "lainnya", "topic": "bola", "source": "p", "hard": False},
            {"text": "", "label": "lainnya"},
            {"text": "d", "label": "pengaduan", "topic": "listrik", "source": "q"},
        ]
    )
    unjudged = Verdict(None, None, None, Decision.REVIEW, None, (), None, "")
    told = [
        verdict(Kind.COMPLAINT, topics=("sampah",)),
        verdict(Kind.OTHER),
        unjudged,
        verdict(Kind.OTHER, topics=("sampah", "listrik")),
    ]
    report = evaluate(rows, told, 50)
    assert (report["n"], report["unjudged"], report["model"]) == (3, 1, "uji")
    assert report["kinds"]["complaint"]["recall"]["value"] == 0.5
    assert report["kinds"]["complaint"]["support"] == 2
    assert report["decided"]["load"]["value"] == pytest.approx(1 / 3, abs=1e-4)
    assert report["topic"]["n"] == 2
    assert (report["topic"]["top1"]["value"], report["topic"]["top3"]["value"]) == (0.5, 1.0)
    assert report["topic"]["foreign"] == {"bola": 1}
    assert report["urgency"] is None
    assert {name: one["n"] for name, one in report["by"]["source"].items()} == {"p": 2, "q": 1}
    assert set(report["by"]["difficulty"]) == {"hard", "easy"}
    assert report["by"]["collector"] == {}
    json.dumps(report, allow_nan=False)
    for write in (plain, markdown):
        shown = write(tables(report, {one.line: one.text for one in rows}))
        assert "bola (1)" in shown
        assert "NaN" not in shown
        assert "None" not in shown


def test_every_urgent_post_that_was_missed_is_named() -> None:
    text = "Kebakaran di gudang sebelah pasar, api sudah sampai ke rumah warga, tolong kirim damkar sekarang"
    rows = gold([{"id": n, "text": text, "label": "pengaduan", "urgent": n < 3} for n in range(4)])
    said = [Level.EMERGENCY, Level.SOON, Level.NORMAL, Level.EMERGENCY]
    told = [replace(verdict(Kind.COMPLAINT), urgency=level) for level in said]
    report = evaluate(rows, told, 0)
    urgency = report["urgency"]
    assert urgency["recall"] == {"value": 0.3333, "low": None, "high": None}
    assert (urgency["precision"]["value"], urgency["or_soon"]["recall"]["value"]) == (0.5, 0.6667)
    assert urgency["missed"] == [
        {"line": 2, "id": "1", "said": "soon"},
        {"line": 3, "id": "2", "said": "normal"},
    ]
    assert text not in json.dumps(report)
    shown = plain(tables(report, {one.line: one.text for one in rows}))
    assert f"1: {first_words(text)}" in shown
    assert text not in shown
    assert len(first_words(text)) == 60


def test_nothing_judged_is_a_sentence() -> None:
    unjudged = Verdict(None, None, None, Decision.REVIEW, None, (), None, "")
    with pytest.raises(ValueError, match="Tidak ada satu kiriman pun"):
        evaluate(gold([{"text": "", "label": "lainnya"}]), [unjudged])


# --- the command


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    path = tmp_path / "emas.jsonl"
    rows = [
        {"text": one.text, "kind": one.kind.value, "topic": one.topic, "source": "bawaan"}
        for one in seed()[::40]
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    return path


def test_the_command_gives_one_object(labelled: Path) -> None:
    done = kentongan("evaluate", str(labelled), "--json", "--bootstrap", "50")
    assert done.returncode == 0, done.stderr.decode()
    (line,) = done.stdout.decode().splitlines()
    report = json.loads(line)
    assert report["n"] == len(labelled.read_text("utf-8").splitlines())
    assert report["macro_f1"]["low"] <= report["macro_f1"]["value"] <= report["macro_f1"]["high"]
    assert sum(map(sum, report["confusion"]["rows"])) == report["n"]


def test_the_command_shows_calm_tables_and_markdown(labelled: Path) -> None:
    shown = kentongan("evaluate", str(labelled), "--bootstrap", "20", "--model", "fast").stdout.decode()
    for word in ("F1 makro lima jenis", "permintaan informasi", "Menurut asal", "bawaan"):
        assert word in shown
    marked = kentongan("evaluate", str(labelled), "--bootstrap", "0", "--markdown").stdout.decode()
    assert "| --- | ---: |" in marked


@pytest.mark.parametrize(
    ("content", "more", "sentence"),
    [
        (None, [], "tidak dapat dibaca"),
        ("", [], "tidak ada satu baris pun"),
        ('{"text": "a", "label": "marah"}', [], "emas.jsonl baris 1"),
        ('{"text": "", "label": "lainnya"}', [], "Tidak ada satu kiriman pun"),
        ('{"text": "a", "label": "lainnya"}', ["--bootstrap", "-1"], "--bootstrap"),
    ],
)
def test_bad_input_ends_with_a_sentence_and_two(
    tmp_path: Path, content: str | None, more: list[str], sentence: str
) -> None:
    path = tmp_path / "emas.jsonl"
    if content is not None:
        path.write_text(content, "utf-8")
    with pytest.raises(CommandError, match=sentence) as raised:
        call_command("evaluate", str(path), *more)
    assert raised.value.returncode == 2


def test_without_a_model_it_ends_with_a_sentence_and_two(tmp_path: Path) -> None:
    path = tmp_path / "emas.jsonl"
    path.write_text('{"text": "a", "label": "lainnya"}', "utf-8")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "judging.toml").write_text("[model]\nuse = false\n")
    done = kentongan("evaluate", str(path), KENTONGAN_HOME=str(tmp_path))
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert "kentongan train" in done.stderr.decode()
