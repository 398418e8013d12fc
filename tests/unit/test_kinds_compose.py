"""The composer: typed fields in two languages, one text by hand, the checklist, kecamatan and picture."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from publisher.kinds import kind_named, kinds
from publisher.models import Announcement, AnnouncementState, MediaItem, Variant

# The database only holds accounts here: once is enough.
pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def sari(people: dict[str, Any], accounts: dict[str, Any]) -> Client:
    client = Client()
    client.force_login(people["sari"], backend="django.contrib.auth.backends.ModelBackend")
    return client


def form(kind: str = "event", **changes: Any) -> dict[str, Any]:
    typed = {f"isi_{one.name}": one.example for one in kind_named(kind).fields}
    return {
        **typed,
        "kind_key": kind,
        "targets": ["x", "feed"],
        "kapan": "segera",
        "tindakan": "ajukan",
        **changes,
    }


def english(kind: str = "event") -> dict[str, str]:
    return {f"isi_en:{one.name}": one.example_en for one in kind_named(kind).fields if one.translated}


def address(kind: str = "event") -> str:
    return reverse("announcement_compose", args=[kind])


def a_picture(people: dict[str, Any], **changes: Any) -> MediaItem:
    given = {"sha256": f"{MediaItem.objects.count():064d}", "name": "pasar.jpg", "media_type": "image/jpeg"}
    return MediaItem.objects.create(
        **{
            **given,
            "alt": "Pedagang",
            "uploaded_by": people["sari"],
            "uploaded_at": timezone.now(),
            **changes,
        }
    )


def test_sari_chooses_among_all_kinds_dangers_first(sari: Client) -> None:
    page = sari.get(reverse("announcement_new")).content.decode()
    assert all(kind.name in page for kind in kinds().values())
    assert page.index("Darurat</b>") < page.index("Acara</b>")


@pytest.mark.parametrize("kind", list(kinds()))
def test_every_kind_has_its_form_and_goes_to_approval_with_its_examples(sari: Client, kind: str) -> None:
    page = sari.get(address(kind)).content.decode()
    for one in kind_named(kind).fields:
        assert f'for="isi_{one.name}"' in page
        assert (f'for="en_{one.name}"' in page) == one.translated
    sari.post(address(kind), form(kind, **english(kind)))
    made = Announcement.objects.get()
    assert made.state == AnnouncementState.SUBMITTED
    assert made.content_class == kind_named(kind).content_class
    assert made.ppid_class == kind_named(kind).ppid_class
    assert made.urgent == kind_named(kind).urgent
    assert Variant.objects.filter(announcement=made).count() == 2


def test_fields_have_the_input_of_their_type(sari: Client) -> None:
    page = sari.get(address()).content.decode()
    assert (
        'id="isi_day" name="isi_day" required aria-describedby="isi_day_help isi_day_problem" type="date"'
        in page
    )
    assert '<option value="32.75.09">Jatiasih</option>' in page
    page = sari.get(address("emergency")).content.decode()
    assert 'type="datetime-local"' in page
    assert "Call Center 1500444 atau 112, 24 jam, tanpa biaya</textarea>" in page


def test_a_mistake_in_english_opens_its_tab(sari: Client) -> None:
    answer = sari.post(address(), form(**{**english(), "isi_en:body": ""}))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="en" checked' in page
    assert 'id="en_body_problem"' in page
    assert Announcement.objects.get().state == AnnouncementState.DRAFT


def test_english_kecamatan_and_picture_are_kept(sari: Client, people: dict[str, Any]) -> None:
    picture = a_picture(people)
    more = {"kecamatan": ["32.75.09", "32.75.01", "99"], "gambar": str(picture.pk)}
    sari.post(address(), form(tindakan="simpan", **english(), **more))
    made = Announcement.objects.get()
    assert made.fields_en["headline"] == "Patriot Food Market"
    assert set(made.fields_en) == {one.name for one in kind_named("event").fields if one.translated}
    assert made.kecamatan == ["32.75.01", "32.75.09"]
    assert made.picture == picture
    page = sari.get(reverse("announcement", args=[made.pk])).content.decode()
    assert "2 kecamatan" in page
    assert f'value="{picture.pk}" selected' in page
    assert f'alt="Pedagang" src="/media/{picture.pk}/berkas"' in page
    sari.post(reverse("announcement", args=[made.pk]), form(tindakan="simpan", **english(), **more))
    made.refresh_from_db()
    assert made.version == 1


def test_only_pictures_that_may_be_used_today_are_offered(sari: Client, people: dict[str, Any]) -> None:
    a_picture(people, name="berlaku.jpg")
    a_picture(people, name="kedaluwarsa.jpg", expires_on=date(2020, 1, 1))
    a_picture(people, name="film.mp4", media_type="video/mp4")
    page = sari.get(address()).content.decode()
    assert "berlaku.jpg" in page
    assert "kedaluwarsa.jpg" not in page
    assert "film.mp4" not in page


def test_sari_begins_from_the_template_changes_one_accounts_text_and_gives_it_back(sari: Client) -> None:
    page = sari.post(address(), form(tindakan="sesuaikan:x")).content.decode()
    assert 'name="isi_teks:x"' in page
    assert "🎉 Pasar Kuliner Patriot" in page.partition('name="isi_teks:x"')[2]
    assert not Announcement.objects.exists()
    sari.post(address(), form(**{"isi_teks:x": "Sore ini, yuk!"}))
    made = Announcement.objects.get()
    assert made.overrides == {"x": "Sore ini, yuk!"}
    texts = dict(Variant.objects.filter(announcement=made).values_list("account__key", "text"))
    assert texts["x"] == f"Sore ini, yuk!\n\n[{made.reference}]"
    assert "Enam puluh pedagang" in texts["feed"]
    page = sari.post(address(), form(tindakan="ikuti:x", **{"isi_teks:x": "Sore ini, yuk!"})).content.decode()
    assert "Sore ini" not in page


def test_previews_and_checklist_come_together_and_turn_green(sari: Client) -> None:
    page = sari.post(reverse("preview"), form(**{"isi_teks:x": "Ayo datang!!"})).content.decode()
    assert "Ayo datang!!" in page
    assert 'id="checklist"' in page
    assert 'hx-swap-oob="true"' in page
    assert "sebaiknya diubah" in page
    page = sari.post(reverse("preview"), form(isi_link="", **english())).content.decode()
    assert page.count("baik</span>") == 9


def test_what_must_be_mended_first_stops_the_submission_and_keeps_the_draft(
    sari: Client, people: dict[str, Any]
) -> None:
    picture = a_picture(people, alt="")
    answer = sari.post(address(), form(isi_body="NIK 3275011203900001", gambar=str(picture.pk)))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "lihat daftar periksa" in page
    assert "16 angka" in page
    assert "belum mempunyai teks alternatif" in page
    assert Announcement.objects.get().state == AnnouncementState.DRAFT


def test_links_are_asked_only_when_somebody_asks(sari: Client) -> None:
    page = sari.post(reverse("preview"), form(isi_link="http://127.0.0.1/rahasia")).content.decode()
    assert "belum diperiksa" in page
    page = sari.post(
        reverse("preview"), form(isi_link="http://127.0.0.1/rahasia", tindakan="periksa")
    ).content.decode()
    assert "bukan alamat umum di internet" in page
    page = sari.post(
        address(), form(isi_link="http://127.0.0.1/rahasia", tindakan="periksa")
    ).content.decode()
    assert "bukan alamat umum di internet" in page
    assert not Announcement.objects.exists()


def test_what_is_typed_is_shown_as_text(sari: Client) -> None:
    nasty = "</textarea><script>alert(1)</script>"
    page = sari.post(
        address(), form(tindakan="periksa", isi_body=nasty, **{"isi_teks:x": nasty})
    ).content.decode()
    assert "<script>alert" not in page
