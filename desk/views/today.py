"""Beranda: what waits for this person, what appears today, and how much came in."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from cases import emergencies, proposals, replies, routing, spikes
from cases import messages as incident_messages
from cases.filters import waiting_rows
from cases.models import Case, State
from cases.scope import seen_by, units_of
from channels.models import Account
from classifiers.models import Verdict
from classifiers.review import waiting as waiting_reviews
from desk.access import StaffRequest, needs
from desk.frame import approvals_for, held_questions, listed, page, stuck_deliveries
from desk.times import date_words, number, spoken, today
from desk.words import incident_name
from ledger.roles import Role
from monitor.access import LEVELS, expiry_level, expiry_warning
from monitor.models import Mention
from publisher.approval import is_late
from publisher.archive import differences
from publisher.models import Announcement, AnnouncementState
from publisher.series import missed

#: How many rows of one sort are listed before the rest is only counted.
_MOST = 5
_ON_SCHEDULE = (
    AnnouncementState.SCHEDULED,
    AnnouncementState.PUBLISHING,
    AnnouncementState.PUBLISHED,
    AnnouncementState.PARTLY_PUBLISHED,
)


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that waits for a person, with the way to it."""

    hue: str
    glyph: str
    title: str
    about: str
    href: str
    action: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way from hearing to answering, in the last 24 hours."""

    word: str
    count: int


@needs()
@require_safe
def home(request: StaffRequest) -> HttpResponse:
    now = timezone.now()
    start, end = today()
    schedule = list(
        Announcement.proper.filter(state__in=_ON_SCHEDULE, publish_at__gte=start, publish_at__lt=end)
        .prefetch_related("targets")
        .order_by("publish_at", "id")
    )
    funnel = _funnel(now - timedelta(hours=24))
    context = {
        "section": "today",
        "now": now,
        "tasks": list(_tasks(request, now)),
        "schedule": schedule,
        "funnel": funnel,
        "most": max([step.count for step in funnel] + [1]),
        "calm": _calm(len(schedule)),
    }
    return page(request, "desk/today.html", context)


def _calm(count: int) -> str:
    scheduled = ngettext(
        "%(count)s pengumuman terjadwal hari ini.", "%(count)s pengumuman terjadwal hari ini.", count
    )
    return scheduled % {"count": number(count)} if count else _("Tidak ada pengumuman terjadwal hari ini.")


def _tasks(request: StaffRequest, now: datetime) -> Iterator[Task]:
    """In the order in which they cannot wait."""
    yield from _unseen_emergencies(request, now)
    yield from _spikes(now)
    if Role.APPROVER in request.roles:
        yield from _approvals(request, now)
        yield from _replies_to_approve(request)
    if request.roles & {Role.OFFICER, Role.APPROVER}:
        yield from _stuck_replies(request)
    if request.roles & {Role.AUTHOR, Role.APPROVER, Role.OFFICER}:
        yield from _proposals(now)
    if request.roles & {Role.AUTHOR, Role.APPROVER}:
        yield from _stuck_deliveries(request)
        yield from _held_questions(request)
        yield from _differences(now)
        yield from _missed_times(now)
    if Role.ADMINISTRATOR in request.roles:
        yield from _channel_trouble()
        yield from _ending_tokens(now)
    if Role.AUTHOR in request.roles:
        yield from _own_announcements(request, now)
    if Role.OFFICER in request.roles:
        yield from _answered_back(request, now)
        yield from _ping_pong(request)
        yield from _new_cases(request, now)
    if Role.REVIEWER in request.roles:
        yield from _reviews(now)


def _replies_to_approve(request: StaffRequest) -> Iterator[Task]:
    for one in replies.waiting_for(request.person)[:_MOST]:
        where, said = reverse("reply", args=[one.pk]), _("Balasan kepada warga menunggu persetujuan Anda.")
        yield Task("amber", "stamp", one.announcement.title, said, where, _("Baca"))
    for update in incident_messages.waiting_for(request.person)[:_MOST]:
        where = reverse("incident_message", args=[update.pk])
        said = _("Kabar untuk semua pelapor menunggu persetujuan Anda.")
        yield Task("amber", "stamp", incident_name(update.incident), said, where, _("Baca"))


def _stuck_replies(request: StaffRequest) -> Iterator[Task]:
    for one, delivery in replies.stuck(request.person)[:_MOST]:
        trouble = delivery.trouble or _("belum pasti tayang. Lihat salurannya, lalu putuskan.")
        said = f"{delivery.account.name}: {trouble}"
        yield Task(
            "red", "person", one.announcement.title, said, reverse("reply", args=[one.pk]), _("Putuskan")
        )


def _unseen_emergencies(request: StaffRequest, now: datetime) -> Iterator[Task]:
    """Citizens in danger whom nobody has said to have seen."""
    for one in emergencies.unseen_by(request.person, request.roles)[:_MOST]:
        title = _("Darurat %(number)s belum dilihat") % {"number": one.number}
        said = {"place": one.place or _("tempat belum jelas"), "when": spoken(one.opened_at, now)}
        about = _("%(place)s, dibuka %(when)s.") % said
        yield Task("red", "warn", title, about, reverse("case", args=[one.number]), _("Lihat dan nyatakan"))


def _answered_back(request: StaffRequest, now: datetime) -> Iterator[Task]:
    """Citizens who say that what was answered is not done: nothing closes their cases by itself."""
    rows = seen_by(request.person, request.roles).filter(state=State.ANSWERED, contested_at__isnull=False)
    for one in rows.order_by("contested_at", "pk")[:_MOST]:
        about = _("Warga menanggapi jawaban kita %(when)s. Baca, lalu putuskan.")
        said = about % {"when": spoken(one.contested_at or now, now)}
        yield Task("amber", "back", one.number, said, reverse("case", args=[one.number]), _("Baca"))


def _ping_pong(request: StaffRequest) -> Iterator[Task]:
    """Cases that units send back again and again: the coordinating desk decides with them."""
    found = routing.ping_pong(_MOST)
    if not found or units_of(request.person):
        return
    for one, count in found:
        about = ngettext(
            "Sudah %(count)s kali ditolak unit. Putuskan bersama unit-unitnya.",
            "Sudah %(count)s kali ditolak unit. Putuskan bersama unit-unitnya.",
            count,
        ) % {"count": number(count)}
        yield Task("amber", "repeat", one.number, about, reverse("case", args=[one.number]), _("Putuskan"))


def _spikes(now: datetime) -> Iterator[Task]:
    """What stands out in what is heard, until one person has seen it."""
    for row in spikes.waiting(now)[:_MOST]:
        title = _("Lonjakan: %(name)s") % {"name": spikes.name_of(row.scope)}
        hue, glyph = ("red", "warn") if row.urgent else ("amber", "incidents")
        yield Task(hue, glyph, title, spikes.sentence(row), reverse("spike", args=[row.pk]), _("Lihat"))


def _proposals(now: datetime) -> Iterator[Task]:
    """Announcements that incidents and spikes suggest; nothing of them goes out by itself."""
    for row in proposals.waiting()[:_MOST]:
        title = _("Usulan: %(kind)s") % {"kind": proposals.kind_name(row)}
        href = reverse("proposal", args=[row.pk])
        yield Task("amber", "announcements", title, row.why, href, _("Baca dan putuskan"))


def _stuck_deliveries(request: StaffRequest) -> Iterator[Task]:
    rows = stuck_deliveries().select_related("announcement", "account").order_by("due_at")
    unsure = _("belum pasti tayang. Lihat salurannya, lalu putuskan.")
    for delivery in listed(request, "stuck", rows)[:_MOST]:
        yield Task(
            "red",
            "person",
            delivery.announcement.title,
            f"{delivery.account.name}: {delivery.trouble or unsure}",
            reverse("announcement", args=[delivery.announcement_id]),
            _("Putuskan"),
        )


def _channel_trouble() -> Iterator[Task]:
    for account in Account.objects.filter(enabled=True).exclude(trouble="")[:_MOST]:
        yield Task(
            "red", "plug", account.name, account.trouble, f"{reverse('channels')}#{account.key}", _("Periksa")
        )


def _ending_tokens(now: datetime) -> Iterator[Task]:
    until = now + timedelta(days=max(LEVELS))
    rows = Account.objects.filter(enabled=True, expires_at__lte=until).order_by("expires_at", "id")
    for account in rows[:_MOST]:
        hue = "red" if expiry_level(account.expires_at, now) == 0 else "amber"
        about = expiry_warning(account.expires_at, now)
        yield Task(hue, "plug", account.name, about, f"{reverse('channels')}#{account.key}", _("Periksa"))


def _approvals(request: StaffRequest, now: datetime) -> Iterator[Task]:
    """Emergencies first; what has waited too long says so."""
    rows = approvals_for(request.person).select_related("author").order_by("-urgent", "publish_at", "id")
    for row in listed(request, "approvals", rows)[:_MOST]:
        planned = _("tayang %(when)s") % {"when": spoken(row.publish_at, now)} if row.publish_at else ""
        about = _("Ditulis %(author)s; %(planned)s.") % {
            "author": row.author,
            "planned": planned or _("tayang segera setelah disetujui"),
        }
        late = is_late(row, now)
        if late:
            about += " " + _("Menunggu sejak %(when)s.") % {"when": spoken(row.changed_at, now)}
        yield Task(
            "red" if row.urgent or late else "amber",
            "warn" if row.urgent else "stamp",
            row.title,
            about,
            reverse("announcement", args=[row.pk]),
            _("Baca dan putuskan"),
        )


def _held_questions(request: StaffRequest) -> Iterator[Task]:
    """What a pause held and that is over: nothing of it goes out by itself."""
    count = held_questions(request)
    if count:
        title = ngettext("%(count)s tayangan bekas jeda", "%(count)s tayangan bekas jeda", count)
        about = _("Jedanya sudah berakhir. Kirim sekarang, jadwalkan ulang, atau batalkan.")
        yield Task(
            "red", "hourglass", title % {"count": number(count)}, about, reverse("pauses"), _("Putuskan")
        )


def _differences(now: datetime) -> Iterator[Task]:
    """Posts that do not show what was approved."""
    for look in differences()[:_MOST]:
        delivery = look.delivery
        about = f"{delivery.account.name}: {look.trouble}"
        yield Task("red", "eye", delivery.announcement.title, about, reverse("archive"), _("Lihat"))


def _missed_times(now: datetime) -> Iterator[Task]:
    """Times of a series that passed while the system was down: nothing is sent late by itself."""
    for one in missed(now)[:_MOST]:
        about = _("Terlewat pada %(day)s karena sistem mati. Tulis sendiri bila masih perlu.")
        said = about % {"day": date_words(one.day)}
        yield Task(
            "amber", "repeat", one.series.title, said, reverse("series", args=[one.series.pk]), _("Lihat")
        )


def _own_announcements(request: StaffRequest, now: datetime) -> Iterator[Task]:
    states = (AnnouncementState.SUBMITTED, AnnouncementState.REJECTED, AnnouncementState.APPROVED)
    rows = Announcement.proper.filter(author=request.person, state__in=states).order_by("changed_at")
    own = {state: [one for one in rows if one.state == state] for state in states}
    for row in [one for one in own[AnnouncementState.SUBMITTED] if is_late(one, now)][:_MOST]:
        about = _("Belum disetujui sejak %(when)s. Hubungi penyetujunya.")
        href = reverse("announcement", args=[row.pk])
        yield Task(
            "amber", "hourglass", row.title, about % {"when": spoken(row.changed_at, now)}, href, _("Lihat")
        )
    for row in own[AnnouncementState.REJECTED][: -_MOST - 1 : -1]:
        href = reverse("announcement", args=[row.pk])
        yield Task(
            "red", "back", row.title, _("Dikembalikan: %(note)s") % {"note": row.note}, href, _("Perbaiki")
        )
    for row in own[AnnouncementState.APPROVED][:_MOST]:
        about = _("Disetujui, tetapi waktu tayangnya sudah lewat.")
        yield Task(
            "amber", "clock", row.title, about, reverse("announcement", args=[row.pk]), _("Pilih waktu baru")
        )


def _new_cases(request: StaffRequest, now: datetime) -> Iterator[Task]:
    """New ones at the coordinating desk; in a unit those that were given to it."""
    new = waiting_rows(request.person).aggregate(count=Count("pk"), oldest=Min("opened_at"))
    count, oldest = new["count"], new["oldest"]
    if count:
        title = ngettext("%(count)s kasus baru", "%(count)s kasus baru", count) % {"count": number(count)}
        about = _("Yang tertua dibuka %(when)s.") % {"when": spoken(oldest, now)}
        yield Task("amber", "cases", title, about, reverse("cases"), _("Buka"))


def _reviews(now: datetime) -> Iterator[Task]:
    count = waiting_reviews().count()
    if count:
        oldest = waiting_reviews().values_list("mention__heard_at", flat=True)[0]
        title = ngettext(
            "%(count)s sebutan menunggu tinjauan", "%(count)s sebutan menunggu tinjauan", count
        ) % {"count": number(count)}
        about = _("Yang tertua terdengar %(when)s.") % {"when": spoken(oldest, now)}
        yield Task("amber", "eye", title, about, reverse("review"), _("Mulai meninjau"))


def _funnel(since: datetime) -> list[Step]:
    return [
        Step(_("terdengar"), Mention.objects.filter(heard_at__gte=since).count()),
        Step(_("dinilai"), Verdict.objects.filter(at__gte=since).count()),
        Step(_("menjadi kasus"), Case.objects.filter(opened_at__gte=since).count()),
        Step(
            _("dijawab"),
            Case.objects.filter(changed_at__gte=since, state__in=(State.ANSWERED, State.CLOSED)).count(),
        ),
    ]
