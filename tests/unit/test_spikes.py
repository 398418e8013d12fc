"""Spikes against simulated months: quiet ones stay quiet, a flood is found within the hour, shouting is no spike."""

import itertools
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import exp
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import hours, spikes
from cases.act import NotAllowed
from cases.baseline import baseline, hour_of_week, spread_of, tail
from cases.models import HourCount, Spike
from cases.spikes import look_after, stands_out
from channels.models import Account
from classifiers.models import Verdict
from ledger.chain import timeline
from ledger.models import Person
from ledger.roles import Role, give
from monitor.models import Mention, Source

WIB = ZoneInfo("Asia/Jakarta")
#: A Tuesday, 10.00 in Bekasi.
NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)
_numbers = itertools.count()


def usual_of(here: datetime) -> float:
    """Accounts an hour of an invented city: nights are silent, evenings loud, Sundays half."""
    by_hour = 0.3 if here.hour < 5 else 3.0 if here.hour < 17 else 5.0
    return by_hour * (0.5 if here.weekday() == 6 else 1.0)


def simulated(until: datetime, weeks: int, seed: int, *, scatter: float = 1.5) -> dict[datetime, int]:
    """Hours of a quiet city before ``until``, more scattered than chance (a gamma mixture of Poisson counts)."""
    dice = random.Random(seed)
    size = int(weeks * 168)
    return {
        hour: drawn(dice, usual_of(hour.astimezone(WIB)), scatter)
        for hour in (until - n * HOUR for n in range(size, 0, -1))
    }


def drawn(dice: random.Random, mean: float, scatter: float = 1.5) -> int:
    rate = dice.gammavariate(mean / (scatter - 1), scatter - 1)
    count, product = 0, dice.random()
    while product > exp(-rate):
        product *= dice.random()
        count += 1
    return count


@pytest.mark.parametrize("scatter", [1.2, 1.5, 2.5])
def test_a_quiet_month_of_ten_scopes_has_at_most_one_false_alarm(scatter: float) -> None:
    """6,720 hours, more scattered than chance, each against the weeks before it."""
    alarms = 0
    for seed in range(10):
        known = simulated(NOW, 12, seed, scatter=scatter)
        for hour in (NOW - n * HOUR for n in range(28 * 24, 0, -1)):
            if known[hour] >= 8:
                before = {at: n for at, n in known.items() if at < hour}
                base = baseline(before, hour, WIB, 8)
                alarms += base is not None and stands_out(known[hour], base)
    assert alarms <= 1


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_a_flood_stands_out_at_any_hour_of_the_week(seed: int) -> None:
    known = simulated(NOW, 9, seed)
    for hour in (NOW + n * 7 * HOUR for n in range(24)):
        base = baseline({at: n for at, n in known.items() if at < hour}, hour, WIB, 8)
        assert base is not None
        assert stands_out(40, base)


def test_last_weeks_flood_does_not_hide_the_next_one() -> None:
    known = simulated(NOW, 9, 7)
    for n in range(4):
        known[NOW - timedelta(days=7) + n * HOUR] = 60
    base = baseline(known, NOW, WIB, 8)
    assert base is not None
    assert base.mean < 6
    assert stands_out(45, base)


def test_ramadan_is_news_for_two_nights_at_most() -> None:
    """Sahur: what slept at three o'clock now speaks; from the third night on that is the usual."""
    dice, known = random.Random(4), simulated(NOW, 9, 4)
    sahur = datetime(2026, 11, 24, 20, tzinfo=UTC)  # 03.00 in Bekasi
    alarms = []
    for night in range(10):
        for hour in (sahur + timedelta(days=night) + n * HOUR for n in (-1, 0, 1)):
            seen = 14 + dice.randrange(3)
            base = baseline({at: n for at, n in known.items() if at < hour}, hour, WIB, 8)
            if base is not None and stands_out(seen, base):
                alarms.append(night)
            known[hour] = seen
    assert set(alarms) <= {0, 1}


def test_the_hour_of_the_week_is_that_of_the_city() -> None:
    assert (
        hour_of_week(datetime(2026, 11, 22, 17, tzinfo=UTC), WIB) == 0
    )  # Monday 00.00 WIB, still Sunday in UTC
    assert hour_of_week(NOW, WIB) == 34


def test_sundays_are_compared_with_sundays() -> None:
    """In WIB the silent day begins at 17.00 UTC on Saturday."""
    known = {}
    for n in range(1, 8 * 168):
        hour = datetime(2026, 11, 22, 2, tzinfo=UTC) - n * HOUR  # before Sunday 09.00 WIB
        known[hour] = 0 if hour.astimezone(WIB).weekday() == 6 else 12
    base = baseline(known, datetime(2026, 11, 22, 2, tzinfo=UTC), WIB, 8)
    assert base is not None
    monday = baseline(known, datetime(2026, 11, 23, 2, tzinfo=UTC), WIB, 8)
    assert monday is not None
    assert base.mean < monday.mean


@given(st.integers(1, 400), st.floats(0.1, 300), st.floats(1, 12))
def test_a_chance_is_a_chance_and_falls_with_more(seen: int, mean: float, spread: float) -> None:
    first, second = tail(seen, mean, spread), tail(seen + 1, mean, spread)
    assert 0 <= second <= first + 1e-9 <= 1 + 2e-9


def test_the_tail_is_that_of_the_distribution() -> None:
    poisson = 1 - sum(exp(-2.0) * 2.0**k / [1, 1, 2, 6, 24][k] for k in range(5))
    assert tail(5, 2.0, 1.0) == pytest.approx(poisson, rel=1e-9)
    # size 2, spread 2: P(0) = 1/4, P(1) = 2 * 1/4 * 1/2
    assert tail(2, 2.0, 2.0) == pytest.approx(1 - 1 / 4 - 1 / 4, rel=1e-9)


@given(st.dictionaries(st.integers(1, 2000), st.integers(0, 500), max_size=60))
def test_any_history_gives_a_baseline_without_dividing_by_nothing(known: dict[int, int]) -> None:
    history = {NOW - n * HOUR: count for n, count in known.items()}
    base = baseline(history, NOW, WIB, 8)
    assert base is None or (base.mean > 0 and 1 <= base.spread <= 12)
    assert spread_of(history, NOW, WIB) >= 1


# Through the database: from mentions to what a person reads.


@pytest.fixture
def source(db: None) -> Source:
    account = Account.objects.create(key="x", channel="x", name="X @pemkot")
    return Source.objects.create(account=account, kind="mention")


@pytest.fixture
def known(source: Source) -> None:
    """Five quiet weeks: the city listened in every hour, and one account spoke in each."""
    HourCount.objects.bulk_create(
        HourCount(scope="all", hour=NOW - n * HOUR, posts=1, accounts=1) for n in range(5, 5 * 168)
    )


def say(
    source: Source,
    at: datetime,
    *,
    author: str = "",
    heard: datetime | None = None,
    copy_of: Mention | None = None,
    **judged: str,
) -> Mention:
    number = next(_numbers)
    mention = Mention.objects.create(
        channel="x",
        external_id=f"s{number}",
        source=source,
        text="Banjir selutut",
        author=author or f"@warga{number}",
        posted_at=at,
        heard_at=heard or at,
        unjudged=False,
        copy_of=copy_of,
    )
    fields = {"kind": "complaint", "topic": "banjir_drainase", "place": "Jatiasih", "urgency": "normal"}
    Verdict.objects.create(mention=mention, decision="forward", at=heard or at, **{**fields, **judged})
    return mention


def flood(source: Source, start: datetime, posts: int, **more: Any) -> list[Mention]:
    return [say(source, start + timedelta(minutes=n), **more) for n in range(posts)]


def test_a_flood_is_found_within_its_hour_and_told_in_numbers(source: Source, known: None) -> None:
    flood(source, NOW, 30)
    look_after(NOW + timedelta(minutes=35))
    scopes = set(Spike.objects.values_list("scope", flat=True))
    assert scopes == {"topic:banjir_drainase", "area:32.75.09"}  # "all" would say the same once more
    spike = Spike.objects.get(scope="topic:banjir_drainase")
    assert spike.observed == 30
    assert spike.told_at
    said = spikes.sentence(spike)
    assert "30 akun menulis tentang banjir dan drainase antara 10.00 dan 11.00 WIB" in said
    assert "Jatiasih (30)" in said
    assert [event.kind for event in timeline(spike.subject)] == ["spike.found", "spike.told"]
    assert len(spike.explanation["examples"]) == 3


def test_one_shouting_account_is_no_spike(source: Source, known: None) -> None:
    flood(source, NOW, 40, author="@ramai")
    look_after(NOW + timedelta(minutes=50))
    assert not Spike.objects.exists()


def test_forty_copies_of_one_text_are_no_spike(source: Source, known: None) -> None:
    first = say(source, NOW)
    flood(source, NOW, 40, copy_of=first)
    look_after(NOW + timedelta(minutes=50))
    assert not Spike.objects.exists()
    row = HourCount.objects.get(scope="topic:banjir_drainase", hour=NOW)
    assert (row.posts, row.copies, row.accounts) == (1, 40, 1)


def test_thanks_are_no_spike(source: Source, known: None) -> None:
    flood(source, NOW, 40, kind="appreciation")
    look_after(NOW + timedelta(minutes=50))
    assert not Spike.objects.exists()


def test_a_new_installation_says_that_it_knows_too_little(source: Source) -> None:
    flood(source, NOW, 40)
    look_after(NOW + timedelta(minutes=50))
    assert not Spike.objects.exists()
    assert spikes.days_until_ready(NOW) == 14


def test_counting_the_same_hour_again_changes_nothing(source: Source, known: None) -> None:
    flood(source, NOW, 20)
    now = NOW + timedelta(minutes=30)
    assert hours.count_recent(now) > 0
    before = list(HourCount.objects.order_by("pk").values())
    assert hours.count_recent(now) == 0
    assert list(HourCount.objects.order_by("pk").values()) == before


def test_a_post_heard_late_still_counts_and_one_heard_days_later_does_not(source: Source) -> None:
    say(source, NOW - 2 * HOUR, heard=NOW)
    say(source, NOW - timedelta(days=3), heard=NOW)
    hours.count_recent(NOW)
    assert list(HourCount.objects.filter(scope="all").values_list("hour", "posts")) == [(NOW - 2 * HOUR, 1)]


def test_a_rejudged_post_moves_to_its_new_topic(source: Source) -> None:
    mention = say(source, NOW)
    hours.count_recent(NOW)
    Verdict.objects.filter(mention=mention).update(topic="sampah")
    hours.count_recent(NOW)
    topics = HourCount.objects.filter(scope__startswith="topic:").values_list("scope", flat=True)
    assert list(topics) == ["topic:sampah"]


def test_silence_counts_only_where_the_city_listened(source: Source) -> None:
    hours.count_recent(NOW)
    assert not HourCount.objects.exists()
    Source.objects.update(last_ok_at=NOW + timedelta(minutes=1))
    hours.count_recent(NOW + timedelta(minutes=2))
    assert list(HourCount.objects.values_list("scope", "posts")) == [("all", 0)]


def test_the_history_heard_before_is_counted_piece_by_piece(source: Source) -> None:
    for day in range(1, 12):
        say(source, NOW - timedelta(days=day))
    looks = sum(hours.count_back(NOW) > 0 for _look in range(12))
    assert 1 < looks < 12
    assert sum(HourCount.objects.filter(scope="all").values_list("posts", flat=True)) == 11


def test_a_spike_ends_after_calm_hours_and_not_in_between(source: Source, known: None) -> None:
    flood(source, NOW, 30)
    look_after(NOW + timedelta(minutes=50))
    look_after(NOW + timedelta(minutes=130))  # one calm hour
    assert Spike.objects.filter(ended_at=None).count() == 2
    look_after(NOW + timedelta(minutes=190))
    assert not Spike.objects.filter(ended_at=None).exists()
    look_after(NOW + timedelta(minutes=195))  # its hour is still counted anew, and opens nothing again
    assert Spike.objects.count() == 2


def test_the_night_keeps_a_spike_until_the_morning(source: Source, known: None) -> None:
    night = NOW + timedelta(hours=13)  # 23.00 WIB
    flood(source, night, 30)
    look_after(night + timedelta(minutes=40))
    assert Spike.objects.exists()
    assert not spikes.waiting(night + HOUR).exists()
    morning = NOW + timedelta(hours=20)  # 06.00 WIB
    look_after(morning)
    assert spikes.waiting(morning).exists()


def test_an_emergency_in_it_is_told_at_night(source: Source, known: None) -> None:
    night = NOW + timedelta(hours=13)
    flood(source, night, 30)
    say(source, night + timedelta(minutes=20), urgency="emergency")
    look_after(night + timedelta(minutes=40))
    assert spikes.waiting(night + HOUR).filter(urgent=True).exists()


def test_what_one_person_has_seen_waits_for_nobody(source: Source, known: None) -> None:
    tono = Person.objects.create_user("tono", password="rahasia-123")
    give(tono, Role.OFFICER)
    flood(source, NOW, 30)
    now = NOW + timedelta(minutes=40)
    look_after(now)
    spike = Spike.objects.get(scope="topic:banjir_drainase")
    spikes.seen(spike, tono, now)
    assert spike not in spikes.waiting(now)
    with pytest.raises(NotAllowed):
        spikes.seen(spike, tono, now)


def test_a_million_mentions_are_not_read_each_minute(
    source: Source, known: None, django_assert_max_num_queries: Any
) -> None:
    flood(source, NOW, 5)
    look_after(NOW + timedelta(minutes=10))
    with django_assert_max_num_queries(14):
        look_after(NOW + timedelta(minutes=11))


@pytest.fixture(autouse=True)
def _indonesian() -> Iterator[None]:
    from django.utils.translation import override

    with override("id"):
        yield
