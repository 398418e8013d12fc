"""The commands that other programs rely on: their contracts, and what they do with bad input."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent.parent


def kentongan(*words: str, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "config.cli", *words],
        input=stdin,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, **env},
        check=False,
    )


def rows(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


BAD = [
    b"not json",
    b"",
    b"[1]",
    b'{"no": "text"}',
    b'{"text": 5}',
    b"\xff\xfe",
    b'{"text": null, "id": 3}',
    b"[" * 90000,
]


def test_classify_gives_one_line_for_each_line_with_every_field() -> None:
    good = [
        {"text": "lampu jalan mati di Kranji", "id": 1, "kind": "lama"},
        {"text": ""},
        {"text": "\ud800 apa"},
    ]
    lines = [json.dumps(row).encode() for row in good]
    found = rows(kentongan("classify", stdin=b"\n".join([*lines, *BAD])))
    assert len(found) == len(good) + len(BAD)
    first = found[0]
    assert first["id"] == 1
    assert first["kind"] == "complaint"  # ours overwrites
    assert set(first["probabilities"]) == {
        "complaint", "information_request", "aspiration", "appreciation", "other",
    }  # fmt: skip
    assert first["probability"] == first["probabilities"][first["kind"]]
    assert first["decision"] in ("forward", "review", "dismiss")
    for name in ("topic", "topics", "urgency", "place", "authority", "reasons"):
        assert name in first
    assert isinstance(first["topics"], list)
    assert all("error" not in row for row in found[:3])
    assert all(row["error"] for row in found[3:])
    assert found[3 + 6]["id"] == 3  # the other fields are kept


def test_classify_without_a_model_says_unjudged_and_review(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "judging.toml").write_text("[model]\nuse = false\n", "utf-8")
    (row,) = rows(kentongan("classify", stdin=b'{"text": "apa"}', KENTONGAN_HOME=str(tmp_path)))
    assert (row["kind"], row["decision"]) == (None, "review")


def test_classify_explains_one_text_without_reading_input() -> None:
    done = kentongan("classify", "--explain", "Lampu PJU di Jl Cut Meutia Margahayu mati 3 hari, gelap")
    said = done.stdout.decode() if isinstance(done.stdout, bytes) else done.stdout
    for word in (
        "Jenis: pengaduan",
        "Penilai cepat",
        "Penilai dalam",
        "Ambang",
        "lampu_jalan_pju",
        "Margahayu",
    ):
        assert word in said


def test_x_length_adds_weight_and_validity() -> None:
    lines = [
        json.dumps({"text": text, "n": n}) for n, text in enumerate(["halo", "a" * 281, "", "lapor.go.id 😀"])
    ]
    found = rows(kentongan("x-length", stdin="\n".join(lines).encode() + b"\n" + b"\n".join(BAD)))
    assert [(row["weighted_length"], row["valid"]) for row in found[:4]] == [
        (4, True),
        (281, False),
        (0, False),
        (26, True),
    ]
    assert all(row["error"] for row in found[4:])
    assert len(found) == 4 + len(BAD)


@pytest.mark.parametrize("channel", ["x", "facebook", "instagram"])
@pytest.mark.parametrize("payload", [b"", b'{"data": 5}', b"\xff", b"[" * 90000])
def test_translate_never_shows_a_traceback(channel: str, payload: bytes) -> None:
    for row in rows(kentongan("translate", channel, stdin=payload)):
        assert row["error"]


def test_translate_gives_the_posts_of_an_answer() -> None:
    payload = {"data": [{"id": "5", "text": "halo", "author_id": "1"}], "meta": {}}
    (row,) = rows(kentongan("translate", "x", stdin=json.dumps(payload).encode()))
    assert set(row) == {"id", "text", "author", "created_at", "permalink", "parent", "media"}


def test_translate_names_the_channels_it_knows() -> None:
    done = kentongan("translate", "tiktok", stdin=b"{}")
    assert done.returncode != 0
    assert b"Traceback" not in done.stderr
    assert b"facebook" in done.stderr


@pytest.mark.parametrize(
    ("content", "says"),
    [("= rusak", "tidak dapat dibaca"), ("[decision]\nforward = 3.0", "forward = 3.0")],
)
def test_a_broken_setting_is_a_sentence_that_names_the_file(content: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "judging.toml").write_text(content, "utf-8")
    done = kentongan("classify", stdin=b"", KENTONGAN_HOME=str(tmp_path))
    assert done.returncode == 1
    assert "judging.toml" in done.stderr.decode()
    assert says in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_init_makes_an_installation_and_can_be_repeated(tmp_path: Path) -> None:
    env = {
        "KENTONGAN_HOME": str(tmp_path),
        "KENTONGAN_SECRET_KEY": "",
        "DATABASE_URL": "",
        "KENTONGAN_ADMIN_PASSWORD": "sandi-yang-panjang-1",
        "KENTONGAN_X_BEARER_TOKEN": "rahasia-x",
    }
    words = ("init", "--no-input", "--admin", "rina", "--office", "Administrator")
    for _ in range(2):
        done = kentongan(*words, **env)
        assert done.returncode == 0, done.stderr.decode()
    said = done.stdout.decode()
    assert "x: belum ada KENTONGAN_X_CONSUMER_KEY" in said
    assert "KENTONGAN_X_BEARER_TOKEN" not in said
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    database = (tmp_path / "kentongan.sqlite3").read_bytes()
    assert b"rahasia-x" not in database
    assert b"rahasia-x" not in (tmp_path / "config" / "accounts.toml").read_bytes()


def test_init_without_a_password_says_which_variable_is_missing(tmp_path: Path) -> None:
    env = {"KENTONGAN_HOME": str(tmp_path), "DATABASE_URL": "", "KENTONGAN_ADMIN_PASSWORD": ""}
    done = kentongan("init", "--no-input", "--admin", "rina", **env)
    assert done.returncode == 1
    assert "KENTONGAN_ADMIN_PASSWORD" in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_up_before_init_says_what_to_do(tmp_path: Path) -> None:
    done = kentongan("up", KENTONGAN_HOME=str(tmp_path), KENTONGAN_SECRET_KEY="", DATABASE_URL="")
    assert done.returncode == 1
    assert "kentongan init" in done.stderr.decode()


@pytest.mark.parametrize("command", ["clock", "worker"])
def test_distributed_commands_on_sqlite_name_what_they_need(command: str, tmp_path: Path) -> None:
    done = kentongan(command, KENTONGAN_HOME=str(tmp_path), DATABASE_URL="")
    assert done.returncode == 1
    assert "PostgreSQL" in done.stderr.decode()


def test_a_line_that_is_too_deep_gets_an_error_and_the_rest_goes_on() -> None:
    deep = b'{"text": "a", "n": ' + b"[" * 900 + b"NaN" + b"]" * 900 + b"}"
    found = rows(kentongan("x-length", stdin=deep + b'\n{"text": "halo"}\n'))
    assert len(found) == 2
    assert found[1]["weighted_length"] == 4


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('[x]\nchannel = "x"\nsecrets = ["A"]', "secrets"),
        ('[x]\nchannel = "myspace"', "channel"),
        ('[x]\nchannel = "x"\nsources = [{ kind = "gosip" }]', "kind"),
    ],
)
def test_a_wrong_accounts_file_is_a_sentence_and_can_be_corrected(
    table: str, says: str, tmp_path: Path
) -> None:
    env = {
        "KENTONGAN_HOME": str(tmp_path / "home"),
        "DATABASE_URL": "",
        "KENTONGAN_ADMIN_PASSWORD": "sandi-yang-panjang-1",
    }
    given = tmp_path / "accounts.toml"
    given.write_text(table, "utf-8")
    words = ("init", "--no-input", "--admin", "rina", "--accounts", str(given))
    done = kentongan(*words, **env)
    assert done.returncode == 1
    assert says in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
    given.write_text('[x]\nchannel = "x"\n', "utf-8")
    assert kentongan(*words, **env).returncode == 0
    kept = tmp_path / "home" / "config" / "accounts.toml"
    assert kentongan(*words[:-1], str(kept), **env).returncode == 0


def test_a_home_that_cannot_be_a_folder_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "berkas").write_text("", "utf-8")
    for command in (("init", "--no-input", "--admin", "rina"), ("demo", "--port", "8990")):
        done = kentongan(*command, KENTONGAN_HOME=str(tmp_path / "berkas" / "rumah"), DATABASE_URL="")
        assert done.returncode != 0
        assert "Traceback" not in done.stderr.decode()
        assert "berkas" in done.stderr.decode()
