"""What citizens answer to us: it belongs to the case in whose thread it stands, and opens none of its own.

A platform with two levels of comments (Facebook, Instagram) hangs an answer under the citizen's own first comment and
not under ours, so both places are looked at; elsewhere the parent is our post, known by its receipt.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from cases import clocks, routing, search
from cases.incidents import place_told
from cases.models import ENDED, Case, Purpose, Reply, State
from cases.reply_rules import is_emergency
from channels.models import Account, Kind, Receipt
from channels.receipts import said_by_us
from city.places import Found, find_one
from classifiers.core.urgency import Level
from classifiers.models import DecisionChoice, KindChoice, Verdict
from ledger.chain import record
from monitor.models import Mention
from publisher.models import Delivery

_LEVELS = (Kind.FACEBOOK, Kind.INSTAGRAM)  #: two levels of comments
_PART = 400  #: ids in one query
_ASKED = timedelta(days=60)  #: so long an answer to "where?" is looked for; a later one is a post of its own


def case_of(mention: Mention) -> Case | None:
    """The case that ``mention`` goes on with: its author answers us there, and something is left to do; else None."""
    if not mention.parent_id:
        return None
    case = _under_ours(mention) or _under_their_own(mention)
    return case if case is not None and goes_on(mention, case) else None


def answered_case(mention: Mention) -> Case | None:
    """The case to which ``mention`` was joined as its citizen's answer; None where it was not, or is gone."""
    verdict = getattr(mention, "verdict", None)
    joined = verdict is not None and verdict.decision == DecisionChoice.FOLDED and mention.copy_of_id is None
    if not joined or not mention.parent_id:
        return None
    return _under_ours(mention) or _under_their_own(mention)


def goes_on(mention: Mention, case: Case) -> bool:
    """Whether ``mention`` is by the one who opened ``case``, later than it, while the case is open."""
    if case.state in ENDED or mention.pk == case.mention_id:
        return False
    first = case.mention
    if (mention.posted_at or mention.heard_at) < (first.posted_at or first.heard_at):
        return False
    return same_author(mention, first) and not _another_matter(mention, case)


def _another_matter(mention: Mention, case: Case) -> bool:
    """Whether it is a matter of its own: a danger that the case knows nothing of, or another topic."""
    verdict = getattr(mention, "verdict", None)
    if verdict is None:
        return False
    if verdict.urgency == Level.EMERGENCY and not is_emergency(case):
        return True
    if not case.place:
        return False  # we asked where: whatever else a few words sound like, they answer that
    sure = verdict.decision == DecisionChoice.FORWARD
    topics = {verdict.topic, case.topic} - {"", "lain"}
    return sure and len(topics) == 2


def same_author(one: Mention, other: Mention) -> bool:
    """By the platform's id, else by name. Where a platform hides both names, nobody can be told from another."""
    if one.author_id and other.author_id:
        return one.author_id == other.author_id
    return bool(one.author) and one.author == other.author


@transaction.atomic
def join(mention: Mention, case: Case, now: datetime) -> bool:
    """Make ``mention`` part of ``case``; gives whether it was not yet. A place that is missing is taken from it."""
    waits = Verdict.objects.filter(mention=mention).exclude(decision=DecisionChoice.FOLDED)
    if not waits.update(
        decision=DecisionChoice.FOLDED, awaits_case=False, awaits_review=False, awaits_second=False
    ):
        return False
    record("case.answered_by_citizen", case.subject, at=now, mention=mention.pk)
    Case.objects.filter(pk=case.pk).update(changed_at=now)
    if not case.place and (place := _place_in(mention)):
        found, code = place
        if Case.objects.filter(pk=case.pk, place="").update(place=found[:80]):
            Case.objects.filter(pk=case.pk, area="").update(area=code)
            record("case.place_told", case.subject, at=now, mention=mention.pk)
            case.refresh_from_db()
            place_told(case, find_one(mention.text), now)
            case.refresh_from_db()
            routing.place_told(case, now)
            search.keep(case.pk)  # it is found by its place
    _contested(mention, case, now)
    case.refresh_from_db()
    clocks.resume(case, now)  # what stood still until the citizen answered
    return True


def _contested(mention: Mention, case: Case, now: datetime) -> None:
    """What is said against our answer in the thread weighs as much as on the status page: the case is not closed by

    silence, and an officer reads it (Beranda). Thanks are no objection.
    """
    thanks = Verdict.objects.filter(mention=mention, kind=KindChoice.APPRECIATION)
    if not thanks.exists():
        Case.objects.filter(pk=case.pk, state=State.ANSWERED).update(contested_at=now, confirmed_at=None)


def join_answers(now: datetime) -> int:
    """Join the answers to "where?" that have come; gives how many. Few words about a place are no complaint for the

    judge, so they are looked for here, by the questions that are open.
    """
    asked = Reply.objects.filter(purpose=Purpose.ASK_PLACE, at__gte=now - _ASKED, case__place="")
    open_ = asked.exclude(case__state__in=ENDED).select_related("case__mention").order_by("id")
    cases = {reply.case_id: reply.case for reply in open_}
    threads = _threads(list(cases.values()))
    joined = 0
    for mention in _judged(list(threads)):
        case = threads[(mention.channel, mention.parent_id)]
        joined += goes_on(mention, case) and join(mention, case, now)
    return joined


def answers(case: Case) -> list[Mention]:
    """What the citizen said in the thread after the post that opened the case, the oldest first."""
    found: dict[int, Mention] = {}
    waiting = {parent for _channel, parent in _thread(case)}
    for _round in range(5):
        rows = Mention.objects.filter(
            channel=case.mention.channel, parent_id__in=waiting, verdict__decision=DecisionChoice.FOLDED
        )
        new = [
            row for row in rows.filter(copy_of=None) if row.pk not in found and same_author(row, case.mention)
        ]
        found |= {row.pk: row for row in new if row.pk != case.mention_id}
        waiting = {row.external_id for row in new}
        if not waiting:
            break
    return sorted(found.values(), key=lambda one: (one.posted_at or one.heard_at, one.pk))


def answered_post(case: Case) -> str:
    """What a new reply answers: the newest thing that the citizen said in the thread and that still stands."""
    standing = [one for one in answers(case) if one.gone_at is None]
    return standing[-1].external_id if standing else case.mention.external_id


def our_posts(case: Case) -> list[Delivery]:
    """What we said in the thread and the channel has taken."""
    rows = Delivery.objects.filter(announcement__about=case.subject).exclude(remote_id="")
    return list(rows.order_by("id"))


def _thread(case: Case) -> list[tuple[str, str]]:
    """(channel, id) of every post under which an answer of the citizen may stand; none before we said something."""
    return list(_threads([case]))


def _threads(cases: Sequence[Case]) -> dict[tuple[str, str], Case]:
    """The same of many cases, with the case of each; a few queries for each ``_PART`` of them."""
    found: dict[tuple[str, str], Case] = {}
    for start in range(0, len(cases), _PART):
        part = cases[start : start + _PART]
        ours = _said_in(part)
        above = _above(one for one in part if one.subject in ours)
        for case in part:
            channel, posts = case.mention.channel, ours.get(case.subject, [])
            if posts:
                own = [case.mention.external_id, *above.get(case.pk, [])]
                found |= {(channel, one): case for one in [*posts, *own]}
    return found


def _said_in(cases: Sequence[Case]) -> dict[str, list[str]]:
    """Ids of what we said, by the case's subject."""
    rows = Delivery.objects.filter(announcement__about__in=[case.subject for case in cases])
    said: dict[str, list[str]] = {}
    for about, remote_id in rows.exclude(remote_id="").values_list("announcement__about", "remote_id"):
        said.setdefault(about, []).append(remote_id)
    return said


def _above(cases: Iterable[Case]) -> dict[int, list[str]]:
    """Where comments have two levels: the comment under which the citizen's own stands, unless it is ours."""
    rows = [case for case in cases if case.mention.channel in _LEVELS and case.mention.parent_id]
    found: dict[int, list[str]] = {}
    for channel in {case.mention.channel for case in rows}:
        theirs = [case for case in rows if case.mention.channel == channel]
        ours = said_by_us(channel, [case.mention.parent_id for case in theirs])
        found |= {case.pk: [case.mention.parent_id] for case in theirs if case.mention.parent_id not in ours}
    return found


def _judged(threads: list[tuple[str, str]]) -> Iterable[Mention]:
    for start in range(0, len(threads), _PART):
        part = threads[start : start + _PART]
        rows: QuerySet[Mention] = Mention.objects.filter(
            parent_id__in={parent for _channel, parent in part}, verdict__isnull=False, unjudged=False
        )
        rows = rows.exclude(verdict__decision=DecisionChoice.FOLDED).exclude(case__isnull=False)
        for mention in rows.select_related("verdict").order_by("id"):
            if (mention.channel, mention.parent_id) in part:
                yield mention


def _under_ours(mention: Mention) -> Case | None:
    accounts = Account.objects.filter(channel=mention.channel)
    receipt = Receipt.objects.filter(account__in=accounts, remote_id=mention.parent_id).first()
    if receipt is None:
        return None
    delivery = Delivery.objects.filter(
        ~Q(announcement__answers=""), account=receipt.account_id, remote_id=mention.parent_id
    ).first()
    if delivery is None:
        return None
    _kind, _colon, number = delivery.announcement.about.partition(":")
    return Case.objects.select_related("mention").filter(pk=number).first() if number.isdecimal() else None


def _under_their_own(mention: Mention) -> Case | None:
    """Under the citizen's own post, once we have answered it."""
    found = Case.objects.select_related("mention").filter(
        mention__channel=mention.channel, mention__external_id=mention.parent_id
    )
    case = found.first()
    return case if case is not None and our_posts(case) else None


def _place_in(mention: Mention) -> tuple[str, str] | None:
    """(name, Kemendagri code) of the place in the citizen's words; None where they name none that we know."""
    found: Found = find_one(mention.text)
    best = next(iter(found.candidates), None)
    name = found.area or (best.name if best else "")
    return (name, best.code if best else "") if name else None
