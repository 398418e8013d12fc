"""English for every Indonesian text on the screen, and each reader's own language."""

import re
from pathlib import Path
from typing import Any

import pytest
from babel.messages import Catalog
from babel.messages.catalog import Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse

ROOT = Path(django_settings.BASE_DIR)

#: Babel's own words for a text, and the lazy ones that it does not know by itself.
_KEYWORDS = {**DEFAULT_KEYWORDS, "gettext_lazy": None, "ngettext_lazy": (1, 2)}
#: What must stand in a translation as it stands in the text: values, and the marks around them.
_FIXED = re.compile(r"%\(\w+\)[a-z]|%[a-z%]|\{\w*\}|</?\w+>|https?://")


def english() -> Catalog:
    with (ROOT / "locale/en/LC_MESSAGES/django.po").open("rb") as file:
        return read_po(file, locale="en", domain="django")


def forms(text: str | list[str] | tuple[str, ...] | None) -> list[str]:
    """Singular and plural of a text, or the one text that it is."""
    return [text or ""] if text is None or isinstance(text, str) else list(text)


def translated() -> list[Message]:
    """Every message of the catalogue except its header."""
    return [message for message in english() if message.id]


def test_the_catalogue_has_every_text_of_the_code() -> None:
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file, "babel.cfg")
    found = {text for _, _, text, _, _ in extract_from_dir(ROOT, methods, options, _KEYWORDS)}
    known = {tuple(forms(message.id)) for message in translated()}
    assert len(found) > 300
    assert [text for text in found if tuple(forms(text)) not in known] == []


def test_every_text_is_translated() -> None:
    catalogue = english()
    assert not catalogue.fuzzy, "without its header the catalogue is passed over when it is compiled"
    assert [message.id for message in translated() if message.fuzzy] == []
    empty = [m.id for m in translated() if not all(text.strip() for text in forms(m.string))]
    assert empty == []
    plural = [message for message in translated() if message.pluralizable]
    assert plural
    assert all(len(forms(message.string)) == catalogue.num_plurals for message in plural)


def test_values_and_marks_agree() -> None:
    differing = [
        (message.id, text)
        for message in translated()
        for text in forms(message.string)
        if sorted(_FIXED.findall(text)) != sorted(_FIXED.findall(forms(message.id)[0]))
    ]
    assert differing == []


def test_translations_are_safe_where_they_stand() -> None:
    """Pages put translations into attributes unescaped, so no straight quote or other mark may come in."""
    texts = [text for message in translated() for text in forms(message.string)]
    assert [text for text in texts if re.search(r'["&<>]', _FIXED.sub("", text))] == []


@pytest.fixture
def compiled(settings: Any, tmp_path: Path) -> None:
    """The catalogue as it stands in the source, whatever was compiled before."""
    folder = tmp_path / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "django.mo").open("wb") as file:
        write_mo(file, english())
    settings.LOCALE_PATHS = [tmp_path]


@pytest.mark.django_db
@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("asked", ["en", "en-GB,en;q=0.9", "en;q=0.9,id;q=0.5"])
def test_sign_in_is_english_for_who_asks_for_it(asked: str) -> None:
    page = Client().get(reverse("sign_in"), headers={"accept-language": asked}).content.decode()
    assert '<html lang="en"' in page
    assert "<h1>Sign in</h1>" in page
    assert "for staff." in page
    assert "User name" in page
    assert "Password" in page
    assert "Masuk" not in page
    assert "Sandi" not in page


@pytest.mark.django_db
@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("asked", [None, "id", "id-ID,id;q=0.9,en;q=0.5", "nl"])
def test_sign_in_is_indonesian_otherwise(asked: str | None) -> None:
    headers = {"accept-language": asked} if asked else {}
    page = Client().get(reverse("sign_in"), headers=headers).content.decode()
    assert '<html lang="id"' in page
    assert "<h1>Masuk</h1>" in page
    assert "Nama pengguna" in page
    assert "Sandi" in page
    assert "Sign in" not in page


@pytest.mark.django_db
@pytest.mark.usefixtures("compiled")
def test_a_refused_sign_in_answers_in_english() -> None:
    sent = {"username": "", "password": ""}
    answer = Client().post(reverse("sign_in"), sent, headers={"accept-language": "en"})
    assert "Enter your user name." in answer.content.decode()
