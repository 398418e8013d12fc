"""A gap is read again on request, as far as the platform still gives it; a long pass keeps its lease."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from channels.rewind import rewound
from channels.watermark import too_old
from config.town import Town
from ledger import points
from ledger.models import Event
from monitor.backfill import CannotBackfill, backfill
from monitor.coverage import lose
from monitor.hear import hear
from monitor.models import Brake, Gap, GapState, Mention, Pass, Source
from tests.contract.test_coverage import source
from tests.contract.test_hearing import listen, say, say_many

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _nobody_listens() -> Iterator[None]:
    yield
    points.listen(None)


# --- reading again


@pytest.mark.parametrize(
    ("key", "kind"), [("x", "mention"), ("x", "keyword"), ("facebook", "mention"), ("facebook", "comment")]
)
def test_what_fell_behind_the_cursor_is_read_again_and_nothing_twice(
    key: str, kind: str, town: Town, accounts: Any
) -> None:
    now = timezone.now()
    ids = say_many(town, key, kind, [f"p{n}" for n in range(130)])
    one = source(key, kind)
    hear(one.pk, now)
    assert Mention.objects.count() == 130
    kept = set(Mention.objects.order_by("id").values_list("external_id", flat=True)[:50])
    Mention.objects.exclude(external_id__in=kept).delete()
    found = backfill(one.pk, now - 2 * DAY, now, now)
    assert found.new == 80
    assert "80 sebutan baru." in found.sentence
    again = backfill(one.pk, now - 2 * DAY, now, now + HOUR)
    assert again.new == 0
    assert set(Mention.objects.values_list("external_id", flat=True)) == ids


def test_an_open_gap_is_filled_and_who_asked_is_noted(
    town: Town, accounts: Any, people: Any, now: datetime
) -> None:
    listen(now)
    town.post("/control/fail", {"route": "x.mentions", "fault": "error_503"})
    listen(now + HOUR)
    gap = Gap.objects.get(state=GapState.OPEN)
    say(town, "x", "mention", "jalan rusak", id="1")
    found = backfill(gap.source_id, gap.since, now + 2 * HOUR, now + 2 * HOUR, people["rina"])
    assert found.filled
    assert found.sentence == "1 sebutan baru. Celah tertutup."
    gap.refresh_from_db()
    assert gap.state == GapState.FILLED
    event = Event.objects.get(kind="source.backfilled")
    assert (event.actor, event.data["new"]) == (people["rina"], 1)


def test_what_search_no_longer_gives_is_said_to_be_lost(town: Town, accounts: Any, now: datetime) -> None:
    one = source("x", "keyword")
    hear(one.pk, now)
    back = now + 10 * DAY
    found = backfill(one.pk, now, back, back)
    assert found.lost_until == back - 7 * DAY
    assert "hilang" in found.sentence
    lost = Gap.objects.get(source=one, state=GapState.LOST)
    assert lost.until == back - 7 * DAY
    assert lost.until is not None
    with pytest.raises(CannotBackfill, match="7 hari terakhir"):
        backfill(one.pk, lost.since, lost.until, back)
    assert Gap.objects.get(pk=lost.pk).state == GapState.LOST


def test_what_a_source_itself_no_longer_gives_stays_lost(town: Town, accounts: Any, now: datetime) -> None:
    one = source("facebook", "mention")
    listen(now)
    lose(one, now + HOUR, "Umpan hanya memuat sepuluh butir terbaru.")
    found = backfill(one.pk, now - DAY, now + HOUR, now + 2 * HOUR)
    assert "tercatat hilang" in found.sentence
    assert Gap.objects.filter(source=one, state=GapState.LOST).exists()


def test_a_stream_is_caught_up_by_the_engine(town: Town, accounts: Any, now: datetime) -> None:
    one = source("x", "keyword")
    Source.objects.filter(pk=one.pk).update(
        via="stream", due_at=now + HOUR, cursor={"newest": "1700000000000000000"}
    )
    found = backfill(one.pk, now - DAY, now, now)
    assert "bacaan berikutnya" in found.sentence
    one.refresh_from_db()
    assert one.due_at is None
    assert Pass.objects.count() == 0


def test_a_pass_that_fails_leaves_the_gap_open_and_says_why(town: Town, accounts: Any, now: datetime) -> None:
    one = source("x", "mention")
    town.post("/control/fail", {"route": "x.mentions", "fault": "error_503", "times": 5})
    found = backfill(one.pk, now - DAY, now, now)
    assert not found.filled
    assert "Belum lengkap" in found.sentence
    assert Gap.objects.filter(source=one, state=GapState.OPEN).exists()


def test_nobody_reads_what_another_reads_and_rest_is_respected(
    town: Town, accounts: Any, now: datetime
) -> None:
    one = source("x", "mention")
    Source.objects.filter(pk=one.pk).update(
        leased_until=now + HOUR, fence=7, cursor={"newest": "1700000000000000000"}
    )
    with pytest.raises(CannotBackfill, match="sedang dibaca"):
        backfill(one.pk, now - DAY, now, now)
    one.refresh_from_db()
    assert (one.fence, one.cursor) == (7, {"newest": "1700000000000000000"})
    Source.objects.filter(pk=one.pk).update(leased_until=None)
    Brake.objects.create(account=accounts["x"], until=now + HOUR, why="Pemakaian 95 %")
    with pytest.raises(CannotBackfill, match="beristirahat"):
        backfill(one.pk, now - DAY, now, now)
    Source.objects.filter(pk=one.pk).update(enabled=False)
    with pytest.raises(CannotBackfill, match="dimatikan"):
        backfill(one.pk, now - DAY, now, now)


def test_the_money_of_the_month_is_respected(town: Town, accounts: Any, now: datetime, settings: Any) -> None:
    settings.HEARING = {**settings.HEARING, "budget": {**settings.HEARING["budget"], "x_month": 0.1}}
    say_many(town, "x", "keyword", [f"k{n}" for n in range(30)])
    hear(source("x", "keyword").pk, now)
    with pytest.raises(CannotBackfill, match="Anggaran"):
        backfill(source("x", "keyword").pk, now - DAY, now, now)


@given(seconds=st.integers(1_325_376_000, 1_893_456_000))
def test_a_cursor_is_never_put_forward(seconds: int) -> None:
    since = datetime.fromtimestamp(seconds, UTC)
    known = {"newest": "1700000000000000000"}
    assert int(rewound("x", known, since)["newest"]) <= int(known["newest"])
    mark = {"newest": "2026-11-24T03:00:00+00:00"}
    assert datetime.fromisoformat(rewound("facebook", mark, since)["newest"]) <= datetime(
        2026, 11, 24, 3, tzinfo=UTC
    )
    threads = {"threads": {"1": {"count": 3, **mark}}, "whole": True, "round": 4}
    back = rewound("facebook", threads, since)
    assert back["threads"]["1"]["count"] is None
    assert (back["whole"], back["round"]) == (not too_old(since), 4)


def test_a_cursor_of_an_unknown_form_is_emptied(now: datetime) -> None:
    assert rewound("website", {"etag": "abc"}, now) == {}
    assert rewound("x", {"newest": "1700000000000000000"}, None) == {}


# --- the command


def test_the_command_reads_a_source_by_its_name(town: Town, accounts: Any) -> None:
    say(town, "x", "mention", "jalan rusak", id="1")
    out = StringIO()
    yesterday = (timezone.now() - DAY).date().isoformat()
    call_command("backfill", "x/mention", "--since", yesterday, stdout=out)
    assert "x/mention: 1 sebutan baru." in out.getvalue()
    call_command("backfill", str(source("x", "mention").pk), "--since", yesterday, stdout=out)
    assert out.getvalue().endswith("0 sebutan baru. Celah tertutup.\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["x/tidakada", "--since", "2026-11-20"], "Tidak ada sumber 'x/tidakada'"),
        (["x/mention", "--since", "kemarin"], "bukan tanggal"),
        (["x/mention", "--since", "2026-11-20", "--until", "2026-11-19"], "sebelum akhirnya"),
        (["x/mention", "--since", "2999-01-01", "--until", "2999-01-02"], "belum terjadi"),
    ],
)
def test_a_wrong_command_is_answered_with_a_sentence(
    arguments: list[str], words: str, town: Town, accounts: Any
) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("backfill", *arguments)


# --- the button


def client_of(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_rina_reads_a_gap_again_from_the_page_and_others_may_not(
    town: Town, accounts: Any, people: Any
) -> None:
    now = timezone.now()
    listen(now - HOUR)
    town.post("/control/fail", {"route": "x.mentions", "fault": "error_503"})
    listen(now)
    gap = Gap.objects.get(source=source("x", "mention"), state=GapState.OPEN)
    address = reverse("gap_again", args=[gap.pk])
    for name in ("wati", "tono", "sari", "eka"):
        assert client_of(people[name]).post(address).status_code == 403
    assert "Baca ulang celah ini" not in client_of(people["wati"]).get(reverse("coverage")).content.decode()
    rina = client_of(people["rina"])
    assert rina.get(address).status_code == 405
    assert "Baca ulang celah ini" in rina.get(reverse("coverage")).content.decode()
    page = rina.post(address, follow=True).content.decode()
    assert "0 sebutan baru. Celah tertutup." in page
    gap.refresh_from_db()
    assert gap.state == GapState.FILLED
    assert rina.post(reverse("gap_again", args=[999])).status_code == 404


# --- leases


def test_a_long_pass_renews_its_lease_at_every_page(town: Town, accounts: Any) -> None:
    now = timezone.now()
    say_many(town, "x", "mention", [f"m{n}" for n in range(250)])
    one = source("x", "mention")
    seen: list[datetime | None] = []

    def at(point: str) -> None:
        if point == "hear.page_read":
            seen.append(Source.objects.get(pk=one.pk).leased_until)
            # As if the page had taken nearly all of the lease.
            Source.objects.filter(pk=one.pk).update(leased_until=now + timedelta(seconds=1))

    points.listen(at)
    heard = hear(one.pk, now)
    assert heard is not None
    assert heard.new == 250
    assert len(seen) == 3
    assert all(until is not None and until >= now + timedelta(seconds=300) for until in seen)


def test_a_pass_that_lost_its_lease_stops_calmly_and_leaves_the_cursor_to_the_other(
    town: Town, accounts: Any
) -> None:
    now = timezone.now()
    say_many(town, "facebook", "mention", [f"m{n}" for n in range(250)])
    one = source("facebook", "mention")

    def at(point: str) -> None:
        if point == "hear.page_read":
            points.listen(None)
            Source.objects.filter(pk=one.pk).update(fence=99, leased_until=now + HOUR, cursor={"newest": "a"})

    points.listen(at)
    heard = hear(one.pk, now)
    assert heard is not None
    assert "diambil alih" in heard.trouble
    assert 0 < heard.new < 250
    one.refresh_from_db()
    assert (one.fence, one.leased_until, one.cursor) == (99, now + HOUR, {"newest": "a"})
    assert (one.failure, one.last_ok_at) == ("", None)
    assert not Gap.objects.exists()
    assert not Pass.objects.exists()


def test_a_comment_under_a_post_older_than_the_usual_window_is_heard_when_asked_for(
    town: Town, accounts: Any
) -> None:
    now = timezone.now()
    old = (now - 50 * DAY).isoformat()
    say(town, "facebook", "mention", "kiriman lama", id="lama", created_at=old)
    between = {
        "channel": "facebook",
        "how": "mention",
        "author": "eni",
        "created_at": (now - 40 * DAY).isoformat(),
    }
    # A page of posts is always looked at whole; the old one stands on the third.
    assert town.load([{**between, "text": f"lain {n}", "id": f"l{n}"} for n in range(220)]) == []
    one = source("facebook", "comment")
    hear(one.pk, now)
    at = (now - 45 * DAY).isoformat()
    say(town, "facebook", "comment", "komentar di bawahnya", id="k", parent="lama", created_at=at)
    hear(one.pk, now + HOUR)
    assert not Mention.objects.exists()
    found = backfill(one.pk, now - 60 * DAY, now, now + 2 * HOUR)
    assert (found.new, found.trouble) == (1, "")
