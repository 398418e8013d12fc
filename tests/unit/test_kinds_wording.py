"""Templates changed in the desk: tried before use, kept as versions, taken back; a broken one is refused."""

from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from ledger.chain import timeline
from publisher.kinds import TemplateProblem, kind_named, kinds
from publisher.models import TemplateVersion
from publisher.render import render
from publisher.rules import Refused
from publisher.wording import ALL_NAMES, Broken, body_of, examine, history, keep, sample, use

# The database only holds accounts here: once is enough.
pytestmark = [pytest.mark.django_db, pytest.mark.once]

GOOD = "📢 {{ headline }}\n\n{{ body }}\n{% if english %}\n\n{{ english }}\n{% endif %}\n\n{{ reference }}\n"
FILE = "templates/announcements/service_notice/facebook.txt"


def shown(text: str = "facebook") -> str:
    return render("service_notice", sample(kind_named("service_notice"), "id"), text, "KTG-ABC123").text


@pytest.mark.parametrize("kind", list(kinds()))
def test_every_shipped_template_passes_the_same_trial(kind: str) -> None:
    for name in ALL_NAMES:
        assert examine(kind, name, body_of(kind, name)[0]) == [], name


@pytest.mark.parametrize(
    ("body", "line", "sentence"),
    [
        ("{{ headline }\n", 1, "tidak terbaca"),
        ("satu\n{% if headline %}dua\n", 2, "tidak terbaca"),
        ("satu\ndua\n{{ judul }}\n", 3, "nama 'judul' tidak dikenal"),
        ("satu\n{{ headline.__class__ }}", 2, "tidak boleh dipakai"),
        ("{{ ''.format(1) }}{{ headline }}", 1, "'format' tidak boleh dipakai"),
        ("{{ 'x' * 100000000 }}", 1, "tidak boleh dipakai"),
        ("{{ 2 ** 99999999 }}", 1, "tidak boleh dipakai"),
        ("{{ '%999999999d' % 1 }}", 1, "tidak boleh dipakai"),
        ("{{ range(10) }}", 1, "nama 'range' tidak dikenal"),
        ("{{ headline|center(999999999) }}", 1, "penyaring 'center' tidak ada"),
        ("{{ body|safe }}", 1, "penyaring 'safe' tidak ada"),
        ("\n{% macro lagi(t) %}{{ lagi(t) }}{% endmacro %}", 2, "tidak boleh dipakai"),
        ("{% include 'event/x.txt' %}", 1, "tidak boleh dipakai"),
        ("{% extends '../../../config/settings.py' %}", 1, "tidak boleh dipakai"),
        (
            "{% for a in body %}{% for b in body %}{% for c in body %}x{% endfor %}{% endfor %}{% endfor %}",
            1,
            "terlalu dalam",
        ),
        ("{{ headline }} {{ english }}", 0, "Rujukan tidak tampak di Facebook"),
        ("{{ headline }} {{ reference }}", 0, "Versi bahasa Inggris tidak tampak di Facebook"),
        ("  \n", 0, "kosong"),
        ("x" * 20_001, 0, "terlalu panjang"),
    ],
)
def test_a_template_that_cannot_be_used_is_told_with_its_line_and_what_to_do(
    body: str, line: int, sentence: str
) -> None:
    first = examine("service_notice", "facebook.txt", body)[0]
    assert (first.file, first.line) == (FILE, line)
    assert sentence in first.sentence
    assert first.advice.endswith(".")


def test_a_website_must_show_every_required_field() -> None:
    body = body_of("emergency", "website.html")[0].replace("{{ evacuation|paragraphs }}", "")
    assert "mengungsi” tidak tampak" in examine("emergency", "website.html", body)[0].sentence


def test_a_fixed_text_longer_than_x_takes_is_refused() -> None:
    body = "Kami sampaikan dengan hormat. " * 12 + "{{ headline }} {{ reference }}"
    assert "tidak tampak utuh di X" in examine("service_notice", "x.txt", body)[0].sentence


def test_rina_changes_a_template_and_it_is_used_at_once(people: dict[str, Any], now: datetime) -> None:
    made = keep(
        "service_notice", "facebook.txt", GOOD.replace("\n", "\r\n"), people["rina"], now, "Lebih hangat"
    )
    assert (made.number, made.in_use, made.body) == (1, True, GOOD)
    assert shown().startswith("📢 Layanan KTP")
    assert shown("x").startswith("Layanan KTP")
    assert body_of("service_notice", "facebook.txt") == (GOOD, 1)
    assert timeline("template:service_notice/facebook.txt")[-1].data == {"number": 1, "note": "Lebih hangat"}


def test_back_to_an_older_version_and_to_the_shipped_file(people: dict[str, Any], now: datetime) -> None:
    rina, name = people["rina"], ("service_notice", "facebook.txt")
    keep(*name, GOOD, rina, now)
    keep(*name, GOOD.replace("📢", "🔔"), rina, now)
    assert [row.number for row in history(*name)] == [2, 1]
    use(*name, 1, rina, now)
    assert shown().startswith("📢")
    use(*name, 0, rina, now)
    assert shown().startswith("Layanan")
    assert not TemplateVersion.objects.filter(in_use=True).exists()
    assert keep(*name, GOOD, rina, now).number == 3
    with pytest.raises(Refused, match="tidak ada"):
        use(*name, 9, rina, now)
    assert shown().startswith("📢")


def test_a_broken_one_changes_nothing_and_an_old_one_that_no_longer_fits_is_refused(
    people: dict[str, Any], now: datetime
) -> None:
    with pytest.raises(Broken) as broken:
        keep("service_notice", "facebook.txt", "{{ judul }}", people["rina"], now)
    assert str(broken.value.faults[0]).startswith(f"{FILE} baris 1: ")
    assert not TemplateVersion.objects.exists()
    TemplateVersion.objects.create(
        kind="service_notice", name="facebook.txt", body="{{ lama }}", number=1, author=people["rina"], at=now
    )
    with pytest.raises(Broken):
        use("service_notice", "facebook.txt", 1, people["rina"], now)


def test_only_administrators_change_templates(people: dict[str, Any], now: datetime) -> None:
    with pytest.raises(Refused, match="tugas"):
        keep("service_notice", "facebook.txt", GOOD, people["sari"], now)
    with pytest.raises(Refused, match="tugas"):
        use("service_notice", "facebook.txt", 0, people["budi"], now)


def test_a_name_that_there_is_not_is_a_sentence() -> None:
    with pytest.raises(TemplateProblem, match=r"bernama \.\./settings\.py"):
        body_of("service_notice", "../settings.py")


# --- The pages --------------------------------------------------------------------------------------


def as_(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


ADDRESS = "/templat/service_notice/facebook.txt/"


def test_rina_sees_every_template_and_what_it_gives(people: dict[str, Any]) -> None:
    page = as_(people["rina"]).get(reverse("templates")).content.decode()
    assert page.count('class="filter" href="/templat/') == len(kinds()) * len(ALL_NAMES)
    page = as_(people["rina"]).get(reverse("template", args=["event", "en/website.html"])).content.decode()
    assert "Patriot Food Market" in page
    assert "berkas bawaan" in page


def test_rina_tries_keeps_and_takes_back_on_the_page(people: dict[str, Any]) -> None:
    rina = as_(people["rina"])
    page = rina.post(ADDRESS, {"body": GOOD, "tindakan": "uji"}).content.decode()
    assert "Lolos uji" in page
    assert not TemplateVersion.objects.exists()
    page = rina.post(ADDRESS, {"body": GOOD, "tindakan": "simpan"}, follow=True).content.decode()
    assert "Versi 1 disimpan dan dipakai." in page
    page = rina.post(ADDRESS, {"tindakan": "pakai:0"}, follow=True).content.decode()
    assert "dipakai: berkas bawaan" in page


def test_a_broken_template_stays_in_the_form_with_line_and_advice(people: dict[str, Any]) -> None:
    answer = as_(people["rina"]).post(ADDRESS, {"body": "satu\n{{ judul }}", "tindakan": "simpan"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f"<code>{FILE}:2</code>" in page
    assert "{{ judul }}</textarea>" in page
    assert "Yang dapat dipakai: headline" in page


@pytest.mark.parametrize("name", ["sari", "budi", "wati", "tono", "eka"])
def test_nobody_else_opens_the_templates(people: dict[str, Any], name: str) -> None:
    assert as_(people[name]).get(reverse("templates")).status_code == 403
    assert as_(people[name]).post(ADDRESS, {"body": GOOD, "tindakan": "simpan"}).status_code == 403


def test_a_template_that_there_is_not_is_not_found(people: dict[str, Any]) -> None:
    rina = as_(people["rina"])
    assert rina.get("/templat/service_notice/kind.toml/").status_code == 404
    assert rina.get("/templat/tidak_ada/x.txt/").status_code == 404
