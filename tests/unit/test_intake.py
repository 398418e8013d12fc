"""What comes in by the desks: masked at the door, opened whatever the judge says, and nobody's channel."""

from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from cases.models import Case
from cases.open import open_intake, open_waiting
from channels.models import Account
from classifiers.judge import judge_waiting
from classifiers.models import DecisionChoice, Verdict
from engine.account_checks import accounts as checked
from ledger.chain import timeline
from ledger.models import Person
from ledger.roles import Role, give
from monitor.coverage import report
from monitor.intake import take
from monitor.models import Mention, Original
from monitor.originals import read_original
from monitor.recheck import accounts_to_check

pytestmark = pytest.mark.django_db
_said = st.text(max_size=200).filter(lambda said: "\x00" not in said)
SAID = "Got di depan rumah mampet, hubungi 081234567890"


def test_numbers_are_masked_at_the_door_and_the_original_is_kept_encrypted(now: Any) -> None:
    mention = take("call_center", "T-1", SAID, now)
    assert mention.text == "Got di depan rumah mampet, hubungi <TELP>"
    assert read_original(mention) == SAID
    assert b"0812" not in bytes(Original.objects.get(mention=mention).sealed)


def test_the_same_id_again_is_the_same_mention_and_the_same_case(now: Any) -> None:
    cases = {open_intake(take("form", "1", SAID, now), now, kind="complaint").pk for _ in range(3)}
    assert len(cases) == 1
    assert (Mention.objects.count(), Case.objects.count()) == (1, 1)


def test_two_people_with_the_same_words_have_a_case_each(now: Any) -> None:
    first = take("form", "1", "Sampah menumpuk di pasar sudah lima hari", now)
    second = take("form", "2", "Sampah menumpuk di pasar sudah lima hari", now)
    assert second.copy_of_id is None
    assert open_intake(first, now, kind="complaint") != open_intake(second, now, kind="complaint")


def test_a_case_is_opened_whatever_the_judge_says_and_nobody_reviews_it(now: Any) -> None:
    case = open_intake(
        take("form", "1", "halo admin selamat pagi", now), now, kind="aspiration", topic="sampah"
    )
    verdict = Verdict.objects.get(mention=case.mention)
    assert (case.kind, case.topic, verdict.decision) == ("aspiration", "sampah", DecisionChoice.FORWARD)
    waits = (verdict.awaits_review, verdict.awaits_case, verdict.awaits_second)
    assert waits == (False, False, False)
    assert judge_waiting(now) == 0
    assert open_waiting(now) == 0


def test_one_that_was_judged_meanwhile_is_opened_all_the_same(now: Any) -> None:
    mention = take("form", "1", "halo admin selamat pagi", now)
    judge_waiting(now)
    case = open_intake(mention, now, kind="complaint", place="Jatiasih")
    assert (case.place, Verdict.objects.filter(mention=mention, awaits_review=True).exists()) == (
        "Jatiasih",
        False,
    )


def test_other_words_under_the_same_id_are_kept_as_a_change_and_the_verdict_stands(now: Any) -> None:
    case = open_intake(take("form", "1", SAID, now), now, kind="information_request")
    take("form", "1", "Got di depan rumah masih mampet", now)
    judge_waiting(now)
    verdict = Verdict.objects.get(mention=case.mention)
    assert (verdict.kind, verdict.awaits_review) == ("information_request", False)


def test_the_place_is_read_from_the_words_where_nobody_named_it(now: Any) -> None:
    case = open_intake(take("form", "1", "Banjir di Kelurahan Jatiasih Bekasi", now), now, kind="complaint")
    assert case.place == "Jatiasih"


def test_the_history_says_by_which_desk_it_came(now: Any) -> None:
    case = open_intake(take("call_center", "9", SAID, now), now, kind="complaint")
    opened = next(one for one in timeline(case.subject) if one.kind == "case.opened")
    assert opened.data["desk"] == "call_center"
    assert "0812" not in str(opened.data)


def test_no_look_at_the_channels_asks_for_a_desk(now: Any) -> None:
    take("call_center", "1", SAID, now)
    account = Account.objects.get(key="intake_call_center")
    assert not account.enabled
    assert report(now) == []
    assert next(one.sentence for one in checked(now)) == "Belum ada akun."
    assert accounts_to_check(now) == []
    rina = Person.objects.create_user("rina", password="x")
    give(rina, Role.ADMINISTRATOR)
    client = Client()
    client.force_login(rina, backend="django.contrib.auth.backends.ModelBackend")
    assert "Call Center" not in client.get("/saluran/").content.decode()
    shown = client.get(f"/sebutan/{Mention.objects.get().pk}/").content.decode()
    assert "Loket resmi" in shown


def test_an_unknown_desk_or_an_empty_id_is_a_mistake_of_ours(now: Any) -> None:
    with pytest.raises(KeyError):
        take("loket_gaib", "1", SAID, now)
    with pytest.raises(ValueError, match="id of its own"):
        take("form", "  ", SAID, now)


@effort(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(max_size=200).filter(lambda text: "\x00" not in text),
    st.text("ab/:- é", min_size=1).filter(str.strip),
)
def test_whatever_is_said_under_whatever_id_becomes_one_case(now: Any, text: str, key: str) -> None:
    mention = take("form", key, text, now)
    case = open_intake(mention, now, kind="complaint")
    assert open_intake(take("form", key, text, now), now, kind="complaint") == case
