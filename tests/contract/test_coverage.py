"""What was not heard is known; what changed or went is followed; what costs is counted."""

import json
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from channels.contract import Failure, Gone, Meter, Post
from channels.http import _usages
from config.town import Town
from monitor.budget import month_spent, refusal, rest
from monitor.copies import fingerprint
from monitor.coverage import as_json
from monitor.hear import due_sources, hear
from monitor.models import Brake, Gap, Mention, Pass, Revision, Source, Spending
from monitor.recheck import accounts_to_check, recheck
from monitor.store import erase, keep
from tests.contract.test_hearing import listen, say, say_many

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def source(key: str, kind: str, via: str = "api") -> Source:
    return Source.objects.get(account__key=key, kind=kind, via=via)


# --- gaps


def test_a_failure_opens_a_gap_and_the_next_complete_pass_fills_it(
    town: Town, accounts: Any, now: datetime
) -> None:
    listen(now)
    town.post("/control/fail", {"route": "x.mentions", "fault": "error_503"})
    listen(now + HOUR)
    gap = Gap.objects.get(state="open")
    assert gap.source == source("x", "mention")
    assert (gap.since, gap.until) == (now, None)
    listen(now + 2 * HOUR)
    gap.refresh_from_db()
    assert (gap.state, gap.until) == ("filled", now + 2 * HOUR)


def test_a_first_pass_that_fails_has_a_gap_without_beginning(
    town: Town, accounts: Any, now: datetime
) -> None:
    town.post("/control/fail", {"route": "x.mentions", "fault": "error_503"})
    listen(now)
    assert Gap.objects.get(state="open").since is None


def test_what_the_platform_no_longer_gives_is_named_as_lost(town: Town, accounts: Any, now: datetime) -> None:
    listen(now)
    back = now + timedelta(days=10)
    listen(back)
    lost = Gap.objects.get(source=source("x", "keyword"), state="lost")
    assert (lost.since, lost.until) == (now, back - timedelta(days=7))
    filled = Gap.objects.get(source=source("x", "keyword"), state="filled")
    assert (filled.since, filled.until) == (lost.until, back)
    assert not Gap.objects.filter(source=source("facebook", "mention"), state="lost").exists()
    assert Gap.objects.filter(source=source("facebook", "mention"), state="filled").exists()


def test_a_pass_keeps_what_was_declared_against_what_came(town: Town, accounts: Any, now: datetime) -> None:
    say_many(town, "facebook", "comment", [f"c{n}" for n in range(30)])
    listen(now)
    made = Pass.objects.get(source=source("facebook", "comment"))
    assert (made.declared, made.received, made.new) == (30, 30, 30)


def test_a_source_that_fell_out_of_its_rhythm_is_silent(town: Town, accounts: Any, now: datetime) -> None:
    for hour in range(8):
        say(town, "x", "mention", f"keluhan {hour}", id=f"r{hour}")
        listen(now + hour * HOUR)
    later = now + 60 * HOUR
    listen(later)
    said = as_json(later)
    assert "x/mention" in said["silent"]
    assert as_json(now + 8 * HOUR)["silent"] == []


def test_the_command_prints_one_json_object(town: Town, accounts: Any, now: datetime) -> None:
    listen(now)
    out = StringIO()
    call_command("coverage", "--json", stdout=out)
    said = json.loads(out.getvalue())
    assert {"at", "complete", "silent", "sources", "x_spent_usd", "x_budget_usd"} <= set(said)
    assert len(said["sources"]) == Source.objects.count()
    out = StringIO()
    call_command("coverage", stdout=out)
    assert "x/mention" in out.getvalue()


# --- money and limits


def test_reading_x_is_priced_and_the_broad_search_stops_first(
    town: Town, accounts: Any, now: datetime, settings: Any
) -> None:
    settings.HEARING = {
        **settings.HEARING,
        "budget": {**settings.HEARING["budget"], "x_month": 1.0},
    }
    say_many(town, "x", "keyword", [f"k{n}" for n in range(130)])
    say_many(town, "x", "mention", [f"m{n}" for n in range(10)])
    listen(now)
    assert month_spent("x", now) == pytest.approx(130 * 0.005 + 10 * 0.001)
    listen(now + HOUR)
    keyword, mention = source("x", "keyword"), source("x", "mention")
    assert keyword.failure == Failure.LATER
    assert "Anggaran" in keyword.trouble
    assert keyword.due_at is not None
    assert keyword.due_at.isoformat() == "2026-12-01T00:00:00+00:00"
    assert Gap.objects.filter(source=keyword, state="open").exists()
    assert mention.failure == ""
    assert refusal(keyword, now + timedelta(days=10)) is None


def test_a_first_broad_search_does_not_spend_far_beyond_the_month(
    town: Town, accounts: Any, now: datetime, settings: Any
) -> None:
    settings.HEARING = {
        **settings.HEARING,
        "budget": {**settings.HEARING["budget"], "x_month": 1.0},
    }
    say_many(town, "x", "keyword", [f"k{n}" for n in range(600)])
    listen(now)
    keyword = source("x", "keyword")
    assert "Anggaran" in keyword.trouble
    assert month_spent("x", now) == pytest.approx(300 * 0.005)  # the page that used it up, and one more
    assert Gap.objects.filter(source=keyword, state="open").exists()


@pytest.mark.parametrize("fault", ["page_limit", "rate_limited"])
def test_a_limit_of_the_whole_account_rests_all_its_sources(
    fault: str, town: Town, accounts: Any, now: datetime
) -> None:
    town.post("/control/fail", {"route": "facebook.feed", "fault": fault, "times": 2})
    hear(source("facebook", "mention").pk, now)
    brake = Brake.objects.get()
    assert brake.account == accounts["facebook"]
    assert brake.until > now
    assert not [s for s in due_sources(now) if s.account_id == accounts["facebook"].pk]
    assert [s for s in due_sources(now) if s.account_id == accounts["instagram"].pk]
    assert [s for s in due_sources(brake.until) if s.account_id == accounts["facebook"].pk]


def test_usage_headers_are_read_in_both_forms() -> None:
    assert _usages('{"call_count": 28, "total_time": 25, "total_cputime": 25}')[0]["call_count"] == 28
    nested = '{"104": [{"type": "pages", "call_count": 97, "estimated_time_to_regain_access": 19}]}'
    assert _usages(nested)[1]["estimated_time_to_regain_access"] == 19
    assert _usages("not json") == []
    assert _usages("[1]") == []


def test_every_call_is_counted(town: Town, accounts: Any, now: datetime) -> None:
    say_many(town, "x", "mention", [f"m{n}" for n in range(250)])
    hear(source("x", "mention").pk, now)
    spent = Spending.objects.get()
    assert (spent.calls, spent.items) == (3, 250)
    assert Meter().calls == 0


def test_without_a_token_nothing_is_looked_at_for_an_hour_and_nothing_breaks(
    town: Town, accounts: Any, now: datetime
) -> None:
    say_many(town, "facebook", "mention", [f"m{n}" for n in range(130)])
    listen(now)
    page, later = accounts["facebook"], now + 25 * HOUR
    page.sealed_secrets, page.secret_names = b"", {"access_token": "TIDAK_ADA"}
    page.save()
    assert accounts_to_check(later) == [page.pk]
    assert page.missing_secrets() == ["TIDAK_ADA"]
    assert recheck(page.pk, later) == 0
    assert accounts_to_check(later) == []
    assert accounts_to_check(later + 2 * HOUR) == [page.pk]


def test_a_shorter_rest_does_not_end_a_longer_one(accounts: Any, now: datetime) -> None:
    rest(accounts["facebook"], Meter(rest=7200.0), None, now)
    rest(accounts["facebook"], Meter(used=95.0), None, now)
    assert Brake.objects.get().until == now + 2 * HOUR


# --- copies


def test_copies_by_others_are_folded_under_the_first_and_open_no_case(
    town: Town, accounts: Any, now: datetime
) -> None:
    from cases.models import Case
    from cases.open import open_waiting
    from classifiers.judge import judge_waiting

    words = "jalan di Jatiasih rusak parah berlubang, sudah tiga bulan tidak diperbaiki"
    say(town, "x", "mention", words, id="1", author="eni")
    listen(now)
    say(town, "x", "mention", f"RT @eni: {words} https://t.co/abc", id="2", author="oji")
    say(town, "facebook", "mention", words.upper() + "!!", id="3", author="Ibu Lastri")
    say(town, "x", "mention", words, id="4", author="eni")
    listen(now + HOUR)
    first = Mention.objects.get(author="eni", copy_of__isnull=True, heard_at=now)
    assert {copy.author for copy in first.copies.all()} == {"oji", "Ibu Lastri"}
    judge_waiting(now)
    open_waiting(now)
    assert Case.objects.filter(mention=first).exists()
    assert not Case.objects.filter(mention__copy_of=first).exists()
    assert Mention.objects.filter(author="eni", copy_of__isnull=True).count() == 2


def test_a_retweet_that_x_breaks_off_is_folded_under_the_post_that_it_passes_on(
    accounts: Any, now: datetime
) -> None:
    words = "jalan di Jatiasih rusak parah berlubang, sudah tiga bulan tidak diperbaiki"
    told = [
        Post("3", "RT @eni: jalan di Jatiasih rusak parah ber…", author="ujang", author_id="7", repeats="1"),
        Post("2", "RT @eni: jalan di Jatiasih rusak parah ber…", author="oji", author_id="6", repeats="1"),
        Post("1", words, author="eni", author_id="5"),
    ]
    keep(source("x", "mention"), told, now)
    keep(source("x", "mention"), [Post("9", "RT @a: lain", author="a", author_id="8", repeats="404")], now)
    first = Mention.objects.get(external_id="1")
    assert {copy.author for copy in first.copies.all()} == {"oji", "ujang"}
    assert Mention.objects.filter(copy_of__isnull=True).count() == 2


def test_a_matter_does_not_go_with_the_first_who_told_of_it(town: Town, accounts: Any, now: datetime) -> None:
    from cases.copies import free_copies
    from cases.models import Case
    from cases.open import open_waiting
    from classifiers.judge import judge_waiting

    words = "jalan di Jatiasih rusak parah berlubang, sudah tiga bulan tidak diperbaiki"
    say(town, "x", "mention", words, id="1", author="eni")
    listen(now)
    say(town, "x", "mention", f"RT @eni: {words}", id="2", author="oji")
    say(town, "x", "mention", f"RT @eni: {words}", id="3", author="ujang")
    listen(now + HOUR)
    erase(Mention.objects.get(author="eni"), Gone("dihapus penulisnya"), now)
    judge_waiting(now)
    assert free_copies(now) == 1
    assert free_copies(now) == 0
    judge_waiting(now)
    open_waiting(now)
    stands = Case.objects.get().mention
    assert stands.author in ("oji", "ujang")
    assert [copy.author for copy in stands.copies.all()] == [{"oji": "ujang", "ujang": "oji"}[stands.author]]


def test_a_copy_whose_words_are_changed_is_a_matter_of_its_own(
    town: Town, accounts: Any, now: datetime
) -> None:
    words = "jalan di Jatiasih rusak parah berlubang, sudah tiga bulan tidak diperbaiki"
    say(town, "facebook", "mention", words, id="1", author="eni")
    listen(now)
    number = say(town, "facebook", "mention", words, id="2", author="oji")
    listen(now + HOUR)
    copy = Mention.objects.get(external_id=number)
    assert copy.copy_of is not None
    town.post("/control/edit", {"channel": "facebook", "id": "2", "text": f"{words}!!"})
    listen(now + 2 * HOUR)
    copy.refresh_from_db()
    assert (copy.edits, copy.copy_of is None) == (1, False)
    other = "pohon tumbang menutup jalan di depan SDN 3 Jatiasih, mohon segera ditangani"
    town.post("/control/edit", {"channel": "facebook", "id": "2", "text": other})
    listen(now + 3 * HOUR)
    copy.refresh_from_db()
    assert (copy.text, copy.copy_of, copy.unjudged) == (other, None, True)


def test_short_texts_are_never_copies() -> None:
    assert fingerprint("banjir lagi di sini") == ""
    assert fingerprint("😡😡😡 ... !!!") == ""
    assert fingerprint("a b c d e f") == fingerprint("RT @x: A, b. c d  e f https://t.co/1")


# --- changes and deletions


def test_a_changed_post_keeps_its_earlier_wording_and_is_judged_again(
    town: Town, accounts: Any, now: datetime
) -> None:
    from classifiers.judge import judge_waiting
    from classifiers.models import Verdict

    number = say(town, "facebook", "mention", "hari ini cerah sekali ya teman-teman", id="e")
    listen(now)
    judge_waiting(now)
    town.post(
        "/control/edit",
        {"channel": "facebook", "id": "e", "text": "air PDAM mati sejak pagi, mohon diperbaiki"},
    )
    listen(now + HOUR)
    mention = Mention.objects.get(external_id=number)
    assert mention.text == "air PDAM mati sejak pagi, mohon diperbaiki"
    assert mention.edits == 1
    assert Revision.objects.get().text == "hari ini cerah sekali ya teman-teman"
    judge_waiting(now)
    assert Verdict.objects.get(mention=mention).kind == "complaint"


def test_an_x_post_that_was_edited_under_a_new_id_is_the_same_mention(
    town: Town, accounts: Any, now: datetime
) -> None:
    from channels.x import translate
    from monitor.store import keep

    posts = [
        {"id": "10", "text": "jalan rusk", "edit_history_tweet_ids": ["10"]},
        {"id": "11", "text": "jalan rusak", "edit_history_tweet_ids": ["10", "11"]},
    ]
    for post in posts:
        keep(source("x", "mention"), translate({"data": [post], "meta": {}}), now)  # type: ignore[arg-type]  # all are readable
    mention = Mention.objects.get()
    assert (mention.external_id, mention.text, mention.edits) == ("10", "jalan rusak", 1)


@pytest.mark.parametrize(
    ("channel", "how"),
    [("x", "mention"), ("facebook", "mention"), ("facebook", "comment"), ("instagram", "comment")],
)
def test_a_deletion_upstream_is_followed_within_a_day(
    channel: str, how: str, town: Town, accounts: Any, now: datetime
) -> None:
    gone = say(town, channel, how, "nama saya Eni, lampu mati", id="g")
    kept = say_many(town, channel, how, [f"s{n}" for n in range(70)])
    listen(now)
    town.post("/control/delete", {"channel": channel, "id": "g"})
    later = now + timedelta(hours=21)
    assert accounts_to_check(now + HOUR) == []
    for _ in range(3):
        for account in accounts_to_check(later):
            recheck(account, later)
    assert accounts_to_check(later) == []
    mention = Mention.objects.get(external_id=gone)
    assert (mention.text, mention.author, mention.permalink) == ("", "", "")
    assert mention.gone_at == later
    assert mention.gone_why
    assert Mention.objects.filter(external_id__in=kept, gone_at__isnull=True, checked_at=later).count() == 70


def test_single_passes_are_forgotten_after_their_days_and_gaps_are_kept(
    town: Town, accounts: Any, now: datetime
) -> None:
    from monitor.coverage import prune

    town.post("/control/fail", {"route": "x.mentions", "fault": "error_503"})
    listen(now)
    assert prune(now + timedelta(days=29)) == 0
    assert prune(now + timedelta(days=31)) == Source.objects.filter(enabled=True).count()
    assert Gap.objects.filter(state="open").exists()
