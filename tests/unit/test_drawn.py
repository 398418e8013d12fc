"""What an announcement drew: answers of citizens under its posts, and the cases opened from them."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from cases.drawn import drawn
from cases.open import open_waiting
from channels.models import Account, Receipt
from classifiers.models import Verdict
from ledger.models import Person
from ledger.roles import Role, give
from monitor.models import Mention, Source
from publisher import newsroom
from publisher.models import Announcement, AnnouncementState, Delivery, DeliveryState
from tests.unit.test_incidents import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def sari(db: None) -> Person:
    made = Person.objects.create_user("sari", password="rahasia-123")
    give(made, Role.AUTHOR)
    return made


@pytest.fixture
def published(sari: Person) -> Announcement:
    """One announcement on X and on Instagram, where its public id is the shortcode."""
    for key in ("x", "instagram"):
        account = Account.objects.create(key=key, channel=key, name=key.title())
        Source.objects.create(account=account, kind="mention")
    row = newsroom.draft("service_notice", {"headline": "Kabar", "body": "Isi"}, sari, NOON)
    for key, remote, public in (("x", "100", "100"), ("instagram", "9000", "ABC")):
        account = Account.objects.get(key=key)
        Delivery.objects.create(
            announcement=row,
            version=1,
            account=account,
            state=DeliveryState.PUBLISHED,
            due_at=NOON,
            published_at=NOON,
            remote_id=remote,
        )
        Receipt.objects.create(account=account, remote_id=remote, public_id=public, at=NOON)
    row.state, row.live_version = AnnouncementState.PUBLISHED, 1
    row.save()
    return row


def answer(channel: str, key: str, parent: str, minutes: int, kind: str = "complaint") -> Mention:
    at = NOON + timedelta(minutes=minutes)
    mention = Mention.objects.create(
        channel=channel,
        external_id=key,
        parent_id=parent,
        source=Source.objects.get(account__channel=channel),
        text="Sampah belum diangkut",
        author=f"@{key}",
        posted_at=at,
        heard_at=at,
        unjudged=False,
    )
    Verdict.objects.create(
        mention=mention,
        kind=kind,
        probability=0.9,
        decision="forward",
        topic="sampah",
        at=at,
        awaits_case=kind == "complaint",
    )
    return mention


def test_answers_are_counted_by_kind_channel_and_time(published: Announcement) -> None:
    answer("x", "a", "100", 10)
    answer("x", "b", "100", 90)
    answer("x", "c", "100", 60 * 30, "appreciation")
    answer("instagram", "d", "ABC", 20)
    open_waiting(NOON + timedelta(days=2))
    found = drawn(published)
    assert found.kinds == {"complaint": 3, "appreciation": 1}
    assert (found.complaints, len(found.cases)) == (3, 3)
    shown = {one.channel: (one.first_hour, one.first_day, one.all) for one in found.channels}
    assert shown == {"x": (1, 2, 3), "instagram": (1, 1, 1)}


def test_answers_to_answers_belong_to_it(published: Announcement) -> None:
    answer("x", "a", "100", 10, "other")
    answer("x", "b", "a", 12)
    assert {one.external_id for one in drawn(published).posts} == {"a", "b"}


def test_the_same_id_on_another_channel_is_another_post(published: Announcement) -> None:
    answer("instagram", "a", "100", 10)
    assert drawn(published).posts == []


def test_what_its_author_wants_only_kept_is_left_out(published: Announcement) -> None:
    mention = answer("x", "a", "100", 10)
    Mention.objects.filter(pk=mention.pk).update(restricted_at=NOON)
    assert drawn(published).posts == []


def test_a_draft_drew_nothing(sari: Person) -> None:
    row = newsroom.draft("service_notice", {"headline": "Kabar", "body": "Isi"}, sari, NOON)
    assert drawn(row).channels == []


def test_the_page_of_the_announcement_shows_it(published: Announcement, sari: Person) -> None:
    answer("x", "a", "100", 10)
    client = Client()
    client.force_login(sari, backend="django.contrib.auth.backends.ModelBackend")
    with override("id"):
        page = client.get(reverse("announcement", args=[published.pk])).content.decode()
    assert "Yang ditulis warga di bawahnya" in page
    assert "pengaduan 1" in page
