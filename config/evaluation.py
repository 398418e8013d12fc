"""What `kentongan evaluate` shows of its report: the same tables as plain text or as Markdown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from classifiers.models import KindChoice

Figures = Mapping[str, Any]
_FIRST_WORDS = 60


@dataclass(frozen=True, slots=True)
class Table:
    """A heading, columns of which all but the first stand to the right, and a sentence below; "" for none."""

    title: str
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    note: str = ""


def tables(report: Figures, texts: Mapping[int, str]) -> list[Table]:
    """Every table of a report. ``texts`` by line number of the file, for what was missed."""
    return [
        _whole(report),
        _kinds(report),
        _confusion(report),
        _reliability(report),
        _abstention(report),
        _topics(report["topic"]),
        _urgency(report["urgency"], texts),
        *(_parts(title, report["by"][name]) for name, title in _ways().items() if report["by"][name]),
    ]


def plain(found: Sequence[Table]) -> str:
    """For a terminal, columns aligned."""
    return "\n\n".join(_plain(table) for table in found)


def markdown(found: Sequence[Table]) -> str:
    """For a document."""
    return "\n\n".join(_markdown(table) for table in found)


# --- the tables


def _whole(report: Figures) -> Table:
    complaint, decided, calibration = report["complaint"], report["decided"], report["calibration"]
    rows = [
        (_("F1 makro lima jenis"), report["macro_f1"]),
        (_("Lima jenis benar"), report["accuracy"]),
        (_("Pengaduan lawan selainnya: F1 makro"), complaint["macro_f1"]),
        (_("Pengaduan: ketepatan"), complaint["precision"]),
        (_("Pengaduan: terjaring"), complaint["recall"]),
        (_("Pengaduan: AUC"), complaint["auc"]),
        (_("Beban menurut ambang (diteruskan dan ditinjau)"), decided["load"]),
        (_("– pengaduan yang terjaring di dalamnya"), decided["recall"]),
        (_("– diteruskan langsung"), decided["forwarded"]),
        (_("– pengaduan di antara yang diteruskan"), decided["forward_precision"]),
        (_("Beban agar 95 % pengaduan terbaca"), complaint["load_at_recall_95"]),
        (_("Pengaduan terbaca pada beban 40 %"), complaint["recall_at_load_40"]),
    ]
    errors = [
        (_("Galat kalibrasi (ECE), jenis terpilih"), calibration["top"]["ece"]),
        (_("Galat kalibrasi (ECE), pengaduan"), calibration["complaint"]["ece"]),
        (_("Skor Brier, lima jenis (0–2)"), calibration["brier"]),
        (_("Skor Brier, pengaduan (0–1)"), calibration["brier_complaint"]),
    ]
    return Table(
        _("Penilai %(model)s pada %(n)d kiriman") % {"model": report["model"], "n": report["n"]},
        [_("ukuran"), "%", _("selang 95 %")],
        [
            *([label, share(one), interval(one)] for label, one in rows),
            *([t, _raw(v), ""] for t, v in errors),
        ],
        _("%(count)d kiriman tanpa teks tidak dinilai.") % {"count": report["unjudged"]}
        if report["unjudged"]
        else "",
    )


def _kinds(report: Figures) -> Table:
    rows = [
        [kind_name(name), str(one["support"]), *(both(one[key]) for key in ("precision", "recall", "f1"))]
        for name, one in report["kinds"].items()
    ]
    return Table(_("Per jenis"), [_("jenis"), _("jumlah"), _("ketepatan"), _("terjaring"), "F1"], rows)


def _confusion(report: Figures) -> Table:
    names = [kind_name(name) for name in report["confusion"]["kinds"]]
    counted = zip(names, report["confusion"]["rows"], strict=True)
    rows = [[name, *map(str, row)] for name, row in counted]
    return Table(_("Kekeliruan: baris yang benar, kolom kata penilai"), ["", *names], rows)


def _reliability(report: Figures) -> Table:
    top, complaint = (report["calibration"][name]["reliability"] for name in ("top", "complaint"))
    rows = [
        [f"{_raw(one['from'], 2)}–{_raw(one['to'], 2)}", *_bin(one), *_bin(other)]
        for one, other in zip(top, complaint, strict=True)
        if one["count"] or other["count"]
    ]
    head = [
        _("keyakinan"),
        _("terpilih"),
        _("rata-rata"),
        _("benar"),
        _("p(pengaduan)"),
        _("rata-rata"),
        _("benar"),
    ]
    return Table(_("Keandalan: seberapa benar keyakinan penilai"), head, rows)


def _bin(one: Figures) -> list[str]:
    return [str(one["count"]), _raw(one["confidence"], 2), _raw(one["right"], 2)]


def _abstention(report: Figures) -> Table:
    rows = [
        [_percent(1 - one["coverage"], 0), str(one["n"])]
        + [_percent(one[key]) for key in ("accuracy", "macro_f1", "complaint_macro_f1")]
        for one in report["abstention"]
    ]
    head = [_("% ke petugas"), _("sisa"), _("benar"), _("F1 makro"), _("F1 makro pengaduan")]
    return Table(_("Bila yang paling ragu diserahkan kepada petugas"), head, rows)


def _topics(topic: Figures) -> Table:
    note = _("Dihitung dari %(n)d kiriman yang topiknya diketahui; %(none)d tanpa topik.") % {
        "n": topic["n"],
        "none": topic["without_topic"],
    }
    if topic["foreign"]:
        named = ", ".join(f"{name} ({count})" for name, count in topic["foreign"].items())
        note += " " + _("Di luar daftar topik, tidak dihitung: %(names)s.") % {"names": named}
    rows = [
        [_("topik pertama benar"), both(topic["top1"])],
        [_("di antara tiga pertama"), both(topic["top3"])],
    ]
    return Table(_("Topik"), [_("ukuran"), "%"], rows, note)


def _urgency(urgency: Figures | None, texts: Mapping[int, str]) -> Table:
    title = _("Kegentingan")
    if urgency is None:
        return Table(title, note=_("Tidak diukur: berkas atau penilai tidak menyebut kegentingan."))
    soon = urgency["or_soon"]
    rows = [
        [_("darurat"), both(urgency["recall"]), both(urgency["precision"])],
        [_("darurat atau segera"), both(soon["recall"]), both(soon["precision"])],
    ]
    note = _("%(urgent)d dari %(n)d kiriman genting; %(false)d peringatan palsu; terlewat %(missed)d.") % {
        "urgent": urgency["urgent"],
        "n": urgency["n"],
        "false": urgency["false_alarms"],
        "missed": len(urgency["missed"]),
    }
    missed = [f"  {one['id'] or one['line']}: {first_words(texts[one['line']])}" for one in urgency["missed"]]
    return Table(title, ["", _("terjaring"), _("ketepatan")], rows, "\n".join([note, *missed]))


def _ways() -> dict[str, str]:
    return {
        "source": _("Menurut asal"),
        "difficulty": _("Menurut kesulitan"),
        "collector": _("Menurut cara terkumpul"),
    }


def _parts(title: str, parts: Figures) -> Table:
    read: list[tuple[str, Callable[[Figures], Figures]]] = [
        (_("F1 makro"), lambda one: one["macro_f1"]),
        (_("F1 makro pengaduan"), lambda one: one["complaint"]["macro_f1"]),
        (_("ketepatan"), lambda one: one["complaint"]["precision"]),
        (_("terjaring"), lambda one: one["complaint"]["recall"]),
        ("AUC", lambda one: one["complaint"]["auc"]),
        (_("beban"), lambda one: one["decided"]["load"]),
        (_("topik"), lambda one: one["topic"]["top1"]),
    ]
    rows = [
        [
            _part_name(name),
            str(one["n"]),
            str(one["kinds"]["complaint"]["support"]),
            *(both(get(one)) for _n, get in read),
        ]
        for name, one in parts.items()
    ]
    return Table(title, ["", _("jumlah"), _("pengaduan"), *(name for name, _get in read)], rows)


def _part_name(name: str) -> str:
    known = {"hard": _("sulit"), "easy": _("mudah"), "keyword": _("kata kunci"), "mention": _("sebutan")}
    return known.get(name, name)


# --- words and numbers


def kind_name(name: str) -> str:
    return str(KindChoice(name).label)


def first_words(text: str) -> str:
    """At most sixty characters of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _FIRST_WORDS else line[: _FIRST_WORDS - 1] + "…"


def share(one: Figures) -> str:
    return _percent(one["value"])


def interval(one: Figures) -> str:
    return "" if one["low"] is None else f"{_percent(one['low'])}–{_percent(one['high'])}"


def both(one: Figures) -> str:
    """A share with its interval: "71,2 (66,0–75,9)"."""
    return f"{share(one)} ({interval(one)})" if interval(one) else share(one)


def _percent(value: float | None, digits: int = 1) -> str:
    return _raw(None if value is None else 100 * value, digits)


def _raw(value: float | None, digits: int = 3) -> str:
    """Rounded here: number_format cuts what does not fit."""
    return "–" if value is None else str(number_format(f"{value:.{digits}f}", digits))


# --- writing them


def _plain(table: Table) -> str:
    lines = [table.title, "=" * len(table.title)]
    if table.rows:
        grid = [[str(cell) for cell in row] for row in [table.head, *table.rows]]
        widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
        lines += ["  ".join(_aligned(row, widths)).rstrip() for row in grid]
    return "\n".join([*lines, *([table.note] if table.note else [])])


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [
        row[0].ljust(widths[0]),
        *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
    ]


def _markdown(table: Table) -> str:
    lines = [f"### {table.title}", ""]
    if table.rows:
        rule = ["---", *["---:"] * (len(table.head) - 1)]
        lines += ["| " + " | ".join(row) + " |" for row in [table.head, rule, *table.rows]] + [""]
    return "\n".join([*lines, *([table.note] if table.note else [])]).rstrip()
