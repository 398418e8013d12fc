"""Requests for public information (permohonan informasi publik): registered, extended, answered, refused, objected.

Basis: UU 14/2008 art. 21-22 (what a request must name, ten working days and seven more with a written notice),
art. 17 (what may be withheld), art. 35-37 (objection to the superior within thirty working days, then the Komisi
Informasi); Perki 1/2021. The clock starts with the registration, whatever post it began with. The applicant's data
are encrypted; what is asked for is stored with numbers masked, and as it was written beside the data.
"""

import secrets
import zoneinfo
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from cases import clocks
from cases.models import Case, InformationRequest, RequestState
from cases.refusal import NotAllowed
from cases.scope import units_of
from channels import vault
from channels.contract import ChannelError
from city.masks import mask
from city.models import Unit
from ledger.chain import record
from ledger.models import Event, Person
from ledger.roles import Role, roles_of

#: Letters of a code, without those that look alike.
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
ANSWER, EXTENSION, OBJECTION = "ppid_answer", "ppid_extension", "ppid_objection"
#: How the information is wanted.
FORMS = ("softcopy", "hardcopy", "view")
IDENTITIES = ("ktp", "akta", "other")
#: UU 14/2008 art. 17, letters a to j: why information may be withheld.
ARTICLES = tuple(f"pasal 17 huruf {letter}" for letter in "abcdefghij")
#: States in which something is still to be answered.
OPEN = (RequestState.REGISTERED, RequestState.EXTENDED, RequestState.OBJECTED)
_MOST = {"name": 120, "identity_number": 60, "address": 300, "email": 254, "phone": 30, "occupation": 80}
_LONG, _REASON = 4000, 200


@dataclass(frozen=True, slots=True)
class Asked:
    """The form as it was typed."""

    name: str = ""
    identity_kind: str = "ktp"
    identity_number: str = ""
    address: str = ""
    email: str = ""
    phone: str = ""
    occupation: str = ""
    information: str = ""
    purpose: str = ""
    form: str = "softcopy"
    agreed: bool = False
    case_number: str = ""  #: of the post that it began with, with its code; "" none
    case_code: str = ""


def problems(asked: Asked) -> dict[str, str]:
    """What is missing or wrong, by the name of the field; {} when all is well. Nothing is said of a wrong invitation:

    a request is registered whether or not it can be joined to a case.
    """
    found: dict[str, str] = {}
    if not asked.name.strip():
        found["name"] = _("Tulis nama lengkap Anda; permohonan tanpa nama tidak dapat didaftarkan.")
    if asked.identity_kind not in IDENTITIES:
        found["identity_kind"] = _("Pilih jenis identitas.")
    found |= _identity(asked)
    if not asked.address.strip():
        found["address"] = _("Tulis alamat Anda.")
    if not asked.email.strip() and not asked.phone.strip():
        found["email"] = _("Tulis surel atau nomor telepon, agar jawaban dapat disampaikan.")
    elif asked.email.strip() and not _is_mail(asked.email.strip()):
        found["email"] = _("Alamat surel ini tidak lengkap; contoh: nama@contoh.id.")
    if not asked.information.strip():
        found["information"] = _("Tulis informasi yang Anda minta.")
    if not asked.purpose.strip():
        found["purpose"] = _("Tulis tujuan penggunaan informasi itu.")
    if asked.form not in FORMS:
        found["form"] = _("Pilih cara menerima informasi.")
    if not asked.agreed:
        found["agreed"] = _("Permohonan hanya dapat didaftarkan bila Anda menyetujui pemrosesan data ini.")
    for name, most in (*_MOST.items(), ("information", _LONG), ("purpose", _LONG)):
        if len(getattr(asked, name)) > most:
            found[name] = _("Isian ini paling panjang %(count)d huruf.") % {"count": most}
    return found


def _identity(asked: Asked) -> dict[str, str]:
    """A KTP number has sixteen digits (NIK); a deed or another identity has any number."""
    number = "".join(asked.identity_number.split())
    if not number:
        return {"identity_number": _("Tulis nomor identitas; undang-undang mensyaratkannya.")}
    if asked.identity_kind == "ktp" and not (number.isascii() and number.isdigit() and len(number) == 16):
        return {"identity_number": _("NIK pada KTP terdiri atas 16 angka.")}
    return {}


def _is_mail(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def register(asked: Asked, now: datetime) -> InformationRequest:
    """Register a request; its clock starts now. Raises NotAllowed with the first sentence of ``problems``."""
    if found := problems(asked):
        raise NotAllowed(next(iter(found.values())))
    for _try in range(8):
        try:
            with transaction.atomic():
                return _stored(asked, now)
        except IntegrityError:
            continue  # another took this number at the same moment
    raise NotAllowed(_("Permohonan belum dapat didaftarkan karena banyak yang bersamaan. Coba sekali lagi."))


def _stored(asked: Asked, now: datetime) -> InformationRequest:
    sealed = {name: getattr(asked, name).strip() for name in _MOST}
    sealed |= {
        "identity_kind": asked.identity_kind,
        "information": asked.information.strip(),
        "purpose": asked.purpose.strip(),
    }
    made = InformationRequest.objects.create(
        number=_next_number(now),
        code="".join(secrets.choice(_LETTERS) for _one in range(10)),
        case=_invited(asked),
        sealed=vault.lock(sealed),
        information=mask(asked.information.strip()),
        purpose=mask(asked.purpose.strip()),
        form=asked.form,
        registered_at=now,
    )
    clocks.start_for(made.subject, [ANSWER], now, case=made.case)
    record("ppid.registered", made.subject, at=now, number=made.number)
    if made.case is not None:
        record("case.information_requested", made.case.subject, at=now, number=made.number)
    return made


def _next_number(now: datetime) -> str:
    """The next number of the city's local year; the unique key decides between two at once."""
    year = now.astimezone(zoneinfo.ZoneInfo(settings.CITY["timezone"])).year
    rows = InformationRequest.objects.filter(number__startswith=f"PPID-{year}-").order_by("-number")
    last = rows.values_list("number", flat=True).first()
    return f"PPID-{year}-{int(last.rsplit('-', 1)[1]) + 1 if last else 1:06d}"


def _invited(asked: Asked) -> Case | None:
    """The case of an invitation, for whoever has its code too."""
    number, code = asked.case_number.strip().upper()[:30], asked.case_code.strip().upper()[:16]
    case = Case.objects.filter(number=number).first() if number and code else None
    known = case is not None and case.code and secrets.compare_digest(case.code.upper(), code)
    return case if known else None


def invitation(case: Case) -> str:
    """The address of the form that joins a request to ``case``; "" without a public address, or without a code."""
    if not settings.PUBLIC_URL or not case.code:
        return ""
    return f"{settings.PUBLIC_URL}{reverse('information_form')}?kasus={case.number}&kode={case.code}"


# --- the PPID's work


def reveal(request: InformationRequest, person: Person, reason: str, now: datetime) -> dict[str, str]:
    """The applicant's data, for this once; who looked and why stands in the ledger first. Raises NotAllowed."""
    _only_ppid(person)
    why = _reason(reason)
    with transaction.atomic():
        record("ppid.revealed", request.subject, actor=person, at=now, note=mask(why))
        return opened(request)


def opened(request: InformationRequest) -> dict[str, str]:
    """The applicant's data. Whoever calls this has noted who looks. Raises NotAllowed where they are gone."""
    if request.erased_at is not None or not request.sealed:
        raise NotAllowed(_("Data pemohon sudah dihapus sesuai jadwal penyimpanan."))
    try:
        return vault.unlock(bytes(request.sealed))
    except ChannelError as error:
        said = _("Data pemohon tidak dapat dibuka: kunci rahasia instalasi ini berbeda dari saat disimpan.")
        raise NotAllowed(said) from error


@transaction.atomic
def assign(request: InformationRequest, unit: Unit, person: Person, now: datetime) -> None:
    """Give it to the PPID Pembantu of a unit."""
    _only_ppid(person)
    if unit.outside:
        raise NotAllowed(_("%(unit)s bukan perangkat daerah kota ini.") % {"unit": unit.short})
    _changed(request, OPEN, unit=unit)
    record("ppid.assigned", request.subject, actor=person, at=now, unit=unit.short)


@transaction.atomic
def extend(request: InformationRequest, why: str, person: Person, now: datetime) -> None:
    """Seven working days more, with a written notice that gives the reason (art. 22 (8)). Once only."""
    _only_ppid(person)
    reason = _needed(why, _("Tulis alasan perpanjangan; undang-undang mensyaratkan alasan tertulis."))
    clocks.start_for(request.subject, [EXTENSION], now, case=request.case)
    _changed(request, (RequestState.REGISTERED,), state=RequestState.EXTENDED)
    record("ppid.extended", request.subject, actor=person, at=now, note=reason)


@transaction.atomic
def answer(request: InformationRequest, words: str, person: Person, now: datetime) -> None:
    """Answer it: the information, or where it is found."""
    _only_ppid(person)
    said = _needed(words, _("Tulis jawabannya, atau di mana informasi itu diperoleh."))
    _settled(request, RequestState.ANSWERED, said, person, now)


@transaction.atomic
def refuse(request: InformationRequest, article: str, why: str, person: Person, now: datetime) -> None:
    """Refuse it with the article on which that rests and the reason (art. 17; test of consequences, art. 19)."""
    _only_ppid(person)
    if article not in ARTICLES:
        raise NotAllowed(_("Pilih dasar penolakan menurut pasal 17 UU 14/2008."))
    reason = _needed(why, _("Tulis alasan penolakan dan hasil uji konsekuensinya."))
    said = f"Ditolak berdasarkan UU 14/2008 {article}. {reason}"  # to the citizen, whatever language the desk has
    _settled(request, RequestState.REFUSED, said, person, now)


def _settled(
    request: InformationRequest, state: RequestState, said: str, person: Person, now: datetime
) -> None:
    """The answer of the PPID, or of the superior to an objection."""
    on_objection = request.state == RequestState.OBJECTED
    after = RequestState.CLOSED if on_objection else state
    told = mask(said)
    if on_objection and request.answer:  # what it was about stays: the register names why it had been refused
        told = f"{request.answer}\n\nTanggapan Atasan PPID atas keberatan: {told}"
    _changed(request, OPEN, state=after, answer=told, answered_at=now)
    # An objection to silence (art. 35 (1) c) is answered by what was asked for first: that limit ends with it.
    for rule in (ANSWER, OBJECTION) if on_objection else (ANSWER,):
        clocks.end(request.subject, rule, now)
    kind = "ppid.objection_answered" if on_objection else f"ppid.{state.value}"
    record(kind, request.subject, actor=person, at=now)


@transaction.atomic
def object_to(request: InformationRequest, why: str, person: Person, now: datetime) -> None:
    """Register the applicant's objection to the superior (art. 35-36); the thirty working days start now.

    Also where no answer came in time: a silence can be objected to (art. 35 (1) c); and where the request was ticked
    off meanwhile: the applicant's thirty working days (art. 36 (1)) do not depend on that. Once: after the superior's
    answer the way leads to the Komisi Informasi (art. 37).
    """
    _only_ppid(person)
    if objected(request):
        raise NotAllowed(
            _("Keberatan atas permohonan ini sudah pernah diajukan; sengketanya ke Komisi Informasi.")
        )
    reason = _needed(why, _("Tulis alasan keberatan seperti disampaikan pemohon."))
    states = tuple(set(RequestState) - {RequestState.OBJECTED})
    _changed(request, states, state=RequestState.OBJECTED)
    clocks.start_for(request.subject, [OBJECTION], now, case=request.case)
    record("ppid.objected", request.subject, actor=person, at=now, note=mask(reason))


def objected(request: InformationRequest) -> bool:
    """Whether the applicant has objected, whatever came of it."""
    return Event.objects.filter(subject=request.subject, kind="ppid.objected").exists()


@transaction.atomic
def close(request: InformationRequest, person: Person, now: datetime) -> None:
    """Nothing more is to do; the time for which the applicant's data are kept begins."""
    _only_ppid(person)
    _changed(request, (RequestState.ANSWERED, RequestState.REFUSED), state=RequestState.CLOSED)
    record("ppid.closed", request.subject, actor=person, at=now)


def visible(person: Person) -> QuerySet[InformationRequest]:
    """The requests that a person of the PPID sees: of their units, or all for the PPID Utama."""
    rows = InformationRequest.objects.select_related("unit", "case").order_by("-id")
    mine = units_of(person)
    return rows.filter(unit__in=mine) if mine else rows


def _only_ppid(person: Person) -> None:
    if Role.PPID not in roles_of(person):
        raise NotAllowed(_("Hanya petugas PPID yang dapat melakukan ini."))


def _needed(words: str, otherwise: str) -> str:
    said = words.strip()
    if not said:
        raise NotAllowed(otherwise)
    if len(said) > _LONG:
        raise NotAllowed(_("Isian ini paling panjang %(count)d huruf.") % {"count": _LONG})
    return said


def _reason(reason: str) -> str:
    why = " ".join(reason.split())
    if not why:
        raise NotAllowed(_("Tulis untuk apa data pemohon diperlukan, satu kalimat pendek."))
    if len(why) > _REASON:
        raise NotAllowed(_("Alasan paling panjang %(count)d huruf.") % {"count": _REASON})
    return why


def _changed(request: InformationRequest, states: tuple[RequestState, ...], **values: object) -> None:
    """Change it if it still stands as the officer saw it. Raises NotAllowed."""
    allowed = request.state in states
    mine = InformationRequest.objects.filter(pk=request.pk, state=request.state)
    if not allowed or not mine.update(**values):
        raise NotAllowed(
            _("Permohonan ini berkeadaan “%(state)s”; langkah itu tidak berlaku. Muat ulang halaman.")
            % {"state": request.get_state_display()}
        )
    request.refresh_from_db()
