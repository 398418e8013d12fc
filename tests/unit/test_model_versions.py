"""Model versions: sealed, taken into use, rolled back; and what judges when one is broken."""

import json
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from classifiers.core.corpus import seed
from classifiers.core.model import Model, train
from classifiers.current import SHIPPED, current_model, model_path, now_in_use
from classifiers.models import ModelVersion, Quarantine, VersionState
from classifiers.versions import (
    VersionError,
    champion,
    digest,
    examine,
    in_use,
    keep,
    list_path,
    promote,
    reconcile,
    rollback,
    sign,
    verify,
)
from ledger.models import Event, Person
from ledger.roles import Role, give

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def small() -> Model:
    return train(seed()[:600], "kecil")


@pytest.fixture
def home(settings: Any, tmp_path: Path) -> Path:
    settings.KENTONGAN_HOME = tmp_path
    return tmp_path / "models"


def versions(small: Model, now: datetime, count: int) -> None:
    """So many versions, each taken into use a day after the one before it."""
    for day in range(count):
        made = keep(small, now + day * DAY, None, counts={"base": 600, "reviewed": 0, "holdout": 0})
        promote(made.number, now + day * DAY, None)


def states() -> list[str]:
    return list(ModelVersion.objects.order_by("number").values_list("state", flat=True))


def test_without_a_version_of_its_own_an_installation_uses_the_shipped_model(home: Path) -> None:
    assert (now_in_use().number, model_path()) == (None, SHIPPED)
    assert current_model() is not None


def test_a_promoted_version_judges_at_once_and_the_ledger_knows_it(
    home: Path, small: Model, now: Any
) -> None:
    versions(small, now, 2)
    assert states() == ["retired", "champion"]
    assert (now_in_use().number, model_path()) == (2, home / "0002.skops")
    model = current_model()
    assert model is not None
    assert model.version == "kecil"
    assert [row.number for row in in_use()] == [2, 1]
    kinds = Event.objects.filter(subject="model:2").order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["model.trained", "model.promoted"]


def test_the_model_is_read_once_as_long_as_nothing_changes(home: Path, small: Model, now: Any) -> None:
    versions(small, now, 1)
    assert current_model() is current_model()


def test_one_command_rolls_back_and_again_further_back(home: Path, small: Model, now: Any) -> None:
    versions(small, now, 3)
    said = StringIO()
    call_command("model", "rollback", stdout=said)
    assert "Versi 2 dipakai lagi." in said.getvalue()
    assert now_in_use().number == 2
    assert states() == ["retired", "champion", "retired"]
    assert [row.number for row in in_use()] == [2, 1]  # the one that was withdrawn is nothing to fall back on
    call_command("model", "rollback", stdout=said)
    assert now_in_use().number == 1
    call_command("model", "rollback", stdout=said)
    assert (now_in_use().number, champion()) == (None, None)
    with pytest.raises(CommandError, match="Model bawaan"):
        call_command("model", "rollback", stdout=said)
    assert Event.objects.filter(kind="model.rolled_back").count() == 3


@pytest.mark.parametrize("harm", ["changed", "missing", "truncated", "foreign"])
def test_a_harmed_version_is_passed_over_for_the_one_before(
    harm: str, home: Path, small: Model, now: Any
) -> None:
    versions(small, now, 2)
    file = home / "0002.skops"
    match harm:
        case "changed":
            file.write_bytes(file.read_bytes()[:-1] + b"!")
        case "missing":
            file.unlink()
        case "truncated":
            file.write_bytes(b"")
        case "foreign":
            file.write_bytes((home / "0001.skops").read_bytes() + b" ")
    assert now_in_use().number == 1
    event = Event.objects.get(kind="model.unusable")
    assert event.subject == "model:2"
    assert "Versi 2" in event.data["sentence"] or "0002" in event.data["sentence"]
    current_model()
    assert Event.objects.filter(kind="model.unusable").count() == 1  # said once


def test_when_all_versions_are_harmed_the_shipped_model_judges(home: Path, small: Model, now: Any) -> None:
    versions(small, now, 2)
    for file in home.glob("*.skops"):
        file.write_bytes(b"rusak")
    assert (now_in_use().number, now_in_use().path) == (None, SHIPPED)
    assert current_model() is not None


def test_a_file_signed_by_another_installation_is_not_opened(
    home: Path, small: Model, now: Any, settings: Any
) -> None:
    versions(small, now, 1)
    signed = sign(1, digest(home / "0001.skops"))
    settings.SECRET_KEY = "kunci instalasi lain"
    assert sign(1, digest(home / "0001.skops")) != signed
    with pytest.raises(VersionError, match="tidak ditandatangani"):
        in_use()
    assert now_in_use().number is None


def test_a_list_that_somebody_edited_is_not_believed(home: Path, small: Model, now: Any) -> None:
    versions(small, now, 2)
    content = json.loads(list_path().read_text("utf-8"))
    content["versions"].reverse()
    list_path().write_text(json.dumps(content), "utf-8")
    assert now_in_use().number is None
    assert Event.objects.get(kind="model.unusable").subject == "model:list"
    list_path().write_text("{", "utf-8")
    assert now_in_use().number is None
    assert reconcile()  # the table knows better
    assert now_in_use().number == 2


def test_a_model_that_lies_there_unsigned_is_not_used(home: Path) -> None:
    home.mkdir()
    (home / "kentongan.skops").write_bytes(SHIPPED.read_bytes())
    assert now_in_use().path == SHIPPED


def test_a_harmed_version_is_not_promoted(home: Path, small: Model, now: Any) -> None:
    made = keep(small, now, None, counts={})
    (home / made.file).write_bytes(b"rusak")
    with pytest.raises(VersionError, match="berubah sejak dilatih"):
        promote(made.number, now, None)
    with pytest.raises(VersionError, match="Versi 9 tidak ada"):
        promote(9, now, None)


def test_nothing_is_promoted_while_reviews_are_held(home: Path, small: Model, now: Any, people: Any) -> None:
    versions(small, now, 2)
    Quarantine.objects.create(
        reviewer=people["wati"], since=now, until=now, reviews=40, sign="direction", why="Uji", found_at=now
    )
    with pytest.raises(VersionError, match="ditahan"):
        promote(1, now, None)
    back = rollback(now, None)  # the way back stays open
    assert back is not None
    assert back.number == 1


def test_numbers_are_never_given_twice(home: Path, small: Model, now: Any) -> None:
    versions(small, now, 1)
    ModelVersion.objects.all().delete()  # as after a restored backup
    assert keep(small, now, None, counts={}).number == 2


def test_verify_says_which_file_is_broken(home: Path, small: Model, now: Any) -> None:
    versions(small, now, 2)
    (home / "0001.skops").write_bytes(b"rusak")
    assert [bool(trouble) for _version, trouble in examine()] == [True, False]
    said = StringIO()
    with pytest.raises(CommandError, match="1 tidak dapat dipakai"):
        call_command("model", "verify", stdout=said)
    assert "RUSAK  versi 1" in said.getvalue()


def test_list_and_show_tell_what_there_is(home: Path, small: Model, now: Any) -> None:
    said = StringIO()
    call_command("model", stdout=said)
    assert "Yang dipakai: model bawaan." in said.getvalue()
    versions(small, now, 1)
    call_command("model", "list", stdout=said)
    assert "*    1  dipakai" in said.getvalue()
    said = StringIO()
    call_command("model", "show", "1", stdout=said)
    assert json.loads(said.getvalue())["state"] == "champion"
    with pytest.raises(CommandError, match="Sebutkan nomornya"):
        call_command("model", "show")
    with pytest.raises(CommandError, match="nama masuk hantu"):
        call_command("model", "promote", "1", "--by", "hantu")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{sha}  m.skops\n", ""),
        ("{sha} *m.skops\n", ""),
        ("0000  m.skops\n", "berbeda dari yang disertakan"),
        ("{sha}  lain.skops\n", "tidak menyebut"),
        (None, "tidak dapat dibaca"),
    ],
)
def test_the_shipped_file_is_compared_with_its_pinned_sum(
    line: str | None, says: str, tmp_path: Path
) -> None:
    path, sums = tmp_path / "m.skops", tmp_path / "SHA256SUMS"
    path.write_bytes(b"angka")
    if line is not None:
        sums.write_text(line.format(sha=digest(path)), "utf-8")
    if not says:
        verify(path, sums)
        return
    with pytest.raises(VersionError, match=says):
        verify(path, sums)


def test_the_machine_can_be_switched_off(home: Path, settings: Any) -> None:
    settings.JUDGING = {**settings.JUDGING, "model": {"use": False}}
    assert current_model() is None


# --- the page


def as_(name: str, *roles: Role) -> Client:
    person = Person.objects.create_user(name, password="rahasia-123")
    give(person, *roles)
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.REVIEWER, 200),
        (Role.ADMINISTRATOR, 200),
        (Role.OFFICER, 403),
        (Role.AUTHOR, 403),
        (Role.APPROVER, 403),
    ],
)
def test_reviewers_and_the_administrator_read_the_page(role: Role, status: int, home: Path) -> None:
    assert as_("wati", role).get(reverse("model")).status_code == status
    assert Client().get(reverse("model")).status_code == 302


STEPS = (("model_back", []), ("model_use", [1]), ("model_held", [1]))


@pytest.mark.parametrize(("name", "args"), STEPS)
def test_only_the_administrator_takes_a_step_there(name: str, args: list[int], home: Path) -> None:
    for role in set(Role) - {Role.ADMINISTRATOR}:
        assert as_(role.value, role).post(reverse(name, args=args)).status_code == 403
    rina = as_("rina", Role.ADMINISTRATOR)
    assert rina.post(reverse(name, args=args)).status_code == 302  # with a sentence: there is nothing to do
    assert rina.get(reverse(name, args=args)).status_code == 405


def test_rina_rolls_back_on_the_page(home: Path, small: Model, now: Any) -> None:
    versions(small, now, 2)
    rina = as_("rina", Role.ADMINISTRATOR)
    assert "Kembali ke versi sebelumnya" in rina.get(reverse("model")).content.decode()
    said = rina.post(reverse("model_back"), follow=True).content.decode()
    assert "Versi 1 dipakai lagi." in said
    event = Event.objects.get(kind="model.rolled_back")
    assert (event.actor and event.actor.username, event.data["instead_of"]) == ("rina", 2)
    assert "Versi 2 dipakai." in rina.post(reverse("model_use", args=[2]), follow=True).content.decode()
    wati = as_("wati", Role.REVIEWER)
    assert "Kembali ke versi sebelumnya" not in wati.get(reverse("model")).content.decode()


def test_the_page_says_when_the_champion_is_broken(home: Path, small: Model, now: Any) -> None:
    versions(small, now, 2)
    (home / "0002.skops").write_bytes(b"rusak")
    said = as_("wati", Role.REVIEWER).get(reverse("model")).content.decode()
    assert "Versi 2 tidak dapat dibuka atau segelnya rusak" in said


def test_nobody_releases_their_own_held_reviews(home: Path, now: Any) -> None:
    rina, other = as_("rina", Role.ADMINISTRATOR, Role.REVIEWER), as_("siti", Role.ADMINISTRATOR)
    batch = Quarantine.objects.create(
        reviewer=Person.objects.get(username="rina"),
        since=now,
        until=now,
        reviews=40,
        sign="direction",
        why="Uji",
        found_at=now,
    )
    address = reverse("model_held", args=[batch.pk])
    assert "40 tinjauan rina ditahan" in rina.get(reverse("model")).content.decode()
    assert (
        "harus diputuskan orang lain"
        in rina.post(address, {"keputusan": "lepas"}, follow=True).content.decode()
    )
    assert (
        "Tidak akan dipelajari." in other.post(address, {"keputusan": "buang"}, follow=True).content.decode()
    )
    batch.refresh_from_db()
    assert (batch.state, batch.settled_by and batch.settled_by.username) == ("discarded", "siti")
    assert VersionState.CHAMPION not in states()
