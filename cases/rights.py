"""What somebody may ask about their own data (UU 27/2022), and what is done about it.

Access and a copy (art. 7), correction (art. 6), erasure (art. 8), restriction (art. 11); each within 3 × 24 hours
(art. 30, 32 and 41). Nothing is shown or changed before it is clear that the account is theirs: they post a word from
it, or an officer is convinced in another way and says how.
"""

import hashlib
import hmac
import json
import logging
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cases import clocks, erasure, replies, search
from cases.copy_of_data import copy_of
from cases.models import Case, RequestState, Right, RightsRequest
from cases.refusal import NotAllowed
from channels import vault
from channels.contract import ChannelError
from channels.models import Kind
from city.masks import mask
from ledger.chain import record
from ledger.life import beat, last_beat
from ledger.models import Person
from ledger.roles import Role, roles_of
from monitor.models import Mention

log = logging.getLogger(__name__)

#: How the proof word begins; letters only, so that no mask takes a part of it for a number plate.
_PREFIX = "bukti-"
_WORD = re.compile(rf"{_PREFIX}([a-z]{{10}})\b", re.IGNORECASE)
_LETTERS = "bcdfghjkmnprstvwxz"
_CODE = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_OPEN = (RequestState.REGISTERED, RequestState.EXTENDED)
_REASON = 500
#: Where a name is anybody's: two people of one name are told apart by the account's id alone. A website's comment and
#: a report to a desk need no account at all; whose they are is known by the number of the report.
_AMBIGUOUS = (Kind.FACEBOOK, Kind.WEBSITE, Kind.INTAKE)
#: Under this name the last look for proof words is kept among the signs of life; so far it overlaps the one before.
_LIFE, _OVERLAP = "rights", timedelta(minutes=10)
#: How the ledger calls a look at name and contact.
OPENED = "rights.revealed"


# --- The citizen ------------------------------------------------------------------------------------


def register(asked: Mapping[str, str], now: datetime) -> RightsRequest:
    """Store a request; ``asked``: right, channel, handle, case_number, name, contact, words as they were typed.

    Its clock starts now. Raises NotAllowed with a sentence.
    """
    typed = {name: " ".join(value.split()) for name, value in asked.items()}
    _check(typed)
    for _try in range(5):
        try:
            with transaction.atomic():
                return _store(typed, now)
        except IntegrityError:  # somebody took the number just now
            continue
    raise NotAllowed(_("Permintaan belum dapat disimpan. Coba lagi sebentar lagi."))


def word(request: RightsRequest) -> str:
    """The word to be posted from the account; "" once it is proven or decided, and where no post can prove it."""
    if not request.challenge or request.proven_at or request.done_at or not _provable(request):
        return ""
    return _word(request)


def _provable(request: RightsRequest) -> bool:
    """Whether there is an account to post from: not where anybody may sign with any name."""
    if request.channel:
        return request.channel not in (Kind.WEBSITE, Kind.INTAKE)
    case = _named_case(request)
    return case is None or not _alone(case)


def _word(request: RightsRequest) -> str:
    digest = hmac.new(
        settings.SECRET_KEY.encode(), f"rights {request.number}".encode(), hashlib.sha256
    ).digest()
    return _PREFIX + "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:10])


def seen(mention: Mention, now: datetime) -> RightsRequest | None:
    """Whether this post proves an account: it holds the word of a request, and comes from the account named there.

    Cheap for every other post: one look for the word's beginning.
    """
    if _PREFIX not in mention.text.casefold() or (said := _WORD.search(mention.text)) is None:
        return None
    waiting = RightsRequest.objects.filter(
        challenge=_digest(_PREFIX + said[1].casefold()), proven_at__isnull=True, state__in=_OPEN
    ).first()
    late = timedelta(days=settings.PRIVACY["rights"]["proof_days"])
    if waiting is None or now > waiting.registered_at + late or not _is_theirs(waiting, mention):
        return None
    return _prove(waiting, mention.author_id, None, "", now)


def look_after(now: datetime) -> int:
    """Look for proof words in what was heard, and keep restrictions in force for new posts; each minute.

    Gives how many requests were proven.
    """
    proven, looked = 0, last_beat(_LIFE)
    # What was heard before the last look has been looked at: a city's posts of two weeks are many.
    fresh_from = (
        looked - _OVERLAP if looked else now - timedelta(days=settings.PRIVACY["rights"]["proof_days"])
    )
    waiting = RightsRequest.objects.filter(proven_at__isnull=True, state__in=_OPEN).exclude(challenge="")
    if (first := waiting.order_by("registered_at").first()) is not None:
        since = max(first.registered_at, fresh_from)
        for mention in Mention.objects.filter(heard_at__gte=since, text__icontains=_PREFIX).order_by("pk"):
            proven += _proves(mention, now)
    for request in RightsRequest.objects.filter(right=Right.RESTRICTION, state=RequestState.ANSWERED):
        if request.done_at is not None:
            new = _mentions(request).filter(restricted_at__isnull=True, heard_at__gte=fresh_from)
            fresh = list(new.values_list("pk", flat=True))
            Mention.objects.filter(pk__in=fresh).update(restricted_at=now)
            search.follow(fresh)
            replies.hush(fresh, now)
    beat(_LIFE, now, str(proven))
    return proven


def _proves(mention: Mention, now: datetime) -> bool:
    """Like ``seen``; a request that cannot be proven now keeps no other from it."""
    try:
        return seen(mention, now) is not None
    except NotAllowed as refusal:
        log.warning("mention %s proves nothing: %s", mention.pk, refusal)
        return False


# --- The officer ------------------------------------------------------------------------------------


def find(request: RightsRequest) -> erasure.Held:
    """All that is kept of the person; nothing before the account is proven to be theirs."""
    return erasure.held_of(_mentions(request)) if request.proven_at else erasure.Held()


def convinced(request: RightsRequest, person: Person, why: str, now: datetime) -> RightsRequest:
    """An officer confirms that the account is theirs, and says by what. Raises NotAllowed."""
    _may(person)
    return _prove(request, "", person, _reason(why), now)


def reveal(request: RightsRequest, person: Person, why: str, now: datetime) -> dict[str, str]:
    """Name, contact and account, for this once; who looked and why stands in the ledger. Raises NotAllowed."""
    _may(person)
    reason = _reason(why)
    opened = _unsealed(request)
    record(OPENED, request.subject, actor=person, at=now, note=mask(reason))
    return {name: opened.get(name, "") for name in ("name", "contact", "handle")}


def export(request: RightsRequest, person: Person, now: datetime) -> bytes:
    """The copy that art. 7 gives a right to, as JSON; afterwards the request is done. Raises NotAllowed."""
    with transaction.atomic():
        request = _begin(request, person, Right.ACCESS)
        held = find(request)
        data = json.dumps(copy_of(request, held, now), ensure_ascii=False, indent=1).encode(
            "utf-8", "replace"
        )
        outcome = {"found": held.counts(), "copy": hashlib.sha256(data).hexdigest()}
        _done(request, person, outcome, now)
        record("rights.exported", request.subject, actor=person, at=now, sha256=outcome["copy"])
    return data


@transaction.atomic
def correct(request: RightsRequest, name: str, person: Person, now: datetime) -> RightsRequest:
    """Their account's name is another one now: it is changed wherever it is kept. Raises NotAllowed."""
    request = _begin(request, person, Right.CORRECTION)
    new = " ".join(name.split())[:200]
    if not new:
        raise NotAllowed(_("Tulis nama akun yang benar."))
    held = find(request)
    Mention.objects.filter(pk__in=held.mentions, gone_at__isnull=True).update(author=new)
    outcome = {"found": held.counts(), "corrected": len(held.mentions)}
    record("rights.corrected", request.subject, actor=person, at=now, mentions=len(held.mentions))
    return _done(request, person, outcome, now)


@transaction.atomic
def restrict(request: RightsRequest, person: Person, now: datetime) -> RightsRequest:
    """From now on their posts are only kept: nothing learns from them, finds them or gives them away."""
    request = _begin(request, person, Right.RESTRICTION)
    held = find(request)
    Mention.objects.filter(pk__in=held.mentions, restricted_at__isnull=True).update(restricted_at=now)
    search.follow(held.mentions)
    replies.hush(held.mentions, now)
    outcome = {"found": held.counts(), "restricted": len(held.mentions)}
    record("rights.restricted", request.subject, actor=person, at=now, mentions=len(held.mentions))
    return _done(request, person, outcome, now)


@transaction.atomic
def erase(request: RightsRequest, person: Person, now: datetime) -> RightsRequest:
    """Erase what is kept of them, but for cases under a legal hold; the outcome says what was kept, and why.

    Raises NotAllowed with a sentence.
    """
    request = _begin(request, person, Right.ERASURE)
    held = find(request)
    free = erasure.without_hold(held)
    if held.on_hold and not free.mentions:
        raise NotAllowed(
            _(
                "Tidak ada yang dapat dihapus: kasus %(numbers)s ditahan untuk proses hukum. Tolak dengan alasannya."
            )
            % {"numbers": ", ".join(held.on_hold[:5])}
        )
    names = _names(request, free)
    outcome: dict[str, Any] = {
        "found": held.counts(),
        # The register of the PPID keeps them (Perki 1/2021); the certificate says so.
        "erased": {**free.counts(), "information_requests": 0},
        "content": erasure.digest_of(free),
        "account": _digest(f"{request.channel} {_bare(_account(request)[1])}"),
        "on_hold": held.on_hold,
        "chained": erasure.chained(free, names),
    }
    erasure.take_out(free, _("Hak menghapus, %(number)s") % {"number": request.number}, now, names)
    _forget_account(request, names, now)
    outcome["digest"] = certificate_digest(request.number, now, outcome)
    record(
        "rights.erased",
        request.subject,
        actor=person,
        at=now,
        number=request.number,
        mentions=len(free.mentions),
        cases=len(free.cases),
        digest=outcome["digest"],
    )
    return _done(request, person, outcome, now)


@transaction.atomic
def refuse(request: RightsRequest, person: Person, why: str, now: datetime) -> RightsRequest:
    """Say no, with the reason in law (UU 27/2022 art. 15 and 33 name them). Raises NotAllowed."""
    _may(person)
    request = _open(request)
    reason = mask(_reason(why))
    RightsRequest.objects.filter(pk=request.pk).update(
        state=RequestState.REFUSED, done_at=now, done_by=person, outcome={"refused": reason}, challenge=""
    )
    clocks.end(request.subject, _rule(request), now)
    record("rights.refused", request.subject, actor=person, at=now, note=reason)
    request.refresh_from_db()
    return request


def certificate_digest(number: str, at: datetime, outcome: Mapping[str, Any]) -> str:
    """SHA-256 over what a certificate says; who holds one compares it with the page."""
    kept = {name: value for name, value in outcome.items() if name != "digest"}
    body = json.dumps(
        [number, at.isoformat(), kept], sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )
    return hashlib.sha256(body.encode()).hexdigest()


def certified(digest: str) -> RightsRequest | None:
    """The request whose certificate has this hash, as long as its row still says the same; None otherwise."""
    wanted = digest.strip().casefold()
    if not re.fullmatch(r"[0-9a-f]{64}", wanted):
        return None
    found = RightsRequest.objects.filter(outcome__digest=wanted).first()
    if found is None or found.done_at is None:
        return None
    return found if certificate_digest(found.number, found.done_at, found.outcome) == wanted else None


# --- Inside -----------------------------------------------------------------------------------------


def _check(typed: Mapping[str, str]) -> None:
    if typed.get("right") not in Right.values:
        raise NotAllowed(_("Pilih apa yang Anda minta."))
    if not typed.get("name"):
        raise NotAllowed(_("Tulis nama Anda, agar kami dapat menyapa Anda dalam jawaban."))
    if not typed.get("contact"):
        raise NotAllowed(_("Tulis alamat surel atau nomor telepon untuk jawaban kami."))
    if typed.get("channel") and typed["channel"] not in Kind.values:
        raise NotAllowed(_("Pilih salurannya dari daftar."))
    if not typed.get("case_number") and not (typed.get("channel") and typed.get("handle")):
        raise NotAllowed(_("Tulis saluran dan nama akun Anda, atau nomor laporan Anda."))
    for name, most in (
        ("name", 120),
        ("contact", 200),
        ("handle", 200),
        ("case_number", 30),
        ("words", 2000),
    ):
        if len(typed.get(name, "")) > most:
            raise NotAllowed(_("Ada isian yang terlalu panjang; ringkaskan."))


def _store(typed: Mapping[str, str], now: datetime) -> RightsRequest:
    number = _next_number(now)
    request = RightsRequest(
        number=number,
        code=_new_code(),
        right=typed["right"],
        channel=typed.get("channel", ""),
        handle=typed.get("handle", ""),
        case_number=typed.get("case_number", "").upper(),
        sealed=vault.lock({name: typed.get(name, "") for name in ("name", "contact", "handle")}),
        words=mask(typed.get("words", "")),
        challenge="-",
        registered_at=now,
    )
    request.challenge = _digest(_word(request))
    request.save(force_insert=True)
    clocks.start_for(request.subject, [_rule(request)], now)
    record("rights.registered", request.subject, at=now, number=number, right=request.right)
    return request


def _rule(request: RightsRequest) -> str:
    """The rule of clocks.toml that runs for it: each right has its article."""
    return f"pdp_{request.right}"


def _next_number(now: datetime) -> str:
    """PDP-2026-000003. Two at once take the same; the unique key then sends one of them round again."""
    start = f"PDP-{now.astimezone(ZoneInfo(settings.CITY['timezone'])).year}-"
    last = RightsRequest.objects.filter(number__startswith=start).order_by("-number").first()
    return f"{start}{int(last.number.removeprefix(start)) + 1 if last else 1:06d}"


def _new_code() -> str:
    return "".join(secrets.choice(_CODE) for _place in range(12))


def _digest(text: str) -> str:
    """40 hex digits, keyed: nobody without the installation's key can try words or names against it."""
    return hmac.new(settings.SECRET_KEY.encode(), f"pdp {text}".encode(), hashlib.sha256).hexdigest()[:40]


def _account(request: RightsRequest) -> tuple[str, str, str]:
    """Channel, name and id of the account that the request is about; the case's author where they gave a number."""
    author_id = _sealed_or_nothing(request).get("author_id", "")
    if request.channel:
        return request.channel, request.handle, author_id
    case = _named_case(request)
    if case is None or not (case.mention.author or case.mention.author_id or _alone(case)):
        return "", "", ""
    return case.mention.channel, case.mention.author, case.mention.author_id


def _named_case(request: RightsRequest) -> Case | None:
    return Case.objects.select_related("mention").filter(number=request.case_number).first()


def _alone(case: Case) -> bool:
    """Whether nothing but its number tells whose it is: its name is anybody's, and it has no account's id."""
    return case.mention.channel in _AMBIGUOUS and not case.mention.author_id


def _mentions(request: RightsRequest) -> QuerySet[Mention]:
    case = None if request.channel else _named_case(request)
    if case is not None and _alone(case):
        return Mention.objects.filter(pk=case.mention_id)
    channel, author, author_id = _account(request)
    return erasure.of_person(channel, author, author_id)


def _is_theirs(request: RightsRequest, mention: Mention) -> bool:
    channel, author, author_id = _account(request)
    if mention.channel != channel or not channel:
        return False
    if channel in _AMBIGUOUS and not mention.author_id:
        return False
    return mention.author_id == author_id if author_id else _bare(mention.author) == _bare(author)


def _bare(handle: str) -> str:
    return " ".join(handle.lstrip("@ ").split()).casefold()


@transaction.atomic
def _prove(
    request: RightsRequest, author_id: str, person: Person | None, why: str, now: datetime
) -> RightsRequest:
    request = _open(request)
    if request.proven_at is not None:
        return request
    sealed = vault.lock({**_unsealed(request), "author_id": author_id})
    RightsRequest.objects.filter(pk=request.pk).update(proven_at=now, challenge="", sealed=sealed)
    record("rights.proven", request.subject, actor=person, at=now, note=mask(why))
    request.refresh_from_db()
    return request


def _open(request: RightsRequest) -> RightsRequest:
    """The row, locked, as long as nobody has decided on it."""
    row = RightsRequest.objects.select_for_update().get(pk=request.pk)
    if row.state not in _OPEN:
        raise NotAllowed(_("Permintaan ini sudah diputuskan."))
    return row


def _begin(request: RightsRequest, person: Person, right: Right) -> RightsRequest:
    _may(person)
    row = _open(request)
    if row.right != right:
        raise NotAllowed(
            _("Permintaan ini tentang hal lain: %(right)s.") % {"right": row.get_right_display()}
        )
    if row.proven_at is None:
        raise NotAllowed(
            _("Belum terbukti bahwa akun itu milik pemohon. Tunggu kata bukti, atau pastikan sendiri.")
        )
    channel, _author, author_id = _account(row)
    if not channel:
        raise NotAllowed(_("Nomor laporan itu tidak dikenal. Tanyakan nama akunnya kepada pemohon."))
    ids = set(_mentions(row).exclude(author_id="").values_list("author_id", flat=True)[:1000])
    if not author_id and channel in _AMBIGUOUS and len(ids) > 1:
        raise NotAllowed(
            _("Nama itu dipakai lebih dari satu akun. Minta pemohon mengirim kata bukti dari akunnya.")
        )
    if row.channel in _AMBIGUOUS and _mentions(row).filter(author_id="").exists():
        raise NotAllowed(
            _("Di sana nama itu dapat ditulis siapa saja. Minta nomor laporannya, lalu daftarkan dengan itu.")
        )
    return row


def _done(request: RightsRequest, person: Person, outcome: dict[str, Any], now: datetime) -> RightsRequest:
    RightsRequest.objects.filter(pk=request.pk).update(
        state=RequestState.ANSWERED, done_at=now, done_by=person, outcome=outcome, challenge=""
    )
    clocks.end(request.subject, _rule(request), now)
    request.refresh_from_db()
    return request


def _names(request: RightsRequest, held: erasure.Held) -> list[str]:
    """What the person is called: as they wrote it, and as their posts were signed."""
    signed = Mention.objects.filter(pk__in=held.mentions).exclude(author="").values_list("author", flat=True)
    known = {*signed.distinct(), request.handle, _unsealed(request).get("handle", "")}
    return sorted({one.strip().lstrip("@") for one in known if one.strip().lstrip("@")})


def _forget_account(request: RightsRequest, names: list[str], now: datetime) -> None:
    """The account's name goes from this request, and from earlier ones that are done; sealed, it stays."""
    theirs = Q(pk=request.pk) | Q(
        done_at__isnull=False, channel=request.channel, handle__in=_spellings(names)
    )
    RightsRequest.objects.filter(theirs).update(handle="", words="")


def _spellings(names: list[str]) -> list[str]:
    return [spelling for name in names for spelling in (name, f"@{name}")]


def _unsealed(request: RightsRequest) -> dict[str, str]:
    try:
        return vault.unlock(bytes(request.sealed))
    except ChannelError as error:
        raise NotAllowed(
            _("Data pemohon tidak dapat dibuka: kunci rahasia instalasi ini berbeda.")
        ) from error


def _sealed_or_nothing(request: RightsRequest) -> dict[str, str]:
    try:
        return vault.unlock(bytes(request.sealed))
    except ChannelError:
        return {}


def _may(person: Person) -> None:
    if not roles_of(person) & {Role.PPID, Role.ADMINISTRATOR}:
        raise NotAllowed(_("Hanya PPID dan administrator yang memproses permintaan data pribadi."))


def _reason(text: str) -> str:
    why = " ".join(text.split())
    if not why:
        raise NotAllowed(_("Tulis alasannya, satu kalimat."))
    if len(why) > _REASON:
        raise NotAllowed(_("Alasan paling panjang %(count)d huruf.") % {"count": _REASON})
    return why
