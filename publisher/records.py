"""The archive searched, and given away: as tables, as JSON that a stranger can verify, and as the PPID register."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Max, Min, Q, QuerySet
from django.utils.translation import gettext as _

from publisher.exchange import local
from publisher.models import Announcement, AnnouncementState, Proof

#: UU 14/2008 art. 9, 10 and 11. What is withheld (art. 17) is never announced and so never stands here.
PPID_WORDS = {"berkala": "Berkala", "serta_merta": "Serta merta", "setiap_saat": "Setiap saat"}


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; "" and None leave a question out."""

    words: str = ""  #: in text, title, reference or the author's office
    channel: str = ""
    kind: str = ""  #: of the announcement
    ppid_class: str = ""
    what: str = ""
    since: date | None = None  #: first local day
    until: date | None = None  #: last local day


def proofs(asked: Search) -> QuerySet[Proof]:
    """Matching rows, newest first."""
    rows = Proof.objects.select_related("delivery__announcement__author", "delivery__account").order_by("-id")
    if asked.words:
        rows = rows.filter(
            Q(text__icontains=asked.words)
            | Q(title__icontains=asked.words)
            | Q(delivery__announcement__reference__iexact=asked.words)
            | Q(delivery__announcement__author__office__icontains=asked.words)
        )
    named = {
        "channel": asked.channel,
        "what": asked.what,
        "delivery__announcement__kind": asked.kind,
        "delivery__announcement__ppid_class": asked.ppid_class,
    }
    rows = rows.filter(**{name: value for name, value in named.items() if value})
    if asked.since:
        rows = rows.filter(at__gte=_midnight(asked.since))
    if asked.until:
        rows = rows.filter(at__lt=_midnight(asked.until + timedelta(days=1)))
    return rows


COLUMNS = (
    "number", "what", "at", "channel", "account", "reference", "kind", "ppid_class", "title", "text", "permalink",
    "media_sha256", "same", "hash",
)  # fmt: skip


def table(rows: QuerySet[Proof]) -> Iterator[Sequence[object]]:
    """Rows of COLUMNS; times in UTC, as they are hashed."""
    for row in rows.iterator(chunk_size=500):
        announcement = row.delivery.announcement
        yield (
            row.number, row.what, row.at.astimezone(UTC).isoformat(), row.channel, row.delivery.account.key,
            announcement.reference, announcement.kind, announcement.ppid_class, row.title, row.text, row.permalink,
            row.media_sha256, {True: "true", False: "false", None: ""}[row.same], row.hash,
        )  # fmt: skip


def as_json(rows: QuerySet[Proof]) -> Iterator[str]:
    """One JSON list, a row a line. ``delivery`` holds the numbers that go into the hash (docs/operate.md)."""
    first = True
    for row in rows.iterator(chunk_size=500):
        delivery = row.delivery
        told = {
            "number": row.number,
            "delivery": [delivery.pk, delivery.announcement_id, delivery.version, delivery.account_id],
            "reference": delivery.announcement.reference,
            "account": delivery.account.key,
            "what": row.what,
            "channel": row.channel,
            "title": row.title,
            "text": row.text,
            "media_sha256": row.media_sha256,
            "permalink": row.permalink,
            "at": row.at.astimezone(UTC).isoformat(),
            "same": row.same,
            "hash": row.hash,
        }
        yield ("[\n" if first else ",\n") + json.dumps(told, ensure_ascii=False)
        first = False
    yield "[]\n" if first else "\n]\n"


def register_columns() -> list[str]:
    """Of a PPID's list of public information (daftar informasi publik)."""
    return [
        _("Nomor"),
        _("Ringkasan isi informasi"),
        _("Klasifikasi"),
        _("Unit yang menguasai informasi"),
        _("Penanggung jawab penerbitan"),
        _("Waktu penerbitan"),
        _("Bentuk informasi"),
        _("Alamat"),
        _("Keadaan"),
        _("Rujukan"),
    ]


def register(asked: Search) -> Iterator[Sequence[object]]:
    """One row for each announcement that appeared, oldest first; by class and days of ``asked``."""
    rows = Announcement.proper.annotate(
        first=Min("deliveries__proofs__at", filter=Q(deliveries__proofs__what="published")),
        last=Max("deliveries__proofs__at"),
    ).filter(first__isnull=False)
    if asked.ppid_class:
        rows = rows.filter(ppid_class=asked.ppid_class)
    if asked.since:
        rows = rows.filter(first__gte=_midnight(asked.since))
    if asked.until:
        rows = rows.filter(first__lt=_midnight(asked.until + timedelta(days=1)))
    rows = rows.select_related("author", "approved_by").prefetch_related("approvals", "deliveries__account")
    for number, one in enumerate(rows.order_by("first", "pk"), 1):
        yield (
            number,
            one.title,
            PPID_WORDS.get(one.ppid_class, one.ppid_class),
            one.author.office or str(one.author),
            _responsible(one),
            local(one.first),
            _("Digital: ") + ", ".join(sorted({row.account.name for row in one.deliveries.all()})),
            _address(one),
            _standing(one),
            one.reference,
        )


def _responsible(one: Announcement) -> str:
    """The offices that approved it; of an announcement from before such rows the one on the announcement."""
    offices = [approval.office for approval in one.approvals.all() if approval.office]
    return "; ".join(dict.fromkeys(offices)) or one.approved_office or str(one.approved_by or "")


def _address(one: Announcement) -> str:
    """The official website's before a platform's."""
    links = [(row.account.channel != "website", row.pk, row.permalink) for row in one.deliveries.all()]
    return next((link for _other, _pk, link in sorted(links) if link), "")


def _standing(one: Announcement) -> str:
    if one.state in (AnnouncementState.RETRACTED, AnnouncementState.RETRACTING):
        return _("ditarik")
    return _("diralat") if one.live_version > 1 else _("berlaku")


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(settings.TIME_ZONE))


def joined(parts: Iterable[str]) -> bytes:
    """Pieces of a text as one file."""
    return "".join(parts).encode("utf-8", "replace")
