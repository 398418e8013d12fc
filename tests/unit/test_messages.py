"""One update answers everybody who reported an incident: approved once, said once in each thread, stopped at once."""

import itertools
import os
import signal
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections

from cases.act import NotAllowed
from cases.messages import approve, go_on, reach_of, send_to_all, stop, waiting_for, withdraw, write
from cases.models import Case, Incident, IncidentMessage, Reply
from cases.replies import say
from channels.models import Account
from classifiers.models import Verdict
from ledger.models import Person
from monitor.models import Mention, Source
from publisher import replies as way_out
from publisher.models import Announcement, Delivery, DeliveryState
from publisher.newsroom import content_hash

pytestmark = pytest.mark.django_db

NOW = datetime.fromisoformat("2026-11-24T03:00:00+00:00")
TEXT = "Air di Jatiasih mulai surut, pompa bekerja."
_numbers = itertools.count(1)
PLACES = (("x", "mention"), ("facebook", "comment"), ("instagram", "comment"))


@pytest.fixture
def tono(people: dict[str, Person]) -> Person:
    return people["tono"]


@pytest.fixture
def budi(people: dict[str, Person]) -> Person:
    return people["budi"]


def reported(incident: Incident, key: str = "facebook", kind: str = "comment", **more: Any) -> Case:
    number = next(_numbers)
    account = Account.objects.get(key=key)
    mention = Mention.objects.create(
        channel=account.channel,
        external_id=str(500_000 + number),
        source=Source.objects.filter(account=account, kind=kind).first(),
        text="Banjir di Jatiasih",
        author=f"warga{number}",
        posted_at=NOW,
        heard_at=NOW,
        unjudged=False,
        **more,
    )
    Verdict.objects.create(mention=mention, kind="complaint", decision="forward", at=NOW, urgency="normal")
    return Case.objects.create(
        number=f"BKS-2026-{number:06d}",
        mention=mention,
        kind="complaint",
        place="Jatiasih",
        code="K7QX3M",
        opened_at=NOW,
        changed_at=NOW,
        incident=incident,
    )


@pytest.fixture
def flood(accounts: Any) -> Incident:
    """Forty reports on three platforms."""
    incident = Incident.objects.create(
        key="banjir", topic="banjir_drainase", place="Jatiasih", opened_at=NOW, last_at=NOW
    )
    for number in range(40):
        reported(incident, *PLACES[number % 3])
    return incident


def test_forty_threads_are_answered_once_each(flood: Incident, tono: Person, budi: Person) -> None:
    message = write(flood, TEXT, tono, NOW)
    assert list(waiting_for(budi)) == [message]
    assert not Reply.objects.exists()
    assert approve(message, budi, NOW) == 40
    assert send_to_all(message, budi, NOW) == 0
    assert go_on(NOW) == 0
    replies = list(Reply.objects.select_related("announcement", "case__mention"))
    assert len({reply.case_id for reply in replies}) == 40
    for reply in replies:
        text = way_out.text_of(reply.announcement)
        assert TEXT in text
        assert reply.case.number in text
        assert reply.announcement.answers == reply.case.mention.external_id
        assert reply.announcement.approved_by == budi
        assert reply.announcement.approved_hash == content_hash(reply.announcement)
    assert Delivery.objects.filter(state=DeliveryState.PLANNED).count() == 40


def test_who_wrote_it_does_not_approve_it_and_it_is_approved_once(
    flood: Incident, people: dict[str, Person], tono: Person, budi: Person
) -> None:
    from ledger.roles import Role, give

    give(tono, Role.APPROVER)
    message = write(flood, TEXT, tono, NOW)
    with pytest.raises(NotAllowed, match="menyetujuinya sendiri"):
        approve(message, tono, NOW)
    approve(message, budi, NOW)
    with pytest.raises(NotAllowed, match="sudah diputuskan"):
        approve(message, budi, NOW)


def test_those_who_cannot_be_answered_are_listed_with_the_reason(
    flood: Incident, tono: Person, budi: Person
) -> None:
    gone = reported(flood, gone_at=NOW)
    found = reported(flood, "x", "keyword")
    message = write(flood, TEXT, tono, NOW)
    approve(message, budi, NOW)
    reach = reach_of(message)
    assert (reach.waiting, len(reach.skipped), reach.total) == (40, 2, 42)
    reasons = {case.pk: why for case, why in reach.skipped}
    assert "tidak ada lagi" in reasons[gone.pk]
    assert "Enterprise" in reasons[found.pk]


def test_who_reports_after_the_approval_is_not_told_old_news(
    flood: Incident, tono: Person, budi: Person
) -> None:
    message = write(flood, TEXT, tono, NOW)
    approve(message, budi, NOW)
    late = reported(flood)
    Case.objects.filter(pk=late.pk).update(opened_at=NOW + timedelta(hours=1))
    assert go_on(NOW + timedelta(hours=1)) == 0


def test_stopping_keeps_back_what_has_not_appeared(flood: Incident, tono: Person, budi: Person) -> None:
    message = write(flood, TEXT, tono, NOW)
    approve(message, budi, NOW)
    first = Delivery.objects.order_by("pk")[0]
    Delivery.objects.filter(pk=first.pk).update(state="published", remote_id="1", next_at=None)
    Announcement.objects.filter(pk=first.announcement_id).update(state="published", live_version=1)
    assert stop(message, tono, NOW) == 39
    assert Delivery.objects.filter(state=DeliveryState.CANCELLED).count() == 39
    reach = reach_of(message)
    assert (reach.answered, reach.stopped, reach.waiting) == (1, 39, 0)
    assert go_on(NOW) == 0
    with pytest.raises(NotAllowed, match="tidak sedang dikirim"):
        stop(message, tono, NOW)
    with pytest.raises(NotAllowed):
        say(Case.objects.all()[0], "incident", None, NOW, text=TEXT, message=message)


def test_an_update_that_nobody_approved_can_be_dropped(flood: Incident, tono: Person) -> None:
    withdraw(write(flood, TEXT, tono, NOW), tono, NOW)
    assert not IncidentMessage.objects.exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Tulis dahulu"),
        ("Kirim nomor HP Anda.", "formulir"),
        ("kata " * 100, "Terlalu panjang"),
    ],
)
def test_what_cannot_be_said_to_all_is_refused_before_anybody_approves(
    text: str, why: str, flood: Incident, tono: Person
) -> None:
    with pytest.raises(NotAllowed, match=why):
        write(flood, text, tono, NOW)
    assert not IncidentMessage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_killed_in_the_middle_it_goes_on_and_answers_nobody_twice(
    flood: Incident, tono: Person, budi: Person
) -> None:
    """A process of its own approves and is killed (SIGKILL) after some of the replies; another one goes on."""
    message = write(flood, TEXT, tono, NOW)
    IncidentMessage.objects.filter(pk=message.pk).update(approved_by=budi, approved_at=NOW)
    message.refresh_from_db()
    connections.close_all()
    child = os.fork()
    if child == 0:  # pragma: no cover - it ends by a signal
        try:
            for case in Case.objects.order_by("pk")[:17]:
                say(case, "incident", None, NOW, text=TEXT, message=message)
            from django.db import transaction

            with transaction.atomic():
                say(Case.objects.order_by("pk")[17], "incident", None, NOW, text=TEXT, message=message)
                os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(1)
    _pid, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert Reply.objects.filter(message=message).count() == 17
    assert go_on(NOW) == 23
    assert Reply.objects.filter(message=message).count() == 40
    assert Delivery.objects.filter(state=DeliveryState.PLANNED).count() == 40
    connection.close()


def test_the_pages_write_decide_and_stop(client: Any, flood: Incident, tono: Person, budi: Person) -> None:
    from django.utils.translation import override

    with override("id"):
        client.force_login(tono)
        refused = client.post(f"/kejadian/{flood.pk}/kabar/", {"teks": "Kirim NIK Anda."})
        assert refused.status_code == 422
        assert "Kirim NIK Anda." in refused.content.decode()
        assert client.post(f"/kejadian/{flood.pk}/kabar/", {"teks": TEXT}).status_code == 302
        message = IncidentMessage.objects.get()
        address = f"/kejadian/kabar/{message.pk}/"
        assert "Anda ikut menulisnya" in client.get(address).content.decode()
        client.force_login(budi)
        assert address in client.get("/").content.decode()
        assert client.post(f"{address}setujui/").status_code == 302
        assert "0 dari 40 pelapor sudah dibalas" in client.get(address).content.decode()
        client.force_login(tono)
        assert client.post(f"{address}hentikan/").status_code == 302
        assert "40 dihentikan" in client.get(address).content.decode()
        assert TEXT in client.get(f"/kejadian/{flood.pk}/kabar/").content.decode()
