"""Tables to and from Call Center 1500444: what waits for it, and its tickets; tried first, then taken in.

A ticket is matched by the key of the hand-off or by our number. Likeness of words, place and time only suggests a
case; a person chooses. Callers' numbers play no part in it. The same table again changes nothing.
"""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from cases.handoff import engine
from cases.models import ENDED, Case, HandOff, HandOffState, Receiver, ReceiverSort
from cases.open import open_intake
from cases.refusal import NotAllowed
from cases.topics import TOPICS
from city.masks import mask
from city.places import find_one
from classifiers.core.normal import normalise_one
from classifiers.models import KindChoice
from ledger.chain import record
from ledger.models import Person
from monitor.intake import take, taken
from publisher.cells import folded, iso_moment
from publisher.sheets import BadSheet, Cell, Formula, read_sheet

COLUMNS = (
    "Kunci",
    "Nomor kasus",
    "Nomor tiket",
    "Waktu",
    "Jenis",
    "Topik",
    "Tempat",
    "Isi",
    "Keadaan",
    "Keterangan",
)
#: What the call centre may say of a ticket; the words are those of cases/handoff/answers.py.
STATES = ("diterima", "diproses", "selesai", "ditolak")
_KINDS = {"pengaduan": "complaint", "aspirasi": "aspiration", "permintaan informasi": "information_request"}
_WAITS = (HandOffState.PLANNED, HandOffState.RETRYING, HandOffState.NEEDS_PERSON)
_LONG, _SHORT = 4000, 200


@dataclass(frozen=True, slots=True)
class Problem:
    row: int  #: as people count them: 2 is the first under the names of the columns
    column: str  #: "" for the row as a whole
    sentence: str


@dataclass(slots=True)
class Line:
    """One ticket. Texts as they were written; ``at`` is ISO 8601 with a zone, "" not told."""

    row: int
    ticket: str
    key: str = ""
    number: str = ""
    at: str = ""
    kind: str = "complaint"
    place: str = ""
    text: str = ""
    state: str = ""
    note: str = ""
    handoff: int | None = None  #: that it is the ticket of
    known: str = ""  #: number of the case that it already opened
    suggested: list[tuple[str, int]] = field(
        default_factory=list
    )  #: (case number, per cent), the likest first


@dataclass(slots=True)
class Trial:
    lines: list[Line]
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class Taken:
    """What an import did, as counts."""

    opened: int = 0
    joined: int = 0
    updated: int = 0


def receiver() -> Receiver:
    """The call centre, made at its first use; its address is set where receivers are kept."""
    known = Receiver.objects.filter(sort=ReceiverSort.CALL_CENTER, unit__isnull=True).order_by("id").first()
    if known is not None:
        return known
    made, _new = Receiver.objects.get_or_create(
        key="call-center", defaults={"sort": ReceiverSort.CALL_CENTER, "name": "Call Center 1500444"}
    )
    return made


# --- out


def waiting() -> list[HandOff]:
    """The hand-offs that the call centre has not confirmed, oldest first; none of a case that has ended."""
    rows = HandOff.objects.filter(receiver__sort=ReceiverSort.CALL_CENTER, state__in=_WAITS)
    rows = rows.exclude(case__state__in=ENDED)
    return list(rows.select_related("case__mention", "receiver").order_by("made_at", "id")[:2000])


def rows() -> Iterator[list[str]]:
    """The table for the call centre; it fills the last columns in and sends it back."""
    for one in waiting():
        case = one.case
        yield [
            str(one.key),
            case.number,
            one.remote_id,
            localtime(case.mention.posted_at or case.mention.heard_at).strftime("%d/%m/%Y %H.%M"),
            str(KindChoice(case.kind).label),
            str(TOPICS.get(case.topic, "")),
            case.place,
            mask(case.mention.text)[:2000] + (f"\n{one.note}" if one.note else ""),
            "",
            "",
        ]


def notes() -> list[str]:
    """What the second sheet says."""
    return [
        _("Jangan ubah kolom Kunci dan Nomor kasus: dengan itu tiket dikenali kembali."),
        _("Isi Nomor tiket, Keadaan (%(states)s), dan Keterangan.") % {"states": ", ".join(STATES)},
        _("Tiket baru: kosongkan Kunci dan Nomor kasus; isi Nomor tiket, Waktu, Tempat, dan Isi."),
    ]


# --- in: the trial


def tried(data: bytes, now: datetime) -> Trial:
    """Read a table and say of each row what it would do, or what is wrong with it. Raises BadSheet."""
    sheet = read_sheet(data)
    known = {folded(name): name for name in COLUMNS}
    names = [known.get(folded(name), "") for name in sheet.headers]
    if "Nomor tiket" not in names:
        raise BadSheet(_("Kolom “Nomor tiket” tidak ada; pakai tabel yang diunduh dari halaman ini."))
    trial = Trial([], [])
    seen: dict[str, int] = {}
    for row, cells in sheet.rows:
        values = {name: cell for name, cell in zip(names, cells, strict=False) if name}
        line, found = _line(row, values)
        if line.ticket and (first := seen.setdefault(line.ticket, row)) != row:
            said = _("Tiket ini sudah ada di baris %(row)d.") % {"row": first}
            found.append(Problem(row, "Nomor tiket", said))
        found += _matched(line, now) if not found else []
        trial.lines.append(line)
        trial.problems += found
    return trial


def _line(row: int, values: Mapping[str, Cell | Formula]) -> tuple[Line, list[Problem]]:
    found = [
        Problem(row, name, _("Rumus tidak dibaca; tempel sebagai nilai."))
        for name, cell in values.items()
        if isinstance(cell, Formula)
    ]
    said = {name: _text(cell) for name, cell in values.items() if not isinstance(cell, Formula)}
    moment, problem = _moment(values.get("Waktu", ""))
    if problem:
        found.append(Problem(row, "Waktu", problem))
    line = Line(
        row=row,
        ticket=said.get("Nomor tiket", ""),
        key=said.get("Kunci", ""),
        number=said.get("Nomor kasus", "").upper(),
        at=moment,
        kind=_KINDS.get(folded(said.get("Jenis", "")), "" if said.get("Jenis") else "complaint"),
        place=said.get("Tempat", ""),
        text=said.get("Isi", ""),
        state=folded(said.get("Keadaan", "")),
        note=said.get("Keterangan", ""),
    )
    return line, found + _line_problems(line)


def _line_problems(line: Line) -> list[Problem]:
    found = []
    if not line.ticket:
        found.append(Problem(line.row, "Nomor tiket", _("Nomor tiket belum diisi.")))
    if not line.kind:
        sentence = _("Jenis harus pengaduan, aspirasi, atau permintaan informasi.")
        found.append(Problem(line.row, "Jenis", sentence))
    if line.state and line.state not in STATES:
        sentence = _("Keadaan harus salah satu dari: %(states)s.") % {"states": ", ".join(STATES)}
        found.append(Problem(line.row, "Keadaan", sentence))
    lengths = {"Nomor tiket": (line.ticket, 120), "Tempat": (line.place, _SHORT), "Isi": (line.text, _LONG)}
    lengths["Keterangan"] = (line.note, 1000)
    for name, (text, most) in lengths.items():
        if len(text) > most:
            found.append(Problem(line.row, name, _("Paling panjang %(count)d huruf.") % {"count": most}))
    return found


def _text(cell: Cell) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _moment(cell: Cell | Formula) -> tuple[str, str]:
    """A time of the city as ISO 8601 with its zone, and what is wrong with it."""
    if isinstance(cell, Formula) or cell == "":
        return "", ""
    try:
        at = datetime.fromisoformat(iso_moment(cell))
        return timezone.make_aware(at).isoformat(), ""
    except (ValueError, OverflowError):
        return "", _("Waktu ditulis seperti 28/11/2026 08.00.")


def _matched(line: Line, now: datetime) -> list[Problem]:
    """Find what the ticket belongs to, and note it in the line; what is wrong with that."""
    try:
        handoff = _handoff_of(line)
    except NotAllowed as refusal:
        return [Problem(line.row, "Kunci" if line.key else "Nomor kasus", str(refusal))]
    if handoff is not None:
        line.handoff = handoff.pk
        if handoff.remote_id not in ("", line.ticket):
            sentence = _("Kasus %(number)s sudah punya tiket %(ticket)s.")
            about = {"number": handoff.case.number, "ticket": handoff.remote_id}
            return [Problem(line.row, "Nomor tiket", sentence % about)]
        return []
    mention = taken("call_center", line.ticket)
    if mention is not None:
        line.known = Case.objects.filter(mention=mention).values_list("number", flat=True).first() or ""
    if line.known or line.number:
        return []
    if not line.text:
        return [Problem(line.row, "Isi", _("Tiket baru memerlukan isi laporannya."))]
    line.suggested = _alike(line, now)
    return []


def _handoff_of(line: Line) -> HandOff | None:
    """By its ticket, by our key, or by our number. Raises NotAllowed for a key or number that is not ours."""
    theirs = HandOff.objects.filter(receiver__sort=ReceiverSort.CALL_CENTER).select_related(
        "case", "receiver"
    )
    if line.key:
        try:
            found = theirs.filter(key=uuid.UUID(line.key)).first()
        except ValueError:
            found = None
        if found is None:
            raise NotAllowed(_("Kunci ini tidak dikenal; jangan diubah setelah diunduh."))
        if line.number and found.case.number != line.number:
            raise NotAllowed(_("Kunci dan nomor kasus di baris ini tidak sepasang."))
        return found
    if (found := theirs.filter(remote_id=line.ticket).first()) is not None:
        return found
    if not line.number:
        return None
    if not Case.objects.filter(number=line.number).exists():
        raise NotAllowed(_("Nomor kasus ini tidak ada."))
    waiting_one = theirs.filter(case__number=line.number, remote_id="").exclude(state=HandOffState.CANCELLED)
    return waiting_one.order_by("-id").first()


def _alike(line: Line, now: datetime) -> list[tuple[str, int]]:
    """Cases of about that time whose words and place are alike: suggestions, no more."""
    table = settings.DESKS["call_center"]
    at = datetime.fromisoformat(line.at) if line.at else now
    span = timedelta(days=float(table["days"]))
    near = Case.objects.filter(opened_at__gte=at - span, opened_at__lte=at + span, into__isnull=True)
    words, area = _words(line.text), find_one(f"{line.text}\n{line.place}").area or line.place
    found = []
    for case in near.select_related("mention").order_by("-id")[:500]:
        score = likeness(words, area, at, _words(case.mention.text), case.place, case.opened_at, span)
        if score >= float(table["alike"]):
            found.append((case.number, round(score * 100)))
    return sorted(found, key=lambda one: -one[1])[:3]


def likeness(
    words: frozenset[str],
    place: str,
    at: datetime,
    other: frozenset[str],
    other_place: str,
    other_at: datetime,
    span: timedelta,
) -> float:
    """0 to 1: shared words weigh 0.6, the same place 0.25, nearness in time 0.15."""
    shared = len(words & other) / len(words | other) if words | other else 0.0
    same = bool(place) and place.casefold() == other_place.casefold()
    near = max(0.0, 1 - abs(at - other_at) / span)
    return 0.6 * shared + 0.25 * same + 0.15 * near


def _words(text: str) -> frozenset[str]:
    """The words that tell something, without numbers of people."""
    return frozenset(word for word in normalise_one(mask(text)).split() if len(word) >= 4 and word.isalpha())


# --- in: what was confirmed


def imported(trial: Trial, chosen: Mapping[int, str], person: Person, now: datetime) -> Taken:
    """Take in a trial without problems. chosen: by row, the number of the case that a person joins it to; "" new.

    Each ticket is a transaction of its own. Raises NotAllowed where one can no longer be taken; those before it are.
    """
    if trial.problems:
        raise NotAllowed(_("Perbaiki dulu baris yang bermasalah."))
    opened = joined = updated = 0
    for line in trial.lines:
        with transaction.atomic():
            wanted = chosen.get(line.row, "")
            if wanted and wanted not in {number for number, _percent in line.suggested}:
                raise NotAllowed(
                    _("Pilih salah satu kasus yang disarankan di baris %(row)d.") % {"row": line.row}
                )
            number = line.number or wanted
            if line.handoff is not None or number:
                new, changed = _joined(line, number, person, now)
                joined, updated = joined + new, updated + changed
            else:
                opened += _opened(line, person, now)
    return Taken(opened, joined, updated)


def _joined(line: Line, number: str, person: Person, now: datetime) -> tuple[bool, bool]:
    """Note the ticket on its hand-off, and what the call centre says of it; gives (ticket is new, state is new)."""
    handoff = _handoff_of(line) if not number or line.handoff else None
    new = False
    if handoff is None:
        case = Case.objects.select_for_update().get(number=number)
        handoff, new = _their_own(case, line, person, now)
    elif not handoff.remote_id:
        _settle(handoff, line.ticket, person, now)
        new = True
    changed = bool(line.state) and engine.heard(handoff, line.state, line.note, now, person=person)
    return new, changed


def _settle(handoff: HandOff, ticket: str, person: Person, now: datetime) -> None:
    """The ticket of a hand-off that waited, whichever way it had gone."""
    if handoff.state in (HandOffState.NEEDS_PERSON, HandOffState.REFUSED):
        engine.it_arrived(handoff, ticket, person, now)
        return
    try:
        with transaction.atomic():
            mine = HandOff.objects.filter(pk=handoff.pk, remote_id="", leased_until__isnull=True)
            values = {"state": HandOffState.DELIVERED, "remote_id": ticket, "next_at": None, "trouble": ""}
            if not mine.update(**values, delivered_at=handoff.delivered_at or now):
                raise NotAllowed(_("Penerusan ini sedang dikirim. Coba lagi sebentar lagi."))
            told = {"handoff": handoff.pk, "receiver": handoff.receiver.name, "ticket": ticket}
            record("handoff.confirmed", handoff.case.subject, actor=person, at=now, **told)
    except IntegrityError as error:
        raise NotAllowed(_("Nomor %(ticket)s sudah dipakai kasus lain.") % {"ticket": ticket}) from error
    handoff.refresh_from_db()


def _their_own(case: Case, line: Line, person: Person, now: datetime) -> tuple[HandOff, bool]:
    """A ticket that the call centre opened by itself about a case of ours: a hand-off that needs no sending."""
    to = receiver()
    known = (
        HandOff.objects.filter(receiver=to, remote_id=line.ticket).select_related("receiver", "case").first()
    )
    if known is not None:
        return known, False
    last = HandOff.objects.filter(case=case, receiver=to, purpose="assign").aggregate(last=Max("round"))[
        "last"
    ]
    made = HandOff.objects.create(
        case=case,
        receiver=to,
        round=(last or 0) + 1,
        key=uuid.uuid4(),
        state=HandOffState.DELIVERED,
        made_at=now,
        made_by=person,
        delivered_at=now,
        remote_id=line.ticket,
        proof={"imported": True},
    )
    told = {"handoff": made.pk, "receiver": to.name, "ticket": line.ticket}
    record("handoff.confirmed", case.subject, actor=person, at=now, **told)
    return made, True


def _opened(line: Line, person: Person, now: datetime) -> bool:
    """Open the case of a new ticket, and keep the ticket as its hand-off; False where it was there already."""
    at = datetime.fromisoformat(line.at) if line.at else None
    known = taken("call_center", line.ticket)
    if known is not None and Case.objects.filter(mention=known).exists():
        return False
    mention = known or take("call_center", line.ticket, line.text, now, posted_at=at)
    found = find_one(line.place).area or ""
    case = open_intake(mention, now, kind=line.kind, place=found, person=person)
    handoff, _new = _their_own(case, line, person, now)
    if line.state:
        engine.heard(handoff, line.state, line.note, now, person=person)
    return True
