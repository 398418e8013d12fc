"""The town, the city's accounts in it, and the people of the house."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from config.ports import free_port
from config.town import Town

#: Tests of what only PostgreSQL can do are collected where there is one, instead of being skipped elsewhere.
collect_ignore = (
    []
    if os.environ.get("DATABASE_URL", "").startswith("postgres")
    else ["trials/test_workers.py", "trials/test_gathering.py"]
)


def pytest_configure(config: pytest.Config) -> None:
    """Passwords of invented people need no slow hash."""
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # How long one example takes says how busy the machine is: speed is a matter of `make bench`.
    hypothesis.settings.register_profile("house", deadline=None)
    hypothesis.settings.load_profile("house")


@pytest.fixture(autouse=True)
def _city_speaks_indonesian() -> Iterator[None]:
    """A page in English leaves its language to the thread, and so to whatever test comes next."""
    from django.utils import translation

    translation.deactivate()
    yield
    translation.deactivate()


NOW_TEXT = "2026-11-24T03:00:00+00:00"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that asks for no database runs on SQLite's turn only; trials open the run's database themselves.

    Files with long tests come first, so that at the end no worker waits for another.
    """
    long = (
        "trials",
        "journeys",
        "test_commands.py",
        "test_desk_pages.py",
        "test_kinds_wording.py",
        "test_render.py",
    )
    items.sort(key=lambda item: not set(item.path.parts) & set(long))
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        if names & {"db", "transactional_db", "django_db_setup"} or item.get_closest_marker("django_db"):
            continue
        if "trials" not in item.path.parts:
            item.add_marker("once")


@pytest.fixture(scope="session")
def town_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One town for the whole run, without caps."""
    folder = tmp_path_factory.mktemp("town")
    town = Town(free_port("127.0.0.1", 0), ["--no-caps"], folder / "town.log")
    town.wait_ready()
    yield town
    town.close()


@pytest.fixture
def town(town_process: Town, settings: Any) -> Town:
    """The town as new, and every channel pointed at it."""
    town_process.post("/control/reset", {})
    settings.STAND_IN = town_process.base
    return town_process


@pytest.fixture
def accounts(db: None) -> dict[str, Any]:
    """The city's accounts, as the town knows them, by key."""
    from channels.models import Account
    from config.demo import make_accounts

    make_accounts(60, "http://127.0.0.1")
    return {account.key: account for account in Account.objects.all()}


@pytest.fixture
def people(db: None) -> dict[str, Any]:
    """Sari writes, Budi approves, Wati reviews, Tono answers, Rina administers, Eka may see nothing."""
    from config.demo import make_people

    return make_people("kata-sandi-uji")


@pytest.fixture
def now() -> Any:
    from datetime import datetime

    return datetime.fromisoformat(NOW_TEXT)


@pytest.fixture
def payloads() -> Path:
    return Path(__file__).parent / "payloads"
