"""The archive searched and given away."""

import csv
import hashlib
import io
import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from publisher.archive import keep_proof
from publisher.evidence import drawable, evidence
from publisher.models import Proof, ReadBack
from publisher.records import Search, as_json, joined, proofs, register, register_columns
from publisher.sheets import to_csv
from tests.unit.spoken import announcement, delivery

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def proven(accounts: Any, people: Any, now: datetime) -> None:
    """Two announcements, a day apart; the first on X and a website."""
    people["sari"].office = "Analis Humas"
    people["sari"].save()
    first, second = (
        announcement(people, now),
        announcement(people, now, 2, ppid_class="berkala", title="=Pajak"),
    )
    for made, key, at in (
        (first, "x", now),
        (first, "web_pemkot", now),
        (second, "x", now + timedelta(days=1)),
    ):
        more = {"text": "Jatuh tempo pajak. KTG-0000A2"} if made is second else {}
        keep_proof(delivery(made, accounts[key], at, **more), "published", at)


class TestSearch:
    @pytest.mark.parametrize(
        ("asked", "numbers"),
        [
            (Search(), [3, 2, 1]),
            (Search(words="tampung"), [2, 1]),
            (Search(words="ktg-0000a2"), [3]),
            (Search(words="humas"), [3, 2, 1]),
            (Search(channel="website"), [2]),
            (Search(ppid_class="berkala"), [3]),
            (Search(kind="event"), []),
            (Search(what="read_back"), []),
            (Search(since=date(2026, 11, 25)), [3]),
            (Search(until=date(2026, 11, 24)), [2, 1]),
        ],
    )
    def test_by_words_channel_class_kind_and_day(self, asked: Search, numbers: list[int]) -> None:
        assert [row.number for row in proofs(asked)] == numbers


class TestGivenAway:
    def test_a_stranger_can_verify_the_json(self) -> None:
        rows = sorted(json.loads(joined(as_json(proofs(Search())))), key=lambda row: row["number"])
        previous = ""
        for row in rows:
            named = [row[name] for name in ("what", "channel", "title", "text", "media_sha256", "permalink")]
            content = [previous, row["number"], row["delivery"], named, [row["at"], row["same"]]]
            body = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
            assert row["hash"] == hashlib.sha256(body.encode()).hexdigest()
            previous = row["hash"]
        assert len(rows) == 3

    def test_an_empty_json_is_a_list(self) -> None:
        assert json.loads(joined(as_json(proofs(Search(kind="event"))))) == []

    def test_the_register_has_one_row_for_each_announcement_that_appeared(self) -> None:
        data = to_csv(register_columns(), register(Search())).decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(data)))
        assert [row[2] for row in rows[1:]] == ["Serta merta", "Berkala"]
        assert rows[1][3:6] == ["Analis Humas", "Plt. Kepala Bagian Humas", "2026-11-24 10:00"]
        assert rows[2][1] == "'=Pajak"
        assert len(list(register(Search(ppid_class="berkala")))) == 1

    def test_the_pdf_names_approval_proof_and_address(self, now: datetime) -> None:
        made = Proof.objects.get(number=1).delivery.announcement
        data = evidence(made, now)
        assert data.startswith(b"%PDF-")
        assert b"https://x.com/pemkot/status/1" in data
        assert evidence(made, now) == data

    def test_what_the_font_lacks_is_named_or_marked(self) -> None:
        assert drawable("Awas 🌊 ya\nܐ") == "Awas [ombak] ya\n□"


class TestCommand:
    def test_verify_says_that_it_is_whole_or_where_it_is_not(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        call_command("archive", "verify")
        assert "3 bukti" in capsys.readouterr().out
        Proof.objects.filter(number=2).update(text="lain")
        with pytest.raises(CommandError, match="nomor 2"):
            call_command("archive", "verify")

    @pytest.mark.parametrize("form", ["json", "csv", "register-csv", "register-xlsx"])
    def test_export_writes_a_file(self, form: str, tmp_path: Path) -> None:
        call_command("archive", "export", format=form, out=tmp_path / "arsip")
        assert (tmp_path / "arsip").stat().st_size > 200

    def test_a_day_that_is_none_is_named(self) -> None:
        with pytest.raises(CommandError, match="'kemarin' bukan tanggal"):
            call_command("archive", "export", since="kemarin")

    def test_a_pdf_wants_its_announcement(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="reference"):
            call_command("archive", "export", format="pdf", out=tmp_path / "b.pdf")
        call_command("archive", "export", format="pdf", reference="KTG-0000A1", out=tmp_path / "b.pdf")
        assert (tmp_path / "b.pdf").read_bytes().startswith(b"%PDF-")
        with pytest.raises(CommandError, match="Tidak dapat menulis"):
            call_command("archive", "export", out=tmp_path / "tidak" / "ada.json")


class TestPages:
    @pytest.fixture
    def budi(self, people: Any) -> Client:
        client = Client()
        client.force_login(people["budi"])
        return client

    def test_the_archive_is_searched_in_the_address(self, budi: Client) -> None:
        shown = budi.get(reverse("archive"), {"kelas": "berkala", "dari": "2026-11-25"}).content.decode()
        assert "KTG-0000A2" in shown
        assert "KTG-0000A1" not in shown
        strange = {"dari": "bukan", "sampai": "9999-12-31", "saluran": "tiktok", "q": "\x00", "sebelum": "x"}
        assert budi.get(reverse("archive"), strange).status_code == 200

    @pytest.mark.parametrize("form", ["arsip.csv", "arsip.json", "ppid.csv", "ppid.xlsx"])
    def test_each_file_can_be_taken_away(self, budi: Client, form: str) -> None:
        answer = budi.get(reverse("archive_export", args=[form]), {"kelas": "berkala"})
        assert "attachment" in answer["Content-Disposition"]
        if form != "ppid.xlsx":
            assert b"KTG-0000A2" in answer.content
            assert b"KTG-0000A1" not in answer.content

    def test_a_proof_has_a_page_and_its_announcement_a_paper(self, budi: Client) -> None:
        shown = budi.get(reverse("archive_proof", args=[1])).content.decode()
        assert Proof.objects.get(number=1).hash in shown
        made = Proof.objects.get(number=1).delivery.announcement
        paper = budi.get(reverse("archive_paper", args=[made.pk]))
        assert (paper["Content-Type"], paper.content[:5]) == ("application/pdf", b"%PDF-")

    def test_the_chain_is_checked_on_the_spot(self, budi: Client) -> None:
        assert "utuh" in budi.post(reverse("archive_check"), follow=True).content.decode()
        Proof.objects.filter(number=2).update(text="lain")
        assert "nomor 2" in budi.post(reverse("archive_check"), follow=True).content.decode()

    def test_a_difference_stands_on_top_until_someone_has_looked(self, budi: Client) -> None:
        look = ReadBack.objects.first()
        assert look is not None
        ReadBack.objects.filter(pk=look.pk).update(trouble="Tampak lain di X.")
        assert "Tampak lain di X." in budi.get(reverse("archive")).content.decode()
        budi.post(reverse("archive_seen", args=[look.pk]))
        assert "Tampak lain di X." not in budi.get(reverse("archive")).content.decode()

    def test_who_has_no_business_there_sees_nothing(self, people: Any) -> None:
        for name in ("wati", "tono", "eka"):
            client = Client()
            client.force_login(people[name])
            for address in (reverse("archive"), reverse("archive_proof", args=[1])):
                assert client.get(address).status_code == 403
