"""The demo city: its accounts, its people, and what its citizens say."""

import json
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from django.conf import settings

from cases.routing import seed
from channels.models import Account
from city.models import Unit
from config import load
from ledger.models import Person
from ledger.roles import Role, ensure_roles, give
from monitor.models import Source
from publisher.approval import approve
from publisher.models import Announcement
from publisher.newsroom import draft, submit

#: Accounts that the demo's announcement goes to, in the order in which it is reported.
TARGETS = ("x", "facebook", "instagram", "web_diskominfostandi", "web_pemkot")


def table() -> dict[str, Any]:
    """The shipped demo.toml."""
    return load.read("demo", settings.KENTONGAN_HOME)


def write_identity(path: Path) -> None:
    """The identity file that the town is started with."""
    path.write_text(json.dumps(table()["identity"]), "utf-8")


def shipped_world() -> str:
    """What was said before the demo began, as JSON Lines."""
    return files("config.data").joinpath("demo_world.jsonl").read_text("utf-8")


def lively_rows() -> list[dict[str, Any]]:
    """What citizens say while the demo runs."""
    lines = files("config.data").joinpath("demo_lively.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def make_units(now: datetime) -> None:
    """The shipped units and routes, with the demo's invented names; their addresses only where mail is set.

    Without mail a unit has its desk alone, so that no hand-off waits for a server that is not there.
    """
    seed(now)
    for key, values in table()["unit"].items():
        kept = {
            name: value
            for name, value in values.items()
            if settings.EMAIL_HOST or not name.endswith("_email")
        }
        Unit.objects.filter(key=key).update(**kept)


def answers_at_once(desk: str) -> None:
    """Replies go out at every hour and link to status pages at ``desk``: whoever tries it does not wait."""
    settings.PUBLIC_URL = desk
    never = {"start": "00:00", "end": "00:00"}
    settings.ANSWERING = load.overlay(settings.ANSWERING, {"replies": {"quiet": never}})


def answers_nothing() -> None:
    """The machine says nothing by itself: what `demo --check` counts is the announcement."""
    rules = settings.ANSWERING["replies"]["rules"]
    silent = {purpose: {"automatic": False} for purpose in rules}
    settings.ANSWERING = load.overlay(settings.ANSWERING, {"replies": {"rules": silent}})


def make_people(password: str) -> dict[str, Person]:
    """Sari, Budi, Wati, Tono, Lilis, Agus, Rina and Eka with their roles and (where there are any) units."""
    ensure_roles()
    people = {}
    for row in table()["person"]:
        person = Person(username=row["username"], first_name=row["name"], office=row["office"])
        person.set_password(password)
        person.is_staff = person.is_superuser = Role.ADMINISTRATOR in row["roles"]
        person.save()
        give(person, *(Role(role) for role in row["roles"]))
        person.units.set(Unit.objects.filter(key__in=row.get("units", [])))
        people[person.username] = person
    return people


def make_accounts(interval: int, desk: str) -> None:
    """The city's accounts in the town, every source watched each ``interval`` seconds."""
    who = table()["identity"]
    x, facebook, instagram = who["x"], {**who["meta"], **who["facebook"]}, who["instagram"]
    _account("x", "x", f"X @{x['username']}", {"user_id": x["user_id"], "username": x["username"]}, x)
    _account(
        "facebook", "facebook", "Facebook " + facebook["name"], {"page_id": facebook["page_id"]}, facebook
    )
    settings_of = {name: instagram[name] for name in ("user_id", "username")}
    settings_of["web_consent"] = table()["web_consent"]
    _account("instagram", "instagram", f"Instagram @{instagram['username']}", settings_of, instagram)
    for site in who["websites"]:
        address = {"base_url": f"https://{site['host']}", "username": site["username"]}
        _account(site["key"], "website", site["name"], address, site)
        _sources(site["key"], interval, ["comment"])
    _account("feed", "feed", "Umpan pengumuman", {"base_url": f"{desk}/umpan/feed"}, {})
    _sources("x", interval, ["mention"], keyword=x["keyword_queries"], hashtag=x["hashtag_queries"])
    _sources("facebook", interval, ["mention", "comment", "tagged"])
    _sources("instagram", interval, ["comment", "tagged", "mention"], hashtag=instagram["hashtags"])
    # The demo also hears through instaloader; a real installation has this source off (accounts.toml says why).
    Source.objects.create(
        account=Account.objects.get(key="instagram"), kind="tagged", via="web", interval=interval
    )


def announce(people: dict[str, Person], now: datetime, publish_at: datetime | None) -> Announcement:
    """The demo's announcement: Sari writes and submits, Budi approves; it goes to the five targets."""
    fields = {name: str(value).strip() for name, value in table()["announcement"].items()}
    kind = fields.pop("kind")
    targets = list(Account.objects.filter(key__in=TARGETS))
    made = submit(draft(kind, fields, people["sari"], now, targets), people["sari"], now, publish_at)
    return approve(made, people["budi"], now, version=made.version)


_SECRETS = (
    "bearer_token",
    "consumer_key",
    "consumer_secret",
    "access_token",
    "access_token_secret",
    "application_password",
    "app_secret",
    "verify_token",
)


def _account(key: str, channel: str, name: str, plain: dict[str, str], row: dict[str, Any]) -> None:
    account = Account(key=key, channel=channel, name=name, settings=plain)
    account.keep_secrets({name: row[name] for name in _SECRETS if name in row})
    account.save()


def _sources(key: str, interval: int, kinds: list[str], **queries: list[str]) -> None:
    account = Account.objects.get(key=key)
    pairs = [(kind, "") for kind in kinds]
    pairs += [(kind, query) for kind, asked in queries.items() for query in asked]
    for kind, query in pairs:
        Source.objects.create(account=account, kind=kind, query=query, interval=interval)
