"""What is out is corrected or taken back everywhere at once, and what must not go out stays where it is."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from channels.models import Account
from config.demo import TARGETS, announce
from config.town import Town
from publisher import newsroom
from publisher.advance import advance
from publisher.approval import approve
from publisher.deliver import deliver, due_deliveries
from publisher.models import SETTLED, Announcement, Delivery, Proof
from publisher.pause import end, start
from publisher.reconcile import it_is_there, send_again
from publisher.rules import Refused

pytestmark = pytest.mark.django_db

NOTE = "Jamnya keliru; yang benar pukul 13.00."


@pytest.fixture
def now() -> datetime:
    """The town's rate limits end at a real time, so the story begins now and goes on by its own clock."""
    return timezone.now()


@pytest.fixture
def out(town: Town, accounts: Any, people: Any, now: datetime) -> Announcement:
    """The demo's announcement, published on all five."""
    made = announce(people, now, None)
    go_on(now)
    made.refresh_from_db()
    assert made.state == "published"
    return made


def go_on(now: datetime, steps: int = 400) -> datetime:
    """The engine's work until nothing is left to do by itself; gives the time at which that was."""
    for _ in range(steps):
        due = due_deliveries(now)
        for delivery, _account in due:
            advance(delivery, now)
        if not due and not Delivery.objects.filter(next_at__isnull=False).exists():
            break
        now += timedelta(seconds=30)
    return now


def corrected(row: Announcement, people: Any, now: datetime) -> Announcement:
    row = newsroom.begin_correction(row, people["sari"], now, NOTE)
    fields = {**row.fields, "body": "Layanan pindah ke pukul 13.00 sampai 15.00."}
    row = newsroom.submit(newsroom.edit(row, fields, people["sari"], now), people["sari"], now)
    return approve(row, people["budi"], now, version=row.version)


def states(act: str) -> dict[str, str]:
    return dict(Delivery.objects.filter(act=act).values_list("account__key", "state"))


def test_a_correction_reaches_every_channel_once_in_its_own_way(
    out: Announcement, town: Town, people: Any, now: datetime
) -> None:
    row = corrected(out, people, now + timedelta(minutes=1))
    go_on(now + timedelta(minutes=1))
    row.refresh_from_db()
    assert (row.state, row.live_version) == ("published", row.version)
    assert states("correct") == dict.fromkeys(TARGETS, "published")
    assert states("publish") == dict.fromkeys(TARGETS, "corrected")
    shown = town.get("/control/received")
    assert "13.00" in shown["facebook"][0]["text"]
    for site in ("web_diskominfostandi", "web_pemkot"):
        assert len(shown[site]) == 1
        assert NOTE in shown[site][0]["text"]
    first, reply = shown["x"]
    assert reply["reply_to"] == first["id"]
    assert NOTE in reply["text"]
    assert row.reference in reply["text"]


def test_a_correction_needs_a_second_person_and_leaves_what_stands_until_then(
    out: Announcement, town: Town, people: Any, now: datetime
) -> None:
    before = town.get("/control/received")
    row = newsroom.begin_correction(out, people["sari"], now, NOTE)
    row = newsroom.submit(row, people["sari"], now)
    with pytest.raises(Refused):
        approve(row, people["sari"], now, version=row.version)
    assert not due_deliveries(now + timedelta(days=1))
    assert town.get("/control/received") == before


def test_a_correction_that_is_taken_back_leaves_the_first_words(
    out: Announcement, people: Any, now: datetime
) -> None:
    row = newsroom.begin_correction(out, people["sari"], now, NOTE)
    row = newsroom.edit(row, {**row.fields, "body": "Keliru lagi."}, people["sari"], now)
    row = newsroom.cancel(row, people["sari"], now)
    assert (row.state, row.version, row.fields, row.change_note) == ("published", 1, out.fields, "")
    again = corrected(row, people, now)
    go_on(now)
    again.refresh_from_db()
    assert again.state == "published"
    assert again.live_version == again.version > 1


def test_a_correction_says_what_was_wrong(out: Announcement, people: Any, now: datetime) -> None:
    with pytest.raises(Refused) as refused:
        newsroom.begin_correction(out, people["sari"], now, "  ")
    assert "note" in refused.value.by_field


def test_taken_back_it_is_gone_or_says_so_everywhere(
    out: Announcement, town: Town, people: Any, now: datetime
) -> None:
    row = newsroom.retract(out, people["budi"], now, "Acaranya batal.")
    go_on(now)
    row.refresh_from_db()
    shown = town.get("/control/received")
    assert not shown["x"]
    assert not shown["facebook"]
    for site in ("web_diskominfostandi", "web_pemkot"):
        (article,) = shown[site]
        assert "Acaranya batal." in article["text"]
        assert article["slug"] == row.slug
    assert row.state == "retracting"  # Instagram lets nobody delete by API
    left = Delivery.objects.get(act="retract", account__key="instagram")
    assert left.state == "needs_person"
    assert "Hapus" in left.trouble
    it_is_there(left, "", people["budi"], now)
    row.refresh_from_db()
    assert row.state == "retracted"
    assert set(states("publish").values()) == {"retracted"}


def test_only_an_approver_takes_back_and_only_once(out: Announcement, people: Any, now: datetime) -> None:
    with pytest.raises(Refused):
        newsroom.retract(out, people["sari"], now, "Salah.")
    newsroom.retract(out, people["budi"], now, "Salah.")
    with pytest.raises(Refused):
        newsroom.retract(out, people["budi"], now, "Salah.")


def test_what_lands_after_it_was_taken_back_is_taken_back_too(
    town: Town, accounts: Any, people: Any, now: datetime
) -> None:
    made = announce(people, now, None)
    town.post("/control/fail", {"route": "x.create", "fault": "commit_then_503"})
    for delivery, _account in due_deliveries(now):
        deliver(delivery, now)
    assert states("publish")["x"] == "unknown"
    newsroom.retract(made, people["budi"], now, "Salah kirim.")
    go_on(now)
    assert not town.get("/control/received")["x"]
    assert states("retract")["x"] == "retracted"


def test_what_nobody_knows_comes_before_a_correction(
    town: Town, accounts: Any, people: Any, now: datetime
) -> None:
    made = announce(people, now, None)
    town.post("/control/fail", {"route": "facebook.create", "fault": "commit_then_503"})
    for delivery, _account in due_deliveries(now):
        deliver(delivery, now)
    made.refresh_from_db()
    with pytest.raises(Refused):
        newsroom.begin_correction(made, people["sari"], now, NOTE)


def test_words_that_were_taken_back_are_not_sent_again(
    town: Town, accounts: Any, people: Any, now: datetime
) -> None:
    made = announce(people, now, None)
    town.post("/control/fail", {"route": "x.create", "fault": "permission"})
    go_on(now)
    left = Delivery.objects.get(account__key="x")
    assert left.state == "refused"
    newsroom.retract(made, people["budi"], now, "Salah.")
    with pytest.raises(Refused):
        send_again(left, people["budi"], now)


def test_every_act_leaves_its_proof(out: Announcement, people: Any, now: datetime) -> None:
    corrected(out, people, now)
    go_on(now)
    kinds = list(Proof.objects.order_by("number").values_list("what", flat=True))
    assert kinds.count("published") == kinds.count("corrected") == len(TARGETS)


def test_a_pause_holds_at_once_and_nothing_goes_out_by_itself_when_it_ends(
    town: Town, accounts: Any, people: Any, now: datetime
) -> None:
    announce(people, now, None)
    pause = start(people["budi"], now, "Gempa; hanya informasi darurat.", "Sekda")
    go_on(now)
    assert not any(town.get("/control/received")[key] for key in TARGETS)
    assert set(Delivery.objects.values_list("held", flat=True)) == {pause.reason}
    end(pause, people["budi"], now + timedelta(hours=1))
    go_on(now + timedelta(hours=1))
    assert not any(town.get("/control/received")[key] for key in TARGETS)


def test_a_pause_that_begins_between_claim_and_call_still_holds(
    town: Town, accounts: Any, people: Any, now: datetime
) -> None:
    from ledger import points

    announce(people, now, None)
    points.listen(
        lambda point: (
            start(people["budi"], now, "Berkabung.", "Sekda") and None
            if point == "deliver.prepared"
            else None
        )
    )
    try:
        deliver(Delivery.objects.get(account__key="x").pk, now)
    finally:
        points.listen(None)
    assert Delivery.objects.get(account__key="x").state == "planned"
    assert not town.get("/control/received")["x"]


def test_what_is_long_overdue_is_asked_about_and_does_not_flood(
    town: Town, accounts: Any, people: Any, now: datetime
) -> None:
    announce(people, now, None)
    late = now + timedelta(days=10)
    for delivery, _account in due_deliveries(late):
        advance(delivery, late)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"needs_person"}
    assert all("Terlambat" in text for text in Delivery.objects.values_list("trouble", flat=True))
    assert not any(town.get("/control/received")[key] for key in TARGETS)


def test_emergencies_come_first(accounts: Any, people: Any, now: datetime) -> None:
    announce(people, now, None)
    last = Delivery.objects.order_by("-pk").first()
    assert last is not None
    Delivery.objects.filter(pk=last.pk).update(urgent=True, due_at=now + timedelta(seconds=1), next_at=now)
    assert due_deliveries(now + timedelta(seconds=2))[0][0] == last.pk


def test_an_account_publishes_no_more_than_its_allowance_and_emergencies_may(
    town: Town, accounts: Any, people: Any, now: datetime, settings: Any
) -> None:
    settings.ENGINE = {
        **settings.ENGINE,
        "speaking": {**settings.ENGINE["speaking"], "allowance": {"x": [[900, 3]]}},
    }
    for number in range(3):
        x = [Account.objects.get(key="x")]
        made = newsroom.draft(
            "service_notice", {"headline": f"Layanan {number}", "body": "Buka."}, people["sari"], now, x
        )
        made = newsroom.submit(made, people["sari"], now)
        approve(made, people["budi"], now, version=made.version)
    for delivery, _account in due_deliveries(now):
        deliver(delivery, now)
    assert len(town.get("/control/received")["x"]) == 2  # the third is kept for an emergency
    held = Delivery.objects.get(state="planned")
    assert held.held
    assert held.next_at is not None
    assert held.next_at > now + timedelta(seconds=800)
    Delivery.objects.filter(pk=held.pk).update(urgent=True, next_at=now)
    deliver(held.pk, now)
    assert len(town.get("/control/received")["x"]) == 3


def test_a_time_named_by_the_platform_holds_for_the_whole_account(
    town: Town, accounts: Any, people: Any, now: datetime
) -> None:
    announce(people, now, None)
    other = announce(people, now, None)
    town.post("/control/fail", {"route": "x.create", "fault": "rate_limited"})
    first = Delivery.objects.filter(account__key="x").order_by("pk").first()
    assert first is not None
    deliver(first.pk, now)
    first.refresh_from_db()
    waiting = Delivery.objects.get(announcement=other, account__key="x")
    assert first.next_at is not None
    assert waiting.next_at == first.next_at > now


def test_moved_to_another_hour_the_approval_stays(accounts: Any, people: Any, now: datetime) -> None:
    made = announce(people, now, now + timedelta(hours=2))
    later = now + timedelta(hours=5)
    row = newsroom.move(made, people["sari"], now, later)
    assert (row.publish_at, row.approved_by) == (later, people["budi"])
    assert set(Delivery.objects.values_list("next_at", flat=True)) == {later}
    with pytest.raises(Refused):
        newsroom.move(made, people["sari"], now, now - timedelta(minutes=1))


def test_what_links_to_the_article_waits_until_the_article_stands(
    town: Town, accounts: Any, people: Any, now: datetime
) -> None:
    made = announce(people, now, None)
    facebook, site = (Delivery.objects.get(account__key=key) for key in ("facebook", "web_diskominfostandi"))
    deliver(facebook.pk, now)
    facebook.refresh_from_db()
    assert (facebook.state, town.get("/control/received")["facebook"]) == ("planned", [])
    assert "Menunggu artikel" in facebook.held
    deliver(site.pk, now)
    deliver(facebook.pk, now)
    (post,) = town.get("/control/received")["facebook"]
    (article,) = town.get("/control/received")["web_diskominfostandi"]
    assert made.slug == article["slug"]
    assert f"/{article['slug']}/" in post["text"]


def test_an_article_that_is_not_there_in_time_is_a_persons_question(
    town: Town, accounts: Any, people: Any, now: datetime
) -> None:
    announce(people, now, None)
    town.post("/control/fail", {"route": "web_diskominfostandi.page", "fault": "error_503", "times": 1000})
    go_on(now)
    facebook = Delivery.objects.get(account__key="facebook")
    assert facebook.state == "needs_person"
    assert "belum tampil" in facebook.trouble
    send_again(facebook, people["budi"], now + timedelta(hours=1))
    go_on(now + timedelta(hours=1))
    assert len(town.get("/control/received")["facebook"]) == 1


def test_an_article_that_will_not_come_is_asked_about_at_once(
    town: Town, accounts: Any, people: Any, now: datetime
) -> None:
    announce(people, now, None)
    Delivery.objects.filter(account__key="web_diskominfostandi").update(state="refused", next_at=None)
    deliver(Delivery.objects.get(account__key="facebook").pk, now)
    assert Delivery.objects.get(account__key="facebook").state == "needs_person"


def test_an_emergency_waits_for_no_article(town: Town, accounts: Any, people: Any, now: datetime) -> None:
    announce(people, now, None)
    Delivery.objects.update(urgent=True)
    deliver(Delivery.objects.get(account__key="facebook").pk, now)
    assert len(town.get("/control/received")["facebook"]) == 1


def test_all_have_settled(out: Announcement) -> None:
    assert all(state in SETTLED for state in Delivery.objects.values_list("state", flat=True))
