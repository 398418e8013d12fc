"""The judge: what it learns from, what it decides, and what happens without it."""

import dataclasses
import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.core.corpus import read, seed
from classifiers.core.deep import DeepJudge
from classifiers.core.judge import Decision, Thresholds, decide, judge
from classifiers.core.kinds import TOPICS, Kind, kind_of
from classifiers.core.model import ModelError, load, save, train
from classifiers.core.text import normalise
from classifiers.judge import SHIPPED, judge_waiting
from classifiers.models import Review, Verdict
from classifiers.review import AlreadyReviewed, review, undo

LIMITS = Thresholds(forward=0.8, dismiss=0.9)


def test_the_seed_corpus_is_large_and_covers_every_kind_and_topic() -> None:
    examples = seed()
    assert len(examples) >= 1500
    assert len({normalise(example.text) for example in examples}) == len(examples)
    kinds = Counter(example.kind for example in examples)
    assert min(kinds.values()) >= 100
    topics = Counter(example.topic for example in examples if example.kind == Kind.COMPLAINT)
    assert all(topics[topic] >= 10 for topic in TOPICS), topics


def test_a_wrong_line_in_a_corpus_is_named() -> None:
    with pytest.raises(ValueError, match=r"berkas\.jsonl baris 2.*'marah' tidak dikenal"):
        list(read(['{"text": "a", "kind": "complaint"}', '{"text": "b", "kind": "marah"}'], "berkas.jsonl"))


@pytest.mark.parametrize("word", ["complaint", "pengaduan", " Permintaan Informasi ", "lainnya"])
def test_both_languages_name_a_kind(word: str) -> None:
    assert kind_of(word) in Kind


@given(st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_questions_and_wishes_are_never_dismissed_unseen(numbers: list[float]) -> None:
    probabilities = {kind.value: p for kind, p in zip(Kind, numbers, strict=True)}
    for kind in (Kind.INFORMATION_REQUEST, Kind.ASPIRATION, Kind.COMPLAINT):
        assert decide(probabilities, kind, LIMITS) != Decision.DISMISS
    for kind in set(Kind) - {Kind.COMPLAINT}:
        assert decide(probabilities, kind, LIMITS) != Decision.FORWARD


def test_the_shipped_model_judges_plain_cases() -> None:
    model = load(SHIPPED)
    texts = {
        "Jalan di Jatiasih rusak parah sudah tiga bulan tidak diperbaiki": Kind.COMPLAINT,
        "Min, syarat bikin KTP baru apa saja ya?": Kind.INFORMATION_REQUEST,
        "Terima kasih petugas kebersihan, sampahnya sudah diangkut bersih": Kind.APPRECIATION,
    }
    verdicts = judge(list(texts), model, LIMITS)
    assert [verdict.kind for verdict in verdicts] == list(texts.values())
    assert verdicts[0].place == "Jatiasih"
    assert verdicts[0].topic == "jalan_trotoar"
    for verdict in verdicts:
        assert verdict.probabilities is not None
        assert abs(sum(verdict.probabilities.values()) - 1) < 0.001


def test_the_deep_judge_is_asked_where_it_lies_and_missed_by_nothing_where_it_does_not(
    tmp_path: Path,
) -> None:
    model = load(SHIPPED)
    assert model.deep is not None
    text = ["kok lampu jalannya dibiarin mati terus ya min, udah sebulan loh"]
    both, quick = model.opinion(text), model.opinion(text, deep=False)
    assert abs(both.kinds - quick.kinds).max() > 0.001
    assert both.kinds.sum() == pytest.approx(1)
    (tmp_path / "kentongan.npz").write_bytes(SHIPPED.read_bytes())
    broken = dataclasses.replace(model, deep=DeepJudge(tmp_path))
    assert abs(broken.opinion(text).kinds - quick.kinds).max() == 0


def test_a_model_file_holds_numbers_and_no_text(tmp_path: Path) -> None:
    examples = seed()[:400]
    path = tmp_path / "m.skops"
    save(train(examples, "uji"), path)
    model = load(path)
    assert model.version == "uji"
    with zipfile.ZipFile(path) as archive:
        content = archive.read("schema.json").decode()
    for example in examples:
        assert json.dumps(example.text)[1:-1] not in content or len(example.text) < 12


@pytest.mark.parametrize("content", [b"", b"not a model", b"PK\x03\x04 broken"])
def test_a_broken_model_file_is_a_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "m.skops").write_bytes(content)
    with pytest.raises(ModelError, match="tidak dapat dibaca"):
        load(tmp_path / "m.skops")


def test_without_a_model_everything_is_unjudged_and_goes_to_a_person() -> None:
    (verdict,) = judge(["apa saja"], None, LIMITS)
    assert (verdict.kind, verdict.probability, verdict.decision) == (None, None, Decision.REVIEW)


def test_a_picture_without_words_goes_to_a_person() -> None:
    (verdict,) = judge(["  "], load(SHIPPED), LIMITS)
    assert (verdict.kind, verdict.decision) == (None, Decision.REVIEW)


@given(st.text())
def test_any_text_can_be_normalised(text: str) -> None:
    once = normalise(text)
    assert once == once.strip()
    assert "\n" not in once


# --- stored verdicts and reviews


@pytest.fixture
def mention(accounts: Any, now: Any) -> Any:
    from monitor.models import Mention, Source

    return Mention.objects.create(
        channel="x",
        external_id="1",
        source=Source.objects.filter(account=accounts["x"]).first(),
        text="lampu jalan mati, tolong diperbaiki",
        heard_at=now,
    )


@pytest.mark.django_db
def test_a_mention_is_judged_once(mention: Any, now: Any) -> None:
    assert judge_waiting(now) == 1
    assert judge_waiting(now) == 0
    assert Verdict.objects.get().mention == mention


@pytest.mark.django_db
def test_a_missing_model_never_stops_the_judging(mention: Any, now: Any, settings: Any) -> None:
    settings.JUDGING = {**settings.JUDGING, "model": {**settings.JUDGING["model"], "use": False}}
    assert judge_waiting(now) == 1
    verdict = Verdict.objects.get()
    assert (verdict.kind, verdict.decision, verdict.awaits_review) == ("", "review", True)


@pytest.mark.django_db
def test_a_confirmed_complaint_opens_a_case_after_the_undo_time(mention: Any, people: Any, now: Any) -> None:
    from datetime import timedelta

    from cases.models import Case
    from cases.open import open_waiting

    verdict = Verdict.objects.create(mention=mention, decision="review", awaits_review=True, at=now)
    review(verdict.pk, Kind.COMPLAINT, people["wati"], now)
    assert open_waiting(now) == 0
    assert open_waiting(now + timedelta(seconds=11)) == 1
    assert open_waiting(now + timedelta(seconds=12)) == 0
    case = Case.objects.get()
    assert case.number == "BKS-2026-000001"
    assert case.confirmed_by == people["wati"]


@pytest.mark.django_db
def test_a_decision_can_be_taken_back_and_made_again(mention: Any, people: Any, now: Any) -> None:
    verdict = Verdict.objects.create(mention=mention, decision="review", awaits_review=True, at=now)
    made = review(verdict.pk, Kind.COMPLAINT, people["wati"], now)
    assert undo(made.pk, people["wati"], now)
    verdict.refresh_from_db()
    assert verdict.awaits_review
    assert not verdict.awaits_case
    review(verdict.pk, Kind.OTHER, people["wati"], now)
    assert Review.objects.filter(undone_at__isnull=True).get().kind == "other"


@pytest.mark.django_db
def test_two_people_cannot_review_the_same_item(mention: Any, people: Any, now: Any) -> None:
    verdict = Verdict.objects.create(mention=mention, decision="review", awaits_review=True, at=now)
    review(verdict.pk, Kind.OTHER, people["wati"], now)
    with pytest.raises(AlreadyReviewed):
        review(verdict.pk, Kind.COMPLAINT, people["rina"], now)
