"""Meta's 30 hashtags in seven days are counted before we ask, across sources and processes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from channels.graph import Graph
from channels.hashtags import MOST, WEEK, use_hashtag
from channels.models import Account, HashtagUse
from config.ports import free_port
from config.town import Town
from monitor.hear import hear
from monitor.models import Mention, Source

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(accounts: dict[str, Account]) -> Source:
    return Source.objects.get(account__key="instagram", kind="hashtag")


def asked(town: Town) -> int:
    return int(town.get("/control/requests")["counts"].get("instagram.hashtag_search", 0))


def test_a_hashtag_is_looked_up_once_and_counted_once(town: Town, source: Source, now: datetime) -> None:
    town.post("/control/say", {"channel": "instagram", "how": "hashtag", "text": "#bekasi", "author": "a"})
    hear(source.pk, now)
    hear(source.pk, now + timedelta(hours=1))
    other = Source.objects.create(account=source.account, kind="hashtag", query="#Bekasi")
    hear(other.pk, now + timedelta(hours=2))
    assert Mention.objects.count() == 1
    assert asked(town) == 2  # once for each source: each keeps the number in its own cursor
    assert list(HashtagUse.objects.values_list("tag", flat=True)) == ["bekasi"]
    source.refresh_from_db()
    assert source.failure == ""
    assert source.cursor["hashtag"]


def test_the_thirty_first_is_refused_before_any_call_with_the_day_on_which_a_place_is_free(
    town: Town, source: Source, now: datetime
) -> None:
    began = datetime.now(UTC) - timedelta(days=3)
    for number in range(MOST):
        use_hashtag(source.account, f"tagar{number}", began + timedelta(hours=number))
    hear(source.pk, now)
    source.refresh_from_db()
    assert asked(town) == 0
    assert source.failure == "later"
    assert source.due_at == began + WEEK
    assert f"{began + WEEK + timedelta(hours=7):%d-%m-%Y}" in source.trouble
    use_hashtag(source.account, "#TAGAR7", datetime.now(UTC))  # one of the thirty: no new place


def test_places_become_free_after_seven_days_and_the_count_begins_anew(accounts: dict[str, Account]) -> None:
    account, now = accounts["instagram"], datetime.now(UTC)
    for number in range(MOST):
        use_hashtag(account, f"tagar{number}", now - WEEK - timedelta(minutes=1))
    use_hashtag(account, "baru", now)
    use_hashtag(account, "tagar0", now)
    assert HashtagUse.objects.filter(since=now).count() == 2


def test_where_meta_counts_more_than_we_do_its_own_list_is_taken_over(
    source: Source, now: datetime, settings: Any, tmp_path: Path
) -> None:
    strict = Town(
        free_port("127.0.0.1", 0), [], tmp_path / "town.log"
    )  # one that keeps the platforms' limits
    try:
        strict.wait_ready()
        settings.STAND_IN = strict.base
        another = Graph(source.account.secret("access_token"))
        for number in range(MOST):
            another.get("ig_hashtag_search", user_id=source.account.setting("user_id"), q=f"lain{number}")
        hear(source.pk, now)
    finally:
        strict.close()
    source.refresh_from_db()
    assert source.failure == "later"
    assert "program lain" in source.trouble
    assert source.due_at == now + timedelta(days=1)
    assert HashtagUse.objects.filter(account=source.account, tag__startswith="lain").count() == MOST
    tomorrow = datetime.now(UTC) + timedelta(days=1, minutes=1)
    use_hashtag(source.account, "baru", tomorrow)
