"""kentongan evaluate FILE: how good the judge in use is on posts whose kind people know."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import override

from classifiers.core.evaluation import evaluate
from classifiers.core.gold import Gold, read
from classifiers.core.judge import judge
from classifiers.core.model import Model, ModelError, load
from classifiers.judge import current_model, thresholds
from config.evaluation import markdown, plain, tables

#: The exit when the file, the model or the options cannot be worked with.
_BAD_INPUT = 2


class Command(BaseCommand):
    help = (
        "Mengukur penilai pada JSON Lines berlabel (text, label atau kind, topic; boleh urgent, hard, source, "
        "channel): F1, beban dan temuan, kalibrasi, topik, kegentingan, dengan selang 95 %."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="berkas JSON Lines berlabel")
        parser.add_argument(
            "--model", choices=["fast", "all"], default="all", help="hanya penilai cepat, atau semua"
        )
        parser.add_argument("--model-file", type=Path, metavar="BERKAS", help="model ini, bukan yang dipakai")
        parser.add_argument(
            "--bootstrap", type=int, default=1000, metavar="N", help="banyak pengulangan untuk selang"
        )
        parser.add_argument("--texts", action="store_true", help="sertakan teks yang terlewat dalam JSON")
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="satu objek JSON")
        form.add_argument("--markdown", action="store_true", help="tabel Markdown untuk kartu model")
        parser.add_argument("--language", choices=["id", "en"], default="id", help="bahasa tabel")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 <= options["bootstrap"] <= 100_000:
            raise CommandError(_("--bootstrap harus 0 sampai dengan 100000."), returncode=_BAD_INPUT)
        gold = read_gold(Path(options["file"]))
        via = [one.collector or "mention" for one in gold]
        deep = options["model"] == "all"
        model = chosen_model(options["model_file"])
        verdicts = judge([one.text for one in gold], model, thresholds(), via, deep=deep)
        try:
            report = evaluate(gold, verdicts, options["bootstrap"])
        except ValueError as error:
            raise CommandError(str(error), returncode=_BAD_INPUT) from error
        texts = {one.line: one.text for one in gold}
        if options["json"]:
            self.stdout.write(
                json.dumps(with_texts(report, texts) if options["texts"] else report, allow_nan=False)
            )
            return
        with override(options["language"]):
            write = markdown if options["markdown"] else plain
            self.stdout.write(write(tables(report, texts)))


def read_gold(path: Path) -> list[Gold]:
    """The labelled posts of a file. Raises CommandError with a sentence, exit 2."""
    try:
        with path.open("rb") as lines:
            return read(lines, path.name)
    except OSError as error:
        sentence = _("Berkas %(path)s tidak dapat dibaca: %(why)s.") % {"path": path, "why": error.strerror}
        raise CommandError(sentence, returncode=_BAD_INPUT) from error
    except ValueError as error:
        raise CommandError(str(error), returncode=_BAD_INPUT) from error


def chosen_model(path: Path | None) -> Model:
    """The model of a file, or else the one in use. Raises CommandError, exit 2, when there is none."""
    try:
        model = current_model() if path is None else load(path)
    except ModelError as error:
        raise CommandError(str(error), returncode=_BAD_INPUT) from error
    if model is None:
        raise CommandError(_("Belum ada model; jalankan `kentongan train`."), returncode=_BAD_INPUT)
    return model


def with_texts(report: dict[str, Any], texts: dict[int, str]) -> dict[str, Any]:
    """The report with the text of everything urgent that was missed."""
    for one in (report["urgency"] or {}).get("missed", []):
        one["text"] = texts[one["line"]]
    return report
