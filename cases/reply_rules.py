"""What may be said in a citizen's thread: whether it can be answered, who says yes, and what is never said there."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models import Case, Gate, Purpose, State
from cases.restriction import restricted
from channels.contract import ChannelError
from channels.models import Account, Kind
from channels.receipts import said_by_us
from city.masks import mask
from city.models import Unit
from classifiers.core.urgency import Level
from monitor.models import Mention, SourceKind
from publisher.replies import limit
from publisher.threads import enterprise
from publisher.wall import local_day, wall_to_utc

#: Who says yes, from the lightest to the gravest.
LEVELS = ("none", "officer", "approver")
#: What has room for a sentence of the officer.
WITH_TEXT = frozenset({Purpose.PROGRESS, Purpose.DONE, Purpose.INCIDENT, Purpose.FREE})
#: Without a sentence of the officer there is nothing to say.
NEEDS_TEXT = frozenset({Purpose.INCIDENT, Purpose.FREE})

_WHY = {
    "free": gettext_lazy("jawaban dengan kata sendiri"),
    "added": gettext_lazy("ada kalimat tambahan"),
    "emergency": gettext_lazy("kasus darurat"),
    "redirect": gettext_lazy("menyebut instansi lain"),
    "weighty": gettext_lazy("menyebut uang atau hukum"),
    "incident": gettext_lazy("kabar kepada semua pelapor"),
}

#: Personal data as people name it, in Indonesian and English.
_DATA = re.compile(
    r"\b(?:nik|e?-?ktp|kartu keluarga|nomor kk|no\.? ?kk|npwp|sim|paspor|passport|"
    r"(?:nomor|no\.?|nmr) ?(?:hp|ponsel|telepon|telp|tlp|wa|whatsapp|handphone|rekening|bpjs|identitas)|"
    r"alamat (?:rumah|lengkap|tinggal|anda|surel|email|e-mail)|e-?mail|surel|"
    r"tanggal lahir|tempat lahir|nama lengkap|nama ibu|foto diri|selfie|"
    r"phone number|mobile number|home address|full name|date of birth|id (?:card|number))\b",
    re.IGNORECASE,
)
#: Words by which something is asked for.
_ASKS = re.compile(
    r"\?|\b(?:kirim\w*|sebut\w*|tulis\w*|cantum\w*|sertakan|lampirkan|isi\w*|beri\w*|share|minta|mohon|tolong|harap|"
    r"balas|informasikan|infokan|berapa|boleh|dm|send|give|tell|please|reply|provide|what)\b",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:jangan|tidak perlu|tak perlu|tanpa|dilarang|do not|don't|never|without)\b", re.IGNORECASE
)
_FORM = re.compile(r"https?://|\b(?:formulir|halaman status|form|status page)\b", re.IGNORECASE)
_SENTENCES = re.compile(r"(?<=[.!?])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Risk:
    """Who has to say yes to one reply, and why it is not the lighter one."""

    level: str  #: one of LEVELS
    keys: list[str]  #: what raised it; [] where the rule of the purpose alone decides

    @property
    def why(self) -> list[str]:
        """The same in words."""
        return words_for(self.keys)


def rule(purpose: str) -> dict[str, Any]:
    """The purpose's row of answering.toml, [replies.rules]."""
    found: dict[str, Any] = settings.ANSWERING["replies"]["rules"][purpose]
    return found


def risk(case: Case, purpose: str, text: str, *, names_other: bool = False) -> Risk:
    """Who says yes to this reply. text: what the officer typed; "" for the template alone."""
    found = [
        ("free", purpose == Purpose.FREE),
        ("added", bool(text) and purpose not in NEEDS_TEXT),
        ("emergency", bool(text) and is_emergency(case)),
        ("redirect", names_other),
        ("weighty", bool(text) and _weighty(text)),
    ]
    table = settings.ANSWERING["replies"]["risk"]
    raised = [(name, table.get(name, "none")) for name, fits in found if fits]
    base = rule(purpose)["approval"]
    level = max([base, *(level for _name, level in raised)], key=LEVELS.index)
    heavier = [name for name, one in raised if one == level and one != base]
    if purpose == Purpose.INCIDENT:
        heavier.append("incident")
    return Risk(level, heavier)


def words_for(keys: list[str]) -> list[str]:
    """Why somebody else has to say yes, in the language of the page."""
    return [str(_WHY[key]) for key in keys if key in _WHY]


def is_emergency(case: Case) -> bool:
    """Whether danger waits: by its gate, or by the judge before anybody chose one."""
    verdict = getattr(case.mention, "verdict", None)
    return case.gate == Gate.EMERGENCY or (verdict is not None and verdict.urgency == Level.EMERGENCY)


def objection(case: Case, *, automatic: bool = False, many: bool = False) -> str:
    """Why nothing can be said in the thread of ``case``, as a sentence; "" when something can.

    automatic: by the machine, which is held to more: nothing to hidden authors, copies and duplicates. many: one text
    for all reporters of an incident. Who asked that their data is only kept is answered by neither.
    """
    mention = case.mention
    account = mention.source.account
    if mention.channel == Kind.INTAKE:
        return _("Kasus ini masuk lewat loket resmi; jawab lewat loket itu.")
    if mention.gone_at is not None:
        return _("Kiriman warga sudah tidak ada lagi di platformnya, jadi tidak dapat dibalas.")
    if not account.enabled:
        return _("Akun %(account)s sedang dimatikan.") % {"account": account}
    if said := _by_channel(mention, account):
        return said
    if (automatic or many) and restricted(mention):
        return _("Penulisnya meminta pembatasan pemrosesan datanya; hanya petugas yang boleh menjawabnya.")
    if automatic and (mention.copy_of_id or case.into_id or case.state == State.DUPLICATE):
        return _("Kiriman ini salinan; kasus utamanya yang dijawab.")
    if automatic and not (mention.author or mention.author_id):
        return _("Penulisnya disembunyikan platform; tidak dibalas otomatis.")
    return ""


def summoned(mention: Mention) -> bool:
    """Whether its author spoke to us: mentioned the account, or answered a post of ours.

    X's rule for small plans, which also asks for a quote; a quote of a post of ours is heard as a mention.
    """
    if mention.source.kind == SourceKind.MENTION:
        return True
    return bool(mention.parent_id) and bool(said_by_us(mention.channel, [mention.parent_id]))


def lint(text: str, typed: str = "") -> list[str]:
    """What must not stand in a public reply, as sentences; [] when all is well.

    text: the whole reply; typed: the officer's part of it, in which no personal number may stand either.
    """
    found = []
    if _without_known(typed) != mask(_without_known(typed)):
        found.append(
            _(
                "Ada nomor pribadi (telepon, NIK, pelat, surel) dalam teks. Hapus: data pribadi hanya lewat formulir."
            )
        )
    if any(_asks_for_data(one) for one in _SENTENCES.split(text)):
        found.append(
            _(
                "Balasan ini meminta data pribadi di depan umum. Arahkan warga ke formulir lewat tautan statusnya."
            )
        )
    return found


def links(account: Account) -> bool:
    """Whether replies of this account carry the link to the status page: everywhere but on X, which asks USD 0.200

    for a post with a link and USD 0.010 for a summoned reply without one (pricing since 2026-02-06, read 2026-10),
    unless the account's setting reply_links is true. Number and code are said without it too.
    """
    return bool(account.settings.get("reply_links", account.channel != Kind.X))


def short(channel: str) -> bool:
    """Whether a reply there has room for little more than its number."""
    return limit(channel)[1] <= 300


def send_time(case: Case, now: datetime) -> datetime:
    """When an automatic reply goes out: now, or at the end of the quiet hours; one about an emergency always now."""
    table = settings.ANSWERING["replies"]["quiet"]
    if is_emergency(case) or table["start"] == table["end"]:
        return now
    zone = settings.CITY["timezone"]
    start, end = time.fromisoformat(table["start"]), time.fromisoformat(table["end"])
    today = local_day(now, zone)
    for day in (today - timedelta(days=1), today):
        begins = wall_to_utc(datetime.combine(day, start), zone).moment
        ends = wall_to_utc(datetime.combine(_last(day, start, end), end), zone).moment
        if begins <= now < ends:
            return ends
    return now


def _last(day: date, start: time, end: time) -> date:
    return day if end > start else day + timedelta(days=1)


def _by_channel(mention: Mention, account: Account) -> str:
    """What the platform would refuse, said before anybody asks it."""
    match mention.channel:
        case Kind.X if not (enterprise(account) or summoned(mention)):
            return _(
                "X hanya menerima balasan kepada orang yang menyebut akun kita (tanpa paket Enterprise). "
                "Kiriman ini ditemukan lewat pencarian; balas lewat aplikasi X bila perlu."
            )
        case Kind.INSTAGRAM if (
            mention.source.kind != SourceKind.COMMENT or not mention.external_id.isdecimal()
        ):
            return _(
                "Instagram hanya menerima balasan pada komentar di bawah kiriman kita. Balas lewat aplikasinya."
            )
        case Kind.WEBSITE if "#comment-" not in mention.external_id or not _may_write(account):
            return _("Situs ini hanya didengarkan: akun kita tidak dapat menulis komentar di sana.")
        case Kind.FEED:
            return _("Saluran ini tidak dapat dibalas.")
    return ""


def _may_write(account: Account) -> bool:
    try:
        return bool(account.secret("application_password"))
    except ChannelError:
        return False


def _weighty(text: str) -> bool:
    words = "|".join(re.escape(word) for word in settings.ANSWERING["replies"]["weighty"])
    pattern = rf"\b(?:{words})\b|\b(?:rp|idr)\.? ?\d" if words else r"\b(?:rp|idr)\.? ?\d"
    return re.search(pattern, text, re.IGNORECASE) is not None


def _asks_for_data(sentence: str) -> bool:
    if not _DATA.search(sentence) or _NOT.search(sentence) or _FORM.search(sentence):
        return False
    return _ASKS.search(sentence) is not None


def _without_known(text: str) -> str:
    """Without the public numbers and addresses of offices, which a reply may name."""
    for row in Unit.objects.values_list("urc_phone", "ppid_email", "redirect"):
        for known in (*row[:2], *re.findall(r"[\w.+-]+@[\w.-]+|\+?[\d(][\d ().-]{6,}\d", row[2])):
            text = text.replace(known, "") if known else text
    return text
