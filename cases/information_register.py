"""The register of requests for public information, and the letters to applicants.

The columns follow the register that Perki 1/2021 has every PPID keep (nomor, tanggal, pemohon, informasi, tujuan,
keputusan, alasan penolakan, waktu). Confirm them with the city's own form.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import override

from cases.information import _only_ppid, _reason, opened, visible
from cases.models import Clock, InformationRequest, RequestState
from cases.refusal import NotAllowed
from channels import mail
from channels.contract import ChannelError
from city.masks import mask
from ledger.chain import record
from ledger.models import Event, Person

COLUMNS = (
    "Nomor",
    "Tanggal pendaftaran",
    "Nama pemohon",
    "Alamat",
    "Pekerjaan",
    "Kontak",
    "Identitas",
    "Informasi yang diminta",
    "Tujuan penggunaan",
    "Bentuk informasi",
    "PPID Pembantu",
    "Batas waktu",
    "Diperpanjang",
    "Keputusan",
    "Alasan penolakan",
    "Tanggal pemberitahuan",
    "Keberatan",
    "Nomor kasus",
)
_BATCH = 500
_FORMS = {"softcopy": "salinan elektronik", "hardcopy": "salinan cetak", "view": "melihat di tempat"}


@transaction.atomic
def register_rows(person: Person, now: datetime, *, with_people: bool, reason: str = "") -> list[list[str]]:
    """The register as this person sees it. With the applicants' data only for a reason, noted in the ledger first."""
    _only_ppid(person)
    if with_people:
        record("ppid.register_exported", "ppid:register", actor=person, at=now, note=mask(_reason(reason)))
    with override("id"):
        return list(_rows(visible(person), with_people))


def _rows(requests: QuerySet[InformationRequest], with_people: bool) -> Iterator[list[str]]:
    """Batch by batch, so that the register of years takes a few questions to the database and not two a row."""
    rows = requests.iterator(chunk_size=_BATCH)
    while part := list(islice(rows, _BATCH)):
        subjects = [one.subject for one in part]
        events: dict[str, set[str]] = {}
        for subject, kind in Event.objects.filter(subject__in=subjects).values_list("subject", "kind"):
            events.setdefault(subject, set()).add(kind)
        clocks = Clock.objects.filter(subject__in=subjects).order_by("started_at", "id")
        due = dict(clocks.values_list("subject", "due_at"))  # the last one to begin stands
        for request in part:
            who = _people(request) if with_people else ["", "", "", "", ""]
            matter = _matter(request, events.get(request.subject, set()), due.get(request.subject))
            yield [request.number, _day(request.registered_at), *who, *matter]


def _people(request: InformationRequest) -> list[str]:
    try:
        data = opened(request)
    except NotAllowed:
        return ["(dihapus)"] * 5
    contact = ", ".join(filter(None, (data.get("email"), data.get("phone"))))
    identity = f"{data.get('identity_kind', '')} {data.get('identity_number', '')}".strip()
    return [data.get("name", ""), data.get("address", ""), data.get("occupation", ""), contact, identity]


def _matter(request: InformationRequest, events: set[str], due: datetime | None) -> list[str]:
    refused = request.answer if "ppid.refused" in events else ""
    return [
        request.information,
        request.purpose,
        _FORMS.get(request.form, ""),
        request.unit.short if request.unit else "",
        _day(due) if due else "",
        "ya" if "ppid.extended" in events else "",
        str(request.get_state_display()),
        refused,
        _day(request.answered_at) if request.answered_at else "",
        "ya" if "ppid.objected" in events else "",
        request.case.number if request.case else "",
    ]


def _day(at: datetime) -> str:
    return localtime(at).strftime("%d/%m/%Y")


def write_to(request: InformationRequest, now: datetime) -> bool:
    """Mail the applicant where the request stands; gives whether a mail left. Never raises: the page says it too.

    Called after the step is committed. What was asked for is not repeated in the mail.
    """
    try:
        to = opened(request).get("email", "")
    except NotAllowed:
        return False
    if not to or not mail.configured():
        return False
    try:
        mail.send(_letter(request, to))
    except ChannelError as error:
        record("ppid.not_mailed", request.subject, at=now, why=str(error)[:200])
        return False
    record("ppid.mailed", request.subject, at=now)
    return True


def _letter(request: InformationRequest, to: str) -> EmailMessage:
    with override("id"):
        link = status_link(request)
        lines = [
            _("Permohonan informasi %(number)s kini berkeadaan: %(state)s.")
            % {"number": request.number, "state": request.get_state_display()},
            _sentence(request),
            _("Keadaan terbaru: %(link)s") % {"link": link} if link else "",
            _("Kode untuk halaman status: %(code)s. Simpan kode ini.") % {"code": request.code},
            f"PPID {settings.CITY['name']}",
        ]
        subject = _("Permohonan informasi %(number)s") % {"number": request.number}
    sender = getattr(settings, "DEFAULT_FROM_EMAIL", "")
    return EmailMessage(subject, "\n\n".join(filter(None, lines)), sender, [to])


def _sentence(request: InformationRequest) -> str:
    match request.state:
        case RequestState.REGISTERED:
            return _("Jawaban diberikan paling lambat 10 hari kerja sejak pendaftaran (UU 14/2008 pasal 22).")
        case RequestState.EXTENDED:
            event = (
                Event.objects.filter(subject=request.subject, kind="ppid.extended").order_by("-id").first()
            )
            return _("Waktu jawaban diperpanjang 7 hari kerja. Alasan: %(why)s") % {
                "why": event.data.get("note", "") if event else ""
            }
        case RequestState.REFUSED | RequestState.ANSWERED:
            return (
                request.answer
                + "\n\n"
                + _(
                    "Bila tidak puas, Anda dapat mengajukan keberatan kepada atasan PPID dalam 30 hari kerja "
                    "(UU 14/2008 pasal 35 dan 36)."
                )
            )
        case RequestState.OBJECTED:
            return _("Keberatan Anda ditanggapi paling lambat 30 hari kerja (UU 14/2008 pasal 36).")
    return request.answer


def status_link(request: InformationRequest) -> str:
    """Where the applicant sees it; "" while the installation has no public address."""
    if not settings.PUBLIC_URL:
        return ""
    return f"{settings.PUBLIC_URL}{reverse('status', args=[request.number, request.code])}"
