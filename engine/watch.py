"""The checks that the clock makes by itself, and the alarms that come of them.

Every minute: what the tables say of hearing. Every hour: disk, database, its clock, and what is new in the ledger.
Every day: whether what is heard has drifted from what the judge has learned; each account by real calls, and every
hour again while something is wrong with one, so that a repair is noticed. What is found stands as alarms
(monitor/alarms.py); the ledger is told when one starts and when it ends.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from channels.models import Account
from classifiers.drift import LOOK as MODEL
from classifiers.drift import look as look_at_model
from engine.account_checks import accounts
from engine.checks import (
    Finding,
    all_secrets,
    database,
    database_clock,
    disk,
    new_in_ledger,
    safely,
    without,
)
from ledger.chain import record
from ledger.life import beat, last_beat
from monitor.alarms import ACCOUNTS, HOUSE, Trouble, Weight, look, settle
from monitor.models import Alarm

_HOURLY, _DAILY = timedelta(hours=1), timedelta(days=1)
#: The clock says every ten seconds that it lives; a longer silence is told once it is over.
_SILENT_AFTER = timedelta(seconds=60)


def watch(now: datetime) -> bool:
    """Look at what costs nothing; gives whether the accounts are due, which takes real calls (look_at_accounts)."""
    look(now)
    if _due(HOUSE, _HOURLY, now):
        look_at_house(now)
    if _due(MODEL, _DAILY, now):
        look_at_model(now)
    troubled = Alarm.objects.filter(family="accounts", ended_at__isnull=True).exists()
    return _due(ACCOUNTS, _HOURLY if troubled else _DAILY, now)


def look_at_house(now: datetime) -> list[Finding]:
    """Disk, database, clock and ledger."""
    beat(HOUSE, now)
    found = [
        *safely("disk", disk),
        *safely("database", database),
        *safely("database_clock", database_clock),
        *safely("ledger", lambda: new_in_ledger(now)),
    ]
    settle("house", _troubles(found, Weight.HOUSE, {}), now)
    return found


def look_at_accounts(now: datetime) -> list[Finding]:
    """Every account by real calls: heard, spoken through, token, permissions, webhook."""
    beat(ACCOUNTS, now)  # at the start: a look that dies is not repeated at once
    found = safely("accounts", lambda: accounts(now))
    by_key = {account.key: account for account in Account.objects.all()}
    settle("accounts", _troubles(found, Weight.CHECK, by_key), now)
    return found


def note_silence(name: str, now: datetime) -> None:
    """Tell the ledger of a stretch in which this clock did not run, when it runs again."""
    last = last_beat(name)
    if last is not None and now - last > _SILENT_AFTER:
        record("alarm.started", f"engine:{name}", at=last, key="engine", sentence="Mesin berhenti.")
        record("alarm.ended", f"engine:{name}", at=now, key="engine")


def _troubles(found: list[Finding], weight: Weight, by_key: dict[str, Account]) -> Iterator[Trouble]:
    """The findings that are not well; an account that hearing has already called unusable is said once."""
    said = set(
        Alarm.objects.filter(family="hearing", ended_at__isnull=True, key__startswith="account:").values_list(
            "key", flat=True
        )
    )
    secrets = all_secrets()
    for one in found:
        key = ":".join(one.name.split(":")[:2])
        if one.ok is False and key not in said:
            clean = without(one, secrets)
            account = by_key.get(key.removeprefix("account:"))
            yield Trouble(f"check:{one.name}"[:150], weight, clean.sentence, clean.remedy, account)


def _due(name: str, every: timedelta, now: datetime) -> bool:
    last = last_beat(name)
    return last is None or now - last >= every
