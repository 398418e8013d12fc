"""The words before masking: encrypted, shown to a case officer with a reason, erased when no case needs them."""

import json
import logging
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cases.act import NotAllowed, move
from cases.models import Case, State
from cases.originals import forget_unneeded, open_original
from channels.contract import Gone
from classifiers.core.kinds import Kind
from classifiers.models import DecisionChoice, Verdict
from classifiers.review import UNDO_TIME, review, undo
from config.town import Town
from engine.work import Job, pipeline, run
from ledger.models import Event
from monitor.models import Mention, Original, Revision
from monitor.originals import CannotOpen, read_original
from monitor.recheck import recheck
from monitor.store import erase, note_change
from tests.contract.test_hearing import listen, say

pytestmark = pytest.mark.django_db
NUMBER = "0812-3456-7890"
COMPLAINT = f"Lampu jalan di Jatiasih mati sudah seminggu, mohon diperbaiki. Hubungi {NUMBER}"
DAY = timedelta(days=1)


def heard(town: Town, now: datetime, text: str = COMPLAINT, number: str = "1") -> Mention:
    key = say(town, "facebook", "mention", text, id=number)
    listen(now)
    return Mention.objects.get(external_id=key)


def judged(mention: Mention, decision: DecisionChoice, now: datetime) -> Verdict:
    """A verdict as the judge would store it."""
    Mention.objects.filter(pk=mention.pk).update(unjudged=False)
    return Verdict.objects.create(
        mention=mention,
        kind="complaint",
        probability=0.9,
        decision=decision,
        at=now,
        awaits_review=decision == DecisionChoice.REVIEW,
        awaits_case=decision == DecisionChoice.FORWARD,
    )


def case_of(town: Town, now: datetime) -> Case:
    mention = heard(town, now)
    judged(mention, DecisionChoice.FORWARD, now)
    pipeline(now)
    return Case.objects.get(mention=mention)


def as_(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


# --- keeping


def test_only_a_text_in_which_something_was_masked_has_an_original(
    town: Town, accounts: Any, now: datetime
) -> None:
    mention = heard(town, now)
    heard(town, now + DAY, "Lampu jalan di Jatiasih mati", "2")
    assert "<TELP>" in mention.text
    (original,) = Original.objects.all()
    assert original.mention == mention
    assert original.until == now + 30 * DAY
    assert NUMBER.encode() not in bytes(original.sealed)
    assert read_original(mention) == COMPLAINT


def test_hearing_the_same_again_keeps_one(town: Town, accounts: Any, now: datetime) -> None:
    heard(town, now)
    listen(now + DAY)
    assert Original.objects.count() == 1


@pytest.mark.parametrize("decision", [DecisionChoice.DISMISS, DecisionChoice.FOLDED])
def test_where_no_case_opens_it_is_erased_with_the_decision(
    decision: DecisionChoice, town: Town, accounts: Any, now: datetime
) -> None:
    judged(heard(town, now), decision, now)
    run(Job("judge"))
    assert not Original.objects.exists()


def test_a_copy_that_is_folded_loses_its_original_in_the_same_round(
    town: Town, accounts: Any, now: datetime
) -> None:
    say(town, "facebook", "mention", COMPLAINT, id="1", author="eni")
    listen(now)
    say(town, "facebook", "mention", COMPLAINT, id="2", author="oji")
    listen(now + timedelta(hours=1))
    assert Original.objects.count() == 2
    pipeline(now + timedelta(hours=1))
    copy = Mention.objects.get(copy_of__isnull=False)
    assert not Original.objects.filter(mention=copy).exists()


def test_a_review_that_makes_it_no_complaint_erases_it_once_it_cannot_be_taken_back(
    town: Town, accounts: Any, people: Any, now: datetime
) -> None:
    verdict = judged(heard(town, now), DecisionChoice.REVIEW, now)
    made = review(verdict.pk, Kind.APPRECIATION, people["wati"], now)
    assert forget_unneeded(now) == 0
    assert undo(made.pk, people["wati"], now)
    assert forget_unneeded(now + UNDO_TIME) == 0
    review(verdict.pk, Kind.APPRECIATION, people["wati"], now)
    assert forget_unneeded(now + UNDO_TIME) == 1


def test_while_a_second_person_must_decide_it_is_kept(town: Town, accounts: Any, now: datetime) -> None:
    verdict = judged(heard(town, now), DecisionChoice.DISMISS, now)
    Verdict.objects.filter(pk=verdict.pk).update(awaits_second=True)
    assert forget_unneeded(now) == 0
    Verdict.objects.filter(pk=verdict.pk).update(awaits_second=False)
    assert forget_unneeded(now) == 1


def test_what_nobody_decides_is_kept_for_30_days_at_most(town: Town, accounts: Any, now: datetime) -> None:
    judged(heard(town, now), DecisionChoice.REVIEW, now)
    assert forget_unneeded(now + 29 * DAY) == 0
    assert forget_unneeded(now + 30 * DAY) == 1


def test_a_case_keeps_it_until_90_days_after_its_end_and_a_new_start_keeps_it_on(
    town: Town, accounts: Any, people: Any, now: datetime
) -> None:
    case = case_of(town, now)
    assert Original.objects.get().until is None
    assert forget_unneeded(now + 400 * DAY) == 0
    move(case, State.REJECTED, people["tono"], now, "bukan pengaduan")
    assert Original.objects.get().until == now + 90 * DAY
    assert forget_unneeded(now + 89 * DAY) == 0
    move(case, State.VERIFIED, people["tono"], now + 89 * DAY)
    assert forget_unneeded(now + 400 * DAY) == 0
    move(case, State.REJECTED, people["tono"], now + 400 * DAY, "tetap bukan")
    assert forget_unneeded(now + 490 * DAY) == 1


def test_the_days_are_a_setting(town: Town, accounts: Any, people: Any, now: datetime, settings: Any) -> None:
    settings.HEARING = {**settings.HEARING, "keeping": {**settings.HEARING["keeping"], "originals": 7}}
    move(case_of(town, now), State.REJECTED, people["tono"], now, "bukan pengaduan")
    assert Original.objects.get().until == now + 7 * DAY


def test_a_change_upstream_changes_the_original_and_its_case_still_holds_it(
    town: Town, accounts: Any, now: datetime
) -> None:
    case = case_of(town, now)
    changed = "Lampu jalan di Jatiasih masih mati, nomor saya ganti: 0857-1111-2222"
    town.post("/control/edit", {"channel": "facebook", "id": "1", "text": changed})
    listen(now + timedelta(hours=1))
    assert read_original(case.mention) == changed
    assert NUMBER not in Revision.objects.get().text
    assert forget_unneeded(now + 100 * DAY) == 0
    town.post("/control/edit", {"channel": "facebook", "id": "1", "text": "Sudah menyala, terima kasih"})
    listen(now + timedelta(hours=2))
    assert read_original(case.mention) is None


def test_a_number_that_comes_with_a_change_is_kept_while_the_case_is_open(
    town: Town, accounts: Any, now: datetime
) -> None:
    mention = heard(town, now, "Lampu jalan di Jatiasih mati sudah seminggu")
    judged(mention, DecisionChoice.FORWARD, now)
    pipeline(now)
    town.post("/control/edit", {"channel": "facebook", "id": "1", "text": COMPLAINT})
    listen(now + timedelta(hours=1))
    assert forget_unneeded(now + 100 * DAY) == 0
    assert read_original(mention) == COMPLAINT


def test_a_deletion_upstream_erases_it(town: Town, accounts: Any, now: datetime) -> None:
    case = case_of(town, now)
    town.post("/control/delete", {"channel": "facebook", "id": "1"})
    recheck(accounts["facebook"].pk, now + DAY)
    assert read_original(case.mention) is None


def test_another_key_opens_nothing(town: Town, accounts: Any, now: datetime, settings: Any) -> None:
    mention = heard(town, now)
    settings.SECRET_KEY = "another"
    with pytest.raises(CannotOpen, match="kunci rahasia"):
        read_original(mention)


# --- looking


def look(client: Client, case: Case, reason: str = "menghubungi pelapor") -> Any:
    return client.post(reverse("case_original", args=[case.number]), {"reason": reason})


def test_tono_sees_it_once_and_the_case_lists_who_looked_when_and_why(
    town: Town, accounts: Any, people: Any
) -> None:
    case = case_of(town, timezone.now())
    tono = as_(people["tono"])
    address = reverse("case", args=[case.number])
    assert "Lihat nomor asli" in tono.get(address).content.decode()
    answer = look(tono, case)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert NUMBER in answer.content.decode()
    (event,) = Event.objects.filter(kind="case.original_opened")
    assert (event.actor, event.subject, event.data) == (
        people["tono"],
        case.subject,
        {"note": "menghubungi pelapor"},
    )
    page = tono.get(address).content.decode()
    assert NUMBER not in page
    assert "Dibuka oleh" in page
    assert "menghubungi pelapor" in page


@pytest.mark.parametrize("name", ["wati", "sari", "budi", "eka"])
def test_who_is_no_case_officer_sees_nothing_and_nothing_is_noted(
    name: str, town: Town, accounts: Any, people: Any
) -> None:
    case = case_of(town, timezone.now())
    answer = look(as_(people[name]), case)
    assert answer.status_code == 403
    assert NUMBER not in answer.content.decode()
    with pytest.raises(NotAllowed):
        open_original(case, people[name], "ingin tahu", timezone.now())
    assert not Event.objects.filter(kind="case.original_opened").exists()


def test_a_stranger_and_a_get_see_nothing(town: Town, accounts: Any, people: Any) -> None:
    case = case_of(town, timezone.now())
    assert look(Client(), case).status_code == 302
    address = reverse("case_original", args=[case.number])
    assert as_(people["tono"]).get(address).status_code == 405


@pytest.mark.parametrize(("reason", "words"), [("  ", "Tulis untuk apa"), ("a" * 201, "paling panjang")])
def test_without_a_short_reason_nothing_is_shown(
    reason: str, words: str, town: Town, accounts: Any, people: Any
) -> None:
    case = case_of(town, timezone.now())
    answer = look(as_(people["tono"]), case, reason)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert NUMBER not in answer.content.decode()
    assert not Event.objects.filter(kind="case.original_opened").exists()


def test_a_number_in_the_reason_is_masked_before_it_reaches_the_ledger(
    town: Town, accounts: Any, people: Any
) -> None:
    case = case_of(town, timezone.now())
    look(as_(people["tono"]), case, f"menelepon {NUMBER}")
    assert Event.objects.get(kind="case.original_opened").data == {"note": "menelepon <TELP>"}


def test_an_erased_original_is_named_as_erased(town: Town, accounts: Any, people: Any) -> None:
    case = case_of(town, timezone.now())
    Original.objects.all().delete()
    answer = look(as_(people["tono"]), case)
    assert answer.status_code == 422
    assert "sudah dihapus" in answer.content.decode()


def test_the_number_is_in_no_log_no_event_no_export_and_no_lesson(
    town: Town, accounts: Any, people: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    case = case_of(town, timezone.now())
    look(as_(people["tono"]), case)
    out = StringIO()
    call_command("coverage", "--json", stdout=out)
    assert NUMBER not in caplog.text + out.getvalue()
    assert NUMBER not in json.dumps([event.data for event in Event.objects.all()])
    assert not any(NUMBER in mention.text for mention in Mention.objects.all())


def test_a_number_that_is_corrected_behind_the_same_mask_is_the_one_that_is_kept(
    town: Town, accounts: Any, now: datetime
) -> None:
    mention = heard(town, now)
    corrected = COMPLAINT.replace(NUMBER, "0812-3456-7891")
    town.post("/control/edit", {"channel": "facebook", "id": "1", "text": corrected})
    listen(now + timedelta(hours=1))
    assert read_original(mention) == corrected
    assert not Revision.objects.exists()
    Original.objects.all().delete()
    town.post("/control/edit", {"channel": "facebook", "id": "1", "text": COMPLAINT})
    listen(now + timedelta(hours=2))
    assert read_original(mention) is None


def test_a_late_reading_brings_back_nothing_that_was_erased_and_no_change_twice(
    town: Town, accounts: Any, now: datetime
) -> None:
    mention = heard(town, now)
    also = Mention.objects.get(pk=mention.pk)
    assert note_change(mention, f"{COMPLAINT} segera", now)
    assert not note_change(also, f"{COMPLAINT} segera", now)
    assert Revision.objects.count() == Mention.objects.get().edits == 1
    late = Mention.objects.get()
    erase(Mention.objects.get(), Gone("dihapus"), now)
    assert not note_change(late, "kata yang sudah dihapus warga, hubungi 0812-0000-1111", now)
    assert Mention.objects.get().text == ""
    assert not Original.objects.exists()
    assert not Revision.objects.exists()
