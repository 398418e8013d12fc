"""What citizens say in the town is heard through the real client libraries, once, whatever goes wrong."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from channels.models import Receipt
from config.ports import free_port
from config.town import Town
from monitor.hear import due_sources, hear
from monitor.models import Gap, GapState, Mention, SetAside, Source

pytestmark = pytest.mark.django_db

#: Every route by which a citizen's post reaches us: (channel, how).
ROUTES = [
    ("x", "mention"),
    ("x", "comment"),
    ("x", "tagged"),
    ("x", "keyword"),
    ("x", "hashtag"),
    ("facebook", "mention"),
    ("facebook", "comment"),
    ("facebook", "tagged"),
    ("facebook", "keyword"),
    ("instagram", "comment"),
    ("instagram", "tagged"),
    ("instagram", "mention"),
    ("instagram", "hashtag"),
    ("instagram", "keyword"),
]


def say(town: Town, channel: str, how: str, text: str, **more: Any) -> str:
    """A citizen speaks; gives the id under which the platform keeps it."""
    said = town.post("/control/say", {"channel": channel, "how": how, "text": text, "author": "eni", **more})
    return str(said["platform_id"])


def say_many(town: Town, channel: str, how: str, ids: list[str]) -> set[str]:
    """Many citizens speak at once; gives the ids under which the platform keeps what they said."""
    rows = [{"channel": channel, "how": how, "text": f"keluhan {n}", "author": "eni", "id": n} for n in ids]
    assert town.load(rows) == []
    kept = town.get(f"/control/ids?channel={channel}")
    return {str(kept[n]) for n in ids}


def listen(now: datetime) -> None:
    for source in due_sources(now):
        hear(source.pk, now)


@pytest.mark.parametrize(("channel", "how"), ROUTES)
def test_a_post_is_heard_once_with_its_words_and_its_id(
    channel: str, how: str, town: Town, accounts: Any, now: datetime
) -> None:
    number = say(town, channel, how, "Lampu jalan mati <3 & gelap 😡", id="a")
    listen(now)
    listen(now + timedelta(hours=1))
    mention = Mention.objects.get()
    assert (mention.channel, mention.external_id) == (channel, number)
    assert mention.text == "Lampu jalan mati <3 & gelap 😡"
    assert mention.posted_at is not None


@pytest.mark.parametrize(("channel", "how"), ROUTES)
def test_hundreds_of_posts_over_many_pages_are_all_heard(
    channel: str, how: str, town: Town, accounts: Any, now: datetime
) -> None:
    numbers = say_many(town, channel, how, [f"m{n}" for n in range(230)])
    listen(now)
    assert set(Mention.objects.values_list("external_id", flat=True)) == numbers
    more = say_many(town, channel, how, [f"n{n}" for n in range(120)])
    listen(now + timedelta(hours=1))
    assert set(Mention.objects.values_list("external_id", flat=True)) == numbers | more


def test_a_reply_names_what_it_answers(town: Town, accounts: Any, now: datetime) -> None:
    for channel in ("x", "facebook", "instagram"):
        first = say(town, channel, "comment", "airnya keruh", id="c1")
        say(town, channel, "comment", "di tempat saya juga", id="c2", parent="c1")
        listen(now)
        assert Mention.objects.get(channel=channel, text="di tempat saya juga").parent_id == first
        now += timedelta(hours=1)


def test_a_reply_under_an_old_comment_is_heard_too(town: Town, accounts: Any, now: datetime) -> None:
    for channel in ("facebook", "instagram"):
        old = "2026-06-01T00:00:00+00:00"
        say(town, channel, "comment", "keluhan lama", id="c1", created_at=old)
        listen(now)
        say(town, channel, "comment", "belum juga ditangani", id="c2", parent="c1")
        now += timedelta(hours=1)
        listen(now)
        assert Mention.objects.filter(channel=channel, text="belum juga ditangani").exists(), channel


def test_the_same_instagram_post_heard_through_graph_and_through_the_web_is_one_mention(
    town: Town, accounts: Any, now: datetime
) -> None:
    code = say(town, "instagram", "tagged", "jalan berlubang")
    for source in Source.objects.filter(account__key="instagram", kind="tagged"):
        heard = hear(source.pk, now)
        assert heard is not None
        assert heard.seen == 1
    assert list(Mention.objects.values_list("external_id", flat=True)) == [code]


def test_forty_comments_under_one_post_are_forty_mentions(town: Town, accounts: Any, now: datetime) -> None:
    for n in range(40):
        say(town, "facebook", "comment", f"di RT {n} juga banjir", id=f"b{n}", author=f"warga {n}")
    listen(now)
    assert Mention.objects.count() == 40


def test_personal_numbers_are_masked_before_anything_is_stored(
    town: Town, accounts: Any, now: datetime
) -> None:
    say(town, "x", "mention", "hubungi 0812-3456-7890 atau a.b@surel.id, NIK 3275010101900001")
    listen(now)
    assert Mention.objects.get().text == "hubungi <TELP> atau <EMAIL>, NIK <NIK>"


def test_what_the_city_said_itself_is_no_mention(town: Town, accounts: Any, now: datetime) -> None:
    number = say(town, "instagram", "tagged", "kami sudah menjawab")
    Receipt.objects.create(account=accounts["instagram"], remote_id=number, at=now)
    listen(now)
    assert not Mention.objects.exists()


def test_an_unreadable_item_is_set_aside_and_the_rest_goes_on(
    town: Town, accounts: Any, now: datetime
) -> None:
    number = say(town, "x", "mention", "sampah menumpuk")
    town.post("/control/fail", {"route": "x.mentions", "fault": "bad_item"})
    listen(now)
    assert Mention.objects.get().external_id == number
    aside = SetAside.objects.get()
    assert "tidak ada 'id'" in aside.error
    assert aside.source.last_ok_at == now


READS = [
    ("x", "mention", "x.mentions"),
    ("x", "keyword", "x.search"),
    ("facebook", "mention", "facebook.feed"),
    ("facebook", "tagged", "facebook.tagged"),
    ("facebook", "comment", "facebook.comments"),
    ("instagram", "comment", "instagram.comments"),
    ("instagram", "tagged", "instagram.tags"),
    ("instagram", "hashtag", "instagram.hashtag"),
]
FAULTS = {
    "error_503": "later",
    "error_500_html": "later",
    "truncate": "later",
    "rate_limited": "later",
    "rate_limited_bare": "later",
    "no_content_type": None,
    "token_revoked": "credentials",
    "permission": None,
}


@pytest.mark.once
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("channel", "how", "route"), READS)
def test_a_pass_that_fails_says_why_and_the_next_one_misses_nothing(
    channel: str, how: str, route: str, fault: str, town: Town, accounts: Any, now: datetime
) -> None:
    numbers = say_many(town, channel, how, [f"f{n}" for n in range(130)])
    armed = town.post("/control/fail", {"route": route, "fault": fault})
    assert armed["fault"] == fault
    listen(now)
    failed = [source for source in Source.objects.all() if source.failure]
    for source in failed:
        assert source.trouble
        assert source.due_at is not None
        assert source.due_at > now
    if expected := FAULTS[fault]:
        assert {source.failure for source in failed} == {expected}
    Source.objects.update(due_at=None)
    listen(now + timedelta(hours=2))
    assert set(Mention.objects.values_list("external_id", flat=True)) == numbers
    assert not Source.objects.exclude(failure="").exists()


def test_a_login_wall_on_the_web_stops_that_source_only(town: Town, accounts: Any, now: datetime) -> None:
    say(town, "instagram", "tagged", "jalan gelap")
    town.post("/control/fail", {"route": "instagram.web_tagged", "fault": "login_redirect", "times": 5})
    listen(now)
    assert Mention.objects.count() == 1
    assert [s.via for s in Source.objects.exclude(failure="")] == ["web"]


def test_two_readers_never_read_one_source_at_once(town: Town, accounts: Any, now: datetime) -> None:
    source = Source.objects.filter(account__key="x").first()
    assert source is not None
    Source.objects.filter(pk=source.pk).update(leased_until=now + timedelta(seconds=60))
    assert hear(source.pk, now) is None
    assert hear(source.pk, now + timedelta(seconds=61)) is not None


def test_a_wrong_token_is_a_matter_of_credentials(
    town: Town, accounts: Any, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for account in accounts.values():
        wrong_ones = ("bearer_token", "access_token", "application_password")
        account.keep_secrets(dict.fromkeys(wrong_ones, "salah"))
        account.save()
    listen(now)
    # Instagram mentions come by webhook: nothing is asked for them.
    wrong = Source.objects.exclude(via="web").exclude(account__key="instagram", kind="mention")
    assert {source.failure for source in wrong} == {"credentials"}


def test_what_x_no_longer_lists_behind_its_800_mentions_is_stated_as_lost(
    accounts: Any, settings: Any, tmp_path: Path
) -> None:
    capped = Town(free_port("127.0.0.1", 0), [], tmp_path / "town.log")
    try:
        capped.wait_ready()
        settings.STAND_IN = capped.base
        source, at = Source.objects.get(account__key="x", kind="mention"), timezone.now()
        old = (at - timedelta(hours=5)).isoformat()
        say(capped, "x", "mention", "sebelum ramai", id="lama", created_at=old)
        assert hear(source.pk, at - timedelta(hours=3))
        assert not Gap.objects.filter(state=GapState.LOST).exists()
        rows = [
            {"channel": "x", "how": "mention", "text": f"ramai {n}", "author": "eni", "id": f"r{n}"}
            for n in range(850)
        ]
        assert capped.load(rows) == []
        heard = hear(source.pk, at)
        assert heard is not None
        assert (heard.new, heard.trouble) == (800, "")
        lost = Gap.objects.get(state=GapState.LOST)
        assert (lost.since, lost.until) == (at - timedelta(hours=3), at)
        assert "800" in lost.why
        assert hear(source.pk, at + timedelta(minutes=5)) is not None
        assert Gap.objects.filter(state=GapState.LOST).count() == 1
    finally:
        capped.close()
