"""From accounts.toml to the database: makes what is missing, and never overwrites what the desk changed."""

import os
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from channels.contract import ChannelError
from channels.models import Account, Kind
from channels.vault import unlock
from monitor.models import Source, SourceKind


@dataclass(frozen=True, slots=True)
class Seeded:
    """What seeding did."""

    accounts: list[Account]
    renewed: list[Account]  #: those whose stored secrets were replaced by others


@transaction.atomic
def seed_accounts(table: dict[str, Any]) -> Seeded:
    """Make the accounts and sources of ``table`` that do not exist yet, and keep secrets found in the

    environment, encrypted. Raises ImproperlyConfigured naming the account that is wrong.
    """
    seeded = Seeded([], [])
    for key, row in table.items():
        _account(key, row, seeded)
    return seeded


def _account(key: str, row: Any, seeded: Seeded) -> None:
    if not isinstance(row, dict) or row.get("channel") not in Kind.values:
        raise ImproperlyConfigured(
            f"accounts.toml: [{key}] memerlukan channel, salah satu dari: {', '.join(Kind.values)}."
        )
    for name in ("settings", "secrets"):
        if not isinstance(row.get(name, {}), dict):
            raise ImproperlyConfigured(f'accounts.toml: [{key}] {name} harus berbentuk {{ nama = "nilai" }}.')
    if not isinstance(row.get("sources", []), list):
        raise ImproperlyConfigured(f"accounts.toml: [{key}] sources harus berupa daftar.")
    account, _ = Account.objects.get_or_create(
        key=key,
        defaults={
            "channel": row["channel"],
            "name": row.get("name", key),
            "settings": row.get("settings", {}),
            "secret_names": row.get("secrets", {}),
            "enabled": row.get("enabled", True),
        },
    )
    found = {name: os.environ.get(variable, "") for name, variable in account.secret_names.items()}
    if any(found.values()):
        if _replaces(account, found):
            seeded.renewed.append(account)
        account.keep_secrets(found)
        account.save()
    for source in row.get("sources", []):
        _source(account, source)
    seeded.accounts.append(account)


def _replaces(account: Account, found: dict[str, str]) -> bool:
    """Whether a secret in ``found`` differs from one that is stored already, or cannot be compared with it."""
    try:
        stored = unlock(bytes(account.sealed_secrets))
    except ChannelError:
        return True
    return any(value and stored.get(name) not in (None, value) for name, value in found.items())


def _source(account: Account, row: Any) -> None:
    if not isinstance(row, dict) or row.get("kind") not in SourceKind.values:
        raise ImproperlyConfigured(
            f"accounts.toml: sumber pada [{account.key}] memerlukan kind, salah satu dari: "
            f"{', '.join(SourceKind.values)}."
        )
    Source.objects.get_or_create(
        account=account,
        kind=row["kind"],
        query=row.get("query", ""),
        via=row.get("via", "api"),
        defaults={"interval": row.get("interval", 300), "enabled": row.get("enabled", True)},
    )
