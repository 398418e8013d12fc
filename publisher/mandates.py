"""In which office someone approves: held for good, acted in by letter (Plt., Plh.), or in somebody's stead."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from ledger.chain import record
from ledger.models import Mandate, Person
from ledger.roles import Role
from publisher.rules import Refused, need

_SHORT = {Mandate.Acting.PLT.value: "Plt.", Mandate.Acting.PLH.value: "Plh."}
_LONGEST = 120  #: of Approval.office


@dataclass(frozen=True, slots=True)
class Office:
    """An office as it is printed beside a name."""

    name: str  #: "Plt. Kepala Diskominfostandi"; of a deputy "a.n. Kepala Bagian Humas, Sekretaris"
    nip: str = ""
    letter: str = ""  #: number of the letter by which an acting official acts
    mandate: int | None = None  #: None: the office written at the person, without a mandate
    instead_of: Person | None = None  #: whose approval a deputy gives


def day_of(now: datetime) -> date:
    """The day in the city, by which mandates begin and end."""
    return now.astimezone(ZoneInfo(settings.TIME_ZONE)).date()


def in_force(day: date) -> Q:
    """Mandates that hold on ``day``; the last day counts."""
    return Q(starts_on__lte=day) & (Q(ends_on__isnull=True) | Q(ends_on__gte=day))


def offices_of(person: Person, now: datetime) -> list[Office]:
    """The offices in which ``person`` may approve now, the own ones first. Raises Refused with the reason.

    Without any recorded mandate it is the office written at the person. Once mandates are recorded, only those
    count: when all have ended, nothing may be approved until the administrator records a new one.
    """
    every = list(person.mandates.select_related("deputises").order_by("-starts_on", "-pk"))
    if not every:
        if not person.office:
            raise Refused(_("Jabatan Anda belum diisi; minta administrator mengisinya sebelum menyetujui."))
        return [Office(person.office)]
    day = day_of(now)
    held = [one for one in every if _holds(one, day)]
    if not held:
        raise Refused(_why_none(every, day))
    if not (usable := [one for one in held if one.letter or not one.acting]):
        sentence = _(
            "Nomor surat penunjukan sebagai %(office)s belum dicatat; minta administrator mencatatnya."
        )
        raise Refused(sentence % {"office": _title(held[0])})
    return [_office(one, day) for one in sorted(usable, key=lambda one: one.deputises_id is not None)]


def office_of(person: Person, now: datetime, mandate: int | None = None) -> Office:
    """The office with the key ``mandate``, else the first one. Raises Refused."""
    offices = offices_of(person, now)
    if mandate is None:
        return offices[0]
    for office in offices:
        if office.mandate == mandate:
            return office
    raise Refused(_("Mandat yang dipilih tidak berlaku lagi; muat ulang halaman ini dan pilih lagi."))


def may_act(people: Iterable[Person], now: datetime) -> list[Person]:
    """Those of ``people`` whose office or mandate lets them approve now. One query for all of them."""
    asked, day = list(people), day_of(now)
    mandates = list(Mandate.objects.filter(person__in=asked))
    recorded = {one.person_id for one in mandates}
    valid = {one.person_id for one in mandates if _holds(one, day) and (one.letter or not one.acting)}
    return [one for one in asked if one.pk in valid or (one.pk not in recorded and one.office)]


def present_and_coming(now: datetime) -> QuerySet[Mandate]:
    """Mandates that hold now or will, by name; those that ended are history."""
    rows = Mandate.objects.select_related("person", "deputises")
    return rows.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day_of(now))).order_by(
        "person__first_name", "person__username", "starts_on"
    )


def give_mandate(mandate: Mandate, by: Person, now: datetime) -> Mandate:
    """Record a new mandate. Refused names the field that must be mended."""
    need(by, Role.ADMINISTRATOR)
    if wrong := _wrong(mandate):
        raise Refused(_("Ada isian yang perlu dilengkapi."), wrong)
    with transaction.atomic():
        mandate.save()
        _told("mandate.given", mandate, by, now, ends_on=str(mandate.ends_on or ""), letter=mandate.letter)
    return mandate


def end_mandate(mandate: Mandate, last_day: date, by: Person, now: datetime) -> None:
    """Let it end on ``last_day`` (inclusive). What was approved under it stays approved."""
    need(by, Role.ADMINISTRATOR)
    if last_day < mandate.starts_on:
        raise Refused(_("Hari terakhir tidak boleh sebelum hari mulainya."))
    with transaction.atomic():
        mandate.ends_on = last_day
        mandate.save(update_fields=["ends_on"])
        _told("mandate.ended", mandate, by, now, ends_on=str(last_day))


def titled(mandate: Mandate) -> str:
    """The office as printed, with whose it is when it is a deputy's."""
    return _office(mandate, mandate.starts_on).name


def _wrong(mandate: Mandate) -> dict[str, str]:
    wrong = {}
    if not mandate.office.strip():
        wrong["office"] = _("Tulis jabatannya.")
    if mandate.acting and not mandate.letter.strip():
        wrong["letter"] = _("Plt. dan Plh. ditunjuk dengan surat; tulis nomornya.")
    if mandate.acting == Mandate.Acting.PLH and mandate.ends_on is None:
        wrong["ends_on"] = _("Plh. berlaku untuk beberapa hari; tulis hari terakhirnya.")
    if mandate.ends_on is not None and mandate.ends_on < mandate.starts_on:
        wrong["ends_on"] = _("Hari terakhir tidak boleh sebelum hari mulainya.")
    if mandate.deputises_id is not None and mandate.deputises_id == mandate.person_id:
        wrong["deputises"] = _("Seseorang tidak mewakili dirinya sendiri.")
    if mandate.deputises_id is not None and mandate.ends_on is None:
        wrong["ends_on"] = _("Mewakili orang lain berlaku selama ia berhalangan; tulis hari terakhirnya.")
    return wrong


def _told(kind: str, mandate: Mandate, by: Person, now: datetime, **data: str) -> None:
    whose = f"person:{mandate.person_id}"
    record(kind, whose, actor=by, at=now, mandate=mandate.pk, office=_title(mandate), **data)


def _holds(mandate: Mandate, day: date) -> bool:
    return mandate.starts_on <= day and (mandate.ends_on is None or day <= mandate.ends_on)


def _why_none(mandates: list[Mandate], day: date) -> str:
    ended = [one for one in mandates if one.ends_on is not None and one.ends_on < day]
    if not ended:
        return _("Mandat Anda sebagai %(office)s baru berlaku mulai %(day)s.") % {
            "office": _title(mandates[-1]),
            "day": _day(mandates[-1].starts_on),
        }
    last = max(ended, key=lambda one: (one.ends_on or day, one.pk))
    sentence = _(
        "Mandat Anda sebagai %(office)s berakhir %(day)s, jadi Anda tidak dapat menyetujui. "
        "Minta administrator mencatat mandat yang berlaku."
    )
    return sentence % {"office": _title(last), "day": _day(last.ends_on or day)}


def _title(mandate: Mandate) -> str:
    short = _SHORT.get(mandate.acting, "")
    return f"{short} {mandate.office}" if short else mandate.office


def _office(mandate: Mandate, day: date) -> Office:
    name, other = _title(mandate), mandate.deputises
    if other is not None:
        theirs = other.mandates.filter(in_force(day), deputises=None).order_by("-starts_on").first()
        name = f"a.n. {_title(theirs) if theirs else other.office or other}, {name}"
    return Office(name[:_LONGEST], mandate.nip, mandate.letter, mandate.pk, other)


def _day(day: date) -> str:
    return date_format(day, "j F Y")
