"""Labelled posts that an installation was given: brought in whole, masked, without copies, and forgotten again."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from classifiers.core.corpus import Example, seed
from classifiers.core.kinds import Kind
from classifiers.core.labelled import UnknownLabels, read
from classifiers.corpora import CorpusError, bring, folder, imported, listed, remove
from tests.unit.test_commands import kentongan

pytestmark = pytest.mark.once

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
GIVEN = {"licence": "CC-BY-4.0", "source": "https://data.contoh.id/1", "by": "Rina", "now": NOW}
LAMP = Example(
    "Lampu penerangan di gang Mawar padam sejak Lebaran kemarin, ibu-ibu takut lewat", Kind.COMPLAINT
)
KTP = Example(
    "Kalau mau rekam KTP anak kelas tiga SMA bisa hari Sabtu apa tidak ya kak", Kind.INFORMATION_REQUEST
)


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Path:
    settings.KENTONGAN_HOME = tmp_path
    return tmp_path


def test_a_corpus_is_kept_with_its_origin_and_read_back() -> None:
    record = bring("rumah", [LAMP, KTP], **GIVEN)
    assert (record.count, record.kinds) == (2, {"complaint": 1, "information_request": 1})
    assert (record.licence, record.by, record.imported_at) == (
        "CC-BY-4.0",
        "Rina",
        "2026-11-24T03:00:00+00:00",
    )
    assert listed() == [record]
    assert imported() == [replace(LAMP, source="rumah"), replace(KTP, source="rumah")]


def test_all_that_is_known_of_a_post_is_read_back() -> None:
    known = replace(LAMP, topic="lampu_jalan_pju", urgent=True, via="keyword")
    bring("rumah", [known, replace(KTP, urgent=False)], **GIVEN)
    first, second = imported()
    assert (first.topic, first.urgent, first.via) == ("lampu_jalan_pju", True, "keyword")
    assert (second.urgent, second.via) == (False, "mention")


def test_personal_data_is_masked_before_it_is_stored(home: Path) -> None:
    record = bring(
        "rumah", [Example(LAMP.text + " hubungi 0812-3456-7890 atau rt@contoh.id", LAMP.kind)], **GIVEN
    )
    stored = (home / "corpora" / "rumah.jsonl").read_text("utf-8")
    assert "7890" not in stored
    assert "<TELP>" in stored
    assert "<EMAIL>" in stored
    assert record.masked == 1


def test_copies_are_dropped_within_a_corpus_across_corpora_and_against_the_seed() -> None:
    retweet = Example(f"RT @warga: {LAMP.text}!! https://t.co/x", Kind.OTHER)
    first = bring("satu", [LAMP, retweet, seed()[0]], **GIVEN)
    assert (first.count, first.duplicates, first.contradicting) == (1, 2, 1)
    second = bring("dua", [Example(LAMP.text.upper(), LAMP.kind), KTP], **GIVEN)
    assert (second.count, second.duplicates, second.contradicting) == (1, 1, 0)
    with pytest.raises(CorpusError, match="sudah ada di korpus lain"):
        bring("tiga", [LAMP, KTP], **GIVEN)
    assert not list(folder().glob("tiga*"))


def test_a_name_is_taken_once_and_can_be_freed(home: Path) -> None:
    bring("rumah", [LAMP], **GIVEN)
    with pytest.raises(CorpusError, match="sudah ada"):
        bring("rumah", [KTP], **GIVEN)
    assert [one.text for one in imported()] == [LAMP.text]
    remove("rumah")
    assert listed() == []
    assert list((home / "corpora").iterdir()) == []
    with pytest.raises(CorpusError, match="Tidak ada korpus"):
        remove("rumah")


@pytest.mark.parametrize("name", ["", "../lari", "Besar", "a/b", ".jsonl", "x" * 41, "a\n"])
def test_a_name_stays_inside_its_folder(name: str) -> None:
    for work in (lambda: bring(name, [LAMP], **GIVEN), lambda: remove(name)):
        with pytest.raises(CorpusError, match="Nama korpus"):
            work()


def test_posts_without_a_record_do_not_count_and_are_replaced(home: Path) -> None:
    (home / "corpora").mkdir()
    (home / "corpora" / "rumah.jsonl").write_text(
        '{"text": "setengah'
    )  # killed before the record was written
    assert listed() == imported() == []
    bring("rumah", [LAMP], **GIVEN)
    assert [one.text for one in imported()] == [LAMP.text]


def test_a_corpus_that_was_changed_or_lost_is_not_learned_from(home: Path) -> None:
    bring("rumah", [LAMP], **GIVEN)
    path = home / "corpora" / "rumah.jsonl"
    path.write_text(path.read_text("utf-8").replace("complaint", "other"), "utf-8")
    with pytest.raises(CorpusError, match="berubah sejak diimpor"):
        imported()
    path.unlink()
    with pytest.raises(CorpusError, match="tidak dapat dibaca"):
        imported()
    (home / "corpora" / "rumah.json").write_text("{}")
    with pytest.raises(CorpusError, match=r"Catatan korpus rumah\.json"):
        listed()


# --- other people's files


def written(home: Path, name: str, content: str) -> Path:
    path = home / name
    path.write_text(content, "utf-8")
    return path


def test_their_columns_and_words_become_ours(home: Path) -> None:
    path = written(
        home,
        "a.csv",
        '\ufeffisi;kelas;hal\n"lampu;\nmati";Keluhan;listrik\nhalo;respon;x\nbagus;apresiasi;jalan\n',
    )
    found = read(
        path, {"text": "isi", "label": "kelas", "topic": "hal"}, {"keluhan": "pengaduan", "respon": "-"}
    )
    assert found.examples == [
        Example("lampu;\nmati", Kind.COMPLAINT, "listrik"),
        Example("bagus", Kind.APPRECIATION),
    ]
    assert (found.left_out, dict(found.foreign_topics)) == (1, {"jalan": 1})


def test_json_lines_need_no_columns_when_they_use_our_words(home: Path) -> None:
    rows = [
        {"text": "a", "kind": "complaint"},
        {"text": " ", "label": "other"},
        {"text": "b", "label": "Aspirasi"},
    ]
    found = read(written(home, "a.jsonl", "\n".join(map(json.dumps, rows))), {}, {})
    assert [(one.text, one.kind) for one in found.examples] == [("a", Kind.COMPLAINT), ("b", Kind.ASPIRATION)]
    assert found.empty == 1


def test_danger_doubt_and_how_a_post_was_found_come_along(home: Path) -> None:
    path = written(
        home, "a.csv", "text,label,genting,hard\na,pengaduan,ya,true\nb,lainnya,tidak,\nc,lainnya,?,\n"
    )
    first, second, third = read(path, {"urgent": "genting"}, {}, "keyword").examples
    assert [one.urgent for one in (first, second, third)] == [True, False, None]
    assert first.weight < second.weight
    assert {one.via for one in (first, second, third)} == {"keyword"}


def test_unknown_labels_are_all_told_with_how_to_map_them(home: Path) -> None:
    rows = [{"text": "a", "label": label} for label in ["marah", "marah", "2", "pengaduan"]]
    path = written(home, "a.jsonl", "\n".join(map(json.dumps, rows)))
    with pytest.raises(UnknownLabels) as raised:
        read(path, {}, {})
    told = str(raised.value)
    assert "marah       2" in told
    assert "--map 'marah=pengaduan'" in told
    assert "permintaan_informasi" in told


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.jsonl", '{"text": "a", "label": "lainnya"}\nrusak\n', r"a\.jsonl baris 2: baris bukan JSON"),
        ("a.jsonl", "[1]\n", "baris 1: baris bukan objek"),
        ("a.jsonl", '{"isi": "a"}\n', r"tidak ada kolom 'text'; yang ada: isi.*--column text=NAMA"),
        ("a.jsonl", '{"text": ["a"], "label": "lainnya"}\n', "'text' bukan teks"),
        ("a.csv", "text,label\na,lainnya\nb\n", r"a\.csv baris 3: 1 kolom"),
        ("a.csv", 'text,label\n"a"b,lainnya\n', "CSV rusak"),
        ("a.csv", "", ""),
    ],
)
def test_a_bad_file_is_a_sentence_with_its_line(home: Path, name: str, content: str, sentence: str) -> None:
    path = written(home, name, content)
    if not sentence:
        assert read(path, {}, {}).examples == []
        return
    with pytest.raises(ValueError, match=sentence):
        read(path, {}, {})


def test_a_file_of_another_encoding_is_a_sentence(home: Path) -> None:
    (home / "a.csv").write_bytes("text,label\ncaf\xe9,lainnya\n".encode("latin-1"))
    with pytest.raises(ValueError, match="bukan UTF-8"):
        read(home / "a.csv", {}, {})


# --- the command


def test_the_command_imports_lists_and_removes(home: Path) -> None:
    path = written(home, "b.csv", f'isi,kelas\n"{LAMP.text}",keluhan\n{KTP.text},tanya\n')
    given = ["--licence", "MIT", "--source", "https://contoh.id", "--by", "Rina", "--column", "text=isi"]
    words = [
        "corpus",
        "import",
        "rumah",
        str(path),
        *given,
        "--column",
        "label=kelas",
        "--map",
        "keluhan=pengaduan",
    ]
    env = {"KENTONGAN_HOME": str(home)}
    refused = kentongan(*words, **env)
    assert refused.returncode == 1
    assert b"tanya" in refused.stderr
    assert b"Traceback" not in refused.stderr
    assert not (home / "corpora").exists()

    done = kentongan(*words, "--map", "tanya=permintaan informasi", **env)
    assert done.returncode == 0, done.stderr.decode()
    assert "2 kiriman disimpan" in done.stdout.decode()
    (record,) = json.loads(kentongan("corpus", "list", "--json", **env).stdout)
    assert (record["name"], record["licence"], record["by"], record["count"]) == ("rumah", "MIT", "Rina", 2)
    assert kentongan("corpus", "remove", "rumah", **env).returncode == 0
    assert "Belum ada korpus" in kentongan("corpus", "list", **env).stdout.decode()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--column", "judul=isi"], "'judul' tidak dikenal"),
        (["--map", "keluhan"], "tulis sebagai A=B"),
        (["--map", "keluhan=marah"], "'marah' tidak dikenal"),
        (["--licence", " "], "--licence tidak boleh kosong"),
    ],
)
def test_a_bad_option_is_a_sentence(home: Path, more: list[str], sentence: str) -> None:
    path = written(home, "b.jsonl", json.dumps({"text": LAMP.text, "label": "pengaduan"}))
    with pytest.raises(CommandError, match=sentence):
        call_command("corpus", "import", "rumah", str(path), "--licence", "MIT", "--source", "x", *more)
    assert listed() == []
