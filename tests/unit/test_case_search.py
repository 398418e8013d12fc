"""Finding cases by their words, by FTS5 and by GIN: the same answers, and nothing that was erased."""

import itertools
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases import search
from cases.act import add_note
from cases.models import Case
from cases.open import open_waiting
from cases.search_words import of_question, of_texts, stem
from channels.contract import Gone
from channels.models import Account
from city.models import Unit
from classifiers.models import Verdict
from ledger.models import Person
from monitor.models import Mention, Source
from monitor.store import erase, note_change

pytestmark = pytest.mark.django_db
_numbers = itertools.count()


@pytest.fixture(autouse=True)
def _source(db: None) -> None:
    account = Account.objects.create(key="x", channel="x", name="X @pemkot")
    Source.objects.create(account=account, kind="mention")


def told(text: str, now: datetime, place: str = "") -> Case:
    """The case of one post."""
    mention = Mention.objects.create(
        channel="x",
        external_id=f"s{next(_numbers)}",
        source=Source.objects.get(),
        text=text,
        author="@warga",
        heard_at=now,
        unjudged=False,
    )
    Verdict.objects.create(
        mention=mention, kind="complaint", decision="forward", place=place, at=now, awaits_case=True
    )
    assert open_waiting(now) == 1
    return Case.objects.get(mention=mention)


def numbers(words: str) -> set[str]:
    return set(search.find(words, Case.objects.all()).values_list("number", flat=True))


def test_a_case_is_found_by_its_words_its_place_and_its_number(now: Any) -> None:
    hole = told("Ada lubang besar di depan pasar", now, "Jatiasih")
    told("Lampu padam semalam", now, "Kranji")
    assert numbers("lubang pasar") == {hole.number}
    assert numbers("jatiasih") == {hole.number}
    assert numbers(hole.number) == {hole.number}
    assert numbers(str(int(hole.number.rpartition("-")[2]))) == {hole.number}
    assert numbers("lubang lampu") == set()


def test_slang_stems_and_beginnings_find_the_same_matter(now: Any) -> None:
    hole = told("Jln berlubang parah", now)
    for words in ("lubang", "jalan", "BERLUBANG", "lub", "jalan lubangnya", "Jln  lubang"):
        assert numbers(words) == {hole.number}, words
    assert numbers("lubuk") == set()


@pytest.mark.parametrize(
    ("word", "bare"),
    [
        ("berlubang", "lubang"),
        ("pembuangan", "buang"),
        ("kebanjiran", "banjir"),
        ("memperbaiki", "baik"),
        ("diperbaiki", "baik"),
        ("lampunya", "lampu"),
        ("jalan", "jalan"),
        ("mati", "mati"),
        ("apa", "apa"),
    ],
)
def test_stems(word: str, bare: str) -> None:
    assert stem(word) == bare


def test_nothing_asked_gives_all_and_signs_alone_give_none(now: Any) -> None:
    told("Lampu padam", now)
    assert len(numbers("   ")) == 1
    assert numbers("!!! --") == set()


def test_notes_and_the_unit_are_found_too(now: Any, people: dict[str, Person]) -> None:
    case = told("Lampu padam", now)
    add_note(case, "Sudah dicek, trafo meleduk", people["tono"], now)
    assert numbers("trafo") == {case.number}
    unit = Unit.objects.create(
        key="xdishub", name="Dinas Angkutan", short="DISANG", sort="agency", valid_from=now
    )
    Case.objects.filter(pk=case.pk).update(unit=unit)
    search.keep(case.pk)
    assert numbers("disang padam") == {case.number}


def test_the_words_of_a_deleted_post_are_not_found_and_not_kept(now: Any) -> None:
    case = told("Warung Cempakawangi kebanjiran", now, "Kranji")
    assert numbers("cempakawangi") == {case.number}
    erase(case.mention, Gone("dihapus penulisnya"), now)
    assert numbers("cempakawangi") == set()
    assert numbers("kebanjiran") == set()
    assert numbers("kranji") == {case.number}
    with connection.cursor() as cursor:
        cursor.execute("SELECT words FROM cases_search")
        assert "cempakawangi" not in str(cursor.fetchall())


def test_a_changed_post_is_found_by_its_new_words_only(now: Any) -> None:
    case = told("Lampu padam di gang Melati", now)
    note_change(case.mention, "Lampu padam di gang Kenari", now)
    assert numbers("kenari") == {case.number}
    assert numbers("melati") == set()


def test_what_its_author_restricted_or_retention_took_out_is_not_found(now: Any, people: Any) -> None:
    case = told("Lampu padam di gang Melati", now)
    add_note(case, "Trafo meleduk", people["tono"], now)
    Mention.objects.update(restricted_at=now)
    search.follow([case.mention_id])
    assert (numbers("melati"), numbers("trafo")) == (set(), {case.number})
    Case.objects.update(anonymised_at=now)
    search.keep(case.pk)
    assert numbers("trafo") == set()
    assert numbers(case.number) == {case.number}


def test_rebuilding_batch_by_batch_finds_the_same(now: Any) -> None:
    cases = [told(f"Lubang nomor{n} di jalan", now) for n in range(5)]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM cases_search")
    assert numbers("lubang") == set()
    assert search.rebuild(now, batch=2) == 5
    assert numbers("lubang") == {case.number for case in cases}
    assert numbers("nomor3") == {cases[3].number}


@given(st.one_of(st.text(max_size=60), st.text(alphabet="\"'*^():-&|!<>\\\x00 ANDORNEAR:ab0", max_size=60)))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anything_can_be_asked_for(words: str) -> None:
    assert isinstance(list(search.find(words, Case.objects.all())[:5]), list)


@given(st.text(min_size=1, max_size=40))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_post_says_it_is_found_by_it(now: Any, text: str) -> None:
    text = text.replace("\x00", "")
    case = told("pendahuluan", now)
    Mention.objects.filter(pk=case.mention_id).update(text=text.encode("utf-8", "replace").decode())
    search.keep(case.pk)
    if of_question(text):
        assert case.number in numbers(text)


def test_ten_thousand_letters_are_only_a_long_question(now: Any) -> None:
    told("Lampu padam", now)
    assert numbers("lampu " * 2000) != set()
    assert numbers("x" * 10_000) == set()


def test_no_word_of_the_index_is_long_or_strange() -> None:
    found = of_texts(["Éclair di café, 中文 dan ﬁsik " + "a" * 500, "\ud800\x00"])
    assert {"eclair", "cafe", "fisik"} <= set(found)
    assert all(word.isascii() and word.isalnum() and len(word) <= 400 for word in found)
