"""Tables in and out: tried first, all or nothing, never twice; and no hostile file gets further than a sentence."""

import csv
import io
import re
import threading
import zipfile
from datetime import UTC, datetime, time
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from openpyxl import Workbook, load_workbook

from publisher.exchange import EXPORTED, columns, duplicate, example, exported, imported, notes, tried
from publisher.kinds import kind_named, kinds
from publisher.models import Announcement
from publisher.rules import Refused
from publisher.sheets import BadSheet, Formula, guarded, read_sheet, to_csv, to_xlsx, unguarded
from tests.unit.spoken import announcement

KIND = "service_notice"
#: As office programs give times: without a zone.
EIGHT, DECEMBER = datetime.fromisoformat("2026-11-28T08:00"), datetime.fromisoformat("2026-12-01T08:00")


def table(*rows: list[Any], headers: list[str] | None = None) -> bytes:
    """A CSV of the kind's columns."""
    return to_csv(headers or columns(kind_named(KIND)), rows)


def good(**changes: str) -> list[str]:
    kind = kind_named(KIND)
    values = {one.name: one.example for one in kind.fields} | changes
    return [*(values[one.name] for one in kind.fields), changes.get("tayang", ""), changes.get("saluran", "")]


def book(*rows: list[Any]) -> bytes:
    made = Workbook()
    assert made.active is not None
    for row in rows:
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


class TestReadingATable:
    @pytest.mark.parametrize("mark", [",", ";", "\t"])
    def test_a_csv_of_any_office_program(self, mark: str) -> None:
        text = mark.join(["Judul", "Isi"]) + "\r\n" + mark.join(["Air", '"dua\nbaris"']) + "\r\n\r\n"
        for code in ("utf-8", "utf-8-sig", "utf-16"):
            sheet = read_sheet(text.encode(code))
            assert (sheet.headers, sheet.rows) == (["Judul", "Isi"], [(2, ["Air", "dua\nbaris"])])

    def test_an_xlsx_with_dates_numbers_and_gaps(self) -> None:
        sheet = read_sheet(book(["a", "b", "c"], [], [EIGHT, 5, time(8)]))
        assert sheet.rows == [(3, [EIGHT, 5, time(8)])]

    def test_a_formula_is_never_calculated(self) -> None:
        sheet = read_sheet(book(["a"], ['=HYPERLINK("http://evil")']))
        assert sheet.rows == [(2, [Formula()])]
        assert read_sheet(b"a\n=1+1\n").rows == [(2, [Formula()])]

    def test_what_we_guard_we_read_back(self) -> None:
        for text in ("=1+1", "+62 812", "@pemkot", "-5", "＝1", "biasa", "'kutip"):
            assert unguarded(guarded(text)) == text
        rows = list(csv.reader(io.StringIO(to_csv(["a"], [["=1+1"], ["@x"]]).decode("utf-8-sig"))))
        assert rows == [["a"], ["'=1+1"], ["'@x"]]

    def test_a_written_xlsx_holds_texts_alone(self) -> None:
        data = to_xlsx("Coba", ["a"], [["=cmd|' /C calc'!A0"], ["buruk\x00\x0b"], [None]], ["catatan"])
        sheet = load_workbook(io.BytesIO(data)).worksheets[0]
        assert sheet["A2"].data_type == "s"
        assert [sheet["A2"].value, sheet["A3"].value] == ["=cmd|' /C calc'!A0", "buruk"]
        assert sheet["A2"].quotePrefix


class TestHostileFiles:
    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            (b"", "kosong"),
            (b"   \n ", "kosong"),
            (b"%PDF-1.7", "tidak dapat dibaca"),
            (b"\xd0\xcf\x11\xe0" + b"\x00" * 100, "simpan sebagai .xlsx"),
            (b"PK\x03\x04" + b"\x00" * 100, "rusak"),
            (b"\x00\x01\x02" * 50, "bukan tabel"),
            (b"a,b\n" + b"x" * 200_000 + b",1\n", "rusak|panjang"),
            (b"a\n" + b"x\n" * 1000, "Paling banyak"),
            (b"a\n" + b"x\n" * 100_000, "terlalu banyak"),
            (b"," * 5000 + b"\n1\n", "Kolomnya terlalu banyak"),
            (b"a\n1,2,3\n", "di luar kolom"),
            (b"a\n", "Belum ada baris"),
            (b"x" * 6_000_000, "5 MB"),
        ],
    )
    def test_what_is_no_table_of_ours_gets_a_sentence(self, data: bytes, sentence: str) -> None:
        with pytest.raises(BadSheet, match=sentence):
            read_sheet(data)

    def test_a_zip_bomb_is_refused_by_its_list(self) -> None:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("xl/workbook.xml", "<workbook/>")
            for number in range(4):
                packed.writestr(f"xl/worksheets/sheet{number}.xml", b"0" * 20_000_000)
        assert len(out.getvalue()) < 200_000
        with pytest.raises(BadSheet, match="terlalu besar"):
            read_sheet(out.getvalue())

    def test_a_list_that_lies_about_sizes_is_refused(self) -> None:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("xl/workbook.xml", b"0" * 30_000_000)
        whole = bytearray(out.getvalue())
        entry = whole.rindex(b"PK\x01\x02")
        whole[entry + 24 : entry + 28] = (1000).to_bytes(
            4, "little"
        )  # unpacked size in the central directory
        with pytest.raises(BadSheet):
            read_sheet(bytes(whole))

    def test_thousands_of_parts_are_refused(self) -> None:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as packed:
            for number in range(5000):
                packed.writestr(f"xl/{number}.xml", "<a/>")
        with pytest.raises(BadSheet, match="terlalu besar"):
            read_sheet(out.getvalue())

    def test_entities_that_grow_are_refused_unread(self) -> None:
        laughs = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><workbook>&b;</workbook>'
        with pytest.raises(BadSheet, match="tidak wajar"):
            read_sheet(repacked(book(["a"], ["1"]), "xl/workbook.xml", laughs))

    def test_a_sheet_that_claims_a_million_rows_is_read_for_what_it_has(self) -> None:
        data = book(["a"], ["1"])
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            part = packed.read("xl/worksheets/sheet1.xml")
        lied = part.replace(b'ref="A1:A2"', b'ref="A1:XFD1048576"')
        assert lied != part
        assert read_sheet(repacked(data, "xl/worksheets/sheet1.xml", lied)).rows == [(2, ["1"])]

    def test_an_archive_that_is_no_workbook_is_refused(self) -> None:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as packed:
            packed.writestr("word/document.xml", "<w/>")
        with pytest.raises(BadSheet, match="bukan buku kerja"):
            read_sheet(out.getvalue())


def repacked(data: bytes, name: str, part: bytes) -> bytes:
    """The same archive with one part exchanged."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for one in old.namelist():
            new.writestr(one, part if one == name else old.read(one))
    return out.getvalue()


@pytest.mark.django_db
class TestImport:
    @pytest.mark.parametrize("key", sorted(kinds()))
    def test_the_template_of_every_kind_imports_its_own_example(
        self, key: str, accounts: Any, now: datetime
    ) -> None:
        kind = kind_named(key)
        for data in (
            to_csv(columns(kind), [example(kind)]),
            to_xlsx(kind.name, columns(kind), [example(kind)], notes(kind)),
        ):
            trial = tried(data, key, now)
            assert (trial.problems, len(trial.fresh)) == ([], 1)

    def test_a_trial_makes_nothing_and_an_import_makes_drafts(
        self, accounts: Any, people: Any, now: datetime
    ) -> None:
        trial = tried(table(good(headline="Satu"), good(headline="Dua", saluran="x, web_pemkot")), KIND, now)
        assert (trial.problems, Announcement.objects.count()) == ([], 0)
        made = imported(trial, people["sari"], now)
        assert [one.state for one in made] == ["draft", "draft"]
        assert made[0].targets.count() == len(accounts)
        assert {account.key for account in made[1].targets.all()} == {"x", "web_pemkot"}
        assert made[0].author == people["sari"]

    def test_the_wished_time_is_the_citys(self, accounts: Any, people: Any, now: datetime) -> None:
        kind = kind_named(KIND)
        row = [*(one.example for one in kind.fields), DECEMBER, ""]
        for data in (table(good(tayang="1/12/2026 08.00")), book(columns(kind), row)):
            trial = tried(data, KIND, now)
            assert trial.problems == []
            assert datetime.fromisoformat(trial.rows[0].publish_at) == datetime(2026, 12, 1, 1, tzinfo=UTC)
        made = imported(trial, people["sari"], now)[0]
        assert made.publish_at == datetime(2026, 12, 1, 1, tzinfo=UTC)

    def test_each_problem_names_its_row_and_column(self, accounts: Any, now: datetime) -> None:
        trial = tried(
            table(
                good(headline=""),
                good(headline="x" * 300),
                good(headline="Tiga", tayang="besok", saluran="tiktok"),
                good(headline="Empat", tayang="2020-01-01 08:00"),
                good(headline="=1+1"),
            ).replace(b"'=1+1", b"=1+1"),
            KIND,
            now,
        )
        label = kind_named(KIND).field("headline").label
        found = {(one.row, one.column) for one in trial.problems}
        assert {(2, label), (3, label), (4, "Tayang"), (4, "Saluran"), (5, "Tayang"), (6, label)} <= found
        assert "rumus" in next(one.sentence for one in trial.problems if one.row == 6)

    def test_a_file_with_a_problem_makes_nothing(self, accounts: Any, people: Any, now: datetime) -> None:
        trial = tried(table(good(headline="Baik"), good(headline="")), KIND, now)
        with pytest.raises(Refused, match="belum ada yang dibuat"):
            imported(trial, people["sari"], now)
        assert Announcement.objects.count() == 0

    def test_unknown_missing_and_double_columns_are_named(self, accounts: Any, now: datetime) -> None:
        trial = tried(table(["a", "b", "c"], headers=["Judul", "Judul", "Warna"]), KIND, now)
        said = " ".join(one.sentence for one in trial.problems)
        assert "dua kali" in said
        assert "“Warna” tidak dikenal" in said
        assert "tidak ada" in said

    def test_two_equal_rows_are_a_problem(self, accounts: Any, now: datetime) -> None:
        trial = tried(table(good(), good()), KIND, now)
        assert [(one.row, one.sentence) for one in trial.problems] == [(3, "sama persis dengan baris 2.")]

    def test_the_same_rows_again_make_nothing_twice_in_whatever_file_they_come(
        self, accounts: Any, people: Any, now: datetime
    ) -> None:
        first = imported(tried(table(good(headline="Satu")), KIND, now), people["sari"], now)
        again = tried(book(columns(kind_named(KIND)), good(headline="Satu"), good(headline="Dua")), KIND, now)
        assert [row.known for row in again.rows] == [first[0].reference, ""]
        assert len(imported(again, people["sari"], now)) == 1
        assert len(imported(again, people["sari"], now)) == 0
        assert Announcement.objects.count() == 2

    def test_who_may_not_write_imports_nothing(self, accounts: Any, people: Any, now: datetime) -> None:
        with pytest.raises(Refused):
            imported(tried(table(good()), KIND, now), people["budi"], now)
        assert Announcement.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_file_confirmed_twice_at_once_is_imported_once(accounts: Any, people: Any, now: datetime) -> None:
    trials = [tried(table(good(headline="Satu"), good(headline="Dua")), KIND, now) for _time in range(2)]
    start = threading.Barrier(2)

    def confirm(trial: Any) -> None:
        start.wait()
        imported(trial, people["sari"], now)
        connection.close()

    threads = [threading.Thread(target=confirm, args=(trial,)) for trial in trials]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Announcement.objects.count() == 2


@pytest.mark.django_db
class TestOut:
    def test_a_copy_is_a_new_draft_of_whoever_copies(self, accounts: Any, people: Any, now: datetime) -> None:
        old = announcement(
            people, now, fields=dict(zip("ab", "12", strict=True)), overrides={"x": "KTG-0000A1"}
        )
        old.targets.set([accounts["x"], accounts["facebook"]])
        accounts["facebook"].enabled = False
        accounts["facebook"].save()
        made = duplicate(old, people["rina"], now)
        assert (made.state, made.author, made.fields, made.overrides) == (
            "draft",
            people["rina"],
            old.fields,
            {},
        )
        assert made.reference != old.reference
        assert made.ppid_class == "serta_merta"
        assert [one.key for one in made.targets.all()] == ["x"]

    def test_an_export_guards_what_would_calculate(self, accounts: Any, people: Any, now: datetime) -> None:
        announcement(people, now, title="=cmd|' /C calc'!A0", publish_at=now)
        rows = Announcement.objects.prefetch_related("deliveries", "targets")
        read = list(csv.DictReader(io.StringIO(to_csv(EXPORTED, exported(rows)).decode("utf-8-sig"))))
        assert read[0]["title"] == "'=cmd|' /C calc'!A0"
        assert read[0]["publish_at"] == "2026-11-24 10:00"


@pytest.mark.django_db
class TestPages:
    @pytest.fixture
    def sari(self, accounts: Any, people: Any) -> Client:
        client = Client()
        client.force_login(people["sari"])
        return client

    def send(self, client: Client, data: bytes, kind: str = KIND) -> Any:
        sent = io.BytesIO(data)
        sent.name = "berkas.xlsx"
        return client.post(reverse("exchange"), {"jenis": kind, "berkas": sent})

    def test_a_file_is_tried_seen_and_then_made(self, sari: Client) -> None:
        answer = self.send(sari, table(good(headline="Satu"), good(headline="Dua")))
        shown = answer.content.decode()
        assert "2 naskah akan dibuat" in shown
        assert Announcement.objects.count() == 0
        token = re.search(r'name="berkas" value="([^"]+)"', shown)
        assert token is not None
        sari.post(reverse("exchange_confirm"), {"berkas": token[1]})
        assert Announcement.objects.count() == 2
        again = sari.post(reverse("exchange_confirm"), {"berkas": token[1]}, follow=True)
        assert "sudah pernah diimpor" in again.content.decode()
        assert Announcement.objects.count() == 2
        assert (
            "Semua baris ini sudah pernah" in self.send(sari, table(good(headline="Satu"))).content.decode()
        )

    def test_problems_are_listed_with_row_and_column(self, sari: Client) -> None:
        answer = self.send(sari, table(good(headline="")))
        assert answer.status_code == 422
        assert "<td>2</td>" in answer.content.decode()
        assert "Belum ada yang dibuat" in answer.content.decode()

    def test_a_changed_or_foreign_form_makes_nothing(self, sari: Client, people: Any) -> None:
        shown = self.send(sari, table(good())).content.decode()
        token = re.search(r'name="berkas" value="([^"]+)"', shown)
        assert token is not None
        rina = Client()
        rina.force_login(people["rina"])
        for client, sent in ((sari, token[1][:-2] + "xx"), (rina, token[1]), (sari, "")):
            client.post(reverse("exchange_confirm"), {"berkas": sent})
        assert Announcement.objects.count() == 0

    @pytest.mark.parametrize(
        ("kind", "data"), [("", table(good())), (KIND, b""), (KIND, b"PK\x03\x04rusak"), ("x", b"a")]
    )
    def test_what_cannot_be_read_gets_a_sentence(self, sari: Client, kind: str, data: bytes) -> None:
        answer = self.send(sari, data, kind)
        assert answer.status_code == 422
        assert 'class="problem"' in answer.content.decode()

    def test_templates_and_exports_are_files(self, sari: Client, people: Any, now: datetime) -> None:
        announcement(people, now)
        for form in ("csv", "xlsx"):
            template = sari.get(reverse("exchange_template", args=[KIND, form]))
            assert self.send(sari, template.content).status_code == 200
            assert sari.get(reverse("exchange_export", args=[form])).status_code == 200
        assert sari.get(reverse("exchange_template", args=["tidak-ada", "csv"])).status_code == 404

    def test_an_old_announcement_is_copied_with_one_button(
        self, sari: Client, people: Any, now: datetime
    ) -> None:
        old = announcement(people, now)
        answer = sari.post(reverse("announcement_copy", args=[old.pk]))
        assert answer.url == reverse("announcement", args=[Announcement.objects.latest("pk").pk])

    def test_only_authors_import(self, people: Any) -> None:
        client = Client()
        client.force_login(people["budi"])
        assert client.get(reverse("exchange")).status_code == 403
        assert client.post(reverse("exchange_confirm")).status_code == 403
        assert client.get(reverse("exchange_export", args=["csv"])).status_code == 200
