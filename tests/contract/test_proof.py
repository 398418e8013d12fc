"""From the draft with a picture to the proof that is read back, through the real engine and every channel."""

import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image

from channels.models import Account
from config.demo import TARGETS, announce, table
from config.town import Town
from publisher import media
from publisher.advance import advance
from publisher.approval import approve
from publisher.archive import differences, read_back, verify
from publisher.deliver import due_deliveries
from publisher.models import SETTLED, Delivery, Proof, ReadBack, Result
from publisher.newsroom import begin_correction, draft, edit, retract, submit
from publisher.results import due_results, read_results

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    """The town lives at the real time."""
    return timezone.now()


def go_on(at: datetime) -> datetime:
    """The engine's work on deliveries until all have settled; gives when that was."""
    for _step in range(60):
        for delivery, _account in due_deliveries(at):
            advance(delivery, at)
        if all(state in SETTLED for state in Delivery.objects.values_list("state", flat=True)):
            break
        at += timedelta(seconds=30)
    return at


def test_a_picture_goes_everywhere_and_every_appearance_is_proven_and_read_back(
    town: Town, accounts: Any, people: Any, now: datetime, settings: Any, tmp_path: Any
) -> None:
    settings.KENTONGAN_HOME = tmp_path
    out = io.BytesIO()
    Image.radial_gradient("L").resize((2400, 800)).convert("RGB").save(out, "JPEG")
    picture, _new = media.add(io.BytesIO(out.getvalue()), "tangki.jpg", people["sari"], now)
    media.describe(picture, people["sari"], now, alt="Tangki air di Jatiasih", rights="", expires_on=None)
    fields = {name: str(value).strip() for name, value in table()["announcement"].items()}
    targets = list(Account.objects.filter(key__in=TARGETS))
    made = draft(fields.pop("kind"), fields, people["sari"], now, targets, {"picture": picture})
    made = approve(submit(made, people["sari"], now), people["budi"], now, version=made.version)

    at = go_on(now)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"published"}
    proofs = Proof.objects.filter(what="published")
    assert set(proofs.values_list("delivery__account__key", flat=True)) == set(TARGETS)
    assert set(proofs.values_list("media_sha256", flat=True)) == {picture.sha256}

    read_back(at + timedelta(minutes=6))
    told = dict(Proof.objects.filter(what="read_back").values_list("delivery__account__key", "same"))
    assert told == dict.fromkeys(TARGETS, True)
    assert differences() == []
    read_back(at + timedelta(days=1, hours=1))
    assert not ReadBack.objects.exclude(next_at=None).exists()
    for delivery, _account in due_results(at + timedelta(minutes=20)):
        assert read_results(delivery, at + timedelta(minutes=20))
    assert not Result.objects.filter(read_at=None).exists()
    assert verify() is None


def test_what_was_corrected_and_then_withdrawn_is_read_back_as_that(
    town: Town, accounts: Any, people: Any, now: datetime
) -> None:
    sari, budi = people["sari"], people["budi"]
    made = announce(people, now, None)
    at = go_on(now)
    made.refresh_from_db()
    made = begin_correction(made, sari, at, "Jam layanannya keliru.")
    changed = {**made.fields, "body": "Kuota menjadi 200 pemohon."}
    made = submit(edit(made, changed, sari, at), sari, at)
    approve(made, budi, at, version=made.version)
    at = go_on(at)
    # X and Instagram cannot edit: there the first post stands as well, with a reply under it.
    read_back(at + timedelta(minutes=6))
    told = Proof.objects.filter(what="read_back").values_list(
        "delivery__account__key", "delivery__act", "same"
    )
    first = {("x", "publish", True), ("instagram", "publish", True)}
    assert set(told) == first | {(key, "correct", True) for key in TARGETS}
    assert differences() == []

    made.refresh_from_db()
    at += timedelta(minutes=10)
    retract(made, budi, at, "Layanannya batal.")
    at = go_on(at)
    read_back(at + timedelta(minutes=6))
    withdrawn = Proof.objects.filter(what="read_back", delivery__act="retract")
    assert dict(withdrawn.values_list("delivery__account__key", "same")) == dict.fromkeys(TARGETS, True)
    assert differences() == []
    assert not Result.objects.exclude(next_at=None).exists()
    assert verify() is None
