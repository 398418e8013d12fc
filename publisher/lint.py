"""What a careful colleague would say before an announcement goes out: a checklist that turns green.

Whether a channel takes a text at all is publisher.render.problems; here is what it would take and should not get.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels.models import Account, Kind
from channels.reachable import Answer
from channels.reachable import look as ask
from city.gazetteer import places
from city.masks import mask
from publisher.kinds import AnnouncementKind
from publisher.models import AnnouncementState, MediaItem, Variant
from publisher.plain_words import PLAINER, TAG_WORDS
from publisher.render import Rendered, problems
from publisher.values import Type

#: How long a text of ours is remembered as said already.
_LATELY = timedelta(days=14)
_LONG_SENTENCE = 25  #: words; longer ones are read twice (GOV.UK content design says the same of 25)
#: USD for a post created on X without and with a link (X pay-per-use prices, 2026-10).
_X_PRICE, _X_PRICE_LINK = "0,015", "0,20"
_TAG = re.compile(r"(?<![\w&/])#(\w+)")
_MENTION = re.compile(r"(?<![\w@.])@\w+")
_LINK = re.compile(r"https?://[^\s<>\"“”]+", re.IGNORECASE)
_MOBILE = re.compile(r"(?<![\d/#@\w])(?:\+?62[ .-]?|0)8\d(?:[ .-]?\d){6,10}(?!\d)")
_OFFICE_MAIL = re.compile(r"[\w.+-]+@[\w.-]+\.go\.id\b", re.IGNORECASE)
_SHORT_LINKS = re.compile(
    r"https?://(?:bit\.ly|s\.id|tinyurl\.com|cutt\.ly|shorturl\.at|t\.co)/", re.IGNORECASE
)
_REFERENCE = re.compile(r"\[?\b[A-Z]{2,5}-[0-9A-F]{6}\b\]?")
_SAID = (
    AnnouncementState.SUBMITTED,
    AnnouncementState.APPROVED,
    AnnouncementState.SCHEDULED,
    AnnouncementState.PUBLISHING,
    AnnouncementState.PUBLISHED,
    AnnouncementState.PARTLY_PUBLISHED,
)


class Severity(StrEnum):
    STOP = "stop"  #: it must not be submitted like this
    WARN = "warn"  #: better changed
    HINT = "hint"  #: good to know


@dataclass(frozen=True, slots=True)
class Finding:
    severity: Severity
    sentence: str  #: what is so, and what to do
    where: str = ""  #: a field's name, an account's key, or ""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the checklist."""

    key: str
    title: str
    findings: tuple[Finding, ...] = ()
    open: bool = False  #: not looked at yet (the links, until somebody asks)

    @property
    def severity(self) -> Severity | None:
        """The gravest; None when all is well."""
        order = list(Severity)
        return min((one.severity for one in self.findings), key=order.index, default=None)


@dataclass(slots=True)
class Subject:
    """What is looked at: a draft with what each account would show."""

    kind: AnnouncementKind
    fields: Mapping[str, str]
    wording: Sequence[tuple[Account, Rendered]]
    now: datetime  #: UTC
    fields_en: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[str, str] = field(default_factory=dict)
    picture: MediaItem | None = None
    announcement: int | None = None  #: id of the draft when it is saved
    links: Mapping[str, Answer] | None = None  #: what the links answered; None: nobody has asked

    def written(self) -> Iterator[tuple[str, str]]:
        """Everything that a person wrote, by field name or account key."""
        for one in self.kind.fields:
            if one.translated:
                yield one.name, self.fields.get(one.name, "")
                yield f"en_{one.name}", self.fields_en.get(one.name, "")
        yield from self.overrides.items()

    def indonesian(self) -> Iterator[tuple[str, str]]:
        for name, text in self.written():
            if not name.startswith("en_"):
                yield name, text

    def channel(self, *channels: str) -> list[tuple[Account, Rendered]]:
        return [(account, made) for account, made in self.wording if account.channel in channels]


def lint(subject: Subject) -> list[Check]:
    """The whole checklist, in the order in which it is read."""
    rows: list[tuple[str, str, Callable[[Subject], Iterator[Finding]]]] = [
        ("alt", _("Teks alternatif gambar"), _alt),
        ("length", _("Muat di tiap saluran"), _length),
        ("personal", _("Tanpa data pribadi"), _personal),
        ("clear", _("Bahasa yang jelas"), _clear),
        ("shouting", _("Tidak berteriak"), _shouting),
        ("tags", _("Tagar dan sebutan"), _tags),
        ("links", _("Tautan"), _links),
        ("duplicate", _("Belum pernah disampaikan"), _duplicate),
        ("english", _("Bahasa Inggris"), _english),
    ]
    unasked = subject.links is None and bool(links_of(subject))
    return [Check(key, title, tuple(look(subject)), key == "links" and unasked) for key, title, look in rows]


def stops(checks: Sequence[Check]) -> list[Finding]:
    """What must be mended before it can be submitted."""
    return [one for check in checks for one in check.findings if one.severity == Severity.STOP]


def links_of(subject: Subject) -> list[str]:
    """The links in everything that will be shown, each once."""
    texts = [*subject.fields.values(), *subject.fields_en.values(), *subject.overrides.values()]
    found = [hit.rstrip(".,;:!?)]}'") for text in texts for hit in _LINK.findall(text)]
    return list(dict.fromkeys(found))


def ask_links(subject: Subject) -> None:
    """Ask every link once, for a few seconds in all, and note the answers in ``subject``."""
    subject.links = ask(links_of(subject))


def _alt(subject: Subject) -> Iterator[Finding]:
    picture = subject.picture
    if picture is not None and not picture.alt.strip():
        sentence = _(
            "Gambar “%(name)s” belum mempunyai teks alternatif; tulis apa yang tampak, di pustaka media."
        )
        yield Finding(Severity.STOP, sentence % {"name": picture.name}, "picture")
        return
    for account, made in subject.channel(Kind.INSTAGRAM):
        alt = picture.alt if picture else made.alt
        if not alt.strip():
            yield Finding(Severity.STOP, _("Kartu gambar belum mempunyai teks alternatif."), account.key)
    if picture and re.match(r"(?i)(gambar|foto|image|img|dsc)[\W_]*\d*\W*$", picture.alt.strip()):
        yield Finding(Severity.WARN, _("Teks alternatifnya belum menjelaskan apa yang tampak."), "picture")


def _length(subject: Subject) -> Iterator[Finding]:
    for account, made in subject.wording:
        for wrong in problems(account.channel, made):
            # No stop: submitting refuses it by itself, and tells it beside the field that caused it.
            yield Finding(Severity.WARN, f"{account.name}: {wrong}", account.key)
        if made.shortened:
            sentence = _(
                "Di %(account)s sebagian isi dipotong (…). Pendekkan isinya, atau sesuaikan teks akun itu."
            )
            yield Finding(Severity.WARN, sentence % {"account": account.name}, account.key)


def _personal(subject: Subject) -> Iterator[Finding]:
    for name, text in subject.written():
        known = _OFFICE_MAIL.sub("", text)
        masked = mask(known)
        if masked.count("<NIK>") > known.count("<NIK>"):
            yield Finding(Severity.STOP, _("Ada nomor 16 angka seperti NIK, KK, atau kartu; hapus."), name)
        if _MOBILE.search(known):
            sentence = _(
                "Ada nomor ponsel. Pakai nomor kantor, kecuali pemiliknya setuju nomornya disiarkan."
            )
            yield Finding(Severity.WARN, sentence, name)
        if masked.count("<EMAIL>") > known.count("<EMAIL>"):
            sentence = _("Ada alamat surel pribadi. Pakai surel kantor (go.id), kecuali pemiliknya setuju.")
            yield Finding(Severity.WARN, sentence, name)
        if masked.count("<PLAT>") > known.count("<PLAT>"):
            yield Finding(Severity.WARN, _("Ada nomor kendaraan; hapus bila bukan kendaraan dinas."), name)
    for one in subject.kind.fields:
        if one.type == Type.PHONE and _MOBILE.search(subject.fields.get(one.name, "")):
            yield Finding(
                Severity.WARN, _("Nomor ponsel; pastikan ini nomor layanan, bukan milik pribadi."), one.name
            )


def _clear(subject: Subject) -> Iterator[Finding]:
    for name, text in subject.indonesian():
        for office, plain in _office_words(text):
            sentence = (
                _("“%(office)s” dapat dihapus.")
                if plain == "(hapus)"
                else _("“%(office)s” lebih jelas sebagai “%(plain)s”.")
            )
            yield Finding(Severity.HINT, sentence % {"office": office, "plain": plain}, name)
        for sentence in re.split(r"(?<=[.!?])\s+|\n+", text):
            words = sentence.split()
            if len(words) > _LONG_SENTENCE:
                said = _("Kalimat “%(start)s…” panjangnya %(words)d kata; pecah menjadi dua.")
                shown = {"start": " ".join(words[:5]), "words": len(words)}
                yield Finding(Severity.WARN, said % shown, name)


def _office_words(text: str) -> list[tuple[str, str]]:
    found = {hit.group().lower() for hit in _offices().finditer(text)}
    return [(office, PLAINER[office]) for office in sorted(found)]


@cache
def _offices() -> re.Pattern[str]:
    longest_first = sorted(PLAINER, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])", re.IGNORECASE)


def _shouting(subject: Subject) -> Iterator[Finding]:
    for name, text in subject.written():
        bare = _LINK.sub("", _REFERENCE.sub("", text))
        if re.search(r"(?:\b[A-Z]{4,}\b[ ,]*){3,}", bare) or _mostly_capitals(bare):
            yield Finding(
                Severity.WARN, _("Huruf besar semua terbaca seperti berteriak; pakai huruf biasa."), name
            )
        if re.search(r"!{2,}|\?{2,}|!\?|\?!", bare):
            yield Finding(Severity.WARN, _("Satu tanda seru atau tanda tanya sudah cukup."), name)


def _mostly_capitals(text: str) -> bool:
    """Words of four letters and more; shorter capitals are mostly names of offices and banks."""
    letters = "".join(re.findall(r"[^\W\d_]{4,}", text))
    return len(letters) >= 20 and sum(c.isupper() for c in letters) > 0.6 * len(letters)


def _tags(subject: Subject) -> Iterator[Finding]:
    for name, text in subject.written():
        for tag in dict.fromkeys(_TAG.findall(text)):
            if better := camel(tag):
                sentence = _("Tulis #%(tag)s sebagai #%(better)s agar pembaca layar mengeja tiap katanya.")
                yield Finding(Severity.WARN, sentence % {"tag": tag, "better": better}, name)
    for account, made in subject.channel(Kind.X, Kind.FACEBOOK, Kind.INSTAGRAM):
        tags, most = len(_TAG.findall(made.text)), 5 if account.channel == Kind.INSTAGRAM else 3
        if tags > most:
            sentence = ngettext(
                "%(account)s: %(count)d tagar; cukup %(most)d.",
                "%(account)s: %(count)d tagar; cukup %(most)d.",
                tags,
            )
            yield Finding(
                Severity.HINT, sentence % {"account": account.name, "count": tags, "most": most}, account.key
            )
        if len(_MENTION.findall(made.text)) > 3:
            sentence = _("%(account)s: lebih dari tiga akun disebut (@); sebut seperlunya.")
            yield Finding(Severity.HINT, sentence % {"account": account.name}, account.key)


def camel(tag: str) -> str:
    """A hashtag of several words with each word's capital ("infobekasi" → "InfoBekasi"); "" when it is well."""
    if not tag.isascii() or (tag != tag.lower() and tag != tag.upper()) or not tag.isalpha():
        return ""
    words = _split(tag.lower())
    return "".join(word.capitalize() for word in words) if len(words) > 1 else ""


@cache
def _split(tag: str) -> tuple[str, ...]:
    """The fewest known words that make up the whole of ``tag``; () when they do not."""
    known = _tag_words()
    best: dict[int, tuple[str, ...]] = {0: ()}
    for end in range(1, min(len(tag), 60) + 1):
        ways = [
            (*best[start], tag[start:end])
            for start in range(end)
            if start in best and tag[start:end] in known
        ]
        if ways:
            best[end] = min(ways, key=len)
    return best.get(len(tag), ())


@cache
def _tag_words() -> frozenset[str]:
    return frozenset({*TAG_WORDS, *(place.name.replace(" ", "").lower() for place in places())})


def _links(subject: Subject) -> Iterator[Finding]:
    for link in links_of(subject):
        if _SHORT_LINKS.match(link):
            sentence = _("%(link)s menyembunyikan tujuannya; pakai alamat lengkap.")
            yield Finding(Severity.WARN, sentence % {"link": link})
        elif link.lower().startswith("http://"):
            yield Finding(Severity.HINT, _("%(link)s belum memakai https.") % {"link": link})
    for link, answer in (subject.links or {}).items():
        match answer:
            case Answer.DEAD:
                yield Finding(Severity.STOP, _("%(link)s tidak ada; perbaiki alamatnya.") % {"link": link})
            case Answer.FORBIDDEN:
                sentence = _("%(link)s bukan alamat umum di internet; warga tidak dapat membukanya.")
                yield Finding(Severity.STOP, sentence % {"link": link})
            case Answer.UNSURE:
                sentence = _("%(link)s tidak menjawab dengan jelas; coba buka sendiri.")
                yield Finding(Severity.HINT, sentence % {"link": link})
    for account, made in subject.channel(Kind.X):
        if _LINK.search(made.text):
            sentence = _(
                "%(account)s: kiriman dengan tautan berbiaya USD %(with)s, tanpa tautan USD %(without)s."
            )
            shown = {"account": account.name, "with": _X_PRICE_LINK, "without": _X_PRICE}
            yield Finding(Severity.HINT, sentence % shown, account.key)


def _duplicate(subject: Subject) -> Iterator[Finding]:
    texts = {
        account.pk: (account, _bare(_whole(made))) for account, made in subject.wording if made.text.strip()
    }
    rows = Variant.objects.filter(
        account_id__in=texts,
        announcement__answers="",
        announcement__state__in=_SAID,
        announcement__changed_at__gte=subject.now - _LATELY,
    )
    told: set[int] = set()
    for variant in (
        rows.exclude(announcement=subject.announcement).select_related("announcement").order_by("-pk")[:400]
    ):
        account, text = texts[variant.account_id]
        if variant.announcement_id not in told and text and _bare(_whole(variant)) == text:
            told.add(variant.announcement_id)
            sentence = _("Sama dengan “%(title)s” (%(reference)s, %(state)s); pastikan memang perlu diulang.")
            shown = {
                "title": variant.announcement.title,
                "reference": variant.announcement.reference,
                "state": variant.announcement.get_state_display(),
            }
            yield Finding(Severity.WARN, sentence % shown, account.key)


def _whole(made: Rendered | Variant) -> str:
    return f"{made.title} {made.text}" if made.html else made.text


def _bare(text: str) -> str:
    """A text without its reference, spaces and capitals, by which two are compared."""
    return re.sub(r"\W+", " ", _REFERENCE.sub("", text)).strip().casefold()


def _english(subject: Subject) -> Iterator[Finding]:
    for name, sentence in subject.kind.check_english(subject.fields_en).items():
        yield Finding(Severity.STOP, sentence, name)
    if subject.kind.urgent and not subject.kind.has_english(subject.fields_en):
        sentence = _("Belum ada versi Inggris; warga asing di %(city)s juga perlu tahu.")
        yield Finding(Severity.HINT, sentence % {"city": settings.CITY["name"]})
