"""Announcements from tables and into tables: many drafts at once, and a copy of an old one.

An import is tried first: every row is checked and named with its column. Then it is done wholly or not at all. A row
that was imported before is known by its content and not made twice, however often its file comes.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from channels.models import Account
from ledger.chain import record
from ledger.models import Event, Person
from publisher.cells import folded, iso_moment, typed
from publisher.kinds import AnnouncementKind, Field, TemplateProblem, kind_named
from publisher.media import local_day, wants
from publisher.models import Announcement
from publisher.newsroom import draft
from publisher.rules import Refused
from publisher.sheets import Cell, Formula, Sheet, read_sheet
from publisher.values import Type

#: PostgreSQL advisory lock of imports; any constant that nothing else uses.
_LOCK = 0x4B_49_4D_50
#: Columns beside the kind's own fields, by the name in a file.
TIME, TARGETS = "tayang", "saluran"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one cell."""

    row: int  #: as the spreadsheet counts, the first row being the names; 0: the whole file
    column: str  #: its name; "" for the whole row
    sentence: str


@dataclass(slots=True)
class Row:
    """One announcement to be."""

    number: int  #: as the spreadsheet counts
    fields: dict[str, str]
    accounts: list[str] = field(default_factory=list)  #: keys; [] is all that are enabled
    publish_at: str = ""  #: ISO with zone; "": no wish
    known: str = ""  #: reference of the announcement that was made of the same row before; "" when it is new

    def digest(self, kind: str) -> str:
        """By which the same row is known again, hex."""
        content = [kind, self.fields, sorted(self.accounts), self.publish_at]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@dataclass(slots=True)
class Trial:
    """What an import would do."""

    kind: str
    rows: list[Row]
    problems: list[Problem]

    @property
    def fresh(self) -> list[Row]:
        return [row for row in self.rows if not row.known]


def columns(kind: AnnouncementKind) -> list[str]:
    """The names of the columns, as they stand in a template: Indonesian in every language, so that a file travels."""
    return [*(one.label for one in kind.fields), TIME.capitalize(), TARGETS.capitalize()]


def example(kind: AnnouncementKind) -> list[str]:
    """A row that could be imported as it is."""
    return [*(one.example for one in kind.fields), "", ""]


def notes(kind: AnnouncementKind) -> list[str]:
    """What belongs into each column, one sentence each."""
    said = [_("Satu baris adalah satu pengumuman. Baris contoh boleh dihapus.")]
    said += [f"{one.label}: {_hint(one)}" for one in kind.fields]
    said.append(_("Tayang: waktu tayang yang diinginkan, misalnya 28/11/2026 08.00; boleh kosong."))
    keys = ", ".join(Account.objects.filter(enabled=True).values_list("key", flat=True))
    said.append(_("Saluran: kunci akun dipisah koma (%(keys)s); kosong berarti semua.") % {"keys": keys})
    return said


def tried(data: bytes, kind_key: str, now: datetime) -> Trial:
    """Check a whole file and make nothing. Raises BadSheet where it is no table, TemplateProblem for a kind."""
    kind = kind_named(kind_key)
    sheet = read_sheet(data)
    places, problems = _places(kind, sheet.headers)
    rows: list[Row] = []
    if not problems:
        for number, cells in sheet.rows:
            row, wrong = _row(kind, places, sheet, number, cells, now)
            rows.append(row)
            problems += wrong
        problems += _twins(kind.key, rows)
        _mark_known(kind.key, rows)
    return Trial(kind.key, rows, problems)


def imported(trial: Trial, person: Person, now: datetime) -> list[Announcement]:
    """Make a draft of every new row of a trial without problems, all or none. Raises Refused."""
    if trial.problems:
        raise Refused(_("Perbaiki dulu baris yang bermasalah; belum ada yang dibuat."))
    with transaction.atomic():
        _wait_turn()
        _mark_known(trial.kind, trial.rows)
        return [_made(trial.kind, row, person, now) for row in trial.fresh]


def duplicate(announcement: Announcement, person: Person, now: datetime) -> Announcement:
    """A new draft with the words of an old announcement. Wording changed by hand stays behind: it names that one."""
    targets = list(announcement.targets.filter(enabled=True))
    more = {
        "fields_en": announcement.fields_en,
        "kecamatan": announcement.kecamatan,
        "ppid_class": announcement.ppid_class,
    }
    picture = announcement.picture
    if picture is not None and not wants(picture, local_day(now)):
        more["picture"] = picture
    with transaction.atomic():
        try:
            made = draft(announcement.kind, dict(announcement.fields), person, now, targets, more)
        except TemplateProblem as error:
            raise Refused(_("Jenis pengumuman ini tidak ada lagi; buat dari jenis lain.")) from error
        record("announcement.copied", made.subject, actor=person, at=now, source=announcement.reference)
    return made


EXPORTED = (
    "reference", "title", "kind", "state", "content_class", "ppid_class", "publish_at", "author", "approved_by",
    "approved_at", "channels", "links", "fields",
)  # fmt: skip


def exported(rows: Iterable[Announcement]) -> Iterable[Sequence[str]]:
    """Announcements as rows of EXPORTED; times in the city's zone."""
    for one in rows:
        deliveries = sorted(one.deliveries.all(), key=lambda row: row.pk)
        yield (
            one.reference,
            one.title,
            one.kind,
            one.state,
            one.content_class,
            one.ppid_class,
            local(one.publish_at),
            str(one.author),
            str(one.approved_by or ""),
            local(one.approved_at),
            " ".join(account.key for account in one.targets.all()),
            " ".join(delivery.permalink for delivery in deliveries if delivery.permalink),
            json.dumps(one.fields, ensure_ascii=False, sort_keys=True),
        )


def local(moment: datetime | None) -> str:
    """ "2026-11-24 10:00" in the city's zone; "" for None."""
    return moment.astimezone(ZoneInfo(settings.TIME_ZONE)).strftime("%Y-%m-%d %H:%M") if moment else ""


def _hint(one: Field) -> str:
    said = one.help or {
        Type.DATE: _("tanggal, misalnya 28/11/2026"),
        Type.TIME: _("jam, misalnya 08.00"),
        Type.DATETIME: _("tanggal dan jam, misalnya 28/11/2026 08.00"),
        Type.CHOICE: ", ".join(choice.label for choice in one.choices),
        Type.PLACE: _("nama kecamatan"),
        Type.LINK: _("alamat lengkap, dimulai dengan https://"),
    }.get(one.type, "")
    return f"{said} {'' if one.required else _('(boleh kosong)')}".strip()


def _places(kind: AnnouncementKind, headers: list[str]) -> tuple[dict[int, str], list[Problem]]:
    """Which column holds what: {place: field name, TIME or TARGETS}; by the field's label or its name."""
    known = {
        folded(label): one.name
        for one in kind.fields
        for label in (one.label, one.label_en, one.name)
        if label
    }
    known |= {folded(name): name for name in (TIME, TARGETS)}
    found: dict[int, str] = {}
    problems = []
    for place, header in enumerate(headers):
        name = known.get(folded(header))
        if name is None:
            said = _("Kolom “%(name)s” tidak dikenal; pakai nama kolom dari templat.")
            problems.append(Problem(1, header, said % {"name": header or place + 1}))
        elif name in found.values():
            problems.append(Problem(1, header, _("Kolom “%(name)s” ada dua kali.") % {"name": header}))
        else:
            found[place] = name
    for one in kind.fields:
        if one.required and one.name not in found.values():
            problems.append(Problem(1, one.label, _("Kolom “%(name)s” tidak ada.") % {"name": one.label}))
    return found, problems


def _row(
    kind: AnnouncementKind,
    places: dict[int, str],
    sheet: Sheet,
    number: int,
    cells: list[Cell | Formula],
    now: datetime,
) -> tuple[Row, list[Problem]]:
    by_name = {one.name: one for one in kind.fields}
    row = Row(number, {one.name: "" for one in kind.fields})
    problems: dict[str, str] = {}
    for place, name in places.items():
        value = cells[place] if place < len(cells) else ""
        if isinstance(value, Formula):
            problems[name] = _("berisi rumus; tempel hasilnya sebagai nilai.")
        elif name == TIME:
            row.publish_at, wrong = _moment(value, now)
            problems |= {name: wrong} if wrong else {}
        elif name == TARGETS:
            row.accounts, wrong = _accounts(value)
            problems |= {name: wrong} if wrong else {}
        else:
            row.fields[name] = typed(by_name[name], value)
    checked = {name: said for name, said in kind.check(row.fields).items() if name not in problems}
    titles = {name: sheet.headers[place] for place, name in places.items()}
    found = {**problems, **checked}
    return row, [Problem(number, titles.get(name, name), said) for name, said in found.items()]


def _moment(value: Cell, now: datetime) -> tuple[str, str]:
    """(ISO moment with zone, what is wrong); both "" for an empty cell."""
    if value == "":
        return "", ""
    try:
        wished = datetime.fromisoformat(iso_moment(value))
    except ValueError:
        return "", _("waktunya tidak terbaca; tulis seperti 28/11/2026 08.00.")
    wished = wished.replace(tzinfo=ZoneInfo(settings.TIME_ZONE))
    if wished <= now:
        return "", _("waktunya sudah lewat.")
    return wished.isoformat(), ""


def _accounts(value: Cell) -> tuple[list[str], str]:
    asked = [one.strip() for one in re.split(r"[,;\s]+", str(value)) if one.strip()]
    known = set(Account.objects.filter(enabled=True, key__in=asked).values_list("key", flat=True))
    if missing := [one for one in asked if one not in known]:
        return [], _("tidak ada saluran aktif bernama %(names)s.") % {"names": ", ".join(missing)[:100]}
    return sorted(known), ""


def _twins(kind: str, rows: list[Row]) -> list[Problem]:
    seen: dict[str, int] = {}
    problems = []
    for row in rows:
        first = seen.setdefault(row.digest(kind), row.number)
        if first != row.number:
            problems.append(Problem(row.number, "", _("sama persis dengan baris %(row)d.") % {"row": first}))
    return problems


def _mark_known(kind: str, rows: list[Row]) -> None:
    """Name the announcement that was made of each row before."""
    by_subject = {_subject(kind, row): row for row in rows}
    events = Event.objects.filter(kind="announcement.imported", subject__in=by_subject)
    for event in events:
        by_subject[event.subject].known = event.data["reference"]


def _subject(kind: str, row: Row) -> str:
    return f"import:{row.digest(kind)[:48]}"


def _made(kind: str, row: Row, person: Person, now: datetime) -> Announcement:
    targets = list(Account.objects.filter(enabled=True, key__in=row.accounts)) if row.accounts else None
    made = draft(kind, row.fields, person, now, targets)
    if row.publish_at:
        made.publish_at = datetime.fromisoformat(row.publish_at)
        made.save(update_fields=["publish_at"])
    data = {"reference": made.reference, "row": row.number}
    record("announcement.imported", _subject(kind, row), actor=person, at=now, **data)
    return made


def _wait_turn() -> None:
    """One import at a time, so that a file that is confirmed twice at once is imported once."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
