"""What appeared is proven, chained, read back, and a difference comes before a person."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from channels.contract import Shows
from config.town import Town
from publisher.archive import (
    as_approved,
    complete,
    differences,
    due_read_backs,
    keep_proof,
    mark_seen,
    normal,
    read_back,
    read_back_one,
    verify,
)
from publisher.models import Act, Delivery, DeliveryState, Proof, ReadBack, Result
from tests.unit.spoken import TEXT, announcement, delivery, said


@pytest.fixture
def one(accounts: Any, people: Any, now: datetime) -> Delivery:
    return delivery(announcement(people, now), accounts["x"], now)


@pytest.mark.django_db
class TestTheChain:
    def test_a_proof_says_what_where_and_when(self, one: Delivery, now: datetime) -> None:
        assert keep_proof(one, "published", now)
        row = Proof.objects.get()
        assert (row.number, row.what, row.channel, row.text, row.at) == (1, "published", "x", TEXT, now)
        assert (row.permalink, row.title, row.same) == (one.permalink, one.announcement.title, None)
        assert verify() is None

    def test_the_words_of_an_article_are_kept_without_their_marks(
        self, accounts: Any, people: Any, now: datetime
    ) -> None:
        keep_proof(delivery(announcement(people, now), accounts["web_pemkot"], now), "published", now)
        assert Proof.objects.get().text == "Air mati di Jatiasih, pukul 10–12.\n\nTampung air hari ini."

    def test_instagram_keeps_the_hash_of_its_card(self, accounts: Any, people: Any, now: datetime) -> None:
        keep_proof(delivery(announcement(people, now), accounts["instagram"], now), "published", now)
        assert len(Proof.objects.get().media_sha256) == 64

    @pytest.mark.parametrize(
        "change",
        [
            {"text": "Air tidak mati"},
            {"permalink": "https://x.com/lain"},
            {"same": True},
            {"what": "retracted"},
            {"media_sha256": "0" * 64},
            {"at": datetime.fromisoformat("2026-11-24T03:00:01+00:00")},
        ],
    )
    def test_any_change_is_found_at_its_row(
        self, one: Delivery, now: datetime, change: dict[str, Any]
    ) -> None:
        for _time in range(5):
            keep_proof(one, "published", now)
        assert verify() is None
        Proof.objects.filter(number=3).update(**change)
        assert verify() == 3

    def test_a_row_that_was_taken_out_is_found(self, one: Delivery, now: datetime) -> None:
        for _time in range(4):
            keep_proof(one, "published", now)
        Proof.objects.filter(number=2).delete()
        assert verify() == 2

    def test_an_end_that_was_cut_off_is_found(self, one: Delivery, now: datetime) -> None:
        for _time in range(4):
            keep_proof(one, "published", now)
        Proof.objects.filter(number=4).delete()
        assert verify() == 4

    def test_a_delivery_moved_to_another_announcement_is_found(
        self, one: Delivery, people: Any, now: datetime
    ) -> None:
        keep_proof(one, "published", now)
        Delivery.objects.update(announcement=announcement(people, now, 2))
        assert verify() == 1

    def test_letters_that_a_database_refuses_do_not_cost_the_proof(
        self, one: Delivery, now: datetime
    ) -> None:
        assert keep_proof(one, "read_back", now, shown=Shows("air\x00 mati \ud83d"), same=False)
        assert verify() is None

    def test_what_cannot_be_proven_now_does_not_fail_the_receipt(self, one: Delivery, now: datetime) -> None:
        with transaction.atomic():
            Delivery.objects.filter(pk=one.pk).update(trouble="ditulis")
            assert not keep_proof(one, "a word that is far too long for its column " * 20, None)  # type: ignore[arg-type]  # broken on purpose
        one.refresh_from_db()
        assert one.trouble == "ditulis"

    def test_what_was_missed_is_completed_once(self, one: Delivery, now: datetime) -> None:
        assert complete(now) == 1
        assert complete(now) == 0
        assert Proof.objects.get().at == one.published_at


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_make_one_chain_without_a_gap(accounts: Any, people: Any, now: datetime) -> None:
    rows = [delivery(announcement(people, now, number), accounts["x"], now) for number in range(8)]
    start = threading.Barrier(4)

    def work(mine: list[Delivery]) -> None:
        start.wait()
        for row in mine:
            with transaction.atomic():
                Delivery.objects.filter(pk=row.pk).update(trouble="")
                keep_proof(row, "published", now)
        connection.close()

    threads = [threading.Thread(target=work, args=(rows[number::4],)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    complete(now)
    assert list(Proof.objects.order_by("number").values_list("number", flat=True)) == [*range(1, 9)]
    assert set(Proof.objects.values_list("delivery_id", flat=True)) == {row.pk for row in rows}
    assert verify() is None


@pytest.mark.django_db
class TestPlans:
    def test_it_is_read_back_after_minutes_and_after_a_day(self, one: Delivery, now: datetime) -> None:
        keep_proof(one, "published", now)
        assert due_read_backs(now + timedelta(minutes=4)) == []
        assert due_read_backs(now + timedelta(minutes=5)) == [(one.pk, one.account_id)]
        assert Result.objects.get().next_at == now + timedelta(minutes=10)

    def test_a_correction_in_place_ends_the_looks_at_the_earlier_words_only(
        self, accounts: Any, people: Any, now: datetime
    ) -> None:
        made = announcement(people, now)
        first = delivery(made, accounts["facebook"], now)
        keep_proof(first, "published", now)
        second = delivery(made, accounts["facebook"], now, version=2, act=Act.CORRECT, about=first)
        keep_proof(second, "corrected", now)
        assert ReadBack.objects.get(delivery=first).next_at is None
        assert ReadBack.objects.get(delivery=second).next_at is not None
        assert list(Result.objects.values_list("delivery_id", flat=True)) == [first.pk]

    def test_a_withdrawal_ends_the_reading_of_numbers(
        self, accounts: Any, people: Any, now: datetime
    ) -> None:
        made = announcement(people, now)
        first = delivery(made, accounts["x"], now)
        keep_proof(first, "published", now)
        gone = delivery(made, accounts["x"], now, act=Act.RETRACT, about=first, state=DeliveryState.RETRACTED)
        keep_proof(gone, "retracted", now)
        assert Result.objects.get().next_at is None


class TestTheSameWords:
    @pytest.mark.parametrize(
        ("sent", "shown"),
        [
            ("Air “mati”\n\nhari ini", 'Air "mati" hari ini'),
            ("Lihat https://www.bekasikota.go.id/air/", "Lihat bekasikota.go.id/air"),
            ("10--12 ... selesai", "10–12 … selesai"),
            ("A &amp; B", "A & B"),
        ],
    )
    def test_what_a_channel_sets_differently_is_no_difference(self, sent: str, shown: str) -> None:
        assert normal(sent) == normal(shown)

    def test_another_word_is_one(self) -> None:
        assert normal("pukul 10") != normal("pukul 11")


@pytest.mark.django_db
class TestReadBack:
    @pytest.fixture
    def now(self) -> datetime:
        """The town lives at the real time."""
        return timezone.now()

    @pytest.mark.parametrize("key", ["x", "facebook", "web_pemkot"])
    def test_what_stands_there_is_proven_again(
        self, key: str, town: Town, accounts: Any, people: Any, now: datetime
    ) -> None:
        row = said(announcement(people, now), accounts[key], now)
        keep_proof(row, "published", now)
        assert read_back(now + timedelta(minutes=6)) == 1
        proof = Proof.objects.get(what="read_back")
        assert (proof.same, bool(proof.text), proof.number) == (True, True, 2)
        assert differences() == []
        assert read_back(now + timedelta(hours=2)) == 0
        assert read_back(now + timedelta(days=1, minutes=1)) == 1
        assert ReadBack.objects.get().next_at is None
        assert verify() is None

    def test_a_post_that_was_changed_comes_before_a_person(
        self, town: Town, accounts: Any, people: Any, now: datetime
    ) -> None:
        row = said(announcement(people, now), accounts["x"], now)
        keep_proof(row, "published", now)
        town.post(
            "/control/edit", {"channel": "x", "id": row.remote_id, "text": "Air tidak mati. KTG-0000A1"}
        )
        read_back(now + timedelta(minutes=6))
        assert Proof.objects.get(what="read_back").same is False
        look = differences()[0]
        row.refresh_from_db()
        assert "berbeda dari yang disetujui" in row.trouble
        assert row.trouble == look.trouble
        assert mark_seen(look, people["budi"], now)
        row.refresh_from_db()
        assert (row.trouble, differences()) == ("", [])
        # The same difference a day later is no news.
        read_back(now + timedelta(days=1, minutes=1))
        assert differences() == []

    def test_a_post_that_vanished_comes_before_a_person(
        self, town: Town, accounts: Any, people: Any, now: datetime
    ) -> None:
        row = said(announcement(people, now), accounts["facebook"], now)
        keep_proof(row, "published", now)
        town.post("/control/delete", {"channel": "facebook", "id": row.remote_id})
        read_back(now + timedelta(minutes=6))
        assert "tidak ada lagi" in differences()[0].trouble

    def test_a_channel_that_does_not_answer_is_asked_again_later(
        self, town: Town, accounts: Any, people: Any, now: datetime
    ) -> None:
        row = said(announcement(people, now), accounts["facebook"], now)
        keep_proof(row, "published", now)
        town.post("/control/fail", {"route": "facebook.object", "fault": "rate_limited"})
        later = now + timedelta(minutes=6)
        assert not read_back_one(row.pk, later)
        again = ReadBack.objects.get().next_at
        assert again is not None
        assert again > later
        assert Proof.objects.filter(what="read_back").count() == 0
        assert read_back_one(row.pk, again)

    def test_two_readers_read_once(self, town: Town, accounts: Any, people: Any, now: datetime) -> None:
        row = said(announcement(people, now), accounts["x"], now)
        keep_proof(row, "published", now)
        later = now + timedelta(minutes=6)
        assert [read_back_one(row.pk, later), read_back_one(row.pk, later)] == [True, False]

    def test_a_withdrawn_post_is_to_be_gone(self, accounts: Any, people: Any, now: datetime) -> None:
        made = announcement(people, now)
        first = delivery(made, accounts["x"], now)
        gone = delivery(made, accounts["x"], now, act=Act.RETRACT, about=first, state=DeliveryState.RETRACTED)
        assert as_approved(gone, None)
        assert not as_approved(gone, Shows(TEXT))
        assert not as_approved(first, None)

    def test_a_withdrawn_article_says_so_at_its_address(
        self, accounts: Any, people: Any, now: datetime
    ) -> None:
        site = accounts["web_pemkot"]
        gone = delivery(announcement(people, now), site, now, act=Act.RETRACT, reason="Jadwalnya keliru.")
        assert as_approved(gone, Shows("Pengumuman ini ditarik pada 24 November. Jadwalnya keliru."))
        assert not as_approved(gone, None)
