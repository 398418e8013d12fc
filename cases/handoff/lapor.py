"""SP4N-LAPOR! as a receiver: a package in its fields that an officer carries over, and the tracking number back.

LAPOR's API is documented only for an account with the role "developer" that the city must assign
(blog.lapor.go.id/integrasi), so the way through is behind ``LaporPort``: an adapter to that API has the same two
methods, raises HandOffError (UNKNOWN where a report may have landed), and takes ManualLapor's place in ``port()``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.handoff import engine
from cases.handoff.contract import ByHand, Delivered, Heard
from cases.models import ENDED, Case, HandOff, HandOffState, Receiver, ReceiverSort
from cases.refusal import NotAllowed
from city.masks import mask
from ledger.chain import record
from ledger.models import Person

#: What a tracking page of LAPOR shows, in its words (they are mapped in cases/handoff/answers.py).
STATES = ("Belum Terverifikasi", "Belum Ditindaklanjuti", "Proses", "Selesai", "Ditolak")
_KINDS = {"aspiration": "Aspirasi", "information_request": "Permintaan Informasi"}
_TITLE = 120  #: letters of a title


@dataclass(frozen=True, slots=True)
class Field:
    """One field of LAPOR's form, ready to paste."""

    key: str
    name: str
    text: str
    help: str = ""


class LaporPort(Protocol):
    """The way into LAPOR."""

    def submit(self, package: list[Field], key: str) -> Delivered:
        """Hand a report over; ``key`` is the same at every try. Raises HandOffError, or ByHand for a person."""
        ...

    def status(self, tracking_id: str) -> Heard | None:
        """What LAPOR says of a report; None: it cannot be asked, or says nothing new. Raises HandOffError."""
        ...


class ManualLapor:
    """A person carries it over and reads the tracking page."""

    def submit(self, package: list[Field], key: str) -> Delivered:
        raise ByHand(_("Salin paketnya ke SP4N-LAPOR!, lalu masukkan nomor lacaknya di sini."))

    def status(self, tracking_id: str) -> Heard | None:
        return None


def port() -> LaporPort:
    """The way that this installation has."""
    return ManualLapor()


class Lapor:
    sort = ReceiverSort.LAPOR
    knows_key = False

    def prepare(self, handoff: HandOff, now: datetime) -> bytes:
        """The package; where a person carries it over, the hand-off waits for them and no try is counted."""
        if isinstance(port(), ManualLapor):
            port().submit([], str(handoff.key))
        return as_text(package(handoff)).encode()

    def deliver(self, handoff: HandOff, now: datetime) -> Delivered:
        return port().submit(package(handoff), str(handoff.key))

    def pull(self, handoff: HandOff) -> Heard | None:
        return port().status(handoff.remote_id) if handoff.remote_id else None


def receiver() -> Receiver:
    """The one receiver SP4N-LAPOR!, made at its first use."""
    made, _new = Receiver.objects.get_or_create(
        key="lapor", defaults={"sort": ReceiverSort.LAPOR, "name": "SP4N-LAPOR!"}
    )
    return made


def of_case(case: Case) -> HandOff | None:
    """The hand-off to LAPOR that stands for a case; None when it was never planned."""
    rows = HandOff.objects.filter(case=case, receiver__sort=ReceiverSort.LAPOR)
    return rows.exclude(state=HandOffState.CANCELLED).select_related("receiver").order_by("-id").first()


def begin(case: Case, person: Person, now: datetime, note: str = "") -> HandOff:
    """Plan the hand-off and bring it to the officer's table at once; again gives the one that is there."""
    handoff = engine.plan(case, receiver(), now, person=person, note=note)
    engine.advance(handoff.pk, now)
    handoff.refresh_from_db()
    return handoff


def package(handoff: HandOff) -> list[Field]:
    """The report in LAPOR's fields; each text from its template under templates/handoff/lapor."""
    case = handoff.case
    table = settings.DESKS["lapor"]
    said_at = localtime(case.mention.posted_at or case.mention.heard_at)
    about: Mapping[str, object] = {
        "case": case,
        "topic": table["categories"].get(case.topic, table["categories"]["lain"]),
        "words": mask(case.mention.text).strip(),
        "note": handoff.note,
        "city": settings.CITY,
        "link": case.mention.permalink,
        "channel": case.mention.get_channel_display(),
    }
    photos = case.mention.media or []
    return [
        Field("klasifikasi", str(_FIELD["klasifikasi"]), _KINDS.get(case.kind, "Pengaduan")),
        Field("judul", str(_FIELD["judul"]), _rendered("judul", about)[:_TITLE]),
        Field("isi", str(_FIELD["isi"]), _rendered("isi", about)),
        Field("tanggal", str(_FIELD["tanggal"]), said_at.strftime("%d/%m/%Y")),
        Field("lokasi", str(_FIELD["lokasi"]), _rendered("lokasi", about)),
        Field("instansi", str(_FIELD["instansi"]), case.unit.name if case.unit else table["agency"]),
        Field(
            "kategori",
            str(_FIELD["kategori"]),
            str(about["topic"]),
            _("Pilih yang paling dekat pada daftar LAPOR."),
        ),
        Field(
            "lampiran",
            str(_FIELD["lampiran"]),
            "\n".join(photos),
            _("Unduh dari kiriman warga bila masih ada."),
        ),
        Field("pelapor", str(_FIELD["pelapor"]), _("Anonim dan rahasia"), _secret()),
    ]


_FIELD = {
    "klasifikasi": gettext_lazy("Klasifikasi laporan"),
    "judul": gettext_lazy("Judul laporan"),
    "isi": gettext_lazy("Isi laporan"),
    "tanggal": gettext_lazy("Tanggal kejadian"),
    "lokasi": gettext_lazy("Lokasi kejadian"),
    "instansi": gettext_lazy("Instansi tujuan"),
    "kategori": gettext_lazy("Kategori laporan"),
    "lampiran": gettext_lazy("Lampiran"),
    "pelapor": gettext_lazy("Pilihan pelapor"),
}


def _secret() -> str:
    return _("Centang keduanya: warga ini tidak pernah memberi persetujuan namanya masuk LAPOR.")


def _rendered(name: str, about: Mapping[str, object]) -> str:
    return render_to_string(f"handoff/lapor/{name}.txt", dict(about)).strip()


def as_text(fields: list[Field]) -> str:
    """The whole package as a plain text."""
    return "\n\n".join(f"{one.name}:\n{one.text or '-'}" for one in fields) + "\n"


# --- what the officer enters


@transaction.atomic
def carried_over(handoff: HandOff, tracking_id: str, person: Person, now: datetime) -> None:
    """The officer entered it in LAPOR and has the tracking number. Raises NotAllowed with a sentence."""
    digits = tracking_id.strip().lstrip("#")
    least, most = settings.DESKS["lapor"]["digits"]
    if not (digits.isascii() and digits.isdigit() and least <= len(digits) <= most):
        said = _("Nomor lacak LAPOR terdiri atas %(least)d sampai %(most)d angka, tanpa huruf dan spasi.")
        raise NotAllowed(said % {"least": least, "most": most})
    if handoff.remote_id:
        said = _("Kasus ini sudah ada di LAPOR dengan nomor %(ticket)s; jangan dimasukkan dua kali.")
        raise NotAllowed(said % {"ticket": handoff.remote_id})
    twin = HandOff.objects.filter(case=handoff.case_id, receiver__sort=ReceiverSort.LAPOR).exclude(
        remote_id=""
    )
    if (other := twin.exclude(pk=handoff.pk).first()) is not None:
        said = _("Kasus ini sudah ada di LAPOR dengan nomor %(ticket)s; jangan dimasukkan dua kali.")
        raise NotAllowed(said % {"ticket": other.remote_id})
    engine.it_arrived(handoff, digits, person, now)
    HandOff.objects.filter(pk=handoff.pk).update(link=tracking_link(digits))
    handoff.refresh_from_db()


def tracking_link(tracking_id: str) -> str:
    return str(settings.DESKS["lapor"]["tracking"]).format(id=tracking_id)


def told(handoff: HandOff, state: str, note: str, person: Person, now: datetime) -> bool:
    """The officer read LAPOR's tracking page. Raises NotAllowed for a state that it does not have."""
    if state not in STATES:
        raise NotAllowed(_("Pilih keadaan seperti tertulis pada halaman lacak LAPOR."))
    if not handoff.remote_id:
        raise NotAllowed(_("Masukkan nomor lacaknya lebih dulu."))
    return engine.heard(handoff, state, note, now, person=person)


def waiting() -> list[HandOff]:
    """The packages that nobody has carried over yet, oldest first; none of a case that has ended."""
    rows = HandOff.objects.filter(receiver__sort=ReceiverSort.LAPOR, state=HandOffState.NEEDS_PERSON)
    rows = rows.exclude(case__state__in=ENDED)
    return list(rows.select_related("case__mention", "case__unit", "receiver").order_by("made_at", "id"))


def late(handoff: HandOff, now: datetime) -> bool:
    """Whether a package lies here for longer than it should."""
    return now - handoff.made_at >= _span()


def _span() -> timedelta:
    return timedelta(hours=float(settings.DESKS["lapor"]["remind_hours"]))


def look_after(now: datetime) -> int:
    """Remind of the packages that lie here, once for each span that has passed; gives how many were reminded of."""
    count = 0
    for handoff in waiting():
        spans = int((now - handoff.made_at) / _span())
        told_of = int(handoff.proof.get("reminded", 0))
        if spans <= told_of:
            continue
        with transaction.atomic():
            row = HandOff.objects.select_for_update().get(pk=handoff.pk)
            if row.state != HandOffState.NEEDS_PERSON or int(row.proof.get("reminded", 0)) >= spans:
                continue
            HandOff.objects.filter(pk=row.pk).update(proof={**row.proof, "reminded": spans})
            record("handoff.lapor_waits", row.case.subject, at=now, handoff=row.pk, spans=spans)
            count += 1
    return count
